"""What files a path stands for, what they are, and what to do with those that are no register."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import Any

from mih_impact import arguments
from mih_impact.errors import PanelContractError

__all__ = ["files_of", "is_csv", "is_path"]

PARQUET = (".parquet", ".pq")
CSV = (".csv", ".tsv", ".txt")

#: How to read what is no register file into a frame.
OTHER_FILES = {
    ".dta": "pandas.read_stata(path)",
    ".sas7bdat": "pandas.read_sas(path, encoding='latin1')",
    ".xpt": "pandas.read_sas(path)",
    ".sav": "pandas.read_spss(path)",
    ".xlsx": "pandas.read_excel(path)",
    ".xls": "pandas.read_excel(path)",
    ".ods": "pandas.read_excel(path)",
    ".feather": "pandas.read_feather(path)",
    ".arrow": "pandas.read_feather(path)",
    ".orc": "pandas.read_orc(path)",
    ".json": "pandas.read_json(path)",
}
PACKED = (".gz", ".zip", ".bz2", ".xz", ".zst", ".7z", ".tar")

#: What a file is by its first bytes.
FIRST_BYTES = {
    b"PAR1": "Parquet",
    b"PK\x03\x04": "zip, or Excel",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\xd0\xcf\x11\xe0": "an old Excel or Office file",
    b"<stata_dta>": "Stata",
    b"$FL2": "SPSS",
}


def is_path(source: Any) -> bool:
    """Return whether a source is the path of something, and not the thing itself."""
    return isinstance(source, (str, os.PathLike))


def is_csv(source: Any) -> bool:
    """Return whether a source is the path of CSV files."""
    return is_path(source) and Path(source).suffix.lower() in CSV


def files_of(path: str | os.PathLike[str]) -> tuple[str, list[str]]:
    """Return the kind of file ("parquet" or "csv") and the files a path or glob stands for."""
    text = os.fsdecode(path)
    files = sorted(glob.glob(text, recursive=True)) if glob.has_magic(text) else [text]
    if len(files) == 1 and os.path.isdir(files[0]):
        raise PanelContractError(
            "The path is a folder",
            found=arguments.shown(text),
            do=f"name the files in it: {os.path.join(text, '*.parquet')!r}",
        )
    files = [name for name in files if os.path.isfile(name)]
    if not files:
        raise PanelContractError(
            "There is no register file at the path",
            found=f"nothing at {arguments.shown(text)}",
            do="check the path; a glob such as 'register/*.parquet' is allowed",
        )
    suffixes = {Path(name).suffix.lower() for name in files}
    for kind, known in (("parquet", PARQUET), ("csv", CSV)):
        if suffixes <= set(known):
            _require_kind(kind, files)
            return kind, files
    raise PanelContractError(
        "The file type is not known, or types are mixed",
        found=", ".join(sorted(suffix or "no suffix" for suffix in suffixes)),
        do=_how_to_read(suffixes),
    )


def _how_to_read(suffixes: set[str]) -> str:
    """Return what to do with files that are no register files."""
    known = [OTHER_FILES[suffix] for suffix in sorted(suffixes) if suffix in OTHER_FILES]
    if known:
        return f"read them into a frame first: read_panel({known[0]}, ...)"
    if suffixes <= set(PACKED):
        return "unpack them first, and give the Parquet or CSV files"
    return (
        "give Parquet (.parquet) or CSV (.csv, .tsv, .txt), or read the data into a frame first "
        "and give that"
    )


def _require_kind(kind: str, files: list[str]) -> None:
    """Raise where a file cannot be opened, or says of itself that it is of another kind."""
    for name in files:
        try:
            with open(name, "rb") as file:
                first = file.read(max(map(len, FIRST_BYTES)))
        except OSError as error:
            raise PanelContractError(
                f"The file {Path(name).name} cannot be opened",
                found=error.strerror or type(error).__name__,
                do="see that it is there, and that you may read it",
            ) from None
        inside = next((what for mark, what in FIRST_BYTES.items() if first.startswith(mark)), None)
        if inside is not None and inside.lower() != kind:
            raise PanelContractError(
                f"The file {Path(name).name} is not {'CSV' if kind == 'csv' else 'Parquet'}, "
                "whatever its name says",
                found=f"by its first bytes it is {inside}",
                do="unpack it, or give it the name of what it is",
            )
