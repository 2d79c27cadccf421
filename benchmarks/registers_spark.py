"""The whole delivery on DuckDB and on Spark: the same panel to the last bit, and how long it takes.

    python benchmarks/registers_spark.py [--persons 1500] [--master local[2]]

Every table of the synthetic delivery (16, in five kinds of files) is built to a panel by its own
`tables.toml`, on DuckDB and on a Spark session, by year. What is compared bit for bit: the rows and
types of the panel, `sources()`, `explain()` of one cell of every column, and the effects that are
estimated from them. What differs is named; nothing else is asserted here. The result is written to
benchmarks/results/registers_spark.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd
import pyspark

import mih_impact as mih

RESULTS = Path(__file__).parent / "results"
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.adaptive.enabled": "false",
}
ELIGIBLE = (
    (nw.col("sex") == "mann")
    & (nw.col("year") - nw.col("birth_year")).is_between(19, 55)
    & ((nw.col("dagpenger") > 0) | (nw.col("aap") > 0) | (nw.col("sosialhjelp") > 0))
    & ~(nw.col("start_year") <= nw.col("year")).fill_null(False)
)


def session(master: str) -> Any:
    builder = pyspark.sql.SparkSession.builder.master(master).appName("mih_impact")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def built(path: Path, engine: Any) -> tuple[dict[str, Any], float]:
    """Return all that a panel says, and the seconds until its rows were there."""
    began = time.perf_counter()
    panel = mih.build_from_toml(path, eligible=ELIGIBLE, engine=engine)
    rows = panel.frame.collect("pyarrow").to_native()
    seconds = time.perf_counter() - began
    rows = rows.sort_by([("person_id", "ascending"), ("year", "ascending")])
    table = rows.to_pandas()
    explained = {}
    for column in table.columns[2:]:
        there = table[table[column].notna() & (table[column] != 0)]
        if len(there):
            cell = there.iloc[len(there) // 2]
            explained[column] = panel.explain(cell["person_id"], int(cell["year"]), column)
    group = mih.match(panel, exact=["county"], on=["age", *mih.lag("wage_income", 1, 2)])
    effects = mih.event_study(group).to_frame()
    told = {"panel": rows, "sources": panel.sources(), "effects": effects, **explained}
    return told, seconds


def same(one: Any, other: Any) -> bool:
    if isinstance(one, pd.DataFrame):
        return one.equals(other) and list(one.dtypes) == list(other.dtypes)
    names, types = one.column_names, one.schema.types
    alike = names == other.column_names and types == other.schema.types
    return alike and all(one[name].equals(other[name]) for name in names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--persons", type=int, default=1_500)
    parser.add_argument("--master", default="local[2]")
    given = parser.parse_args()
    spark = session(given.master)
    with tempfile.TemporaryDirectory() as folder, mih.options(progress=False):
        mih.synthetic_delivery(folder, participants=60, persons=given.persons, seed=11)
        tables = Path(folder) / "tables.toml"
        here, seconds = built(tables, None)
        there, on_spark = built(tables, spark)
    spark.stop()
    found = {
        "python": platform.python_version(),
        "spark": pyspark.__version__,
        "master": given.master,
        "cpus": os.cpu_count(),
        "load_at_end": [round(each, 1) for each in os.getloadavg()],
        "persons": given.persons,
        "tables": len(here["sources"]),
        "rows_read": int(here["sources"]["rows_read"].sum()),
        "rows": here["panel"].num_rows,
        "compared": list(here),
        "differing": [name for name in here if not same(here[name], there[name])],
        "seconds": {"duckdb": round(seconds, 1), "spark": round(on_spark, 1)},
    }
    text = json.dumps(found, indent=1)
    (RESULTS / "registers_spark.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
