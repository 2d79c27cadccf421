"""What the published sentence can mean: every convention a "simplified analysis" may have used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.account.assumptions import Assumptions
from mih_impact.account.cost_benefit import cost_benefit
from mih_impact.account.drawing import INK, halo, name_rows, upright_grid
from mih_impact.account.ledger import break_even_years
from mih_impact.account.parameters import shares_kept
from mih_impact.account.roles import GROUPS, hundreds
from mih_impact.account.rules import AccountModel
from mih_impact.display.figure import PARTICIPANT, kroner_axis, tinted
from mih_impact.display.layout import figure, finish
from mih_impact.display.locale import Label, Lang, both, capital, in_language, language
from mih_impact.display.numbers import millions, number
from mih_impact.display.result import Card, NoContributors, Provenance, Result
from mih_impact.effects.series import EffectSeries
from mih_impact.nav.case import menn_i_helse
from mih_impact.nav.published import published

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CONVENTIONS", "Readings", "plot_readings", "readings"]

FloatArray = NDArray[np.float64]

#: What "about 1.1 million" is taken to reach over, NOK.
ABOUT = (1_050_000.0, 1_150_000.0)
_PRICE_YEAR = 2024
#: Years since start that are reckoned: the longer way of counting seven years ends here.
_LAST = 7

#: The conventions that the sentence leaves open: name, what it is, and its options.
CONVENTIONS: dict[str, tuple[Label, dict[str, Label]]] = {
    "costs": (Label(nb="tiltakskostnader", en="programme costs"), {
        "net": Label(nb="trukket fra", en="deducted"),
        "gross": Label(nb="ikke trukket fra", en="not deducted"),
    }),
    "discounting": (Label(nb="diskontering", en="discounting"), {
        "discounted": Label(nb="4\u00a0% i året", en="4% a year"),
        "undiscounted": Label(nb="ingen", en="none"),
    }),
    "years": (Label(nb="de sju årene", en="the seven years"), {
        "0-6": Label(nb="0–6", en="0–6"),
        "1-7": Label(nb="1–7", en="1–7"),
    }),
    "labour": (Label(nb="et lønnet arbeid er verdt", en="paid work is worth"), {
        "wage": Label(nb="lønnen", en="the wage"),
        "contribution": Label(nb="lønn og arbeidsgiveravgift",
                              en="wage and employer's contribution"),
        "contribution_and_pension": Label(nb="lønn, avgift og pensjon",
                                          en="wage, contribution and pension"),
    }),
    "tax_financing": (Label(nb="skattefinansiering", en="tax-financing"), {
        "in": Label(nb="medregnet", en="counted"),
        "out": Label(nb="ikke medregnet", en="not counted"),
    }),
    "leisure": (Label(nb="tapt fritid", en="leisure given up"), {
        "out": Label(nb="ikke medregnet", en="not counted"),
        "in": Label(nb="til nettolønn", en="at the net wage"),
    }),
    "first_years": (Label(nb="lønnseffekt i år 0–2", en="wage effect in years 0–2"), {
        "assumed": Label(nb="som antatt (0, 50\u00a0000 og 130\u00a0000)",
                         en="as assumed (0, 50,000 and 130,000)"),
        "even": Label(nb="jevn stigning fra 0", en="rising evenly from 0"),
        "none": Label(nb="ingen", en="none"),
    }),
    "later_years": (Label(nb="lønnseffekt etter år 3", en="wage effect after year 3"), {
        "rising": Label(nb="stiger til 265\u00a0000", en="rises to 265,000"),
        "flat": Label(nb="blir på 200\u00a0000", en="stays at 200,000"),
        "fading": Label(nb="halveres hvert femte år", en="halves every five years"),
    }),
    "benefits": (Label(nb="lavere ytelser", en="lower benefits"), {
        "transfer": Label(nb="overføring", en="a transfer"),
        "gain": Label(nb="talt som gevinst", en="counted as a gain"),
    }),
}  # fmt: skip

_VERDICTS = {
    "both": Label(nb="begge deler", en="both"),
    "amount": Label(nb="bare beløpet", en="the amount only"),
    "break_even": Label(nb="bare lønnsomhetsåret", en="the break-even year only"),
    "neither": Label(nb="ingen av delene", en="neither"),
}


@dataclass(frozen=True, eq=False, repr=False)
class Readings(Result):
    """The published figure read every way; made by `nav.readings()`.

    Attributes
    ----------
    table
        See `to_frame`.
    price_year
        The year whose prices it is in.
    provenance
        Versions and options.
    """

    contributors = NoContributors("published figures are nobody's amounts")

    table: pd.DataFrame
    price_year: int
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return one row per reading.

        Returns
        -------
        DataFrame
            The conventions by name (`costs, discounting, years, labour, tax_financing, leisure,
            first_years, later_years, benefits`), `value` (NOK per starter), `break_even_year`
            (missing: never within the years), `gives` ("both", "amount", "break_even", "neither"),
            and what public budgets gain from the same effects over the same years by R-109:
            `public` (posts budgeted anyway) and `public_new_posts` (every post new municipal
            money), present values per starter, costs deducted.
        """
        return self.table.copy()

    def by_convention(self) -> pd.DataFrame:
        """Return how many readings of each option give what.

        Returns
        -------
        DataFrame
            `convention, option, label_nb, label_en, readings, both, amount, break_even, neither`.
        """
        rows = []
        for name, (what, options) in CONVENTIONS.items():
            for option, label in options.items():
                given = self.table.loc[self.table[name] == option, "gives"]
                said = Label(nb="{a}: {b}", en="{a}: {b}").format(a=what, b=label)
                counts = {verdict: int((given == verdict).sum()) for verdict in _VERDICTS}
                rows.append(
                    {"convention": name, "option": option, "label_nb": said.nb,
                     "label_en": said.en, "readings": len(given), **counts}
                )  # fmt: skip
        return pd.DataFrame(rows)

    def plot(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the readings by what they come to and when they break even."""
        with in_language(lang):
            return plot_readings(self, ax=ax)

    def _card(self) -> Card:
        frame = self.by_convention()
        columns = {_CONVENTION.text(): [capital(each) for each in frame[f"label_{language()}"]]}
        columns[_READINGS.text()] = [number(n) for n in frame["readings"]]
        for verdict, label in _VERDICTS.items():
            columns[capital(label.text())] = [number(n) for n in frame[verdict]]
        return Card(
            _TITLE.text(),
            table=pd.DataFrame(columns),
            notes=tuple(note.text() for note in _notes(self)),
        )


def readings() -> Readings:
    """Reckon the published 200,000 by every convention that a simplified analysis may have used.

    Returns
    -------
    Readings

    Notes
    -----
    Published: 200,000 more in wage income three years after start; about 1.1 million per
    participant over seven years by a simplified cost-benefit analysis; gains above costs after
    three years. How it was reckoned is not published. Each reading is the ledger of this library at
    those conventions: the wage effect in year 3 is the published one; costs, benefits and the
    effects of other years are the assumed rows of the base case. Benefits hold their assumed path
    whatever wages do, and their last value in year 7.

    Seven years are 0-6 (the start year is the first) or 1-7 (the first is the year after it; the
    costs of the start year are deducted all the same). "Gross" is about the amount alone: gains and
    costs are always set against each other for the break-even year. About 1.1 million is 1.05 to
    1.15 million; the break-even year agrees if it is 3, counted as everywhere here.

    Readings are not equally likely, and their shares are no probabilities. The table says what the
    sentence can mean, and never which it does.

    Examples
    --------
    >>> table = readings().to_frame()
    >>> base = table.query(
    ...     "costs == 'net' and discounting == 'discounted' and years == '0-6'"
    ...     " and labour == 'contribution_and_pension' and tax_financing == 'in'"
    ...     " and leisure == 'out' and first_years == 'assumed' and benefits == 'transfer'"
    ... ).set_index("later_years")
    >>> base["value"].round(-2).astype(int).to_dict()
    {'rising': 1094400, 'flat': 894100, 'fading': 737000}
    """
    table = pd.DataFrame(
        list(product(*(options for _, options in CONVENTIONS.values()))), columns=list(CONVENTIONS)
    )
    model = _model()
    account = _Account(model, _effects(table, model), table["years"].eq("1-7").to_numpy())
    gross, net = _society(table, account)
    table["value"] = np.where(table["costs"] == "net", net.sum(axis=1), gross.sum(axis=1))
    table["break_even_year"] = account.break_even(net)
    table["gives"] = _gives(table)
    for name, new_posts in (("public", 0.0), ("public_new_posts", 1.0)):
        _, flows = account.flows({"wage_bill": new_posts})
        table[name] = flows[:, GROUPS.index("public")].sum(axis=1)
    options = {"about": ABOUT, "half_life": model.assumptions.half_life}
    return Readings(table, _PRICE_YEAR, Provenance.of("readings", options))


def _model() -> AccountModel:
    """Return the account of years 0 to 7 by R-109, to be applied to the readings."""
    from mih_impact.panel.synthetic.effects import PLANTED

    path = pd.DataFrame(
        [(name, year, 0.0) for name in PLANTED for year in range(_LAST + 1)],
        columns=["outcome", "year_since_start", "estimate"],
    )
    effects = EffectSeries.from_frame(path, price_year=_PRICE_YEAR)
    rules, programme = Assumptions.r109(), menn_i_helse()
    return cost_benefit(effects, rules, programme=programme, horizon=_LAST + 1).model


def _published(name: str) -> float:
    return float(published().set_index("id")["value"].to_dict()[name])


def _effects(table: pd.DataFrame, model: AccountModel) -> FloatArray:
    """Return the effects of every reading, shape (n, R, 8)."""
    from mih_impact.panel.synthetic.effects import PLANTED

    wage, third = np.array(PLANTED["wage_income"]), _published("nav_wage_effect_year_3")
    first = {"assumed": wage[:3], "even": third * np.arange(3) / 3, "none": np.zeros(3)}
    more = _LAST - 3
    kept = shares_kept("half_life", more, half_life=model.assumptions.half_life)
    later = {
        "rising": np.append(wage[4:], wage[-1]),
        "flat": np.full(more, third),
        "fading": third * kept,
    }
    effects = np.zeros((len(table), len(model.roles), _LAST + 1))
    for row, name in enumerate(PLANTED):
        effects[:, row] = np.append(PLANTED[name], PLANTED[name][-1])
    effects[:, model.roles.index("wage")] = [
        [*first[early], third, *later[late]]
        for early, late in zip(table["first_years"], table["later_years"], strict=True)
    ]
    return effects


@dataclass(frozen=True, eq=False)
class _Account:
    """The account of every reading: its effects, and whether its seven years are 1-7."""

    model: AccountModel
    effects: FloatArray
    later: NDArray[np.bool_]

    @property
    def last(self) -> NDArray[np.int64]:
        """The last year that is counted, shape (n, 1)."""
        return np.where(self.later, _LAST, _LAST - 1)[:, None]

    def flows(
        self, changes: dict[str, Any], *, outcomes: Any = 1.0
    ) -> tuple[FloatArray, FloatArray]:
        """Return every group's flow by year, (n, G, 8), without the programme's costs and with.

        Effects count in the years that are counted; costs wherever they fall until the last one.
        """
        years = np.arange(_LAST + 1)
        until = (years <= self.last)[:, None, :]
        counted = until & ((years > 0) | ~self.later[:, None])[:, None, :]
        effects = self.effects * counted * outcomes
        free = {item.name: 0.0 for item in self.model.items if item.name.startswith("cost:")}
        gross = self.model.discounted(effects, changes | free)
        return gross * until, self.model.discounted(effects, changes) * until

    def break_even(self, net: FloatArray) -> FloatArray:
        """Return the year from which gains stay at or above costs, NaN if never, shape (n,)."""
        year = break_even_years(np.cumsum(net, axis=1))  # no flow after the last year
        return np.where(year <= self.last[:, 0], year, np.nan)


def _society(table: pd.DataFrame, account: _Account) -> tuple[FloatArray, FloatArray]:
    """Return the gain of every reading by year, (n, 8), costs not deducted and deducted."""
    rules, society = account.model.assumptions, GROUPS.index("society")

    def where(name: str, option: str, value: float) -> FloatArray:
        return np.where(table[name] == option, value, 0.0)

    rate = where("discounting", "discounted", rules.discount_rate)
    gross, net = account.flows(
        {
            "discount_rate": rate,
            "employer_contribution": rules.employer_contribution
            - where("labour", "wage", rules.employer_contribution),
            "pension_share": where("labour", "contribution_and_pension", rules.pension_share),
            "tax_financing_cost": where("tax_financing", "in", rules.tax_financing_cost),
            "leisure": where("leisure", "in", 1.0),
        }
    )
    # What participants get in benefits: the same ledger with nothing but untaxed benefits in it.
    benefits = np.array([[role != "wage"] for role in account.model.roles])
    alone, _ = account.flows({"discount_rate": rate, "tax_rate_benefits": 0.0}, outcomes=benefits)
    gain = -alone[:, GROUPS.index("participant")]
    gain[(table["benefits"] != "gain").to_numpy()] = 0.0
    return gross[:, society] + gain, net[:, society] + gain


def _gives(table: pd.DataFrame) -> NDArray[np.str_]:
    """Return what each reading gives of the two that are published."""
    amount = table["value"].between(*ABOUT)
    year = table["break_even_year"] == _published("nav_break_even_year")
    return np.select([amount & year, amount, year], ["both", "amount", "break_even"], "neither")


_TITLE = Label(
    nb="Det publiserte tallet, lest på alle måter", en="The published figure, read every way"
)
_CONVENTION = Label(nb="Valg", en="Convention")
_READINGS = Label(nb="Lesemåter", en="Readings")
_SENTENCE = Label(
    nb="Publisert: {wage} mer i lønnsinntekt tre år etter oppstart, rundt {gain} per deltaker over"
    " sju år i en forenklet nytte-kostnadsanalyse, og større gevinst enn kostnad allerede etter"
    " tre år. Hvordan det er regnet, er ikke publisert. Tabellen sier hva setningen kan bety,"
    " aldri hva den betyr.",
    en="Published: {wage} more in wage income three years after start, around {gain} per"
    " participant over seven years in a simplified cost-benefit analysis, and gains above costs"
    " already after three years. How it was computed is not published. The table says what the"
    " sentence can mean, and never which it does.",
)
_COUNTS = Label(
    nb="Av {all} lesemåter gir {both} både beløpet ({low} til {high}) og lønnsomhet i år {year}."
    " {amount} gir bare beløpet, {break_even} bare lønnsomhetsåret. Lesemåtene er ikke like"
    " sannsynlige, så andelene er ingen sannsynligheter.",
    en="Of {all} readings, {both} give both the amount ({low} to {high}) and break-even in year"
    " {year}. {amount} give the amount only, {break_even} the break-even year only. The readings"
    " are not equally likely, so their shares are no probabilities.",
)
_PUBLIC = Label(
    nb="Hva de {both} lesemåtene betyr for offentlige budsjetter etter R-109, med de samme"
    " effektene i de samme årene: {low} til {high} per deltaker når stillingene er budsjettert"
    " uansett, og {low_new} til {high_new} når hver stilling er nye kommunale penger.",
    en="What the {both} readings mean for public budgets by R-109, with the same effects in the"
    " same years: {low} to {high} per participant where the posts are budgeted anyway, and"
    " {low_new} to {high_new} where every post is new municipal money.",
)
_ASSUMED = Label(
    nb="Bare lønnseffekten i år 3 er publisert. Kostnader, ytelser og effekten i andre år er"
    " antakelsene i grunnforløpet, som er valgt med det publiserte tallet for øye. At mange"
    " lesemåter treffer, bekrefter derfor ingenting.",
    en="Only the wage effect in year 3 is published. Costs, benefits and the effects of other"
    " years are the assumptions of the base case, which were chosen with the published figure in"
    " view. That many readings agree therefore confirms nothing.",
)
_COUNTED = Label(
    nb="Året er talt som ellers her: samlet nåverdi er null eller mer når år {year} er omme."
    " Er de tre årene år 0 til 2, altså lønnsomhet i år 2, er det {other} som gir begge deler."
    " Gevinst og kostnad er alltid satt opp mot hverandre i lønnsomhetsåret, også der beløpet er"
    " uten fradrag for tiltakskostnader.",
    en="The year is counted as elsewhere here: cumulative present value is zero or more when year"
    " {year} is over. If the three years are years 0 to 2, with break-even in year 2, the number"
    " that give both is {other}."
    " Gains and costs are always set against each other for the break-even year, also where the"
    " amount is before programme costs.",
)


def _notes(result: Readings) -> tuple[Label, ...]:
    """Return what the card says beneath the table."""
    table = result.table
    both, year = table[table["gives"] == "both"], int(_published("nav_break_even_year"))
    earlier = table["value"].between(*ABOUT) & (table["break_even_year"] == year - 1)
    counts = {name: _shown((table["gives"] == name).sum()) for name in _VERDICTS}
    sums = {
        f"{end}{suffix}": _in_words(getattr(both[column], reach)(), hundreds)
        for column, suffix in (("public", ""), ("public_new_posts", "_new"))
        for end, reach in (("low", "min"), ("high", "max"))
    }
    return (
        _SENTENCE.format(
            wage=_in_words(_published("nav_wage_effect_year_3"), hundreds),
            gain=_in_words(_published("nav_net_gain_7_years"), millions, 1),
        ),
        _COUNTS.format(all=_shown(len(table)), year=str(year), **counts, **_ends()),
        _PUBLIC.format(both=counts["both"], **sums),
        _ASSUMED,
        _COUNTED.format(year=str(year), other=_shown(earlier.sum())),
    )


def _ends() -> dict[str, Label]:
    """Return the ends of what counts as about 1.1 million."""
    return {
        name: _in_words(end, millions, 2) for name, end in zip(("low", "high"), ABOUT, strict=True)
    }


def _in_words(value: float, show: Callable[..., str], *decimals: int) -> Label:
    return both(lambda: show(value, *decimals))


def _shown(n: int) -> Label:
    return both(lambda: number(n))


_BIN = 50_000.0
_REST = "#A6A6A6"
_WHAT = Label(nb="Gevinst per deltaker", en="Gain per participant")
_YEAR = Label(nb="lønnsomt i år {year}", en="breaks even in year {year}")
_NEVER = Label(nb="aldri lønnsomt", en="never breaks even")
_BOTH = Label(nb="{n} gir begge deler", en="{n} give both")
_NOTE = Label(
    nb="Søyler: antall lesemåter av {all}, i trinn på {step}; antallet i parentes. Skyggelagt: det"
    " publiserte, {low} til {high} og år {year}. Lønnsomhet er alltid etter tiltakskostnader. Bare"
    " effekten i år 3 er publisert, resten er antatt; intet register er brukt, heller ikke det"
    " syntetiske. Figuren sier hva setningen kan bety, aldri hva den betyr.",
    en="Bars: number of readings of {all}, in steps of {step}; their number in brackets. Shaded:"
    " what was published, {low} to {high} and year {year}. Break-even is always after programme"
    " costs. Only the effect in year 3 is published, the rest is assumed; no register is used, not"
    " even the synthetic one. The figure says what the sentence can mean, and never which it does.",
)


def plot_readings(result: Readings, *, ax: Axes | None = None) -> Axes:
    """Draw the readings: a row for each break-even year, a bar for each step of the amount."""
    table, known = result.table, int(_published("nav_break_even_year"))
    year = table["break_even_year"].fillna(np.inf)
    rows = sorted(set(year))
    names = [_row_name(value, int((year == value).sum())) for value in rows]
    edges = np.arange(
        _BIN * np.floor(table["value"].min() / _BIN), table["value"].max() + _BIN, _BIN
    )
    heights = np.array([np.histogram(table["value"][year == value], edges)[0] for value in rows])
    places = np.arange(len(rows), dtype=float)
    third = rows.index(known)
    with figure(ax, size=(7.2, 1.9 + 0.55 * len(rows))) as ax:
        upright_grid(ax)
        shade = tinted(PARTICIPANT, 0.16)
        ax.axvspan(*ABOUT, color=shade, linewidth=0)
        ax.axhspan(third - 0.62, third + 0.38, color=shade, linewidth=0)
        inside = (edges[:-1] >= ABOUT[0]) & (edges[:-1] < ABOUT[1])
        for row, place in enumerate(places):
            has = heights[row] > 0  # few have
            tall = 0.8 * heights[row, has] / heights.max()
            colours = np.where(inside & (row == third), PARTICIPANT, _REST)[has].tolist()
            ax.bar(
                edges[:-1][has], -tall, width=0.9 * _BIN, bottom=place + 0.3, align="edge",
                color=colours,
            )  # fmt: skip
        name_rows(ax, places, names)
        ax.annotate(
            _BOTH.format(n=_shown((table["gives"] == "both").sum())).text(),
            xy=(ABOUT[1], third - 0.4), xytext=(4, 0), textcoords="offset points", fontsize=9,
            fontweight="bold", color=INK, path_effects=halo(),
        )  # fmt: skip
        kroner_axis(ax, price_year=result.price_year, axis="x", what=_WHAT.text())
        finish(
            ax, title=_TITLE, alt=_alt(result, names), names="rows",
            source=[_NOTE.format(all=_shown(len(table)), step=_in_words(_BIN, hundreds),
                                 year=str(known), **_ends())])  # fmt: skip
    return ax


def _row_name(year: float, n: int) -> str:
    when = _YEAR.format(year=f"{year:.0f}") if np.isfinite(year) else _NEVER
    return capital(f"{when.text()} ({number(n)})")


def _alt(result: Readings, names: list[str]) -> str:
    says_both = _BOTH.format(n=_shown((result.table["gives"] == "both").sum())).text()
    return f"{_TITLE.text()}: {'; '.join(names)}. {says_both}."
