"""Small-sample corrections against R's clubSandwich and sandwich, statsmodels, and matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy.stats import t as student

import mih_impact as mih
from mih_impact.effects.inference.covariance import cluster_of
from tests.support import small_register

HERE = Path(__file__).parent / "small_sample"
YEAR = 3
NAMES = ["none", "CR1", "CR1S", "CR2"]


@pytest.fixture(scope="module")
def groups() -> dict[str, mih.ControlGroup]:
    frame = small_register(150, starters=25, seed=3, ties=True)
    town = np.random.default_rng(8).integers(0, 12, 150)
    frame["town"] = town[frame["person_id"]].astype(str)
    panel = mih.read_panel(frame)
    on = {"on": ["age", *mih.lag("wage_income", 1)], "outcomes": "wage_income"}
    return {
        "with replacement": mih.match(panel, ratio=2, caliper=None, **on),
        "pairs": mih.match(panel, ratio=1, replace=False, scope="global", caliper=None, **on),
    }


def regression(design: str, group: mih.ControlGroup) -> pd.DataFrame:
    """Return the rows of the weighted regression, a control once in each start year it serves."""
    cube, own, town = group.risk.cube, group.to_frame(), cluster_of(group, "town")
    place = pd.Index(cube.person_id.astype(int)).get_indexer(own["person_id"].astype(int))
    level = cube.outcome("wage_income")
    year = own["start_year"].to_numpy() - int(cube.periods[0])
    own = own.assign(
        design=design,
        treated=(own["role"] == "participant").astype(int),
        change=level[place, year + YEAR] - level[place, year - 1],
        person=place,
        town=town[place],
        set=own["match_id"] if design == "pairs" else np.nan,
    )
    columns = ["design", "treated", "change", "weight", "person", "set", "town"]
    key = ["design", "treated", "person", "start_year"]
    return own.groupby(key, as_index=False).agg(
        {"change": "first", "weight": "sum", "set": "first", "town": "first"}
    )[columns]


@pytest.fixture(scope="module")
def sample(groups) -> pd.DataFrame:
    return pd.concat([regression(*each) for each in groups.items()], ignore_index=True)


def estimate(group: mih.ControlGroup, cluster: str, name: str, **options) -> mih.EffectSeries:
    return mih.event_study(
        group, outcomes="wage_income", window=(-2, YEAR), small_sample=name,
        se="matched_set" if cluster == "set" else "person",
        cluster="town" if cluster == "town" else "person", **options,
    )  # fmt: skip


def test_the_recorded_sample_is_the_one_that_is_compared(sample):
    recorded = pd.read_csv(HERE / "sample.csv")
    pd.testing.assert_frame_equal(sample, recorded, check_dtype=False, rtol=1e-12)


def by_matrices(own: pd.DataFrame, cluster: str) -> tuple[float, float]:
    """Return the standard error and degrees of freedom of CR2, written from the definitions."""
    X = np.column_stack([np.ones(len(own)), own["treated"]])
    w, y, label = (own[name].to_numpy() for name in ("weight", "change", cluster))
    M = np.linalg.inv(X.T @ (w[:, None] * X))
    rest = np.eye(len(own)) - X @ M @ (w[:, None] * X).T
    e, parts, meat = rest @ y, [], 0.0
    for one in np.unique(label):
        i = np.flatnonzero(label == one)
        value, vector = np.linalg.eigh(rest[i] @ rest[i].T)
        root = np.where(value > 1e-9, np.where(value > 1e-9, value, 1.0) ** -0.5, 0.0)
        a = (vector * root) @ vector.T @ (w[i, None] * X[i]) @ M[:, 1]
        meat += (a @ e[i]) ** 2
        parts.append(rest[i].T @ a)
    P = np.array(parts) @ np.array(parts).T
    return float(np.sqrt(meat)), float(np.trace(P) ** 2 / (P**2).sum())


@pytest.mark.parametrize(
    ("design", "cluster"),
    [("with replacement", "person"), ("with replacement", "town"), ("pairs", "set")],
)
def test_errors_and_degrees_of_freedom_of_r(groups, sample, design, cluster):
    recorded = pd.read_csv(HERE / "results.csv").query("design == @design & cluster == @cluster")
    assert len(recorded) == 7
    few = cluster == "town"
    for name, rows in recorded.groupby("name"):
        if few and name != "CR2":
            with pytest.raises(mih.EffectsError, match="Too few clusters"):
                estimate(groups[design], cluster, name)
            continue
        effects = estimate(groups[design], cluster, name)
        error = effects.std_errors[("wage_income", YEAR)]
        np.testing.assert_allclose(rows["se"], error, rtol=1e-9)
        row = effects.to_frame().set_index("year_since_start").loc[YEAR]
        if name == "CR2":
            df = effects.df[-1]
            assert df == pytest.approx(rows["df"].iloc[0], rel=1e-6)
            own = sample.query("design == @design")
            assert (error, df) == pytest.approx(by_matrices(own, cluster), rel=1e-9)
            reach = student.ppf(0.975, df) * error
            assert row["conf_high"] - row["estimate"] == pytest.approx(reach)
            assert row["band_high"] >= row["conf_high"]
            np.testing.assert_allclose(effects.conf_int()["upper"], effects.frame["conf_high"])


def test_cr1s_is_what_statsmodels_calls_clustered(groups, sample):
    own = sample.query("design == 'with replacement'")
    fit = smf.wls("change ~ treated", own, weights=own["weight"]).fit(
        cov_type="cluster", cov_kwds={"groups": own["person"]}, use_t=True
    )
    effects = estimate(groups["with replacement"], "person", "CR1S")
    assert effects.std_errors.iloc[-1] == pytest.approx(fit.bse["treated"], rel=1e-9)
    assert effects.df[-1] == own["person"].nunique() - 1
    low, high = fit.conf_int().loc["treated"]
    assert effects.conf_int().iloc[-1].tolist() == pytest.approx([low, high], rel=1e-6)


def test_auto_is_cr1_by_person_and_by_set(groups):
    for design, cluster in (("with replacement", "person"), ("pairs", "set")):
        auto, cr1 = (estimate(groups[design], cluster, name).std_errors for name in ("auto", "CR1"))
        np.testing.assert_allclose(auto, cr1, rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"se": "abadie_imbens"}, "clustered by person or above"),
        ({"adjust": True}, "on treatment alone"),
        ({"composition": "cohort_weighted"}, "on treatment alone"),
    ],
)
def test_corrections_without_theory_are_refused(groups, options, message):
    with pytest.raises(mih.EffectsError, match=message):
        mih.event_study(
            groups["with replacement"], outcomes="wage_income", window=(-2, 3),
            small_sample="CR2", **{"se": "person", **options},
        )  # fmt: skip


def test_estimated_weights_take_the_factor_of_clusters_only():
    group = mih.weight(mih.read_panel(small_register(200, starters=40)), on=["age"])
    ask = {"outcomes": "wage_income", "window": (-2, 3)}
    plain = mih.event_study(group, **ask)
    same, more = (mih.event_study(group, small_sample=s, **ask) for s in ("none", "CR1"))
    np.testing.assert_allclose(plain.matrix, same.matrix, rtol=1e-14)
    persons = (plain.influence.rows[:, -1] != 0).sum()
    ratio = (more.std_errors / plain.std_errors).iloc[-1]
    assert ratio == pytest.approx(np.sqrt(persons / (persons - 1)))
    with pytest.raises(mih.EffectsError, match="on treatment alone"):
        mih.event_study(group, small_sample="CR1S", **ask)
