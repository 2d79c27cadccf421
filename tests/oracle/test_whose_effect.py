"""Effects on those who start, on candidates and on everybody: against R, statsmodels and loops."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels
import statsmodels.api as sm
from scipy.optimize import root
from scipy.stats import norm
from statsmodels.treatment.treatment_effects import TreatmentEffect

import mih_impact as mih
from tests.oracle.test_matching_references import ON, RECORDED, panel
from tests.oracle.test_weighting import as_panel, in_1978, sandwich
from tests.support import STARTS, small_register, with_three_start_years

ESTIMANDS = ("att", "atc", "ate")


@pytest.fixture(scope="module")
def one():
    return panel([2016])


@pytest.fixture(scope="module")
def births():
    """Cattaneo's birth weights, as statsmodels ships them."""
    path = Path(statsmodels.__file__).parent / "treatment/tests/results/cataneo2.csv"
    return pd.read_csv(path)


@pytest.fixture(scope="module")
def register():
    """Three start years, two of them within reach of each other, and 6 % of rows missing."""
    frame = small_register(260, starters=90, seed=5, missing=0.06)
    return mih.read_panel(with_three_start_years(frame), money="fixed", price_year=2024)


def births_panel(births, names):
    wages = {1975: np.zeros(len(births)), 1978: births["bweight"].astype(float)}
    columns = {f"x_{name}": births[name].astype(float) for name in names}
    return as_panel(wages, births["mbsmoke_"].to_numpy() == 1, columns), list(columns)


@pytest.mark.parametrize("estimand", ESTIMANDS)
def test_matching_and_its_errors_are_those_of_r(one, estimand):
    """Abadie and Imbens (2006) in R's Matching, `Var.calc = 1`, for all three estimands."""
    recorded = pd.read_csv(RECORDED / "estimands.csv").query("estimand == @estimand")
    recorded = recorded[recorded["case"] != "births"]
    assert len(recorded) == 4
    for row in recorded.itertuples():
        group = mih.match(
            one, on=ON, distance=row.case, ratio=row.M, caliper=None, estimand=estimand
        )
        effects = mih.event_study(group, outcomes="wage_income", window=(2, 2))
        assert effects.se == "abadie_imbens"
        assert effects.estimand == estimand
        ours = effects.to_frame().iloc[0]
        assert ours["estimate"] == pytest.approx(row.estimate, rel=1e-9)
        assert ours["std_error"] == pytest.approx(row.std_error, rel=1e-9)


@pytest.mark.parametrize("estimand", ["atc", "ate"])
def test_matching_with_ties_is_that_of_r(births, estimand):
    names = ["mmarried_", "mage", "fage", "medu", "prenatal1_"]
    made, on = births_panel(births, names)
    group = mih.match(
        made, on=on, distance="mahalanobis_total", ratio=1, caliper=None, estimand=estimand
    )
    recorded = pd.read_csv(RECORDED / "estimands.csv").set_index(["case", "M", "estimand"])
    theirs = recorded.loc[("births", 1, estimand)]
    ours = in_1978(group)
    assert group.ties > 100
    assert ours["estimate"] == pytest.approx(theirs["estimate"], rel=1e-9)
    # Who else is as near enters our variance as the mean of all, and theirs one by one.
    assert ours["std_error"] == pytest.approx(theirs["std_error"], rel=0.005)


@pytest.mark.parametrize(("estimand", "peers"), [("atc", 0), ("ate", "all")])
def test_inverse_probability_weights_are_those_of_statsmodels(births, estimand, peers):
    names = ["mmarried_", "mage", "fbaby_", "medu"]
    X = births[names].astype(float)
    logit = sm.Logit(births["mbsmoke_"], sm.add_constant(X)).fit(disp=0, method="newton", tol=1e-13)
    outcome = sm.OLS(births["bweight"], sm.add_constant(X))
    peer = TreatmentEffect(outcome, births["mbsmoke_"].to_numpy(int), results_select=logit)
    estimate, control, *_ = peer.ipw(return_results=False, effect_group=peers)
    theta = np.concatenate([[estimate, control], logit.params])
    gmm = peer.ipw(effect_group=peers).results_gmm.model
    made, on = births_panel(births, names)
    row = in_1978(mih.weight(made, on=on, method="ipw", estimand=estimand))
    assert row["estimate"] == pytest.approx(estimate, rel=1e-9)
    assert row["std_error"] == pytest.approx(sandwich(gmm.momcond, theta), rel=1e-6)


class Slow:
    """Changes to year 2 of every row of the risk sets, and what a loop needs beside them."""

    def __init__(self, group, e=2):
        risk, cube = group.risk, group.risk.cube
        wage, first = cube.outcome("wage_income"), cube.years[0]
        self.year, self.treated, self.person = risk.start_year, risk.treated, risk.person
        at = risk.start_year - first
        self.y = wage[self.person, at + e] - wage[self.person, at - 1]
        self.X = np.column_stack([risk.design.X, risk.exact_design.X[:, :1]])
        self.X = (self.X - self.X.mean(axis=0)) / self.X.std(axis=0)

    def matched(self, group, estimand, ratio, caliper):
        """The mean contrast, target by target, and start years by those who start."""
        index, cell = group.score.index, group.risk.cell
        limit = caliper * index.std(ddof=1)
        total, many = 0.0, 0
        for c in STARTS:
            contrasts = []
            for i in np.flatnonzero(self.year == c):
                if (estimand == "atc") and self.treated[i]:
                    continue
                pool = np.flatnonzero((cell == cell[i]) & (self.treated != self.treated[i]))
                far = np.abs(index[pool] - index[i])
                reach = min(np.sort(far)[min(ratio, len(far)) - 1], limit) + 1e-9
                near = pool[far <= reach]
                near = near[np.isfinite(self.y[near])]
                if len(near) and np.isfinite(self.y[i]):
                    sign = 1 if self.treated[i] else -1
                    contrasts.append(sign * (self.y[i] - self.y[near].mean()))
            n = int((self.treated & (self.year == c)).sum())
            total, many = total + n * np.mean(contrasts), many + n
        return total / many

    def side_weights(self, method, estimand, w):
        """What rows weigh within side and start year, and the same odds as they are."""
        Z = np.column_stack([*(self.year == c for c in STARTS), self.X]).astype(float)
        if method == "probit":
            b = np.zeros(Z.shape[1])
            for _ in range(40):  # Fisher's scoring, which arrives where Newton's method does
                p, f = norm.cdf(Z @ b), norm.pdf(Z @ b)
                each = w * f / (p * (1 - p))
                H = (Z * (each * f)[:, None]).T @ Z
                b += np.linalg.solve(H, Z.T @ (each * (self.treated - p)))
            p = norm.cdf(Z @ b)
        elif method == "ipw":
            b = np.zeros(Z.shape[1])
            for _ in range(30):
                p = 1 / (1 + np.exp(-Z @ b))
                H = (Z * (w * p * (1 - p))[:, None]).T @ Z
                b += np.linalg.solve(H, Z.T @ (w * (self.treated - p)))
        if method != "entropy":
            own = np.where(self.treated, p, 1 - p)
            odds = {"att": p, "atc": 1 - p, "ate": np.ones_like(p)}[estimand] / own
            return w * odds, odds
        v = np.zeros(len(w))
        for c in STARTS:
            here = self.year == c
            target = {"att": self.treated, "atc": ~self.treated, "ate": here}[estimand] & here
            wanted = np.average(self.X[target], axis=0, weights=w[target])
            for side in (self.treated & here, ~self.treated & here):
                away = self.X[side] - wanted

                def gap(lam, away=away, side=side):
                    return away.T @ (w[side] * np.exp(away @ lam))

                def slope(lam, away=away, side=side):
                    return (away * (w[side] * np.exp(away @ lam))[:, None]).T @ away

                lam = root(gap, np.zeros(away.shape[1]), jac=slope, tol=1e-13).x
                v[side] = w[side] * np.exp(away @ lam)
        return v, v

    def weighted(self, method, estimand, weight):
        """The estimate where persons count as often as `weight` says, by plain solvers."""
        w, seen, total, many = weight[self.person], np.isfinite(self.y), 0.0, 0.0
        v, _ = self.side_weights(method, estimand, w)
        for c in STARTS:
            here = self.year == c
            means = [
                np.average(self.y[side & seen], weights=v[side & seen])
                for side in (self.treated & here, ~self.treated & here)
            ]
            # On those who start every start year counts by those who are compared.
            n = w[self.treated & here & (seen if estimand == "att" else True)].sum()
            total, many = total + n * (means[0] - means[1]), many + n
        return total / many


@pytest.mark.parametrize("estimand", ["atc", "ate"])
@pytest.mark.parametrize("ratio", [1, 4])
def test_a_loop_over_targets_gives_the_matched_effect(register, estimand, ratio):
    group = mih.match(
        register, on=["age", *mih.lag("wage_income", 1)], exact="county", ratio=ratio,
        caliper=0.3, estimand=estimand,
    )  # fmt: skip
    ours = mih.event_study(group, outcomes="wage_income", window=(2, 2)).to_frame().iloc[0]
    assert ours["estimate"] == pytest.approx(Slow(group).matched(group, estimand, ratio, 0.3))
    # Both sides weigh as many as start, year by year.
    frame = group.to_frame().groupby(["start_year", "role"])["weight"].sum().unstack()
    np.testing.assert_allclose(frame["participant"], frame["control"])
    pairs = group.pairs()
    target = np.where(pairs["of"] == "candidate", pairs["control_id"], pairs["participant_id"])
    total = pairs.groupby([target, pairs["start_year"], pairs["of"]])["weight"].sum()
    np.testing.assert_allclose(total, 1.0)


@pytest.mark.parametrize(
    ("method", "estimand"),
    [*product(["ipw", "entropy"], ["atc", "ate"]), *product(["probit"], ESTIMANDS)],
)
def test_weights_move_with_persons_as_their_influence_says(register, method, estimand):
    """Each person's influence by raising its count a little, weights and all found anew."""
    ways = {"method": method} if method != "probit" else {"method": "ipw", "link": method}
    group = mih.weight(
        register, on=["age", *mih.lag("wage_income", 1)], exact="county", estimand=estimand, **ways
    )
    ours = mih.event_study(group, outcomes="wage_income", window=(2, 2)).to_frame().iloc[0]
    slow, persons = Slow(group), group.risk.cube.n_persons
    assert ours["estimate"] == pytest.approx(slow.weighted(method, estimand, np.ones(persons)))
    step, moved = 1e-4, np.zeros(persons)
    for i in np.unique(slow.person):
        up, down = np.ones(persons), np.ones(persons)
        up[i], down[i] = 1 + step, 1 - step
        moved[i] = slow.weighted(method, estimand, up) - slow.weighted(method, estimand, down)
    error = np.sqrt((moved**2).sum()) / (2 * step)
    assert ours["std_error"] == pytest.approx(error, rel=1e-5)


def test_start_years_that_are_not_seen_have_no_part_in_an_effect_or_its_error(register):
    """The error by hand: start years by their starters, whose shares are estimated too."""
    group = mih.weight(
        register, on=["age", *mih.lag("wage_income", 1)], exact="county", method="entropy",
        estimand="ate",
    )  # fmt: skip
    *seen, last = STARTS
    asked = {"outcomes": "wage_income", "window": (2025 - last, 2025 - last)}
    whole = mih.event_study(group, **asked).to_frame().iloc[0]
    parts = mih.event_study(group, **asked, by="start_year")
    tau = parts.to_frame().set_index("subgroup")["estimate"]
    assert np.isnan(tau[str(last)])
    risk = group.risk
    starters = {c: risk.person[risk.treated & (risk.start_year == c)] for c in seen}
    share = {c: len(who) / sum(map(len, starters.values())) for c, who in starters.items()}
    assert whole["estimate"] == pytest.approx(sum(share[c] * tau[str(c)] for c in seen))
    moved = np.zeros(risk.cube.n_persons)
    for c in seen:
        own = parts.subgroup(str(c)).influence
        moved[own.cluster] += share[c] * own.rows[:, 0]
        moved[starters[c]] += share[c] * (tau[str(c)] - whole["estimate"]) / len(starters[c])
    assert whole["std_error"] == pytest.approx(np.sqrt((moved**2).sum()))


def test_the_effect_on_everybody_lies_between_the_others(register):
    """Of the three, that on everybody lies between the other two, start year by start year."""
    options = {"on": ["age", *mih.lag("wage_income", 1)], "exact": "county", "caliper": 0.3}
    found = {}
    for estimand in ESTIMANDS:
        group = mih.match(register, estimand=estimand, **options)
        effects = mih.event_study(group, outcomes="wage_income", window=(0, 3), by="start_year")
        found[estimand] = effects.to_frame().set_index(["subgroup", "year_since_start"])
    estimate = pd.DataFrame({name: frame["estimate"] for name, frame in found.items()})
    inner = estimate.drop("all", level="subgroup")
    low, high = inner[["att", "atc"]].min(axis=1), inner[["att", "atc"]].max(axis=1)
    assert ((inner["ate"] >= low - 1e-6) & (inner["ate"] <= high + 1e-6)).all()


def test_parts_have_the_errors_that_they_have_alone(register):
    """Rows of persons and of their reuse are kept apart when parts are set side by side."""
    group = mih.match(
        register, on=["age", *mih.lag("wage_income", 1)], exact="county", estimand="ate"
    )
    asked = {"outcomes": "wage_income", "window": (2, 2)}
    whole = mih.event_study(group, **asked).to_frame()
    parts = mih.event_study(group, **asked, by="county").to_frame().set_index("subgroup")
    assert parts.loc["all", "std_error"] == pytest.approx(whole["std_error"].item(), rel=1e-12)


def test_the_card_says_whose_effect_and_how_start_years_count(register):
    group = mih.weight(register, on="age", estimand="atc")
    text = {lang: " ".join(group.summary(lang).split()) for lang in ("nb", "en")}
    assert "kandidatene, om de hadde startet" in text["nb"]
    assert "hvert oppstartsår teller som sin andel av dem som startet" in text["nb"]
    assert "each start year counts by its share of those who started" in text["en"]
    effects = mih.event_study(group, outcomes="wage_income", window=(0, 3))
    assert "had they started" in " ".join(effects.summary("en").split())
    assert "om de hadde startet" in " ".join(effects.summary("nb").split())
    assert effects.estimand == "atc"
    plain = mih.event_study(mih.weight(register, on="age"), outcomes="wage_income", window=(0, 3))
    assert plain.estimand == "att"
    assert "had they started" not in plain.summary("en")


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"replace": False}, "too few participants for every candidate"),
        ({"common_support": True}, "Common support is judged for participants"),
        ({"estimand": "late"}, "estimand"),
    ],
)
def test_what_other_effects_cannot_have_is_refused(one, options, what):
    with pytest.raises(mih.MihImpactError, match=what):
        mih.match(one, on=ON, **({"estimand": "atc"} | options))


def test_other_specifications_keep_whose_effect_it_is(one):
    group = mih.match(one, on=ON, estimand="ate", caliper=None)
    curve = mih.specification_curve(group, year=2, ways={"method": ["propensity", "ipw"]}, alone={})
    other = mih.weight(one, on=ON, method="ipw", estimand="ate")
    wanted = mih.event_study(other, outcomes="wage_income", window=(2, 2)).estimate[0, 0]
    assert np.isclose(curve.to_frame()["estimate"], wanted).sum() == 1


def test_calls_that_speak_of_those_who_start_say_so(one):
    group = mih.match(one, on=ON, estimand="ate", caliper=None)
    for call in (mih.resample, mih.randomisation_test, mih.lee_bounds):
        with pytest.raises(mih.MihImpactError, match="effects on those who start"):
            call(group)
    for options in ({"score_correction": True}, {"se": "person"}):
        with pytest.raises(mih.MihImpactError, match="have standard errors"):
            mih.event_study(group, outcomes="wage_income", window=(0, 2), **options)
    with pytest.raises(mih.MihImpactError, match="high score"):
        mih.weight(one, on=ON, method="ipw", trim=0.9, estimand="ate")
