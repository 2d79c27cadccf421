"""The synthetic register: what it looks like, what is true about it, what it fools."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.panel.contract import BENEFITS, CONTRACT, OUTCOMES
from mih_impact.panel.synthetic.effects import PLANTED, planted_path
from mih_impact.panel.synthetic.people import YEARS, draw_histories, draw_people
from mih_impact.panel.synthetic.register import (
    CALIBRATED,
    _real_wage,
    register_frame,
    synthetic_register,
)
from mih_impact.panel.synthetic.start import (
    START_YEARS,
    Confounding,
    _inclusion,
    _systematic,
    choose_starters,
    start_factor,
    wage_factor,
)
from mih_impact.reference.prices import PriceIndex
from mih_impact.reference.rows import rows

DATA = Path(mih.__file__).parent / "nav" / "data"
FACTOR = dict(zip(YEARS.tolist(), PriceIndex.kpi().factors(YEARS, 2024), strict=True))
SMALL = {"participants": 400, "persons": 12_000}


@pytest.fixture(scope="module")
def register():
    return register_frame(seed=2025)


@pytest.fixture(scope="module")
def frame(register):
    return register[0]


@pytest.fixture(scope="module")
def truth(register):
    return register[1].to_frame().set_index(["outcome", "year_since_start"])


@pytest.fixture(scope="module")
def wages(frame):
    """Real wage, persons by years, zero where there is no row: what a naive analyst starts from."""
    real = frame["wage_income"].fillna(0.0) * frame["year"].map(FACTOR)
    return real.groupby([frame["person_id"], frame["year"]]).sum().unstack(fill_value=0.0)


@pytest.fixture(scope="module")
def persons(frame):
    return frame.groupby("person_id").first()


def by_event(values: pd.DataFrame, starts: pd.Series) -> pd.Series:
    """Return the mean over starters by year since start, years after the register left out."""
    long = values.loc[starts.index].stack().rename("value").reset_index()
    event = long["year"] - long["person_id"].map(starts).astype(int)
    return long["value"].groupby(event).mean()


# --- how it looks ---------------------------------------------------------------------------------


def test_counts(frame, persons):
    starts = persons["start_year"].dropna()
    assert len(starts) == 527
    assert len(persons) == 40_527
    assert sorted(starts.unique()) == list(START_YEARS)
    assert (frame["year"].min(), frame["year"].max()) == (2009, 2024)
    homes = frame.loc[frame["eligible"], "county"].unique()
    assert sorted(homes) == ["Fylke A", "Fylke B", "Fylke C", "Fylke D"]


def test_columns_are_the_contracts_in_its_order(frame):
    # It has one measure, which its start years say all of.
    others = [name for name, column in CONTRACT.items() if column.monthly or name == "measure"]
    assert list(frame.columns) == [name for name in CONTRACT if name not in others]


def test_a_row_has_a_wage_a_benefit_or_a_registered_month(frame):
    some = (frame[list(OUTCOMES)].fillna(0) > 0).any(axis=1) | (frame["months_unemployed"] > 0)
    assert some.all()


def test_some_person_years_have_no_row_though_the_person_lives_there(frame, persons):
    alive = persons["death_year"].fillna(9999).clip(upper=2025) - 2009
    stays = persons["emigration_year"].fillna(9999).clip(upper=2025) - 2009
    adult = (2027 - persons["birth_year"]).clip(0, 16)  # years at 18 or more
    possible = np.minimum(np.minimum(alive, stays), adult).sum()
    rows_of_adults = (frame["year"] - frame["birth_year"] >= 18).sum()
    assert 0.01 < 1 - rows_of_adults / possible < 0.2


def test_money_is_whole_kroner_and_wages_without_record_are_null_from_2015(frame):
    money = frame[list(OUTCOMES)]
    assert ((money % 1 == 0) | money.isna()).all(axis=None)
    assert not frame[list(BENEFITS)].isna().any(axis=None)
    empty, zero = frame["wage_income"].isna(), frame["wage_income"] == 0
    assert frame.loc[empty, "year"].min() == 2015
    assert frame.loc[zero, "year"].max() == 2014


def test_nobody_has_a_row_after_the_exit(frame):
    for exit_year in ("death_year", "emigration_year"):
        gone = frame.dropna(subset=[exit_year])
        assert (gone["year"] <= gone[exit_year]).all()
        assert len(gone) > 1_000


def test_eligible_means_what_the_dictionary_says(frame):
    eligible = frame[frame["eligible"]]
    age = eligible["year"] - eligible["birth_year"]
    assert eligible["sex"].eq("mann").all()
    assert age.between(19, 55).all()
    served = (eligible[["dagpenger", "aap", "tiltakspenger", "sosialhjelp"]] > 0).any(axis=1)
    assert (served | (eligible["months_unemployed"] > 0)).all()
    assert not (eligible["year"] >= eligible["start_year"].fillna(9999)).any()
    assert not (eligible["year"] >= eligible["death_year"].fillna(9999)).any()
    assert eligible.groupby("year").size().loc[2013:2020].between(8_000, 16_000).all()


def test_every_starter_was_eligible_the_year_before(frame, persons):
    starts = persons["start_year"].dropna()
    before = frame.set_index(["person_id", "year"])["eligible"]
    keys = pd.MultiIndex.from_arrays([starts.index, starts.astype(int) - 1])
    assert before.reindex(keys).eq(True).all()


def test_the_contract_is_kept():
    report = synthetic_register(seed=1, **SMALL).panel.check()
    assert report.passed
    assert not report.breaches


def test_the_same_seed_gives_the_same_register_and_another_another():
    first, again, other = (register_frame(seed=seed, **SMALL)[0] for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(first, again)
    assert not first["wage_income"].equals(other["wage_income"])


def test_what_is_planted_changes_nothing_about_who_starts():
    with_effect = register_frame(seed=3, **SMALL)[0].set_index(["person_id", "year"])
    without = register_frame(seed=3, effects={}, **SMALL)[0].set_index(["person_id", "year"])
    never = with_effect["start_year"].isna()
    pd.testing.assert_frame_equal(with_effect[never], without[without["start_year"].isna()])
    starts = with_effect["start_year"].groupby("person_id").first()
    assert starts.equals(without["start_year"].groupby("person_id").first())


# --- what happens to the participants -------------------------------------------------------------


def test_wages_dip_before_the_start(wages, persons):
    path = by_event(wages, persons["start_year"].dropna())
    assert path[-1] < 0.6 * path[-3]


def test_the_mean_participant_wage_rises_evenly_in_years_0_to_3(wages, persons):
    path = by_event(wages, persons["start_year"].dropna()).loc[0:3].to_numpy()
    steps = np.diff(path)
    assert (steps > 0).all()
    assert np.corrcoef(path, np.arange(4))[0, 1] > 0.99
    assert steps.max() / steps.min() < 1.75


def test_2020_is_a_bad_year(frame):
    months = frame[frame["sex"] == "mann"].groupby("year")["months_unemployed"].mean()
    assert months[2020] > 1.05 * (months[2019] + months[2021]) / 2


def test_years_after_2024_are_not_seen(truth):
    n = truth["n_starters"]["wage_income"]
    assert (n.loc[0:3] == 527).all()
    assert n[4] < 527
    assert n[6] < n[5] < n[4]


def test_some_drop_out_and_some_complete(frame):
    late = frame[(frame["year"] - frame["start_year"].fillna(9999)) == 3]
    schooled = late["education"] != "grunnskole"
    wage = late["wage_income"].fillna(0.0)
    assert 0.6 < schooled.mean() < 0.95
    assert wage[schooled].mean() > 1.5 * wage[~schooled].mean()


def test_few_receive_nav_benefits_after_completion(frame):
    """Published, qualitative and not planted: an implied agreement."""
    event = frame["year"] - frame["start_year"].fillna(9999)
    on = (frame[["dagpenger", "aap", "tiltakspenger"]] > 0).any(axis=1)
    assert on[event == -1].mean() > 0.8
    assert on[event == 5].mean() < 0.35


# --- what is true ---------------------------------------------------------------------------------


def test_the_default_path_is_the_reference_case():
    case = pd.read_csv(DATA / "base_case.csv").set_index("item")
    years = [f"t{e}" for e in range(7)]
    split = {"dagpenger": 0.30, "aap": 0.45, "tiltakspenger": 0.25}
    nav = case.loc["Nav benefits effect", years].to_numpy(float) * 1000
    for name, share in split.items():
        assert PLANTED[name] == pytest.approx(share * nav)
    wage = case.loc["wage effect", years].to_numpy(float) * 1000
    assert PLANTED["wage_income"] == pytest.approx(wage)
    sosial = case.loc["social assistance effect", years].to_numpy(float) * 1000
    assert PLANTED["sosialhjelp"] == pytest.approx(sosial)
    assert set(PLANTED) == set(OUTCOMES)


def test_patt_is_the_planted_path(truth):
    for name, path in PLANTED.items():
        assert tuple(truth["patt"][name]) == path


def test_satt_lies_near_patt_and_is_not_equal_to_it(truth):
    wage = truth.loc["wage_income"].loc[1:]
    error = wage["satt"] - wage["patt"]
    # Effects spread by less than their own size; completion alone gives a spread of 0.58 of it.
    assert (error.abs() < 4 * 0.8 * wage["patt"] / np.sqrt(wage["n_starters"])).all()
    assert (error != 0).all()


def test_satt_is_what_the_rows_show():
    """The same register with nothing planted is what would have happened."""
    frame, known = register_frame(seed=5, **SMALL)
    without, _ = register_frame(seed=5, effects={}, **SMALL)

    def means(rows_: pd.DataFrame) -> pd.DataFrame:
        own = rows_[rows_["start_year"].notna()]
        event = (own["year"] - own["start_year"]).astype(int)
        real = own[list(OUTCOMES)].fillna(0.0).mul(own["year"].map(FACTOR), axis=0)
        return real.groupby(event).sum()

    difference = (means(frame) - means(without)).loc[0:6]
    realised = known.satt.pivot(index="year_since_start", columns="outcome", values="value")
    n = known.satt.groupby("year_since_start")["n_starters"].first()
    assert np.allclose(difference[realised.columns].div(n, axis=0), realised, atol=2.0)


def test_the_expectation_over_registers_is_planted():
    """Mean realised effects of many small registers lie within 4 Monte Carlo errors."""
    satt = pd.concat(
        register_frame(seed=9_000 + k, participants=200, persons=4_000)[1].to_frame()
        for k in range(40)
    )
    cells = satt.groupby(["outcome", "year_since_start"])["satt"].agg(["mean", "std"])
    patt = satt.groupby(["outcome", "year_since_start"])["patt"].first()
    error = (cells["mean"] - patt).abs()
    noise = cells["std"] / np.sqrt(40)
    assert (error <= 4 * noise + 1e-6).all()
    assert (noise[patt != 0] > 0).all()


# --- what it fools --------------------------------------------------------------------------------


def test_before_after_is_wrong_by_more_than_30_percent(wages, persons):
    path = by_event(wages, persons["start_year"].dropna())
    assert abs(path[3] - path[-1] - 200_000) > 0.3 * 200_000


def _comparison(wages, starts, pick):
    """Return the mean level and change of those `pick` finds for each start year."""
    levels, changes, shares = [], [], []
    for year, n in starts.astype(int).value_counts().items():
        people, weights = pick(int(year))
        own = wages.loc[people]
        levels.append(np.average(own[year + 3], weights=weights))
        changes.append(np.average(own[year + 3] - own[year - 1], weights=weights))
        shares.append(n)
    return np.average(levels, weights=shares), np.average(changes, weights=shares)


def test_all_men_of_the_same_ages_and_counties_are_wrong_by_more_than_30_percent(
    frame, wages, persons
):
    starts = persons["start_year"].dropna()
    participants = by_event(wages, starts)

    def same_age_and_county(year):
        then = frame[frame["year"] == year - 1].set_index("person_id")
        cell = then["birth_year"].astype(str) + then["county"]
        mine = cell[then["start_year"] == year].value_counts()
        men = then[(then["sex"] == "mann") & then["start_year"].isna()]
        cells = cell[men.index]
        weights = cells.map(mine).fillna(0.0) / cells.map(cells.value_counts())
        return men.index[weights > 0], weights[weights > 0]

    level, change = _comparison(wages, starts, same_age_and_county)
    assert abs(participants[3] - level - 200_000) > 0.3 * 200_000
    # In changes from the year before start it misleads as well, if somewhat less.
    assert abs(participants[3] - participants[-1] - change - 200_000) > 0.25 * 200_000


def test_everybody_eligible_is_wrong_by_at_least_10_percent(frame, wages, persons):
    starts = persons["start_year"].dropna()
    participants = by_event(wages, starts)

    def everybody(year):
        then = frame[(frame["year"] == year - 1) & frame["eligible"] & frame["start_year"].isna()]
        return then["person_id"], np.ones(len(then))

    _, change = _comparison(wages, starts, everybody)
    assert abs(participants[3] - participants[-1] - change - 200_000) >= 0.1 * 200_000


# --- settings -------------------------------------------------------------------------------------


def test_another_path_is_planted(truth):
    path = {"wage_income": [0, -10_000, 40_000], "aap": [-5_000]}
    frame, known = register_frame(seed=6, effects=path, **SMALL)
    patt = known.patt.pivot(index="year_since_start", columns="outcome", values="value")
    assert patt["wage_income"].tolist() == [0, -10_000, 40_000, 40_000, 40_000, 40_000, 40_000]
    assert patt["aap"].tolist() == [-5_000] * 7
    assert (patt["dagpenger"] == 0).all()
    satt = known.satt.set_index(["outcome", "year_since_start"])["value"]
    assert satt["wage_income", 1] == pytest.approx(-10_000, abs=6_000)
    assert (satt["dagpenger"] == 0).all()
    assert (frame[list(OUTCOMES)].fillna(0) >= 0).all(axis=None)


def test_a_frame_of_effects_says_the_same_as_a_mapping():
    tidy = pd.DataFrame(
        {"outcome": "wage_income", "year_since_start": [1, 0], "value": [7_000.0, 3_000.0]}
    )
    assert planted_path(tidy) == planted_path({"wage_income": [3_000, 7_000]})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"effects": {"wages": [1]}}, "unknown outcome"),
        ({"effects": {"wage_income": []}}, "sequence of finite"),
        ({"effects": {"wage_income": [np.nan]}}, "sequence of finite"),
        ({"effects": {"wage_income": "much"}}, "sequence of finite"),
        ({"effects": pd.DataFrame({"outcome": ["aap"]})}, "lacks columns"),
        (
            {"effects": pd.DataFrame({"outcome": ["aap"], "year_since_start": 2, "value": 1})},
            "missing or twice",
        ),
        ({"effects": {"aap": [-400_000]}}, "cannot be reached"),
        ({"participants": 900, "persons": 1_000}, "Too few persons"),
        ({"participants": 0}, "at least one participant"),
    ],
)
def test_settings_that_cannot_be(settings, words):
    with pytest.raises((AssumptionError, OptionError), match=words):
        register_frame(**{"participants": 50, "persons": 2_000, "seed": 1} | settings)


@pytest.mark.parametrize(
    ("kind", "strength"), [("hidden", 1.0), ("level", -1.0), ("level", np.nan)]
)
def test_confounding_that_cannot_be(kind, strength):
    with pytest.raises(OptionError):
        Confounding(kind, strength=strength)


@pytest.fixture(scope="module")
def unseen():
    """Participants' wages without an effect by kind of confounding, and of strength 0."""
    found = {}
    for kind in ("level", "trend", "post_only", "none"):
        confounding = Confounding("level", 0.0) if kind == "none" else Confounding(kind, 1.0)
        rows_, _ = register_frame(
            participants=1_000, persons=40_000, effects={}, confounding=confounding, seed=8
        )
        own = rows_[rows_["start_year"].notna()]
        real = own["wage_income"].fillna(0.0) * own["year"].map(FACTOR)
        event = (own["year"] - own["start_year"]).astype(int)
        found[kind] = real.groupby(event).sum() / 1_000
    return pd.DataFrame(found)


def test_motivation_after_the_start_only_cannot_be_seen_before_it(unseen):
    gain = unseen["post_only"] / unseen["none"]
    assert gain.loc[-5:-1].to_numpy() == pytest.approx(1.0, abs=1e-6)
    assert (gain.loc[0:3] > 1.08).all()


def test_motivation_in_level_is_there_before_the_start(unseen):
    gain = unseen["level"] / unseen["none"]
    # the last year before the start is the one selection holds low whoever is chosen
    assert (gain.drop(-1).loc[-5:3] > 1.0).all()
    assert gain.loc[-5:-2].mean() > 1.08


def test_the_kinds_of_confounding_move_the_wages_they_say():
    motivation = np.array([-1.0, 0.0, 2.0])
    level, trend = (wage_factor(Confounding(kind, 1.0), motivation) for kind in ("level", "trend"))
    assert np.ptp(level, axis=1) == pytest.approx(0.0)
    assert np.log(level[:, 0]) == pytest.approx(0.15 * motivation)
    assert np.diff(np.log(trend), axis=1) == pytest.approx(
        np.tile(0.03 * motivation[:, None], (1, len(YEARS) - 1))
    )
    assert trend[:, 0] == pytest.approx(1.0)
    assert wage_factor(Confounding("post_only", 1.0), motivation) is None
    assert np.log(start_factor(Confounding("post_only", 1.0), motivation)) == pytest.approx(
        0.15 * motivation
    )


def test_motivation_in_trend_raises_growth_after_the_start(unseen):
    growth = unseen.loc[3] / unseen.loc[-1]
    assert growth["trend"] > growth["none"]


def test_motivation_of_no_strength_moves_who_starts_and_no_wage():
    plain, moved = (
        register_frame(seed=8, effects={}, confounding=confounding, **SMALL)[0]
        for confounding in (None, Confounding("level", 0.0))
    )
    plain, moved = plain.iloc[:150_000], moved.iloc[:150_000]  # who is left out at the end differs
    assert not plain["start_year"].equals(moved["start_year"])
    for name in ("person_id", "year", *OUTCOMES):
        assert plain[name].equals(moved[name]), name


# --- the parts ------------------------------------------------------------------------------------


def test_inclusion_sums_to_the_size_and_stays_below_one():
    chance = _inclusion(np.array([100.0, 1.0, 1.0, 1.0, 1.0]), 3)
    assert chance[0] == 1.0
    assert chance.sum() == pytest.approx(3.0)
    assert chance[1:] == pytest.approx(0.5)


def test_systematic_sampling_has_fixed_size_and_the_stated_chances():
    chance = _inclusion(np.arange(1.0, 41.0), 10)
    rng = np.random.default_rng(0)
    drawn = np.zeros(40)
    for _ in range(4_000):
        picked = _systematic(rng, chance)
        assert len(picked) == len(set(picked.tolist())) == 10
        drawn[picked] += 1
    error = np.sqrt(chance * (1 - chance) / 4_000)
    assert (np.abs(drawn / 4_000 - chance) < 4.5 * error + 1e-12).all()


def test_nothing_later_than_the_year_before_the_start_moves_the_choice():
    rng = np.random.default_rng(1)
    people = draw_people(rng, 12_000)
    lives = draw_histories(rng, people, np.ones(len(YEARS)))
    first = choose_starters(np.random.default_rng(2), 300, people, lives, None)
    later = draw_histories(np.random.default_rng(99), people, np.ones(len(YEARS)))
    before = START_YEARS[0] > YEARS
    for was, other in zip(
        (lives.wage, lives.kind, lives.months, *lives.benefits.values()),
        (later.wage, later.kind, later.months, *later.benefits.values()),
        strict=True,
    ):
        was[:, ~before] = other[:, ~before]
    second = choose_starters(np.random.default_rng(2), 300, people, lives, None)
    of_2014 = [s.index[s.start_year == START_YEARS[0]] for s in (first, second)]
    assert np.array_equal(*of_2014)


def test_wages_follow_the_published_wage_growth():
    """Nominal wages grow by the figure published when it was calibrated, and then by prices."""
    to_price_year = PriceIndex.kpi().factors(YEARS, 2024)
    real = _real_wage(to_price_year)
    nominal = dict(zip(YEARS.tolist(), real / to_price_year, strict=True))
    published = {
        row.year: row.number / 100 for row in rows("wage_growth") if row.year <= CALIBRATED
    }
    assert real[-1] == pytest.approx(1.0)
    for year in range(2010, 2025):
        prices = FACTOR[year - 1] / FACTOR[year] - 1
        grown = nominal[year] / nominal[year - 1] - 1
        assert grown == pytest.approx(published.get(year, prices)), year


def test_the_panel_holds_the_truths_price_year():
    register = synthetic_register(seed=1, participants=60, persons=2_000)
    assert register.panel.price_year == register.truth.price_year == 2024
    assert isinstance(register, mih.SyntheticRegister)
