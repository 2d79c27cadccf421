"""Effects that somebody gives: checked as they came, and only then laid out as arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.display.unit import AnyUnit, unit_given
from mih_impact.errors import EffectsError, OptionError
from mih_impact.panel.contract import CONTRACT

__all__ = ["Given", "fingerprint", "read_given", "require_price_year"]

FloatArray = NDArray[np.float64]
#: An outcome and a year since start.
Key = tuple[str, int]

#: Years since start beyond which a number is taken for something else, such as a calendar year.
MOST_YEARS = 100
#: Rounding that a covariance may have, in units of its own standard deviations.
ROUNDING = 1e-8

_COLUMNS = ("outcome", "year_since_start", "estimate")

#: Outcomes (K), their units, years (E), estimates (K, E) with NaN where none was given, and the
#: covariance, outcome-major, (K * E, K * E) or None.
Given = tuple[tuple[str, ...], dict[str, AnyUnit], tuple[int, ...], FloatArray, FloatArray | None]


def read_given(frame: Any, covariance: Any, unit: Any) -> tuple[Given, pd.DataFrame]:
    """Lay given effects out by outcome and year.

    Parameters
    ----------
    frame
        Columns `outcome`, `year_since_start`, `estimate`, perhaps `unit`.
    covariance
        With labels, or in the order of the rows; None where it is not known.
    unit
        The unit of outcomes that the frame does not give one.

    Returns
    -------
    tuple
        What was given, and the frame as pandas has it.

    Raises
    ------
    EffectsError
        As `EffectSeries.from_frame`.
    """
    table = _as_table(frame)
    keys, values = _keys(table), _estimates(table)
    units = _units(table, [outcome for outcome, _ in keys], unit)
    outcomes = tuple(dict.fromkeys(outcome for outcome, _ in keys))
    years = tuple(sorted({year for _, year in keys}))
    size = len(outcomes) * len(years)
    position = np.array([outcomes.index(o) * len(years) + years.index(y) for o, y in keys])
    estimate = np.full(size, np.nan)
    estimate[position] = values
    matrix = None
    if covariance is not None:
        matrix = np.full((size, size), np.nan)
        matrix[np.ix_(position, position)] = _covariance(covariance, keys)
    laid = estimate.reshape(len(outcomes), len(years))
    return (outcomes, units, years, laid, matrix), table


def fingerprint(frame: pd.DataFrame) -> str:
    """Return a hash of the frame's values, which are aggregates already."""
    return hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()[:16]


def require_price_year(price_year: Any) -> int:
    """Return the year that prices are of, or raise on what is no year."""
    low, high = CONTRACT["year"].low, CONTRACT["year"].high
    assert low is not None
    assert high is not None
    if not arguments.is_whole(price_year) or not low <= price_year <= high:
        raise OptionError(
            "A price year is a calendar year",
            found=f"price_year={arguments.shown(price_year)}",
            do=f"give a whole number from {low:.0f} to {high:.0f}, such as price_year=2024",
        )
    return int(price_year)


# --- the rows -------------------------------------------------------------------------------------


def _as_table(frame: Any) -> pd.DataFrame:
    """Return a table as pandas has it, or raise on what is none, has no rows, or lacks columns."""
    table = frame if isinstance(frame, pd.DataFrame) else _from_other(frame)
    names = list(table.columns)
    missing = [name for name in _COLUMNS if name not in names]
    twice = [name for name in (*_COLUMNS, "unit") if names.count(name) > 1]
    if missing or twice:
        what = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(twice)} twice"
        raise EffectsError(
            f"The frame of effects {what}",
            found=f"columns {', '.join(map(str, names))}",
            do="name the columns outcome, year_since_start and estimate, each once",
        )
    if not len(table):
        raise EffectsError(
            "The frame of effects has no rows", found="0 rows", do="give a row for each effect"
        )
    return table


def _from_other(frame: Any) -> pd.DataFrame:
    import narwhals as nw

    try:
        wrapped = nw.from_native(frame, eager_only=True)
    except TypeError:
        raise EffectsError(
            "Effects are given as a table",
            found=arguments.type_of(frame),
            do="give a pandas or Polars frame, such as pd.DataFrame(effects)",
        ) from None
    return pd.DataFrame({name: wrapped[name].to_list() for name in wrapped.columns})


def _require_all(
    values: Sequence[Any], good: Callable[[Any], bool], what: str, do: str, column: str
) -> None:
    """Raise unless every value is good, with the number of those that are not, and one of them."""
    bad = [value for value in values if not good(value)]
    if bad:
        found = f"{len(bad)} of {len(values)} rows are not, such as {column}="
        raise EffectsError(what, found=found + arguments.shown(bad[0]), do=do)


def _keys(table: pd.DataFrame) -> list[Key]:
    """Return the outcome and year of each row."""
    outcomes, years = table["outcome"].tolist(), table["year_since_start"].tolist()
    _require_all(
        outcomes,
        lambda name: isinstance(name, str) and bool(name.strip()),
        "An outcome is named by a text",
        'name every row\'s outcome, such as "wage_income"; numbers can be made text with str',
        "outcome",
    )
    _require_all(
        years,
        _is_year_since_start,
        f"A year since start is a whole number from -{MOST_YEARS} to {MOST_YEARS}",
        "count years from the start year, which is 0, and leave rows without a year out",
        "year_since_start",
    )
    keys = [(str(name), int(year)) for name, year in zip(outcomes, years, strict=True)]
    twice = len(keys) - len(set(keys))
    if twice:
        raise EffectsError(
            "An outcome has more than one effect in the same year since start",
            found=f"{twice} repeated rows",
            do="keep one row per outcome and year_since_start",
        )
    return keys


def _is_year_since_start(value: Any) -> bool:
    whole = arguments.is_number(value) and float(value).is_integer()
    return whole and abs(value) <= MOST_YEARS


def _estimates(table: pd.DataFrame) -> FloatArray:
    values = table["estimate"].tolist()
    _require_all(
        values,
        arguments.is_number,
        "Every effect must be a finite number",
        "leave out years without an estimate, and convert text to numbers first",
        "estimate",
    )
    return np.array(values, dtype=np.float64)


def _units(table: pd.DataFrame, outcomes: Sequence[str], unit: Any) -> dict[str, AnyUnit]:
    """Return the unit of each outcome, or raise on two for one."""
    own = table["unit"].tolist() if "unit" in table else [unit] * len(outcomes)
    found: dict[str, AnyUnit] = {}
    for outcome, given in zip(outcomes, own, strict=True):
        one = unit_given(given, "unit")
        if str(found.setdefault(outcome, one)) != str(one):
            raise EffectsError(
                f"The outcome {outcome!r} has two units",
                found=f"{found[outcome]} and {one}",
                do="give all rows of an outcome the same unit, and convert the others",
            )
    return found


# --- the covariance -------------------------------------------------------------------------------


def _covariance(given: Any, keys: Sequence[Key]) -> FloatArray:
    """Return the covariance in the order of the rows, or raise on what cannot be one."""
    if isinstance(given, pd.DataFrame):
        place = _labelled(given, keys)
        values = given.iloc[place[0], place[1]].to_numpy()
    else:
        values = _as_array(given)
    if values.shape != (len(keys), len(keys)):
        raise EffectsError(
            "The covariance does not fit the effects",
            found=f"shape {values.shape} for {len(keys)} effects",
            do="give a square matrix in the order of the rows of the frame",
        )
    if values.dtype.kind not in "iuf":
        raise EffectsError(
            "A covariance is made of numbers",
            found=f"values of type {values.dtype}",
            do="convert it first: covariance.astype(float)",
        )
    matrix = values.astype(np.float64)
    why = _why_not(matrix)
    if why:
        raise EffectsError(
            "The matrix given is not a covariance",
            found=why,
            do="give variances on the diagonal and covariances beside it; leave rows whose "
            "variance is not known out of the frame",
        )
    return matrix


def _as_array(given: Any) -> NDArray[Any]:
    try:
        return np.asarray(given)
    except (TypeError, ValueError):  # rows of different lengths
        return np.asarray(None)


def _labelled(given: pd.DataFrame, keys: Sequence[Key]) -> tuple[list[int], list[int]]:
    """Return the positions of the rows in the index and the columns of a labelled covariance."""
    one = len({outcome for outcome, _ in keys}) == 1
    wanted: list[Any] = [year for _, year in keys] if one and given.index.nlevels == 1 else [*keys]
    found = []
    for axis in (given.index, given.columns):
        labels = _labels(axis)
        at = {label: place for place, label in enumerate(labels)}
        if len(at) < len(labels) or any(key not in at for key in wanted):
            raise _unlabelled(given, keys, "labels that are not the effects'")
        found.append([at[key] for key in wanted])
    numbered = isinstance(given.index, pd.RangeIndex) and given.index.equals(
        pd.RangeIndex(len(given))
    )
    if numbered and found[0] != list(range(len(keys))):
        raise _unlabelled(given, keys, "labels 0, 1, ... that can be years or places")
    return found[0], found[1]


def _labels(axis: pd.Index[Any]) -> list[Any]:
    """Return the labels of an axis: outcome and year, or years."""
    if axis.nlevels == 2 and list(axis.names) == ["year_since_start", "outcome"]:
        axis = axis.swaplevel()  # type: ignore[attr-defined]
    return list(axis)


def _unlabelled(given: pd.DataFrame, keys: Sequence[Key], found: str) -> EffectsError:
    return EffectsError(
        "The labels of the covariance are not those of the effects",
        found=f"{found}; {given.shape[0]} rows, {given.shape[1]} columns, {len(keys)} effects",
        do="label both sides by outcome and year_since_start, as `EffectSeries.covariance` is, or "
        "give covariance.to_numpy() in the order of the rows of the frame",
    )


def _why_not(matrix: FloatArray) -> str:
    """Return why a matrix cannot be a covariance, "" where it can.

    Judged in standard deviations, so that kroner and shares may stand in one matrix.
    """
    if not np.isfinite(matrix).all():
        return f"{int((~np.isfinite(matrix)).sum())} of {matrix.size} values are not finite"
    variance = np.diag(matrix)
    if (variance < 0).any():
        return f"{int((variance < 0).sum())} negative variances"
    spread = np.sqrt(variance)
    unit = np.outer(spread, spread)
    if (np.abs(matrix - matrix.T) > ROUNDING * unit).any():
        return "it is not symmetric"
    some = spread > 0
    if (matrix[~some] != 0).any():
        return "a covariance with an effect whose variance is zero"
    if some.any():
        correlation = matrix[np.ix_(some, some)] / unit[np.ix_(some, some)]
        lowest = float(np.linalg.eigvalsh((correlation + correlation.T) / 2).min())
        if lowest < -ROUNDING * len(correlation):
            return "some combination of the effects would have a negative variance"
    return ""
