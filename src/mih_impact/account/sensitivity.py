"""One assumption at a time, each over its own range: the tornado."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mih_impact import arguments
from mih_impact.account.drawing import (
    INK,
    halo,
    name_rows,
    per_participant,
    upright_grid,
    wrapped,
)
from mih_impact.account.ledger import MOST_DRAWS, FloatArray
from mih_impact.account.roles import (
    GROUP_LABELS,
    GROUPS,
    amount_of,
    hundreds,
    require_group,
    role_label,
)
from mih_impact.account.rules import AccountModel
from mih_impact.account.tables import pooled, require_enough
from mih_impact.account.uncertainty import drawn_effects, drawn_values
from mih_impact.account.values import AccountValues, basis_of
from mih_impact.display.figure import (
    ACTOR_COLOURS,
    kroner_axis,
    tinted,
)
from mih_impact.display.layout import figure, finish, make_room
from mih_impact.display.locale import Label, Lang, both, in_language, language
from mih_impact.display.numbers import percent
from mih_impact.display.result import Card, NoContributors, Provenance, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch


__all__ = [
    "EFFECTS",
    "Sensitivity",
    "VarianceShares",
    "at_each",
    "plot_tornado",
    "sensitivity_of",
    "totals",
    "variance_shares_of",
]


def at_each(model: AccountModel, points: Sequence[tuple[str, float]]) -> dict[str, FloatArray]:
    """Return the changes of several settings, in each of which one assumption is changed.

    Parameters
    ----------
    model
        The model of the account.
    points
        n pairs of a name and the value it has in that setting.

    Returns
    -------
    dict
        For every assumption moved somewhere its n values.
    """
    base = {item.name: item.value for item in model.items}
    names = dict.fromkeys(name for name, _ in points)
    changes = {name: np.full(len(points), float(base[name])) for name in names}
    for place, (name, value) in enumerate(points):
        changes[name][place] = value
    return changes


def totals(model: AccountModel, effects: FloatArray, changes: dict[str, FloatArray]) -> FloatArray:
    """Return present values of every group, shape (n, G)."""
    n = max((len(values) for values in changes.values()), default=1)
    values = model.discounted(effects, changes).sum(axis=-1)
    return np.broadcast_to(values, (n, values.shape[-1]))


#: The row of the sampling uncertainty of the effects, beside the assumptions.
EFFECTS = "effects"

_TITLE = Label(
    nb="Hva svaret avhenger av: én forutsetning om gangen",
    en="What the answer depends on: one assumption at a time",
)
_COLUMNS = (
    Label(nb="Forutsetning", en="Assumption"),
    Label(nb="Hovedanslag", en="Base"),
    Label(nb="Lav", en="Low"),
    Label(nb="Høy", en="High"),
    Label(nb="Nåverdi ved lav", en="Present value at low"),
    Label(nb="Nåverdi ved høy", en="Present value at high"),
)
_EFFECTS = Label(
    nb="effektene, over 95\u00a0% konfidensintervall", en="the effects, over their 95% interval"
)
_FOR = Label(
    nb="Nåverdi for {who}, {base} med hovedanslagene. Hver forutsetning varierer over sitt eget"
    " spenn, de andre ligger fast.",
    en="Present value for {who}, {base} at the base values. Each assumption varies over its own"
    " range, the others held.",
)

_SHOWN = 12


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity(Result):
    """How far each assumption alone moves the account; made by `CostBenefit.sensitivity`.

    Attributes
    ----------
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

    table: pd.DataFrame
    price_year: int
    basis: Label
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return a row per assumption and group.

        Returns
        -------
        DataFrame
            `assumption, label_nb, label_en, unit, base, low, high, range_source, drawn` (uncertain;
            if not, a rule or a choice of view), `actor, at_base, at_low, at_high` (present values,
            NOK per starter), `swing` (the distance between the ends). The row `effects` is the
            effects over their 95 per cent interval, without a covariance missing; an assumption
            without a range has no ends.
        """
        return self.table.copy()

    def of(self, actor: str = "society") -> pd.DataFrame:
        """Return the rows of one group, the widest swing first; columns as in `to_frame`."""
        require_group(actor)
        rows = self.table[self.table["actor"] == actor]
        return rows.sort_values("swing", ascending=False, kind="stable").reset_index(drop=True)

    def plot(
        self, of: str = "society", *, top: int = _SHOWN, ax: Axes | None = None,
        lang: Lang | None = None,
    ) -> Axes:  # fmt: skip
        """Draw the widest `top` swings as a tornado."""
        with in_language(lang):
            return plot_tornado(self, of, top=top, ax=ax)

    def _card(self) -> Card:
        rows = self.of()
        rows = rows[rows["swing"] > 0.5].head(_SHOWN)
        cells: list[tuple[str, ...]] = [
            (
                row[f"label_{language()}"],
                *(amount_of(row[column], row["unit"]) for column in ("base", "low", "high")),
                *(hundreds(row[column]) for column in ("at_low", "at_high")),
            )
            for row in rows.to_dict("records")
        ]
        table = pd.DataFrame(cells, columns=[column.text() for column in _COLUMNS])
        base = float(self.of()["at_base"].iloc[0])
        note = _FOR.format(
            who=GROUP_LABELS["society"],
            base=both(lambda: hundreds(base)),
        )
        return Card(_TITLE.text(), table=table, notes=(note.text(),))


def sensitivity_of(case: AccountValues) -> Sensitivity:
    """Move each assumption to the ends of its own range, all in one call of the model."""
    require_enough(case)
    model = case.model
    items = case.used_assumptions()
    ends = [(item.name, item.value if end is None else end)
            for item in items for end in (item.low, item.high)]  # fmt: skip
    values = totals(model, case.effects, at_each(model, ends)).reshape(len(items), 2, len(GROUPS))
    base = np.array([case.present_value(group) for group in GROUPS])
    rows = [
        {
            "assumption": item.name, "label_nb": item.label.nb, "label_en": item.label.en,
            "unit": item.unit, "base": item.value, "low": item.low, "high": item.high,
            "range_source": item.range_source, "drawn": item.is_drawn, "actor": group,
            "at_base": base[g],
            "at_low": np.nan if item.low is None else low[g],
            "at_high": np.nan if item.high is None else high[g],
        }
        for item, (low, high) in zip(items, values, strict=True)
        for g, group in enumerate(GROUPS)
    ]  # fmt: skip
    rows += [_effects_row(case, group) for group in GROUPS]
    numbers = dict.fromkeys(("base", "low", "high", "at_base", "at_low", "at_high"), float)
    frame = pd.DataFrame(rows).astype(numbers)
    frame["swing"] = (frame["at_high"] - frame["at_low"]).abs().fillna(0.0)
    return Sensitivity(frame, case.price_year, basis_of(case), case.provenance)


def _effects_row(case: AccountValues, group: str) -> dict[str, object]:
    """Return the row of the effects: the ends of the interval of the present value."""
    reach = NormalDist().inv_cdf(0.975)
    low, high = case.interval(of=group) or (np.nan, np.nan)
    return {
        "assumption": EFFECTS, "label_nb": _EFFECTS.nb, "label_en": _EFFECTS.en,
        "unit": "standard errors", "base": 0.0, "low": -reach, "high": reach,
        "range_source": "the estimator", "drawn": True, "actor": group,
        "at_base": case.present_value(group), "at_low": low, "at_high": high,
    }  # fmt: skip


_TORNADO_TITLE = Label(nb="Hva avhenger svaret av?", en="What does the answer depend on?")
_UNSURE = Label(nb="Usikre forutsetninger", en="Uncertain assumptions")
_CHOSEN = Label(nb="Regler og valg av perspektiv", en="Rules and choices of view")
_LOW = Label(nb="lav ende av spennet", en="low end of the range")
_HIGH = Label(nb="høy ende", en="high end")
_BASE = Label(nb="hovedanslag: {amount}", en="base values: {amount}")
_NOTE = Label(
    nb="Én forutsetning om gangen over sitt eget spenn, de andre ligger fast. Ved søylene: verdien"
    " i hver ende.",
    en="One assumption at a time over its own range, the others held. At the bars: its value at"
    " each end.",
)
_ALT = Label(
    nb="{title} Nåverdi for {who}, {base} med hovedanslagene: {rows}.",
    en="{title} Present value for {who}, {base} at the base values: {rows}.",
)
_ALT_ROW = Label(
    nb="{name} fra {low} ({at_low}) til {high} ({at_high})",
    en="{name} from {low} ({at_low}) to {high} ({at_high})",
)
#: How strong the colour of each end is: told apart in grey too.
_STRENGTH = {"at_low": 0.3, "at_high": 0.8}


def plot_tornado(
    sensitivity: Sensitivity, of: str = "society", *, top: int = 12, ax: Axes | None = None
) -> Axes:
    """Draw the widest swings, what is uncertain apart from rules and choices of view.

    Parameters
    ----------
    sensitivity
        The swings.
    of
        An actor, `public` or `society`.
    top
        How many of the widest swings are drawn.
    ax
        Axes to draw in; None makes a figure.

    Returns
    -------
    Axes
    """
    arguments.whole("top", top, low=1)
    every = sensitivity.of(of)
    base = float(every["at_base"].iloc[0])
    rows = every[every["swing"] > 0.5].head(top)
    names, places, heads, drawn = _rows(rows)
    with figure(ax, size=(7.2, 1.9 + 0.37 * len(names))) as ax:
        upright_grid(ax)
        colours = {end: tinted(ACTOR_COLOURS[of], share) for end, share in _STRENGTH.items()}
        for end, colour in colours.items():
            reach = drawn[end].to_numpy() - base
            ax.barh(drawn["place"], reach, left=base, height=0.6, color=colour)
        line = ax.axvline(base, color=INK, linewidth=1.2, linestyle=(0, (4, 2)))
        name_rows(ax, places, names, heads=heads)
        for row in drawn.to_dict("records"):
            _write_ends(ax, row, base)
        make_room(ax)
        low, high = ax.get_xlim()
        if low < 0 < high:
            ax.axvline(0, color=INK, linewidth=0.9, path_effects=halo(2.2))
        what = per_participant(GROUP_LABELS[of]).text()
        kroner_axis(ax, price_year=sensitivity.price_year, axis="x", what=what)
        line.set_label(_BASE.format(amount=hundreds(base)).text())
        finish(
            ax, title=_TORNADO_TITLE, source=[sensitivity.basis, _NOTE], of=sensitivity,
            alt=_alt(drawn, of, base), key=[*_patches(colours), line], names="rows")  # fmt: skip
    return ax


def _rows(rows: pd.DataFrame) -> tuple[list[str], list[float], list[int], pd.DataFrame]:
    """Return names and places of all lines, which are headings, and the rows with their places."""
    names: list[str] = []
    places: list[float] = []
    heads: list[int] = []
    parts = []
    at = 0.0
    for heading, chosen in ((_UNSURE, rows["drawn"]), (_CHOSEN, ~rows["drawn"])):
        part = rows[chosen.astype(bool)]
        if part.empty:
            continue
        heads.append(len(names))
        inside = at + 0.9 + np.arange(len(part))
        names += [heading.text(), *(wrapped(name, 36) for name in part[f"label_{language()}"])]
        places += [at, *inside.tolist()]
        parts.append(part.assign(place=inside))
        at = float(inside[-1]) + 1.2
    return names, places, heads, pd.concat(parts) if parts else rows.assign(place=0.0)


def _write_ends(ax: Axes, row: dict[Any, Any], base: float) -> None:
    """Write the value of the assumption at the two ends of its bar, each on its own side."""
    ends = sorted((row[f"at_{end}"], end) for end in ("low", "high"))
    for (at, end), side in zip(ends, ("right", "left"), strict=True):
        # An end on the wrong side of the base line is written at that line: the two never meet.
        x = min(at, base) if side == "right" else max(at, base)
        ax.annotate(
            amount_of(row[end], row["unit"]), xy=(x, row["place"]),
            xytext=(-4 if side == "right" else 4, 0), textcoords="offset points", ha=side,
            va="center", fontsize=8.5, color=INK, path_effects=halo(),
        )  # fmt: skip


def _patches(colours: dict[str, tuple[float, float, float]]) -> list[Patch]:
    from matplotlib.patches import Patch

    labels = {"at_low": _LOW, "at_high": _HIGH}
    return [Patch(color=colour, label=labels[end].text()) for end, colour in colours.items()]


def _alt(drawn: pd.DataFrame, of: str, base: float) -> str:
    rows = [
        _ALT_ROW.format(
            name=row[f"label_{language()}"],
            low=amount_of(row["low"], row["unit"]),
            high=amount_of(row["high"], row["unit"]),
            at_low=hundreds(row["at_low"]),
            at_high=hundreds(row["at_high"]),
        ).text()
        for row in drawn.to_dict("records")
    ]
    text = _ALT.format(
        title=_TORNADO_TITLE, who=GROUP_LABELS[of], base=hundreds(base), rows="; ".join(rows)
    )
    return text.text()


_SHARES_TITLE = Label(
    nb="Hvor usikkerheten kommer fra: {who}", en="Where uncertainty comes from: {who}"
)
_SOURCE = Label(nb="Kilde", en="Source")
_SHARE = Label(nb="Andel av variansen", en="Share of variance")
_SD = Label(nb="Standardavvik alene", en="Standard deviation alone")
_EFFECT = Label(nb="effekten på {what}", en="the effect on {what}")
_TOGETHER = Label(nb="samspill", en="interactions")
_SHARES_NOTE = Label(
    nb="Andelene summerer seg til hele variansen. En negativ andel demper: den trekker motsatt vei"
    " av resten.",
    en="The shares add up to the whole variance. A negative share dampens: it pulls against the"
    " rest.",
)


@dataclass(frozen=True, eq=False, repr=False)
class VarianceShares(Result):
    """Contributions to the variance of present values; made by `CostBenefit.variance_shares`.

    Attributes
    ----------
    table
        See `to_frame`.
    draws, seed
        Number of draws behind them, and their seed.
    provenance
        Versions, options and fingerprint of the data.
    """

    contributors = NoContributors(
        "sums of an account, which `tables.require_enough` and `pooled` refuse or pool"
    )

    table: pd.DataFrame
    draws: int
    seed: int
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return a row per source and group.

        Returns
        -------
        DataFrame
            `source` (`effect:<role>`, an assumption, or `interactions`), `label_nb, label_en,
            actor, contribution` (to the variance, adding up to it), `share, std_dev_alone`.
        """
        return self.table.copy()

    def of(self, actor: str = "society") -> pd.DataFrame:
        """Return the rows of one group, the largest share first; columns as in `to_frame`."""
        require_group(actor)
        rows = self.table[self.table["actor"] == actor]
        order = rows["share"].abs().sort_values(ascending=False, kind="stable").index
        return rows.loc[order].reset_index(drop=True)

    def _card(self) -> Card:
        rows = self.of()
        rows = rows[rows["share"].abs() >= 0.001]
        table = pd.DataFrame(
            {
                _SOURCE.text(): rows[f"label_{language()}"],
                _SHARE.text(): [percent(share, 1) for share in rows["share"]],
                _SD.text(): [hundreds(sd) for sd in rows["std_dev_alone"]],
            }
        ).reset_index(drop=True)
        title = _SHARES_TITLE.format(who=GROUP_LABELS["society"]).text()
        return Card(title, table=table, notes=(_SHARES_NOTE.text(),))


def variance_shares_of(case: AccountValues, n: int, seed: int) -> VarianceShares:
    """Decompose the variance of present values; see `CostBenefit.variance_shares`.

    Notes
    -----
    f_k is the present value with source k alone drawn and the others at their base values, Y that
    with all of them drawn on the same seeds. The contribution of k is Cov(f_k, Y); what is left of
    Var(Y), Cov(Y - sum of f_k, Y), is their interactions. So they add up by construction. Where the
    account is a sum of its sources, interactions are 0 and contributions are the usual ones.
    """
    case = pooled(case)
    arguments.whole("n", n, low=100, high=MOST_DRAWS)
    arguments.seed(seed)
    model = case.model
    values = drawn_values(case, n, seed)
    effects = drawn_effects(case, n, seed)

    def run(paths: FloatArray, changes: dict[str, FloatArray]) -> FloatArray:
        total = model.discounted(paths, changes).sum(axis=-1)
        return np.broadcast_to(total, (n, len(GROUPS)))

    whole = run(case.effects if effects is None else effects, values)
    alone: list[tuple[str, Label, FloatArray]] = []
    for row, role in enumerate(case.roles if effects is not None else ()):
        assert effects is not None
        paths = np.broadcast_to(case.effects, effects.shape).copy()
        paths[:, row] = effects[:, row]
        label = _EFFECT.format(what=role_label(role, case.benefits))
        alone.append((f"effect:{role}", label, run(paths, {})))
    for item in case.used_assumptions():
        if item.name in values:
            found = run(case.effects, {item.name: values[item.name]})
            alone.append((item.name, item.label, found))
    left = whole - sum((found for *_, found in alone), np.zeros_like(whole))
    rows = [_shares_rows(name, label, found, whole) for name, label, found in alone] + [
        _shares_rows("interactions", _TOGETHER, left, whole)
    ]
    frame = pd.concat(rows, ignore_index=True)
    return VarianceShares(frame, n, seed, case.provenance)


def _shares_rows(name: str, label: Label, found: FloatArray, whole: FloatArray) -> pd.DataFrame:
    """Return the rows of one source, a row per group."""
    centred = whole - whole.mean(axis=0)
    contribution = (found * centred).mean(axis=0)
    variance = (centred**2).mean(axis=0)
    # A group that nothing moves has no variance, and nothing has a share of it.
    moved = variance > 1e-18 * np.maximum((whole**2).max(axis=0), 1.0)
    share = np.divide(contribution, variance, out=np.full(len(GROUPS), np.nan), where=moved)
    return pd.DataFrame(
        {
            "source": name, "label_nb": label.nb, "label_en": label.en, "actor": GROUPS,
            "contribution": contribution, "share": share, "std_dev_alone": found.std(axis=0),
        }
    )  # fmt: skip
