"""`run_study`: a specification in; group, effects and account out, and written as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from mih_impact import arguments
from mih_impact.account.cost_benefit import CostBenefit
from mih_impact.account.roles import GROUP_LABELS
from mih_impact.arguments import named_options
from mih_impact.controls.balance import Balance
from mih_impact.controls.subgroups import ALL
from mih_impact.display.figure import figures_for_files
from mih_impact.display.locale import Label, in_language, language, progress_bar
from mih_impact.display.numbers import Formatter, count, kroner
from mih_impact.display.result import (
    Card,
    NoContributors,
    Provenance,
    Result,
    evidence_of,
    hide_small,
)
from mih_impact.display.unit import AnyUnit, Unit
from mih_impact.effects.check_result import VERDICTS, CheckResult, p_text
from mih_impact.effects.event_study import event_study
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import AssumptionError, EffectsError
from mih_impact.panel.panel import Panel
from mih_impact.panel.read import read_panel
from mih_impact.panel.synthetic import example_panel
from mih_impact.reporting.export import (
    Table,
    balance_table,
    effects_table,
    write_figures,
    write_tables,
)
from mih_impact.storage import Later
from mih_impact.study.account import account_of
from mih_impact.study.advice import told
from mih_impact.study.spec import OutputsSpec, StudySpec, chosen
from mih_impact.study.toml_files import read_label, require_keys

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.account.sheet.sheet import AssumptionSheet

__all__ = ["StudyResult", "read_data", "run_study", "study_tables", "write_outputs"]

_STEPS = (
    Label(nb="leser panelet", en="reading the panel"),
    Label(nb="velger kontrollgruppe", en="choosing controls"),
    Label(nb="beregner effekter", en="estimating effects"),
    Label(nb="fører regnskapet", en="keeping the account"),
)


@dataclass(frozen=True, eq=False, repr=False)
class StudyResult(Result):
    """What a whole analysis gave.

    Attributes
    ----------
    name, title
        Of the specification; the title by language.
    attrition
        Persons through every filter.
    balance
        Participants and controls before start.
    effects
        Effects by year since start.
    case
        The account.
    provenance
        Versions, options and fingerprint of the data.
    specification
        The text of the analysis, with programme and sheet in it: what `replay` runs again.
    folder
        Where relative paths of the specification start; not saved.
    """

    contributors = NoContributors("its effects, its balance and its account hide what is of few")

    name: str
    title: dict[str, str]
    attrition: pd.DataFrame
    balance: Balance
    effects: EffectSeries
    case: CostBenefit
    provenance: Provenance
    specification: str = ""
    folder: Path | None = field(default=None, metadata={"saved": False})

    @property
    def spec(self) -> StudySpec:
        """The specification, as it was run.

        Raises
        ------
        AssumptionError
            The study was not run from one.
        """
        if not self.specification:
            raise AssumptionError(
                "The result carries no specification",
                do="run it from an analysis.toml with mih.run_study",
            )
        return StudySpec.from_text(self.specification, folder=self.folder or ".")

    @property
    def headline(self) -> EffectSeries:
        """The effects on all participants, which the account values."""
        return self.effects.subgroup(self.effects.subgroups[0])

    def sheet(self) -> AssumptionSheet:
        """Return every assumption of the account as a sheet that people edit."""
        return self.case.sheet()

    def replay(self, *, panel: Panel | None = None, allow_outside: bool = False) -> StudyResult:
        """Run the analysis again; nothing is written.

        Parameters
        ----------
        panel
            Another panel; None reads the data that the specification names.
        allow_outside
            As in `run_study`.

        Returns
        -------
        StudyResult
            With the same data, the same numbers to the last bit.

        Raises
        ------
        AssumptionError
            No panel is given, and the data that the specification names are others than those of
            this result.

        Examples
        --------
        >>> import mih_impact as mih
        >>> result = mih.run_study(mih.nav.analysis())
        >>> result.replay().case.npv == result.case.npv
        True
        """
        again = run_study(self.spec, panel=panel, write=False, allow_outside=allow_outside)
        if panel is None and again.provenance.data != self.provenance.data:
            raise AssumptionError(
                "The data are not those that the result was made from",
                found=f"[data] source {self.spec.data.source!r}, with another fingerprint",
                do="give the panel: result.replay(panel=...)",
            )
        return again

    def to_frame(self) -> pd.DataFrame:
        """Return the effects; `case.to_frame()` is the account."""
        return self.effects.to_frame()

    def shown(self) -> StudyResult:
        """Return the result as it is displayed, exported and saved: small cells blanked.

        Raises
        ------
        AssumptionError
            The account would give away amounts of single persons; see `CostBenefit.shown`.
        """
        return replace(
            self,
            attrition=hide_small(self.attrition, COUNTED),
            effects=self.effects.shown(),
            balance=self.balance.shown(),
            case=self.case.shown(),
        )

    def _card(self) -> Card:
        card = self.case._card()
        lines = (*card.lines, self.balance.largest_after, self._pretrend())
        return Card(self.title[language()], lines=lines, table=card.table, notes=card.notes)

    def pretrend(self) -> CheckResult:
        """Return the test of the years before start of what the account values, few hidden."""
        return self.headline.pretrend_test().shown()

    def before_start(self) -> pd.DataFrame:
        """Return `largest_difference` (standardised, after matching) and `pretrend_p`, a row."""
        p = float(self.pretrend().table["p_value"].min())
        return pd.DataFrame({"largest_difference": [self.balance.shown().worst], "pretrend_p": [p]})

    def _pretrend(self) -> tuple[str, str]:
        """Return the line of the card with that test."""
        test = self.pretrend()
        p = float(test.table["p_value"].min())  # one for all years
        verdict = VERDICTS[test.passed].text()
        return test.title[language()], f"{verdict} ({p_text(p)})" if p == p else verdict


@named_options
def run_study(
    spec: StudySpec | str | Path | Traversable,
    *,
    panel: Panel | None = None,
    write: bool = True,
    allow_outside: bool = False,
) -> StudyResult:
    """Run a whole analysis from its specification, and write what its `[outputs]` ask for.

    Parameters
    ----------
    spec
        A specification, or the path of an `analysis.toml`.
    panel
        Use this panel instead of the one the specification names.
    write
        False writes nothing.
    allow_outside
        Whether the analysis may read and write outside its own folder: say True of a file that you
        wrote or have read through, not of one that was mailed to you.

    Returns
    -------
    StudyResult

    Raises
    ------
    AssumptionError
        The analysis names a path outside its folder, and that is not allowed.
    MihImpactError
        As the calls it makes: `read_panel`, `match`, `event_study`, `cost_benefit`.

    Examples
    --------
    >>> from mih_impact.nav import analysis
    >>> result = run_study(analysis())
    >>> result.case.horizon
    7
    """
    plan = spec if isinstance(spec, StudySpec) else StudySpec.from_toml(spec)
    if not allow_outside:
        plan.require_inside(writes=write)
    with told(), _progress(plan.label) as step:
        step(0)
        register = panel if panel is not None else read_data(plan)
        step(1)
        group = plan.controls.verb(register, **plan.controls.options)
        step(2)
        effects = plan.effects.verb(group, **plan.effects.options)
        step(3)
        case = account_of(
            plan.account,
            effects,
            price_year=plan.data.price_year,
            folder=plan.folder,
            composed=Later(lambda: _composed(plan, group, effects)),
        )
    result = StudyResult(
        name=plan.name,
        title=plan.label.texts(),
        attrition=group.attrition(),
        balance=group.balance(by=plan.effects.options.get("by")),
        effects=effects,
        case=case,
        provenance=effects.provenance,
        specification=plan.frozen().to_toml(),
        folder=Path(str(plan.folder)),
    )
    if write and plan.outputs is not None:
        write_outputs(result, plan.outputs, Path(str(plan.folder)))
    return result


def _composed(plan: StudySpec, group: Any, effects: EffectSeries) -> list[EffectSeries]:
    """Return the effects with other start years behind each year, where there are such.

    There are none where every participant is seen in all years, where nobody is, or where the
    effects are estimated in a way that has no compositions.
    """
    options = dict(plan.effects.options)
    behind = effects.frame.query("year_since_start >= 0")["n_participants"]
    if plan.effects.verb is not event_study or effects.subgroups != (ALL,):
        return []
    plain = {"composition": "available", "small_sample": "auto", "score_correction": False}
    if group.estimand != "att" or behind.nunique() < 2:
        return []
    if any(options.get(name, value) != value for name, value in plain.items()):
        return []
    money = [name for name in effects.outcomes if effects.units[name] == "NOK"]
    asked = options | {"outcomes": money, "window": (0, effects.levels[-1])}
    found = []
    for composition in ("balanced", "filled"):
        with suppress(EffectsError):  # no start year is seen throughout
            found.append(event_study(group, **(asked | {"composition": composition})))
    return found


@contextmanager
def _progress(label: Label) -> Iterator[Any]:
    """Show which step is under way, on the error stream, where progress is wanted."""
    steps = "{desc}: {bar} {n_fmt}/{total_fmt} {postfix}"
    with progress_bar(label, total=len(_STEPS), bar_format=steps) as bar:

        def step(k: int) -> None:
            bar.update(k - bar.n)
            bar.set_postfix_str(_STEPS[k].text())

        yield step


def _unit(column: str, given: str | dict[str, Any]) -> AnyUnit:
    """Return a unit that a specification names, or gives the parts of."""
    if not isinstance(given, dict):
        return given
    require_keys(given, {"name", "months", "label", "has_zero"}, f"[data.units] {column}")
    label = read_label(given["label"], "label of a unit") if "label" in given else None
    return Unit(
        given.get("name", ""),
        months=given.get("months"),
        label=label,
        has_zero=given.get("has_zero"),
    )


@told()
def read_data(plan: StudySpec) -> Panel:
    """Return the panel that an analysis names, read as its `[data]` says."""
    data = plan.data
    if data.source == "example":
        if beyond := data.beyond_example():
            raise AssumptionError(
                "[data] says how a file is read, and the example is read already",
                found=f"source = 'example' and {', '.join(beyond)}",
                do="name a file as source, or leave these out",
            )
        return example_panel(price_year=data.price_year)
    from mih_impact.registers.spec import values_of

    path = Path(arguments.name("[data] source", data.source, do="name one file"))
    source = path if path.is_absolute() else Path(str(plan.folder)) / path
    return read_panel(
        source,
        columns=data.columns or None,
        values=values_of(data.values) if data.values else None,
        units={name: _unit(name, unit) for name, unit in data.units.items()} or None,
        money=data.money,
        price_year=data.price_year,
        currency=data.currency,
        period=data.period,
        index=data.price_index(),
        decimal=data.decimal,
        thousands=data.thousands,
        codes=data.codes,
        weights=data.weights,
    )


_FLOW = Label(nb="Personer gjennom hvert filter", en="Persons through every filter")
_ACCOUNT = Label(
    nb="Nåverdi over {n} år per deltaker som startet, faste {year}-priser",
    en="Present value over {n} years per starter, fixed {year} prices",
)

_STEM = Label(nb="forutsetninger", en="assumptions")


def study_tables(study: StudyResult) -> list[Table]:
    """Return the tables, small cells hidden, with the evidence in the line beneath each."""
    source = evidence_of(study)
    return [
        balance_table("table1_who_is_compared", study.balance, source),
        _attrition(study, source),
        effects_table("table2_effects", study.effects, source),
        _account(study, source),
    ]


#: What `attrition` counts.
COUNTED: dict[str, tuple[str, ...]] = {"participants": (), "candidates": (), "candidate_rows": ()}


def _attrition(study: StudyResult, source: str) -> Table:
    frame = hide_small(study.attrition, COUNTED)
    columns: dict[str, tuple[Label, Formatter | None]] = {
        f"label_{language()}": (Label(nb="Filter", en="Filter"), None),
        "participants": (Label(nb="Deltakere", en="Participants"), count),
        "candidates": (Label(nb="Kandidater", en="Candidates"), count),
        "candidate_rows": (Label(nb="Kandidatrader", en="Candidate rows"), count),
    }
    name = "table1b_attrition"
    return Table.of(name, _FLOW.text(), frame, columns, source=source)


def _account(study: StudyResult, source: str) -> Table:
    case = study.case
    frame = case.by_actor()
    frame.insert(0, "label", [GROUP_LABELS[actor].text() for actor in frame["actor"]])
    columns: dict[str, tuple[Label, Formatter | None]] = {
        "label": (Label(nb="Hvem", en="Who"), None),
        "present_value": (Label(nb="Nåverdi", en="Present value"), kroner),
        "std_error": (Label(nb="Standardfeil", en="Standard error"), kroner),
        "conf_low": (Label(nb="KI fra", en="CI from"), kroner),
        "conf_high": (Label(nb="KI til", en="CI to"), kroner),
        "break_even_year": (Label(nb="Lønnsomt fra år", en="Breaks even in year"), None),
    }
    caption = _ACCOUNT.format(n=case.horizon, year=case.price_year).text()
    return Table.of("table3_account", caption, frame, columns, source=source)


@told()
def write_outputs(result: StudyResult, wanted: OutputsSpec, folder: str | Path) -> list[Path]:
    """Write what a specification asks for.

    Parameters
    ----------
    result
        What the analysis gave.
    wanted
        What to write.
    folder
        The folder of the analysis, where relative paths start.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    AssumptionError
        The account would give away amounts of single persons; nothing is written.
    """
    saved, result = result, replace(result, case=result.case.shown())
    out = Path(folder) / wanted.folder
    with in_language(wanted.lang):
        tables = [
            table
            for table in study_tables(result)
            if table.name.split("_", 1)[1] in chosen("tables", wanted.tables)
        ]
        written = write_tables(tables, out)
        with figures_for_files():
            drawn = {name: _DRAWN[name](result) for name in chosen("figures", wanted.figures)}
        written += write_figures(drawn, out)
        for suffix in chosen("sheet", wanted.sheet):
            path = out / f"{_STEM.text()}.{suffix}"
            written.append(result.case.sheet().write(path))
    if wanted.save is not None:
        written.append(saved.save(out / wanted.save))
    return written


_DRAWN: dict[str, Callable[[StudyResult], Axes]] = {
    "effects": lambda result: result.headline.plot(_wage(result)),
    "levels": lambda result: result.headline.plot_levels(_wage(result)),
    "present_value": lambda result: result.case.plot(),
    "actors": lambda result: result.case.plot_actors(),
    "balance": lambda result: result.balance.plot(),
}


def _wage(result: StudyResult) -> str:
    """Return the outcome that is wage to the account, or its first."""
    case = result.case
    return case.outcomes[case.roles.index("wage") if "wage" in case.roles else 0]
