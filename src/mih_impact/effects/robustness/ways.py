"""The specifications of a curve: which options go together, and which there are by default."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import product
from typing import Any, get_args

from mih_impact import arguments
from mih_impact.controls.covariates import Lag, as_terms
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.matching import match
from mih_impact.controls.options import MatchOptions, Method
from mih_impact.controls.weighting import WeightMethod, WeightOptions, weight
from mih_impact.display.labels import Label
from mih_impact.effects.asked import Composition, Estimator, base_years
from mih_impact.effects.influence import StandardError
from mih_impact.effects.robustness.option_words import text_of, value_label
from mih_impact.effects.robustness.question import Question, recipe_of
from mih_impact.errors import EffectsError, MihImpactError
from mih_impact.panel.cube import Dead
from mih_impact.panel.panel import Panel
from mih_impact.panel.selection import columns_to_fetch

__all__ = [
    "Specification",
    "Ways",
    "chosen_by",
    "own_options",
    "specifications",
]

Options = dict[str, Any]
#: Values by option; under names of one's own, if they are given as a mapping.
Ways = Mapping[str, Sequence[Any] | Mapping[str, Any]]

#: Options of `event_study` that can be varied.
EFFECTS = ("estimator", "base", "composition", "se", "dead", "adjust")
_DEFAULTS: dict[str, Options] = {
    verb.__name__: {
        name: parameter.default
        for name, parameter in inspect.signature(verb).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    for verb in (weight, match)
}
#: Values of options that are the same whatever the others are.
_CHOICES: dict[str, tuple[str, ...]] = {
    "method": (*get_args(Method), *get_args(WeightMethod)),
    "estimator": get_args(Estimator),
    "composition": get_args(Composition),
    "se": get_args(StandardError),
    "dead": get_args(Dead),
}
_NEAREST = ("ratio", "replace", "scope", "caliper", "common_support", "order", "score")
#: What has a meaning beside the options that every method has.
_OF_METHOD: dict[str, tuple[str, ...]] = {
    "propensity": _NEAREST,
    "mahalanobis": _NEAREST,
    "exact": (),
    "cem": ("cutpoints",),
    "entropy": ("moments",),
    "ipw": ("score", "trim"),
}


@dataclass(frozen=True, eq=False)
class Specification:
    """One way to choose controls and estimate.

    Attributes
    ----------
    options
        All options of choosing and estimating that mean something beside each other.
    texts
        The value of each option that is varied, as the table has it; "" where it means nothing.
    own
        Whether it is that of the given group.
    """

    options: Options
    texts: dict[str, str]
    own: bool

    @property
    def choosing(self) -> Options:
        """The options by which controls are chosen."""
        return {name: value for name, value in self.options.items() if name not in EFFECTS}

    @property
    def estimating(self) -> Options:
        """The options by which the effect is estimated."""
        return {name: value for name, value in self.options.items() if name in EFFECTS}


def own_options(group: ControlGroup, question: Question) -> Options:
    """Return every option of the given group and question, defaults of other methods included."""
    own = {**_DEFAULTS["weight"], **_DEFAULTS["match"], **recipe_of(group).options}
    return own | {name: getattr(question, name) for name in EFFECTS}


def chosen_by(panel: Panel, options: Options) -> ControlGroup:
    """Choose controls by the options of a specification, with the verb its method belongs to."""
    verb = weight if options["method"] in get_args(WeightMethod) else match
    known = _DEFAULTS[verb.__name__]
    return verb(panel, **{name: value for name, value in options.items() if name in known})


def specifications(
    group: ControlGroup, question: Question, crossed: Ways | None, alone: Ways | None
) -> tuple[list[Specification], dict[str, dict[str, Label]]]:
    """Return the specifications, the given one first and each once, and what values are called.

    Parameters
    ----------
    group, question
        What is given.
    crossed
        Values of which every combination is a specification; None for the default ones.
    alone
        Values that are varied one at a time from the given specification; None for the default
        ones, or none where `crossed` is given.

    Raises
    ------
    EffectsError
        An option that does not exist, has no values, or one that no specification can have.
    """
    own = own_options(group, question)
    if alone is None:
        alone = _default_alone(group, question, own) if crossed is None else {}
    if crossed is None:
        crossed = _default_crossed(own)
    panel = recipe_of(group).panel
    grid, singles = _read(panel, crossed, own), _read(panel, alone, own)
    combinations = product(*(values.values() for values in grid.values()))
    varied: list[Options] = [{}]
    varied += [dict(zip(grid, combination, strict=True)) for combination in combinations]
    varied += [{name: v} for name, values in singles.items() for v in values.values()]
    named: dict[str, dict[str, Any]] = {}
    for given in (grid, singles):
        for name, values in given.items():
            named.setdefault(name, {text_of(own[name]): own[name]})
            named[name] = _without_own(named[name], values, own[name])
    found: dict[str, Specification] = {}
    for changes in varied:
        options = _meant({**own, **changes})
        key = repr(sorted((name, repr(value)) for name, value in options.items()))
        texts = {
            name: _name_of(options[name], values) if name in options else ""
            for name, values in named.items()
        }
        found.setdefault(key, Specification(options, texts, own=not found))
    labels = {
        name: {text: value_label(name, text, value, own[name]) for text, value in values.items()}
        for name, values in named.items()
    }
    return list(found.values()), labels


def _without_own(known: dict[str, Any], values: Mapping[str, Any], own: Any) -> dict[str, Any]:
    """Return values by name, the given one first, each under the name that the caller gave it."""
    names = {repr(value): text for text, value in known.items()}
    names |= {repr(value): text for text, value in values.items()}
    by_value = {repr(own): own} | {repr(v): v for v in (*known.values(), *values.values())}
    return {names[key]: value for key, value in by_value.items()}


def _name_of(value: Any, values: Mapping[str, Any]) -> str:
    """Return the name of a value."""
    return next(text for text, other in values.items() if repr(other) == repr(value))


def _read(panel: Panel, ways: Ways, own: Options) -> dict[str, dict[str, Any]]:
    """Return values by option and name, as the verbs keep them."""
    arguments.mapping("ways", ways, '{"ratio": [1, 5]}', error=EffectsError)
    read: dict[str, dict[str, Any]] = {}
    for name, given in ways.items():
        if name not in own or name in ("outcomes", "seed"):
            near = difflib.get_close_matches(str(name), [*own], 2)
            raise EffectsError(
                f"There is no option {arguments.shown(name)} to vary",
                found=f"the options {', '.join(sorted({*own} - {'outcomes', 'seed'}))}",
                do=f"perhaps {' or '.join(near)}" if near else "choose among these",
            )
        several = _values(given)
        if not several:
            raise EffectsError(
                f"The values of {name} to try are a list, or a mapping from names to values",
                found=arguments.shown(given),
                do=f"give ways={{{name!r}: [first, second]}}",
            )
        values = [_kept(name, value) for value in several]
        for value in values:
            _require_possible(panel, name, value)
        texts = list(given) if isinstance(given, Mapping) else map(text_of, values)
        read[name] = dict(zip(map(str, texts), values, strict=True))
    return read


def _values(given: Sequence[Any] | Mapping[str, Any]) -> list[Any] | None:
    return list(given.values()) if isinstance(given, Mapping) else arguments.listed(given)


def _kept(name: str, value: Any) -> Any:
    """Return a value in the one form it has in a recipe or question, so that equals are equal."""
    if name == "on":
        return as_terms(value, error=EffectsError)
    if name == "exact":
        return arguments.names("exact", value, error=EffectsError)
    if name == "base":
        years = base_years(value, "did")
        return years[0] if arguments.is_whole(value) else years
    if name == "adjust":
        return arguments.flag("adjust", value, error=EffectsError)
    if name in _CHOICES:
        arguments.choice("specification_curve", name, value, _CHOICES[name], error=EffectsError)
    return value


def _require_possible(panel: Panel, name: str, value: Any) -> None:
    """Raise on a value that no specification can have, whatever its others: it is a mistake.

    What does not go together with the others is a specification without an estimate. What only the
    data can tell is told there.

    Raises
    ------
    EffectsError
        No method takes the value, or it names a column that is not in the panel.
    """
    try:
        if name in ("on", "exact"):
            columns_to_fetch([getattr(term, "column", term) for term in value], panel.columns)
        elif name not in ("eligible", *EFFECTS, *_CHOICES):
            _require_taken(name, value)
    except MihImpactError as error:
        raise EffectsError(
            f"No specification can have {name}={text_of(value)}: {error.what}",
            found=error.found,
            do=error.do,
        ) from error


def _require_taken(name: str, value: Any) -> None:
    """Raise unless some method that has the option takes the value, its others being harmless."""
    methods = [method for method, own in _OF_METHOD.items() if name in own] or ["propensity"]
    on = tuple(map(str, value)) if isinstance(value, Mapping) else ("age",)
    fault: MihImpactError | None = None
    for method in methods:
        weighted = method in get_args(WeightMethod)
        kind = WeightOptions if weighted else MatchOptions
        given = {**_DEFAULTS["weight" if weighted else "match"], "method": method, "on": on}
        given |= {"seed": 0, name: value}
        try:
            kind(**{field.name: given[field.name] for field in fields(kind)})
        except MihImpactError as error:
            fault = fault or error
        else:
            return
    if fault is not None:
        raise fault


def _meant(options: Options) -> Options:
    """Return the options that mean something; what is then equal is one specification."""
    method = options["method"]
    # A panel by month draws months whatever the method: the seed belongs to every specification.
    names = {"method", "on", "exact", "eligible", "controls", "outcomes", "seed", *EFFECTS}
    names |= set(_OF_METHOD.get(method, _NEAREST))
    if options["controls"] == "not_yet":
        names.add("window_end")
    if options["replace"]:
        names -= {"scope", "order"}
    if options["estimator"] == "difference":
        names.discard("base")
    return {name: value for name, value in options.items() if name in names}


# --- what is tried by default ---------------------------------------------------------------------


def _default_crossed(own: Options) -> dict[str, list[Any]]:
    """Return ways to choose controls, of which all combinations are tried.

    Ways to estimate are not among them: beside balanced lags many of them agree by algebra, and
    would be counted twice.
    """
    methods = ["propensity", "mahalanobis"] if own["on"] else []
    return {
        "method": list(dict.fromkeys([own["method"], *methods, "entropy", "ipw"])),
        "on": [own["on"], *_fewer_lags(own["on"])],
        "ratio": [own["ratio"], 5 if own["ratio"] == 1 else 1],
        "replace": [own["replace"], not own["replace"]],
    }


def _default_alone(group: ControlGroup, question: Question, own: Options) -> dict[str, list[Any]]:
    """Return what is varied one at a time from the given specification."""
    means = _meant(own)
    alone: dict[str, list[Any]] = {
        "controls": ["not_yet" if own["controls"] == "never" else "never"]
    }
    if "caliper" in means:
        alone["caliper"] = [0.2 if own["caliper"] is None else None]
    if "score" in means:
        alone["score"] = ["by_start_year" if own["score"] == "pooled" else "pooled"]
    alone["estimator"] = ["difference" if own["estimator"] == "did" else "did"]
    if "base" in means and _observed(group, -2):
        alone["base"] = [(-2, -1)]
    if own["on"]:
        alone["adjust"] = [not own["adjust"]]
    if not all(_observed(group, e) for e in question.years):
        alone["composition"] = ["balanced", "cohort_weighted"]
    return alone


def _fewer_lags(on: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Return the covariates without the lags furthest back, where nearer ones are left."""
    years = sorted({term.years for term in on if isinstance(term, Lag)})
    if len(years) < 2:
        return []
    return [tuple(t for t in on if not (isinstance(t, Lag) and t.years == years[-1]))]


def _observed(group: ControlGroup, year: int) -> bool:
    """Return whether a year since start is in the register for every start year."""
    risk = group.risk
    return bool(risk.cube.seen(risk.start[risk.treated], [year]).all())
