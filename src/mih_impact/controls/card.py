"""What a control group shows of itself: method, numbers of persons, what it conditions on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.comparison import Comparison
from mih_impact.controls.flow import Flow
from mih_impact.controls.terms import Term, parse_term, term_label
from mih_impact.display.locale import Label, listed
from mih_impact.display.numbers import NOT_AVAILABLE, count, number, percent
from mih_impact.display.result import Card
from mih_impact.errors import SupportError
from mih_impact.panel.contract import label_of
from mih_impact.panel.cube import NEVER, Cube
from mih_impact.panel.selection import MEASURE

__all__ = [
    "DESIGN_WEIGHTS",
    "METHODS",
    "card",
    "notes_on_absence",
    "notes_on_lost",
    "other_measures",
]

IntArray = NDArray[np.int64]

_TITLE = Label(nb="Kontrollgruppe", en="Control group")
#: How controls are chosen, by the name of the method.
METHODS = {
    "propensity": Label(nb="nærmeste tilbøyelighet til å delta", en="nearest propensity score"),
    "mahalanobis": Label(
        nb="nærmeste kjennetegn (Mahalanobis-avstand)",
        en="nearest characteristics (Mahalanobis distance)",
    ),
    "probability": Label(
        nb="nærmeste tilbøyelighet til å delta (som sannsynlighet)",
        en="nearest propensity score (as a probability)",
    ),
    "mahalanobis_total": Label(
        nb="nærmeste kjennetegn (Mahalanobis-avstand, kovarians blant alle)",
        en="nearest characteristics (Mahalanobis distance, covariance of everybody)",
    ),
    "robust_mahalanobis": Label(
        nb="nærmeste kjennetegn (Mahalanobis-avstand mellom rangtall)",
        en="nearest characteristics (Mahalanobis distance on ranks)",
    ),
    "inverse_variance": Label(
        nb="nærmeste kjennetegn (avstand i standardavvik)",
        en="nearest characteristics (distance in standard deviations)",
    ),
    "euclidean": Label(
        nb="nærmeste kjennetegn (euklidsk avstand)",
        en="nearest characteristics (Euclidean distance)",
    ),
    "mahalanobis_within_caliper": Label(
        nb="nærmeste kjennetegn (Mahalanobis-avstand) blant dem med omtrent samme tilbøyelighet "
        "til å delta",
        en="nearest characteristics (Mahalanobis distance) among those of about the same "
        "propensity score",
    ),
    "exact": Label(nb="alle med samme kjennetegn", en="everyone with the same characteristics"),
    "cem": Label(
        nb="alle i samme gruppe, med tall delt i intervaller (coarsened exact matching)",
        en="everyone in the same cell, numbers in bins (coarsened exact matching)",
    ),
    "entropy": Label(nb="entropibalansering", en="entropy balancing"),
    "ipw": Label(nb="invers sannsynlighetsvekting", en="inverse probability weighting"),
}
_LINES = {
    "measure": Label(nb="Tiltak", en="Measure"),
    "method": Label(nb="Metode", en="Method"),
    "exact": Label(nb="Helt likt", en="Exactly equal on"),
    "on": Label(nb="Likest mulig", en="As alike as possible on"),
    "participants": Label(nb="Deltakere med kontroller", en="Participants with controls"),
    "controls": Label(nb="Ulike kontrollpersoner", en="Distinct control persons"),
    "estimand": Label(nb="Effekt for", en="Effect on"),
    "effective_t": Label(
        nb="Effektiv utvalgsstørrelse, deltakere", en="Effective sample size, participants"
    ),
    "effective": Label(
        nb="Effektiv utvalgsstørrelse, kontroller", en="Effective sample size, controls"
    ),
    "eligible": Label(nb="Kandidater", en="Candidates"),
    "caliper": Label(nb="Største avstand (caliper)", en="Caliper"),
    "averaged": Label(
        nb="Deltakere med flere like gode kontroller", en="Participants with tied controls"
    ),
    "drawn": Label(
        nb="Valg mellom like gode kontroller, ved loddtrekning",
        en="Choices between tied controls, drawn by lot",
    ),
    "cem_on": Label(nb="I samme intervall av", en="In the same bin of"),
    "entropy_exact": Label(nb="Samme fordeling av", en="Same distribution of"),
    "entropy_on": Label(nb="Samme gjennomsnitt av", en="Same means of"),
    "ipw_exact": Label(nb="Vektet etter gruppe", en="Weighted by group"),
    "ipw_on": Label(nb="Vektet etter", en="Weighted by"),
    "heaviest": Label(nb="Største vekt på én person", en="Largest weight on one person"),
}
#: Whose effect it is, where it is not that of those who start.
_WHOSE = {
    "atc": Label(nb="kandidatene, om de hadde startet", en="candidates, had they started"),
    "ate": Label(nb="deltakere og kandidater under ett", en="participants and candidates together"),
}
_BY_STARTERS = Label(
    nb="Vektene gjelder effekten for {whose}: gjennomsnitt over kandidat og oppstartsår, der hvert "
    "oppstartsår teller som sin andel av dem som startet.",
    en="Weights are for the effect on {whose}: a mean over candidate and start year, in which each "
    "start year counts by its share of those who started.",
)
_ELIGIBLE = {
    "everyone observed": Label(nb="alle i registeret", en="everyone observed"),
    "expression": Label(nb="etter et uttrykk fra analytikeren", en="by the analyst's expression"),
}
_NO_CALIPER = Label(nb="ingen", en="none")
_OF_LOG_ODDS = Label(nb="{sd} standardavvik av log-odds", en="{sd} standard deviations of log odds")
_OF_PROBABILITY = Label(
    nb="{sd} standardavvik av sannsynligheten", en="{sd} standard deviations of the probability"
)
_OF = Label(nb="{n} av {all}", en="{n} of {all}")
_CARRIED = Label(
    nb="{n} verdier av {column} er hentet fra et tidligere år (siste rad før oppstart).",
    en="{n} values of {column} were carried from an earlier year (last row before start).",
)
_ABSENT = Label(
    nb="Uten rad i registeret regnes en bosatt person med beløp lik null og ellers som i sin siste "
    "rad, både som deltaker og som kandidat.",
    en="Without a row in the register a resident counts with amounts of zero and otherwise as in "
    "the last row, as participant and as candidate alike.",
)
_UNKNOWN = Label(
    nb="Registeret sier ikke hvem som er bosatt. Den som ikke har en rad rett før oppstart, er "
    "derfor verken deltaker eller kandidat.",
    en="The register does not say who is resident, so a person without a row just before start is "
    "neither participant nor candidate.",
)
_WITHOUT_ROW = Label(
    nb="Uten rad rett før oppstart: {participants} deltakere og {rows} kandidatrader.",
    en="Without a row just before start: {participants} participants and {rows} candidate rows.",
)
_LOST = {
    "present": Label(
        nb="Utelatt uten rad og kjent bosted rett før oppstart: {who}.",
        en="Left out without a row or known residence just before start: {who}.",
    ),
    "known": Label(
        nb="Utelatt fordi {column} ikke er kjent: {who}.",
        en="Left out since {column} is not known: {who}.",
    ),
    "level": Label(
        nb="Utelatt fordi ingen på den andre siden har samme verdi av {column}: {who}.",
        en="Left out since nobody on the other side has the same value of {column}: {who}.",
    ),
}
_PARTICIPANTS = Label(nb="{n} deltakere", en="{n} participants")
_ROWS = Label(nb="{n} kandidatrader", en="{n} candidate rows")
_GIVEN_SCORE = Label(
    nb="Tilbøyeligheten til å delta er analytikerens egen. Hvordan den er anslått, er ikke kjent, "
    "og standardfeilene regner den som gitt.",
    en="The propensity score is the analyst's own. How it was estimated is not known, and standard "
    "errors take it as given.",
)
_AVERAGED = Label(
    nb="Alle som er like gode som den siste, er med og teller likt. Med loddtrekning mellom dem "
    "ville loddet ha avgjort {share} av kontrollenes vekt.",
    en="All who are as near as the last are in and count equally. Had lots been drawn among them, "
    "the lots would have decided {share} of the controls' weight.",
)
_DRAWN = Label(
    nb="En annen loddtrekning ville lagt {share} av kontrollenes vekt på andre personer. Anslå "
    "effekten med noen andre verdier av seed= for å se hva det betyr.",
    en="Another draw would have put {share} of the controls' weight on other persons. Estimate "
    "with some other values of seed= to see what that means.",
)
_NEVER = Label(
    nb="Kontrollene starter aldri i tiltaket: de er valgt med kunnskap om hva som skjedde senere.",
    en="Controls never start in the programme: they are chosen knowing what happened later.",
)
_NOT_YET = Label(
    nb="Kontrollene har ikke startet i tiltaket innen {years} år etter oppstartsåret.",
    en="Controls have not started in the programme by {years} years after the start year.",
)
_LATER = Label(
    nb=" Noen av dem starter senere, og er da deltakere.",
    en=" Some of them start later, and are participants then.",
)
_OTHER_MEASURES = Label(
    nb="De kan ha fått andre tiltak: sammenligningen er med det de ellers får tilbud om.",
    en="They may have had other measures: the comparison is with what they are otherwise offered.",
)
_UNTIL_THEN = Label(
    nb="De sammenlignes til de starter i et annet tiltak. Hvem som gjør det, kan henge sammen med "
    "hvordan det går med dem.",
    en="They are compared until they begin another measure. Who does may depend on how they fare.",
)


_NOT_SHARED = Label(
    nb="Ingen kandidat ligner noen av deltakerne i {names}: de sammenlignes med personer som er "
    "annerledes der. Se balance().",
    en="In {names} no candidate is like some of the participants: they are compared with persons "
    "who differ there. See balance().",
)
#: Of a panel that was read with design weights.
DESIGN_WEIGHTS = Label(
    nb="Personene er vektet med utvalgsvektene i {column}; deltakere og kontroller er talt uten "
    "vekter.",
    en="Persons weigh by their design weights, {column}; participants and controls are counted "
    "unweighted.",
)


def card(group: Comparison, tied_share: float | None) -> Card:
    """Return the card of a control group: aggregates only, few persons hidden.

    `tied_share` is what ties leave to chance, None where it is not told.
    """
    measure = group.provenance.options.get("measure")
    lines = (
        *(() if measure is None else ((_LINES["measure"], str(measure)),)),
        (_LINES["method"], METHODS[_method(group)].text()),
        (_line(group, "exact"), _names(group.exact)),
        (_line(group, "on"), _names(group.on)),
        (_LINES["eligible"], _ELIGIBLE.get(group.eligible, label_of(group.eligible)).text()),
        (
            _LINES["participants"],
            _OF.format(n=count(group.n_participants), all=count(group.flow[0].participants)).text(),
        ),
        (_LINES["controls"], count(group.n_controls)),
        *_both_sides(group),
        (_LINES["effective"], number(group.effective_controls)),
        *_last_line(group),
    )
    whose = _WHOSE.get(group.estimand)
    notes = [
        *([] if whose is None else [_BY_STARTERS.format(whose=whose).text()]),
        *([] if group.cross_section else _on_years(group)),
        *notes_on_lost(group.flow),
    ]
    for column, n in group.risk.carried.items():
        text = _CARRIED.format(n=count(n), column=term_label(column))
        notes.append(text.text())
    notes += _not_shared(group)
    if group.risk.cube.weights is not None:
        notes.append(DESIGN_WEIGHTS.format(column=group.risk.cube.weights).text())
    if group.score is not None and not group.score.models:
        notes.append(_GIVEN_SCORE.text())
    if tied_share is not None:
        share = percent(tied_share, decimals=_decimals(tied_share))
        notes.append((_DRAWN if group.draws_ties else _AVERAGED).format(share=share).text())
    return Card(
        title=_TITLE.text(),
        lines=tuple((label.text(), value) for label, value in lines),
        notes=tuple(notes),
    )


def _not_shared(group: Comparison) -> list[str]:
    """Return which characteristics of participants no candidate has, where there are such."""
    risk = group.risk
    compared = risk.treated & (group.row_weight > 0)
    names = [term_label(term) for term in risk.design.not_shared(compared, ~risk.treated)]
    return [_NOT_SHARED.format(names=listed(names)).text()] if names else []


def _on_years(group: Comparison) -> list[str]:
    """Return what follows from controls being chosen year by year."""
    cube = group.risk.cube
    others = _OTHER_MEASURES if cube.others is None else _UNTIL_THEN
    absent = notes_on_absence(cube.residency_known, _without_row(group))
    return [f"{_conditions(group)} {others.text()}", *absent]


def _both_sides(group: Comparison) -> tuple[tuple[Label, str], ...]:
    """Return whose effect it is and what participants weigh, where these are weighted too."""
    own = group.sets.own
    if own is None or group.estimand not in _WHOSE:
        return ()
    size = number(float(own.sum() ** 2 / (own**2).sum()))
    whose = _WHOSE[group.estimand].text()
    return (_LINES["estimand"], whose), (_LINES["effective_t"], size)


def notes_on_absence(residency_known: bool, without: tuple[int, int] = (0, 0)) -> list[str]:
    """Return what a period without a row means, and how many participants and candidates had it."""
    rule = (_ABSENT if residency_known else _UNKNOWN).text()
    if not any(without):
        return [rule]
    participants, rows = (count(n) for n in without)
    return [f"{rule} {_WITHOUT_ROW.format(participants=participants, rows=rows).text()}"]


def _without_row(group: Comparison) -> tuple[int, int]:
    """Return how many participants and candidate rows have no row in the period before start."""
    risk = group.risk
    before = risk.start - 1 - int(risk.cube.periods[0])
    absent = ~risk.cube.row[risk.person, before]
    return int((absent & risk.treated).sum()), int((absent & ~risk.treated).sum())


def notes_on_lost(flow: Sequence[Flow]) -> list[str]:
    """Return who was left out for what, filter by filter."""
    notes = []
    for before, after in pairwise(flow):
        text = _LOST.get(after.step.split(":")[0])
        if text is None:
            continue
        lost = (
            before.participants - after.participants,
            before.candidate_rows - after.candidate_rows,
        )
        sides = zip((_PARTICIPANTS, _ROWS), lost, strict=True)
        who = "; ".join(side.format(n=count(n)).text() for side, n in sides if n)
        column = "" if after.column is None else term_label(parse_term(after.column))
        notes.append(text.format(column=column, who=who).text())
    return notes


def _conditions(group: Comparison) -> str:
    """Return whether the controls ever start."""
    if group.window_end is None:
        return _NEVER.text()
    start = group.risk.cube.start[group.risk.person[group.sets.control]]
    later = _LATER.text() if (start != NEVER).any() else ""
    return _NOT_YET.format(years=group.window_end).text() + later


def _method(group: Comparison) -> str:
    """Return which label of the method is the group's."""
    within = group.whitened is not None and group.provenance.options["caliper"] is not None
    plain = group.method == "mahalanobis"
    return "mahalanobis_within_caliper" if within and plain else group.method


def _line(group: Comparison, what: str) -> Label:
    """Return what `exact` and `on` mean to this method."""
    kind = group.method if group.model is None else group.model.kind
    return _LINES.get(f"{kind}_{what}", _LINES[what])


def _names(terms: Sequence[Term]) -> str:
    return "; ".join(term_label(term) for term in terms) or NOT_AVAILABLE


def _last_line(group: Comparison) -> tuple[tuple[Label, str], ...]:
    """Return what the controls hang on: ties of the nearest, the heaviest person for weights."""
    if group.by_nearness:
        ties = count(group.ties)
        return (_caliper(group), (_LINES["drawn" if group.draws_ties else "averaged"], ties))
    if group.model is None:
        return ()
    share = float(group.person_weight.max() / group.n_participants)
    return ((_LINES["heaviest"], percent(share, decimals=_decimals(share))),)


def _caliper(group: Comparison) -> tuple[Label, str]:
    """Return the greatest distance on the score; its default is told like any other."""
    caliper = group.provenance.options["caliper"]
    by_chance = group.method == "probability"
    width = _NO_CALIPER if caliper is None else _OF_PROBABILITY if by_chance else _OF_LOG_ODDS
    return _LINES["caliper"], width.format(sd=number(caliper or 0.0, decimals=2)).text()


def _decimals(share: float) -> int:
    """Return the decimals, one at least, with which a percentage is not shown as zero."""
    return next((d for d in range(1, 9) if round(100 * share, d) > 0), 1)


def other_measures(group: Comparison, years: Sequence[int]) -> pd.DataFrame:
    """Return the share that begins each measure by year since start; see `ControlGroup`."""
    recipe = group.recipe
    if recipe is None or MEASURE not in recipe.panel.columns:
        raise SupportError(
            "The column measure is needed to see what others begin",
            found="no such column" if recipe is not None else "a group that was put together",
            do='name it when the panel is read: columns={"measure": ...}',
        )
    risk, sets = group.risk, group.sets
    cube = recipe.fetch([MEASURE])
    control = np.unique(sets.control)
    weight = group.row_weight[control]
    rows = np.concatenate([sets.participant, control])
    seen = risk.cube.seen(risk.start[rows], years)
    n, lines = len(sets.participant), []
    for k, name in enumerate(cube.categories[MEASURE]):
        begins = _begins(cube, k, risk.person[rows], risk.start[rows], years)
        for e, year in enumerate(years):
            own, others = seen[:n, e], seen[n:, e]
            there = begins[:, e]
            weighed = weight * others
            lines.append(
                (
                    name,
                    year,
                    there[:n][own].mean() if own.any() else np.nan,
                    (weighed * there[n:]).sum() / weighed.sum() if weighed.any() else np.nan,
                    int(there[:n][own].sum()),
                    int(there[n:][others].sum()),
                )
            )
    names = ["measure", "year_since_start", "participants", "controls"]
    return pd.DataFrame(lines, columns=[*names, "n_participants", "n_controls"])


def _begins(
    cube: Cube, code: int, person: IntArray, start: IntArray, years: Sequence[int]
) -> NDArray[np.bool_]:
    """Return who begins a measure in each year since start, shape (len(person), len(years))."""
    at = np.zeros((cube.n_persons, len(cube.periods) + 1), dtype=np.int16)
    np.cumsum(cube.code[MEASURE] == code, axis=1, out=at[:, 1:])
    first = start[:, None] + cube.PER_YEAR * np.asarray(years)[None, :] - int(cube.periods[0])
    low = np.clip(first, 0, len(cube.periods))
    high = np.clip(first + cube.PER_YEAR, 0, len(cube.periods))
    return np.asarray(at[person[:, None], high] > at[person[:, None], low])
