"""The size and shape of the library in one table.

    python scripts/metrics.py [--at REVISION] [--cycles] [--modules]

Modules are counted without `__init__`. An import is followed to the module that defines the name,
through whatever packages hand it on; imports inside functions and for type checking count too.
Code lines are those that hold a token which is neither comment nor docstring.
"""

from __future__ import annotations

import argparse
import ast
import io
import subprocess
import tarfile
import tempfile
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "mih_impact"
#: A module with fewer code lines is small.
SMALL = 45
#: A public call with more parameters than this has to have a reason.
MANY = 10

_SILENT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass
class Module:
    """One file: its tree, its lines, and the modules of the library that it imports from."""

    name: str
    is_package: bool
    text: str
    tree: ast.Module
    imports: set[str] = field(default_factory=set)

    @property
    def lines(self) -> int:
        """Lines of the file."""
        return self.text.count("\n")

    @property
    def code(self) -> int:
        """Lines of code, without docstrings, comments and blank lines."""
        documented = {
            line for start, stop in docstrings(self.tree) for line in range(start, stop + 1)
        }
        held: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in _SILENT:
                held.update(range(token.start[0], token.end[0] + 1))
        return len(held - documented)


def docstrings(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """First and last line of every docstring."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, *_FUNCTIONS)) and ast.get_docstring(node):
            first = node.body[0]
            yield first.lineno, first.end_lineno or first.lineno


def read(source: Path) -> dict[str, Module]:
    """Every module below `source`, with its imports."""
    found = {}
    for path in sorted((source / PACKAGE).rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        text = path.read_text(encoding="utf-8")
        found[name] = Module(name, is_package, text, ast.parse(text))
    for module in found.values():
        module.imports = {
            other
            for target, name in imported(module)
            if (other := defining(found, target, name)) and other != module.name
        }
    return found


def imported(module: Module) -> Iterator[tuple[str, str]]:
    """Every (module, name) that a module imports; the name is empty where it is the module."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.name.split(".")
                up = node.level - (1 if module.is_package else 0)
                base = ".".join([*parts[: len(parts) - up], *filter(None, [base])])
            yield from ((base, alias.name) for alias in node.names)


def defining(modules: dict[str, Module], target: str, name: str) -> str | None:
    """Return the module that defines a name, followed through the packages that hand it on."""
    if f"{target}.{name}" in modules:
        return f"{target}.{name}"
    module = modules.get(target)
    if module is None or not name or not module.is_package:
        return target if module else None
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name and node.module:
                    return defining(modules, node.module, alias.name)
    return target


def circles(modules: dict[str, Module]) -> list[list[str]]:
    """Return groups of modules that import each other, directly or not (Tarjan 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in sorted(modules[name].imports):
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            at = stack.index(name)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for name in modules:
        if name not in order:
            visit(name)
    return sorted(found, key=len, reverse=True)


def function_lengths(modules: dict[str, Module]) -> list[tuple[int, str]]:
    """Lines of each function without its docstring, shortest first."""
    return sorted(
        (length(node), f"{module.name}.{node.name}")
        for module in modules.values()
        for node in ast.walk(module.tree)
        if isinstance(node, _FUNCTIONS)
    )


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node):
        lines -= (node.body[0].end_lineno or 0) - node.body[0].lineno + 1
    return lines


def wide_calls(modules: dict[str, Module]) -> list[str]:
    """Public functions and methods with more parameters than `MANY`."""
    return sorted(
        f"{module.name}.{node.name}"
        for module in modules.values()
        for node in ast.walk(module.tree)
        if isinstance(node, _FUNCTIONS)
        and not node.name.startswith("_")
        and sum(a.arg not in ("self", "cls") for a in parameters(node)) > MANY
    )


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    """Return the named parameters."""
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def table(modules: dict[str, Module]) -> list[tuple[str, str]]:
    """Return the rows of the table."""
    files = {name: module for name, module in modules.items() if not module.is_package}
    serves: dict[str, int] = dict.fromkeys(files, 0)
    for module in files.values():
        for other in module.imports:
            if other in serves:
                serves[other] += 1
    code = {name: module.code for name, module in modules.items()}
    longest = max(files.values(), key=lambda m: m.lines)
    functions = function_lengths(modules)
    lengths = [lines for lines, _ in functions]
    rings = circles(files_only(files))
    return [
        ("modules, without __init__", f"{len(files)}"),
        ("lines", f"{sum(m.lines for m in modules.values()):,}"),
        ("lines of code", f"{sum(code.values()):,}"),
        ("own imports per module, mean", f"{mean(len(m.imports) for m in files.values()):.2f}"),
        ("modules that serve one other", f"{sum(n == 1 for n in serves.values())}"),
        (f"modules under {SMALL} lines of code", f"{sum(code[n] < SMALL for n in files)}"),
        ("import circles", f"{len(rings)}"),
        ("files in the largest circle", f"{len(rings[0]) if rings else 0}"),
        ("longest module", f"{longest.lines} ({longest.name.removeprefix(PACKAGE + '.')})"),
        ("functions", f"{len(lengths)}"),
        ("lines of a function, median", f"{median(lengths):.0f}"),
        ("lines of a function, 90th percentile", f"{lengths[int(0.9 * len(lengths))]}"),
        ("longest function", f"{lengths[-1]} ({functions[-1][1].removeprefix(PACKAGE + '.')})"),
        (f"calls with more than {MANY} parameters", f"{len(wide_calls(modules))}"),
    ]


def files_only(files: dict[str, Module]) -> dict[str, Module]:
    """Return the same modules with imports of one another alone."""
    return {
        name: Module(name, False, m.text, m.tree, m.imports & files.keys())
        for name, m in files.items()
    }


def main() -> None:
    """Print the table, of the files here or of a commit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--at", metavar="REVISION", help="measure a commit, not the files here")
    parser.add_argument("--cycles", action="store_true", help="list the import circles")
    parser.add_argument("--modules", action="store_true", help="list modules with their measures")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = ROOT / "src"
        if chosen.at:
            packed = subprocess.run(
                ["git", "archive", chosen.at, "src"], cwd=ROOT, capture_output=True, check=True
            )
            with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
                archive.extractall(folder, filter="data")
            source = Path(folder) / "src"
        modules = read(source)
    for what, value in table(modules):
        print(f"{what:40} {value}")
    if chosen.cycles:
        files = {name: m for name, m in modules.items() if not m.is_package}
        for ring in circles(files_only(files)):
            print(len(ring), *ring)
    if chosen.modules:
        for module in modules.values():
            print(f"{module.lines:5} {module.code:5} {len(module.imports):3} {module.name}")


if __name__ == "__main__":
    main()
