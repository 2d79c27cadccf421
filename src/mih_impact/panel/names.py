"""Names and codes: which register column is which of ours, and what the caller says of them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, SupportsFloat, get_args

from mih_impact import arguments
from mih_impact.display.locale import Label, Lang
from mih_impact.display.unit import is_money
from mih_impact.errors import OptionError, PanelContractError
from mih_impact.panel.contract import CONTRACT, OUTCOMES, REQUIRED
from mih_impact.panel.derived import DERIVED
from mih_impact.reference.prices import PriceIndex, adding

__all__ = [
    "NULL",
    "SURE",
    "last_version",
    "lookalikes",
    "match_names",
    "meant_by",
    "names_known",
    "price_index_of",
    "read_evidence",
    "require_mappings",
    "says_missing",
    "shown_files",
    "spelling",
    "with_nulls",
    "word_of",
]

#: Names less alike than this are not proposed beside those that are needed.
SURE = 0.85

#: A column of one year in a table with a column for each, such as lonn_2019.
_ENDS_IN_YEAR = re.compile(r"(.*\D)(?:19|20)\d\d$", re.DOTALL)

#: What Norwegian register extracts often call the columns, beside the displayed labels.
ALIASES: dict[str, tuple[str, ...]] = {
    "person_id": ("lopenr", "lnr", "w21_lnr", "pid", "id", "fnr_kryptert", "personnr", "person"),
    "month": ("maaned", "mnd", "mnr"),
    "start_month": ("startmaaned", "oppstartsmaaned", "startmnd"),
    "year": ("aar", "aargang", "inntektsaar", "calendar_year", "yr"),
    "wage_income": ("lonn", "lonnsinntekt", "wlonn", "wage", "wages", "earnings", "re74"),
    "start_year": ("oppstart", "startaar", "oppstartsaar", "treatment_year"),
    "measure": ("tiltak", "tiltakstype", "programme"),
    "birth_year": ("fodselsaar", "faar", "birthyear", "foedselsaar"),
    "death_year": ("dodsaar", "doedsaar"),
    "emigration_year": ("utvandringsaar",),
    "sex": ("kjonn", "kjoenn", "gender"),
    "eligible": ("malgruppe", "maalgruppe"),
    "sosialhjelp": ("okonomisk_sosialhjelp", "sosial"),
    "uforetrygd": ("ufore", "ufoeretrygd"),
}


def match_names(
    present: tuple[str, ...], columns: dict[str, str], *, monthly: bool = False
) -> dict[str, str]:
    """Return our name -> the register's for every column that is taken in."""
    unknown = {name: source for name, source in columns.items() if source not in present}
    if unknown:
        hints = []
        for source in unknown.values():
            near = difflib.get_close_matches(source, present, n=3, cutoff=0.6)
            hints.append(
                f"{source!r} is not there" + (f" (nearest: {', '.join(near)})" if near else "")
            )
        raise OptionError(
            "columns={...} names register columns that do not exist",
            found="; ".join(hints),
            do=f"choose among: {', '.join(present)}",
        )
    sources = list(columns.values())
    shared = sorted({source for source in sources if sources.count(source) > 1})
    if shared:
        raise OptionError(
            "columns={...} uses one register column for two names",
            found=", ".join(shared),
            do="give each name a column of its own",
        )
    double = [n for n, s in columns.items() if n != s and n in present and n not in sources]
    if double:
        raise PanelContractError(
            "There are two sources for one name",
            found="; ".join(
                f"{n} exists, and columns={{...}} takes it from {columns[n]}" for n in double
            ),
            do="drop one of the two, or give the existing column another name in columns={...}",
        )
    names = dict(columns)
    names |= {name: name for name in present if name not in names and name not in sources}
    required = [*REQUIRED, "month"] if monthly else list(REQUIRED)
    if monthly and ("start_year" in names or "start_month" in names):
        required += ["start_year", "start_month"]
    missing = [name for name in required if name not in names]
    if missing:
        _raise_missing(missing, [name for name in present if name not in sources], columns, names)
    if not monthly and "month" in names:
        raise PanelContractError(
            "A panel with a row per person and year has no month",
            found=f"the column {names['month']}",
            do='read it by month: period="month"; or drop or rename the column',
        )
    _check_derived(names)
    ordered = [name for name in CONTRACT if name in names]
    ordered += [name for name in names if name not in CONTRACT]
    return {name: names[name] for name in ordered}


def _check_derived(names: Mapping[str, str]) -> None:
    """Refuse a register column that competes with a quantity the library derives itself."""
    taken = [name for name in DERIVED if name in names]
    if "birth_year" not in names and "age" in taken:
        taken.remove("age")  # without birth years the register's own age is the only one
    if taken:
        raise PanelContractError(
            "There are two sources for one name",
            found=f"{', '.join(taken)} in the register, and derived by the library",
            do='drop the column, or rename it: columns={"my_' + taken[0] + f'": "{taken[0]}"}}',
        )


def _raise_missing(
    missing: list[str], free: list[str], columns: Mapping[str, str], names: Mapping[str, str]
) -> None:
    if "year" in missing and (by_year := _column_a_year(free)):
        stem, wide = by_year
        raise PanelContractError(
            "A row is a person, and the years are columns",
            found=f"{wide[0]} to {wide[-1]}, and no column with the year",
            do="make a row for each person and year first: pandas.wide_to_long(frame, "
            f"[{stem!r}], i={names.get('person_id', '...')!r}, j='year').reset_index()",
        )
    # What has a name of ours already is not another of ours misspelt.
    known = set(CONTRACT) & set(names)
    guesses = lookalikes(missing, [column for column in free if column not in known])
    proposal = dict(columns) | {name: guesses.get(name, "...") for name in missing}
    if not known & set(OUTCOMES):  # nor can the wage be taken for something else
        unused = [column for column in free if column not in (*known, *proposal.values())]
        proposal |= lookalikes(["wage_income"], unused)
    unused = [column for column in free if column not in (*known, *proposal.values())]
    rest = [n for n, c in CONTRACT.items() if n not in (*names, *proposal) and not c.monthly]
    proposal |= lookalikes(rest, unused, cutoff=SURE)
    paste = ", ".join(f'"{name}": "{source}"' for name, source in proposal.items())
    raise PanelContractError(
        f"Required columns are missing: {', '.join(missing)}",
        found=f"the columns {', '.join(free) or 'none'}",
        do=f"say which they are: columns={{{paste}}}",
    )


def _column_a_year(columns: list[str]) -> tuple[str, list[str]] | None:
    """Return what comes before the year in the most columns that are one a year, and them."""
    stems: dict[str, list[str]] = {}
    for column in columns:
        if found := _ENDS_IN_YEAR.match(column):
            stems.setdefault(found[1], []).append(column)
    wide = max(stems.items(), key=lambda each: len(each[1]), default=("", []))
    return (wide[0], sorted(wide[1])) if len(wide[1]) > 2 else None


def lookalikes(wanted: list[str], free: list[str], cutoff: float = 0.6) -> dict[str, str]:
    """Return for each wanted name the register column most like it, if any is like it.

    Compared with the name, its displayed labels and what registers often call it; each register
    column is proposed once.

    Examples
    --------
    >>> lookalikes(["person_id", "wage_income"], ["LOPENR", "wage_incom", "kommune"])
    {'person_id': 'LOPENR', 'wage_income': 'wage_incom'}
    """
    keys = {spelling(column): column for column in free}
    scored: list[tuple[float, str, str]] = []
    for name in wanted:
        for spelled in _names_of(name):
            for key, column in keys.items():
                score = difflib.SequenceMatcher(None, spelling(spelled), key).ratio()
                if score >= cutoff:
                    scored.append((score, name, column))
    found: dict[str, str] = {}
    for _, name, column in sorted(scored, key=lambda row: -row[0]):
        if name not in found and column not in found.values():
            found[name] = column
    return found


def names_known() -> tuple[str, ...]:
    """Return every name that a column of the contract goes by: ours, displayed, or a register's."""
    return tuple(spelled for name in CONTRACT for spelled in _names_of(name))


def _names_of(name: str) -> tuple[str, ...]:
    """Return what a column of the contract is called."""
    label = CONTRACT[name].label
    return (name, label.nb, label.en, *ALIASES.get(name, ()))


def meant_by(word: str, known: Sequence[str]) -> list[str]:
    """Return the names that a word may stand for: what it is called elsewhere, or what is like it.

    Examples
    --------
    >>> meant_by("lonn", ["age", "wage_income"]), meant_by("aeg", ["age", "wage_income"])
    (['wage_income'], ['age'])
    """
    own = [name for name in known if name in CONTRACT]
    meant = [name for name in own if spelling(word) in map(spelling, _names_of(name))]
    return meant or difflib.get_close_matches(word, known, 2)


_PLAIN_LETTERS = str.maketrans("øæ", "oe") | {ord("å"): "aa"}


def spelling(name: str) -> str:
    """Return a name without case, separators and Norwegian letters.

    Examples
    --------
    >>> spelling("LØNNS-inntekt"), spelling("lonns_inntekt")
    ('lonnsinntekt', 'lonnsinntekt')
    """
    plain = name.lower().translate(_PLAIN_LETTERS)
    return re.sub(r"[^a-z0-9]", "", plain)


_SCALAR = (str, bool, int, float)


def require_mappings(columns: Any, values: Any) -> None:
    """Raise where `columns=` or `values=` is not what its name says.

    Raises
    ------
    PanelContractError
    """
    example = '{"wage_income": "lonn"}'
    if columns is not None:
        named = arguments.mapping("columns", columns, example)
        wrong = [each for pair in named.items() for each in pair if not isinstance(each, str)]
        if wrong:
            raise OptionError(
                "columns= gives our name -> the register's, both of them text",
                found=arguments.shown(wrong[0]),
                do=f"give for example columns={example}",
            )
    example = '{"sex": {1: "man", 2: "woman"}}'
    if values is None:
        return
    for name, codes in arguments.mapping("values", values, example).items():
        each = f"values[{arguments.shown(name)}]"
        pairs = arguments.mapping(each, codes, '{1: "man", 2: "woman"}')
        fits = all(_is_scalar(code) and _is_scalar(value) for code, value in pairs.items())
        if not isinstance(name, str) or not pairs or not fits:
            raise OptionError(
                "values= gives our name -> {code in the register: value}",
                found=f"{arguments.shown(name)}: {arguments.shown(dict(pairs))}",
                do=f"give for example values={example}; None is no value",
            )


def word_of(value: Any) -> str | None:
    """Return a code, or what a code means, as text; None is no value."""
    plain = value.item() if hasattr(value, "item") else value
    if plain is None or plain != plain:
        return None
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, float) and plain.is_integer():
        return str(int(plain))
    return str(plain)


def says_missing(codes: Mapping[Any, Any] | None) -> bool:
    """Return whether a recoding only says which values mean that there is none.

    The other values are then what they are, and need not be named.
    """
    return codes is not None and all(word_of(value) is None for value in codes.values())


#: What stands for no value in a TOML file, which has no null.
NULL = "null"


def with_nulls(given: Any) -> Any:
    """Return tables of a TOML file in which the text "null" is no value.

    Examples
    --------
    >>> with_nulls({"wage_income": {"9999999": "null"}})
    {'wage_income': {'9999999': None}}
    """
    if isinstance(given, Mapping):
        return {key: with_nulls(value) for key, value in given.items()}
    return None if isinstance(given, str) and given == NULL else given


def _is_scalar(value: Any) -> bool:
    """Return whether a value can be a code, or what a code means; None is no value."""
    return value is None or isinstance(value, _SCALAR) or hasattr(value, "item")


def read_evidence(given: Label | Mapping[Lang, str]) -> dict[str, str]:
    """Return what kind of data this is by language, or raise where one language is missing."""
    if isinstance(given, Label):
        return given.texts()
    languages = get_args(Lang)
    if not isinstance(given, Mapping) or {*given} != {*languages}:
        raise OptionError(
            "evidence= says what kind of data this is, in both languages",
            found=repr(given),
            do='give {"nb": "registerdata ...", "en": "register data ..."}',
        )
    return {lang: str(given[lang]) for lang in languages}


def _remedy(index: PriceIndex, price_year: int) -> str:
    """Return what to do about a price year that an index lacks."""
    if index.shipped:
        return f"choose a year within it, or add years: index={adding([price_year])}"
    return (
        f"give {price_year} in index= too: it takes the place of the shipped index; or add the "
        f"years to that: index={adding([*index.years, price_year])}"
    )


def price_index_of(
    money: str,
    price_year: int,
    currency: str,
    index: PriceIndex | Mapping[int, SupportsFloat] | None,
) -> PriceIndex | None:
    """Return the index of a panel, None for fixed prices without; refuse contradictions."""
    arguments.choice("read_panel", "money", money, ("nominal", "fixed"))
    if not isinstance(currency, str) or not is_money(currency):
        raise OptionError(
            "A currency is given by its ISO code",
            found=f"currency={arguments.shown(currency)}",
            do='give three capital letters, such as currency="NOK"',
        )
    arguments.whole("price_year", price_year, low=1)
    if money == "fixed" and index is None:
        return None
    if index is None and currency != "NOK":
        raise PanelContractError(
            "The shipped consumer price index is Norwegian",
            found=f"nominal money in {currency}",
            do=f'pass index={{year: value}} for {currency}, or money="fixed"',
        )
    if index is None:
        index = PriceIndex.kpi()
    elif not isinstance(index, PriceIndex):
        index = PriceIndex.from_mapping(index)
    if price_year not in index.years:
        raise OptionError(
            f"There is no {index.name} for the price year {arguments.shown(price_year)}",
            found=f"an index for {index.range}",
            do=_remedy(index, int(price_year))
            + (
                ""
                if money == "fixed"
                else '; if the money is in fixed prices already, give money="fixed"'
            ),
        )
    return index


def shown_files(files: Sequence[str]) -> list[str]:
    """Return names of files, some of them where they are many, with folders where names repeat."""
    names = [Path(file).name for file in files]
    shown = names if len({*names}) == len(names) else list(files)
    return shown if len(shown) <= 4 else [*shown[:3], "…"]


#: What files of several versions differ by.
_VERSION = re.compile(r"[_-]v([0-9]+)$", re.IGNORECASE)


def last_version(files: Sequence[str], among: Sequence[str]) -> str | None:
    """Return the last version of files whose names differ by _v1, _v2 only; None if others do.

    Examples
    --------
    >>> last_version(["a_v1.csv", "a_v9.csv"], ["a_v1.csv", "a_v10.csv", "a_v9.csv"])
    'a_v10.csv'
    """

    def split(file: str) -> tuple[str, int] | None:
        found = _VERSION.search(Path(file).stem)
        return None if found is None else (Path(file).stem[: found.start()], int(found[1]))

    kinds = {None if (parts := split(file)) is None else parts[0] for file in files}
    if len(kinds) != 1 or None in kinds:
        return None
    versions = [(parts[1], file) for file in among if (parts := split(file)) and parts[0] in kinds]
    return Path(max(versions)[1]).name
