"""One effect, estimated with one control group after the other; what fails says why in its row."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np
from scipy.special import ndtri

from mih_impact.controls.group import ControlGroup
from mih_impact.controls.recipe import Recipe
from mih_impact.display.locale import Label, current
from mih_impact.effects.event_study import event_study
from mih_impact.effects.question import Question
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import EffectsError, MihImpactError, MihImpactWarning

__all__ = ["EMPTY", "Row", "answer", "attempt", "recipe_of", "with_bar"]

_T = TypeVar("_T")
Row = dict[str, Any]

#: The columns of an answer, in order, and what they hold where there is none.
EMPTY: Row = {
    "estimate": float("nan"),
    "std_error": float("nan"),
    "conf_low": float("nan"),
    "conf_high": float("nan"),
    "n_participants": float("nan"),
    "n_controls": float("nan"),
    "contributors": 0.0,
    "reason": "",
    "warning": "",
}


def answer(question: Question, group: ControlGroup | EffectSeries) -> Row:
    """Return the mean effect with its interval, and the fewest persons behind any of its years.

    Of a group, or of effects that need none.

    Raises
    ------
    MihImpactError
        The group cannot say.
    """
    series = group if isinstance(group, EffectSeries) else event_study(group, question=question)
    theta, matrix = series.select(series.outcomes, question.years)
    assert matrix is not None
    estimate = float(theta.mean())
    error = float(np.sqrt(max(matrix.mean(), 0.0)))
    if not error > 0.0:
        raise EffectsError(
            "The effect has no standard error",
            found=f"years {', '.join(map(str, question.years))}: the base year, or too few persons",
            do="choose other years",
        )
    half = float(ndtri(0.5 + question.level / 2)) * error
    among = series.frame["year_since_start"].isin(question.years)
    rows, behind = series.frame[among], series.contributors[among]
    return {
        "estimate": estimate,
        "std_error": error,
        "conf_low": estimate - half,
        "conf_high": estimate + half,
        "n_participants": float(rows["n_participants"].min()),
        "n_controls": float(rows["n_controls"].min()),
        "contributors": float(min(behind[behind > 0], default=0.0)),
    }


def attempt(question: Question, choose: Callable[[], ControlGroup | EffectSeries]) -> Row:
    """Return the answer of a group that is yet to be chosen, or the reason why there is none.

    The library's own warnings are kept in the row; others are passed on.
    """
    row: Row = dict(EMPTY)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MihImpactWarning)
        try:
            row |= answer(question, choose())
        except MihImpactError as error:
            row["reason"] = str(error).splitlines()[0]
    own = [w for w in caught if issubclass(w.category, MihImpactWarning)]
    row["warning"] = " ".join(dict.fromkeys(str(w.message) for w in own))
    for other in caught:
        if other not in own:
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    return row


def recipe_of(group: ControlGroup) -> Recipe[ControlGroup]:
    """Return how the group was made, or raise if it does not know."""
    recipe = group.recipe if isinstance(group, ControlGroup) else None
    if recipe is None:
        raise EffectsError(
            "Controls can only be chosen again for a group that knows how it was made",
            found=f"a {type(group).__name__} without a recipe",
            do="choose it with mih.match or mih.weight",
        )
    return recipe


def with_bar(items: Iterable[_T], label: Label, *, total: int) -> Iterable[_T]:
    """Show how far a long call has come, where progress is wanted."""
    from tqdm import tqdm

    return tqdm(items, desc=label.text(), total=total, disable=not current().progress, leave=False)
