"""Make small mistakes by rule, drawn with a seed, and count how many the tests notice.

    pytest --cov=mih_impact --cov-context=test --junitxml=out/tests.xml   # which test covers what
    python -m tests.mutants.automatic --tests out/tests.xml --number 300 --seed 2025 --jobs 2

Each mistake is one change of one expression in the packages that estimate and reckon (`PACKAGES`):
a comparison, a sign, an operator, a number, a condition turned round, a check left out. Every test
that covers its line is run on a copy of the project, the quickest first, until one fails. What
survives is listed in `automatic.json`; `equivalent.toml` says of some why they change nothing that
can be seen, and they do not count. It takes hours: with `--kept FILE` each fate is written there as
soon as it is known, and those that stand there are not tried again; with `--at-most SECONDS` a
mistake that the quickest tests did not notice in that time (as recorded) has survived, so that the
share noticed is too low rather than too high.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import os
import random
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from queue import SimpleQueue
from xml.etree import ElementTree

from tests.mutants.run import HERE, ROOT, copy_of_project, run_tests

PACKAGES = ("src/mih_impact/effects", "src/mih_impact/account")
#: How things look is judged by eye, and by the tests of figures and pages: left out, as is every
#: function that draws.
LEFT_OUT = ("figures", "forest.py", "excel_layout.py", "card.py", "display.py")
RECORD, EQUIVALENT = HERE / "automatic.json", HERE / "equivalent.toml"
#: A run of tests that takes so many times its recorded seconds, and a minute, hangs: noticed.
PATIENCE = 20
#: How many of the tests are run before all the others, however long they take.
FIRST = 25

_COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Div, ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip


@dataclass(frozen=True)
class Mistake:
    """One change: where it is, and the text of the line's expression before and after."""

    file: str
    line: int
    within: str
    before: str
    after: str
    span: tuple[int, int]
    draws: bool

    @property
    def name(self) -> str:
        file = self.file.removeprefix("src/mih_impact/")
        return f"{file}, {self.within}: {self.before} -> {self.after}"

    def planted(self, source: bytes) -> bytes:
        start, stop = self.span
        return source[:start] + self.after.encode() + source[stop:]


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in a node's place, wrongly."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        other = _COMPARED[type(node.ops[0])]()
        yield ast.Compare(node.left, [other], node.comparators)
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS and not _is_text(node):
        yield ast.BinOp(node.left, _OPERATORS[type(node.op)](), node.right)
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield ast.BoolOp(other, node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub, ast.Invert)):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        yield ast.Constant(node.value + 1)
    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(node.test, node.orelse, node.body)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass()


def _is_text(node: ast.AST) -> bool:
    """Return whether an operation puts texts or lists together."""
    parts = (ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.ListComp)
    return any(
        isinstance(each, parts) or (isinstance(each, ast.Constant) and isinstance(each.value, str))
        for each in ast.walk(node)
    )


def mistakes_of(path: Path) -> Iterator[Mistake]:
    """Yield every mistake that can be made in a module, outside of annotations."""
    source = path.read_bytes()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    file = path.relative_to(ROOT).as_posix()

    def below(node: ast.AST, within: str, draws: bool) -> Iterator[Mistake]:
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if not isinstance(child, ast.AST):
                    continue
                if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                    inside = draws or _draws(child)
                    yield from below(child, f"{within}.{child.name}".lstrip("."), inside)
                    continue
                if isinstance(child, ast.expr | ast.stmt):
                    first = starts[child.lineno - 1] + child.col_offset
                    last = starts[(child.end_lineno or 0) - 1] + (child.end_col_offset or 0)
                    for other in changes(child):
                        text = ast.unparse(ast.fix_missing_locations(other))
                        after = text if isinstance(child, ast.stmt) else f"({text})"
                        before = ast.unparse(child)
                        span = (first, last)
                        yield Mistake(file, child.lineno, within, before, after, span, draws)
                yield from below(child, within, draws)

    yield from below(ast.parse(source), "", draws=False)


def _draws(node: ast.AST) -> bool:
    """Return whether a function draws: it takes or gives axes."""
    if not isinstance(node, ast.FunctionDef):
        return False
    annotated = [node.returns, *(each.annotation for each in node.args.args)]
    return any(each is not None and "Axes" in ast.unparse(each) for each in annotated)


def drawn(number: int, seed: int) -> list[Mistake]:
    """Return as many mistakes as are wanted, each module by its share of all that do not draw."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    judged = [path for path in paths if not any(name in path.as_posix() for name in LEFT_OUT)]
    every = [mistake for path in judged for mistake in mistakes_of(path)]
    some = random.Random(seed).sample(every, 2 * number)
    return [mistake for mistake in some if not mistake.draws][:number]


class Covering:
    """Which tests cover a line, the quickest first."""

    def __init__(self, coverage: Path, tests: Path) -> None:
        from coverage import CoverageData

        self.data = CoverageData(str(coverage))
        self.data.read()
        self.files = {
            Path(file).as_posix().split("/src/")[-1]: file for file in self.data.measured_files()
        }
        self.seconds: dict[str, float] = defaultdict(float)
        for case in ElementTree.parse(tests).iter("testcase"):
            file = case.attrib["classname"].replace(".", "/") + ".py"
            self.seconds[f"{file}::{case.attrib['name']}"] = float(case.attrib["time"])

    def of(self, mistake: Mistake, at_most: float) -> list[str]:
        """Return the tests; where the line is run on import alone, those of the whole module."""
        file = self.files.get(mistake.file.split("src/")[-1])
        lines = self.data.contexts_by_lineno(file) if file else {}
        found = {each.rpartition("|")[0] for each in lines.get(mistake.line, []) if each}
        if not found and mistake.line in lines:
            found = {each.rpartition("|")[0] for some in lines.values() for each in some if each}
        quickest = sorted(found, key=lambda test: (self.seconds[test], test))
        spent = accumulate(self.seconds[test] for test in quickest)
        return [test for i, (test, so_far) in enumerate(zip(quickest, spent, strict=True))
                if i < FIRST or so_far <= at_most]  # fmt: skip

    def patience(self, tests: list[str]) -> float:
        """Return how many seconds the tests may take before they are said to hang."""
        return 60 + PATIENCE * sum(self.seconds[test] for test in tests)


def fate(mistake: Mistake, covering: Covering, at_most: float, root: Path) -> str:
    """Return "killed", "survived" or "covered by no test"."""
    tests = covering.of(mistake, at_most)
    if not tests:
        return "covered by no test"
    path = root / mistake.file
    whole = path.read_bytes()
    try:
        path.write_bytes(mistake.planted(whole))
        for some in (tests[:FIRST], tests[FIRST:]):
            limit = covering.patience(some)
            if some and run_tests(tuple(some), root, timeout=limit).returncode != 0:
                return "killed"
    except subprocess.TimeoutExpired:
        return "killed"
    finally:
        path.write_bytes(whole)
    return "survived"


def main(arguments: list[str] | None = None) -> int:
    """Draw the mistakes, run the tests, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--coverage", type=Path, default=ROOT / ".coverage")
    parser.add_argument("--tests", type=Path, required=True, help="pytest's --junitxml")
    parser.add_argument("--number", type=int, default=300)
    parser.add_argument("--seed", type=int, default=2025)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--kept", type=Path, default=Path(os.devnull), help="fates, as they come")
    parser.add_argument("--at-most", type=float, default=math.inf, help="seconds for a mistake")
    options = parser.parse_args(arguments)
    covering = Covering(options.coverage, options.tests)
    mistakes = drawn(options.number, options.seed)
    equivalent = (
        tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")) if EQUIVALENT.exists() else {}
    )
    why = {each["mistake"]: each["why"] for each in equivalent.get("equivalent", [])}
    with ExitStack() as stack, ThreadPoolExecutor(options.jobs) as pool:
        kept = stack.enter_context(options.kept.open("a+", encoding="utf-8"))
        kept.seek(0)
        known = dict(json.loads(line) for line in kept)
        free: SimpleQueue[Path] = SimpleQueue()
        for _ in range(options.jobs):
            free.put(stack.enter_context(copy_of_project()))

        def tried(mistake: Mistake) -> str:
            name = f"{mistake.line} {mistake.name}"
            if name in known:
                return known[name]
            root = free.get()
            try:
                found = fate(mistake, covering, options.at_most, root)
            finally:
                free.put(root)
            print(f"{found:<20} {mistake.file}:{name}", flush=True)
            kept.write(json.dumps([name, found], ensure_ascii=False) + "\n")
            kept.flush()
            return found

        fates = list(pool.map(tried, mistakes))
    return recorded(mistakes, fates, why, options)


def commit() -> str:
    """Return whose sources the mistakes were made in."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def recorded(
    mistakes: list[Mistake], fates: list[str], why: dict[str, str], options: argparse.Namespace
) -> int:
    """Write what became of the mistakes, and return 1 where fewer than nine in ten were noticed."""
    stayed = [m for m, f in zip(mistakes, fates, strict=True) if f != "killed"]
    left = [m for m in stayed if m.name not in why]
    counted = len(mistakes) - len(stayed) + len(left)
    killed = counted - len(left)
    record = {
        "commit": commit(),
        "seed": options.seed,
        "drawn": len(mistakes),
        "at_most_seconds": options.at_most if math.isfinite(options.at_most) else None,
        "equivalent": len(mistakes) - counted,
        "killed": killed,
        "share": round(killed / counted, 3),
        "survived": [{"line": m.line, "mistake": m.name} for m in left],
    }
    RECORD.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{killed} of {counted} mistakes noticed")
    return int(killed < 0.9 * counted)


if __name__ == "__main__":
    sys.exit(main())
