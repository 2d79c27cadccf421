"""Each operation asked of an engine gives the same answer on all of them."""

from __future__ import annotations

import math

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

from mih_impact.panel import engine as ops
from mih_impact.panel.sources import open_source
from tests.engines.engines import ENGINES

NAN = float("nan")
ROWS = pd.DataFrame(
    {
        "key": ["a", "b", "a", "c", "b"],
        "money": [0.125, NAN, 1.005, -2.5, 300_000.335],
        "whole": [3, 4, 0, 1, 2],
        "gaps": [2.0, NAN, 4.0, 3.5, 0.0],
        "flag": [True, False, True, False, True],
        "text": ["x", None, "y", "z", "x"],
        "year": [2010, 2011, 2049, 2012, 2011],
    }
)

#: Every operation with what it must give, worked out by hand; None is null.
CASES: dict[str, tuple[nw.Expr, list[object]]] = {
    "nan_to_null": (
        ops.nan_to_null("money", nw.Float64()),
        [0.125, None, 1.005, -2.5, 300_000.335],
    ),
    "nan_to_null of text": (ops.nan_to_null("text", nw.String()), ["x", None, "y", "z", "x"]),
    "has_value": (ops.has_value(nw.col("text")), [True, False, True, True, True]),
    "text_of whole": (ops.text_of(nw.col("whole"), nw.Int64()), ["3", "4", "0", "1", "2"]),
    "text_of floats": (
        ops.text_of(nw.col("gaps").fill_nan(None), nw.Float64()),
        ["2", None, "4", "3", "0"],
    ),
    "text_of flags": (
        ops.text_of(nw.col("flag"), nw.Boolean()),
        ["true", "false", "true", "false", "true"],
    ),
    "packed": (
        ops.packed([nw.col("flag"), nw.col("year") == 2011, nw.col("flag")]),
        [5, 2, 5, 0, 7],
    ),
    "nothing": (ops.nothing("text"), [None] * 5),
    "text_of text": (ops.text_of(nw.col("text"), nw.String()), ["x", None, "y", "z", "x"]),
    "recode": (ops.recode(nw.col("text"), {"x": "A", "y": "B"}), ["A", None, "B", None, "A"]),
    "code_of": (ops.code_of(nw.col("text"), ["x", "z"]), [0, -1, -1, 1, 0]),
    "code_of many": (
        ops.code_of(nw.col("text"), ["x", *"abcdefghij", "z"]),
        [0, -1, -1, 11, 0],
    ),
    "code_of nothing": (ops.code_of(nw.col("text"), []), [-1, -1, -1, -1, -1]),
    "recode_number": (
        ops.recode_number(nw.col("text"), {"x": 1.5, "z": 0.0}),
        [1.5, None, None, 0.0, 1.5],
    ),
    "fractional": (
        ops.fractional(nw.col("gaps").fill_nan(None)),
        [False, False, False, True, False],
    ),
    "true_or_false": (
        ops.true_or_false(nw.col("money").fill_nan(None) > 0),
        [True, False, True, False, True],
    ),
    "count_of": (ops.count_of(nw.col("text") == "x"), [1, 0, 0, 0, 1]),
    "outside": (
        ops.outside(nw.col("money").fill_nan(None), 0.0, 100.0),
        [False, False, False, True, True],
    ),
    "outside without bounds": (ops.outside(nw.col("whole"), None, None), [False] * 5),
    "any_of": (
        ops.any_of([nw.col("flag"), nw.col("whole") == 4]),
        [True, True, True, False, True],
    ),
    # Ties go up everywhere: 12.5 -> 13 and -250 stays; the engines' own round gives 12 or 13.
    "ore": (ops.ore(nw.col("money").fill_nan(None)), [13, ops.NO_ORE, 100, -250, 30_000_034]),
    "period_bit": (ops.period_bit(nw.col("year"), 2010), [1.0, 2.0, 2.0**39, 4.0, 2.0]),
    "period_bit in the next block": (
        ops.period_bit(nw.col("year"), 2009),
        [2.0, 4.0, 1.0, 8.0, 4.0],
    ),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES)
def test_an_operation_gives_the_same_everywhere(case, engine, tmp_path):
    expr, expected = CASES[case]
    frame = open_source(ENGINES[engine](ROWS, tmp_path)).frame
    row = nw.col("year") * 10 + nw.col("whole")
    answer = frame.select(row.alias("row"), expr.alias("answer")).collect("pandas").to_native()
    answer = answer.sort_values("row")["answer"].tolist()
    order = (ROWS["year"] * 10 + ROWS["whole"]).argsort()
    for got, want in zip(answer, [expected[i] for i in order], strict=True):
        if want is None:
            assert got is None or pd.isna(got)
        elif isinstance(want, bool | str):
            assert got == want
        else:
            assert math.isclose(got, want, rel_tol=0, abs_tol=0)


@pytest.mark.parametrize("engine", ENGINES)
def test_aggregates_per_group_and_semi_joins_agree(engine, tmp_path):
    frame = open_source(ENGINES[engine](ROWS, tmp_path)).frame
    groups = frame.group_by("key").agg(
        nw.len().alias("n"), nw.col("whole").sum(), nw.col("text").min().alias("low")
    )
    found = ops.arrays(
        groups.select("key", nw.col("n").cast(nw.Int64), nw.col("whole").cast(nw.Int64), "low")
    )
    rows = sorted(zip(*(found[name] for name in ("key", "n", "whole", "low")), strict=True))
    assert rows == [("a", 2, 3, "x"), ("b", 2, 6, "x"), ("c", 1, 1, "z")]

    keys = frame.filter(nw.col("flag")).select("key").unique()
    kept = ops.arrays(frame.join(keys, on="key", how="semi").select("whole"))["whole"]
    assert sorted(kept.tolist()) == [0, 2, 3, 4]


@pytest.mark.parametrize("engine", ENGINES)
def test_what_was_reckoned_from_a_column_stays_when_it_is_replaced(engine, tmp_path):
    frame = open_source(ENGINES[engine](ROWS, tmp_path)).frame
    asked = frame.with_columns(nw.col("flag").alias("first")).with_columns(
        nw.col("first").alias("second")
    )
    early = nw.col("first") & (nw.col("year") < nw.col("whole") + 2010)
    both = ops.packed([nw.col("first"), nw.col("second")])
    asked = ops.replaced(asked.with_columns(both.alias("both")), {"first": early})
    plan = ops.replaced(asked, {"year": nw.col("year") * 12}).select("first", "both", "year")
    found = ops.arrays(plan)
    rows = sorted(zip(*(found[name].tolist() for name in ("year", "both", "first")), strict=True))
    # By hand, in the order of the years: 2010, 2011, 2011, 2012 and 2049 times 12.
    assert rows == [
        (24120, 3, True), (24132, 0, False), (24132, 3, True), (24144, 0, False), (24588, 3, False),
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_keys_are_numbered_that_are_wanted(engine, tmp_path):
    frame = open_source(ENGINES[engine](ROWS, tmp_path)).frame
    rows = frame.select("key", "whole", nw.col("flag").cast(nw.Int64).alias("flags"))
    chosen = (nw.col("whole") >= 3) & (nw.col("flags") == 2)
    wanted = ops.grouped(rows, "key", summed=["flags"]).filter(chosen)
    plan = wanted.with_row_index("number", order_by="key").select("key", "number")
    found = ops.arrays(plan)
    assert sorted(found) == ["key", "number"]
    assert found["key"].tolist() == ["a"]
    assert found["number"].tolist() == [0]


@pytest.mark.parametrize("engine", ENGINES)
def test_arrays_hold_text_numbers_and_nothing_for_an_empty_frame(engine, tmp_path):
    frame = open_source(ENGINES[engine](ROWS, tmp_path)).frame
    text = ops.arrays(frame.select("text", "year"))
    by_year = dict(zip(text["year"].tolist(), text["text"], strict=True))
    assert by_year[2010] == "x"
    assert sum(pd.isna(value) for value in text["text"]) == 1
    none = ops.arrays(frame.filter(nw.col("year") > 3000).select("text", "year"))
    assert len(none["text"]) == len(none["year"]) == 0
    highest = ops.arrays(frame.filter(nw.col("year") > 3000).select(nw.col("gaps").max()))["gaps"]
    assert highest.shape == (1,)
    assert pd.isna(highest[0])


def test_positional_sums_count_distinct_years():
    years = np.array([2010, 2011, 2011, 2013])
    bits = [2.0 ** (y - 2010) for y in years]
    assert bin(int(sum(bits))).count("1") < len(years)
    assert bin(int(sum(bits[:2]))).count("1") == 2
