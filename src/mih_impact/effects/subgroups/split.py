"""Who gains: participants split by a characteristic before start.

Subgroups add up. In every year the effect on all is the mean of the subgroups' effects, each with
the share of its participants in that year, for `composition` "available" and "balanced"; by start
year also for "cohort_weighted", with shares of all participants. It does not hold for other splits
under "cohort_weighted" where who is seen differs between subgroups, nor under `adjust`, where every
subgroup has a regression of its own.

Standard errors do not add up in the same way, since shares count as drawn: what the effect on all
has beyond the weighted mean of the subgroups' rows of influence is (tau_s - tau) / n for each
participant of subgroup s, the variance between subgroups. With shares taken as fixed, the variance
of the weighted mean is w'Vw, V the covariance of the subgroups. Reuse of controls under
`se="abadie_imbens"` is not linear in how often they are used, and does not add up at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.covariates import Lag, Term, as_terms, term_label
from mih_impact.controls.group import ControlGroup
from mih_impact.display.labels import Label
from mih_impact.effects.subgroups.bands import AGE_BANDS, Bands
from mih_impact.effects.subgroups.completers import CONDITIONAL, Completers
from mih_impact.errors import EffectsError
from mih_impact.panel.contract import CONTRACT, DERIVED
from mih_impact.storage import saveable

__all__ = ["ALL", "MISSING", "MOST", "By", "Split", "split"]

BoolArray = NDArray[np.bool_]
Parts = list[tuple[str, Label, BoolArray]]

#: What participants can be split by.
By = Term | Bands | Completers

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


@saveable("Split")
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


def split(group: ControlGroup, by: By | tuple[Lag] | None) -> tuple[list[BoolArray], Split | None]:
    """Return all participants, then each subgroup, as masks over the participants.

    Parameters
    ----------
    group
        The control group, n participants.
    by
        A column as of the year before start, a lag, or "start_year"; "age" is
        `bands("age", 30, 40, 50)`; None for no subgroups.

    Returns
    -------
    tuple
        Masks of shape (n,); those after the first have no participant in common and cover all; and
        what they are, None for no subgroups. Who has no value is in "(missing)", the last of them.

    Raises
    ------
    EffectsError
        Too many values to be subgroups, or a column known only after start.
    """
    everyone = np.ones(group.n_participants, dtype=bool)
    if by is None:
        return [everyone], None
    asked = _read_by(by)
    parts, unknown = _parts(group, asked)
    _require_parts(asked, parts, unknown)
    if unknown.any():
        parts.append((MISSING, _MISSING, unknown))
    names = [name for name, _, _ in parts]
    if len(set(names)) < len(names) or ALL in names:
        raise EffectsError(
            f"A value of {asked} has the name of a subgroup of the library",
            found=f"{', '.join(names)}",
            do="give the value another name: read_panel(values={...})",
        )
    conditional = isinstance(asked, Completers)
    whole = _STARTED if conditional else _ALL
    return [everyone, *(mask for _, _, mask in parts)], Split(
        by=str(asked),
        label=_label(asked),
        names={ALL: whole} | {name: label for name, label, _ in parts},
        conditional=CONDITIONAL if conditional else None,
    )


def _read_by(by: Any) -> By:
    """Return what is asked for, or raise if it is nothing to split by."""
    if isinstance(by, Bands | Completers):
        return by
    listed = isinstance(by, str | Lag | tuple | list)
    terms = as_terms(by, "by", error=EffectsError) if listed else ()
    if len(terms) != 1:
        raise EffectsError(
            "Participants are split by one characteristic",
            found=f"by={', '.join(map(str, terms)) or arguments.shown(by)}",
            do="name a column, or give bands(...), completers(...) or one lag",
        )
    return Bands("age", AGE_BANDS) if terms[0] == "age" else terms[0]


def _parts(group: ControlGroup, by: By) -> tuple[Parts, BoolArray]:
    """Return the subgroups, and who has no value."""
    if isinstance(by, Completers):
        finished = by.read(group)
        return by.parts(finished), np.isnan(finished)
    column = by.column if isinstance(by, Bands) else by
    _require_before_start(group, column)
    rows = group.sets.participant
    values = group.risk.start_year[rows] if column == "start_year" else group.read(column, rows)
    unknown = np.asarray(pd.isna(values))
    return (by.parts(values) if isinstance(by, Bands) else _values(column, values)), unknown


def _require_parts(by: By, parts: Parts, unknown: BoolArray) -> None:
    """Raise where nobody has a value, or bands hold everybody in one."""
    if not parts:
        raise EffectsError(
            f"No participant has a known value of {by}",
            found=f"{len(unknown)} participants, all without a value; a lag may fall before the "
            "register",
            do="split by another column, or by a later year of it",
        )
    if isinstance(by, Bands) and len(parts) == 1 and not unknown.any():
        raise EffectsError(
            f"{by} does not split the participants: they are all in one band",
            found=f"{len(unknown)} participants, all {parts[0][0]}",
            do=f'cut where they differ: mih.bands("{by.column}", ...)',
        )


def _values(column: Term, values: NDArray[Any]) -> Parts:
    """Return a subgroup per value, in ascending order."""
    found = sorted(pd.unique(values[~pd.isna(values)]).tolist())
    if len(found) > MOST:
        numeric = values.dtype != object
        raise EffectsError(
            f"{column} has too many values to be subgroups",
            found=f"{len(found)} values among {len(values)} participants, more than {MOST}",
            do=f'cut it into bands: by=mih.bands("{column}", ...)'
            if numeric
            else "put values together: read_panel(values={...})",
        )
    share = isinstance(column, str) and column in DERIVED and DERIVED[column].unit == "share"
    return [
        (_name(value), _NO_YES[int(value)] if share else _plain(value), values == value)
        for value in found
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
    column = by.column if isinstance(by, Bands) else by
    return Label(nb=term_label(column, "nb"), en=term_label(column, "en"))


def _require_before_start(group: ControlGroup, column: Term) -> None:
    """Raise on a column that is known only after start, as far as that can be seen.

    Years of death and emigration are. A column that the contract does not know is taken for one if
    it does not differ among those who never start: it says something of the programme.
    """
    if not isinstance(column, str) or column == "start_year":
        return
    if column in CONTRACT and CONTRACT[column].role == "exit":
        raise EffectsError(
            f"{column} is known only after start: what it splits by may be an effect itself",
            found=f"by={column!r}",
            do="split by a characteristic before start",
        )
    if column in CONTRACT or column in DERIVED:
        return
    others = np.flatnonzero(~group.risk.treated)
    values = group.read(column, others)
    distinct = len(pd.unique(values[~pd.isna(values)]))
    if distinct <= 1:
        raise EffectsError(
            f"{column} seems to be known only after start: among those who did not start it is the "
            "same for all, so no control can be like those who differ",
            found=f"{distinct} value(s) among {len(np.unique(group.risk.person[others]))} "
            "candidates in the year before start",
            do=f'if it says who finished, by=mih.completers("{column}"), which is labelled '
            f'conditional; if it was measured before start, by=mih.lag("{column}", 1)',
        )
