"""What group-time effects show of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mih_impact.controls.card import notes_on_absence, notes_on_lost
from mih_impact.controls.covariates import parse_term, term_label
from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import count, interval, year_range
from mih_impact.display.unit import amount
from mih_impact.errors import EffectsError
from mih_impact.panel.contract import label_of

if TYPE_CHECKING:
    from mih_impact.effects.group_time.result import GroupTimeEffects

__all__ = ["group_time_card"]

_TITLE = Label(nb="Effekter per oppstartsår og kalenderår", en="Effects by start year and year")
_LINES = {
    "estimator": Label(nb="Metode", en="Method"),
    "covariates": Label(nb="Justert for", en="Adjusted for"),
    "exact": Label(nb="Like innen", en="Equal within"),
    "controls": Label(nb="Kontroller", en="Controls"),
    "base": Label(nb="Basisår", en="Base year"),
    "starts": Label(nb="Oppstartsår", en="Start years"),
    "participants": Label(nb="Deltakere", en="Participants"),
}
_METHODS = {
    "dr": Label(nb="dobbelt robust", en="doubly robust"),
    "ipw": Label(nb="invers sannsynlighetsvekting", en="inverse probability weighting"),
    "reg": Label(nb="regresjon av utfallet", en="outcome regression"),
}
_PLAIN = Label(nb="forskjell i gjennomsnittlig endring", en="difference of mean changes")
_CONTROLS = {
    "never": Label(nb="starter aldri", en="never start"),
    "not_yet": Label(
        nb="har ikke startet ennå, eller starter aldri", en="have not started yet, or never do"
    ),
}
_BASES = {
    "universal": Label(nb="{n} år før oppstart", en="start year less {n}"),
    "varying": Label(
        nb="{n} år før oppstart; tidligere år måles mot året før",
        en="start year less {n}; earlier years against the year before",
    ),
}
_OF = Label(nb="{n} av {all}", en="{n} of {all}")
_OVERALL = Label(nb="{outcome}, samlet effekt", en="{outcome}, overall effect")
_REASONS = {
    "no_base_year": Label(nb="registeret mangler basisåret", en="the register lacks the base year"),
    "nobody_to_compare": Label(nb="ingen å sammenligne", en="nobody to compare"),
    "models_not_estimable": Label(
        nb="kjennetegnene lar seg ikke justere for", en="the models cannot be fitted"
    ),
    "one_participant": Label(
        nb="for få deltakere til en standardfeil",
        en="too few participants for a standard error",
    ),
}
_MISSING = Label(nb="{n} effekter: {why}.", en="{n} effects: {why}.")
_LEFT_OUT = Label(
    nb="Uten noen effekt, og ikke med i gjennomsnittene: oppstartsår {years}.",
    en="Without any effect, and in none of the averages: start years {years}.",
)


def group_time_card(effects: GroupTimeEffects, lang: Lang) -> Card:
    """Return the card: what was compared, the overall effects, and what is missing and why."""
    method = effects.method
    adjusted = "; ".join(term_label(parse_term(term), lang) for term in method.covariates)
    kind = _METHODS[method.estimator] if method.covariates else _PLAIN
    base = _BASES[method.base_period].format(n=method.anticipation + 1)
    compared, everybody = effects.coverage["compared"], effects.coverage["participants"]
    lines = [
        ("estimator", kind.text(lang)),
        ("covariates", adjusted or "–"),
        ("exact", "; ".join(term_label(name, lang) for name in method.exact) or "–"),
        ("controls", _CONTROLS[method.controls].text(lang)),
        ("base", base.text(lang)),
        ("starts", year_range(effects.starts[0], effects.starts[-1])),
        (
            "participants",
            _OF.format(n=count(compared, lang), all=count(everybody, lang)).text(lang),
        ),
    ]
    shown = [(_LINES[name].text(lang), text) for name, text in lines]
    reason = effects.frame["reason"].to_numpy()
    notes = [
        _MISSING.format(n=count(int((reason == code).sum()), lang), why=why).text(lang)
        for code, why in _REASONS.items()
        if (reason == code).any()
    ]
    gone = _without_effect(effects)
    if gone:
        notes.append(_LEFT_OUT.format(years=", ".join(map(str, gone))).text(lang))
    if (known := effects.coverage.get("residency_known")) is not None:
        notes = [
            *notes_on_absence(bool(known), lang),
            *notes_on_lost(effects.flow or (), lang),
            *notes,
        ]
    return Card(_TITLE.text(lang), (*shown, *_overall(effects, lang)), notes=tuple(notes))


def _without_effect(effects: GroupTimeEffects) -> list[int]:
    """Return the start years of which nothing is estimated from the start on, for some outcome."""
    starts = np.array(effects.starts)
    after = np.array(effects.years) >= starts[:, None]
    estimated = (np.isfinite(effects.estimate) & after).any(axis=2).all(axis=0)
    return [int(year) for year in starts[after.any(axis=1) & ~estimated]]


def _overall(effects: GroupTimeEffects, lang: Lang) -> list[tuple[str, str]]:
    """Return the overall effect of every outcome, where the influence is still in memory."""
    if effects.influence is None:
        return []
    try:
        frame = effects.aggregate("simple").shown().frame
    except EffectsError:  # no year after any start is in the register
        return []
    lines = []
    for row in frame.to_dict("records"):
        unit = effects.units[str(row["outcome"])]
        show = amount(unit, like=max(abs(row["estimate"]), np.nan_to_num(row["std_error"])))
        text = show(row["estimate"], lang=lang)
        if np.isfinite(row["std_error"]):
            text += f" ({interval(row['conf_low'], row['conf_high'], show, lang)})"
        outcome = label_of(str(row["outcome"])).text(lang)
        lines.append((_OVERALL.format(outcome=outcome).text(lang), text))
    return lines
