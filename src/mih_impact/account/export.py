"""An account as plain data: all that is needed to compute it again under other settings.

The flows of an account are multilinear in the views (whose money, displacement, leisure, selection)
and in the tax-financing cost: affine in each while the others are held. Such a function is known
from its values where every one of them is 0 or 1, and in between it is their weighted mean. Each
corner is a ledger that can be looked up and checked; no formula is written a second time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import numpy as np

from mih_impact import arguments
from mih_impact.account.budget.entries import BLOCKS, SAVINGS, block_for
from mih_impact.account.budget.result import BLOCK_LABELS
from mih_impact.account.ledger import FloatArray, Ledger
from mih_impact.account.parameters import Persistence
from mih_impact.account.residual import years_left
from mih_impact.account.roles import GROUP_LABELS, GROUPS, PUBLIC, TAX, role_label
from mih_impact.account.rules import AccountModel
from mih_impact.account.values import AccountValues
from mih_impact.display.locale import Label, current
from mih_impact.reference.discount import Timing

if TYPE_CHECKING:
    from mih_impact.account.assumption import Assumption

__all__ = [
    "RATES",
    "SCHEMA",
    "VIEWS",
    "Slider",
    "account_at",
    "base_persistence",
    "corners",
    "export_account",
    "longest_horizon",
    "mixed",
    "sliders_of",
]


def corners(
    parameters: Sequence[str], table: Callable[[Mapping[str, float]], FloatArray]
) -> dict[str, Any]:
    """Return a table at every corner of some parameters.

    Parameters
    ----------
    parameters
        The k assumptions it is affine in, each from 0 to 1.
    table
        What gives the table, shape (m, n), at values of the parameters.

    Returns
    -------
    dict
        `parameters`, and `corners`: the 2^k tables as lists; in the one at place c, parameter i is
        1 where bit i of c is set.

    Examples
    --------
    >>> block = corners(("a",), lambda at: np.array([[1 + at["a"]]]))
    >>> block["corners"], mixed(block, {"a": 0.25})
    ([[[1.0]], [[2.0]]], [[1.25]])
    """
    settings = [bits[::-1] for bits in product((0.0, 1.0), repeat=len(parameters))]
    tables = [table(dict(zip(parameters, bits, strict=True))) + 0.0 for bits in settings]
    return {"parameters": list(parameters), "corners": [each.tolist() for each in tables]}


def mixed(block: Mapping[str, Any], at: Mapping[str, Any]) -> list[list[float]]:
    """Return the table at any values of the parameters: the weighted mean of the corners.

    Plain loops, as a reader without NumPy has to write them.
    """
    first = block["corners"][0]
    total = [[0.0] * len(row) for row in first]
    for corner, table in enumerate(block["corners"]):
        weight = 1.0
        for place, name in enumerate(block["parameters"]):
            weight *= at[name] if corner >> place & 1 else 1.0 - at[name]
        for i, row in enumerate(table):
            for j, value in enumerate(row):
                total[i][j] += weight * value
    return total


#: Assumptions that the flows are affine in, each alone: those whose corners are exported.
VIEWS = ("wage_bill", "leisure", "displacement", "selection", "tax_financing_cost")

#: Assumptions that are moved under their own name.
RATES = (*VIEWS, "discount_rate", "half_life")

#: Years after the estimated ones that a persistence starts with, where the account has none.
_YEARS_MORE = 10

#: The longest account where the age at start is not known: the first step of the discount ladder.
_LONGEST = 40

_STEPS = {"share": 0.01, "NOK per NOK": 0.01, "per year, real": 0.005, "years": 0.5}

_STARTERS = Label(nb="deltakere som starter, ett kull", en="participants who start, one cohort")
_COST = Label(
    nb="tiltakskostnad per deltaker som starter", en="programme cost per participant who starts"
)
_MORE = Label(nb="flere år etter de anslåtte", en="further years after the estimated ones")
_OURS = "assumed in mih_impact, without a source"


@dataclass(frozen=True)
class Slider:
    """One thing a reader may move.

    Attributes
    ----------
    name
        The name it is set by.
    label
        The displayed name.
    value, unit
        Its value in the account, and what one unit of it is.
    low, high
        Its range.
    positions
        The values it can be put at, ascending; the account's own is among them.
    status, source, range_source
        How sure the value is, where it comes from, and where the range does.
    """

    name: str
    label: Label
    value: float
    unit: str
    low: float
    high: float
    positions: tuple[float, ...]
    status: str
    source: str
    range_source: str

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        label = self.label.texts()
        return told | {"label": label, "positions": list(self.positions)}


def sliders_of(case: AccountValues, starters: float) -> tuple[Slider, ...]:
    """Return what a reader may move in an account, in the order it is shown.

    Parameters
    ----------
    case
        The account.
    starters
        The cohort a reader sees first, persons.
    """
    own = {item.name: _assumption(item) for item in case.assumptions.items if item.name in RATES}
    more = longest_horizon(case) - case.effects.shape[1]
    after = (_years_more(case, more), own["half_life"]) if more else ()
    order = ("tax_financing_cost", "discount_rate", *VIEWS[:-1])
    return (_starters(starters), *_cost(case), *(own[name] for name in order), *after)


def base_persistence(case: AccountValues) -> Persistence:
    """Return what the account itself says of the years after the estimated ones."""
    return case.persistence if case.horizon > case.effects.shape[1] else "none"


def longest_horizon(case: AccountValues) -> int:
    """Return the longest account that a reader may ask for: until the mean starter is 67."""
    estimated = case.effects.shape[1]
    if case.programme.age_at_start is None:
        return max(case.horizon, _LONGEST)
    return int(max(estimated, case.horizon + years_left(case)))


def _assumption(item: Assumption) -> Slider:
    """Return an assumption over its own range; one without a range over all that it can be."""
    low = item.bounds[0] if item.low is None else item.low
    high = item.bounds[1] if item.high is None else item.high
    whence = item.range_source if item.low is not None else "all that it can be"
    return Slider(
        item.name, item.label, item.value, item.unit, low, high,
        _positions(low, high, item.value, _STEPS[item.unit]), item.status, item.source, whence,
    )  # fmt: skip


def _starters(starters: float) -> Slider:
    high = 2.0 * starters
    places = _positions(0.0, high, starters, _nice(high / 100))
    return Slider(
        "starters", _STARTERS, float(starters), "persons", 0.0, high, places, "choice",
        "the reader's own choice", "from nobody to the double",
    )  # fmt: skip


def _cost(case: AccountValues) -> tuple[Slider, ...]:
    """Return the real costs of a starter as one sum; moving it scales every item alike."""
    items = case.model.programme.items
    real = [item for item in items if item.kind == "real"]
    value = sum(item.reach * item.total for item in real)
    if value == 0:
        return ()
    low = sum(item.reach * (item.total if item.low is None else item.low) for item in real)
    high = sum(item.reach * (item.total if item.high is None else item.high) for item in real)
    weak = [item for item in real if item.status in ("ASSUMED", "remembered", "not found")]
    return (
        Slider(
            "programme_cost", _COST, value, "NOK per starter", low, high,
            _positions(low, high, value, _nice((high - low) / 100)),
            "ASSUMED" if weak else "derived",
            "the sum of the programme's cost items", "the sum of the items' own ranges",
        ),
    )  # fmt: skip


def _years_more(case: AccountValues, more: int) -> Slider:
    own = case.horizon - case.effects.shape[1]
    value = float(own or min(_YEARS_MORE, more))
    until = (
        "until the mean starter is 67"
        if case.programme.age_at_start
        else "assumed in mih_impact: 40 years"
    )
    return Slider(
        "years_more", _MORE, value, "years", 1.0, float(more),
        _positions(1.0, float(more), value, 1.0), "ASSUMED", _OURS, until,
    )  # fmt: skip


def _positions(low: float, high: float, value: float, step: float) -> tuple[float, ...]:
    """Return the multiples of a step within a range, its ends, and the value itself."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    grid = (round(step * k, 10) for k in range(first, last + 1))
    apart = [at for at in grid if all(abs(at - own) > step / 4 for own in (low, high, value))]
    return tuple(sorted({*apart, float(low), float(high), float(value)}))


def _nice(step: float) -> float:
    """Return 1, 2 or 5 times a power of ten, the nearest not below a step.

    Examples
    --------
    >>> _nice(1_400.0), _nice(0.3)
    (2000.0, 0.5)
    """
    power = 10.0 ** math.floor(math.log10(step)) if step > 0 else 1.0
    return next(power * k for k in (1, 2, 5, 10) if power * k >= step * (1 - 1e-9))


#: Version of the layout of what is exported.
SCHEMA = 1

#: Views that move money in hand; leisure and the tax-financing cost are no cash.
_CASH_VIEWS = ("wage_bill", "displacement", "selection")

_PERSISTENCE = {
    "none": Label(nb="ikke regnet med", en="not counted"),
    "constant": Label(nb="holder seg", en="lasts"),
    "half_life": Label(nb="halveres gradvis", en="halves gradually"),
    "linear": Label(nb="avtar lineært til null", en="declines linearly to zero"),
}


def export_account(case: AccountValues, *, starters: float = 500) -> dict[str, Any]:
    """Return an account as plain data that goes into JSON.

    Parameters
    ----------
    case
        The account.
    starters
        The cohort a reader sees first, persons.

    Returns
    -------
    dict
        `coefficients` (NOK per NOK of effect by group and outcome, at the corners of the views) and
        `constants` (NOK by group and year, the programme's resources apart from the rest, by the
        time of the year they fall) are the ledger; `effects` (R x S) and `covariance` (R S x R S)
        what was estimated; `discount`, `persistence` and `real_growth` carry them over the years;
        `cash` holds the three blocks of each public budget; `sliders` what may be moved, with
        value, range, status and source. Texts are in bokmål and English.

    Raises
    ------
    AssumptionError
        A cohort that is not a positive number.

    Examples
    --------
    >>> import pandas as pd
    >>> import mih_impact as mih
    >>> planted = pd.DataFrame(
    ...     {"outcome": "wage_income", "year_since_start": range(3), "estimate": 100_000.0}
    ... )
    >>> effects = mih.EffectSeries.from_frame(planted, price_year=2024)
    >>> case = mih.cost_benefit(
    ...     effects, mih.Assumptions.r109(), programme=mih.Programme.none(), horizon=3
    ... )
    >>> plain = export_account(case)
    >>> plain["effects"], plain["horizon"], plain["price_year"]
    ([[100000.0, 100000.0, 100000.0]], 3, 2024)
    """
    arguments.number("starters", starters, above=0)
    model = replace(case.model, horizon=longest_horizon(case), persistence="constant")
    return {
        "schema": SCHEMA,
        "programme": case.programme.label.texts(),
        "preset": case.assumptions.preset,
        "price_year": case.price_year,
        "currency": "NOK",
        "groups": [_named(name, GROUP_LABELS[name]) for name in GROUPS],
        "public": list(PUBLIC),
        "outcomes": [
            _named(name, role_label(role, case.benefits)) | {"role": role}
            for name, role in zip(case.outcomes, case.roles, strict=True)
        ],
        "effects": case.effects.tolist(),
        "covariance": None if case.covariance is None else case.covariance.tolist(),
        "quantile": NormalDist().inv_cdf(0.975),
        "participants": _shown(case.starters),
        "estimated": case.effects.shape[1],
        "horizon": case.horizon,
        "longest": model.horizon,
        "grows": [role in ("wage", TAX) for role in case.roles],
        "real_growth": case.assumptions.real_growth,
        "persistence": base_persistence(case),
        "persistences": [_named(kind, _PERSISTENCE[kind]) for kind in get_args(Persistence)],
        "discount": {
            "ladder": [list(step) for step in case.assumptions.discount.ladder],
            "timing": case.assumptions.discount.timing,
        },
        "coefficients": corners(VIEWS, lambda at: model.ledger(at).group_coefficients),
        "constants": _constants(model),
        "cash": _cash(model),
        "sliders": [slider.plain() for slider in sliders_of(case, starters)],
        "evidence": dict(case.provenance.evidence),
        "provenance": {
            "call": case.provenance.call,
            "data": case.provenance.data,
            "versions": dict(case.provenance.versions),
        },
    }


def _named(name: str, label: Label) -> dict[str, Any]:
    return {"name": name, "label": label.texts()}


def _shown(starters: FloatArray) -> list[int | None]:
    """Return the participants behind each year; None where not known, or too few to be shown."""
    least = current().min_cell
    return [int(n) if np.isfinite(n) and (n == 0 or n >= least) else None for n in starters]


def _constants(model: AccountModel) -> list[dict[str, Any]]:
    """Return what no effect drives, by the time of the year at which it falls."""
    own = model.assumptions.discount.timing
    timings = dict.fromkeys(timing or own for timing in model.ledger().timings)
    free = _free(model)

    def part(timing: Timing) -> dict[str, Any]:
        def rest(at: Mapping[str, float]) -> FloatArray:
            return _fixed(model.ledger({**free, **at}), timing, own)

        def programme(at: Mapping[str, float]) -> FloatArray:
            return _fixed(model.ledger(at), timing, own) - rest(at)

        moved = ("tax_financing_cost",)
        return {
            "timing": timing,
            "programme": corners(moved, programme),
            "rest": corners(moved, rest),
        }

    return [part(timing) for timing in timings]


def _free(model: AccountModel) -> dict[str, float]:
    """Return the resources that the programme uses as costing nothing; its grants stay."""
    real = (item for item in model.programme.items if item.kind == "real")
    return {f"cost:{item.name}": 0.0 for item in real}


def _fixed(ledger: Ledger, timing: Timing, own: Timing) -> FloatArray:
    """Return the constants of every group that fall at one time of the year, shape (G, T)."""
    parts = [ledger.at(each) for each in ledger.timings if (each or own) == timing]
    return sum((part.group_constants for part in parts), np.zeros((len(GROUPS), ledger.n_years)))


def _cash(model: AccountModel) -> dict[str, Any]:
    """Return the cash flows of each public budget in three blocks, which are never netted.

    A row of the tables for each pair of block and budget that the programme or an effect reaches.
    What is saved on other measures is a fourth block, there only where something is: it lowers no
    grant that the programme needs.
    """
    pairs = [(block, actor) for block in (*BLOCKS, SAVINGS) for actor in PUBLIC]
    free = _free(model)
    rest = _cash_rows(model, free, pairs)[1]
    costs = _cash_rows(model, {}, pairs)[1] - rest
    block = corners(_CASH_VIEWS, lambda at: _cash_rows(model, at, pairs)[0])
    kept = [
        place
        for place in range(len(pairs))
        if any(np.any(table[place]) for table in (costs, rest, *block["corners"]))
    ]
    block["corners"] = [[table[place] for place in kept] for table in block["corners"]]
    saved = {pairs[place][0] for place in kept} & {SAVINGS}
    return {
        "blocks": [_named(name, BLOCK_LABELS[name]) for name in (*BLOCKS, *saved)],
        "rows": [{"block": pairs[place][0], "actor": pairs[place][1]} for place in kept],
        "coefficients": block,
        "programme": costs[kept].tolist(),
        "rest": rest[kept].tolist(),
    }


def _cash_rows(
    model: AccountModel, at: Mapping[str, float], pairs: list[tuple[str, str]]
) -> tuple[FloatArray, FloatArray]:
    """Return coefficients (pairs, R) and constants (pairs, T) of the cash flows of each pair."""
    ledger = model.ledger(at)
    driven = np.zeros((len(pairs), len(ledger.roles)))
    fixed = np.zeros((len(pairs), ledger.n_years))
    for line in ledger.lines:
        for actor, sign in ((line.receiver, 1.0), (line.payer, -1.0)):
            if line.cash and actor in PUBLIC:
                place = pairs.index((block_for(line, actor), actor))
                driven[place] += sign * line.coefficients
                fixed[place] += sign * line.constant
    return driven, fixed


Account = TypeVar("Account", bound="AccountValues")


def account_at(case: Account, setting: Mapping[str, Any]) -> Account:
    """Return the account at a reader's setting.

    Parameters
    ----------
    case
        The account.
    setting
        Values by the names of `sliders_of`, and `persistence`; what is left out is as in the
        account. The number of starters changes nothing here: the account is per starter.

    Notes
    -----
    `programme_cost` multiplies all the resources that the programme uses by the same factor; its
    grants stay as they are.
    """
    base = {slider.name: slider.value for slider in sliders_of(case, 1.0)}
    at = base | dict(setting)
    kind = at.get("persistence", base_persistence(case))
    years = 0 if kind == "none" else int(at["years_more"])
    values = {name: at[name] for name in RATES if name in at}
    if "programme_cost" in base:
        scale = at["programme_cost"] / base["programme_cost"]
        real = (item for item in case.model.programme.items if item.kind == "real")
        values |= {item.assumption.name: scale * item.total for item in real}
    moved = replace(case, horizon=case.effects.shape[1] + years, persistence=kind)
    return moved.with_values(values)
