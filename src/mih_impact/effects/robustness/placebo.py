"""Placebos: a programme that had not begun yet, and outcomes that it cannot have changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.group import ControlGroup
from mih_impact.display.provenance import Provenance
from mih_impact.effects.asked import Composition, Estimator, is_matched_on
from mih_impact.effects.event_study import event_study
from mih_impact.effects.influence import StandardError
from mih_impact.effects.joint import Wald, holm, wald
from mih_impact.effects.robustness.panels import StartedEarlier
from mih_impact.effects.robustness.placebo_result import PlaceboTest, placebo_title, placebo_words
from mih_impact.effects.robustness.question import recipe_of, years_of
from mih_impact.effects.series import EffectSeries
from mih_impact.effects.taken import outcome_asked
from mih_impact.errors import EffectsError
from mih_impact.panel.cube import NEVER, Dead
from mih_impact.signatures import named_options

__all__ = ["placebo_outcomes", "placebo_start"]

FloatArray = NDArray[np.float64]
_ESTIMATES = ("estimate", "std_error", "conf_low", "conf_high")


@named_options
def placebo_start(
    group: ControlGroup,
    *,
    years: int = 2,
    gap: int = 0,
    outcome: str | None = None,
    estimator: Estimator = "did",
    base: int | Sequence[int] = -1,
    composition: Composition = "available",
    se: StandardError = "auto",
    dead: Dead = "zero",
    adjust: bool = False,
    alpha: float = 0.05,
) -> PlaceboTest:
    """Test for effects of a programme that is said to have started years before it did.

    Parameters
    ----------
    group
        Participants and their controls.
    years
        How many years earlier everybody is said to have started.
    gap
        Years right before the true start that are left out of the test.
    outcome
        The outcome to test; by default wage income, or the first where there is none.
    estimator, base, composition, se, dead, adjust
        As in `event_study`; base years count from the placebo start.
    alpha
        Probability of a false alarm.

    Returns
    -------
    PlaceboTest
        A row per tested year: `outcome, year_since_start, year_since_placebo, estimate, std_error,
        conf_low, conf_high, p_value, n_participants, n_controls, unit, statistic, df, p_joint,
        balanced_in_group`. `year_since_start` counts from the true start and is below zero;
        `balanced_in_group` says whether the group itself is matched on that year, so that what is
        found there is taken out of its effects. `passed` is whether p_joint is at least `alpha`;
        None where there is no joint test.

    Raises
    ------
    EffectsError
        No year is left to test, an unknown outcome or option, or a base year outside the register.
    SupportError
        Covariates counted from the placebo start fall before the register's first year, or nobody
        can be compared.

    Notes
    -----
    Everything is moved: candidates are those eligible the year before the placebo start, covariates
    and lags are read before it, and controls are chosen again with the group's own options. Tested
    are the placebo years 0 to `years` - `gap` - 1, all before the true start; nothing measured in
    or after it is read. The statistic is Wald's, b' V^-1 b, chi-squared with as many degrees of
    freedom as years, V the full covariance. Lags count from the placebo start, so that no tested
    year is among them.

    The test asks more than the effects need. Who enters a programme has often just lost income
    (Ashenfelter's dip): history up to the placebo start cannot foresee that, and the test fails,
    while a group that is matched on the years of the dip is not biased by it. Such years are
    `balanced_in_group`; `gap` leaves them out. On the synthetic register (400 participants, 10,000
    others, 20 seeds, tests at 5 %) `years=2` rejects always, confounded or not; `years=3, gap=2`
    rejects 0 of 20 without confounding, 11 under a trend of strength 1 and all under strength 2,
    where `EffectSeries.pretrend_test`, which goes with the group's own matching, rejects 1, 1 and
    5.

    References
    ----------
    Heckman and Smith (1999), The pre-programme earnings dip and the determinants of participation
    in a social programme, Economic Journal 109(457). Imbens and Wooldridge (2009), Recent
    developments in the econometrics of program evaluation, JEL 47(1), section 5.11.

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> mih.placebo_start(group, years=3, gap=1).table["year_since_start"].tolist()
    [-3, -2]
    """
    _require_years(years, gap)
    arguments.alpha(alpha, error=EffectsError)
    recipe = recipe_of(group)
    outcome = arguments.name("outcome", outcome_asked(group, outcome), error=EffectsError)
    _require_register(group, years, gap)
    placebo = recipe.again({}, panel=StartedEarlier(recipe.panel, years))
    effects = event_study(
        placebo,
        outcomes=[outcome],
        estimator=estimator,
        base=base,
        window=(0, years - gap - 1),
        composition=composition,
        se=se,
        dead=dead,
        adjust=adjust,
        level=1.0 - alpha,
    )
    _require_tests(effects, effects.event_years)
    joint = _test(effects, [outcome], effects.event_years)
    table = _table(effects, effects.event_years, joint)
    before = table["year_since_start"] - years
    table.insert(2, "year_since_placebo", table["year_since_start"])
    table["year_since_start"] = before
    table["balanced_in_group"] = [is_matched_on(group, outcome, e) for e in before]
    options = {"years": years, "gap": gap}
    return _result("placebo_start", group, effects, table, options, alpha)


@named_options
def placebo_outcomes(
    group: ControlGroup,
    *,
    outcomes: str | Sequence[str],
    year: int | Sequence[int] = 3,
    estimator: Estimator = "did",
    base: int | Sequence[int] = -1,
    composition: Composition = "available",
    se: StandardError = "auto",
    dead: Dead = "zero",
    adjust: bool = False,
    alpha: float = 0.05,
) -> PlaceboTest:
    """Test for effects on outcomes that the programme cannot have changed.

    Parameters
    ----------
    group
        Participants and their controls.
    outcomes
        Columns of the panel, or derived shares ("in_work", "on_benefit"); what did not come along
        is fetched from the register.
    year
        A year since start, or several that are tested together.
    estimator, base, composition, se, dead, adjust
        As in `event_study`.
    alpha
        Probability of a false alarm.

    Returns
    -------
    PlaceboTest
        A row per outcome and year: `outcome, year_since_start, estimate, std_error, conf_low,
        conf_high, p_value, p_outcome, p_holm, n_participants, n_controls, unit, statistic, df,
        p_joint`. p_value is of the row, p_outcome of the outcome's years together, p_holm the same
        adjusted for the number of outcomes, and p_joint of all together. `passed` is whether
        p_joint is at least `alpha`; None where there is no joint test.

    Raises
    ------
    EffectsError
        An unknown outcome or option, or a year whose outcome is matched on or is the base, which is
        no test.

    Notes
    -----
    One covariance holds all outcomes, since they are the same persons': the joint test is Wald's
    with it, and is not the sum of the tests one by one. It is missing where an outcome never varies
    or is a sum of others; p_holm (Holm 1979) needs no covariance between them.

    Not that it finds no effect, but that it would have found one, makes a placebo worth having: an
    outcome should have causes in common with the one that matters.

    References
    ----------
    Rosenbaum (1989), The role of known effects in observational studies, Biometrics 45(2).
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6(2).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> found = mih.placebo_outcomes(group, outcomes=["uforetrygd", "sykepenger"], year=0)
    >>> found.table["outcome"].tolist()
    ['uforetrygd', 'sykepenger']
    """
    recipe_of(group)
    arguments.alpha(alpha, error=EffectsError)
    names = tuple(dict.fromkeys(arguments.names("outcomes", outcomes, error=EffectsError)))
    tested = years_of(year)
    effects = event_study(
        _with_outcomes(group, names),
        outcomes=names,
        estimator=estimator,
        base=base,
        window=(tested[0], tested[-1]),
        composition=composition,
        se=se,
        dead=dead,
        adjust=adjust,
        level=1.0 - alpha,
    )
    _require_tests(effects, tested)
    table = _table(effects, tested, _test(effects, names, tested))
    by_outcome = np.array([_test(effects, [name], tested).p_value for name in names])
    place = [names.index(name) for name in table["outcome"]]
    table.insert(7, "p_outcome", by_outcome[place])
    table.insert(8, "p_holm", holm(by_outcome)[place])
    options = {"outcomes": list(names), "year": list(tested)}
    return _result("placebo_outcomes", group, effects, table, options, alpha)


#: Years before start that no register reaches.
LONGEST = 100


def _require_years(years: int, gap: int) -> None:
    """Raise where no year before the true start is left to test."""
    whole = all(map(arguments.is_whole, (years, gap)))
    if not whole or not 1 <= years <= LONGEST or not 0 <= gap < years:
        raise EffectsError(
            "No year before the true start is left to test",
            found=f"a placebo start {arguments.shown(years)} years early, of which the last "
            f"{arguments.shown(gap)} are left out",
            do="give years= of 1 or more, and a gap= that is shorter",
        )


def _require_register(group: ControlGroup, years: int, gap: int) -> None:
    """Raise where the placebo start of somebody has no register rows before it."""
    cube = group.risk.cube
    starts = np.unique(cube.start[cube.start != NEVER])
    before = starts - 1 - cube.PER_YEAR * years
    outside = ~cube.has(before)
    if not outside.any():
        return
    fewer = [n for n in range(gap + 1, years) if cube.has(starts - 1 - cube.PER_YEAR * n).all()]
    raise EffectsError(
        f"The placebo start, {years} years before the true one, falls outside the register",
        found=f"no rows of {cube.named(before[outside])}, the year before the placebo start of "
        f"those who start in {cube.named(starts[outside])}; the register has {cube.span}",
        do=(f"give years={fewer[-1]}, " if fewer else "")
        + f"bring the rows of {cube.named(before[outside])}, or leave those who start in "
        f"{cube.named(starts[outside])} out of the panel",
    )


def _require_tests(effects: EffectSeries, years: Sequence[int]) -> None:
    """Raise on years that are made alike, or are zero."""
    frame = effects.frame
    base = effects.base if len(effects.base) == 1 else ()
    fixed = frame["year_since_start"].isin(years)
    fixed &= frame["matched_on"] | frame["year_since_start"].isin(base)
    if fixed.any():
        found = frame.loc[fixed, ["outcome", "year_since_start"]].itertuples(index=False)
        raise EffectsError(
            "What is matched on, or is the base, is no test",
            found="; ".join(f"{name} in year {year}" for name, year in found),
            do="test other years or outcomes, or leave them out of on=",
        )


def _with_outcomes(group: ControlGroup, names: Sequence[str]) -> ControlGroup:
    """Return the group with outcomes fetched that did not come along; the same persons."""
    if all(name in group.risk.cube.names for name in names):
        return group
    cube = recipe_of(group).fetch(names)
    return replace(group, risk=replace(group.risk, cube=cube))


def _test(effects: EffectSeries, outcomes: Sequence[str], years: Sequence[int]) -> Wald:
    """Test some outcomes and years together."""
    theta, matrix = effects.select(outcomes, years)
    assert matrix is not None
    return wald(theta.ravel(), matrix)


def _table(effects: EffectSeries, years: Sequence[int], joint: Wald) -> pd.DataFrame:
    """Return a row per outcome and tested year, each with its own test and the joint one."""
    frame = effects.frame
    rows = frame[frame["year_since_start"].isin(years)].reset_index(drop=True)
    own = [
        _test(effects, [name], [int(year)]).p_value
        for name, year in zip(rows["outcome"], rows["year_since_start"], strict=True)
    ]
    return rows[["outcome", "year_since_start", *_ESTIMATES]].assign(
        p_value=own,
        n_participants=rows["n_participants"].astype(np.float64),
        n_controls=rows["n_controls"].astype(np.float64),
        unit=rows["unit"],
        statistic=joint.statistic,
        df=joint.df,
        p_joint=joint.p_value,
    )


def _result(
    name: str,
    group: ControlGroup,
    effects: EffectSeries,
    table: pd.DataFrame,
    options: dict[str, Any],
    alpha: float,
) -> PlaceboTest:
    """Put the verdict together."""
    p = float(table["p_joint"].iloc[0])
    return PlaceboTest(
        name=name,
        passed=None if np.isnan(p) else p >= alpha,
        table=table,
        sentence=placebo_words(name, table, alpha),
        title=placebo_title(name, table),
        provenance=Provenance.of(
            name,
            {**options, "alpha": alpha, "effects": effects.provenance.options},
            seed=effects.provenance.seed,
            data=group.risk.cube.fingerprint,
            evidence=group.provenance.evidence,
        ),
        price_year=effects.price_year,
        alpha=alpha,
    )
