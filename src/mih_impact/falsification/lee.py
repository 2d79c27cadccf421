"""Lee bounds: what leaving can have done to the effect on those who would be seen anyhow.

Arrays in, arrays out. Rows are persons in a role; participants and controls each have weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.design import combined
from mih_impact.controls.group import ControlGroup
from mih_impact.display.locale import Label, both
from mih_impact.display.numbers import interval, number, percent
from mih_impact.display.unit import AnyUnit, difference
from mih_impact.effects.check_result import SensitivityCheck
from mih_impact.effects.hidden import contributions, contributors
from mih_impact.effects.influence import Influence
from mih_impact.effects.question import (
    Estimator,
    Question,
    TargetEffects,
    outcome_asked,
    read_target,
    require_choice,
    takes_question,
)
from mih_impact.errors import EffectsError, OptionError
from mih_impact.falsification.attrition import Pooled
from mih_impact.panel.contract import label_of
from mih_impact.panel.cube import Dead

__all__ = [
    "Sample",
    "Trimmed",
    "cells_of",
    "combine",
    "imbens_manski",
    "lee_bounds",
    "require_exact",
    "trim",
]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sample:
    """Everybody who could have been seen in a year: with a base, and the year in the register.

    Attributes
    ----------
    rows
        Rows of the risk set, shape (r,).
    y
        Outcomes, 0 where not seen.
    seen, treated
        Whether the outcome is seen, and whether the row is a participant.
    weight
        1 for a participant, what the group gives a control.
    person
        Position in the cube.
    """

    rows: NDArray[np.int64]
    y: FloatArray
    seen: BoolArray
    treated: BoolArray
    weight: FloatArray
    person: NDArray[np.int64]

    @classmethod
    def of(cls, group: ControlGroup, target: TargetEffects, *, in_work: bool) -> Sample:
        """Read changes in the year, of those with a base and a year within the register."""
        pooled, cube = Pooled.of(group), group.risk.cube
        who, start = pooled.person, group.risk.start[pooled.rows]
        change = target.levels_and_changes(group, pooled.rows)[1][:, 0]
        able = cube.seen(start, target.years)[:, 0]
        if target.bases:
            before = cube.since_start(
                target.outcomes[0], who, start, target.bases, dead=target.dead
            )
            able &= np.isfinite(before).all(axis=1)
        there = np.isfinite(change)
        if in_work:
            work = cube.since_start("in_work", who, start, target.years, dead=target.dead)
            there &= work[:, 0] == 1.0
        sample = cls(
            pooled.rows[able],
            np.where(there, change, 0.0)[able],
            there[able],
            pooled.treated[able],
            pooled.weight[able],
            who[able],
        )
        sample.require_seen(target.years[0])
        return sample

    def count(self, which: BoolArray) -> tuple[int, int]:
        """Return the distinct persons among some rows, as participants and as controls."""
        own, other = (len(np.unique(self.person[which & side])) for side in self._sides)
        return own, other

    @property
    def shares(self) -> tuple[float, float]:
        """The share seen among participants and among controls."""
        own, other = (float(np.average(self.seen[s], weights=self.weight[s])) for s in self._sides)
        return own, other

    @property
    def more(self) -> bool:
        """Whether participants are seen at least as often as controls."""
        return self.shares[0] >= self.shares[1]

    @property
    def untrimmed(self) -> float:
        """The difference of means among all who are seen."""
        weight = self.weight * self.seen
        own, other = (float(np.average(self.y[s], weights=weight[s])) for s in self._sides)
        return own - other

    @property
    def _sides(self) -> tuple[BoolArray, BoolArray]:
        return self.treated, ~self.treated

    def require_seen(self, year: int) -> None:
        """Raise where nobody of a side is seen."""
        own, other = self.count(self.seen)
        if not (own and other):
            raise EffectsError(
                f"A side has nobody with an outcome in year {year}",
                found=f"{own} participants and {other} controls with one",
                do="choose another year or outcome",
            )


def cells_of(group: ControlGroup, sample: Sample, columns: tuple[str, ...]) -> NDArray[np.int64]:
    """Give each combination of values a number, shape (rows of the sample,)."""
    codes: list[tuple[NDArray[np.int64], int]] = [(np.zeros(len(sample.rows), dtype=np.int64), 1)]
    for column in columns:
        if column == "start_year":
            values: NDArray[Any] = group.risk.start_year[sample.rows]
        else:
            values = group.read(column, sample.rows)
        code, distinct = pd.factorize(values)
        codes.append((code, len(distinct)))
    return np.unique(combined(codes)[0], return_inverse=True)[1]


def require_exact(group: ControlGroup, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns, or raise on one in whose cells controls do not stand for participants."""
    exact = (*group.exact, "start_year")
    unknown = [column for column in columns if column not in exact]
    if unknown:
        raise OptionError(
            f"Not matched on exactly: {', '.join(unknown)}",
            found=f"exact={list(group.exact)}",
            do="match exactly on them, exact=, or name start_year or columns of exact=: there "
            "controls weigh as the participants do",
        )
    return columns


#: A share of weight that is only rounding.
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Trimmed:
    """Bounds on the effect among those always seen.

    Attributes
    ----------
    bounds
        Lower and upper bound, shape (2,).
    influence
        Of every row on each bound, shape (rows, 2).
    always
        The share of the population that is always seen, and the influence of every row on it.
    cut
        Whether a row is trimmed, wholly or in part, from below or from above, shape (rows, 2).
    share
        Share of the weight of the trimmed side that is trimmed.
    """

    bounds: FloatArray
    influence: FloatArray
    always: tuple[float, FloatArray]
    cut: BoolArray
    share: float


def trim(
    y: FloatArray, seen: BoolArray, treated: BoolArray, weight: FloatArray, *, more: bool
) -> Trimmed:
    """Bound the effect in one cell.

    Parameters
    ----------
    y
        Outcomes, shape (r,); not read where not seen.
    seen, treated
        Shape (r,).
    weight
        Shape (r,), 0 outside the cell; made to add up to 1 on each side.
    more
        Whether it is participants who are seen at least as often: they are trimmed; else controls.

    Notes
    -----
    Lee (2009), proposition 1a: with s the share seen, r = s_less / s_more of the trimmed side's
    weight is kept, the lowest or the highest; the row at the edge is cut through, so that exactly r
    is kept. With q the outcome at the edge and mu the mean of the kept, rows of the trimmed side
    move mu by [(y - q) kept - r (mu - q)] / r and everybody by (q - mu) / r dr; their squares add
    up to proposition 3. Where the sample has r above 1, nothing is trimmed.
    """
    sides = (treated, ~treated) if more else (~treated, treated)
    w_more, w_less = (np.where(side, weight / weight[side].sum(), 0.0) for side in sides)
    s_more, s_less = float(w_more @ seen), float(w_less @ seen)
    value = np.where(seen, y, 0.0)
    kept_share = s_less / s_more
    if kept_share > 1.0 - ROUNDING:
        kept_share = 1.0

    d_less = w_less * (seen - s_less)
    d_ratio = np.zeros(len(y))
    if kept_share < 1.0:
        d_ratio = (d_less - kept_share * w_more * (seen - s_more)) / s_more
    other = float(w_less @ (seen * value) / s_less)
    d_other = w_less * seen * (value - other) / s_less
    within = w_more * seen / s_more

    means, moves, cut = [], [], []
    for direction in (1.0, -1.0):  # keep the lowest, keep the highest
        kept, edge = _keep(direction * value, within, kept_share)
        edge *= direction
        mean = float((within * kept) @ value / kept_share)
        part = within * ((value - edge) * kept - kept_share * (mean - edge)) / kept_share
        means.append(mean)
        moves.append(part + (edge - mean) / kept_share * d_ratio - d_other)
        cut.append((within > 0) & (kept < 1.0 - ROUNDING))
    low, high = (0, 1) if more else (1, 0)
    sign = 1.0 if more else -1.0
    return Trimmed(
        bounds=sign * (np.array([means[low], means[high]]) - other),
        influence=sign * np.stack([moves[low], moves[high]], axis=1),
        always=(s_less, d_less),
        cut=np.stack(cut, axis=1),
        share=1.0 - kept_share,
    )


def _keep(value: FloatArray, weight: FloatArray, share: float) -> tuple[FloatArray, float]:
    """Return the part of each row that is kept of the lowest share of the weight, and the edge.

    Parameters
    ----------
    value
        Shape (r,).
    weight
        Shape (r,), adding up to 1; rows of weight 0 are not there.
    share
        Above 0, up to 1.
    """
    if share == 1.0:  # nothing depends on where the edge is
        return np.ones(len(value)), 0.0
    order = np.argsort(value, kind="stable")
    order = order[weight[order] > 0]
    w = weight[order]
    before = np.cumsum(w) - w
    part = np.clip((share - before) / w, 0.0, 1.0)
    kept = np.zeros(len(value))
    kept[order] = part
    return kept, float(value[order][np.flatnonzero(part > ROUNDING)[-1]])


def combine(
    cells: Sequence[tuple[FloatArray, Trimmed]], members: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Average the bounds of cells, each with its participants who are always seen.

    Parameters
    ----------
    cells
        For each cell `members` of those in it and 0 for others, shape (r,), and its bounds.
    members
        Weight of every participant, adding up to 1, and 0 for controls, shape (r,).

    Returns
    -------
    tuple
        Bounds (2,), influence (r, 2) and the share trimmed among those seen.

    Notes
    -----
    theta = sum_x a_x theta_x / sum_x a_x, a_x the participants in cell x times the share of the
    less seen side that is seen there (Lee 2009, proposition 1b). Shares of cells are estimated too.
    """
    a = np.array([inside.sum() * cell.always[0] for inside, cell in cells])
    pi = a / a.sum()
    bounds = np.stack([cell.bounds for _, cell in cells])
    theta = pi @ bounds
    influence = np.zeros((len(members), 2))
    for (inside, cell), p, own in zip(cells, pi, bounds, strict=True):
        mass = inside.sum()
        d_mass = inside - mass * members
        d_a = cell.always[0] * d_mass + mass * cell.always[1]
        influence += p * cell.influence + np.outer(d_a / a.sum(), own - theta)
    return theta, influence, float(pi @ [cell.share for _, cell in cells])


def imbens_manski(bounds: FloatArray, error: FloatArray, level: float) -> tuple[float, float]:
    """Return an interval that covers the effect, wherever it lies between the bounds.

    Notes
    -----
    [L - c s_L, U + c s_U] with Phi(c + (U - L) / max(s_L, s_U)) - Phi(-c) = level (Imbens and
    Manski 2004): c runs from the two-sided to the one-sided normal quantile.
    """
    largest = float(error.max())
    if not largest > 0:
        return float(bounds[0]), float(bounds[1])
    gap = float(bounds[1] - bounds[0]) / largest
    c = brentq(lambda x: ndtr(x + gap) - ndtr(-x) - level, 0.0, 20.0, xtol=1e-12)
    return float(bounds[0] - c * error[0]), float(bounds[1] + c * error[1])


Monotone = Literal["auto", "more", "less"]
Seen = Literal["register", "in_work"]

_TITLE = Label(nb="Lee-grenser, {outcome}, år {year}", en="Lee bounds, {outcome}, year {year}")
_BOUNDS = Label(
    nb="Blant dem som ville vært {seen} uansett, ligger effekten mellom {low} og {high} "
    "({level} KI {interval}). {participants} av deltakerne og {controls} av kontrollgruppen er "
    "{seen}.",
    en="Among those who would be {seen} either way the effect lies between {low} and {high} "
    "({level} CI {interval}). {participants} of the participants and {controls} of the control "
    "group are {seen}.",
)
_ASSUMED = {
    True: Label(
        nb=" Det forutsetter at ingen går ut på grunn av tiltaket.",
        en=" This takes it that nobody leaves because of the programme.",
    ),
    False: Label(
        nb=" Det forutsetter at ingen blir på grunn av tiltaket.",
        en=" This takes it that nobody stays because of the programme.",
    ),
}
_SEEN = {
    "register": Label(nb="å se i registeret", en="seen in the register"),
    "in_work": Label(nb="i arbeid", en="in work"),
}
_SHOWS = {
    "within": (Label(nb="Innenfor", en="Within"), "text"),
    "lower": (Label(nb="Nedre grense", en="Lower bound"), "amount"),
    "upper": (Label(nb="Øvre grense", en="Upper bound"), "amount"),
    "conf_low": (Label(nb="Intervall fra", en="Interval from"), "amount"),
    "conf_high": (Label(nb="Intervall til", en="Interval to"), "amount"),
    "untrimmed": (Label(nb="Uten trimming", en="Untrimmed"), "amount"),
    "share_trimmed": (Label(nb="Trimmet", en="Trimmed"), "percent"),
}
_WHOLE = "all"
_WORDS = {_WHOLE: Label(nb="alle samlet", en="all together")}


# More than ten parameters: single options stand beside the question they can go as.
@named_options
@takes_question("se")
def lee_bounds(
    group: ControlGroup,
    *,
    question: Question | None = None,
    outcome: str | None = None,
    year: int = 3,
    seen: Seen = "register",
    monotone: Monotone = "auto",
    within: str | Sequence[str] = (),
    estimator: Estimator = "did",
    base: int | Sequence[int] = -1,
    dead: Dead = "missing",
    level: float = 0.95,
) -> SensitivityCheck:
    """Bound the effect on those who would be seen with the programme and without it.

    Parameters
    ----------
    group
        Participants and their controls.
    question
        In place of `outcome`, `year`, `estimator`, `base`, `dead` and `level`; its standard error
        is that of the bounds, and its `dead` is "zero" where it does not say otherwise.
    outcome
        The outcome; by default wage income, or the first where there is none.
    year
        The year since start.
    seen
        Who has an outcome. "register": whoever is seen in that year. "in_work": of them, those with
        wage income, so that the effect is on what they earn.
    monotone
        "more": nobody leaves because of the programme, so participants are seen at least as often.
        "less": nobody stays because of it. "auto" takes what the shares say.
    within
        Columns of the group's `exact`, or "start_year": trim within their cells, which narrows the
        bounds where leaving depends on them.
    estimator, base
        What is compared, as in `event_study`: changes from the base year, or levels. Persons
        without a base year take no part.
    dead
        "missing": the dead and emigrated are not seen. "zero": their income is.
    level
        Coverage of the interval.

    Returns
    -------
    SensitivityCheck
        A row for all together and, with `within`, one for its cells: `outcome, year_since_start,
        within, lower, upper, std_error_lower, std_error_upper, conf_low, conf_high, untrimmed,
        seen_participants, seen_controls, share_trimmed, trimmed, n_participants, n_controls,
        n_trimmed, cells`. `n_` counts persons seen. `passed` is None: bounds set no standard.

    Raises
    ------
    OptionError
        An unknown outcome or option, a column of `within` that is not matched on exactly, a
        question beside an option that is part of it, or with one that is not the call's.
    EffectsError
        A year nobody is seen in, or a cell in which nobody of a side is seen.

    Notes
    -----
    See `lee.trim`. Participants weigh 1 and controls what the group gives them; quantiles and
    means are weighted. Comparisons within cells are averaged by the participants always seen there.
    A cell whose shares go the other way is not trimmed.

    Standard errors come from persons' influence, weights taken as fixed: with equal weights they
    are Lee's (his proposition 3). The interval is that of Imbens and Manski (2004) and covers the
    effect, not the whole of the bounds.

    References
    ----------
    Lee (2009), Training, wages, and sample selection: estimating sharp bounds on treatment effects,
    Review of Economic Studies 76(3). Imbens and Manski (2004), Confidence intervals for partially
    identified parameters, Econometrica 72(6).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> found = mih.lee_bounds(group, year=3, seen="in_work").table
    >>> bool(found["lower"][0] <= found["untrimmed"][0] <= found["upper"][0])
    True
    """
    del question  # it has come as the single options
    year = arguments.whole("year", year)
    outcome = arguments.name("outcome", outcome_asked(group, outcome))
    target = read_target(
        group, outcome, estimator, base, (year, year), "available", dead, call="lee_bounds"
    )
    require_choice("seen", seen, get_args(Seen), call="lee_bounds")
    require_choice("monotone", monotone, get_args(Monotone), call="lee_bounds")
    arguments.level(level)
    columns = require_exact(group, arguments.names("within", within))
    sample = Sample.of(group, target, in_work=seen == "in_work")
    more = sample.more if monotone == "auto" else monotone == "more"
    rows = [_row(sample, np.zeros(len(sample.y), dtype=np.int64), _WHOLE, more, level)]
    if columns:
        rows.append(_row(sample, cells_of(group, sample, columns), ", ".join(columns), more, level))
    table = pd.DataFrame(rows)
    table.insert(0, "outcome", outcome)
    table.insert(1, "year_since_start", year)
    unit = group.risk.cube.unit_of(outcome)
    title = _TITLE.format(outcome=label_of(outcome), year=number(year))
    seen_by = [sample.seen & side for side in (sample.treated, ~sample.treated)]
    giving = contributions(
        [sample.weight[own, None] for own in seen_by],
        [sample.y[own, None] for own in seen_by],
        [sample.person[own] for own in seen_by],
    )
    return SensitivityCheck(
        contributors=np.repeat(contributors(giving), len(table)),
        name="lee_bounds",
        passed=None,
        table=table,
        sentence=both(lambda: _sentence(rows[-1], seen, more, level, unit)).texts(),
        title=title.texts(),
        provenance=group.provenance.then(
            "lee_bounds",
            {
                "match": group.provenance.options,
                "outcome": outcome,
                "year": year,
                "seen": seen,
                "monotone": "more" if more else "less",
                "within": list(columns),
                "estimator": estimator,
                "base": list(target.bases),
                "dead": dead,
                "level": level,
            },
        ),
        keys=("outcome", "year_since_start", "within"),
        shows=_SHOWS,
        words=_WORDS | {", ".join(columns): _names(columns)},
        unit=unit,
        card_rows=tuple(range(len(table))),
        persons=float(table["persons"].iloc[-1]),
    )


def _row(
    sample: Sample, cell: NDArray[np.int64], name: str, more: bool, level: float
) -> dict[str, Any]:
    """Return a row of the table: bounds within cells, put together."""
    members = sample.treated / sample.treated.sum()
    parts: list[tuple[FloatArray, Trimmed]] = []
    for x in np.unique(cell[sample.treated]).tolist():
        trimmed = _trim_cell(sample, cell == x, more)
        if trimmed is not None:
            parts.append((np.where(cell == x, members, 0.0), trimmed))
    bounds, influence, share = combine(parts, members)
    clustered = Influence(influence, sample.person).clustered(sample.person)
    error = np.sqrt(np.diag(clustered.covariance))
    low, high = imbens_manski(bounds, error, level)
    cut = np.any([trimmed.cut for _, trimmed in parts], axis=0)
    n_trimmed = min(len(np.unique(sample.person[end])) for end in cut.T)
    seen, gone = sample.count(sample.seen), sample.count(~sample.seen)
    own, other = sample.shares
    return {
        "within": name,
        "lower": bounds[0],
        "upper": bounds[1],
        "std_error_lower": error[0],
        "std_error_upper": error[1],
        "conf_low": low,
        "conf_high": high,
        "untrimmed": sample.untrimmed,
        "seen_participants": own,
        "seen_controls": other,
        "share_trimmed": share,
        "trimmed": "participants" if more else "controls",
        "n_participants": seen[0],
        "n_controls": seen[1],
        "n_trimmed": n_trimmed,
        "cells": len(parts),
        # The mean with and without a few tells what these few have, and a share how few are gone.
        "persons": float(min(n for n in (*seen, *gone, n_trimmed) if n)),
    }


def _trim_cell(sample: Sample, here: BoolArray, more: bool) -> Trimmed | None:
    """Return the bounds of one cell; None where nobody of the side seen less often is seen."""
    sides = (sample.treated & here, ~sample.treated & here)
    own, other = (bool((sample.seen & side).any()) for side in sides)
    if not (own and other):
        if sides[1].any() and not (other if more else own):
            return None
        raise EffectsError(
            "In a cell one side has outcomes and the other has none",
            found=f"{int(sides[0].sum())} participants, {int(sides[1].sum())} control rows",
            do="leave out within=, or name fewer columns",
        )
    weight = np.where(here, sample.weight, 0.0)
    return trim(sample.y, sample.seen, sample.treated, weight, more=more)


def _names(columns: tuple[str, ...]) -> Label:
    """Return the displayed names of some columns."""
    labels = [label_of(column) for column in columns]
    return Label(nb=", ".join(x.nb for x in labels), en=", ".join(x.en for x in labels))


def _sentence(row: dict[str, Any], seen: Seen, more: bool, level: float, unit: AnyUnit) -> str:
    """Return the bounds in words."""
    show = difference(unit)
    text = _BOUNDS.format(
        seen=_SEEN[seen],
        low=show(row["lower"]),
        high=show(row["upper"]),
        level=percent(level),
        interval=interval(row["conf_low"], row["conf_high"], show),
        participants=percent(row["seen_participants"], 1),
        controls=percent(row["seen_controls"], 1),
    ).text()
    return text + _ASSUMED[more].text()
