"""Draws of persons: how often each is in, the same however many workers draw them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.blas import one_thread
from mih_impact.display.labels import Label
from mih_impact.display.options import current
from mih_impact.errors import EffectsError, SupportError

__all__ = ["Draws", "Urns"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_BAR = Label(nb="trekker utvalg på nytt", en="resampling")
#: A larger share of draws without estimates is no distribution of the estimates.
MOST_FAILED = 0.05


@dataclass(frozen=True, eq=False)
class Urns:
    """What is drawn, with replacement, as many as there are.

    Attributes
    ----------
    unit
        The unit each person goes with, shape (n_persons,): itself, or its cluster; -1 for persons
        who are never drawn.
    urn
        The urn of each unit, shape (n_units,); units of one urn take each other's place.
    """

    unit: IntArray
    urn: IntArray

    def counts(self, rng: np.random.Generator) -> IntArray:
        """Return how often each person is drawn, shape (n_persons,).

        A unit that is drawn twice counts twice: with a cluster all of its persons do.
        """
        drawn = np.zeros(len(self.urn), dtype=np.int64)
        for units in self._urns:
            picked = rng.integers(0, len(units), len(units))
            drawn[units] = np.bincount(picked, minlength=len(units))
        return np.where(self.unit >= 0, drawn[self.unit], 0)

    @cached_property
    def _urns(self) -> list[IntArray]:
        """The units of each urn, urns ascending."""
        return [np.flatnonzero(self.urn == u) for u in np.unique(self.urn).tolist()]


@dataclass(frozen=True, eq=False)
class Draws:
    """Estimates on every draw of persons.

    Attributes
    ----------
    estimates
        Shape (draws that could be estimated, C).
    failed
        How many could not.
    """

    estimates: FloatArray
    failed: int

    @classmethod
    def of(
        cls,
        estimate: Callable[[IntArray], FloatArray],
        urns: Urns,
        *,
        draws: int,
        seed: int,
        workers: int,
    ) -> Draws:
        """Estimate on draws of persons.

        Parameters
        ----------
        estimate
            Estimates, shape (C,), given how often each person counts; raises a SupportError where
            there are none, or not all.
        urns
            What is drawn.
        draws, seed
            Number of draws, each with a generator of its own spawned from the seed.
        workers
            Threads; they change no number.

        Raises
        ------
        EffectsError
            More than 5 % of the draws have no estimate; the first reason is given.
        """
        seeds = np.random.SeedSequence(seed).spawn(draws)

        def one(child: np.random.SeedSequence) -> FloatArray | SupportError:
            try:
                return estimate(urns.counts(np.random.default_rng(child)))
            except SupportError as error:
                return error

        with one_thread():
            found = _with_bar(one, seeds, workers)
        errors = [one for one in found if isinstance(one, SupportError)]
        if len(errors) > MOST_FAILED * draws:
            raise EffectsError(
                "Too many draws of persons have no estimate",
                found=f"{len(errors)} of {draws}; the first: {errors[0].what}",
                do="choose controls on fewer columns, shorten window=, or take blocks='start_year'",
            )
        return cls(
            np.stack([one for one in found if not isinstance(one, SupportError)]), len(errors)
        )


def _with_bar(
    one: Callable[[np.random.SeedSequence], FloatArray | SupportError],
    seeds: Sequence[np.random.SeedSequence],
    workers: int,
) -> list[FloatArray | SupportError]:
    """Call for every seed, in order, with a progress bar where one is wanted."""
    from tqdm import tqdm

    with tqdm(
        total=len(seeds), desc=_BAR.text(), disable=not current().progress, leave=False
    ) as bar:
        found = []
        if workers == 1:
            for seed in seeds:
                found.append(one(seed))
                bar.update()
            return found
        with ThreadPoolExecutor(workers) as pool:
            for result in pool.map(one, seeds):
                found.append(result)
                bar.update()
        return found
