"""Doubt about choices, beside the same thing done by hand on a register that was changed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2
from statsmodels.stats.multitest import multipletests

import mih_impact as mih
from mih_impact.effects.check_result import holm, wald
from tests.support import YEARS, read_frame, small_register

ON = ["age", "education", *mih.lag("wage_income", 1, 2)]


def register(seed=5, *, movers=False):
    """A register in which who is eligible changes from year to year, and some only are early."""
    frame = small_register(500, starters=120, seed=seed)
    rng = np.random.default_rng(seed)
    person = frame["person_id"].to_numpy()
    early = rng.random(500) < 0.25
    now = rng.random(len(frame)) < 0.7
    frame["eligible"] = np.where(early[person], (frame["year"] <= 2011) & now, now)
    if movers:
        flip = (rng.random(500) < 0.4)[person] & (frame["year"] >= 2016)
        other = frame["county"].map({"A": "B", "B": "C"})
        frame["county"] = frame["county"].where(~flip, other)
    return frame


WAYS = {
    "propensity": lambda panel: mih.match(panel, exact=["county"], on=ON, ratio=2),
    "not_yet": lambda panel: mih.match(panel, on=ON, replace=False, ratio=1, controls="not_yet"),
    "entropy": lambda panel: mih.weight(panel, exact=["county"], on=ON),
    "mahalanobis": lambda panel: mih.match(panel, on=ON, method="mahalanobis", ratio=1),
}


def by_hand(series, outcome, years):
    """The estimates and covariance of some years, taken from the tidy table and the matrix."""
    frame, V = series.to_frame(), series.covariance.to_numpy()
    at = [
        i
        for i, row in frame.iterrows()
        if row["outcome"] == outcome and row["year_since_start"] in years
    ]
    return frame["estimate"].to_numpy()[at], V[np.ix_(at, at)], frame.iloc[at]


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_placebo_start_is_the_study_of_a_register_in_which_all_started_earlier(way):
    frame = register()
    group = WAYS[way](read_frame(frame))
    found = mih.placebo_start(group, years=2)

    started = frame["start_year"].notna()
    kept = frame[~started | (frame["year"] < frame["start_year"])]
    moved = kept.assign(start_year=kept["start_year"] - 2)
    effects = mih.event_study(WAYS[way](read_frame(moved)), window=(-2, 1))
    b, V, rows = by_hand(effects, "wage_income", (0, 1))

    table = found.table
    np.testing.assert_allclose(table["estimate"], b, rtol=1e-10)
    np.testing.assert_allclose(table["std_error"], np.sqrt(np.diag(V)), rtol=1e-8)
    np.testing.assert_array_equal(table["n_participants"], rows["n_participants"])
    np.testing.assert_array_equal(table["n_controls"], rows["n_controls"])
    statistic = b @ np.linalg.inv(V) @ b
    assert table["statistic"].iloc[0] == pytest.approx(statistic, rel=1e-8)
    assert table["p_joint"].iloc[0] == pytest.approx(1 - chi2(2).cdf(statistic), abs=1e-9)
    assert found.passed == (table["p_joint"].iloc[0] >= 0.05)


def test_nothing_from_the_true_start_on_is_read():
    frame = register()
    after = frame["start_year"].notna() & (frame["year"] >= frame["start_year"])
    noise = np.random.default_rng(0).uniform(0, 9e5, len(frame)).round(2)
    other = frame.assign(wage_income=frame["wage_income"].where(~after, noise))
    one, two = (
        mih.placebo_start(WAYS["propensity"](read_frame(rows)), years=3, gap=1).table
        for rows in (frame, other)
    )
    assert list(one["year_since_start"]) == [-3, -2]
    pd.testing.assert_frame_equal(one, two)


@pytest.mark.parametrize("way", sorted(WAYS))
@pytest.mark.parametrize("by", ["county", "start_year"])
def test_one_left_out_is_the_study_of_a_register_without_it(way, by):
    frame = register()
    group = WAYS[way](read_frame(frame))
    found = mih.leave_one_out(group, by=by, year=[1, 2]).table
    assert found["left_out"].iloc[0] == ""
    for row in found.iloc[1:3].to_dict("records"):
        level = row["left_out"] if by == "county" else float(row["left_out"])
        rest = frame[frame[by] != level]
        effects = mih.event_study(WAYS[way](read_frame(rest)), window=(1, 2))
        b, V, _ = by_hand(effects, "wage_income", (1, 2))
        assert row["estimate"] == pytest.approx(b.mean(), rel=1e-9)
        assert row["std_error"] == pytest.approx(np.sqrt(V.sum()) / 2, rel=1e-8)
        assert row["difference"] == row["estimate"] - found["estimate"].iloc[0]
        starters = frame.drop_duplicates("person_id").dropna(subset=["start_year"])
        assert row["n_left_out"] == (starters[by] == level).sum()


def test_who_moves_is_left_out_by_where_he_was_the_year_before():
    frame = register(movers=True)
    group = WAYS["propensity"](read_frame(frame))
    found = mih.leave_one_out(group, by="county", year=2).table.set_index("left_out")
    assert list(found.index) == ["", "A", "B", "C"]
    before = frame["year"] == frame["start_year"] - 1
    for level in "ABC":
        there = frame["county"] == level
        gone = frame.loc[before & there, "person_id"]
        rest = frame.assign(eligible=frame["eligible"] & ~there)
        rest = rest[~rest["person_id"].isin(gone)]
        effects = mih.event_study(WAYS["propensity"](read_frame(rest)), window=(2, 2))
        b, V, _ = by_hand(effects, "wage_income", (2,))
        assert found.loc[level, "estimate"] == pytest.approx(b[0], rel=1e-9)
        assert found.loc[level, "std_error"] == pytest.approx(np.sqrt(V[0, 0]), rel=1e-8)
        assert found.loc[level, "n_left_out"] == len(gone)


def test_each_row_of_the_curve_is_the_direct_call():
    panel = read_frame(register())
    group = mih.match(panel, exact=["county"], on=ON, ratio=2)
    short = ["age", "education", *mih.lag("wage_income", 1)]
    ways = {
        "method": ["propensity", "entropy", "ipw", "mahalanobis"],
        "on": {"full": ON, "short": short},
        "base": [-1, (-2, -1)],
        "adjust": [False, True],
    }
    curve = mih.specification_curve(group, year=[2, 3], ways=ways, alone={"replace": [False]})
    assert len(curve.table) == 4 * 2 * 2 * 2 + 1
    assert not (curve.table["reason"] != "").any()
    for row in curve.table.to_dict("records"):
        on = ON if row["on"] == "full" else short
        if row["method"] in ("entropy", "ipw"):
            direct = mih.weight(panel, exact=["county"], on=on, method=row["method"])
        else:
            direct = mih.match(
                panel, exact=["county"], on=on, ratio=2, method=row["method"],
                replace=row["replace"] == "True",
            )  # fmt: skip
        effects = mih.event_study(
            direct,
            window=(2, 3),
            base=-1 if row["base"] == "-1" else (-2, -1),
            adjust=row["adjust"] == "True",
        )
        b, V, rows = by_hand(effects, "wage_income", (2, 3))
        assert row["estimate"] == pytest.approx(b.mean(), rel=1e-10), row
        assert row["std_error"] == pytest.approx(np.sqrt(V.sum()) / 2, rel=1e-8), row
        assert row["n_participants"] == rows["n_participants"].min()


def test_the_joint_test_of_outcomes_has_the_covariance_between_them():
    panel = read_frame(register())
    group = mih.match(panel, exact=["county"], on=["age"], ratio=2, outcomes="wage_income")
    names = ["dagpenger", "wage_income"]
    found = mih.placebo_outcomes(group, outcomes=names, year=[1, 2]).table
    whole = mih.match(panel, exact=["county"], on=["age"], ratio=2)
    effects = mih.event_study(whole, outcomes=names, window=(1, 2))
    b, V = effects.estimate.ravel(), effects.matrix
    assert found["statistic"].iloc[0] == pytest.approx(b @ np.linalg.inv(V) @ b, rel=1e-7)
    one = [chi2.sf(b[k : k + 2] @ np.linalg.inv(V[k : k + 2, k : k + 2]) @ b[k : k + 2], 2)
           for k in (0, 2)]  # fmt: skip
    np.testing.assert_allclose(found["p_outcome"], np.repeat(one, 2), rtol=1e-7)
    np.testing.assert_allclose(
        found["p_holm"], np.repeat(multipletests(one, method="holm")[1], 2), rtol=1e-7
    )
    np.testing.assert_allclose(found["estimate"], b, rtol=1e-10)


def test_holm_is_that_of_statsmodels():
    rng = np.random.default_rng(3)
    for m in (1, 2, 7, 20):
        p = rng.random(m) ** 3
        np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], rtol=1e-12)
    with_gap = np.array([0.02, np.nan, 0.03])
    np.testing.assert_allclose(
        holm(with_gap)[[0, 2]], multipletests([0.02, 0.03], method="holm")[1]
    )


def test_wald_has_no_answer_where_there_is_no_uncertainty():
    assert np.isnan(wald(np.array([1.0, 0.0]), np.diag([1.0, 0.0])).p_value)
    assert np.isnan(wald(np.ones(2), np.ones((2, 2))).p_value)
    root = np.random.default_rng(1).normal(size=(4, 9))
    b, V = np.array([1e6, 2.0, -3e-4, 0.1]), root @ root.T * 1e6
    scale = np.array([1e5, 1.0, 1e-5, 1.0])
    V = V * np.outer(scale, scale)
    assert wald(b * 1e3, V).statistic == pytest.approx(b * 1e3 @ np.linalg.solve(V, b * 1e3))


def parallel(seed, *, trend=0.0):
    """Persons with levels of their own, which decide who starts, and on demand slopes too."""
    rng = np.random.default_rng(seed)
    n = 600
    level, slope = rng.normal(300_000, 40_000, n), rng.normal(0, 1, n)
    index = level / 40_000 + 1.5 * slope + rng.logistic(size=n)
    start = np.full(n, np.nan)
    start[np.argsort(-index)[:150]] = rng.integers(2014, 2022, 150)
    t = np.tile(YEARS, n)
    person = np.repeat(np.arange(n), len(YEARS))
    since = np.nan_to_num(t - start[person], nan=-1.0)
    wage = (
        level[person]
        + trend * slope[person] * (t - 2009)
        + rng.normal(0, 20_000, len(t))
        + 50_000 * (since >= 0)
    )
    return pd.DataFrame(
        {
            "person_id": person,
            "year": t,
            "wage_income": wage.clip(0).round(2),
            "start_year": start[person],
            "x": rng.normal(size=n)[person],
        }
    )


def p_of(frame, years=3):
    group = mih.match(read_frame(frame, money="fixed"), on=["x"], ratio=3)
    return mih.placebo_start(group, years=years).table["p_joint"].iloc[0]


def test_size_without_confounding_and_power_against_a_trend():
    none = np.array([p_of(parallel(seed)) for seed in range(10)])
    trend = np.array([p_of(parallel(seed, trend=5_000.0)) for seed in range(3)])
    assert (none < 0.05).sum() <= 2  # of 10 at 5 %: 3 or more has a probability of 1 %
    assert none.max() > 0.5  # and p-values are spread, not heaped
    assert (trend < 0.05).all()


def test_a_gap_before_start_tells_the_dip_from_a_trend():
    def group(confounding):
        register = mih.synthetic_register(
            participants=400, persons=8_000, seed=3, confounding=confounding
        )
        on = ["age", "education", *mih.lag("wage_income", 1, 2)]
        return mih.match(register.panel, exact=["county"], on=on)

    def p(found):
        return found.table["p_joint"].iloc[0]

    none, trend = group(None), group(mih.Confounding("trend", strength=2.0))
    dip = mih.placebo_start(none, years=2)
    assert p(dip) < 1e-6  # who starts has just lost income: nothing earlier can foresee that,
    assert dip.table["balanced_in_group"].all()  # but the group is matched on these years
    assert p(mih.placebo_start(none, years=3, gap=2)) > 0.05
    assert p(mih.placebo_start(trend, years=3, gap=2)) < 0.05
