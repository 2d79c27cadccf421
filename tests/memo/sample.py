"""A memo of two pages in both languages, from literal text: what the writers are tried on.

The numbers are made up for the test; nothing here is a result.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mih_impact.display.figure import (
    ACTOR_COLOURS,
    GRID,
    figure_style,
    kroner_axis,
    label_line_ends,
    new_axes,
    set_alt_text,
)
from mih_impact.display.locale import in_language
from mih_impact.reporting import document as doc
from mih_impact.reporting.blocks import Cite, Named, Number, Trace, compose

LANGS = ("nb", "en")

TRICKY = r"""Å & <b>x</b> "q" 'r' #y [z] $w$ \n @v {u} _a_ *b* `c` ~d // e /* f */ %g -- ^h"""
"""Characters that mean something in HTML, XML or Typst, and must be read as they are."""

#: Ledger components, assumptions and sources behind every number.
_BEHIND: dict[str, tuple[str, str, str]] = {
    "outlay": ("apprentice_grant", "discount", "ks"),
    "npv": (
        "production income_tax benefits apprentice_grant",
        "tax_financing_cost discount",
        "nav r109",
    ),
    "break_even": ("production benefits", "discount", "r109"),
    "wage": ("", "", "nav"),
    "county": ("apprentice_grant", "discount", "r109"),
    "wage_bill": ("production", "wage_bill", "r109"),
    "displaced": ("production", "discount", "r109"),
    "selection": ("production benefits", "discount", "nav"),
    "cells": ("production income_tax benefits", "tax_financing_cost discount", "r109"),
    "budget": ("apprentice_grant benefits income_tax", "", "ks r109"),
}
_SAME = {"ci": "npv", "years": "break_even", "share": "selection"}


@cache
def words(lang: str) -> dict[str, Any]:
    """Return the texts of a language."""
    return tomllib.loads(Path(__file__).with_name(f"sample_{lang}.toml").read_text("utf-8"))


@cache
def figures(lang: str) -> tuple[doc.Figure, doc.Figure, doc.Figure]:
    """Return three figures in the library's style."""
    with in_language(lang):
        return _curve(lang), _who(lang), _path(lang)


def memo(lang: str, **changes: Any) -> doc.Document:
    """Return the sample in a language."""
    text = words(lang)
    number = {
        name: Number(shown, _trace(_SAME.get(name, name), lang))
        for name, shown in text["numbers"].items()
    }
    refs = {key: Cite((key,)) for key in text["sources"]} | {"ref": Cite(("r109", "nav"))}

    def filled(template: str) -> tuple:
        values = number | refs
        return compose(
            template, {name: values[name] for name in values if f"{{{name}}}" in template}
        )

    def section(name: str) -> tuple:
        words = text["sections"][name]
        return doc.Heading(words["heading"]), doc.Paragraph(filled(words["text"]))

    curve, who, path = figures(lang)
    shown = (number["npv"], number["years"], number["share"])
    blocks = (
        doc.Callout(text["short"], filled(text["answer"])),
        doc.Facts(tuple(zip(shown, text["facts"], strict=True))),
        *section("question"),
        *section("account"),
        doc.Beside((curve, who)),
        _table("actors", "cells", lang, sums=(5,)),
        *section("budget"),
        _table("blocks", "budget", lang),
        path,
        doc.Heading(text["decides"]),
        doc.Bullets(tuple(map(filled, text["points"]))),
        *section("nonpriced"),
        doc.Callout(text["cannot"], filled(text["limits"]), tone="caution"),
    )
    urls = {"r109": "https://www.regjeringen.no/"}
    fields = {
        "title": text["title"],
        "subtitle": text["subtitle"],
        "lang": lang,
        "blocks": blocks,
        "meta": tuple(map(tuple, text["meta"])),
        "sources": tuple(
            doc.Source(key, shown, urls.get(key, "")) for key, shown in text["sources"].items()
        ),
        "footer": text["footer"],
        "author": "mih_impact",
    }
    return doc.Document(**(fields | changes))


def tricky(lang: str = "nb") -> doc.Document:
    """Return a document whose every text holds characters that mean something to a format."""
    one = Number(f"1 {TRICKY}", Trace(TRICKY, (Named("a b", TRICKY),), (), ("s",)))
    figure = figures("en")[0]
    blocks = (
        doc.Heading(TRICKY),
        doc.Paragraph((TRICKY, one, Cite(("s",)))),
        doc.Heading(TRICKY, level=2),
        doc.Bullets((TRICKY, one)),
        doc.Callout(TRICKY, TRICKY),
        doc.Facts(((one, TRICKY),)),
        doc.Table(TRICKY, (TRICKY, TRICKY), ((TRICKY, one),), TRICKY),
        doc.Figure(figure.png, figure.svg, TRICKY, TRICKY, TRICKY),
    )
    return doc.Document(
        title=TRICKY, subtitle=TRICKY, lang=lang, blocks=blocks, meta=((TRICKY, TRICKY),),
        sources=(doc.Source("s", TRICKY),), footer=TRICKY, author=TRICKY,
    )  # fmt: skip


def _trace(name: str, lang: str) -> Trace:
    text = words(lang)
    rows, assumed, sources = (names.split() for names in _BEHIND[name])
    return Trace(
        text["traces"][name],
        tuple(Named(key, text["rows"][key]) for key in rows),
        tuple(Named(key, text["assumptions"][key]) for key in assumed),
        tuple(sources),
    )


def _table(name: str, trace: str, lang: str, *, sums: tuple[int, ...] = ()) -> doc.Table:
    table, where = words(lang)["tables"][name], _trace(trace, lang)
    rows = tuple((head, *(Number(cell, where) for cell in cells)) for head, *cells in table["rows"])
    return doc.Table(table["caption"], tuple(table["header"]), rows, table["note"], sums)


def _finish(ax: Any, name: str, lang: str, width: str) -> doc.Figure:
    text = words(lang)["figures"][name]
    ax.set_title(text["title"])
    set_alt_text(ax, text["alt"])
    return doc.Figure.of(ax, note=text["note"], width=width)


def _curve(lang: str) -> doc.Figure:
    years, value = np.arange(7), 1e3 * np.array([-210, -369, -180, 120, 450, 770, 1057])
    reach = 1e3 * np.array([8, 20, 55, 90, 120, 148, 173])
    with figure_style():
        ax = new_axes(size=doc.HALF)
        ax.axhline(0, color="#222222", linewidth=0.8, label="_zero")
        ax.fill_between(years, value - reach, value + reach, color="k", alpha=0.13, linewidth=0)
        ax.plot(years, value, color="k", label=words(lang)["society"])
        ax.set_xlabel(words(lang)["since"])
        kroner_axis(ax, price_year=2024)
        label_line_ends(ax)
    return _finish(ax, "curve", lang, "half")


def _who(lang: str) -> doc.Figure:
    actors = ("participant", "state", "county", "municipality")
    colours = [ACTOR_COLOURS[key] for key in actors]
    with figure_style():
        ax = new_axes(size=doc.HALF)
        values = [91e3, -101e3, 486e3, 485e3]
        ax.barh(words(lang)["actors"][::-1], values, color=colours[::-1], height=0.6)
        ax.axvline(0, color="#222222", linewidth=0.8)
        ax.grid(visible=False, axis="y")
        ax.grid(axis="x", color=GRID)
        kroner_axis(ax, price_year=2024, axis="x")
    return _finish(ax, "who", lang, "half")


def _path(lang: str) -> doc.Figure:
    years = np.arange(2026, 2032)
    paths = (
        ([-1.2, 4.6, 19.7, 38.1, 51.4, 58.0], "#0072B2"),
        ([3.1, 12.8, 24.9, 33.0, 37.5, 38.2], "#009E73"),
        ([-21.4, -44.0, -46.2, -46.2, -46.2, -46.2], "#D55E00"),
    )
    with figure_style():
        ax = new_axes(size=doc.FULL)
        ax.axhline(0, color="#222222", linewidth=0.8, label="_zero")
        for (path, colour), name in zip(paths, words(lang)["lines"], strict=True):
            ax.plot(years, 1e6 * np.array(path), color=colour, label=name)
        ax.set_xticks(years)
        kroner_axis(ax, price_year=2026)
        label_line_ends(ax)
    return _finish(ax, "path", lang, "full")
