"""All pairs of options: every two that may meet give a result that holds together, and every two
that may not a typed error that names them."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from functools import cache
from itertools import combinations

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.errors import MihImpactError, MihImpactWarning
from tests.property.pairwise import covering, meets
from tests.support import small_register

LAGS = mih.lag("wage_income", 1, 2)

# The values of each option that are tried, the first the one that others are tried beside. An
# option that a call has and that stands in neither table fails the test.
#: What is asked about, and the same options in one object.
SUBJECT = {"panel", "group", "question"}
CHOOSING = {
    "register": ("year", "month"),
    "on": (("age", *LAGS), ("age", "education"), ()),
    "exact": ((), "county"),
    "eligible": (None, "allowed", nw.col("wage_income") < 400_000),
    "controls": ("never", "not_yet"),
    "window_end": (2, 6),
    "score": ("pooled", "by_start_year"),
    "link": ("logit", "probit"),
    "folds": (None,),
    "estimand": ("att",),  # others: OTHERS
    "outcomes": (None, ("wage_income", "dagpenger")),
    "measure": (None, "helse"),
    "other_measures": ("risk_set", "censor"),
    "seed": (None, 3),
}
MATCH = {
    **CHOOSING,
    "method": ("propensity", "mahalanobis", "probability", "exact", "cem"),
    "distance": (None, "inverse_variance"),
    "ties": ("average", "random"),
    "ratio": (2, 1),
    "replace": (True, False),
    "scope": ("global", "within_start_year"),
    "caliper": (0.5, None),
    "common_support": (False, True),
    "order": ("largest", "smallest", "data", "random"),
    "cutpoints": (None, {"age": [30, 40]}),
}
WEIGHT = {**CHOOSING, "method": ("entropy", "ipw"), "moments": (1, 2), "trim": (None, 0.9)}
STUDY = {
    "outcomes": (None, "wage_income", ("in_work", "dagpenger")),
    "estimator": ("did", "difference"),
    "base": (-1, (-2, -1)),
    "window": ((-2, 2), (0, 2)),
    "composition": ("available", "balanced", "cohort_weighted"),
    "se": ("auto", "person", "abadie_imbens", "matched_set", "estimated_weights"),
    "cluster": ("person", "town"),
    "dead": ("zero", "missing"),
    "by": (None, "county"),
    "adjust": (False, True),
    "score_correction": (False, True),
    "outcome_regression": ("weighted",),  # without: tests/oracle/test_outcome_models.py
    "folds": (None,),
    "small_sample": ("auto", "none"),  # CR2 and its refusals: tests/oracle/test_small_sample.py
    "level": (0.95, 0.8),
    "seed": (2025, 7),
}
#: What is asked of standard errors, which draws take the place of.
_NOT_DRAWN = ("se", "by", "outcome_regression", "folds", "score_correction", "small_sample")
#: Whose effect, beside that on those who start, which draws are not made of.
OTHERS = {"estimand": ("atc", "ate")}
RESAMPLE = {
    **{name: STUDY[name] for name in STUDY if name not in _NOT_DRAWN},
    "method": ("auto", "naive", "otsu_rai"),
    "draws": (20,),
    "blocks": ("sides", "start_year"),
    "workers": (1, 2),
}
GROUP_TIME = {
    "register": ("year",),
    "outcomes": ("wage_income", ("in_work", "dagpenger")),
    "covariates": ((), "age", ("age", *LAGS)),
    "exact": ((), "county"),
    "eligible": CHOOSING["eligible"],
    "controls": ("never", "not_yet"),
    "estimator": ("dr", "ipw", "reg"),
    "base_period": ("universal", "varying"),
    "anticipation": (0, 1),
    "cluster": ("person",),
    "dead": ("zero", "missing"),
    "measure": (None, "helse"),
    "level": (0.95, 0.8),
    "seed": (2025, 7),
}

#: What may not meet, option by option, and what the error says. All else must give a result.
NEIGHBOURS, CELLS = ("propensity", "mahalanobis", "probability"), ("exact", "cem")
CENSOR = {"measure": (None,), "other_measures": ("censor",)}, "name the measure with measure="
PROBIT_IN_SPACE = {"link": ("probit",), "caliper": (None,), "common_support": (False,)}
MATCH_REFUSES = [
    ({"distance": MATCH["distance"][1:], "method": (*NEIGHBOURS[1:], *CELLS)}, "of its own"),
    ({"on": ((),), "method": (*NEIGHBOURS, "cem")}, "needs covariates"),
    ({"on": (MATCH["on"][0],), "method": ("exact",)}, "Lags are continuous"),
    ({"on": ((),), "exact": ((),)}, "needs co"),
    ({"common_support": (True,), "method": CELLS}, "judged by a propensity score"),
    ({"order": ("random",), "seed": (None,)}, "needs a seed"),
    ({"cutpoints": MATCH["cutpoints"][1:], "method": (*NEIGHBOURS, "exact")}, "for coarsened"),
    ({"link": ("probit",), "method": CELLS}, "No score is used"),
    *(
        ({**PROBIT_IN_SPACE, **space, **first}, "No score is used")
        for space in ({"method": ("mahalanobis",)}, {"distance": MATCH["distance"][1:]})
        for first in ({"replace": (True,)}, {"order": ("data", "random")})
    ),
    CENSOR,
]
WEIGHT_REFUSES = [
    ({"method": ("entropy",), "trim": (0.9,)}, "no score to trim"),
    ({"method": ("ipw",), "moments": (2,)}, "balance no moments"),
    ({"method": ("entropy",), "link": ("probit",)}, "has no score"),
    ({"on": ((),), "exact": ((),)}, "need covariates"),
    CENSOR,
]
APART = {"event_study.se": ("matched_set",)}
OF_PAIRS = {"event_study.se": ("abadie_imbens",)}
CORRECTED = {"event_study.score_correction": (True,)}
ONCE = {"match.replace": (False,), "match.method": NEIGHBOURS}
OTSU_RAI = {"resample.method": ("otsu_rai",)}
LATER_REFUSES = [
    (APART | {"event_study.cluster": ("town",)}, "cannot be combined with clusters|share persons"),
    (OF_PAIRS | {"event_study.cluster": ("town",)}, "cannot be combined with clusters"),
]
MATCHED_REFUSES = [
    *LATER_REFUSES,
    ({"event_study.se": ("estimated_weights",)}, "need weights that were estimated"),
    (APART | {"match.replace": (True,)}, "Matched sets share persons"),
    (APART | {"match.scope": ("within_start_year",)}, "Matched sets share persons"),
    (APART | {"match.method": CELLS}, "Matched sets share persons"),
    (OF_PAIRS | ONCE, "for matching with replacement"),
    ({"event_study.adjust": (True,), "match.method": ("exact",)}, "nothing to adjust by"),
    ({"resample.adjust": (True,), "match.method": ("exact",)}, "nothing to adjust by"),
    (CORRECTED | {"match.method": ("mahalanobis", *CELLS)}, "not matched on an estimated score"),
    (
        CORRECTED | {"match.distance": MATCH["distance"][1:]},
        "not matched on an estimated score|an estimated score",
    ),
    (CORRECTED | {"match.replace": (False,)}, "for matching with replacement|an estimated score"),
    (CORRECTED | {"event_study.adjust": (True,)}, "not known for adjusted|estimated score|a logit"),
    (CORRECTED | {"match.link": ("probit",)}, "written for a logit"),
    (CORRECTED | {"event_study.se": ("person",)}, "belongs to Abadie-Imbens|estimated score"),
    (CORRECTED | {"event_study.cluster": ("town",)}, "belongs to Abadie-Imbens|estimated score"),
    (OTSU_RAI | {"match.method": CELLS}, "is for nearest neighbours"),
    (
        {"resample.blocks": ("start_year",), "resample.method": ("auto", "otsu_rai")}
        | {"match.method": NEIGHBOURS},
        "draws from no blocks",
    ),
]
WEIGHTED_REFUSES = [
    *LATER_REFUSES,
    (APART, "Matched sets share persons"),
    (OF_PAIRS, "for matching with replacement"),
    (CORRECTED, "have their error in the variance already"),
    ({"event_study.adjust": (True,), "weight.on": ((),)}, "nothing to adjust by"),
    ({"resample.adjust": (True,)}, "Adjusted effects on weights are not resampled"),
    (OTSU_RAI, "is for nearest neighbours"),
]
#: What is known for effects on those who start only.
OTHERS_REFUSES = [
    ({"their_effects.score_correction": (True,)}, "have standard errors"),
    ({"their_effects.small_sample": ("none",)}, "have standard errors"),
]
OTHERS_MATCHED_REFUSES = [
    *OTHERS_REFUSES,
    ({"their_effects.adjust": (True,)}, "are not adjusted|have standard errors"),
    ({"match_others.replace": (False,), "match_others.method": NEIGHBOURS}, "Without replacement"),
    ({"match_others.common_support": (True,)}, "Common support is judged"),
    ({"their_effects.se": ("person", "matched_set", "estimated_weights")}, "have standard errors"),
    ({"their_effects.cluster": ("town",)}, "have standard errors"),
]
OTHERS_WEIGHTED_REFUSES = [
    *OTHERS_REFUSES,
    (
        {"their_effects.adjust": (True,), "weight_others.on": ((),)},
        "nothing to adjust by|have standard errors",
    ),
    ({"weight_others.trim": (0.9,)}, "Trimming by a high score"),
    ({"their_effects.se": ("person", "abadie_imbens", "matched_set")}, "have standard errors"),
]


def _named(call, refused):
    return [({f"{call}.{k}": v for k, v in one.items()}, words) for one, words in refused]


CALLS = {
    "match": (mih.match, MATCH),
    "match_others": (mih.match, MATCH | OTHERS),
    "weight": (mih.weight, WEIGHT),
    "weight_others": (mih.weight, WEIGHT | OTHERS),
    "event_study": (mih.event_study, STUDY),
    "their_effects": (mih.event_study, STUDY),
    "resample": (mih.resample, RESAMPLE),
    "group_time_effects": (mih.group_time_effects, GROUP_TIME),
}
LATER = ("event_study", "resample")
FOLLOWING = (*LATER, "their_effects")
CHAINS = {
    "match": (("match", *LATER), [*_named("match", MATCH_REFUSES), *MATCHED_REFUSES]),
    "weight": (("weight", *LATER), [*_named("weight", WEIGHT_REFUSES), *WEIGHTED_REFUSES]),
    "match_others": (
        ("match_others", "their_effects"),
        [*_named("match_others", MATCH_REFUSES), *OTHERS_MATCHED_REFUSES],
    ),
    "weight_others": (
        ("weight_others", "their_effects"),
        [*_named("weight_others", WEIGHT_REFUSES), *OTHERS_WEIGHTED_REFUSES],
    ),
    "group_time_effects": (("group_time_effects",), []),
}


@cache
def rows_of(period: str) -> pd.DataFrame:
    """Return a register of 160 persons with towns, eligibility and two measures."""
    rng = np.random.default_rng(0)
    rows = small_register(160, starters=60, seed=4).query("2011 <= year <= 2022")
    rows = rows.sort_values(["person_id", "year"], ignore_index=True)
    rows["start_year"] = 2015 + 2 * (rows["start_year"] % 2)
    rows["town"] = rng.integers(0, 22, 160).astype(str)[rows["person_id"]]
    rows["allowed"] = rng.random(len(rows)) < 0.95
    another = (rng.random(len(rows)) < 0.02) & (rows["year"] > 2013)
    starts = rows["year"] == rows["start_year"]
    rows["measure"] = np.where(starts, "helse", np.where(another, "aft", None))
    if period == "year":
        return rows
    months = rows.loc[rows.index.repeat(12)].reset_index(drop=True)
    months["month"] = np.tile(np.arange(1, 13), len(rows))
    months[["wage_income", "dagpenger", "sosialhjelp"]] /= 12
    own = months["person_id"] % 12 + 1
    months["start_month"] = own.where(months["start_year"].notna())
    months["measure"] = months["measure"].where(months["month"] == own, None)
    return months


@cache
def register(period: str) -> mih.Panel:
    return mih.read_panel(rows_of(period), money="fixed", period=period)


def values_of(chain: str) -> dict[str, tuple]:
    """Return the values of every option of a chain of calls, as call.option."""
    calls, _ = CHAINS[chain]
    return {f"{call}.{name}": own for call in calls for name, own in CALLS[call][1].items()}


@cache
def array(chain: str) -> tuple[list[dict], list[dict]]:
    """Return the rows that cover all pairs that may meet, and a row for each that may not."""
    values = values_of(chain)
    forbidden = [
        {name: [values[name].index(value) for value in own] for name, own in combination.items()}
        for combination, _ in CHAINS[chain][1]
    ]
    rows, never = covering({name: len(own) for name, own in values.items()}, forbidden)
    refused = [dict.fromkeys(values, 0) | dict(some) for some in never]
    return tuple(
        [{name: values[name][k] for name, k in row.items()} for row in some]
        for some in (rows, refused)
    )


def make(chain: str, row: Mapping) -> None:
    """Make the calls of a chain one after another, and look at every result."""
    options: dict[str, dict] = {call: {} for call in CHAINS[chain][0]}
    for name, value in row.items():
        call, option = name.split(".")
        options[call][option] = value
    made = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MihImpactWarning)
        for call, own in options.items():
            function = CALLS[call][0]
            if call in FOLLOWING:
                LOOKS[call](function(made, **own), own)
            else:
                given = {name: value for name, value in own.items() if name != "register"}
                made = function(register(own["register"]), **given)
                LOOKS[call](made, own)


def look_at_sides(group: mih.ControlGroup, options: Mapping) -> pd.DataFrame:
    """Sides weigh the same, nobody is on both, and all are who they were asked to be."""
    frame = group.to_frame()
    treated = frame["role"] == "participant"
    people = rows_of(options["register"]).drop_duplicates("person_id").set_index("person_id")
    assert 0 < treated.sum() == group.n_participants <= 60
    weight = frame.groupby(["start_year", treated])["weight"].sum().unstack()
    np.testing.assert_allclose(weight[True], weight[False], rtol=1e-9)
    assert (frame["weight"] >= 0).all()
    who = frame["person_id"].astype(int)
    starts = people.loc[who, "start_year"].to_numpy()
    own = frame["start_year"].to_numpy()
    np.testing.assert_array_equal(starts[treated], own[treated])
    last = np.inf if options["controls"] == "never" else own + options["window_end"]
    assert (np.isnan(starts) | (starts > last))[~treated].all()
    if isinstance(options["eligible"], str) and options["register"] == "year":
        allowed = rows_of("year").set_index(["person_id", "year"])["allowed"]
        before = list(zip(who[~treated], own[~treated] - 1, strict=True))
        assert allowed.loc[before].all()
    return people


def look_at_group(group: mih.ControlGroup, options: Mapping) -> None:
    """Every participant has controls that weigh one, near enough and of the same kind."""
    people = look_at_sides(group, options)
    if "replace" not in options:
        return
    pairs = group.pairs()
    total = pairs.groupby(["participant_id", "start_year"])["weight"].sum()
    np.testing.assert_allclose(total, 1.0, rtol=1e-9)
    if options["exact"] == "county":
        county = people["county"]
        sides = (pairs[f"{side}_id"].astype(int).map(county) for side in ("participant", "control"))
        assert next(sides).eq(next(sides)).all()
    if options["method"] in NEIGHBOURS:
        sets = pairs.groupby("participant_id")["distance"]
        nearer = pairs["distance"] < sets.transform("max") * (1 - 1e-9)
        assert nearer.groupby(pairs["participant_id"]).sum().max() < options["ratio"]
        if not options["replace"]:
            assert sets.size().max() <= options["ratio"]
            again = ["control_id"] + ["start_year"] * (options["scope"] != "global")
            assert not pairs.duplicated(again).any()


def look_at_series(effects: mih.EffectSeries, options: Mapping) -> None:
    """Every number is finite or has its reason, and the covariance is one."""
    frame = effects.to_frame()
    there, error = np.isfinite(frame["estimate"]), frame["std_error"]
    base = frame["level"].isin(effects.base) & (len(effects.base) == 1)
    assert (there | (frame["reason"] != "")).all()
    assert (np.isfinite(error) | (frame["reason"] != "") | base).all()
    assert (error.dropna() >= 0).all()
    assert (frame.loc[there, "n_participants"] > 0).all()
    assert (frame.loc[there, "n_controls"] > 0).all()
    assert (frame["n_participants"] + frame["n_lost"] <= effects.coverage["participants"]).all()
    inside = frame[np.isfinite(error)]
    assert (inside["conf_low"] <= inside["estimate"]).all()
    assert (inside["estimate"] <= inside["conf_high"]).all()
    V = effects.matrix
    known = np.isfinite(np.diag(V))
    V = V[np.ix_(known, known)]
    np.testing.assert_allclose(V, V.T, rtol=1e-9, atol=1e-9 * np.diag(V).max())
    assert np.linalg.eigvalsh(V)[0] >= -1e-9 * np.diag(V).max()


def look_at_draws(found, options: Mapping) -> None:
    """As many draws as were asked for, less those without an estimate."""
    assert found.draws.shape == (options["draws"] - found.failed, found.effects.estimate.size)
    there = np.isfinite(found.effects.estimate.ravel())
    assert np.isfinite(found.draws[:, there]).all()
    look_at_series(found.effects, options)


def look_at_averages(found: mih.GroupTimeEffects, options: Mapping) -> None:
    for kind in ("event", "group", "calendar", "simple"):
        look_at_series(found.aggregate(kind), options)


LOOKS = {
    "match": look_at_group,
    "weight": look_at_group,
    "match_others": look_at_sides,
    "weight_others": look_at_sides,
    "event_study": look_at_series,
    "their_effects": look_at_series,
    "resample": look_at_draws,
    "group_time_effects": look_at_averages,
}


@pytest.mark.parametrize("call", CALLS)
def test_every_option_of_a_call_stands_in_the_table(call):
    function, table = CALLS[call]
    assert set(table) - {"register"} == set(inspect.signature(function).parameters) - SUBJECT


@pytest.mark.parametrize(("chain", "k"), [(c, k) for c in CHAINS for k in range(len(array(c)[0]))])
def test_options_that_may_meet_give_a_result(chain, k):
    make(chain, array(chain)[0][k])


@pytest.mark.parametrize("chain", [chain for chain in CHAINS if CHAINS[chain][1]])
def test_options_that_may_not_meet_are_named(chain):
    """The error is the one of what stands in the row, and is raised before any other."""
    for row in array(chain)[1]:
        words = [told for combination, told in CHAINS[chain][1] if meets(row, combination)]
        with pytest.raises(MihImpactError, match="|".join(words)):
            make(chain, row)


@pytest.mark.parametrize("chain", CHAINS)
def test_every_pair_is_met_or_refused(chain):
    """Counted again without the generator: a pair is in a row, or no row could have it."""
    rows, refused = array(chain)
    values = values_of(chain)
    met = {((a, str(row[a])), (b, str(row[b]))) for row in rows for a, b in combinations(values, 2)}
    sizes = [len({str(row[name]) for row in rows}) for name in values]
    in_no_row = sum(map(len, values.values())) - sum(sizes)
    pairs = sum(one * other for one, other in combinations(sizes, 2))
    assert len(met) + len(refused) - in_no_row == pairs
    assert len(rows) < 50
    for combination, _ in CHAINS[chain][1]:
        assert not any(meets(row, combination) for row in rows)
