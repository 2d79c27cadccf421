"""Distances, ties and the caliper of `match`: against R's Matching and MatchIt, and slow loops."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.controls.mahalanobis import coordinates
from tests.oracle.test_matching_references import ON, RECORDED, one, pairs_of
from tests.support import small_register

__all__ = ["one"]  # a fixture of the other module

NUMBERS = ("age", *mih.lag("wage_income", 1, 2))
#: The options that give the defaults of other packages; docs/r_and_stata.md shows the same.
NEAREST_OF_R = {"ratio": 1, "caliper": None}
CASES = {
    "probability": {"on": ON, "distance": "probability"},
    "propensity": {"on": ON},
    "mahalanobis_total": {"on": ON, "distance": "mahalanobis_total"},
    "inverse_variance": {"on": NUMBERS, "distance": "inverse_variance"},
    "euclidean": {"on": NUMBERS, "distance": "euclidean"},
    "robust_mahalanobis": {"on": NUMBERS, "distance": "robust_mahalanobis"},
    "matchit": {"on": ON, "distance": "probability", "replace": False},
}


@pytest.fixture(scope="module")
def whole_years():
    """A register in which most candidates are as near as others."""
    return mih.read_panel(small_register(400, starters=60, seed=11))


@pytest.mark.parametrize("case", CASES)
def test_pairs_are_those_of_r(one, case):
    recorded = pd.read_csv(RECORDED / "distances.csv").query("case == @case")
    theirs = {(2016, i, j) for i, j in recorded[["participant", "control"]].to_numpy()}
    assert pairs_of(mih.match(one, **NEAREST_OF_R, **CASES[case])) == theirs


@pytest.mark.parametrize("distance", ["inverse_variance", "euclidean", "robust_mahalanobis"])
def test_a_category_counts_by_all_its_values(one, distance):
    risk = mih.match(one, on=ON, distance=distance, caliper=None).risk
    x = {name: risk.design.column(k) for k, name in enumerate(risk.design.names)}
    every = risk.design.with_every_value()
    education = [every.column(k) for k, n in enumerate(every.names) if n.startswith("education=")]
    assert len(education) == 3
    numbers = [x[str(term)] for term in NUMBERS]
    rng = np.random.default_rng(1)
    point = coordinates(risk, distance)
    if distance == "robust_mahalanobis":
        ranks = np.column_stack([pd.Series(v).rank() for v in (*numbers, *education)])
        by = np.std(np.arange(len(ranks)), ddof=1) / ranks.std(axis=0, ddof=1)
        inverse = np.linalg.pinv(np.cov(ranks.T) * np.outer(by, by), rcond=1e-10)
    for i, j in rng.integers(0, len(point), size=(50, 2)).tolist():
        scale = [np.var(v, ddof=1) if distance == "inverse_variance" else 1.0 for v in numbers]
        slow = sum((v[i] - v[j]) ** 2 / s for v, s in zip(numbers, scale, strict=True))
        for v in education:
            s = np.var(v, ddof=1) if distance == "inverse_variance" else 1.0
            slow += (v[i] - v[j]) ** 2 / s / 2
        if distance == "robust_mahalanobis":
            gap = ranks[i] - ranks[j]
            slow = gap @ inverse @ gap
        assert ((point[i] - point[j]) ** 2).sum() == pytest.approx(slow, rel=1e-8)


def test_a_distance_in_place_of_a_method_is_that_method(one):
    same = (
        mih.match(one, on=ON, distance="mahalanobis"),
        mih.match(one, on=ON, method="mahalanobis"),
    )
    assert pairs_of(same[0]) == pairs_of(same[1])
    assert same[0].method == same[1].method == "mahalanobis"


@pytest.mark.parametrize("ratio", [1, 3])
def test_drawn_ties_are_among_the_nearest_and_even_in_the_long_run(whole_years, ratio):
    options = {"on": "age", "exact": "county", "ratio": ratio, "caliper": None}
    everybody = mih.match(whole_years, **options)
    assert everybody.ties > 20
    allowed = everybody.pairs().set_index(["participant_id", "control_id"])["distance"]
    total = None
    seeds = range(60)
    for seed in seeds:
        drawn = mih.match(whole_years, ties="random", seed=seed, **options)
        pairs = drawn.pairs()
        size = pairs.groupby("participant_id").size()
        asked = np.minimum(allowed.groupby(level=0).size(), ratio)
        assert (size == asked.reindex(size.index)).all()
        chosen = pd.MultiIndex.from_frame(pairs[["participant_id", "control_id"]])
        assert chosen.isin(allowed.index).all()
        here = pd.Series(pairs["weight"].to_numpy(), index=chosen)
        total = here if total is None else total.add(here, fill_value=0.0)
        # Of those strictly nearer than the last nobody is left out.
        farthest = pairs.groupby("participant_id")["distance"].max()
        who = allowed.index.get_level_values(0)
        nearer = allowed[allowed < farthest.reindex(who).to_numpy() - 1e-8]
        assert nearer.index.isin(chosen).all()
    mean = total / len(seeds)
    # A slow loop for what lots ought to give: certain for the nearer, even among the tied.
    wanted = {}
    for i, of_one in allowed.groupby(level=0):
        asked = min(ratio, len(of_one))
        last = np.sort(of_one.to_numpy())[asked - 1]
        nearer = (of_one < last - 1e-8).sum()
        tied = (np.abs(of_one - last) <= 1e-8).sum()
        for (_, j), far in of_one.items():
            wanted[i, j] = (1.0 if far < last - 1e-8 else (asked - nearer) / tied) / asked
    gap = mean.reindex(list(wanted)).fillna(0.0) - pd.Series(wanted)
    assert abs(gap).max() < 0.3  # 4.5 standard deviations of a share of sixty
    assert np.sqrt((gap**2).mean()) < 1.2 * np.sqrt(
        np.mean([w * (1 / ratio - w) / len(seeds) for w in wanted.values()])
    )


def test_the_same_seed_draws_the_same_and_cards_say_so(whole_years):
    options = {"on": "age", "ratio": 1, "ties": "random"}
    one, again, other = (mih.match(whole_years, seed=s, **options) for s in (3, 3, 4))
    assert one.to_frame().equals(again.to_frame())
    assert not one.to_frame().equals(other.to_frame())
    assert 0 < one.tied_share < 1
    assert "drawn by lot" in one.summary("en")
    assert "loddtrekning" in one.summary("nb")


def test_the_card_announces_the_caliper(one):
    texts = {
        0.2: ("0,20 standardavvik av log-odds", "0.20 standard deviations of log odds"),
        None: ("ingen", "none"),
    }
    for caliper, (nb, en) in texts.items():
        group = mih.match(one, on=ON, caliper=caliper)
        assert re.search(
            rf"Største avstand \(caliper\)\W+{nb}", " ".join(group.summary("nb").split())
        )
        assert re.search(rf"Caliper\W+{en}", " ".join(group.summary("en").split()))
    group = mih.match(one, on=ON, distance="probability")
    assert "0.20 standard deviations of the probability" in " ".join(group.summary("en").split())


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"distance": "nearest"}, "distance"),
        ({"distance": "euclidean", "method": "exact"}, "A distance is a method of its own"),
        ({"distance": "euclidean", "method": "mahalanobis"}, "A distance is a method of its own"),
        ({"ties": "first"}, "ties"),
    ],
)
def test_what_does_not_go_together_is_refused(one, options, what):
    with pytest.raises(mih.MihImpactError, match=what):
        mih.match(one, on=ON, **options)


def test_the_table_of_commands_has_the_options_that_are_compared_here():
    text = (Path(__file__).parents[2] / "docs" / "r_and_stata.md").read_text(encoding="utf-8")
    for case in ("probability", "mahalanobis_total", "inverse_variance", "matchit"):
        options = {**NEAREST_OF_R, **CASES[case]}
        named = [f"distance={options['distance']!r}", "ratio=1"]
        named += ["replace=False"] if "replace" in options else []
        call = ", ".join([*named, "caliper=None"]).replace("'", '"')
        assert f"`match({call})`" in text
