"""How results are displayed: language, smallest cell shown, progress bars.

Options change what is *shown*, never a number that is computed. They are one setting for the whole
process, as in pandas: a setting made in one notebook cell must hold in the next, and it would not
if it lived in a context variable.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

from mih_impact.arguments import shown
from mih_impact.errors import OptionError

__all__ = ["Lang", "Options", "current", "language", "options"]

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
        return _current.lang
    if isinstance(lang, str) and lang in get_args(Lang):
        return cast("Lang", str(lang))
    raise OptionError("The language is not known", found=shown(lang), do='Use "nb" or "en"')


_current = Options()


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
