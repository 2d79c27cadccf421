"""Subgroups where the truth is known without noise: 50,000 in each, whose trends differ."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from tests.oracle.test_months import monthly
from tests.oracle.test_months import read as read_months
from tests.support import small_register

EFFECT = 50_000.0
#: What splits, and the outcome whose trend it alone decides: a column of exact=, one of on=, one of
#: neither that some have no value of, and bins of a number in neither.
SPLITS = {
    "county": ("county", "wage_income"),
    "education": ("education", "dagpenger"),
    "branch": ("branch", "aap"),
    "cohort": (mih.cut("birth_year", 1980), "sosialhjelp"),
}


@pytest.fixture(scope="module")
def register() -> mih.Panel:
    """Who starts depends on x and on every column; changes depend on one column each."""
    rng = np.random.default_rng(7)
    n, years = 1_600, np.arange(2011, 2018)
    county, education = rng.choice(["A", "B"], n), rng.choice(["basic", "higher"], n)
    branch = rng.choice(["care", "trade", None], n, p=[0.4, 0.4, 0.2])
    birth, x = rng.integers(1970, 1990, n), rng.normal(size=n)
    high = np.column_stack([county == "A", education == "higher", branch == "care", birth >= 1980])
    slope = np.column_stack([np.where(high, 20_000.0, 0.0), np.zeros(n)])
    slope[:, 2] += np.where(pd.isna(branch), 7_000.0, 0.0)
    index = -2.6 + 0.7 * x + high @ np.array([0.8, 0.7, 0.6, -0.6])
    start = np.where(rng.random(n) < 1 / (1 + np.exp(-index)), rng.choice([2014, 2015], n), 0)
    rows = []
    for year in years:
        gain = EFFECT * ((start > 0) & (year >= start))
        money = 300_000.0 + 40_000.0 * x[:, None] + slope[:, :4] * (year - 2011) + gain[:, None]
        rows.append(
            pd.DataFrame(
                {
                    "person_id": np.arange(n),
                    "year": year,
                    "start_year": np.where(start > 0, start, np.nan),
                    "birth_year": birth,
                    "county": county,
                    "education": education,
                    "branch": branch,
                    "x": x,
                    **{name: money[:, k] for k, (_, name) in enumerate(SPLITS.values())},
                }
            )
        )
    return mih.read_panel(pd.concat(rows), money="fixed", price_year=2024)


ON = ["x", "education"]
WAYS = {
    "nearest": (mih.match, {}),
    "one each": (mih.match, {"replace": False, "ratio": 1}),
    "score by start year": (mih.match, {"score": "by_start_year"}),
    "mahalanobis": (mih.match, {"method": "mahalanobis"}),
    "exact": (mih.match, {"method": "exact", "on": ["education"]}),
    "coarsened": (mih.match, {"method": "cem", "cutpoints": {"x": 3}}),
    "not yet": (mih.match, {"controls": "not_yet", "window_end": 0}),
    "entropy": (mih.weight, {}),
    "two moments": (mih.weight, {"moments": 2}),
    "ipw": (mih.weight, {"method": "ipw"}),
    "ipw, trimmed": (mih.weight, {"method": "ipw", "trim": 0.6, "score": "by_start_year"}),
}


@pytest.fixture(scope="module")
def group(register):
    chosen = {}

    def of(way):
        if way not in chosen:
            verb, options = WAYS[way]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", mih.MihImpactWarning)
                chosen[way] = verb(register, **{"on": ON, "exact": ["county"], **options})
        return chosen[way]

    return of


@pytest.mark.parametrize("kind", list(SPLITS))
@pytest.mark.parametrize("way", list(WAYS))
def test_every_subgroup_has_its_effect_whatever_the_way_and_the_column(group, way, kind):
    by, outcome = SPLITS[kind]
    last = 0 if way == "not yet" else 2
    for adjust in (False, True) if way in ("nearest", "entropy") else (False,):
        effects = mih.event_study(
            group(way), outcomes=outcome, by=by, window=(-3, last), adjust=adjust
        )
        frame = effects.to_frame().query("subgroup != 'all'")
        truth = np.where(frame["year_since_start"] >= 0, EFFECT, 0.0)
        np.testing.assert_allclose(frame["estimate"], truth, atol=1e-4)
        assert (frame["n_participants"] > 20).all()
    assert len(effects.subgroups) == (4 if kind == "branch" else 3)


@pytest.mark.parametrize("kind", list(SPLITS))
def test_all_together_are_compared_with_others_where_the_column_is_not_matched_on(group, kind):
    """What the old estimate of a subgroup took out of another is seen in no subgroup any more."""
    by, outcome = SPLITS[kind]
    effects = mih.event_study(group("nearest"), outcomes=outcome, by=by, window=(-3, 2))
    bias = abs(effects.subgroup("all").estimate[0, -1] - EFFECT)
    assert (bias < 1e-4) == (kind == "county")


# Balance within -----------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["county", "education", "branch", "start_year"])
def test_balance_within_a_subgroup_is_that_of_its_own_controls(group, by):
    for way, limit in (("entropy", 1e-6), ("two moments", 1e-6), ("nearest", 0.3)):
        rows = group(way).balance(by=by).by_subgroup()
        assert (rows["smd_after"].abs() < limit).all()
        assert (rows["n_participants"] > 20).all()
        assert rows["subgroup"].nunique() >= 2


def test_means_within_are_those_of_the_pairs(group):
    """From the pairs of the subgroup's own group, by the yardstick of all participants."""
    from mih_impact.controls.subgroups import split, within

    whole = group("nearest")
    rows = whole.balance(by="branch").by_subgroup().set_index(["subgroup", "covariate"])
    x = dict(
        zip(whole.risk.cube.person_id[whole.risk.person], whole.risk.design.X[:, 0], strict=True)
    )
    spread = whole.risk.design.X[whole.risk.treated, 0].std(ddof=1)
    for name in ("care", "trade", "(missing)"):
        pairs = within(whole, split(whole, "branch"), name).pairs()
        own = pairs["participant_id"].drop_duplicates().map(x).mean()
        control = (pairs["control_id"].map(x) * pairs["weight"]).sum() / pairs["weight"].sum()
        row = rows.loc[(name, "x")]
        assert row["participants_after"] == pytest.approx(own)
        assert row["controls_after"] == pytest.approx(control)
        assert row["smd_after"] == pytest.approx((own - control) / spread)


def test_balance_without_a_split_has_none(group):
    with pytest.raises(mih.OptionError, match="of all participants together"):
        group("entropy").balance().by_subgroup()


def test_those_who_finish_are_balanced_against_all_candidates():
    """Means of those who finished, among candidates of whom nobody knows whether they would."""
    frame = small_register(700, starters=150, seed=4)
    own = frame["person_id"]
    keen = (own * 7 % 11 < 6) & (frame["birth_year"] > 1975)
    frame["done"] = ((keen | (own % 5 == 0)) & (frame["year"] > frame["start_year"])).astype(float)
    group = mih.weight(mih.read_panel(frame), on=["age", *mih.lag("wage_income", 1)])
    finished = mih.completers("done")
    rows = group.balance(by=finished).by_subgroup().set_index(["subgroup", "covariate"])
    ages = rows.xs("age", level="covariate")
    assert ages["smd_after"].abs().max() < 1e-6
    assert abs(ages["smd_before"].diff().iloc[-1]) > 0.3
    effects = mih.event_study(group, outcomes="wage_income", by=finished, window=(-2, 2))
    lead = effects.to_frame().query("year_since_start == 1")
    assert effects.split.conditional is not None
    assert lead["estimate"].notna().all()


# By month -----------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["match", "entropy"])
def test_by_month_a_subgroup_is_a_register_of_it_alone(verb):
    """Candidates are spread over the months of the subgroup's own participants."""
    frame = monthly(420, starters=110, seed=3)
    frame["place"] = np.where(frame["person_id"].str[1:].astype(int) % 3 > 0, "town", "country")
    # Those of the country start in the second half of the year.
    late = (frame["place"] == "country") & frame["start_month"].between(1, 6)
    frame.loc[late, "start_month"] += 6

    def chosen(rows):
        panel = read_months(rows)
        return mih.match(panel, on=["age"]) if verb == "match" else mih.weight(panel, on=["age"])

    options = {"outcomes": "wage_income", "window": (-2, 2)}
    effects = mih.event_study(chosen(frame), by="place", **options)
    for name in ("town", "country"):
        alone = mih.event_study(chosen(frame[frame["place"] == name]), **options)
        part = effects.subgroup(name)
        np.testing.assert_allclose(part.estimate, alone.estimate, rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(part.matrix, alone.matrix, rtol=1e-7, atol=1e-4)
