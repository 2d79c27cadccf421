"""Small cells: what is built on too few persons is hidden wherever it is displayed or exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mih_impact.display.options import current

__all__ = ["hide_small", "is_small"]


def is_small(count: object) -> np.ndarray:
    """Tell which counts of persons are above zero and below `options(min_cell=)`.

    Nobody (0) is no small cell: it tells of no person.

    Examples
    --------
    >>> is_small([0, 1, 4, 5]).tolist()
    [False, True, True, False]
    """
    values = np.asarray(count, dtype=np.float64)
    return (values > 0) & (values < current().min_cell)


def hide_small(frame: pd.DataFrame, counts: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return a copy with small counts, and what is built on them, blanked.

    Parameters
    ----------
    frame
        The table.
    counts
        For each column of counts, the columns that are built on those persons.

    Examples
    --------
    >>> hide_small(pd.DataFrame({"n": [3, 9], "mean": [1.0, 2.0]}), {"n": ["mean"]})
         n  mean
    0  NaN   NaN
    1  9.0   2.0
    """
    shown = frame.copy()
    for column, built in counts.items():
        small = is_small(frame[column])
        if small.any():
            for name in (column, *built):
                shown[name] = shown[name].astype(np.float64).mask(small)
    return shown
