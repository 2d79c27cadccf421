"""ControlGroup: who is compared with whom, with which weight."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.balance import Balance, balance
from mih_impact.controls.card import card, other_measures
from mih_impact.controls.comparison import Comparison, Sets
from mih_impact.controls.flow import attrition_frame
from mih_impact.controls.mahalanobis import Cloud, in_line, in_space
from mih_impact.controls.matching import tied_share
from mih_impact.controls.nearest import Line
from mih_impact.controls.recipe import Recipe, no_weights
from mih_impact.controls.subgroups import By
from mih_impact.controls.terms import Lag
from mih_impact.display.locale import current
from mih_impact.display.result import Card, Displayed
from mih_impact.errors import SupportError

if TYPE_CHECKING:
    from mih_impact.controls.overlap import Overlap

__all__ = ["ControlGroup"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class ControlGroup(Comparison, Displayed):
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
        Coordinates of every row whose plain distance is the one on covariates, shape (m, k); None
        where nearness is not by covariates.
    window_end
        The last year since start by which no control has started; None if controls never start.
    model
        What weights were estimated from; None for matching.
    estimand
        Whose average effect the weights are for: "att", "atc" or "ate".
    matches
        Where the effect is on candidates or on everybody: participants with their candidates (None
        for "atc") and candidates with their participants. `sets` then weighs both sides.
    """

    recipe: Recipe[ControlGroup] | None = None

    @property
    def line(self) -> Line:
        """Where candidates stand on the line of their log odds; without a score all stand alike."""
        return in_line(self.risk, None if self.score is None else self.score.line)

    @property
    def cloud(self) -> Cloud:
        """Where candidates stand by their coordinates.

        Raises
        ------
        SupportError
            Nearness is not by a distance on covariates.
        """
        if self.whitened is None:
            raise SupportError(
                "The group has no coordinates, since nearness is by no distance on covariates",
                found=f"method={self.method!r}",
                do="choose it with mih.match(panel, on=..., method='mahalanobis')",
            )
        return in_space(self.risk, self.whitened)

    @cached_property
    def tied_share(self) -> float:
        """The share of the controls' weight that ties leave to chance; 0 without ties.

        Without replacement it is what another draw of lots puts on other persons. With replacement
        nothing is drawn: it is what lots would have decided, 1 - ratio / #J for each participant.
        """
        return tied_share(self)

    def pairs(self) -> pd.DataFrame:
        """Return a row per pair: participant_id, control_id, start_year, weight, distance.

        The nearest of a participant stands first. In a panel by month also the participant's
        start_month, after start_year. Where the effect is on candidates or on everybody `of` says
        whose match a pair is, whose weights then add up to 1: of a "participant" or a "candidate".

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
        if self.matches is None:
            return self._pairs(self.sets)
        forward, backward = self.matches
        sides = {"participant_id": "control_id", "control_id": "participant_id"}
        of_candidates = self._pairs(backward).rename(columns=sides).assign(of="candidate")
        both = [of_candidates[["participant_id", *of_candidates.columns.drop("participant_id")]]]
        if forward is not None:
            both.insert(0, self._pairs(forward).assign(of="participant"))
        return pd.concat(both, ignore_index=True)

    def _pairs(self, sets: Sets) -> pd.DataFrame:
        """Return a row for each who is compared with one whom the effect is on."""
        ids = self.risk.cube.person_id[self.risk.person]
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
        """Return the distance of pairs of rows, on the score or on covariates; 0 for cells."""
        if self.whitened is not None:
            gap = self.whitened[participant] - self.whitened[control]
            return np.asarray(np.linalg.norm(gap, axis=1))
        if self.score is not None:
            score = self.score
            line = score.index if score.scale == "logit" else score.probability
            return np.abs(line[participant] - line[control])
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
                "weight": np.concatenate([self.row_weight[sets.participant], weight]),
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
        if self.risk.weight is not None:
            raise no_weights("other_measures")
        first, last = arguments.window(window)
        return other_measures(self, range(first, last + 1))

    def balance(self, *, by: By | tuple[Lag] | None = None) -> Balance:
        """Compare characteristics of participants and controls before and after matching.

        Parameters
        ----------
        by
            What to split participants by, as in `event_study`: each subgroup beside controls of its
            own.
        """
        return balance(self, by)

    def overlap(self) -> Overlap:
        """Compare the propensity scores of participants and candidates, by start year.

        Raises
        ------
        SupportError
            The controls were chosen without a score.
        """
        from mih_impact.controls.overlap import overlap

        if self.risk.weight is not None:
            raise no_weights("overlap")
        return overlap(self)

    def _card(self) -> Card:
        share = self.tied_share if self.ties >= current().min_cell else None
        return card(self, share)
