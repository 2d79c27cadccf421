"""What every result has in common: a card, a table, a file, and small cells that are hidden.

A new result is a frozen dataclass that inherits from `Result` and declares only what is its own:

- its fields; `table` is what `to_frame` gives, and the class says what its columns are;
- `_card`, from which text, HTML and repr are made;
- `contributors`, on how many persons' amounts each row rests, or `NoContributors` with the reason;
- `shown`, where few persons can stand behind a number: what is then displayed and saved;
- `plot`, if it has a figure: one call of a function drawn with `display.figure`;
- its name in `storage.SAVED`, so that `save` writes it and `load` finds it again.

What holds persons, and is therefore never saved, inherits from `Displayed`.
Nothing here reads a clock: the same analysis of the same data has the same provenance.
"""

from __future__ import annotations

import sys
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, wraps
from html import escape
from pathlib import Path
from typing import Any, Self, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.display.locale import Label, Lang, current, in_language, language
from mih_impact.display.numbers import hidden_too, money_in, number
from mih_impact.display.tables import CSS, html_rows, is_numeric, text_cells
from mih_impact.errors import SupportError
from mih_impact.storage import save

__all__ = [
    "DOMINANT",
    "Card",
    "Displayed",
    "NoContributors",
    "Provenance",
    "Result",
    "are_many",
    "evidence_of",
    "hidden_note",
    "hide_small",
    "is_small",
    "naming_limit",
    "of_few",
    "persons_behind",
    "require_many",
    "versions",
    "with_complement",
]

_WIDTH = 88


@dataclass(frozen=True, eq=False)
class Card:
    """Title, lines of name and value, a table and notes, all of them ready to read.

    Parameters
    ----------
    title
        What the result is.
    lines
        Pairs of name and value, already in the reader's language and number style.
    table
        A table whose cells are displayed text; its index is shown unless it just counts the rows.
    notes
        Sentences the reader should not miss.

    Examples
    --------
    >>> print(Card("Kontrollgruppe", (("Deltakere", "527"),)).text())
    Kontrollgruppe
    --------------
    Deltakere  527
    """

    title: str
    lines: tuple[tuple[str, str], ...] = ()
    table: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the card as plain text, for terminals and logs."""
        blocks = [f"{self.title}\n{'-' * len(self.title)}"]
        if self.lines:
            width = max(len(name) for name, _ in self.lines)
            blocks[0] += "".join(f"\n{_line(name, value, width)}" for name, value in self.lines)
        if self.table is not None:
            blocks.append(_text_table(self.table))
        if self.notes:
            blocks.append("\n".join(textwrap.fill(note, _WIDTH) for note in self.notes))
        return "\n\n".join(blocks)

    def html(self, lang: Lang | None = None) -> str:
        """Return the card as one HTML fragment: scoped style, no scripts, nothing fetched."""
        title = escape(self.title)
        parts = [
            f'<section class="mih" lang="{language(lang)}" aria-label="{title}">',
            f"<style>{CSS}</style>",
        ]
        if self.lines:
            rows = "".join(
                f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
                for name, value in self.lines
            )
            parts.append(
                f'<table class="mih-lines"><caption>{title}</caption><tbody>{rows}</tbody></table>'
            )
        else:
            parts.append(f'<p class="mih-title">{title}</p>')
        if self.table is not None:
            rows = html_rows(*text_cells(self.table))
            parts.append(f'<table class="mih-table" aria-label="{title}">{rows}</table>')
        parts += [f'<p class="mih-note">{escape(note)}</p>' for note in self.notes]
        return "\n".join([*parts, "</section>"])


def _line(name: str, value: str, width: int) -> str:
    """Return a name and its value, wrapped under itself; no-break spaces are kept together."""
    indent = " " * (width + 2)
    lines = textwrap.wrap(value, max(30, _WIDTH - len(indent)), break_on_hyphens=False)
    return f"{name:<{width}}  " + f"\n{indent}".join(lines or [""])


def _text_table(frame: pd.DataFrame) -> str:
    header, rows = text_cells(frame)
    columns = list(zip(header, *rows, strict=True))
    widths = [max(len(cell) for cell in column) for column in columns]
    right = [is_numeric(column[1:]) for column in columns]
    lines = [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in [header, *rows]
    ]
    return "\n".join(lines)


_PACKAGES = ("mih-impact", "numpy", "pandas", "scipy", "narwhals", "duckdb")


@dataclass(frozen=True)
class Provenance:
    """What made a result.

    Parameters
    ----------
    call
        The call that made it, such as ``"event_study"``.
    options
        The options it was called with, by name.
    seed
        The seed of whatever was random, None when nothing was.
    data
        Fingerprint of the data; a hash, never a path or a person.
    versions
        Version of Python and of each package that had a hand in it.
    evidence
        What kind of data this is, by language, printed on every card and figure: a synthetic
        register says so. Empty when the caller said nothing.

    Examples
    --------
    >>> Provenance.of("match", {"ratio": 5}, data="3f2a").options["ratio"]
    5
    """

    call: str
    options: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    data: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        call: str,
        options: dict[str, Any],
        *,
        seed: int | None = None,
        data: str = "",
        evidence: Mapping[str, str] | None = None,
    ) -> Provenance:
        """Return the provenance of a call made now, with the versions installed."""
        return cls(
            call=call,
            options=_plain(options),
            seed=seed,
            data=data,
            versions=versions(),
            evidence=dict(evidence or {}),
        )

    def then(
        self,
        call: str,
        options: dict[str, Any],
        *,
        seed: int | None = None,
        data: str | None = None,
    ) -> Provenance:
        """Return the provenance of a call made now on what this one made, of the same data."""
        return Provenance.of(
            call, options, seed=seed, data=data or self.data, evidence=self.evidence
        )


def _plain(value: Any) -> Any:
    """Keep plain data; name only the type of anything else, whose text could show a person."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return tuple(_plain(item) for item in value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return f"<{type(value).__name__}>"


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that compute, by name."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            # A package that is loaded says it itself; its papers take longer to read.
            found[name] = getattr(sys.modules.get(name), "__version__", None) or version(name)
        except PackageNotFoundError:  # run from a source tree that was never installed
            found[name] = "not installed"
    return found


_NOTE = Label(
    nb="Skjult: færre enn {n} personer (min_cell i mih.options), eller det som ellers ville røpet "
    "tallene for dem.",
    en="Hidden: fewer than {n} persons (min_cell of mih.options), or what would give their numbers "
    "away.",
)


def is_small(count: object) -> np.ndarray:
    """Tell which counts of persons are above zero and below `options(min_cell=)`.

    Nobody (0) is no small cell: it tells of no person.

    Examples
    --------
    >>> is_small([0, 1, 4, 5]).tolist()
    [False, True, True, False]
    """
    values = np.asarray(count, dtype=np.float64)
    return (values > 0) & (values < current().min_cell)


#: The largest part of a sum that one person may have.
DOMINANT = 0.5
#: Who more than so many are is not looked at, unless `options(min_cell=)` asks for more.
_MANY = 1_000


def are_many(giving: object) -> NDArray[np.bool_]:
    """Tell where so many have an amount that it need not be known who they are.

    Examples
    --------
    >>> are_many([1000, 1001]).tolist()
    [False, True]
    """
    return np.asarray(giving, dtype=np.float64) > max(_MANY, current().min_cell)


def persons_behind(giving: object, largest: object, total: object) -> NDArray[np.float64]:
    """Return on how many persons' amounts sums rest: on one, where a person has more than half.

    Parameters
    ----------
    giving, largest, total
        Who has an amount, the largest of a person, and the sum of all, without their signs.

    Examples
    --------
    >>> persons_behind([9, 9, 0], [50.0, 51.0, 0.0], [100.0, 100.0, 0.0]).tolist()
    [9.0, 1.0, 0.0]
    """
    n = np.asarray(giving, dtype=np.float64)
    # Sums are of doubles: two who have half each may be a rounding apart.
    dominated = np.asarray(largest) > (DOMINANT + 1e-12) * np.asarray(total)
    return np.where((n > 0) & dominated, 1.0, n)


def of_few(*counts: float) -> bool:
    """Tell whether fewer than `options(min_cell=)` persons, or none knows how many, are counted.

    Examples
    --------
    >>> of_few(5, 40), of_few(4, 40), of_few(float("nan"), 40)
    (False, True, True)
    """
    return not (np.array(counts) >= current().min_cell).all()


def require_many(what: str, *counts: float) -> None:
    """Raise where too few persons stand behind a figure for it to be drawn.

    Examples
    --------
    >>> require_many("the love plot", 3, 40)
    Traceback (most recent call last):
    ...
    mih_impact.errors.SupportError: There are too few persons for the love plot. Found: ...
    """
    if of_few(*counts):
        raise SupportError(
            f"There are too few persons for {what}",
            found=f"fewer than {current().min_cell} participants or controls",
            do="take more starters together; or, where the figure stays with those who may see it,"
            " draw it within mih.options(min_cell=1)",
        )


def hidden_note() -> str:
    """Return what stands under a table with hidden cells: why, and which option says so.

    Examples
    --------
    >>> hidden_note()[:56]
    'Skjult: færre enn 5 personer (min_cell i mih.options), e'
    """
    return _NOTE.format(n=number(current().min_cell)).text()


def naming_limit(text: Label) -> dict[str, str]:
    """Return a sentence on what is hidden, with the option that says what is too few.

    Examples
    --------
    >>> naming_limit(Label(nb="Skjult: for få.", en="Hidden: too few."))["en"]
    'Hidden: too few (min_cell=5).'
    """
    end = f" (min_cell={current().min_cell})."
    return {"nb": text.nb.rstrip(".") + end, "en": text.en.rstrip(".") + end}


def with_complement(hidden: NDArray[np.bool_], size: object) -> NDArray[np.bool_]:
    """Return `hidden` with more parts hidden, so that a total does not give the hidden ones away.

    Where a total is shown, one hidden part is what the others leave. Further parts are therefore
    hidden, the smallest first, until at least two are, and as many persons in them as a cell must
    have. Nobody (0) hides nobody.

    Parameters
    ----------
    hidden
        Which parts are hidden, shape (parts,), or (parts, totals) for several totals.
    size
        Persons in each part, of the same shape.

    Examples
    --------
    >>> with_complement(np.array([True, False, False]), [1, 60, 40]).tolist()
    [True, False, True]
    """
    out = np.array(hidden, dtype=bool)
    parts = out if out.ndim == 2 else out[:, None]
    persons = np.asarray(size, dtype=np.float64).reshape(parts.shape)
    least = current().min_cell
    for total in np.flatnonzero(parts.any(axis=0)).tolist():
        chosen, n = parts[:, total], persons[:, total]
        for k in np.argsort(n, kind="stable").tolist():
            if chosen.sum() >= 2 and n[chosen].sum() >= least:
                break
            chosen[k] |= n[k] > 0
    return out


def hide_small(frame: pd.DataFrame, counts: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return a copy with small counts, and what is built on them, blanked.

    Parameters
    ----------
    frame
        The table.
    counts
        For each column of counts, the columns that are built on those persons.

    Examples
    --------
    >>> hide_small(pd.DataFrame({"n": [3, 9], "mean": [1.0, 2.0]}), {"n": ["mean"]})
         n  mean
    0  NaN   NaN
    1  9.0   2.0
    """
    shown = frame.copy()
    for column, built in counts.items():
        small = is_small(frame[column])
        if small.any():
            for name in (column, *built):
                shown[name] = shown[name].astype(np.float64).mask(small)
    return shown


class Displayed(ABC):
    """Mixin of the frozen dataclasses that are displayed as a card.

    What is displayed is said in one method, `_card`; the summary, the repr and the view in a
    notebook are all made from that card, so they cannot disagree.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, eq=False)
    ... class Mean(Displayed):
    ...     value: float
    ...     def _card(self):
    ...         return Card(Label("Gjennomsnitt", "Mean").text(), (("=", str(self.value)),))
    >>> print(Mean(2.5).summary("en"))
    Mean
    ----
    =  2.5
    """

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        # A dataclass writes its own repr, which would print every array, unless the class itself
        # already has one: so each class is given the card's.
        if "__repr__" not in cls.__dict__:
            cls.__repr__ = Displayed.__repr__  # type: ignore[method-assign]
        # A figure writes its amounts as the card does: in the currency of the result.
        for name, drawing in list(cls.__dict__.items()):
            if name.startswith("plot") and callable(drawing):
                setattr(cls, name, _in_own_money(drawing))

    @abstractmethod
    def _card(self) -> Card:
        """Return what is the class's own on the card, in the language in force."""

    def summary(self, lang: Lang | None = None) -> str:
        """Return the card as text, in `lang` or in the language in force."""
        return self.card(lang).text()

    def __repr__(self) -> str:
        return self.summary()

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return self.card().html()

    def card(self, lang: Lang | None = None) -> Card:
        """Return the card, in `lang` or in the language in force: title, lines, table and notes.

        What no result may leave unsaid is among the notes: what is hidden, and what kind of data
        it rests on.
        """
        with in_language(lang), money_in(money_of(self)):
            card = self._card()
            unsaid = _hides(card) and not any("min_cell" in note for note in card.notes)
            more = (hidden_note() if unsaid else "", evidence_of(self))
        return replace(card, notes=(*card.notes, *filter(None, more)))


class NoContributors:
    """Says in place of `Result.contributors` why a class does not count them.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, eq=False)
    ... class Rate(Result):
    ...     table: pd.DataFrame
    ...     contributors = NoContributors("official rates are nobody's amounts")
    ...     def _card(self):
    ...         return Card("Rate")
    >>> Rate(pd.DataFrame()).contributors is None, Rate.contributors.why
    (True, "official rates are nobody's amounts")
    """

    def __init__(self, why: str) -> None:
        self.why = why

    @overload
    def __get__(self, result: None, of: type) -> NoContributors: ...
    @overload
    def __get__(self, result: object, of: type) -> None: ...
    def __get__(self, result: object | None, of: type) -> NoContributors | None:
        return self if result is None else None


class Result(Displayed):
    """Base of the frozen dataclasses that calls return: a card, a table and a file.

    A class with a field `table` need not say more than its card, and whose amounts it shows.
    """

    table: pd.DataFrame

    @property
    @abstractmethod
    def contributors(self) -> NDArray[np.float64] | None:
        """On how many persons' amounts each row rests; None where not known, or `NoContributors`.

        See `hidden.contributors`. What is thin by them the class blanks in `shown`.
        """

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table; the class says what its columns are."""
        return self.table.copy()

    @property
    def thin(self) -> NDArray[np.bool_]:
        """Which rows rest on the amounts of too few persons; one row where that is not known."""
        return is_small(0.0 if self.contributors is None else self.contributors)

    def shown(self) -> Self:
        """Return the result as it is displayed and saved: where persons are too few, blank."""
        return self

    def save(self, path: str | Path) -> Path:
        """Write the result as displayed to one file; `load` gives it back."""
        return save(self.shown(), path)


def _hides(card: Card) -> bool:
    """Return whether something on a card is hidden: a cell, a line, or part of a note."""
    cells = [] if card.table is None else [str(cell) for cell in card.table.to_numpy().ravel()]
    secret = hidden_too(None)
    texts = (*cells, *(value for _, value in card.lines), *card.notes)
    return any(text == secret or f"{secret} (" in text for text in texts)


def money_of(result: object) -> str:
    """Return the currency of a result's amounts: kroner, unless its provenance says another."""
    provenance = getattr(result, "provenance", None)
    found = provenance.options.get("currency") if isinstance(provenance, Provenance) else None
    return str(found or "NOK")


def _in_own_money(drawing: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that writes amounts in the currency of the result it is called on."""

    @wraps(drawing)
    def drawn(self: object, *args: Any, **options: Any) -> Any:
        with money_in(money_of(self)):
            return drawing(self, *args, **options)

    return drawn


def evidence_of(result: object) -> str:
    """Return what kind of data a result rests on, empty when its maker did not say."""
    provenance = getattr(result, "provenance", None)
    return (
        str(provenance.evidence.get(language(), "")) if isinstance(provenance, Provenance) else ""
    )
