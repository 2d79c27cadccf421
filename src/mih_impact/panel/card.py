"""The card of a panel: where its rows stand, and what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import number, year_range
from mih_impact.display.unit import as_unit, is_money

if TYPE_CHECKING:
    from mih_impact.panel.panel import Panel

__all__ = ["panel_card"]

_CARD = {
    "title": Label(nb="Registerpanel", en="Register panel"),
    "engine": Label(nb="Motor", en="Engine"),
    "size": Label(nb="Rader og år", en="Rows and years"),
    "period": Label(nb="En rad er", en="A row is"),
    "year": Label(nb="et år", en="a year"),
    "month": Label(nb="en måned", en="a month"),
    "unread": Label(nb="ikke lest ennå", en="not read yet"),
    "columns": Label(nb="Kolonner", en="Columns"),
    "outcomes": Label(nb="Utfall", en="Outcomes"),
    "money": Label(nb="Beløp", en="Money"),
    "nominal": Label(
        nb="løpende {currency}, gjøres om til {year}-priser",
        en="current {currency}, converted to {year} prices",
    ),
    "fixed": Label(nb="faste {year}-priser, {currency}", en="fixed {year} prices, {currency}"),
}


def panel_card(
    panel: Panel, engine: str, money: str, size: tuple[int, int, int] | None, lang: Lang
) -> Card:
    """Return the card; size is rows, first and last year, None where nothing has been read yet."""
    read = _CARD["unread"].text(lang)
    if size is not None:
        read = f"{number(size[0], lang=lang)}, {year_range(size[1], size[2])}"
    kroner = _CARD[money].format(currency=panel.currency, year=panel.price_year)
    lines = (
        ("engine", engine),
        ("size", read),
        ("period", _CARD[panel.period].text(lang)),
        ("columns", ", ".join(panel.columns)),
        ("outcomes", ", ".join(_outcomes(panel, lang))),
        ("money", kroner.text(lang)),
    )
    return Card(
        _CARD["title"].text(lang), tuple((_CARD[name].text(lang), text) for name, text in lines)
    )


def _outcomes(panel: Panel, lang: Lang) -> list[str]:
    """Return the outcomes, those that are no money with their units."""
    units = {name: as_unit(panel.units[name]) for name in panel.outcomes}
    return [
        name if is_money(unit) else f"{name} ({unit.displayed.text(lang)})"
        for name, unit in units.items()
    ]
