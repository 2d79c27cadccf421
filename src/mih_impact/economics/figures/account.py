"""Two figures of the account: when gains pass costs, and who pays and who gains."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mih_impact.display.labels import Label, Lang, capital
from mih_impact.display.numbers import interval, thousands
from mih_impact.display.style import (
    ACTOR_COLOURS,
    align_with_names,
    axes,
    figure_style,
    kroner_axis,
    label_line_ends,
    make_room,
    set_alt_text,
    source_line,
)
from mih_impact.economics.actors import ACTORS, GROUP_LABELS
from mih_impact.economics.basis import basis_of
from mih_impact.economics.card import break_even_text
from mih_impact.economics.figures.parts import (
    INK,
    INTERVAL,
    NO_INTERVAL,
    beneath,
    upright_grid,
    whiskers,
    write_amounts,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.economics.case import CostBenefit

__all__ = ["plot_actors", "plot_cumulative"]

_CUMULATIVE = Label(nb="Når er nytten større enn kostnadene?", en="When do benefits exceed costs?")
_SUMMED = Label(nb="samlet nåverdi per deltaker", en="cumulative present value per participant")
_YEARS = Label(nb="År siden oppstart", en="Years since start")
_LINE = {
    "society": Label(nb="samfunnet", en="society"),
    "public": Label(nb="offentlige\nbudsjetter", en="public\nbudgets"),
}
_BREAK_EVEN = Label(nb="lønnsomt {when}", en="breaks even {when}")
_BAND = Label(
    nb="Skravert: 95\u00a0% konfidensintervall for samfunnet, tilfeldig usikkerhet alene.",
    en="Shaded: 95% confidence interval for society, sampling alone.",
)
_ALT_CUMULATIVE = Label(
    nb="Linje: samlet nåverdi per deltaker for samfunnet er {low} på det laveste og {last} etter"
    " {years} år, {when}. Offentlige budsjetter ender på {public}.",
    en="Line: cumulative present value per participant for society is {low} at its lowest and"
    " {last} after {years} years, {when}. Public budgets end at {public}.",
)

_WHO = Label(nb="Hvem betaler, hvem tjener", en="Who pays, who gains")
_PER = Label(
    nb="Nåverdi per deltaker over {years} år", en="Present value per participant over {years} years"
)


def plot_cumulative(case: CostBenefit, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
    """Draw cumulative present value by year for society and public budgets.

    Parameters
    ----------
    case
        The account.
    ax
        Axes to draw in; None makes a figure.
    lang
        Language; None is the one in force.

    Returns
    -------
    Axes
    """
    frame = case.by_year()
    paths = {name: frame[frame["actor"] == name] for name in ("society", "public")}
    years = np.arange(case.horizon)
    with figure_style():
        ax = axes(ax)
        ax.axhline(0, color=INK, linewidth=0.8, label="_zero")
        society = paths["society"]
        if case.covariance is not None:
            ax.fill_between(
                years, society["conf_low"], society["conf_high"],
                color=ACTOR_COLOURS["society"], alpha=0.13, linewidth=0,
            )  # fmt: skip
        for name, dashes in (("public", (0, (4, 2))), ("society", "solid")):
            ax.plot(
                years, paths[name]["cumulative"], color=ACTOR_COLOURS[name], linestyle=dashes,
                label=_line_name(case, name, lang),
            )  # fmt: skip
            _mark_break_even(ax, case, name, paths[name]["cumulative"].to_numpy())
        ax.set_xticks(years)
        ax.set_xlabel(_YEARS.text(lang))
        ax.set_title(_CUMULATIVE.text(lang))
        kroner_axis(ax, lang, price_year=case.price_year, what=capital(_SUMMED.text(lang)))
        band = NO_INTERVAL if case.covariance is None else _BAND
        source_line(ax, beneath(basis_of(case), case, lang, band))
        label_line_ends(ax)
        set_alt_text(ax, _cumulative_alt(case, paths["society"]["cumulative"].to_numpy(), lang))
    return ax


def plot_actors(case: CostBenefit, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
    """Draw the present value of every actor, and the two sums beneath.

    Parameters
    ----------
    case
        The account.
    ax
        Axes to draw in; None makes a figure.
    lang
        Language; None is the one in force.

    Returns
    -------
    Axes
    """
    frame = case.by_actor().set_index("actor")
    moved = frame["present_value"].abs() > 0.5
    actors = [actor for actor in ACTORS if moved[actor]]
    names = [*actors, "public", "society"]
    # A gap before the sums, which are no further actors.
    places = np.array([*range(len(actors)), len(actors) + 0.5, len(actors) + 1.5])
    rows = frame.loc[names]
    values = rows["present_value"].to_numpy()
    reach = (rows["present_value"] - rows["conf_low"]).fillna(0.0).to_numpy()
    with figure_style():
        ax = axes(ax)
        upright_grid(ax)
        ax.barh(places, values, height=0.62, color=[ACTOR_COLOURS[name] for name in names])
        if case.covariance is not None:
            whiskers(ax, places, values - reach, values + reach)
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.axhline(len(actors) - 0.25, color="#BBBBBB", linewidth=0.8)
        ax.set_yticks(places, [_axis_name(name, lang) for name in names])
        ax.invert_yaxis()
        write_amounts(ax, places, values, values - reach, values + reach, lang)
        make_room(ax)
        ax.set_title(_WHO.text(lang))
        kroner_axis(
            ax, lang, price_year=case.price_year, axis="x",
            what=_PER.format(years=case.horizon).text(lang),
        )  # fmt: skip
        note = NO_INTERVAL if case.covariance is None else INTERVAL
        source_line(ax, beneath(basis_of(case), case, lang, note))
        align_with_names(ax)
        set_alt_text(ax, _actors_alt(case, names, lang))
    return ax


def _mark_break_even(ax: Axes, case: CostBenefit, name: str, path: np.ndarray) -> None:
    """Mark the year from which the path stays at or above zero."""
    year = case.break_even(name)
    if year is not None:
        colour = ACTOR_COLOURS[name]
        ax.plot(year, path[year], "o", color=colour, markersize=7, label="_break-even")


def _line_name(case: CostBenefit, name: str, lang: Lang | None) -> str:
    """Return what stands at the end of a line, where no other text can be: who, and from when."""
    year = case.break_even(name)
    if year is None:
        return _LINE[name].text(lang)
    when = break_even_text(year, case.horizon, lang)
    return f"{_LINE[name].text(lang)},\n{_BREAK_EVEN.format(when=when).text(lang)}"


def _axis_name(name: str, lang: Lang | None) -> str:
    """Return a group's name, what stands in brackets on a line of its own."""
    return capital(GROUP_LABELS[name].text(lang)).replace(" (", "\n(")


def _cumulative_alt(case: CostBenefit, path: np.ndarray, lang: Lang | None) -> str:
    when = break_even_text(case.break_even_year, case.horizon, lang)
    return _ALT_CUMULATIVE.format(
        low=thousands(path.min(), 0, lang),
        last=thousands(path[-1], 0, lang),
        years=case.horizon,
        when=_BREAK_EVEN.format(when=when).text(lang),
        public=thousands(case.public, 0, lang),
    ).text(lang)


def _actors_alt(case: CostBenefit, names: list[str], lang: Lang | None) -> str:
    parts = []
    for name in names:
        text = f"{GROUP_LABELS[name].text(lang)} {thousands(case.present_value(name), 0, lang)}"
        bounds = case.interval(of=name)
        if bounds is not None:
            text += f" ({interval(*bounds, partial(thousands, decimals=0), lang)})"
        parts.append(text)
    return f"{_WHO.text(lang)}: {', '.join(parts)}."
