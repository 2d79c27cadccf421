"""Power of the pre-trend test: which trend would it have found, and what would that trend do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import number, percent
from mih_impact.display.provenance import Provenance
from mih_impact.display.unit import AnyUnit, amount
from mih_impact.effects.checks.trend import PretrendTest, Question, any_lead, wald
from mih_impact.effects.sensitivity.result import SensitivityCheck, fewest_persons
from mih_impact.effects.taken import outcome_asked, require_effects
from mih_impact.errors import EffectsError
from mih_impact.panel.contract import label_of
from mih_impact.signatures import named_options

if TYPE_CHECKING:
    from mih_impact.effects.series import EffectSeries

__all__ = ["pretrend_power"]

_TITLE = Label(nb="Styrken til førtrendtesten, {outcome}", en="Power of pre-trend test, {outcome}")
_FOUND = Label(
    nb="Førtrendtesten (umatchede år før oppstart: {years}) finner med {power} sannsynlighet en "
    "lineær trend på {slope} per år.",
    en="The pre-trend test (unmatched years before start: {years}) finds a linear trend of {slope} "
    "a year with probability {power}.",
)
_WOULD = Label(
    nb=" En slik trend ville alene gitt {bias} i år {year} etter oppstart, og i gjennomsnitt "
    "{after} der testen ikke slår ut. Den estimerte effekten er {estimate}.",
    en=" Such a trend alone would give {bias} in year {year} after start, and {after} on average "
    "where the test does not reject. The estimated effect is {estimate}.",
)
_UNTESTED = Label(
    nb="Hvert år før oppstart er matchet på, basisår, uten anslag eller uten usikkerhet: "
    "førtrenden kan ikke testes, og testen har ingen styrke.",
    en="Every year before start is matched on, a base year, or without an estimate or "
    "uncertainty: the pre-trend cannot be tested, and the test has no power.",
)
_SHOWS = {
    "test": (Label(nb="Test", en="Test"), "text"),
    "power": (Label(nb="Styrke", en="Power"), "percent"),
    "slope": (Label(nb="Trend per år", en="Trend a year"), "amount"),
    "year_since_start": (Label(nb="År", en="Year"), "count"),
    "bias": (Label(nb="Skjevhet", en="Bias"), "amount"),
    "bias_after_passing": (
        Label(nb="Skjevhet når testen ikke slår ut", en="Bias where the test does not reject"),
        "amount",
    ),
    "estimate": (Label(nb="Estimert effekt", en="Estimated effect"), "amount"),
}
_WORDS = {
    "wald": Label(nb="alle år samlet (Wald)", en="all years together (Wald)"),
    "any_lead": Label(nb="minst ett år signifikant", en="at least one year significant"),
}
_COLUMNS = [
    "test",
    "power",
    "slope",
    "year_since_start",
    "bias",
    "bias_after_passing",
    "estimate",
    "std_error",
    "persons",
]


@named_options
def pretrend_power(
    effects: EffectSeries,
    *,
    outcome: str | None = None,
    power: float | Sequence[float] = (0.5, 0.8),
    alpha: float = 0.05,
) -> SensitivityCheck:
    """Say how steep a trend the pre-trend test would have found, and what it would do to effects.

    Parameters
    ----------
    effects
        Effects with a covariance, relative to a base year; they may come from `load`.
    outcome
        The outcome; by default wage income, or the first where there is none.
    power
        Probability of finding the trend, one or several, above `alpha` and below 1.
    alpha
        Probability of a false alarm of the pre-trend test.

    Returns
    -------
    SensitivityCheck
        A row per test, power and year, the tested years and those after start: `test, power, slope,
        year_since_start, bias, bias_after_passing, estimate, std_error, persons`. `slope` is in
        units of the outcome per year, and positive; a falling trend is found as often, with the
        opposite bias. `persons` is the fewest behind the year or a tested one.
        `passed` is None: a test's power sets no standard.

    Raises
    ------
    EffectsError
        An unknown outcome, no covariance, no base year, a power or an alpha that is none, or leads
        of which some combination is without uncertainty.

    Notes
    -----
    After Roth (2022). Under a linear violation of parallel trends the expected estimate of year t
    is delta_t = slope * (t - base), base the mean of the base years. Two tests of the unmatched
    years before start, with covariance V:

    "wald", the one of `pretrend_test`: b' V^-1 b above the chi-squared quantile of L degrees of
    freedom. Its power is the noncentral chi-squared probability with lambda = delta' V^-1 delta. It
    does not reject in an ellipsoid, where the mean of b is
    delta * P(X_{L+2}(lambda) <= q) / P(X_L(lambda) <= q).

    "any_lead", the one of R's pretrends: some |b_t| is above the two-sided normal quantile times
    its standard error. It does not reject in a box, see `normal_box`.

    The mean bias of years after start where the test does not reject is
    delta_post + Cov(post, pre) V^-1 (E[b | not rejected] - delta_pre); of a tested year it is
    E[b | not rejected].

    A matched year is made small whatever the trend and is no part of the test; the trend is taken
    to run through it.

    References
    ----------
    Roth (2022), Pretest with caution: event-study estimates after testing for parallel trends,
    American Economic Review: Insights 4(3).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> effects = mih.event_study(group, outcomes="wage_income", window=(-3, 3))
    >>> found = mih.pretrend_power(effects, power=0.8).table
    >>> bool((found["slope"] > 0).all()), found["test"].unique().tolist()
    (True, ['wald', 'any_lead'])
    """
    require_effects("pretrend_power", effects)
    arguments.alpha(alpha, error=EffectsError)
    targets = _require_probabilities(power, alpha)
    outcome = outcome_asked(effects, outcome)
    question = Question.of(effects, outcome)
    tests = (wald(question, alpha), any_lead(question, alpha)) if question.L else ()
    leads = question.years[: question.L].tolist()
    persons = [fewest_persons(effects, outcome, [*leads, year]) for year in question.years.tolist()]
    rows = [
        row for test in tests for power in targets for row in _rows(question, test, power, persons)
    ]
    unit = effects.units.get(outcome, "")
    table = pd.DataFrame(rows, columns=_COLUMNS)
    last = question.years[-1:].tolist()
    title = _TITLE.format(outcome=label_of(outcome))
    return SensitivityCheck(
        name="pretrend_power",
        passed=None,
        table=table,
        sentence={
            "nb": _sentence(table, question.years[: question.L], unit, "nb"),
            "en": _sentence(table, question.years[: question.L], unit, "en"),
        },
        title={"nb": title.nb, "en": title.en},
        provenance=Provenance.of(
            "pretrend_power",
            {**effects.provenance.options, "outcome": outcome, "power": targets, "alpha": alpha},
            seed=effects.provenance.seed,
            data=effects.provenance.data,
            evidence=effects.provenance.evidence,
        ),
        keys=("test", "power", "year_since_start"),
        shows=_SHOWS,
        words=_WORDS,
        unit=unit,
        card_rows=tuple(np.flatnonzero(table["year_since_start"].isin(last)).tolist()),
        persons=fewest_persons(effects, outcome, [*leads, *last]),
    )


def _rows(
    question: Question, test: PretrendTest, power: float, persons: list[float]
) -> list[dict[str, object]]:
    """Return a row for each year."""
    slope = test.slope(power, question.information**-0.5)
    columns = (
        question.years.tolist(),
        *question.biases(test, slope),
        question.estimate,
        np.sqrt(np.diag(question.covariance)),
        persons,
    )
    return [
        dict(zip(_COLUMNS, (test.name, power, slope, *row), strict=True))
        for row in zip(*columns, strict=True)
    ]


def _require_probabilities(power: float | Sequence[float], alpha: float) -> list[float]:
    """Return the powers, ascending, or raise on one that cannot be."""
    what = f"Power lies between alpha, {alpha:g}, and 1"
    given = arguments.numbers("power", power, what, example="(0.5, 0.8)", error=EffectsError)
    if not all(alpha < p < 1 for p in given):
        raise EffectsError(
            what, found=f"power={arguments.shown(given)}", do="give power=(0.5, 0.8)"
        )
    return given


def _sentence(table: pd.DataFrame, leads: NDArray[np.int64], unit: AnyUnit, lang: Lang) -> str:
    """Return the last year's row of the Wald test with the largest power, in words."""
    if table.empty:
        return _UNTESTED.text(lang)
    row = table[table["test"] == "wald"].iloc[-1]
    show = amount(unit)
    text = _FOUND.format(
        years=", ".join(number(int(year), lang=lang) for year in leads),
        power=percent(row["power"], lang=lang),
        slope=show(row["slope"], lang=lang),
    ).text(lang)
    if row["year_since_start"] < 0:
        return text
    return text + _WOULD.format(
        year=number(row["year_since_start"], lang=lang),
        bias=show(row["bias"], lang=lang),
        after=show(row["bias_after_passing"], lang=lang),
        estimate=show(row["estimate"], lang=lang),
    ).text(lang)
