"""mih-impact: the library from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mih_impact.display.locale import Label, options
from mih_impact.errors import AssumptionError, MihImpactError, StorageError

if TYPE_CHECKING:
    from mih_impact.account.cost_benefit import CostBenefit

__all__ = ["main"]

_WRITTEN = Label(nb="{n} filer skrevet til {out}", en="{n} files written to {out}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; a typed error is one message on the error stream and exit code 2.

    Parameters
    ----------
    arguments
        The words after `mih-impact`; those of the process if None.

    Returns
    -------
    int
        The exit code.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        with options(lang=getattr(given, "lang", None), progress=not getattr(given, "quiet", True)):
            given.run(given)
    except MihImpactError as error:
        print(f"mih-impact: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mih-impact", description="Effects of a programme on incomes, and the account."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    reproduce = commands.add_parser(
        "reproduce", help="the reference case: tables, figures, published beside computed"
    )
    reproduce.add_argument("--out", type=Path, help="folder for tables and figures")
    _reader(reproduce)
    reproduce.set_defaults(run=_reproduce)

    init = commands.add_parser("init", help="an analysis to start from: it runs as it stands")
    init.add_argument("folder", type=Path, nargs="?", default=Path())
    _reader(init)
    init.set_defaults(run=_init)

    run = commands.add_parser("run", help="a whole analysis from its analysis.toml")
    run.add_argument("analysis", type=Path)
    run.add_argument("--save", type=Path, help="save the result (.zip)")
    _reader(run)
    run.set_defaults(run=_run)

    memo = commands.add_parser(
        "memo", help="the memo as HTML, Word and PDF, its workbook, and the budget page"
    )
    memo.add_argument("--out", type=Path, required=True, help="folder")
    memo.add_argument(
        "--case", type=Path, help="a saved account (.zip); none is the reference case"
    )
    memo.add_argument(
        "--starters", default="2026:500,2027:500,2028:500", help="persons by start year, YEAR:N,..."
    )
    _reader(memo)
    memo.set_defaults(run=_memo)

    build = commands.add_parser("build", help="a panel from the tables of an extract")
    build.add_argument("tables", type=Path, help="the file that tells of them (.toml)")
    build.add_argument("--out", type=Path, required=True, help="folder")
    _reader(build)
    build.set_defaults(run=_build)

    check = commands.add_parser("check", help="every breach of the contract in a register")
    check.add_argument("register", help="a Parquet or CSV file, or a glob")
    _reader(check)
    check.set_defaults(run=_check)

    synthesize = commands.add_parser("synthesize", help="write the synthetic register")
    synthesize.add_argument("--out", type=Path, required=True, help="folder")
    synthesize.add_argument("--seed", type=int, default=2025)
    synthesize.add_argument(
        "--persons", type=int, help="a register of this size, streamed; else the shipped one"
    )
    synthesize.add_argument("--participants", type=int, help="how many start (one in 350)")
    synthesize.add_argument(
        "--by", choices=("year", "month"), default="year", help="a row's period"
    )
    synthesize.add_argument("--first-year", type=int, default=2009)
    _reader(synthesize)
    synthesize.set_defaults(run=_synthesize)
    return parser


def _reader(command: argparse.ArgumentParser) -> None:
    """Add the options of every command that a person reads."""
    command.add_argument("--lang", choices=("nb", "en"), default="nb", help="language")
    command.add_argument("--quiet", action="store_true", help="no progress bar")


def _reproduce(given: argparse.Namespace) -> None:
    from mih_impact.nav.reproduce import reproduce_nav

    replication = reproduce_nav(lang=given.lang)
    print(replication.summary(), end="\n\n")
    print(replication.case.summary())
    if given.out is not None:
        files = replication.write(given.out, lang=given.lang)
        print("\n" + _WRITTEN.format(n=len(files), out=given.out).text())


def _init(given: argparse.Namespace) -> None:
    from mih_impact.study.spec import write_template

    files = write_template(given.folder, lang=given.lang)
    print(_WRITTEN.format(n=len(files), out=given.folder).text())


def _run(given: argparse.Namespace) -> None:
    from mih_impact.study.outputs import write_outputs
    from mih_impact.study.run import run_study
    from mih_impact.study.spec import StudySpec

    spec = StudySpec.from_toml(given.analysis)
    result = run_study(spec, write=False)
    print(result.effects.summary(), end="\n\n")
    print(result.summary())
    if given.save is not None:
        print(result.save(given.save))
    if spec.outputs is not None:
        folder = given.analysis.parent
        files = write_outputs(result, spec.outputs, folder)
        print("\n" + _WRITTEN.format(n=len(files), out=folder / spec.outputs.folder).text())


def _memo(given: argparse.Namespace) -> None:
    from mih_impact.reporting.memo.write import write_memo_folder

    files = write_memo_folder(
        _case(given.case), given.out, lang=given.lang, starters=_starters(given.starters)
    )
    print(_WRITTEN.format(n=len(files), out=given.out).text())


def _case(path: Path | None) -> CostBenefit:
    """Return a saved account, alone or within a study; the reference case's own without a path."""
    from mih_impact.account.cost_benefit import CostBenefit
    from mih_impact.nav.reproduce import reproduce_nav
    from mih_impact.storage import load

    found = reproduce_nav() if path is None else load(path)
    case = getattr(found, "case", found)
    if not isinstance(case, CostBenefit):
        raise StorageError(
            "The file holds no account",
            found=f"a {type(found).__name__}",
            do="give a file that case.save() or a study wrote",
        )
    return case


def _starters(text: str) -> dict[int, float]:
    """Return starters by year from "2026:500,2027:700"."""
    try:
        pairs = [part.split(":") for part in text.split(",")]
        return {int(year): float(n) for year, n in pairs}
    except ValueError:
        raise AssumptionError(
            "Starters are years with a number of persons each",
            found=repr(text),
            do="write --starters 2026:500,2027:700",
        ) from None


def _build(given: argparse.Namespace) -> None:
    from mih_impact.registers.spec import build_from_toml

    panel = build_from_toml(given.tables, out=given.out)
    print(panel.sources().to_string(index=False))
    print(given.out / "panel.parquet")


def _check(given: argparse.Namespace) -> None:
    from mih_impact.panel.read import read_panel

    report = read_panel(given.register).check()
    print(report.summary())
    report.raise_if_failed()


def _synthesize(given: argparse.Namespace) -> None:
    from mih_impact.panel.synthetic.register import write_register
    from mih_impact.panel.synthetic.stream import stream_register

    if given.persons is not None:
        written = stream_register(
            given.out,
            persons=given.persons,
            participants=given.participants,
            period=given.by,
            first_year=given.first_year,
            seed=given.seed,
        )
        print(written.source)
        return
    for path in write_register(given.out, seed=given.seed):
        print(path)
