"""GroupTimeEffects: an effect for every outcome, start year and year, with one covariance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.flow import Flow
from mih_impact.controls.terms import entered, parse_term
from mih_impact.display.locale import Lang, current, in_language
from mih_impact.display.result import Card, Provenance
from mih_impact.effects.check_result import CheckResult
from mih_impact.effects.estimates import with_table
from mih_impact.effects.group_time.cells import (
    GroupTimeEstimates,
    GroupTimeMethod,
    in_overall,
    persons_behind,
)
from mih_impact.effects.group_time.display import group_time_card, plot_group_time
from mih_impact.effects.group_time.estimate import (
    Aggregation,
    Average,
    Estimates,
    Overall,
    averages,
    column_weights,
    overall_average,
    starter_weights,
)
from mih_impact.effects.group_time.influence import FactoredInfluence
from mih_impact.effects.group_time.pretrend import start_year_pretrend
from mih_impact.effects.group_time.sample import StartGroup, Windows
from mih_impact.effects.hidden import averaged
from mih_impact.effects.influence import Influence, critical_values
from mih_impact.effects.question import outcome_asked
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import EffectsError
from mih_impact.panel.cube import Cube
from mih_impact.storage import Later

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["GroupTimeEffects", "build_result"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class GroupTimeEffects(GroupTimeEstimates):
    """Effects by outcome, start year and calendar year.

    Made by `group_time_effects`.

    Attributes
    ----------
    frame
        The tidy table; `to_frame` returns a copy of it.
    outcomes
        The K outcomes.
    starts, years
        The G start years and the T years with register rows.
    estimate
        Shape (K, G, T), in `units` per starter and year; 0 in the base year, NaN where missing.
    matrix
        Covariance over (outcome, start year, year), shape (K * G * T, K * G * T); NaN where an
        estimate is missing or rests on one participant.
    sizes
        Starters compared in each start year: the weights of averages, shape (G,).
    mass
        By design weights the weights of averages: those of the starters of each start year, 1 in
        the mean of all who start, added up, shape (G,); None without design weights.
    units
        The unit of each outcome: a currency (fixed prices of `price_year`), "share" or another.
    price_year
        The year whose prices money is in.
    method
        What was asked for.
    coverage
        Participants in the register, those with controls, and those compared, of each start year
        in the year that has most of them: for whom the effects speak.
    provenance
        Versions, options, seed and fingerprint of the data.
    influence
        Each person's influence, in factors; in memory only, never saved.
    group_of
        The start year of each of the influence's starters, or what they weigh in each; in memory
        only.
    flow
        Persons through every filter; in memory only.
    giving
        Who contributes to each row of `frame`: one table, found when it is first asked for; in
        memory only.
    """

    @named_options
    def aggregate(
        self,
        kind: Aggregation = "event",
        *,
        window: tuple[int, int] | None = None,
        balance_e: int | None = None,
    ) -> EffectSeries:
        """Average the effects, start years weighted by their starters.

        Parameters
        ----------
        kind
            "event": by year since start. "group": by start year, over its years since start.
            "calendar": by calendar year, over those who have started. "simple": one average over
            all of these.
        window
            First and last year since start that may enter.
        balance_e
            Only start years with an effect that many years after start, and only up to then.

        Returns
        -------
        EffectSeries
            `n_participants` counts persons: of each start year that enters, those of the year with
            most of them, not the sum over its years; `n_lost` the other starters of every start
            year asked for whose base is in the register. A start year of which nothing is estimated
            leaves the average: `reason` then has "some_models_not_estimable" or
            "some_nobody_to_compare". `n_controls` is the greatest
            number of controls of any start year that enters, since a control serves several.

        Raises
        ------
        OptionError
            There is no such average.
        EffectsError
            Nothing left to average, or the result was loaded from a file, which holds no influence.

        Notes
        -----
        The shares of start years are estimated, and their influence is in the covariance
        (Callaway and Sant'Anna 2021, section 4.2; R's did::aggte). All but "event" average the
        years from the start on, whatever the anticipation. With "varying" the years before start
        each have their own base.
        """
        arguments.choice("aggregate", "kind", kind, get_args(Aggregation))
        term = "overall" if kind == "simple" else kind
        return self._averaged(averages, kind, term, window, balance_e)

    @named_options
    def overall(
        self,
        kind: Overall = "simple",
        *,
        window: tuple[int, int] | None = None,
        balance_e: int | None = None,
    ) -> EffectSeries:
        """Average the averages of a kind into one effect of each outcome.

        Parameters
        ----------
        kind
            "simple": all effects from the start on, start years weighted by their starters.
            "dynamic": the mean over years since start, each alike. "group": over start years,
            weighted by their starters. "calendar": over calendar years, each alike.
        window, balance_e
            As in `aggregate`.

        Returns
        -------
        EffectSeries
            One estimate of each outcome (`term` "overall").

        Raises
        ------
        EffectsError
            As `aggregate`.

        Notes
        -----
        See `overall_average`: the overall effects of R's did::aggte, with the uncertainty of the
        shares in their standard errors (Callaway and Sant'Anna 2021, section 3).

        Examples
        --------
        >>> import mih_impact as mih
        >>> effects = mih.group_time_effects(mih.example_panel(), outcomes="wage_income")
        >>> effects.overall("dynamic").params.index.names
        FrozenList(['outcome', 'level'])
        """
        arguments.choice("overall", "kind", kind, get_args(Overall))
        return self._averaged(overall_average, kind, "overall", window, balance_e)

    @named_options
    def pretrend_test(self, outcome: str | None = None, *, alpha: float = 0.05) -> CheckResult:
        """Test jointly that no start year differs before treatment; see `start_year_pretrend`."""
        return start_year_pretrend(self, outcome_asked(self, outcome), alpha=alpha)

    def _averaged(
        self,
        choose: Callable[..., Average],
        kind: Aggregation | Overall,
        term: str,
        window: tuple[int, int] | None,
        balance_e: int | None,
    ) -> EffectSeries:
        """Return the averages that `choose` gives the weights of."""
        if window is not None:
            window = arguments.window(window)
        if balance_e is not None:
            arguments.whole("balance_e", balance_e)
        if self.influence is None or self.group_of is None:
            raise EffectsError(
                "Averages need each person's influence, which is never saved or shown",
                found="effects loaded from a file, or with cells hidden that are smaller than "
                f"min_cell ({current().min_cell})",
                do="estimate again with mih.group_time_effects and take .aggregate() of what it "
                "returns, before .shown(), .save() or load; the averages have a .save() too",
            )
        average = choose(
            self.estimate,
            np.array(self.starts),
            np.array(self.years),
            self.weighing,
            kind,
            window=window,
            balance_e=balance_e,
        )
        influence = self.influence.combine(
            column_weights(average), starter_weights(average, self.group_of)
        )
        name = kind if term == kind else f"{kind}, overall"
        options: dict[str, object] = {"window": window, "balance_e": balance_e}
        return average_series(self, average, term, influence, options, f"averaged by {name}")

    def plot(
        self, outcome: str | None = None, *, ax: Axes | None = None, lang: Lang | None = None
    ) -> Axes:
        """Draw the effects by year since start, a line for each start year."""
        with in_language(lang):
            return plot_group_time(self, outcome_asked(self, outcome), ax=ax)

    def _card(self) -> Card:
        overall = None
        if self.influence is not None:
            with suppress(EffectsError):  # no year after any start is in the register
                overall = self.aggregate("simple").shown().frame
        return group_time_card(self, overall)


def build_result(
    found: Estimates,
    groups: Sequence[StartGroup],
    windows: Windows,
    outcomes: tuple[str, ...],
    reason: NDArray[np.object_],
    method: GroupTimeMethod,
    *,
    cube: Cube,
    giving: Sequence[pd.DataFrame],
    flow: tuple[Flow, ...],
    provenance: Provenance,
) -> GroupTimeEffects:
    """Freeze the numbers into a result."""
    units = {name: cube.unit_of(name) for name in outcomes}
    known = np.isfinite(found.estimate)
    alone = ~known | (reason == "one_participant")
    n, n_controls = (
        np.where(known, count, 0) for count in (found.n_participants, found.n_controls)
    )  # where the models fail nobody is compared
    missing = alone.ravel()
    matrix = found.influence.covariance.copy()
    matrix[missing] = np.nan
    matrix[:, missing] = np.nan
    starters = np.array([group.n_starters for group in groups])
    lost = np.where(windows.base >= 0, starters[:, None] - n, 0)
    estimate = found.estimate.copy()
    sizes = np.array([len(group.treated) for group in groups])
    for array in (matrix, estimate, sizes):
        array.setflags(write=False)
    return GroupTimeEffects(
        frame=_frame(estimate, windows, outcomes, reason, matrix, method.level).assign(
            n_participants=n.ravel(),
            n_controls=n_controls.ravel(),
            n_lost=lost.ravel(),
            reason=reason.ravel(),
            unit=np.repeat([str(units[name]) for name in outcomes], reason[0].size),
            price_year=cube.price_year,
        ),
        outcomes=outcomes,
        starts=tuple(windows.starts.tolist()),
        years=tuple(windows.years.tolist()),
        estimate=estimate,
        matrix=matrix,
        sizes=sizes,
        units=units,
        price_year=cube.price_year,
        method=method,
        coverage={
            "participants": int(starters.sum()),
            "matched": int(
                sizes[(np.isfinite(estimate) & (reason != "base_year")).any((0, 2))].sum()
            ),
            "compared": int(np.where(reason == "base_year", 0, n).max(axis=(0, 2)).sum()),
            "first_start_year": int(windows.starts[0]),
            "last_start_year": int(windows.starts[-1]),
            "residency_known": int(cube.residency_known),
        },
        flow=flow,
        giving=giving,
        provenance=provenance,
        influence=found.influence,
        group_of=found.group_of,
        mass=found.mass,
    )


def _frame(
    effects: FloatArray,
    windows: Windows,
    outcomes: tuple[str, ...],
    reason: NDArray[np.object_],
    matrix: FloatArray,
    level: float,
) -> pd.DataFrame:
    """Lay the effects out, a row per outcome, start year and year."""
    K, G, T = reason.shape
    estimate = effects.ravel()
    error = np.where(reason.ravel() == "base_year", np.nan, np.sqrt(matrix.diagonal()))
    z = float(ndtri(0.5 + level / 2))
    group = np.tile(np.repeat(windows.starts, T), K)
    year = np.tile(windows.years, K * G)
    return pd.DataFrame(
        {
            "outcome": np.repeat(np.array(outcomes, dtype=object), G * T),
            "group": group,
            "year": year,
            "year_since_start": year - group,
            "estimate": estimate,
            "std_error": error,
            "conf_low": estimate - z * error,
            "conf_high": estimate + z * error,
        }
    )


def average_series(
    effects: GroupTimeEffects,
    average: Average,
    term: str,
    influence: FactoredInfluence,
    options: dict[str, object],
    called: str,
) -> EffectSeries:
    """Freeze averages into the same result that an event study is."""
    K, L, G, T = average.kept.shape
    kept = average.kept.reshape(K, L, G * T)
    columns = effects.frame[["n_participants", "n_controls", "n_lost"]].to_numpy().T
    n, controls, lost = columns.reshape(3, K, G, T)
    reason = effects.frame["reason"].to_numpy().reshape(K, G, T)
    single = (reason == "one_participant").reshape(K, 1, G * T)
    alone = (~kept | single).all(axis=2)
    value = np.where(kept, np.nan_to_num(effects.estimate.reshape(K, 1, G * T)), 0.0)
    estimate = (average.weights.reshape(K, L, G * T) * value).sum(axis=2)
    estimate = np.where(kept.any(axis=2), estimate, np.nan)
    matrix = influence.covariance.copy()
    matrix[alone.ravel()] = np.nan
    matrix[:, alone.ravel()] = np.nan
    universal = effects.method.base_period == "universal" and term == "event"
    base = (-1 - effects.method.anticipation,) if universal else ()
    based = average.asked & (reason != "no_base_year")[:, None]
    based_on = (reason == "base_year")[:, None]
    compared = persons_behind(average.kept, n)
    is_base = np.isin(average.levels, base)
    covariates = [parse_term(text) for text in effects.method.covariates]
    matched_on = [
        term == "event" and entered(covariates, name, level + effects.method.anticipation)
        for name in effects.outcomes
        for level in average.levels
    ]
    series = EffectSeries(
        outcomes=effects.outcomes,
        levels=average.levels,
        estimate=estimate,
        matrix=matrix,
        units=effects.units,
        price_year=effects.price_year,
        se="influence",
        provenance=effects.provenance.then(
            f"group_time_effects, {called}",
            {**effects.provenance.options, **options, **asdict(effects.method)},
            seed=effects.method.seed,
        ),
        base=base,
        coverage=effects.coverage | {"compared": _compared(average.kept & ~based_on, n)},
        term=term,
        in_overall=in_overall(term, average.levels),
        anticipation=effects.method.anticipation,
        # Clusters above the person are few, and any weights may be drawn for them.
        influence=influence
        if effects.method.cluster == "person"
        else Influence(influence.starter_rows, influence.starters),
        giving=_averaged_giving(effects, average.weights),
    )
    level, seed = effects.method.level, effects.method.seed
    return with_table(
        series,
        level=level,
        critical=critical_values(matrix, effects.outcomes, is_base, level=level, seed=seed),
        columns={
            "n_participants": compared,
            "n_controls": np.where(average.kept, controls[:, None], 0).max(axis=(2, 3)),
            "n_lost": persons_behind(based, n + lost) - compared,
            "reason": np.where(is_base, "base_year", _why(average, based, reason, alone)),
            "matched_on": np.array(matched_on).reshape(K, L),
        },
    )


def _compared(kept: NDArray[np.bool_], n: NDArray[np.int64]) -> int:
    """Return the persons behind all averages, each start year's in its fullest year."""
    return int(np.where(kept.any(axis=1), n, 0).max(axis=(0, 2)).sum())


def _why(
    average: Average,
    based: NDArray[np.bool_],
    reason: NDArray[np.object_],
    alone: NDArray[np.bool_],
) -> NDArray[np.object_]:
    """Return why an average or its standard error is missing, or start years of it; (K, L).

    A start year of which no effect enters has left the average, and what it says may then be of
    others than was asked: the first of its reasons stands there, with "some_" before it.
    """
    entered = average.kept.any(axis=(2, 3))
    left = based & ~average.kept.any(axis=3, keepdims=True)
    why = np.full(entered.shape, "", dtype=object)
    for code in ("nobody_to_compare", "models_not_estimable"):
        some = (left & np.equal(reason, code)[:, None]).any(axis=(2, 3))
        why[some] = np.where(entered, f"some_{code}", code)[some]
    why[~entered & (why == "")] = "nobody_to_compare"
    why[entered & alone] = "one_participant"
    return why


def _averaged_giving(effects: GroupTimeEffects, weights: FloatArray) -> Sequence[pd.DataFrame]:
    """Return who contributes to averages, found when it is first asked for."""
    if effects.giving == ():
        return ()

    def found() -> tuple[pd.DataFrame, ...]:
        assert effects.contributions is not None
        return (averaged(effects.contributions, weights),)

    return Later(found)
