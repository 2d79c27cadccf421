"""What the memo says: question, answer, account, figures, assumptions, budgets, limits, sources."""

from __future__ import annotations

import math
from collections.abc import Mapping

from mih_impact.display.labels import Lang, capital
from mih_impact.display.numbers import NOT_AVAILABLE, interval, millions, number, percent
from mih_impact.display.result import evidence_of
from mih_impact.display.style import new_axes, sources_told_elsewhere
from mih_impact.economics.actors import ACTORS, GROUP_LABELS
from mih_impact.economics.assumption import Assumption
from mih_impact.economics.budget.impact import budget_impact
from mih_impact.economics.budget.result import BLOCK_LABELS, BLOCKS, BudgetImpact
from mih_impact.economics.card import break_even_text
from mih_impact.economics.case import CostBenefit
from mih_impact.economics.labels import amount_of, hundreds
from mih_impact.economics.measures import programme_costs
from mih_impact.economics.non_priced.card import signs
from mih_impact.economics.non_priced.effect import MATRIX_SOURCE
from mih_impact.reference.source_texts import source_in
from mih_impact.reporting import document as doc
from mih_impact.reporting.memo import texts
from mih_impact.reporting.memo.traced import Traced
from mih_impact.reporting.text import Cite, Number, Part, Text, Trace, compose

__all__ = ["memo_of"]

_ASSUMPTIONS_SHOWN = 6

#: Drawn larger than it is printed: names of actors and amounts are long.
_HALF = (5.8, 3.9)


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
        title=texts.TITLE.format(programme=case.programme.label).text(lang),
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
        doc.Callout(texts.SHORT.text(lang), _answer(made)),
        doc.Facts(_facts(made)),
        doc.Heading(texts.QUESTION.text(lang)),
        doc.Paragraph(_asked(made)),
        doc.Heading(texts.ACCOUNT.text(lang)),
        doc.Paragraph(_account(made)),
        _actors(made),
        doc.Beside(tuple(doc.Figure.of(ax, width="half") for ax in figures)),
        doc.Heading(texts.DECIDES.text(lang)),
        doc.Bullets(_views(made)),
        _assumptions(made),
    ]
    if impact is not None:
        blocks += _budget(made, impact)
    else:
        tornado = made.sensitivity.plot(ax=new_axes(size=doc.FULL), lang=lang, top=6)
        blocks.append(doc.Figure.of(tornado))
    if case.programme.non_priced:
        blocks.append(doc.Heading(texts.NON_PRICED.text(lang)))
        blocks.append(doc.Paragraph(_non_priced(made)))
    blocks.append(doc.Callout(texts.CANNOT.text(lang), _limits(made), tone="caution"))
    return tuple(blocks)


def _answer(made: Traced) -> Text:
    case, lang = made.case, made.lang
    bounds = case.interval()
    values: dict[str, Part] = {
        "npv": made.present_value("society", size=True),
        "years": made.plain(number(case.horizon, 0, lang), made.say("years")),
    }
    if bounds is not None:
        values["ci"] = Number(interval(*bounds, hundreds, lang), made.behind("society"))
    if case.npv >= 0:
        when = break_even_text(case.break_even_year, case.horizon, lang)
        what = made.say("when", who=GROUP_LABELS["society"])
        values["when"] = Number(when, Trace(what, made.rows("society"), sources=made.sources))
    gains = case.public >= 0
    public: dict[str, Part] = {
        "public": made.present_value("public", size=True),
        "new_money": made.changed("public", "wage_bill", 1.0),
    }
    first = compose(texts.ANSWER[case.npv >= 0, bounds is not None].text(lang), values)
    return (*first, *compose(texts.ANSWER_PUBLIC[gains].text(lang), public))


def _facts(made: Traced) -> tuple[tuple[Number, str], ...]:
    case, lang = made.case, made.lang
    pairs = [
        (made.present_value("society"), texts.FACTS["npv"].text(lang)),
        (made.present_value("public"), texts.FACTS["public"].text(lang)),
    ]
    scale = case.switching_scale()
    if scale is not None and 0 <= scale <= 1:
        trace = Trace(made.say("scale"), made.rows("society"), sources=made.sources)
        pairs.append((Number(percent(scale, 0, lang), trace), texts.FACTS["scale"].text(lang)))
    return tuple(pairs)


def _asked(made: Traced) -> Text:
    return compose(
        texts.ASKED.text(made.lang),
        {
            "programme": made.case.programme.label.text(made.lang),
            "effects": Cite(("effects",)),
            "r109": Cite(("r109",)),
            "years": made.plain(number(made.case.horizon, 0, made.lang), made.say("years")),
        },
    )


def _account(made: Traced) -> Text:
    case, lang = made.case, made.lang
    sentences: list[Part] = []
    year, wage = 3, case.roles.index("wage")
    if case.effects.shape[1] > year:
        text = hundreds(float(case.effects[wage, year]), lang)
        shown = made.plain(text, made.say("wage"), "effects")
        sentences += compose(texts.WAGE.text(lang), {"wage": shown})
    _, cost, _ = programme_costs(case)
    if cost > 0:
        costs = ("costs", "assumptions")
        values: dict[str, Part] = {
            "cost": made.plain(hundreds(cost, lang), made.say("cost"), *costs),
            "costs": Cite(("costs",)),
            "most": made.plain(hundreds(_most(case, cost), lang), made.say("most"), *made.sources),
        }
        sentences += compose(texts.COSTS.text(lang), values)
    else:
        sentences += compose(texts.NO_COSTS.text(lang))
    if case.present_value("county") < -0.5:
        county = {"county": made.present_value("county")}
        sentences += compose(texts.COUNTY.text(lang), county)
    return (*sentences, texts.EMPLOYER.text(lang))


def _most(case: CostBenefit, cost: float) -> float:
    """Return the real cost per participant at which society breaks even, all costs scaled alike."""
    free = case.with_values(
        {item.name: 0.0 for item in case._books.items if item.name.startswith("cost:")}
    )
    return cost * free.npv / (free.npv - case.npv)


def _actors(made: Traced) -> doc.Table:
    case, lang = made.case, made.lang
    moved = case.by_year().groupby("actor")["amount"].apply(lambda a: bool((a.abs() > 0.5).any()))
    shown = [*(actor for actor in ACTORS if moved[actor]), "public", "society"]
    rows: list[tuple[Text, ...]] = []
    for actor in shown:
        cells: list[Text] = [GROUP_LABELS[actor].text(lang), made.present_value(actor)]
        if case.covariance is not None:
            low, high = case.interval(of=actor) or (None, None)
            text = interval(low, high, hundreds, lang)
            cells.append(Number(text, made.behind(actor)))
        when = break_even_text(case.break_even(actor), case.horizon, lang)
        what = made.say("when", who=GROUP_LABELS[actor])
        cells.append(Number(when, Trace(what, made.rows(actor), sources=made.sources)))
        rows.append(tuple(cells))
    header = [texts.ACTOR, texts.VALUE, texts.INTERVAL, texts.BREAK_EVEN]
    if case.covariance is None:
        header.remove(texts.INTERVAL)
    caption = {
        "years": made.plain(number(case.horizon, 0, lang), made.say("years")),
        "year": made.plain(str(case.price_year), texts.SUBTITLE.format(year="").text(lang)),
    }
    return doc.Table(
        compose(texts.ACTORS_CAPTION.text(lang), caption),
        tuple(label.text(lang) for label in header),
        tuple(rows),
        sums=(len(rows) - 2, len(rows) - 1),
    )


def _views(made: Traced) -> tuple[Text, ...]:
    lang = made.lang
    society_new = made.changed("society", "wage_bill", 1.0)
    new_money = made.changed("public", "wage_bill", 1.0)
    leisure = made.changed("society", "leisure", 1.0)
    points: list[Text] = [
        compose(texts.VIEWS[0].text(lang), {"society_new": society_new, "new_money": new_money}),
        compose(texts.VIEWS[1].text(lang), {"leisure": leisure}),
    ]
    for name, sentence in texts.SWITCH.items():
        at = made.switching[name]
        if not math.isnan(at):
            shown = made.of_assumption(percent(at, 0, lang), name, "switch")
            points.append(compose(sentence.text(lang), {name: shown}))
    return tuple(points)


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
        at = made.switching[name]
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
    figure = doc.Figure.of(impact.plot(ax=new_axes(size=doc.FULL), lang=lang))
    need = impact.peak_need()
    peak_year, peak = int(need["year"]["public"]), float(need["amount"]["public"])
    said = made.say("peak")
    cohorts = ", ".join(
        texts.COHORT.format(n=number(n, 0, lang), year=year).text(lang)
        for year, n in impact.starters.items()
    )
    sentence = compose(
        texts.BUDGET_TEXT.text(lang),
        {
            "table": made.plain("3", texts.BLOCK.text(lang)),
            "cohorts": made.plain(cohorts, made.say("starters")),
            "prices": made.plain(impact.prices.text(lang), texts.VALUE.text(lang)),
            "peak_year": made.plain(str(peak_year), said),
            "peak": made.plain(millions(peak, 1, lang), said, *made.sources),
        },
    )
    table = _blocks(made, impact)
    return [doc.Heading(texts.BUDGET.text(lang)), doc.Paragraph(sentence), table, figure]


def _blocks(made: Traced, impact: BudgetImpact) -> doc.Table:
    lang = made.lang
    frame = impact.by_block()
    public = frame[frame["actor"] == "public"]
    rows: list[tuple[Text, ...]] = []
    for block in BLOCKS:
        own = public[public["block"] == block].set_index("year")["amount"]
        trace = Trace(
            made.say("budget", block=BLOCK_LABELS[block]), made.rows("public"), (), made.sources
        )
        values = (number(float(own.get(year, 0.0)) / 1e6, 1, lang) for year in impact.years)
        cells = [Number(value, trace) for value in values]
        rows.append((capital(BLOCK_LABELS[block].text(lang)), *cells))
    prices = made.plain(impact.prices.text(lang), texts.VALUE.text(lang))
    return doc.Table(
        compose(texts.BUDGET_CAPTION.text(lang), {"prices": prices}),
        (texts.BLOCK.text(lang), *map(str, impact.years)),
        tuple(rows),
    )


def _non_priced(made: Traced) -> Text:
    lang = made.lang
    listed = "; ".join(
        f"{each.label.text(lang)} ({signs(each.consequence)})"
        for each in made.case.programme.non_priced
    )
    values: dict[str, Part] = {
        "dfo": Cite(("dfo",)),
        "effects": listed,
        "whose": texts.OURS.text(lang),
    }
    return compose(texts.NON_PRICED_TEXT.text(lang), values)


def _limits(made: Traced) -> Text:
    case, lang = made.case, made.lang
    said: list[Part] = [*compose(texts.MOTIVATION.text(lang))]
    last = made.plain(number(case.horizon - 1, 0, lang), made.say("years"))
    said += compose(texts.LATER.text(lang), {"last": last})
    evidence = evidence_of(case, lang)
    if evidence:
        said += compose(texts.CALIBRATED.text(lang), {"evidence": evidence})
    return tuple(said)


def _sources(case: CostBenefit, lang: Lang) -> tuple[doc.Source, ...]:
    """Return the list of sources."""
    evidence = evidence_of(case, lang)
    effects = texts.SOURCE_EFFECTS.format(evidence=evidence).text(lang).strip()
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
