"""Files written whole or not at all, and zips that depend on nothing but what is in them."""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from mih_impact import arguments
from mih_impact.errors import StorageError

__all__ = ["pack", "unpack", "write_whole"]


def write_whole(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write bytes to a file, whole or not at all: beside it first, then renamed.

    Parameters
    ----------
    path
        The file; its folder is made when it does not exist.
    data
        Everything the file shall hold.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    StorageError
        When it cannot be written; what stood there before still does.
    """
    path = arguments.path("path", path, error=StorageError)
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise StorageError(
            "The file could not be written", found=f"{path.name}: {error}"
        ) from error
    return path


def pack(members: Mapping[str, bytes]) -> bytes:
    """Pack without compression and without a clock, so that equal results are equal files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = 0o644 << 16
            file.writestr(info, data)
    return buffer.getvalue()


def unpack(path: Path) -> dict[str, bytes]:
    """Read every member of a zip, checked; a typed error when it is none or not whole."""
    try:
        with zipfile.ZipFile(path) as file:
            return {name: file.read(name) for name in file.namelist()}
    except FileNotFoundError:
        raise StorageError("There is no such file", found=path.name) from None
    except (
        OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError,
        ValueError,
    ) as error:  # fmt: skip
        raise StorageError(
            "The file is not a whole saved result",
            found=f"{path.name}: {error}",
            do="Save the result again",
        ) from error
