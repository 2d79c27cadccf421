"""Who is seen: the few patterns that many columns of outcomes and years share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["patterns"]


def patterns(seen: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the different rows, as ones and zeros, and which of them each row is.

    Parameters
    ----------
    seen
        Shape (rows, persons).

    Returns
    -------
    tuple
        Shape (patterns, persons), and shape (rows,).

    Examples
    --------
    >>> seen = np.array([[True, False], [True, True], [True, False]])
    >>> patterns(seen)[1]
    array([0, 1, 0])
    """
    number: dict[bytes, int] = {}
    pattern = [number.setdefault(row.tobytes(), len(number)) for row in seen]
    first = [pattern.index(k) for k in range(len(number))]
    return seen[first].astype(np.float64), np.array(pattern, dtype=np.int64)
