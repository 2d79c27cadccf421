"""What is known of an account's uncertainty: the draws of sampling, of assumptions and of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.account.drawing import INK, RULE, halo, name_rows, upright_grid, wrapped
from mih_impact.account.ledger import FloatArray
from mih_impact.account.roles import GROUP_LABELS, GROUPS, break_even_text, hundreds
from mih_impact.arguments import named_options
from mih_impact.display.figure import (
    ACTOR_COLOURS,
    CONTROL,
    OKABE_ITO,
    kroner_axis,
    label_ticks,
    percent_axis,
    readable,
    unit_line,
)
from mih_impact.display.layout import figure, finish, make_room
from mih_impact.display.locale import Label, Lang, both, capital, in_language
from mih_impact.display.numbers import interval, money_code, number, percent, probability
from mih_impact.display.result import Card, NoContributors, Provenance, Result
from mih_impact.errors import AssumptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SOURCES", "Uncertainty", "plot_acceptability", "plot_break_even", "plot_intervals"]

SOURCES = ("sampling", "assumptions", "total")

SOURCE_LABELS = {
    "sampling": Label(nb="utvalgsusikkerhet", en="sampling"),
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
    en="Selection, for instance on motivation, is not included.",
)
_SHOWN = ("society", "state", "municipality")


@dataclass(frozen=True, eq=False, repr=False)
class Uncertainty(Result):
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

    contributors = NoContributors(
        "sums of an account, which `tables.require_enough` and `pooled` refuse or pool"
    )

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
        arguments.level(level)
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
            The programme has no costs to scale.
        OptionError
            A cost is negative, or no number.
        """
        if self.cost <= 0:
            raise AssumptionError(
                "There are no costs to set the probability against",
                found=f"a programme that costs {self.cost + 0.0:g}",
                do="give cost_benefit a programme with costs",
            )
        given = np.linspace(0, 6, 61) * self.cost if costs is None else costs
        what = "Costs per participant are numbers from 0 on"
        wanted = arguments.numbers("costs", given, what, example="[0, 250000]", low=0.0)
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
        with in_language(lang):
            return plot_intervals(self, ax=ax)

    def plot_acceptability(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the probability of a gain against the cost per participant."""
        with in_language(lang):
            return plot_acceptability(self, ax=ax)

    def plot_break_even(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the distribution of break-even."""
        with in_language(lang):
            return plot_break_even(self, ax=ax)

    def _card(self) -> Card:
        frame = self.to_frame()
        rows = frame[frame["actor"].isin(_SHOWN) & frame["mean"].notna()].to_dict("records")
        cells = [
            (
                GROUP_LABELS[str(row["actor"])].text(),
                SOURCE_LABELS[str(row["source"])].text(),
                hundreds(row["mean"]),
                interval(row["conf_low"], row["conf_high"], hundreds),
                probability(row["probability_positive"], 0),
            )
            for place in (_SHOWN.index(group) for group in _SHOWN)
            for row in rows
            if row["actor"] == _SHOWN[place]
        ]
        level = percent(0.95, 0)
        names = (_WHO, _SOURCE, _MEAN, _INTERVAL.format(level=level), _GAIN)
        how = _RESAMPLED if self.kind == "resampled" else _NOTE
        notes = [how.format(n=both(lambda: number(self.n)))]
        notes += [_ONLY] if self.kind == "none" else []
        table = pd.DataFrame(cells, columns=[name.text() for name in names])
        texts = tuple(note.text() for note in (*notes, _NOT_IN))
        return Card(_TITLE.text(), table=table, notes=texts)


#: Those whose odds are asked for.
ASKED = ("society", "public", "state", "municipality")
_DRAWS = Label(nb="{n} trekninger.", en="{n} draws.")
_NOT_SELECTION = Label(
    nb="Skjev utvelgelse er ikke med.", en="Selection on unobservables is not included."
)
_ONLY_ASSUMPTIONS = Label(
    nb="Effektene har ingen kovarians: bare forutsetningene varierer.",
    en="The effects have no covariance: only the assumptions vary.",
)


def drawn_from(uncertainty: Uncertainty, *notes: Label) -> list[Label]:
    """Return what stands beneath: the account, the draws, and what they leave out."""
    n = uncertainty.n
    draws = _DRAWS.format(n=both(lambda: number(n)))
    only = (_ONLY_ASSUMPTIONS,) if uncertainty.kind == "none" else ()
    return [uncertainty.basis, draws, *notes, *only, _NOT_SELECTION]


_INTERVALS = Label(nb="Hvor usikkert er regnskapet?", en="How uncertain is the account?")
_INTERVALS_WHAT = Label(
    nb="Nåverdi per deltaker, 95\u00a0%-intervaller",
    en="Present value per participant, 95% intervals",
)
#: Three shades that grey tells apart, as does the order of the bars.
_SHADES = {"sampling": OKABE_ITO["blue"], "assumptions": "#F0B429", "total": INK}
_BAR, _APART = 0.17, 0.24


def plot_intervals(uncertainty: Uncertainty, *, ax: Axes | None = None) -> Axes:
    """Draw the intervals of sampling, of assumptions and of both, for those who ask."""
    frame = uncertainty.to_frame().dropna(subset="mean")
    sources = [source for source in _SHADES if source in uncertainty.draws]
    places = np.arange(len(ASKED), dtype=float)
    with figure(ax) as ax:
        upright_grid(ax)
        ax.axvline(0, color=INK, linewidth=0.8)
        for k, source in enumerate(sources):
            rows = frame[frame["source"] == source].set_index("actor").loc[list(ASKED)]
            at = places + _APART * (k - (len(sources) - 1) / 2)
            ax.barh(
                at, rows["conf_high"] - rows["conf_low"], left=rows["conf_low"], height=_BAR,
                color=_SHADES[source], label=capital(SOURCE_LABELS[source].text()),
            )  # fmt: skip
            ax.plot(
                rows["mean"], at, "o", color="white", markeredgecolor=INK, markeredgewidth=1.0,
                markersize=5.0, label=_MEAN.text(),
            )  # fmt: skip
        _write_bounds(ax, rows, at)  # of the last source: all there is
        names = [wrapped(GROUP_LABELS[group].text(), 18) for group in ASKED]
        name_rows(ax, places, names)
        make_room(ax)
        what = _INTERVALS_WHAT.text()
        kroner_axis(ax, price_year=uncertainty.price_year, axis="x", what=what)
        handles, _ = ax.get_legend_handles_labels()
        finish(
            ax, title=_INTERVALS, source=drawn_from(uncertainty), of=uncertainty,
            alt=_intervals_alt(frame), key=[*ax.containers, handles[0]], names="rows")  # fmt: skip
    return ax


def _write_bounds(ax: Axes, rows: pd.DataFrame, at: np.ndarray) -> None:
    """Write the two ends of the widest interval."""
    for column, side, away in (("conf_low", "right", -5), ("conf_high", "left", 5)):
        for place, value in zip(at, rows[column], strict=True):
            ax.annotate(
                hundreds(value), xy=(value, place), xytext=(away, 0),
                textcoords="offset points", ha=side, va="center", fontsize=8.5, color=INK,
                path_effects=halo(),
            )  # fmt: skip


def _intervals_alt(frame: pd.DataFrame) -> str:
    parts = []
    for group in ASKED:
        rows = frame[frame["actor"] == group].to_dict("records")
        bounds = [
            f"{SOURCE_LABELS[row['source']].text()}"
            f" {interval(row['conf_low'], row['conf_high'], hundreds)}"
            for row in rows
        ]
        name, mean = GROUP_LABELS[group].text(), hundreds(rows[-1]["mean"])
        parts.append(f"{name} {mean} ({', '.join(bounds)})")
    return f"{_INTERVALS.text()} {_INTERVALS_WHAT.text()}: {'; '.join(parts)}."


_ODDS = Label(
    nb="Hvor dyrt kan tiltaket bli og fortsatt lønne seg?",
    en="How costly can the programme be and still pay off?",
)
_ODDS_WHAT = Label(nb="sannsynlighet for gevinst", en="probability of a gain")
_COST = Label(
    nb="tiltakskostnad per deltaker, nåverdi i 1\u00a0000\u00a0{money}, faste {year}-priser",
    en="programme cost per participant, present value in {money}\u00a0thousand, fixed {year}"
    " prices",
)
_BASE_COST = Label(nb="hovedregnskapet:\n{cost}", en="base:\n{cost}")
_SCALED = Label(
    nb="Alle ressurser skaleres likt; tilskudd og hvem som betaler, ligger fast.",
    en="All resources are scaled alike; grants, and who pays, are held.",
)
_ODDS_ALT = Label(
    nb="{title} Sannsynlighet for gevinst ved hovedregnskapets kostnad {cost}: {base}. Ved {most}:"
    " {last}.",
    en="{title} Probability of a gain at the base cost of {cost}: {base}. At {most}: {last}.",
)
_ODDS_LINES: dict[str, Any] = {"society": "-", "state": (0, (5, 2)), "municipality": (0, (1, 1.2))}

_WHEN = Label(nb="Når blir det lønnsomt?", en="When does it break even?")
_WHEN_WHAT = Label(
    nb="sannsynlighet for at det er lønnsomt fra dette året",
    en="probability that it breaks even in that year",
)
_YEARS = Label(nb="år siden oppstart", en="years since start")
_NEVER = Label(nb="ikke innen\n{years} år", en="not within\n{years} years")
_LESS = Label(nb="<\u00a01\u00a0%", en="<\u00a01%")
_TALL = 0.72  # height of a certainty, in rows


def plot_acceptability(uncertainty: Uncertainty, *, ax: Axes | None = None) -> Axes:
    """Draw the probability of a gain against the programme's cost per participant.

    Raises
    ------
    AssumptionError
        The programme has no costs to scale.
    """
    frame = uncertainty.acceptability()
    with figure(ax) as ax:
        ax.axvline(uncertainty.cost, color=CONTROL, linewidth=1.2, label="_base")
        for group, dashes in _ODDS_LINES.items():
            rows = frame[frame["actor"] == group]
            ax.plot(
                rows["cost_per_participant"], rows["probability_positive"], linestyle=dashes,
                color=ACTOR_COLOURS[group], label=GROUP_LABELS[group].text(), clip_on=False,
            )  # fmt: skip
        ax.set_ylim(0, 1)
        most = float(frame["cost_per_participant"].max())
        ax.set_xlim(0, most)
        # No tick at the very end, where a line that ends at nothing has its name.
        ax.set_xticks([tick for tick in ax.get_xticks() if tick <= 0.93 * most])
        ax.set_yticks(np.linspace(0, 1, 6))
        label_ticks(ax.xaxis, lambda value: number(value / 1000))
        ax.set_xlabel(capital(_COST.format(year=uncertainty.price_year, money=money_code()).text()))
        ax.annotate(
            _BASE_COST.format(cost=hundreds(uncertainty.cost)).text(),
            xy=(uncertainty.cost, 0.04), xytext=(6, 0), textcoords="offset points", fontsize=9,
            color=readable(CONTROL), ha="left", va="bottom", path_effects=halo(),
        )  # fmt: skip
        percent_axis(ax, what=_ODDS_WHAT.text())
        finish(
            ax, title=_ODDS, source=drawn_from(uncertainty, _SCALED), of=uncertainty,
            alt=_odds_alt(uncertainty, frame), names="ends")  # fmt: skip
    return ax


def plot_break_even(uncertainty: Uncertainty, *, ax: Axes | None = None) -> Axes:
    """Draw the distribution of break-even, never within the horizon included."""
    frame = uncertainty.break_even_frame()
    horizon = uncertainty.horizon
    years = np.append(np.arange(horizon), horizon + 0.4)  # a gap before never
    with figure(ax) as ax:
        ax.grid(visible=False)
        for row, group in enumerate(ASKED):
            share = frame.loc[frame["actor"] == group, "probability"].to_numpy()
            bottom = float(len(ASKED) - 1 - row)
            ax.axhline(bottom, color=RULE, linewidth=0.8)
            ax.bar(years, share * _TALL, bottom=bottom, width=0.72, color=ACTOR_COLOURS[group])
            _write_shares(ax, years, share, bottom)
        ax.set_ylim(-0.05, len(ASKED) - 0.05)
        names = [wrapped(GROUP_LABELS[group].text(), 18) for group in ASKED]
        ax.set_yticks([len(ASKED) - 1 - row + 0.2 for row in range(len(ASKED))], names)
        ax.axvline(horizon - 0.3, color=CONTROL, linewidth=0.9, linestyle=(0, (2, 3)))
        never = _NEVER.format(years=horizon).text()
        ax.set_xticks(years, [*(number(year) for year in years[:-1]), never])
        ax.set_xlabel(capital(_YEARS.text()))
        unit_line(ax, _WHEN_WHAT.text())
        finish(
            ax, title=_WHEN, source=drawn_from(uncertainty), of=uncertainty,
            alt=_when_alt(uncertainty, frame), names="rows")  # fmt: skip
    return ax


def _write_shares(ax: Axes, years: np.ndarray, share: np.ndarray, bottom: float) -> None:
    """Write each probability above its bar; a rare one is no zero, and none is not written."""
    for year, part in zip(years, share, strict=True):
        if part > 0:
            text = percent(part, 0) if part >= 0.005 else _LESS.text()
            ax.annotate(
                text, xy=(year, bottom + part * _TALL), xytext=(0, 2),
                textcoords="offset points", ha="center", va="bottom", fontsize=8.5, color=INK,
            )  # fmt: skip


def _odds_alt(uncertainty: Uncertainty, frame: pd.DataFrame) -> str:
    at_base = uncertainty.acceptability([uncertainty.cost])
    most = float(frame["cost_per_participant"].max())

    def said(rows: pd.DataFrame) -> str:
        shares = rows.set_index("actor")["probability_positive"]
        return ", ".join(
            f"{GROUP_LABELS[group].text()} {probability(shares[group])}" for group in _ODDS_LINES
        )

    text = _ODDS_ALT.format(
        title=_ODDS, cost=hundreds(uncertainty.cost), base=said(at_base),
        most=hundreds(most), last=said(frame[frame["cost_per_participant"] == most]),
    )  # fmt: skip
    return text.text()


def _when_alt(uncertainty: Uncertainty, frame: pd.DataFrame) -> str:
    parts = []
    for group in ASKED:
        rows = frame[(frame["actor"] == group) & (frame["probability"] > 0)]
        shares = [
            f"{_year_text(year, uncertainty.horizon)} {percent(share, 1)}"
            for year, share in zip(rows["year_since_start"], rows["probability"], strict=True)
        ]
        parts.append(f"{GROUP_LABELS[group].text()}: {', '.join(shares)}")
    return f"{_WHEN.text()} {capital(_WHEN_WHAT.text())}. {'; '.join(parts)}."


def _year_text(year: Any, horizon: int) -> str:
    return break_even_text(None if pd.isna(year) else int(year), horizon)
