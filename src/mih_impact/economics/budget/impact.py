"""`budget_impact`: rolling cohorts, cash alone, payer by payer and year by year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.display.provenance import Provenance
from mih_impact.economics.actors import ACTORS, PUBLIC
from mih_impact.economics.budget.cohorts import convolved, read_starters, scales
from mih_impact.economics.budget.entries import OUTSIDE, Entries, cash_entries
from mih_impact.economics.budget.prices import price_factors
from mih_impact.economics.budget.result import BLOCKS, BudgetImpact
from mih_impact.economics.case import CostBenefit
from mih_impact.economics.uncertainty.draws import drawn_effects, drawn_values
from mih_impact.errors import AssumptionError
from mih_impact.reference.prices import PriceIndex

__all__ = ["budget_impact"]

FloatArray = NDArray[np.float64]


def budget_impact(
    case: CostBenefit,
    *,
    starters: Mapping[int, float],
    budget_year: int | None = None,
    price_path: PriceIndex | None = None,
    nominal: bool = False,
    elasticity: float = 0.0,
    reference_cohort: float | None = None,
    compensated: Sequence[str] = (),
    draws: int = 2_000,
    seed: int = 2025,
) -> BudgetImpact:
    """Reckon what cohorts of starters do to the budgets, year by year, in cash.

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
        Per cent that the effect per starter changes by when a cohort is one per cent larger than
        `reference_cohort`; 0 keeps it. Costs per starter are held.
    reference_cohort
        The cohort size that the estimated effect is for.
    compensated
        Which of "county" and "municipality" the state has decided to give cover for their grants;
        without a decision they are shown as uncompensated.
    draws, seed
        Draws of effects and assumptions behind the intervals: those of `case.uncertainty`.

    Returns
    -------
    BudgetImpact

    Raises
    ------
    AssumptionError
        Starters below 0, years with gaps, prices of a year without an index, nominal amounts
        without a price path, an elasticity without a reference cohort, or an unknown actor.

    Notes
    -----
    G_a(y) = sum over start years c of N_c F_a(y - c), F the cash flows per starter of actor a. The
    flows of a cohort are followed to the horizon of the account and not after. The three blocks
    (grants; rule-bound benefits; taxes and contributions) are never netted: the second and third
    are consequences, no cover for the first.

    Examples
    --------
    >>> import pandas as pd
    >>> import mih_impact as mih
    >>> planted = pd.DataFrame(
    ...     {"outcome": "wage_income", "year_since_start": range(3), "estimate": 100_000.0}
    ... )
    >>> effects = mih.EffectSeries.from_frame(planted, price_year=2024)
    >>> case = mih.cost_benefit(
    ...     effects, mih.Assumptions.r109(), programme=mih.nav.menn_i_helse(), horizon=3
    ... )
    >>> impact = budget_impact(case, starters={2026: 500, 2027: 500})
    >>> round(impact.peak_need().loc["state", "amount"])
    15000000
    """
    arguments.instance(
        "budget_impact", case, CostBenefit, "an account", "give what mih.cost_benefit returned",
        error=AssumptionError,
    )  # fmt: skip
    cohorts = read_starters(starters)
    sizes = np.array(list(cohorts.values()))
    scale = _scale(sizes, elasticity, reference_cohort)
    years = tuple(range(min(cohorts), max(cohorts) + case.horizon))
    factors, prices = price_factors(case.price_year, budget_year, price_path, nominal, years)
    covered = _covered(compensated)
    arguments.whole("draws", draws, low=100, error=AssumptionError)
    arguments.seed(seed, error=AssumptionError)

    def flows(effects: FloatArray, changes: Mapping[str, Any]) -> Entries:
        entries = cash_entries(case._books, effects, changes, covered)
        return entries.over(lambda fixed, driven: factors * convolved(fixed, driven, sizes, scale))

    point = flows(case.effects, {})
    effects = drawn_effects(case, draws, seed)
    drawn = None if effects is None else flows(effects, drawn_values(case, draws, seed))
    return BudgetImpact(
        table=_table(point, years),
        sums=_sums(point, drawn, years),
        starters=cohorts,
        prices=prices,
        horizon=case.horizon,
        compensated=covered,
        elasticity=float(elasticity),
        reference_cohort=reference_cohort,
        programme=case.programme.label,
        provenance=Provenance.of(
            "budget_impact",
            {"starters": {str(year): n for year, n in cohorts.items()}, "nominal": nominal},
            seed=seed,
            data=case.provenance.data,
            evidence=case.provenance.evidence,
        ),
    )


def _scale(sizes: FloatArray, elasticity: float, reference: float | None) -> FloatArray:
    arguments.number("elasticity", elasticity, error=AssumptionError)
    if reference is not None:
        arguments.number("reference_cohort", reference, above=0, error=AssumptionError)
    if elasticity != 0 and reference is None:
        raise AssumptionError(
            "An elasticity needs the cohort size that the effect was estimated for",
            found=f"elasticity={elasticity:g} without reference_cohort",
            do="give reference_cohort, for example the mean cohort behind the estimates",
        )
    return scales(sizes, float(elasticity), reference)


def _covered(compensated: Sequence[str]) -> tuple[str, ...]:
    names = arguments.names("compensated", compensated, error=AssumptionError)
    for name in names:
        local = ("county", "municipality")
        arguments.choice("budget_impact", "compensated", name, local, error=AssumptionError)
    return names


def _table(point: Entries, years: tuple[int, ...]) -> pd.DataFrame:
    """Return the truth: a row per entry and calendar year."""
    rows = pd.DataFrame([entry.row() for entry in point.entries])
    frame = rows.loc[np.repeat(rows.index, len(years))].reset_index(drop=True)
    frame.insert(0, "year", np.tile(years, len(rows)))
    frame.insert(len(frame.columns) - 1, "amount", point.fixed.ravel() + 0.0)
    return frame


def _sums(point: Entries, drawn: Entries | None, years: tuple[int, ...]) -> pd.DataFrame:
    """Return sums by actor and block with intervals, and of all public budgets by block."""
    rows = []
    for block in (*BLOCKS, OUTSIDE):
        for actor in (*ACTORS, "public"):
            own = PUBLIC if actor == "public" else (actor,)
            chosen = point.places(own, block)
            if not chosen:
                continue
            low = high = np.full(len(years), np.nan)
            if drawn is not None:
                sums = drawn.fixed[:, drawn.places(own, block)].sum(axis=1)
                low, high = np.quantile(sums, [0.025, 0.975], axis=0)
            amount = point.fixed[chosen].sum(axis=0) + 0.0
            rows.append(
                pd.DataFrame(
                    {
                        "year": years, "actor": actor, "block": block, "amount": amount,
                        "conf_low": low, "conf_high": high,
                    }
                )
            )  # fmt: skip
    return pd.concat(rows, ignore_index=True)
