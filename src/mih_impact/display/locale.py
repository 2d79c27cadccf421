"""Language: texts in bokmål and English, which of them is chosen, and the other display options.

Options change what is *shown*, never a number that is computed. They are one setting for the whole
process, as in pandas: a setting made in one notebook cell must hold in the next, and it would not
if it lived in a context variable.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

from mih_impact.arguments import shown
from mih_impact.errors import OptionError, of_one

__all__ = [
    "UNFIT",
    "Label",
    "Lang",
    "Options",
    "both",
    "capital",
    "current",
    "in_language",
    "language",
    "listed",
    "options",
    "progress_bar",
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
    ...     Label("lønn", "wage").text()
    'wage'
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
    >>> both(lambda: language())
    Label(nb='nb', en='en')
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


_AND = Label("{before} og {last}", "{before} and {last}")


def listed(items: Sequence[str]) -> Label:
    """Return things in a row as they are read: with "and" before the last.

    Examples
    --------
    >>> listed(["2023", "2024", "2025"]).text("nb"), listed(["2023"]).text("en")
    ('2023, 2024 og 2025', '2023')
    """
    before, last = ", ".join(items[:-1]), items[-1]
    return _AND.format(before=before, last=last) if before else Label(last, last)


def progress_bar(label: Label, items: Iterable[Any] | None = None, **how: Any) -> Any:
    """Return a bar that shows how far a long call has come, where somebody may be looking.

    On a terminal or in a notebook, unless `options(progress=False)`: in a log or a pipe each step
    would be a line of its own. `how` goes to `tqdm.tqdm`.
    """
    looking = sys.stderr.isatty() or "ipykernel" in sys.modules
    if not (current().progress and looking):
        return _Unseen(items)
    from tqdm import tqdm

    return tqdm(items, desc=label.text(), leave=False, **how)


class _Unseen:
    """Stands for a bar that nobody sees, which would take longer to load than most calls take."""

    n = 0

    def __init__(self, items: Iterable[Any] | None) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(() if self._items is None else self._items)

    def __enter__(self) -> _Unseen:
        return self

    def __exit__(self, *raised: object) -> None:
        return None

    def update(self, n: float = 1) -> None:
        """Take a step, as `tqdm.tqdm` does."""

    def set_postfix_str(self, text: str) -> None:
        """Say what the step is, as `tqdm.tqdm` does."""
