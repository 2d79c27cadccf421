"""The notebooks run without a warning, show what they showed, and say what the library says."""

from __future__ import annotations

import base64
import re
from html import unescape

import causaldata
import narwhals as nw
import nbformat
import numpy as np
import pytest
from notebooks.execute import clean, execute, notebooks, temporary_kernel

import mih_impact as mih

NAV = "01_reproduce_nav.ipynb"
REAL = "02_real_training_programme.ipynb"
REFEREE = "03_what_a_referee_asks.ipynb"
BUDGET = "04_from_account_to_budget.ipynb"
DELIVERY = "05_from_delivery_to_memo.ipynb"
ACCOUNT = "06_supported_work.ipynb"
ALL = [NAV, REAL, REFEREE, BUDGET, DELIVERY, ACCOUNT]
#: Pictures are for reading on a screen, and the repository keeps every version of them.
LARGEST_PICTURE = 80_000
#: A figure of many rows (sixteen of balance in the reference case) may have so much for each line
#: of pixels, which is what the same figure had with fewer rows.
LARGEST_LINE = 140


def text_of(output) -> str:
    """Return what a reader sees of an output, pictures apart."""
    if output.output_type == "stream":
        return output.text
    data = output.get("data", {})
    if "text/html" in data:
        without_style = re.sub(r"<style.*?</style>", "", data["text/html"], flags=re.S)
        return unescape(re.sub(r"<[^>]+>", " ", without_style))
    return "" if "image/png" in data else data.get("text/plain", "")


def shown(notebook) -> dict[str, str]:
    """Return the text beneath every code cell, by the cell's id."""
    return {
        cell["id"]: " ".join(" ".join(map(text_of, cell.outputs)).split())
        for cell in notebook.cells
        if cell.cell_type == "code"
    }


def numbers(text: str) -> list[str]:
    return re.findall(r"[-\u2212]?\d[\d.,\u00a0]*", text)


def prose(notebook) -> str:
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return " ".join(" ".join(texts).split())


@pytest.fixture(scope="module")
def committed():
    return {path.name: nbformat.read(path, as_version=4) for path in notebooks()}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    with temporary_kernel(tmp_path_factory.mktemp("jupyter")) as kernel:
        return {
            path.name: execute(path, kernel=kernel, warnings_are_errors=True)
            for path in notebooks()
        }


def test_these_are_the_notebooks(committed):
    assert list(committed) == ALL


@pytest.mark.parametrize("name", ALL)
def test_nothing_goes_to_the_error_stream(fresh, name):
    outputs = [output for cell in fresh[name].cells for output in cell.get("outputs", ())]
    assert outputs
    assert [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"] == []


@pytest.mark.parametrize("name", ALL)
def test_the_outputs_are_those_committed(committed, fresh, name):
    before, now = shown(committed[name]), shown(fresh[name])
    assert {key: numbers(text) for key, text in now.items()} == {
        key: numbers(text) for key, text in before.items()
    }
    assert sum(len(numbers(text)) for text in now.values()) > 50


@pytest.mark.parametrize("name", ALL)
def test_each_figure_is_shown_once_and_is_of_moderate_size(committed, fresh, name):
    for cell in (*fresh[name].cells, *committed[name].cells):
        pictures = [o for o in cell.get("outputs", ()) if "image/png" in o.get("data", {})]
        draws = cell.cell_type == "code" and ".plot" in cell.source
        assert len(pictures) == int(draws), cell["id"]
        for picture in pictures:
            png = base64.b64decode(picture["data"]["image/png"])
            lines = int.from_bytes(png[20:24], "big")  # the height, where PNG has it
            assert len(png) < max(LARGEST_PICTURE, LARGEST_LINE * lines), cell["id"]


@pytest.mark.parametrize("name", ALL)
def test_what_is_committed_is_clean(committed, name):
    notebook = committed[name]
    before = nbformat.writes(notebook)
    assert nbformat.writes(clean(notebook)) == before


# --- what they say --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def case():
    group = mih.match(
        mih.example_panel(),
        exact=["county", "benefit_type"],
        on=["age", "education", *mih.lag("wage_income", 1, 2, 3)],
    )
    effects = mih.event_study(group)
    programme = mih.nav.menn_i_helse()
    return group, mih.cost_benefit(effects, mih.Assumptions.r109(), programme=programme), effects


def test_the_nav_session_shows_what_the_calls_give(fresh, case):
    group, account, effects = case
    cells = shown(fresh[NAV])
    wage = effects.to_frame().set_index(["outcome", "year_since_start"]).loc["wage_income"]
    third = wage.loc[3]
    assert f"NOK\u00a0{round(account.npv, -2):,.0f}".split()[-1] in cells["case"].replace(
        " ", "\u00a0"
    )
    assert f"{third['estimate']:,.0f}" in cells["effects"]
    assert (
        f"{third['participant_mean'] - wage.loc[-1, 'participant_mean']:,.0f}"
        in cells["before-after"]
    )
    assert f"{group.n_participants} of {group.flow[0].participants}" in cells["match"]
    assert cells["save"] == "True"


def test_the_nav_session_says_that_the_register_is_synthetic(fresh):
    cells = shown(fresh[NAV])
    assert "The register here is synthetic" in prose(fresh[NAV])
    for cell in ("panel", "english", "match", "effects", "case", "reproduce"):
        assert re.search("syntheti[ck]|syntetisk", cells[cell], flags=re.I), cell


def test_the_nav_session_speaks_bokmal_first_and_then_english(fresh):
    cells = shown(fresh[NAV])
    assert "Kontroll av panelet" in cells["panel"]
    assert "Register panel" in cells["english"]
    assert not any("Kontrollgruppe" in text for text in cells.values())


def test_the_numbers_in_the_nav_prose_are_those_of_the_session(fresh, case):
    group, account, effects = case
    text, cells = prose(fresh[NAV]), shown(fresh[NAV])
    lost = group.flow[0].participants - group.n_participants
    assert lost == 5
    assert "Five participants have nobody near enough" in text
    assert f"the {group.n_participants} others" in text
    assert group.balance().worst < 0.1
    most = group.balance().to_frame()["smd_before"].abs().max()
    assert f"by up to {most:.1f} standard deviations" in text
    assert effects.pretrend_test().passed
    assert f"turns negative: {account.switching_scale():.2f} of the estimated" in text
    (share,) = re.findall(r"no: (\d+%) of those who started", cells["reproduce"])
    assert f"{share} of those who started still receive" in text


@pytest.fixture(scope="module")
def experiment():
    """The three estimates, without the notebook's help: experiment, matched, naive."""
    nsw = causaldata.nsw_mixtape.load_pandas().data
    cps = causaldata.cps_mixtape.load_pandas().data
    earned = {
        "treated": nsw.loc[nsw["treat"] == 1, "re78"],
        "controls": nsw.loc[nsw["treat"] == 0, "re78"],
        "cps": cps["re78"],
    }
    return {name: series.to_numpy(dtype=float) for name, series in earned.items()}


def test_the_experiment_gives_what_was_published(experiment):
    # Dehejia and Wahba (1999).
    treated, controls = experiment["treated"], experiment["controls"]
    assert (len(treated), len(controls)) == (185, 260)
    assert treated.mean() - controls.mean() == pytest.approx(1794, abs=1)


def test_the_real_data_notebook_shows_experiment_and_naive_comparison(fresh, experiment):
    cell = shown(fresh[REAL])["experiment"]
    treated = experiment["treated"]
    for others in (experiment["controls"], experiment["cps"]):
        error = np.sqrt(treated.var(ddof=1) / len(treated) + others.var(ddof=1) / len(others))
        assert f"{treated.mean() - others.mean():,.0f} {error:,.0f}" in cell


def test_the_numbers_in_the_real_prose_are_those_of_the_session(fresh):
    text, cells = prose(fresh[REAL]), shown(fresh[REAL])
    rows = {
        name: [
            value.replace("-", "\u2212") for value in numbers(cells["experiment"].split(name)[1])
        ]
        for name in ("experiment", "matched CPS controls", "all CPS men (naive)")
    }
    estimate, error, low, high = rows["matched CPS controls"][:4]
    assert f"The estimate is {estimate} dollars with a standard error of {error}" in text
    assert f"from {low} to {high}, holds the experiment's {rows['experiment'][0]}" in text
    assert f"the men {rows['all CPS men (naive)'][0].lstrip(chr(0x2212))} dollars" in text
    assert f"({rows['experiment'][2]} to {rows['experiment'][3]})" in text
    assert "The experimental difference lies in the interval: True" in cells["verdict"]
    assert "Zero lies in the interval: True" in cells["verdict"]
    assert "**too uncertain to tell**" in text


def test_the_table_of_methods_says_what_the_prose_says(fresh, experiment):
    text, cell = prose(fresh[REAL]), shown(fresh[REAL])["methods"]
    names = re.findall(r"(?:propensity|Mahalanobis|coarsened|exact|entropy|inverse|group-time)"
                       r"[^\d]*(?:1:\d[^\d\u2212-]*)?", cell)  # fmt: skip
    found = {}
    for name in names:
        values = numbers(cell.split(name, 1)[1])[:5]
        found[name.strip()] = [float(v.replace(",", "").replace("\u2212", "-")) for v in values]
    assert len(found) == 13
    benchmark = experiment["treated"].mean() - experiment["controls"].mean()
    assert all(row[2] < benchmark < row[3] for row in found.values())
    holding_zero = sum(row[2] <= 0 <= row[3] for row in found.values())
    assert f"it does for {holding_zero} of the 13" in text
    assert f"and get {found['exact cells'][0]:,.0f}." in text
    coarse = found["coarsened cells"]
    assert f"{coarse[4]:.0f} of the 185. Their {coarse[0]:,.0f} is" in text
    whole = [row[0] for name, row in found.items() if "cells" not in name]
    assert f"lie between {min(whole):,.0f} and {max(whole):,.0f} dollars" in text


def test_the_referees_notebook_says_that_the_register_is_synthetic(fresh):
    cells = shown(fresh[REFEREE])
    assert "The register here is synthetic" in prose(fresh[REFEREE])
    for cell in ("start", "randomisation", "pretrend", "power", "placebo", "rosenbaum", "evalue"):
        assert "synthetic register" in cells[cell].lower(), cell


def test_the_referees_notebook_says_what_the_calls_give(fresh, case):
    group, _, effects = case
    text, cells = prose(fresh[REFEREE]), shown(fresh[REFEREE])
    third = effects.to_frame().query("outcome == 'wage_income' and year_since_start == 3").iloc[0]
    assert f"{third['estimate'] / 1000:.1f} {third['std_error'] / 1000:.1f}" in cells["ways"]
    assert f"Abadie-Imbens {third['std_error'] / 1000:.1f}" in cells["se"]
    assert len(mih.specification_curve(group).table) == 27
    assert "it tries 27 specifications" in text


# --- the delivery ---------------------------------------------------------------------------------


def test_the_delivery_gives_the_account_of_the_register_it_was_made_from(fresh):
    """The register itself, through the same calls, has the amounts and the net present value."""
    cells = shown(fresh[DELIVERY])
    panel = mih.synthetic_register(participants=300, persons=4_000, seed=5).panel
    wages = panel.frame.select(nw.col("wage_income").sum()).collect("pandas").to_native().iloc[0, 0]
    assert cells["equal"].count(f"{wages:,.2f}") == 2
    on = ["age", "education", *mih.lag("wage_income", 1, 2, 3)]
    effects = mih.event_study(mih.match(panel, exact=["county", "benefit_type"], on=on))
    case = mih.cost_benefit(effects, mih.Assumptions.r109(), programme=mih.nav.menn_i_helse())
    told = re.search(r"Net present value \(NPV\) NOK ([\d,]+)", cells["case"])
    assert abs(float(told[1].replace(",", "")) - case.npv) < 50.0000001
    assert "Errors 0" in cells["check"]
    assert cells["write"].count("Synthetic") == 1
