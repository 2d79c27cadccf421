"""Control groups: attrition, balance, cards; what the analyst sees of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from tests.support import read_frame, small_register


def test_attrition_counts_persons_through_every_filter(group, panel):
    flow = group.attrition().set_index("step")
    frame = small_register()
    assert (
        flow.loc["register", "participants"]
        == frame.loc[frame["start_year"].notna(), "person_id"].nunique()
    )
    assert flow["participants"].is_monotonic_decreasing
    assert flow.loc["matched", "participants"] == group.n_participants
    assert flow.loc["matched", "candidates"] == group.n_controls
    assert len(group.pairs()) == flow.loc["matched", "candidate_rows"]


def test_to_frame_has_one_row_per_person_and_set(group):
    frame = group.to_frame()
    assert list(frame.columns) == ["person_id", "role", "start_year", "match_id", "weight"]
    assert (frame.groupby("match_id")["role"].first() == "participant").all()
    sums = frame.groupby(["match_id", "role"])["weight"].sum()
    np.testing.assert_allclose(sums, 1.0)


def test_balance_is_what_pandas_says(group):
    balance = group.balance().to_frame().set_index("covariate")
    age = group.risk.design.X[:, 0]
    treated, weight = group.risk.treated, group.row_weight
    spread = age[treated].std(ddof=1)
    row = balance.loc["age"]
    assert row["smd_before"] == pytest.approx((age[treated].mean() - age[~treated].mean()) / spread)
    after = np.average(age[treated], weights=weight[treated]) - np.average(
        age[~treated], weights=weight[~treated]
    )
    assert row["smd_after"] == pytest.approx(after / spread)
    # The weighted variance of whole-number weights is that of the repeated rows, up to its divisor.
    repeated = np.repeat(age[~treated], np.round(weight[~treated] * 60).astype(int))
    w = weight[~treated]
    divisor = (w.sum() - (w**2).sum() / w.sum()) / w.sum()
    variance = repeated.var() / divisor
    matched = treated & (weight > 0)
    assert row["variance_ratio_after"] == pytest.approx(age[matched].var(ddof=1) / variance)
    assert group.balance().worst < balance["smd_before"].abs().max()


def test_balance_has_a_row_for_every_value_and_for_the_score():
    """The value without an indicator in the logit is the one that differs most here."""
    group = mih.match(_schooled(), on=["education"], ratio=1, replace=False, caliper=None)
    balance = group.balance().to_frame().set_index("covariate")
    values = [f"education={value}" for value in "abcde"]
    assert balance.index.tolist() == ["propensity_score", *values]
    risk, weight = group.risk, group.row_weight
    frame = pd.DataFrame({"treated": risk.treated, "score": group.score.index, "weight": weight})
    frame["education"] = group.read("education", np.arange(len(frame)))
    columns = [frame["score"], *((frame["education"] == value).astype(float) for value in "abcde")]
    t, spread = frame["treated"], [x[frame["treated"]].std() for x in columns]
    before = [(x[t].mean() - x[~t].mean()) / s for x, s in zip(columns, spread, strict=True)]
    after = [
        (np.average(x[t], weights=weight[t]) - np.average(x[~t], weights=weight[~t])) / s
        for x, s in zip(columns, spread, strict=True)
    ]
    np.testing.assert_allclose(balance["smd_before"], before, rtol=1e-9)
    np.testing.assert_allclose(balance["smd_after"], after, rtol=1e-9, atol=1e-12)
    assert balance["smd_before"].abs().drop("propensity_score").idxmax() == "education=a"
    assert group.balance().worst == pytest.approx(max(map(abs, after)))


def test_a_difference_from_participants_who_are_all_alike_counts():
    panel = _schooled(rare=True)
    group = mih.match(panel, on=["education", "rare"], method="mahalanobis", caliper=None,
                      ratio=2000)  # fmt: skip
    balance = group.balance()
    row = balance.to_frame().set_index("covariate").loc["rare"]
    assert row["participants_after"] == 0 < row["controls_after"]
    assert row["smd_before"] == row["smd_after"] == -np.inf
    assert balance.worst == np.inf
    text = balance.summary("en")
    assert "∞" in text
    assert "In 1 of the rows all participants are alike" in text
    image = balance.plot(lang="en")
    assert any("Arrow" in text.get_text() for text in [*image.texts, *image.figure.texts])
    # With the same mean there is no difference, by whatever yardstick.
    alike = mih.weight(panel, on=["education", "rare"]).balance().to_frame().set_index("covariate")
    assert alike.loc["rare", "smd_after"] == 0.0


def _schooled(*, rare=False):
    """A register of one start year: 45 % of participants have education a, 33 % of the others."""
    shares = {500: (0.45, 0.10, 0.10, 0.10, 0.25), 2000: (0.33, 0.13, 0.13, 0.13, 0.28)}
    education = np.concatenate(
        [np.repeat(list("abcde"), np.rint(n * np.array(share)).astype(int))
         for n, share in shares.items()]
    )  # fmt: skip
    person = np.arange(len(education))
    persons = pd.DataFrame({"person_id": person, "education": education})
    persons["start_year"] = np.where(person < 500, 2020, np.nan)
    if rare:
        persons["rare"] = np.where(person % 10 == 9, 1.0, 0.0) * (person >= 500)
    years = [persons.assign(year=y, wage_income=300_000.0 + person) for y in (2019, 2020)]
    return mih.read_panel(pd.concat(years), money="fixed")


def test_exact_columns_are_balanced_to_the_last_digit(group):
    balance = group.balance().to_frame().set_index("covariate")
    county = balance[balance.index.str.startswith("county=")]
    assert len(county) == 2
    np.testing.assert_allclose(county["smd_after"], 0.0, atol=1e-12)


def test_effective_sample_size_counts_persons_not_rows(group):
    pairs = group.pairs()
    w = pairs.groupby("control_id")["weight"].sum()
    assert group.effective_controls == pytest.approx(w.sum() ** 2 / (w**2).sum())


def test_by_start_year_fits_one_model_each():
    panel = mih.read_panel(small_register(1500, starters=400, seed=9))
    group = mih.match(panel, on=["age", *mih.lag("wage_income", 1)], score="by_start_year")
    assert len(group.score.models) == 8
    assert set(group.score.to_frame()["covariate"]) == {"constant", "age", "wage_income[-1]"}


@pytest.mark.parametrize("order", ["largest", "smallest", "data", "random"])
def test_orders_without_replacement_are_repeatable(panel, order):
    runs = [
        mih.match(panel, on=["age"], replace=False, ratio=1, order=order, seed=7).pairs()
        for _ in range(2)
    ]
    assert runs[0].equals(runs[1])


def test_eligible_is_a_column_or_an_expression_in_the_year_before_start():
    import narwhals as nw

    frame = small_register(500, starters=60, seed=2)
    frame["eligible"] = frame["dagpenger"] > 60_000
    by_column = mih.match(mih.read_panel(frame), on=["age"])
    by_expression = mih.match(
        mih.read_panel(frame.drop(columns="eligible")),
        on=["age"],
        eligible=nw.col("dagpenger") > 60_000,
    )
    assert by_column.pairs().equals(by_expression.pairs())
    assert by_column.eligible == "eligible"
    chosen = by_column.pairs()
    truth = frame.assign(person_id=frame["person_id"].astype(str)).set_index(["person_id", "year"])
    keys = list(zip(chosen["control_id"], chosen["start_year"] - 1, strict=True))
    assert truth.loc[keys, "eligible"].all()


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_card_is_aggregate_and_speaks_both_languages(group, lang):
    text = group.summary(lang)
    assert ("Kontrollgruppe" if lang == "nb" else "Control group") in text
    assert group.pairs()["control_id"].iloc[0] not in text.split()
    assert "<table" in group._repr_html_()


def test_small_groups_are_hidden_on_the_card():
    frame = small_register(300, starters=40)
    late = frame["start_year"] > 2014
    frame.loc[late, "start_year"] = np.nan
    few = frame.loc[frame["start_year"].notna(), "person_id"].unique()[:3]
    frame.loc[~frame["person_id"].isin(few), "start_year"] = np.nan
    group = mih.match(mih.read_panel(frame), on=["age"], ratio=1)
    assert group.n_participants == 3
    assert "skjult (færre enn 5)" in group.summary("nb")
    with mih.options(min_cell=1):
        assert "3 av 3" in group.summary("nb")
    effects = mih.event_study(group, outcomes=["wage_income"])
    assert np.isfinite(effects.to_frame()["estimate"]).any()
    assert effects.shown().to_frame()["estimate"].isna().all()


def test_the_card_tells_ties_and_what_they_leave_to_chance():
    panel = mih.read_panel(small_register(500, starters=60, ties=True, seed=4))
    options = {"on": ["age", *mih.lag("wage_income", 1)], "exact": "county", "ratio": 2}
    group = mih.match(panel, **options)
    many = group.pairs().groupby("participant_id").size()
    assert group.ties == (many > 2).sum() > 5
    assert group.tied_share == pytest.approx((1 - 2 / many).mean())
    text = " ".join(group.summary("en").split())
    assert f"Participants with tied controls {group.ties}" in text
    assert f"would have decided {100 * group.tied_share:.1f}% of the controls' weight" in text
    drawn = mih.match(panel, replace=False, **options)
    assert 0.2 < drawn.tied_share < 1.0
    text = " ".join(drawn.summary("en").split())
    assert f"Another draw would have put {100 * drawn.tied_share:.1f}%" in text
    other = mih.match(panel, replace=False, seed=1, **options)
    moved = drawn.person_weight / 60 - other.person_weight / 60
    assert np.abs(moved).sum() / 2 == pytest.approx(drawn.tied_share, abs=0.1)


def test_a_group_without_ties_leaves_nothing_to_chance(group):
    assert (group.ties, group.tied_share) == (0, 0.0)
    assert "lots" not in group.summary("en")


def told_apart(frame: pd.DataFrame, on: list[str], **options) -> str:
    with mih.options(lang="en"):
        said = " ".join(mih.match(read_frame(frame), on=on, **options).summary().split())
    return said.partition("In ")[2].partition(" no candidate is like")[0]


def test_values_of_participants_that_no_candidate_has_are_told_on_the_card():
    frame = small_register(300, starters=60, seed=2)
    starts = frame["start_year"].notna()
    rng = np.random.default_rng(1)
    x = pd.Series(rng.normal(size=len(frame)).round(3))
    nearest = {"distance": "mahalanobis", "caliper": None}
    shared = frame.assign(x=x, place=np.where(starts, "A", frame["county"]))
    assert told_apart(shared, ["age", "x", "place"], **nearest) == "", "candidates have A too"
    apart = {
        "county": frame.assign(county=np.where(starts, frame["county"], "A")),
        "x": frame.assign(x=np.where(starts, x + 20, x)),
    }
    for name, each in apart.items():
        assert told_apart(each, ["age", name], **nearest) == name
    both = apart["x"].assign(county=apart["county"]["county"])
    assert told_apart(both, ["age", "x", "county"], **nearest) == "x and county"
    # Candidates of one value, and participants around it: a score exists, and nobody is alike.
    around = frame.assign(x=np.where(starts, x, 0.0))
    assert told_apart(around, ["age", "x"]) == "x"
    assert told_apart(frame.assign(x=np.where(starts, 0.0, x)), ["age", "x"]) == ""
    # A score leaves out whom nobody is like: then they are counted, and nobody is left to tell of.
    assert told_apart(apart["county"], ["age", "county"]) == ""


def test_the_column_that_alone_keeps_participants_from_candidates_is_named():
    frame = small_register(200, starters=20, seed=1)
    starter = frame["start_year"].notna()
    frame["county"] = frame["county"].where(~starter, "C")
    panel = mih.read_panel(frame)
    with pytest.raises(mih.SupportError, match="by county alone none does") as raised:
        mih.match(panel, exact=["county", "education"], on=["age"])
    assert raised.value.do.startswith("leave county out of exact=")
    assert len(mih.match(panel, exact=["education"], on=["age"]).to_frame())
    both = frame.assign(
        county=frame["education"].where(~starter, "basic"),
        education=frame["education"].where(~starter, "higher"),
    )
    with pytest.raises(mih.SupportError, match=r"a candidate\. Found") as raised:
        mih.match(mih.read_panel(both), exact=["county", "education"], on=["age"])
    assert raised.value.do.startswith("match exactly on fewer columns")


def test_a_panel_of_participants_alone_says_that_nobody_can_be_a_control():
    frame = small_register(200, starters=20, seed=1)
    starts = frame.groupby("person_id")["start_year"].transform("count") > 0
    for own in (frame[starts], frame.assign(eligible=starts)):
        with pytest.raises(
            mih.SupportError, match="Nobody in the panel can be a control"
        ) as raised:
            mih.match(mih.read_panel(own), exact=["county"], on=["age"])
        assert raised.value.found == "20 participants and 0 candidates"
        assert "keep those who never start" in raised.value.do


def test_a_panel_with_the_start_years_alone_is_told_to_keep_the_years_before():
    frame = small_register(200, starters=20, seed=1)
    kept = frame["start_year"].isna() | (frame["year"] >= frame["start_year"])
    with pytest.raises(mih.SupportError, match="row in the year before start") as raised:
        mih.match(mih.read_panel(frame[kept]), on=["education"])
    assert raised.value.do.startswith("keep the years before start too")


@pytest.mark.parametrize("term", ["wage_income[1]", "wage_income[+2]", "wage_income[0]"])
def test_what_is_measured_after_the_start_is_no_characteristic(panel, term):
    with pytest.raises(mih.OptionError, match="is an effect, and no characteristic") as raised:
        mih.match(panel, on=["age", term])
    assert "wage_income[-1] is the last before it" in raised.value.do
