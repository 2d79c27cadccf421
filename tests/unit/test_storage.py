"""Saving and loading: exact, deterministic, whole or not at all, typed errors."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import io
import json
import os
import pkgutil
import re
import sys
import zipfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact import storage
from mih_impact.display.result import Provenance, Result
from mih_impact.errors import MihImpactError, OptionError, StorageError
from mih_impact.reference.discount import Discount
from mih_impact.reference.prices import PriceIndex
from mih_impact.storage import SCHEMA, load, save


@dataclass(frozen=True, eq=False)
class Box:
    content: Any
    inner: Any = None
    persons: Any = field(default=None, metadata={"saved": False})
    twice: Any = field(init=False, default=None)

    def __post_init__(self):
        if isinstance(self.content, str) and self.content == "refuse":
            raise MihImpactError("refused")
        object.__setattr__(self, "twice", [self.inner, self.inner])


@pytest.fixture(autouse=True)
def _box_can_be_saved(monkeypatch):
    monkeypatch.setitem(storage.SAVED, "Box", __name__)


def round_trip(content, tmp_path):
    return load(save(Box(content), tmp_path / "box.zip")).content


# -- what comes back is what was saved -----------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        None, True, False, 0, -7, 2**70, 0.1, -0.0, 1e-320, 1.7976931348623157e308,
        float("inf"), float("-inf"), "", "æøå – \u2212 \u00a0 \"\\\n", "float",
        (), (1, (2.5, None)), [], [1, [2], ("a",)], ["float", "nan"],
        {}, {"a": 1, "æ": {"b": (1, 2)}}, {2026: 500, 2027: 700}, {"float": "nan"},
    ],
)  # fmt: skip
def test_plain_values(value, tmp_path):
    back = round_trip(value, tmp_path)
    assert back == value
    assert repr(back) == repr(value)  # the types too, and the sign of a zero


def test_nan(tmp_path):
    back = round_trip({"x": float("nan"), "y": np.float64("nan")}, tmp_path)
    assert back["x"] != back["x"]
    assert type(back["y"]) is float


@pytest.mark.parametrize(
    ("value", "plain"), [(np.int64(3), 3), (np.bool_(True), True), (np.str_("a"), "a")]
)
def test_numpy_scalars_come_back_plain(value, plain, tmp_path):
    back = round_trip(value, tmp_path)
    assert (back, type(back)) == (plain, type(plain))


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1.5, np.nan], [-0.0, np.inf]]), np.arange(6, dtype=np.int32).reshape(2, 3).T,
        np.array(3.0), np.zeros((0, 4)), np.array([True, False]), np.array(["a", "æø"]),
        np.array([["x", None], [1, 2.5]], dtype=object), np.array(["2024-01-01"], dtype="M8[D]"),
    ],
)  # fmt: skip
def test_arrays_keep_values_shape_and_dtype_and_are_read_only(array, tmp_path):
    back = round_trip(array, tmp_path)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)
    assert not back.flags.writeable


def test_an_array_of_tuples_stays_one(tmp_path):
    array = np.empty(2, dtype=object)
    array[:] = [(1, 2), (3, None)]
    assert round_trip(array, tmp_path).tolist() == [(1, 2), (3, None)]


FRAME = pd.DataFrame(
    {
        "outcome": ["wage", None, "æøå"],
        "whole": np.array([1, -2, 3], dtype=np.int64),
        "small": np.array([1, 2, 3], dtype=np.uint8),
        "share": [0.5, np.nan, -np.inf],
        "flag": [True, False, True],
        "mixed": np.array([1, None, "x"], dtype=object),
    }
)


@pytest.mark.parametrize(
    "frame",
    [
        FRAME,
        FRAME[["flag", "outcome", "whole"]],
        FRAME.astype({"outcome": object}),
        FRAME.set_index("whole"),
        FRAME.set_axis(["x", "y", "z"]).rename_axis("row"),
        FRAME.iloc[::2],
        FRAME.head(0),
        FRAME.set_axis([1, 2, 3, 4, 5, 6], axis=1),
        FRAME[["share", "share"]],
        FRAME[["share"]].assign(year=pd.array([3, None, 2**60], dtype="Int64")),
    ],
    ids=[
        "all",
        "order",
        "object",
        "index",
        "text index",
        "filtered",
        "empty",
        "ints",
        "same name",
        "whole or missing",
    ],
)
def test_frames_keep_dtypes_order_and_index(frame, tmp_path):
    back = round_trip(frame, tmp_path)
    pd.testing.assert_frame_equal(back, frame, check_exact=True)
    back.iloc[:, 0] = back.iloc[:, 0].to_numpy()[::-1]  # a frame can be worked on


@pytest.mark.parametrize(
    "frame",
    [
        FRAME.set_index(["outcome", "whole"]),
        pd.DataFrame({"when": pd.to_datetime(["2024-01-01"])}),
        pd.DataFrame({"kind": pd.Categorical(["a"])}),
        pd.DataFrame({"n": pd.array([1, None], dtype="Int32")}),
        pd.DataFrame({"person": [object()]}),
    ],
)
def test_a_frame_that_would_come_back_otherwise_is_refused(frame, tmp_path):
    with pytest.raises(StorageError):
        save(Box(frame), tmp_path / "box.zip")
    assert list(tmp_path.iterdir()) == []


def test_objects_within_objects_and_fields_that_are_not_saved(tmp_path):
    box = Box(
        (Box(np.arange(3.0)),), inner=Provenance.of("match", {"ratio": 5}, seed=1), persons=["id"]
    )
    back = load(save(box, tmp_path / "box.zip"))
    assert back.inner == box.inner
    assert back.twice == [box.inner] * 2
    assert back.persons is None
    assert b'"id"' not in (tmp_path / "box.zip").read_bytes()
    np.testing.assert_array_equal(back.content[0].content, [0.0, 1.0, 2.0])


@pytest.mark.parametrize(
    "thing",
    [Discount(timing="middle"), Discount.flat(0.04), PriceIndex.kpi(), Provenance.of("x", {})],
)
def test_the_lower_floors_come_back_equal(thing, tmp_path):
    back = load(save(thing, tmp_path / "thing.zip"))
    assert back == thing
    assert type(back) is type(thing)


# -- the file --------------------------------------------------------------------------------


def test_the_same_result_gives_the_same_file(tmp_path):
    box = Box({"a": np.arange(5), "f": FRAME}, inner=(1, 2.0))
    first, second = save(box, tmp_path / "a.zip"), save(box, tmp_path / "b.zip")
    assert first.read_bytes() == second.read_bytes()
    again = save(load(first), tmp_path / "c.zip")
    assert again.read_bytes() == first.read_bytes()
    assert {info.date_time for info in zipfile.ZipFile(first).infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_file_is_plain_json_and_arrays(tmp_path):
    path = save(Box(np.arange(4.0)), tmp_path / "box.zip")
    with zipfile.ZipFile(path) as file:
        tree = json.loads(file.read("result.json"))
    assert tree["schema"] == SCHEMA
    assert tree["result"][1]["kind"] == "Box"
    np.testing.assert_array_equal(np.load(path)["array_0"], np.arange(4.0))


def test_the_folder_is_made_and_the_umask_kept(tmp_path):
    old = os.umask(0o077)
    try:
        path = save(Box(1), tmp_path / "new" / "folder" / "box.zip")
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [child.name for child in path.parent.iterdir()] == ["box.zip"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = save(Box(1), tmp_path / "box.zip")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="No space left"):
            save(Box(2), path)
    with pytest.raises(StorageError, match="cannot be saved"):
        save(Box({1, 2}), path)
    assert load(path).content == 1
    assert [child.name for child in tmp_path.iterdir()] == ["box.zip"]


# -- what is not ours ------------------------------------------------------------------------


@pytest.mark.parametrize("thing", [object(), {"a": 1}, FRAME, Box])
def test_only_results_can_be_saved(thing, tmp_path):
    with pytest.raises(OptionError, match="cannot be saved"):
        save(thing, tmp_path / "x.zip")


@pytest.mark.parametrize("content", [object(), lambda: 1, {1, 2}, 1j, np.array([object()])])
def test_nothing_is_ever_pickled(content, tmp_path):
    with pytest.raises(StorageError, match="cannot be saved"):
        save(Box(content), tmp_path / "x.zip")


def rewrite(path, change):
    """Change the tree of a saved file."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    tree = json.loads(members["result.json"])
    change(tree)
    members["result.json"] = json.dumps(tree).encode()
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


DAMAGE = {
    "newer": (lambda t: t.update(schema=SCHEMA + 1), "newer version"),
    "no schema": (lambda t: t.pop("schema"), "does not say in which layout"),
    "foreign": (lambda t: t.update(format="other"), "not a saved result"),
    "unknown kind": (lambda t: t["result"][1].update(kind="Unheard"), "not known"),
    "a function": (lambda t: t["result"][1].update(kind="load"), "not known"),
    "a dunder": (lambda t: t["result"][1].update(kind="__builtins__"), "not known"),
    "a tag": (lambda t: t["result"].__setitem__(0, "pickle"), "damaged"),
    "earlier": (lambda t: t.update(schema=SCHEMA - 1), "earlier version"),
    "more fields": (lambda t: t["result"][1]["fields"].update(more=1), "has no more"),
    "fewer fields": (lambda t: t["result"][1]["fields"].pop("content"), "it lacks content"),
    "no array": (lambda t: t["result"][1]["fields"].update(content=["array", "gone"]), "damaged"),
    "no result": (lambda t: t.pop("result"), "damaged"),
    "bad value": (lambda t: t["result"][1]["fields"].update(content="refuse"), "damaged"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_tree_is_a_typed_error(damage, tmp_path):
    change, message = DAMAGE[damage]
    path = rewrite(save(Box(np.arange(3)), tmp_path / "box.zip"), change)
    with pytest.raises(StorageError, match=message):
        load(path)


def test_a_file_of_an_earlier_build_is_called_one(tmp_path):
    text = {"nb": "x", "en": "x"}
    checked = mih.PlaceboTest(
        name="x", passed=True, table=FRAME, sentence=text, title=text, price_year=2024,
        alpha=0.05, provenance=Provenance("x"),
    )  # fmt: skip
    path = checked.save(tmp_path / "placebo.zip")
    assert load(path).alpha == 0.05

    def older(tree):  # as it was written when what is now alpha= was called level=
        held = tree["result"][1]["fields"]
        held["level"] = held.pop("alpha")

    with pytest.raises(StorageError, match=r"another version.*lacks alpha.*has no level.*again"):
        load(rewrite(path, older))
    with pytest.raises(StorageError, match=r"earlier version.*schema 1, .* reads 2.*again"):
        load(rewrite(path, lambda tree: tree.update(schema=1)))


def test_a_truncated_file_is_a_typed_error_wherever_it_was_cut(tmp_path):
    whole = save(Box(np.arange(100.0)), tmp_path / "box.zip").read_bytes()
    cut = tmp_path / "cut.zip"
    for length in range(0, len(whole), 97):
        cut.write_bytes(whole[:length])
        with pytest.raises(StorageError):
            load(cut)


def test_a_flipped_bit_is_noticed(tmp_path):
    path = save(Box(np.arange(100.0)), tmp_path / "box.zip")
    data = bytearray(path.read_bytes())
    data[data.index(b"NUMPY") + 400] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(StorageError, match="whole"):
        load(path)


def test_files_of_others_are_typed_errors(tmp_path):
    with pytest.raises(StorageError, match="is not there"):
        load(tmp_path / "missing.zip")
    with pytest.raises(StorageError):
        load(tmp_path)
    text = tmp_path / "text.zip"
    text.write_text("person_id;year")
    with pytest.raises(StorageError, match="whole saved result"):
        load(text)
    np.savez(tmp_path / "other.npz", a=np.arange(3))
    with pytest.raises(StorageError, match="not a saved result"):
        load(tmp_path / "other.npz")


def test_a_pickled_array_in_the_file_is_never_opened(tmp_path):
    path = save(Box(np.arange(3)), tmp_path / "box.zip")
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(path) as file:
        tree = file.read("result.json")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("result.json", tree)
        file.writestr("array_0.npy", buffer.getvalue())
    with pytest.raises(StorageError, match="damaged"):
        load(path)


@functools.cache
def ours() -> dict[str, set[type]]:
    """Every dataclass of the library, by its name."""
    found: dict[str, set[type]] = {}
    for module in pkgutil.walk_packages(mih.__path__, "mih_impact."):
        for name, thing in vars(importlib.import_module(module.name)).items():
            if not isinstance(thing, type) or not dataclasses.is_dataclass(thing):
                continue
            if thing.__module__.startswith("mih_impact."):
                found.setdefault(name, set()).add(thing)
    return found


def test_what_a_saved_class_holds_can_be_saved_too():
    """So can what inherits from it, and what its fields are annotated with."""
    saved = {storage.class_of(name): name for name in storage.SAVED if name != "Box"}
    for cls, name in saved.items():
        assert dataclasses.is_dataclass(cls)
        assert (cls.__name__, cls.__module__) == (name, storage.SAVED[name])
        for held in storage.saved_fields(cls):
            for word in re.findall(r"\w+", str(held.type)):
                if not isinstance(vars(sys.modules[cls.__module__]).get(word, type), type):
                    continue  # an alias there, whatever has the name elsewhere
                known = ours().get(word)
                assert known is None or known & saved.keys(), f"{name}.{held.name}: {held.type}"
    for cls in set().union(*ours().values()) - saved.keys():
        if not cls.__subclasses__():
            assert not {Result, *saved} & set(cls.__mro__), (
                f"{cls.__name__} inherits from a saved one"
            )


def test_load_imports_the_class_it_needs(tmp_path):
    import subprocess
    import sys

    path = save(Discount.flat(0.03), tmp_path / "discount.zip")
    code = f"from mih_impact.storage import load; print(load({str(path)!r}).ladder)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "((None, 0.03),)"
