"""Power of the pre-trend test: which trend would it have found, and what would that trend do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.display.locale import Label, both
from mih_impact.display.numbers import number, percent
from mih_impact.display.unit import AnyUnit, difference
from mih_impact.effects.check_result import SensitivityCheck
from mih_impact.effects.estimates import fewest_persons, require_estimated
from mih_impact.effects.pretrend import tested_leads, uncertain_years
from mih_impact.effects.question import outcome_asked
from mih_impact.effects.series import require_effects
from mih_impact.errors import EffectsError, OptionError
from mih_impact.panel.contract import label_of

if TYPE_CHECKING:
    from mih_impact.effects.series import EffectSeries

__all__ = ["PretrendTest", "Question", "any_lead", "normal_in_box", "pretrend_power", "wald"]

FloatArray = NDArray[np.float64]

#: Points of the quasi-random rule; a probability is then right to about 1e-5.
POINTS = 1 << 14
_PRIMES = np.array([2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71])


def normal_in_box(
    mean: FloatArray, covariance: FloatArray, half_width: FloatArray
) -> tuple[float, FloatArray]:
    """Return P(|b_j| <= w_j for all j) and E[b | |b_j| <= w_j for all j], b ~ N(mean, covariance).

    Parameters
    ----------
    mean, half_width
        Shape (L,), L at most 21.
    covariance
        Positive definite, shape (L, L).

    Returns
    -------
    tuple of float and array of shape (L,)

    Notes
    -----
    One coordinate after the other is drawn within its limits given those before; the product of the
    probabilities of the limits weighs the draw (Genz 1992, Journal of Computational and Graphical
    Statistics 1(2); Geweke, Hajivassiliou and Keane). Points are those of Richtmyer's lattice,
    folded: nothing is random, and the probability is smooth in the mean.
    """
    root = np.linalg.cholesky(covariance)
    size = len(mean)
    step = np.sqrt(_PRIMES[: max(size - 1, 0)].astype(np.float64))
    points = np.abs(2.0 * ((np.arange(1, POINTS + 1)[:, None] * step + 0.5) % 1.0) - 1.0)
    weight = np.ones(POINTS)
    drawn = np.zeros((POINTS, size))
    last = np.zeros((POINTS, 2))
    for j in range(size):
        centre = mean[j] + drawn[:, :j] @ root[j, :j]
        limits = (np.array([-1.0, 1.0]) * half_width[j] - centre[:, None]) / root[j, j]
        low, high = ndtr(limits).T
        weight = weight * (high - low)
        if j < size - 1:
            inside = np.clip(low + points[:, j] * (high - low), 1e-300, 1.0 - 1e-16)
            drawn[:, j] = ndtri(inside)
        else:
            last = limits
    # The last coordinate needs no draw: its mean within the limits is known.
    density = np.exp(-0.5 * last**2) / np.sqrt(2.0 * np.pi)
    inside = ndtr(last[:, 1]) - ndtr(last[:, 0])
    drawn[:, -1] = (density[:, 0] - density[:, 1]) / np.where(inside > 0, inside, 1.0)
    probability = float(weight.mean())
    expected = (weight @ drawn) / weight.sum() if probability > 0 else np.zeros(size)
    return probability, mean + root @ expected


@dataclass(frozen=True, eq=False)
class PretrendTest:
    """A pre-trend test: its power, and the mean of the leads where it does not reject."""

    name: str
    power: Callable[[float], float]
    mean_if_passed: Callable[[float], FloatArray]

    def slope(self, target: float, unit: float) -> float:
        """Return the slope found with a probability of `target`; `unit` is the search's scale."""
        if self.power(0.0) >= target:  # leads one by one raise more false alarms than `alpha`
            return 0.0
        high = unit
        while self.power(high) < target:
            high *= 2.0
        return float(brentq(lambda x: self.power(x) - target, 0.0, high, xtol=1e-10 * unit))


@dataclass(frozen=True, eq=False)
class Question:
    """The L tested years, then the years after start, with their covariance."""

    years: NDArray[np.int64]
    L: int
    base: float
    estimate: FloatArray
    covariance: FloatArray

    @classmethod
    def of(cls, effects: EffectSeries, outcome: str) -> Question:
        """Read the years the pre-trend test tests, and every year after start with an estimate."""
        require_estimated("The power of the pre-trend test needs", effects, outcome)
        leads = [int(t) for t in tested_leads(effects, outcome)["year_since_start"]]
        year = uncertain_years(effects, outcome)["year_since_start"]
        years = [*leads, *(int(t) for t in year[year >= 0])]
        beta, covariance = effects.select([outcome], years)
        assert covariance is not None
        V = covariance[: len(leads), : len(leads)]
        sd = np.sqrt(np.diag(V))
        if leads and (not (sd > 0).all() or np.linalg.eigvalsh(V / np.outer(sd, sd))[0] < 1e-10):
            raise EffectsError(
                "Some combination of the years before start is without uncertainty",
                found=f"a singular covariance of years {', '.join(map(str, leads))}",
                do="estimate with one base year, base=-1"
                if len(effects.base) > 1
                else "leave out years that repeat others, or estimate them from more persons",
            )
        return cls(
            np.array(years, dtype=np.int64),
            len(leads),
            _base(effects, outcome),
            beta[0],
            covariance,
        )

    @property
    def V(self) -> FloatArray:  # noqa: N802, as in the paper
        """The covariance of the leads, shape (L, L)."""
        return self.covariance[: self.L, : self.L]

    @property
    def distance(self) -> FloatArray:
        """Years from the base to each lead, shape (L,)."""
        return np.asarray(self.years[: self.L] - self.base, dtype=np.float64)

    @property
    def information(self) -> float:
        """Lambda of a slope of one."""
        return float(self.distance @ np.linalg.solve(self.V, self.distance))

    def biases(self, test: PretrendTest, slope: float) -> tuple[FloatArray, FloatArray]:
        """Return the bias of every year, and its mean where the test does not reject."""
        bias = np.asarray(slope * (self.years - self.base), dtype=np.float64)
        moved = test.mean_if_passed(slope) - bias[: self.L]
        return bias, bias + self.covariance[:, : self.L] @ np.linalg.solve(self.V, moved)


def wald(question: Question, alpha: float) -> PretrendTest:
    """Return the joint test of all leads."""
    from scipy.stats import chi2, ncx2

    L, u, information = question.L, question.distance, question.information
    limit = float(chi2.isf(alpha, L))

    def power(slope: float) -> float:
        return float(ncx2.sf(limit, L, slope**2 * information))

    def mean_if_passed(slope: float) -> FloatArray:
        shift = slope**2 * information
        ratio = ncx2.cdf(limit, L + 2, shift) / ncx2.cdf(limit, L, shift)
        return np.asarray(slope * u * ratio)

    return PretrendTest("wald", power, mean_if_passed)


def any_lead(question: Question, alpha: float) -> PretrendTest:
    """Return the test that rejects where a single lead is significant."""
    width = float(ndtri(1.0 - alpha / 2)) * np.sqrt(np.diag(question.V))

    def inside(slope: float) -> tuple[float, FloatArray]:
        return normal_in_box(slope * question.distance, question.V, width)

    return PretrendTest(
        "any_lead", lambda slope: 1.0 - inside(slope)[0], lambda slope: inside(slope)[1]
    )


def _base(effects: EffectSeries, outcome: str) -> float:
    """Return the mean of the base years; of a frame, the one year that is zero without error."""
    if effects.base:
        return float(np.mean(effects.base))
    k, size = effects.outcomes.index(outcome), len(effects.levels)
    assert effects.matrix is not None
    variance = np.diag(effects.matrix)[k * size : (k + 1) * size]
    zero = [
        year
        for year, value, v in zip(effects.levels, effects.estimate[k], variance, strict=True)
        if value == 0.0 and v == 0.0
    ]
    if len(zero) != 1:
        raise EffectsError(
            "A trend is measured from a base year, and these effects have none",
            found=f"{len(zero)} years with estimate 0 and no variance",
            do="estimate with base=-1 (and a universal base period); a frame needs a row of the "
            "base year that is zero",
        )
    return float(zero[0])


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
    OptionError
        An unknown outcome or one without a covariance, or a power or an alpha that is none.
    EffectsError
        No base year, or leads of which some combination is without uncertainty.

    Notes
    -----
    After Roth (2022). Under a linear violation of parallel trends the expected estimate of year t
    is delta_t = slope * (t - base), base the mean of the base years. Two tests of the unmatched
    years before start, with covariance V:

    "wald", the one of `pretrend_test`: b' V^-1 b above the chi-squared quantile of L degrees of
    freedom. Its power is the noncentral chi-squared probability with lambda = delta' V^-1 delta. It
    does not reject in an ellipsoid, where the mean of b is
    delta * P(X_{L+2}(lambda) <= q) / P(X_L(lambda) <= q).

    "any_lead", the one of R's pretrends: some ``|b_t|`` is above the two-sided normal quantile
    times its standard error. It does not reject in a box, see `normal_box`.

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
    arguments.alpha(alpha)
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
        contributors=None,  # `persons` tells which are hidden
        name="pretrend_power",
        passed=None,
        table=table,
        sentence=both(lambda: _sentence(table, question.years[: question.L], unit)).texts(),
        title=title.texts(),
        provenance=effects.provenance.then(
            "pretrend_power",
            {**effects.provenance.options, "outcome": outcome, "power": targets, "alpha": alpha},
            seed=effects.provenance.seed,
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
    given = arguments.numbers("power", power, what, example="(0.5, 0.8)")
    if not all(alpha < p < 1 for p in given):
        raise OptionError(what, found=f"power={arguments.shown(given)}", do="give power=(0.5, 0.8)")
    return given


def _sentence(table: pd.DataFrame, leads: NDArray[np.int64], unit: AnyUnit) -> str:
    """Return the last year's row of the Wald test with the largest power, in words."""
    if table.empty:
        return _UNTESTED.text()
    row = table[table["test"] == "wald"].iloc[-1]
    show = difference(unit)
    text = _FOUND.format(
        years=", ".join(number(int(year)) for year in leads),
        power=percent(row["power"]),
        slope=show(row["slope"]),
    ).text()
    if row["year_since_start"] < 0:
        return text
    return (
        text
        + _WOULD.format(
            year=number(row["year_since_start"]),
            bias=show(row["bias"]),
            after=show(row["bias_after_passing"]),
            estimate=show(row["estimate"]),
        ).text()
    )
