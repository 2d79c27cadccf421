"""Two figures of the account: when gains pass costs, and who pays and who gains."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mih_impact.account.drawing import (
    INK,
    INTERVAL,
    NO_INTERVAL,
    RULE,
    halo,
    name_rows,
    upright_grid,
    whiskers,
    wrapped,
    write_amounts,
)
from mih_impact.account.roles import ACTORS, GROUP_LABELS, break_even_text, hundreds
from mih_impact.account.tables import actor_frame, costs_frame, require_enough, year_frame
from mih_impact.account.values import AccountValues, basis_of
from mih_impact.display.figure import (
    ACTOR_COLOURS,
    CONTROL,
    kroner_axis,
)
from mih_impact.display.layout import figure, finish, make_room
from mih_impact.display.locale import Label, capital
from mih_impact.display.numbers import interval, thousands
from mih_impact.errors import AssumptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

__all__ = ["plot_actors", "plot_costs", "plot_cumulative"]

_CUMULATIVE = Label(nb="Når er nytten større enn kostnadene?", en="When do benefits exceed costs?")
_SUMMED = Label(nb="samlet nåverdi per deltaker", en="cumulative present value per participant")
_YEARS = Label(nb="År siden oppstart", en="Years since start")
_LINE = {
    "society": Label(nb="samfunnet", en="society"),
    "public": Label(nb="offentlige\nbudsjetter", en="public\nbudgets"),
}
_BREAK_EVEN = Label(nb="lønnsomt {when}", en="breaks even {when}")
_BAND = Label(
    nb="Skravert: 95\u00a0% konfidensintervall for samfunnet, bare utvalgsusikkerhet.",
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


def plot_cumulative(case: AccountValues, *, ax: Axes | None = None) -> Axes:
    """Draw cumulative present value by year for society and public budgets."""
    require_enough(case)
    frame = year_frame(case)
    paths = {name: frame[frame["actor"] == name] for name in ("society", "public")}
    years = np.arange(case.horizon)
    with figure(ax) as ax:
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
                label=_line_name(case, name),
            )  # fmt: skip
            _mark_break_even(ax, case, name, paths[name]["cumulative"].to_numpy())
        ax.set_xticks(years)
        ax.set_xlabel(_YEARS.text())
        kroner_axis(ax, price_year=case.price_year, what=capital(_SUMMED.text()))
        band = NO_INTERVAL if case.covariance is None else _BAND
        finish(
            ax, title=_CUMULATIVE, source=[basis_of(case), band], of=case, names="ends",
            alt=_cumulative_alt(case, paths["society"]["cumulative"].to_numpy()))  # fmt: skip
    return ax


def plot_actors(case: AccountValues, *, ax: Axes | None = None) -> Axes:
    """Draw the present value of every actor, and the two sums beneath."""
    require_enough(case)
    frame = actor_frame(case).set_index("actor")
    moved = frame["present_value"].abs() > 0.5
    actors = [actor for actor in ACTORS if moved[actor]]
    names = [*actors, "public", "society"]
    # A gap before the sums, which are no further actors.
    places = np.array([*range(len(actors)), len(actors) + 0.5, len(actors) + 1.5])
    rows = frame.loc[names]
    values = rows["present_value"].to_numpy()
    reach = (rows["present_value"] - rows["conf_low"]).fillna(0.0).to_numpy()
    with figure(ax) as ax:
        upright_grid(ax)
        ax.barh(places, values, height=0.62, color=[ACTOR_COLOURS[name] for name in names])
        if case.covariance is not None:
            whiskers(ax, places, values - reach, values + reach)
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.axhline(len(actors) - 0.25, color="#BBBBBB", linewidth=0.8)
        ax.set_yticks(places, [_axis_name(name) for name in names])
        ax.invert_yaxis()
        write_amounts(ax, places, values, values - reach, values + reach)
        make_room(ax)
        kroner_axis(
            ax, price_year=case.price_year, axis="x",
            what=_PER.format(years=case.horizon).text())  # fmt: skip
        note = NO_INTERVAL if case.covariance is None else INTERVAL
        finish(
            ax, title=_WHO, source=[basis_of(case), note], of=case,
            alt=_actors_alt(case, names), names="rows")  # fmt: skip
    return ax


def _mark_break_even(ax: Axes, case: AccountValues, name: str, path: np.ndarray) -> None:
    """Mark the year from which the path stays at or above zero."""
    year = case.break_even(name)
    if year is not None:
        colour = ACTOR_COLOURS[name]
        ax.plot(year, path[year], "o", color=colour, markersize=7, label="_break-even")


def _line_name(case: AccountValues, name: str) -> str:
    """Return what stands at the end of a line, where no other text can be: who, and from when."""
    year = case.break_even(name)
    if year is None:
        return _LINE[name].text()
    when = break_even_text(year, case.horizon)
    return f"{_LINE[name].text()},\n{_BREAK_EVEN.format(when=when).text()}"


def _axis_name(name: str) -> str:
    """Return a group's name, what stands in brackets on a line of its own."""
    return capital(GROUP_LABELS[name].text()).replace(" (", "\n(")


def _cumulative_alt(case: AccountValues, path: np.ndarray) -> str:
    when = break_even_text(case.break_even_year, case.horizon)
    return _ALT_CUMULATIVE.format(
        low=thousands(path.min(), 0),
        last=thousands(path[-1], 0),
        years=case.horizon,
        when=_BREAK_EVEN.format(when=when).text(),
        public=thousands(case.public, 0),
    ).text()


def _actors_alt(case: AccountValues, names: list[str]) -> str:
    parts = []
    for name in names:
        text = f"{GROUP_LABELS[name].text()} {thousands(case.present_value(name), 0)}"
        bounds = case.interval(of=name)
        if bounds is not None:
            text += f" ({interval(*bounds, partial(thousands, decimals=0))})"
        parts.append(text)
    return f"{_WHO.text()}: {', '.join(parts)}."


_TITLE = Label(nb="Hva tiltaket koster, og hvem som betaler", en="What it costs, and who pays")
_WHAT = Label(nb="Nåverdi per deltaker som startet", en="Present value per participant who started")
_SAVED = Label(nb="til fradrag", en="to be deducted")
_NET = Label(nb="Netto kostnad", en="Net cost")
_PAID = Label(nb="{amount}, {payer}", en="{amount}, {payer}")
_PASSED = Label(nb="{amount}, {payer} til {receiver}", en="{amount}, {payer} to {receiver}")
_CASH = Label(nb="utbetalt", en="cash")
_KIND = Label(nb="uten utbetaling", en="in kind")
_TRANSFER = Label(nb="overføring, ikke i summen", en="transfer, not in the sum")
_RANGE = Label(nb="spenn", en="range")
_NOTE = Label(
    nb="Null med strek: ingen har satt en pris; spennet er en antakelse.",
    en="Zero with a line: nobody has priced it; the range is an assumption.",
)
_ALT = Label(nb="{title}. {rows}. Netto kostnad: {net}.", en="{title}. {rows}. Net cost: {net}.")
_ALT_ROW = Label(
    nb="{phase}, {item}: {paid}{range}", en="{phase}, {item}: {paid}{range}"
)  # fmt: skip
_HEIGHT = 0.58


def plot_costs(case: AccountValues, *, ax: Axes | None = None) -> Axes:
    """Draw each cost with its payer and its range, what is in kind hatched, and the net sum.

    Raises
    ------
    AssumptionError
        The programme has no costs, or there are too few participants.
    """
    require_enough(case)
    frame = costs_frame(case)
    if not case.programme.items:
        raise AssumptionError(
            "There are no costs to draw",
            found=f"programme {case.programme.name!r} without cost items",
            do="give cost_benefit a programme with costs",
        )
    names, places, heads, rows = _rows(frame)
    net = float(rows.loc[rows["kind"] != "transfer", "present_value"].sum())
    end = places[-1] + 1.4
    with figure(ax, size=(7.2, 2.0 + 0.31 * (len(names) + 1))) as ax:
        upright_grid(ax)
        for row in rows.to_dict("records"):
            ax.barh(row["place"], row["present_value"], height=_HEIGHT, **_look(row))
        ranged = rows.dropna(subset="low")
        whiskers(ax, ranged["place"], ranged["low"], ranged["high"])
        ax.barh(end, net, height=_HEIGHT, color=INK)
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.axhline(end - 0.7, color=RULE, linewidth=0.8)
        name_rows(ax, [*places, end], [*names, _NET.text()], heads=[*heads, len(names)])
        for row in rows.to_dict("records"):
            right = max(row["present_value"], np.nan_to_num(row["high"]), 0.0)
            _write(ax, right, row["place"], _paid(row), "normal")
        _write(ax, max(net, 0.0), end, hundreds(net), "bold")
        make_room(ax)
        kroner_axis(ax, price_year=case.price_year, axis="x", what=_WHAT.text())
        notes = [_NOTE] if (ranged["present_value"].abs() < 0.5).any() else []
        finish(
            ax, title=_TITLE, source=[basis_of(case), *notes], of=case,
            alt=_alt(rows, net), key=_key(rows), names="rows")  # fmt: skip
    return ax


def _rows(frame: pd.DataFrame) -> tuple[list[str], list[float], list[int], pd.DataFrame]:
    """Return names and places of all lines, which are phases, and the items with their places."""
    saved = frame["kind"] == "saving"
    frame = frame.assign(
        present_value=frame["present_value"] + 0.0,  # no negative zeros
        heading=np.where(saved, _SAVED.text(), frame["phase_label"]),
    )
    names: list[str] = []
    places: list[float] = []
    heads: list[int] = []
    parts = []
    at = 0.0
    for heading, part in frame.groupby("heading", sort=False):
        heads.append(len(names))
        inside = at + 0.85 + 1.0 * np.arange(len(part))
        names += [capital(str(heading)), *(wrapped(name, 38) for name in part["label"])]
        places += [at, *inside.tolist()]
        parts.append(part.assign(place=inside))
        at = float(inside[-1]) + 1.1
    return names, places, heads, pd.concat(parts)


def _look(row: dict[Any, Any]) -> dict[str, Any]:
    """Return fill, edge and hatch: cash full, in kind hatched, a transfer an outline."""
    colour = ACTOR_COLOURS[row["payer"]]
    if row["kind"] == "transfer":
        return {"facecolor": "white", "edgecolor": colour, "linewidth": 1.6}
    if not row["cash"]:
        return {"facecolor": colour, "edgecolor": "white", "hatch": "////", "linewidth": 0.0}
    return {"facecolor": colour}


def _key(rows: pd.DataFrame) -> list[Any]:
    """Return what is to be named of what is there."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    looks: list[tuple[bool, Label, dict[str, Any]]] = [
        (bool(rows["cash"].any()), _CASH, {"facecolor": CONTROL}),
        (bool((~rows["cash"].astype(bool)).any()), _KIND,
         {"facecolor": CONTROL, "edgecolor": "white", "hatch": "////", "linewidth": 0.0}),
        (bool((rows["kind"] == "transfer").any()), _TRANSFER,
         {"facecolor": "white", "edgecolor": CONTROL, "linewidth": 1.6}),
    ]  # fmt: skip
    patches: list[Patch] = [
        Patch(label=name.text(), **look) for is_there, name, look in looks if is_there
    ]
    if rows["low"].isna().all():
        return patches
    return [*patches, Line2D([], [], color=INK, linewidth=1.4, label=_RANGE.text())]


def _paid(row: dict[Any, Any]) -> str:
    """Return the amount and who pays it, to whom if it is a transfer."""
    text = _PASSED if row["kind"] == "transfer" else _PAID
    return text.format(
        amount=hundreds(row["present_value"]),
        payer=GROUP_LABELS[row["payer"]],
        receiver=GROUP_LABELS[row["receiver"]] if row["receiver"] else "",
    ).text()


def _write(ax: Axes, x: float, place: float, text: str, weight: str) -> None:
    ax.annotate(
        text, xy=(x, place), xytext=(6, 0), textcoords="offset points", ha="left", va="center",
        fontsize=8.5, color=INK, fontweight=weight, path_effects=halo(),
    )  # fmt: skip


def _alt(rows: pd.DataFrame, net: float) -> str:
    parts = []
    for row in rows.to_dict("records"):
        known = not pd.isna(row["low"])
        bounds = f" ({interval(row['low'], row['high'], hundreds)})" if known else ""
        text = _ALT_ROW.format(
            phase=row["heading"], item=row["label"], paid=_paid(row), range=bounds
        )
        parts.append(text.text())
    text = _ALT.format(title=_TITLE, rows="; ".join(parts), net=hundreds(net))
    return text.text()
