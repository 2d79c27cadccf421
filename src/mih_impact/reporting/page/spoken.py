"""Statuses, values and sources of assumptions in words, as the page and the notebook show them."""

from __future__ import annotations

import re
from typing import Any

from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import number
from mih_impact.economics.labels import amount_of

__all__ = ["STATUSES", "about", "shown", "source_label"]

STATUSES = {
    "seen": Label(nb="Lest i kilden", en="Read in the source"),
    "derived": Label(nb="Utledet av kilder", en="Derived from sources"),
    "remembered": Label(
        nb="Gjengitt etter hukommelsen, ikke kontrollert", en="From memory, not checked"
    ),
    "ASSUMED": Label(nb="Antatt", en="Assumed"),
    "not found": Label(nb="Ikke funnet", en="Not found"),
    "choice": Label(nb="Et valg", en="A choice"),
}

_NOK = Label(nb="{n}\u00a0kr", en="NOK\u00a0{n}")
_ABOUT = Label(
    nb="Spenn {low} til {high}{whence}. {status}: {source}.",
    en="Range {low} to {high}{whence}. {status}: {source}.",
)
_WIDENED = Label(nb="utvidet til analytikerens egen verdi", en="widened to the analyst's own value")

#: Sources that are sentences of ours; those that name a document are the same in both languages.
_SOURCES = {
    "the reader's own choice": "leserens eget",
    "from nobody to the double": "fra ingen til det dobbelte",
    "the sum of the programme's cost items": "summen av tiltakets kostnadsposter",
    "the sum of the items' own ranges": "summen av postenes egne spenn",
    "the range is ours": "vårt eget",
    "the range is ours: two points either way": "vårt eget: to prosentpoeng hver vei",
    "all that it can be": "alt det kan være",
    "the posts are budgeted anyway": "stillingene er budsjettert uansett",
    "job-seekers have a duty to be available for work": (
        "arbeidssøkere har plikt til å være tilgjengelige for arbeid"
    ),
    "nobody is pushed out of a post": "ingen mister en stilling til en deltaker",
    "the control group has removed selection on what a register sees": (
        "kontrollgruppen har fjernet utvelgelse på det et register ser"
    ),
    "no study of this programme gives one": "ingen studie av tiltaket oppgir den",
    "without a source": "vårt valg, uten kilde",
    "until the mean starter is 67": "til deltakerne i snitt er 67 år",
    "40 years": "vårt eget: 40 år",
    "the analyst's own value": "analytikerens egen verdi",
    "the analyst's own range": "analytikerens eget spenn",
    "left out of the simplified account": "holdt utenfor det forenklede regnskapet",
    "the row of the reference table": "referansetabellen",
}
_OURS = re.compile(r"^ours[:,] ")
_DOCUMENT = re.compile(r"R-109/2021[0-9., ]*")


def source_label(source: str) -> Label | None:
    """Return a source in both languages; None if it is a text of the analyst's, in one.

    Examples
    --------
    >>> source_label("ours: nobody is pushed out of a post").nb
    'ingen mister en stilling til en deltaker'
    >>> source_label("R-109/2021, 7.1").nb, source_label("a report of my own")
    ('R-109/2021, 7.1', None)
    """
    parts = [_OURS.sub("", part, count=1) for part in source.split("; ")]
    known = [
        _WIDENED
        if part == _WIDENED.en
        else Label(nb=_SOURCES[part], en=part.replace("the range is ours", "our own"))
        if part in _SOURCES
        else Label(nb=part, en=part)
        if _DOCUMENT.fullmatch(part)
        else None
        for part in parts
    ]
    if None in known:
        return None
    return Label(
        nb="; ".join(label.nb for label in known if label),
        en="; ".join(label.en for label in known if label),
    )


def shown(value: float, unit: str, lang: Lang) -> str:
    """Return the value of a slider as it is shown.

    Examples
    --------
    >>> shown(500.0, "persons", "en"), shown(0.04, "per year, real", "en")
    ('500', '4%')
    """
    if unit == "persons":
        return number(value, 0 if float(value).is_integer() else 1, lang)
    if unit == "NOK per NOK":
        return _NOK.text(lang).format(n=number(value, 2, lang))
    return amount_of(value, unit, lang)


def about(slider: dict[str, Any], lang: Lang) -> tuple[str, str | None]:
    """Return what a slider rests on, in a sentence; and its source, where only in one language."""
    unit = slider["unit"]
    source, whence = source_label(slider["source"]), source_label(slider["range_source"])
    text = _ABOUT.text(lang).format(
        low=shown(slider["low"], unit, lang),
        high=shown(slider["high"], unit, lang),
        whence="" if whence is None else f" ({whence.text(lang)})",
        status=STATUSES[slider["status"]].text(lang),
        source="" if source is None else source.text(lang),
    )
    return (text, None) if source else (text.removesuffix(": ."), slider["source"])
