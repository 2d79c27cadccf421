"""mih-impact: the library from the command line.

Usage, headings and what is printed are in the language that ``--lang`` says; errors are in English.
Every command that gives an answer gives it as JSON with ``--json``. The exit code is 0 when it is
done and 2 when something is to be mended: one message on the error stream says what.
"""

from __future__ import annotations

import argparse
import gc
import glob
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mih_impact import __version__
from mih_impact.display.locale import Label, current, options
from mih_impact.errors import MihImpactError, OptionError, PanelContractError, StorageError

if TYPE_CHECKING:
    import pandas as pd

    from mih_impact.account.cost_benefit import CostBenefit

__all__ = ["main"]

_ABOUT = Label(
    nb="Effekter av et tiltak på inntekt, og hva de er verdt.",
    en="Effects of a programme on incomes, and what they are worth.",
)
_MORE = Label(
    nb="Mer om en kommando: mih-impact KOMMANDO --help",
    en="More about a command: mih-impact COMMAND --help",
)
_WRITTEN = Label(nb="{n} filer skrevet til {out}", en="{n} files written to {out}")
_USAGE = Label(nb="bruk: ", en="usage: ")
_EXAMPLES = Label(nb="eksempler", en="examples")
_GIVEN = Label(nb="det som skal oppgis", en="what is given")
_OPTIONS = Label(nb="valg", en="options")
_LISTED = Label(nb="kommandoer", en="commands")
_COMMAND = Label(nb="KOMMANDO", en="COMMAND")
_HELP = Label(nb="vis denne hjelpen", en="show this help")
_VERSION = Label(nb="vis versjonen", en="show the version")
_LANG = Label(nb="språk: nb (bokmål, hvis ikke annet sies) eller en", en="language: nb or en")
_LIES_OUTSIDE = Label(
    nb="Registeret ligger utenfor mappen: legg --allow-outside til i check og run.",
    en="The register lies outside the folder: add --allow-outside to check and run.",
)
_REGISTER_ALONE = Label(
    nb="Dette kontrollerte registeret. Det analysen ber om, kontrolleres av mih-impact run.",
    en="This checked the register. What the analysis asks for is checked by mih-impact run.",
)
_QUIET = Label(nb="ingen framdriftslinje", en="no progress bar")
_JSON = Label(nb="svaret som JSON", en="the answer as JSON")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; a typed error is one message on the error stream and exit code 2.

    Parameters
    ----------
    arguments
        The words after `mih-impact`; those of the process if None.

    Returns
    -------
    int
        The exit code: 0 when it is done, 2 when something is to be mended.
    """
    words, usual = list(sys.argv[1:] if arguments is None else arguments), gc.get_threshold()
    with options(lang=_language_of(words)):
        given = _parser().parse_args(words)
        try:
            # A tenth of a command's time was to look for circles among all it imports and makes.
            gc.set_threshold(200_000, *usual[1:])
            with options(progress=not (given.quiet or given.json)):
                given.run(given)
        except MihImpactError as error:
            print(f"mih-impact: {error}", file=sys.stderr)
            return 2
        finally:
            gc.set_threshold(*usual)
    return 0


def _language_of(words: Sequence[str]) -> Any:
    """Return the language that is asked for, wherever it stands; help is in it too."""
    asked = [
        word.partition("=")[2] or "".join(words[at + 1 : at + 2])
        for at, word in enumerate(words)
        if word.partition("=")[0] == "--lang"
    ]
    return asked[-1] if asked and asked[-1] in ("nb", "en") else None


# --- what can be asked ----------------------------------------------------------------------------


class _Option(NamedTuple):
    """An option or argument of a command: its name, what it is for, and argparse's own words."""

    name: str
    nb: str
    en: str
    how: Mapping[str, Any] = {}


class _Command(NamedTuple):
    """A command: what runs, what it is for, what it takes, and lines that can be typed."""

    run: Callable[[argparse.Namespace], None]
    nb: str
    en: str
    takes: tuple[_Option, ...]
    examples: tuple[str | Label, ...]


class _Layout(argparse.RawDescriptionHelpFormatter):
    """Help in the language in force; examples are left as they stand."""

    def add_usage(
        self, usage: str | None, actions: Any, groups: Any, prefix: str | None = None
    ) -> None:
        super().add_usage(usage, actions, groups, _USAGE.text() if prefix is None else prefix)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mih-impact",
        description=_ABOUT.text(),
        epilog=_MORE.text(),
        add_help=False,
        formatter_class=_Layout,
    )
    _common(parser)
    version = f"mih-impact {__version__}"
    parser.add_argument("--version", action="version", version=version, help=_VERSION.text())
    commands = parser.add_subparsers(
        required=True, title=_LISTED.text(), metavar=_COMMAND.text(), dest="command"
    )
    for name, command in _COMMANDS.items():
        says = Label(nb=command.nb, en=command.en).text()
        shown = (f"  mih-impact {name} {_text(example)}" for example in command.examples)
        lines = "\n".join(line.rstrip() for line in shown)
        each = commands.add_parser(
            name,
            help=says,
            description=says[0].upper() + says[1:] + ".",
            epilog=f"{_EXAMPLES.text()}:\n{lines}",
            add_help=False,
            formatter_class=_Layout,
        )
        for option in command.takes:
            how = {key: _text(value) for key, value in option.how.items()}
            each.add_argument(option.name, help=Label(nb=option.nb, en=option.en).text(), **how)
        _common(each)
        each.add_argument("--quiet", action="store_true", help=_QUIET.text())
        each.add_argument("--json", action="store_true", help=_JSON.text())
        each.set_defaults(run=command.run)
    return parser


def _text(value: Any) -> Any:
    """Return a label in the language in force, and anything else as it is."""
    return value.text() if isinstance(value, Label) else value


def _common(parser: argparse.ArgumentParser) -> None:
    """Add what every command has, and headings in the language in force."""
    parser._positionals.title = _GIVEN.text()
    parser._optionals.title = _OPTIONS.text()
    parser.add_argument("-h", "--help", action="help", help=_HELP.text())
    lang = {"choices": ("nb", "en"), "default": current().lang, "help": _LANG.text()}
    parser.add_argument("--lang", **lang)  # type: ignore[arg-type]


def _say(given: argparse.Namespace, text: str, **content: Any) -> None:
    """Print an answer: the text, or with --json its content as one object."""
    print(json.dumps(content, ensure_ascii=False, indent=2) if given.json else text)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as JSON has them; what is missing is null."""
    rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", force_ascii=False))
    return rows


def _paths(files: Iterable[str | Path]) -> list[str]:
    return [str(path) for path in files]


# --- commands -------------------------------------------------------------------------------------


def _reproduce(given: argparse.Namespace) -> None:
    from mih_impact.nav.reproduce import reproduce_nav

    replication = reproduce_nav()
    # The card asks for the last estimates: what they are made from is let go before the figures.
    text, files = f"{replication.summary()}\n\n{replication.case.summary()}", []
    if given.out is not None:
        files = replication.write(given.out)
        text += "\n\n" + _WRITTEN.format(n=len(files), out=given.out).text()
    shown = replication.shown()
    _say(
        given,
        text,
        published=_records(shown.to_frame()),
        by_actor=_records(shown.case.by_actor()),
        files=_paths(files),
    )


def _init(given: argparse.Namespace) -> None:
    from mih_impact.panel.files import files_of
    from mih_impact.study.start import write_template

    named = Path(given.source)
    is_folder = named.is_dir() or not (named.suffix or glob.has_magic(given.source))
    data = None if is_folder else given.source
    if data is not None:
        files_of(data)
    folder = given.out or (named if is_folder else Path())
    files = write_template(folder, data=data, lang=given.lang)
    text = _WRITTEN.format(n=len(files), out=folder).text()
    if data is not None and not Path(data).resolve().is_relative_to(Path(folder).resolve()):
        text += f"\n{_LIES_OUTSIDE.text()}"
    _say(given, text, files=_paths(files))


def _run(given: argparse.Namespace) -> None:
    from mih_impact.study.advice import told
    from mih_impact.study.run import run_study, write_outputs
    from mih_impact.study.spec import StudySpec

    spec = StudySpec.from_toml(given.analysis)
    if not given.allow_outside:
        spec.require_inside()
    result = run_study(spec, write=False, allow_outside=given.allow_outside)
    with told():
        shown = result.shown()  # what may not be written is not printed either
    text = f"{result.effects.summary()}\n\n{result.summary()}"
    files = []
    if given.save is not None:
        files.append(result.save(given.save))
        text += f"\n{files[0]}"
    if spec.outputs is not None:
        folder = given.analysis.parent
        written = write_outputs(result, spec.outputs, folder)
        text += "\n\n" + _WRITTEN.format(n=len(written), out=folder / spec.outputs.folder).text()
        files += written
    _say(
        given,
        text,
        name=result.name,
        **_records(shown.before_start())[0],
        effects=_records(shown.effects.to_frame()),
        by_actor=_records(shown.case.by_actor()),
        files=_paths(files),
    )


def _memo(given: argparse.Namespace) -> None:
    from mih_impact.reporting.memo.write import write_memo_folder

    case, starters = _case(given.case), _starters(given.starters)
    files = write_memo_folder(case, given.out, lang=given.lang, starters=starters)
    _say(given, _WRITTEN.format(n=len(files), out=given.out).text(), files=_paths(files))


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
        raise OptionError(
            "Starters are years with a number of persons each",
            found=repr(text),
            do="write --starters 2026:500,2027:700",
        ) from None


def _build(given: argparse.Namespace) -> None:
    from mih_impact.registers.spec import build_from_toml
    from mih_impact.study.advice import as_tables, told

    with told(as_tables):
        panel = build_from_toml(given.tables, out=given.out, allow_outside=given.allow_outside)
    sources, path = panel.sources(), given.out / "panel.parquet"
    _say(given, f"{sources}\n{path}", sources=_records(sources), files=_paths([path]))


def _check(given: argparse.Namespace) -> None:
    from mih_impact.panel.read import read_panel
    from mih_impact.study.advice import as_flags, as_toml, report_told, told
    from mih_impact.study.run import read_data
    from mih_impact.study.spec import StudySpec

    columns, analysis = dict(_pair(pair) for pair in given.columns), ""
    of_analysis = Path(given.register).suffix == ".toml"
    if of_analysis:
        if columns:
            raise PanelContractError(
                "Names of columns are given twice over",
                found="--columns beside an analysis",
                do="write them into the analysis: columns = { person_id = 'lopenr' }",
            )
        spec = StudySpec.from_toml(given.register)
        if not given.allow_outside:
            spec.require_inside()
        panel, analysis = read_data(spec), spec.in_words()
    else:
        with told(as_flags):
            panel = read_panel(given.register, columns=columns or None)
    report = report_told(panel.check(), as_toml if of_analysis else as_flags)
    said = (report.summary(), *((analysis, _REGISTER_ALONE.text()) if analysis else ()))
    _say(
        given,
        "\n\n".join(said),
        passed=report.passed,
        **({"analysis": analysis} if analysis else {}),
        rows=report.n_rows,
        persons=report.n_persons,
        years=report.years,
        breaches=_records(report.to_frame()),
    )
    report.raise_if_failed()


def _pair(text: str) -> tuple[str, str]:
    """Return our name and the register's from "wage_income=lonn"."""
    ours, equals, theirs = text.partition("=")
    if not (ours and equals and theirs):
        raise PanelContractError(
            "--columns takes pairs, the library's name = the register's name",
            found=repr(text),
            do="write pairs after the register, as the examples of mih-impact check --help do",
        )
    return ours.strip(), theirs.strip()


def _synthesize(given: argparse.Namespace) -> None:
    from mih_impact.panel.synthetic.delivery import synthetic_delivery
    from mih_impact.panel.synthetic.register import write_register
    from mih_impact.panel.synthetic.stream import stream_register

    if (given.out is None) == (given.delivery is None):
        raise OptionError(
            "synthesize writes the register, or its tables",
            do="give one folder: --out for the register, --delivery for tables to practise on",
        )
    if given.delivery is not None:
        size = {"participants": given.participants, "persons": given.persons}
        size = {name: n for name, n in size.items() if n is not None}
        files = _paths(synthetic_delivery(given.delivery, seed=given.seed, **size))
    elif given.persons is None:
        files = _paths(write_register(given.out, seed=given.seed))
    else:
        written = stream_register(
            given.out,
            persons=given.persons,
            participants=given.participants,
            period=given.by,
            first_year=given.first_year,
            seed=given.seed,
        )
        files = [str(written.source)]
    _say(given, "\n".join(files), files=files)


_SCRIPT = """\
_mih_impact() {{
  local words="{commands} {always}"
  case "${{COMP_WORDS[1]}}" in
{cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$2"))
  if (( COMP_CWORD > 1 )); then COMPREPLY+=($(compgen -f -- "$2")); fi
}}
complete -o filenames -F _mih_impact mih-impact
"""


def _completion(given: argparse.Namespace) -> None:
    """Print a script for the shell; zsh reads that of bash."""
    always = "--help --lang --quiet --json"
    known = {
        name: [option.name for option in command.takes if option.name.startswith("-")]
        for name, command in _COMMANDS.items()
    }
    cases = "\n".join(
        f'    {name}) words="{" ".join([*names, always])}" ;;' for name, names in known.items()
    )
    script = _SCRIPT.format(commands=" ".join(known), always="--help --version --lang", cases=cases)
    if given.shell == "zsh":
        script = f"autoload -U +X bashcompinit && bashcompinit\n{script}"
    _say(given, script, script=script)


# --- the commands, in the order in which an analysis meets them -----------------------------------

_OUTSIDE = _Option(
    "--allow-outside",
    "filen får lese og skrive utenfor sin egen mappe: bare for en fil du har lest",
    "the file may read and write outside its own folder: only for a file that you have read",
    {"action": "store_true"},
)
_OUT = _Option("--out", "mappe", "folder", {"type": Path, "required": True})
_COMMANDS: dict[str, _Command] = {
    "reproduce": _Command(
        _reproduce,
        "referansesaken: det publiserte ved siden av det beregnede",
        "the reference case: published beside computed",
        (
            _Option(
                "--out",
                "mappe for tabeller og figurer",
                "folder for tables and figures",
                {"type": Path},
            ),
        ),
        ("", "--out out --lang en"),
    ),
    "init": _Command(
        _init,
        "en analyse å begynne med, gjerne skrevet ut fra kolonnene i et register",
        "an analysis to start from, written from a register's columns if there is one",
        (
            _Option(
                "source",
                "et register (Parquet, CSV, Stata, ...), eller en mappe å skrive til",
                "a register (Parquet, CSV, Stata, ...), or a folder to write to",
                {"nargs": "?", "default": ".", "metavar": Label(nb="DATA|MAPPE", en="DATA|FOLDER")},
            ),
            _Option("--out", "mappe å skrive til", "folder to write to", {"type": Path}),
        ),
        (
            Label(nb="min_analyse", en="my_analysis"),
            Label(nb="register.parquet --out min_analyse", en="register.parquet --out my_analysis"),
            Label(nb='"uttrekk/*.csv" --lang en', en='"extract/*.csv" --lang en'),
        ),
    ),
    "check": _Command(
        _check,
        "alt som bryter kontrakten i et register, og hva som skal gjøres",
        "every breach of the contract in a register, and what to do",
        (
            _Option(
                "register",
                "et register (fil eller jokertegn), eller en analysis.toml",
                "a register (a file or a glob), or an analysis.toml",
            ),
            _Option(
                "--columns",
                "bibliotekets navn = registerets navn, der de er ulike",
                "the library's name = the register's name, where they differ",
                {
                    "nargs": "+",
                    "action": "extend",
                    "metavar": Label(nb="NAVN=KOLONNE", en="NAME=COLUMN"),
                    "default": [],
                },
            ),
            _OUTSIDE,
        ),
        (
            "analysis.toml",
            '"extract/*.parquet" --lang en',
            "register.csv --columns person_id=lopenr wage_income=lonn",
            "register.parquet --json",
        ),
    ),
    "build": _Command(
        _build,
        "et panel av tabellene i et uttrekk",
        "a panel from the tables of an extract",
        (
            _Option(
                "tables",
                "filen som forteller om dem",
                "the file that tells of them",
                {"type": Path, "metavar": "tables.toml"},
            ),
            _OUT,
            _OUTSIDE,
        ),
        ("tables.toml --out panel",),
    ),
    "run": _Command(
        _run,
        "en hel analyse fra sin analysis.toml",
        "a whole analysis from its analysis.toml",
        (
            _Option(
                "analysis", "analysen", "the analysis", {"type": Path, "metavar": "analysis.toml"}
            ),
            _OUTSIDE,
            _Option("--save", "lagre resultatet (.zip)", "save the result (.zip)", {"type": Path}),
        ),
        ("analysis.toml", "analysis.toml --save result.zip --lang en"),
    ),
    "memo": _Command(
        _memo,
        "notatet som HTML, Word og PDF, regneark og budsjettside",
        "the memo as HTML, Word and PDF, its workbook, and the budget page",
        (
            _OUT,
            _Option(
                "--case",
                "et lagret resultat (.zip); ellers referansesaken",
                "a saved result (.zip); else the reference case",
                {"type": Path},
            ),
            _Option(
                "--starters",
                "antall som starter, etter oppstartsår; uten er det et eksempel, 500 i året",
                "persons who start, by start year; without, an example of 500 a year",
                {
                    "default": "2026:500,2027:500,2028:500",
                    "metavar": Label(nb="ÅR:ANTALL", en="YEAR:N"),
                },
            ),
        ),
        (
            "--out memo",
            Label(
                nb="--case sak.zip --out notat --starters 2026:500,2027:700",
                en="--case out/case.zip --out memo --starters 2026:500,2027:700 --lang en",
            ),
        ),
    ),
    "synthesize": _Command(
        _synthesize,
        "skriv det syntetiske registeret",
        "write the synthetic register",
        (
            _Option("--out", "mappe for registeret", "folder of the register", {"type": Path}),
            _Option(
                "--delivery",
                "mappe for registeret som tabeller og forløp, slik registre leverer dem: til øving",
                "folder of the register as tables and spells, as registers send them: to practise",
                {"type": Path},
            ),
            _Option("--seed", "frø", "seed", {"type": int, "default": 2025}),
            _Option(
                "--persons",
                "et register av denne størrelsen; ellers det som følger med",
                "a register of this size, streamed; else the shipped one",
                {"type": int},
            ),
            _Option(
                "--participants",
                "hvor mange som starter (én av 350)",
                "how many start (one in 350)",
                {"type": int},
            ),
            _Option(
                "--by",
                "hva en rad gjelder",
                "a row's period",
                {"choices": ("year", "month"), "default": "year"},
            ),
            _Option(
                "--first-year",
                "første år",
                "first year",
                {"type": int, "default": 2009},
            ),
        ),
        ("--out register", "--delivery practice", "--out large --persons 1000000 --by month"),
    ),
    "completion": _Command(
        _completion,
        "skript som fullfører kommandoer i skallet",
        "a script that completes commands in the shell",
        (_Option("shell", "skallet", "the shell", {"choices": ("bash", "zsh")}),),
        ("bash > ~/.local/share/bash-completion/completions/mih-impact", "zsh >> ~/.zshrc"),
    ),
}
