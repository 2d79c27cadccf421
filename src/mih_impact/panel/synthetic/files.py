"""The files of the shipped register: rows as Parquet, the truth as JSON, a data dictionary."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pandas as pd

from mih_impact.display.labels import Label
from mih_impact.panel.contract import CONTRACT
from mih_impact.panel.sources import EVIDENCE_KEYS
from mih_impact.panel.synthetic.effects import SyntheticTruth
from mih_impact.storage.files import write_whole

__all__ = ["FILE_TYPE", "README", "REGISTER", "TRUTH", "data_dictionary", "write_files"]

REGISTER, TRUTH, README = "register.parquet", "truth.json", "README.md"

#: What no card, table or figure made from this register may leave unsaid.
EVIDENCE = Label(
    nb="Syntetisk register, kalibrert til publiserte tall: ingen virkelige personer.",
    en="Synthetic register, calibrated to published figures: no real persons.",
)

_MAKE = "mih-impact synthesize --out data/synthetic"

#: Types in the file; kroner are whole.
FILE_TYPE = {"int": "SMALLINT", "number": "TINYINT", "money": "INTEGER", "bool": "BOOLEAN"}

_INTRO = """\
# A synthetic register

**SYNTHETIC. No row describes a real person, and nothing here was estimated from register data.**
The register was made by a program and calibrated to published headlines, so that the library has
something to be run on and tested against. Its effects are planted: finding them again confirms
the arithmetic and nothing about any real programme.

Made by `{make}` (seed {seed}, not searched for). The same command
gives the same files.

| file | what it is |
| --- | --- |
| `register.parquet` | {rows:,} person-years of {persons:,} invented persons, {first}-{last} |
| `truth.json` | planted expected effects (`patt`), mean realised effects of the starters (`satt`) |

The truth is in kroner per starter, drop-outs included and the dead and emigrated at zero, in prices
of {price_year}, by outcome and year since start, over the starters whose year is in the register.

{participants} persons have a `start_year` ({starts}). Of the planted path only the wage effect of
year 3 is a published figure; the rest is assumed. The counties and municipalities are invented:
which four counties took part is not stated in the source, and `Andre fylker` stands for the rest
of the country. The register over-represents men in contact with Nav. A person-year has a row if it
has a wage, a benefit or a registered month. In such a row a year without a wage says 0 up to 2014,
and from 2015 the wage is null, as a-ordningen has no record of it. Money is in whole nominal
kroner. In the year of death or emigration a person has half a year's income.

`eligible` is true for men of 19-55 who live in one of the four counties at the end of the year,
received dagpenger, aap, tiltakspenger or sosialhjelp or were registered unemployed in it, and have
not started.

## Columns

An empty cell of this table: does not occur, or goes without saying.

| column | type | unit | English | bokmål | rule | no row | zero | null | values |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def write_files(out: Path, frame: pd.DataFrame, truth: SyntheticTruth) -> tuple[Path, ...]:
    """Write rows, truth and data dictionary to a folder, each file whole or not at all."""
    effects = truth.to_frame()
    about = {
        "synthetic": "No real person; calibrated to published headlines. Effects are planted.",
        "command": _MAKE,
        "seed": truth.seed,
        "unit": f"NOK per starter, prices of {truth.price_year}; the dead and emigrated are zero",
        "effects": json.loads(effects.round(2).to_json(orient="records")),
    }
    text = json.dumps(about, ensure_ascii=False, indent=1) + "\n"
    contents = {
        REGISTER: _parquet(frame),
        TRUTH: text.encode(),
        README: data_dictionary(frame, truth).encode(),
    }
    return tuple(write_whole(out / name, data) for name, data in contents.items())


def _parquet(frame: pd.DataFrame) -> bytes:
    """Return the rows as Parquet from DuckDB: small types, zstd, one thread for equal files."""
    import duckdb

    types = ((name, FILE_TYPE.get(CONTRACT[name].dtype, "VARCHAR")) for name in frame.columns)
    casts = ", ".join(
        f"CASE WHEN isnan({name}) THEN NULL ELSE {name} END::{dtype} AS {name}"
        if frame[name].dtype == "float64"
        else f"{name}::{dtype} AS {name}"
        for name, dtype in types
    )
    told = ", ".join(f"'{key}': '{getattr(EVIDENCE, k)}'" for k, key in EVIDENCE_KEYS.items())
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(config={"threads": 1}) as connection,
    ):
        path = Path(folder) / REGISTER
        connection.register("rows", frame)
        connection.execute(
            f"COPY (SELECT {casts} FROM rows) TO ? "
            "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 19, ROW_GROUP_SIZE 200000, "
            f"KV_METADATA {{{told}}})",
            [str(path)],
        )
        return path.read_bytes()


def data_dictionary(frame: pd.DataFrame, truth: SyntheticTruth) -> str:
    """Return the README of the folder; the table of columns is the contract's own words."""
    starters = frame.dropna(subset=["start_year"])
    intro = _INTRO.format(
        make=_MAKE,
        seed=truth.seed,
        rows=len(frame),
        persons=frame["person_id"].nunique(),
        first=frame["year"].min(),
        last=frame["year"].max(),
        price_year=truth.price_year,
        participants=starters["person_id"].nunique(),
        starts=f"{starters['start_year'].min()}-{starters['start_year'].max()}",
    )
    return intro + "".join(_row(name, frame) for name in frame.columns)


def _row(name: str, frame: pd.DataFrame) -> str:
    column = CONTRACT[name]
    values = ""
    if column.dtype == "category":
        found = sorted(frame[name].unique())
        values = ", ".join(found if len(found) <= 8 else [*found[:2], "...", found[-1]])
    cells = (
        f"`{name}`",
        column.dtype,
        column.unit,
        column.label.en,
        column.label.nb,
        column.rule,
        column.absent_row.replace("_", " ") if column.role == "outcome" else "",
        column.zero_means if column.dtype in ("money", "number") else "",
        column.null_means if frame[name].isna().any() else "",
        values,
    )
    return "| " + " | ".join(cells) + " |\n"
