"""Which classes can be saved, and under what name."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable
from typing import Any, TypeVar

from mih_impact.errors import StorageError

__all__ = ["class_of", "kind_of", "kinds", "saveable", "saved_fields"]

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


def kinds() -> list[str]:
    """Return the names of all classes registered so far, sorted."""
    return sorted(_KINDS)


def kind_of(obj: object) -> str | None:
    """Return the name an object is saved under, None when it is none of ours."""
    return next((kind for kind, cls in _KINDS.items() if type(obj) is cls), None)


def saved_fields(cls: type) -> list[dataclasses.Field[Any]]:
    """Return the fields of a class that its files hold."""
    return [f for f in dataclasses.fields(cls) if f.init and f.metadata.get("saved", True)]


def class_of(kind: str) -> type:
    """Find a registered class; a public one is imported by asking the package root for it."""
    if kind not in _KINDS:
        getattr(importlib.import_module("mih_impact"), kind, None)
    try:
        return _KINDS[kind]
    except KeyError:
        raise StorageError(
            "The file holds a kind of result that is not known", found=kind
        ) from None
