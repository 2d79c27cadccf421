"""DifferenceTest: whether subgroups differ, in words and as a table, small cells hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mih_impact.controls.subgroups.split import Split
from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import MINUS, number
from mih_impact.display.small_cells import hidden_note, naming_limit
from mih_impact.display.unit import AnyUnit, amount
from mih_impact.effects.checks.result import CheckResult
from mih_impact.effects.joint import Wald
from mih_impact.effects.sensitivity.result import p_equals
from mih_impact.effects.subgroups.hidden import hidden_cells
from mih_impact.effects.subgroups.rows import HIDDEN_CELL
from mih_impact.panel.contract import label_of
from mih_impact.storage import save, saveable

__all__ = ["Before", "DifferenceTest", "sentence", "title"]

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


@saveable("DifferenceTest")
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

    def save(self, path: str | Path) -> Path:
        """Save the test as displayed; `load` gives it back."""
        return save(self.shown(), path)

    def _card(self, lang: Lang) -> Card:
        shown = self.shown()
        order = shown.table["p_value"].fillna(2.0).argsort(kind="stable")[:ON_CARD]
        rows = [self._row(row, lang) for row in shown.table.iloc[order].to_dict("records")]
        hidden = shown.table["std_error"].isna()
        return Card(
            title=self.title[lang],
            lines=() if len(rows) and hidden.all() else CheckResult._card(shown, lang).lines,
            table=pd.DataFrame(rows) if rows else None,
            notes=(
                *([_CLEAREST.text(lang)] if len(shown.table) > len(rows) else []),
                shown.sentence[lang],
                *([hidden_note(lang)] if hidden.any() else []),
            ),
        )

    def _row(self, row: dict[Any, Any], lang: Lang) -> dict[str, str]:
        """Return one row of the card."""
        pair = _AND.format(one=self._named(row["subgroup"]), other=self._named(row["versus"]))
        show = amount(self.unit)
        cells = {
            "pair": pair.text(lang),
            "year": str(row["year_since_start"]).replace("-", MINUS),
            "difference": show(row["difference"], lang=lang),
            "std_error": show(row["std_error"], lang=lang),
            "p_holm": p_equals(row["p_holm"], lang).removeprefix("=").strip(),
        }
        if np.isnan(row["std_error"]):
            cells |= dict.fromkeys(("difference", "std_error", "p_holm"), HIDDEN_CELL.text(lang))
        return {_HEADINGS[name].text(lang): text for name, text in cells.items()}

    def _named(self, name: str) -> Label:
        return self.split.names[name]


def _years(years: Sequence[int], lang: Lang) -> str:
    text = ", ".join(number(year, lang=lang) for year in years)
    return (_YEAR if len(years) == 1 else _YEARS).format(e=text).text(lang)


def title(parts: Split, outcome: str) -> dict[str, str]:
    """Return what is tested, in words."""
    label = _TITLE.format(by=parts.label, outcome=label_of(outcome))
    return {"nb": label.nb, "en": label.en}


class Before(NamedTuple):
    """The test of unmatched years before start; the p-value is NaN where there is none."""

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

    def text(lang: Lang) -> str:
        tested = np.isfinite(joint.p_value)
        verdict = _UNTESTED if not tested else _DIFFER if joint.p_value < alpha else _SAME
        said = [
            verdict.format(
                outcome=label_of(outcome),
                by=parts.label,
                years=_years(years, lang),
                p=p_equals(joint.p_value, lang),
                df=str(joint.df),
            )
        ]
        if pairs:
            said.append(_PAIRS.format(pairs=number(pairs, lang=lang), differ=str(differ)))
        said.append(_said_before(before, alpha, lang))
        if outside:
            names = ", ".join(parts.names[name].text(lang) for name in outside)
            said.append(_OUTSIDE.format(names=names))
        if without_value:
            said.append(_MISSING.format(by=parts.label))
        if parts.conditional is not None:
            said.append(parts.conditional)
        return " ".join(label.text(lang) for label in said)

    return {"nb": text("nb"), "en": text("en")}


def _said_before(before: Before, alpha: float, lang: Lang) -> Label:
    """Return whether the groups differ before start already."""
    if not np.isfinite(before.p_value):
        return _UNTESTED_BEFORE
    said = _APART_BEFORE if before.p_value < alpha else _ALIKE_BEFORE
    return said.format(years=_years(before.years, lang), p=p_equals(before.p_value, lang))
