"""Several measures in one register: the named one's first starts, and what others do."""

from __future__ import annotations

from functools import partial

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.effects.question import read_target
from mih_impact.errors import EffectsError, OptionError, PanelContractError, SupportError
from mih_impact.panel import person_counts
from mih_impact.panel.cube import NEVER
from mih_impact.panel.read import read_panel
from mih_impact.panel.residency import censored, next_other
from mih_impact.study.draws import rematched
from mih_impact.study.resampling import _pipeline
from mih_impact.study.spec import StudySpec
from tests.engines.engines import ENGINES
from tests.engines.test_cube_bit_equal import assert_equal_cubes
from tests.support import small_register

CHOICE = {"exact": ["county"], "on": ["age", *mih.lag("wage_income", 1, 2)]}


def several(seed: int = 3, n: int = 900) -> pd.DataFrame:
    """Return the small register with its starts written as a measure, among others and again."""
    frame = small_register(n=n, starters=n // 10)
    frame = frame.sort_values(["person_id", "year"], ignore_index=True)
    rng = np.random.default_rng(seed)
    frame["measure"] = rng.choice(["aft", "lønnstilskudd", None], len(frame), p=[0.03, 0.02, 0.95])
    frame.loc[frame["year"] < 2012, "measure"] = None  # lags need years before a start
    first = frame["year"] == frame["start_year"]
    again = (frame["year"] == frame["start_year"] + 3) & (frame["person_id"] % 2 == 0)
    frame.loc[first | again, "measure"] = "helse"
    return frame.drop(columns="start_year")


def by_hand(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the rows with the first start in a measure as the start year."""
    first = rows[rows["measure"] == measure].groupby("person_id")["year"].min()
    return rows.assign(start_year=rows["person_id"].map(first)).drop(columns="measure")


def in_months(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a twelfth of the money in each month; measures begin in a month of the person's."""
    months = rows.loc[rows.index.repeat(12)].reset_index(drop=True)
    months["month"] = np.tile(np.arange(1, 13), len(rows))
    months[["wage_income", "dagpenger", "sosialhjelp"]] /= 12
    begins = months["month"] == months["person_id"] % 12 + 1
    months["measure"] = months["measure"].where(begins, None)
    return months


@pytest.fixture(scope="module")
def rows():
    return several()


@pytest.mark.parametrize("measure", ["helse", "aft"])
def test_the_first_start_in_the_named_measure_is_the_start(rows, measure):
    named = mih.match(read_panel(rows), measure=measure, **CHOICE)
    plain = mih.match(read_panel(by_hand(rows, measure)), **CHOICE)
    pd.testing.assert_frame_equal(named.to_frame(), plain.to_frame())
    one, other = mih.event_study(named), mih.event_study(plain)
    np.testing.assert_array_equal(one.estimate, other.estimate)
    np.testing.assert_array_equal(one.covariance.to_numpy(), other.covariance.to_numpy())


def test_start_years_of_the_register_are_not_read_beside_a_measure(rows):
    wrong = rows.assign(start_year=np.where(rows["person_id"] % 3 == 0, 2012.0, np.nan))
    named = mih.match(read_panel(wrong), measure="helse", **CHOICE)
    plain = mih.match(read_panel(by_hand(rows, "helse")), **CHOICE)
    pd.testing.assert_frame_equal(named.to_frame(), plain.to_frame())


def test_by_month_the_first_month_is_the_start():
    months = in_months(several(n=120))
    begun = months[months["measure"] == "helse"]
    first = (12 * begun["year"] + begun["month"] - 1).groupby(begun["person_id"]).min()
    cube = read_panel(months, period="month").for_measure("helse").cube()
    expected = {str(person): period for person, period in first.items()}
    found = dict(zip(cube.person_id, cube.start.tolist(), strict=True))
    assert {person: s for person, s in found.items() if s != NEVER} == expected


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("monthly", [False, True])
def test_every_engine_finds_the_same_starts(rows, engine, monthly, tmp_path):
    frame = in_months(several(n=40)) if monthly else rows
    period = "month" if monthly else "year"
    source = ENGINES[engine](frame, tmp_path)
    there = read_panel(source, period=period).for_measure("helse", other_measures="censor")
    here = read_panel(frame, period=period).for_measure("helse", other_measures="censor")
    assert_equal_cubes(there.cube(), here.cube())


# --- comparisons that end -------------------------------------------------------------------------


def begun_between(rows: pd.DataFrame, person: str, first: int, last: int) -> bool:
    own = rows[(rows["person_id"] == int(person)) & rows["measure"].notna()]
    other = own[own["measure"] != "helse"]
    return bool(((other["year"] >= first) & (other["year"] <= last)).any())


def test_nobody_is_a_candidate_in_the_year_it_begins_another_measure(rows):
    group = mih.weight(read_panel(rows), measure="helse", other_measures="censor", **CHOICE)
    risk = group.risk
    for k in np.flatnonzero(~risk.treated)[::25]:
        c = int(risk.start_year[k])
        assert not begun_between(rows, risk.cube.person_id[risk.person[k]], c, c)
    free = mih.weight(read_panel(rows), measure="helse", **CHOICE)
    assert len(free.risk.person) > len(risk.person)


def test_a_control_is_compared_until_it_begins_another_measure(rows):
    group = mih.match(read_panel(rows), measure="helse", other_measures="censor", **CHOICE)
    effects = mih.event_study(group, outcomes="wage_income", window=(-2, 4)).to_frame()
    wage = group.risk.cube.outcome("wage_income")
    place = {person: k for k, person in enumerate(group.risk.cube.person_id)}
    first = int(group.risk.cube.years[0])
    pairs = group.pairs()

    def change(person: str, year: int, base: int) -> float:
        return float(wage[place[person], year - first] - wage[place[person], base - first])

    last = int(group.risk.cube.years[-1])
    for e in (-2, 0, 1, 4):
        contrasts = []
        for (person, c), sets in pairs.groupby(["participant_id", "start_year"]):
            if c + e > last:
                continue
            seen = [
                (change(j, c + e, c - 1), w)
                for j, w in zip(sets["control_id"], sets["weight"], strict=True)
                if e < 0 or not begun_between(rows, j, c, c + e)
            ]
            if seen:
                total = sum(w for _, w in seen)
                contrasts.append(change(person, c + e, c - 1) - sum(y * w for y, w in seen) / total)
        row = effects.set_index("year_since_start").loc[e]
        assert row["n_participants"] == len(contrasts)
        assert row["estimate"] == pytest.approx(np.mean(contrasts), rel=1e-10)


def test_who_leaves_for_another_measure_is_told_from_other_ways(rows):
    group = mih.match(read_panel(rows), measure="helse", other_measures="censor", **CHOICE)
    table = mih.attrition_check(group, window=(0, 3)).table
    ended = table[(table["item"] == "other_measure") & (table["year_since_start"] == 3)].iloc[0]
    assert ended["participants"] == 0
    assert ended["controls"] > 0.1
    pairs = group.pairs().query("start_year <= 2021")
    of_pairs = zip(pairs["control_id"], pairs["start_year"], strict=True)
    expected = [begun_between(rows, j, c, c + 3) for j, c in of_pairs]
    share = np.average(expected, weights=pairs["weight"])
    assert ended["controls"] == pytest.approx(share, rel=1e-9)


def test_what_others_begin_is_counted(rows):
    group = mih.match(read_panel(rows), measure="helse", ratio=2, caliper=None, **CHOICE)
    table = group.other_measures((0, 2)).set_index(["measure", "year_since_start"])
    pairs = group.pairs()
    starts = pairs.drop_duplicates("participant_id")[["participant_id", "start_year"]]
    begins = {(str(p), y): m for p, y, m in rows[["person_id", "year", "measure"]].to_numpy()}
    for measure in ("helse", "aft"):
        for e in (0, 2):
            own = [begins[p, c + e] == measure for p, c in starts.to_numpy()]
            of_controls = [
                begins[j, c + e] == measure
                for j, c in pairs[["control_id", "start_year"]].to_numpy()
            ]
            line = table.loc[(measure, e)]
            assert line["participants"] == pytest.approx(np.mean(own))
            share = np.average(of_controls, weights=pairs["weight"])
            assert line["controls"] == pytest.approx(share)
            assert line["n_participants"] == sum(own)
    assert table.loc[("helse", 0), "participants"] == 1
    assert table.loc[("helse", 0), "controls"] == 0


# --- through the rest of the library --------------------------------------------------------------


def test_group_time_effects_take_the_measure(rows):
    named = mih.group_time_effects(read_panel(rows), outcomes="wage_income", measure="helse")
    plain = mih.group_time_effects(read_panel(by_hand(rows, "helse")), outcomes="wage_income")
    np.testing.assert_array_equal(named.estimate, plain.estimate)


def test_placebo_starts_and_draws_know_the_measure(rows):
    options = {"years": 2, "gap": 1}
    named = mih.match(read_panel(rows), measure="helse", **CHOICE)
    plain = mih.match(read_panel(by_hand(rows, "helse")), **CHOICE)
    one, other = mih.placebo_start(named, **options), mih.placebo_start(plain, **options)
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame())
    for group in (
        mih.match(read_panel(rows), measure="helse", other_measures="censor", **CHOICE),
        mih.weight(read_panel(rows), measure="helse", other_measures="censor", on=["age"]),
    ):
        drawn = mih.resample(group, outcomes="wage_income", window=(-1, 3), draws=20)
        assert np.isfinite(drawn.draws).all()


def test_an_analysis_names_the_measure(rows, tmp_path):
    rows.to_csv(tmp_path / "rows.csv", index=False)
    text = '[data]\nsource = "rows.csv"\n[controls]\non = ["age"]\nexact = ["county"]\n'
    text += 'measure = "helse"\nother_measures = "censor"\n'
    (tmp_path / "analysis.toml").write_text(text)
    step = StudySpec.from_toml(tmp_path / "analysis.toml").controls
    group = step.verb(read_panel(tmp_path / "rows.csv"), **step.options)
    assert group.provenance.options["measure"] == "helse"
    assert "helse" in group.summary(lang="nb")


# --- misuse ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measure": "hels"}, "Nobody begins the measure.*aft, helse, lønnstilskudd"),
        ({"measure": "helse", "other_measures": "drop"}, "'risk_set', 'censor'"),
        ({"other_measures": "censor"}, "name the measure"),
    ],
)
def test_what_cannot_be_asked_is_said(rows, options, message):
    with pytest.raises(OptionError, match=message):
        mih.match(read_panel(rows), **options, **CHOICE)


def test_a_register_without_measures_says_what_to_do(rows):
    panel = read_panel(by_hand(rows, "helse"))
    assert panel.measures == ()
    with pytest.raises(PanelContractError, match="start_year"):
        mih.match(panel, measure="helse", **CHOICE)
    with pytest.raises(SupportError, match="column measure"):
        mih.match(panel, **CHOICE).other_measures()


def test_group_time_effects_refuse_to_end_comparisons(rows):
    panel = read_panel(rows).for_measure("helse", other_measures="censor")
    with pytest.raises(EffectsError, match="risk_set"):
        mih.group_time_effects(panel, outcomes="wage_income")


def test_starts_without_the_measure_are_asked_for(rows):
    with pytest.raises(SupportError, match="measure="):
        mih.match(read_panel(rows), **CHOICE)


def test_eligibility_can_speak_of_measures(rows):
    never = nw.col("measure").is_null()
    group = mih.match(read_panel(rows), measure="helse", eligible=never, **CHOICE)
    assert group.n_participants > 50


def test_by_month_the_year_with_the_other_start_is_the_first_that_is_not_compared():
    rng = np.random.default_rng(4)
    code = rng.choice([-1, 0, 1], (30, 60), p=[0.96, 0.02, 0.02]).astype(np.int32)
    position = rng.integers(0, 60, 30)
    years = [-2, -1, 0, 1, 2, 3]
    others = next_other(code, ("afl", "aft"), "afl")
    found = censored(others, np.arange(30), position, years, per_year=12)
    for i in range(30):
        for k, e in enumerate(years):
            months = range(position[i], min(position[i] + 12 * (e + 1), 60))
            assert found[i, k] == (e >= 0 and any(code[i, m] == 1 for m in months))


@pytest.mark.filterwarnings("ignore:One person carries", "ignore:The naive bootstrap")
@pytest.mark.parametrize("verb", [mih.match, mih.weight])
def test_drawn_persons_are_censored_as_they_are(rows, verb):
    """Every other's copies beside a register in which these persons stand twice."""
    options = {"measure": "helse", "other_measures": "censor", "outcomes": "wage_income", **CHOICE}
    group = verb(read_panel(rows), **options)
    counts = np.where(group.risk.cube.person_id.astype(int) % 2, 2, 1)
    target = read_target(group, None, "did", -1, (-2, 4), "available", "zero")
    copies = rows[rows["person_id"] % 2 == 1]
    ids = np.concatenate([rows["person_id"].astype(str), copies["person_id"].astype(str) + "-"])
    twice = pd.concat([rows, copies], ignore_index=True).assign(person_id=ids)
    again = verb(read_panel(twice), **options)
    expected = mih.event_study(again, window=(-2, 4), se="person").estimate.ravel()
    draw, _ = _pipeline(group, target, False)
    ways = [lambda counts: draw(counts[None])[0]]
    if verb is mih.match:
        ways.append(partial(rematched, group, target, False))
    for way in ways:
        np.testing.assert_allclose(way(counts), expected, rtol=1e-6, atol=1e-3)


def with_known_effects(n: int = 6_000, seed: int = 11) -> pd.DataFrame:
    """Return a register in which one measure adds 100,000 a year after it begins, another 60,000.

    Who begins what, and when, is drawn without regard to anything.
    """
    rng = np.random.default_rng(seed)
    years = np.arange(2010, 2022)
    named = np.where(rng.random(n) < 0.08, rng.integers(2014, 2018, n), 9999)
    # One in eight of the others begins the second measure in each year from 2013 on.
    hazard = rng.random((n, len(years))) < 0.125 * (years >= 2013)
    other = np.where(hazard.any(axis=1), years[hazard.argmax(axis=1)], 9999)
    other[named < 9999] = 9999
    level = rng.normal(400_000, 50_000, n)
    wage = level[:, None] + rng.normal(0, 20_000, (n, len(years)))
    wage += 100_000 * (years > named[:, None]) + 60_000 * (years > other[:, None])
    measure = np.where(years == named[:, None], "helse", None)
    measure = np.where(years == other[:, None], "aft", measure)
    return pd.DataFrame(
        {
            "person_id": np.repeat(np.arange(n), len(years)),
            "year": np.tile(years, n),
            "wage_income": wage.ravel(),
            "measure": measure.ravel(),
            "eligible": (years < other[:, None]).ravel(),  # nobody who has begun the second before
            "birth_year": np.repeat(rng.integers(1970, 1990, n), len(years)),
        }
    )


@pytest.mark.parametrize(("others", "instead"), [("risk_set", True), ("censor", False)])
def test_each_way_finds_the_effect_it_speaks_of(others, instead):
    rows = with_known_effects()
    panel = read_panel(rows, money="fixed")
    group = mih.match(panel, measure="helse", other_measures=others, on=["age"], seed=1)
    frame = mih.event_study(group, outcomes="wage_income", window=(-1, 3)).to_frame()
    found = frame.set_index("year_since_start").loc[3]
    # In the risk set controls who have begun the other measure since then have gained by it.
    begun = rows[rows["measure"] == "aft"].groupby("person_id")["year"].first()
    pairs = group.pairs()
    at, c = pairs["control_id"].astype(int).map(begun).fillna(9999), pairs["start_year"]
    gained = float((at < c + 3).mean())
    assert gained > 0.3 if instead else gained > 0.1
    expected = 100_000 - 60_000 * gained * instead
    assert abs(found["estimate"] - expected) < 3 * found["std_error"]
    assert found["std_error"] < 2_500


def test_the_starts_of_a_measure_are_looked_for_once(rows, monkeypatch):
    target = []
    once = person_counts.started
    monkeypatch.setattr(
        person_counts, "started", lambda *a, **k: target.append(a[1]) or once(*a, **k)
    )
    panel = read_panel(rows, memory_limit="1 GB")
    for measure in ("helse", "aft", "helse"):
        mih.match(panel, measure=measure, exact=["county"], on=["age"]).other_measures()
    assert target == ["helse", "aft"]
