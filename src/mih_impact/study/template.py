"""`mih-impact init`: an analysis to start from, of a made-up programme."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from mih_impact.display.labels import Lang
from mih_impact.display.options import language
from mih_impact.errors import StorageError
from mih_impact.storage import write_whole

__all__ = ["write_template"]

_FILES = ("analysis.toml", "programme.toml")


def write_template(folder: str | Path, *, lang: Lang | None = None) -> list[Path]:
    """Write an analysis and its programme, with comments; it runs as it stands.

    Parameters
    ----------
    folder
        Where; made if it is not there.
    lang
        Language of the comments; the option in force if None.

    Returns
    -------
    list of Path

    Raises
    ------
    StorageError
        One of the files is there already; nothing is written then.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     [path.name for path in write_template(folder)]
    ['analysis.toml', 'programme.toml']
    """
    home = files("mih_impact.study") / "templates" / language(lang)
    paths = [Path(folder) / name for name in _FILES]
    there = [path.name for path in paths if path.exists()]
    if there:
        raise StorageError(
            "There is an analysis already, and it is left as it is",
            found=", ".join(there),
            do="give another folder, or move the files",
        )
    return [write_whole(path, (home / path.name).read_bytes()) for path in paths]
