"""Slow, obvious group-time effects from the papers' formulas, person by person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest


@dataclass
class Cell:
    """One outcome, start year and year: the estimate, who entered, and influence by person."""

    estimate: float
    participants: int
    controls: int
    influence: dict


def logit(X, d, steps=60, s=1.0):
    """Fit a logit by Newton's method, to the last digit; `s` are design weights."""
    b = np.zeros(X.shape[1])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-X @ b))
        b = b + np.linalg.solve(X.T @ (X * (s * p * (1 - p))[:, None]), X.T @ (s * (d - p)))
    return 1 / (1 + np.exp(-X @ b))


def two_by_two(change, d, X, kind, *, normalised=True, weight=None):
    """Sant'Anna and Zhao (2020), sections 2 and 3: estimate and influence over n, term by term."""
    if weight is not None:
        return weighted_two_by_two(change, d, X, kind, weight)
    n = len(d)
    beta = np.linalg.solve(X[d == 0].T @ X[d == 0], X[d == 0].T @ change[d == 0])
    m = X @ beta
    ols = ((1 - d) * (change - m))[:, None] * X @ np.linalg.inv((X * (1 - d)[:, None]).T @ X / n)
    if kind == "reg":
        treat = d * (change - change[d == 1].mean()) / d.mean()
        level = m[d == 1].mean()
        control = (d * (m - level) + ols @ (d[:, None] * X).mean(axis=0)) / d.mean()
        return change[d == 1].mean() - level, (treat - control) / n
    p = logit(X, d)
    w = (1 - d) * p / (1 - p)
    score = (d - p)[:, None] * X @ np.linalg.inv((X * (p * (1 - p))[:, None]).T @ X / n)
    if kind == "ipw":
        eta = (w * change).mean() / w.mean()
        treat = d * (change - change[d == 1].mean()) / d.mean()
        slope = (w[:, None] * (change - eta)[:, None] * X).mean(axis=0)
        control = (w * (change - eta) + score @ slope) / w.mean()
        return change[d == 1].mean() - eta, (treat - control) / n
    e = change - m
    total = w.mean() if normalised else d.mean()
    eta_t, eta_c = (d * e).mean() / d.mean(), (w * e).mean() / total
    centre = eta_c if normalised else 0.0
    treat = (d * (e - eta_t) - ols @ (d[:, None] * X).mean(axis=0)) / d.mean()
    if not normalised:
        treat = (d * (e - eta_t + eta_c) - ols @ (d[:, None] * X).mean(axis=0)) / d.mean()
    slope = (w[:, None] * (e - centre)[:, None] * X).mean(axis=0)
    control = w * (e - centre) + score @ slope - ols @ (w[:, None] * X).mean(axis=0)
    return eta_t - eta_c, (treat - control / total) / n


def weighted_two_by_two(change, d, X, kind, s):
    """Return the same by design weights s, its influence by moving each person's weight."""

    def estimate(s):
        gap = change
        if kind != "ipw":
            root = np.sqrt(s[d == 0])
            beta = np.linalg.lstsq(X[d == 0] * root[:, None], change[d == 0] * root, rcond=None)[0]
            gap = change - X @ beta
        if kind == "reg":
            return np.average(gap[d == 1], weights=s[d == 1])
        p = logit(X, d, s=s)
        odds = s * p / (1 - p)
        own = np.average(gap[d == 1], weights=s[d == 1])
        return own - np.average(gap[d == 0], weights=odds[d == 0])

    rows, step = np.zeros(len(d)), 1e-3
    for i in range(len(d)):
        up, down = s.copy(), s.copy()
        up[i], down[i] = s[i] * (1 + step), s[i] * (1 - step)
        rows[i] = (estimate(up) - estimate(down)) / (2 * step)
    return estimate(s), rows


def cell(
    wide, start, by_year, g, t, base, *, controls, covariates, exact, kind, anticipation, at,
    weight=None,
):  # fmt: skip
    """Estimate one (g, t) from outcomes in columns by year and the rows of each year."""
    before = by_year[g - 1]
    allowed = before["eligible"].eq(True) if "eligible" in before else before["year"].notna()
    free = start.isna()
    if controls == "not_yet":
        free = free | (start > max(t, base) + anticipation)
    # Residency is not known in these registers: nobody is compared without a row the year before.
    present = before["year"].notna()
    if "absent" in before:
        present &= ~before["absent"].eq(True)
    in_t = (start == g) & present & before[list(exact)].notna().all(axis=1)
    in_c = free & (start != g) & allowed & before[list(exact)].notna().all(axis=1)
    base_row = by_year[at]
    known = base_row[list(covariates)].notna().all(axis=1)
    change = wide[t] - wide[base]
    seen = change.notna() & known
    in_t, in_c = in_t & seen, in_c & seen
    label = pd.Series("", index=wide.index)
    for name in exact:
        label = label + "/" + before[name].astype(str)
    both = set(label[in_t]) & set(label[in_c])
    in_t, in_c = in_t & label.isin(both), in_c & label.isin(both)
    if not in_t.any():
        return Cell(np.nan, 0, 0, {})
    who = wide.index[in_t | in_c]
    d = in_t[who].to_numpy(dtype=float)
    cells = pd.get_dummies(label[who]).to_numpy(dtype=float)
    x = base_row.loc[who, list(covariates)].to_numpy(dtype=float)
    X = np.column_stack([cells, x])
    s = None if weight is None else weight(who)
    value, influence = two_by_two(change[who].to_numpy(), d, X, kind, weight=s)
    return Cell(value, int(in_t.sum()), int(in_c.sum()), dict(zip(who, influence, strict=True)))


def all_cells(frame, outcomes, *, base_period="universal", controls="never", covariates=(),
              exact=(), kind="reg", anticipation=0, weight=None):  # fmt: skip
    """Estimate every (outcome, g, t).

    `frame` has person_id, year, start_year (NaN for never), and eligible where that matters; rows
    that the register does not have may be in it to carry covariates, marked `absent`. `weight`
    gives the design weights of persons.
    """
    years = sorted(frame["year"].unique())
    persons = np.sort(frame["person_id"].unique())
    start = frame.groupby("person_id")["start_year"].first().reindex(persons)
    by_year = {
        year: frame[frame["year"] == year].set_index("person_id").reindex(persons) for year in years
    }
    starts = sorted(int(g) for g in frame["start_year"].dropna().unique())
    found = {}
    for outcome in outcomes:
        wide = frame.pivot(index="person_id", columns="year", values=outcome).reindex(persons)
        for g in starts:
            for t in years:
                base = g - 1 - anticipation
                if base_period == "varying" and t < g:
                    base = t - 1
                if base not in years or base == t:
                    continue
                found[outcome, g, t] = cell(
                    wide, start, by_year, g, t, base, controls=controls, covariates=covariates,
                    exact=exact, kind=kind, anticipation=anticipation, at=g - 1 - anticipation,
                    weight=weight,
                )  # fmt: skip
    return found


def dense(cells, persons):
    """Write influences out, shape (persons, cells)."""
    place = {person: i for i, person in enumerate(persons)}
    rows = np.zeros((len(persons), len(cells)))
    for column, one in enumerate(cells):
        for person, value in one.influence.items():
            rows[place[person], column] = value
    return rows


def require_same(effects, slow, persons):
    """Assert that estimates, counts, covariance and draws are those of the slow loop's cells."""
    table, index = effects.to_frame().set_index(["outcome", "group", "year"]), list(slow)
    for key in index:
        assert table.loc[key, "estimate"] == pytest.approx(slow[key].estimate, abs=1e-9)
        assert table.loc[key, "n_participants"] == slow[key].participants
        assert table.loc[key, "n_controls"] == slow[key].controls
    place = [table.index.get_loc(key) for key in index]
    rows = dense([slow[key] for key in index], persons)
    found = np.nan_to_num(effects.matrix[np.ix_(place, place)])
    np.testing.assert_allclose(found, rows.T @ rows, atol=1e-11)
    influence = effects.influence
    np.testing.assert_allclose(influence.rows.T @ influence.rows, influence.covariance, atol=1e-11)
    draws = influence.multiplier_draws(4000, seed=1)[:, place].std(axis=0)
    error = np.sqrt((rows**2).sum(axis=0))
    np.testing.assert_allclose(draws[error > 0] / error[error > 0], 1.0, atol=0.06)
