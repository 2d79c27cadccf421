"""What a column of a design is called in a message, which may show no person."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.covariates import Design, Term
from mih_impact.display.options import current

__all__ = ["MOST_NAMED", "spoken_names"]

#: The values of a column with more of them are not named: they may be persons.
MOST_NAMED = 20
#: A person has fewer rows than this: at most one a start year.
MANY_ROWS = 200


def spoken_names(design: Design, person: NDArray[np.int64] | None = None) -> tuple[str, ...]:
    """Return a name for each column of a design that can stand in a message.

    An indicator's value is named where its column has at most 20 values and the value at least
    `options(min_cell=)` persons.

    Parameters
    ----------
    design
        The covariates, m rows.
    person
        The person of each row, shape (m,); None where each row is another.

    Examples
    --------
    >>> values = np.array(["basic"] * 6 + ["higher"] * 5 + ["rare"], dtype=object)
    >>> spoken_names(Design.of([("education", values)]))
    ('education=higher', 'a value of education (which has 3 values)')
    """
    of_term: dict[Term, list[int]] = {}
    for k, (name, term) in enumerate(zip(design.names, design.terms, strict=True)):
        if name.startswith(f"{term}="):
            of_term.setdefault(term, []).append(k)
    names = list(design.names)
    for term, columns in of_term.items():
        many = len(columns) >= MOST_NAMED
        hidden = [k for k in columns if many or _few(design.column(k), person)]
        if hidden:
            left_out = bool((sum_of(design, columns) == 0).any())
            for k in hidden:
                names[k] = f"a value of {term} (which has {len(columns) + left_out} values)"
    return tuple(names)


def sum_of(design: Design, columns: list[int]) -> NDArray[np.float64]:
    """Return the sum of some columns, shape (m,): 0 where a row has the value left out."""
    total = np.zeros(design.rows)
    for k in columns:
        total += design.column(k)
    return total


def _few(indicator: NDArray[np.float64], person: NDArray[np.int64] | None) -> bool:
    """Return whether a value has fewer persons than a cell must have."""
    rows = indicator != 0
    n = int(rows.sum())
    if person is not None and n < MANY_ROWS * current().min_cell:
        n = len(np.unique(person[rows]))
    return n < current().min_cell
