"""From the simplified account to R-109, and on to public budgets, one term at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mih_impact.account.assumptions import LEFT_OUT
from mih_impact.account.drawing import (
    INK,
    halo,
    name_rows,
    signed,
    upright_grid,
    wrapped,
)
from mih_impact.account.roles import GROUP_LABELS, GROUPS, PUBLIC, hundreds
from mih_impact.account.tables import require_enough
from mih_impact.account.values import AccountValues, basis_of, require_norwegian
from mih_impact.display.figure import (
    ACTOR_COLOURS,
    kroner_axis,
)
from mih_impact.display.layout import figure, finish, make_room
from mih_impact.display.locale import Label, Lang, in_language, language
from mih_impact.display.result import Card, NoContributors, Provenance, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


__all__ = ["Bridge", "bridge_of", "plot_bridge"]

_TITLE = Label(
    nb="Fra forenklet regnskap til R-109 og til offentlige budsjetter",
    en="From the simplified account to R-109 and to public budgets",
)
_STEP = Label(nb="Ledd", en="Term")
_AMOUNT = Label(nb="Beløp", en="Amount")
_SUM = Label(nb="Sum hittil", en="Running sum")
_UNIT = Label(
    nb="Nåverdi i kroner per deltaker som startet, faste {year}-priser.",
    en="Present value in NOK per participant who started, fixed {year} prices.",
)
_LABELS = {
    "simplified": Label(nb="forenklet regnskap", en="simplified account"),
    "contribution": Label(
        nb="arbeidsgiveravgift av lønnen", en="employer's contribution on the wage"
    ),
    "pension": Label(
        nb="pensjon og sosiale kostnader, med avgift", en="pension and social costs, with"
        " contribution on them"
    ),
    "tax_financing_of_contribution": Label(
        nb="skattefinansiering av avgiften", en="tax-financing of the contribution"
    ),
    "society": Label(nb="samfunnet etter R-109", en="society by R-109"),
    "tax_financing": Label(nb="skattefinansieringskostnad", en="tax-financing cost"),
    "rest_of_society": Label(nb="resten av samfunnet ellers", en="rest of society otherwise"),
    "public": GROUP_LABELS["public"],
}  # fmt: skip
_LESS = Label(nb="minus {what}", en="less {what}")


@dataclass(frozen=True, eq=False, repr=False)
class Bridge(Result):
    """A walk from one account to another; made by `CostBenefit.bridge`.

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
        """Return `term, kind, label_nb, label_en, amount, running_sum`.

        `kind` is `total` (where the walk stands) or `step`; a step's amount is added to the running
        sum of the row before, and each total is that sum; NOK per starter.
        """
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the walk as a waterfall."""
        with in_language(lang):
            return plot_bridge(self, ax=ax)

    def steps(self) -> pd.DataFrame:
        """Return the table without steps that are nothing."""
        return self.table[(self.table["kind"] == "total") | (self.table["amount"].abs() > 0.5)]

    def _card(self) -> Card:
        rows = self.steps()
        table = pd.DataFrame(
            {
                _STEP.text(): rows[f"label_{language()}"],
                _AMOUNT.text(): [hundreds(value) for value in rows["amount"]],
                _SUM.text(): [hundreds(value) for value in rows["running_sum"]],
            }
        ).reset_index(drop=True)
        notes = (_UNIT.format(year=self.price_year).text(),)
        return Card(_TITLE.text(), table=table, notes=notes)


def bridge_of(case: AccountValues) -> Bridge:
    """Walk from the simplified account to this one, and on to public budgets.

    Notes
    -----
    Society is the sum of real flows plus the rate of tax-financing times the public effect. The
    real flows are walked first, with employer's contribution and then pension switched on; what
    they change in the public effect comes after, as tax-financing. Then every private actor is
    taken away, and tax-financing, and public budgets are left: the last sum is found by walking and
    must be the account's own.
    """
    require_enough(case)
    require_norwegian(case, "The bridge")
    model, effects = case.model, case.effects

    def values(changes: dict[str, float]) -> dict[str, float]:
        totals = model.discounted(effects, changes).sum(axis=-1)
        return dict(zip(GROUPS, totals.tolist(), strict=True))

    rate = case.assumptions.tax_financing_cost
    bare = values(dict.fromkeys(LEFT_OUT, 0.0))
    with_contribution = values({"pension_share": 0.0})
    whole = values({})

    def real(at: dict[str, float]) -> float:
        return at["society"] - rate * at["public"]

    steps: list[tuple[str, Label, float]] = [
        ("contribution", _LABELS["contribution"], real(with_contribution) - real(bare)),
        ("pension", _LABELS["pension"], real(whole) - real(with_contribution)),
        ("tax_financing_of_contribution", _LABELS["tax_financing_of_contribution"],
         rate * (whole["public"] - bare["public"])),
    ]  # fmt: skip
    financed = rate * whole["public"]
    less = [
        (actor, GROUP_LABELS[actor], -whole[actor])
        for actor in GROUPS
        if actor not in (*PUBLIC, "public", "society", "rest_of_society")
    ]
    less += [
        ("rest_of_society", _LABELS["rest_of_society"], financed - whole["rest_of_society"]),
        ("tax_financing", _LABELS["tax_financing"], -financed),
    ]
    named = [(name, _LESS.format(what=label), amount) for name, label, amount in less]
    rows: list[tuple[str, str, Label, float]] = [
        ("simplified", "total", _LABELS["simplified"], bare["society"]),
        *((name, "step", label, amount) for name, label, amount in steps),
        ("society", "total", _LABELS["society"], whole["society"]),
        *((name, "step", label, amount) for name, label, amount in named),
        ("public", "total", _LABELS["public"], whole["public"]),
    ]
    return Bridge(_walk(rows), case.price_year, basis_of(case), case.provenance)


def _walk(rows: list[tuple[str, str, Label, float]]) -> pd.DataFrame:
    """Return the rows with their running sum, found by walking from the first total."""
    amounts = np.array([amount for *_, amount in rows])
    moves = np.array([kind == "step" for _, kind, _, _ in rows])
    moves[0] = True
    return pd.DataFrame(
        {
            "term": [name for name, *_ in rows],
            "kind": [kind for _, kind, *_ in rows],
            "label_nb": [label.nb for _, _, label, _ in rows],
            "label_en": [label.en for _, _, label, _ in rows],
            "amount": amounts,
            "running_sum": np.cumsum(np.where(moves, amounts, 0.0)),
        }
    )


_WATERFALL_TITLE = Label(
    nb="Fra forenklet regnskap til R-109 og offentlige budsjetter",
    en="From the simplified account to R-109 and public budgets",
)
_WHAT = Label(nb="Nåverdi per deltaker", en="Present value per participant")
_NOTE = Label(
    nb="Fulle søyler: regnskap. Flytende: ledd som legges til eller trekkes fra, i fargen til den"
    " det gjelder.",
    en="Full bars: accounts. Floating: terms added or taken away, in the colour of whose they are.",
)
#: Terms that belong to somebody whose name they do not bear.
_OWNERS = {
    "simplified": "society",
    "tax_financing": "rest_of_society",
}
_NOBODY = "#C4C4C4"
_HEIGHT = 0.62


def plot_bridge(bridge: Bridge, *, ax: Axes | None = None) -> Axes:
    """Draw the walk as a waterfall, from the top."""
    rows = bridge.steps()
    places = np.arange(len(rows), dtype=float)
    ends = rows["running_sum"].to_numpy()
    is_total = (rows["kind"] == "total").to_numpy()
    begins = np.where(is_total, 0.0, ends - rows["amount"].to_numpy())
    colours = [ACTOR_COLOURS.get(_OWNERS.get(term, term), _NOBODY) for term in rows["term"]]
    with figure(ax, size=(7.2, 1.7 + 0.4 * len(rows))) as ax:
        upright_grid(ax)
        ax.barh(places, ends - begins, left=begins, height=_HEIGHT, color=colours)
        edge = _HEIGHT / 2
        ax.vlines(ends[:-1], places[:-1] + edge, places[1:] - edge, color=INK, linewidth=0.9)
        ax.axvline(0, color=INK, linewidth=0.8)
        name_rows(ax, places, [wrapped(name, 34) for name in rows[f"label_{language()}"]])
        for place, amount, total, right in zip(
            places, rows["amount"], is_total, np.maximum(begins, ends), strict=True
        ):
            ax.annotate(
                hundreds(amount) if total else signed(amount), xy=(right, place),
                xytext=(5, 0), textcoords="offset points", ha="left", va="center", fontsize=9,
                color=INK, fontweight="bold" if total else "normal", path_effects=halo(),
            )  # fmt: skip
        make_room(ax)
        kroner_axis(ax, price_year=bridge.price_year, axis="x", what=_WHAT.text())
        finish(
            ax, title=_WATERFALL_TITLE, source=[bridge.basis, _NOTE], of=bridge,
            alt=_alt(bridge), names="rows")  # fmt: skip
    return ax


def _alt(bridge: Bridge) -> str:
    parts = [
        f"{row[f'label_{language()}']} "
        + (hundreds if row["kind"] == "total" else signed)(row["amount"])
        for row in bridge.steps().to_dict("records")
    ]
    return f"{_WATERFALL_TITLE.text()}: {'; '.join(parts)}."
