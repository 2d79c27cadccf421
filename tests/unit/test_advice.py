"""What a message says of Python's options, in the words of an analysis.toml and of the shell."""

from __future__ import annotations

import re
import shlex
import tomllib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact import cli
from mih_impact.registers.spec import values_of
from mih_impact.study.advice import as_flags, as_toml
from mih_impact.study.spec import StudySpec
from tests.support import small_register

LINE = re.compile(r"(?:^|[ (])(?P<line>\w+ = .+?) under \[(?P<section>\w+)\]")

SAID = {
    "roles={'aap': None, 'bonus': 'benefit:state'}": (
        "account",
        {"roles": {"aap": "null", "bonus": "benefit:state"}},
    ),
    'values={"wage_income": {9999999: None}}': (
        "data",
        {"values": {"wage_income": {"9999999": "null"}}},
    ),
    'values={"municipality": mih.codes.municipality(2024, splits="together")}': (
        "data",
        {"values": {"municipality": {"list": "municipality", "year": 2024, "splits": "together"}}},
    ),
    'values={"county": mih.codes.county(2024) | {"77": None}}': (
        "data",
        {"values": {"county": {"list": "county", "year": 2024, "codes": {"77": "null"}}}},
    ),
    'columns={"wage_income": "lønn i alt"}': ("data", {"columns": {"wage_income": "lønn i alt"}}),
    "index=mih.PriceIndex.kpi().extended({2024: 133.6, 2025: 137.2})": (
        "data",
        {"kpi": {"2024": 133.6, "2025": 137.2}},
    ),
    'thousands="."': ("data", {"thousands": "."}),
    'units={"visits": mih.Unit("visits", months="sum")}': (
        "data",
        {"units": {"visits": {"name": "visits", "months": "sum"}}},
    ),
    "window=(-3, 4)": ("effects", {"window": [-3, 4]}),
    'method="ipw"': ("controls", {"method": "ipw"}),
    'by=mih.cut("age", 40)': ("effects", {"by": {"cut": ["age", 40]}}),
    'by=mih.completers("done")': ("effects", {"by": {"completers": "done"}}),
    'on=["age", *mih.lag("hours", 1, 2)]': ("controls", {"on": ["age", "hours[-1]", "hours[-2]"]}),
}


@pytest.mark.parametrize("python", SAID)
def test_an_option_is_a_line_of_its_section(python):
    section, content = SAID[python]
    said = as_toml(f"if it is so, write it: {python}; or leave it")
    found = LINE.search(said)
    assert found["section"] == section
    assert tomllib.loads(found["line"]) == content
    assert said.endswith("; or leave it")
    assert as_toml(said) == said


def test_what_has_no_line_stays_as_it_is():
    for advice in ("give starters={2026: 500}", "use base={...", "call f(window=(1, 2))", "a=b"):
        assert as_toml(advice) == advice
    assert as_toml("use one of them, or None to leave it out") == (
        'use one of them, or "null" to leave it out'
    )


def test_names_of_columns_are_words_of_the_shell():
    said = as_flags('say which they are: columns={"year": "aar", "wage_income": "lønn i alt"}')
    words = shlex.split(said.partition(": ")[2])
    assert words == ["--columns", "year=aar", "wage_income=lønn i alt"]


# --- advice that is followed ----------------------------------------------------------------------

ANALYSIS = """
[data]
source = "register.parquet"

[controls]
on = ["age"]
ratio = 2

[effects]
outcomes = ["wage_income", "dagpenger", "sosialhjelp"]
window = [-2, 2]

[account]
horizon = 3
"""


def run(capsys, folder, command, *words):
    """Return exit code and what was said of errors, of a command on an analysis."""
    code = cli.main([command, str(folder / "analysis.toml"), "--lang", "en", "--quiet", *words])
    return code, capsys.readouterr()


def followed(text: str, said: str) -> str:
    """Return an analysis in which the first line of advice is written beneath its section."""
    found = LINE.search(said)
    assert found, said
    return text.replace(f"[{found['section']}]", f"[{found['section']}]\n{found['line']}", 1)


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a register and its analysis, and returns their folder."""

    def write(frame: pd.DataFrame, text: str = ANALYSIS):
        frame.to_parquet(tmp_path / "register.parquet", index=False)
        (tmp_path / "analysis.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_a_benefit_of_few_is_left_out_of_the_account_as_the_message_says(capsys, written):
    frame = small_register(300, starters=60, seed=4)
    one = frame["person_id"] == frame.loc[frame["start_year"].notna(), "person_id"].iloc[0]
    folder = written(frame.assign(sosialhjelp=np.where(one, 50_000.0, 0.0)))
    code, out = run(capsys, folder, "run")
    assert code == 2
    assert "sosialhjelp" in out.err
    assert "roles={" not in out.err
    text = followed(ANALYSIS, out.err)
    assert 'roles = { sosialhjelp = "null" }' in text
    (folder / "analysis.toml").write_text(text, encoding="utf-8")
    code, out = run(capsys, folder, "run")
    assert code == 0, out.err
    assert "Left out of the account: social assistance" in out.out
    python = mih.cost_benefit(
        mih.run_study(folder / "analysis.toml").effects,
        mih.Assumptions.r109(),
        programme=mih.Programme.none(),
        horizon=3,
        roles={"sosialhjelp": None},
    )
    assert mih.run_study(folder / "analysis.toml").case.npv == python.npv


def test_codes_of_several_times_become_those_of_one_year_as_the_check_says(capsys, written):
    frame = small_register(200, starters=20, seed=1)
    frame["municipality"] = np.where(frame["year"] < 2020, "0101", "3001")
    folder = written(frame)
    code, out = run(capsys, folder, "check")
    assert "mih.codes" not in out.out
    text = followed(ANALYSIS, re.sub(r"\s*\n\s*", " ", out.out))
    (folder / "analysis.toml").write_text(text, encoding="utf-8")
    spec = StudySpec.from_toml(folder / "analysis.toml")
    assert spec.data.values == {
        "municipality": {"list": "municipality", "year": 2024, "splits": "together"}
    }
    assert StudySpec.from_text(spec.to_toml(), folder=spec.folder) == spec
    code, out = run(capsys, folder, "check")
    assert code == 0, out.err
    assert "municipality" not in out.out


def test_a_code_for_a_missing_amount_is_made_missing_as_the_check_says(capsys, written):
    frame = small_register(200, starters=20, seed=1)
    coded = frame.index % 40 == 0
    folder = written(frame.assign(wage_income=frame["wage_income"].where(~coded, 9_999_999)))
    code, out = run(capsys, folder, "check")
    assert code == 0
    text = followed(ANALYSIS, re.sub(r"\s*\n\s*", " ", out.out))
    assert 'values = { wage_income = { 9999999 = "null" } }' in text
    (folder / "analysis.toml").write_text(text, encoding="utf-8")
    missing = mih.read_panel(frame.assign(wage_income=frame["wage_income"].where(~coded)))
    spec = StudySpec.from_toml(folder / "analysis.toml")
    assert mih.run_study(spec).case.npv == mih.run_study(spec, panel=missing).case.npv


def test_no_value_in_a_specification_made_in_python_is_written_as_null():
    spec = StudySpec.from_text('[data]\nsource = "x.csv"')
    values = {"wage_income": {9999999: None}}
    made = replace(spec, data=replace(spec.data, values=values))
    again = StudySpec.from_text(made.to_toml(), folder=made.folder)
    assert again.data.values == {"wage_income": {"9999999": "null"}}
    assert values_of(again.data.values) == {"wage_income": {"9999999": None}}
