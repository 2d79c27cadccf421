"""A whole analysis as one specification: read, written, run, replayed; and resampling in it."""

from __future__ import annotations

import re
import tomllib

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.cli import main
from mih_impact.display.locale import Label
from mih_impact.study.spec import OutputsSpec, StudySpec
from mih_impact.study.start import write_template
from mih_impact.study.toml_files import read_programme
from tests.support import small_register

pytestmark = pytest.mark.filterwarnings("ignore:One person carries")

CONTROLS = "[controls]\non = ['age', 'wage_income[-1]']\nexact = ['county']\n"
EFFECTS = "[effects]\noutcomes = ['wage_income', 'dagpenger']\nwindow = [-2, 3]\n"
PROGRAMME = """
name = "course"
label = { nb = "kurs", en = "course" }
price_year = 2024

[[phase]]
name = "course"
label = { nb = "kurs", en = "course" }
reach = 0.7
status = "ASSUMED"

[[item]]
name = "place"
label = { nb = "plass", en = "place" }
phase = "course"
per_starter = [30_000, 10_000]
payer = "state"
cash = true
status = "ASSUMED"
source = "an example"
low = 40_000
high = 80_000
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A register, a programme, and room for an analysis."""
    home = tmp_path_factory.mktemp("study")
    small_register(400, starters=60).to_parquet(home / "extract.parquet")
    (home / "programme.toml").write_text(PROGRAMME)
    return home


def spec_of(folder, account="horizon = 4", *, effects=EFFECTS, controls=CONTROLS, more=""):
    text = f"[data]\nsource = 'extract.parquet'\n{controls}{effects}[account]\n{account}\n{more}"
    return StudySpec.from_text(text, folder=folder)


@pytest.fixture(scope="module")
def base(folder):
    """The analysis with the programme and nothing else said."""
    return mih.run_study(spec_of(folder, "programme = 'programme.toml'\nhorizon = 4"))


def same_numbers(a, b):
    """Whether two results are the same to the last bit."""
    np.testing.assert_array_equal(a.effects.estimate, b.effects.estimate)
    np.testing.assert_array_equal(a.effects.covariance, b.effects.covariance)
    np.testing.assert_array_equal(a.effects.frame["band_low"], b.effects.frame["band_low"])
    assert (a.case.npv, a.case.public, a.case.std_error) == (
        b.case.npv, b.case.public, b.case.std_error)  # fmt: skip
    assert a.case.sheet() == b.case.sheet()
    return True


# --- text and back --------------------------------------------------------------------------------

TEXTS = [
    "",
    CONTROLS + EFFECTS,
    "[controls]\nmethod = 'entropy'\non = ['age']\nmoments = 2\n",
    "[controls]\nmethod = 'ipw'\non = ['age', 'wage_income[-2]']\ntrim = 0.1\n",
    "[effects]\nby = { cut = ['age', 30, 40.5] }\nbase = [-1, -2]\n",
    "[effects]\nby = { cut = ['wage_income[-1]', 100000] }\n",
    "[effects]\nby = { completers = 'finished' }\n",
    "[effects]\nby = 'county'\nlevel = 0.9\n",
    "[data]\ncolumns = { person_id = 'nr' }\nvalues = { sex = { M = 'man' } }\nmoney = 'fixed'\n",
    "[account]\npreset = 'r109'\nzone = 'IVa'\nhorizon = 9\npersistence = 'linear'\n"
    "timing = 'middle'\ndiscount = 0.03\nroles = { hours = 'wage' }\n"
    "[account.assumptions]\n'cost:a' = 1.5\ntax_rate_wage = 0.1\n",
    "[account]\nroles = { own = { payer = 'state', taxable = true } }\n",
    "[account]\ndiscount = [{ to = 40, rate = 0.04 }, { rate = 0.03 }]\n",
    "[outputs]\nfolder = 'x'\nlang = 'en'\ntables = true\nfigures = ['effects']\n"
    "sheet = ['csv']\nsave = 'a.zip'\n",
    "name = 'a'\nlabel = 'One title'\n",
    "[data]\nthousands = '.'\ndecimal = { share = '.' }\ncodes = ['industry']\nweights = 'w'\n"
    "kpi = { 2024 = 97.0, 2025 = 100.0 }\n",
    "[data]\nindex = { 2024 = 100.0, 2025 = 103.0 }\n",
]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_text_of_a_specification_is_read_back_as_it(tmp_path, text):
    spec = StudySpec.from_text(text, folder=tmp_path)
    assert StudySpec.from_text(spec.to_toml(), folder=tmp_path) == spec
    assert StudySpec.from_toml(spec.write(tmp_path / "analysis.toml")) == spec
    given = tomllib.loads(text)
    for section in ("data", "controls", "effects", "account", "outputs"):
        found = tomllib.loads(spec.to_toml()).get(section, {})
        assert {key: found.get(key, "default") for key in given.get(section, {})
                if key in found} == {key: value for key, value in given.get(section, {}).items()
                                     if key in found}  # fmt: skip


def test_an_option_that_is_no_text_says_so():
    spec = StudySpec.from_text(CONTROLS)
    step = type(spec.controls)(spec.controls.verb, {"eligible": object(), "on": ("age",)})
    with pytest.raises(mih.AssumptionError, match=r"\[controls\] eligible.*column"):
        StudySpec(**(vars(spec) | {"controls": step})).to_toml()


def test_how_text_is_read_and_the_price_index_are_part_of_an_analysis(folder):
    frame = small_register(400, starters=60)
    frame["year"] += 2025 - frame["year"].max()
    frame["start_year"] += frame["year"].max() - small_register(400, starters=60)["year"].max()
    frame = frame.astype({"wage_income": int})
    told = frame.assign(wage_income=[f"{w:,}".replace(",", ".") for w in frame["wage_income"]])
    frame["w"] = told["w"] = 1 + frame["person_id"] % 3
    told.to_csv(folder / "told.csv", sep=";", index=False)
    text = (
        f"[data]\nsource = 'told.csv'\nthousands = {{ wage_income = '.' }}\nweights = 'w'\n"
        f"kpi = {{ 2024 = 97.0, 2025 = 100.0 }}\n{CONTROLS}{EFFECTS}[account]\nhorizon = 4\n"
    )
    result = mih.run_study(StudySpec.from_text(text, folder=folder))
    index = mih.PriceIndex.kpi().extended({2024: 97.0, 2025: 100.0})
    panel = mih.read_panel(frame, index=index, weights="w")
    group = mih.match(panel, on=["age", *mih.lag("wage_income", 1)], exact=["county"])
    effects = mih.event_study(group, outcomes=["wage_income", "dagpenger"], window=(-2, 3))
    np.testing.assert_array_equal(result.effects.estimate, effects.estimate)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("index = { 2024 = 1.0 }\nkpi = { 2024 = 1.0 }", "two price indices"),
        ("kpi = 5", "no table"),
        ("kpi = { y2024 = 1.0 }", "a key that is not a year"),
        ("kpi = { 2030 = 1.0 }", "share no year"),
        ("thousands = ';'", "thousands= has a value"),
        ("columns = 5", "columns is a mapping"),
        ("source = 5", "one name"),
        ("weights = 'nowhere'", "column of numbers"),
        ("source = 'example'\nweights = 'w'\nthousands = ','", "thousands, weights"),
    ],
)
def test_data_that_say_what_they_cannot_are_refused(folder, data, words):
    source = "" if "source" in data else "source = 'extract.parquet'\n"
    spec = StudySpec.from_text(f"[data]\n{source}{data}\n{CONTROLS}", folder=folder)
    with pytest.raises(mih.MihImpactError, match=words):
        mih.run_study(spec)


# --- the account ----------------------------------------------------------------------------------


def test_every_choice_of_the_account_is_the_calls_own(folder, base):
    account = (
        "programme = 'programme.toml'\nzone = 'IVa'\nhorizon = 6\npersistence = 'half_life'\n"
        "timing = 'middle'\ndiscount = [{ to = 2, rate = 0.05 }, { rate = 0.02 }]\n"
        "[account.assumptions]\n'cost:place' = 60_000\n'reach:course' = 0.5\ntax_rate_wage = 0.3\n"
    )
    result = mih.run_study(spec_of(folder, account))
    rules = mih.Assumptions.r109(zone="IVa")
    rules = rules.replace(discount=mih.Discount(((2, 0.05), (None, 0.02)), "middle"))
    wanted = mih.cost_benefit(
        result.effects, rules, programme=base.case.programme, horizon=6, persistence="half_life"
    ).with_values({"cost:place": 60_000, "reach:course": 0.5, "tax_rate_wage": 0.3})
    assert result.case.npv == wanted.npv
    assert result.case.sheet() == wanted.sheet()
    assert result.case.assumptions["tax_rate_wage"].source == "the analyst's own value"


@pytest.mark.parametrize("suffix", ["toml", "csv"])
@pytest.mark.parametrize("programme", ["programme = 'programme.toml'\n", ""])
def test_a_sheet_is_the_account(folder, base, suffix, programme):
    changed = base.case.with_values({"cost:place": 70_000, "tax_rate_wage": 0.3})
    changed.sheet().write(folder / f"sheet.{suffix}")
    result = mih.run_study(spec_of(folder, f"{programme}sheet = 'sheet.{suffix}'\n"))
    assert result.case.npv == changed.npv
    more = f"{programme}sheet = 'sheet.{suffix}'\n[account.assumptions]\ntax_rate_wage = 0.25\n"
    again = mih.run_study(spec_of(folder, more))
    assert again.case.npv == changed.with_values({"tax_rate_wage": 0.25}).npv


REFUSED = [
    ("preset = 'r190'", "did you mean 'r109'"),
    ("zone = 'VII'", "no zone='VII'"),
    ("preset = 'simplified'\nzone = 'V'", "leave the zone out"),
    ("persistance = 'linear'", "did you mean 'persistence'"),
    ("horizon = 4\npersistence = 'for_ever'", "for_ever"),
    ("horizon = 4\ntiming = 'summer'", "start"),
    ("horizon = 4\ndiscount = 'low'", "discount = 0.03"),
    ("horizon = 4\ndiscount = [{ til = 40, rate = 0.04 }]", "til"),
    ("horizon = 4\ndiscount = [{ rate = 0.04 }, { rate = 0.03 }]", "climb"),
    ("horizon = 4\nprogramme = 'nowhere.toml'", "nowhere.toml cannot be read"),
    ("horizon = 4\nsheet = 'nowhere.csv'", "no such sheet"),
    ("horizon = 4\n[account.assumptions]\ntax_rate_wge = 0.3", "did you mean 'tax_rate_wage'"),
    ("horizon = 4\n[account.assumptions]\ntax_rate_wage = 30", "30 per cent is 0.3"),
    ("horizon = 4\n[account.assumptions]\ntax_rate_wage = 'high'", "value it cannot have"),
    ("horizon = 4\n[outputs]\ntabels = true", "did you mean 'tables'"),
    ("horizon = 4\n[outputs]\ntables = ['efects']", "did you mean 'effects'"),
    ("horizon = 4\n[outputs]\nfigures = ['pie']", "present_value"),
    ("horizon = 4\n[outputs]\nsheet = ['xls']", "did you mean 'xlsx'"),
    ("horizon = 4\n[outputs]\nsave = 'case'", "result.zip"),
    ("horizon = 4\n[outputs]\nfolder = 3", "takes a path"),
    ("horizon = 4\n[output]\n", "did you mean 'outputs'"),
]


@pytest.mark.parametrize(("account", "words"), REFUSED)
def test_what_the_account_cannot_be_is_refused(folder, account, words):
    with pytest.raises(mih.MihImpactError) as caught:
        mih.run_study(spec_of(folder, account))
    assert words in str(caught.value)


def test_a_choice_that_the_sheet_makes_is_made_once(folder, base):
    base.sheet().write(folder / "same.toml")
    for more, words in (
        ("discount = 0.03", "discount"), ("timing = 'middle'", "timing"),
        ("persistence = 'linear'", "persistence"), ("horizon = 3", "account:horizon"),
        ("zone = 'V'", r"zone in \[account\]"), ("preset = 'simplified'", "account:preset"),
    ):  # fmt: skip
        with pytest.raises(mih.AssumptionError, match=words):
            mih.run_study(spec_of(folder, f"sheet = 'same.toml'\n{more}"))


def test_a_section_that_is_no_table_and_a_label_of_one_language():
    for text, words in (
        ("data = 3\n", r"\[data\] is no table"),
        ("label = { nb = 'x' }\n", "each language"),
        ("label = { nb = 'x', de = 'y' }\n", "de"),
    ):
        with pytest.raises(mih.AssumptionError, match=words):
            StudySpec.from_text(text)
    with pytest.raises(mih.AssumptionError, match="mih-impact init"):
        StudySpec.from_toml("nowhere/analysis.toml")


# --- replay ---------------------------------------------------------------------------------------


def test_the_reference_case_is_replayed_from_its_saved_file(tmp_path):
    result = mih.run_study(mih.nav.analysis())
    assert same_numbers(result.replay(), result)
    loaded = mih.load(result.save(tmp_path / "case.zip"))
    assert same_numbers(loaded.replay(), result)
    assert same_numbers(mih.run_study(loaded.spec), result)
    assert loaded.sheet() == result.case.sheet()


def test_bands_weights_own_changes_and_a_sheet_are_replayed_without_their_files(
    folder, base, tmp_path
):
    """The programme and the sheet are in the specification, and may be gone from the disk."""
    sheet = tmp_path / "sheet.csv"
    base.case.with_values({"displacement": 0.1, "cost:place": 50_000 / 3}).sheet().write(sheet)
    (tmp_path / "programme.toml").write_text(PROGRAMME)
    (tmp_path / "extract.parquet").write_bytes((folder / "extract.parquet").read_bytes())
    spec = spec_of(
        tmp_path,
        "programme = 'programme.toml'\nsheet = 'sheet.csv'\n"
        "[account.assumptions]\nleisure = 0.123456789\n",
        controls="[controls]\nmethod = 'entropy'\non = ['age']\nexact = ['county']\n",
        effects=EFFECTS + "by = { cut = ['age', 35] }\ncomposition = 'cohort_weighted'\n",
    )
    result = mih.run_study(spec)
    assert result.effects.subgroups == ("all", "under 35", "35 and over")
    sheet.unlink()
    (tmp_path / "programme.toml").unlink()
    assert same_numbers(result.replay(), result)
    loaded = mih.load(result.save(tmp_path / "case.zip"))
    panel = mih.read_panel(tmp_path / "extract.parquet")
    assert same_numbers(loaded.replay(panel=panel), result)


def test_a_replay_on_other_data_is_asked_for(folder):
    other = mih.read_panel(small_register(400, starters=60, seed=8), price_year=2024)
    result = mih.run_study(spec_of(folder), panel=other)
    with pytest.raises(mih.AssumptionError, match=r"replay\(panel=\.\.\.\)"):
        result.replay()
    assert same_numbers(result.replay(panel=other), result)
    assert result.replay(panel=mih.read_panel(folder / "extract.parquet")).case.npv


def test_a_result_without_a_specification_says_so(folder):
    from dataclasses import replace

    with pytest.raises(mih.AssumptionError, match="no specification"):
        replace(mih.run_study(spec_of(folder)), specification="").replay()


# --- outputs and the command line -----------------------------------------------------------------


def test_what_is_asked_for_is_written(folder, tmp_path):
    outputs = OutputsSpec(
        folder=str(tmp_path / "made"), lang="en", tables=("effects",),
        figures=True, sheet=("toml", "csv", "xlsx"), save="all.zip",
    )  # fmt: skip
    spec = StudySpec(**(vars(spec_of(folder)) | {"outputs": outputs}))
    result = mih.run_study(spec, allow_outside=True)
    made = {path.name for path in (tmp_path / "made").iterdir()}
    figures = {"effects", "levels", "present_value", "actors", "balance"}
    assert made == {
        "table2_effects.csv", "table2_effects.html", "assumptions.toml", "assumptions.csv",
        "assumptions.xlsx", "all.zip", *(f"{f}.{s}" for f in figures for s in ("png", "svg")),
    }  # fmt: skip
    assert "Standard error" in (tmp_path / "made" / "table2_effects.html").read_text()
    assert mih.load(tmp_path / "made" / "all.zip").case.npv == result.case.npv
    assert mih.options().__repr__()  # the language in force is as it was
    for path in (tmp_path / "made").iterdir():
        path.unlink()
    result.replay()
    assert not list((tmp_path / "made").iterdir())


def of_three() -> pd.DataFrame:
    """Return a register in which three persons start."""
    frame = small_register(300, starters=20, seed=6)
    started = frame.loc[frame["start_year"].notna(), "person_id"].unique()
    frame = frame[~frame["person_id"].isin(started[3:])].copy()
    frame.loc[frame["start_year"].notna(), "start_year"] = 2015.0
    return frame


def test_the_account_of_three_persons_is_neither_printed_nor_written(capsys, tmp_path):
    of_three().to_parquet(tmp_path / "extract.parquet")
    effects = EFFECTS.replace("3]", "2]")
    outputs = '[outputs]\nfolder = "out"\ntables = true\nfigures = true\nsave = "case.zip"\n'
    spec = spec_of(tmp_path, "horizon = 3", effects=effects, more=outputs)
    result = mih.run_study(spec, write=False)
    with pytest.raises(mih.AssumptionError, match="too few participants for an account"):
        result.save(tmp_path / "case.zip")
    with pytest.raises(mih.AssumptionError, match="too few participants for an account"):
        mih.run_study(spec)
    (tmp_path / "analysis.toml").write_text(spec.to_toml(), encoding="utf-8")
    assert main(["run", str(tmp_path / "analysis.toml"), "--quiet"]) == 2
    told = capsys.readouterr()
    assert not told.out
    assert "too few participants" in told.err
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".zip", ".csv", ".png")]
    for shown in (result.case.summary("en"), result.summary("en")):
        assert "NOK" not in shown
        assert "hidden (fewer than 5)" in shown
    case = result.case
    derived = (case.bridge, case.scenarios, case.sensitivity, case.uncertainty)
    derived += (case.switching_values, case.variance_shares, case.plot, case.plot_actors)
    for draw in derived:
        with pytest.raises(mih.AssumptionError, match="too few participants"):
            draw()
    balance = result.balance
    assert "hidden" in balance.summary("en")
    kept = mih.load(balance.save(tmp_path / "balance.zip")).to_frame()
    assert kept.filter(regex="before|after").isna().all(axis=None)


def test_what_is_hidden_of_the_effects_is_not_in_the_saved_account(folder, tmp_path):
    frame = small_register(400, starters=60)
    started = frame.loc[frame["start_year"].notna(), "person_id"].unique()
    first, many = frame["person_id"].isin(started[:3]), frame["person_id"].isin(started[:30])
    at_start = frame["year"] == frame["start_year"]
    frame["uforetrygd"] = np.where(first & at_start, 7_654.0, 0.0)
    frame["sykepenger"] = np.where(many, 10_000.0 + frame["person_id"], 0.0)
    panel = mih.read_panel(frame, price_year=2024)
    effects = EFFECTS.replace("'dagpenger'", "'dagpenger', 'uforetrygd', 'sykepenger'")
    result = mih.run_study(spec_of(folder, effects=effects), panel=panel, write=False)
    kept = mih.load(result.save(tmp_path / "case.zip"))
    hidden = kept.effects.frame["estimate"].isna() & (kept.effects.frame["year_since_start"] >= 0)
    assert hidden.any()
    for row in result.effects.frame[hidden].itertuples():
        assert not np.isclose(kept.case.effects, row.estimate, rtol=1e-9).any()
    assert kept.case.npv == pytest.approx(result.case.npv, rel=1e-12)


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_template_runs_as_it_stands(capsys, tmp_path, lang):
    assert main(["init", str(tmp_path), "--lang", lang]) == 0
    assert main(["run", str(tmp_path / "analysis.toml"), "--lang", lang, "--quiet"]) == 0
    out = capsys.readouterr().out
    assert ("14 filer skrevet" if lang == "nb" else "14 files written") in out
    assert ("ingen virkelige personer" if lang == "nb" else "no real persons") in out
    name = "sak.zip" if lang == "nb" else "case.zip"
    loaded = mih.load(tmp_path / "out" / name)
    assert loaded.case.sheet().programme.name in ("mitt_tiltak", "my_programme")
    sheet = "forutsetninger.csv" if lang == "nb" else "assumptions.csv"
    assert loaded.case.with_sheet(tmp_path / "out" / sheet).npv == loaded.case.npv
    assert main(["init", str(tmp_path)]) == 2
    assert "left as it is" in capsys.readouterr().err


def test_both_templates_are_the_same_analysis(tmp_path):
    found = []
    for lang in ("nb", "en"):
        analysis, programme = write_template(tmp_path / lang, lang=lang)
        spec = tomllib.loads(analysis.read_text(encoding="utf-8"))
        found.append((spec["controls"], spec["effects"], spec["account"]))
        rows = tomllib.loads(programme.read_text(encoding="utf-8"))["item"]
        found[-1] += ([row["per_starter"] for row in rows],)
    assert found[0] == found[1]


def test_the_programme_of_a_template_is_its_own(tmp_path):
    """It has a grant to a municipality and no apprentices, and asks for no variant."""
    _, file = write_template(tmp_path, lang="en")
    programme = read_programme(file)
    assert (programme.headlines, programme.compensated, programme.apprenticeship) == (
        (),
        None,
        None,
    )
    asked = re.sub(
        r"^# (headlines|compensated)", r"\1", file.read_text("utf-8"), flags=re.MULTILINE
    )
    file.write_text(asked, "utf-8")
    assert read_programme(file).headlines == ("wage_bill",)
    assert read_programme(file).compensated == ()


# --- the whole pipeline drawn again ---------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn():
    """A small group, its effects, its account, and 200 draws of the whole pipeline."""
    panel = mih.read_panel(small_register(900, starters=120, seed=5), price_year=2024)
    group = mih.weight(panel, on=["age", "wage_income"], method="ipw")
    options = {"outcomes": ["wage_income", "dagpenger"], "window": (-2, 3)}
    case = mih.cost_benefit(
        mih.event_study(group, **options), mih.Assumptions.r109(),
        programme=mih.nav.menn_i_helse(), horizon=4,
    )  # fmt: skip
    return group, options, case, mih.resample(group, **options, draws=200)


def test_draws_of_the_whole_pipeline_reach_every_actor(drawn):
    _, _, case, resampled = drawn
    found = case.uncertainty(resampled=resampled, n=100)
    assert found.kind == "resampled"
    assert found.n == len(resampled.draws) == 200
    effects, years = resampled.effects, list(resampled.effects.event_years)
    for k in (0, 7, 199):  # a slow walk: the account of one draw's own effects
        estimates = resampled.draws[k].reshape(effects.estimate.shape)
        frame = [
            {"outcome": name, "year_since_start": year, "estimate": estimates[r, years.index(year)]}
            for r, name in enumerate(effects.outcomes)
            for year in range(4)
        ]
        series = mih.EffectSeries.from_frame(pd.DataFrame(frame), price_year=2024)
        one = mih.cost_benefit(
            series, case.assumptions, programme=case.programme, horizon=4
        ).by_actor()  # fmt: skip
        np.testing.assert_allclose(
            found.draws["sampling"][k], one["present_value"], rtol=1e-9, atol=1e-6
        )
    spread = found.draws["sampling"][:, -1].std(ddof=1)
    series = resampled.effects
    again = mih.cost_benefit(series, case.assumptions, programme=case.programme, horizon=4)
    assert spread == pytest.approx(again.std_error, rel=1e-9)


def test_draws_of_other_effects_are_refused(drawn):
    group, options, case, _ = drawn
    wage = mih.resample(group, **(options | {"outcomes": "wage_income"}), draws=100)
    with pytest.raises(mih.EffectsError, match=r"outcomes wage_income.*dagpenger"):
        case.uncertainty(resampled=wage)
    short = mih.resample(group, **(options | {"window": (-2, 2)}), draws=100)
    with pytest.raises(mih.EffectsError, match="leave out or estimate 3"):
        case.uncertainty(resampled=short)
    levels = mih.resample(group, **options, estimator="difference", draws=100)
    with pytest.raises(mih.EffectsError, match="same options as event_study"):
        case.uncertainty(resampled=levels)
    with pytest.raises(mih.MihImpactError, match=r"mih\.resample"):
        case.uncertainty(resampled=case)


def test_a_benefit_of_ones_own_is_a_table(tmp_path):
    """As mih.Benefit in Python; and what a message advises of one can be typed."""
    text = """[controls]
exact = ["county"]
on = ["age"]
ratio = 1
[effects]
outcomes = ["wage_income", "sosialhjelp"]
window = [-1, 3]
[account]
horizon = 4
roles = { sosialhjelp = ROLE }
"""
    own = '{ name = "stipend", payer = "county", taxable = true, label = "Stipend" }'
    spec = StudySpec.from_text(text.replace("ROLE", own), folder=tmp_path)
    result = mih.run_study(spec, write=False)
    benefit = mih.Benefit(
        "stipend", payer="county", taxable=True, label=Label("Stipend", "Stipend")
    )
    by_hand = mih.cost_benefit(
        result.effects, mih.Assumptions.r109(), programme=mih.Programme.none(), horizon=4,
        roles={"sosialhjelp": benefit})  # fmt: skip
    assert result.case.benefits == (benefit,)
    assert result.case.present_value("county") == by_hand.present_value("county") != 0
    assert result.replay().case.npv == result.case.npv
    for role, words in (
        ('"grant"', "{ payer = "),
        ('{ payer = "me", taxable = true }', "county"),
        ('{ payer = "county" }', "taxable"),
        ('{ paid_by = "county" }', "payer"),
    ):
        wrong = StudySpec.from_text(text.replace("ROLE", role), folder=tmp_path)
        with pytest.raises(mih.MihImpactError, match=words):
            mih.run_study(wrong, write=False)
