"""`randomisation_test`: would other starters, in other start years, have shown as much."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.group import ControlGroup
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import number
from mih_impact.display.options import current
from mih_impact.display.provenance import Provenance
from mih_impact.effects.asked import require_choice
from mih_impact.effects.inference.assignments import draw_starters
from mih_impact.effects.inference.placebo_starts import Experiment
from mih_impact.effects.inference.redone import require_draws
from mih_impact.effects.inference.tested import (
    EffectTest,
    ask_years,
    formatter,
    persons_behind,
    shown_p,
)
from mih_impact.effects.measured import Measured
from mih_impact.effects.taken import outcome_asked
from mih_impact.errors import EffectsError, warn
from mih_impact.panel.contract import label_of
from mih_impact.panel.cube import Dead
from mih_impact.signatures import named_options

__all__ = ["randomisation_test"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

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
def randomisation_test(
    group: ControlGroup,
    *,
    outcome: str | None = None,
    year: int | Sequence[int],
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
    EffectsError
        An unknown outcome or option, or a year that is the base or has no estimate.

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

    p = (1 + number of draws with |T*| >= |T|) / (1 + draws); for several years together T is the
    largest |estimate| over the standard deviation of its draws. A draw without an estimate counts
    as beyond. `placebo_mean` away from zero says that the estimate leans to one side where nothing
    was done.

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
    require_choice("assignment", assignment, get_args(Assignment), call="randomisation_test")
    require_draws(draws)
    arguments.alpha(alpha, error=EffectsError)
    arguments.seed(seed, error=EffectsError)
    outcome = outcome_asked(group, outcome)
    asked, years = ask_years(group, outcome, year, base, dead, call="randomisation_test")
    pick = np.array([asked.years.index(e) for e in years])
    observed, placebo, redrawn = _estimates(Experiment.of(group, asked), assignment, draws, seed)
    observed, placebo = observed[pick], placebo[:, pick]
    _require_estimates(years, observed)
    _warn_of_few_others(redrawn)
    everyone = np.ones(group.n_participants, dtype=bool)
    compared, _ = Measured.of(group, asked, "person", adjust=False).effect(everyone)
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
        name="randomisation",
        passed=bool(p_joint > alpha),
        table=table,
        sentence={lang: _text(group, table, lang) for lang in get_args(Lang)},
        title={"nb": title.nb, "en": title.en},
        provenance=Provenance.of(
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
            data=group.risk.cube.fingerprint,
            evidence=group.provenance.evidence,
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
    placebo = np.stack([statistic(starters) for starters in _with_bar(others)])
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


def _with_bar(drawn: IntArray) -> Iterable[Any]:
    """Show how far the draws have come, where progress is wanted."""
    from tqdm import tqdm

    return tqdm(drawn, desc=_BAR.text(), disable=not current().progress, leave=False)


def _text(group: ControlGroup, table: pd.DataFrame, lang: Lang) -> str:
    """Return the result in words."""
    show = formatter(group, table["outcome"].iloc[0])
    texts = [
        _YEAR.format(
            year=number(row["year_since_start"], lang=lang),
            estimate=show(row["estimate"], lang=lang),
            p=shown_p(row["p_value"], row["draws"], lang),
        ).text(lang)
        for row in table.to_dict("records")
    ]
    draws = int(table["draws"].iloc[0])
    if len(table) > 1:
        p = shown_p(table["p_joint"].iloc[0], draws, lang)
        texts.append(_JOINT.format(p=p).text(lang))
    return " ".join([*texts, _HOW.format(draws=number(draws, lang=lang)).text(lang)])
