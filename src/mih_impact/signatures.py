"""Options that a call does not have: what they are called here, or why there are none.

Who comes from R or Stata tries the options of MatchIt, WeightIt, did, HonestDiD or boottest. Each
gets the nearest thing that the call has, in a typed error, and not Python's own complaint.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from functools import wraps
from typing import ParamSpec, TypeVar

from mih_impact.errors import UnknownOptionError

__all__ = ["ELSEWHERE", "named_options"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_COLUMNS = "the panel's columns are named once: mih.read_panel(..., columns={'person_id': ...})"
_DRAWS = "draws="
_ATT = "every estimate here is the average effect on those who start (ATT)"
_SCORE = "a logit is fitted; score='pooled' or 'by_start_year' on match says over whom"
#: By the name of the first argument: what data go in as.
_DATA = {
    "panel": "the first argument is a panel: mih.read_panel(frame)",
    "group": "the first argument is a control group: mih.match(panel, ...)",
    "effects": "the first argument is effects: mih.event_study(group)",
    "case": "the first argument is an account: mih.cost_benefit(effects, ...)",
}
_FORMULA = "on=[...] lists the columns, and mih.lag(column, 1, 2) values of earlier years"
_SAMPLING = "sampling weights are not supported"
_ADJUST = "mih.event_study(group, adjust=True)"
_SE = "mih.event_study(group, se=...)"
_BOOTSTRAP = "mih.bootstrap(effects, draws=...)"

#: By call, or "" for all: what an option of another package is here.
ELSEWHERE: dict[str, dict[str, str]] = {
    "": {
        "formula": _FORMULA, "treat": _COLUMNS, "treatment": _COLUMNS,
        "idname": _COLUMNS, "tname": _COLUMNS, "gname": _COLUMNS, "id": _COLUMNS, "time": _COLUMNS,
        "estimand": _ATT, "s_weights": _SAMPLING, "weightsname": _SAMPLING, "verbose": "progress:"
        " mih.options(progress=False)", "R": _DRAWS, "B": _DRAWS, "reps": _DRAWS, "nboot": _DRAWS,
        "biters": _DRAWS, "n_boot": _DRAWS, "boot": _DRAWS, "random_state": "seed=",
        "alpha": "level=, which is 1 - alpha", "level": "alpha=, which is 1 - level", "alp":
        "level=, which is 1 - alp", "conf_level": "level=",
        "conf_int": "level=", "confidence": "level=", "clustervars": "cluster=",
        "clustid": "cluster=", "clusters": "cluster=", "yname": "outcomes=", "outcome": "outcomes=",
        "language": "lang=",
    },
    "match": {
        "distance": "method='propensity' or 'mahalanobis'; " + _SCORE, "link": _SCORE,
        "k": "ratio=", "M": "ratio=", "n_neighbors": "ratio=", "m_order": "order=",
        "std_caliper": "caliper=, in standard deviations of the log odds",
        "discard": "caliper=, which leaves out who has nobody near",
        "mahvars": "method='mahalanobis' with caliper= on the log odds",
        "BiasAdjust": _ADJUST, "bias_adj": _ADJUST, "ties": "ties are averaged with replacement,"
        " and drawn by seed= without", "xformla": _FORMULA, "covariates": "on=", "vce": _SE,
        "antiexact": "exact= with a column that keeps them apart",
    },
    "weight": {
        "estimator": "method=",
        "stabilize": "weights of controls add up to the participants in every start year",
        "distance": "method='ipw'", "xformla": _FORMULA, "covariates": "on=", "trim_at": "trim=",
    },
    "event_study": {
        "vcov": "se= and cluster=", "vce": "se= and cluster=", "xformla": "adjust=True, for what"
        " controls were chosen on", "ref": "base=", "reference": "base=", "leads": "window=(-5, 6)",
        "lags": "window=(-5, 6)", "min_e": "window=", "max_e": "window=", "R": _BOOTSTRAP,
        "B": _BOOTSTRAP, "reps": _BOOTSTRAP, "nboot": _BOOTSTRAP, "biters": _BOOTSTRAP,
        "n_boot": _BOOTSTRAP, "boot": _BOOTSTRAP, "bstrap": _BOOTSTRAP,
    },
    "group_time_effects": {
        "xformla": "covariates=", "on": "covariates=", "control_group": "controls='never' or"
        " 'not_yet'", "est_method": "estimator='dr', 'ipw' or 'reg'", "bstrap": "mih.bootstrap of"
        " an average: mih.bootstrap(effects.aggregate('event'))", "cband": "the averages have"
        " simultaneous bands: .aggregate('event')", "aggte": ".aggregate()",
        "allow_unbalanced_panel": "rows that are absent mean what docs/contract.md says",
        "panel_data": "repeated cross-sections are not supported",
    },
    "honest_bounds": {
        "Mbarvec": "M= with restriction='relative_magnitudes'", "Mvec": "M= with"
        " restriction='smoothness'", "Mbar": "M=", "m": "M=", "l_vec": "years= or weights=",
        "betahat": "mih.EffectSeries.from_frame(frame, covariance=...)", "sigma":
        "mih.EffectSeries.from_frame(frame, covariance=...)",
    },
    "wild_bootstrap": {"type": "weights=", "bootcluster": "cluster=", "param": "outcome="},
    "rosenbaum_bounds": {"Gamma": "gamma=", "GammaInc": "gamma=[1, 1.1, ...]"},
    "resample": {"type": "method=", "strata": "blocks=", "n_jobs": "workers="},
    "budget_impact": {"places": "starters=", "year": "budget_year=", "index": "price_path="},
    "municipality_view": {"starters": "places=", "year": "first_year="},
    "read_panel": {
        "sep": "the separator is found in the header", "delimiter": "the separator is found in the"
        " header", "encoding": "UTF-8 and Windows-1252 are told apart by themselves",
        "rename": "columns={ours: theirs}", "dtype": "types are the contract's: docs/contract.md",
        "id_col": "columns={'person_id': ...}", "na_values": "values={column: {code: value}}",
    },
}  # fmt: skip


def named_options(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Refuse options that a call does not have, naming the nearest thing that it has.

    The signature stays as it is.

    Examples
    --------
    >>> @named_options
    ... def match(*, ratio=5):
    ...     return ratio
    >>> match(M=3)
    Traceback (most recent call last):
    mih_impact.errors.UnknownOptionError: match has no option M. Found: M=. Do: here it is ratio=.
    """
    own = list(inspect.signature(function).parameters)
    call = function.__name__

    @wraps(function)
    def checked(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        unknown = [name for name in kwargs if name not in own]
        if unknown:
            raise UnknownOptionError(
                f"{call} has no option {', '.join(unknown)}",
                found=", ".join(f"{name}=" for name in unknown),
                do="; ".join(_advice(call, name, own) for name in unknown),
            )
        return function(*args, **kwargs)

    return checked


def _advice(call: str, name: str, own: list[str]) -> str:
    """Return what an option is here, or the nearest of those there are."""
    told = ELSEWHERE.get(call, {}).get(name) or ELSEWHERE[""].get(name)
    if name in ("data", "df"):
        told = _DATA.get(own[0]) if own else None
    option = (told or "").partition("=")[0]
    if told and (not option.isidentifier() or option in own):
        return f"here it is {told}" if option in own else told
    near = get_close_matches(name, own, n=1)
    return f"did you mean {near[0]}=?" if near else f"use one of {', '.join(own[1:] or own)}"
