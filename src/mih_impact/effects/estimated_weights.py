"""Standard errors of weights that were estimated: what persons move by way of the weights' model.

And of matching on a score that was estimated (Abadie and Imbens 2016), below.

Columns are outcome-major, as in `comparison`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from mih_impact.controls.group import ControlGroup
from mih_impact.controls.options import ON_SCORE
from mih_impact.controls.propensity import WeightModel
from mih_impact.effects.comparison import Comparison, centred
from mih_impact.effects.influence import Influence, Nearby, pair_rows, seen_alike
from mih_impact.errors import EffectsError, OptionError, warn

__all__ = [
    "FLAT",
    "ScoreMoments",
    "by_coefficient",
    "cancelled",
    "corrected",
    "estimated_weights",
    "largest_of",
    "moved_by_score",
    "moved_by_weights",
    "require_estimated",
    "require_theory",
    "score_design",
    "score_moments",
    "steepness",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Rows of the risk sets, and two factors of what each adds to every estimate.
Moved = tuple[IntArray, FloatArray, FloatArray]

#: Directions in which weighted candidates hardly differ carry no slope: a share of the largest
#: spread, in standard deviations squared.
FLAT = 1e-10
#: Rows that cancel to this share of their largest part have cancelled.
SPREAD_ROUNDING = 1e-9


def estimated_weights(group: ControlGroup, comparison: Comparison) -> Influence:
    """Rows by person for weights that were estimated, by entropy balancing or a logit.

    Parameters
    ----------
    group
        Participants and their weighted controls.
    comparison
        Their contrasts and the load on every control.

    Returns
    -------
    Influence
        A row for every person that weights or estimates depend on.

    Raises
    ------
    EffectsError
        The group's controls were matched.

    Notes
    -----
    The estimate and the weights solve one set of estimating equations; a person's row is the
    negative inverse of their derivative times the person's part in them, its element for the
    estimate (M-estimation; Stefanski and Boos 2002). Written out, with start years c, S_c the share
    of their participants in the mean, w_j the weight of candidate j, v_j that weight renormalised
    over those seen, and mu_c = sum_j v_j D_j the controls' mean change:

    - a participant: share_i (contrast_i - tau), or within strata as in `comparison`
    - a control: -S_c v_j (D_j - mu_c)
    - entropy (Zhao and Percival 2017; Chan, Yam and Zhang 2016): with m_c the common mean of x,
      H_c = sum_j w_j (x_j - m_c)(x_j - m_c)', g_c = S_c H_c^-1 sum_j v_j (D_j - mu_c)(x_j - m_c),
      a control adds w_j g_c'(x_j - m_c), seen or not, and each of the n_c participants of the start
      year -g_c'(x_i - m_c) / n_c. Where all are seen, g_c / S_c is the slope of a regression of the
      controls' changes on x with the weights, and both rows become residuals from it.
    - odds (Hirano, Imbens and Ridder 2003; Lunceford and Davidian 2004): with G = sum over c of
      S_c sum_j v_j (D_j - mu_c) h_j x_j and A the observed information of the logit or probit,
      every row of the risk sets adds -G' A^-1 x_r h_r (d_r - p_r), d whether it starts, p its score
      and h the derivative of its log odds by the linear index, 1 for a logit.

    Where changes are adjusted, D_j is the control's residual times its leverage, which is 1 where
    means agree, and D's mean is that of the residuals in contrasts. A regression without weights
    leaves the leverage at 1, and a control adds (mean_t x - mean_c x)' (X'X)^-1 x_j e_j less.

    A change that is linear in what is balanced, such as one between two lags in `on`, has no error.

    No small-sample factor. Trimming is taken as fixed.
    """
    require_estimated(group)
    c, who, sets = comparison, group.risk.person, group.sets
    rows = np.zeros((len(group.risk.cube.person_id), len(c.estimate)))
    year = group.risk.start_year[c.control_row]
    start = group.risk.start_year[sets.participant]
    contrast, slopes = c.contrast.copy(), {}
    for start_year in np.unique(year).tolist():
        # Rows ascend by start year, so that those of one are looked at and not copied.
        here = slice(*np.searchsorted(year, [start_year, start_year + 1]).tolist())
        load = c.load[here]
        change = np.where(load > 0, c.change_c[here], 0.0)
        mean = _mean(change, load)
        if c.leverage is not None:
            change *= c.leverage[here]
            contrast[start == start_year] += mean - _mean(change, load)
            mean = _mean(change, load)
        change -= mean
        change *= load
        rows[who[c.control_row[here]]] -= change
        slopes[start_year] = by_coefficient(group, c.control_row[here], change)
    if c.apart is not None:
        np.subtract.at(rows, who[c.control_row], c.apart)
    rows[who[sets.participant]] += centred(contrast, c.share, c.stratum_t) + c.between
    largest = largest_of(rows)
    for at, factor, gain in moved_by_weights(group, slopes):
        rows[who[at]] += factor @ gain
    rows[:, cancelled(rows, largest)] = 0.0
    touched = np.flatnonzero(rows.any(axis=1))
    return Influence(rows[touched], touched)


def cancelled(rows: FloatArray, largest: FloatArray) -> NDArray[np.bool_]:
    """Return which estimates have rows that cancel, beside the largest before these did, (KE,).

    What is balanced exactly cannot differ: its rows cancel, and what rounding leaves is no error.
    """
    return np.asarray(largest_of(rows) <= SPREAD_ROUNDING * largest)


def largest_of(rows: FloatArray) -> FloatArray:
    """Return the largest of each column without its sign, shape (KE,)."""
    return np.asarray(np.maximum(rows.max(axis=0), -rows.min(axis=0)))


def require_estimated(group: ControlGroup) -> WeightModel:
    """Return the model that a group's weights were estimated by, or raise where none was."""
    if group.estimated_model is None:
        raise OptionError(
            "Standard errors for estimated weights need weights that were estimated",
            found=f"controls chosen by method={group.method!r}",
            do="use se='auto', or mih.weight(...) for the group",
        )
    return group.estimated_model


def _mean(change: FloatArray, load: FloatArray) -> FloatArray:
    """Return the mean change of the controls, shape (KE,); 0 where none has a load."""
    total = load.sum(axis=0)
    return np.asarray(np.einsum("jk,jk->k", load, change) / np.where(total > 0, total, 1.0))


def moved_by_weights(group: ControlGroup, slopes: dict[int, FloatArray]) -> Iterator[Moved]:
    """Yield what rows add by way of the weights that were estimated, start year by start year.

    Parameters
    ----------
    group
        Participants and their weighted controls.
    slopes
        Of each start year how the controls' mean moves with the coefficients, shape (1 + k, KE); as
        of `by_coefficient`.
    """
    if require_estimated(group).kind == "entropy":
        return _moved_by_balancing(group, slopes)
    return moved_by_score(group, {c: -slope for c, slope in slopes.items()})


def _moved_by_balancing(group: ControlGroup, slopes: dict[int, FloatArray]) -> Iterator[Moved]:
    """Yield what rows add by way of the balanced means."""
    risk, sets, X = group.risk, group.sets, require_estimated(group).covariates.X
    spread = X.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    for start_year, slope in slopes.items():
        entry = risk.start_year[sets.control] == start_year
        weight, used = sets.weight[entry], sets.control[entry]
        treated = sets.participant[risk.start_year[sets.participant] == start_year]
        each = risk.weights[treated, None] / risk.weights[treated].sum()
        mean = (each * X[treated]).sum(axis=0)
        beyond, own = (X[used] - mean) / scale, (X[treated] - mean) / scale
        weighted = beyond * weight[:, None]
        inverse = np.linalg.pinv(beyond.T @ weighted, rcond=FLAT, hermitian=True)
        gain = inverse @ (slope[1:] / scale[:, None])
        yield np.concatenate([used, treated]), np.vstack([weighted, -each * own]), gain


def by_coefficient(group: ControlGroup, rows: IntArray, moved: FloatArray) -> FloatArray:
    """Return how estimates move with the model's coefficients by way of some rows' weights.

    Shape (1 + k, KE): with the constant of the rows' start year, and with each covariate.
    """
    return np.asarray(steepness(group, rows) @ moved)


def steepness(group: ControlGroup, rows: IntArray) -> FloatArray:
    """Return what rows' log weights move by with each coefficient, shape (1 + k, rows)."""
    assert group.model is not None
    X = group.model.covariates.X
    found = np.empty((1 + X.shape[1], len(rows)))
    found[0], found[1:] = 1.0, X[rows].T
    steep = None if group.score is None else group.score.steepness
    if steep is not None:
        found *= steep[rows]
    return found


def moved_by_score(group: ControlGroup, slopes: dict[int, FloatArray]) -> Iterator[Moved]:
    """Yield what rows of the risk sets add by way of the score's coefficients.

    Parameters
    ----------
    group
        A group whose weights are by the odds of a logit or probit.
    slopes
        Of each start year how estimates move with its coefficients, shape (1 + k, KE): its constant
        first.

    Notes
    -----
    With G the slopes and A the observed information, a row adds (d - p) h x' A^-1 G.
    """
    risk, score, model = group.risk, group.score, group.model
    assert score is not None
    assert model is not None
    X, surprise = model.covariates.X, risk.treated - score.probability
    if score.steepness is not None:
        surprise = surprise * score.steepness
    if risk.weight is not None:
        surprise = surprise * risk.weight
    none = np.zeros_like(next(iter(slopes.values())))
    each = [slopes.get(c, none) for c in risk.start_years.tolist()]
    pooled = np.vstack([*(one[:1] for one in each), sum(one[1:] for one in each)])
    for k, start_year in enumerate(risk.start_years.tolist()):
        fit = score.models[str(start_year) if model.by_start_year else next(iter(score.models))]
        moved = fit.cov @ (each[k] if model.by_start_year else pooled)
        terms = len(fit.names) - X.shape[1]
        here = np.flatnonzero(risk.start_year == start_year)
        gain = np.vstack([moved[[0 if model.by_start_year else k]], moved[terms:]])
        own = np.column_stack([np.ones(len(here)), X[here]])
        own *= surprise[here, None]
        yield here, own, gain


# --- a score that was estimated, and matched on ---------------------------------------------------


#: Directions in which estimates do not vary, as a share of the largest spread, are not there.
_NOT_THERE = 1e-12
#: What is left of the variance of any combination of estimates, at least: none is without error.
LEAST = 0.01


@dataclass(frozen=True, eq=False)
class ScoreMoments:
    """How estimates hang on the score's K coefficients.

    Attributes
    ----------
    moved
        Derivative of the estimates by way of who is matched, shape (K, KE).
    shared
        Covariance of the estimates with the score function of the logit, shape (K, KE).
    """

    moved: FloatArray
    shared: FloatArray


def require_theory(group: ControlGroup, kind: str, *, adjust: bool) -> None:
    """Raise where the correction for an estimated score has no theory behind it.

    Raises
    ------
    EffectsError
        Weights, no score, no replacement, adjusted changes, or other standard errors.
    """
    what, found, do = "", "", "leave out score_correction="
    if group.model is not None:
        what = "Weights that were estimated have their error in the variance already"
        found = f"weights by method={group.method!r}"
    elif group.method not in ON_SCORE:
        what = "Controls were not matched on an estimated score, so there is nothing to correct for"
        found = f"method={group.method!r}"
        do += ", or match with method='propensity'"
    elif group.score is None or not group.score.models:
        what = "How a score of your own was estimated is not known, so it cannot be corrected for"
        found = "score= of match"
    elif group.score.link != "logit":
        what = "The correction for an estimated score is written for a logit"
        found = f"link={group.score.link!r}"
        do += ", or match with link='logit'"
    elif group.risk.weight is not None:
        what = "The correction for an estimated score does not know design weights"
        found = "a panel read with weights="
    elif not group.replace:
        what = "The correction for an estimated score is for matching with replacement"
        found = "matching without replacement"
        do += ", or match with replace=True"
    elif adjust:
        what = "The correction for an estimated score is not known for adjusted changes"
        found = "adjust=True"
        do += " or adjust="
    elif kind != "abadie_imbens":
        what = "The correction for an estimated score belongs to Abadie-Imbens standard errors"
        found = f"se={kind!r}"
        do += ", or use se='abadie_imbens'"
    if what:
        raise EffectsError(what, found=found, do=do)


def score_design(group: ControlGroup, rows: IntArray) -> FloatArray:
    """Return what the score is linear in, for rows of the risk set, shape (rows, K).

    The columns are in the order of the coefficients: a term for each start year and the covariates;
    with a logit for each start year a constant and the covariates of each, 0 outside it.
    """
    risk = group.risk
    at = (risk.start_year[rows][:, None] == risk.start_years).astype(np.float64)
    assert group.score is not None
    fitted = next(iter(group.score.models.values())).names  # within a subgroup not all columns are
    X = risk.design.take(rows)[:, [name in fitted for name in risk.design.names]]
    if not _by_start_year(group):
        return np.column_stack([at, X])
    own = np.column_stack([np.ones(len(rows)), X])
    return np.asarray((at[:, :, None] * own[:, None, :]).reshape(len(rows), -1))


def score_covariance(group: ControlGroup) -> FloatArray:
    """Return the inverse information of the score's coefficients, shape (K, K)."""
    assert group.score is not None
    return np.asarray(block_diag(*(fit.cov for fit in group.score.models.values())))


def _by_start_year(group: ControlGroup) -> bool:
    """Return whether every start year has a logit of its own."""
    assert group.score is not None
    return list(group.score.models) == [str(c) for c in group.risk.start_years.tolist()]


def score_moments(
    group: ControlGroup,
    comparison: Comparison,
    near: Nearby,
    changes: FloatArray,
) -> ScoreMoments:
    """Return how one comparison hangs on the coefficients of the score.

    Parameters
    ----------
    group
        Participants matched on a score with replacement.
    comparison
        Their contrasts and the load on every control.
    near
        The neighbours of each control.
    changes
        As in `influence.abadie_imbens`.

    Notes
    -----
    With psi_i the participants' rows of `abadie_imbens`, load_j = K_j / n, p the score, x what it
    is linear in, and for control j and the means l of its L nearest other candidates, near as
    there, cov_j = (x_j - x_l)(y_j - y_l)' L / (L + 1):

        shared = sum_i (1 - p_i) x_i psi_i' + sum_j load_j p_j cov_j
        moved = -sum_j load_j cov_j

    See `corrected` for why. Controls without another candidate that is seen are left out of the
    sums over j, and the others' loads raised to make up for them, by column.
    """
    c, sets = comparison, group.sets
    assert group.score is not None
    p = group.score.probability
    X, start_year = score_design(group, near.rows), group.risk.start_year[near.rows]
    x_t = score_design(group, sets.participant)
    shared = ((1.0 - p[sets.participant])[:, None] * x_t).T @ pair_rows(c)
    moved, matched = np.zeros_like(shared), np.zeros_like(shared)
    placed = near.placed
    own_x, own_p = X[placed.used], p[c.control_row][:, None]
    for seen, columns in seen_alike(changes, start_year):
        mean, count = placed.means(np.column_stack([changes[:, columns], X]), seen)
        y, mean_y, mean_x = (
            changes[placed.used][:, columns],
            *np.split(mean, [len(columns)], axis=1),
        )
        load = c.load[:, columns]
        found = (count > 0)[:, None] & np.isfinite(y) & (load > 0)
        total = np.where(found, load, 0.0).sum(axis=0)
        raised = load * load.sum(axis=0) / np.where(total > 0, total, 1.0)
        share = (count / (count + 1.0))[:, None]
        gap = np.where(found, raised * share * (y - mean_y), 0.0)
        apart = own_x - mean_x
        moved[:, columns] = -apart.T @ gap
        matched[:, columns] = (own_p * apart).T @ gap
    return ScoreMoments(moved, shared + matched)


def corrected(
    group: ControlGroup, influence: Influence, moments: Sequence[ScoreMoments], *, place: int = 0
) -> Influence:
    """Rows whose cross-product counts the score as estimated.

    Parameters
    ----------
    group
        Participants matched on a score with replacement.
    influence
        Rows of `influence.abadie_imbens`, of one comparison or several side by side.
    moments
        Of each comparison, in the same order.
    place
        Number of the score among those of an analysis, whose coefficients are rows of their own.

    Returns
    -------
    Influence
        The rows, recombined over estimates, and one for each coefficient of the score.

    Raises
    ------
    EffectsError
        The correction takes away more than 99 % of the variance of some estimate.

    Warns
    -----
    MihImpactWarning
        Some combination of estimates would lose more than 99 % of its variance, or have one below
        zero; it keeps 1 %. No variance is then smaller than the formula's.

    Notes
    -----
    Theorem 2 of Abadie and Imbens (2016) is, with Sigma the covariance for a known score and V the
    inverse information of the coefficients,

        Sigma - c' V c + d' V d

    c is the covariance of the estimates with the score function of the logit, and d the derivative
    of the average effect on participants; the estimate moves by its own error, that error's part
    that goes with the coefficients' error being taken out, plus d' (coefficients' error). Here c is
    `shared`, and d = c + a with a = `moved`; K rows by coefficients, one column an estimate.

    In full, c = E[f {x (mu_1(p) - mu_0(p) - tau) + cov_1 + p/(1-p) cov_0}] / E[p] and
    d = E[f x (mu_1(x) - mu_0(x) - tau)] / E[p], f = p(1-p), cov_w the covariance of x and the
    change given the score on side w. Since E[g] for participants is E[p g] / E[p], and
    E[x (mu_1(x) - mu_0(x)) | p] = E[x | p] (mu_1(p) - mu_0(p)) + cov_1 - cov_0, both are means over
    participants, c of (1-p) {x (mu_1(p) - mu_0(p) - tau) + cov_1} + p cov_0, which is (1-p) x
    (contrast - tau) in the mean plus p cov_0, and d - c of -cov_0: the coefficients move the
    estimate by way of whom they match, and nothing else. Matches over pairs of participants, and on
    all covariates, which the paper uses for cov_1 and d, are not needed; the limit is the same.

    The score is taken to be the logit's, rows of a person in several start years independent, and
    who is within the caliper or on common support as fixed. Within exact cells that are not in the
    logit, a needs odds proportional to exp(x'b) within a cell only; V and c take the logit as true.

    The rows: with b b' = V, R = [rows; b'd], c is taken out of R'R = U S^2 U' by
    R U S^-1 (I - S^-1 U' c' V c U S^-1)^(1/2) S U'.

    References
    ----------
    Abadie and Imbens (2016), Matching on the estimated propensity score, Econometrica 84(2).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age", "education"])
    >>> effects = mih.event_study(
    ...     group, outcomes="wage_income", window=(-1, 1), score_correction=True
    ... )
    >>> effects.se, effects.covariance.shape
    ('abadie_imbens_2016', (3, 3))
    """
    root = np.linalg.cholesky(score_covariance(group)).T
    shared = root @ np.hstack([part.shared for part in moments])
    moved = root @ np.hstack([part.moved for part in moments])
    known = influence.covariance
    target = known + shared.T @ moved + moved.T @ shared + moved.T @ moved
    _require_variance(known.diagonal(), target.diagonal())
    rows = np.concatenate([influence.rows, shared + moved])
    rows, beyond = _less(rows, np.asarray(shared))
    if beyond:
        warn(_too_much(beyond))
    persons = len(group.risk.cube.person_id)
    of_score = ~(persons * (place + 1) + np.arange(len(root)))
    cluster = np.concatenate([influence.cluster, of_score])
    return Influence(rows, cluster)


def _less(rows: FloatArray, taken: FloatArray) -> tuple[FloatArray, int]:
    """Return rows R with R'R = rows'rows - taken'taken, and how many directions keep `LEAST`."""
    size = np.sqrt((rows**2).sum(axis=0))
    kept = size > 0
    scaled, wanted = rows[:, kept] / size[kept], taken[:, kept] / size[kept]
    value, U = np.linalg.eigh(scaled.T @ scaled)
    firm = value > _NOT_THERE * value.max(initial=0.0)
    S, U = np.sqrt(value[firm]), U[:, firm]
    _, share, Q = np.linalg.svd(wanted @ U / S, full_matrices=False)
    left = 1.0 - share**2
    shrink = np.eye(len(S)) - Q.T @ ((1.0 - np.sqrt(np.maximum(left, LEAST)))[:, None] * Q)
    result = np.zeros_like(rows)
    result[:, kept] = scaled @ ((U / S) @ shrink @ (U * S).T) * size[kept]
    return result, int((left < LEAST).sum())


def _require_variance(known: FloatArray, target: FloatArray) -> None:
    """Raise where an estimate that varies would hardly do."""
    gone = int(((known > 0) & (target < LEAST * known)).sum())
    if gone:
        raise EffectsError(
            "The correction for an estimated score takes away the variance of some estimates",
            found=f"{gone} of {int((known > 0).sum())} estimates would keep less than "
            f"{100 * LEAST:.0f} % of it",
            do="leave out score_correction=, give the score fewer covariates, or leave out of the "
            "window the years whose outcomes are in on=",
        )


def _too_much(directions: int) -> str:
    keep = f"{100 * LEAST:.0f} %"
    return (
        "The correction for an estimated score takes the variance of some combinations of "
        f"estimates. Found: {directions} independent ones would keep less than {keep} of it. "
        f"Done: they keep {keep}, and no variance is smaller than the formula's. Do: ask for fewer "
        "outcomes, years or subgroups at once, or give the score fewer covariates."
    )
