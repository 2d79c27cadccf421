"""Standard errors with estimated weights: what a person moves, by way of the weights too.

Columns are outcome-major, as in `comparison`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.group import ControlGroup
from mih_impact.controls.weight_model import WeightModel
from mih_impact.effects.comparison import Comparison, centred
from mih_impact.effects.influence import Influence
from mih_impact.errors import EffectsError

__all__ = ["estimated_weights"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Directions in which weighted candidates hardly differ carry no slope: a share of the largest
#: spread, in standard deviations squared.
FLAT = 1e-10
#: Rows that cancel to this share of their largest part have cancelled.
ROUNDING = 1e-9


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
      S_c sum_j v_j (D_j - mu_c) x_j and A the logit's information, every row of the risk sets adds
      -G' A^-1 x_r (d_r - p_r), d whether it starts and p its score.

    Where changes are adjusted, D_j is the control's residual times its leverage, which is 1 where
    means agree, and D's mean is that of the residuals in contrasts.

    A change that is linear in what is balanced, such as one between two lags in `on`, has no error.

    No small-sample factor. Trimming is taken as fixed.
    """
    model = group.model
    if model is None:
        raise EffectsError(
            "Standard errors for estimated weights need weights that were estimated",
            found=f"controls chosen by method={group.method!r}",
            do="use se='auto', or mih.weight(...) for the group",
        )
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
        slopes[start_year] = model.covariates.X[c.control_row[here]].T @ change
    rows[who[sets.participant]] += centred(contrast, c.share, c.stratum_t) + c.between
    largest = np.abs(rows).max(axis=0)
    if model.kind == "entropy":
        _add_balancing(rows, group, model, slopes)
    else:
        _add_logit(rows, group, model, slopes)
    # What is balanced exactly cannot differ: its rows cancel, and what rounding leaves is no error.
    rows[:, np.abs(rows).max(axis=0) <= ROUNDING * largest] = 0.0
    touched = np.flatnonzero(rows.any(axis=1))
    return Influence(rows[touched], touched)


def _mean(change: FloatArray, load: FloatArray) -> FloatArray:
    """Return the mean change of the controls, shape (KE,); 0 where none has a load."""
    total = load.sum(axis=0)
    return np.asarray((load * change).sum(axis=0) / np.where(total > 0, total, 1.0))


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
        mean = X[treated].mean(axis=0)
        beyond, own = (X[used] - mean) / scale, (X[treated] - mean) / scale
        weighted = beyond * weight[:, None]
        inverse = np.linalg.pinv(beyond.T @ weighted, rcond=FLAT, hermitian=True)
        gain = inverse @ (slope / scale[:, None])
        rows[risk.person[used]] += weighted @ gain
        rows[risk.person[treated]] -= own @ gain / len(treated)


def _add_logit(
    rows: FloatArray, group: ControlGroup, model: WeightModel, slopes: dict[int, FloatArray]
) -> None:
    """Add what persons move by way of the logit's coefficients.

    Within a start year residuals add up to zero, so that its own term gets no slope.
    """
    risk, X, score = group.risk, model.covariates.X, group.score
    assert score is not None
    surprise = risk.treated - score.probability
    whole = sum(slopes.values())
    for k, start_year in enumerate(risk.start_years.tolist()):
        fit = score.models[str(start_year) if model.by_start_year else next(iter(score.models))]
        slope = slopes.get(start_year, 0.0 * whole) if model.by_start_year else whole
        terms = len(fit.names) - X.shape[1]
        moved = fit.cov[:, terms:] @ slope
        here = np.flatnonzero(risk.start_year == start_year)
        index = moved[0 if model.by_start_year else k] + X[here] @ moved[terms:]
        rows[risk.person[here]] -= surprise[here, None] * index
