"""The plus-minus table: non-priced effects as a reader sees them, beside the account."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pandas as pd

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang, capital
from mih_impact.display.numbers import MINUS
from mih_impact.display.options import language
from mih_impact.economics.non_priced.effect import (
    CONSEQUENCES,
    MATRIX_SOURCE,
    NonPriced,
    require_non_priced,
)

__all__ = ["NEVER_ADDED", "consequence_text", "non_priced_card", "non_priced_cells", "signs"]

_TITLE = Label(
    nb="Ikke-prissatte virkninger, etter pluss-minusmetoden",
    en="Non-priced effects, by the plus-minus method",
)
_COLUMNS = {
    "label": Label(nb="Virkning", en="Effect"),
    "whom": Label(nb="Hvem", en="Whom"),
    "importance": Label(nb="Betydning", en="Importance"),
    "extent": Label(nb="Omfang", en="Extent"),
    "consequence": Label(nb="Konsekvens", en="Consequence"),
    "reason": Label(nb="Begrunnelse", en="Reason"),
    "source": Label(nb="Kilde", en="Source"),
}
#: What fits side by side in a terminal; whom, reason and source stand beneath.
_WEIGHED = ("label", "importance", "extent", "consequence")
_REASON = Label(
    nb="{label} ({whom}): {reason} Kilde: {source}.",
    en="{label} ({whom}): {reason} Source: {source}.",
)
_IMPORTANCE = {
    "small": Label(nb="liten", en="small"),
    "medium": Label(nb="middels", en="medium"),
    "large": Label(nb="stor", en="large"),
}
_EXTENT = {
    "large positive": Label(nb="stort positivt", en="large positive"),
    "medium positive": Label(nb="middels positivt", en="medium positive"),
    "small positive": Label(nb="lite positivt", en="small positive"),
    "none": Label(nb="intet", en="none"),
    "small negative": Label(nb="lite negativt", en="small negative"),
    "medium negative": Label(nb="middels negativt", en="medium negative"),
    "large negative": Label(nb="stort negativt", en="large negative"),
}
_SIZES = (
    Label(nb="ubetydelig", en="negligible"),
    Label(nb="liten", en="small"),
    Label(nb="middels", en="medium"),
    Label(nb="stor", en="large"),
    Label(nb="meget stor", en="very large"),
)
_TO = Label(nb="{low} til {high}", en="{low} to {high}")
_SIGNED = {
    "+": Label(nb="{size} positiv", en="{size} positive"),
    "-": Label(nb="{size} negativ", en="{size} negative"),
}

NEVER_ADDED = Label(
    nb="Tegnene sier retning og rangering, ikke kroner. De kan ikke summeres og inngår ikke i"
    " netto nåverdi.",
    en="The signs give direction and rank, not kroner. They cannot be added up and are no part of"
    " net present value.",
)
_METHOD = Label(nb="Metode: {source}.", en="Method: {source}.")
_UNSURE = {
    "ASSUMED": Label(
        nb="Betydning og omfang er våre vurderinger, ikke kildenes. Det gjelder {names}.",
        en="Importance and extent are our judgements, not the sources'. This holds for {names}.",
    ),
    "remembered": Label(
        nb="Betydning og omfang er gjengitt etter hukommelsen, ikke kontrollert. Det gjelder"
        " {names}.",
        en="Importance and extent are from memory, not checked. This holds for {names}.",
    ),
}
_ALL = Label(nb="alle virkningene", en="all the effects")
_NO_EFFECTS = Label(
    nb="Ingen ikke-prissatte virkninger er beskrevet. Det betyr ikke at de er null.",
    en="No non-priced effects are described. That does not mean that they are zero.",
)


def non_priced_card(effects: Sequence[NonPriced], lang: Lang | None = None) -> Card:
    """Return the plus-minus table as a card.

    Parameters
    ----------
    effects
        The effects, in the order they are shown.
    lang
        Language; None is the one in force.

    Returns
    -------
    Card
        A row per effect; beneath it what the signs are and are not, and a reason and source each.

    Raises
    ------
    AssumptionError
        If two effects share a name.
    """
    lang = language(lang)
    effects = require_non_priced(effects)
    if not effects:
        return Card(_TITLE.text(lang), notes=(_NO_EFFECTS.text(lang),))
    cells = non_priced_cells(effects, lang)
    notes = (
        NEVER_ADDED.text(lang),
        *_unsure(effects, lang),
        *_reasons(effects, lang),
        _METHOD.format(source=MATRIX_SOURCE).text(lang),
    )
    shown = [_COLUMNS[column].text(lang) for column in _WEIGHED]
    return Card(_TITLE.text(lang), table=cells[shown], notes=notes)


def non_priced_cells(effects: Sequence[NonPriced], lang: Lang | None = None) -> pd.DataFrame:
    """Return the whole plus-minus table as displayed text, columns named in the language.

    Parameters
    ----------
    effects
        The effects, in the order they are shown.
    lang
        Language; None is the one in force.

    Returns
    -------
    DataFrame
        Effect, whom, importance, extent, consequence, reason and source, for pages and documents.
    """
    lang = language(lang)
    rows = [
        {
            "label": capital(each.label.text(lang)),
            "whom": each.whom.text(lang),
            "importance": _IMPORTANCE[each.importance].text(lang),
            "extent": _EXTENT[each.extent].text(lang),
            "consequence": signs(each.consequence),
            "reason": each.reason.text(lang),
            "source": each.source.text(lang),
        }
        for each in require_non_priced(effects)
    ]
    frame = pd.DataFrame(rows, columns=list(_COLUMNS), dtype=object)
    return frame.rename(columns={name: label.text(lang) for name, label in _COLUMNS.items()})


def signs(consequence: str) -> str:
    """Return a consequence as it is shown: with minus signs, which are as wide as a plus.

    Examples
    --------
    >>> signs("-/--") == "\N{MINUS SIGN}/\N{MINUS SIGN}\N{MINUS SIGN}"
    True
    """
    return consequence.replace("-", MINUS)


@cache
def consequence_text(consequence: str) -> Label:
    """Return a consequence in words.

    Examples
    --------
    >>> consequence_text("+/++").en, consequence_text("----").nb, consequence_text("0").en
    ('small to medium positive', 'meget stor negativ', 'negligible')
    """
    if consequence not in CONSEQUENCES:
        raise KeyError(consequence)
    sizes = [_SIZES[len(part.replace("0", ""))] for part in consequence.split("/")]
    size = sizes[0] if len(sizes) == 1 else _TO.format(low=sizes[0], high=sizes[1])
    return size if consequence == "0" else _SIGNED[consequence[-1]].format(size=size)


def _unsure(effects: tuple[NonPriced, ...], lang: Lang) -> list[str]:
    """Return whose weighing is assumed or remembered."""
    texts = []
    for status, sentence in _UNSURE.items():
        names = [each.label.text(lang) for each in effects if each.status == status]
        if names:
            named = _ALL.text(lang) if len(names) == len(effects) else "; ".join(names)
            texts.append(sentence.format(names=named).text(lang))
    return texts


def _reasons(effects: tuple[NonPriced, ...], lang: Lang) -> list[str]:
    """Return why each effect is weighed as it is, and who names it."""
    return [
        capital(
            _REASON.format(
                label=each.label, whom=each.whom, reason=each.reason, source=each.source
            ).text(lang)
        )
        for each in effects
    ]
