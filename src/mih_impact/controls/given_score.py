"""A propensity score that the caller estimated: a column of the panel, or a function.

What is given is taken as it is: how it was estimated is not known, so that no standard error counts
it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.covariates import read_rows
from mih_impact.controls.logit import Link
from mih_impact.controls.options import GivenScore, ScoreKind
from mih_impact.controls.propensity import Score, propensity_score
from mih_impact.controls.risk_set import RiskSet, uniform_number
from mih_impact.errors import OptionError, SupportError

__all__ = ["fold_of", "predicted", "rows_as_frame", "score_of"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


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
