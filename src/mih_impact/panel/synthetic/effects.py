"""What the programme does to each participant, and the truth about it.

The planted averages are exact by construction, not by calibration on simulations: see `plant`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from mih_impact.errors import AssumptionError, OptionError
from mih_impact.panel.contract import OUTCOMES
from mih_impact.panel.synthetic.people import YEARS, Floats, Histories, People, exit_hazard
from mih_impact.panel.synthetic.start import START_YEARS, Starters

__all__ = [
    "PLANTED",
    "EffectPaths",
    "Planted",
    "SyntheticTruth",
    "plant",
    "planted_path",
    "truth_of",
]

#: Three in four complete; who drops out earns what he would have earned. Mean 1 over both.
_COMPLETION_SHARE = 0.75
_COMPLETER, _DROP_OUT = 1.0 / _COMPLETION_SHARE, 0.0
#: Spread (of logarithms) of the effect between persons, and between the years of one person.
_PERSON_SPREAD, _YEAR_SPREAD = 0.25, 0.20


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
        Planted averages by outcome and year since start. After the last year a gain stays what it
        was, and a loss the same share of what there would have been.
    start_factor
        What motivation does to the wage of starters from the start year on, (n,); None is 1.

    Notes
    -----
    A gain in wages: planted(e) x multiplier x present / E[present | age, country group], the
    multiplier independent of everything with mean 1. The expectation is planted(e) per starter,
    with the dead and emigrated at zero, whoever starts.

    A loss (benefits, mostly) cannot exceed what the man would have had. He leaves the scheme for
    the year with a chance that is q(e) on average over completers and drop-outs; a gain in benefits
    adds the share q(e) to what he would have had. The effect is -q(e) y0(e) or +q(e) y0(e) in
    expectation, and q(e) = |planted(e)| / E[y0(e)]. The expectation is over who starts: every
    candidate of this register counts with his chance to start. So the average planted is exact for
    any settings, and nothing is calibrated on simulations.
    """
    m = len(starters.index)
    event = YEARS - starters.start_year[:, None]
    completes = rng.random(m) < _COMPLETION_SHARE
    leaves = rng.random(m)  # one number for all schemes and years: who has left stays away
    gain = np.where(completes, _COMPLETER, _DROP_OUT)[:, None] * _mean_one(
        rng, (m, 1), _PERSON_SPREAD
    )
    gain = gain * _mean_one(rng, event.shape, _YEAR_SPREAD)
    gain *= people.present[starters.index] / _expected_presence(people, starters)

    outcomes: dict[str, Floats] = {}
    effect: dict[str, Floats] = {}
    left = np.zeros(event.shape, dtype=bool)
    for name, path in paths.items():
        is_wage = name == "wage_income"
        without = histories.wage if is_wage else histories.benefits[name]
        own = without[starters.index]
        factor = start_factor if is_wage else None
        if factor is not None:
            own = np.where(event >= 0, own * factor[starters.index, None], own)
        at = np.clip(event, 0, len(path) - 1)
        planted = np.where(event >= 0, np.array(path)[at], 0.0)
        share = np.where(
            planted != 0, _share_of_counterfactual(name, path, without, starters, factor)[at], 0.0
        )
        gone = (planted < 0) & (leaves[:, None] < _chance_to_leave(share, completes[:, None]))
        rise = planted * gain if is_wage else share * own
        change = np.where(gone, -own, np.where(planted > 0, rise, 0.0))
        outcomes[name], effect[name] = own + change, change
        left |= gone & (not is_wage)
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
    expected: Floats = (before + after) / 2.0
    return expected


def _share_of_counterfactual(
    name: str,
    path: tuple[float, ...],
    without: Floats,
    starters: Starters,
    factor: Floats | None,
) -> Floats:
    """Return |planted| by year since start as a share of what starters can expect without it."""
    total, count = np.zeros(len(path)), np.zeros(len(path))
    if not any(path):
        return total
    for chance, year in zip(starters.chance, START_YEARS, strict=True):
        seen = without[:, int(year - YEARS[0]) :][:, : len(path)]
        total[: seen.shape[1]] += (chance if factor is None else chance * factor) @ seen
        count[: seen.shape[1]] += chance.sum()
    mean = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    share = np.divide(np.abs(path), mean, out=np.zeros_like(mean), where=mean > 0)
    scaled = np.array(path) < 0 if name == "wage_income" else np.array(path) != 0
    impossible = scaled & (count > 0) & ((mean == 0) | ((np.array(path) < 0) & (share > 1.0)))
    if impossible.any():
        year = int(np.argmax(impossible))
        raise AssumptionError(
            f"The planted effect on {name} cannot be reached from what starters have without it",
            found=f"{path[year]:,.0f} NOK planted in year {year} since start, "
            f"{mean[year]:,.0f} NOK on average without it",
            do="Plant a smaller change",
        )
    return share


def _chance_to_leave(share: Floats, completes: NDArray[np.bool_]) -> Floats:
    """Return the chance to leave a scheme: more for completers, `share` on average, at most 1."""
    completer = np.minimum(_COMPLETER * share, 1.0)
    other = (share - _COMPLETION_SHARE * completer) / (1.0 - _COMPLETION_SHARE)
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


#: What `effects=` takes: outcome -> kroner by year since start, or a tidy frame.
EffectPaths = Mapping[str, ArrayLike] | pd.DataFrame

#: Nav benefits together, NOK thousand; taxable schemes (dagpenger, aap) are three quarters of it.
_NAV_BENEFITS = np.array([25.0, 35.0, -15.0, -60.0, -70.0, -70.0, -65.0])
_SPLIT = {"dagpenger": 0.30, "aap": 0.45, "tiltakspenger": 0.25}
_N_YEARS = len(_NAV_BENEFITS)

#: The default planted averages: NOK per starter (drop-outs and dead included) in prices of 2024,
#: by year since start 0-6. Only the wage effect of year 3 is a published figure.
PLANTED: dict[str, tuple[float, ...]] = {
    "wage_income": (0.0, 50_000.0, 130_000.0, 200_000.0, 250_000.0, 265_000.0, 265_000.0),
    **{name: tuple(np.rint(1000 * share * _NAV_BENEFITS)) for name, share in _SPLIT.items()},
    "sosialhjelp": (0.0, -3_000.0, -6_000.0, -8_000.0, -8_000.0, -8_000.0, -8_000.0),
    "uforetrygd": (0.0,) * _N_YEARS,
    "sykepenger": (0.0,) * _N_YEARS,
}


def planted_path(effects: EffectPaths | None) -> dict[str, tuple[float, ...]]:
    """Return the planted average of every outcome, at least seven years, all equally long.

    Outcomes that are not named have no effect; the last value of a path holds on.

    Raises
    ------
    AssumptionError
        If an outcome is unknown, or a path is not a sequence of finite numbers from year 0.

    Examples
    --------
    >>> planted_path({"wage_income": [10_000, 20_000]})["wage_income"]
    (10000.0, 20000.0, 20000.0, 20000.0, 20000.0, 20000.0, 20000.0)
    """
    if effects is None:
        return dict(PLANTED)
    given = _of_frame(effects) if isinstance(effects, pd.DataFrame) else effects
    unknown = sorted(set(given) - set(OUTCOMES))
    if unknown:
        raise OptionError(
            "An effect is planted on an unknown outcome",
            found=", ".join(unknown),
            do=f"Use {', '.join(OUTCOMES)}",
        )
    paths = {name: _checked(name, path) for name, path in given.items()}
    length = max([_N_YEARS, *(len(path) for path in paths.values())])
    nothing = np.zeros(1)
    held = {name: paths.get(name, nothing) for name in OUTCOMES}
    return {
        name: tuple(np.pad(path, (0, length - len(path)), mode="edge").tolist())
        for name, path in held.items()
    }


def _checked(name: str, path: ArrayLike) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    try:
        values = np.asarray(path, dtype=float)
    except (TypeError, ValueError):
        values = np.empty((0, 0))
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise OptionError(
            f"The planted path of {name} is not a sequence of finite numbers",
            do="Give kroner by year since start 0, 1, ...",
        )
    return values


def _of_frame(frame: pd.DataFrame) -> dict[str, ArrayLike]:
    """Return the paths of a frame with outcome, year_since_start and value."""
    needed = {"outcome", "year_since_start", "value"}
    if not needed <= set(frame.columns):
        raise AssumptionError(
            "The frame of planted effects lacks columns",
            found=", ".join(map(str, frame.columns)),
            do="Give outcome, year_since_start (0, 1, ...) and value in kroner",
        )
    paths: dict[str, ArrayLike] = {}
    for name, part in frame.sort_values("year_since_start").groupby("outcome"):
        if part["year_since_start"].tolist() != list(range(len(part))):
            raise AssumptionError(
                f"The planted path of {name} has years missing or twice",
                do="Give every year since start once, from 0",
            )
        paths[str(name)] = part["value"].to_numpy(dtype=float)
    return paths
