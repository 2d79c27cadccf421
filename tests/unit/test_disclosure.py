"""What is displayed and saved shows no person: not in itself, and not by subtraction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import mih_impact as mih
from mih_impact.controls.covariates import names_for_messages
from mih_impact.controls.design import Design
from mih_impact.display.locale import in_language
from mih_impact.display.result import is_small, with_complement
from mih_impact.effects.group_time.cells import hidden_counts
from mih_impact.effects.hidden import _beside_all, hidden_cells
from tests.support import small_register


def loner(few: int = 1) -> pd.DataFrame:
    """Return a register in which one person, or a few, start in 2014."""
    frame = small_register(900, starters=160, seed=6)
    of_2014 = frame.loc[frame["start_year"] == 2014, "person_id"].unique()
    frame.loc[frame["person_id"].isin(of_2014[few:]), "start_year"] = 2015.0
    return frame


@pytest.fixture(scope="module")
def panel() -> mih.Panel:
    return mih.read_panel(loner())


@pytest.fixture(scope="module")
def by_start(panel) -> mih.GroupTimeEffects:
    return mih.group_time_effects(panel, outcomes=["wage_income", "in_work"])


@pytest.fixture(scope="module")
def group(panel) -> mih.ControlGroup:
    return mih.match(panel, exact="county", method="exact")


def test_a_complement_hides_the_smallest_until_two_and_enough_persons_are_hidden():
    hidden = np.array([[True, True, False, True], [False] * 4, [False] * 4, [False] * 4])
    size = [[1, 2, 9, 1], [60, 1, 2, 0], [40, 7, 2, 0], [50, 8, 2, 0]]
    found = with_complement(hidden, size)
    assert found[:, 0].tolist() == [True, False, True, False]
    assert found[:, 1].tolist() == [True, True, True, False]  # 2 and 1 are fewer than 5
    assert not found[:, 2].any()
    assert found[:, 3].tolist() == [True, False, False, False]  # nobody else to hide
    assert hidden.sum() == 3, "the argument is not changed"


def test_the_effect_of_one_person_is_hidden_in_every_average(by_start, tmp_path):
    truth = by_start.aggregate("group").to_frame().set_index(["outcome", "level"])
    assert truth.loc[("wage_income", 2014), "n_participants"] == 1
    assert truth.loc[("wage_income", 2015), "n_participants"] == by_start.sizes[1]
    alone = f"{truth.loc[('wage_income', 2014), 'estimate']:,.0f}"
    for kind in ("group", "calendar", "event"):
        average = by_start.aggregate(kind)
        kept = mih.load(average.save(tmp_path / f"{kind}.zip"))
        small = is_small(average.frame["n_participants"])
        assert small.any()
        for seen in (average.shown(), kept):
            assert seen.frame.loc[small, "estimate"].isna().all()
            assert np.isnan(seen.estimate.ravel()[small]).all()
            assert np.isnan(seen.matrix.diagonal()[small]).all()
            entering = seen.frame[seen.frame["level"].isin(average.in_overall)]
            for _, rows in entering.groupby("outcome"):
                assert rows["estimate"].isna().sum() >= 2
        assert alone not in average.summary("en")


def test_no_hidden_group_time_effect_follows_from_what_is_shown(by_start):
    """The averages are linear in the cells: no hidden cell may lie in the span of what is known."""
    K, G, T = by_start.estimate.shape
    names = list(by_start.outcomes)
    hidden = np.isnan(by_start.shown().estimate)
    known = list(np.eye(K * G * T)[~hidden.ravel()])
    since = np.array(by_start.years) - np.array(by_start.starts)[:, None]
    label = {
        "event": since,
        "group": np.broadcast_to(np.array(by_start.starts)[:, None], (G, T)),
        "calendar": np.broadcast_to(np.array(by_start.years), (G, T)),
        "simple": np.zeros((G, T), dtype=int),
    }
    for kind, levels in label.items():
        shown = by_start.aggregate(kind).shown().frame
        for row in shown[shown["estimate"].notna()].to_dict("records"):
            level = 0 if kind == "simple" else row["level"]
            line = (levels == level) & ((since >= 0) | (kind == "event"))
            weights = np.zeros((K, G, T))
            weights[names.index(row["outcome"])] = np.where(line, by_start.sizes[:, None], 0)
            weights /= weights.sum()
            total = (weights * by_start.estimate).sum()
            assert total == pytest.approx(row["estimate"], abs=1e-6), "the weights are the shares"
            known.append(weights.ravel())
    _, singular, right = np.linalg.svd(np.array(known), full_matrices=True)
    free = right[int((singular > 1e-9).sum()) :]
    undetermined = np.linalg.norm(free, axis=0) > 1e-9
    small = is_small(by_start.frame["n_participants"])
    told = small & ~undetermined & (by_start.frame["reason"] != "base_year").to_numpy()
    assert small.any()
    assert not told.any(), by_start.frame.loc[told, ["outcome", "group", "year"]]
    assert (~hidden).mean() > 0.4, "much is shown, of small start years with one large wage too"


def test_what_is_hidden_is_under_the_option_that_hides_it(matched, by_start, tmp_path):
    effects = mih.event_study(matched)
    with mih.options(progress=False):
        left = mih.leave_one_out(matched, by="start_year", year=0)
    few = {"overlap": matched.overlap(), "left": left}
    many = {"group": matched, "effects": effects, "by_start": by_start, **few}
    for least, results in ((5, few), (170, many)):
        for name, found in results.items():
            for lang, word in (("nb", "skjult"), ("en", "hidden")):
                with mih.options(min_cell=least, lang=lang):
                    for said in (found.summary(), found._repr_html_()):
                        assert word in said, (name, lang)
                        assert "min_cell" in said, (name, lang)
                        assert str(least) in said, (name, lang)
    kept = mih.load(few["left"].save(tmp_path / "left.zip"))
    assert "min_cell=5" in " ".join(kept.summary("en").split())
    kept = mih.load(few["overlap"].save(tmp_path / "overlap.zip"))
    assert "min_cell of mih.options" in " ".join(kept.summary("en").split())
    for drawn in (few["left"].plot(lang="en"), few["overlap"].plot(lang="en")):
        texts = " ".join(text.get_text() for text in drawn.figure.findobj(Text))
        assert "(min_cell=5)" in " ".join(texts.split())
    with mih.options(min_cell=1):
        for name, found in many.items():
            assert "min_cell" not in found.summary("en"), name


def counted(rows: list[tuple[str, int, int]], term: str) -> pd.DataFrame:
    """Return a tidy table of so many participants by outcome and level."""
    return pd.DataFrame(rows, columns=["outcome", "level", "n_participants"]).assign(
        subgroup="", term=term, n_controls=500, n_lost=0, estimate=1.0, std_error=1.0
    )


def test_levels_are_hidden_beside_the_average_of_their_own_outcome():
    """One is what the other levels leave of an average: the next smallest is hidden beside."""
    rows = [("wage_income", 0, 1), ("wage_income", 1, 9), ("wage_income", 2, 60),
            ("in_work", 0, 6), ("in_work", 1, 70), ("in_work", 2, 80),
            ("dagpenger", 0, 50), ("dagpenger", 1, 90), ("dagpenger", 2, 80)]  # fmt: skip
    frame = counted(rows, "group")
    found = hidden_cells(frame, (0, 1, 2)).estimates
    assert found.tolist() == [True, True] + [False] * 7
    assert hidden_cells(frame, (0, 2)).estimates.tolist() == [True, False, True] + [False] * 6
    assert hidden_cells(frame).estimates.tolist() == [True] + [False] * 8


def test_counts_less_than_a_cell_apart_are_not_all_shown():
    """50 and 49 would tell of one person, 50 and 46 of four; 45 is five from the last one shown."""
    counts = [50, 49, 46, 45, 45, 50, 40, 39]
    frame = counted([("wage_income", year, n) for year, n in enumerate(counts)], "event")
    assert np.flatnonzero(hidden_cells(frame).counts).tolist() == [1, 2, 7]
    assert not hidden_cells(frame.assign(term="group")).counts.any()
    with mih.options(min_cell=2):
        assert np.flatnonzero(hidden_cells(frame).counts).tolist() == [1, 3, 4, 7]
    with mih.options(min_cell=1):
        assert not hidden_cells(frame).counts.any()


def test_counts_by_start_year_are_hidden_by_year_since_start_and_by_year():
    """Three of 2015 in 2015: beside them the fewest in year 0, and who has started by 2015."""
    starts, years = np.array([2014, 2015, 2016]), np.array([2013, 2014, 2015, 2016])
    n = np.array([[70, 60, 55, 61], [70, 70, 3, 70], [70, 70, 40, 50]])
    assert np.argwhere(hidden_counts(n[None], starts, years)[0]).tolist() == [
        [0, 2],
        [1, 2],
        [2, 3],
    ]


def test_who_has_no_estimate_is_hidden_before_others_are():
    """One of A is hidden; B shows nothing anyhow, though it is larger than C, who is shown."""
    hidden = np.array([[False], [True], [False], [False]])  # all together, A, B, C
    empty = np.array([[False], [False], [True], [False]])
    found = _beside_all(hidden, np.array([[51.0], [1.0], [30.0], [20.0]]), empty)
    assert found.ravel().tolist() == [False, True, True, False]


# Robustness ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def four() -> mih.ControlGroup:
    """Return two participants of each of two counties, with controls."""
    frame = loner()
    starters = frame[frame["start_year"] == 2016].drop_duplicates("person_id")
    kept = starters.groupby("county").head(2)["person_id"]
    assert len(kept) == 4
    few = frame[frame["start_year"].isna() | frame["person_id"].isin(kept)]
    return mih.match(mih.read_panel(few), exact="county", method="exact")


def test_no_level_left_out_follows_from_the_others(group, tmp_path):
    with mih.options(progress=False):
        found = mih.leave_one_out(group, by="start_year", year=0)
    truth = found.to_frame()
    n, total = truth["n_participants"], truth["n_participants"][0] * truth["estimate"][0]
    sums = total - n * truth["estimate"]  # of each level's participants
    assert sums[1:].sum() == pytest.approx(total), "what a reader can reckon with"
    assert truth["n_left_out"][1] == 1
    for seen in (found.shown(), mih.load(found.save(tmp_path / "left.zip"))):
        hidden = seen.table["estimate"].isna()
        assert hidden[1]
        assert hidden.sum() == 2
        assert truth["n_left_out"][hidden].sum() >= 5
        for name in ("n_participants", "n_left_out", "difference", "std_error", "conf_low"):
            assert seen.table.loc[hidden, name].isna().all()


def test_few_participants_of_a_level_are_hidden_though_more_of_them_start(group):
    with mih.options(progress=False):
        found = mih.leave_one_out(group, by="start_year", year=0)
    table = found.table.copy()
    table.loc[3, "n_participants"] = table.loc[0, "n_participants"] - 2
    assert replace(found, table=table).hidden[3]


def test_there_is_no_verdict_where_every_row_is_hidden(four):
    with mih.options(progress=False):
        found = mih.leave_one_out(four, by="county", year=3)
    assert found.table["estimate"].notna().all()
    assert found.passed is None
    assert "cannot be told" in found.summary("en")
    assert "hang on any one" not in found.summary("en")
    with mih.options(min_cell=1):
        assert "cannot be told" not in mih.leave_one_out(four, by="county", year=3).summary("en")


def test_one_level_that_is_left_is_no_range(four):
    with mih.options(progress=False, min_cell=1):
        found = mih.leave_one_out(four, by="county", year=3)
        table = found.table.copy()
        table.loc[2, "estimate"] = np.nan
        said = found.words(table)
    assert "Without A it is" in said["en"]
    assert " to NOK" not in said["en"]
    assert said["nb"].count("uten A") + said["nb"].count("Uten A") == 1


def test_a_placebo_of_few_persons_has_no_p_value_and_no_verdict(four, tmp_path):
    found = mih.placebo_outcomes(four, outcomes="dagpenger", year=5)
    assert found.to_frame()["p_joint"].notna().all()
    kept = mih.load(found.save(tmp_path / "placebo.zip"))
    for seen in (found.shown(), kept):
        assert seen.passed is None
        numbers = ["estimate", "p_value", "p_outcome", "p_holm", "p_joint", "statistic"]
        assert seen.table[numbers].isna().all(axis=None)
    for shown in (found.summary("en"), found._repr_html_(), kept.summary("en")):
        assert "difference found" not in shown
        assert "0.0" not in shown
        assert "Joint p" not in shown
    assert "kan ikke testes" in found.summary("nb")


def test_a_tiny_p_value_is_never_shown_as_zero(group):
    found = mih.placebo_outcomes(group, outcomes=["dagpenger", "sosialhjelp"], year=3)
    tiny = replace(found, table=found.table.assign(p_value=1e-9, p_holm=1e-9, p_joint=1e-9))
    cells = tiny.card_table()
    assert set(cells["p"]) == set(cells["p (Holm)"]) == {"<\u00a00,001"}
    with in_language("en"):
        shown = set(found.card_table()["p"])
    assert shown <= {f"{p:.3f}" if p >= 0.001 else "<\u00a00.001" for p in found.table["p_value"]}


# Checks -------------------------------------------------------------------------------------


def test_the_power_of_the_pretrend_test_does_not_show_a_year_of_few_persons(tmp_path):
    pair = mih.match(mih.read_panel(loner(2)), exact="county", method="exact")
    effects = mih.event_study(pair, outcomes="wage_income", window=(-5, 10))
    last = effects.frame["year_since_start"] == 10
    assert is_small(effects.frame.loc[last, "n_participants"]).all()
    found = mih.pretrend_power(effects)
    estimate = effects.frame.loc[last, "estimate"].item()
    assert found.to_frame()["estimate"].iloc[-1] == pytest.approx(estimate), "the truth is complete"
    for seen in (found.shown(), mih.load(found.save(tmp_path / "power.zip"))):
        rows = seen.table["year_since_start"] == 10
        built = ["estimate", "std_error", "bias_after_passing"]
        assert seen.table.loc[rows, built].isna().all(axis=None)
        assert seen.table.loc[~rows, built].notna().all(axis=None)
    assert f"{estimate:,.0f}" not in found.summary("en")
    assert "Hidden: too few persons" in found.summary("en")


def test_what_is_hidden_for_the_sake_of_another_is_hidden_in_checks_too():
    """A subgroup beside one of few persons."""
    frame = loner()
    lone = frame.loc[frame["start_year"] == 2014, "person_id"].iloc[0]
    frame["place"] = np.where(frame["person_id"] == lone, "c", frame["county"])
    pair = mih.match(mih.read_panel(frame), exact="education", method="exact")
    effects = mih.event_study(pair, outcomes="wage_income", window=(-5, 3), by="place")
    shown = effects.shown().frame.query("year_since_start == 3 and estimate.isna()")
    beside = next(name for name in shown["subgroup"] if name != "c")
    assert not is_small(effects.subgroup(beside).frame["n_participants"]).any()
    found = mih.pretrend_power(effects.subgroup(beside))
    assert found.shown().table["estimate"].isna().all()


# Messages -----------------------------------------------------------------------------------


def telling() -> pd.DataFrame:
    """Return a register with a text copy of the identifier, and a value of three persons."""
    frame = small_register(200, starters=60, seed=6)
    frame["unik"] = "LOPENR" + (700_000 + frame["person_id"]).astype(str)
    starters = frame.loc[frame["start_year"] > 0, "person_id"].unique()
    frame["place"] = np.where(
        frame["person_id"].isin(starters[:3]), "Utsira", np.where(frame["county"] == "A", "B", "A")
    )
    return frame


@pytest.fixture(scope="module")
def told() -> mih.Panel:
    return mih.read_panel(telling())


@pytest.mark.parametrize("outside", ["unik", "place"])
@pytest.mark.parametrize(
    "call",
    [
        lambda panel, name: mih.weight(panel, on=[name]),
        lambda panel, name: mih.weight(panel, on=["age"], exact=name),
        lambda panel, name: mih.match(panel, on=[name, "county"]),
        lambda panel, name: mih.match(panel, on=[name], score="by_start_year"),
        lambda panel, name: mih.match(panel, on=[name], method="cem", cutpoints={name: 3}),
        lambda panel, name: mih.group_time_effects(
            panel, outcomes="wage_income", covariates=[name, "county"]
        ),
        lambda panel, name: mih.group_time_effects(
            panel, outcomes="wage_income", covariates=[name, "county"], estimator="reg"
        ),
    ],
)
def test_no_message_names_the_value_of_a_person(told, call, outside):
    try:
        found = call(told, outside)
        said = f"{found.summary('nb')} {found.summary('en')} {found.attrition().to_csv()}"
    except mih.errors.MihImpactError as error:
        said = str(error)
        assert len(said) < 600
    assert outside in said
    assert "LOPENR" not in said
    assert "Utsira" not in said


def test_a_message_names_the_column_and_how_many_values_it_has():
    frame = telling()
    starts = frame["start_year"] > 0
    others = frame.loc[~starts, "person_id"].unique()[:1]
    frame.loc[frame["person_id"].isin(others), "place"] = "Utsira"
    # No participant lives in B, where the candidates of Utsira all do: none of them has weight.
    frame["county"] = np.where(frame["person_id"].isin(others), "B", np.where(starts, "A", "AB"))
    frame.loc[frame["person_id"] % 2 == 0, "county"] = "A"
    frame.loc[frame["person_id"].isin(others), "county"] = "B"
    with pytest.raises(mih.errors.SupportError, match=r"a value of place \(which has 3 values\)"):
        mih.weight(mih.read_panel(frame), on=["place", "county"])
    with pytest.raises(mih.errors.SupportError, match="no value in common of unik"):
        mih.weight(mih.read_panel(frame), on=["unik"])


def test_ordinary_values_are_named():
    values = np.repeat(np.array(["basic", "higher", "rare", "none"], dtype=object), [9, 8, 4, 10])
    design = Design.of([("education", values), ("age", np.arange(31.0))])
    assert names_for_messages(design) == (
        "education=basic", "education=higher", "a value of education (which has 4 values)", "age",
    )  # fmt: skip
    with mih.options(min_cell=4):
        assert names_for_messages(design)[2] == "education=rare"
    thrice = np.repeat(np.arange(11), 3)[:31]  # persons who stand in three rows
    assert names_for_messages(design, thrice)[1].startswith("a value of")
    for n, named in ((20, True), (21, False)):
        many = np.repeat(np.array([f"v{k:02d}" for k in range(n)], dtype=object), 9)
        assert (names_for_messages(Design.of([("x", many)]))[-1] == f"x=v{n - 1}") is named


# Tables of counts ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def matched() -> mih.ControlGroup:
    return mih.match(mih.read_panel(loner()), on=["age", "education"], exact="county", ratio=1)


def test_no_count_of_the_overlap_follows_from_the_total(matched, tmp_path):
    found = matched.overlap()
    truth = found.to_frame()
    people = truth[(truth["side"] == "participant") & truth["start_year"].notna()]
    assert people["n"].min() == 1
    for seen in (found.shown(), mih.load(found.save(tmp_path / "overlap.zip"))):
        own = seen.frame.loc[people.index]
        hidden = own["n"].isna()
        assert hidden[people["n"].idxmin()]
        assert hidden.sum() == 2
        assert own.loc[hidden, ["median", "p5", "min", "n_outside"]].isna().all(axis=None)
        for side in ("participants", "candidates"):
            bars, counts = seen.histogram[side], found.histogram[side]
            assert bars[is_small(counts)].isna().all()
            assert not is_small(counts.sum() - bars.sum()).any(), "what the total leaves"
            assert bars.isna().sum() != 1
        assert seen.n_rows("participant") == 160
        assert "160" in seen.summary("en")
        seen.plot(lang="nb").figure.clear()
    lines = found.summary("en").splitlines()
    assert sum("participants" in line and "hidden" in line for line in lines) == 2


def test_balance_by_start_year_is_saved_without_few_persons(matched, tmp_path):
    found = matched.balance()
    table = found.by_start_year()
    small = table["n_participants"] < 5
    assert small.any()
    kept = mih.load(found.save(tmp_path / "balance.zip")).by_start_year()
    built = table.columns.drop(["start_year", "covariate", "label_nb", "label_en"])
    assert kept.loc[small, built].isna().all(axis=None)
    hidden = kept["n_participants"].isna()
    assert kept.loc[hidden, "start_year"].nunique() == 2
    few = is_small(found.of_parts[0])  # who have a value, or have it not
    blank = kept["participants_before"].isna()
    assert blank[few].all()
    shown = ~hidden & ~blank
    pd.testing.assert_frame_equal(kept[shown], table[shown], check_dtype=False)
    # Beside one of few is hidden what tells of it: another value, or the same in another year.
    value = table["covariate"].str.split("=").str[0]
    for row in np.flatnonzero(blank & ~hidden & ~few):
        same_year = (table["start_year"] == table["start_year"][row]) & (value == value[row])
        same_value = table["covariate"] == table["covariate"][row]
        assert (blank & (same_year | same_value)).sum() >= 2
    assert shown[~hidden & table["covariate"].isin(["age", "propensity_score"])].all()
