"""The API reference: every public name under its floor, from the top of the house down."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path
from typing import Any

import mih_impact as mih
from mih_impact.display.result import Displayed

#: What a floor is called on the site, and what its names are for.
_FLOORS = {
    "panel": ("Panels", "Reading a register, checking it, and registers to practise on."),
    "registers": ("Tables of an extract", "From tables and spells to a panel."),
    "controls": ("Control groups", "Who is compared with whom, and how alike they are."),
    "effects": ("Effects", "Effects by year since start, their errors and their tests."),
    "falsification": ("What could be wrong", "Placebos, bounds, other specifications."),
    "account": ("The account", "Costs and gains, their uncertainty, and budgets."),
    "reporting": ("Documents", "Memo, workbook, budget page and tables as files."),
    "study": ("Whole analyses", "An analysis as one file, and draws through all of it."),
    "nav": ("The reference case", "Nav's analysis of Menn i helse."),
    "reference": ("Prices, rules and codes", "Official series and lists, dated and sourced."),
    "display": ("Display", "Language, labels, units and options."),
    "storage": ("Saved results", "Results as files, without pickle."),
    "errors": ("Errors and warnings", "Every message says what, what was found, what to do."),
}


def write(out: Path) -> None:
    """Write the index and a page of tables for every floor; autosummary writes the rest."""
    shutil.rmtree(out, ignore_errors=True)  # what has another name now is gone
    out.mkdir()
    names = _by_floor()
    missing = set(names) - set(_FLOORS)
    if missing:
        raise LookupError(f"docs/site_pages/reference.py has no heading for {sorted(missing)}")
    (out / "index.rst").write_text(_index(names), encoding="utf-8")
    for floor in names:
        (out / f"{floor}.rst").write_text(_page(floor, names[floor]), encoding="utf-8")


def is_field(_app: Any, _what: str, name: str, member: Any, skip: bool, _options: Any) -> bool:
    """Leave out the fields of a dataclass: its docstring has them."""
    plain = not callable(member) and not isinstance(member, property | classmethod | staticmethod)
    return skip or (plain and not name.startswith("_"))


def signature(
    _app: Any, what: str, _name: str, value: Any, _options: Any, text: str | None, back: str | None
) -> tuple[str | None, str | None]:
    """Leave out how a result is made: calls make it, nobody writes its class."""
    made_by_calls = what == "class" and issubclass(value, Displayed)
    return ("" if made_by_calls else text), back


def _by_floor() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in mih.__all__:
        found.setdefault(mih._HOME[name].split(".")[0], []).append(name)
    return {floor: found[floor] for floor in _FLOORS if floor in found} | {
        floor: names for floor, names in found.items() if floor not in _FLOORS
    }


def _index(names: dict[str, list[str]]) -> str:
    rows = "\n".join(f"   {floor}" for floor in names)
    said = "\n".join(
        f"   * - :doc:`{_FLOORS[floor][0]} <{floor}>`\n     - {_FLOORS[floor][1]}\n     - "
        + ", ".join(f":py:obj:`~mih_impact.{name}`" for name in names[floor])
        for floor in names
    )
    return f"""{_heading("API reference", "=")}
Everything public is a name of the package: ``import mih_impact as mih``. Verbs take data and
options, options by keyword, and give frozen results. Every result has ``summary()``,
``to_frame()`` and ``save()``, and most have ``plot()``. Examples on these pages are run by the
tests.

.. list-table::
   :widths: 18 32 50
   :class: reference-floors

{said}

.. toctree::
   :hidden:

{rows}
"""


def _page(floor: str, names: list[str]) -> str:
    title, said = _FLOORS[floor]
    kinds: dict[str, list[str]] = {"function": [], "class": [], "module": []}
    for name in names:
        value = getattr(mih, name)
        kind = "module" if inspect.ismodule(value) else "class"
        kinds["function" if inspect.isfunction(value) else kind].append(name)
    parts = [_heading(title, "="), said, ""]
    for kind, words in (("function", "Calls"), ("class", "What they give and take")):
        if kinds[kind]:
            parts += [_heading(words, "-"), _summary("mih_impact", kinds[kind])]
    for module in kinds["module"]:
        home = getattr(mih, module)
        parts += [_heading(f"mih.{module}", "-"), inspect.getdoc(home) or "", ""]
        parts += [_summary(home.__name__, list(home.__all__))]
    return "\n".join(parts)


def _heading(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}\n"


def _summary(module: str, names: list[str]) -> str:
    rows = "\n".join(f"   {name}" for name in names)
    return f".. currentmodule:: {module}\n\n.. autosummary::\n   :toctree: api\n\n{rows}\n"
