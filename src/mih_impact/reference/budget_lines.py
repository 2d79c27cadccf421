"""On which budget line a flow of public money is found: level, department, chapter and post.

Only the state's budget has chapters and posts; a county or a municipality votes its own budget. The
three blocks are what a budget document keeps apart and never nets: grants that must be voted,
rule-bound benefits whose estimates change by themselves, and revenue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, Literal, NamedTuple, get_args

import pandas as pd

from mih_impact import arguments
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.reference.rows import Status, table

__all__ = ["DEPARTMENTS", "Block", "BudgetLine", "Level", "Post", "budget_line", "budget_lines"]

Level = Literal["state", "county", "municipality"]
"""Whose budget it is."""

Block = Literal["grants", "rule_bound", "revenue"]
"""Voted means, benefits paid by rule, or taxes and contributions."""

#: Short name -> name in bokmål and in English.
DEPARTMENTS: dict[str, tuple[str, str]] = {
    "AID": ("Arbeids- og inkluderingsdepartementet", "Ministry of Labour and Social Inclusion"),
    "FIN": ("Finansdepartementet", "Ministry of Finance"),
    "HOD": ("Helse- og omsorgsdepartementet", "Ministry of Health and Care Services"),
}


class Post(NamedTuple):
    """A post (item) of a chapter of the state budget.

    Examples
    --------
    >>> str(Post(605, 1))
    '605.01'
    """

    chapter: int
    post: int

    def __str__(self) -> str:
        return f"{self.chapter}.{self.post:02d}"


@dataclass(frozen=True, kw_only=True)
class BudgetLine:
    """Where in the public budgets a flow is found.

    Parameters
    ----------
    name
        Short name in English; benefits keep the names of the panel's columns.
    label_nb, label_en
        The displayed name.
    level
        Whose budget: ``"state"``, ``"county"`` or ``"municipality"``.
    department
        Short name of the ministry, a key of `DEPARTMENTS`; empty outside the state.
    posts
        Chapters and posts of the state budget; empty outside the state. Several where the account
        cannot tell them apart.
    block
        ``"grants"``, ``"rule_bound"`` or ``"revenue"``.
    year
        The budget the posts were read in; None outside the state. Numbers change between budgets.
    status, source, note
        How sure we are, where it was read, and what else the reader should know.

    Raises
    ------
    AssumptionError
        For an unknown level, block, department or status, or posts that do not fit the level.
    """

    name: str
    label_nb: str
    label_en: str
    level: Level
    department: str
    posts: tuple[Post, ...]
    block: Block
    year: int | None
    status: Status
    source: str
    note: str

    def __post_init__(self) -> None:
        for what, known in (
            ("level", get_args(Level)),
            ("block", get_args(Block)),
            ("status", get_args(Status)),
            ("department", (*DEPARTMENTS, "")),
        ):
            arguments.choice(f"The budget line {self.name!r}", what, getattr(self, what), known)
        told = [bool(self.department), bool(self.posts), self.year is not None]
        if told != [self.level == "state"] * 3:
            raise AssumptionError(
                f"The budget line {self.name!r} mixes the state's budget with another",
                found=f"level {self.level}, department {self.department or 'none'},"
                f" {len(self.posts)} posts, year {self.year or 'none'}",
                do="give department, posts and year to the state's lines, and to no other",
            )

    @property
    def unsure(self) -> bool:
        """Whether whoever shows the line has to show its status."""
        return self.status != "seen"


def budget_line(name: str) -> BudgetLine:
    """Return one budget line.

    Parameters
    ----------
    name
        Its short name; `budget_lines` has them all.

    Raises
    ------
    AssumptionError
        When there is none of that name; the nearest is suggested.

    Examples
    --------
    >>> line = budget_line("dagpenger")
    >>> line.department, [str(post) for post in line.posts], line.block
    ('AID', ['2541.70'], 'rule_bound')
    """
    known = {line.name: line for line in budget_lines()}
    line = known.get(name) if isinstance(name, str) else None
    if line is None:
        close = get_close_matches(str(name), list(known), n=1)
        raise OptionError(
            f"There is no budget line {arguments.shown(name)}",
            found=f"{len(known)} lines: {', '.join(known)}",
            do=f"use {close[0]!r}" if close else "use one of those found",
        )
    return line


@cache
def budget_lines() -> tuple[BudgetLine, ...]:
    """Return every budget line, in the order of its file.

    Examples
    --------
    >>> sum(line.block == "revenue" for line in budget_lines())
    4
    """
    return tuple(_line(row) for row in table("budget_lines").to_dict("records"))


def _line(row: dict[Any, Any]) -> BudgetLine:
    year = None if pd.isna(row["year"]) else int(row["year"])
    return BudgetLine(**(row | {"posts": _posts(row["posts"]), "year": year}))


def _posts(text: str) -> tuple[Post, ...]:
    """Read what the state budget calls ``kap. 2541 post 70``; semicolons stand between several."""
    found = []
    for part in filter(None, text.split("; ")):
        parsed = re.fullmatch(r"kap\. (\d+) post (\d\d)", part)
        if parsed is None:
            raise AssumptionError(
                "A budget line names a post that is not a chapter and a post",
                found=repr(part),
                do="write it as kap. 2541 post 70",
            )
        found.append(Post(int(parsed[1]), int(parsed[2])))
    return tuple(found)
