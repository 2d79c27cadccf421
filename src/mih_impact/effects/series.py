"""EffectSeries: effects by year since start, with one covariance over years and outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.balance import Balance
from mih_impact.display.locale import Lang, in_language
from mih_impact.display.result import Card, Provenance
from mih_impact.display.unit import AnyUnit
from mih_impact.effects.card import effects_card
from mih_impact.effects.check_result import CheckResult
from mih_impact.effects.estimates import EffectEstimates, with_table
from mih_impact.effects.pretrend import pretrend_test
from mih_impact.effects.question import outcome_asked
from mih_impact.errors import EffectsError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.effects.subgroups import DifferenceTest

__all__ = ["EffectSeries", "not_estimated", "require_effects"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class EffectSeries(EffectEstimates):
    """Effects by outcome and year since start.

    Made by `event_study` or `EffectSeries.from_frame`.

    Attributes
    ----------
    frame
        The tidy table; `to_frame` returns a copy of it.
    outcomes
        The K outcomes, in the order of `estimate`.
    levels
        What each outcome's L estimates stand for, ascending: years since start, the base year among
        them; or start years, or calendar years, as `term` says.
    term
        "event", "group", "calendar" or "overall" (one estimate, level 0).
    subgroups
        The S subgroups, "all" first; ("all",) where none were asked for.
    split
        What the subgroups are; None where none were asked for.
    family
        The table of all subgroups, where this is one of them: what is hidden depends on the others.
        In memory only, never saved.
    giving
        Who contributes to the means of every row of `family`, or of `frame` where there is none:
        one table, found when it is first asked for; empty where means are not known. In memory
        only, never saved.
    in_overall
        The levels that the overall average beside these is made of, of group-time effects; empty
        for others. What is hidden depends on the others among them.
    estimate
        Effects, shape (S * K, L), subgroup by subgroup, in `units` per participant and year; NaN
        where no start year is seen.
    matrix
        Covariance of all estimates in that order, shape (S * K * L, S * K * L); None if not known.
    units
        The unit of each outcome: a currency (fixed prices of `price_year`), "share" or another.
    price_year
        The year whose prices money is in.
    base
        The base years; empty for plain differences and effects from a frame.
    anticipation
        Years before start in which participants may already respond, of group-time effects: they
        are no part of the pre-trend.
    se
        How the covariance was reckoned.
    coverage
        Participants in the register, matched, and compared in some year: for whom the effects
        speak.
    averaged
        The years since start that were averaged, where `average` made these.
    df
        Degrees of freedom of each estimate's t distribution, shape (S * K * L,); None where
        intervals are normal.
    provenance
        Versions, options, seed and fingerprint of the data.
    influence
        Each person's influence on every estimate; in memory only, never saved.
    balance
        The balance of all participants and their controls, made when it is read; empty where there
        are no such controls. In memory only, never saved.
    """

    balance: Sequence[Balance] = field(default=(), metadata={"saved": False})

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        covariance: pd.DataFrame | FloatArray | None = None,
        unit: AnyUnit = "NOK",
        price_year: int,
    ) -> EffectSeries:
        """Take published or planted effects into the account.

        Parameters
        ----------
        frame
            A pandas or Polars frame with `outcome` (text), `year_since_start` (whole),
            `estimate` (a number) and, if outcomes differ in it, `unit`; other columns are not read.
        covariance
            Covariance of the estimates, in `unit` squared; without one every interval says that it
            is not available. A frame is read by its labels, outcome and year as `covariance` has
            them (years alone will do for one outcome), an array in the order of the rows of
            `frame`.
        unit
            What the estimates are in: a currency (fixed prices of `price_year`) or another unit,
            such as "hours" or "log points".
        price_year
            The year whose prices money is in.

        Returns
        -------
        EffectSeries

        Raises
        ------
        EffectsError
            A column is missing, an outcome is no text, a year is not whole or over 100, an estimate
            is no finite number, a pair of outcome and year stands twice, an outcome has two units,
            the price year is none; or the covariance has other labels or another shape, is not
            symmetric, or gives some combination of the estimates a negative variance.

        Examples
        --------
        >>> import pandas as pd
        >>> planted = pd.DataFrame(
        ...     {"outcome": "wage_income", "year_since_start": [0, 1], "estimate": [0.0, 50_000.0]}
        ... )
        >>> EffectSeries.from_frame(planted, price_year=2024).estimate
        array([[    0., 50000.]])
        """
        from mih_impact.effects.given import fingerprint, read_given, require_price_year

        given, table = read_given(frame, covariance, unit)
        outcomes, units, years, estimate, matrix = given

        series = EffectSeries(
            outcomes=outcomes,
            levels=years,
            estimate=estimate,
            matrix=matrix,
            units=units,
            price_year=require_price_year(price_year),
            se="given" if matrix is not None else "not available",
            provenance=Provenance.of(
                "EffectSeries.from_frame", {"unit": str(unit)}, data=fingerprint(table)
            ),
        )
        return with_table(series)

    @named_options
    def pretrend_test(self, outcome: str | None = None, *, alpha: float = 0.05) -> CheckResult:
        """Test that the unmatched years before start show no difference; see `pretrend_test`."""
        return pretrend_test(self, outcome_asked(self, outcome), alpha=alpha)

    @named_options
    def difference_test(
        self,
        outcome: str | None = None,
        *,
        years: int | Sequence[int] | None = None,
        subgroups: Sequence[str] | None = None,
        alpha: float = 0.05,
    ) -> DifferenceTest:
        """Test that the effect is the same in every subgroup; see `subgroups.difference_test`."""
        from mih_impact.effects.subgroups import difference_test

        return difference_test(self, outcome, years=years, subgroups=subgroups, alpha=alpha)

    @named_options
    def average(self, years: int | Sequence[int], *, level: float = 0.95) -> EffectSeries:
        """Average the effects over years since start, each year alike, with its standard error.

        Parameters
        ----------
        years
            Years since start, such as `range(4)` for the years 0 to 3.
        level
            Coverage of the interval.

        Returns
        -------
        EffectSeries
            One estimate of each outcome and subgroup (`term` "overall"); missing where one of the
            years is. `n_participants` and `n_controls` are the fewest in any of the years, `n_lost`
            the most.

        Raises
        ------
        OptionError
            Years that are no whole numbers.
        EffectsError
            Years without effects, or effects that are not by year since start.

        Notes
        -----
        w' theta, with variance w' V w from the covariance of the years.

        Examples
        --------
        >>> import mih_impact as mih
        >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
        >>> effects = mih.event_study(group, outcomes="wage_income", window=(-1, 3))
        >>> effects.average(range(4)).averaged
        (0, 1, 2, 3)
        """
        asked = tuple(sorted(set(arguments.years("years", years))))
        level = arguments.level(level)
        absent = [year for year in asked if year not in self.event_years]
        if absent:
            there = ", ".join(map(str, self.event_years)) or f"averages by {self.term}"
            do = "name some of these" if self.event_years else "give effects by year since start"
            if len(absent) < len(asked):
                do = f"leave out {', '.join(map(str, absent))}"
            raise EffectsError(
                "The effects are not estimated in all the years to average",
                found=f"years {there}",
                do=do,
            )
        return _averaged(self, asked, level)

    def plot(
        self,
        outcome: str | None = None,
        *,
        year: int | None = None,
        ax: Axes | None = None,
        lang: Lang | None = None,
    ) -> Axes:
        """Draw the effect by year since start with interval and simultaneous band.

        With subgroups, the effect on each beneath that on all, in one `year`: three years since
        start, or the last year before it that has an estimate. Averages by start year, by calendar
        year and overall beneath each other.
        """
        from mih_impact.effects import figures, forest

        with in_language(lang):
            outcome = outcome_asked(self, outcome)
            if len(self.subgroups) > 1 or year is not None:
                return forest.plot_subgroups(self, outcome, year=year, ax=ax)
            if self.term != "event":
                return forest.plot_averages(self, outcome, ax=ax)
            drawn = figures.plot_effects(self, outcome, ax=ax)
            return forest.name_subgroup(drawn, self, outcome)

    def plot_levels(
        self, outcome: str | None = None, *, ax: Axes | None = None, lang: Lang | None = None
    ) -> Axes:
        """Draw the means of participants and controls by year since start."""
        from mih_impact.effects import figures, forest

        with in_language(lang):
            outcome = outcome_asked(self, outcome)
            drawn = figures.plot_levels(self, outcome, ax=ax)
            return forest.name_subgroup(drawn, self, outcome)

    def _card(self) -> Card:
        return effects_card(self)


def _averaged(effects: EffectSeries, years: tuple[int, ...], level: float) -> EffectSeries:
    """Return the mean of effects over years since start."""
    rows, size = effects.estimate.shape
    places = [effects.levels.index(year) for year in years]
    mean = np.zeros((size, 1))
    mean[places] = 1 / len(years)
    to = np.asarray(np.kron(np.eye(rows), mean), dtype=np.float64)
    used = np.flatnonzero(to.any(axis=1))
    matrix = None
    if effects.matrix is not None:
        matrix = to[used].T @ np.nan_to_num(effects.matrix[np.ix_(used, used)]) @ to[used]
        unknown = np.isnan(effects.matrix.diagonal()).reshape(rows, size)[:, places].any(axis=1)
        matrix[unknown], matrix[:, unknown] = np.nan, np.nan
    counts = {
        name: effects.frame[name].to_numpy().reshape(rows, size)[:, places]
        for name in (*_COUNTED, "participant_mean", "control_mean", "reason")
    }
    found = EffectSeries(
        outcomes=effects.outcomes,
        levels=(0,),
        estimate=effects.estimate[:, places].mean(axis=1, keepdims=True),
        matrix=matrix,
        units=dict(effects.units),
        price_year=effects.price_year,
        se=effects.se,
        provenance=effects.provenance.then(
            f"{effects.provenance.call}, averaged over years",
            {**effects.provenance.options, "years": list(years), "level": level},
            seed=effects.provenance.seed,
        ),
        coverage=effects.coverage,
        term="overall",
        subgroups=effects.subgroups,
        split=effects.split,
        anticipation=effects.anticipation,
        averaged=years,
        influence=None if effects.influence is None else effects.influence.mapped(to),
        source=effects,
    )
    columns = {
        **{name: most(counts[name], axis=1) for name, most in _COUNTED.items()},
        **{name: counts[name].mean(axis=1) for name in ("participant_mean", "control_mean")},
        "reason": counts["reason"].max(axis=1),
    }
    return with_table(found, level=level, columns=columns)


#: How counts of years become one, so that none is larger than it is in all of them.
_COUNTED = {"n_participants": np.min, "n_controls": np.min, "n_lost": np.max}


def not_estimated(schemes: Sequence[str], outcomes: Sequence[str]) -> dict[str, list[str]]:
    """Return which benefit schemes of a panel are not among outcomes, for provenance to tell.

    An account without them says so.

    Examples
    --------
    >>> not_estimated(["dagpenger", "aap"], ["wage_income", "aap"])
    {'not_estimated': ['dagpenger']}
    >>> not_estimated(["aap"], ["aap"])
    {}
    """
    found = [name for name in schemes if name not in outcomes]
    return {"not_estimated": found} if found else {}


def require_effects(call: str, effects: Any) -> None:
    """Raise on what is no effect series, such as effects by start year that are not averaged."""
    do = f"estimate first: mih.{call}(mih.event_study(group), ...)"
    if hasattr(effects, "aggregate"):
        do = f'average over start years first: mih.{call}(effects.aggregate("event"), ...)'
    arguments.instance(call, effects, EffectSeries, "effects", do)
