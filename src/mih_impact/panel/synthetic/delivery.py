"""A delivery to practise on: the synthetic register as tables, and the file that builds it."""

from __future__ import annotations

import re
import tempfile
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from mih_impact.arguments import named_options
from mih_impact.errors import require_package
from mih_impact.panel.names import read_evidence
from mih_impact.panel.sources import evidence_clause
from mih_impact.panel.synthetic.register import EVIDENCE, register_frame
from mih_impact.panel.synthetic.tables import Tables
from mih_impact.storage import write_whole

__all__ = ["synthetic_delivery"]


@named_options
def synthetic_delivery(
    folder: str | Path, *, participants: int = 527, persons: int = 40_000, seed: int = 2025
) -> tuple[Path, ...]:
    """Write the synthetic register as the tables of a delivery, and the file that builds it.

    Parameters
    ----------
    folder
        Where the tables go; made if it is not there.
    participants, persons, seed
        As in `synthetic_register`; the defaults are the shipped register.

    Returns
    -------
    tuple of Path
        The files written: tables, `tables.toml`, `places.csv` (which invented municipality a code
        stands for) and `README.txt`, which says that nobody in them is real.

    Raises
    ------
    AssumptionError
        As in `synthetic_register`.
    MissingExtraError
        Without the extra `stat`.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = synthetic_delivery(folder, participants=10, persons=300, seed=1)
    >>> [path.name for path in files][:3]
    ['persons.csv', 'key.csv', 'income_p2009-01-01_p2022-12-31_v1.parquet']
    """
    require_package("pyreadstat", extra="stat", to="Writing files of Stata, SPSS and SAS")
    frame, _ = register_frame(participants=participants, persons=persons, seed=seed)
    tables = Tables(frame, np.random.default_rng((seed, len(frame))))
    written = [_written(Path(folder) / name, table) for name, table in tables.by_file().items()]
    texts = files(__package__) / "templates"
    for name in ("tables.toml", "README.txt"):
        written.append(write_whole(Path(folder) / name, (texts / name).read_bytes()))
    return tuple(written)


# --- files ----------------------------------------------------------------------------------------


def _written(path: Path, table: pd.DataFrame) -> Path:
    """Write a table in the way of its file's ending."""
    if path.suffix == ".csv":
        return write_whole(path, _csv(table))
    if path.suffix in _STAT:
        return write_whole(path, _stat(table, path.suffix))
    return write_whole(path, _parquet(table))


def _csv(table: pd.DataFrame) -> bytes:
    """Return the text of a table as Norwegian registers write it: semicolons, commas, cp1252."""
    text = table.copy()
    for name, kind in table.dtypes.items():
        if kind.kind == "M":
            text[name] = table[name].dt.strftime("%d.%m.%Y")
        elif kind.kind == "f":
            text[name] = table[name].map("{:.2f}".format).str.replace(".", ",")
    return text.to_csv(sep=";", index=False, lineterminator="\r\n").encode("cp1252")


#: Bytes of a file that have the header with its times.
_HEADER = 600
#: The writers of pyreadstat.
_STAT = {".dta": "write_dta", ".sav": "write_sav", ".xpt": "write_xport"}
#: The time of writing in their headers, and the one that is put there, for equal files.
_STAMPS = {
    rb"\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d": b"01 Jan 2025 00:00",
    rb"\d\d [A-Z][a-z]{2} \d\d\d\d:\d\d:\d\d": b"01 Jan 2500:00:00",
    rb"\d\d[A-Z]{3}\d\d:\d\d:\d\d:\d\d": b"01JAN25:00:00:00",
}


def _stat(table: pd.DataFrame, suffix: str) -> bytes:
    """Return a table as a file of Stata, SPSS or SAS."""
    import pyreadstat

    plain = table.copy()
    for name, kind in table.dtypes.items():
        if kind.kind == "M":
            days = table[name].astype("M8[s]").dt.date.astype(object)
            plain[name] = days.where(table[name].notna(), None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{suffix}"
        getattr(pyreadstat, _STAT[suffix])(plain, str(path))
        content = path.read_bytes()
    head, rest = content[:_HEADER], content[_HEADER:]
    for stamp, fixed in _STAMPS.items():
        head = re.sub(stamp, fixed, head)
    return head + rest


def _parquet(table: pd.DataFrame) -> bytes:
    """Return a table as Parquet, dates as dates; one thread for equal files."""
    import duckdb

    dates = [
        f'"{name}"::DATE AS "{name}"' for name, kind in table.dtypes.items() if kind.kind == "M"
    ]
    replaced = f"REPLACE ({', '.join(dates)})" if dates else ""
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(config={"threads": 1}) as connection,
    ):
        path = Path(folder) / "table.parquet"
        connection.register("given", table)
        connection.execute(
            f"COPY (SELECT * {replaced} FROM given) TO ? "
            f"(FORMAT parquet, COMPRESSION zstd{evidence_clause(read_evidence(EVIDENCE))})",
            [str(path)],
        )
        return path.read_bytes()
