"""What a cube is asked for: columns, programmes, and who is eligible."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.errors import OptionError, PanelContractError
from mih_impact.panel import engine
from mih_impact.panel.columns import no_unit
from mih_impact.panel.contract import BENEFITS, CONTRACT
from mih_impact.panel.derived import DERIVED, derived_of
from mih_impact.panel.names import SURE, lookalikes, meant_by

__all__ = [
    "MEASURE",
    "CovariateRead",
    "Eligible",
    "Named",
    "OtherMeasures",
    "columns_to_fetch",
    "eligible_expr",
    "eligible_words",
    "named_measure",
    "require_column",
    "require_outcome",
    "started",
]

#: A boolean column by name, a narwhals expression on person-years, or None: the column `eligible`
#: where the panel has one, else everybody observed.
Eligible = str | nw.Expr | None

#: Columns every cube carries where the panel has them: who starts, and who leaves.
_ALWAYS = ("start_year", "death_year", "emigration_year")

#: Columns the cube keeps in fields of their own.
_OWN_FIELDS = ("person_id", "year", "month", "start_month", "eligible")

#: Steps of an expression that look at the row alone, as narwhals calls them.
_ROW_BY_ROW = ("LITERAL", "COL", "NTH", "ALL", "EXCLUDE", "SELECTOR", "ELEMENTWISE", "WHEN_THEN")


#: A column in a year since start that is not before it, as text.
_LATER = re.compile(r"(.+)\[\+?(\d+)\]")


def made_from(name: str, schemes: Iterable[str]) -> set[str]:
    """Return the columns that a derived quantity is reckoned from, `schemes` among them."""
    derived = derived_of(name)
    if name == "mainly_benefit":
        return {"wage_income", *schemes}
    if name == "on_benefit" or derived is None:
        return set(schemes if derived else ())
    return {derived.reckoned_from} if derived.reckoned_from else set()


def columns_to_fetch(wanted: Iterable[str] | None, have: Sequence[str]) -> tuple[str, ...]:
    """Return the columns to fetch in the panel's order, with what derived quantities are made from.

    Raises
    ------
    PanelContractError
        A name is neither a column of the panel nor derived.

    Examples
    --------
    >>> columns_to_fetch(["age"], ["person_id", "year", "wage_income", "birth_year", "start_year"])
    ('birth_year', 'start_year')
    """
    asked = set(have)
    if wanted is not None:
        asked = set(arguments.names("columns", wanted))
    own = sorted(asked & set(_OWN_FIELDS)) if wanted is not None else []
    if own:
        raise OptionError(
            f"{', '.join(own)} cannot be used here: it says which row it is, who it is of, or who "
            "is eligible, and is no characteristic",
            found=f"{', '.join(own)} among the columns asked for",
            do="name a characteristic, such as "
            + ", ".join([name for name in have if name not in (*_OWN_FIELDS, *_ALWAYS)][:5]),
        )
    derived = {name for name in asked if derived_of(name) is not None}
    unknown = sorted(asked - set(have) - derived)
    later = [found for name in unknown if (found := _LATER.fullmatch(name)) and found[1] in have]
    if later:
        raise OptionError(
            "What is measured in the start year or later is an effect, and no characteristic",
            found=", ".join(found[0] for found in later),
            do=f"name a year before start: {later[0][1]}[-1] is the last before it",
        )
    if unknown:
        raise OptionError(
            f"The panel has no column {', '.join(unknown)}",
            found=f"the columns {', '.join(have)}",
            do=_instead_of(unknown, have) or "choose among these",
        )
    for name in sorted(derived):
        _require_source(name, have)
        asked |= made_from(name, BENEFITS)
    asked.update(_ALWAYS)
    return tuple(name for name in have if name in asked and name not in _OWN_FIELDS)


def _instead_of(unknown: Sequence[str], have: Sequence[str]) -> str:
    """Return which columns names that the panel does not have may stand for; empty if none."""
    strangers = [name for name in have if name not in CONTRACT]
    unread = lookalikes([name for name in unknown if name in CONTRACT], strangers, cutoff=SURE)
    if unread:
        paste = ", ".join(f'"{name}": "{source}"' for name, source in unread.items())
        return f"name it when reading, columns={{{paste}}}"
    known = [name for name in (*have, *DERIVED) if name not in _OWN_FIELDS]
    near = sorted({name for word in unknown for name in meant_by(word, known)})
    return f"perhaps {' or '.join(near)}" if near else ""


def _require_source(derived: str, have: Sequence[str]) -> None:
    """Raise where the panel lacks the column that a derived quantity is reckoned from."""
    source = made.reckoned_from if (made := derived_of(derived)) else None
    if source is not None and not {source, derived} & {*have}:
        ways = [] if source in CONTRACT else [_instead_of([source], have)]
        ways += [f'name the column when reading, columns={{"{source}": "..."}}']
        raise PanelContractError(
            f"{derived} is reckoned from {source}, which the panel does not have",
            found=f"the columns {', '.join(have)}",
            do=f"{'; or '.join(filter(None, ways))}, or leave {derived} out",
        )


def eligible_words(eligible: Eligible, have: Sequence[str]) -> str:
    """Return in words who counts as eligible."""
    if isinstance(eligible, nw.Expr):
        return repr(eligible)
    if isinstance(eligible, str):
        return eligible
    if eligible is not None:
        raise OptionError(
            "eligible= is a boolean column by name, or a narwhals expression",
            found=f"eligible={arguments.shown(eligible)}",
            do='give for example eligible="eligible", or nw.col("months_unemployed") >= 6',
        )
    return "eligible" if "eligible" in have else "everyone observed"


def eligible_expr(eligible: Eligible, frame: nw.LazyFrame[Any]) -> nw.Expr | None:
    """Return eligibility as an expression on the frame, None for everybody observed.

    Raises
    ------
    PanelContractError
        It names a column that is not there, is not true or false, or looks at more than one row:
        what a resident has no row for would be missing among them.
    """
    schema = frame.collect_schema()
    if eligible is None:
        return nw.col("eligible") if "eligible" in schema else None
    words = eligible_words(eligible, ())
    expr = nw.col(eligible) if isinstance(eligible, str) else eligible
    if not _of_one_row(expr):
        raise OptionError(
            "eligible= looks at more than one row",
            found=words,
            do="put what it needs of other rows in a column of the panel first, and use that",
        )
    try:
        dtype = frame.select(expr.alias("_mih_asked")).collect_schema()["_mih_asked"]
    except Exception as error:
        raise OptionError(
            "eligible= cannot be evaluated on the panel",
            found=words,
            do=f"use the columns {', '.join(schema)}",
        ) from error
    if dtype != nw.Boolean:
        raise OptionError(
            "eligible= is not true or false",
            found=f"{words} is {dtype}",
            do="name a boolean column, or compare: nw.col('months_unemployed') >= 6",
        )
    return expr


def _of_one_row(expr: nw.Expr) -> bool:
    """Return whether an expression is reckoned row by row, without aggregates or windows."""
    steps = [expr]
    while steps:
        for node in steps.pop()._nodes:
            if node.kind.name not in _ROW_BY_ROW:
                return False
            steps += [part for part in node.exprs if isinstance(part, nw.Expr)]
    return True


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
    arguments.name("measure", name, do="name one of panel.measures")
    if name not in known:
        raise OptionError(
            "Nobody begins the measure",
            found=f"measure={name!r}; the register has {', '.join(known) or 'none to be listed'}",
            do="choose among these",
        )
    allowed = get_args(OtherMeasures)
    arguments.choice("measure=", "other_measures", others, allowed)
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
    begun = frame.filter(engine.true_or_false(nw.col(MEASURE) == name))
    first = engine.first_of_person(begun, period, FIRST)
    ends = [nw.col(FIRST).min().alias("low"), nw.col(FIRST).max().alias("high")]
    found = engine.arrays(first.select(ends))
    others = frame.drop("start_year", "start_month", strict=False)
    joined = others.join(first, on="person_id", how="left")
    low, high = int(found["low"][0]), int(found["high"][0])
    if not monthly:
        return joined.rename({FIRST: "start_year"}), (low, high)
    year = (nw.col(FIRST).cast(nw.Float64) / 12.0).floor()
    month = nw.col(FIRST).cast(nw.Float64) - 12.0 * year + 1.0
    dated = joined.with_columns(year.alias("start_year"), month.alias("start_month"))
    return dated.drop(FIRST), (low // 12, high // 12)


@dataclass(frozen=True, eq=False)
class CovariateRead:
    """A covariate as of one year.

    Attributes
    ----------
    values
        Shape (n_persons,): float with NaN for missing, or object with None for categories.
    carried
        Shape (n_persons,): True where the value comes from an earlier row.
    """

    values: NDArray[Any]
    carried: NDArray[np.bool_]


def require_outcome(
    name: str,
    *,
    outcomes: Sequence[str],
    numbers: Sequence[str],
    schemes: Sequence[str],
    names: Sequence[str],
) -> None:
    """Raise where a name is no outcome of a cube.

    Parameters
    ----------
    name
        What is asked for.
    outcomes, numbers, names
        The cube's columns that can be outcomes, its number columns, and all of its columns.
    schemes
        The panel's benefit schemes, fetched or not.

    Raises
    ------
    PanelContractError
    """
    if name in ("on_benefit", "mainly_benefit") and not schemes:
        raise PanelContractError(
            f"{name} needs a benefit scheme, and the panel has none",
            do=f"name one with columns={{...}}: {', '.join(BENEFITS)}",
        )
    if name in numbers and name not in (*outcomes, *CONTRACT):
        raise no_unit([name])
    needed = [] if name == "age" else sorted(made_from(name, schemes))
    absent = [column for column in needed if column not in outcomes]
    if absent:
        raise PanelContractError(
            f"{name} is reckoned from {', '.join(absent)}, which was not fetched",
            found=f"the columns {', '.join(names)}",
            do=f"bring {', '.join(absent)} along, outcomes=[..., {absent[0]!r}], or, where the "
            f'panel lacks it, name it when reading, columns={{"{absent[0]}": "..."}}',
        )
    if not needed:
        require_column(name, outcomes, names=names, usable=outcomes)


def require_column(
    name: str, among: Container[str], *, names: Sequence[str], usable: Sequence[str]
) -> None:
    """Raise where a name is not among some columns: it is of another kind, or was not fetched.

    Parameters
    ----------
    name, among
        What is asked for, and the columns it has to be one of.
    names, usable
        All columns of the cube, and those that can be an outcome.

    Raises
    ------
    PanelContractError
    """
    if name in among:
        return
    declared = CONTRACT.get(name)
    if name in names:
        raise OptionError(
            f"{name} is no amount and no share, and cannot be an outcome",
            found=declared.dtype if declared else "a category",
            do=f"choose among {', '.join(usable)}",
        )
    if declared is not None and declared.role == "treatment":
        raise OptionError(
            f"{name} says who participates and from when, and is no characteristic",
            found=f"{name} among the columns asked for",
            do="leave it out: only persons of one start year are compared with one another anyway; "
            "effects by start year are mih.group_time_effects(panel, ...)",
        )
    raise PanelContractError(
        f"The column {name} is not in the cube",
        found=f"the columns {', '.join(names)}",
        do="check the spelling, or fetch it: panel.cube(columns=[...])",
    )
