"""`write_memo`: the memo of an account as a file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from mih_impact.account.cost_benefit import CostBenefit, require_account
from mih_impact.account.tables import pooled
from mih_impact.arguments import named_options
from mih_impact.display.locale import Label, Lang, language
from mih_impact.errors import require_package
from mih_impact.reporting.memo.content import memo_of
from mih_impact.reporting.page.write import write_budget_page
from mih_impact.reporting.workbook.write import write_workbook
from mih_impact.reporting.write import document_path, write_document

__all__ = ["write_memo", "write_memo_folder", "write_memos"]


@named_options
def write_memo(
    case: CostBenefit,
    path: str | os.PathLike[str],
    *,
    lang: Lang = "nb",
    starters: Mapping[int, float] | None = None,
) -> Path:
    """Write two pages that can be sent as they are.

    Parameters
    ----------
    case
        The account.
    path
        The file: .html (one file, nothing fetched), .docx or .pdf.
    lang
        Its language.
    starters
        Persons by start year, ``{2026: 500, 2027: 700}``: adds what it does to which budget in
        which year. None leaves budgets out.

    Returns
    -------
    Path
        The file written, whole or not at all.

    Raises
    ------
    StorageError
        An unknown suffix, or a file that cannot be written.
    OptionError
        An unknown language.
    MissingExtraError
        The package for Word or PDF is not installed.
    AssumptionError
        Starters below 0, or years with gaps.

    Notes
    -----
    Every number comes from the account and carries its trace: the annex names the rows of the
    ledger, the assumptions with value, status and source, and the sources it rests on.

    Examples
    --------
    >>> import tempfile
    >>> import mih_impact as mih
    >>> case = mih.reproduce_nav().case
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mih.write_memo(case, f"{folder}/notat.html").name
    'notat.html'
    """
    return write_memos(case, [path], lang=lang, starters=starters)[0]


def write_memos(
    case: CostBenefit,
    paths: Sequence[str | os.PathLike[str]],
    *,
    lang: Lang = "nb",
    starters: Mapping[int, float] | None = None,
) -> list[Path]:
    """Write one memo to several files: what it says is found once, its figures are drawn once."""
    require_account("write_memo", case, what="The memo")
    files = [document_path(path) for path in paths]  # before the work of writing them
    memo = memo_of(pooled(case), language(lang), starters)
    return [write_document(memo, file) for file in files]


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
        require_package(package, extra="memo", to=purpose)
    memo, page = _MEMO.text(lang), _PAGE.text(lang)
    first = 500.0 if starters is None else next(iter(dict(starters).values()))
    files = [out / f"{memo}{suffix}" for suffix in (".html", ".docx", ".pdf")]
    return [
        *write_memos(case, files, lang=lang, starters=starters),
        write_workbook(case, out / f"{_WORKBOOK.text(lang)}.xlsx", lang=lang, starters=starters),
        write_budget_page(case, out / f"{page}.html", lang=lang, starters=first),
    ]
