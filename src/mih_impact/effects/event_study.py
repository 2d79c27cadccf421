"""`event_study`: effects by year since start, all outcomes at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.covariates import Lag
from mih_impact.controls.group import ControlGroup
from mih_impact.display.provenance import Provenance
from mih_impact.effects.comparison import Comparison, compare, event_values
from mih_impact.effects.influence import (
    Influence,
    StandardError,
    abadie_imbens,
    matched_set,
    neighbours,
    person,
    sup_t,
)
from mih_impact.effects.series import EffectSeries, build_series
from mih_impact.errors import EffectsError
from mih_impact.panel.contract import unit_of
from mih_impact.panel.cube import Cube, Dead

__all__ = ["event_study"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Estimator = Literal["did", "difference"]

#: Normal draws behind a band; they move its critical value by about 0.01 from seed to seed.
BAND_DRAWS = 20_000

#: A derived outcome is matched on when the column it is reckoned from is.
RECKONED_FROM = {"in_work": "wage_income"}


def event_study(
    group: ControlGroup,
    *,
    outcomes: str | Sequence[str] | None = None,
    estimator: Estimator = "did",
    base: int | Sequence[int] = -1,
    window: tuple[int, int] = (-5, 6),
    composition: Literal["available"] = "available",
    se: StandardError = "auto",
    cluster: Literal["person"] = "person",
    dead: Dead = "zero",
    level: float = 0.95,
    seed: int = 2025,
) -> EffectSeries:
    """Estimate the average effect on those who started, by year since start.

    Parameters
    ----------
    group
        Participants and their controls.
    outcomes
        Money columns and derived shares ("in_work", "on_benefit"); by default wage income and
        every benefit scheme that came along.
    estimator
        "did": change from the base year, participants less controls; "difference": levels.
    base
        The base year relative to start, or several whose mean is the base.
    window
        First and last year since start, inclusive.
    composition
        "available": each year speaks for the start years seen in it.
    se
        "auto": "abadie_imbens" for matching with replacement, "matched_set" without. "person":
        weights taken as fixed, clustered by person.
    cluster
        The cluster of "person".
    dead
        Income after death or emigration: "zero" (per starter) or "missing" (among survivors).
    level
        Coverage of intervals and of simultaneous bands.
    seed
        Seed of the draws behind the bands' critical values.

    Returns
    -------
    EffectSeries
        Money in fixed prices of the panel's price year.

    Raises
    ------
    EffectsError
        An unknown outcome or option, a window that no start year covers, or a base year without
        register rows.

    Notes
    -----
    See `comparison.compare` for the estimate and `influence` for its covariance, which is over all
    years and outcomes at once. Bands cover all non-base years of an outcome together. Years whose
    outcome entered `on` are marked `matched_on`. `n_lost` counts matched participants whose year
    lies within the register but who are not compared in it.

    References
    ----------
    Abadie and Imbens (2006), Large sample properties of matching estimators, Econometrica 74(1).
    Abadie and Spiess (2022), Robust post-matching inference, JASA 117(538).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> mih.event_study(group, outcomes=["wage_income"], window=(-1, 1)).event_years
    (-1, 0, 1)
    """
    if not isinstance(group, ControlGroup):
        raise EffectsError(
            "event_study takes a control group",
            found=f"a {type(group).__name__}",
            do="choose one first: mih.event_study(mih.match(panel, ...))",
        )
    cube = group.risk.cube
    bases = (base,) if isinstance(base, (int, np.integer)) else tuple(base)
    names = _require_outcomes(cube, outcomes)
    years = _require_window(group, window, bases if estimator == "did" else ())
    _require_options(group, estimator, composition, se, cluster, dead, level)

    kind = _resolve(se, group)
    sets, control = group.sets, np.unique(group.sets.control)
    near = neighbours(group, control) if kind == "abadie_imbens" else control[:, None][:, :0]
    # Only rows that are compared, or stand beside one that is, are ever looked at.
    rows = np.unique(np.concatenate([sets.participant, control, near[near >= 0]]))
    levels, changes = _levels_and_changes(group, rows, names, years, bases, estimator, dead)
    treated, used = np.searchsorted(rows, sets.participant), np.searchsorted(rows, control)
    comparison = compare(
        group,
        levels[treated],
        changes[treated],
        levels[used],
        levels[used] - changes[used],
    )
    near = np.where(near >= 0, np.searchsorted(rows, near), -1)
    influence = _influence(kind, group, comparison, near, changes)
    matrix = influence.covariance
    unseen = comparison.n == 0
    matrix[unseen] = np.nan
    matrix[:, unseen] = np.nan

    shape = (len(names), len(years))
    is_base = np.array([estimator == "did" and bases == (e,) for e in years])
    normal = np.random.default_rng(seed).standard_normal((BAND_DRAWS, len(years)))
    critical = {name: _critical(matrix, k, is_base, level, normal) for k, name in enumerate(names)}
    return build_series(
        comparison.estimate.reshape(shape),
        matrix,
        outcomes=names,
        event_years=years,
        units={name: unit_of(name, currency=cube.currency) for name in names},
        price_year=cube.price_year,
        base=tuple(int(b) for b in bases) if estimator == "did" else (),
        se=kind,
        level=level,
        critical=critical,
        columns=_counts(group, comparison, names, years),
        coverage={
            "participants": group.flow[0].participants,
            "matched": group.n_participants,
            "first_start_year": int(group.risk.start_years[0]),
            "last_start_year": int(group.risk.start_years[-1]),
        },
        influence=influence,
        provenance=Provenance.of(
            "event_study",
            {
                "match": group.provenance.options,
                "outcomes": list(names),
                "estimator": estimator,
                "base": list(bases),
                "window": list(window),
                "composition": composition,
                "se": kind,
                "dead": dead,
                "level": level,
            },
            seed=seed,
            data=cube.fingerprint,
            evidence=group.provenance.evidence,
        ),
    )


def _levels_and_changes(
    group: ControlGroup,
    rows: IntArray,
    names: tuple[str, ...],
    years: tuple[int, ...],
    bases: tuple[int, ...],
    estimator: Estimator,
    dead: Dead,
) -> tuple[FloatArray, FloatArray]:
    """Return levels and changes from the base of rows of the risk set, shape (rows, KE)."""
    risk = group.risk
    person_, start = risk.person[rows], risk.start_year[rows]
    levels = event_values(risk.cube, names, person_, start, years, dead=dead)
    flat = levels.reshape(len(rows), -1)
    if estimator == "difference":
        return flat, flat
    before = event_values(risk.cube, names, person_, start, bases, dead=dead).mean(axis=2)
    return flat, (levels - before[:, :, None]).reshape(len(rows), -1)


def _resolve(se: StandardError, group: ControlGroup) -> str:
    """Return the standard error that "auto" means for this group."""
    if se != "auto":
        return se
    return "abadie_imbens" if group.replace else "matched_set"


def _influence(
    kind: str, group: ControlGroup, comparison: Comparison, near: IntArray, changes: FloatArray
) -> Influence:
    if kind == "person":
        return person(group, comparison)
    if kind == "matched_set":
        return matched_set(group, comparison)
    return abadie_imbens(group, comparison, near, changes)


def _critical(
    matrix: FloatArray, k: int, is_base: NDArray[np.bool_], level: float, normal: FloatArray
) -> float:
    """Return the band's critical value of outcome k over its non-base years with an estimate."""
    size = len(is_base)
    columns = k * size + np.flatnonzero(~is_base)
    columns = columns[np.isfinite(np.diag(matrix)[columns])]
    return sup_t(matrix[np.ix_(columns, columns)], normal, level=level)


def _counts(
    group: ControlGroup, comparison: Comparison, names: tuple[str, ...], years: tuple[int, ...]
) -> dict[str, NDArray[np.generic]]:
    """Return the further columns of the tidy table, each of shape (KE,)."""
    cube, risk = group.risk.cube, group.risk
    start = risk.start_year[group.sets.participant]
    calendar = start[:, None] + np.asarray(years)[None, :]
    within = np.isin(calendar, cube.years[cube.year_observed]).sum(axis=0)
    person_ = risk.person[comparison.control_row]
    used, _ = np.unique(person_, return_inverse=True)
    place = np.searchsorted(used, person_)
    touched = np.zeros((len(used), comparison.load.shape[1]), dtype=bool)
    np.logical_or.at(touched, place, comparison.load > 0)
    matched_on = [_is_matched_on(group, name, e) for name in names for e in years]
    return {
        "n_participants": comparison.n,
        "n_controls": touched.sum(axis=0),
        "n_lost": np.tile(within, len(names)) - comparison.n,
        "participant_mean": comparison.mean_t,
        "control_mean": comparison.mean_c,
        "matched_on": np.array(matched_on, dtype=bool),
    }


def _is_matched_on(group: ControlGroup, outcome: str, year: int) -> bool:
    """Return whether the outcome of that year entered `on`."""
    column = RECKONED_FROM.get(outcome, outcome)
    return any(
        (isinstance(term, Lag) and term.column == column and -term.years == year)
        or (term == column and year == -1)
        for term in group.on
    )


def _require_outcomes(cube: Cube, outcomes: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the outcomes, or raise naming those that did not come along."""
    have = tuple(cube.ore)
    given = (outcomes,) if isinstance(outcomes, str) else outcomes
    names = have if given is None else tuple(dict.fromkeys(given))
    derived = {"in_work": "wage_income", "on_benefit": None}
    unknown = [n for n in names if n not in have and n not in derived]
    if unknown or not names:
        raise EffectsError(
            f"No such outcome: {', '.join(unknown) or 'none given'}",
            found=f"outcomes {', '.join([*have, *derived])}",
            do="name one of these, or bring the column along with match(outcomes=...)",
        )
    return names


def _require_window(
    group: ControlGroup, window: tuple[int, int], bases: tuple[int, ...]
) -> tuple[int, ...]:
    """Return the years since start, or raise where no start year covers them."""
    cube, start_years = group.risk.cube, group.risk.start_years
    observed = cube.years[cube.year_observed]
    first, last = int(window[0]), int(window[1])
    years = tuple(range(first, last + 1))
    seen = [e for e in years if np.isin(start_years + e, observed).any()]
    span = f"start years {start_years[0]}-{start_years[-1]}, register {observed[0]}-{observed[-1]}"
    if not seen:
        raise EffectsError(
            f"No start year covers the window {first} to {last}",
            found=span,
            do="choose a window within the register years",
        )
    for b in bases:
        gaps = start_years[~np.isin(start_years + b, observed)]
        if len(gaps):
            raise EffectsError(
                f"The base year {b} has no register rows for every start year",
                found=f"{span}; none for those who start in {', '.join(map(str, gaps))}",
                do="choose another base= or leave out those start years",
            )
    return years


def _require_options(
    group: ControlGroup,
    estimator: str,
    composition: str,
    se: str,
    cluster: str,
    dead: str,
    level: float,
) -> None:
    """Raise on an option that does not exist or does not go with the group."""
    choices = (
        ("estimator", estimator, get_args(Estimator)),
        ("composition", composition, ("available",)),
        ("se", se, get_args(StandardError)),
        ("cluster", cluster, ("person",)),
        ("dead", dead, get_args(Dead)),
    )
    for name, value, allowed in choices:
        if value not in allowed:
            raise EffectsError(
                f"event_study has no {name}={value!r}",
                found=f"{name}={value!r}",
                do="choose one of " + ", ".join(map(repr, allowed)),
            )
    if not 0 < level < 1:
        raise EffectsError("A level is between 0 and 1", found=f"{level}", do="give 0.95")
    if se == "matched_set" and group.replace:
        raise EffectsError(
            "Matched sets share controls, so they are not independent clusters",
            found="matching with replacement",
            do="use se='abadie_imbens' or 'person', or match(replace=False)",
        )
    if se == "abadie_imbens" and not group.replace:
        raise EffectsError(
            "Abadie-Imbens standard errors are for matching with replacement",
            found="matching without replacement",
            do="use se='matched_set' or 'person'",
        )
