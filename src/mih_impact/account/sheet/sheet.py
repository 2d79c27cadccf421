"""`AssumptionSheet`: every assumption of an account, as people edit it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from mih_impact import arguments
from mih_impact.account.assumption import Assumption
from mih_impact.account.assumptions import Assumptions
from mih_impact.account.parameters import Persistence, all_assumptions, with_all
from mih_impact.account.programme import Programme
from mih_impact.account.roles import amount_of
from mih_impact.account.sheet.build import parts_of
from mih_impact.account.sheet.cells import BY_KEY, COLUMNS, Line, word_of
from mih_impact.account.sheet.files import (
    csv_bytes,
    excel_bytes,
    lines_of_content,
    read_csv,
    read_excel,
    read_toml,
    toml_bytes,
)
from mih_impact.account.sheet.lines import LATER, Cells, lines_of
from mih_impact.account.values import AccountValues
from mih_impact.arguments import nearest
from mih_impact.display.locale import Label, Lang, in_language
from mih_impact.display.numbers import NOT_AVAILABLE, interval
from mih_impact.display.result import Card, NoContributors, Result
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.storage import write_whole

__all__ = ["AssumptionSheet", "changes_between", "merged", "sheet_of", "with_sheet"]

_Account = TypeVar("_Account", bound=AccountValues)

_OWN = "the analyst's own value"
_OWN_RANGE = "the analyst's own range"
_COMPARE_RANGE = ("low", "high", "distribution", "points")

#: Spreadsheets save CSV with the ten digits that they show: what differs by less is the same.
_DIGITS = 1e-9

_EDITABLE_SETTINGS = ("account:persistence", "account:timing")
_WHERE = {
    "account:preset": "start from the other preset: mih.Assumptions",
    "account:price_year": "read the panel in the other prices: read_panel(price_year=...)",
    "account:horizon": "write cost_benefit(..., horizon=...)",
    "programme": "use the sheet of this programme, or cost_benefit(effects, sheet.assumptions,"
    " programme=sheet.programme, horizon=sheet.horizon, persistence=sheet.persistence)",
}


def changes_between(new: AssumptionSheet, base: AssumptionSheet) -> pd.DataFrame:
    """Return what `new` says otherwise than `base`; see `AssumptionSheet.changes`."""
    before, after = _by_name(base), _by_name(new)
    rows = []
    for name in [*before, *(name for name in after if name not in before)]:
        old, now = before.get(name, {}), after.get(name, {})
        columns = [*old, *(column for column in now if column not in old)]
        own = _is_own(old, now)
        rows += [
            (name, column, old.get(column), now.get(column), column == "value" and own)
            for column in columns
            if not _same(old.get(column), now.get(column)) and not _follows(column, old, now)
        ]
    return pd.DataFrame(rows, columns=["name", "column", "before", "after", "own"]).astype(
        {"before": object, "after": object, "own": bool}
    )


def merged(base: AssumptionSheet, new: AssumptionSheet) -> AssumptionSheet:
    """Return `base` with what is changed in `new`, marked as the analyst's own where it is hers.

    Raises
    ------
    AssumptionError
        Rows that are missing or unknown, or a change of the account's structure.
    """
    before, after = _by_name(base), _by_name(new)
    _require_same_rows(before, after, new)
    for name, old in before.items():
        if name in after:
            _require_same_structure(name, old, after[name], new)
    known = all_assumptions(base.assumptions, base.programme)
    given = {item.name: item for item in all_assumptions(new.assumptions, new.programme)}
    items = tuple(_item(item, given.get(item.name)) for item in known)
    first = base.assumptions.discount.ladder[0]
    later = zip(
        base.assumptions.discount.ladder[1:], new.assumptions.discount.ladder[1:], strict=True
    )
    ladder = (first, *((end, _snapped(old, now)) for (end, old), (_, now) in later))
    discount = replace(new.assumptions.discount, ladder=ladder)
    assumptions, programme = with_all(
        replace(base.assumptions, discount=discount), base.programme, items
    )
    return replace(base, assumptions=assumptions, programme=programme, persistence=new.persistence)


def _by_name(sheet: AssumptionSheet) -> dict[str, Cells]:
    return {cells["name"]: cells for cells in sheet.lines()}


def _item(old: Assumption, new: Assumption | None) -> Assumption:
    """Return an assumption as the sheet has it, and whose it is."""
    if new is None:  # a cost's own reach that is now 1 has no row any more
        return old.changed(1.0)
    value = _snapped(old.value, new.value)
    low, high = _snapped(old.low, new.low), _snapped(old.high, new.high)
    points = old.points if _same(old.points, new.points) else new.points
    ranges = {"low": low, "high": high, "distribution": new.distribution, "points": points}
    own = value != old.value and new.source.strip() == old.source.strip()
    moved = any(ranges[name] != getattr(old, name) for name in _COMPARE_RANGE)
    unsaid = moved and new.range_source.strip() == old.range_source.strip()
    return replace(
        old,
        value=value,
        status="ASSUMED" if own else new.status,
        source=_OWN if own else _text(old.source, new.source),
        range_source=_OWN_RANGE if unsaid else _text(old.range_source, new.range_source),
        **ranges,
    )


def _is_own(old: Cells, now: Cells) -> bool:
    """Return whether a value is changed and its source is not, or says that it is the analyst's."""
    if _same(old.get("value"), now.get("value")) or "status" not in now:
        return False
    return now.get("source") == _OWN or _same(old.get("source"), now.get("source"))


def _snapped(old: Any, new: Any) -> Any:
    """Return the old number where the new one is what a spreadsheet rounds it to."""
    return old if _same(old, new) else new


def _text(old: str, new: str) -> str:
    return old if old.strip() == new.strip() else new


def _same(old: Any, new: Any) -> bool:
    """Return whether two cells say the same."""
    if isinstance(old, float) and isinstance(new, float):
        return math.isclose(old, new, rel_tol=_DIGITS)
    if isinstance(old, tuple) and isinstance(new, tuple):
        return len(old) == len(new) and all(map(_same, old, new))
    if isinstance(old, str) and isinstance(new, str):
        return old.split() == new.split()
    both = isinstance(old, (int, float)) and isinstance(new, (int, float))
    return _same(float(old), float(new)) if both else old == new


def _follows(column: str, old: Cells, now: Cells) -> bool:
    """Return whether the amount of a year only follows the sum over the years.

    A sum of nothing is spread as nothing is.
    """
    nothing = now.get("value") == 0 and len(_profile(old)) == len(_profile(now))
    return column.startswith("year_") and (nothing or _same(_profile(old), _profile(now)))


def _profile(cells: Cells) -> tuple[float, ...]:
    """Return the shares of the sum by year."""
    amounts = [value for key, value in cells.items() if key.startswith("year_")]
    total = sum(amounts)
    return tuple(amount / total if total else 1 / len(amounts) for amount in amounts)


def _require_same_rows(
    before: Mapping[str, Cells], after: Mapping[str, Cells], new: AssumptionSheet
) -> None:
    """Raise on rows that only one of the sheets has."""
    here, there = before["programme"].get("value"), after["programme"].get("value")
    if here != there:
        raise AssumptionError(
            "The sheet is of another programme",
            found=f"{there}; the account is of {here}",
            do=_WHERE["programme"],
        )
    unknown = [name for name in after if name not in before]
    gone = [name for name in before if name not in after and not _is_whole_reach(name, before)]
    if unknown:
        place = new.place(unknown[0])
        raise AssumptionError(
            f"{place}, column 'name': the account has no such row",
            found=", ".join(unknown) + (f"; without {', '.join(gone)}" if gone else ""),
            do=f"leave the names as they are{nearest(unknown[0], gone or before)}; a new cost goes"
            " into the programme file",
        )
    if gone:
        raise AssumptionError(
            "Rows are missing from the sheet",
            found=", ".join(gone),
            do="put them back from case.sheet(); a cost that shall not count is set to 0, one that"
            " is no part of the programme is taken out of the programme file",
        )


def _is_whole_reach(name: str, before: Mapping[str, Cells]) -> bool:
    """Return whether a row is a cost's own reach, which has no row once it is 1."""
    return name.startswith("reach:") and "phase" not in before[name]


def _require_same_structure(name: str, old: Cells, now: Cells, new: AssumptionSheet) -> None:
    """Raise on a change of what is no assumption."""
    fixed = name.startswith(("account:", "programme")) and name not in _EDITABLE_SETTINGS
    for column in [*old, *(column for column in now if column not in old)]:
        told = BY_KEY.get(column)
        free = told is not None and told.editable and not fixed
        if free or _same(old.get(column), now.get(column)) or _follows(column, old, now):
            continue
        if name.startswith(LATER) and column in ("status", "source"):
            continue
        raise AssumptionError(
            f"{new.place(name)}, column {column!r}: this is the structure of the account, not an"
            " assumption",
            found=f"{now.get(column)!r}, was {old.get(column)!r}",
            do=_where(name, column),
        )


def _where(name: str, column: str) -> str:
    """Return where a part of the structure is changed."""
    if name in _WHERE:
        return _WHERE[name]
    if column.startswith("year_"):
        return "write the sum under value, and change how it is spread in the programme file"
    if column.startswith("label") and name == "employer_contribution":
        return "start from the zone: mih.Assumptions.r109(zone=...), or zone in [account]"
    if name.startswith(("cost:", "reach:", "programme", "age_at_start")):
        return "write it back, and change it in the programme file (or its CostItem or Phase)"
    return "write it back; texts and units of the rules are the library's"


_Writer = Callable[[Sequence[Cells]], bytes]
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

    contributors = NoContributors("assumptions are nobody's amounts")

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
        with in_language(lang):
            return write_whole(file, to_bytes(self.lines()))

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
        arguments.instance("changes", other, AssumptionSheet, "a sheet", "give case.sheet()")
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

    def _card(self) -> Card:
        items = all_assumptions(self.assumptions, self.programme)
        rows = [
            (
                item.label.text(),
                amount_of(item.value, item.unit),
                NOT_AVAILABLE
                if item.low is None
                else interval(item.low, item.high, partial(amount_of, unit=item.unit)),
                word_of("status", item.status),
            )
            for item in items
        ]
        names = [label.text() for label in (_WHAT, _VALUE, _RANGE, _STATUS)]
        return Card(
            _TITLE.format(programme=self.programme.label).text(),
            table=pd.DataFrame(rows, columns=names),
            notes=(_PRICES.format(year=self.assumptions.price_year).text(),),
        )


def _format(path: str | Path) -> tuple[Path, tuple[_Writer, _Reader]]:
    """Return a path, and what writes and reads its kind of file."""
    if not isinstance(path, (str, Path)):
        raise OptionError(
            "A sheet is a file", found=arguments.shown(path), do='give "forutsetninger.xlsx"'
        )
    file = arguments.path("path", path)
    known = _FORMATS.get(file.suffix.lower())
    if known is None:
        raise OptionError(
            f"A sheet is one of {', '.join(_FORMATS)}",
            found=file.name,
            do="give the file one of these endings; an old .xls is saved as .xlsx",
        )
    return file, known


def sheet_of(case: AccountValues) -> AssumptionSheet:
    """Return every assumption of an account; see `CostBenefit.sheet`."""
    return AssumptionSheet(case.assumptions, case.model.programme, case.horizon, case.persistence)


def with_sheet(case: _Account, sheet: AssumptionSheet | str | Path) -> _Account:
    """Return the account under the assumptions of a sheet; see `CostBenefit.with_sheet`."""
    given = AssumptionSheet.read(sheet) if isinstance(sheet, (str, Path)) else sheet
    arguments.instance(
        "with_sheet", given, AssumptionSheet, "a sheet or its file",
        'give case.sheet(), or "forutsetninger.xlsx"',
    )  # fmt: skip
    new = merged(sheet_of(case), given)
    provenance = case.provenance
    if new.persistence != case.persistence:
        _require_persistence(case, given)
        options = {**provenance.options, "persistence": new.persistence}
        provenance = replace(provenance, options=options)
    return replace(
        case,
        assumptions=new.assumptions,
        programme=new.programme.with_facts_of(case.programme),
        persistence=new.persistence,
        provenance=provenance,
    )


def _require_persistence(case: AccountValues, sheet: AssumptionSheet) -> None:
    """Raise where years after the estimated ones would be left without effects."""
    estimated = case.effects.shape[1]
    if sheet.persistence == "none" and case.horizon > estimated:
        raise AssumptionError(
            f"{sheet.place('account:persistence')}, column 'value': the account has years after the"
            " estimated ones, and nothing is said of their effects",
            found=f"persistence 'none', horizon {case.horizon}, estimated years {estimated}",
            do="write constant, half_life or linear",
        )
