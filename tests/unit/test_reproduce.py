"""The reference case, its study file and the command line."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.cli import main
from mih_impact.display.locale import language
from mih_impact.nav import reproduce
from mih_impact.nav.case import analysis, base_case, menn_i_helse
from mih_impact.nav.published import QUANTITIES, published
from mih_impact.reporting.export import write_figures
from mih_impact.study.spec import StudySpec


@pytest.fixture(scope="module")
def replication():
    with mih.options(progress=False):
        return mih.reproduce_nav()


@pytest.fixture(scope="module")
def made(replication, tmp_path_factory):
    """What is written in each language: its folder, and the figures as they were drawn for it."""
    folders, drawn = {}, {"nb": {}, "en": {}}

    def kept(figures, folder):
        drawn[language()].update(figures)
        return write_figures(figures, folder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduce, "write_figures", kept)
        for lang in ("nb", "en"):
            folders[lang] = tmp_path_factory.mktemp(lang)
            replication.write(folders[lang], lang=lang)
    return folders, drawn


@pytest.fixture(scope="module")
def written(made):
    return made[0]


def test_every_published_figure_stands_beside_ours(replication):
    frame = replication.to_frame()
    assert set(frame["id"]) == set(published()["id"]) == set(QUANTITIES)
    assert frame["relation"].str.match("calibrated|implied|not in the register").all()
    outside = frame["relation"] == "not in the register"
    assert frame.loc[outside, "computed"].isna().all()
    assert frame.loc[~outside, "computed"].notna().all()


def test_the_million_stands_beside_three_measures(replication):
    rows = replication.to_frame().query("id == 'nav_net_gain_7_years'").set_index("measure_en")
    assert len(rows) == 3
    assert (rows["published"] == 1_100_000).all()
    assert rows.loc["NPV by R-109", "computed"] == replication.case.npv
    assert rows.loc["NPV, simplified", "computed"] == replication.simplified.npv
    wage = replication.effects.to_frame().query(
        "outcome == 'wage_income' and 0 <= year_since_start <= 6"
    )
    total = rows.loc["sum of wage effects, undiscounted", "computed"]
    assert total == pytest.approx(wage["estimate"].sum())


def test_the_wage_effect_tells_its_distance_from_the_truth(replication):
    row = replication.to_frame().query("id == 'nav_wage_effect_year_3'").iloc[0]
    wage = replication.effects.to_frame().query(
        "outcome == 'wage_income' and year_since_start == 3"
    )
    z = (wage["estimate"].item() - 200_000) / wage["std_error"].item()
    assert f"{z:.2f}".replace("-", "\u2212") in row["verdict_en"]


def test_the_reference_case_speaks_for_the_matched(replication):
    coverage = replication.effects.coverage
    assert coverage["participants"] == 527
    assert coverage["first_start_year"] == 2014
    assert coverage["last_start_year"] == 2021
    assert coverage["matched"] >= 0.97 * 527


def test_no_page_lets_a_reader_believe_in_register_data(replication, made):
    written, drawn = made
    for lang, word in (("nb", "syntetisk"), ("en", "synthetic")):
        assert word in replication.summary(lang).lower()
        assert word in replication.case.summary(lang).lower()
        assert word in replication.effects.summary(lang).lower()
        for page in written[lang].glob("*.html"):
            assert word in page.read_text().lower(), page.name
        assert len(drawn[lang]) > 10
        for ax in drawn[lang].values():
            assert any(word in text.get_text().lower() for text in ax.texts), ax.get_title()


def test_the_picture_of_the_first_page_is_what_is_drawn_now(written):
    """Texts are alike, and marks stand where they stand, but for what fonts and rounding move."""

    def parts(path):
        text = path.read_text(encoding="utf-8")
        marks = [float(number) for number in re.findall(r"(?:^[ML] |[xy]=\")([\d.]+)", text, re.M)]
        return re.findall(r"<!-- (.*?) -->", text), np.array(marks)

    ours = Path(__file__).parents[2] / "docs" / "images" / "effects.svg"
    texts, marks = parts(ours)
    now, drawn = parts(written["en"] / "fig2_wage_effect.svg")
    assert len(texts) > 15
    assert texts == now
    assert len(marks) > 100
    np.testing.assert_allclose(marks, drawn, atol=0.5)


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_figures_and_tables_are_written(written, lang):
    names = {path.name for path in written[lang].iterdir()}
    for stem in (
        "fig1_wage_income",
        "fig2_wage_effect",
        "fig3_work_and_benefits",
        "fig4_present_value",
        "fig5_who_pays_who_gains",
        "fig6_bridge",
        "fig7_costs",
        "fig8_tornado_society",
        "fig9_tornado_public",
        "fig10_posts_and_displacement",
        "fig11_scenarios",
        "fig12_intervals",
        "fig13_probability_by_cost",
        "fig14_break_even",
        "fig15_residual_value",
        "fig16_readings",
        "love_plot",
    ):
        assert {f"{stem}.png", f"{stem}.svg"} <= names
    for stem in (
        "table1_who_is_compared",
        "table2_effects",
        "table3_account",
        "published_beside_computed",
    ):
        assert {f"{stem}.csv", f"{stem}.html"} <= names
    account = pd.read_csv(written[lang] / "table3_account.csv").set_index("actor")
    assert account.loc["society", "present_value"] == pytest.approx(
        account["present_value"].drop(["society", "public"]).sum(), rel=1e-9
    )


def test_pages_are_in_the_language_asked_for(written):
    nb = (written["nb"] / "published_beside_computed.html").read_text()
    en = (written["en"] / "published_beside_computed.html").read_text()
    assert 'lang="nb"' in nb
    assert "200\u00a0000\u00a0kr" in nb
    assert "NOK\u00a0200,000" in en
    assert not re.search(r"deltaker|kroner", en)


def test_writing_twice_gives_the_same_bytes(replication, written, tmp_path):
    replication.write(tmp_path, lang="nb")
    for path in written["nb"].iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_study_saved_and_loaded_is_the_same(replication, tmp_path):
    again = mih.load(replication.study.save(tmp_path / "study.zip"))
    pd.testing.assert_frame_equal(again.effects.to_frame(), replication.effects.shown().to_frame())
    assert again.case.npv == replication.case.npv
    assert again.summary("en") == replication.study.summary("en")


def test_a_replication_saved_and_loaded_is_the_same(replication, tmp_path):
    again = mih.load(replication.save(tmp_path / "nav.zip"))
    pd.testing.assert_frame_equal(again.to_frame(), replication.to_frame())
    assert again.summary("nb") == replication.summary("nb")


def test_no_saved_result_holds_a_person(replication, tmp_path):
    path = replication.study.save(tmp_path / "study.zip")
    ids = mih.example_panel().cube(columns=["wage_income"]).person_id[:200]
    data = path.read_bytes()
    assert not any(str(person).encode() in data for person in ids if len(str(person)) > 5)


def test_the_analysis_file_is_the_analysis():
    spec = analysis()
    assert spec.controls.options["on"] == ("age", "education", *mih.lag("wage_income", 1, 2, 3))
    assert spec.account.horizon == 7
    assert spec.effects.options["window"] == (-5, 6)


def test_the_programme_is_the_base_case():
    rows = base_case().set_index("item")
    frame = menn_i_helse().to_frame()
    printed = {
        "coordination": "coordination (HOD 761.21)",
        "school": "school year (county), reach 0.85",
        "practice_supervision": "practice supervision (municipality)",
        "nav_follow_up": "Nav follow-up",
        "apprentice_supervision": "apprentice supervision (municipality), reach 0.75",
        "apprentice_grant": "apprentice supervision (municipality), reach 0.75",
    }
    unpriced = frame.groupby("item")["amount"].sum().eq(0)
    assert set(unpriced.index[unpriced]) == {"summer_job_supervision", "participant_effort"}
    assert set(printed) == set(unpriced.index[~unpriced])
    for item, row in printed.items():
        own = frame[frame["item"] == item].set_index("year_since_start")["amount"]
        path = own.reindex(range(7), fill_value=0.0).to_numpy()
        expected = rows.loc[row, [f"t{t}" for t in range(7)]].to_numpy(dtype=float) * 1000
        np.testing.assert_allclose(path, expected, rtol=1e-12)


def test_no_cost_is_a_hidden_zero():
    """What nobody has priced is there all the same, with a range, a status and a reason."""
    for item in menn_i_helse().assumptions:
        if item.name.startswith("cost:"):
            assert item.low is not None, item.name
            assert item.low < item.high, item.name
            assert item.source, item.name
            assert item.range_source, item.name
            assert item.status in ("ASSUMED", "derived"), item.name


BAD_SPECS = [
    ("[contrls]\n", "contrls"),
    ("[controls]\nmetod = 'exact'\n", "did you mean 'method'"),
    ("[account]\npreset = 'r190'\n[controls]\non = ['age']\n", "r109, simplified"),
    ("not toml", "give a TOML file"),
]


@pytest.mark.parametrize(("text", "words"), BAD_SPECS)
def test_a_bad_analysis_file_says_what_is_wrong(tmp_path, text, words):
    path = tmp_path / "analysis.toml"
    path.write_text(text)
    with pytest.raises((mih.AssumptionError, mih.OptionError)) as caught:
        mih.run_study(StudySpec.from_toml(path))
    assert words in str(caught.value)


def test_a_study_may_weight_and_use_every_option_of_the_verbs(tmp_path):
    path = tmp_path / "analysis.toml"
    path.write_text(
        "[controls]\nmethod = 'entropy'\non = ['age', 'wage_income[-1]']\nexact = ['county']\n"
        "[effects]\ncomposition = 'cohort_weighted'\nwindow = [-1, 3]\n[account]\nhorizon = 4\n"
    )
    result = mih.run_study(path)
    assert result.effects.se == "estimated_weights"
    assert result.effects.provenance.options["composition"] == "cohort_weighted"
    path.write_text("[controls]\nmethod = 'entropy'\nratio = 5\n")
    with pytest.raises(mih.AssumptionError, match="ratio"):
        mih.run_study(path)


def test_a_study_may_split_the_participants(tmp_path):
    path = tmp_path / "analysis.toml"
    controls = "[controls]\non = ['age']\nexact = ['county']\nratio = 1\n"
    effects = "[effects]\noutcomes = ['wage_income']\nwindow = [-1, 3]\n"
    account = "[account]\nhorizon = 4\n"
    path.write_text(f"{controls}{effects}by = {{ cut = ['age', 30, 45] }}\n{account}")
    found = mih.run_study(path).effects
    assert found.subgroups == ("all", "under 30", "30-44", "45 and over")
    path.write_text(f"{controls}{effects}by = {{ quarters = ['age'] }}\n")
    with pytest.raises(mih.AssumptionError, match="quarters"):
        mih.run_study(path)
    path.write_text(f"{controls}{effects}by = {{ cut = ['age', 30], completers = 'x' }}\n")
    with pytest.raises(mih.AssumptionError, match="one way"):
        mih.run_study(path)


def test_run_study_reads_paths_beside_the_analysis(tmp_path):
    from tests.support import small_register

    small_register(400, starters=60).to_parquet(tmp_path / "extract.parquet")
    (tmp_path / "analysis.toml").write_text(
        "[data]\nsource = 'extract.parquet'\n"
        "[controls]\non = ['age', 'wage_income[-1]']\nexact = ['county']\n"
        "[account]\nhorizon = 4\n"
        "[account.assumptions]\ntax_financing_cost = 0.0\n"
    )
    result = mih.run_study(tmp_path / "analysis.toml")
    assert result.case.horizon == 4
    assert result.case.assumptions.tax_financing_cost == 0.0
    assert "Tiltakskostnader er IKKE regnet med" in result.summary("nb")


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_command_line_reproduces(capsys, lang):
    assert main(["reproduce", "--lang", lang, "--quiet"]) == 0
    out = capsys.readouterr().out
    assert ("Publisert" if lang == "nb" else "Published") in out
    assert ("lønnsomt" if lang == "nb" else "breaks even") in out.lower()


def test_the_command_line_checks_and_refuses(capsys, tmp_path):
    from tests.support import small_register

    frame = small_register(50, starters=10)
    frame.to_parquet(tmp_path / "good.parquet")
    pd.concat([frame, frame.head(7)]).to_parquet(tmp_path / "bad.parquet")
    assert main(["check", str(tmp_path / "good.parquet")]) == 0
    assert main(["check", str(tmp_path / "bad.parquet"), "--lang", "en"]) == 2
    captured = capsys.readouterr()
    assert "mih-impact:" in captured.err
    assert main(["run", str(tmp_path / "nothing.toml")]) == 2
