"""The files that a path or glob stands for: of which kind they are, and what opens each kind."""

from __future__ import annotations

import glob
import os
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mih_impact import arguments
from mih_impact.errors import PanelContractError

if TYPE_CHECKING:
    from mih_impact.panel.statfiles import Mode

__all__ = ["KINDS", "Kind", "TypedFiles", "files_of", "is_csv", "is_path", "kept_with"]


class TypedFiles(Protocol):
    """Files whose columns have types, read as one table."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of their columns, in order."""

    @property
    def labels(self) -> Mapping[str, Mapping[str, str]]:
        """The labels of each column's codes."""

    @property
    def declared(self) -> Mapping[str, int]:
        """How many values of each column they say are missing; known when they have been read."""

    @property
    def lacking(self) -> Mapping[str, int]:
        """How many rows stand in files that lack a column, for each that not all have."""

    @property
    def rows(self) -> int | None:
        """How many rows they have; None if one of them does not say it."""

    def frame(self, connection: Any, modes: Mapping[str, Mode], named: str | None = None, /) -> Any:
        """Return the wanted columns as a frame; `named` is one more, of the file that has the row.

        What is written on the way is removed with the DuckDB connection.
        """

    def query(self, connection: Any, modes: Mapping[str, Mode], /) -> str:
        """Return the query of a DuckDB connection that reads the wanted columns."""


@dataclass(frozen=True)
class Kind:
    """A kind of files.

    Attributes
    ----------
    name
        Its name in the code.
    called
        What one of its files is, in a sentence.
    suffixes
        What their names end in.
    opened
        What opens files with types; None for Parquet, which DuckDB reads itself, and for text.
    """

    name: str
    called: str
    suffixes: tuple[str, ...]
    opened: Callable[[Sequence[str]], TypedFiles] | None = None


# What opens a kind of files is loaded with the first of them.


def _of_a_program(files: Sequence[str]) -> TypedFiles:
    from mih_impact.panel.statfiles import StatFiles

    return StatFiles(files)


def _of_excel(files: Sequence[str]) -> TypedFiles:
    from mih_impact.panel.excel import ExcelFiles

    return ExcelFiles(files)


PARQUET = Kind("parquet", "Parquet", (".parquet", ".pq"))
CSV = Kind("csv", "CSV", (".csv", ".tsv", ".txt"))
_SPSS, _EXCEL = (".sav", ".zsav", ".por"), (".xlsx",)
KINDS = (
    PARQUET,
    CSV,
    Kind("stat", "of its program", (".dta", *_SPSS, ".sas7bdat", ".xpt"), _of_a_program),
    Kind("excel", "Excel", _EXCEL, _of_excel),
)

#: How to read what is no register file into a frame.
_OTHER_FILES = {
    ".xls": "pandas.read_excel(path)",
    ".ods": "pandas.read_excel(path)",
    ".feather": "pandas.read_feather(path)",
    ".arrow": "pandas.read_feather(path)",
    ".orc": "pandas.read_orc(path)",
    ".json": "pandas.read_json(path)",
}
#: What is delivered beside the data: labels, and commands that make them.
_NO_DATA = (".sas7bcat", ".sas", ".sps", ".do", ".dct")
_PACKED = (".gz", ".zip", ".bz2", ".xz", ".zst", ".7z", ".tar")

#: What a file is by its first bytes, and the suffixes that go with it.
_FIRST_BYTES: dict[bytes, tuple[str, tuple[str, ...]]] = {
    b"PAR1": ("Parquet", PARQUET.suffixes),
    b"PK\x03\x04": ("zip, or Excel", _EXCEL),
    b"\x1f\x8b": ("gzip", ()),
    b"BZh": ("bzip2", ()),
    b"\xfd7zXZ": ("xz", ()),
    b"\x28\xb5\x2f\xfd": ("Zstandard", ()),
    b"\xd0\xcf\x11\xe0": ("an old Excel or Office file", ()),
    b"<stata_dta>": ("Stata", (".dta",)),
    b"$FL2": ("SPSS", _SPSS),
    b"$FL3": ("SPSS", _SPSS),
}


def is_path(source: Any) -> bool:
    """Return whether a source is the path of something, and not the thing itself."""
    return isinstance(source, (str, os.PathLike))


def is_csv(source: Any) -> bool:
    """Return whether a source is the path of CSV files."""
    return is_path(source) and Path(os.fsdecode(source)).suffix.lower() in CSV.suffixes


def files_of(path: str | os.PathLike[str]) -> tuple[Kind, list[str]]:
    """Return the files that a path or glob stands for, and their kind."""
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
    for kind in KINDS:
        if suffixes <= set(kind.suffixes):
            _require_kind(kind, files)
            return kind, files
    raise PanelContractError(
        "The file type is not known, or types are mixed",
        found=", ".join(sorted(suffix or "no suffix" for suffix in suffixes)),
        do=_how_to_read(suffixes),
    )


def _how_to_read(suffixes: set[str]) -> str:
    """Return what to do with files that are no register files."""
    known = [_OTHER_FILES[suffix] for suffix in sorted(suffixes) if suffix in _OTHER_FILES]
    if known:
        return f"read them into a frame first: read_panel({known[0]}, ...)"
    if suffixes <= set(_NO_DATA):
        return (
            "it has labels or commands, and no rows: give the data file; labels of a .sas7bdat are "
            "read from the .sas7bcat beside it with its name, or formats.sas7bcat"
        )
    if suffixes <= set(_PACKED):
        return "unpack them first, and give the files in them"
    known = [suffix for suffix in suffixes if any(suffix in each.suffixes for each in KINDS)]
    if len(known) > 1:
        return "name files of one type: 'income_*.dta'"
    return (
        "give Parquet (.parquet), CSV (.csv, .tsv, .txt), Stata (.dta), SPSS (.sav, .zsav, .por), "
        "SAS (.sas7bdat, .xpt) or Excel (.xlsx), or read the data into a frame first and give that"
    )


def _require_kind(kind: Kind, files: list[str]) -> None:
    """Raise where a file cannot be opened, or says of itself that it is of another kind."""
    for name in files:
        try:
            with open(name, "rb") as file:
                first = file.read(max(map(len, _FIRST_BYTES)))
        except OSError as error:
            raise PanelContractError(
                f"The file {Path(name).name} cannot be opened",
                found=error.strerror or type(error).__name__,
                do="see that it is there, and that you may read it",
            ) from None
        told = (what for mark, what in _FIRST_BYTES.items() if first.startswith(mark))
        inside, fitting = next(told, ("", None))
        if fitting is not None and Path(name).suffix.lower() not in fitting:
            raise PanelContractError(
                f"The file {Path(name).name} is not {kind.called}, whatever its name says",
                found=f"by its first bytes it is {inside}",
                do="unpack it, or give it the name of what it is",
            )


def kept_with(connection: Any) -> Path:
    """Return a new folder that is removed with a connection."""
    folder = tempfile.TemporaryDirectory(prefix="mih_impact_", ignore_cleanup_errors=True)
    weakref.finalize(connection, folder.cleanup)
    return Path(folder.name)
