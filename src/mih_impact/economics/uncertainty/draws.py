"""Draws of effects and of assumptions, each source on a seed of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.economics.evaluate import draw_effects
from mih_impact.errors import AssumptionError, EffectsError

if TYPE_CHECKING:
    from mih_impact.economics.values import AccountValues
    from mih_impact.effects.series import EffectSeries

__all__ = ["EffectDraws", "drawn_effects", "drawn_values", "given_effects"]

FloatArray = NDArray[np.float64]


class EffectDraws(Protocol):
    """Effects estimated again on draws of persons, such as `mih.resample` gives."""

    @property
    def effects(self) -> EffectSeries:
        """The effects that were drawn again."""

    @property
    def draws(self) -> FloatArray:
        """Estimates of every draw, shape (n, K * L), in the order of the effects' covariance."""


def drawn_effects(case: AccountValues, n: int, seed: int) -> FloatArray | None:
    """Return draws of the effects from their full covariance, (n, R, S); None without one."""
    if case.covariance is None:
        return None
    return draw_effects(case.effects, case.covariance, n, seed)


def given_effects(case: AccountValues, draws: EffectDraws) -> FloatArray:
    """Return the draws of a resampling for the effects of the account, shape (n, R, S).

    Raises
    ------
    EffectsError
        The draws are of other outcomes or years, or some of them are missing.
    """
    if not (hasattr(draws, "effects") and hasattr(draws, "draws")):
        raise EffectsError(
            "resampled are effects estimated again on draws of persons",
            found=arguments.shown(draws),
            do="give what mih.resample returned for the effects of this account",
        )
    series, years = draws.effects, range(case.effects.shape[1])
    point, _ = series.select(case.outcomes, tuple(years))  # raises on what is not there
    if not np.allclose(point, case.effects, rtol=1e-9, atol=1e-6):
        raise EffectsError(
            "The draws are of other effects than the account's",
            found="estimates that differ",
            do="resample the same group with the same options as event_study had",
        )
    rows = [series.outcomes.index(name) for name in case.outcomes]
    columns = [series.event_years.index(year) for year in years]
    places = np.array([[k * len(series.event_years) + e for e in columns] for k in rows])
    found = np.asarray(draws.draws, dtype=np.float64)[:, places]
    if np.isnan(found).any():
        raise EffectsError(
            "Some draws have no estimate in the years of the account",
            found=f"{int(np.isnan(found).any(axis=(1, 2)).sum())} of {len(found)} draws",
            do="resample again: saved draws have their small cells blanked",
        )
    return found


def drawn_values(case: AccountValues, n: int, seed: int) -> dict[str, FloatArray]:
    """Return n values of every assumption that varies.

    Each is drawn from a generator of its own name, so that its draws do not hang on which others
    vary.
    """
    values = {
        item.name: item.drawn(np.random.default_rng([seed, crc32(item.name.encode())]).random(n))
        for item in case.used_assumptions()
        if item.is_drawn
    }
    shares = [
        values.get(name, np.full(1, getattr(case.assumptions, name)))
        for name in ("municipal_tax_share", "county_tax_share")
    ]
    if (shares[0] + shares[1]).max() > 1:
        raise AssumptionError(
            "The ranges of the tax shares let municipality and county get more than all of the tax",
            found=f"up to {(shares[0] + shares[1]).max():g}",
            do="give municipal_tax_share and county_tax_share ranges whose high ends sum to 1",
        )
    return values
