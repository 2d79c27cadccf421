"""Controls of a subgroup's own, chosen or weighted within it by the options of the whole group."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.comparison import Comparison, Sets
from mih_impact.controls.matching import matched, nobody
from mih_impact.controls.options import MatchOptions, WeightOptions
from mih_impact.controls.recipe import no_weights
from mih_impact.controls.risk_set import Among
from mih_impact.controls.subgroups import Parts
from mih_impact.controls.weighting import weighted
from mih_impact.errors import EffectsError, SupportError

__all__ = ["own_groups", "within"]

BoolArray = NDArray[np.bool_]
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
