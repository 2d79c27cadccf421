"""Switching values: what an assumption would have to be for the answer to change sign."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import number, percent
from mih_impact.display.provenance import Provenance
from mih_impact.economics.actors import GROUP_LABELS
from mih_impact.economics.assumption import Assumption
from mih_impact.economics.checks import require_group
from mih_impact.economics.labels import amount_of, hundreds, role_label
from mih_impact.economics.saved import SavedResult
from mih_impact.economics.sensitivity.settings import at_each, totals
from mih_impact.storage import saveable

if TYPE_CHECKING:
    from mih_impact.economics.values import AccountValues

__all__ = ["SwitchingValues", "switching_values_of"]

FloatArray = NDArray[np.float64]

#: Present value is not a straight line in these; in every other assumption alone it is.
CURVED = ("discount_rate", "half_life", "real_growth")

#: They are parts of one whole.
_TAX_SHARES = ("municipal_tax_share", "county_tax_share")

_TIMES = "times the estimate"

_TITLE = Label(nb="Omslagspunkter: {who}", en="Switching values: {who}")
_COLUMNS = (
    Label(nb="Forutsetning", en="Assumption"),
    Label(nb="Grunnverdi", en="Base"),
    Label(nb="Omslagspunkt", en="Switching value"),
    Label(nb="Endring", en="Change"),
)
_NOTE = Label(
    nb="Nåverdien er {value}. Den blir null når én forutsetning alene får verdien i tabellen. De"
    " {n} andre kan ikke snu svaret alene.",
    en="The present value is {value}. It is zero when one assumption alone has the value in the"
    " table. The {n} others cannot turn the answer alone.",
)
_ALL = Label(nb="alle effekter", en="all effects")
_ONE = Label(nb="effekten på {what}", en="the effect on {what}")
_ERRORS = Label(nb="{n} standardfeil", en="{n} standard errors")

_NOTHING = "does not move this present value"
_IMPOSSIBLE = "would have to be {value:g}, which it cannot be"
_NO_ROOT = "no value it can have gives zero"


@saveable("SwitchingValues")
@dataclass(frozen=True, eq=False, repr=False)
class SwitchingValues(SavedResult):
    """Where the answer changes sign; made by `CostBenefit.switching_values`.

    Attributes
    ----------
    actor
        Whose present value is to be zero.
    present_value
        What it is at the base values, NOK per starter.
    table
        See `to_frame`.
    provenance
        Versions, options and fingerprint of the data.
    """

    actor: str
    present_value: float
    table: pd.DataFrame
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return the truth: a row per assumption, and per effect scaled.

        Returns
        -------
        DataFrame
            `assumption` (`effect:all` and `effect:<role>` are scales of the effects, 1 at the
            estimates), `label_nb, label_en, unit, base, switching_value, change_per_cent` (of the
            base value), `std_errors` (of effects: how many standard errors away), `within_range`,
            `method` ("closed form", "root finding"), `reason` (why there is none).
        """
        return self.table.copy()

    def _card(self, lang: Lang) -> Card:
        found = self.table[self.table["switching_value"].notna()]
        cells = [
            (row[f"label_{lang}"], amount_of(row["base"], row["unit"], lang),
             amount_of(row["switching_value"], row["unit"], lang), _distance(row, lang))
            for row in found.to_dict("records")
        ]  # fmt: skip
        table = pd.DataFrame(cells, columns=[column.text(lang) for column in _COLUMNS])
        note = _NOTE.format(
            value=Label(
                nb=hundreds(self.present_value, "nb"), en=hundreds(self.present_value, "en")
            ),
            n=len(self.table) - len(found),
        )
        title = _TITLE.format(who=GROUP_LABELS[self.actor]).text(lang)
        return Card(title, table=table, notes=(note.text(lang),))


def _distance(row: Mapping[Hashable, Any], lang: Lang) -> str:
    """Show how far away: in standard errors for effects, else in per cent of the base value."""
    if not np.isnan(row["std_errors"]):
        return _ERRORS.format(n=number(row["std_errors"], 1, lang)).text(lang)
    share = row["change_per_cent"] / 100
    return percent(share, 0, lang)


def switching_values_of(case: AccountValues, of: str) -> SwitchingValues:
    """Find the switching values of one group; see `CostBenefit.switching_values`."""
    group = require_group(of)
    value = case.present_value(of)
    straight = [item for item in case.used_assumptions() if item.name not in CURVED]
    rows = [
        *_effect_rows(case, group, value),
        *_straight_rows(case, straight, group, value),
        *(
            _curved_row(case, item, group)
            for item in case.used_assumptions()
            if item.name in CURVED
        ),
    ]
    numbers = ("base", "switching_value", "change_per_cent", "std_errors")
    frame = pd.DataFrame(rows).astype(dict.fromkeys(numbers, float))
    return SwitchingValues(of, value, frame, case.provenance)


def _effect_rows(case: AccountValues, group: int, value: float) -> list[dict[str, object]]:
    """Return the scale at which all effects, and each alone, give zero.

    The driven part of a present value is linear in the scale: zero is where 1 - scale times it is
    the whole value, which is value / standard error of the driven part away.
    """
    weights = case._books.accumulated.weights[group, -1]  # (R, S)
    parts = {"all": (_ALL, weights)}
    for row, role in enumerate(case.roles):
        alone = np.zeros_like(weights)
        alone[row] = weights[row]
        parts[role] = (_ONE.format(what=role_label(role, case.benefits)), alone)
    rows = []
    for name, (label, weight) in parts.items():
        driven = float((weight * case.effects).sum())
        error = np.nan
        if case.covariance is not None:
            c = weight.ravel()
            error = float(np.sqrt(max(c @ case.covariance @ c, 0.0)))
        scale = 1 - value / driven if driven else np.nan
        impossible = scale < 0
        reason = _NOTHING if driven == 0 else _IMPOSSIBLE.format(value=scale) if impossible else ""
        rows.append({
            "assumption": f"effect:{name}", "label_nb": label.nb, "label_en": label.en,
            "unit": _TIMES, "base": 1.0, "switching_value": np.nan if impossible else scale,
            "change_per_cent": 100 * (scale - 1) if not impossible else np.nan,
            "std_errors": abs(value) / error if error and not impossible else np.nan,
            "within_range": False, "method": "closed form", "reason": reason,
        })  # fmt: skip
    return rows


def _straight_rows(
    case: AccountValues, items: list[Assumption], group: int, value: float
) -> list[dict[str, object]]:
    """Return the switching values of assumptions in which present value is a straight line."""
    bounds = [_possible(case, item) for item in items]
    points = [
        (item.name, low if item.value != low else min(high, low + _step(item)))
        for item, (low, high) in zip(items, bounds, strict=True)
    ]
    moved = totals(case._books, case.effects, at_each(case._books, points))[:, group]
    rows = []
    for item, between, (_, to), at in zip(items, bounds, points, moved, strict=True):
        moves = to != item.value and abs(at - value) > 1e-9 * abs(value)
        found = item.value - value * (to - item.value) / (at - value) if moves else np.nan
        rows.append(_row(item, between, found, "closed form"))
    return rows


def _possible(case: AccountValues, item: Assumption) -> tuple[float, float]:
    """Return the least and the most an assumption can be while the others stay: shares sum to 1."""
    low, high = item.bounds
    if item.name in _TAX_SHARES:
        (other,) = (name for name in _TAX_SHARES if name != item.name)
        high = 1 - case.assumptions[other].value
    return low, high


def _step(item: Assumption) -> float:
    """Return a step up from nothing: far enough that rounding does not matter."""
    return 1_000.0 if np.isinf(item.bounds[1]) else 1.0


def _curved_row(case: AccountValues, item: Assumption, group: int) -> dict[str, object]:
    """Return the switching value nearest to the base, by looking everywhere it can be."""
    from scipy.optimize import brentq

    books, effects = case._books, case.effects

    def at(values: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):  # rates near -1 over a century leave the range of numbers
            changed = books.discounted(effects, {item.name: values}).sum(axis=-1)
        return np.broadcast_to(changed, (len(values), changed.shape[-1]))[:, group]

    low, high = item.bounds
    inside = np.linspace(low, high, 1002)[1:-1]
    grid = np.unique(np.concatenate([inside, [item.value]]))
    values = at(grid)
    if not values.any():
        return _row(item, item.bounds, np.nan, "root finding")
    signs = np.sign(values)
    places = np.flatnonzero(signs[:-1] * signs[1:] <= 0)
    roots = [
        float(brentq(lambda x: float(at(np.array([x]))[0]), grid[place], grid[place + 1]))
        for place in places
    ]
    if not roots:
        return _row(item, item.bounds, np.nan, "root finding", nothing=_NO_ROOT)
    nearest = min(roots, key=lambda root: abs(root - item.value))
    return _row(item, item.bounds, nearest, "root finding")


def _row(
    item: Assumption,
    between: tuple[float, float],
    found: float,
    method: str,
    *,
    nothing: str = _NOTHING,
) -> dict[str, object]:
    low, high = between
    possible = low <= found <= high
    reason = "" if possible else nothing if np.isnan(found) else _IMPOSSIBLE.format(value=found)
    within = possible and item.low is not None and item.high is not None
    return {
        "assumption": item.name, "label_nb": item.label.nb, "label_en": item.label.en,
        "unit": item.unit, "base": item.value, "switching_value": found if possible else np.nan,
        "change_per_cent": 100 * (found / item.value - 1) if possible and item.value else np.nan,
        "std_errors": np.nan,
        "within_range": bool(within and item.low <= found <= item.high),  # type: ignore[operator]
        "method": method, "reason": reason,
    }  # fmt: skip
