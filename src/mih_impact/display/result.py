"""What every result has in common: one card, shown as text, in the terminal and in a notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

from mih_impact.display.card import Card
from mih_impact.display.numbers import hidden_too
from mih_impact.display.options import Lang, language
from mih_impact.display.provenance import Provenance
from mih_impact.display.small_cells import hidden_note

__all__ = ["Result", "evidence_of"]


class Result(ABC):
    """Mixin of the frozen dataclasses that calls return.

    A result says what it is through one method, `_card`; its summary, its repr and its view in a
    notebook are all made from that card, so they cannot disagree.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, eq=False)
    ... class Mean(Result):
    ...     value: float
    ...     def _card(self, lang):
    ...         return Card("Mean" if lang == "en" else "Gjennomsnitt", (("=", str(self.value)),))
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
            cls.__repr__ = Result.__repr__  # type: ignore[method-assign]

    @abstractmethod
    def _card(self, lang: Lang) -> Card:
        """Return the card of this result in `lang`."""

    def summary(self, lang: Lang | None = None) -> str:
        """Return the card as text, in `lang` or in the language in force."""
        return self._whole_card(language(lang)).text()

    def __repr__(self) -> str:
        return self.summary()

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        lang = language()
        return self._whole_card(lang).html(lang)

    def _whole_card(self, lang: Lang) -> Card:
        """Return the card with what no result may leave unsaid: what is hidden, and the data."""
        card = self._card(lang)
        unsaid = _hides(card, lang) and not any("min_cell" in note for note in card.notes)
        more = (hidden_note(lang) if unsaid else "", evidence_of(self, lang))
        return replace(card, notes=(*card.notes, *filter(None, more)))


def _hides(card: Card, lang: Lang) -> bool:
    """Return whether something on a card is hidden: a cell, a line, or part of a note."""
    cells = [] if card.table is None else [str(cell) for cell in card.table.to_numpy().ravel()]
    secret = hidden_too(None, lang)
    texts = (*cells, *(value for _, value in card.lines), *card.notes)
    return any(text == secret or f"{secret} (" in text for text in texts)


def evidence_of(result: object, lang: Lang) -> str:
    """Return what kind of data a result rests on, empty when its maker did not say."""
    provenance = getattr(result, "provenance", None)
    return str(provenance.evidence.get(lang, "")) if isinstance(provenance, Provenance) else ""
