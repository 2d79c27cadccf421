"""The card and the tidy tables of an effect series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.card import DESIGN_WEIGHTS
from mih_impact.controls.subgroups import ALL
from mih_impact.display.locale import Label
from mih_impact.display.numbers import NOT_AVAILABLE, count, interval, number
from mih_impact.display.result import Card, hidden_note
from mih_impact.display.unit import AnyUnit, difference, zero_is_nothing
from mih_impact.panel.contract import label_of

if TYPE_CHECKING:
    from mih_impact.effects.estimates import EffectEstimates

__all__ = [
    "HIDDEN_CELL",
    "NO_CONTROLS",
    "effects_card",
    "shown_rows",
    "subgroup_table",
    "title_of",
    "year_to_show",
]

FloatArray = NDArray[np.float64]

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


def year_to_show(effects: EffectEstimates, outcome: str) -> int:
    """Return the year since start shown first: three, or the nearest estimated one before it."""
    row = effects.estimate[effects.outcomes.index(outcome)]
    seen = [e for e, value in zip(effects.event_years, row, strict=True) if np.isfinite(value)]
    before = [e for e in seen if e <= SHOWN_YEAR]
    return before[-1] if before else (seen or list(effects.event_years))[0]


def shown_rows(effects: EffectEstimates, outcome: str, year: int) -> pd.DataFrame:
    """Return the rows of one outcome and year as displayed, with a column `hidden`."""
    chosen = (effects.frame["outcome"] == outcome) & (effects.frame["year_since_start"] == year)
    rows = effects.shown().frame[chosen]
    hidden = effects.frame.loc[chosen, "estimate"].notna() & rows["estimate"].isna()
    return rows.assign(hidden=hidden).reset_index(drop=True)


def subgroup_table(effects: EffectEstimates) -> tuple[pd.DataFrame | None, list[str]]:
    """Return the first outcome by subgroup as displayed text, and what has to be said of it."""
    parts = effects.split
    if parts is None:
        return None, []
    said = [parts.conditional.text()] if parts.conditional is not None else []
    if len(effects.subgroups) < 2:
        return None, said
    outcome = effects.outcomes[0]
    year = year_to_show(effects, outcome)
    rows = shown_rows(effects, outcome, year)
    name = label_of(outcome).text()
    head = [
        heading.format(outcome=name[:1].upper() + name[1:], year=number(year)).text()
        for heading in _HEADINGS
    ]
    by = parts.label.text()
    table = pd.DataFrame(
        [_cells(row, effects.units[outcome]) for row in rows.to_dict("records")], columns=head
    )
    table.insert(0, by[:1].upper() + by[1:], [parts.names[s].text() for s in rows["subgroup"]])
    said = [*_compared(rows, effects), *said]
    return table, [*([hidden_note()] if rows["hidden"].any() else []), *said]


def _compared(rows: pd.DataFrame, effects: EffectEstimates) -> list[str]:
    """Return what the subgroups give together beside all, or which of them have no controls."""
    assert effects.split is not None
    refused = rows["reason"].str.startswith(NO_CONTROLS) & ~rows["hidden"]
    if refused.any():
        names = [effects.split.names[s].text() for s in rows.loc[refused, "subgroup"]]
        return [_REFUSED.format(names=", ".join(names)).text()]
    whole, parts = rows["estimate"].iloc[0], rows.iloc[1:]
    if rows["hidden"].any() or effects.split.conditional or rows["estimate"].isna().any():
        return []
    together = np.average(parts["estimate"], weights=parts["n_participants"])
    show = difference(effects.units[effects.outcomes[0]])
    told = _TOGETHER.format(together=show(together), whole=show(whole))
    return [told.text()]


def _cells(row: dict[Any, Any], unit: AnyUnit) -> list[str]:
    """Return participants, estimate and interval of one subgroup."""
    if row["hidden"]:
        return [HIDDEN_CELL.text()] * 3
    show = difference(unit)
    n = number(row["n_participants"])
    if np.isnan(row["estimate"]):
        return [n, NOT_AVAILABLE, NOT_AVAILABLE]
    ends = interval(row["conf_low"], row["conf_high"], show)
    return [n, show(row["estimate"]), ends]


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
    nb="Effekten gjelder {n} av {all} deltakere: så mange er sammenlignet i minst ett år.",
    en="The effect speaks for {n} of {all} participants: those compared in at least one year.",
)
_BY_YEAR = Label(
    nb="Effekten gjelder {n} av {all} deltakere: så mange er sammenlignet i minst ett år, {low} "
    "til {high} i det enkelte år fra oppstart.",
    en="The effect speaks for {n} of {all} participants: those compared in at least one year, "
    "{low} to {high} in any one year from the start on.",
)
_FULLEST = Label(
    nb="Effekten gjelder {n} av {all} deltakere: de som er sammenlignet, talt i det året som har "
    "flest fra hvert oppstartsår.",
    en="The effect speaks for {n} of {all} participants: those compared, counted in the year that "
    "has most of each start year.",
)
_NOBODY = Label(
    nb="Ingen av {all} deltakere kan sammenlignes: det er ingen effekt å vise.",
    en="None of {all} participants can be compared: there is no effect to show.",
)
_MATCHED_ON = Label(
    nb="Gruppene er gjort like på utfallet før oppstart, så forskjellen der er ingen test: "
    "{parts}.",
    en="The groups are made alike on the outcome before start, so the difference there is no test: "
    "{parts}.",
)
_YEARS_OF = Label(nb="{outcome} i år {years}", en="{outcome} in {word} {years}")
_YEARS_UP_TO = Label(
    nb="{outcome} i år {years} (høyst {most})", en="{outcome} in {word} {years} (at most {most})"
)
_LEFT_OUT = Label(
    nb="Oppstartsår der kjennetegnene ikke lar seg justere for, mangler i ett eller flere "
    "gjennomsnitt; n_lost teller deltakerne.",
    en="Start years whose models cannot be fitted are left out of one or more averages; n_lost "
    "counts their participants.",
)
#: Whose effect it is, where it is not that on those who started.
_WHOSE = {
    "atc": Label(
        nb="Effekten er den kandidatene ville hatt, om de hadde startet (ATC): gjennomsnitt over "
        "kandidat og oppstartsår, der hvert oppstartsår teller som sin andel av dem som startet.",
        en="The effect is what candidates would have had, had they started (ATC): a mean over "
        "candidate and start year, in which each start year counts by its share of those who "
        "started.",
    ),
    "ate": Label(
        nb="Effekten er gjennomsnittet for deltakere og kandidater under ett (ATE), der hvert "
        "oppstartsår teller som sin andel av dem som startet.",
        en="The effect is the mean over participants and candidates together (ATE), in which each "
        "start year counts by its share of those who started.",
    ),
}
#: Scores that are a logit's.
_LOGITS = ("pooled", "by_start_year")
_GIVEN_SCORE = Label(
    nb="Tilbøyeligheten til å delta er analytikerens egen: standardfeilene regner den som gitt.",
    en="The propensity score is the analyst's own: standard errors take it as given.",
)
_GIVEN_OUTCOME = Label(
    nb="Endringene er justert med analytikerens egne prediksjoner: standardfeilene regner dem som "
    "gitt.",
    en="Changes are adjusted by predictions of the analyst's own: standard errors take them as "
    "given.",
)
_ADJUSTED = Label(
    nb="Endringene er justert med regresjon på {columns}.",
    en="Changes are adjusted by a regression on {columns}.",
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
_LEVELS = Label(
    nb="Forskjell i nivå blant dem som er like i det de er valgt på: det som ellers skiller "
    "gruppene, er med.",
    en="A difference in levels among those who are alike in what they were chosen on: what else "
    "sets the groups apart is in it.",
)
_NO_ZERO = Label(
    nb="Døde og utvandrede er ikke med for {outcomes}, der null ikke betyr ingenting.",
    en="The dead and emigrated are left out of {outcomes}, where zero does not mean none.",
)
_CLUSTERED = Label(
    nb="Standardfeilene er klynget etter {cluster}.",
    en="Standard errors are clustered by {cluster}.",
)


_AVERAGED = Label(
    nb="Gjennomsnitt over årene {years} siden oppstart, hvert år likt.",
    en="Mean over the years {years} since start, each year alike.",
)


def effects_card(effects: EffectEstimates) -> Card:
    """Return the card of an effect series: three years since start of every outcome."""
    notes = []
    if effects.coverage and effects.subgroups[0] == ALL:
        notes.append(_speaks_for(effects))
    if effects.estimand in _WHOSE:
        notes.append(_WHOSE[effects.estimand].text())
    if effects.provenance.options.get("match", {}).get("score") not in (*_LOGITS, None):
        notes.append(_GIVEN_SCORE.text())
    if effects.design_weights is not None:
        notes.append(DESIGN_WEIGHTS.format(column=effects.design_weights).text())
    adjust = effects.provenance.options.get("adjust")
    if isinstance(adjust, str | dict):
        notes.append(_GIVEN_OUTCOME.text())
    elif isinstance(adjust, list | tuple):
        columns = ", ".join(label_of(str(name)).text() for name in adjust)
        notes.append(_ADJUSTED.format(columns=columns).text())
    if effects.matrix is None:
        notes.append(_NOT_AVAILABLE.text())
    asked = effects.provenance.options
    once = bool(asked.get("cross_section"))
    unusual = [(o, v, text) for o, v, text in _UNUSUAL if not (once and o == "estimator")]
    notes += [_LEVELS.text()] if once else []
    notes += [text.text() for option, value, text in unusual if asked.get(option) == value]
    if asked.get("dead") == "zero":
        levels = [name for name, unit in effects.units.items() if not zero_is_nothing(unit)]
        names = Label(*(", ".join(label_of(n).text(own) for n in levels) for own in ("nb", "en")))
        notes += [_NO_ZERO.format(outcomes=names).text()] if levels else []
    if asked.get("cluster", "person") != "person":
        notes.append(_CLUSTERED.format(cluster=label_of(str(asked["cluster"]))).text())
    if effects.averaged:
        years = ", ".join(number(year) for year in effects.averaged)
        notes.append(_AVERAGED.format(years=years).text())
    if (effects.frame["reason"] == "some_models_not_estimable").any():
        notes.append(_LEFT_OUT.text())
    if effects.se == "abadie_imbens_2016":
        notes.append(_ESTIMATED_SCORE.text())
    term = "overall" if once else effects.term
    lines = []
    shown = effects.shown().frame
    for name in effects.outcomes:
        rows = shown[(shown["outcome"] == name) & (shown["subgroup"] == effects.subgroups[0])]
        after = rows[_on_card(effects, rows["level"])]
        after = after[after["n_participants"] != 0]  # a year without register rows
        unit, rows_of = effects.units[name], after.to_dict("records")
        text = "; ".join(_cell(row, unit, term) for row in rows_of)
        lines.append((label_of(name).text(), text))
    parts = [text for name in effects.outcomes if (text := _matched_on(effects, name))]
    if parts:
        notes.append(_MATCHED_ON.format(parts="; ".join(parts)).text())
    table, more = subgroup_table(effects)
    return Card(title=title_of(effects), lines=tuple(lines), table=table, notes=(*notes, *more))


def _speaks_for(effects: EffectEstimates) -> str:
    """Return how many participants are compared, in some year and in each from the start on."""
    everybody = effects.coverage["participants"]
    n = effects.coverage.get("compared", effects.coverage["matched"])
    if not n:
        return _NOBODY.format(all=count(everybody)).text()
    shown = effects.shown().frame
    own = (shown["subgroup"] == ALL) & (shown["n_participants"] != 0) & (shown["level"] >= 0)
    by_year = shown.loc[own, "n_participants"].to_numpy(dtype=np.float64)
    label, low, high = _SPEAKS_FOR if effects.term == "event" else _FULLEST, 0.0, 0.0
    # A hidden year is not a number, and then the range of the others is not said.
    if effects.term == "event" and len(by_year) and by_year.min() < by_year.max():
        label, low, high = _BY_YEAR, by_year.min(), by_year.max()
    counts = {"n": n, "all": everybody, "low": int(low), "high": int(high)}
    return label.format(**{name: count(each) for name, each in counts.items()}).text()


def _matched_on(effects: EffectEstimates, outcome: str) -> str:
    """Return the years in which an outcome is matched on, and the largest difference there."""
    frame = effects.shown().frame
    rows = frame[(frame["outcome"] == outcome) & (frame["subgroup"] == effects.subgroups[0])]
    rows = rows[rows["matched_on"].astype(bool)].sort_values("year_since_start")
    if rows.empty:
        return ""
    base = effects.base if len(effects.base) == 1 else ()
    size = rows.loc[~rows["year_since_start"].isin(base), "estimate"].abs()
    most = float(size.max()) if size.notna().all() and len(size) else float("nan")
    return (
        (_YEARS_OF if most != most else _YEARS_UP_TO)
        .format(
            outcome=label_of(outcome),
            years=", ".join(number(int(year)) for year in rows["year_since_start"]),
            word="year" if len(rows) == 1 else "years",
            most=difference(effects.units[outcome], like=most)(most),
        )
        .text()
    )


def title_of(effects: EffectEstimates) -> str:
    """Return what is shown, and of whom if of one subgroup."""
    parts = effects.split
    once = effects.provenance.options.get("cross_section")
    if parts is None or len(effects.subgroups) > 1:
        return _TITLES["overall" if once else effects.term].text()
    title = (_DIFFERENCES if parts.conditional else _TITLES[effects.term]).text()
    return f"{title}, {parts.label.text()}: {parts.names[effects.subgroups[0]].text()}"


def _on_card(effects: EffectEstimates, level: pd.Series[Any]) -> pd.Series[Any]:
    """Return which rows the card shows: three years since start, or every level of others."""
    if effects.term != "event":
        return pd.Series(True, index=level.index)
    return level.isin((0, 3, effects.levels[-1]))


def _cell(row: Mapping[Any, Any], unit: AnyUnit, term: str) -> str:
    """Return one estimate with its interval, for the card."""
    show = difference(unit, like=max(abs(row["estimate"]), np.nan_to_num(row["std_error"])))
    text = show(row["estimate"])
    if term == "event":
        text = f"{_YEAR.format(year=number(row['level'])).text()}: {text}"
    elif term != "overall":
        text = f"{int(row['level'])}: {text}"  # a calendar year, without thousands separator
    if np.isfinite(row["std_error"]):
        text += f" ({interval(row['conf_low'], row['conf_high'], show)})"
    return text
