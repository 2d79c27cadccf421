"""What options and their values are called, in tables and figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mih_impact.controls.covariates import Term, as_terms, term_label
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import number

__all__ = ["option_label", "text_of", "value_label"]

_OPTIONS = {
    "method": Label(nb="metode", en="method"),
    "on": Label(nb="kjennetegn", en="covariates"),
    "exact": Label(nb="likt innenfor", en="exact on"),
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
    ("replace", "True"): Label(nb="med", en="with"),
    ("replace", "False"): Label(nb="uten", en="without"),
    ("scope", "global"): Label(nb="i alt", en="at all"),
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
        return Label(nb=_shown(value, "nb"), en=_shown(value, "en"))
    return Label(nb=text, en=text)


def _terms_label(value: tuple[Term, ...], own: tuple[Term, ...]) -> Label:
    """Return how a list of covariates differs from the given one; by number, if by several."""
    parts = []
    if set(value) < set(own) and len(value) <= min(2, len(own) - 2):
        names = (", ".join(term_label(t, lang) for t in value) for lang in ("nb", "en"))
        return _ONLY.format(terms=Label(*names)) if value else _NONE
    for template, terms in (
        (_WITHOUT, [t for t in own if t not in value]),
        (_WITH, [t for t in value if t not in own]),
    ):
        if len(terms) == 1:
            name = Label(nb=term_label(terms[0], "nb"), en=term_label(terms[0], "en"))
            parts.append(template.format(terms=name))
        elif terms:
            parts.append(template.format(terms=_SEVERAL.format(n=str(len(terms)))))
    if not parts:
        return _AS_CHOSEN
    return Label(nb=", ".join(p.nb for p in parts), en=", ".join(p.en for p in parts))


def _years_label(years: Sequence[int]) -> Label:
    each = Label(*(", ".join(number(y, lang=lang) for y in years) for lang in ("nb", "en")))
    return each if len(years) == 1 else _MEAN.format(years=each)


def _shown(value: float, lang: Lang) -> str:
    """Show a number with as many decimals as it has, up to four."""
    return number(value, next((d for d in range(4) if round(value, d) == value), 4), lang)
