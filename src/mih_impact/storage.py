"""Saving results: one zip of JSON and NumPy arrays, never a pickle.

The file holds ``result.json`` (schema version, kind, the tree of fields) and an ``.npy`` member for
each array, so that ``numpy.load`` opens the arrays too. It is written whole or not at all, and the
same result always gives the same bytes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import io
import json
import math
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from mih_impact.errors import StorageError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SCHEMA", "load", "save", "saveable", "write_whole"]

SCHEMA = 1
"""Version of the file layout; a file of a newer one is refused."""

_FORMAT = "mih_impact result"
_TREE = "result.json"
_KINDS: dict[str, type] = {}
_T = TypeVar("_T")


def saveable(kind: str) -> Callable[[type[_T]], type[_T]]:
    """Register a frozen dataclass under the name its files carry.

    A field with ``metadata={"saved": False}`` (what holds persons, or only speeds things up) is
    left out and comes back as None.

    Parameters
    ----------
    kind
        The name in the file: the class's public name at the root of the package.
    """

    def register(cls: type[_T]) -> type[_T]:
        if not dataclasses.is_dataclass(cls):
            raise TypeError(f"{cls.__name__} must be a dataclass to be saved")
        known = _KINDS.get(kind)
        if known is not None and known.__qualname__ != cls.__qualname__:
            raise TypeError(f"{kind!r} is already the name of {known.__qualname__}")
        _KINDS[kind] = cls
        return cls

    return register


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
    if _kind_of(obj) is None:
        raise StorageError(
            "This object cannot be saved",
            found=type(obj).__name__,
            do=f"Save one of {', '.join(sorted(_KINDS))}",
        )
    arrays: dict[str, NDArray[Any]] = {}
    tree = {"format": _FORMAT, "schema": SCHEMA, "result": _encode(obj, arrays)}
    text = json.dumps(tree, ensure_ascii=False, allow_nan=False, indent=1)
    members = {_TREE: text.encode()}
    for name, array in arrays.items():
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, array, allow_pickle=False)
        members[f"{name}.npy"] = buffer.getvalue()
    return write_whole(path, _zip(members))


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
        When the file is missing, damaged, not one of ours, or from a newer version.
    """
    members = _unzip(Path(path))
    try:
        tree = json.loads(members.pop(_TREE))
        marked = isinstance(tree, dict) and tree.get("format") == _FORMAT
    except (KeyError, ValueError):
        marked = False
    if not marked:
        raise StorageError(
            "The file is not a saved result",
            found=Path(path).name,
            do="Give a file that .save() wrote",
        )
    schema = tree.get("schema")
    if not isinstance(schema, int) or schema > SCHEMA:
        raise StorageError(
            "The file was saved by a newer version of mih_impact",
            found=f"schema {schema}, this version reads up to {SCHEMA}",
            do="Upgrade mih_impact",
        )
    try:
        return _decode(tree["result"], members)
    except StorageError:
        raise
    except Exception as error:
        raise StorageError(
            "The file is damaged", found=f"{type(error).__name__}: {error}"
        ) from error


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
    path = Path(path)
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


# -- the tree: scalars as they are, everything else as [tag, content] ----------------------------


def _encode(value: object, arrays: dict[str, NDArray[Any]]) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else ["float", repr(float(value))]
    if isinstance(value, tuple | list):
        tag = "tuple" if isinstance(value, tuple) else "list"
        return [tag, [_encode(item, arrays) for item in value]]
    if isinstance(value, Mapping):
        pairs = [[_encode(k, arrays), _encode(v, arrays)] for k, v in value.items()]
        return ["dict", pairs]
    if isinstance(value, np.ndarray):
        return _encode_array(value, arrays)
    kind = _kind_of(value)
    if kind is not None:
        fields = {
            field.name: _encode(getattr(value, field.name), arrays)
            for field in _fields(type(value))
        }
        return ["object", {"kind": kind, "fields": fields}]
    if type(value).__name__ == "DataFrame":
        return _encode_frame(value, arrays)  # type: ignore[arg-type]
    raise StorageError("A result holds something that cannot be saved", found=type(value).__name__)


def _decode(node: Any, members: Mapping[str, bytes]) -> Any:
    if not isinstance(node, list):
        return node
    tag, content = node
    match tag:
        case "float":
            return float(content)
        case "tuple":
            return tuple(_decode(item, members) for item in content)
        case "list":
            return [_decode(item, members) for item in content]
        case "dict":
            return {_decode(k, members): _decode(v, members) for k, v in content}
        case "array" | "objects":
            return _decode_array(tag, content, members)
        case "object":
            cls = _class_of(content["kind"])
            fields = {k: _decode(v, members) for k, v in content["fields"].items()}
            absent = [f.name for f in dataclasses.fields(cls) if not f.metadata.get("saved", True)]
            return cls(**dict.fromkeys(absent), **fields)
        case "frame":
            return _decode_frame(content, members)
        case _:
            raise StorageError("The file is damaged", found=f"an unknown tag {tag!r}")


def _encode_array(array: NDArray[Any], arrays: dict[str, NDArray[Any]]) -> Any:
    if array.dtype.hasobject:  # text with missing values: JSON, since .npy would need a pickle
        items = [_encode(item, arrays) for item in array.ravel().tolist()]
        return ["objects", {"shape": list(array.shape), "items": items}]
    name = f"array_{len(arrays)}"
    arrays[name] = np.array(array, order="C")
    return ["array", name]


def _decode_array(tag: str, content: Any, members: Mapping[str, bytes]) -> NDArray[Any]:
    if tag == "objects":
        array = np.empty(len(content["items"]), dtype=object)
        array[:] = [_decode(item, members) for item in content["items"]]
        array = array.reshape(content["shape"])
    else:
        buffer = io.BytesIO(members[f"{content}.npy"])
        array = np.lib.format.read_array(buffer, allow_pickle=False)
    array.setflags(write=False)
    return array


# A frame is its index and its columns, each an array with the name of its dtype. Dtypes that the
# results use are covered; others are refused, so that none comes back as something else.


def _encode_frame(frame: pd.DataFrame, arrays: dict[str, NDArray[Any]]) -> Any:
    import pandas as pd

    if isinstance(frame.index, pd.MultiIndex) or isinstance(frame.columns, pd.MultiIndex):
        raise StorageError("A table with an index of several levels cannot be saved")
    if isinstance(frame.index, pd.RangeIndex):
        index: Any = ["range", [frame.index.start, frame.index.stop, frame.index.step]]
    else:
        index = _encode_column(frame.index, arrays)
    return [
        "frame",
        {
            "index": index,
            "index_name": _encode(frame.index.name, arrays),
            "names": _encode_column(frame.columns, arrays),
            "columns": [_encode_column(frame.iloc[:, i], arrays) for i in range(frame.shape[1])],
        },
    ]


def _decode_frame(content: Any, members: Mapping[str, bytes]) -> pd.DataFrame:
    import pandas as pd

    tag, stored = content["index"]
    index: pd.Index[Any]
    index = pd.RangeIndex(*stored) if tag == "range" else _decode_index(content["index"], members)
    index.name = _decode(content["index_name"], members)
    columns = [_decode_column(column, members) for column in content["columns"]]
    frame = pd.DataFrame(dict(enumerate(columns)), index=range(len(index)))
    frame.index = index
    frame.columns = _decode_index(content["names"], members)
    return frame


def _encode_column(column: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    dtype = str(column.dtype)
    if dtype in ("object", "str"):
        values = np.array(column, dtype=object)
        if dtype == "str":  # its missing value is NaN; None says the same and is plain JSON
            values[np.asarray(column.isna())] = None
        return [dtype, _encode_array(values, arrays)]
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        return [dtype, _encode_array(column.to_numpy(), arrays)]
    raise StorageError(
        "A table holds a column type that cannot be saved", found=f"{column.name!r}: {dtype}"
    )


def _decode_column(node: Any, members: Mapping[str, bytes]) -> pd.Series[Any]:
    import pandas as pd

    name, content = node
    dtype = pd.api.types.pandas_dtype(name)
    if dtype.kind == "U":  # a table of pandas 3 read by pandas 2, whose text columns are objects
        dtype = np.dtype(object)
    return pd.Series(_decode(content, members).copy(), dtype=dtype)


def _decode_index(node: Any, members: Mapping[str, bytes]) -> pd.Index[Any]:
    import pandas as pd

    column = _decode_column(node, members)
    index: pd.Index[Any] = pd.Index(column, dtype=column.dtype)
    return index


# -- kinds and files ------------------------------------------------------------------------------


def _kind_of(obj: object) -> str | None:
    return next((kind for kind, cls in _KINDS.items() if type(obj) is cls), None)


def _fields(cls: type) -> list[dataclasses.Field[Any]]:
    return [f for f in dataclasses.fields(cls) if f.init and f.metadata.get("saved", True)]


def _class_of(kind: str) -> type:
    """Find a registered class; a public one is imported by asking the package root for it."""
    if kind not in _KINDS:
        getattr(importlib.import_module("mih_impact"), kind, None)
    try:
        return _KINDS[kind]
    except KeyError:
        raise StorageError(
            "The file holds a kind of result that is not known", found=kind
        ) from None


def _zip(members: Mapping[str, bytes]) -> bytes:
    """Pack without compression and without a clock, so that equal results are equal files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = 0o644 << 16
            file.writestr(info, data)
    return buffer.getvalue()


def _unzip(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as file:
            return {name: file.read(name) for name in file.namelist()}
    except FileNotFoundError:
        raise StorageError("There is no such file", found=path.name) from None
    except (OSError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise StorageError(
            "The file is not a whole saved result",
            found=f"{path.name}: {error}",
            do="Save the result again",
        ) from error
