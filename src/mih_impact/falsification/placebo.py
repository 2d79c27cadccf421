"""Placebos: a programme that had not begun yet, and outcomes that it cannot have changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.recipe import require_years
from mih_impact.display.locale import Label, Lang, both, in_language, language
from mih_impact.display.numbers import interval, number, p_value, percent
from mih_impact.display.result import evidence_of, naming_limit
from mih_impact.display.unit import difference
from mih_impact.effects.check_result import CountedCheck, Wald, holm, p_text, wald
from mih_impact.effects.event_study import event_study
from mih_impact.effects.forest import BARS, Rows, forest
from mih_impact.effects.question import (
    Composition,
    Estimator,
    Question,
    StandardError,
    is_matched_on,
    outcome_asked,
    read_years,
    takes_question,
)
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import EffectsError, OptionError
from mih_impact.falsification.re_estimation import StartedEarlier, recipe_of
from mih_impact.panel.contract import label_of
from mih_impact.panel.cube import NEVER, Dead

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PlaceboTest", "placebo_outcomes", "placebo_start", "placebo_title", "placebo_words"]

FloatArray = NDArray[np.float64]

START = "placebo_start"

_START_TITLE = Label(
    nb="Placebotest, oppstart {years} år for tidlig: {outcome}",
    en="Placebo test, start {years} years too early: {outcome}",
)
_START_TITLE_ONE = Label(
    nb="Placebotest, oppstart ett år for tidlig: {outcome}",
    en="Placebo test, start one year too early: {outcome}",
)
_OUTCOMES_TITLE = Label(
    nb="Placebotest av utfall som tiltaket ikke kan ha endret",
    en="Placebo test of outcomes that the programme cannot have changed",
)
_YEAR = Label(nb="år {year}: {estimate}", en="year {year}: {estimate}")
_JOINT = Label(nb="Samlet {p}.", en="Joint {p}.")
_NO_JOINT = Label(
    nb="Samlet test finnes ikke: for få personer, eller et utfall som ikke varierer eller følger "
    "av de andre.",
    en="There is no joint test: too few persons, or an outcome that does not vary or follows from "
    "the others.",
)
_BEFORE = Label(
    nb="Placeboeffekt før den egentlige oppstarten: {years}.",
    en="Placebo effect before the true start: {years}.",
)
_BALANCED = Label(
    nb="Kontrollgruppen selv er matchet på år {years}: det som skiller der, er den valgt for å "
    "utligne.",
    en="The control group itself is matched on year {years}: what differs there it is chosen to "
    "even out.",
)
_SMALLEST = Label(
    nb="Minste p for ett utfall, justert for at {n} er testet (Holm): {outcome}, {p}.",
    en="Least p of an outcome, adjusted for {n} being tested (Holm): {outcome}, {p}.",
)
_POWER = Label(
    nb="Testen finner bare forskjeller som er store nok til å ses med disse standardfeilene.",
    en="The test only finds differences large enough to be seen with these standard errors.",
)
_HIDDEN = Label(
    nb="Noen rader er skjult: for få personer.", en="Some rows are hidden: too few persons."
)
_COLUMNS = {
    "year": Label(nb="År før oppstart", en="Year before start"),
    "outcome": Label(nb="Utfall", en="Outcome"),
    "since": Label(nb="År", en="Year"),
    "estimate": Label(nb="Placeboeffekt", en="Placebo effect"),
    "interval": Label(nb="{level} konfidensintervall", en="{level} confidence interval"),
    "p": Label(nb="p", en="p"),
    "holm": Label(nb="p (Holm)", en="p (Holm)"),
}
_IN_ERRORS = Label(
    nb="placeboeffekt, antall standardfeil", en="placebo effect, number of standard errors"
)
_EFFECT = Label(nb="placeboeffekt", en="placebo effect")
_BEFORE_START = Label(nb="{n} år før oppstart", en="{n} years before start")
_ONE_BEFORE_START = Label(nb="1 år før oppstart", en="1 year before start")
_IN_YEAR = Label(nb="{outcome}, år {year}", en="{outcome}, year {year}")


@dataclass(frozen=True, eq=False, repr=False)
class PlaceboTest(CountedCheck):
    """What was found where the programme can have done nothing.

    Made by `placebo_start` and `placebo_outcomes`, which say what the table has.

    Attributes
    ----------
    price_year
        The year whose prices money is in.
    alpha
        Probability of a false alarm of the joint test; intervals cover the rest.
    """

    built_on_persons: ClassVar[tuple[str, ...]] = (
        *CountedCheck.built_on_persons,
        "p_outcome",
        "p_holm",
    )

    price_year: int
    alpha: float

    def shown(self) -> PlaceboTest:
        """Return the test as it is displayed and saved: rows of few persons blanked.

        The joint test rests on every row, and there is none, nor a verdict, where one is hidden.
        """
        if not self.hidden.any():
            return self
        joint = dict.fromkeys(("statistic", "df", "p_joint"), np.nan)
        return super(PlaceboTest, replace(self, table=self.table.assign(**joint))).shown()

    def verdict(self, table: pd.DataFrame) -> bool | None:
        """Return None: a test of which a part is hidden says nothing."""
        del table
        return None

    def words(self, table: pd.DataFrame) -> dict[str, str]:
        """Return the verdict in words, as a table tells it."""
        return placebo_words(self.name, table, self.alpha)

    def card_table(self) -> pd.DataFrame:
        """Return the tested years or outcomes as displayed."""
        rows = self.table.to_dict("records")
        cover = percent(1.0 - self.alpha)
        shown = {
            "estimate": [difference(row["unit"])(row["estimate"]) for row in rows],
            "interval": [
                interval(row["conf_low"], row["conf_high"], difference(row["unit"])) for row in rows
            ],
            "p": [p_value(row["p_value"]) for row in rows],
        }
        since = [number(row["year_since_start"]) for row in rows]
        first = {"year": since}
        if self.name != START:
            first = {"outcome": [label_of(row["outcome"]).text() for row in rows], "since": since}
            shown["holm"] = [p_value(row["p_holm"]) for row in rows]
        cells = first | shown
        return pd.DataFrame({_COLUMNS[k].format(level=cover).text(): v for k, v in cells.items()})

    def plot(self, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw each placebo effect with its interval; in standard errors where units differ."""
        with in_language(lang):
            table = self.shown().table
            units = table["unit"].unique()
            scale = np.ones(len(table)) if len(units) == 1 else table["std_error"].to_numpy()
            note = BARS.format(level=percent(1.0 - self.alpha)).text()
            title, words = self.title[language()], self.shown().sentence[language()]
            drawn = Rows(
                names=self._names(),
                estimate=table["estimate"].to_numpy() / scale,
                low=table["conf_low"].to_numpy() / scale,
                high=table["conf_high"].to_numpy() / scale,
                unit=str(units[0]) if len(units) == 1 else "",
                price_year=self.price_year,
                what=(_EFFECT if len(units) == 1 else _IN_ERRORS).text(),
                title=title,
                source=" ".join(filter(None, [note, words, evidence_of(self)])),
                alt=f"{title}. {words}",
            )
            return forest(drawn, ax=ax)

    def _names(self) -> list[str]:
        """Return what each row is of."""
        rows = self.table.to_dict("records")
        if self.name == START:
            return [
                (_ONE_BEFORE_START if row["year_since_start"] == -1 else _BEFORE_START)
                .format(n=number(-row["year_since_start"]))
                .text()
                for row in rows
            ]
        if self.table["year_since_start"].nunique() == 1:
            return [label_of(row["outcome"]).text() for row in rows]
        return [
            _IN_YEAR.format(
                outcome=label_of(row["outcome"]), year=number(row["year_since_start"])
            ).text()
            for row in rows
        ]


def placebo_title(name: str, table: pd.DataFrame) -> dict[str, str]:
    """Return what was tested."""
    if name != START:
        return _OUTCOMES_TITLE.texts()
    early = int((table["year_since_placebo"] - table["year_since_start"]).iloc[0])
    title = (_START_TITLE_ONE if early == 1 else _START_TITLE).format(
        years=str(early), outcome=label_of(table["outcome"].iloc[0])
    )
    return title.texts()


def placebo_words(name: str, table: pd.DataFrame, alpha: float) -> dict[str, str]:
    """Return the verdict in words, in both languages."""
    told = _start_words if name == START else _outcome_words
    return both(lambda: told(table, alpha)).texts()


def _start_words(table: pd.DataFrame, alpha: float) -> str:
    years = ", ".join(
        _YEAR.format(
            year=number(row["year_since_start"]), estimate=difference(row["unit"])(row["estimate"])
        ).text()
        for row in table.to_dict("records")
    )
    parts = [_BEFORE.format(years=years).text(), _joint_words(table)]
    balanced = table.loc[table["balanced_in_group"], "year_since_start"]
    if table["p_joint"].iloc[0] < alpha and len(balanced):
        which = ", ".join(number(year) for year in balanced)
        parts.append(_BALANCED.format(years=which).text())
    return " ".join([*parts, *_closing(table)])


def _outcome_words(table: pd.DataFrame, alpha: float) -> str:
    del alpha
    parts = [_joint_words(table)]
    seen = table[table["estimate"].notna() & table["p_holm"].notna()]
    if len(seen):
        least = seen.iloc[int(seen["p_holm"].to_numpy().argmin())]
        parts.append(
            _SMALLEST.format(
                n=number(seen["outcome"].nunique()),
                p=p_text(least["p_holm"]),
                outcome=label_of(least["outcome"]),
            ).text()
        )
    return " ".join([*parts, *_closing(table)])


def _joint_words(table: pd.DataFrame) -> str:
    p = table["p_joint"].iloc[0]
    return (_JOINT.format(p=p_text(p)) if p == p else _NO_JOINT).text()


def _closing(table: pd.DataFrame) -> list[str]:
    """Return what is true of every placebo: it sees what is large; and that rows are hidden."""
    hidden = [naming_limit(_HIDDEN)[language()]] if table["estimate"].isna().any() else []
    return [_POWER.text(), *hidden]


_ESTIMATES = ("estimate", "std_error", "conf_low", "conf_high")


# More than ten parameters: single options stand beside the question they can go as.
@named_options
@takes_question("year", "level")
def placebo_start(
    group: ControlGroup,
    *,
    question: Question | None = None,
    years: int = 2,
    gap: int = 0,
    outcome: str | None = None,
    estimator: Estimator = "did",
    base: int | Sequence[int] = -1,
    composition: Composition = "available",
    se: StandardError = "auto",
    dead: Dead = "zero",
    adjust: bool = False,
    alpha: float = 0.05,
) -> PlaceboTest:
    """Test for effects of a programme that is said to have started years before it did.

    Parameters
    ----------
    group
        Participants and their controls.
    question
        In place of `outcome` and the options of `event_study` below; its year and level are those
        of the test.
    years
        How many years earlier everybody is said to have started.
    gap
        Years right before the true start that are left out of the test.
    outcome
        The outcome to test; by default wage income, or the first where there is none.
    estimator, base, composition, se, dead, adjust
        As in `event_study`; base years count from the placebo start.
    alpha
        Probability of a false alarm.

    Returns
    -------
    PlaceboTest
        A row per tested year: `outcome, year_since_start, year_since_placebo, estimate, std_error,
        conf_low, conf_high, p_value, n_participants, n_controls, unit, statistic, df, p_joint,
        balanced_in_group`. `year_since_start` counts from the true start and is below zero;
        `balanced_in_group` says whether the group itself is matched on that year, so that what is
        found there is taken out of its effects. `passed` is whether p_joint is at least `alpha`;
        None where there is no joint test.

    Raises
    ------
    OptionError
        An unknown outcome or option, a question beside an option that is part of it, or with one
        that is not the call's.
    EffectsError
        No year is left to test, or a base year outside the register.
    SupportError
        Covariates counted from the placebo start fall before the register's first year, or nobody
        can be compared.

    Notes
    -----
    Everything is moved: candidates are those eligible the year before the placebo start, covariates
    and lags are read before it, and controls are chosen again with the group's own options. Tested
    are the placebo years 0 to `years` - `gap` - 1, all before the true start; nothing measured in
    or after it is read. The statistic is Wald's, b' V^-1 b, chi-squared with as many degrees of
    freedom as years, V the full covariance. Lags count from the placebo start, so that no tested
    year is among them.

    The test asks more than the effects need. Who enters a programme has often just lost income
    (Ashenfelter's dip): history up to the placebo start cannot foresee that, and the test fails,
    while a group that is matched on the years of the dip is not biased by it. Such years are
    `balanced_in_group`; `gap` leaves them out. On the synthetic register (400 participants, 10,000
    others, 20 seeds, tests at 5 %) `years=2` rejects always, confounded or not; `years=3, gap=2`
    rejects 0 of 20 without confounding, 11 under a trend of strength 1 and all under strength 2,
    where `EffectSeries.pretrend_test`, which goes with the group's own matching, rejects 1, 1 and
    5.

    References
    ----------
    Heckman and Smith (1999), The pre-programme earnings dip and the determinants of participation
    in a social programme, Economic Journal 109(457). Imbens and Wooldridge (2009), Recent
    developments in the econometrics of program evaluation, JEL 47(1), section 5.11.

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> mih.placebo_start(group, years=3, gap=1).table["year_since_start"].tolist()
    [-3, -2]
    """
    del question  # it has come as the single options
    _require_years(years, gap)
    arguments.alpha(alpha)
    recipe = recipe_of(group)
    require_years(recipe.panel, "placebo_start")
    outcome = arguments.name("outcome", outcome_asked(group, outcome))
    _require_register(group, years, gap)
    placebo = recipe.again({}, panel=StartedEarlier(recipe.panel, years))
    effects = event_study(
        placebo, outcomes=[outcome], estimator=estimator, base=base, window=(0, years - gap - 1),
        composition=composition, se=se, dead=dead, adjust=adjust, level=1.0 - alpha,
    )  # fmt: skip
    _require_tests(effects, effects.event_years)
    joint = _test(effects, [outcome], effects.event_years)
    table = _table(effects, effects.event_years, joint)
    before = table["year_since_start"] - years
    table.insert(2, "year_since_placebo", table["year_since_start"])
    table["year_since_start"] = before
    table["balanced_in_group"] = [is_matched_on(group, outcome, e) for e in before]
    options = {"years": years, "gap": gap}
    return _result("placebo_start", group, effects, table, options, alpha, effects.event_years)


# More than ten parameters: single options stand beside the question they can go as.
@named_options
@takes_question("outcome", "level")
def placebo_outcomes(
    group: ControlGroup,
    *,
    question: Question | None = None,
    outcomes: str | Sequence[str],
    year: int | Sequence[int] = 3,
    estimator: Estimator = "did",
    base: int | Sequence[int] = -1,
    composition: Composition = "available",
    se: StandardError = "auto",
    dead: Dead = "zero",
    adjust: bool = False,
    alpha: float = 0.05,
) -> PlaceboTest:
    """Test for effects on outcomes that the programme cannot have changed.

    Parameters
    ----------
    group
        Participants and their controls.
    question
        In place of `year` and the options of `event_study` below; its outcome and level are those
        of the test.
    outcomes
        Columns of the panel, or derived shares ("in_work", "on_benefit"); what did not come along
        is fetched from the register.
    year
        A year since start, or several that are tested together.
    estimator, base, composition, se, dead, adjust
        As in `event_study`.
    alpha
        Probability of a false alarm.

    Returns
    -------
    PlaceboTest
        A row per outcome and year: `outcome, year_since_start, estimate, std_error, conf_low,
        conf_high, p_value, p_outcome, p_holm, n_participants, n_controls, unit, statistic, df,
        p_joint`. p_value is of the row, p_outcome of the outcome's years together, p_holm the same
        adjusted for the number of outcomes, and p_joint of all together. `passed` is whether
        p_joint is at least `alpha`; None where there is no joint test.

    Raises
    ------
    OptionError
        An unknown outcome or option, a question beside an option that is part of it, or with one
        that is not the call's.
    EffectsError
        A year whose outcome is matched on or is the base, which is no test.

    Notes
    -----
    One covariance holds all outcomes, since they are the same persons': the joint test is Wald's
    with it, and is not the sum of the tests one by one. It is missing where an outcome never varies
    or is a sum of others; p_holm (Holm 1979) needs no covariance between them.

    Not that it finds no effect, but that it would have found one, makes a placebo worth having: an
    outcome should have causes in common with the one that matters.

    References
    ----------
    Rosenbaum (1989), The role of known effects in observational studies, Biometrics 45(2).
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6(2).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> found = mih.placebo_outcomes(group, outcomes=["uforetrygd", "sykepenger"], year=0)
    >>> found.table["outcome"].tolist()
    ['uforetrygd', 'sykepenger']
    """
    del question  # it has come as the single options
    recipe_of(group)
    arguments.alpha(alpha)
    names = tuple(dict.fromkeys(arguments.names("outcomes", outcomes)))
    tested = read_years(year)
    effects = event_study(
        _with_outcomes(group, names), outcomes=names, estimator=estimator, base=base,
        window=(tested[0], tested[-1]), composition=composition, se=se, dead=dead, adjust=adjust,
        level=1.0 - alpha,
    )  # fmt: skip
    _require_tests(effects, tested)
    table = _table(effects, tested, _test(effects, names, tested))
    by_outcome = np.array([_test(effects, [name], tested).p_value for name in names])
    place = [names.index(name) for name in table["outcome"]]
    table.insert(7, "p_outcome", by_outcome[place])
    table.insert(8, "p_holm", holm(by_outcome)[place])
    options = {"outcomes": list(names), "year": list(tested)}
    return _result("placebo_outcomes", group, effects, table, options, alpha, tested)


#: Years before start that no register reaches.
LONGEST = 100


def _require_years(years: int, gap: int) -> None:
    """Raise where no year before the true start is left to test."""
    whole = all(map(arguments.is_whole, (years, gap)))
    if not whole or not 1 <= years <= LONGEST or not 0 <= gap < years:
        raise OptionError(
            "No year before the true start is left to test",
            found=f"a placebo start {arguments.shown(years)} years early, of which the last "
            f"{arguments.shown(gap)} are left out",
            do="give years= of 1 or more, and a gap= that is shorter",
        )


def _require_register(group: ControlGroup, years: int, gap: int) -> None:
    """Raise where the placebo start of somebody has no register rows before it."""
    cube = group.risk.cube
    starts = np.unique(cube.start[cube.start != NEVER])
    before = starts - 1 - cube.PER_YEAR * years
    outside = ~cube.has(before)
    if not outside.any():
        return
    fewer = [n for n in range(gap + 1, years) if cube.has(starts - 1 - cube.PER_YEAR * n).all()]
    raise EffectsError(
        f"The placebo start, {years} years before the true one, falls outside the register",
        found=f"no rows of {cube.named(before[outside])}, the year before the placebo start of "
        f"those who start in {cube.named(starts[outside])}; the register has {cube.span}",
        do=(f"give years={fewer[-1]}, " if fewer else "")
        + f"bring the rows of {cube.named(before[outside])}, or leave those who start in "
        f"{cube.named(starts[outside])} out of the panel",
    )


def _require_tests(effects: EffectSeries, years: Sequence[int]) -> None:
    """Raise on years that are made alike, or are zero."""
    frame = effects.frame
    base = effects.base if len(effects.base) == 1 else ()
    fixed = frame["year_since_start"].isin(years)
    fixed &= frame["matched_on"] | frame["year_since_start"].isin(base)
    if fixed.any():
        found = frame.loc[fixed, ["outcome", "year_since_start"]].itertuples(index=False)
        raise EffectsError(
            "A year that is matched on, or is the base, tests nothing",
            found="; ".join(f"{name} in year {year}" for name, year in found),
            do="test other years or outcomes, or leave them out of on=",
        )


def _with_outcomes(group: ControlGroup, names: Sequence[str]) -> ControlGroup:
    """Return the group with outcomes fetched that did not come along; the same persons."""
    if all(name in group.risk.cube.names for name in names):
        return group
    cube = recipe_of(group).fetch(names)
    return replace(group, risk=replace(group.risk, cube=cube))


def _test(effects: EffectSeries, outcomes: Sequence[str], years: Sequence[int]) -> Wald:
    """Test some outcomes and years together."""
    theta, matrix = effects.select(outcomes, years)
    assert matrix is not None
    return wald(theta.ravel(), matrix)


def _table(effects: EffectSeries, years: Sequence[int], joint: Wald) -> pd.DataFrame:
    """Return a row per outcome and tested year, each with its own test and the joint one."""
    frame = effects.frame
    rows = frame[frame["year_since_start"].isin(years)].reset_index(drop=True)
    own = [
        _test(effects, [name], [int(year)]).p_value
        for name, year in zip(rows["outcome"], rows["year_since_start"], strict=True)
    ]
    return rows[["outcome", "year_since_start", *_ESTIMATES]].assign(
        p_value=own,
        n_participants=rows["n_participants"].astype(np.float64),
        n_controls=rows["n_controls"].astype(np.float64),
        unit=rows["unit"],
        statistic=joint.statistic,
        df=joint.df,
        p_joint=joint.p_value,
    )


def _result(
    name: str,
    group: ControlGroup,
    effects: EffectSeries,
    table: pd.DataFrame,
    options: dict[str, Any],
    alpha: float,
    years: Sequence[int],
) -> PlaceboTest:
    """Put the verdict together."""
    p = float(table["p_joint"].iloc[0])
    return PlaceboTest(
        name=name,
        passed=None if np.isnan(p) else p >= alpha,
        table=table,
        sentence=placebo_words(name, table, alpha),
        title=placebo_title(name, table),
        provenance=group.provenance.then(
            name,
            {**options, "alpha": alpha, "effects": effects.provenance.options},
            seed=effects.provenance.seed,
        ),
        price_year=effects.price_year,
        alpha=alpha,
        contributors=effects.contributors[effects.frame["year_since_start"].isin(years)],
    )
