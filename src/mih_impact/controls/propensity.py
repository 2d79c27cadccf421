"""The propensity score over the stacked risk sets, common support, and models of weights.

A score that the caller estimated, a column of the panel or a function, is taken as it is: how it
was estimated is not known, so that no standard error counts it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args
from weakref import WeakValueDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.covariates import names_for_messages, read_rows
from mih_impact.controls.design import Design, Indicators
from mih_impact.controls.flow import Flow
from mih_impact.controls.logit import (
    SEPARATED,
    Link,
    LogitFit,
    fit_logit,
    independent_columns,
    linear_index,
    log_odds,
    require_full_rank,
)
from mih_impact.controls.nearest import SAME
from mih_impact.controls.options import GivenScore, ScoreKind
from mih_impact.controls.risk_set import RiskSet, uniform_number
from mih_impact.controls.terms import Term
from mih_impact.display.locale import Label
from mih_impact.errors import OptionError, SupportError

__all__ = [
    "SEPARATED",
    "LogitFit",
    "Score",
    "WeightModel",
    "covariates_of",
    "fit_logit",
    "fold_of",
    "independent",
    "linear_index",
    "outside_range",
    "predicted",
    "propensity_score",
    "require_full_rank",
    "rows_as_frame",
    "score_of",
    "supported",
    "with_start_years",
]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Score:
    """The linear index of every row, and the models behind it.

    Attributes
    ----------
    index
        Log odds of starting, shape (m,).
    models
        One model for all start years, or one for each.
    scale
        On what scale nearness is measured.
    steepness
        Derivative of the log odds by the models' linear index, shape (m,); None where they are it.
    """

    index: FloatArray
    models: dict[str, LogitFit]
    scale: Literal["logit", "probability"] = "logit"
    steepness: FloatArray | None = None

    @property
    def link(self) -> Link:
        """What the models are; a score of the caller's counts as a logit's."""
        return "logit" if self.steepness is None else "probit"

    @property
    def probability(self) -> FloatArray:
        """The propensity score, shape (m,)."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.index)))

    @cached_property
    def line(self) -> FloatArray:
        """Where each row stands when its nearest are looked for, shape (m,).

        The log odds; or the probability in its standard deviations, so that rounding is as small
        beside the distance between neighbours.
        """
        if self.scale == "logit":
            return self.index
        spread = float(self.probability.std(ddof=1))
        return self.probability / (spread if spread > 0 else 1.0)

    def to_frame(self) -> pd.DataFrame:
        """Return the model tables, stacked, with the start years each speaks of.

        A score of the caller's has none.
        """
        if not self.models:
            return pd.DataFrame(columns=["start_years"])
        frames = [fit.to_frame().assign(start_years=name) for name, fit in self.models.items()]
        return pd.concat(frames, ignore_index=True)


#: Scores that a group still holds, by what they were estimated from.
_HELD: WeakValueDictionary[tuple[Any, ...], Score] = WeakValueDictionary()


def propensity_score(risk: RiskSet, *, pooled: bool = True, link: Link = "logit") -> Score:
    """Score every row of the risk sets.

    Parameters
    ----------
    risk
        The stacked risk sets.
    pooled
        One model over all start years with a term for each; else one per start year.
    link
        A logit or a probit.

    Returns
    -------
    Score

    Raises
    ------
    SupportError
        As `fit_logit`.
    """
    asked = (risk, pooled, link)
    if (held := _HELD.get(asked)) is None:
        _HELD[asked] = held = (_pooled_score if pooled else _score_by_year)(risk, link)
    return held


def _pooled_score(risk: RiskSet, link: Link) -> Score:
    """Score by one model over all start years, with a term for each."""
    years, spoken = risk.start_years, names_for_messages(risk.design, risk.person)
    design = with_start_years(risk.design, risk.start_year)
    started = np.bincount(risk.start_year[risk.treated], minlength=int(years[-1]) + 1)[years]
    share = started / np.bincount(risk.start_year)[years]
    own = np.log(share / (1.0 - share)) if link == "logit" else _probit_of(share)
    fit = fit_logit(
        design,
        risk.treated,
        names=design.names,
        spoken=[*design.names[: len(years)], *spoken],
        own=len(years),
        start=np.concatenate([own, np.zeros(risk.design.width)]),
        weight=risk.weight,
        link=link,
    )
    odds, steepness = log_odds(design.index(fit.coef), link)
    return Score(odds, {f"{years[0]}-{years[-1]}": fit}, steepness=steepness)


def _score_by_year(risk: RiskSet, link: Link) -> Score:
    """Score by a model for each start year."""
    spoken = names_for_messages(risk.design, risk.person)
    index = np.empty(len(risk.person))
    models = {}
    for c in risk.start_years.tolist():
        rows = np.flatnonzero(risk.start_year == c)
        X = np.column_stack([np.ones(len(rows)), risk.design.take(rows)])
        try:
            fit = fit_logit(
                X,
                risk.treated[rows],
                names=["constant", *risk.design.names],
                spoken=["constant", *spoken],
                own=1,
                weight=None if risk.weight is None else risk.weight[rows],
                link=link,
            )
        except SupportError as error:
            raise SupportError(
                f"{error.what}, among those who start in {c}", found=error.found, do=error.do
            ) from None
        index[rows] = linear_index(X, fit.coef)
        models[str(c)] = fit
    odds, steepness = log_odds(index, link)
    return Score(odds, models, steepness=steepness)


def _probit_of(share: FloatArray) -> FloatArray:
    from scipy.special import ndtri

    return np.asarray(ndtri(share))


def independent(design: Design, start_year: IntArray) -> Design:
    """Return a design without columns that follow from start years and the columns before them."""
    terms = len(np.flatnonzero(np.bincount(start_year)))
    kept = np.flatnonzero(independent_columns(with_start_years(design, start_year))[terms:])
    if len(kept) == design.width:
        return design
    names, on = [design.names[k] for k in kept], [design.terms[k] for k in kept]
    return Design.written(design.X[:, kept], names, on)


def with_start_years(design: Design, start_year: IntArray) -> Design:
    """Return a design with a constant for each start year before it."""
    years = np.flatnonzero(np.bincount(start_year))
    names = [f"start_year={c}" for c in years.tolist()]
    of_year = np.searchsorted(years, start_year).astype(np.int32)
    at = Indicators(of_year, tuple(map(str, years.tolist())), -1)
    return Design(
        (at, *design.parts), (*names, *design.names), (*names, *design.terms), design.rows
    )


SUPPORTED = Label(
    nb="innenfor kandidatenes spenn (felles støtte)", en="within the candidates' range (support)"
)


def outside_range(risk: RiskSet, score: Score) -> BoolArray:
    """Tell which rows have log odds outside the range of the candidates of their start year.

    Returns
    -------
    array of bool
        Shape (m,); a candidate is never outside.
    """
    outside = np.zeros(len(risk.person), dtype=bool)
    for c in risk.start_years.tolist():
        here = risk.start_year == c
        candidates = score.index[here & ~risk.treated]
        low, high = candidates.min() - SAME, candidates.max() + SAME
        outside[here] = (score.index[here] < low) | (score.index[here] > high)
    return outside


def supported(risk: RiskSet, score: Score) -> tuple[IntArray, Flow]:
    """Return the rows of participants on common support, and the step of the flow.

    Raises
    ------
    SupportError
        No participant is.
    """
    kept = np.flatnonzero(risk.treated & ~outside_range(risk, score))
    if not len(kept):
        raise SupportError(
            "There is no common support",
            found=f"all {int(risk.treated.sum())} participants have log odds outside the range of "
            "the candidates of their start year",
            do="use fewer covariates in on=, or other candidates with eligible=",
        )
    before = risk.flow[-1]
    return kept, Flow("support", SUPPORTED, len(kept), before.candidates, before.candidate_rows)


@dataclass(frozen=True, eq=False)
class WeightModel:
    """The model behind the weights, for the variance and for who wants to read it.

    Attributes
    ----------
    kind
        "entropy": log weights are linear in the covariates, by start year, so that means agree.
        "ipw": weights are the odds of a logit or probit in the covariates. "given": they are by a
        score of the caller's, of which the covariates say nothing.
    covariates
        What the weights are a function of, m rows; indicators with one value of each left out.
    by_start_year
        Whether each start year has coefficients of its own.
    table
        The model; see `to_frame`.
    """

    kind: Literal["entropy", "ipw", "given"]
    covariates: Design
    by_start_year: bool
    table: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the model.

        Returns
        -------
        pandas.DataFrame
            Entropy: `start_year, covariate, multiplier, imbalance`, a row per start year and
            moment; the log weight rises by the multiplier per standard deviation, and the weighted
            mean misses the participants' by `imbalance` standard deviations. The multiplier is
            missing where the moment follows from others, or where only candidates with the
            participants' one value have weight. Ipw: the model's table as of
            `ControlGroup.score.to_frame()`.
        """
        return self.table.copy()


def covariates_of(risk: RiskSet, *, moments: int = 1) -> Design:
    """Return the covariates of `on` and indicators of `exact`, the most common value left out.

    Parameters
    ----------
    risk
        The stacked risk sets, m rows.
    moments
        2 adds the square of every covariate that is not an indicator, as its distance from the mean
        in standard deviations.
    """
    columns: list[FloatArray] = []
    names: list[str] = []
    terms: list[Term] = []
    for design, left_out in ((risk.design, set[int]()), (risk.exact_design, _most_common(risk))):
        for k, name in enumerate(design.names):
            if k in left_out:
                continue
            x = design.column(k)
            columns.append(x)
            names.append(name)
            terms.append(design.terms[k])
            if moments == 2 and not np.isin(x, (0.0, 1.0)).all():
                spread = float(x.std())
                columns.append(((x - x.mean()) / (spread if spread > 0 else 1.0)) ** 2)
                names.append(f"{name}^2")
                terms.append(design.terms[k])
    return Design(tuple(columns), tuple(names), tuple(terms), len(risk.person))


def _most_common(risk: RiskSet) -> set[int]:
    """Return the indicator of the most common value of each exact column."""
    design = risk.exact_design
    persons = [design.column(k).sum() for k in range(design.width)]
    by_term: dict[Term, int] = {}
    for k, term in enumerate(design.terms):
        if term not in by_term or persons[k] > persons[by_term[term]]:
            by_term[term] = k
    return set(by_term.values())


# --- a score that the caller estimated ------------------------------------------------------------


def rows_as_frame(risk: RiskSet) -> pd.DataFrame:
    """Return the rows of the risk sets as numbers, for a model of the caller's.

    Returns
    -------
    pandas.DataFrame
        A column for each number of `on`, an indicator for each value of a category of `on` but one
        and of every exact column, `start_year`, and `starts`, 1 for those who do. No identifier.
    """
    columns: dict[str, NDArray[Any]] = {}
    for design in (risk.design, risk.exact_design):
        columns |= {name: design.column(k) for k, name in enumerate(design.names)}
    columns |= {"start_year": risk.start_year, "starts": risk.treated.astype(np.int64)}
    return pd.DataFrame(columns)


def fold_of(risk: RiskSet, folds: int, seed: int | None) -> IntArray:
    """Return the fold of every row, 0 to folds - 1: that of its person, by lot, shape (m,)."""
    lot = uniform_number(risk.cube.person_id, seed, 0, "folds")[risk.person]
    return np.floor(lot * folds).astype(np.int64)


def predicted(
    function: Callable[..., Any],
    frame: pd.DataFrame,
    learn: BoolArray,
    fold: IntArray | None,
    *,
    known: Sequence[str] = (),
) -> FloatArray:
    """Return what a function predicts for every row, shape (m,).

    Parameters
    ----------
    function
        Takes one frame and returns a number for each row; with folds, or where it learns from some
        rows only, takes the rows to learn from and the rows to predict.
    frame
        The rows.
    learn
        The rows that may be learnt from, shape (m,).
    fold
        The fold of every row, which is predicted from the other folds; None for no folds.
    known
        Columns of the rows to learn from that the rows to predict do not show.

    Raises
    ------
    SupportError
        Not one finite number for each row.
    """
    found = np.full(len(frame), np.nan)
    parts = [np.ones(len(frame), dtype=bool)] if fold is None else list(_parts(fold))
    for part in parts:
        from_ = learn if fold is None else learn & ~part
        whole = fold is None and not known and bool(learn.all())
        given = (frame,) if whole else (frame[from_], frame[part].drop(columns=list(known)))
        _require_frames(function, len(given))
        returned = function(*(rows.copy() for rows in given))
        try:
            values = np.asarray(returned, dtype=np.float64)
            what = f"shape {values.shape}"
        except (TypeError, ValueError):
            values, what = np.empty(0), arguments.type_of(returned)
        if values.shape != (int(part.sum()),):
            raise SupportError(
                "A model of your own returns one number for each row",
                found=f"{what} for {int(part.sum())} rows",
                do="return a column, such as model.predict_proba(rows)[:, 1]",
            )
        found[part] = values
    return found


def _require_frames(function: Callable[..., Any], many: int) -> None:
    """Raise where a function cannot take so many frames."""
    try:
        inspect.signature(function).bind(*range(many))
    except TypeError:
        takes = "rows to learn from and rows to predict" if many == 2 else "one frame of rows"
        raise OptionError(
            f"A model of your own takes {takes} here",
            found="a function of other arguments",
            do="def model(learn, rows): ..." if many == 2 else "def model(rows): ...",
        ) from None
    except ValueError:  # of a function in C that does not say what it takes
        return


def _parts(fold: IntArray) -> list[BoolArray]:
    return [fold == k for k in np.unique(fold).tolist()]


def score_of(
    risk: RiskSet, score: GivenScore, folds: int | None, seed: int | None, link: Link = "logit"
) -> Score:
    """Return the score of every row: a logit's or probit's, or the one given.

    Raises
    ------
    SupportError
        As `propensity_score`; or a given score that is missing, or no probability between 0 and 1.
    """
    if arguments.is_one_of(score, get_args(ScoreKind)):
        return propensity_score(risk, pooled=score == "pooled", link=link)
    if isinstance(score, str):
        values = read_rows(risk.cube, score, risk.person, risk.start)[0]
        p = pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(dtype=np.float64)
    else:
        assert callable(score)
        fold = None if folds is None else fold_of(risk, folds, seed)
        p = predicted(score, rows_as_frame(risk), np.ones(len(risk.person), dtype=bool), fold)
    inside = (p > 0.0) & (p < 1.0)
    if not inside.all():
        missing = int(np.isnan(p).sum())
        raise SupportError(
            "A propensity score is a probability between 0 and 1, without the ends",
            found=f"{int((~inside).sum())} of {len(p)} rows of the risk sets without one; "
            f"{missing} are missing",
            do="give one for everybody in the year before each start year, or leave those without "
            "out with eligible=",
        )
    return Score(np.log(p) - np.log1p(-p), {})
