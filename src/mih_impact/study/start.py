"""An analysis to start from: of a made-up programme, or of the columns that a register has."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Set
from importlib.resources import files
from pathlib import Path

from mih_impact.display.locale import Label, Lang, in_language, language
from mih_impact.errors import StorageError
from mih_impact.panel.contract import CONTRACT, OUTCOMES
from mih_impact.panel.names import SURE, lookalikes
from mih_impact.panel.sources import column_names
from mih_impact.storage import write_whole

__all__ = ["write_template"]

_FILES = ("analysis.toml", "programme.toml")
#: What an analysis with an account cannot do without.
_NEEDED = ("person_id", "year", "start_year", "wage_income")
_HEAD = Label(
    nb="# Skrevet ut fra kolonnene i {file}. Se gjennom den, og så: mih-impact check {name}\n"
    "# programme.toml er et oppdiktet tiltak: sett inn ditt eget.\n",
    en="# Written from the columns of {file}. Look through it, and then: mih-impact check {name}\n"
    "# programme.toml is a made-up programme: put your own in its place.\n",
)
_PERHAPS = Label(
    nb="# Ligner, men er ikke brukt: {columns}\n", en="# Alike, but not used: {columns}\n"
)
_UNUSED = Label(
    nb="# Andre kolonner i filen: {columns}\n", en="# Other columns in the file: {columns}\n"
)
_MISSING = Label(
    nb="# Finnes ikke under noe kjent navn, skriv dem inn i columns: {columns}\n",
    en="# Not found under any known name, write them into columns: {columns}\n",
)


def write_template(
    folder: str | Path, *, data: str | Path | None = None, lang: Lang | None = None
) -> list[Path]:
    """Write an analysis and its programme, with comments.

    Parameters
    ----------
    folder
        Where; made if it is not there.
    data
        A register in a file that `read_panel` takes, or a glob: the analysis is written for the
        columns that it has.
        None is the synthetic register, on which it runs as it stands.
    lang
        Language of the comments; the option in force if None.

    Returns
    -------
    list of Path

    Raises
    ------
    StorageError
        One of the files is there already; nothing is written then.
    PanelContractError
        The register cannot be read.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     [path.name for path in write_template(folder)]
    ['analysis.toml', 'programme.toml']
    """
    with in_language(lang):
        home = files("mih_impact.study") / "templates" / language()
        texts = {name: (home / name).read_text(encoding="utf-8") for name in _FILES}
        paths = [Path(folder) / name for name in _FILES]
        there = [path.name for path in paths if path.exists()]
        if there:
            raise StorageError(
                "There is an analysis already, and it is left as it is",
                found=", ".join(there),
                do="give another folder, or move the files",
            )
        if data is not None:
            texts[_FILES[0]] = _for_register(texts[_FILES[0]], str(data), Path(folder))
        return [write_whole(path, texts[path.name].encode()) for path in paths]


def _for_register(text: str, data: str, folder: Path) -> str:
    """Return the analysis with the source, names, controls and outcomes of a register."""
    present = column_names(data)
    ours = [name for name in CONTRACT if name in present]
    free = [name for name in present if name not in ours]
    wanted = [name for name in CONTRACT if name not in ours]
    sure = lookalikes(wanted, free, SURE)
    rest = [name for name in free if name not in sure.values()]
    perhaps = lookalikes([name for name in wanted if name not in sure], rest)
    have = {*ours, *sure}
    for key, value in _lines(data, folder, sure, have).items():
        was = re.search(rf"(?m)^(?:# )?{key} = [^#\n]*?(?=\s*(?:#|$))", text)
        if was is not None:
            text = f"{text[: was.start()]}{key} = {value}{text[was.end() :]}"
    said = (
        (_PERHAPS, [f"{name} = {_text(source)}" for name, source in perhaps.items()]),
        (_MISSING, [name for name in _NEEDED if name not in have]),
        (_UNUSED, [name for name in rest if name not in perhaps.values()]),
    )
    notes = [label.format(columns=", ".join(each)).text() for label, each in said if each]
    head = _HEAD.format(file=Path(data).name, name=_FILES[0]).text()
    body = text.split("\n", 3)[3]
    return head + body.replace("[data]\n", "[data]\n" + "".join(notes), 1)


def _lines(data: str, folder: Path, named: Mapping[str, str], have: Set[str]) -> dict[str, str]:
    """Return what the register decides, by the key of the analysis."""
    month = '\nperiod = "month"' if "month" in have else ""
    lags = [f"wage_income[-{year}]" for year in (1, 2, 3) if "wage_income" in have]
    alike = ["age"] * ("birth_year" in have) + ["education"] * ("education" in have) + lags
    lines = {
        "source": _text(Path(os.path.relpath(data, folder)).as_posix()) + month,
        "exact": json.dumps([name for name in ("county", "benefit_type") if name in have]),
        "on": json.dumps(alike),
        "outcomes": json.dumps([name for name in OUTCOMES if name in have]),
    }
    if named:
        pairs = (f"{ours} = {_text(named[ours])}" for ours in CONTRACT if ours in named)
        lines["columns"] = f"{{ {', '.join(pairs)} }}"
    return lines


def _text(value: str) -> str:
    """Return a text as TOML quotes it."""
    return json.dumps(value, ensure_ascii=False)
