"""No amount of one person can be worked out from what a result shows."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.display import result
from mih_impact.display.locale import current
from mih_impact.effects import hidden
from mih_impact.effects.hidden import contributions, is_thin
from tests.support import small_register


def register(**amounts: tuple[int, float]) -> pd.DataFrame:
    """A register in which few of the participants have a benefit from the year after start."""
    frame = small_register(600, starters=120, seed=4)
    starters = frame.loc[frame["start_year"].notna(), "person_id"].unique()
    for name, (many, amount) in amounts.items():
        has = frame["person_id"].isin(starters[:many]) & (frame["year"] > frame["start_year"])
        frame[name] = np.where(has, amount, 0.0)
    return frame


def effects(frame: pd.DataFrame, **options) -> mih.EffectSeries:
    panel = mih.read_panel(frame, money="fixed")
    return mih.event_study(mih.match(panel, exact=["county"], on=["age"]), **options)


def shown(series: mih.EffectSeries, outcome: str) -> pd.DataFrame:
    frame = series.shown().frame
    return frame[frame["outcome"] == outcome].set_index("year_since_start")


class TestContributors:
    @pytest.mark.parametrize("amounts", [100_000, 42])  # all together, and 7 persons at a time
    def test_against_a_loop(self, amounts, monkeypatch):
        monkeypatch.setattr(hidden, "_AMOUNTS", amounts)
        rng = np.random.default_rng(0)
        weight = rng.random((40, 6)) * (rng.random((40, 6)) < 0.7)
        value = np.where(rng.random((40, 6)) < 0.3, rng.normal(0, 100, (40, 6)), 0.0)
        value[:, 5] = rng.integers(0, 2, 40)  # a share
        person = rng.integers(0, 25, 40)
        found = contributions((weight, weight), (value, value), (person, np.arange(40)))
        for side, who in (("participants", person), ("controls", np.arange(40))):
            for k in range(6):
                own: dict[int, float] = {}
                for w, y, p in zip(weight[:, k], value[:, k], who, strict=True):
                    if w > 0:
                        own[p] = own.get(p, 0.0) + abs(w * y)
                giving = sum(amount > 0 for amount in own.values())
                if k == 5 and 0 < giving < len(own):
                    giving = min(giving, len(own) - giving)
                assert found[f"giving_{side}"][k] == giving
                assert found[f"total_{side}"][k] == pytest.approx(sum(own.values()))
                assert found[f"largest_{side}"][k] == pytest.approx(max(own.values()))

    @pytest.mark.parametrize("amounts", [50_000, 42])
    def test_base_and_changes_against_a_loop(self, amounts, monkeypatch):
        """Rows that are not seen have no amount, and where the base tells enough it stands."""
        monkeypatch.setattr(hidden, "_AMOUNTS", amounts)
        monkeypatch.setattr(result, "_MANY", 12)
        rng = np.random.default_rng(1)
        before = np.where(rng.random((60, 8)) < np.linspace(0.05, 1, 8), 1000 * rng.random(8), 0.0)
        later = np.where(rng.random((60, 8)) < 0.5, before, 1000 * rng.random((60, 8)))
        later[rng.random((60, 8)) < 0.1] = np.nan
        weight = rng.random((60, 8)) * np.isfinite(later)
        person = rng.integers(0, 40, 60)
        sides = (weight, weight), (later, later), (person, np.arange(60))
        found = contributions(*sides, (later - before, later - before))
        for side, who in (("participants", person), ("controls", np.arange(60))):
            sure = []
            for when, y in (("", later), ("_before", before), ("_change", later - before)):
                own = np.zeros((60, 8))
                np.add.at(own, who, np.where(weight > 0, weight * np.abs(y), 0.0))
                seen = np.zeros((60, 8))
                np.add.at(seen, who, weight)
                told = (own > 1e-9).sum(axis=0), own.max(axis=0), own.sum(axis=0)
                if when == "_before":
                    sure = (told[0] > 12) & (told[1] < told[2] / 2)
                    kept = told
                    assert 0 < sure.sum() < 8
                if when == "_change":
                    told = [np.where(sure, b, c) for b, c in zip(kept, told, strict=True)]
                assert (found[f"persons_{side}"] == (seen > 0).sum(axis=0)).all()
                assert (found[f"giving_{side}{when}"] == told[0]).all()
                assert found[f"largest_{side}{when}"] == pytest.approx(told[1])
                assert found[f"total_{side}{when}"] == pytest.approx(told[2])

    @pytest.mark.parametrize("min_cell", [5, 1_500])
    def test_a_base_of_many_tells_enough_by_the_threshold_in_force(self, min_cell):
        """1,200 had an amount in the base and 1,800 change: with 1,500 to a cell these count."""
        before = np.where(np.arange(2_000) < 1_200, 10.0, 0.0)[:, None]
        later = np.where(np.arange(2_000) < 1_400, 20.0, 5.0)[:, None]
        later[1_200:1_400] = 0.0
        side = np.ones_like(later), later, np.arange(2_000)
        both = [(each, each) for each in side]
        with mih.options(min_cell=min_cell):
            found = contributions(*both, (later - before, later - before))
            assert not is_thin(found)[0]
        assert found["giving_participants_change"][0] == (1_200 if min_cell == 5 else 1_800)

    def test_the_rule(self):
        def table(giving, largest, total):
            rest = {"giving_controls": [9], "largest_controls": [1.0], "total_controls": [9.0]}
            own = {"giving": [giving], "largest": [largest], "total": [total]}
            return pd.DataFrame({f"{k}_participants": v for k, v in own.items()} | rest)

        assert not is_thin(table(0, 0.0, 0.0))[0], "nobody tells of nobody"
        assert is_thin(table(1, 5.0, 5.0))[0]
        assert is_thin(table(4, 1.0, 4.0))[0]
        assert not is_thin(table(5, 1.0, 5.0))[0]
        assert is_thin(table(9, 50.1, 100.0))[0], "one has more than half"
        assert not is_thin(table(9, 50.0, 100.0))[0], "one has half"
        with mih.options(min_cell=1):
            assert not is_thin(table(1, 5.0, 5.0))[0]


@pytest.fixture(scope="module")
def one() -> mih.EffectSeries:
    return effects(register(uforetrygd=(1, 123_456.0), sykepenger=(30, 9_000.0)))


class TestOneRecipient:
    def test_a_mean_times_n_is_nobodys_amount(self, one):
        truth = one.frame[one.frame["outcome"] == "uforetrygd"].set_index("year_since_start")
        assert (truth["participant_mean"] * truth["n_participants"])[2] == pytest.approx(123_456)
        seen = shown(one, "uforetrygd")
        assert (
            seen.loc[1:, ["estimate", "std_error", "participant_mean", "control_mean"]]
            .isna()
            .all(axis=None)
        )
        assert seen.loc[:-1, "participant_mean"].eq(0.0).all(), "nobody contributes before start"

    def test_nor_is_what_the_other_benefits_leave(self, one):
        """The account adds up benefits of one payer: the next of them is hidden in those years."""
        seen = shown(one, "sykepenger")
        assert seen.loc[1:, "estimate"].isna().all()
        assert seen.loc[:0, "estimate"].notna().all()
        assert shown(one, "sosialhjelp")["estimate"].notna().all(), "another payer's"
        assert shown(one, "wage_income")["estimate"].notna().all()

    def test_drawn_errors_hide_what_the_estimates_hide(self, one):
        drawn = mih.multiplier_bootstrap(one, draws=100)
        for outcome in ("uforetrygd", "sykepenger", "sosialhjelp"):
            own, theirs = shown(one, outcome), shown(drawn, outcome)
            assert own["estimate"].isna().equals(theirs["estimate"].isna())

    def test_who_asks_for_all_gets_all(self, one):
        with mih.options(min_cell=1):
            assert shown(one, "uforetrygd")["estimate"].notna().all()
        assert one.to_frame()["estimate"].notna().all()
        assert current().min_cell == 5

    def test_it_is_neither_saved_nor_said(self, one, tmp_path):
        kept = mih.load(one.save(tmp_path / "a.zip")).frame
        rows = kept[(kept["outcome"] == "uforetrygd") & (kept["year_since_start"] > 0)]
        assert rows[["estimate", "participant_mean"]].isna().all(axis=None)
        assert "123" not in one.summary("en")


def test_one_who_has_more_than_half_is_hidden():
    frame = register(sykepenger=(12, 1_000.0))
    first = frame.loc[frame["start_year"].notna(), "person_id"].unique()[0]
    frame.loc[(frame["person_id"] == first) & (frame["sykepenger"] > 0), "sykepenger"] = 90_000.0
    seen = shown(effects(frame, outcomes=["sykepenger", "wage_income"]), "sykepenger")
    assert seen.loc[1:3, "estimate"].isna().all()


def test_means_are_hidden_where_the_base_year_is_one_persons():
    frame = register(sykepenger=(30, 9_000.0))
    one = frame.loc[frame["start_year"].notna(), "person_id"].unique()[0]
    before = (frame["person_id"] == one) & (frame["year"] == frame["start_year"] - 1)
    frame.loc[before, "sykepenger"] = 77_777.0
    seen = shown(effects(frame, outcomes=["sykepenger"]), "sykepenger")
    assert seen[["participant_mean", "control_mean"]].isna().all(axis=None)
    assert seen.loc[1:, "estimate"].notna().all(), "changes from it say nothing of it alone"


def test_a_share_of_few_is_hidden_on_either_side():
    frame = register()
    starters = frame.loc[frame["start_year"].notna(), "person_id"].unique()
    frame.loc[frame["person_id"].isin(starters[1:]) & (frame["year"] > 2012), "wage_income"] = 0.0
    seen = shown(effects(frame, outcomes=["in_work", "wage_income"], window=(-2, 3)), "in_work")
    assert seen["participant_mean"].isna().all()
    frame.loc[frame["person_id"].isin(starters), "wage_income"] = 1_000.0
    frame.loc[(frame["person_id"] == starters[0]), "wage_income"] = 0.0
    seen = shown(effects(frame, outcomes=["in_work"], window=(-2, 3)), "in_work")
    assert seen["participant_mean"].isna().all(), "all but one is one"


def test_sizes_of_start_years_do_not_follow_from_neighbouring_years():
    """Forty-one persons in one year and thirty-nine in the next tell of two who start late."""
    frame = register()
    starters = frame.loc[frame["start_year"].notna(), "person_id"].unique()
    late = starters[:2]
    frame.loc[frame["person_id"].isin(starters), "start_year"] = 2016.0
    frame.loc[frame["person_id"].isin(late), "start_year"] = 2020.0
    series = effects(frame, outcomes=["wage_income"], window=(-3, 8))
    n = series.frame.set_index("year_since_start")["n_participants"]
    assert (n[4], n[5]) == (120, 118)
    seen = shown(series, "wage_income")["n_participants"].dropna()
    gaps = np.diff(np.sort(seen.unique()))
    assert (gaps >= 5).all()
    assert seen.notna().any()


def test_subgroups_do_not_leave_one_persons_amount():
    frame = register(sykepenger=(40, 9_000.0))
    frame["part"] = np.array(["x", "y", "z"])[frame["person_id"].to_numpy() % 3]
    has = frame["sykepenger"] > 0
    kept = frame.loc[has & (frame["part"] == "x"), "person_id"].unique()[:1]
    frame.loc[(frame["part"] == "x") & ~frame["person_id"].isin(kept), "sykepenger"] = 0.0
    seen = effects(frame, outcomes=["sykepenger"], by="part", window=(-2, 3)).shown().frame
    year = seen[seen["year_since_start"] == 2].set_index("subgroup")["participant_mean"]
    assert np.isnan(year["x"])
    assert year[["y", "z"]].isna().sum() == 1, "else x would be what they leave"


# The account ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def case(one) -> mih.CostBenefit:
    return mih.cost_benefit(
        one, mih.Assumptions.r109(), programme=mih.nav.menn_i_helse(), horizon=3
    )


def test_the_account_of_a_sum_is_the_account_of_its_parts(case):
    shown = case.shown()
    assert [role for role in shown.roles if "uforetrygd" in role] == [
        "benefit:uforetrygd+sykepenger"
    ]
    assert {"benefit:uforetrygd", "benefit:sykepenger"} <= set(case.roles)
    for of in ("participant", "state", "county", "municipality", "public", "society"):
        assert shown.present_value(of) == pytest.approx(case.present_value(of), rel=1e-12)
        assert shown.interval(of=of) == pytest.approx(case.interval(of=of), rel=1e-12)
    own, whole = (
        each.ledger().groupby(["actor", "year"])["amount"].sum() for each in (shown, case)
    )
    pd.testing.assert_series_equal(own, whole, rtol=1e-9)


def test_no_file_tells_the_benefits_apart(case, one, tmp_path):
    """What one person has is in no file, nor what the benefits in sum and the other one leave."""
    openpyxl = pytest.importorskip("openpyxl")
    path = mih.write_workbook(case, tmp_path / "a.xlsx", lang="en", starters={2026: 5})
    book = openpyxl.load_workbook(path, data_only=True)
    cells = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row]
    numbers = np.array([value for value in cells if isinstance(value, int | float)])
    texts = {value for value in cells if isinstance(value, str)}
    hidden = one.frame["outcome"].isin(["uforetrygd", "sykepenger"])
    for year in (1, 2):
        for amount in one.frame.loc[hidden & (one.frame["year_since_start"] == year), "estimate"]:
            assert not np.isclose(np.abs(numbers), abs(amount), rtol=1e-9).any()
    assert not {"disability benefit (uføretrygd)", "uforetrygd"} & texts
    assert any("uføretrygd) and sickness" in text for text in texts)
    kept = mih.load(case.save(tmp_path / "a.zip"))
    assert kept.npv == pytest.approx(case.npv, rel=1e-12)
    assert "benefit:uforetrygd" not in kept.roles
    page = mih.write_budget_page(case, tmp_path / "a.html", lang="en").read_text()
    assert "uforetrygd+sykepenger" in page


def test_an_outcome_that_none_can_hide_is_refused_in_files(tmp_path):
    frame = register(uforetrygd=(1, 123_456.0)).drop(columns="dagpenger")
    effect = effects(frame, window=(-2, 3))
    alone = mih.cost_benefit(
        effect, mih.Assumptions.r109(), programme=mih.Programme.none(), horizon=3
    )
    assert np.isfinite(alone.npv)
    with pytest.raises(mih.AssumptionError, match=r"single persons: uforetrygd.*year 1, 2") as told:
        mih.write_workbook(alone, tmp_path / "a.xlsx")
    assert "roles={'uforetrygd': None}" in told.value.do
    without = mih.cost_benefit(
        effect, mih.Assumptions.r109(), programme=mih.Programme.none(), horizon=3,
        roles={"uforetrygd": None},
    )  # fmt: skip
    assert mih.write_workbook(without, tmp_path / "a.xlsx").exists()
    with mih.options(min_cell=1):
        assert mih.write_workbook(alone, tmp_path / "b.xlsx").exists()


@pytest.fixture(scope="module")
def unsafe() -> mih.CostBenefit:
    """Return an account with a benefit of one person that none can hide."""
    frame = register(uforetrygd=(1, 123_456.0)).drop(columns="dagpenger")
    return mih.cost_benefit(
        effects(frame, window=(-2, 3)), mih.Assumptions.r109(), horizon=3,
        programme=mih.nav.menn_i_helse(),
    )  # fmt: skip


#: What an account is asked, but for tables of work (`to_frame` and its kin).
ASKED = {
    "plot", "plot_actors", "plot_costs", "plot_residual", "beside", "indicators", "objections",
    "sensitivity", "bridge", "scenarios", "uncertainty", "switching_values", "variance_shares",
    "residual_value", "shown",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ASKED))
def test_what_cannot_be_written_is_not_asked_of_the_account_either(unsafe, name):
    with pytest.raises(mih.AssumptionError, match="amounts of single persons: uforetrygd"):
        getattr(unsafe, name)()
    with mih.options(min_cell=1):
        getattr(unsafe, name)()


def test_what_cannot_be_written_is_not_on_the_card_either(unsafe, tmp_path):
    calls = {
        "budget": lambda: mih.budget_impact(unsafe, starters={2026: 5}),
        "municipality": lambda: mih.municipality_view(unsafe, places=10),
        "per place": lambda: mih.nav.per_place(unsafe),
        "grid": lambda: unsafe.grid({"displacement": [0, 0.1], "leisure": [0, 1]}),
        "memo": lambda: mih.write_memo(unsafe, tmp_path / "a.html"),
        "page": lambda: mih.write_budget_page(unsafe, tmp_path / "a.html"),
        "save": lambda: unsafe.save(tmp_path / "a.zip"),
    }
    for call in calls.values():
        with pytest.raises(mih.AssumptionError, match="amounts of single persons: uforetrygd"):
            call()
    for lang, advice in (("nb", "Hold dette utenfor"), ("en", "Leave out of it")):
        card = unsafe.card(lang)
        assert card.table is None
        assert not re.search(r"\d", " ".join(value for _, value in card.lines))
        assert f"{advice}" in card.notes[0]
        assert "roles={'uforetrygd': None}" in card.notes[0]
    assert "uforetrygd" not in repr(unsafe.with_values({"leisure": 1.0})).split("roles")[0]
    assert np.isfinite(unsafe.npv), "whoever computes further has it"
    with mih.options(min_cell=1):
        assert unsafe.card().table is not None


def test_what_is_asked_of_an_account_tells_benefits_of_few_only_in_sum(case):
    alone = {"effect:benefit:uforetrygd", "effect:benefit:sykepenger"}
    assert not alone & set(case.switching_values().table["assumption"])
    assert not alone & set(case.variance_shares(n=100).table["source"])
    told = mih.budget_impact(case, starters={2026: 5}, draws=100).to_frame()
    assert not {"uforetrygd", "sykepenger"} & set(told["budget_line"])
    with mih.options(min_cell=1):
        assert alone <= set(case.switching_values().table["assumption"])
    whole = mih.budget_impact(case, starters={2026: 5}, draws=100).sums
    with mih.options(min_cell=1):
        apart = mih.budget_impact(case, starters={2026: 5}, draws=100).sums
    pd.testing.assert_series_equal(whole["amount"], apart["amount"], rtol=1e-9)


def test_schemes_that_cannot_be_written_are_named_together_and_said_to_be_left_out(tmp_path):
    frame = register(uforetrygd=(1, 123_456.0)).drop(columns="dagpenger")
    frame["sosialhjelp"] = frame["uforetrygd"]
    effect = effects(frame, window=(-2, 3))
    options = {"programme": mih.Programme.none(), "horizon": 3}
    rates = mih.Assumptions.r109()
    with pytest.raises(mih.AssumptionError) as told:
        mih.cost_benefit(effect, rates, **options).save(tmp_path / "a.zip")
    assert "roles={'sosialhjelp': None, 'uforetrygd': None}" in told.value.do
    roles = {"uforetrygd": None, "sosialhjelp": None}
    case = mih.cost_benefit(effect, rates, roles=roles, **options)
    kept = mih.load(case.save(tmp_path / "a.zip"))
    memo = mih.write_memo(kept, tmp_path / "a.html", lang="en").read_text("utf-8")
    said = "Left out of the account: "
    for text in (kept.summary("en"), memo):
        words = " ".join(text.split())
        assert said in words
        assert "social assistance" in words.split(said)[1].split(". ")[0]
        assert "Public budgets are without" in words
    assert "Holdt utenfor regnskapet: " in " ".join(kept.summary("nb").split())


@pytest.mark.parametrize("estimator", ["event_study", "imputation", "group_time"])
def test_a_scheme_of_the_panel_that_is_not_estimated_is_said_to_be_left_out(tmp_path, estimator):
    panel = mih.read_panel(register())
    options = {"outcomes": ["wage_income", "dagpenger"]}
    window = {"window": (-2, 3)}
    if estimator == "event_study":
        effect = effects(register(), **options, **window)
    elif estimator == "imputation":
        effect = mih.imputation_effects(panel, **options, **window)
    else:
        effect = mih.group_time_effects(panel, **options, covariates=["age"]).aggregate("event")
    told = {"programme": mih.Programme.none(), "horizon": 2}
    case = mih.cost_benefit(effect, mih.Assumptions.r109(), **told)
    said = re.compile(r"Left out of the account: ([^.]*)\. Public budgets are without")
    for each in (case, mih.load(case.save(tmp_path / "a.zip"))):
        memo = mih.write_memo(each, tmp_path / "a.html", lang="en").read_text("utf-8")
        for text in (each.summary("en"), memo):
            found = said.search(" ".join(text.split()))
            assert found[1] == "social assistance (sosialhjelp)"
    roles = {"dagpenger": None}
    both = mih.cost_benefit(effect, mih.Assumptions.r109(), roles=roles, **told)
    assert said.search(" ".join(both.summary("en").split()))[1].count(",") == 1


def test_a_scheme_is_not_left_out_where_its_total_or_itself_is_in_the_account():
    frame = register().assign(nav=lambda f: f["dagpenger"])
    panel = mih.read_panel(frame, units={"nav": "NOK"})
    group = mih.match(panel, exact="county", on="age", ratio=2)
    told = {"programme": mih.Programme.none(), "horizon": 2}
    for outcomes, roles in (
        (["wage_income", "nav", "sosialhjelp"], {"nav": "benefit:state"}),
        (["wage_income", "dagpenger", "sosialhjelp"], None),
    ):
        effect = mih.event_study(group, outcomes=outcomes, window=(-2, 3))
        case = mih.cost_benefit(effect, mih.Assumptions.r109(), roles=roles, **told)
        assert "Left out of the account" not in case.summary("en")
