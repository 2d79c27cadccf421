"""What `read_panel` is told: names and codes, in which prices, and what kind of data it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, SupportsFloat, get_args

from mih_impact import arguments
from mih_impact.display.labels import Label, Lang
from mih_impact.display.unit import is_money
from mih_impact.errors import PanelContractError
from mih_impact.reference.prices import PriceIndex, adding

__all__ = ["evidence_given", "names_given", "prices_given", "says_missing", "word_of"]

_SCALAR = (str, bool, int, float)


def names_given(columns: Any, values: Any) -> None:
    """Raise where `columns=` or `values=` is not what its name says.

    Raises
    ------
    PanelContractError
    """
    error = PanelContractError
    example = '{"wage_income": "lonn"}'
    if columns is not None:
        named = arguments.mapping("columns", columns, example, error=error)
        wrong = [each for pair in named.items() for each in pair if not isinstance(each, str)]
        if wrong:
            raise error(
                "columns= gives our name -> the register's, both of them text",
                found=arguments.shown(wrong[0]),
                do=f"give for example columns={example}",
            )
    example = '{"sex": {1: "man", 2: "woman"}}'
    if values is None:
        return
    for name, codes in arguments.mapping("values", values, example, error=error).items():
        each = f"values[{arguments.shown(name)}]"
        pairs = arguments.mapping(each, codes, '{1: "man", 2: "woman"}', error=error)
        fits = all(_is_scalar(code) and _is_scalar(value) for code, value in pairs.items())
        if not isinstance(name, str) or not pairs or not fits:
            raise error(
                "values= gives our name -> {code in the register: value}",
                found=f"{arguments.shown(name)}: {arguments.shown(dict(pairs))}",
                do=f"give for example values={example}; None is no value",
            )


def word_of(value: Any) -> str | None:
    """Return a code, or what a code means, as text; None is no value."""
    plain = value.item() if hasattr(value, "item") else value
    if plain is None or plain != plain:
        return None
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, float) and plain.is_integer():
        return str(int(plain))
    return str(plain)


def says_missing(codes: Mapping[Any, Any] | None) -> bool:
    """Return whether a recoding only says which values mean that there is none.

    The other values are then what they are, and need not be named.
    """
    return codes is not None and all(word_of(value) is None for value in codes.values())


def _is_scalar(value: Any) -> bool:
    """Return whether a value can be a code, or what a code means; None is no value."""
    return value is None or isinstance(value, _SCALAR) or hasattr(value, "item")


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


def _remedy(index: PriceIndex, price_year: int) -> str:
    """Return what to do about a price year that an index lacks."""
    if index.shipped:
        return f"choose a year within it, or add years: index={adding([price_year])}"
    return (
        f"give {price_year} in index= too: it takes the place of the shipped index; or add the "
        f"years to that: index={adding([*index.years, price_year])}"
    )


def prices_given(
    money: str,
    price_year: int,
    currency: str,
    index: PriceIndex | Mapping[int, SupportsFloat] | None,
) -> PriceIndex | None:
    """Return the index of a nominal panel, None for fixed prices; refuse contradictions."""
    error = PanelContractError
    if not isinstance(money, str) or money not in ("nominal", "fixed"):
        raise error(
            "money= has a value it cannot have",
            found=arguments.shown(money),
            do='use "nominal" or "fixed"',
        )
    if not isinstance(currency, str) or not is_money(currency):
        raise error(
            "A currency is given by its ISO code",
            found=f"currency={arguments.shown(currency)}",
            do='give three capital letters, such as currency="NOK"',
        )
    arguments.whole("price_year", price_year, low=1, error=error)
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
    if price_year not in index.years:
        raise PanelContractError(
            f"There is no {index.name} for the price year {arguments.shown(price_year)}",
            found=f"an index for {index.range}",
            do=_remedy(index, int(price_year))
            + '; if the money is in fixed prices already, give money="fixed"',
        )
    return index
