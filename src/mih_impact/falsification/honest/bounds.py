"""honest_bounds: how wrong may parallel trends be before the effect cannot be told from zero."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, get_args

import pandas as pd
from scipy.optimize import brentq
from scipy.special import ndtri

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.display.result import Provenance
from mih_impact.effects.question import outcome_asked
from mih_impact.effects.series import require_effects
from mih_impact.errors import EffectsError
from mih_impact.falsification.honest import relative, smoothness
from mih_impact.falsification.honest.result import HonestBounds, sentence, title
from mih_impact.falsification.honest.target import Target, read_target

if TYPE_CHECKING:
    from mih_impact.effects.series import EffectSeries

__all__ = ["Restriction", "breakdown_value", "honest_bounds"]


def breakdown_value(ends: Callable[[float], tuple[float, float]], *, start: float) -> float:
    """Return the least M at which an interval that excludes zero at M = 0 includes it.

    Parameters
    ----------
    ends
        The interval for a given M.
    start
        Where the search begins; M is doubled from there until zero is included, and the crossing is
        then found by Brent's method. Intervals need not be nested, and a shorter return to zero
        than a doubling can see is not looked for.

    Returns
    -------
    float
        NaN where zero is included already at M = 0.

    Examples
    --------
    >>> round(breakdown_value(lambda M: (3.0 - M, 3.0 + M), start=0.1), 6)
    3.0
    """
    low, high = ends(0.0)
    if low <= 0.0 <= high:
        return float("nan")
    above = low > 0.0

    def margin(M: float) -> float:
        low, high = ends(M)
        return low if above else -high

    inside, outside = 0.0, start
    while margin(outside) > 0.0:
        inside, outside = outside, 2.0 * outside
    return float(brentq(margin, inside, outside, xtol=1e-10 * outside, rtol=1e-10))


Restriction = Literal["smoothness", "relative_magnitudes"]
_RELATIVE = (0.0, 0.5, 1.0, 1.5, 2.0)
#: The largest M: in standard errors of the effect, or times the largest change before start.
_MOST = 1e6
_METHOD = {"smoothness": "FLCI", "relative_magnitudes": "C-LF"}


@named_options
def honest_bounds(
    effects: EffectSeries,
    *,
    outcome: str | None = None,
    restriction: Restriction = "smoothness",
    years: int | Iterable[int] | None = None,
    weights: Mapping[int, float] | None = None,
    M: float | Sequence[float] | None = None,
    level: float = 0.95,
) -> HonestBounds:
    """Bound an effect when participants and controls need not have moved in parallel.

    Parameters
    ----------
    effects
        Effects relative to the single year -1, with their covariance; with anticipation relative
        to the year before any response. Years before start whose outcome entered the matching say
        nothing of the trend: their deviations are free.
    outcome
        The outcome; by default wage income, or the first where there is none.
    restriction
        What ties the years after start to those before. "smoothness": the slope of the deviation
        from parallel trends changes by at most `M` from one year to the next.
        "relative_magnitudes": after start it changes from one year to the next by at most `M` times
        the largest such change before start.
    years
        The year or years after start whose average effect is bounded; all those seen, if None.
    weights
        Any weighted sum of years after start instead, as {year: weight}.
    M
        The restrictions to tabulate, a number or several, in the unit of the outcome for
        smoothness; None chooses 0 to 2 for relative magnitudes, and for smoothness round steps to
        about twice the breakdown value.
    level
        Coverage of the intervals.

    Returns
    -------
    HonestBounds
        Its table has the interval under parallel trends and one for each M, its `breakdown` is the
        least M at which the interval includes zero.

    Raises
    ------
    OptionError
        An unknown outcome or restriction, or an M that is not a number from 0.
    EffectsError
        No covariance, another base, years without an estimate, or too few unmatched years before
        start.

    Notes
    -----
    Rambachan and Roth (2023). Smoothness: the optimal fixed-length interval (their section 4.1).
    Relative magnitudes: the conditional test of Andrews, Roth and Pakes (2023) with a
    least-favourable first stage of a tenth of its size, inverted for every pair of years that may
    hold the largest change before start, and its sign; the union is reported as one interval, its
    hull. The largest change before start is thus estimated, not taken as known. Nothing is random.
    With anticipation "after start" begins with the first year in which participants may respond.
    The identified bounds are those that the estimates imply as they stand; they are missing where
    the estimates before start themselves bend by more than M.

    References
    ----------
    Rambachan, A. and J. Roth (2023), A More Credible Approach to Parallel Trends, Review of
    Economic Studies 90(5). Andrews, I., J. Roth and A. Pakes (2023), Inference for Linear
    Conditional Moment Inequalities, Review of Economic Studies 90(6).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from mih_impact import EffectSeries, honest_bounds
    >>> years = [-3, -2, -1, 0, 1]
    >>> frame = pd.DataFrame(
    ...     {
    ...         "outcome": "wage_income",
    ...         "year_since_start": years,
    ...         "estimate": [2_000.0, -3_000.0, 0.0, 40_000.0, 60_000.0],
    ...     }
    ... )
    >>> spread = np.diag([1.0, 1.0, 0.0, 1.0, 1.0]) * 4_000.0**2
    >>> effects = EffectSeries.from_frame(frame, covariance=spread, price_year=2024)
    >>> bounds = honest_bounds(effects, restriction="relative_magnitudes", years=1, M=[0, 1])
    >>> bounds.to_frame()[["lower", "upper"]].round(-1).to_numpy()
    array([[52160., 67840.],
           [52160., 67840.],
           [30000., 90000.]])
    >>> round(bounds.breakdown, 2)
    2.07
    """
    require_effects("honest_bounds", effects)
    outcome = arguments.name("outcome", outcome_asked(effects, outcome))
    target = read_target(effects, outcome, years, weights)
    ends, identified, start = _method(target, restriction, level)
    breakdown = breakdown_value(ends, start=start)
    grid = _grid(M, restriction, breakdown, target)
    unit = effects.units[outcome]
    return HonestBounds(
        contributors=None,  # `persons` tells whether they are hidden
        name="honest_bounds",
        passed=None,
        table=_table(target, grid, ends, identified, level=level, method=_METHOD[restriction]),
        sentence=sentence(
            restriction,
            unit,
            breakdown,
            matched=target.since_start(target.matched),
            anticipation=target.anticipation,
        ),
        title=title(outcome, target.since_start(target.post), target.weights.tolist()),
        provenance=_provenance(effects, outcome, restriction, target, grid, level),
        outcome=outcome,
        restriction=restriction,
        unit=unit,
        price_year=effects.price_year,
        level=level,
        breakdown=breakdown,
        persons=target.persons,
    )


_Ends = Callable[[float], tuple[float, float]]


def _method(target: Target, restriction: str, level: float) -> tuple[_Ends, _Ends, float]:
    """Return the interval and the identified bounds by M, and where to look for the breakdown."""
    arguments.level(level)
    arguments.choice("honest_bounds", "restriction", restriction, get_args(Restriction))
    if restriction == "smoothness":
        smoothness.check_leads(target)
        frontier = smoothness.Frontier.of(target)
        return (
            lambda M: smoothness.interval(target, M, level=level, frontier=frontier),
            lambda M: smoothness.identified(target, M),
            target.std_error / 256.0,
        )
    relative.check_pairs(target)
    return (
        lambda M: relative.interval(target, M, level=level),
        lambda M: relative.identified(target, M),
        1.0 / 16.0,
    )


def _grid(
    M: float | Sequence[float] | None, restriction: str, breakdown: float, target: Target
) -> list[float]:
    """Return the M to tabulate, ascending."""
    if M is None:
        if restriction == "relative_magnitudes":
            return list(_RELATIVE)
        step = _round(breakdown / 2.0 if breakdown == breakdown else target.std_error / 4.0)
        return [k * step for k in range(5)]
    what = "M says how far from parallel trends may be, and is a number from 0, or several"
    grid = arguments.numbers("M", M, what, example="[0, 1, 2]", low=0)
    unit = target.std_error if restriction == "smoothness" else 1.0
    if grid[-1] > _MOST * unit:
        raise EffectsError(
            "M is so large that the bounds say nothing, and cannot be reckoned",
            found=f"M={grid[-1]:g}; the largest that is reckoned is {_MOST * unit:g}",
            do="give M=None for values that go with the estimates",
        )
    return grid


def _round(x: float) -> float:
    """Return x to one of 1, 2, 2.5 and 5 times a power of ten, the nearest by ratio.

    Examples
    --------
    >>> [_round(x) for x in (4_300.0, 0.012, 140.0)]
    [5000.0, 0.01, 100.0]
    """
    power = 10.0 ** math.floor(math.log10(x))
    return float(
        min((1.0, 2.0, 2.5, 5.0, 10.0), key=lambda k: abs(math.log(k * power / x))) * power
    )


def _table(
    target: Target,
    grid: Sequence[float],
    ends: _Ends,
    identified: _Ends,
    *,
    level: float,
    method: str,
) -> pd.DataFrame:
    """Return a row for the interval under parallel trends, and one for each M."""
    half = float(ndtri(0.5 + level / 2.0)) * target.std_error
    point = target.estimate
    rows = [(math.nan, point - half, point + half, point, point, "original")]
    rows += [(m, *ends(m), *identified(m), method) for m in grid]
    names = ["M", "lower", "upper", "identified_lower", "identified_upper", "method"]
    return pd.DataFrame(rows, columns=names)


def _provenance(
    effects: EffectSeries,
    outcome: str,
    restriction: str,
    target: Target,
    grid: Sequence[float],
    level: float,
) -> Provenance:
    return effects.provenance.then(
        "honest_bounds",
        {
            "outcome": outcome,
            "restriction": restriction,
            "weights": dict(
                zip(target.since_start(target.post), target.weights.tolist(), strict=True)
            ),
            "leads": target.since_start(target.leads),
            "M": list(grid),
            "level": level,
        },
    )
