"""The door: how each column of ours is made from the register's, with types settled.

Only the schema is looked at here, no row: what can be refused before work starts is refused now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from mih_impact.errors import PanelContractError
from mih_impact.panel import ops
from mih_impact.panel.contract import CONTRACT, Dtype
from mih_impact.panel.names import match_names

__all__ = ["Plan", "Values", "plan_columns"]

Values = Mapping[str, Mapping[Any, Any]]


@dataclass(frozen=True)
class Plan:
    """How one column of ours is made from one column of the register.

    Attributes
    ----------
    name, source
        Our name and the register's.
    dtype
        The contract's type; a column outside the contract is "number" or "category".
    raw
        The register's column, NaN made null.
    expr
        The column in the contract's type.
    failed
        True where a value is present but could not be converted.
    failure
        What such a value is, in words.
    coded
        Whether the register's values are codes of other values.
    """

    name: str
    source: str
    dtype: Dtype
    raw: nw.Expr
    expr: nw.Expr
    failed: nw.Expr | None = None
    failure: str = ""
    coded: bool = False

    @property
    def number(self) -> nw.Expr:
        """A number column with the same values, unconverted where it came as numbers."""
        return self.expr if self.coded else self.raw


def plan_columns(
    schema: Mapping[str, nw.dtypes.DType],
    columns: Mapping[str, str] | None,
    values: Values | None,
    *,
    monthly: bool = False,
) -> tuple[dict[str, Plan], tuple[str, ...]]:
    """Return a plan per column of ours, and the register columns left out for their type.

    Parameters
    ----------
    schema
        The register's columns and types.
    columns
        Our name -> the register's name.
    values
        Our name -> {code in the register: value}.
    monthly
        Whether a row is a month.

    Raises
    ------
    PanelContractError
        Names missing or double, or types that cannot be used; all of a kind in one message.
    """
    names = match_names(tuple(schema), dict(columns or {}), monthly=monthly)
    recoded = _check_values(values or {}, names)
    plans: dict[str, Plan] = {}
    wrong: list[str] = []
    left_out: list[str] = []
    for name, source in names.items():
        dtype = schema[source]
        codes = recoded.get(name)
        kind = (
            CONTRACT[name].dtype if name in CONTRACT else _kind_of(dtype, (values or {}).get(name))
        )
        if kind is None or not _fits(kind, dtype, coded=codes is not None):
            if name in CONTRACT or name in (columns or {}):
                wrong.append(f"{source} is {dtype} where {name} needs {_NEEDS[kind or 'number']}")
            else:
                left_out.append(source)
            continue
        plans[name] = _plan(name, source, dtype, kind, codes)
    if wrong:
        hint = _OBJECT_HINT if any(" is Object " in text for text in wrong) else ""
        raise PanelContractError(
            "A column has a type that cannot be used",
            found="; ".join(wrong),
            do="convert it before reading, or recode coded values with values={...}" + hint,
        )
    return plans, tuple(left_out)


# --- values and types -----------------------------------------------------------------------------

#: pandas keeps mixed values, and true/false with gaps, in columns without a type of their own.
_OBJECT_HINT = "; in pandas: .astype('boolean'), .astype('Float64') or .astype('string')"

_NEEDS: dict[str, str] = {
    "text": "text or whole numbers",
    "int": "whole numbers",
    "money": "numbers (kroner)",
    "number": "numbers",
    "bool": "true/false or 0/1",
    "category": "text or codes",
}


def _check_values(values: Values, names: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the recodings with codes and values as text."""
    strangers = [name for name in values if name not in names]
    if strangers:
        raise PanelContractError(
            "values={...} recodes columns the panel does not have",
            found=", ".join(strangers),
            do=f"use our names: {', '.join(names)}",
        )
    return {
        name: {_word(code): _word(value) for code, value in mapping.items()}
        for name, mapping in values.items()
    }


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _kind_of(dtype: nw.dtypes.DType, codes: Mapping[Any, Any] | None) -> Dtype | None:
    """Return the contract type of a column the contract does not know; None: it is left out."""
    if codes is not None:
        return "category" if any(isinstance(value, str) for value in codes.values()) else "number"
    if dtype.is_numeric():
        return "number"
    if dtype == nw.Boolean:
        return "bool"
    if dtype in (nw.String, nw.Categorical, nw.Enum):
        return "category"
    return None


def _fits(kind: Dtype, dtype: nw.dtypes.DType, *, coded: bool) -> bool:
    textual = dtype in (nw.String, nw.Categorical, nw.Enum)
    if coded:
        return textual or dtype.is_numeric() or dtype == nw.Boolean
    if kind == "text":
        return textual or dtype.is_integer()
    if kind == "category":
        return textual or dtype.is_numeric() or dtype == nw.Boolean
    if kind in ("bool", "number"):
        return dtype.is_numeric() or dtype == nw.Boolean
    return dtype.is_numeric()


def _plan(
    name: str, source: str, dtype: nw.dtypes.DType, kind: Dtype, codes: dict[str, str] | None
) -> Plan:
    raw = ops.nan_to_null(source, dtype)
    expr, failed, failure = (
        _converted(raw, dtype, kind)
        if codes is None
        else _recoded(name, ops.text_of(raw, dtype), kind, codes)
    )
    return Plan(name, source, kind, raw, expr, failed, failure, codes is not None)


def _converted(
    raw: nw.Expr, dtype: nw.dtypes.DType, kind: Dtype
) -> tuple[nw.Expr, nw.Expr | None, str]:
    """Return the column in the contract's type, where that fails, and what the failure is."""
    whole = dtype.is_integer()
    if kind in ("text", "category"):
        fraction = None if not (dtype.is_float() or dtype.is_decimal()) else ops.fractional(raw)
        return ops.text_of(raw, dtype), fraction, "a code with decimals"
    if kind == "bool" and dtype != nw.Boolean:
        neither = ~((raw == 0) | (raw == 1)).fill_null(True) & ops.is_given(raw)
        return raw == 1, neither, "neither 0 nor 1"
    if kind == "bool":
        return raw, None, ""
    if kind == "int" and whole:
        return raw.cast(nw.Int64), None, ""
    number = raw.cast(nw.Float64)
    if kind == "int":
        return number, ops.fractional(number), "not a whole number"
    return number, None, ""


def _recoded(
    name: str, text: nw.Expr, kind: Dtype, codes: dict[str, str]
) -> tuple[nw.Expr, nw.Expr | None, str]:
    """Return coded text through the mapping and then to the type."""
    failed = ops.is_given(text) & ~ops.true_or_false(text.is_in(list(codes)))
    failure = "a code that values={...} does not name"
    if kind in ("text", "category"):
        return ops.recode(text, codes), failed, failure
    numbers = {code: _to_number(name, value) for code, value in codes.items()}
    number = ops.recode_number(text, numbers)
    return (number == 1.0 if kind == "bool" else number), failed, failure


def _to_number(name: str, value: str) -> float:
    if value in ("true", "false"):
        return float(value == "true")
    try:
        return float(value)
    except ValueError:
        raise PanelContractError(
            f"values={{...}} recodes {name} to something that is not a number",
            found=repr(value),
            do=f"{name} needs {_NEEDS[CONTRACT[name].dtype if name in CONTRACT else 'number']}",
        ) from None
