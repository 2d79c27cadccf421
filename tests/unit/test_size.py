"""Size: what is foretold and refused, what is streamed, and what a broken source leaves behind."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import mih_impact as mih
from mih_impact.controls.design import Coded, Design
from mih_impact.controls.entropy import entropy_weights
from mih_impact.controls.logit import fit_logit
from mih_impact.errors import (
    EngineError,
    MemoryLimitError,
    OptionError,
    StorageError,
)
from mih_impact.panel import engine
from mih_impact.panel.cube import arrays_of
from mih_impact.panel.read import read_panel
from mih_impact.panel.synthetic import stream
from mih_impact.panel.synthetic.stream import stream_register
from tests.engines.test_cube_bit_equal import assert_equal_cubes, register
from tests.support import small_register


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(stream, "BLOCK", 1_500)


# --- foretold -------------------------------------------------------------------------------------


def test_the_estimate_is_the_size_of_the_cube():
    panel = read_panel(register(n=500))
    estimate, cube = panel.estimate_size(), panel.cube()
    assert estimate.persons == cube.n_persons
    assert estimate.periods == len(cube.periods)
    arrays = sum(array.nbytes for array in arrays_of(cube))
    texts = sum(len(text) + 49 for text in cube.person_id)
    assert estimate.cube_bytes == pytest.approx(arrays + texts, rel=0.1)


def test_time_and_disk_are_said_beforehand(tmp_path, monkeypatch):
    path = tmp_path / "register.parquet"
    pl.from_pandas(register(n=500)).write_parquet(path)
    free, limited = read_panel(path).estimate_size(), read_panel(path, memory_limit="1 GB")
    assert free.seconds > 0
    assert free.disk_bytes == 0
    n = limited.check().n_persons
    assert limited.estimate_size().disk_bytes == 130 * n
    monkeypatch.setattr(engine, "has_arrow", lambda: False)
    held = read_panel(path, memory_limit="1 GB").estimate_size()
    assert held.disk_bytes == 130 * n + held.cube_bytes
    assert "Disk" in limited.estimate_size().summary(lang="en")


def test_fewer_columns_take_less():
    panel = read_panel(register())
    few = panel.estimate_size(columns=["wage_income"])
    assert few.cube_bytes < panel.estimate_size().cube_bytes
    assert set(few.to_frame()["column"]) >= {"person_id", "wage_income"}


def test_what_does_not_fit_is_refused_with_advice(tmp_path):
    path = tmp_path / "register.parquet"
    pl.from_pandas(register(n=2_000)).write_parquet(path)
    panel = read_panel(str(path), memory_limit="1 MB")
    with pytest.raises(MemoryLimitError, match="name fewer columns"):
        panel.cube()
    assert_equal_cubes(read_panel(str(path), memory_limit="1 GB").cube(), read_panel(path).cube())


@pytest.mark.parametrize("limit", ["much", "4 quarts", 0, -1, float("nan"), ""])
def test_a_limit_that_is_no_amount_is_refused(limit):
    with pytest.raises(mih.OptionError, match="amount of memory"):
        read_panel(register(), memory_limit=limit)


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_card_speaks_one_language(lang):
    text = read_panel(register()).estimate_size().summary(lang=lang)
    assert ("Persons" in text) == (lang == "en")
    assert ("Personer" in text) == (lang == "nb")


# --- four bytes instead of eight ------------------------------------------------------------------


def in_months(rows: pd.DataFrame, wage: float) -> pd.DataFrame:
    """Return rows by month with one wage that, added up, is more than four bytes hold."""
    months = rows.loc[rows.index.repeat(12)].reset_index(drop=True)
    months["month"] = np.tile(np.arange(1, 13), len(rows))
    months["start_month"] = np.where(months["start_year"].isna(), np.nan, 3.0)
    months["wage_income"] = np.where(months["wage_income"].isna(), np.nan, wage - months["month"])
    return months


@pytest.mark.parametrize("wage", [1_700_000.0, 2_500_000.0])
def test_by_month_totals_may_go_round_and_no_year_is_wrong(wage):
    rows = in_months(register(n=80), wage)
    narrow = read_panel(rows, period="month", precision="float32").cube()
    wide = read_panel(rows, period="month").cube()
    who = np.flatnonzero(wide.start)
    for name in ("wage_income", "dagpenger", "in_work"):
        for dead in ("zero", "missing"):
            np.testing.assert_array_equal(
                narrow.since_start(name, who, wide.start[who], range(-4, 5), dead=dead),
                wide.since_start(name, who, wide.start[who], range(-4, 5), dead=dead),
            )
    assert wide.ore["wage_income"].max() > 2**31
    # Twelve months of the larger wage do not fit in four bytes, and are kept in eight.
    assert narrow.ore["wage_income"].dtype == (np.int32 if wage < 2e6 else np.int64)
    assert narrow.ore["dagpenger"].dtype == np.int32


def test_four_bytes_change_no_effect_on_money():
    rows = small_register()
    found = []
    for precision in ("float64", "float32"):
        panel = read_panel(rows, precision=precision)
        group = mih.match(panel, exact=["county"], on=["age", *mih.lag("wage_income", 1, 2)])
        found.append((group.to_frame(), mih.event_study(group)))
    (sets, effects), (other_sets, other_effects) = found
    pd.testing.assert_frame_equal(sets, other_sets)
    np.testing.assert_array_equal(effects.estimate, other_effects.estimate)
    np.testing.assert_array_equal(effects.covariance, other_effects.covariance)


def test_four_bytes_keep_seven_digits_of_other_numbers_and_half_the_size():
    narrow = read_panel(register(n=500), precision="float32")
    wide = read_panel(register(n=500))
    one, other = narrow.cube(), wide.cube()
    assert one.number["shoe_size"].dtype == np.float32
    np.testing.assert_allclose(one.number["shoe_size"], other.number["shoe_size"], rtol=1e-7)
    assert one.as_of("shoe_size", 2015).values.dtype == np.float64
    small, large = narrow.estimate_size(), wide.estimate_size()
    taken = sum(array.nbytes for array in arrays_of(one))
    texts = sum(len(text) + 49 for text in one.person_id)
    assert small.cube_bytes == pytest.approx(taken + texts, rel=0.1)
    for column in ("wage_income", "shoe_size"):
        assert small.by_column[column] < 0.6 * large.by_column[column]


def test_a_precision_that_does_not_exist_is_refused():
    with pytest.raises(mih.OptionError, match="float32"):
        read_panel(register(), precision="float16")


# --- streamed -------------------------------------------------------------------------------------


def rows_of(written) -> pd.DataFrame:
    return duckdb.connect().read_parquet(written.source).df().sort_values(["person_id", "year"])


def test_blocks_are_one_register_and_reruns_are_equal(tmp_path, small_blocks):
    options = {"persons": 4_000, "participants": 36, "first_year": 2011, "seed": 4}
    written = stream_register(tmp_path / "one", **options)
    again = stream_register(tmp_path / "two", **options)
    rows = rows_of(written)
    pd.testing.assert_frame_equal(
        rows.reset_index(drop=True), rows_of(again).reset_index(drop=True)
    )
    assert len(list(Path(written.source).parent.iterdir())) == 3
    assert written.rows == len(rows)
    assert not rows.duplicated(["person_id", "year"]).any()
    starters = rows.dropna(subset=["start_year"]).drop_duplicates("person_id")
    assert len(starters) == 36
    assert starters["start_year"].min() >= 2014
    assert rows["year"].min() == 2011
    satt = written.truth.satt.query("outcome == 'wage_income' and year_since_start == 0")
    assert satt["n_starters"].item() == 36
    panel = read_panel(written.source)
    assert panel.check().passed
    assert "ingen virkelige personer" in panel.check().summary(lang="nb")


def test_months_add_up_to_the_year(tmp_path, small_blocks):
    options = {"persons": 2_000, "participants": 20, "seed": 9}
    year = rows_of(stream_register(tmp_path / "year", **options))
    month = rows_of(stream_register(tmp_path / "month", period="month", **options))
    assert len(month) == 12 * len(year)
    keys = ["person_id", "year"]
    money = ["wage_income", "dagpenger", "aap", "sosialhjelp", "months_unemployed"]
    summed = month.groupby(keys)[money].sum().reset_index()
    wanted = year[[*keys, *money]].fillna(0).reset_index(drop=True)
    pd.testing.assert_frame_equal(summed, wanted, check_dtype=False)
    panel = read_panel(
        str(tmp_path / "month" / "rows" / "*.parquet"), period="month", price_year=2024
    )
    assert panel.check().passed


def test_the_command_streams(tmp_path, capsys):
    from mih_impact.cli import main

    out = tmp_path / "register"
    words = ["synthesize", "--out", str(out), "--persons", "3000", "--participants", "30"]
    assert main([*words, "--by", "month", "--quiet"]) == 0
    assert "rows" in capsys.readouterr().out
    assert json.loads((out / "truth.json").read_text())["period"] == "month"
    assert main([*words, "--quiet"]) == 2  # it holds a register already


@pytest.mark.parametrize("wrong", [{"participants": 0}, {"first_year": 2020}, {"period": "week"}])
def test_what_cannot_be_written_is_refused_before_work(tmp_path, wrong):
    with pytest.raises(OptionError):
        stream_register(tmp_path / "r", **{"persons": 1_000, "participants": 5, **wrong})
    assert not (tmp_path / "r").exists()


def test_a_disk_that_is_too_small_leaves_nothing(tmp_path, small_blocks, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1_000))
    with pytest.raises(StorageError, match="would not fit"):
        stream_register(tmp_path / "r", persons=3_500, participants=40)
    assert not (tmp_path / "r" / "rows").exists()


def test_a_disk_that_fills_leaves_nothing(small_blocks):
    # A device that is always full, where the machine has one.
    full = Path("/dev/full")
    assert full.exists()
    with pytest.raises(StorageError):
        stream_register(full / "r", persons=3_500, participants=40)


def test_a_block_that_cannot_be_renamed_removes_the_blocks_before_it(
    tmp_path, small_blocks, monkeypatch
):
    renamed = Path.rename

    def fails(self: Path, target: Path) -> Path:
        if "00001" in target.name:
            raise OSError(28, "No space left on device")
        return renamed(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(StorageError, match="No space left"):
        stream_register(tmp_path / "r", persons=3_500, participants=40)
    assert not (tmp_path / "r" / "rows").exists()
    assert not (tmp_path / "r" / "truth.json").exists()


# --- a source that breaks -------------------------------------------------------------------------


def parts(folder: Path) -> list[Path]:
    rows = register(n=3_000)
    paths = [folder / f"part-{k}.parquet" for k in range(3)]
    for k, path in enumerate(paths):
        pl.from_pandas(rows.iloc[k::3]).write_parquet(path)
    return paths


def test_a_file_cut_short_after_it_was_opened_is_a_typed_error(tmp_path):
    paths = parts(tmp_path)
    panel = read_panel(str(tmp_path / "*.parquet"))
    panel.check()
    whole = paths[1].read_bytes()
    paths[1].write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EngineError, match="broke off"):
        panel.cube()
    paths[1].write_bytes(whole)
    assert panel.cube().n_persons > 0  # nothing of the failed call was kept


def test_a_file_that_disappears_is_a_typed_error(tmp_path):
    paths = parts(tmp_path)
    panel = read_panel(str(tmp_path / "*.parquet"))
    paths[2].unlink()
    with pytest.raises(EngineError, match="read again"):
        panel.check()


def test_a_file_that_is_no_parquet_is_a_typed_error(tmp_path):
    (tmp_path / "r.parquet").write_bytes(b"not at all")
    with pytest.raises(EngineError, match="not whole Parquet files"):
        read_panel(tmp_path / "r.parquet")


def test_polars_breaking_off_is_the_same_error(tmp_path):
    paths = parts(tmp_path)
    panel = read_panel(pl.scan_parquet(paths))
    panel.check()
    paths[1].write_bytes(b"PAR1")
    with pytest.raises(EngineError, match="polars"):
        panel.cube()


# --- columns, codes and counts --------------------------------------------------------------------


def a_design(m: int = 500) -> tuple[Design, np.ndarray]:
    rng = np.random.default_rng(3)
    school = Coded(rng.integers(0, 3, m).astype(np.int32), ("basic", "higher", "upper"))
    columns = [("age", rng.normal(40, 9, m)), ("school", school), ("wage", rng.gamma(2, 1e5, m))]
    y = rng.random(m) < 1 / (1 + np.exp(2 - columns[2][1] / 2e5))
    return Design.of(columns), y


def test_blocks_and_columns_are_the_matrix():
    design, _ = a_design()
    assert design.names == ("age", *design.names[1:3], "wage")
    np.testing.assert_array_equal(design.block(slice(100, 220)), design.X[100:220])
    np.testing.assert_array_equal(design.take(np.array([7, 3, 499])), design.X[[7, 3, 499]])
    coef = np.array([0.3, -1.0, 2.0, 1e-5])
    np.testing.assert_allclose(design.index(coef), design.X @ coef, rtol=1e-12)


def test_a_row_that_counts_twice_is_two_rows():
    design, y = a_design()
    X = np.column_stack([np.ones(len(y)), design.X])
    names = ["constant", *design.names]
    count = np.random.default_rng(1).integers(0, 4, len(y))
    counted = fit_logit(X, y, names=names, count=count)
    rows = np.repeat(np.arange(len(y)), count)
    repeated = fit_logit(X[rows], y[rows], names=names)
    np.testing.assert_allclose(counted.coef, repeated.coef, rtol=1e-8)


def test_a_candidate_who_counts_twice_has_the_weight_of_two():
    rng = np.random.default_rng(5)
    Z, count = rng.normal(0.3, 1, (400, 3)), rng.integers(1, 4, 400)
    counted = entropy_weights(Z, names="abc", count=count)
    rows = np.repeat(np.arange(400), count)
    repeated = entropy_weights(Z[rows], names="abc")
    np.testing.assert_allclose(counted.weight, np.bincount(rows, repeated.weight), atol=1e-12)
