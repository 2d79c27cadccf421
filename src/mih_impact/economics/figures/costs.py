"""What the programme costs, phase by phase: who pays, in cash or in kind, how sure it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mih_impact.display.labels import Label, Lang, capital
from mih_impact.display.numbers import interval
from mih_impact.display.options import language
from mih_impact.display.style import (
    ACTOR_COLOURS,
    CONTROL,
    align_with_names,
    axes,
    figure_style,
    key_row,
    kroner_axis,
    make_room,
    set_alt_text,
    source_line,
)
from mih_impact.economics.actors import GROUP_LABELS
from mih_impact.economics.basis import basis_of
from mih_impact.economics.figures.parts import (
    INK,
    RULE,
    beneath,
    halo,
    name_rows,
    upright_grid,
    whiskers,
    wrapped,
)
from mih_impact.economics.labels import hundreds
from mih_impact.errors import AssumptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

    from mih_impact.economics.case import CostBenefit

__all__ = ["plot_costs"]

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


def plot_costs(case: CostBenefit, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
    """Draw each cost with its payer and its range, what is in kind hatched, and the net sum.

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

    Raises
    ------
    AssumptionError
        The programme has no costs.
    """
    lang = language(lang)
    frame = case.costs(lang)
    if not case.programme.items:
        raise AssumptionError(
            "There are no costs to draw",
            found=f"programme {case.programme.name!r} without cost items",
            do="give cost_benefit a programme with costs",
        )
    names, places, heads, rows = _rows(frame, lang)
    net = float(rows.loc[rows["kind"] != "transfer", "present_value"].sum())
    end = places[-1] + 1.4
    with figure_style():
        ax = axes(ax, size=(7.2, 2.0 + 0.31 * (len(names) + 1)))
        upright_grid(ax)
        for row in rows.to_dict("records"):
            ax.barh(row["place"], row["present_value"], height=_HEIGHT, **_look(row))
        ranged = rows.dropna(subset="low")
        whiskers(ax, ranged["place"], ranged["low"], ranged["high"])
        ax.barh(end, net, height=_HEIGHT, color=INK)
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.axhline(end - 0.7, color=RULE, linewidth=0.8)
        name_rows(ax, [*places, end], [*names, _NET.text(lang)], heads=[*heads, len(names)])
        for row in rows.to_dict("records"):
            right = max(row["present_value"], np.nan_to_num(row["high"]), 0.0)
            _write(ax, right, row["place"], _paid(row, lang), "normal")
        _write(ax, max(net, 0.0), end, hundreds(net, lang), "bold")
        make_room(ax)
        ax.set_title(_TITLE.text(lang))
        kroner_axis(ax, lang, price_year=case.price_year, axis="x", what=_WHAT.text(lang))
        key_row(ax, _key(rows, lang))
        notes = [_NOTE] if (ranged["present_value"].abs() < 0.5).any() else []
        source_line(ax, beneath(basis_of(case), case, lang, *notes))
        align_with_names(ax)
        set_alt_text(ax, _alt(rows, net, lang))
    return ax


def _rows(
    frame: pd.DataFrame, lang: Lang
) -> tuple[list[str], list[float], list[int], pd.DataFrame]:
    """Return names and places of all lines, which are phases, and the items with their places."""
    saved = frame["kind"] == "saving"
    frame = frame.assign(
        present_value=frame["present_value"] + 0.0,  # no negative zeros
        heading=np.where(saved, _SAVED.text(lang), frame["phase_label"]),
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


def _key(rows: pd.DataFrame, lang: Lang) -> list[Any]:
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
        Patch(label=name.text(lang), **look) for is_there, name, look in looks if is_there
    ]
    if rows["low"].isna().all():
        return patches
    return [*patches, Line2D([], [], color=INK, linewidth=1.4, label=_RANGE.text(lang))]


def _paid(row: dict[Any, Any], lang: Lang) -> str:
    """Return the amount and who pays it, to whom if it is a transfer."""
    text = _PASSED if row["kind"] == "transfer" else _PAID
    return text.format(
        amount=hundreds(row["present_value"], lang),
        payer=GROUP_LABELS[row["payer"]],
        receiver=GROUP_LABELS[row["receiver"]] if row["receiver"] else "",
    ).text(lang)


def _write(ax: Axes, x: float, place: float, text: str, weight: str) -> None:
    ax.annotate(
        text, xy=(x, place), xytext=(6, 0), textcoords="offset points", ha="left", va="center",
        fontsize=8.5, color=INK, fontweight=weight, path_effects=halo(),
    )  # fmt: skip


def _alt(rows: pd.DataFrame, net: float, lang: Lang) -> str:
    parts = []
    for row in rows.to_dict("records"):
        known = not pd.isna(row["low"])
        bounds = f" ({interval(row['low'], row['high'], hundreds, lang)})" if known else ""
        text = _ALT_ROW.format(
            phase=row["heading"], item=row["label"], paid=_paid(row, lang), range=bounds
        )
        parts.append(text.text(lang))
    text = _ALT.format(title=_TITLE, rows="; ".join(parts), net=hundreds(net, lang))
    return text.text(lang)
