"""How things are shown: numbers and labels in two languages, options, cards, tables, figures.

This floor knows no economics. Figure helpers live in ``mih_impact.display.style``.
"""

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import (
    NOT_AVAILABLE,
    Formatter,
    count,
    currency,
    hidden,
    interval,
    kroner,
    millions,
    number,
    percent,
    thousands,
    year_range,
)
from mih_impact.display.options import Options, current, language, options
from mih_impact.display.provenance import Provenance
from mih_impact.display.result import Result
from mih_impact.display.tables import html_page, html_table

__all__ = [
    "NOT_AVAILABLE",
    "Card",
    "Formatter",
    "Label",
    "Lang",
    "Options",
    "Provenance",
    "Result",
    "count",
    "currency",
    "current",
    "hidden",
    "html_page",
    "html_table",
    "interval",
    "kroner",
    "language",
    "millions",
    "number",
    "options",
    "percent",
    "thousands",
    "year_range",
]
