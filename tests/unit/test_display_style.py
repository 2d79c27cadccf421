"""Figures: the style, labels that do not overlap, files that never change."""

from __future__ import annotations

import itertools
import json
import runpy
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import nbformat
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread
from matplotlib.layout_engine import ConstrainedLayoutEngine
from nbclient import NotebookClient

from mih_impact.display import figure as style
from mih_impact.display.layout import save_figure
from mih_impact.display.locale import in_language, options
from mih_impact.errors import StorageError

SCRIPTS = Path(__file__).parents[2] / "scripts"
contact_sheet = runpy.run_path(str(SCRIPTS / "contact_sheet.py"))["contact_sheet"]


def draw(ax=None, *, ends=(300e3, 310e3, 320e3), lang="nb", told="Kilde: syntetisk register. " * 8):
    with style.figure_style():
        ax = style.axes(ax)
        for k, end in enumerate(ends):
            ax.plot([0, 1, 2], [0, end / 3, end], color=style.PARTICIPANT, label=f"linje {k}")
        ax.set_title("Lønnsinntekt")
        ax.set_xlabel("År siden oppstart")
        with in_language(lang):
            style.kroner_axis(ax, price_year=2024, what="lønnsinntekt")
        style.source_line(ax, told)
        style.label_line_ends(ax)
        style.set_alt_text(ax, "Tre linjer stiger fra null.")
    return ax


@pytest.fixture
def plain(monkeypatch):
    """A program that does not use pyplot."""
    monkeypatch.setattr(style, "_reader_uses_pyplot", lambda: False)


def labels_of(ax):
    return [text for text in ax.texts if text.get_text().startswith("linje")]


def settled(ax):
    ax.figure.draw_without_rendering()
    return FigureCanvasAgg(ax.figure).get_renderer()


# -- who shows the figure ----------------------------------------------------------------

NOTEBOOK = """
from mih_impact.display.figure import axes, figure_style
def plot():
    with figure_style():
        ax = axes(); ax.plot([1, 2])
    return ax
plot()
---
kept = plot()
---
for _ in range(2): plot()
---
import matplotlib.pyplot as plt; plt.get_fignums()
"""


def test_a_notebook_shows_each_figure_exactly_once(tmp_path):
    cells = [nbformat.v4.new_code_cell(source) for source in NOTEBOOK.split("---\n")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
    pictures = [
        sum("image/png" in output.get("data", {}) for output in cell.outputs) for cell in cells
    ]
    assert pictures == [1, 1, 2, 0]
    assert cells[-1].outputs[0]["data"]["text/plain"] == "[]"


SCRIPT = """
import json, sys
import matplotlib as mpl
before = dict(mpl.rcParams.copy())
from mih_impact.display.figure import axes, figure_style
with figure_style():
    ax = axes()
    ax.plot([1, 2])
loaded = "matplotlib.pyplot" in sys.modules
same = dict(mpl.rcParams.copy()) == before
import matplotlib.pyplot as plt
first = plt.get_fignums()
with figure_style():
    axes()
print(json.dumps([loaded, same, first, plt.get_fignums()]))
"""


def test_a_script_owns_its_figures_through_pyplot_only_if_it_uses_pyplot():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [False, True, [], [1]]


def test_given_axes_are_drawn_in_and_returned():
    ax = style.new_axes()
    assert draw(ax) is ax


# -- the style -----------------------------------------------------------------------------


def test_the_style_holds_inside_and_leaves_no_trace(plain):
    mpl.rcParams["lines.linewidth"] = 7.0
    try:
        before = dict(mpl.rcParams.copy())
        with style.figure_style():
            assert mpl.rcParams["lines.linewidth"] == 2.0
        with pytest.raises(ZeroDivisionError), style.figure_style():
            raise ZeroDivisionError
        assert dict(mpl.rcParams.copy()) == before
    finally:
        mpl.rcParams["lines.linewidth"] = mpl.rcParamsDefault["lines.linewidth"]


def test_waking_a_backend_inside_the_style_is_not_undone():
    was = mpl.is_interactive()
    try:
        mpl.interactive(False)
        with style.figure_style():
            mpl.interactive(True)
        assert mpl.is_interactive()
    finally:
        mpl.interactive(was)


def test_axes_are_calm(plain):
    ax = draw()
    assert [ax.spines[side].get_visible() for side in ("top", "right", "left", "bottom")] == [
        *([False] * 3), True,
    ]  # fmt: skip
    assert ax.yaxis.get_gridlines()[0].get_visible()
    assert not ax.xaxis.get_gridlines()[0].get_visible()


def test_actors_have_colours_of_their_own():
    budgets = ("state", "county", "municipality")
    others = ("society", "participant", "employer", "users", "displaced", "rest_of_society")
    colours = [style.ACTOR_COLOURS[name] for name in (*budgets, *others)]
    assert len(set(colours)) == len(colours)
    assert set(colours) <= {*style.OKABE_ITO.values(), style.CONTROL}


# -- axes with units -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("top", "lang", "unit", "name", "ticks"),
    [
        (400e3, "nb", "NOK", "Lønn, 1\u00a0000\u00a0kr, faste 2024-priser", ["0", "200", "400"]),
        (400e3, "en", "NOK", "Lønn, NOK\u00a0thousand, fixed 2024 prices", ["0", "200", "400"]),
        (5e6, "nb", "NOK", "Lønn, mill.\u00a0kr, faste 2024-priser", ["0,0", "2,5", "5,0"]),
        (5e6, "en", "NOK", "Lønn, NOK\u00a0million, fixed 2024 prices", ["0.0", "2.5", "5.0"]),
        (4000, "nb", "USD", "Lønn, USD, faste 2024-priser", ["0", "2\u00a0000", "4\u00a0000"]),
        (4e6, "nb", "USD", "Lønn, mill.\u00a0USD, faste 2024-priser", ["0", "2", "4"]),
        (4000, "en", "USD", "Lønn, USD, fixed 2024 prices", ["0", "2,000", "4,000"]),
    ],
)
@pytest.mark.parametrize("axis", ["x", "y"])
def test_the_axis_says_unit_and_price_year(axis, top, lang, unit, name, ticks):
    ax = style.new_axes()
    side = ax.yaxis if axis == "y" else ax.xaxis
    side.axes.set(**{f"{axis}lim": (0, top), f"{axis}ticks": [0, top / 2, top]})
    with in_language(lang):
        style.kroner_axis(ax, price_year=2024, unit=unit, what="lønn", axis=axis)
    assert side.get_label_text() == name
    assert [side.get_major_formatter()(value, 0) for value in side.get_majorticklocs()] == ticks


def test_a_share_is_shown_in_per_cent():
    ax = style.new_axes()
    style.percent_axis(ax, what="andel i arbeid")
    assert ax.yaxis.get_major_formatter()(0.5, 0) == "50\u00a0%"
    assert ax.get_ylabel() == "Andel i arbeid"


def test_the_axis_speaks_the_language_in_force():
    ax = style.new_axes()
    with options(lang="en"):
        style.kroner_axis(ax)
    assert ax.get_ylabel() == "NOK"


# -- labels at line ends -------------------------------------------------------------------


@pytest.mark.parametrize("ends", [(1.0, 1.0, 1.0), (1.0, 1.01, 5.0, 0.99), (9.0, 1.0, 5.0)])
def test_line_labels_keep_their_order_and_do_not_overlap(plain, ends):
    ax = draw(ends=ends)
    renderer = settled(ax)
    boxes = [text.get_window_extent(renderer) for text in labels_of(ax)]
    assert len(boxes) == len(ends)
    order = np.argsort(ends, kind="stable")
    assert all(boxes[a].y1 <= boxes[b].y0 for a, b in itertools.pairwise(order))
    assert all(box.x1 <= ax.figure.bbox.x1 for box in boxes)


def test_a_line_ends_where_it_was_last_seen(plain):
    with style.figure_style():
        ax = style.axes()
        ax.plot([0, 1, 2, 3], [1.0, 2.0, np.nan, np.nan], label="linje")
        ax.plot([0, 1], [np.nan, np.nan], label="linje uten tall")
        ax.plot([0, 1], [1, 1], label="_hjelpelinje")
        style.label_line_ends(ax)
    assert [text.xy for text in ax.texts] == [(1.0, 2.0)]


def brute_force(wanted, gap):
    """Best positions on a fine grid, tried one by one."""
    grid = np.arange(-3.0, 6.01, 0.25)
    fits = [p for p in itertools.product(grid, repeat=len(wanted)) if np.all(np.diff(p) >= gap)]
    return min(np.sum((np.array(p) - wanted) ** 2) for p in fits)


@pytest.mark.parametrize("wanted", [[0.0, 0.5, 3.0], [1.0, 1.0, 1.0], [0.0, 2.0, 2.25]])
def test_labels_move_as_little_as_can_be(wanted):
    placed = style.spread(np.array(wanted), np.full(3, 1.0))
    assert np.all(np.diff(placed) >= 1.0 - 1e-12)
    assert np.sum((placed - wanted) ** 2) <= brute_force(np.array(wanted), 1.0) + 1e-12


@pytest.mark.parametrize("colour", [*style.OKABE_ITO.values(), style.CONTROL])
def test_text_in_any_colour_can_be_read(colour):
    assert 1.05 / (style.luminance(np.array(style.readable(colour))) + 0.05) >= 4.5


@pytest.mark.parametrize("told", ["Kilde: syntetisk register. ", "KILDE: MWM 1 000 000. "])
def test_a_long_source_line_is_wrapped_within_the_figure(plain, told):
    ax = draw(told=told * 8)
    renderer = settled(ax)
    source = next(text for text in ax.texts if text.get_text().startswith(told[:5]))
    box = source.get_window_extent(renderer)
    assert "\n" in source.get_text()
    assert 0 <= box.x0 < box.x1 <= ax.figure.bbox.x1
    assert box.y0 >= 0


# -- files ---------------------------------------------------------------------------------


def test_the_same_figure_gives_the_same_bytes(plain, tmp_path):
    first = save_figure(draw(), tmp_path / "a" / "figur.1")
    again = save_figure(draw(), tmp_path / "b" / "figur.1")
    assert [path.name for path in first] == ["figur.1.png", "figur.1.svg"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert b"<dc:date>" not in first[1].read_bytes()
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "figur.1.png",
        "figur.1.svg",
    ]


def test_a_figure_is_laid_out_once_for_both_files_and_left_as_it_was(plain, monkeypatch, tmp_path):
    figure, laid_out, execute = draw().figure, [], ConstrainedLayoutEngine.execute
    before = figure.dpi, figure.canvas, figure.get_layout_engine()

    def counted(self, fig):
        laid_out.append(fig)
        execute(self, fig)

    monkeypatch.setattr(ConstrainedLayoutEngine, "execute", counted)
    save_figure(figure, tmp_path / "figur")
    assert laid_out == [figure]
    assert (figure.dpi, figure.canvas, figure.get_layout_engine()) == before


def test_files_carry_the_alt_text(plain, tmp_path):
    ax = draw()
    assert style.alt_text(ax) == style.alt_text(ax.figure) == "Tre linjer stiger fra null."
    style.set_alt_text(ax, 'Større & "mindre" enn <null>')
    png, svg = save_figure(ax, tmp_path / "figur")
    root = ET.parse(svg).getroot()
    assert (root.get("role"), root.get("aria-label")) == ("img", 'Større & "mindre" enn <null>')
    assert "Større".encode() in png.read_bytes() or "Større".encode("latin-1") in png.read_bytes()
    assert style.alt_text(style.new_axes()) == ""


def test_a_figure_that_cannot_be_written_is_a_typed_error(plain, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="could not be written"):
        save_figure(style.new_axes(), tmp_path / "file" / "figur")


def test_the_contact_sheet_shows_each_picture_in_colour_and_grey(plain, tmp_path):
    for name in ("nb/en", "en/to"):
        ax = style.new_axes(size=(2, 1))
        ax.set_facecolor("#D55E00")
        save_figure(ax, tmp_path / name)
    sheet = contact_sheet(tmp_path, across=1, width=6)
    assert sheet == tmp_path / "contact_sheet.png"
    once = sheet.read_bytes()
    picture = imread(sheet)[..., :3]
    half = picture.shape[1] // 2
    colourful = np.ptp(picture, axis=2) > 0.3
    assert colourful[:, :half].mean() > 0.1
    assert colourful[:, half:].mean() == 0
    assert (picture[:, half:] < 0.9).any()
    again = contact_sheet(tmp_path, across=1, width=6)  # the sheet is not in itself
    assert again.read_bytes() == once


def test_the_contact_sheet_sets_languages_side_by_side(plain, tmp_path):
    for name in ("nb/a", "nb/b", "en/a", "en/b"):
        ax = style.new_axes(size=(2, 1))
        ax.set_facecolor("#FF0000" if name.startswith("nb") else "#0000FF")
        save_figure(ax, tmp_path / name)
    picture = imread(contact_sheet(tmp_path, tmp_path / "sheet.png", width=12))[..., :3]
    height, width = picture.shape[0] // 2, picture.shape[1] // 4
    cells = picture[: 2 * height, : 4 * width].reshape(2, height, 4, width, 3).mean(axis=(1, 3))
    red, blue = cells[..., 0] - cells[..., 2] > 0.1, cells[..., 2] - cells[..., 0] > 0.1
    assert blue.tolist() == [[True, False, False, False]] * 2
    assert red.tolist() == [[False, False, True, False]] * 2
