"""The outcome of a check: a verdict, a sentence and a table, with few persons hidden."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.display.locale import Label, language
from mih_impact.display.numbers import NBSP, Formatter, number, p_equals, p_value, percent
from mih_impact.display.result import Card, Provenance, Result, hide_small, is_small, naming_limit
from mih_impact.display.unit import AnyUnit, amount, difference

__all__ = [
    "VERDICTS",
    "CheckResult",
    "CountedCheck",
    "SensitivityCheck",
    "Wald",
    "holm",
    "p_equals",
    "p_text",
    "wald",
]

FloatArray = NDArray[np.float64]

_VERDICT = Label(nb="Resultat", en="Result")
#: A verdict in words.
VERDICTS = {
    True: Label(nb="ingen forskjell påvist", en="no difference found"),
    False: Label(nb="forskjell påvist", en="difference found"),
    None: Label(nb="kan ikke testes", en="cannot be tested"),
}

HIDDEN = Label(
    nb="Skjult: for få personer står bak et av årene.",
    en="Hidden: too few persons stand behind one of the years.",
)


@dataclass(frozen=True, eq=False, repr=False)
class CheckResult(Result):
    """The outcome of a check.

    Attributes
    ----------
    name
        What was checked.
    passed
        True or False; None where the check only informs or could not be made.
    table
        What the verdict rests on.
    sentence
        The verdict in words, in both languages.
    title
        Displayed title.
    provenance
        Versions, options, seed and fingerprint of the data.
    contributors
        On how many persons' amounts each row of the table rests; in memory only, never saved.
    """

    name: str
    passed: bool | None
    table: pd.DataFrame
    sentence: dict[str, str]
    title: dict[str, str]
    provenance: Provenance
    contributors: FloatArray | None = field(default=None, kw_only=True, metadata={"saved": False})

    def to_frame(self) -> pd.DataFrame:
        """Return what the verdict rests on."""
        return self.table.copy()

    def _card(self) -> Card:
        lang = language()
        verdict = VERDICTS[self.passed].text()
        return Card(
            title=self.title[lang],
            lines=((_VERDICT.text(), verdict),),
            notes=(self.sentence[lang],),
        )


_HIDDEN = Label(
    nb="Skjult: for få personer står bak tallene.",
    en="Hidden: too few persons stand behind the numbers.",
)

_FORMATS: dict[str, Formatter] = {
    "count": number,
    "ratio": partial(number, decimals=2),
    "p": p_value,
    "percent": partial(percent, decimals=1),
}


@dataclass(frozen=True, eq=False, repr=False)
class SensitivityCheck(CheckResult):
    """A check that says how far an answer can be trusted, with its table.

    Made by `pretrend_power`, `rosenbaum_bounds`, `e_value`, `attrition_check` and `lee_bounds`.

    Attributes
    ----------
    keys
        The columns of the table that say what a row is of; they are never hidden.
    shows
        The columns of the card: heading and format ("count", "ratio", "p", "percent", "text",
        "amount" for an effect and "level" for a mean, in the unit of the outcome, or of the row
        where the table has a column `unit`).
    words
        What the texts of the table are called.
    unit
        Unit of amounts: a currency, "share" or another.
    card_rows
        The rows of the table that the card shows.
    persons
        The fewest persons behind the sentence; NaN where not known. The column `persons` of the
        table, where there is one, says the same of each row.
    """

    keys: tuple[str, ...]
    shows: dict[str, tuple[Label, str]]
    words: dict[str, Label]
    unit: AnyUnit
    card_rows: tuple[int, ...]
    persons: float

    def shown(self) -> SensitivityCheck:
        """Return the check as it is displayed and saved: blank where persons are too few."""
        counts = [name for name in map(str, self.table.columns) if name.startswith("n_")]
        table, sentence = hide_small(self.table, {name: [] for name in counts}), self.sentence
        if "persons" in table:
            numbers = table.select_dtypes("number").columns.difference(list(self.keys))
            table = hide_small(table, {"persons": list(numbers.drop("persons", errors="ignore"))})
        if self.thin.any():
            for name in table.select_dtypes("number").columns.difference(list(self.keys)):
                table[name] = table[name].astype(np.float64).mask(self.thin)
        if is_small(self.persons).any() or self.thin.all():
            sentence = naming_limit(_HIDDEN)
        return replace(self, table=table, sentence=sentence)

    def _card(self) -> Card:
        lang = language()
        shown = self.shown()
        verdict = super()._card().lines if self.passed is not None else ()
        rows = shown.table.iloc[list(self.card_rows)].to_dict("records")
        table = pd.DataFrame(
            {
                heading.text(): [self._cell(row, name, how) for row in rows]
                for name, (heading, how) in self.shows.items()
            }
        )
        return Card(
            title=self.title[lang],
            lines=verdict,
            table=table if rows else None,
            notes=(shown.sentence[lang],),
        )

    def _cell(self, row: dict[Any, Any], name: str, how: str) -> str:
        """Return one cell of the card."""
        value = row[name]
        if how == "text":
            known = self.words.get(value)
            return known.text() if known is not None else str(value)
        # A table knows units by name; what the name does not say, the check knows of its own.
        unit = row.get("unit", str(self.unit))
        unit = self.unit if unit == str(self.unit) else unit
        in_unit = {"amount": difference, "level": amount}
        show = in_unit[how](unit) if how in in_unit else _FORMATS[how]
        return show(value)


@dataclass(frozen=True, eq=False, repr=False)
class CountedCheck(CheckResult):
    """A check with a row per estimate, its columns `n_...` counting the persons behind it."""

    #: The columns that say something about the persons counted.
    built_on_persons: ClassVar[tuple[str, ...]] = (
        "estimate",
        "std_error",
        "conf_low",
        "conf_high",
        "p_value",
    )

    @abstractmethod
    def words(self, table: pd.DataFrame) -> dict[str, str]:
        """Return the verdict in words, in both languages, as a table tells it."""

    @abstractmethod
    def card_table(self) -> pd.DataFrame | None:
        """Return the table of the card, each cell as displayed."""

    @property
    def hidden(self) -> NDArray[np.bool_]:
        """Which rows are built on too few persons to be shown, shape (rows,)."""
        counts = [name for name in self.table.columns if name.startswith("n_")]
        small = np.array([is_small(self.table[name]) for name in counts], dtype=bool)
        return np.asarray(small.any(axis=0) | self.thin)

    def verdict(self, table: pd.DataFrame) -> bool | None:
        """Return whether it is passed as far as a table with hidden rows can tell."""
        del table
        return self.passed

    def shown(self) -> Self:
        """Return the check as it is displayed and saved: rows of few persons blanked.

        What is said, and the verdict, rest on the rows that are left.
        """
        small = self.hidden
        if not small.any():
            return self
        table = self.table.copy()
        for name in table.columns:
            if name.startswith("n_") or name in self.built_on_persons:
                table[name] = table[name].astype(np.float64).mask(small)
        return replace(self, table=table, sentence=self.words(table), passed=self.verdict(table))

    def _card(self) -> Card:
        shown = self.shown()
        return replace(super(CountedCheck, shown)._card(), table=shown.card_table())


def p_text(p: float) -> str:
    """Show a p-value: `p = 0,041`, or `p < 0,001` where it is smaller.

    Examples
    --------
    >>> p_text(0.0412) == "p\u00a0=\u00a00,041", p_text(0.0) == "p\u00a0<\u00a00,001"
    (True, True)
    """
    return f"p{NBSP}{p_equals(p)}"


#: Eigenvalues of a correlation matrix below this are rounding.
_SINGULAR = 1e-10


class Wald(NamedTuple):
    """A test that all of some estimates are zero; the p-value is NaN where there is none."""

    statistic: float
    df: int
    p_value: float


def wald(estimate: FloatArray, covariance: FloatArray) -> Wald:
    """Test that all estimates are zero.

    Parameters
    ----------
    estimate
        Shape (k,).
    covariance
        Shape (k, k).

    Notes
    -----
    b' V^-1 b against chi-squared with k degrees of freedom. No test where an estimate has no
    variance, or some combination of them has none: too few persons, or one that repeats others.

    Examples
    --------
    >>> statistic, df, p = wald(np.array([2.0, 0.0]), np.eye(2))
    >>> statistic, df, round(p, 3)
    (4.0, 2, 0.135)
    """
    from scipy.special import chdtrc  # not scipy.stats, which takes a third of a second to import

    df = len(estimate)
    error = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    if not df or not (error > 0.0).all():
        return Wald(float("nan"), df, float("nan"))
    z, correlation = estimate / error, covariance / np.outer(error, error)
    if np.linalg.eigvalsh(correlation)[0] < _SINGULAR:
        return Wald(float("nan"), df, float("nan"))
    statistic = float(z @ np.linalg.solve(correlation, z))
    return Wald(statistic, df, float(chdtrc(df, statistic)))


def holm(p_value: FloatArray) -> FloatArray:
    """Return p-values adjusted so that the chance of any false alarm is bounded (Holm 1979).

    Parameters
    ----------
    p_value
        Shape (m,); NaN where there was no test, which then counts as none.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    adjusted = np.full(len(p_value), np.nan)
    tested = np.flatnonzero(np.isfinite(p_value))
    order = tested[np.argsort(p_value[tested], kind="stable")]
    steps = p_value[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
