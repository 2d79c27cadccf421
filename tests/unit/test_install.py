"""The shipped register exists once; the wheel carries it, an editable install finds it."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from datetime import date
from pathlib import Path

import mih_impact as mih

ROOT = Path(__file__).parents[2]
PAGE = ("page.html", "page.css", "page.js", "account.js", "chart.js")


def test_the_register_exists_once_in_the_project():
    inside = [
        p
        for p in ROOT.rglob("register.parquet")
        if not any(part.startswith(".venv") for part in p.parts)
    ]
    assert inside == [ROOT / "data" / "synthetic" / "register.parquet"]


def test_an_editable_install_finds_the_register():
    assert Path(mih.__file__).is_relative_to(ROOT / "src")
    assert "wage_income" in mih.example_panel().columns


def test_the_wheel_carries_the_register_and_works_alone(tmp_path):
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(tmp_path), str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "site")
    assert names.count("mih_impact/_synthetic/register.parquet") == 1
    page = {f"reporting/page/{part}" for part in PAGE}
    carried = {"py.typed", "nav/analysis.toml", "reporting/memo.typ", *page}
    assert {f"mih_impact/{name}" for name in carried} <= set(names)
    code = (
        "import mih_impact as mih; print(mih.__file__);"
        "print(mih.example_panel().first_year, mih.nav.menn_i_helse().name)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(tmp_path / "site"), "PATH": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    assert out[0].startswith(str(tmp_path))
    assert out[1] == "2009 menn_i_helse"


def test_the_source_archive_holds_what_its_list_says(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {Path(name).parts[1] for name in opened.getnames()}
    given = {"src", "data", "README.md", "CHANGELOG.md", "LICENSE", "CITATION.cff", "SECURITY.md"}
    assert names == given | {"PKG-INFO", "pyproject.toml", ".gitignore"}


def test_the_release_has_one_version_and_one_date():
    dated = re.search(r"^## \[(\S+)\] - (\S+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert dated is not None
    date.fromisoformat(dated[2])
    cited = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f'\nversion: {dated[1]}\ndate-released: "{dated[2]}"\n' in cited
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == mih.__version__ == dated[1]
