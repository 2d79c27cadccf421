"""A synthetic register with a known effect, in the order of events.

People, their histories without the programme, who starts, what the programme does to them, the rows
a register would show; then the files that are shipped. Reading these needs none of what wrote them.
"""

from __future__ import annotations

from pathlib import Path

from mih_impact.arguments import named_options
from mih_impact.errors import StorageError
from mih_impact.panel.panel import Panel
from mih_impact.panel.read import read_panel

__all__ = ["PRICE_YEAR", "REGISTER", "example_panel"]

#: The file of rows.
REGISTER = "register.parquet"
#: Planted effects are in kroner of this year.
PRICE_YEAR = 2024


@named_options
def example_panel(*, price_year: int = PRICE_YEAR) -> Panel:
    """Read the synthetic register that is shipped with the library (seed 2025).

    Parameters
    ----------
    price_year
        Year whose prices results are in.

    Returns
    -------
    Panel

    Raises
    ------
    StorageError
        If the file is not there, which means that the installation is broken.

    Examples
    --------
    >>> panel = example_panel()
    >>> panel.first_year, panel.last_year
    (2009, 2024)
    """
    here = Path(__file__).resolve()
    # In the wheel the file lies inside the package, in a checkout beside the source.
    places = (here.parents[2] / "_synthetic", here.parents[4] / "data" / "synthetic")
    for folder in places:
        if (folder / REGISTER).is_file():
            return read_panel(folder / REGISTER, price_year=price_year)
    raise StorageError(
        "The synthetic register that comes with the library is not there",
        found=f"no {REGISTER} in the package or in data/synthetic",
        do="Install the library again, or write it with mih-impact synthesize --out data/synthetic",
    )
