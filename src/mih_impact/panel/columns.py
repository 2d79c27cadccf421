"""The columns of a panel: how each is made from the register's, and what it is measured in.

Only the schema is looked at here, no row: what can be refused before work starts is refused now.

The contract's columns have their units; of any other column `units=` says it. Nothing is taken for
money, and nothing without a unit is an outcome.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw

from mih_impact import arguments
from mih_impact.display.unit import SHARE, AnyUnit, Unit, as_unit, is_money, unit_given
from mih_impact.errors import OptionError, PanelContractError
from mih_impact.panel import engine
from mih_impact.panel.contract import CONTRACT, Dtype
from mih_impact.panel.names import lookalikes, match_names, meant_by, says_missing, word_of
from mih_impact.panel.number_text import TWO_WAYS, read_numbers
from mih_impact.panel.sources import FILE
from mih_impact.reference.recoding import Recoding

__all__ = [
    "Cast",
    "Values",
    "column_casts",
    "default_outcomes",
    "dtype_of_unit",
    "no_unit",
    "numeric_units",
    "read_units",
    "require_an_outcome",
    "told",
    "unit_of",
]

_EXAMPLE = '{"hours": "hours", "lemp": "log points"}'


def read_units(
    units: Any, names: Sequence[str], *, currency: str, monthly: bool
) -> dict[str, AnyUnit]:
    """Return what `units=` says, by our names.

    Parameters
    ----------
    units
        Our name -> a unit, as the caller gave it.
    names
        The panel's columns by our names.
    currency
        Currency of the panel's money.
    monthly
        Whether a row is a month.

    Raises
    ------
    PanelContractError
        A column that is not there, a unit that is none, another unit than the contract's, money in
        another currency than the panel's, or a unit that does not say how months make a year.
    """
    given = _mapping(units)
    found: dict[str, AnyUnit] = {}
    for name, value in given.items():
        if name not in names:
            near = meant_by(str(name), names)
            raise OptionError(
                "units={...} names a column that the panel does not have, or has as codes",
                found=arguments.shown(name),
                do=f"perhaps {' or '.join(near)}" if near else f"choose among {', '.join(names)}",
            )
        unit = unit_given(value, f"units[{name!r}]")
        _require_allowed(name, unit, currency)
        if monthly and name not in CONTRACT:
            _require_months(name, unit)
        found[name] = unit
    return found


def numeric_units(units: Any) -> dict[str, Dtype]:
    """Return what `units=` says are numbers, and which of them money; a share may be a truth."""
    given = {name: unit for name, unit in _mapping(units).items() if str(unit) != SHARE}
    return {name: "money" if is_money(str(unit)) else "number" for name, unit in given.items()}


def _mapping(units: Any) -> Mapping[Any, Any]:
    given = {} if units is None else units
    return arguments.mapping("units", given, _EXAMPLE)


def _require_allowed(name: str, unit: AnyUnit, currency: str) -> None:
    """Raise on another unit than the contract's, and on money in another currency."""
    if name in CONTRACT:
        own = _contract_unit(name, currency)
        if own is None or str(unit) != str(own):
            raise PanelContractError(
                f"The contract says what {name} is measured in",
                found=f"{unit} where it is {own or CONTRACT[name].unit}",
                do=f"leave {name} out of units={{...}}; what is measured in something else is "
                f'another column: columns={{"my_{name}": ...}}',
            )
    elif is_money(unit) and str(unit) != currency:
        raise PanelContractError(
            "All money of a panel is in one currency",
            found=f"{name} in {unit}, the panel in {currency}",
            do=f'convert it and write units={{"{name}": "{currency}"}}, or give currency="{unit}"',
        )


def _require_months(name: str, unit: AnyUnit) -> None:
    """Raise on a unit that does not say how the months of a year are combined."""
    if as_unit(unit).combined is None:
        raise PanelContractError(
            f"In a panel by month the unit of {name} must say how months make a year",
            found=f"the unit {str(unit)!r}",
            do=f'write units={{"{name}": mih.Unit("{unit}", months="sum")}}, or "mean" or "last"',
        )


def told(unit: AnyUnit) -> str:
    """Return a unit as provenance tells it: with how months make a year, where that is given."""
    months = unit.months if isinstance(unit, Unit) else None
    return str(unit) if months is None else f"{unit}, {months} of the months"


def dtype_of_unit(unit: AnyUnit, kind: Dtype | None) -> Dtype:
    """Return the type of a column of one's own whose unit is known: what is measured is numeric."""
    if is_money(unit):
        return "money"
    return "bool" if kind == "bool" else "number"


def unit_of(
    name: str, kind: Dtype, measured: Mapping[str, AnyUnit], currency: str
) -> AnyUnit | None:
    """Return the unit of a column, None where it cannot be an outcome.

    A true-or-false column that the contract does not know is a share without being told.
    """
    if name in CONTRACT:
        return _contract_unit(name, currency)
    return measured.get(name, SHARE if kind == "bool" else None)


def _contract_unit(name: str, currency: str) -> str | None:
    column = CONTRACT[name]
    return currency if column.dtype == "money" else column.outcome_unit or None


def default_outcomes(
    units: Mapping[str, AnyUnit], declared: Iterable[str], currency: str
) -> tuple[str, ...]:
    """Return the outcomes that are meant where none is named, in the order of `units`.

    Money and what `units=` declares; where there is neither, whatever can be one.
    """
    own = set(declared)
    meant = tuple(name for name, unit in units.items() if name in own or str(unit) == currency)
    return meant or tuple(units)


# --- what is not there ----------------------------------------------------------------------------


def no_unit(names: Sequence[str]) -> OptionError:
    """Return the error for outcomes that nobody has said the unit of."""
    money = ", ".join(f'"{name}": "NOK"' for name in names)
    hours = ", ".join(f'"{name}": "hours"' for name in names)
    return OptionError(
        f"Nothing says what {', '.join(names)} is measured in: only money has a price year",
        found="a numeric column that the contract does not know, used as an outcome",
        do=f"read the panel with units={{{money}}} if it is money, or with its own unit, such as "
        f"units={{{hours}}}",
    )


def require_an_outcome(casts: Mapping[str, Cast]) -> None:
    """Raise where no column can be an outcome.

    Raises
    ------
    PanelContractError
    """
    if any(cast.unit is not None for cast in casts.values()):
        return
    strangers = [cast for name, cast in casts.items() if name not in CONTRACT]
    given = {name: cast.source for name, cast in casts.items() if name != cast.source}
    guess = lookalikes(["wage_income"], [cast.source for cast in strangers])
    named = {**given, "wage_income": guess.get("wage_income", "...")}
    wage = ", ".join(f'"{name}": "{source}"' for name, source in named.items())
    number = next((cast.name for cast in strangers if cast.dtype == "number"), "...")
    raise PanelContractError(
        "The panel has no outcome: no wage, no benefit, and no column with a unit",
        found=f"the columns {', '.join(cast.source for cast in casts.values())}",
        do=f"name the wage: columns={{{wage}}}; or say what another is measured in, such as "
        f'units={{"{number}": "hours"}}',
    )


Values = Mapping[str, Mapping[Any, Any]]

#: Why a value is not converted by a code list.
NOT_LISTED = "a code that its list does not have, or that became several"


@dataclass(frozen=True)
class Cast:
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
    listed
        Whether they were replaced by a code list.
    unchanged
        Whether it has a value where the register's column has one.
    whole
        Whether its type says that all numbers are whole.
    unit
        What it is measured in, where it can be an outcome.
    declared
        Whether `units=` says so, and the contract does not know the column.
    """

    name: str
    source: str
    dtype: Dtype
    raw: nw.Expr
    expr: nw.Expr
    failed: nw.Expr | None = None
    failure: str = ""
    coded: bool = False
    listed: bool = False
    unchanged: bool = False
    whole: bool = False
    unit: AnyUnit | None = None
    declared: bool = False

    @property
    def number(self) -> nw.Expr:
        """A number column with the same values, unconverted where it came as numbers."""
        return self.expr if self.coded else self.raw


def column_casts(
    frame: nw.LazyFrame[Any],
    columns: Mapping[str, str] | None,
    values: Values | None,
    *,
    codes: tuple[str, ...] = (),
    units: Mapping[str, AnyUnit] | None = None,
    currency: str = "NOK",
    monthly: bool = False,
) -> tuple[dict[str, Cast], tuple[str, ...]]:
    """Return a cast per column of ours, and the register columns left out for their type.

    Parameters
    ----------
    frame
        The register as it came.
    columns
        Our name -> the register's name.
    values
        Our name -> {code in the register: value}.
    codes
        Columns outside the contract that are categories, also where they are numbers.
    units, currency
        Our name -> what it is measured in, and the currency of the contract's money.
    monthly
        Whether a row is a month.

    Raises
    ------
    PanelContractError
        Names missing or double, or types that cannot be used; all of a kind in one message; units
        that cannot be, or no column that can be an outcome.
    """
    schema = {name: dtype for name, dtype in frame.collect_schema().items() if name != FILE}
    names = match_names(tuple(schema), dict(columns or {}), monthly=monthly)
    recoded = _check_values(values or {}, names)
    _check_codes(codes, names)
    numeric = [name for name in names if name not in codes]
    measured = read_units(units, numeric, currency=currency, monthly=monthly)
    casts: dict[str, Cast] = {}
    wrong: list[str] = []
    advice: dict[str, None] = {}
    left_out: list[str] = []
    for name, source in names.items():
        dtype = schema[source]
        coded, absent = recoded.get(name), None
        if says_missing(coded):
            coded, absent = None, coded
        kind = (
            CONTRACT[name].dtype
            if name in CONTRACT
            else "category"
            if name in codes
            else _kind_of(dtype, None if coded is None else (values or {}).get(name))
        )
        if name in measured and name not in CONTRACT:
            kind = dtype_of_unit(measured[name], kind)
        if kind is None or not _fits(kind, dtype, coded=coded is not None):
            if name in CONTRACT or name in (columns or {}) or name in measured:
                needs = _NEEDS[kind or "number"]
                wrong.append(f"{source} is {dtype} where {name} needs {needs}")
                advice |= dict.fromkeys(_advice(frame, source, name, kind))
            else:
                left_out.append(source)
            continue
        unit = unit_of(name, kind, measured, currency)
        listing = (values or {}).get(name)
        heads = listing.heads if isinstance(listing, Recoding) else None
        cast = _cast(name, source, dtype, kind, coded, absent, heads)
        declared = name in measured and name not in CONTRACT
        casts[name] = replace(cast, unit=unit, declared=declared)
    if wrong:
        raise PanelContractError(
            "A column has a type that cannot be used",
            found="; ".join(wrong),
            do="; ".join(advice),
        )
    require_an_outcome(casts)
    return casts, tuple(left_out)


# --- values and types -----------------------------------------------------------------------------

_NEEDS: dict[str, str] = {
    "text": "text or whole numbers",
    "int": "whole numbers",
    "money": "numbers (kroner)",
    "number": "numbers",
    "bool": "true/false or 0/1",
    "category": "text or codes",
}


def _advice(
    frame: nw.LazyFrame[Any], source: str, name: str, kind: Dtype | None
) -> tuple[str, ...]:
    """Return what to do to make a column what it has to be."""
    dtype = frame.collect_schema()[source]
    column = f"frame[{source!r}]"
    if kind == "int" and dtype in (nw.Date, nw.Datetime):
        part = "month" if name.endswith("month") else "year"
        return (f"give the {part}, and not the date: {column}.dt.{part}",)
    if kind == "text" and dtype in (nw.Float64, nw.Float32):
        whole = "give whole numbers or text; pandas makes decimals of whole numbers with gaps"
        if frame.implementation is nw.Implementation.PANDAS:
            whole += f": drop the rows without one, then {column}.astype('int64')"
        return (whole,)
    if dtype != nw.Object or frame.implementation is not nw.Implementation.PANDAS:
        textual = kind == "int" and dtype == nw.String
        general = "convert it before reading, or recode coded values with values={...}"
        part = "month, 1 to 12" if name.endswith("month") else "year"
        return (general, f"of a date keep the {part}") if textual else (general,)
    # pandas keeps mixed values, and true/false with gaps, in columns without a type of their own.
    held = {type(value) for value in frame.to_native()[source].dropna()}
    if kind in ("text", "category"):
        return (f"make text of it: {column}.astype('string')",)
    if held <= {bool}:
        return (f"give it a type: {column}.astype('boolean')",)
    if str in held:
        return (
            "it holds both text and numbers: if the texts are codes for why a value is missing, as "
            f"Stata's .a, make them null with pandas.to_numeric({column}, errors='coerce'); "
            "otherwise correct them",
        )
    return (f"give it a type: {column}.astype('Float64')",)


def _check_codes(codes: tuple[str, ...], names: Mapping[str, str]) -> None:
    """Raise where a column of codes is not there, or is one of the contract's numbers."""
    strangers = [name for name in codes if name not in names]
    if strangers:
        raise OptionError(
            "codes= names columns the panel does not have",
            found=", ".join(strangers),
            do=f"use our names: {', '.join(names)}",
        )
    ours = [n for n in codes if n in CONTRACT and CONTRACT[n].dtype not in ("category", "text")]
    if ours:
        raise OptionError(
            "codes= names columns that are not codes in the contract",
            found="; ".join(f"{name} needs {_NEEDS[CONTRACT[name].dtype]}" for name in ours),
            do="give the register's column another name with columns={...}",
        )


def _check_values(values: Values, names: Mapping[str, str]) -> dict[str, dict[str, str | None]]:
    """Return the recodings with codes and values as text; None is no value."""
    strangers = [name for name in values if name not in names]
    if strangers:
        raise OptionError(
            "values={...} recodes columns the panel does not have",
            found=", ".join(strangers),
            do=f"use our names: {', '.join(names)}",
        )
    recoded: dict[str, dict[str, str | None]] = {}
    for name, mapping in values.items():
        recoded[name] = {str(word_of(code)): word_of(value) for code, value in mapping.items()}
        if len(recoded[name]) < len(mapping):
            raise OptionError(
                f"values={{...}} gives two values for a code of {name}",
                found=f"{len(mapping)} codes, {len(recoded[name])} of them different as text",
                do="name each code once, as a number or as text",
            )
    return recoded


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


def _cast(
    name: str,
    source: str,
    dtype: nw.dtypes.DType,
    kind: Dtype,
    codes: dict[str, str | None] | None,
    absent: Collection[str] | None,
    heads: int | None,
) -> Cast:
    raw = engine.nan_to_null(source, dtype)
    if absent:
        raw = _nulled(raw, dtype, absent)
    expr, failed, failure = (
        _converted(raw, dtype, kind)
        if codes is None
        else _recoded(name, raw, dtype, kind, codes, heads)
    )
    coded = codes is not None
    listed = coded and heads is not None
    unchanged = not coded and not absent
    whole = unchanged and dtype.is_integer()
    return Cast(name, source, kind, raw, expr, failed, failure, coded, listed, unchanged, whole)


def _nulled(raw: nw.Expr, dtype: nw.dtypes.DType, absent: Collection[str]) -> nw.Expr:
    """Return the column without the values that mean that there is none."""
    if dtype.is_numeric():
        numbers = read_numbers(list(absent)).values
        gone = [raw.cast(nw.Float64) == float(value) for value in numbers if value == value]
    else:
        gone = [engine.text_of(raw, dtype) == code for code in absent]
    if not gone:
        return raw
    return nw.when(~engine.true_or_false(engine.any_of(gone))).then(raw)


def _converted(
    raw: nw.Expr, dtype: nw.dtypes.DType, kind: Dtype
) -> tuple[nw.Expr, nw.Expr | None, str]:
    """Return the column in the contract's type, where that fails, and what the failure is."""
    whole = dtype.is_integer()
    if kind in ("text", "category"):
        wrong = engine.no_code(raw) if dtype.is_float() or dtype.is_decimal() else None
        return engine.text_of(raw, dtype), wrong, "a code with decimals, or one too large"
    if kind == "bool" and dtype != nw.Boolean:
        neither = ~((raw == 0) | (raw == 1)).fill_null(True) & engine.has_value(raw)
        return raw == 1, neither, "neither 0 nor 1"
    if kind == "bool":
        return raw, None, ""
    if kind == "int" and whole:
        return raw.cast(nw.Int64), None, ""
    number = raw.cast(nw.Float64)
    if kind == "int":
        return number, engine.fractional(number), "not a whole number"
    return number, None, ""


def _recoded(
    name: str,
    raw: nw.Expr,
    dtype: nw.dtypes.DType,
    kind: Dtype,
    codes: dict[str, str | None],
    heads: int | None,
) -> tuple[nw.Expr, nw.Expr | None, str]:
    """Return coded text through the mapping and then to the type.

    The mapping of a code list says how long the codes are that it knows by their first character.
    """
    text = engine.text_of(raw, dtype)
    if heads:
        text = engine.head_of(text, length=heads, unless=list(codes))
    failed = engine.has_value(text) & ~engine.true_or_false(text.is_in(list(codes)))
    if dtype.is_float() or dtype.is_decimal():
        failed = failed | engine.fractional(raw)
    failure = "a code that values={...} does not name" if heads is None else NOT_LISTED
    words = {code: word for code, word in codes.items() if word is not None}
    if kind in ("text", "category"):
        return engine.recode(text, words), failed, failure
    number = engine.recode_number(text, _to_numbers(name, words))
    return (number == 1.0 if kind == "bool" else number), failed, failure


def _to_numbers(name: str, words: Mapping[str, str]) -> dict[str, float]:
    """Return what the values of a recoding are as numbers."""
    truth = {"true": "1", "false": "0"}
    read = read_numbers([truth.get(word, word).strip() for word in words.values()])
    needs = _NEEDS[CONTRACT[name].dtype if name in CONTRACT else "number"]
    if read.two_ways.any():
        raise PanelContractError(
            f"values={{...}} recodes {name} to a number that can be read in two ways",
            found=f"{TWO_WAYS[read.mark]}, in {int(read.two_ways.sum())} values",
            do="give it as a number, and not as text: 1234 or 1.234",
        )
    if read.no_number.any():
        wrong = next(word for word, bad in zip(words.values(), read.no_number, strict=True) if bad)
        raise OptionError(
            f"values={{...}} recodes {name} to something that is not a number",
            found=repr(wrong),
            do=f"{name} needs {needs}",
        )
    return dict(zip(words, read.values.tolist(), strict=True))
