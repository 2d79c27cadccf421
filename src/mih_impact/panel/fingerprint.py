"""Sixteen digits that tell one set of arrays from another, and from which nothing can be read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mih_impact.panel.cube import Cube

__all__ = ["arrays_of", "fingerprint_of"]


def arrays_of(cube: Cube) -> list[NDArray[Any]]:
    """Return every array of a cube, in a fixed order."""
    plain = [
        cube.person_id, cube.periods, cube.observed, cube.start,
        cube.eligible, cube.state, cube.row, cube.price_factor,
    ]  # fmt: skip
    groups: tuple[dict[str, Any], ...] = (cube.ore, cube.null, cube.code, cube.number, cube.fixed)
    others = [] if cube.others is None else [cube.others]
    return plain + [group[name] for group in groups for name in sorted(group)] + others


def fingerprint_of(arrays: Iterable[NDArray[Any]], about: object) -> str:
    """Return sixteen hexadecimal digits that change when any array, or what it is about, does.

    Examples
    --------
    >>> fingerprint_of([np.arange(3)], "years") == fingerprint_of([np.arange(3)], "months")
    False
    """
    digest = hashlib.sha256()
    for array in arrays:
        if array.dtype == object:
            digest.update("\x1f".join(map(str, array)).encode())
        else:
            digest.update(np.ascontiguousarray(array).data)
    digest.update(repr(about).encode())
    return digest.hexdigest()[:16]
