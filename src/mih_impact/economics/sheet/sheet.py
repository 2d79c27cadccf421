"""`AssumptionSheet`: every assumption of an account, as people edit it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, SupportsFloat

import pandas as pd

from mih_impact import arguments
from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import NOT_AVAILABLE, interval
from mih_impact.display.options import language
from mih_impact.display.result import Result
from mih_impact.economics.assumptions import Assumptions
from mih_impact.economics.labels import amount_of
from mih_impact.economics.parameters import all_assumptions
from mih_impact.economics.persistence import Persistence
from mih_impact.economics.programme import Programme
from mih_impact.economics.sheet.build import parts_of
from mih_impact.economics.sheet.cells import Line
from mih_impact.economics.sheet.columns import COLUMNS
from mih_impact.economics.sheet.compare import changes_between
from mih_impact.economics.sheet.csv_file import csv_bytes, read_csv
from mih_impact.economics.sheet.excel_file import excel_bytes, read_excel
from mih_impact.economics.sheet.lines import Cells, lines_of
from mih_impact.economics.sheet.toml_file import lines_of_content, read_toml, toml_bytes
from mih_impact.economics.sheet.words import word_of
from mih_impact.errors import AssumptionError
from mih_impact.storage import saveable, write_whole

__all__ = ["AssumptionSheet"]

_Writer = Callable[[Sequence[Cells], Lang], bytes]
_Reader = Callable[[Path], list[Line]]

_FORMATS: dict[str, tuple[_Writer, _Reader]] = {
    ".toml": (toml_bytes, read_toml),
    ".csv": (csv_bytes, read_csv),
    ".xlsx": (excel_bytes, read_excel),
}

_TITLE = Label(nb="Forutsetninger: {programme}", en="Assumptions: {programme}")
_WHAT = Label(nb="Forutsetning", en="Assumption")
_VALUE = Label(nb="Verdi", en="Value")
_RANGE = Label(nb="Spenn", en="Range")
_STATUS = Label(nb="Status", en="Status")
_PRICES = Label(nb="Kroner i faste {year}-priser.", en="NOK in fixed {year} prices.")


@saveable("AssumptionSheet")
@dataclass(frozen=True, repr=False)
class AssumptionSheet(Result):
    """Every assumption of an account; made by `CostBenefit.sheet` or read from a file.

    Attributes
    ----------
    assumptions
        The rates of the rules, price year and discount.
    programme
        Phases and costs, in the prices of the assumptions.
    horizon, persistence
        Years of the account, and what becomes of the effects after the estimated ones.
    places
        Where each row stood in the file it was read from, for messages; no part of what it says.

    Examples
    --------
    >>> import mih_impact as mih
    >>> sheet = mih.reproduce_nav().case.sheet()
    >>> sheet.assumptions.tax_rate_wage, len(sheet.programme.items)
    (0.24, 8)
    """

    assumptions: Assumptions
    programme: Programme
    horizon: int
    persistence: Persistence = "none"
    places: Mapping[str, str] | None = field(
        default=None, compare=False, repr=False, metadata={"saved": False}
    )

    def __post_init__(self) -> None:
        programme = self.programme.in_prices(self.assumptions.price_year)
        # What the programme declares is no assumption, and stays with the account.
        bare = programme.with_facts_of(Programme.none())
        object.__setattr__(self, "programme", bare)

    @classmethod
    def read(cls, path: str | Path) -> AssumptionSheet:
        """Read a sheet that `write` wrote and people have changed.

        Parameters
        ----------
        path
            A file that ends in .toml, .csv or .xlsx. Numbers may have a decimal comma, spaces
            between thousands and a per cent sign; CSV may be as a Norwegian or an English
            spreadsheet saves it.

        Returns
        -------
        AssumptionSheet

        Raises
        ------
        AssumptionError
            A row or a cell that is not what it must be; the message names row and column.
        MissingExtraError
            An Excel file, and openpyxl is not installed.
        """
        file, (_, read) = _format(path)
        if not file.is_file():
            raise AssumptionError(
                "There is no such sheet", found=file.name, do="write one with case.sheet().write()"
            )
        return cls._of_lines(read(file))

    @classmethod
    def of_content(cls, content: Mapping[str, Any], name: str) -> AssumptionSheet:
        """Return the sheet that the tables of its TOML file stand for; `name` is for messages."""
        return cls._of_lines(lines_of_content(content, name))

    @classmethod
    def _of_lines(cls, lines: list[Line]) -> AssumptionSheet:
        parts = parts_of(lines)
        places = {line.name.strip(): f"{line.place} ({line.name.strip()})" for line in lines}
        return cls(parts.assumptions, parts.programme, parts.horizon, parts.persistence, places)

    def write(self, path: str | Path, *, lang: Lang | None = None) -> Path:
        """Write the sheet to a file; `read` gives it back to the last bit.

        Parameters
        ----------
        path
            A file that ends in .toml, .csv or .xlsx.
        lang
            Language of the explanations; the option in force if None. A CSV in bokmål has
            semicolons and decimal commas, as a Norwegian spreadsheet expects.

        Returns
        -------
        Path

        Raises
        ------
        AssumptionError
            Another suffix.
        MissingExtraError
            An Excel file, and openpyxl is not installed.
        """
        file, (to_bytes, _) = _format(path)
        return write_whole(file, to_bytes(self.lines(), language(lang)))

    def lines(self) -> list[Cells]:
        """Return the rows, each a mapping from column to what is not empty."""
        return lines_of(self.assumptions, self.programme, self.horizon, self.persistence)

    def place(self, name: str) -> str:
        """Return where the row of an assumption stood in its file; its name if it had none."""
        return (self.places or {}).get(name, name)

    def changes(self, other: AssumptionSheet) -> pd.DataFrame:
        """Return what this sheet says otherwise than `other`, the base.

        Parameters
        ----------
        other
            The sheet to compare with.

        Returns
        -------
        DataFrame
            `name, column, before, after, own`: a row for each cell that differs; `own` says that a
            value is the analyst's own, because its source was not changed with it. Numbers that
            agree in nine digits are the same: spreadsheets round what they save as text.
        """
        arguments.instance(
            "changes", other, AssumptionSheet, "a sheet", "give case.sheet()", error=AssumptionError
        )
        return changes_between(self, other)

    def to_frame(self) -> pd.DataFrame:
        """Return the rows of the sheet as a table, the columns as in TOML and CSV.

        Returns
        -------
        DataFrame
            `name, label_nb, label_en, value, unit, low, high, distribution, points, status, source,
            range_source, phase, payer, receiver, cash, budget_line, timing, when_nb, when_en`, and
            `year_0, year_1, ...` for costs: NOK per participant in the phase.
        """
        lines = self.lines()
        years = sorted({key for cells in lines for key in cells if key.startswith("year_")})
        return pd.DataFrame(lines, columns=[*(column.key for column in COLUMNS), *years])

    def _card(self, lang: Lang) -> Card:
        items = all_assumptions(self.assumptions, self.programme)
        rows = [
            (
                item.label.text(lang),
                amount_of(item.value, item.unit, lang),
                NOT_AVAILABLE
                if item.low is None
                else interval(item.low, item.high, _Shown(item.unit), lang),
                word_of("status", item.status, lang),
            )
            for item in items
        ]
        names = [label.text(lang) for label in (_WHAT, _VALUE, _RANGE, _STATUS)]
        return Card(
            _TITLE.format(programme=self.programme.label).text(lang),
            table=pd.DataFrame(rows, columns=names),
            notes=(_PRICES.format(year=self.assumptions.price_year).text(lang),),
        )


@dataclass(frozen=True)
class _Shown:
    """How an end of a range is shown."""

    unit: str

    def __call__(self, x: SupportsFloat | None, /, *, lang: Lang | None) -> str:
        return amount_of(None if x is None else float(x), self.unit, lang)


def _format(path: str | Path) -> tuple[Path, tuple[_Writer, _Reader]]:
    """Return a path, and what writes and reads its kind of file."""
    if not isinstance(path, (str, Path)):
        raise AssumptionError(
            "A sheet is a file", found=arguments.shown(path), do='give "forutsetninger.xlsx"'
        )
    file = arguments.path("path", path, error=AssumptionError)
    known = _FORMATS.get(file.suffix.lower())
    if known is None:
        raise AssumptionError(
            f"A sheet is one of {', '.join(_FORMATS)}",
            found=file.name,
            do="give the file one of these endings; an old .xls is saved as .xlsx",
        )
    return file, known
