"""Resampled: effects with the covariance of draws of persons, and the draws themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import number
from mih_impact.display.provenance import Provenance
from mih_impact.display.result import Result
from mih_impact.effects.series import EffectSeries
from mih_impact.panel.contract import label_of
from mih_impact.storage import save, saveable

__all__ = ["Resampled"]

FloatArray = NDArray[np.float64]

_METHODS = {
    "naive": Label(
        nb="Standardfeil fra {draws} trekninger av {what}, der kontroller, vekter og effekter er "
        "funnet på nytt i hver.",
        en="Standard errors from {draws} draws of {what}, with controls, weights and effects found "
        "anew in each.",
    ),
    "otsu_rai": Label(
        nb="Standardfeil fra {draws} trekninger der matchene ligger fast (Otsu og Rai 2017).",
        en="Standard errors from {draws} draws with the matches kept (Otsu and Rai 2017).",
    ),
}
_PERSONS = Label(nb="personer", en="persons")
_CLUSTERS = Label(nb="hele klynger ({cluster})", en="whole clusters ({cluster})")
_FAILED = Label(
    nb="{failed} trekninger ga ingen beregning og er utelatt.",
    en="{failed} draws gave no estimate and are left out.",
)


@saveable("Resampled")
@dataclass(frozen=True, eq=False, repr=False)
class Resampled(Result):
    """Effects estimated again on draws of persons.

    Attributes
    ----------
    effects
        The estimates, with the covariance and the bands of the draws; goes wherever effects go.
    draws
        The estimates of every draw, shape (draws, C), in the order of `effects.covariance`; NaN
        where there is no estimate.
    method
        "naive" or "otsu_rai".
    failed
        Draws that could not be estimated and are not among `draws`.
    level
        Coverage of the percentile intervals.
    """

    effects: EffectSeries
    draws: FloatArray
    method: str
    failed: int
    level: float

    @property
    def provenance(self) -> Provenance:
        """Versions, options, seed and fingerprint of the data; those of the effects."""
        return self.effects.provenance

    @classmethod
    def of(
        cls, effects: EffectSeries, draws: FloatArray, *, method: str, failed: int, level: float
    ) -> Resampled:
        """Freeze the draws beside their effects."""
        draws.setflags(write=False)
        return cls(effects, draws, method, failed, level)

    def to_frame(self) -> pd.DataFrame:
        """Return the table of effects with `percentile_low` and `percentile_high`.

        The percentiles of the draws: what the intervals would be without normality. The base year
        has none.
        """
        frame = self.effects.to_frame()
        tail = (1.0 - self.level) / 2.0
        low, high = np.quantile(self.draws, [tail, 1.0 - tail], axis=0)
        without = frame["std_error"].isna()
        return frame.assign(
            percentile_low=np.where(without, np.nan, low),
            percentile_high=np.where(without, np.nan, high),
        )

    def shown(self) -> Resampled:
        """Return the result as it is displayed, exported and saved: small cells blanked."""
        effects = self.effects.shown()
        hidden = np.isnan(effects.estimate).ravel()
        return replace(self, effects=effects, draws=np.where(hidden, np.nan, self.draws))

    def save(self, path: str | Path) -> Path:
        """Save effects and draws as displayed; `load` gives them back."""
        return save(self.shown(), path)

    def _card(self, lang: Lang) -> Card:
        card = self.effects._card(lang)
        cluster = str(self.provenance.options.get("cluster", "person"))
        what = _PERSONS if cluster == "person" else _CLUSTERS.format(cluster=label_of(cluster))
        drawn = number(len(self.draws), lang=lang)
        note = _METHODS[self.method].format(draws=drawn, what=what).text(lang)
        if self.failed:
            note += " " + _FAILED.format(failed=number(self.failed, lang=lang)).text(lang)
        return replace(card, notes=(*card.notes, note))
