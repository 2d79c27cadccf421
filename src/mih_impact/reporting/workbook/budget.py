"""The sheet of the budgets: cohorts as inputs, cash rows as formulas, three blocks never netted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mih_impact.account.budget.entries import BLOCKS, SAVINGS, block_for
from mih_impact.account.budget.lines import known_line
from mih_impact.account.budget.result import BLOCK_LABELS, cover_notes
from mih_impact.account.roles import GROUP_LABELS, GROUPS, PUBLIC, role_label
from mih_impact.account.tables import actor_frame
from mih_impact.display.locale import Label
from mih_impact.reporting.workbook.effects import EffectCells
from mih_impact.reporting.workbook.layout import FIRST_YEAR, Entry, Layout
from mih_impact.reporting.workbook.ledger import LedgerCells
from mih_impact.reporting.workbook.measures import ActorCells
from mih_impact.reporting.workbook.pages import CASES, FIRST_ROW, Page, address

__all__ = ["UncertaintyCells", "write_budget", "write_covariance", "write_uncertainty"]

FloatArray = NDArray[np.float64]

_TITLE = Label(nb="Budsjettvirkning", en="Budget impact")
_WHAT = Label(
    nb="Kroner, faste {year}-priser. Bare penger som betales; pluss er mer penger på budsjettet."
    " Hvert kull følges i {horizon} år.",
    en="NOK, fixed {year} prices. Only money that is paid; plus is more money in the budget. Each"
    " cohort is followed for {horizon} years.",
)
_NEVER_NETTED = Label(
    nb="De tre delene skal ikke slås sammen: lavere ytelser og høyere skatt er følger av tiltaket,"
    " ikke inndekning for bevilgningene.",
    en="The three parts are not to be added together: lower benefits and higher taxes are"
    " consequences of the programme and do not cover the grants.",
)
_HEADINGS = (
    Label(nb="Budsjett", en="Budget"),
    Label(nb="Budsjettlinje", en="Budget line"),
    Label(nb="Komponent", en="Component"),
    Label(nb="Kapittel og post", en="Chapter and post"),
)
_STARTERS = Label(nb="Deltakere som starter i året", en="Participants who start in the year")
_SUM = Label(nb="sum, {actor}", en="sum, {actor}")
_PEAK = Label(
    nb="Største behov for bevilgninger i ett år", en="Largest need for grants in one year"
)
_PEAK_YEAR = Label(nb="I året", en="In the year")
_SURPLUS = Label(
    nb="Første år med mer penger, uten mindre senere", en="First year with more money, none later"
    " with less",
)  # fmt: skip
_SURPLUS_OF = Label(nb="{block}: {actor}", en="{block}: {actor}")
_FIRST_YEAR = len(_HEADINGS)
_STARTERS_ROW = FIRST_ROW
_NOTE_ROW = FIRST_ROW + 1


def write_budget(
    layout: Layout, page: Page, ledger: LedgerCells, starters: Mapping[int, float]
) -> None:
    """Write cohorts by start year and what they do to every public budget, block by block."""
    years = len(starters) + layout.horizon - 1
    what = _WHAT.format(year=layout.case.price_year, horizon=layout.horizon)
    page.head(_TITLE, what, layout.evidence, _HEADINGS)
    writer = _Budget(layout, page, ledger, starters, range(_FIRST_YEAR, _FIRST_YEAR + years))
    writer.cohorts(starters)
    row = FIRST_ROW + 3
    sums: dict[tuple[str, str], int] = {}
    for block in (*BLOCKS, SAVINGS):
        row = writer.block(row, block, sums)
    writer.ends(row, sums)
    page.finish((58, 46, 46, 24, *[15] * years), frozen=(FIRST_ROW + 1, 1), wide=True)


class _Budget:
    """Writes the blocks."""

    def __init__(
        self,
        layout: Layout,
        page: Page,
        ledger: LedgerCells,
        starters: Mapping[int, float],
        columns: range,
    ) -> None:
        self.layout, self.page, self.ledger = layout, page, ledger
        self.first, self.starters = min(starters), [starters[year] for year in sorted(starters)]
        self.n, self.columns = len(starters), columns
        #: What the library gives for the rows written so far, by year.
        self.known: dict[int, FloatArray] = {}

    def cohorts(self, starters: Mapping[int, float]) -> None:
        """Write the calendar years, and how many start in each."""
        page, first = self.page, min(starters)
        page.text(_STARTERS_ROW, 0, _STARTERS, "total_text")
        notes = (_NEVER_NETTED, *cover_notes(self.layout.case))
        page.text(_NOTE_ROW, 0, " ".join(note.text() for note in notes), "small")
        for k, column in enumerate(self.columns):
            if k == 0:
                page.number(FIRST_ROW - 1, column, first, "calendar", "header")
            else:
                formula = f"={address(FIRST_ROW - 1, column - 1)}+1"
                page.formula(FIRST_ROW - 1, column, formula, "calendar", "header", value=first + k)
            if k < self.n:
                page.number(_STARTERS_ROW, column, float(starters[first + k]), "kroner", "input")
                rule = {"validate": "decimal", "criteria": ">=", "value": 0}
                page.require(_STARTERS_ROW, column, rule)

    def block(self, row: int, block: str, sums: dict[tuple[str, str], int]) -> int:
        """Write the cash rows of one block and its sums by budget; return the next row."""
        layout, page = self.layout, self.page
        label = BLOCK_LABELS[block].text()
        page.text(row, 0, label[:1].upper() + label[1:], "section")
        row += 1
        for actor in PUBLIC:
            own = [e for e in layout.entries if self._belongs(e, actor, block)]
            if not own:
                continue
            first = row
            for entry in own:
                self.row(row, entry)
                row += 1
            sums[block, actor] = row
            self.total(row, GROUP_LABELS[actor], [f"{first}:{row - 1}"])
            row += 1
        parts = [str(sums[block, actor]) for actor in PUBLIC if (block, actor) in sums]
        sums[block, "public"] = row
        self.total(row, GROUP_LABELS["public"], parts)
        return row + 2

    def _belongs(self, entry: Entry, actor: str, block: str) -> bool:
        own = entry.actor == actor and entry.line.cash
        return own and block_for(entry.line, actor) == block

    def row(self, row: int, entry: Entry) -> None:
        """Write one row: every cohort's own year of the ledger, times its starters."""
        page, line = self.page, entry.line
        known = known_line(line.budget_line)
        label = line.label if known is None else Label(nb=known.label_nb, en=known.label_en)
        page.text(row, 0, GROUP_LABELS[entry.actor])
        page.text(row, 1, label)
        page.text(row, 2, line.label)
        page.text(row, 3, "" if known is None else ", ".join(map(str, known.posts)))
        self.known[row] = np.convolve(self.starters, self.layout.known.amounts(entry))
        for k, column in enumerate(self.columns):
            terms = [
                self._starters(c) + "*" + self._flow(entry, k - c)
                for c in range(self.n)
                if 0 <= k - c < self.layout.horizon
            ]
            value = float(self.known[row][k])
            page.formula(row, column, "=" + "+".join(terms), value=value)

    def _starters(self, cohort: int) -> str:
        return address(_STARTERS_ROW, _FIRST_YEAR + cohort, fixed_row=True, fixed_column=True)

    def _flow(self, entry: Entry, year: int) -> str:
        row = self.ledger.first + entry.place
        return self.ledger.sheet + address(row, FIRST_YEAR + year)

    def total(self, row: int, actor: Label, parts: list[str]) -> None:
        """Write the sum of some rows: "5:7" are those from row 5 to row 7."""
        self.page.text(row, 0, _SUM.format(actor=actor), "total_text")
        summed = [
            self.known[own]
            for first, _, last in (part.partition(":") for part in parts)
            for own in range(int(first), int(last or first) + 1)
        ]
        self.known[row] = np.sum([np.zeros(len(self.columns)), *summed], axis=0)
        for column, value in zip(self.columns, self.known[row], strict=True):
            cells = (
                ":".join(address(int(end), column) for end in part.split(":")) for part in parts
            )
            formula = f"=SUM({','.join(cells)})"
            self.page.formula(row, column, formula, look="total", value=float(value))

    def ends(self, row: int, sums: Mapping[tuple[str, str], int]) -> None:
        """Write the largest need by budget, and the first year of surplus by block."""
        page, years = self.page, self._years(FIRST_ROW - 1, fixed=True)
        page.text(row, 0, _PEAK, "section")
        page.text(row, 2, _PEAK_YEAR, "section")
        none = CASES["none"].text()
        for actor in (*PUBLIC, "public"):
            if ("grants", actor) not in sums:
                continue
            row += 1
            own = self._years(sums["grants", actor])
            known = self.known[sums["grants", actor]]
            page.text(row, 0, GROUP_LABELS[actor])
            page.formula(row, 1, f"=MAX(0,-MIN({own}))", value=max(0.0, -float(known.min())))
            peak = self.first + int(known.argmin()) if known.min() < 0 else none
            formula = f'=IF(MIN({own})<0,INDEX({years},MATCH(MIN({own}),{own},0)),"{none}")'
            page.formula(row, 2, formula, "calendar", value=peak)
        row += 2
        page.text(row, 0, _SURPLUS, "section")
        for (block, actor), place in sums.items():
            row += 1
            own = self._years(place)
            label = _SURPLUS_OF.format(block=BLOCK_LABELS[block], actor=GROUP_LABELS[actor])
            page.text(row, 0, label)
            later = f"IF(({own}>0)*({years}>MAX(({own}<0)*{years})),{years})"
            formula = f'=IF(COUNT({later})=0,"{none}",MIN({later}))'
            year = self.surplus(self.known[place])
            page.array_formula(row, 1, formula, "calendar", value=none if year is None else year)

    def surplus(self, amounts: FloatArray) -> int | None:
        """Return the first year above zero that no year below zero follows."""
        below = np.flatnonzero(amounts < 0)
        last = below[-1] if len(below) else -1
        above = np.flatnonzero(amounts > 0)
        above = above[above > last]
        return self.first + int(above[0]) if len(above) else None

    def _years(self, row: int, *, fixed: bool = False) -> str:
        ends = (self.columns[0], self.columns[-1])
        return ":".join(address(row, end, fixed_row=fixed, fixed_column=fixed) for end in ends)


_UNCERTAINTY_TITLE = Label(nb="Usikkerhet", en="Uncertainty")
_UNCERTAINTY_WHAT = Label(
    nb="Standardfeilen er √(c′Σc): c er hva én krone effekt er verdt, Σ står i arket {covariance}."
    " Utvalgsusikkerhet i effektene, ikke skjev utvelgelse.",
    en="The standard error is √(c′Σc): c is what one krone of effect is worth, Σ is in the sheet"
    " {covariance}. Sampling uncertainty in the effects, not selection.",
)
_UNCERTAINTY_HEADINGS = (
    Label(nb="Utfall", en="Outcome"),
    Label(nb="År siden oppstart", en="Years since start"),
    Label(nb="Effekt", en="Effect"),
    Label(nb="Nåverdi av én krone", en="Present value of one krone"),
)
_ROWS = {
    "present_value": Label(nb="nåverdi", en="present value"),
    "std_error": Label(nb="standardfeil", en="standard error"),
    "conf_low": Label(nb="konfidensintervall, nedre grense", en="confidence interval, lower end"),
    "conf_high": Label(nb="konfidensintervall, øvre grense", en="confidence interval, upper end"),
    "probability_positive": Label(nb="sannsynlighet for pluss", en="probability of a gain"),
}
_LEVEL = Label(nb="dekning av konfidensintervallet", en="coverage of the confidence interval")
_WEIGHTS = Label(
    nb="Vekter: nåverdi per krone effekt, etter aktør",
    en="Weights: present value per krone of effect, by actor",
)
_COVARIANCE = Label(nb="Kovarians", en="Covariance")
_SIGMA = Label(
    nb="Kovariansen mellom de anslåtte effektene, kroner i andre potens.",
    en="Covariance of the estimated effects, NOK squared.",
)
_OF = Label(nb="{what}, år {year}", en="{what}, year {year}")

_LEVEL_ROW = FIRST_ROW + len(_ROWS) + 1
_FIRST_WEIGHT = _LEVEL_ROW + 3
_FIRST_GROUP = len(_UNCERTAINTY_HEADINGS)


@dataclass(frozen=True)
class UncertaintyCells:
    """Where standard errors and intervals stand."""

    sheet: str

    def at(self, row: str, group: str) -> str:
        """Return the cell of one of the rows for one group, as other sheets write it."""
        place = FIRST_ROW + list(_ROWS).index(row)
        return self.sheet + address(place, _FIRST_GROUP + GROUPS.index(group))


def write_covariance(layout: Layout, page: Page) -> None:
    """Write the covariance of the estimated effects, as it is."""
    assert layout.case.covariance is not None
    page.head(_COVARIANCE, _SIGMA, layout.evidence, _UNCERTAINTY_HEADINGS[:2])
    for place, (role, year) in enumerate(_effects(layout)):
        label = role_label(role, layout.case.benefits)
        page.text(FIRST_ROW + place, 0, label)
        page.number(FIRST_ROW + place, 1, year, "whole", "text")
        heading = _OF.format(what=label, year=year)
        page.text(FIRST_ROW - 1, 2 + place, heading, "header")
        for other, value in enumerate(layout.case.covariance[place]):
            page.number(FIRST_ROW + place, 2 + other, float(value), "kroner")
    page.finish((32, 12, 16), frozen=(FIRST_ROW, 2))


def write_uncertainty(
    layout: Layout, page: Page, actors: ActorCells, effects: EffectCells, covariance: Label
) -> UncertaintyCells:
    """Write weights of every group, and from them standard errors, intervals, probabilities."""
    page.head(
        _UNCERTAINTY_TITLE,
        _UNCERTAINTY_WHAT.format(covariance=covariance),
        layout.evidence,
        _UNCERTAINTY_HEADINGS,
    )
    for k, group in enumerate(GROUPS):
        page.text(FIRST_ROW - 1, _FIRST_GROUP + k, GROUP_LABELS[group], "header")
    _write_results(layout, page, actors, f"'{covariance.text()}'!")
    page.text(_FIRST_WEIGHT - 1, 0, _WEIGHTS, "section")
    worth = _worths(layout)
    each = layout.case.model.ledger().group_coefficients
    for place, (role, year) in enumerate(_effects(layout)):
        row, r = _FIRST_WEIGHT + place, layout.roles.index(role)
        page.text(row, 0, role_label(role, layout.case.benefits))
        page.number(row, 1, year, "whole", "text")
        column = layout.years.start + year
        value = float(layout.case.effects[r, year])
        page.formula(row, 2, f"={effects.at(effects.estimates[role], column)}", value=value)
        page.formula(row, 3, _worth(layout, effects, role, year), "factor", value=worth[r, year])
        unit = layout.units.start + r
        for k, group in enumerate(GROUPS):
            formula = f"={address(row, 3, fixed_column=True)}*{actors.amount_at(group, unit)}"
            value = float(worth[r, year] * each[k, r])
            page.formula(row, _FIRST_GROUP + k, formula, "factor", value=value)
    page.finish((36, 12, 13, 13, *[15] * len(GROUPS)), frozen=(FIRST_ROW, 1))
    return UncertaintyCells(page.there)


def _effects(layout: Layout) -> list[tuple[str, int]]:
    """Return the estimated effects in the order of their covariance."""
    return [(role, year) for role in layout.roles for year in range(layout.estimated)]


def _worths(layout: Layout) -> FloatArray:
    """Return the present value of one krone of every effect, shape (roles, estimated years)."""
    ones = np.eye(layout.estimated)[:, None, :].repeat(len(layout.roles), axis=1)
    return (layout.case.model.path(ones) @ layout.case.discount_factors).T


def _worth(layout: Layout, effects: EffectCells, role: str, year: int) -> str:
    """Return the present value of one krone of effect, with the later years it reaches."""
    factors = layout.names["factor_account"]
    own = f"=INDEX({factors},{year + 1})"
    if year < layout.estimated - 1 or effects.kept is None or effects.growth is None:
        return own
    later = f"INDEX({factors},{layout.estimated + 1}):INDEX({factors},{layout.horizon})"
    rows = [effects.kept, *([effects.growth] if role == "wage" else [])]
    ranges = ",".join(effects.years(row, layout, later=True) for row in rows)
    return f"{own}+SUMPRODUCT({ranges},{later})"


def _write_results(layout: Layout, page: Page, actors: ActorCells, covariance: str) -> None:
    """Write what follows from the weights, a column for each group."""
    size = len(_effects(layout))
    corners = (
        address(row, column, fixed_row=True, fixed_column=True)
        for row, column in ((FIRST_ROW, 2), (FIRST_ROW + size - 1, 1 + size))
    )
    sigma = covariance + ":".join(corners)
    level = address(_LEVEL_ROW, 1, fixed_row=True, fixed_column=True)
    page.text(_LEVEL_ROW, 0, _LEVEL)
    page.number(_LEVEL_ROW, 1, 0.95, "percent", "input")
    page.require(
        _LEVEL_ROW, 1,
        {"validate": "decimal", "criteria": "between", "minimum": 0.01, "maximum": 0.999},
    )  # fmt: skip
    frame = actor_frame(layout.case).set_index("actor")
    rows = {name: FIRST_ROW + k for k, name in enumerate(_ROWS)}
    for name, label in _ROWS.items():
        page.text(rows[name], 0, label, "total_text")
    for k, group in enumerate(GROUPS):
        column = _FIRST_GROUP + k
        ends = (
            address(row, column, fixed_row=True)
            for row in (_FIRST_WEIGHT, _FIRST_WEIGHT + size - 1)
        )
        c = ":".join(ends)
        value, error = (address(rows[name], column) for name in ("present_value", "std_error"))
        reach = f"NORMSINV(0.5+{level}/2)*{error}"
        formulas = {
            "present_value": f"={actors.value(group)}",
            "std_error": f"=SQRT(MAX(0,SUMPRODUCT(MMULT({sigma},{c}),{c})))",
            "conf_low": f"={value}-{reach}",
            "conf_high": f"={value}+{reach}",
            "probability_positive": f"=IF({error}=0,IF({value}>0,1,0),NORMSDIST({value}/{error}))",
        }
        for name, formula in formulas.items():
            certain = float(frame["std_error"][group]) == 0
            odds = "percent" if certain else "probability"
            shown = odds if name == "probability_positive" else "kroner"
            known = float(frame[name][group]) + 0.0
            page.formula(rows[name], column, formula, shown, "total", value=known)
