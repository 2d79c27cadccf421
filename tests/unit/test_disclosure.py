"""What is displayed and saved shows no person: not in itself, and not by subtraction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.display.small_cells import is_small, with_complement
from tests.support import small_register


def loner(n: int = 900) -> pd.DataFrame:
    """Return a register in which one person starts in 2014."""
    frame = small_register(n, starters=160, seed=6)
    of_2014 = frame.loc[frame["start_year"] == 2014, "person_id"].unique()
    frame.loc[frame["person_id"].isin(of_2014[1:]), "start_year"] = 2015.0
    return frame


@pytest.fixture(scope="module")
def panel() -> mih.Panel:
    return mih.read_panel(loner())


@pytest.fixture(scope="module")
def by_start(panel) -> mih.GroupTimeEffects:
    return mih.group_time_effects(panel, outcomes=["wage_income", "in_work"])


@pytest.fixture(scope="module")
def group(panel) -> mih.ControlGroup:
    return mih.match(panel, exact="county", method="exact")


def test_a_complement_hides_the_smallest_until_two_and_enough_persons_are_hidden():
    hidden = np.array([[True, True, False, True], [False] * 4, [False] * 4, [False] * 4])
    size = [[1, 2, 9, 1], [60, 1, 2, 0], [40, 7, 2, 0], [50, 8, 2, 0]]
    found = with_complement(hidden, size)
    assert found[:, 0].tolist() == [True, False, True, False]
    assert found[:, 1].tolist() == [True, True, True, False]  # 2 and 1 are fewer than 5
    assert not found[:, 2].any()
    assert found[:, 3].tolist() == [True, False, False, False]  # nobody else to hide
    assert hidden.sum() == 3, "the argument is not changed"


def test_the_effect_of_one_person_is_hidden_in_every_average(by_start, tmp_path):
    truth = by_start.aggregate("group").to_frame().set_index(["outcome", "level"])
    assert truth.loc[("wage_income", 2014), "n_participants"] == 1
    assert truth.loc[("wage_income", 2015), "n_participants"] == by_start.sizes[1]
    alone = f"{truth.loc[('wage_income', 2014), 'estimate']:,.0f}"
    for kind in ("group", "calendar", "event"):
        average = by_start.aggregate(kind)
        kept = mih.load(average.save(tmp_path / f"{kind}.zip"))
        small = is_small(average.frame["n_participants"])
        assert small.any()
        for seen in (average.shown(), kept):
            assert seen.frame.loc[small, "estimate"].isna().all()
            assert np.isnan(seen.estimate.ravel()[small]).all()
            assert np.isnan(seen.matrix.diagonal()[small]).all()
            entering = seen.frame[seen.frame["level"].isin(average.in_overall)]
            for _, rows in entering.groupby("outcome"):
                assert rows["estimate"].isna().sum() >= 2
        assert alone not in average.summary("en")


def test_no_hidden_group_time_effect_follows_from_what_is_shown(by_start):
    """The averages are linear in the cells: no hidden cell may lie in the span of what is known."""
    K, G, T = by_start.estimate.shape
    names = list(by_start.outcomes)
    hidden = np.isnan(by_start.shown().estimate)
    known = list(np.eye(K * G * T)[~hidden.ravel()])
    since = np.array(by_start.years) - np.array(by_start.starts)[:, None]
    label = {
        "event": since,
        "group": np.broadcast_to(np.array(by_start.starts)[:, None], (G, T)),
        "calendar": np.broadcast_to(np.array(by_start.years), (G, T)),
        "simple": np.zeros((G, T), dtype=int),
    }
    for kind, levels in label.items():
        shown = by_start.aggregate(kind).shown().frame
        for row in shown[shown["estimate"].notna()].to_dict("records"):
            level = 0 if kind == "simple" else row["level"]
            line = (levels == level) & ((since >= 0) | (kind == "event"))
            weights = np.zeros((K, G, T))
            weights[names.index(row["outcome"])] = np.where(line, by_start.sizes[:, None], 0)
            weights /= weights.sum()
            total = (weights * by_start.estimate).sum()
            assert total == pytest.approx(row["estimate"], abs=1e-6), "the weights are the shares"
            known.append(weights.ravel())
    _, singular, right = np.linalg.svd(np.array(known), full_matrices=True)
    free = right[int((singular > 1e-9).sum()) :]
    undetermined = np.linalg.norm(free, axis=0) > 1e-9
    small = is_small(by_start.frame["n_participants"])
    told = small & ~undetermined & (by_start.frame["reason"] != "base_year").to_numpy()
    assert small.any()
    assert not told.any(), by_start.frame.loc[told, ["outcome", "group", "year"]]
    assert (~hidden).mean() > 0.5, "most is shown"
