"""Files of Stata, SPSS and SAS into a panel's rows, beside pyreadstat reading the whole file.

    python benchmarks/registers_files.py --megabytes 250 500

Each measurement is a process of its own, in turn: ours reads the file into the engine and scans all
of it, pyreadstat reads it into a pandas frame. Seconds of the clock, and of the processor, which
other work moves less. Files are made once, in --folder. What is asked: at most twice pyreadstat's
time, twice the file in at most 2.1 times the time, and a peak under 600 MB.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

RESULTS = Path(__file__).parent / "results" / "registers_files.json"
BYTES = {"dta": 72.0, "sav": 88.0, "xpt": 80.0}

LAP = """
import json, sys, time
path, begun, spent = sys.argv[1], time.perf_counter(), time.process_time()
def told(**found):
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            print(json.dumps({"seconds": time.perf_counter() - begun,
                              "processor": time.process_time() - spent,
                              "peak_mb": int(line.split()[1]) / 1e3, **found}))
"""
OURS = (
    """
from mih_impact.panel.sources import open_source
import narwhals as nw, duckdb, pandas, pyarrow.parquet, pyreadstat
"""
    + LAP
    + """
frame = open_source(path).frame
found = frame.select(nw.len().alias("rows"), nw.col("wage_income").sum()).collect("pandas")
told(rows=int(found["rows"][0]), total=float(found["wage_income"][0]))
"""
)
THEIRS = (
    "import pandas, pyreadstat"
    + LAP
    + """
read = {"dta": "read_dta", "sav": "read_sav", "xpt": "read_xport"}[path.rsplit(".", 1)[1]]
frame, _ = getattr(pyreadstat, read)(path)
told(rows=len(frame), total=float(frame["wage_income"].sum()))
"""
)


def made(folder: Path, suffix: str, megabytes: int) -> Path:
    """Return a register of about so many megabytes, written once."""
    import pyreadstat

    path = folder / f"register_{megabytes}.{suffix}"
    if path.exists():
        return path
    rows, draws = int(megabytes * 1e6 / BYTES[suffix]), np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "person_id": np.arange(rows) // 12 + 10_000_000.0,
            "year": 2009.0 + np.arange(rows) % 12,
            "wage_income": np.round(draws.gamma(2, 200_000, rows)),
            "sex": draws.integers(1, 3, rows).astype(float),
            "county": draws.choice(np.array(["03", "11", "15", "18", ""], dtype=object), rows),
            "industry": draws.choice(np.array([f"{i:05d}" for i in range(900)], object), rows),
            "moved": pd.Series(draws.integers(14_000, 22_000, rows).astype(float)),
            **{f"x{i}": np.where(draws.random(rows) < 0.1, np.nan, draws.normal(size=rows))
               for i in range(3)},
        }
    )  # fmt: skip
    labels = {"variable_value_labels": {"sex": {1: "Mann", 2: "Kvinne"}}}
    if suffix == "dta":
        pyreadstat.write_dta(frame, path, variable_format={"moved": "%td"}, **labels)
    elif suffix == "sav":
        pyreadstat.write_sav(frame, path, row_compress=True, **labels)
    else:
        pyreadstat.write_xport(
            frame, path, file_format_version=8, variable_format={"moved": "DATE9"}
        )
    return path


def measured(program: str, path: Path) -> dict[str, float]:
    env = {**os.environ, "PYTHONWARNINGS": "ignore"}
    run = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env=env,
    )
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--megabytes", type=int, nargs="+", default=[250, 500])
    asked.add_argument("--runs", type=int, default=1)
    asked.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mih_files")
    asked.add_argument("--kinds", nargs="+", default=list(BYTES))
    given = asked.parse_args()
    given.folder.mkdir(exist_ok=True, parents=True)
    lines = []
    for suffix in given.kinds:
        for megabytes in given.megabytes:
            path = made(given.folder, suffix, megabytes)
            pairs = [(measured(OURS, path), measured(THEIRS, path)) for _ in range(given.runs)]
            ours, theirs = (
                {key: statistics.median(pair[i][key] for pair in pairs) for key in pair_keys}
                for i, pair_keys in ((0, pairs[0][0]), (1, pairs[0][1]))
            )
            assert ours["rows"] == theirs["rows"]
            assert ours["total"] == theirs["total"]
            lines.append(
                {
                    "file": suffix, "megabytes": round(path.stat().st_size / 1e6),
                    "rows": int(ours["rows"]), "seconds": round(ours["seconds"], 1),
                    "whole_file_seconds": round(theirs["seconds"], 1),
                    "processor_seconds": round(ours["processor"], 1),
                    "whole_file_processor_seconds": round(theirs["processor"], 1),
                    "times_whole_file": round(ours["seconds"] / theirs["seconds"], 2),
                    "processor_times": round(ours["processor"] / theirs["processor"], 2),
                    "peak_mb": round(ours["peak_mb"]),
                    "whole_file_peak_mb": round(theirs["peak_mb"]),
                }
            )  # fmt: skip
            print(json.dumps(lines[-1]), flush=True)
    for one, two in itertools.pairwise(lines):
        if one["file"] == two["file"]:
            grown = two["megabytes"] / one["megabytes"]
            two["time_grows_by"] = round(two["seconds"] / one["seconds"], 2)
            two["processor_time_grows_by"] = round(
                two["processor_seconds"] / one["processor_seconds"], 2
            )
            two["file_grows_by"] = round(grown, 2)
    RESULTS.write_text(json.dumps({"runs": given.runs, "files": lines}, indent=1) + "\n")


if __name__ == "__main__":
    main()
