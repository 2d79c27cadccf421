"""The exported account reckoned with plain loops: the reference that other languages follow.

Nothing here knows NumPy or the rules of the account. What the ledger is stands in the export.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

from mih_impact.account.export import mixed

__all__ = ["evaluate"]

Plain = Mapping[str, Any]

#: How far below zero an accumulated value still counts as zero, relative to the largest flow.
_ROUNDING = 1e-9


def evaluate(account: Plain, setting: Plain) -> dict[str, Any]:
    """Return what an exported account comes to at a setting.

    Parameters
    ----------
    account
        What `export_account` returned, or read from JSON.
    setting
        Values by the names of `account["sliders"]`, and `persistence`; what is left out is as in
        the account.

    Returns
    -------
    dict
        `horizon`; `groups`: by name `value` (NOK per starter), `std_error, low, high` (None without
        a covariance), `break_even` (None if never), `cumulative` by year and, of it, `reach`: half
        the width of the interval; `probability` of a gain to society; `cash`: NOK per starter by
        year, a row for each of `account["cash"]["rows"]`.
    """
    at = {slider["name"]: slider["value"] for slider in account["sliders"]}
    at |= {"persistence": account["persistence"], **setting}
    more = 0 if at["persistence"] == "none" else int(at["years_more"])
    horizon = account["estimated"] + more
    kept = _kept(account, at, more)
    factors = _factors(account, at["discount_rate"], account["discount"]["timing"], horizon)
    table = mixed(account["coefficients"], at)
    path = _path(account, kept, horizon)
    fixed = _fixed(account, at, horizon)
    groups = {}
    for g, group in enumerate(account["groups"]):
        driven = [
            factors[t] * sum(table[g][r] * path[r][t] for r in range(len(path)))
            for t in range(horizon)
        ]
        flows = [driven[t] + fixed[g][t] for t in range(horizon)]
        errors = _std_errors(account, table[g], kept, factors, horizon)
        groups[group["name"]] = _summed(flows, errors, account["quantile"])
    return {
        "horizon": horizon,
        "groups": groups,
        "probability": _probability(groups["society"]),
        "cash": _cash(account, at, path, horizon),
    }


def _kept(account: Plain, at: Plain, more: int) -> list[list[float]]:
    """Return what is left of the last effect in each later year, by outcome."""

    def share(m: int) -> float:
        if at["persistence"] == "half_life":
            return float(0.5 ** (m / at["half_life"]))
        return 1.0 - m / (more + 1) if at["persistence"] == "linear" else 1.0

    growth = [1.0 + account["real_growth"] if grows else 1.0 for grows in account["grows"]]
    return [[share(m) * each**m for m in range(1, more + 1)] for each in growth]


def _path(account: Plain, kept: list[list[float]], horizon: int) -> list[list[float]]:
    """Return the effects of every year: the estimated ones, then what is left of the last."""
    return [
        [*effects, *(share * effects[-1] for share in kept[r])][:horizon]
        for r, effects in enumerate(account["effects"])
    ]


def _factors(account: Plain, first_rate: float, timing: str, horizon: int) -> list[float]:
    """Return the discount factors of years 0 to horizon - 1."""

    def rate(year: int) -> float:
        for place, (last, value) in enumerate(account["discount"]["ladder"]):
            if last is None or year <= last:
                return float(first_rate if place == 0 else value)
        raise AssertionError("the last step of a ladder has no end")

    factors, start = [], 1.0
    for t in range(horizon):
        growth = 1.0 + rate(t + 1)
        factors.append(start / growth ** {"start": 0.0, "middle": 0.5, "end": 1.0}[timing])
        start /= growth
    return factors


def _fixed(account: Plain, at: Plain, horizon: int) -> list[list[float]]:
    """Return the present value of what no effect drives, by group and year."""
    scale = _cost_scale(account, at)
    total = [[0.0] * horizon for _ in account["groups"]]
    for part in account["constants"]:
        factors = _factors(account, at["discount_rate"], part["timing"], horizon)
        programme, rest = mixed(part["programme"], at), mixed(part["rest"], at)
        for g in range(len(total)):
            for t in range(horizon):
                total[g][t] += factors[t] * (scale * programme[g][t] + rest[g][t])
    return total


def _cost_scale(account: Plain, at: Plain) -> float:
    """Return what every cost of the programme is multiplied by."""
    for slider in account["sliders"]:
        if slider["name"] == "programme_cost":
            return float(at["programme_cost"] / slider["value"])
    return 1.0


def _std_errors(
    account: Plain, row: list[float], kept: list[list[float]], factors: list[float], horizon: int
) -> list[float] | None:
    """Return the standard error of one group's accumulated value in every year: sqrt(c' S c)."""
    sigma = account["covariance"]
    if sigma is None:
        return None
    years = account["estimated"]
    errors = []
    c = [0.0] * len(sigma)
    for t in range(horizon):
        for r in range(len(row)):
            share = 1.0 if t < years else kept[r][t - years]
            c[r * years + min(t, years - 1)] += row[r] * factors[t] * share
        variance = sum(c[i] * c[j] * sigma[i][j] for i in range(len(c)) for j in range(len(c)))
        errors.append(math.sqrt(max(variance, 0.0)))
    return errors


def _summed(flows: list[float], errors: list[float] | None, quantile: float) -> dict[str, Any]:
    """Return the value of one group, its interval, and when it breaks even."""
    cumulative, total = [], 0.0
    for flow in flows:
        total += flow
        cumulative.append(total)
    tolerance = _ROUNDING * max(abs(flow) for flow in flows)
    below = [t for t, value in enumerate(cumulative) if value < -tolerance]
    after = below[-1] + 1 if below else 0
    reach = None if errors is None else [quantile * error for error in errors]
    return {
        "value": total,
        "std_error": None if errors is None else errors[-1],
        "low": None if reach is None else total - reach[-1],
        "high": None if reach is None else total + reach[-1],
        "break_even": after if after < len(flows) else None,
        "cumulative": cumulative,
        "reach": reach,
    }


def _probability(society: Plain) -> float | None:
    """Return the probability of a gain under the normal approximation."""
    value, error = society["value"], society["std_error"]
    if error is None:
        return None
    return NormalDist().cdf(value / error) if error > 0 else float(value > 0)


def _cash(account: Plain, at: Plain, path: list[list[float]], horizon: int) -> list[list[float]]:
    """Return cash by year, a row per block and budget; in fixed prices, not discounted."""
    cash, scale = account["cash"], _cost_scale(account, at)
    table = mixed(cash["coefficients"], at)
    return [
        [
            scale * cash["programme"][k][t]
            + cash["rest"][k][t]
            + sum(table[k][r] * path[r][t] for r in range(len(path)))
            for t in range(horizon)
        ]
        for k in range(len(cash["rows"]))
    ]
