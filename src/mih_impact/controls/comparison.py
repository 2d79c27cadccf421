"""Who is compared with whom, and with which weight: what balance, overlap and effects read.

An effect can be on those who start, on candidates, or on both; each start year then counts by its
share of those who start: candidates stand in the risk set of each start year, so that a year with
many candidates would else count for more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mih_impact.controls.covariates import read_rows
from mih_impact.controls.flow import Flow
from mih_impact.controls.options import EffectOn
from mih_impact.controls.propensity import Score, WeightModel
from mih_impact.controls.recipe import Recipe
from mih_impact.controls.risk_set import RiskSet
from mih_impact.controls.terms import Term, column_of
from mih_impact.display.result import Provenance
from mih_impact.panel.cube import Cube
from mih_impact.panel.derived import derived_of

__all__ = [
    "Chosen",
    "Comparison",
    "Sets",
    "both_ways",
    "distinct",
    "in_one_set",
    "in_years",
    "started",
    "sums_by",
    "weighed_sides",
]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Participants whose pairs are added up at a time.
AT_A_TIME = 2**15


def distinct(*places: IntArray) -> IntArray:
    """Return the different places in some arrays, ascending: they are marked, and none is sorted.

    Examples
    --------
    >>> distinct(np.array([3, 0, 3]), np.array([1]))
    array([0, 1, 3])
    """
    there = np.zeros(max(int(some.max(initial=-1)) for some in places) + 1, dtype=bool)
    for some in places:
        there[some] = True
    return np.flatnonzero(there)


def sums_by(
    place: IntArray, values: FloatArray, places: int, onto: FloatArray | None = None
) -> FloatArray:
    """Add up the rows of each place, in their order, or add them onto what places have.

    Examples
    --------
    >>> sums_by(np.array([1, 0, 1]), np.array([[1.0], [2.0], [4.0]]), 2)
    array([[2.],
           [5.]])
    """
    if onto is not None and onto.any():
        place = np.concatenate([np.arange(places), place])
        values = np.concatenate([onto, values])
    total = np.empty((places, values.shape[1]))
    for k, column in enumerate(values.T):
        total[:, k] = np.bincount(place, weights=column, minlength=places)
    return total


@dataclass(frozen=True, eq=False)
class Sets:
    """Weighted sets of controls, as rows of the risk set, and the set each participant has.

    Who has the same controls may share a set: cells and weighting give one to all participants of
    a cell or start year, and nearest neighbours to those whose nearest are the same, so that
    nothing grows with participants times candidates.

    Attributes
    ----------
    participant
        Rows of the participants that have controls, shape (n,), ascending.
    set_of
        The set of each participant, shape (n,).
    member
        The set of each entry below, shape (p,), ascending.
    control
        Row of each entry's control, shape (p,); a control stands in a set once.
    weight
        Weight of the control in its set, shape (p,); a set adds up to 1.
    own
        What each participant weighs, shape (n,); None where all weigh 1, as they do unless the
        effect is on others, or persons have design weights.
    """

    participant: IntArray
    set_of: IntArray
    member: IntArray
    control: IntArray
    weight: FloatArray
    own: FloatArray | None = None

    @property
    def size(self) -> NDArray[Any]:
        """How many participants have each set, or their weight, shape (number of sets,)."""
        least = int(self.member.max(initial=-1)) + 1
        return np.bincount(self.set_of, weights=self.own, minlength=least)

    def matrix(self, rows: int, power: int = 1) -> csr_array:
        """Return what each of `rows` weighs in each set, or a power of it, shape (sets, rows)."""
        many = max(int(self.set_of.max(initial=-1)), int(self.member.max(initial=-1))) + 1
        begin = np.concatenate([[0], np.cumsum(np.bincount(self.member, minlength=many))])
        return csr_array((self.weight**power, self.control, begin), shape=(many, rows))

    def by_design(self, weight: FloatArray | None) -> Sets:
        """Return sets in which persons weigh by design weights of rows as well, shape (m,)."""
        if weight is None:
            return self
        own = self.weight * weight[self.control]
        total = np.bincount(self.member, weights=own)
        participant = weight[self.participant]
        return replace(self, weight=own / total[self.member], own=participant)

    def pairs(self) -> tuple[IntArray, IntArray]:
        """Return which participant, 0 to n - 1, and which entry every pair is, by participant."""
        return next(self.some_pairs(max(len(self.set_of), 1)))

    def some_pairs(self, at_a_time: int) -> Iterator[tuple[IntArray, IntArray]]:
        """Give the pairs of some participants at a time."""
        size = np.bincount(self.member, minlength=int(self.set_of.max(initial=-1)) + 1)
        begin = np.cumsum(size) - size
        for first in range(0, max(len(self.set_of), 1), at_a_time):
            sets = self.set_of[first : first + at_a_time]
            many = size[sets]
            own = np.repeat(np.arange(first, first + len(sets)), many)
            offset = np.repeat(begin[sets] - (np.cumsum(many) - many), many)
            yield own, np.arange(len(own)) + offset


@dataclass(frozen=True, eq=False)
class Chosen:
    """What a method finds: the risk sets, the sets, and what they were chosen by.

    The attributes are explained at `ControlGroup`; `flow` is before the method itself.
    """

    risk: RiskSet
    sets: Sets
    flow: tuple[Flow, ...]
    score: Score | None = None
    ties: int = 0
    whitened: FloatArray | None = None
    model: WeightModel | None = None
    matches: tuple[Sets | None, Sets] | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Participants and their controls; the attributes are explained at `ControlGroup`."""

    risk: RiskSet
    sets: Sets
    score: Score | None
    method: str
    on: tuple[Term, ...]
    exact: tuple[str, ...]
    replace: bool
    eligible: str
    flow: tuple[Flow, ...]
    ties: int
    provenance: Provenance
    recipe: Recipe[Comparison] | None = None
    whitened: FloatArray | None = None
    window_end: int | None = None
    model: WeightModel | None = None
    matches: tuple[Sets | None, Sets] | None = None

    @property
    def cross_section(self) -> bool:
        """Whether persons have one period; see `read_cross_section`."""
        return self.recipe is not None and self.recipe.panel.cross_section

    estimand: EffectOn = "att"

    @property
    def n_participants(self) -> int:
        """Matched participants."""
        return len(self.sets.participant)

    @property
    def n_controls(self) -> int:
        """Distinct persons among the controls."""
        return len(distinct(self.risk.person[self.sets.control]))

    @property
    def chosen_by_nearness(self) -> bool:
        """Whether each participant has its own nearest, not everybody of a cell or start year."""
        return self.matches is None and self.by_nearness

    @property
    def by_nearness(self) -> bool:
        """Whether those the effect is on are matched to their nearest on the other side."""
        return self.model is None and (self.score is not None or self.whitened is not None)

    @property
    def estimated_model(self) -> WeightModel | None:
        """The model of weights that were estimated; None for matching, or a score that is given."""
        return None if self.model is None or self.model.kind == "given" else self.model

    @property
    def draws_ties(self) -> bool:
        """Whether a lot decided between controls that were as near."""
        random = self.provenance.options.get("ties") == "random"
        return self.by_nearness and (random or not self.replace)

    @property
    def row_weight(self) -> FloatArray:
        """Weight of every row: 1 for a participant, summed over sets for a control.

        Where the effect is on candidates or on everybody both sides are weighted, and add up to
        those who start in each start year.
        """
        weight = np.bincount(
            self.sets.control,
            weights=self.sets.weight * self.sets.size[self.sets.member],
            minlength=len(self.risk.person),
        )
        weight[self.sets.participant] = 1.0 if self.sets.own is None else self.sets.own
        return weight.astype(np.float64)

    @property
    def effective_controls(self) -> float:
        """Kish's effective number of control persons, (sum w)^2 / sum w^2 over persons."""
        weight = self.person_weight
        return float(weight.sum() ** 2 / (weight**2).sum())

    @property
    def person_weight(self) -> FloatArray:
        """Weight of every person as a control, shape (n_persons,)."""
        control = np.where(self.risk.treated, 0.0, self.row_weight)
        return np.bincount(self.risk.person, weights=control).astype(np.float64)

    def read(self, term: Term, rows: IntArray) -> NDArray[Any]:
        """Return a term as of the year before start for rows of the risk set.

        Parameters
        ----------
        term
            A column, a lag, or what is made of one; fetched from the register if it did not come
            along.
        rows
            Rows of the risk set, shape (q,).

        Returns
        -------
        ndarray
            Shape (q,), float with NaN or object with None where missing.
        """
        cube = self.cube_with(term)
        return read_rows(cube, term, self.risk.person[rows], self.risk.start[rows])[0]

    def cube_with(self, term: Term) -> Cube:
        """Return a cube of the same persons that holds what a term is read from."""
        column, cube = column_of(term), self.risk.cube
        derived = derived_of(column)
        source = column if derived is None else derived.reckoned_from
        if source is None or source in cube.names or self.recipe is None:
            return cube
        return self.recipe.fetch([column])


def started(risk: RiskSet) -> FloatArray:
    """Return how many start in each of `risk.start_years`, by design weights, shape (C,)."""
    weight = None if risk.weight is None else risk.weight[risk.treated]
    many = np.bincount(risk.start_year[risk.treated], weights=weight)
    return many[risk.start_years].astype(np.float64)


def in_years(risk: RiskSet) -> IntArray:
    """Return which of `risk.start_years` each row is of, shape (m,)."""
    years = risk.start_years
    if len(years) == 1:
        return np.broadcast_to(np.int64(0), len(risk.person))
    place = np.zeros(int(years[-1]) + 1, dtype=np.int64)
    place[years] = np.arange(len(years))
    return place[risk.start_year]


def weighed_sides(risk: RiskSet, on: EffectOn) -> tuple[BoolArray, list[BoolArray]]:
    """Return the rows that the effect is on, and the sides that are weighed to be like them."""
    everybody = np.ones(len(risk.person), dtype=bool)
    return {
        "att": (risk.treated, [~risk.treated]),
        "atc": (~risk.treated, [risk.treated]),
        "ate": (everybody, [~risk.treated, risk.treated]),
    }[on]


def in_one_set(risk: RiskSet, weight: FloatArray) -> Sets:
    """Return one set for each start year in which both sides weigh something.

    Parameters
    ----------
    risk
        The stacked risk sets.
    weight
        What rows weigh within side and start year, shape (m,); the scale does not matter.

    Returns
    -------
    Sets
        Sides weigh as many as start that year.
    """
    years = risk.start_years
    place = in_years(risk)
    total = np.stack(
        [
            np.bincount(place[side], weights=weight[side], minlength=len(years))
            for side in (risk.treated, ~risk.treated)
        ]
    )
    both: BoolArray = np.asarray((total > 0).all(axis=0))
    kept = (weight > 0) & both[place]
    number = np.cumsum(both) - 1
    own, other = np.flatnonzero(kept & risk.treated), np.flatnonzero(kept & ~risk.treated)
    return Sets(
        own,
        number[place[own]],
        number[place[other]],
        other,
        weight[other] / total[1, place[other]],
        own=weight[own] / total[0, place[own]] * started(risk)[place[own]],
    )


@dataclass(frozen=True, eq=False)
class _Loads:
    """What rows weigh so far: as those the effect is on, and as those compared with them."""

    total: FloatArray

    def add(self, sets: Sets, weight: FloatArray) -> None:
        """Add targets and, by way of their sets, those they are compared with."""
        weight = weight[sets.participant]
        self.total[sets.participant] += weight
        for own, entry in sets.some_pairs(AT_A_TIME):
            np.add.at(self.total, sets.control[entry], weight[own] * sets.weight[entry])


def both_ways(forward: Chosen | None, backward: Chosen, risk: RiskSet) -> Chosen:
    """Return participants and candidates, each matched with the other side, as one group.

    Parameters
    ----------
    forward
        Participants and their nearest candidates; None where the effect is on candidates alone.
    backward
        Candidates and their nearest participants, found in the mirrored risk sets.
    risk
        The risk sets.

    Notes
    -----
    With n_c the rows of start year c that the effect is on and that have a match, each weighs
    N_c / n_c, N_c those who start then; its matches share that. A row weighs what it does in its
    own right and as a match of others. By design weights n and N are their sums, each row weighs
    its own times as much, and matches share by theirs.
    """
    found = [backward] if forward is None else [forward, backward]
    sets = [each.sets.by_design(risk.weight) for each in found]
    years, weight = risk.start_years, risk.weights
    targets = np.concatenate([each.participant for each in sets])
    last = int(years[-1]) + 1
    many = np.bincount(risk.start_year[targets], weights=weight[targets], minlength=last)
    each_weighs = np.zeros(len(many))
    each_weighs[years] = started(risk) / np.where(many > 0, many, 1.0)[years]
    loads = _Loads(np.zeros(len(risk.person)))
    for each in sets:
        loads.add(each, each_weighs[risk.start_year] * weight)
    return replace(
        backward,
        risk=risk,
        sets=in_one_set(risk, loads.total),
        ties=sum(each.ties for each in found),
        matches=(None if forward is None else sets[0], sets[-1]),
    )
