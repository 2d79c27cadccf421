"""What an outcome is measured in: how an amount of it is shown, how months of it make a year.

A unit is a plain name wherever the name says all: a currency by its ISO code, or one of `KNOWN`.
Only what is measured in a currency is money: it alone has a price year, and is kept in øre.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cache, partial
from typing import Any, Literal, SupportsFloat, get_args

from mih_impact import arguments
from mih_impact.display.locale import Label
from mih_impact.display.numbers import NBSP, NOT_AVAILABLE, Formatter, currency, number, percent
from mih_impact.errors import OptionError

__all__ = [
    "KNOWN",
    "POINTS",
    "PP",
    "SHARE",
    "AnyUnit",
    "Unit",
    "amount",
    "as_unit",
    "decimals_for",
    "difference",
    "is_money",
    "points",
    "points_once",
    "unit_between",
    "unit_given",
    "zero_is_nothing",
]

Months = Literal["sum", "mean", "last"]

#: A share of one, shown in per cent.
SHARE = "share"
#: What lies between two shares.
POINTS = "percentage points"
#: Characters of a name or label that cards and axes have room for.
LONGEST = 40


#: What money is called by those who do not name its currency.
_KRONER = ("kr", "kroner", "krone", "øre", "money", "penger", "currency", "nominal", "fixed")


@dataclass(frozen=True)
class Unit:
    """What an outcome is measured in, where a plain name does not say all.

    Parameters
    ----------
    name
        What tables call it: "visits".
    months
        How the twelve months of a year since start are combined: their "sum", their "mean", or the
        value of the "last" of them. None where the name is known, and in a panel by year.
    label
        The displayed name in both languages; None is the name.
    has_zero
        Whether zero is none of it. On a scale from 1 to 5 it is not: give False. None is what is
        known of the name, and True where nothing is.

    Raises
    ------
    OptionError
        No name, a name that is almost a currency, or a way to combine months that does not exist.

    Notes
    -----
    After death or emigration an outcome is zero under `dead="zero"`, where its unit has a zero.
    Logarithms, indices and percentage points have none, and are missing then.

    Examples
    --------
    >>> fte = Unit("fte", months="mean", label=Label(nb="årsverk", en="full-time equivalents"))
    >>> amount(fte)(0.52) == "0,52\u00a0årsverk"
    True
    """

    name: str
    _: KW_ONLY
    months: Months | None = None
    label: Label | None = None
    has_zero: bool | None = None

    def __post_init__(self) -> None:
        _require_name(self.name)
        if self.has_zero is not None:
            arguments.flag("has_zero", self.has_zero)
        if self.months is not None:
            allowed = get_args(Months)
            arguments.choice("Unit", "months", self.months, allowed)
        if self.months in ("mean", "last") and is_money(self):
            raise OptionError(
                "Money of several months is their sum",
                found=f"months={self.months!r} of {self.name}",
                do='leave months= out, or name what it is instead: mih.Unit("NOK a month", ...)',
            )
        if self.label is not None and not isinstance(self.label, Label):
            raise OptionError(
                f"The unit {self.name} has a label that is not in two languages",
                found=f"label={arguments.shown(self.label)}",
                do='give label=mih.Label(nb="årsverk", en="full-time equivalents")',
            )

    def __str__(self) -> str:
        return self.name

    @property
    def combined(self) -> Months | None:
        """How months make a year; None where nothing says so."""
        if is_money(self):
            return "sum"
        known = _known(self.name)
        return self.months or (None if known is None else known.months)

    @property
    def displayed(self) -> Label:
        """The displayed name."""
        known = _known(self.name)
        own = self.label or (None if known is None else known.label)
        return own or Label(nb=self.name, en=self.name)


#: A unit by name, or with what its name does not say.
AnyUnit = str | Unit


def is_money(unit: AnyUnit) -> bool:
    """Return whether a unit is a currency, by its ISO code.

    Examples
    --------
    >>> is_money("NOK"), is_money("hours"), is_money("share")
    (True, False, False)
    """
    code = str(unit)
    return code == "NOK" or (len(code) == 3 and code.isupper() and code in _currencies())


def zero_is_nothing(unit: AnyUnit) -> bool:
    """Return whether those who are gone have zero of it.

    Examples
    --------
    >>> zero_is_nothing("hours"), zero_is_nothing("log points")
    (True, False)
    >>> zero_is_nothing(Unit("points", months="mean", has_zero=False))
    False
    """
    own = unit.has_zero if isinstance(unit, Unit) else None
    known = _known(str(unit))
    if own is None and known is not None:
        own = known.has_zero
    return own is not False


@cache
def _currencies() -> frozenset[str]:
    from babel.numbers import list_currencies

    return frozenset(list_currencies())


def _require_name(name: Any) -> None:
    """Raise on what is no name of a unit, or is money under another name than its currency's."""
    if not isinstance(name, str) or not name.strip() or name != name.strip():
        raise OptionError(
            "A unit has a name",
            found=arguments.shown(name),
            do='give a currency such as "NOK", or a name such as "hours"',
        )
    if len(name) > LONGEST or not name.isprintable():
        raise OptionError(
            f"The name of a unit is at most {LONGEST} characters, in one line",
            found=f"{len(name)} characters",
            do='give a short name, such as "hours"',
        )
    code = name.upper()
    if name.lower() in _KRONER or (code != name and len(name) == 3 and code in _currencies()):
        written = code if code in _currencies() else "NOK"
        raise OptionError(
            "Money is declared by its currency",
            found=f"the unit {name!r}",
            do=f'write "{written}" if it is money in that currency',
        )


_HOURS_A_WEEK = Label(nb="timer i uken", en="hours a week")
#: The plain names that are known, beside currencies.
KNOWN: dict[str, Unit] = {
    unit.name: unit
    for unit in (
        Unit("months", months="sum", label=Label(nb="måneder", en="months")),
        Unit("weeks", months="sum", label=Label(nb="uker", en="weeks")),
        Unit("days", months="sum", label=Label(nb="dager", en="days")),
        Unit("hours", months="sum", label=Label(nb="timer", en="hours")),
        Unit("hours per week", months="mean", label=_HOURS_A_WEEK),
        Unit(SHARE, months="mean", label=Label(nb="andel", en="share")),
        Unit("percent", months="mean", label=Label(nb="prosent", en="per cent")),
        Unit(
            POINTS,
            months="mean",
            label=Label(nb="prosentpoeng", en="percentage points"),
            has_zero=False,
        ),
        Unit(
            "log points",
            months="mean",
            label=Label(nb="logpoeng", en="log points"),
            has_zero=False,
        ),
        Unit(
            "index",
            months="mean",
            label=Label(nb="indekspoeng", en="index points"),
            has_zero=False,
        ),
        Unit("G", months="sum"),
    )
}


def _known(name: str) -> Unit | None:
    """Return what is known of a name."""
    return KNOWN.get("log points" if name == "log" else name)


def unit_given(value: Any, argument: str) -> AnyUnit:
    """Return a unit as it was given: a name, or a `Unit`.

    Raises
    ------
    MihImpactError
        It is neither.
    """
    if isinstance(value, Unit):
        return value
    if not isinstance(value, str):
        raise OptionError(
            "A unit is a name, or a mih.Unit",
            found=f"{argument}={arguments.shown(value)}",
            do='give a currency such as "NOK", a unit such as "hours", or mih.Unit(...)',
        )
    _require_name(value)
    return value


# --- shown ----------------------------------------------------------------------------------------


def amount(unit: AnyUnit, like: float = math.nan) -> Formatter:
    """Return what shows an amount in a unit.

    Parameters
    ----------
    unit
        A currency, "share", another unit, or "" for a plain number.
    like
        An amount that the decimals are to fit, where several stand together; by default each fits
        itself.

    Examples
    --------
    >>> amount("hours")(10) == "10,0\u00a0timer"
    True
    >>> amount("log points")(0.034) == "0,034\u00a0logpoeng"
    True
    >>> amount("NOK")(10) == "10\u00a0kr"
    True
    """
    if isinstance(unit, str) and unit == "":
        return partial(number, decimals=1)
    if str(unit) == SHARE:
        return partial(percent, decimals=1)
    if is_money(unit):
        return partial(currency, unit=str(unit))
    return partial(_measured, unit=as_unit(unit).displayed, like=like)


def difference(unit: AnyUnit, like: float = math.nan) -> Formatter:
    """Return what shows a difference, such as an effect: between shares it is percentage points.

    Parameters
    ----------
    unit, like
        As for `amount`.

    Examples
    --------
    >>> difference("share")(0.27) == "27,0\u00a0prosentpoeng"
    True
    >>> difference("NOK")(10) == amount("NOK")(10)
    True
    """
    return points if str(unit) == SHARE else amount(unit_between(unit), like)


def unit_between(unit: AnyUnit) -> AnyUnit:
    """Return the unit of differences: of shares and of per cent it is percentage points."""
    return POINTS if str(unit) in (SHARE, "percent") else unit


def decimals_for(x: float) -> int:
    """Return how many decimals an amount without a customary number of them is shown with.

    Examples
    --------
    >>> [decimals_for(x) for x in (1234.5, 123.4, 10, 4, 0.25, 0.034, 0.0, 1e-12)]
    [0, 1, 1, 2, 2, 3, 0, 0]
    """
    size = abs(x)
    if not 1e-8 < size < 1000.0:
        return 0
    return 1 if size >= 10.0 else 2 if size >= 1.0 else 1 - math.floor(math.log10(size))


def points(x: SupportsFloat | None, decimals: int = 1) -> str:
    """Show a difference between shares: 0.027 is ``2,7 prosentpoeng``."""
    share = percent(x, decimals)
    if share == NOT_AVAILABLE:
        return share
    return f"{share.removesuffix('%').rstrip(NBSP)}{NBSP}{as_unit(POINTS).displayed.text()}"


#: Percentage points in a column that holds other units too, as Eurostat writes them.
PP = "pp"
_NUMBER = re.compile(r"([A-Z]{3}\u00a0)?[\u2212+]?\d")


def points_once(heading: str, cells: Sequence[str]) -> tuple[str, list[str]]:
    """Say percentage points once, above a column that holds nothing else; short where it does.

    Examples
    --------
    >>> points_once("Effekt", [points(0.027), points(0.3), "\u2013"])
    ('Effekt (prosentpoeng)', ['2,7', '30,0', '\u2013'])
    >>> points_once("Effekt", [points(0.027), "1,0"]) == ("Effekt", [f"2,7{NBSP}pp", "1,0"])
    True
    """
    word = as_unit(POINTS).displayed.text()
    have = [f"{NBSP}{word}" in cell for cell in cells]
    if not any(have):
        return heading, list(cells)
    numbers = [bool(_NUMBER.match(cell)) for cell in cells]
    alone = have == numbers
    short = "" if alone else f"{NBSP}{PP}"
    told = f"{heading} ({word})" if alone else heading
    return told, [cell.replace(f"{NBSP}{word}", short) for cell in cells]


def _measured(x: SupportsFloat | None, /, *, unit: Label, like: float) -> str:
    value = float("nan") if x is None else _float(x)
    text = number(value, decimals_for(like if math.isfinite(like) else value))
    return text if text == NOT_AVAILABLE else f"{text}{NBSP}{unit.text()}"


def _float(x: SupportsFloat) -> float:
    try:
        return float(x)
    except TypeError:  # pandas.NA has no float
        return float("nan")


def as_unit(unit: AnyUnit) -> Unit:
    """Return a unit with what is known of its name."""
    return unit if isinstance(unit, Unit) else Unit(unit)
