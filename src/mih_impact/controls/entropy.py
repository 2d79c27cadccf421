"""Entropy balancing: the weights nearest to equal ones that give candidates the wanted means.

Arrays in, arrays out. The problem is convex with one solution; its dual has as many unknowns as
there are moments and is solved by Newton's method.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve, qr

from mih_impact.errors import SupportError

__all__ = [
    "GAP",
    "EntropyFit",
    "entropy_weights",
    "nearby_weights",
    "require_reachable",
    "unreached",
    "with_constant",
]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
Floats = NDArray[np.float64] | NDArray[np.float32]
IntArray = NDArray[np.int64]

#: Beyond the range by more than rounding, in standard deviations.
BEYOND = 1e-12
#: A slack of the linear programme that counts, in standard deviations.
SLACK = 1e-7

_DO = (
    "leave the named one out of on= or exact=, make it coarser, widen eligible=, leave out that "
    "start year, or use method='ipw', which asks for no exact means"
)


def require_reachable(low: FloatArray, high: FloatArray, names: Sequence[str], whom: str) -> None:
    """Raise where a participants' mean lies outside the candidates' range.

    Parameters
    ----------
    low, high
        The candidates' smallest and largest values less the participants' mean, over a standard
        deviation, shape (k,).
    names
        The k names.
    whom
        Who they are: "who start in 2014".
    """
    outside = np.flatnonzero((low > BEYOND) | (high < -BEYOND))
    if len(outside):
        beyond = np.maximum(low, -high)
        found = [
            f"{names[k]} is {float(beyond[k]):.3g} standard deviations "
            f"{'below' if low[k] > 0 else 'above'} all candidates"
            for k in _one_of_each(outside, beyond, names)
        ]
        raise _infeasible(whom, "the participants' mean of " + ", of ".join(found))


def unreached(Z: FloatArray, names: Sequence[str], whom: str, gap: float) -> SupportError:
    """Return the error for means that lie within every range but cannot be reached together.

    The linear programme finds the weights with the smallest sum of absolute gaps; the moments that
    still have one are named, with the gap.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack, vstack

    n, k = Z.shape
    eye = csr_array(np.eye(k))
    means = hstack([csr_array(Z.T), eye, -eye])
    total = csr_array(np.concatenate([np.ones(n), np.zeros(2 * k)])[None, :])
    equal: Any = vstack([means, total]).tocsr()
    solved = linprog(
        np.concatenate([np.zeros(n), np.ones(2 * k)]),
        A_eq=equal,
        b_eq=np.concatenate([np.zeros(k), [1.0]]),
        method="highs",
    )
    x = np.zeros(n + 2 * k) if solved.x is None else solved.x
    slack = x[n + k :] - x[n : n + k]
    short = np.flatnonzero(np.abs(slack) > SLACK)
    if not len(short):
        return _infeasible(
            whom,
            "each mean can be reached, and all of them together only by giving almost all weight "
            f"to very few; the largest gap left is {gap:.2g} standard deviations",
        )
    found = [
        f"{names[j]} stays {abs(float(slack[j])):.3g} standard deviations too "
        f"{'high' if slack[j] > 0 else 'low'}"
        for j in _one_of_each(short, np.abs(slack), names)
    ]
    return _infeasible(
        whom, "each mean alone can be reached, but beside the others " + "; ".join(found)
    )


def _one_of_each(which: NDArray[np.intp], size: FloatArray, names: Sequence[str]) -> list[int]:
    """Return of some moments the one of the largest size under each name, in order."""
    largest: dict[str, int] = {}
    for k in which.tolist():
        if names[k] not in largest or size[k] > size[largest[names[k]]]:
            largest[names[k]] = k
    return list(largest.values())


def _infeasible(whom: str, found: str) -> SupportError:
    return SupportError(
        " ".join(["No weights give candidates the means of the participants", whom]).strip(),
        found=found,
        do=_DO,
    )


#: Largest distance of a weighted mean from its target that is accepted, on the scale of Z.
GAP = 1e-10
#: Newton goes on to here: the step after one that is good to 1e-7 is good to rounding.
AIM = 1e-12
MAX_ITERATIONS = 200
#: Looks at the gap from a near guess on. Until it is this small sums have half the digits; then the
#: covariance is known well enough for the steps to come, which go on until it is the last.
FEW_STEPS, NEARBY, LAST = 8, 3e-5, 1e-11
#: Steps that leave more than this share of the gap lead nowhere.
SHARE = 1 / 3
#: Rows of several draws at a time.
FEW_ROWS = 2_048
#: A column whose part that the others leave unexplained is below this follows from them.
REDUNDANT = 1e-9
#: Where every column keeps more than this, products of columns settle it, without a triangle.
CLEAR = 1e-3
#: All participants at the candidates' smallest or largest value, but for rounding.
EDGE = 1e-12
#: Rows turned to columns at a time, so that both stay in the processor's cache.
CHUNK = 4096
#: Multiplications in one product: in the processor's cache, and below what wakes further threads,
#: which costs more than the product where processors are shared.
PRODUCT = 200_000
#: No log weight moves further in one step.
LONGEST = 30.0
#: Beyond this many rows a first guess is found on every 16th, if these can be balanced to this.
MANY, STRIDE, NEAR = 20_000, 16, 1e-3


@dataclass(frozen=True, eq=False)
class EntropyFit:
    """Weights that balance, and what they were found by.

    Attributes
    ----------
    weight
        Shape (n,), adding up to 1.
    multiplier
        The log weight rises by this per unit of Z, shape (k,); NaN for a column that follows from
        the others, or that participants have at the edge of what candidates have.
    gap
        Largest absolute weighted mean of Z.
    iterations
        Newton steps taken on all rows.
    """

    weight: FloatArray
    multiplier: FloatArray
    gap: float
    iterations: int


def entropy_weights(
    Z: FloatArray,
    *,
    names: Sequence[str],
    start: FloatArray | None = None,
    whom: str = "",
    count: IntArray | FloatArray | None = None,
) -> EntropyFit:
    """Weigh candidates so that every column of Z has mean zero.

    Parameters
    ----------
    Z
        Candidates' values less the participants' mean, over a standard deviation, shape (n, k).
    names
        The k names, for messages.
    start
        First guess of the multipliers, shape (k,), NaN read as 0; it saves steps and changes no
        result.
    whom
        Who they are, for messages: "who start in 2014".
    count
        How many times each candidate counts, at least once, shape (n,); once if None. The weight of
        one who counts twice is that of both. Design weights are counts that need not be whole.

    Returns
    -------
    EntropyFit

    Raises
    ------
    SupportError
        No weights give these means; which of them cannot be reached, and how near one comes.

    Notes
    -----
    Minimises sum_j w_j log(n w_j) subject to sum_j w_j z_j = 0 and sum_j w_j = 1. The solution is
    w_j proportional to exp(l'z_j), l the minimum of log sum_j exp(l'z_j), whose gradient is the
    weighted mean and whose Hessian the weighted covariance (Hainmueller 2012, section 3). Columns
    that follow from others by rank, such as the last of a set of indicators, are left out of the
    dual: they are balanced when the others are. Where all participants have the candidates'
    smallest or largest value of a column, every other candidate has weight 0.

    References
    ----------
    Hainmueller (2012), Entropy balancing for causal effects, Political Analysis 20(1).

    Examples
    --------
    >>> fit = entropy_weights(np.array([[-1.0], [0.0], [2.0]]), names=["x"])
    >>> bool(abs(fit.weight @ [-1.0, 0.0, 2.0]) < 1e-12), round(float(fit.weight.sum()), 12)
    (True, 1.0)
    """
    M = with_constant(Z)
    low, high = M[1:].min(axis=1, initial=np.inf), M[1:].max(axis=1, initial=-np.inf)
    require_reachable(low, high, names, whom)
    rows, columns = _face(M, low, high)
    if not len(rows):  # each end is somebody's, and all of them nobody's
        raise unreached(Z, names, whom, float(np.abs(Z).max(axis=1).min(initial=np.inf)))
    if len(columns) < Z.shape[1]:
        M = M[np.ix_(np.append(0, columns + 1), rows)]
    base = None if count is None else count[rows].astype(np.float64)
    kept = _independent(M)
    if len(kept) < len(columns):
        columns, M = columns[kept], M[np.append(0, kept + 1)]
    first = np.zeros(len(columns)) if start is None else np.nan_to_num(start[columns])
    if len(rows) > MANY:
        some = None if base is None else base[::STRIDE]
        guess, gap, _ = _newton(np.ascontiguousarray(M[:, ::STRIDE]), first, some, aim=NEAR)
        first = guess if gap <= NEAR else first
    found, _, iterations = _newton(M, first, base, aim=AIM)
    weight = np.zeros(len(Z))
    weight[rows] = _weights(M, found, base)
    gap = float(np.abs(weight @ Z).max(initial=0.0))
    if not gap <= GAP:
        raise unreached(Z, names, whom, gap)
    multiplier = np.full(Z.shape[1], np.nan)
    multiplier[columns] = found
    return EntropyFit(weight, multiplier, gap, iterations)


def nearby_weights(
    M: FloatArray, start: FloatArray, count: Floats, target: FloatArray
) -> FloatArray:
    """Return weights as `entropy_weights` does, where Newton's steps from a near guess find them.

    For several draws at once, none of which changes the numbers of another.

    Parameters
    ----------
    M
        As `with_constant` returns it of Z, shape (1 + k, n).
    start
        The guess, shape (k,).
    count
        How many times each candidate counts on each draw, shape (B, n).
    target
        What the weighted mean of Z is to be on each draw, shape (B, k).

    Returns
    -------
    ndarray
        Shape (B, n). NaN for draws whose steps do not settle as they should, or where columns may
        follow from others: `entropy_weights` has the last word.
    """
    top = float((start @ M[1:]).max())
    multiplier = np.tile(np.append(-top, start), (len(count), 1))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        spread, near = _approached(M.astype(np.float32), multiplier, count, target)
        return _settled(M, multiplier, count, target, spread, near)


def _approached(
    M: Floats, multiplier: FloatArray, count: Floats, target: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Take Newton's steps on sums of half the digits, in half the time.

    The multipliers are moved. Returns the last covariances, and which draws came near.
    """
    gap, open_ = np.full(len(count), np.inf), np.ones(len(count), dtype=bool)
    spreads = np.zeros((*target.shape, target.shape[1]))
    near = ~open_
    for taken in range(FEW_STEPS):
        (mean, spread), before = _moments(M, multiplier, count), gap
        gap = np.abs(mean - target).max(axis=1, initial=0.0)
        # The first step may go astray.
        open_ &= (gap < before) if taken < 2 else (gap <= SHARE * before)
        open_ &= np.isfinite(spread).all(axis=(1, 2))
        least = np.linalg.eigvalsh(spread[open_]).min(axis=1, initial=1.0)
        open_[open_] = least >= CLEAR**2
        step = np.linalg.solve(spread[open_], (mean - target)[open_, :, None])
        multiplier[open_, 1:] -= step[:, :, 0]
        arrived = open_ & (gap <= NEARBY)
        spreads[arrived] = spread[arrived]
        near |= arrived
        open_ &= ~arrived
        if not open_.any():
            break
    return spreads, near


def _settled(
    M: FloatArray,
    multiplier: FloatArray,
    count: Floats,
    target: FloatArray,
    spread: FloatArray,
    near: BoolArray,
) -> FloatArray:
    """Return the weights of draws that are near, by steps from the covariances that are known."""
    weight, gap = np.empty(count.shape), np.full(len(count), np.inf)
    open_, there = near, np.zeros(len(count), dtype=bool)
    for _ in range(FEW_STEPS):
        mean, before = _weighted_means(M, multiplier, count, weight) - target, gap
        gap = np.abs(mean).max(axis=1, initial=0.0)
        there |= open_ & (gap <= LAST)
        open_ = open_ & ~there & (gap <= SHARE * before)
        if not open_.any():
            break
        step = np.linalg.solve(spread[open_], mean[open_, :, None])
        multiplier[open_, 1:] -= step[:, :, 0]
    weight[~there] = np.nan
    return weight


def _parts(M: Floats) -> Iterator[slice]:
    """Yield rows a few at a time, so that what is made of them for several draws stays near."""
    size = min(max(PRODUCT // len(M) ** 2, 64), FEW_ROWS)
    for first in range(0, M.shape[1], size):
        yield slice(first, first + size)


def _moments(M: Floats, multiplier: FloatArray, count: Floats) -> tuple[FloatArray, FloatArray]:
    """Return weighted means and covariances on each draw, shapes (B, k) and (B, k, k).

    The multiplier is one of the constant as well: it keeps weights from being too large.
    """
    one, other = np.triu_indices(len(M))
    sums, by = np.zeros((len(count), len(one))), multiplier.astype(M.dtype)
    for rows in _parts(M):
        part = M[:, rows]
        weight = by.dot(part)  # unlike @, dot lets other threads run
        np.exp(weight, out=weight)
        weight *= count[:, rows]
        sums += weight.dot((part[one] * part[other]).T)
    moments = np.empty((len(count), len(M), len(M)))
    moments[:, one, other] = moments[:, other, one] = sums
    moments /= moments[:, :1, :1].copy()
    mean = moments[:, 0, 1:]
    return mean, moments[:, 1:, 1:] - mean[:, :, None] * mean[:, None, :]


def _weighted_means(
    M: FloatArray, multiplier: FloatArray, count: Floats, weight: FloatArray
) -> FloatArray:
    """Return weighted means on each draw, shape (B, k), and fill in the weights, which add to 1."""
    sums = np.zeros((len(count), len(M)))
    for rows in _parts(M):
        index = multiplier.dot(M[:, rows])
        np.multiply(np.exp(index, out=index), count[:, rows], out=weight[:, rows])
        sums += weight[:, rows].dot(M[:, rows].T)
    weight /= sums[:, :1]
    return sums[:, 1:] / sums[:, :1]


def with_constant(Z: FloatArray) -> FloatArray:
    """Return a constant and the columns of Z as rows, so that each is read in one go."""
    M = np.empty((Z.shape[1] + 1, len(Z)))
    M[0] = 1.0
    for first in range(0, len(Z), CHUNK):
        M[1:, first : first + CHUNK] = Z[first : first + CHUNK].T
    return M


def _face(M: FloatArray, low: FloatArray, high: FloatArray) -> tuple[IntArray, IntArray]:
    """Return who can have weight, and the columns of Z that vary among them.

    A mean at the end of a column's range leaves only those at that end; among these another column
    may come to its end.
    """
    rows, columns = np.arange(M.shape[1]), np.arange(len(M) - 1)
    while True:
        at_end = (low >= -EDGE) | (high <= EDGE)
        if not at_end.any():
            return rows, columns
        ends = M[np.ix_(columns[at_end] + 1, rows)]
        rows, columns = rows[(np.abs(ends) <= EDGE).all(axis=0)], columns[~at_end]
        here = M[np.ix_(columns + 1, rows)]
        low, high = here.min(axis=1, initial=np.inf), here.max(axis=1, initial=-np.inf)


def _independent(M: FloatArray) -> IntArray:
    """Return the columns of Z that do not follow from a constant and those kept, ascending."""
    # Columns that are independent on a part of the rows are so on all.
    spread = _dual(M[:, :: STRIDE if M.shape[1] > MANY else 1], np.zeros(len(M) - 1))[2]
    if np.linalg.eigvalsh(spread).min(initial=1.0) > CLEAR**2:
        return np.arange(len(M) - 1)
    # The first column is the constant: below the first row is what it leaves unexplained.
    triangle = np.asarray(np.linalg.qr(M.T, mode="r"))
    _, r, pivot = qr(triangle[1:, 1:], mode="economic", pivoting=True)
    diagonal = np.abs(np.diag(r))
    kept = pivot[: len(diagonal)][diagonal > REDUNDANT * np.sqrt(M.shape[1])]
    return np.sort(kept).astype(np.int64)


def _newton(
    M: FloatArray, start: FloatArray, base: FloatArray | None, *, aim: float
) -> tuple[FloatArray, float, int]:
    """Minimise the dual from a first guess; return the multipliers, the gap and the steps taken.

    Stops where the gap is `aim`, or where rounding leaves no descent; the caller looks at the gap.
    """
    multiplier = start
    value, mean, spread = _dual(M, multiplier, base)
    for step in range(MAX_ITERATIONS):
        gap = float(np.abs(mean).max(initial=0.0))
        if gap <= aim:
            return multiplier, gap, step
        direction = _solve(spread, mean)
        # Where nearly all weight is on one person the whole step would go far astray.
        direction = direction * min(1.0, LONGEST / float(np.abs(_index(M, direction)).max()))
        length, slope = 1.0, float(mean @ direction)
        while True:
            trial = multiplier - length * direction
            ahead = _dual(M, trial, base)
            if ahead[0] <= value - 1e-4 * length * slope:
                break
            # Near the solution the value no longer tells two points apart, but its gradient does.
            if np.abs(ahead[1]).max() < gap and slope < 1e-8:
                break
            length /= 2.0
            if length < 1e-10:
                return multiplier, gap, step
        multiplier, (value, mean, spread) = trial, ahead
    return multiplier, gap, MAX_ITERATIONS


def _solve(spread: FloatArray, mean: FloatArray) -> FloatArray:
    """Return Newton's direction, or straight downhill where weight on a few leaves no curvature."""
    try:
        return np.asarray(cho_solve(cho_factor(spread), mean))
    except LinAlgError:
        return mean


def _dual(
    M: FloatArray, multiplier: FloatArray, base: FloatArray | None = None
) -> tuple[float, FloatArray, FloatArray]:
    """Return the dual's value, gradient (weighted means) and Hessian (weighted covariance)."""
    index = _index(M, multiplier)
    top = float(index.max())
    weight = np.exp(index - top)
    if base is not None:
        weight *= base
    moments = np.zeros((len(M), len(M)))
    size = max(PRODUCT // len(M) ** 2, 256)
    for first in range(0, M.shape[1], size):
        part = M[:, first : first + size]
        # Unlike @, dot lets other threads run: other draws of a bootstrap.
        moments += (part * weight[first : first + size]).dot(part.T)
    total = float(moments[0, 0])
    mean = moments[0, 1:] / total
    spread = moments[1:, 1:] / total - np.outer(mean, mean)
    return top + float(np.log(total)), mean, spread


def _index(M: FloatArray, multiplier: FloatArray) -> FloatArray:
    """Return the log weights, added column by column, so that equal rows weigh the same."""
    return np.asarray(np.einsum("k,kn->n", multiplier, M[1:]))


def _weights(M: FloatArray, multiplier: FloatArray, base: FloatArray | None) -> FloatArray:
    index = _index(M, multiplier)
    weight = np.exp(index - index.max())
    if base is not None:
        weight *= base
    return np.asarray(weight / weight.sum())
