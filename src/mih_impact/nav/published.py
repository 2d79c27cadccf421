"""Published figures beside computed ones, each with its relation to ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist

import numpy as np
import pandas as pd

from mih_impact.account.cost_benefit import CostBenefit
from mih_impact.account.roles import hundreds
from mih_impact.display.locale import Label, both
from mih_impact.display.numbers import number, percent
from mih_impact.effects.series import EffectSeries
from mih_impact.nav.case import DATA, base_case
from mih_impact.reference.rows import table
from mih_impact.study.run import StudyResult

__all__ = ["QUANTITIES", "beside", "published"]

_Z95 = NormalDist().inv_cdf(0.975)

#: Wages that rise between half and twice the mean yearly rise are called even.
EVEN = (0.5, 2.0)
#: At most this share is "very few".
VERY_FEW = 0.10

QUANTITIES = {
    "nav_participants": Label(nb="deltakere i analysen", en="participants in the analysis"),
    "nav_counties": Label(nb="fylker i analysen", en="counties in the analysis"),
    "nav_first_start_year": Label(nb="første oppstartsår", en="first start year"),
    "nav_last_start_year": Label(nb="siste oppstartsår", en="last start year"),
    "nav_wage_effect_year_3": Label(
        nb="lønnsinntekt over kontrollgruppen tre år etter oppstart",
        en="wage income above the control group three years after start",
    ),
    "nav_net_gain_7_years": Label(
        nb="gevinst per deltaker over sju år, forenklet analyse",
        en="gain per participant over seven years, simplified analysis",
    ),
    "nav_break_even_year": Label(
        nb="gevinsten er større enn kostnadene, år etter oppstart",
        en="benefits exceed costs, years after start",
    ),
    "nav_income_profile": Label(
        nb="inntekten øker jevnt fra oppstart til tiltaket er slutt",
        en="income rises evenly from start until the measure ends",
    ),
    "nav_benefit_receipt": Label(
        nb="svært få mottar ytelser fra Nav etter fullført tiltak",
        en="very few receive Nav benefits after completion",
    ),
    "ks_job_share": Label(
        nb="i relevant jobb uten ytelse, blant dem med fagbrev",
        en="in a relevant job without benefit, among those with a craft certificate",
    ),
    "finsam_job_share": Label(
        nb="deltakere som nå arbeider i helsevesenet", en="participants now working in health care"
    ),
    "finsam_off_benefit": Label(
        nb="trenger ikke lenger offentlig forsørgelse", en="no longer in need of public support"
    ),
    "funnel_2025_info": Label(nb="på informasjonsmøter", en="at information meetings"),
    "funnel_2025_interview": Label(nb="intervjuet", en="interviewed"),
    "funnel_2025_start": Label(
        nb="startet som helserekrutt", en="started as health recruits (helserekrutt)"
    ),
    "funnel_2019_applied": Label(nb="søkte", en="applied"),
    "funnel_2019_selected": Label(nb="valgt ut", en="selected"),
    "interest_2024": Label(nb="påmeldte", en="signed up"),
    "fagbrev_2024": Label(
        nb="fagbrev i alt ved utgangen av 2024", en="craft certificates by the end of 2024"
    ),
    "fagbrev_2025": Label(
        nb="fagbrev i alt ved utgangen av 2025", en="craft certificates by the end of 2025"
    ),
    "municipalities_2019": Label(nb="kommuner som deltar", en="municipalities taking part"),
    "municipalities_2025": Label(nb="kommuner som deltar", en="municipalities taking part"),
    "budget_keep_level": Label(
        nb="økt bevilgning for å holde dagens nivå",
        en="extra appropriation to keep today's level",
    ),
    "budget_all_counties": Label(
        nb="ytterligere bevilgning for alle fylker",
        en="further appropriation for every county",
    ),
    "budget_cohort_all_counties": Label(
        nb="deltakere i hvert kull med ytterligere bevilgning",
        en="participants a cohort with the further appropriation",
    ),
    "budget_ks_own": Label(nb="bidrag fra KS", en="KS's own contribution"),
    "oslo_class_2024": Label(nb="rekrutter som starter i Oslo", en="recruits starting in Oslo"),
    "halden_places": Label(
        nb="plasser i én kommune (Halden)", en="places in one municipality (Halden)"
    ),
    "practice_weeks": Label(nb="uker med veiledet praksis", en="weeks of guided practice"),
    "ostlandsforskning_informants": Label(
        nb="informanter i statusoppdateringen 2020", en="informants in the 2020 status update"
    ),
}

_BY_CONSTRUCTION = Label(nb="plantet: likt av konstruksjon", en="planted: agrees by construction")
_MATCHED = Label(
    nb="plantet: likt av konstruksjon; {n} fikk kontroller",
    en="planted: agrees by construction; {n} were matched",
)
_Z = Label(
    nb="plantet; anslaget her ligger {z} standardfeil fra sannheten i generatoren",
    en="planted; the estimate here lies {z} standard errors from the generator's truth",
)
_COUNTED = Label(
    nb="plantet. Oppstartsåret er år 0 her: når {n} år er gått, er samlet nåverdi {before}, og når"
    " år {year} er omme, {then}. Hvordan Nav teller, er ikke oppgitt",
    en="planted. The start year is year 0 here: when {n} years have passed, cumulative present"
    " value is {before}, and when year {year} is over, {then}. How Nav counts is not stated",
)
_WHICH = Label(
    nb="kalibrert; hvilket av tre mål Nav brukte, er ukjent",
    en="calibrated; which of three measures Nav used is unknown",
)
_EVEN = Label(nb="ja, jevnt", en="yes, evenly")
_UNEVEN = Label(nb="nei, ikke jevnt", en="no, not evenly")
_FEW = Label(nb="ja", en="yes")
_MANY = Label(
    nb="nei: {share} av dem som startet, frafalt medregnet",
    en="no: {share} of those who started, drop-outs included",
)
_NOT_HERE = Label(nb="ikke i registeret", en="not in the register")


@dataclass(frozen=True)
class Computed:
    """What ours says beside one published figure."""

    measure: Label
    value: float
    low: float = float("nan")
    high: float = float("nan")
    verdict: Label = _BY_CONSTRUCTION


def published() -> pd.DataFrame:
    """Return what the source documents say, a row per figure, with source and relation.

    Examples
    --------
    >>> published().set_index("id").loc["nav_wage_effect_year_3", "relation"]
    'calibrated'
    """
    return table("published_figures", DATA).rename(columns={"name": "id"})


def beside(study: StudyResult, simplified: CostBenefit) -> pd.DataFrame:
    """Return every published figure with what ours says beside it.

    Parameters
    ----------
    study
        The reference case as run.
    simplified
        The same effects by the simplified rules.

    Returns
    -------
    pandas.DataFrame
        `id, quantity_nb, quantity_en, published, measure_nb, measure_en, computed, conf_low,
        conf_high, unit, relation, verdict_nb, verdict_en, when, source, note`. A published figure
        that could mean several things has a row for each.
    """
    rows = []
    for figure in published().to_dict("records"):
        reckon = _COMPUTED.get(figure["id"])
        ours = (
            reckon(study, simplified)
            if reckon
            else [Computed(_NOT_HERE, np.nan, verdict=_NOT_HERE)]
        )
        quantity = QUANTITIES[figure["id"]]
        rows += [
            {
                "id": figure["id"],
                "quantity_nb": quantity.nb,
                "quantity_en": quantity.en,
                "published": figure["value"],
                "measure_nb": each.measure.nb,
                "measure_en": each.measure.en,
                "computed": each.value,
                "conf_low": each.low,
                "conf_high": each.high,
                "unit": figure["unit"],
                "relation": figure["relation"],
                "verdict_nb": each.verdict.nb,
                "verdict_en": each.verdict.en,
                "when": figure["when"],
                "source": figure["source"],
                "note": figure["note"],
            }
            for each in ours
        ]
    return pd.DataFrame(rows)


def _wage(effects: EffectSeries, year: int) -> pd.Series:
    """Return the row of the wage effect in one year since start."""
    frame = effects.frame
    (row,) = np.flatnonzero(
        (frame["outcome"] == "wage_income") & (frame["year_since_start"] == year)
    )
    return frame.iloc[row]


def _participants(study: StudyResult, _: CostBenefit) -> list[Computed]:
    measure = Label(nb="deltakere i registeret", en="participants in the register")
    matched = study.effects.coverage["matched"]
    verdict = Label(nb=_MATCHED.nb.format(n=matched), en=_MATCHED.en.format(n=matched))
    return [Computed(measure, study.effects.coverage["participants"], verdict=verdict)]


def _counties(study: StudyResult, _: CostBenefit) -> list[Computed]:
    measure = Label(nb="fylker med deltakere", en="counties with participants")
    covariates = study.balance.frame.set_index("covariate")["participants_before"]
    present = [share > 0 for name, share in covariates.items() if str(name).startswith("county=")]
    return [Computed(measure, sum(present))]


def _start_year(
    which: str, nb: str, en: str
) -> Callable[[StudyResult, CostBenefit], list[Computed]]:
    def reckon(study: StudyResult, _: CostBenefit) -> list[Computed]:
        return [Computed(Label(nb=nb, en=en), study.effects.coverage[which])]

    return reckon


def _wage_effect(study: StudyResult, _: CostBenefit) -> list[Computed]:
    row = _wage(study.effects, 3)
    truth = 1000 * float(base_case().set_index("item")["t3"]["wage effect"])
    z = (row["estimate"] - truth) / row["std_error"]
    verdict = _Z.format(z=both(lambda: number(z, decimals=2)))
    measure = Label(nb="effekt i år 3, faste 2024-kroner", en="effect in year 3, fixed 2024 prices")
    return [Computed(measure, row["estimate"], row["conf_low"], row["conf_high"], verdict)]


def _net_gain(study: StudyResult, simplified: CostBenefit) -> list[Computed]:
    accounts = (
        (Label(nb="NNV etter R-109", en="NPV by R-109"), study.case),
        (Label(nb="NNV, forenklet", en="NPV, simplified"), simplified),
    )
    ours = [
        Computed(label, case.npv, *(case.interval() or (np.nan, np.nan)), _WHICH)
        for label, case in accounts
    ]
    years = range(study.case.horizon)
    theta, covariance = study.effects.select(["wage_income"], years)
    total = float(theta.sum())
    reach = _Z95 * float(np.sqrt(covariance.sum())) if covariance is not None else np.nan
    measure = Label(nb="sum lønnseffekt, uten diskontering", en="sum of wage effects, undiscounted")
    return [*ours, Computed(measure, total, total - reach, total + reach, _WHICH)]


def _break_even(study: StudyResult, _: CostBenefit) -> list[Computed]:
    measure = Label(nb="lønnsomt i år, etter R-109", en="breaks even in year, by R-109")
    case, year = study.case, study.case.break_even_year
    if not year:  # from the start, or never: nothing to count
        return [Computed(measure, np.nan if year is None else year)]
    account = case.by_year()
    society = account[account["actor"] == "society"].set_index("year_since_start")
    before, then = (
        both(partial(hundreds, value)) for value in society["cumulative"].loc[[year - 1, year]]
    )
    verdict = _COUNTED.format(n=year, before=before, year=year, then=then)
    return [Computed(measure, year, verdict=verdict)]


def _income_profile(study: StudyResult, _: CostBenefit) -> list[Computed]:
    """Rises are even when each lies between half and twice their mean."""
    means = np.array([_wage(study.effects, year)["participant_mean"] for year in range(4)])
    rises = np.diff(means)
    even = bool((rises > EVEN[0] * rises.mean()).all() and (rises < EVEN[1] * rises.mean()).all())
    measure = Label(
        nb="gjennomsnittlig økning per år, år 0–3, kr", en="mean yearly rise, years 0–3, NOK"
    )
    return [Computed(measure, float(rises.mean()), verdict=_EVEN if even else _UNEVEN)]


def _benefit_receipt(study: StudyResult, _: CostBenefit) -> list[Computed]:
    frame = study.effects.frame
    rows = frame[(frame["outcome"] == "on_benefit") & np.isfinite(frame["participant_mean"])]
    last = rows.iloc[-1]
    share = float(last["participant_mean"])
    many = _MANY.format(share=both(lambda: percent(share)))
    measure = Label(
        nb=f"andel av deltakerne med ytelse i år {last['year_since_start']}",
        en=f"share of participants on a benefit in year {last['year_since_start']}",
    )
    return [Computed(measure, share, verdict=_FEW if share <= VERY_FEW else many)]


_COMPUTED: dict[str, Callable[[StudyResult, CostBenefit], list[Computed]]] = {
    "nav_participants": _participants,
    "nav_counties": _counties,
    "nav_first_start_year": _start_year(
        "first_start_year", "første oppstartsår i registeret", "first start year in the register"
    ),
    "nav_last_start_year": _start_year(
        "last_start_year", "siste oppstartsår i registeret", "last start year in the register"
    ),
    "nav_wage_effect_year_3": _wage_effect,
    "nav_net_gain_7_years": _net_gain,
    "nav_break_even_year": _break_even,
    "nav_income_profile": _income_profile,
    "nav_benefit_receipt": _benefit_receipt,
}
