"""What an engine is asked to read, off its plan: no other column, and rows chosen at the scan."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from mih_impact.panel import build
from mih_impact.panel.read import read_panel
from mih_impact.panel.selection import columns_to_fetch, eligible_expr
from tests.engines.test_cube_bit_equal import register

PERSONS = {"person_id", "year", "start_year", "eligible", "death_year"}
ROWS = {"person_id", "year", "eligible", "wage_income", "county"}


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("plans") / "register.parquet"
    pl.from_pandas(register()).write_parquet(path)
    return path


def plans(source: object) -> list[str]:
    """Return the engine's plans of who may leave, and of the persons and the rows that do."""
    panel = read_panel(source)
    columns = columns_to_fetch(["wage_income", "county"], panel.columns)
    request = panel._request(columns, eligible_expr(None, panel.frame))
    marked = build.marked_rows(request)
    perhaps = build.may_leave(request, marked)
    persons = build.leaving(request, marked, perhaps)
    frames = perhaps, persons, build.rows_leaving(request, marked, persons)
    return [frame.to_native().explain() for frame in frames]


def duckdb_scans(plan: str) -> list[set[str]]:
    """Return the columns of each scan, the box that follows its name."""
    text = "\n".join(line for line in plan.splitlines())
    found = []
    for start in (match.start() for match in re.finditer("Function: PARQUET_SCAN", text)):
        line_start = text.rfind("\n", 0, start) + 1
        column = start - line_start
        words = ""
        for line in text[line_start:].splitlines()[1:]:
            cell = line[column : line.find("│", column)]
            if "~" in cell or "╰" in line[max(column - 3, 0) : column + 1]:
                break
            words += cell + " "
        found.append(set(re.findall(r"\b[a-z]\w*", words)))
    return found


def test_duckdb_reads_no_other_column(path):
    perhaps, persons, rows = plans(str(path))
    assert duckdb_scans(perhaps) == [PERSONS]
    assert set.union(*duckdb_scans(persons)) == PERSONS
    assert set.union(*duckdb_scans(rows)) == ROWS | PERSONS


def test_duckdb_chooses_rows_before_it_groups_them(path):
    perhaps, _, _ = plans(str(path))
    # Plans are printed from the last step to the first.
    steps = re.findall(r"─ (Window|Hash Group By|Filter|Parquet Scan) ─", perhaps)
    assert steps == ["Filter", "Hash Group By", "Filter", "Parquet Scan"]
    # Who is eligible in a row of the window, or in one before it, which it may carry on.
    chosen = re.search(r"Expression:(.*?)~", perhaps[perhaps.rindex("─ Filter ─") :], re.S)[1]
    assert "eligible" in chosen
    assert "start_year" in chosen
    assert "year <= 2016" in chosen


def test_polars_reads_no_other_column_and_chooses_at_the_scan(path):
    perhaps, _, rows = plans(pl.scan_parquet(path))
    total = len(register().columns)
    assert f"PROJECT {len(PERSONS)}/{total} COLUMNS" in perhaps
    scans = re.findall(rf"PROJECT (\d+)/{total} COLUMNS", rows)
    assert max(map(int, scans)) <= len(ROWS | PERSONS)
    assert perhaps.index("AGGREGATE") < perhaps.rindex("FILTER") < perhaps.index("Parquet SCAN")


def test_a_column_more_is_a_column_more(path):
    panel = read_panel(str(path))
    columns = columns_to_fetch(["wage_income", "county", "shoe_size"], panel.columns)
    request = panel._request(columns, eligible_expr(None, panel.frame))
    marked = build.marked_rows(request)
    persons = build.leaving(request, marked, build.may_leave(request, marked))
    rows = build.rows_leaving(request, marked, persons)
    assert set.union(*duckdb_scans(rows.to_native().explain())) == ROWS | PERSONS | {"shoe_size"}
