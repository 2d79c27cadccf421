"""The workbook and its pages: text is text, a formula is a formula, a number has a format.

Nothing here decides what a cell holds. A text is never read as a formula, whatever it begins with.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from mih_impact.account.assumption import Assumption
from mih_impact.account.sheet.cells import WORDS
from mih_impact.display.locale import Label, language
from mih_impact.display.numbers import MINUS, NBSP, SURE, probability

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

__all__ = [
    "CASES",
    "DERIVED",
    "DISTRIBUTIONS",
    "FIRST_ROW",
    "KINDS",
    "NOT_AVAILABLE",
    "PARTS",
    "PERSISTENCE",
    "SHEETS",
    "STATUS",
    "TIMING",
    "UNITS",
    "YES_NO",
    "Book",
    "Page",
    "address",
    "defined_names",
    "part_of",
    "sheet_name",
]

SHEETS: Mapping[str, Label] = {
    "summary": Label(nb="Forside", en="Summary"),
    "assumptions": Label(nb="Forutsetninger", en="Assumptions"),
    "effects": Label(nb="Effekter", en="Effects"),
    "costs": Label(nb="Kostnader", en="Costs"),
    "discounting": Label(nb="Diskontering", en="Discounting"),
    "ledger": Label(nb="Regnskap", en="Ledger"),
    "actors": Label(nb="Aktører", en="Actors"),
    "measures": Label(nb="Målestokker", en="Measures"),
    "uncertainty": Label(nb="Usikkerhet", en="Uncertainty"),
    "covariance": Label(nb="Kovarians", en="Covariance"),
    "budget": Label(nb="Budsjett", en="Budget impact"),
    "non_priced": Label(nb="Ikke prissatt", en="Non-priced"),
    "sources": Label(nb="Kilder", en="Sources"),
}

# What the sheet of assumptions calls things, and the workbook's own beside them.
UNITS: Mapping[str, Label] = {
    **WORDS["unit"],
    "NOK": Label(nb="kr", en="NOK"),
    "NOK per year": Label(nb="kr per år", en="NOK per year"),
    "times the effect": Label(nb="ganger effekten", en="times the effect"),
}
DISTRIBUTIONS: Mapping[str, Label] = WORDS["distribution"]
STATUS: Mapping[str, Label] = WORDS["status"]
TIMING: Mapping[str, Label] = {
    **WORDS["timing"],
    "account": Label(nb="som regnskapet", en="as the account"),
}
PERSISTENCE: Mapping[str, Label] = {
    code: label for code, label in WORDS["persistence"].items() if code != "none"
}
YES_NO: Mapping[bool, Label] = {yes: WORDS["cash"][str(yes).lower()] for yes in (True, False)}

KINDS: Mapping[str, Label] = {
    "real": Label(nb="ressurs", en="real"),
    "transfer": Label(nb="overføring", en="transfer"),
}

#: Which part of the account a line belongs to: what the measures add up.
PARTS: Mapping[str, Label] = {
    "effect": Label(nb="virkning av effekten", en="effect"),
    "displacement": Label(nb="fortrengning", en="displacement"),
    "programme": Label(nb="tiltakskostnad", en="programme cost"),
    "avoided": Label(nb="sparte andre tiltak", en="other measures avoided"),
    "tax_financing": Label(nb="skattefinansiering", en="tax-financing"),
}

CASES: Mapping[str, Label] = {
    "never": Label(nb="ikke innen analyseperioden", en="not within the horizon"),
    "none": Label(nb="ingen", en="none"),
}

NOT_AVAILABLE = Label(
    nb="ikke tilgjengelig: effektene har ingen kovarians",
    en="not available: the effects have no covariance",
)


def part_of(component: str) -> str:
    """Return which part of the account a component belongs to.

    Examples
    --------
    >>> part_of("programme:school"), part_of("displacement:wage"), part_of("wage")
    ('programme', 'displacement', 'effect')
    """
    head = component.partition(":")[0]
    known = {"avoided_measures": "avoided", "tax_financing": "tax_financing"}
    return known.get(head, head if head in PARTS else "effect")


#: Lines of a heading at most.
_LINES = 4
#: Rows above the cells: title, what it is, evidence, headings.
_HEADING = 3
FIRST_ROW = 4

#: Locale codes, so that a Norwegian sheet has its spaces and decimal commas on any machine.
_LOCALES = {"nb": "[$-414]", "en": "[$-809]"}

#: The files say nothing of when they were made: the same account gives the same bytes.
_NO_CLOCK = datetime(2000, 1, 1)

_BLUE, _GREY = "#1F3864", "#595959"
_HEADER: dict[str, Any] = {
    "bold": True, "font_color": "#FFFFFF", "bg_color": _BLUE, "text_wrap": True,
    "valign": "vcenter", "border": 1, "border_color": "#8EA9DB",
}  # fmt: skip
_SMALL: dict[str, Any] = {"font_size": 9, "font_color": _GREY, "valign": "top"}
_LOOKS: Mapping[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 16, "font_color": _BLUE},
    "what": {"font_color": "#404040"},
    "evidence": {"italic": True, "font_color": "#9C2A00"},
    "header": _HEADER,
    "header_right": _HEADER | {"align": "right"},
    "section": {"bold": True, "font_color": _BLUE, "bottom": 2, "bottom_color": _BLUE},
    "key": {"bold": True, "valign": "top"},
    "text": {"valign": "top"},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "small": _SMALL,
    "small_wrapped": _SMALL | {"text_wrap": True},
    "name": _SMALL | {"font_name": "Consolas"},
    "link": {"font_color": _BLUE, "underline": 1, "valign": "top"},
    "input": {"bg_color": "#FFF2CC", "valign": "top", "locked": False, "border": 1,
              "border_color": "#BF9000", "align": "right"},
    "estimate": {"bg_color": "#E2EFDA", "valign": "top"},
    "result": {"text_wrap": True, "align": "right", "valign": "top"},
    "total": {"bold": True, "bg_color": "#DDE6F2", "align": "right", "valign": "top",
              "text_wrap": True},
    "total_text": {"bold": True, "bg_color": "#DDE6F2"},
}  # fmt: skip

#: Texts that stand a little off the number on their left.
_AIRY = ("text", "wrapped", "small", "small_wrapped", "name")


def sheet_name(key: str) -> str:
    """Return what a sheet is called."""
    return SHEETS[key].text()


def _stored(value: float | str) -> float | str:
    """Return a result as a cell stores it: a text, or a finite number without a sign on zero."""
    if isinstance(value, str):
        return value
    assert math.isfinite(value), "a formula whose result is no number has a text"
    return float(value) + 0.0


@cache
def address(row: int, column: int, *, fixed_row: bool = False, fixed_column: bool = False) -> str:
    """Return a cell's address, `D12` or with dollars.

    Examples
    --------
    >>> address(11, 3), address(11, 3, fixed_row=True)
    ('D12', 'D$12')
    """
    from xlsxwriter.utility import xl_rowcol_to_cell

    return str(xl_rowcol_to_cell(row, column, row_abs=fixed_row, col_abs=fixed_column))


@cache
def _sheet_class() -> type[Worksheet]:
    """Return sheets whose formulas are written as they are given.

    XlsxWriter looks through each for thirty functions that a file has other names for: a fifth of
    the time of a workbook. No formula here has any of them.
    """
    from xlsxwriter.worksheet import Worksheet

    class Sheet(Worksheet):  # type: ignore[misc]
        def _prepare_formula(self, formula: str, *_: object) -> str:
            return formula.strip("{=}")

    return Sheet


class Book:
    """The workbook: its sheets, its formats and its defined names."""

    def __init__(self, keys: Sequence[str], title: str) -> None:
        import xlsxwriter

        self._bytes = BytesIO()
        self._book = xlsxwriter.Workbook(self._bytes, {"in_memory": True})
        self._book.set_properties({"title": title, "created": _NO_CLOCK})
        self._book.set_calc_mode("auto")
        self._formats: dict[tuple[str, str, bool], Format] = {}
        sheet = _sheet_class()
        self._pens = {
            key: Page(self, key, self._book.add_worksheet(sheet_name(key), sheet)) for key in keys
        }

    def __getitem__(self, key: str) -> Page:
        """Return the page of one sheet."""
        return self._pens[key]

    def close(self) -> bytes:
        """Return the finished file."""
        self._book.close()
        return self._bytes.getvalue()

    def name(self, name: str, target: str) -> None:
        """Give a cell or a range a name."""
        self._book.define_name(name, f"={target}")

    def format(self, look: str, number: str = "", *, text: bool = False) -> Format:
        """Return a format: how it looks, how it shows numbers, and whether it holds a text."""
        key = (look, number, text)
        if key not in self._formats:
            given = dict(_LOOKS[look])
            if text and look in _AIRY:
                given |= {"align": "left", "indent": 1}
            if number:
                given["num_format"] = self._code(number)
            self._formats[key] = self._book.add_format(given)
        return self._formats[key]

    def _code(self, number: str) -> str:
        """Return the format code of a kind of number, neutral but for the locale in front."""
        locale = _LOCALES[language()]
        percent = f'"{NBSP}"%' if language() == "nb" else "%"
        if number == "probability":  # the number is kept whole, and shown as no certainty
            above, below = map(probability, (1, 0))
            ends = f'[>{SURE}]"{above}";[<{1 - SURE:g}]"{below}"'
            return f"{ends};{locale}0.0{percent}"
        positive = {
            "kroner": "#,##0",
            "whole": "0",
            "decimal": "0.0",
            "ratio": "0.00",
            "factor": "0.0000",
            "percent": f"0.0{percent}",
            "year": {"nb": '"år "0', "en": '"year "0'}[language()],
            "calendar": "0",
        }[number]
        return f'{locale}{positive};{locale}"{MINUS}"{positive}'


class Page:
    """One sheet being written."""

    def __init__(self, book: Book, key: str, sheet: Worksheet) -> None:
        self.book = book
        self.key = key
        self._sheet = sheet
        self._last = (0, 0)
        self._texts: dict[tuple[int, int], tuple[str, str]] = {}

    def head(
        self, title: Label, what: Label, evidence: str, headings: Sequence[Label | None]
    ) -> None:
        """Write what every sheet begins with, and the headings of its columns."""
        self.text(0, 0, title, "title")
        self.text(1, 0, what, "what")
        self.text(2, 0, evidence, "evidence")
        for column, heading in enumerate(headings):
            if heading is not None:
                self.text(_HEADING, column, heading, "header")
        self._sheet.set_row(0, 26)

    def text(self, row: int, column: int, text: Label | str, look: str = "text") -> None:
        """Write a text, as text."""
        shown = text.text() if isinstance(text, Label) else text
        # A little air between a number and the text on its right.
        cell = self.book.format(look, text=column > 0)
        self._sheet.write_string(row, column, shown, cell)
        self._reach(row, column, shown, look)

    def number(
        self, row: int, column: int, value: float, number: str, look: str = "estimate"
    ) -> None:
        """Write a number that is no formula: an input, or an estimate."""
        self._sheet.write_number(row, column, value, self.book.format(look, number))
        self._reach(row, column)

    def formula(
        self,
        row: int,
        column: int,
        formula: str,
        number: str = "kroner",
        look: str = "text",
        *,
        value: float | str,
    ) -> None:
        """Write a formula; `value` is its result, which programs show that do not reckon."""
        cell = self.book.format(look, number)
        self._sheet.write_formula(row, column, formula, cell, _stored(value))
        self._reach(row, column)

    def array_formula(
        self, row: int, column: int, formula: str, number: str, *, value: float | str
    ) -> None:
        """Write a formula that reckons with whole ranges, and its result."""
        cell = self.book.format("text", number)
        self._sheet.write_array_formula(
            row, column, row, column, f"{{{formula}}}", cell, _stored(value)
        )
        self._reach(row, column)

    def tall(self, row: int, cells: Iterable[tuple[str, float]]) -> None:
        """Make a row as tall as its longest text, given with the width of its column."""
        lines = max(math.ceil(1.15 * len(text) / width) for text, width in cells)
        self._sheet.set_row(row, 15 * max(lines, 1))

    def years(self, first: int, count: int, *, source: str = "") -> None:
        """Write the headings of the years; those of other sheets follow the sheet `source`."""
        for place in range(count):
            column = first + place
            if source:
                formula = f"={source}{address(_HEADING, column)}"
            else:
                formula = f"={address(_HEADING, column - 1)}+1"
            if place == 0 and not source:
                self.number(_HEADING, column, 0, "year", "header")
            else:
                self.formula(_HEADING, column, formula, "year", "header", value=float(place))

    def name(self, name: str, row: int, column: int, *, last: int | None = None) -> None:
        """Name a cell, or the cells of a row up to `last`."""
        target = address(row, column, fixed_row=True, fixed_column=True)
        if last is not None:
            target += ":" + address(row, last, fixed_row=True, fixed_column=True)
        self.book.name(name, self.there + target)

    @property
    def there(self) -> str:
        """What stands before a cell of this sheet in a formula of another."""
        return f"'{sheet_name(self.key)}'!"

    def require(self, row: int, column: int, rule: Mapping[str, Any]) -> None:
        """Let an input hold only what it can be."""
        self._sheet.data_validation(row, column, row, column, dict(rule))

    def link(self, row: int, column: int, key: str) -> None:
        """Write the name of another sheet as a link to it."""
        target = sheet_name(key)
        self._sheet.write_url(
            row, column, f"internal:'{target}'!A1", self.book.format("link"), target
        )
        self._reach(row, column)

    def warn(self, row: int, column: int, good: str) -> None:
        """Colour a cell: green where it holds `good`, red where it does not."""
        for criteria, colour in (("==", "#C6EFCE"), ("!=", "#FFC7CE")):
            shown = self.book._book.add_format({"bg_color": colour})
            self._sheet.conditional_format(
                row, column, row, column,
                {"type": "cell", "criteria": criteria, "value": f'"{good}"', "format": shown},
            )  # fmt: skip

    def finish(
        self,
        widths: Sequence[float],
        *,
        frozen: tuple[int, int] = (FIRST_ROW, 1),
        printed: int | None = None,
        wide: bool = False,
    ) -> None:
        """Set widths, panes and print; protect all but the inputs, without a password.

        Parameters
        ----------
        widths
            Of the columns, in characters, where no text asks for more; the last one holds for the
            rest.
        frozen
            Rows and columns that stay in view.
        printed
            Last column that is printed; None is the last one written.
        wide
            Whether it is printed on A3.
        """
        sheet, (row, column) = self._sheet, self._last
        least = [widths[min(k, len(widths) - 1)] for k in range(max(column + 1, len(widths)))]
        for place, width in enumerate(self._with_room(least)):
            sheet.set_column(place, place, width)
        sheet.freeze_panes(*frozen)
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(8 if wide else 9)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(_HEADING)
        sheet.print_area(0, 0, row, column if printed is None else printed)
        sheet.set_footer("&L&A&R&P / &N")
        sheet.protect("", {"format_columns": True, "format_rows": True})

    def _reach(self, row: int, column: int, text: str = "", look: str = "text") -> None:
        self._last = (max(self._last[0], row), max(self._last[1], column))
        self._texts[row, column] = text, look

    def _with_room(self, widths: list[float]) -> list[float]:
        """Return widths in which texts have room, and make headings as tall as they need.

        A text may run into empty cells on its right; a heading is broken between its words, into so
        many lines that the row stays low.
        """

        def lines(column: int, text: str) -> int:
            return len(textwrap.wrap(text, int(widths[column] / 1.12)))

        heads: dict[int, list[tuple[int, str]]] = {}
        for (row, column), (text, look) in self._texts.items():
            given = _LOOKS[look]
            size = given.get("font_size", 11) / 11 * (1.12 if given.get("bold") else 1.0)
            last = column + 1
            if look == "header":
                heads.setdefault(row, []).append((column, text))
                text = max(re.split(r"[ /]|(?<=-)", text), key=len)
            elif given.get("text_wrap"):
                continue
            else:
                while last < len(widths) and (row, last) not in self._texts:
                    last += 1
            widths[column] += max(size * len(text) + 1 - sum(widths[column:last]), 0.0)
        for row, texts in heads.items():
            for column, text in texts:
                while lines(column, text) > _LINES:
                    widths[column] += 1
            most = max(lines(column, text) for column, text in texts)
            self._sheet.set_row(row, max(32 if row == _HEADING else 15, 16 * most))
        return widths


#: Short names of the rates; a cost and a reach are called after their labels.
_RATES: Mapping[str, Label] = {
    "pension_share": Label(nb="pensjonsandel", en="pension_share"),
    "employer_contribution": Label(nb="arbeidsgiveravgift", en="employer_contribution"),
    "tax_rate_wage": Label(nb="skattesats_lønn", en="tax_rate_wage"),
    "tax_rate_benefits": Label(nb="skattesats_ytelser", en="tax_rate_benefits"),
    "taxable_benefit_share": Label(nb="skattepliktig_andel", en="taxable_share"),
    "municipal_tax_share": Label(nb="skatteandel_kommune", en="tax_share_municipality"),
    "county_tax_share": Label(nb="skatteandel_fylke", en="tax_share_county"),
    "tax_financing_cost": Label(nb="skattefinansieringskostnad", en="tax_financing_cost"),
    "discount_rate": Label(nb="kalkulasjonsrente", en="discount_rate"),
    "wage_bill": Label(nb="nye_lønnsmidler", en="new_wage_money"),
    "displacement": Label(nb="fortrengning", en="displacement"),
    "leisure": Label(nb="verdi_av_fritid", en="value_of_leisure"),
    "selection": Label(nb="utvelgelse", en="selection_share"),
    "avoided_measures": Label(nb="sparte_tiltak", en="avoided_measures"),
    "half_life": Label(nb="halveringstid", en="half_life"),
    "real_growth": Label(nb="realvekst", en="real_growth"),
    "age_at_start": Label(nb="alder_ved_oppstart", en="age_at_start"),
}

#: What the rules use often enough to have a name of its own.
DERIVED: Mapping[str, Label] = {
    "labour_cost": Label(nb="lønnskostnad_per_lønnskrone", en="labour_cost_per_wage_krone"),
    "state_tax_share": Label(nb="skatteandel_stat", en="tax_share_state"),
    "timing": Label(nb="når_i_året", en="timing_in_year"),
    "persistence": Label(nb="varighet_etter_anslag", en="persistence_rule"),
    "factor_account": Label(nb="diskonteringsfaktor", en="discount_factor"),
    "factor_start": Label(nb="faktor_årets_begynnelse", en="factor_start_of_year"),
    "factor_middle": Label(nb="faktor_midt_i_året", en="factor_middle_of_year"),
    "factor_end": Label(nb="faktor_årets_slutt", en="factor_end_of_year"),
    "rounding": Label(nb="avrunding", en="rounding"),
}

_PREFIXES = {
    "cost": Label(nb="kostnad", en="cost"),
    "reach": Label(nb="andel", en="reach"),
}

#: Characters of a name; Excel allows more than anybody wants to read.
_LONGEST = 40


def defined_names(items: Iterable[Assumption], labels: Mapping[str, Label]) -> dict[str, str]:
    """Return a defined name for every assumption and for what is derived from them.

    Parameters
    ----------
    items
        The assumptions.
    labels
        What the costs and the phases are called, by the names of their assumptions.

    Returns
    -------
    dict
        Name in the workbook by name in the library; no two are the same.
    """
    names = {key: label.text() for key, label in DERIVED.items()}
    for item in items:
        names[item.name] = _unused(_called(item, labels), names.values())
    return names


def _called(item: Assumption, labels: Mapping[str, Label]) -> str:
    if item.name in _RATES:
        return _RATES[item.name].text()
    prefix = _PREFIXES.get(item.name.partition(":")[0])
    called = _slug(labels.get(item.name, item.label).text())
    return called if prefix is None else f"{prefix.text()}_{called}"[:_LONGEST].rstrip("_")


def _slug(text: str) -> str:
    r"""Return a text as a name: letters, digits and underscores, not like a cell's address.

    Examples
    --------
    >>> _slug("=veiledning i praksis, 12 uker"), _slug("ABC1"), _slug("")
    ('veiledning_i_praksis_12_uker', 'x_ABC1', 'x_')
    """
    slug = re.sub(r"\W+", "_", text).strip("_")
    # Excel reads short words with digits as addresses (ABC1, R1C1), and no name starts with one.
    return slug if re.match(r"[^\W\d]{4}", slug) else f"x_{slug}"


def _unused(name: str, taken: Iterable[str]) -> str:
    """Return the name, numbered if another has it; Excel does not tell capitals from others."""
    used = {each.lower() for each in taken}
    number = 2
    unused = name
    while unused.lower() in used:
        unused, number = f"{name}_{number}", number + 1
    return unused
