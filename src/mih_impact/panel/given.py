"""What `read_panel` is told beside the columns: in which prices, and what kind of data it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import SupportsFloat, get_args

from mih_impact.display.labels import Label, Lang
from mih_impact.errors import PanelContractError
from mih_impact.reference.prices import PriceIndex

__all__ = ["evidence_given", "prices_given"]


def evidence_given(given: Label | Mapping[Lang, str]) -> dict[str, str]:
    """Return what kind of data this is by language, or raise where one language is missing."""
    if isinstance(given, Label):
        return {"nb": given.nb, "en": given.en}
    languages = get_args(Lang)
    if not isinstance(given, Mapping) or {*given} != {*languages}:
        raise PanelContractError(
            "evidence= says what kind of data this is, in both languages",
            found=repr(given),
            do='give {"nb": "registerdata ...", "en": "register data ..."}',
        )
    return {lang: str(given[lang]) for lang in languages}


def prices_given(
    money: str,
    price_year: int,
    currency: str,
    index: PriceIndex | Mapping[int, SupportsFloat] | None,
) -> PriceIndex | None:
    """Return the index of a nominal panel, None for fixed prices; refuse contradictions."""
    if money not in ("nominal", "fixed"):
        raise PanelContractError(
            "money= has a value it cannot have", found=repr(money), do='use "nominal" or "fixed"'
        )
    if money == "fixed":
        if index is not None:
            raise PanelContractError(
                "Money in fixed prices needs no price index: it would be deflated twice",
                found='money="fixed" and index=',
                do='drop index=, or use money="nominal"',
            )
        return None
    if index is None and currency != "NOK":
        raise PanelContractError(
            "The shipped consumer price index is Norwegian",
            found=f"nominal money in {currency}",
            do=f'pass index={{year: value}} for {currency}, or money="fixed"',
        )
    if index is None:
        index = PriceIndex.kpi()
    elif not isinstance(index, PriceIndex):
        index = PriceIndex.from_mapping(index)
    index.factors([], price_year)  # raises, naming the range, when the price year has no index
    return index
