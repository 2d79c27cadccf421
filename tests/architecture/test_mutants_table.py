"""The table of mutants: every patch applies, every test it names exists.

That the mutants are killed is shown by `python tests/mutants/run.py`.
"""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import pytest

from tests.mutants.run import HERE, ROOT, Mutant, PatchError, apply_patch, load_table

MUTANTS = load_table()


def test_every_patch_is_in_the_table_and_every_row_has_one() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(names) == len(set(names))
    assert {path.stem for path in HERE.glob("*.patch")} == set(names)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_patch_applies_and_leaves_python(mutant: Mutant, tmp_path: Path) -> None:
    patch = mutant.patch.read_text(encoding="utf-8")
    for name in re.findall(r"^\+\+\+ (?:b/)?(\S+)", patch, flags=re.M):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for path in apply_patch(patch, tmp_path):
        assert path.read_text() != (ROOT / path.relative_to(tmp_path)).read_text()
        if path.suffix == ".py":
            ast.parse(path.read_text())


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_named_tests_exist(mutant: Mutant) -> None:
    assert mutant.tests
    assert mutant.mistake
    for test in mutant.tests:
        file, _, name = test.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name.split("[")[0].split("::")[-1] in defined


def test_a_patch_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\ny = 2\ny = 2\n")
    gone = "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-z = 1\n+z = 2\n"
    twice = "--- a/a.py\n+++ b/a.py\n@@ -2 +2 @@\n-y = 2\n+y = 3\n"
    fits = "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n x = 1\n-y = 2\n+y = 3\n"
    with pytest.raises(PatchError, match="0 times"):
        apply_patch(gone, tmp_path)
    with pytest.raises(PatchError, match="2 times"):
        apply_patch(twice, tmp_path)
    with pytest.raises(PatchError, match="no file"):
        apply_patch(fits.replace("a.py", "b.py"), tmp_path)
    with pytest.raises(PatchError, match="nothing"):
        apply_patch("", tmp_path)
    apply_patch(fits, tmp_path)
    assert (tmp_path / "a.py").read_text() == "x = 1\ny = 3\ny = 2\n"
