"""Effects that cannot be given in kroner, weighed by the plus-minus method and never added.

The method of the state's guide to cost-benefit analysis asks two things of each effect: how much it
matters to society (importance) and how far the measure changes it (extent). A fixed matrix gives
the consequence, from ``----`` to ``++++``, with half steps such as ``+/++``. It is an ordinal sign
beside the account: two of them cannot be added, and none of them is worth an amount.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Literal, get_args

import pandas as pd

from mih_impact import arguments
from mih_impact.display.figure import (
    CONTROL,
    GRID,
    OKABE_ITO,
)
from mih_impact.display.layout import figure, finish
from mih_impact.display.locale import Label, capital
from mih_impact.display.numbers import MINUS
from mih_impact.display.result import Card
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.reference.rows import Status

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "CONSEQUENCES",
    "MATRIX_SOURCE",
    "NEVER_ADDED",
    "NON_PRICED_COLUMNS",
    "Extent",
    "Importance",
    "NonPriced",
    "consequence_of",
    "consequence_text",
    "non_priced_card",
    "non_priced_cells",
    "non_priced_frame",
    "plot_non_priced",
    "require_non_priced",
    "signs",
]

Importance = Literal["small", "medium", "large"]
"""How much what is affected matters to society."""

Extent = Literal[
    "large positive",
    "medium positive",
    "small positive",
    "none",
    "small negative",
    "medium negative",
    "large negative",
]
"""How far the measure changes it, against the reference alternative."""

# Rows are extents, columns importance small, medium, large, as the guide prints it.
_MATRIX: dict[str, tuple[str, str, str]] = {
    "large positive": ("+/++", "++/+++", "+++/++++"),
    "medium positive": ("0/+", "++", "++/+++"),
    "small positive": ("0", "0/+", "+/++"),
    "none": ("0", "0", "0"),
    "small negative": ("0", "0/-", "-/--"),
    "medium negative": ("0/-", "--", "--/---"),
    "large negative": ("-/--", "--/---", "---/----"),
}

MATRIX_SOURCE = Label(
    nb="pluss-minusmetoden i DFØs veileder i samfunnsøkonomiske analyser (2018), gjengitt i"
    " Oslo Economics 2021-42, figur 3-7",
    en="the plus-minus method of DFØ's guide to cost-benefit analysis (2018), as reproduced in"
    " Oslo Economics 2021-42, figure 3-7",
)

#: Every consequence of the scale, from the worst to the best, half steps between whole ones.
CONSEQUENCES: tuple[str, ...] = (
    "----", "---/----", "---", "--/---", "--", "-/--", "-", "0/-", "0",
    "0/+", "+", "+/++", "++", "++/+++", "+++", "+++/++++", "++++",
)  # fmt: skip

NON_PRICED_COLUMNS = [
    "name", "label", "whom", "importance", "extent", "consequence", "reason", "source", "status",
]  # fmt: skip


def consequence_of(importance: Importance, extent: Extent) -> str:
    """Return the consequence of an importance and an extent.

    Parameters
    ----------
    importance
        ``"small"``, ``"medium"`` or ``"large"``.
    extent
        ``"none"``, or ``"small"``, ``"medium"`` or ``"large"`` followed by ``"positive"`` or
        ``"negative"``.

    Returns
    -------
    str
        One of `CONSEQUENCES`, with ASCII plus and hyphen.

    Raises
    ------
    AssumptionError
        For an importance or an extent that the method does not have.

    References
    ----------
    DFØ, Veileder i samfunnsøkonomiske analyser (2018), the matrix of the plus-minus method, read
    in Oslo Economics 2021-42, Samfunnsøkonomisk vurdering av marginalisering og utenforskap,
    figure 3-7.

    Examples
    --------
    >>> consequence_of("large", "small positive"), consequence_of("medium", "medium negative")
    ('+/++', '--')
    """
    arguments.choice("A non-priced effect", "importance", importance, get_args(Importance))
    arguments.choice("A non-priced effect", "extent", extent, get_args(Extent))
    return _MATRIX[extent][get_args(Importance).index(importance)]


@dataclass(frozen=True, kw_only=True)
class NonPriced:
    """One effect that is not given in kroner, with how it is weighed and why.

    Parameters
    ----------
    name
        Short name in English, unique among the effects of a programme.
    label
        The displayed name.
    whom
        Who is affected.
    importance
        How much what is affected matters to society: ``"small"``, ``"medium"`` or ``"large"``.
    extent
        How far the measure changes it: ``"none"``, or ``"small"``, ``"medium"`` or ``"large"``
        followed by ``"positive"`` or ``"negative"``.
    reason
        Why it is weighed so.
    source
        Which documents name the effect, or that none does.
    status
        How sure we are of importance and extent.

    Raises
    ------
    OptionError
        No name, or an unknown importance, extent or status.
    AssumptionError
        A text that is empty in either language.

    Examples
    --------
    >>> calm = NonPriced(
    ...     name="calm", label=Label(nb="ro", en="calm"), whom=Label(nb="naboer", en="neighbours"),
    ...     importance="medium", extent="medium positive",
    ...     reason=Label(nb="Mindre støy.", en="Less noise."),
    ...     source=Label(nb="et eksempel", en="an example"))
    >>> calm.consequence
    '++'
    """

    name: str
    label: Label
    whom: Label
    importance: Importance
    extent: Extent
    reason: Label
    source: Label
    status: Status = "ASSUMED"

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise OptionError(
                "A non-priced effect has no name",
                found=f"name={arguments.shown(self.name)}",
                do="give a short name in English",
            )
        for field in fields(self):
            if field.name in ("label", "whom", "reason", "source"):
                _require_text(self.name, field.name, getattr(self, field.name))
        consequence_of(self.importance, self.extent)
        arguments.choice("A non-priced effect", "status", self.status, get_args(Status))

    @property
    def consequence(self) -> str:
        """The consequence by the matrix: one of `CONSEQUENCES`."""
        return consequence_of(self.importance, self.extent)


def require_non_priced(effects: Iterable[NonPriced]) -> tuple[NonPriced, ...]:
    """Return effects as a tuple, each of them a `NonPriced` and each name used once.

    Raises
    ------
    AssumptionError
        If one of them is something else, or two share a name.
    """
    listed = arguments.listed(effects)
    other = [each for each in listed or [None] if not isinstance(each, NonPriced)]
    if listed is None or (listed and other):
        raise OptionError(
            "Non-priced effects are a list of NonPriced",
            found=arguments.shown(other[0] if listed else effects),
            do="build each effect with mih.NonPriced(name=..., label=..., ...)",
        )
    names = [each.name for each in listed]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AssumptionError(
            "Several non-priced effects have one name",
            found=", ".join(twice),
            do="give each effect its own name",
        )
    return tuple(listed)


def non_priced_frame(effects: Sequence[NonPriced]) -> pd.DataFrame:
    """Return one row per effect, in the order given.

    Parameters
    ----------
    effects
        The effects.

    Returns
    -------
    DataFrame
        `name, label, whom, importance, extent, consequence, reason, source, status`. Texts only:
        there is nothing to add up.

    Raises
    ------
    AssumptionError
        If two effects share a name.
    """
    rows = [
        [
            each.name,
            each.label.text(),
            each.whom.text(),
            each.importance,
            each.extent,
            each.consequence,
            each.reason.text(),
            each.source.text(),
            each.status,
        ]
        for each in require_non_priced(effects)
    ]
    return pd.DataFrame(rows, columns=NON_PRICED_COLUMNS, dtype=object)


def _require_text(name: str, what: str, value: object) -> None:
    """Raise where a text is missing in either language; a reason in one alone is half a reason."""
    texts = (value.nb, value.en) if isinstance(value, Label) else ("", "")
    empty = [
        lang
        for lang, text in zip(("nb", "en"), texts, strict=True)
        if not isinstance(text, str) or not text.strip()
    ]
    if empty:
        raise AssumptionError(
            f"The non-priced effect {name!r} has no {what}",
            found=f"empty in {' and '.join(empty)}",
            do=f"give {what}=mih.Label(nb=..., en=...) with a text in both languages",
        )


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
_IMPORTANCE = dict(zip(("small", "medium", "large"), _SIZES[1:4], strict=True))
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
        nb="Betydning og omfang er skjønn, ikke hentet fra kildene. Det gjelder {names}.",
        en="Importance and extent are judgements, not taken from the sources. This holds for"
        " {names}.",
    ),
    "remembered": Label(
        nb="Betydning og omfang er ikke kontrollert mot kilde. Det gjelder {names}.",
        en="Importance and extent are not checked against a source. This holds for {names}.",
    ),
}
_ALL = Label(nb="alle virkningene", en="all the effects")
_NO_EFFECTS = Label(
    nb="Ingen ikke-prissatte virkninger er beskrevet. Det betyr ikke at de er null.",
    en="No non-priced effects are described. That does not mean that they are zero.",
)


def non_priced_card(effects: Sequence[NonPriced]) -> Card:
    """Return the plus-minus table as a card.

    Parameters
    ----------
    effects
        The effects, in the order they are shown.

    Returns
    -------
    Card
        A row per effect; beneath it what the signs are and are not, and a reason and source each.

    Raises
    ------
    AssumptionError
        If two effects share a name.
    """
    effects = require_non_priced(effects)
    if not effects:
        return Card(_TITLE.text(), notes=(_NO_EFFECTS.text(),))
    cells = non_priced_cells(effects)
    notes = (
        NEVER_ADDED.text(),
        *_unsure(effects),
        *_reasons(effects),
        _METHOD.format(source=MATRIX_SOURCE).text(),
    )
    shown = [_COLUMNS[column].text() for column in _WEIGHED]
    return Card(_TITLE.text(), table=cells[shown], notes=notes)


def non_priced_cells(effects: Sequence[NonPriced]) -> pd.DataFrame:
    """Return the whole plus-minus table as displayed text, columns named in the language.

    Parameters
    ----------
    effects
        The effects, in the order they are shown.

    Returns
    -------
    DataFrame
        Effect, whom, importance, extent, consequence, reason and source, for pages and documents.
    """
    rows = [
        {
            "label": capital(each.label.text()),
            "whom": each.whom.text(),
            "importance": _IMPORTANCE[each.importance].text(),
            "extent": _EXTENT[each.extent].text(),
            "consequence": signs(each.consequence),
            "reason": each.reason.text(),
            "source": each.source.text(),
        }
        for each in require_non_priced(effects)
    ]
    frame = pd.DataFrame(rows, columns=list(_COLUMNS), dtype=object)
    return frame.rename(columns={name: label.text() for name, label in _COLUMNS.items()})


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


def _unsure(effects: tuple[NonPriced, ...]) -> list[str]:
    """Return whose weighing is assumed or remembered."""
    texts = []
    for status, sentence in _UNSURE.items():
        names = [each.label.text() for each in effects if each.status == status]
        if names:
            named = _ALL.text() if len(names) == len(effects) else "; ".join(names)
            texts.append(sentence.format(names=named).text())
    return texts


def _reasons(effects: tuple[NonPriced, ...]) -> list[str]:
    """Return why each effect is weighed as it is, and who names it."""
    return [
        capital(
            _REASON.format(
                label=each.label, whom=each.whom, reason=each.reason, source=each.source
            ).text()
        )
        for each in effects
    ]


_NON_PRICED_TITLE = Label(nb="Virkninger som ikke er prissatt", en="Effects that are not priced")
_AXIS = Label(nb="Konsekvens", en="Consequence")
_SOURCE = Label(
    nb="Pluss-minusmetoden (DFØ); strek: halvt trinn. {never}",
    en="Plus-minus method (DFØ); line: a half step. {never}",
)
_JUDGED = Label(nb="Betydning og omfang er skjønn.", en="Importance and extent are judgements.")
_COLOURS = {"+": OKABE_ITO["blue"], "-": OKABE_ITO["vermillion"], "0": CONTROL}

#: Letters of an effect's name on one line.
_WIDTH = 24


def plot_non_priced(effects: Sequence[NonPriced], *, ax: Axes | None = None) -> Axes:
    """Draw each effect on the scale from four minuses to four pluses.

    Parameters
    ----------
    effects
        The effects, from the top down.
    ax
        Axes to draw in; None makes a figure.

    Returns
    -------
    Axes

    Raises
    ------
    AssumptionError
        Without effects, or if two share a name.
    """
    effects = require_non_priced(effects)
    if not effects:
        raise AssumptionError(
            "There are no non-priced effects to draw",
            found="0 effects",
            do="describe them with mih.NonPriced(...), or leave the figure out",
        )
    with figure(ax, size=(7.2, 2.0 + 0.4 * len(effects))) as ax:
        ax.grid(visible=False, axis="y")
        ax.grid(visible=True, axis="x", color=GRID, linewidth=0.8)
        ax.axvline(0, color="#222222", linewidth=0.8)
        for place, each in enumerate(effects):
            _mark(ax, place, each.consequence)
        names = [_name(each) for each in effects]
        ax.set_yticks(range(len(effects)), names)
        ax.set_ylim(len(effects) - 0.4, -0.6)
        ax.set_xlim(-4.4, 4.4)
        whole = [text for text in CONSEQUENCES if "/" not in text]
        ax.set_xticks(range(-4, 5), [signs(text) for text in whole])
        ax.set_xlabel(_AXIS.text())
        judged = [_JUDGED] if any(each.status == "ASSUMED" for each in effects) else []
        finish(
            ax, title=_NON_PRICED_TITLE, pad=12, names="rows", alt=_alt(effects),
            source=[_SOURCE.format(never=NEVER_ADDED), *judged])  # fmt: skip
    return ax


def _mark(ax: Axes, place: int, consequence: str) -> None:
    """Draw a whole step as a dot, a half step as the line between its two."""
    ends = [len(part.strip("0")) * (-1 if "-" in part else 1) for part in consequence.split("/")]
    colour = _COLOURS[consequence[-1]]
    ax.plot(ends, [place] * len(ends), "o-", color=colour, linewidth=5.0, markersize=8)


def _name(effect: NonPriced) -> str:
    text = effect.label.text()
    return textwrap.fill(text[:1].upper() + text[1:], _WIDTH)


def _alt(effects: tuple[NonPriced, ...]) -> str:
    parts = [f"{each.label.text()} {consequence_text(each.consequence).text()}" for each in effects]
    return f"{_NON_PRICED_TITLE.text()}: {'; '.join(parts)}."
