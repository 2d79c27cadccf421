"""`specification_curve`: what the effect would have been by other reasonable choices."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.arguments import named_options
from mih_impact.controls.group import ControlGroup
from mih_impact.display.figure import (
    CONTROL,
    GRID,
    OKABE_ITO,
    PARTICIPANT,
    axes,
    figure_style,
    root_figure,
    set_alt_text,
    source_line,
    unit_axis,
)
from mih_impact.display.locale import Label, Lang, both, in_language, language, progress_bar
from mih_impact.display.numbers import interval, number, percent
from mih_impact.display.result import Card, evidence_of, naming_limit
from mih_impact.display.unit import AnyUnit, difference
from mih_impact.effects.check_result import CountedCheck
from mih_impact.effects.forest import TITLE_WIDTH, align_heading
from mih_impact.effects.imputation import imputation_effects
from mih_impact.effects.question import (
    Composition,
    Estimator,
    Question,
    StandardError,
    takes_question,
)
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import MihImpactError
from mih_impact.falsification.re_estimation import (
    EMPTY,
    Row,
    answer,
    attempt,
    effect_on,
    recipe_of,
)
from mih_impact.falsification.specifications import (
    IMPUTATION,
    Specification,
    Ways,
    chosen_by,
    option_label,
    specifications,
)
from mih_impact.panel.cube import Dead
from mih_impact.panel.panel import Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SpecificationCurve", "plot_curve", "specification_curve", "title", "words"]

_TITLE = Label(
    nb="Andre valg av kontroller og metode: {effect}",
    en="Other controls and methods: {effect}",
)
_RANGE = Label(
    nb="{n} spesifikasjoner gir effekter fra {low} til {high}, median {median}; den valgte gir "
    "{own}.",
    en="{n} specifications give effects from {low} to {high}, median {median}; the chosen one "
    "gives {own}.",
)
_ONE = Label(
    nb="1 spesifikasjon, den valgte, gir effekten {own}.",
    en="1 specification, the chosen one, gives the effect {own}.",
)
_AGREE = Label(
    nb="{same} av dem har samme fortegn som den valgte, og {significant} er dessuten forskjellige "
    "fra null ({level} konfidensintervall).",
    en="{same} of them have the sign of the chosen one, and {significant} differ from zero as well "
    "({level} confidence interval).",
)
_HIDDEN = Label(
    nb="Den valgte spesifikasjonen er skjult: for få personer.",
    en="The chosen specification is hidden: too few persons.",
)
_FAILED = Label(
    nb="{n} til har ikke noe anslag som kan vises; grunnen står i tabellen.",
    en="{n} more have no estimate that can be shown; the table says why.",
)
_WARNED = Label(nb="{n} ga en advarsel.", en="{n} gave a warning.")
_NO_TEST = Label(
    nb="De bygger på de samme dataene, og hvor mange som er enige, er ingen test.",
    en="They share the same data, and how many agree is no test.",
)
_LINES = {
    "own": Label(nb="Valgt spesifikasjon", en="Chosen specification"),
    "n": Label(nb="Spesifikasjoner med anslag", en="Specifications with an estimate"),
    "of": Label(nb="{k} av {n}", en="{k} of {n}"),
    "median": Label(nb="Median", en="Median"),
    "range": Label(nb="Fra og til", en="Range"),
    "same": Label(nb="Samme fortegn", en="Same sign"),
    "significant": Label(nb="… og forskjellig fra null", en="… and different from zero"),
}


@dataclass(frozen=True, eq=False, repr=False)
class SpecificationCurve(CountedCheck):
    """An effect by every combination of choices.

    Made by `specification_curve`, which says what the table has. `passed` is None: the curve
    informs, it sets no standard.

    Attributes
    ----------
    outcome, years
        The effect: an outcome, and the year since start or those it is the mean of.
    unit
        Unit of the effect: a currency, "share" or another.
    price_year
        The year whose prices money is in.
    level
        Coverage of the intervals.
    labels
        What each value of each varied option is called: option -> text in the table -> label.
    """

    outcome: str
    years: tuple[int, ...]
    unit: AnyUnit
    price_year: int
    level: float
    labels: dict[str, dict[str, Label]]

    @property
    def median(self) -> float:
        """The median estimate; NaN where there is none."""
        estimate = _seen(self.table)["estimate"]
        return float(estimate.median()) if len(estimate) else float("nan")

    @property
    def same_sign(self) -> float:
        """Share of the estimates with the sign of the chosen specification's."""
        return float(_agree(self.table).mean()) if len(_seen(self.table)) else float("nan")

    @property
    def significant(self) -> float:
        """Share of the estimates with that sign and an interval that excludes zero."""
        both = _agree(self.table) & _differ(self.table)
        return float(both.mean()) if len(both) else float("nan")

    def words(self, table: pd.DataFrame) -> dict[str, str]:
        """Return in words how far the choices matter, as a table tells it."""
        return words(table, self.unit, self.level)

    def plot(self, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the estimates by size, and beneath them the choices that each rests on."""
        with in_language(lang):
            return plot_curve(self, ax=ax)

    def card_table(self) -> pd.DataFrame | None:
        """Return no table: there are too many rows to read."""
        return None

    def _card(self) -> Card:
        shown = self.shown()
        seen, own = _seen(shown.table), shown.table.iloc[0]
        show = difference(self.unit)
        estimate = f"{show(own['estimate'])}"
        if not np.isnan(own["estimate"]):
            estimate += f" ({interval(own['conf_low'], own['conf_high'], show)})"
        counts = _LINES["of"].format(k=number(len(seen)), n=number(len(shown.table)))
        lines = {
            "own": estimate,
            "n": counts.text(),
            "median": show(shown.median),
            "range": interval(seen["estimate"].min(), seen["estimate"].max(), show),
            "same": percent(shown.same_sign),
            "significant": percent(shown.significant),
        }
        named = tuple((_LINES[name].text(), text) for name, text in lines.items())
        return replace(super()._card(), lines=named)


def title(outcome: str, years: Sequence[int]) -> dict[str, str]:
    """Return of which effect the curve is."""
    label = _TITLE.format(effect=effect_on(outcome, years))
    return label.texts()


def words(table: pd.DataFrame, unit: AnyUnit, level: float) -> dict[str, str]:
    """Return in words how far the choices matter, in both languages."""
    return both(lambda: _words(table, unit, level)).texts()


def _seen(table: pd.DataFrame) -> pd.DataFrame:
    return table.dropna(subset=["estimate"])


def _agree(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which estimates have the sign of the chosen specification's, the first row's."""
    estimate = _seen(table)["estimate"].to_numpy()
    return np.asarray(estimate * np.sign(table["estimate"].iloc[0]) > 0)


def _differ(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which of those intervals exclude zero."""
    seen = _seen(table)
    return np.asarray((seen["conf_low"] > 0) | (seen["conf_high"] < 0))


def _words(table: pd.DataFrame, unit: AnyUnit, level: float) -> str:
    show = difference(unit)
    seen, own = _seen(table), table["estimate"].iloc[0]
    if np.isnan(own):
        return naming_limit(_HIDDEN)[language()]
    agree = _agree(table)
    parts = (
        [_ONE.format(own=show(own))]
        if len(seen) == 1
        else [
            _RANGE.format(
                n=number(len(seen)),
                low=show(seen["estimate"].min()),
                high=show(seen["estimate"].max()),
                median=show(seen["estimate"].median()),
                own=show(own),
            ),
            _AGREE.format(
                same=number(int(agree.sum())),
                significant=number(int((agree & _differ(table)).sum())),
                level=percent(level),
            ),
        ]
    )
    failed, warned = len(table) - len(seen), int((table["warning"] != "").sum())
    if failed:
        parts.append(_FAILED.format(n=number(failed)))
    if warned:
        parts.append(_WARNED.format(n=number(warned)))
    return " ".join(part.text() for part in [*parts, _NO_TEST])


_BAR = Label(nb="prøver andre spesifikasjoner", en="trying other specifications")


# More than ten parameters: single options stand beside the question they can go as.
@named_options
@takes_question()
def specification_curve(
    group: ControlGroup,
    *,
    question: Question | None = None,
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
    question
        In place of `outcome`, `year` and the options of `event_study` below.
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
        year, regression adjustment, imputation from all who never start (`estimator="imputation"`,
        `imputation_effects`, which uses no control group), and where a year is not seen for every
        start year the other compositions.
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
    OptionError
        A question beside an option that is part of it.
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
    question = Question(
        outcome=outcome, year=year, estimator=estimator, base=base, composition=composition, se=se,
        dead=dead, adjust=adjust, level=level,
    ).of(group)  # fmt: skip
    outcome, years = str(question.outcome), question.years
    varied, labels = specifications(group, question, ways, alone)
    chosen, *others = varied
    rows = {id(chosen): {**EMPTY, **answer(question, group)}}
    for one, row in progress_bar(_BAR, _answers(panel, question, others), total=len(others)):
        rows[id(one)] = row
    table = pd.DataFrame(
        [
            {"specification": k, "own": one.own, **one.texts, **rows[id(one)]}
            for k, one in enumerate(varied)
        ]
    )
    unit = group.risk.cube.unit_of(outcome)
    return SpecificationCurve(
        contributors=table.pop("contributors").to_numpy(),
        name="specification_curve",
        passed=None,
        table=table,
        sentence=words(table, unit, level),
        title=title(outcome, years),
        provenance=group.provenance.then(
            "specification_curve",
            {
                "match": group.provenance.options,
                "ways": {name: list(values) for name, values in labels.items()},
                **asdict(question),
            },
        ),
        outcome=outcome,
        years=years,
        unit=unit,
        price_year=group.risk.cube.price_year,
        level=level,
        labels=labels,
    )


def _answers(
    panel: Panel, question: Question, varied: Sequence[Specification]
) -> Iterator[tuple[Specification, Row]]:
    """Estimate by each specification; those with the same controls follow each other.

    Controls are chosen once for all that differ in estimation alone, which is most of the work.
    """
    shared: dict[str, list[Specification]] = {}
    for one in varied:
        shared.setdefault(repr(sorted(one.choosing.items(), key=str)), []).append(one)
    for same in shared.values():
        choose = _Once(panel, same[0])
        for one in same:
            if one.options["estimator"] == IMPUTATION:
                yield one, attempt(question, partial(_imputed, panel, question, one))
            else:
                yield one, attempt(replace(question, **one.estimating), choose)


def _imputed(panel: Panel, question: Question, one: Specification) -> EffectSeries:
    """Return the effects of a specification without controls of its own, by imputation."""
    return imputation_effects(
        panel,
        outcomes=str(question.outcome),
        window=(question.years[0], question.years[-1]),
        eligible=one.options["eligible"],
        dead=one.options["dead"],
        level=question.level,
    )


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


#: Characters that the name of a row has room for.
LONGEST = 56
_OWN = OKABE_ITO["vermillion"]
_EFFECT = Label(nb="effekt", en="effect")
_NOTE = Label(
    nb="Hver loddrette strek er en spesifikasjon med {level} konfidensintervall, grå der det "
    "inneholder null. Oransje: den valgte. Stiplet: medianen. Prikkene viser valgene bak.",
    en="Each upright bar is a specification with its {level} confidence interval, grey where that "
    "includes zero. Orange: the chosen one. Dashed: the median. Dots show the choices behind.",
)


def plot_curve(curve: SpecificationCurve, *, ax: Axes | None = None) -> Axes:
    """Draw the estimates by size with their intervals, and beneath them a matrix of choices.

    Parameters
    ----------
    curve
        The curve.
    ax
        Axes whose place the two panels share; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        The upper panel.
    """
    lang = language()
    shown = curve.shown()
    rows = shown.table.dropna(subset=["estimate"]).sort_values("estimate", kind="stable")
    place = np.arange(len(rows))
    own = rows["own"].to_numpy(dtype=bool)
    differs = ((rows["conf_low"] > 0) | (rows["conf_high"] < 0)).to_numpy()
    colours = np.where(own, _OWN, np.where(differs, PARTICIPANT, CONTROL))
    names = _names(curve)
    size = float(np.clip(700.0 / max(len(rows), 1), 4.0, 30.0))
    with figure_style():
        ax = axes(ax, size=(7.6, 4.2 + 0.19 * len(names)))
        beneath = _panel_beneath(ax, share=(3.0, 0.5 + 0.19 * len(names)))
        ax.axhline(0, color="#222222", linewidth=0.9)
        if len(rows):
            ax.axhline(shown.median, color=CONTROL, linewidth=1.0, linestyle=(0, (4, 3)))
        ax.vlines(
            place, rows["conf_low"], rows["conf_high"], color=colours, linewidth=max(size / 15, 0.8)
        )
        ax.scatter(place, rows["estimate"], s=size, c=colours, zorder=3)
        ax.scatter(place[own], rows["estimate"][own], s=36, color=_OWN, zorder=4)
        ax.set_xlim(-1, max(len(rows), 1))
        ax.tick_params(axis="x", length=0, labelbottom=False)
        heading = ax.set_title(textwrap.fill(curve.title[lang], TITLE_WIDTH), loc="left")
        what = _EFFECT.text()
        unit_axis(ax, unit=curve.unit, price_year=curve.price_year, what=what)
        _matrix(beneath, shown, rows.index.to_numpy(), colours, names, size)
        note = _NOTE.format(level=percent(curve.level)).text()
        said = shown.sentence[lang]
        source_line(beneath, " ".join(filter(None, [note, said, evidence_of(curve)])))
        align_heading(beneath, heading, of=ax)
        set_alt_text(ax, f"{curve.title[lang]}. {said}")
    return ax


def _names(curve: SpecificationCurve) -> list[tuple[str, str, str]]:
    """Return option, value and displayed name of each row of the matrix, the first on top."""
    rows = []
    for option, values in curve.labels.items():
        head = option_label(option).text()
        for k, (text, label) in enumerate(values.items()):
            name = label.text()
            if k == 0:
                name = f"{head[:1].upper()}{head[1:]}: {name}"
            rows.append((option, text, textwrap.shorten(name, LONGEST, placeholder=" …")))
    return rows


def _matrix(
    ax: Axes,
    curve: SpecificationCurve,
    order: np.ndarray,
    colours: np.ndarray,
    names: list[tuple[str, str, str]],
    size: float,
) -> None:
    """Draw a dot where a specification has a value, options apart from each other."""
    height = np.arange(len(names))[::-1]
    ax.grid(axis="y", visible=False)
    for (option, text, _), y in zip(names, height, strict=True):
        has = (curve.table[option].to_numpy()[order] == text) if len(order) else np.zeros(0, bool)
        x = np.flatnonzero(has)
        ax.scatter(x, np.full(len(x), y), s=0.7 * size, c=colours[has], marker="s", linewidths=0)
    options = [option for option, _, _ in names]
    for y, above, below in zip(height, options, options[1:], strict=False):
        if above != below:
            ax.axhline(y - 0.5, color=GRID, linewidth=0.8)
    ax.set_yticks(height, [name for _, _, name in names], fontsize=8)
    ax.set_ylim(-0.7, len(names) - 0.3)
    ax.tick_params(axis="x", length=0, labelbottom=False)
    ax.spines["bottom"].set_visible(False)


def _panel_beneath(ax: Axes, *, share: tuple[float, float]) -> Axes:
    """Part the place of the axes in two, one above the other, and return the lower."""
    from mih_impact.display.figure import axes as dressed

    figure, cell = root_figure(ax), ax.get_subplotspec()
    if cell is not None:
        parts = cell.subgridspec(2, 1, height_ratios=share, hspace=0.02)
        ax.set_subplotspec(parts[0])
        return dressed(figure.add_subplot(parts[1], sharex=ax))
    box = ax.get_position()
    low = box.height * share[1] / sum(share)
    ax.set_position((box.x0, box.y0 + low, box.width, box.height - low))
    return dressed(figure.add_axes((box.x0, box.y0, box.width, low), sharex=ax))
