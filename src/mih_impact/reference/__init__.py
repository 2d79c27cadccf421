"""Official series and rules as dated rows; code lists; prices; discounting."""

from mih_impact.reference import codes
from mih_impact.reference.budget_lines import BudgetLine, budget_line, budget_lines
from mih_impact.reference.discount import Discount, Ladder, Timing
from mih_impact.reference.prices import PriceIndex, grunnbelop
from mih_impact.reference.rows import TABLES, Row, Status, find, rows, table, unsure

__all__ = [
    "TABLES",
    "BudgetLine",
    "Discount",
    "Ladder",
    "PriceIndex",
    "Row",
    "Status",
    "Timing",
    "budget_line",
    "budget_lines",
    "codes",
    "find",
    "grunnbelop",
    "rows",
    "table",
    "unsure",
]
