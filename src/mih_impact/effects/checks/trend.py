"""Tests of the years before start, as functions of the slope of a trend that is really there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtri

from mih_impact.effects.checks.leads import tested_leads, uncertain_years
from mih_impact.effects.checks.normal_box import normal_in_box
from mih_impact.effects.taken import require_estimated
from mih_impact.errors import EffectsError

if TYPE_CHECKING:
    from mih_impact.effects.series import EffectSeries

__all__ = ["PretrendTest", "Question", "any_lead", "wald"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PretrendTest:
    """A pre-trend test: its power, and the mean of the leads where it does not reject."""

    name: str
    power: Callable[[float], float]
    mean_if_passed: Callable[[float], FloatArray]

    def slope(self, target: float, unit: float) -> float:
        """Return the slope found with a probability of `target`; `unit` is the search's scale."""
        if self.power(0.0) >= target:  # leads one by one raise more false alarms than `alpha`
            return 0.0
        high = unit
        while self.power(high) < target:
            high *= 2.0
        return float(brentq(lambda x: self.power(x) - target, 0.0, high, xtol=1e-10 * unit))


@dataclass(frozen=True, eq=False)
class Question:
    """The L tested years, then the years after start, with their covariance."""

    years: NDArray[np.int64]
    L: int
    base: float
    estimate: FloatArray
    covariance: FloatArray

    @classmethod
    def of(cls, effects: EffectSeries, outcome: str) -> Question:
        """Read the years the pre-trend test tests, and every year after start with an estimate."""
        require_estimated("The power of the pre-trend test needs", effects, outcome)
        leads = [int(t) for t in tested_leads(effects, outcome)["year_since_start"]]
        year = uncertain_years(effects, outcome)["year_since_start"]
        years = [*leads, *(int(t) for t in year[year >= 0])]
        beta, covariance = effects.select([outcome], years)
        assert covariance is not None
        V = covariance[: len(leads), : len(leads)]
        sd = np.sqrt(np.diag(V))
        if leads and (not (sd > 0).all() or np.linalg.eigvalsh(V / np.outer(sd, sd))[0] < 1e-10):
            raise EffectsError(
                "Some combination of the years before start is without uncertainty",
                found=f"a singular covariance of years {', '.join(map(str, leads))}",
                do="leave out years that repeat others, or have more persons behind them",
            )
        return cls(
            np.array(years, dtype=np.int64),
            len(leads),
            _base(effects, outcome),
            beta[0],
            covariance,
        )

    @property
    def V(self) -> FloatArray:  # noqa: N802, as in the paper
        """The covariance of the leads, shape (L, L)."""
        return self.covariance[: self.L, : self.L]

    @property
    def distance(self) -> FloatArray:
        """Years from the base to each lead, shape (L,)."""
        return np.asarray(self.years[: self.L] - self.base, dtype=np.float64)

    @property
    def information(self) -> float:
        """Lambda of a slope of one."""
        return float(self.distance @ np.linalg.solve(self.V, self.distance))

    def biases(self, test: PretrendTest, slope: float) -> tuple[FloatArray, FloatArray]:
        """Return the bias of every year, and its mean where the test does not reject."""
        bias = np.asarray(slope * (self.years - self.base), dtype=np.float64)
        moved = test.mean_if_passed(slope) - bias[: self.L]
        return bias, bias + self.covariance[:, : self.L] @ np.linalg.solve(self.V, moved)


def wald(question: Question, alpha: float) -> PretrendTest:
    """Return the joint test of all leads."""
    from scipy.stats import chi2, ncx2

    L, u, information = question.L, question.distance, question.information
    limit = float(chi2.isf(alpha, L))

    def power(slope: float) -> float:
        return float(ncx2.sf(limit, L, slope**2 * information))

    def mean_if_passed(slope: float) -> FloatArray:
        shift = slope**2 * information
        ratio = ncx2.cdf(limit, L + 2, shift) / ncx2.cdf(limit, L, shift)
        return np.asarray(slope * u * ratio)

    return PretrendTest("wald", power, mean_if_passed)


def any_lead(question: Question, alpha: float) -> PretrendTest:
    """Return the test that rejects where a single lead is significant."""
    width = float(ndtri(1.0 - alpha / 2)) * np.sqrt(np.diag(question.V))

    def inside(slope: float) -> tuple[float, FloatArray]:
        return normal_in_box(slope * question.distance, question.V, width)

    return PretrendTest(
        "any_lead", lambda slope: 1.0 - inside(slope)[0], lambda slope: inside(slope)[1]
    )


def _base(effects: EffectSeries, outcome: str) -> float:
    """Return the mean of the base years; of a frame, the one year that is zero without error."""
    if effects.base:
        return float(np.mean(effects.base))
    k, size = effects.outcomes.index(outcome), len(effects.levels)
    assert effects.matrix is not None
    variance = np.diag(effects.matrix)[k * size : (k + 1) * size]
    zero = [
        year
        for year, value, v in zip(effects.levels, effects.estimate[k], variance, strict=True)
        if value == 0.0 and v == 0.0
    ]
    if len(zero) != 1:
        raise EffectsError(
            "A trend is measured from a base year, and these effects have none",
            found=f"{len(zero)} years with estimate 0 and no variance",
            do="estimate with base=-1 (and a universal base period); a frame needs a row of the "
            "base year that is zero",
        )
    return float(zero[0])
