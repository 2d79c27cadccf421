"""One picture of all figures of a folder, in colour and in grey.

python scripts/contact_sheet.py FOLDER
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from mih_impact.display.figure import GREY, figure_style
from mih_impact.storage import write_whole


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


if __name__ == "__main__":
    print(contact_sheet(sys.argv[1]))
