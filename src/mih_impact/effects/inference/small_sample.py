"""Small-sample corrections of clustered standard errors, by the names they have elsewhere.

Where weights are taken as fixed the estimate is the coefficient on treatment in a weighted
regression of changes on an intercept and treatment; its scores are corrected cluster by cluster.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mih_impact.controls.group import ControlGroup
from mih_impact.effects.comparison import Comparison, centred
from mih_impact.effects.influence import Influence
from mih_impact.errors import EffectsError

__all__ = ["SmallSample", "require_small_sample", "small_sample_rows"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SmallSample = Literal["auto", "none", "CR1", "CR1S", "CR2"]

#: Coefficients of the regression: the controls' mean and the difference.
COEFFICIENTS = 2
#: Eigenvalues below this are zero: a cluster that is all there is of one side.
SINGULAR = 1e-10


def require_small_sample(small_sample: str, kind: str, *, adjust: bool, composition: str) -> None:
    """Raise on a correction that the standard errors have no theory for."""
    if small_sample in ("auto", "none"):
        return
    of_weights = kind == "estimated_weights"
    if kind not in ("person", "matched_set", "estimated_weights"):
        raise EffectsError(
            f"{small_sample} is for standard errors that are clustered by person or above",
            found=f"se={kind!r}",
            do="add se='person', or leave small_sample= out",
        )
    regressed = not (of_weights or adjust or composition == "cohort_weighted")
    if small_sample in ("CR1S", "CR2") and not regressed:
        raise EffectsError(
            f"{small_sample} is for estimates that are a weighted regression of changes on "
            "treatment alone",
            found=f"se={kind!r}, adjust={adjust}, composition={composition!r}",
            do="choose small_sample='CR1', or se='person' without adjust= and with "
            "composition='available'",
        )


def small_sample_rows(
    group: ControlGroup,
    comparison: Comparison,
    influence: Influence,
    kind: str,
    small_sample: SmallSample,
    label: IntArray | None,
) -> tuple[Influence, FloatArray | None]:
    """Return rows by cluster with the correction asked for, and their degrees of freedom.

    Parameters
    ----------
    group, comparison, influence
        Who is compared, the contrasts, and the rows by person where weights were estimated.
    kind
        "person", "matched_set" or "estimated_weights"; others are left as they are.
    small_sample
        Not "auto".
    label
        The cluster of every person of the cube; None for persons, or matched sets, themselves.

    Returns
    -------
    tuple
        Rows, and degrees of freedom of t intervals, shape (KE,): those of Bell and McCaffrey for
        "CR2", clusters less one for "CR1S", None for others.

    Notes
    -----
    With G clusters, N rows of the regression and p = 2 coefficients the sum of squares of the
    clusters' scores is multiplied by

    - "none": 1, as CR0 of R's clubSandwich and HC0 of sandwich::vcovCL without cadjust
    - "CR1": G / (G - 1), as CR1 of clubSandwich
    - "CR1S": G (N - 1) / ((G - 1) (N - p)), as Stata's `regress, vce(cluster)`, statsmodels' and
      CR1S of clubSandwich; Stata's intervals have G - 1 degrees of freedom, and so do these

    "CR2" multiplies the residuals of cluster i by B_i^(-1/2), B_i its block of (I - H)(I - H)', H
    the hat matrix of the weighted regression: unbiased if changes are independent with one variance
    (Bell and McCaffrey 2002; Pustejovsky and Tipton 2018, with the identity as working model, as
    clubSandwich takes for weights of `lm`). Between rows of one side with weights w that add up to
    1, Q the sum of their squares, that block is I + U C U' with U = (1, w) and
    C = (Q, -1; -1, 0), so that with G_i = U'U

        B_i^r = I + U C h(G_i C) U',  h(x) = ((1 + x)^r - 1) / x,

    two by two whatever the size of the cluster. Degrees of freedom are (tr P)^2 / tr(P^2), P the
    covariance of the clusters' parts under that model.

    References
    ----------
    Bell and McCaffrey (2002), Bias reduction in standard errors for linear regression with
    multi-stage samples, Survey Methodology 28(2). Pustejovsky and Tipton (2018), Small-sample
    methods for cluster-robust variance estimation, JBES 36(4).
    """
    if kind == "estimated_weights":
        return _of_weights(influence, small_sample, label), None
    if kind not in ("person", "matched_set"):
        return influence, None
    c = comparison
    who = _clusters(group, c, kind, label)
    labels, place = np.unique(np.concatenate(who), return_inverse=True)
    first, member = (
        len(who[0]),
        csr_array(
            (np.ones(len(place)), (place, np.arange(len(place)))), shape=(len(labels), len(place))
        ),
    )
    sides = [(member[:, :first], c.share, c.change_t), (member[:, first:], c.load, c.change_c)]
    if small_sample == "CR2":
        rows, df = _bias_reduced(sides)
        return Influence(rows, labels), df
    treated = centred(c.change_t, c.share, c.stratum_t) + c.between
    control = -centred(c.change_c, c.load, c.stratum_c)
    control *= 1.0 if c.leverage is None else c.leverage
    rows = np.asarray(member @ np.concatenate([treated, control]))
    used = np.concatenate([c.share > 0, c.load > 0])
    n, clusters = used.sum(axis=0), (member @ used > 0).sum(axis=0)
    factor = np.ones(len(n))
    if small_sample != "none":
        factor *= clusters / np.maximum(clusters - 1, 1)
    if small_sample == "CR1S":
        factor *= (n - 1) / np.maximum(n - COEFFICIENTS, 1)
    degrees = np.maximum(clusters - 1.0, 1.0) if small_sample == "CR1S" else None
    return Influence(rows * np.sqrt(factor), labels), degrees


def _of_weights(influence: Influence, small_sample: str, label: IntArray | None) -> Influence:
    """Return rows for estimated weights, which have theory for a factor of clusters only."""
    rows = influence if label is None else influence.clustered(label[influence.cluster])
    used = (rows.rows != 0).sum(axis=0)
    factor = 1.0 if small_sample == "none" else used / np.maximum(used - 1, 1)
    return Influence(rows.rows * np.sqrt(factor), rows.cluster)


def _clusters(
    group: ControlGroup, comparison: Comparison, kind: str, label: IntArray | None
) -> tuple[IntArray, IntArray]:
    """Return the cluster of every participant and of every control row."""
    sets, person = group.sets, group.risk.person
    if label is not None or kind == "person":
        who = person[sets.participant], person[comparison.control_row]
        return who if label is None else (label[who[0]], label[who[1]])
    place = np.searchsorted(comparison.control_row, sets.control)
    own = np.empty(len(comparison.control_row), dtype=np.int64)
    own[place] = sets.member
    return sets.set_of, own


def _bias_reduced(
    sides: list[tuple[csr_array, FloatArray, FloatArray]],
) -> tuple[FloatArray, FloatArray]:
    """Return the rows of CR2, shape (clusters, KE), and their degrees of freedom, (KE,).

    `sides` are participants and controls: who is in which cluster, weights and changes.
    """
    rows = np.zeros((sides[0][0].shape[0], sides[0][1].shape[1]))
    df = np.full(rows.shape[1], np.nan)
    for k in range(rows.shape[1]):
        own, parts, middle = np.zeros(len(rows)), [], []
        for sign, (member, weight, change) in zip((1.0, -1.0), sides, strict=True):
            w = weight[:, k]
            seen = w > 0
            if not seen.any():
                continue
            y = np.where(seen, change[:, k], 0.0)
            e = np.where(seen, y - w @ y, 0.0)
            n, s1, s2, e0, e1 = (member @ np.stack([seen, w, w * w, e, w * e], axis=1)).T
            Q = float(w @ w)
            C = np.array([[Q, -1.0], [-1.0, 0.0]])
            gram = np.stack([np.stack([n, s1], -1), np.stack([s1, s2], -1)], -2)
            to, of_w = np.stack([e0, e1], -1), np.stack([s1, s2], -1)
            root, inverse = (C @ _beyond(gram @ C, power) for power in (-0.5, -1.0))
            rows[:, k] += sign * (e1 + _form(of_w, root, to))
            a1 = s1 + _form(np.stack([n, s1], -1), root, of_w)
            aw = s2 + _form(of_w, root, of_w)
            own += s2 + _form(of_w, inverse, of_w)
            parts += [a1, aw]
            middle.append(C)
        if len(middle) == len(sides):
            df[k] = _satterthwaite(own, np.stack(parts, axis=1), middle)
    return rows, df


def _form(left: FloatArray, middle: FloatArray, right: FloatArray) -> FloatArray:
    """Return left' M right of every cluster."""
    return np.asarray(np.einsum("gi,gij,gj->g", left, middle, right))


def _beyond(M: FloatArray, power: float) -> FloatArray:
    """Return h(M), h(x) = ((1 + x)^power - 1) / x, of two by two matrices with real eigenvalues."""
    mean = (M[:, 0, 0] + M[:, 1, 1]) / 2
    spread = (M[:, 0, 0] - M[:, 1, 1]) ** 2 / 4 + M[:, 0, 1] * M[:, 1, 0]
    half = np.sqrt(np.maximum(spread, 0.0))
    low, high = mean - half, mean + half
    apart = half > SINGULAR
    slope = np.where(
        apart, (_h(high, power) - _h(low, power)) / np.where(apart, 2 * half, 1.0), 0.0
    )
    eye = np.eye(2)
    at = _h(low, power)[:, None, None] * eye
    return at + slope[:, None, None] * (M - low[:, None, None] * eye)


def _h(x: FloatArray, power: float) -> FloatArray:
    left = 1.0 + x
    whole = left > SINGULAR  # what is all there is of a side has no residuals, and no weight
    raised = np.where(whole, np.where(whole, left, 1.0) ** power, 0.0)
    small = np.abs(x) < SINGULAR
    return np.where(small, power, (raised - 1.0) / np.where(small, 1.0, x))


def _satterthwaite(own: FloatArray, parts: FloatArray, middle: list[FloatArray]) -> float:
    """Return (tr P)^2 / tr(P^2) of P = diag(own) + Z C Z', never written out."""
    C = np.zeros((2 * len(middle),) * 2)
    for k, block in enumerate(middle):
        C[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = block
    diagonal = np.einsum("gi,ij,gj->g", parts, C, parts)
    product = C @ (parts.T @ parts)
    square = own @ own + 2 * (own @ diagonal) + np.trace(product @ product)
    return float((own.sum() + diagonal.sum()) ** 2 / square)
