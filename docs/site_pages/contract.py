"""The documentation page of the contract, written from the declaration itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mih_impact.display.unit import KNOWN, zero_is_nothing
from mih_impact.panel.contract import CONTRACT, Column, label_of
from mih_impact.panel.csv_text import NULLS
from mih_impact.panel.derived import DERIVED, derived_of

__all__ = ["contract_markdown"]

_INTRO = """\
# The panel's columns

<!-- Written by docs/site_pages/contract.py from the declaration in panel/contract.py.
     Do not edit by hand: python docs/site_pages/contract.py > docs/contract.md -->

A register panel has one row per person and year. These are the columns the library knows. The
first table's *required* columns must be there, under these names or under names given in
`read_panel(columns={"wage_income": "lonn"})`; the rest are optional, but one column at least must
be an outcome. The account needs `wage_income`; effects do not. Any other column is welcome: a
numeric one can be a covariate, or an outcome where its unit is said, and a text one a category.
Columns of other types, such as dates, are left out, and `Panel.check()` says so.

Identifiers are text: whole numbers are turned into it, and persons are ordered by it. Money is in
kroner with decimals, in the prices of its year unless `money="fixed"`. Codes can be given words
with `values={"sex": {1: "man", 2: "woman"}}`; every code must be named. Where all that is named
is no value, `values={"wage_income": {".a": None}}`, the other values stay as they are; in a TOML
file the text `"null"` stands for None. `Panel.check()` tells of values that look like codes for a
missing one: runs of 8 or 9 (amounts of six digits, or else the largest value), and -1, -8 and -9
and their like, in at least five rows, and in more rows than all other values about as large.
"""

_CODES = """\
## Codes of places, education and measures

Codes change meaning over the years. `mih.codes` has the lists, and each of them goes into
`values=`, as any mapping of codes does:

<!-- not run: a fragment -->
```python
mih.read_panel(..., values={"municipality": mih.codes.municipality(2024)})
```

| call | from | to |
| --- | --- | --- |
| `mih.codes.municipality(2024)` | municipalities of any year, 1977 to 2026 | those of the year |
| `mih.codes.municipality()` | the same, also without their leading zero | as they are |
| `mih.codes.county(2024)` | municipalities | their county in the year |
| `mih.codes.county(2024, of="county")` | counties | those of the year |
| `mih.codes.education_level()` | NUS2000, six digits | the level, 1 to 8 |
| `mih.codes.effort_group()` | Nav's effort groups, old | new; `"arena"` is the other way |
| `mih.codes.programme()` | measures by Arena's codes | new; `"arena"` is the other way |
| `mih.codes.correspondence(table, ...)` | a table of your own | what it says |

A code that was divided has no one answer, and is an error where it is met. Nothing is averaged:
`splits={"1507": "1508"}` names the part, `splits="together"` keeps what was divided one place in
every year, and `splits="missing"` makes it missing. A code that the list does not have is an
error too, until `recoding | {"code": None}` says what it is. Codes that mean unknown, not stated
or abroad (9999, 0000, 2599) become missing, and `Panel.check()` counts them. Outside a panel a
recoding is called on a column, `mih.codes.municipality(2024)(frame["kommune"])`, and
`.count(...)` says what it does to the rows.

What municipalities became is `derived` from the Norwegian Institute of Public Health's package
csdata (MIT licence); the other lists were seen in the sources that their rows name.

`Panel.check()` warns of a column `county` or `municipality` with codes in use only before a
reform (2018, 2020, 2024) beside codes in use only since, of lost leading zeros (301 for 0301),
and of codes that are no place, and names the call that mends it.
"""

_UNITS = """\
## Units

Every outcome has a unit. Money of the contract is in the panel's `currency`, `months_unemployed` in
months, and a true-or-false column is a share. Of any other numeric column that is to be an outcome
`units=` says it:

<!-- not run: a fragment -->
```python
mih.read_panel(..., units={{"hours": "hours", "lemp": "log points", "pension": "NOK"}})
```

Only what is measured in a currency is money: it is converted to `price_year`, kept in øre, and
treated as the contract's money is. A year without any, or without a row of a resident, is zero; it
may be negative. Money so small that øre do not hold it (millions, or thousands with few decimals)
is refused by `Panel.check()`: where rounding moves the sum of the absolute values by more than one
in a million, or the values, each whichever way, by more than one in ten thousand of that sum.
Everything else is kept as it is, to the last bit, and is missing in a year without a row. With
`lag()` a column whose unit is said is what happened in that very year, as money is; it is not
carried from an earlier row.

A unit also says how the twelve months of a year since start are combined, where a row is a month,
and whether those who are gone have zero of it under `dead="zero"`: all but logarithms, indices and
percentage points, which have no zero that means nothing and are missing then. On a scale of your
own, from 1 to 5, they are missing with `mih.Unit("points", months="mean", has_zero=False)`.

{units}
Any other name will do as well. In a panel by month it must say how months are combined:
`mih.Unit("visits", months="sum")`, or `"mean"` or `"last"`. A `label=mih.Label(nb=..., en=...)` is
what is displayed; without one it is the name.
"""

_CELLS = """\
## What an empty cell means

A register has a row for a person-year with a wage, a benefit or a registered month. A person-year
*without a row* is zero for the columns marked *zero if resident*, when the person is resident,
and missing for the others. Residency comes from `death_year` and `emigration_year`, or from
spells given as `read_panel(resident=...)` with the columns `person_id`, `from_year`, `to_year`
(inclusive; a null `to_year` is an open spell). With none of these an absent row is missing, and
`Panel.check()` says for what share of the person-years.

An amount without a value in a row is zero as well. Where a column of money has amounts and is null
in every row of a year or month, or of one of several files, it was not delivered: `Panel.check()`
makes it an error, or a warning where so few are paid that it may be chance. Of a benefit that did
not exist yet, write 0 in those rows: zero says that nothing was paid, null that nothing is known.

The same holds for who can be compared. In a year without a row a resident is eligible if the last
row before it would be with amounts of zero: a column `eligible` is as it was, and an expression is
evaluated with amounts of zero, the year of the absent row, no measure beginning, no value of other
outcomes with a unit, and everything else as in that row. An amount without a value in a row is zero
there too. So rows of zeros that repeat the last row's characteristics can be written or left out:
matches and effects are the same. Nobody is eligible before its first row, after death or
emigration, or in a year in which nobody has a row. Participants are held to the same: in the year
before start they have a row, or have had one and are resident, and `attrition()` counts those who
do not. Where it is not known who is resident, nobody can be compared without a row in that year,
participant or candidate. An expression looks at one row at a time; what it needs of other rows goes
in a column first.

After the year of death or emigration a person counts as zero (`dead="zero"`, what the account
uses) or as missing (`dead="missing"`, among survivors), also where a late payment made a row. The
year itself is what its row says, else zero. A year in which nobody has a row is missing for
everybody.
"""

_CSV = """\
## CSV

Files are read as UTF-8, with or without a byte-order mark, else as Windows-1252. Fields are
separated by semicolon, comma, tab or vertical bar, as the header shows; without a header the file
is refused, and no error shows what stands in a cell. True and false may be true/false, ja/nei, J/N
or 1/0. These stand for no value: {nulls}. A text that cannot be converted is an error of
`Panel.check()`, with the number of rows; it never becomes empty in silence.

Numbers may have a decimal comma or point, and spaces (also no-break), apostrophes, commas or points
between thousands. Text is read in one way or not at all, and a column is judged as a whole, over
all files. `1.234` may be 1234 or 1.234, and so may `1,234`. Other texts of the column decide:
`0.125`, `1234.500` and `12.5` say that the point is the decimal mark, `1.234.567` and `1.234,50`
that it stands between thousands. Where none does, or where they contradict each other, the column
is an error of `Panel.check()`, and so are amounts with three digits after the mark beside others
with one or two, or that all have three (100.000 and 134567.000): two ways of writing may have come
together. The call says which it is: `thousands="."` or `decimal="."`, for all columns or for each
by our names, `thousands={{"wage_income": "."}}`. The same rule holds for spells of residency, for
the numbers of `values=` and for the sheet of assumptions, where each cell is judged alone.

A column outside the contract is a number if every text is one, unless a number would lose what a
text says: one leading zero (`0111`), or more than 15 digits, and the column stays text. Codes
that look like numbers throughout are named: `codes=["industry"]`.

Amounts are in kroner. `Panel.check()` warns of wages that look like thousands: those above zero are
on average below 5% of the basic amount (G) of the National Insurance, as Nav publishes it, in at
least 200 rows. Nothing is changed; multiply or divide such a column before reading.

A code is what it says in every year. The reforms of 2020 and 2024 gave counties and municipalities
new codes (Akershus was county 02, then a part of Viken, 30, and then 32). An extract with the codes
of each year has one place as several: `exact=`, `on=`, `by=` and clusters take them for different
places, and `check()` does not notice. Give a place one code in all years before reading, or with
`values={{"municipality": {{...}}}}`, which names every code. Where counties were merged and
parted again, only the municipality tells which is which in the years between.
"""


_MONTHS = """## By month

`read_panel(period="month")` takes one row per person and month, with the columns `year` and
`month`; starters have `start_year` and `start_month`. Money is then kroner per month, and other
outcomes are those of the month, combined as their units say. A year since
start is the twelve months from the month of start: year 0 begins with that month, and the base year
-1 is the twelve months before it. It is known when every one of its months is. Characteristics and
eligibility are those of the month before start; `lag("county", 2)` is that of twelve months
earlier. Each krone is converted with the price index of its own calendar year. Death, emigration
and spells of residency are by calendar year.

A candidate has no month of start and is given one by chance: one in which it is eligible the month
before, drawn so that the candidates of an exact cell are spread over the months as its participants
are, however many are eligible when. Whether it stays eligible afterwards plays no part. The seed is
`seed=` of `match` and `weight`, and `to_frame()` shows the month. What counts months of a year,
such as `months_unemployed`, is that of the one month.
"""


_MEASURES = """## Several measures

The column `measure` says which measure a person begins in the period of the row, and is null in
all others; a row has room for one. `match`, `weight` and `group_time_effects` take
`measure="afl"`: participants are then those who begin that measure, from their first start in it,
and columns `start_year` and `start_month` are not read. Who begins another measure is a candidate
like anybody else (`other_measures="risk_set"`: the comparison is with what they are otherwise
offered), or is compared only until then (`"censor"`). `Panel.measures` lists them, and
`ControlGroup.other_measures()` counts what participants and controls begin beside. Where a register
has a start year for each measure instead, name the one: `columns={"start_year": "start_afl"}`.
"""


def contract_markdown() -> str:
    """Return the page `docs/contract.md`.

    Examples
    --------
    >>> contract_markdown().splitlines()[0]
    "# The panel's columns"
    """
    nulls = ", ".join(f"`{text}`" for text in sorted(NULLS - {""})) + ", and the empty field"
    parts = [
        _INTRO,
        _columns(),
        "## What the values mean\n",
        _meanings(),
        _UNITS.format(units=_units()),
        _CODES,
        _CELLS,
        _MONTHS,
        _MEASURES,
        "## Benefit schemes\n",
        _schemes(),
        "## Derived quantities\n",
        _derived(),
        _CSV.format(nulls=nulls),
    ]
    return "\n".join(parts)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _columns() -> str:
    return _table(
        ("column", "bokmål", "English", "type", "unit", "role", "rule"),
        (
            (
                f"`{c.name}`" + (" (required)" if c.required else " (by month)" * c.monthly),
                c.label.nb,
                c.label.en,
                c.dtype,
                c.unit,
                c.role,
                c.rule,
            )
            for c in CONTRACT.values()
        ),
    )


def _meanings() -> str:
    return _table(
        ("column", "no row", "zero in a row", "null in a row"),
        ((f"`{c.name}`", _absent(c), _zero(c), _null(c)) for c in CONTRACT.values()),
    )


def _zero(column: Column) -> str:
    return "a code like any other" if column.dtype in ("category", "text") else column.zero_means


def _null(column: Column) -> str:
    return "not allowed" if column.role == "key" else column.null_means


def _absent(column: Column) -> str:
    if column.role == "key":
        return "-"
    if column.constant:
        return "known from the person's other rows"
    if column.role == "varying":
        return "the last row before, and counted as carried"
    if column.role == "eligibility":
        return "as in the last row before, if resident"
    if column.role == "measure":
        return "nothing begins"
    return column.absent_row.replace("_", " ")


def _units() -> str:
    known = [("a currency, such as `NOK`", "the currency", "the currency", "sum", "yes")]
    for unit in KNOWN.values():
        label, zero = unit.displayed, "yes" if zero_is_nothing(unit) else "no"
        known.append((f"`{unit}`", label.nb, label.en, str(unit.combined), zero))
    return _table(("unit", "bokmål", "English", "months", "zero when gone"), known)


def _schemes() -> str:
    return _table(
        ("scheme", "paid by", "taxed"),
        (
            (f"`{c.name}`", c.scheme.payer, "yes" if c.scheme.taxable else "no")
            for c in CONTRACT.values()
            if c.scheme is not None
        ),
    )


#: What `mih.above`, `mih.stable` and `mih.in_g` return, for one column and one multiple.
_IN_G = ("wage_income > 1 G", "wage_income > 1 G in 2 years", "wage_income / G")


def _derived() -> str:
    return _table(
        ("name", "bokmål", "English", "unit", "use", "definition"),
        (
            (f"`{d.name}`", label_of(d.name).nb, label_of(d.name).en, d.unit, d.role, d.definition)
            for d in (*DERIVED.values(), *map(derived_of, _IN_G))
            if d is not None
        ),
    )


if __name__ == "__main__":  # pragma: no cover
    import sys

    sys.stdout.write(contract_markdown())
