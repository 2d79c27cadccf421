"""Millions of rows from file to account: within the bound's reach, and the planted effect.

What is measured grows in proportion to the rows or slower, so that a few million tell as much as
more; `benchmarks/size.py` goes on to five million persons, and what it found is recorded.
"""

from __future__ import annotations

import json

import pytest
from benchmarks.size import measured

from mih_impact.panel.synthetic.stream import stream_register

#: Persons with 12 register years: some 2.8 million rows.
PERSONS = 250_000
#: What the whole may take of a scan of the same columns, and in gigabytes (350 bytes a row).
MOST_OF_BOUND, MOST_GB = 4.0, 1.0


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("millions")
    written = stream_register(out, persons=PERSONS, first_year=2013)
    found = measured(written.source, "year", 1, peer=False)
    print(json.dumps(found))
    return written, found


def test_every_row_is_read_and_time_and_memory_are_within_the_bound(run):
    written, found = run
    assert found["rows"] == written.rows > 2_750_000
    # Processor seconds: what other tests do at the same time counts on neither side.
    assert found["whole_over_bound"]["all columns"]["cpu"] <= MOST_OF_BOUND
    assert found["check_over_bound"]["cpu"] <= 5.0
    assert found["peak_gb"] <= MOST_GB


def test_the_planted_effect_is_found(run):
    written, found = run
    planted = written.truth.to_frame().set_index(["outcome", "year_since_start"])
    satt = planted.loc[("wage_income", 3), "satt"]
    assert abs(found["wage_effect_year_3"] - satt) < 3 * found["std_error"]
