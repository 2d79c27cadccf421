"""Values as JSON: scalars as they are, everything else as ``[tag, content]``.

No list of JSON is ever a value, so no value can be taken for a tag.
"""

from __future__ import annotations

import dataclasses
import io
import math
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mih_impact.errors import StorageError
from mih_impact.storage.registry import class_of, kind_of, saved_fields

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["decode", "encode"]


def encode(value: object, arrays: dict[str, NDArray[Any]]) -> Any:
    """Return a value as plain JSON; its arrays are put in `arrays`, by the name they get there."""
    import pandas as pd

    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else ["float", repr(float(value))]
    if isinstance(value, tuple | list):
        tag = "tuple" if isinstance(value, tuple) else "list"
        return [tag, [encode(item, arrays) for item in value]]
    if isinstance(value, Mapping):
        pairs = [[encode(k, arrays), encode(v, arrays)] for k, v in value.items()]
        return ["dict", pairs]
    if isinstance(value, np.ndarray):
        return _encode_array(value, arrays)
    kind = kind_of(value)
    if kind is not None:
        fields = {
            field.name: encode(getattr(value, field.name), arrays)
            for field in saved_fields(type(value))
        }
        return ["object", {"kind": kind, "fields": fields}]
    if isinstance(value, pd.DataFrame):
        return _encode_frame(value, arrays)
    raise StorageError("A result holds something that cannot be saved", found=type(value).__name__)


def decode(node: Any, members: Mapping[str, bytes]) -> Any:
    """Return the value that `encode` was given; `members` are the files of the zip, by name."""
    if not isinstance(node, list):
        return node
    tag, content = node
    match tag:
        case "float":
            return float(content)
        case "tuple":
            return tuple(decode(item, members) for item in content)
        case "list":
            return [decode(item, members) for item in content]
        case "dict":
            return {decode(k, members): decode(v, members) for k, v in content}
        case "array" | "objects":
            return _decode_array(tag, content, members)
        case "object":
            cls = class_of(content["kind"])
            fields = {k: decode(v, members) for k, v in content["fields"].items()}
            _require_fields(content["kind"], cls, fields.keys())
            absent = [f.name for f in dataclasses.fields(cls) if not f.metadata.get("saved", True)]
            return cls(**dict.fromkeys(absent), **fields)
        case "frame":
            return _decode_frame(content, members)
        case _:
            raise StorageError("The file is damaged", found=f"an unknown tag {tag!r}")


def _require_fields(kind: str, cls: type, given: Collection[str]) -> None:
    """Raise where a file has not the fields of the class; what has a default may be missing."""
    known = saved_fields(cls)
    empty = dataclasses.MISSING
    needed = [f.name for f in known if f.default is empty and f.default_factory is empty]
    lacks = [name for name in needed if name not in given]
    more = sorted(set(given) - {field.name for field in known})
    if lacks or more:
        told = (("it lacks", lacks), ("this version has no", more))
        raise StorageError(
            f"The file was saved by another version of mih_impact: {kind} had other fields there",
            found="; ".join(f"{what} {', '.join(names)}" for what, names in told if names),
            do="Make the result again with this version and save it",
        )


def _encode_array(array: NDArray[Any], arrays: dict[str, NDArray[Any]]) -> Any:
    if array.dtype.hasobject:  # text with missing values: JSON, since .npy would need a pickle
        items = [encode(item, arrays) for item in array.ravel().tolist()]
        return ["objects", {"shape": list(array.shape), "items": items}]
    name = f"array_{len(arrays)}"
    arrays[name] = np.array(array, order="C")
    return ["array", name]


def _decode_array(tag: str, content: Any, members: Mapping[str, bytes]) -> NDArray[Any]:
    if tag == "objects":
        array = np.empty(len(content["items"]), dtype=object)
        for i, item in enumerate(content["items"]):
            array[i] = decode(item, members)
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
            "index_name": encode(frame.index.name, arrays),
            "names": _encode_column(frame.columns, arrays),
            "columns": [_encode_column(frame.iloc[:, i], arrays) for i in range(frame.shape[1])],
        },
    ]


def _decode_frame(content: Any, members: Mapping[str, bytes]) -> pd.DataFrame:
    import pandas as pd

    tag, stored = content["index"]
    index: pd.Index[Any]
    index = pd.RangeIndex(*stored) if tag == "range" else _decode_index(content["index"], members)
    index.name = decode(content["index_name"], members)
    columns = [_decode_column(column, members) for column in content["columns"]]
    frame = pd.DataFrame(dict(enumerate(columns)), index=range(len(index)))
    frame.index = index
    frame.columns = _decode_index(content["names"], members)
    return frame


def _encode_column(column: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    dtype = str(column.dtype)
    if dtype in ("object", "str", "Int64"):
        values = np.array(column, dtype=object)
        if dtype != "object":  # missing is NaN or NA; None says the same and is plain JSON
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
    return pd.Series(decode(content, members).copy(), dtype=dtype)


def _decode_index(node: Any, members: Mapping[str, bytes]) -> pd.Index[Any]:
    import pandas as pd

    column = _decode_column(node, members)
    index: pd.Index[Any] = pd.Index(column, dtype=column.dtype)
    return index
