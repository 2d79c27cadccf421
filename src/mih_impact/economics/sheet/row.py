"""One row of a sheet as an assumption, checked one column at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mih_impact.display.labels import Label
from mih_impact.economics.assumption import Assumption
from mih_impact.economics.sheet.cells import Line

__all__ = ["assumption_of", "label_of_row", "required"]


def required(line: Line, column: str) -> Any:
    """Return a cell that must not be empty."""
    value = line.get(column)
    if value is None:
        raise line.error(
            column, "the cell is empty", do="fill it in; what does not count is 0, and is in sight"
        )
    return value


def label_of_row(line: Line) -> Label:
    """Return the displayed name in a row."""
    return Label(nb=line.get("label_nb", ""), en=line.get("label_en", ""))


def assumption_of(line: Line, unit: str) -> Assumption:
    """Return the assumption of a row, checked one column at a time."""
    value, low, high = required(line, "value"), line.get("low"), line.get("high")
    if required(line, "unit") != unit:
        raise line.error(
            "unit",
            f"the unit of {line.name} is {unit}",
            found=repr(line.get("unit")),
            do=f"write {unit!r} back, and the value, low and high in it",
        )
    with line.checking("value"):
        item = Assumption(
            name=line.name, value=value, unit=unit, status=required(line, "status"),
            source=line.get("source", ""), low=None, high=None, label=label_of_row(line),
            range_source=line.get("range_source", ""),
        )  # fmt: skip
    _require_range(line, value, low, high)
    outside = low is not None and not item.bounds[0] <= low
    with line.checking("low" if outside else "high"):
        item = replace(item, low=low, high=high)
    points = line.get("points", ())
    distribution = required(line, "distribution")
    with line.checking("points" if "discrete" in (distribution,) or points else "distribution"):
        return replace(item, distribution=distribution, points=points)


def _require_range(line: Line, value: float, low: float | None, high: float | None) -> None:
    """Raise on a range with one end, turned round, or beside the value."""
    if low is None and high is None:
        return
    if low is None or high is None:
        raise line.error(
            "low" if low is None else "high",
            "the range has one end only",
            found=f"low {low}, high {high}",
            do="give both, or empty both",
        )
    if low > high:
        raise line.error(
            "low",
            "low is above high",
            found=f"low {low:g}, high {high:g}",
            do="let them change places",
        )
    if not low <= value <= high:
        raise line.error(
            "value",
            "the value is outside its range",
            found=f"{value:g}, from {low:g} to {high:g}",
            do="change the value, or give low and high that hold it",
        )
