"""`completers`: those who finished beside all who started, which is no effect, and says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.group import ControlGroup
from mih_impact.display.labels import Label
from mih_impact.errors import EffectsError
from mih_impact.signatures import named_options

__all__ = ["CONDITIONAL", "Completers", "completers"]

FloatArray = NDArray[np.float64]

#: What stands wherever effects by completion are shown.
CONDITIONAL = Label(
    nb="Betinget av fullføring: ikke en effekt av tiltaket. Hvem som fullfører, er et utvalg, og "
    "kontrollgruppen er ikke valgt på samme måte.",
    en="Conditional on finishing: not an effect of the programme. Who finishes is a selection, and "
    "the control group is not selected in the same way.",
)
_PARTS = (
    (
        "conditional: finished",
        Label(nb="fullførte (betinget av fullføring)", en="finished (conditional on finishing)"),
    ),
    (
        "conditional: did not finish",
        Label(
            nb="fullførte ikke (betinget av fullføring)",
            en="did not finish (conditional on finishing)",
        ),
    ),
)


@dataclass(frozen=True)
class Completers:
    """A column that says who finished; made by `completers`."""

    column: str

    def __str__(self) -> str:
        return f"completers({self.column})"

    def read(self, group: ControlGroup) -> FloatArray:
        """Return for each row that starts 1 if it ever finished, 0 if not, NaN if nothing is known.

        Raises
        ------
        EffectsError
            The column is not of true and false.
        """
        cube = group.risk.cube
        if self.column not in cube.names and group.recipe is not None:
            cube = group.recipe.fetch([self.column])
        if self.column not in cube.number:
            raise EffectsError(
                f"{self.column} does not say who finished",
                found="text or money, not true and false",
                do=f'recode it: read_panel(values={{"{self.column}": {{"...": 1, "...": 0}}}})',
            )
        rows = np.flatnonzero(group.risk.treated)
        start = group.risk.start[rows]
        status = cube.number[self.column][group.risk.person[rows]]
        status = np.where(cube.periods >= start[:, None], status, np.nan)
        strange = np.isfinite(status) & (status != 0) & (status != 1)
        if strange.any():
            raise EffectsError(
                f"{self.column} does not say who finished",
                found=f"{int(strange.sum())} person-years of participants neither 0 nor 1",
                do=f'recode it: read_panel(values={{"{self.column}": {{...: 1, ...: 0}}}})',
            )
        known = np.isfinite(status).any(axis=1)
        return np.where(known, (status == 1).any(axis=1).astype(np.float64), np.nan)

    def parts(self, finished: FloatArray) -> list[tuple[str, Label, int]]:
        """Return name, label and number of those who finished and those who did not."""
        return [(*_PARTS[k], k) for k in (0, 1) if (finished == 1 - k).any()]


@named_options
def completers(column: str) -> Completers:
    """Show those who finished beside all who started, for `event_study(by=...)`.

    Parameters
    ----------
    column
        Who finished: true or 1 in some year from the start year on. Who has only false or 0 has not
        finished by the end of the register, though some still may; who has nothing recorded is a
        subgroup of its own.

    Returns
    -------
    Completers

    Raises
    ------
    EffectsError
        This is not the name of a column.

    Notes
    -----
    Participants are split by something that happens after start, and nobody knows which candidates
    would have finished. Matched controls stay those that each participant has; weights are found
    anew, so that candidates are like those who finished in what is known before start. What sets
    finishers apart besides is not taken out: the difference mixes what the programme does with who
    finishes it. It is no effect, cards, tables and figures say so, and `cost_benefit` refuses it.
    "all" is the effect on those who started.

    Examples
    --------
    >>> import pandas as pd, mih_impact as mih
    >>> rows = [
    ...     {"person_id": i, "year": year, "wage_income": 1e5 + 1e4 * (i * year % 7), "county": "A",
    ...      "start_year": 2016 if i < 9 else None, "done": i < 5 and year > 2016}
    ...     for i in range(30) for year in range(2014, 2020)
    ... ]
    >>> panel = mih.read_panel(pd.DataFrame(rows))
    >>> group = mih.match(panel, method="exact", exact=["county"], on=[])
    >>> mih.event_study(group, by=mih.completers("done"), window=(-1, 2)).subgroups
    ('all', 'conditional: finished', 'conditional: did not finish')
    """
    if not isinstance(column, str) or not column:
        raise EffectsError(
            "completers takes the name of a column",
            found=f"a {type(column).__name__}",
            do='give the column that says who finished: mih.completers("completed")',
        )
    return Completers(column)
