"""Numbers as the readers of either language expect them, and what stands for those that are hidden.

Bokmål has a decimal comma, a no-break space (U+00A0) between thousands, and "1,1 mill. kr"; English
has a decimal point, commas, and "NOK 1.1 million". Both use the minus sign U+2212 and never break a
number from its unit. Halves round away from zero, as on paper. Babel knows the languages; the
process locale plays no part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Protocol, SupportsFloat

from mih_impact.display.locale import Label, current, language

__all__ = [
    "MINUS",
    "NBSP",
    "NOT_AVAILABLE",
    "SURE",
    "Formatter",
    "count",
    "currency",
    "hidden",
    "hidden_too",
    "interval",
    "kroner",
    "millions",
    "money_code",
    "money_in",
    "money_name",
    "money_shown",
    "number",
    "ordinal",
    "p_equals",
    "p_value",
    "percent",
    "probability",
    "thousands",
    "year_range",
]

NBSP = "\u00a0"
MINUS = "\u2212"
EN_DASH = "\u2013"
NOT_AVAILABLE = EN_DASH
"""What is shown where there is no number."""

#: The smallest p-value that is shown as a number.
_LEAST_P = 0.001
_HIDDEN = Label("skjult (færre enn {n})", "hidden (fewer than {n})")
_HIDDEN_TOO = Label("skjult", "hidden")
_TO = Label("til", "to")
#: A unit in words behind a number; "kr" and signs are none, and stand at both ends.
_UNIT_WORD = re.compile(rf"{NBSP}[^\W\d_]{{3}}\D*$")
_THOUSAND = Label("tusen", "thousand")
_MILLION = Label("mill.", "million")
_ORDINALS = {
    "nb": ("første", "andre", "tredje", "fjerde", "femte", "sjette", "sjuende", "åttende",
           "niende", "tiende"),
    "en": ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
           "tenth"),
}  # fmt: skip


class Formatter(Protocol):
    """A function that shows a number, such as `kroner`, or a partial of `number`."""

    def __call__(self, x: SupportsFloat | None, /) -> str:
        """Show `x` in the language in force."""


def number(x: SupportsFloat | None, decimals: int = 0) -> str:
    """Show a number; None and NaN are shown as an en dash (not available).

    Parameters
    ----------
    x
        The number.
    decimals
        Decimals shown.

    Examples
    --------
    >>> from mih_impact.display.locale import both
    >>> both(lambda: number(-1094.4, 1)) == Label("\u22121\u00a0094,4", "\u22121,094.4")
    True
    """
    value = _decimal(x)
    return NOT_AVAILABLE if value is None else _show(value, decimals)


#: The currency that `kroner`, `thousands` and `millions` are written in: that of the result shown.
_MONEY: ContextVar[str] = ContextVar("currency of what is shown", default="NOK")


def money_shown() -> str:
    """Return the currency of what is shown, by its ISO code."""
    return _MONEY.get()


def money_name() -> Label:
    """Return what the currency shown is called in a sentence.

    Examples
    --------
    >>> money_name() == Label(nb="kroner", en="NOK")
    True
    """
    code = money_shown()
    return Label(nb="kroner" if code == "NOK" else code, en=code)


def money_code() -> Label:
    """Return what the currency shown is called beside an amount: kr, NOK, USD."""
    code = money_shown()
    return Label(nb=_written(code), en=code)


@contextmanager
def money_in(code: str) -> Iterator[None]:
    """Show amounts in a currency while a result that is kept in it is shown.

    Examples
    --------
    >>> with money_in("USD"):
    ...     kroner(1794) == "1\u00a0794\u00a0USD"
    True
    """
    token = _MONEY.set(code)
    try:
        yield
    finally:
        _MONEY.reset(token)


def kroner(x: SupportsFloat | None) -> str:
    """Show whole kroner: ``1 094 400 kr`` or ``NOK 1,094,400``."""
    return currency(x, money_shown())


def thousands(x: SupportsFloat | None, decimals: int = 1) -> str:
    """Show kroner in thousands: ``1 094,4 tusen kr`` or ``NOK 1,094.4 thousand``."""
    return _scaled(x, -3, decimals, _THOUSAND)


def millions(x: SupportsFloat | None, decimals: int = 1) -> str:
    """Show kroner in millions: ``1,1 mill. kr`` or ``NOK 1.1 million``."""
    return _scaled(x, -6, decimals, _MILLION)


def percent(x: SupportsFloat | None, decimals: int = 0) -> str:
    """Show a share as a percentage: 0.92 is ``92 %`` or ``92%``."""
    value = _decimal(x)
    if value is None:
        return NOT_AVAILABLE
    return _show(value, decimals, 2) + (f"{NBSP}%" if language() == "nb" else "%")


#: Of a chance that is above it, or below one minus it, no more is said.
SURE = 0.999


def probability(p: SupportsFloat | None, decimals: int = 1) -> str:
    """Show an uncertain chance as a percentage, never rounded to a certainty.

    Examples
    --------
    >>> probability(0.9871) == f"98,7{NBSP}%", probability(1.0) == f">{NBSP}99,9{NBSP}%"
    (True, True)
    """
    if p is not None and float(p) > SURE:
        return f">{NBSP}{percent(SURE, 1)}"
    if p is not None and float(p) < 1 - SURE:
        return f"<{NBSP}{percent(1 - SURE, 1)}"
    return percent(p, decimals)


def currency(x: SupportsFloat | None, unit: str, decimals: int = 0) -> str:
    """Show an amount in any currency, by its ISO code; NOK is written kr in bokmål.

    Examples
    --------
    >>> currency(1794, "USD") == "1\u00a0794\u00a0USD"
    True
    """
    value = _decimal(x)
    if value is None:
        return NOT_AVAILABLE
    return _with_unit(_show(value, decimals), unit)


def interval(
    low: SupportsFloat | None,
    high: SupportsFloat | None,
    formatter: Formatter,
) -> str:
    """Show an interval, each end by `formatter`; not available when an end is missing.

    The ends are joined by a word, since a dash beside minus signs cannot be read. A unit that is
    a word stands once, after the upper end.

    Examples
    --------
    >>> interval(-1, 2, number) == "\u22121 til 2"
    True
    >>> interval(1, 2, lambda x: f"{number(x)}{NBSP}timer") == f"1 til 2{NBSP}timer"
    True
    """
    if _decimal(low) is None or _decimal(high) is None:
        return NOT_AVAILABLE
    first, last = formatter(low), formatter(high)
    unit = _UNIT_WORD.search(first)
    if unit and last.endswith(unit[0]):
        first = first.removesuffix(unit[0])
    return f"{first} {_TO.text()} {last}"


def p_value(x: SupportsFloat | None, /) -> str:
    """Show a p-value with three decimals; none is shown as zero.

    Examples
    --------
    >>> p_value(0.0412), p_value(0.0) == "<\u00a00,001"
    ('0,041', True)
    """
    if x is not None and float(x) < _LEAST_P:
        return f"<{NBSP}{number(_LEAST_P, 3)}"
    return number(x, 3)


def p_equals(p: float) -> str:
    """Return a p-value as the rest of a sentence: "= 0.012" or "< 0.001"."""
    text = p_value(p)
    return text if text.startswith("<") else f"={NBSP}{text}"


def year_range(first: int, last: int) -> str:
    """Show a range of years with an en dash: ``2014–2021``; one year is shown alone."""
    return str(first) if first == last else f"{first}{EN_DASH}{last}"


def hidden(n: SupportsFloat | None) -> str | None:
    """Return the text that stands for a cell built on too few persons, else None.

    Written so that a cell reads ``hidden(n) or kroner(mean)``. Nobody (0) is no small cell: it
    tells of no person, and a reader must be able to see that nobody was lost.

    Parameters
    ----------
    n
        Persons the cell is built on; None when it is built on published numbers.

    Examples
    --------
    >>> hidden(4)
    'skjult (færre enn 5)'
    >>> hidden(5) or "shown"
    'shown'
    """
    value = _decimal(n)
    limit = current().min_cell
    if value is None or value <= 0 or value >= limit:
        return None
    return _HIDDEN.format(n=limit).text()


def hidden_too(n: SupportsFloat | None) -> str:
    """Return the text of a cell that is hidden, whether for its own few persons or for others'.

    Examples
    --------
    >>> hidden_too(4), hidden_too(40)
    ('skjult (færre enn 5)', 'skjult')
    """
    return hidden(n) or _HIDDEN_TOO.text()


def count(n: SupportsFloat | None) -> str:
    """Show a number of persons, hidden when it is a small cell."""
    return hidden(n) or number(n)


def ordinal(n: int) -> Label:
    """Return the place of something in a row, from 1.

    Examples
    --------
    >>> ordinal(4).text("nb"), ordinal(4).text("en"), ordinal(22).text("en")
    ('fjerde', 'fourth', '22nd')
    """
    if 1 <= n <= len(_ORDINALS["nb"]):
        return Label(_ORDINALS["nb"][n - 1], _ORDINALS["en"][n - 1])
    ends = {1: "st", 2: "nd", 3: "rd"} if n % 100 not in (11, 12, 13) else {}
    return Label(f"{n}.", f"{n}{ends.get(n % 10, 'th')}")


def _decimal(x: SupportsFloat | None) -> Decimal | None:
    """Return `x` exactly as printed, or None when it is missing (None, NaN, pandas NA)."""
    if x is None:
        return None
    try:
        value = Decimal(str(x)) if isinstance(x, Decimal | int) else Decimal(str(float(x)))
    except TypeError:  # pandas.NA has no float
        return None
    return None if value.is_nan() else value


def _show(value: Decimal, decimals: int, shift: int = 0) -> str:
    """Show ``value * 10**shift``."""
    if value.is_infinite():
        return "∞" if value > 0 else f"{MINUS}∞"
    with localcontext() as context:  # the caller's decimal context plays no part
        context.prec = 400
        rounded = value.scaleb(shift).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        text = _grouped(abs(rounded), decimals, language())
    return MINUS + text if rounded < 0 else text


def _grouped(value: Decimal, decimals: int, lang: str) -> str:
    """Write a number that is not below zero: 1 094,4 in bokmål, 1,094.4 in English."""
    text = f"{value:,.{decimals}f}"
    return text.translate(_MARKS) if lang == "nb" else text


#: The marks of bokmål for those of English; CLDR's group mark has moved, ours is U+00A0, always.
_MARKS = str.maketrans({",": NBSP, ".": ","})


def _scaled(x: SupportsFloat | None, exponent: int, decimals: int, word: Label) -> str:
    value = _decimal(x)
    if value is None:
        return NOT_AVAILABLE
    text = _show(value, decimals, exponent)
    return _with_unit(f"{text}{NBSP}{word.text()}", money_shown())


def _with_unit(text: str, unit: str) -> str:
    if language() == "nb":
        return f"{text}{NBSP}{_written(unit)}"
    return f"{unit}{NBSP}{text}"


def _written(code: str) -> str:
    """Return a currency as bokmål writes it after an amount."""
    return "kr" if code == "NOK" else code
