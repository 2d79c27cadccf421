"""Multiplier bootstrap, clusters and wild bootstrap against slow loops and other packages."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import mih_impact as mih
from mih_impact.effects.inference import multiplier
from mih_impact.effects.inference.covariance import (
    band_from_draws,
    cluster_of,
    clustered,
    clustered_kind,
    require_clusters,
    require_draws,
)
from mih_impact.effects.inference.multiplier import multiplier_draws, multipliers
from mih_impact.effects.inference.wild_bootstrap import ClusterSums, inverted, p_value, wild_weights
from tests.support import small_register

RECORDED = Path(__file__).parent / "inference"
ON = ["age", "education", *mih.lag("wage_income", 1, 2, 3)]


@pytest.fixture(scope="module")
def towns():
    """A register with 30 towns; a tenth of the persons move once, and towns share a shock."""
    frame = small_register(700, starters=120, seed=11)
    rng = np.random.default_rng(4)
    town, move, to = rng.integers(0, 30, 700), rng.random(700) < 0.1, rng.integers(0, 30, 700)
    late = (frame["year"] >= 2016).to_numpy() & move[frame["person_id"]]
    now = np.where(late, to[frame["person_id"]], town[frame["person_id"]])
    shock = rng.normal(0, 30_000, (30, 16))[now, frame["year"] - 2009]
    wage = (frame["wage_income"] + shock).clip(lower=0).round(2)
    return frame.assign(municipality=[f"T{k:02d}" for k in now], wage_income=wage)


@pytest.fixture(scope="module")
def matched(towns):
    return mih.match(mih.read_panel(towns, price_year=2024), exact=["county"], on=ON)


def test_what_pairs_have_in_common_is_a_cubic_in_the_log_odds(matched):
    X, u = multiplier._in_common(matched, slice(None), adjust=False), matched.score.index
    u = (u - u.mean()) / u.std()
    for power in range(1, 5):
        left = u**power - X @ np.linalg.lstsq(X, u**power)[0]
        assert (np.abs(left).max() < 1e-9 * np.abs(u**power).max()) == (power < 4)


# --- the multiplier bootstrap -----------------------------------------------------------------


def test_draws_are_a_plain_sum_over_clusters():
    rows = np.random.default_rng(0).normal(size=(5000, 3))
    found = multiplier_draws(rows, 7, seed=3, kind="webb")
    slow = np.zeros((7, 3))
    for number in range(2):
        rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence((3, number))))
        block = rows[number * 4096 : (number + 1) * 4096]
        v = multipliers(rng, (7, len(block)), "webb")
        for b, g in itertools.product(range(7), range(len(block))):
            slow[b] += v[b, g] * block[g]
    np.testing.assert_allclose(found, slow, rtol=1e-9, atol=1e-9)


def test_draws_made_in_parts_are_drawn_one_after_the_other(monkeypatch):
    rows = np.random.default_rng(0).normal(size=(9, 2))
    monkeypatch.setattr(multiplier, "AT_A_TIME", 4)
    found = multiplier_draws(rows, 10, seed=3, kind="rademacher")
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence((3, 0))))
    parts = [multipliers(rng, (size, 9), "rademacher") @ rows for size in (4, 4, 2)]
    np.testing.assert_array_equal(found, np.concatenate(parts))


def test_the_seed_decides_the_draws(matched):
    effects = mih.event_study(matched, outcomes="wage_income", window=(-2, 2))
    one, two, other = (
        mih.multiplier_bootstrap(effects, draws=99, seed=s).matrix for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert (one != other)[0, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "normal"}, "no kind='normal'"),
        ({"draws": 19}, "Too few draws"),
        ({"draws": 99.0}, "whole number"),
        ({"level": 95}, "between 0.5 and 1"),
    ],
    ids=str,
)
def test_what_cannot_be_bootstrapped_is_said(matched, options, message):
    effects = mih.event_study(matched, outcomes="wage_income", window=(-1, 1))
    with pytest.raises(mih.OptionError, match=message):
        mih.multiplier_bootstrap(effects, **options)


def test_only_effects_in_memory_are_bootstrapped(matched, tmp_path):
    effects = mih.event_study(matched, outcomes="wage_income", window=(-1, 1))
    with pytest.raises(mih.OptionError, match="takes effects"):
        mih.multiplier_bootstrap(matched)
    with pytest.raises(mih.EffectsError, match="never saved"):
        mih.multiplier_bootstrap(mih.load(effects.save(tmp_path / "effects.zip")))


@pytest.mark.parametrize(
    ("kind", "third", "fourth"), [("rademacher", 0, 1), ("mammen", 1, 2), ("webb", 0, 7 / 6)]
)
def test_weights_have_the_moments_of_their_distributions(kind, third, fourth):
    v = multipliers(np.random.default_rng(1), (1000, 1000), kind)
    moments = [float((v**k).mean()) for k in (1, 2, 3, 4)]
    np.testing.assert_allclose(moments, [0, 1, third, fourth], atol=0.008)


def test_all_signs_of_few_clusters_have_the_covariance_itself():
    """Over all 2^G signs the mean cross-product of draws is the covariance, exactly."""
    rows = np.random.default_rng(2).normal(size=(6, 4))
    v = np.array(list(itertools.product([-1.0, 1.0], repeat=6)))
    draws = v @ rows
    np.testing.assert_allclose(draws.T @ draws / 64, rows.T @ rows, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", ["rademacher", "mammen", "webb"])
def test_drawn_standard_errors_and_bands_are_near_the_analytic_ones(matched, kind):
    effects = mih.event_study(matched, outcomes=["wage_income", "dagpenger"])
    drawn = mih.multiplier_bootstrap(effects, draws=3999, kind=kind, seed=5)
    seen = effects.frame["std_error"].notna()
    ratio = (drawn.frame["std_error"] / effects.frame["std_error"])[seen]
    assert ratio.between(0.955, 1.045).all()  # 4 standard deviations of 1/sqrt(2 * 3999)
    half = (drawn.frame["band_high"] - drawn.frame["estimate"]) / drawn.frame["std_error"]
    other = (effects.frame["band_high"] - effects.frame["estimate"]) / effects.frame["std_error"]
    np.testing.assert_allclose(half[seen], other[seen], atol=0.12)
    pd.testing.assert_series_equal(drawn.frame["estimate"], effects.frame["estimate"])


def test_group_time_averages_are_bootstrapped_in_factors(towns):
    panel = mih.read_panel(towns, price_year=2024)
    effects = mih.group_time_effects(panel, outcomes="wage_income").aggregate(window=(-3, 3))
    drawn = mih.multiplier_bootstrap(effects, draws=3999)
    seen = effects.frame["std_error"].notna()
    ratio = (drawn.frame["std_error"] / effects.frame["std_error"])[seen]
    assert ratio.between(0.955, 1.045).all()


# --- clusters above the person ----------------------------------------------------------------


def stacked(group, e, label):
    """Return the rows of the weighted regression of the change on treatment, from the cube."""
    risk, wage = group.risk, group.risk.cube.outcome("wage_income")
    first, weight = int(risk.cube.years[0]), np.zeros(len(risk.person))
    now = risk.start_year + e - first
    late = wage[risk.person, np.minimum(now, wage.shape[1] - 1)]
    seen = np.isfinite(late) & (now < wage.shape[1])
    change = late - wage[risk.person, risk.start_year - 1 - first]
    kept = 0
    for i, s in zip(group.sets.participant, group.sets.set_of, strict=True):
        members = np.flatnonzero(group.sets.member == s)
        members = members[seen[group.sets.control[members]]]
        if not seen[i] or not len(members):
            continue
        kept += 1
        weight[i] = 1.0
        share = group.sets.weight[members]
        for j, w in zip(group.sets.control[members], share / share.sum(), strict=True):
            weight[j] += w
    rows = np.flatnonzero(weight)
    return change[rows], risk.treated[rows], weight[rows], label[risk.person[rows]], rows


def first_town(group, towns):
    """Return every person's town the year before the first start year it serves, by a loop."""
    town = towns.set_index(["person_id", "year"])["municipality"]
    serving = {*group.sets.participant.tolist(), *group.sets.control.tolist()}
    found = {}
    for row in sorted(serving):
        person, start = int(group.risk.person[row]), int(group.risk.start_year[row])
        if person not in found or start < found[person][0]:
            found[person] = (start, town[int(group.risk.cube.person_id[person]), start - 1])
    return {person: name for person, (_, name) in found.items()}


def test_those_who_move_belong_to_the_town_of_their_first_start_year(matched, towns):
    label = cluster_of(matched, "municipality")
    slow = first_town(matched, towns)
    names = pd.Series({p: label[p] for p in slow}).groupby(pd.Series(slow)).nunique()
    assert (names == 1).all()
    assert len(set(label[list(slow)])) == len(set(slow.values()))


def test_clustered_errors_are_statsmodels_cluster_robust_ones(matched):
    label = cluster_of(matched, "municipality")
    effects = mih.event_study(matched, outcomes="wage_income", se="person", window=(-5, 6))
    influence = clustered(matched, effects.influence, "municipality")
    for e in (-5, 2, 6):
        change, treated, weight, town, rows = stacked(matched, e, label)
        X = sm.add_constant(treated.astype(float))
        fit = sm.WLS(change, X, weights=weight).fit(
            cov_type="cluster", cov_kwds={"groups": town, "use_correction": False}
        )
        G, P = len(np.unique(town)), len(np.unique(matched.risk.person[rows]))
        expected = fit.bse[1] * np.sqrt(G / (G - 1) * P / (P - 1))
        column = effects.levels.index(e)
        assert effects.estimate[0, column] == pytest.approx(fit.params[1], rel=1e-9)
        assert np.sqrt(influence.covariance[column, column]) == pytest.approx(expected, rel=1e-9)
        assert len(rows) > P  # some controls serve several start years, and are one cluster each


def test_absorbed_person_effects_are_no_parameters(towns):
    """Levels on person effects, written out: nested in the person cluster, they count for nothing.

    The textbook factor (N - 1) / (N - k), with every person effect among the k, would make errors
    40 % too wide where everybody has two years.
    """
    some = towns[towns["person_id"] < 180]
    group = mih.match(mih.read_panel(some, price_year=2024), exact=["county"], on=["age"], ratio=1)
    effects = mih.event_study(group, outcomes="wage_income", se="person", window=(-1, 3))
    change, treated, weight, _, rows = stacked(group, 3, np.arange(len(towns)))
    n, person = len(rows), group.risk.person[rows]
    late = np.repeat([0.0, 1.0], n)
    X = np.column_stack([np.tile(np.eye(n), (2, 1)), late, late * np.tile(treated, 2)])
    y = np.concatenate([np.zeros(n), change])
    fit = sm.WLS(y, X, weights=np.tile(weight, 2)).fit(
        cov_type="cluster", cov_kwds={"groups": np.tile(person, 2), "use_correction": False}
    )
    P = len(np.unique(person))
    found = effects.frame.set_index("year_since_start").loc[3]
    assert found["estimate"] == pytest.approx(fit.params[-1], rel=1e-8)
    assert found["std_error"] == pytest.approx(fit.bse[-1] * np.sqrt(P / (P - 1)), rel=1e-8)
    counted = fit.bse[-1] * np.sqrt((2 * n - 1) / (2 * n - X.shape[1]))
    assert counted > 1.3 * found["std_error"]


def test_fewer_than_twenty_clusters_are_refused_and_the_wild_bootstrap_offered(matched, towns):
    effects = mih.event_study(matched, outcomes="wage_income", se="person", window=(-1, 1))
    with pytest.raises(mih.EffectsError, match=r"2 clusters, .* 20 .*wild_bootstrap.*'county'"):
        clustered(matched, effects.influence, "county")
    for count in (20, 19):
        number = towns["municipality"].str[1:].astype(int) % count
        group = mih.match(
            mih.read_panel(towns.assign(municipality=number.astype(str)), price_year=2024),
            exact=["county"], on=ON,
        )  # fmt: skip
        effects = mih.event_study(group, outcomes="wage_income", se="person", window=(-1, 1))
        if count == 20:
            assert len(clustered(group, effects.influence, "municipality").cluster) == 20
        else:
            with pytest.raises(mih.EffectsError, match="19 clusters"):
                clustered(group, effects.influence, "municipality")


def test_a_band_is_at_least_as_wide_as_one_interval():
    errors = np.tile([[0.5, -0.2, 9.0]], (40, 1))
    assert band_from_draws(errors, np.array([1.0, 1.0, 0.0]), 0.95) == pytest.approx(1.959964)
    assert band_from_draws(errors, np.array([0.1, 1.0, np.nan]), 0.95) == pytest.approx(5.0)


def test_as_few_clusters_and_draws_as_are_enough():
    require_draws(20)
    require_clusters(np.arange(20), "county")
    require_clusters(np.array([0, 1, -1]), "county", few=True)
    for call in (
        lambda: require_draws(19),
        lambda: require_clusters(np.arange(-1, 19), "county"),
        lambda: require_clusters(np.array([0, 0, -1]), "county", few=True),
    ):
        with pytest.raises((mih.EffectsError, mih.OptionError), match="Too few"):
            call()


def test_rows_that_are_no_persons_have_no_clusters(matched):
    effects = mih.event_study(matched, outcomes="wage_income", window=(-1, 1))
    assert effects.se == "abadie_imbens"
    with pytest.raises(mih.EffectsError, match="do not add up within clusters"):
        clustered(matched, effects.influence, "municipality")
    for se in ("abadie_imbens", "matched_set"):
        with pytest.raises(mih.OptionError, match=f"'{se}' cannot be combined with clusters"):
            clustered_kind(se, matched)
    assert clustered_kind("auto", matched) == "person"


def test_persons_without_a_cluster_are_counted_and_refused(towns):
    frame = towns.assign(municipality=towns["municipality"].mask(towns["person_id"] < 7))
    group = mih.match(mih.read_panel(frame, price_year=2024), exact=["county"], on=ON)
    with pytest.raises(mih.EffectsError, match=r"Some persons have no municipality.*7 of 700"):
        cluster_of(group, "municipality")


@pytest.mark.parametrize("way", ["match", "entropy"])
def test_effects_are_clustered_where_it_is_asked_for(towns, way):
    """Every standard error, and the bootstrap's, over 30 towns that share shocks."""
    panel = mih.read_panel(towns, price_year=2024)
    if way == "match":
        group = mih.match(panel, exact=["county"], on=ON)
    else:
        group = mih.weight(panel, method="entropy", exact=["county"], on=ON)
    options = {"outcomes": "wage_income", "window": (-2, 3)}
    alone = mih.event_study(group, se="person" if way == "match" else "auto", **options)
    found = mih.event_study(group, cluster="municipality", **options)
    assert found.se == alone.se
    np.testing.assert_array_equal(found.estimate, alone.estimate)
    expected = clustered(group, alone.influence, "municipality")
    np.testing.assert_allclose(np.nan_to_num(found.matrix), expected.covariance, rtol=1e-12)
    assert len(found.influence.cluster) == 30
    drawn = mih.multiplier_bootstrap(found, draws=3999, kind="webb").frame["std_error"]
    assert (drawn / found.frame["std_error"]).dropna().between(0.95, 1.05).all()
    by = mih.event_study(group, cluster="municipality", by="education", **options)
    size = len(found.levels)
    np.testing.assert_allclose(
        np.nan_to_num(by.matrix)[:size, :size], np.nan_to_num(found.matrix), rtol=1e-12
    )
    assert found.provenance.options["cluster"] == "municipality"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cluster": "county"}, r"2 clusters, .* 20 .*wild_bootstrap"),
        ({"cluster": "municipality", "se": "abadie_imbens"}, "cannot be combined with clusters"),
        ({"cluster": "town"}, "town"),
    ],
    ids=str,
)
def test_effects_that_cannot_be_clustered_say_so(matched, options, message):
    with pytest.raises(mih.MihImpactError, match=message):
        mih.event_study(matched, outcomes="wage_income", window=(-1, 1), **options)


def test_clusters_of_single_persons_are_the_persons(matched):
    effects = mih.event_study(matched, outcomes="wage_income", se="person", window=(-2, 2))
    rows = effects.influence
    alone = rows.clustered(np.arange(len(rows.rows)))
    np.testing.assert_allclose(alone.covariance, rows.covariance, rtol=1e-12)


# --- the wild cluster bootstrap ---------------------------------------------------------------


def weighted_fit(y, d, w, g):
    """Return coefficient on d and its cluster-robust t, by matrices."""
    X = np.column_stack([np.ones(len(y)), d])
    bread = np.linalg.inv(X.T @ (w[:, None] * X))
    b = bread @ X.T @ (w * y)
    meat = np.zeros((2, 2))
    for k in np.unique(g):
        s = X[g == k].T @ (w * (y - X @ b))[g == k]
        meat += np.outer(s, s)
    G = len(np.unique(g))
    V = G / (G - 1) * bread @ meat @ bread
    return b[1], np.sqrt(V[1, 1])


def slow_statistics(y, d, w, g, null, v):
    """Return t* of every draw: restricted residuals, one weight a cluster, refit."""
    a = np.average(y - null * d, weights=w)
    u = y - null * d - a
    found = []
    for draw in v:
        again = a + null * d + draw[g] * u
        b, error = weighted_fit(again, d, w, g)
        found.append((b - null) / error)
    return np.array(found)


@pytest.fixture(scope="module")
def sample():
    frame = pd.read_csv(RECORDED / "wild_sample.csv")
    y, d = frame["y"].to_numpy(), frame["treated"].to_numpy().astype(float)
    w, g = frame["weight"].to_numpy(), frame["cluster"].to_numpy()
    sides = [(y[d == s], w[d == s] / w[d == s].sum(), g[d == s]) for s in (1, 0)]
    return y, d, w, g, ClusterSums.of(*sides)


@pytest.mark.parametrize("null", [0.0, 0.5, -1.3])
def test_draws_of_the_wild_bootstrap_are_refits(sample, null):
    y, d, w, g, sums = sample
    v, complete = wild_weights(8, 60, kind="webb", seed=1)
    assert not complete
    found = sums.statistics(null, v)
    np.testing.assert_allclose(found, slow_statistics(y, d, w, g, null, v), rtol=1e-9)
    b, error = weighted_fit(y, d, w, g)
    assert (sums.estimate, sums.std_error) == pytest.approx((b, error), rel=1e-10)


def test_all_signs_agree_with_wildboottest(sample):
    *_, sums = sample
    v, complete = wild_weights(8, 999, kind="rademacher", seed=0)
    assert complete
    assert len(v) == 256
    for recorded in json.loads((RECORDED / "wildboottest.json").read_text())["found"]:
        null = recorded["null"]
        t = abs((sums.estimate - null) / sums.std_error)
        ratio = t / abs(recorded["t"])  # its small-sample factor is another, on every statistic
        drawn = np.sort(np.abs(sums.statistics(null, v)))
        np.testing.assert_allclose(drawn, np.array(recorded["draws"]) * ratio, rtol=1e-8)
        # It counts what is strictly beyond: of the two draws that are the data, rounding decides.
        p = p_value(sums, null, v, complete=True)
        beyond = np.array(recorded["draws"]) >= abs(recorded["t"]) * (1 - 1e-9)
        assert p == beyond.mean()
        assert recorded["p_value"] in (p, p - 1 / 256, p - 2 / 256)


def test_the_interval_holds_what_is_not_rejected(sample):
    *_, sums = sample
    v, complete = wild_weights(8, 399, kind="webb", seed=3)
    low, high = inverted(sums, v, complete=complete, level=0.9)
    assert low < sums.estimate < high
    for end, inward in ((low, 1), (high, -1)):
        step = inward * 1e-5 * sums.std_error
        assert p_value(sums, end + step, v, complete=complete) > 0.1
        assert p_value(sums, end - step, v, complete=complete) <= 0.1


def test_a_handful_of_clusters_rules_nothing_out():
    rng = np.random.default_rng(0)
    g = np.repeat(np.arange(4), 10)
    sides = [(rng.normal(size=40), np.full(40, 1 / 40), g) for _ in range(2)]
    sums = ClusterSums.of(*sides)
    v, complete = wild_weights(4, 999, kind="rademacher", seed=0)
    assert complete
    assert len(v) == 16
    assert inverted(sums, v, complete=True, level=0.95) == (-np.inf, np.inf)


def test_the_test_has_its_size_where_normal_errors_do_not():
    """Ten clusters, half of them treated: 5 % of true nulls rejected, not 10 % or more."""
    rng = np.random.default_rng(12)
    wild = normal = 0
    runs = 600
    v, _ = wild_weights(10, 199, kind="webb", seed=1)
    for _ in range(runs):
        g = np.repeat(np.arange(10), 8)
        y = rng.normal(size=10)[g] + rng.normal(size=80)
        d = g < 5
        sums = ClusterSums.of(*[(y[s], np.full(40, 1 / 40), g[s]) for s in (d, ~d)])
        wild += p_value(sums, 0.0, v, complete=False) <= 0.05
        normal += abs(sums.estimate / sums.std_error) > 1.96
    assert 0.025 < wild / runs < 0.075  # 3 standard errors are 0.027
    assert normal / runs > 0.075


def test_the_estimate_of_the_group_is_the_one_tested(matched):
    effects = mih.event_study(matched, outcomes="wage_income", window=(-1, 3))
    test = mih.wild_bootstrap(matched, year=3, cluster="municipality", draws=199)
    found = test.table.iloc[0]
    assert test.passed == (found["p_value"] > 0.05)
    assert found["estimate"] == pytest.approx(effects.estimate[0, -1], rel=1e-10)
    assert found["clusters"] == 30
    change, treated, weight, town, _ = stacked(matched, 3, cluster_of(matched, "municipality"))
    _, error = weighted_fit(change, treated.astype(float), weight, town)
    assert found["std_error"] == pytest.approx(error, rel=1e-9)


def test_clusters_of_controls_that_are_not_seen_do_not_count(towns):
    """A town of its own for controls who are not in the register that year."""
    frame = towns[~((towns["person_id"] % 9 == 0) & (towns["year"] == 2018))].copy()
    frame["start_year"] = frame["start_year"].where(frame["start_year"].isna(), 2015.0)
    away = (frame["person_id"] % 9 == 0) & frame["start_year"].isna()
    frame.loc[away, "municipality"] = "elsewhere"
    group = mih.match(
        mih.read_panel(frame, price_year=2024), on=["age"], ratio=3, outcomes="wage_income"
    )
    effects = mih.event_study(group, outcomes="wage_income", window=(3, 3))
    found = mih.wild_bootstrap(group, year=3, cluster="municipality", draws=99).table.iloc[0]
    assert found["estimate"] == pytest.approx(effects.estimate[0, 0], rel=1e-10)
    used = group.to_frame().query("role == 'control'")["person_id"].astype(int)
    assert (used % 9 == 0).any()
    assert found["clusters"] == 30


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "mammen"}, "no weights='mammen'"),
        ({"draws": 2}, "Too few draws"),
        ({"year": -1}, "base year has no effect"),
        ({"year": [1, 2]}, "whole numbers"),
        ({"year": 40}, "No start year covers"),
    ],
    ids=str,
)
def test_what_the_wild_bootstrap_cannot_do_is_said(matched, options, message):
    with pytest.raises((mih.EffectsError, mih.OptionError), match=message):
        mih.wild_bootstrap(matched, **{"year": 2, "cluster": "county", **options})


def test_participants_of_one_cluster_tell_nothing(towns):
    only = towns.assign(start_year=towns["start_year"].where(towns["county"] == "A"))
    group = mih.match(mih.read_panel(only, price_year=2024), exact=["education"], on=["age"])
    with pytest.raises(mih.EffectsError, match="participants in one cluster only"):
        mih.wild_bootstrap(group, year=2, cluster="county")


def test_it_is_said_saved_and_hidden_where_few_stand_behind(matched, tmp_path):
    found = mih.wild_bootstrap(matched, year=3, cluster="municipality", draws=199)
    nb, en = (found.summary(lang).replace("\n", " ") for lang in ("nb", "en"))
    assert "30 klynger (" in nb
    assert "30 clusters (" in en
    assert f"p = {found.table['p_value'][0]:.3f}".replace(".", ",") in nb
    again = mih.load(found.save(tmp_path / "test.zip"))
    pd.testing.assert_frame_equal(again.table, found.table)
    effects = mih.event_study(matched, outcomes="wage_income", window=(3, 3)).frame.iloc[0]
    for name in ("n_participants", "n_controls"):
        assert found.table[name][0] == effects[name]
    with mih.options(min_cell=int(effects["n_participants"]) + 1):
        assert "Skjult" in found.summary()
        assert "p = " not in found.summary()
        assert np.isnan(mih.load(found.save(tmp_path / "hidden.zip")).table["estimate"][0])
