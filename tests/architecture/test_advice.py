"""What an error tells a person to do is there: the names, options and methods it speaks of."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
from functools import cache
from pathlib import Path

import mih_impact as mih
import mih_impact.nav
import mih_impact.reference
from mih_impact import errors
from mih_impact.errors import MihImpactError
from tests.unit.test_advice_followed import TOLD

SOURCE = Path(mih.__file__).parent


def _text(node: ast.expr) -> str:
    """Return a text as far as it is written in the code, {} for what is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    if isinstance(node, ast.IfExp):
        return f"{_text(node.body)} | {_text(node.orelse)}"
    return "{}"


@cache
def advice() -> list[tuple[str, str]]:
    """Return where each piece of advice stands, and what it says."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                for keyword in node.keywords:
                    if keyword.arg == "do":
                        text = _text(keyword.value)
                        where = f"{path.relative_to(SOURCE)}:{node.lineno}"
                        found.append((where, text))
    return found


PUBLIC = [getattr(mih, name) for name in mih.__all__]
FOLDERS = (mih.nav, mih.codes)
PLACES = [*PUBLIC, *(getattr(each, name) for each in FOLDERS for name in each.__all__)]


def _members(public: object) -> list[object]:
    if not inspect.isclass(public):
        return [public] if callable(public) else []
    own = [getattr(public, name) for name in dir(public) if not name.startswith("_")]
    return [public, *(each for each in own if callable(each))]


@cache
def _parameters() -> set[str]:
    found: set[str] = set()
    for public in PLACES:
        for each in _members(public):
            try:
                found |= set(inspect.signature(each).parameters)
            except (TypeError, ValueError):
                continue
        if dataclasses.is_dataclass(public):
            found |= {field.name for field in dataclasses.fields(public)}
    return found


@cache
def _methods() -> set[str]:
    return {name for public in PUBLIC if inspect.isclass(public) for name in dir(public)}


#: So many errors, at most, have advice that no row follows. Lower it as rows are added.
MOST = 192

#: Options of documents, of sheets and of pandas, which are not among the public names.
ELSEWHERE = {"sources", "caption", "alt", "low", "high", "str", "dtype", "sheet_name", "i", "j"}


def missing(text: str) -> list[str]:
    """Return names, options and methods that a text speaks of and that are not there."""
    found = [
        name
        for name in re.findall(r"\bmih\.(\w+)", text)
        if name not in mih.__all__ and name not in ("errors", "reference")
    ]
    bare = r"(?<![\w.'\"])([A-Za-z_]\w*)(?=\(|\.[a-z_]+\()"
    found += [name for name in re.findall(bare, text) if name in mih.__all__ and name != "codes"]
    options = re.findall(r"(?<![\w.\"'{=])([a-zA-Z_]\w*)=(?!=)", re.sub(r"\[\[.*?\]\]", "", text))
    found += [f"{name}=" for name in options if name not in _parameters() | ELSEWHERE]
    results = r"\b(?:panel|group|effects|case|assumptions|sheet)\.(\w+)\("
    return found + [f".{name}()" for name in re.findall(results, text) if name not in _methods()]


def test_what_is_advised_is_there():
    assert len(advice()) > 400
    assert {where: missing(text) for where, text in advice() if missing(text)} == {}


def test_advice_that_leads_nowhere_is_noticed():
    assert missing("use mih.matching(panel, rato=3), Discount.flat(0.03) or group.balanced()") == [
        "matching", "Discount", "rato=", ".balanced()"
    ]  # fmt: skip


def test_a_new_error_comes_with_its_advice_followed():
    """Errors without a row of tests/unit/test_advice_followed.py become fewer, and no more."""
    assert len(advice()) - len(TOLD) <= MOST


def _raised(function: object) -> set[type]:
    """Return the library's errors that stand behind `raise` in a function's own body."""
    own = inspect.unwrap(function)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(own)))
    except (OSError, SyntaxError, TypeError):  # made by dataclass, or a property's
        return set()
    raised = (node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise))
    names = [call.func.id for call in raised
             if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)]  # fmt: skip
    found = [own.__globals__.get(name) for name in names]
    return {each for each in found if inspect.isclass(each) and issubclass(each, MihImpactError)}


def test_what_a_public_call_raises_stands_under_raises():
    """Whoever has a section names in it each error that its own body raises, or a wider one."""
    wrong = {}
    for public in PLACES:
        for each in _members(public):
            body = getattr(each, "__post_init__", each) if inspect.isclass(each) else each
            section = re.search(
                r"\nRaises\n-+\n(.*?)(?:\n\w+\n---|\Z)", inspect.getdoc(each) or "", re.S
            )
            if section is None:
                continue
            told = [vars(errors)[name] for name in re.findall(r"^(\w+)$", section[1], re.M)]
            untold = [c.__name__ for c in _raised(body) if not issubclass(c, tuple(told))]
            if untold:
                wrong[getattr(each, "__qualname__", str(each))] = untold
    assert wrong == {}
