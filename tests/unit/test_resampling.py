"""Resampling the whole pipeline: what a draw is, what it estimates, and what never changes it."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.controls import matching
from mih_impact.effects.inference.covariance import clustered
from mih_impact.effects.inference.multiplier import linear_form
from mih_impact.effects.question import read_target
from mih_impact.study.draws import Draws, Urns, drawn_cube, one_by_one, rematched
from mih_impact.study.resampling import _urns
from mih_impact.study.reweighted import Reweighted
from tests.support import small_register

ON = ["age", "education", *mih.lag("wage_income", 1)]
WINDOW = (-2, 4)
pytestmark = pytest.mark.filterwarnings("ignore:One person carries")


@pytest.fixture(scope="module")
def register():
    """Persons with identifiers that sort as they stand, 5 % of rows missing, towns that share."""
    frame = small_register(500, starters=120, seed=9, missing=0.05)
    town = np.random.default_rng(1).integers(0, 24, 500)[frame["person_id"]]
    start = 2014 + 2 * (frame["start_year"] % 3)
    return frame.assign(
        person_id=frame["person_id"].map("{:04d}".format), municipality=town.astype(str),
        start_year=start,
    )  # fmt: skip


def read(frame):
    return mih.read_panel(frame, price_year=2024)


def drawn_frame(frame, ids, counts):
    """Return a register in which each person stands as often as drawn, as different persons."""
    copies = pd.DataFrame({"person_id": np.repeat(ids, counts)})
    copies["again"] = copies.groupby("person_id").cumcount().astype(str)
    both = copies.merge(frame, on="person_id")
    return both.assign(person_id=both["person_id"] + "-" + both["again"]).drop(columns="again")


def a_draw(cube, seed=0):
    start = (cube.start_year > 0).astype(np.int64)
    urns = Urns(np.arange(cube.n_persons), start)
    return urns.counts(np.random.default_rng(seed))


WEIGHTS = [
    {"method": "entropy"},
    {"method": "entropy", "moments": 2},
    {"method": "ipw"},
    {"method": "ipw", "score": "by_start_year"},
    {"method": "ipw", "trim": 0.6},
]


@pytest.mark.parametrize("options", WEIGHTS, ids=str)
@pytest.mark.parametrize("composition", ["available", "balanced", "cohort_weighted"])
def test_counting_persons_is_copying_them(register, options, composition):
    """The effects on a draw are those of a register in which drawn persons stand twice."""
    group = mih.weight(read(register), on=ON, exact=["county"], outcomes="wage_income", **options)
    window = (-2, 3) if composition != "available" else WINDOW
    target = read_target(group, None, "did", -1, window, composition, "zero")
    counts = a_draw(group.risk.cube)
    found = Reweighted.of(group, target).estimate(counts[None])[0]
    frame = drawn_frame(register, group.risk.cube.person_id, counts)
    again = mih.weight(read(frame), on=ON, exact=["county"], outcomes="wage_income", **options)
    effects = mih.event_study(again, window=window, composition=composition, se="person")
    np.testing.assert_allclose(found, effects.estimate.ravel(), rtol=1e-6, atol=1e-3)
    once = Reweighted.of(group, target).estimate(np.ones((1, len(counts)), dtype=np.int64))[0]
    whole = mih.event_study(group, window=window, composition=composition, se="person")
    np.testing.assert_allclose(once, whole.estimate.ravel(), rtol=1e-9, atol=1e-6)


MATCHES = [
    {"method": "exact", "on": [], "exact": ["county", "education"]},
    {"method": "cem"},
    {"method": "propensity", "ratio": 2},
    {"method": "mahalanobis", "replace": False, "ratio": 1},
]


@pytest.mark.parametrize("options", MATCHES, ids=lambda given: given["method"])
def test_matching_drawn_persons_is_matching_a_register_of_them(register, options, monkeypatch):
    """The copies of a person have that person's lot, as they have where persons are counted."""
    lot = matching.uniform_number

    def of_the_person(ids, *key):
        return lot(np.array([who.split("-")[0] for who in ids], dtype=object), *key)

    monkeypatch.setattr(matching, "uniform_number", of_the_person)
    options = {"on": ON, "exact": ["county"], **options}
    group = mih.match(read(register), outcomes="wage_income", **options)
    target = read_target(group, None, "did", -1, WINDOW, "available", "zero")
    counts = a_draw(group.risk.cube, seed=4)
    frame = drawn_frame(register, group.risk.cube.person_id, counts)
    again = mih.match(read(frame), outcomes="wage_income", **options)
    for adjust in (False, True) if options["on"] else (False,):
        effects = mih.event_study(again, window=WINDOW, se="person", adjust=adjust)
        found = rematched(group, target, adjust, counts)
        np.testing.assert_allclose(found, effects.estimate.ravel(), rtol=1e-9, atol=1e-6)


def test_a_cluster_drawn_twice_counts_twice():
    unit = np.array([0, 0, 1, 2, 2, -1])
    for seed in range(20):
        rng = np.random.default_rng(seed)
        counts = Urns(unit, np.zeros(3, dtype=np.int64)).counts(rng)
        assert counts[5] == 0
        assert counts[0] == counts[1]
        assert counts[3] == counts[4]
        assert counts[[0, 2, 3]].sum() == 3
    seen = [
        Urns(unit, np.zeros(3, dtype=np.int64)).counts(np.random.default_rng(s)) for s in range(99)
    ]
    assert max(c.max() for c in seen) == 3


def test_blocks_keep_the_number_of_starters():
    start = np.array([0] * 50 + [2014] * 5 + [2015] * 7)
    counts = Urns(np.arange(62), start).counts(np.random.default_rng(0))
    assert [counts[start == c].sum() for c in (0, 2014, 2015)] == [50, 5, 7]


@pytest.fixture(scope="module")
def weighted(register):
    return mih.weight(read(register), on=ON, exact=["county"], outcomes="wage_income")


EVERY_WAY = {
    "entropy": (mih.weight, {"method": "entropy"}),
    "ipw": (mih.weight, {"method": "ipw"}),
    "ipw by start year": (mih.weight, {"method": "ipw", "score": "by_start_year", "on": ["age"]}),
    "exact": (mih.match, {"method": "exact", "on": []}),
    "matching, naive": (mih.match, {"ratio": 2, "resample": "naive"}),
    "matching, otsu_rai": (mih.match, {"ratio": 2, "resample": "otsu_rai"}),
    "matching, adjusted": (mih.match, {"ratio": 2, "resample": "naive", "adjust": True}),
}


@pytest.mark.filterwarnings("ignore:The naive bootstrap is not valid")
@pytest.mark.parametrize("way", EVERY_WAY)
def test_workers_change_no_number_and_the_seed_does(register, way):
    """The same bits with one, two and three workers, and the first draws those of more draws."""
    verb, options = EVERY_WAY[way]
    options = {"on": ON, "exact": ["county"], "resample": "auto", "adjust": False, **options}
    method, adjust = options.pop("resample"), options.pop("adjust")
    group = verb(read(register), outcomes="wage_income", **options)

    def drawn(draws=20, seed=3, workers=1):
        target = {"window": (-1, 2), "method": method, "adjust": adjust}
        return mih.resample(group, draws=draws, seed=seed, workers=workers, **target).draws

    one = drawn()
    for workers in (2, 3):
        np.testing.assert_array_equal(one, drawn(workers=workers))
    np.testing.assert_array_equal(one, drawn(draws=25, workers=2)[:20])
    assert (one != drawn(seed=4))[:, 1].all()


def test_a_bar_is_shown_where_it_is_wanted(weighted, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)  # as on a terminal
    for workers in (1, 2):
        with mih.options(progress=True):
            mih.resample(weighted, window=(-1, 1), draws=20, workers=workers)
        shown = capsys.readouterr().err
        assert "trekker utvalg på nytt" in shown
        assert "/20" in shown
        with mih.options(progress=False):
            mih.resample(weighted, window=(-1, 1), draws=20, workers=workers)
        assert capsys.readouterr().err == ""


def test_drawn_errors_are_near_those_of_estimated_weights(weighted):
    effects = mih.event_study(weighted, window=(-2, 3))
    drawn = mih.resample(weighted, window=(-2, 3), draws=400)
    assert drawn.effects.se == "resampled (naive)"
    assert drawn.failed == 0
    np.testing.assert_allclose(drawn.effects.estimate, effects.estimate, rtol=1e-12)
    seen = effects.frame["std_error"].notna()
    ratio = (drawn.effects.frame["std_error"] / effects.frame["std_error"])[seen]
    assert ratio.between(0.85, 1.2).all()
    frame = drawn.to_frame()
    base = frame["level"] == -1
    assert frame.loc[base, "percentile_low"].isna().all()
    assert (frame["percentile_low"] < frame["percentile_high"])[~base].all()
    assert (frame["percentile_low"] < frame["estimate"])[~base].all()


def test_clusters_are_drawn_whole(weighted):
    drawn = mih.resample(weighted, window=(-1, 1), draws=40, cluster="municipality")
    assert drawn.draws.shape == (40, 3)
    with pytest.raises(mih.EffectsError, match=r"at least 20 are needed.*wild_bootstrap"):
        mih.resample(weighted, window=(-1, 1), draws=40, cluster="county")


def test_persons_of_a_town_come_along_as_often_as_it_is_drawn(weighted, register):
    """All its persons, twice where it is drawn twice: the effects of a register of such towns."""
    cube = weighted.risk.cube
    town = register.groupby("person_id")["municipality"].first()[cube.person_id].to_numpy()
    urns = _urns(weighted, "sides", "municipality")
    counts = urns.counts(np.random.default_rng(7))
    served = np.unique(weighted.risk.person)
    assert counts.sum() == counts[served].sum()
    often = pd.Series(counts[served]).groupby(town[served]).agg(["min", "max"])
    assert (often["min"] == often["max"]).all()
    assert often["max"].sum() == 24
    assert often["max"].max() >= 2
    target = read_target(weighted, None, "did", -1, (-1, 2), "available", "zero")
    frame = drawn_frame(register, cube.person_id, counts)
    again = mih.weight(read(frame), on=ON, exact=["county"], outcomes="wage_income")
    effects = mih.event_study(again, window=(-1, 2), se="person")
    found = Reweighted.of(weighted, target).estimate(counts[None])[0]
    np.testing.assert_allclose(found, effects.estimate.ravel(), rtol=1e-6, atol=1e-3)


def test_otsu_rai_adds_up_within_towns(register):
    """Towns with a shock of their own: the errors are those of the rows added up within them."""
    year, town = register["year"] - 2009, register["municipality"].astype(int)
    shock = np.random.default_rng(3).normal(0, 60_000, (24, 16))[town, year]
    frame = register.assign(wage_income=(register["wage_income"] + shock).clip(lower=0).round(2))
    group = mih.match(read(frame), on=ON, exact=["county"], ratio=2, outcomes="wage_income")
    target = read_target(group, None, "did", -1, (-1, 3), "available", "zero")
    rows = clustered(group, linear_form(group, target, adjust=False), "municipality")
    expected = np.sqrt(np.diag(rows.covariance))[[1, 4]]
    drawn = mih.resample(group, window=(-1, 3), draws=4000, cluster="municipality")
    found = drawn.effects.frame.set_index("year_since_start")["std_error"][[0, 3]]
    np.testing.assert_allclose(found, expected, rtol=0.05)
    alone = mih.resample(group, window=(-1, 3), draws=4000).effects.frame["std_error"].iloc[-1]
    assert abs(found[3] / alone - 1) > 0.08


def test_otsu_rai_is_the_paper_s_formula_in_a_loop(register):
    """psi by loops over pairs: residuals from a cubic in the score, start years and county."""
    frame = register.assign(start_year=register["start_year"].where(register["start_year"] == 2014))
    group = mih.match(read(frame), on=ON, exact=["county"], ratio=2, outcomes="wage_income")
    risk, sets = group.risk, group.sets
    wage, first = risk.cube.outcome("wage_income"), int(risk.cube.years[0])
    change = wage[risk.person, 2017 - first] - wage[risk.person, 2013 - first]
    K = np.zeros(len(change))
    contrast = {}
    for i, s in zip(sets.participant.tolist(), sets.set_of.tolist(), strict=True):
        entries = [
            j for j in np.flatnonzero(sets.member == s) if np.isfinite(change[sets.control[j]])
        ]
        if np.isfinite(change[i]) and entries:
            total = sum(sets.weight[j] for j in entries)
            for j in entries:
                K[sets.control[j]] += sets.weight[j] / total
            contrast[i] = (
                change[i] - sum(sets.weight[j] * change[sets.control[j]] for j in entries) / total
            )
    n, tau = len(contrast), np.mean(list(contrast.values()))
    z = group.score.index
    county = group.read("county", np.arange(len(z))) == "A"
    X = np.column_stack([np.ones(len(z)), z, z**2, z**3, county])
    used = np.flatnonzero(K)
    W = np.diag(K[used])
    beta = np.linalg.solve(X[used].T @ W @ X[used], X[used].T @ W @ change[used])
    beyond = change - X @ beta
    psi = {}
    level = np.mean([beyond[i] for i in contrast])
    for i in contrast:
        psi[risk.person[i]] = psi.get(risk.person[i], 0.0) + (beyond[i] - level) / n
    for j in used:
        psi[risk.person[j]] = psi.get(risk.person[j], 0.0) - K[j] * beyond[j] / n
    P = len(psi)
    expected = np.sqrt(sum(v**2 for v in psi.values()) * P / (P - 1))
    drawn = mih.resample(group, window=(-1, 3), draws=20_000, seed=1)
    assert drawn.effects.estimate[0, -1] == pytest.approx(tau, rel=1e-9)
    assert drawn.effects.frame["std_error"].iloc[-1] == pytest.approx(expected, rel=0.02)


def test_the_naive_bootstrap_of_neighbours_is_on_request_and_warns(register):
    group = mih.match(read(register), on=ON, exact=["county"], ratio=1, outcomes="wage_income")
    assert mih.resample(group, window=(-1, 1), draws=20).method == "otsu_rai"
    with pytest.warns(mih.MihImpactWarning, match="naive bootstrap is not valid"):
        drawn = mih.resample(group, window=(-1, 1), draws=20, method="naive")
    assert drawn.method == "naive"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "jackknife"}, "no method='jackknife'"),
        ({"method": "otsu_rai"}, "for nearest neighbours"),
        ({"blocks": "county"}, "no blocks='county'"),
        ({"draws": 3}, "Too few draws"),
        ({"workers": 0}, "Workers are threads"),
        ({"adjust": True}, "not resampled"),
    ],
)
def test_what_cannot_be_resampled_is_said(weighted, options, message):
    with pytest.raises(mih.OptionError, match=message):
        mih.resample(weighted, window=(-1, 1), **options)


def test_draws_that_fail_are_counted_or_refused():
    urns = Urns(np.arange(4), np.zeros(4, dtype=np.int64))

    def estimate(most):
        def one(counts):
            if counts.max() > most:
                raise mih.SupportError("No weights")
            return counts.astype(float)

        return one_by_one(one)

    draws = Draws.of(estimate(3), urns, draws=200, seed=0, workers=1)
    assert 0 < draws.failed <= 10
    assert len(draws.estimates) == 200 - draws.failed
    with pytest.raises(mih.EffectsError, match=r"Too many draws.*No weights"):
        Draws.of(estimate(1), urns, draws=200, seed=0, workers=1)


def test_the_drawn_cube_holds_duplicates_side_by_side(weighted):
    cube = weighted.risk.cube
    counts = np.zeros(cube.n_persons, dtype=np.int64)
    counts[[3, 7]] = 2, 1
    drawn = drawn_cube(cube, counts)
    assert drawn.person_id.tolist() == cube.person_id[[3, 3, 7]].tolist()
    np.testing.assert_array_equal(drawn.ore["wage_income"], cube.ore["wage_income"][[3, 3, 7]])


def test_it_is_saved_shown_and_said(weighted, tmp_path):
    drawn = mih.resample(weighted, window=(-1, 2), draws=25)
    again = mih.load(drawn.save(tmp_path / "drawn.zip"))
    np.testing.assert_allclose(again.draws, drawn.draws)
    pd.testing.assert_frame_equal(again.to_frame(), drawn.shown().to_frame())
    assert "trekninger" in drawn.summary("nb")
    assert "draws of persons" in drawn.summary("en")
    with pytest.raises(mih.EffectsError, match="never saved"):
        mih.multiplier_bootstrap(again.effects)


def test_draws_say_what_kind_of_data_they_rest_on():
    group = mih.weight(mih.example_panel(), on=["age"], outcomes="wage_income")
    with mih.options(progress=False):
        drawn = mih.resample(group, window=(-1, 1), draws=20)
    assert drawn.provenance is drawn.effects.provenance
    assert "Syntetisk register, kalibrert" in drawn.summary("nb").replace("\n", " ")
    assert "Synthetic register, calibrated" in drawn.summary("en").replace("\n", " ")
    assert "Syntetisk register, kalibrert" in drawn._repr_html_()
    assert drawn.summary("nb").count("Syntetisk register") == 1


@pytest.mark.parametrize(
    "options",
    [{}, {"replace": False}, {"method": "mahalanobis"}],
    ids=["score", "once", "distance"],
)
@pytest.mark.parametrize("adjust", [False, True])
def test_no_exact_column_is_as_good_as_one_that_never_varies(options, adjust):
    panel = read(small_register(300, starters=60, seed=2).assign(one="x"))
    errors = [
        mih.resample(
            mih.match(panel, on=["age"], exact=exact, outcomes="wage_income", **options),
            draws=40, window=(-1, 1), adjust=adjust,
        ).to_frame()["std_error"]
        for exact in ((), "one")
    ]  # fmt: skip
    assert errors[0].iloc[-1] > 0
    pd.testing.assert_series_equal(*errors)
