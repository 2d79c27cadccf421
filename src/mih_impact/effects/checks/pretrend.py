"""The pre-trend test: did participants and controls move alike before start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mih_impact import arguments
from mih_impact.controls.subgroups.split import ALL
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import number, p_equals
from mih_impact.effects.checks.leads import tested_leads
from mih_impact.effects.checks.result import CheckResult
from mih_impact.effects.joint import Wald, wald
from mih_impact.effects.taken import require_estimated
from mih_impact.errors import EffectsError
from mih_impact.panel.contract import label_of

if TYPE_CHECKING:
    from mih_impact.effects.series import EffectSeries

__all__ = ["pretrend_test"]

_TITLE = Label(nb="Test av førtrend, {outcome}", en="Pre-trend test, {outcome}")
_TESTED = Label(
    nb="Umatchede år før oppstart ({years}): p {p}. Testen finner bare forskjeller som er store "
    "nok til å ses med disse standardfeilene.",
    en="Unmatched years before start ({years}): p {p}. The test only finds differences large "
    "enough to be seen with these standard errors.",
)
_ANTICIPATED = Label(
    nb=" År fra og med {first} er ikke testet: deltakerne kan ha reagert på forhånd.",
    en=" Years from {first} on are not tested: participants may have responded in advance.",
)
_UNTESTED = Label(
    nb="Hvert år før oppstart er matchet på, basisår, uten anslag eller uten usikkerhet: "
    "førtrenden kan ikke testes.",
    en="Every year before start is matched on, a base year, or without an estimate or "
    "uncertainty: the pre-trend cannot be tested.",
)
_REPEATED = Label(
    nb="Umatchede år før oppstart ({years}) følger av hverandre, eller det er for få personer: "
    "førtrenden kan ikke testes.",
    en="Unmatched years before start ({years}) follow from one another, or there are too few "
    "persons: the pre-trend cannot be tested.",
)


def pretrend_test(effects: EffectSeries, outcome: str, *, alpha: float = 0.05) -> CheckResult:
    """Test that participants and controls moved alike in the years before start nobody matched on.

    Parameters
    ----------
    effects
        Effects with a covariance and years before start.
    outcome
        The outcome to test.
    alpha
        Probability of a false alarm.

    Returns
    -------
    CheckResult
        `passed` is None where no unmatched year before start is left, or some combination of those
        has no variance. The table has a row per tested year and the joint statistic, its degrees of
        freedom and p-value. Of effects by subgroup each is tested too, against controls of its own:
        rows then say of which `subgroup` they are, and `p_holm` is over the subgroups; `passed` is
        whether neither all participants nor any subgroup differ.

    Raises
    ------
    EffectsError
        An unknown outcome, or effects without a covariance.

    Notes
    -----
    Wald statistic b' V^-1 b on the unmatched leads, chi-squared with their number of degrees of
    freedom. Matched leads are made small by the matching and would only water the test down; an
    anticipated year holds an effect. There is no test where some combination of the leads has no
    variance. A subgroup with no more participants than tested years is not tested. Who finished is
    known only after start, and is not tested either.
    """
    from mih_impact.effects.subgroups.pretrend import pretrend_by_subgroup

    arguments.alpha(alpha, error=EffectsError)
    require_estimated("The pre-trend test needs", effects, outcome)
    table = _tested(effects, outcome)
    leads, p = table["year_since_start"].astype(int).tolist(), float(table["p_value"].min())
    tested = bool(np.isfinite(p))

    def sentence(lang: Lang) -> str:
        years = ", ".join(number(year, lang=lang) for year in leads)
        said = _TESTED if tested else _REPEATED if leads else _UNTESTED
        said = said.format(years=years, p=p_equals(p, lang))
        if not effects.anticipation:
            return said.text(lang)
        first = number(-effects.anticipation, lang=lang)
        return said.text(lang) + _ANTICIPATED.format(first=first).text(lang)

    title = _TITLE.format(outcome=label_of(outcome))
    whole = CheckResult(
        name="pretrend",
        passed=p >= alpha if tested else None,
        table=table,
        sentence={"nb": sentence("nb"), "en": sentence("en")},
        title={"nb": title.nb, "en": title.en},
        provenance=effects.provenance,
    )
    if len(effects.subgroups) == 1 or effects.split is None or effects.split.conditional:
        return whole
    tests = {name: _tested(effects.subgroup(name), outcome) for name in effects.subgroups[1:]}
    return pretrend_by_subgroup(effects, outcome, whole, tests, alpha=alpha)


def _tested(effects: EffectSeries, outcome: str) -> pd.DataFrame:
    """Return the tested years of the first subgroup, beside their joint test."""
    rows = tested_leads(effects, outcome)
    leads = [int(year) for year in rows["year_since_start"]]
    table = rows[["year_since_start", "estimate", "std_error"]].reset_index(drop=True)
    found = Wald(float("nan"), 0, float("nan"))
    if leads:
        b, V = effects.select([outcome], leads)
        assert V is not None
        found = wald(b[0], V)
        if effects.subgroups[0] != ALL and rows["n_participants"].min() <= len(leads):
            found = Wald(float("nan"), found.df, float("nan"))
    return table.assign(statistic=found.statistic, df=found.df, p_value=found.p_value)
