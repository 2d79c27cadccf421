"""build_panel: what changes nothing in the tables changes nothing in the panel."""

from __future__ import annotations

import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.registers.fates import FATES

NAMES = ["person_id", "case", "version", "off", "start", "stop", "rate"]
ROWS = [
    ("a", 1, 3, 0, "2019-12-20", "2020-01-15", 700.25),
    ("a", 2, 5, 0, "2020-01-10", "2020-03-01", 500.0),
    ("b", 3, 1, 0, "2020-02-28", None, 333.33),
    ("c", 4, 1, 0, "2018-06-01", "2019-01-31", 100.1),
]


def built(rows=ROWS, *, names=None, **options):
    names = names or {}
    rows = [(names.get(row[0], row[0]), *row[1:]) for row in rows]
    table = pd.DataFrame(rows, columns=NAMES)
    persons = pd.DataFrame({"person_id": [names.get(p, p) for p in "abc"]})
    options = {"per": "day", "days": mih.scaled(260), "overlap": "latest", **options}
    spells = mih.Spells(table, to="aap", amount="rate", revision="version", id="case",
                        cancelled="off", **options)  # fmt: skip
    panel = mih.build_panel(mih.Table(persons), spells=[spells], years=(2019, 2020))
    told = panel.sources()
    assert (told[list(FATES)].sum(axis=1) == told["rows_read"]).all()
    frame = panel.frame.collect("pandas").to_native()
    back = {new: old for old, new in names.items()}
    frame["person_id"] = frame["person_id"].replace(back)
    return frame.sort_values(["person_id", "year"], ignore_index=True)


SPLIT = [
    ("a", 1, 3, 0, "2019-12-20", "2020-01-02", 700.25),
    ("a", 9, 3, 0, "2020-01-03", "2020-01-15", 700.25),
    *ROWS[1:],
]
SAME = {
    "split in two adjacent": (SPLIT, {}),
    "permuted": (ROWS[::-1], {}),
    "a cancelled row": ([*ROWS, ("b", 8, 1, 1, "2019-01-01", "2019-12-31", 9999.0)], {}),
    "an older revision": ([("a", 1, 2, 0, "2019-01-01", "2020-12-31", 1.0), *ROWS], {}),
    "open as 9999-12-31": ([(*r[:5], r[5] or "9999-12-31", r[6]) for r in ROWS], {}),
    "open as declared": (
        [(*r[:5], r[5] or "2099-01-01", r[6]) for r in ROWS],
        {"open_ends": ["2099-01-01"]},
    ),
    "identifiers shifted": (ROWS, {"names": {"a": "z9", "b": "007", "c": "å"}}),
    "a row of nobody": ([*ROWS, ("x", 7, 1, 0, "2019-01-01", "2019-12-31", 9.0)], {}),
}


@pytest.mark.parametrize("change", SAME)
def test_what_says_the_same_gives_the_same(change):
    rows, options = SAME[change]
    pd.testing.assert_frame_equal(built(rows, **options), built())


def test_an_exclusive_stop_is_the_inclusive_one_a_day_later():
    later = pd.to_datetime([row[5] for row in ROWS]) + pd.Timedelta(days=1)
    ends = [None if pd.isna(day) else day.date().isoformat() for day in later]
    rows = [(*row[:5], end, row[6]) for row, end in zip(ROWS, ends, strict=True)]
    pd.testing.assert_frame_equal(built(rows, stops="exclusive"), built())


def test_twice_the_rates_are_twice_the_amounts():
    rows = [(*row[:6], 2 * row[6]) for row in ROWS]
    once, twice = built(overlap="sum", days="calendar"), built(rows, overlap="sum", days="calendar")
    assert ((twice["aap"] - 2 * once["aap"]).abs() < 0.005).all()
