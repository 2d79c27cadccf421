"""Every result of the account comes back as it was saved, in this process and in a new one."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.account.values import BeforeStart
from mih_impact.display.result import Result

LABEL = mih.Label(nb="post", en="item")
PROGRAMME = mih.Programme(
    name="p",
    label=LABEL,
    phases=(mih.Phase(name="school", label=LABEL, when=LABEL, reach=0.8, low=0.6, high=0.9,
                      distribution="triangular", source="a school"),),
    items=(
        mih.CostItem(name="place", label=LABEL, amounts=[60_000.0, 40_000.0], payer="county",
                     phase="school", low=80_000.0, high=150_000.0, timing="middle"),
        mih.CostItem(name="time", label=LABEL, amounts=[0.0, 5_000.0], payer="municipality",
                     cash=False, reach=0.5, distribution="discrete",
                     points=((0.0, 0.5), (5_000.0, 0.5))),
        mih.CostItem(name="grant", label=LABEL, amounts=[0.0, 20_000.0], payer="county",
                     receiver="municipality"),
    ),
    age_at_start=mih.Assumption("age_at_start", 40.0, "years", "ASSUMED", "t", 35.0, 45.0, LABEL),
    note=LABEL,
)  # fmt: skip


def account(*, covariance: bool = True) -> mih.CostBenefit:
    paths = {"wage_income": 60_000.0, "sosialhjelp": -4_000.0, "stipend": -9_000.0}
    frame = pd.DataFrame(
        [(name, year, value) for name, value in paths.items() for year in range(5)],
        columns=["outcome", "year_since_start", "estimate"],
    )
    sigma = 8_000.0**2 * (0.5 * np.eye(len(frame)) + 0.5) if covariance else None
    rates = mih.Assumptions.r109(zone="IVa").vary("displacement", low=0, high=0.3)
    return mih.cost_benefit(
        mih.EffectSeries.from_frame(frame, covariance=sigma, price_year=2024),
        rates.replace(wage_bill=0.2, discount=mih.Discount.flat(0.03, timing="middle")),
        programme=PROGRAMME,
        horizon=8,
        persistence="half_life",
        roles={"stipend": mih.Benefit("stipend", "county", False, LABEL)},
    )


CASE, BARE = account(), account(covariance=False)
DEAR = mih.Scenario(name="dear", label=LABEL, values={"cost:place": 150_000.0}, horizon=9)
RESULTS: dict[str, Any] = {
    "account": CASE,
    "account without a covariance": BARE,
    "bridge": CASE.bridge(),
    "sensitivity": CASE.sensitivity(),
    "sensitivity without a covariance": BARE.sensitivity(),
    "grid": CASE.grid({"leisure": [0, 0.5, 1], "cost:place": [50_000, 90_000]}),
    "scenarios": CASE.scenarios([DEAR]),
    "switching values": CASE.switching_values("municipality"),
    "variance shares": CASE.variance_shares(n=200, seed=3),
    "uncertainty": CASE.uncertainty(n=200, seed=3),
    "uncertainty without a covariance": BARE.uncertainty(n=200, seed=3),
}


def same(one: Any, two: Any) -> bool:
    """Tell whether two values are equal to the last bit, missing ones included."""
    if isinstance(one, np.ndarray):
        return one.dtype == two.dtype and np.array_equal(one, two, equal_nan=one.dtype.kind == "f")
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, two, check_exact=True)
        return True
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    if isinstance(one, Sequence) and not isinstance(one, str):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, BeforeStart):
        return same(vars(one), vars(two))
    return one == two or (one != one and two != two)


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS.keys())
def test_what_is_loaded_is_what_was_saved(result: Result, tmp_path: Path) -> None:
    again = mih.load(result.save(tmp_path / "result.zip"))
    assert type(again) is type(result)
    for field in dataclasses.fields(result):
        assert same(getattr(result, field.name), getattr(again, field.name)), field.name
    pd.testing.assert_frame_equal(again.to_frame(), result.to_frame(), check_exact=True)
    for lang in ("nb", "en"):
        assert again.summary(lang) == result.summary(lang)
    assert again.save(tmp_path / "twice.zip").read_bytes() == (tmp_path / "result.zip").read_bytes()


def test_a_loaded_account_answers_as_the_saved_one(tmp_path: Path) -> None:
    again = mih.load(CASE.save(tmp_path / "case.zip"))
    tables = (
        "ledger",
        "by_component",
        "by_year",
        "indicators",
        "costs",
        "residual_value",
        "beside",
    )
    for name in tables:
        pd.testing.assert_frame_equal(
            getattr(again, name)(), getattr(CASE, name)(), check_exact=True
        )
    pd.testing.assert_frame_equal(again.bridge().to_frame(), CASE.bridge().to_frame())
    assert same(again.uncertainty(n=100).draws, CASE.uncertainty(n=100).draws)
    assert again.programme == CASE.programme
    assert again.assumptions == CASE.assumptions
    assert again.benefits == CASE.benefits


def test_a_loaded_result_answers_as_the_saved_one(tmp_path: Path) -> None:
    found: dict[str, Any] = {
        name: mih.load(RESULTS[name].save(tmp_path / f"{name}.zip"))
        for name in ("uncertainty", "grid", "sensitivity", "variance shares")
    }
    one, two = RESULTS["uncertainty"], found["uncertainty"]
    pd.testing.assert_frame_equal(one.acceptability(), two.acceptability())
    pd.testing.assert_frame_equal(one.break_even_frame(), two.break_even_frame())
    pd.testing.assert_frame_equal(RESULTS["grid"].pivot("public"), found["grid"].pivot("public"))
    pd.testing.assert_frame_equal(
        RESULTS["sensitivity"].of("state"), found["sensitivity"].of("state")
    )
    pd.testing.assert_frame_equal(
        RESULTS["variance shares"].of("state"), found["variance shares"].of("state")
    )


def test_a_new_process_reads_them_all(tmp_path: Path) -> None:
    """What has been imported here must not be what makes loading work."""
    for k, result in enumerate(RESULTS.values()):
        result.save(tmp_path / f"{k}.zip")
    program = (
        "import sys, pathlib, mih_impact as mih\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).glob('*.zip')):\n"
        "    print(type(mih.load(path)).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert sorted(done.stdout.split()) == sorted(type(each).__name__ for each in RESULTS.values())


def test_only_the_account_counts_persons_and_small_cells_are_hidden(tmp_path: Path) -> None:
    case = replace(CASE, starters=np.array([527.0, 500, 300, 5, 4]))
    saved = mih.load(case.save(tmp_path / "case.zip"))
    assert saved.starters[:4].tolist() == [527.0, 500.0, 300.0, 5.0]
    assert np.isnan(saved.starters[4])
    assert saved.npv == case.npv
    others = [each for each in RESULTS.values() if not isinstance(each, mih.CostBenefit)]
    for result in others:
        counted = [column for column in result.to_frame() if str(column).startswith("n_")]
        assert counted == []
