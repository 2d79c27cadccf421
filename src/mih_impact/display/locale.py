"""Language: texts in bokmål and English, numbers as their readers expect them, and which is chosen.

Bokmål has a decimal comma, a no-break space (U+00A0) between thousands, and "1,1 mill. kr"; English
has a decimal point, commas, and "NOK 1.1 million". Both use the minus sign U+2212 and never break a
number from its unit. Halves round away from zero, as on paper. Babel knows the languages; the
process locale plays no part.

Options change what is *shown*, never a number that is computed. They are one setting for the whole
process, as in pandas: a setting made in one notebook cell must hold in the next, and it would not
if it lived in a context variable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Literal, Protocol, SupportsFloat, cast, get_args

from mih_impact.arguments import shown
from mih_impact.errors import OptionError, of_one

__all__ = [
    "MINUS",
    "NBSP",
    "NOT_AVAILABLE",
    "UNFIT",
    "Formatter",
    "Label",
    "Lang",
    "Options",
    "both",
    "capital",
    "count",
    "currency",
    "current",
    "hidden",
    "hidden_too",
    "in_language",
    "interval",
    "kroner",
    "language",
    "listed",
    "millions",
    "money_code",
    "money_in",
    "money_name",
    "money_shown",
    "number",
    "options",
    "ordinal",
    "p_equals",
    "p_value",
    "percent",
    "thousands",
    "year_range",
]

Lang = Literal["nb", "en"]
"""The languages of everything displayed: bokmål and English."""


@dataclass(frozen=True)
class Options:
    """The display options in force.

    Parameters
    ----------
    lang
        Language of labels, cards, figures: ``"nb"`` (bokmål) or ``"en"``.
    min_cell
        Cells built on fewer persons than this are hidden in everything displayed or exported.
    progress
        Whether long calls show a progress bar.
    """

    lang: Lang = "nb"
    min_cell: int = 5
    progress: bool = True

    def __post_init__(self) -> None:
        language(self.lang)
        if isinstance(self.min_cell, bool) or not isinstance(self.min_cell, int):
            raise OptionError(
                "min_cell must be a whole number of persons",
                found=repr(self.min_cell),
                do="Give a number such as 5; 1 hides nothing",
            )
        if self.min_cell < 1:
            raise OptionError("min_cell must be at least 1", found=str(self.min_cell))
        if not isinstance(self.progress, bool):
            raise OptionError("progress must be True or False", found=repr(self.progress))


def current() -> Options:
    """Return the options in force.

    Examples
    --------
    >>> current().lang
    'nb'
    """
    return _current


def language(lang: str | None = None) -> Lang:
    """Return `lang` checked, or the language in force when it is None.

    Raises
    ------
    OptionError
        When the language is not one of those the library speaks.
    """
    if lang is None:
        return _ASKED.get() or _current.lang
    if isinstance(lang, str) and lang in get_args(Lang):
        return cast("Lang", str(lang))
    raise OptionError("The language is not known", found=shown(lang), do='Use "nb" or "en"')


_current = Options()
#: The language that a public call was asked for, while it is answered; None outside one.
_ASKED: ContextVar[Lang | None] = ContextVar("language", default=None)


@contextmanager
def in_language(lang: str | None) -> Iterator[None]:
    """Show what is made within in `lang`, or in the language in force when it is None.

    A public call that takes `lang` opens this once; what it calls need not be told the language.

    Examples
    --------
    >>> with in_language("en"):
    ...     number(0.5, 1)
    '0.5'
    """
    token = _ASKED.set(language(lang))
    try:
        yield
    finally:
        _ASKED.reset(token)


class _Applied:
    """Options that have been set, and can be undone by leaving a ``with`` block."""

    def __init__(self, before: Options, now: Options) -> None:
        self._before = before
        self._now = now

    def __enter__(self) -> Options:
        return self._now

    def __exit__(self, *_: object) -> None:
        global _current
        _current = self._before

    def __repr__(self) -> str:
        now = self._now
        return f"options(lang={now.lang!r}, min_cell={now.min_cell}, progress={now.progress})"


def options(
    *, lang: Lang | None = None, min_cell: int | None = None, progress: bool | None = None
) -> _Applied:
    """Set display options, at once or for a ``with`` block. Never changes a number.

    Parameters
    ----------
    lang
        ``"nb"`` (bokmål, default) or ``"en"``.
    min_cell
        Smallest number of persons a displayed cell may be built on (default 5; 1 hides nothing).
    progress
        Whether long calls show a progress bar (default True).

    Returns
    -------
    context manager
        May be ignored. Used in a ``with`` statement, the options before the call come back when
        the block ends, whatever happened in it.

    Raises
    ------
    OptionError
        On a value an option cannot have; nothing is changed then.

    Examples
    --------
    >>> with options(lang="en"):
    ...     current().lang
    'en'
    >>> current().lang
    'nb'
    """
    global _current
    before = _current
    now = before
    if lang is not None:
        now = replace(now, lang=lang)
    if min_cell is not None:
        now = replace(now, min_cell=min_cell)
    if progress is not None:
        now = replace(now, progress=progress)
    _current = now
    return _Applied(before, now)


#: Characters that neither XML nor a PDF can hold, and halves of characters.
UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Label:
    """One displayed text in bokmål and English.

    Parameters
    ----------
    nb, en
        The text in bokmål and in English; may hold ``{named}`` places for `format`.

    Raises
    ------
    OptionError
        One of them is no text, or holds a control character, which no document can show.

    Examples
    --------
    >>> wage = Label("lønnsinntekt", "wage income")
    >>> wage.text("en")
    'wage income'
    >>> Label("effekt på {what}", "effect on {what}").format(what=wage).text("nb")
    'effekt på lønnsinntekt'
    """

    nb: str
    en: str

    def __post_init__(self) -> None:
        for lang, text in (("nb", self.nb), ("en", self.en)):
            if not isinstance(text, str):
                raise OptionError(
                    "A displayed text is a text in bokmål and one in English",
                    found=f"{lang}={shown(text)}",
                    do="write mih.Label(nb='...', en='...')",
                )
            if unfit := UNFIT.search(text):
                raise OptionError(
                    "A displayed text has a character that no document can hold",
                    found=f"U+{ord(unfit[0]):04X} in {lang}",
                    do="leave it out",
                )

    def text(self, lang: Lang | None = None) -> str:
        """Return the text in `lang`, or in the language in force when it is None."""
        return self.nb if language(lang) == "nb" else self.en

    def texts(self) -> dict[str, str]:
        """Return both texts by language, as results and files keep them."""
        return {"nb": self.nb, "en": self.en}

    def format(self, **values: object) -> Label:
        """Fill the ``{named}`` places; a value that is a label is filled in each language.

        A value may come from a register: a character in it that no document can hold is filled in
        as the replacement character, U+FFFD.
        """
        return Label(nb=_fill(self.nb, "nb", values), en=_fill(self.en, "en", values))


def both(say: Callable[[], str]) -> Label:
    """Return what `say` returns in bokmål and in English.

    Examples
    --------
    >>> both(lambda: number(0.5, 1))
    Label(nb='0,5', en='0.5')
    """
    with in_language("nb"):
        nb = say()
    with in_language("en"):
        return Label(nb, say())


def _fill(template: str, lang: Lang, values: dict[str, object]) -> str:
    texts = {
        name: value.text(lang) if isinstance(value, Label) else value
        for name, value in values.items()
    }
    return of_one(UNFIT.sub("\N{REPLACEMENT CHARACTER}", template.format(**texts)))


def capital(text: str) -> str:
    """Return a text that begins with a capital letter.

    Examples
    --------
    >>> capital("øre")
    'Øre'
    """
    return text[:1].upper() + text[1:]


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
_AND = Label("{before} og {last}", "{before} and {last}")
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


def number(x: SupportsFloat | None, decimals: int = 0, lang: Lang | None = None) -> str:
    """Show a number; None and NaN are shown as an en dash (not available).

    Parameters
    ----------
    x
        The number.
    decimals
        Decimals shown.
    lang
        Language; None is the one in force.

    Examples
    --------
    >>> number(-1094.4, 1, "nb") == "\u22121\u00a0094,4"
    True
    >>> number(-1094.4, 1, "en") == "\u22121,094.4"
    True
    """
    value = _decimal(x)
    return NOT_AVAILABLE if value is None else _show(value, decimals, language(lang))


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
    ...     kroner(1794, "en") == "USD\u00a01,794"
    True
    """
    token = _MONEY.set(code)
    try:
        yield
    finally:
        _MONEY.reset(token)


def kroner(x: SupportsFloat | None, lang: Lang | None = None) -> str:
    """Show whole kroner: ``1 094 400 kr`` or ``NOK 1,094,400``."""
    return currency(x, money_shown(), lang)


def thousands(x: SupportsFloat | None, decimals: int = 1, lang: Lang | None = None) -> str:
    """Show kroner in thousands: ``1 094,4 tusen kr`` or ``NOK 1,094.4 thousand``."""
    return _scaled(x, -3, decimals, _THOUSAND, language(lang))


def millions(x: SupportsFloat | None, decimals: int = 1, lang: Lang | None = None) -> str:
    """Show kroner in millions: ``1,1 mill. kr`` or ``NOK 1.1 million``."""
    return _scaled(x, -6, decimals, _MILLION, language(lang))


def percent(x: SupportsFloat | None, decimals: int = 0, lang: Lang | None = None) -> str:
    """Show a share as a percentage: 0.92 is ``92 %`` or ``92%``."""
    value = _decimal(x)
    if value is None:
        return NOT_AVAILABLE
    lang = language(lang)
    return _show(value, decimals, lang, 2) + (f"{NBSP}%" if lang == "nb" else "%")


def currency(
    x: SupportsFloat | None, unit: str, lang: Lang | None = None, decimals: int = 0
) -> str:
    """Show an amount in any currency, by its ISO code; NOK is written kr in bokmål.

    Examples
    --------
    >>> currency(1794, "USD", "en") == "USD\u00a01,794"
    True
    """
    value = _decimal(x)
    if value is None:
        return NOT_AVAILABLE
    lang = language(lang)
    return _with_unit(_show(value, decimals, lang), unit, lang)


def interval(
    low: SupportsFloat | None,
    high: SupportsFloat | None,
    formatter: Formatter,
    lang: Lang | None = None,
) -> str:
    """Show an interval, each end by `formatter`; not available when an end is missing.

    The ends are joined by a word, since a dash beside minus signs cannot be read.

    Examples
    --------
    >>> interval(-1, 2, number, "en") == "\u22121 to 2"
    True
    """
    if _decimal(low) is None or _decimal(high) is None:
        return NOT_AVAILABLE
    with in_language(lang):
        return f"{formatter(low)} {_TO.text()} {formatter(high)}"


def p_value(x: SupportsFloat | None, /, lang: Lang | None = None) -> str:
    """Show a p-value with three decimals; none is shown as zero.

    Examples
    --------
    >>> p_value(0.0412, "nb"), p_value(0.0, "en") == "<\u00a00.001"
    ('0,041', True)
    """
    if x is not None and float(x) < _LEAST_P:
        return f"<{NBSP}{number(_LEAST_P, 3, lang)}"
    return number(x, 3, lang)


def p_equals(p: float, lang: Lang | None = None) -> str:
    """Return a p-value as the rest of a sentence: "= 0.012" or "< 0.001"."""
    text = p_value(p, lang)
    return text if text.startswith("<") else f"={NBSP}{text}"


def listed(items: Sequence[str]) -> Label:
    """Return things in a row as they are read: with "and" before the last.

    Examples
    --------
    >>> listed(["2023", "2024", "2025"]).text("nb"), listed(["2023"]).text("en")
    ('2023, 2024 og 2025', '2023')
    """
    before, last = ", ".join(items[:-1]), items[-1]
    return _AND.format(before=before, last=last) if before else Label(last, last)


def year_range(first: int, last: int) -> str:
    """Show a range of years with an en dash: ``2014–2021``; one year is shown alone."""
    return str(first) if first == last else f"{first}{EN_DASH}{last}"


def hidden(n: SupportsFloat | None, lang: Lang | None = None) -> str | None:
    """Return the text that stands for a cell built on too few persons, else None.

    Written so that a cell reads ``hidden(n) or kroner(mean)``. Nobody (0) is no small cell: it
    tells of no person, and a reader must be able to see that nobody was lost.

    Parameters
    ----------
    n
        Persons the cell is built on; None when it is built on published numbers.
    lang
        Language; None is the one in force.

    Examples
    --------
    >>> hidden(4, "nb")
    'skjult (færre enn 5)'
    >>> hidden(5, "nb") or "shown"
    'shown'
    """
    value = _decimal(n)
    limit = current().min_cell
    if value is None or value <= 0 or value >= limit:
        return None
    return _HIDDEN.format(n=limit).text(lang)


def hidden_too(n: SupportsFloat | None, lang: Lang | None = None) -> str:
    """Return the text of a cell that is hidden, whether for its own few persons or for others'.

    Examples
    --------
    >>> hidden_too(4, "en"), hidden_too(40, "en")
    ('hidden (fewer than 5)', 'hidden')
    """
    return hidden(n, lang) or _HIDDEN_TOO.text(language(lang))


def count(n: SupportsFloat | None, lang: Lang | None = None) -> str:
    """Show a number of persons, hidden when it is a small cell."""
    return hidden(n, lang) or number(n, 0, lang)


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


def _show(value: Decimal, decimals: int, lang: Lang, shift: int = 0) -> str:
    """Show ``value * 10**shift``."""
    if value.is_infinite():
        return "∞" if value > 0 else f"{MINUS}∞"
    from babel.numbers import format_decimal

    with localcontext() as context:  # the caller's decimal context plays no part
        context.prec = 400
        rounded = value.scaleb(shift).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        text: str = format_decimal(abs(rounded), format=pattern, locale=lang)
    # CLDR has moved between U+00A0 and U+202F for the group mark: ours is U+00A0, always.
    text = text.replace("\u202f", NBSP)
    return MINUS + text if rounded < 0 else text


def _scaled(x: SupportsFloat | None, exponent: int, decimals: int, word: Label, lang: Lang) -> str:
    value = _decimal(x)
    if value is None:
        return NOT_AVAILABLE
    text = _show(value, decimals, lang, exponent)
    return _with_unit(f"{text}{NBSP}{word.text(lang)}", money_shown(), lang)


def _with_unit(text: str, unit: str, lang: Lang) -> str:
    return f"{text}{NBSP}{_written(unit)}" if lang == "nb" else f"{unit}{NBSP}{text}"


def _written(code: str) -> str:
    """Return a currency as bokmål writes it after an amount."""
    return "kr" if code == "NOK" else code
