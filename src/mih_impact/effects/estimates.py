"""The estimates of an effect series: arrays, the tidy table, and what of them is hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.subgroups import ALL, Split
from mih_impact.display.result import Provenance, Result, is_small
from mih_impact.display.unit import AnyUnit
from mih_impact.effects.hidden import Hidden, contributors, hidden_cells
from mih_impact.effects.influence import AnyInfluence
from mih_impact.errors import EffectsError, OptionError

__all__ = [
    "COLUMNS",
    "EffectEstimates",
    "critical_value",
    "family_of",
    "fewest_persons",
    "require_estimated",
    "require_outcome",
    "with_table",
]

FloatArray = NDArray[np.float64]

_Effects = TypeVar("_Effects", bound="EffectEstimates")

#: What is blanked where an estimate, its means, or its counts are hidden.
_ESTIMATES = ("estimate", "std_error", "conf_low", "conf_high", "band_low", "band_high")
_MEANS = ("participant_mean", "control_mean")
_COUNTS = ("n_participants", "n_controls")


@dataclass(frozen=True, eq=False, repr=False)
class EffectEstimates(Result):
    """What an `EffectSeries` holds, for its card, figures and tests to read.

    The attributes are described there.
    """

    outcomes: tuple[str, ...]
    levels: tuple[int, ...]
    estimate: FloatArray
    matrix: FloatArray | None
    units: dict[str, AnyUnit]
    price_year: int
    se: str
    provenance: Provenance
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)
    base: tuple[int, ...] = ()
    coverage: dict[str, int] = field(default_factory=dict)
    term: str = "event"
    subgroups: tuple[str, ...] = ("all",)
    split: Split | None = None
    in_overall: tuple[int, ...] = ()
    anticipation: int = 0
    averaged: tuple[int, ...] = ()
    df: FloatArray | None = None
    influence: AnyInfluence | None = field(default=None, metadata={"saved": False})
    family: pd.DataFrame | None = field(default=None, metadata={"saved": False})
    giving: Sequence[pd.DataFrame] = field(default=(), metadata={"saved": False})
    source: Self | None = field(default=None, metadata={"saved": False})

    @property
    def contributions(self) -> pd.DataFrame | None:
        """Who contributes to the means of every row; None where that is not known."""
        return self.giving[0] if self.giving else None

    @property
    def covariance(self) -> pd.DataFrame | None:
        """The full covariance over outcomes and levels, labelled on both sides."""
        if self.matrix is None:
            return None
        return pd.DataFrame(self.matrix, index=self._labels, columns=self._labels)

    @property
    def _labels(self) -> pd.MultiIndex:
        """What the estimates are of: outcome and level, behind the subgroup where there are any."""
        axes = [self.outcomes, self.levels]
        names = ["outcome", "year_since_start" if self.term == "event" else "level"]
        if self.subgroups != ("all",):
            axes, names = [self.subgroups, *axes], ["subgroup", *names]
        return pd.MultiIndex.from_product(axes, names=names)

    @property
    def params(self) -> pd.Series[float]:
        """The estimates, labelled as `covariance` is."""
        return pd.Series(self.estimate.ravel(), index=self._labels, name="parameter")

    @property
    def std_errors(self) -> pd.Series[float]:
        """The standard errors; NaN for the base year and where there is none."""
        return pd.Series(self.frame["std_error"].to_numpy(), index=self._labels, name="std_error")

    @property
    def cov(self) -> pd.DataFrame | None:
        """The covariance of `params`; the same as `covariance`."""
        return self.covariance

    @named_options
    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Return confidence intervals, columns lower and upper, of any coverage.

        Parameters
        ----------
        level
            Coverage.

        Notes
        -----
        The estimate plus and minus the normal quantile times the standard error, or that of the
        t distribution where the effects have degrees of freedom; see `critical_value`.
        """
        level = arguments.level(level)
        reach = critical_value(level, self.df) * self.std_errors.to_numpy()
        ends = {"lower": self.params - reach, "upper": self.params + reach}
        return pd.DataFrame(ends, index=self._labels)

    @property
    def estimand(self) -> str:
        """Whose average effect it is: "att", who started; "atc", candidates; "ate", both."""
        return str(self.provenance.options.get("match", {}).get("estimand", "att"))

    @property
    def design_weights(self) -> str | None:
        """The column of design weights that persons weigh by; None without."""
        options = self.provenance.options
        found = options.get("match", options).get("weights")
        return None if found is None else str(found)

    @property
    def event_years(self) -> tuple[int, ...]:
        """The years since start, ascending; none where effects are not by year since start."""
        return self.levels if self.term == "event" else ()

    def subgroup(self, name: str) -> Self:
        """Return the effects of one subgroup as a series of its own.

        Raises
        ------
        OptionError
            There is no such subgroup.
        """
        if not isinstance(name, str) or name not in self.subgroups:
            raise OptionError(
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
            df=None if self.df is None else self.df[flat],
            source=None if self.source is None else self.source.subgroup(name),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the complete tidy table, a row per outcome and year since start.

        Returns
        -------
        DataFrame
            `outcome, term` and `level` (what the estimate stands for), `subgroup,
            year_since_start`; `estimate, std_error, conf_low, conf_high, band_low, band_high` and
            the means `participant_mean, control_mean`, in `unit`, money in prices of `price_year`;
            `matched_on` (whether the year is alike by construction); persons: `n_participants,
            n_controls, n_lost`; and `reason` why an estimate is missing. Shares are between 0
            and 1.
        """
        return self.frame.copy()

    def shown(self) -> Self:
        """Return the series as it is displayed, exported and saved: small cells blanked.

        An estimate built on fewer persons than `options(min_cell=)`, on either side, or on amounts
        of fewer, is missing from the table, the array and the covariance; so is what it could be
        reckoned from: a subgroup beside the effect on all, a start year or year beside the overall
        average of group-time effects, a benefit beside the sum of those of one payer. See
        `hidden.hidden_cells`. An average over years is hidden where one of them is.
        """
        values, means, counts, lost = found = self._hidden()
        if not any(hidden.any() for hidden in found):
            return self
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

    def _hidden(self) -> Hidden:
        """Return what is hidden of each row of the table."""
        family = self.frame if self.family is None else self.family
        own = family["subgroup"].isin(self.subgroups).to_numpy()
        found = hidden_cells(family, self.in_overall, self.contributions)
        values, means, counts, lost = (hidden[own] for hidden in found)
        if self.source is not None:
            beside = self.source.shown().estimate[:, self._averaged_places]
            there = np.isfinite(self.source.estimate[:, self._averaged_places])
            values = values | (np.isnan(beside) & there).any(axis=1)
            means, counts, lost = means | values, counts | values, lost | values
        return Hidden(values, means, counts, lost)

    @property
    def contributors(self) -> FloatArray:
        """On how many persons' amounts each row of the table rests; 0 where that is not known."""
        if self.contributions is None:
            return np.zeros(len(self.frame))
        family = self.frame if self.family is None else self.family
        return contributors(self.contributions)[family["subgroup"].isin(self.subgroups)]

    @property
    def _averaged_places(self) -> list[int]:
        """Where the years that were averaged stand in the source."""
        return [] if self.source is None else [self.source.levels.index(e) for e in self.averaged]

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
        outcomes = arguments.names("outcomes", outcomes)
        years = arguments.years("years", years)
        unknown = [name for name in outcomes if name not in self.outcomes]
        absent = [year for year in years if year not in self.event_years]
        if unknown or absent:
            raise EffectsError(
                "The effects do not have everything that was asked for",
                found=f"outcomes {', '.join(self.outcomes)}; years {_years(self.event_years)}",
                do=f"leave out or estimate {', '.join([*unknown, *map(str, absent)])}",
            )
        rows = [self.outcomes.index(name) for name in outcomes]
        columns = [self.event_years.index(year) for year in years]
        theta = self.estimate[np.ix_(rows, columns)]
        if np.isnan(theta).any():
            raise _no_estimate(self, outcomes, years, np.isnan(theta))
        if self.matrix is None:
            return theta, None
        flat = np.array([k * len(self.event_years) + e for k in rows for e in columns], dtype=int)
        return theta, self.matrix[np.ix_(flat, flat)]


def _years(years: Sequence[int]) -> str:
    return ", ".join(map(str, years))


def _no_estimate(
    effects: EffectEstimates,
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


def require_outcome(outcomes: Sequence[str], outcome: str) -> None:
    """Raise where there are no effects of an outcome."""
    if outcome not in outcomes:
        raise OptionError(
            f"No effects of {outcome!r}",
            found=f"outcomes {', '.join(outcomes)}",
            do="name one of these",
        )


def require_estimated(what: str, effects: EffectEstimates, outcome: str) -> None:
    """Raise unless an outcome is there with a covariance; `what` is what needs it."""
    if outcome not in effects.outcomes or effects.matrix is None:
        raise OptionError(
            f"{what} an estimated outcome with its covariance",
            found=f"{outcome!r}; outcomes {', '.join(effects.outcomes)}; se {effects.se}",
            do="name an outcome of event_study, or give from_frame a covariance",
        )


def family_of(effects: EffectEstimates, outcome: str) -> pd.DataFrame:
    """Return the rows of an outcome with who contributes: it depends on these what is hidden."""
    frame = effects.frame
    if effects.contributions is not None and len(effects.contributions) == len(frame):
        frame = pd.concat([frame, effects.contributions.set_axis(frame.index)], axis=1)
    return frame[frame["outcome"] == outcome]


def fewest_persons(effects: EffectEstimates, outcome: str, years: list[int]) -> float:
    """Return the smallest count of persons above zero behind some years; NaN where not known.

    1 where a year is hidden lest another follow from it, however many are behind it.
    """
    frame = effects.frame
    rows = (
        (frame["outcome"] == outcome)
        & (frame["subgroup"] == effects.subgroups[0])
        & frame["year_since_start"].isin(years)
    ).to_numpy()
    counts = frame.loc[rows, ["n_participants", "n_controls"]].to_numpy(dtype=np.float64)
    hidden = effects._hidden().estimates & frame["estimate"].notna().to_numpy()
    if hidden[rows].any() and not is_small(counts).any():
        return 1.0
    return float(min(counts[counts > 0], default=np.nan))


#: The columns of `EffectSeries.to_frame()`, in order.
COLUMNS = (
    "outcome",
    "term",
    "level",
    "subgroup",
    "year_since_start",
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "band_low",
    "band_high",
    "matched_on",
    "n_participants",
    "n_controls",
    "n_lost",
    "participant_mean",
    "control_mean",
    "unit",
    "price_year",
    "reason",
)


def critical_value(level: float, df: FloatArray | None = None) -> FloatArray:
    """Return what a standard error is multiplied by: a normal quantile, or one of t, shape of `df`.

    Examples
    --------
    >>> float(critical_value(0.95).round(2)), critical_value(0.95, np.array([5.0])).round(2)
    (1.96, array([2.57]))
    """
    if df is None:
        return np.asarray(ndtri(0.5 + level / 2))
    return np.asarray(stdtrit(df, 0.5 + level / 2))


def with_table(
    effects: _Effects,
    *,
    level: float = 0.95,
    critical: Mapping[str, float] | None = None,
    columns: Mapping[str, NDArray[Any]] | None = None,
) -> _Effects:
    """Return effects with their table, estimates with uncertainty and counts; arrays are frozen.

    Parameters
    ----------
    effects
        Effects without a table. The only base year has no standard error; intervals are normal
        where there are no degrees of freedom.
    level
        Coverage of the intervals.
    critical
        The simultaneous critical value of each outcome, or of each subgroup and outcome under
        "subgroup/outcome"; no band without one.
    columns
        Further columns of the table, each with S * K * L values: counts, means, flags.

    Returns
    -------
    EffectEstimates
        The same, with the columns of `COLUMNS` in `frame`.
    """
    for array in (effects.estimate, effects.matrix):
        if array is not None:
            array.setflags(write=False)
    term, matrix, df = effects.term, effects.matrix, effects.df
    critical = critical or {}
    size, flat = len(effects.levels), effects.estimate.ravel()
    rows = [(subgroup, name) for subgroup in effects.subgroups for name in effects.outcomes]
    level_of = np.tile(np.array(effects.levels), len(rows))
    error = np.full(flat.size, np.nan) if matrix is None else np.sqrt(np.diag(matrix))
    is_base = len(effects.base) == 1 and term == "event"
    error = np.where(is_base & np.isin(level_of, effects.base), np.nan, error)
    z = critical_value(level, df)
    wider = z / critical_value(level)
    found = [critical.get(f"{group}/{name}", critical.get(name, np.nan)) for group, name in rows]
    sup = np.repeat(np.array(found, dtype=np.float64), size)
    blank = np.full(flat.size, np.nan)
    defaults = {
        "matched_on": np.zeros(flat.size, bool),
        "reason": np.full(flat.size, "", dtype=object),
    }
    given = {name: np.asarray(values).ravel() for name, values in (columns or {}).items()}
    frame = {
        "outcome": np.repeat(np.array([name for _, name in rows], dtype=object), size),
        "term": term,
        "level": blank if term == "overall" else level_of,
        "subgroup": np.repeat(np.array([group for group, _ in rows], dtype=object), size),
        "year_since_start": level_of if term == "event" else blank,
        "estimate": flat,
        "std_error": error,
        "conf_low": flat - z * error,
        "conf_high": flat + z * error,
        "band_low": flat - sup * wider * error,
        "band_high": flat + sup * wider * error,
        "unit": np.repeat([str(effects.units[name]) for _, name in rows], size),
        "price_year": effects.price_year,
    }
    frame |= {
        name: given.get(name, defaults.get(name, blank)) for name in COLUMNS if name not in frame
    }
    return replace(effects, frame=pd.DataFrame(frame)[list(COLUMNS)])
