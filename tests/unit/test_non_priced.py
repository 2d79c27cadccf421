"""Non-priced effects: the published matrix, bad input, and a table without a krone in it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from importlib.resources import files
from typing import get_args

import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.account.non_priced import (
    CONSEQUENCES,
    NON_PRICED_COLUMNS,
    Extent,
    Importance,
    NonPriced,
    consequence_of,
    consequence_text,
    non_priced_card,
    non_priced_cells,
    non_priced_frame,
    plot_non_priced,
    require_non_priced,
)
from mih_impact.display.figure import alt_text, root_figure
from mih_impact.display.locale import Label, in_language
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.study.toml_files import read_non_priced

# Oslo Economics 2021-42, figure 3-7 (source there: Direktoratet for økonomistyring 2018), line by
# line as the report prints it: extent, then the consequence at importance liten, middels, stor.
PUBLISHED = """
Stort positivt                +/++            ++/+++          +++/++++
Middels positivt               0/+              ++              ++/+++
Lite positivt                    0              0/+                +/++
Intet                            0                0                   0
Lite negativt                    0               0/-                -/--
Middels negativt                0/-               --               --/---
Stort negativt                  -/--            --/---            ---/----
"""
LEGEND = """
++++ Meget stor positiv
+++ Stor positiv
++ Middels positiv
+ Liten positiv
0 Ubetydelig
- Liten negativ
-- Middels negativ
--- Stor negativ
---- Meget stor negativ
"""
IMPORTANCE = ("small", "medium", "large")
EXTENT = {
    "Stort positivt": "large positive",
    "Middels positivt": "medium positive",
    "Lite positivt": "small positive",
    "Intet": "none",
    "Lite negativt": "small negative",
    "Middels negativt": "medium negative",
    "Stort negativt": "large negative",
}
TEXT = Label(nb="ro", en="calm")


def effect(**changes: object) -> NonPriced:
    given = {
        "name": "calm", "label": TEXT, "whom": TEXT, "importance": "medium",
        "extent": "small positive", "reason": TEXT, "source": TEXT,
    }  # fmt: skip
    return NonPriced(**(given | changes))


# -- the method --------------------------------------------------------------------------


def test_the_matrix_is_the_published_one() -> None:
    cells = {}
    for line in PUBLISHED.strip().splitlines():
        *words, small, medium, large = line.split()
        extent = EXTENT[" ".join(words)]
        cells |= dict(zip([(i, extent) for i in IMPORTANCE], (small, medium, large), strict=True))
    assert len(cells) == 21
    assert {key: consequence_of(*key) for key in cells} == cells
    assert set(IMPORTANCE) == set(get_args(Importance))
    assert set(EXTENT.values()) == set(get_args(Extent))


def test_the_scale_is_the_published_one_in_words() -> None:
    for line in LEGEND.strip().splitlines():
        consequence, words = line.split(" ", 1)
        assert consequence_text(consequence).nb == words.lower()
    whole = [line.split()[0] for line in reversed(LEGEND.strip().splitlines())]
    assert [each for each in CONSEQUENCES if "/" not in each] == whole
    assert consequence_text("++/+++").nb == "middels til stor positiv"
    assert consequence_text("0/-").en == "negligible to small negative"


def test_half_steps_stand_between_their_whole_ones() -> None:
    steps = zip(CONSEQUENCES[:-1:2], CONSEQUENCES[1::2], CONSEQUENCES[2::2], strict=True)
    for low, half, high in steps:
        assert set(half.split("/")) == {low, high}
    assert len(CONSEQUENCES) == 17


# -- bad input ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"importance": "big"}, ["no importance='big'", "'small', 'medium', 'large'"]),
        ({"importance": 3}, ["no importance=3"]),
        ({"importance": ["large"]}, ["no importance"]),
        ({"extent": "large positiv"}, ["no extent", "did you mean 'large positive'"]),
        ({"extent": None}, ["no extent=None", "'none'"]),
        ({"status": "assumed"}, ["no status='assumed'", "'ASSUMED'"]),
        ({"reason": None}, ["'calm' has no reason", "empty in nb and en"]),
        ({"reason": Label(nb="fordi", en=" ")}, ["has no reason", "empty in en"]),
        (
            {"source": Label(nb="", en="a note")},
            ["has no source", "empty in nb", "source=mih.Label"],
        ),
        ({"source": "a note"}, ["has no source"]),
        ({"label": Label(nb="", en="")}, ["has no label", "empty in nb and en"]),
        ({"whom": Label(nb="alle", en="")}, ["has no whom", "empty in en"]),
        ({"name": " "}, ["has no name", "short name"]),
        ({"name": 7}, ["has no name", "name=7"]),
    ],
)
def test_an_effect_that_does_not_hold_together_is_refused(changes, words) -> None:
    with pytest.raises((AssumptionError, OptionError)) as caught:
        effect(**changes)
    for word in words:
        assert word in str(caught.value)
    assert caught.value.found
    assert caught.value.do


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([effect(), effect(extent="none")], "have one name"),
        ([effect(), "calm"], "'calm'"),
        ("calm", "list of NonPriced"),
        (None, "list of NonPriced"),
        (effect(), "a NonPriced"),
    ],
)
def test_a_list_of_effects_is_checked_as_one(given, words) -> None:
    for call in (require_non_priced, non_priced_frame, non_priced_card, plot_non_priced):
        with pytest.raises((AssumptionError, OptionError), match=re.escape(words)):
            call(given)
    programme = mih.Programme(name="p", label=Label(nb="tiltaket", en="the course"))
    with pytest.raises((AssumptionError, OptionError), match=re.escape(words)):
        replace(programme, non_priced=given)
    assert replace(programme, non_priced=[effect()]).non_priced == (effect(),)


# -- what is shown -----------------------------------------------------------------------


def test_the_table_has_the_effects_and_nothing_to_add_up() -> None:
    effects = [effect(), effect(name="noise", importance="large", extent="medium negative")]
    with in_language("en"):
        frame = non_priced_frame(effects)
    assert list(frame.columns) == NON_PRICED_COLUMNS
    assert frame["consequence"].to_list() == ["0/+", "--/---"]
    assert frame["label"].to_list() == ["calm", "calm"]
    assert non_priced_frame(effects)["label"].to_list() == ["ro", "ro"]
    assert frame.select_dtypes("number").empty
    empty = non_priced_frame([])
    assert list(empty.columns) == NON_PRICED_COLUMNS
    assert empty.empty


def test_a_card_without_effects_says_that_this_is_not_zero() -> None:
    card = non_priced_card([])
    assert card.table is None
    assert "ikke at de er null" in card.text()
    with pytest.raises(AssumptionError, match="0 effects"):
        plot_non_priced([])


def test_a_card_names_what_is_assumed_and_what_is_not() -> None:
    seen = effect(name="noise", label=Label(nb="støy", en="noise"), status="seen")
    with in_language("en"):
        note = next(n for n in non_priced_card([effect(), seen]).notes if "judgements" in n)
        assert "calm" in note
        assert "noise" not in note
        assert not any("judgements" in n for n in non_priced_card([seen]).notes)


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_figure_marks_each_effect_at_its_consequence(lang) -> None:
    effects = [
        effect(importance="large", extent="large negative"),
        effect(name="a", extent="none"),
        effect(name="b", extent="medium positive"),
        effect(name="c", importance="large"),
    ]
    with in_language(lang):
        ax = plot_non_priced(effects)
    marks = [line.get_xdata() for line in ax.lines if line.get_marker() == "o"]
    assert [list(mark) for mark in marks] == [[-3, -4], [0], [2], [1, 2]]
    text = alt_text(ax)
    for each in effects:
        assert consequence_text(each.consequence).text(lang) in text
    ticks = [tick.get_text() for tick in ax.get_xticklabels()]
    assert ticks[0] == "\u2212" * 4
    assert ticks[-1] == "++++"


def test_the_texts_of_the_figure_neither_overlap_nor_leave_the_page() -> None:
    for lang in ("nb", "en"):
        with in_language(lang):
            ax = plot_non_priced(mih.nav.non_priced())
        figure = root_figure(ax)
        figure.draw_without_rendering()
        texts = [*ax.get_xticklabels(), *ax.get_yticklabels(), ax.xaxis.label, *ax.texts]
        texts += [t for t in (ax.title, ax._left_title) if t.get_text()]
        boxes = [text.get_window_extent() for text in texts]
        page = figure.bbox
        for k, box in enumerate(boxes):
            assert page.x0 <= box.x0 <= box.x1 <= page.x1, texts[k].get_text()
            assert page.y0 <= box.y0 <= box.y1 <= page.y1, texts[k].get_text()
            assert not any(box.overlaps(other) for other in boxes[k + 1 :]), texts[k].get_text()


# -- the reference case ------------------------------------------------------------------


def test_the_reference_case_names_its_minuses_and_says_they_are_ours() -> None:
    effects = {each.name: each for each in mih.nav.non_priced()}
    assert list(effects) == [
        "recruitment", "mixed_workforce", "working_environment", "users", "own_standing",
        "host_units", "crowded_out_placements", "training_effort",
    ]  # fmt: skip
    for name, each in effects.items():
        minus = "negative" in each.extent
        assert minus == (name in ("host_units", "crowded_out_placements", "training_effort"))
        assert minus == ("none of the documents" in each.source.en)
        assert minus == ("ingen av dokumentene" in each.source.nb)
        assert each.status == "ASSUMED"


def test_the_sources_are_those_of_the_published_figures() -> None:
    table = pd.read_csv(files("mih_impact") / "nav" / "data" / "published_figures.csv")
    known = " ".join(table["source"].unique())
    for each in mih.nav.non_priced():
        for document in re.findall(
            r"KS/Menn i helse note 2025|KS press release \d+|Finsam article \d+"
            r"|Halden kommune notice \d+",
            each.source.en,
        ):
            assert document in known


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_reference_case_is_shown_without_kroner_or_a_sum(lang) -> None:
    effects = mih.nav.non_priced()
    with in_language(lang):
        card, cells = non_priced_card(effects), non_priced_cells(effects)
    assert not re.search(r"\d[\s\u00a0]*(kr|mill)|NOK", card.text())
    assert len(card.table) == len(effects)
    assert {"nb": "kan ikke summeres", "en": "cannot be added up"}[lang] in card.text()
    assert len(cells.columns) == 7
    assert cells.notna().all().all()
    shown = card.table.iloc[:, -1]
    assert not shown.str.contains("-").any()
    assert shown.str.contains("\u2212").sum() == 3


def test_no_english_stands_in_the_bokmaal_and_no_bokmaal_in_the_english() -> None:
    effects = mih.nav.non_priced()
    nb = non_priced_card(effects).text()
    with in_language("en"):
        en = non_priced_card(effects).text()
    assert not re.search(r"\b(the|and|of|with|effect|source|note|release)\b", nb, re.IGNORECASE)
    without_names = en.replace("Menn i helse", "").replace("Halden kommune", "")
    assert not re.search(r"\b(og|ikke|det|som|av|på|er|kilde)\b", without_names, re.IGNORECASE)


# -- the file ----------------------------------------------------------------------------

GOOD = """
[[effect]]
name = "calm"
label = { nb = "ro", en = "calm" }
whom = { nb = "naboer", en = "neighbours" }
importance = "large"
extent = "none"
status = "seen"
reason = { nb = "fordi", en = "because" }
source = { nb = "et notat", en = "a note" }
"""


def test_a_file_is_read_as_it_stands(tmp_path) -> None:
    path = tmp_path / "effects.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert read_non_priced(path) == read_non_priced(str(path))
    (read,) = read_non_priced(path)
    assert (read.name, read.whom.en, read.consequence, read.status) == (
        "calm", "neighbours", "0", "seen",
    )  # fmt: skip
    path.write_text("", encoding="utf-8")
    assert read_non_priced(path) == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('importance = "large"', "", ["'calm' of effects.toml", "missing importance"]),
        ("whom =", "who =", ["missing whom", "unknown who"]),
        ('extent = "none"', 'extent = "huge"', ["no extent='huge'"]),
        ('nb = "fordi", ', "", ["The reason", "nor one in each language", "en"]),
        ('{ nb = "ro", en = "calm" }', "5", ["The label", "Found: 5"]),
        ("[[effect]]", "[effect]", ["one table, and not a list", "[[effect]]"]),
        ("[[effect]]", "[[effects]]", ["unknown effects", "[[effect]]"]),
        ('name = "calm"', "name = calm", ["is no TOML file", "line 3"]),
        (GOOD, GOOD + GOOD, ["have one name", "calm"]),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path, old, new, words) -> None:
    path = tmp_path / "effects.toml"
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises((AssumptionError, OptionError)) as caught:
        read_non_priced(path)
    for word in words:
        assert word in str(caught.value)


def test_an_effect_can_be_kept_in_a_saved_result() -> None:
    from mih_impact.storage import class_of, kind_of

    assert kind_of(effect()) == "NonPriced"
    assert class_of("NonPriced") is mih.NonPriced is NonPriced


def test_the_keys_that_the_file_is_advised_to_have_are_those_it_needs(tmp_path):
    file = tmp_path / "effects.toml"
    file.write_text('[[effect]]\nname = "health"\n', encoding="utf-8")
    with pytest.raises(AssumptionError) as caught:
        read_non_priced(file)
    advised = set(caught.value.do.removeprefix("write ").split(", "))
    rows = tomllib.loads(files("mih_impact.nav").joinpath("non_priced.toml").read_text("utf-8"))
    assert advised == set(rows["effect"][0])
