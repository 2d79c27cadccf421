"""Code lists of Norwegian registers: municipalities, counties, education, groups, measures.

Each call returns a `Recoding`, which goes into ``read_panel(values={...})`` or is called on a
column. One door for both: a recoding is what ``values=`` has always taken, a mapping from the
register's codes, and the panel's checks count what it does.

What was divided has no one answer. Without a rule such a code is an error; `splits` gives one:

- ``{"1507": "1508"}``: this code to that part, for each code that is met;
- ``"together"``: what was divided stays one place in every year, under its lowest code;
- ``"missing"``: no value.

Other countries' lists, and lists of one's own, go in by `correspondence`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

from mih_impact import arguments
from mih_impact.errors import OptionError
from mih_impact.reference.recoding import Recoding, Splits, correspondence, settled

__all__ = [
    "Recoding",
    "correspondence",
    "county",
    "education_level",
    "effort_group",
    "in_use",
    "municipality",
    "programme",
]

#: First and last year that the list of municipalities covers.
FIRST, LAST = 1977, 2026
#: Svalbard has one code of its own in the registers that have 2100-2199.
_SVALBARD = {f"21{i:02d}": ("2111",) for i in range(100)}


#: What each code is: one code, or several that it was divided into.
Answers = Mapping[str, tuple[str, ...]]


class Place(NamedTuple):
    """A municipality's code: the years it was in use, and what it is by the codes of 2024."""

    first: int
    last: int
    now: tuple[str, ...]


def municipality(year: int | None = None, *, splits: Splits = None) -> Recoding:
    """Return municipality codes of any year as those of one year.

    Parameters
    ----------
    year
        The year whose codes are wanted, 1977 to 2026; None keeps each code as it is, and only puts
        leading zeros back and makes codes that are no place missing.
    splits
        What becomes of a code that was divided; None makes it an error where it is met.

    Returns
    -------
    Recoding
        Of 844 codes. Codes without their leading zero (301) are those codes (0301). Codes that are
        unknown, not stated or abroad (9999, 0000, 2599) become missing.

    Raises
    ------
    PanelContractError
        Another year.

    Notes
    -----
    From the Norwegian Institute of Public Health's list of what each code is in 2024 (package
    csdata). To an earlier year it goes by way of 2024: a code valid in that year is itself, another
    is the one code of that year whose territory has the same code in 2024; where there are several
    it was divided, looked at from then, as many codes were for years before 2020. Divided from 2020
    on: Ålesund (1507: 1508 and Haram 1580, 2024), Tysfjord (1850) and Snillfjord (5012).

    Examples
    --------
    >>> import pandas as pd
    >>> municipality(2024)(pd.Series([301, 1103, 101])).tolist()
    ['0301', '1103', '3101']
    >>> municipality(2024, splits="together")(pd.Series(["1507", "1508", "1580"])).tolist()
    ['1508', '1508', '1508']
    """
    if year is None:
        answers: Answers = {code: (code,) for code in _places()}
        name = "municipality codes as they are"
    else:
        answers = _places_in(_year(year))
        name = f"municipality codes of {year}"
    found = settled(
        name,
        {**_SVALBARD, **answers},
        splits,
        call=f"mih.codes.municipality({_shown(year, splits)})",
        source=_place_source(),
        status="derived",
    )
    return _with_zeros(found, 4) | _no_values("municipality")


def county(
    year: int | None = None,
    *,
    of: Literal["municipality", "county"] = "municipality",
    splits: Splits = None,
) -> Recoding:
    """Return the county, by the codes of one year, of municipality codes or of county codes.

    Parameters
    ----------
    year
        The year whose counties are wanted; None is the county of each code's own time.
    of
        What the codes are. Of municipalities all counties of 2024 are known. Counties alone were
        divided in every reform (Viken, Troms og Finnmark) or had municipalities that left.
    splits
        As for `municipality`.

    Returns
    -------
    Recoding

    Raises
    ------
    PanelContractError
        Another year, or `of` something else.

    Examples
    --------
    >>> import pandas as pd
    >>> county(2024)(pd.Series(["0101", "3001", "1507", "1613"])).tolist()
    ['31', '31', '15', '50']
    >>> county(of="county")(pd.Series([2, 30, 99])).fillna("-").tolist()
    ['02', '30', '-']
    """
    arguments.choice("county", "of", of, ("municipality", "county"))
    if year is None:
        places: Answers = {code: (code[:2],) for code in _places()}
    else:
        places = {code: _heads(new) for code, new in _places_in(_year(year)).items()}
    if of == "county":
        places = _whole_counties(places, year)
    svalbard = _SVALBARD if of == "municipality" else ["21"]
    shown = ", ".join(
        filter(None, (_shown(year, splits), "" if of == "municipality" else 'of="county"'))
    )
    found = settled(
        "county codes of their time" if year is None else f"county codes of {year}",
        {**dict.fromkeys(svalbard, ("21",)), **places},
        splits,
        call=f"mih.codes.county({shown})",
        source=_place_source(),
        status="derived",
    )
    return _with_zeros(found, 4 if of == "municipality" else 2) | _no_values(of)


def _whole_counties(places: Answers, year: int | None) -> Answers:
    """Return what the counties of municipalities are; one that exists in the year is itself."""
    found: dict[str, tuple[str, ...]] = {}
    for code, heads in places.items():
        found[code[:2]] = tuple(dict.fromkeys((*found.get(code[:2], ()), *heads)))
    there = (
        {*found}
        if year is None
        else {code[:2] for code, place in _places().items() if place.first <= year <= place.last}
    )
    return {code: (code,) if code in there else heads for code, heads in found.items()}


def education_level() -> Recoding:
    """Return codes of the Norwegian standard of education (NUS2000) as their level.

    Returns
    -------
    Recoding
        Six digits to the first of them, 1 to 8; 999999 (not stated) to missing.

    Examples
    --------
    >>> import pandas as pd
    >>> education_level()(pd.Series(["641108", "201199", "999999"])).fillna("-").tolist()
    ['6', '2', '-']
    """
    levels = {str(level): str(level) for level in range(1, 9)}
    return Recoding(
        "education levels (NUS2000)", {**levels, **_no_values("nus2000")}, heads=6,
        source=_source("no_value_codes", "nus2000"), call="mih.codes.education_level()",
    )  # fmt: skip


def effort_group(to: Literal["new", "arena"] = "new", *, splits: Splits = None) -> Recoding:
    """Return Nav's effort groups (innsatsgrupper) by the names of 2024, or by Arena's codes.

    Parameters
    ----------
    to
        "new": from Arena's codes, the former names or the former enumerations. VARIG is two of the
        new groups. "arena": from the new or the former ones, where two become one.
    splits
        As for `municipality`.

    Examples
    --------
    >>> import pandas as pd
    >>> effort_group()(pd.Series(["IKVAL", "BATT"])).tolist()
    ['GODE_MULIGHETER', 'TRENGER_VEILEDNING_NEDSATT_ARBEIDSEVNE']
    """
    arguments.choice("effort_group", "to", to, ("new", "arena"))
    becomes = "enum_new" if to == "new" else "arena_code"
    names = ("arena_code", "name_until_2024", "enum_old", "enum_new", "name_new")
    answers = _answers("effort_groups", names, becomes)
    return settled(
        "effort groups" if to == "new" else "effort groups by Arena's codes", answers, splits,
        call=f'mih.codes.effort_group("{to}")', source=_source("effort_groups"),
    )  # fmt: skip


def programme(to: Literal["new", "arena"] = "new", *, splits: Splits = None) -> Recoding:
    """Return codes of labour-market measures (tiltakskoder): Arena's as the new ones, or back.

    Parameters
    ----------
    to
        "new": from Arena's codes; GRUPPEAMO and GRUFAGYRKE are several of the new measures.
        "arena": from the new ones; a measure that Arena never had is not in the list.
    splits
        As for `municipality`.

    Examples
    --------
    >>> import pandas as pd
    >>> programme()(pd.Series(["ARBTREN", "ENKELAMO"])).tolist()
    ['ARBEIDSTRENING', 'ENKELTPLASS_ARBEIDSMARKEDSOPPLAERING']
    """
    arguments.choice("programme", "to", to, ("new", "arena"))
    becomes = "programme_code" if to == "new" else "arena_code"
    answers = _answers("programme_codes", ("arena_code", "programme_code"), becomes)
    return settled(
        "measures" if to == "new" else "measures by Arena's codes", answers, splits,
        call=f'mih.codes.programme("{to}")', source=_source("programme_codes"),
    )  # fmt: skip


def in_use(year: int) -> tuple[str, ...]:
    """Return the municipality codes that were in use in a year.

    Raises
    ------
    PanelContractError
        A year that the list does not have.

    Examples
    --------
    >>> "1601" in in_use(2017), "1601" in in_use(2018), "5001" in in_use(2018)
    (True, False, True)
    """
    return tuple(c for c, place in _places().items() if place.first <= _year(year) <= place.last)


# --- what looks wrong in a column of places -------------------------------------------------------

#: Years in which many codes were replaced: the merger of Trøndelag, the reform, and its reversal.
REFORMS = (2018, 2020, 2024)


class Suspicious(NamedTuple):
    """Codes of places by what is the matter with them.

    Attributes
    ----------
    whole, no_place, stripped
        Codes as they are, codes that are no place, and codes that have lost a leading zero.
    before, since
        By year of a reform: codes that were in use only before, and only since.
    """

    whole: tuple[str, ...]
    no_place: tuple[str, ...]
    stripped: tuple[str, ...]
    before: Mapping[int, tuple[str, ...]]
    since: Mapping[int, tuple[str, ...]]


@cache
def suspicious(column: str) -> Suspicious:
    """Return the codes of municipalities, or of counties, that do not go together.

    Examples
    --------
    >>> found = suspicious("county")
    >>> "02" in found.before[2020], "30" in found.since[2020], "30" in found.before[2024]
    (True, True, True)
    """
    used: dict[str, tuple[int, int]] = {}
    for code, place in _places().items():
        key = code if column == "municipality" else code[:2]
        first, last = used.get(key, (place.first, place.last))
        used[key] = min(first, place.first), max(last, place.last)
    return Suspicious(
        whole=tuple(used),
        no_place=tuple(_no_values(column)),
        stripped=tuple(code[1:] for code in used if code.startswith("0")),
        before={y: tuple(c for c, (_, last) in used.items() if last < y) for y in REFORMS},
        since={y: tuple(c for c, (first, _) in used.items() if first >= y) for y in REFORMS},
    )


def of_several_times(column: str, codes: Iterable[str]) -> str | None:
    """Return what is wrong where codes of places were not in use at one time, and what mends it.

    Examples
    --------
    >>> of_several_times("municipality", ["0301", "1103"]) is None
    True
    >>> print(of_several_times("municipality", ["0101", "3001", "3101"]))  # doctest: +ELLIPSIS
    municipality has codes in use only before 2020 (1) beside codes in use only since (2): ...
    """
    if column not in ("county", "municipality"):
        return None
    odd, met = suspicious(column), {*codes}
    for year in REFORMS:
        old, new = met & {*odd.before[year]}, met & {*odd.since[year]}
        if old and new:
            mend = 'values={"municipality": mih.codes.municipality(2024, splits="together")}'
            if column == "county":
                mend = 'columns={"county": <the municipality\'s column>}, '
                mend += 'values={"county": mih.codes.county(2024)}'
            return (
                f"{column} has codes in use only before {year} ({len(old)}) beside codes in use "
                f"only since ({len(new)}): one place stands in two groups. Make them the codes of "
                f"one year when the panel is read: {mend}"
            )
    return None


# --- the lists ------------------------------------------------------------------------------------


def _lines(name: str) -> list[dict[str, str]]:
    text = (files(__package__) / "data" / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def _places() -> Mapping[str, Place]:
    found: dict[str, Place] = {}
    for line in _lines("municipality_codes"):
        first, last = int(line["valid_from_year"]), int(line["valid_to_year"] or LAST)
        known = found.get(line["code"], Place(first, last, ()))
        found[line["code"]] = known._replace(now=(*known.now, line["code_2024"]))
    return found


@cache
def _places_in(year: int) -> Answers:
    """Return what each municipality code is by the codes of a year."""
    places = _places()
    valid = {code: place for code, place in places.items() if place.first <= year <= place.last}
    by_now: dict[str, list[str]] = {}
    for code, place in valid.items():
        for now in place.now:
            by_now.setdefault(now, []).append(code)
    found = {}
    for code, place in places.items():
        parts = tuple(dict.fromkeys(part for now in place.now for part in by_now.get(now, ())))
        same = [part for part in parts if len(place.now) > 1 and valid[part].now == place.now]
        found[code] = (code,) if code in valid else tuple(same) if len(same) == 1 else parts
    return found


def _heads(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the counties of codes, each once."""
    return tuple(dict.fromkeys(code[:2] for code in codes))


@cache
def _no_values(field: str) -> dict[str, None]:
    """Return the codes of a field that mean that there is no value, as text and as numbers."""
    codes = [line["code"] for line in _lines("no_value_codes") if line["field"] == field]
    spelled = [s for code in codes for s in (code, code.upper(), code.lstrip("0") or "0")]
    return dict.fromkeys(spelled)


def _with_zeros(recoding: Recoding, width: int) -> Recoding:
    """Return a recoding that also knows its codes without a leading zero."""
    bare = {code[1:]: code for code in (*recoding.pairs, *recoding.divided) if code[0] == "0"}
    bare = {short: code for short, code in bare.items() if len(short) == width - 1}
    pairs = {short: recoding.pairs[code] for short, code in bare.items() if code in recoding.pairs}
    return recoding | pairs


def _answers(name: str, columns: tuple[str, ...], becomes: str) -> Answers:
    """Return what the names of a line become, over all lines of a list."""
    found: dict[str, dict[str, None]] = {}
    lines = [line for line in _lines(name) if line[becomes]]
    for line in lines:
        for column in columns:
            if line[column]:
                found.setdefault(line[column], {})[line[becomes]] = None
    own = {line[becomes]: (line[becomes],) for line in lines}
    return {code: tuple(new) for code, new in found.items()} | own


def _source(name: str, field: str | None = None) -> str:
    return next(x["source"] for x in _lines(name) if field is None or x["field"] == field)


def _place_source() -> str:
    return _lines("municipality_codes")[0]["source"]


def _year(year: int) -> int:
    arguments.whole("year", year)
    if not FIRST <= year <= LAST:
        raise OptionError(
            f"There is no list of municipalities for {year}",
            found=f"lists for {FIRST}-{LAST}",
            do="choose a year within it, or give a list of your own: mih.codes.correspondence(...)",
        )
    return int(year)


def _shown(year: int | None, splits: Splits) -> str:
    given = [] if year is None else [str(year)]
    if splits is not None:
        given.append(f"splits={'{...}' if isinstance(splits, Mapping) else repr(splits)}")
    return ", ".join(given)
