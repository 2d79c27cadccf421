"""Quantile effects against NumPy's weighted quantiles, loops, statsmodels and a bootstrap."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from benchmarks.quantile_coverage import TAUS, estimates, register, truth

import mih_impact as mih
from mih_impact.display.figure import alt_text
from mih_impact.effects.quantile import density, weighted_quantile
from mih_impact.errors import OptionError
from tests.support import texts_fit


def frame(seed: int = 0) -> tuple[pd.DataFrame, mih.Panel]:
    rows = register(seed)
    return rows, mih.read_panel(rows, money="fixed", price_year=2018)


@pytest.fixture(scope="module")
def group() -> mih.ControlGroup:
    return mih.match(frame()[1], exact=["cell"], on=[], method="exact")


@pytest.fixture(scope="module")
def effects(group) -> mih.QuantileEffects:
    return mih.quantile_effects(group, year=0, quantiles=TAUS.tolist())


def distributions(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return outcomes of participants, outcomes of controls, and the controls' weights by cell."""
    at = rows[rows["year"] == 2018]
    starts = at["start_year"].notna()
    shares = at.loc[starts, "cell"].value_counts(normalize=True)
    control = at[~starts]
    weight = control["cell"].map(shares / control["cell"].value_counts())
    return at.loc[starts, "wage_income"].to_numpy(), control["wage_income"].to_numpy(), weight


def test_quantiles_are_numpys_weighted_ones(effects) -> None:
    treated, control, weight = distributions(frame()[0])
    table = effects.to_frame()
    own = np.quantile(treated, TAUS, method="inverted_cdf")
    np.testing.assert_allclose(table["participant_quantile"], own, atol=0.01)  # whole øre
    theirs = np.quantile(control, TAUS, method="inverted_cdf", weights=weight)
    np.testing.assert_allclose(table["control_quantile"], theirs, atol=0.01)
    np.testing.assert_allclose(table["estimate"], own - theirs, atol=0.02)


def test_quantiles_and_densities_by_loops() -> None:
    rng = np.random.default_rng(3)
    y, w = np.append(rng.lognormal(0, 1, 60), np.zeros(10)), rng.random(70)
    taus = np.linspace(0.05, 0.95, 19)
    for tau, found in zip(taus, weighted_quantile(y, w, taus), strict=True):
        slow = min(v for v in y if sum(w[y <= v]) >= tau * sum(w) * (1 - 1e-12))
        assert found == slow
    at = np.array([0.0, 0.5, 2.0])
    values, mass = density(y, w, at)
    assert mass.tolist() == [True, False, False]
    share, kept = w / w.sum(), y > 0
    own = share[kept] / share[kept].sum()
    mean = sum(own * y[kept])
    sd = sum(own * (y[kept] - mean) ** 2) ** 0.5
    low, high = weighted_quantile(y[kept], own, np.array([0.25, 0.75]))
    h = 0.9 * min(sd, (high - low) / 1.34) * (1 / sum(own**2)) ** -0.2
    for q, found in zip(at[1:], values[1:], strict=True):
        kernel = [np.exp(-0.5 * ((q - v) / h) ** 2) / (h * (2 * np.pi) ** 0.5) for v in y[kept]]
        assert found == pytest.approx(sum(s * k for s, k in zip(share[kept], kernel, strict=True)))


def test_a_density_that_is_known() -> None:
    values = np.random.default_rng(5).standard_normal(200_000)
    found, mass = density(values, np.ones(len(values)), np.array([-1.0, 0.0, 1.0]))
    np.testing.assert_allclose(found, [0.24197, 0.39894, 0.24197], atol=0.006)
    assert not mass.any()


def test_a_density_of_two_values_by_hand_and_none_of_one() -> None:
    at = np.array([0.0, 1.0])
    found, mass = density(np.array([0.0, 2.0]), np.ones(2), at)
    h = 0.9 * 0.5**0.2  # the standard deviation is 1, less than 2 / 1.34
    by_hand = [(1 + np.exp(-2 / h**2)) / 2, np.exp(-0.5 / h**2)]
    np.testing.assert_allclose(found, np.array(by_hand) / (h * np.sqrt(2 * np.pi)))
    assert not mass.any()
    assert density(np.ones(3), np.ones(3), at)[1].all()


def test_one_cell_is_quantile_regression_on_treatment() -> None:
    """With one cell all controls weigh alike: statsmodels' regression has estimate and error."""
    from statsmodels.regression.quantile_regression import QuantReg

    rows = register(1).assign(cell="a")
    panel = mih.read_panel(rows, money="fixed", price_year=2018)
    one = mih.match(panel, exact=["cell"], on=[], method="exact")
    table = mih.quantile_effects(one, year=0, quantiles=[0.25, 0.5, 0.75], se="person").to_frame()
    at = rows[rows["year"] == 2018]
    X = np.column_stack([np.ones(len(at)), at["start_year"].notna()]).astype(float)
    for tau, row in zip([0.25, 0.5, 0.75], table.to_dict("records"), strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = QuantReg(at["wage_income"].to_numpy(), X).fit(q=tau, vcov="robust")
        # They iterate towards the least loss and stop close to it; ours is the least.
        ours = np.array([row["control_quantile"], row["estimate"]])
        losses = [
            float(np.sum((tau - (r < 0)) * r))
            for r in (at["wage_income"].to_numpy() - X @ at_ for at_ in (ours, fit.params))
        ]
        assert losses[0] <= losses[1] * (1 + 1e-9)
        assert losses[0] == pytest.approx(losses[1], rel=1e-4)
        # Their densities have another kernel and bandwidth, one for both groups.
        assert row["std_error"] == pytest.approx(fit.bse[1], rel=0.25)


def test_errors_agree_with_a_bootstrap_by_hand(effects) -> None:
    rows = frame()[0]
    rng, drawn = np.random.default_rng(7), []
    at = rows[rows["year"] == 2018].reset_index(drop=True)
    starts = at["start_year"].notna().to_numpy()
    place = (np.flatnonzero(starts), np.flatnonzero(~starts))
    for _ in range(400):
        who = np.concatenate([rng.choice(each, len(each)) for each in place])
        treated, control, weight = distributions(at.iloc[who])
        theirs = np.quantile(control, TAUS, method="inverted_cdf", weights=weight)
        drawn.append(np.quantile(treated, TAUS, method="inverted_cdf") - theirs)
    ratio = effects.to_frame()["std_error"] / np.std(drawn, axis=0, ddof=1)
    # The bootstrap of a quantile is itself off by about n^(-1/4) (Hall and Martin 1988): 24 %.
    assert ratio.between(1 / 1.35, 1.35).all()
    # The covariance between quantiles too, on which the band rests.
    ours = effects.covariance / np.outer(*[np.sqrt(np.diag(effects.covariance))] * 2)
    assert np.abs(ours - np.corrcoef(np.array(drawn).T)).max() < 0.2


def test_weights_and_cells_that_are_the_same_have_the_same_errors() -> None:
    found = estimates(2)
    cells, entropy = (found[name].to_frame() for name in ("cells", "entropy"))
    pd.testing.assert_series_equal(cells["estimate"], entropy["estimate"])
    np.testing.assert_allclose(cells["std_error"], entropy["std_error"], rtol=0.01)


def test_the_truth_of_the_study_is_that_of_a_large_register() -> None:
    rng = np.random.default_rng(11)
    from benchmarks.quantile_coverage import SHARE_T, WITH, WITHOUT

    cell = rng.choice(4, 2_000_000, p=SHARE_T)
    drawn = [
        np.quantile(np.exp(mean[cell] + spread * rng.standard_normal(len(cell))), TAUS)
        for mean, spread in (WITH, WITHOUT)
    ]
    np.testing.assert_allclose(drawn[0] - drawn[1], truth(), rtol=0.02)


def test_a_mass_point_has_no_standard_error() -> None:
    rows, _ = frame()
    poor = rows["wage_income"] < rows.loc[rows["year"] == 2018, "wage_income"].quantile(0.3)
    rows.loc[poor & (rows["year"] == 2018), "wage_income"] = 0.0
    panel = mih.read_panel(rows, money="fixed", price_year=2018)
    group = mih.match(panel, exact=["cell"], on=[], method="exact")
    result = mih.quantile_effects(group, year=0, quantiles=[0.1, 0.5, 0.9])
    table = result.to_frame()
    assert table["reason"].tolist() == ["mass_point", "", ""]
    assert table["std_error"].isna().tolist() == [True, False, False]
    assert "Uten intervall" in result.summary("nb")
    assert "Without an interval" in result.summary("en")


def test_nobodys_income_is_displayed_or_saved(effects, tmp_path) -> None:
    columns = ["estimate", "participant_quantile", "control_quantile", "conf_low"]
    back = mih.load(effects.save(tmp_path / "quantiles.zip"))
    saved = back.to_frame()
    assert (saved[columns] % 1000 == 0).all().all()
    assert back.summary("en") == effects.summary("en")
    for lang in ("nb", "en"):
        for amount in effects.to_frame()["participant_quantile"]:
            assert f"{amount:.0f}"[-3:] == "000" or f"{amount:,.0f}" not in effects.summary(lang)
    with mih.options(min_cell=60):  # a tenth of 300 participants is 30
        assert effects.shown().to_frame()["estimate"].isna().tolist() == [
            True, False, False, False, True,
        ]  # fmt: skip
    assert effects.to_frame()["fewest"].iloc[0] == 30


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_figure_fits(effects, lang) -> None:
    ax = effects.plot(lang=lang)
    texts_fit(ax)
    assert "50" in alt_text(ax)


@pytest.mark.parametrize("wrong", [0, 1, -0.5, [0.5, 1.2], "half", []])
def test_what_is_no_quantile_is_refused(group, wrong) -> None:
    with pytest.raises(OptionError, match="between 0 and 1"):
        mih.quantile_effects(group, year=0, quantiles=wrong)
