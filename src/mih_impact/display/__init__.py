"""How things are shown: numbers and labels in two languages, options, cards, tables, figures.

This floor knows no economics. Figures begin with ``mih_impact.display.figure``.
"""

from mih_impact.display.locale import (
    NOT_AVAILABLE,
    Formatter,
    Label,
    Lang,
    Options,
    count,
    currency,
    current,
    hidden,
    interval,
    kroner,
    language,
    millions,
    number,
    options,
    percent,
    thousands,
    year_range,
)
from mih_impact.display.result import Card, Provenance, Result
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
