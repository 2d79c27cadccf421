"""Discount factors: the ladder of the Ministry of Finance's circular R-109/2021.

One discount object serves every measure, so that no two parts of an account can disagree. Years are
counted from the start year of the measure, never from today.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mih_impact import arguments
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.reference.rows import rows

__all__ = ["Discount", "Ladder", "Timing"]

Ladder = tuple[tuple[int | None, float], ...]
"""Steps of (last year of the step, rate); the last step ends in None."""

Timing = Literal["start", "end", "middle"]


@cache
def _r109() -> Ladder:
    """Read the ladder from its rows, so that each rate and each year stands in one place only."""
    steps: list[tuple[int | None, float]] = []
    for row in rows("r109_2021"):
        if row.name.startswith("discount_rate_"):
            years = re.search(r"_years_\d+_(\d+)$", row.name)
            steps.append((int(years[1]) if years else None, row.number))
    return tuple(steps)


#: Years that nobody discounts over: a mistake in what is asked for.
LONGEST = 100_000

_EXAMPLE = "((40, 0.04), (75, 0.03), (None, 0.02))"


def _steps(ladder: Any) -> Ladder:
    """Return the steps of a ladder, each a last year and a rate, or raise."""
    listed = arguments.listed(ladder)
    steps = [arguments.listed(step) or [] for step in listed or ()]
    whole = all(
        len(step) == 2
        and (step[0] is None or arguments.is_whole(step[0]))
        and isinstance(step[1], (int, float, np.integer, np.floating))
        and not isinstance(step[1], bool)
        for step in steps
    )
    if listed is None or not whole:
        raise OptionError(
            "A discount has steps of a last year and a rate",
            found=arguments.shown(ladder) if listed is None else "; ".join(map(str, listed)),
            do=f"Write it as {_EXAMPLE}, or mih.Discount.flat(0.04)",
        )
    return tuple((None if end is None else int(end), float(rate)) for end, rate in steps)


@dataclass(frozen=True)
class Discount:
    """How a later year is weighed against the start year.

    Parameters
    ----------
    ladder
        Steps of (last year, rate per year, real); the last step has None for its year. The
        default is that of R-109/2021: 4 % in years 1-40, 3 % in 41-75, 2 % after.
    timing
        When in the year the flow falls: ``"start"`` (default: the start year is not discounted),
        ``"end"`` or ``"middle"``.

    Raises
    ------
    AssumptionError
        The ladder does not climb to an open end, or a rate is not above -1 and at most 1.
    OptionError
        The timing is not one of the three.

    Notes
    -----
    With r_s the rate of year s, ``d_0 = 1`` and ``d_t = prod_{s=1..t} 1 / (1 + r_s)``. Timing
    ``"end"`` is ``d_{t+1}``, ``"middle"`` is ``d_t (1 + r_{t+1})^(-1/2)``.

    References
    ----------
    Ministry of Finance, circular R-109/2021, paragraphs 6.2 (rates) and 6.3 (counted from the
    start-up year of the measure).

    Examples
    --------
    >>> Discount().factors(3).round(4).tolist()
    [1.0, 0.9615, 0.9246]
    >>> Discount.flat(0.0).factors(2).tolist()
    [1.0, 1.0]
    """

    ladder: Ladder = field(default_factory=_r109)
    timing: Timing = "start"

    def __post_init__(self) -> None:
        arguments.choice("A discount", "timing", self.timing, get_args(Timing))
        object.__setattr__(self, "ladder", _steps(self.ladder))
        ends = [end for end, _ in self.ladder]
        inner = [end for end in ends[:-1] if end is not None]
        climbs = len(inner) == len(ends) - 1 and inner == sorted({end for end in inner if end > 0})
        if not ends or ends[-1] is not None or not climbs:
            raise AssumptionError(
                "A discount ladder must climb year by year and end open",
                found=f"steps that end in {ends}",
                do=f"Write it as {_EXAMPLE}",
            )
        wrong = [rate for _, rate in self.ladder if not -1 < rate <= 1]
        if wrong:
            raise AssumptionError(
                "A discount rate must be a number above -1 and at most 1",
                found=", ".join(f"{rate:g}" for rate in wrong),
                do="Write four per cent as 0.04",
            )

    @classmethod
    def flat(cls, rate: float, *, timing: Timing = "start") -> Discount:
        """Return a discount at one rate for ever."""
        return cls(ladder=((None, rate),), timing=timing)

    def with_first_rate(self, rate: float) -> Discount:
        """Return the same ladder with another rate in its first step."""
        (end, _), *rest = self.ladder
        return replace(self, ladder=((end, rate), *rest))

    def with_timing(self, timing: Timing) -> Discount:
        """Return the same ladder for flows that fall at another time of the year."""
        return replace(self, timing=timing)

    def rates(self, n: int, *, first_rate: ArrayLike | None = None) -> NDArray[np.float64]:
        """Return the rates of years 1 to n, shape (..., n).

        Parameters
        ----------
        n
            Number of years.
        first_rate : array-like, shape (...)
            Rates to put in the place of that of the first step; None keeps it.
        """
        arguments.whole("n", n, low=0)
        if n > LONGEST:
            raise OptionError(
                "A discount is not asked for that many years",
                found=f"n={n}",
                do=f"give at most {LONGEST}",
            )
        years = np.arange(1, n + 1)
        step = np.searchsorted([end for end, _ in self.ladder if end is not None], years)
        rates = np.array([rate for _, rate in self.ladder], dtype=np.float64)[step]
        if first_rate is None:
            return rates
        try:
            first = np.asarray(first_rate, dtype=np.float64)
        except (TypeError, ValueError):
            raise OptionError(
                "first_rate is a rate, or an array of rates",
                found=f"first_rate={arguments.shown(first_rate)}",
                do="Write four per cent as 0.04",
            ) from None
        return np.where(step == 0, first[..., None], rates)

    def factors(self, n: int, *, first_rate: ArrayLike | None = None) -> NDArray[np.float64]:
        """Return the discount factors of years 0 to n - 1.

        Parameters
        ----------
        n
            Number of years, the start year among them.
        first_rate : array-like, shape (...)
            Rates to put in the place of that of the first step; None keeps it.

        Returns
        -------
        numpy.ndarray, shape (..., n)
            The present value, in the start year, of one krone in each year.
        """
        growth = 1.0 + self.rates(n, first_rate=first_rate)
        end = 1.0 / np.cumprod(growth, axis=-1, dtype=np.float64)  # d_1 ... d_n
        if self.timing == "end":
            return end
        start = np.concatenate([np.ones((*end.shape[:-1], 1)), end], axis=-1)[..., :n]
        return start if self.timing == "start" else start / np.sqrt(growth)
