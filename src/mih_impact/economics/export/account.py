"""An account as plain data: all that is needed to reckon it again under another setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.display.labels import Label
from mih_impact.display.options import current
from mih_impact.economics.actors import GROUP_LABELS, GROUPS, PUBLIC
from mih_impact.economics.books import Books
from mih_impact.economics.budget.entries import SAVINGS, block_for
from mih_impact.economics.budget.result import BLOCK_LABELS, BLOCKS
from mih_impact.economics.export.corners import corners
from mih_impact.economics.export.sliders import (
    VIEWS,
    base_persistence,
    longest_horizon,
    sliders_of,
)
from mih_impact.economics.labels import role_label
from mih_impact.economics.ledger import Ledger
from mih_impact.economics.persistence import Persistence
from mih_impact.errors import AssumptionError
from mih_impact.reference.discount import Timing

if TYPE_CHECKING:
    from mih_impact.economics.values import AccountValues

__all__ = ["SCHEMA", "export_account"]

FloatArray = NDArray[np.float64]

#: Version of the layout of what is exported.
SCHEMA = 1

#: Views that move money in hand; leisure and the tax-financing cost are no cash.
_CASH_VIEWS = ("wage_bill", "displacement", "selection")

_PERSISTENCE = {
    "none": Label(nb="ikke regnet med", en="not counted"),
    "constant": Label(nb="holder seg", en="lasts"),
    "half_life": Label(nb="halveres gradvis", en="halves gradually"),
    "linear": Label(nb="faller jevnt til null", en="falls evenly to nothing"),
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
        A cohort that is no number above zero.

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
    arguments.number("starters", starters, above=0, error=AssumptionError)
    books = replace(case._books, horizon=longest_horizon(case), persistence="constant")
    return {
        "schema": SCHEMA,
        "programme": _both(case.programme.label),
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
        "longest": books.horizon,
        "grows": [role == "wage" for role in case.roles],
        "real_growth": case.assumptions.real_growth,
        "persistence": base_persistence(case),
        "persistences": [_named(kind, _PERSISTENCE[kind]) for kind in get_args(Persistence)],
        "discount": {
            "ladder": [list(step) for step in case.assumptions.discount.ladder],
            "timing": case.assumptions.discount.timing,
        },
        "coefficients": corners(VIEWS, lambda at: books.ledger(at).group_coefficients),
        "constants": _constants(books),
        "cash": _cash(books),
        "sliders": [slider.plain() for slider in sliders_of(case, starters)],
        "evidence": dict(case.provenance.evidence),
        "provenance": {
            "call": case.provenance.call,
            "data": case.provenance.data,
            "versions": dict(case.provenance.versions),
        },
    }


def _both(label: Label) -> dict[str, str]:
    return {"nb": label.nb, "en": label.en}


def _named(name: str, label: Label) -> dict[str, Any]:
    return {"name": name, "label": _both(label)}


def _shown(starters: FloatArray) -> list[int | None]:
    """Return the participants behind each year; None where not known, or too few to be shown."""
    least = current().min_cell
    return [int(n) if np.isfinite(n) and (n == 0 or n >= least) else None for n in starters]


def _constants(books: Books) -> list[dict[str, Any]]:
    """Return what no effect drives, by the time of the year at which it falls."""
    own = books.assumptions.discount.timing
    timings = dict.fromkeys(timing or own for timing in books.ledger().timings)
    free = _free(books)

    def part(timing: Timing) -> dict[str, Any]:
        def rest(at: Mapping[str, float]) -> FloatArray:
            return _fixed(books.ledger({**free, **at}), timing, own)

        def programme(at: Mapping[str, float]) -> FloatArray:
            return _fixed(books.ledger(at), timing, own) - rest(at)

        moved = ("tax_financing_cost",)
        return {
            "timing": timing,
            "programme": corners(moved, programme),
            "rest": corners(moved, rest),
        }

    return [part(timing) for timing in timings]


def _free(books: Books) -> dict[str, float]:
    """Return the resources that the programme uses as costing nothing; its grants stay."""
    real = (item for item in books.programme.items if item.kind == "real")
    return {f"cost:{item.name}": 0.0 for item in real}


def _fixed(ledger: Ledger, timing: Timing, own: Timing) -> FloatArray:
    """Return the constants of every group that fall at one time of the year, shape (G, T)."""
    parts = [ledger.at(each) for each in ledger.timings if (each or own) == timing]
    return sum((part.group_constants for part in parts), np.zeros((len(GROUPS), ledger.n_years)))


def _cash(books: Books) -> dict[str, Any]:
    """Return the cash flows of each public budget in three blocks, which are never netted.

    A row of the tables for each pair of block and budget that the programme or an effect reaches.
    What is saved on other measures is a fourth block, there only where something is: it lowers no
    grant that the programme needs.
    """
    pairs = [(block, actor) for block in (*BLOCKS, SAVINGS) for actor in PUBLIC]
    free = _free(books)
    rest = _cash_rows(books, free, pairs)[1]
    costs = _cash_rows(books, {}, pairs)[1] - rest
    block = corners(_CASH_VIEWS, lambda at: _cash_rows(books, at, pairs)[0])
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
    books: Books, at: Mapping[str, float], pairs: list[tuple[str, str]]
) -> tuple[FloatArray, FloatArray]:
    """Return coefficients (pairs, R) and constants (pairs, T) of the cash flows of each pair."""
    ledger = books.ledger(at)
    driven = np.zeros((len(pairs), len(ledger.roles)))
    fixed = np.zeros((len(pairs), ledger.n_years))
    for line in ledger.lines:
        for actor, sign in ((line.receiver, 1.0), (line.payer, -1.0)):
            if line.cash and actor in PUBLIC:
                place = pairs.index((block_for(line, actor), actor))
                driven[place] += sign * line.coefficients
                fixed[place] += sign * line.constant
    return driven, fixed
