"""Parts add up, and what is hidden cannot be reckoned, whatever the split and the counts."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mih_impact as mih
from mih_impact.effects.hidden import hidden_cells
from mih_impact.errors import EffectsError, SupportError
from tests.support import read_frame, small_register

PERSONS = 500


@cache
def register() -> pd.DataFrame:
    """A register with rows missing; a region that some move from, and that some have none of."""
    frame = small_register(PERSONS, starters=70, seed=8, missing=0.05)
    rng = np.random.default_rng(3)
    home = rng.choice(["north", "south"], PERSONS, p=[0.6, 0.4]).astype(object)
    home[rng.random(PERSONS) < 0.1] = None
    moves = np.where(rng.random(PERSONS) < 0.2, rng.integers(2012, 2020, PERSONS), 9999)
    own = frame["person_id"].to_numpy()
    moved = frame["year"].to_numpy() >= moves[own]
    frame["region"] = np.where(moved, "south", home[own])
    frame["part"] = rng.choice(["g0", "g1", "g2"], PERSONS)[own]
    frame["done"] = ((own % 3 > 0) & (frame["year"] > frame["start_year"])).astype(float)
    return frame


BINS = {"age": [32, 38, 44]}
AGE, WAGE = "age", mih.lag("wage_income", 1)
ON = [AGE, *WAGE]
#: Ways of choosing controls, by the verb and its options.
WAYS = {
    "nearest": (mih.match, {"exact": ["county"], "on": ON}),
    "nearest, part": (mih.match, {"on": [*ON, "part"], "common_support": True}),
    "each start year": (mih.match, {"on": [AGE], "score": "by_start_year", "caliper": None}),
    "not yet": (mih.match, {"on": ON, "controls": "not_yet", "ratio": 2}),
    "sets": (mih.match, {"exact": ["county"], "on": ON, "replace": False, "ratio": 2}),
    "mahalanobis": (mih.match, {"on": ON, "method": "mahalanobis", "caliper": None}),
    "exact": (mih.match, {"method": "exact", "exact": ["county"], "on": ["education"]}),
    "coarsened": (mih.match, {"method": "cem", "on": ["age", "education"], "cutpoints": BINS}),
    "entropy": (mih.weight, {"on": [AGE, "education"]}),
    "ipw": (mih.weight, {"on": [*ON, "part"], "method": "ipw", "trim": 0.9}),
}


@cache
def group(way: str):
    verb, options = WAYS[way]
    return verb(read_frame(register()), **options)


def cells(effects, column: str) -> np.ndarray:
    """Return a column of the table by subgroup and year, shape (S, years)."""
    return effects.to_frame()[column].to_numpy(float).reshape(len(effects.subgroups), -1)


def study(way: str, by, **options):
    given = {"outcomes": ["wage_income"], "window": (-3, 5), **options}
    return mih.event_study(group(way), by=by, **given)


# A subgroup is an analysis of its own --------------------------------------------------------


def alone(way: str, by: str, value: str) -> mih.ControlGroup:
    """Return the control group from a register of one subgroup: the rest does not start, and only
    who has the value in the year before is eligible."""
    frame = register().assign(one=lambda frame: (frame[by] == value).to_numpy())
    before = frame["year"] == frame["start_year"] - 1
    known = frame.sort_values("year").groupby("person_id")[["year", "start_year", by]]
    last = known.apply(lambda rows: rows[rows["year"] < rows["start_year"]].tail(1))
    assert before.any()
    others = last.loc[last[by] != value].index.get_level_values(0)
    verb, options = WAYS[way]
    return verb(
        read_frame(frame[~frame["person_id"].isin(others)]),
        eligible="one",
        **{
            **options,
            "on": [term for term in options["on"] if term != by],
            "exact": [term for term in options.get("exact", []) if term != by],
        },
    )


#: A column in exact=, one in on=, and one in neither.
PAIRS = [
    ("nearest", "county"), ("nearest", "region"), ("nearest, part", "part"),
    ("not yet", "county"), ("sets", "county"), ("sets", "part"), ("mahalanobis", "region"),
    ("exact", "region"), ("coarsened", "education"), ("entropy", "education"),
    ("entropy", "region"), ("ipw", "part"), ("ipw", "county"),
]  # fmt: skip


@pytest.mark.parametrize(("way", "by"), PAIRS)
def test_a_subgroup_is_the_analysis_of_a_register_of_it_alone(way, by):
    effects = study(way, by)
    seen = 0
    for name in (name for name in effects.subgroups[1:] if name != "(missing)"):
        part = effects.subgroup(name)
        if (part.frame["reason"].str.startswith("no_controls_of_its_own")).any():
            with pytest.raises(SupportError):
                alone(way, by, name)
            continue
        own = mih.event_study(
            alone(way, by, name), outcomes=["wage_income"], window=(-3, 5), se=effects.se
        )
        np.testing.assert_allclose(part.estimate, own.estimate, rtol=1e-9, atol=1e-5)
        np.testing.assert_allclose(part.matrix, own.matrix, rtol=1e-6, atol=1e-3)
        for count in ("n_participants", "n_controls"):
            np.testing.assert_array_equal(part.frame[count], own.frame[count])
        seen += 1
    assert seen >= 2


# Where subgroups add up ----------------------------------------------------------------------

#: Where controls are chosen within the subgroups anyhow: in cells of the column, or, by start year,
#: where each start year has weights or a score of its own.
APART = [
    ("exact", "county"), ("exact", "education"), ("coarsened", "education"),
    ("entropy", "start_year"), ("exact", "start_year"), ("each start year", "start_year"),
]  # fmt: skip


@pytest.mark.parametrize(("way", "by"), APART)
@pytest.mark.parametrize("composition", ["available", "balanced"])
def test_subgroups_that_are_matched_apart_anyhow_are_all(way, by, composition):
    effects = study(way, by, composition=composition, window=(-3, 3))
    n, estimate = cells(effects, "n_participants"), cells(effects, "estimate")
    refused = cells(effects, "n_lost")[1:].sum(axis=0) - cells(effects, "n_lost")[0]
    np.testing.assert_array_equal(n[1:].sum(axis=0) + refused, n[0])
    assert not refused.any()
    for column in ("estimate", "participant_mean", "control_mean"):
        mean = cells(effects, column)
        whole = (n[1:] * np.nan_to_num(mean[1:])).sum(axis=0) / n[0]
        np.testing.assert_allclose(whole, mean[0], rtol=1e-9, atol=1e-5)
    np.testing.assert_array_equal(np.isnan(estimate), n == 0)


@pytest.mark.parametrize("way", ["exact", "entropy", "each start year"])
def test_start_years_add_up_by_cohort_weights_too(way):
    effects = study(way, "start_year", composition="cohort_weighted", window=(-3, 3))
    start = group(way).risk.start_year[group(way).sets.participant]
    share = np.unique(start, return_counts=True)[1] / len(start)
    estimate = cells(effects, "estimate")
    np.testing.assert_allclose(share @ estimate[1:], estimate[0], rtol=1e-9, atol=1e-5)


def test_the_nearest_by_one_number_are_the_nearest_within_a_cell():
    """Log odds rise with the number in every fit, so that by a column of exact= nobody changes."""
    panel = read_frame(register())
    for options in ({"method": "propensity"}, {"method": "mahalanobis"}):
        one = mih.match(panel, on=WAGE, exact=["part"], caliper=None, ratio=3, **options)
        effects = mih.event_study(one, outcomes="wage_income", by="part", window=(-3, 5))
        n, estimate = cells(effects, "n_participants"), cells(effects, "estimate")
        np.testing.assert_allclose(
            (n[1:] * estimate[1:]).sum(axis=0) / n[0], estimate[0], rtol=1e-9, atol=1e-5
        )


@pytest.mark.parametrize("way", ["sets", "nearest", "mahalanobis", "exact"])
def test_matched_sets_are_kept_by_what_happens_after_start(way):
    effects = study(way, mih.completers("done"))
    n, estimate = cells(effects, "n_participants"), cells(effects, "estimate")
    whole = (n[1:] * np.nan_to_num(estimate[1:])).sum(axis=0) / n[0]
    np.testing.assert_allclose(whole, estimate[0], rtol=1e-9, atol=1e-5)


@settings(max_examples=8)
@given(way=st.sampled_from(list(WAYS)), by=st.sampled_from(["region", "part", "start_year"]))
def test_with_shares_fixed_the_rows_give_the_standard_error(way, by):
    """The norm of the rows' weighted mean is w'Vw, V over all subgroups at once."""
    try:
        effects = study(way, by)
    except EffectsError:  # a score for each start year of each subgroup asks for too much
        return
    e = effects.levels.index(2)
    n, size = cells(effects, "n_participants")[:, e], len(effects.levels)
    kept = [s for s in range(1, len(n)) if n[s] > 1]
    w, at = n[kept] / n[kept].sum(), np.array(kept) * size + e
    row = effects.influence.rows[:, at] @ w
    assert np.sqrt(w @ effects.matrix[np.ix_(at, at)] @ w) == pytest.approx(np.linalg.norm(row))


def test_matched_sets_have_the_variance_within_and_between():
    """The law of total variance, the documented factors n / (n - 1) taken out."""
    effects = study("sets", mih.completers("done"), se="matched_set")
    e = effects.levels.index(3)
    n, tau = cells(effects, "n_participants")[:, e], cells(effects, "estimate")[:, e]
    variance = np.square(cells(effects, "std_error")[:, e]) * (n - 1) / np.maximum(n, 1)
    variance = np.where(n <= 1, 0.0, variance)
    w = n[1:] / n[0]
    seen = n[1:] > 0
    between = (w[seen] * (tau[1:][seen] - tau[0]) ** 2).sum() / n[0]
    assert variance[0] == pytest.approx(w**2 @ variance[1:] + between, rel=1e-9)


@pytest.mark.parametrize("way", ["entropy", "ipw"])
def test_rows_of_all_less_those_of_start_years_are_the_variance_between(way):
    """(tau_s - tau) / n of participants, where each start year has weights of its own anyhow."""
    verb, options = (
        WAYS[way] if way == "entropy" else (mih.weight, {"on": ["age"], "method": "ipw"})
    )
    if way != "entropy":
        options = {**options, "score": "by_start_year"}
    chosen = verb(read_frame(register()), **options)
    effects = mih.event_study(chosen, outcomes="wage_income", by="start_year", window=(-3, 3))
    e, size = effects.levels.index(3), len(effects.levels)
    n, tau = cells(effects, "n_participants")[:, e], cells(effects, "estimate")[:, e]
    rows = effects.influence.rows[:, np.arange(len(n)) * size + e]
    left = rows[:, 0] - rows[:, 1:] @ (n[1:] / n[0])
    treated = np.isin(effects.influence.cluster, chosen.risk.person[chosen.sets.participant])
    scale = np.abs(rows[:, 0]).max()
    assert np.abs(left[~treated]).max(initial=0.0) < 1e-6 * scale
    expected = np.repeat((tau[1:] - tau[0]) / n[0], n[1:].astype(int))
    found = np.sort(left[treated])
    padded = np.concatenate([expected, np.zeros(len(found) - len(expected))])
    np.testing.assert_allclose(found, np.sort(padded), atol=1e-6 * scale)


# What is hidden -----------------------------------------------------------------------------

COUNTS = st.lists(
    st.lists(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 9, 30]), min_size=3, max_size=3),
    min_size=2,
    max_size=6,
)


@settings(max_examples=200)
@given(COUNTS, COUNTS, COUNTS, st.integers(1, 8))
def test_no_small_cell_is_what_the_shown_ones_leave(persons, lost, others, min_cell):
    """An attacker knows n and effect of all and of whoever is shown, and subtracts.

    Who is compared in all may be lost in its subgroup, which has controls of its own: of the means
    of participants, which add up, what the subgroups leave is the hidden ones and the lost.
    """
    parts = min(len(persons), len(lost), len(others))
    n, gone = np.array(persons[:parts]), np.array(lost[:parts])
    controls = np.where(n > 0, np.maximum(others[:parts], 1), 0)
    frame = pd.DataFrame(
        {
            "subgroup": np.repeat(["all", *map(str, range(parts))], 3),
            "term": "event",
            "n_participants": np.vstack([(n + gone).sum(axis=0), n]).ravel(),
            "n_controls": np.vstack([controls.sum(axis=0), controls]).ravel(),
            "n_lost": np.vstack([0 * gone[0], gone]).ravel(),
        }
    )
    with mih.options(min_cell=min_cell):
        found = hidden_cells(frame)
    hidden, few_lost, means = (
        mask.reshape(parts + 1, 3) for mask in (found.estimates, found.lost, found.means)
    )
    size = np.vstack([(n + gone).sum(axis=0), n + gone])
    small = np.zeros_like(hidden)
    for count in (size, np.vstack([size[0], n]), np.vstack([controls.sum(axis=0), controls])):
        small |= (count > 0) & (count < min_cell)
    assert hidden[small].all()
    assert means[hidden].all()
    assert not hidden[size == 0].any()
    assert few_lost[1:][hidden[1:] & (gone > 0)].all()
    for cell in np.flatnonzero(~hidden[0]):
        several = min(2, (size[1:, cell] > 0).sum())  # everybody may be in one
        rest = hidden[1:, cell]
        remains = size[0, cell] - size[1:, cell][~rest].sum()
        assert remains == 0 or (rest.sum() >= several and remains >= min_cell)
        assert small[1:, cell].any() or not rest.any()  # nothing is hidden without need
        rest, apart = means[1:, cell], gone[:, cell].sum()
        few = 0 < apart < min_cell
        if rest.any() or few:
            assert rest.sum() + (apart > 0) >= several or n[:, cell].sum() == 0
            assert size[0, cell] - n[:, cell][~rest].sum() >= min_cell
        assert small[1:, cell].any() or few or not rest.any()
