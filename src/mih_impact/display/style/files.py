"""Figures as files: the same figure gives the same bytes."""

from __future__ import annotations

import io
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from mih_impact.display.style.figure import alt_text, figure_style, root_figure
from mih_impact.display.style.palette import GREY
from mih_impact.storage import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

__all__ = ["contact_sheet", "figure_bytes", "save_figure"]

_EDGE = 0.03
"""Inches around what reaches over the edge of a figure."""


def save_figure(fig: Figure | Axes, stem: str | Path) -> tuple[Path, Path]:
    """Write a figure as PNG and SVG, its alt text in both; the same figure, the same bytes.

    Parameters
    ----------
    fig
        The figure, or axes in it.
    stem
        Path without a suffix.

    Returns
    -------
    tuple of Path
        The PNG and the SVG.
    """
    png, svg = figure_bytes(fig)
    stem = Path(stem)
    return (
        write_whole(stem.with_name(f"{stem.name}.png"), png),
        write_whole(stem.with_name(f"{stem.name}.svg"), svg),
    )


def figure_bytes(
    fig: Figure | Axes, *, dpi: int | None = None, whole: bool = False
) -> tuple[bytes, bytes]:
    """Return a figure as PNG and SVG, its alt text in both; the same figure, the same bytes.

    Parameters
    ----------
    fig
        The figure, or axes in it.
    dpi
        Dots per inch of the PNG; None is the style's.
    whole
        Whether the picture grows where something reaches over its edge, as the unit above an axis
        without a title does.

    Returns
    -------
    tuple of bytes
        The PNG and the SVG.
    """
    from matplotlib import rcParams

    figure, text = root_figure(fig), alt_text(fig)
    with figure_style():
        png, svg = io.BytesIO(), io.BytesIO()
        box = _whole(figure) if whole else None
        figure.savefig(
            png,
            format="png",
            dpi=dpi or rcParams["savefig.dpi"],
            bbox_inches=box,
            metadata={"Software": None, "Description": text},
        )
        figure.savefig(svg, format="svg", bbox_inches=box, metadata={"Date": None, "Creator": None})
    return png.getvalue(), _describe(svg.getvalue(), text)


def _whole(figure: Figure) -> Bbox:
    """Return the figure's own rectangle, and what reaches over it, in inches."""
    from matplotlib.transforms import Bbox

    figure.draw_without_rendering()  # places everything
    return Bbox.union([figure.bbox_inches, figure.get_tightbbox().padded(_EDGE)])


def _describe(svg: bytes, text: str) -> bytes:
    """Make the picture one image with a description, for screen readers."""
    label = f' role="img" aria-label="{escape(text)}"' if text else ' role="img"'
    return svg.replace(b"<svg ", f"<svg{label} ".encode(), 1)


def _numbered(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts fig10 after fig9."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def contact_sheet(
    folder: str | Path, out: str | Path | None = None, *, across: int = 2, width: float = 20.0
) -> Path:
    """Arrange the PNGs of a folder on one picture: each in colour, and beside it in grey.

    Pictures of one name in several subfolders (languages, say) come to stand side by side.

    Parameters
    ----------
    folder
        Where the pictures are, its subfolders too.
    out
        The sheet; None is ``contact_sheet.png`` in `folder`.
    across
        Pictures in a row, each of them twice.
    width
        Width of the sheet in inches.

    Returns
    -------
    Path
        The sheet.
    """
    from matplotlib.figure import Figure
    from matplotlib.image import imread

    folder = Path(folder)
    target = Path(out) if out is not None else folder / "contact_sheet.png"
    found = (
        file
        for file in folder.rglob("*.png")
        if file.name not in ("contact_sheet.png", target.name)
    )
    files = sorted(found, key=lambda file: (_numbered(file.name), file))
    pictures = [imread(file)[..., :3] for file in files]
    rows = max(1, -(-len(files) // across))
    tallest = max((p.shape[0] / p.shape[1] for p in pictures), default=0.5)
    height = rows * (width / (2 * across) * tallest + 0.35)
    with figure_style():
        figure = Figure(figsize=(width, height), layout="constrained")
        grid = figure.subplots(rows, 2 * across, squeeze=False).ravel()
        for ax in grid:
            ax.axis("off")
        for file, picture, colour, grey in zip(
            files, pictures, grid[::2], grid[1::2], strict=False
        ):
            colour.imshow(picture)
            grey.imshow(picture @ GREY, cmap="gray", vmin=0, vmax=1)
            colour.set_title(file.relative_to(folder).as_posix(), fontsize=9, pad=4)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=100, metadata={"Software": None})
    return write_whole(target, buffer.getvalue())
