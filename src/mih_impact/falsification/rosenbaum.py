"""Rosenbaum bounds: how unequal may the odds of starting be before the finding could be chance.

Arrays in, arrays out. A matched set is a row: the treated response first, then those of its
controls; NaN where it has no more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.nearest import runs
from mih_impact.display.locale import Label, both
from mih_impact.display.numbers import number, p_equals, percent
from mih_impact.display.unit import SHARE, AnyUnit, difference
from mih_impact.effects.check_result import SensitivityCheck
from mih_impact.effects.hidden import contributors
from mih_impact.effects.question import (
    Estimator,
    Question,
    TargetEffects,
    outcome_asked,
    read_target,
    require_choice,
    takes_question,
)
from mih_impact.effects.row_outcomes import RowOutcomes
from mih_impact.errors import EffectsError, SupportError
from mih_impact.panel.contract import label_of
from mih_impact.panel.cube import Dead

__all__ = [
    "Bounds",
    "Statistic",
    "bounds",
    "largest_gamma",
    "point_estimates",
    "rosenbaum_bounds",
    "scores",
]

FloatArray = NDArray[np.float64]

Statistic = Literal["wilcoxon", "huber", "mean"]

#: Huber's psi is flat beyond this many times the median absolute difference.
TRIM = 2.5
#: Expectations that differ by less than this share of the scores are the same.
SAME = 1e-12


@dataclass(frozen=True)
class Bounds:
    """Normal approximation to the one-sided test under the worst and the best hidden bias.

    Attributes
    ----------
    p_upper, p_lower
        Bounds of the p-value against a positive effect.
    above, below
        The statistic less its largest and its least expectation, over the standard deviation.
    """

    p_upper: float
    p_lower: float
    above: float
    below: float


def scores(y: FloatArray, statistic: Statistic, rounding: float = 0.0) -> FloatArray:
    """Return what every member of a set would add to the statistic if it were the treated one.

    Parameters
    ----------
    y
        Matched sets, shape (n, m); at least two members each, the first among them.
    statistic
        "wilcoxon": the rank of a pair's absolute difference to who is higher, for pairs only;
        differences of zero are ranked and count for nobody (Pratt 1959). "huber": the sum of
        psi((y_j - y_k) / h) over the other members k, over the members of the set, psi(x) = x / 2.5
        up to 1 and h the median absolute difference within sets (Rosenbaum 2007). "mean": the
        difference from the mean of the others, over n.
    rounding
        Differences within sets that differ by no more are the same, and those no larger are zero:
        what is equal in whole øre seldom is in doubles that were deflated and subtracted.

    Returns
    -------
    array
        Shape (n, m); the statistic is the sum of the first column.

    Raises
    ------
    EffectsError
        "huber" where more than half of the differences are zero.
    """
    if statistic == "wilcoxon":
        from scipy.stats import rankdata

        difference = _unrounded(y[:, 0] - y[:, 1], rounding)
        size = np.abs(difference)
        order, alike = np.argsort(size), np.zeros(len(size), dtype=np.int64)
        alike[runs(size[order], rounding)] = 1
        rank = np.empty(len(size))
        rank[order] = rankdata(np.cumsum(alike))
        return np.stack([rank * (difference > 0), rank * (difference < 0)], axis=1)
    difference = _unrounded(y[:, :, None] - y[:, None, :], rounding)
    difference[:, np.arange(y.shape[1]), np.arange(y.shape[1])] = np.nan
    members = np.isfinite(y).sum(axis=1)[:, None]
    if statistic == "mean":
        summed = np.nansum(difference, axis=2) / (members - 1) / len(y)
    else:
        height = TRIM * float(np.nanmedian(np.abs(difference)))
        if not height > 0:
            raise EffectsError(
                "Most differences within sets are equal, so there is no scale to measure them by",
                found=f"a median absolute difference of 0 over {len(y)} sets",
                do="use statistic='mean', or an outcome that varies",
            )
        summed = np.nansum(np.clip(difference / height, -1.0, 1.0), axis=2) / members
    return np.where(np.isfinite(y), summed, np.nan)


def _unrounded(difference: FloatArray, rounding: float) -> FloatArray:
    """Return differences, those that are only rounding as zero."""
    return np.where(np.abs(difference) <= rounding, 0.0, difference)


def bounds(score: FloatArray, gamma: float) -> Bounds:
    """Bound the p-value where the odds of treatment within a set differ by at most gamma.

    Parameters
    ----------
    score
        Of every member of every set, shape (n, m); NaN where a set has no more.
    gamma
        At least 1.

    Notes
    -----
    The worst hidden bias makes the members with the highest scores the likeliest to be treated.
    Within a set the largest expectation over all ways to part the members is taken, and the largest
    variance among those that give it; the sum over sets is referred to the normal distribution
    (Gastwirth, Krieger and Rosenbaum 2000).
    """
    statistic = score[:, 0].sum()
    high, high_variance = _largest(score, gamma)
    low, low_variance = _largest(-score, gamma)
    above = _ratio(statistic - high, high_variance)
    below = _ratio(statistic + low, low_variance)
    return Bounds(float(ndtr(-above)), float(ndtr(-below)), above, below)


def _ratio(value: float, variance: float) -> float:
    return float(value / np.sqrt(variance)) if variance > 0 else 0.0


def _largest(score: FloatArray, gamma: float) -> tuple[float, float]:
    """Return the largest expectation of the statistic, and the largest variance that goes with it.

    With the a lowest scores at odds 1 and the others at odds gamma, a member's chance to be the
    treated one is its odds over their sum.
    """
    ordered = np.sort(score, axis=1)  # NaN last
    there = np.isfinite(ordered)
    members = there.sum(axis=1)[:, None]
    value = np.where(there, ordered, 0.0)
    a = np.arange(1, score.shape[1])
    odds = np.where(a < members, a + gamma * (members - a), 1.0)
    first, square = (np.cumsum(v, axis=1)[:, :-1] for v in (value, value**2))
    total, total_square = value.sum(axis=1)[:, None], (value**2).sum(axis=1)[:, None]
    mean = (first + gamma * (total - first)) / odds
    variance = (square + gamma * (total_square - square)) / odds - mean**2
    mean[a >= members] = -np.inf
    top = mean.max(axis=1)
    equal = mean >= (top - SAME * np.abs(value).max(axis=1))[:, None]
    return float(top.sum()), float(np.where(equal, variance, 0.0).max(axis=1).sum())


def point_estimates(
    y: FloatArray, statistic: Statistic, gamma: float, rounding: float = 0.0
) -> tuple[float, float]:
    """Return the least and the largest additive effect that centres the statistic at gamma.

    Notes
    -----
    With the treated responses lowered by tau, the statistic less its largest (least) expectation
    falls in tau and is zero at the least (largest) point estimate; where it is so on an interval,
    its middle is taken. At gamma 1 with pairs and ranks that is the estimate of Hodges and Lehmann.
    """

    def centred(which: str) -> Callable[[float], float]:
        def value(tau: float) -> float:
            moved = y.copy()
            moved[:, 0] -= tau
            return float(getattr(bounds(scores(moved, statistic, rounding), gamma), which))

        return value

    difference = y[:, :1] - y[:, 1:]
    ends = float(np.nanmin(difference)), float(np.nanmax(difference))
    return _crossing(centred("above"), *ends), _crossing(centred("below"), *ends)


def _crossing(falling: Callable[[float], float], low: float, high: float) -> float:
    """Return where a falling function crosses zero, halfway where it stays there."""
    ends = []
    for edge in (SAME, -SAME):  # the last value above zero, and the first below
        least, most = low, high
        while most - least > 1e-13 * max(abs(least), abs(most), high - low):
            middle = 0.5 * (least + most)
            if middle in (least, most):
                break
            least, most = (middle, most) if falling(middle) > edge else (least, middle)
        ends.append(0.5 * (least + most))
    return 0.5 * (ends[0] + ends[1])


def largest_gamma(score: FloatArray, alpha: float) -> float:
    """Return the gamma at which the upper bound of the p-value is `alpha`; NaN if it is so at 1."""

    def excess(log_gamma: float) -> float:
        return bounds(score, float(np.exp(log_gamma))).p_upper - alpha

    if excess(0.0) > 0:
        return float("nan")
    high = 1.0
    while excess(high) <= 0:
        high *= 2.0
    return float(np.exp(brentq(excess, 0.0, high, xtol=1e-12)))


#: Doubles round to a 1e-16 of themselves; a difference of this share of the largest is none.
ROUNDING = 1e-11

Alternative = Literal["greater", "less"]

_TITLE = Label(
    nb="Rosenbaum-grenser, {outcome}, år {year}", en="Rosenbaum bounds, {outcome}, year {year}"
)
_HOLDS = Label(
    nb="Funnet tåler skjult seleksjon opp til Γ = {gamma}: også om den ene i et matchet sett hadde "
    "hatt {gamma} ganger så høye odds for å starte som den andre, ville p vært høyst {alpha} "
    "({sets} sett). Uten skjult seleksjon er p {p} og effekten {estimate}.",
    en="The finding withstands hidden selection up to Γ = {gamma}: even if one member of a matched "
    "set had {gamma} times the odds of starting that another had, p would be at most {alpha} "
    "({sets} sets). Without hidden selection p {p} and the effect {estimate}.",
)
_FAILS = Label(
    nb="Selv uten skjult seleksjon er p {p}, over {alpha} ({sets} sett); effekten er {estimate}.",
    en="Even without hidden selection p {p}, above {alpha} ({sets} sets); the effect is "
    "{estimate}.",
)
_SHOWS = {
    "gamma": (Label(nb="Γ", en="Γ"), "ratio"),
    "p_lower": (Label(nb="p, minst", en="p, at least"), "p"),
    "p_upper": (Label(nb="p, høyst", en="p, at most"), "p"),
    "estimate_low": (Label(nb="Effekt, minst", en="Effect, at least"), "amount"),
    "estimate_high": (Label(nb="Effekt, høyst", en="Effect, at most"), "amount"),
}


# More than ten parameters: single options stand beside the question they can go as.
@named_options
@takes_question("se", "level")
def rosenbaum_bounds(
    group: ControlGroup,
    *,
    question: Question | None = None,
    outcome: str | None = None,
    year: int = 3,
    gamma: float | Sequence[float] = (1.0, 1.25, 1.5, 2.0, 3.0),
    statistic: Literal["auto", "wilcoxon", "huber", "mean"] = "auto",
    alternative: Alternative = "greater",
    estimator: Estimator = "did",
    base: int | Sequence[int] = -1,
    dead: Dead = "zero",
    alpha: float = 0.05,
) -> SensitivityCheck:
    """Say how far the odds of starting may differ within a matched set before the finding fails.

    Parameters
    ----------
    group
        Matched sets in which nobody stands twice: `match(replace=False)`.
    question
        In place of `outcome`, `year`, `estimator`, `base` and `dead`; its standard error and level
        are not used.
    outcome
        The outcome; by default wage income, or the first where there is none.
    year
        The year since start.
    gamma
        Ratios of odds to tabulate, from 1.
    statistic
        "wilcoxon": signed ranks, for one control each. "huber": Huber's M-statistic, for any number
        of controls. "mean": the mean difference itself. "auto" takes the last for
        shares, else the first where every set compared has one control, else the second.
    alternative
        "greater": the effect is positive. "less": it is negative. Tests are one-sided.
    estimator, base, dead
        What is compared, as in `event_study`: changes from the base year, or levels.
    alpha
        Probability of a false alarm.

    Returns
    -------
    SensitivityCheck
        A row per gamma: `gamma, statistic, p_lower, p_upper, estimate_low, estimate_high,
        largest_gamma, n_sets, n_lost`. `largest_gamma` is the gamma at which `p_upper` reaches
        `alpha`, NaN where it is above it at 1. `n_lost` counts matched participants who are not
        compared: they, or all their controls, are not seen. `passed` is None: how much hidden bias
        is plausible is a judgement.

    Raises
    ------
    SupportError
        Controls are used again, shared by cells, or weighted: the sets are not independent, and the
        theory says nothing of them.
    OptionError
        An unknown outcome or option, a gamma below 1, a question beside an option that is part of
        it, or with one that is not the call's.
    EffectsError
        A year without estimate, "wilcoxon" with more than one control, or "huber" where most
        differences are zero.

    Notes
    -----
    Sensitivity model: two persons of a matched set differ in their odds of being the one who starts
    by at most gamma, because of something unobserved. p-values are those of an effect of zero for
    everybody, bounded as `rosenbaum.bounds` says; the estimates are of an additive effect. A person
    whose change is not seen is left out of its set, as in `event_study`.

    Differences that are equal to a hundred-billionth of the largest amount are equal: doubles that
    were deflated and subtracted round otherwise in kroner than in øre. Differences of zero keep
    their rank and count for nobody (Pratt 1959), so that no pair is dropped; R's rbounds leaves
    them out before ranking.

    References
    ----------
    Rosenbaum (2002), Observational Studies, 2nd ed., chapter 4. Rosenbaum (2007), Sensitivity
    analysis for m-estimates, tests, and confidence intervals in matched observational studies,
    Biometrics 63(2). Gastwirth, Krieger and Rosenbaum (2000), Asymptotic separability in
    sensitivity analysis, JRSS B 62(3).

    Examples
    --------
    >>> import mih_impact as mih
    >>> panel = mih.example_panel()
    >>> group = mih.match(panel, exact=["county"], on=["age"], ratio=1, replace=False)
    >>> found = mih.rosenbaum_bounds(group, year=3, gamma=[1, 2])
    >>> found.table["gamma"].tolist(), bool(found.table["p_upper"].is_monotonic_increasing)
    ([1.0, 2.0], True)
    """
    del question  # it has come as the single options
    year = arguments.whole("year", year)
    outcome = arguments.name("outcome", outcome_asked(group, outcome))
    arguments.alpha(alpha)
    target = read_target(
        group, outcome, estimator, base, (year, year), "available", dead, call="rosenbaum_bounds"
    )
    _require_sets(group)
    require_choice("alternative", alternative, get_args(Alternative), call="rosenbaum_bounds")
    gammas = _require_gammas(gamma)
    y, rounding = _matched_sets(group, target)
    if not len(y):
        raise EffectsError(
            f"Nobody is compared in year {year}",
            found="no set in which both a participant and a control have an outcome",
            do="choose another year, or bring later register years",
        )
    unit = group.risk.cube.unit_of(outcome)
    kind = _resolve(statistic, y, unit)
    sign = 1.0 if alternative == "greater" else -1.0
    score = scores(sign * y, kind, rounding)
    most = largest_gamma(score, alpha)
    rows = []
    for g in gammas:
        found = bounds(score, g)
        ends = [sign * end for end in point_estimates(sign * y, kind, g, rounding)]
        rows.append((g, kind, found.p_lower, found.p_upper, min(ends), max(ends)))
    names = ["gamma", "statistic", "p_lower", "p_upper", "estimate_low", "estimate_high"]
    lost = group.n_participants - len(y)
    table = pd.DataFrame(rows, columns=names).assign(
        largest_gamma=most, n_sets=len(y), n_lost=lost, persons=len(y)
    )
    plain = bounds(score, 1.0).p_upper, sign * point_estimates(sign * y, kind, 1.0, rounding)[0]
    title = _TITLE.format(outcome=label_of(outcome), year=number(year))
    compared = RowOutcomes.of(group, target, "person").compared()
    return SensitivityCheck(
        contributors=np.repeat(contributors(compared.giving), len(table)),
        name="rosenbaum_bounds",
        passed=None,
        table=table,
        sentence=both(lambda: _sentence(most, *plain, len(y), alpha, unit)).texts(),
        title=title.texts(),
        provenance=group.provenance.then(
            "rosenbaum_bounds",
            {
                "match": group.provenance.options,
                "outcome": outcome,
                "year": year,
                "gamma": gammas,
                "statistic": kind,
                "alternative": alternative,
                "estimator": estimator,
                "base": list(target.bases),
                "dead": dead,
                "alpha": alpha,
            },
        ),
        keys=("gamma", "statistic"),
        shows=_SHOWS,
        words={},
        unit=unit,
        card_rows=tuple(range(len(table))),
        persons=float(len(y)),
    )


def _matched_sets(group: ControlGroup, target: TargetEffects) -> tuple[FloatArray, float]:
    """Return changes by set, the participant first, and what in their differences is rounding.

    Only sets with both sides seen.
    """
    sets, n = group.sets, group.n_participants
    rows = np.concatenate([sets.participant, sets.control])
    level, change = (values[:, 0] for values in target.levels_and_changes(group, rows))
    own, control = change[:n], change[n:]
    known = np.isfinite(change)
    largest = max(np.abs(x[known]).max(initial=0.0) for x in (level, change))
    place = np.arange(len(sets.member)) - np.searchsorted(sets.member, sets.member)
    y = np.full((len(own), int(place.max()) + 2), np.nan)
    y[:, 0] = own
    of_set = np.empty(len(sets.size), dtype=np.int64)
    of_set[sets.set_of] = np.arange(len(own))
    y[of_set[sets.member], place + 1] = control
    seen = np.isfinite(y)
    y = y[seen[:, 0] & seen[:, 1:].any(axis=1)]
    y[:, 1:] = np.sort(y[:, 1:], axis=1)  # NaN last: a set's order says nothing
    return np.asarray(y[:, np.isfinite(y).any(axis=0)]), ROUNDING * float(largest)


def _resolve(statistic: str, y: FloatArray, unit: AnyUnit) -> Statistic:
    """Return the statistic that is asked for and can be reckoned."""
    allowed = ("auto", *get_args(Statistic))
    require_choice("statistic", statistic, allowed, call="rosenbaum_bounds")
    pairs = y.shape[1] == 2
    if statistic == "auto" and str(unit) == SHARE:
        return "mean"
    if statistic == "auto":
        return "wilcoxon" if pairs else "huber"
    if statistic == "wilcoxon" and not pairs:
        raise EffectsError(
            "Signed ranks are for one control each",
            found=f"up to {y.shape[1] - 1} controls",
            do="use statistic='huber', or mih.match(panel, ratio=1, replace=False, ...)",
        )
    return statistic  # type: ignore[return-value]


def _require_sets(group: ControlGroup) -> None:
    """Raise where a person stands in two sets, or a set has no participant of its own."""
    sets = group.sets
    who = group.risk.person[np.concatenate([sets.participant, sets.control])]
    again = len(who) - len(np.unique(who))
    if group.model is not None or group.replace or again or (sets.size > 1).any():
        shared = "weights" if group.model is not None else f"method={group.method!r}"
        raise SupportError(
            "Rosenbaum bounds are for matched sets in which nobody appears twice",
            found=f"{shared}, replace={group.replace}, {again} persons used again",
            do="choose controls with mih.match(panel, replace=False, scope='global', ...)",
        )


def _require_gammas(gamma: float | Sequence[float]) -> list[float]:
    """Return the gammas, ascending, or raise on one below 1."""
    what = "A gamma is a ratio of odds from 1"
    return arguments.numbers("gamma", gamma, what, example="(1, 1.5, 2)", low=1)


def _sentence(
    most: float, p: float, estimate: float, sets: int, alpha: float, unit: AnyUnit
) -> str:
    label = _HOLDS if most == most else _FAILS
    return label.format(
        gamma=number(np.floor(most * 100) / 100, 2) if most == most else "",
        p=p_equals(p),
        alpha=percent(alpha),
        sets=number(sets),
        estimate=difference(unit)(estimate),
    ).text()
