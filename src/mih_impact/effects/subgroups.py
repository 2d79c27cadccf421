"""Who gains: participants split by a characteristic before start."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.covariates import Term
from mih_impact.controls.group import ControlGroup
from mih_impact.errors import EffectsError

__all__ = ["ALL", "split"]

BoolArray = NDArray[np.bool_]

#: The name of all participants together.
ALL = "all"


def split(group: ControlGroup, by: Term | None) -> list[tuple[str, BoolArray]]:
    """Return all participants, then each subgroup, as masks over the participants.

    Parameters
    ----------
    group
        The control group, n participants.
    by
        A column as of the year before start, or "start_year"; None for no subgroups.

    Returns
    -------
    list of (str, array of bool)
        Masks of shape (n,); those after the first have no participant in common and cover all.

    Raises
    ------
    EffectsError
        Somebody has no value, or there are too many values to be subgroups.
    """
    everyone = np.ones(group.n_participants, dtype=bool)
    if by is None:
        return [(ALL, everyone)]
    rows = group.sets.participant
    start = group.risk.start_year[rows]
    if by == "start_year":
        return [(ALL, everyone)] + [(str(c), start == c) for c in np.unique(start).tolist()]
    values = group.read(by, rows)
    unknown = int(pd.isna(values).sum())
    if unknown:
        raise EffectsError(
            f"Some participants have no {by} before start",
            found=f"{unknown} of {len(values)} matched participants",
            do="match on it, so that those without a value are left out, or choose another column",
        )
    names = sorted(set(values.tolist()))
    return [(ALL, everyone)] + [(str(name), values == name) for name in names]
