"""One effect, estimated with one control group after the other; what fails says why in its row.

Groups are chosen again from a panel, or from one whose persons are others, or started earlier.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import narwhals as nw
import numpy as np
from scipy.special import ndtri

from mih_impact.controls.group import ControlGroup
from mih_impact.controls.recipe import Recipe
from mih_impact.display.locale import Label, both
from mih_impact.display.numbers import number, year_range
from mih_impact.effects.event_study import event_study
from mih_impact.effects.question import Question
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import EffectsError, MihImpactError, MihImpactWarning
from mih_impact.panel.build import Request
from mih_impact.panel.contract import label_of
from mih_impact.panel.cube import Cube
from mih_impact.panel.panel import Panel
from mih_impact.panel.selection import Eligible

__all__ = [
    "EMPTY",
    "Altered",
    "Row",
    "StartedEarlier",
    "answer",
    "attempt",
    "effect_on",
    "recipe_of",
]

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


_EFFECT = Label(nb="effekt på {outcome}, år {years}", en="effect on {outcome}, year {years}")
_MEAN = Label(
    nb="effekt på {outcome}, gjennomsnitt av år {years}",
    en="effect on {outcome}, average of years {years}",
)


def effect_on(outcome: str, years: Sequence[int]) -> Label:
    """Return in words which effect it is."""
    if len(years) == 1:
        year = both(lambda: number(years[0]))
        return _EFFECT.format(outcome=label_of(outcome), years=year)
    run = years[0] >= 0 and len(years) == years[-1] - years[0] + 1
    each = both(lambda: ", ".join(number(e) for e in years))
    text = year_range(years[0], years[-1]) if run else each
    return _MEAN.format(outcome=label_of(outcome), years=text)


class Altered(Panel):
    """A panel whose cubes are changed after they have left the engine.

    Parameters
    ----------
    panel
        The panel; what it has read is not read again.
    change
        What becomes of each cube.
    """

    def __init__(self, panel: Panel, change: Callable[[Cube], Cube]) -> None:
        self.__dict__.update(panel.__dict__)  # nothing of the panel changes but its cubes
        self._whole = panel
        self._change = change

    def cube(self, *, eligible: Eligible = None, columns: Iterable[str] | None = None) -> Cube:
        """Return the changed cube."""
        return self._change(self._whole.cube(eligible=eligible, columns=columns))


class StartedEarlier(Panel):
    """A panel in which everybody who started did so some years before.

    The engine is asked anew, since others could have been eligible then.

    Parameters
    ----------
    panel
        The panel; what was counted of its rows holds still.
    years
        How many years earlier.
    """

    def __init__(self, panel: Panel, years: int) -> None:
        self.__dict__.update(panel.__dict__)
        self._last_cube = None
        self._earlier = years

    def _request(self, names: tuple[str, ...], eligible: nw.Expr | None) -> Request:
        request = super()._request(names, eligible)
        if request.start_range is None:
            return request
        first, last = request.start_range
        started = (nw.col("start_year") - self._earlier).alias("start_year")
        return replace(
            request,
            frame=request.frame.with_columns(started),
            start_range=(first - self._earlier, last - self._earlier),
        )
