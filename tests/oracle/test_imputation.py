"""The imputation estimator against dummy regressions, the paper's formulas and other packages."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from tests.oracle.test_group_time_loops import small_panel
from tests.support import read_numbers

RECORDED = Path(__file__).parent / "imputation" / "pyfixest.csv"


def dummies(values: pd.Series) -> np.ndarray:
    return pd.get_dummies(values).to_numpy(dtype=float)


def by_dummies(
    frame: pd.DataFrame, masks: dict[int, np.ndarray], leads: list[int], anticipation: int = 0
) -> tuple[dict[int, float], pd.DataFrame]:
    """Return estimates and influence by person, from regressions on all dummies at once.

    `masks` say which rows each average is of; theorem 3 and equation (7) of Borusyak, Jaravel and
    Spiess (2024), written out.
    """
    frame = frame.assign(since=frame["year"] - frame["start_year"])
    treated = (frame["since"] >= -anticipation).to_numpy()
    X = np.column_stack([dummies(frame["person_id"]), dummies(frame["year"])])
    y, person = frame["outcome"].to_numpy(), frame["person_id"].to_numpy()
    b = np.linalg.lstsq(X[~treated], y[~treated], rcond=None)[0]
    left, estimate, parts = y - X @ b, {}, {}
    cell = frame["start_year"].to_numpy(), frame["year"].to_numpy()
    for level, mask in masks.items():
        v = mask / mask.sum()
        estimate[level] = float(v @ left)
        gram = np.linalg.pinv(X[~treated].T @ X[~treated])
        v = np.where(treated, v, 0.0)
        v[~treated] = -X[~treated] @ gram @ X[treated].T @ v[treated]
        e = left.copy()
        every = np.any(list(masks.values()), axis=0)
        for g, t in {*zip(*cell, strict=True)}:
            own = every & (cell[0] == g) & (cell[1] == t)
            if own.any():
                e[own] -= left[own].mean()
        parts[level] = pd.Series(v * e).groupby(person).sum()
    if leads:
        untreated = frame[~treated]
        L = np.column_stack([(untreated["since"] == p).to_numpy(dtype=float) for p in leads])
        Z = np.column_stack([L, X[~treated]])
        gram = np.linalg.pinv(Z.T @ Z)
        b = gram @ Z.T @ y[~treated]
        score = Z * (y[~treated] - Z @ b)[:, None]
        summed = pd.DataFrame(score).groupby(person[~treated]).sum()
        for k, p in enumerate(leads):
            estimate[p] = float(b[k])
            parts[p] = summed @ gram[:, k]
    return estimate, pd.DataFrame(parts).reindex(np.unique(person)).fillna(0.0)


@pytest.mark.parametrize("missing", [0.0, 0.15])
@pytest.mark.parametrize("anticipation", [0, 1])
def test_effects_leads_and_covariance_are_those_of_dummy_regressions(missing, anticipation):
    frame = small_panel(seed=5, missing=missing, n=90).drop(columns="eligible")
    window = (-2 - anticipation, 3)
    panel = read_numbers(frame)
    found = mih.imputation_effects(
        panel, outcomes=["second", "outcome"], window=window, anticipation=anticipation
    )
    since = (frame["year"] - frame["start_year"]).to_numpy()
    post = range(-anticipation, 4)
    seen = frame[since < -anticipation].groupby("person_id").size()
    frame["usable"] = frame["person_id"].isin(seen.index).to_numpy() | ~(since >= -99)
    kept = frame[frame["usable"]].reset_index(drop=True)
    since = (kept["year"] - kept["start_year"]).to_numpy()
    masks = {e: since == e for e in post}
    leads = list(range(window[0], -anticipation))
    estimate, rows = by_dummies(kept, masks, leads, anticipation)
    own = found.params["outcome"]
    np.testing.assert_allclose(own, [estimate[e] for e in own.index], atol=1e-9)
    covariance = found.covariance.loc["outcome", "outcome"]
    part = rows[list(own.index)].to_numpy()
    np.testing.assert_allclose(covariance, part.T @ part, atol=1e-11)
    influence = found.influence.rows
    np.testing.assert_allclose(influence.T @ influence, found.influence.covariance, atol=1e-11)
    table = found.to_frame().query("outcome == 'outcome'").set_index("level")
    for e in post:
        assert table.loc[e, "n_participants"] == masks[e].sum()
        assert table.loc[e, "n_participants"] + table.loc[e, "n_lost"] == (panel_starters(frame, e))


def panel_starters(frame: pd.DataFrame, since: int) -> int:
    """Return the starters for whom the register has a year since start."""
    start = small_panel(seed=5, n=90).groupby("person_id")["start_year"].first().dropna()
    start = start[start.index.isin(frame["person_id"])]
    return int((start + since).between(frame["year"].min(), frame["year"].max()).sum())


def test_one_effect_of_all_treated_years():
    frame = small_panel(seed=5, n=90).drop(columns="eligible")
    found = mih.imputation_effects(
        read_numbers(frame), outcomes="outcome", kind="simple", window=(0, 2)
    )
    since = (frame["year"] - frame["start_year"]).to_numpy()
    estimate, rows = by_dummies(frame, {0: (since >= 0) & (since <= 2)}, [])
    assert found.params.item() == pytest.approx(estimate[0], abs=1e-10)
    assert found.std_errors.item() == pytest.approx(np.sqrt((rows[0] ** 2).sum()), abs=1e-10)


@pytest.fixture(scope="module")
def staggered() -> pd.DataFrame:
    """Return the panel that was given to pyfixest, in calendar years."""
    return pd.read_csv(RECORDED.parent / "panel.csv")


def test_effects_and_errors_of_diff_diff(staggered):
    dd = pytest.importorskip("diff_diff")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = dd.ImputationDiD().fit(
            staggered.assign(start_year=staggered["start_year"].fillna(0)),
            "outcome", "person_id", "year", "start_year",
        )  # fmt: skip
        peer = fitted.aggregate("event_study").to_dataframe().set_index("event_time")
    found = mih.imputation_effects(read_numbers(staggered), outcomes="outcome", window=(-2, 4))
    own = found.to_frame().set_index("level")
    for e in range(5):
        assert own.loc[e, "estimate"] == pytest.approx(peer.loc[e, "att"], abs=1e-8)
        assert own.loc[e, "std_error"] == pytest.approx(peer.loc[e, "se"], abs=1e-8)
    simple = mih.imputation_effects(
        read_numbers(staggered), outcomes="outcome", kind="simple", window=(0, 9)
    )
    assert simple.params.item() == pytest.approx(fitted.overall_att, abs=1e-8)
    assert simple.std_errors.item() == pytest.approx(fitted.overall_se, abs=1e-8)


def test_effects_of_pyfixest_did2s(staggered):
    recorded = pd.read_csv(RECORDED).set_index("level")
    found = mih.imputation_effects(read_numbers(staggered), outcomes="outcome", window=(-2, 4))
    own = found.to_frame().set_index("level")["estimate"]
    np.testing.assert_allclose(own.loc[recorded.index], recorded["estimate"], atol=1e-6)


def test_clusters_add_persons_up():
    frame = small_panel(seed=5, n=90).drop(columns="eligible")
    frame["town"] = (frame["person_id"] % 23).astype(str)
    ask = {"outcomes": "outcome", "window": (-2, 3)}
    plain = mih.imputation_effects(read_numbers(frame), **ask)
    found = mih.imputation_effects(read_numbers(frame), cluster="town", **ask)
    number = np.sort(frame["person_id"].unique())
    names = np.array(sorted(number.astype(str))).astype(int)[plain.influence.cluster]
    rows = pd.DataFrame(plain.influence.rows).groupby(names % 23).sum().to_numpy()
    np.testing.assert_allclose(found.matrix, rows.T @ rows, atol=1e-12)
    assert len(found.influence.rows) == 23


def test_what_cannot_be_told_is_not_imputed():
    """Everybody starts: nobody is untreated in the last years, and no start year has a past."""
    frame = small_panel(seed=5, n=90).drop(columns="eligible")
    frame = frame[frame["start_year"].notna()]
    found = mih.imputation_effects(read_numbers(frame), outcomes="outcome", window=(-5, 4))
    table = found.to_frame().set_index("level")
    later = frame[frame["year"] - frame["start_year"] == 2]
    later = later[later["year"] < frame["start_year"].max()]
    assert table.loc[2, "n_participants"] == later["person_id"].nunique()
    assert table.loc[4, "reason"] == "nobody_to_compare"
    assert (table.loc[-5:-1, "reason"] == "no_year_before_the_first_of_the_window").all()
    with pytest.raises(mih.SupportError, match="repeated cross-sections"):
        mih.imputation_effects(
            read_numbers(frame.assign(person_id=np.arange(len(frame)))), outcomes="outcome"
        )
