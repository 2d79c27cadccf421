"""A synthetic register of any size, written block by block: memory is that of one block.

A block is a register of its own with a seed of its own, so that the register does not depend on how
many blocks are written after it; participants, persons and truth add up over the blocks.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from mih_impact.display.locale import Label, progress_bar
from mih_impact.errors import OptionError, StorageError
from mih_impact.panel.contract import CONTRACT
from mih_impact.panel.names import read_evidence
from mih_impact.panel.sources import evidence_clause
from mih_impact.panel.synthetic.effects import SyntheticTruth
from mih_impact.panel.synthetic.people import NATIONAL, YEARS
from mih_impact.panel.synthetic.register import EVIDENCE, FILE_TYPE, README, TRUTH, register_frame
from mih_impact.panel.synthetic.start import START_YEARS
from mih_impact.storage import write_whole

__all__ = ["StreamedRegister", "stream_register"]

#: Persons in a block. It belongs to the register: other blocks are other persons.
BLOCK = 100_000
#: One person in so many starts where nothing is said.
PERSONS_PER_PARTICIPANT = 350
#: The earliest start has so many register years before it, for lags and leads.
YEARS_BEFORE = 3
ROWS = "rows"
_BAR = Label(nb="skriver registeret", en="writing the register")

_README = """\
# A synthetic register of {persons:,} persons

**SYNTHETIC. No row describes a real person, and nothing here was estimated from register data.**
Its effects are planted: finding them again confirms the arithmetic and nothing about any real
programme.

Made by `mih-impact synthesize --persons {persons} --participants {participants} --by {period} \
--first-year {first_year} --seed {seed}`. `rows/*.parquet` holds {rows:,} rows in {blocks} files;
`truth.json` the effects. Columns and rules are those of the shipped register's README; half are
women, and 37 % live in the programme counties. {by}
"""
_BY = {
    "year": "A row is a person and year.",
    "month": "A row is a person and month: a year's kroner in twelve equal parts, what does not "
    "divide in December. Everybody starts in January, so years since start are calendar years.",
}


@dataclass(frozen=True)
class StreamedRegister:
    """What was written.

    Attributes
    ----------
    source
        What `read_panel` takes: the glob of the row files.
    rows, bytes
        Rows, and bytes on disk.
    truth
        Expected and realised effects.
    """

    source: str
    rows: int
    bytes: int
    truth: SyntheticTruth


def stream_register(
    out: str | Path,
    *,
    persons: int,
    participants: int | None = None,
    period: Literal["year", "month"] = "year",
    first_year: int = 2009,
    seed: int = 2025,
) -> StreamedRegister:
    """Write a synthetic register of any size as Parquet files of 100,000 persons each.

    Parameters
    ----------
    out
        A folder that holds no register yet; made if it is not there.
    persons
        Persons, participants among them; those without a row in the years written are in no file.
    participants
        How many start; one in 350 by default.
    period
        What a row covers.
    first_year
        The first register year, 2009-2015; the last is 2024. Nobody starts in its first three.
    seed
        The same seed gives the same rows.

    Returns
    -------
    StreamedRegister

    Raises
    ------
    AssumptionError
        Too few persons for the participants, or years the generator does not have.
    StorageError
        The folder holds a register, or the disk is too small or fills up; what was written is
        removed.
    """
    starters = persons // PERSONS_PER_PARTICIPANT if participants is None else participants
    _require(persons, starters, period, first_year)
    folder = Path(out)
    rows = folder / ROWS
    if rows.exists():
        raise StorageError(
            "The folder holds a register already", found=str(rows), do="remove it or name another"
        )
    blocks = list(_blocks(persons, starters))
    seeds = np.random.SeedSequence(seed).spawn(len(blocks))
    truths, n_rows, before = [], 0, 0
    with _removed_on_failure(rows), progress_bar(_BAR, total=persons, unit_scale=True) as bar:
        for k, ((many, start), child) in enumerate(zip(blocks, seeds, strict=True)):
            frame, truth = register_frame(
                participants=start,
                persons=many - start,
                seed=child,
                population=NATIONAL,
                first_start=max(int(START_YEARS[0]), first_year + YEARS_BEFORE),
                first_year=first_year,
            )
            path = rows / f"part-{k:05d}.parquet"
            n_rows += _write(path, frame, before, period)
            if k == 0:
                _require_disk(folder, path.stat().st_size * persons / many)
            truths.append(truth)
            before += many
            bar.update(many)
        truth = _together(truths, seed)
        told = {
            "persons": persons,
            "participants": starters,
            "period": period,
            "first_year": first_year,
            "seed": seed,
        }
        _describe(folder, truth, told, n_rows, len(blocks))
    size = sum(path.stat().st_size for path in rows.iterdir())
    return StreamedRegister(str(rows / "*.parquet"), n_rows, size, truth)


def _require(persons: int, participants: int, period: str, first_year: int) -> None:
    if period not in _BY:
        raise OptionError("A row covers a year or a month", found=f"period={period!r}")
    if not int(YEARS[0]) <= first_year <= int(START_YEARS[-1]) - YEARS_BEFORE - 3:
        raise OptionError(
            "The generator does not have these years",
            found=f"first_year={first_year}",
            do=f"use {YEARS[0]} to {START_YEARS[-1] - YEARS_BEFORE - 3}",
        )
    blocks = -(-persons // BLOCK)
    if not 0 < blocks <= participants <= persons:
        raise OptionError(
            "A register needs a participant in every block, and persons to choose from",
            found=f"{participants} participants among {persons} persons in {blocks} blocks",
            do=f"ask for at least {max(blocks, 1)} participants and no more than there are persons",
        )


def _blocks(persons: int, participants: int) -> Iterator[tuple[int, int]]:
    """Yield persons and participants of each block; participants are spread evenly."""
    before = 0
    while before < persons:
        after = min(before + BLOCK, persons)
        yield after - before, after * participants // persons - before * participants // persons
        before = after


def _write(path: Path, frame: pd.DataFrame, before: int, period: str) -> int:
    """Write one block, whole or not at all, its persons numbered after those `before`."""
    import duckdb

    columns = ", ".join(_column(name, period) for name in frame.columns)
    rows = "block"
    if period == "month":
        columns += ", month, CASE WHEN start_year IS NULL THEN NULL ELSE 1 END::TINYINT start_month"
        rows = "(SELECT *, unnest(range(1, 13))::TINYINT AS month FROM block)"
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.register("block", frame)
            found = connection.execute(
                f"COPY (SELECT {columns} FROM {rows}) TO '{part}' "
                f"(FORMAT parquet, COMPRESSION zstd{evidence_clause(read_evidence(EVIDENCE))})",
                {"before": before},
            ).fetchone()
        part.rename(path)
    except (OSError, duckdb.IOException) as error:
        raise StorageError(
            "The register could not be written, and what was written is removed",
            found=str(error).splitlines()[0],
            do="free disk space, or ask for fewer persons",
        ) from error
    return int(found[0]) if found else 0


def _column(name: str, period: str) -> str:
    """Return how a column is written: numbered persons, small types, nulls for NaN."""
    if name == "person_id":
        number = "$before::BIGINT + person_id[2:]::BIGINT"
        return f"'p' || lpad(({number})::VARCHAR, 9, '0') AS person_id"
    kind = CONTRACT[name].dtype
    value = (
        f"CASE WHEN isnan({name}::DOUBLE) THEN NULL ELSE {name} END" if kind == "money" else name
    )
    if kind == "money" and period == "month":
        whole = f"floor({value} / 12)"
        value = f"CASE WHEN month = 12 THEN {value} - 11 * {whole} ELSE {whole} END"
    if name == "months_unemployed" and period == "month":
        value = f"(month <= {name})::TINYINT"
    return f"({value})::{FILE_TYPE.get(kind, 'VARCHAR')} AS {name}"


def _together(truths: list[SyntheticTruth], seed: int) -> SyntheticTruth:
    """Add the truths of the blocks up: the realised ones by their starters."""
    keys = ["outcome", "year_since_start"]
    all_ = pd.concat([truth.satt for truth in truths])
    all_["total"] = all_["value"] * all_["n_starters"]
    sums = all_.groupby(keys, sort=False)[["total", "n_starters"]].sum().reset_index()
    satt = sums.assign(value=sums["total"] / sums["n_starters"])[[*keys, "value", "n_starters"]]
    patt = pd.concat([truth.patt for truth in truths]).drop_duplicates(keys)
    return SyntheticTruth(patt, satt, truths[0].price_year, seed)


def _describe(
    folder: Path, truth: SyntheticTruth, told: dict[str, Any], rows: int, blocks: int
) -> None:
    effects = json.loads(truth.to_frame().round(2).to_json(orient="records"))
    about = {"synthetic": EVIDENCE.en, **told, "rows": rows, "effects": effects}
    write_whole(folder / TRUTH, (json.dumps(about, ensure_ascii=False, indent=1) + "\n").encode())
    text = _README.format(**told, rows=rows, blocks=blocks, by=_BY[told["period"]])
    write_whole(folder / README, text.encode())


def _require_disk(folder: Path, needed: float) -> None:
    free = shutil.disk_usage(folder).free
    if needed > 0.95 * free:
        raise StorageError(
            "The register would not fit on the disk, and what was written is removed",
            found=f"about {needed / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free",
            do="name a folder on a larger disk, or ask for fewer persons",
        )


@contextlib.contextmanager
def _removed_on_failure(rows: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        shutil.rmtree(rows, ignore_errors=True)
        raise
