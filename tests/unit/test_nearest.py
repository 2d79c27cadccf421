"""Ties that are exact on paper and not in floating point go to the lower identifier."""

from __future__ import annotations

import numpy as np
import pytest

from mih_impact.controls import nearest as nearest_module
from mih_impact.controls.greedy import greedy
from mih_impact.controls.nearest import nearest, nearest_other, nearest_within
from mih_impact.effects.neighbours import _nearest_points


@pytest.fixture(params=range(5))
def noise(request):
    """Return what rounding might do to scores, as another machine would round."""
    rng = np.random.default_rng(request.param)
    return lambda n: rng.uniform(-1e-13, 1e-13, n)


# Ages on both sides of the targets' 30, 40 and 50: each year of distance is there twice.
YEARS = np.array([33, 27, 31, 29, 32, 28, 41, 39, 44, 36, 52, 48, 51, 49], dtype=float)
TARGETS = np.array([30.0, 40.0, 50.0])
SLOPE = -0.0371


def slow(ratio):
    """Return the nearest by whole years, then by position, from the definition."""
    return [
        [j for _, j in sorted((abs(y - t), j) for j, y in enumerate(YEARS.tolist()))[:ratio]]
        for t in TARGETS.tolist()
    ]


@pytest.mark.parametrize("ratio", [1, 3, 5])
def test_with_replacement_the_lower_identifier_is_taken_whatever_the_last_digit(noise, ratio):
    control, target = YEARS * SLOPE + noise(len(YEARS)), TARGETS * SLOPE + noise(3)
    found = nearest(target, control, ratio, np.inf)
    assert found.position.tolist() == slow(ratio)
    assert found.ties > 0


def test_without_replacement_the_lower_identifier_is_taken_whatever_the_last_digit(noise):
    control, target = YEARS * SLOPE + noise(len(YEARS)), TARGETS * SLOPE + noise(3)
    cell, person = np.zeros(len(YEARS), dtype=int), np.arange(len(YEARS))
    found = greedy(target, cell[:3], control, cell, person, np.arange(3), 1, np.inf)
    assert found.position.tolist() == [row[:1] for row in slow(1)]


def test_the_nearest_other_is_the_lower_row_whatever_the_last_digit(noise):
    score = np.array([30.0, 31.0, 29.0]) * SLOPE + noise(3)
    rows = np.array([0])
    assert nearest_other(score, np.zeros(3, dtype=int), rows, 1).tolist() == [[1, 2]]


def test_real_differences_are_not_ties():
    control = np.array([0.2, 0.1 + 1e-7, 0.1])
    assert nearest(np.array([0.0]), control, 2, np.inf).position.tolist() == [[2, 1]]


def test_the_caliper_is_exact():
    control = np.array([0.5, 0.5 + 1e-12])
    assert nearest(np.array([0.0]), control, 2, 0.5).position.tolist() == [[0, -1]]


@pytest.mark.parametrize("sides", [3, 8])
def test_the_nearest_other_points_are_the_lower_rows_whatever_the_last_digit(noise, sides):
    """On a grid with several at each point nearly every distance is shared."""
    rng = np.random.default_rng(1)
    exact = rng.integers(0, sides, (300, 2)).astype(float)
    cell = rng.integers(0, 3, 300)
    rows = np.flatnonzero(np.arange(300) % 3 == 0)
    found = _nearest_points(exact + noise(600).reshape(300, 2) * 0.1, cell, rows)
    for row, got in zip(rows.tolist(), found.tolist(), strict=True):
        rank = sorted(
            (float(((exact[row] - exact[j]) ** 2).sum()), j)
            for j in range(300)
            if j != row and cell[j] == cell[row]
        )
        assert got == [j for _, j in rank[: len(got)]]


@pytest.mark.parametrize(("many", "rivals"), [(10**6, 10**6), (0, 1), (0, 7)])
@pytest.mark.parametrize("caliper", [0.25, np.inf])
def test_within_cells_the_nearest_are_those_of_a_loop(monkeypatch, many, rivals, caliper):
    """Shared scores, cells with fewer than wanted and with nobody; in threads, few at a time."""
    monkeypatch.setattr(nearest_module, "MANY", many)
    monkeypatch.setattr(nearest_module, "RIVALS", rivals)
    rng = np.random.default_rng(11)
    target, control = rng.integers(0, 40, 90) / 10, rng.integers(0, 40, 400) / 10
    target_cell, control_cell = rng.integers(0, 9, 90), rng.choice([0, 1, 2, 3, 5, 6], 400)
    control_cell[:3] = 7
    found = nearest_within(target, target_cell, control, control_cell, 5, caliper)
    ties = 0
    for row, t, c in zip(found.position.tolist(), target, target_cell, strict=True):
        rank = sorted(
            (round(abs(control[j] - t), 6), j) for j in np.flatnonzero(control_cell == c).tolist()
        )
        within = [j for distance, j in rank[:5] if distance <= caliper]
        assert row == within + [-1] * (5 - len(within))
        ties += len(rank) > 5 and rank[4][0] == rank[5][0] and rank[4][0] <= caliper
    assert found.ties == ties > 0
