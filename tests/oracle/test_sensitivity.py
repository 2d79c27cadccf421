"""Doubt in numbers: against R packages, slow loops, enumeration and simulated truth."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal, rankdata

import mih_impact as mih
from mih_impact.falsification.attrition import Pooled
from mih_impact.falsification.e_value import e_value_of
from mih_impact.falsification.lee import combine, imbens_manski, trim
from mih_impact.falsification.power import normal_in_box
from mih_impact.falsification.rosenbaum import bounds, largest_gamma, point_estimates, scores
from tests.support import small_register

DATA = Path(__file__).parent / "data"
RECORDED = json.loads((DATA / "sensitivity.json").read_text())
HONEST = json.loads((DATA / "honest_did.json").read_text())


# --- Power of the pre-trend test ------------------------------------------------------------------


def published(name: str) -> tuple[mih.EffectSeries, int]:
    """Return the effects of a published study and its number of leads."""
    study = HONEST[name]
    L, size = study["leads"], len(study["beta"])
    years = [*range(-1 - L, 0), *range(size - L)]
    other = [i for i, year in enumerate(years) if year != -1]
    estimate, covariance = np.zeros(size + 1), np.zeros((size + 1, size + 1))
    estimate[other] = study["beta"]
    covariance[np.ix_(other, other)] = study["covariance"]
    frame = pd.DataFrame({"outcome": "x", "year_since_start": years, "estimate": estimate})
    series = mih.EffectSeries.from_frame(frame, covariance=covariance, unit="log", price_year=2024)
    return series, L


@pytest.mark.parametrize("name", ["medicaid", "profits"])
@pytest.mark.parametrize(("test", "rel"), [("wald", 1e-9), ("any_lead", 1e-4)])
def test_slopes_are_those_of_r(name, test, rel):
    recorded = RECORDED["pretrends"]
    effects, _ = published(name)
    found = mih.pretrend_power(effects, outcome="x", power=recorded["power"]).table
    slopes = found[found["test"] == test].groupby("power")["slope"].first()
    assert slopes.to_list() == pytest.approx(recorded[test][name], rel=rel)


@pytest.mark.parametrize("test", ["wald", "any_lead"])
def test_power_and_bias_after_passing_by_simulation(test):
    effects, L = published("profits")
    table = mih.pretrend_power(effects, outcome="x", power=0.5).table
    table = table[table["test"] == test]
    V = np.array(HONEST["profits"]["covariance"])
    draws = np.random.default_rng(5).multivariate_normal(table["bias"], V, size=40_000)
    leads, pre = draws[:, :L], V[:L, :L]
    if test == "wald":
        found = np.einsum("ij,jk,ik->i", leads, np.linalg.inv(pre), leads) > 9.487729036781154
    else:
        found = (np.abs(leads) > 1.959963984540054 * np.sqrt(np.diag(pre))).any(axis=1)
    assert found.mean() == pytest.approx(0.5, abs=0.01)
    passed = draws[~found]
    error = passed.std(axis=0) / np.sqrt(len(passed))
    assert np.all(np.abs(passed.mean(axis=0) - table["bias_after_passing"]) < 4.5 * error)
    moved = np.abs(table["bias_after_passing"] - table["bias"]).to_numpy()
    assert np.all(moved[: L + 1] > 5 * error[: L + 1])  # the leads, and the year nearest to them


def test_a_normal_box_against_scipy():
    rng = np.random.default_rng(2)
    for size in (1, 2, 4, 7):
        root = rng.normal(size=(size, 2 * size))
        V, mean = root @ root.T, rng.normal(size=size)
        width = 1.5 * np.sqrt(np.diag(V))
        probability, inside = normal_in_box(mean, V, width)
        expected = multivariate_normal(mean, V).cdf(width, lower_limit=-width)
        assert probability == pytest.approx(float(expected), abs=1e-4)
        draws = rng.multivariate_normal(mean, V, size=200_000)
        draws = draws[(np.abs(draws) <= width).all(axis=1)]
        assert inside == pytest.approx(draws.mean(axis=0), abs=0.02 * float(width.max()))


# --- Rosenbaum bounds -----------------------------------------------------------------------------


def lead_pairs() -> np.ndarray:
    recorded = RECORDED["rbounds"]
    return np.array([recorded["exposed"], recorded["control"]], dtype=float).T


def made_up_sets() -> np.ndarray:
    return np.array(RECORDED["senmv"]["sets"], dtype=float)


def test_signed_ranks_against_rbounds():
    recorded, pairs = RECORDED["rbounds"], lead_pairs()
    score = scores(pairs[pairs[:, 0] != pairs[:, 1]], "wilcoxon")
    found = [bounds(score, g).p_upper for g in recorded["gamma"]]
    assert found == pytest.approx(recorded["p_upper"], abs=5.1e-5)
    for gamma, ends in recorded["estimates"].items():  # rbounds steps by 0.001 from 15
        assert point_estimates(pairs, "wilcoxon", float(gamma)) == pytest.approx(ends, abs=0.0011)


@pytest.mark.parametrize("statistic", ["huber", "mean"])
def test_sets_of_any_size_against_sensitivitymv(statistic):
    recorded, sets = RECORDED["senmv"], made_up_sets()
    own, score = recorded[statistic], scores(sets, statistic)
    found = [bounds(score, g).p_upper for g in recorded["gamma"]]
    assert found == pytest.approx(own["p_upper"], rel=1e-10)
    assert point_estimates(sets, statistic, 1.0) == pytest.approx([own["estimate"]] * 2, abs=1e-9)
    assert point_estimates(sets, statistic, 1.5)[0] == pytest.approx(own["lowest_at_1.5"], abs=1e-9)
    assert largest_gamma(score, 0.05) == pytest.approx(own["largest_gamma"], rel=1e-9)


def slow_scores(sets: np.ndarray, statistic: str) -> list[list[float]]:
    """Return the scores of every member, by loops."""
    rows = [[v for v in row if not math.isnan(v)] for row in sets]
    if statistic == "wilcoxon":
        rank = rankdata([abs(a - b) for a, b in rows])
        return [[r * (a > b), r * (b > a)] for r, (a, b) in zip(rank, rows, strict=True)]
    gaps = [abs(x - y) for row in rows for x, y in itertools.permutations(row, 2)]
    limit = 2.5 * float(np.median(gaps)) if statistic == "huber" else math.inf
    found = []
    for row in rows:
        own = []
        for j, x in enumerate(row):
            others = [x - y for k, y in enumerate(row) if k != j]
            if statistic == "mean":
                own.append(sum(others) / len(others) / len(rows))
            else:
                own.append(sum(max(-1.0, min(1.0, d / limit)) for d in others) / len(row))
        found.append(own)
    return found


@pytest.mark.parametrize("statistic", ["wilcoxon", "huber", "mean"])
@pytest.mark.parametrize("gamma", [1.0, 1.7, 4.0])
def test_the_worst_bias_by_enumeration(statistic, gamma):
    """Every way to give members of a set odds of 1 or gamma, and every member the treatment."""
    sets = lead_pairs()[:12] if statistic == "wilcoxon" else made_up_sets()[:12]
    slow = slow_scores(sets, statistic)
    for sign, name in ((1.0, "above"), (-1.0, "below")):
        mean = variance = 0.0
        for own in slow:
            options = []
            for odds in itertools.product((1.0, gamma), repeat=len(own)):
                chance = np.array(odds) / sum(odds)
                middle = float(chance @ own)
                options.append((sign * middle, float(chance @ np.square(own)) - middle**2))
            top = max(m for m, _ in options)
            mean += sign * top
            variance += max(v for m, v in options if m > top - 1e-12)
        expected = (sum(own[0] for own in slow) - mean) / math.sqrt(variance)
        found = bounds(scores(sets, statistic), gamma)
        assert getattr(found, name) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("gamma", [1.4, 1.6, 1.8])
def test_the_normal_bound_is_near_the_exact_one(gamma):
    """The distribution of the signed rank sum under the worst bias, by convolution."""
    pairs = np.random.default_rng(14).normal([0.55, 0.0], 1.0, size=(150, 2))
    score = scores(pairs, "wilcoxon")
    chance, exact = gamma / (1 + gamma), np.zeros(150 * 151 // 2 + 1)
    exact[0] = 1.0
    for rank in range(1, 151):
        exact[rank:] = exact[rank:] * (1 - chance) + exact[:-rank] * chance
        exact[:rank] *= 1 - chance
    tail = exact[round(score[:, 0].sum()) :].sum()
    assert bounds(score, gamma).p_upper == pytest.approx(tail, abs=0.003)
    assert 0.001 < tail < 0.2


def test_estimates_of_pairs_are_quantiles_of_walsh_averages():
    d = np.random.default_rng(8).normal(0.4, 1.0, 25)
    pairs = np.stack([d, np.zeros(25)], axis=1)
    walsh = np.sort([(a + b) / 2 for a, b in itertools.combinations_with_replacement(d, 2)])
    assert point_estimates(pairs, "wilcoxon", 1.0) == pytest.approx([np.median(walsh)] * 2)
    for gamma in (1.3, 2.7):
        above = len(walsh) / (1 + gamma)  # so many averages lie below the least estimate
        low, high = point_estimates(pairs, "wilcoxon", gamma)
        assert low == pytest.approx(walsh[math.floor(above)])
        assert high == pytest.approx(walsh[len(walsh) - 1 - math.floor(above)])


@pytest.fixture(scope="module")
def panel() -> mih.Panel:
    return mih.read_panel(mortal_register(), money="fixed")


def mortal_register() -> pd.DataFrame:
    """A register in which a tenth die, participants less often, in the order of their wages."""
    frame = small_register(1200, starters=160, seed=6)
    people = frame.groupby("person_id").agg(start=("start_year", "first"))
    rng = np.random.default_rng(3)
    risk = np.where(people["start"].notna(), 0.10, 0.22)
    year = np.where(rng.random(len(people)) < risk, rng.integers(2015, 2023, len(people)), np.nan)
    year = np.where(year <= people["start"], np.nan, year)
    return frame.assign(death_year=frame["person_id"].map(dict(enumerate(year))))


@pytest.mark.parametrize("ratio", [1, 3])
def test_the_call_reads_the_sets_that_pairs_lists(panel, ratio):
    group = mih.match(panel, on=["age", *mih.lag("wage_income", 1)], ratio=ratio, replace=False)
    found = mih.rosenbaum_bounds(group, year=3, gamma=[1, 2], dead="missing").table
    wage = wages(panel)
    rows = []
    for (person, start), own in group.pairs().groupby(["participant_id", "start_year"]):
        members = [person, *own["control_id"]]
        row = [wage(p, start + 3) - wage(p, start - 1) for p in members]
        if not math.isnan(row[0]) and not all(math.isnan(v) for v in row[1:]):
            rows.append(row + [math.nan] * (ratio + 1 - len(row)))
    sets = np.array(rows)
    assert found["n_sets"].tolist() == [len(sets)] * 2
    assert 0 < found["n_lost"].iloc[0] == group.n_participants - len(sets)
    slow = slow_scores(sets, "wilcoxon" if ratio == 1 else "huber")
    fast = np.array([own + [math.nan] * (ratio + 1 - len(own)) for own in slow])
    expected = [bounds(fast, g).p_upper for g in (1.0, 2.0)]
    assert found["p_upper"].to_list() == pytest.approx(expected, rel=1e-9)
    less = mih.rosenbaum_bounds(group, year=3, gamma=[1, 2], dead="missing", alternative="less")
    expected = [bounds(-fast, g).p_upper for g in (1.0, 2.0)]
    if ratio > 1:  # -psi is psi of the other way round; ranks of pairs are not their own negatives
        assert less.table["p_upper"].to_list() == pytest.approx(expected, rel=1e-9)


# --- E-values -------------------------------------------------------------------------------------


def test_e_values_of_published_ratios():
    for case in RECORDED["evalue"]["ratios"]:
        ratio, low, high = case["ratio"]
        assert e_value_of(ratio) == pytest.approx(case["e_value"], rel=1e-10)
        assert e_value_of(low if ratio > 1 else high) == pytest.approx(case["limit"], rel=1e-9)


def test_e_values_of_amounts_against_r():
    """R rounds 0.91 z to 1.78: at the level where that is no rounding the numbers are the same."""
    z = 1.78 / 0.91
    for case in RECORDED["evalue"]["amounts"]:
        frame = pd.DataFrame(
            {"outcome": ["x"], "year_since_start": [1], "estimate": [case["estimate"]]}
        )
        variance = np.array([[case["std_error"] ** 2]])
        effects = mih.EffectSeries.from_frame(frame, covariance=variance, price_year=2024)
        level = math.erf(z / math.sqrt(2))
        row = mih.e_value(effects, outcome="x", year=1, sd=case["sd"], level=level).table.iloc[0]
        found = row[["risk_ratio", "risk_ratio_low", "risk_ratio_high"]].to_list()
        assert found == pytest.approx(case["risk_ratio"], rel=1e-10)
        assert row["e_value"] == pytest.approx(case["e_value"], rel=1e-10)
        assert row["e_value_limit"] == pytest.approx(case["limit"], rel=1e-10)


def test_an_e_value_is_just_enough_to_make_the_bias():
    """A confounder with both risk ratios E biases by E^2 / (2E - 1), which is the ratio."""
    for ratio in (1.2, 2.0, 5.0):
        e = e_value_of(ratio)
        assert e**2 / (2 * e - 1) == pytest.approx(ratio)


# --- Attrition ------------------------------------------------------------------------------------


def wages(panel: mih.Panel):
    """Return wage by person and year as the register has it, NaN after death."""
    frame = mortal_register()
    wage = dict(
        zip(
            zip(frame["person_id"].astype(str), frame["year"], strict=True),
            frame["wage_income"],
            strict=True,
        )
    )
    death = dict(zip(frame["person_id"].astype(str), frame["death_year"], strict=True))

    def value(person: str, year: int) -> float:
        return math.nan if year > death[person] else wage.get((person, year), math.nan)

    return value


def test_shares_who_leave_by_a_slow_loop(panel):
    group = mih.match(panel, on=["age", *mih.lag("wage_income", 1)], ratio=3)
    table = mih.attrition_check(group, window=(0, 6)).table
    wage, frame = wages(panel), group.to_frame()
    for year in range(7):
        found = table[(table["year_since_start"] == year) & (table["item"] == "any")].iloc[0]
        for role, name in (("participant", "participants"), ("control", "controls")):
            gone = total = 0.0
            for row in frame[
                (frame["role"] == role) & (frame["start_year"] + year <= 2024)
            ].itertuples():
                total += row.weight
                gone += row.weight * math.isnan(wage(row.person_id, row.start_year + year))
            assert found[name] == pytest.approx(gone / total, abs=1e-12)
    states = table[table["test"] == "left"].pivot(
        index="year_since_start", columns="item", values="participants"
    )
    assert states["dead"].to_numpy() == pytest.approx(states["any"].to_numpy())
    assert not states[["emigrated", "not_in_register", "null"]].to_numpy().any()


def test_a_pooled_contrast_is_the_two_sample_test_with_equal_variances():
    """With equal weights and everybody in every year: Hotelling's, about the joint mean."""
    rng = np.random.default_rng(1)
    n, m = 40, 60
    x = rng.normal(size=(n + m, 3)) + np.arange(3)
    pooled = Pooled(np.arange(n + m), np.arange(n + m) < n, np.ones(n + m), np.arange(n + m))
    found = pooled.contrast(x, np.ones_like(x, dtype=bool))
    expected = np.cov(x.T, ddof=0) * (1 / n + 1 / m)
    assert found.covariance == pytest.approx(expected, rel=1e-12)
    gap = x[:n].mean(axis=0) - x[n:].mean(axis=0)
    statistic, df, _ = found.joint_test(np.arange(3))
    assert (statistic, df) == (pytest.approx(gap @ np.linalg.solve(expected, gap)), 3)


def test_the_size_of_the_attrition_tests():
    """Few leave, five times as many controls: false alarms stay near a twentieth."""
    rng = np.random.default_rng(12)
    n, m = 300, 1500
    treated = np.arange(n + m) < n
    pooled = Pooled(np.arange(n + m), treated, np.where(treated, 1.0, 0.2), np.arange(n + m))
    alarms = []
    for _ in range(400):
        left = rng.geometric(0.012, n + m)[:, None] <= np.arange(7)
        wage = rng.normal(size=n + m)
        shares = pooled.contrast(left.astype(float), np.ones_like(left))
        among = np.stack([left[:, -1], ~left[:, -1]], axis=1)
        before = pooled.contrast(np.stack([wage, wage], axis=1), among)
        p = (shares.joint_test(np.arange(7))[2], before.joint_test(np.arange(2))[2])
        alarms.append([value < 0.05 for value in p])
    assert np.all(np.abs(np.mean(alarms, axis=0) - 0.05) < 0.033)  # three standard errors


# --- Lee bounds -----------------------------------------------------------------------------------


def lee_example() -> tuple[np.ndarray, ...]:
    """Return y, seen and treated of the recorded example."""
    recorded = RECORDED["lee"]
    more, less, gone = recorded["more_often"], recorded["less_often"], recorded["not_seen"]
    y = np.array([*more, *[0.0] * gone[0], *less, *[0.0] * gone[1]])
    n = len(more) + gone[0]
    place = np.arange(len(y))
    seen = (place < len(more)) | ((place >= n) & (place < n + len(less)))
    return y, seen, place < n


def test_bounds_against_r_on_either_side():
    y, seen, treated = lee_example()
    low, high = RECORDED["lee"]["bounds"]
    ones = np.ones(len(y))
    assert trim(y, seen, treated, ones, more=True).bounds == pytest.approx([low, high], abs=1e-12)
    assert trim(y, seen, ~treated, ones, more=False).bounds == pytest.approx(
        [-high, -low], abs=1e-12
    )


def test_standard_errors_are_those_of_lees_proposition():
    """His formula term by term, with the shares, quantile and trimmed variance of the sample."""
    y, seen, treated = lee_example()
    found = trim(y, seen, treated, np.ones(len(y)), more=True)
    n1, n0 = treated.sum(), (~treated).sum()
    s1, s0 = seen[treated].mean(), seen[~treated].mean()
    p = 1 - s0 / s1
    own = np.sort(y[treated & seen])
    kept = round((1 - p) * len(own))
    N = len(y)
    for b, part in enumerate((own[:kept], own[-kept:])):
        edge = part[-1] if b == 0 else part[0]
        mean = part.mean()
        first = part.var() / (s1 * n1 / N * (1 - p))
        second = (edge - mean) ** 2 * p / (s1 * n1 / N * (1 - p))
        share_p = (1 - p) ** 2 * ((1 - s1) / (n1 / N * s1) + (1 - s0) / (n0 / N * s0))
        third = ((edge - mean) / (1 - p)) ** 2 * share_p
        control = y[~treated & seen].var() / (s0 * n0 / N)
        expected = (first + second + third + control) / N
        assert (found.influence[:, b] ** 2).sum() == pytest.approx(expected, rel=1e-10)


def slow_bounds(y, seen, treated, copies) -> tuple[float, float]:
    """Return Lee's bounds of persons that stand so many times, one copy after the other.

    The side seen more often is the participants'; its copies are cut through at the edge.
    """

    def listed(side):
        return sorted(
            v
            for v, s, t, k in zip(y, seen, treated, copies, strict=True)
            if s and t == side
            for _ in range(int(k))
        )

    total = {
        side: sum(int(k) for t, k in zip(treated, copies, strict=True) if t == side)
        for side in (True, False)
    }
    own, other = listed(True), listed(False)
    keep = (len(other) / total[False]) / (len(own) / total[True]) * len(own)

    def mean_of_first(values):
        whole = int(keep + 1e-9)
        summed = sum(values[:whole])
        if keep - whole > 1e-9:
            summed += (keep - whole) * values[whole]
        return summed / keep

    middle = sum(other) / len(other)
    return mean_of_first(own) - middle, mean_of_first(own[::-1]) - middle


def test_weights_are_copies_of_persons():
    rng = np.random.default_rng(9)
    for _ in range(20):
        y = rng.normal(size=60).round(1)  # with ties
        treated = np.arange(60) < 25
        seen = rng.random(60) < np.where(treated, 0.9, 0.6)
        copies = rng.integers(1, 5, 60)
        found = trim(y, seen, treated, copies.astype(float), more=True)
        if found.share > 0:
            expected = slow_bounds(y, seen, treated, copies)
            assert found.bounds == pytest.approx(expected, abs=1e-10)


def test_the_call_and_its_cells_by_a_slow_loop(panel):
    group = mih.match(panel, exact=["county"], on=["age", *mih.lag("wage_income", 1)], ratio=4)
    table = mih.lee_bounds(group, year=4, within="county").table
    wage, frame = wages(panel), group.to_frame()
    # A participant weighs 1 and its controls a share each, mostly a quarter: so many copies.
    once = np.lcm.reduce(np.rint(1 / group.pairs()["weight"]).astype(int))
    assert once < 10_000
    county = mortal_register().groupby("person_id")["county"].first()
    rows = []
    for (person, role, start), own in frame.groupby(["person_id", "role", "start_year"]):
        before, after = wage(person, start - 1), wage(person, start + 4)
        if not math.isnan(before) and start + 4 <= 2024:
            copies = own["weight"].sum() * once
            assert copies == pytest.approx(round(copies))
            rows.append((county[int(person)], role == "participant", round(copies), after - before))
    data = pd.DataFrame(rows, columns=["county", "treated", "copies", "y"])
    seen = data["y"].notna()
    expected = slow_bounds(data["y"], seen, data["treated"], data["copies"])
    found = table[["lower", "upper"]].to_numpy()
    assert found[0] == pytest.approx(expected, rel=1e-9)
    theta, always = [], []
    for _, cell in data.groupby("county"):
        there = cell["y"].notna()
        theta.append(slow_bounds(cell["y"], there, cell["treated"], cell["copies"]))
        control = cell[~cell["treated"]]
        share = control.loc[control["y"].notna(), "copies"].sum() / control["copies"].sum()
        always.append(cell["treated"].sum() * share)
    expected = np.average(theta, axis=0, weights=always)
    assert found[1] == pytest.approx(expected, rel=1e-9)


def bounds_in_cells(y, seen, treated, weight, cell):
    """Return bounds within cells and every row's influence, participants' weights as they are."""
    members = np.where(treated, weight, 0.0) / weight[treated].sum()
    parts = []
    for x in np.unique(cell):
        here = cell == x
        found = trim(
            np.where(here, y, 0.0), seen & here, treated, np.where(here, weight, 0.0), more=True
        )
        inside = np.where(here, members, 0.0)
        parts.append((inside, found))
    return combine(parts, members)


def test_standard_errors_of_weighted_cells_against_the_bootstrap_of_persons():
    """Controls serve twice, in two cells, with unequal weights; a person is drawn with its rows."""
    rng = np.random.default_rng(4)
    n, m = 250, 350
    person = np.concatenate([np.arange(n), n + np.arange(m), n + np.arange(m)])
    treated = np.arange(len(person)) < n
    cell = np.where(treated, np.arange(len(person)) % 2, 0)
    cell[n + m :] = 1
    talent = rng.normal(size=n + m)[person]
    y = talent + 0.7 * cell + rng.normal(size=len(person)) + 0.5 * treated
    seen = talent + rng.normal(size=len(person)) > np.where(treated, -1.6, -0.4) - 0.3 * cell
    weight = np.where(treated, 1.0, rng.uniform(0.2, 1.0, len(person)))
    _, influence, _ = bounds_in_cells(y, seen, treated, weight, cell)
    by_person = np.zeros((n + m, 2))
    np.add.at(by_person, person, influence)
    analytic = np.sqrt((by_person**2).sum(axis=0))
    drawn = []
    for _ in range(600):
        own = rng.multinomial(n, np.ones(n) / n)
        times = np.concatenate([own, rng.multinomial(m, np.ones(m) / m)])
        drawn.append(bounds_in_cells(y, seen, treated, weight * times[person], cell)[0])
    assert analytic == pytest.approx(np.std(drawn, axis=0), rel=0.09)  # three standard errors


def test_the_interval_covers_an_effect_on_its_edge():
    """Those whom the programme keeps are at the top, so the effect is the lower bound itself."""
    rng = np.random.default_rng(21)
    effect, covered, lower = 1.0, [], []
    for _ in range(500):
        n = 500
        treated = np.arange(2 * n) < n
        y = rng.normal(size=2 * n)
        kind = np.where(y > 0.9, "kept", np.where(rng.random(2 * n) < 0.8, "always", "never"))
        seen = (kind == "always") | ((kind == "kept") & treated)
        y = y + effect * treated
        found = trim(y, seen, treated, np.ones(2 * n), more=True)
        error = np.sqrt((found.influence**2).sum(axis=0))
        low, high = imbens_manski(found.bounds, error, 0.95)
        covered.append(low <= effect <= high)
        lower.append(found.bounds[0])
    assert np.mean(lower) == pytest.approx(effect, abs=4 * np.std(lower) / math.sqrt(500))
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)


def test_imbens_manski_between_one_and_two_sided():
    """With no gap the two-sided quantile, with a wide one the one-sided (their equation 7)."""
    error = np.array([1.0, 2.0])
    assert imbens_manski(np.zeros(2), error, 0.95) == pytest.approx((-1.959964, 3.919928), abs=1e-5)
    low, high = imbens_manski(np.array([0.0, 100.0]), error, 0.95)
    assert (low, high) == pytest.approx((-1.644854, 103.289707), abs=1e-5)
