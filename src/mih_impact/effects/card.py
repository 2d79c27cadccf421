"""The card of an effect series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mih_impact.controls.subgroups.split import ALL
from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import count, interval, number
from mih_impact.display.unit import AnyUnit, amount, zero_is_nothing
from mih_impact.effects.subgroups.rows import subgroup_table
from mih_impact.panel.contract import label_of

if TYPE_CHECKING:
    from mih_impact.effects.series import EffectSeries

__all__ = ["effects_card"]

_TITLES = {
    "event": Label(nb="Effekter per år siden oppstart", en="Effects by year since start"),
    "group": Label(nb="Effekter etter oppstartsår", en="Effects by start year"),
    "calendar": Label(nb="Effekter per kalenderår", en="Effects by calendar year"),
    "overall": Label(nb="Samlet effekt", en="Overall effect"),
}
_DIFFERENCES = Label(
    nb="Forskjell fra kontrollgruppen per år siden oppstart",
    en="Difference from the control group by year since start",
)
_YEAR = Label(nb="år {year}", en="year {year}")
_NOT_AVAILABLE = Label(
    nb="uten kovarians: standardfeil og intervall er ikke tilgjengelig",
    en="no covariance: standard errors and intervals are not available",
)
_SPEAKS_FOR = Label(
    nb="Effekten gjelder {matched} av {all} deltakere: de som inngår i sammenligningen.",
    en="The effect speaks for {matched} of {all} participants: those who are compared.",
)
_MATCHED_ON = Label(
    nb="Matchet på utfallet i år {years}: forskjellen er nær null der av konstruksjon.",
    en="Matched on the outcome in years {years}: the difference there is near zero by design.",
)
_MATCHED_ON_ONE = Label(
    nb=_MATCHED_ON.nb,
    en="Matched on the outcome in year {years}: the difference there is near zero by design.",
)
_LEFT_OUT = Label(
    nb="Oppstartsår der kjennetegnene ikke lar seg justere for, mangler i ett eller flere "
    "gjennomsnitt; n_lost teller deltakerne.",
    en="Start years whose models cannot be fitted are left out of one or more averages; n_lost "
    "counts their participants.",
)
_ESTIMATED_SCORE = Label(
    nb="Standardfeilene regner med at tilbøyeligheten til å delta er anslått.",
    en="Standard errors count the propensity score as estimated.",
)


#: Choices that change what an estimate means: option, value, what is said.
_UNUSUAL = (
    (
        "dead",
        "missing",
        Label(
            nb="Blant dem som lever og bor i landet: døde og utvandrede er ikke med.",
            en="Among survivors: the dead and emigrated are left out.",
        ),
    ),
    (
        "estimator",
        "difference",
        Label(
            nb="Forskjell i nivå: det som skilte gruppene før oppstart, er ikke trukket fra.",
            en="A difference in levels: what set the groups apart before start is not taken out.",
        ),
    ),
    (
        "composition",
        "balanced",
        Label(
            nb="Bare oppstartsår som ses i hele vinduet.",
            en="Only start years that are seen in the whole window.",
        ),
    ),
)
_NO_ZERO = Label(
    nb="Døde og utvandrede er ikke med for {outcomes}: null er der ikke det samme som ingenting.",
    en="The dead and emigrated are left out of {outcomes}, where zero is not nothing.",
)
_CLUSTERED = Label(
    nb="Standardfeilene er klynget etter {cluster}.",
    en="Standard errors are clustered by {cluster}.",
)


def effects_card(effects: EffectSeries, lang: Lang) -> Card:
    """Return the card of an effect series: three years since start of every outcome."""
    notes = []
    if effects.coverage and effects.subgroups[0] == ALL:
        notes.append(
            _SPEAKS_FOR.format(
                matched=count(effects.coverage["matched"], lang),
                all=count(effects.coverage["participants"], lang),
            ).text(lang)
        )
    if effects.matrix is None:
        notes.append(_NOT_AVAILABLE.text(lang))
    asked = effects.provenance.options
    notes += [text.text(lang) for option, value, text in _UNUSUAL if asked.get(option) == value]
    if asked.get("dead") == "zero":
        levels = [name for name, unit in effects.units.items() if not zero_is_nothing(unit)]
        names = Label(*(", ".join(label_of(n).text(own) for n in levels) for own in ("nb", "en")))
        notes += [_NO_ZERO.format(outcomes=names).text(lang)] if levels else []
    if asked.get("cluster", "person") != "person":
        notes.append(_CLUSTERED.format(cluster=label_of(str(asked["cluster"]))).text(lang))
    if (effects.frame["reason"] == "some_models_not_estimable").any():
        notes.append(_LEFT_OUT.text(lang))
    if effects.se == "abadie_imbens_2016":
        notes.append(_ESTIMATED_SCORE.text(lang))
    lines = []
    shown = effects.shown().frame
    for name in effects.outcomes:
        rows = shown[(shown["outcome"] == name) & (shown["subgroup"] == effects.subgroups[0])]
        after = rows[_on_card(effects, rows["level"])]
        after = after[after["n_participants"] != 0]  # a year without register rows
        unit, rows_of = effects.units[name], after.to_dict("records")
        text = "; ".join(_cell(row, unit, effects.term, lang) for row in rows_of)
        lines.append((label_of(name).text(lang), text))
    matched = sorted(
        {int(y) for y in effects.frame.loc[effects.frame["matched_on"], "year_since_start"]}
    )
    if matched:
        years = ", ".join(number(year, lang=lang) for year in matched)
        said = _MATCHED_ON if len(matched) > 1 else _MATCHED_ON_ONE
        notes.append(said.format(years=years).text(lang))
    table, more = subgroup_table(effects, lang)
    return Card(title=_title(effects, lang), lines=tuple(lines), table=table, notes=(*notes, *more))


def _title(effects: EffectSeries, lang: Lang) -> str:
    """Return what is shown, and of whom if of one subgroup."""
    parts = effects.split
    if parts is None or len(effects.subgroups) > 1:
        return _TITLES[effects.term].text(lang)
    title = (_DIFFERENCES if parts.conditional else _TITLES[effects.term]).text(lang)
    return f"{title}, {parts.label.text(lang)}: {parts.names[effects.subgroups[0]].text(lang)}"


def _on_card(effects: EffectSeries, level: pd.Series[Any]) -> pd.Series[Any]:
    """Return which rows the card shows: three years since start, or every level of others."""
    if effects.term != "event":
        return pd.Series(True, index=level.index)
    return level.isin((0, 3, effects.levels[-1]))


def _cell(row: Mapping[Any, Any], unit: AnyUnit, term: str, lang: Lang | None) -> str:
    """Return one estimate with its interval, for the card."""
    show = amount(unit, like=max(abs(row["estimate"]), np.nan_to_num(row["std_error"])))
    text = show(row["estimate"], lang=lang)
    if term == "event":
        text = f"{_YEAR.format(year=number(row['level'], lang=lang)).text(lang)}: {text}"
    elif term != "overall":
        text = f"{int(row['level'])}: {text}"  # a calendar year, without thousands separator
    if np.isfinite(row["std_error"]):
        text += f" ({interval(row['conf_low'], row['conf_high'], show, lang)})"
    return text
