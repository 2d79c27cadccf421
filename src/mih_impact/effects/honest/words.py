"""Title and sentence of honest bounds, in both languages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import NOT_AVAILABLE, currency, number, percent
from mih_impact.display.unit import SHARE, AnyUnit, amount, is_money
from mih_impact.panel.contract import label_of

__all__ = ["at_most", "sentence", "show_m", "title"]

_TITLE = Label(
    nb="Robuste grenser for effekten på {outcome}, {which}",
    en="Honest bounds on the effect on {outcome}, {which}",
)
_ONE = Label(nb="år {years}", en="year {years}")
_AVERAGE = Label(nb="gjennomsnitt av år {years}", en="average of years {years}")
_SUM = Label(nb="vektet sum av år {years}", en="weighted sum of years {years}")
_HOLDS = {
    "relative_magnitudes": Label(
        nb="Effekten er forskjellig fra null så lenge avviket fra parallelle trender etter "
        "oppstart, fra ett år til det neste, er høyst {M} ganger det største før oppstart.",
        en="The effect differs from zero as long as the deviation from parallel trends after "
        "start, from one year to the next, is at most {M} times the largest before start.",
    ),
    "smoothness": Label(
        nb="Effekten er forskjellig fra null så lenge avviket fra parallelle trender endrer "
        "stigning med høyst {M} fra ett år til det neste.",
        en="The effect differs from zero as long as the slope of the deviation from parallel "
        "trends changes by at most {M} from one year to the next.",
    ),
}
_FAILS = {
    "relative_magnitudes": Label(
        nb="Effekten kan ikke skilles fra null, selv med parallelle trender etter oppstart.",
        en="The effect cannot be told from zero, even with parallel trends after start.",
    ),
    "smoothness": Label(
        nb="Effekten kan ikke skilles fra null, selv om avviket fra parallelle trender følger en "
        "rett linje.",
        en="The effect cannot be told from zero, even if the deviation from parallel trends is a "
        "straight line.",
    ),
}
_MATCHED = Label(
    nb=" Matchede år før oppstart ({years}) sier ingenting om trenden og er holdt utenfor.",
    en=" Matched years before start ({years}) say nothing of the trend and are left out.",
)
_AHEAD = Label(
    nb=" Deltakerne kan ha reagert på forhånd: alt fra og med år {first} regnes som etter "
    "oppstart.",
    en=" Participants may have responded in advance: all from year {first} on counts as after "
    "start.",
)


def title(outcome: str, post: Sequence[int], weights: Sequence[float]) -> dict[str, str]:
    """Return what is bounded, in words."""
    used = [(int(year), w) for year, w in zip(post, weights, strict=True) if w]
    years = [year for year, _ in used]
    if len(years) == 1 and used[0][1] == 1.0:
        which = _ONE
    elif all(math.isclose(w, 1.0 / len(years)) for _, w in used):
        which = _AVERAGE
    else:
        which = _SUM
    run = years == list(range(years[0], years[-1] + 1)) and len(years) > 1
    text = f"{years[0]}–{years[-1]}" if run else ", ".join(map(str, years))
    label = _TITLE.format(outcome=label_of(outcome), which=which.format(years=text))
    return {"nb": label.nb, "en": label.en}


def sentence(
    restriction: str,
    unit: AnyUnit,
    breakdown: float,
    *,
    matched: Sequence[int],
    anticipation: int = 0,
) -> dict[str, str]:
    """Return the breakdown value in words; it is rounded down, so that the sentence is true."""

    def text(lang: Lang) -> str:
        holds = breakdown == breakdown
        label = (_HOLDS if holds else _FAILS)[restriction]
        first = label.format(M=at_most(breakdown, restriction, unit, lang)).text(lang)
        if anticipation:
            first += _AHEAD.format(first=number(-anticipation, lang=lang)).text(lang)
        if not matched:
            return first
        years = ", ".join(number(year, lang=lang) for year in matched)
        return first + _MATCHED.format(years=years).text(lang)

    return {"nb": text("nb"), "en": text("en")}


def at_most(M: float, restriction: str, unit: AnyUnit, lang: Lang) -> str:
    """Show a breakdown value rounded down to two digits; what is not a number is not available."""
    if not M > 0.0:
        return NOT_AVAILABLE
    digit = 10.0 ** (math.floor(math.log10(M)) - 1)
    return show_m(math.floor(M / digit + 1e-9) * digit, restriction, unit, lang)


def show_m(M: Any, restriction: str, unit: AnyUnit, lang: Lang) -> str:
    """Show one M with as many decimals as it has, up to three, or as fit its unit."""
    smooth = restriction == "smoothness"
    if smooth and not is_money(unit) and str(unit) != SHARE:
        return amount(unit)(M, lang=lang)
    scale = 100.0 if smooth and str(unit) == SHARE else 1.0
    whole = (d for d in range(3) if math.isclose(M * scale, round(M * scale, d), abs_tol=1e-9))
    decimals = next(whole, 3)
    if not smooth:
        return number(M, decimals, lang)
    if str(unit) == SHARE:
        return percent(M, decimals, lang)
    return currency(M, str(unit), lang, decimals)
