"""An effect series with the same estimates and another covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from mih_impact import arguments
from mih_impact.controls.covariates import read_rows
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.terms import Lag, Term
from mih_impact.display.result import Provenance
from mih_impact.effects.estimates import with_table
from mih_impact.effects.influence import AnyInfluence, Influence
from mih_impact.effects.question import StandardError
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import EffectsError, OptionError

__all__ = [
    "FEWEST",
    "band_from_draws",
    "cluster_labels",
    "cluster_of",
    "clustered",
    "clustered_kind",
    "require_clusters",
    "require_draws",
    "with_drawn_errors",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Draws beyond which a p-value has digits that nobody reads.
MOST_DRAWS = 100_000


#: Columns of the table that have nothing to do with the standard errors.
_KEPT = (
    "matched_on",
    "n_participants",
    "n_controls",
    "n_lost",
    "participant_mean",
    "control_mean",
    "reason",
)


def with_drawn_errors(
    effects: EffectSeries,
    errors: FloatArray,
    *,
    se: str,
    level: float,
    provenance: Provenance,
    influence: AnyInfluence | None,
) -> EffectSeries:
    """Return the effects with the covariance and the bands of drawn errors.

    Parameters
    ----------
    effects
        C estimates.
    errors
        Draws of the estimates' errors, shape (draws, C).
    se
        What the standard errors are called.
    level
        Coverage of intervals and bands.
    """
    unseen = np.isnan(effects.estimate).ravel()
    if effects.matrix is not None:
        unseen = unseen | np.isnan(np.diag(effects.matrix))
    matrix = errors.T @ errors / len(errors)
    matrix[unseen], matrix[:, unseen] = np.nan, np.nan
    rows = [f"{group}/{name}" for group in effects.subgroups for name in effects.outcomes]
    size = len(effects.levels)
    error = np.sqrt(np.diag(matrix))
    critical = {
        row: band_from_draws(errors[:, k * size :][:, :size], error[k * size :][:size], level)
        for k, row in enumerate(rows)
    }
    series = replace(
        effects,
        matrix=matrix,
        provenance=provenance,
        se=se,
        influence=influence,
        df=None,
        averaged=(),
        family=None,
        source=None,
        balance=(),
    )
    columns = {name: effects.frame[name].to_numpy() for name in _KEPT}
    return with_table(series, level=level, critical=critical, columns=columns)


def band_from_draws(errors: FloatArray, error: FloatArray, level: float) -> float:
    """Return the critical value of a band: the quantile of the largest |draw / standard error|.

    Parameters
    ----------
    errors
        Draws of the errors the band covers together, shape (draws, L).
    error
        Their standard errors, shape (L,); those of 0 or NaN are not covered.
    level
        Joint coverage.

    Notes
    -----
    At least the pointwise normal value; NaN where nothing is covered.
    """
    kept = error > 0
    if not kept.any():
        return float("nan")
    largest = np.abs(errors[:, kept] / error[kept]).max(axis=1)
    return float(max(np.quantile(largest, level), ndtri(0.5 + level / 2)))


def require_draws(draws: int) -> None:
    """Raise on too few draws, or more than anybody waits for."""
    arguments.whole("draws", draws, high=MOST_DRAWS)
    if not arguments.is_whole(draws) or draws < 20:
        raise OptionError(
            "Too few draws to read a standard error off",
            found=f"draws={arguments.shown(draws)}",
            do="give 999, or at least 20",
        )


#: With fewer clusters a sum of squares over them says little of the variance.
FEWEST = 20


def cluster_of(group: ControlGroup, term: Term, own: Sequence[ControlGroup] = ()) -> IntArray:
    """Return the number of each person's cluster, shape (persons of the cube,); -1 for none.

    Parameters
    ----------
    group
        Participants and their controls.
    term
        A column as it stood in the year before start.
    own
        Those of its subgroups, whose candidates by month may be others.

    Returns
    -------
    array of int
        Clusters are numbered from 0 in the order of their values.

    Raises
    ------
    EffectsError
        Somebody in the risk sets has no value.

    Notes
    -----
    A person belongs to one cluster in all start years and years: that of the year before the first
    start year it serves, as participant or control; who serves nobody, that of the first it could
    have served. Thus a control who serves several start years and moves between them is one
    person in one cluster, and clusters are unions of persons.
    """
    if not isinstance(term, str | Lag):
        raise OptionError(
            "Clusters are the values of one column",
            found=f"cluster={arguments.shown(term)}",
            do='name a column, such as cluster="municipality"',
        )
    if term in ("person", "person_id"):
        raise OptionError(
            "Here clusters are larger than a person",
            found=f"cluster={term!r}",
            do="use mih.event_study(group, cluster='person') for standard errors by person, or "
            'name a column here, such as cluster="municipality"',
        )
    rows = [(each.risk, _serving_first(each)) for each in (group, *own)]
    who, start = (
        np.concatenate([getattr(risk, name)[order] for risk, order in rows])
        for name in ("person", "start")
    )
    person, first = np.unique(who, return_index=True)
    values = read_rows(group.cube_with(term), term, person, start[first])[0]
    unknown = int(pd.isna(values).sum())
    if unknown:
        raise EffectsError(
            f"Some persons have no {term} before start",
            found=f"{unknown} of {len(values)} persons in the risk sets",
            do="name it in exact= or on=, so that those without a value are left out, or choose "
            "another column",
        )
    label = np.full(group.risk.cube.n_persons, -1, dtype=np.int64)
    label[person] = np.unique(values, return_inverse=True)[1]
    return label


def _serving_first(group: ControlGroup) -> IntArray:
    """Return the rows of the risk sets, those that serve before the others."""
    serving = np.unique(np.concatenate([group.sets.participant, group.sets.control]))
    return np.concatenate([serving, np.arange(len(group.risk.person))])


def cluster_labels(
    group: ControlGroup, influence: Influence, term: Term, own: Sequence[ControlGroup] = ()
) -> IntArray:
    """Return the cluster of every row of an influence by person, shape (rows,); see `cluster_of`.

    Raises
    ------
    EffectsError
        As `cluster_of`, or rows that are no persons.
    """
    if (influence.cluster < 0).any():
        raise EffectsError(
            "Pairs and the reuse of controls are not scores of persons, and do not add up within "
            "clusters",
            found="standard errors of Abadie and Imbens",
            do="use se='person' with cluster=",
        )
    return cluster_of(group, term, own)[influence.cluster]


def clustered(
    group: ControlGroup, influence: Influence, term: Term, own: Sequence[ControlGroup] = ()
) -> Influence:
    """Add the influence of persons up within clusters.

    Parameters
    ----------
    group
        Participants and their controls.
    influence
        Rows by person.
    term
        A column as it stood in the year before start; see `cluster_of` for those who move.
    own
        The control groups of its subgroups.

    Returns
    -------
    Influence
        A row for every cluster.

    Raises
    ------
    EffectsError
        Fewer than 20 clusters.

    Notes
    -----
    The covariance is G / (G - 1) sum_g (sum_{i in g} psi_i)(sum_{i in g} psi_i)', G the clusters
    with anybody compared in that column (Liang and Zeger 1986). The factor comes on top of that
    of the persons' rows, P / (P - 1) for weights taken as fixed, in the place where Stata's and
    statsmodels' regressions have (N - 1) / (N - 2).

    What counts for the normal approximation is the number of clusters that hold participants, and
    how alike they are in size; where these are few, `wild_bootstrap` is safer even with 20.
    """
    label = cluster_labels(group, influence, term, own)
    require_clusters(label, term)
    added = influence.clustered(label)
    used = (added.rows != 0).sum(axis=0)
    return Influence(added.rows * np.sqrt(used / np.maximum(used - 1, 1)), added.cluster)


def require_clusters(label: IntArray, term: Term, *, few: bool = False) -> None:
    """Raise on too few clusters, `label` being each person's; with `few`, two are enough."""
    count, least = len(np.unique(label[label >= 0])), 2 if few else FEWEST
    if count < least:
        raise EffectsError(
            f"Too few clusters for standard errors by {term}",
            found=f"{count} clusters, and at least {least} are needed",
            do="use cluster='person', or, for effects on those who start, "
            f"mih.wild_bootstrap(group, year=3, cluster={str(term)!r}), which is made for few",
        )


def clustered_kind(se: StandardError, group: ControlGroup) -> StandardError:
    """Return the kind of rows that are added up within clusters above the person.

    Raises
    ------
    EffectsError
        A kind whose rows are not persons.
    """
    if se in ("abadie_imbens", "matched_set"):
        raise OptionError(
            f"Standard errors {se!r} cannot be combined with clusters above the person",
            found="their rows are pairs or sets, whose persons may live in different clusters",
            do="use se='auto' with cluster=, or leave out cluster=",
        )
    if se == "auto":
        return "person" if group.estimated_model is None else "estimated_weights"
    return se
