"""One calm figure style: participants in colour, controls grey, every line named at its end.

A figure function reads::

    with figure_style():
        ax = axes(ax)
        ...draw...
        kroner_axis(ax, lang, price_year=2024)
        source_line(ax, "...")
        label_line_ends(ax)
        set_alt_text(ax, "...")
    return ax

Who shows the figure. With ``ax=None`` the figure belongs to pyplot exactly when its reader uses
pyplot: inside IPython (Jupyter draws it once, when the cell ends, and closes it; what the cell
returns is an Axes, which is not drawn again) or when the program has imported pyplot itself, so
that its own ``plt.show()`` finds it. Anywhere else the figure is a plain one that no global list
keeps alive. The backend and the global settings are never touched, and nothing is shown here.
"""

from mih_impact.display.style.figure import (
    alt_text,
    axes,
    figure_style,
    figures_for_files,
    new_axes,
    set_alt_text,
)
from mih_impact.display.style.files import contact_sheet, figure_bytes, save_figure
from mih_impact.display.style.heading import align_with_names, key_row
from mih_impact.display.style.line_labels import label_line_ends
from mih_impact.display.style.palette import (
    ACTOR_COLOURS,
    CONTROL,
    OKABE_ITO,
    PARTICIPANT,
    readable,
    tinted,
)
from mih_impact.display.style.room import make_room
from mih_impact.display.style.units import (
    kroner_axis,
    kroner_unit,
    percent_axis,
    source_line,
    sources_told_elsewhere,
    unit_axis,
    unit_line,
)

__all__ = [
    "ACTOR_COLOURS",
    "CONTROL",
    "OKABE_ITO",
    "PARTICIPANT",
    "align_with_names",
    "alt_text",
    "axes",
    "contact_sheet",
    "figure_bytes",
    "figure_style",
    "figures_for_files",
    "key_row",
    "kroner_axis",
    "kroner_unit",
    "label_line_ends",
    "make_room",
    "new_axes",
    "percent_axis",
    "readable",
    "save_figure",
    "set_alt_text",
    "source_line",
    "sources_told_elsewhere",
    "tinted",
    "unit_axis",
    "unit_line",
]
