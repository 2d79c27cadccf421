"""`budget_impact`: rolling cohorts, cash alone, payer by payer and year by year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mih_impact import arguments
from mih_impact.account.budget.entries import (
    Entry,
    block_frame,
    block_sums,
    cash_entries,
    entry_frame,
    peak_frame,
    surplus_frame,
    total_frame,
)
from mih_impact.account.budget.lines import price_factors
from mih_impact.account.budget.result import BudgetImpact
from mih_impact.account.cost_benefit import CostBenefit, require_account
from mih_impact.account.ledger import MOST_DRAWS, FloatArray
from mih_impact.account.programme import LOCAL
from mih_impact.account.tables import pooled
from mih_impact.account.uncertainty import drawn_effects, drawn_values
from mih_impact.arguments import named_options
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.reference.prices import PriceIndex

__all__ = ["budget_impact", "convolved", "read_starters", "scales"]


def read_starters(starters: Mapping[int, float]) -> dict[int, float]:
    """Return starters by start year, ascending, checked.

    Raises
    ------
    AssumptionError
        No year, a year that is none, a number below 0, or a year left out between two others.
    """
    example = "{2026: 500, 2027: 700}"
    given = arguments.mapping("starters", starters, example)
    wrong = [year for year in given if not arguments.is_whole(year) or not 1900 <= year <= 2200]
    if wrong or not given:
        raise OptionError(
            "starters goes from start years to numbers of persons",
            found=", ".join(map(arguments.shown, wrong)) or "no year",
            do=f"write starters={example}",
        )
    below = {year: n for year, n in given.items() if not arguments.is_number(n) or float(n) < 0}
    if below:
        raise OptionError(
            "A number of starters is negative or no number",
            found=", ".join(f"{year}: {arguments.shown(n)}" for year, n in below.items()),
            do="give 0 or more persons a year; nobody is 0",
        )
    years = sorted(int(year) for year in given)
    absent = sorted(set(range(years[0], years[-1] + 1)) - set(years))
    if absent:
        raise OptionError(
            "The start years have gaps",
            found=f"nothing for {', '.join(map(str, absent))}",
            do="give every year from the first to the last; nobody is 0",
        )
    return {year: float(given[year]) for year in years}


def scales(starters: FloatArray, elasticity: float, reference: float | None) -> FloatArray:
    """Return what becomes of the effect per starter in cohorts of each size.

    With an elasticity of -0.1 a cohort of 700 in place of 500 has (700/500)**-0.1 = 0.967 of the
    effect per starter. Every flow that an effect drives is scaled, in each year since start; costs
    per starter are not.

    Parameters
    ----------
    starters
        Cohort sizes, shape (C,).
    elasticity
        Per cent that the effect changes by when the cohort grows by one per cent.
    reference
        The cohort size that the estimated effect is for.

    Returns
    -------
    ndarray, shape (C,)
        (N / reference) ** elasticity, 1 where nobody starts.

    Examples
    --------
    >>> scales(np.array([500.0, 1000.0]), -0.5, 500.0).round(3).tolist()
    [1.0, 0.707]
    """
    if elasticity == 0 or reference is None:
        return np.ones_like(starters)
    size = np.where(starters > 0, starters, reference) / reference
    return np.asarray(size**elasticity)


def convolved(
    fixed: FloatArray, driven: FloatArray, starters: FloatArray, scale: FloatArray
) -> FloatArray:
    """Return flows by calendar year: G(y) = sum over c of N_c [fixed(y - c) + s_c driven(y - c)].

    Parameters
    ----------
    fixed, driven
        Flows per starter by year since start, shape (..., T): those no effect drives, and those one
        does.
    starters, scale
        Persons, and the scale of their effect, by start year, shape (C,).

    Returns
    -------
    ndarray, shape (..., C + T - 1)
        From the first start year on.

    Examples
    --------
    >>> convolved(np.array([-1.0, 0.0]), np.array([0.0, 3.0]), np.array([2.0, 1.0]), np.ones(2))
    array([-2.,  5.,  3.])
    """
    years = fixed.shape[-1]
    total = np.zeros(
        (*np.broadcast_shapes(fixed.shape, driven.shape)[:-1], len(starters) + years - 1)
    )
    for cohort, (n, s) in enumerate(zip(starters, scale, strict=True)):
        total[..., cohort : cohort + years] += n * (fixed + s * driven)
    return total


_Flows = tuple[tuple[Entry, ...], FloatArray]


@named_options
def budget_impact(
    case: CostBenefit,
    *,
    starters: Mapping[int, float],
    budget_year: int | None = None,
    price_path: PriceIndex | None = None,
    nominal: bool = False,
    elasticity: float = 0.0,
    reference_cohort: float | None = None,
    compensated: Sequence[str] | None = None,
    candidates: CostBenefit | None = None,
    draws: int = 2_000,
    seed: int = 2025,
) -> BudgetImpact:
    """Compute what cohorts of starters do to the budgets, year by year, in cash.

    Parameters
    ----------
    case
        The account per starter.
    starters
        Persons by start year, every year from the first to the last: ``{2026: 500, 2027: 700}``.
    budget_year
        The year whose fixed prices the amounts are in; None is the account's own price year.
    price_path
        A price index of your own, for prices of a year that the shipped consumer price index does
        not reach, and for current prices. Its name stands on every table.
    nominal
        Show current prices of each year, by `price_path`, instead of fixed ones.
    elasticity
        Scale elasticity of the effect, from -1 to 1: per cent that the effect per starter changes
        by when a cohort is one per cent larger than `reference_cohort`. 0 keeps the effect: the
        next 200 gain as much as the first 500. Below 0 they gain less (less suited, fewer good
        placements), and at -1 a cohort gains as much in all however large it is. No source says
        which; it is an assumption to be varied.
    reference_cohort
        The cohort size that the estimated effect is for.
    compensated
        Which of "county" and "municipality" the state has decided to give cover for their outlays,
        () where no such decision is known; None is what the programme says
        (`Programme.compensated`). What they receive stays theirs.
    candidates
        The account of effects on candidates, had they started (`match(estimand="atc")`), to stand
        beside: an expansion reaches others than those who have started so far.
    draws, seed
        Draws of effects and assumptions behind the intervals: those of
        `case.uncertainty(n=draws, seed=seed)`. Without a covariance of the effects there are none,
        and no intervals.

    Returns
    -------
    BudgetImpact

    Raises
    ------
    OptionError
        Starters below 0, years with gaps, a price path that is no index, or an unknown actor.
    AssumptionError
        Prices of a year without an index, nominal amounts without a price path with a name and a
        source, a price path that nothing uses, an elasticity without a reference cohort, an account
        of candidates that is none or has another horizon or other prices, or an account of too few
        participants.

    Notes
    -----
    G_a(y) = sum over start years c of N_c F_a(y - c), F the cash flows per starter of actor a; with
    a scale elasticity e, F is its part that no effect drives plus (N_c / reference)^e times the
    rest. The flows of a cohort are followed to the horizon of the account and not after. The three
    blocks (grants; rule-bound benefits; taxes and contributions) are never netted: the second and
    third are consequences, no cover for the first.

    Wages are the employer's: they are a budget's only as far as the posts are new municipal money
    (`Assumptions.wage_bill`), and the card says how far. `municipality_view` shows apprentice pay.

    Examples
    --------
    >>> import pandas as pd
    >>> import mih_impact as mih
    >>> planted = pd.DataFrame(
    ...     {"outcome": "wage_income", "year_since_start": range(3), "estimate": 100_000.0}
    ... )
    >>> effects = mih.EffectSeries.from_frame(planted, price_year=2024)
    >>> programme = mih.nav.menn_i_helse()
    >>> case = mih.cost_benefit(
    ...     effects, mih.Assumptions.r109(), programme=programme, horizon=3
    ... )
    >>> impact = budget_impact(case, starters={2026: 500, 2027: 500})
    >>> round(impact.peak_need().loc["state", "amount"])
    15000000
    """
    require_account("budget_impact", case)
    case = pooled(case)
    cohorts = read_starters(starters)
    sizes = np.array(list(cohorts.values()))
    scale = _scale(sizes, elasticity, reference_cohort)
    years = tuple(range(min(cohorts), max(cohorts) + case.horizon))
    factors, prices = price_factors(case.price_year, budget_year, price_path, nominal, years)
    known = _covered(case.programme.compensated if compensated is None else compensated)
    covered = known or ()
    arguments.whole("draws", draws, low=100, high=MOST_DRAWS)
    arguments.seed(seed)

    def flows(effects: FloatArray, changes: Mapping[str, Any]) -> _Flows:
        cash = cash_entries(case.model, effects, changes, covered)
        return cash.entries, factors * convolved(cash.fixed, cash.driven, sizes, scale)

    point = flows(case.effects, {})
    effects = drawn_effects(case, draws, seed)
    drawn = None if effects is None else flows(effects, drawn_values(case, draws, seed))
    sums = block_sums(point, drawn, years)
    beside = None
    if candidates is not None:
        _require_beside(case, candidates)
        beside = budget_impact(
            candidates,
            starters=starters,
            budget_year=budget_year,
            price_path=price_path,
            nominal=nominal,
            elasticity=elasticity,
            reference_cohort=reference_cohort,
            compensated=compensated,
            draws=draws,
            seed=seed,
        )
    return BudgetImpact(
        table=entry_frame(*point, years),
        sums=block_frame(sums),
        overall=total_frame(sums),
        peaks=peak_frame(sums),
        surplus=surplus_frame(sums),
        starters=cohorts,
        prices=prices,
        horizon=case.horizon,
        compensated=known,
        elasticity=float(elasticity),
        reference_cohort=reference_cohort,
        wage_bill=case.assumptions.wage_bill,
        programme=case.programme.label,
        estimand=case.estimand,
        candidates=beside,
        provenance=case.provenance.then(
            "budget_impact",
            {
                "starters": {str(year): n for year, n in cohorts.items()},
                "budget_year": budget_year,
                "price_path": None if price_path is None else price_path.told,
                "nominal": nominal,
                "elasticity": elasticity,
                "reference_cohort": reference_cohort,
                "compensated": covered,
                "draws": draws,
            },
            seed=seed,
        ),
    )


def _require_beside(case: CostBenefit, candidates: CostBenefit) -> None:
    """Raise on what is no account of candidates that can stand beside another."""
    do = 'estimate effects with match(estimand="atc"), and give mih.cost_benefit of them'
    arguments.instance("budget_impact", candidates, CostBenefit, "an account", do)
    if candidates.estimand != "atc" or case.estimand == "atc":
        raise AssumptionError(
            "candidates= is an account of effects on candidates, beside one of others",
            found=f"estimands {case.estimand!r} and {candidates.estimand!r}",
            do=do,
        )
    own = case.horizon, case.price_year
    if own != (candidates.horizon, candidates.price_year):
        raise AssumptionError(
            "The accounts differ in horizon or price year",
            found=f"{own} and {(candidates.horizon, candidates.price_year)}",
            do="make both with the same horizon= and assumptions",
        )


def _scale(sizes: FloatArray, elasticity: float, reference: float | None) -> FloatArray:
    if not arguments.is_number(elasticity) or not -1 <= elasticity <= 1:
        raise OptionError(
            "elasticity is per cent of effect by per cent of cohort, from -1 to 1",
            found=f"elasticity={arguments.shown(elasticity)}",
            do="give a number from -1 to 1; 0 keeps the effect per starter",
        )
    if reference is not None:
        arguments.number("reference_cohort", reference, above=0)
    if elasticity != 0 and reference is None:
        raise OptionError(
            "An elasticity needs the cohort size that the effect was estimated for",
            found=f"elasticity={elasticity:g} without reference_cohort",
            do="give reference_cohort, for example the mean cohort behind the estimates",
        )
    return scales(sizes, float(elasticity), reference)


def _covered(compensated: Sequence[str] | None) -> tuple[str, ...] | None:
    if compensated is None:
        return None
    names = arguments.names("compensated", compensated)
    for name in names:
        arguments.choice("budget_impact", "compensated", name, LOCAL)
    return names
