"""Named scenarios: all assumptions at their worse or better ends, and longer-lived effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd

from mih_impact import arguments
from mih_impact.account.drawing import (
    INK,
    INTERVAL,
    NO_INTERVAL,
    RULE,
    halo,
    name_rows,
    upright_grid,
    wrapped,
)
from mih_impact.account.parameters import Persistence
from mih_impact.account.residual import years_left
from mih_impact.account.roles import GROUP_LABELS, GROUPS, hundreds, require_group, require_named
from mih_impact.account.sensitivity import Sensitivity, sensitivity_of
from mih_impact.account.tables import require_enough
from mih_impact.account.values import AccountValues, basis_of
from mih_impact.display.figure import (
    ACTOR_COLOURS,
    kroner_axis,
)
from mih_impact.display.layout import figure, finish, make_room
from mih_impact.display.locale import Label, Lang, capital, in_language
from mih_impact.display.numbers import interval
from mih_impact.display.result import Card, NoContributors, Provenance, Result
from mih_impact.errors import AssumptionError, OptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D


__all__ = ["Scenario", "Scenarios", "plot_scenarios", "scenarios_of"]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A named setting of the account.

    Parameters
    ----------
    name, label
        Short name, and the displayed one.
    values
        Assumptions by name and the value they have here; the others keep theirs.
    persistence
        What becomes of the effects after the last estimated year; None keeps the account's.
    horizon
        Years of the account; None keeps the account's.

    Raises
    ------
    OptionError
        No name, a label that is not in two languages, values that are no mapping, or a persistence
        or horizon that does not exist.

    Examples
    --------
    >>> dear = Scenario(name="dear", label=Label(nb="dyrt", en="dear"),
    ...                 values={"cost:school": 209_000})
    >>> dear.horizon is None
    True
    """

    name: str
    label: Label
    values: Mapping[str, float] = field(default_factory=dict)
    persistence: Persistence | None = None
    horizon: int | None = None

    def __post_init__(self) -> None:
        require_named("The scenario", self.name, self.label)
        arguments.mapping("values", self.values, '{"cost:school": 209_000}')
        if self.persistence is not None:
            arguments.choice("A scenario", "persistence", self.persistence, get_args(Persistence))
        if self.horizon is not None:
            arguments.whole("horizon", self.horizon, low=1)


_TITLE = Label(nb="Scenarier", en="Scenarios")
_COLUMNS = (
    Label(nb="Scenario", en="Scenario"),
    Label(nb="År", en="Years"),
)
_LABELS = {
    "pessimistic": Label(nb="pessimistisk", en="pessimistic"),
    "base": Label(nb="hovedregnskap", en="base"),
    "optimistic": Label(nb="optimistisk", en="optimistic"),
    "persistence_constant": Label(
        nb="effekten holder seg til 67 år", en="the effect lasts until 67"
    ),
    "persistence_half_life": Label(
        nb="effekten halveres hvert {n}. år til 67 år", en="the effect halves every {n} years"
        " until 67"
    ),
    "persistence_linear": Label(
        nb="effekten avtar lineært til null ved 67 år",
        en="the effect declines linearly to zero at 67",
    ),
}  # fmt: skip
_NOTE = Label(
    nb="Pessimistisk og optimistisk: alle forutsetninger som varierer, samtidig i den verste og den"
    " beste enden av sitt spenn for samfunnet. Det er ytterpunkter, ikke anslag. Valg av"
    " perspektiv (nye stillinger, fortrengning, fritid, utvelgelse) ligger fast.",
    en="Pessimistic and optimistic: every assumption that varies at once at the end of its range"
    " that is worse and better for society. They are extremes, no forecasts. Choices of view (new"
    " posts, displacement, leisure, selection) are held.",
)
_SHOWN = ("society", "public", "state", "county", "municipality", "participant")


@dataclass(frozen=True, eq=False, repr=False)
class Scenarios(Result):
    """The account under named scenarios; made by `CostBenefit.scenarios`.

    Attributes
    ----------
    scenarios
        The scenarios, as settings.
    table
        See `to_frame`.
    price_year
        The year whose prices it is in.
    basis
        Whose account it is, by which rules, how long.
    provenance
        Versions, options and fingerprint of the data.
    """

    contributors = NoContributors(
        "sums of an account, which `tables.require_enough` and `pooled` refuse or pool"
    )

    scenarios: tuple[Scenario, ...]
    table: pd.DataFrame
    price_year: int
    basis: Label
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return a row per scenario and group.

        Returns
        -------
        DataFrame
            `scenario, label_nb, label_en, horizon, persistence, actor, present_value, std_error,
            break_even_year`; NOK per starter.
        """
        return self.table.copy()

    def plot(
        self, of: Sequence[str] = ("society", "public"), *, ax: Axes | None = None,
        lang: Lang | None = None,
    ) -> Axes:  # fmt: skip
        """Draw the present value of some groups under every scenario."""
        with in_language(lang):
            return plot_scenarios(self, of, ax=ax)

    def _card(self) -> Card:
        wide = self.table.pivot(index="scenario", columns="actor", values="present_value")
        cells = [
            (scenario.label.text(), str(self._years(scenario.name)),
             *(hundreds(float(wide[group][scenario.name])) for group in _SHOWN))
            for scenario in self.scenarios
        ]  # fmt: skip
        names = [*(column.text() for column in _COLUMNS),
                 *(GROUP_LABELS[group].text() for group in _SHOWN)]  # fmt: skip
        return Card(_TITLE.text(), table=pd.DataFrame(cells, columns=names), notes=(_NOTE.text(),))

    def _years(self, name: str) -> int:
        return int(self.table.loc[self.table["scenario"] == name, "horizon"].iloc[0])


def scenarios_of(case: AccountValues, more: Sequence[Scenario] = ()) -> Scenarios:
    """Evaluate the account under each scenario; see `CostBenefit.scenarios`."""
    require_enough(case)
    given = arguments.listed(more)
    if given is None or not all(isinstance(each, Scenario) for each in given):
        raise OptionError(
            "Scenarios of your own are a list of mih.Scenario",
            found=arguments.shown(more),
            do="write more=[mih.Scenario(name='dear', label=..., values={'cost:school': 209000})]",
        )
    chosen = (*_ends(case, sensitivity_of(case)), *_lives(case), *given)
    _require_apart([each.name for each in chosen])
    rows = [row for each in chosen for row in _rows(each, _applied(case, each))]
    frame = pd.DataFrame(rows).astype({"break_even_year": "Int64"})
    return Scenarios(chosen, frame, case.price_year, basis_of(case), case.provenance)


def _require_apart(names: list[str]) -> None:
    """Raise where two scenarios have one name."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AssumptionError(
            "Two scenarios have one name",
            found=", ".join(twice),
            do="give yours names that are not among pessimistic, base, optimistic, persistence_...",
        )


def _ends(case: AccountValues, swings: Sensitivity) -> tuple[Scenario, ...]:
    """Return the scenarios at the worse and better ends of every drawn assumption's range."""
    drawn = {item.name: item for item in case.used_assumptions() if item.is_drawn}
    worse: dict[str, float] = {}
    better: dict[str, float] = {}
    for row in swings.of("society").to_dict("records"):
        if row["assumption"] in drawn and row["swing"] > 0:
            low, high = float(row["low"]), float(row["high"])
            rises = row["at_high"] > row["at_low"]
            worse[row["assumption"]] = low if rises else high
            better[row["assumption"]] = high if rises else low
    named = {"pessimistic": worse, "base": {}, "optimistic": better}
    return tuple(Scenario(name=n, label=_LABELS[n], values=v) for n, v in named.items())


def _lives(case: AccountValues) -> tuple[Scenario, ...]:
    """Return the scenarios in which the effect goes on to the age of 67."""
    if case.programme.age_at_start is None or years_left(case) == 0:
        return ()
    last = case.horizon + years_left(case)
    half_life = case.assumptions.half_life
    kinds: tuple[Persistence, ...] = ("constant", "half_life", "linear")
    return tuple(
        Scenario(
            name=f"persistence_{kind}",
            label=_LABELS[f"persistence_{kind}"].format(n=f"{half_life:g}"),
            persistence=kind,
            horizon=last,
        )
        for kind in kinds
    )


def _applied(case: AccountValues, scenario: Scenario) -> AccountValues:
    changed = case.with_values(scenario.values)
    horizon = case.horizon if scenario.horizon is None else scenario.horizon
    persistence = scenario.persistence or case.persistence
    if horizon > case.effects.shape[1] and persistence == "none":
        raise AssumptionError(
            f"The scenario {scenario.name!r} is longer than the effects reach",
            found=f"horizon {horizon}, effects of {case.effects.shape[1]} years",
            do="give it persistence='constant', 'half_life' or 'linear'",
        )
    if horizon < case.effects.shape[1]:
        raise AssumptionError(
            f"The scenario {scenario.name!r} is shorter than the account",
            found=f"horizon {horizon}, account of {case.horizon} years",
            do=f"keep the account itself with mih.cost_benefit(..., horizon={horizon})",
        )
    return replace(changed, horizon=horizon, persistence=persistence)


def _rows(scenario: Scenario, case: AccountValues) -> list[dict[str, Any]]:
    errors = case._std_errors
    return [
        {
            "scenario": scenario.name, "label_nb": scenario.label.nb, "label_en": scenario.label.en,
            "horizon": case.horizon, "persistence": case.persistence, "actor": group,
            "present_value": case.present_value(group),
            "std_error": float("nan") if errors is None else float(errors[g, -1]),
            "break_even_year": case.break_even(group),
        }
        for g, group in enumerate(GROUPS)
    ]  # fmt: skip


_SCENARIOS_TITLE = Label(nb="Regnskapet i ulike scenarier", en="The account under scenarios")
_WHAT = Label(nb="Nåverdi per deltaker", en="Present value per participant")
_YEARS = Label(nb="{name} ({years} år)", en="{name} ({years} years)")
_SCENARIOS_NOTE = Label(
    nb="Pessimistisk og optimistisk er ytterpunkter, ikke anslag.",
    en="Pessimistic and optimistic are extremes, no forecasts.",
)
_LONGER = Label(
    nb="Scenarier med årstall i parentes går lenger enn regnskapet.",
    en="Scenarios with years in brackets are longer than the account.",
)
_MARKERS = "osD^vP"  # a shape of its own for each group, so that grey tells them apart
_Z = NormalDist().inv_cdf(0.975)
_STEP = 0.36  # between the groups of a scenario


def plot_scenarios(
    scenarios: Scenarios, of: Sequence[str] = ("society", "public"), *, ax: Axes | None = None
) -> Axes:
    """Draw present values under every scenario, with 95 per cent intervals.

    Parameters
    ----------
    scenarios
        The scenarios.
    of
        One to six of the actors, `public` and `society`.
    ax
        Axes to draw in; None makes a figure.

    Returns
    -------
    Axes

    Raises
    ------
    AssumptionError
        No group, more than six, or an unknown one.
    """
    groups = _checked(of)
    frame = scenarios.to_frame()
    count = len(scenarios.scenarios)
    places = (0.55 + _STEP * len(groups)) * np.arange(count, dtype=np.float64)
    with figure(ax, size=(7.2, 2.0 + 0.5 * float(places[-1] + 1))) as ax:
        upright_grid(ax)
        ax.axvline(0, color=INK, linewidth=0.8)
        for between in (places[1:] + places[:-1]) / 2:
            ax.axhline(between, color=RULE, linewidth=0.6)
        marks = []
        for g, group in enumerate(groups):
            rows = frame[frame["actor"] == group]
            at = places + _STEP * (g - (len(groups) - 1) / 2)
            label = capital(GROUP_LABELS[group].text())
            marks.append(_dots(ax, rows, at, group, _MARKERS[g], label))
        name_rows(ax, places, _names(scenarios, frame))
        edge = _STEP * len(groups) / 2 + 0.25
        ax.set_ylim(places[-1] + edge, places[0] - edge)
        make_room(ax)
        kroner_axis(ax, price_year=scenarios.price_year, axis="x", what=_WHAT.text())
        finish(
            ax, title=_SCENARIOS_TITLE, source=[scenarios.basis, *_notes(frame)],
            of=scenarios, alt=_alt(scenarios, frame, groups), key=marks, names="rows")  # fmt: skip
    return ax


def _checked(of: Sequence[str]) -> list[str]:
    given = arguments.listed(of)
    if given is None or not 1 <= len(given) <= len(_MARKERS):
        raise OptionError(
            f"Scenarios are drawn for one to {len(_MARKERS)} groups",
            found=arguments.shown(of),
            do="write of=['society', 'public']",
        )
    for group in given:
        require_group(group)
    return list(given)


def _dots(
    ax: Axes, rows: pd.DataFrame, at: np.ndarray, group: str, marker: str, label: str
) -> Line2D:
    """Draw a group under every scenario, and return the handle that names it."""
    values = rows["present_value"].to_numpy()
    reach = _Z * rows["std_error"].fillna(0.0).to_numpy()
    colour = ACTOR_COLOURS[group]
    ax.hlines(at, values - reach, values + reach, color=colour, linewidth=2.0)
    (dots,) = ax.plot(
        values, at, marker, color=colour, markersize=6.5, markeredgecolor="white",
        markeredgewidth=0.8, label=label,
    )  # fmt: skip
    for place, value, right in zip(at, values, values + reach, strict=True):
        ax.annotate(
            hundreds(value), xy=(right, place), xytext=(7, 0), textcoords="offset points",
            ha="left", va="center", fontsize=8.5, color=INK, path_effects=halo(),
        )  # fmt: skip
    return dots


def _names(scenarios: Scenarios, frame: pd.DataFrame) -> list[str]:
    """Return the names of the scenarios, with their years where these are not the account's."""
    years = frame.groupby("scenario")["horizon"].first()
    usual = years.min()
    names = []
    for scenario in scenarios.scenarios:
        name = scenario.label.text()
        if years[scenario.name] > usual:
            name = _YEARS.format(name=name, years=years[scenario.name]).text()
        names.append(wrapped(name, 30))
    return names


def _notes(frame: pd.DataFrame) -> list[Label]:
    notes = [NO_INTERVAL if frame["std_error"].isna().all() else INTERVAL]
    if frame["scenario"].isin(["pessimistic", "optimistic"]).any():
        notes.append(_SCENARIOS_NOTE)
    return [*notes, _LONGER] if frame["horizon"].nunique() > 1 else notes


def _alt(scenarios: Scenarios, frame: pd.DataFrame, groups: list[str]) -> str:
    rows = frame.set_index(["scenario", "actor"])
    parts = []
    for scenario in scenarios.scenarios:
        values = []
        for group in groups:
            row = rows.loc[[(scenario.name, group)]]
            value, reach = row["present_value"].item(), _Z * row["std_error"].item()
            text = f"{GROUP_LABELS[group].text()} {hundreds(value)}"
            if not np.isnan(reach):
                text += f" ({interval(value - reach, value + reach, hundreds)})"
            values.append(text)
        parts.append(f"{scenario.label.text()}: {', '.join(values)}")
    return f"{_SCENARIOS_TITLE.text()}. {'; '.join(parts)}."
