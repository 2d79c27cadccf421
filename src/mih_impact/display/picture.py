"""A figure as PNG and SVG, drawn once: whatever is drawn goes to both."""

from __future__ import annotations

import struct
import zlib
from functools import cached_property
from typing import IO, Any

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.transforms import Affine2D, Bbox, TransformedPath
from numpy.typing import NDArray

__all__ = ["FileCanvas"]

_PACKED = 1
"""How hard zlib tries: at 6, its default, files are 5 % smaller and take half as long again."""
_BAND = 64
"""Rows that are packed at once."""


class FileCanvas(FigureCanvasAgg):
    """The canvas of figures that become files: ``savefig(png, format="both", svg=...)``.

    To draw is to ask every artist where it stands and how long its texts are, which takes longer
    than to put it on paper, and as long for one format as for the other.
    """

    _kept: tuple[tuple[int, int, float], _Both] | None = None

    def get_renderer(self) -> Any:
        """Return what draws pixels, and the SVG with them while a file is made."""
        size = (*self.get_width_height(physical=True), self.figure.dpi)
        if self._kept is None or self._kept[0] != size:  # kept with the measures of its texts
            self._kept = size, _Both(size)
        self.renderer = self._kept[1]
        return self.renderer

    def print_both(self, png: IO[bytes], *, svg: IO[str], about: str = "", **_: object) -> None:
        """Write both files; what else `savefig` says is of no use here.

        Parameters
        ----------
        png, svg
            Where they go.
        about
            The text that stands for the picture in the PNG.
        """
        dots = self.figure.dpi
        width, height = self.figure.get_size_inches() * 72
        renderer = self.get_renderer()
        renderer.clear()
        about_svg = {"Date": None, "Creator": None}
        renderer.svg = RendererSVG(  # type: ignore[no-untyped-call]
            width, height, svg, image_dpi=dots, metadata=about_svg
        )
        try:
            self.figure.draw(renderer)
            renderer.svg.finalize()
        finally:
            renderer.svg = self._kept = self.renderer = None
        png.write(_png(np.asarray(renderer.buffer_rgba()), dots, about))
        renderer.let_go()


class _Both:
    """Draws pixels and, while there is an `svg`, the same on it, whose dots are 72 to an inch.

    Texts stand where they are measured to stand in pixels. All that is not drawing is answered as
    for pixels, as by Matplotlib's own renderer of mixed formats.
    """

    def __init__(self, size: tuple[int, int, float]) -> None:
        self.size = size
        self.svg: Any = None
        self.smaller = Affine2D().scale(72 / size[-1]).frozen()

    @cached_property
    def agg(self) -> Any:
        """What draws pixels."""
        return RendererAgg(*self.size)  # type: ignore[no-untyped-call]

    def let_go(self) -> None:
        """Forget the pixels, five megabytes and more: every text keeps what drew it."""
        self.__dict__.pop("agg", None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.agg, name)

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:
        self.agg.draw_path(gc, path, transform, rgbFace)
        if self.svg is not None:
            self.svg.draw_path(self._gc(gc), path, transform + self.smaller, rgbFace)

    def draw_markers(
        self, gc: Any, marker: Any, marker_transform: Any, path: Any, transform: Any,
        rgbFace: Any = None,
    ) -> None:  # fmt: skip
        self.agg.draw_markers(gc, marker, marker_transform, path, transform, rgbFace)
        if self.svg is not None:
            smaller = marker_transform + self.smaller, path, transform + self.smaller
            self.svg.draw_markers(self._gc(gc), marker, *smaller, rgbFace)

    def draw_path_collection(
        self, gc: Any, transform: Any, paths: Any, transforms: Any, offsets: Any,
        offset_transform: Any, *rest: Any, **more: Any,
    ) -> None:  # fmt: skip
        self.agg.draw_path_collection(
            gc, transform, paths, transforms, offsets, offset_transform, *rest, **more
        )
        if self.svg is not None:
            self.svg.draw_path_collection(
                self._gc(gc), transform + self.smaller, paths, transforms, offsets,
                offset_transform + self.smaller, *rest, **more,
            )  # fmt: skip

    def draw_quad_mesh(
        self, gc: Any, transform: Any, across: Any, down: Any, corners: Any, offsets: Any,
        offset_transform: Any, *rest: Any,
    ) -> None:  # fmt: skip
        mesh = across, down, corners, offsets
        self.agg.draw_quad_mesh(gc, transform, *mesh, offset_transform, *rest)
        if self.svg is not None:
            smaller = transform + self.smaller, *mesh, offset_transform + self.smaller
            self.svg.draw_quad_mesh(self._gc(gc), *smaller, *rest)

    def draw_gouraud_triangles(self, gc: Any, corners: Any, colours: Any, transform: Any) -> None:
        self.agg.draw_gouraud_triangles(gc, corners, colours, transform)
        if self.svg is not None:
            smaller = transform + self.smaller
            self.svg.draw_gouraud_triangles(self._gc(gc), corners, colours, smaller)

    def draw_image(self, gc: Any, x: float, y: float, image: Any, *rest: Any) -> None:
        self.agg.draw_image(gc, x, y, image, *rest)
        if self.svg is not None:
            self.svg.draw_image(self._gc(gc), *self.smaller.transform((x, y)), image, *rest)

    def draw_text(self, gc: Any, x: float, y: float, *said: Any, **more: Any) -> None:
        self.agg.draw_text(gc, x, y, *said, **more)
        if self.svg is not None:
            self.svg.draw_text(self._gc(gc), *self._from_above(x, y), *said, **more)

    def draw_tex(self, gc: Any, x: float, y: float, *said: Any, **more: Any) -> None:
        self.agg.draw_tex(gc, x, y, *said, **more)
        if self.svg is not None:
            self.svg.draw_tex(self._gc(gc), *self._from_above(x, y), *said, **more)

    def open_group(self, *named: Any, **more: Any) -> None:
        if self.svg is not None:
            self.svg.open_group(*named, **more)

    def close_group(self, *named: Any) -> None:
        if self.svg is not None:
            self.svg.close_group(*named)

    def _from_above(self, x: float, y: float) -> tuple[float, float]:
        """Return where a text stands on the SVG; it is counted from above, in whole pixels."""
        right, up = self.smaller.transform((x, self.agg.height - y))
        return float(right), float(self.svg.height - up)

    def _gc(self, gc: Any) -> Any:
        """Return how to draw on the SVG: lines are in points for both, but not what is cut out."""
        around, (path, transform) = gc.get_clip_rectangle(), gc.get_clip_path()
        if around is None and path is None:
            return gc
        smaller = GraphicsContextBase()
        smaller.copy_properties(gc)
        if around is not None:
            smaller.set_clip_rectangle(Bbox(self.smaller.transform(around.get_points())))
        if path is not None:
            smaller.set_clip_path(TransformedPath(path, (transform + self.smaller).frozen()))
        return smaller


def _png(pixels: NDArray[np.uint8], dots: float, about: str) -> bytes:
    """Return pixels (height, width, 4) as PNG, row by row as they are.

    To try every filter on every row, as Pillow does, takes as long again; a chart of flat colours
    is not smaller for it.
    """
    height, width, _ = pixels.shape
    packing, packed = zlib.compressobj(_PACKED), []
    for first in range(0, height, _BAND):
        band = pixels[first : first + _BAND].reshape(-1, 4 * width)
        rows = np.zeros((len(band), 1 + 4 * width), dtype=np.uint8)  # each begins with its filter
        rows[:, 1:] = band
        packed.append(packing.compress(rows.data))
    per_metre = round(dots / 0.0254)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)),
        (b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)),
        (b"iTXt", b"Description\0\0\0\0\0" + about.encode()),
        (b"IDAT", b"".join(packed) + packing.flush()),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
        if about or kind != b"iTXt"
    )
