"""A table of an extract taken into the engine: keys, dates and numbers of one type, or an error."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from mih_impact.errors import warn
from mih_impact.panel.names import says_missing, word_of
from mih_impact.reference.recoding import Recoding
from mih_impact.registers.opening import (
    ROW,
    Kind,
    Store,
    Wanted,
    first_of,
    literal,
    named,
    quoted,
    raw_of,
    require_columns,
    require_read,
)
from mih_impact.registers.tables import Source, Starts, refuse

__all__ = [
    "Kind",
    "Store",
    "Wanted",
    "first_of",
    "literal",
    "named",
    "quoted",
    "shown_codes",
    "take",
]

#: Characters beyond which a whole number is a date (20240819) and not a year.
_SPARE = "^[0-9]{4}-?[0-9]{2}$"
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
          "UINTEGER", "UBIGINT")  # fmt: skip
_FLOATS = ("FLOAT", "DOUBLE", "DECIMAL")
_ZONED = "TIMESTAMP WITH TIME ZONE"
_DATED = ("DATE", "TIMESTAMP", _ZONED)
#: A month, or a quarter, half-year or week as Stata writes it.
_PERIOD = "[0-9]{4}(-(0[1-9]|1[0-2])|q[1-4]|h[12]|w([1-9]|[1-4][0-9]|5[0-2]))"
#: A date with its year last, blanks around it.
_LAST_YEAR = "^ *([0-9]{1,2})-([0-9]{1,2})-[0-9]{4} *$"
#: Fewest rows that a code is shown of.
_ENOUGH = 5
#: A code of an amount, as SQL writes numbers.
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def take(store: Store, table: Source, name: str, wanted: Mapping[str, Wanted]) -> str:
    """Return the name of a table with `row` and the wanted columns, each of its kind.

    Parameters
    ----------
    store
        Where it goes.
    table, name
        What the caller declared, and what it is called.
    wanted
        Our name -> column and kind; a kind of None leaves it as it is.

    Raises
    ------
    PanelContractError
        A column is missing; a key, a date or a number cannot be read, or can be in two ways.
    """
    raw, unread = raw_of(store, table, name, wanted)
    require_read(name, unread)
    types = store.types(raw)
    require_columns(name, wanted, [column for column in types if column != ROW])
    if isinstance(table, Starts):
        _warn_of_statuses(table, name, [*types], {want.source for want in wanted.values()})
    dated = [w.source for w in wanted.values() if w.kind == "date" and types[w.source] == "VARCHAR"]
    reader = _Reader(store, table, name, raw, tuple(dict.fromkeys(dated)))
    amounts = [
        our for our, want in wanted.items()
        if want.kind in ("money", "number") and says_missing(want.codes)
        and types[want.source] != "VARCHAR"
    ]  # fmt: skip
    meant = wanted
    wanted = {our: want if our in amounts else want.of_codes() for our, want in wanted.items()}
    made = {our: reader.expr(want, types[want.source], our) for our, want in wanted.items()}
    reader.require_whole(made, wanted, types)
    parts = [f"{expr} AS {quoted(our)}" for our, expr in made.items()]
    in_files = ROW in types
    row = quoted(ROW) if in_files else "row_number() OVER ()"
    store.reads.append(raw)
    typed = store.keep(f"SELECT {row} AS row, {', '.join(parts)} FROM {raw}", view=in_files)
    for our, want in meant.items():
        if our in amounts:
            typed = _without(store, typed, our, want.codes or {}, view=in_files)
        elif want.codes:
            typed = _decoded(store, typed, name, our, want, view=in_files)
    return typed


#: What a column is called that says whether somebody came to start.
_STATUS = re.compile(r"status|tilstand|utfall", re.IGNORECASE)


def _warn_of_statuses(
    table: Starts, name: str, columns: Sequence[str], used: Collection[str]
) -> None:
    """Warn where rows are starts whatever some column says, and it may be a waiting list."""
    rest = [column for column in columns if column not in (*used, ROW)]
    anything = not table.where and not table.exclude
    asked = rest if anything else [column for column in rest if _STATUS.search(column)]
    if asked:
        warn(
            f"In {name} a row is a start whatever stands in {', '.join(asked[:5])}. If some "
            "rows are no starts, such as waiting lists, say which are: "
            f"where={{{asked[0]!r}: [...]}}, "
            f"exclude={{{asked[0]!r}: [...]}}."
        )


# --- values ---------------------------------------------------------------------------------------


@dataclass
class _Reader:
    """How the columns of one table become values of their kinds.

    `dated` are its dates in text, which are written in one way all of them.
    """

    store: Store
    table: Source
    name: str
    raw: str
    dated: tuple[str, ...]

    def expr(self, want: Wanted, type_: str, our: str = "") -> str:
        """Return the SQL of a column, which is called `our`."""
        column = quoted(want.source)
        base = _base(type_)
        match want.kind:
            case "key" | "text":
                return self._text(column, base)
            case "date":
                return self._date(want.source, base, our)
            case "rank":
                return self._rank(column, base)
            case "year" | "month":
                return self._part(want, base)
            case "money" | "number":
                self._require_type(want, base, (*_WHOLE, *_FLOATS))
                finite = f"CASE WHEN isfinite({column}::DOUBLE) THEN {column} END"
                return finite if base in ("FLOAT", "DOUBLE") else column
            case "int":
                return f"TRY_CAST({self._whole(column, base)} AS BIGINT)"
            case "bool":
                if base in (*_WHOLE, *_FLOATS):  # 1 for yes and 2 for no is another code
                    return f"CASE {column} WHEN 1 THEN true WHEN 0 THEN false END"
                return f"TRY_CAST({column} AS BOOLEAN)"
        if base in ("FLOAT", "DOUBLE"):
            return f"CASE WHEN NOT isnan({column}) THEN {column} END"
        return f"CAST({column} AS VARCHAR)" if base == "ENUM" else column

    def _require_type(self, want: Wanted, base: str, allowed: Iterable[str]) -> None:
        if base not in allowed and base != '"NULL"':
            raise refuse(
                f"{self.name} has another type in {want.source} than is needed",
                found=f"{base.lower()} where a {want.kind} is needed",
                do="convert the column before",
            )

    def _whole(self, column: str, base: str) -> str:
        """Return a number or a text where it has no decimals: casts would round them away."""
        value = f"TRY_CAST({column} AS DOUBLE)" if base == "VARCHAR" else column
        whole = f"CASE WHEN {value} = floor({value}) THEN {column} END"
        return whole if base in (*_FLOATS, "VARCHAR") else column

    def _text(self, column: str, base: str) -> str:
        """Return text without blanks around it; a whole number that is kept as 7.0 is 7."""
        if base in _FLOATS:
            exact = 2**24 if base == "FLOAT" else 9e15  # beyond it several numbers are one
            whole = f"{column} = floor({column}) AND abs({column}) <= {exact}"
            return f"CASE WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) END"
        return f"NULLIF(trim(CAST({column} AS VARCHAR)), '')"

    def _rank(self, column: str, base: str) -> str:
        if base in _DATED:
            return f"epoch(CAST({column} AS TIMESTAMP))"
        if base == "VARCHAR":
            time = f"epoch(TRY_CAST(trim({column}) AS TIMESTAMP))"
            return f"coalesce(TRY_CAST(trim({column}) AS DOUBLE), {time})"
        return f"CAST({column} AS DOUBLE)"

    def _part(self, want: Wanted, base: str) -> str:
        """Return the year, or year * 12 + month - 1, of a number, a text or a date."""
        column, month = quoted(want.source), want.kind == "month"
        if base in _DATED or self.table.dates is not None:
            day = self._date(want.source, base)
            return f"year({day}) * 12 + month({day}) - 1" if month else f"year({day})"
        text = self._text(column, base)
        if base in _WHOLE:
            column = f"CAST({column} AS BIGINT)"  # of one byte none holds a year or less than 0
            both = f"{column} BETWEEN 100000 AND 999999"
            spare = f"{column} // 100 * 12 + {column} % 100 - 1"
            year = f"CASE WHEN {column} BETWEEN 1000 AND 9999 THEN {column} END"
            return f"CASE WHEN {both} THEN {spare} ELSE {column} - 13 END" if month else year
        if month:
            both = f"regexp_full_match({text}, '{_SPARE}')"
            year, last = f"left({text}, 4)::INTEGER", f"right({text}, 2)::INTEGER"
            whole = self._whole(text, "VARCHAR")
            alone = f"TRY_CAST({whole} AS INTEGER) - 13"  # without a year: -12 to -1
            return f"CASE WHEN {both} THEN {year} * 12 + {last} - 1 ELSE {alone} END"
        alone = f"length({text}) = 4 OR regexp_full_match({text}, '{_PERIOD}')"
        year = f"TRY_CAST(left({text}, 4) AS INTEGER)"
        return f"CASE WHEN {alone} THEN {year} ELSE year(TRY_CAST({text} AS DATE)) END"

    def _date(self, source: str, base: str, our: str = "") -> str:
        column = quoted(source)
        if base == _ZONED:
            return self._day(source)
        if base in _DATED:
            return f"CAST({column} AS DATE)"
        if self.table.dates == "days" or (self.table.form and base in _WHOLE):
            return f"DATE '1970-01-01' + CAST({column} AS INTEGER)"
        text = self._text(column, base)
        plain = _dashed(text)
        order = self._order
        return (
            f"CASE {self._period(text, our)}WHEN regexp_full_match({text}, '[0-9]{{8}}') "
            f"THEN CAST(try_strptime({text}, '%Y%m%d') AS DATE) "
            f"WHEN regexp_full_match({plain}, '[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}([ T].*)?') "
            f"THEN CASE WHEN NOT ({_in_utc(text)}) THEN TRY_CAST(left({plain}, 10) AS DATE) END "
            f"WHEN regexp_full_match({plain}, '[0-9]{{1,2}}-[0-9]{{1,2}}-[0-9]{{4}}') "
            f"THEN CAST(try_strptime({plain}, '{order}') AS DATE) "
            f"WHEN regexp_full_match({text}, '[0-9]{{1,2}}[A-Za-z]{{3}}[0-9]{{4}}') "
            f"THEN CAST(try_strptime({text}, '%d%b%Y') AS DATE) END"
        )

    def _day(self, source: str) -> str:
        """Return the day of times with a zone, which are days where all are midnight in UTC.

        Which day another is depends on the zone, and an engine has only that of the machine.
        """
        passed = f"epoch_us({quoted(source)})"
        [other] = self.store.row(
            f"SELECT count(*) FILTER ({passed} % 86400000000 <> 0) FROM {self.raw}"
        )
        if other:
            raise refuse(
                f"{self.name} has times with a time zone in {source}, on which their day depends",
                found=f"{other:,} that are not midnight in UTC",
                do=f"keep the day that each was: frame[{source!r}].dt.tz_localize(None) in pandas; "
                "in a file, write dates",
            )
        return f"DATE '1970-01-01' + CAST({passed} // 86400000000 AS INTEGER)"

    def _period(self, text: str, our: str) -> str:
        """Return the branch for a month, quarter, half-year or week of Stata where a spell ends.

        It starts on the first of its days, and stops on the last, or on the day after it.
        """
        if our not in ("start", "stop", "valid_from", "valid_to"):
            return ""
        year, part = f"left({text}, 4)::INTEGER", f"regexp_extract({text}, '[0-9]+$')::INTEGER"
        kind = f"substr({text}, 5, 1)"
        months = f"CASE {kind} WHEN 'q' THEN 3 WHEN 'h' THEN 6 ELSE 1 END"
        nth = f"({part} - 1)"
        if our in ("stop", "valid_to") and getattr(self.table, "stops", "") != "exclusive":
            month = first_of(f"({year} * 12 + {months} * {part})", months=True) + " - 1"
            week = f"make_date({year}, 1, 1) + 7 * {part} - 1"
            week = f"CASE {part} WHEN 52 THEN make_date({year}, 12, 31) ELSE {week} END"
        else:
            month = first_of(f"({year} * 12 + {months} * {nth})", months=True)
            week = f"make_date({year}, 1, 1) + 7 * {nth}"
        day = f"CASE {kind} WHEN 'w' THEN {week} ELSE {month} END"
        return f"WHEN regexp_full_match({text}, '{_PERIOD}') THEN {day} "

    @cached_property
    def _order(self) -> str:
        """How dates with their year last are written, as far as the table shows it."""
        if self.table.dates is not None or not self.dated:
            return "%m-%d-%Y" if self.table.dates == "mdy" else "%d-%m-%Y"
        parts = " UNION ALL ".join(
            f"SELECT regexp_extract({_dashed(quoted(source))}, '{_LAST_YEAR}', 1) AS a, "
            f"regexp_extract({_dashed(quoted(source))}, '{_LAST_YEAR}', 2) AS b FROM {self.raw}"
            for source in self.dated
        )
        rows, first, second = self.store.row(
            "SELECT count(*), count(*) FILTER (TRY_CAST(a AS INTEGER) > 12), "
            f"count(*) FILTER (TRY_CAST(b AS INTEGER) > 12) FROM ({parts}) WHERE a <> ''"
        )
        if rows and first and second:
            raise refuse(
                f"{self.name} mixes the order of day and month in {', '.join(self.dated)}",
                found=f"{first:,} dates with the day first and {second:,} with the month first, "
                f"of {rows:,}",
                do="find out which rows are written in which way, and write all as 2024-12-31",
            )
        if rows and not first and not second:
            raise refuse(
                f"{self.name} has dates that can be read in two ways in {', '.join(self.dated)}",
                found=f"{rows:,} dates, none with a day after the twelfth",
                do='say which comes first: dates="dmy" (31.12.2024) or dates="mdy" (12/31/2024)',
            )
        return "%m-%d-%Y" if second else "%d-%m-%Y"

    def require_whole(
        self, made: Mapping[str, str], wanted: Mapping[str, Wanted], types: Mapping[str, str]
    ) -> None:
        """Raise where a value is there and cannot be read, with how many there are."""
        checked = {our: w for our, w in wanted.items() if not _is_sure(w.kind, types[w.source])}
        if not checked:
            return
        counts = [
            f"count(*) FILTER ({self._given(want.source, types)} AND ({made[our]}) IS NULL)"
            for our, want in checked.items()
        ]
        lost = self.store.row(f"SELECT {', '.join(counts)} FROM {self.raw}")
        for (_, want), n in zip(checked.items(), lost, strict=True):
            if n > 0:
                raise refuse(
                    f"{self.name} has values in {want.source} that are no {_WORDS[want.kind]}",
                    found=f"{n:,} rows",
                    do=_REMEDIES.get(want.kind or "", "correct them, or leave them empty"),
                )

    def _given(self, source: str, types: Mapping[str, str]) -> str:
        column, base = quoted(source), types[source].split("(")[0]
        if base == "VARCHAR":
            return f"trim({column}) <> ''"
        if base in ("FLOAT", "DOUBLE"):
            return f"NOT isnan({column})"
        return f"{column} IS NOT NULL"


def _base(type_: str) -> str:
    """Return a type without its parameters."""
    return _ZONED if type_ == _ZONED else type_.split("(")[0].split(" ")[0]


def _is_sure(kind: Kind | None, type_: str) -> bool:
    """Return whether every value of a type can be read as a kind."""
    base = _base(type_)
    if kind in ("key", "text"):
        return base not in _FLOATS
    return kind in (None, "money") or (kind in ("date", "rank") and base in _DATED)


def _in_utc(text: str) -> str:
    """Return the SQL of whether a text is a time in UTC other than midnight: no day is told."""
    zone = "(Z|[+-]00:?00)"
    return (
        f"length({text}) > 16 AND regexp_full_match({text}, '.*[0-9]{zone}') "
        f"AND NOT regexp_full_match({text}, '.*[ T]00:00(:00([.]0+)?)?{zone}')"
    )


def _dashed(text: str) -> str:
    return f"regexp_replace({text}, '[./-]', '-', 'g')"


_WORDS: dict[Kind | None, str] = {
    "key": "identifier",
    "text": "code",
    "date": "date",
    "rank": "number or time of a version",
    "year": "year",
    "month": "month",
    "int": "whole number",
    "number": "number",
    "money": "number",
    "bool": "yes or no",
}
_REMEDIES = {
    "key": "identifiers are text or whole numbers: convert the column before",
    "date": "dates are written 2024-12-31, 20241231, 31.12.2024 or 31DEC2024, or are dates; "
    'whole numbers since 1970 need dates="days", and of a time in UTC (2024-12-30T23:00:00Z) the '
    "day where it was has to be written",
    "rank": "name a column of numbers, dates or times as revision=",
}


def _without(store: Store, typed: str, our: str, codes: Iterable[object], *, view: bool) -> str:
    """Return a table without the amounts of one column that mean that there is none."""
    column, told = quoted(our), (word_of(code) or "" for code in codes)
    numbers = [code for code in told if _NUMBER.fullmatch(code)]
    if not numbers:
        return typed
    answer = {
        our: f"CASE WHEN {column} NOT IN ({', '.join(numbers)}) THEN {column} END AS {column}"
    }
    columns = [answer.get(name, quoted(name)) for name in store.types(typed)]
    return store.keep(f"SELECT {', '.join(columns)} FROM {typed}", view=view)


def _decoded(store: Store, typed: str, name: str, our: str, want: Wanted, *, view: bool) -> str:
    """Return a table with the codes of one column replaced by what they stand for.

    Raises
    ------
    PanelContractError
        A code has no answer, or becomes a number that is none.
    """
    given, column = want.codes or {}, quoted(our)
    found = f"SELECT {column}, count(*) FROM {typed} WHERE {column} IS NOT NULL GROUP BY 1"
    times: dict[str, int] = dict(store.run(found))
    if isinstance(given, Recoding):
        answers = given.answers(times)
    elif says_missing(given):
        missing = {word_of(code) for code in given}
        answers = {code: None if code in missing else code for code in times}
    else:
        words = {str(word_of(code)): word_of(new) for code, new in given.items()}
        plain = Recoding(f"values= of {our}, in {name}", words, call=f"values['{our}']")
        answers = plain.answers(times)
    lines = [
        f"({literal(code)}, {'NULL' if new is None else literal(new)})"
        for code, new in {"": None, **answers}.items()
    ]
    listed = f"(SELECT a, CAST(b AS VARCHAR) AS b FROM (VALUES {', '.join(lines)}) AS v(a, b))"
    type_ = {"int": "BIGINT", "number": "DOUBLE", "money": "DOUBLE", "bool": "BOOLEAN"}.get(
        want.kind or "", "VARCHAR"
    )
    answer = {our: f"TRY_CAST(l.b AS {type_}) AS {column}"}
    columns = [answer.get(name, f"t.{quoted(name)}") for name in store.types(typed)]
    made = store.keep(
        f"SELECT {', '.join(columns)} FROM {typed} t LEFT JOIN {listed} l ON l.a = t.{column}",
        view=view,
    )
    if type_ == "VARCHAR":
        return made
    given_ones = sum(times[code] for code, new in answers.items() if new is not None)
    lost = given_ones - store.row(f"SELECT count({column}) FROM {made}")[0]
    if lost:
        raise refuse(
            f"{name} has values in {want.source} that are no {_WORDS[want.kind]}",
            found=f"{lost:,} rows, after values=",
            do=f"values= of {our} names what each code stands for: a {_WORDS[want.kind]}, or None",
        )
    return made


def shown_codes(store: Store, table: str, column: str, condition: str) -> str:
    """Return how many rows have such codes, and those of the codes that are of several persons."""
    name = quoted(column)
    found = store.run(
        f"SELECT {name}, count(*), count(DISTINCT key) FROM {table} WHERE {condition} "
        "GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    often = [f"{code!r}" for code, _, persons in found[:10] if persons >= _ENOUGH]
    words = f"{sum(n for _, n, _ in found):,} rows with {len(found)} such codes"
    return words + (f", among them {', '.join(often)}" if often else "")
