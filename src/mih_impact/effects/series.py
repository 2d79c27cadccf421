"""EffectSeries: effects by year since start, with one covariance over years and outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.subgroups import ALL, Split
from mih_impact.display.locale import Lang
from mih_impact.display.result import Card, Provenance, Result
from mih_impact.display.unit import AnyUnit
from mih_impact.effects.card import tidy_frame
from mih_impact.effects.given import fingerprint, read_given, require_price_year
from mih_impact.effects.hidden import hidden_cells
from mih_impact.effects.influence import AnyInfluence
from mih_impact.errors import EffectsError
from mih_impact.storage import save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.effects.check_result import CheckResult
    from mih_impact.effects.subgroups import DifferenceTest

__all__ = [
    "EffectSeries",
    "build_series",
    "no_estimate",
    "outcome_asked",
    "require_effects",
    "require_estimated",
    "require_group",
]

FloatArray = NDArray[np.float64]

#: What is blanked where an estimate, its means, or its counts are hidden.
_ESTIMATES = ("estimate", "std_error", "conf_low", "conf_high", "band_low", "band_high")
_MEANS = ("participant_mean", "control_mean")
_COUNTS = ("n_participants", "n_controls")


@dataclass(frozen=True, eq=False, repr=False)
class EffectSeries(Result):
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
    contributions
        Who contributes to the means of every row of `family`, or of `frame` where there is none;
        None where means are not known. In memory only, never saved.
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
    provenance
        Versions, options, seed and fingerprint of the data.
    influence
        Each person's influence on every estimate; in memory only, never saved.
    """

    frame: pd.DataFrame
    outcomes: tuple[str, ...]
    levels: tuple[int, ...]
    estimate: FloatArray
    matrix: FloatArray | None
    units: dict[str, AnyUnit]
    price_year: int
    base: tuple[int, ...]
    se: str
    coverage: dict[str, int]
    provenance: Provenance
    term: str = "event"
    subgroups: tuple[str, ...] = ("all",)
    split: Split | None = None
    in_overall: tuple[int, ...] = ()
    anticipation: int = 0
    influence: AnyInfluence | None = field(default=None, metadata={"saved": False})
    family: pd.DataFrame | None = field(default=None, metadata={"saved": False})
    contributions: pd.DataFrame | None = field(default=None, metadata={"saved": False})

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
        given, table = read_given(frame, covariance, unit)
        outcomes, units, years, estimate, matrix = given

        return build_series(
            estimate,
            matrix,
            outcomes=outcomes,
            levels=years,
            units=units,
            price_year=require_price_year(price_year),
            se="given" if matrix is not None else "not available",
            provenance=Provenance.of(
                "EffectSeries.from_frame", {"unit": str(unit)}, data=fingerprint(table)
            ),
        )

    @property
    def covariance(self) -> pd.DataFrame | None:
        """The full covariance over outcomes and levels, labelled on both sides."""
        if self.matrix is None:
            return None
        axes = [self.outcomes, self.levels]
        names = ["outcome", "year_since_start" if self.term == "event" else "level"]
        if self.subgroups != ("all",):
            axes, names = [self.subgroups, *axes], ["subgroup", *names]
        index = pd.MultiIndex.from_product(axes, names=names)
        return pd.DataFrame(self.matrix, index=index, columns=index)

    @property
    def event_years(self) -> tuple[int, ...]:
        """The years since start, ascending; none where effects are not by year since start."""
        return self.levels if self.term == "event" else ()

    def subgroup(self, name: str) -> EffectSeries:
        """Return the effects of one subgroup as a series of its own.

        Raises
        ------
        EffectsError
            There is no such subgroup.
        """
        if not isinstance(name, str) or name not in self.subgroups:
            raise EffectsError(
                f"No subgroup {arguments.shown(name)}",
                found=", ".join(self.subgroups),
                do="name one of these",
            )
        size = len(self.outcomes)
        first = self.subgroups.index(name) * size
        flat = slice(first * len(self.levels), (first + size) * len(self.levels))
        return replace(
            self,
            frame=self.frame.iloc[flat].reset_index(drop=True),
            estimate=self.estimate[first : first + size],
            matrix=None if self.matrix is None else self.matrix[flat, flat],
            subgroups=(name,),
            split=None if name == ALL else self.split,
            influence=None if self.influence is None else self.influence.columns(flat),
            family=self.frame if self.family is None else self.family,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the complete tidy table, a row per outcome and year since start."""
        return self.frame.copy()

    def shown(self) -> EffectSeries:
        """Return the series as it is displayed, exported and saved: small cells blanked.

        An estimate built on fewer persons than `options(min_cell=)`, on either side, or on amounts
        of fewer, is missing from the table, the array and the covariance; so is what it could be
        reckoned from: a subgroup beside the effect on all, a start year or year beside the overall
        average of group-time effects, a benefit beside the sum of those of one payer. See
        `hidden.hidden_cells`.
        """
        family = self.frame if self.family is None else self.family
        own = family["subgroup"].isin(self.subgroups).to_numpy()
        found = hidden_cells(family, self.in_overall, self.contributions)
        if not any(hidden.any() for hidden in found):
            return self
        values, means, counts, lost = (hidden[own] for hidden in found)
        frame = self.frame.copy()
        for hidden, names in (
            (values, _ESTIMATES), (means, _MEANS), (counts, _COUNTS), (lost, ("n_lost",)),
        ):  # fmt: skip
            for name in names:
                frame[name] = frame[name].astype(np.float64).mask(hidden)
        estimate = np.where(values.reshape(self.estimate.shape), np.nan, self.estimate)
        matrix = None
        if self.matrix is not None:
            matrix = np.where(values[:, None] | values[None, :], np.nan, self.matrix)
        return replace(self, frame=frame, estimate=estimate, matrix=matrix)

    def save(self, path: str | Path) -> Path:
        """Save the series as displayed, without influence rows; `load` gives it back."""
        return save(self.shown(), path)

    def select(
        self, outcomes: Sequence[str], years: Sequence[int]
    ) -> tuple[FloatArray, FloatArray | None]:
        """Return estimates and their covariance for some outcomes and years.

        Of the first subgroup, which is all participants unless `subgroup` chose another.

        Parameters
        ----------
        outcomes
            R names among `outcomes`.
        years
            T years among `event_years`.

        Returns
        -------
        tuple
            Estimates of shape (R, T) and their covariance, outcome-major, (R * T, R * T) or None.

        Raises
        ------
        EffectsError
            An outcome or a year is not there, or is there without an estimate; or what is there is
            conditional on what happened after start, and no effect.
        """
        if self.subgroups[0] != ALL and self.split is not None and self.split.conditional:
            raise EffectsError(
                f"{self.subgroups[0]} is a selection made after start, and no effect",
                found=f"by={self.split.by}",
                do='use the effect on all who started: effects.subgroup("all")',
            )
        outcomes = arguments.names("outcomes", outcomes, error=EffectsError)
        years = arguments.years("years", years, error=EffectsError)
        unknown = [name for name in outcomes if name not in self.outcomes]
        absent = [year for year in years if year not in self.event_years]
        if unknown or absent:
            raise EffectsError(
                "The effects do not hold all that was asked for",
                found=f"outcomes {', '.join(self.outcomes)}; years {_years(self.event_years)}",
                do=f"leave out or estimate {', '.join([*unknown, *map(str, absent)])}",
            )
        rows = [self.outcomes.index(name) for name in outcomes]
        columns = [self.event_years.index(year) for year in years]
        theta = self.estimate[np.ix_(rows, columns)]
        if np.isnan(theta).any():
            raise no_estimate(self, outcomes, years, np.isnan(theta))
        if self.matrix is None:
            return theta, None
        flat = np.array([k * len(self.event_years) + e for k in rows for e in columns], dtype=int)
        return theta, self.matrix[np.ix_(flat, flat)]

    @named_options
    def pretrend_test(self, outcome: str | None = None, *, alpha: float = 0.05) -> CheckResult:
        """Test that the unmatched years before start show no difference; see `pretrend_test`."""
        from mih_impact.effects.pretrend import pretrend_test

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
        """Test that the effect is the same in every subgroup; see `differences.difference_test`."""
        from mih_impact.effects.subgroups import difference_test

        return difference_test(self, outcome, years=years, subgroups=subgroups, alpha=alpha)

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
        from mih_impact.effects.figures import plot_effects
        from mih_impact.effects.forest import name_subgroup, plot_averages, plot_subgroups

        outcome = outcome_asked(self, outcome)
        if len(self.subgroups) > 1 or year is not None:
            return plot_subgroups(self, outcome, year=year, ax=ax, lang=lang)
        if self.term != "event":
            return plot_averages(self, outcome, ax=ax, lang=lang)
        return name_subgroup(plot_effects(self, outcome, ax=ax, lang=lang), self, outcome, lang)

    def plot_levels(
        self, outcome: str | None = None, *, ax: Axes | None = None, lang: Lang | None = None
    ) -> Axes:
        """Draw the means of participants and controls by year since start."""
        from mih_impact.effects.figures import plot_levels
        from mih_impact.effects.forest import name_subgroup

        outcome = outcome_asked(self, outcome)
        return name_subgroup(plot_levels(self, outcome, ax=ax, lang=lang), self, outcome, lang)

    def _card(self, lang: Lang) -> Card:
        from mih_impact.effects.card import effects_card

        return effects_card(self, lang)


def _years(years: Sequence[int]) -> str:
    return ", ".join(map(str, years))


def build_series(
    estimate: FloatArray,
    matrix: FloatArray | None,
    *,
    outcomes: tuple[str, ...],
    levels: tuple[int, ...],
    units: dict[str, AnyUnit],
    price_year: int,
    provenance: Provenance,
    se: str,
    base: tuple[int, ...] = (),
    anticipation: int = 0,
    level: float = 0.95,
    critical: Mapping[str, float] | None = None,
    columns: Mapping[str, NDArray[Any]] | None = None,
    coverage: dict[str, int] | None = None,
    influence: AnyInfluence | None = None,
    term: str = "event",
    subgroups: tuple[str, ...] = ("all",),
    split: Split | None = None,
    in_overall: tuple[int, ...] = (),
    contributions: pd.DataFrame | None = None,
) -> EffectSeries:
    """Freeze arrays into a result; see `tidy.tidy_frame` for the arguments the table needs."""
    frame = tidy_frame(
        estimate,
        matrix,
        outcomes=outcomes,
        levels=levels,
        term=term,
        subgroups=subgroups,
        units=units,
        price_year=price_year,
        base=base,
        level=level,
        critical=critical or {},
        columns=columns or {},
    )
    for array in (estimate, matrix):
        if array is not None:
            array.setflags(write=False)
    return EffectSeries(
        frame=frame,
        outcomes=outcomes,
        levels=levels,
        term=term,
        subgroups=subgroups,
        split=split,
        in_overall=in_overall,
        estimate=estimate,
        matrix=matrix,
        units=units,
        price_year=price_year,
        base=base,
        anticipation=anticipation,
        se=se,
        coverage=coverage or {},
        provenance=provenance,
        influence=influence,
        contributions=contributions,
    )


#: The outcome that is meant where none is named and there is one.
_FIRST = "wage_income"


def outcome_asked(of: Any, outcome: str | None) -> str:
    """Return the outcome that a call is about: wage income where none is named, else the first.

    Parameters
    ----------
    of
        A control group or effects; what is neither is for the call to refuse.
    outcome
        What the call was given.
    """
    if outcome is not None:
        return arguments.name("outcome", outcome, error=EffectsError)
    group = isinstance(of, ControlGroup)
    known = of.risk.cube.outcomes if group else getattr(of, "outcomes", ())
    return _FIRST if _FIRST in known or not known else str(known[0])


def require_estimated(what: str, effects: EffectSeries, outcome: str) -> None:
    """Raise unless an outcome is there with a covariance; `what` is what needs it."""
    if outcome not in effects.outcomes or effects.matrix is None:
        raise EffectsError(
            f"{what} an estimated outcome with its covariance",
            found=f"{outcome!r}; outcomes {', '.join(effects.outcomes)}; se {effects.se}",
            do="name an outcome of event_study, or give from_frame a covariance",
        )


def require_group(call: str, group: Any) -> None:
    """Raise on what is no control group."""
    do = f"choose one first: mih.{call}(mih.match(panel, ...))"
    arguments.instance(call, group, ControlGroup, "a control group", do, error=EffectsError)


def require_effects(call: str, effects: Any) -> None:
    """Raise on what is no effect series, such as effects by start year that are not averaged."""
    do = f"estimate first: mih.{call}(mih.event_study(group), ...)"
    if hasattr(effects, "aggregate"):
        do = f'average over start years first: mih.{call}(effects.aggregate("event"), ...)'
    arguments.instance(call, effects, EffectSeries, "effects", do, error=EffectsError)


def no_estimate(
    effects: EffectSeries,
    outcomes: Sequence[str],
    years: Sequence[int],
    missing: NDArray[np.bool_],
) -> EffectsError:
    """Return the error for estimates that are hidden, or that nobody gives.

    `missing` says which are, shape (outcomes, years).
    """
    rows = effects.frame[effects.frame["subgroup"] == effects.subgroups[0]]
    nobody = (rows[["n_participants", "n_controls"]] == 0).any(axis=1).to_numpy()
    place = np.ix_(
        [effects.outcomes.index(name) for name in outcomes],
        [effects.event_years.index(year) for year in years],
    )
    hidden = missing & ~nobody.reshape(effects.estimate.shape)[place]
    which = hidden if hidden.any() else missing
    columns = np.flatnonzero(which.any(axis=0)).tolist()
    when = ", ".join(str(years[i]) for i in columns)
    if not hidden.any():
        return EffectsError(
            "Some years since start have no estimate",
            found=f"none for {when}: no start year is seen there, or nobody is compared",
            do="shorten the window= or the horizon, or bring the register years that lie so long "
            "after start",
        )
    names = [outcomes[i] for i in np.flatnonzero(hidden.any(axis=1)).tolist()]
    return EffectsError(
        "Some effects are hidden, since too few persons stand behind them",
        found=f"{', '.join(names)} in years {when}; hidden when they were saved or shown",
        do="use the effects as event_study returned them; save them within "
        "mih.options(min_cell=1) where the file stays with those who may see it; or leave the "
        f"outcome out, in an account by roles={dict.fromkeys(names)}",
    )
