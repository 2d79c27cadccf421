"""Saving results: one zip of JSON and NumPy arrays, never a pickle.

The file holds ``result.json`` (schema version, kind, the tree of fields) and an ``.npy`` member for
each array, so that ``numpy.load`` opens the arrays too. It is written whole or not at all, and the
same result always gives the same bytes.

No list of JSON is ever a value, so no value can be taken for a tag.
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
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.errors import OptionError, StorageError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "SAVED",
    "SCHEMA",
    "Later",
    "class_of",
    "decode",
    "encode",
    "kind_of",
    "load",
    "pack",
    "save",
    "saved_fields",
    "unpack",
    "write_whole",
]

SAVED: dict[str, str] = {
    "Apprenticeship": "mih_impact.account.programme",
    "Assumption": "mih_impact.account.assumption",
    "AssumptionSheet": "mih_impact.account.sheet.sheet",
    "Assumptions": "mih_impact.account.assumptions",
    "Balance": "mih_impact.controls.balance",
    "BeforeStart": "mih_impact.account.values",
    "Benefit": "mih_impact.account.roles",
    "Breach": "mih_impact.panel.check",
    "Bridge": "mih_impact.account.bridge",
    "BudgetImpact": "mih_impact.account.budget.result",
    "CheckResult": "mih_impact.effects.check_result",
    "Composed": "mih_impact.account.values",
    "CostBenefit": "mih_impact.account.cost_benefit",
    "CostItem": "mih_impact.account.cost_item",
    "Decision": "mih_impact.account.budget.decision",
    "DifferenceTest": "mih_impact.effects.subgroups",
    "Discount": "mih_impact.reference.discount",
    "EffectSeries": "mih_impact.effects.series",
    "EffectTest": "mih_impact.effects.inference.effect_test",
    "Funnel": "mih_impact.nav.recruitment",
    "GroupTimeEffects": "mih_impact.effects.group_time.result",
    "GroupTimeMethod": "mih_impact.effects.group_time.cells",
    "HonestBounds": "mih_impact.falsification.honest.result",
    "Label": "mih_impact.display.locale",
    "LeaveOneOut": "mih_impact.falsification.leave_out",
    "MunicipalityView": "mih_impact.account.budget.municipality_result",
    "NonPriced": "mih_impact.account.non_priced",
    "Overlap": "mih_impact.controls.overlap",
    "PanelReport": "mih_impact.panel.check",
    "PerPlace": "mih_impact.account.budget.per_place",
    "Phase": "mih_impact.account.programme",
    "PlaceboTest": "mih_impact.falsification.placebo",
    "PretrendTest": "mih_impact.effects.pretrend",
    "PriceIndex": "mih_impact.reference.prices",
    "Programme": "mih_impact.account.programme",
    "Provenance": "mih_impact.display.result",
    "QuantileEffects": "mih_impact.effects.quantile",
    "Readings": "mih_impact.nav.readings",
    "Replication": "mih_impact.nav.reproduce",
    "Resampled": "mih_impact.study.resampling",
    "Row": "mih_impact.reference.rows",
    "Scenario": "mih_impact.account.scenarios",
    "Scenarios": "mih_impact.account.scenarios",
    "Sensitivity": "mih_impact.account.sensitivity",
    "SensitivityCheck": "mih_impact.effects.check_result",
    "SensitivityGrid": "mih_impact.account.switching",
    "SpecificationCurve": "mih_impact.falsification.specification_curve",
    "Split": "mih_impact.controls.subgroups",
    "StudyResult": "mih_impact.study.run",
    "SubgroupPretrend": "mih_impact.effects.pretrend",
    "SwitchingValues": "mih_impact.account.switching",
    "Uncertainty": "mih_impact.account.uncertainty_result",
    "Unit": "mih_impact.display.unit",
    "UnpaidTime": "mih_impact.account.cost_item",
    "VarianceShares": "mih_impact.account.sensitivity",
}
"""Every class that a file may hold, by its name, with the module that defines it.

Nothing else is ever saved or loaded. The module is imported when a file names the class.
A field with ``metadata={"saved": False}`` (what holds persons, or only speeds things up) is left
out of the file and comes back as None.
"""


class Later(Sequence[Any]):
    """A tuple that is made when it is first read, and lets go of what made it then.

    For estimates that take time and that few questions ask for. Copied or pickled it is a tuple.
    """

    def __init__(self, make: Callable[[], Iterable[Any]]) -> None:
        self._make: Callable[[], Iterable[Any]] | None = make
        self._made: tuple[Any, ...] = ()

    def _read(self) -> tuple[Any, ...]:
        if self._make is not None:
            self._made, self._make = tuple(self._make()), None
        return self._made

    def __len__(self) -> int:
        return len(self._read())

    def __getitem__(self, at: Any) -> Any:
        return self._read()[at]

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (self._read(),)


def kind_of(obj: object) -> str | None:
    """Return the name an object is saved under, None when it is none of ours."""
    cls = type(obj)
    return cls.__name__ if SAVED.get(cls.__name__) == cls.__module__ else None


def saved_fields(cls: type) -> list[dataclasses.Field[Any]]:
    """Return the fields of a class that its files hold."""
    return [f for f in dataclasses.fields(cls) if f.init and f.metadata.get("saved", True)]


def class_of(kind: str) -> type:
    """Return the class that a file names; its module is imported."""
    if kind not in SAVED:
        raise StorageError("The file holds a kind of result that is not known", found=kind)
    found: type = getattr(importlib.import_module(SAVED[kind]), kind)
    return found


def encode(value: object, arrays: dict[str, NDArray[Any]]) -> Any:
    """Return a value as plain JSON; its arrays are put in `arrays`, by the name they get there."""
    import pandas as pd

    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else ["float", repr(float(value))]
    if isinstance(value, Sequence) and not isinstance(value, bytes | range):
        tag = "list" if isinstance(value, list) else "tuple"
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
    path = arguments.path("path", path)
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
        near = sorted(each.name for each in path.parent.glob("*.zip"))[:5]
        raise StorageError(
            f"The file {path.name} is not there",
            found=f"{', '.join(near) or 'no other .zip'} beside it",
            do="give the file that .save(...) wrote, or that [outputs] of an analysis saves",
        ) from None
    except (
        OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError,
        ValueError,
    ) as error:  # fmt: skip
        raise StorageError(
            "The file is not a whole saved result",
            found=f"{path.name}: {error}",
            do="Save the result again",
        ) from error


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
        A result of a class named in `SAVED`.
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
        raise OptionError(
            "This object cannot be saved",
            found=type(obj).__name__,
            do=f"Save one of {', '.join(SAVED)}",
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
    path = arguments.path("path", path)
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
