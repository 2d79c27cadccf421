"""Cells of a sheet: what people and spreadsheets write, read as what it must be or refused.

A number may have a decimal comma, spaces between thousands and a per cent sign. What could be read
in two ways is refused, cell by cell: a sheet is typed by many hands, and one that is misread gives
an account that nobody asked for.

TOML and CSV hold the code's words; Excel holds the reader's. A cell may hold either.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from mih_impact import arguments
from mih_impact.account.roles import ACTORS, GROUP_LABELS, STATUS_LABELS
from mih_impact.arguments import nearest
from mih_impact.display.locale import Label
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.panel.number_text import read_numbers

__all__ = [
    "BY_KEY",
    "COLUMNS",
    "WORDS",
    "YEAR",
    "Column",
    "Line",
    "code_of",
    "heading",
    "key_of",
    "number_of",
    "number_text",
    "points_of",
    "points_text",
    "typed",
    "word_of",
    "year_key",
]

Kind = Literal["text", "number", "word", "points"]


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    key
        Its name in TOML and CSV.
    label
        Its name in Excel.
    told
        What it holds, for who edits the sheet.
    kind
        What its cells are.
    editable
        Whether it can be changed in the sheet; the rest is the structure of the account.
    width
        Of the Excel column, in characters.
    """

    key: str
    label: Label
    told: Label
    kind: Kind = "text"
    editable: bool = False
    width: int = 14


_VALUE = Label(
    nb="Tallet regnskapet bruker. Andeler skrives som 0,24 eller 24\u00a0%, kroner uten punktum.",
    en="The number the account uses. Write shares as 0.24 or 24%, kroner without separators.",
)
_LOW = Label(
    nb="Det laveste forutsetningen rimelig kan være. Tom hvis spennet ikke er kjent.",
    en="The least it can reasonably be. Empty if the range is not known.",
)
_HIGH = Label(
    nb="Det høyeste forutsetningen rimelig kan være. Verdien må ligge mellom lav og høy.",
    en="The most it can reasonably be. The value must lie between low and high.",
)
_DISTRIBUTION = Label(
    nb="Hva forutsetningen trekkes fra: fast (trekkes ikke), trekant, jevn, normal eller punkter.",
    en="What it is drawn from: fixed (not drawn), triangular, uniform, normal or discrete.",
)
_POINTS = Label(
    nb="Verdier og sannsynligheter når fordelingen er punkter: «0,2: 0,5 | 0,3: 0,5».",
    en="Values and probabilities where the distribution is discrete: '0.2: 0.5 | 0.3: 0.5'.",
)
_STATUS = Label(
    nb="Hvor sikkert tallet er: lest i kilden, utledet, ikke kontrollert mot kilde, eller antatt."
    " En ny verdi uten ny kilde merkes som analytikerens egen.",
    en="How sure the number is: read in the source, derived, not checked against a source, or"
    " assumed. A new value without a new source is marked as the analyst's own.",
)
_SOURCE = Label(nb="Hvor tallet kommer fra.", en="Where the number comes from.")
_RANGE_SOURCE = Label(nb="Hvor spennet kommer fra.", en="Where the range comes from.")

COLUMNS: tuple[Column, ...] = (
    Column("name", Label(nb="navn", en="name"),
           Label(nb="Navnet forutsetningen har i biblioteket. Skal stå som det står.",
                 en="The name it has in the library. Leave it as it is."), width=28),
    Column("label_nb", Label(nb="forutsetning", en="assumption (bokmål)"),
           Label(nb="Hva det er, på bokmål.", en="What it is, in bokmål."), width=40),
    Column("label_en", Label(nb="forutsetning (engelsk)", en="assumption"),
           Label(nb="Hva det er, på engelsk.", en="What it is, in English."), width=40),
    Column("value", Label(nb="verdi", en="value"), _VALUE, "number", True),
    Column("unit", Label(nb="enhet", en="unit"),
           Label(nb="Hva én enhet av tallet er.", en="What one unit of the number is."),
           "word", width=24),
    Column("low", Label(nb="lav", en="low"), _LOW, "number", True),
    Column("high", Label(nb="høy", en="high"), _HIGH, "number", True),
    Column("distribution", Label(nb="fordeling", en="distribution"), _DISTRIBUTION, "word", True),
    Column("points", Label(nb="punkter", en="points"), _POINTS, "points", True, 18),
    Column("status", Label(nb="status", en="status"), _STATUS, "word", True, 26),
    Column("source", Label(nb="kilde", en="source"), _SOURCE, "text", True, 60),
    Column("range_source", Label(nb="kilde til spennet", en="source of the range"),
           _RANGE_SOURCE, "text", True, 36),
    Column("phase", Label(nb="fase", en="phase"),
           Label(nb="Fasen som koster det.", en="The phase that costs it."), width=16),
    Column("payer", Label(nb="betaler", en="payer"),
           Label(nb="Hvem som betaler.", en="Who pays."), "word", width=18),
    Column("receiver", Label(nb="mottaker", en="receiver"),
           Label(nb="Hvem som mottar, når det er en overføring. Tom når en ressurs blir brukt.",
                 en="Who receives, where it is a transfer. Empty where a resource is used."),
           "word", width=18),
    Column("cash", Label(nb="penger", en="cash"),
           Label(nb="Ja når noen betaler penger, nei når kostnaden er tid eller annet.",
                 en="Yes where money is paid, no where the cost is time or the like."),
           "word", width=9),
    Column("budget_line", Label(nb="budsjettpost", en="budget line"),
           Label(nb="Posten kostnaden føres på.", en="The line it is charged to."), width=30),
    Column("timing", Label(nb="når i året", en="when in the year"),
           Label(nb="Når i året kostnaden faller, hvis ikke som resten av regnskapet.",
                 en="When in the year it falls, if not as the rest of the account."),
           "word", width=20),
    Column("when_nb", Label(nb="tidspunkt", en="when (bokmål)"),
           Label(nb="Når fasen er, på bokmål.", en="When the phase is, in bokmål."), width=30),
    Column("when_en", Label(nb="tidspunkt (engelsk)", en="when"),
           Label(nb="Når fasen er, på engelsk.", en="When the phase is, in English."), width=30),
)  # fmt: skip

BY_KEY = {column.key: column for column in COLUMNS}

#: One column for each year with a cost, after the others.
YEAR = Column(
    "year_0",
    Label(nb="år {year}", en="year {year}"),
    Label(
        nb="Beløpet per deltaker i fasen så mange år etter oppstart. En ny verdi fordeles likt med"
        " disse.",
        en="The amount per participant in the phase, that many years after start. A new value is"
        " spread as these are.",
    ),
    "number",
)


def year_key(year: int) -> str:
    """Return the key of the column of a year since start."""
    return f"year_{year}"


def heading(key: str) -> Label:
    """Return the displayed name of a column.

    Examples
    --------
    >>> heading("low").nb, heading("year_2").nb
    ('lav', 'år 2')
    """
    if key.startswith("year_"):
        return YEAR.label.format(year=key.removeprefix("year_"))
    return BY_KEY[key].label


def key_of(text: str, keys: Iterable[str] = BY_KEY) -> str | None:
    """Return the key of a column by its key or its displayed name; None where it is none.

    Examples
    --------
    >>> key_of("Høy"), key_of("year 3"), key_of("remark")
    ('high', 'year_3', None)
    """
    wanted = " ".join(text.split()).casefold()
    year = re.fullmatch(r"(?:year|år)[ _](\d{1,3})", wanted)
    if year:
        return year_key(int(year[1]))
    for key in keys:
        label = BY_KEY[key].label
        if wanted in (key, label.nb.casefold(), label.en.casefold()):
            return key
    return None


_START = Label(nb="ved årets begynnelse", en="start of the year")
_MIDDLE = Label(nb="midt i året", en="middle of the year")
_END = Label(nb="ved årets slutt", en="end of the year")
_TIMING = {"start": _START, "middle": _MIDDLE, "end": _END}
_ACTORS = {actor: GROUP_LABELS[actor] for actor in ACTORS}

#: The code's words by column; `persistence` and `account_timing` are values of the account's rows.
WORDS: Mapping[str, Mapping[str, Label]] = {
    "unit": {
        "share": Label(nb="andel", en="share"),
        "NOK per NOK": Label(nb="kr per kr", en="NOK per NOK"),
        "NOK per starter": Label(nb="kr per deltaker som startet", en="NOK per starter"),
        "NOK per participant in the phase": Label(
            nb="kr per deltaker i fasen", en="NOK per participant in the phase"
        ),
        "per year, real": Label(nb="per år, reelt", en="per year, real"),
        "years": Label(nb="år", en="years"),
        "calendar year": Label(nb="kalenderår", en="calendar year"),
    },
    "distribution": {
        "fixed": Label(nb="fast", en="fixed"),
        "triangular": Label(nb="trekant", en="triangular"),
        "uniform": Label(nb="jevn", en="uniform"),
        "normal": Label(nb="normal", en="normal"),
        "discrete": Label(nb="punkter", en="discrete"),
    },
    "status": STATUS_LABELS,
    "payer": _ACTORS,
    "receiver": _ACTORS,
    "timing": _TIMING,
    "account_timing": _TIMING,
    "persistence": {
        "none": Label(nb="ingen", en="none"),
        "constant": Label(nb="varig", en="constant"),
        "half_life": Label(nb="halveres", en="half-life"),
        "linear": Label(nb="rett linje til null", en="straight line to nothing"),
    },
    "cash": {"true": Label(nb="ja", en="yes"), "false": Label(nb="nei", en="no")},
}

#: How spreadsheets write true and false in the two languages.
_MORE = {"cash": {"sann": "true", "usann": "false", "1": "true", "0": "false"}}


def word_of(column: str, code: str) -> str:
    """Return a word of the code in the reader's language.

    Examples
    --------
    >>> word_of("distribution", "triangular")
    'trekant'
    """
    return WORDS[column][code].text()


def code_of(column: str, text: str) -> str | None:
    """Return the code's word for a text in either language; None where it is none.

    Examples
    --------
    >>> code_of("status", "antatt"), code_of("payer", "The state"), code_of("payer", "nobody")
    ('ASSUMED', 'state', None)
    """
    wanted = " ".join(text.split()).casefold()
    known = _MORE.get(column, {})
    for code, label in WORDS[column].items():
        if wanted in (code.casefold(), label.nb.casefold(), label.en.casefold()):
            return code
    return known.get(wanted)


#: Units of which a hundredth is a per cent.
_PERCENT = ("share", "NOK per NOK", "per year, real")


@dataclass(frozen=True)
class Line:
    """One row of a sheet, with where it stands.

    Attributes
    ----------
    place
        The row, as its reader finds it: "row 7".
    cells
        What is not empty, by column.
    headers
        What the columns are called there, where that is not their key.
    """

    place: str
    cells: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def name(self) -> str:
        """The name of the assumption."""
        return str(self.cells.get("name", ""))

    def get(self, column: str, default: Any = None) -> Any:
        """Return a cell; `default` where it is empty."""
        return self.cells.get(column, default)

    def at(self, column: str) -> str:
        """Return where a cell is, in words."""
        named = f" ({self.name})" if self.name else ""
        return f"{self.place}{named}, column {self.headers.get(column, column)!r}"

    def error(
        self, column: str, what: str, *, found: Any = None, do: str | None = None
    ) -> AssumptionError:
        """Return the error of a cell."""
        shown = None if found is None else found if isinstance(found, str) else repr(found)
        return AssumptionError(f"{self.at(column)}: {what}", found=shown, do=do)

    @contextmanager
    def checking(self, column: str) -> Iterator[None]:
        """Say of an error raised inside which cell it is about."""
        try:
            yield
        except (AssumptionError, OptionError) as error:
            raise AssumptionError(
                f"{self.at(column)}: {error.what}", found=error.found, do=error.do
            ) from None


def typed(line: Line) -> Line:
    """Return a row with every cell read as what its column holds."""
    cells: dict[str, Any] = {}
    unit = _typed_cell(line, "unit", line.get("unit"), "")
    for column, raw in line.cells.items():
        value = _typed_cell(line, column, raw, str(unit or ""))
        if value is not None:
            cells[column] = value
    return Line(line.place, cells, line.headers)


def _typed_cell(line: Line, column: str, raw: Any, unit: str) -> Any:
    """Return one cell, None where it is empty."""
    kind = BY_KEY.get(column, YEAR).kind
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if kind == "word":
        return _word(line, column, raw)
    if kind == "points":
        return points_of(raw, line, unit)
    if kind == "number" and not (column == "value" and _is_setting(line.name)):
        kroner = "NOK per participant in the phase"
        return number_of(raw, line, column, kroner if column.startswith("year_") else unit)
    text = f"{raw:g}" if isinstance(raw, float) else str(raw)
    return text.strip() if column in ("name", "phase", "value") else text


def _is_setting(name: str) -> bool:
    """Return whether the value of a row is a word, or is read when its row is known."""
    return name.strip() == "programme" or name.strip().startswith(("account:", "programme:"))


def _word(line: Line, column: str, raw: Any) -> str:
    text = str(raw).lower() if isinstance(raw, bool) else str(raw)
    code = code_of(column, f"{raw:g}" if isinstance(raw, float) else text)
    if code is None:
        known = [each for label in WORDS[column].values() for each in (label.nb, label.en)]
        raise line.error(
            column,
            "this is none of the words it can be",
            found=arguments.shown(text.strip()),
            do=f"use one of {', '.join(WORDS[column])}{nearest(text, [*WORDS[column], *known])}",
        )
    return code


def number_of(raw: Any, line: Line, column: str, unit: str = "") -> float:
    """Return the number in a cell.

    Parameters
    ----------
    raw
        A number, or text as people type it.
    line, column
        Where it stands, for the error.
    unit
        The unit of the assumption, which says whether it can be written in per cent.

    Raises
    ------
    AssumptionError
        The cell is no number, or one that could be read in two ways.

    Examples
    --------
    >>> line = Line("row 2", {"name": "tax_rate_wage"}, {})
    >>> number_of("24,5\u00a0%", line, "value", "share"), number_of("200 000 kr", line, "value")
    (0.245, 200000.0)
    """
    if arguments.is_number(raw):
        return float(raw)
    if not isinstance(raw, str):
        raise line.error(
            column,
            "this is not a number",
            found=arguments.type_of(raw),
            do="write the number again, in a cell that is formatted as a number"
            " (spreadsheets make dates of what looks like one)",
        )
    plain = re.sub(r"^(kr|NOK)\s*|\s*(kr|NOK)$", "", raw.strip(), flags=re.IGNORECASE)
    percent = plain.endswith("%")
    plain = plain.removesuffix("%").strip()
    read = read_numbers([plain])
    if read.no_number[0] or math.isinf(read.values[0]):
        raise line.error(
            column,
            "this is not a number",
            found=arguments.shown(raw),
            do="write digits with one decimal mark and spaces or nothing between thousands",
        )
    if percent and unit not in _PERCENT:
        raise line.error(
            column,
            f"per cent is no way to write {unit or 'this'}",
            found=arguments.shown(raw),
            do=f"write it in {unit or 'its own unit'}",
        )
    if read.two_ways[0]:
        raise line.error(
            column,
            "this can be read as thousands or as decimals",
            found=arguments.shown(raw),
            do=f"write {plain.replace(read.mark, '')} for thousands, {plain}0 for decimals",
        )
    number = float(read.values[0])
    return _hundredth(number) if percent else number


def _hundredth(number: float) -> float:
    """Return a hundredth, to the last bit what its digits say: 24.5 per cent is 0.245."""
    digits = repr(number)
    return number / 100 if "e" in digits else float(f"{digits}e-2")


def number_text(x: float, *, comma: bool = False) -> str:
    """Return a number as text that reads back to its last bit.

    Examples
    --------
    >>> number_text(0.1 + 0.2, comma=True), number_text(59100.0), number_text(59.125)
    ('0,30000000000000004', '59100', '59.1250')
    """
    text = repr(float(x)).removesuffix(".0")
    if re.fullmatch(r"-?[1-9]\d{0,2}\.\d{3}", text):
        text += "0"  # not to be taken for thousands
    return text.replace(".", ",") if comma else text


def points_of(raw: Any, line: Line, unit: str = "") -> tuple[tuple[float, float], ...]:
    """Return values and probabilities, from pairs or from text: "0.2: 0.5 | 0.3: 0.5".

    Examples
    --------
    >>> points_of("0,2: 50 % | 0,3: 0,5", Line("row 2", {}, {}), "share")
    ((0.2, 0.5), (0.3, 0.5))
    """
    pairs = [part.split(":") for part in raw.split("|")] if isinstance(raw, str) else raw
    fits = isinstance(pairs, (list, tuple)) and all(
        isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs
    )
    if not fits:
        raise line.error(
            "points",
            "these are not values with their probabilities",
            found=arguments.shown(raw),
            do='write "0.2: 0.5 | 0.3: 0.5"',
        )
    return tuple(
        (number_of(at, line, "points", unit), number_of(weight, line, "points", "share"))
        for at, weight in pairs
    )


def points_text(points: tuple[tuple[float, float], ...], *, comma: bool = False) -> str:
    """Return points as the text that `points_of` reads."""
    return " | ".join(
        f"{number_text(at, comma=comma)}: {number_text(weight, comma=comma)}"
        for at, weight in points
    )
