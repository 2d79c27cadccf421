"""How sure the account is: the intervals of sampling, of assumptions and of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mih_impact.account.figures.parts import (
    INK,
    RULE,
    halo,
    name_rows,
    upright_grid,
    wrapped,
)
from mih_impact.account.roles import GROUP_LABELS, break_even_text, hundreds
from mih_impact.account.uncertainty import SOURCE_LABELS
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
from mih_impact.display.locale import Label, both, capital
from mih_impact.display.numbers import interval, money_code, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.account.uncertainty import Uncertainty

__all__ = ["ASKED", "drawn_from", "plot_acceptability", "plot_break_even", "plot_intervals"]

#: Those whose odds are asked for.
ASKED = ("society", "public", "state", "municipality")
_DRAWS = Label(nb="{n} trekninger.", en="{n} draws.")
_NOT_SELECTION = Label(
    nb="Skjev utvelgelse er ikke med.", en="Selection on unobservables is not included."
)
_ONLY = Label(
    nb="Effektene har ingen kovarians: bare forutsetningene varierer.",
    en="The effects have no covariance: only the assumptions vary.",
)


def drawn_from(uncertainty: Uncertainty, *notes: Label) -> list[Label]:
    """Return what stands beneath: the account, the draws, and what they leave out."""
    n = uncertainty.n
    draws = _DRAWS.format(n=both(lambda: number(n)))
    only = (_ONLY,) if uncertainty.kind == "none" else ()
    return [uncertainty.basis, draws, *notes, *only, _NOT_SELECTION]


_INTERVALS = Label(nb="Hvor usikkert er regnskapet?", en="How uncertain is the account?")
_INTERVALS_WHAT = Label(
    nb="Nåverdi per deltaker, 95\u00a0%-intervaller",
    en="Present value per participant, 95% intervals",
)
_MEAN = Label(nb="gjennomsnitt", en="mean")
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
                markersize=5.0, label=capital(_MEAN.text()),
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
            f"{GROUP_LABELS[group].text()} {percent(shares[group], 1)}" for group in _ODDS_LINES
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
