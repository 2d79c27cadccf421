"""All that goes with a memo, in one folder: HTML, Word, PDF, the workbook, and the budget page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mih_impact.display.labels import Label
from mih_impact.display.options import Lang, language
from mih_impact.economics.case import CostBenefit
from mih_impact.reporting.extras import require
from mih_impact.reporting.memo.write import write_memos
from mih_impact.reporting.page.write import write_budget_page
from mih_impact.reporting.workbook.write import write_workbook

__all__ = ["write_memo_folder"]

_MEMO = Label(nb="notat", en="memo")
_WORKBOOK = Label(nb="regnskap", en="account")
_PAGE = Label(nb="budsjettside", en="budget_page")

#: Packages that the formats need, asked for before the first file is written.
_NEEDED = (("docx", "Writing Word"), ("typst", "Writing PDF"), ("xlsxwriter", "Writing Excel"))


def write_memo_folder(
    case: CostBenefit,
    folder: str | os.PathLike[str],
    *,
    lang: Lang = "nb",
    starters: Mapping[int, float] | None = None,
) -> list[Path]:
    """Write the memo as HTML, Word and PDF, the workbook behind it, and the budget page.

    Parameters
    ----------
    case
        The account.
    folder
        Where; made if it is not there.
    lang
        Language of all of them.
    starters
        Persons by start year, for budgets; None leaves them out.

    Returns
    -------
    list of Path

    Raises
    ------
    MissingExtraError
        A package that one of the formats needs is not installed; nothing is written.
    """
    lang, out = language(lang), Path(folder)
    for package, purpose in _NEEDED:
        require(package, extra="memo", to=purpose)
    memo, page = _MEMO.text(lang), _PAGE.text(lang)
    first = 500.0 if starters is None else next(iter(dict(starters).values()))
    files = [out / f"{memo}{suffix}" for suffix in (".html", ".docx", ".pdf")]
    return [
        *write_memos(case, files, lang=lang, starters=starters),
        write_workbook(case, out / f"{_WORKBOOK.text(lang)}.xlsx", lang=lang, starters=starters),
        write_budget_page(case, out / f"{page}.html", lang=lang, starters=first),
    ]
