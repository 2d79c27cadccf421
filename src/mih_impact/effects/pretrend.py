"""Pre-trend tests: did participants and controls move alike before start."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from mih_impact import arguments
from mih_impact.controls.subgroups import ALL, Split
from mih_impact.display.locale import Label, both, language
from mih_impact.display.numbers import number, p_equals
from mih_impact.display.result import Card, hidden_note, naming_limit
from mih_impact.effects.check_result import HIDDEN, CheckResult, Wald, holm, wald
from mih_impact.effects.estimates import family_of, require_estimated
from mih_impact.effects.hidden import hidden_cells
from mih_impact.panel.contract import label_of

if TYPE_CHECKING:
    from mih_impact.effects.estimates import EffectEstimates

__all__ = [
    "PretrendTest",
    "SubgroupPretrend",
    "pretrend_by_subgroup",
    "pretrend_test",
    "tested_leads",
    "uncertain_years",
]


def uncertain_years(effects: EffectEstimates, outcome: str) -> pd.DataFrame:
    """Return an outcome's rows that have a standard error, of the first subgroup."""
    frame = effects.frame
    return frame[
        (frame["outcome"] == outcome)
        & (frame["subgroup"] == effects.subgroups[0])
        & (frame["std_error"] > 0)
    ]


def tested_leads(effects: EffectEstimates, outcome: str) -> pd.DataFrame:
    """Return the rows of years before start that are not matched on, where something can differ.

    Before anybody can respond: an anticipated year holds an effect.
    """
    rows = uncertain_years(effects, outcome)
    rows = rows[rows["year_since_start"] < -effects.anticipation]
    return rows[~rows["matched_on"].astype(bool)]


_TITLE = Label(nb="Test av førtrend, {outcome}", en="Pre-trend test, {outcome}")
_TESTED = Label(
    nb="Umatchede år før oppstart ({years}): p {p}. Testen finner bare forskjeller som er store "
    "nok til å ses med disse standardfeilene.",
    en="Unmatched years before start ({years}): p {p}. The test only finds differences large "
    "enough to be seen with these standard errors.",
)
_ANTICIPATED = Label(
    nb=" År fra og med {first} er ikke testet: deltakerne kan ha reagert på forhånd.",
    en=" Years from {first} on are not tested: participants may have responded in advance.",
)
_UNTESTED = Label(
    nb="Hvert år før oppstart er matchet på, basisår, uten anslag eller uten usikkerhet: "
    "førtrenden kan ikke testes.",
    en="Every year before start is matched on, a base year, or without an estimate or "
    "uncertainty: the pre-trend cannot be tested.",
)
_REPEATED = Label(
    nb="Umatchede år før oppstart ({years}) følger av hverandre, eller det er for få personer: "
    "førtrenden kan ikke testes.",
    en="Unmatched years before start ({years}) follow from one another, or there are too few "
    "persons: the pre-trend cannot be tested.",
)


class Shown(Protocol):
    """Estimates of any kind, which can be shown without those of too few persons."""

    @property
    def frame(self) -> pd.DataFrame: ...

    def shown(self) -> Shown: ...


class _OfLeads(CheckResult):
    """A test of years before start, of which some may be hidden."""

    def _card(self) -> Card:
        shown = self.shown()
        card = CheckResult._card(shown)
        hidden = shown.table["estimate"].isna().any()
        return replace(card, notes=(*card.notes, *([hidden_note()] if hidden else [])))


@dataclass(frozen=True, eq=False, repr=False)
class PretrendTest(_OfLeads):
    """The joint test of all years before start; made by `pretrend_test` of any effects.

    Attributes
    ----------
    table
        A row per tested year, or start year and year, beside the joint statistic, its degrees of
        freedom and p-value.
    effects
        What was tested, on which it depends what is hidden; in memory only, never saved.
    """

    effects: Shown | None = field(default=None, metadata={"saved": False})

    def shown(self) -> PretrendTest:
        """Return the test as it is displayed and saved: without effects on too few persons.

        Where all are hidden, so is the joint test.
        """
        table = self.to_frame()
        if self.effects is None or table.empty:
            return self
        hidden = self.effects.shown().frame.loc[self.table.index, "estimate"].isna().to_numpy()
        table.loc[hidden, ["estimate", "std_error"]] = np.nan
        found = replace(self, table=table, effects=None)
        if not hidden.all():
            return found
        blank = table.assign(statistic=np.nan, p_value=np.nan)
        return replace(found, table=blank, passed=None, sentence=naming_limit(HIDDEN))

    def to_frame(self) -> pd.DataFrame:
        """Return what the verdict rests on."""
        return self.table.reset_index(drop=True)


def pretrend_test(effects: EffectEstimates, outcome: str, *, alpha: float = 0.05) -> CheckResult:
    """Test that participants and controls moved alike in the years before start nobody matched on.

    Parameters
    ----------
    effects
        Effects with a covariance and years before start.
    outcome
        The outcome to test.
    alpha
        Probability of a false alarm.

    Returns
    -------
    CheckResult
        `passed` is None where no unmatched year before start is left, or some combination of those
        has no variance. The table has a row per tested year and the joint statistic, its degrees of
        freedom and p-value. Of effects by subgroup each is tested too, against controls of its own:
        rows then say of which `subgroup` they are, and `p_holm` is over the subgroups; `passed` is
        whether neither all participants nor any subgroup differ.

    Raises
    ------
    OptionError
        An unknown outcome.
    EffectsError
        Effects without a covariance.

    Notes
    -----
    Wald statistic b' V^-1 b on the unmatched leads, chi-squared with their number of degrees of
    freedom. Matched leads are made small by the matching and would only water the test down; an
    anticipated year holds an effect. There is no test where some combination of the leads has no
    variance. A subgroup with no more participants than tested years is not tested. Who finished is
    known only after start, and is not tested either.
    """
    arguments.alpha(alpha)
    require_estimated("The pre-trend test needs", effects, outcome)
    table = _tested(effects, outcome)
    leads, p = table["year_since_start"].astype(int).tolist(), float(table["p_value"].min())
    tested = bool(np.isfinite(p))

    def sentence() -> str:
        years = ", ".join(number(year) for year in leads)
        said = _TESTED if tested else _REPEATED if leads else _UNTESTED
        said = said.format(years=years, p=p_equals(p))
        if not effects.anticipation:
            return said.text()
        first = number(-effects.anticipation)
        return said.text() + _ANTICIPATED.format(first=first).text()

    title = _TITLE.format(outcome=label_of(outcome))
    whole = PretrendTest(
        contributors=None,  # hidden where the effects are
        name="pretrend",
        passed=p >= alpha if tested else None,
        table=table,
        sentence=both(sentence).texts(),
        title=title.texts(),
        provenance=effects.provenance,
        effects=effects,
    )
    if len(effects.subgroups) == 1 or effects.split is None or effects.split.conditional:
        return whole
    tests = {name: _tested(effects.subgroup(name), outcome) for name in effects.subgroups[1:]}
    return pretrend_by_subgroup(effects, outcome, whole, tests, alpha=alpha)


def _tested(effects: EffectEstimates, outcome: str) -> pd.DataFrame:
    """Return the tested years of the first subgroup, beside their joint test."""
    rows = tested_leads(effects, outcome)
    leads = [int(year) for year in rows["year_since_start"]]
    table = rows[["year_since_start", "estimate", "std_error"]]
    found = Wald(float("nan"), 0, float("nan"))
    if leads:
        b, V = effects.select([outcome], leads)
        assert V is not None
        found = wald(b[0], V)
        if effects.subgroups[0] != ALL and rows["n_participants"].min() <= len(leads):
            found = Wald(float("nan"), found.df, float("nan"))
    return table.assign(statistic=found.statistic, df=found.df, p_value=found.p_value)


_EACH = Label(nb="{name}: p {p}", en="{name}: p {p}")
_ALIKE = Label(
    nb="I ingen av gruppene ({by}) er det påvist en forskjell før oppstart. Etter Holms justering: "
    "{each}.",
    en="In none of the groups ({by}) was a difference before start found. After Holm's adjustment: "
    "{each}.",
)
_APART = Label(
    nb="Før oppstart skiller deltakerne i {which} seg fra sine egne kontroller. Etter Holms "
    "justering: {each}.",
    en="Before start the participants of {which} differ from controls of their own. After Holm's "
    "adjustment: {each}.",
)
_NONE = Label(
    nb="Ingen av gruppene ({by}) har nok deltakere til en egen test.",
    en="None of the groups ({by}) has enough participants for a test of its own.",
)


@dataclass(frozen=True, eq=False, repr=False)
class SubgroupPretrend(_OfLeads):
    """The pre-trend test of all and of each subgroup; made by `pretrend_test`.

    Attributes
    ----------
    table
        A row per subgroup and tested year; `p_holm` is over the subgroups.
    split
        What the subgroups are.
    alpha
        Probability of a false alarm, of all participants and of any subgroup.
    of_all
        What the test of all participants says, in both languages.
    family
        Counts of all subgroups, on which it depends what is hidden; in memory only, never saved.
    """

    split: Split
    alpha: float
    of_all: dict[str, str]
    family: pd.DataFrame | None = field(default=None, metadata={"saved": False})

    def shown(self) -> SubgroupPretrend:
        """Return the test as it is displayed and saved: without tests of hidden subgroups."""
        if self.family is None:
            return self
        hidden = self.family.loc[
            hidden_cells(self.family).estimates, ["subgroup", "year_since_start"]
        ]
        cell = pd.MultiIndex.from_frame(self.table[["subgroup", "year_since_start"]])
        rows = cell.isin(pd.MultiIndex.from_frame(hidden))
        whole = self.table["subgroup"].isin(self.table.loc[rows, "subgroup"])
        table = self.table.copy()
        table.loc[rows, ["estimate", "std_error"]] = np.nan
        table.loc[whole, ["statistic", "p_value", "p_holm"]] = np.nan
        found = replace(self, table=table, family=None)
        if not whole[self.table["subgroup"] == ALL].any():
            return _worded(found)
        said = naming_limit(HIDDEN)
        return replace(found, passed=None, sentence=said, of_all=said)


def pretrend_by_subgroup(
    effects: EffectEstimates, outcome: str, whole: CheckResult, tests: dict[str, pd.DataFrame], *,
    alpha: float,
) -> SubgroupPretrend:  # fmt: skip
    """Put the tests of the subgroups beside that of all.

    Parameters
    ----------
    effects
        Effects by subgroup.
    outcome
        The outcome.
    whole
        The test of all participants.
    tests
        The table of each subgroup's test.
    alpha
        Probability of a false alarm.
    """
    assert effects.split is not None
    own = holm(np.array([_p(table) for table in tests.values()]))
    parts = [whole.table.assign(subgroup=ALL, p_holm=whole.table["p_value"])]
    parts += [
        table.assign(subgroup=name, p_holm=p)
        for (name, table), p in zip(tests.items(), own.tolist(), strict=True)
    ]
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "subgroup", table.pop("subgroup"))
    found = SubgroupPretrend(
        contributors=None,  # hidden where the effects are
        name=whole.name,
        passed=whole.passed,
        table=table,
        sentence=whole.sentence,
        title=whole.title,
        provenance=whole.provenance,
        split=effects.split,
        alpha=alpha,
        of_all=whole.sentence,
        family=family_of(effects, outcome),
    )
    return _worded(found)


def _p(table: pd.DataFrame) -> float:
    return float(table["p_value"].iloc[0]) if len(table) else float("nan")


def _worded(test: SubgroupPretrend) -> SubgroupPretrend:
    """Return the test with the verdict, and the sentence, that its table bears out."""
    p = test.table.groupby("subgroup", sort=False)["p_holm"].first().dropna()
    if ALL not in p:  # no year is left to test
        return test
    own = p.drop(ALL)
    apart = own.index[own < test.alpha]

    def text() -> str:
        names = test.split.names
        each = "; ".join(
            _EACH.format(name=names[str(name)], p=p_equals(value)).text()
            for name, value in own.items()
        )
        said = _NONE if own.empty else _APART if len(apart) else _ALIKE
        which = ", ".join(names[name].text() for name in apart)
        own_said = said.format(by=test.split.label, each=each, which=which).text()
        return f"{test.of_all[language()]} {own_said}"

    return replace(
        test,
        passed=bool(p[ALL] >= test.alpha and not len(apart)),
        sentence=both(text).texts(),
    )
