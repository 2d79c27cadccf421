"""Saving results: one zip of JSON and NumPy arrays, never a pickle.

The file holds ``result.json`` (schema version, kind, the tree of fields) and an ``.npy`` member for
each array, so that ``numpy.load`` opens the arrays too. It is written whole or not at all, and the
same result always gives the same bytes.
"""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.errors import StorageError
from mih_impact.storage.codec import decode, encode
from mih_impact.storage.files import pack, unpack, write_whole
from mih_impact.storage.registry import kind_of, kinds, saveable

__all__ = ["SCHEMA", "load", "save", "saveable", "write_whole"]

SCHEMA = 2
"""Version of the file layout, and of what its fields mean; a file of another one is refused.

It is raised when a saved field gets another meaning. A field that is renamed, added without a
default or taken away is noticed when the file is read. Version 1 was before tests had `alpha` and
outcomes had units.
"""

_FORMAT = "mih_impact result"
_TREE = "result.json"


def save(obj: object, path: str | os.PathLike[str]) -> Path:
    """Write a result to one file, whole or not at all.

    Parameters
    ----------
    obj
        A result whose class is registered with `saveable`.
    path
        The file; an existing one is replaced only when the new one is complete.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    StorageError
        When the object, or something in it, cannot be saved.
    """
    if kind_of(obj) is None:
        raise StorageError(
            "This object cannot be saved",
            found=type(obj).__name__,
            do=f"Save one of {', '.join(kinds())}",
        )
    arrays: dict[str, NDArray[Any]] = {}
    tree = {"format": _FORMAT, "schema": SCHEMA, "result": encode(obj, arrays)}
    text = json.dumps(tree, ensure_ascii=False, allow_nan=False, indent=1)
    members = {_TREE: text.encode()}
    for name, array in arrays.items():
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, array, allow_pickle=False)
        members[f"{name}.npy"] = buffer.getvalue()
    return write_whole(path, pack(members))


def load(path: str | os.PathLike[str]) -> Any:
    """Read a result back as it was saved.

    Parameters
    ----------
    path
        A file written by `save`, or by a result's ``.save``.

    Returns
    -------
    object
        The result; arrays are read-only, fields that are not saved are None.

    Raises
    ------
    StorageError
        When the file is missing, damaged, not one of ours, or from another version.
    """
    path = arguments.path("path", path, error=StorageError)
    members = unpack(path)
    try:
        tree = json.loads(members.pop(_TREE))
        marked = isinstance(tree, dict) and tree.get("format") == _FORMAT
    except (KeyError, ValueError):
        marked = False
    if not marked:
        raise StorageError(
            "The file is not a saved result",
            found=path.name,
            do="Give a file that .save() wrote",
        )
    _require_schema(tree.get("schema"))
    try:
        return decode(tree["result"], members)
    except StorageError:
        raise
    except Exception as error:
        raise StorageError(
            "The file is damaged", found=f"{type(error).__name__}: {error}"
        ) from error


def _require_schema(schema: object) -> None:
    """Raise on a file of another layout: a newer or an older one, or none that there has been."""
    if type(schema) is int and schema > SCHEMA:
        raise StorageError(
            "The file was saved by a newer version of mih_impact",
            found=f"schema {schema}, this version reads {SCHEMA}",
            do="Upgrade mih_impact, or save the result again with this version",
        )
    if type(schema) is not int or schema < 1:
        raise StorageError(
            "The file is damaged: it does not say in which layout it was saved",
            found="no schema" if schema is None else f"schema {arguments.shown(schema)}",
            do="Save the result again with .save()",
        )
    if schema < SCHEMA:
        raise StorageError(
            "The file was saved by an earlier version of mih_impact, and its fields meant other"
            " things",
            found=f"schema {schema}, this version reads {SCHEMA}",
            do="Make the result again with this version and save it",
        )
