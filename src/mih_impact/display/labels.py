"""A text in both languages, kept beside the code it serves."""

from __future__ import annotations

from dataclasses import dataclass

from mih_impact.display.options import Lang, language
from mih_impact.storage import saveable

__all__ = ["Label", "Lang", "capital"]


@saveable("Label")
@dataclass(frozen=True)
class Label:
    """One displayed text in bokmål and English.

    Parameters
    ----------
    nb, en
        The text in bokmål and in English; may hold ``{named}`` places for `format`.

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

    def text(self, lang: Lang | None = None) -> str:
        """Return the text in `lang`, or in the language in force when it is None."""
        return self.nb if language(lang) == "nb" else self.en

    def format(self, **values: object) -> Label:
        """Fill the ``{named}`` places; a value that is a label is filled in each language."""
        return Label(nb=_fill(self.nb, "nb", values), en=_fill(self.en, "en", values))


def _fill(template: str, lang: Lang, values: dict[str, object]) -> str:
    texts = {
        name: value.text(lang) if isinstance(value, Label) else value
        for name, value in values.items()
    }
    return template.format(**texts)


def capital(text: str) -> str:
    """Return a text that begins with a capital letter.

    Examples
    --------
    >>> capital("øre")
    'Øre'
    """
    return text[:1].upper() + text[1:]
