"""Texts of the caller's own: in figures, documents, sheets and files they stand as they are."""

from __future__ import annotations

import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import mih_impact as mih
from mih_impact.account.roles import LONGEST_NAME
from mih_impact.display.figure import new_axes, root_figure
from mih_impact.display.tables import guarded, unguarded
from mih_impact.reporting.document import Document
from mih_impact.reporting.export import csv_text
from mih_impact.reporting.memo.write import write_memos
from mih_impact.reporting.write import write_document
from mih_impact.study.toml_files import programme_of
from tests.support import texts_fit

FORMULAS = ("=1+1", "+5", "-kurs", "@navn", "'=x", "\tx", "\rx")

#: Paths of the wage effect and costs: gains at once, never, late, by little, and none at all.
PROGRAMMES = {
    "at once": ([50_000.0] * 7, [1_000.0], "county"),
    "never": ([-50_000.0] * 7, [100_000.0], "county"),
    "in the last year": ([0.0] * 6 + [300_000.0], [100_000.0], "county"),
    "both cross": ([200_000.0] * 7, [250_000.0], "state"),
    "late": ([20_000.0, 20_000.0, 30_000.0] + [40_000.0] * 4, [120_000.0, 30_000.0], "county"),
    "hardly": ([100.0] * 7, [50.0], "county"),
    "nothing": ([0.0] * 7, [0.0], "county"),
    "one year": ([50_000.0], [20_000.0], "county"),
}


def account(
    label: str, path: list[float] = PROGRAMMES["late"][0], cost: tuple = ([50_000.0], "county")
) -> mih.CostBenefit:
    """An account of a programme of the caller's own."""
    frame = pd.DataFrame(
        {"outcome": "wage_income", "year_since_start": range(len(path)), "estimate": path}
    )
    effects = mih.EffectSeries.from_frame(
        frame, covariance=np.diag(np.full(len(path), 1e8)), price_year=2024
    )
    text = mih.Label(nb=label, en=label)
    item = mih.CostItem(name="c", label=text, amounts=cost[0], payer=cost[1], source=label)
    programme = mih.Programme(name="own", label=text, items=[item])
    return mih.cost_benefit(effects, mih.Assumptions.r109(), programme=programme, horizon=len(path))


@pytest.mark.parametrize("name", PROGRAMMES)
@pytest.mark.parametrize("lang", ["nb", "en"])
def test_no_label_lies_over_another_whatever_the_programme(name, lang):
    path, cost, payer = PROGRAMMES[name]
    ax = account("kurs", path, (cost, payer)).plot(ax=new_axes(), lang=lang)
    texts_fit(ax)
    ends = [text for text in ax.texts if text.get_text().startswith(("samfunnet", "society"))]
    assert len(ends) == 1


def test_a_dollar_sign_is_a_dollar_sign():
    case = account("kurs $x_1$ til 5$ \\frac{$")
    own = plt.figure().add_subplot()  # axes of the reader's own, made in the reader's own style
    for draw in (case.plot, case.plot_actors, case.plot_costs, case.bridge().plot):
        for ax in (None, own):
            figure = root_figure(draw(ax=ax))
            figure.canvas.draw()
            texts = [text for text in figure.findobj(Text) if "$" in text.get_text()]
            assert not any(text.get_parse_math() for text in texts)
    assert any("$x_1$" in text.get_text() for text in case.plot().figure.findobj(Text))


@pytest.mark.parametrize("text", ["kurs\x07to", "a\x00b", "a\ud800b", "a\x1bb"])
def test_a_label_with_a_character_that_no_document_holds_is_refused(text):
    with pytest.raises(mih.OptionError, match=r"no document can hold.*U\+00|U\+D8"):
        mih.Label(nb="kurs", en=text)


def test_a_value_of_a_register_is_shown_without_such_a_character():
    filled = mih.Label(nb="fylke {name}", en="county {name}").format(name="A\x07B")
    assert filled.en == "county A\N{REPLACEMENT CHARACTER}B"


@pytest.mark.parametrize("text", [None, 5, b"kurs"])
def test_a_label_is_text(text):
    with pytest.raises(mih.OptionError, match="one in English"):
        mih.Label(nb=text, en="course")


def test_a_name_is_short_enough_for_every_format(tmp_path):
    with pytest.raises(mih.AssumptionError, match=f"{LONGEST_NAME + 1} characters"):
        account("k" * (LONGEST_NAME + 1))
    case = account("kurs " * (LONGEST_NAME // 5))
    write_memos(case, [tmp_path / file for file in ("m.docx", "m.html", "m.pdf")])
    mih.write_workbook(case, tmp_path / "w.xlsx", starters={2026: 5})
    texts_fit(case.plot(ax=new_axes()))


def test_a_long_title_of_a_document_is_whole_on_the_page(tmp_path):
    import docx

    title = "Kurs " * 80
    document = Document(title=title, lang="nb", blocks=())
    path = write_document(document, tmp_path / "a.docx")
    word = docx.Document(str(path))
    assert title in [paragraph.text for paragraph in word.paragraphs]
    assert len(word.core_properties.title) == 255


# --- texts that a spreadsheet would run ----------------------------------------------------------


@pytest.mark.parametrize("text", FORMULAS)
def test_what_would_be_run_is_guarded_and_comes_back(text):
    assert guarded(text)[0] == "'"
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", ["kurs", "5", "'kurs'", "", " =x", "−5"])
def test_other_texts_stay_as_they_are(text):
    assert guarded(text) == text == unguarded(text)


def test_an_exported_table_has_no_formula_and_keeps_its_numbers():
    frame = pd.DataFrame({"=name": FORMULAS, "amount": -np.arange(7.0), "n": range(-3, 4)})
    frame.loc[0, "amount"] = np.nan
    frame["n"] = frame["n"].astype("Int64")
    read = pd.read_csv(io.StringIO(csv_text(frame)))
    assert read.columns[0] == "'=name"
    assert [unguarded(text) for text in read["'=name"]] == list(FORMULAS)
    assert read["amount"].tolist()[1:] == frame["amount"].tolist()[1:]
    assert np.isnan(read["amount"][0])
    assert read["n"].tolist() == list(range(-3, 4))


@pytest.mark.parametrize("text", FORMULAS[:5])
@pytest.mark.parametrize("suffix", ["csv", "xlsx", "toml"])
def test_a_sheet_of_assumptions_keeps_them(text, suffix, tmp_path):
    case = account(text)
    path = case.sheet().write(tmp_path / f"a.{suffix}")
    assert case.with_sheet(path).programme == case.programme
    if suffix == "csv":
        cells = path.read_text(encoding="utf-8-sig").replace("\r\n", ";").split(";")
        assert f"'{text}" in cells
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]


# --- texts in files ------------------------------------------------------------------------------


def content(label: object) -> dict[str, object]:
    item = {"name": "c", "label": label, "per_starter": [5.0], "payer": "state", "cash": True}
    return {"name": "own", "label": label, "price_year": 2024, "item": [item | {"status": "seen"}]}


def test_a_plain_label_of_a_programme_file_is_the_same_in_both_languages():
    programme = programme_of(content("Jobbklubb"), "a.toml")
    assert programme.label == programme.items[0].label == mih.Label(nb="Jobbklubb", en="Jobbklubb")
    both = programme_of(content({"nb": "Jobbklubb", "en": "Job club"}), "a.toml")
    assert both.label.text("en") == "Job club"


@pytest.mark.parametrize("label", [5, ["a"], {"nb": "a"}, {"nb": "a", "en": "b", "se": "c"}, True])
def test_another_label_of_a_programme_file_is_refused(label):
    with pytest.raises(mih.AssumptionError, match=r"label of a\.toml is no text"):
        programme_of(content(label), "a.toml")
