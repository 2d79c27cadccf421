"""What changes are adjusted by: a regression on columns, or predictions of the caller's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.covariates import by_period, read_column
from mih_impact.controls.design import Coded, Design
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.propensity import fold_of, predicted, rows_as_frame
from mih_impact.controls.recipe import require_outcomes
from mih_impact.controls.terms import Term, as_terms
from mih_impact.errors import OptionError, SupportError

__all__ = ["Adjust", "Adjustment", "OutcomeRegression", "fitted"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Whether by the columns of `on`; or by which columns, or by whose predictions.
Adjust = bool | Term | Sequence[Term] | Mapping[str, str] | Callable[..., Any]
OutcomeRegression = Literal["weighted", "unweighted"]


@dataclass(frozen=True, eq=False)
class Adjustment:
    """How changes are adjusted.

    Attributes
    ----------
    terms
        The columns of the regression; None for those of `on`.
    function
        Predictions of the caller's, in place of a regression; see `predictions`.
    columns
        Or columns of such predictions, one for each outcome.
    weighted
        Whether the regression has the weights of the group.
    folds, seed
        In how many parts persons are parted, of which each is predicted from the others; and by
        what lots.
    """

    terms: tuple[Term, ...] | None = None
    function: Callable[..., Any] | None = None
    columns: Mapping[str, str] | None = None
    weighted: bool = True
    folds: int | None = None
    seed: int = 2025

    @classmethod
    def of(
        cls, adjust: Adjust, regression: OutcomeRegression, folds: int | None, seed: int
    ) -> Adjustment | None:
        """Read the options of the call; None for no adjustment.

        Raises
        ------
        OptionError
            Options that do not go together.
        """
        function = adjust if callable(adjust) else None
        columns = adjust if isinstance(adjust, Mapping) else None
        own = function is not None or columns is not None
        if folds is not None:
            arguments.whole("folds", folds, low=2)
        plain = function is None and folds is not None
        if plain or (regression == "unweighted" and (own or adjust is False)):
            raise OptionError(
                "Folds are for predictions by a function, and weights for a regression",
                found=f"folds={folds}, outcome_regression={regression!r} and adjust="
                + ("a function" if function is not None else arguments.shown(adjust)),
                do="leave out folds= or outcome_regression=, or give adjust= what they are for",
            )
        if function is not None:
            return cls(function=function, folds=folds, seed=seed)
        if columns is not None:
            return cls(columns=columns)
        if isinstance(adjust, bool | np.bool_):
            return cls(weighted=regression == "weighted") if adjust else None
        terms = as_terms(cast("Term | Sequence[Term]", adjust), "adjust")
        return cls(terms, weighted=regression == "weighted")

    @property
    def given(self) -> bool:
        """Whether predictions of the caller's stand in the place of a regression."""
        return self.function is not None or self.columns is not None

    def require(self, group: ControlGroup, outcomes: Sequence[str]) -> None:
        """Raise on an adjustment by nothing, or without the weights it is written for."""
        if self.columns is not None:
            _require_columns(self.columns, group, outcomes)
        if group.model is None and group.estimand != "att":
            raise OptionError(
                f"Matched effects of {group.estimand!r} are not adjusted",
                found=f"method={group.method!r} and adjust=",
                do="leave out adjust=, or choose controls by mih.weight or with estimand='att'",
            )
        if not (self.given or self.terms or group.risk.design.width):
            raise OptionError(
                "There is nothing to adjust by: effects are adjusted by the columns that controls "
                "were chosen on, beside those they share exactly",
                found=f"method={group.method!r} with exact={arguments.shown(list(group.exact))}",
                do="leave out adjust=, name columns in it, or choose controls by a method with on=",
            )
        if group.model is None and not self.weighted:
            raise OptionError(
                "Matched controls are adjusted by a regression with the weights of the matching",
                found=f"method={group.method!r} and outcome_regression='unweighted'",
                do="leave out outcome_regression=, or choose controls by mih.weight",
            )

    def told(self) -> Any:
        """Return what provenance says: True, the columns, or that it is a function."""
        if self.function is not None:
            return "a function"
        if self.columns is not None:
            return dict(self.columns)
        return True if self.terms is None else [str(term) for term in self.terms]

    def design(self, group: ControlGroup) -> Design:
        """Return the columns of the regression for every row of the risk sets.

        Raises
        ------
        SupportError
            A row has no value.
        """
        risk = group.risk
        if self.terms is None:
            return risk.design
        periods = list(by_period(risk.start))
        found = []
        for term in self.terms:
            column = read_column(group.cube_with(term), term, risk.person, periods)[0]
            gone = column.codes < 0 if isinstance(column, Coded) else pd.isna(column)
            if gone.any():
                raise SupportError(
                    f"Rows without {term} cannot be adjusted by it",
                    found=f"{int(gone.sum())} of {len(gone)} rows of the risk sets have no value",
                    do=f"name {term} in on= of match or weight too, which leaves those without it "
                    "out and counts them",
                )
            found.append((term, column))
        return Design.of(found, len(risk.person))

    def predictions(
        self, group: ControlGroup, columns: Sequence[tuple[str, int]], changes: FloatArray
    ) -> tuple[FloatArray, FloatArray | None]:
        """Return what the caller's function predicts of changes, for every row of the risk sets.

        Parameters
        ----------
        group
            Who is compared.
        columns
            Outcome and year since start of each column of `changes`.
        changes
            Of every row of the risk sets, shape (m, KE); NaN where not seen.

        Returns
        -------
        tuple
            Changes without treatment, learnt from candidates, shape (m, KE); and with it, learnt
            from participants, None where the effect is on participants and none is needed. 0 where
            nobody can be learnt from.
        """
        assert self.function is not None
        risk = group.risk
        frame = rows_as_frame(risk)
        fold = None if self.folds is None else fold_of(risk, self.folds, self.seed)
        sides = [~risk.treated] if group.estimand == "att" else [~risk.treated, risk.treated]
        made = [np.zeros_like(changes) for _ in sides]
        for k, (outcome, year) in enumerate(columns):
            seen, rows = np.isfinite(changes[:, k]), frame.assign(change=changes[:, k])
            rows.attrs = {"outcome": outcome, "year_since_start": year}
            for found, side in zip(made, sides, strict=True):
                learn = side & seen
                if changes[learn, k].any():  # in the base year nothing changes
                    found[:, k] = predicted(self.function, rows, learn, fold, known=("change",))
        missing = sum(int((~np.isfinite(found)).sum()) for found in made)
        if missing:
            raise SupportError(
                "A prediction of your own is a number",
                found=f"{missing} predictions that are missing or infinite",
                do="return a number for every row",
            )
        return made[0], None if len(made) == 1 else made[1]


def _require_columns(
    columns: Mapping[str, str], group: ControlGroup, outcomes: Sequence[str]
) -> None:
    """Raise on columns of predictions that are not one for each outcome, in its unit."""
    if set(columns) != set(outcomes) or not all(isinstance(c, str) for c in columns.values()):
        raise OptionError(
            "Predictions for outcomes are one column for each of them",
            found=f"adjust={arguments.shown(dict(columns))} and outcomes="
            f"{arguments.shown(list(outcomes))}",
            do=f"give adjust={{{outcomes[0]!r}: 'a column'}}, and so for every outcome",
        )
    if group.recipe is None or group.estimand != "att":
        raise OptionError(
            "Columns have what is predicted without treatment, for effects on those who start",
            found=f"estimand={group.estimand!r}",
            do="give a function as adjust=, which learns from either side, or estimand='att'",
        )
    cube = group.recipe.fetch([*outcomes, *columns.values()])
    require_outcomes(group.recipe.panel, cube, list(columns.values()))
    for outcome, column in columns.items():
        if (found := str(cube.unit_of(column))) != (unit := str(cube.unit_of(outcome))):
            raise OptionError(
                f"Predictions of {outcome} are in its unit",
                found=f"{column} in {found}, and {outcome} in {unit}",
                do=f"name its unit where the panel is read: units={{{column!r}: {unit!r}}}",
            )


def fitted(X: FloatArray, y: FloatArray, w: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return coefficients of a weighted regression, shape (k,), and (X'wX)^-1, shape (k, k).

    What columns of rank less than k leave undecided is 0.
    """
    root = np.sqrt(w)
    inverse = np.linalg.pinv(X * root[:, None])
    return inverse @ (root * y), np.asarray(inverse @ inverse.T)
