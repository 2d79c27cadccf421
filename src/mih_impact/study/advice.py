"""Advice in the words of a file: what a message says of Python's options, as TOML and as flags."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from functools import cache

from mih_impact.controls.choose import match, weight
from mih_impact.display.locale import Label
from mih_impact.effects.event_study import event_study
from mih_impact.errors import WORDS, MihImpactError
from mih_impact.panel.check import PanelReport
from mih_impact.panel.names import NULL
from mih_impact.reference import codes
from mih_impact.study.account import AccountSpec
from mih_impact.study.spec import DataSpec

__all__ = ["as_flags", "as_tables", "as_toml", "report_told", "told"]

#: The keys of every section; an option of several belongs to the first.
_SECTIONS: dict[str, set[str]] = {
    "data": {field.name for field in fields(DataSpec)},
    "account": {field.name for field in fields(AccountSpec)},
    "controls": {*inspect.signature(match).parameters, *inspect.signature(weight).parameters},
    "effects": {*inspect.signature(event_study).parameters},
}
#: The tables that may be several, each with its heading.
_HEADINGS = ("yearly", "monthly", "spells", "status")
_OPTION = re.compile(r"(?<![\w.])([a-z_]+)=(?=[\w{\[(\"'.-])")
_BARE = re.compile(r"[\w-]+", re.ASCII)
#: A benefit of one's own, in Python and as a table.
_OWN = "a mih.Benefit of your own with payer and taxability"
_OWN_TABLE = 'a benefit of your own, { payer = "municipality", taxable = true }'
#: What stands for further keys of a table.
_MORE = "..."
#: What is no option, and stands for no value or no role.
_NONE = re.compile(r"\bNone\b(?= to leave|;|\.?$)")


def as_toml(advice: str) -> str:
    """Return advice with the options that an analysis.toml has as its lines.

    What has no such line is left as it stands.

    Examples
    --------
    >>> as_toml("leave it out: roles={'aap': None}")
    'leave it out: roles = { aap = "null" } under [account]'
    >>> as_toml('values={"municipality": mih.codes.municipality(2024)}')
    'values = { municipality = { list = "municipality", year = 2024 } } under [data]'
    """
    advice = advice.replace(_OWN, _OWN_TABLE)
    return _NONE.sub(f'"{NULL}"', _told(advice, _line))


def as_tables(advice: str) -> str:
    """Return advice with the options of tables as the lines of a tables.toml.

    Examples
    --------
    >>> as_tables('to="aap" with per="day", days=mih.scaled(260), in spells=[table]')
    'to = "aap" with per = "day", days = { scaled = 260 }, in [[tables.spells]]'
    >>> as_tables('say which: columns={"year": "aar", ...}')
    'say which: columns = { year = "aar", ... }'
    """
    return _told(advice, _table_line)


def as_flags(advice: str) -> str:
    """Return advice with names of columns as the command line takes them, the rest as of a file.

    Examples
    --------
    >>> as_flags('say which they are: columns={"person_id": "lopenr", "year": "aar"}')
    'say which they are: --columns person_id=lopenr year=aar'
    """
    return _told(advice, _flag)


@contextmanager
def told(words: Callable[[str], str] = as_toml) -> Iterator[None]:
    """Let errors and warnings say what to do in the words of a file, or as flags."""
    before = WORDS.set(words)
    try:
        yield
    except MihImpactError as error:
        error.advise(words)
        raise
    finally:
        WORDS.reset(before)


def report_told(report: PanelReport, words: Callable[[str], str]) -> PanelReport:
    """Return a report whose advice is written as keys of a file, or as flags."""
    breaches = (
        replace(each, do=Label(nb=words(each.do.nb), en=words(each.do.en)))
        for each in report.breaches
    )
    return replace(report, breaches=tuple(breaches))


def _told(advice: str, put: Callable[[str, ast.expr], str | None]) -> str:
    """Return advice with every `name=value` of Python's put in other words, where there are any."""
    found, at = [], 0
    for option in _OPTION.finditer(advice):
        if option.start() < at or _within_call(advice[: option.start()]):
            continue
        end = _end(advice, option.end())
        with suppress(SyntaxError, ValueError, TypeError):
            text = advice[option.end() : end].replace(", ...}", f", {_MORE!r}: ...}}")
            value = ast.parse(text, mode="eval").body
            words = put(option[1], value)
            if words is not None:
                found += [advice[at : option.start()], words]
                at = end
    return "".join([*found, advice[at:]])


def _within_call(text: str) -> bool:
    """Return whether a call that begins in a text has not ended there."""
    opened: list[bool] = []
    for at, sign in enumerate(text):
        if sign == "(":
            opened.append(text[at - 1 : at].isidentifier())
        elif sign == ")" and opened:
            opened.pop()
    return any(opened)


def _end(text: str, start: int) -> int:
    """Return where an expression of Python ends in a sentence."""
    depth, quote = 0, ""
    for at in range(start, len(text)):
        sign = text[at]
        if quote or sign in "\"'":
            quote = "" if sign == quote else quote or sign
        elif sign in "([{":
            depth += 1
        elif sign in ")]}" and depth:
            depth -= 1
        elif not depth and sign in ")]} ,;":
            return at
    return len(text)


def _flag(name: str, value: ast.expr) -> str | None:
    if name != "columns" or not isinstance(value, ast.Dict):
        line = _line(name, value)
        return line and f"{line} of an analysis.toml"
    pairs = (f"{ours}={theirs}" for ours, theirs in ast.literal_eval(value).items())
    return " ".join(["--columns", *(f"'{pair}'" if " " in pair else pair for pair in pairs)])


def _table_line(name: str, value: ast.expr) -> str | None:
    if name in _HEADINGS:
        return f"[[tables.{name}]]"
    return f"{name} = {_toml(value)}" if name in _of_tables() else None


@cache
def _of_tables() -> set[str]:
    """Return the keys of a file of tables, apart from headings."""
    from mih_impact.registers.build import build_panel
    from mih_impact.registers.tables import Spells, Starts, Status, Table

    keys = {field.name for kind in (Table, Spells, Status, Starts) for field in fields(kind)}
    return keys | {*inspect.signature(build_panel).parameters} - {*_HEADINGS}


def _line(name: str, value: ast.expr) -> str | None:
    """Return the line of an analysis that gives an option, and where it belongs."""
    section = next((section for section, keys in _SECTIONS.items() if name in keys), None)
    if section is None:
        return None
    added = re.fullmatch(r"mih\.PriceIndex\.kpi\(\)\.extended\((.*)\)", ast.unparse(value))
    if name == "index" and added:
        name, value = "kpi", ast.parse(added[1], mode="eval").body
    return f"{name} = {_toml(value)} under [{section}]"


def _toml(node: ast.expr) -> str:
    """Return an expression as TOML, or raise `ValueError`."""
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return _table({_key(key): _toml(value) for key, value in pairs})
    if isinstance(node, ast.Set):  # {...}
        return f"{{ {', '.join(map(_toml, node.elts))} }}"
    if isinstance(node, (ast.List, ast.Tuple)):
        return f"[{', '.join(map(_toml, node.elts))}]"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):  # a list of codes and more
        listed = _toml(node.left) if isinstance(node.left, ast.Call) else '{ list = "..." }'
        return f"{listed[:-2]}, codes = {_toml(node.right)} }}"
    if isinstance(node, ast.Call):
        return _called(node)
    if isinstance(node, ast.Starred) and isinstance(node.value, ast.Call):
        return _lags(node.value)
    value = ast.literal_eval(node)
    if value is ...:
        return "..."
    return json.dumps(NULL if value is None else value, ensure_ascii=False)


def _lags(node: ast.Call) -> str:
    """Return lags of a column, which a file names as terms."""
    if ast.unparse(node.func) != "mih.lag":
        raise ValueError("no lags")
    column, *years = map(ast.literal_eval, node.args)
    return ", ".join(json.dumps(f"{column}[-{year}]") for year in years)


def _called(node: ast.Call) -> str:
    """Return a call of ours as the table that stands for it."""
    from mih_impact.registers.spec import LISTS

    name = ast.unparse(node.func)
    named = {str(each.arg): _toml(each.value) for each in node.keywords}
    if name.startswith("mih.codes.") and (of := name.removeprefix("mih.codes.")) in LISTS:
        order = inspect.signature(getattr(codes, of)).parameters
        given = dict(zip(order, map(_toml, node.args), strict=False))
        return _table({"list": json.dumps(of), **given, **named})
    if name == "mih.scaled":
        return _table({"scaled": _toml(node.args[0])})
    if name == "mih.Unit":
        return _table({"name": _toml(node.args[0]), **named})
    if name == "mih.completers":
        return _table({"completers": _toml(node.args[0])})
    if name == "mih.cut":
        return _table({"cut": f"[{', '.join(map(_toml, node.args))}]"})
    raise ValueError(f"{name} cannot be written as TOML")


def _key(key: ast.expr | None) -> str:
    text = _MORE if key is None else str(ast.literal_eval(key))
    return text if text == _MORE or _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _table(pairs: dict[str, str]) -> str:
    lines = (key if key == _MORE else f"{key} = {value}" for key, value in pairs.items())
    return f"{{ {', '.join(lines)} }}"
