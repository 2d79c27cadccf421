"""What the account leaves out: the value of the years after its horizon.

R-109 (6.4) asks for the residual value where effects outlast the period: the net present value of
the net benefits after it, from those of the last year. It stands beside the headline and is never
added to it, since nobody has estimated those years: it is shown under named assumptions of what
becomes of the effects, to the age of 67.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.account.drawing import (
    INK,
    INTERVAL,
    NO_INTERVAL,
    RULE,
    name_rows,
    per_participant,
    upright_grid,
    whiskers,
    write_amounts,
)
from mih_impact.account.roles import GROUP_LABELS, GROUPS, hundreds, require_group
from mih_impact.account.tables import actor_frame, require_enough
from mih_impact.account.values import AccountValues, basis_of
from mih_impact.display.figure import (
    ACTOR_COLOURS,
    kroner_axis,
    tinted,
)
from mih_impact.display.layout import figure, finish, make_room
from mih_impact.display.locale import Label, capital
from mih_impact.display.numbers import interval, year_range
from mih_impact.errors import AssumptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


__all__ = ["LAST_AGE", "plot_residual", "residual_frame", "residual_value_of", "years_left"]

FloatArray = NDArray[np.float64]

#: Effects on wages end where working life does.
LAST_AGE = 67

_DECAYS: dict[str, tuple[Label, float | None]] = {
    "none": (Label(nb="effekten holder seg", en="the effect lasts"), None),
    "half_life_5": (Label(nb="halveres hvert femte år", en="halved every five years"), 5.0),
    "half_life_10": (Label(nb="halveres hvert tiende år", en="halved every ten years"), 10.0),
}


def years_left(case: AccountValues) -> int:
    """Return the years from the horizon until the mean starter is 67; not below 0."""
    age = case.programme.age_at_start
    if age is None:
        raise AssumptionError(
            "The residual value runs to the age of 67, and the age at start is not known",
            found=f"programme {case.programme.name!r} without age_at_start",
            do="give mih.Programme("
            "age_at_start=mih.Assumption('age_at_start', 40.0, 'years', ...))",
        )
    return max(0, round(LAST_AGE - age.value) - case.horizon)


def residual_frame(case: AccountValues) -> pd.DataFrame:
    """Return the residual value under each decay; see `CostBenefit.residual_value`."""
    require_enough(case)
    last = case.horizon + years_left(case)
    rows = []
    for name, (label, half_life) in _DECAYS.items():
        values, errors = _after(case, last, half_life)
        for group, value, error in zip(GROUPS, values, errors, strict=True):
            years = [case.horizon, last - 1] if last > case.horizon else [pd.NA, pd.NA]
            rows.append([name, label.text(), group, *years, value, error])
    columns = [
        "decay", "label", "actor", "first_year", "last_year", "present_value", "std_error",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"first_year": "Int64", "last_year": "Int64"})


def residual_value_of(case: AccountValues, half_life: float) -> float:
    """Return the residual value of society if the effect halves every so many years."""
    values, _ = _after(case, case.horizon + years_left(case), half_life)
    return float(values[GROUPS.index("society")])


def _after(
    case: AccountValues, last: int, half_life: float | None
) -> tuple[FloatArray, FloatArray]:
    """Return present value and standard error of every group in the years after the horizon.

    The years within the horizon are as in the account, whatever its persistence; the effects of its
    last year are the first that decay.
    """
    nothing = np.zeros(len(GROUPS))
    if last == case.horizon:
        return nothing, nothing
    reached = _as_estimated(case)
    longer = replace(
        reached,
        horizon=last,
        persistence="constant" if half_life is None else "half_life",
        assumptions=case.assumptions.replace(half_life=half_life or case.assumptions.half_life),
    )
    model = longer.model.accumulated
    weights = model.weights[:, -1] - model.weights[:, case.horizon - 1]  # (G, R, T)
    constants = model.constants[:, -1] - model.constants[:, case.horizon - 1]
    values = np.einsum("grs,rs->g", weights, reached.effects) + constants
    if reached.covariance is None:
        return values, np.full(len(GROUPS), np.nan)
    c = weights.reshape(len(GROUPS), -1)
    variance = ((c @ reached.covariance) * c).sum(axis=1)
    return values, np.sqrt(np.clip(variance, 0.0, None))


def _as_estimated(case: AccountValues) -> AccountValues:
    """Return the account with the effects of every year of its horizon as if estimated."""
    roles, years = case.effects.shape
    if years == case.horizon:
        return case
    units = np.eye(roles * years).reshape(roles * years, roles, years)
    spread = case.model.path(units).reshape(roles * years, -1)  # (R * S, R * T)
    covariance = None if case.covariance is None else spread.T @ case.covariance @ spread
    return replace(case, effects=case.path, covariance=covariance)


_TITLE = Label(nb="Restverdien ved siden av regnskapet", en="The residual value beside the account")
_ACCOUNT = Label(nb="Regnskapet, år {years}", en="The account, years {years}")
_AFTER = Label(
    nb="Restverdi, år {years}, ikke lagt til", en="Residual value, years {years}, not added"
)
_NOTE = Label(
    nb="Ingen har målt effekten i årene etter regnskapet: restverdien legges aldri til, og de tre"
    " er alternativer.",
    en="Nobody has measured the effect in the years after the account: the residual value is never"
    " added, and the three are alternatives.",
)
_Z = NormalDist().inv_cdf(0.975)


def plot_residual(case: AccountValues, of: str = "society", *, ax: Axes | None = None) -> Axes:
    """Draw the headline, and under a line the residual value by each decay of the effect.

    Parameters
    ----------
    case
        The account.
    of
        An actor, `public` or `society`.
    ax
        Axes to draw in; None makes a figure.

    Returns
    -------
    Axes

    Raises
    ------
    AssumptionError
        An unknown group, a programme that does not say how old starters are, or too few persons;
        see `require_enough`.
    """
    require_group(of)
    rows, heading = _rows(case, of), _heading(case)
    places = np.array([0.0, *(2.2 + np.arange(len(rows) - 1))])
    values = rows["present_value"].to_numpy()
    reach = _Z * rows["std_error"].fillna(0.0).to_numpy()
    names = [capital(name) for name in rows["name"]]
    with figure(ax, size=(7.2, 3.7)) as ax:
        upright_grid(ax)
        bars = ax.barh(places, values, height=0.6, color=tinted(ACTOR_COLOURS[of], 0.3))
        bars[0].set_facecolor(ACTOR_COLOURS[of])
        for bar in bars[1:]:
            bar.set(hatch="....", edgecolor=tinted(ACTOR_COLOURS[of], 0.6), linewidth=0.0)
        if case.covariance is not None:
            whiskers(ax, places, values - reach, values + reach)
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.axhline(0.75, color=RULE, linewidth=0.9)
        lines = [0.0, 1.3, *places[1:]]
        name_rows(ax, lines, [names[0], heading, *names[1:]], heads=[0, 1])
        write_amounts(ax, places, values, values - reach, values + reach)
        make_room(ax)
        what = per_participant(GROUP_LABELS[of]).text()
        kroner_axis(ax, price_year=case.price_year, axis="x", what=what)
        known = case.covariance is not None
        finish(
            ax, title=_TITLE, of=case, names="rows",
            source=[basis_of(case), _NOTE, INTERVAL if known else NO_INTERVAL],
            alt=_alt(rows, heading, reach, known))  # fmt: skip
    return ax


def _rows(case: AccountValues, of: str) -> pd.DataFrame:
    """Return `name, present_value, std_error`: the account, then each residual value."""
    after = residual_frame(case)
    after = after[after["actor"] == of].rename(columns={"label": "name"})
    account = actor_frame(case).query("actor == @of")
    years = year_range(0, case.horizon - 1)
    account = account.assign(name=_ACCOUNT.format(years=years).text())
    return pd.concat([account, after])[["name", "present_value", "std_error"]]


def _heading(case: AccountValues) -> str:
    last = case.horizon + years_left(case) - 1
    return _AFTER.format(years=year_range(case.horizon, last)).text()


def _alt(rows: pd.DataFrame, heading: str, reach: np.ndarray, known: bool) -> str:
    parts = []
    for name, value, half in zip(rows["name"], rows["present_value"], reach, strict=True):
        bounds = f" ({interval(value - half, value + half, hundreds)})" if known else ""
        parts.append(f"{name}: {hundreds(value)}{bounds}")
    return f"{_TITLE.text()}. {parts[0]}. {heading}: {'; '.join(parts[1:])}."
