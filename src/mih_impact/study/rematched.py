"""Everything from the drawn persons on once more: risk sets, score, matches, effects."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.choose import choose
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.options import MatchOptions
from mih_impact.effects.asked import Asked
from mih_impact.effects.measured import Measured
from mih_impact.errors import SupportError
from mih_impact.panel.cube import Cube

__all__ = ["drawn_cube", "rematched"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_BY_PERSON = ("person_id", "start", "eligible", "state", "row")
_BY_COLUMN = ("ore", "null", "code", "number", "fixed")


def drawn_cube(cube: Cube, counts: IntArray) -> Cube:
    """Return the cube with each person in it as often as `counts` says, duplicates side by side."""
    who = np.repeat(np.arange(cube.n_persons), counts)
    arrays: dict[str, Any] = {name: getattr(cube, name)[who] for name in _BY_PERSON}
    for name in _BY_COLUMN:
        arrays[name] = {column: values[who] for column, values in getattr(cube, name).items()}
    return replace(cube, **arrays)


def rematched(group: ControlGroup, asked: Asked, adjust: bool, counts: IntArray) -> FloatArray:
    """Return the effects when the drawn persons are matched again, shape (KE,).

    Raises
    ------
    SupportError
        No controls can be chosen on this draw.
    """
    recipe = group.recipe
    assert recipe is not None
    options = MatchOptions(**{f.name: recipe.options[f.name] for f in fields(MatchOptions)})
    chosen = choose(drawn_cube(group.risk.cube, counts), options, near=group.score)
    if not len(chosen.sets.participant):
        raise SupportError("No participant has a control", found="one draw of persons")
    again = replace(
        group, risk=chosen.risk, sets=chosen.sets, score=chosen.score, whitened=chosen.whitened
    )
    everyone = np.ones(again.n_participants, dtype=bool)
    comparison, _ = Measured.of(again, asked, "person", adjust=adjust).effect(everyone)
    return comparison.estimate
