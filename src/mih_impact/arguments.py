"""What an argument must be: one check for each kind, which gives the value back or raises.

Every check takes the argument's name and value, and raises OptionError. What is shown of a value
is a plain value as it is written, and of anything else its type: never its contents, which may be
persons'.

Who comes from R or Stata tries the options of MatchIt, WeightIt, did, HonestDiD or boottest. Each
gets the nearest thing that the call has, in a typed error, and not Python's own complaint.
"""

from __future__ import annotations

import inspect
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np

from mih_impact.errors import MihImpactError, OptionError, UnknownOptionError

__all__ = [
    "ELSEWHERE",
    "alpha",
    "choice",
    "flag",
    "flattened",
    "fraction",
    "instance",
    "is_number",
    "is_one_of",
    "is_whole",
    "level",
    "listed",
    "mapping",
    "name",
    "named_options",
    "names",
    "nearest",
    "number",
    "numbers",
    "path",
    "require_inside",
    "seed",
    "shown",
    "type_of",
    "unrepeated",
    "whole",
    "window",
    "years",
]

_PLAIN = (str, bool, int, float, complex, np.generic, type(None))
#: Values of a list that are shown.
_SHOWN = 6
#: Characters of a value that are shown.
_LONGEST = 80
#: A probability of a false alarm that no sample can tell from none.
_LEAST_CHANCE = 1e-13
#: Years since start that nobody has.
_LONGEST_LIFE = 200
#: What some arguments name; others name characteristics.
_NAMED = {"outcomes": "wage_income", "subgroups": "all"}


def type_of(value: Any) -> str:
    """Return what type a value is of, with its article.

    Examples
    --------
    >>> type_of(3), type_of("x")
    ('an int', 'a str')
    """
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOaeio' or name == 'ndarray' else 'a'} {name}"


def shown(value: Any) -> str:
    """Return a value as an error may show it.

    Examples
    --------
    >>> shown("a"), shown((1, 2.5)), shown({"a": 1})
    ("'a'", '(1, 2.5)', 'a dict')
    """
    if isinstance(value, _PLAIN):
        text = repr(value.item() if isinstance(value, np.generic) else value)
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    small = isinstance(value, (list, tuple)) and len(value) <= _SHOWN
    if small and all(isinstance(part, _PLAIN) for part in value):
        inside = ", ".join(map(shown, value))
        alone = "," if len(value) == 1 and isinstance(value, tuple) else ""
        return f"({inside}{alone})" if isinstance(value, tuple) else f"[{inside}]"
    return type_of(value)


def is_whole(value: Any) -> bool:
    """Return whether a value is a whole number; True and False are none."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Return whether a value is a finite number; True and False are none."""
    real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    try:
        return real and bool(np.isfinite(float(value)))
    except OverflowError:  # a whole number that no float can hold
        return False


def listed(value: Any) -> list[Any] | None:
    """Return the members of a list, or None where it is no list.

    A mapping has values that would be lost, a set has no order, and a table no members.
    """
    unfit = (str, bytes, Mapping, set, frozenset)
    if isinstance(value, unfit) or not isinstance(value, Iterable):
        return None
    return list(value) if getattr(value, "ndim", 1) == 1 else None


def flattened(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return values given one by one, in a list, or both, as one tuple.

    Examples
    --------
    >>> flattened((1, [2, 3])), flattened([range(2)])
    ((1, 2, 3), (0, 1))
    """
    parts = ([value] if (inside := listed(value)) is None else inside for value in values)
    return tuple(one for part in parts for one in part)


def whole(
    name: str,
    value: Any,
    *,
    low: int | None = None,
    high: int | None = None,
    what: str | None = None,
) -> int:
    """Return a whole number, from `low` to `high` where these are; `what` says what it counts.

    Examples
    --------
    >>> whole("draws", 99, low=20)
    99
    """
    limit = "" if low is None else f", {low} or more"
    if high is not None and is_whole(value) and value > high:
        limit = f", {high} at most"
    if limit.endswith("most") or not is_whole(value) or (low is not None and value < low):
        raise OptionError(
            what or f"{name} is a whole number{limit}",
            found=f"{name}={shown(value)}",
            do=f"give a whole number{limit}",
        )
    return int(value)


def number(name: str, value: Any, *, above: float | None = None, low: float | None = None) -> float:
    """Return a finite number, above `above` or from `low` on if that is given."""
    right = is_number(value) and (above is None or value > above) and (low is None or value >= low)
    if not right:
        limit = "" if above is None else f" above {above or 'zero'}"
        limit = limit if low is None else f", {low:g} or more"
        raise OptionError(
            f"{name} is a finite number{limit}",
            found=f"{name}={shown(value)}",
            do=f"give a number{limit}",
        )
    return float(value)


def numbers(name: str, value: Any, what: str, *, example: str, low: float = -np.inf) -> list[float]:
    """Return one or several finite numbers not below `low`, ascending, each once.

    `what` says what they are.
    """
    given = [value] if is_number(value) else listed(value)
    if not given or not all(is_number(one) and one >= low for one in given):
        raise OptionError(
            what, found=f"{name}={shown(value)}", do=f"give for example {name}={example}"
        )
    return sorted({float(one) for one in given})


def fraction(name: str, value: Any, *, example: float) -> float:
    """Return a number between 0 and 1."""
    if not is_number(value) or not 0.0 < value < 1.0:
        raise OptionError(
            f"{name} is a number between 0 and 1",
            found=f"{name}={shown(value)}",
            do=f"give {name}={example:g}",
        )
    return float(value)


def level(value: Any) -> float:
    """Return the coverage of an interval.

    Examples
    --------
    >>> level(0.9)
    0.9
    """
    what = "the coverage of an interval, a number between 0.5 and 1"
    return _chance("level", value, what, (0.5, 1.0), example=0.95)


def alpha(value: Any) -> float:
    """Return the probability of a false alarm of a test."""
    what = "the probability of a false alarm of a test, a number between 0 and 0.5"
    return _chance("alpha", value, what, (_LEAST_CHANCE, 0.5), example=0.05)


def _chance(
    name: str,
    value: Any,
    what: str,
    limits: tuple[float, float],
    *,
    example: float,
) -> float:
    """Return a probability within limits; who gives per cent, or the other one, is told the number.

    Coverage and false alarms add up to 1, and half of that parts them, so that neither can be
    taken for the other.
    """
    low, high = limits
    if is_number(value) and low < value < high:
        return float(value)
    meant = example
    if is_number(value):
        share = value / 100 if value > 1 else value
        meant = next((one for one in (share, 1 - share) if low < one < high), example)
    raise OptionError(
        f"{name} is {what}",
        found=f"{name}={shown(value)}",
        do=f"give {name}={meant:.12g} (intervals take level=, tests alpha=)",
    )


def flag(name: str, value: Any) -> bool:
    """Return what is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise OptionError(
            f"{name} is True or False", found=f"{name}={shown(value)}", do="give True or False"
        )
    return bool(value)


def seed(value: Any, *, optional: bool = False) -> int | None:
    """Return the seed of random draws."""
    if value is None and optional:
        return None
    return whole("seed", value, low=0)


def is_one_of(value: Any, known: Iterable[str]) -> bool:
    """Return whether a value is a text, and one of those known."""
    return isinstance(value, str) and value in tuple(known)


def nearest(name: object, known: Iterable[str]) -> str:
    """Return "; did you mean ...?" for the closest known name, or nothing.

    Examples
    --------
    >>> nearest("munisipality", ("state", "municipality"))
    "; did you mean 'municipality'?"
    >>> nearest("xyz", ("state", "municipality"))
    ''
    """
    close = get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def choice(
    call: str,
    name: str,
    value: Any,
    allowed: Collection[Any],
    elsewhere: Mapping[str, str] | None = None,
    *,
    optional: bool = False,
) -> None:
    """Raise on an option that a call does not have, with what other packages' words are here.

    None is no choice where the option is optional.
    """
    if optional and value is None:
        return
    if (
        not isinstance(value, (str, int, np.integer))
        or isinstance(value, bool)
        or value not in allowed
    ):
        told = (elsewhere or {}).get(value) if isinstance(value, str) else None
        raise OptionError(
            f"{call} has no {name}={shown(value)}",
            found=f"{name}={shown(value)}",
            do=(f"{told}; or " if told else "")
            + f"choose one of {', '.join(map(repr, allowed))}"
            + (nearest(value, map(str, allowed)) if isinstance(value, str) else ""),
        )


def name(argument: str, value: Any, *, do: str = "name one column") -> str:
    """Return one name; `do` says of what, where it is not a column's."""
    if not isinstance(value, str) or not value:
        raise OptionError(f"{argument} is one name", found=f"{argument}={shown(value)}", do=do)
    return value


def names(argument: str, value: Any, *, least: int = 0) -> tuple[str, ...]:
    """Return names, `least` or more; one alone is a list of one.

    Examples
    --------
    >>> names("exact", "county"), names("exact", [])
    (('county',), ())
    """
    given = [value] if isinstance(value, str) else listed(value)
    right = given is not None and all(isinstance(one, str) and one for one in given)
    if given is None or not right or len(given) < least:
        raise OptionError(
            f"{argument} is a name, or a list of names",
            found=f"{argument}={shown(value)}",
            do=f'give for example {argument}="{_NAMED.get(argument, "county")}", or a list',
        )
    return tuple(map(str, given))


def unrepeated(argument: str, given: Collection[Any]) -> None:
    """Raise on what is named more than once."""
    twice = [str(one) for one, count in Counter(given).items() if count > 1]
    if twice:
        raise OptionError(
            f"{argument} names {', '.join(twice)} twice",
            found=f"{len(given)} names of {len(set(given))} columns",
            do="name each column once",
        )


def path(argument: str, value: Any) -> Path:
    """Return where a file is, given as a text or a path.

    Examples
    --------
    >>> path("path", "a.zip").name
    'a.zip'
    """
    given = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(given, str) or not given or "\0" in given:
        raise OptionError(
            f"{argument} says where a file is, as a text or a pathlib.Path",
            found=f"{argument}={shown(value)}",
            do=f'give for example {argument}="results/a.zip"',
        )
    return Path(given)


def mapping(argument: str, value: Any, example: str) -> Mapping[Any, Any]:
    """Return a mapping, or raise saying what one looks like."""
    if not isinstance(value, Mapping):
        raise OptionError(
            f"{argument} is a mapping",
            found=f"{argument}={shown(value)}",
            do=f"give for example {argument}={example}",
        )
    return value


def years(name: str, value: Any, *, calendar: bool = False) -> tuple[int, ...]:
    """Return years since start as given, or calendar years: one or several, each a whole number.

    Examples
    --------
    >>> years("year", 3), years("year", range(2))
    ((3,), (0, 1))
    """
    given = [value] if is_whole(value) else listed(value)
    low, high = (1900, 2200) if calendar else (-_LONGEST_LIFE, _LONGEST_LIFE)
    if not given or not all(is_whole(one) and low <= one <= high for one in given):
        what = "Calendar years" if calendar else "Years since start"
        none = f"No year is given: {what[0].lower()}{what[1:]}" if given == [] else what
        first = 2026 if calendar else 1
        raise OptionError(
            f"{none} are whole numbers, one or several",
            found=f"{name}={shown(value)}",
            do=f"give {name}={first + 2}, or {name}=[{first}, {first + 1}, {first + 2}]",
        )
    return tuple(int(one) for one in given)


def window(value: Any) -> tuple[int, int]:
    """Return the first and the last year since start."""
    given = listed(value)
    fits = given is not None and len(given) == 2 and all(map(is_whole, given))
    if given is None or not fits or not -_LONGEST_LIFE <= given[0] <= given[1] <= _LONGEST_LIFE:
        raise OptionError(
            "A window is the first and the last year since start, in that order",
            found=f"window={shown(value)}",
            do="give two whole numbers, such as window=(-5, 6)",
        )
    return int(given[0]), int(given[1])


def instance(call: str, value: Any, kind: type, what: str, do: str) -> None:
    """Raise where a call is given another object than it takes."""
    if not isinstance(value, kind):
        raise OptionError(f"{call} takes {what}", found=type_of(value), do=do)


_P = ParamSpec("_P")
_R = TypeVar("_R")

_COLUMNS = "the panel's columns are named once: mih.read_panel(..., columns={'person_id': ...})"
_DRAWS = "draws="
_ESTIMAND = (
    "whose effect it is goes with the controls: mih.match(panel, estimand='ate'); what chooses "
    "none is about those who start"
)
#: By the name of the first argument: what data go in as.
_DATA = {
    "panel": "the first argument is a panel: mih.read_panel(frame)",
    "group": "the first argument is a control group: mih.match(panel, ...)",
    "effects": "the first argument is effects: mih.event_study(group)",
    "case": "the first argument is an account: mih.cost_benefit(effects, ...)",
}
_FORMULA = "on=[...] lists the columns, and mih.lag(column, 1, 2) values of earlier years"
_SAMPLING = (
    "mih.read_panel(frame, weights=...), which match, weight, event_study and"
    " group_time_effects know"
)
_ADJUST = "mih.event_study(group, adjust=True)"
_SE = "mih.event_study(group, se=...)"
_BOOTSTRAP = "mih.multiplier_bootstrap(effects, draws=...)"

#: By call, or "" for all: what an option of another package is here.
ELSEWHERE: dict[str, dict[str, str]] = {
    "": {
        "formula": _FORMULA, "treat": _COLUMNS, "treatment": _COLUMNS,
        "idname": _COLUMNS, "tname": _COLUMNS, "gname": _COLUMNS, "id": _COLUMNS, "time": _COLUMNS,
        "estimand": _ESTIMAND, "s_weights": _SAMPLING, "weightsname": _SAMPLING,
        "verbose": "progress: mih.options(progress=False)", "R": _DRAWS, "B": _DRAWS,
        "reps": _DRAWS, "nboot": _DRAWS,
        "biters": _DRAWS, "n_boot": _DRAWS, "boot": _DRAWS, "random_state": "seed=",
        "alpha": "level=, which is 1 - alpha", "level": "alpha=, which is 1 - level", "alp":
        "level=, which is 1 - alp", "conf_level": "level=",
        "conf_int": "level=", "confidence": "level=", "clustervars": "cluster=",
        "clustid": "cluster=", "clusters": "cluster=", "yname": "outcomes=", "outcome": "outcomes=",
        "language": "lang=",
    },
    "match": {
        "k": "ratio=", "M": "ratio=", "n_neighbors": "ratio=", "m_order": "order=",
        "std_caliper": "caliper=, in standard deviations of the log odds",
        "discard": "caliper=, which leaves out who has nobody near",
        "mahvars": "method='mahalanobis' with caliper= on the log odds",
        "metric": "distance=", "Weight": "distance=",
        "BiasAdjust": _ADJUST, "bias_adj": _ADJUST, "xformla": _FORMULA,
        "covariates": "on=", "vce": _SE,
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
        " 'not_yet'", "est_method": "estimator='dr', 'ipw' or 'reg'", "bstrap":
        "mih.multiplier_bootstrap of an average:"
        " mih.multiplier_bootstrap(effects.aggregate('event'))", "cband": "the averages have"
        " simultaneous bands: .aggregate('event')", "aggte": ".aggregate()",
        "allow_unbalanced_panel": "rows that are absent mean what docs/contract.md says",
        "panel_data": "repeated cross-sections are not supported",
    },
    "imputation_effects": {
        "horizons": "window=, its last year", "pretrends": "window=, whose years before start are"
        " coefficients of the pre-trend regression", "allhorizons": "window=(-5, 6)", "autosample":
        "window=: what cannot be imputed is left out and counted in n_lost", "controls":
        "eligible=, of those who never start; who starts later is untreated until then", "leads":
        "window=, its first year", "first_treat": _COLUMNS, "unit": _COLUMNS, "did2s":
        "window=(-5, 6)",
    },
    "read_cross_section": {
        "treat": "treated=", "outcomes": "outcome=", "units": "unit=", "yname": "outcome=",
        "columns": "treated=, outcome= and person_id=; all other columns are characteristics",
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


def require_inside(
    folder: str | os.PathLike[str], named: Mapping[str, str], *, raised: type[MihImpactError]
) -> None:
    """Raise unless every path that a file names stays within the file's own folder.

    Parameters
    ----------
    folder
        Where the file lies; relative paths start there.
    named
        Paths as they are written, by where they stand in the file.
    raised
        The error to raise.

    Examples
    --------
    >>> require_inside(".", {"[data] source": "../register.csv"}, raised=OptionError)
    Traceback (most recent call last):
    mih_impact.errors.OptionError: The file names a path outside its own folder. Found: \
[data] source = '../register.csv'. Do: put what it names beside it; or, if you trust the file, \
allow it: allow_outside=True, or --allow-outside on the command line.
    """
    home = Path(folder).resolve()
    outside = [
        f"{where} = {shown(name)}"
        for where, name in named.items()
        if "\0" in name or not (home / name).resolve().is_relative_to(home)
    ]
    if outside:
        raise raised(
            "The file names a path outside its own folder",
            found="; ".join(outside),
            do="put what it names beside it; or, if you trust the file, allow it:"
            " allow_outside=True, or --allow-outside on the command line",
        )
