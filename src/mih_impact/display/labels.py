"""A text in both languages, kept beside the code it serves."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mih_impact.arguments import shown
from mih_impact.display.options import Lang, language
from mih_impact.errors import OptionError
from mih_impact.storage import saveable

__all__ = ["UNFIT", "Label", "Lang", "capital"]

#: Characters that neither XML nor a PDF can hold, and halves of characters.
UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@saveable("Label")
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

    def format(self, **values: object) -> Label:
        """Fill the ``{named}`` places; a value that is a label is filled in each language.

        A value may come from a register: a character in it that no document can hold is filled in
        as the replacement character, U+FFFD.
        """
        return Label(nb=_fill(self.nb, "nb", values), en=_fill(self.en, "en", values))


def _fill(template: str, lang: Lang, values: dict[str, object]) -> str:
    texts = {
        name: value.text(lang) if isinstance(value, Label) else value
        for name, value in values.items()
    }
    return UNFIT.sub("\N{REPLACEMENT CHARACTER}", template.format(**texts))


def capital(text: str) -> str:
    """Return a text that begins with a capital letter.

    Examples
    --------
    >>> capital("øre")
    'Øre'
    """
    return text[:1].upper() + text[1:]
