"""What the view of one municipality assumes beside the account: each with source, status, range."""

from __future__ import annotations

from mih_impact import arguments
from mih_impact.display.labels import Label
from mih_impact.economics.assumption import Assumption
from mih_impact.economics.cost_item import CostItem
from mih_impact.economics.programme import Programme
from mih_impact.errors import AssumptionError
from mih_impact.reference.prices import PriceIndex
from mih_impact.reference.rows import Row, find, rows

__all__ = ["grant_item", "municipal_terms"]

_BLOCKS = "cost_building_blocks"
_OURS = "ours"

#: What the reference rows give where the analyst gives none.
_FROM_ROWS = ("apprentice_months", "skilled_wage")


def municipal_terms(
    price_year: int,
    *,
    paid_supervision: float,
    kept_tax: float,
    apprentice_share: float,
    apprentice_months: float | None,
    skilled_wage: float | None,
) -> dict[str, Assumption]:
    """Return what the view assumes, by name; a value of the analyst's own is marked as hers.

    Parameters
    ----------
    price_year
        The year whose prices the account is in.
    paid_supervision, kept_tax, apprentice_share, apprentice_months, skilled_wage
        As for `municipality_view`.
    """
    given = {
        "paid_supervision": paid_supervision,
        "kept_tax": kept_tax,
        "apprentice_share": apprentice_share,
        "apprentice_months": apprentice_months,
        "skilled_wage": skilled_wage,
    }
    base = (
        _paid_supervision(), _kept_tax(), _apprentice_share(), _months(), _skilled_wage(price_year)
    )  # fmt: skip
    terms = {}
    for item in base:
        value = given[item.name]
        from_row = value is None and item.name in _FROM_ROWS
        terms[item.name] = item if from_row else item.changed(_number(item.name, value))
    return terms


def grant_item(programme: Programme, name: str | None) -> CostItem:
    """Return the apprentice grant: the programme's transfer to a municipality.

    Raises
    ------
    AssumptionError
        There is none, or several and none is named.
    """
    grants = {item.name: item for item in programme.items if item.receiver == "municipality"}
    if name is not None:
        arguments.choice("municipality_view", "grant", name, tuple(grants), error=AssumptionError)
        return grants[name]
    if len(grants) != 1:
        raise AssumptionError(
            f"The programme {programme.name!r} does not say what the apprentice grant is",
            found=f"transfers to the municipality: {', '.join(grants) or 'none'}",
            do="name it, grant='...'"
            if grants
            else "give an account whose programme has a cost item with receiver='municipality'",
        )
    return next(iter(grants.values()))


def _number(name: str, value: object) -> float:
    return arguments.number(name, value, error=AssumptionError)


def _paid_supervision() -> Assumption:
    return Assumption(
        "paid_supervision", 0.0, "share", "ASSUMED",
        "ours: supervision is given by staff who are paid anyway", 0.0, 1.0,
        Label(nb="andel av veiledningen som betales med nye penger",
              en="share of supervision paid with new money"),
        range_source="all that it can be",
    )  # fmt: skip


def _kept_tax() -> Assumption:
    return Assumption(
        "kept_tax", 0.4, "share", "remembered",
        "about 60 per cent of a municipality's extra tax is equalised away", 0.2, 1.0,
        Label(nb="andel av økt skatt som kommunen beholder etter utjevning",
              en="share of extra tax that the municipality keeps after equalisation"),
        "triangular", range_source="ours: from half of it to no equalisation",
    )  # fmt: skip


def _apprentice_share() -> Assumption:
    return Assumption(
        "apprentice_share", 0.5, "share", "ASSUMED",
        f"{_wage_row().source}: apprentices average half of the skilled wage over the ordinary two"
        " years; that a shorter apprenticeship averages the same is ours",
        0.4, 0.6,
        Label(nb="lærlinglønn, andel av fagarbeiderens lønn",
              en="apprentice pay, share of the skilled wage"),
        "triangular", range_source=_OURS,
    )  # fmt: skip


def _months() -> Assumption:
    row = find(rows(_BLOCKS), "apprenticeship length")
    low, high = (float(end) for end in str(row.value).split("-"))
    return Assumption(
        "apprentice_months", (low + high) / 2, row.unit, "derived",
        f"{row.source}: the middle of {row.value} months", low, high,
        Label(nb="læretidens lengde", en="length of the apprenticeship"), "triangular",
        range_source="the row of the reference table",
    )  # fmt: skip


def _skilled_wage(price_year: int) -> Assumption:
    row = _wage_row()
    assert row.year is not None
    factor = PriceIndex.kpi().factor(row.year, price_year) if price_year != row.year else 1.0
    same = row.year == price_year
    moved = f"{row.source}, by the consumer price index {row.year}-{price_year}"
    return Assumption(
        "skilled_wage", factor * row.number, row.unit, row.status if same else "derived",
        row.source if same else moved,
        None, None,
        Label(nb="fagarbeiderens begynnerlønn i kommunen", en="skilled start wage, municipal"),
    )  # fmt: skip


def _wage_row() -> Row:
    """Return the row of the skilled start wage, whose name goes on to say of which trade."""
    (row,) = (row for row in rows(_BLOCKS) if row.name.startswith("skilled start wage, municipal"))
    return row
