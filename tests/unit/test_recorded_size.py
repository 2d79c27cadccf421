"""What docs/size.md says of time and memory is what was recorded, and what was recorded holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks import size_table

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = (ROOT / "docs" / "size.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", [size_table.table, size_table.growth, size_table.cluster])
def test_the_tables_of_the_page_are_the_record(table):
    assert "\n".join(table()) in PAGE


@pytest.mark.parametrize(("by", "rows", "most_gb"), [("year", 56e6, 4.0), ("month", 670e6, 6.0)])
def test_the_largest_register_is_within_its_bound(by, rows, most_gb):
    largest = size_table.recorded(by)["sizes"][-1]
    assert largest["rows"] > rows
    assert max(largest["whole_over_bound"]["all columns"].values()) <= 4.0
    assert max(largest["check_over_bound"].values()) <= 5.0
    assert largest["peak_gb"] <= most_gb
    for step in size_table.recorded(by)["doubling_persons_multiplies"]:
        assert max(step["time"].values()) <= 2.2
        assert step["memory"] <= 2.1


def test_draws_and_matching_are_within_a_minute():
    draws = json.loads((RESULTS / "draws_speed.json").read_text())["methods"]
    assert len(draws) == 4
    assert max(method["wall_s"] for method in draws.values()) < 60
    matching = json.loads((RESULTS / "matching_at_size.json").read_text())
    for years in ("start_years_1", "start_years_3"):
        largest = matching[years]["sizes"][-1]
        assert (largest["participants"], largest["candidates"]) == (100_000, 3_000_000)
        assert largest["wall_s"] < 60
        assert largest["peak_gb"] < 6
