"""Who gains: participants split by a characteristic before start, and candidates by the same.

A subgroup is an analysis of its own: participants of it, candidates who have the same value before
start, and controls chosen or weighted among these (`within`). Subgroups therefore need not add up
to the effect on all, whose controls are alike in the mean of all participants only; what the
subgroups' mean is apart from it is shown beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.comparison import Comparison, Sets
from mih_impact.controls.covariates import read_rows, read_term, warn_of_times
from mih_impact.controls.cut import AGE_BOUNDS, CONDITIONAL, Completers, Cut
from mih_impact.controls.matching import matched, nobody
from mih_impact.controls.options import MatchOptions, WeightOptions
from mih_impact.controls.recipe import no_weights
from mih_impact.controls.risk_set import Among
from mih_impact.controls.terms import Lag, Term, as_terms, term_label
from mih_impact.display.locale import Label, both
from mih_impact.errors import EffectsError, OptionError, SupportError
from mih_impact.panel.contract import CONTRACT
from mih_impact.panel.cube import NEVER, Cube
from mih_impact.panel.derived import derived_of

__all__ = ["ALL", "MISSING", "MOST", "By", "Parts", "Split", "own_groups", "split", "within"]

IntArray = NDArray[np.signedinteger[Any]]
BoolArray = NDArray[np.bool_]

#: What participants can be split by.
By: TypeAlias = Term | Cut | Completers

#: The name of all participants together.
ALL = "all"
#: The name of those for whom nothing is recorded.
MISSING = "(missing)"
#: More values than this are no subgroups.
MOST = 20

_ALL = Label(nb="alle deltakere", en="all participants")
_STARTED = Label(nb="alle som startet", en="all who started")
_MISSING = Label(nb="ikke oppgitt", en="not recorded")
_NO_YES = (Label(nb="nei", en="no"), Label(nb="ja", en="yes"))
_COMPLETION = Label(nb="fullføring", en="completion")


@dataclass(frozen=True)
class Split:
    """What the subgroups of an effect series are, for what displays them.

    Attributes
    ----------
    by
        What was asked for.
    label
        The displayed name of the characteristic.
    names
        The displayed name of every subgroup, "all" first.
    conditional
        Said wherever they are shown, if the characteristic is known only after start.
    """

    by: str
    label: Label
    names: dict[str, Label]
    conditional: Label | None = None


@dataclass(frozen=True, eq=False)
class Parts:
    """Subgroups of a control group: what they are, and who is in which.

    Attributes
    ----------
    split
        What they are; its names are "all" and those of the subgroups, in their order.
    own
        Number of the subgroup of everybody who starts, from 0; -1 for none, shape (persons of the
        cube,).
    before
        The same of everybody as it stood before a period; -1 for none. None for what is known only
        after start, which candidates do not have.
    """

    split: Split
    own: IntArray
    before: Callable[[int], IntArray] | None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the subgroups."""
        return tuple(self.split.names)[1:]


def split(group: Comparison, by: By | tuple[Lag]) -> Parts:
    """Return the subgroups of a control group.

    Parameters
    ----------
    group
        The control group.
    by
        A column as of the year before start, a lag, or "start_year"; "age" is
        `cut("age", 30, 40, 50)`.

    Returns
    -------
    Parts
        They have no participant in common and hold all. Who has no value is in "(missing)", the
        last of them, with candidates who have none either.

    Raises
    ------
    EffectsError
        Too many values to be subgroups, or a column known only after start.
    """
    asked = _read_by(by)
    rows = np.flatnonzero(group.risk.treated)
    source = _source(group, asked)
    values = _values(group, asked, source, rows)
    if not isinstance(asked, Completers):
        warn_of_times(source, _column(asked), values)
    unknown = np.asarray(pd.isna(values))
    parts = _parts(asked, values)
    _require_parts(asked, parts, unknown)
    numbers = [number for _, _, number in parts]
    if unknown.any():
        parts.append((MISSING, _MISSING, len(parts)))
    names = [name for name, _, _ in parts]
    if len(set(names)) < len(names) or ALL in names:
        raise EffectsError(
            f"A value of {asked} has the name of a subgroup of the library",
            found=f"{', '.join(names)}",
            do="give the value another name when reading: values={...}",
        )
    numbered = partial(_numbered, asked, numbers)
    cube = group.risk.cube
    own, before = np.full(cube.n_persons, -1, dtype=np.int8), None
    if isinstance(asked, Completers):
        own[group.risk.person[rows]] = numbered(values)
    else:
        before = _before(source, _column(asked), numbered)
        for start in np.unique(cube.start[cube.start != NEVER]).tolist():
            own = np.where(cube.start == start, before(start), own)
    conditional = isinstance(asked, Completers)
    return Parts(
        Split(
            by=str(asked),
            label=_label(asked),
            names={ALL: _STARTED if conditional else _ALL} | {name: of for name, of, _ in parts},
            conditional=CONDITIONAL if conditional else None,
        ),
        own,
        before,
    )


def _source(group: Comparison, by: By) -> Cube:
    """Return the cube that holds what is split by: the register is asked for it once."""
    if isinstance(by, Completers) or _column(by) == "start_year":
        return group.risk.cube
    _require_characteristic(_column(by))
    return group.cube_with(_column(by))


def _values(group: Comparison, by: By, source: Cube, rows: IntArray) -> NDArray[Any]:
    """Return what rows of the risk sets that start are split by, shape (rows,)."""
    if isinstance(by, Completers):
        return by.read(group)
    column, risk = _column(by), group.risk
    if column == "start_year":
        return risk.start_year[rows]
    if isinstance(column, str) and column not in CONTRACT and derived_of(column) is None:
        _require_before_start(group, column, source)
    return read_rows(source, column, risk.person[rows], risk.start[rows])[0]


def _column(by: Term | Cut) -> Term:
    return by.column if isinstance(by, Cut) else by


def _before(
    source: Cube, column: Term, numbered: Callable[[NDArray[Any]], IntArray]
) -> Callable[[int], IntArray]:
    """Return what tells everybody's subgroup as it stood before a period."""

    @cache
    def before(start: int) -> IntArray:
        if column == "start_year":
            return numbered(np.full(source.n_persons, start // source.PER_YEAR))
        return numbered(read_term(source, column, start)[0])

    return before


def _numbered(by: By, known: Sequence[Any], values: NDArray[Any]) -> IntArray:
    """Return the number of each value's subgroup, shape (n,): -1 for none, the last for missing."""
    unknown = np.asarray(pd.isna(values))
    if isinstance(by, Cut):
        values = by.place(values)
    elif isinstance(by, Completers):
        values = np.where(unknown, -1.0, 1.0 - values)
    number = pd.Index(known, dtype=values.dtype).get_indexer(pd.Index(values))
    return np.where(unknown, len(known), number).astype(np.int8)


def _read_by(by: Any) -> By:
    """Return what is asked for, or raise if it is nothing to split by."""
    if isinstance(by, Cut | Completers):
        return by
    listed = isinstance(by, str | Lag | tuple | list)
    terms = as_terms(by, "by") if listed else ()
    if len(terms) != 1:
        raise OptionError(
            "Participants are split by one characteristic",
            found=f"by={', '.join(map(str, terms)) or arguments.shown(by)}",
            do="name a column, or give mih.cut(...), mih.completers(...) or one lag",
        )
    return Cut("age", AGE_BOUNDS) if terms[0] == "age" else terms[0]


def _parts(by: By, values: NDArray[Any]) -> list[tuple[str, Label, Any]]:
    """Return name, label and what it is known by of each subgroup but those without a value."""
    if isinstance(by, Cut | Completers):
        return [*by.parts(values)]
    return _each_value(by, values)


def _require_parts(by: By, parts: Sequence[Any], unknown: BoolArray) -> None:
    """Raise where nobody has a value, or one bin holds everybody."""
    if not parts:
        raise EffectsError(
            f"No participant has a known value of {by}",
            found=f"{len(unknown)} participants, all without a value; a lag may fall before the "
            "register",
            do="split by another column, or by a later year of it",
        )
    if isinstance(by, Cut) and len(parts) == 1 and not unknown.any():
        raise EffectsError(
            f"{by} does not split the participants: they are all in one bin",
            found=f"{len(unknown)} participants, all {parts[0][0]}",
            do=f'cut where they differ: mih.cut("{by.column}", ...)',
        )


def _each_value(column: Term, values: NDArray[Any]) -> list[tuple[str, Label, Any]]:
    """Return a subgroup per value, in ascending order."""
    found = sorted(pd.unique(values[~pd.isna(values)]).tolist())
    if len(found) > MOST:
        numeric = values.dtype != object
        raise EffectsError(
            f"{column} has too many values to be subgroups",
            found=f"{len(found)} values among {len(values)} participants, more than {MOST}",
            do=f'cut it into bins: by=mih.cut("{column}", ...)'
            if numeric
            else "put values together when reading: values={...}",
        )
    derived = derived_of(column) if isinstance(column, str) else None
    share = derived is not None and derived.unit == "share"
    return [
        (_name(value), _NO_YES[int(value)] if share else _plain(value), value) for value in found
    ]


def _name(value: Any) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Label:
    """Return a value as it is; numbers with each language's decimal mark."""
    name = _name(value)
    return Label(nb=name.replace(".", ",") if isinstance(value, float) else name, en=name)


def _label(by: By) -> Label:
    """Return the displayed name of a characteristic."""
    if isinstance(by, Completers):
        return _COMPLETION
    column = _column(by)
    return both(lambda: term_label(column))


def _require_characteristic(column: Term) -> None:
    """Raise on years of death and emigration, which are known only after start."""
    if isinstance(column, str) and column in CONTRACT and CONTRACT[column].role == "exit":
        raise EffectsError(
            f"{column} is known only after start: what it splits by may be an effect itself",
            found=f"by={column!r}",
            do="split by a characteristic before start",
        )


def _require_before_start(group: Comparison, column: str, source: Cube) -> None:
    """Raise on a column that is known only after start, as far as that can be seen.

    A column that the contract does not know is taken for one if it does not differ among those who
    never start: it says something of the programme.
    """
    others = np.flatnonzero(~group.risk.treated)
    person = group.risk.person[others]
    values = read_rows(source, column, person, group.risk.start[others])[0]
    distinct = len(pd.unique(values[~pd.isna(values)]))
    if distinct <= 1:
        raise EffectsError(
            f"{column} seems to be known only after start: among those who did not start it is the "
            "same for all, so no control can be like those who differ",
            found=f"{distinct} value(s) among {len(np.unique(person))} "
            "candidates in the year before start",
            do=f'if it says who finished, by=mih.completers("{column}"), which is labelled '
            "conditional; else split by what candidates have too",
        )


# --- controls of a subgroup's own -----------------------------------------------------------------


_Group = TypeVar("_Group", bound=Comparison)


def own_groups(group: _Group, parts: Parts) -> list[_Group | SupportError]:
    """Return the control group of each subgroup, or why it is too small for one.

    Raises
    ------
    EffectsError
        No subgroup has one.
    """
    found = [_attempt(group, parts, name) for name in parts.names]
    refused = [each for each in found if isinstance(each, SupportError)]
    if len(refused) == len(found):
        raise EffectsError(
            f"No subgroup of {parts.split.by} has controls of its own",
            found=f"{len(found)} subgroups; the first: {refused[0].what}, {refused[0].found}",
            do="split by a characteristic that candidates have too, or into fewer and larger "
            "subgroups",
        )
    return found


def _attempt(group: _Group, parts: Parts, name: str) -> _Group | SupportError:
    try:
        return within(group, parts, name)
    except SupportError as error:
        return error


def within(group: _Group, parts: Parts, name: str) -> _Group:
    """Return the control group of one subgroup.

    Parameters
    ----------
    group
        The control group of all.
    parts
        Its subgroups.
    name
        Which of them.

    Returns
    -------
    ControlGroup
        As the verb that made the whole group would make it from a register of the subgroup alone:
        participants of it, and candidates who have the same value in the period before they are
        compared from. Score, caliper, bins, weights and months of start are the subgroup's own. By
        what is known only after start matched sets are kept as they are, and weights are found anew
        for the subgroup's participants among all candidates.

    Raises
    ------
    SupportError
        The subgroup is too small for a control group of its own.
    EffectsError
        The group does not know how it was made.
    """
    recipe = group.recipe
    if recipe is None:
        raise EffectsError(
            "Subgroups have controls of their own, chosen as those of all were",
            found="a control group that does not know how it was made",
            do="choose it with mih.match or mih.weight",
        )
    k = parts.names.index(name)
    if parts.before is None and group.estimand != "att":
        raise SupportError(
            "What is known only after start cannot split those who did not start",
            found=f"estimand={group.estimand!r}",
            do="split effects on those who start: estimand='att'",
        )
    if parts.before is None and group.risk.weight is not None:
        raise no_weights("completers")
    before = parts.before
    if before is None and group.model is None:
        return _kept(group, parts.own[group.risk.person[group.sets.participant]] == k)
    among = Among(parts.own == k, None if before is None else lambda start: before(start) == k)
    cube = group.risk.cube
    if group.model is None:
        found = matched(cube, options := recipe.read(MatchOptions), among)
        if not len(found.sets.participant):
            raise nobody(found, options)
    else:
        from mih_impact.controls.weighting import weighted

        found = weighted(cube, recipe.read(WeightOptions), among)
    return replace(group, **vars(found))


def _kept(group: _Group, chosen: BoolArray) -> _Group:
    """Return the group of some participants, shape (n,), with the controls that they have."""
    if not chosen.any():
        raise SupportError("No participant has a control", found="none of one subgroup")
    sets = group.sets
    used, set_of = np.unique(sets.set_of[chosen], return_inverse=True)
    entry = np.isin(sets.member, used)
    return replace(
        group,
        sets=Sets(
            sets.participant[chosen],
            set_of,
            np.searchsorted(used, sets.member[entry]),
            sets.control[entry],
            sets.weight[entry],
        ),
    )
