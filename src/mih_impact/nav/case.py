"""Menn i helse as a programme, what is not priced, its analysis, and the base case."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

import pandas as pd

from mih_impact import arguments
from mih_impact.account.cost_benefit import CostBenefit
from mih_impact.account.non_priced import NonPriced
from mih_impact.account.programme import Programme
from mih_impact.reference.rows import table
from mih_impact.study.spec import StudySpec
from mih_impact.study.toml_files import read_decisions, read_non_priced, read_programme

if TYPE_CHECKING:
    from mih_impact.account.budget.decision import Decision
    from mih_impact.account.budget.per_place import PerPlace

__all__ = ["DATA", "analysis", "base_case", "decisions", "menn_i_helse", "non_priced", "per_place"]

_HERE = files("mih_impact.nav")
DATA = _HERE / "data"


def menn_i_helse() -> Programme:
    """Return Menn i helse: what a starter costs, and whom.

    Returns
    -------
    Programme
        NOK per starter by year since start, prices of 2024; most items are assumed, with a range.

    Examples
    --------
    >>> programme = menn_i_helse()
    >>> round(programme.to_frame().query("kind == 'real'")["amount"].sum())
    242200
    """
    return read_programme(_HERE / "programme.toml")


def non_priced() -> tuple[NonPriced, ...]:
    """Return what Menn i helse gives and takes that is not given in kroner.

    Returns
    -------
    tuple of NonPriced
        Five effects that the documents name, and three minuses that none of them names. Importance
        and extent are our judgements, all of them.

    Examples
    --------
    >>> {each.name: each.consequence for each in non_priced()}["recruitment"]
    '+/++'
    """
    return read_non_priced(_HERE / "non_priced.toml")


def analysis() -> StudySpec:
    """Return the analysis of the reference case as a frozen specification.

    Examples
    --------
    >>> analysis().controls.options["exact"]
    ('county', 'benefit_type')
    """
    return StudySpec.from_toml(_HERE / "analysis.toml")


def base_case() -> pd.DataFrame:
    """Return the base case: the planted path, NOK thousand per starter, prices of 2024.

    Only the wage effect in year 3 is a published figure; the rest is assumed, as the column
    `status` says.

    Examples
    --------
    >>> float(base_case().set_index("item").loc["wage effect", "t3"])
    200.0
    """
    return table("base_case", DATA)


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
    OptionError
        Years with gaps, or none.

    Examples
    --------
    >>> decisions()["all_counties"].starters
    {2026: 700.0, 2027: 700.0, 2028: 700.0}
    >>> decisions(years=[2026])["scale_down"].low
    {2026: 100.0}
    """
    if years is not None:
        years = arguments.years("years", years, calendar=True)
    return read_decisions(_FILE, years=years)


def per_place(
    case: CostBenefit,
    *,
    bases: Sequence[float] = (400, 500, 600),
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
        Cohorts that the further 4 million may start from; the source says only "over 500".
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
    from mih_impact.account.budget.per_place import per_place as reckon

    known = decisions()
    return reckon(
        case,
        more=known["all_counties"],
        less=known["keep"],
        bases=bases,
        draws=draws,
        seed=seed,
    )
