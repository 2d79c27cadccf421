"""What `mih-impact reproduce` and `mih-impact memo` print, number by number.

    python -m tests.golden.recorded      # record anew; only when a number is meant to change

The record is `recorded.json.gz`: for both languages every number that stands in the terminal, in
the tables, in the memo, on the budget page and in the cells of the workbook, in their order.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import re
import tempfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

RECORD = Path(__file__).with_name("recorded.json.gz")
LANGS = ("nb", "en")
#: A number as a reader sees it: digits, with what groups and divides them, and its sign.
NUMBER = re.compile(r"[-\u2212]?\d(?:[\d.,:/\u00a0\u202f]*\d)?(?:e[-+]\d+)?")
#: A number as a program writes it, where a comma only parts one number from the next.
PLAIN = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
#: What a page reckons from, and what it is drawn with.
SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL)
NOT_READ = re.compile(r"<style.*?</style>|<svg.*?</svg>|data:image/[^\"']+", re.DOTALL)


def numbers(text: str) -> list[str]:
    """Every number in a text, in its order."""
    return NUMBER.findall(text)


def plain_numbers(text: str) -> list[float]:
    """Every number in a table or a script, in its order."""
    return [float(one) for one in PLAIN.findall(text)]


def page_numbers(page: str) -> list[Any]:
    """The numbers that a page shows, and then those that its script reckons from."""
    page = NOT_READ.sub(" ", page)
    text = unescape(re.sub(r"<[^>]*>", " ", SCRIPT.sub(" ", page)))
    return numbers(text) + plain_numbers(" ".join(SCRIPT.findall(page)))


def cells(book: Path) -> Iterator[tuple[str, list[Any]]]:
    """Values of the cells of each sheet that hold one."""
    for sheet in load_workbook(book, data_only=True):
        found = [cell for row in sheet.iter_rows(values_only=True) for cell in row]
        yield sheet.title, [v for v in found if isinstance(v, (int, float))]


def run(command: str, folder: Path, lang: str) -> str:
    """Run a command of the library and return what it printed."""
    from mih_impact.cli import main

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        main([command, "--out", str(folder), "--lang", lang, "--quiet"])
    return printed.getvalue().replace(str(folder), "")


def all_numbers(lang: str) -> dict[str, list[Any]]:
    """Name of each table, page and sheet to its numbers."""
    found: dict[str, list[Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for command in ("reproduce", "memo"):
            found[command] = numbers(run(command, folder, lang))
        for path in sorted(folder.iterdir()):
            if path.suffix == ".csv":
                found[path.name] = plain_numbers(path.read_text(encoding="utf-8"))
            elif path.suffix == ".html":
                found[path.name] = page_numbers(path.read_text(encoding="utf-8"))
            elif path.suffix == ".xlsx":
                found |= {f"{path.name}: {sheet}": values for sheet, values in cells(path)}
    return found


def recorded() -> dict[str, dict[str, list[Any]]]:
    """The record: language to name to numbers."""
    with gzip.open(RECORD, "rt", encoding="utf-8") as stream:
        return json.load(stream)


def main() -> None:
    text = json.dumps({lang: all_numbers(lang) for lang in LANGS}, ensure_ascii=False)
    RECORD.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
