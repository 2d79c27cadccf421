"""Colours that everybody can tell apart, also in grey, and that text in them can be read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ACTOR_COLOURS",
    "CONTROL",
    "GREY",
    "GRID",
    "OKABE_ITO",
    "PARTICIPANT",
    "SOFT",
    "luminance",
    "readable",
    "tinted",
]

OKABE_ITO = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
}
"""Okabe and Ito's palette, which colour-blind readers can tell apart."""

PARTICIPANT = OKABE_ITO["blue"]
CONTROL = "#8A8A8A"
SOFT = "#5A5A5A"
GRID = "#DDDDDD"

# The sum of three budgets is none of them: a wine red beyond the eight of the palette, told from
# them by colour-blind readers and, by its darkness, in grey.
_WINE = "#882255"

ACTOR_COLOURS = {
    "society": OKABE_ITO["black"],
    "participant": PARTICIPANT,
    "public": _WINE,
    "state": OKABE_ITO["vermillion"],
    "county": OKABE_ITO["orange"],
    "municipality": OKABE_ITO["green"],
    "employer": OKABE_ITO["sky"],
    "users": OKABE_ITO["purple"],
    "displaced": OKABE_ITO["yellow"],
    "rest_of_society": CONTROL,
}
"""A colour for everybody who pays or gains, the same in every figure."""

GREY = np.array([0.2126, 0.7152, 0.0722])
"""How bright red, green and blue look."""


def readable(colour: Any) -> tuple[float, float, float]:
    """Darken a colour until text in it has WCAG's contrast of 4.5 to 1 on white."""
    from matplotlib.colors import to_rgb

    rgb = np.array(to_rgb(colour))
    while 1.05 / (luminance(rgb) + 0.05) < 4.5:
        rgb = rgb * 0.97
    return float(rgb[0]), float(rgb[1]), float(rgb[2])


def tinted(colour: Any, strength: float) -> tuple[float, float, float]:
    """Mix a colour with white; at a strength of 1 it is itself, at 0 white.

    Examples
    --------
    >>> tinted("black", 0.25)
    (0.75, 0.75, 0.75)
    """
    from matplotlib.colors import to_rgb

    red, green, blue = (1 - strength * (1 - part) for part in to_rgb(colour))
    return red, green, blue


def luminance(rgb: NDArray[np.float64]) -> float:
    """Return the relative luminance of a colour, 0 to 1, as WCAG defines it."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ GREY)
