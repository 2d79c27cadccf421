"""The options of `match` and `weight`, and which of them go together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from mih_impact import arguments
from mih_impact.controls.covariates import Modelled
from mih_impact.controls.logit import Link
from mih_impact.controls.terms import Lag, Term, column_of
from mih_impact.errors import OptionError

__all__ = [
    "METHODS_ELSEWHERE",
    "ON_SCORE",
    "Controls",
    "Cutpoints",
    "Distance",
    "EffectOn",
    "GivenScore",
    "MatchOptions",
    "Method",
    "Order",
    "Scope",
    "ScoreKind",
    "Ties",
    "WeightMethod",
    "WeightOptions",
]

#: By what nearness is measured: two scales of the score, and five distances on the covariates.
Distance = Literal[
    "propensity",
    "probability",
    "mahalanobis",
    "mahalanobis_total",
    "robust_mahalanobis",
    "inverse_variance",
    "euclidean",
]
Method = Literal[Distance, "exact", "cem"]
ON_SCORE = ("propensity", "probability")
Ties = Literal["average", "random"]
WeightMethod = Literal["entropy", "ipw"]
#: Whose average effect: of those who start (treated), of candidates (controls), or of both.
EffectOn = Literal["att", "atc", "ate"]
Order = Literal["largest", "smallest", "data", "random"]
Scope = Literal["global", "within_start_year"]
Controls = Literal["never", "not_yet"]
ScoreKind = Literal["pooled", "by_start_year"]
#: A logit of ours, or a score of the caller's: a column, or a function of the rows.
GivenScore = ScoreKind | str | Callable[..., Any]
#: Per column the number of bins, or the points that part them.
Cutpoints = Mapping[str, int | Sequence[float]]

_BOTH: dict[str, tuple[Any, ...]] = {
    "estimand": get_args(EffectOn),
    "controls": get_args(Controls),
    "link": get_args(Link),
}
#: What takes a score, whether the other method was given as `method` or as `distance`.
_BY_SCORE = "use method='propensity' and no distance="
_MATCH = _BOTH | {
    "method": get_args(Method),
    "order": get_args(Order),
    "scope": get_args(Scope),
    "ties": get_args(Ties),
}
_WEIGHT = _BOTH | {"method": get_args(WeightMethod), "moments": (1, 2)}

_NEAREST = (
    "MatchIt's nearest neighbours are match(panel, on=..., distance='probability', ratio=1,"
    " replace=False, caliper=None)"
)
_NO_SETS = (
    "there are no such sets here; nearest to them, everybody with a weight, is mih.weight(panel,"
    " on=...), or match(panel, method='cem')"
)
_ENTROPY = "mih.weight(panel, on=..., method='entropy') balances the same means, exactly"
_ODDS = "mih.weight(panel, on=..., method='ipw') has the odds of a logit as weights"
_LEARNT = (
    "mih.weight(panel, on=..., method='ipw', score=function, folds=5) takes what another model"
    " predicts"
)
_SCORE = "the score of a logit as a probability is distance='probability'"

#: By call and option: what a method of another package is here. `docs/r_and_stata.md` has more.
METHODS_ELSEWHERE: dict[tuple[str, str], dict[str, str]] = {
    ("match", "method"): {
        "nearest": _NEAREST, "psm": _NEAREST,
        "psmatch": "Stata's teffects psmatch is match(panel, on=..., distance='probability',"
        " ratio=1, caliper=None)",
        "nnmatch": "Stata's teffects nnmatch is match(panel, on=..., distance='mahalanobis_total',"
        " ratio=1, caliper=None)",
        **dict.fromkeys(("optimal", "full", "quick", "subclass", "genetic"), _NO_SETS),
        **dict.fromkeys(("ebal", "ebalance", "entropy", "cbps"), _ENTROPY),
        **dict.fromkeys(("ipw", "iptw", "glm"), _ODDS),
    },
    ("match", "distance"): dict.fromkeys(("glm", "logit", "ps", "pscore"), _SCORE),
    ("weight", "method"): {
        **dict.fromkeys(("ebal", "ebalance", "eb", "cbps", "optweight"), _ENTROPY),
        **dict.fromkeys(("glm", "ps", "iptw", "logit", "psw"), _ODDS),
        **dict.fromkeys(("gbm", "twang", "super", "bart"), _LEARNT),
        "ipwra": _ODDS + "; add event_study(group, adjust=True)",
        "aipw": _ODDS + "; add event_study(group, adjust=True, outcome_regression='unweighted')",
        "nearest": _NEAREST,
    },
}  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class _Options:
    """What `match` and `weight` are both asked."""

    on: tuple[Term, ...]
    exact: tuple[str, ...]
    method: Any
    estimand: EffectOn
    controls: Controls
    window_end: int
    score: GivenScore
    link: Link
    folds: int | None
    seed: int | None

    @property
    def given_score(self) -> bool:
        """Whether the score is the caller's."""
        return not arguments.is_one_of(self.score, get_args(ScoreKind))

    @property
    def _score_shown(self) -> str:
        return arguments.shown(self.score) if isinstance(self.score, str) else "a function"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the comparison conditions on, and a given score."""
        own = [self.score] if self.given_score and isinstance(self.score, str) else []
        return (*(column_of(term) for term in (*self.on, *self.exact)), *own)

    @property
    def equal(self) -> tuple[str, ...]:
        """The columns that are equal within a set, or within the sum of the weights."""
        return self.exact

    @property
    def with_replacement(self) -> bool:
        """Whether a person may serve several participants."""
        return True

    @property
    def not_started_through(self) -> int | None:
        """Years after the start year without a start among candidates; None if they never do."""
        return self.window_end if self.controls == "not_yet" else None

    def as_dict(self) -> dict[str, Any]:
        """Return the options by name."""
        return dict(vars(self))

    def _require_score(self, call: str) -> None:
        """Raise on a score that is neither ours nor one that can be read."""
        if not isinstance(self.score, str) and not callable(self.score):
            raise OptionError(
                f"{call} takes score='pooled' or 'by_start_year', a column, or a function",
                found=f"score={arguments.shown(self.score)}",
                do="name a column with probabilities, or give a function of the rows",
            )
        if self.link != "logit" and self.given_score:
            raise OptionError(
                "A score of your own has no link",
                found=f"link={self.link!r} and score={self._score_shown}",
                do="leave out link=, or score=",
            )
        if self.folds is None:
            return
        arguments.whole("folds", self.folds, low=2)
        if isinstance(self.score, str):
            raise OptionError(
                "Folds are for a score that a function estimates",
                found=f"folds={self.folds} and score={self.score!r}",
                do="leave out folds=, or give score= a function of (rows to learn from, rows)",
            )

    def _require(self, call: str, choices: Mapping[str, Collection[Any]]) -> None:
        """Raise on an option that does not exist."""
        for name, allowed in choices.items():
            known = METHODS_ELSEWHERE.get((call, name))
            arguments.choice(call, name, getattr(self, name), allowed, known)
        self._require_score(call)
        arguments.whole("window_end", self.window_end, low=0)
        arguments.unrepeated("exact", self.exact)


@dataclass(frozen=True, eq=False, kw_only=True)
class MatchOptions(_Options):
    """How controls are matched; every field is an argument of `match` and explained there."""

    method: Method
    ties: Ties
    ratio: int
    replace: bool
    scope: Scope
    caliper: float | None
    common_support: bool
    order: Order
    cutpoints: Cutpoints | None

    def __post_init__(self) -> None:
        """Raise on an option that does not exist or does not go with the others."""
        self._require("match", _MATCH)
        arguments.whole("ratio", self.ratio, low=1)
        arguments.flag("replace", self.replace)
        arguments.flag("common_support", self.common_support)
        if self.caliper is not None:
            arguments.number("caliper", self.caliper, above=0.0)
        arguments.seed(self.seed, optional=True)
        if self.given_score and not self.uses_score:
            raise OptionError(
                "No score is used here",
                found=f"method={self.method!r} and score={self._score_shown}",
                do=f"leave out score=, or {_BY_SCORE}",
            )
        if self.link != "logit" and not self.uses_score:
            raise OptionError(
                "No score is used here",
                found=f"method={self.method!r} and link={self.link!r}",
                do=f"leave out link=, or {_BY_SCORE}",
            )
        if self.order == "random" and self.seed is None:
            raise OptionError(
                "A random order needs a seed to be repeated", found="seed=None", do="give seed="
            )
        self._require_columns()
        if self.common_support and not self.uses_score:
            raise OptionError(
                "Common support is judged by a propensity score",
                found=f"method={self.method!r}, which has none",
                do="leave out common_support=, or use method='propensity'",
            )
        self._require_cutpoints()
        self._require_estimand()

    @property
    def nearest(self) -> bool:
        """Whether a participant gets its nearest, not everybody of a cell."""
        return self.method not in ("exact", "cem")

    @property
    def in_space(self) -> bool:
        """Whether nearness is by a distance on the covariates."""
        return self.nearest and self.method not in ON_SCORE

    @property
    def draws_ties(self) -> bool:
        """Whether a lot decides between those who are as near."""
        return self.nearest and (not self.replace or self.ties == "random")

    @property
    def uses_score(self) -> bool:
        """Whether a propensity score is estimated."""
        if self.in_space:
            ordered = not self.replace and self.order in ("largest", "smallest")
            return self.caliper is not None or self.common_support or ordered
        return self.nearest

    @property
    def modelled(self) -> Modelled:
        """Within what both sides must have a value: a logit has to tell them apart."""
        if not self.uses_score or self.given_score:
            return None
        return "all" if self.score == "pooled" else "start_year"

    @property
    def equal(self) -> tuple[str, ...]:
        """The columns that are equal within a set."""
        if self.method == "exact":
            return tuple(dict.fromkeys([*self.exact, *map(str, self.on)]))
        return self.exact

    @property
    def with_replacement(self) -> bool:
        """Whether a person may serve several participants; a cell's candidates always may."""
        return self.replace or self.method in ("exact", "cem")

    def _require_columns(self) -> None:
        """Raise if the method has no columns to work on."""
        if self.method == "exact" and not (self.on or self.exact):
            raise OptionError(
                "Exact matching needs columns",
                found="exact=() and on=()",
                do="name columns in exact=",
            )
        by_given = self.given_score and self.method in ON_SCORE
        if self.method != "exact" and not self.on and not by_given:
            what = {
                "propensity": "A propensity score needs covariates",
                "probability": "A propensity score needs covariates",
                "cem": "Coarsened exact matching needs covariates",
            }.get(self.method, "A distance needs covariates")
            raise OptionError(what, found="on=()", do="name columns in on=")
        lags = [term for term in self.on if isinstance(term, Lag)]
        if self.method == "exact" and lags:
            raise OptionError(
                "Lags are continuous: exact matching on them finds nobody",
                found=f"{len(lags)} lags in on=",
                do="use method='propensity' for lags, or method='cem'",
            )

    def _require_estimand(self) -> None:
        """Raise on what is known for effects on those who start only."""
        if self.estimand == "att":
            return
        if not self.replace and self.nearest:
            raise OptionError(
                "Without replacement there are too few participants for every candidate",
                found=f"estimand={self.estimand!r} and replace=False",
                do="match with replace=True, or use mih.weight",
            )
        if self.common_support:
            raise OptionError(
                "Common support is judged for participants",
                found=f"estimand={self.estimand!r} and common_support=True",
                do="leave out common_support=: the caliper leaves out whom nobody is like",
            )

    def _require_cutpoints(self) -> None:
        """Raise on cutpoints that cannot be used."""
        if self.cutpoints is None:
            return
        if self.method != "cem":
            raise OptionError(
                "Cutpoints are for coarsened exact matching",
                found=f"method={self.method!r}",
                do="leave out cutpoints=, or use method='cem'",
            )
        names = [str(term) for term in self.on]
        arguments.mapping("cutpoints", self.cutpoints, '{"age": [30, 40]}')
        unknown = [str(name) for name in self.cutpoints if name not in names]
        if unknown:
            raise OptionError(
                f"cutpoints= names columns that are not matched on: {', '.join(unknown)}",
                found=f"on= has {', '.join(names)}",
                do="name the columns as they are written there",
            )
        for name, given in self.cutpoints.items():
            points = arguments.listed(given)
            bins = arguments.is_whole(given) and int(given) >= 1  # type: ignore[arg-type]
            if not bins and not (points and all(map(arguments.is_number, points))):
                raise OptionError(
                    f"cutpoints= of {name} are neither a number of bins nor points between bins",
                    found=arguments.shown(given),
                    do="give a whole number of bins, or a list of numbers",
                )


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightOptions(_Options):
    """How controls are weighted; every field is an argument of `weight` and explained there."""

    method: WeightMethod
    moments: int
    trim: float | None

    def __post_init__(self) -> None:
        """Raise on an option that does not exist or does not go with the others."""
        self._require("weight", _WEIGHT)
        if self.trim is not None:
            arguments.fraction("trim", self.trim, example=0.99)
        if self.link != "logit" and self.method == "entropy":
            raise OptionError(
                "Entropy balancing has no score",
                found=f"method='entropy' and link={self.link!r}",
                do="leave out link=, or use method='ipw'",
            )
        if self.given_score and self.method == "entropy":
            raise OptionError(
                "Entropy balancing has no score",
                found=f"method='entropy' and score={self._score_shown}",
                do="leave out score=, or use method='ipw'",
            )
        if not (self.on or self.exact or self.given_score):
            raise OptionError(
                "Weights need covariates", found="on=() and exact=()", do="name columns in on="
            )
        self._require_method()

    def _require_method(self) -> None:
        """Raise on options of the other method."""
        if self.method == "entropy" and self.trim is not None:
            raise OptionError(
                "Entropy balancing has no score to trim by",
                found=f"trim={self.trim}",
                do="leave out trim=, or use method='ipw'",
            )
        if self.trim is not None and self.estimand != "att":
            raise OptionError(
                "Trimming by a high score is for effects on those who start",
                found=f"estimand={self.estimand!r} and trim={self.trim}",
                do="leave out trim=, or make the target group narrower with eligible=",
            )
        if self.method == "ipw" and self.moments != 1:
            raise OptionError(
                "Inverse probability weights balance no moments",
                found=f"moments={self.moments}",
                do="leave out moments=, or use method='entropy'",
            )

    @property
    def modelled(self) -> Modelled:
        """Within what both sides must have a value."""
        if self.given_score:
            return None
        if self.method == "entropy":
            return "weights"
        return "all" if self.score == "pooled" else "start_year"
