"""ControlGroup: who is compared with whom, with which weight."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.covariates import read_rows
from mih_impact.controls.flow import Flow, attrition_frame
from mih_impact.controls.propensity import Score, WeightModel
from mih_impact.controls.recipe import Recipe
from mih_impact.controls.risk_set import RiskSet
from mih_impact.controls.terms import Lag, Term
from mih_impact.display.locale import Lang
from mih_impact.display.result import Card, Displayed, Provenance
from mih_impact.errors import SupportError
from mih_impact.panel.contract import DERIVED
from mih_impact.panel.cube import Cube

if TYPE_CHECKING:
    from mih_impact.controls.balance import Balance
    from mih_impact.controls.overlap import Overlap
    from mih_impact.controls.subgroups import By

__all__ = ["ControlGroup", "Sets"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


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
    """

    participant: IntArray
    set_of: IntArray
    member: IntArray
    control: IntArray
    weight: FloatArray

    @property
    def size(self) -> IntArray:
        """How many participants have each set, shape (number of sets,)."""
        return np.bincount(self.set_of, minlength=int(self.member.max(initial=-1)) + 1)

    def pairs(self) -> tuple[IntArray, IntArray]:
        """Return which participant, 0 to n - 1, and which entry every pair is, by participant."""
        first = np.searchsorted(self.member, self.set_of)
        many = np.searchsorted(self.member, self.set_of, side="right") - first
        within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        return np.repeat(np.arange(len(many)), many), np.repeat(first, many) + within


@dataclass(frozen=True, eq=False, repr=False)
class ControlGroup(Displayed):
    """Participants and their controls, ready for `event_study`.

    A working object: it holds the cube and identifiers. `to_frame` and `pairs` are the only doors
    to identifiers; everything displayed is aggregate, and it cannot be saved.

    Attributes
    ----------
    risk
        The stacked risk sets.
    sets
        Each participant's controls.
    score
        The propensity score of every row; None for exact matching.
    method, on, exact, replace
        As given to `match` or `weight`.
    eligible
        Which rule chose the candidates.
    flow
        Persons through every filter.
    ties
        With replacement participants with more controls than the ratio, because as near; without,
        choices between several controls that were as near, which a lot decided.
    provenance
        Versions, options, seed and fingerprint of the data.
    recipe
        How it was made, for what makes it again: placebos, resampling, other specifications.
    whitened
        Coordinates of every row whose plain distance is Mahalanobis', shape (m, k); None for other
        methods.
    window_end
        The last year since start by which no control has started; None if controls never start.
    model
        What weights were estimated from; None for matching.
    """

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
    recipe: Recipe | None = None
    whitened: FloatArray | None = None
    window_end: int | None = None
    model: WeightModel | None = None

    @property
    def n_participants(self) -> int:
        """Matched participants."""
        return len(self.sets.participant)

    @property
    def n_controls(self) -> int:
        """Distinct persons among the controls."""
        return len(np.unique(self.risk.person[self.sets.control]))

    @property
    def chosen_by_nearness(self) -> bool:
        """Whether each participant has its own nearest, not everybody of a cell or start year."""
        return self.model is None and (self.score is not None or self.whitened is not None)

    @cached_property
    def tied_share(self) -> float:
        """The share of the controls' weight that ties leave to chance; 0 without ties.

        Without replacement it is what another draw of lots puts on other persons. With replacement
        nothing is drawn: it is what lots would have decided, 1 - ratio / #J for each participant.
        """
        from mih_impact.controls.matching_methods import tied_share

        return tied_share(self)

    @property
    def row_weight(self) -> FloatArray:
        """Weight of every row: 1 for a participant, summed over sets for a control."""
        weight = np.bincount(
            self.sets.control,
            weights=self.sets.weight * self.sets.size[self.sets.member],
            minlength=len(self.risk.person),
        )
        weight[self.sets.participant] = 1.0
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
        column, cube = str(getattr(term, "column", term)), self.risk.cube
        if column in cube.names or column in DERIVED or self.recipe is None:
            return cube
        return self.recipe.fetch([column])

    def pairs(self) -> pd.DataFrame:
        """Return a row per pair: participant_id, control_id, start_year, weight, distance.

        The nearest of a participant stands first. In a panel by month also the participant's
        start_month, after start_year.

        Raises
        ------
        SupportError
            Controls were weighted: there are no pairs.
        """
        if self.model is not None:
            raise SupportError(
                "Weighting makes no pairs: all participants of a start year share all controls",
                found=f"{self.n_participants} participants, {self.n_controls} control persons",
                do="use to_frame(), which has a row per person and start year with its weight",
            )
        ids, sets = self.risk.cube.person_id[self.risk.person], self.sets
        place, entry = sets.pairs()
        participant, control = sets.participant[place], sets.control[entry]
        distance = self._distance(participant, control)
        nearest = np.lexsort((control, distance, place))
        participant, control = participant[nearest], control[nearest]
        return pd.DataFrame(
            {
                "participant_id": ids[participant],
                "control_id": ids[control],
                **self._start(participant),
                "weight": sets.weight[entry[nearest]],
                "distance": distance[nearest],
            }
        )

    def _distance(self, participant: IntArray, control: IntArray) -> FloatArray:
        """Return the distance of pairs of rows, on the log odds or by Mahalanobis; 0 for cells."""
        if self.whitened is not None:
            gap = self.whitened[participant] - self.whitened[control]
            return np.asarray(np.linalg.norm(gap, axis=1))
        if self.score is not None:
            return np.abs(self.score.index[participant] - self.score.index[control])
        return np.zeros(len(participant))

    def to_frame(self) -> pd.DataFrame:
        """Return person_id, role, start_year, match_id, weight: a row per person and set.

        A cell's set, which all its participants have, stands once; there a control weighs as much
        as all of them ask of it, so that controls weigh as much as participants. In a panel by
        month start_month is the month that the person is compared from.
        """
        ids, sets = self.risk.cube.person_id[self.risk.person], self.sets
        if self.chosen_by_nearness:
            own, entry = sets.pairs()
            match_id = np.concatenate([np.arange(self.n_participants), own])
            weight = sets.weight[entry]
        else:
            entry = np.arange(len(sets.control))
            match_id = np.concatenate([sets.set_of, sets.member])
            weight = sets.weight * sets.size[sets.member]
        rows = np.concatenate([sets.participant, sets.control[entry]])
        frame = pd.DataFrame(
            {
                "person_id": ids[rows],
                "role": np.repeat(["participant", "control"], [self.n_participants, len(entry)]),
                **self._start(rows),
                "match_id": match_id,
                "weight": np.concatenate([np.ones(self.n_participants), weight]),
            }
        )
        return frame.sort_values(["match_id", "role"], ascending=[True, False], kind="stable")

    def _start(self, rows: IntArray) -> dict[str, IntArray]:
        """Return the start year of rows, and the month where there is one."""
        start, per_year = self.risk.start[rows], self.risk.cube.PER_YEAR
        month = {"start_month": start % per_year + 1} if per_year > 1 else {}
        return {"start_year": self.risk.start_year[rows], **month}

    def attrition(self) -> pd.DataFrame:
        """Return persons through every filter.

        Returns
        -------
        pandas.DataFrame
            `step, label_nb, label_en, participants, candidates, candidate_rows, column`; a
            candidate is a distinct person, with a row in the risk set of each start year.

        Notes
        -----
        Each row counts who is left after all filters so far. Filters that leave nobody out are not
        listed: "present", who has a row in the year before start or is resident then; "known: x",
        whose characteristic x is known (who lacks several is counted with the first of them);
        "level: x", whose value of x somebody on the other side has; "cell_left", whose exact cell
        still has both sides after that. `column` is x.
        """
        return attrition_frame(self.flow)

    def other_measures(self, window: tuple[int, int] = (-1, 3)) -> pd.DataFrame:
        """Return what participants and controls begin, by measure and year since start.

        Parameters
        ----------
        window
            First and last year since start.

        Returns
        -------
        pandas.DataFrame
            `measure, year_since_start, participants, controls, n_participants, n_controls`: shares
            of those whose year the register has, controls weighted, and persons that begin it.

        Raises
        ------
        SupportError
            The panel has no column `measure`.
        """
        from mih_impact.controls.card import other_measures

        first, last = arguments.window(window, error=SupportError)
        return other_measures(self, range(first, last + 1))

    def balance(self, *, by: By | tuple[Lag] | None = None) -> Balance:
        """Compare characteristics of participants and controls before and after matching.

        Parameters
        ----------
        by
            What to split participants by, as in `event_study`: each subgroup beside controls of its
            own.
        """
        from mih_impact.controls.balance import balance

        return balance(self, by)

    def overlap(self) -> Overlap:
        """Compare the propensity scores of participants and candidates, by start year.

        Raises
        ------
        SupportError
            The controls were chosen without a score.
        """
        from mih_impact.controls.overlap import overlap

        return overlap(self)

    def _card(self, lang: Lang) -> Card:
        from mih_impact.controls.card import card

        return card(self, lang)
