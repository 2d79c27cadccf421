"""The card and the figure of group-time effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.card import DESIGN_WEIGHTS, notes_on_absence, notes_on_lost
from mih_impact.controls.terms import parse_term, term_label
from mih_impact.display.figure import (
    CONTROL,
    axes,
    figure_style,
    label_line_ends,
    set_alt_text,
    source_line,
    unit_axis,
)
from mih_impact.display.locale import Label
from mih_impact.display.numbers import count, interval, number, year_range
from mih_impact.display.result import Card, evidence_of
from mih_impact.display.unit import difference
from mih_impact.effects.estimates import require_outcome
from mih_impact.panel.contract import label_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.effects.group_time.cells import GroupTimeEstimates

__all__ = ["group_time_card", "plot_group_time"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_TITLE = Label(nb="Effekter per oppstartsår og kalenderår", en="Effects by start year and year")
_LINES = {
    "estimator": Label(nb="Metode", en="Method"),
    "covariates": Label(nb="Justert for", en="Adjusted for"),
    "exact": Label(nb="Like innen", en="Equal within"),
    "controls": Label(nb="Kontroller", en="Controls"),
    "base": Label(nb="Basisår", en="Base year"),
    "starts": Label(nb="Oppstartsår", en="Start years"),
    "participants": Label(nb="Deltakere", en="Participants"),
}
_METHODS = {
    "dr": Label(nb="dobbelt robust", en="doubly robust"),
    "ipw": Label(nb="invers sannsynlighetsvekting", en="inverse probability weighting"),
    "reg": Label(nb="regresjon av utfallet", en="outcome regression"),
}
_PLAIN = Label(nb="forskjell i gjennomsnittlig endring", en="difference of mean changes")
_CONTROLS = {
    "never": Label(nb="starter aldri", en="never start"),
    "not_yet": Label(
        nb="har ikke startet ennå, eller starter aldri", en="have not started yet, or never do"
    ),
}
_BASES = {
    "universal": Label(nb="{n} år før oppstart", en="start year less {n}"),
    "varying": Label(
        nb="{n} år før oppstart; tidligere år måles mot året før",
        en="start year less {n}; earlier years against the year before",
    ),
}
_OF = Label(nb="{n} av {all}", en="{n} of {all}")
_OVERALL = Label(nb="{outcome}, samlet effekt", en="{outcome}, overall effect")
_REASONS = {
    "no_base_year": Label(nb="registeret mangler basisåret", en="the register lacks the base year"),
    "nobody_to_compare": Label(nb="ingen å sammenligne", en="nobody to compare"),
    "models_not_estimable": Label(
        nb="kjennetegnene lar seg ikke justere for", en="the models cannot be fitted"
    ),
    "one_participant": Label(
        nb="for få deltakere til en standardfeil",
        en="too few participants for a standard error",
    ),
}
_MISSING = Label(nb="{n} effekter: {why}.", en="{n} effects: {why}.")
_LEFT_OUT = Label(
    nb="Uten noen effekt, og ikke med i gjennomsnittene: oppstartsår {years}.",
    en="Without any effect, and in none of the averages: start years {years}.",
)


def group_time_card(effects: GroupTimeEstimates, overall: pd.DataFrame | None) -> Card:
    """Return the card: what was compared, the overall effects, and what is missing and why.

    `overall` is the table of the overall effects as displayed; None where there are none.
    """
    method = effects.method
    adjusted = "; ".join(term_label(parse_term(term)) for term in method.covariates)
    kind = _METHODS[method.estimator] if method.covariates else _PLAIN
    base = _BASES[method.base_period].format(n=method.anticipation + 1)
    compared, everybody = effects.coverage["compared"], effects.coverage["participants"]
    lines = [
        ("estimator", kind.text()),
        ("covariates", adjusted or "–"),
        ("exact", "; ".join(term_label(name) for name in method.exact) or "–"),
        ("controls", _CONTROLS[method.controls].text()),
        ("base", base.text()),
        ("starts", year_range(effects.starts[0], effects.starts[-1])),
        (
            "participants",
            _OF.format(n=count(compared), all=count(everybody)).text(),
        ),
    ]
    shown = [(_LINES[name].text(), text) for name, text in lines]
    reason = effects.frame["reason"].to_numpy()
    notes = [
        _MISSING.format(n=count(int((reason == code).sum())), why=why).text()
        for code, why in _REASONS.items()
        if (reason == code).any()
    ]
    gone = _without_effect(effects)
    if gone:
        notes.append(_LEFT_OUT.format(years=", ".join(map(str, gone))).text())
    if (known := effects.coverage.get("residency_known")) is not None:
        notes = [
            *notes_on_absence(bool(known)),
            *notes_on_lost(effects.flow or ()),
            *notes,
        ]
    if (weights := effects.provenance.options.get("weights")) is not None:
        notes.append(DESIGN_WEIGHTS.format(column=weights).text())
    return Card(_TITLE.text(), (*shown, *_overall(effects, overall)), notes=tuple(notes))


def _without_effect(effects: GroupTimeEstimates) -> list[int]:
    """Return the start years of which nothing is estimated from the start on, for some outcome."""
    starts = np.array(effects.starts)
    after = np.array(effects.years) >= starts[:, None]
    estimated = (np.isfinite(effects.estimate) & after).any(axis=2).all(axis=0)
    return [int(year) for year in starts[after.any(axis=1) & ~estimated]]


def _overall(effects: GroupTimeEstimates, overall: pd.DataFrame | None) -> list[tuple[str, str]]:
    """Return the overall effect of every outcome."""
    lines = []
    for row in [] if overall is None else overall.to_dict("records"):
        unit = effects.units[str(row["outcome"])]
        show = difference(unit, like=max(abs(row["estimate"]), np.nan_to_num(row["std_error"])))
        text = show(row["estimate"])
        if np.isfinite(row["std_error"]):
            text += f" ({interval(row['conf_low'], row['conf_high'], show)})"
        outcome = label_of(str(row["outcome"])).text()
        lines.append((_OVERALL.format(outcome=outcome).text(), text))
    return lines


#: Beyond so many years every other one is named on the axis.
MOST_TICKS = 16

_FIGURE_TITLE = Label(
    nb="Effekt på {outcome} etter oppstartsår", en="Effect on {outcome} by start year"
)
_SINCE = Label(nb="år siden oppstart", en="years since start")
_DIFFERENCE = Label(nb="forskjell fra kontrollgruppen", en="difference from the control group")
_NOTE = Label(
    nb="En linje for hvert oppstartsår, mørkere for senere. Usikkerheten står i tabellen.",
    en="A line for each start year, darker for later ones. The table has the uncertainty.",
)
_ALT = Label(nb="{title}. {n} oppstartsår.", en="{title}. {n} start years.")


def plot_group_time(effects: GroupTimeEstimates, outcome: str, *, ax: Axes | None = None) -> Axes:
    """Draw the effects of every start year by years since start; small cells are hidden.

    Parameters
    ----------
    effects
        The effects.
    outcome
        Which outcome.
    ax
        Axes to draw on; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib import colormaps

    require_outcome(effects.outcomes, outcome)
    frame = effects.shown().frame
    frame = frame[(frame["outcome"] == outcome) & frame["estimate"].notna()]
    starts = np.unique(frame["group"])
    shades = colormaps["cividis_r"](np.linspace(0.15, 1.0, max(len(starts), 2)))
    title = _FIGURE_TITLE.format(outcome=label_of(outcome)).text()
    with figure_style():
        ax = axes(ax)
        ax.axhline(0, color="#222222", linewidth=0.9)
        ax.axvline(-0.5, color=CONTROL, linewidth=0.9, linestyle=(0, (2, 3)), zorder=0)
        for start, shade in zip(starts, shades, strict=False):
            rows = frame[frame["group"] == start]
            ax.plot(
                rows["year_since_start"], rows["estimate"], color=shade, linewidth=1.4,
                marker="o", markersize=3, label=str(start),
            )  # fmt: skip
        ticks = np.unique(frame["year_since_start"])
        if len(ticks) > MOST_TICKS:
            ticks = ticks[ticks % 2 == 0]
        ax.set_xticks(ticks, [number(year) for year in ticks])
        ax.set_xlabel(_SINCE.text())
        ax.set_title(title)
        what = _DIFFERENCE.text()
        unit = effects.units[outcome]
        unit_axis(ax, unit=unit, price_year=effects.price_year, what=what)
        label_line_ends(ax)
        source_line(ax, " ".join(filter(None, [_NOTE.text(), evidence_of(effects)])))
        set_alt_text(ax, _ALT.format(title=title, n=number(len(starts))).text())
    return ax
