"""The average effects that are planted: the default, and those a caller gives."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from mih_impact.errors import AssumptionError
from mih_impact.panel.contract import OUTCOMES

__all__ = ["PLANTED", "EffectPaths", "planted_path"]

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
        raise AssumptionError(
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
        raise AssumptionError(
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
