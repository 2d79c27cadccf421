"""What is bounded: a weighted sum of years after start, by the leads that tell of its bias."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.effects.estimates import fewest_persons, require_estimated
from mih_impact.errors import EffectsError, OptionError

if TYPE_CHECKING:
    from mih_impact.effects.series import EffectSeries

__all__ = ["Target", "read_target"]

_OWN_BASE = (
    'event_study(base=-1), group_time_effects(base_period="universal"); a frame needs a row of '
    "year -1 that is zero, without variance"
)

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Target:
    """A weighted sum theta = l'tau of effects after start, and the estimates it is bounded from.

    A coefficient of year t is beta_t = tau_t + delta_t: the effect (zero before start) and the
    deviation from parallel trends, which is zero in year -1 by normalisation. Matched years before
    start are made small by the matching and say nothing of delta: they are not among `leads`, and
    their deviations are free.

    Where participants may respond ahead of start, the effect begins so many years earlier, and so
    does `post`: all years are then counted from the year after the base, which is -1 as always.

    Attributes
    ----------
    leads
        The L unmatched years before start with an estimate, ascending, all below -1.
    post
        The years 0, 1, ..., T - 1.
    weights
        The weights l, shape (T,).
    beta
        Estimates of the leads and then of `post`, shape (L + T,).
    covariance
        Their covariance, shape (L + T, L + T).
    pairs
        Last years s of the consecutive unmatched pairs (s - 1, s) before start.
    matched
        The years before start whose outcome entered the matching.
    persons
        The fewest persons behind a lead or a weighted year, on either side; NaN where not known.
    anticipation
        Years before start in which participants may already respond.
    """

    leads: NDArray[np.int64]
    post: NDArray[np.int64]
    weights: FloatArray
    beta: FloatArray
    covariance: FloatArray
    pairs: tuple[int, ...]
    matched: tuple[int, ...] = ()
    persons: float = float("nan")
    anticipation: int = 0

    @property
    def along(self) -> FloatArray:
        """The row that makes the estimate out of `beta`, shape (L + T,)."""
        return np.concatenate([np.zeros(len(self.leads)), self.weights])

    @property
    def estimate(self) -> float:
        """The estimate under parallel trends."""
        return float(self.along @ self.beta)

    @property
    def std_error(self) -> float:
        """Its standard error."""
        return float(np.sqrt(self.along @ self.covariance @ self.along))

    def since_start(self, years: Iterable[int]) -> list[int]:
        """Return years as years since start."""
        return [int(year) - self.anticipation for year in years]

    def change(self, year: int) -> FloatArray:
        """Return the row that makes beta_year - beta_(year - 1) out of `beta`, shape (L + T,)."""
        years = np.concatenate([self.leads, self.post])
        return np.asarray((years == year).astype(np.float64) - (years == year - 1))


def read_target(
    effects: EffectSeries,
    outcome: str,
    years: int | Iterable[int] | None,
    weights: Mapping[int, float] | None,
) -> Target:
    """Read the target and its leads from a series, and check what the method requires.

    Raises
    ------
    EffectsError
        No covariance, another base than the single year before any effect, a gap after it, weights
        that are not a combination of years after start, or a target without uncertainty.
    """
    require_estimated("Honest bounds need", effects, outcome)
    _check_base(effects, outcome)
    ahead = effects.anticipation
    row = effects.estimate[effects.outcomes.index(outcome)]
    seen = {year for year, value in zip(effects.event_years, row, strict=True) if value == value}
    post: list[int] = []
    while len(post) - ahead in seen:
        post.append(len(post) - ahead)
    wanted = _weights(years, weights, [year for year in post if year >= 0])
    rows = effects.frame[
        (effects.frame["outcome"] == outcome) & (effects.frame["subgroup"] == effects.subgroups[0])
    ]
    matched = {int(year) for year in rows.loc[rows["matched_on"], "year_since_start"]}
    base = -1 - ahead
    leads = sorted(year for year in seen - matched if year < base)
    beta, covariance = effects.select([outcome], [*leads, *post])
    assert covariance is not None
    informative = {*leads} | ({base} - matched)
    target = Target(
        leads=np.array(leads, dtype=np.int64) + ahead,
        post=np.array(post, dtype=np.int64) + ahead,
        weights=np.array([wanted.get(year, 0.0) for year in post]),
        beta=beta[0],
        covariance=covariance,
        pairs=tuple(s + ahead for s in sorted(informative) if s - 1 in informative),
        matched=tuple(sorted(year + ahead for year in matched if year <= base)),
        persons=fewest_persons(effects, outcome, [*leads, *(y for y, w in wanted.items() if w)]),
        anticipation=ahead,
    )
    _check_uncertainty(target)
    return target


def _check_uncertainty(target: Target) -> None:
    """Refuse leads and a target of which some combination would be known without error."""
    rows = np.vstack([np.eye(len(target.leads), len(target.beta)), target.along])
    spread = rows @ target.covariance @ rows.T
    sd = np.sqrt(np.maximum(np.diag(spread), 0.0))
    certain = not (sd > 0.0).all()
    if certain or np.linalg.eigvalsh(spread / np.outer(sd, sd))[0] < 1e-10:
        raise EffectsError(
            "Some combination of the years before start and the effect is without uncertainty",
            found=f"{len(rows)} estimates, {int((sd == 0.0).sum())} of them without a standard "
            "error; their covariance is singular",
            do="leave out years that repeat others, or have more persons behind them",
        )


def _check_base(effects: EffectSeries, outcome: str) -> None:
    """Refuse anything but coefficients relative to the last year before any effect.

    That its deviation is zero is what ties delta.
    """
    k, base = effects.outcomes.index(outcome), -1 - effects.anticipation
    zero = False
    if base in effects.event_years and effects.matrix is not None:
        e = effects.event_years.index(base)
        at = k * len(effects.event_years) + e
        zero = effects.estimate[k, e] == 0.0 and not np.nan_to_num(effects.matrix[at]).any()
    if effects.base not in ((base,), ()) or not zero:
        years = ", ".join(map(str, effects.base)) or "none stated"
        event = "anybody can respond" if effects.anticipation else "start"
        raise EffectsError(
            f"Honest bounds need every effect relative to the single year before {event}, {base}",
            found=f"base years {years}; year {base} is {'' if zero else 'not '}zero with no "
            "variance",
            do=_OWN_BASE,
        )


def _weights(
    years: int | Iterable[int] | None, weights: Mapping[int, float] | None, post: list[int]
) -> dict[int, float]:
    """Return the weight of each year; without a wish, the average over the years after start."""
    if years is not None and weights is not None:
        raise OptionError(
            "Years and weights both say which effect is bounded",
            found="years= and weights=",
            do="give one of them; weights={year: weight} is the general one",
        )
    if weights is not None:
        arguments.mapping("weights", weights, "{2: 0.5, 3: 0.5}")
        whole = partial(arguments.whole, "A year in weights")
        wanted = {whole(year): weight for year, weight in weights.items()}
    else:
        chosen = post if years is None else arguments.years("years", years)
        arguments.unrepeated("years", chosen)
        wanted = {year: 1.0 / len(chosen) for year in chosen}
    outside = sorted(set(wanted) - set(post))
    finite = all(map(arguments.is_number, wanted.values()))
    if outside or not post or not any(wanted.values()) or not finite:
        last = f"0 to {post[-1]}" if post else "none"
        raise EffectsError(
            "The effect to bound must be a weighted sum of years after start, without a gap",
            found=f"consecutive years with an estimate: {last}; asked for "
            f"{', '.join(map(str, sorted(wanted))) or 'none'}",
            do=f"leave out {', '.join(map(str, outside))}" if outside else "give a finite weight",
        )
    return wanted
