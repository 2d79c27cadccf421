"""mih-impact: the library from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mih_impact.display.labels import Label
from mih_impact.display.options import options
from mih_impact.errors import MihImpactError

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

    run = commands.add_parser("run", help="a whole analysis from its analysis.toml")
    run.add_argument("analysis", type=Path)
    run.add_argument("--save", type=Path, help="save the result (.zip)")
    _reader(run)
    run.set_defaults(run=_run)

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


def _run(given: argparse.Namespace) -> None:
    from mih_impact.study.run import run_study

    result = run_study(given.analysis)
    print(result.effects.summary(), end="\n\n")
    print(result.summary())
    if given.save is not None:
        print(result.save(given.save))


def _check(given: argparse.Namespace) -> None:
    from mih_impact.panel.panel import read_panel

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
