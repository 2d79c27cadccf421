"""The paragraphs of the memo: each sentence is made from the numbers beside it."""

from __future__ import annotations

import math

from mih_impact.display.labels import Label
from mih_impact.display.numbers import number, percent
from mih_impact.display.result import evidence_of
from mih_impact.economics import sentences
from mih_impact.economics.budget.municipality import municipality_view
from mih_impact.economics.budget.municipality_result import FROM_ACCOUNT, NET, MunicipalityView
from mih_impact.economics.case import CostBenefit
from mih_impact.economics.labels import hundreds
from mih_impact.economics.measures import programme_costs
from mih_impact.economics.non_priced.card import signs
from mih_impact.reporting.memo import texts
from mih_impact.reporting.memo.traced import Traced
from mih_impact.reporting.text import Cite, Number, Part, Text, Trace, compose

__all__ = [
    "account",
    "answer",
    "asked",
    "budgets",
    "facts",
    "limits",
    "most",
    "non_priced",
    "views",
]

#: The year after start whose wage effect is told.
_TOLD_YEAR = 3


def answer(made: Traced) -> Text:
    """Return the answer in short: society, then public budgets."""
    case = made.case
    known, society, public = case.interval() is not None, _sign(case.npv), _sign(case.public)
    values: dict[str, Part] = {
        "years": made.plain(number(case.horizon, 0, made.lang), "years"),
    }
    if known:
        values |= {"ci": made.interval("society"), "total": made.total("society")}
    if society != "zero":
        values["npv"] = made.present_value("society", size=True)
    if society == "gain":
        values["when"] = made.when("society", counted=True)
    first = compose(texts.ANSWER[society, known].text(made.lang), values)
    template, shown = _posts(made)
    if public != "zero":
        shown["public"] = made.present_value("public", size=True)
    second = texts.ANSWER_PUBLIC[public].text(made.lang).replace("{posts}", template)
    return (*first, *compose(second, shown))


def _sign(amount: float) -> str:
    """Return what an amount is as it is shown, in whole hundreds: a gain, a loss, or zero."""
    shown = round(amount, -2)
    return "zero" if shown == 0 else "gain" if shown > 0 else "loss"


def _posts(made: Traced) -> tuple[str, dict[str, Part]]:
    """Return what is said of who pays for the posts, and its numbers; nothing where not asked."""
    case, lang = made.case, made.lang
    if not case.has_headline("wage_bill"):
        return "", {}
    share = case.assumptions.wage_bill
    if share == 1:
        return texts.POSTS["all new"].text(lang), {}
    values: dict[str, Part] = {"new_money": made.changed("public", "wage_bill", 1.0)}
    if share == 0:
        return texts.POSTS["none new"].text(lang), values
    shown = made.of_assumption(made.amount(made.items["wage_bill"]), "wage_bill", "assumption")
    return texts.POSTS["some new"].text(lang), values | {"share": shown}


def facts(made: Traced) -> tuple[tuple[Number, str], ...]:
    """Return the key figures: society, public budgets, and what effect it would take."""
    case, lang = made.case, made.lang
    pairs = [
        (made.present_value("society"), texts.FACTS["npv"].text(lang)),
        (made.present_value("public"), texts.FACTS["public"].text(lang)),
    ]
    scale = case.switching_scale()
    trace = Trace(made.say("scale"), made.rows("society"), (), made.sources, "scale")
    if scale is not None and case.npv >= 0 and 0 <= scale <= 1:
        pairs.append((Number(percent(scale, 0, lang), trace), texts.FACTS["scale"].text(lang)))
    elif scale is not None and case.npv < 0 and scale > 1:
        pairs.append((Number(number(scale, 1, lang), trace), texts.FACTS["times"].text(lang)))
    return tuple(pairs)


def asked(made: Traced) -> Text:
    """Return the question, and how it is answered."""
    return compose(
        texts.ASKED.text(made.lang),
        {
            "programme": made.case.programme.label.text(made.lang),
            "effects": Cite(("effects",)),
            "r109": Cite(("r109",)),
            "years": made.plain(number(made.case.horizon, 0, made.lang), "years"),
        },
    )


def account(made: Traced) -> Text:
    """Return what stands above the table of actors: the effect, its persons, the costs."""
    return (*_wage(made), *_behind(made), *_costs(made))


def budgets(made: Traced) -> Text:
    """Return what stands beneath the table: how its rows are to be read."""
    losses = sentences.local_losses(made.case)
    told = (
        *_in_kind(made),
        *(part for actor in losses for part in _loss(made, actor)),
        *_municipality(made),
    )
    return (*told, sentences.EMPLOYER.text(made.lang))


def _wage(made: Traced) -> tuple[Part, ...]:
    """Return the wage effect three years after start, or of the last year estimated."""
    case, lang = made.case, made.lang
    year = min(_TOLD_YEAR, case.effects.shape[1] - 1)
    effect = float(case.effects[case.roles.index("wage"), year])
    values: dict[str, Part] = {"year": made.plain(str(year), "year")}
    if _sign(effect) != "zero":
        values["wage"] = made.plain(hundreds(abs(effect), lang), "wage", "effects")
    return compose(texts.WAGE[_sign(effect)].text(lang), values)


def _behind(made: Traced) -> tuple[Part, ...]:
    """Return how many persons stand behind the estimates, where it is known."""
    said = sentences.participants_behind(made.case)
    keys = {"first": "behind", "last": "behind", "zero": "year", "year": "year"}
    return _composed(made, said, {name: made.plain("", key, "effects")
                                  for name, key in keys.items()})  # fmt: skip


def _costs(made: Traced) -> tuple[Part, ...]:
    """Return what the resources cost, and what cost the account could bear."""
    case, lang = made.case, made.lang
    _, cost, _ = programme_costs(case)
    if cost <= 0:
        return compose(texts.NO_COSTS.text(lang))
    values: dict[str, Part] = {
        "cost": made.plain(hundreds(cost, lang), "cost", "costs", "assumptions"),
        "costs": Cite(("costs",)),
    }
    limit = most(case, cost)
    if _sign(limit) != "gain":
        said = "if free" if _sign(limit) == "zero" else "never"
        return compose(texts.COSTS[said].text(lang), values)
    values["most"] = made.plain(hundreds(limit, lang), "most", *made.sources)
    return compose(texts.COSTS["room" if limit >= cost else "too dear"].text(lang), values)


def most(case: CostBenefit, cost: float) -> float:
    """Return the real cost per participant at which society breaks even.

    All resources are scaled alike, and grants stay as they are. Below zero, or not finite, where no
    cost does it.
    """
    real = (item for item in case.programme.items if item.kind == "real")
    free = case.with_values({f"cost:{item.name}": 0.0 for item in real})
    return cost * free.npv / (free.npv - case.npv)


def _in_kind(made: Traced) -> tuple[Part, ...]:
    """Return how much of the public account is no money."""
    said = sentences.in_kind(made.case)
    values = {
        "amount": made.of_public("", "in_kind", cash=False),
        "cash": made.of_public("", "cash", cash=True),
    }
    return _composed(made, said, values)


def _loss(made: Traced, actor: str) -> tuple[Part, ...]:
    said = sentences.local_losses(made.case)[actor]
    return _composed(made, said, {"value": made.present_value(actor)})


def _composed(
    made: Traced, said: sentences.Sentence | None, numbers: dict[str, Number]
) -> tuple[Part, ...]:
    """Return a sentence of the account with a space after it, its numbers traced."""
    if said is None:
        return ()
    values: dict[str, Part] = {}
    for name, label in said.values.items():
        text = label.text(made.lang)
        values[name] = Number(text, numbers[name].trace) if name in numbers else text
    return (*compose(said.text.text(made.lang), values), " ")


def _municipality(made: Traced) -> tuple[Part, ...]:
    """Return why the municipality's cash is not its row of the account, where they differ much."""
    view = municipality_view(made.case, places=1, draws=100)
    steps = view.from_account().set_index("step")["amount"]
    start, net = float(steps["account"]), float(steps[NET])
    if view.apprenticeship is None and start * net >= 0:
        return ()
    values: dict[str, Part] = {
        "account": made.present_value("municipality"),
        "net": made.plain(hundreds(net, made.lang), "municipal", *made.sources),
    }
    words, amounts = _steps(made, view)
    values |= {f"step_{name}": amount for name, amount in amounts.items()}
    template = FROM_ACCOUNT.text(made.lang).replace("{steps}", words)
    return (*compose(template, values), " ")


def _steps(made: Traced, view: MunicipalityView) -> tuple[str, dict[str, Part]]:
    """Return the steps from the account to the cash in words, with places for their amounts."""
    words, amounts = [], {}
    for row in view.walked().to_dict("records"):
        name, label = str(row["step"]), Label(nb=str(row["label_nb"]), en=str(row["label_en"]))
        shown, told = hundreds(float(row["amount"]), made.lang), made.say("step", what=label)
        amounts[name] = made.plain(shown, f"step:{name}", *made.sources, told=told)
        words.append(f"{label.text(made.lang)} {{step_{name}}}")
    return ", ".join(words), dict[str, Part](amounts)


def views(made: Traced) -> tuple[Text, ...]:
    """Return what decides the account: who pays for the posts, leisure, selection, displacement."""
    case, lang = made.case, made.lang
    points: list[Text] = []
    if case.has_headline("wage_bill"):
        turn = _turn(made, "wage_bill", texts.POSTS_TURN, "public")
        values: dict[str, Part] = {
            "society_new": made.changed("society", "wage_bill", 1.0),
            "new_money": made.changed("public", "wage_bill", 1.0),
        }
        template = texts.POSTS_VIEW.text(lang).replace("{turn}", turn[0])
        points.append(compose(template, values | turn[1]))
    leisure = {"leisure": made.changed("society", "leisure", 1.0)}
    points.append(compose(texts.LEISURE_VIEW.text(lang), leisure))
    at = made.switching("selection")
    if not math.isnan(at):
        shown = made.of_assumption(percent(at, 0, lang), "selection", "switch")
        points.append(compose(texts.SELECTION_VIEW.text(lang), {"selection": shown}))
    turn = _turn(made, "displacement", texts.DISPLACEMENT_TURN, "society")
    template = texts.DISPLACEMENT_VIEW.text(lang).replace("{turn}", turn[0])
    whole = {"all": made.changed("society", "displacement", 1.0)}
    points.append(compose(template, whole | turn[1]))
    return tuple(points)


def _turn(made: Traced, name: str, text: Label, of: str) -> tuple[str, dict[str, Part]]:
    """Return at which share a group breaks even, and the number; nothing where none does."""
    at = made.switching(name, of)
    if math.isnan(at):
        return "", {}
    shown = made.of_assumption(percent(at, 0, made.lang), name, "switch", of)
    return text.text(made.lang), {"share": shown}


def non_priced(made: Traced) -> Text:
    """Return the effects that are not given in kroner, with their signs."""
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


def limits(made: Traced) -> Text:
    """Return what the analysis cannot say."""
    case, lang = made.case, made.lang
    said: list[Part] = [*compose(texts.MOTIVATION.text(lang))]
    if case.covariance is not None:
        said += compose(texts.FIGURES.text(lang))
    later = sentences.residual(case)
    last = made.plain(str(case.horizon - 1), "year")
    if later is None:
        said += compose(texts.LATER.text(lang), {"last": last})
    else:
        value, age = made.plain("", "residual", *made.sources), made.plain("", "age", "assumptions")
        said += [" ", *_composed(made, later, {"last": last, "age": age, "value": value})[:-1]]
    evidence = evidence_of(case, lang)
    if evidence:
        said += compose(texts.CALIBRATED.text(lang), {"evidence": evidence})
    return tuple(said)
