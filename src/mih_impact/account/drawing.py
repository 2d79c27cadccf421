"""What the figures of the account share: rows, whiskers, amounts."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mih_impact.account.roles import hundreds
from mih_impact.display.locale import Label, capital
from mih_impact.display.numbers import MINUS, NBSP

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patheffects import AbstractPathEffect

__all__ = [
    "INK",
    "INTERVAL",
    "NO_INTERVAL",
    "RULE",
    "halo",
    "name_rows",
    "per_participant",
    "signed",
    "upright_grid",
    "whiskers",
    "wrapped",
    "write_amounts",
]

FloatArray = NDArray[np.float64]

INK = "#222222"
_HELD = "\ue000"  # stands for a no-break space
RULE = "#BBBBBB"  # a line that parts rows and is no mark

INTERVAL = Label(
    nb="Strek: 95\u00a0% konfidensintervall, bare utvalgsusikkerhet.",
    en="Line: 95% confidence interval, sampling alone.",
)
NO_INTERVAL = Label(
    nb="Konfidensintervall er ikke tilgjengelig.", en="Confidence interval not available."
)
_PER = Label(nb="Nåverdi per deltaker for {who}", en="Present value per participant for {who}")


def per_participant(who: Label) -> Label:
    """Return what an axis of present values measures."""
    return _PER.format(who=who)


def wrapped(text: str, width: int = 28) -> str:
    r"""Return the name of a row in as few lines as fit, and those as even as can be.

    Examples
    --------
    >>> wrapped("pension and social costs, share of wage", 36)
    'Pension and social\ncosts, share of wage'
    """
    held = text.replace(NBSP, _HELD)  # which textwrap would break at
    lines = _lines(held, width)
    while width > 1 and len(fewer := _lines(held, width - 1)) == len(lines):
        lines, width = fewer, width - 1
    return capital("\n".join(lines).replace(_HELD, NBSP))


def _lines(text: str, width: int) -> list[str]:
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return lines if max(map(len, lines), default=0) <= width else [*lines, ""]


def signed(value: float) -> str:
    """Return an amount with its sign, the plus too: it is a step.

    Examples
    --------
    >>> signed(1_234) == "+1\u00a0200\u00a0kr"
    True
    """
    if round(value, -2) <= 0:
        return hundreds(value)
    return hundreds(-value).replace(MINUS, "+")


def upright_grid(ax: Axes) -> None:
    """Let the grid stand on the horizontal axis, that of the amounts."""
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x", color="#DDDDDD", linewidth=0.8)


def name_rows(
    ax: Axes,
    places: Sequence[float] | FloatArray,
    names: Sequence[str],
    *,
    heads: Sequence[int] = (),
) -> None:
    """Name the rows along the vertical axis, from the top; those numbered in `heads` in bold."""
    ax.set_yticks(places, names)
    for k in heads:
        label = ax.get_yticklabels()[k]
        label.set_fontweight("bold")
        label.set_color(INK)
    ax.set_ylim(max(places) + 0.6, min(places) - 0.6)


def whiskers(ax: Axes, places: Any, low: Any, high: Any) -> None:
    """Draw intervals with a white edge, so that they are seen on bars of any colour."""
    ax.hlines(places, low, high, color=INK, linewidth=1.4, path_effects=halo(3.6))


def write_amounts(ax: Axes, places: Any, values: Any, low: Any, high: Any) -> None:
    """Write each amount beyond the end of its bar and whisker, on the side it points to."""
    for place, value, least, most in zip(places, values, low, high, strict=True):
        gain = value >= 0
        ax.annotate(
            hundreds(value), xy=(most if gain else least, place),
            xytext=(5 if gain else -5, 0), textcoords="offset points",
            ha="left" if gain else "right", va="center", fontsize=9, color=INK,
            path_effects=halo(),
        )  # fmt: skip


def halo(width: float = 2.5) -> list[AbstractPathEffect]:
    """Return a white edge for what is written or drawn across other lines."""
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=width, foreground="white"), Normal()]
