"""What a draw of persons does not change is done once, and gives the numbers of doing it again."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

import mih_impact as mih
from mih_impact.controls import drawn as drawn_module
from mih_impact.controls import refit as refit_module
from mih_impact.controls.design import Design
from mih_impact.controls.drawn import Cells, DrawnRiskSet, NearestOfDraws
from mih_impact.controls.logit import fit_logit
from mih_impact.controls.nearest import Line, nearest_within
from mih_impact.controls.refit import Refit, Rescored
from mih_impact.controls.risk_set import build_risk_set
from mih_impact.effects.question import read_target
from mih_impact.study import draws as module
from mih_impact.study.draws import Rematched, Urns, drawn_cube, rematched
from tests.support import read_frame, small_register

ON = ["age", "education", *mih.lag("wage_income", 1)]
pytestmark = pytest.mark.filterwarnings("ignore:One person carries")


@pytest.fixture(scope="module")
def panel():
    """500 persons, 5 % of rows missing; four of them, one a participant, have a rare education."""
    frame = small_register(500, starters=120, seed=9, missing=0.05)
    start = 2014 + 2 * (frame["start_year"] % 3)
    first = frame.loc[start.notna(), "person_id"].min()
    others = frame.loc[start.isna(), "person_id"].unique()[:3]
    rare = frame["person_id"].isin([first, *others])
    return read_frame(
        frame.assign(start_year=start, education=frame["education"].mask(rare, "rare")),
        price_year=2024,
    )


def draw(cube, seed):
    urns = Urns(np.arange(cube.n_persons), (cube.start_year > 0).astype(np.int64))
    return urns.counts(np.random.default_rng(seed))


MATCHES = [
    {"method": "exact", "on": [], "exact": ["county", "education"]},
    {"method": "cem"},
    {"method": "propensity", "ratio": 2},
    {"method": "propensity", "ratio": 5, "exact": []},
    {"method": "propensity", "controls": "not_yet", "ratio": 3},
    {"method": "propensity", "on": ["age"], "score": "by_start_year"},
    {"method": "propensity", "replace": False, "ratio": 1},
    {"method": "propensity", "replace": False, "scope": "within_start_year", "order": "smallest"},
    {"method": "propensity", "replace": False, "order": "random", "seed": 3, "ratio": 1},
    {"method": "propensity", "common_support": True, "caliper": None},
    {"method": "mahalanobis"},
    {"method": "mahalanobis", "caliper": None, "replace": False, "ratio": 1, "order": "data"},
]


def matched(panel, options):
    return mih.match(panel, outcomes="wage_income", **{"on": ON, "exact": ["county"], **options})


def estimate(call, *given):
    """Return what a call gives, None where there is no estimate."""
    try:
        return call(*given)
    except mih.SupportError:
        return None


@pytest.mark.parametrize("options", MATCHES, ids=str)
@pytest.mark.parametrize("composition", ["available", "balanced", "cohort_weighted"])
def test_rows_taken_again_match_as_persons_do(panel, options, composition, monkeypatch):
    """Drawn rows of risk sets that are built once, beside risk sets of a cube of drawn persons."""
    group = matched(panel, options)
    window = (-2, 4) if composition == "available" else (-2, 3)
    target = read_target(group, None, "did", -1, window, composition, "zero")
    counts = [draw(group.risk.cube, seed) for seed in range(6)]
    expected = [estimate(rematched, group, target, False, count) for count in counts]
    again, anew = Rematched.of(group, target), []
    monkeypatch.setattr(module, "rematched", lambda *given: anew.append(1) or rematched(*given))
    for found, numbers in zip(again.estimate(np.stack(counts)), expected, strict=True):
        assert isinstance(found, mih.SupportError) == (numbers is None)
        if numbers is not None:
            np.testing.assert_allclose(found, numbers, rtol=1e-9, atol=1e-6)
    assert len(anew) < len(counts)  # draws in which few or none have the rare education


def test_a_draw_without_a_value_is_matched_without_it(panel, monkeypatch):
    group = matched(panel, {"ratio": 2})
    target = read_target(group, None, "did", -1, (-2, 4), "available", "zero")
    counts = draw(group.risk.cube, 1)
    education = group.read("education", np.arange(len(group.risk.person)))
    counts[group.risk.person[education == "rare"]] = 0
    expected, called = rematched(group, target, False, counts), []
    monkeypatch.setattr(module, "rematched", lambda *given: called.append(1) or rematched(*given))
    np.testing.assert_allclose(
        Rematched.of(group, target).estimate(counts[None])[0], expected, rtol=1e-9, atol=1e-6
    )
    assert called


def test_nobody_drawn_on_one_side_is_no_estimate(panel):
    group = matched(panel, {"ratio": 2})
    target = read_target(group, None, "did", -1, (-2, 4), "available", "zero")
    again, cube = Rematched.of(group, target), group.risk.cube
    one_side = np.stack([cube.start_year > 0, cube.start_year == 0]).astype(np.int64)
    for found in again.estimate(one_side):
        assert isinstance(found, mih.SupportError)
        assert "No exact cell holds both" in str(found)


@pytest.mark.parametrize("spread", [1.0, 1e-8, 0.0])
@pytest.mark.parametrize("ratio", [1, 5])
@pytest.mark.parametrize("bins", [drawn_module.BINS, 64])
def test_a_first_look_leaves_out_nobody_who_is_nearest(spread, ratio, bins, monkeypatch):
    """Beside a search among all: ties, scores far out, cells of one candidate, and nobody drawn."""
    monkeypatch.setattr(drawn_module, "BINS", bins)
    rng = np.random.default_rng(ratio)
    cell = np.sort(np.append(rng.integers(0, 3, 2_000), [3, 3]))
    treated = rng.random(len(cell)) < 0.03
    treated[-2:] = [True, False]
    candidates = np.flatnonzero(~treated)
    cells = Cells(
        cell, np.flatnonzero(treated), candidates, np.searchsorted(cell[candidates], np.arange(4))
    )
    point = rng.permutation(len(cell))
    nearest = NearestOfDraws(cells, point, ratio)
    near, expected = [], []
    for limit in (np.inf, 0.01 * spread, np.inf):
        score = rng.normal(size=len(cell)) ** 3 * spread
        score[::3] = score[::3].round(1)
        count = rng.poisson(0.7, len(cell)).astype(np.float32)
        near.append(nearest.look(count, score[np.argsort(point)], limit))
        often = count.astype(np.int64)
        target, control = (np.repeat(of, often[of]) for of in (cells.starters, candidates))
        lines = [Line.of(score[rows], cell[rows]) for rows in (target, control)]
        found = nearest_within(*lines, ratio, limit).at(control)
        for row, of in zip(target, found.set_of, strict=True):
            expected.append((row, found.control[found.member == of]))
    rows, found = nearest.of(near)
    for (row, controls), own, of in zip(expected, rows, found.set_of, strict=True):
        assert own % len(cell) == row
        np.testing.assert_array_equal(found.control[found.member == of] % len(cell), controls)
    if spread == 1.0:
        assert {len(controls) for _, controls in expected} >= {0, ratio}


@pytest.mark.parametrize("options", [MATCHES[1], MATCHES[2], MATCHES[4]], ids=str)
def test_drawn_rows_are_the_risk_sets_of_drawn_persons(panel, options):
    group = matched(panel, options)
    window_end = 6 if options.get("controls") == "not_yet" else None
    for seed in range(4):
        counts = draw(group.risk.cube, seed)
        cells, count = Cells.of(group.risk), counts[group.risk.person]
        cells.require_both(count)
        found = DrawnRiskSet.of(group.risk, cells.cell, counts, count)
        cube = drawn_cube(group.risk.cube, counts)
        slow = build_risk_set(
            cube, on=group.on, exact=group.exact, window_end=window_end, seed=None
        )
        for name in ("person", "start", "start_year", "treated"):
            np.testing.assert_array_equal(getattr(found.risk, name), getattr(slow, name))
        pairs = np.unique(np.column_stack([found.risk.cell, slow.cell]), axis=0)
        assert len(pairs) == len(np.unique(slow.cell)) == len(np.unique(found.risk.cell))
        assert found.risk.design.names == slow.design.names
        np.testing.assert_array_equal(found.risk.design.X, slow.design.X)
        np.testing.assert_array_equal(group.risk.person[found.row], np.repeat(
            np.arange(len(counts)), counts)[slow.person])  # fmt: skip
        np.testing.assert_array_equal(count, np.bincount(found.row, minlength=len(count)))


@pytest.mark.parametrize("rows", [refit_module.ROWS, 40])
@pytest.mark.parametrize("pooled", [True, False])
def test_a_score_of_drawn_rows_is_that_of_the_rows_repeated(panel, pooled, rows, monkeypatch):
    """Beside statsmodels on rows that stand as often as drawn; in few blocks and in many."""
    monkeypatch.setattr(refit_module, "ROWS", rows)
    group = mih.weight(
        panel, on=["age", *mih.lag("wage_income", 1)], outcomes="wage_income", method="ipw",
        score="pooled" if pooled else "by_start_year",
    )  # fmt: skip
    risk, covariates = group.risk, group.model.covariates
    again = Rescored.of(risk, covariates, group.score, pooled=pooled)
    z = (covariates.X - covariates.X.mean(axis=0)) / covariates.X.std(axis=0)
    X = np.column_stack([risk.start_year[:, None] == risk.start_years, z])
    counts = np.stack([draw(risk.cube, seed)[risk.person] for seed in range(3)])
    index = again.index(again.fit(counts.astype(np.float32), {}), slice(0, len(risk.person)))
    for count, found in zip(counts, index, strict=True):
        for c in [slice(None)] if pooled else risk.start_years.tolist():
            here = np.ones(len(count), bool) if pooled else risk.start_year == c
            own, y = X[here][:, X[here].any(axis=0)], risk.treated[here]
            rows = np.repeat(np.arange(len(y)), count[here])
            model = sm.Logit(y[rows].astype(float), own[rows])
            expected = own @ model.fit(disp=0, tol=1e-10).params
            np.testing.assert_allclose(found[here], expected, rtol=0, atol=1e-9)


def test_what_a_refit_is_unsure_of_it_leaves():
    rng = np.random.default_rng(4)
    X = np.column_stack([np.ones(400), rng.normal(size=400), rng.random(400) < 0.1])
    y = rng.random(400) < 0.25
    fit = fit_logit(X, y, names=["constant", "x", "rare"])
    design = Design.written(X, fit.names, fit.names)
    refit = Refit.of(design, y, fit, np.full(400, 2014))
    once = np.ones(400, dtype=np.int64)
    few = once.copy()
    few[np.flatnonzero(y)[2:]] = 0
    far = once + 3 * (X[:, 1] > 0) * (rng.random(400) < 0.5)
    counts = {
        "once": once,
        "far": far,
        "nobody has the rare value": np.where(X[:, 2] > 0, 0, once),
        "two who start, three coefficients": few,
        "x tells who starts": np.where(y == (X[:, 1] > 0), once, 0),
    }
    drawn = np.stack(list(counts.values()))
    found = refit.coefs(drawn)
    np.testing.assert_allclose(found[0], fit.coef, rtol=1e-9)
    expected = fit_logit(X, y, names=fit.names, count=far).coef
    np.testing.assert_allclose(found[1], expected, rtol=1e-9)
    assert np.isnan(found[2:]).all()
    for b in range(len(drawn)):  # whoever else is drawn with it
        others = np.where(np.arange(len(drawn))[:, None] == b, drawn, once)
        np.testing.assert_array_equal(refit.coefs(others)[b], found[b])


def test_columns_that_nearly_add_up_are_refitted_as_well_as_they_are_fitted():
    """Sums of half the digits say little there of what sets the columns apart."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=3000)
    X = np.column_stack([np.ones(3000), x, x + 5e-3 * rng.normal(size=3000)])
    y = rng.random(3000) < 0.2
    fit = fit_logit(X, y, names=["constant", "x", "nearly x"])
    refit = Refit.of(Design.written(X, fit.names, fit.names), y, fit, np.full(3000, 2014))
    count = rng.poisson(1, 3000)
    expected = fit_logit(X, y, names=fit.names, count=count).coef
    found = X @ refit.coefs(count[None].astype(np.float32))[0]
    np.testing.assert_allclose(found, X @ expected, rtol=0, atol=1e-9)
