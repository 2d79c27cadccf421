"""Standard errors of weights that were estimated: what persons move by way of the weights' model.

Columns are outcome-major, as in `comparison`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.group import ControlGroup
from mih_impact.controls.propensity import WeightModel
from mih_impact.effects.comparison import Comparison, centred
from mih_impact.effects.influence import Influence
from mih_impact.errors import OptionError

__all__ = ["FLAT", "by_coefficient", "estimated_weights", "moved_by_score", "require_estimated"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

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
    model = require_estimated(group)
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
    largest = np.abs(rows).max(axis=0)
    if model.kind == "entropy":
        _add_balancing(rows, group, model, slopes)
    else:
        for at, added in moved_by_score(group, {c: -slope for c, slope in slopes.items()}):
            rows[who[at]] += added
    # What is balanced exactly cannot differ: its rows cancel, and what rounding leaves is no error.
    rows[:, np.abs(rows).max(axis=0) <= SPREAD_ROUNDING * largest] = 0.0
    touched = np.flatnonzero(rows.any(axis=1))
    return Influence(rows[touched], touched)


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


def _add_balancing(
    rows: FloatArray, group: ControlGroup, model: WeightModel, slopes: dict[int, FloatArray]
) -> None:
    """Add what persons move by way of the balanced means, start year by start year."""
    risk, sets, X = group.risk, group.sets, model.covariates.X
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
        rows[risk.person[used]] += weighted @ gain
        rows[risk.person[treated]] -= each * (own @ gain)


def by_coefficient(group: ControlGroup, rows: IntArray, moved: FloatArray) -> FloatArray:
    """Return how estimates move with the model's coefficients by way of some rows' weights.

    Shape (1 + k, KE): with the constant of the rows' start year, and with each covariate.
    """
    assert group.model is not None
    steep = None if group.score is None else group.score.steepness
    if steep is not None:
        moved = steep[rows, None] * moved
    return np.vstack([moved.sum(axis=0), group.model.covariates.X[rows].T @ moved])


def moved_by_score(
    group: ControlGroup, slopes: dict[int, FloatArray]
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Yield rows of the risk sets, and what each adds by way of the score's coefficients.

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
        index = moved[0 if model.by_start_year else k] + X[here] @ moved[terms:]
        yield here, surprise[here, None] * index
