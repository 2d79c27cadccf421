"""What the pages say of coverage and of others' numbers is what was recorded, and it holds."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"


@pytest.mark.parametrize("of", ["society", "public", "participant"])
def test_the_record_is_the_page_and_the_interval_holds(of: str) -> None:
    found = json.loads((RESULTS / "npv_coverage.json").read_text())
    with (RESULTS / "npv_coverage.csv").open() as file:
        rows = list(csv.DictReader(file))
    value, truth, error, alone = (
        np.array([float(row[f"{name}_{of}"]) for row in rows])
        for name in ("value", "truth", "std_error", "diagonal_error")
    )
    assert [int(row["seed"]) for row in rows] == list(range(1000))
    covered = (np.abs(value - truth) <= 1.959964 * error).mean()
    diagonal = (np.abs(value - truth) <= 1.959964 * alone).mean()
    assert covered == pytest.approx(found[of]["coverage"])
    assert 0.93 <= covered <= 0.97
    assert diagonal < 0.85
    page = (ROOT / "docs" / "account.md").read_text(encoding="utf-8")
    assert f"| {100 * covered:.1f} % |" in page
    assert f"| {100 * diagonal:.1f} % |" in page


def test_ties_are_on_the_page_as_recorded_and_what_is_done_now_holds() -> None:
    from benchmarks.ties import section

    table = json.loads((RESULTS / "ties.json").read_text())
    page = (ROOT / "docs" / "monte_carlo.md").read_text(encoding="utf-8")
    assert section(table) in page
    assert {row["seeds"] for row in table} == {1000}
    now = [
        row for row in table if row["way"].endswith(("all as near", "without replacement, drawn"))
    ]
    assert len(now) == 4
    for row in now:
        assert abs(row["bias"]) < 0.1 * row["spread"]
        assert 0.93 <= row["coverage"] <= 0.97
    assert [row["moves"] for row in table if row["way"].endswith("all as near")] == [0.0, 0.0]


def test_the_validation_page_is_its_record_and_names_tests_that_are_there() -> None:
    from benchmarks.validation import CLAIMS, PAGE, PUBLISHED, node, numbers_page, page

    assert PAGE.read_text(encoding="utf-8") == page()
    assert PUBLISHED.read_text(encoding="utf-8") == numbers_page()
    for claim in (claim for section in CLAIMS.values() for claim in section):
        assert claim.call, claim.says
        for file, name in (node(test).split("::") for test in claim.tests):
            assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), claim.says


def test_published_numbers_are_computed_anew_and_are_those_of_the_record() -> None:
    """A fast part of them; the rest are compared by the tests that the page names."""
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks/validation.py", "--check", "E-values", "Lee's bounds",
         "sum of factors over seven years at 4 %"],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "E-values: 10 numbers as recorded" in done.stdout
    kept = json.loads((RESULTS / "validation.json").read_text(encoding="utf-8"))["claims"]
    rows = [row for claim in kept.values() for row in claim.get("each", [])]
    assert len(rows) > 400


def test_effects_on_others_are_on_the_page_as_recorded_and_their_intervals_hold() -> None:
    from benchmarks.whose_effect import STUDY, truth

    table = json.loads((RESULTS / "whose_effect.json").read_text())
    assert STUDY.section(table) in (ROOT / "docs" / "monte_carlo.md").read_text(encoding="utf-8")
    assert {row["seeds"] for row in table} == {1000}
    assert {row["estimand"] for row in table} == {"att", "atc", "ate"}
    for row in table:
        assert row["truth"] == pytest.approx(truth(row["estimand"]), abs=0.1)
        assert abs(row["bias"]) < 0.12 * row["spread"]
        assert 0.93 <= row["coverage"] <= 0.97


def test_tax_by_decile_is_on_the_page_as_recorded_and_its_intervals_hold() -> None:
    from benchmarks.tax_by_decile import STUDY, truth

    table = json.loads((RESULTS / "tax_by_decile.json").read_text())
    assert STUDY.section(table) in (ROOT / "docs" / "monte_carlo.md").read_text(encoding="utf-8")
    assert {row["seeds"] for row in table} == {1000}
    for row in table:
        assert row["truth"] == pytest.approx(truth(row["way"].split(", ")[1]), abs=0.1)
        assert abs(row["bias"]) < 0.12 * row["spread"]
        assert 0.93 <= row["coverage"] <= 0.97
