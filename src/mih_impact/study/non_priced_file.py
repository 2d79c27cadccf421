"""Non-priced effects as a TOML file: each with whom, importance, extent, reason and source."""

from __future__ import annotations

import tomllib
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from mih_impact.economics.non_priced.effect import NonPriced, require_non_priced
from mih_impact.errors import AssumptionError
from mih_impact.study.keys import file_of, read_label

__all__ = ["non_priced_content", "non_priced_of", "read_non_priced"]

_TEXTS = ("label", "whom", "reason", "source")
_KEYS = {"name", *_TEXTS, "importance", "extent", "status"}


def read_non_priced(path: str | Path | Traversable) -> tuple[NonPriced, ...]:
    """Read non-priced effects from a TOML file.

    Parameters
    ----------
    path
        A file with one `[[effect]]` per effect: `name`, `importance`, `extent`, `status`, and
        `label`, `whom`, `reason` and `source`, each a table with a text `nb` and a text `en`.

    Returns
    -------
    tuple of NonPriced
        In the order of the file.

    Raises
    ------
    AssumptionError
        The file is no TOML, a key is missing or unknown, or an effect does not hold together.

    Examples
    --------
    >>> import mih_impact as mih
    >>> [each.name for each in mih.nav.non_priced()][:2]
    ['recruitment', 'mixed_workforce']
    """
    file = file_of(path)
    return non_priced_of(non_priced_content(file), file.name)


def non_priced_content(file: Path | Traversable) -> list[Any]:
    """Return the `[[effect]]` tables of a file.

    Raises
    ------
    AssumptionError
        There is no such file, it is no TOML, or it holds something else.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as broken:
        raise AssumptionError(
            f"{file.name} is no TOML file that can be read",
            found=broken.strerror if isinstance(broken, OSError) else str(broken),
            do="give a TOML file of [[effect]] tables",
        ) from None
    unknown = sorted(set(content) - {"effect"})
    if unknown:
        raise AssumptionError(
            f"{file.name} does not have the keys of non-priced effects",
            found=f"unknown {', '.join(unknown)}",
            do="write one [[effect]] table per effect, and nothing else",
        )
    rows = content.get("effect", [])
    _require_tables(rows, file.name)
    return list(rows)


def non_priced_of(rows: list[Any], name: str) -> tuple[NonPriced, ...]:
    """Return the effects that `[[effect]]` tables stand for; `name` is their file's."""
    _require_tables(rows, name)
    return require_non_priced([_effect(row, name) for row in rows])


def _require_tables(rows: object, name: str) -> None:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise AssumptionError(
            f"{name} does not have the keys of non-priced effects",
            found="effect that is no list of tables",
            do="write one [[effect]] table per effect",
        )


def _effect(row: dict[str, Any], file: str) -> NonPriced:
    missing, unknown = sorted(_KEYS - set(row)), sorted(set(row) - _KEYS)
    if missing or unknown:
        raise AssumptionError(
            f"The effect {row.get('name', '?')!r} of {file} does not have the keys of an effect",
            found=f"missing {', '.join(missing) or 'none'}; unknown {', '.join(unknown) or 'none'}",
            do=f"write {', '.join(sorted(_KEYS))}",
        )
    what = f"effect {row['name']!r} of {file}"
    texts = {key: read_label(row[key], f"{key} of the {what}") for key in _TEXTS}
    return NonPriced(**(row | texts))
