"""Break the library on purpose, one known mistake at a time, and see that a named test notices.

    python tests/mutants/run.py                 # all mutants
    python tests/mutants/run.py NAME [NAME ...] # some of them
    python tests/mutants/run.py --jobs 2

`mutants.toml` says of each mutant what the mistake is and which tests must fail when it is made;
`<name>.patch` beside it is the mistake, as a unified diff against the root of the project. Sources
and tests are copied to a temporary folder, one for each job. There each patch is applied, each test
it names is run, and the files are put back: the test must FAIL (an error on import or collection
does not count). The working tree is never touched. Exit status 1 if a mutant survives, breaks the
import, or no longer applies.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TABLE = HERE / "mutants.toml"

#: pytest's exit status for "tests were run and some failed": the only one that kills a mutant.
_FAILED = 1


class PatchError(ValueError):
    """A patch does not fit the file it is for."""


@dataclass(frozen=True)
class Mutant:
    """A known mistake: what it is, its patch, and the tests that must notice."""

    name: str
    mistake: str
    tests: tuple[str, ...]

    @property
    def patch(self) -> Path:
        return HERE / f"{self.name}.patch"


def load_table(path: Path = TABLE) -> tuple[Mutant, ...]:
    """Read the table of mutants."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
    return tuple(Mutant(row["name"], row["mistake"], tuple(row["tests"])) for row in rows)


def apply_patch(text: str, root: Path) -> list[Path]:
    """Apply a unified diff below `root` and return the files changed.

    The lines a hunk removes, with their context, must stand in the file exactly once: line numbers
    are not used, so that a patch outlives changes elsewhere in the file.
    """
    changed = []
    for name, hunks in _files(text):
        path = root / name
        if not path.is_file():
            raise PatchError(f"there is no file {name}")
        source = path.read_text(encoding="utf-8")
        for before, after in hunks:
            found = source.count(before)
            if found != 1:
                raise PatchError(f"{name}: the lines to change stand there {found} times, not once")
            source = source.replace(before, after)
        path.write_text(source, encoding="utf-8")
        changed.append(path)
    if not changed:
        raise PatchError("the patch changes nothing")
    return changed


def _files(text: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each file's name and its hunks as (lines before, lines after)."""
    name, hunks = "", []
    for line in text.splitlines(keepends=True):
        if line.startswith("--- "):
            if name:
                yield name, [("".join(old), "".join(new)) for old, new in hunks]
            name, hunks = "", []
        elif line.startswith("+++ "):
            name = line[4:].split("\t")[0].strip().removeprefix("b/")
        elif line.startswith("@@"):
            hunks.append(([], []))
        elif hunks and line[:1] in (" ", "-", "+", "\n"):
            old, new = hunks[-1]
            content = line[1:] if line[:1] != "\n" else line
            if line[:1] != "+":
                old.append(content)
            if line[:1] != "-":
                new.append(content)
    if name:
        yield name, [("".join(old), "".join(new)) for old, new in hunks]


@contextmanager
def copy_of_project() -> Iterator[Path]:
    """Give a temporary copy of what tests need: sources and tests copied, the rest linked."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder)
        for name in ("src", "tests"):
            ignored = shutil.ignore_patterns("__pycache__", ".hypothesis")
            shutil.copytree(ROOT / name, copy / name, ignore=ignored)
        for path in ROOT.iterdir():
            if not path.name.startswith(".") and path.name not in ("src", "tests"):
                (copy / path.name).symlink_to(path, target_is_directory=path.is_dir())
        yield copy


@contextmanager
def planted(mutant: Mutant, root: Path) -> Iterator[None]:
    """Make the mistake in a copy of the project, and take it back in the end.

    A file put back has its old time again, and one that is changed the present one: Python compiles
    either anew, and what nobody changed is compiled once for all mutants.
    """
    patch = mutant.patch.read_text(encoding="utf-8")
    try:
        apply_patch(patch, root)
        yield
    finally:
        for name, _ in _files(patch):
            if (ROOT / name).is_file():
                shutil.copy2(ROOT / name, root / name)


def run_tests(
    tests: tuple[str, ...], root: Path, timeout: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run tests on the copy: its sources come before an installed package."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)]),
        "PYTHONDONTWRITEBYTECODE": "",  # the copy keeps what is compiled, from test to test
        "MIH_HYPOTHESIS": "mutants",  # the first counterexample will do: no shrinking, no essay
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    return subprocess.run(
        command,
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


def survives(mutant: Mutant, root: Path) -> str | None:
    """Return None if every named test fails on the mutant, else what went wrong."""
    try:
        with planted(mutant, root):
            for test in mutant.tests:
                done = run_tests((test,), root)
                if done.returncode == 0:
                    return f"SURVIVES {test}"
                if done.returncode != _FAILED:
                    return f"breaks before {test} is run (pytest status {done.returncode})"
    except (OSError, PatchError) as error:
        return f"does not apply: {error}"
    return None


def sound(tests: tuple[str, ...], root: Path) -> str | None:
    """Return None if the tests pass on an untouched copy, else what they said."""
    probe = "import mih_impact; print(mih_impact.__file__)"
    environment = os.environ | {"PYTHONPATH": str(root / "src")}
    where = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=root, env=environment, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    if not Path(where).resolve().is_relative_to(root.resolve()):
        return f"the tests would not use the copy, but {where}"
    done = run_tests(tests, root)
    return None if done.returncode == 0 else done.stdout[-2000:]


def main(arguments: list[str] | None = None) -> int:
    """Run the mutants asked for and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="mutants to run; all if none is named")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    options = parser.parse_args(arguments)
    mutants = load_table()
    unknown = set(options.names) - {mutant.name for mutant in mutants}
    if unknown:
        parser.error(f"no such mutant: {', '.join(sorted(unknown))}")
    chosen = tuple(m for m in mutants if not options.names or m.name in options.names)
    with ExitStack() as stack, ThreadPoolExecutor(options.jobs) as pool:
        copies = [stack.enter_context(copy_of_project()) for _ in range(options.jobs)]
        tests = tuple(dict.fromkeys(test for mutant in chosen for test in mutant.tests))
        parts = [part for k in range(options.jobs) if (part := tests[k :: options.jobs])]
        for said in pool.map(sound, parts, copies):
            if said is not None:
                print(f"The named tests do not pass on the untouched sources:\n{said}")
                return 1
        free: SimpleQueue[Path] = SimpleQueue()
        for copy in copies:
            free.put(copy)

        def tried(mutant: Mutant) -> str | None:
            root = free.get()
            try:
                return survives(mutant, root)
            finally:
                free.put(root)

        results = list(pool.map(tried, chosen))
    for mutant, result in zip(chosen, results, strict=True):
        print(f"{'killed' if result is None else result:<10} {mutant.name}: {mutant.mistake}")
    failed = sum(result is not None for result in results)
    print(f"{len(chosen) - failed} of {len(chosen)} mutants killed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
