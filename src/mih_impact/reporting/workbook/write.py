"""`write_workbook`: an account as an Excel file in which every amount is a formula."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mih_impact import arguments
from mih_impact.display.labels import Lang
from mih_impact.display.options import language
from mih_impact.economics.budget.cohorts import read_starters
from mih_impact.economics.case import CostBenefit
from mih_impact.economics.pooled import pooled
from mih_impact.errors import AssumptionError, StorageError
from mih_impact.reporting.extras import require
from mih_impact.reporting.workbook.actors import write_actors
from mih_impact.reporting.workbook.assumptions import write_assumptions
from mih_impact.reporting.workbook.budget import write_budget
from mih_impact.reporting.workbook.costs import write_costs
from mih_impact.reporting.workbook.discounting import write_discounting
from mih_impact.reporting.workbook.effects import write_effects
from mih_impact.reporting.workbook.ledger import write_ledger
from mih_impact.reporting.workbook.measures import write_measures
from mih_impact.reporting.workbook.pen import Pens
from mih_impact.reporting.workbook.plan import Plan, SourceList
from mih_impact.reporting.workbook.summary import TITLE, write_summary
from mih_impact.reporting.workbook.texts import write_non_priced, write_sources
from mih_impact.reporting.workbook.uncertainty import write_covariance, write_uncertainty
from mih_impact.reporting.workbook.words import SHEETS
from mih_impact.signatures import named_options
from mih_impact.storage import write_whole

__all__ = ["write_workbook"]

_SUFFIX = ".xlsx"
_WITH_COVARIANCE = ("uncertainty", "covariance")


@named_options
def write_workbook(
    case: CostBenefit,
    path: str | os.PathLike[str],
    *,
    lang: Lang = "nb",
    starters: Mapping[int, float] | None = None,
) -> Path:
    """Write an account as an Excel workbook that reckons: change an input, and all else follows.

    Parameters
    ----------
    case
        The account.
    path
        The file, ending in .xlsx; its folder is made if it is not there.
    lang
        Language of sheets, labels and the names in the formulas: "nb" or "en".
    starters
        Persons by start year, for a sheet with the budget impact of these cohorts; None leaves the
        sheet out.

    Returns
    -------
    Path
        The file written. The same account gives the same bytes.

    Raises
    ------
    AssumptionError
        What is given is no account, or `starters` is no such mapping.
    OptionError
        A language that the library does not speak.
    StorageError
        Another suffix, or a file that cannot be written; then nothing is.
    MissingExtraError
        xlsxwriter is not installed.

    Notes
    -----
    The formulas are a second implementation of the rules of the account. A row that is zero at the
    base values, such as displacement, is there and can be switched on in its input cell. Standard
    errors are the exact ones, sqrt(c' Sigma c), as formulas. Draws, sensitivity analysis and
    residual value stay in the library.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import mih_impact as mih
    >>> planted = pd.DataFrame(
    ...     {"outcome": "wage_income", "year_since_start": range(3), "estimate": 100_000.0}
    ... )
    >>> effects = mih.EffectSeries.from_frame(planted, price_year=2024)
    >>> case = mih.cost_benefit(
    ...     effects, mih.Assumptions.r109(), programme=mih.Programme.none(), horizon=3
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_workbook(case, f"{folder}/account.xlsx", lang="en").name
    'account.xlsx'
    """
    arguments.instance(
        "write_workbook", case, CostBenefit, "an account", "give what mih.cost_benefit returned",
        error=AssumptionError,
    )  # fmt: skip
    lang = language(lang)
    cohorts = None if starters is None else read_starters(starters)
    path = arguments.path("path", path, error=StorageError)
    if path.suffix.lower() != _SUFFIX:
        raise StorageError(
            "A workbook is an Excel file",
            found=repr(path.name),
            do=f"end the name with {_SUFFIX}",
        )
    require("xlsxwriter", extra="memo", to="Writing Excel")
    return write_whole(path, _workbook(pooled(case), lang, cohorts))


def _workbook(case: CostBenefit, lang: Lang, starters: Mapping[int, float] | None) -> bytes:
    """Return the file: sheets in the order they are read, written in the order they depend."""
    absent = set() if case.covariance is not None else set(_WITH_COVARIANCE)
    absent |= {"budget"} if starters is None else set()
    keys = [key for key in SHEETS if key not in absent]
    plan = Plan(case, lang, SourceList(lang))
    pens = Pens(lang, keys, TITLE.format(programme=case.programme.label).text(lang))
    covariance = SHEETS["covariance"]
    write_assumptions(plan, pens["assumptions"])
    there = None if "covariance" in absent else pens["covariance"].there
    effects = write_effects(plan, pens["effects"], there)
    costs = write_costs(plan, pens["costs"], SHEETS["assumptions"])
    write_discounting(plan, pens["discounting"])
    ledger = write_ledger(plan, pens["ledger"], effects, costs)
    actors = write_actors(plan, pens["actors"], ledger)
    measures, good = write_measures(plan, pens["measures"], actors, ledger, effects)
    uncertainty = None
    if there is not None:
        write_covariance(plan, pens["covariance"])
        uncertainty = write_uncertainty(plan, pens["uncertainty"], actors, effects, covariance)
    if starters is not None:
        write_budget(plan, pens["budget"], ledger, starters)
    write_non_priced(plan, pens["non_priced"])
    write_sources(plan, pens["sources"])
    write_summary(plan, pens["summary"], actors, measures, uncertainty, good, keys)
    return pens.close()
