"""Effects that cannot be given in kroner, weighed by the plus-minus method and never added.

The method of the state's guide to cost-benefit analysis asks two things of each effect: how much it
matters to society (importance) and how far the measure changes it (extent). A fixed matrix gives
the consequence, from ``----`` to ``++++``, with half steps such as ``+/++``. It is an ordinal sign
beside the account: two of them cannot be added, and none of them is worth an amount.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Literal, get_args

import pandas as pd

from mih_impact import arguments
from mih_impact.display.labels import Label, Lang
from mih_impact.display.options import language
from mih_impact.economics.checks import nearest
from mih_impact.errors import AssumptionError
from mih_impact.reference.rows import Status
from mih_impact.storage import saveable

__all__ = [
    "CONSEQUENCES",
    "MATRIX_SOURCE",
    "MATRIX_STATUS",
    "NON_PRICED_COLUMNS",
    "Extent",
    "Importance",
    "NonPriced",
    "consequence_of",
    "non_priced_frame",
    "require_non_priced",
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

MATRIX_STATUS: Status = "seen"
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
    _require("importance", importance, get_args(Importance))
    _require("extent", extent, get_args(Extent))
    return _MATRIX[extent][get_args(Importance).index(importance)]


@saveable("NonPriced")
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
    AssumptionError
        For an unknown importance, extent or status, or a text that is empty in either language.

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
            raise AssumptionError(
                "A non-priced effect has no name",
                found=f"name={arguments.shown(self.name)}",
                do="give a short name in English",
            )
        for field in fields(self):
            if field.name in ("label", "whom", "reason", "source"):
                _require_text(self.name, field.name, getattr(self, field.name))
        consequence_of(self.importance, self.extent)
        _require("status", self.status, get_args(Status))

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
        raise AssumptionError(
            "Non-priced effects are a list of NonPriced",
            found=arguments.shown(other[0] if listed else effects),
            do="build each effect with NonPriced(name=..., label=..., ...)",
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


def non_priced_frame(effects: Sequence[NonPriced], lang: Lang | None = None) -> pd.DataFrame:
    """Return one row per effect, in the order given.

    Parameters
    ----------
    effects
        The effects.
    lang
        Language of label, whom, reason and source; None is the one in force.

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
    lang = language(lang)
    rows = [
        [
            each.name,
            each.label.text(lang),
            each.whom.text(lang),
            each.importance,
            each.extent,
            each.consequence,
            each.reason.text(lang),
            each.source.text(lang),
            each.status,
        ]
        for each in require_non_priced(effects)
    ]
    return pd.DataFrame(rows, columns=NON_PRICED_COLUMNS, dtype=object)


def _require(what: str, value: object, known: tuple[str, ...]) -> None:
    if not arguments.is_one_of(value, known):
        raise AssumptionError(
            f"A non-priced effect has no {what} {arguments.shown(value)}",
            found=f"{what}={arguments.shown(value)}",
            do=f"use one of {', '.join(map(repr, known))}{nearest(value, known)}",
        )


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
            do=f"give {what}=Label(nb=..., en=...) with a text in both languages",
        )
