"""The E-value: how strongly must something unseen go with starting and with the outcome."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtri

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.group import ControlGroup
from mih_impact.display.locale import Label, both
from mih_impact.display.numbers import number
from mih_impact.display.unit import SHARE
from mih_impact.effects.check_result import SensitivityCheck
from mih_impact.effects.estimates import fewest_persons
from mih_impact.effects.question import outcome_asked
from mih_impact.effects.series import require_effects
from mih_impact.errors import EffectsError, OptionError
from mih_impact.panel.contract import label_of

if TYPE_CHECKING:
    from mih_impact.effects.series import EffectSeries

__all__ = ["e_value", "e_value_of", "ratio_of_difference"]

#: log RR per standard deviation (Chinn 2000; VanderWeele and Ding 2017).
PER_SD = 0.91
#: Effects of more standard deviations have no risk ratio that a number can hold.
MOST_SD = 700.0

_TITLE = Label(nb="E-verdi, {outcome}, år {year}", en="E-value, {outcome}, year {year}")
_NEEDED = Label(
    nb="For å forklare bort den estimerte effekten måtte noe uobservert ha hengt sammen med både "
    "oppstart og utfall med et risikoforhold på minst {value}, ut over det som er tatt hensyn til.",
    en="To explain the estimated effect away, something unobserved would have to go with both "
    "starting and the outcome by a risk ratio of at least {value}, beyond what is accounted for.",
)
_LIMIT = Label(
    nb=" For å flytte konfidensintervallet til null holder {limit}.",
    en=" To move the confidence interval to zero {limit} is enough.",
)
_CROSSES = Label(
    nb=" Konfidensintervallet omfatter alt null.",
    en=" The confidence interval includes zero already.",
)
_APPROXIMATE = Label(
    nb=" Risikoforholdet er tilnærmet fra effekten målt i standardavvik.",
    en=" The risk ratio is approximated from the effect in standard deviations.",
)
_SHOWS = {
    "risk_ratio": (Label(nb="Risikoforhold", en="Risk ratio"), "ratio"),
    "risk_ratio_low": (Label(nb="Nedre grense", en="Lower limit"), "ratio"),
    "risk_ratio_high": (Label(nb="Øvre grense", en="Upper limit"), "ratio"),
    "e_value": (Label(nb="E-verdi", en="E-value"), "ratio"),
    "e_value_limit": (Label(nb="E-verdi, intervall", en="E-value, interval"), "ratio"),
}


@named_options
def e_value(
    effects: EffectSeries,
    *,
    outcome: str | None = None,
    year: int,
    sd: float | None = None,
    group: ControlGroup | None = None,
    level: float = 0.95,
) -> SensitivityCheck:
    """Say how strong unobserved confounding would have to be to explain an effect away.

    Parameters
    ----------
    effects
        Effects by year since start; they may come from `load`.
    outcome
        The outcome; by default wage income, or the first where there is none.
    year
        The year since start.
    sd
        Of an amount, the standard deviation of the outcome among the controls in that year, in the
        unit of the effects. Not for shares.
    group
        Instead of `sd`: the control group the effects are of, to reckon it from (weighted, the dead
        and emigrated as in the effects).
    level
        Coverage of the interval.

    Returns
    -------
    SensitivityCheck
        One row: `outcome, year_since_start, estimate, std_error, standardised, risk_ratio,
        risk_ratio_low, risk_ratio_high, e_value, e_value_limit, sd`. `e_value_limit` is that of the
        interval's limit nearer to 1, and 1 where the interval includes 1; NaN without a standard
        error. `passed` is None.

    Raises
    ------
    OptionError
        An `sd` that is not above zero.
    EffectsError
        No such estimate, an amount without `sd` or `group`, both of them, or a share whose implied
        share without the programme is not between 0 and 1.

    Notes
    -----
    VanderWeele and Ding (2017): E = RR + sqrt(RR (RR - 1)), with 1 / RR in place of RR below 1.

    A share: RR = m / (m - effect), m the participants' share, m - effect what it would have been
    without the programme. The limits of RR follow from those of the effect, m taken as known.

    An amount: RR = exp(0.91 d), d the effect in standard deviations, its interval
    exp(0.91 (d +- z s / sd)), sd taken as known. It is the ratio of the odds of being above any cut
    point, under a logistic or normal shape, made a risk ratio for a common outcome: an
    approximation. R's EValue rounds 0.91 z to 1.78.

    References
    ----------
    VanderWeele and Ding (2017), Sensitivity analysis in observational research: introducing the
    E-value, Annals of Internal Medicine 167(4). Chinn (2000), Statistics in Medicine 19(22).

    Examples
    --------
    >>> import pandas as pd
    >>> import mih_impact as mih
    >>> published = pd.DataFrame(
    ...     {"outcome": "wage_income", "year_since_start": [3], "estimate": [200_000.0]}
    ... )
    >>> effects = mih.EffectSeries.from_frame(published, price_year=2024)
    >>> float(mih.e_value(effects, year=3, sd=200_000.0).table["e_value"][0].round(2))
    4.4
    """
    require_effects("e_value", effects)
    outcome = arguments.name("outcome", outcome_asked(effects, outcome))
    year = arguments.whole("year", year)
    arguments.level(level)
    if sd is not None:
        arguments.number("sd", sd, above=0.0)
    if group is not None:
        do = "give the control group that event_study was called with"
        arguments.instance("e_value(group=...)", group, ControlGroup, "a control group", do)
    estimate, error = _read(effects, outcome, year)
    limits = estimate + np.array([-1.0, 1.0]) * float(ndtri(0.5 + level / 2)) * error
    share = str(effects.units[outcome]) == SHARE
    if share:
        _refuse_sd(outcome, sd, group)
        mean = _participant_mean(effects, outcome, year)
        ratio, low, high = (_ratio_of_shares(mean, effect) for effect in (estimate, *limits))
        if not 0 < ratio < math.inf or not mean - estimate <= 1:
            raise EffectsError(
                "The share without the programme is not between 0 and 1, so no ratio can be made",
                found="a share above 1" if mean - estimate > 1 else "a share of 0, or below it",
                do="choose another year or outcome",
            )
        scale = float("nan")
    else:
        scale = _scale(effects, outcome, year, sd, group)
        _require_plausible((estimate, *limits), scale)
        ratio, low, high = (ratio_of_difference(e / scale) for e in (estimate, *limits))
    near = e_value_of(max(low, 1.0) if ratio >= 1 else min(high, 1.0)) if error > 0 else math.nan
    value = e_value_of(ratio)
    table = pd.DataFrame(
        {
            "outcome": [outcome],
            "year_since_start": [year],
            "estimate": [estimate],
            "std_error": [error],
            "standardised": [estimate / scale],
            "risk_ratio": [ratio],
            "risk_ratio_low": [low],
            "risk_ratio_high": [high],
            "e_value": [value],
            "e_value_limit": [near],
            "sd": [scale],
            "persons": [fewest_persons(effects, outcome, [year])],
        }
    )
    title = _TITLE.format(outcome=label_of(outcome), year=number(year))
    return SensitivityCheck(
        contributors=None,  # `persons` tells which are hidden
        name="e_value",
        passed=None,
        table=table,
        sentence=both(lambda: _sentence(value, near, share)).texts(),
        title=title.texts(),
        provenance=effects.provenance.then(
            "e_value",
            {
                **effects.provenance.options,
                "outcome": outcome,
                "year": year,
                "sd": scale,
                "level": level,
            },
            seed=effects.provenance.seed,
        ),
        keys=("outcome", "year_since_start"),
        shows=_SHOWS,
        words={},
        unit=effects.units[outcome],
        card_rows=(0,),
        persons=fewest_persons(effects, outcome, [year]),
    )


def e_value_of(ratio: float) -> float:
    """Return the E-value of a risk ratio.

    Examples
    --------
    >>> round(e_value_of(3.9), 2), round(e_value_of(1 / 3.9), 2)
    (7.26, 7.26)
    """
    above = max(ratio, 1.0 / ratio) if ratio > 0 else math.inf
    return above + math.sqrt(above * (above - 1.0)) if math.isfinite(above) else math.inf


def ratio_of_difference(standardised: float) -> float:
    """Return the risk ratio that a difference in standard deviations stands for."""
    return math.exp(PER_SD * standardised)


def _ratio_of_shares(mean: float, effect: float) -> float:
    """Return the participants' share over what it would have been; infinite where that is 0."""
    without = mean - effect
    return math.inf if without <= 0 else mean / without


def _read(effects: EffectSeries, outcome: str, year: int) -> tuple[float, float]:
    """Return an estimate and its standard error, NaN where that is not known."""
    theta, covariance = effects.select([outcome], [year])
    error = math.nan if covariance is None else math.sqrt(float(covariance[0, 0]))
    if covariance is not None and error == 0.0:
        base = year in effects.base
        raise EffectsError(
            f"Year {year} is the base: its effect is zero"
            if base
            else f"The effect of year {year} has no variance, so it is no estimate to explain away",
            found="an estimate with a standard error of zero",
            do="name a year after start" if base else "name another year, or another outcome",
        )
    return float(theta[0, 0]), error


def _participant_mean(effects: EffectSeries, outcome: str, year: int) -> float:
    """Return the participants' mean in a year, or raise where it is not known."""
    rows = effects.frame[
        (effects.frame["outcome"] == outcome)
        & (effects.frame["subgroup"] == effects.subgroups[0])
        & (effects.frame["year_since_start"] == year)
    ]
    mean = float(rows["participant_mean"].iloc[0])
    if math.isnan(mean):
        raise EffectsError(
            "The E-value of a share needs the participants' share",
            found="effects without means, as from a frame",
            do="estimate with event_study",
        )
    return mean


def _scale(
    effects: EffectSeries,
    outcome: str,
    year: int,
    sd: float | None,
    group: ControlGroup | None,
) -> float:
    """Return the controls' standard deviation, as given or from the group."""
    if (sd is None) == (group is None):
        raise EffectsError(
            "The E-value of an amount needs the standard deviation of the controls' outcome",
            found="neither sd= nor group=" if sd is None else "both sd= and group=",
            do="give group= (the control group the effects are of), or sd= after load",
        )
    found = _control_sd(effects, outcome, year, group) if group is not None else float(sd or 0.0)
    if not (found > 0 and math.isfinite(found)):
        raise OptionError(
            "A standard deviation is a number above zero", found=f"{found}", do="give sd= in kroner"
        )
    return found


def _require_plausible(effects: Sequence[float], scale: float) -> None:
    """Raise where the effect is so many standard deviations that no ratio can be written."""
    most = max((abs(e) for e in effects if math.isfinite(e)), default=0.0) / scale
    if most > MOST_SD:
        raise EffectsError(
            "The effect is too many standard deviations of the outcome to be a risk ratio",
            found=f"an effect or limit of more than {MOST_SD:g} standard deviations",
            do="give sd= in the unit of the effects, such as kroner",
        )


def _control_sd(effects: EffectSeries, outcome: str, year: int, group: ControlGroup) -> float:
    """Return the weighted standard deviation of the controls' outcome in a year since start."""
    if effects.provenance.data != group.risk.cube.fingerprint:
        raise EffectsError(
            "The effects are not of this control group",
            found="another fingerprint of the data",
            do="give the group that event_study was called with",
        )
    weight = group.row_weight
    rows = np.flatnonzero(~group.risk.treated & (weight > 0))
    risk, dead = group.risk, effects.provenance.options.get("dead", "zero")
    who, start = risk.person[rows], risk.start[rows]
    y = risk.cube.since_start(outcome, who, start, [year], dead=dead)[:, 0]
    w = np.where(np.isfinite(y), weight[rows], 0.0)
    w, y = w / w.sum(), np.where(w > 0, y, 0.0)
    return float(np.sqrt(w @ (y - w @ y) ** 2))


def _refuse_sd(outcome: str, sd: float | None, group: ControlGroup | None) -> None:
    if sd is not None or group is not None:
        raise OptionError(
            f"{outcome} is a share: its E-value needs no standard deviation",
            found="sd=" if sd is not None else "group=",
            do="leave it out",
        )


def _sentence(value: float, limit: float, share: bool) -> str:
    """Return the E-values in words."""
    text = _NEEDED.format(value=number(value, 2)).text()
    if limit > 1.0:
        text += _LIMIT.format(limit=number(limit, 2)).text()
    elif limit == 1.0:
        text += _CROSSES.text()
    return text if share else text + _APPROXIMATE.text()
