"""Effects and standard errors against statsmodels and slow loops from the definitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import mih_impact as mih
from mih_impact.effects.influence import sup_t


def make_group(panel, **options):
    return mih.match(panel, exact=["county"], on=["age", *mih.lag("wage_income", 1, 2)], **options)


@pytest.fixture(scope="module", params=["complete", "gappy", "exact"])
def case(request, panel, gappy):
    """A group and its person-clustered effects."""
    if request.param == "exact":
        group = mih.match(gappy, method="exact", exact=["county"], on=["education"])
    else:
        group = make_group(panel if request.param == "complete" else gappy)
    return group, mih.event_study(group, outcomes=["wage_income", "dagpenger"], se="person")


def rows_of(group, effects, outcome, e):
    """Rebuild the rows and weights of one year since start from the pairs, one at a time."""
    cube = group.risk.cube
    values = cube.outcome(outcome)
    place = {person: k for k, person in enumerate(cube.person_id)}

    def change(person, c):
        columns = [c + e - cube.years[0], c - 1 - cube.years[0]]
        if not 0 <= columns[0] < len(cube.years):
            return np.nan
        now, base = values[place[person], columns]
        return now - base

    rows, load = [], {}
    for (person, c), pairs in group.pairs().groupby(["participant_id", "start_year"]):
        own = change(person, c)
        seen = [(j, w) for j, w in zip(pairs.control_id, pairs.weight, strict=True)
                if np.isfinite(change(j, c))]  # fmt: skip
        if not np.isfinite(own) or not seen:
            continue
        rows.append((person, own, 1, 1.0, c))
        total = sum(w for _, w in seen)
        for j, w in seen:
            load[j, c] = load.get((j, c), 0.0) + w / total
    rows += [(j, change(j, c), 0, w, c) for (j, c), w in load.items()]
    return pd.DataFrame(rows, columns=["person", "change", "treated", "weight", "start_year"])


@pytest.mark.parametrize("e", [-4, 0, 3, 6])
@pytest.mark.parametrize("outcome", ["wage_income", "dagpenger"])
def test_effects_and_person_errors_are_those_of_wls(case, outcome, e):
    group, effects = case
    rows = rows_of(group, effects, outcome, e)
    X = sm.add_constant(rows["treated"].astype(float))
    fit = sm.WLS(rows["change"], X, weights=rows["weight"]).fit(
        cov_type="cluster",
        cov_kwds={"groups": pd.factorize(rows["person"])[0], "use_correction": False},
    )
    frame = effects.to_frame().set_index(["outcome", "year_since_start"]).loc[(outcome, e)]
    persons = rows["person"].nunique()
    factor = np.sqrt(persons / (persons - 1))  # the documented small-sample factor
    assert frame["estimate"] == pytest.approx(fit.params["treated"], rel=1e-8)
    assert frame["std_error"] == pytest.approx(fit.bse["treated"] * factor, rel=1e-8)
    assert frame["n_participants"] == rows["treated"].sum()
    assert frame["n_controls"] == rows.loc[rows["treated"] == 0, "person"].nunique()


@pytest.mark.parametrize("e", [-4, 3, 6])
def test_abadie_imbens_is_the_formula_of_the_paper(panel, e):
    """V = [sum_i (c_i - tau)^2 + sum_j (K_j^2 - K'_j) s_j^2] / n^2, one start year at a time.

    The start years are taken apart so that the paper's formula, which knows one cohort, applies.
    """
    group = make_group(panel)
    starts = np.unique(group.risk.start_year)
    for c in starts.tolist():
        frame = subset(panel, c)
        one = make_group(mih.read_panel(frame), caliper=None)
        if c + e > 2024:
            continue
        effects = mih.event_study(one, outcomes=["wage_income"], se="abadie_imbens")
        row = effects.to_frame().set_index("year_since_start").loc[e]
        assert row["std_error"] == pytest.approx(slow_abadie_imbens(one, c, e), rel=1e-10)


def subset(panel, c):
    from tests.support import small_register

    frame = small_register()
    return frame[frame["start_year"].isna() | (frame["start_year"] == c)]


def slow_abadie_imbens(group, c, e):
    cube, risk = group.risk.cube, group.risk
    wage = cube.outcome("wage_income")
    now, base = c + e - cube.years[0], c - 1 - cube.years[0]
    change = wage[:, now] - wage[:, base]
    ids = cube.person_id
    pairs = group.pairs()
    place = {person: k for k, person in enumerate(ids)}
    contrasts, K, K2 = [], {}, {}
    for person, own in pairs.groupby("participant_id"):
        controls = [place[j] for j in own["control_id"]]
        weights = own["weight"].to_numpy()
        contrasts.append(change[place[person]] - weights @ change[controls])
        for j, w in zip(controls, weights, strict=True):
            K[j] = K.get(j, 0.0) + w
            K2[j] = K2.get(j, 0.0) + w**2
    n, tau = len(contrasts), np.mean(contrasts)
    row_of = {p: r for r, p in enumerate(risk.person) if not risk.treated[r]}
    total = sum((x - tau) ** 2 for x in contrasts)
    for j in K:
        others = [
            (abs(group.score.index[row_of[k]] - group.score.index[row_of[j]]), k)
            for k in row_of
            if k != j and risk.cell[row_of[k]] == risk.cell[row_of[j]]
        ]
        nearest = min(others)[1]
        variance = (change[j] - change[nearest]) ** 2 / 2
        total += (K[j] ** 2 - K2[j]) * variance
    return np.sqrt(total) / n


def test_abadie_imbens_adds_start_years_of_one_control(panel):
    """Over start years: the control's rows are added before they are squared."""
    group = make_group(panel)
    effects = mih.event_study(group, outcomes=["wage_income"], se="abadie_imbens", window=(3, 3))
    risk, cube = group.risk, group.risk.cube
    wage = cube.outcome("wage_income")
    sets, weight = group.sets, np.zeros(len(risk.person))
    squares = np.zeros(len(risk.person))
    _, entry = sets.pairs()
    np.add.at(weight, sets.control[entry], sets.weight[entry])
    np.add.at(squares, sets.control[entry], sets.weight[entry] ** 2)

    def change(r):
        c, person = risk.start_year[r], risk.person[r]
        return wage[person, c + 3 - 2009] - wage[person, c - 1 - 2009]

    n = group.n_participants
    contrasts = [
        change(i) - sum(w * change(j) for j, w in zip(sets.control[sets.member == k],
                                                       sets.weight[sets.member == k], strict=True))
        for i, k in zip(sets.participant, sets.set_of, strict=True)
    ]  # fmt: skip
    rows = {}
    for j in np.unique(sets.control):
        cell = np.flatnonzero((risk.cell == risk.cell[j]) & ~risk.treated)
        gap = np.abs(group.score.index[cell] - group.score.index[j])
        gap[cell == j] = np.inf
        other = cell[gap.argmin()]
        r = (change(j) - change(other)) / np.sqrt(2)
        person = risk.person[j]
        rows[person] = rows.get(person, 0.0) + np.sqrt(max(weight[j] ** 2 - squares[j], 0)) * r / n
    variance = np.sum((np.array(contrasts) - np.mean(contrasts)) ** 2) / n**2
    variance += sum(value**2 for value in rows.values())
    assert effects.to_frame()["std_error"].iloc[0] == pytest.approx(np.sqrt(variance), rel=1e-9)


def test_matched_sets_are_the_clustered_regression(panel):
    """Without replacement: WLS clustered by matched set, n / (n - 1)."""
    group = make_group(panel, replace=False, ratio=2)
    effects = mih.event_study(group, outcomes=["wage_income"])
    assert effects.se == "matched_set"
    cube = group.risk.cube
    wage, first = cube.outcome("wage_income"), cube.years[0]
    place = {person: k for k, person in enumerate(cube.person_id)}
    frame = group.to_frame()
    who = [place[p] for p in frame["person_id"]]
    now = wage[who, (frame["start_year"] + 3 - first).to_numpy()]
    change = now - wage[who, (frame["start_year"] - 1 - first).to_numpy()]
    X = sm.add_constant((frame["role"] == "participant").astype(float).to_numpy())
    fit = sm.WLS(change, X, weights=frame["weight"].to_numpy()).fit(
        cov_type="cluster",
        cov_kwds={"groups": frame["match_id"].to_numpy(), "use_correction": False},
    )
    row = effects.to_frame().set_index("year_since_start").loc[3]
    n = group.n_participants
    assert row["estimate"] == pytest.approx(fit.params[1], rel=1e-9)
    assert row["std_error"] == pytest.approx(fit.bse[1] * np.sqrt(n / (n - 1)), rel=1e-9)


def test_bands_cover_together_what_intervals_cover_alone(group):
    """Fresh draws from the covariance stay within the band 95 % of the time, all years at once."""
    effects = mih.event_study(group, outcomes=["wage_income"])
    frame = effects.to_frame()
    frame = frame[frame["std_error"] > 0]
    cov = effects.covariance.loc["wage_income", "wage_income"]
    years = frame["year_since_start"].tolist()
    draws = np.random.default_rng(77).multivariate_normal(
        np.zeros(len(years)), cov.loc[years, years].to_numpy(), size=40_000
    )
    reach = ((frame["band_high"] - frame["band_low"]) / 2).to_numpy()
    inside = (np.abs(draws) <= reach).all(axis=1).mean()
    assert inside == pytest.approx(0.95, abs=0.006)


@pytest.mark.parametrize("alike", [0.0, 0.3, 0.999999])
def test_a_band_does_not_depend_on_how_equal_eigenvalues_are_turned(alike):
    """Equally correlated estimates have one eigenvalue over and over, whose vectors a rounding
    turns: another computer finds others. Nor does the order of estimates and draws matter."""
    E, rng = 7, np.random.default_rng(5)
    correlation = alike + (1 - alike) * np.eye(E)
    normal = rng.normal(size=(2_000, E))
    band = sup_t(correlation, normal, level=0.95)
    for _ in range(5):
        noise = rng.normal(size=(E, E)) * 1e-15
        turned = correlation + noise + noise.T
        assert sup_t(turned, normal, level=0.95) == pytest.approx(band, rel=1e-7)
        order = rng.permutation(E)
        again = sup_t(correlation[np.ix_(order, order)], normal[:, order], level=0.95)
        assert again == pytest.approx(band, rel=1e-7)
