"""Least squares on person effects and other columns, from sums over persons who are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Regression"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]

#: What is left of a contrast when all that the regression knows is taken out, if nothing.
NOTHING = 1e-8


@dataclass(frozen=True, eq=False)
class Regression:
    """Least squares on person effects and the columns of Z, from sums over alike persons.

    Attributes
    ----------
    beta
        Coefficients, shape (m,).
    inverse
        Generalised inverse of the cross-product of Z less its means over persons, (m, m).
    known
        Projection on what the data tell, shape (m, m).
    """

    beta: FloatArray
    inverse: FloatArray
    known: FloatArray

    @classmethod
    def of(
        cls, Z: FloatArray, number: FloatArray, seen: BoolArray, total: FloatArray
    ) -> Regression:
        """Fit; `Z` (c, T, m), `number` (c,), `seen` (c, T) and `total` (c, T) by kind of person."""
        d = seen.astype(np.float64)
        within = d[:, :, None] * (Z - _mean(Z, d)[:, None])
        product = np.einsum("c,ctm,ctn->mn", number, within, within, optimize=True)
        size, vector = np.linalg.eigh(product)
        kept = size > NOTHING * size.max(initial=0.0)
        basis = vector[:, kept]
        inverse = (basis / size[kept]) @ basis.T
        return cls(inverse @ np.einsum("ctm,ct->m", within, total), inverse, basis @ basis.T)

    def tells(self, contrast: FloatArray) -> BoolArray:
        """Return which contrasts are identified; the coefficients are in the last axis."""
        return np.asarray(np.abs(contrast - contrast @ self.known).max(axis=-1) < np.sqrt(NOTHING))


def _mean(Z: FloatArray, d: FloatArray) -> FloatArray:
    """Return the mean of the columns of Z over the years a person is seen untreated."""
    total: FloatArray = np.einsum("ct,ctm->cm", d, Z)
    return np.asarray(total / np.maximum(d.sum(axis=1), 1.0)[:, None])
