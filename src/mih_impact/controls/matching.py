"""`match`: choose each participant's controls within start year and exact cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.covariates import Lag, Term, as_terms
from mih_impact.controls.group import ControlGroup, Sets
from mih_impact.controls.nearest import Neighbours, greedy, nearest
from mih_impact.controls.propensity import Score, propensity_score
from mih_impact.controls.risk_set import Flow, RiskSet, build_risk_set
from mih_impact.display.labels import Label
from mih_impact.display.provenance import Provenance
from mih_impact.errors import PanelContractError, SupportError
from mih_impact.panel.cube import Cube
from mih_impact.panel.panel import Panel

__all__ = ["match"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Method = Literal["propensity", "exact"]
Order = Literal["largest", "smallest", "data", "random"]

MATCHED = Label(nb="fikk kontroller", en="matched")


def match(
    panel: Panel,
    *,
    on: Term | Sequence[Term] = (),
    exact: str | Sequence[str] = (),
    method: Method = "propensity",
    ratio: int = 5,
    replace: bool = True,
    caliper: float | None = 0.2,
    order: Order = "largest",
    eligible: str | nw.Expr | None = None,
    controls: Literal["never"] = "never",
    score: Literal["pooled", "by_start_year"] = "pooled",
    outcomes: str | Sequence[str] | None = None,
    seed: int | None = None,
) -> ControlGroup:
    """Choose controls for every participant among those eligible the year before who never start.

    Parameters
    ----------
    panel
        The register panel; its breaches of the contract are raised before work starts.
    on
        Columns as of the year before start, and lags: `["age", *lag("wage_income", 1, 2)]`.
    exact
        Columns participants and controls must share, as of the year before start.
    method
        "propensity": nearest on the log odds of a logit. "exact": every candidate with the same
        values of `exact` and `on`, each with equal weight; ratio, caliper and order play no part.
    ratio
        Controls wanted per participant.
    replace
        With replacement a person may serve several participants; without, one only.
    caliper
        Greatest distance, in standard deviations of the log odds over all rows of the risk sets;
        None for no limit.
    order
        Who chooses first without replacement: largest or smallest log odds, order of start year
        and identifier ("data"), or "random" (needs `seed`).
    eligible
        Who can be a candidate, evaluated in the year before start: a boolean column or an
        expression on person-years; None takes the column `eligible` if there is one, else
        everyone observed.
    controls
        "never": candidates never start.
    score
        One logit with a term for each start year, or one logit per start year.
    outcomes
        Outcome columns to bring along; all of the panel's by default.
    seed
        Seed of order="random".

    Returns
    -------
    ControlGroup

    Raises
    ------
    PanelContractError
        The panel breaks its contract.
    SupportError
        No common support, more covariates than participants, nobody within the caliper, or an
        option that does not exist.

    Notes
    -----
    A participant's weight is 1 and its controls' weights are equal and add up to 1. Neighbours of
    one participant are different persons. Of equally distant ones the lowest identifier is taken.

    References
    ----------
    Stuart (2010), Matching methods for causal inference, Statistical Science 25(1), sections 3-4.
    Austin (2011), Optimal caliper widths, Pharmaceutical Statistics 10(2), for the 0.2.

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(
    ...     mih.example_panel(),
    ...     exact=["county", "benefit_type"],
    ...     on=["age", "education", *mih.lag("wage_income", 1, 2, 3)],
    ... )
    >>> group.attrition()["step"].tolist()
    ['register', 'observed', 'cell', 'matched']
    """
    terms, cells = as_terms(on), tuple(str(name) for name in as_terms(exact))
    fetched = _outcomes(panel, outcomes)
    _require_options(method, ratio, caliper, order, controls, score, terms, cells, seed)
    panel.require()
    columns = [term.column if isinstance(term, Lag) else term for term in (*terms, *cells)]
    cube = panel.cube(eligible=eligible, columns=[*columns, *fetched])
    if method == "exact":
        chosen = _whole_cells(cube, terms, cells)
    else:
        pooled = score == "pooled"
        chosen = _nearest(cube, terms, cells, ratio, replace, caliper, order, pooled, seed)
    risk, sets = chosen.risk, chosen.sets
    if not len(sets.participant):
        raise SupportError(
            "No participant has a control within the caliper",
            found=f"{int(risk.treated.sum())} participants, caliper {caliper}",
            do="widen caliper= or match on fewer columns",
        )
    persons = np.unique(risk.person[sets.control])
    last = Flow("matched", MATCHED, len(sets.participant), len(persons), len(sets.control))
    return ControlGroup(
        risk=risk,
        sets=sets,
        score=chosen.score,
        method=method,
        on=terms,
        exact=_equal_within(cells, terms, method),
        replace=replace if method == "propensity" else True,
        eligible=panel.eligibility(eligible),
        flow=(*risk.flow, last),
        ties=chosen.ties,
        provenance=Provenance.of(
            "match",
            {
                "on": [str(term) for term in terms],
                "exact": list(cells),
                "method": method,
                "ratio": ratio,
                "replace": replace,
                "caliper": caliper,
                "order": order,
                "controls": controls,
                "score": score,
                "eligible": panel.eligibility(eligible),
            },
            seed=seed,
            data=cube.fingerprint,
            evidence=panel.provenance.evidence,
        ),
    )


def _outcomes(panel: Panel, outcomes: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the outcome columns to bring along, or raise if this is no panel."""
    if not isinstance(panel, Panel):
        raise PanelContractError(
            "match takes a panel",
            found=f"a {type(panel).__name__}",
            do="read it first: mih.match(mih.read_panel(frame), ...)",
        )
    if outcomes is None:
        return panel.outcomes
    return (outcomes,) if isinstance(outcomes, str) else tuple(outcomes)


def _equal_within(exact: tuple[str, ...], on: tuple[Term, ...], method: Method) -> tuple[str, ...]:
    """Return the columns that are equal within a set."""
    return tuple(dict.fromkeys([*exact, *map(str, on)])) if method == "exact" else exact


def _require_options(
    method: str,
    ratio: int,
    caliper: float | None,
    order: str,
    controls: str,
    score: str,
    on: tuple[Term, ...],
    exact: tuple[str, ...],
    seed: int | None,
) -> None:
    """Raise on an option that does not exist or does not go with the others."""
    choices = (
        ("method", method, get_args(Method)),
        ("order", order, get_args(Order)),
        ("controls", controls, ("never",)),
        ("score", score, ("pooled", "by_start_year")),
    )
    for name, value, allowed in choices:
        if value not in allowed:
            raise SupportError(
                f"match has no {name}={value!r}",
                found=f"{name}={value!r}",
                do="choose one of " + ", ".join(map(repr, allowed)),
            )
    if isinstance(ratio, bool) or not isinstance(ratio, (int, np.integer)) or ratio < 1:
        raise SupportError(
            "ratio counts controls per participant", found=f"{ratio!r}", do="give 1 or more"
        )
    if caliper is not None and not caliper > 0:
        raise SupportError(
            "A caliper is a distance above zero", found=f"{caliper}", do="give a width or None"
        )
    if method == "propensity" and not on:
        raise SupportError(
            "A propensity score needs covariates", found="on=()", do="name columns in on="
        )
    if method == "exact" and not (on or exact):
        raise SupportError(
            "Exact matching needs columns", found="exact=() and on=()", do="name columns in exact="
        )
    if order == "random" and seed is None:
        raise SupportError(
            "A random order needs a seed to be repeated", found="seed=None", do="give seed="
        )


def _cell_rows(risk: RiskSet) -> list[tuple[IntArray, IntArray]]:
    """Return rows of participants and of candidates, cell by cell."""
    order = np.argsort(risk.cell, kind="stable")
    bounds = np.flatnonzero(np.diff(risk.cell[order])) + 1
    return [
        (rows[risk.treated[rows]], rows[~risk.treated[rows]]) for rows in np.split(order, bounds)
    ]


@dataclass(frozen=True, eq=False)
class _Chosen:
    """The risk set, each participant's controls, and what chose them."""

    risk: RiskSet
    sets: Sets
    score: Score | None
    ties: int


def _nearest(
    cube: Cube,
    terms: tuple[Term, ...],
    cells: tuple[str, ...],
    ratio: int,
    replace: bool,
    caliper: float | None,
    order: Order,
    pooled: bool,
    seed: int | None,
) -> _Chosen:
    """Score the risk sets and take the nearest within start year, exact cell and caliper."""
    risk = build_risk_set(cube, on=terms, exact=cells)
    score = propensity_score(risk, pooled=pooled)
    limit = np.inf if caliper is None else caliper * float(score.index.std(ddof=1))
    if replace:
        found = _with_replacement(risk, score, ratio, limit)
    else:
        found = _without_replacement(risk, score, ratio, limit, order, seed)
    return _Chosen(risk, _pairs(risk, score, found), score, found.ties)


def _with_replacement(risk: RiskSet, score: Score, ratio: int, limit: float) -> Neighbours:
    chosen = np.full((len(risk.person), ratio), -1, dtype=np.int64)
    ties = 0
    for participants, candidates in _cell_rows(risk):
        found = nearest(score.index[participants], score.index[candidates], ratio, limit)
        chosen[participants] = np.where(found.position >= 0, candidates[found.position], -1)
        ties += found.ties
    return Neighbours(chosen[risk.treated], ties)


def _without_replacement(
    risk: RiskSet, score: Score, ratio: int, limit: float, order: Order, seed: int | None
) -> Neighbours:
    target, control = np.flatnonzero(risk.treated), np.flatnonzero(~risk.treated)
    index = score.index[target]
    sequence = _sequence(index, order, seed)
    found = greedy(
        index,
        risk.cell[target],
        score.index[control],
        risk.cell[control],
        risk.person[control],
        sequence,
        ratio,
        limit,
    )
    return Neighbours(np.where(found.position >= 0, control[found.position], -1), found.ties)


def _sequence(index: FloatArray, order: Order, seed: int | None) -> IntArray:
    """Return the order in which participants choose; equal scores by start year and identifier."""
    position = np.arange(len(index))
    if order == "random":
        return np.random.default_rng(seed).permutation(position)
    if order == "data":
        return position
    return np.lexsort((position, -index if order == "largest" else index))


def _pairs(risk: RiskSet, score: Score, chosen: Neighbours) -> Sets:
    """Turn chosen rows into weighted pairs; participants without any are left out."""
    count = (chosen.position >= 0).sum(axis=1)
    participant = np.flatnonzero(risk.treated)[count > 0]
    rows = chosen.position[count > 0]
    member, place = np.nonzero(rows >= 0)
    control = rows[member, place]
    weight = 1.0 / count[count > 0][member]
    distance = np.abs(score.index[participant][member] - score.index[control])
    return Sets(participant, np.arange(len(participant)), member, control, weight, distance)


def _whole_cells(cube: Cube, terms: tuple[Term, ...], cells: tuple[str, ...]) -> _Chosen:
    """Give every participant all candidates of its cell."""
    lags = [term for term in terms if isinstance(term, Lag)]
    if lags:
        raise SupportError(
            "Lags are continuous: exact matching on them finds nobody",
            found=f"{len(lags)} lags in on=",
            do="use method='propensity' for lags",
        )
    equal = tuple(dict.fromkeys([*cells, *map(str, terms)]))
    risk = build_risk_set(cube, on=(), exact=equal)
    return _Chosen(risk, _cell_sets(risk), None, 0)


def _cell_sets(risk: RiskSet) -> Sets:
    """Give the participants of a cell one set: all its candidates, with equal weight."""
    participant, candidate = np.flatnonzero(risk.treated), np.flatnonzero(~risk.treated)
    cells = np.unique(risk.cell)
    member = np.searchsorted(cells, risk.cell[candidate])
    order = np.argsort(member, kind="stable")
    size = np.bincount(member, minlength=len(cells))
    return Sets(
        participant,
        np.searchsorted(cells, risk.cell[participant]),
        member[order],
        candidate[order],
        1.0 / size[member[order]],
        np.zeros(len(candidate)),
    )
