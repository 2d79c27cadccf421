"""A panel whose rows stand on a Spark cluster: the same cube, the same effects, whoever dies."""

from __future__ import annotations

import threading

import narwhals as nw
import numpy as np
import polars as pl
import pytest
from pyspark.sql import SparkSession

import mih_impact as mih
from mih_impact.errors import EngineError
from mih_impact.panel import build, engine
from mih_impact.panel.read import read_panel
from mih_impact.panel.selection import columns_to_fetch, eligible_expr
from tests.engines.absent import ELIGIBLE, two_forms
from tests.engines.test_cube_bit_equal import assert_equal_cubes, register
from tests.engines.test_ops import CASES
from tests.engines.test_ops import ROWS as OPS_ROWS
from tests.spark.cluster import executors, wait_until
from tests.support import small_register


def read(spark, frame, folder, *, files: int = 1):
    """Return a Spark frame that the executors read from Parquet files."""
    for k in range(files):
        pl.from_pandas(frame.iloc[k::files]).write_parquet(folder / f"part-{k}.parquet")
    return spark.read.parquet(str(folder))


def test_the_operations_give_what_they_give_elsewhere(spark, tmp_path):
    frame = nw.from_native(read(spark, OPS_ROWS, tmp_path)).lazy()
    row = nw.col("year") * 10 + nw.col("whole")
    answers = [expr.alias(case) for case, (expr, _) in CASES.items()]
    found = frame.select(row.alias("row"), *answers).collect("pyarrow").to_native().to_pylist()
    found.sort(key=lambda line: line["row"])
    order = (OPS_ROWS["year"] * 10 + OPS_ROWS["whole"]).argsort()
    for case, (_, expected) in CASES.items():
        assert [line[case] for line in found] == [expected[i] for i in order], case


def test_the_cube_and_the_check_are_those_of_pandas(spark, tmp_path):
    rows = register()
    panel = read_panel(read(spark, rows, tmp_path))
    here = read_panel(rows)
    assert_equal_cubes(panel.cube(), here.cube())
    assert panel.check().to_frame(lang="en").equals(here.check().to_frame(lang="en"))


def test_starts_in_a_named_measure_are_those_of_pandas(spark, tmp_path):
    rows = register()
    begins = rows["person_id"].str.len() + rows["year"] - 2012
    rows["measure"] = begins.map({1: "afl", 2: "aft", 4: "afl"})
    panel = read_panel(read(spark, rows, tmp_path))
    there = panel.for_measure("afl", other_measures="censor").cube()
    assert_equal_cubes(there, read_panel(rows).for_measure("afl", other_measures="censor").cube())


@pytest.mark.filterwarnings("ignore::mih_impact.errors.MihImpactWarning")
def test_rows_that_are_absent_on_the_cluster_are_the_rows_of_zeros_of_pandas(spark, tmp_path):
    full, absent, options = two_forms(n=90)
    assert len(absent) < 0.85 * len(full)
    panel = read_panel(read(spark, absent, tmp_path), **options)
    chosen = {"on": ["age", "education"], "exact": "county", "eligible": ELIGIBLE["amounts"]}
    there, here = (mih.match(each, **chosen) for each in (panel, read_panel(full, **options)))
    assert len(here.to_frame()) > 20
    assert there.to_frame().equals(here.to_frame())
    assert there.attrition().equals(here.attrition())
    effects = [mih.event_study(each, window=(-2, 2)).to_frame() for each in (there, here)]
    assert effects[0].equals(effects[1])


def test_the_plan_prunes_columns_and_chooses_rows_at_the_scan(spark, tmp_path, capfd):
    # Without a word on residency nobody is eligible in a year without a row.
    rows = register().drop(columns="death_year")
    panel = read_panel(read(spark, rows, tmp_path))
    columns = columns_to_fetch(["wage_income", "county"], panel.columns)
    request = panel._request(columns, eligible_expr(None, panel.frame))
    marked = build.marked_rows(request)
    persons = build.leaving(request, marked, build.may_leave(request, marked))
    rows = build.rows_leaving(request, marked, persons)
    plan = persons.to_native()._jdf.queryExecution().simpleString()
    assert "shoe_size" not in plan.split("ReadSchema")[-1]
    assert plan.index("HashAggregate") < plan.rindex("Filter (") < plan.index("FileScan")
    scans = rows.to_native()._jdf.queryExecution().executedPlan().toString().split("ReadSchema: ")
    for schema in scans[1:]:
        read_columns = schema.split(">")[0]
        assert "shoe_size" not in read_columns
        assert "dagpenger" not in read_columns


def effects_of(source):
    panel = mih.read_panel(source, price_year=2024)
    group = mih.match(panel, exact=["county"], on=["age", *mih.lag("wage_income", 1, 2)])
    return mih.event_study(group)


def test_effects_are_the_same_and_a_killed_worker_changes_nothing(cluster, spark, tmp_path):
    frame = small_register(n=600, starters=60)
    here = effects_of(frame)
    source = read(spark, frame, tmp_path, files=6)
    tracker = spark.sparkContext.statusTracker()
    there: dict[str, object] = {}
    job = threading.Thread(target=lambda: there.update(effects=effects_of(source)))
    job.start()
    wait_until(lambda: tracker.getActiveJobsIds() or not job.is_alive(), seconds=60, what="a job")
    assert job.is_alive(), "the job was over before a worker could be killed"
    cluster.kill("worker2")
    job.join(timeout=240)
    assert not job.is_alive()
    wait_until(lambda: executors(spark) == 1, seconds=120, what="the loss of an executor")
    np.testing.assert_allclose(there["effects"].estimate, here.estimate, rtol=1e-10, atol=1e-6)
    np.testing.assert_allclose(
        there["effects"].covariance.to_numpy(), here.covariance.to_numpy(), rtol=1e-8, atol=1e-3
    )


def test_a_broken_file_is_a_typed_error(spark, tmp_path):
    source = read(spark, register(), tmp_path, files=2)
    (tmp_path / "part-1.parquet").write_bytes(b"PAR1 nothing more")
    with pytest.raises(EngineError, match="broke off"):
        read_panel(source).cube()


def test_a_cluster_that_goes_away_is_a_typed_error(spark, tmp_path):
    panel = read_panel(read(spark, register(n=200), tmp_path, files=6))
    tracker, errors = spark.sparkContext.statusTracker(), []

    def ask() -> None:
        try:
            panel.cube()
        except EngineError as error:
            errors.append(error)

    job = threading.Thread(target=ask)
    job.start()
    wait_until(lambda: tracker.getActiveJobsIds() or not job.is_alive(), seconds=60, what="a job")
    spark.stop()
    job.join(timeout=120)
    assert len(errors) == 1
    assert "read again" in str(errors[0])
    with pytest.raises(EngineError, match="broke off"):
        panel.cube()


#: How long the library waits for executors, and what would otherwise be as short as that.
PATIENCE = {
    "spark.network.timeout": "3s",
    "spark.network.timeoutInterval": "3s",
    "spark.executor.heartbeatInterval": "1s",
    "spark.storage.blockManagerHeartbeatTimeoutMs": "120s",
    "spark.rpc.askTimeout": "120s",
}


def test_a_cluster_killed_to_the_last_process_is_a_typed_error(cluster, tmp_path, monkeypatch):
    """The last test here: the cluster that the others worked on is gone when it is over."""
    if (session := SparkSession.getActiveSession()) is not None:
        session.stop()
    if "worker2" not in cluster.processes:  # killed above
        cluster.start_worker("worker2")
    before = set(cluster.left())
    session = cluster.session(**PATIENCE)
    panel = read_panel(read(session, register(), tmp_path))
    panel.check()
    as_it_is, parts, at_once = engine.chunks, [], 20

    def few(frame, *, rows, **given):
        for chunk in as_it_is(frame, rows=rows, **given, at_once=at_once):
            parts.append(-(-rows // at_once))
            yield chunk
            for name in [name for name in cluster.processes if len(parts) == 1]:
                cluster.kill(name)  # after the first part: the rest is never read

    monkeypatch.setattr(engine, "chunks", few)
    try:
        with pytest.raises(EngineError, match="no executor for 3 seconds"):
            panel.cube()
        used = set(cluster.left()) - before
        assert session.sparkContext._jsc.getPersistentRDDs().size() == 0
    finally:
        session.stop()
        cluster.stop()
    assert 1 <= len(parts) < parts[0]
    assert panel._last_cube is None
    assert any("blockmgr" in path and str(cluster.driver_scratch) in path for path in used)
    assert set(cluster.left()) - before == set()
