"""A changed sheet against the account's own: what is changed, what may be, and whose it is then."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from mih_impact.economics.assumption import Assumption
from mih_impact.economics.checks import nearest
from mih_impact.economics.parameters import all_assumptions, with_all
from mih_impact.economics.sheet.columns import BY_KEY
from mih_impact.economics.sheet.lines import LATER, Cells
from mih_impact.errors import AssumptionError

if TYPE_CHECKING:
    from mih_impact.economics.sheet.sheet import AssumptionSheet

__all__ = ["changes_between", "merged"]

_OWN = "the analyst's own value"
_OWN_RANGE = "the analyst's own range"
_RANGE = ("low", "high", "distribution", "points")

#: Spreadsheets save CSV with the ten digits that they show: what differs by less is the same.
_DIGITS = 1e-9

_EDITABLE_SETTINGS = ("account:persistence", "account:timing")
_WHERE = {
    "account:preset": "start from the other preset: mih.Assumptions",
    "account:price_year": "read the panel in the other prices: read_panel(price_year=...)",
    "account:horizon": "write cost_benefit(..., horizon=...)",
    "programme": "use the sheet of this programme, or cost_benefit(effects, sheet.assumptions,"
    " programme=sheet.programme)",
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
    moved = any(ranges[name] != getattr(old, name) for name in _RANGE)
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
