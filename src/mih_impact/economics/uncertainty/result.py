"""Uncertainty of the account: sampling, assumptions, and both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import interval, number, percent
from mih_impact.display.provenance import Provenance
from mih_impact.economics.actors import GROUP_LABELS, GROUPS
from mih_impact.economics.labels import hundreds
from mih_impact.economics.saved import SavedResult
from mih_impact.errors import AssumptionError
from mih_impact.signatures import named_options
from mih_impact.storage import saveable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SOURCES", "Uncertainty"]

FloatArray = NDArray[np.float64]

SOURCES = ("sampling", "assumptions", "total")

SOURCE_LABELS = {
    "sampling": Label(nb="tilfeldig utvalg", en="sampling"),
    "assumptions": Label(nb="forutsetninger", en="assumptions"),
    "total": Label(nb="samlet", en="total"),
}
_TITLE = Label(nb="Usikkerhet i regnskapet", en="Uncertainty of the account")
_WHO = Label(nb="For", en="For")
_SOURCE = Label(nb="Usikkerhet", en="Uncertainty")
_MEAN = Label(nb="Gjennomsnitt", en="Mean")
_INTERVAL = Label(nb="{level}-intervall", en="{level} interval")
_GAIN = Label(nb="Sannsynlighet for gevinst", en="Probability of a gain")
_NOTE = Label(
    nb="{n} trekninger, de samme for alle aktører. Utvalgsusikkerheten er trukket med full"
    " kovarians over år og utfall; forutsetningene fra sine spenn, uavhengig av hverandre. Regler"
    " og valg av perspektiv trekkes ikke.",
    en="{n} draws, the same for every actor. Sampling is drawn with the full covariance over years"
    " and outcomes; assumptions from their ranges, independently of each other. Rules and choices"
    " of view are not drawn.",
)
_RESAMPLED = Label(
    nb="{n} trekninger av personer, med hele analysen gjort om igjen; forutsetningene fra sine"
    " spenn, uavhengig av hverandre. Regler og valg av perspektiv trekkes ikke.",
    en="{n} draws of persons, with the whole analysis done again; assumptions from their ranges,"
    " independently of each other. Rules and choices of view are not drawn.",
)
_ONLY = Label(
    nb="Effektene har ingen kovarians: samlet usikkerhet er ikke tilgjengelig.",
    en="The effects have no covariance: total uncertainty is not available.",
)
_NOT_IN = Label(
    nb="Skjev utvelgelse, for eksempel på motivasjon, er ikke med.",
    en="Selection, for instance on motivation, is not in it.",
)
_SHOWN = ("society", "state", "municipality")


@saveable("Uncertainty")
@dataclass(frozen=True, eq=False, repr=False)
class Uncertainty(SavedResult):
    """Draws of the whole account; made by `CostBenefit.uncertainty`.

    Attributes
    ----------
    draws
        Present values by source ("sampling", "assumptions", "total"), each of shape (n, G) over
        `GROUPS`; a source that is not available is not there.
    break_even
        Break-even year of every draw of the total (of the assumptions, without a covariance), shape
        (n, G); the horizon means never.
    programme
        What the programme's resources cost each group in those draws, tax-financing included,
        shape (n, G); grants are no part of it.
    cost
        Present value of the programme's real cost at the base values, NOK per starter.
    std_errors
        Exact standard errors of sampling, shape (G,); NaN without a covariance.
    horizon, price_year, seed
        Of the account, and of the draws.
    kind
        "normal" (draws from the covariance), "resampled" (draws of persons), or "none".
    basis
        Whose account it is, by which rules, how long.
    provenance
        Versions, options, seed and fingerprint of the data.
    """

    draws: dict[str, FloatArray]
    break_even: NDArray[np.int64]
    programme: FloatArray
    cost: float
    std_errors: FloatArray
    horizon: int
    price_year: int
    seed: int
    kind: str
    basis: Label
    provenance: Provenance

    @property
    def n(self) -> int:
        """Number of draws."""
        return len(self.break_even)

    @named_options
    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return a row per group and source.

        Parameters
        ----------
        level
            Coverage of the intervals, percentiles of the draws.

        Returns
        -------
        DataFrame
            `actor, source, mean, std_dev, std_error_exact` (sampling only), `conf_low, conf_high,
            probability_positive`; NOK per starter. A source that is not available is missing.
        """
        arguments.level(level, error=AssumptionError)
        tail = (1 - level) / 2
        rows = []
        for source in SOURCES:
            found = self.draws.get(source)
            values = np.full((1, len(GROUPS)), np.nan) if found is None else found
            low, high = np.quantile(values, [tail, 1 - tail], axis=0)
            positive = np.where(np.isnan(values), np.nan, values > 0).mean(axis=0)
            exact = self.std_errors if source == "sampling" else np.full(len(GROUPS), np.nan)
            rows.append(
                pd.DataFrame(
                    {
                        "actor": GROUPS, "source": source, "mean": values.mean(axis=0),
                        "std_dev": values.std(axis=0), "std_error_exact": exact, "conf_low": low,
                        "conf_high": high, "probability_positive": positive,
                    }
                )
            )  # fmt: skip
        order = {group: place for place, group in enumerate(GROUPS)}
        frame = pd.concat(rows, ignore_index=True)
        return frame.sort_values("actor", key=lambda c: c.map(order), kind="stable").reset_index(
            drop=True
        )

    def break_even_frame(self) -> pd.DataFrame:
        """Return the distribution of break-even.

        Returns
        -------
        DataFrame
            `actor, year_since_start` (missing: never within the horizon), `probability`.
        """
        years = np.arange(self.horizon + 1)
        shares = (self.break_even[:, :, None] == years).mean(axis=0)  # (G, T + 1)
        return pd.DataFrame(
            {
                "actor": np.repeat(GROUPS, len(years)),
                "year_since_start": pd.array(
                    [*years[:-1].tolist(), None] * len(GROUPS), dtype="Int64"
                ),
                "probability": shares.ravel(),
            }
        )

    def acceptability(self, costs: Sequence[float] | None = None) -> pd.DataFrame:
        """Return the probability of a gain against what the programme costs per participant.

        Parameters
        ----------
        costs
            Present values of the programme's real cost, NOK per starter; None looks from nothing to
            six times the base value. The resources that it uses are scaled alike; its grants, and
            who pays, are as they are.

        Returns
        -------
        DataFrame
            `actor, cost_per_participant, probability_positive`.

        Raises
        ------
        AssumptionError
            The programme has no costs to scale, or a cost is negative.
        """
        if self.cost <= 0:
            raise AssumptionError(
                "There are no costs to set the probability against",
                found=f"a programme that costs {self.cost + 0.0:g}",
                do="give cost_benefit a programme with costs",
            )
        given = np.linspace(0, 6, 61) * self.cost if costs is None else costs
        what = "Costs per participant are numbers from 0 on"
        wanted = arguments.numbers(
            "costs", given, what, example="[0, 250000]", error=AssumptionError, low=0.0
        )
        values = self._last
        rows = []
        for cost in wanted:
            moved = values + (cost / self.cost - 1) * self.programme
            rows.append((moved > 0).mean(axis=0))
        return pd.DataFrame(
            {
                "actor": np.tile(GROUPS, len(wanted)),
                "cost_per_participant": np.repeat(wanted, len(GROUPS)),
                "probability_positive": np.concatenate(rows),
            }
        )

    @property
    def _last(self) -> FloatArray:
        """The draws of all there is."""
        return self.draws.get("total", self.draws["assumptions"])

    def plot(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the intervals of sampling, assumptions and both for everybody who counts."""
        from mih_impact.economics.figures.uncertainty import plot_intervals

        return plot_intervals(self, ax=ax, lang=lang)

    def plot_acceptability(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the probability of a gain against the cost per participant."""
        from mih_impact.economics.figures.odds import plot_acceptability

        return plot_acceptability(self, ax=ax, lang=lang)

    def plot_break_even(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the distribution of break-even."""
        from mih_impact.economics.figures.odds import plot_break_even

        return plot_break_even(self, ax=ax, lang=lang)

    def _card(self, lang: Lang) -> Card:
        frame = self.to_frame()
        rows = frame[frame["actor"].isin(_SHOWN) & frame["mean"].notna()].to_dict("records")
        cells = [
            (
                GROUP_LABELS[str(row["actor"])].text(lang),
                SOURCE_LABELS[str(row["source"])].text(lang),
                hundreds(row["mean"], lang),
                interval(row["conf_low"], row["conf_high"], hundreds, lang),
                percent(row["probability_positive"], 0, lang),
            )
            for place in (_SHOWN.index(group) for group in _SHOWN)
            for row in rows
            if row["actor"] == _SHOWN[place]
        ]
        level = percent(0.95, 0, lang)
        names = (_WHO, _SOURCE, _MEAN, _INTERVAL.format(level=level), _GAIN)
        how = _RESAMPLED if self.kind == "resampled" else _NOTE
        notes = [how.format(n=Label(nb=number(self.n, lang="nb"), en=number(self.n, lang="en")))]
        notes += [_ONLY] if self.kind == "none" else []
        table = pd.DataFrame(cells, columns=[name.text(lang) for name in names])
        texts = tuple(note.text(lang) for note in (*notes, _NOT_IN))
        return Card(_TITLE.text(lang), table=table, notes=texts)
