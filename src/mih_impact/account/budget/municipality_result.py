"""MunicipalityView: the cash of one municipality, and beside it the worker it recruits."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mih_impact.account.assumption import Assumption
from mih_impact.account.programme import Apprenticeship
from mih_impact.account.roles import STATUS_LABELS, amount_of, hundreds
from mih_impact.display.figure import (
    CONTROL,
    OKABE_ITO,
    kroner_axis,
)
from mih_impact.display.layout import figure, finish
from mih_impact.display.locale import Label, Lang, both, capital, in_language, language
from mih_impact.display.numbers import interval, number, percent, thousands
from mih_impact.display.result import Card, NoContributors, Provenance, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COMPONENTS", "FROM_ACCOUNT", "NET", "MunicipalityView", "plot_municipality"]

COMPONENTS = {
    "apprentice_pay": Label(nb="lærlinglønn", en="apprentice pay"),
    "apprentice_on_costs": Label(
        nb="pensjon og arbeidsgiveravgift for lærlinger",
        en="pension and contribution for apprentices",
    ),
    "grant": Label(nb="tilskudd til tiltaket", en="grants for the programme"),
    "in_kind": Label(
        nb="egen innsats som betales med nye penger", en="own effort that is paid with new money"
    ),
    "programme": Label(nb="andre utgifter til tiltaket", en="other outlays for the programme"),
    "tax_kept": Label(nb="skatt kommunen beholder", en="tax the municipality keeps"),
    "benefits": Label(
        nb="spart sosialhjelp (ytelser kommunen betaler)",
        en="social assistance saved (benefits it pays)",
    ),
}
"""The components of the cash, in the order of every table."""

NET = "net"
_LABELS = COMPONENTS | {NET: Label(nb="netto i kassen", en="net cash")}

#: The walk from the municipality's present value in the account to its cash.
_STEPS = {
    "account": Label(nb="kommunen i regnskapet, nåverdi", en="the municipality in the account,"
                     " present value"),
    "undiscounted": Label(nb="uten diskontering", en="not discounted"),
    "in_kind": Label(nb="egen innsats som ikke betales", en="own effort that is not paid"),
    "wage_bill": Label(nb="stillingene etter tiltaket", en="posts after the programme"),
    "equalised": Label(nb="skatt som utjevnes bort", en="tax that is equalised away"),
    "apprentices": Label(nb="lærlinglønn med pensjon og avgift",
                         en="apprentice pay with pension and contribution"),
    NET: _LABELS[NET],
}  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class MunicipalityView(Result):
    """The cash of one municipality by year; made by `municipality_view`.

    Attributes
    ----------
    table, overall, steps
        See `to_frame`, `totals` and `from_account`.
    terms
        What the view assumes besides the account.
    apprenticeship
        What the programme declares of apprentices whom the municipality pays; None if nothing.
    reach
        Share of starters who become apprentices; 0 without any.
    pension_share, contribution, tax_share
        The account's pension and social costs, employer's contribution, and the municipality's
        share of income tax.
    places, cohorts
        Places a cohort, and cohorts.
    calendar
        Whether years are calendar years, else years since the first start.
    price_year
        The year of the prices.
    horizon
        Years that a cohort is followed.
    programme
        The displayed name of the programme.
    provenance
        Versions, options, seed and fingerprint of the data.
    covered
        Whether the state has decided to cover the municipality's outlays, which is not in the cash.
    """

    contributors = NoContributors(
        "sums of an account, which `tables.require_enough` and `pooled` refuse or pool"
    )

    table: pd.DataFrame
    overall: pd.DataFrame
    steps: pd.DataFrame
    terms: tuple[Assumption, ...]
    apprenticeship: Apprenticeship | None
    reach: float
    pension_share: float
    contribution: float
    tax_share: float
    places: float
    cohorts: int
    calendar: bool
    price_year: int
    horizon: int
    programme: Label
    provenance: Provenance
    covered: bool = False

    @property
    def years(self) -> tuple[int, ...]:
        """The years, ascending: calendar years, or years since the first start."""
        return tuple(dict.fromkeys(self.table["year"].tolist()))

    def to_frame(self) -> pd.DataFrame:
        """Return the cash: a row per component and year, and their sum as `net`.

        Returns
        -------
        DataFrame
            `year, component, label_nb, label_en, amount` (NOK, plus is more money for the
            municipality), `conf_low, conf_high`.
        """
        return self._labelled(self.table)

    def totals(self) -> pd.DataFrame:
        """Return sums over all years, not discounted, by component and `net`, in NOK."""
        return self._labelled(self.overall)

    def from_account(self) -> pd.DataFrame:
        """Walk from the municipality's present value in the account to its cash per place.

        Returns
        -------
        DataFrame
            `step, label_nb, label_en, amount` (NOK per place, all years): `account`, then what is
            added on the way, and `net`, their sum.
        """
        labels = [_STEPS[step] for step in self.steps["step"]]
        told = {"label_nb": [label.nb for label in labels], "label_en": [x.en for x in labels]}
        return self.steps.assign(**told)[["step", "label_nb", "label_en", "amount"]]

    def walked(self) -> pd.DataFrame:
        """Return the steps between account and cash that come to something, the largest first."""
        moved = self.from_account().iloc[1:-1]
        moved = moved[moved["amount"].abs() >= _LEAST]
        return moved.sort_values("amount", key=lambda amount: -amount.abs(), kind="stable")

    def beside(self) -> pd.DataFrame:
        """Return what stands beside the cash and is not added: what the people at work make.

        Returns
        -------
        DataFrame
            `who` ("worker": one recruited worker in one year; "apprentice": one apprentice over the
            apprenticeship), `labour_cost, output, net` (NOK), `status`. Output is the labour cost
            by assumption, so the net is zero; what a vacancy costs is not in the sources. Empty
            where the municipality pays no apprentices.
        """
        if self.apprenticeship is None:
            columns = ["who", "labour_cost", "output", "net", "status"]
            return pd.DataFrame(columns=columns, dtype=object)
        terms = {term.name: term.value for term in self.terms}
        costs = (1 + self.pension_share) * (1 + self.contribution)
        worker = terms["skilled_wage"] * costs
        stay = terms["apprentice_months"] / 12
        made = pd.Series([worker, worker * terms["apprentice_share"] * stay])
        return pd.DataFrame(
            {
                "who": ["worker", "apprentice"],
                "labour_cost": -made,
                "output": made,
                "net": 0.0 * made,
                "status": "ASSUMED",
            }
        )

    def assumptions_frame(self, lang: Lang | None = None) -> pd.DataFrame:
        """Return what the view assumes besides the account.

        Returns
        -------
        DataFrame
            `name, label, value, low, high, unit, status, source, range_source`.
        """
        with in_language(lang):
            names = ("value", "low", "high", "unit", "status", "source", "range_source")
            rows = [
                {"name": term.name, "label": term.label.text()}
                | {name: getattr(term, name) for name in names}
                for term in self.terms
            ]
            return pd.DataFrame(rows).astype({"low": float, "high": float})

    def plot(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the cash by component and year, and the net."""
        with in_language(lang):
            return plot_municipality(self, ax=ax)

    def _labelled(self, frame: pd.DataFrame) -> pd.DataFrame:
        labels = [_LABELS[name] for name in frame["component"]]
        place = 1 + list(frame.columns).index("component")
        frame = frame.copy()
        frame.insert(place, "label_nb", [label.nb for label in labels])
        frame.insert(place + 1, "label_en", [label.en for label in labels])
        return frame

    def _card(self) -> Card:
        wide = self.table.pivot(index="component", columns="year", values="amount")
        sums = {row["component"]: row for row in self.overall.to_dict("records")}
        shown = [name for name in _LABELS if name == NET or sums[name]["amount"] != 0]
        rows = []
        for name in shown:
            total = sums[name]
            ends = interval(total["conf_low"] / 1e3, total["conf_high"] / 1e3, number)
            amounts = wide.loc[name].to_numpy(dtype=float)
            cells = [number(value / 1e3, 0) for value in amounts]
            rows.append(
                [
                    capital(_LABELS[name].text()),
                    *cells,
                    number(total["amount"] / 1e3, 0),
                    ends,
                ]
            )
        when = [str(year) if self.calendar else _YEAR.format(t=year).text() for year in wide]
        header = [_THOUSANDS.text(), *when, _SUM.text(), _INTERVAL.text()]
        title = _TITLE.format(programme=self.programme, what=self.what()).text()
        return Card(title, table=pd.DataFrame(rows, columns=header), notes=self._notes())

    def what(self) -> Label:
        """Return how many places in how many cohorts, in words."""
        n = both(lambda: number(self.places, int(not self.places.is_integer())))
        one = _SINGLE if self.places == 1 else _ONE
        return (one if self.cohorts == 1 else _SEVERAL).format(n=n, cohorts=self.cohorts)

    def _notes(self) -> tuple[str, ...]:
        terms = {term.name: term for term in self.terms}
        kept = terms["kept_tax"]
        notes = [
            _CASH.format(year=self.price_year, horizon=self.horizon).text(),
            *self._apprentices(),
            _TAX.format(
                share=percent(self.tax_share, 0),
                kept=amount_of(kept.value, kept.unit), low=percent(kept.low, 0),
                high=percent(kept.high, 0), status=STATUS_LABELS[kept.status],
            ).text(),
            *self._in_kind(),
            *([_COVERED.text()] if self.covered else []),
            self.explained(),
            (_NO_INTERVAL if self.overall["conf_low"].isna().all() else _FEW).text(),
        ]  # fmt: skip
        return tuple(notes)

    def explained(self) -> str:
        """Return why the municipality's cash is not its row of the account, in a sentence."""
        amounts = self.steps.set_index("step")["amount"]
        shown = {name: hundreds(amounts[name]) for name in ("account", NET)}
        moved = self.walked()
        pairs = zip(moved[f"label_{language()}"], moved["amount"], strict=True)
        told = ", ".join(f"{label} {hundreds(amount)}" for label, amount in pairs)
        steps = told or _NOTHING.text()
        return FROM_ACCOUNT.format(account=shown["account"], net=shown[NET], steps=steps).text()

    def _apprentices(self) -> list[str]:
        """Return what is said of apprentices, where there are any."""
        own = self.apprenticeship
        if own is None:
            return []
        terms = {term.name: term for term in self.terms}
        shown = {term.name: amount_of(term.value, term.unit) for term in self.terms}
        worker = float(self.beside()["output"].iloc[0])
        notes = [
            _PAY.format(
                share=shown["apprentice_share"], wage=shown["skilled_wage"],
                months=shown["apprentice_months"], reach=percent(self.reach, 0),
                status=STATUS_LABELS[terms["apprentice_share"].status],
            ),
            _NEW_PLACES,
            *(() if own.note is None else (own.note,)),
            _BESIDE.format(cost=hundreds(worker)),
        ]  # fmt: skip
        return [note.text() for note in notes]

    def _in_kind(self) -> list[str]:
        """Return how far the municipality's own effort is paid, where the programme takes any."""
        paid = next(term.value for term in self.terms if term.name == "paid_in_kind")
        step = float(self.steps.set_index("step")["amount"]["in_kind"])
        if paid > 0:
            return [_PAID_IN_KIND.format(share=percent(paid, 0)).text()]
        if step < _LEAST:
            return []
        return [_NOT_PAID.format(amount=hundreds(step)).text()]


_LANGS: tuple[Lang, Lang] = ("nb", "en")
_TITLE = Label(nb="Kommunens kasse: {programme}, {what}", en="The municipality's cash: {programme},"
               " {what}")  # fmt: skip
_SINGLE = Label(nb="{n} plass", en="{n} place")
_ONE = Label(nb="{n} plasser", en="{n} places")
_SEVERAL = Label(nb="{n} plasser i hvert av {cohorts} kull", en="{n} places in each of {cohorts}"
                 " cohorts")  # fmt: skip
_THOUSANDS = Label(nb="1\u00a0000\u00a0kr", en="NOK thousand")
_YEAR = Label(nb="år {t}", en="year {t}")
_SUM = Label(nb="Sum", en="Sum")
_INTERVAL = Label(nb="95\u00a0% KI", en="95% CI")
_CASH = Label(
    nb="Bare penger kommunen betaler eller får, faste {year}-priser, ikke diskontert; pluss er mer"
    " penger i kassen. Hvert kull følges i {horizon} år. Skatt og sosialhjelp forutsetter at"
    " deltakerne bor i kommunen.",
    en="Only money that the municipality pays or receives, fixed {year} prices, not discounted;"
    " plus is more cash. Each cohort is followed for {horizon} years. Tax and social assistance"
    " take it that the participants live in the municipality.",
)
_PAY = Label(
    nb="Lærlinglønnen er {share} av {wage} i året i {months}, med pensjon og arbeidsgiveravgift"
    " ({status}). Av dem som starter, blir {reach} lærlinger. Lønnen er en del av lønnseffekten i"
    " regnskapet og legges ikke til der.",
    en="Apprentice pay is {share} of {wage} a year for {months}, with pension and contribution"
    " ({status}). Of those who start, {reach} become apprentices. The pay is part of the wage"
    " effect in the account and is not added there.",
)
_NEW_PLACES = Label(
    nb="Lærlinglønnen er en ny utgift bare når plassene kommer i tillegg til læreplassene kommunen"
    " ellers hadde hatt.",
    en="Apprentice pay is a new outlay only where the places come on top of the apprentices that"
    " the municipality would have had anyway.",
)
_TAX = Label(
    nb="Kommunen får {share} av inntektsskatten og beholder {kept} av det etter utjevning"
    " ({status}; spenn {low} til {high}).",
    en="The municipality gets {share} of income tax and keeps {kept} of that after equalisation"
    " ({status}; range {low} to {high}).",
)
_PAID_IN_KIND = Label(
    nb="{share} av det kommunen gir uten å betale for det, er regnet som nye penger (antatt).",
    en="{share} of what the municipality gives in kind is taken as new money (assumed).",
)
_COVERED = Label(
    nb="Det er vedtatt at staten dekker kommunens utlegg. Dekningen er ikke med her.",
    en="It is decided that the state covers the municipality's outlays. The cover is left out"
    " here.",
)
_NOT_PAID = Label(
    nb="Det kommunen gir uten å betale for det, som tiden til egne ansatte, er ikke med: {amount}"
    " per plass (antatt).",
    en="What the municipality gives in kind, such as the time of its staff, is left out: {amount}"
    " per place (assumed).",
)

#: The municipality in the account and in its own cash, and what lies between.
FROM_ACCOUNT = Label(
    nb="For kommunen er netto nåverdi {account} per deltaker i regnskapet, mens kommunekassen får"
    " {net} per plass. Forskjellen: {steps}.",
    en="For the municipality, net present value is {account} per participant in the account, while"
    " its own cash changes by {net} per place. The difference: {steps}.",
)
_NOTHING = Label(nb="ingen", en="none")

#: What rounds to nothing in hundreds of kroner.
_LEAST = 50.0

_BESIDE = Label(
    nb="Ved siden av, og ikke lagt til: en fagarbeider koster kommunen {cost} i året og gjør et"
    " arbeid som er satt til det samme. Nettoen er null fordi det er antatt. Hva en ledig stilling"
    " koster, står ikke i kildene.",
    en="Beside it, and not added: a skilled worker costs the municipality {cost} a year and does"
    " work that is set to the same. The net is zero because it is assumed to be. What a vacancy"
    " costs is not in the sources.",
)
_FEW = Label(
    nb="Intervallene gjelder gjennomsnittet, med både usikre effekter og usikre forutsetninger. For"
    " så få deltakere kan utfallet bli et helt annet.",
    en="The intervals are of the average, and hold both uncertain effects and uncertain"
    " assumptions. For so few participants the outcome may be quite another.",
)
_NO_INTERVAL = Label(
    nb="Intervaller er ikke tilgjengelige: effektene har ingen kovarians.",
    en="Intervals are not available: the effects have no covariance.",
)


_LOOKS = {
    "apprentice_pay": (OKABE_ITO["vermillion"], ""),
    "apprentice_on_costs": (OKABE_ITO["vermillion"], "////"),
    "grant": (OKABE_ITO["orange"], ""),
    "in_kind": (OKABE_ITO["purple"], "...."),
    "programme": (CONTROL, ""),
    "tax_kept": (OKABE_ITO["green"], ""),
    "benefits": (OKABE_ITO["sky"], "////"),
}
_MUNICIPALITY_TITLE = Label(
    nb="Kommunens kasse, år for år", en="The municipality's cash, year by year"
)
_NET = Label(nb="netto i kassen", en="net cash")
_YEARS = Label(nb="År siden første oppstart", en="Years since the first start")
_SOURCE = Label(
    nb="{programme}. Bare penger kommunen betaler eller får. Strek: 95\u00a0% intervall for netto."
    " Det stillingene etterpå koster og gir, er ikke med.",
    en="{programme}. Only money that the municipality pays or receives. Line: 95% interval of the"
    " net. What the posts afterwards cost and give is left out.",
)
_INK = "#222222"

#: Letters of a component on one line.
_WIDTH = 26


def plot_municipality(view: MunicipalityView, *, ax: Axes | None = None) -> Axes:
    """Draw each component by year, outlays below zero and receipts above, and the net."""
    wide = view.table.pivot(index="component", columns="year", values="amount")
    years = np.array(view.years)
    net = view.table[view.table["component"] == NET]
    with figure(ax, size=(9.0, 4.6)) as ax:
        bases = np.zeros((2, len(years)))  # under zero, above zero
        for name, label in COMPONENTS.items():
            amount = wide.loc[name].to_numpy()
            if not amount.any():
                continue
            side = (amount > 0).astype(int)
            bottom = bases[side, np.arange(len(years))]
            colour, hatch = _LOOKS[name]
            ax.bar(
                years, amount, bottom=bottom, width=0.62, color=colour, hatch=hatch,
                edgecolor="white", linewidth=0, label=textwrap.fill(label.text(), _WIDTH),
            )  # fmt: skip
            bases[side, np.arange(len(years))] += amount
        low, high = net["conf_low"].to_numpy(), net["conf_high"].to_numpy()
        ax.vlines(years, low, high, color=_INK, linewidth=1.3)
        ax.plot(
            years, net["amount"], "D", color="white", markeredgecolor=_INK, markersize=6,
            markeredgewidth=1.4, label=_NET.text(),
        )  # fmt: skip
        ax.axhline(0, color=_INK, linewidth=0.8)
        ax.set_xticks(years, [str(year) for year in years])
        if not view.calendar:
            ax.set_xlabel(_YEARS.text())
        kroner_axis(ax, price_year=view.price_year, what=capital(view.what().text()))
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=8.5, handlelength=1.2)
        values = ", ".join(
            f"{year} {thousands(value, 0)}"
            for year, value in zip(years, net["amount"], strict=True)
        )
        finish(
            ax, title=_MUNICIPALITY_TITLE, of=view,
            source=[_SOURCE.format(programme=view.programme)],
            alt=f"{_MUNICIPALITY_TITLE.text()}. {capital(_NET.text())}: {values}.")  # fmt: skip
    return ax
