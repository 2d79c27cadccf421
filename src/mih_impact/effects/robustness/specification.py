"""`specification_curve`: what the effect would have been by other reasonable choices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

import pandas as pd

from mih_impact.controls.group import ControlGroup
from mih_impact.display.labels import Label
from mih_impact.display.provenance import Provenance
from mih_impact.effects.asked import Composition, Estimator
from mih_impact.effects.influence import StandardError
from mih_impact.effects.robustness.curve import SpecificationCurve, title, words
from mih_impact.effects.robustness.question import (
    EMPTY,
    Question,
    Row,
    attempt,
    recipe_of,
    with_bar,
)
from mih_impact.effects.robustness.ways import (
    Specification,
    Ways,
    chosen_by,
    specifications,
)
from mih_impact.effects.taken import outcome_asked
from mih_impact.errors import MihImpactError
from mih_impact.panel.cube import Dead
from mih_impact.panel.panel import Panel
from mih_impact.signatures import named_options

__all__ = ["specification_curve"]

_BAR = Label(nb="prøver andre spesifikasjoner", en="trying other specifications")


@named_options
def specification_curve(
    group: ControlGroup,
    *,
    outcome: str | None = None,
    year: int | Sequence[int] = 3,
    ways: Ways | None = None,
    alone: Ways | None = None,
    estimator: Estimator = "did",
    base: int | Sequence[int] = -1,
    composition: Composition = "available",
    se: StandardError = "auto",
    dead: Dead = "zero",
    adjust: bool = False,
    level: float = 0.95,
) -> SpecificationCurve:
    """Estimate an effect by every combination of reasonable choices.

    Parameters
    ----------
    group
        Participants and their controls: with the options below, the specification that was chosen.
    outcome, year
        The effect: an outcome (by default wage income, or the first where there is none) in a year
        since start, or its mean over several.
    ways
        Values to try, by option of `match`, `weight` or `event_study`; every combination is a
        specification. A mapping from names to values names them in table and figure. None tries
        ways to choose controls: methods (propensity, Mahalanobis, entropy balancing, inverse
        probability), covariates with and without the lags furthest back, ratio and replacement.
    alone
        Values that are varied one at a time from the chosen specification. None tries, if `ways`
        is None too, the other kind of controls and of score, the caliper, change or level, the base
        year, regression adjustment, and where a year is not seen for every start year the other
        compositions.
    estimator, base, composition, se, dead, adjust, level
        As in `event_study`, for the chosen specification; "balanced" is for start years seen in all
        the years asked for.

    Returns
    -------
    SpecificationCurve
        A row per specification, the chosen one first: `specification, own`, the varied options
        (as text; "" where an option means nothing beside the others), `estimate, std_error,
        conf_low, conf_high, n_participants, n_controls, reason, warning`. What fails is kept, with
        missing values and its error's first line in `reason`. `passed` is None: the curve informs.

    Raises
    ------
    EffectsError
        The group does not know how it was made, the chosen specification has no estimate, or an
        option, or a value of one that no specification can have, does not exist.

    Notes
    -----
    Each row is `match` or `weight` with its options, and `event_study`. Options without a meaning
    beside the others, such as the ratio of weights, are dropped, and what is then the same is one
    specification. Specifications share their data: the share that agrees is a description and no
    test. Nor are all choices equally good; leave out of `ways` what you would not defend, and what
    is another name for the same: weights that balance the base year make change and level equal.

    References
    ----------
    Simonsohn, Simmons and Nelson (2020), Specification curve analysis, Nature Human Behaviour 4.
    Steegen, Tuerlinckx, Gelman and Vanpaemel (2016), Increasing transparency through a multiverse
    analysis, Perspectives on Psychological Science 11(5).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), method="exact", exact=["county", "benefit_type"])
    >>> with mih.options(progress=False):
    ...     curve = mih.specification_curve(
    ...         group, ways={"exact": [["county"]], "estimator": ["did", "difference"]}
    ...     )
    >>> len(curve.table), curve.same_sign
    (3, 1.0)
    """
    panel = recipe_of(group).panel
    outcome = outcome_asked(group, outcome)
    question = Question.of(
        outcome,
        year,
        estimator=estimator,
        base=base,
        composition=composition,
        se=se,
        dead=dead,
        adjust=adjust,
        level=level,
    )
    asked, labels = specifications(group, question, ways, alone)
    chosen, *others = asked
    answers = {id(chosen): {**EMPTY, **question.answer(group)}}
    for one, answer in with_bar(_answers(panel, question, others), _BAR, total=len(others)):
        answers[id(one)] = answer
    table = pd.DataFrame(
        [
            {"specification": k, "own": one.own, **one.texts, **answers[id(one)]}
            for k, one in enumerate(asked)
        ]
    )
    unit = group.risk.cube.unit_of(outcome)
    return SpecificationCurve(
        name="specification_curve",
        passed=None,
        table=table,
        sentence=words(table, unit, level),
        title=title(outcome, question.years),
        provenance=Provenance.of(
            "specification_curve",
            {
                "match": group.provenance.options,
                "ways": {name: list(values) for name, values in labels.items()},
                **asdict(question),
            },
            data=group.risk.cube.fingerprint,
            evidence=group.provenance.evidence,
        ),
        outcome=outcome,
        years=question.years,
        unit=unit,
        price_year=group.risk.cube.price_year,
        level=level,
        labels=labels,
    )


def _answers(
    panel: Panel, question: Question, asked: Sequence[Specification]
) -> Iterator[tuple[Specification, Row]]:
    """Estimate by each specification; those with the same controls follow each other.

    Controls are chosen once for all that differ in estimation alone, which is most of the work.
    """
    shared: dict[str, list[Specification]] = {}
    for one in asked:
        shared.setdefault(repr(sorted(one.choosing.items(), key=str)), []).append(one)
    for same in shared.values():
        choose = _Once(panel, same[0])
        for one in same:
            yield one, attempt(replace(question, **one.estimating), choose)


class _Once:
    """Chooses controls when first asked to, and gives them, or the error, again after that."""

    def __init__(self, panel: Panel, specification: Specification) -> None:
        self._panel = panel
        self._options = specification.choosing
        self._found: ControlGroup | MihImpactError | None = None

    def __call__(self) -> ControlGroup:
        if self._found is None:
            try:
                self._found = chosen_by(self._panel, self._options)
            except MihImpactError as error:
                self._found = error
        if isinstance(self._found, MihImpactError):
            raise self._found
        return self._found
