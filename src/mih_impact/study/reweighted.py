"""Weights and effects estimated again with every person counting as often as drawn.

The risk sets are built once; a draw reads rows as often as their person is drawn, starts from the
full sample's coefficients, and adds changes up once for every row.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.design import Design
from mih_impact.controls.entropy import entropy_weights
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.propensity import LogitFit, fit_logit
from mih_impact.effects.asked import Asked
from mih_impact.errors import SupportError

__all__ = ["Reweighted"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Block:
    """The risk set of one start year.

    Attributes
    ----------
    rows
        Its rows.
    treated
        Which of them start, shape (r,).
    among
        Which of them the effects speak of, shape (r,).
    changes
        Changes, shape (r, KE), 0 where not seen.
    some
        Columns seen for some rows and not for others.
    seen
        Whether those columns are seen, shape (r, len(some)).
    all_seen
        Columns seen for all rows, shape (KE,).
    """

    rows: slice
    treated: BoolArray
    among: BoolArray
    changes: FloatArray
    some: IntArray
    seen: FloatArray
    all_seen: BoolArray

    def sums(self, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the weighted sum of changes and the weight of those seen, shapes (KE,)."""
        total = weight.sum() * self.all_seen
        few = np.flatnonzero(weight)
        if len(few) < len(weight) // 8:  # participants
            total[self.some] = weight[few] @ self.seen[few]
            return weight[few] @ self.changes[few], total
        total[self.some] = weight @ self.seen
        return weight @ self.changes, total


@dataclass(frozen=True, eq=False)
class Reweighted:
    """A weighted control group, ready to be estimated on draws of persons.

    Attributes
    ----------
    group, asked
        Whom and what.
    blocks
        One for each start year.
    design
        What the weights are estimated from, a constant or one for each start year among it for a
        logit, shape (m, k).
    scale
        Standard deviations of the design, shape (k,).
    """

    group: ControlGroup
    asked: Asked
    blocks: tuple[Block, ...]
    design: FloatArray
    scale: FloatArray

    @classmethod
    def of(cls, group: ControlGroup, asked: Asked) -> Reweighted:
        """Read the changes of everybody in the risk sets."""
        risk = group.risk
        _, changes = asked.levels_and_changes(group, np.arange(len(risk.person)))
        seen = np.isfinite(changes)
        changes[~seen] = 0.0
        throughout = np.ones(len(risk.person), dtype=bool)
        if asked.composition == "balanced":
            throughout &= risk.cube.seen(risk.start, asked.years).all(axis=1)
        blocks = []
        for c in risk.start_years.tolist():
            rows = slice(*np.searchsorted(risk.start_year, [c, c + 1]).tolist())
            all_seen = np.asarray(seen[rows].all(axis=0))
            some = np.flatnonzero(seen[rows].any(axis=0) & ~all_seen)
            blocks.append(
                Block(
                    rows=rows,
                    treated=risk.treated[rows],
                    among=risk.treated[rows] & throughout[rows],
                    changes=changes[rows],
                    some=some,
                    seen=seen[rows][:, some].astype(np.float64),
                    all_seen=all_seen,
                )
            )
        design = _design(group)
        spread = design.std(axis=0)
        return cls(group, asked, tuple(blocks), design, np.where(spread > 0, spread, 1.0))

    def estimate(self, counts: IntArray) -> FloatArray:
        """Return the effects with each person counting as often as `counts` says, shape (KE,).

        Raises
        ------
        SupportError
            No weights can be found on this draw, or nobody is left in a year.
        """
        count = counts[self.group.risk.person]
        weight, kept = self._weights(count)
        by_start_year = self.asked.composition == "cohort_weighted"
        size = self.blocks[0].changes.shape[1]
        total, mass = np.zeros(size), np.zeros(size)
        everyone = sum(self._participants(block, count, kept).sum() for block in self.blocks)
        for block in self.blocks:
            own = self._participants(block, count, kept)
            if not own.any():
                continue
            control, seen_c = block.sums(weight[block.rows])
            participant, seen_t = block.sums(own)
            valid = (seen_c > 0) & (seen_t > 0)
            mean_t = participant / np.where(valid, seen_t, 1.0)
            effect = mean_t - control / np.where(valid, seen_c, 1.0)
            share = np.where(valid, own.sum() / everyone if by_start_year else seen_t, 0.0)
            total += share * effect
            mass += share
        complete = mass > 1.0 - 1e-9 if by_start_year else mass > 0
        return np.where(complete, total / np.where(complete, mass, 1.0), np.nan)

    @staticmethod
    def _participants(block: Block, count: IntArray, kept: BoolArray) -> FloatArray:
        """Return how often each row counts as a participant the effects speak of."""
        rows = block.rows
        return np.asarray((count[rows] * (block.among & kept[rows])).astype(np.float64))

    def _weights(self, count: IntArray) -> tuple[FloatArray, BoolArray]:
        """Return each candidate row's weight, adding up to 1 a start year, and who is kept."""
        model = self.group.model
        assert model is not None
        if model.kind == "entropy":
            return self._balanced(count), np.ones(len(count), dtype=bool)
        index = self._index(count)
        trim = self._trim
        kept = np.ones(len(count), dtype=bool)
        if trim is not None:
            kept = 1.0 / (1.0 + np.exp(-index)) <= trim
        weight = np.zeros(len(count))
        for block in self.blocks:
            free = count[block.rows] * (~block.treated & kept[block.rows])
            if not free.any():
                continue
            own = index[block.rows]
            odds = free * np.exp(np.minimum(own - own[free > 0].max(), 0.0))
            weight[block.rows] = odds / odds.sum()
        return weight, kept

    @property
    def _trim(self) -> float | None:
        recipe = self.group.recipe
        return None if recipe is None else recipe.options["trim"]

    def _balanced(self, count: IntArray) -> FloatArray:
        """Balance every start year again, from the full sample's multipliers."""
        model = self.group.model
        assert model is not None
        X, names = self.design, model.covariates.names
        first = model.table.groupby("start_year")["multiplier"]
        weight = np.zeros(len(count))
        for block, c in zip(self.blocks, self.group.risk.start_years.tolist(), strict=True):
            here = count[block.rows]
            own = here * block.treated
            if not own.any():
                continue
            drawn = np.flatnonzero(here * ~block.treated)
            if not len(drawn):
                raise SupportError("No candidate is drawn", found=f"start year {c}")
            target = own @ X[block.rows] / own.sum()
            Z = (X[block.rows][drawn] - target) / self.scale
            fit = entropy_weights(
                Z,
                names=names,
                start=first.get_group(c).to_numpy(),
                whom=f"who start in {c}",
                count=here[drawn],
            )
            weight[block.rows][drawn] = fit.weight
        return weight

    def _index(self, count: IntArray) -> FloatArray:
        """Fit the logit again, from the full sample's coefficients; log odds of every row."""
        model, score, treated = self.group.model, self.group.score, self.group.risk.treated
        assert model is not None
        assert score is not None
        if not model.by_start_year:
            return self._one_logit(next(iter(score.models.values())), treated, count)
        index = np.zeros(len(count))
        for block, fit in zip(self.blocks, score.models.values(), strict=True):
            index[block.rows] = self._one_logit(fit, treated, count, block.rows)
        return index

    def _one_logit(
        self, fit: LogitFit, treated: BoolArray, count: IntArray, rows: slice = slice(None)
    ) -> FloatArray:
        """Fit one logit again; log odds of its rows."""
        design = self.logit_design
        if rows != slice(None):
            design = Design.written(self.design[rows], design.names, design.terms)
        again = fit_logit(
            design, treated[rows], names=fit.names, start=fit.coef, count=count[rows], near=True
        )
        return design.index(again.coef)

    @cached_property
    def logit_design(self) -> Design:
        """The design by columns, which is how a logit reads it."""
        names = [str(k) for k in range(self.design.shape[1])]
        return Design.written(self.design, names, names)


def _design(group: ControlGroup) -> FloatArray:
    """Return what the weights are estimated from, shape (m, k)."""
    model, risk = group.model, group.risk
    assert model is not None
    X = model.covariates.X
    if model.kind == "entropy":
        return X
    constant = np.ones((len(X), 1))
    if not model.by_start_year:
        constant = (risk.start_year[:, None] == risk.start_years).astype(np.float64)
    return np.column_stack([constant, X])
