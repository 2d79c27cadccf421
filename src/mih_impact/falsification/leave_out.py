"""`leave_one_out`: does the effect hang on one county, or on one start year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.covariates import read_rows, read_term
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.recipe import Recipe, no_weights
from mih_impact.controls.terms import Term, term_label
from mih_impact.display.locale import Label, Lang, both, in_language, language, progress_bar
from mih_impact.display.numbers import count, interval, percent
from mih_impact.display.result import (
    Card,
    evidence_of,
    is_small,
    naming_limit,
    with_complement,
)
from mih_impact.display.unit import AnyUnit, difference
from mih_impact.effects.check_result import CountedCheck
from mih_impact.effects.forest import Rows, forest
from mih_impact.effects.question import (
    Composition,
    Estimator,
    Question,
    StandardError,
    takes_question,
)
from mih_impact.errors import EffectsError
from mih_impact.falsification.re_estimation import (
    EMPTY,
    Altered,
    answer,
    attempt,
    effect_on,
    recipe_of,
)
from mih_impact.panel.cube import NEVER, Cube, Dead
from mih_impact.panel.derived import derived_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "LeaveOneOut",
    "leave_one_out",
    "title",
    "verdict",
    "words",
]

BoolArray = NDArray[np.bool_]

_TITLE = Label(
    nb="Én utelatt om gangen ({by}): {effect}", en="One left out at a time ({by}): {effect}"
)
_START_YEAR = Label(nb="oppstartsår", en="start year")
_RANGE = Label(
    nb="Med alle er effekten {full}. Med én utelatt er den fra {low} (uten {lowest}) til {high} "
    "(uten {highest}).",
    en="With everybody the effect is {full}. With one left out it is from {low} (without {lowest}) "
    "to {high} (without {highest}).",
)
_ONE = Label(
    nb="Med alle er effekten {full}. Uten {lowest} er den {low}.",
    en="With everybody the effect is {full}. Without {lowest} it is {low}.",
)
_NONE = Label(
    nb="Ingen effekt kan beregnes når én er utelatt.",
    en="No effect can be estimated with one left out.",
)
_NO_WHOLE = Label(
    nb="Det er ingenting å sammenligne med: effekten for alle kan ikke beregnes, eller den er "
    "skjult fordi den gjelder få personer.",
    en="There is nothing to compare with: everybody's effect cannot be estimated, or is hidden "
    "because few persons are concerned.",
)
_SAME = Label(
    nb="De som vises, har samme fortegn og ligger innenfor konfidensintervallet for alle.",
    en="Those shown have the same sign and lie within everybody's confidence interval.",
)
_NO_INTERVAL = Label(
    nb="De som vises, har samme fortegn; effekten for alle har ikke noe konfidensintervall.",
    en="Those shown have the same sign; everybody's effect has no confidence interval.",
)
_TURNED = Label(nb="Fortegnet snur uten {names}.", en="The sign turns without {names}.")
_OUTSIDE = Label(
    nb="Uten {names} ligger effekten utenfor konfidensintervallet for alle.",
    en="Without {names} the effect lies outside everybody's confidence interval.",
)
_MISSING = Label(
    nb="Uten {names} kan den ikke beregnes, eller den er skjult fordi det gjelder få personer.",
    en="Without {names} it cannot be estimated, or is hidden because few persons are concerned.",
)
_VERDICT = Label(nb="Resultat", en="Result")
_VERDICTS = {
    True: Label(nb="henger ikke på én alene", en="does not hang on any one"),
    False: Label(nb="henger på hvem som er med", en="hangs on who is in"),
    None: Label(nb="kan ikke sies", en="cannot be told"),
}
_EVERYBODY = Label(nb="alle", en="everybody")
_WITHOUT = Label(nb="uten {name}", en="without {name}")
_COLUMNS = {
    "who": Label(nb="Hvem", en="Who"),
    "n": Label(nb="Deltakere", en="Participants"),
    "estimate": Label(nb="Effekt", en="Effect"),
    "interval": Label(nb="{level} konfidensintervall", en="{level} confidence interval"),
    "difference": Label(nb="Forskjell fra alle", en="Difference from everybody"),
}
_WHAT = Label(nb="effekt", en="effect")
_NOTE = Label(
    nb="Strek: {level} konfidensintervall. Felt: intervallet for alle.",
    en="Bars: {level} confidence interval. Shade: everybody's interval.",
)


@dataclass(frozen=True, eq=False, repr=False)
class LeaveOneOut(CountedCheck):
    """An effect without each level of a column in turn.

    Made by `leave_one_out`, which says what the table has.

    Attributes
    ----------
    by
        The column.
    outcome, years
        The effect: an outcome, and the year since start or those it is the mean of.
    unit
        Unit of the effect: a currency, "share" or another.
    price_year
        The year whose prices money is in.
    level
        Coverage of the intervals.
    """

    built_on_persons: ClassVar[tuple[str, ...]] = (*CountedCheck.built_on_persons, "difference")

    by: str
    outcome: str
    years: tuple[int, ...]
    unit: AnyUnit
    price_year: int
    level: float

    @property
    def hidden(self) -> NDArray[np.bool_]:
        """Which rows are hidden, shape (rows,).

        Those of few persons, with the level or without, and further levels: everybody's effect is
        the mean over levels, so that one hidden level is what the others leave.
        """
        small = super().hidden
        n = self.table["n_participants"].to_numpy(dtype=np.float64)
        small |= is_small(n[0] - n)
        if self.contributors is not None:  # what the level left out adds
            small |= self.thin[0] | is_small(self.contributors[0] - self.contributors)
        if not small[0]:
            small[1:] = with_complement(small[1:], self.table["n_left_out"].iloc[1:])
        return small

    def verdict(self, table: pd.DataFrame) -> bool | None:
        """Return the verdict on a table."""
        return verdict(table)

    def words(self, table: pd.DataFrame) -> dict[str, str]:
        """Return the verdict in words, as a table tells it."""
        return words(table, self.unit)

    def card_table(self) -> pd.DataFrame:
        """Return everybody and each level left out, as displayed."""
        show = difference(self.unit)
        rows = self.table.to_dict("records")
        cells = {
            "who": self._names(),
            "n": [count(row["n_participants"]) for row in rows],
            "estimate": [show(row["estimate"]) for row in rows],
            "interval": [interval(row["conf_low"], row["conf_high"], show) for row in rows],
            "difference": [show(row["difference"] if row["left_out"] else None) for row in rows],
        }
        cover = percent(self.level)
        return pd.DataFrame({_COLUMNS[k].format(level=cover).text(): v for k, v in cells.items()})

    def plot(self, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw everybody's effect and that without each level, with intervals."""
        with in_language(lang):
            shown, title = self.shown(), self.title[language()]
            table = shown.table
            note = _NOTE.format(level=percent(self.level)).text()
            said = shown.sentence[language()]
            full = table.iloc[0]
            drawn = Rows(
                names=self._names(),
                estimate=table["estimate"].to_numpy(),
                low=table["conf_low"].to_numpy(),
                high=table["conf_high"].to_numpy(),
                unit=self.unit,
                price_year=self.price_year,
                what=_WHAT.text(),
                title=title,
                source=" ".join(filter(None, [note, said, evidence_of(self)])),
                alt=f"{title}. {said}",
                band=(full["conf_low"], full["conf_high"]),
                first=1,
            )
            return forest(drawn, ax=ax)

    def _names(self) -> list[str]:
        return [
            _WITHOUT.format(name=name).text() if name else _EVERYBODY.text()
            for name in self.table["left_out"]
        ]

    def _card(self) -> Card:
        said = _VERDICTS[self.shown().passed].text()
        return replace(super()._card(), lines=((_VERDICT.text(), said),))


def title(by: Term, outcome: str, years: Sequence[int]) -> dict[str, str]:
    """Return what was left out, and of which effect."""
    column = _START_YEAR if by == "start_year" else both(lambda: term_label(by))
    label = _TITLE.format(by=column, effect=effect_on(outcome, years))
    return label.texts()


def verdict(table: pd.DataFrame) -> bool | None:
    """Return whether all estimates have the sign of the first, and lie within its interval.

    None where the first or its interval is missing, or all others are.
    """
    full, rest = table.iloc[0], table.iloc[1:].dropna(subset=["estimate"])
    if not len(rest) or np.isnan(full["conf_low"]):
        return None
    same = np.sign(rest["estimate"]) == np.sign(full["estimate"])
    return bool((same & rest["estimate"].between(full["conf_low"], full["conf_high"])).all())


def words(table: pd.DataFrame, unit: AnyUnit) -> dict[str, str]:
    """Return in words how far the effect moves, in both languages."""
    return both(lambda: _words(table, unit)).texts()


def _words(table: pd.DataFrame, unit: AnyUnit) -> str:
    lang = language()
    show = difference(unit)
    full, rest = table.iloc[0], table.iloc[1:]
    seen = rest.dropna(subset=["estimate"])
    missing = rest.loc[rest["estimate"].isna(), "left_out"].tolist()
    unsaid = [naming_limit(_MISSING.format(names=", ".join(missing)))[lang]] if missing else []
    if np.isnan(full["estimate"]):
        return naming_limit(_NO_WHOLE)[lang]
    if not len(seen):
        return " ".join([_NONE.text(), *unsaid])
    estimate = seen["estimate"].to_numpy()
    least, most = seen.iloc[int(estimate.argmin())], seen.iloc[int(estimate.argmax())]
    first = (
        (_RANGE if len(seen) > 1 else _ONE)
        .format(
            full=show(full["estimate"]),
            low=show(least["estimate"]),
            lowest=least["left_out"],
            high=show(most["estimate"]),
            highest=most["left_out"],
        )
        .text()
    )
    turned = seen[np.sign(seen["estimate"]) != np.sign(full["estimate"])]
    bounded = bool(np.isfinite(full["conf_low"]))
    outside = seen[~seen["estimate"].between(full["conf_low"], full["conf_high"]) & bounded]
    found = [
        label.format(names=", ".join(rows["left_out"])).text()
        for label, rows in ((_TURNED, turned), (_OUTSIDE, outside))
        if len(rows)
    ]
    return " ".join([first, *(found or [(_SAME if bounded else _NO_INTERVAL).text()]), *unsaid])


#: More levels than this are no levels.
MOST = 60
_BAR = Label(nb="utelater én om gangen", en="leaving one out at a time")


# More than ten parameters: single options stand beside the question they can go as.
@named_options
@takes_question()
def leave_one_out(
    group: ControlGroup,
    *,
    question: Question | None = None,
    by: Term = "county",
    outcome: str | None = None,
    year: int | Sequence[int] = 3,
    estimator: Estimator = "did",
    base: int | Sequence[int] = -1,
    composition: Composition = "available",
    se: StandardError = "auto",
    dead: Dead = "zero",
    adjust: bool = False,
    level: float = 0.95,
) -> LeaveOneOut:
    """Estimate an effect again without each county, or each level of another column, in turn.

    Parameters
    ----------
    group
        Participants and their controls.
    question
        In place of `outcome`, `year` and the options of `event_study` below.
    by
        A column as it stood in the year before start, or "start_year".
    outcome, year
        The effect: an outcome (by default wage income, or the first where there is none) in a year
        since start, or its mean over several.
    estimator, base, composition, se, dead, adjust, level
        As in `event_study`; "balanced" is for start years seen in all the years asked for.

    Returns
    -------
    LeaveOneOut
        A row for everybody (`left_out` is "") and one per level: `left_out, estimate, std_error,
        conf_low, conf_high, n_participants, n_controls, reason, warning, difference,
        n_left_out`. difference is from everybody, n_left_out the participants of the level among
        all who start. A level without an estimate has missing values and says why in `reason`.
        `passed` is whether every estimate has the sign of everybody's, and lies within its
        interval; None where no level has an estimate that is shown.

    Raises
    ------
    OptionError
        An unknown outcome or option, a question beside an option that is part of it, or with one
        that is not the call's.
    EffectsError
        The group does not know how it was made, one level only, or more than 60.
    SupportError
        The group is of persons with design weights.

    Notes
    -----
    Controls are chosen again with the group's own options from a register without the level:
    participants who have it in the year before they start are taken out of it, and nobody is a
    candidate in a start year in which he had it the year before; a person who moves can be a
    candidate from elsewhere. Score, caliper and weights are thus estimated without the level.
    Participants whose level is not known are in every row.

    It is no test: rows share almost all persons, and their intervals are not independent.

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> with mih.options(progress=False):
    ...     found = mih.leave_one_out(group, by="county", year=2)
    >>> found.table["left_out"].tolist()[0], len(found.table), found.passed
    ('', 5, True)
    """
    recipe = recipe_of(group)
    if group.risk.weight is not None:
        raise no_weights("leave_one_out")
    question = Question(
        outcome=outcome, year=year, estimator=estimator, base=base, composition=composition, se=se,
        dead=dead, adjust=adjust, level=level,
    ).of(group)  # fmt: skip
    outcome, years = str(question.outcome), question.years
    everybody = {**EMPTY, **answer(question, group)}
    without = _Without.of(group, recipe, by)
    rows = [
        {"left_out": name, **attempt(question, partial(_again, recipe, without, name))}
        for name in progress_bar(_BAR, without.names)
    ]
    table = pd.DataFrame([{"left_out": "", **everybody}, *rows])
    table["difference"] = table["estimate"] - everybody["estimate"]
    table["n_left_out"] = [0.0, *map(without.participants, without.names)]
    unit = group.risk.cube.unit_of(outcome)
    found = LeaveOneOut(
        contributors=table.pop("contributors").to_numpy(),
        name="leave_one_out",
        passed=verdict(table),
        table=table,
        sentence=words(table, unit),
        title=title(by, outcome, years),
        provenance=group.provenance.then(
            "leave_one_out", {"by": str(by), "match": group.provenance.options, **asdict(question)}
        ),
        by=str(by),
        outcome=outcome,
        years=years,
        unit=unit,
        price_year=group.risk.cube.price_year,
        level=level,
    )
    return replace(found, passed=found.shown().passed)


def _again(recipe: Recipe[ControlGroup], without: _Without, name: str) -> ControlGroup:
    """Choose controls again without a level."""
    return recipe.again({}, panel=Altered(recipe.panel, partial(without.change, name)))


@dataclass(frozen=True, eq=False)
class _Without:
    """Who has which level, in the year before each start year.

    Attributes
    ----------
    names
        The levels among participants and their controls, ascending.
    level
        Which of the names each person has in each period, shape (n_persons, n_periods); -1 for
        none, or in a period that none in which somebody is compared from follows.
    own
        The level of each participant in the year before its own start, shape (n_persons,); -1
        for none and for others.
    by_start_year
        Whether a level is a start year, which candidates do not have.
    """

    names: list[str]
    level: NDArray[np.int64]
    own: NDArray[np.int64]
    by_start_year: bool

    @classmethod
    def of(cls, group: ControlGroup, recipe: Recipe[ControlGroup], by: Term) -> _Without:
        """Read the levels, of the column as of the year before each start year."""
        risk = group.risk
        cube = risk.cube
        starts = cube.start_year != NEVER
        first = int(cube.periods[0])
        level = np.full((cube.n_persons, len(cube.periods)), -1, dtype=np.int64)
        if arguments.is_one_of(by, ["start_year"]):
            years = np.unique(cube.start_year[starts])
            own = np.where(starts, np.searchsorted(years, cube.start_year), -1)
            return cls(_few(list(map(str, years.tolist())), by), level, own, True)
        column = str(getattr(by, "column", by))
        if column not in cube.names and derived_of(column) is None:
            cube = recipe.fetch([column])
        rows = np.concatenate([np.flatnonzero(risk.treated), np.unique(group.sets.control)])
        used, _ = read_rows(cube, by, risk.person[rows], risk.start[rows])
        names = sorted(pd.Series(used).dropna().unique().tolist())
        index = pd.Index(names)
        own = np.full(cube.n_persons, -1, dtype=np.int64)
        for s in np.unique(risk.start).tolist():
            code = index.get_indexer(pd.Index(read_term(cube, by, s)[0]))
            level[:, s - 1 - first] = code
            own = np.where(risk.cube.start == s, code, own)
        return cls(_few(list(map(str, names)), by), level, own, False)

    def change(self, name: str, cube: Cube) -> Cube:
        """Return the cube with nobody of the level: they neither start nor can be candidates."""
        k = self.names.index(name)
        gone = self.own == k
        return replace(
            cube,
            start=np.where(gone, NEVER, cube.start),
            eligible=cube.eligible & ~gone[:, None] & (self.level != k),
        )

    def participants(self, name: str) -> float:
        """Return how many participants have the level."""
        return float((self.own == self.names.index(name)).sum())


def _few(names: list[str], by: Term) -> list[str]:
    """Return the levels, or raise where there is one, or where it is no column of levels."""
    if 2 <= len(names) <= MOST:
        return names
    raise EffectsError(
        f"{by} does not split the participants into levels that can be left out",
        found=f"{len(names)} values; between 2 and {MOST} are needed",
        do='name a column with few values, such as "county" or "start_year"',
    )
