"""Parts add up, and what is hidden cannot be reckoned, whatever the split and the counts."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mih_impact as mih
from mih_impact.effects.subgroups.hidden import hidden_cells
from tests.support import small_register

SPLITS = 12
PERSONS = 500


@cache
def register() -> pd.DataFrame:
    """A register with rows missing, and columns that split people at random, some without value."""
    frame = small_register(PERSONS, starters=70, seed=8, missing=0.05)
    for k in range(SPLITS):
        rng = np.random.default_rng(k)
        share = rng.dirichlet(np.ones(2 + k % 5))
        value = rng.choice([f"g{j}" for j in range(len(share))], PERSONS, p=share).astype(object)
        value[rng.random(PERSONS) < 0.08 * (k % 3)] = None
        frame[f"split{k}"] = value[frame["person_id"]]
    return frame


@cache
def group(method: str):
    panel = mih.read_panel(register())
    on = ["age", *mih.lag("wage_income", 1)]
    if method in ("entropy", "ipw"):
        return mih.weight(panel, on=on, method=method)
    if method == "exact":
        return mih.match(panel, method="exact", exact=["county"], on=["education"])
    apart = {"replace": False, "scope": "global", "ratio": 2} if method == "sets" else {}
    return mih.match(panel, exact=["county"], on=on, **apart)


METHODS = ("nearest", "sets", "exact", "entropy", "ipw")
BY = st.sampled_from([f"split{k}" for k in range(SPLITS)] + ["age", "education", "start_year"])


def cells(effects, column: str) -> np.ndarray:
    """Return a column of the table by subgroup and year, shape (S, years)."""
    return effects.to_frame()[column].to_numpy(float).reshape(len(effects.subgroups), -1)


def study(method: str, by: str, **options):
    given = {"outcomes": ["wage_income"], "window": (-3, 5), **options}
    return mih.event_study(group(method), by=by, **given)


@settings(max_examples=30)
@given(
    method=st.sampled_from(METHODS),
    by=BY,
    composition=st.sampled_from(["available", "balanced"]),
    estimator=st.sampled_from(["did", "difference"]),
    dead=st.sampled_from(["zero", "missing"]),
)
def test_subgroups_weighted_by_their_participants_are_all(method, by, composition, estimator, dead):
    effects = study(method, by, composition=composition, estimator=estimator, dead=dead)
    n, estimate = cells(effects, "n_participants"), cells(effects, "estimate")
    np.testing.assert_array_equal(n[1:].sum(axis=0), n[0])
    lost = cells(effects, "n_lost")
    np.testing.assert_array_equal(lost[1:].sum(axis=0), lost[0])
    np.testing.assert_array_equal(np.isnan(estimate), n == 0)
    whole = (n[1:] * np.nan_to_num(estimate[1:])).sum(axis=0) / n[0]
    np.testing.assert_allclose(whole, estimate[0], rtol=1e-9, atol=1e-5)
    for side in ("participant_mean", "control_mean"):
        mean = cells(effects, side)
        whole = (n[1:] * np.nan_to_num(mean[1:])).sum(axis=0) / n[0]
        np.testing.assert_allclose(whole, mean[0], rtol=1e-9, atol=1e-5)


@settings(max_examples=5)
@given(method=st.sampled_from(METHODS))
def test_start_years_add_up_by_cohort_weights_too(method):
    effects = study(method, "start_year", composition="cohort_weighted", window=(-3, 3))
    start = group(method).risk.start_year[group(method).sets.participant]
    share = np.unique(start, return_counts=True)[1] / len(start)
    estimate = cells(effects, "estimate")
    np.testing.assert_allclose(share @ estimate[1:], estimate[0], rtol=1e-9, atol=1e-5)


@settings(max_examples=8)
@given(method=st.sampled_from(METHODS), by=BY)
def test_with_shares_fixed_the_rows_give_the_standard_error(method, by):
    """The norm of the rows' weighted mean is w'Vw, V over all subgroups at once."""
    effects = study(method, by)
    e = effects.levels.index(2)
    n, size = cells(effects, "n_participants")[:, e], len(effects.levels)
    kept = [s for s in range(1, len(n)) if n[s] > 1]
    w, at = n[kept] / n[kept].sum(), np.array(kept) * size + e
    row = effects.influence.rows[:, at] @ w
    assert np.sqrt(w @ effects.matrix[np.ix_(at, at)] @ w) == pytest.approx(np.linalg.norm(row))


@settings(max_examples=8)
@given(by=BY)
def test_matched_sets_have_the_variance_within_and_between(by):
    """The law of total variance, the documented factors n / (n - 1) taken out."""
    effects = study("sets", by, se="matched_set")
    e = effects.levels.index(3)
    n, tau = cells(effects, "n_participants")[:, e], cells(effects, "estimate")[:, e]
    variance = np.square(cells(effects, "std_error")[:, e]) * (n - 1) / np.maximum(n, 1)
    variance = np.where(n <= 1, 0.0, variance)
    w = n[1:] / n[0]
    seen = n[1:] > 0
    between = (w[seen] * (tau[1:][seen] - tau[0]) ** 2).sum() / n[0]
    assert variance[0] == pytest.approx(w**2 @ variance[1:] + between, rel=1e-9)


@settings(max_examples=8)
@given(method=st.sampled_from(["entropy", "ipw"]), by=BY)
def test_estimated_weights_leave_only_the_variance_between(method, by):
    """Rows of all, less the weighted mean of the subgroups': (tau_s - tau) / n of participants."""
    effects = study(method, by)
    e, size = effects.levels.index(3), len(effects.levels)
    n, tau = cells(effects, "n_participants")[:, e], cells(effects, "estimate")[:, e]
    rows = effects.influence.rows[:, np.arange(len(n)) * size + e]
    left = rows[:, 0] - rows[:, 1:] @ (n[1:] / n[0])
    chosen = group(method)
    treated = np.isin(effects.influence.cluster, chosen.risk.person[chosen.sets.participant])
    scale = np.abs(rows[:, 0]).max()
    assert np.abs(left[~treated]).max(initial=0.0) < 1e-6 * scale
    expected = np.repeat((tau[1:] - tau[0]) / n[0], n[1:].astype(int))
    found = np.sort(left[treated])
    padded = np.concatenate([expected, np.zeros(len(found) - len(expected))])
    np.testing.assert_allclose(found, np.sort(padded), atol=1e-6 * scale)


# What is hidden -----------------------------------------------------------------------------

COUNTS = st.lists(
    st.lists(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 9, 30]), min_size=3, max_size=3),
    min_size=2,
    max_size=6,
)


@settings(max_examples=200)
@given(COUNTS, COUNTS, COUNTS, st.integers(1, 8))
def test_no_small_cell_is_what_the_shown_ones_leave(persons, lost, others, min_cell):
    """An attacker knows n and effect of all and of whoever is shown, and subtracts."""
    parts = min(len(persons), len(lost), len(others))
    table = {"n_participants": np.array(persons[:parts]), "n_lost": np.array(lost[:parts])}
    whole = {name: np.vstack([n.sum(axis=0), n]) for name, n in table.items()}
    controls = np.where(table["n_participants"] > 0, np.maximum(others[:parts], 1), 0)
    controls = np.vstack([controls.sum(axis=0), controls])
    frame = pd.DataFrame(
        {
            "subgroup": np.repeat(["all", *map(str, range(parts))], 3),
            "n_controls": controls.ravel(),
            **{name: n.ravel() for name, n in whole.items()},
        }
    )
    with mih.options(min_cell=min_cell):
        masks = hidden_cells(frame)
    for name, mask in zip(("n_participants", "n_lost"), masks, strict=True):
        n, hidden = whole[name], mask.reshape(parts + 1, 3)
        small = (n > 0) & (n < min_cell)
        if name == "n_participants":
            small |= (controls > 0) & (controls < min_cell)
        assert hidden[small].all()
        assert not hidden[n == 0].any()
        for cell in np.flatnonzero(~hidden[0]):
            rest = hidden[1:, cell]
            remains = n[0, cell] - n[1:, cell][~rest].sum()
            assert remains == 0 or (rest.sum() >= 2 and remains >= min_cell)
            assert small[1:, cell].any() or not rest.any()  # nothing is hidden without need
