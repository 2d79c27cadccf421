"""Who gains: bins of a number, completers, whether subgroups differ, what is hidden, figures."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import chi2, norm
from statsmodels.stats.multitest import multipletests

import mih_impact as mih
from mih_impact.controls.subgroups import own_groups, split
from mih_impact.display.figure import alt_text
from mih_impact.errors import EffectsError, OptionError
from tests.oracle.test_effects import rows_of
from tests.support import read_frame, small_register

ON = ["age", *mih.lag("wage_income", 1, 2)]


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def register():
    """A register in which some finish, some have no region, and people move in the start year."""
    frame = small_register(700, starters=80, seed=11)
    rng = np.random.default_rng(5)
    done = rng.random(700) < 0.6
    unknown = rng.random(700) < 0.1
    since = frame["year"] - frame["start_year"]  # who finishes is marked once; some did so before
    frame["completed"] = np.where(done[frame["person_id"]], since == 2, since == -2) * 1.0
    frame.loc[unknown[frame["person_id"]], "completed"] = np.nan
    moved = frame["year"] >= frame["start_year"]
    home = rng.choice(["north", "south"], 700)[frame["person_id"]]
    frame["region"] = np.where(moved, "elsewhere", home)
    nowhere = (rng.random(700) < 0.15)[frame["person_id"]]
    frame["parish"] = pd.Series(home).where(~nowhere)
    frame["score"] = rng.normal(50, 20, 700)[frame["person_id"]].round(3)
    return frame


@pytest.fixture(scope="module")
def group(register):
    return mih.match(read_frame(register), exact=["county"], on=ON)


@pytest.fixture(scope="module")
def persons(register, group):
    """A row per participant: as of the year before start, and whether it finished."""
    pairs = group.to_frame().query("role == 'participant'")[["person_id", "start_year"]]
    own = register.assign(person_id=register["person_id"].astype(str))
    before = pairs.assign(year=pairs["start_year"] - 1).merge(
        own.drop(columns="start_year"), on=["person_id", "year"]
    )
    after = own[own["year"] >= own["start_year"]].groupby("person_id")["completed"].max()
    return before.assign(age=before["year"] - before["birth_year"]).join(
        after.rename("finished"), on="person_id"
    )


def counts(effects, e=0):
    """Return the participants of each subgroup, compared or not."""
    frame = effects.to_frame().query("year_since_start == @e")
    n = (frame["n_participants"] + frame["n_lost"]).groupby(frame["subgroup"], sort=False)
    return n.sum().to_dict()


def effects_by(group, by, **options):
    given = {"outcomes": "wage_income", "window": (-2, 3), **options}
    return mih.event_study(group, by=by, **given)


# Bins ---------------------------------------------------------------------------------------


def test_bands_are_those_of_pandas_cut(group, persons):
    effects = effects_by(group, mih.cut("age", 30, 35, 40))
    cut = pd.cut(persons["age"], [-np.inf, 30, 35, 40, np.inf], right=False)
    expected = cut.value_counts(sort=False).tolist()
    found = counts(effects)
    assert list(found) == ["all", "under 30", "30-34", "35-39", "40 and over"]
    assert list(found.values()) == [len(persons), *expected]
    assert (persons["age"] == 35).any()  # a cut belongs to the band above it


def test_bands_have_names_in_both_languages(group):
    names = effects_by(group, mih.cut("age", 30, 40, 50)).split.names
    assert [label.nb for label in names.values()] == [
        "alle deltakere", "under 30", "30–39", "40–49", "50 og over",
    ]  # fmt: skip
    assert [label.en for label in names.values()][-1] == "50 and over"
    money = effects_by(group, mih.cut("wage_income", 100_000, 250_000)).split
    assert money.names["100000 to under 250000"].nb == "fra 100\u00a0000 til under 250\u00a0000"
    assert money.names["100000 to under 250000"].en == "100,000 to under 250,000"
    assert money.label.nb == "lønnsinntekt"
    years = effects_by(group, mih.cut("birth_year", 1970, 1980)).split.names
    assert years["1970-1979"].nb == "1970–1979"  # a year is not grouped
    lagged = effects_by(group, mih.cut(mih.lag("score", 2), 40.5)).split
    assert lagged.names["under 40.5"].nb == "under 40,5"
    assert "2 år før oppstart" in lagged.label.nb


def test_age_alone_is_cut_into_decades(group):
    assert (
        effects_by(group, "age").subgroups
        == effects_by(group, mih.cut("age", 30, 40, 50)).subgroups
    )
    assert effects_by(group, "age").provenance.options["by"] == "cut(age, 30, 40, 50)"


@pytest.mark.parametrize(
    "cuts", [(), (40, 30), (30, 30), ("30", 40), (30, np.inf), (np.nan,), (None,)]
)
def test_cuts_are_numbers_in_order(cuts):
    with pytest.raises(OptionError, match="cut"):
        mih.cut("age", *cuts)


def test_text_is_not_cut(group):
    with pytest.raises(EffectsError, match="Only a column of numbers"):
        effects_by(group, mih.cut("region", 3))


# What may split -----------------------------------------------------------------------------


def test_characteristics_are_read_in_the_year_before_start(group, persons):
    """Everybody moves elsewhere in the start year; as of the year before nobody has."""
    effects = effects_by(group, "region")
    assert "elsewhere" not in effects.subgroups
    found = counts(effects)
    del found["all"]
    assert found == persons["region"].value_counts().sort_index().to_dict()


def test_who_has_no_value_is_a_subgroup_of_its_own(group, persons):
    effects = effects_by(group, "parish")
    assert effects.subgroups[-1] == "(missing)"
    assert counts(effects)["(missing)"] == persons["parish"].isna().sum() > 0
    assert effects.split.names["(missing)"].nb == "ikke oppgitt"
    test = effects.difference_test()
    assert set(test.table["subgroup"]) | set(test.table["versus"]) == {"north", "south"}
    assert "uten oppgitt verdi" in test.sentence["nb"]
    named = effects.difference_test(subgroups=["north", "(missing)"])
    assert set(named.table["versus"]) == {"(missing)"}


def test_too_many_values_suggest_a_cut(group):
    with pytest.raises(EffectsError, match=r"mih\.cut") as caught:
        effects_by(group, "score")
    assert f"{group.n_participants} participants" in str(caught.value)


@pytest.mark.parametrize("by", ["completed", "death_year", mih.cut("death_year", 2020)])
def test_what_is_known_only_after_start_is_refused(register, by):
    mortal = register.assign(death_year=register["start_year"].where(lambda c: c == 2021) + 3)
    group = mih.match(read_frame(mortal), exact=["county"], on=["age"], ratio=1)
    with pytest.raises(EffectsError, match="known only after start"):
        effects_by(group, by)


def test_what_no_candidate_has_cannot_be_compared_within(register):
    motive = np.random.default_rng(1).choice(["a", "b"], 700)[register["person_id"]]
    intake = register.assign(motive=pd.Series(motive).where(register["start_year"].notna()))
    group = mih.match(read_frame(intake), exact=["county"], on=["age"], ratio=1)
    with pytest.raises(EffectsError, match="split by what candidates have too"):
        effects_by(group, "motive")
    with pytest.raises(EffectsError, match=r"No subgroup of motive\[-1\] has controls of its own"):
        effects_by(group, mih.lag("motive", 1))


@pytest.mark.parametrize("by", [mih.lag("score", 1, 2), ("county", "region"), 3, ["county", "age"]])
def test_one_characteristic_at_a_time(group, by):
    with pytest.raises(OptionError, match="one characteristic"):
        effects_by(group, by)


def test_a_value_called_all_is_refused(register):
    frame = register.assign(region=register["region"].replace("north", "all"))
    group = mih.match(read_frame(frame), exact=["county"], on=["age"], ratio=1)
    with pytest.raises(EffectsError, match="name of a subgroup"):
        effects_by(group, "region")


# Completers ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(group):
    return mih.event_study(
        group, outcomes=["wage_income", "in_work"], by=mih.completers("completed"), window=(-5, 6)
    )


def test_completers_are_those_who_ever_finish(finished, persons):
    expected = {
        "all": len(persons),
        "conditional: finished": int((persons["finished"] == 1).sum()),
        "conditional: did not finish": int((persons["finished"] == 0).sum()),
        "(missing)": int(persons["finished"].isna().sum()),
    }
    assert min(expected.values()) > 0
    frame = finished.to_frame().query("outcome == 'wage_income' and year_since_start == 0")
    assert frame.set_index("subgroup")["n_participants"].to_dict() == expected


def test_starters_are_what_they_are_without_completers(finished, group):
    plain = mih.event_study(group, outcomes=["wage_income", "in_work"])
    whole = finished.subgroup("all")
    np.testing.assert_array_equal(whole.estimate, plain.estimate)
    np.testing.assert_allclose(whole.matrix, plain.matrix, rtol=1e-12)
    assert whole.split is None
    assert "betinget" not in whole.summary("nb").lower()


@pytest.mark.parametrize(("lang", "word"), [("nb", "betinget"), ("en", "conditional")])
def test_nobody_can_read_completers_as_the_effect(finished, tmp_path, lang, word):
    note = finished.split.conditional.text(lang)
    one = finished.subgroup("conditional: finished")
    test = finished.difference_test(years=3)
    loaded = mih.load(finished.save(tmp_path / "e.zip"))
    drawn = mih.multiplier_bootstrap(finished, draws=50)
    for shown in (finished, one, test, loaded, loaded.subgroup(one.subgroups[0]), drawn):
        assert note in flat(shown.summary(lang))
        assert note in flat(shown._repr_html_()) or lang == "en"
    assert not one.summary(lang).startswith(("Effekt", "Effects"))
    for ax in (finished.plot(lang=lang), one.plot(lang=lang), one.plot_levels(lang=lang)):
        title = ax.get_title(loc="left")
        assert word in title
        assert not title.startswith(("Effekt", "Effect"))
        assert note in alt_text(ax)
    labels = finished.to_frame()["subgroup"].unique().tolist()
    assert [name.startswith("conditional") for name in labels] == [False, True, True, False]
    assert "conditional: finished" in finished.covariance.index.get_level_values("subgroup")


def test_what_is_no_effect_does_not_enter_the_account(finished):
    one = finished.subgroup("conditional: finished")
    for use in (
        lambda: mih.cost_benefit(one, mih.Assumptions.r109(), programme=mih.Programme.none()),
        lambda: mih.honest_bounds(one, restriction="relative_magnitudes"),
        one.pretrend_test,
    ):
        with pytest.raises(EffectsError, match="a selection made after start"):
            use()
    case = mih.cost_benefit(
        finished, mih.Assumptions.r109(), programme=mih.Programme.none(),
        roles={"wage_income": "wage"},
    )  # fmt: skip
    assert np.isfinite(case.npv)


def test_a_column_that_does_not_say_who_finished(group):
    for column, found in (("region", "text"), ("score", "neither 0 nor 1")):
        with pytest.raises(EffectsError, match=f"{column} does not say who finished.*{found}"):
            effects_by(group, mih.completers(column))
    with pytest.raises(OptionError, match="name of a column"):
        mih.completers(None)


# Small groups -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lonely(register):
    """One participant started in 2014, four in 2015."""
    start = register.drop_duplicates("person_id").set_index("person_id")["start_year"]
    gone = [*start[start == 2014].index[1:], *start[start == 2015].index[4:]]
    return read_frame(register[~register["person_id"].isin(gone)])


@pytest.mark.parametrize("method", ["nearest", "sets", "cells", "entropy", "ipw"])
def test_one_participant_has_an_estimate_and_no_standard_error(lonely, method):
    if method in ("entropy", "ipw"):
        group = mih.weight(lonely, on=["age"], method=method)
    elif method == "cells":
        group = mih.match(lonely, method="exact", exact=["county"], on=["education"])
    else:
        apart = {"replace": False, "scope": "global"} if method == "sets" else {}
        group = mih.match(lonely, exact=["county"], on=ON, ratio=3, **apart)
    effects = effects_by(group, "start_year")
    frame = effects.to_frame().set_index(["subgroup", "year_since_start"])
    alone, scored = frame.loc[("2014", 3)], method in ("nearest", "sets", "ipw")
    assert alone["n_participants"] == (0 if scored else 1)
    assert alone["n_lost"] == (1 if scored else 0)
    assert np.isfinite(alone["estimate"]) == (not scored)
    if scored:  # one person has no score of its own
        assert alone["reason"].startswith("no_controls_of_its_own: The score has more covariates")
    else:
        assert alone["reason"] == "one_participant"
        assert frame.loc[("2014", -1), "estimate"] == 0.0
    assert np.isnan(alone[["std_error", "conf_low", "band_low"]].astype(float)).all()
    assert np.isfinite(frame.loc[("2018", 3), "std_error"])
    test = effects.difference_test(years=3)
    assert "2014" not in {*test.table["subgroup"], *test.table["versus"]}
    assert "uten estimat eller standardfeil: 2014" in test.sentence["nb"]
    assert effects.summary("nb")
    assert effects.plot() is not None


def test_nobody_in_a_subgroup_is_missing_and_not_zero(group):
    effects = effects_by(group, "start_year", composition="balanced", window=(-2, 6))
    row = effects.to_frame().query("subgroup == '2021' and year_since_start == 2").iloc[0]
    assert row["n_participants"] == 0
    assert np.isnan(row["estimate"])
    assert row["reason"] == "nobody_to_compare"


def test_too_few_controls_to_adjust_by_is_a_missing_value_with_its_reason(lonely):
    group = mih.match(lonely, on=ON, ratio=3, method="mahalanobis", caliper=None)
    effects = effects_by(group, "start_year", adjust=True)
    frame = effects.to_frame().set_index(["subgroup", "year_since_start"])
    assert np.isnan(frame.loc[("2014", 3), "estimate"])
    assert frame.loc[("2014", 3), "reason"] == "too_few_controls_to_adjust"
    assert frame.loc[("2014", -1), "estimate"] == 0.0
    assert frame.loc[("2018", 3), "reason"] == ""


# The test that they differ ------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_education(group):
    return mih.event_study(
        group, outcomes=["dagpenger", "wage_income"], by="education", se="person"
    )


def stacked(group, effects, outcome, years):
    """Rows of every subgroup and year as from its own pairs, to be put in one regression."""
    parts = split(group, "education")
    blocks = [
        rows_of(own, effects, outcome, e).assign(year=e, subgroup=name)
        for e in years
        for name, own in zip(parts.names, own_groups(group, parts), strict=True)
    ]
    return pd.concat(blocks, ignore_index=True)


@pytest.mark.parametrize("years", [[3], [1, 3]])
def test_the_joint_test_is_that_of_an_interacted_regression(group, by_education, years):
    """Cells' dummies, and each times treatment; clustered by person across cells, by statsmodels.

    Only the documented factor G / (G - 1) of each cell is put in by hand.
    """
    rows = stacked(group, by_education, "wage_income", years)
    cell = rows["year"].astype(str) + rows["subgroup"]
    cells = list(dict.fromkeys(cell))
    dummies = np.column_stack([(cell == name) for name in cells]).astype(float)
    X = np.column_stack([dummies, dummies * rows[["treated"]].to_numpy()])
    fit = sm.WLS(rows["change"].to_numpy(), X, weights=rows["weight"].to_numpy()).fit(
        cov_type="cluster",
        cov_kwds={"groups": pd.factorize(rows["person"])[0], "use_correction": False},
    )
    G = np.array([rows.loc[cell == name, "person"].nunique() for name in cells])
    scale = np.diag(np.concatenate([np.ones(len(cells)), np.sqrt(G / (G - 1))]))
    V = scale @ np.asarray(fit.cov_params()) @ scale
    R = []
    for t in range(len(years)):
        for s in (1, 2):  # each subgroup less the last, where ours takes the first
            row = np.zeros(2 * len(cells))
            row[len(cells) + 3 * t + s - 1], row[len(cells) + 3 * t + 2] = 1.0, -1.0
            R.append(row)
    expected = fit.wald_test(np.array(R), cov_p=V, use_f=False, scalar=True)
    test = by_education.difference_test(years=years)
    assert test.df == len(R)
    assert test.statistic == pytest.approx(expected.statistic, rel=1e-7)
    assert test.p_value == pytest.approx(expected.pvalue, rel=1e-7)
    for row in test.table.itertuples():
        one, other = (
            len(cells) + cells.index(f"{row.year_since_start}{name}")
            for name in (row.subgroup, row.versus)
        )
        assert row.difference == pytest.approx(fit.params[one] - fit.params[other])
        variance = V[one, one] + V[other, other] - 2 * V[one, other]
        assert row.std_error == pytest.approx(np.sqrt(variance), rel=1e-8)


@pytest.mark.parametrize("by", ["education", "start_year"])
@pytest.mark.parametrize("se", ["auto", "person"])
def test_pairs_and_holm_by_a_slow_loop(group, by, se):
    """Every pair from the labelled covariance; Holm by statsmodels over all rows."""
    effects = mih.event_study(group, outcomes=["dagpenger", "wage_income"], by=by, se=se)
    test = effects.difference_test("wage_income", years=[2, 5])
    V, frame = effects.covariance, effects.to_frame().set_index(["subgroup", "outcome", "level"])
    rows = []
    for e in (2, 5):
        seen = [
            name for name in effects.subgroups[1:]
            if np.isfinite(frame.loc[(name, "wage_income", e), "std_error"])
        ]  # fmt: skip
        for a, b in combinations(seen, 2):
            i, j = (a, "wage_income", e), (b, "wage_income", e)
            d = frame.loc[i, "estimate"] - frame.loc[j, "estimate"]
            s = np.sqrt(V.loc[i, i] + V.loc[j, j] - V.loc[i, j] - V.loc[j, i])
            rows.append((e, a, b, d, s, 2 * norm.sf(abs(d / s))))
    expected = pd.DataFrame(rows, columns=list(test.table.columns[:6]))
    holm = multipletests(expected["p_value"], method="holm")[1]
    pd.testing.assert_frame_equal(test.table[expected.columns], expected, rtol=1e-9)
    np.testing.assert_allclose(test.table["p_holm"], holm, rtol=1e-12)
    lost = {"education": 0, "start_year": 2}[by]  # those of 2020 and 2021 have no year 5
    parts = len(effects.subgroups) - 1
    assert test.df == (parts - 1) + (parts - lost - 1)


def test_controls_who_serve_two_subgroups_count(group):
    """A county's controls are its own; who is under 40 in one start year is over it in another."""
    band = mih.cut("age", 40)
    apart, shared = (
        mih.event_study(group, outcomes="wage_income", by=by, se="person").covariance
        for by in ("county", band)
    )
    assert apart.loc[("A", "wage_income", 3), ("B", "wage_income", 3)] == pytest.approx(0, abs=1e-6)
    assert abs(shared.loc[("under 40", "wage_income", 3), ("40 and over", "wage_income", 3)]) > 1.0


def test_a_planted_difference_is_found_and_none_is_not(register):
    """Planted after start, it moves no match: the difference rises by just as much."""
    found = {}
    for planted in (0.0, 200_000.0):
        late = (register["year"] > register["start_year"]) & (register["county"] == "A")
        frame = register.assign(wage_income=register["wage_income"] + planted * late)
        group = mih.match(read_frame(frame, money="fixed"), exact=["county"], on=ON)
        found[planted] = effects_by(group, "county").difference_test(years=[1, 2, 3])
    none, some = found.values()
    assert none.passed is True
    assert "ikke påvist" in none.sentence["nb"]
    assert some.passed is False
    assert "ikke den samme" in some.sentence["nb"]
    assert "Av 3 enkeltvise forskjeller står 3 igjen" in some.sentence["nb"]
    rise = some.table["difference"] - none.table["difference"]
    np.testing.assert_allclose(rise, 200_000.0, rtol=1e-9)


def test_years_from_start_on_unless_named(by_education):
    assert by_education.difference_test().table["year_since_start"].unique().tolist() == [
        0, 1, 2, 3, 4, 5, 6,
    ]  # fmt: skip
    named = by_education.difference_test(years=[3, -3])
    assert named.table["year_since_start"].unique().tolist() == [-3, 3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outcome": "aap"}, "an estimated outcome"),
        ({"years": 9}, "no effect to compare"),
        ({"years": -1}, "no effect to compare"),
        ({"years": []}, "No year"),
        ({"subgroups": ["basic"]}, "Two or more subgroups"),
        ({"subgroups": ["basic", "all"]}, "Two or more subgroups"),
        ({"subgroups": ["basic", "doctorate"]}, "Two or more subgroups"),
        ({"alpha": 1.5}, "between 0 and 0.5"),
    ],
)
def test_what_cannot_be_compared_is_refused(by_education, options, message):
    with pytest.raises((EffectsError, OptionError), match=message):
        by_education.difference_test(**options)


def test_effects_without_subgroups_are_refused(group, by_education):
    for effects in (effects_by(group, None), by_education.subgroup("basic")):
        with pytest.raises(EffectsError, match="no subgroups to compare"):
            effects.difference_test()


def test_no_more_participants_than_years_are_not_tested(lonely):
    """Four started in 2015: three years can be tested together, four cannot."""
    group = mih.match(lonely, exact=["county"], on=ON)
    effects = mih.event_study(group, outcomes="wage_income", by="start_year", window=(-1, 4))
    three = effects.difference_test(years=[1, 2, 3])
    assert three.passed is not None
    four = effects.difference_test(years=[1, 2, 3, 4])
    assert four.passed is None
    assert np.isnan(four.p_value)
    assert np.isfinite(four.table["p_holm"]).all()
    assert "kan ikke testes" in four.summary("nb")
    for many, tested in ((3, True), (4, False)):  # years before start that are not matched on
        effects = mih.event_study(
            group, outcomes="wage_income", by="start_year", window=(-2 - many, 0), se="person"
        )
        found = effects.subgroup("2015").pretrend_test().table
        assert len(found) == many
        assert np.isfinite(found["p_value"]).all() == tested


def test_an_outcome_that_nobody_has_is_not_tested(register):
    frame = register.assign(aap=0.0)
    group = mih.match(read_frame(frame), exact=["county"], on=ON)
    test = mih.event_study(group, outcomes="aap", by="county").difference_test("aap")
    assert test.passed is None
    assert test.table.empty
    assert "kan ikke testes" in test.summary("nb")


# Before start -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def opposed(register):
    """Before start, participants of A fall and those of B rise: together they do neither."""
    since = register["year"] - register["start_year"]
    sign = np.where(register["county"] == "A", 1.0, -1.0)
    before = np.where(since < -1, 60_000.0 * sign, 0.0)
    frame = register.assign(wage_income=register["wage_income"] + 100_000.0 + before)
    group = mih.match(read_frame(frame, money="fixed"), exact=["county"], on=["age"])
    return mih.event_study(group, outcomes="wage_income", by="county", window=(-4, 2))


def test_each_subgroup_has_a_pretrend_test_of_its_own(opposed):
    """Wald's statistics from the labelled covariance, and Holm by statsmodels."""
    whole = opposed.subgroup("all").pretrend_test()
    found = opposed.pretrend_test()
    assert whole.passed is True
    assert found.passed is False
    V, p = opposed.covariance, {}
    for name in ("A", "B"):
        at = [(name, "wage_income", e) for e in (-4, -3, -2)]
        b = opposed.estimate[opposed.subgroups.index(name), :3]
        statistic = b @ np.linalg.solve(V.loc[at, at].to_numpy(), b)
        rows = found.table[found.table["subgroup"] == name]
        assert rows["year_since_start"].tolist() == [-4, -3, -2]
        np.testing.assert_allclose(rows["statistic"], statistic)
        p[name] = chi2.sf(statistic, 3)
        np.testing.assert_allclose(rows["p_value"], p[name])
    adjusted = found.table.groupby("subgroup")["p_holm"].first()
    expected = multipletests(list(p.values()), method="holm")[1]
    np.testing.assert_allclose(adjusted[["A", "B"]], expected)
    assert adjusted["all"] == whole.table["p_value"].iloc[0]
    assert "skiller deltakerne i A, B seg fra sine egne kontroller" in found.sentence["nb"]
    assert "the participants of A, B differ from controls of their own" in found.sentence["en"]


def test_subgroups_alike_before_start_pass(group):
    found = effects_by(group, "county", window=(-5, 2)).pretrend_test()
    assert found.passed is True
    assert "I ingen av gruppene (fylke) er det påvist" in found.sentence["nb"]


def test_the_test_of_differences_says_whether_they_differ_before_start(opposed, group):
    found = opposed.difference_test()
    assert found.years_before == (-4, -3, -2)
    V, size = opposed.matrix, len(opposed.levels)
    b = opposed.estimate[1, :3] - opposed.estimate[2, :3]
    A, B = slice(size, size + 3), slice(2 * size, 2 * size + 3)
    W = V[A, A] + V[B, B] - V[A, B] - V[B, A]
    assert found.p_value_before == pytest.approx(chi2.sf(b @ np.linalg.solve(W, b), 3))
    assert "skiller seg allerede i umatchede år før oppstart" in found.sentence["nb"]
    assert "cannot be read as one between effects" in found.sentence["en"]
    alike = effects_by(group, "county", window=(-5, 2)).difference_test()
    assert alike.p_value_before > 0.05
    assert "er det ikke påvist at gruppene skiller seg" in alike.sentence["nb"]
    matched = effects_by(group, "county").difference_test()
    assert np.isnan(matched.p_value_before)
    assert "kan ikke testes: det er for få umatchede år" in matched.sentence["nb"]


def test_a_pretrend_of_few_persons_is_not_shown(with_few, tmp_path):
    test = with_few.pretrend_test()
    few = test.table["subgroup"] == "2015"
    assert test.table.loc[few, "estimate"].notna().all()
    built = ["estimate", "std_error", "statistic", "p_value", "p_holm"]
    shown = test.shown()
    assert shown.table.loc[few, built].isna().all(axis=None)
    loaded = mih.load(test.save(tmp_path / "t.zip"))
    pd.testing.assert_frame_equal(loaded.table, shown.table)
    for lang in ("nb", "en"):
        assert "2015" not in test.summary(lang)
        assert loaded.sentence[lang] == shown.sentence[lang]


def test_what_subgroups_give_together_stands_beside_all(group):
    effects = effects_by(group, "county")
    at = effects.to_frame().query("year_since_start == 3")
    together = np.average(at["estimate"][1:], weights=at["n_participants"][1:])
    text = flat(effects.summary("en"))
    assert f"The groups give NOK {together:,.0f} together" in text
    assert f"all as one NOK {at['estimate'].iloc[0]:,.0f}" in text


def test_a_subgroup_too_small_for_controls_of_its_own_is_named(lonely):
    group = mih.match(lonely, exact=["county"], on=ON)
    effects = effects_by(group, "start_year")
    with mih.options(min_cell=1):
        text = flat(effects.summary("en"))
    assert "Too small to have controls of its own: 2014" in text
    assert "The groups give" not in text


# What is hidden -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def with_few(lonely):
    group = mih.match(lonely, exact=["county"], method="exact")
    return mih.event_study(group, outcomes=["wage_income", "dagpenger"], by="start_year")


def test_a_small_cell_is_not_what_the_others_leave(register):
    """Three in one region, ten and more in the others: a second region is hidden with it."""
    start = register.drop_duplicates("person_id").set_index("person_id")["start_year"].dropna()
    place = pd.Series(np.arange(700) % 2, index=range(700)).map({0: "x", 1: "y"})
    place[600:620], place[620:] = "small", "tiny"  # some who never start live there too
    place[start.index] = np.where(start.index % 2, "x", "y")
    place[start.index[:3]] = "tiny"
    place[start.index[3:15]] = "small"
    frame = register.assign(region=register["person_id"].map(place))
    group = mih.match(read_frame(frame), exact=["county"], method="exact")
    effects = mih.event_study(group, outcomes="wage_income", by="region")
    assert counts(effects)["tiny"] == 3
    shown = effects.shown().frame.query("year_since_start == 3").set_index("subgroup")
    blank = shown["estimate"].isna()
    assert blank.to_dict() == {"all": False, "small": True, "tiny": True, "x": False, "y": False}
    assert effects.to_frame().query("year_since_start == 3")["estimate"].notna().all()
    assert effects.subgroup("small").shown().frame["estimate"].isna().all()
    assert effects.subgroup("x").shown().frame["estimate"].notna().all()
    with mih.options(min_cell=1):
        assert effects.shown().frame["estimate"].notna().all()
    for lang, word in (("nb", "skjult"), ("en", "hidden")):
        ticks = [tick.get_text() for tick in effects.plot(lang=lang).get_yticklabels()]
        assert [word in tick for tick in ticks] == [False, True, True, False, False]
        hidden = [line for line in effects.summary(lang).splitlines() if word in line]
        assert {line.split()[0] for line in hidden} >= {"small", "tiny"}
    test = effects.difference_test(years=3)
    assert test.table["difference"].notna().all()
    kept = test.shown().table.dropna(subset="difference")
    assert list(zip(kept["subgroup"], kept["versus"], strict=True)) == [("x", "y")]


def test_pairs_of_hidden_subgroups_are_hidden(with_few, tmp_path):
    test = with_few.difference_test(years=3)
    assert "2015" in set(test.table["subgroup"])
    small = (test.table["subgroup"] == "2015") | (test.table["versus"] == "2015")
    shown = test.shown().table
    assert shown.loc[small, ["difference", "std_error", "p_holm"]].isna().all().all()
    assert shown.loc[~small, "difference"].notna().all()
    loaded = mih.load(test.save(tmp_path / "t.zip"))
    pd.testing.assert_frame_equal(loaded.table, shown)
    assert loaded.summary("nb") == test.summary("nb")
    pair = with_few.difference_test(years=3, subgroups=["2015", "2016"])
    assert np.isfinite(pair.p_value)
    assert "p =" not in pair.summary("nb")
    assert "Skjult" in pair.summary("nb")
    assert np.isnan(mih.load(pair.save(tmp_path / "p.zip")).p_value)


def test_saved_and_loaded(by_education, tmp_path):
    again = mih.load(by_education.save(tmp_path / "e.zip"))
    assert again.split == by_education.split
    assert again.summary("nb") == by_education.summary("nb")
    test = by_education.difference_test(years=3)
    assert again.difference_test("wage_income", years=3).p_value == test.p_value
    assert mih.load(test.save(tmp_path / "t.zip")).summary("en") == test.summary("en")


# The figure ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_figure_names_the_groups_and_how_many_they_are(by_education, lang):
    ax = by_education.plot(lang=lang)
    title = {
        "nb": "Effekt på lønnsinntekt år 3 etter oppstart, etter utdanning",
        "en": "Effect on wage income in year 3 since start, by education",
    }
    assert ax.get_title(loc="left") == title[lang]
    ticks = [tick.get_text() for tick in ax.get_yticklabels()]
    found = by_education.to_frame().query("outcome == 'wage_income' and year_since_start == 3")
    assert [int(tick.split("(")[1].rstrip(")")) for tick in ticks] == found[
        "n_participants"
    ].tolist()
    drawn = ax.collections[-1].get_offsets()
    np.testing.assert_allclose(drawn[:, 0], found["estimate"])
    colours = [tuple(colour) for colour in ax.collections[-1].get_facecolors()]
    assert colours[0] not in colours[1:]
    assert len(set(colours[1:])) == 1
    assert alt_text(ax).count(";") == 3
    other = by_education.plot("dagpenger", year=1, lang=lang)
    assert ("år 1" if lang == "nb" else "year 1") in other.get_title(loc="left")


def test_a_figure_of_one_subgroup_names_it(by_education):
    for ax in (by_education.subgroup("basic").plot(), by_education.subgroup("basic").plot_levels()):
        assert ax.get_title(loc="left").endswith("Utdanning: basic")
        assert "Utdanning: basic" in alt_text(ax)
    assert "utdanning: basic" in by_education.subgroup("basic").summary("nb")


def test_a_figure_of_what_is_not_there_is_refused(by_education, group):
    for effects, options in (
        (by_education, {"year": 9}),
        (by_education, {"outcome": "aap"}),
        (effects_by(group, None), {"year": 3}),
    ):
        with pytest.raises(OptionError):
            effects.plot(**options)
