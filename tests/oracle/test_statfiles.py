"""Public files of Stata, SPSS and SAS, cell by cell beside readers that do not use ReadStat.

pandas has its own readers of Stata and SAS files. What R's foreign reads of SPSS files is recorded
in tests/data/statfiles/foreign.csv by tests/oracle/R/statfiles.R.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mih_impact.panel.sources import frame_of
from mih_impact.panel.statfiles import StatFiles

pytest.importorskip("pyreadstat")
FOLDER = Path(__file__).parents[1] / "data" / "statfiles"
SPSS_DAY = np.datetime64("1582-10-14", "s")
SAS_DAY = np.datetime64("1960-01-01", "s")


def ours(file: str, mode: str = "code") -> pd.DataFrame:
    files = StatFiles([str(FOLDER / file)])
    return frame_of(files, dict.fromkeys(files.columns, mode)).collect("pandas").to_native()


def require_cells(mine: pd.Series, theirs: pd.Series, epoch: np.datetime64, unit: str) -> None:
    """Compare a column with theirs: texts, numbers (of days or seconds, where ours has days)."""
    assert len(mine) == len(theirs)
    gone = theirs.isna() | (theirs.astype(object) == "")
    assert mine.isna().tolist() == gone.tolist()
    for cell, other in zip(mine[~gone], theirs[~gone], strict=True):
        if isinstance(cell, pd.Timestamp):
            if not isinstance(other, pd.Timestamp):
                whole = round(float(other) * 1e6) if unit == "s" else int(other) * 86_400_000_000
                other = pd.Timestamp(epoch.astype("M8[us]") + np.timedelta64(whole, "us"))
            assert cell == other or (cell == other.normalize() and unit == "s")
        elif isinstance(cell, str):
            assert cell == str(other)
        else:
            # pandas makes 5.4e-79 of the zero of a transport file.
            assert float(cell) == (0 if abs(float(other)) < 1e-78 else float(other))


RECORDED = pd.read_csv(FOLDER / "foreign.csv", dtype=str, keep_default_na=False)


@pytest.mark.parametrize(
    ("file", "recorded"),
    [
        *[(name, name) for name in sorted(RECORDED["file"].unique())],
        ("sample.zsav", "sample.sav"),
        ("sample.por", "sample.sav"),
    ],
)
def test_spss_files_as_foreign_reads_them(file, recorded):
    codes, labels = ours(file), ours(file, "label")
    codes.columns = labels.columns = [name.lower() for name in codes.columns]
    for name, cells in RECORDED[RECORDED["file"] == recorded].groupby("column"):
        cells = cells.reset_index(drop=True)
        require_cells(codes[name.lower()], cells["value"], SPSS_DAY, "s")
        labelled = cells["label"] != ""
        assert labels[name.lower()][labelled].tolist() == cells["label"][labelled].tolist()


@pytest.mark.parametrize("file", ["sample.dta", "missing_test.dta"])
def test_stata_files_as_pandas_reads_them(file):
    theirs = pd.read_stata(FOLDER / file, convert_categoricals=False)
    mine = ours(file)
    assert list(mine) == list(theirs)
    for name in mine:
        require_cells(mine[name], theirs[name], SAS_DAY, "D")
    theirs, mine = pd.read_stata(FOLDER / file), ours(file, "label")
    for name in theirs.select_dtypes("category"):
        assert mine[name].dropna().tolist() == theirs[name].dropna().tolist()


@pytest.mark.parametrize(
    "file", ["dates.sas7bdat", "date_test.sas7bdat", "missing_test.sas7bdat", "sample.xpt"]
)
def test_sas_files_as_pandas_reads_them(file):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pd.read_sas(FOLDER / file, encoding="latin1")
    mine = ours(file)
    assert list(mine) == list(theirs)
    seconds = {"DTIME"}  # pandas leaves times of transport files as numbers
    for name in mine:
        require_cells(mine[name], theirs[name], SAS_DAY, "s" if name in seconds else "D")


def test_days_of_a_transport_file_are_those_it_has_as_text():
    mine = ours("dates_xpt_v8.xpt")
    assert mine["dt"].dt.strftime("%Y-%m-%d %H:%M:%S").tolist() == mine["string_dt"].tolist()
    assert mine["dates"].dt.strftime("%Y-%m-%d").tolist() == mine["string_dates"].tolist()


def test_labels_of_sas_come_from_the_catalog_beside_the_file():
    assert ours("labels.sas7bdat")["SEXA"].tolist() == ["1", "2", "1"]
    mine = ours("labels.sas7bdat", "label")
    assert mine["SEXA"].tolist() == mine["SEXB"].tolist() == ["Male", "Female", "Male"]
