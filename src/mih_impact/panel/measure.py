"""Several measures in one register: who starts in the named one, and when others begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import narwhals as nw

from mih_impact import arguments
from mih_impact.errors import PanelContractError
from mih_impact.panel import ops

__all__ = ["MEASURE", "Named", "OtherMeasures", "named_measure", "started"]

#: The column that says what begins in a period.
MEASURE = "measure"
FIRST = "_mih_first"

OtherMeasures = Literal["risk_set", "censor"]


@dataclass(frozen=True)
class Named:
    """The measure an analysis is about.

    Attributes
    ----------
    name
        As the column `measure` has it.
    others
        "risk_set": who begins another measure can be a control like anybody. "censor": a control is
        compared until it begins another measure.
    """

    name: str
    others: OtherMeasures


def named_measure(name: Any, others: Any, known: tuple[str, ...] | None) -> Named:
    """Return the measure, or raise where the register has none of the name.

    Parameters
    ----------
    name, others
        As given.
    known
        The measures of the register; None where it has no column `measure`.

    Raises
    ------
    PanelContractError

    Examples
    --------
    >>> named_measure("afl", "censor", ("afl", "aft"))
    Named(name='afl', others='censor')
    """
    if known is None:
        raise PanelContractError(
            "measure= needs the column measure: what a person begins in the period of the row",
            found="no column measure",
            do='name it with columns={"measure": ...}; where every measure has a start year of its '
            'own, leave out measure= and name that: columns={"start_year": ...}',
        )
    arguments.name("measure", name, error=PanelContractError, do="name one of panel.measures")
    if name not in known:
        raise PanelContractError(
            "Nobody begins the measure",
            found=f"measure={name!r}; the register has {', '.join(known) or 'none to be listed'}",
            do="choose among these",
        )
    allowed = get_args(OtherMeasures)
    arguments.choice("measure=", "other_measures", others, allowed, error=PanelContractError)
    return Named(str(name), others)


def started(
    frame: nw.LazyFrame[Any], name: str, *, monthly: bool
) -> tuple[nw.LazyFrame[Any], tuple[int, int]]:
    """Return the frame in which everybody's first start in a measure is its start.

    Parameters
    ----------
    frame
        Rows in the contract's names and types, with the column `measure`; columns start_year and
        start_month that are there are replaced.
    name
        The measure, which somebody begins.
    monthly
        Whether a row is a month.

    Returns
    -------
    tuple
        The frame, lazy, and the first and last calendar year of a start.
    """
    period = nw.col("year") * 12 + nw.col("month") - 1 if monthly else nw.col("year")
    begun = frame.filter(ops.true_or_false(nw.col(MEASURE) == name))
    first = ops.first_by(begun, "person_id", period, FIRST)
    ends = [nw.col(FIRST).min().alias("low"), nw.col(FIRST).max().alias("high")]
    found = ops.arrays(first.select(ends))
    others = frame.drop("start_year", "start_month", strict=False)
    joined = others.join(first, on="person_id", how="left")
    low, high = int(found["low"][0]), int(found["high"][0])
    if not monthly:
        return joined.rename({FIRST: "start_year"}), (low, high)
    year = (nw.col(FIRST).cast(nw.Float64) / 12.0).floor()
    month = nw.col(FIRST).cast(nw.Float64) - 12.0 * year + 1.0
    dated = joined.with_columns(year.alias("start_year"), month.alias("start_month"))
    return dated.drop(FIRST), (low // 12, high // 12)
