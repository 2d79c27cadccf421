"""The decisions of the documents, and what a place costs between two of them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from mih_impact import arguments
from mih_impact.economics.budget.decision import Decision
from mih_impact.economics.budget.per_place import BASES, PerPlace
from mih_impact.economics.budget.per_place import per_place as reckon
from mih_impact.economics.case import CostBenefit
from mih_impact.errors import AssumptionError
from mih_impact.study.decision_file import read_decisions

__all__ = ["decisions", "per_place"]

_FILE = files("mih_impact.nav") / "decisions.toml"


def decisions(*, years: Sequence[int] | None = None) -> dict[str, Decision]:
    """Return the three decisions that KS put before the government in 2024.

    Parameters
    ----------
    years
        Start years that they are for; None is 2026 to 2028, which is ours.

    Returns
    -------
    dict
        `scale_down` (nothing beyond today's appropriation; how many would start is not in the
        sources, so the number is ours, with a range), `keep` (6 million more, over 500 start) and
        `all_counties` (a further 4 million, about 700 start).

    Raises
    ------
    AssumptionError
        Years with gaps, or none.

    Examples
    --------
    >>> decisions()["all_counties"].starters
    {2026: 700.0, 2027: 700.0, 2028: 700.0}
    >>> decisions(years=[2026])["scale_down"].low
    {2026: 100.0}
    """
    if years is not None:
        years = arguments.years("years", years, error=AssumptionError, calendar=True)
    return read_decisions(_FILE, years=years)


def per_place(
    case: CostBenefit,
    *,
    bases: Sequence[float] = BASES,
    draws: int = 2_000,
    seed: int = 2025,
) -> PerPlace:
    """Reckon what a place costs from today's level to all counties.

    "4 million for about 200 more" is coordination only, and mixes a request of 2024 with a cohort
    of 2025: it stands here per place for several cohorts to start from, beside what all public
    budgets pay.

    Parameters
    ----------
    case
        The account per starter.
    bases
        Cohorts that the further 4 million may start from.
    draws, seed
        As for `budget_impact`.

    Returns
    -------
    PerPlace

    Raises
    ------
    AssumptionError
        A base that is not below 700, or no account.
    """
    known = decisions()
    return reckon(
        case,
        more=known["all_counties"],
        less=known["keep"],
        bases=bases,
        draws=draws,
        seed=seed,
    )
