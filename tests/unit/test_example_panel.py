"""The shipped register is the generator's at seed 2025, and its papers say what it is."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.errors import StorageError
from mih_impact.panel import synthetic
from mih_impact.panel.contract import CONTRACT
from mih_impact.panel.synthetic.register import register_frame, write_register

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "data" / "synthetic"


@pytest.fixture(scope="module")
def made():
    return register_frame(seed=2025)


@pytest.fixture(scope="module")
def shipped():
    query = f"SELECT * FROM read_parquet('{SHIPPED / 'register.parquet'}')"
    with duckdb.connect() as connection:
        return connection.execute(query).df()


def test_the_shipped_rows_are_the_generators(made, shipped):
    frame = made[0]
    assert list(shipped.columns) == list(frame.columns)
    assert len(shipped) == len(frame)
    for name in frame.columns:
        if CONTRACT[name].dtype in ("text", "category"):
            assert shipped[name].astype(str).equals(frame[name].astype(str)), name
        else:
            one, other = (
                f[name].astype("Float64").to_numpy(float, na_value=-1.0) for f in (shipped, frame)
            )
            assert (one == other).all(), name


def test_the_shipped_truth_is_the_generators(made):
    about = json.loads((SHIPPED / "truth.json").read_text(encoding="utf-8"))
    assert about["seed"] == 2025
    effects = pd.DataFrame(about["effects"])
    pd.testing.assert_frame_equal(
        effects, made[1].to_frame().round(2), check_dtype=False, rtol=1e-6
    )


def test_the_papers_say_synthetic_and_give_the_command():
    readme = (SHIPPED / "README.md").read_text(encoding="utf-8")
    assert "SYNTHETIC" in readme
    assert "No row describes a real person" in readme
    assert "mih-impact synthesize --out data/synthetic" in readme
    assert all(f"| `{name}` |" in readme for name in mih.example_panel().columns)
    about = json.loads((SHIPPED / "truth.json").read_text(encoding="utf-8"))
    assert "No real person" in about["synthetic"]


def test_the_files_are_few_megabytes_and_exist_once():
    assert (SHIPPED / "register.parquet").stat().st_size < 8_000_000
    for name in ("register.parquet", "truth.json"):
        kept = (path for path in ROOT.rglob(name) if "site-packages" not in path.parts)
        found = [path for path in kept if path.relative_to(ROOT).parts[0] != "out"]
        assert found == [SHIPPED / name]


def test_the_same_command_gives_the_same_papers(tmp_path):
    """The rows are compared above: another DuckDB may write the same rows in other bytes."""
    written = write_register(tmp_path)
    assert [path.name for path in written] == ["register.parquet", "truth.json", "README.md"]
    for path in written[1:]:
        assert path.read_bytes() == (SHIPPED / path.name).read_bytes(), path.name


def test_example_panel_keeps_the_contract():
    panel = mih.example_panel()
    report = panel.check()
    assert report.passed
    assert report.n_persons == 40_527
    assert (panel.first_year, panel.last_year, panel.price_year) == (2009, 2024, 2024)


def test_prices_of_another_year_can_be_asked_for():
    assert mih.example_panel(price_year=2021).price_year == 2021


def test_a_broken_installation_is_a_typed_error(monkeypatch, tmp_path):
    monkeypatch.setattr(synthetic, "__file__", str(tmp_path / "a" / "b" / "c" / "d" / "e.py"))
    with pytest.raises(StorageError, match="not there"):
        mih.example_panel()
