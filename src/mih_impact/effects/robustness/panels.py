"""Panels that are another panel with something changed: whose cubes are, or when people started."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import narwhals as nw

from mih_impact.panel.build import Request
from mih_impact.panel.cube import Cube
from mih_impact.panel.panel import Panel
from mih_impact.panel.selection import Eligible

__all__ = ["Altered", "StartedEarlier"]


class Altered(Panel):
    """A panel whose cubes are changed after they have left the engine.

    Parameters
    ----------
    panel
        The panel; what it has read is not read again.
    change
        What becomes of each cube.
    """

    def __init__(self, panel: Panel, change: Callable[[Cube], Cube]) -> None:
        self.__dict__.update(panel.__dict__)  # nothing of the panel changes but its cubes
        self._whole = panel
        self._change = change

    def cube(self, *, eligible: Eligible = None, columns: Iterable[str] | None = None) -> Cube:
        """Return the changed cube."""
        return self._change(self._whole.cube(eligible=eligible, columns=columns))


class StartedEarlier(Panel):
    """A panel in which everybody who started did so some years before.

    The engine is asked anew, since others could have been eligible then.

    Parameters
    ----------
    panel
        The panel; what was counted of its rows holds still.
    years
        How many years earlier.
    """

    def __init__(self, panel: Panel, years: int) -> None:
        self.__dict__.update(panel.__dict__)
        self._last_cube = None
        self._earlier = years

    def _request(self, names: tuple[str, ...], eligible: nw.Expr | None) -> Request:
        request = super()._request(names, eligible)
        if request.start_range is None:
            return request
        first, last = request.start_range
        started = (nw.col("start_year") - self._earlier).alias("start_year")
        return replace(
            request,
            frame=request.frame.with_columns(started),
            start_range=(first - self._earlier, last - self._earlier),
        )
