"""The account as tidy tables, which cards and figures show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from statistics import NormalDist
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.account.assumption import Assumption
from mih_impact.account.cost_item import CostItem
from mih_impact.account.ledger import FloatArray, probability_positive
from mih_impact.account.programme import Programme
from mih_impact.account.roles import (
    AVOIDED_MEASURES,
    GROUPS,
    STATE_BENEFITS,
    TAX,
    Benefit,
    benefit_of,
    hundreds,
)
from mih_impact.account.rules import AccountModel
from mih_impact.account.values import AccountValues, BeforeStart, Composed
from mih_impact.arguments import type_of
from mih_impact.controls.balance import TOLERATED
from mih_impact.controls.subgroups import ALL
from mih_impact.display.locale import Label, current
from mih_impact.display.numbers import number
from mih_impact.display.result import is_small
from mih_impact.effects.hidden import is_thin, pools, thin_when_pooled
from mih_impact.effects.pretrend import pretrend_test
from mih_impact.effects.series import EffectSeries, require_effects
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.panel.contract import TAX_ON_WAGE
from mih_impact.storage import Later

__all__ = [
    "BESIDE",
    "actor_frame",
    "before_start",
    "beside_frame",
    "component_frame",
    "composed_of",
    "costs_frame",
    "frozen",
    "given_away",
    "is_of_few",
    "ledger_frame",
    "left_out_of",
    "line_values",
    "pooled",
    "require_enough",
    "starters_behind",
    "tax_rates_of",
    "year_frame",
]

_Account = TypeVar("_Account", bound=AccountValues)
_Found = TypeVar("_Found")

_Z = NormalDist().inv_cdf(0.975)


def ledger_frame(model: AccountModel, effects: FloatArray) -> pd.DataFrame:
    """Return every entry: a real flow once a year, a transfer once for each side."""
    ledger, factors = model.ledger(), _line_factors(model)
    entries = [
        (line, actor, row, sign)
        for row, line in enumerate(ledger.lines)
        for actor, sign in ((line.payer, -1.0), (line.receiver, 1.0))
        if actor is not None
    ]
    rows = [row for _, _, row, _ in entries]
    signs = np.array([sign for _, _, _, sign in entries])
    amounts = signs[:, None] * ledger.amounts(model.path(effects))[rows]  # (entries, T)
    years = ledger.n_years

    def repeated(values: Sequence[object]) -> NDArray[Any]:
        return np.repeat(np.array(values), years)

    lines = [line for line, _, _, _ in entries]
    return pd.DataFrame(
        {
            "year": np.tile(np.arange(years), len(entries)),
            "component": repeated([line.component for line in lines]),
            "kind": repeated([line.kind for line in lines]),
            "actor": repeated([actor for _, actor, _, _ in entries]),
            "amount": amounts.ravel(),
            "present_value": (amounts * factors[rows]).ravel(),
            "cash": repeated([line.cash for line in lines]),
            "budget_line": repeated([line.budget_line for line in lines]),
            "source": repeated([line.source for line in lines]),
        }
    )


def _line_factors(model: AccountModel) -> FloatArray:
    """Return the discount factors of every line, shape (L, T)."""
    ledger = model.ledger()
    factors = model.factors(ledger, model.setting())
    return np.stack([factors[line.timing] for line in ledger.lines])


def line_values(model: AccountModel, effects: FloatArray) -> FloatArray:
    """Return the present value of every line, shape (L,)."""
    amounts = model.ledger().amounts(model.path(effects))
    return np.asarray((amounts * _line_factors(model)).sum(axis=1))


def component_frame(model: AccountModel, effects: FloatArray) -> pd.DataFrame:
    """Return present values, a row per component and a column per group."""
    ledger = model.ledger()
    values = ledger.group_signs * line_values(model, effects)[:, None] + 0.0  # no negative zeros
    frame = pd.DataFrame(values, columns=list(GROUPS))
    frame.insert(0, "component", [line.component for line in ledger.lines])
    frame.insert(1, "kind", [line.kind for line in ledger.lines])
    return frame.groupby(["component", "kind"], sort=False, as_index=False).sum()


def actor_frame(case: AccountValues) -> pd.DataFrame:
    """Return present value, uncertainty and break-even, a row per group."""
    years = year_frame(case)
    last = years[years["year_since_start"] == case.horizon - 1].reset_index(drop=True)
    frame = pd.DataFrame(
        {
            "actor": last["actor"],
            "present_value": last["cumulative"],
            "std_error": last["std_error"],
            "conf_low": last["conf_low"],
            "conf_high": last["conf_high"],
        }
    )
    pairs = zip(frame["present_value"], frame["std_error"], strict=True)
    frame["probability_positive"] = [
        np.nan if np.isnan(error) else probability_positive(value, error) for value, error in pairs
    ]
    frame["break_even_year"] = pd.array([case.break_even(group) for group in GROUPS], dtype="Int64")
    return frame


def year_frame(case: AccountValues) -> pd.DataFrame:
    """Return flow, present value and cumulative present value, a row per group and year."""
    amounts = case.model.ledger().group_amounts(case.path)  # (G, T)
    cumulative = case._cumulative
    errors = case._std_errors if case._std_errors is not None else np.full(amounts.shape, np.nan)
    groups, years = amounts.shape
    return pd.DataFrame(
        {
            "actor": np.repeat(GROUPS, years),
            "year_since_start": np.tile(np.arange(years), groups),
            "amount": amounts.ravel(),
            "present_value": np.diff(cumulative, axis=1, prepend=0.0).ravel(),
            "cumulative": cumulative.ravel(),
            "std_error": errors.ravel(),
            "conf_low": (cumulative - _Z * errors).ravel(),
            "conf_high": (cumulative + _Z * errors).ravel(),
        }
    )


def starters_behind(frame: pd.DataFrame, entered: Mapping[str, str], years: int) -> FloatArray:
    """Return the participants behind the wage effect of each estimated year, shape (years,)."""
    (wage,) = (outcome for outcome, role in entered.items() if role == "wage")
    counts = frame[frame["outcome"] == wage].set_index("year_since_start")["n_participants"]
    return counts.reindex(range(years)).to_numpy(dtype=np.float64)


_WHOLE = Label(nb="hele løpet", en="the whole course")
_NEGATIVE = "saving"


def costs_frame(case: AccountValues) -> pd.DataFrame:
    """Return the costs of the account by phase; see `CostBenefit.costs`."""
    programme = case.model.programme
    order = ["", *(phase.name for phase in programme.phases)]
    items = sorted(programme.items, key=lambda item: order.index(item.phase))
    rows = [_row(item, programme, case) for item in items]
    if case.has_headline("avoided_measures"):
        saved = case.assumptions["avoided_measures"]
        rows.append(_avoided(saved, float(case.discount_factors[0])))
    return pd.DataFrame(rows, columns=_COLUMNS).astype({"low": float, "high": float})


def _row(item: CostItem, programme: Programme, case: AccountValues) -> dict[str, object]:
    discount = case.assumptions.discount
    factors = discount if item.timing is None else discount.with_timing(item.timing)
    phase = next((each for each in programme.phases if each.name == item.phase), None)
    kept = item.profile[: case.horizon]
    scale = item.reach * float(kept @ factors.factors(len(kept)))
    return {
        "phase": item.phase,
        "phase_label": (_WHOLE if phase is None else phase.label).text(),
        "when": "" if phase is None or phase.when is None else phase.when.text(),
        "item": item.name,
        "label": item.label.text(),
        "kind": item.kind,
        "payer": item.payer,
        "receiver": item.receiver or "",
        "reach": item.reach,
        "cash": item.cash,
        "budget_line": item.budget_line,
        "per_participant_in_phase": item.total,
        "per_starter": item.reach * item.total,
        "present_value": item.total * scale,
        "low": None if item.low is None else item.low * scale,
        "high": None if item.high is None else item.high * scale,
        "status": item.status,
        "source": item.source,
        "range_source": item.range_source,
    }


def _avoided(saved: Assumption, factor: float) -> dict[str, object]:
    """Return what the controls' own measures would have cost, as a saving."""
    return {
        "phase": "", "phase_label": _WHOLE.text(), "when": "", "item": "avoided_measures",
        "label": AVOIDED_MEASURES.text(), "kind": _NEGATIVE, "payer": "state", "receiver": "",
        "reach": 1.0, "cash": True, "budget_line": "labour_market_measures",
        "per_participant_in_phase": -saved.value, "per_starter": -saved.value,
        "present_value": -factor * saved.value,
        "low": None if saved.high is None else -factor * saved.high,
        "high": None if saved.low is None else -factor * saved.low,
        "status": saved.status, "source": saved.source, "range_source": saved.range_source,
    }  # fmt: skip


_COLUMNS = [
    "phase", "phase_label", "when", "item", "label", "kind", "payer", "receiver", "reach", "cash",
    "budget_line", "per_participant_in_phase", "per_starter", "present_value", "low", "high",
    "status", "source", "range_source",
]  # fmt: skip


#: name -> what it is called, and what it says. `{value}` is the displayed number.
BESIDE: dict[str, tuple[Label, Label]] = {
    "gross_wage_sum": (
        Label(nb="sum lønnseffekt, ikke diskontert", en="sum of wage effects, not discounted"),
        Label(
            nb="Lønnseffektene summerer seg til {value} over {years} år, uten diskontering.",
            en="The wage effects sum to {value} over {years} years, not discounted.",
        ),
    ),
    "present_value_of_wages": (
        Label(nb="nåverdi av lønnseffekten", en="present value of wage effects"),
        Label(
            nb="Nåverdien av lønnseffekten er {value}.",
            en="The present value of the wage effects is {value}.",
        ),
    ),
    "society_leisure_1": (
        Label(
            nb="samfunnet, med fritid verdsatt til nettolønn",
            en="society, with leisure valued at the net wage",
        ),
        Label(
            nb="Er tapt fritid verdt hele nettolønnen, er netto nåverdi {value}.",
            en="If leisure given up is worth the whole net wage, net present value is {value}.",
        ),
    ),
    "public_leisure_1": (
        Label(
            nb="offentlige budsjetter, med fritid verdsatt til nettolønn",
            en="public budgets, with leisure valued at the net wage",
        ),
        Label(
            nb="Offentlige budsjetter berøres ikke av verdien av fritid: {value}.",
            en="Public budgets do not depend on the value of leisure: {value}.",
        ),
    ),
    "society_wage_bill_1": (
        Label(
            nb="samfunnet, når alle stillingene er nye kommunale penger",
            en="society, with every post new municipal money",
        ),
        Label(
            nb="Må kommunen bevilge nye penger til alle stillingene, er netto nåverdi {value}.",
            en="If every post takes new municipal money, net present value is {value}.",
        ),
    ),
    "public_wage_bill_1": (
        Label(
            nb="offentlige budsjetter, når alle stillingene er nye kommunale penger",
            en="public budgets, with every post new municipal money",
        ),
        Label(
            nb="Må kommunen bevilge nye penger til alle stillingene, er virkningen på offentlige"
            " budsjetter {value}.",
            en="If every post takes new municipal money, the effect on public budgets is {value}.",
        ),
    ),
    "switching_scale_society": (
        Label(
            nb="omslagspunkt for effekten, samfunnet",
            en="switching scale of the effect, society",
        ),
        Label(
            nb="Netto nåverdi er null når alle effekter er {value} ganger de anslåtte.",
            en="Net present value is zero when all effects are {value} times those estimated.",
        ),
    ),
    "switching_scale_public": (
        Label(
            nb="omslagspunkt for effekten, offentlige budsjetter",
            en="switching scale of the effect, public budgets",
        ),
        Label(
            nb="Offentlige budsjetter går i null når alle effekter er {value} ganger de anslåtte.",
            en="Public budgets break even when all effects are {value} times those estimated.",
        ),
    ),
}

_NO_SCALE = Label(
    nb="Ingen positiv skalering av effektene gir null.",
    en="No positive scale of the effects gives zero.",
)

_SCALE = "times the effect"


def beside_frame(case: AccountValues) -> pd.DataFrame:
    """Return `name, value, unit, label, sentence`, a row per number."""
    require_enough(case)
    wage = case.path[case.roles.index("wage")]
    leisure = case.with_assumptions(case.assumptions.replace(leisure=1.0))
    values: dict[str, tuple[float | None, str]] = {
        "gross_wage_sum": (float(wage.sum()), case.currency),
        "present_value_of_wages": (float(wage @ case.discount_factors), case.currency),
        "society_leisure_1": (leisure.npv, case.currency),
        "public_leisure_1": (leisure.public, case.currency),
    }
    if case.has_headline("wage_bill"):
        new_money = case.with_assumptions(case.assumptions.replace(wage_bill=1.0))
        values["society_wage_bill_1"] = new_money.npv, case.currency
        values["public_wage_bill_1"] = new_money.public, case.currency
    for group in ("society", "public"):
        values[f"switching_scale_{group}"] = case.switching_scale(group), _SCALE
    rows = []
    for name, (value, unit) in values.items():
        label, sentence = BESIDE[name]
        shown = number(value, 2) if unit == _SCALE else hundreds(value)
        # A negative scale would turn the effects round: arithmetic, but no answer to the question.
        unanswered = value is None or (unit == _SCALE and value < 0)
        text = _NO_SCALE if unanswered else sentence
        filled = text.format(value=shown, years=case.horizon)
        rows.append([name, value, unit, label.text(), filled.text()])
    frame = pd.DataFrame(rows, columns=["name", "value", "unit", "label", "sentence"])
    return frame.astype({"value": float})


_AND = Label(nb=" og ", en=" and ")


def _once(ask: Callable[[AccountValues], _Found]) -> Callable[[AccountValues], _Found]:
    """Look through an account once for each `options(min_cell=)`: each of its figures asks."""

    @wraps(ask)
    def asked(case: AccountValues) -> _Found:
        key = ask.__name__, current().min_cell
        if key not in case._known:
            case._known[key] = ask(case)
        found: _Found = case._known[key]
        return found

    return asked


@_once
def _sets(case: AccountValues) -> tuple[tuple[str, ...], ...]:
    """Return the outcomes of an account, those of each pool together."""
    members = {} if case.giving is None else pools(case.giving, case.giving)
    return tuple(dict.fromkeys(members.get(name, (name,)) for name in case.outcomes))


def pooled(case: _Account) -> _Account:
    """Return the account with the benefits of each pool as one; see `hidden.pools`.

    Amounts of one payer, taxed alike, enter every flow by the same coefficients, so that the
    account of their sum is the account of each of them.

    Raises
    ------
    AssumptionError
        An outcome is too few persons' and has none to be one with; or too few are compared.
    """
    require_enough(case)
    sets = _sets(case)
    if len(sets) == len(case.outcomes):
        return case
    to = np.array([[float(name in own) for name in case.outcomes] for own in sets])
    whole = np.kron(to, np.eye(case.effects.shape[1]))
    found = {
        own: _benefit(case, own) if len(own) > 1 else _own_benefit(case, own[0]) for own in sets
    }
    return replace(
        case,
        effects=frozen(to @ case.effects),
        covariance=None if case.covariance is None else frozen(whole @ case.covariance @ whole.T),
        composed=tuple(
            replace(
                each,
                effects=frozen(to @ each.effects),
                covariance=None
                if each.covariance is None
                else frozen(whole @ each.covariance @ whole.T),
            )
            for each in case.composed
        ),
        outcomes=tuple("+".join(own) for own in sets),
        roles=tuple(
            case.roles[case.outcomes.index(own[0])] if benefit is None else benefit.role
            for own, benefit in found.items()
        ),
        benefits=tuple(benefit for benefit in found.values() if benefit is not None),
        giving=None,
    )


@_once
def is_of_few(case: AccountValues) -> bool:
    """Tell whether too few persons stand behind an account for any of its values to be shown.

    So it is where few are compared, or have a wage, in some year; of a saved account, which does
    not hold who contributes, where few are behind every year.
    """
    giving = case.giving
    if giving is None:
        return bool(is_small(case.starters).all())
    of_few = is_small(giving[["persons_participants", "persons_controls"]]).any()
    roles = dict(zip(case.outcomes, case.roles, strict=True))
    wages = giving[giving["outcome"].map(roles).isin(["wage", TAX])]
    return bool(of_few or is_thin(wages).any())


@_once
def given_away(case: AccountValues) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return which outcomes would be disclosed, alone or in their pools, and in which years."""
    giving = case.giving
    if giving is None:
        return (), ()
    names: list[str] = []
    years: set[int] = set()
    for own in dict.fromkeys(pools(giving, giving).values()):
        parts = [giving[giving["outcome"] == name] for name in own]
        thin = thin_when_pooled(parts)
        if thin.any():
            names += [name for name, part in zip(own, parts, strict=True) if is_thin(part).any()]
            years |= {int(year) for year in parts[0]["level"][thin]}
    return tuple(names), tuple(sorted(years))


def require_enough(case: AccountValues) -> None:
    """Raise where too few persons stand behind an account for it to be drawn or written.

    Or behind an outcome of it that is none with another; all such outcomes are named.
    """
    if is_of_few(case):
        raise AssumptionError(
            "There are too few participants for an account",
            found=f"fewer than {current().min_cell} participants or controls compared, or wages of"
            " fewer, or one with more than half of them, in some year",
            do="take more starters together, or a shorter horizon; or, where the file stays with"
            " those who may see it, write it from Python within mih.options(min_cell=1)",
        )
    names, years = given_away(case)
    if names:
        raise AssumptionError(
            f"The account would give away amounts of single persons: {', '.join(names)}",
            found=f"fewer than {current().min_cell} persons with an amount, or one with more"
            f" than half of it, in year {', '.join(map(str, years))} since start",
            do=f"leave out of the account what is named: roles={dict.fromkeys(names)}; or, where"
            " the file stays with those who may see it, write it from Python within"
            " mih.options(min_cell=1)",
        )


def _own_benefit(case: AccountValues, outcome: str) -> Benefit | None:
    role = case.roles[case.outcomes.index(outcome)]
    return next((benefit for benefit in case.benefits if benefit.role == role), None)


def _benefit(case: AccountValues, outcomes: Sequence[str]) -> Benefit:
    """Return the benefit that a pool is."""
    parts = [own for name in outcomes if (own := _own_benefit(case, name)) is not None]
    label = Label(
        nb=_AND.nb.join(part.displayed.nb for part in parts),
        en=_AND.en.join(part.displayed.en for part in parts),
    )
    name = "+".join(part.name for part in parts)
    return Benefit(name, parts[0].payer, parts[0].taxable, label)


def composed_of(
    composed: Sequence[Any], outcomes: tuple[str, ...], years: tuple[int, ...], price_year: int
) -> Sequence[Composed]:
    """Return effects with other start years behind each year, as the account takes them."""

    def made() -> Iterable[Composed]:
        return (_composed(each, outcomes, years, price_year) for each in composed)

    if isinstance(composed, Later):
        return Later(made)
    if not isinstance(composed, (list, tuple)):
        raise OptionError(
            "composed= is a list of effects",
            found=type_of(composed),
            do="give for example composed=[mih.event_study(group, composition='balanced')]",
        )
    return tuple(made())


def before_start(effects: EffectSeries, entered: Mapping[str, str]) -> Sequence[BeforeStart]:
    """Return how alike participants and controls were, found when it is asked for.

    Parameters
    ----------
    effects
        Effects on one group of participants.
    entered
        What each outcome of the account is to it.
    """
    wages = [name for name, role in entered.items() if role == "wage"]
    if not wages or effects.matrix is None:
        return ()

    def made() -> Iterable[BeforeStart]:
        test = pretrend_test(effects, wages[0]).shown()
        years = tuple(int(year) for year in test.table["year_since_start"])
        found = (years, float(test.table["p_value"].min()), test.passed)
        group = effects.subgroups == (ALL,) and effects.balance
        if not group:
            return [BeforeStart("", 0, 0, float("nan"), *found)]
        size = group[0].shown().frame["smd_after"].abs()
        apart = int((size > TOLERATED).sum())
        how = group[0].provenance.call
        return [BeforeStart(how, len(size), apart, float(size.max()), *found)]

    return Later(made)


def _composed(
    effects: Any, outcomes: tuple[str, ...], years: tuple[int, ...], price_year: int
) -> Composed:
    require_effects("cost_benefit", effects)
    if effects.price_year != price_year:
        raise AssumptionError(
            "The effects of composed are in the prices of another year",
            found=f"{effects.price_year}, those of the account {price_year}",
            do="estimate both from one group: mih.event_study(group, composition=...)",
        )
    theta, covariance = effects.subgroup(effects.subgroups[0]).select(outcomes, years)
    return Composed(
        str(effects.provenance.options.get("composition", "available")),
        frozen(theta),
        None if covariance is None else frozen(covariance),
    )


def frozen(array: FloatArray) -> FloatArray:
    """Return a read-only copy."""
    copy = np.array(array, dtype=np.float64)
    copy.setflags(write=False)
    return copy


def tax_rates_of(effects: EffectSeries, entered: Mapping[str, str]) -> dict[str, Any]:
    """Return the rates that the tax on the wage was reckoned with, and their source, if it was."""
    told = effects.provenance.options
    if TAX not in entered.values():
        return {}
    if "tax_rates" not in told:
        raise AssumptionError(
            f"The outcome {TAX_ON_WAGE!r} does not say that it is tax by decile",
            found=f"effects from {effects.provenance.call}",
            do="make it by mih.tax_by_decile(effects, group=..., rates=..., source=...), or leave"
            f" it out: roles={{{TAX_ON_WAGE!r}: None}}",
        )
    return {name: told[name] for name in ("tax_rates", "tax_source")}


def left_out_of(effects: EffectSeries, entered: Mapping[str, str]) -> dict[str, Any]:
    """Return the benefits of the panel that the account leaves out, and that no total covers.

    Those that were estimated, and those that were not.
    """
    roles = set(entered.values())
    covered = "state" if STATE_BENEFITS in roles else None
    names = []
    for name in (*effects.outcomes, *effects.provenance.options.get("not_estimated", ())):
        own = None if name in entered else benefit_of(f"benefit:{name}")
        if own is not None and own.payer != covered and own.role not in roles:
            names.append(name)
    return {"left_out": tuple(names)} if names else {}
