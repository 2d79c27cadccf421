"""Compositions, several base years and subgroups against slow loops over participants."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.controls.subgroups import own_groups, split
from mih_impact.errors import EffectsError


@pytest.fixture(scope="module", params=["nearest", "cells"])
def drawn(request, gappy):
    """A group by nearest neighbours, and one whose participants share sets."""
    if request.param == "cells":
        return mih.match(gappy, method="exact", exact=["county"], on=["education"])
    return mih.match(gappy, exact=["county"], on=["age", *mih.lag("wage_income", 1, 2)])


def contrasts(group, e, bases=(-1,)):
    """Return start year and contrast of every participant with anybody to be compared with."""
    cube = group.risk.cube
    wage = cube.outcome("wage_income")
    place = {person: k for k, person in enumerate(cube.person_id)}

    def change(person, c):
        column = c + e - cube.years[0]
        if not 0 <= column < len(cube.years):
            return np.nan
        before = np.mean([wage[place[person], c + b - cube.years[0]] for b in bases])
        return wage[place[person], column] - before

    rows = []
    for (person, c), pairs in group.pairs().groupby(["participant_id", "start_year"]):
        theirs = np.array([change(j, c) for j in pairs["control_id"]])
        seen = np.isfinite(theirs)
        own = change(person, c)
        contrast = np.nan
        if np.isfinite(own) and seen.any():
            weight = pairs["weight"].to_numpy()[seen]
            contrast = own - weight @ theirs[seen] / weight.sum()
        rows.append((person, c, contrast))
    return pd.DataFrame(rows, columns=["person", "start_year", "contrast"])


def row(effects, e, subgroup="all"):
    frame = effects.to_frame()
    return frame[(frame["subgroup"] == subgroup) & (frame["year_since_start"] == e)].iloc[0]


@pytest.mark.parametrize("e", [-3, 2, 3])
def test_cohort_weighted_is_shares_times_means(drawn, e):
    effects = mih.event_study(
        drawn, outcomes="wage_income", composition="cohort_weighted", window=(-4, 3)
    )
    rows = contrasts(drawn, e)
    shares = rows.groupby("start_year").size() / len(rows)
    means = rows.groupby("start_year")["contrast"].mean()
    assert row(effects, e)["estimate"] == pytest.approx(float(shares @ means), rel=1e-9)


def test_a_year_without_some_start_year_is_missing_with_its_reason(drawn):
    effects = mih.event_study(drawn, outcomes="wage_income", composition="cohort_weighted")
    last = row(effects, 6)
    assert np.isnan(last["estimate"])
    assert np.isnan(last["std_error"])
    assert last["reason"] == "start_years_not_seen: 2019, 2020, 2021"
    assert row(effects, 3)["reason"] == ""
    assert np.isnan(effects.matrix[-1]).all()


def test_the_variance_of_cohort_weights_is_the_delta_method(drawn):
    """tau = sum_c s_c tau_c, s multinomial: V = sum s_c^2 V_c + (1/n) (sum s_c tau_c^2 - tau^2).

    Participants' rows alone (matched sets, no reuse): V_c is within-start-year variance over n_c.
    """
    from mih_impact.effects.comparison import centred

    rows = contrasts(drawn, 2).dropna()
    n = len(rows)
    groups = rows.groupby("start_year")["contrast"]
    share, mean, within = groups.size() / n, groups.mean(), groups.var(ddof=0) / groups.size()
    tau = float(share @ mean)
    expected = float((share**2) @ within + (share @ mean**2 - tau**2) / n)
    weight = rows["start_year"].map(share / groups.size()).to_numpy()[:, None]
    own = centred(rows["contrast"].to_numpy()[:, None], weight, rows["start_year"].to_numpy())
    between = (rows["start_year"].map(mean).to_numpy() - tau)[:, None] / n
    assert float(((own + between) ** 2).sum()) == pytest.approx(expected, rel=1e-9)


def test_balanced_speaks_for_start_years_seen_throughout(drawn):
    effects = mih.event_study(drawn, outcomes="wage_income", composition="balanced")
    rows = contrasts(drawn, 3)
    kept = rows[rows["start_year"] <= 2018]
    found = row(effects, 3)
    assert found["estimate"] == pytest.approx(kept["contrast"].mean(), rel=1e-9)
    assert found["n_participants"] == kept["contrast"].notna().sum()
    with pytest.raises(EffectsError, match="No start year is seen throughout"):
        mih.event_study(drawn, composition="balanced", window=(-5, 12))


def test_several_base_years_are_their_mean(drawn):
    effects = mih.event_study(drawn, outcomes="wage_income", base=(-3, -2), window=(-3, 3))
    rows = contrasts(drawn, 3, bases=(-3, -2))
    assert row(effects, 3)["estimate"] == pytest.approx(rows["contrast"].mean(), rel=1e-9)


@pytest.mark.parametrize("by", ["education", "start_year", "county"])
def test_subgroups_leave_the_effect_on_all_as_it_is(drawn, by):
    effects = mih.event_study(drawn, outcomes=["wage_income", "dagpenger"], by=by)
    whole = mih.event_study(drawn, outcomes=["wage_income", "dagpenger"])
    np.testing.assert_array_equal(effects.subgroup("all").estimate, whole.estimate)
    np.testing.assert_allclose(effects.subgroup("all").matrix, whole.matrix)


@pytest.mark.parametrize("by", ["education", "county"])
def test_a_subgroup_is_the_mean_of_contrasts_with_controls_of_its_own(drawn, by):
    effects = mih.event_study(drawn, outcomes="wage_income", by=by, se="person")
    parts = split(drawn, by)
    for name, own in zip(parts.names, own_groups(drawn, parts), strict=True):
        cube = own.recipe.fetch([by])
        place = {person: k for k, person in enumerate(cube.person_id)}
        frame = own.to_frame()
        assert {
            cube.as_of(by, c - 1).values[place[person]]
            for person, c in zip(frame["person_id"], frame["start_year"], strict=True)
        } == {name}
        mean = contrasts(own, 3)["contrast"].mean()
        assert row(effects, 3, name)["estimate"] == pytest.approx(mean, rel=1e-9)


def test_an_unknown_column_is_refused(drawn):
    with pytest.raises(mih.OptionError, match="shoe_size"):
        mih.event_study(drawn, by="shoe_size")


def test_the_account_is_of_all_participants(drawn):
    programme = mih.Programme.none()
    whole = mih.event_study(drawn, outcomes=["wage_income"], se="person")
    split = mih.event_study(drawn, outcomes=["wage_income"], se="person", by="education")
    one, two = (
        mih.cost_benefit(e, mih.Assumptions.r109(), programme=programme) for e in (whole, split)
    )
    assert two.npv == one.npv
    assert two.interval() == one.interval()


def filled_by_hand(tables, years):
    """Mean over participants, later start years by their scale of the path of the others.

    `tables` is for each year the contrasts of all participants, as `contrasts` returns them.
    """
    by = {e: table.groupby("start_year")["contrast"].mean() for e, table in tables.items()}
    n = tables[0].groupby("start_year").size()
    unseen = {c: [e for e in years if not np.isfinite(by[e].get(c, np.nan))] for c in n.index}
    followed = [c for c in n.index if not unseen[c]]
    shared = [e for e in years if not any(e in left for left in unseen.values())]
    path = {e: sum(n[c] * by[e][c] for c in followed) / sum(n[c] for c in followed) for e in years}
    sums = dict.fromkeys(years, 0.0)
    for reach in {tuple(left) for left in unseen.values()}:
        own = [c for c in n.index if tuple(unseen[c]) == reach]
        mean = {
            e: sum(n[c] * by[e][c] for c in own) / sum(n[c] for c in own)
            for e in years if e not in reach
        }  # fmt: skip
        scale = sum(mean[e] * path[e] for e in shared) / sum(path[e] ** 2 for e in shared)
        for e in years:
            sums[e] += sum(n[c] for c in own) * (scale * path[e] if e in reach else mean[e])
    return np.array([sums[e] / n.sum() for e in years])


def test_filled_years_are_later_starters_own_first_years_scaled(drawn):
    years = range(7)
    effects = mih.event_study(
        drawn, outcomes="wage_income", composition="filled", window=(-1, 6), se="person"
    )
    by_hand = filled_by_hand({e: contrasts(drawn, e) for e in years}, years)
    found = effects.select(["wage_income"], list(years))[0][0]
    np.testing.assert_allclose(found, by_hand, rtol=1e-9)
    weighted = mih.event_study(
        drawn, outcomes="wage_income", composition="cohort_weighted", window=(-1, 6), se="person"
    )
    np.testing.assert_allclose(found[:4], weighted.select(["wage_income"], range(4))[0][0])


def test_the_error_of_filled_years_is_that_of_a_bootstrap(gappy):
    """Sets of nobody else's are drawn with replacement, and all of it is reckoned again."""
    group = mih.match(
        gappy, exact=["county"], on=["age", *mih.lag("wage_income", 1)], replace=False, ratio=1,
        scope="global",
    )  # fmt: skip
    years = range(7)
    effects = mih.event_study(group, outcomes="wage_income", composition="filled", window=(-1, 6))
    assert effects.se == "matched_set"
    tables = {e: contrasts(group, e) for e in years}
    rng, size = np.random.default_rng(1), len(tables[0])
    draws = []
    for _ in range(200):
        rows = rng.integers(0, size, size)
        draws.append(filled_by_hand({e: table.iloc[rows] for e, table in tables.items()}, years))
    spread = np.std(draws, axis=0, ddof=1)
    errors = np.sqrt(np.diag(effects.select(["wage_income"], list(years))[1]))
    np.testing.assert_allclose(errors[1:], spread[1:], rtol=0.2)


def test_filled_years_ask_for_somebody_to_fill_from(drawn):
    with pytest.raises(EffectsError, match="every start year has a first year"):
        mih.event_study(drawn, outcomes="wage_income", composition="filled", window=(-1, 12))
    with pytest.raises(EffectsError, match="without a correction"):
        mih.event_study(drawn, composition="filled", se="person", small_sample="CR1")
