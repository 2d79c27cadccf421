"""What an event study is made of: the comparison of all participants, and one of each subgroup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.group import ControlGroup
from mih_impact.controls.subgroups.split import Parts
from mih_impact.effects.asked import Asked
from mih_impact.effects.comparison import Comparison
from mih_impact.effects.influence import Influence
from mih_impact.effects.measured import Measured
from mih_impact.effects.score_correction import corrected
from mih_impact.effects.subgroups.rows import NO_CONTROLS
from mih_impact.errors import EffectsError, MihImpactError, SupportError

__all__ = ["How", "Studied", "studied"]

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Why an estimate is missing.
_NOT_SEEN = "start_years_not_seen: {years}"
_NOBODY = "nobody_to_compare"
_FEW = "too_few_controls_to_adjust"
#: Why a standard error is missing.
_ALONE = "one_participant"


@dataclass(frozen=True)
class How:
    """What is asked, and how uncertainty is reckoned.

    Attributes
    ----------
    asked
        Outcomes, years and composition.
    kind
        The kind of standard error.
    adjust
        Whether changes are adjusted by a regression on controls.
    corrected
        Whether the score counts as estimated.
    """

    asked: Asked
    kind: str
    adjust: bool
    corrected: bool


@dataclass(frozen=True, eq=False)
class Studied:
    """One comparison, and what came out of it.

    Attributes
    ----------
    group, asked
        Who is compared with whom, and what was asked.
    comparison, influence
        Estimates, and rows whose cross-product is their covariance.
    about
        Periods of start of the participants it speaks of, compared or not, shape (n,).
    refused
        Why there are no controls; empty if there are.
    """

    group: ControlGroup
    asked: Asked
    comparison: Comparison
    influence: Influence
    about: IntArray
    refused: str = ""

    @property
    def alone(self) -> BoolArray:
        """Which estimates but the base rest on one participant, whose spread is not seen, (KE,)."""
        other = np.tile(~self.asked.is_base, len(self.asked.outcomes))
        return np.asarray((self.comparison.n == 1) & other)

    @property
    def compared(self) -> int:
        """How many participants stand behind an estimate of some year but the base."""
        other = np.tile(~self.asked.is_base, len(self.asked.outcomes))
        other &= np.isfinite(self.comparison.estimate)
        return int(self.comparison.valid[:, other].any(axis=1).sum())

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return counts, means and reasons, each of shape (K * E,)."""
        c, within = self.comparison, self._within()
        used, place = np.unique(self.group.risk.person[c.control_row], return_inverse=True)
        touched = np.zeros((len(used), c.load.shape[1]), dtype=bool)
        np.logical_or.at(touched, place, c.load > 0)
        return {
            "n_participants": c.n,
            "n_controls": touched.sum(axis=0),
            "n_lost": np.tile(within.sum(axis=0), len(self.asked.outcomes)) - c.n,
            "participant_mean": c.mean_t,
            "control_mean": c.mean_c,
            "reason": self._reasons(within),
        }

    def _within(self) -> BoolArray:
        """Return which years since start the register has for each it speaks of, shape (n, E)."""
        return self.group.risk.cube.seen(self.about, self.asked.years)

    def _reasons(self, within: BoolArray) -> NDArray[np.object_]:
        """Return why an estimate or its standard error is missing, shape (K * E,)."""
        start_year = self.about // self.group.risk.cube.PER_YEAR
        unseen = [np.unique(start_year[~seen]).tolist() for seen in within.T]
        leverage = self.comparison.leverage
        reason = np.where(self.alone, _ALONE, "").astype(object)
        for k in np.flatnonzero(np.isnan(self.comparison.estimate)).tolist():
            years = ", ".join(map(str, unseen[k % len(unseen)]))
            reason[k] = _NOT_SEEN.format(years=years) if years else _NOBODY
            if leverage is not None and not leverage[:, k].any():
                reason[k] = _FEW
            if self.refused:
                reason[k] = self.refused
        return reason


def studied(
    group: ControlGroup,
    parts: Parts | None,
    own: Sequence[ControlGroup | SupportError],
    how: How,
) -> list[Studied]:
    """Compare all participants, and then those of each subgroup with controls of their own.

    Parameters
    ----------
    group
        Participants and their controls.
    parts
        The subgroups; None for none.
    own
        The control group of each, or why it has none.
    how
        What is asked, and how.

    Returns
    -------
    list of Studied
        All first.
    """
    measured = _measured(group, how)
    found = [_study(measured, how, 0, group.risk.start[group.sets.participant])]
    if parts is None:
        return found
    matched, start = group.risk.person[group.sets.participant], group.risk.cube.start
    for k, each in enumerate(own, start=1):
        about = matched[parts.own[matched] == k - 1]
        if isinstance(each, SupportError):
            found.append(_nobody(measured, start[about], each))
            continue
        about = np.union1d(about, each.risk.person[each.sets.participant])
        try:
            found.append(_study(_measured(each, how), how, k, start[about]))
        except EffectsError as error:  # too few for the correction of an estimated score
            found.append(_nobody(measured, start[about], error))
    return found


def _measured(group: ControlGroup, how: How) -> Measured:
    return Measured.of(group, how.asked, how.kind, adjust=how.adjust)


def _study(measured: Measured, how: How, place: int, about: IntArray) -> Studied:
    """Compare all participants of a control group."""
    group = measured.group
    comparison, influence = measured.effect(np.ones(group.n_participants, dtype=bool))
    if how.corrected:
        influence = corrected(group, influence, [measured.score_moments(comparison)], place=place)
    return Studied(group, how.asked, comparison, influence, about)


def _nobody(measured: Measured, about: IntArray, error: MihImpactError) -> Studied:
    """Return a comparison in which nobody is."""
    comparison, influence = measured.effect(np.zeros(measured.group.n_participants, dtype=bool))
    nothing = Influence(influence.rows[:0], influence.cluster[:0])
    refused = f"{NO_CONTROLS}: {error.what}"
    return Studied(measured.group, measured.asked, comparison, nothing, about, refused)
