"""Propensity matching against a slow loop written from the definition, and against statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import mih_impact as mih
from mih_impact.controls.risk_set import uniform_number
from mih_impact.reference.prices import PriceIndex
from tests.support import small_register

ON = ("age", "education", *mih.lag("wage_income", 1, 2, 3))


def stacked_risk_sets(frame: pd.DataFrame) -> pd.DataFrame:
    """Build the risk sets with pandas, person by person, from the definition."""
    index = PriceIndex.kpi()
    frame = frame.assign(person_id=frame["person_id"].astype(str))
    real = {
        (row.person_id, row.year): row.wage_income * index.factor(row.year, 2024)
        for row in frame.itertuples()
    }
    at = {(row.person_id, row.year): row for row in frame.itertuples()}
    starts = frame.groupby("person_id")["start_year"].first()
    rows = []
    for c in sorted(starts.dropna().unique().astype(int)):
        for person, start in starts.sort_index().items():
            if not (start == c or np.isnan(start)) or (person, c - 1) not in at:
                continue
            before = at[person, c - 1]
            row = {
                "person": person,
                "c": c,
                "treated": start == c,
                "county": before.county,
                "age": c - 1 - before.birth_year,
                "education": before.education,
            }
            row |= {f"lag{k}": real.get((person, c - k), np.nan) for k in (1, 2, 3)}
            rows.append(row)
    return pd.DataFrame(rows).dropna()


def score(stack: pd.DataFrame) -> np.ndarray:
    """Return log odds from statsmodels' logit, start-year terms included."""
    X = pd.concat(
        [
            pd.get_dummies(stack["c"], prefix="c"),
            stack[["age"]],
            pd.get_dummies(stack["education"]).drop(columns=stack["education"].mode()[0]),
            stack[["lag1", "lag2", "lag3"]] / 1e5,
        ],
        axis=1,
    ).astype(float)
    fit = sm.Logit(stack["treated"].astype(float), X).fit(disp=0, tol=1e-14, maxiter=100)
    return (X @ fit.params).to_numpy()


@pytest.fixture(scope="module")
def stack():
    stack = stacked_risk_sets(small_register())
    return stack.assign(score=score(stack))


def test_the_logit_is_that_of_statsmodels(group, stack):
    ours = pd.DataFrame(
        {
            "person": group.risk.cube.person_id[group.risk.person],
            "c": group.risk.start_year,
            "ours": group.score.index,
        }
    )
    both = stack.merge(ours, on=["person", "c"], validate="one_to_one")
    assert len(both) == len(ours) == len(stack)
    np.testing.assert_allclose(both["ours"], both["score"], atol=1e-8)


def test_pairs_are_those_of_a_slow_loop(group, stack):
    width = 0.2 * stack["score"].std()
    expected = set()
    for i in stack[stack["treated"]].itertuples():
        pool = [
            (abs(j.score - i.score), j.person)
            for j in stack[~stack["treated"]].itertuples()
            if j.c == i.c and j.county == i.county and abs(j.score - i.score) <= width
        ]
        nearest = sorted(pool)[:5]
        expected |= {(i.person, j, i.c, 1 / len(nearest)) for _, j in nearest}
    pairs = group.pairs()
    found = set(
        zip(pairs.participant_id, pairs.control_id, pairs.start_year, pairs.weight, strict=True)
    )
    assert found == expected
    assert len(found) > 300


def test_all_who_are_as_near_as_the_last_are_taken():
    panel = mih.read_panel(small_register(400, starters=30, ties=True, seed=5))
    group = mih.match(panel, exact=["county"], on=["age", *mih.lag("wage_income", 1)], ratio=2)
    scores, person = group.score.index, group.risk.cube.person_id[group.risk.person]
    width, expected, tied = 0.2 * scores.std(ddof=1), {}, 0
    for i in np.flatnonzero(group.risk.treated).tolist():
        pool = np.flatnonzero(~group.risk.treated & (group.risk.cell == group.risk.cell[i]))
        far = np.abs(scores[pool] - scores[i])
        reach = min(np.sort(far)[:2].max(initial=0.0), width)
        near = pool[far <= reach + 1e-9]
        tied += len(near) > 2
        expected |= {(person[i], person[j]): 1 / len(near) for j in near}
    pairs = group.pairs()
    found = zip(pairs.participant_id, pairs.control_id, strict=True)
    assert dict(zip(found, pairs.weight, strict=True)) == pytest.approx(expected)
    assert group.ties == tied > 0


@pytest.mark.parametrize("seed", [None, 7])
def test_without_replacement_lots_order_equals(seed):
    """Slow loop: in rounds, the largest score first, each takes the nearest, then lowest lot."""
    panel = mih.read_panel(small_register(400, starters=30, ties=True, seed=5))
    options = {"exact": ["county"], "on": ["age", *mih.lag("wage_income", 1)], "ratio": 2}
    group = mih.match(panel, replace=False, seed=seed, **options)
    assert group.ties > 0
    assert group.provenance.seed == (seed or 2025)
    scores, person = group.score.index, group.risk.cube.person_id[group.risk.person]
    lot = {
        (who, c): uniform_number(np.array([who], dtype=object), seed, c, "ties")[0]
        for who, c in set(zip(person, group.risk.start_year.tolist(), strict=True))
    }
    lots = [lot[key] for key in zip(person, group.risk.start_year.tolist(), strict=True)]
    taken: set[str] = set()
    participants = np.flatnonzero(group.risk.treated).tolist()
    order = sorted(participants, key=lambda i: (-round(scores[i], 8), lots[i]))
    chosen: dict[int, list[int]] = {i: [] for i in participants}
    width = 0.2 * scores.std(ddof=1)
    for _ in range(2):
        for i in order:
            alike = ~group.risk.treated & (group.risk.cell == group.risk.cell[i])
            pool = [
                (round(abs(scores[j] - scores[i]), 8), lots[j], j)
                for j in np.flatnonzero(alike)
                if person[j] not in taken
            ]
            if pool and min(pool)[0] <= width:
                chosen[i].append(min(pool)[2])
                taken.add(person[min(pool)[2]])
    expected = {(person[i], person[j]) for i, row in chosen.items() for j in row}
    pairs = group.pairs()
    assert set(zip(pairs.participant_id, pairs.control_id, strict=True)) == expected


def test_controls_of_one_participant_are_different_persons(group):
    pairs = group.pairs()
    assert not pairs.duplicated(["participant_id", "control_id"]).any()
    totals = pairs.groupby("participant_id")["weight"].sum()
    np.testing.assert_allclose(totals, 1.0)


def test_exact_matching_takes_the_whole_cell(panel):
    group = mih.match(panel, method="exact", exact=["county"], on=["education"])
    stack = stacked_risk_sets(small_register())
    sizes = stack[~stack["treated"]].groupby(["c", "county", "education"]).size()
    first = stack[stack["treated"]].set_index("person")
    counts = group.pairs().groupby("participant_id").size()
    for person, n in counts.items():
        row = first.loc[person]
        assert n == sizes[row.c, row.county, row.education]
