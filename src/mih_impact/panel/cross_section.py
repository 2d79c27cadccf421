"""read_cross_section: persons with one outcome, some of them treated, as a panel of one period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.display.unit import AnyUnit, is_money
from mih_impact.errors import OptionError, PanelContractError
from mih_impact.panel.panel import Panel
from mih_impact.panel.read import read_panel

__all__ = ["BEFORE", "read_cross_section"]

#: What the calls above see: characteristics stand in one year, outcomes in the next, in which the
#: treated start. Nothing that is shown says so.
BEFORE = 2000
#: Names that the two periods need.
_TAKEN = ("year", "start_year", "month", "start_month", "person_id")


@named_options
def read_cross_section(
    frame: Any,
    *,
    treated: str,
    outcome: str | Sequence[str],
    person_id: str | None = None,
    unit: AnyUnit = "NOK",
    price_year: int = 2024,
    weights: str | None = None,
) -> Panel:
    """Read persons of whom each has one row: treated or not, characteristics, and what came of it.

    Parameters
    ----------
    frame
        A pandas or Polars frame, or another one in memory that narwhals wraps; a row per person.
    treated
        The column that is 1 or True for the treated, 0 or False for others.
    outcome
        One or several columns of numbers that came after treatment. All other columns are
        characteristics from before it.
    person_id
        The column that names persons; by default the rows are numbered.
    unit
        What the outcomes are in: a currency, which is kept in hundredths, or another unit, such as
        "dollars", which is kept as it is.
    price_year
        The year whose prices a currency is in.
    weights
        The column with design weights, as of `read_panel`.

    Returns
    -------
    Panel
        For `match` and `weight`, and what follows from their groups: balance, overlap,
        ``event_study(group, estimator="difference")`` with one effect of each outcome (year 0),
        subgroups, and the checks that look at one year (``year=0``). Calls that compare years
        refuse it.

    Raises
    ------
    PanelContractError
        A column is missing, `treated` has other values than two, an outcome is no number, a person
        has two rows, or a name that the library uses for something else.

    Notes
    -----
    Without a year before treatment the effect is a difference in levels among those who are alike
    in `on` and `exact`: it is causal only if nothing else that matters sets the groups apart.

    Examples
    --------
    >>> import pandas as pd
    >>> import mih_impact as mih
    >>> frame = pd.DataFrame(
    ...     {"treat": [1, 1, 0, 0] * 5, "age": [20, 30] * 10, "earnings": [5.0, 6, 3, 4] * 5}
    ... )
    >>> panel = mih.read_cross_section(frame, treated="treat", outcome="earnings", unit="dollars")
    >>> group = mih.match(panel, exact=["age"], method="exact")
    >>> round(mih.event_study(group, estimator="difference").params.item(), 6)
    2.0
    """
    table = _table(frame)
    outcomes = arguments.names("outcome", outcome, least=1)
    named = [arguments.name("treated", treated), *outcomes]
    named += [] if person_id is None else [arguments.name("person_id", person_id)]
    _require_columns(table, named)
    starts = _treated(table, treated)
    persons = np.arange(len(table)) if person_id is None else table[person_id].to_numpy()
    if len(pd.unique(persons)) < len(persons):
        raise PanelContractError(
            "A person of a cross-section has one row",
            found=f"{len(persons)} rows of {len(pd.unique(persons))} persons",
            do="read a panel with mih.read_panel, or leave out person_id= "
            "and its column if rows are persons",
        )
    before = table.drop(columns=named).assign(
        person_id=persons, start_year=np.where(starts, BEFORE + 1.0, np.nan)
    )
    after = before.assign(**{name: table[name].astype(np.float64) for name in outcomes})
    rows = pd.concat([before.assign(year=BEFORE), after.assign(year=BEFORE + 1)])
    panel = read_panel(
        rows,
        units=dict.fromkeys(outcomes, unit),
        money="fixed",
        price_year=price_year,
        currency=str(unit) if is_money(unit) else "NOK",
        weights=weights,
    )
    return panel.as_cross_section()


def _table(frame: Any) -> pd.DataFrame:
    """Return the frame as pandas, or raise where it is none in memory."""
    try:
        found = nw.from_native(frame, eager_only=True)
    except TypeError:
        raise OptionError(
            "read_cross_section takes a frame in memory",
            found=arguments.type_of(frame),
            do="read the file first, as with pandas.read_csv, or collect the lazy frame",
        ) from None
    table: pd.DataFrame = found.to_pandas()
    return table


def _require_columns(table: pd.DataFrame, named: list[str]) -> None:
    """Raise on columns that are missing, named twice, or called what the two periods need."""
    missing = [name for name in named if name not in table]
    if missing:
        raise PanelContractError(
            f"The frame has no column {', '.join(missing)}",
            found=f"columns {', '.join(map(str, table.columns))}",
            do="name one of these in treated=, outcome= or person_id=",
        )
    arguments.unrepeated("treated, outcome and person_id", named)
    taken = [name for name in _TAKEN if name in table and name not in named]
    if taken:
        raise PanelContractError(
            f"A cross-section has no {', '.join(taken)} of its own",
            found=f"columns {', '.join(taken)}",
            do="read a panel with mih.read_panel; or leave these columns out, name the persons in "
            "person_id=, or rename a characteristic that is called so",
        )


def _treated(table: pd.DataFrame, treated: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return who is treated, or raise where that is not told of everybody."""
    column = table[treated]
    values = pd.unique(column.dropna())
    fit = set(values.tolist()) <= {0, 1} and not column.isna().any()
    if not fit or len(values) < 2:
        shown = ", ".join(sorted(map(str, values))[:5])
        raise PanelContractError(
            f"{treated} says of everybody whether treated: 1 or True, 0 or False, and both occur",
            found=f"{len(values)} different values{f': {shown}' if len(values) < 3 else ''}; "
            f"{int(column.isna().sum())} rows without one",
            do="make such a column, and leave rows without a value out",
        )
    return np.asarray(column.astype(np.float64) == 1.0)
