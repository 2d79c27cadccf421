"""Who could have started instead: draws of starters within blocks, how many being given.

Arrays in, arrays out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["draw_starters"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Up to this many expected meetings of two equal rows, e^3 = 20 tries find a draw without one.
PATIENCE = 3.0


def draw_starters(
    log_odds: FloatArray,
    treated: BoolArray,
    block: IntArray,
    *,
    draws: int,
    rng: np.random.Generator,
) -> IntArray:
    """Draw as many starters in each block as there are.

    Parameters
    ----------
    log_odds
        Log odds of starting of each row, shape (m,).
    treated
        Who starts, shape (m,): its sums by block are kept.
    block
        The block of each row, shape (m,).
    draws
        Number of draws.
    rng
        Where chance comes from.

    Returns
    -------
    array of int
        Rows that start in each draw, ascending, shape (draws, sum of treated).

    Notes
    -----
    Rows start independently with their odds, given how many do: a set S has a probability
    proportional to the product of its odds (conditional Bernoulli sampling; Chen and Liu 1997,
    Statistica Sinica 7).
    """
    order = np.argsort(block, kind="stable")
    found = []
    for rows in np.split(order, np.flatnonzero(np.diff(block[order])) + 1):
        places = int(treated[rows].sum())
        if places:
            own = log_odds[rows] - log_odds[rows].max()
            found.append(rows[_in_one_block(own, places, draws, rng)])
    return np.sort(np.concatenate(found, axis=1), axis=1)


def _in_one_block(
    log_odds: FloatArray, places: int, draws: int, rng: np.random.Generator
) -> IntArray:
    """Return the positions of those who start, shape (draws, places)."""
    share = np.exp(log_odds)
    share /= share.sum()
    meetings = places * (places - 1) / 2.0 * float(share @ share)
    if meetings <= PATIENCE:
        return _apart(share, places, draws, rng)
    return _row_by_row(log_odds, places, draws, rng)


def _apart(share: FloatArray, places: int, draws: int, rng: np.random.Generator) -> IntArray:
    """Draw rows one by one with their share of the odds, again until no row is drawn twice.

    Any order of a set S has the product of its shares as its probability, so S has a multiple of
    the product of its odds. About exp(-meetings) of the draws are kept.
    """
    upto = np.cumsum(share)
    chosen = np.empty((draws, places), dtype=np.int64)
    left = np.arange(draws)
    while len(left):
        drawn = np.searchsorted(upto, upto[-1] * rng.random((len(left), places)), side="right")
        drawn = np.sort(drawn, axis=1)
        kept = (np.diff(drawn, axis=1) > 0).all(axis=1)
        chosen[left[kept]] = drawn[kept]
        left = left[~kept]
    return chosen


def _row_by_row(
    log_odds: FloatArray, places: int, draws: int, rng: np.random.Generator
) -> IntArray:
    """Decide row by row, in all draws at once.

    The chance to be in with j places left is o_i e_{j-1}(after i) / e_j(from i), e the elementary
    symmetric polynomials of the odds (Chen and Liu 1997).
    """
    log_e = _symmetric(log_odds, places)
    left = np.full(draws, places)
    chosen = np.empty((draws, places), dtype=np.int64)
    for i in range(len(log_odds)):
        chance = np.zeros(places + 1)
        with np.errstate(invalid="ignore"):
            chance[1:] = np.exp(log_odds[i] + log_e[i + 1, :-1] - log_e[i, 1:])
        inside = rng.random(draws) < chance[left]
        chosen[inside, places - left[inside]] = i
        left = left - inside
        if not left.any():
            break
    return chosen


def _symmetric(log_odds: FloatArray, places: int) -> FloatArray:
    """Return log e_j of the odds from i on, shape (n + 1, places + 1); -inf where it is 0."""
    n = len(log_odds)
    log_e = np.full((n + 1, places + 1), -np.inf)
    log_e[:, 0] = 0.0
    for i in range(n - 1, -1, -1):
        log_e[i, 1:] = np.logaddexp(log_e[i + 1, 1:], log_odds[i] + log_e[i + 1, :-1])
    return log_e
