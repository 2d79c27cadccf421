"""The style, the axes drawn in, and the text that stands for a figure."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from mih_impact.display.style.palette import GRID, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "alt_text",
    "axes",
    "figure_style",
    "figures_for_files",
    "new_axes",
    "root_figure",
    "set_alt_text",
    "settle",
]

_SIZE = (7.2, 4.4)  # inches: the width of a text column, calm proportions
_FONT = "DejaVu Sans"  # ships with matplotlib: the same picture on every machine
_RC: Any = {
    "font.family": [_FONT],
    "font.size": 9.5,
    "text.color": "#222222",
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.labelsize": 9.0,
    "axes.titlelocation": "left",
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlepad": 26.0,  # leaves room for the unit above the axis
    "figure.dpi": 110,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
    "lines.solid_capstyle": "round",
    "savefig.dpi": 200,
    "svg.fonttype": "path",
    "svg.hashsalt": "mih_impact",
    "text.parse_math": False,  # a dollar sign in a label is a dollar sign
}
_FOR_FILES: ContextVar[bool] = ContextVar("figures for files", default=False)
_ALT: WeakKeyDictionary[Figure, str] = WeakKeyDictionary()


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw in the library's style; the caller's settings are back when the block ends."""
    import matplotlib as mpl

    interactive = mpl.is_interactive()
    try:
        with mpl.rc_context():
            mpl.rcdefaults()  # the reader's own style sheet plays no part
            mpl.rcParams.update(_RC)
            try:
                yield
            finally:
                interactive = mpl.is_interactive()
    finally:
        # Jupyter's backend wakes with the first figure, here inside, and turns interactive mode
        # on; taking that back would leave every later cell without its figure.
        mpl.interactive(interactive)


def axes(ax: Axes | None = None, *, size: tuple[float, float] = _SIZE) -> Axes:
    """Return dressed axes: the given ones, or new ones in a figure of their own.

    Parameters
    ----------
    ax
        Axes to draw in; None makes a figure (see the module for who shows it).
    size
        Width and height of a new figure in inches.
    """
    if ax is None:
        ax = _pyplot_axes(size) if _reader_uses_pyplot() else new_axes(size=size)
    return _dress(ax)


def new_axes(*, size: tuple[float, float] = _SIZE) -> Axes:
    """Return dressed axes in a plain figure that pyplot never hears of: for files and tests."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)  # keeps what measures texts, and with it the measures
    return _dress(figure.add_subplot())


@contextmanager
def figures_for_files() -> Iterator[None]:
    """Draw plain figures within, that pyplot never hears of, whoever else uses it."""
    token = _FOR_FILES.set(True)
    try:
        yield
    finally:
        _FOR_FILES.reset(token)


def _reader_uses_pyplot() -> bool:
    if _FOR_FILES.get():
        return False
    if "matplotlib.pyplot" in sys.modules:
        return True
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def _pyplot_axes(size: tuple[float, float]) -> Axes:
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(figsize=size, layout="constrained")
    return ax


def _dress(ax: Axes) -> Axes:
    # Said to the axes and not left to the settings: ticks are made when the figure is drawn, which
    # in a notebook is after the style has been left.
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(SOFT)
    ax.grid(axis="y", color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(axis="both", colors=SOFT, labelsize=9.0, length=0, pad=5, labelfontfamily=_FONT)
    ax.tick_params(axis="x", length=3)
    # Of axes that were there before the style: their titles would still read dollars as formulas.
    from matplotlib.text import Text

    titles = [child for child in ax.get_children() if isinstance(child, Text)]
    for text in (*titles, ax.xaxis.label, ax.yaxis.label):
        text.set_parse_math(False)
    return ax


def set_alt_text(where: Figure | Axes, text: str) -> None:
    """Give a figure the text that stands for it where it cannot be seen."""
    _ALT[root_figure(where)] = text


def alt_text(where: Figure | Axes) -> str:
    """Return the figure's alt text, empty when it has none."""
    return _ALT.get(root_figure(where), "")


def settle(where: Figure | Axes) -> None:
    """Let the layout put everything in its place, as drawing does, without drawing it."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = root_figure(where)
    layout = figure.get_layout_engine()
    if isinstance(layout, ConstrainedLayoutEngine):
        layout.execute(figure)
    else:
        figure.draw_without_rendering()


def root_figure(where: Figure | Axes) -> Figure:
    """Return the figure itself, or the one that axes are in."""
    from matplotlib.figure import Figure

    if isinstance(where, Figure):
        return where
    parent = where.figure
    return parent if isinstance(parent, Figure) else parent.figure  # a SubFigure's is the root
