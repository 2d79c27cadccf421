"""What one more place costs: what is asked for it, and beside it what all budgets pay."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mih_impact import arguments
from mih_impact.account.budget.decision import Decision
from mih_impact.account.budget.impact import budget_impact
from mih_impact.account.budget.result import BLOCK_LABELS, BOTH_KINDS
from mih_impact.account.cost_benefit import CostBenefit
from mih_impact.account.roles import GROUP_LABELS, PUBLIC, hundreds
from mih_impact.display.figure import (
    ACTOR_COLOURS,
    CONTROL,
    GRID,
    kroner_axis,
)
from mih_impact.display.layout import figure, finish
from mih_impact.display.locale import Label, Lang, capital, in_language, language
from mih_impact.display.numbers import interval, number
from mih_impact.display.result import Card, NoContributors, Provenance, Result
from mih_impact.errors import AssumptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PerPlace", "per_place", "plot_per_place"]


@dataclass(frozen=True, eq=False, repr=False)
class PerPlace(Result):
    """What a place costs; made by `per_place`.

    Attributes
    ----------
    table
        See `to_frame`.
    more, less
        The two decisions whose difference it is.
    places
        Places of one cohort that the larger has beyond the smaller.
    in_kind
        NOK per place that public budgets carry in kind, with no money paid.
    lock_in
        NOK per place that rule-bound benefits cost in the years before they fall.
    prices
        Which kroner the outlays are in, in words.
    horizon
        Years that a place is followed.
    provenance
        Versions, options, seed and fingerprint of the data.
    """

    contributors = NoContributors(
        "sums of an account, which `tables.require_enough` and `pooled` refuse or pool"
    )

    table: pd.DataFrame
    more: Decision
    less: Decision
    places: float
    in_kind: float
    lock_in: float
    prices: Label
    horizon: int
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return the table.

        Returns
        -------
        DataFrame
            `basis` ("asked": what is asked for, by the cohort it starts from; "outlay": what public
            budgets pay in grants, by payer; "consequence": rule-bound benefits, taxes and
            contributions, which cover none of it), `block, actor, base, places, amount` (NOK, all
            places and years, not discounted), `per_place, conf_low, conf_high` (NOK per place),
            `label_nb, label_en`. Plus is more money in the budget, also of what is asked.
        """
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw what is asked per place, and what budgets pay per place."""
        with in_language(lang):
            return plot_per_place(self, ax=ax)

    def _card(self) -> Card:
        shown = self.table[(self.table["basis"] == "asked") | (self.table["amount"] != 0)]
        rows = [
            [
                row[f"label_{language()}"],
                number(row["places"], 0),
                number(row["amount"] / 1e6, 1),
                hundreds(row["per_place"]),
                interval(row["conf_low"], row["conf_high"], hundreds),
            ]
            for row in shown.to_dict("records")
        ]
        header = [label.text() for label in (_WHAT, _PLACES, _MILLIONS, _EACH, _INTERVAL)]
        title = _TITLE.format(n=number(self.places, 0)).text()
        return Card(title, table=pd.DataFrame(rows, columns=header), notes=self._notes())

    def _notes(self) -> tuple[str, ...]:
        notes = [
            _ASKED_IS.format(year=self.more.budget, covers=self.more.covers or _UNSAID),
            _BASE_UNKNOWN,
            _OUTLAY_IS.format(prices=self.prices, years=self.horizon),
            _CONSEQUENCE,
        ]
        if self.table["conf_low"].notna().any():
            notes.append(BOTH_KINDS)
        if self.lock_in < 0:
            notes.append(_LOCK_IN.format(amount=hundreds(-self.lock_in)))
        if self.in_kind < 0:
            notes.append(_IN_KIND.format(amount=hundreds(-self.in_kind)))
        return tuple(note.text() for note in notes)


def per_place(
    case: CostBenefit,
    *,
    more: Decision,
    less: Decision,
    bases: Sequence[float],
    draws: int = 2_000,
    seed: int = 2025,
) -> PerPlace:
    """Compute what a place costs that one decision has beyond another.

    Parameters
    ----------
    case
        The account per starter.
    more, less
        The larger and the smaller decision, for the same years, both with what is asked for them in
        the same budget.
    bases
        Cohorts that the further appropriation may start from: it is divided by what is left up to
        the cohort of `more`.
    draws, seed
        As for `budget_impact`.

    Returns
    -------
    PerPlace

    Raises
    ------
    AssumptionError
        Decisions that cannot be compared, no difference between them, or a base that is not below
        the cohort of `more`.

    Notes
    -----
    Asked per place: (asked of `more` - asked of `less`) / (starters of `more` - base), the kroner
    of the budget it was asked in. Outlay per place: grants of every public budget for one cohort of
    the difference, all years of the account, not discounted, divided by its places.
    """
    for name, given in (("more", more), ("less", less)):
        arguments.instance(
            "per_place", given, Decision, f"a decision as {name}", "give a Decision",
        )  # fmt: skip
    extra = more.beyond(less)
    first = min(extra.starters)
    places, cohort = extra.starters[first], more.starters[first]
    if extra.asked is None or places == 0:
        raise AssumptionError(
            "There is no price per place between the two decisions",
            found=f"{places:g} places, {'no amount' if extra.asked is None else 'an amount'}",
            do="give decisions of different size, each with what is asked in the same budget",
        )
    impact = budget_impact(case, starters={first: places}, draws=draws, seed=seed)
    asked = _asked(extra.asked, cohort, bases)
    table = pd.DataFrame([*asked, *_paid(impact.totals(), places)], columns=_COLUMNS)
    rule_bound = impact.by_block().query("block == 'rule_bound' and actor == 'public'")["amount"]
    return PerPlace(
        table=table,
        more=more,
        less=less,
        places=places,
        in_kind=_in_kind(case),
        lock_in=float(rule_bound.clip(upper=0.0).sum()) / places,
        prices=impact.prices,
        horizon=case.horizon,
        provenance=case.provenance.then(
            "per_place",
            {"more": more.name, "less": less.name, "bases": list(bases), "draws": draws},
            seed=seed,
        ),
    )


_COLUMNS = [
    "basis", "block", "actor", "base", "places", "amount", "per_place", "conf_low", "conf_high",
    "label_nb", "label_en",
]  # fmt: skip


def _asked(amount: float, cohort: float, bases: Sequence[float]) -> list[dict[str, object]]:
    """Return what is asked per place, for each cohort it may start from."""
    example = "[400, 500, 600]"
    given = arguments.numbers("bases", bases, "bases are cohorts above 0", example=example, low=1)
    above = [base for base in given if base >= cohort]
    if above:
        raise AssumptionError(
            "A base is not below the cohort of the larger decision",
            found=f"{', '.join(f'{base:g}' for base in above)}; the cohort is {cohort:g}",
            do=f"give bases below {cohort:g}",
        )
    rows = []
    for base in given:
        label = _FROM.format(base=f"{base:g}", cohort=f"{cohort:g}")
        rows.append(
            {
                "basis": "asked", "block": "", "actor": "", "base": base, "places": cohort - base,
                "amount": -amount, "per_place": -amount / (cohort - base), "conf_low": np.nan,
                "conf_high": np.nan, "label_nb": label.nb, "label_en": label.en,
            }
        )  # fmt: skip
    return rows


def _paid(totals: pd.DataFrame, places: float) -> list[dict[str, object]]:
    """Return what public budgets pay, and what follows, by payer."""
    rows = []
    for row in totals.to_dict("records"):
        block, actor = str(row["block"]), str(row["actor"])
        what = _OUTLAY if block == "grants" else BLOCK_LABELS[block]
        label = _BY.format(what=what, who=GROUP_LABELS[actor])
        rows.append(
            {
                "basis": "outlay" if block == "grants" else "consequence", "block": block,
                "actor": actor, "base": np.nan, "places": places, "amount": row["amount"],
                "per_place": row["amount"] / places, "conf_low": row["conf_low"] / places,
                "conf_high": row["conf_high"] / places, "label_nb": capital(label.nb),
                "label_en": capital(label.en),
            }
        )  # fmt: skip
    return rows


def _in_kind(case: CostBenefit) -> float:
    """Return what public budgets carry in kind per starter: resources used and no money paid."""
    ledger = case.ledger()
    kept = (ledger["kind"] == "real") & ~ledger["cash"] & ledger["actor"].isin(PUBLIC)
    return float(ledger.loc[kept, "amount"].sum())


_TITLE = Label(nb="Hva koster {n} plasser til?", en="What do {n} more places cost?")
_WHAT = Label(nb="Hva", en="What")
_PLACES = Label(nb="Plasser", en="Places")
_MILLIONS = Label(nb="Mill. kr", en="NOK million")
_EACH = Label(nb="Per plass", en="Per place")
_INTERVAL = Label(nb="95\u00a0% KI", en="95% CI")
_FROM = Label(
    nb="Bedt om til koordinering, fra {base} til {cohort}",
    en="Asked for coordination, from {base} to {cohort}",
)
_OUTLAY = Label(nb="bevilgninger", en="grants")
_BY = Label(nb="{what}: {who}", en="{what}: {who}")
_UNSAID = Label(nb="ikke oppgitt", en="not stated")
_ASKED_IS = Label(
    nb="Det som bes om, er et beløp i året, ett kull for hvert år, i kroner fra budsjettet for"
    " {year}. Det dekker: {covers}.",
    en="What is asked for is an amount a year, one cohort for each, in the kroner of the budget of"
    " {year}. It covers: {covers}.",
)
_BASE_UNKNOWN = Label(
    nb="Hvor stort kullet er i utgangspunktet, er usikkert. Derfor står beløpet per plass for"
    " flere utgangspunkt, og ikke som ett tall.",
    en="How large the cohort is to begin with is uncertain. The amount per place therefore stands"
    " for several starting points, and not as one number.",
)
_OUTLAY_IS = Label(
    nb="Bevilgningene er alt offentlige budsjetter betaler for plassene over {years} år, {prices},"
    " ikke diskontert. Pluss er mer penger på budsjettet. I summen for offentlige budsjetter"
    " faller tilskudd mellom dem bort.",
    en="Grants are all that public budgets pay for the places over {years} years, {prices}, not"
    " discounted. Plus is more money in the budget. In the sum of public budgets, grants between"
    " them cancel.",
)
_CONSEQUENCE = Label(
    nb="Ytelser, skatter og avgifter er følger av tiltaket, ikke inndekning, og skal ikke trekkes"
    " fra bevilgningene.",
    en="Benefits, taxes and contributions are consequences of the programme, no cover, and are not"
    " to be set off against the grants.",
)
_LOCK_IN = Label(
    nb="Ytelsene øker først, med {amount} per plass til sammen, mens deltakerne er i opplæring.",
    en="Benefits rise at first, by {amount} per place in all, while participants are in training.",
)
_IN_KIND = Label(
    nb="Tiden til ansatte som allerede er der, er ingen utbetaling og holdes utenom: {amount}"
    " per plass.",
    en="The time of staff already employed is no cash cost and is left out: {amount} per place.",
)


_PER_PLACE_TITLE = Label(
    nb="Det som bes om, og det en plass koster", en="What is asked for, and what a place costs"
)
_AXIS = Label(nb="Utgift per plass", en="Outlay per place")
_SOURCE = Label(
    nb="Grått: det som bes om, til koordinering, kroner fra budsjettet for {year}, delt på plassene"
    " opp til kullet. Farget: bevilgninger over {years} år for {n} plasser, {prices}, ikke"
    " diskontert. Strek: 95\u00a0% intervall. Tilskudd fra ett budsjett til et annet står hos"
    " begge.",
    en="Grey: what is asked for coordination, kroner of the budget of {year}, divided by the places"
    " up to the cohort. Coloured: grants over {years} years for {n} places, {prices}, not"
    " discounted. Line: 95% interval. A grant from one budget to another stands with both.",
)

#: Letters of a name on one line.
_WIDTH = 30


def plot_per_place(result: PerPlace, *, ax: Axes | None = None) -> Axes:
    """Draw what is asked per place by base, and the grants per place by payer."""
    lang = language()
    frame = result.table[result.table["basis"].isin(["asked", "outlay"])]
    frame = frame[frame["amount"] != 0].reset_index(drop=True)
    paid = -frame["per_place"].to_numpy() + 0.0
    low, high = -frame["conf_high"].to_numpy(), -frame["conf_low"].to_numpy()
    places = np.arange(len(frame)) + 0.5 * (frame["basis"] == "outlay").to_numpy()
    colours = [ACTOR_COLOURS.get(actor, CONTROL) for actor in frame["actor"]]
    names = [textwrap.fill(name, _WIDTH) for name in frame[f"label_{lang}"]]
    with figure(ax, size=(7.2, 2.1 + 0.42 * len(frame))) as ax:
        ax.grid(visible=False, axis="y")
        ax.grid(visible=True, axis="x", color=GRID, linewidth=0.8)
        ax.barh(places, paid, height=0.62, color=colours)
        drawn = np.isfinite(low)
        ax.hlines(places[drawn], low[drawn], high[drawn], color="#222222", linewidth=1.4)
        ax.axvline(0, color="#222222", linewidth=0.8)
        ax.set_yticks(places, names)
        ax.invert_yaxis()
        _name_bars(ax, places, paid, low, high)
        kroner_axis(ax, axis="x", what=_AXIS.text())
        values = ", ".join(
            f"{name} {hundreds(value)}"
            for name, value in zip(frame[f"label_{lang}"], paid, strict=True)
        )
        finish(
            ax, title=_PER_PLACE_TITLE, source=[_source(result)], of=result,
            alt=f"{_PER_PLACE_TITLE.text()}. {_AXIS.text()}: {values}.", names="rows")  # fmt: skip
    return ax


def _name_bars(
    ax: Axes, places: np.ndarray, paid: np.ndarray, low: np.ndarray, high: np.ndarray
) -> None:
    """Write each amount beyond its bar and its interval."""
    left, right = np.fmin(np.fmin(paid, low), 0.0), np.fmax(np.fmax(paid, high), 0.0)
    room = 0.2 * (right.max() - left.min())
    ax.set_xlim(left.min() - (room if left.min() < 0 else 0.0), right.max() + room)
    for place, value, start, end in zip(places, paid, left, right, strict=True):
        ax.annotate(
            number(round(value, -2), 0), xy=(end if value >= 0 else start, place),
            xytext=(5 if value >= 0 else -5, 0), textcoords="offset points",
            ha="left" if value >= 0 else "right", va="center", fontsize=9, color="#222222",
        )  # fmt: skip


def _source(result: PerPlace) -> Label:
    return _SOURCE.format(
        year=result.more.budget,
        years=result.horizon,
        n=number(result.places, 0),
        prices=result.prices,
    )
