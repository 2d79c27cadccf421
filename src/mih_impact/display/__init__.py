"""How things are shown: numbers and labels in two languages, options, cards, tables, figures.

This floor knows no economics. Figures begin with ``mih_impact.display.figure``.
"""

from mih_impact.display.locale import Label, Lang, Options, current, language, options
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
