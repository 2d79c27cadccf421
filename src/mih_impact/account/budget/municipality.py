"""`municipality_view`: what so many places do to the cash of one municipality, year by year."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

from mih_impact import arguments
from mih_impact.account.assumption import Assumption
from mih_impact.account.budget.impact import convolved
from mih_impact.account.budget.municipality_result import COMPONENTS, NET, MunicipalityView
from mih_impact.account.cost_benefit import CostBenefit, require_account
from mih_impact.account.ledger import MOST_DRAWS, FloatArray, Line
from mih_impact.account.programme import PAY_TERMS, Apprenticeship, Programme
from mih_impact.account.roles import PUBLIC
from mih_impact.account.tables import require_enough
from mih_impact.account.uncertainty import drawn_effects, drawn_values
from mih_impact.arguments import named_options
from mih_impact.display.locale import Label
from mih_impact.errors import OptionError

__all__ = ["municipal_apprentices", "municipal_terms", "municipality_view"]


def municipal_apprentices(programme: Programme) -> Apprenticeship | None:
    """Return the apprenticeship of a programme where the municipality pays the apprentices."""
    own = programme.apprenticeship
    return own if own is not None and own.employer == "municipality" else None


def municipal_terms(
    own: Apprenticeship | None,
    *,
    paid_in_kind: float,
    kept_tax: float,
    apprentice_months: float | None,
    apprentice_share: float | None,
    skilled_wage: float | None,
) -> dict[str, Assumption]:
    """Return what the view assumes, by name; a value of the analyst's own is marked as hers.

    Parameters
    ----------
    own
        The apprenticeship, in the prices of the account; None where the municipality pays no
        apprentices.
    paid_in_kind, kept_tax, apprentice_months, apprentice_share, skilled_wage
        As for `municipality_view`.

    Raises
    ------
    AssumptionError
        A value that cannot be meant, or a term of apprentices that there are none of.
    """
    pay = dict(zip(PAY_TERMS, (apprentice_months, apprentice_share, skilled_wage), strict=True))
    asked = [name for name, value in pay.items() if value is not None]
    if own is None and asked:
        raise OptionError(
            "The programme has no apprentices whom the municipality pays",
            found=", ".join(f"{name}={arguments.shown(pay[name])}" for name in asked),
            do="declare them with mih.Programme(apprenticeship=mih.Apprenticeship(...,"
            " employer='municipality')), or leave these out",
        )
    base = (_paid_in_kind(), _kept_tax(), *(() if own is None else own.terms))
    given = {"paid_in_kind": paid_in_kind, "kept_tax": kept_tax} | pay
    return {
        item.name: item
        if item.name in PAY_TERMS and given[item.name] is None
        else item.changed(arguments.number(item.name, given[item.name]))
        for item in base
    }


def _paid_in_kind() -> Assumption:
    return Assumption(
        "paid_in_kind", 0.0, "share", "ASSUMED",
        "assumed in mih_impact: what is given in kind is there anyway", 0.0, 1.0,
        Label(nb="andel av det kommunen gir uten å betale for det, som betales med nye penger",
              en="share of what the municipality gives in kind that is paid with new money"),
        range_source="all that it can be",
    )  # fmt: skip


def _kept_tax() -> Assumption:
    return Assumption(
        "kept_tax", 0.4, "share", "remembered",
        "about 60 per cent of a municipality's extra tax is equalised away", 0.2, 1.0,
        Label(nb="andel av økt skatt som kommunen beholder etter utjevning",
              en="share of extra tax that the municipality keeps after equalisation"),
        "triangular", range_source="assumed in mih_impact: from half of it to no equalisation",
    )  # fmt: skip


#: Cohorts beyond which nobody plans, one a year.
MOST_COHORTS = 100


@named_options
def municipality_view(
    case: CostBenefit,
    *,
    places: float = 8,
    first_year: int | None = None,
    cohorts: int = 1,
    paid_in_kind: float = 0.0,
    kept_tax: float = 0.4,
    apprentice_months: float | None = None,
    apprentice_share: float | None = None,
    skilled_wage: float | None = None,
    draws: int = 2_000,
    seed: int = 2025,
) -> MunicipalityView:
    """Compute what so many places do to the cash of one municipality.

    Parameters
    ----------
    case
        The account per starter.
    places
        Places that the municipality offers each cohort; everyone who takes one starts.
    first_year
        Calendar year of the first start; None counts years since the first start.
    cohorts
        Number of cohorts, one a year, 100 at most.
    paid_in_kind
        Share of what the municipality gives in kind, such as the time of its staff, that is paid
        with new money. 0: the staff are paid anyway.
    kept_tax
        What the municipality keeps of its share of extra income tax after equalisation.
    apprentice_months, apprentice_share, skilled_wage
        Length of the apprenticeship; apprentice pay as a share of the skilled wage, on average; the
        skilled wage, NOK per year in the prices of the account. None is what the programme
        declares (`Programme.apprenticeship`). A programme that declares no apprentices whom the
        municipality pays has none.
    draws, seed
        Draws behind the intervals; without a covariance of the effects there are none.

    Returns
    -------
    MunicipalityView

    Raises
    ------
    OptionError
        No places, a share outside 0 to 1, or a number that is none.
    AssumptionError
        A term of apprentices where the programme declares none, or an account of too few
        participants.

    Notes
    -----
    Per starter and year t, in the prices of the account: what is in kind, as far as it is paid;
    apprentice pay, reach x (months / 12) x share x skilled wage x the declared spread over years;
    on it pension p and contribution, (1 + p)(1 + g) - 1; grants that the municipality receives;
    income tax (all budgets) x the municipality's share x what is kept; benefits that the
    municipality pays; what it pays in cash for the programme else. A cohort has `places` times
    that. Nothing is discounted. `MunicipalityView.from_account` walks from the municipality's
    present value in the account to the sum per place.

    What a recruited worker makes is no cash and is not added: by assumption output equals labour
    cost, and it stands beside with a net of zero. What a vacancy costs is not in the sources.

    Examples
    --------
    >>> import pandas as pd
    >>> import mih_impact as mih
    >>> planted = pd.DataFrame(
    ...     {"outcome": "wage_income", "year_since_start": range(3), "estimate": 100_000.0}
    ... )
    >>> effects = mih.EffectSeries.from_frame(planted, price_year=2024)
    >>> programme = mih.nav.menn_i_helse()
    >>> case = mih.cost_benefit(
    ...     effects, mih.Assumptions.r109(), programme=programme, horizon=3
    ... )
    >>> view = municipality_view(case, places=8)
    >>> cash = view.to_frame().query("component == 'tax_kept'")["amount"]
    >>> [round(amount) for amount in cash]  # 8 x 100,000 x 0.24 x 0.31 x 0.4
    [23808, 23808, 23808]
    """
    require_account("municipality_view", case)
    require_enough(case)
    arguments.number("places", places, above=0)
    arguments.whole("cohorts", cohorts, low=1, high=MOST_COHORTS)
    arguments.whole("draws", draws, low=100, high=MOST_DRAWS)
    arguments.seed(seed)
    if first_year is not None:
        arguments.whole("first_year", first_year, low=1900)
    own = municipal_apprentices(case.model.programme)
    terms = municipal_terms(
        own,
        paid_in_kind=paid_in_kind,
        kept_tax=kept_tax,
        apprentice_months=apprentice_months,
        apprentice_share=apprentice_share,
        skilled_wage=skilled_wage,
    )
    sizes = np.full(cohorts, float(places))

    def cash(effects: FloatArray, changes: Mapping[str, Any]) -> FloatArray:
        values = {name: changes.get(name, term.value) for name, term in terms.items()}
        rest = {name: value for name, value in changes.items() if name not in terms}
        flows = _flows(case, effects, rest, values, own)
        return convolved(flows, np.zeros_like(flows), sizes, np.ones(cohorts))

    point, drawn = cash(case.effects, {}), None
    effects = drawn_effects(case, draws, seed)
    if effects is not None:
        varied = {
            name: term.drawn(np.random.default_rng([seed, crc32(name.encode())]).random(draws))
            for name, term in terms.items()
            if term.is_drawn
        }
        drawn = cash(effects, drawn_values(case, draws, seed) | varied)
    first = 0 if first_year is None else int(first_year)
    years = tuple(range(first, first + point.shape[-1]))
    told = {"places": places, "cohorts": cohorts, "first_year": first_year}
    overall = _totals(point, drawn)
    return MunicipalityView(
        table=_table(point, drawn, years),
        overall=overall,
        steps=_from_account(case, overall.set_index("component")["amount"] / sizes.sum()),
        terms=tuple(terms.values()),
        apprenticeship=own,
        reach=0.0 if own is None else case.model.setting().reach(own.phase, own.phase),
        pension_share=case.assumptions.pension_share,
        contribution=case.assumptions.employer_contribution,
        tax_share=case.assumptions.municipal_tax_share,
        places=float(places),
        cohorts=cohorts,
        calendar=first_year is not None,
        price_year=case.price_year,
        horizon=case.horizon,
        programme=case.programme.label,
        provenance=case.provenance.then(
            "municipality_view",
            told | {name: term.value for name, term in terms.items()} | {"draws": draws},
            seed=seed,
        ),
        covered="municipality" in (case.programme.compensated or ()),
    )


def _flows(
    case: CostBenefit,
    effects: FloatArray,
    changes: Mapping[str, Any],
    terms: Mapping[str, Any],
    own: Apprenticeship | None,
) -> FloatArray:
    """Return cash per starter by component and year since start, shape (..., K, T).

    The components are those of `COMPONENTS`, in that order.
    """
    model = case.model
    ledger, setting = model.ledger(changes), model.setting(changes)
    amounts = ledger.amounts(model.path(effects, changes))

    def summed(sign: float, chosen: list[bool]) -> FloatArray:
        return np.asarray(sign * amounts[..., np.array(chosen), :].sum(axis=-2))

    lines, local = ledger.lines, "municipality"
    kept = _column(terms["kept_tax"]) * _column(setting["municipal_tax_share"])
    pay = _apprentice_pay(case, setting, terms, own)
    costs = (1 + _column(setting["pension_share"])) * (
        1 + _column(setting["employer_contribution"])
    )
    paid = _column(terms["paid_in_kind"])
    parts = {
        "in_kind": paid * summed(1.0, [_cost_of(line, local, cash=False) for line in lines]),
        "programme": summed(1.0, [_cost_of(line, local, cash=True) for line in lines])
        + summed(-1.0, [_granted(line) and line.payer == local for line in lines]),
        "apprentice_pay": -pay,
        "apprentice_on_costs": -pay * (costs - 1),
        "grant": summed(1.0, [_granted(line) and line.receiver == local for line in lines]),
        "tax_kept": kept
        * summed(1.0, [_is(line, "income_tax") and line.receiver in PUBLIC for line in lines]),
        "benefits": summed(-1.0, [_is(line, "benefit:") and line.payer == local for line in lines]),
    }
    return np.stack(np.broadcast_arrays(*(parts[name] for name in COMPONENTS)), axis=-2)


def _apprentice_pay(
    case: CostBenefit, setting: Any, terms: Mapping[str, Any], own: Apprenticeship | None
) -> FloatArray:
    """Return gross apprentice pay per starter by year; nothing without apprentices."""
    if own is None:
        return np.zeros(case.horizon)
    each = terms["apprentice_months"] / 12 * terms["apprentice_share"] * terms["skilled_wage"]
    return _column(setting.reach(own.phase, own.phase) * each) * own.profile(case.horizon)


def _from_account(case: CostBenefit, net: pd.Series[float]) -> pd.DataFrame:
    """Walk from the municipality's present value to its cash, per place and over all years.

    `net` has the sums of the view by component. The walk is of one cohort followed to its end.
    """
    ledger = case.ledger()
    rows = ledger[ledger["actor"] == "municipality"]
    plain = rows["component"].str.removeprefix("displacement:")

    def summed(chosen: pd.Series[bool]) -> float:
        return float(rows.loc[chosen, "amount"].sum())

    start, tax = case.present_value("municipality"), summed(plain == "income_tax")
    steps = {
        "account": start,
        "undiscounted": float(rows["amount"].sum()) - start,
        "in_kind": net["in_kind"] - summed(~rows["cash"]),
        "wage_bill": -summed(rows["cash"] & (plain == "wage_bill")),
        "equalised": net["tax_kept"] - tax,
        "apprentices": net["apprentice_pay"] + net["apprentice_on_costs"],
        NET: net[NET],
    }
    return pd.DataFrame({"step": list(steps), "amount": [value + 0.0 for value in steps.values()]})


def _column(value: Any) -> FloatArray:
    """Return a value, or n of them, so that it goes with years: shape (..., 1)."""
    return np.asarray(value, dtype=np.float64)[..., None]


def _is(line: Line, component: str) -> bool:
    return line.cash and line.component.removeprefix("displacement:").startswith(component)


def _cost_of(line: Line, actor: str, *, cash: bool) -> bool:
    """Return whether a flow is a programme cost that an actor bears in cash, or in kind."""
    own = line.kind == "real" and line.receiver == actor and line.cash == cash
    return own and line.component.startswith("programme:")


def _granted(line: Line) -> bool:
    """Return whether a flow is a grant of the programme, paid in cash."""
    return line.kind == "transfer" and line.cash and line.component.startswith("programme:")


def _with_net(flows: FloatArray) -> FloatArray:
    """Return the components and their sum, shape (..., K + 1, Y)."""
    return np.concatenate([flows, flows.sum(axis=-2, keepdims=True)], axis=-2) + 0.0


def _table(point: FloatArray, drawn: FloatArray | None, years: tuple[int, ...]) -> pd.DataFrame:
    """Return a row per component and year, the net last."""
    low, high = _ends(drawn, (len(COMPONENTS) + 1, len(years)))
    return pd.DataFrame(
        {
            "year": np.tile(np.array(years), len(COMPONENTS) + 1),
            "component": np.repeat([*COMPONENTS, NET], len(years)),
            "amount": _with_net(point).ravel(),
            "conf_low": low.ravel(),
            "conf_high": high.ravel(),
        }
    )


def _totals(point: FloatArray, drawn: FloatArray | None) -> pd.DataFrame:
    """Return sums over all years."""
    summed = None if drawn is None else drawn.sum(axis=-1, keepdims=True)
    low, high = _ends(summed, (len(COMPONENTS) + 1, 1))
    return pd.DataFrame(
        {
            "component": [*COMPONENTS, NET],
            "amount": _with_net(point).sum(axis=-1),
            "conf_low": low.ravel(),
            "conf_high": high.ravel(),
        }
    )


def _ends(drawn: FloatArray | None, shape: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Return the ends of 95 per cent intervals over the draws, missing without draws."""
    if drawn is None:
        return np.full(shape, np.nan), np.full(shape, np.nan)
    low, high = np.quantile(_with_net(drawn), [0.025, 0.975], axis=0)
    return low, high
