"""The language check itself, and what it says of every label of the library and of the sample."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import mih_impact
from mih_impact.display import numbers
from mih_impact.display.locale import Label
from mih_impact.reporting.blocks import plain
from tests.memo.language import ENGLISH, NORWEGIAN, foreign_words, number_slips
from tests.memo.sample import LANGS, memo, words

NAMES = ("Menn", "i", "helse")
#: Names of publications, which have a hyphen where a range has a dash.
CITED = ("2021-42", "figur 3-7")
#: What is of no language: names of columns, an option with its value (a word in quotation marks, or
#: a mapping, whose braces are doubled) or of the command line, and, in quotation marks, a number as
#: it stands in a file.
AS_IN_CODE = (
    r"--[a-z-]+|[a-z]+_[a-z_]+|\w+=(?:\"\w+\"|\{\{[^{}]*(?:\{\{[^{}]*\}\})?\}\})?|«[\d.,-]+»"
)


def test_the_lists_share_no_word():
    assert not ENGLISH & NORWEGIAN
    assert min(len(ENGLISH), len(NORWEGIAN)) > 250


@pytest.mark.parametrize(
    ("text", "lang", "found"),
    [
        ("Netto nåverdi per participant", "nb", ["participant"]),
        ("The county pays", "nb", ["The", "county", "pays"]),
        ("Net present value per deltaker", "en", ["deltaker"]),
        ("lønn", "en", ["lønn"]),
        ("Østlandet", "en", ["Østlandet"]),
        ("Under per man for start i 2024, KI, Nav, R-109/2021", "nb", []),
        ("Under per man for start in 2024, CI, Nav, dagpenger and uføretrygd", "en", []),
        ("Se https://example.org/the-county", "nb", []),
    ],
)
def test_words_of_the_other_language_are_found(text, lang, found):
    assert foreign_words(text, lang) == found


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("1.1 mill.\u00a0kr", "1,1\u00a0mill.\u00a0kr"),
        ("1,094,400\u00a0kr", "1\u00a0094\u00a0400\u00a0kr"),
        ("200 000\u00a0kr", "200\u00a0000\u00a0kr"),
        ("200000\u00a0kr", "200\u00a0000\u00a0kr"),
        ("-5\u00a0kr", "−5\u00a0kr"),
        ("2014-2021", "2014–2021"),
        ("2014 – 2021", "2014–2021"),
        ("92 %", "92\u00a0%"),
        ("92%", "92\u00a0%"),
        ("5 kr", "5\u00a0kr"),
        ("kr 5", "5\u00a0kr"),
        ("NOK 5", "5\u00a0kr"),
    ],
)
def test_number_slips_are_found(wrong, right):
    assert number_slips(f"Om lag {wrong} i året.")
    assert number_slips(f"Om lag {right} i året.") == []


def test_what_looks_like_a_number_and_is_none_is_left_alone():
    text = "R-109/2021 av 19. juni 2025, punkt 6.1.1, p = 0,041, år 0–6, COVID-19, 12-ukers praksis"
    assert number_slips(text.replace("12-ukers", "tolvukers")) == []
    assert number_slips("post 761.21") != []
    assert number_slips("post 761.21", allow=["761.21"]) == []


@pytest.mark.parametrize("value", [-1094.4, 0.041, 1_094_400.0, 0.92, 12345678.9])
def test_the_librarys_own_numbers_are_set_right(value):
    for show in (numbers.kroner, numbers.thousands, numbers.millions, numbers.percent):
        assert number_slips(show(value)) == []
    assert number_slips(numbers.interval(-value, value, numbers.kroner)) == []


@pytest.mark.parametrize("lang", LANGS)
def test_the_sample_speaks_one_language(lang):
    text = "\n".join([*memo(lang).text(), *(f["alt"] for f in words(lang)["figures"].values())])
    assert foreign_words(text, lang, allow=NAMES) == []
    assert lang == "en" or number_slips(text) == []
    assert plain(memo(lang).blocks[0].text)


def labels(value: object, depth: int = 0) -> Iterator[Label]:
    """Yield the labels in a value, those in containers too."""
    if isinstance(value, Label):
        yield value
    elif depth < 4 and isinstance(value, dict):
        for inside in value.values():
            yield from labels(inside, depth + 1)
    elif depth < 4 and isinstance(value, list | tuple | set | frozenset):
        for inside in value:
            yield from labels(inside, depth + 1)


@pytest.mark.parametrize("lang", LANGS)
def test_every_label_of_the_library_speaks_one_language(lang):
    names = [m.name for m in pkgutil.walk_packages(mih_impact.__path__, "mih_impact.")]
    found, seen = {}, 0
    for name in names:
        for value in vars(importlib.import_module(name)).values():
            for label in labels(value):
                seen += 1
                text = re.sub(r"\{\w*\}", "7", label.text(lang))
                text = re.sub(AS_IN_CODE, " ", text)
                # Keys and names of files, which are the code's words.
                if name.endswith(("sheet.files", "study.start")):
                    continue
                slips = number_slips(text, allow=CITED) if lang == "nb" else []
                if wrong := foreign_words(text, lang, allow=NAMES) + slips:
                    found[name, text] = wrong
    assert seen > 500
    assert found == {}
