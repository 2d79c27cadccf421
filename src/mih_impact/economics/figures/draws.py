"""What the figures of draws share: whose they are, and the line beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import number
from mih_impact.economics.figures.parts import beneath

if TYPE_CHECKING:
    from mih_impact.economics.uncertainty.result import Uncertainty

__all__ = ["ASKED", "drawn_from"]

#: Those whose odds are asked for.
ASKED = ("society", "public", "state", "municipality")
_DRAWS = Label(nb="{n} trekninger.", en="{n} draws.")
_NOT_SELECTION = Label(
    nb="Skjev utvelgelse er ikke med.", en="Selection on what is not seen is not in it."
)
_ONLY = Label(
    nb="Effektene har ingen kovarians: bare forutsetningene varierer.",
    en="The effects have no covariance: only the assumptions vary.",
)


def drawn_from(uncertainty: Uncertainty, lang: Lang, *notes: Label) -> str:
    """Return the line beneath: the account, the data, the draws, and what is not in them."""
    n = uncertainty.n
    draws = _DRAWS.format(n=Label(nb=number(n, lang="nb"), en=number(n, lang="en")))
    only = (_ONLY,) if uncertainty.kind == "none" else ()
    return beneath(uncertainty.basis, uncertainty, lang, draws, *notes, *only, _NOT_SELECTION)
