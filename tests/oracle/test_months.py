"""Panels by month against their definitions: slow loops over rows, and the same panel by year."""

from __future__ import annotations

import math
from collections import Counter

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

import mih_impact as mih
from mih_impact.controls.risk_set import uniform_number
from mih_impact.effects.question import read_target
from mih_impact.errors import EffectsError
from mih_impact.panel.build import MonthCube
from mih_impact.study.draws import Rematched, rematched
from mih_impact.study.resampling import _urns
from tests.support import YEARS, read_frame, small_register

INDEX = {year: 100.0 * 1.03 ** (year - 2010) for year in range(2009, 2026)}
OUTCOMES = ("wage_income", "dagpenger", "in_work", "on_benefit")


def monthly(
    n: int = 260, *, starters: int = 60, years: int = 6, missing: float = 0.05, seed: int = 4
) -> pd.DataFrame:
    """Return a register by month: people start, move, die, lose eligibility, and lack rows."""
    rng = np.random.default_rng(seed)
    person, month = (x.ravel() for x in np.meshgrid(range(n), range(12 * years), indexing="ij"))
    year = 2012 + month // 12
    start = np.full(n, -1)
    start[:starters] = rng.integers(26, 12 * years - 20, starters)
    death = np.where(rng.random(n) < 0.08, rng.integers(2012, 2012 + years, n), np.nan)
    moved = rng.integers(0, 12 * years, n)
    county = np.where(month < moved[person], "A", np.where(person % 2, "B", "C"))
    level = rng.uniform(5_000, 30_000, n)
    wage = np.where(rng.random(len(person)) < 0.6, 0.0, level[person] * rng.random(len(person)))
    frame = pd.DataFrame(
        {
            "person_id": [f"p{i:03d}" for i in person],
            "year": year,
            "month": month % 12 + 1,
            "wage_income": np.where(rng.random(len(person)) < 0.05, np.nan, wage.round(2)),
            "dagpenger": np.where(rng.random(len(person)) < 0.8, 0.0, 9_000.55),
            "start_year": np.where(start >= 0, 2012 + start // 12, np.nan)[person],
            "start_month": np.where(start >= 0, start % 12 + 1, np.nan)[person],
            "eligible": (rng.random(len(person)) < 0.7) | (month == start[person] - 1),
            "birth_year": (1960 + 3 * np.arange(n) % 30)[person],
            "death_year": death[person],
            "county": county,
        }
    )
    kept = (rng.random(len(frame)) >= missing) | (month == start[person] - 1)
    return frame[kept].reset_index(drop=True)


def read(frame, **options) -> mih.Panel:
    return read_frame(frame, period="month", index=INDEX, price_year=2016, **options)


@pytest.fixture(scope="module")
def frame():
    return monthly()


@pytest.fixture(scope="module")
def by_key(frame):
    return {(r.person_id, 12 * r.year + r.month - 1): r for r in frame.itertuples()}


def slow_outcome(frame, by_key, name, person, start, e, dead) -> float:
    """Return an outcome in year e from a month, month by month from the rows."""
    death = frame.loc[frame["person_id"] == person, "death_year"].iloc[0]
    periods = 12 * frame["year"] + frame["month"] - 1
    months = range(start + 12 * e, start + 12 * e + 12)
    if months[0] < periods.min() or months[-1] > periods.max():
        return math.nan
    total = {"wage_income": 0.0, "dagpenger": 0.0}
    for t in months:
        if t // 12 > death:
            if dead == "missing":
                return math.nan
            continue
        row = by_key.get((person, t))
        for column in total if row is not None else ():
            value = getattr(row, column)
            if not math.isnan(value):
                total[column] += round(value * 100) / 100 * INDEX[2016] / INDEX[t // 12]
    if name == "in_work":
        return float(total["wage_income"] > 0)
    return float(total["dagpenger"] > 0) if name == "on_benefit" else total[name]


@pytest.mark.parametrize("dead", ["zero", "missing"])
@pytest.mark.parametrize("name", OUTCOMES)
def test_a_year_since_start_is_the_sum_of_its_months(frame, by_key, name, dead):
    cube = read(frame).cube()
    assert isinstance(cube, MonthCube)
    rng = np.random.default_rng(1)
    who = rng.integers(0, cube.n_persons, 120)
    start = rng.integers(2012 * 12 - 3, 2018 * 12 + 3, 120)
    years = (-2, -1, 0, 1, 2)
    got = cube.since_start(name, who, start, years, dead=dead)
    for i in range(len(who)):
        want = [
            slow_outcome(frame, by_key, name, cube.person_id[who[i]], int(start[i]), e, dead)
            for e in years
        ]
        np.testing.assert_allclose(got[i], want, rtol=1e-11)
    assert np.isnan(got).any()
    assert np.isfinite(got).any()


@pytest.mark.parametrize("residency", [True, False])
def test_without_word_on_residency_a_month_without_a_row_makes_the_year_missing(residency):
    frame = monthly(40, starters=8, missing=0.0).drop(columns="death_year")
    gone = (frame["person_id"] == "p020") & (frame["year"] == 2014) & (frame["month"] == 5)
    spells = pd.DataFrame({"person_id": frame["person_id"].unique(), "from_year": 2000})
    spells["to_year"] = np.nan
    cube = read(frame[~gone], resident=spells if residency else None).cube()
    at = np.array([2014 * 12])
    value = cube.since_start("wage_income", np.array([20]), at, [0], dead="zero")
    assert np.isnan(value[0, 0]) == (not residency)


def test_engines_give_the_same_bits(frame):
    sources = [frame, pl.from_pandas(frame), pl.from_pandas(frame).lazy(), duckdb.from_df(frame)]
    prints = {read(source).cube().fingerprint for source in sources}
    assert len(prints) == 1


# --- who is compared ------------------------------------------------------------------------------


def slow_pseudo_starts(frame, by_key, start_year, exact, window_end, u):
    """Return person -> month compared from, by the rule, candidates only."""
    people = sorted(frame["person_id"].unique())
    months = range(12 * start_year, 12 * start_year + 12)
    first = frame.drop_duplicates("person_id").set_index("person_id")
    start = {
        p: None if math.isnan(first.at[p, "start_year"])
        else int(12 * first.at[p, "start_year"] + first.at[p, "start_month"] - 1)
        for p in people
    }  # fmt: skip

    def cell(p, t):
        earlier = [by_key[p, s] for s in range(2012 * 12, t) if (p, s) in by_key]
        return tuple(getattr(earlier[-1], name) for name in exact) if earlier else None

    def could(p, t):
        alive = not (t - 1) // 12 > first.at[p, "death_year"]
        # A month without a row is as the last row before it.
        row = next(
            (by_key[p, s] for s in range(t - 1, 2012 * 12 - 1, -1) if (p, s) in by_key), None
        )
        later = start[p] is None or (
            window_end is not None and start[p] >= t + 12 * (window_end + 1)
        )
        eligible = alive and row is not None and row.eligible
        return p not in participants and eligible and later

    participants = [p for p in people if start[p] is not None and start[p] // 12 == start_year]
    started, waiting = Counter(), Counter()
    for p in participants:
        started.update([(cell(p, start[p]), start[p]), ("all", start[p])])
    for p in people:
        for t in months:
            if could(p, t):
                waiting.update([(cell(p, t), t), ("all", t)])

    def chance(p, t):
        of = cell(p, t)
        if of is None or not any(started[of, s] for s in months):
            of = "all"
        hazard = {s: started[of, s] / waiting[of, s] if waiting[of, s] else 0.0 for s in months}
        return hazard[t] / (sum(hazard.values()) or 1.0) if could(p, t) else 0.0

    chances = {p: [chance(p, t) for t in months] for p in people}
    most = max(1.0, *(sum(own) - 1e-9 for own in chances.values()))
    found = {}
    for p in people:
        if p not in u:  # never in the cube
            assert not any(chances[p])
            continue
        passed = 0.0
        for t, own in zip(months, chances[p], strict=True):
            if passed <= u[p] * most < passed + own:
                found[p] = t
            passed += own
    return found


@pytest.mark.parametrize(
    ("exact", "window_end"), [((), None), (("county",), None), (("county",), 0)]
)
def test_candidates_are_compared_from_the_months_that_the_rule_gives(
    frame, by_key, exact, window_end
):
    controls = {"controls": "never"} if window_end is None else {
        "controls": "not_yet", "window_end": window_end
    }  # fmt: skip
    group = mih.weight(read(frame), on=["age"], exact=exact, method="ipw", seed=11, **controls)
    risk = group.risk
    for c in risk.start_years.tolist():
        here = (risk.start_year == c) & ~risk.treated
        got = dict(
            zip(risk.cube.person_id[risk.person[here]], risk.start[here].tolist(), strict=True)
        )
        u = dict(zip(risk.cube.person_id, uniform_number(risk.cube.person_id, 11, c), strict=True))
        want = slow_pseudo_starts(frame, by_key, c, exact, window_end, u)
        cells = set(risk.cell[(risk.start_year == c) & risk.treated].tolist())
        assert cells
        assert got.items() <= want.items()
        # Those left out have nobody to be compared with in their cell.
        assert len(got) == len(want) or exact
    assert (risk.start % 12 > 0).any()


def test_everybody_is_described_as_of_the_month_before(frame, by_key):
    group = mih.match(read(frame), on=["age", *mih.lag("wage_income", 1)], exact=["county"])
    risk, everyone = group.risk, np.arange(len(group.risk.person))
    county = group.read("county", everyone)
    earlier = group.read(mih.lag("county", 2)[0], everyone)
    wage = group.read(mih.lag("wage_income", 1)[0], everyone)
    for i in everyone[::7].tolist():
        person, start = risk.cube.person_id[risk.person[i]], int(risk.start[i])
        for got, t in ((county[i], start), (earlier[i], start - 12)):
            rows = [by_key[person, s] for s in range(2012 * 12, t) if (person, s) in by_key]
            assert got == (rows[-1].county if rows else None)
        want = slow_outcome(frame, by_key, "wage_income", person, start, -1, "missing")
        assert wage[i] == pytest.approx(want, rel=1e-11)


def test_effects_are_those_of_a_loop_over_pairs(frame, by_key):
    group = mih.match(read(frame), on=["age"], exact=["county"], ratio=3, caliper=None)
    effects = mih.event_study(group, outcomes=["wage_income", "in_work"], window=(-2, 2))
    pairs = group.pairs()
    frame_of = group.to_frame().query("role == 'control'")
    compared_from = 12 * frame_of["start_year"] + frame_of["start_month"] - 1
    keys = zip(frame_of["person_id"], frame_of["match_id"], strict=True)
    months = dict(zip(keys, compared_from, strict=True))
    set_of = group.to_frame().query("role == 'participant'").set_index("person_id")["match_id"]
    starts = 12 * pairs["start_year"] + pairs["start_month"] - 1
    assert (starts % 12).nunique() > 5
    for name in ("wage_income", "in_work"):
        for e in (-2, 0, 1, 2):
            contrasts = []
            for _, rows in pairs.groupby("participant_id", sort=True):
                p, s = rows["participant_id"].iloc[0], int(starts[rows.index[0]])

                def change(person, start, name=name, e=e):
                    at = slow_outcome(frame, by_key, name, person, start, e, "zero")
                    return at - slow_outcome(frame, by_key, name, person, start, -1, "zero")

                others = [
                    (w, change(j, int(months[j, set_of[p]])))
                    for j, w in zip(rows["control_id"], rows["weight"], strict=True)
                ]
                seen = [(w, y) for w, y in others if not math.isnan(y)]
                own = change(p, s)
                if not math.isnan(own) and seen:
                    mean = sum(w * y for w, y in seen) / sum(w for w, _ in seen)
                    contrasts.append(own - mean)
            got = effects.to_frame().query("outcome == @name and year_since_start == @e")
            assert got["n_participants"].item() == len(contrasts)
            assert got["estimate"].item() == pytest.approx(np.mean(contrasts), rel=1e-9)


@pytest.mark.filterwarnings("ignore:One person carries", "ignore:The naive bootstrap")
def test_drawn_persons_are_given_months_anew(frame):
    """Who is drawn decides the months of candidates: taking rows again would keep the old ones."""
    group = mih.match(read(frame), on=["age"], exact=["county"], ratio=2, outcomes="wage_income")
    target = read_target(group, None, "did", -1, (-1, 2), "available", "zero")
    drawn = mih.resample(group, window=(-1, 2), draws=20, seed=6, method="naive").draws
    urns, again = _urns(group, "sides", "person"), Rematched.of(group, target)
    for child, found in zip(np.random.SeedSequence(6).spawn(20)[:4], drawn, strict=False):
        counts = urns.counts(np.random.default_rng(child))
        np.testing.assert_array_equal(found, rematched(group, target, False, counts))
        assert (np.abs(found - again.estimate(counts[None])[0])[[1, 2, 3]] > 1.0).all()


# --- the same register by year --------------------------------------------------------------------


def in_months(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a yearly register by month: a twelfth each, whole øre, the rest in December."""
    rows = frame.loc[frame.index.repeat(12)].reset_index(drop=True)
    rows["month"] = np.tile(np.arange(1, 13), len(frame))
    rows["start_month"] = np.where(rows["start_year"].notna(), 1.0, np.nan)
    for name in ("wage_income", "dagpenger", "sosialhjelp"):
        ore = np.round(rows[name] * 100)
        part = ore // 12
        rows[name] = np.where(rows["month"] == 12, ore - 11 * part, part) / 100
    return rows


@pytest.mark.parametrize("method", ["propensity", "mahalanobis", "exact", "entropy", "ipw"])
def test_starts_in_january_are_the_panel_by_year(method):
    yearly = small_register(500, starters=60)
    on = ["age", "education", *mih.lag("wage_income", 1, 2)]

    def effects(panel):
        if method == "exact":
            group = mih.match(panel, on=(), exact=["county", "education"], method="exact")
        elif method in ("entropy", "ipw"):
            group = mih.weight(panel, on=on, exact=["county"], method=method)
        else:
            group = mih.match(panel, on=on, exact=["county"], method=method)
        return mih.event_study(group, window=(-3, 3))

    by_year = effects(read_frame(yearly, price_year=2024))
    by_month = effects(read_frame(in_months(yearly), price_year=2024, period="month"))
    np.testing.assert_allclose(by_month.estimate, by_year.estimate, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(by_month.matrix, by_year.matrix, rtol=1e-7, atol=1e-6)
    pd.testing.assert_series_equal(by_month.frame["n_controls"], by_year.frame["n_controls"])


def test_a_register_that_ends_in_june_loses_the_years_that_need_later_months():
    rows = in_months(small_register(300, starters=60))
    rows = rows[(rows["year"] < YEARS[-1]) | (rows["month"] <= 6)]
    group = mih.match(read_frame(rows, price_year=2024, period="month"), on=["age"])
    effects = mih.event_study(group, outcomes="wage_income", window=(-2, 3))
    last = effects.to_frame().query("year_since_start == 3")
    starters = group.risk.start_year[group.sets.participant]
    assert last["n_participants"].item() == (starters < YEARS[-1] - 3).sum()


# --- immortal time --------------------------------------------------------------------------------


def job_seekers(seed: int, n: int = 12_000) -> pd.DataFrame:
    """Return unemployed persons who find work by chance; starting does nothing to anybody.

    Everybody is unemployed in December 2014. Each month 12 % of those left find work for good, and
    0.3 % of those unemployed the month before start the programme, which changes nothing. Starts
    are rare so that it does not matter that candidates are known never to start.
    """
    rng = np.random.default_rng(seed)
    finds = rng.geometric(0.12, n) - 1
    starts = rng.geometric(0.003, n) - 1
    starts = np.where((starts - 1 <= finds) & (starts < 12), starts, -1)
    person, month = (x.ravel() for x in np.meshgrid(range(n), range(-12, 24), indexing="ij"))
    return pd.DataFrame(
        {
            "person_id": person,
            "year": 2015 + month // 12,
            "month": month % 12 + 1,
            "wage_income": np.where((month >= 0) & (month > finds[person]), 30_000.0, 0.0),
            "start_year": np.where(starts >= 0, 2015.0, np.nan)[person],
            "start_month": np.where(starts >= 0, starts + 1.0, np.nan)[person],
            "eligible": month <= finds[person],
            "one": "x",
        }
    )


def test_candidates_are_unemployed_when_they_are_compared_from():
    """Else controls have found work before the month that they are compared from."""
    z, naive = [], []
    for seed in range(5):
        panel = read_frame(job_seekers(seed), period="month", money="fixed")
        group = mih.match(panel, exact=["one"], method="exact")
        found = mih.event_study(group, outcomes="wage_income", window=(-1, 0)).to_frame()
        row = found.query("year_since_start == 0").iloc[0]
        z.append(row["estimate"] / row["std_error"])
        risk, rng = group.risk, np.random.default_rng(seed)
        never = np.flatnonzero(risk.cube.start == 0)
        months = rng.choice(risk.start[risk.treated], len(never))
        all_never = risk.cube.since_start("wage_income", never, months, [0], dead="zero").mean()
        naive.append((row["participant_mean"] - all_never) / row["std_error"])
    assert abs(np.mean(z)) < 2.5 / np.sqrt(5)
    assert np.mean(naive) < -4


def test_candidates_are_spread_as_participants_however_their_number_changes():
    """Eight start each month, out of a pool that shrinks to a third over the year."""
    rng = np.random.default_rng(5)
    n = 12_000
    leaves = np.where(rng.random(n) < 0.75, rng.integers(1, 12, n), 99)
    starts = np.full(n, -1)
    for month in range(12):
        left = np.flatnonzero((leaves >= month) & (starts < 0))
        starts[rng.choice(left, 8, replace=False)] = month
    person, month = (x.ravel() for x in np.meshgrid(range(n), range(-12, 12), indexing="ij"))
    frame = pd.DataFrame(
        {
            "person_id": person,
            "year": 2015 + month // 12,
            "month": month % 12 + 1,
            "wage_income": 1.0,
            "start_year": np.where(starts >= 0, 2015.0, np.nan)[person],
            "start_month": np.where(starts >= 0, starts + 1.0, np.nan)[person],
            "eligible": month < leaves[person],
            "one": "x",
        }
    )
    panel = read_frame(frame, period="month", money="fixed")
    risk = mih.match(panel, exact=["one"], method="exact").risk
    counts = np.bincount(risk.start[~risk.treated] % 12, minlength=12)
    mean = counts.mean()
    assert mean > 200
    # Binomial about the same number in every month.
    assert (np.abs(counts - mean) < 4 * np.sqrt(mean)).all()


def test_who_moves_is_a_candidate_where_it_has_moved_to():
    """Everybody moves from A to B in the middle of the year; starts are early in A, late in B."""
    rng = np.random.default_rng(2)
    n = 6_000
    starts = np.full(n, -1)
    chosen = rng.permutation(n)[:400]
    starts[chosen[:300]], starts[chosen[300:]] = 1, 9
    moves = rng.random(n) < 0.5
    person, month = (x.ravel() for x in np.meshgrid(range(n), range(-12, 24), indexing="ij"))
    frame = pd.DataFrame(
        {
            "person_id": person,
            "year": 2015 + month // 12,
            "month": month % 12 + 1,
            "wage_income": np.where(moves, 2_000.0, 1_000.0)[person],
            "start_year": np.where(starts >= 0, 2015.0, np.nan)[person],
            "start_month": np.where(starts >= 0, starts + 1.0, np.nan)[person],
            "place": np.where(moves[person] & (month >= 5), "B", "A"),
        }
    )
    panel = read_frame(frame, period="month", money="fixed")
    group = mih.match(panel, exact=["place"], method="exact")
    risk, everyone = group.risk, np.arange(len(group.risk.person))
    place, late = group.read("place", everyone), risk.start % 12 == 9
    started = {at: np.sum(risk.treated & (place == "A") & (late == at)) for at in (False, True)}
    drawn = {at: np.sum(~risk.treated & (place == "A") & (late == at)) for at in (False, True)}
    share = started[True] / sum(started.values())
    sd = np.sqrt(share * (1 - share) / sum(drawn.values()))
    assert abs(drawn[True] / sum(drawn.values()) - share) < 4 * sd
    # In B all start in October, and everybody who has moved there can be drawn for it.
    moved = np.sum(~risk.treated & (place == "B"))
    assert moved > 0.5 * np.sum(moves & (starts < 0))


def test_who_else_is_in_the_register_does_not_matter(frame):
    whole = mih.match(read(frame), on=["age"], caliper=None).risk
    few = frame[~frame["person_id"].isin(["p200", "p201", "p202", "p203"])]
    part = mih.match(read(few), on=["age"], caliper=None).risk
    drawn = [
        dict(zip(zip(r.cube.person_id[r.person], r.start_year, strict=True), r.start, strict=True))
        for r in (whole, part)
    ]
    both = drawn[0].keys() & drawn[1].keys()
    assert np.mean([drawn[0][key] == drawn[1][key] for key in both]) > 0.97


def test_start_years_seen_in_part_are_not_weighted_by_their_shares():
    rows = in_months(small_register(300, starters=60))
    starting = rows["start_month"].notna()
    rows.loc[starting, "start_month"] = 1.0 + 6.0 * (rows.loc[starting, "person_id"] % 2)
    rows = rows[(rows["year"] < 2018) & ~(rows["start_year"] > 2016)]
    group = mih.match(read_frame(rows, price_year=2024, period="month"), on=["age"])
    last = int(group.risk.start_years[-1])  # half of them start in July
    options = {"outcomes": "wage_income", "window": (-2, 3)}
    effects = mih.event_study(group, composition="cohort_weighted", **options).to_frame()
    plain = mih.event_study(group, **options).to_frame()
    row = effects[effects["year_since_start"] == 2017 - last].iloc[0]
    assert plain[plain["year_since_start"] == 2017 - last]["n_participants"].item() > 0
    assert np.isnan(row["estimate"])
    assert str(last) in row["reason"]


def test_a_start_after_the_last_month_is_told_and_refused():
    rows = in_months(small_register(120, starters=30))
    rows = rows[(rows["year"] < 2020) | ((rows["year"] == 2020) & (rows["month"] <= 6))]
    rows = rows[~(rows["start_year"] > 2020)].copy()
    rows.loc[rows["start_year"] == 2020, "start_month"] = 9.0
    panel = read_frame(rows, price_year=2024, period="month")
    assert "start year outside" in panel.check().to_frame()["rule"].tolist()
    with pytest.raises(mih.SupportError, match=r"2020-09"):
        mih.match(panel, on=["age"])


def test_a_lag_of_a_characteristic_needs_its_month_only():
    rows = in_months(small_register(200, starters=40))
    first = rows["start_year"].min()
    panel = read_frame(rows[rows["year"] >= first - 2], price_year=2024, period="month")
    mih.match(panel, on=["age", *mih.lag("county", 2)])
    with pytest.raises(mih.SupportError, match=rf"{int(first)}-01"):
        mih.match(panel, on=["age", *mih.lag("wage_income", 3)])


def test_the_curve_keeps_the_months_of_the_group(frame):
    group = mih.match(read(frame), on=["age"], exact=["county"], seed=11, caliper=None)
    with mih.options(progress=False):
        curve = mih.specification_curve(group, year=1, ways={"ratio": [3]}, alone={})
    again = mih.match(read(frame), on=["age"], exact=["county"], seed=11, caliper=None, ratio=3)
    found = mih.event_study(again, outcomes="wage_income", window=(1, 1)).to_frame()
    row = curve.table[curve.table["ratio"].astype(str) == "3"].iloc[0]
    assert row["estimate"] == pytest.approx(found["estimate"].item(), rel=1e-9)


def test_the_seed_is_told_and_gives_the_same_again(frame):
    first = mih.match(read(frame), on=["age"])
    assert first.provenance.seed == 2025
    again, other = (mih.match(read(frame), on=["age"], seed=seed) for seed in (2025, 7))
    pd.testing.assert_frame_equal(first.to_frame(), again.to_frame())
    assert not first.to_frame().equals(other.to_frame())


def test_group_time_effects_go_by_calendar_year(frame):
    with pytest.raises(mih.PanelContractError, match=r"mih\.event_study"):
        mih.group_time_effects(read(frame), outcomes="wage_income")


def test_a_month_that_nobody_has_in_any_year_is_told():
    """No year has all its months: there is nothing to compare, and the error says which rows."""
    rows = monthly(80, starters=30)
    rows = rows[rows["start_month"] != 8]  # they have no month before
    panel = read(rows[rows["month"] != 7].drop(columns="death_year"))
    gap = [breach for breach in panel.check().warnings if breach.rule == "gap"]
    assert "2012-07" in gap[0].what.en
    group = mih.match(panel, on=["age"], eligible=nw.col("year") > 0)
    with pytest.raises(EffectsError, match=r"panel.check\(\) says are missing"):
        mih.event_study(group, outcomes="wage_income")
