"""What a cube is asked for: the columns to fetch, and who is eligible."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

import narwhals as nw

from mih_impact import arguments
from mih_impact.errors import PanelContractError
from mih_impact.panel.contract import BENEFITS, DERIVED
from mih_impact.panel.units import unmade

__all__ = ["Eligible", "columns_to_fetch", "eligible_expr", "eligible_words"]

#: A boolean column by name, a narwhals expression on person-years, or None: the column `eligible`
#: where the panel has one, else everybody observed.
Eligible = str | nw.Expr | None

#: Columns every cube carries where the panel has them: who starts, and who leaves.
_ALWAYS = ("start_year", "death_year", "emigration_year")

#: Columns the cube keeps in fields of their own.
_OWN_FIELDS = ("person_id", "year", "month", "start_month", "eligible")

#: Steps of an expression that look at the row alone, as narwhals calls them.
_ROW_BY_ROW = ("LITERAL", "COL", "NTH", "ALL", "EXCLUDE", "SELECTOR", "ELEMENTWISE", "WHEN_THEN")

_MADE_FROM = {"age": {"birth_year"}, "in_work": {"wage_income"}, "on_benefit": set(BENEFITS)}


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
        asked = set(arguments.names("columns", wanted, error=PanelContractError))
    own = sorted(asked & set(_OWN_FIELDS)) if wanted is not None else []
    if own:
        raise PanelContractError(
            f"{', '.join(own)} cannot be used here: it says which row it is, who it is of, or who "
            "is eligible, and is no characteristic",
            found=f"{', '.join(own)} among the columns asked for",
            do="name a characteristic, such as "
            + ", ".join([name for name in have if name not in (*_OWN_FIELDS, *_ALWAYS)][:5]),
        )
    unknown = sorted(asked - set(have) - DERIVED.keys())
    if unknown:
        known = [name for name in (*have, *DERIVED) if name not in _OWN_FIELDS]
        near = {name for word in unknown for name in difflib.get_close_matches(word, known, 2)}
        raise PanelContractError(
            f"The panel has no column {', '.join(unknown)}",
            found=f"the columns {', '.join(have)}",
            do=f"perhaps {' or '.join(sorted(near))}" if near else "choose among these",
        )
    for derived in asked & DERIVED.keys():
        _require_source(derived, have)
    for derived in asked & _MADE_FROM.keys():
        asked |= _MADE_FROM[derived]
    asked.update(_ALWAYS)
    return tuple(name for name in have if name in asked and name not in _OWN_FIELDS)


def _require_source(derived: str, have: Sequence[str]) -> None:
    """Raise where the panel lacks the column that a derived outcome is reckoned from."""
    source = unmade(derived, have)
    if source is not None:
        raise PanelContractError(
            f"{derived} is reckoned from {source}, which the panel does not have",
            found=f"the columns {', '.join(have)}",
            do=f'name the column when reading, columns={{"{source}": "..."}}, or leave {derived} '
            "out",
        )


def eligible_words(eligible: Eligible, have: Sequence[str]) -> str:
    """Return in words who counts as eligible."""
    if isinstance(eligible, nw.Expr):
        return repr(eligible)
    if isinstance(eligible, str):
        return eligible
    if eligible is not None:
        raise PanelContractError(
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
        raise PanelContractError(
            "eligible= looks at more than one row",
            found=words,
            do="put what it needs of other rows in a column of the panel first, and use that",
        )
    try:
        dtype = frame.select(expr.alias("_mih_asked")).collect_schema()["_mih_asked"]
    except Exception as error:
        raise PanelContractError(
            "eligible= cannot be evaluated on the panel",
            found=words,
            do=f"use the columns {', '.join(schema)}",
        ) from error
    if dtype != nw.Boolean:
        raise PanelContractError(
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
