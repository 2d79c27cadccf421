"""What the programme does to each participant, and the truth about it.

The planted averages are exact by construction, not by calibration on simulations: see `plant`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.errors import AssumptionError
from mih_impact.panel.contract import OUTCOMES
from mih_impact.panel.synthetic_histories import Histories
from mih_impact.panel.synthetic_people import YEARS, Floats, People, exit_hazard
from mih_impact.panel.synthetic_start import START_YEARS, Starters

__all__ = ["PLANTED", "Planted", "SyntheticTruth", "plant", "planted_path", "truth_of"]

_NAV_BENEFITS = np.array([25.0, 35.0, -15.0, -60.0, -70.0, -70.0, -65.0])
_ZERO = (0.0,) * len(_NAV_BENEFITS)


def _thousand(path: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(x) for x in np.round(path * 1000.0, 6))


#: The default planted averages: NOK per starter (drop-outs and dead included) in prices of 2024,
#: by year since start 0-6. Only the wage effect of year 3 is a published figure.
PLANTED: dict[str, tuple[float, ...]] = {
    "wage_income": (0.0, 50_000.0, 130_000.0, 200_000.0, 250_000.0, 265_000.0, 265_000.0),
    "dagpenger": _thousand(0.30 * _NAV_BENEFITS),
    "aap": _thousand(0.45 * _NAV_BENEFITS),
    "tiltakspenger": _thousand(0.25 * _NAV_BENEFITS),
    "sosialhjelp": (0.0, -3_000.0, -6_000.0, -8_000.0, -8_000.0, -8_000.0, -8_000.0),
    "uforetrygd": _ZERO,
    "sykepenger": _ZERO,
}

#: Three in four complete; who drops out earns what he would have earned. Mean 1 over both.
COMPLETION_SHARE = 0.75
_MULTIPLIER = {True: 1.0 / COMPLETION_SHARE, False: 0.0}
_PERSON_SPREAD, _YEAR_SPREAD = 0.25, 0.20


def planted_path(
    effects: Mapping[str, object] | pd.DataFrame | None,
) -> dict[str, tuple[float, ...]]:
    """Return the planted averages by outcome; outcomes that are not named have no effect.

    The last value of a path holds on.

    Raises
    ------
    AssumptionError
        If an outcome is unknown, a path is empty or not finite.
    """
    if effects is None:
        return dict(PLANTED)
    if isinstance(effects, pd.DataFrame):
        effects = _paths_of_frame(effects)
    unknown = sorted(set(effects) - set(OUTCOMES))
    if unknown:
        raise AssumptionError(
            "An effect is planted on an unknown outcome",
            found=", ".join(unknown),
            do=f"Use {', '.join(OUTCOMES)}",
        )
    paths = {name: np.atleast_1d(np.asarray(path, float)) for name, path in effects.items()}
    for name, path in paths.items():
        if path.ndim != 1 or not len(path) or not np.isfinite(path).all():
            raise AssumptionError(
                f"The planted path of {name} must be a sequence of finite kroner by year since start"
            )
    length = max(len(_NAV_BENEFITS), *(len(path) for path in paths.values()), 1)
    full = {name: np.zeros(length) for name in OUTCOMES}
    for name, path in paths.items():
        full[name][: len(path)] = path
        full[name][len(path) :] = path[-1]
    return {name: tuple(path.tolist()) for name, path in full.items()}


def _paths_of_frame(frame: pd.DataFrame) -> dict[str, object]:
    """Return the paths of a frame with outcome, year_since_start and value."""
    missing = {"outcome", "year_since_start", "value"} - set(frame.columns)
    if missing:
        raise AssumptionError(
            "The frame of planted effects lacks columns",
            found=", ".join(map(str, frame.columns)),
            do="Give outcome, year_since_start (0, 1, ...) and value in kroner",
        )
    paths: dict[str, object] = {}
    for name, part in frame.sort_values("year_since_start").groupby("outcome", sort=False):
        if list(part["year_since_start"]) != list(range(len(part))):
            raise AssumptionError(
                f"The planted path of {name} must have every year since start once, from 0"
            )
        paths[str(name)] = part["value"].to_numpy(float)
    return paths


@dataclass(frozen=True, eq=False)
class Planted:
    """The participants' outcomes with the programme, and what it did to each.

    Attributes
    ----------
    outcomes
        Real kroner with the programme by outcome, (m, n_years).
    effect
        Realised effect of each participant by outcome, (m, n_years); 0 before the start.
    completes, left
        Who completes, (m,), and the years a participant is off the register of unemployed because
        of the programme, (m, n_years).
    """

    outcomes: dict[str, Floats]
    effect: dict[str, Floats]
    completes: NDArray[np.bool_]
    left: NDArray[np.bool_]


def plant(
    rng: np.random.Generator,
    people: People,
    histories: Histories,
    starters: Starters,
    paths: Mapping[str, tuple[float, ...]],
    start_factor: Floats | None = None,
) -> Planted:
    """Give every participant an effect of his own whose expected average is the planted one.

    Parameters
    ----------
    rng
        The random stream of the effects.
    people, histories, starters
        Everybody, and who starts.
    paths
        Planted averages by outcome and year since start; the last value holds on.
    start_factor
        What motivation does to the wage of starters from the start year on, (n,); None is 1.

    Notes
    -----
    A gain in wages: planted(e) x multiplier x present / E[present | age, country group], the
    multiplier independent of everything with mean 1. The expectation is planted(e) per starter,
    with the dead and emigrated at zero, whoever starts.

    A loss (benefits, mostly) cannot exceed what the man would have had. He leaves the scheme for
    the year with a chance whose mean over completers and drop-outs is q(e), and a gain in benefits
    tops up by the share q(e) what he would have had: the effect is -+ q(e) x y0(e) in expectation.
    q(e) = |planted(e)| / E[y0(e) of a starter], where the expectation weights every candidate of
    the register with his chance to start: so the average planted is exact given the candidates,
    and nothing has to be calibrated on simulations.
    """
    m = len(starters.index)
    event = YEARS[None, :] - starters.start_year[:, None]
    completes = rng.random(m) < COMPLETION_SHARE
    multiplier = np.where(completes, _MULTIPLIER[True], _MULTIPLIER[False])[:, None]
    multiplier = multiplier * _mean_one(rng, (m, 1), _PERSON_SPREAD)
    multiplier = multiplier * _mean_one(rng, event.shape, _YEAR_SPREAD)
    leaves = rng.random(m)
    gain = multiplier * people.present[starters.index] / _expected_presence(people, starters)
    outcomes: dict[str, Floats] = {}
    effect: dict[str, Floats] = {}
    left = np.zeros(event.shape, dtype=bool)
    for name, path in paths.items():
        without = histories.wage if name == "wage_income" else histories.benefits[name]
        own = without[starters.index]
        factor = start_factor if name == "wage_income" else None
        if factor is not None:
            own = np.where(event >= 0, own * factor[starters.index, None], own)
        planted = np.array(path)[np.clip(event, 0, len(path) - 1)] * (event >= 0)
        change = np.where(planted > 0, planted * gain, 0.0)
        if name != "wage_income" or (planted < 0).any():
            share = _share_of_counterfactual(name, planted, event, without, starters, factor)
            if name != "wage_income":
                change = np.where(planted > 0, share * own, 0.0)
            gone = (planted < 0) & (leaves[:, None] < _leaving(share, completes[:, None]))
            change = np.where(gone, -own, change)
            left |= gone & (name != "wage_income")
        outcomes[name], effect[name] = own + change, change
    return Planted(outcomes, effect, completes, left)


def _mean_one(rng: np.random.Generator, shape: tuple[int, ...], spread: float) -> Floats:
    """Return lognormal multipliers with mean exactly 1."""
    drawn: Floats = np.exp(spread * rng.standard_normal(shape) - spread**2 / 2.0)
    return drawn


def _expected_presence(people: People, starters: Starters) -> Floats:
    """Return E[present] by year for each participant, given that he lived here before the start."""
    death, emigration = exit_hazard(people.birth_year, people.country)
    stays = (1.0 - death[starters.index]) * (1.0 - emigration[starters.index])
    stays[YEARS[None, :] < starters.start_year[:, None]] = 1.0
    after = np.cumprod(stays, axis=1)
    before = np.concatenate([np.ones((len(after), 1)), after[:, :-1]], axis=1)
    return (before + after) / 2.0


def _share_of_counterfactual(
    name: str,
    planted: Floats,
    event: NDArray[np.int64],
    without: Floats,
    starters: Starters,
    factor: Floats | None,
) -> Floats:
    """Return |planted| as a share of what a starter can expect without the programme."""
    last = int(event.max())
    total, count = np.zeros(last + 1), np.zeros(last + 1)
    for k, year in enumerate(START_YEARS):
        weight = starters.probability[k] * (1.0 if factor is None else factor)
        seen = without[:, int(year - YEARS[0]) :]
        total[: seen.shape[1]] += weight @ seen
        count[: seen.shape[1]] += starters.probability[k].sum()
    mean = (total / count)[np.clip(event, 0, last)]
    share = np.divide(np.abs(planted), mean, out=np.zeros_like(mean), where=mean > 0)
    impossible = (planted != 0) & ((mean <= 0) | ((planted < 0) & (share > 1.0)))
    if impossible.any():
        year = int(event[impossible].min())
        raise AssumptionError(
            f"The planted effect on {name} exceeds what starters have without the programme",
            found=f"{planted[impossible & (event == year)][0]:,.0f} NOK against a mean of "
            f"{mean[impossible & (event == year)][0]:,.0f} NOK in year {year} since start",
            do="Plant a smaller reduction",
        )
    return share


def _leaving(share: Floats, completes: NDArray[np.bool_]) -> Floats:
    """Return the chance to leave a scheme: more for completers, `share` on average, at most 1."""
    completer = np.minimum(_MULTIPLIER[True] * share, 1.0)
    other = (share - COMPLETION_SHARE * completer) / (1.0 - COMPLETION_SHARE)
    return np.where(completes, completer, other)


@dataclass(frozen=True, eq=False)
class SyntheticTruth:
    """The two truths about a synthetic register, kroner per starter in prices of `price_year`.

    The dead and emigrated count as zero from the year after the exit. Both averages are over the
    starters whose year since start lies within the register, as an estimator sees them.

    Attributes
    ----------
    patt
        Expected effect under the generator: outcome, year_since_start, value.
    satt
        Mean realised effect of these very starters: outcome, year_since_start, value, n_starters.
    price_year
        The year of the prices.
    seed
        The seed of the register.
    """

    patt: pd.DataFrame
    satt: pd.DataFrame
    price_year: int
    seed: int

    def to_frame(self) -> pd.DataFrame:
        """Return both truths side by side: outcome, year_since_start, patt, satt, n_starters."""
        keys = ["outcome", "year_since_start"]
        satt = self.satt.rename(columns={"value": "satt"})
        return self.patt.rename(columns={"value": "patt"}).merge(satt, on=keys)


def truth_of(
    paths: Mapping[str, tuple[float, ...]],
    starters: Starters,
    planted: Planted,
    *,
    price_year: int,
    seed: int,
) -> SyntheticTruth:
    """Return the truths for every year since start that the register shows of some starter."""
    event = YEARS - starters.start_year[:, None]
    length = max(len(path) for path in paths.values())
    n_seen = {e: int((event == e).sum()) for e in range(length)}
    cells = [(name, e) for name in paths for e, n in n_seen.items() if n]
    frame = pd.DataFrame(cells, columns=["outcome", "year_since_start"])
    realised = [planted.effect[name][event == e].mean() for name, e in cells]
    return SyntheticTruth(
        patt=frame.assign(value=[paths[name][e] for name, e in cells]),
        satt=frame.assign(value=realised, n_starters=[n_seen[e] for _, e in cells]),
        price_year=price_year,
        seed=seed,
    )
