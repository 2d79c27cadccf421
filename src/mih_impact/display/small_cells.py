"""Small cells: what is built on too few persons is hidden wherever it is displayed or exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import number
from mih_impact.display.options import current

__all__ = ["hidden_note", "hide_small", "is_small", "naming_limit", "with_complement"]

_NOTE = Label(
    nb="Skjult: færre enn {n} personer (min_cell i mih.options), eller det som ellers ville røpet "
    "tallene for dem.",
    en="Hidden: fewer than {n} persons (min_cell of mih.options), or what would give their numbers "
    "away.",
)


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


def hidden_note(lang: Lang) -> str:
    """Return what stands under a table with hidden cells: why, and which option says so.

    Examples
    --------
    >>> hidden_note("en")[:58]
    'Hidden: fewer than 5 persons (min_cell of mih.options), or'
    """
    return _NOTE.format(n=number(current().min_cell, lang=lang)).text(lang)


def naming_limit(text: Label) -> dict[str, str]:
    """Return a sentence on what is hidden, with the option that says what is too few.

    Examples
    --------
    >>> naming_limit(Label(nb="Skjult: for få.", en="Hidden: too few."))["en"]
    'Hidden: too few (min_cell=5).'
    """
    end = f" (min_cell={current().min_cell})."
    return {"nb": text.nb.rstrip(".") + end, "en": text.en.rstrip(".") + end}


def with_complement(hidden: NDArray[np.bool_], size: object) -> NDArray[np.bool_]:
    """Return `hidden` with more parts hidden, so that a total does not give the hidden ones away.

    Where a total is shown, one hidden part is what the others leave. Further parts are therefore
    hidden, the smallest first, until at least two are, and as many persons in them as a cell must
    have. Nobody (0) hides nobody.

    Parameters
    ----------
    hidden
        Which parts are hidden, shape (parts,), or (parts, totals) for several totals.
    size
        Persons in each part, of the same shape.

    Examples
    --------
    >>> with_complement(np.array([True, False, False]), [1, 60, 40]).tolist()
    [True, False, True]
    """
    out = np.array(hidden, dtype=bool)
    parts = out if out.ndim == 2 else out[:, None]
    persons = np.asarray(size, dtype=np.float64).reshape(parts.shape)
    least = current().min_cell
    for total in np.flatnonzero(parts.any(axis=0)).tolist():
        chosen, n = parts[:, total], persons[:, total]
        for k in np.argsort(n, kind="stable").tolist():
            if chosen.sum() >= 2 and n[chosen].sum() >= least:
                break
            chosen[k] |= n[k] > 0
    return out


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
