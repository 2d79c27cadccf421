"""Who is compared with whom in each year since start: changes, weights that can be seen, contrasts.

Arrays in, arrays out. Columns are outcome-major: column k * E + e is outcome k in event year e.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mih_impact.controls.comparison import distinct
from mih_impact.controls.group import ControlGroup
from mih_impact.effects.hidden import contributions

__all__ = [
    "Compared",
    "Comparison",
    "SetMeans",
    "SetWeights",
    "average",
    "centred",
    "compare",
    "mean_weights",
    "with_sets",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class Compared:
    """What one weighted comparison per column comes to, and each participant's part in it.

    Attributes
    ----------
    estimate
        Mean contrast, shape (KE,); NaN where nobody is seen.
    contrast
        Each participant's change minus that of its controls, shape (n, KE); NaN where not seen.
    valid
        Whether the participant is in the mean, shape (n, KE).
    share
        Weight of each participant in the mean, shape (n, KE); a column adds up to 1.
    between
        What each participant adds to the error of the strata's shares, shape (n, KE).
    stratum_t
        Strata of participants, shape (n,): start years where these have estimated shares, else one
        for all.
    n
        Participants in the mean, shape (KE,).
    mean_t, mean_c
        Mean levels of those compared, shape (KE,).
    giving
        Who contributes to these means, each of shape (KE,); see `contributions`.
    leverage
        What each control's residual weighs because changes were adjusted by a regression on
        controls with their weights, shape (q, KE); None if they were not.
    """

    estimate: FloatArray
    contrast: FloatArray
    valid: BoolArray
    share: FloatArray
    between: FloatArray
    stratum_t: IntArray
    n: IntArray
    mean_t: FloatArray
    mean_c: FloatArray
    giving: dict[str, FloatArray]
    leverage: FloatArray | None = None

    @property
    def summary(self) -> Compared:
        """The same without the rows of controls, where there are any."""
        return Compared(**{each.name: getattr(self, each.name) for each in fields(Compared)})

    @classmethod
    def side_by_side(cls, parts: Sequence[Compared]) -> Compared:
        """Return comparisons of the same persons, changes not adjusted, as one of more columns."""
        by_column = {
            name: np.concatenate([getattr(part, name) for part in parts], axis=-1)
            for name in (
                "estimate",
                "contrast",
                "valid",
                "share",
                "between",
                "n",
                "mean_t",
                "mean_c",
            )
        }
        giving = {
            name: np.concatenate([part.giving[name] for part in parts]) for name in parts[0].giving
        }
        return cls(**by_column, stratum_t=parts[0].stratum_t, giving=giving)


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison(Compared):
    """The same with every row that serves as a control.

    Attributes
    ----------
    stratum_c
        Strata of control rows, shape (q,).
    control_row
        Rows of the risk set that serve as controls, shape (q,).
    change_t, change_c
        Changes of participants (n, KE) and of controls (q, KE).
    load, load_squares
        Sums over participants of (share times the control's weight), and of its square, shape
        (q, KE): K / n and K' / n^2. No squares where those are weighted, or on both sides.
    apart
        What each control adds by way of a regression without weights, shape (q, KE); None if there
        was none.
    """

    stratum_c: IntArray
    control_row: IntArray
    change_t: FloatArray
    change_c: FloatArray
    load: FloatArray
    load_squares: FloatArray | None
    apart: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class SetWeights:
    """Sets of controls as matrices over the rows that serve in any.

    Attributes
    ----------
    control_row
        These rows of the risk set, shape (q,), ascending.
    means, loads
        What each weighs in each set, shape (sets, q), and the same by row, shape (q, sets).
    """

    control_row: IntArray
    means: csr_array
    loads: csr_array

    @classmethod
    def of(cls, group: ControlGroup) -> SetWeights:
        """Lay out the sets of a group."""
        control_row = distinct(group.sets.control)
        place = np.zeros(len(group.risk.person), dtype=np.int64)
        place[control_row] = np.arange(len(control_row))
        placed = replace(group.sets, control=place[group.sets.control])
        means = placed.matrix(len(control_row))
        return cls(control_row, means, means.T.tocsr())

    @cached_property
    def squares(self) -> csr_array:
        """The squares of `loads`."""
        return self.loads.power(2)


def compare(
    group: ControlGroup,
    levels: tuple[FloatArray, FloatArray],
    changes: tuple[FloatArray, FloatArray],
    *,
    who: SetWeights | None = None,
    moved: tuple[FloatArray, FloatArray] | None = None,
    among: BoolArray | None = None,
    by_start_year: bool = False,
) -> Comparison:
    """Average the contrasts of all participants that can be compared.

    Parameters
    ----------
    group
        Participants and their controls.
    levels, changes
        Of the participants, shape (n, KE), and of the distinct control rows, shape (q, KE).
    who
        The sets of controls, where they are laid out already.
    moved
        Changes of the levels from their base, where `changes` are these less what explains them.
    among
        The participants it is about, shape (n,); all if None.
    by_start_year
        Weigh start years by their share of all participants it is about, not of those seen.

    Notes
    -----
    tau(e) = mean over participants with y(e) and y(b) seen and at least one control seen of
    [(y_i(e) - y_i(b)) - sum_j w_ij (y_j(e) - y_j(b))], the weights renormalised to 1 over the
    controls seen. By start year it is sum_c s_c tau_c(e), s_c the share of start year c.
    """
    who = SetWeights.of(group) if who is None else who
    (level_t, level_c), (change_t, change_c) = levels, changes
    seen_c, W = np.isfinite(change_c), who.means
    seen_weight = W @ seen_c.astype(np.float64)  # of each set
    some_seen = np.where(seen_weight > 0, seen_weight, 1.0)
    means = SetMeans(
        seen_weight,
        (W @ np.where(seen_c, change_c, 0.0)) / some_seen,
        (W @ np.where(seen_c, level_c, 0.0)) / some_seen,
    )
    found = with_sets(group, means, level_t, change_t, among=among, by_start_year=by_start_year)
    share, mass = found["share"], found.pop("mass")
    load = np.asarray(who.loads @ (mass / some_seen))
    load *= seen_c
    load_squares = None
    if group.model is None:
        load_squares = np.asarray(who.squares @ (_by_set(group, share**2) / some_seen**2)) * seen_c
    control_row = who.control_row
    start_year = group.risk.start_year[control_row]
    return Comparison(
        **found,
        stratum_c=start_year if by_start_year else np.zeros_like(start_year),
        control_row=control_row,
        change_t=change_t,
        change_c=change_c,
        load=load,
        load_squares=load_squares,
        giving=contributions(
            (share, load),
            (level_t, level_c),
            (np.arange(len(level_t)), group.risk.person[control_row]),
            changes if moved is None else moved,
        ),
    )


class SetMeans(NamedTuple):
    """Of the controls of each set that are seen: their weight, and mean change and level, (s, KE).

    Both means are 0 where nobody is seen.
    """

    weight: FloatArray
    change: FloatArray
    level: FloatArray


def with_sets(
    group: ControlGroup,
    means: SetMeans,
    level: FloatArray,
    change: FloatArray,
    *,
    among: BoolArray | None,
    by_start_year: bool,
) -> dict[str, Any]:
    """Compare participants with the means of their sets of controls; see `compare`.

    Parameters
    ----------
    group
        Participants and their controls.
    means
        Of their sets.
    level, change
        Of the participants, shape (n, KE).
    among, by_start_year
        As of `compare`.

    Returns
    -------
    dict
        Fields of `Compared` but `giving`, and `mass`, the shares of those who have each set.
    """
    sets = group.sets
    valid = np.isfinite(change) & (means.weight > 0)[sets.set_of]
    if among is not None:
        valid &= among[:, None]
    contrast = np.where(valid, change - means.change[sets.set_of], np.nan)
    start_year = group.risk.start_year[sets.participant]
    stratum = start_year if by_start_year else np.zeros_like(start_year)
    everyone = np.ones(len(valid), dtype=bool) if among is None else among
    own = np.ones(len(valid)) if sets.own is None else sets.own
    estimate, share, between = average(contrast, valid, everyone, stratum, own)
    found = valid.any(axis=0)
    mean_t = np.where(found, (share * np.where(valid, level, 0.0)).sum(axis=0), np.nan)
    # Added up in the participants' order, which no numbering of the sets moves.
    mean_c = np.where(found, (share * means.level[sets.set_of]).sum(axis=0), np.nan)
    return {
        "estimate": estimate,
        "contrast": contrast,
        "valid": valid,
        "share": share,
        "between": between,
        "stratum_t": stratum,
        "n": valid.sum(axis=0),
        "mean_t": mean_t,
        "mean_c": mean_c,
        "mass": _by_set(group, share),
    }


def _by_set(group: ControlGroup, values: FloatArray) -> FloatArray:
    """Add up what participants have, by the set of each, shape (sets, KE)."""
    of, size = group.sets.set_of, len(group.sets.size)
    entry = np.ones(len(of)), (of, np.arange(len(of)))
    return np.asarray(csr_array(entry, shape=(size, len(of))) @ values)


def average(
    contrast: FloatArray,
    valid: BoolArray,
    everyone: BoolArray,
    stratum: IntArray,
    weight: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the mean contrast, each participant's share in it, and the strata's part in its error.

    Strata weigh by their share of `everyone`, and within one those who are valid by their `weight`;
    a column with a stratum nobody is seen in has no mean. Shares are estimated, so that a
    participant adds (tau_s - tau) w / W, seen or not; with one stratum that is nothing.
    """
    own = np.where(valid, contrast, 0.0) * weight[:, None]
    total = float(weight[everyone].sum()) or 1.0
    share, between = np.zeros(contrast.shape), np.zeros(contrast.shape)
    estimate = np.zeros(contrast.shape[1])
    complete = np.full(contrast.shape[1], bool(everyone.any()))
    counted = valid * weight[:, None]
    for rows, part, seen, mean in _by_stratum(own, counted, everyone, stratum, weight):
        complete &= seen > 0
        share[rows] = counted[rows] * (part / np.where(seen > 0, seen, 1.0))
        between[rows] = mean * weight[rows, None] / total
        estimate += part * mean
    between[everyone] -= estimate * weight[everyone, None] / total
    share[:, ~complete], between[:, ~complete] = 0.0, 0.0
    return np.where(complete, estimate, np.nan), share, between


def mean_weights(valid: BoolArray, everyone: BoolArray, stratum: IntArray) -> FloatArray:
    """Return what each participant weighs in the mean contrast of `average` where all weigh 1.

    Parameters
    ----------
    valid
        Who is compared, shape (n, columns).
    everyone, stratum
        Whom it is about, and the stratum of each, shape (n,).

    Returns
    -------
    ndarray
        Shape (n, columns); NaN where nobody of some stratum is compared.
    """
    weight, once = np.zeros(valid.shape), np.ones(len(valid))
    complete = np.full(valid.shape[1], bool(everyone.any()))
    for rows, part, seen, _ in _by_stratum(valid, valid, everyone, stratum, once):
        complete &= seen > 0
        weight[rows] = valid[rows] * (part / np.where(seen > 0, seen, 1.0))
    weight[:, ~complete] = np.nan
    return weight


def _by_stratum(
    own: NDArray[Any],
    counted: NDArray[Any],
    everyone: BoolArray,
    stratum: IntArray,
    weight: FloatArray,
) -> Iterator[tuple[BoolArray | slice, float, NDArray[Any], FloatArray]]:
    """Yield who is in each stratum, its share of all, the weight of those seen, and the mean."""
    total = float(weight[everyone].sum()) or 1.0
    for s in np.unique(stratum[everyone]).tolist():
        here = everyone & (stratum == s)
        part = float(weight[here].sum()) / total
        rows = slice(None) if here.all() else here  # of a slice nothing is copied
        seen = counted[rows].sum(axis=0)
        yield rows, part, seen, own[rows].sum(axis=0) / np.where(seen > 0, seen, 1.0)


def centred(values: FloatArray, weight: FloatArray, stratum: IntArray) -> FloatArray:
    """Return weight * (values - weighted mean of the stratum), 0 where the weight is.

    Parameters
    ----------
    values, weight
        Shape (rows, KE); values may be NaN where the weight is 0.
    stratum
        Shape (rows,).
    """
    result, strata = np.zeros(values.shape), np.unique(stratum)
    for s in strata.tolist():
        rows = stratum == s if len(strata) > 1 else slice(None)  # of which nothing is copied
        w, v = weight[rows], np.where(weight[rows] > 0, values[rows], 0.0)
        total = w.sum(axis=0)
        result[rows] = w * (v - (w * v).sum(axis=0) / np.where(total > 0, total, 1.0))
    return result
