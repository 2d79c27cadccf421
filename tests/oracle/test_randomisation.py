"""The randomisation test against enumeration, slow loops, other registers and simulated truth."""

from __future__ import annotations

import itertools
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare

import mih_impact as mih
from mih_impact.controls import matching
from mih_impact.controls.matching import NearestLists, lots, matched, nearest_sets
from mih_impact.controls.options import MatchOptions
from mih_impact.effects.inference import randomisation as assignments
from mih_impact.effects.inference.randomisation import Experiment, draw_starters
from mih_impact.effects.question import read_target
from tests.support import read_frame, small_register

ON = ["age", "education", *mih.lag("wage_income", 1)]
pytestmark = pytest.mark.filterwarnings("ignore:One person carries")


def options_of(group):
    return MatchOptions(**{f.name: group.recipe.options[f.name] for f in fields(MatchOptions)})


def named(frame):
    """Return a register whose identifiers sort as they stand."""
    return frame.assign(person_id=frame["person_id"].map("{:05d}".format))


def with_starts(frame, starts):
    """Return a register in which those named start when they are said to, and nobody else."""
    return frame.assign(start_year=frame["person_id"].map(starts).astype(float))


@pytest.fixture(scope="module")
def register():
    """300 persons, 45 of whom start in one of three years; 4 % of rows missing."""
    frame = named(small_register(300, starters=45, seed=5, missing=0.04))
    return frame.assign(start_year=2014 + 2 * (frame["start_year"] % 3))


@pytest.fixture(scope="module")
def panel(register):
    return read_frame(register, price_year=2024)


# --- who is drawn -----------------------------------------------------------------------------


def every_set(log_odds, places):
    """Return all sets of rows and their probabilities: products of odds, over their sum."""
    sets = list(itertools.combinations(range(len(log_odds)), places))
    product = np.array([np.exp(sum(log_odds[i] for i in rows)) for rows in sets])
    return sets, product / product.sum()


@pytest.mark.parametrize("way", [assignments._apart, assignments._row_by_row])
@pytest.mark.parametrize(("rows", "places"), [(7, 1), (7, 3), (5, 4)])
def test_either_way_of_drawing_has_the_enumerated_distribution(way, rows, places):
    log_odds = np.random.default_rng(rows + places).normal(0, 1.0, rows)
    sets, probability = every_set(log_odds, places)
    given = log_odds
    if way is assignments._apart:
        given = np.exp(log_odds) / np.exp(log_odds).sum()
    found = way(given, places, 20_000, np.random.default_rng(8))
    assert (np.diff(found, axis=1) > 0).all()
    counts = pd.Series(map(tuple, found.tolist())).value_counts().reindex(sets, fill_value=0)
    assert chisquare(counts, 20_000 * probability).pvalue > 0.001
    wrong = np.full(len(sets), 1 / len(sets))  # alike, as if there were no odds
    assert chisquare(counts, 20_000 * wrong).pvalue < 1e-9


def test_symmetric_polynomials_are_sums_over_subsets():
    log_odds = np.random.default_rng(2).normal(size=8)
    log_e = assignments._symmetric(log_odds, 4)
    for i, j in itertools.product(range(9), range(5)):
        subsets = itertools.combinations(range(i, 8), j)
        total = sum(np.exp(log_odds[list(rows)].sum()) for rows in subsets)
        assert np.exp(log_e[i, j]) == pytest.approx(total, rel=1e-12)


def test_blocks_are_drawn_apart_and_keep_their_numbers():
    """Two blocks, rows mixed; one that nobody starts in; the joint distribution is the product."""
    rng = np.random.default_rng(3)
    block = np.array([1, 0, 1, 0, 2, 1, 0, 0, 2])
    treated = np.array([1, 1, 0, 0, 0, 1, 0, 0, 0], dtype=bool)
    log_odds = rng.normal(0, 1, 9)
    drawn = draw_starters(log_odds, treated, block, draws=20_000, rng=rng)
    assert drawn.shape == (20_000, 3)
    assert (np.diff(drawn, axis=1) > 0).all()
    expected = {}
    zero, one = np.flatnonzero(block == 0), np.flatnonzero(block == 1)
    for (a, p), (b, q) in itertools.product(
        zip(*every_set(log_odds[zero], 1), strict=True),
        zip(*every_set(log_odds[one], 2), strict=True),
    ):
        expected[tuple(sorted([*zero[list(a)], *one[list(b)]]))] = p * q
    counts = pd.Series(map(tuple, drawn.tolist())).value_counts()
    assert set(counts.index) <= set(expected)
    counts = counts.reindex(list(expected), fill_value=0)
    assert chisquare(counts, 20_000 * np.array(list(expected.values()))).pvalue > 0.001


@pytest.mark.parametrize("places", [1, 3])
def test_odds_beyond_floating_point_are_odds(places):
    log_odds = np.array([2000.0, -2000.0, 1999.0, 0.0, 1998.5, -800.0])
    treated = np.arange(6) < places
    drawn = draw_starters(
        log_odds, treated, np.zeros(6, dtype=int), draws=500, rng=np.random.default_rng(0)
    )
    assert set(np.unique(drawn)) <= {0, 2, 4}
    if places == 3:
        assert (drawn == [0, 2, 4]).all()


# --- what is estimated ------------------------------------------------------------------------

GROUPS = {
    "propensity": {"on": ON, "ratio": 3},
    "one": {"on": ON, "ratio": 1, "caliper": 0.1},
    "apart": {"on": ON, "ratio": 2, "replace": False},
    "within": {"on": ON, "ratio": 2, "replace": False, "scope": "within_start_year"},
    "smallest": {"on": ON, "ratio": 2, "replace": False, "order": "smallest", "caliper": 0.5},
    "random": {"on": ON, "ratio": 1, "replace": False, "order": "random", "seed": 3},
    "support": {"on": ON, "ratio": 2, "common_support": True},
    "mahalanobis": {"on": ON, "method": "mahalanobis", "ratio": 2, "caliper": None},
    "mahalanobis caliper": {"on": ON, "method": "mahalanobis", "ratio": 2, "caliper": 0.5},
    "mahalanobis apart": {"on": ON, "method": "mahalanobis", "ratio": 1, "replace": False},
    "exact": {"method": "exact", "exact": ["county", "education"]},
    "cem": {"on": ON, "method": "cem", "cutpoints": {"age": 3, "wage_income[-1]": 3}},
    "not yet": {"on": ON, "ratio": 2, "controls": "not_yet", "window_end": 3},
}
WEIGHTS = {
    "entropy": {"method": "entropy"},
    "entropy 2": {"method": "entropy", "moments": 2},
    "ipw": {"method": "ipw"},
    "ipw by year": {"method": "ipw", "score": "by_start_year"},
    "ipw trimmed": {"method": "ipw", "trim": 0.6},
}


def made(panel, name):
    if name in WEIGHTS:
        on = ["age", *mih.lag("wage_income", 1)]
        return mih.weight(panel, on=on, exact=["county"], outcomes="wage_income", **WEIGHTS[name])
    return mih.match(panel, outcomes="wage_income", **{"exact": ["county"], **GROUPS[name]})


def experiment_of(group, window=(-3, 3)):
    target = read_target(group, "wage_income", "did", -1, window, "available", "zero")
    return Experiment.of(group, target), target


@pytest.mark.parametrize("name", [*GROUPS, *WEIGHTS])
def test_at_the_true_starters_it_is_the_effect(panel, name):
    """In every year, with 4 % of rows missing."""
    group = made(panel, name)
    experiment, _ = experiment_of(group)
    true = experiment.rows[experiment.treated]
    found = experiment.prepare(true)(true)
    effects = mih.event_study(group, window=(-3, 3))
    np.testing.assert_allclose(found, effects.estimate[0], rtol=1e-9, atol=1e-6)
    table = mih.randomisation_test(group, year=[3, 1], draws=20).table
    np.testing.assert_allclose(table["estimate"], effects.estimate[0, [4, 6]], rtol=1e-9)
    frame = effects.frame.set_index("year_since_start").loc[[1, 3]]
    assert table["n_participants"].tolist() == frame["n_participants"].tolist()
    assert table["n_controls"].tolist() == frame["n_controls"].tolist()


@pytest.mark.parametrize("name", ["propensity", "mahalanobis", "exact", "ipw"])
def test_starters_are_drawn_in_their_place(panel, name):
    """As many in every start year, and for matching in every county and start year."""
    group = made(panel, name)
    experiment, _ = experiment_of(group)
    columns = {"start_year": group.risk.start_year[experiment.rows]}
    if name in GROUPS:
        for column in group.exact:
            columns[column] = group.read(column, experiment.rows)
    place = pd.DataFrame(columns).groupby(list(columns)).ngroup().to_numpy()
    both = np.unique(np.column_stack([place, experiment.block]), axis=0)
    assert len(both) == len(np.unique(place)) == len(np.unique(experiment.block))


@pytest.mark.parametrize("name", ["exact", "cem"])
def test_a_draw_of_cells_is_a_register_in_which_others_start(register, name):
    """Whole pipeline: the drawn are written into the register as starters, and it is read again."""
    ids = sorted(register["person_id"].unique())
    one = with_starts(register, dict.fromkeys(ids[::7], 2016))
    group = made(read_frame(one, price_year=2024), name)
    experiment, _ = experiment_of(group)
    drawn = experiment.rows[
        draw_starters(
            experiment.log_odds, experiment.treated, experiment.block,
            draws=5, rng=np.random.default_rng(1),
        )
    ]  # fmt: skip
    statistic = experiment.prepare(np.unique(drawn))
    for starters in drawn:
        who = group.risk.cube.person_id[group.risk.person[starters]]
        other = with_starts(register, dict.fromkeys(who, 2016))
        again = made(read_frame(other, price_year=2024), name)
        effects = mih.event_study(again, window=(-3, 3))
        np.testing.assert_allclose(statistic(starters), effects.estimate[0], rtol=1e-9, atol=1e-6)


# --- nearest, looked up -----------------------------------------------------------------------

NEAREST = [
    name for name, options in GROUPS.items() if options.get("method") not in ("exact", "cem")
]


def same_sets(found, slow):
    np.testing.assert_array_equal(found.participant, slow.participant)
    (own, entry), (slow_own, slow_entry) = found.pairs(), slow.pairs()
    np.testing.assert_array_equal(own, slow_own)
    np.testing.assert_array_equal(found.control[entry], slow.control[slow_entry])
    np.testing.assert_allclose(found.weight[entry], slow.weight[slow_entry], rtol=1e-12)


@pytest.mark.parametrize("name", NEAREST)
@pytest.mark.parametrize("ties", [False, True])
def test_looking_up_is_matching_again(panel, name, ties, monkeypatch):
    """Long lists never go the long way, short ones do; both choose what matching anew chooses."""
    if ties:
        frame = named(small_register(240, starters=40, seed=8, ties=True))
        panel = read_frame(
            frame.assign(start_year=2014 + 2 * (frame["start_year"] % 3)), price_year=2024
        )
    group = made(panel, name)
    risk, options, rng = group.risk, options_of(group), np.random.default_rng(6)
    drawn = draw_starters(0.0 * risk.person, risk.treated, risk.cell, draws=6, rng=rng)
    expected = []
    for starters in drawn:
        treated = np.zeros(len(risk.person), dtype=bool)
        treated[starters] = True
        again = replace(risk, treated=treated)
        chosen = group.score, group.whitened, options, lots(risk, options)
        expected.append(nearest_sets(again, starters, *chosen)[0])
    for length, fits in ((len(risk.person), True), (options.ratio + 1, False)):
        if ties and group.whitened is not None and fits:
            length = 200  # all of a cell
        lists = NearestLists.of(
            risk, np.unique(drawn), group.score, group.whitened, options, length=length
        )
        with monkeypatch.context() as patch:
            if fits:
                patch.delattr(matching, "nearest_sets")
            for starters, slow in zip(drawn, expected, strict=True):
                same_sets(lists.match(starters, starters), slow)


# --- all of it, slowly ------------------------------------------------------------------------


class Slowly:
    """The estimate when others start, from the documented words, one person at a time."""

    def __init__(self, group, e):
        risk, cube = group.risk, group.risk.cube
        wage, first = cube.outcome("wage_income"), int(cube.years[0])
        self.group, self.change, self.cell = group, [], risk.cell.tolist()
        self.person, self.year = risk.person.tolist(), risk.start_year.tolist()
        for person, c in zip(self.person, self.year, strict=True):
            self.change.append(wage[person, c + e - first] - wage[person, c - 1 - first])

    def distance(self, i, j):
        if self.group.whitened is not None:
            return np.sqrt(((self.group.whitened[i] - self.group.whitened[j]) ** 2).sum())
        return abs(self.group.score.index[i] - self.group.score.index[j])

    def sets(self, starters):
        """Return rows and weights of the controls of every starter."""
        group, options = self.group, self.group.recipe.options
        rest = [j for j in range(len(self.cell)) if j not in set(starters)]
        if group.model is not None:
            taking = {*group.sets.participant.tolist(), *group.sets.control.tolist()}
            odds = np.exp(group.score.index)
            return {
                i: [(j, odds[j]) for j in rest if j in taking and self.year[j] == self.year[i]]
                for i in starters
            }
        near = {i: [j for j in rest if self.cell[j] == self.cell[i]] for i in starters}
        if group.score is None and group.whitened is None:
            return {i: [(j, 1.0) for j in rows] for i, rows in near.items()}
        limit = np.inf
        if options["caliper"] is not None and group.score is not None:
            limit = options["caliper"] * group.score.index.std(ddof=1)
            near = {
                i: [j for j in rows if abs(group.score.index[i] - group.score.index[j]) <= limit]
                for i, rows in near.items()
            }
        if options["replace"]:
            return {i: self.as_near(i, rows, options["ratio"]) for i, rows in near.items()}
        lot = lots(group.risk, options_of(group))
        chosen, taken = {i: [] for i in starters}, set()
        for _ in range(options["ratio"]):
            for i in sorted(starters, key=lambda i: (-round(group.score.index[i], 8), lot[i])):
                free = [j for j in near[i] if self.person[j] not in taken]
                if free:
                    j = min(free, key=lambda j: (round(self.distance(i, j), 8), lot[j]))
                    chosen[i].append((j, 1.0))
                    taken.add(self.person[j])
        return chosen

    def as_near(self, i, rows, ratio):
        """Return everybody no farther than the ratio-th nearest."""
        far = [self.distance(i, j) for j in rows]
        reach = max(sorted(far)[:ratio], default=0.0) + 1e-9
        return [(j, 1.0) for j, distance in zip(rows, far, strict=True) if distance <= reach]

    def __call__(self, starters):
        starters, contrasts = starters.tolist(), []
        for i, entries in self.sets(starters).items():
            seen = [(self.change[j], w) for j, w in entries if np.isfinite(self.change[j])]
            if np.isfinite(self.change[i]) and seen:
                mean = sum(d * w for d, w in seen) / sum(w for _, w in seen)
                contrasts.append(self.change[i] - mean)
        return sum(contrasts) / len(contrasts)


@pytest.mark.parametrize("name", ["propensity", "apart", "mahalanobis caliper", "exact", "ipw"])
def test_the_whole_test_is_a_slow_loop(panel, name):
    """Persons stand in the risk sets of three start years, and are drawn in each of them apart."""
    group = made(panel, name)
    experiment, _ = experiment_of(group, window=(1, 3))
    draws = 24
    drawn = experiment.rows[
        draw_starters(
            experiment.log_odds, experiment.treated, experiment.block,
            draws=draws, rng=np.random.default_rng(11),
        )
    ]  # fmt: skip
    true = experiment.rows[experiment.treated]
    slow = {e: Slowly(group, e) for e in (1, 3)}
    observed = np.array([loop(true) for loop in slow.values()])
    placebo = np.array([[loop(starters) for loop in slow.values()] for starters in drawn])
    beyond = [
        sum(abs(t) >= abs(own) for t in row) for own, row in zip(observed, placebo.T, strict=True)
    ]
    sd = placebo.std(axis=0, ddof=1)
    largest = [max(abs(row / sd)) >= max(abs(observed / sd)) for row in placebo]

    table = mih.randomisation_test(group, year=[1, 3], draws=draws, seed=11).table
    np.testing.assert_allclose(table["estimate"], observed, rtol=1e-9)
    np.testing.assert_allclose(table["placebo_mean"], placebo.mean(axis=0), rtol=1e-8)
    np.testing.assert_allclose(table["placebo_sd"], sd, rtol=1e-8)
    assert table["p_value"].tolist() == [(1 + b) / (1 + draws) for b in beyond]
    assert (table["p_joint"] == (1 + sum(largest)) / (1 + draws)).all()

    person = group.risk.person
    twice = [len(starters) - len(set(person[starters])) for starters in drawn]
    assert max(twice) > 0  # somebody starts in two start years in one draw
    serves = [
        {*person[starters]} & {person[j] for e in slow[1].sets(starters.tolist()).values()
                               for j, _ in e}
        for starters in drawn[:4]
    ]  # fmt: skip
    assert any(serves)  # and somebody starts in one year and is a control in another
    start = group.risk.cube.start_year[person]
    assert (start[start > 0] == group.risk.start_year[start > 0]).all()  # true starters: their own


# --- size and power ---------------------------------------------------------------------------


def p_values(group, assign, runs, **options):
    """Return p-values when starters of a register where nothing happens are assigned again."""
    cube, chosen_by, found = group.risk.cube, options_of(group), []
    for run in range(runs):
        rng = np.random.default_rng((77, run))
        chosen = matched(replace(cube, start=assign(rng, cube)), chosen_by)
        again = replace(
            group, risk=chosen.risk, sets=chosen.sets, score=chosen.score, whitened=chosen.whitened
        )
        test = mih.randomisation_test(again, year=2, draws=39, seed=run, **options)
        found.append(test.table["p_value"][0])
    return np.array(found)


@pytest.fixture(scope="module")
def idle():
    """400 persons, a programme without effect; who starts earns more, and more in one county."""
    frame = named(small_register(400, starters=60, seed=2, effect=0.0))
    frame = frame[frame["year"].between(2012, 2020)]
    other = frame["person_id"].astype(int) % 2 == 1
    growth = np.where(other, 1 + 0.4 * (frame["year"] - 2012), 1.0)
    return frame.assign(
        county=np.where(other, "B", "A"),
        wage_income=(frame["wage_income"] * growth).round(2),
        start_year=2014 + 2 * (frame["start_year"] % 3),
    )


def by_lot(*years):
    """Assign starters by lot: 5 % in one county, 25 % in the other."""

    def assign(rng, cube):
        start = np.zeros(cube.n_persons, dtype=cube.start_year.dtype)
        for side, share in ((0, 0.05), (1, 0.25)):
            persons = np.flatnonzero(np.arange(cube.n_persons) % 2 == side)
            who = rng.choice(persons, int(share * len(persons)), replace=False)
            start[who] = rng.choice(years, len(who))
        return start

    return assign


def by_wage(rng, cube):
    """Assign 40 starters with odds that rise with the wage of 2015."""
    index = cube.outcome("wage_income")[:, 2015 - int(cube.years[0])] / 500_000
    none = np.zeros(cube.n_persons, dtype=int)
    who = draw_starters(index, np.arange(len(none)) < 40, none, draws=1, rng=rng)[0]
    start = np.zeros(cube.n_persons, dtype=cube.start_year.dtype)
    start[who] = 2016
    return start


def roughly_uniform(p):
    """Return whether p-values of 39 draws, multiples of 1/40, look like all of them alike."""
    bins = np.bincount(np.ceil(p * 8 - 1e-9).astype(int), minlength=9)[1:]
    rejected = (p <= 0.05).mean()
    return chisquare(bins).pvalue > 0.005 and abs(rejected - 0.05) < 3 * np.sqrt(0.0475 / len(p))


@pytest.mark.parametrize("years", [(2016,), (2014, 2016, 2018)], ids=["one year", "three years"])
def test_by_lot_within_cells_p_values_are_uniform(idle, years):
    group = mih.match(read_frame(idle, price_year=2024), method="exact", exact=["county"])
    p = p_values(group, by_lot(*years), 160)
    assert roughly_uniform(p), np.bincount(np.ceil(p * 8 - 1e-9).astype(int))
    whole = idle.assign(county="A")  # as if counties were not known
    group = mih.match(read_frame(whole, price_year=2024), method="exact", exact=["county"])
    assert not roughly_uniform(p_values(group, by_lot(*years), 40))


def test_with_odds_of_a_score_the_test_has_its_size(idle):
    """Starters have higher wages and matching is on them; the score is estimated each time."""
    group = mih.match(
        read_frame(idle, price_year=2024), on=["age", *mih.lag("wage_income", 1)], ratio=2
    )
    p = p_values(group, by_wage, 40)
    assert (p <= 0.05).mean() < 0.05 + 3 * np.sqrt(0.0475 / 40)
    assert 0.4 < p.mean() < 0.65


@pytest.mark.parametrize("name", ["propensity", "apart", "exact", "entropy", "ipw"])
def test_an_effect_is_found_and_a_small_one_less_often(name):
    frame = named(small_register(400, starters=60, seed=6, effect=0.0))
    lot = np.random.default_rng(4).choice([2014, 2016, 2018], 60)
    frame = with_starts(
        frame, dict(zip(sorted(frame["person_id"].unique())[:60], lot, strict=True))
    )
    found = {}
    for effect in (0.0, 25_000.0, 100_000.0):
        wage = frame["wage_income"] + effect * (frame["year"] > frame["start_year"])
        panel = read_frame(frame.assign(wage_income=wage), price_year=2024)
        test = mih.randomisation_test(made(panel, name), year=[2, 3], draws=199)
        found[effect] = test.table["p_joint"][0]
        assert test.passed == (found[effect] > 0.05)
    assert found[0.0] > 0.05
    assert found[100_000.0] == 1 / 200
    assert found[0.0] > found[25_000.0] > found[100_000.0]
