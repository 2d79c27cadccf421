"""The specifications of a curve: which options go together, and which there are by default."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from itertools import product
from typing import Any, get_args

from mih_impact import arguments
from mih_impact.controls.choose import match, weight
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.options import (
    EffectOn,
    MatchOptions,
    Method,
    Ties,
    WeightMethod,
    WeightOptions,
)
from mih_impact.controls.terms import Lag, Term, as_terms, term_label
from mih_impact.display.locale import Label, both
from mih_impact.display.numbers import number
from mih_impact.effects.question import Composition, Estimator, Question, StandardError, base_years
from mih_impact.errors import MihImpactError, OptionError
from mih_impact.falsification.re_estimation import recipe_of
from mih_impact.panel.cube import Dead
from mih_impact.panel.panel import Panel
from mih_impact.panel.selection import columns_to_fetch

__all__ = [
    "IMPUTATION",
    "Specification",
    "Ways",
    "chosen_by",
    "option_label",
    "own_options",
    "specifications",
    "text_of",
    "value_label",
]

_OPTIONS = {
    "method": Label(nb="metode", en="method"),
    "on": Label(nb="kjennetegn", en="covariates"),
    "exact": Label(nb="likt innenfor", en="exact on"),
    "estimand": Label(nb="effekt for", en="effect on"),
    "ties": Label(nb="like nære", en="ties"),
    "ratio": Label(nb="kontroller per deltaker", en="controls per participant"),
    "replace": Label(nb="tilbakelegging", en="replacement"),
    "scope": Label(nb="brukes én gang", en="used once"),
    "caliper": Label(nb="største avstand (caliper)", en="caliper"),
    "common_support": Label(nb="bare felles støtte", en="common support only"),
    "order": Label(nb="rekkefølge", en="order"),
    "eligible": Label(nb="kandidater", en="candidates"),
    "controls": Label(nb="kontroller", en="controls"),
    "window_end": Label(nb="ikke startet innen år", en="not started by year"),
    "score": Label(nb="tilbøyelighet beregnet", en="score estimated"),
    "link": Label(nb="modell for tilbøyelighet", en="model of the score"),
    "cutpoints": Label(nb="grenser", en="cut-points"),
    "moments": Label(nb="momenter", en="moments"),
    "trim": Label(nb="trimming", en="trimming"),
    "estimator": Label(nb="sammenligner", en="compares"),
    "base": Label(nb="basisår", en="base year"),
    "composition": Label(nb="oppstartsår", en="start years"),
    "se": Label(nb="standardfeil", en="standard errors"),
    "dead": Label(nb="døde og utvandrede", en="dead and emigrated"),
    "adjust": Label(nb="regresjonsjustert", en="regression-adjusted"),
}
_VALUES = {
    ("method", "propensity"): Label(nb="tilbøyelighet til å delta", en="propensity score"),
    ("method", "mahalanobis"): Label(nb="Mahalanobis-avstand", en="Mahalanobis distance"),
    ("method", "exact"): Label(nb="eksakt", en="exact"),
    ("method", "cem"): Label(nb="grovere grupper (CEM)", en="coarsened exact (CEM)"),
    ("method", "entropy"): Label(nb="entropibalansering", en="entropy balancing"),
    ("method", "ipw"): Label(nb="invers sannsynlighetsvekting", en="inverse probability weighting"),
    ("method", "probability"): Label(nb="sannsynlighet for å delta", en="propensity, probability"),
    ("method", "mahalanobis_total"): Label(
        nb="Mahalanobis-avstand, kovarians blant alle", en="Mahalanobis distance, total covariance"
    ),
    ("method", "robust_mahalanobis"): Label(
        nb="Mahalanobis-avstand mellom rangtall", en="robust Mahalanobis distance"
    ),
    ("method", "inverse_variance"): Label(
        nb="avstand i standardavvik", en="inverse-variance distance"
    ),
    ("method", "euclidean"): Label(nb="euklidsk avstand", en="Euclidean distance"),
    ("estimand", "att"): Label(nb="deltakere", en="participants"),
    ("estimand", "atc"): Label(nb="kandidater", en="candidates"),
    ("estimand", "ate"): Label(nb="begge", en="both"),
    ("ties", "average"): Label(nb="alle med", en="all are in"),
    ("ties", "random"): Label(nb="loddtrekning", en="by lot"),
    ("replace", "True"): Label(nb="med", en="with"),
    ("replace", "False"): Label(nb="uten", en="without"),
    ("scope", "global"): Label(nb="i alt", en="overall"),
    ("scope", "within_start_year"): Label(nb="per oppstartsår", en="per start year"),
    ("caliper", "None"): Label(nb="ingen", en="none"),
    ("trim", "None"): Label(nb="ingen", en="none"),
    ("eligible", "None"): Label(nb="målgruppen", en="the target group"),
    ("controls", "never"): Label(nb="starter aldri", en="never start"),
    ("controls", "not_yet"): Label(nb="har ikke startet ennå", en="have not started yet"),
    ("score", "pooled"): Label(nb="samlet", en="pooled"),
    ("score", "by_start_year"): Label(nb="per oppstartsår", en="by start year"),
    ("estimator", "did"): Label(nb="endring fra basisår", en="change from base year"),
    ("estimator", "difference"): Label(nb="nivå", en="level"),
    ("estimator", "imputation"): Label(nb="imputering", en="imputation"),
    ("composition", "available"): Label(nb="de som er observert", en="those observed"),
    ("composition", "balanced"): Label(nb="observert alle år", en="observed in all years"),
    ("composition", "cohort_weighted"): Label(nb="vektet som ved start", en="weighted as started"),
    ("dead", "zero"): Label(nb="null", en="zero"),
    ("dead", "missing"): Label(nb="utelatt", en="left out"),
}
_YES_NO = {True: Label(nb="ja", en="yes"), False: Label(nb="nei", en="no")}
_AS_CHOSEN = Label(nb="som valgt", en="as chosen")
_WITHOUT = Label(nb="uten {terms}", en="without {terms}")
_WITH = Label(nb="også {terms}", en="also {terms}")
_ONLY = Label(nb="bare {terms}", en="only {terms}")
_NONE = Label(nb="ingen", en="none")
_SEVERAL = Label(nb="{n} kjennetegn", en="{n} covariates")
_MEAN = Label(nb="gjennomsnitt av {years}", en="average of {years}")


def option_label(name: str) -> Label:
    """Return what an option is called."""
    return _OPTIONS.get(name, Label(nb=name, en=name))


def text_of(value: Any) -> str:
    """Return a value as the table has it.

    Examples
    --------
    >>> text_of("ipw"), text_of(None), text_of(("age", "county")), text_of((-2, -1))
    ('ipw', 'None', 'age, county', '-2, -1')
    """
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def value_label(name: str, text: str, value: Any, own: Any) -> Label:
    """Return what a value is called in the figure.

    Parameters
    ----------
    name
        The option.
    text
        What the table calls it; a name that the caller gave it is kept.
    value
        The value.
    own
        The given specification's value, from which lists of covariates are told apart.
    """
    if text != text_of(value):
        return Label(nb=text, en=text)
    known = _VALUES.get((name, text))
    if known is not None:
        return known
    if name in ("on", "exact"):
        return _terms_label(as_terms(value), as_terms(own))
    if name == "base":
        return _years_label((value,) if isinstance(value, int) else value)
    if isinstance(value, bool):
        return _YES_NO[value]
    if isinstance(value, int | float):
        return both(lambda: _shown(value))
    return Label(nb=text, en=text)


def _terms_label(value: tuple[Term, ...], own: tuple[Term, ...]) -> Label:
    """Return how a list of covariates differs from the given one; by number, if by several."""
    parts = []
    if set(value) < set(own) and len(value) <= min(2, len(own) - 2):
        names = both(lambda: ", ".join(map(term_label, value)))
        return _ONLY.format(terms=names) if value else _NONE
    for template, terms in (
        (_WITHOUT, [t for t in own if t not in value]),
        (_WITH, [t for t in value if t not in own]),
    ):
        if len(terms) == 1:
            parts.append(template.format(terms=both(partial(term_label, terms[0]))))
        elif terms:
            parts.append(template.format(terms=_SEVERAL.format(n=str(len(terms)))))
    if not parts:
        return _AS_CHOSEN
    return Label(nb=", ".join(p.nb for p in parts), en=", ".join(p.en for p in parts))


def _years_label(years: Sequence[int]) -> Label:
    each = both(lambda: ", ".join(number(y) for y in years))
    return each if len(years) == 1 else _MEAN.format(years=each)


def _shown(value: float) -> str:
    """Show a number with as many decimals as it has, up to four."""
    return number(value, next((d for d in range(4) if round(value, d) == value), 4))


#: The estimator that has no control group: all who never start, by `imputation_effects`.
IMPUTATION = "imputation"

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
    "estimand": get_args(EffectOn),
    "ties": get_args(Ties),
    "estimator": (*get_args(Estimator), IMPUTATION),
    "composition": get_args(Composition),
    "se": get_args(StandardError),
    "dead": get_args(Dead),
}
_NEAREST = (
    "ties",
    "ratio",
    "replace",
    "scope",
    "caliper",
    "common_support",
    "order",
    "score",
    "link",
)
#: What has a meaning beside the options that every method has.
_OF_METHOD: dict[str, tuple[str, ...]] = {
    "exact": (),
    "cem": ("cutpoints",),
    "entropy": ("moments",),
    "ipw": ("score", "link", "trim"),
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
    OptionError
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
    arguments.mapping("ways", ways, '{"ratio": [1, 5]}')
    read: dict[str, dict[str, Any]] = {}
    for name, given in ways.items():
        if name not in own or name in ("outcomes", "seed"):
            near = difflib.get_close_matches(str(name), [*own], 2)
            raise OptionError(
                f"There is no option {arguments.shown(name)} to vary",
                found=f"the options {', '.join(sorted({*own} - {'outcomes', 'seed'}))}",
                do=f"perhaps {' or '.join(near)}" if near else "choose among these",
            )
        several = _values(given)
        if not several:
            raise OptionError(
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
        return as_terms(value)
    if name == "exact":
        return arguments.names("exact", value)
    if name == "base":
        years = base_years(value, "did")
        return years[0] if arguments.is_whole(value) else years
    if name == "adjust":
        return arguments.flag("adjust", value)
    if name in _CHOICES:
        arguments.choice("specification_curve", name, value, _CHOICES[name])
    return value


def _require_possible(panel: Panel, name: str, value: Any) -> None:
    """Raise on a value that no specification can have, whatever its others: it is a mistake.

    What does not go together with the others is a specification without an estimate. What only the
    data can tell is told there.

    Raises
    ------
    OptionError
        No method takes the value, or it names a column that is not in the panel.
    """
    try:
        if name in ("on", "exact"):
            columns_to_fetch([getattr(term, "column", term) for term in value], panel.columns)
        elif name not in ("eligible", *EFFECTS, *_CHOICES):
            _require_taken(name, value)
    except MihImpactError as error:
        raise OptionError(
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
    if options["estimator"] == IMPUTATION:
        return {name: options[name] for name in ("eligible", "estimator", "dead")}
    method = options["method"]
    # A panel by month draws months whatever the method: the seed belongs to every specification.
    names = {"method", "estimand", "on", "exact", "eligible", "controls", "outcomes", "seed"}
    names |= {*EFFECTS}
    names |= set(_OF_METHOD.get(method, _NEAREST))
    if options["controls"] == "not_yet":
        names.add("window_end")
    names -= {"scope", "order"} if options["replace"] else {"ties"}
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
    if recipe_of(group).panel.period == "year":
        alone["estimator"].append(IMPUTATION)
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
