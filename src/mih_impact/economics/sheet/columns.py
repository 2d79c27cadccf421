"""The columns of a sheet: what each is called, what it holds, and whether it can be edited."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from mih_impact.display.labels import Label

__all__ = ["BY_KEY", "COLUMNS", "YEAR", "Column", "heading", "key_of", "year_key"]

Kind = Literal["text", "number", "word", "points"]


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    key
        Its name in TOML and CSV.
    label
        Its name in Excel.
    told
        What it holds, for who edits the sheet.
    kind
        What its cells are.
    editable
        Whether it can be changed in the sheet; the rest is the structure of the account.
    width
        Of the Excel column, in characters.
    """

    key: str
    label: Label
    told: Label
    kind: Kind = "text"
    editable: bool = False
    width: int = 14


_VALUE = Label(
    nb="Tallet regnskapet bruker. Andeler skrives som 0,24 eller 24\u00a0%, kroner uten punktum.",
    en="The number the account uses. Write shares as 0.24 or 24%, kroner without separators.",
)
_LOW = Label(
    nb="Det laveste forutsetningen rimelig kan være. Tom hvis spennet ikke er kjent.",
    en="The least it can reasonably be. Empty if the range is not known.",
)
_HIGH = Label(
    nb="Det høyeste forutsetningen rimelig kan være. Verdien må ligge mellom lav og høy.",
    en="The most it can reasonably be. The value must lie between low and high.",
)
_DISTRIBUTION = Label(
    nb="Hva forutsetningen trekkes fra: fast (trekkes ikke), trekant, jevn, normal eller punkter.",
    en="What it is drawn from: fixed (not drawn), triangular, uniform, normal or discrete.",
)
_POINTS = Label(
    nb="Verdier og sannsynligheter når fordelingen er punkter: «0,2: 0,5 | 0,3: 0,5».",
    en="Values and probabilities where the distribution is discrete: '0.2: 0.5 | 0.3: 0.5'.",
)
_STATUS = Label(
    nb="Hvor sikre vi er på tallet: sett i kilden, utledet, etter hukommelsen eller ANTATT. En ny"
    " verdi uten ny kilde merkes som analytikerens egen.",
    en="How sure we are of the number: seen, derived, remembered or ASSUMED. A new value without"
    " a new source is marked as the analyst's own.",
)
_SOURCE = Label(nb="Hvor tallet kommer fra.", en="Where the number comes from.")
_RANGE_SOURCE = Label(nb="Hvor spennet kommer fra.", en="Where the range comes from.")

COLUMNS: tuple[Column, ...] = (
    Column("name", Label(nb="navn", en="name"),
           Label(nb="Navnet forutsetningen har i biblioteket. Skal stå som det står.",
                 en="The name it has in the library. Leave it as it is."), width=28),
    Column("label_nb", Label(nb="forutsetning", en="assumption (bokmål)"),
           Label(nb="Hva det er, på bokmål.", en="What it is, in bokmål."), width=40),
    Column("label_en", Label(nb="forutsetning (engelsk)", en="assumption"),
           Label(nb="Hva det er, på engelsk.", en="What it is, in English."), width=40),
    Column("value", Label(nb="verdi", en="value"), _VALUE, "number", True),
    Column("unit", Label(nb="enhet", en="unit"),
           Label(nb="Hva én enhet av tallet er.", en="What one unit of the number is."),
           "word", width=24),
    Column("low", Label(nb="lav", en="low"), _LOW, "number", True),
    Column("high", Label(nb="høy", en="high"), _HIGH, "number", True),
    Column("distribution", Label(nb="fordeling", en="distribution"), _DISTRIBUTION, "word", True),
    Column("points", Label(nb="punkter", en="points"), _POINTS, "points", True, 18),
    Column("status", Label(nb="status", en="status"), _STATUS, "word", True, 20),
    Column("source", Label(nb="kilde", en="source"), _SOURCE, "text", True, 60),
    Column("range_source", Label(nb="kilde til spennet", en="source of the range"),
           _RANGE_SOURCE, "text", True, 36),
    Column("phase", Label(nb="fase", en="phase"),
           Label(nb="Fasen som koster det.", en="The phase that costs it."), width=16),
    Column("payer", Label(nb="betaler", en="payer"),
           Label(nb="Hvem som betaler.", en="Who pays."), "word", width=18),
    Column("receiver", Label(nb="mottaker", en="receiver"),
           Label(nb="Hvem som mottar, når det er en overføring. Tom når en ressurs blir brukt.",
                 en="Who receives, where it is a transfer. Empty where a resource is used."),
           "word", width=18),
    Column("cash", Label(nb="penger", en="cash"),
           Label(nb="Ja når noen betaler penger, nei når kostnaden er tid eller annet.",
                 en="Yes where money is paid, no where the cost is time or the like."),
           "word", width=9),
    Column("budget_line", Label(nb="budsjettpost", en="budget line"),
           Label(nb="Posten kostnaden føres på.", en="The line it is charged to."), width=30),
    Column("timing", Label(nb="når i året", en="when in the year"),
           Label(nb="Når i året kostnaden faller, hvis ikke som resten av regnskapet.",
                 en="When in the year it falls, if not as the rest of the account."),
           "word", width=20),
    Column("when_nb", Label(nb="tidspunkt", en="when (bokmål)"),
           Label(nb="Når fasen er, på bokmål.", en="When the phase is, in bokmål."), width=30),
    Column("when_en", Label(nb="tidspunkt (engelsk)", en="when"),
           Label(nb="Når fasen er, på engelsk.", en="When the phase is, in English."), width=30),
)  # fmt: skip

BY_KEY = {column.key: column for column in COLUMNS}

#: One column for each year with a cost, after the others.
YEAR = Column(
    "year_0",
    Label(nb="år {year}", en="year {year}"),
    Label(
        nb="Beløpet per deltaker i fasen så mange år etter oppstart. En ny verdi fordeles likt med"
        " disse.",
        en="The amount per participant in the phase, that many years after start. A new value is"
        " spread as these are.",
    ),
    "number",
)


def year_key(year: int) -> str:
    """Return the key of the column of a year since start."""
    return f"year_{year}"


def heading(key: str) -> Label:
    """Return the displayed name of a column.

    Examples
    --------
    >>> heading("low").nb, heading("year_2").nb
    ('lav', 'år 2')
    """
    if key.startswith("year_"):
        return YEAR.label.format(year=key.removeprefix("year_"))
    return BY_KEY[key].label


def key_of(text: str, keys: Iterable[str] = BY_KEY) -> str | None:
    """Return the key of a column by its key or its displayed name; None where it is none.

    Examples
    --------
    >>> key_of("Høy"), key_of("year 3"), key_of("remark")
    ('high', 'year_3', None)
    """
    wanted = " ".join(text.split()).casefold()
    year = re.fullmatch(r"(?:year|år)[ _](\d{1,3})", wanted)
    if year:
        return year_key(int(year[1]))
    for key in keys:
        label = BY_KEY[key].label
        if wanted in (key, label.nb.casefold(), label.en.casefold()):
            return key
    return None
