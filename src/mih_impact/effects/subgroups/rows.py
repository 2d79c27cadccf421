"""One year of all subgroups as it is displayed: which year, what is hidden, and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import NOT_AVAILABLE, interval, number
from mih_impact.display.small_cells import hidden_note
from mih_impact.display.unit import AnyUnit, amount
from mih_impact.panel.contract import label_of

if TYPE_CHECKING:
    from mih_impact.effects.series import EffectSeries

__all__ = [
    "HIDDEN_CELL",
    "NO_CONTROLS",
    "shown_rows",
    "subgroup_table",
    "year_to_show",
]

#: What stands for a hidden cell among subgroups: it does not say whether the cell itself is small.
HIDDEN_CELL = Label(nb="skjult", en="hidden")
_TOGETHER = Label(
    nb="Gruppene gir til sammen {together}, veid med deltakere, og alle under ett {whole}. Hver "
    "gruppe har sine egne kontroller, så de trenger ikke gi det samme.",
    en="The groups give {together} together, weighted by participants, and all as one {whole}. "
    "Each group has controls of its own, so that they need not give the same.",
)
_REFUSED = Label(
    nb="For liten til å få egne kontroller: {names}. Kolonnen reason i to_frame() sier hvorfor.",
    en="Too small to have controls of its own: {names}. The column reason of to_frame() says why.",
)
_HEADINGS = (
    Label(nb="Deltakere", en="Participants"),
    Label(nb="{outcome}, år {year}", en="{outcome}, year {year}"),
    Label(nb="Konfidensintervall", en="Confidence interval"),
)
#: How the reason begins of a subgroup that is too small for controls of its own.
NO_CONTROLS = "no_controls_of_its_own"
#: The year since start that is shown where no other is asked for.
SHOWN_YEAR = 3


def year_to_show(effects: EffectSeries, outcome: str) -> int:
    """Return the year since start shown first: three, or the nearest estimated one before it."""
    row = effects.estimate[effects.outcomes.index(outcome)]
    seen = [e for e, value in zip(effects.event_years, row, strict=True) if np.isfinite(value)]
    before = [e for e in seen if e <= SHOWN_YEAR]
    return before[-1] if before else (seen or list(effects.event_years))[0]


def shown_rows(effects: EffectSeries, outcome: str, year: int) -> pd.DataFrame:
    """Return the rows of one outcome and year as displayed, with a column `hidden`."""
    chosen = (effects.frame["outcome"] == outcome) & (effects.frame["year_since_start"] == year)
    rows = effects.shown().frame[chosen]
    hidden = effects.frame.loc[chosen, "estimate"].notna() & rows["estimate"].isna()
    return rows.assign(hidden=hidden).reset_index(drop=True)


def subgroup_table(effects: EffectSeries, lang: Lang) -> tuple[pd.DataFrame | None, list[str]]:
    """Return the first outcome by subgroup as displayed text, and what has to be said of it."""
    parts = effects.split
    if parts is None:
        return None, []
    said = [parts.conditional.text(lang)] if parts.conditional is not None else []
    if len(effects.subgroups) < 2:
        return None, said
    outcome = effects.outcomes[0]
    year = year_to_show(effects, outcome)
    rows = shown_rows(effects, outcome, year)
    name = label_of(outcome).text(lang)
    head = [
        heading.format(outcome=name[:1].upper() + name[1:], year=number(year, lang=lang)).text(lang)
        for heading in _HEADINGS
    ]
    by = parts.label.text(lang)
    table = pd.DataFrame(
        [_cells(row, effects.units[outcome], lang) for row in rows.to_dict("records")], columns=head
    )
    table.insert(0, by[:1].upper() + by[1:], [parts.names[s].text(lang) for s in rows["subgroup"]])
    said = [*_compared(rows, effects, lang), *said]
    return table, [*([hidden_note(lang)] if rows["hidden"].any() else []), *said]


def _compared(rows: pd.DataFrame, effects: EffectSeries, lang: Lang) -> list[str]:
    """Return what the subgroups give together beside all, or which of them have no controls."""
    assert effects.split is not None
    refused = rows["reason"].str.startswith(NO_CONTROLS) & ~rows["hidden"]
    if refused.any():
        names = [effects.split.names[s].text(lang) for s in rows.loc[refused, "subgroup"]]
        return [_REFUSED.format(names=", ".join(names)).text(lang)]
    whole, parts = rows["estimate"].iloc[0], rows.iloc[1:]
    if rows["hidden"].any() or effects.split.conditional or rows["estimate"].isna().any():
        return []
    together = np.average(parts["estimate"], weights=parts["n_participants"])
    show = amount(effects.units[effects.outcomes[0]])
    told = _TOGETHER.format(together=show(together, lang=lang), whole=show(whole, lang=lang))
    return [told.text(lang)]


def _cells(row: dict[Any, Any], unit: AnyUnit, lang: Lang) -> list[str]:
    """Return participants, estimate and interval of one subgroup."""
    if row["hidden"]:
        return [HIDDEN_CELL.text(lang)] * 3
    show = amount(unit)
    n = number(row["n_participants"], lang=lang)
    if np.isnan(row["estimate"]):
        return [n, NOT_AVAILABLE, NOT_AVAILABLE]
    ends = interval(row["conf_low"], row["conf_high"], show, lang)
    return [n, show(row["estimate"], lang=lang), ends]
