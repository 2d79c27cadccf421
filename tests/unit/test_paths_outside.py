"""What a mailed analysis may read and write: its own folder, unless it is allowed more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import mih_impact as mih
from mih_impact.cli import main
from mih_impact.study.spec import StudySpec
from mih_impact.study.toml_files import read_programme

SHIPPED = Path(__file__).parents[2] / "data" / "synthetic" / "register.parquet"
ANALYSIS = """
[data]
source = "{source}"

[controls]
exact = ["county"]
on = ["age"]

[effects]
outcomes = ["wage_income"]

[account]
{account}

[outputs]
folder = "{folder}"
"""


@pytest.fixture
def home(tmp_path):
    """A folder with the analysis, and one beside it that is none of its business."""
    (tmp_path / "mailed").mkdir()
    (tmp_path / "beside").mkdir()
    return tmp_path / "mailed"


def written(home, source="example", account="", folder="out"):
    path = home / "analysis.toml"
    path.write_text(ANALYSIS.format(source=source, account=account, folder=folder), "utf-8")
    return path


OUTSIDE = {
    "a file above": {"source": "../beside/register.csv"},
    "many files above": {"source": "../beside/*.parquet"},
    "up and down again": {"source": "sub/../../beside/register.csv"},
    "the programme": {"account": 'programme = "../beside/programme.toml"'},
    "the sheet": {"account": 'sheet = "../beside/sheet.csv"'},
    "where it writes": {"folder": "../beside"},
}


@pytest.mark.parametrize("parts", OUTSIDE.values(), ids=OUTSIDE)
def test_paths_outside_are_refused_before_anything_is_read(home, parts):
    analysis = written(home, **parts)
    with pytest.raises(mih.AssumptionError, match="outside its own folder") as refused:
        mih.run_study(analysis)
    assert "beside" in str(refused.value)
    assert "allow_outside=True" in str(refused.value)
    assert not list((home.parent / "beside").iterdir())


def test_absolute_paths_count_by_where_they_lead(home):
    StudySpec.from_toml(written(home, source=str(home / "register.csv"))).require_inside()
    with pytest.raises(mih.AssumptionError, match="outside"):
        StudySpec.from_toml(
            written(home, source=str(home.parent / "register.csv"))
        ).require_inside()
    # A name that begins like the folder's is another folder.
    with pytest.raises(mih.AssumptionError, match="outside"):
        StudySpec.from_toml(written(home, source=f"{home}2/register.csv")).require_inside()


def test_a_link_leads_where_it_leads(home):
    (home / "link").symlink_to(home.parent / "beside")
    with pytest.raises(mih.AssumptionError, match="outside"):
        StudySpec.from_toml(written(home, source="link/register.csv")).require_inside()


def test_a_saved_result_stays_in_the_folder_of_outputs(home):
    analysis = written(home, folder="out")
    text = analysis.read_text("utf-8") + 'save = "../../beside/result.zip"\n'
    with pytest.raises(mih.AssumptionError, match="save"):
        StudySpec.from_text(text, folder=home).require_inside()


def test_allowed_is_done(home, capsys):
    shutil.copy(SHIPPED, home.parent / "beside" / "register.parquet")
    analysis = written(home, source="../beside/register.parquet")
    assert main(["check", str(analysis), "--lang", "en", "--quiet"]) == 2
    assert "outside its own folder" in capsys.readouterr().err
    assert main(["check", str(analysis), "--allow-outside", "--lang", "en", "--quiet"]) == 0


def test_tables_of_an_extract_too(home):
    tables = home / "tables.toml"
    tables.write_text(
        '[tables]\nyears = [2015, 2020]\n[tables.persons]\nsource = "../beside/persons.csv"\n',
        "utf-8",
    )
    with pytest.raises(mih.PanelContractError, match="outside its own folder"):
        mih.build_from_toml(tables)
    with pytest.raises(mih.MihImpactError) as found:
        mih.build_from_toml(tables, allow_outside=True)
    assert "outside its own folder" not in str(found.value)  # now: there is no such file


def test_effects_without_a_price_lie_beside_the_programme(home):
    programme = home / "programme.toml"
    programme.write_text(
        'name = "p"\nlabel = "P"\nnon_priced = "../beside/effects.toml"\n', "utf-8"
    )
    with pytest.raises(mih.AssumptionError, match="outside its own folder"):
        read_programme(programme)
