"""PanelReport: every breach of the contract at once, with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import NOT_AVAILABLE, number, year_range
from mih_impact.display.options import language
from mih_impact.display.provenance import Provenance
from mih_impact.display.result import Result
from mih_impact.errors import PanelContractError
from mih_impact.panel.rules import Breach
from mih_impact.storage import saveable

__all__ = ["PanelReport"]

_TITLE = Label(nb="Kontroll av panelet", en="Check of the panel")
_LINES = (
    Label(nb="Rader", en="Rows"),
    Label(nb="Personer", en="Persons"),
    Label(nb="År", en="Years"),
    Label(nb="Feil", en="Errors"),
    Label(nb="Advarsler", en="Warnings"),
)
_COLUMNS = (
    Label(nb="Alvor", en="Severity"),
    Label(nb="Hva", en="What"),
    Label(nb="Gjør", en="Do"),
)
_SEVERITY = {"error": Label(nb="feil", en="error"), "warning": Label(nb="advarsel", en="warning")}
_CLEAN = Label(
    nb="Ingen brudd på kontrakten.",
    en="No breach of the contract.",
)
_STOPPED = Label(
    nb="Feil må rettes før en analyse kan kjøres.",
    en="Errors must be corrected before an analysis can run.",
)


@saveable("PanelReport")
@dataclass(frozen=True, eq=False)
class PanelReport(Result):
    """What `Panel.check` found: all breaches of the contract in one pass.

    Attributes
    ----------
    breaches
        Errors first; empty when there is nothing to say.
    n_rows, n_persons
        Size of the register; persons are None where the years could not be used.
    years
        First and last usable year, None when there is none.
    provenance
        What was checked.

    Examples
    --------
    >>> import pandas as pd
    >>> from mih_impact.panel import read_panel
    >>> rows = {"person_id": ["a", "a"], "year": [2020, 2020], "wage_income": [1.0, -2.0]}
    >>> report = read_panel(pd.DataFrame(rows)).check()
    >>> report.passed
    False
    >>> report.to_frame()[["rule", "column", "rows"]]
                         rule           column  rows
    0          negative money      wage_income     1
    1  duplicate person-years  person_id, year     1
    """

    breaches: tuple[Breach, ...]
    n_rows: int
    n_persons: int | None
    years: tuple[int, int] | None
    provenance: Provenance

    @property
    def passed(self) -> bool:
        """Whether no rule is broken at the level of an error."""
        return not self.errors

    @property
    def errors(self) -> tuple[Breach, ...]:
        """The breaches that stop an analysis."""
        return tuple(breach for breach in self.breaches if breach.severity == "error")

    @property
    def warnings(self) -> tuple[Breach, ...]:
        """The breaches that are to be known."""
        return tuple(breach for breach in self.breaches if breach.severity == "warning")

    def to_frame(self, *, lang: Lang | None = None) -> pd.DataFrame:
        """Return one row per breach: rule, column, severity, rows, what, do."""
        return pd.DataFrame(
            [
                (b.rule, b.column, b.severity, b.rows, b.what.text(lang), b.do.text(lang))
                for b in self.breaches
            ],
            columns=["rule", "column", "severity", "rows", "what", "do"],
        )

    def raise_if_failed(self) -> None:
        """Raise with every error at once.

        Raises
        ------
        PanelContractError
            When a rule is broken at the level of an error.
        """
        errors = self.errors
        if not errors:
            return
        if len(errors) == 1:
            raise PanelContractError(
                "The panel breaks the contract",
                found=errors[0].what.text("en"),
                do=errors[0].do.text("en"),
            )
        found = "".join(f"\n  - {b.what.text('en')} -> {b.do.text('en')}" for b in errors)
        raise PanelContractError(
            f"The panel breaks the contract in {len(errors)} ways",
            found=found,
            do="correct the source and read it again; panel.check() gives a table",
        )

    def _card(self, lang: Lang) -> Card:
        lang = language(lang)
        persons = NOT_AVAILABLE if self.n_persons is None else number(self.n_persons, lang=lang)
        values = (
            number(self.n_rows, lang=lang),
            persons,
            NOT_AVAILABLE if self.years is None else year_range(*self.years),
            number(len(self.errors), lang=lang),
            number(len(self.warnings), lang=lang),
        )
        table = pd.DataFrame(
            [
                (_SEVERITY[b.severity].text(lang), b.what.text(lang), b.do.text(lang))
                for b in self.breaches
            ],
            columns=[label.text(lang) for label in _COLUMNS],
        )
        note = _CLEAN if not self.breaches else None if self.passed else _STOPPED
        return Card(
            _TITLE.text(lang),
            tuple((label.text(lang), value) for label, value in zip(_LINES, values, strict=True)),
            table if self.breaches else None,
            () if note is None else (note.text(lang),),
        )
