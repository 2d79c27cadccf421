"""Which years of an effect series the pre-trend test looks at: its power speaks of the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from mih_impact.effects.series import EffectSeries

__all__ = ["tested_leads", "uncertain_years"]


def uncertain_years(effects: EffectSeries, outcome: str) -> pd.DataFrame:
    """Return an outcome's rows that have a standard error, of the first subgroup."""
    frame = effects.frame
    return frame[
        (frame["outcome"] == outcome)
        & (frame["subgroup"] == effects.subgroups[0])
        & (frame["std_error"] > 0)
    ]


def tested_leads(effects: EffectSeries, outcome: str) -> pd.DataFrame:
    """Return the rows of years before start that are not matched on, where something can differ.

    Before anybody can respond: an anticipated year holds an effect.
    """
    rows = uncertain_years(effects, outcome)
    rows = rows[rows["year_since_start"] < -effects.anticipation]
    return rows[~rows["matched_on"].astype(bool)]
