"""`leave_one_out`: does the effect hang on one county, or on one start year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.covariates import Term, read_rows, read_term
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.recipe import Recipe
from mih_impact.display.labels import Label
from mih_impact.display.provenance import Provenance
from mih_impact.effects.asked import Composition, Estimator
from mih_impact.effects.influence import StandardError
from mih_impact.effects.robustness.leave_out_result import LeaveOneOut, title, verdict, words
from mih_impact.effects.robustness.panels import Altered
from mih_impact.effects.robustness.question import EMPTY, Question, attempt, recipe_of, with_bar
from mih_impact.effects.taken import outcome_asked
from mih_impact.errors import EffectsError
from mih_impact.panel.contract import DERIVED
from mih_impact.panel.cube import NEVER, Cube, Dead
from mih_impact.signatures import named_options

__all__ = ["leave_one_out"]

BoolArray = NDArray[np.bool_]

#: More levels than this are no levels.
MOST = 60
_BAR = Label(nb="utelater én om gangen", en="leaving one out at a time")


@named_options
def leave_one_out(
    group: ControlGroup,
    *,
    by: Term = "county",
    outcome: str | None = None,
    year: int | Sequence[int] = 3,
    estimator: Estimator = "did",
    base: int | Sequence[int] = -1,
    composition: Composition = "available",
    se: StandardError = "auto",
    dead: Dead = "zero",
    adjust: bool = False,
    level: float = 0.95,
) -> LeaveOneOut:
    """Estimate an effect again without each county, or each level of another column, in turn.

    Parameters
    ----------
    group
        Participants and their controls.
    by
        A column as it stood in the year before start, or "start_year".
    outcome, year
        The effect: an outcome (by default wage income, or the first where there is none) in a year
        since start, or its mean over several.
    estimator, base, composition, se, dead, adjust, level
        As in `event_study`; "balanced" is for start years seen in all the years asked for.

    Returns
    -------
    LeaveOneOut
        A row for everybody (`left_out` is "") and one per level: `left_out, estimate, std_error,
        conf_low, conf_high, n_participants, n_controls, reason, warning, difference,
        n_left_out`. difference is from everybody, n_left_out the participants of the level among
        all who start. A level without an estimate has missing values and says why in `reason`.
        `passed` is whether every estimate has the sign of everybody's, and lies within its
        interval; None where no level has an estimate that is shown.

    Raises
    ------
    EffectsError
        The group does not know how it was made, an unknown outcome or option, one level only, or
        more than 60.

    Notes
    -----
    Controls are chosen again with the group's own options from a register without the level:
    participants who have it in the year before they start are taken out of it, and nobody is a
    candidate in a start year in which he had it the year before; a person who moves can be a
    candidate from elsewhere. Score, caliper and weights are thus estimated without the level.
    Participants whose level is not known are in every row.

    It is no test: rows share almost all persons, and their intervals are not independent.

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> with mih.options(progress=False):
    ...     found = mih.leave_one_out(group, by="county", year=2)
    >>> found.table["left_out"].tolist()[0], len(found.table), found.passed
    ('', 5, True)
    """
    recipe = recipe_of(group)
    outcome = outcome_asked(group, outcome)
    question = Question.of(
        outcome, year, estimator=estimator, base=base, composition=composition, se=se, dead=dead,
        adjust=adjust, level=level,
    )  # fmt: skip
    everybody = {**EMPTY, **question.answer(group)}
    without = _Without.of(group, recipe, by)
    rows = [
        {"left_out": name, **attempt(question, partial(_again, recipe, without, name))}
        for name in with_bar(without.names, _BAR, total=len(without.names))
    ]
    table = pd.DataFrame([{"left_out": "", **everybody}, *rows])
    table["difference"] = table["estimate"] - everybody["estimate"]
    table["n_left_out"] = [0.0, *map(without.participants, without.names)]
    unit = group.risk.cube.unit_of(outcome)
    found = LeaveOneOut(
        name="leave_one_out",
        passed=verdict(table),
        table=table,
        sentence=words(table, unit),
        title=title(by, outcome, question.years),
        provenance=Provenance.of(
            "leave_one_out",
            {"by": str(by), "match": group.provenance.options, **asdict(question)},
            data=group.risk.cube.fingerprint,
            evidence=group.provenance.evidence,
        ),
        by=str(by),
        outcome=outcome,
        years=question.years,
        unit=unit,
        price_year=group.risk.cube.price_year,
        level=level,
    )
    return replace(found, passed=found.shown().passed)


def _again(recipe: Recipe, without: _Without, name: str) -> ControlGroup:
    """Choose controls again without a level."""
    return recipe.again({}, panel=Altered(recipe.panel, partial(without.change, name)))


@dataclass(frozen=True, eq=False)
class _Without:
    """Who has which level, in the year before each start year.

    Attributes
    ----------
    names
        The levels among participants and their controls, ascending.
    level
        Which of the names each person has in each period, shape (n_persons, n_periods); -1 for
        none, or in a period that none in which somebody is compared from follows.
    own
        The level of each participant in the year before its own start, shape (n_persons,); -1
        for none and for others.
    by_start_year
        Whether a level is a start year, which candidates do not have.
    """

    names: list[str]
    level: NDArray[np.int64]
    own: NDArray[np.int64]
    by_start_year: bool

    @classmethod
    def of(cls, group: ControlGroup, recipe: Recipe, by: Term) -> _Without:
        """Read the levels, of the column as of the year before each start year."""
        risk = group.risk
        cube = risk.cube
        starts = cube.start_year != NEVER
        first = int(cube.periods[0])
        level = np.full((cube.n_persons, len(cube.periods)), -1, dtype=np.int64)
        if arguments.is_one_of(by, ["start_year"]):
            years = np.unique(cube.start_year[starts])
            own = np.where(starts, np.searchsorted(years, cube.start_year), -1)
            return cls(_few(list(map(str, years.tolist())), by), level, own, True)
        column = str(getattr(by, "column", by))
        if column not in cube.names and column not in DERIVED:
            cube = recipe.fetch([column])
        rows = np.concatenate([np.flatnonzero(risk.treated), np.unique(group.sets.control)])
        used, _ = read_rows(cube, by, risk.person[rows], risk.start[rows])
        names = sorted(pd.Series(used).dropna().unique().tolist())
        index = pd.Index(names)
        own = np.full(cube.n_persons, -1, dtype=np.int64)
        for s in np.unique(risk.start).tolist():
            code = index.get_indexer(pd.Index(read_term(cube, by, s)[0]))
            level[:, s - 1 - first] = code
            own = np.where(risk.cube.start == s, code, own)
        return cls(_few(list(map(str, names)), by), level, own, False)

    def change(self, name: str, cube: Cube) -> Cube:
        """Return the cube with nobody of the level: they neither start nor can be candidates."""
        k = self.names.index(name)
        gone = self.own == k
        return replace(
            cube,
            start=np.where(gone, NEVER, cube.start),
            eligible=cube.eligible & ~gone[:, None] & (self.level != k),
        )

    def participants(self, name: str) -> float:
        """Return how many participants have the level."""
        return float((self.own == self.names.index(name)).sum())


def _few(names: list[str], by: Term) -> list[str]:
    """Return the levels, or raise where there is one, or where it is no column of levels."""
    if 2 <= len(names) <= MOST:
        return names
    raise EffectsError(
        f"{by} does not part the participants into levels that can be left out",
        found=f"{len(names)} values; between 2 and {MOST} are needed",
        do='name a column with few values, such as "county" or "start_year"',
    )
