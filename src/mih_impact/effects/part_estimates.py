"""The estimates of a group and of each subgroup, before they are put into one result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.group import ControlGroup
from mih_impact.controls.subgroups import Parts
from mih_impact.effects.adjustment import Adjustment
from mih_impact.effects.both_sides import BothSides
from mih_impact.effects.card import NO_CONTROLS
from mih_impact.effects.comparison import Compared
from mih_impact.effects.estimated_weights import corrected
from mih_impact.effects.filled import filled
from mih_impact.effects.inference.small_sample import (
    SmallSample,
    small_sample_rows,
)
from mih_impact.effects.influence import Influence
from mih_impact.effects.question import (
    TargetEffects,
)
from mih_impact.effects.row_outcomes import OutcomeBlocks, RowOutcomes
from mih_impact.effects.weighted_years import WeightedYears
from mih_impact.errors import EffectsError, MihImpactError, SupportError

__all__ = ["EstimationOptions", "PartEstimate", "estimate_parts"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Why an estimate is missing.
_NOT_SEEN = "start_years_not_seen: {years}"
_NOBODY = "nobody_to_compare"
_FEW = "too_few_controls_to_adjust"
#: Why a standard error is missing.
_ALONE = "one_participant"


@dataclass(frozen=True)
class EstimationOptions:
    """What is asked, and how uncertainty is reckoned.

    Attributes
    ----------
    target
        Outcomes, years and composition.
    fills
        Whether years that later start years have not come to are filled.
    kind
        The kind of standard error.
    adjustment
        How changes are adjusted; None for not at all.
    corrected
        Whether the score counts as estimated.
    small_sample
        The correction of clustered standard errors.
    label
        The cluster above the person of everybody in the cube, for a correction but "auto".
    """

    target: TargetEffects
    kind: str
    adjustment: Adjustment | None
    corrected: bool
    small_sample: SmallSample = "auto"
    label: IntArray | None = None
    fills: bool = False


@dataclass(frozen=True, eq=False)
class PartEstimate:
    """One comparison, and what came out of it.

    Attributes
    ----------
    group, target
        Who is compared with whom, and what was asked.
    comparison, influence
        Estimates, and rows whose cross-product is their covariance.
    about
        Periods of start of the participants it speaks of, compared or not, shape (n,).
    refused
        Why there are no controls; empty if there are.
    df
        Degrees of freedom, shape (KE,); None where intervals are normal.
    """

    group: ControlGroup
    target: TargetEffects
    comparison: Compared
    influence: Influence
    about: IntArray
    refused: str = ""
    df: FloatArray | None = None

    @property
    def alone(self) -> BoolArray:
        """Which estimates but the base rest on one participant, whose spread is not seen, (KE,)."""
        other = np.tile(~self.target.is_base, len(self.target.outcomes))
        return np.asarray((self.comparison.n == 1) & other)

    @property
    def compared(self) -> int:
        """How many participants stand behind an estimate of some year but the base."""
        other = np.tile(~self.target.is_base, len(self.target.outcomes))
        other &= np.isfinite(self.comparison.estimate)
        return int(self.comparison.valid[:, other].any(axis=1).sum())

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return counts, means and reasons, each of shape (K * E,)."""
        c, within = self.comparison, self._within()
        return {
            "n_participants": c.n,
            "n_controls": c.giving["persons_controls"].astype(np.int64),
            "n_lost": np.tile(within.sum(axis=0), len(self.target.outcomes)) - c.n,
            "participant_mean": c.mean_t,
            "control_mean": c.mean_c,
            "reason": self._reasons(within),
        }

    def _within(self) -> BoolArray:
        """Return which years since start the register has for each it speaks of, shape (n, E)."""
        return self.group.risk.cube.seen(self.about, self.target.years)

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


def estimate_parts(
    group: ControlGroup,
    parts: Parts | None,
    own: Sequence[ControlGroup | SupportError],
    options: EstimationOptions,
) -> list[PartEstimate]:
    """Compare all participants, and then those of each subgroup with controls of their own.

    Parameters
    ----------
    group
        Participants and their controls.
    parts
        The subgroups; None for none.
    own
        The control group of each, or why it has none.
    options
        What is asked, and how.

    Returns
    -------
    list of PartEstimate
        All first.
    """
    observed = _measured(group, options)
    found = [_study(observed, options, 0, group.risk.start[group.sets.participant])]
    if parts is None:
        return found
    matched, start = group.risk.person[group.sets.participant], group.risk.cube.start
    for k, each in enumerate(own, start=1):
        about = matched[parts.own[matched] == k - 1]
        if isinstance(each, SupportError):
            found.append(_nobody(observed, start[about], each))
            continue
        about = np.union1d(about, each.risk.person[each.sets.participant])
        try:
            found.append(_study(_measured(each, options), options, k, start[about]))
        except EffectsError as error:  # too few for the correction of an estimated score
            found.append(_nobody(observed, start[about], error))
    return found


#: What estimates a comparison of some participants, by how controls were chosen.
_Measured = RowOutcomes | OutcomeBlocks | BothSides | WeightedYears


def _measured(group: ControlGroup, options: EstimationOptions) -> _Measured:
    if group.estimand != "att":
        return BothSides.of(group, options.target, options.adjustment)
    plain = options.adjustment is None and not options.fills and options.small_sample == "auto"
    if options.kind == "estimated_weights":
        by_year = WeightedYears.of(group, options.target) if plain else None
        if by_year is not None:
            return by_year
    elif plain and not options.corrected:
        return OutcomeBlocks.of(group, options.target, options.kind)
    return RowOutcomes.of(group, options.target, options.kind, adjustment=options.adjustment)


def _study(
    observed: _Measured, options: EstimationOptions, place: int, about: IntArray
) -> PartEstimate:
    """Compare all participants of a control group."""
    group = observed.group
    if isinstance(observed, OutcomeBlocks | WeightedYears):
        everyone = np.ones(group.n_participants, dtype=bool)
        return PartEstimate(group, options.target, *observed.effect(everyone), about)
    if options.fills and isinstance(observed, RowOutcomes):
        comparison, influence = filled(observed)
    else:
        comparison, influence = observed.effect(np.ones(group.n_participants, dtype=bool))
    if options.corrected and isinstance(observed, RowOutcomes):
        influence = corrected(group, influence, [observed.score_moments(comparison)], place=place)
    df = None
    if options.small_sample != "auto":
        influence, df = small_sample_rows(
            group, comparison, influence, options.kind, options.small_sample, options.label
        )
    return PartEstimate(group, options.target, comparison, influence, about, df=df)


def _nobody(observed: _Measured, about: IntArray, error: MihImpactError) -> PartEstimate:
    """Return a comparison in which nobody is."""
    comparison, influence = observed.effect(np.zeros(observed.group.n_participants, dtype=bool))
    nothing = Influence(influence.rows[:0], influence.cluster[:0])
    refused = f"{NO_CONTROLS}: {error.what}"
    return PartEstimate(observed.group, observed.target, comparison, nothing, about, refused)
