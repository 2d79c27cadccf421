"""`randomisation_test`: would other starters, in other start years, have shown as much.

Arrays in, arrays out.

A group's rows with their odds of starting, and its estimate as a function of who starts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.matching import NearestLists, most_controls
from mih_impact.controls.options import MatchOptions
from mih_impact.controls.propensity import Score, outside_range
from mih_impact.controls.risk_set import RiskSet
from mih_impact.display.locale import Label, both, progress_bar
from mih_impact.display.numbers import number
from mih_impact.effects.comparison import compare
from mih_impact.effects.hidden import contributors
from mih_impact.effects.inference.covariance import require_draws
from mih_impact.effects.inference.effect_test import (
    EffectTest,
    ask_years,
    formatter,
    persons_behind,
    shown_p,
)
from mih_impact.effects.question import (
    Question,
    TargetEffects,
    outcome_asked,
    require_choice,
    takes_question,
)
from mih_impact.effects.row_outcomes import RowOutcomes
from mih_impact.errors import EffectsError, warn
from mih_impact.panel.contract import label_of
from mih_impact.panel.cube import Dead

__all__ = ["Experiment", "draw_starters", "randomisation_test"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Up to this many expected meetings of two equal rows, e^3 = 20 tries find a draw without one.
PATIENCE = 3.0


def draw_starters(
    log_odds: FloatArray,
    treated: BoolArray,
    block: IntArray,
    *,
    draws: int,
    rng: np.random.Generator,
) -> IntArray:
    """Draw as many starters in each block as there are.

    Parameters
    ----------
    log_odds
        Log odds of starting of each row, shape (m,).
    treated
        Who starts, shape (m,): its sums by block are kept.
    block
        The block of each row, shape (m,).
    draws
        Number of draws.
    rng
        Where chance comes from.

    Returns
    -------
    array of int
        Rows that start in each draw, ascending, shape (draws, sum of treated).

    Notes
    -----
    Rows start independently with their odds, given how many do: a set S has a probability
    proportional to the product of its odds (conditional Bernoulli sampling; Chen and Liu 1997,
    Statistica Sinica 7).
    """
    order = np.argsort(block, kind="stable")
    found = []
    for rows in np.split(order, np.flatnonzero(np.diff(block[order])) + 1):
        places = int(treated[rows].sum())
        if places:
            own = log_odds[rows] - log_odds[rows].max()
            found.append(rows[_in_one_block(own, places, draws, rng)])
    return np.sort(np.concatenate(found, axis=1), axis=1)


def _in_one_block(
    log_odds: FloatArray, places: int, draws: int, rng: np.random.Generator
) -> IntArray:
    """Return the positions of those who start, shape (draws, places)."""
    share = np.exp(log_odds)
    share /= share.sum()
    meetings = places * (places - 1) / 2.0 * float(share @ share)
    if meetings <= PATIENCE:
        return _apart(share, places, draws, rng)
    return _row_by_row(log_odds, places, draws, rng)


def _apart(share: FloatArray, places: int, draws: int, rng: np.random.Generator) -> IntArray:
    """Draw rows one by one with their share of the odds, again until no row is drawn twice.

    Any order of a set S has the product of its shares as its probability, so S has a multiple of
    the product of its odds. About exp(-meetings) of the draws are kept.
    """
    upto = np.cumsum(share)
    chosen = np.empty((draws, places), dtype=np.int64)
    left = np.arange(draws)
    while len(left):
        drawn = np.searchsorted(upto, upto[-1] * rng.random((len(left), places)), side="right")
        drawn = np.sort(drawn, axis=1)
        kept = (np.diff(drawn, axis=1) > 0).all(axis=1)
        chosen[left[kept]] = drawn[kept]
        left = left[~kept]
    return chosen


def _row_by_row(
    log_odds: FloatArray, places: int, draws: int, rng: np.random.Generator
) -> IntArray:
    """Decide row by row, in all draws at once.

    The chance to be in with j places left is o_i e_{j-1}(after i) / e_j(from i), e the elementary
    symmetric polynomials of the odds (Chen and Liu 1997).
    """
    log_e = _symmetric(log_odds, places)
    left = np.full(draws, places)
    chosen = np.empty((draws, places), dtype=np.int64)
    for i in range(len(log_odds)):
        chance = np.zeros(places + 1)
        with np.errstate(invalid="ignore"):
            chance[1:] = np.exp(log_odds[i] + log_e[i + 1, :-1] - log_e[i, 1:])
        inside = rng.random(draws) < chance[left]
        chosen[inside, places - left[inside]] = i
        left = left - inside
        if not left.any():
            break
    return chosen


def _symmetric(log_odds: FloatArray, places: int) -> FloatArray:
    """Return log e_j of the odds from i on, shape (n + 1, places + 1); -inf where it is 0."""
    n = len(log_odds)
    log_e = np.full((n + 1, places + 1), -np.inf)
    log_e[:, 0] = 0.0
    for i in range(n - 1, -1, -1):
        log_e[i, 1:] = np.logaddexp(log_e[i + 1, 1:], log_odds[i] + log_e[i + 1, :-1])
    return log_e


Statistic = Callable[[IntArray], FloatArray]

#: Neighbours listed beyond those wanted, in the place of those who start; and without replacement
#: so many times those wanted, in the place of those taken. Lists that are too short cost time only.
SPARE, CROWD = 10, 6


@dataclass(frozen=True, eq=False)
class Experiment:
    """A group as an experiment that could have come out otherwise.

    Attributes
    ----------
    rows
        Rows of the risk set that take part, shape (r,), ascending.
    treated
        Who starts, shape (r,).
    block
        Start year and cell within which starters are drawn, shape (r,).
    log_odds
        Of starting, shape (r,).
    prepare
        Given all rows that will start in some draw, returns the estimates, shape (E,), as a
        function of the rows of the risk set that start, ascending; NaN where there is none.
    """

    rows: IntArray
    treated: BoolArray
    block: IntArray
    log_odds: FloatArray
    prepare: Callable[[IntArray], Statistic]

    @classmethod
    def of(cls, group: ControlGroup, target: TargetEffects) -> Experiment:
        """Read the group's odds, and the changes of everybody who could have started."""
        _, changes = target.levels_and_changes(group, np.arange(len(group.risk.person)))
        if group.model is None and (group.score is not None or group.whitened is not None):
            return cls._nearest(group, changes)
        return cls._shared(group, changes)

    @classmethod
    def _nearest(cls, group: ControlGroup, changes: FloatArray) -> Experiment:
        """Match drawn starters again, on the score or coordinates that are there."""
        risk, recipe = group.risk, group.recipe
        if recipe is None:
            raise EffectsError(
                "The group does not know how it was made",
                found="a group without its recipe",
                do="choose it with mih.match",
            )
        options = recipe.read(MatchOptions)
        index = np.zeros(len(risk.person)) if group.score is None else group.score.index
        return cls(
            np.arange(len(index)),
            risk.treated,
            risk.cell,
            index,
            lambda rows: _by_neighbours(group, options, changes, rows),
        )

    @classmethod
    def _shared(cls, group: ControlGroup, changes: FloatArray) -> Experiment:
        """Weigh whoever does not start by its odds: cells, and weights with their coefficients."""
        log_odds = _log_odds(group)
        rows = np.flatnonzero(np.isfinite(log_odds))
        block = np.unique(group.risk.cell[rows], return_inverse=True)[1]
        statistic = _by_block(rows, block, log_odds[rows], changes[rows])
        return cls(rows, group.risk.treated[rows], block, log_odds[rows], lambda _: statistic)


def _by_neighbours(
    group: ControlGroup, options: MatchOptions, changes: FloatArray, rows: IntArray
) -> Statistic:
    """Return the estimate where those who start are matched with those who do not."""
    risk, score = group.risk, group.score
    options = replace(options, ratio=most_controls(risk, options.ratio))
    length = SPARE + (1 if options.replace else CROWD) * options.ratio
    listed = NearestLists.of(risk, rows, score, group.whitened, options, length=length)

    def statistic(starters: IntArray) -> FloatArray:
        target = starters
        if options.common_support and score is not None:
            target = _on_support(risk, score, starters)
        sets = listed.match(starters, target)
        if not len(sets.participant):
            return np.full(changes.shape[1], np.nan)
        own, other = changes[sets.participant], changes[np.unique(sets.control)]
        again = replace(group, sets=sets)
        return compare(again, (own, other), (own, other)).estimate

    return statistic


def _on_support(risk: RiskSet, score: Score, starters: IntArray) -> IntArray:
    """Return the starters within the range of those who do not start."""
    treated = np.zeros(len(risk.person), dtype=bool)
    treated[starters] = True
    return starters[~outside_range(replace(risk, treated=treated), score)[starters]]


def _by_block(
    rows: IntArray, block: IntArray, log_odds: FloatArray, changes: FloatArray
) -> Statistic:
    """Return the estimate where those who do not start weigh their odds within a block.

    Sums over a block less those over its starters, so that a draw costs as much as its starters.
    """
    blocks = int(block.max()) + 1
    top = np.full(blocks, -np.inf)
    np.maximum.at(top, block, log_odds)
    odds = np.exp(log_odds - top[block])[:, None]
    seen = np.isfinite(changes)
    own = np.where(seen, changes, 0.0)
    parts = np.hstack([odds * own, odds * seen, own, seen])
    E = changes.shape[1]

    def summed(which: IntArray | slice, values: FloatArray) -> FloatArray:
        total = np.zeros((blocks, values.shape[1]))
        np.add.at(total, block[which], values)
        return total

    whole = summed(slice(None), parts[:, : 2 * E])

    def statistic(starters: IntArray) -> FloatArray:
        place = np.searchsorted(rows, starters)
        started = summed(place, parts[place])
        rest = whole - started[:, : 2 * E]
        mass = rest[:, E:]
        there = mass > 1e-9 * whole[:, E:]
        mean = rest[:, :E] / np.where(there, mass, 1.0)
        own, n = started[:, 2 * E : 3 * E], started[:, 3 * E :] * there
        count = n.sum(axis=0)
        effect = np.where(there, own - n * mean, 0.0).sum(axis=0)
        return np.asarray(np.where(count > 0, effect / np.maximum(count, 1.0), np.nan))

    return statistic


def _log_odds(group: ControlGroup) -> FloatArray:
    """Return log odds of starting, shape (m,); -inf or NaN for rows that take no part.

    Entropy weights are odds too: their logarithm is linear in the covariates within a start year,
    which says what those of the participants would be.
    """
    risk, sets, model = group.risk, group.sets, group.model
    kept = np.full(len(risk.person), -np.inf)
    if model is None:
        kept[np.concatenate([sets.participant, sets.control])] = 0.0
        return kept
    if group.score is not None:
        taking_part = np.concatenate([sets.participant, sets.control])
        kept[taking_part] = group.score.index[taking_part]
        return kept
    X = model.covariates.X
    Z = np.column_stack([np.ones(len(X)), (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-12)])
    year = risk.start_year[sets.control]
    for c in np.unique(year).tolist():
        control, weight = sets.control[year == c], np.log(sets.weight[year == c])
        slope = np.linalg.lstsq(Z[control], weight, rcond=1e-10)[0]
        own = sets.participant[risk.start_year[sets.participant] == c]
        kept[control], kept[own] = weight, Z[own] @ slope
    return kept


Assignment = Literal["score", "uniform"]

#: Estimates that differ by less, relatively, are the same: the true starters drawn, not rounding.
SAME = 1e-9
#: With a larger share of true starters among those drawn the draws show the effect itself.
MOSTLY = 0.5

_TITLE = Label(nb="Randomiseringstest, {outcome}", en="Randomisation test, {outcome}")
_BAR = Label(nb="trekker andre deltakere", en="drawing other starters")
_YEAR = Label(
    nb="År {year}: effekten er {estimate}, p = {p}.",
    en="Year {year}: the effect is {estimate}, p = {p}.",
)
_JOINT = Label(nb="Alle årene samlet: p = {p}.", en="All years together: p = {p}.")
_HOW = Label(
    nb="p er andelen som viser minst like stort utslag når andre trekkes til å starte, i {draws} "
    "trekninger og den virkelige. Den sier ingenting om hvem som valgte å starte av grunner som "
    "ikke står i registeret.",
    en="p is the share that shows at least as much when others are drawn to start, in {draws} "
    "draws and the real one. It says nothing of who chose to start for reasons that are not in the "
    "register.",
)


@named_options
@takes_question("se", "level")
def randomisation_test(
    group: ControlGroup,
    *,
    question: Question | None = None,
    outcome: str | None = None,
    year: int | Sequence[int] = 3,
    draws: int = 999,
    assignment: Assignment = "score",
    base: int = -1,
    dead: Dead = "zero",
    alpha: float = 0.05,
    seed: int = 2025,
) -> EffectTest:
    """Test that the programme changed nobody's outcome, by letting others have started instead.

    Parameters
    ----------
    group
        Participants and their controls.
    question
        In place of `outcome`, `year`, `base` and `dead`; its standard error and level are not used.
    outcome
        The outcome to test; by default wage income, or the first where there is none.
    year
        A year since start, or several.
    draws
        Number of draws of starters.
    assignment
        "score": with the odds of the group's score or weights. "uniform": everybody who could have
        started in a year and cell alike. Cells, and distances without a score, have no odds, and
        for them these are the same.
    base
        The base year relative to start.
    dead
        Income after death or emigration: "zero" or "missing".
    alpha
        Probability of a false alarm.
    seed
        Seed of the draws.

    Returns
    -------
    EffectTest
        A row per year: `outcome, year_since_start, estimate, placebo_mean, placebo_sd, p_value,
        p_joint, redrawn, n_participants, n_controls, draws`. `passed` is whether p_joint is above
        `alpha`; `redrawn` is the share of those drawn who did start.

    Raises
    ------
    OptionError
        An unknown outcome or option, the base year, a question beside an option that is part of it,
        or with one that is not the call's.
    EffectsError
        A year that has no estimate.

    Warns
    -----
    MihImpactWarning
        More than half of those drawn did start, since nobody else had the odds or stood in their
        cells: the draws show the effect itself, and the test can hardly reject.

    Notes
    -----
    Fisher's sharp null hypothesis: nobody's outcome depends on starting. Within each start year,
    and for matching each exact or coarsened cell, as many starters are drawn as there are, from all
    who started or could have; who is drawn takes that start year as a placebo, and those who did
    start stand among the candidates. A draw has a probability proportional to the product of the
    odds (Branson and Bind 2019), taken as known. The estimate is then made again: matching on the
    same score or distance, cells, or weights with the same coefficients.

    p = (1 + number of draws with ``|T*| >= |T|``) / (1 + draws); for several years together T is
    the largest ``|estimate|`` over the standard deviation of its draws. A draw without an estimate
    counts as beyond. `placebo_mean` away from zero says that the estimate leans to one side where
    nothing was done.

    With one start year and known odds the test is exact. With several, start years are drawn apart:
    a candidate of several may be drawn in each of them, and remains a candidate in those where it
    is not; who did start is drawn in its own start year alone. Odds that are estimated from those
    who did start balance them better than those who are drawn, which makes p too large rather than
    too small.

    It says nothing about those who chose to start for reasons that no column shows.

    References
    ----------
    Fisher (1935), The design of experiments. Branson and Bind (2019), Randomization-based inference
    for Bernoulli trial experiments, Statistical Methods in Medical Research 28(5).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), method="exact", exact=["county", "benefit_type"])
    >>> found = mih.randomisation_test(group, year=3, draws=99)
    >>> bool(found.table["p_value"][0] <= 0.05)
    True
    """
    del question  # it has come as the single options
    require_choice("assignment", assignment, get_args(Assignment), call="randomisation_test")
    require_draws(draws)
    arguments.alpha(alpha)
    arguments.seed(seed)
    outcome = outcome_asked(group, outcome)
    target, years = ask_years(group, outcome, year, base, dead, call="randomisation_test")
    pick = np.array([target.years.index(e) for e in years])
    observed, placebo, redrawn = _estimates(Experiment.of(group, target), assignment, draws, seed)
    observed, placebo = observed[pick], placebo[:, pick]
    _require_estimates(years, observed)
    _warn_of_few_others(redrawn)
    compared = RowOutcomes.of(group, target, "person").compared()
    p_value, p_joint = _p_values(observed, placebo)
    table = pd.DataFrame(
        {
            "outcome": outcome,
            "year_since_start": years,
            "estimate": observed,
            "placebo_mean": np.nanmean(placebo, axis=0),
            "placebo_sd": np.nanstd(placebo, axis=0, ddof=1),
            "p_value": p_value,
            "p_joint": p_joint,
            "redrawn": redrawn,
            **{name: count[pick] for name, count in persons_behind(group, compared).items()},
            "draws": draws,
        }
    )
    title = _TITLE.format(outcome=label_of(outcome))
    return EffectTest(
        contributors=contributors(compared.giving)[pick],
        name="randomisation",
        passed=bool(p_joint > alpha),
        table=table,
        sentence=both(lambda: _text(group, table)).texts(),
        title=title.texts(),
        provenance=group.provenance.then(
            "randomisation_test",
            {
                "match": group.provenance.options,
                "outcome": outcome,
                "year": years,
                "draws": draws,
                "assignment": assignment,
                "base": base,
                "dead": dead,
                "alpha": alpha,
            },
            seed=seed,
        ),
    )


def _estimates(
    experiment: Experiment, assignment: Assignment, draws: int, seed: int
) -> tuple[FloatArray, FloatArray, float]:
    """Return the estimates of those who start, (E,), of every draw, (draws, E), and who recurs."""
    log_odds = experiment.log_odds if assignment == "score" else np.zeros(len(experiment.rows))
    drawn = draw_starters(
        log_odds, experiment.treated, experiment.block, draws=draws, rng=np.random.default_rng(seed)
    )
    true, others = experiment.rows[experiment.treated], experiment.rows[drawn]
    statistic = experiment.prepare(np.union1d(true, others))
    placebo = np.stack([statistic(starters) for starters in progress_bar(_BAR, others)])
    return statistic(true), placebo, float(np.isin(others, true).mean())


def _require_estimates(years: list[int], observed: FloatArray) -> None:
    """Raise on years without an estimate."""
    empty = [str(e) for e, value in zip(years, observed, strict=True) if np.isnan(value)]
    if empty:
        raise EffectsError(
            "Some years have no effect to test",
            found=f"nobody is compared in {', '.join(empty)}",
            do="name other years",
        )


def _warn_of_few_others(redrawn: float) -> None:
    """Warn where the draws are of the true starters mostly."""
    if redrawn > MOSTLY:
        warn(
            f"{redrawn:.0%} of those drawn are true starters: hardly anybody else had their odds, "
            "and the test can hardly reject. Match on fewer columns, or take "
            "assignment='uniform'."
        )


def _p_values(observed: FloatArray, placebo: FloatArray) -> tuple[FloatArray, float]:
    """Return each year's p-value and that of the largest; a draw without an estimate is beyond."""
    beyond = ~(np.abs(placebo) < np.abs(observed) * (1.0 - SAME))
    p = (1.0 + beyond.sum(axis=0)) / (1.0 + len(placebo))
    sd = np.nanstd(placebo, axis=0, ddof=1)
    sd = np.where(sd > 0, sd, 1.0)
    largest = np.abs(placebo / sd).max(axis=1)
    joint = ~(largest < np.abs(observed / sd).max() * (1.0 - SAME))
    return p, float((1.0 + joint.sum()) / (1.0 + len(placebo)))


def _text(group: ControlGroup, table: pd.DataFrame) -> str:
    """Return the result in words."""
    show = formatter(group, table["outcome"].iloc[0])
    texts = [
        _YEAR.format(
            year=number(row["year_since_start"]),
            estimate=show(row["estimate"]),
            p=shown_p(row["p_value"], row["draws"]),
        ).text()
        for row in table.to_dict("records")
    ]
    draws = int(table["draws"].iloc[0])
    if len(table) > 1:
        p = shown_p(table["p_joint"].iloc[0], draws)
        texts.append(_JOINT.format(p=p).text())
    return " ".join([*texts, _HOW.format(draws=number(draws)).text()])
