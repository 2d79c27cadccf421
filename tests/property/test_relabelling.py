"""Who is called what decides nothing: identifiers permuted, the answers and the matches stay.

The register is small and awkward: few ages and wages, so that many are equally near; deaths, moves
abroad, rows that are missing, and two start years.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.panel.panel import Panel

PERSONS, YEARS = 150, range(2012, 2020)
#: Permutations of the identifiers, and draws on either side of a comparison of means.
PERMUTED, DRAWN = 50, 200


def awkward(seed=1, persons=PERSONS):
    """Return a register of persons 0, 1, ..., a row per person and year."""
    rng = np.random.default_rng(seed)
    start = np.where(rng.random(persons) < 0.3, rng.choice([2015, 2016], persons), 0)
    level = rng.choice([1.0, 2.0, 3.0], persons) + 0.3 * (start > 0)
    fixed = pd.DataFrame(
        {
            "person_id": np.arange(persons),
            "start_year": np.where(start > 0, start, np.nan),
            "birth_year": rng.choice([1970, 1975, 1980], persons),
            "education": rng.choice(["low", "mid", "high"], persons),
            "taste": rng.normal(size=persons),  # nobody's is another's
        }
    )
    gone = np.where(rng.random(persons) < 0.1, rng.integers(2016, 2020, persons), 0)
    dies = rng.random(persons) < 0.5
    fixed["death_year"] = np.where((gone > start) & dies, gone, np.nan)
    fixed["emigration_year"] = np.where((gone > start) & ~dies, gone, np.nan)
    county, blocks = rng.choice(["A", "B"], persons, p=[0.6, 0.4]), []
    for year in YEARS:
        shock = rng.choice([-0.5, 0.0, 0.5], persons) + 0.7 * ((start > 0) & (year >= start))
        wage = np.clip(level + shock + 0.03 * (year - 2012), 0.0, None).round(2) * 100_000
        wage[rng.random(persons) < 0.1] = 0.0
        benefit = np.where(rng.random(persons) < 0.4, 12_345.67, 0.0)
        blocks.append(fixed.assign(year=year, county=county, wage_income=wage, dagpenger=benefit))
    frame = pd.concat(blocks)
    left = (frame["year"] > frame["death_year"]) | (frame["year"] > frame["emigration_year"])
    return frame[~left & ((frame["year"] < 2017) | (rng.random(len(frame)) < 0.95))]


def relabelled(frame, seed):
    """Return the rows in another order with identifiers permuted, and who has which."""
    rng = np.random.default_rng(seed)
    persons = np.unique(frame["person_id"])
    name = pd.Series([f"P{k:04d}" for k in rng.permutation(len(persons))], index=persons)
    rows = frame.assign(person_id=frame["person_id"].map(name))
    return rows.sample(frac=1.0, random_state=seed), dict(zip(name, persons, strict=True))


def matches(group, who):
    """Return the weight of every pair, or of every person, by who they are."""
    frame = group.to_frame() if group.model is not None else group.pairs()
    persons = [c for c in ("participant_id", "control_id", "person_id") if c in frame]
    for column in persons:
        frame[column] = frame[column].map(who)
    return frame.set_index([*persons, "start_year"])["weight"]


WINDOW, LAGS = (-3, 2), mih.lag("wage_income", 1)
TIED = {"on": ["age", *LAGS], "exact": ["county"]}
APART = {"on": ["age", "taste"], "exact": ["county"], "replace": False}
GROUPS = {
    "propensity": lambda p: mih.match(p, **TIED, ratio=2),
    "propensity one": lambda p: mih.match(p, **APART, ratio=1, common_support=True),
    "mahalanobis": lambda p: mih.match(p, **TIED, ratio=2, method="mahalanobis", caliper=None),
    "mahalanobis near": lambda p: mih.match(p, **TIED, ratio=3, method="mahalanobis", caliper=0.5),
    "mahalanobis apart": lambda p: mih.match(p, **APART, ratio=1, method="mahalanobis"),
    "exact": lambda p: mih.match(p, exact=["county", "education"], method="exact"),
    "cem": lambda p: mih.match(p, on=["age", *LAGS], method="cem", cutpoints={"age": 2}),
    "entropy": lambda p: mih.weight(p, on=["age", "education", *LAGS]),
    "ipw": lambda p: mih.weight(p, on=["age", "education", *LAGS], method="ipw"),
}
ERRORS = {"propensity": ("abadie_imbens", "person"), "propensity one": ("matched_set", "person")}


def numbers(frame):
    return frame.select_dtypes("number").to_numpy(dtype=float)


def effects_of(group, **options):
    return mih.event_study(group, outcomes=["wage_income", "dagpenger"], window=WINDOW, **options)


def answers(name, group):
    """Yield what is said of a group, each under a name."""
    yield "balance", numbers(group.balance().to_frame())
    for se in ERRORS.get(name, ("auto",)):
        effects = effects_of(group, se=se)
        yield f"effects {se}", effects.estimate
        yield f"covariance {se}", effects.matrix
        yield f"bands {se}", numbers(effects.to_frame()[["band_low", "band_high", "n_lost"]])
    if name == "propensity one":
        yield "rosenbaum", numbers(mih.rosenbaum_bounds(group, year=1, gamma=1.5).table)


def further_answers(group):
    """Yield what takes longer, of a group with replacement."""
    effects = effects_of(group)
    assumed = {"programme": mih.Programme.none(), "horizon": 3}
    case = mih.cost_benefit(effects, mih.Assumptions.r109(), **assumed)
    yield "account", np.array([case.npv, *case.interval(), case.probability_positive])
    yield "adjusted", effects_of(group, adjust=True).matrix
    yield "corrected", effects_of(group, score_correction=True).matrix
    yield "by education", effects_of(group, by="education").matrix
    yield "pretrend", numbers(effects.pretrend_test("dagpenger").table)
    yield "honest", numbers(mih.honest_bounds(effects, outcome="dagpenger", years=1).table)
    yield "lee", numbers(mih.lee_bounds(group, year=2).table)
    yield "attrition", numbers(mih.attrition_check(group, window=(0, 2)).table)


def permuted(cube, seed):
    """Return the cube of the same persons under other names, and who has which.

    What an engine makes of a register of other names is such a cube, as the first test shows.
    """
    who = np.random.default_rng(seed).permutation(cube.n_persons)
    taken = {}
    for field in fields(cube):
        value = getattr(cube, field.name)
        if isinstance(value, dict):
            taken[field.name] = {key: taken_of(held, who) for key, held in value.items()}
        else:
            taken[field.name] = taken_of(value, who)
    taken["person_id"] = np.array([f"P{k:04d}" for k in range(len(who))], dtype=object)
    return replace(cube, **taken), dict(zip(taken["person_id"], who.tolist(), strict=True))


def taken_of(value, who):
    by_person = isinstance(value, np.ndarray) and value.shape[:1] == who.shape
    return value[who] if by_person else value


@pytest.fixture(scope="module")
def panel():
    return mih.read_panel(awkward().astype({"person_id": str}))


@pytest.fixture(scope="module")
def whole(panel):
    return panel.cube()


@pytest.fixture(scope="module")
def cubes(whole):
    return [permuted(whole, seed) for seed in range(PERMUTED)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["propensity", "entropy"])
def test_a_register_of_other_names_is_read_as_the_same_persons(name):
    """From the rows on, in another order; what follows permutes what has been read."""
    known = None
    for seed in range(3):
        rows, who = relabelled(awkward(), seed)
        found = matches(GROUPS[name](mih.read_panel(rows)), who).sort_index()
        known = found if known is None else known
        pd.testing.assert_series_equal(found, known, rtol=1e-9)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", GROUPS)
def test_a_group_and_what_is_said_of_it_hang_on_no_identifier(panel, cubes, name, monkeypatch):
    known = None
    for cube, who in cubes:
        monkeypatch.setattr(Panel, "cube", lambda *_, cube=cube, **__: cube)
        group = GROUPS[name](panel)
        found, said = matches(group, who).sort_index(), dict(answers(name, group))
        if known is None:
            known, told, ties = found, said, group.ties
            tied = ("propensity", "mahalanobis", "mahalanobis near")
            assert (ties > 0) == (name in tied)
        pd.testing.assert_series_equal(found, known, rtol=1e-9)
        assert group.ties == ties
        same(said, told)


def same(said, told):
    for what, value in said.items():
        scale = np.nanmax(np.abs(told[what]), initial=0.0)
        np.testing.assert_allclose(value, told[what], rtol=1e-9, atol=1e-9 * scale, err_msg=what)


@pytest.mark.filterwarnings("ignore")
def test_further_answers_hang_on_no_identifier(panel, cubes, monkeypatch):
    """Ten permutations: most of these are reckoned from estimates and covariance alone."""
    told = None
    for cube, _ in cubes[:10]:
        monkeypatch.setattr(Panel, "cube", lambda *_, cube=cube, **__: cube)
        said = dict(further_answers(GROUPS["propensity"](panel)))
        told = said if told is None else told
        same(said, told)


@pytest.mark.parametrize("estimator", ["dr", "ipw", "reg"])
def test_group_time_effects_hang_on_no_identifier(panel, cubes, estimator, monkeypatch):
    told = None
    for cube, _ in cubes:
        monkeypatch.setattr(Panel, "cube", lambda *_, cube=cube, **__: cube)
        found = mih.group_time_effects(
            panel, outcomes=["wage_income"], covariates=["age", "taste"], estimator=estimator
        )
        event = found.aggregate("event")
        said = {"group-time": numbers(found.to_frame()), "event": event.matrix}
        told = said if told is None else told
        same(said, told)


def test_lots_are_drawn_as_fairly_by_names_as_by_seeds(panel, whole, cubes, monkeypatch):
    """What a draw moves has the same mean over permutations of the names as over seeds."""
    wage = whole.outcome("wage_income")
    change = wage[:, -1] - wage[:, 2]

    def estimate(cube, who, seed, **options):
        monkeypatch.setattr(Panel, "cube", lambda *_, **__: cube)
        pairs = mih.match(panel, on=["age"], ratio=1, replace=False, seed=seed, **options).pairs()
        own, other = (change[[who[p] for p in pairs[c]]] for c in ("participant_id", "control_id"))
        return np.nanmean(own - other)

    unchanged = dict(zip(whole.person_id, range(whole.n_persons), strict=True))
    for options in ({}, {"order": "random"}):
        by_name = [estimate(*permuted(whole, k), 1, **options) for k in range(DRAWN)]
        by_seed = [estimate(whole, unchanged, k, **options) for k in range(DRAWN)]
        error = np.sqrt((np.var(by_name) + np.var(by_seed)) / DRAWN)
        assert error > 0
        assert abs(np.mean(by_name) - np.mean(by_seed)) < 4 * error
        assert 0.8 < np.std(by_name) / np.std(by_seed) < 1.25


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["propensity", "mahalanobis", "cem"])
def test_the_unit_of_money_decides_nothing(method):
    """Whole numbers of a unit: the same matches, and effects and their errors in that unit."""
    frame, told = awkward(), None
    frame["wage_income"] = (frame["wage_income"] / 10_000).round() % 12
    for unit in (1.0, 100_000.0, 0.01, 0.07):
        amounts = (frame["wage_income"] * unit).round(2)
        panel = mih.read_panel(frame.assign(wage_income=amounts, dagpenger=0.0), money="fixed")
        apart = mih.match(panel, on=["age", "taste"], ratio=1, replace=False, caliper=None)
        bounds = mih.rosenbaum_bounds(apart, year=1, gamma=[1, 1.5]).table
        group = mih.match(panel, on=["age", *LAGS], method=method, ratio=2)
        effects = mih.event_study(group, outcomes="wage_income", window=WINDOW)
        said = {
            "weights": group.pairs()["weight"].to_numpy(),
            "effects": effects.estimate / unit,
            "covariance": effects.matrix / unit**2,
            "p": bounds[["p_lower", "p_upper", "largest_gamma"]].to_numpy(),
            "bounds": bounds[["estimate_low", "estimate_high"]].to_numpy() / unit,
        }
        told = said if told is None else told
        same(said, told)
