"""Design weights: constant ones change nothing, whole ones are copies, and others' numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import mih_impact as mih
from mih_impact.controls.covariates import design_weights
from tests.oracle.test_matching_references import RECORDED
from tests.oracle.test_whose_effect import STARTS, Slow
from tests.support import small_register
from tests.unit.test_account import PROGRAMME

R_WEIGHTED = 53469.02684563759
ON = ["age", *mih.lag("wage_income", 1)]
WAYS = {
    "ipw": (mih.weight, {"method": "ipw"}),
    "probit": (mih.weight, {"method": "ipw", "link": "probit"}),
    "by start year": (mih.weight, {"method": "ipw", "score": "by_start_year"}),
    "entropy": (mih.weight, {"method": "entropy"}),
    "exact": (mih.match, {"method": "exact", "on": (), "exact": ["county", "education"]}),
    "nearest": (mih.match, {"ratio": 1, "caliper": None}),
    "ipw, atc": (mih.weight, {"method": "ipw", "estimand": "atc"}),
    "ipw, ate": (mih.weight, {"method": "ipw", "estimand": "ate"}),
    "entropy, atc": (mih.weight, {"method": "entropy", "estimand": "atc"}),
    "entropy, ate": (mih.weight, {"method": "entropy", "estimand": "ate"}),
    "nearest, atc": (mih.match, {"ratio": 1, "caliper": None, "estimand": "atc"}),
    "nearest, ate": (mih.match, {"ratio": 1, "caliper": None, "estimand": "ate"}),
}
UNADJUSTED = {"exact", "nearest, atc", "nearest, ate"}
#: By regressions that have the weights, or none but the design's.
ADJUSTED = {
    "": {},
    "ipwra": {"adjust": True},
    "aipw": {"adjust": True, "outcome_regression": "unweighted"},
}


@pytest.fixture(scope="module")
def frame():
    """Three start years, 4 % of rows missing, and each person drawn with its own probability."""
    rows = small_register(260, starters=90, seed=6, missing=0.04)
    later = rows["start_year"].map(lambda c: c if np.isnan(c) else STARTS[int(c) % 3])
    drawn = np.random.default_rng(2).integers(1, 4, 260)
    return rows.assign(start_year=later, w=drawn[rows["person_id"]], done=rows["person_id"] % 2)


def read(frame, **options):
    return mih.read_panel(frame, money="fixed", price_year=2024, **options)


@pytest.fixture(scope="module")
def weighted(frame):
    return read(frame, weights="w")


@pytest.fixture(scope="module")
def copied(frame):
    """The same register with each person's rows as often as its weight says."""
    parts = [frame[frame["w"] > k].assign(person_id=lambda f, k=k: f["person_id"] + 1000 * k)
             for k in range(3)]  # fmt: skip
    return read(pd.concat(parts).assign(same=lambda f: f["person_id"] % 1000))


def chosen(panel, way, **more):
    verb, options = WAYS[way]
    return verb(panel, **{"on": ON, **options, **more})


def row_of(group, **options):
    asked = {"outcomes": "wage_income", "window": (2, 2), **options}
    return mih.event_study(group, **asked).to_frame().iloc[0]


@pytest.mark.parametrize("way", WAYS)
def test_equal_weights_change_nothing(frame, way):
    plain, equal = read(frame), read(frame.assign(w=2.5), weights="w")
    one, other = chosen(plain, way), chosen(equal, way)
    a, b = row_of(one), row_of(other)
    for name in ("estimate", "std_error", "participant_mean", "control_mean", "n_participants"):
        assert b[name] == pytest.approx(a[name], rel=1e-9)
    pd.testing.assert_frame_equal(one.balance().to_frame(), other.balance().to_frame(), rtol=1e-7)


@pytest.mark.parametrize(
    ("way", "adjust"),
    [
        (way, adjust)
        for way, (verb, _) in WAYS.items()
        for adjust in ADJUSTED
        if not adjust or (way not in UNADJUSTED and (adjust == "ipwra" or verb is mih.weight))
    ],
)
def test_whole_weights_give_the_estimate_of_copied_rows(weighted, copied, way, adjust):
    ours, theirs = (row_of(chosen(panel, way), **ADJUSTED[adjust]) for panel in (weighted, copied))
    for name in ("estimate", "participant_mean", "control_mean"):
        assert ours[name] == pytest.approx(theirs[name], rel=1e-7)
    assert ours["n_participants"] < theirs["n_participants"]  # persons are counted unweighted


@pytest.mark.parametrize(
    "way", ["ipw", "probit", "entropy", "ipw, atc", "ipw, ate", "entropy, atc", "entropy, ate"]
)
@pytest.mark.parametrize(
    ("composition", "adjust"),
    [("available", ""), ("cohort_weighted", ""), ("available", "ipwra"), ("available", "aipw")],
)
def test_errors_are_those_of_copied_rows_by_the_person(weighted, copied, way, composition, adjust):
    """A person's copies are one cluster: the rows of influence add up to the weighted one."""
    asked = {"outcomes": "wage_income", "window": (0, 1), "composition": composition}
    asked |= ADJUSTED[adjust]
    plain, factor = {"small_sample": "none"}, 1.0
    ours = mih.event_study(chosen(weighted, way), **asked)
    if ", " in way:  # effects on others, whose G clusters have the factor G / (G - 1) always
        G = len(np.unique(ours.influence.cluster))
        plain, factor = {}, G / (G - 1)
    theirs = mih.event_study(chosen(copied, way), **asked, cluster="same", **plain)
    np.testing.assert_allclose(ours.estimate, theirs.estimate, rtol=1e-7)
    np.testing.assert_allclose(ours.matrix * factor, theirs.matrix, rtol=1e-6, atol=1e-6)


def test_filled_years_count_start_years_by_their_weights(weighted, copied):
    asked = {"outcomes": "wage_income", "window": (-1, 6), "composition": "filled"}
    ours = mih.event_study(chosen(weighted, "entropy"), **asked)
    # A person's copies are one cluster, of G, with the factor G / (G - 1).
    theirs = mih.event_study(chosen(copied, "entropy"), **asked, cluster="same")
    G = len(np.unique(ours.influence.cluster))
    np.testing.assert_allclose(ours.estimate, theirs.estimate, rtol=1e-7)
    np.testing.assert_allclose(ours.matrix * G / (G - 1), theirs.matrix, rtol=1e-6, atol=1e-6)


def test_errors_of_known_weights_are_those_of_copied_rows_too(weighted, copied):
    ours = row_of(chosen(weighted, "exact"), se="person", small_sample="none")
    theirs = row_of(chosen(copied, "exact"), se="person", cluster="same", small_sample="none")
    assert ours["std_error"] == pytest.approx(theirs["std_error"], rel=1e-9)


def test_persons_raised_one_by_one_move_the_estimate_as_their_influence_says(weighted, frame):
    group = chosen(weighted, "ipw", exact="county")
    slow = Slow(group)
    w = design_weights(group.risk.cube)
    assert row_of(group)["estimate"] == pytest.approx(slow.weighted("ipw", "att", w), rel=1e-8)
    step, moved = 1e-4, np.zeros(len(w))
    for i in np.unique(slow.person):
        up, down = w.copy(), w.copy()
        up[i], down[i] = w[i] * (1 + step), w[i] * (1 - step)
        moved[i] = slow.weighted("ipw", "att", up) - slow.weighted("ipw", "att", down)
    error = np.sqrt((moved**2).sum()) / (2 * step)
    assert row_of(group)["std_error"] == pytest.approx(error, rel=1e-5)


@pytest.mark.parametrize("method", ["ipw", "entropy"])
@pytest.mark.parametrize("estimand", ["atc", "ate"])
def test_effects_on_others_are_those_of_plain_solvers(weighted, method, estimand):
    group = chosen(weighted, f"{method}, {estimand}", exact="county")
    slow = Slow(group).weighted(method, estimand, design_weights(group.risk.cube))
    assert row_of(group)["estimate"] == pytest.approx(slow, rel=1e-8)


@pytest.mark.parametrize("estimand", ["att", "atc", "ate"])
def test_errors_of_nearest_neighbours_are_those_of_a_loop(estimand):
    """Abadie and Imbens (2006), each who the effect is on by its share of the weights."""
    frame = small_register(100, starters=25, seed=6)
    first = frame["start_year"].min()
    frame = frame.assign(
        start_year=frame["start_year"].where(frame["start_year"].isna(), first),
        w=1 + frame["person_id"] % 3,
    )
    group = chosen(read(frame, weights="w"), "nearest", estimand=estimand)
    assert group.ties == 0
    risk, index = group.risk, group.score.index
    w = design_weights(risk.cube)[risk.person]
    y = risk.cube.since_start("wage_income", risk.person, risk.start, [2, -1], dead="zero")
    y, treated = y[:, 0] - y[:, 1], risk.treated

    def nearest(i, side):
        pool = np.flatnonzero((treated == side) & (np.arange(len(y)) != i))
        return pool[np.abs(index[pool] - index[i]).argmin()]

    on = {"att": treated, "atc": ~treated, "ate": np.ones_like(treated)}[estimand]
    share = np.where(on, w, 0.0) / w[on].sum()
    match = np.array([nearest(i, not treated[i]) for i in range(len(y))])
    contrast = (y - y[match]) * np.where(treated, 1, -1)
    used = np.bincount(match, share, len(y))
    squares = np.bincount(match, share**2, len(y))
    tau = share @ contrast
    residual = np.array([y[i] - y[nearest(i, treated[i])] for i in range(len(y))]) ** 2 / 2
    again = (share + used) ** 2 - share**2 - squares
    error = np.sqrt((share**2 * (contrast - tau) ** 2).sum() + (again * residual).sum())
    ours = row_of(group)
    assert ours["estimate"] == pytest.approx(tau, rel=1e-9)
    assert ours["std_error"] == pytest.approx(error, rel=1e-9)


@pytest.mark.parametrize("estimand", ["att", "atc", "ate"])
def test_score_and_effect_are_those_of_statsmodels_with_weights(frame, estimand):
    whole = small_register(260, starters=90, seed=6).merge(
        frame[["person_id", "w"]].drop_duplicates(), on="person_id"
    )
    group = chosen(read(whole, weights="w"), "ipw", estimand=estimand)
    risk, score = group.risk, group.score
    years = (risk.start_year[:, None] == risk.start_years).astype(float)
    x = risk.design.X / [10.0, 1e5]
    w = design_weights(risk.cube)[risk.person]
    family = sm.families.Binomial()
    model = sm.GLM(risk.treated.astype(float), np.column_stack([years, x]), family, freq_weights=w)
    p = model.fit(tol=1e-13, maxiter=100).predict()
    np.testing.assert_allclose(score.probability, p, rtol=1e-7)
    # What sides weigh, each start year by those who start, and a weighted regression of the change.
    chance = {"att": p, "atc": 1 - p, "ate": np.ones_like(p)}[estimand]
    load = pd.Series(w * chance / np.where(risk.treated, p, 1 - p))
    started = pd.Series(w).where(risk.treated).groupby(risk.start_year).transform("sum")
    load *= started / load.groupby([risk.start_year, risk.treated]).transform("sum")
    y = risk.cube.since_start("wage_income", risk.person, risk.start, [0, -1], dead="zero")
    X = sm.add_constant(risk.treated.astype(float))
    fit = sm.WLS(y[:, 0] - y[:, 1], X, weights=load).fit()
    assert row_of(group, window=(0, 0))["estimate"] == pytest.approx(fit.params[1])


def test_one_nearest_with_weights_is_that_of_r():
    """Matching's `Match(M = 1, weights = )`, recorded by tests/oracle/R/weighted.R."""
    wide = pd.read_csv(RECORDED / "register.csv")
    own = wide[wide["start_year"].isin([0, 2016])]
    rows = pd.DataFrame(
        {
            "starts": (own["start_year"] == 2016).astype(int),
            "before": own["wage_2015"],
            "gain": own["wage_2018"] - own["wage_2015"],
            "w": 1 + own["birth_year"] % 4,
        }
    )
    made = mih.read_cross_section(
        rows, treated="starts", outcome="gain", unit="kroner in all", weights="w"
    )
    group = mih.match(made, on="before", distance="mahalanobis_total", ratio=1, caliper=None)
    ours = mih.event_study(group, estimator="difference").params.item()
    assert ours == pytest.approx(R_WEIGHTED, rel=1e-9)


def test_balance_is_of_weighted_means(weighted):
    group = chosen(weighted, "entropy")
    risk, table = group.risk, group.balance().to_frame().set_index("covariate")
    w, age = design_weights(risk.cube)[risk.person], risk.design.column(0)
    side = risk.treated
    mean = [np.average(age[rows], weights=w[rows]) for rows in (side, ~side)]
    assert table.loc["age", "participants_before"] == pytest.approx(mean[0])
    assert table.loc["age", "controls_before"] == pytest.approx(mean[1])
    spread = np.sqrt(np.cov(age[side], aweights=w[side]))
    assert table.loc["age", "smd_before"] == pytest.approx((mean[0] - mean[1]) / spread)
    assert abs(table.loc["age", "smd_after"]) < 1e-8
    assert group.n_participants == int(side.sum())


def test_subgroups_and_placebos_are_weighted_too(weighted, copied):
    for panel in (weighted, copied):
        group = chosen(panel, "entropy")
        by = mih.event_study(group, outcomes="wage_income", window=(0, 1), by="county")
        placebo = mih.placebo_start(group, years=3)
        found = np.concatenate([by.estimate.ravel(), placebo.table["estimate"]])
        first = found if panel is weighted else first  # noqa: F821
    np.testing.assert_allclose(found, first, rtol=1e-6)


def test_cards_say_whose_weights_and_how_persons_are_counted(weighted):
    group = chosen(weighted, "entropy")
    effects = mih.event_study(group, outcomes="wage_income", window=(-1, 3))
    case = mih.cost_benefit(effects, mih.Assumptions.r109(), programme=PROGRAMME, horizon=4)
    series = mih.group_time_effects(weighted, outcomes="wage_income").aggregate("event")
    for each in (group, effects, series):
        assert "design weights, w" in " ".join(each.summary("en").split())
        assert "utvalgsvektene i w" in " ".join(each.summary("nb").split())
    assert "numbers of participants are unweighted" in " ".join(case.summary("en").split())
    assert "vektet med utvalgsvekter" in " ".join(case.summary("nb").split())


WAGE = "wage_income"
CALLS = {
    "imputation_effects": lambda panel, _: mih.imputation_effects(panel, outcomes=WAGE),
    "resample": lambda _, group: mih.resample(group),
    "randomisation_test": lambda _, group: mih.randomisation_test(group),
    "wild_bootstrap": lambda _, group: mih.wild_bootstrap(group, cluster="county"),
    "quantile_effects": lambda _, group: mih.quantile_effects(group),
    "tax_by_decile": lambda _, group: mih.tax_by_decile(
        mih.event_study(group), group=group, rates=[0.2] * 10, source="a test"
    ),
    "attrition_check": lambda _, group: mih.attrition_check(group),
    "lee_bounds": lambda _, group: mih.lee_bounds(group),
    "rosenbaum_bounds": lambda _, group: mih.rosenbaum_bounds(group),
    "leave_one_out": lambda _, group: mih.leave_one_out(group, by="county"),
    "overlap": lambda _, group: group.overlap(),
    "other_measures": lambda _, group: group.other_measures(),
    "score_correction": lambda _, group: mih.event_study(group, score_correction=True),
    "completers": lambda _, group: mih.event_study(group, by=mih.completers("done")),
}


@pytest.mark.parametrize("call", CALLS)
def test_what_does_not_know_weights_says_so(weighted, call):
    with pytest.raises(mih.MihImpactError, match="weights"):
        CALLS[call](weighted, chosen(weighted, "nearest"))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"w": -1.0}, "not above 0"),
        ({"w": lambda f: f["w"].where(f["person_id"] > 9)}, "without a weight"),
        ({"w": lambda f: f["year"]}, "with several weights"),
    ],
)
def test_weights_are_one_number_above_zero(frame, change, what):
    with pytest.raises(mih.PanelContractError, match=what):
        mih.weight(read(frame.assign(**change), weights="w"), on="age")


@pytest.mark.parametrize("name", ["nowhere", "county", "wage_income", 3])
def test_weights_are_a_column_of_numbers(frame, name):
    with pytest.raises(mih.PanelContractError, match="column of numbers"):
        read(frame, weights=name)
