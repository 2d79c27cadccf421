"""Where a result comes from: the call, its options, the seed, the data, the versions.

Nothing here reads a clock: the same analysis of the same data has the same provenance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from mih_impact.storage import saveable

__all__ = ["Provenance", "versions"]

_PACKAGES = ("mih-impact", "numpy", "pandas", "scipy", "narwhals", "duckdb")


@saveable("Provenance")
@dataclass(frozen=True)
class Provenance:
    """What made a result.

    Parameters
    ----------
    call
        The call that made it, such as ``"event_study"``.
    options
        The options it was called with, by name.
    seed
        The seed of whatever was random, None when nothing was.
    data
        Fingerprint of the data; a hash, never a path or a person.
    versions
        Version of Python and of each package that had a hand in it.
    evidence
        What kind of data this is, by language, printed on every card and figure: a synthetic
        register says so. Empty when the caller said nothing.

    Examples
    --------
    >>> Provenance.of("match", {"ratio": 5}, data="3f2a").options["ratio"]
    5
    """

    call: str
    options: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    data: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        call: str,
        options: dict[str, Any],
        *,
        seed: int | None = None,
        data: str = "",
        evidence: Mapping[str, str] | None = None,
    ) -> Provenance:
        """Return the provenance of a call made now, with the versions installed."""
        return cls(
            call=call,
            options=_plain(options),
            seed=seed,
            data=data,
            versions=versions(),
            evidence=dict(evidence or {}),
        )


def _plain(value: Any) -> Any:
    """Keep plain data; name only the type of anything else, whose text could show a person."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return tuple(_plain(item) for item in value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return f"<{type(value).__name__}>"


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that compute, by name."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # run from a source tree that was never installed
            found[name] = "not installed"
    return found
