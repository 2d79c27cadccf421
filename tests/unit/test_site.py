"""The site has a place for every page, figure and public name, and its links lead somewhere."""

from __future__ import annotations

import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

import mih_impact as mih

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *DOCS.glob("*.md")]
#: Folders of the site that its build writes.
WRITTEN = ("gallery/", "notebooks/", "reference/")


def site(name: str) -> ModuleType:
    """Return a module of the site's own, which stands outside the package."""
    spec = importlib.util.spec_from_file_location(name, DOCS / "site_pages" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_figure_is_in_the_gallery():
    shown = {figure.drawn_by for part in site("gallery").FIGURES.values() for figure in part}
    drawn = {
        f"{name}.{method}"
        for name in mih.__all__
        if inspect.isclass(getattr(mih, name))
        for method in dir(getattr(mih, name))
        if method.startswith("plot")
    }
    assert shown == drawn


def test_every_public_name_has_a_floor_in_the_reference():
    reference = site("reference")
    named = [name for names in reference._by_floor().values() for name in names]
    assert sorted(named) == mih.__all__
    assert set(reference._by_floor()) <= set(reference._FLOORS)


def test_every_page_is_in_a_list_of_pages():
    listed = set()
    for path in DOCS.glob("*.md"):
        for block in re.findall(r"```\{toctree\}\n(.*?)```", path.read_text("utf-8"), re.S):
            for line in filter(None, (line.strip() for line in block.splitlines())):
                listed.add(re.sub(r".*<(.+)>", r"\1", line))
    pages = {path.stem for path in DOCS.glob("*.md")} - {"index"}
    assert pages - listed == set()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_between_pages_lead_somewhere(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:|#", target) or target.startswith(WRITTEN):
            continue
        file, _, anchor = target.partition("#")
        assert (path.parent / file).exists(), target
        if anchor:
            headings = re.findall(r"(?m)^#+ (.+)$", (path.parent / file).read_text("utf-8"))
            slugs = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
            assert anchor in slugs, target
