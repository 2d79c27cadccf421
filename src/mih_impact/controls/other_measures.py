"""What participants and their controls begin beside the measure that is looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.group import ControlGroup
from mih_impact.errors import SupportError
from mih_impact.panel.cube import Cube
from mih_impact.panel.measure import MEASURE

__all__ = ["other_measures"]

IntArray = NDArray[np.int64]


def other_measures(group: ControlGroup, years: Sequence[int]) -> pd.DataFrame:
    """Return the share that begins each measure by year since start; see `ControlGroup`."""
    recipe = group.recipe
    if recipe is None or MEASURE not in recipe.panel.columns:
        raise SupportError(
            "What others begin is told by the column measure",
            found="no such column" if recipe is not None else "a group that was put together",
            do='name it when the panel is read: columns={"measure": ...}',
        )
    risk, sets = group.risk, group.sets
    cube = recipe.fetch([MEASURE])
    control = np.unique(sets.control)
    weight = group.row_weight[control]
    rows = np.concatenate([sets.participant, control])
    seen = risk.cube.seen(risk.start[rows], years)
    n, lines = len(sets.participant), []
    for k, name in enumerate(cube.categories[MEASURE]):
        begins = _begins(cube, k, risk.person[rows], risk.start[rows], years)
        for e, year in enumerate(years):
            own, others = seen[:n, e], seen[n:, e]
            there = begins[:, e]
            weighed = weight * others
            lines.append(
                (
                    name,
                    year,
                    there[:n][own].mean() if own.any() else np.nan,
                    (weighed * there[n:]).sum() / weighed.sum() if weighed.any() else np.nan,
                    int(there[:n][own].sum()),
                    int(there[n:][others].sum()),
                )
            )
    names = ["measure", "year_since_start", "participants", "controls"]
    return pd.DataFrame(lines, columns=[*names, "n_participants", "n_controls"])


def _begins(
    cube: Cube, code: int, person: IntArray, start: IntArray, years: Sequence[int]
) -> NDArray[np.bool_]:
    """Return who begins a measure in each year since start, shape (len(person), len(years))."""
    at = np.zeros((cube.n_persons, len(cube.periods) + 1), dtype=np.int16)
    np.cumsum(cube.code[MEASURE] == code, axis=1, out=at[:, 1:])
    first = start[:, None] + cube.PER_YEAR * np.asarray(years)[None, :] - int(cube.periods[0])
    low = np.clip(first, 0, len(cube.periods))
    high = np.clip(first + cube.PER_YEAR, 0, len(cube.periods))
    return np.asarray(at[person[:, None], high] > at[person[:, None], low])
