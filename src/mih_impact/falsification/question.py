"""One effect, asked of one control group after the other; what fails is a row with its reason."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

import numpy as np
from scipy.special import ndtri

from mih_impact import arguments
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.recipe import Recipe
from mih_impact.display.locale import Label, current
from mih_impact.effects.estimand import Composition, Estimator, base_years, require_choice
from mih_impact.effects.event_study import event_study
from mih_impact.effects.influence import StandardError
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import EffectsError, MihImpactError, MihImpactWarning
from mih_impact.panel.cube import Dead

__all__ = ["EMPTY", "Question", "Row", "attempt", "recipe_of", "with_bar", "years_of"]

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
    "reason": "",
    "warning": "",
}


@dataclass(frozen=True)
class Question:
    """One effect: an outcome in a year since start, or the mean of it over several.

    Attributes
    ----------
    outcome
        The outcome.
    years
        Years since start, ascending.
    estimator, base, composition, se, dead, adjust
        As in `event_study`; a balanced composition is that of `years`.
    level
        Coverage of the interval.
    """

    outcome: str
    years: tuple[int, ...]
    estimator: Estimator = "did"
    base: int | tuple[int, ...] = -1
    composition: Composition = "available"
    se: StandardError = "auto"
    dead: Dead = "zero"
    adjust: bool = False
    level: float = 0.95

    @classmethod
    def of(
        cls,
        outcome: str,
        year: int | Sequence[int],
        *,
        estimator: Estimator,
        base: int | Sequence[int],
        composition: Composition,
        se: StandardError,
        dead: Dead,
        adjust: bool,
        level: float,
    ) -> Question:
        """Read a question as the public calls take it."""
        for name, value, allowed in (
            ("estimator", estimator, get_args(Estimator)),
            ("composition", composition, get_args(Composition)),
            ("se", se, get_args(StandardError)),
            ("dead", dead, get_args(Dead)),
        ):
            require_choice(name, value, allowed, call="a question")
        base_years(base, estimator)
        return cls(
            outcome=arguments.name("outcome", outcome, error=EffectsError),
            years=years_of(year),
            estimator=estimator,
            base=int(base) if arguments.is_whole(base) else tuple(map(int, base)),  # type: ignore[arg-type]
            composition=composition,
            se=se,
            dead=dead,
            adjust=arguments.flag("adjust", adjust, error=EffectsError),
            level=arguments.level(level, error=EffectsError),
        )

    def effects(self, group: ControlGroup) -> EffectSeries:
        """Return the series that the answer is read off."""
        return event_study(
            group,
            outcomes=[self.outcome],
            estimator=self.estimator,
            base=self.base,
            window=(self.years[0], self.years[-1]),
            composition=self.composition,
            se=self.se,
            dead=self.dead,
            adjust=self.adjust,
            level=self.level,
        )

    def answer(self, group: ControlGroup) -> Row:
        """Return the effect with its interval, and the fewest persons behind any of its years.

        Raises
        ------
        MihImpactError
            The group cannot say.
        """
        series = self.effects(group)
        theta, matrix = series.select([self.outcome], self.years)
        assert matrix is not None
        estimate = float(theta.mean())
        error = float(np.sqrt(max(matrix.mean(), 0.0)))
        if not error > 0.0:
            raise EffectsError(
                "The effect has no standard error",
                found=f"years {', '.join(map(str, self.years))}: the base year, or too few persons",
                do="choose other years",
            )
        half = float(ndtri(0.5 + self.level / 2)) * error
        rows = series.frame[series.frame["year_since_start"].isin(self.years)]
        return {
            "estimate": estimate,
            "std_error": error,
            "conf_low": estimate - half,
            "conf_high": estimate + half,
            "n_participants": float(rows["n_participants"].min()),
            "n_controls": float(rows["n_controls"].min()),
        }


def years_of(year: int | Sequence[int]) -> tuple[int, ...]:
    """Return the years asked for, ascending, each once."""
    return tuple(sorted(set(arguments.years("year", year, error=EffectsError))))


def attempt(question: Question, choose: Callable[[], ControlGroup]) -> Row:
    """Return the answer of a group that is yet to be chosen, or the reason why there is none.

    The library's own warnings are kept in the row; others are passed on.
    """
    row: Row = dict(EMPTY)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MihImpactWarning)
        try:
            row |= question.answer(choose())
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
