"""From arrays to an `EffectSeries`: the table is laid out and the arrays are made read-only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.subgroups.split import Split
from mih_impact.display.provenance import Provenance
from mih_impact.display.unit import AnyUnit
from mih_impact.effects.influence import AnyInfluence
from mih_impact.effects.series import EffectSeries
from mih_impact.effects.tidy import tidy_frame

__all__ = ["build_series"]

FloatArray = NDArray[np.float64]


def build_series(
    estimate: FloatArray,
    matrix: FloatArray | None,
    *,
    outcomes: tuple[str, ...],
    levels: tuple[int, ...],
    units: dict[str, AnyUnit],
    price_year: int,
    provenance: Provenance,
    se: str,
    base: tuple[int, ...] = (),
    anticipation: int = 0,
    level: float = 0.95,
    critical: Mapping[str, float] | None = None,
    columns: Mapping[str, NDArray[Any]] | None = None,
    coverage: dict[str, int] | None = None,
    influence: AnyInfluence | None = None,
    term: str = "event",
    subgroups: tuple[str, ...] = ("all",),
    split: Split | None = None,
    in_overall: tuple[int, ...] = (),
    contributions: pd.DataFrame | None = None,
) -> EffectSeries:
    """Freeze arrays into a result; see `tidy.tidy_frame` for the arguments the table needs."""
    frame = tidy_frame(
        estimate,
        matrix,
        outcomes=outcomes,
        levels=levels,
        term=term,
        subgroups=subgroups,
        units=units,
        price_year=price_year,
        base=base,
        level=level,
        critical=critical or {},
        columns=columns or {},
    )
    for array in (estimate, matrix):
        if array is not None:
            array.setflags(write=False)
    return EffectSeries(
        frame=frame,
        outcomes=outcomes,
        levels=levels,
        term=term,
        subgroups=subgroups,
        split=split,
        in_overall=in_overall,
        estimate=estimate,
        matrix=matrix,
        units=units,
        price_year=price_year,
        base=base,
        anticipation=anticipation,
        se=se,
        coverage=coverage or {},
        provenance=provenance,
        influence=influence,
        contributions=contributions,
    )
