"""Every code block of the README and of the pages runs as printed, and prints what stands there.

A page is one session, in a folder of its own: Python blocks share a namespace, lines of the command
line run in the same folder, and a TOML block whose first line names a file is that file. A block
``output`` is what the block before it prints; ``...`` leaves something out. A block that cannot run
here has a comment before it, ``<!-- not run: why -->``.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import re
import shlex
import tomllib
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import pytest

import mih_impact as mih
from mih_impact import cli

ROOT = Path(__file__).parents[2]
#: Pages in bokmål that show the blocks of another page, which is the one that is run.
TRANSLATED = {"docs/nb/tables.md": "docs/tables.md"}
#: What asks for English in those blocks, and the names of files that `init` and `run` then write.
IN_BOKMAAL = {
    " --lang en": "", 'lang="en", ': "", "my_analysis": "min_analyse", "case.zip": "sak.zip",
    "--out memo": "--out notat",
}  # fmt: skip
WRITTEN = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*WRITTEN, *(ROOT / "docs" / "nb").glob("*.md")]
    if path.relative_to(ROOT).as_posix() not in TRANSLATED
)
BLOCK = re.compile(
    r"^(?P<mark><!-- not run: [^>]+ -->\n+)?```(?P<kind>[^\n]*)\n(?P<code>.*?)^```$", re.M | re.S
)
#: What is shown and is no code of ours.
SHOWN = {"output", "mermaid", "bat", "text", "json"}
SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Block(NamedTuple):
    """A block of code: its language, its text, its first line, and whether it is to run."""

    kind: str
    code: str
    line: int
    runs: bool


def blocks(text: str) -> list[Block]:
    found = BLOCK.finditer(text)
    return [
        Block(b["kind"], b["code"], text[: b.start()].count("\n") + 1, b["mark"] is None)
        for b in found
        if not b["kind"].startswith("{")
    ]


def spaced(text: str) -> str:
    """Return a text in which no-break spaces are spaces: on a page nobody types them."""
    return re.sub(r"[^\S\n]", " ", text)


def run_python(code: str, names: dict[str, object]) -> None:
    """Run a block as a session does: what its last line gives is shown."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<page>", "exec"), names)
    if last is not None:
        shown = eval(compile(ast.Expression(last.value), "<page>", "eval"), names)
        if shown is not None:
            print(repr(shown))


def run_commands(code: str) -> None:
    """Run the lines of our own command line; set-up of an environment is another test's."""
    for line in code.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["mih-impact"]:
            assert cli.main(words[1:]) == 0, line


def run(block: Block, names: dict[str, object]) -> None:
    if block.kind == "python":
        run_python(block.code, names)
    elif block.kind == "sh":
        run_commands(block.code)
    elif block.kind == "toml":
        tomllib.loads(block.code)
        named = re.match(r"# (\S+\.toml)", block.code)
        if named:
            Path(named[1]).write_text(block.code, encoding="utf-8")
    else:
        assert block.kind in SHOWN, f"line {block.line}: what language is {block.kind!r}?"


@pytest.mark.parametrize("page", PAGES)
def test_blocks_run_as_printed(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    printed = ""
    with mih.options(progress=False):
        for block in blocks((ROOT / page).read_text(encoding="utf-8")):
            if block.kind == "output":
                same = doctest.OutputChecker().check_output(
                    *map(spaced, (block.code, printed)), SAME
                )
                assert same, f"{page}, line {block.line}: printed was\n{printed}"
            elif block.runs:
                out = io.StringIO()
                with contextlib.redirect_stdout(out):
                    run(block, names)
                printed = out.getvalue()
            elif block.kind == "python":
                ast.parse(block.code)
    plt.close("all")


@pytest.mark.parametrize("page", PAGES)
def test_blocks_say_their_language(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    outside = BLOCK.sub("", text)
    assert all(block.kind for block in blocks(text))
    assert not re.search(r"\n\n {4}\S", outside), "an indented block: fence it, with its language"


@pytest.mark.parametrize("page", TRANSLATED)
def test_a_translated_page_shows_the_same_blocks_between_as_many_headings(page):
    own, other = ((ROOT / p).read_text(encoding="utf-8") for p in (page, TRANSLATED[page]))
    shown = [block.code for block in blocks(other)]
    for english, bokmaal in IN_BOKMAAL.items():
        shown = [code.replace(english, bokmaal) for code in shown]
    assert [block.code for block in blocks(own)] == shown
    headings, rows = re.compile(r"^#+ ", re.M), re.compile(r"^\| ", re.M)
    for kind in (headings, rows):
        assert len(kind.findall(own)) == len(kind.findall(other))
