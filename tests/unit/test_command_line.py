"""The command line: help, columns, JSON, completion, and an analysis from a register."""

from __future__ import annotations

import gc
import json
import re
import shlex
import subprocess
import tomllib

import pandas as pd
import pytest

import mih_impact as mih
from mih_impact import cli
from mih_impact.study.spec import StudySpec
from tests.support import small_register

COMMANDS = tuple(cli._COMMANDS)
NORWEGIAN = {
    "person_id": "lopenr", "year": "aar", "wage_income": "lonn", "start_year": "oppstartsaar",
    "birth_year": "fodselsaar", "county": "fylke",
}  # fmt: skip
OUTCOMES = ["wage_income", "dagpenger", "sosialhjelp"]


def called(capsys, *words) -> tuple[int, str, str]:
    """Return exit code, what was printed and what was said of errors."""
    try:
        code = cli.main([str(word) for word in words])
    except SystemExit as stopped:
        code = stopped.code or 0
    out = capsys.readouterr()
    return code, out.out, out.err


@pytest.fixture
def extract(tmp_path):
    """Return a CSV in Norwegian, with two columns that are none of ours."""
    frame = small_register(300, starters=60, seed=4)
    named = frame.rename(columns=NORWEGIAN).assign(kommentar="x", q17="y")
    path = tmp_path / "uttrekk.csv"
    named.to_csv(path, sep=";", decimal=",", index=False)
    return path


def test_the_version_is_the_packages(capsys):
    assert called(capsys, "--version") == (0, f"mih-impact {mih.__version__}\n", "")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_in_the_language_asked_for(capsys, command):
    words = [command] if command else []
    _, norwegian, _ = called(capsys, *words, "--help")
    code, english, _ = called(capsys, *words, "--help", "--lang", "en")
    assert code == 0
    assert called(capsys, "--lang=en", *words, "--help")[1] == english
    assert norwegian.startswith("bruk: ")
    assert "\nvalg:\n" in norwegian
    assert english.startswith("usage: ")
    assert "\noptions:\n" in english
    if command:
        assert f"\neksempler:\n  mih-impact {command}" in norwegian
        assert f"\nexamples:\n  mih-impact {command}" in english


def test_check_of_an_analysis_says_that_it_checked_the_register_alone(capsys, tmp_path):
    called(capsys, "init", str(tmp_path), "--lang", "en")
    analysis = str(tmp_path / "analysis.toml")
    code, english, _ = called(capsys, "check", analysis, "--lang", "en")
    _, norwegian, _ = called(capsys, "check", analysis, "--lang", "nb")
    assert code == 0
    assert english.rstrip().endswith("What the analysis asks for is checked by mih-impact run.")
    assert norwegian.rstrip().endswith("Det analysen ber om, kontrolleres av mih-impact run.")


def test_check_of_an_analysis_says_in_a_line_what_it_will_do(capsys, tmp_path):
    called(capsys, "init", str(tmp_path), "--lang", "en")
    analysis = str(tmp_path / "analysis.toml")
    (english,) = [line for line in called(capsys, "check", analysis, "--lang", "en")[1].splitlines()
                  if line.startswith("The analysis: ")]  # fmt: skip
    spec = StudySpec.from_toml(analysis)
    assert "controls by nearest propensity score on age, education, wage income" in english
    assert "equal on county and benefit type" in english
    assert "Effects on wage income" in english
    assert "years \u22125 to 6 since start" in english
    assert english.endswith(
        "An account of 7 years by R-109/2021, with the costs of programme.toml."
    )
    answer = json.loads(called(capsys, "check", analysis, "--lang", "nb", "--json")[1])
    assert answer["analysis"].startswith("Analysen: kontroller etter nærmeste tilbøyelighet")
    assert "helt like på fylke og ytelse" in answer["analysis"]
    assert "med kostnadene i programme.toml" in answer["analysis"]
    plain = 'controls = { method = "entropy", on = ["age"] }\naccount = { horizon = 3 }\n'
    with mih.options(lang="en"):
        assert StudySpec.from_text(plain).in_words() == (
            "The analysis: controls by entropy balancing on age. Effects on every outcome of the "
            "register, years \u22125 to 6 since start. An account of 3 years by R-109/2021, "
            "without programme costs."
        )
        assert "by another" not in spec.frozen().in_words()


def test_json_of_a_register_alone_says_nothing_of_an_analysis(capsys, extract):
    named = [f"{ours}={theirs}" for ours, theirs in NORWEGIAN.items()]
    answer = called(capsys, "check", extract, "--json", "--columns", *named)[1]
    assert "analysis" not in json.loads(answer)


def test_eligible_of_a_file_is_the_name_of_a_column(capsys, tmp_path):
    called(capsys, "init", str(tmp_path), "--lang", "en")
    analysis = tmp_path / "analysis.toml"
    text = analysis.read_text(encoding="utf-8")
    for line in ("eligible = { sex = 'mann' }", "eligible = 'nw.col(\"aap\") > 0'"):
        analysis.write_text(text.replace("# eligible", line + "  # ", 1), encoding="utf-8")
        code, _, error = called(capsys, "run", str(analysis))
        assert code != 0
        assert "in a file only the name of" in error


def test_a_price_year_without_an_index_names_the_key_of_a_file(capsys, tmp_path):
    called(capsys, "init", str(tmp_path), "--lang", "en")
    analysis = tmp_path / "analysis.toml"
    text = analysis.read_text(encoding="utf-8").replace('"example"', '"register.csv"')
    (tmp_path / "register.csv").write_text("person_id,year,wage_income\n1,2020,1\n")
    analysis.write_text(text.replace("price_year = 2024", "price_year = 2030"), encoding="utf-8")
    _, _, error = called(capsys, "check", str(analysis))
    assert re.search(r"kpi = \{ .*2030 = \.\.\. \} under \[data\]", error)
    _, _, error = called(capsys, "check", str(tmp_path / "register.csv"))
    assert "index=" not in error


def test_errors_are_in_english_and_the_code_says_so(capsys):
    code, out, error = called(capsys, "run", "nothing.toml", "--lang", "nb")
    assert (code, out) == (2, "")
    assert error.startswith("mih-impact: The analysis nothing.toml cannot be read.")
    code, _, error = called(capsys, "run", "--lang", "nb")
    assert code == 2
    assert error.startswith("bruk: ")
    assert "required" in error


def test_names_of_columns_are_given_on_the_line(capsys, extract):
    columns = [f"{ours}={theirs}" for ours, theirs in NORWEGIAN.items()]
    code, out, _ = called(capsys, "check", extract, "--lang", "en", "--columns", *columns)
    assert code == 0
    assert "Errors    0" in out
    code, out, error = called(capsys, "check", extract)
    assert (code, out) == (2, "")
    words = shlex.split(error[error.index("--columns") :].rstrip().rstrip("."))
    assert words == ["--columns", *columns]  # all at once, and they can be pasted
    assert called(capsys, "check", extract, *words)[0] == 0
    code, _, error = called(capsys, "check", extract, "--columns", "lonn")
    assert code == 2
    assert "mih-impact check --help" in error
    assert "--columns person_id=lopenr wage_income=lonn" in called(capsys, "check", "--help")[1]


def test_a_check_as_json_is_the_table_of_the_check(capsys, tmp_path):
    frame = small_register(50, starters=10)
    frame.loc[[3, 5], "wage_income"] = -1.0
    frame.to_parquet(tmp_path / "bad.parquet")
    code, out, error = called(capsys, "check", tmp_path / "bad.parquet", "--json", "--lang", "en")
    said = json.loads(out)
    report = mih.read_panel(tmp_path / "bad.parquet").check()
    assert code == 2
    assert error.startswith("mih-impact: The panel breaks the contract")
    assert said["passed"] is False
    assert (said["rows"], said["persons"]) == (len(frame), frame["person_id"].nunique())
    assert pd.DataFrame(said["breaches"]).equals(report.to_frame(lang="en"))


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_an_analysis_is_written_from_the_columns_of_a_register(capsys, extract, tmp_path, lang):
    folder = tmp_path / "analysis"
    code, out, _ = called(capsys, "init", extract, "--out", folder, "--lang", lang, "--json")
    assert code == 0
    analysis = folder / "analysis.toml"
    assert json.loads(out)["files"] == [str(analysis), str(folder / "programme.toml")]
    text = analysis.read_text(encoding="utf-8")
    written = tomllib.loads(text)
    assert written["data"]["source"] == "../uttrekk.csv"
    assert written["data"]["columns"] == NORWEGIAN
    assert written["controls"]["exact"] == ["county"]
    assert written["controls"]["on"] == [
        "age",
        "education",
        *(f"wage_income[-{k}]" for k in (1, 2, 3)),
    ]
    assert written["effects"]["outcomes"] == OUTCOMES
    other = "Andre kolonner i filen" if lang == "nb" else "Other columns in the file"
    alike = "Ligner, men er ikke brukt" if lang == "nb" else "Alike, but not used"
    assert f"# {other}: q17\n" in text
    assert f'# {alike}: municipality = "kommentar"\n' in text
    refused = called(capsys, "check", analysis)
    assert refused[0] == 2
    assert "--allow-outside" in refused[2]
    assert called(capsys, "check", analysis, "--allow-outside")[0] == 0
    result = mih.run_study(analysis, write=False, allow_outside=True)
    panel = mih.read_panel(extract, columns=NORWEGIAN)
    on = ["age", "education", *mih.lag("wage_income", 1, 2, 3)]
    group = mih.match(panel, exact=["county"], on=on)
    effects = mih.event_study(group, outcomes=OUTCOMES)
    pd.testing.assert_frame_equal(result.effects.to_frame(), effects.to_frame())


def test_an_analysis_is_written_from_a_stata_file(capsys, tmp_path):
    frame = small_register(30, starters=6).rename(columns=NORWEGIAN)
    frame.to_stata(tmp_path / "uttrekk.dta", write_index=False)
    analysis = tmp_path / "analysis" / "analysis.toml"
    assert called(capsys, "init", tmp_path / "uttrekk.dta", "--out", analysis.parent)[0] == 0
    assert StudySpec.from_toml(analysis).data.columns == NORWEGIAN
    assert called(capsys, "check", analysis, "--allow-outside")[0] == 0


def test_what_is_not_found_is_said_and_what_is_there_is_left(capsys, tmp_path):
    pd.DataFrame({"wage_incom": [1.0], "klokke": [2]}).to_parquet(tmp_path / "few.parquet")
    folder = tmp_path / "analysis"
    assert called(capsys, "init", tmp_path / "few.parquet", "--out", folder, "--lang", "en")[0] == 0
    text = (folder / "analysis.toml").read_text(encoding="utf-8")
    assert "# Not found under any known name, write them into columns: person_id, year" in text
    assert StudySpec.from_toml(folder / "analysis.toml").data.columns == {
        "wage_income": "wage_incom"
    }
    code, _, error = called(capsys, "init", tmp_path / "few.parquet", "--out", folder)
    assert code == 2
    assert "left as it is" in error
    code, _, error = called(capsys, "init", tmp_path / "nothing.csv")
    assert code == 2
    assert "no register file" in error


def test_a_shell_completes_commands_and_options(capsys):
    script = called(capsys, "completion", "bash")[1]
    ask = (
        "{script}\nCOMP_WORDS=(mih-impact {words}); COMP_CWORD={at}"
        '\n_mih_impact mih-impact "{last}"\nprintf "%s\\n" "${{COMPREPLY[@]}}"'
    )

    def completed(*words: str) -> list[str]:
        asked = ask.format(script=script, words=" ".join(words), at=len(words), last=words[-1])
        run = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
        return run.stdout.split()

    assert completed("r") == ["reproduce", "run"]
    assert completed("memo", "--st") == ["--starters"]
    assert completed("c") == ["check", "completion"]
    assert called(capsys, "completion", "zsh")[1].endswith(script)


def test_a_result_that_is_not_there_is_told_with_those_that_are(capsys, tmp_path):
    (tmp_path / "sak.zip").write_bytes(b"")
    code, _, error = called(capsys, "memo", "--case", tmp_path / "case.zip", "--out", tmp_path)
    assert code == 2
    assert error.startswith("mih-impact: The file case.zip is not there. Found: sak.zip beside it.")
    code, _, error = called(capsys, "memo", "--case", tmp_path / "x" / "a.zip", "--out", tmp_path)
    assert "Found: no other .zip beside it." in error


def test_a_command_collects_seldom_and_leaves_it_as_it_was(capsys, monkeypatch) -> None:
    usual, within = gc.get_threshold(), []
    monkeypatch.setattr(cli.json, "dumps", lambda *_, **__: within.append(gc.get_threshold()))
    assert cli.main(["check", "nowhere.csv"]) == 2
    assert gc.get_threshold() == usual
    assert cli.main(["reproduce", "--json"]) == 0
    assert within[0][0] > usual[0]
    assert gc.get_threshold() == usual
