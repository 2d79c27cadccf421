"""Overlap: whether there are candidates wherever there are participants, before matching."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.comparison import Comparison
from mih_impact.controls.propensity import outside_range
from mih_impact.display.figure import (
    CONTROL,
    PARTICIPANT,
    axes,
    figure_style,
    label_ticks,
    set_alt_text,
    source_line,
)
from mih_impact.display.locale import Label, Lang, in_language, language
from mih_impact.display.numbers import NOT_AVAILABLE, count, hidden, hidden_too, number, percent
from mih_impact.display.result import (
    Card,
    NoContributors,
    Provenance,
    Result,
    evidence_of,
    is_small,
    naming_limit,
    require_many,
    with_complement,
)
from mih_impact.errors import OptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Overlap", "overlap"]

FloatArray = NDArray[np.float64]

#: Bars of the figure.
BARS = 30
QUANTILES = {"p5": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}
#: What a start year of few persons, or with few outside, blanks.
_OF_OUTSIDE = ["n_outside", "share_outside"]
_OF_PERSONS = ["n", "min", *QUANTILES, "max", *_OF_OUTSIDE]

_TITLE = Label(
    nb="Felles støtte: log-odds for å starte, blant deltakere og kandidater",
    en="Overlap: log odds of starting, among participants and candidates",
)
_OUTSIDE = Label(
    nb="Deltakere utenfor kandidatenes spenn i sitt oppstartsår",
    en="Participants outside the range of the candidates of their start year",
)
_NOTE = Label(
    nb="Viser 5-, 50- og 95-prosentilen av log-odds for alle deltakere og kandidater før matching. "
    "En person kan være kandidat i flere oppstartsår.",
    en="The 5th, 50th and 95th percentile of the log odds of all participants and candidates "
    "before matching. A person can be a candidate in several start years.",
)
_ALL = Label(nb="alle", en="all")
_COLUMNS = (
    Label(nb="Oppstartsår", en="Start year"),
    Label(nb="Hvem", en="Who"),
    Label(nb="Antall", en="Number"),
    Label(nb="5\u00a0%", en="5%"),
    Label(nb="50\u00a0%", en="50%"),
    Label(nb="95\u00a0%", en="95%"),
    Label(nb="Utenfor spennet", en="Outside the range"),
)
_SIDES = {
    "participant": Label(nb="deltakere", en="participants"),
    "candidate": Label(nb="kandidater", en="candidates"),
}


@dataclass(frozen=True, eq=False, repr=False)
class Overlap(Result):
    """The propensity score of participants and candidates before matching.

    Attributes
    ----------
    frame
        A row per start year and side; see `to_frame`.
    histogram
        Rows of the risk sets by log odds: `lower, upper, participants, candidates`.
    provenance
        Versions, options, seed and fingerprint of the data.
    """

    contributors = NoContributors("scores and counts of persons; no amounts")

    frame: pd.DataFrame
    histogram: pd.DataFrame
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return quantiles of the log odds and the share of participants outside the range.

        Returns
        -------
        pandas.DataFrame
            `start_year` (NaN for all together), `side` (participant, candidate), `n, min, p5, p25,
            median, p75, p95, max, n_outside, share_outside`. Outside is outside the range of the
            candidates of the same start year; a candidate never is.
        """
        return self.frame.copy()

    @property
    def n_outside(self) -> float:
        """Participants outside the range of the candidates of their start year; NaN if hidden."""
        return float(self._together("participant")["n_outside"])

    @property
    def share_outside(self) -> float:
        """Their share of all participants; NaN if hidden."""
        return float(self._together("participant")["share_outside"])

    def n_rows(self, side: str) -> float:
        """Return the rows of a side, "participant" or "candidate", in all; NaN if hidden."""
        arguments.choice("An overlap", "side", side, ("participant", "candidate"))
        return float(self._together(side)["n"])

    def _together(self, side: str) -> pd.Series[Any]:
        frame = self.frame
        return frame[frame["start_year"].isna() & (frame["side"] == side)].iloc[0]

    def shown(self) -> Overlap:
        """Return the comparison as it is displayed and saved: small cells blanked.

        A start year, or a bar, is hidden too where with it a hidden one could be reckoned from what
        is told of all together.
        """
        frame, bars = self.frame.copy(), self.histogram.copy()
        together = frame["start_year"].isna().to_numpy()
        for side in _SIDES:
            own = (frame["side"] == side).to_numpy()
            for counted, built in (("n", _OF_PERSONS), ("n_outside", _OF_OUTSIDE)):
                hidden_rows = own & is_small(self.frame[counted])
                if not (hidden_rows & together).any():
                    parts = own & ~together
                    size = self.frame.loc[parts, counted]
                    hidden_rows[parts] = with_complement(hidden_rows[parts], size)
                frame[built] = frame[built].astype(np.float64)
                frame.loc[hidden_rows, built] = np.nan
            bar = bars[f"{side}s"]
            bars[f"{side}s"] = bar.astype(np.float64).mask(with_complement(is_small(bar), bar))
        return replace(self, frame=frame, histogram=bars)

    def plot(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw mirrored histograms: participants above, candidates below."""
        with in_language(lang):
            return overlap_plot(self, ax=ax)

    def _card(self) -> Card:
        shown = self.shown().frame
        rows = zip(shown.to_dict("records"), self.frame.to_dict("records"), strict=True)
        cells = [_cells(row, known) for row, known in rows]
        header = [label.text() for label in _COLUMNS]
        line = (_OUTSIDE.text(), count(self.n_outside))
        return Card(
            title=_TITLE.text(),
            lines=(line,),
            table=pd.DataFrame(cells, columns=header),
            notes=(_NOTE.text(),),
        )


def _cells(row: Mapping[Any, Any], known: Mapping[Any, Any]) -> list[str]:
    """Return a row of the card: what is hidden, and what is known of why."""
    secret = hidden_too(known["n"]) if np.isnan(row["n"]) else None
    year, side, outside = row["start_year"], row["side"], NOT_AVAILABLE
    if side == "participant":
        outside = secret or percent(row["share_outside"], 1)
        if np.isnan(row["share_outside"]):
            outside = secret or hidden_too(known["n_outside"])
    return [
        _ALL.text() if np.isnan(year) else f"{year:.0f}",
        _SIDES[side].text(),
        secret or number(row["n"]),
        *(secret or number(row[name], 2) for name in ("p5", "median", "p95")),
        outside,
    ]


def overlap(group: Comparison) -> Overlap:
    """Compare the log odds of participants and candidates, by start year and in all.

    Parameters
    ----------
    group
        The control group.

    Returns
    -------
    Overlap

    Raises
    ------
    SupportError
        The controls were chosen without a score.
    """
    if group.score is None:
        raise OptionError(
            "There is no propensity score to compare",
            found=f"controls chosen with method={group.method!r}",
            do="use method='propensity', or read group.balance()",
        )
    risk, index = group.risk, group.score.index
    outside = outside_range(risk, group.score)
    everywhere = np.ones(len(index), dtype=bool)
    parts = [(np.nan, everywhere)]
    each = [] if group.cross_section else risk.start_years.tolist()
    parts += [(float(c), risk.start_year == c) for c in each]
    rows = []
    for start_year, here in parts:
        for side, of_side in (("participant", risk.treated), ("candidate", ~risk.treated)):
            found = _describe(index[here & of_side], outside[here & of_side])
            rows.append({"start_year": start_year, "side": side, **found})
    points = np.histogram_bin_edges(index, bins=BARS)
    return Overlap(
        frame=pd.DataFrame(rows),
        histogram=pd.DataFrame(
            {
                "lower": points[:-1],
                "upper": points[1:],
                "participants": np.histogram(index[risk.treated], bins=points)[0],
                "candidates": np.histogram(index[~risk.treated], bins=points)[0],
            }
        ),
        provenance=group.provenance,
    )


def _describe(index: FloatArray, outside: NDArray[np.bool_]) -> dict[str, float]:
    """Return the number, quantiles and share outside of the rows of one side."""
    inner = dict(zip(QUANTILES, np.quantile(index, list(QUANTILES.values())), strict=True))
    return {
        "n": len(index),
        "min": float(index.min()),
        **{name: float(value) for name, value in inner.items()},
        "max": float(index.max()),
        "n_outside": int(outside.sum()),
        "share_outside": float(outside.mean()),
    }


_SUPPORT = Label(
    nb="Det finnes kandidater der deltakerne er", en="There are candidates where participants are"
)
_SCORES_OF_BOTH = Label(
    nb="Tilbøyelighet til å delta blant deltakere og kandidater",
    en="Propensity scores of participants and candidates",
)
_LOG_ODDS = Label(
    nb="log-odds for å starte (andel av gruppen over og under streken)",
    en="log odds of starting (share of the group above and below the line)",
)
_PARTICIPANTS = Label(nb="deltakere", en="participants")
_CANDIDATES = Label(nb="kandidater", en="candidates")
_FIGURE_NOTE = Label(
    nb="{n} deltakere og {m} kandidatrader før matching; {share} av deltakerne er utenfor "
    "kandidatenes spenn i sitt oppstartsår.",
    en="{n} participants and {m} candidate rows before matching; {share} of the participants are "
    "outside the range of the candidates of their start year.",
)
_FEW = Label(
    nb=" Søyler med få personer, og det som ville røpet dem, er skjult.",
    en=" Bars of few persons, and what would give them away, are hidden.",
)
#: The share outside that still is overlap.
_SLIGHT = 0.01


def overlap_plot(overlap: Overlap, *, ax: Axes | None = None) -> Axes:
    """Draw the log odds as mirrored histograms: participants above the line, candidates below.

    Parameters
    ----------
    overlap
        The scores of both sides.
    ax
        Axes to draw on; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    SupportError
        Fewer than `options(min_cell=)` participants or candidates.
    """
    require_many("a figure of scores", *(overlap.n_rows(side) for side in _SIDES))
    bars = overlap.shown().histogram
    lower, width = bars["lower"].to_numpy(), (bars["upper"] - bars["lower"]).to_numpy()
    sides = (
        ("participant", 1.0, PARTICIPANT, _PARTICIPANTS),
        ("candidate", -1.0, CONTROL, _CANDIDATES),
    )
    with figure_style():
        ax = axes(ax)
        for side, sign, colour, label in sides:
            share = bars[f"{side}s"].fillna(0.0).to_numpy() / overlap.n_rows(side)
            ax.bar(lower, sign * share, width, align="edge", color=colour, edgecolor="white",
                   linewidth=0.6, label=label.text())  # fmt: skip
        ax.axhline(0, color="#222222", linewidth=1)
        label_ticks(ax.yaxis, lambda value: percent(abs(value)))
        label_ticks(ax.xaxis, number)
        ax.set_xlabel(_LOG_ODDS.text(), loc="right")
        title = _SUPPORT if overlap.share_outside < _SLIGHT else _SCORES_OF_BOTH
        ax.set_title(title.text(), loc="left", pad=12)
        ax.legend(loc="upper right")
        note = _overlap_note(overlap)
        source_line(ax, f"{note} {evidence_of(overlap)}".rstrip())
        set_alt_text(ax, f"{_SCORES_OF_BOTH.text()}. {note}")
    return ax


def _overlap_note(overlap: Overlap) -> str:
    """Say how many each side has, how many are outside, and whether bars are hidden."""
    bars = overlap.shown().histogram[["participants", "candidates"]]
    note = _FIGURE_NOTE.format(
        n=number(overlap.n_rows("participant")),
        m=number(overlap.n_rows("candidate")),
        share=hidden(overlap.n_outside) or percent(overlap.share_outside, 1),
    ).text()
    return note + (naming_limit(_FEW)[language()] if bars.isna().any(axis=None) else "")
