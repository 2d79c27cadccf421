"""MunicipalityView: the cash of one municipality, and beside it the worker it recruits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang, capital
from mih_impact.display.numbers import interval, number, percent
from mih_impact.display.provenance import Provenance
from mih_impact.display.result import Result
from mih_impact.economics.assumption import Assumption
from mih_impact.economics.labels import STATUS_LABELS, amount_of, hundreds
from mih_impact.storage import save, saveable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COMPONENTS", "NET", "MunicipalityView"]

COMPONENTS = {
    "apprentice_pay": Label(nb="lærlinglønn", en="apprentice pay"),
    "apprentice_on_costs": Label(
        nb="pensjon og arbeidsgiveravgift for lærlinger",
        en="pension and contribution for apprentices",
    ),
    "grant": Label(nb="lærlingtilskudd fra fylkeskommunen", en="apprentice grant from the county"),
    "supervision": Label(nb="veiledning som betales", en="supervision that is paid"),
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


@saveable("MunicipalityView")
@dataclass(frozen=True, eq=False, repr=False)
class MunicipalityView(Result):
    """The cash of one municipality by year; made by `municipality_view`.

    Attributes
    ----------
    table, overall
        See `to_frame` and `totals`.
    terms
        What the view assumes beside the account.
    reach
        Share of starters who become apprentices.
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
    """

    table: pd.DataFrame
    overall: pd.DataFrame
    terms: tuple[Assumption, ...]
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
        """Return sums over all years, not discounted, by component and `net`."""
        return self._labelled(self.overall)

    def beside(self) -> pd.DataFrame:
        """Return what stands beside the cash and is not added: what the people at work make.

        Returns
        -------
        DataFrame
            `who` ("worker": one recruited worker in one year; "apprentice": one apprentice over the
            apprenticeship), `labour_cost, output, net` (NOK), `status`. Output is the labour cost
            by assumption, so the net is zero; what a vacancy costs is not in the sources.
        """
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
        """Return what the view assumes beside the account.

        Returns
        -------
        DataFrame
            `name, label, value, low, high, unit, status, source, range_source`.
        """
        names = ("value", "low", "high", "unit", "status", "source", "range_source")
        rows = [
            {"name": term.name, "label": term.label.text(lang)}
            | {name: getattr(term, name) for name in names}
            for term in self.terms
        ]
        return pd.DataFrame(rows).astype({"low": float, "high": float})

    def plot(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the cash by component and year, and the net."""
        from mih_impact.economics.figures.municipality import plot_municipality

        return plot_municipality(self, ax=ax, lang=lang)

    def save(self, path: str | Path) -> Path:
        """Write the result to one file; `load` gives it back."""
        return save(self, path)

    def _labelled(self, frame: pd.DataFrame) -> pd.DataFrame:
        labels = [_LABELS[name] for name in frame["component"]]
        place = 1 + list(frame.columns).index("component")
        frame = frame.copy()
        frame.insert(place, "label_nb", [label.nb for label in labels])
        frame.insert(place + 1, "label_en", [label.en for label in labels])
        return frame

    def _card(self, lang: Lang) -> Card:
        wide = self.table.pivot(index="component", columns="year", values="amount")
        sums = {row["component"]: row for row in self.overall.to_dict("records")}
        shown = [name for name in _LABELS if name == NET or sums[name]["amount"] != 0]
        rows = []
        for name in shown:
            total = sums[name]
            ends = interval(total["conf_low"] / 1e3, total["conf_high"] / 1e3, number, lang)
            amounts = wide.loc[name].to_numpy(dtype=float)
            cells = [number(value / 1e3, 0, lang) for value in amounts]
            rows.append(
                [
                    capital(_LABELS[name].text(lang)),
                    *cells,
                    number(total["amount"] / 1e3, 0, lang),
                    ends,
                ]
            )
        when = [str(year) if self.calendar else _YEAR.format(t=year).text(lang) for year in wide]
        header = [_THOUSANDS.text(lang), *when, _SUM.text(lang), _INTERVAL.text(lang)]
        title = _TITLE.format(programme=self.programme, what=self.what()).text(lang)
        return Card(title, table=pd.DataFrame(rows, columns=header), notes=self._notes(lang))

    def what(self) -> Label:
        """Return how many places in how many cohorts, in words."""
        places = [number(self.places, int(not self.places.is_integer()), lang) for lang in _LANGS]
        n = Label(nb=places[0], en=places[1])
        return (_ONE if self.cohorts == 1 else _SEVERAL).format(n=n, cohorts=self.cohorts)

    def _notes(self, lang: Lang) -> tuple[str, ...]:
        terms = {term.name: term for term in self.terms}
        shown = {
            term.name: amount_of(term.value, term.unit, lang) for term in self.terms
        }  # texts by name
        kept = terms["kept_tax"]
        worker = float(self.beside()["output"].iloc[0])
        notes = (
            _CASH.format(year=self.price_year, horizon=self.horizon),
            _PAY.format(
                share=shown["apprentice_share"], wage=shown["skilled_wage"],
                months=shown["apprentice_months"], reach=percent(self.reach, 0, lang),
                status=STATUS_LABELS[terms["apprentice_share"].status],
            ),
            _NEW_PLACES,
            _TAX.format(
                share=percent(self.tax_share, 0, lang), kept=shown["kept_tax"],
                low=percent(kept.low, 0, lang), high=percent(kept.high, 0, lang),
                status=STATUS_LABELS[kept.status],
            ),
            (_SUPERVISION if terms["paid_supervision"].value else _NO_SUPERVISION).format(
                share=shown["paid_supervision"]
            ),
            _BESIDE.format(cost=hundreds(worker, lang)),
            _FEW if not self.overall["conf_low"].isna().all() else _NO_INTERVAL,
        )  # fmt: skip
        return tuple(note.text(lang) for note in notes)


_LANGS: tuple[Lang, Lang] = ("nb", "en")
_TITLE = Label(nb="Kommunens kasse: {programme}, {what}", en="The municipality's cash: {programme},"
               " {what}")  # fmt: skip
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
    " mennene bor i kommunen.",
    en="Only money that the municipality pays or receives, fixed {year} prices, not discounted;"
    " plus is more cash. Each cohort is followed for {horizon} years. Tax and social assistance"
    " take it that the men live in the municipality.",
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
    " ellers hadde hatt. Lønn i sommerjobben er ikke med: beløpet står ikke i kildene.",
    en="Apprentice pay is a new outlay only where the places come on top of the apprentices that"
    " the municipality would have had anyway. Pay in the summer job is left out: the amount is not"
    " in the sources.",
)
_TAX = Label(
    nb="Kommunen får {share} av inntektsskatten og beholder {kept} av det etter utjevning"
    " ({status}; spenn {low} til {high}).",
    en="The municipality gets {share} of income tax and keeps {kept} of that after equalisation"
    " ({status}; range {low} to {high}).",
)
_SUPERVISION = Label(
    nb="{share} av veiledningen er regnet som nye penger (antatt).",
    en="{share} of supervision is taken as new money (assumed).",
)
_NO_SUPERVISION = Label(
    nb="Veiledningen gis av ansatte som har lønn uansett, og er ikke med (antatt).",
    en="Supervision is given by staff who are paid anyway, and is left out (assumed).",
)
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
    " så få menn kan utfallet bli et helt annet.",
    en="The intervals are of the average, and hold both uncertain effects and uncertain"
    " assumptions. For so few men the outcome may be quite another.",
)
_NO_INTERVAL = Label(
    nb="Intervaller er ikke tilgjengelige: effektene har ingen kovarians.",
    en="Intervals are not available: the effects have no covariance.",
)
