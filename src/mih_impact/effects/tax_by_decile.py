"""Tax on the effect on wages, at a rate for each decile of the controls' income."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.group import ControlGroup
from mih_impact.effects.comparison import Comparison
from mih_impact.effects.estimates import with_table
from mih_impact.effects.hidden import contributions
from mih_impact.effects.influence import Influence, critical_values
from mih_impact.effects.quantile import DECILES, weighted_quantile
from mih_impact.effects.question import TargetEffects, read_target, require_group
from mih_impact.effects.row_outcomes import RowOutcomes
from mih_impact.effects.series import EffectSeries, require_effects
from mih_impact.errors import EffectsError, OptionError
from mih_impact.panel.contract import TAX_ON_WAGE

__all__ = ["tax_by_decile"]

FloatArray = NDArray[np.float64]

_WAGE = "wage_income"
_TAUS = np.array(DECILES)
#: What `event_study` may have been asked of the effects, where anything else is not known of tax.
_PLAIN = {
    "by": None, "cluster": "person", "adjust": False, "score_correction": False,
    "small_sample": "auto",
}  # fmt: skip
#: What the tax has from the wage effect of the same year.
_SAME = ("n_participants", "n_controls", "n_lost", "matched_on", "reason")


@named_options
def tax_by_decile(
    effects: EffectSeries, *, group: ControlGroup, rates: Sequence[float], source: str
) -> EffectSeries:
    """Add the tax on the effect on wages, at your rates by decile of the controls' income.

    Parameters
    ----------
    effects
        What `event_study` made of `group`, wage income among its outcomes.
    group
        Participants and their controls.
    rates
        Ten: what is taxed of a krone more, from the lowest tenth of the controls to the highest.
    source
        Where they come from; the account tells it.

    Returns
    -------
    EffectSeries
        The same effects and one outcome more, `tax_on_wage`, with its covariance with the others.
        `cost_benefit` takes it in place of the one rate `tax_rate_wage`.

    Raises
    ------
    OptionError
        Not ten rates between 0 and 1, no source, or no effect on wage income.
    EffectsError
        Effects that are not those of the group, that were loaded or published, of start years
        (`group_time_effects`), by subgroups, adjusted, clustered above the person, or corrected.
    SupportError
        The group is of persons with design weights.

    Notes
    -----
    Each tenth of the participants is compared with the same tenth of their controls, by wage income
    of the same year since start, with the weights of `effects`: the controls' income is what
    participants would have had then. With q1 and q0 the quantiles of either side and r(u) the rate
    of the decile that u lies in, the tax on the effect is the integral over u of
    r(u) (q1(u) - q0(u)), less the same of the base year for "did". With ten equal rates it is the
    rate times the effect, and without any effect nothing. Those with the same income, such as none,
    have the mean rate of the tenths that they fill. It is the tax on each person's gain if nobody
    changes place; else it is that on the change of the distribution.

    A participant's own controls say too little of where he would have been: tax on the gap to them,
    at the rate of their decile, is not nothing without an effect, since controls who are low by
    chance have large gaps.

    With r_k the rates and q_k the deciles, the integral of r(u) q(u) is the weighted mean of
    r_1 y + sum_k (r_(k+1) - r_k) [max(y - q_k, 0) + (1 - k / 10) q_k] (Rockafellar and Uryasev
    2000), whose derivative by q_k is nothing. This stands in place of the outcome in the estimate
    and in the standard errors of `event_study`.

    References
    ----------
    Rockafellar and Uryasev (2000), Optimization of conditional value-at-risk, Journal of Risk 2(3).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> effects = mih.event_study(group, outcomes=["wage_income"], window=(-1, 3))
    >>> taxed = tax_by_decile(effects, group=group, rates=[0.25] * 10, source="an example")
    >>> share = taxed.params["tax_on_wage", 3] / taxed.params["wage_income", 3]
    >>> round(float(share), 6)
    0.25
    """
    require_effects("tax_by_decile", effects)
    require_group("tax_by_decile", group)
    own = _read_rates(rates)
    arguments.name("source", source, do="say in words where the rates come from")
    asked = effects.provenance.options
    _require_plain(effects, group)
    base, (first, last) = asked["base"] or -1, asked["window"]
    target = read_target(
        group, [_WAGE], asked["estimator"], base, (first, last), asked["composition"],
        asked["dead"], call="tax_by_decile",
    )  # fmt: skip
    rows = RowOutcomes.of(group, target, effects.se)
    wages = rows.compared()
    found = effects.estimate[effects.outcomes.index(_WAGE)]
    if not np.allclose(wages.estimate, found, rtol=1e-9, equal_nan=True):
        raise _no_tax("effects on wage income that are not those of the group", "give their group")
    brackets = _brackets(rows, wages, rows.levels)
    everyone = np.ones(group.n_participants, dtype=bool)
    comparison, influence = _taxed(rows, wages, brackets, own).effect(everyone)
    comparison = replace(comparison, giving=_giving(rows, wages, brackets, own))
    told = asked | {"tax_rates": own.tolist(), "tax_source": source}
    return _with_tax(effects, target, comparison, influence, told)


def _read_rates(rates: Any) -> FloatArray:
    given = arguments.listed(rates) or ()
    if len(given) != 10 or not all(arguments.is_number(one) and 0 <= one <= 1 for one in given):
        raise OptionError(
            "The rates are ten shares between 0 and 1, one for each tenth of the controls",
            found=f"rates={arguments.shown(rates)}",
            do="give rates=[0.2, ..., 0.4], from the lowest incomes to the highest",
        )
    return np.array(given, dtype=np.float64)


def _no_tax(found: str, do: str) -> EffectsError:
    return EffectsError(
        "Tax by decile is reckoned from the incomes of those who are compared",
        found=found,
        do=f"{do}; or leave it at the one rate of the account, the assumption tax_rate_wage",
    )


def _require_plain(effects: EffectSeries, group: ControlGroup) -> None:
    """Raise on effects of which it is not known what tax by decile they give."""
    if _WAGE not in effects.outcomes or TAX_ON_WAGE in effects.outcomes:
        raise OptionError(
            f"There is tax on effects on {_WAGE!r}, once",
            found=", ".join(effects.outcomes),
            do=f"give what event_study made with {_WAGE!r} among its outcomes",
        )
    call, asked = effects.provenance.call, effects.provenance.options
    if call != "event_study" or effects.influence is None:
        where = "loaded effects" if call == "event_study" else f"effects from {call}"
        raise _no_tax(where, "estimate them by mih.event_study(group), and give them as they are")
    other = [name for name, value in _PLAIN.items() if asked.get(name, value) != value]
    other += ["composition"] if asked["composition"] == "filled" else []
    if other or group.estimand != "att":
        found = ", ".join(f"{name}={asked[name]!r}" for name in other)
        raise _no_tax(found or f"estimand={group.estimand!r}", "leave that out of event_study")


def _brackets(
    rows: RowOutcomes, wages: Comparison, values: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the deciles of participants and of controls in each year, shape (E, 9) each."""
    years = range(values.shape[1])
    participants, controls = (
        np.array([_deciles(values[own, k], weight[:, k]) for k in years])
        for own, weight in ((rows.treated, wages.share), (rows.used, wages.load))
    )
    return participants, controls


def _deciles(values: FloatArray, weight: FloatArray) -> FloatArray:
    kept = weight > 0
    if not kept.any():  # a year that not every start year has
        return np.zeros(len(_TAUS))
    return weighted_quantile(values[kept], weight[kept], _TAUS)


def _taxed(
    rows: RowOutcomes,
    wages: Comparison,
    brackets: tuple[FloatArray, FloatArray],
    rates: FloatArray,
) -> RowOutcomes:
    """Return the rows with tax in place of wages, each side's own deciles its brackets."""
    before, taxes = rows.levels - rows.changes, np.full((2, *rows.levels.shape), np.nan)
    both = ((rows.levels, brackets), (before, _brackets(rows, wages, before)))
    for tax, (values, (participants, controls)) in zip(taxes, both, strict=True):
        for among, at in ((slice(None), controls), (rows.treated, participants)):
            for k in np.flatnonzero(wages.valid.any(axis=0)).tolist():
                y = values[among, k]
                above = np.maximum(y[:, None] - at[k], 0.0) + (1 - _TAUS) * at[k]
                tax[among, k] = rates[0] * y + above @ np.diff(rates)
    return replace(rows, levels=taxes[0], changes=taxes[0] - taxes[1])


def _giving(
    rows: RowOutcomes,
    wages: Comparison,
    brackets: tuple[FloatArray, FloatArray],
    rates: FloatArray,
) -> dict[str, FloatArray]:
    """Return who contributes to the tax less any of its rates times the wages, where fewest do.

    The effect on wages stands beside the tax: with a rate of the highest tenth alone, the tax is
    what these few earn, and with two rates it tells the two parts. Of a side and year it is the
    fewest persons with a part in any of these differences, and the largest part that one has.
    """
    persons = (np.arange(len(rows.treated)), rows.group.risk.person[wages.control_row])
    levels = (rows.levels[rows.treated], rows.levels[rows.used])
    weights = (wages.share, wages.load)
    rate = [
        np.column_stack([rates[np.searchsorted(at[k], y[:, k])] for k in range(y.shape[1])])
        for y, at in zip(levels, brackets, strict=True)
    ]
    parts = [
        contributions(
            [w * abs(own - less) for w, own in zip(weights, rate, strict=True)], levels, persons
        )
        for less in np.unique([0.0, *rates])
    ]
    found = dict(wages.giving)
    for side in ("participants", "controls"):
        giving, largest, total = (
            np.array([part[f"{name}_{side}"] for part in parts])
            for name in ("giving", "largest", "total")
        )
        fewest = np.where(giving > 0, giving, np.inf).min(axis=0)
        found[f"giving_{side}"] = np.where(np.isfinite(fewest), fewest, 0.0)
        share = largest / np.where(total > 0, total, 1.0)
        found[f"largest_{side}"] = share.max(axis=0) * found[f"total_{side}"]
    return found


def _with_tax(
    effects: EffectSeries,
    target: TargetEffects,
    tax: Comparison,
    influence: Influence,
    told: dict[str, Any],
) -> EffectSeries:
    """Return the effects with the tax on the wage as their last outcome."""
    assert effects.influence is not None
    assert effects.matrix is not None
    assert effects.contributions is not None
    before = effects.estimate.size
    wage = (effects.frame["outcome"] == _WAGE).to_numpy()
    joint = Influence.stack([
        Influence(effects.influence.rows, effects.influence.cluster), influence,
    ])  # fmt: skip
    matrix = joint.covariance
    matrix[:before, :before] = effects.matrix
    unknown = np.isnan(effects.matrix.diagonal())
    unknown = np.concatenate([unknown, unknown[wage]])
    matrix[unknown], matrix[:, unknown] = np.nan, np.nan
    outcomes, level = (*effects.outcomes, TAX_ON_WAGE), told["level"]
    old, seed = effects.frame, effects.provenance.seed
    own = {name: old.loc[wage, name].to_numpy() for name in _SAME}
    own |= {"participant_mean": tax.mean_t, "control_mean": tax.mean_c}
    critical = critical_values(matrix, outcomes, target.is_base, level=level, seed=seed or 0)
    series = EffectSeries(
        outcomes=outcomes,
        levels=effects.levels,
        estimate=np.vstack([effects.estimate, tax.estimate]),
        matrix=matrix,
        units=effects.units | {TAX_ON_WAGE: effects.units[_WAGE]},
        price_year=effects.price_year,
        se=effects.se,
        provenance=effects.provenance.then("tax_by_decile", told, seed=seed),
        base=effects.base,
        coverage=effects.coverage,
        influence=joint,
        giving=(pd.concat([effects.contributions, pd.DataFrame(tax.giving)]),),
    )  # fmt: skip
    columns = {name: np.concatenate([old[name].to_numpy(), own[name]]) for name in own}
    return with_table(series, level=level, critical=critical, columns=columns)
