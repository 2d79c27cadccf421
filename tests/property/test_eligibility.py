"""Who is eligible, against the definition read cell by cell in a slow loop."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.panel.cube import Cube
from tests.engines.absent import ELIGIBLE, eligible_by_hand, two_forms
from tests.support import read_frame

AMOUNTS = ("wage_income", "dagpenger")


def slow_eligible(frame: pd.DataFrame, name: str, per_year: int, *, known: bool) -> pd.DataFrame:
    """Return who is eligible by person and period, from the definition in docs/contract.md."""
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    rows: dict[str, dict[int, dict[str, object]]] = {}
    for row in records:
        month = row["month"] - 1 if per_year > 1 else 0
        rows.setdefault(row["person_id"], {})[row["year"] * per_year + month] = row
    periods = sorted({t for own in rows.values() for t in own})
    answer = {}
    for person, own in rows.items():
        first = next(iter(own.values()))
        exits = [first[x] for x in ("death_year", "emigration_year") if first.get(x) is not None]
        for t in periods:
            if any(t // per_year > year for year in exits):
                answer[person, t] = False
            elif t in own:
                paid = {column: own[t][column] or 0.0 for column in AMOUNTS}
                answer[person, t] = eligible_by_hand(name, {**own[t], **paid})
            elif known and min(own) < t:
                last = own[max(s for s in own if s < t)]
                date = {"year": t // per_year, "month": t % per_year + 1}
                absent = {**last, **dict.fromkeys(AMOUNTS, 0.0), "measure": None, **date}
                answer[person, t] = eligible_by_hand(name, absent)
            else:
                answer[person, t] = False
    return pd.Series(answer).unstack()


def assert_as_by_hand(cube: Cube, frame: pd.DataFrame, name: str, *, known: bool = True) -> None:
    """Assert that the cube has those who start or are eligible in time, and says when they are."""
    slow = slow_eligible(frame, name, cube.PER_YEAR, known=known)
    starts = frame.drop_duplicates("person_id").set_index("person_id")["start_year"]
    first, last = int(starts.min()), int(starts.max())
    window = [
        t for t in slow.columns if first * cube.PER_YEAR <= t + 1 < (last + 1) * cube.PER_YEAR
    ]
    wanted = slow.index[slow[window].any(axis=1) | starts.reindex(slow.index).notna()]
    assert cube.person_id.tolist() == sorted(wanted)
    own = slow.loc[cube.person_id, cube.periods[cube.observed]].to_numpy(dtype=bool)
    assert (cube.eligible[:, cube.observed] == own).all()
    assert 0 < own.sum() < own.size


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("name", [name for name in ELIGIBLE if name != "season"])
def test_eligibility_by_year_is_that_of_the_slow_loop(name, known):
    _, frame, options = two_forms(seed=5, n=90)
    if name == "everybody":
        frame = frame.drop(columns="eligible")
    if not known:
        frame = frame.drop(columns=["death_year", "emigration_year"])
    cube = read_frame(frame, **options).cube(eligible=ELIGIBLE[name])
    assert cube.residency_known is known
    assert_as_by_hand(cube, frame, name, known=known)


@pytest.mark.parametrize("name", ["column", "amounts", "age", "season"])
def test_eligibility_by_month_is_that_of_the_slow_loop(name):
    _, frame, options = two_forms(seed=6, n=40, years=6, monthly=True)
    cube = read_frame(frame, **options).cube(eligible=ELIGIBLE[name])
    assert_as_by_hand(cube, frame, name)


def test_a_year_in_which_nobody_has_a_row_makes_nobody_eligible():
    _, frame, options = two_forms(seed=7, n=60)
    frame = frame[frame["year"] != 2014]
    cube = read_frame(frame, **options).cube(eligible=ELIGIBLE["age"])
    assert_as_by_hand(cube, frame, "age")
    assert not cube.eligible[:, cube.periods == 2014].any()


@pytest.mark.parametrize("known", [True, False])
def test_participants_and_candidates_are_present_by_one_rule(known):
    _, frame, options = two_forms(seed=8)
    if not known:
        frame = frame.drop(columns=["death_year", "emigration_year"])
    risk = mih.weight(read_frame(frame, **options), on="age", method="ipw").risk
    rows = set(zip(frame["person_id"], frame["year"], strict=True))
    first = frame.groupby("person_id")["year"].min()
    absent = np.zeros(len(risk.person), dtype=bool)
    for k, (person, start) in enumerate(
        zip(risk.cube.person_id[risk.person], risk.start, strict=True)
    ):
        absent[k] = (person, start - 1) not in rows
        assert first[person] < start
    assert absent[risk.treated].any() is np.bool_(known)
    assert absent[~risk.treated].any() is np.bool_(known)
    exits = frame.get("death_year", pd.Series([math.nan]))
    assert known is bool(exits.notna().any())
