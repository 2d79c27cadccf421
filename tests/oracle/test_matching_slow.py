"""Fast searches against slow loops from the definition, on data full of ties."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

import mih_impact as mih
from mih_impact.controls.mahalanobis import Cloud, mahalanobis_greedy, mahalanobis_nearest
from mih_impact.controls.nearest import greedy
from tests.support import small_register

SAME = 1e-9


def slow_greedy(distance, allowed, person, sequence, ratio):
    """Choose in rounds the nearest, then first in line, control whose person is free."""
    free = np.ones(person.max() + 1, dtype=bool)
    chosen = np.full((len(distance), ratio), -1)
    ties = 0
    for k in range(ratio):
        for i in sequence:
            rows = np.flatnonzero(allowed[i] & free[person])
            if not len(rows):
                continue
            as_near = rows[distance[i, rows] <= distance[i, rows].min() + SAME]
            ties += len(as_near) > 1
            chosen[i, k] = as_near[0]
            free[person[as_near[0]]] = False
    return [sorted(row[row >= 0].tolist()) for row in chosen], ties


def slow_nearest(distance, allowed, ratio):
    """Choose all within the distance of the ratio-th nearest of each."""
    chosen, ties = [], 0
    for i in range(len(distance)):
        rows = np.flatnonzero(allowed[i])
        reach = np.sort(distance[i, rows])[:ratio].max(initial=0.0)
        chosen.append(rows[distance[i, rows] <= reach + SAME].tolist())
        ties += len(chosen[-1]) > ratio
    return chosen, ties


def chosen_of(found):
    return [found.control[found.member == k].tolist() if k >= 0 else [] for k in found.set_of]


@pytest.fixture(params=range(8))
def draw(request):
    """Return targets and controls in three cells, persons in several, scores full of ties."""
    rng = np.random.default_rng(request.param)
    n, m = 25, 140
    wide = request.param % 2 == 0
    points = rng.integers(0, 9 if wide else 3, (n + m, 2)).astype(float)
    if request.param == 7:
        points = rng.normal(size=(n + m, 2))
    cell = np.sort(rng.integers(0, 3, m))
    person = np.concatenate([rng.permutation(70)[: (cell == c).sum()] for c in range(3)])
    return points[:n], rng.integers(0, 4, n), points[n:], cell, person, rng.permutation(n)


@pytest.mark.parametrize("ratio", [1, 3, 8])
@pytest.mark.parametrize("caliper", [np.inf, 1.0])
def test_next_free_pointers_choose_as_the_slow_loop(draw, caliper, ratio):
    points, target_cell, controls, cell, person, sequence = draw
    target, control = points[:, 0], controls[:, 0]
    distance = np.abs(target[:, None] - control[None, :])
    allowed = (target_cell[:, None] == cell[None, :]) & (distance <= caliper)
    for who in (person, np.arange(len(person))):
        found = greedy(target, target_cell, control, cell, who, sequence, ratio, caliper)
        chosen, ties = slow_greedy(distance, allowed, who, sequence, ratio)
        assert chosen_of(found) == chosen
        assert found.ties == ties


@pytest.mark.parametrize("ratio", [1, 3, 8])
@pytest.mark.parametrize("limit", [np.inf, 1.0])
def test_the_tree_chooses_as_the_slow_loop(draw, limit, ratio):
    points, target_cell, controls, cell, person, sequence = draw
    score = points @ [1.0, 0.5], controls @ [1.0, 0.5]
    distance = cdist(points, controls)
    allowed = target_cell[:, None] == cell[None, :]
    allowed &= np.abs(score[0][:, None] - score[1][None, :]) <= limit
    cloud = Cloud(controls, cell, person, score[1] if np.isfinite(limit) else None, limit)
    who = points, target_cell, score[0]
    by = score[0] if np.isfinite(limit) else None
    targets = Cloud(points, target_cell, np.arange(len(points)), by, limit)
    found = mahalanobis_nearest(cloud, targets, ratio)
    chosen, ties = slow_nearest(distance, allowed, ratio)
    assert chosen_of(found) == chosen
    assert found.ties == ties
    found = mahalanobis_greedy(cloud, *who, sequence, ratio)
    chosen, ties = slow_greedy(distance, allowed, person, sequence, ratio)
    assert chosen_of(found) == chosen
    assert found.ties == ties


def test_the_distance_is_mahalanobis_with_the_covariance_within_the_sides(panel):
    on = ["age", "education", *mih.lag("wage_income", 1)]
    group = mih.match(panel, method="mahalanobis", on=on, exact="county", caliper=None, ratio=2)
    X, treated = group.risk.design.X, group.risk.treated
    centred = np.concatenate([X[side] - X[side].mean(axis=0) for side in (treated, ~treated)])
    inverse = np.linalg.inv(centred.T @ centred / (len(X) - 2))
    pairs, row = group.pairs(), {}
    for r, (who, c) in enumerate(zip(group.risk.person, group.risk.start_year, strict=True)):
        row[group.risk.cube.person_id[who], c] = r
    own, other = (
        [row[who, c] for who, c in zip(pairs[side], pairs["start_year"], strict=True)]
        for side in ("participant_id", "control_id")
    )
    gap = X[own] - X[other]
    expected = np.sqrt(np.einsum("ij,jk,ik->i", gap, inverse, gap))
    np.testing.assert_allclose(pairs["distance"], expected, rtol=1e-9)


@pytest.mark.filterwarnings("ignore:One person carries")
@pytest.mark.parametrize("method", ["propensity", "mahalanobis", "cem"])
@pytest.mark.parametrize("replace", [True, False])
def test_the_order_of_rows_changes_nothing_where_many_are_equally_near(method, replace):
    frame = small_register(500, starters=60, ties=True, seed=4)
    options = {"on": ["age", *mih.lag("wage_income", 1)], "exact": "county", "ratio": 2}
    options |= {"method": method, "replace": replace}
    runs = [
        mih.match(mih.read_panel(rows), **options)
        for rows in (frame, frame.sample(frac=1.0, random_state=1), frame.iloc[::-1])
    ]
    assert (runs[0].ties > 0) == (method != "cem")
    for other in runs[1:]:
        assert other.ties == runs[0].ties
        assert other.pairs().equals(runs[0].pairs())
