"""What the memo says: question, answer, account, figures, assumptions, budgets, limits, sources."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from mih_impact.display.labels import Lang, capital
from mih_impact.display.numbers import NOT_AVAILABLE, millions, number, percent
from mih_impact.display.result import evidence_of
from mih_impact.display.style import new_axes, sources_told_elsewhere
from mih_impact.economics.actors import ACTORS, GROUP_LABELS
from mih_impact.economics.assumption import Assumption
from mih_impact.economics.budget.impact import budget_impact
from mih_impact.economics.budget.result import BLOCK_LABELS, BudgetImpact
from mih_impact.economics.case import CostBenefit
from mih_impact.economics.labels import amount_of
from mih_impact.economics.non_priced.effect import MATRIX_SOURCE
from mih_impact.reference.source_texts import source_in
from mih_impact.reporting import document as doc
from mih_impact.reporting.memo import paragraphs, texts
from mih_impact.reporting.memo.traced import Traced
from mih_impact.reporting.text import Number, Part, Text, Trace, compose

__all__ = ["memo_of"]

_ASSUMPTIONS_SHOWN = 6

#: Drawn larger than it is printed: names of actors and amounts are long.
_HALF = (5.8, 3.0)

#: The figure of budgets, lower than others of full width: two pages hold the rest.
_LOW = (7.6, 2.0)


def memo_of(
    case: CostBenefit, lang: Lang, starters: Mapping[int, float] | None = None
) -> doc.Document:
    """Put the memo of an account together.

    Parameters
    ----------
    case
        The account.
    lang
        Its language.
    starters
        Persons by start year, for the section on budgets; None leaves it out.
    """
    made = Traced(case, lang)
    impact = None if starters is None else budget_impact(case, starters=starters)
    with sources_told_elsewhere():  # in the footer, and in the list of sources
        blocks = _blocks_of(made, impact)
    return doc.Document(
        title=capital(texts.TITLE.format(programme=case.programme.label).text(lang)),
        subtitle=texts.SUBTITLE.format(year=case.price_year).text(lang),
        lang=lang,
        blocks=blocks,
        sources=_sources(case, lang),
        footer=evidence_of(case, lang),
        appendix=(_all_assumptions(made),),
    )


def _blocks_of(made: Traced, impact: BudgetImpact | None) -> tuple[doc.Block, ...]:
    case, lang = made.case, made.lang
    figures = (
        case.plot(ax=new_axes(size=_HALF), lang=lang),
        case.plot_actors(ax=new_axes(size=_HALF), lang=lang),
    )
    blocks: list[doc.Block] = [
        doc.Callout(texts.SHORT.text(lang), paragraphs.answer(made)),
        doc.Facts(paragraphs.facts(made)),
        doc.Heading(texts.QUESTION.text(lang)),
        doc.Paragraph(paragraphs.asked(made)),
        doc.Heading(texts.ACCOUNT.text(lang)),
        doc.Paragraph(paragraphs.account(made)),
        _actors(made),
        doc.Paragraph(paragraphs.budgets(made)),
        doc.Beside(tuple(doc.Figure.of(ax, width="half") for ax in figures)),
        doc.Heading(texts.DECIDES.text(lang)),
        doc.Bullets(paragraphs.views(made)),
        _assumptions(made),
    ]
    if impact is not None:
        blocks += _budget(made, impact)
    else:
        tornado = made.sensitivity.plot(ax=new_axes(size=doc.FULL), lang=lang, top=6)
        blocks.append(doc.Figure.of(tornado))
    if case.programme.non_priced:
        blocks.append(doc.Heading(texts.NON_PRICED.text(lang)))
        blocks.append(doc.Paragraph(paragraphs.non_priced(made)))
    blocks.append(doc.Callout(texts.CANNOT.text(lang), paragraphs.limits(made), tone="caution"))
    return tuple(blocks)


def _actors(made: Traced) -> doc.Table:
    case, lang = made.case, made.lang
    moved = case.by_year().groupby("actor")["amount"].apply(lambda a: bool((a.abs() > 0.5).any()))
    shown = [*(actor for actor in ACTORS if moved[actor]), "public", "society"]
    known = case.covariance is not None
    rows: list[tuple[Text, ...]] = []
    for actor in shown:
        cells: list[Text] = [
            GROUP_LABELS[actor].text(lang), made.present_value(actor, unit=False)
        ]  # fmt: skip
        if known:
            cells += [made.interval(actor, unit=False), made.total(actor, unit=False)]
        rows.append((*cells, made.when(actor)))
    between = (texts.INTERVAL, texts.TOTAL) if known else ()
    header = (texts.ACTOR, texts.VALUE, *between, texts.BREAK_EVEN)
    caption = {
        "years": made.plain(number(case.horizon, 0, lang), "years"),
        "year": made.plain(str(case.price_year), "price_year"),
    }
    return doc.Table(
        compose(texts.ACTORS_CAPTION.text(lang), caption),
        tuple(label.text(lang) for label in header),
        tuple(rows),
        sums=(len(rows) - 2, len(rows) - 1),
    )


def _assumptions(made: Traced) -> doc.Table:
    """Return the uncertain assumptions that move society's value most, with switching values."""
    case, lang = made.case, made.lang
    swings = made.sensitivity.of("society")
    drawn = {item.name: item for item in case.used_assumptions() if item.is_drawn}
    chosen = swings[swings["assumption"].isin(list(drawn))].head(_ASSUMPTIONS_SHOWN)
    rows: list[tuple[Text, ...]] = []
    for row in chosen.to_dict("records"):
        name = str(row["assumption"])
        item = drawn[name]
        at = made.switching(name)
        said = texts.NONE.text(lang) if math.isnan(at) else amount_of(at, item.unit, lang)
        ends = (number(round(float(row[end]), -2), 0, lang) for end in ("at_low", "at_high"))
        rows.append(
            (
                item.label.text(lang),
                made.of_assumption(amount_of(item.value, item.unit, lang), name, "assumption"),
                made.of_assumption(_range(item, lang), name, "assumption"),
                *(made.of_assumption(end, name, "end") for end in ends),
                made.of_assumption(said, name, "switch"),
            )
        )
    header = tuple(label.text(lang) for label in texts.TORNADO_HEADER)
    return doc.Table(texts.TORNADO_CAPTION.text(lang), header, tuple(rows))


def _all_assumptions(made: Traced) -> doc.Table:
    """Return every assumption with its range, its status and its source."""
    lang = made.lang
    rows = tuple(
        (
            item.label.text(lang),
            made.amount(item),
            _range(item, lang),
            texts.STATUS[item.status].text(lang),
            source_in(item.source, lang),
        )
        for item in made.case.used_assumptions()
    )
    header = tuple(label.text(lang) for label in texts.ALL_HEADER)
    anchors = tuple(f"assumption-{place}" for place in range(len(rows)))
    return doc.Table(
        texts.ALL_CAPTION.text(lang),
        header,
        rows,
        anchors=anchors,
        shares=(1.5, 0.6, 1.1, 0.95, 2.35),
    )


def _range(item: Assumption, lang: Lang) -> str:
    """Return the ends of a range, the unit said once: it stands beside the value."""
    if item.low is None or item.high is None:
        return NOT_AVAILABLE
    kroner = item.unit.startswith("NOK per ") and item.unit != "NOK per NOK"
    if kroner:
        return f"{number(item.low, 0, lang)}–{number(item.high, 0, lang)}"
    if item.unit in ("share", "per year, real"):
        decimals = 0 if round(100 * item.low + 100 * item.high, 6).is_integer() else 1
        return f"{number(100 * item.low, decimals, lang)}–{percent(item.high, decimals, lang)}"
    return f"{number(item.low, 1, lang)}–{amount_of(item.high, item.unit, lang)}"


def _budget(made: Traced, impact: BudgetImpact) -> list[doc.Block]:
    lang = made.lang
    figure = doc.Figure.of(impact.plot(ax=new_axes(size=_LOW), lang=lang))
    need = impact.peak_need()
    peak = float(need["amount"]["public"])
    cohorts = ", ".join(
        texts.COHORT.format(n=number(n, 0, lang), year=year).text(lang)
        for year, n in impact.starters.items()
    )
    values: dict[str, Part] = {
        "table": made.plain("3", "table"),
        "cohorts": made.plain(cohorts, "starters"),
        "prices": made.plain(impact.prices.text(lang), "prices"),
    }
    template = texts.BUDGET_TEXT.text(lang)
    if peak > 0:
        values["peak_year"] = made.plain(_peak_years(impact, peak, lang), "peak")
        rows = made.budget_rows(impact, "grants")
        trace = Trace(made.say("peak"), rows, (), made.sources, "peak")
        values["peak"] = Number(millions(peak, 1, lang), trace)
    template = template.replace("{need}", texts.BUDGET_NEED.text(lang) if peak > 0 else "")
    sentence = compose(template, values)
    table = _blocks(made, impact)
    return [doc.Heading(texts.BUDGET.text(lang)), doc.Paragraph(sentence), table, figure]


def _peak_years(impact: BudgetImpact, peak: float, lang: Lang) -> str:
    """Return the years in which the grants needed are the largest, as they are shown."""
    sums = impact.by_block().query("actor == 'public' and block == 'grants'")
    largest = millions(peak, 1, lang)
    years = [str(y) for y, a in zip(sums["year"], sums["amount"], strict=True)
             if millions(-a, 1, lang) == largest]  # fmt: skip
    *before, last = sorted(years)
    return texts.AND.format(before=", ".join(before), last=last).text(lang) if before else last


def _blocks(made: Traced, impact: BudgetImpact) -> doc.Table:
    lang = made.lang
    frame = impact.by_block()
    public = frame[frame["actor"] == "public"]
    rows: list[tuple[Text, ...]] = []
    for block in dict.fromkeys(public["block"]):
        own = public[public["block"] == block].set_index("year")["amount"]
        what = made.say("budget", block=BLOCK_LABELS[block])
        rows_of = made.budget_rows(impact, block)
        trace = Trace(what, rows_of, (), made.sources, f"budget:{block}")
        values = (number(float(own.get(year, 0.0)) / 1e6, 1, lang) for year in impact.years)
        cells = [Number(value, trace) for value in values]
        rows.append((capital(BLOCK_LABELS[block].text(lang)), *cells))
    prices = made.plain(impact.prices.text(lang), "prices")
    return doc.Table(
        compose(texts.BUDGET_CAPTION.text(lang), {"prices": prices}),
        (texts.BLOCK.text(lang), *map(str, impact.years)),
        tuple(rows),
    )


def _sources(case: CostBenefit, lang: Lang) -> tuple[doc.Source, ...]:
    """Return the list of sources."""
    evidence = evidence_of(case, lang)
    estimated = bool(np.isfinite(case.starters).all())
    effects = texts.SOURCE_EFFECTS[estimated].format(evidence=evidence).text(lang).strip()
    listed = [
        doc.Source("effects", effects),
        doc.Source("r109", texts.SOURCE_R109.text(lang)),
    ]
    if case.programme.items:
        note = "" if case.programme.note is None else case.programme.note.text(lang)
        told = texts.SOURCE_COSTS.format(note=note).text(lang).strip()
        listed.append(doc.Source("costs", told))
    listed.append(doc.Source("assumptions", texts.SOURCE_ASSUMPTIONS.text(lang)))
    if case.programme.non_priced:
        listed.append(doc.Source("dfo", capital(MATRIX_SOURCE.text(lang)) + "."))
    return tuple(listed)
