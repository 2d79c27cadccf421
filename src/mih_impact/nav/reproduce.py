"""`reproduce_nav`: the reference case on the synthetic register, published beside computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, SupportsFloat

import pandas as pd

from mih_impact.account.assumptions import Assumptions
from mih_impact.account.cost_benefit import CostBenefit, cost_benefit
from mih_impact.arguments import named_options
from mih_impact.display.figure import figures_for_files
from mih_impact.display.locale import Label, Lang, in_language, language
from mih_impact.display.numbers import Formatter, interval, kroner, number, percent
from mih_impact.display.result import Card, NoContributors, Provenance, Result, evidence_of
from mih_impact.effects.series import EffectSeries
from mih_impact.nav.case import analysis, menn_i_helse
from mih_impact.nav.published import beside
from mih_impact.nav.readings import readings
from mih_impact.reporting.export import Table, write_figures, write_tables
from mih_impact.study.run import StudyResult, run_study, study_tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.account.sensitivity import Sensitivity
    from mih_impact.account.uncertainty_result import Uncertainty

__all__ = ["Replication", "beside_cells", "reference_tables", "reproduce_nav"]

_BESIDE = Label(
    nb="Publiserte tall ved siden av beregnede", en="Published figures beside computed ones"
)
_BESIDE_COLUMNS = (
    Label(nb="Publisert størrelse", en="Published quantity"),
    Label(nb="Publisert", en="Published"),
    Label(nb="Vårt mål", en="Our measure"),
    Label(nb="Beregnet", en="Computed"),
    Label(nb="95\u00a0% KI", en="95% CI"),
    Label(nb="Forhold", en="Relation"),
    Label(nb="Merknad", en="Verdict"),
)
_RELATIONS = {
    "calibrated": Label(nb="kalibrert", en="calibrated"),
    "implied": Label(nb="ikke plantet", en="implied"),
    "not in the register": Label(nb="ikke i registeret", en="not in the register"),
}

#: Published as a sentence: our measure of it has a unit of its own.
_QUALITATIVE: dict[str, Formatter] = {"nav_income_profile": kroner, "nav_benefit_receipt": percent}


def reference_tables(study: StudyResult, published: pd.DataFrame) -> list[Table]:
    """Return the tables, small cells hidden, with the evidence in the line beneath each."""
    source = evidence_of(study)
    return [
        *study_tables(study),
        Table(
            "published_beside_computed",
            _BESIDE.text(),
            published,
            beside_cells(published),
            {},
            source,
        ),
    ]


def beside_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Return published beside computed as displayed text, columns named in the language."""
    lang = language()
    rows = []
    for row in frame.to_dict("records"):
        show = _QUALITATIVE.get(str(row["id"])) or _formatter(str(row["unit"]))
        low, high = row["conf_low"], row["conf_high"]
        rows.append(
            (
                row[f"quantity_{lang}"],
                show(row["published"]),
                row[f"measure_{lang}"],
                show(row["computed"]),
                "" if pd.isna(low) else interval(low, high, show),
                _relation(str(row["relation"])).text(),
                row[f"verdict_{lang}"],
            )
        )
    return pd.DataFrame(rows, columns=[label.text() for label in _BESIDE_COLUMNS])


def _relation(text: str) -> Label:
    """Return the relation's displayed name; a reservation in brackets stays in the table."""
    return next(label for key, label in _RELATIONS.items() if text.startswith(key))


def _formatter(unit: str) -> Formatter:
    """Return how a published figure of that unit is shown."""
    if unit.startswith("NOK"):
        return kroner
    return {"share": percent, "year": _plain_year}.get(unit, number)


def _plain_year(x: SupportsFloat | None, /) -> str:
    """Show a calendar year, which is not grouped."""
    return str(int(float(x))) if x is not None else number(x)


_TITLE = Label(
    nb="Menn i helse: publiserte tall ved siden av beregnede",
    en="Menn i helse: published figures beside computed ones",
)
_SYNTHETIC = Label(
    nb="Registeret er syntetisk og kalibrert til publiserte tall. Navs mikrodata er ikke brukt. At "
    "et kalibrert tall stemmer, bekrefter ingenting: sannheten er lagt inn.",
    en="The register is synthetic and calibrated to published figures. Nav's microdata were not "
    "used. That a calibrated figure agrees confirms nothing: the truth was planted.",
)
_REST = Label(
    nb="{n} publiserte tall til finnes ikke i registeret; se to_frame().",
    en="{n} more published figures are not in the register; see to_frame().",
)

#: The two choices of view that decide the sign of the public account.
_GRID = {
    "wage_bill": (0.0, 0.25, 0.5, 0.75, 1.0),
    "displacement": (0.0, 0.1, 0.2, 0.3, 0.4),
}


@dataclass(frozen=True, eq=False, repr=False)
class Replication(Result):
    """The reference case, with published figures beside computed ones.

    Attributes
    ----------
    study
        Balance, effects and the account by R-109.
    simplified
        The same effects by the simplified rules.
    table
        Every published figure beside what ours says, with relation and verdict.
    """

    contributors = NoContributors("its study hides what is of few")

    study: StudyResult
    simplified: CostBenefit
    table: pd.DataFrame

    @property
    def effects(self) -> EffectSeries:
        """The effects by year since start."""
        return self.study.effects

    @property
    def case(self) -> CostBenefit:
        """The account by R-109."""
        return self.study.case

    @property
    def provenance(self) -> Provenance:
        """Versions, options and fingerprint of the data."""
        return self.study.provenance

    def figures(self, lang: Lang | None = None) -> dict[str, Axes]:
        """Draw the figures, by the stem of their files; they are plain ones, not pyplot's."""
        with in_language(lang), figures_for_files():
            return {stem: draw(self) for stem, draw in _FIGURES.items() if stem != _BALANCE}

    def plot(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the wage effect by year since start."""
        with in_language(lang):
            return self.study.effects.plot("wage_income", ax=ax)

    def write(self, out: str | Path, *, lang: Lang | None = None) -> list[Path]:
        """Write figures, tables and published-beside-computed to a folder.

        Parameters
        ----------
        out
            The folder; made if it is not there.
        lang
            Language; the option in force if None.

        Returns
        -------
        list of Path
        """
        with in_language(lang), figures_for_files():
            folder = Path(out)
            return [
                *self._write_tables(folder),
                *(path for stem in _FIGURES for path in self._write_figure(stem, folder)),
            ]

    def _write_tables(self, folder: Path) -> list[Path]:
        return write_tables(reference_tables(self.study, self.table), folder)

    def _write_figure(self, stem: str, folder: Path) -> list[Path]:
        return write_figures({stem: _FIGURES[stem](self)}, folder)

    @cached_property
    def _swings(self) -> Sensitivity:
        return self.case.sensitivity()

    @cached_property
    def _draws(self) -> Uncertainty:
        return self.case.uncertainty()

    def shown(self) -> Replication:
        """Return all of it as displayed and saved: small cells blanked."""
        return replace(self, study=self.study.shown())

    def _card(self) -> Card:
        shown = self.table[self.table["relation"] != "not in the register"]
        left = len(self.table) - len(shown)
        return Card(
            title=_TITLE.text(),
            table=beside_cells(shown),
            notes=(
                _SYNTHETIC.text(),
                _REST.format(n=number(left)).text(),
            ),
        )


def _shares(it: Replication) -> Axes:
    from mih_impact.effects.figures import plot_shares

    return plot_shares(it.effects)


_BALANCE = "love_plot"
_FIGURES: dict[str, Callable[[Replication], Axes]] = {
    "fig1_wage_income": lambda it: it.effects.plot_levels("wage_income"),
    "fig2_wage_effect": lambda it: it.effects.plot("wage_income"),
    "fig3_work_and_benefits": _shares,
    "fig4_present_value": lambda it: it.case.plot(),
    "fig5_who_pays_who_gains": lambda it: it.case.plot_actors(),
    "fig6_bridge": lambda it: it.case.bridge().plot(),
    "fig7_costs": lambda it: it.case.plot_costs(),
    "fig8_tornado_society": lambda it: it._swings.plot("society"),
    "fig9_tornado_public": lambda it: it._swings.plot("public"),
    "fig10_posts_and_displacement": lambda it: it.case.grid(_GRID).plot("public"),
    "fig11_scenarios": lambda it: it.case.scenarios().plot(),
    "fig12_intervals": lambda it: it._draws.plot(),
    "fig13_probability_by_cost": lambda it: it._draws.plot_acceptability(),
    "fig14_break_even": lambda it: it._draws.plot_break_even(),
    "fig15_residual_value": lambda it: it.case.plot_residual(),
    "fig16_readings": lambda _: readings().plot(),
    _BALANCE: lambda it: it.study.balance.plot(),
}
"""The figures by the stem of their files, each with what draws it."""


@named_options
def reproduce_nav(out: str | Path | None = None, *, lang: Lang | None = None) -> Replication:
    """Work the reference case through on the shipped synthetic register.

    Parameters
    ----------
    out
        Folder for figures and three tables, and published beside computed; None writes
        nothing.
    lang
        Language of what is written; the option in force if None.

    Returns
    -------
    Replication

    Notes
    -----
    The register is synthetic and calibrated: a published figure that was planted agrees by
    construction, and its agreement confirms nothing. `to_frame()` says which is which.

    Examples
    --------
    >>> import mih_impact as mih
    >>> replication = mih.reproduce_nav()
    >>> replication.case.break_even_year
    3
    """
    with in_language(lang):
        study = run_study(analysis())
        simplified = cost_benefit(
            study.effects, Assumptions.simplified(), programme=menn_i_helse(), horizon=7
        )
        replication = Replication(study, simplified, beside(study, simplified))
        if out is not None:
            replication.write(out)
        return replication
