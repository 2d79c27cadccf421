"""The document model: order, traces, sources, and what it refuses."""

from __future__ import annotations

import datetime

import pytest

import mih_impact as mih
from mih_impact.display.figure import new_axes, set_alt_text
from mih_impact.reporting import document as doc
from mih_impact.reporting.blocks import Cite, Emphasis, Named, Number, Strong, Trace, compose, plain
from mih_impact.reporting.document import annex_table
from tests.memo.sample import LANGS, figures, memo

NPV = Number("1", Trace("net present value", (Named("tax", "tax"),), (), ("nav",)))
NAV = (doc.Source("nav", "Nav"),)


def made(*blocks, **changes):
    return doc.Document(
        **({"title": "T", "lang": "en", "blocks": blocks, "sources": NAV} | changes)
    )


def test_compose_fills_places_and_reads_marks():
    text = compose("A **b {npv} __c__** d{ref}.", {"npv": NPV, "ref": Cite(("nav",))})
    assert text == ("A ", Strong(("b ", NPV, " ", Emphasis(("c",)))), " d", Cite(("nav",)), ".")
    assert plain(text) == "A b 1 c d."


@pytest.mark.parametrize(
    ("template", "values", "says"),
    [
        ("{a}", {}, "Nothing is given for the place {a}"),
        ("{a!r}", {"a": "x"}, "Nothing is given"),
        ("a", {"b": "x"}, "has no place"),
        ("**a", {}, "is not closed"),
        ("**a __b** c__", {}, "is not closed"),
    ],
)
def test_compose_refuses(template, values, says):
    with pytest.raises(mih.ReportError, match=says):
        compose(template, values)


def test_traces_are_numbered_as_they_are_met_and_each_number_is_listed_once():
    other = Number("2", Trace("another"))
    again = Number("1.0", NPV.trace)
    document = made(doc.Paragraph((other, " ", NPV)), doc.Paragraph((Strong((again, NPV)),)))
    assert document.numbers == {other.trace: ["2"], NPV.trace: ["1", "1.0"]}
    assert document.trace_numbers == {other.trace: 1, NPV.trace: 2}
    table = annex_table(document)
    assert [plain(row[0]) for row in table.rows] == ["2", "1; 1.0"]
    assert table.anchors == ("trace-1", "trace-2")
    assert annex_table(made(doc.Paragraph("no number"))) is None


def test_untraced_digits_are_found():
    document = made(doc.Paragraph(("Costs 5 million, ", NPV)), doc.Facts(((NPV, "in 7 years"),)))
    assert document.untraced() == ("Costs 5 million, ", "in 7 years")


def test_figures_and_tables_count_apart_also_side_by_side():
    first, second, third = figures("en")
    table = doc.Table("c", ("a",), (("b",),))
    document = made(third, doc.Beside((first, second)), table)
    assert [document.order[id(block)] for block in (third, first, second, table)] == [1, 2, 3, 1]


def test_a_figures_title_becomes_its_caption_and_the_axes_keep_it():
    ax = new_axes(size=(3, 2))
    ax.set_title("Two\nlines", loc="left")
    set_alt_text(ax, "A line")
    figure = doc.Figure.of(ax)
    assert (figure.caption, figure.alt) == ("Two lines", "A line")
    assert ax.get_title(loc="left") == "Two\nlines"
    assert (
        figure.svg.count(b'<g id="text_') < doc.Figure.of(ax, caption="c").svg.count(b"<g id") + 1
    )
    untitled = new_axes(size=(3, 2))
    set_alt_text(untitled, "A line")
    assert doc.Figure.of(untitled, caption="c").svg == figure.svg


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"title": " "}, "no title"),
        ({"blocks": (doc.Heading("a", 2),)}, "skips a level"),
        ({"blocks": (doc.Heading("a"), doc.Heading("b", 3))}, "skips a level"),
        ({"blocks": ("text",)}, "made of blocks"),
        ({"blocks": (doc.Beside(("text",)),)}, "made of blocks"),
        ({"blocks": (doc.Paragraph(5),)}, "made of parts"),
        ({"blocks": (doc.Paragraph((Strong((5,)),)),)}, "made of parts"),
        ({"blocks": (doc.Figure(b"", b"<svg>", "c", " "),)}, "has no alt text"),
        ({"blocks": (doc.Figure(b"", b"<svg>", "", "a"),)}, "has no caption"),
        ({"blocks": (doc.Figure(b"", b"<svg>", "c", "a"),)}, "is no picture"),
        ({"blocks": (doc.Paragraph(Number("1", Trace("a\x01"))),)}, r"U\+0001"),
        ({"sources": (doc.Source("a", "b", "javascript:x"),)}, "no web address"),
        ({"blocks": (doc.Table("c", ("a", "b"), (("1",),)),)}, "is not whole"),
        ({"blocks": (doc.Table("c", ("a",), ()),)}, "is not whole"),
        ({"blocks": (doc.Table("c", ("a",), (("1",),), sums=(1,)),)}, "no row"),
        ({"blocks": (doc.Paragraph(Cite(("ks",))),)}, "not listed"),
        ({"blocks": (doc.Paragraph(NPV),), "sources": ()}, "not listed"),
        ({"sources": NAV + NAV}, "the same key"),
        ({"blocks": (doc.Paragraph("a\x00b"),)}, r"U\+0000"),
        ({"footer": "a\ud800"}, r"U\+D800"),
        ({"date": "2025-06-19"}, "date takes a day"),
    ],
)
def test_what_does_not_hold_together_is_refused(change, says):
    with pytest.raises(mih.ReportError, match=says):
        made(**({"blocks": ()} | change))


def test_an_unknown_language_is_refused():
    with pytest.raises(mih.OptionError, match="not known"):
        made(lang="nn")


def test_a_date_is_no_more_than_a_property():
    assert made(date=datetime.date(2025, 6, 19)).text() == ("T", "Nav")


@pytest.mark.parametrize("lang", LANGS)
def test_the_sample_reads_in_order(lang):
    text = memo(lang).text()
    assert text[0] == memo(lang).title
    assert text[-3:] == tuple(source.text for source in memo(lang).sources)
