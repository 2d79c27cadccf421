"""Group-time effects against diff-diff and R's DRDID."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from tests.oracle.group_time_loops import two_by_two
from tests.support import read_numbers

HERE = Path(__file__).parent / "group_time_drdid"
CONTROLS = {"never": "never_treated", "not_yet": "not_yet_treated"}


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    """Return the panel diff-diff generates, in calendar years, with three covariates."""
    dd = pytest.importorskip("diff_diff")
    frame = dd.generate_staggered_data(
        n_units=240, n_periods=8, cohort_periods=[3, 4, 6], never_treated_frac=0.45, seed=11
    )
    rng = np.random.default_rng(4)
    x = rng.normal(size=(240, 3))
    unit = frame["unit"].to_numpy()
    treated = frame["first_treat"].to_numpy() > 0
    for k in range(3):
        frame[f"x{k}"] = x[unit, k] + 0.2 * treated
    frame["outcome"] += 0.3 * frame["x0"] * frame["period"]
    frame["period"] += 2010
    frame["first_treat"] = np.where(treated, frame["first_treat"] + 2010, 0)
    return frame


def ours(frame: pd.DataFrame, **options: object) -> mih.GroupTimeEffects:
    names = {"unit": "person_id", "period": "year", "first_treat": "start_year"}
    panel = read_numbers(frame.rename(columns=names))
    return mih.group_time_effects(panel, outcomes="outcome", **options)  # type: ignore[arg-type]


def peers(frame: pd.DataFrame, covariates: list[str], **options: object):
    dd = pytest.importorskip("diff_diff")
    model = dd.CallawaySantAnna(pscore_trim=1e-12, epv_threshold=1e-6, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(
            frame, "outcome", "unit", "period", "first_treat", covariates=covariates or None
        )


@pytest.mark.parametrize("base", ["universal", "varying"])
@pytest.mark.parametrize("controls", ["never", "not_yet"])
@pytest.mark.parametrize(
    ("estimator", "covariates"),
    [("reg", []), ("dr", []), ("reg", ["x0", "x1", "x2"]), ("ipw", ["x0", "x1", "x2"])],
)
def test_every_effect_and_average_agrees_with_diff_diff(
    published, base, controls, estimator, covariates
):
    effects = ours(
        published, covariates=covariates, controls=controls, estimator=estimator, base_period=base
    )
    peer = peers(
        published, covariates, control_group=CONTROLS[controls], estimation_method=estimator,
        base_period=base,
    )  # fmt: skip
    table = effects.to_frame().set_index(["group", "year"])
    compared = 0
    for (g, t), row in peer.group_time_effects.items():
        if np.isfinite(row["se"]):
            assert table.loc[(g, t), "estimate"] == pytest.approx(row["effect"], abs=1e-10)
            assert table.loc[(g, t), "std_error"] == pytest.approx(row["se"], abs=1e-10)
            assert table.loc[(g, t), "n_participants"] == row["n_treated"]
            assert table.loc[(g, t), "n_controls"] == row["n_control"]
            compared += 1
    assert compared == 3 * 7
    check_averages(effects, peer)


def check_averages(effects: mih.GroupTimeEffects, peer) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        event = peer.aggregate("event_study")
        group, simple = (peer.aggregate(kind).to_dataframe() for kind in ("group", "simple"))
    own = effects.aggregate("event").to_frame().set_index("level")
    theirs = event.to_dataframe().set_index("event_time")
    assert own.index.tolist() == theirs.index.tolist()
    np.testing.assert_allclose(own["estimate"], theirs["att"], atol=1e-10)
    np.testing.assert_allclose(own["std_error"], theirs["se"], atol=1e-10)
    if event.vcov is not None:
        index = [own.index.get_loc(e) for e in event.vcov_index]
        matrix = effects.aggregate("event").matrix[np.ix_(index, index)]
        np.testing.assert_allclose(matrix, event.vcov, atol=1e-12)
    own = effects.aggregate("group").to_frame()
    np.testing.assert_allclose(own["estimate"], group["att"], atol=1e-10)
    np.testing.assert_allclose(own["std_error"], group["se"], atol=1e-10)
    own = effects.aggregate("simple").to_frame()
    np.testing.assert_allclose(own["estimate"], simple["att"], atol=1e-10)
    np.testing.assert_allclose(own["std_error"], simple["se"], atol=1e-10)


def test_anticipation_agrees_with_diff_diff(published):
    effects = ours(published, anticipation=1, controls="not_yet")
    peer = peers(published, [], anticipation=1, control_group="not_yet_treated",
                 base_period="universal")  # fmt: skip
    table = effects.to_frame().set_index(["group", "year"])
    for (g, t), row in peer.group_time_effects.items():
        if np.isfinite(row["se"]):
            assert table.loc[(g, t), "estimate"] == pytest.approx(row["effect"], abs=1e-10)
            assert table.loc[(g, t), "std_error"] == pytest.approx(row["se"], abs=1e-10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = peer.aggregate("event_study").to_dataframe().set_index("event_time")
    own = effects.aggregate("event").to_frame().set_index("level")
    for name, peers_name in (("estimate", "att"), ("std_error", "se")):
        np.testing.assert_allclose(own[name], theirs[peers_name], atol=1e-10)


def test_an_anticipated_year_is_no_part_of_the_pre_trend(published):
    """Callaway and Sant'Anna: trends are parallel before start less the years of anticipation."""
    effects = ours(published, anticipation=1).aggregate("event")
    table = effects.to_frame().set_index("level")
    early = [e for e in effects.levels if e < -2]
    found = effects.pretrend_test("outcome")
    assert found.table["year_since_start"].tolist() == early
    at = [effects.levels.index(e) for e in early]
    b, V = table.loc[early, "estimate"].to_numpy(), effects.matrix[np.ix_(at, at)]
    assert found.table["statistic"][0] == pytest.approx(b @ np.linalg.inv(V) @ b, rel=1e-9)
    assert "år fra og med −1 er ikke testet" in found.sentence["nb"].lower()
    assert set(mih.pretrend_power(effects, outcome="outcome").table["year_since_start"]) == {
        *early, *(e for e in effects.levels if e >= 0),
    }  # fmt: skip


@pytest.mark.parametrize("restriction", ["smoothness", "relative_magnitudes"])
def test_honest_bounds_with_anticipation_are_those_of_a_start_so_many_years_earlier(
    published, restriction
):
    effects = ours(published, anticipation=1).aggregate("event")
    bounds = mih.honest_bounds(effects, outcome="outcome", restriction=restriction, M=[0.1, 1])
    frame = effects.to_frame()
    earlier = mih.EffectSeries.from_frame(
        frame[["outcome", "estimate"]].assign(year_since_start=frame["level"].astype(int) + 1),
        covariance=effects.matrix,
        price_year=2024,
    )
    after = [e + 1 for e in effects.levels if e >= 0]
    same = mih.honest_bounds(
        earlier, outcome="outcome", restriction=restriction, M=[0.1, 1], years=after
    )
    pd.testing.assert_frame_equal(bounds.table, same.table)
    assert bounds.breakdown == same.breakdown
    assert "år 0–" in bounds.title["nb"]
    assert "år −1 regnes som etter oppstart" in bounds.sentence["nb"]


def test_balanced_event_years_agree_with_diff_diff(published):
    effects = ours(published)
    peer = peers(published, [], base_period="universal", estimation_method="reg")
    theirs = peer.aggregate("event_study", balance_e=2).to_dataframe().set_index("event_time")
    own = effects.aggregate("event", balance_e=2).to_frame().set_index("level")
    assert own.index.max() == 2
    for e in own.index:
        assert own.loc[e, "estimate"] == pytest.approx(theirs.loc[e, "att"], abs=1e-10)
        assert own.loc[e, "std_error"] == pytest.approx(theirs.loc[e, "se"], abs=1e-10, nan_ok=True)


def drdid_panel() -> pd.DataFrame:
    wide = pd.read_csv(HERE / "panel.csv")
    long = wide.melt(["id", "start", "x1", "x2"], var_name="year", value_name="outcome")
    long["year"] = long["year"].str[1:].astype(int)
    return long.rename(columns={"id": "person_id", "start": "start_year"})


@pytest.mark.parametrize("estimator", ["dr", "ipw", "reg"])
def test_estimates_and_standard_errors_of_r_drdid(estimator):
    panel = read_numbers(drdid_panel())
    effects = mih.group_time_effects(
        panel, outcomes="outcome", covariates=["x1", "x2"], estimator=estimator
    )
    table = effects.to_frame().set_index(["group", "year"])
    recorded = pd.read_csv(HERE / "results.csv").query("estimator == @estimator")
    assert len(recorded) == 10
    for row in recorded.itertuples():
        assert table.loc[(row.group, row.year), "estimate"] == pytest.approx(row.att, abs=1e-10)
        assert table.loc[(row.group, row.year), "std_error"] == pytest.approx(row.se, abs=1e-10)


def test_diff_diff_does_not_normalise_the_weights_of_its_doubly_robust_estimate(published):
    """Where the two part: R's DRDID divides by the sum of the weights, diff-diff by n treated."""
    names = ["x0", "x1", "x2"]
    peer = peers(published, names, estimation_method="dr", base_period="universal")
    effects = ours(published, covariates=names, estimator="dr")
    table = effects.to_frame().set_index(["group", "year"])
    wide = published.pivot(index="unit", columns="period", values="outcome")
    first = published.groupby("unit").first()
    furthest = 0.0
    for (g, t), row in peer.group_time_effects.items():
        if not np.isfinite(row["se"]):
            continue
        used = first["first_treat"].isin([0, g])
        X = np.column_stack([np.ones(used.sum()), first.loc[used, names]])
        change = (wide[t] - wide[g - 1])[used].to_numpy()
        d = (first.loc[used, "first_treat"] == g).to_numpy(dtype=float)
        own, influence = two_by_two(change, d, X, "dr")
        assert table.loc[(g, t), "estimate"] == pytest.approx(own, abs=1e-10)
        assert table.loc[(g, t), "std_error"] == pytest.approx(
            np.sqrt((influence**2).sum()), abs=1e-10
        )
        plain, _ = two_by_two(change, d, X, "dr", normalised=False)
        assert row["effect"] == pytest.approx(plain, abs=1e-9)
        furthest = max(furthest, abs(row["effect"] - own))
    assert 1e-6 < furthest < 0.02
