"""What the memo says: question, answer, account, figures, assumptions, budgets, limits, sources."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from mih_impact.account import card
from mih_impact.account.assumption import Assumption
from mih_impact.account.budget.impact import budget_impact
from mih_impact.account.budget.municipality import municipality_view
from mih_impact.account.budget.municipality_result import FROM_ACCOUNT, NET, MunicipalityView
from mih_impact.account.budget.result import BLOCK_LABELS, BudgetImpact
from mih_impact.account.cost_benefit import CostBenefit
from mih_impact.account.indicators import programme_costs
from mih_impact.account.non_priced import MATRIX_SOURCE, signs
from mih_impact.account.objections import STATUS, Objection, objections_of
from mih_impact.account.roles import (
    ACTORS,
    GROUP_LABELS,
    STATUS_LABELS,
    amount_of,
    hundreds,
)
from mih_impact.controls.balance import HOW, TOLERATED
from mih_impact.display.figure import figures_for_files, new_axes, sources_told_elsewhere
from mih_impact.display.locale import Label, Lang, capital, in_language, language
from mih_impact.display.numbers import NBSP, NOT_AVAILABLE, millions, number, p_equals, percent
from mih_impact.display.result import evidence_of
from mih_impact.reference.rows import source_in
from mih_impact.reporting import document as doc
from mih_impact.reporting.blocks import Cite, Number, Part, Text, Trace, compose
from mih_impact.reporting.memo import texts
from mih_impact.reporting.memo.numbers import Numbers, in_hundreds

__all__ = [
    "account",
    "answer",
    "asked",
    "budgets",
    "facts",
    "limits",
    "memo_of",
    "most",
    "non_priced",
    "views",
]

#: Objections that the memo tells as the card does, and what it calls them.
_TOLD = {
    "programme_time": Label(nb="Tid i tiltaket", en="Time in the programme"),
    "start_years": Label(nb="Oppstartsår", en="Start years"),
    "tax_by_decile": Label(nb="Skatt", en="Tax"),
}

#: The year after start whose wage effect is told.
_TOLD_YEAR = 3


def answer(made: Numbers) -> Text:
    """Return the answer in short: society, then public budgets."""
    case = made.case
    known, society, public = case.interval() is not None, _sign(case.npv), _sign(case.public)
    values: dict[str, Part] = {
        "years": made.plain(number(case.horizon), "years"),
    }
    if known:
        values |= {"ci": made.interval("society"), "total": made.total("society")}
    if society != "zero":
        values["npv"] = made.present_value("society", size=True)
    if society == "gain":
        values["when"] = made.when("society", counted=True)
    first = compose(texts.ANSWER[society, known].text(), values)
    unsure = None if society == "zero" else made.unsure("society")
    if unsure is not None:
        first = (*first, texts.UNSURE[unsure].text())
    template, shown = _posts(made)
    if public != "zero":
        shown["public"] = made.present_value("public", size=True)
    second = texts.ANSWER_PUBLIC[public].text().replace("{posts}", template)
    if public != "zero" and made.unsure("public") is not None:
        second += texts.UNSURE_PUBLIC.text()
    return (*first, *compose(second, shown))


def _sign(amount: float) -> str:
    """Return what an amount is as it is shown, in whole hundreds: a gain, a loss, or zero."""
    shown = round(amount, -2)
    return "zero" if shown == 0 else "gain" if shown > 0 else "loss"


def _posts(made: Numbers) -> tuple[str, dict[str, Part]]:
    """Return what is said of who pays for the posts, and its numbers; nothing where not asked."""
    case = made.case
    if not case.has_headline("wage_bill"):
        return "", {}
    share = case.assumptions.wage_bill
    if share == 1:
        return texts.POSTS["all new"].text(), {}
    values: dict[str, Part] = {"new_money": made.changed("public", "wage_bill", 1.0)}
    if share == 0:
        return texts.POSTS["none new"].text(), values
    shown = made.of_assumption(made.amount(made.items["wage_bill"]), "wage_bill", "assumption")
    return texts.POSTS["some new"].text(), values | {"share": shown}


def facts(made: Numbers) -> tuple[tuple[Number, str], ...]:
    """Return the key figures: society, public budgets, and what effect it would take."""
    case = made.case
    pairs = [
        (made.present_value("society"), texts.FACTS["npv"].text()),
        (made.present_value("public"), texts.FACTS["public"].text()),
    ]
    scale = case.switching_scale()
    trace = Trace(made.say("scale"), made.rows("society"), (), made.sources, "scale")
    if scale is not None and case.npv >= 0 and 0 <= scale <= 1:
        pairs.append((Number(percent(scale), trace), texts.FACTS["scale"].text()))
    elif scale is not None and case.npv < 0 and scale > 1:
        pairs.append((Number(number(scale, 1), trace), texts.FACTS["times"].text()))
    return tuple(pairs)


def asked(made: Numbers) -> Text:
    """Return the question, and how it is answered."""
    return compose(
        texts.ASKED.text(),
        {
            "programme": made.case.programme.label.text(),
            "effects": Cite(("effects",)),
            "r109": Cite(("r109",)),
            "years": made.plain(number(made.case.horizon), "years"),
        },
    )


def account(made: Numbers) -> Text:
    """Return what stands above the table of actors: the effect, its persons, the costs."""
    return (*_wage(made), *_behind(made), *_before(made), *_costs(made))


def budgets(made: Numbers) -> Text:
    """Return what stands beneath the table: how its rows are to be read."""
    losses = card.local_losses(made.case)
    told = (
        *_in_kind(made),
        *(part for actor in losses for part in _loss(made, actor)),
        *_municipality(made),
    )
    return (*told, *_composed(card.left_out(made.case), {}), card.EMPLOYER.text())


def _wage(made: Numbers) -> tuple[Part, ...]:
    """Return the wage effect three years after start, or of the last year estimated."""
    case = made.case
    year = min(_TOLD_YEAR, case.effects.shape[1] - 1)
    effect = float(case.effects[case.roles.index("wage"), year])
    values: dict[str, Part] = {"year": made.plain(str(year), "year")}
    if _sign(effect) != "zero":
        values["wage"] = made.plain(hundreds(abs(effect)), "wage", "effects")
    return compose(texts.WAGE[_sign(effect)].text(), values)


def _behind(made: Numbers) -> tuple[Part, ...]:
    """Return how many persons stand behind the estimates, where it is known."""
    said = card.participants_behind(made.case)
    keys = {"first": "behind", "last": "behind", "zero": "year", "year": "year"}
    return _composed(said, {name: made.plain("", key, "effects")
                                  for name, key in keys.items()})  # fmt: skip


def _before(made: Numbers) -> tuple[Part, ...]:
    """Return how alike participants and controls were before start, where it is known."""
    said: list[Part] = []
    for found in made.case.before:
        if not math.isnan(found.largest):
            apart = number(found.apart) if found.apart else texts.NONE.text()
            shown = {"apart": apart, "rows": number(found.rows), "limit": number(TOLERATED, 1),
                     "largest": number(found.largest, 2)}  # fmt: skip
            how: dict[str, Part] = {"how": HOW[found.how].text()}
            said += compose(texts.BALANCE.text(), made.named_as("balance", shown) | how)
        years = ", ".join(map(number, found.years))
        shown = {"years": years, "p": f"p{NBSP}{p_equals(found.p_value)}"}
        values = {} if found.passed is None else made.named_as("pretrend", shown)
        said += compose(texts.PRETREND[found.passed].text(), values)
    return tuple(said)


def _costs(made: Numbers) -> tuple[Part, ...]:
    """Return what the resources cost, and what cost the account could bear."""
    case = made.case
    _, cost, _ = programme_costs(case)
    if cost <= 0:
        told = card.no_resources(case)
        return compose(texts.NO_COSTS.text()) if told is None else (told.text(), " ")
    values: dict[str, Part] = {
        "cost": made.plain(hundreds(cost), "cost", "costs", "assumptions"),
        "costs": Cite(("costs",)),
    }
    limit = most(case, cost)
    if _sign(limit) != "gain":
        said = "if free" if _sign(limit) == "zero" else "never"
        return compose(texts.COSTS[said].text(), values)
    values["most"] = made.plain(hundreds(limit), "most", *made.sources)
    return compose(texts.COSTS["room" if limit >= cost else "too dear"].text(), values)


def most(case: CostBenefit, cost: float) -> float:
    """Return the real cost per participant at which society breaks even.

    All resources are scaled alike, and grants stay as they are. Below zero, or not finite, where no
    cost does it.
    """
    real = (item for item in case.programme.items if item.kind == "real")
    free = case.with_values({f"cost:{item.name}": 0.0 for item in real})
    return cost * free.npv / (free.npv - case.npv)


def _in_kind(made: Numbers) -> tuple[Part, ...]:
    """Return how much of the public account is no money."""
    said = card.in_kind(made.case)
    values = {
        "amount": made.of_public("", "in_kind", cash=False),
        "cash": made.of_public("", "cash", cash=True),
    }
    return _composed(said, values)


def _loss(made: Numbers, actor: str) -> tuple[Part, ...]:
    said = card.local_losses(made.case)[actor]
    return _composed(said, {"value": made.present_value(actor)})


def _composed(said: card.Sentence | None, numbers: dict[str, Number]) -> tuple[Part, ...]:
    """Return a sentence of the account with a space after it, its numbers traced."""
    if said is None:
        return ()
    values: dict[str, Part] = {}
    for name, label in said.values.items():
        text = label.text()
        values[name] = Number(text, numbers[name].trace) if name in numbers else text
    return (*compose(said.text.text(), values), " ")


def _municipality(made: Numbers) -> tuple[Part, ...]:
    """Return why the municipality's cash is not its row of the account, where they differ much."""
    view = municipality_view(made.case, places=1, draws=100)
    steps = view.from_account().set_index("step")["amount"]
    start, net = float(steps["account"]), float(steps[NET])
    if view.apprenticeship is None and start * net >= 0:
        return ()
    values: dict[str, Part] = {
        "account": made.present_value("municipality"),
        "net": made.plain(hundreds(net), "municipal", *made.sources),
    }
    words, amounts = _steps(made, view)
    values |= {f"step_{name}": amount for name, amount in amounts.items()}
    template = FROM_ACCOUNT.text().replace("{steps}", words)
    return (*compose(template, values), " ")


def _steps(made: Numbers, view: MunicipalityView) -> tuple[str, dict[str, Part]]:
    """Return the steps from the account to the cash in words, with places for their amounts."""
    words, amounts = [], {}
    for row in view.walked().to_dict("records"):
        name, label = str(row["step"]), Label(nb=str(row["label_nb"]), en=str(row["label_en"]))
        shown, told = hundreds(float(row["amount"])), made.say("step", what=label)
        amounts[name] = made.plain(shown, f"step:{name}", *made.sources, told=told)
        words.append(f"{label.text()} {{step_{name}}}")
    return ", ".join(words), dict[str, Part](amounts)


def views(made: Numbers) -> tuple[Text, ...]:
    """Return what decides the account: who pays for the posts, leisure, selection, displacement."""
    case = made.case
    points: list[Text] = []
    if case.has_headline("wage_bill"):
        turn = _turn(made, "wage_bill", texts.POSTS_TURN, "public")
        values: dict[str, Part] = {
            "society_new": made.changed("society", "wage_bill", 1.0),
            "new_money": made.changed("public", "wage_bill", 1.0),
        }
        template = texts.POSTS_VIEW.text().replace("{turn}", turn[0])
        points.append(compose(template, values | turn[1]))
    valued = made.changed("society", "leisure", 1.0)
    leisure: dict[str, Part] = {"leisure": valued, "base": made.present_value("society")}
    points.append(compose(texts.LEISURE_VIEW.text(), leisure))
    points += [_objected(made, each) for each in objections_of(case, tuple(_TOLD))]
    at = made.switching("selection")
    # Of an effect that is a loss, more motivated starters would only hide a larger one.
    gains = case.with_values({"selection": 1.0}).npv < case.npv
    if gains and not math.isnan(at):
        shown = made.of_assumption(percent(at), "selection", "switch")
        points.append(compose(texts.SELECTION_VIEW.text(), {"selection": shown}))
    turn = _turn(made, "displacement", texts.DISPLACEMENT_TURN, "society") if gains else ("", {})
    template = texts.DISPLACEMENT_VIEW.text().replace("{turn}", turn[0])
    whole = {"all": made.changed("society", "displacement", 1.0)}
    points.append(compose(template, whole | turn[1]))
    return tuple(points)


def _objected(made: Numbers, each: Objection) -> Text:
    """Return the sentence of an objection, its numbers with their traces."""
    values: dict[str, Part] = {
        name: made.plain(
            label.text(), f"objection:{each.name}:{name}", *made.sources,
            told=made.say("objection", number=texts.OBJECTED[name], status=STATUS[each.status]),
        )
        for name, label in each.shown.items() if name in each.numbers
    }  # fmt: skip
    rest = {name: label.text() for name, label in each.shown.items() if name not in values}
    return compose(f"**{_TOLD[each.name].text()}.** " + each.text.text(),
                   values | rest)  # fmt: skip


def _turn(made: Numbers, name: str, text: Label, of: str) -> tuple[str, dict[str, Part]]:
    """Return at which share a group breaks even, and the number; nothing where none does."""
    at = made.switching(name, of)
    if math.isnan(at):
        return "", {}
    shown = made.of_assumption(percent(at), name, "switch", of)
    return text.text(), {"share": shown}


def non_priced(made: Numbers) -> Text:
    """Return the effects that are not given in kroner, with their signs."""
    listed = "; ".join(
        f"{each.label.text()} ({signs(each.consequence)})"
        for each in made.case.programme.non_priced
    )
    values: dict[str, Part] = {
        "dfo": Cite(("dfo",)),
        "effects": listed,
    }
    return compose(texts.NON_PRICED_TEXT.text(), values)


def limits(made: Numbers, *, budgets: bool) -> Text:
    """Return what the analysis cannot say, with the figure of budgets or without it."""
    case = made.case
    said: list[Part] = [*compose(texts.MOTIVATION.text())]
    if case.covariance is not None:
        said += compose(texts.FIGURES[budgets].text())
    later = card.residual(case)
    last = made.plain(str(case.horizon - 1), "year")
    if later is None:
        said += compose(texts.LATER.text(), {"last": last})
    else:
        value, age = made.plain("", "residual", *made.sources), made.plain("", "age", "assumptions")
        said += [" ", *_composed(later, {"last": last, "age": age, "value": value})[:-1]]
    evidence = evidence_of(case)
    if evidence:
        published = case.programme.published
        values: dict[str, Part] = {
            "evidence": evidence,
            "published": "" if published is None else published.text(),
        }
        said += compose(texts.EVIDENCE.text(), values)
    return tuple(said)


_ASSUMPTIONS_SHOWN = 6
#: Drawn larger than it is printed: names of actors and amounts are long.
_HALF = (5.8, 3.0)
#: The figure of assumptions, higher than others: their names take two lines.
_ROWS = (7.6, 3.3)
#: The figure of budgets, lower than others of full width: two pages hold the rest.
_LOW = (7.6, 1.7)


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
    with in_language(lang):
        made = Numbers(case)
        impact = None if starters is None else budget_impact(case, starters=starters)
        with sources_told_elsewhere(), figures_for_files(doc.PRINT_DPI):  # in footer and list
            blocks = _blocks_of(made, impact)
        return doc.Document(
            title=capital(texts.TITLE.format(programme=case.programme.label).text()),
            subtitle=texts.SUBTITLE.format(year=case.price_year).text(),
            lang=language(),
            blocks=blocks,
            sources=_sources(case),
            footer=evidence_of(case),
            appendix=(_all_assumptions(made),),
        )


def _short(case: CostBenefit) -> str:
    """Return the heading of the answer, and beside it what data and costs the answer rests on."""
    told = [*card.said([card.made_up(case)]), *filter(None, [evidence_of(case)])]
    return texts.SHORT.text() + (f". {' '.join(told)}" if told else "")


def _blocks_of(made: Numbers, impact: BudgetImpact | None) -> tuple[doc.Block, ...]:
    case = made.case
    figures = (
        case.plot(ax=new_axes(size=_HALF)),
        case.plot_actors(ax=new_axes(size=_HALF)),
    )
    blocks: list[doc.Block] = [
        doc.Callout(_short(case), answer(made)),
        doc.Facts(facts(made)),
        doc.Heading(texts.QUESTION.text()),
        doc.Paragraph(asked(made)),
        doc.Heading(texts.ACCOUNT.text()),
        doc.Paragraph(account(made)),
        _actors(made),
        doc.Paragraph(budgets(made)),
        doc.Beside(tuple(doc.Figure.of(ax, width="half") for ax in figures)),
        doc.Heading(texts.DECIDES.text()),
        doc.Bullets(views(made)),
        _assumptions(made),
    ]
    if impact is not None:
        blocks += _budget(made, impact)
    else:
        tornado = made.sensitivity.plot(ax=new_axes(size=_ROWS), top=6)
        blocks.append(doc.Figure.of(tornado))
    if case.programme.non_priced:
        blocks.append(doc.Heading(texts.NON_PRICED.text()))
        blocks.append(doc.Paragraph(non_priced(made)))
    blocks.append(
        doc.Callout(texts.CANNOT.text(), limits(made, budgets=impact is not None), tone="caution")
    )
    return tuple(blocks)


def _actors(made: Numbers) -> doc.Table:
    case = made.case
    moved = case.by_year().groupby("actor")["amount"].apply(lambda a: bool((a.abs() > 0.5).any()))
    shown = [*(actor for actor in ACTORS if moved[actor]), "public", "society"]
    known = case.covariance is not None
    rows: list[tuple[Text, ...]] = []
    for actor in shown:
        cells: list[Text] = [
            GROUP_LABELS[actor].text(), made.present_value(actor, unit=False)
        ]  # fmt: skip
        if known:
            cells += [made.interval(actor, unit=False), made.total(actor, unit=False)]
        rows.append((*cells, made.when(actor)))
    between = (texts.INTERVAL, texts.TOTAL) if known else ()
    header = (texts.ACTOR, texts.VALUE, *between, texts.BREAK_EVEN)
    caption = {
        "years": made.plain(number(case.horizon), "years"),
        "year": made.plain(str(case.price_year), "price_year"),
    }
    return doc.Table(
        compose(texts.ACTORS_CAPTION.text(), caption),
        tuple(label.text() for label in header),
        tuple(rows),
        sums=(len(rows) - 2, len(rows) - 1),
    )


def _assumptions(made: Numbers) -> doc.Table:
    """Return the uncertain assumptions that move society's value most, and the discount rate."""
    swings = made.sensitivity.of("society").set_index("assumption").to_dict("index")
    used = {item.name: item for item in made.case.used_assumptions()}
    drawn = [str(name) for name in swings if name in used and used[name].is_drawn]
    rows: list[tuple[Text, ...]] = []
    for name in [*drawn[:_ASSUMPTIONS_SHOWN], "discount_rate"]:
        item, row = used[name], swings[name]
        at = made.switching(name)
        said = texts.NONE.text() if math.isnan(at) else amount_of(at, item.unit)
        ends = (in_hundreds(float(row[end])) for end in ("at_low", "at_high"))
        rows.append(
            (
                item.label.text(),
                made.of_assumption(amount_of(item.value, item.unit), name, "assumption"),
                made.of_assumption(_range(item), name, "assumption"),
                *(made.of_assumption(end, name, "end") for end in ends),
                made.of_assumption(said, name, "switch"),
            )
        )
    header = tuple(label.text() for label in texts.TORNADO_HEADER)
    return doc.Table(texts.TORNADO_CAPTION.text(), header, tuple(rows))


def _all_assumptions(made: Numbers) -> doc.Table:
    """Return every assumption with its range, its status and its source."""
    rows = tuple(
        (
            item.label.text(),
            made.amount(item),
            _range(item),
            STATUS_LABELS[item.status].text(),
            source_in(item.source, language()),
        )
        for item in made.case.used_assumptions()
    )
    header = tuple(label.text() for label in texts.ALL_HEADER)
    anchors = tuple(f"assumption-{place}" for place in range(len(rows)))
    return doc.Table(
        texts.ALL_CAPTION.text(),
        header,
        rows,
        anchors=anchors,
        shares=(1.5, 0.8, 1.1, 0.95, 2.15),
    )


def _range(item: Assumption) -> str:
    """Return the ends of a range, the unit said once: it stands beside the value."""
    if item.low is None or item.high is None:
        return NOT_AVAILABLE
    if item.unit.startswith("NOK per ") and item.unit != "NOK per NOK":
        return f"{in_hundreds(item.low)}–{in_hundreds(item.high)}"
    if item.unit in ("share", "per year, real"):
        decimals = 0 if round(100 * item.low + 100 * item.high, 6).is_integer() else 1
        return f"{number(100 * item.low, decimals)}–{percent(item.high, decimals)}"
    decimals = 2 if item.unit not in ("months", "years") else 0 if item.low.is_integer() else 1
    return f"{number(item.low, decimals)}–{amount_of(item.high, item.unit)}"


def _budget(made: Numbers, impact: BudgetImpact) -> list[doc.Block]:
    figure = doc.Figure.of(impact.plot(ax=new_axes(size=_LOW)))
    need = impact.peak_need()
    peak = float(need["amount"]["public"])
    cohorts = ", ".join(
        (texts.COHORT_AFTER if k else texts.COHORT).format(n=number(n), year=year).text()
        for k, (year, n) in enumerate(impact.starters.items())
    )
    values: dict[str, Part] = {
        "table": made.plain("3", "table"),
        "cohorts": made.plain(cohorts, "starters"),
        "prices": made.plain(impact.prices.text(), "prices"),
    }
    template = texts.BUDGET_TEXT.text()
    if peak > 0:
        values["peak_year"] = made.plain(_peak_years(impact, peak), "peak")
        rows = made.budget_rows(impact, "grants")
        trace = Trace(made.say("peak"), rows, (), made.sources, "peak")
        values["peak"] = Number(millions(peak, 1), trace)
    template = template.replace("{need}", texts.BUDGET_NEED.text() if peak > 0 else "")
    sentence = compose(template, values)
    table = _blocks(made, impact)
    return [doc.Heading(texts.BUDGET.text()), doc.Paragraph(sentence), table, figure]


def _peak_years(impact: BudgetImpact, peak: float) -> str:
    """Return the years in which the grants needed are the largest, as they are shown."""
    sums = impact.by_block().query("actor == 'public' and block == 'grants'")
    largest = millions(peak, 1)
    years = [str(y) for y, a in zip(sums["year"], sums["amount"], strict=True)
             if millions(-a, 1) == largest]  # fmt: skip
    *before, last = sorted(years)
    return texts.AND.format(before=", ".join(before), last=last).text() if before else last


def _blocks(made: Numbers, impact: BudgetImpact) -> doc.Table:
    frame = impact.by_block()
    public = frame[frame["actor"] == "public"]
    rows: list[tuple[Text, ...]] = []
    for block in dict.fromkeys(public["block"]):
        own = public[public["block"] == block].set_index("year")["amount"]
        what = made.say("budget", block=BLOCK_LABELS[block])
        rows_of = made.budget_rows(impact, block)
        trace = Trace(what, rows_of, (), made.sources, f"budget:{block}")
        values = (number(float(own.get(year, 0.0)) / 1e6, 1) for year in impact.years)
        cells = [Number(value, trace) for value in values]
        rows.append((capital(BLOCK_LABELS[block].text()), *cells))
    prices = made.plain(impact.prices.text(), "prices")
    return doc.Table(
        compose(texts.BUDGET_CAPTION.text(), {"prices": prices}),
        (texts.BLOCK.text(), *map(str, impact.years)),
        tuple(rows),
    )


def _sources(case: CostBenefit) -> tuple[doc.Source, ...]:
    """Return the list of sources."""
    evidence = evidence_of(case)
    estimated = bool(np.isfinite(case.starters).all())
    effects = texts.SOURCE_EFFECTS[estimated].format(evidence=evidence).text().strip()
    listed = [
        doc.Source("effects", effects),
        doc.Source("r109", texts.SOURCE_R109.text()),
    ]
    if case.programme.items:
        note = "" if case.programme.note is None else case.programme.note.text()
        told = texts.SOURCE_COSTS.format(note=note).text().strip()
        listed.append(doc.Source("costs", told))
    listed.append(doc.Source("assumptions", texts.SOURCE_ASSUMPTIONS.text()))
    if case.programme.non_priced:
        listed.append(doc.Source("dfo", capital(MATRIX_SOURCE.text()) + "."))
    return tuple(listed)
