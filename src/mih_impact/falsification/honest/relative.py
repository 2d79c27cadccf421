"""Relative magnitudes: no change after start exceeds M times the largest one before it.

Under relative magnitudes with a given largest change v before start, theta = l'tau is possible
when some effects tau with l'tau = theta keep every change after start within M v of zero. The test
asks for the least eta such that the moment inequalities, each in units of its standard deviation,
hold up to eta. By duality eta is the largest of the vertices of

    {gamma >= 0 : gamma'X = 0, gamma'sd = 1},

X being the directions in which tau can move without moving theta. Here they can be written down.
With w_t = sum of l_u over u >= t, a dual vector must put c w_t more on the upper than on the lower
bound of year t's change, so the vertices are: all of w on one side, all of it on the other, and
equal weights on the two bounds of one year. Their values are

    (theta_hat - theta - M K v) / c_1,  (theta - theta_hat - M K v) / c_2,  -2 M v / c_t,

K = sum |w_t|: a maximum of linear functions of two normal variables, theta_hat and v. So there is
no linear programme to solve, and the least-favourable critical value is an integral in one
dimension instead of a simulation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr, ndtri

from mih_impact.errors import EffectsError
from mih_impact.falsification.honest.target import Target

__all__ = ["Inequalities", "accepts", "check_pairs", "identified", "inequalities", "interval"]

FloatArray = NDArray[np.float64]

_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(96)
_ROUNDING = 1e-13
_TAIL = 9.0  # standard deviations that hold all the mass there is in double precision


@dataclass(frozen=True, eq=False)
class Inequalities:
    """The moment inequalities of several sets of deviations at once, one row a set.

    Attributes
    ----------
    vertices
        Coefficients of the four vertices on (theta_hat - theta, v), shape (C, 4, 2); of the
        vertices of single years only the two extreme ones can matter.
    estimate
        theta_hat, the same in every row, and v, shape (C, 2).
    covariance
        Covariance of the two, shape (C, 2, 2).
    first_stage
        Size of the first stage (kappa), a tenth of the test's in Rambachan and Roth.
    critical
        Its critical value, shape (C,).
    """

    vertices: FloatArray
    estimate: FloatArray
    covariance: FloatArray
    first_stage: float
    critical: FloatArray

    @classmethod
    def of(
        cls,
        vertices: FloatArray,
        estimate: FloatArray,
        covariance: FloatArray,
        *,
        first_stage: float,
    ) -> Inequalities:
        """Return the inequalities with their least-favourable critical values."""
        critical = _least_favourable(vertices, covariance, 1.0 - first_stage)
        return cls(vertices, estimate, covariance, first_stage, critical)

    def reach(self) -> tuple[float, float]:
        """Return an interval outside which the first stage rejects every theta in every set."""
        one, other = self.vertices[:, 0], self.vertices[:, 1]
        theta, v = self.estimate.T
        low = theta - (self.critical - one[:, 1] * v) / one[:, 0]
        high = theta - (self.critical - other[:, 1] * v) / other[:, 0]
        return float(low.min()), float(high.max())


def accepts(moments: Inequalities, theta: FloatArray, *, size: float) -> NDArray[np.bool_]:
    """Tell which values of theta, shape (n,), some set does not reject in a test of `size`."""
    # Vertices go before theta, (C, 4, n): the largest of four is then read along long rows.
    along, beside = moments.vertices[:, :, :1], moments.vertices[:, :, 1:]
    gap = moments.estimate[:, :1] - theta
    value = along * gap[:, None] + beside * moments.estimate[:, 1, None, None]
    best, eta = value.argmax(axis=1), value.max(axis=1)
    spread = moments.vertices @ moments.covariance @ moments.vertices.transpose(0, 2, 1)
    each = np.arange(len(spread))[:, None]
    variance = spread[each, best, best]
    second = (size - moments.first_stage) / (1.0 - moments.first_stage)
    doubted = (eta > 0.0) & (variance > 0.0)
    safe = np.where(doubted, variance, 1.0)
    slope = spread.transpose(1, 0, 2)[:, each, best].swapaxes(0, 1) / safe[:, None]
    low, high = _truncation(value, eta, slope)
    cap = np.minimum(high, moments.critical[:, None])
    deviation = np.sqrt(safe)
    p = _upper_share(eta / deviation, low / deviation, cap / deviation)
    rejected = (eta > moments.critical[:, None]) | (doubted & (p < second))
    return np.asarray((~rejected).any(axis=0))


def _truncation(
    value: FloatArray, eta: FloatArray, slope: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return between which values the largest vertex stays the largest, all else held fixed.

    Moved to x, the largest takes vertex j to value_j + slope_j (x - eta), which must not pass x.
    Vertices are along the second axis.
    """
    room = 1.0 - slope
    moves = np.abs(room) > 1e-12  # a vertex that moves with the largest never passes it
    limit = (value - slope * eta[:, None]) / np.where(moves, room, 1.0)
    low = np.where(moves & (room > 0), limit, -np.inf).max(axis=1)
    high = np.where(moves & (room < 0), limit, np.inf).min(axis=1)
    return np.minimum(low, eta), np.maximum(high, eta)


def _upper_share(x: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return P(Z >= x | low <= Z <= high) of a standard normal Z, also far out in its tail."""
    at, bottom, top = (log_ndtr(-z) for z in (x, low, np.maximum(high, x)))
    inside = -np.expm1(np.minimum(top - bottom, 0.0))
    above = -np.expm1(np.minimum(top - at, 0.0))
    return np.exp(at - bottom) * above / np.where(inside > 0.0, inside, 1.0)


def _least_favourable(vertices: FloatArray, covariance: FloatArray, level: float) -> FloatArray:
    """Return the quantile at `level` of the largest vertex when every inequality binds.

    For a given v the other variable lies between two lines; so one integral over v. The vertex with
    the largest standard deviation s alone is below q as often as a normal variable is below q / s,
    and none of four is above it more often than that: the quantile lies between two multiples of s.
    It is found by the secant, the end that stays weighing half as much each time (the Illinois
    method), on quantiles of the normal distribution: these are almost in proportion to q.
    """
    s = np.sqrt(np.einsum("cki,cij,ckj->ck", vertices, covariance, vertices).max(axis=1))
    aim, each, before = ndtri(level), np.arange(len(vertices)), np.full(len(vertices), -1)

    def beyond(q: FloatArray) -> FloatArray:
        return np.asarray(ndtri(_largest_below(vertices, covariance, q)) - aim)

    ends = np.stack([s * aim, -s * ndtri((1.0 - level) / 4.0)])
    off = np.stack([beyond(q) for q in ends])
    for _ in range(60):
        q = ends[1] - off[1] * (ends[1] - ends[0]) / (off[1] - off[0])
        error = beyond(q)
        side = (error >= 0.0).astype(np.int64)
        moved = np.abs(ends[side, each] - q)
        ends[side, each], off[side, each] = q, error
        off[1 - side, each] /= np.where(side == before, 2.0, 1.0)
        before = side
        if (np.minimum(moved, np.abs(error)) <= _ROUNDING).all():
            break
    return np.asarray(q)


def _largest_below(vertices: FloatArray, covariance: FloatArray, q: FloatArray) -> FloatArray:
    """Return the probability that all four vertices are at most q, shape (C,)."""
    sd = np.sqrt(covariance[:, 1, 1])
    steepest = -vertices[:, 2:, 1].min(axis=1)
    with np.errstate(divide="ignore"):
        start = np.maximum(-_TAIL, np.where(steepest > 0, -q / steepest / sd, -np.inf))
    half = (_TAIL - start) / 2.0
    z = start[:, None] + half[:, None] * (_NODES + 1.0)
    v = z * sd[:, None]
    mean = covariance[:, 0, 1, None] / covariance[:, 1, 1, None] * v
    left = covariance[:, 0, 0] - covariance[:, 0, 1] ** 2 / covariance[:, 1, 1]
    own = np.sqrt(np.maximum(left, 1e-14 * covariance[:, 0, 0]))[:, None]
    one, other = vertices[:, 0], vertices[:, 1]
    top = (q[:, None] - one[:, 1:] * v) / one[:, :1]
    bottom = (q[:, None] - other[:, 1:] * v) / other[:, :1]
    inside = np.maximum(ndtr((top - mean) / own) - ndtr((bottom - mean) / own), 0.0)
    density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    return np.asarray((inside * density) @ _NODE_WEIGHTS * half)


_POINTS = 65  # tried in a pass of the search
_PASSES = 6  # each divides the distance to the end point by 64


def check_pairs(target: Target) -> None:
    """Refuse a series whose years before start say too little of the largest change."""
    if len(target.pairs) < 2:
        raise EffectsError(
            "Relative magnitudes need two pairs of consecutive years before start that nobody "
            "matched on",
            found=f"{len(target.pairs)}; unmatched years with an estimate: "
            f"{', '.join(map(str, target.since_start(target.leads))) or 'none'}",
            do="estimate a window that begins earlier, or match on fewer years of the outcome"
            + ('; or use restriction="smoothness"' if len(target.leads) else ""),
        )


def identified(target: Target, M: float) -> tuple[float, float]:
    """Return the bounds that the estimates themselves imply, were there no sampling error.

    theta_hat -+ M K max |change before start|, K = sum over t of |sum of l_u over u >= t|.
    """
    largest = max(abs(float(target.change(s) @ target.beta)) for s in target.pairs)
    width = M * _leverage(target) * largest
    return target.estimate - width, target.estimate + width


def interval(
    target: Target, M: float, *, level: float, first_stage: float = 0.1
) -> tuple[float, float]:
    """Return the confidence interval: the hull of all theta that the test does not reject.

    The largest change before start is not taken as known: it may be any pair's, up or down, and
    theta is kept if it passes with one of them. The first stage rejects everything outside a known
    distance, and everything between the identified bounds of the estimates passes; the end points
    lie between. Of 65 values the outermost that passes is taken, and the distance to its neighbour
    divided again, until it is nothing. Should the set have gaps, its hull is returned.

    first_stage: size of the first stage, as a share of the size of the test.
    """
    moments = inequalities(target, M, kappa=first_stage * (1.0 - level))
    inner = identified(target, M)
    outer = moments.reach()
    inside, outside, side = np.array(inner), np.array(outer), np.arange(2)
    for _ in range(_PASSES):
        points = np.linspace(inside, outside, _POINTS)  # (points, the two ends)
        passes = accepts(moments, points.ravel(), size=1.0 - level).reshape(points.shape)
        last = np.where(passes, np.arange(_POINTS)[:, None], 0).max(axis=0)
        inside, outside = points[last, side], points[np.minimum(last + 1, _POINTS - 1), side]
    return float(inside[0]), float(inside[1])


def _leverage(target: Target) -> float:
    return float(np.abs(_from_each_year(target)).sum())


def _from_each_year(target: Target) -> FloatArray:
    """Return w_t, how much theta moves with the change of year t, shape (T,)."""
    return np.cumsum(target.weights[::-1])[::-1]


def inequalities(target: Target, M: float, *, kappa: float) -> Inequalities:
    """Return the inequalities of every pair before start, its change taken up and down.

    kappa: size of the first stage.
    """
    w = _from_each_year(target)
    changes = np.array([target.change(int(t)) for t in target.post])  # (T, L + T)
    up = np.array([target.change(s) for s in target.pairs])
    v = np.concatenate([up, -up])  # (C, L + T)
    V = target.covariance
    own, theirs, cross = (
        np.diag(changes @ V @ changes.T),
        np.einsum("ci,ij,cj->c", v, V, v)[:, None],
        v @ V @ changes.T,
    )
    upper = np.sqrt(np.maximum(own + M**2 * theirs - 2 * M * cross, 0.0))
    lower = np.sqrt(np.maximum(own + M**2 * theirs + 2 * M * cross, 0.0))
    c1 = upper @ np.maximum(w, 0) + lower @ np.maximum(-w, 0)
    c2 = lower @ np.maximum(w, 0) + upper @ np.maximum(-w, 0)
    both = upper + lower
    zero, K = np.zeros(len(v)), _leverage(target)
    vertices = np.stack(
        [
            np.column_stack([1.0 / c1, -M * K / c1]),
            np.column_stack([-1.0 / c2, -M * K / c2]),
            np.column_stack([zero, -2.0 * M / both.min(axis=1)]),
            np.column_stack([zero, -2.0 * M / both.max(axis=1)]),
        ],
        axis=1,
    )
    maps = np.stack([np.broadcast_to(target.along, v.shape), v], axis=1)  # (C, 2, L + T)
    return Inequalities.of(
        vertices,
        maps @ target.beta,
        maps @ V @ maps.transpose(0, 2, 1),
        first_stage=kappa,
    )
