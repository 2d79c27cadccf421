"""What few persons receive shows in no effect, average, test or check of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.controls.balance_amounts import contributors_of
from mih_impact.effects import imputation
from mih_impact.effects.imputed_amounts import _Amounts, giving_of
from tests.support import read_frame, small_register

SEEN = ("estimate", "std_error", "conf_low", "conf_high", "placebo_mean", "difference", "lower")


def register(many: int, *, largest: float = 1.0) -> pd.DataFrame:
    """Return a register in which so many participants have a benefit, and the controls none."""
    frame = small_register(400, starters=100, seed=6)
    own = frame.loc[frame["start_year"].notna(), "person_id"].unique()[:many]
    frame["sosialhjelp"] = np.where(frame["person_id"].isin(own), 10_000.0 + frame["year"], 0.0)
    frame.loc[frame["person_id"] == own[0], "sosialhjelp"] *= largest
    return frame


def checks(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return what is shown of every check, in a year after start."""
    told = {"outcome": "sosialhjelp", "year": 2}
    panel = read_frame(frame)
    cells = mih.match(panel, method="exact", exact="county")
    pairs = mih.match(panel, on=["age"], ratio=1, replace=False, caliper=None)
    by = mih.group_time_effects(panel, outcomes="sosialhjelp")
    with mih.options(progress=False):
        found = {
            "by start year": by,
            **{kind: by.aggregate(kind) for kind in ("event", "group", "calendar", "simple")},
            "overall": by.overall("dynamic"),
            "imputed": mih.imputation_effects(panel, outcomes="sosialhjelp"),
            "imputed, one": mih.imputation_effects(panel, outcomes="sosialhjelp", kind="simple"),
            "difference": mih.event_study(cells, by="county").difference_test(
                "sosialhjelp", years=2
            ),
            "wild": mih.wild_bootstrap(cells, cluster="education", draws=99, **told),
            "randomised": mih.randomisation_test(cells, draws=20, **told),
            "placebo": mih.placebo_outcomes(cells, outcomes="sosialhjelp", year=2),
            "without each": mih.leave_one_out(cells, by="county", **told),
            "lee": mih.lee_bounds(cells, seen="in_work", **told),
            "rosenbaum": mih.rosenbaum_bounds(pairs, statistic="mean", **told),
        }
    return {name: each.shown().to_frame() for name, each in found.items()}


@pytest.mark.parametrize(("many", "largest"), [(1, 1.0), (3, 1.0), (4, 1.0), (12, 90.0)])
def test_nothing_of_few_is_shown(many, largest):
    for name, table in checks(register(many, largest=largest)).items():
        if many > 4 and name in ("by start year", "event", "group", "calendar"):
            continue  # levels that the one with most is not in are of enough others
        rows = table
        if "year_since_start" in table and table["year_since_start"].notna().any():
            rows = table[table["year_since_start"] >= 0]
        for column in {*SEEN, "estimate_low", "estimate_high", "upper"} & set(rows):
            values = rows[column].dropna()
            assert (values == 0).all(), (name, column)


def test_the_amounts_of_many_are_shown():
    for name, table in checks(register(100)).items():
        seen = [c for c in ("estimate", "difference", "lower", "estimate_low") if c in table]
        assert table[seen[0]].notna().any(), name


def test_a_year_without_amounts_does_not_tell_of_one_in_the_base_year():
    frame = register(30)
    own = frame["sosialhjelp"] > 0
    frame.loc[own & (frame["year"] < frame["start_year"]), "sosialhjelp"] = 0.0
    first = frame["person_id"] == frame.loc[own, "person_id"].iloc[0]
    frame.loc[first & (frame["year"] == frame["start_year"] - 1), "sosialhjelp"] = 77_777.0
    group = mih.match(read_frame(frame), method="exact", exact="county")
    seen = mih.event_study(group, outcomes="sosialhjelp", window=(-3, 2)).shown().frame
    before = seen[seen["year_since_start"] < -1]
    assert before["estimate"].isna().all()
    assert seen.loc[seen["year_since_start"] > 0, "estimate"].notna().all()


# Imputed effects ------------------------------------------------------------------------------


def gaps() -> pd.DataFrame:
    """Return a register in which not everybody has every year."""
    frame = small_register(200, starters=60, seed=3)
    return frame[(frame["person_id"] * 7 + frame["year"] * 3) % 11 > 0]


@pytest.mark.parametrize("kind", ["event", "simple"])
def test_amounts_times_their_weights_are_the_imputed_effect(kind, monkeypatch):
    """So that whoever adds nothing to the sum adds nothing to the effect."""
    seen = []
    monkeypatch.setattr(
        imputation, "giving_of", lambda *told: seen.append(told) or giving_of(*told)
    )
    options = {"kind": kind, "window": (-3, 4), "anticipation": 1}
    effects = mih.imputation_effects(
        read_frame(gaps()), outcomes=["wage_income", "in_work"], **options
    )
    assert effects.contributions is not None
    [(sample, parts)] = seen
    assert len(sample.listed)
    for k, part in enumerate(parts):
        own = _Amounts(sample, part, turned=False)
        total = sum(np.einsum("bt,btl->l", y, weight) for y, _, weight in own.starters())
        to = np.zeros((len(sample.values.years), len(part.estimate)))
        for places, of in zip(part.at, part.to, strict=True):
            to[:, places] = of
        for persons in (sample.listed, sample.whole):
            for y, there in zip(*own.values(persons), strict=True):
                total = total + y @ np.where(there[:, None], to - to[there].mean(axis=0), 0.0)
        np.testing.assert_allclose(total, effects.estimate[k], rtol=1e-9, atol=1e-9)


def test_an_imputed_share_of_which_all_but_few_are_is_hidden():
    frame = small_register(400, starters=100, seed=6)
    frame["wage_income"] = 600_000.0
    few = frame.loc[frame["start_year"].notna(), "person_id"].unique()[:3]
    frame.loc[frame["person_id"].isin(few), "wage_income"] = 0.0
    options = {"outcomes": "in_work", "window": (-1, 3)}
    found = mih.imputation_effects(read_frame(frame), **options)
    assert (found.contributors == 3).all()
    assert found.shown().frame["estimate"].isna().all()


def test_imputed_effects_of_few_are_hidden_in_the_specification_curve():
    panel = read_frame(register(3))
    group = mih.match(panel, method="exact", exact="county")
    with mih.options(progress=False):
        curve = mih.specification_curve(
            group, outcome="sosialhjelp", year=2, alone={"estimator": ["imputation"]}
        )
    rows = curve.shown().table
    assert rows.loc[rows["estimator"] == "imputation", "estimate"].isna().all()


# Balance --------------------------------------------------------------------------------------

NUMBERS = ["participants_before", "controls_before", "smd_before", "participants_after",
           "controls_after", "smd_after"]  # fmt: skip


def balance_of(frame: pd.DataFrame, **options) -> mih.Balance:
    on = ["age", *mih.lag("sosialhjelp", 1)]
    of_controls = frame["start_year"].isna() & (frame["person_id"] % 2 == 0)
    amounts = np.where(of_controls, 9_000.0 + frame["person_id"], frame["sosialhjelp"])
    frame = frame.assign(sosialhjelp=amounts)
    group = mih.match(read_frame(frame), method="mahalanobis", exact="county", on=on, caliper=None)
    return group.balance(**options)


def rows_of(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return table[table["covariate"].astype(str).str.startswith(name)]


@pytest.mark.parametrize("many", [2, 4])
def test_a_balance_table_tells_no_amounts_of_few(many, tmp_path):
    found = balance_of(register(many), by="education")
    assert rows_of(found.to_frame(), "sosialhjelp")[NUMBERS].notna().all(axis=None)
    kept = mih.load(found.save(tmp_path / "balance.zip"))
    for seen in (found.shown(), kept):
        for table in (seen.frame, seen.start_years, seen.subgroups):
            assert rows_of(table, "sosialhjelp")[NUMBERS].isna().all(axis=None)
            assert rows_of(table, "age")[NUMBERS].notna().any(axis=None)
    for said in (found.summary("en"), kept.summary("en")):
        assert "min_cell" in said
        largest = found.shown().frame["smd_after"].abs().max()
        assert f"{largest:.3f}" in said
    ax = found.plot(lang="en")
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert not any("social assistance" in name for name in names)
    with mih.options(min_cell=1):
        assert found.shown().frame[NUMBERS].notna().all(axis=None)
        assert "min_cell" not in found.summary("en")


def test_a_balance_table_tells_amounts_of_many():
    found = balance_of(register(100)).shown().frame
    assert rows_of(found, "sosialhjelp")[NUMBERS].notna().all(axis=None)


def test_one_persons_amount_does_not_follow_from_other_start_years():
    frame = register(100)
    own = frame.drop_duplicates("person_id").dropna(subset=["start_year"])
    first = own["start_year"].min()
    others = own.loc[own["start_year"] == first, "person_id"].iloc[2:]
    frame.loc[frame["person_id"].isin(others), "sosialhjelp"] = 0.0
    table = rows_of(balance_of(frame).shown().start_years, "sosialhjelp").set_index("start_year")
    hidden = table["participants_before"].isna()
    assert hidden[first]
    assert hidden.sum() >= 2, "else it would be what the others leave"
    assert not hidden.all()


def test_a_value_of_few_is_hidden_with_another():
    frame = small_register(400, starters=100, seed=6)
    own = frame.loc[frame["start_year"].notna(), "person_id"].unique()
    frame["place"] = np.array(["a", "b", "c"])[frame["person_id"].to_numpy() % 3]
    never = frame.loc[frame["start_year"].isna(), "person_id"].unique()
    frame.loc[frame["person_id"].isin([*own[:3], *never[:40]]), "place"] = "d"
    group = mih.match(read_frame(frame), on=["age", "place"], caliper=None)
    table = rows_of(group.balance().shown().frame, "place").set_index("covariate")
    hidden = table["participants_before"].isna()
    assert hidden["place=d"]
    assert hidden.sum() == 2


def test_who_contributes_to_a_balance_table_against_a_loop():
    rng = np.random.default_rng(3)
    for indicator in (False, True):
        person = rng.integers(0, 30, 60)
        weight = rng.random(60) * (rng.random(60) < 0.8)
        x = np.where(rng.random(60) < 0.3, 1.0 if indicator else rng.normal(0, 9, 60), 0.0)
        own: dict[int, float] = {}
        without = set()
        for p, w, y in zip(person, weight, x, strict=True):
            own[p] = own.get(p, 0.0) + abs(w * y)
            without |= {p} if w > 0 and y == 0 else set()
        giving = sum(amount > 0 for amount in own.values())
        expected = min(giving, len(without)) if indicator else giving
        found = contributors_of(x, weight, person, 8, indicator=indicator)
        assert found == expected


def test_where_many_have_amounts_whose_they_are_is_not_looked_at():
    n = 8_000
    of = {"weight": np.ones(n), "person": np.arange(n) // 2, "starts": 2}
    assert contributors_of(np.ones(n), **of, indicator=False) == n / 2
    assert contributors_of(np.r_[9e9, np.ones(n - 1)], **of, indicator=False) == 1.0


# Verdicts and messages ------------------------------------------------------------------------


def test_a_test_of_hidden_amounts_is_saved_without_its_verdict(tmp_path):
    group = mih.match(read_frame(register(3)), method="exact", exact="county")
    found = mih.randomisation_test(group, outcome="sosialhjelp", year=2, draws=20)
    assert found.passed is not None
    assert mih.load(found.save(tmp_path / "test.zip")).passed is None
    assert "0." not in found.summary("en")


def test_an_error_tells_no_estimate_of_one():
    frame = small_register(330, starters=80, seed=6)
    one = frame.loc[frame["start_year"].notna(), "person_id"].unique()[5]
    frame["sosialhjelp"] = np.where(frame["person_id"] == one, 12_345.0 + frame["year"], 0.0)
    group = mih.weight(read_frame(frame), on=["age"])
    effects = mih.event_study(group, outcomes="sosialhjelp", window=(-2, 6))
    with pytest.raises(mih.EffectsError, match="without uncertainty") as told:
        mih.honest_bounds(effects, outcome="sosialhjelp")
    assert told.value.found == (
        "2 estimates, 0 of them without a standard error; their covariance is singular"
    )
