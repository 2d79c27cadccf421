"""Numbers cut into bins, to split participants by or to match on, and who completes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.comparison import Comparison
from mih_impact.controls.options import Cutpoints
from mih_impact.controls.risk_set import RiskSet
from mih_impact.controls.terms import Lag, Term, as_terms
from mih_impact.display.locale import Label, both
from mih_impact.display.numbers import EN_DASH, number
from mih_impact.errors import EffectsError, OptionError
from mih_impact.panel.contract import CONTRACT

__all__ = ["AGE_BOUNDS", "CONDITIONAL", "Completers", "Cut", "coarsened_cells", "completers", "cut"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: What `by="age"` means: decades, the young and the oldest job-seekers in one bin each.
AGE_BOUNDS = (30, 40, 50)

_BELOW = Label(nb="under {high}", en="under {high}")
_ABOVE = Label(nb="{low} og over", en="{low} and over")
_WHOLE = Label(nb=f"{{low}}{EN_DASH}{{last}}", en=f"{{low}}{EN_DASH}{{last}}")
_BETWEEN = Label(nb="fra {low} til under {high}", en="{low} to under {high}")


@dataclass(frozen=True)
class Cut:
    """A numeric column cut at some values; made by `cut`.

    Attributes
    ----------
    column
        A column as of the year before start, or a lag.
    bounds
        Where the bins meet, ascending; a bound belongs to the bin above it.
    """

    column: Term
    bounds: tuple[float, ...]

    def __str__(self) -> str:
        return f"cut({', '.join([str(self.column), *(f'{bound:.15g}' for bound in self.bounds)])})"

    def parts(self, values: NDArray[Any]) -> list[tuple[str, Label, int]]:
        """Return name, label and number of every bin that some of the values are in, lowest first.

        Parameters
        ----------
        values
            Shape (n,), NaN for missing, who are in no bin.

        Raises
        ------
        EffectsError
            The values are no numbers.
        """
        if values.dtype == object:
            kinds = sorted({str(value) for value in values.tolist() if value is not None})
            raise EffectsError(
                f"Only a column of numbers can be cut into bins, and {self.column} is text",
                found=f"{len(kinds)} different values",
                do=f"split by its values: by={str(self.column)!r}",
            )
        numbers, place = values.astype(np.float64), self.place(values)
        known = numbers[np.isfinite(numbers)]
        whole = bool((known % 1 == 0).all()) and all(bound % 1 == 0 for bound in self.bounds)
        edges = [-np.inf, *self.bounds, np.inf]
        return [
            (_name(low, high, whole), self._label(low, high, whole), k)
            for k, (low, high) in enumerate(pairwise(edges))
            if (place == k).any()
        ]

    def place(self, values: NDArray[Any]) -> IntArray:
        """Return the number of the bin that each value is in, shape (n,); -1 for missing."""
        numbers = values.astype(np.float64)
        place = np.searchsorted(np.array(self.bounds), numbers, side="right")
        return np.where(np.isfinite(numbers), place, -1)

    def _label(self, low: float, high: float, whole: bool) -> Label:
        """Return the displayed name of the bin from `low` to under `high`."""
        if np.isinf(low):
            template = _BELOW
        elif np.isinf(high):
            template = _ABOVE
        else:
            template = _WHOLE if whole else _BETWEEN
        return template.format(
            low=self._show(low), high=self._show(high), last=self._show(high - 1)
        )

    def _show(self, value: float) -> Label:
        """Return a value in both languages; a calendar year is not grouped."""
        column = self.column.column if isinstance(self.column, Lag) else self.column
        if np.isinf(value):
            return Label(nb="", en="")
        if column in CONTRACT and CONTRACT[column].unit == "calendar year":
            return Label(nb=f"{value:.0f}", en=f"{value:.0f}")
        decimals = next((d for d in range(4) if np.isclose(value, round(value, d))), 4)
        return both(lambda: number(value, decimals))


@named_options
def cut(column: Term | tuple[Lag], *bounds: float | Iterable[float]) -> Cut:
    """Cut a numeric column into bins, for `event_study(by=...)`.

    Parameters
    ----------
    column
        A column as of the year before start, or a lag.
    *bounds
        Where the bins meet, ascending, one by one or in a list: `cut("age", 30, 40)` is under 30,
        30-39, 40 and over. A bin that no participant is in is not shown.

    Returns
    -------
    Cut

    Raises
    ------
    OptionError
        No bound, or bounds that are not finite numbers in ascending order.

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> options = {"outcomes": "wage_income", "window": (-1, 1)}
    >>> mih.event_study(group, by=mih.cut("age", 30, 40, 50), **options).subgroups
    ('all', 'under 30', '30-39', '40-49', '50 and over')
    """
    terms = as_terms(column, "column")
    given = arguments.flattened(bounds)
    infinite = [isinstance(one, (float, np.floating)) and not np.isfinite(one) for one in given]
    if any(infinite):
        raise OptionError(
            "A column is cut at finite numbers",
            found=", ".join(map(arguments.shown, given)),
            do="leave out the ends: the first and the last bin are open",
        )
    numbers = [float(one) for one in given if arguments.is_number(one)]
    ascending = all(low < high for low, high in pairwise(numbers))
    if len(terms) != 1 or not numbers or len(numbers) < len(given) or not ascending:
        raise OptionError(
            "cut takes one column and the points at which it is cut, in ascending order",
            found=f"columns {', '.join(map(str, terms))}; "
            f"bounds {', '.join(map(arguments.shown, given)) or '-'}",
            do='give for example mih.cut("age", 30, 40, 50)',
        )
    return Cut(terms[0], tuple(numbers))


def _name(low: float, high: float, whole: bool) -> str:
    """Return the name of a bin in tables, the same in every language."""
    if np.isinf(low):
        return f"under {high:.15g}"
    if np.isinf(high):
        return f"{low:.15g} and over"
    return f"{low:.15g}-{high - 1:.15g}" if whole else f"{low:.15g} to under {high:.15g}"


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

    def read(self, group: Comparison) -> FloatArray:
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
                do=f'recode it: values={{"{self.column}": {{"...": 1, "...": 0}}}}'
                if self.column not in CONTRACT
                else f"name the column that says who finished: {self.column} has text",
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
                do=f'recode it: values={{"{self.column}": {{...: 1, ...: 0}}}}',
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
    OptionError
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
        raise OptionError(
            "completers takes the name of a column",
            found=f"a {type(column).__name__}",
            do='give the column that says who finished: mih.completers("completed")',
        )
    return Completers(column)


#: A value this share of the largest below a point is at the point.
ROUNDING = 1e-11


def sturges(rows: int) -> int:
    """Return Sturges' number of bins, 1 + log2 of the rows, rounded up.

    Examples
    --------
    >>> sturges(614)
    11
    """
    return int(np.ceil(np.log2(rows) + 1))


def edges(x: FloatArray, count: int) -> FloatArray:
    """Return the points that part the range of x into bins of equal width.

    Examples
    --------
    >>> edges(np.array([0.0, 2.0, 10.0]), 5)
    array([2., 4., 6., 8.])
    """
    return np.asarray(np.linspace(x.min(), x.max(), count + 1)[1:-1])


def bins(x: FloatArray, cutpoints: FloatArray) -> IntArray:
    """Return the bin of each number; a bin holds its lower point and not its upper one.

    Examples
    --------
    >>> bins(np.array([19.0, 20.0, 34.0, 50.0]), np.array([20.0, 50.0]))
    array([0, 1, 1, 2])
    """
    return np.searchsorted(np.unique(cutpoints), x, side="right").astype(np.int64)


def coarsened_cells(risk: RiskSet, cutpoints: Cutpoints | None) -> IntArray:
    """Return the cell of every row by start year, exact columns and coarsened covariates.

    Parameters
    ----------
    risk
        The risk sets, `on` in their design.
    cutpoints
        Per term its number of bins or its points; Sturges' bins for the others.

    Returns
    -------
    array of int
        Shape (m,).

    Raises
    ------
    SupportError
        Cutpoints for a category.

    Notes
    -----
    As in R's MatchIt: a number falls in one of 1 + log2(m) bins of equal width over all rows of
    the risk sets, a category is its own bin (Iacus, King and Porro 2012, section 3).
    """
    design, given = risk.design, {} if cutpoints is None else dict(cutpoints)
    cell = risk.cell
    for k, name in enumerate(design.names):
        x = design.column(k)
        if name != str(design.terms[k]):  # an indicator of one value of a category
            if str(design.terms[k]) in given:
                raise OptionError(
                    f"{design.terms[k]} is a category: it has no cutpoints",
                    found=f"{sum(t == design.terms[k] for t in design.terms)} values or more",
                    do="leave it out of cutpoints=, or join its values in the panel",
                )
            code = x.astype(np.int64)
        else:
            points = given.get(name, sturges(len(x)))
            cut = edges(x, int(points)) if isinstance(points, (int, np.integer)) else points
            # A value that is at the point on paper may lie a rounding below it.
            rounding = ROUNDING * float(np.abs(x).max())
            code = bins(x, np.asarray(cut, dtype=np.float64) - rounding)
        pair = cell * (int(code.max()) + 1) + code
        cell = np.unique(pair, return_inverse=True)[1].astype(np.int64)
    return cell
