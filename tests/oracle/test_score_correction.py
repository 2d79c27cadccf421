"""The correction for an estimated score: Stata's published output, slow loops, a known truth."""

from __future__ import annotations

import re
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from benchmarks.score_correction import DESIGNS, Sample, draw, mean_of_nearest, one, read
from scipy.special import expit
from scipy.special import logit as log_odds

import mih_impact as mih
from mih_impact.controls.nearest import nearest
from mih_impact.controls.subgroups import own_groups, split
from mih_impact.effects.estimated_weights import ScoreMoments, _less, corrected
from mih_impact.effects.influence import Influence
from mih_impact.effects.question import read_target
from mih_impact.effects.row_outcomes import RowOutcomes
from mih_impact.errors import EffectsError, MihImpactWarning
from mih_impact.study.spec import StudySpec
from tests.support import small_register

# --- the paper's estimator as Stata prints it ---------------------------------------------------

COVARIATES = ["mmarried_", "mage", "fage", "medu", "prenatal1_"]


@pytest.fixture(scope="module")
def mothers():
    """Cattaneo's birth weights, as statsmodels ships them: covariates, who smokes, grams."""
    path = files("statsmodels") / "treatment" / "tests" / "results" / "cataneo2.csv"
    frame = pd.read_csv(str(path))
    smokes = (frame["mbsmoke"] == "smoker").to_numpy()
    return frame[COVARIATES].to_numpy(float), smokes, frame["bweight"].to_numpy(float)


def logit(x, treated):
    """Coefficients, scores and inverse information of a logit with a constant."""
    X = np.column_stack([np.ones(len(x)), x])
    fit = sm.Logit(treated.astype(float), X).fit(disp=0, method="newton", tol=1e-14)
    distinct, place = np.unique(X, axis=0, return_inverse=True)  # equal rows, equal scores
    p = expit((distinct * fit.params).sum(axis=1))[place.ravel()]
    return X, p, np.linalg.inv((X * (p * (1 - p))[:, None]).T @ X)


def tied(distance, k):
    """The k nearest, and all that are as near as the last of them."""
    return np.flatnonzero(distance <= np.partition(distance, k - 1)[k - 1] + 1e-12)


def paper(x, treated, y, near_by=lambda p: p):
    """Abadie and Imbens (2016), theorem 2 and section 4, one match, all ties, unit by unit.

    As in the Stata manual for teffects psmatch, atet: the variance of every unit and covariances on
    its side from it and its nearest neighbour, means on its side from its two nearest, both on the
    other side from the two nearest there; the derivative from the nearest on all covariates there.
    """
    X, p, V = logit(x, treated)
    score = near_by(p)
    sides = {side: np.flatnonzero(treated == side) for side in (False, True)}
    n1, n = int(treated.sum()), len(y)
    variance, x_cov = np.zeros(n), np.zeros((2, n, X.shape[1]))
    mean, by_x, contrast = np.zeros((2, n)), np.zeros(n), np.zeros(n)
    load, squares = np.zeros(n), np.zeros(n)
    for i in range(n):
        own, other = sides[bool(treated[i])], sides[not treated[i]]
        near = np.abs(score[own] - score[i])
        pair = own[tied(near, 2)]
        across = other[tied(np.abs(score[other] - score[i]), 2)]
        variance[i] = y[pair].var(ddof=1)
        for side, rows in ((int(treated[i]), pair), (1 - int(treated[i]), across)):
            x_cov[side, i] = (X[rows] - X[rows].mean(0)).T @ y[rows] / (len(rows) - 1)
        near[own == i] = np.inf
        mean[int(treated[i]), i] = y[own[tied(near, 2)]].mean()
        mean[1 - int(treated[i]), i] = y[across].mean()
        by_x[i] = y[other[tied(np.sqrt(((x[other] - x[i]) ** 2).sum(1)), 1)]].mean()
        if treated[i]:
            match = other[tied(np.abs(score[other] - score[i]), 1)]
            contrast[i] = y[i] - y[match].mean()
            load[match] += 1 / len(match)
            squares[match] += 1 / len(match) ** 2
    tau, f = contrast[treated].mean(), p * (1 - p)
    known = ((contrast[treated] - tau) ** 2).sum() + (variance * (load**2 - squares)).sum()
    c = (X * (f * (mean[1] - mean[0] - tau))[:, None]).sum(0)
    c += (f[:, None] * (x_cov[1] + (p / (1 - p))[:, None] * x_cov[0])).sum(0)
    d = (X * (f * (np.where(treated, 1, -1) * (y - by_x) - tau))[:, None]).sum(0)
    return tau, known / n1**2, (known + d @ V @ d - c @ V @ c) / n1**2


def test_theorem_2_as_read_here_is_what_stata_prints(mothers):
    """teffects psmatch (bweight) (mbsmoke mmarried mage fage medu prenatal1), atet.

    Output published by Carlos Mendez, "Treatment effects in Stata" (2026), from Stata itself.
    """
    tau, _, variance = paper(*mothers)
    assert tau == pytest.approx(-224.5927, abs=5e-5)
    assert np.sqrt(variance) == pytest.approx(30.55147, abs=5e-6)


def test_ties_of_real_data_are_averaged_as_stata_averages_them(mothers):
    """On the log odds, where Stata compares chances: the estimator above, of equal scores all."""
    x, smokes, y = mothers
    tau, known, corrected_variance = paper(*mothers, near_by=log_odds)
    persons = pd.DataFrame(x, columns=COVARIATES).assign(person_id=np.arange(len(y)))
    persons["start_year"] = np.where(smokes, 2016.0, np.nan)
    years = [persons.assign(year=2015, y=0.0), persons.assign(year=2016, y=y)]
    panel = mih.read_panel(pd.concat(years), units={"y": "gram"})
    group = mih.match(panel, on=COVARIATES, ratio=1, caliper=None, outcomes="y")
    assert group.ties > 300
    before, after = both(group)
    assert before.estimate.item() == pytest.approx(tau, rel=1e-10)
    # Of a control and its neighbours the paper's variance is the control's, Stata's is of them all.
    assert before.matrix.item() == pytest.approx(known, rel=0.02)
    assert after.matrix.item() == pytest.approx(corrected_variance, rel=0.03)


@pytest.mark.parametrize(("design", "share"), [("paper", 0.78), ("opposite", 1.24)])
def test_library_beside_the_papers_estimator(design, share):
    """The same estimate and uncorrected variance; corrected, two estimates of one limit."""
    sample = draw(DESIGNS[design], 3, persons=3000)
    y = sample.y[:, 0]
    tau, known, variance = paper(sample.x, sample.start > 0, y, near_by=log_odds)
    group = mih.match(read(sample, (2015,)), on=["x1", "x2"], ratio=1, caliper=None, outcomes="y")
    before, after = both(group)
    assert before.estimate[0, 0] == pytest.approx(tau, rel=1e-9)
    assert before.matrix[0, 0] == pytest.approx(known, rel=1e-9)
    assert after.matrix[0, 0] == pytest.approx(variance, abs=0.02 * known)
    assert variance / known == pytest.approx(share, abs=0.05)


def both(group, **options):
    """Effects in the start year, uncorrected and corrected."""
    options = {"outcomes": "y", "estimator": "difference", "window": (0, 0), **options}
    return [mih.event_study(group, score_correction=on, **options) for on in (False, True)]


# --- a slow loop -------------------------------------------------------------------------------

OUTCOMES, WINDOW = ["wage_income", "dagpenger"], (1, 3)


@pytest.fixture(scope="module")
def register():
    """Start years within reach of each other, cells, and 4 % of rows missing."""
    return mih.read_panel(small_register(500, starters=120, seed=8, missing=0.04), price_year=2024)


def choose(register, **options):
    options = {"exact": ["county"], "ratio": 3, **options}
    return mih.match(register, on=["age", *mih.lag("wage_income", 1, 2)], **options)


class Slow:
    """Everything for one column, person by person: rows, and how they hang on the score."""

    def __init__(self, group, outcome, e):
        self.group, self.risk = group, group.risk
        cube = group.risk.cube
        self.values, self.years = cube.outcome(outcome), cube.years.tolist()
        self.change = [self.change_of(r, e) for r in range(len(group.risk.person))]
        self.p, self.x, _ = slow_score(group)

    def change_of(self, r, e):
        own, c = self.values[self.risk.person[r]], self.risk.start_year[r]
        if c + e not in self.years:
            return np.nan
        return own[self.years.index(c + e)] - own[self.years.index(c - 1)]

    def neighbours(self, r):
        """The nearest other candidates of the cell that are seen, all who are as near."""
        risk, index = self.risk, self.group.score.index
        others = [
            o
            for o in np.flatnonzero((risk.cell == risk.cell[r]) & ~risk.treated)
            if o != r and np.isfinite(self.change[o])
        ]
        least = min(abs(index[o] - index[r]) for o in others)
        return [o for o in others if abs(index[o] - index[r]) <= least + 1e-9]

    def sums(self, among=None):
        sets, contrast, used = self.group.sets, {}, {}
        for i, r in enumerate(sets.participant):
            entries = np.flatnonzero(sets.member == sets.set_of[i])
            seen = [k for k in entries if np.isfinite(self.change[sets.control[k]])]
            if not seen or not np.isfinite(self.change[r]) or (among is not None and not among[i]):
                continue
            total = sets.weight[seen].sum()
            used[r] = [(sets.control[k], sets.weight[k] / total) for k in seen]
            contrast[r] = self.change[r] - sum(w * self.change[o] for o, w in used[r])
        n, tau = len(contrast), np.mean(list(contrast.values()))
        K, K2 = {}, {}
        for pairs in used.values():
            for o, w in pairs:
                K[o] = K.get(o, 0.0) + w
                K2[o] = K2.get(o, 0.0) + w**2
        rows, c, a = {}, np.zeros(self.x.shape[1]), np.zeros(self.x.shape[1])
        for r, own in contrast.items():
            rows[r] = (own - tau) / n
            c += (1 - self.p[r]) * self.x[r] * (own - tau) / n
        for o in K:
            near = self.neighbours(o)
            gap = self.change[o] - np.mean([self.change[other] for other in near])
            share = len(near) / (len(near) + 1)
            person = ("again", self.risk.person[o])
            reuse = np.sqrt(max(K[o] ** 2 - K2[o], 0.0)) * gap * np.sqrt(share) / n
            rows[person] = rows.get(person, 0.0) + reuse
            cov = (self.x[o] - self.x[near].mean(axis=0)) * gap * share
            c += K[o] * self.p[o] * cov / n
            a -= K[o] * cov / n
        return rows, c, a


def slow_score(group):
    """Fit the logits again by statsmodels: scores, what they are linear in, inverse information."""
    risk = group.risk
    years = risk.start_years
    pooled = group.recipe.options["score"] == "pooled"
    blocks = [np.ones(len(risk.person), bool)] if pooled else [risk.start_year == c for c in years]
    p, xs, Vs = np.zeros(len(risk.person)), [], []
    for here in blocks:
        terms = (risk.start_year[:, None] == years) if pooled else np.ones((len(here), 1))
        x = np.column_stack([terms, risk.design.X]).astype(float) * here[:, None]
        size = x[here].std(axis=0) + (x[here].std(axis=0) == 0)
        fit = sm.Logit(risk.treated[here].astype(float), x[here] / size).fit(disp=0, tol=1e-14)
        p[here] = fit.predict()
        Vs.append(np.linalg.inv((x[here] * (p * (1 - p))[here][:, None] / size).T @ x[here] / size))
        xs.append(x / size)
    K = [V.shape[0] for V in Vs]
    V, at = np.zeros((sum(K), sum(K))), 0
    for block, k in zip(Vs, K, strict=True):
        V[at : at + k, at : at + k] = block
        at += k
    return p, np.hstack(xs), V


def slow_covariance(group, parts):
    """Sigma - c'Vc + d'Vd, element by element, from the rows of every column."""
    V = slow_score(group)[2]
    slow = np.zeros((len(parts), len(parts)))
    for k, (rows, c, a) in enumerate(parts):
        for m, (others, c_m, a_m) in enumerate(parts):
            slow[k, m] = sum(own * others.get(who, 0.0) for who, own in rows.items())
            slow[k, m] += (c + a) @ V @ (c_m + a_m) - c @ V @ c_m
    return slow


def gap(matrix, slow):
    size = np.sqrt(np.diag(slow))
    return np.abs((matrix - slow) / np.outer(size, size)).max()


@pytest.mark.parametrize("score", ["pooled", "by_start_year"])
def test_full_covariance_is_the_slow_loop(register, score):
    group = choose(register, score=score, exact=["county"] if score == "pooled" else [])
    options = {"outcomes": OUTCOMES, "window": WINDOW}
    effects = mih.event_study(group, score_correction=True, **options)
    columns = [(k, e) for k in OUTCOMES for e in range(WINDOW[0], WINDOW[1] + 1)]
    slow = slow_covariance(group, [Slow(group, *column).sums() for column in columns])
    assert gap(effects.matrix, slow) < 1e-10
    before = mih.event_study(group, **options)
    assert gap(before.matrix, slow) > 0.02


def test_subgroups_are_corrected_for_scores_of_their_own(register):
    group = choose(register)
    effects = mih.event_study(
        group, outcomes="wage_income", window=(2, 3), by="county", score_correction=True
    )
    parts = split(group, "county")
    for name, own in zip(["all", *parts.names], [group, *own_groups(group, parts)], strict=True):
        slow = slow_covariance(own, [Slow(own, "wage_income", e).sums() for e in (2, 3)])
        assert gap(effects.subgroup(name).matrix, slow) < 1e-10
    # No control serves both counties, and the scores are fitted to different persons.
    assert np.abs(effects.matrix[2:4, 4:]).max() < 1e-6 * effects.matrix.diagonal().min()


# --- the derivative ----------------------------------------------------------------------------


def moments(group):
    target = read_target(group, "y", "difference", -1, (0, 0), "available", "zero")
    observed = RowOutcomes.of(group, target, "abadie_imbens")
    return observed.score_moments(observed.effect(np.ones(group.n_participants, bool))[0])


def both_uniform(rng, n):
    return rng.uniform(-0.5, 0.5, (n, 2))


def flat_outcome(x, index, persons=20_000, seed=4):
    """Persons whose outcome follows from x without noise, for derivatives that can be seen."""
    rng = np.random.default_rng(seed)
    x = x(rng, persons)
    start = np.where(rng.random(persons) < expit(index(x)), 2015, 0)
    y = 4 * x[:, 0] - 3 * x[:, 1] + 2 * x[:, 0] ** 2
    return Sample(x, np.zeros(persons, int), start, y[:, None], index(x))


def slope(group, sample, by=0.2):
    """Nudge each coefficient both ways, match again by the score it gives, and take the slope."""
    risk = group.risk
    y = sample.y[risk.cube.person_id[risk.person].astype(int), 0]
    X = np.column_stack([np.ones(len(y)), risk.design.X])
    (fit,) = group.score.models.values()

    def tau(coef):
        index = X @ coef
        near = nearest(index[risk.treated], index[~risk.treated], 40, np.inf)
        return (y[risk.treated] - mean_of_nearest(near, y[~risk.treated])).mean()

    return [(tau(fit.coef + h) - tau(fit.coef - h)) / (2 * by) for h in by * np.eye(3)]


def test_moved_is_the_numerical_derivative_of_matching_again():
    """Four samples of 20,000, since the estimate is a step function that the nudges average out."""
    found, slopes = [], []
    for seed in range(4):
        sample = flat_outcome(both_uniform, lambda x: x.sum(axis=1) - 1, seed=seed)
        group = mih.match(
            read(sample, (2015,)), on=["x1", "x2"], ratio=40, caliper=None, outcomes="y"
        )
        found.append(moments(group).moved[:, 0])
        slopes.append(slope(group, sample))
    found, slopes = np.mean(found, axis=0), np.mean(slopes, axis=0)
    # 7 times the mean variance of x1 given x1 + x2, and nothing for the constant.
    assert found == pytest.approx([0.0, -7 / 24, 7 / 24], abs=0.02)
    assert slopes == pytest.approx(found, abs=0.03)


def test_one_covariate_has_nothing_to_correct():
    """Matching on a score of one covariate is matching on it, whatever its coefficient."""
    sample = flat_outcome(both_uniform, lambda x: x[:, 0] - 1)
    group = mih.match(read(sample, (2015,)), on=["x1"], ratio=2, caliper=None, outcomes="y")
    assert np.abs(moments(group).moved).max() < 1e-3
    before, after = both(group)
    assert after.matrix[0, 0] == pytest.approx(before.matrix[0, 0], rel=1e-3)


# --- a known truth -----------------------------------------------------------------------------


def test_forty_samples_where_the_score_takes_away_most_of_the_error():
    """The beginning of benchmarks/score_correction.py, seeds 0-39."""
    rows = pd.DataFrame([one("steep, 4 controls", seed) for seed in range(40)])
    spread = rows["estimate"].std()
    assert 0.75 < spread / np.sqrt((rows["corrected"] ** 2).mean()) < 1.3
    assert spread / np.sqrt((rows["uncorrected"] ** 2).mean()) < 0.7
    assert rows["known"].std() > 1.4 * spread


# --- rows and limits ---------------------------------------------------------------------------


def test_rows_give_the_formula_while_they_can():
    rng = np.random.default_rng(2)
    rows, taken = rng.normal(size=(60, 7)), 0.8 * rng.normal(size=(3, 7))
    rows[:, 4] = 0.0
    taken[:, 4] = 0.0
    rows[:, 6], taken[:, 6] = rows[:, 0] + rows[:, 1], taken[:, 0] + taken[:, 1]
    less, held = _less(rows, taken)
    assert held == 0
    assert np.allclose(less.T @ less, rows.T @ rows - taken.T @ taken, rtol=0, atol=1e-10)


def test_no_combination_loses_more_than_99_per_cent():
    rng = np.random.default_rng(2)
    rows, taken = rng.normal(size=(60, 7)), 5.0 * rng.normal(size=(3, 7))
    less, held = _less(rows, taken)
    assert held == 3
    left = np.linalg.eigvals(np.linalg.solve(rows.T @ rows, less.T @ less)).real
    assert left.min() == pytest.approx(0.01)
    above = less.T @ less - (rows.T @ rows - taken.T @ taken)
    assert np.linalg.eigvalsh(above).min() > -1e-9


@pytest.fixture(scope="module")
def group_of_one():
    return choose(mih.read_panel(small_register(), price_year=2024))


def test_too_much_is_said(group_of_one):
    group = group_of_one
    none = np.zeros((len(next(iter(group.score.models.values())).coef), 2))
    half = none.copy()
    half[-1] = 1.0, -1.0
    V = next(iter(group.score.models.values())).cov[-1, -1]
    # Two estimates that go together, and a score that goes with their difference.
    rows = np.sqrt(V) * np.array([[1.5, 1.5], [0.2, -0.2]])
    known = Influence(rows, np.arange(2))
    pull = ScoreMoments(moved=-half, shared=half)
    with pytest.warns(MihImpactWarning, match="1 independent ones would keep less than 1 %"):
        found = corrected(group, known, [pull])
    assert np.linalg.eigvalsh(found.covariance).min() > 0
    with pytest.raises(EffectsError, match="takes away the variance of some estimates"):
        corrected(group, Influence(rows * 0.1, np.arange(2)), [pull])


# --- the option --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "target", "why"),
    [
        ({"method": "mahalanobis"}, {}, "not matched on an estimated score"),
        ({"method": "cem"}, {}, "not matched on an estimated score"),
        ({"replace": False}, {}, "matching with replacement"),
        ({}, {"adjust": True}, "adjusted changes"),
        ({}, {"se": "person"}, "belongs to Abadie-Imbens"),
    ],
)
def test_refused_where_there_is_no_theory(panel, chosen, target, why):
    with pytest.raises(EffectsError, match=f"{why}.*Found: .*Do: leave out score_correction="):
        mih.event_study(choose(panel, **chosen), score_correction=True, **target)


def test_refused_for_weights_and_exact_cells(panel):
    weighted = mih.weight(panel, on=["age"], method="ipw")
    with pytest.raises(EffectsError, match="have their error in the variance already"):
        mih.event_study(weighted, score_correction=True)
    exact = mih.match(panel, method="exact", exact=["county", "education"], on=())
    with pytest.raises(EffectsError, match="method='exact'"):
        mih.event_study(exact, score_correction=True)


def test_survives_bands_bootstrap_and_files(group_of_one, tmp_path):
    options = {"outcomes": "wage_income", "window": (-1, 3)}
    before = mih.event_study(group_of_one, **options)
    after = mih.event_study(group_of_one, score_correction=True, **options)
    assert after.se == "abadie_imbens_2016"
    assert after.provenance.options["score_correction"] is True
    assert before.provenance.options["score_correction"] is False
    error = after.frame["std_error"].to_numpy()[1:]
    assert (error != before.frame["std_error"].to_numpy()[1:]).all()
    assert np.allclose(error, np.sqrt(np.diag(after.matrix))[1:])
    band = (after.frame["band_high"] - after.frame["estimate"]).to_numpy()[1:] / error
    assert np.ptp(band) < 1e-9
    assert band[0] > 1.96
    assert np.allclose(after.influence.covariance, after.matrix)
    drawn = mih.multiplier_bootstrap(after, draws=4000, seed=1)
    assert np.allclose(drawn.frame["std_error"].to_numpy()[1:], error, rtol=0.05)
    loaded = mih.load(after.save(tmp_path / "effects.zip"))
    assert (loaded.matrix == after.matrix).all()
    assert loaded.se == after.se
    assert "er anslått" in after.summary(lang="nb")
    assert "propensity score as estimated" in after.summary(lang="en")
    assert "estimated" not in before.summary(lang="en")


def test_a_study_may_ask_for_it(tmp_path):
    path = tmp_path / "analysis.toml"
    text = (files("mih_impact") / "nav" / "analysis.toml").read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?m)^\[effects\]$", "[effects]\nscore_correction = true", text))
    assert StudySpec.from_toml(path).effects.options["score_correction"] is True
