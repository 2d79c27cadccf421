"""Values that one side alone has: left out, counted, and the rest as if they had not been there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.controls.covariates import one_sided
from tests.support import read_frame


def register(seed: int = 1, starters: int = 60, others: int = 240) -> pd.DataFrame:
    """Return a register by year, 2012 to 2019, with starts in 2016 and 2017."""
    rng = np.random.default_rng(seed)
    n, years = starters + others, np.arange(2012, 2020)
    person, year = np.repeat(np.arange(n), len(years)), np.tile(years, n)
    start = np.full(n, np.nan)
    start[:starters] = np.where(np.arange(starters) % 2, 2016, 2017)
    wage = rng.normal(300_000, 60_000, n)[person] + rng.normal(0, 20_000, len(person))
    return pd.DataFrame(
        {
            "person_id": [f"p{k:04d}" for k in person],
            "year": year,
            "wage_income": (wage + 50_000 * (year >= start[person])).clip(0).round(2),
            "start_year": start[person],
            "birth_year": rng.integers(1960, 1995, n)[person],
            "origin": rng.choice(["Norge", "EU", "Asia"], n)[person],
            "dummy": rng.integers(0, 2, n).astype(float)[person],
        }
    )


def ids(frame: pd.DataFrame, *, started: bool) -> np.ndarray:
    return frame.loc[frame["start_year"].notna() == started, "person_id"].unique()


def read(frame: pd.DataFrame) -> mih.Panel:
    return read_frame(frame, money="fixed")


def effects_of(panel: mih.Panel, call: str, on: list[str]) -> pd.DataFrame:
    """Return the wage effects by a road, and none of what differs by how many were left out."""
    outcomes = {"outcomes": "wage_income"}
    if call.startswith("group_time"):
        estimator = call.split()[1]
        found = mih.group_time_effects(panel, **outcomes, covariates=on, estimator=estimator)
        return found.to_frame().drop(columns="n_lost")
    if call in ("ipw", "entropy"):
        group = mih.weight(panel, on=on, method=call)
    elif call == "by start year":
        group = mih.match(panel, on=on, score="by_start_year")
    else:
        group = mih.match(panel, on=on, method=call)
    return mih.event_study(group, **outcomes, window=(-2, 2)).to_frame()


ROADS = ["propensity", "mahalanobis", "by start year", "ipw", "group_time dr", "group_time ipw"]


@pytest.mark.parametrize("column", ["origin", "dummy"])
@pytest.mark.parametrize("call", ROADS)
def test_candidates_with_a_value_no_participant_has_are_as_if_not_there(call, column):
    frame = register()
    rare = ids(frame, started=False)[-7:]
    if column == "dummy":
        frame["dummy"] = 0.0
    frame.loc[frame["person_id"].isin(rare), column] = "Oseania" if column == "origin" else 1.0
    found = effects_of(read(frame), call, ["age", column])
    without = frame[~frame["person_id"].isin(rare)]
    want = effects_of(read(without), call, ["age"] if column == "dummy" else ["age", column])
    numbers = ["estimate", "std_error", "n_participants", "n_controls"]
    pd.testing.assert_frame_equal(found[numbers], want[numbers], rtol=1e-9)


@pytest.mark.parametrize("column", ["origin", "dummy"])
@pytest.mark.parametrize("call", [*ROADS, "entropy", "group_time reg"])
def test_participants_with_a_value_no_candidate_has_are_as_if_not_there(call, column):
    frame = register()
    rare = ids(frame, started=True)[:6]
    if column == "dummy":
        frame["dummy"] = 0.0
    frame.loc[frame["person_id"].isin(rare), column] = "Oseania" if column == "origin" else 1.0
    found = effects_of(read(frame), call, ["age", column])
    without = frame[~frame["person_id"].isin(rare)]
    want = effects_of(read(without), call, ["age"] if column == "dummy" else ["age", column])
    numbers = ["estimate", "std_error", "n_participants", "n_controls"]
    pd.testing.assert_frame_equal(found[numbers], want[numbers], rtol=1e-9)


def test_who_is_left_out_is_counted_by_column_and_said_on_the_card():
    frame = register()
    frame.loc[frame["person_id"].isin(ids(frame, started=False)[:7]), "origin"] = "Oseania"
    frame["place"] = np.where(frame["person_id"].isin(ids(frame, started=True)[:6]), "A", "B")
    group = mih.match(read(frame), on=["age", "origin", "place"])
    flow = group.attrition().set_index("step")
    assert flow.index.tolist() == [
        "register", "observed", "cell", "level: origin", "level: place", "matched",
    ]  # fmt: skip
    counts = flow[["participants", "candidates", "candidate_rows"]]
    assert (counts.loc["cell"] - counts.loc["level: origin"]).tolist() == [0, 7, 14]
    assert (counts.loc["level: origin"] - counts.loc["level: place"]).tolist() == [6, 0, 0]
    assert flow.loc["level: origin", "column"] == "origin"
    assert "same value of origin: 14 candidate rows." in group.summary("en")
    assert "samme verdi av place: 6 deltakere." in group.summary("nb")
    found = mih.group_time_effects(
        read(frame), outcomes="wage_income", covariates=["age", "origin", "place"]
    )
    assert (
        found.attrition()
        .set_index("step")
        .loc[flow.index[:5], counts.columns]
        .equals(counts.iloc[:5])
    )
    assert "same value of origin: 14 candidate rows." in found.summary("en")


@pytest.mark.parametrize("call", ["propensity", "ipw", "entropy", "group_time dr"])
def test_where_nothing_is_shared_there_is_no_common_support(call):
    frame = register()
    frame["z"] = frame["start_year"].notna().astype(float)
    with pytest.raises(mih.SupportError, match="no value in common of z: there is no common"):
        effects_of(read(frame), call, ["age", "z"])


def test_values_are_left_out_until_both_sides_have_all_that_are_left():
    # The only participant of b has 2, which no candidate has; then b has no participant.
    one = np.array(["a", "a", "a", "b", "b", "b"], dtype=object)
    two = np.array([0.0, 1.0, 0.0, 1.0, 0.0, 0.0])
    treated = np.array([True, True, False, True, False, False])
    cell = np.zeros(6, dtype=np.int64)
    assert one_sided([one, two], treated, cell).tolist() == [-1, 1, -1, 1, 0, 0]
    assert one_sided([one, two], treated, cell, candidates=False).tolist() == [-1, 1, -1, 1, -1, -1]
    group = np.array([0, 0, 0, 1, 1, 1])
    assert one_sided([one], treated, cell, group=group).tolist() == [-1] * 6


def test_a_number_with_many_values_is_left_alone():
    values = np.arange(8.0)
    treated = np.arange(8) < 3
    assert (one_sided([values], treated, np.zeros(8, dtype=np.int64)) == -1).all()


def test_a_combination_that_one_side_alone_has_is_told_from_no_common_support():
    frame = register(seed=3)
    kind = frame["person_id"].str[1:].astype(int) % 3
    # Neither is 0 nor is 1 on one side alone; x without y is, and y without x.
    starts = frame["start_year"].notna()
    frame["x"] = np.where(starts, kind > 0, kind > 1).astype(float)
    frame["y"] = np.where(starts, kind > 1, kind > 0).astype(float)
    with pytest.raises(mih.SupportError, match="alone or together") as raised:
        mih.match(read(frame), on=["x", "y"])
    assert "no common support" not in str(raised.value)
    frame["z"] = starts * 10.0 + kind
    with pytest.raises(mih.SupportError, match="without error: there is no common support"):
        mih.match(read(frame), on=["z"])


# --- what is missing, and what follows from what --------------------------------------------------


def test_who_lacks_a_characteristic_is_counted_by_it():
    frame = register()
    lacking = {"origin": ids(frame, started=True)[:9], "dummy": ids(frame, started=False)[:20]}
    lacking["dummy"] = np.concatenate([lacking["dummy"], lacking["origin"][:2]])
    for name, persons in lacking.items():
        frame.loc[frame["person_id"].isin(persons), name] = None
    group = mih.match(read(frame), on=["age", "origin", "dummy"])
    flow = group.attrition().set_index("step")
    assert flow.loc["known: origin", ["participants", "candidates"]].tolist() == [51, 240]
    assert flow.loc["known: dummy", ["participants", "candidates"]].tolist() == [51, 220]
    assert flow.loc["known: dummy", "participants"] == flow.loc["observed", "participants"]
    assert "known: age" not in flow.index
    assert "Utelatt fordi origin ikke er kjent: 9 deltakere." in group.summary("nb")
    effects = mih.group_time_effects(
        read(frame), outcomes="wage_income", covariates=["age", "origin", "dummy"]
    )
    counts = ["participants", "candidates", "candidate_rows"]
    steps = ["register", "known: origin", "known: dummy", "observed", "cell"]
    assert effects.attrition().set_index("step").loc[steps, counts].equals(flow.loc[steps, counts])


@pytest.mark.parametrize(
    "on", [["age", "cohort"], ["age", "birth_year"], ["origin", "cohort", "birth_year"]]
)
@pytest.mark.parametrize("starts", [[2017], [2016, 2017]])
def test_columns_that_follow_from_one_another_are_named_as_they_were_given(on, starts):
    frame = register()
    frame["cohort"] = frame["birth_year"] - 1900.0
    frame = frame[frame["start_year"].isna() | frame["start_year"].isin(starts)]
    pair = [name for name in on if name != "origin"]
    calls = [
        lambda panel: mih.match(panel, on=on),
        lambda panel: mih.match(panel, on=on, score="by_start_year"),
        lambda panel: mih.weight(panel, on=on, method="ipw"),
        lambda panel: mih.group_time_effects(panel, outcomes="wage_income", covariates=on),
    ]
    for call in calls:
        with pytest.raises(mih.SupportError, match=f"one another: {' and '.join(pair)}") as raised:
            call(read(frame))
        assert "start_year=" not in str(raised.value)
        assert "constant" not in str(raised.value)
        assert "origin" not in str(raised.value)


def test_eligible_may_not_look_at_other_rows():
    import narwhals as nw

    panel = read(register())
    mean = nw.col("wage_income").mean().over("person_id")
    for expr in (nw.col("wage_income") < mean, nw.col("wage_income") < nw.col("wage_income").max()):
        with pytest.raises(mih.OptionError, match="more than one row"):
            panel.cube(eligible=expr)
