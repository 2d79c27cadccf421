"""`write_workbook`: an account as an Excel file in which every amount is a formula."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from mih_impact import arguments
from mih_impact.account import card
from mih_impact.account.budget.impact import read_starters
from mih_impact.account.cost_benefit import CostBenefit, require_account
from mih_impact.account.indicators import INDICATORS
from mih_impact.account.non_priced import (
    MATRIX_SOURCE,
    NEVER_ADDED,
    non_priced_card,
    non_priced_cells,
)
from mih_impact.account.roles import break_even_text
from mih_impact.account.tables import BESIDE, pooled
from mih_impact.account.values import require_one_rate
from mih_impact.arguments import named_options
from mih_impact.display.locale import Label, Lang, in_language, language
from mih_impact.display.numbers import SURE, probability
from mih_impact.errors import OptionError, require_package
from mih_impact.reference.rows import source_in
from mih_impact.reporting.workbook.budget import (
    UncertaintyCells,
    write_budget,
    write_covariance,
    write_uncertainty,
)
from mih_impact.reporting.workbook.effects import write_assumptions, write_effects
from mih_impact.reporting.workbook.layout import Layout, SourceList
from mih_impact.reporting.workbook.ledger import write_costs, write_discounting, write_ledger
from mih_impact.reporting.workbook.measures import (
    ActorCells,
    MeasureCells,
    write_actors,
    write_measures,
)
from mih_impact.reporting.workbook.pages import CASES, FIRST_ROW, NOT_AVAILABLE, SHEETS, Book, Page
from mih_impact.storage import write_whole

__all__ = ["write_non_priced", "write_sources", "write_summary", "write_workbook"]

_WHAT = Label(
    nb="Et levende regnskap etter R-109/2021: kroner i faste {year}-priser over {years} år, pluss"
    " er gevinst.",
    en="A live account by circular R-109/2021: NOK in fixed {year} prices over {years} years, a"
    " gain is positive.",
)
_HEADINGS = (
    Label(nb="Hovedtall", en="Headline"),
    Label(nb="Verdi nå", en="Value now"),
    Label(nb="Hva det er", en="What it is"),
)
_LOW = Label(nb="konfidensintervall, fra", en="confidence interval, from")
_HIGH = Label(nb="konfidensintervall, til", en="confidence interval, to")
_PROBABILITY = Label(
    nb="sannsynlighet for positiv netto nåverdi", en="probability of a positive net present value"
)
_SAMPLING = Label(
    nb="utvalgsusikkerhet i effektene, ikke skjev utvelgelse; dekningen står i arket {sheet}",
    en="sampling uncertainty in the effects, not selection; the coverage is in the sheet {sheet}",
)
_BREAK_EVEN = Label(nb="lønnsomt for samfunnet", en="breaks even for society")
_LAST_CROSSING = Label(
    nb="første år der nåverdien så langt er null eller mer, og blir der",
    en="first year from which the cumulative present value stays at zero or more",
)
_CHECK = Label(nb="kontroll", en="check")
_CHECKED = Label(
    nb="tre veier til samme sum for samfunnet, og overføringer som går i null",
    en="three routes to the same sum for society, and transfers that sum to zero",
)
#: Years whose place among the others is written out, as many as CHOOSE takes everywhere (29).
_COUNTED = 25
_HOW = Label(nb="Slik brukes regnearket", en="How to use the workbook")
_STEPS = (
    Label(
        nb="Endre gule celler. De står i arket {assumptions}, og kullene i arket for budsjettet,"
        " hvis det er med.",
        en="Change yellow cells. They are in the sheet {assumptions}, and cohorts in the sheet of"
        " budgets, if it is there.",
    ),
    Label(
        nb="Alt annet er formler og følger med: regnskap, aktører, målestokker, usikkerhet.",
        en="All else is formulas and follows: ledger, actors, measures, uncertainty.",
    ),
    Label(
        nb="Fra et tall kan du gå til linjen i regnskapet, derfra til forutsetningen, og derfra til"
        " kilden.",
        en="From a number you can walk to its row of the ledger, from there to the assumption, and"
        " from there to the source.",
    ),
    Label(
        nb="Arkene er låst uten passord, så ingen overskriver en formel ved et uhell.",
        en="The sheets are locked without a password, so that nobody overwrites a formula by"
        " accident.",
    ),
)
_CONTENTS = Label(nb="Arkene", en="The sheets")
_TOLD = {
    "assumptions": Label(nb="hver forutsetning med spenn, status og kilde",
                         en="every assumption with range, status and source"),
    "effects": Label(nb="anslag etter år, og hva regnskapet teller",
                     en="estimates by year, and what the account counts"),
    "costs": Label(nb="når hver kostnad faller", en="when each cost falls"),
    "discounting": Label(nb="faktorer som formler av rentene",
                         en="factors as formulas of the rates"),
    "ledger": Label(nb="hver strøm, for hver aktør, i hvert år",
                    en="every flow, for every actor, in every year"),
    "actors": Label(nb="hvem betaler, hvem tjener, og når", en="who pays, who gains, and when"),
    "measures": Label(nb="netto nåverdi, forholdstall og kontroll",
                      en="net present value, ratios and check"),
    "uncertainty": Label(nb="standardfeil og intervaller som formler",
                         en="standard errors and intervals as formulas"),
    "covariance": Label(nb="kovariansen mellom effektene", en="covariance of the effects"),
    "budget": Label(nb="kull, budsjettlinjer og tre deler som ikke slås sammen",
                    en="cohorts, budget lines and three parts that are not netted"),
    "non_priced": Label(nb="virkninger uten kroner", en="effects without kroner"),
    "sources": Label(nb="kilder, versjoner og fingeravtrykk",
                     en="sources, versions and fingerprint"),
}  # fmt: skip


def write_summary(
    layout: Layout,
    page: Page,
    actors: ActorCells,
    measures: MeasureCells,
    uncertainty: UncertaintyCells | None,
    good: str,
    keys: Sequence[str],
) -> None:
    """Write the front sheet; `keys` are the sheets there are."""
    title = card.TITLE.format(programme=layout.case.programme.label)
    what = _WHAT.format(year=layout.case.price_year, years=layout.horizon)
    page.head(title, what, layout.evidence, _HEADINGS)
    writer = _Summary(layout, page)
    writer.line(INDICATORS["npv"][0], "=" + measures.value("npv"), INDICATORS["npv"][1],
                "kroner", layout.case.npv)  # fmt: skip
    writer.uncertain(uncertainty)
    writer.break_even(actors.break_even("society"))
    writer.line(INDICATORS["public"][0], "=" + measures.value("public"), INDICATORS["public"][1],
                "kroner", layout.case.public)  # fmt: skip
    beside = ("public_wage_bill_1", "society_leisure_1", "switching_scale_society")
    for name in (name for name in beside if name in measures.rows):
        shown = "ratio" if name.startswith("switching") else "kroner"
        writer.line(BESIDE[name][0], "=" + measures.value(name), "", shown, measures.known[name])
    checked = measures.known["check"]
    writer.line(_CHECK, "=" + measures.value("check"), _CHECKED, "kroner", checked)
    page.warn(writer.row - 1, 1, good)
    notes = [card.cut(layout.case).label, card.EMPLOYER]
    behind = card.participants_behind(layout.case)
    notes += [behind.label] if behind else []
    notes += [layout.case.programme.note] if layout.case.programme.note else []
    writer.words(None, notes)
    steps = [step.format(assumptions=SHEETS["assumptions"]) for step in _STEPS]
    writer.words(_HOW, steps)
    writer.contents([key for key in keys if key in _TOLD])
    page.finish((72, 32, 100), frozen=(FIRST_ROW, 0))


class _Summary:
    """Writes the front sheet line by line."""

    def __init__(self, layout: Layout, page: Page) -> None:
        self.layout, self.page, self.row = layout, page, FIRST_ROW

    def line(
        self,
        label: Label,
        formula: str,
        told: Label | str,
        number: str,
        value: float | str,
    ) -> None:
        """Write one number with what it is."""
        text = label.text()
        self.page.text(self.row, 0, text[:1].upper() + text[1:], "key")
        self.page.formula(self.row, 1, formula, number, "total", value=value)
        self.page.text(self.row, 2, told, "small")
        self.row += 1

    def uncertain(self, cells: UncertaintyCells | None) -> None:
        """Write interval and probability, or that there are none."""
        bounds, share = self.layout.case.interval(), self.layout.case.probability_positive
        if cells is None or bounds is None or share is None:
            self.page.text(self.row, 0, _LOW.text().capitalize(), "key")
            self.page.text(self.row, 1, NOT_AVAILABLE, "small")
            self.row += 1
            return
        told = _SAMPLING.format(sheet=SHEETS["uncertainty"])
        for label, name, value in (
            (_LOW, "conf_low", bounds[0]),
            (_HIGH, "conf_high", bounds[1]),
        ):
            self.line(label, "=" + cells.at(name, "society"), told, "kroner", value)
        self.probable(cells, share, told)

    def probable(self, cells: UncertaintyCells, share: float, told: Label) -> None:
        """Write the probability of a gain, never rounded to a certainty."""
        cell, error = (cells.at(name, "society") for name in ("probability_positive", "std_error"))
        above, below = map(probability, (1, 0))
        formula = (
            f'=IF({error}=0,{cell},IF({cell}>{SURE},"{above}",'
            f'IF({cell}<{1 - SURE:g},"{below}",{cell})))'
        )
        sure = above if share > SURE else below if share < 1 - SURE else share
        shown = share if self.layout.case.std_error == 0 else sure
        self.line(_PROBABILITY, formula, told, "percent", shown)

    def break_even(self, cell: str) -> None:
        """Write the break-even year in words."""
        layout = self.layout
        said = partial(break_even_text, horizon=layout.horizon)
        counted = [f'"{said(year, counted=True)}"' for year in range(min(layout.horizon, _COUNTED))]
        words = f"CHOOSE({cell}+1,{','.join(counted)})"
        if layout.horizon > _COUNTED:
            before, after = said(_COUNTED).split(str(_COUNTED))
            words = f'IF({cell}<{_COUNTED},{words},"{before}"&{cell}&"{after}")'
        year = layout.case.break_even("society")
        known = CASES["never"].text() if year is None else said(year, counted=year < _COUNTED)
        formula = f"=IF(ISNUMBER({cell}),{words},{cell})"
        self.line(_BREAK_EVEN, formula, _LAST_CROSSING, "whole", known)

    def words(self, heading: Label | None, texts: Sequence[Label]) -> None:
        """Write some sentences under a heading."""
        self.row += 1
        if heading is not None:
            self.page.text(self.row, 0, heading, "section")
            self.row += 1
        for text in texts:
            self.page.text(self.row, 0, text)
            self.row += 1

    def contents(self, keys: Sequence[str]) -> None:
        """Write links to the sheets."""
        self.row += 1
        self.page.text(self.row, 0, _CONTENTS, "section")
        for key in keys:
            self.row += 1
            self.page.link(self.row, 0, key)
            self.page.text(self.row, 1, _TOLD[key])


_NON_PRICED = Label(nb="Ikke-prissatte virkninger", en="Non-priced effects")
_METHOD = Label(nb="Metode: {source}.", en="Method: {source}.")
_SOURCES = Label(nb="Kilder", en="Sources")
_AS_RECORDED = Label(
    nb="Kildene, med numrene som de andre arkene viser til.",
    en="The sources, by the numbers that other sheets cite.",
)
_TEXTS_HEADINGS = (Label(nb="Nummer", en="Number"), Label(nb="Kilde", en="Source"))
_SOURCE_WIDTH = 130
_WIDTHS = (34, 24, 11, 17, 13, 70, 48)
_MADE_BY = Label(nb="Laget med", en="Made with")
_DATA = Label(nb="fingeravtrykk av dataene", en="fingerprint of the data")


def write_non_priced(layout: Layout, page: Page) -> None:
    """Write the plus-minus table, which nothing adds to the account."""
    effects = layout.case.programme.non_priced
    cells = non_priced_cells(effects)
    page.head(_NON_PRICED, NEVER_ADDED, layout.evidence, [])
    for column, heading in enumerate(cells.columns):
        page.text(FIRST_ROW - 1, column, str(heading), "header")
    row = FIRST_ROW
    for texts in cells.itertuples(index=False):
        for column, text in enumerate(texts):
            page.text(row, column, str(text), "wrapped")
        page.tall(row, zip(map(str, texts), _WIDTHS, strict=True))
        row += 1
    if not effects:
        for note in non_priced_card(effects).notes:
            page.text(row, 0, note)
    else:
        page.text(row + 1, 0, _METHOD.format(source=MATRIX_SOURCE), "small")
    page.finish(_WIDTHS, frozen=(FIRST_ROW, 1))


def write_sources(layout: Layout, page: Page) -> None:
    """Write every source that was cited, then versions and the data's fingerprint."""
    page.head(_SOURCES, _AS_RECORDED, layout.evidence, _TEXTS_HEADINGS)
    row = FIRST_ROW
    for source, number in layout.sources.texts.items():
        text = source_in(source, language())
        page.text(row, 0, number)
        page.text(row, 1, text, "wrapped")
        page.tall(row, [(text, _SOURCE_WIDTH)])
        row += 1
    provenance = layout.case.provenance
    row += 1
    page.text(row, 0, _MADE_BY, "section")
    for name, version in provenance.versions.items():
        row += 1
        page.text(row, 0, name)
        page.text(row, 1, version)
    if provenance.data:
        page.text(row + 1, 0, _DATA)
        page.text(row + 1, 1, provenance.data)
    page.finish((26, _SOURCE_WIDTH), frozen=(FIRST_ROW, 1))


_SUFFIX = ".xlsx"
_WITH_COVARIANCE = ("uncertainty", "covariance")


@named_options
def write_workbook(
    case: CostBenefit,
    path: str | os.PathLike[str],
    *,
    lang: Lang = "nb",
    starters: Mapping[int, float] | None = None,
) -> Path:
    """Write an account as an Excel workbook that reckons: change an input, and all else follows.

    Parameters
    ----------
    case
        The account.
    path
        The file, ending in .xlsx; its folder is made if it is not there.
    lang
        Language of sheets, labels and the names in the formulas: "nb" or "en".
    starters
        Persons by start year, for a sheet with the budget impact of these cohorts; None leaves the
        sheet out.

    Returns
    -------
    Path
        The file written. The same account gives the same bytes.

    Raises
    ------
    AssumptionError
        What is given is no account, or `starters` is no such mapping.
    OptionError
        A language that the library does not speak.
    StorageError
        Another suffix, or a file that cannot be written; then nothing is.
    MissingExtraError
        xlsxwriter is not installed.

    Notes
    -----
    The formulas are a second implementation of the rules of the account. A row that is zero at the
    base values, such as displacement, is there and can be switched on in its input cell. Standard
    errors are the exact ones, sqrt(c' Sigma c), as formulas. Draws, sensitivity analysis and
    residual value stay in the library.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import mih_impact as mih
    >>> planted = pd.DataFrame(
    ...     {"outcome": "wage_income", "year_since_start": range(3), "estimate": 100_000.0}
    ... )
    >>> effects = mih.EffectSeries.from_frame(planted, price_year=2024)
    >>> case = mih.cost_benefit(
    ...     effects, mih.Assumptions.r109(), programme=mih.Programme.none(), horizon=3
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_workbook(case, f"{folder}/account.xlsx", lang="en").name
    'account.xlsx'
    """
    require_account("write_workbook", case, what="The workbook")
    require_one_rate(case)
    cohorts = None if starters is None else read_starters(starters)
    path = arguments.path("path", path)
    if path.suffix.lower() != _SUFFIX:
        raise OptionError(
            "A workbook is an Excel file",
            found=repr(path.name),
            do=f"end the name with {_SUFFIX}",
        )
    require_package("xlsxwriter", extra="memo", to="Writing Excel")
    with in_language(lang):
        return write_whole(path, _workbook(pooled(case), cohorts))


def _workbook(case: CostBenefit, starters: Mapping[int, float] | None) -> bytes:
    """Return the file: sheets in the order they are read, written in the order they depend."""
    absent = set() if case.covariance is not None else set(_WITH_COVARIANCE)
    absent |= {"budget"} if starters is None else set()
    keys = [key for key in SHEETS if key not in absent]
    layout = Layout(case, SourceList())
    book = Book(keys, card.TITLE.format(programme=case.programme.label).text())
    covariance = SHEETS["covariance"]
    write_assumptions(layout, book["assumptions"])
    there = None if "covariance" in absent else book["covariance"].there
    effects = write_effects(layout, book["effects"], there)
    costs = write_costs(layout, book["costs"], SHEETS["assumptions"])
    write_discounting(layout, book["discounting"])
    ledger = write_ledger(layout, book["ledger"], effects, costs)
    actors = write_actors(layout, book["actors"], ledger)
    measures, good = write_measures(layout, book["measures"], actors, ledger, effects)
    uncertainty = None
    if there is not None:
        write_covariance(layout, book["covariance"])
        uncertainty = write_uncertainty(layout, book["uncertainty"], actors, effects, covariance)
    if starters is not None:
        write_budget(layout, book["budget"], ledger, starters)
    write_non_priced(layout, book["non_priced"])
    write_sources(layout, book["sources"])
    write_summary(layout, book["summary"], actors, measures, uncertainty, good, keys)
    return book.close()
