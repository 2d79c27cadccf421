"""Why no weights give candidates the participants' means: which mean, and how near one comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact.errors import SupportError

__all__ = ["require_reachable", "unreached"]

FloatArray = NDArray[np.float64]

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
