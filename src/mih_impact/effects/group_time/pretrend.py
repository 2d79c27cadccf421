"""The pre-trend test of group-time effects: every start year and year before treatment at once."""

from __future__ import annotations

import numpy as np

from mih_impact import arguments
from mih_impact.controls.terms import entered, parse_term
from mih_impact.display.locale import Label, both
from mih_impact.display.numbers import count, p_equals
from mih_impact.effects.check_result import wald
from mih_impact.effects.estimates import require_outcome
from mih_impact.effects.group_time.cells import GroupTimeEstimates
from mih_impact.effects.pretrend import PretrendTest
from mih_impact.panel.contract import label_of

__all__ = ["start_year_pretrend"]

_TITLE = Label(
    nb="Test av førtrend for alle oppstartsår, {outcome}",
    en="Pre-trend test of all start years, {outcome}",
)
_TESTED = Label(
    nb="{n} effekter før oppstart, over alle oppstartsår: p {p}. Testen finner bare forskjeller "
    "som er store nok til å ses med disse standardfeilene.",
    en="{n} effects before the start, over all start years: p {p}. The test only finds differences "
    "large enough to be seen with these standard errors.",
)
_UNTESTED = Label(
    nb="Ingen effekt før oppstart har en standardfeil, eller de følger av hverandre: førtrenden "
    "kan ikke testes.",
    en="No effect before the start has a standard error, or they follow from one another: the "
    "pre-trend cannot be tested.",
)


def start_year_pretrend(
    effects: GroupTimeEstimates, outcome: str, *, alpha: float = 0.05
) -> PretrendTest:
    """Test that no start year differs from its controls in any year before treatment.

    Parameters
    ----------
    effects
        Group-time effects.
    outcome
        The outcome to test.
    alpha
        Probability of a false alarm.

    Returns
    -------
    PretrendTest
        `passed` is None where there is nothing to test.

    Raises
    ------
    OptionError
        An unknown outcome.

    Notes
    -----
    Wald statistic b' V^-1 b over every ATT(g, t) with t < g - anticipation, but base years and
    those whose outcome is a covariate, chi-squared with their number of degrees of freedom: the
    test that R's did prints with att_gt, where years before start are compared with the year before
    them (`base_period="varying"`), and the same in another parametrisation with "universal".
    """
    arguments.alpha(alpha)
    require_outcome(effects.outcomes, outcome)
    covariates = [parse_term(text) for text in effects.method.covariates]
    frame, ahead = effects.frame, effects.method.anticipation
    before = (frame["outcome"] == outcome) & (frame["year_since_start"] < -ahead)
    before &= frame["std_error"] > 0
    since = frame["year_since_start"].tolist()
    before &= np.array([not entered(covariates, outcome, e + ahead) for e in since])
    at = np.flatnonzero(before)
    table = frame.loc[before, ["group", "year", "year_since_start", "estimate", "std_error"]]
    found = wald(table["estimate"].to_numpy(), effects.matrix[np.ix_(at, at)])
    tested = bool(np.isfinite(found.p_value))

    def sentence() -> str:
        said = _TESTED if tested else _UNTESTED
        return said.format(n=count(len(at)), p=p_equals(found.p_value)).text()

    title = _TITLE.format(outcome=label_of(outcome))
    return PretrendTest(
        contributors=None,  # hidden where the effects are
        name="pretrend",
        passed=found.p_value >= alpha if tested else None,
        table=table.assign(statistic=found.statistic, df=found.df, p_value=found.p_value),
        sentence=both(sentence).texts(),
        title=title.texts(),
        provenance=effects.provenance,
        effects=effects,
    )
