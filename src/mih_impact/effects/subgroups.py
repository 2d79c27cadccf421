"""Do the effects of subgroups differ: one test of all of them, and every pair on its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.subgroups import ALL, MISSING, Split
from mih_impact.display.locale import Label, both, language
from mih_impact.display.numbers import MINUS, number, p_equals
from mih_impact.display.result import Card, hidden_note, naming_limit
from mih_impact.display.unit import AnyUnit, difference
from mih_impact.effects.card import HIDDEN_CELL
from mih_impact.effects.check_result import CheckResult, Wald, holm, wald
from mih_impact.effects.estimates import family_of, require_estimated
from mih_impact.effects.hidden import hidden_cells
from mih_impact.effects.pretrend import tested_leads
from mih_impact.effects.question import outcome_asked
from mih_impact.errors import EffectsError, OptionError
from mih_impact.panel.contract import label_of

if TYPE_CHECKING:
    from mih_impact.effects.estimates import EffectEstimates

__all__ = ["Before", "DifferenceTest", "difference_test", "sentence", "title"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Pairs on the card, those that differ most clearly.
ON_CARD = 10

_ALL_HIDDEN = Label(
    nb="Skjult: for få personer står bak gruppene.",
    en="Hidden: too few persons stand behind the groups.",
)
_TITLE = Label(
    nb="Test av forskjeller etter {by}, effekt på {outcome}",
    en="Test of differences by {by}, effect on {outcome}",
)
_DIFFER = Label(
    nb="Effekten på {outcome} er ikke den samme i alle grupper ({by}), {years}: p {p} "
    "(Wald-test, {df} frihetsgrader).",
    en="The effect on {outcome} is not the same in all groups ({by}), {years}: p {p} "
    "(Wald test, {df} degrees of freedom).",
)
_SAME = Label(
    nb="Det er ikke påvist at effekten på {outcome} er forskjellig mellom gruppene ({by}), "
    "{years}: p {p} (Wald-test, {df} frihetsgrader). Testen finner bare forskjeller som er store "
    "nok til å ses med disse standardfeilene.",
    en="No difference in the effect on {outcome} between groups ({by}) was found, {years}: "
    "p {p} (Wald test, {df} degrees of freedom). The test only finds differences large enough to "
    "be seen with these standard errors.",
)
_UNTESTED = Label(
    nb="Gruppene ({by}) kan ikke testes samlet: for få av dem har en standardfeil, eller det er "
    "flere sammenligninger enn deltakerne gir grunnlag for. Velg færre år eller grupper.",
    en="The groups ({by}) cannot be tested together: too few have a standard error, or there are "
    "more comparisons than the participants can bear. Choose fewer years or groups.",
)
_PAIRS = Label(
    nb="Av {pairs} enkeltvise forskjeller står {differ} igjen etter Holms justering.",
    en="Of {pairs} differences between two groups, {differ} remain after Holm's adjustment.",
)
_OUTSIDE = Label(
    nb="Utenfor testen, uten estimat eller standardfeil: {names}.",
    en="Not tested, without an estimate or a standard error: {names}.",
)
_MISSING = Label(
    nb="Deltakere uten oppgitt verdi ({by}) er ikke med i testen.",
    en="Participants with no recorded value ({by}) are not in the test.",
)
_CLEAREST = Label(
    nb="Tabellen viser de klareste forskjellene; to_frame() har alle.",
    en="The table shows the clearest differences; to_frame() has all.",
)
_ALIKE_BEFORE = Label(
    nb="I umatchede år før oppstart ({years}) er det ikke påvist at gruppene skiller seg: p {p}.",
    en="In unmatched years before start ({years}) no difference between the groups was found: "
    "p {p}.",
)
_APART_BEFORE = Label(
    nb="Gruppene skiller seg allerede i umatchede år før oppstart ({years}: p {p}): forskjellen "
    "etterpå kan ikke leses som ulik effekt.",
    en="The groups differ already in unmatched years before start ({years}: p {p}): the difference "
    "afterwards cannot be read as one between effects.",
)
_UNTESTED_BEFORE = Label(
    nb="Om gruppene skilte seg allerede før oppstart, kan ikke testes: det er for få umatchede år "
    "eller deltakere.",
    en="Whether the groups differed already before start cannot be tested: there are too few "
    "unmatched years or participants.",
)
_YEAR, _YEARS = Label(nb="år {e}", en="year {e}"), Label(nb="år {e}", en="years {e}")
_HEADINGS = {
    "pair": Label(nb="Forskjell mellom", en="Difference between"),
    "year": Label(nb="År", en="Year"),
    "difference": Label(nb="Forskjell", en="Difference"),
    "std_error": Label(nb="Standardfeil", en="Standard error"),
    "p_holm": Label(nb="p (Holm)", en="p (Holm)"),
}
_AND = Label(nb="{one} og {other}", en="{one} and {other}")


@dataclass(frozen=True, eq=False, repr=False)
class DifferenceTest(CheckResult):
    """A test that the effect is the same in every subgroup; made by `difference_test`.

    Attributes
    ----------
    table
        A row per year and pair of subgroups.
    split
        What the subgroups are.
    unit
        Unit of the differences: a currency, "share" or another.
    statistic, df, p_value
        Of the joint test; NaN where there is none.
    alpha
        Probability of a false alarm.
    years_before, p_value_before
        Unmatched years before start, and the p-value of the same test there; NaN where there is
        none.
    family
        Counts of all subgroups, on which it depends what is hidden; in memory only, never saved.
    """

    split: Split
    unit: AnyUnit
    statistic: float
    df: int
    p_value: float
    alpha: float
    years_before: tuple[int, ...] = ()
    p_value_before: float = float("nan")
    family: pd.DataFrame | None = field(default=None, metadata={"saved": False})

    def shown(self) -> DifferenceTest:
        """Return the test as it is displayed and saved: pairs with a hidden subgroup blanked.

        Where every pair is, so are the joint test and the sentence.
        """
        if self.family is None:
            return self
        hidden = {
            (year, name)
            for year, name, is_hidden in zip(
                self.family["year_since_start"],
                self.family["subgroup"],
                hidden_cells(self.family).estimates,
                strict=True,
            )
            if is_hidden
        }
        year = self.table["year_since_start"]
        small = np.array(
            [
                (e, one) in hidden or (e, other) in hidden
                for e, one, other in zip(
                    year, self.table["subgroup"], self.table["versus"], strict=True
                )
            ],
            dtype=bool,
        )
        if not small.any():
            return self
        table = self.table.copy()
        for name in table.columns.difference(["year_since_start", "subgroup", "versus"]):
            table[name] = table[name].astype(np.float64).mask(small)
        shown = replace(self, table=table, family=None)
        if not small.all():
            return shown
        said = naming_limit(_ALL_HIDDEN)
        none = float("nan")
        return replace(
            shown, passed=None, sentence=said, statistic=none, p_value=none, p_value_before=none
        )

    def _card(self) -> Card:
        lang = language()
        shown = self.shown()
        order = shown.table["p_value"].fillna(2.0).argsort(kind="stable")[:ON_CARD]
        rows = [self._row(row) for row in shown.table.iloc[order].to_dict("records")]
        hidden = shown.table["std_error"].isna()
        return Card(
            title=self.title[lang],
            lines=() if len(rows) and hidden.all() else CheckResult._card(shown).lines,
            table=pd.DataFrame(rows) if rows else None,
            notes=(
                *([_CLEAREST.text()] if len(shown.table) > len(rows) else []),
                shown.sentence[lang],
                *([hidden_note()] if hidden.any() else []),
            ),
        )

    def _row(self, row: dict[Any, Any]) -> dict[str, str]:
        """Return one row of the card."""
        pair = _AND.format(one=self._named(row["subgroup"]), other=self._named(row["versus"]))
        show = difference(self.unit)
        cells = {
            "pair": pair.text(),
            "year": str(row["year_since_start"]).replace("-", MINUS),
            "difference": show(row["difference"]),
            "std_error": show(row["std_error"]),
            "p_holm": p_equals(row["p_holm"]).removeprefix("=").strip(),
        }
        if np.isnan(row["std_error"]):
            cells |= dict.fromkeys(("difference", "std_error", "p_holm"), HIDDEN_CELL.text())
        return {_HEADINGS[name].text(): text for name, text in cells.items()}

    def _named(self, name: str) -> Label:
        return self.split.names[name]


def _years(years: Sequence[int]) -> str:
    text = ", ".join(number(year) for year in years)
    return (_YEAR if len(years) == 1 else _YEARS).format(e=text).text()


def title(parts: Split, outcome: str) -> dict[str, str]:
    """Return what is tested, in words."""
    label = _TITLE.format(by=parts.label, outcome=label_of(outcome))
    return label.texts()


class Before(NamedTuple):
    """The pre-trend test of a subgroup; the p-value is NaN where nothing can be tested."""

    years: tuple[int, ...]
    p_value: float


def sentence(
    parts: Split,
    outcome: str,
    joint: Wald,
    before: Before,
    *,
    alpha: float,
    years: Sequence[int],
    pairs: int,
    differ: int,
    outside: Sequence[str],
    without_value: bool,
) -> dict[str, str]:
    """Return the verdict in words; no number of it is about one subgroup."""

    def text() -> str:
        tested = np.isfinite(joint.p_value)
        verdict = _UNTESTED if not tested else _DIFFER if joint.p_value < alpha else _SAME
        said = [
            verdict.format(
                outcome=label_of(outcome),
                by=parts.label,
                years=_years(years),
                p=p_equals(joint.p_value),
                df=str(joint.df),
            )
        ]
        if pairs:
            said.append(_PAIRS.format(pairs=number(pairs), differ=str(differ)))
        said.append(_said_before(before, alpha))
        if outside:
            names = ", ".join(parts.names[name].text() for name in outside)
            said.append(_OUTSIDE.format(names=names))
        if without_value:
            said.append(_MISSING.format(by=parts.label))
        if parts.conditional is not None:
            said.append(parts.conditional)
        return " ".join(label.text() for label in said)

    return both(text).texts()


def _said_before(before: Before, alpha: float) -> Label:
    """Return whether the groups differ before start already."""
    if not np.isfinite(before.p_value):
        return _UNTESTED_BEFORE
    said = _APART_BEFORE if before.p_value < alpha else _ALIKE_BEFORE
    return said.format(years=_years(before.years), p=p_equals(before.p_value))


#: The columns of the table: a row per pair of subgroups and year.
_COLUMNS = (
    "year_since_start",
    "subgroup",
    "versus",
    "difference",
    "std_error",
    "p_value",
    "p_holm",
    "n_participants",
    "n_versus",
)


def difference_test(
    effects: EffectEstimates,
    outcome: str | None = None,
    *,
    years: int | Sequence[int] | None = None,
    subgroups: Sequence[str] | None = None,
    alpha: float = 0.05,
) -> DifferenceTest:
    """Test that the effect is the same in every subgroup, jointly over years.

    Parameters
    ----------
    effects
        Effects by subgroup, with a covariance.
    outcome
        The outcome; by default wage income, or the first where there is none.
    years
        Years since start; every year from the start on if None.
    subgroups
        Which to compare, two or more; all if None, but for those without a value, "(missing)".
    alpha
        Probability of a false alarm, of the joint test and of any pair.

    Returns
    -------
    DifferenceTest
        A `CheckResult` whose table has a row per year and pair of subgroups: `year_since_start,
        subgroup, versus, difference, std_error, p_value, p_holm, n_participants, n_versus`;
        `statistic`, `df` and `p_value` are of the joint test. `passed` is None where there is
        nothing to test, or more to test than the participants can bear.

    Raises
    ------
    EffectsError
        Effects without subgroups or covariance, or an outcome, year or subgroup that is not there.

    Notes
    -----
    The joint test is Wald's, d' (R V R')^-1 d with d = R theta, against chi-squared; R has the
    difference of every subgroup from the first in each year. V is the covariance of all subgroups
    at once, so that controls who serve several subgroups count. In a year where a subgroup has no
    estimate or no standard error (one participant, no start year seen, no variation), the others
    are compared. With few participants in a subgroup the test rejects too often; with no more
    participants than years in one of them, there is no joint test.

    Beside it stands the same test of the unmatched years before start (`years_before`,
    `p_value_before`): subgroups that differ there, each against controls of its own, differ by more
    than what the programme does.

    Pairs are tested on their own, two-sided and normal, and their p-values adjusted over all rows
    of the table (Holm 1979).

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6(2).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> effects = mih.event_study(group, outcomes="wage_income", window=(-1, 3), by="county")
    >>> test = effects.difference_test(years=3)
    >>> test.df, len(test.to_frame())
    (3, 6)
    """
    from scipy.special import ndtr

    arguments.alpha(alpha)
    outcome = outcome_asked(effects, outcome)
    parts = _require_subgroups(effects, outcome)
    asked = _asked_years(effects, years)
    names = _asked_subgroups(effects, subgroups)
    cells = _cells(effects, outcome, names, asked)
    first, second = _pairs(cells["year"].to_numpy())
    at = cells["place"].to_numpy()
    assert effects.matrix is not None
    theta, V = effects.estimate.ravel()[at], effects.matrix[np.ix_(at, at)]
    difference = theta[first] - theta[second]
    variance = V[first, first] + V[second, second] - 2.0 * V[first, second]
    error = np.sqrt(np.maximum(variance, 0.0))
    p = 2.0 * ndtr(-np.abs(difference / np.where(error > 0, error, np.nan)))
    n = cells["n"].to_numpy()
    name = cells["name"].to_numpy(dtype=object)
    columns = (
        cells["year"].to_numpy()[first], name[first], name[second], difference, error, p, holm(p),
        n[first], n[second],
    )  # fmt: skip
    table = pd.DataFrame(dict(zip(_COLUMNS, columns, strict=True)))
    joint = _joint(effects, cells)
    tested = bool(np.isfinite(joint.p_value))
    before = _before(effects, outcome, names, asked)
    outside = [s for s in names if s not in set(name[np.concatenate([first, second])].tolist())]
    said = sentence(
        parts,
        outcome,
        joint,
        before,
        alpha=alpha,
        years=sorted(set(table["year_since_start"].tolist())),
        pairs=len(table),
        differ=int((table["p_holm"] < alpha).sum()),
        outside=outside,
        without_value=MISSING in effects.subgroups and MISSING not in names,
    )
    return DifferenceTest(
        contributors=None,  # hidden where the effects of either are
        name="differences",
        passed=joint.p_value >= alpha if tested else None,
        table=table,
        sentence=said,
        title=title(parts, outcome),
        provenance=effects.provenance,
        split=parts,
        unit=effects.units[outcome],
        statistic=joint.statistic,
        df=joint.df,
        p_value=joint.p_value,
        alpha=alpha,
        years_before=before.years,
        p_value_before=before.p_value,
        family=family_of(effects, outcome),
    )


def _joint(effects: EffectEstimates, cells: pd.DataFrame) -> Wald:
    """Test that the cells of each year are equal; no test where a subgroup is too small for it."""
    assert effects.matrix is not None
    at, R = cells["place"].to_numpy(), _contrasts(cells["year"].to_numpy())
    V = effects.matrix[np.ix_(at, at)]
    found = wald(R @ effects.estimate.ravel()[at], R @ V @ R.T)
    many = cells.groupby("name")["year"].size() >= cells.groupby("name")["n"].min()
    return Wald(float("nan"), found.df, float("nan")) if many.any() else found


def _before(
    effects: EffectEstimates, outcome: str, names: Sequence[str], asked: Sequence[int]
) -> Before:
    """Test that the subgroups do not differ in years before start, where nothing is an effect."""
    leads = tested_leads(effects, outcome)["year_since_start"].astype(int)
    years = tuple(year for year in leads.tolist() if year not in asked)
    return Before(years, _joint(effects, _cells(effects, outcome, names, years)).p_value)


def _cells(
    effects: EffectEstimates, outcome: str, names: Sequence[str], years: Sequence[int]
) -> pd.DataFrame:
    """Return place, year, subgroup and n of estimates that have a standard error, year by year."""
    assert effects.matrix is not None
    size, k = len(effects.levels), effects.outcomes.index(outcome)
    variance = np.diag(effects.matrix)
    rows: list[tuple[int, int, str]] = []
    for year in years:
        for name in names:
            first = (effects.subgroups.index(name) * len(effects.outcomes) + k) * size
            place = first + effects.levels.index(year)
            if np.isfinite(effects.estimate.flat[place]) and variance[place] > 0:
                rows.append((place, year, name))
    frame = pd.DataFrame(rows, columns=["place", "year", "name"])
    frame = frame.astype({"place": np.int64, "year": np.int64})
    return frame.assign(n=effects.frame["n_participants"].to_numpy()[frame["place"]])


def _pairs(year: IntArray) -> tuple[IntArray, IntArray]:
    """Return both members of every pair of cells of the same year, by their places."""
    pairs = [
        pair
        for e in np.unique(year)
        for pair in combinations(np.flatnonzero(year == e).tolist(), 2)
    ]
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _contrasts(year: IntArray) -> FloatArray:
    """Return the difference of each cell from the first of its year, a row each."""
    rows = []
    for e in np.unique(year):
        first, *others = np.flatnonzero(year == e).tolist()
        for other in others:
            row = np.zeros(len(year))
            row[other], row[first] = 1.0, -1.0
            rows.append(row)
    return np.array(rows).reshape(len(rows), len(year))


def _require_subgroups(effects: EffectEstimates, outcome: str) -> Split:
    """Return what the subgroups are, or raise where there is nothing to compare."""
    if effects.split is None or len(effects.subgroups) < 2:
        raise EffectsError(
            "These effects have no subgroups to compare",
            found=f"subgroups {', '.join(effects.subgroups)}",
            do='split the participants: mih.event_study(group, by="county")',
        )
    require_estimated("The test of differences needs", effects, outcome)
    return effects.split


def _asked_years(effects: EffectEstimates, years: Any) -> list[int]:
    """Return the years to test, ascending, or raise where one has no effect."""
    if years is None:
        return [year for year in effects.event_years if year >= 0 and effects.base != (year,)]
    given = arguments.years("years", years)
    absent = [year for year in given if year not in effects.event_years]
    base = [year for year in given if effects.base == (year,)]
    if absent or base:
        raise EffectsError(
            "Some years have no effect to compare",
            found=f"{', '.join(map(str, [*absent, *base]))}; there are "
            f"{', '.join(map(str, effects.event_years))}, of which the base is no effect",
            do="name other years, or none for all from the start year on",
        )
    return sorted(set(given))


def _asked_subgroups(effects: EffectEstimates, given: Sequence[str] | None) -> list[str]:
    """Return the subgroups to compare, in their order, or raise where one is not there."""
    have = [name for name in effects.subgroups if name != ALL]
    if given is None:
        return [name for name in have if name != MISSING]
    asked = arguments.names("subgroups", given)
    if len(set(asked)) < 2 or any(name not in have for name in asked):
        raise OptionError(
            "Two or more subgroups are compared with each other",
            found=", ".join(map(repr, asked)) or "none",
            do=f"choose among {', '.join(have)}",
        )
    return [name for name in have if name in asked]
