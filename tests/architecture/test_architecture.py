"""What the layout promises: layers, one home for the programme's name, a tiny and typed face."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mih_impact as mih
from mih_impact.display.result import NoContributors, Result

SOURCE = Path(mih.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))


def test_public_names_are_sorted_and_load():
    assert mih.__all__ == sorted(mih.__all__)
    for name in mih.__all__:
        value = getattr(mih, name)
        home = mih._HOME[name]
        if inspect.ismodule(value):
            assert value.__name__.removeprefix("mih_impact.") in (home, f"{home}.{name}"), name
        else:
            assert value.__module__ == f"mih_impact.{home}", name
        assert value.__doc__, name
    assert set(mih.__all__) <= set(dir(mih))
    with pytest.raises(AttributeError, match="mach"):
        mih.mach  # noqa: B018


def test_type_checkers_see_the_names_that_load():
    tree = ast.parse((SOURCE / "__init__.py").read_text())
    block = next(
        node for node in tree.body if isinstance(node, ast.If) and node.test.id == "TYPE_CHECKING"
    )
    seen = {}
    for node in block.body:
        module = node.module.removeprefix("mih_impact").removeprefix(".")
        seen |= {alias.asname: module or alias.name for alias in node.names}
    assert seen == mih._HOME


def test_only_nav_names_the_programme():
    words = (
        r"menn[ _]?i[ _]?helse|helserekrutt|helsefag|sommerjobb|summer job|\bmennene\b|\bthe men\b"
    )
    pattern = re.compile(words, re.IGNORECASE)
    allowed = {SOURCE / "nav"}
    named = [
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*")
        if path.suffix in {".py", ".csv", ".toml"}
        and not any(folder in path.parents for folder in allowed)
        and pattern.search(_code(path))
    ]
    assert named == []


def _code(path: Path) -> str:
    """Return the text without docstring examples, which may call the reference case."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":  # official rows quote their sources, which may name it
        return ""
    return "\n".join(line for line in text.splitlines() if not line.strip().startswith(">>>"))


def test_public_calls_take_keywords_and_no_kwargs():
    for name in mih.__all__:
        value = getattr(mih, name)
        if not inspect.isfunction(value):
            continue
        kinds = [p.kind for p in inspect.signature(value).parameters.values()]
        assert inspect.Parameter.VAR_KEYWORD not in kinds, name
        if name != "lag":
            assert kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD) <= 2, name


def test_results_are_frozen_and_tell_the_truth():
    for name in ("Balance", "CheckResult", "ControlGroup", "CostBenefit", "EffectSeries",
                 "PanelReport", "Replication", "StudyResult"):  # fmt: skip
        kind = getattr(mih, name)
        assert kind.__dataclass_params__.frozen, name
        assert not kind.__dataclass_params__.eq or name == "PanelReport", name
        for method in ("to_frame", "summary", "_repr_html_"):
            assert callable(getattr(kind, method)), (name, method)


def _results() -> dict[str, type[Result]]:
    """Return every class of results of the package, by name."""
    for name in _module_names():
        importlib.import_module(name)
    found, left = {}, [Result]
    while left:
        more = [kind for kind in left.pop().__subclasses__() if kind.__module__[:4] == "mih_"]
        found |= {kind.__name__: kind for kind in more}
        left += more
    return found


def test_every_result_says_who_stands_behind_its_amounts_or_why_it_does_not_count_them():
    """A class that says neither cannot be made: `contributors` is abstract."""
    kinds = _results()
    assert {"EffectSeries", "Balance", "CostBenefit", "HonestBounds"} <= set(kinds)
    for name, kind in kinds.items():
        own = inspect.getattr_static(kind, "contributors")
        assert own is not inspect.getattr_static(Result, "contributors"), name
        if isinstance(own, NoContributors):
            assert len(own.why.split()) >= 3, name


def test_whoever_makes_a_check_says_who_stands_behind_its_amounts():
    """Files hold none, so that the field has a default: no call may leave it to that."""
    counted = {
        name for name, kind in _results().items()
        if "contributors" in {each.name for each in dataclasses.fields(kind)}
    }  # fmt: skip
    calls = [
        (path, node)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.keywords
        if node.func.id in counted
    ]
    assert len(calls) > 10
    for path, node in calls:
        told = {keyword.arg for keyword in node.keywords}
        assert "contributors" in told, f"{path.relative_to(SOURCE)}:{node.lineno}"


def test_no_module_pickles_or_shows_figures():
    for path in MODULES:
        text = path.read_text()
        assert "import pickle" not in text, path
        assert "plt.show(" not in re.sub(r'"""(.|\n)*?"""', "", text), path


def test_importing_the_package_loads_nothing_heavy():
    heavy = ("numpy", "pandas", "scipy", "matplotlib", "duckdb", "narwhals", "statsmodels", "babel")
    code = f"import sys, mih_impact; print([m for m in {heavy!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_core_path_does_without_statsmodels_and_matplotlib():
    code = (
        "import sys, mih_impact as mih\n"
        "mih.match; mih.event_study; mih.cost_benefit; mih.read_panel\n"
        "print([m for m in ('statsmodels', 'matplotlib', 'babel') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_modules_are_small_and_documented(path):
    text = path.read_text(encoding="utf-8")
    if path.name == "py.typed":
        return
    assert ast.get_docstring(ast.parse(text)), "every module says what it is"
    assert len(text.splitlines()) <= 600, "is there a second idea in this module?"


def test_every_module_imports_on_its_own():
    for name in _module_names():
        importlib.import_module(name)


def _module_names() -> list[str]:
    names = ["mih_impact." + ".".join(p.relative_to(SOURCE).with_suffix("").parts) for p in MODULES]
    return [name.removesuffix(".__init__") for name in names]


def test_what_the_order_of_the_tests_names_is_there():
    from tests.conftest import SLOWEST_FIRST, TOGETHER

    for name in (*SLOWEST_FIRST, *TOGETHER):
        assert (Path(__file__).parents[2] / name).exists(), name
    assert {name for name in TOGETHER if name in SLOWEST_FIRST} == set(TOGETHER)


# --- what the words point to ----------------------------------------------------------------------

ROOT = Path(__file__).parents[2]
_PLACES = (SOURCE.parent, SOURCE, SOURCE / "reference", ROOT, ROOT / "tests")


def _pages():
    return [*SOURCE.rglob("*.py"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.py")]


def test_files_that_are_named_are_there():
    named = re.compile(r"`([a-z_]+(?:/[a-z_0-9]+)*/[a-z_0-9]+\.(?:py|csv|json|R|ipynb))`")
    lost = [
        f"{page.relative_to(ROOT)}: {name}"
        for page in _pages()
        for name in named.findall(page.read_text(encoding="utf-8"))
        if not any((place / name).is_file() for place in _PLACES)
    ]
    assert not lost


def test_functions_that_are_named_with_their_module_are_in_it():
    """`cube.outcome` may be a method; a function that is in another module now may not."""
    homes, members, modules = {}, set(), {path.stem for path in SOURCE.rglob("*.py")}
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                homes.setdefault(node.name, set()).add(path.stem)
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        members |= {each.name for c in classes for each in c.body if hasattr(each, "name")}
    named = re.compile(r"`(?:[a-z_]+\.)*([a-z_]+)\.([a-z_]+)`")
    allowed = members | modules | {"correspondence"}  # of `mih.codes`, which takes it over
    lost = [
        f"{page.relative_to(ROOT)}: {module}.{name}, which is in {homes[name]}"
        for page in _pages()
        for module, name in named.findall(page.read_text(encoding="utf-8"))
        if name in homes
        and name not in allowed
        and module not in homes[name] | {"mih", "nav", "numpy"}
    ]
    assert not lost
