"""Ties that are exact on paper and not in floating point are ties: all of them are taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mih_impact.controls import nearest as nearest_module
from mih_impact.controls.mahalanobis import Cloud, _along_curve, _curved, mahalanobis_nearest
from mih_impact.controls.nearest import Line, greedy, nearest, nearest_within
from mih_impact.effects.influence import Nearby, _in_space, _on_line


@pytest.fixture(params=range(5))
def noise(request):
    """Return what rounding might do to scores, as another machine would round."""
    rng = np.random.default_rng(request.param)
    return lambda n: rng.uniform(-1e-13, 1e-13, n)


# Ages on both sides of the targets' 30, 40 and 50: each year of distance is there twice.
YEARS = np.array([33, 27, 31, 29, 32, 28, 41, 39, 44, 36, 52, 48, 51, 49], dtype=float)
TARGETS = np.array([30.0, 40.0, 50.0])
SLOPE = -0.0371


def chosen(found):
    """Return the controls of every target, a list each."""
    return [found.control[found.member == k].tolist() if k >= 0 else [] for k in found.set_of]


def slow(ratio):
    """Return all within the distance of the ratio-th nearest by whole years."""
    far = np.abs(YEARS - TARGETS[:, None])
    reach = np.sort(far, axis=1)[:, ratio - 1]
    return [np.flatnonzero(row <= r).tolist() for row, r in zip(far, reach, strict=True)]


@pytest.mark.parametrize("ratio", [1, 3, 5])
def test_with_replacement_all_who_are_as_near_are_taken_whatever_the_last_digit(noise, ratio):
    control, target = YEARS * SLOPE + noise(len(YEARS)), TARGETS * SLOPE + noise(3)
    found = nearest(target, control, ratio, np.inf)
    assert chosen(found) == slow(ratio)
    assert found.ties == sum(len(rows) > ratio for rows in slow(ratio)) > 0


def test_without_replacement_the_first_in_line_is_taken_whatever_the_last_digit(noise):
    control, target = YEARS * SLOPE + noise(len(YEARS)), TARGETS * SLOPE + noise(3)
    cell, person = np.zeros(len(YEARS), dtype=int), np.arange(len(YEARS))
    found = greedy(target, cell[:3], control, cell, person, np.arange(3), 1, np.inf)
    assert chosen(found) == [row[:1] for row in slow(1)]
    assert found.ties == 3


def test_distances_either_side_of_a_step_are_the_same(noise):
    """Distances that are the same on paper lie anywhere, also on the edge of a rounding grid."""
    edge = 2.5e-9  # halfway between two whole steps of a billionth
    control = np.array([edge, -edge]) * (1.0 + np.array([1e-12, -1e-12]))
    assert chosen(nearest(np.zeros(1), control, 1, np.inf)) == [[0, 1]]
    cell = np.zeros(2, dtype=int)
    found = greedy(np.zeros(1), cell[:1], control, cell, np.arange(2), np.arange(1), 1, np.inf)
    assert found.ties == 1


def test_real_differences_are_not_ties():
    control = np.array([0.2, 0.1 + 1e-7, 0.1])
    assert chosen(nearest(np.array([0.0]), control, 1, np.inf)) == [[2]]
    assert chosen(nearest(np.array([0.0]), control, 2, np.inf)) == [[1, 2]]


def test_who_is_beyond_the_caliper_is_not_taken():
    control = np.array([0.5, 0.5 + 1e-7])
    assert chosen(nearest(np.array([0.0]), control, 2, 0.5)) == [[0]]
    assert chosen(nearest(np.array([0.0]), control, 2, 0.4)) == [[]]


def test_targets_with_the_same_controls_share_a_set():
    found = nearest(np.zeros(1000), np.zeros(1000), 5, np.inf)
    assert found.control.tolist() == list(range(1000))
    assert set(found.set_of.tolist()) == {0}


def slow_mean(distance, values, seen, row, mates):
    """Return the mean of the nearest other rows that are seen, and how many, from the words."""
    others = [j for j in mates if j != row and seen[j]]
    if not others:
        return 0.0, 0
    least = min(distance[row, j] for j in others)
    as_near = [j for j in others if distance[row, j] <= least + 1e-6]
    return values[as_near].mean(), len(as_near)


@pytest.mark.parametrize("sides", [3, 8, 1000])
@pytest.mark.parametrize("dimensions", [1, 2])
def test_the_nearest_others_are_those_of_a_loop_whatever_the_last_digit(noise, sides, dimensions):
    """On a grid nearly every distance is shared; without one everybody has a place alone."""
    rng = np.random.default_rng(1)
    exact = rng.integers(0, sides, (300, dimensions)).astype(float)
    point = exact + 0.1 * noise(300 * dimensions).reshape(300, dimensions)
    cell, values = rng.integers(0, 3, 300), rng.normal(size=300)
    rows = np.flatnonzero(np.arange(300) % 3 == 0)
    place, near, level = (
        _on_line(Line.of(point[:, 0], cell), rows)
        if dimensions == 1
        else _in_space(Cloud(point, cell, np.arange(300)), rows)
    )
    nearby = Nearby(np.arange(300), place, rows, near, level)
    distance = np.sqrt(((exact[:, None] - exact) ** 2).sum(axis=2))
    for seen in (np.ones(300, dtype=bool), rng.random(300) < 0.8):
        mean, count = nearby.means(values[:, None], seen)
        for k, row in enumerate(rows.tolist()):
            mates = np.flatnonzero(cell == cell[row]).tolist()
            expected, many = slow_mean(distance, values, seen, row, mates)
            assert count[k] == many
            assert mean[k, 0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("many", [10**6, 0])
@pytest.mark.parametrize("caliper", [0.25, np.inf])
def test_within_cells_the_nearest_are_those_of_a_loop(monkeypatch, many, caliper):
    """Shared scores, cells with fewer than wanted and with nobody; with and without threads."""
    monkeypatch.setattr(nearest_module, "MANY", many)
    rng = np.random.default_rng(11)
    target, control = rng.integers(0, 40, 90) / 10, rng.integers(0, 40, 400) / 10
    target_cell, control_cell = rng.integers(0, 9, 90), rng.choice([0, 1, 2, 3, 5, 6], 400)
    control_cell[:3] = 7
    targets, controls = Line.of(target, target_cell), Line.of(control, control_cell)
    found = nearest_within(targets, controls, 5, caliper)
    ties = 0
    for row, t, c in zip(chosen(found), target, target_cell, strict=True):
        mates = np.flatnonzero(control_cell == c)
        far = np.round(np.abs(control[mates] - t), 6)
        reach = min(np.sort(far)[:5].max(initial=0.0), caliper)
        assert row == mates[far <= reach].tolist()
        ties += len(row) > 5
    assert found.ties == ties > 0


@pytest.mark.parametrize("values", [2, 5, 10**6])
@pytest.mark.parametrize("ratio", [1, 4])
def test_in_space_the_nearest_are_those_of_a_loop(values, ratio):
    """Shared and equally far points, cells with fewer than wanted and with nobody."""
    rng = np.random.default_rng(12)
    target, control = (rng.integers(0, values, (n, 2)).astype(float) for n in (60, 200))
    target_cell, control_cell = rng.integers(0, 6, 60), rng.choice([0, 1, 2, 3], 200)
    control_cell[:2] = 4
    control[::2] = control[1::2]
    cloud = Cloud(control, control_cell, np.arange(200))
    found = mahalanobis_nearest(cloud, Cloud(target, target_cell, np.arange(60)), ratio)
    ties = 0
    for row, t, c in zip(chosen(found), target, target_cell, strict=True):
        mates = np.flatnonzero(control_cell == c)
        far = np.sqrt(((control[mates] - t) ** 2).sum(axis=1))
        reach = np.sort(far)[:ratio].max(initial=0.0)
        assert row == mates[far <= reach + 1e-9].tolist()
        ties += len(row) > ratio
    assert found.ties == ties > 0


def test_the_next_places_are_looked_at_first_and_others_where_these_are_not_seen():
    rng = np.random.default_rng(13)
    line = Line.of(rng.normal(size=300).round(2), rng.integers(0, 3, 300))
    rows, values = np.arange(300), rng.normal(size=(300, 1))

    def nearby(look: int, some: np.ndarray) -> Nearby:
        return Nearby(np.arange(300), line.place, some, *_on_line(line, some, look)[1:])

    in_steps = replace(nearby(1, rows), further=lambda left: nearby(4, rows[left]))
    for share in (1.0, 0.7, 0.2):
        seen = rng.random(300) < share
        for ours, all_at_once in zip(
            in_steps.means(values, seen), nearby(4, rows).means(values, seen), strict=True
        ):
            np.testing.assert_array_equal(ours, all_at_once)


def test_alike_rows_with_another_score_are_in_another_place():
    """A score of the caller's may tell apart whom the covariates do not."""
    point, cell = np.zeros((2, 1)), np.zeros(2, dtype=int)
    cloud = Cloud(point, cell, np.arange(2), np.array([0.0, 1.0]), 0.5)
    target = Cloud(point[:1], cell[:1], np.arange(1), np.array([1.0]), 0.5)
    assert chosen(mahalanobis_nearest(cloud, target, 1)) == [[1]]


@pytest.mark.parametrize("values", [3, 1000])
def test_points_along_the_curve_stand_where_a_slow_sort_puts_them(values):
    rng = np.random.default_rng(values)
    point = rng.integers(-values, values, (400, 2)) / 7.0
    point[::9, 1] += 1e-13  # as far as four bytes hold it the same
    for cell in (rng.integers(0, 3, 400), np.zeros(400, dtype=int), rng.integers(0, 40_000, 400)):
        key = point @ np.sqrt([2.0, 3.0])
        wanted = np.lexsort((key, _along_curve(point), cell))
        np.testing.assert_array_equal(_curved(point, cell), wanted)


@pytest.mark.parametrize("ratio", [1, 3])
@pytest.mark.parametrize("caliper", [np.inf, 0.2])
def test_targets_find_the_same_some_at_a_time(monkeypatch, ratio, caliper):
    rng = np.random.default_rng(7)
    targets = Line.of(rng.normal(size=90).round(2), rng.choice([0, 2, 3, 7], 90))
    controls = Line.of(rng.normal(size=200).round(2), rng.choice([0, 1, 3], 200))
    whole = nearest_within(targets, controls, ratio, caliper)
    assert whole.ties > 0
    assert (whole.set_of < 0).any()
    for size in (1, 7, 32):
        monkeypatch.setattr(nearest_module, "AT_A_TIME", size)
        found = nearest_within(targets, controls, ratio, caliper)
        assert found.ties == whole.ties
        for name in ("set_of", "member", "control"):
            np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))
