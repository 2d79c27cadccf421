"""Do the subgroups' effects differ: one test of all of them, and every pair on its own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.subgroups.split import ALL, MISSING, Split
from mih_impact.effects.checks.leads import tested_leads
from mih_impact.effects.joint import Wald, holm, wald
from mih_impact.effects.subgroups.difference_result import (
    Before,
    DifferenceTest,
    sentence,
    title,
)
from mih_impact.effects.taken import outcome_asked, require_estimated
from mih_impact.errors import EffectsError

if TYPE_CHECKING:
    from mih_impact.effects.series import EffectSeries

__all__ = ["difference_test"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: The columns of the table: a row per pair of subgroups and year.
_COLUMNS = (
    "year_since_start",
    "subgroup",
    "versus",
    "difference",
    "std_error",
    "p_value",
    "p_holm",
    "n_participants",
    "n_versus",
)


def difference_test(
    effects: EffectSeries,
    outcome: str | None = None,
    *,
    years: int | Sequence[int] | None = None,
    subgroups: Sequence[str] | None = None,
    alpha: float = 0.05,
) -> DifferenceTest:
    """Test that the effect is the same in every subgroup, jointly over years.

    Parameters
    ----------
    effects
        Effects by subgroup, with a covariance.
    outcome
        The outcome; by default wage income, or the first where there is none.
    years
        Years since start; every year from the start on if None.
    subgroups
        Which to compare, two or more; all if None, but for those without a value, "(missing)".
    alpha
        Probability of a false alarm, of the joint test and of any pair.

    Returns
    -------
    DifferenceTest
        A `CheckResult` whose table has a row per year and pair of subgroups: `year_since_start,
        subgroup, versus, difference, std_error, p_value, p_holm, n_participants, n_versus`;
        `statistic`, `df` and `p_value` are of the joint test. `passed` is None where there is
        nothing to test, or more to test than the participants can bear.

    Raises
    ------
    EffectsError
        Effects without subgroups or covariance, or an outcome, year or subgroup that is not there.

    Notes
    -----
    The joint test is Wald's, d' (R V R')^-1 d with d = R theta, against chi-squared; R has the
    difference of every subgroup from the first in each year. V is the covariance of all subgroups
    at once, so that controls who serve several subgroups count. In a year where a subgroup has no
    estimate or no standard error (one participant, no start year seen, no variation), the others
    are compared. With few participants in a subgroup the test rejects too often; with no more
    participants than years in one of them, there is no joint test.

    Beside it stands the same test of the unmatched years before start (`years_before`,
    `p_value_before`): subgroups that differ there, each against controls of its own, differ by more
    than what the programme does.

    Pairs are tested on their own, two-sided and normal, and their p-values adjusted over all rows
    of the table (Holm 1979).

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6(2).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> effects = mih.event_study(group, outcomes="wage_income", window=(-1, 3), by="county")
    >>> test = effects.difference_test(years=3)
    >>> test.df, len(test.to_frame())
    (3, 6)
    """
    from scipy.special import ndtr

    arguments.alpha(alpha, error=EffectsError)
    outcome = outcome_asked(effects, outcome)
    parts = _require_subgroups(effects, outcome)
    asked = _asked_years(effects, years)
    names = _asked_subgroups(effects, subgroups)
    cells = _cells(effects, outcome, names, asked)
    first, second = _pairs(cells["year"].to_numpy())
    at = cells["place"].to_numpy()
    assert effects.matrix is not None
    theta, V = effects.estimate.ravel()[at], effects.matrix[np.ix_(at, at)]
    difference = theta[first] - theta[second]
    variance = V[first, first] + V[second, second] - 2.0 * V[first, second]
    error = np.sqrt(np.maximum(variance, 0.0))
    p = 2.0 * ndtr(-np.abs(difference / np.where(error > 0, error, np.nan)))
    n = cells["n"].to_numpy()
    name = cells["name"].to_numpy(dtype=object)
    columns = (
        cells["year"].to_numpy()[first], name[first], name[second], difference, error, p, holm(p),
        n[first], n[second],
    )  # fmt: skip
    table = pd.DataFrame(dict(zip(_COLUMNS, columns, strict=True)))
    joint = _joint(effects, cells)
    tested = bool(np.isfinite(joint.p_value))
    before = _before(effects, outcome, names, asked)
    outside = [s for s in names if s not in set(name[np.concatenate([first, second])].tolist())]
    said = sentence(
        parts,
        outcome,
        joint,
        before,
        alpha=alpha,
        years=sorted(set(table["year_since_start"].tolist())),
        pairs=len(table),
        differ=int((table["p_holm"] < alpha).sum()),
        outside=outside,
        without_value=MISSING in effects.subgroups and MISSING not in names,
    )
    return DifferenceTest(
        name="differences",
        passed=joint.p_value >= alpha if tested else None,
        table=table,
        sentence=said,
        title=title(parts, outcome),
        provenance=effects.provenance,
        split=parts,
        unit=effects.units[outcome],
        statistic=joint.statistic,
        df=joint.df,
        p_value=joint.p_value,
        alpha=alpha,
        years_before=before.years,
        p_value_before=before.p_value,
        family=effects.frame[effects.frame["outcome"] == outcome],
    )


def _joint(effects: EffectSeries, cells: pd.DataFrame) -> Wald:
    """Test that the cells of each year are equal; no test where a subgroup is too small for it."""
    assert effects.matrix is not None
    at, R = cells["place"].to_numpy(), _contrasts(cells["year"].to_numpy())
    V = effects.matrix[np.ix_(at, at)]
    found = wald(R @ effects.estimate.ravel()[at], R @ V @ R.T)
    many = cells.groupby("name")["year"].size() >= cells.groupby("name")["n"].min()
    return Wald(float("nan"), found.df, float("nan")) if many.any() else found


def _before(
    effects: EffectSeries, outcome: str, names: Sequence[str], asked: Sequence[int]
) -> Before:
    """Test that the subgroups do not differ in years before start, where nothing is an effect."""
    leads = tested_leads(effects, outcome)["year_since_start"].astype(int)
    years = tuple(year for year in leads.tolist() if year not in asked)
    return Before(years, _joint(effects, _cells(effects, outcome, names, years)).p_value)


def _cells(
    effects: EffectSeries, outcome: str, names: Sequence[str], years: Sequence[int]
) -> pd.DataFrame:
    """Return place, year, subgroup and n of estimates that have a standard error, year by year."""
    assert effects.matrix is not None
    size, k = len(effects.levels), effects.outcomes.index(outcome)
    variance = np.diag(effects.matrix)
    rows: list[tuple[int, int, str]] = []
    for year in years:
        for name in names:
            first = (effects.subgroups.index(name) * len(effects.outcomes) + k) * size
            place = first + effects.levels.index(year)
            if np.isfinite(effects.estimate.flat[place]) and variance[place] > 0:
                rows.append((place, year, name))
    frame = pd.DataFrame(rows, columns=["place", "year", "name"])
    frame = frame.astype({"place": np.int64, "year": np.int64})
    return frame.assign(n=effects.frame["n_participants"].to_numpy()[frame["place"]])


def _pairs(year: IntArray) -> tuple[IntArray, IntArray]:
    """Return both members of every pair of cells of the same year, by their places."""
    pairs = [
        pair
        for e in np.unique(year)
        for pair in combinations(np.flatnonzero(year == e).tolist(), 2)
    ]
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _contrasts(year: IntArray) -> FloatArray:
    """Return the difference of each cell from the first of its year, a row each."""
    rows = []
    for e in np.unique(year):
        first, *others = np.flatnonzero(year == e).tolist()
        for other in others:
            row = np.zeros(len(year))
            row[other], row[first] = 1.0, -1.0
            rows.append(row)
    return np.array(rows).reshape(len(rows), len(year))


def _require_subgroups(effects: EffectSeries, outcome: str) -> Split:
    """Return what the subgroups are, or raise where there is nothing to compare."""
    if effects.split is None or len(effects.subgroups) < 2:
        raise EffectsError(
            "These effects have no subgroups to compare",
            found=f"subgroups {', '.join(effects.subgroups)}",
            do='split the participants: mih.event_study(group, by="county")',
        )
    require_estimated("The test of differences needs", effects, outcome)
    return effects.split


def _asked_years(effects: EffectSeries, years: Any) -> list[int]:
    """Return the years to test, ascending, or raise where one has no effect."""
    if years is None:
        return [year for year in effects.event_years if year >= 0 and effects.base != (year,)]
    given = arguments.years("years", years, error=EffectsError)
    absent = [year for year in given if year not in effects.event_years]
    base = [year for year in given if effects.base == (year,)]
    if absent or base:
        raise EffectsError(
            "Some years have no effect to compare",
            found=f"{', '.join(map(str, [*absent, *base]))}; there are "
            f"{', '.join(map(str, effects.event_years))}, of which the base is no effect",
            do="name other years, or none for all from the start year on",
        )
    return sorted(set(given))


def _asked_subgroups(effects: EffectSeries, given: Sequence[str] | None) -> list[str]:
    """Return the subgroups to compare, in their order, or raise where one is not there."""
    have = [name for name in effects.subgroups if name != ALL]
    if given is None:
        return [name for name in have if name != MISSING]
    asked = arguments.names("subgroups", given, error=EffectsError)
    if len(set(asked)) < 2 or any(name not in have for name in asked):
        raise EffectsError(
            "Two or more subgroups are compared with each other",
            found=", ".join(map(repr, asked)) or "none",
            do=f"choose among {', '.join(have)}",
        )
    return [name for name in have if name in asked]
