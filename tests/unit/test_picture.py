"""A figure drawn once is, as PNG and as SVG, what Matplotlib draws in two turns."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.patheffects import withStroke
from PIL import Image

from mih_impact.display.figure import figure_style, set_alt_text
from mih_impact.display.layout import figure_bytes
from mih_impact.display.picture import FileCanvas

NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")


def lines(ax):
    ax.plot([0, 1, 2], [3, 1, 2], "o--", label="linje")
    ax.legend()


def areas(ax):
    ax.fill_between([0, 1, 2], [0, 1, 0], alpha=0.3)
    ax.bar([0, 1], [1, -1], hatch="//", edgecolor="black")


def dots(ax):
    ax.scatter(range(20), range(20), s=range(20, 60, 2), c=range(20))
    ax.scatter([3, 4], [9, 2])


def cells(ax):
    ax.pcolormesh([0, 1, 2], [0, 1, 2], [[1, 2], [3, 4]], edgecolors="white")


def smooth(ax):
    ax.pcolormesh([0, 1, 2], [0, 1, 2], np.arange(9).reshape(3, 3), shading="gouraud")


def image(ax):
    ax.imshow(np.arange(12).reshape(3, 4), aspect="auto")


def cut_out(ax):
    (line,) = ax.plot([0, 1], [0, 1], linewidth=8)
    line.set_clip_path(Circle((0.5, 0.5), 0.2, transform=ax.transAxes))


def texts(ax):
    ax.text(0.9, 0.5, "lang tekst mot høyre", ha="right")
    ax.text(0.5, 0.2, "to\nlinjer", ha="center", va="center", rotation=30)
    ax.text(0.1, 0.1, "med kant", path_effects=[withStroke(linewidth=3, foreground="white")])
    ax.text(0.3, 0.7, r"$\beta^2$", parse_math=True)


KINDS = [lines, areas, dots, cells, smooth, image, cut_out, texts]


def picture(draw, canvas=FigureCanvasAgg):
    figure = Figure(figsize=(4.123, 3.0), layout=None)
    canvas(figure)
    with figure_style():
        draw(figure.add_subplot())
    return figure


def in_two_turns(draw):
    png, svg = io.BytesIO(), io.BytesIO()
    with figure_style():
        picture(draw).savefig(png, format="png", dpi=200)
        about = {"Date": None, "Creator": None}
        picture(draw).savefig(svg, format="svg", dpi=200, metadata=about)
    return png.getvalue(), svg.getvalue().decode()


def told(svg):
    """Return what is drawn without numbers and names, and the numbers."""
    svg = re.sub(r"(?:id|clip-path|xlink:href)=\"[^\"]*\"|url\([^)]*\)", "", svg)
    svg = svg.replace(' role="img"', "")
    return NUMBER.sub("#", svg), np.array(NUMBER.findall(svg), dtype=float)


@pytest.mark.parametrize("draw", KINDS, ids=lambda draw: draw.__name__)
def test_pixels_are_those_that_matplotlib_draws(draw):
    ours, theirs = (
        Image.open(io.BytesIO(png))
        for png in (figure_bytes(picture(draw), dpi=200)[0], in_two_turns(draw)[0])
    )
    assert np.array_equal(np.asarray(ours), np.asarray(theirs))
    assert ours.info["dpi"] == theirs.info["dpi"]


@pytest.mark.parametrize("draw", KINDS, ids=lambda draw: draw.__name__)
def test_lines_and_texts_of_the_svg_are_where_matplotlib_draws_them(draw):
    (ours, at), (theirs, there) = (
        told(figure_bytes(picture(draw))[1].decode()),
        told(in_two_turns(draw)[1]),
    )
    assert ours == theirs
    np.testing.assert_allclose(at, there, atol=0.2)  # points: less than a pixel of the PNG


def test_what_is_drawn_without_a_file_is_drawn_in_pixels_alone():
    plain, ours = picture(texts), picture(texts, FileCanvas)
    for figure in (plain, ours):
        with figure_style():
            figure.canvas.draw()
    assert np.array_equal(plain.canvas.buffer_rgba(), ours.canvas.buffer_rgba())
    ours.canvas.draw()
    assert ours.canvas.get_renderer() is ours.canvas.get_renderer()


def test_a_figure_that_is_written_keeps_no_pixels():
    figure = picture(texts)
    figure_bytes(figure)
    drew = {text._renderer for text in figure.axes[0].texts}
    assert drew
    assert not any("agg" in vars(each) for each in drew)
    assert figure.axes[0].texts[0].get_window_extent().width > 0  # it is measured as before


def test_the_png_tells_what_it_shows_in_any_letters():
    figure = picture(lines)
    set_alt_text(figure, "Effekten er −1 200 kr")
    read = Image.open(io.BytesIO(figure_bytes(figure)[0]))
    assert read.text == {"Description": "Effekten er −1 200 kr"}
    assert Image.open(io.BytesIO(figure_bytes(picture(lines))[0])).text == {}
