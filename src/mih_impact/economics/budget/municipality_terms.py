"""What the view of one municipality assumes beside the account: each with source, status, range."""

from __future__ import annotations

from mih_impact import arguments
from mih_impact.display.labels import Label
from mih_impact.economics.apprenticeship import PAY_TERMS, Apprenticeship
from mih_impact.economics.assumption import Assumption
from mih_impact.economics.programme import Programme
from mih_impact.errors import AssumptionError

__all__ = ["municipal_apprentices", "municipal_terms"]


def municipal_apprentices(programme: Programme) -> Apprenticeship | None:
    """Return the apprenticeship of a programme where the municipality pays the apprentices."""
    own = programme.apprenticeship
    return own if own is not None and own.employer == "municipality" else None


def municipal_terms(
    own: Apprenticeship | None,
    *,
    paid_in_kind: float,
    kept_tax: float,
    apprentice_months: float | None,
    apprentice_share: float | None,
    skilled_wage: float | None,
) -> dict[str, Assumption]:
    """Return what the view assumes, by name; a value of the analyst's own is marked as hers.

    Parameters
    ----------
    own
        The apprenticeship, in the prices of the account; None where the municipality pays no
        apprentices.
    paid_in_kind, kept_tax, apprentice_months, apprentice_share, skilled_wage
        As for `municipality_view`.

    Raises
    ------
    AssumptionError
        A value that cannot be meant, or a term of apprentices that there are none of.
    """
    pay = dict(zip(PAY_TERMS, (apprentice_months, apprentice_share, skilled_wage), strict=True))
    asked = [name for name, value in pay.items() if value is not None]
    if own is None and asked:
        raise AssumptionError(
            "The programme has no apprentices whom the municipality pays",
            found=", ".join(f"{name}={arguments.shown(pay[name])}" for name in asked),
            do="declare them with Programme(apprenticeship=mih.Apprenticeship(...,"
            " employer='municipality')), or leave these out",
        )
    base = (_paid_in_kind(), _kept_tax(), *(() if own is None else own.terms))
    given = {"paid_in_kind": paid_in_kind, "kept_tax": kept_tax} | pay
    return {
        item.name: item
        if item.name in PAY_TERMS and given[item.name] is None
        else item.changed(arguments.number(item.name, given[item.name], error=AssumptionError))
        for item in base
    }


def _paid_in_kind() -> Assumption:
    return Assumption(
        "paid_in_kind", 0.0, "share", "ASSUMED",
        "ours: what is given in kind is there anyway", 0.0, 1.0,
        Label(nb="andel av det kommunen gir uten å betale for det, som betales med nye penger",
              en="share of what the municipality gives in kind that is paid with new money"),
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
