"""What starters would have had, imputed from fixed effects, and who moves it.

Persons who are seen in the same untreated years have the same part in the regressions: their number
and sums of outcomes are all that these need, and products of outcomes all that errors need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.comparison import sums_by
from mih_impact.effects.group_time.influence import FactoredInfluence, factored
from mih_impact.effects.group_time.means import Profiles
from mih_impact.effects.group_time.sample import Outcomes
from mih_impact.panel.cube import NEVER, Cube

__all__ = ["ImputationSample", "ImputedOutcome"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Persons read at a time.
BLOCK = 8192
#: What is left of a contrast when all that the regression knows is taken out, if nothing.
NOTHING = 1e-8


@dataclass(frozen=True, eq=False)
class ImputationSample:
    """Who is in the regressions, and how they are kept.

    Attributes
    ----------
    values
        Outcomes of everybody in the cube.
    starters, listed, whole
        Positions in the cube, ascending: who starts; who never does and is not seen throughout; who
        never does and is.
    start
        The start year of the starters.
    until
        From this year on a starter is treated.
    moments
        Sums of (1, y)(1, y)' over `whole`, shape (1 + KT, 1 + KT).
    """

    values: Outcomes
    starters: IntArray
    listed: IntArray
    whole: IntArray
    start: IntArray
    until: IntArray
    moments: FloatArray

    @classmethod
    def of(cls, cube: Cube, values: Outcomes, anticipation: int) -> ImputationSample:
        """Take starters, and who never starts and is eligible before some start year."""
        starters = np.flatnonzero(cube.start_year != NEVER)
        start = cube.start_year[starters]
        free = np.zeros(cube.n_persons, dtype=bool)
        for g in np.unique(start).tolist():
            free |= cube.eligible_before(g)
        free &= cube.start_year == NEVER
        whole, width = np.flatnonzero(free & values.complete), values.values.shape[1]
        moments = np.zeros((1 + width, 1 + width))
        for begin in range(0, len(whole), BLOCK):
            y = values.values[whole[begin : begin + BLOCK]]
            carrier = np.column_stack([np.ones(len(y)), y])
            moments += carrier.T @ carrier
        listed = np.flatnonzero(free & ~values.complete)
        return cls(values, starters, listed, whole, start, start - anticipation, moments)

    def influence(self, parts: Sequence[ImputedOutcome]) -> FactoredInfluence:
        """Put the influence of all outcomes together, those seen throughout as moments."""
        profiles = Profiles(
            self.whole,
            np.array([0, len(self.whole)]),
            np.zeros((1, 1), dtype=np.int64),
            self.moments[None],
            self.values.values,
        )
        rows = np.concatenate([part.starter_rows for part in parts], axis=1)
        recipe = _NeverStarters(self.listed, self.values, parts)
        return factored(self.starters, rows, self.listed, [recipe], profiles, len(parts))


@dataclass(frozen=True, eq=False)
class Regression:
    """Least squares on person effects and the columns of Z, from sums over alike persons.

    Attributes
    ----------
    beta
        Coefficients, shape (m,).
    inverse
        Generalised inverse of the cross-product of Z less its means over persons, (m, m).
    known
        Projection on what the data tell, shape (m, m).
    """

    beta: FloatArray
    inverse: FloatArray
    known: FloatArray

    @classmethod
    def of(
        cls, Z: FloatArray, number: FloatArray, seen: BoolArray, total: FloatArray
    ) -> Regression:
        """Fit; `Z` (c, T, m), `number` (c,), `seen` (c, T) and `total` (c, T) by kind of person."""
        d = seen.astype(np.float64)
        within = d[:, :, None] * (Z - _mean(Z, d)[:, None])
        product = np.einsum("c,ctm,ctn->mn", number, within, within, optimize=True)
        size, vector = np.linalg.eigh(product)
        kept = size > NOTHING * size.max(initial=0.0)
        basis = vector[:, kept]
        inverse = (basis / size[kept]) @ basis.T
        return cls(inverse @ np.einsum("ctm,ct->m", within, total), inverse, basis @ basis.T)

    def tells(self, contrast: FloatArray) -> BoolArray:
        """Return which contrasts are identified; the coefficients are in the last axis."""
        return np.asarray(np.abs(contrast - contrast @ self.known).max(axis=-1) < np.sqrt(NOTHING))


def _mean(Z: FloatArray, d: FloatArray) -> FloatArray:
    """Return the mean of the columns of Z over the years a person is seen untreated."""
    total: FloatArray = np.einsum("ct,ctm->cm", d, Z)
    return np.asarray(total / np.maximum(d.sum(axis=1), 1.0)[:, None])


@dataclass(frozen=True, eq=False)
class ImputedOutcome:
    """Effects on one outcome, and how its residuals become influence.

    Attributes
    ----------
    estimate
        Shape (L,).
    counts
        Persons and reasons, each of shape (L,).
    imputed
        Which years of the starters are imputed and enter, shape (s, T).
    untreated
        Which of their years are without treatment, shape (s, T).
    starter_rows
        Influence of the starters, shape (s, L).
    number
        Which outcome it is.
    at, year_effect, to
        For years before and after start: which levels they are, the year effects whose residuals
        matter, and the map from residuals to influence, shapes (l,), (T,) and (T, l).
    between
        What the years before start add to that map for who starts in them, shape (l, l).
    spans
        First and last year since start of every level, shape (L, 2).
    simple
        Whether all years from the start on are one level.
    """

    estimate: FloatArray
    counts: dict[str, NDArray[Any]]
    imputed: BoolArray
    untreated: BoolArray
    starter_rows: FloatArray
    number: int
    at: tuple[IntArray, IntArray]
    year_effect: tuple[FloatArray, FloatArray]
    to: tuple[FloatArray, FloatArray]
    between: FloatArray
    spans: IntArray
    simple: bool

    @property
    def is_lead(self) -> BoolArray:
        """Which levels are years before start, shape (L,)."""
        return np.isin(np.arange(len(self.estimate)), self.at[0])

    @classmethod
    def of(
        cls,
        sample: ImputationSample,
        k: int,
        levels: tuple[int, ...],
        simple: tuple[int, int] | None,
    ) -> ImputedOutcome:
        """Fit both regressions, and impute.

        Parameters
        ----------
        sample
            Who is in them.
        k
            Number of the outcome.
        levels
            The L years since start; one for `simple`.
        simple
            First and last year since start that one effect is of; None by year.
        """
        years, T = sample.values.years, len(sample.values.years)
        columns = slice(k * T, (k + 1) * T)
        anybody = sample.values.anybody[columns]
        y = sample.values.values[sample.starters, columns]
        seen = np.isfinite(y) & anybody
        treated = years >= sample.until[:, None]
        y = np.where(seen, y, 0.0)
        persons = _Persons.of(sample, k, y, seen & ~treated)
        since = years - sample.start[:, None]
        lead = np.array([simple is None and e < min(sample.until - sample.start) for e in levels])
        early = np.array(levels)[lead]

        # Years after start: the regression on year effects alone, and what it cannot tell.
        main = persons.fit(early[:0])
        d = (seen & ~treated).astype(np.float64)
        m = np.maximum(d.sum(axis=1), 1.0)[:, None]
        contrast = np.eye(T) - (d / m)[persons.kind_rows][:, None]
        told = main.tells(contrast)[persons.kind_of] & (d.sum(axis=1) > 0)[:, None]
        left = y - main.beta
        left -= (d * left).sum(axis=1, keepdims=True) / m
        imputed = seen & treated & told
        spans = [(e, e) for e in np.array(levels)[~lead].tolist()] if simple is None else [simple]
        chosen = [imputed & (since >= first) & (since <= last) for first, last in spans]
        imputed &= np.any(chosen, axis=0) if chosen else False
        n = np.array([c.sum() for c in chosen], dtype=np.float64)
        some = np.maximum(n, 1.0)
        after = np.array([left[c].sum() for c in chosen]) / some
        per_person = np.stack([c.sum(axis=1) for c in chosen], axis=1) / some
        weight = np.stack([c.sum(axis=0) for c in chosen], axis=1) / some - (d / m).T @ per_person
        to_after = -main.inverse @ weight
        beyond = left - _start_year_means(left, imputed, sample.start)
        rows_after = (d * left) @ to_after
        rows_after += np.stack([(beyond * c).sum(axis=1) for c in chosen], axis=1) / some

        # Years before start: indicators of them beside the year effects.
        pre = persons.fit(early)
        A = pre.inverse[T:]
        Z = _leads(since, early)
        before = y - pre.beta[:T] - Z @ pre.beta[T:]
        before = d * (before - (d * before).sum(axis=1, keepdims=True) / m)
        rows_pre = before @ A[:, :T].T + np.einsum("st,stp->sp", before, Z) @ A[:, T:].T
        there = pre.tells(np.eye(T + len(early))[T:])
        there &= np.einsum("st,stp->p", d, Z) > 0

        estimate, rows = np.full(len(levels), np.nan), np.zeros((len(y), len(levels)))
        estimate[lead] = np.where(there, pre.beta[T:], np.nan)
        estimate[~lead] = np.where(n > 0, after, np.nan)
        rows[:, lead], rows[:, ~lead] = np.where(there, rows_pre, 0.0), rows_after
        masks = [d.astype(bool) & (since == e) for e in early] + chosen
        asked = [since == e for e in early] + [(since >= a) & (since <= b) for a, b in spans]
        counts = _counts(persons, masks, asked)
        counts["reason"] = np.where(np.isnan(estimate), "nobody_to_compare", "").astype(object)
        counts["reason"][lead & np.isnan(estimate) & (counts["n_participants"] > 0)] = (
            "no_year_before_the_first_of_the_window"
        )
        counts["reason"][~np.isnan(estimate) & (counts["n_participants"] == 1)] = "one_participant"
        return cls(
            estimate, counts, imputed, seen & ~treated, rows, k,
            at=(np.flatnonzero(lead), np.flatnonzero(~lead)),
            year_effect=(pre.beta[:T], main.beta),
            to=(np.where(there, A[:, :T].T, 0.0), to_after),
            between=np.where(there, A[:, T:].T, 0.0),
            spans=np.array([(e, e) for e in early.tolist()] + spans),
            simple=simple is not None,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Persons:
    """Persons by kind: those of a kind are seen untreated in the same years and start in one year.

    Attributes
    ----------
    number
        Persons of each kind, shape (c,).
    seen, total
        Untreated years they are seen in, and sums of their outcomes, shape (c, T).
    since
        Years since start, far below zero for who never starts, shape (c, T).
    kind_of, kind_rows
        The kind of each starter among those of starters, and a starter of each of these.
    """

    number: FloatArray
    seen: BoolArray
    total: FloatArray
    since: IntArray
    kind_of: IntArray
    kind_rows: IntArray

    @classmethod
    def of(cls, sample: ImputationSample, k: int, y: FloatArray, untreated: BoolArray) -> _Persons:
        """Sum up persons of a kind; `y` and `untreated` are the starters', shape (s, T)."""
        years, T = sample.values.years, len(sample.values.years)
        columns = slice(k * T, (k + 1) * T)
        keys = np.column_stack([sample.start, untreated])
        kinds, rows, own = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        own = own.ravel()
        never = sample.values.values[sample.listed, columns]
        seen_never = np.isfinite(never) & sample.values.anybody[columns]
        patterns, of = np.unique(seen_never, axis=0, return_inverse=True)
        sums = sample.moments[0, 1:][columns] * sample.values.anybody[columns]
        number = [np.bincount(own, minlength=len(kinds)), np.array([len(sample.whole)])]
        total = [sums_by(own, np.where(untreated, y, 0.0), len(kinds)), sums[None]]
        seen = [kinds[:, 1:].astype(bool), sample.values.anybody[columns][None]]
        if len(never):
            number.append(np.bincount(of.ravel(), minlength=len(patterns)))
            total.append(sums_by(of.ravel(), np.where(seen_never, never, 0.0), len(patterns)))
            seen.append(patterns)
        since = np.full((sum(len(part) for part in seen), T), -10_000)
        since[: len(kinds)] = years - kinds[:, :1]
        return cls(
            np.concatenate(number).astype(np.float64), np.concatenate(seen), np.concatenate(total),
            since, own, rows,
        )  # fmt: skip

    def fit(self, early: IntArray) -> Regression:
        """Regress on year effects, and indicators of some years before start."""
        c, T = self.seen.shape
        Z = np.concatenate([np.tile(np.eye(T), (c, 1, 1)), _leads(self.since, early)], axis=2)
        return Regression.of(Z, self.number, self.seen, self.total)


def _leads(since: IntArray, early: IntArray) -> FloatArray:
    """Return indicators of years before start, shape (rows, T, P)."""
    return np.asarray(since[:, :, None] == early, dtype=np.float64)


def _start_year_means(left: FloatArray, imputed: BoolArray, start: IntArray) -> FloatArray:
    """Return the mean effect of the start year in each year, of every starter, shape (s, T)."""
    starts, own = np.unique(start, return_inverse=True)
    n = sums_by(own, imputed.astype(np.float64), len(starts))
    mean = sums_by(own, np.where(imputed, left, 0.0), len(starts)) / np.maximum(n, 1.0)
    return np.asarray(mean[own])


def _counts(
    persons: _Persons, masks: Sequence[BoolArray], asked: Sequence[BoolArray]
) -> dict[str, NDArray[Any]]:
    """Return the persons behind every level: the starters' years of each, and those asked for."""
    n, controls, lost = [], [], []
    for mask, wanted in zip(masks, asked, strict=True):
        of = mask.any(axis=1)
        years = mask.any(axis=0)
        untreated = float(persons.number[persons.seen[:, years].any(axis=1)].sum())
        own = of & persons.seen[persons.kind_of][:, years].any(axis=1)
        n.append(int(of.sum()))
        controls.append(int(untreated) - int(own.sum()))
        lost.append(int(wanted.any(axis=1).sum()) - n[-1])
    return {
        "n_participants": np.array(n), "n_controls": np.array(controls), "n_lost": np.array(lost),
    }  # fmt: skip


@dataclass(frozen=True, eq=False)
class _NeverStarters:
    """How to write out the influence of who never starts; see `Recipe`."""

    person: IntArray
    values: Outcomes
    parts: Sequence[ImputedOutcome]

    def rows(self, which: slice | IntArray) -> FloatArray:
        """Return the influence of some of `person`, shape (number of them, K * L)."""
        who, T = self.person[which], len(self.values.years)
        out = []
        for part in self.parts:
            columns = slice(part.number * T, (part.number + 1) * T)
            own = self.values.values[who, columns]
            d = np.isfinite(own) & self.values.anybody[columns]
            rows = np.zeros((len(who), len(part.estimate)))
            for at, year_effect, to in zip(part.at, part.year_effect, part.to, strict=True):
                left = np.where(d, own - year_effect, 0.0)
                left -= d * (left.sum(axis=1) / np.maximum(d.sum(axis=1), 1))[:, None]
                rows[:, at] = left @ to
            out.append(rows)
        return np.concatenate(out, axis=1)

    def carrier(self, cell: int) -> FloatArray:
        """Return the map from (1, y) of who is seen throughout, shape (1 + KT, K * L)."""
        del cell
        T, L = len(self.values.years), len(self.parts[0].estimate)
        out = np.zeros((1 + T * len(self.parts), L * len(self.parts)))
        for part in self.parts:
            k, d = part.number, self.values.anybody[part.number * T :][:T].astype(np.float64)
            for at, year_effect, to in zip(part.at, part.year_effect, part.to, strict=True):
                kept = d[:, None] * to
                kept -= d[:, None] * kept.sum(axis=0) / d.sum()
                out[1 + k * T : 1 + (k + 1) * T, k * L + at] = kept
                out[0, k * L + at] = -year_effect @ kept
        return out
