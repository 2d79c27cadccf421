"""The synthetic register as the tables and spells that registers send.

Every table has what makes such tables hard: versions, cancelled rows, overlaps, open ends, rows
from before the period and of nobody among the persons, codes of their own year, two identifiers of
one person. What is laid on top changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.panel.contract import BENEFITS
from mih_impact.panel.synthetic.people import COUNTIES, COUNTRY_GROUPS, EDUCATION, YEARS
from mih_impact.panel.synthetic.register import MUNICIPALITIES, SEXES
from mih_impact.reference.codes import REFORMS, in_use, municipality

__all__ = ["MEASURE", "SCHEMES", "SPLITS", "Scheme", "Tables", "spells_of"]

Ints = NDArray[np.int64]
Days = NDArray[np.datetime64]
#: The measure whose first start is the register's.
MEASURE = "REKRUTT"
_OTHERS = ("ARBTREN", "ENKELAMO", "GRUPPEAMO", "MENTOR")
_BEGUN, _NOT_BEGUN = ("FULLF", "AVBRUTT", "GJENN"), ("VENTELISTE", "IKKEMØTT", "FEILREG")
#: In what files benefits come that are no Parquet.
_FORMATS = {"aap": "dta", "sosialhjelp": "sav", "uforetrygd": "xpt", "sykepenger": "csv"}
#: Counties of 2024 whose codes stand for the invented ones; their municipalities do for theirs.
STAND_IN = ("31", "50", "33", "55", "15")
#: One of them was divided in 2024, and the delivery has nobody in the other part.
SPLITS = {"1504": "1508", "1507": "1508"}
_NUS = dict(zip(EDUCATION, ("201199", "401102", "641108"), strict=True))
_FIRST, _LAST = np.datetime64(f"{YEARS[0]}-01-01"), np.datetime64(f"{YEARS[-1]}-12-31")
_NEVER = np.datetime64("9999-12-31")
#: The last year of the tax register; wages after it come by month.
_TAXED = 2022


@dataclass(frozen=True, eq=False)
class Tables:
    """The rows of a register as tables.

    Attributes
    ----------
    frame
        The register, persons by identifier and years ascending.
    rng
        Where chance comes from.
    """

    frame: pd.DataFrame
    rng: np.random.Generator

    def by_file(self) -> dict[str, pd.DataFrame]:
        """Return the tables by the names of their files."""
        income = self._income()
        found = {
            "persons.csv": self._persons(),
            "key.csv": self._key(),
            "income_p2009-01-01_p2022-12-31_v1.parquet": income.query("versjon == 1"),
            "income_p2009-01-01_p2022-12-31_v2.parquet": income,
        }
        found |= {f"wages_{year}.parquet": self._wages(year) for year in YEARS[YEARS > _TAXED]}
        for name in BENEFITS:
            table = self._benefit(name)
            if name == "dagpenger":  # the first dataset lacks the corrections
                found[f"{name}_v1.parquet"] = table.query("versjon == 1")
                found[f"{name}_v2.parquet"] = table
            else:
                found[f"{name}.{_FORMATS.get(name, 'parquet')}"] = table
        return found | {
            "unemployed.parquet": self._unemployed(),
            "addresses.parquet": self._addresses(),
            "education.parquet": self._education(),
            "resident.csv": self._resident(),
            "measures.csv": self._measures(),
            "places.csv": stand_ins(),
        }

    # --- who ------------------------------------------------------------------------------------

    @cached_property
    def fixed(self) -> pd.DataFrame:
        """The first row of each person."""
        return self.frame.drop_duplicates("person_id", ignore_index=True)

    @cached_property
    def person(self) -> Ints:
        """The index of each row's person."""
        return _positions(self.frame["person_id"], self.fixed["person_id"])

    def grid(self, column: str) -> pd.DataFrame:
        """Return a column by person and year, with gaps where the register has no row."""
        rows = pd.Series(self.frame[column].to_numpy(), index=[self.person, self.frame["year"]])
        return rows.unstack()

    @cached_property
    def exits(self) -> dict[str, Days]:
        """The days of death and emigration, in the second half of a year; `_NEVER` for none."""
        found = {}
        for column in ("death_year", "emigration_year"):
            years = self.fixed[column].fillna(9999).to_numpy(dtype=np.int64)
            day = (years - 1970).astype("M8[Y]").astype("M8[M]") + self.rng.integers(6, 12)
            day = day.astype("M8[D]") + self.rng.integers(0, 28, len(years))
            found[column] = np.where(years < 9999, day, _NEVER)
        return found

    @cached_property
    def leaves(self) -> Days:
        """The last day of each person in the register."""
        return np.minimum(*self.exits.values())

    def _persons(self) -> pd.DataFrame:
        born = (self.fixed["birth_year"].to_numpy() - 1970).astype("M8[Y]").astype("M8[D]")
        died = self.exits["death_year"]
        return pd.DataFrame(
            {
                "lopenr": self.fixed["person_id"],
                "fodt": born + self.rng.integers(0, 365, len(born)),
                "kjonn": 1 + self.fixed["sex"].eq(SEXES[1]).to_numpy(),
                "landgruppe": 1 + _positions(self.fixed["country_group"], COUNTRY_GROUPS),
                "dod": np.where(died < _NEVER, died, np.datetime64("NaT")),
            }
        )

    @cached_property
    def numbers(self) -> pd.DataFrame:
        """Nav's number of each person, the one after it for some, and the day it changed."""
        n = len(self.fixed)
        text = np.char.zfill(self.rng.permutation(2 * n).astype(np.str_), 8)
        changed = _FIRST + self.rng.integers(0, (_LAST - _FIRST).astype(int), n)
        changed = np.where(self.rng.random(n) < 0.05, changed, _NEVER)
        return pd.DataFrame({"first": text[:n], "second": text[n:], "changed": changed})

    def number(self, person: Ints, day: Days) -> NDArray[Any]:
        """Return Nav's number of persons as it was on a day."""
        of = self.numbers.iloc[person]
        return np.where(day < of["changed"].to_numpy(), of["first"], of["second"])

    def _key(self) -> pd.DataFrame:
        ids, numbers = self.fixed["person_id"], self.numbers
        two = numbers["changed"] < _NEVER
        first = {"lopenr": ids, "bruker_id": numbers["first"], "fra_dato": pd.NaT}
        until = numbers["changed"].where(two) - pd.Timedelta(days=1)
        second = {"lopenr": ids, "bruker_id": numbers["second"], "fra_dato": numbers["changed"]}
        parts = [pd.DataFrame(first | {"til_dato": until}), pd.DataFrame(second)[two]]
        return pd.concat(parts, ignore_index=True)

    # --- wages ----------------------------------------------------------------------------------

    def _income(self) -> pd.DataFrame:
        """Return yearly wages: the second version of some rows corrects the first."""
        known = self.frame["wage_income"].notna() & (self.frame["year"] <= _TAXED)
        rows = self.frame.loc[known, ["person_id", "year", "wage_income"]]
        table = rows.set_axis(["lopenr", "aar", "lonn"], axis=1).assign(versjon=1)
        later = self.rng.random(len(table)) < 0.02
        table.loc[later, "versjon"] = 2
        older = table[later].assign(versjon=1, lonn=lambda rows: rows["lonn"] // 2 + 1000)
        return self._shuffled(table, older)

    def _wages(self, year: int) -> pd.DataFrame:
        """Return a year's wages by month, some put right in a later line."""
        rows = self.frame[(self.frame["year"] == year) & (self.frame["wage_income"] > 0)]
        total = rows["wage_income"].to_numpy(dtype=np.int64)
        n = self.rng.integers(1, 7, len(rows))
        line = np.repeat(np.arange(len(rows)), n)
        month = np.arange(len(line)) - np.repeat(np.cumsum(n) - n, n) + 1
        paid = (total // n)[line] + (month == 1) * (total % n)[line]
        period = year * 100 + month
        table = pd.DataFrame(
            {"lopenr": rows["person_id"].to_numpy()[line], "kalmnd": period, "kontantlonn": paid}
        )
        some = table[self.rng.random(len(table)) < 0.02]
        return self._shuffled(table, some, some.assign(kontantlonn=-some["kontantlonn"]))

    def _shuffled(self, *parts: pd.DataFrame) -> pd.DataFrame:
        table = pd.concat(parts, ignore_index=True)
        return table.iloc[self.rng.permutation(len(table))].reset_index(drop=True)

    # --- benefits and unemployment --------------------------------------------------------------

    def _benefit(self, name: str) -> pd.DataFrame:
        scheme = SCHEMES[name]
        kroner = self.grid(name).fillna(0).to_numpy()
        spells = spells_of(scheme, np.rint(kroner * 100).astype(np.int64), self.leaves, self.rng)
        table = self._cases(spells, extended=scheme.per == "day", open_ends=scheme.per != "spell")
        return table.rename(columns={"amount": scheme.amount})

    def _unemployed(self) -> pd.DataFrame:
        """Return spells of unemployment, of which some lie within others."""
        months = self.grid("months_unemployed").fillna(0).to_numpy(dtype=np.int64)
        places = 12 * (YEARS - 1970)
        ends = np.minimum(places + 11, self.leaves.astype("M8[M]").astype(np.int64)[:, None] - 1)
        after = np.roll(months, -1, axis=1) > 0
        after[:, -1] = False
        at_end = (after | (self.rng.random(months.shape) < 0.3)) & (ends == places + 11)
        first = np.where(at_end, ends - months + 1, places)
        who, t = np.nonzero(months)
        runs = pd.DataFrame({"person": who, "a": first[who, t], "b": (first + months - 1)[who, t]})
        begins = (runs["person"].shift() != runs["person"]) | (runs["b"].shift() + 1 != runs["a"])
        runs = runs.groupby([runs["person"], begins.cumsum()]).agg({"a": "min", "b": "max"})
        person = runs.index.get_level_values(0).to_numpy()
        start = runs["a"].to_numpy().astype("M8[M]").astype("M8[D]")
        stop = (runs["b"].to_numpy() + 1).astype("M8[M]").astype("M8[D]") - 1
        start = start + self.rng.integers(0, 15, len(runs))
        stop = np.where(stop < _LAST, stop - self.rng.integers(0, 12, len(runs)), stop)
        spells = pd.DataFrame({"person": person, "start": start, "stop": stop})
        inner = spells[self.rng.random(len(spells)) < 0.1]
        inner = inner.assign(start=inner["start"] + (inner["stop"] - inner["start"]) // 2)
        return self._cases(pd.concat([spells, inner]), extended=False, open_ends=True)

    def _cases(self, spells: pd.DataFrame, *, extended: bool, open_ends: bool) -> pd.DataFrame:
        """Return spells as the rows of a case system, by Nav's number of the person.

        Parameters
        ----------
        spells
            `person`, `start`, `stop`, and an `amount` or none.
        extended
            Whether a decision may run into the one that takes its place.
        open_ends
            Whether what goes on at the end of the data has no end yet.
        """
        rng, n = self.rng, len(spells)
        table = spells.reset_index(drop=True).assign(
            vedtak_id=rng.permutation(n) + 1, versjon=1 + (rng.random(n) < 0.05), annullert="N"
        )
        older = table[table["versjon"] == 2].assign(versjon=1)
        later = table["stop"].copy()
        if extended:
            after = table.shift(-1)
            follows = (after["person"] == table["person"]) & (rng.random(n) < 0.3)
            follows &= after["start"] == table["stop"] + pd.Timedelta(days=1)
            follows &= table["versjon"] <= after["versjon"]
            over = table["stop"] + pd.to_timedelta(rng.integers(1, 31, n), unit="D")
            later = later.mask(follows, np.minimum(over, after["stop"]))
        if open_ends:
            last = table["person"] != table["person"].shift(-1)
            last &= table["stop"] >= np.minimum(_LAST, self.exits["death_year"][table["person"]])
            later = later.mask(last, _NEVER).mask(last & (rng.random(n) < 0.5))
        table["stop"] = later
        parts = [table, older, table.sample(frac=0.003, random_state=rng)]
        parts.append(self._again(table, 0.02).assign(annullert="J"))
        earlier = np.datetime64("2007-01-01") + rng.integers(0, 600, max(n // 100, 1))
        of = table["person"].sample(len(earlier), random_state=rng)
        old = self._again(table.head(1).loc[[0] * len(earlier)], 1.0)
        parts.append(old.assign(person=of.to_numpy(), start=earlier, stop=earlier + 30))
        if "amount" in table:
            older["amount"] = (older["amount"] * 0.9).round(2)
        else:
            older["stop"] = older["stop"].fillna(_LAST)
        nobody = self._again(table, 0.005)
        rows = self._shuffled(*parts, nobody.assign(person=-1))
        number = self.number(rows["person"].to_numpy(), rows["start"].to_numpy())
        strangers = np.char.add("9", rng.integers(10**7, 10**8, len(rows)).astype(np.str_))
        rows.insert(0, "bruker_id", np.where(rows["person"] < 0, strangers, number))
        rows = rows.rename(columns={"start": "fra_dato", "stop": "til_dato"})
        return rows.drop(columns="person")

    def _again(self, table: pd.DataFrame, share: float) -> pd.DataFrame:
        """Return some rows as cases of their own."""
        n = int(np.ceil(share * len(table)))
        rows = table.sample(n, random_state=self.rng) if share < 1 else table
        ids = len(self.frame) * 10 + self.rng.permutation(10 * n)[:n] * 7 + int(share * 1000) % 7
        return rows.assign(vedtak_id=ids, versjon=1)

    # --- what persons are -----------------------------------------------------------------------

    def _runs(self, column: str) -> pd.DataFrame:
        """Return what begins when: `person`, `value`, `start`; new ones early in a year."""
        rows = pd.DataFrame(
            {"person": self.person, "year": self.frame["year"], "value": self.frame[column]}
        )
        first = rows["person"] != rows["person"].shift()
        runs = rows[first | (rows["value"] != rows["value"].shift())]
        first = first[runs.index]
        start = (runs["year"].to_numpy() - 1970).astype("M8[Y]").astype("M8[D]")
        start = start + self.rng.integers(0, 59, len(runs))
        start = np.where(first, np.datetime64("2004-08-01"), start)
        return runs.assign(start=start)[["person", "value", "start"]].reset_index(drop=True)

    def _addresses(self) -> pd.DataFrame:
        """Return addresses, with the code of its own time at each."""
        runs = self._runs("municipality")
        last = runs["person"] != runs["person"].shift(-1)
        follows = runs["start"].shift(-1) - pd.Timedelta(days=1)
        stop = np.where(last, self.exits["emigration_year"][runs["person"]], follows)
        edges = [_FIRST, *(np.datetime64(f"{year}-01-01") for year in REFORMS), _NEVER]
        parts = []
        for k, begins in enumerate(edges[:-1]):
            start = runs["start"] if k == 0 else np.maximum(runs["start"], begins)
            until = np.minimum(stop, edges[k + 1] - (k < len(REFORMS)))
            part = runs.assign(start=start, stop=until)[start <= until]
            places = places_of_codes()
            codes = places[places["year"] == begins.astype(object).year]
            several = codes.groupby("place")["code"].agg(list)
            part["kommunenr"] = [
                found[who % len(found)]
                for found, who in zip(part["value"].map(several), part["person"], strict=True)
            ]
            parts.append(part)
        table = self._shuffled(*parts)
        return pd.DataFrame(
            {
                "lopenr": self.fixed["person_id"].to_numpy()[table["person"]],
                "kommunenr": table["kommunenr"],
                "fra_dato": table["start"],
                "til_dato": table["stop"].where(table["stop"] < _NEVER),
            }
        )

    def _education(self) -> pd.DataFrame:
        """Return the highest completed education from its day on: the later takes its place."""
        table = self._shuffled(self._runs("education"))
        return pd.DataFrame(
            {
                "lopenr": self.fixed["person_id"].to_numpy()[table["person"]],
                "nus2000": table["value"].map(_NUS),
                "fra_dato": table["start"],
                "til_dato": np.datetime64("NaT", "D"),
            }
        )

    def _resident(self) -> pd.DataFrame:
        """Return spells of residence, some in two parts that meet; the last has an end or none."""
        n, rng = len(self.fixed), self.rng
        start = np.datetime64("1998-01-01") + rng.integers(0, 3000, n)
        two = rng.random(n) < 0.03
        middle = _FIRST - rng.integers(1, 300, n)
        gone = self.exits["emigration_year"]
        ids = self.fixed["person_id"]
        parts = [
            pd.DataFrame({"lopenr": ids, "fra_dato": start, "til_dato": middle - 1})[two],
            pd.DataFrame({"lopenr": ids, "fra_dato": np.where(two, middle, start),
                          "til_dato": np.where(gone < _NEVER, gone, np.datetime64("NaT"))}),
        ]  # fmt: skip
        return self._shuffled(*parts)

    def _measures(self) -> pd.DataFrame:
        """Return participation: starts, what never began, other measures, and later periods."""
        rng, started = self.rng, self.fixed[self.fixed["start_year"].notna()]
        year = started["start_year"].to_numpy(dtype=np.int64)
        day = (year - 1970).astype("M8[Y]").astype("M8[D]") + rng.integers(0, 365, len(year))
        day = np.minimum(day, self.leaves[started.index])
        first = _taken(started.index.to_numpy(), MEASURE, day, rng.choice(_BEGUN, len(year)))
        waited = first.sample(frac=0.4, random_state=rng).assign(status="VENTELISTE")
        waited["fra_dato"] -= pd.Timedelta(days=90)
        again = first.sample(frac=0.05, random_state=rng)
        again["fra_dato"] += pd.Timedelta(days=500)
        rows = self.frame.sample(len(self.frame) // 60, random_state=rng)
        days = (rows["year"].to_numpy() - 1970).astype("M8[Y]").astype("M8[D]")
        days = days + rng.integers(0, 365, len(rows))
        other = _taken(self.person[rows.index], rng.choice(_OTHERS, len(rows)), days,
                       rng.choice([*_BEGUN, *_NOT_BEGUN], len(rows)))  # fmt: skip
        never = other.sample(frac=0.1, random_state=rng).assign(
            tiltak=MEASURE, status=lambda rows: rng.choice(_NOT_BEGUN, len(rows))
        )
        table = self._shuffled(first, waited, again, other, never)
        table = table[table["fra_dato"] <= self.leaves[table["person"]]]
        number = self.number(table["person"].to_numpy(), table["fra_dato"].to_numpy())
        table.insert(0, "bruker_id", number)
        stop = table["fra_dato"] + pd.to_timedelta(rng.integers(20, 900, len(table)), unit="D")
        table["til_dato"] = stop.where(stop <= _LAST)
        return table.drop(columns="person")


def _taken(person: Ints, measure: Any, day: Any, status: Any) -> pd.DataFrame:
    return pd.DataFrame({"person": person, "tiltak": measure, "status": status, "fra_dato": day})


def _positions(values: pd.Series[Any], names: Sequence[str] | pd.Series[Any]) -> Ints:
    return np.asarray(pd.Index(names).get_indexer(pd.Index(values)))


@cache
def places_of_codes() -> pd.DataFrame:
    """Return codes of municipalities that stand for the invented ones: place, year, code.

    They are the first of their county that changed at the reforms alone.
    """
    recoding = municipality(2024, splits=SPLITS)
    rows = [(recoding.get(code), year, code) for year in map(int, YEARS) for code in in_use(year)]
    found = pd.DataFrame(rows, columns=["now", "year", "code"])
    codes = found.groupby(["now", "year"])["code"].agg(tuple).unstack()
    periods = [c for _, c in codes.T.groupby(np.searchsorted(REFORMS, codes.columns, "right"))]
    plain = codes.notna().all(axis=1)
    for period in periods:
        plain &= period.eq(period.iloc[0]).all()
    counties = [[c for c in codes.index[plain] if c.startswith(head)][:8] for head in STAND_IN]
    stands = dict(zip(chain.from_iterable(counties), MUNICIPALITIES, strict=True))
    return found.assign(place=found["now"].map(stands)).dropna()


def stand_ins() -> pd.DataFrame:
    """Return what each code of 2024 stands for."""
    places = places_of_codes().drop_duplicates("now").sort_values("now")
    county = places["now"].str[:2].map(dict(zip(STAND_IN, COUNTIES, strict=True)))
    return pd.DataFrame(
        {"kommunenr_2024": places["now"], "kommune": places["place"], "fylke": county}
    )


# A year's kroner as a register keeps them: spells with rates whose days give them to the øre. A
# spell is cut in two where kroner do not divide by its days: the first days are paid one øre more.
# Some go on for days of the next year, which then has the less left.

#: Paid days of a year where a scheme pays five days a week all the year round.
PAID_DAYS = 260


@dataclass(frozen=True)
class Scheme:
    """How a scheme pays.

    Attributes
    ----------
    per
        What its amounts are for: a day, a month, or the whole spell.
    days
        The days it pays: "calendar", "weekdays", or "scaled" to 260 a year.
    usual
        Øre for a calendar day (a month) that is usual: how long spells are.
    amount
        What the register calls its amounts.
    """

    per: Literal["day", "month", "spell"]
    days: Literal["calendar", "weekdays", "scaled"]
    usual: int
    amount: str

    def measured(self, first: Ints, last: Ints) -> Ints:
        """Return how many days (months) from `first` to `last` are paid."""
        if self.days != "weekdays":
            return last - first + 1
        return np.busday_count(_days(first), _days(last + 1)).astype(np.int64)

    def ahead(self, first: Ints, n: Ints) -> Ints:
        """Return the day after `n` paid days from `first` on."""
        if self.days != "weekdays":
            return first + n
        later: Ints = np.busday_offset(_days(first), n, roll="forward").astype(np.int64)
        return np.where(n > 0, later, first)


#: By the column of the contract.
SCHEMES = {
    "dagpenger": Scheme("day", "weekdays", 65_000, "dagsats"),
    "aap": Scheme("day", "scaled", 75_000, "dagsats"),
    "tiltakspenger": Scheme("day", "weekdays", 32_000, "dagsats"),
    "sosialhjelp": Scheme("spell", "calendar", 30_000, "utbetalt"),
    "uforetrygd": Scheme("month", "calendar", 2_200_000, "maanedsbelop"),
    "sykepenger": Scheme("day", "calendar", 90_000, "dagsats"),
}


def spells_of(scheme: Scheme, amounts: Ints, exits: Days, rng: np.random.Generator) -> pd.DataFrame:
    """Return spells that pay these amounts.

    Parameters
    ----------
    scheme
        How it pays.
    amounts
        Øre by person and year of `YEARS`, shape (n_persons, n_years); none after the exit.
    exits
        The last day of each person, not before July of a year.
    rng
        Where chance comes from.

    Returns
    -------
    pandas.DataFrame
        `person` (an index), `start`, `stop` (the last day), `amount` (kroner), by person and day.

    Examples
    --------
    >>> øre = np.zeros((1, len(YEARS)), dtype=np.int64)
    >>> øre[0, 0] = 100_01
    >>> spells = spells_of(SCHEMES["sykepenger"], øre, np.array(["2099-12-31"], dtype="M8[D]"),
    ...                    np.random.default_rng(1))
    >>> days = (spells["stop"] - spells["start"]).dt.days + 1
    >>> float((spells["amount"] * days).sum())
    100.01
    """
    unit = "M" if scheme.per == "month" else "D"
    starts = np.array([f"{year}-01" for year in [*YEARS, YEARS[-1] + 1]], dtype="M8[M]")
    begins = starts.astype(f"M8[{unit}]").astype(np.int64)
    until = exits.astype(f"M8[{unit}]").astype(np.int64) - (unit == "M")  # whole months only
    units = amounts
    if scheme.days == "scaled":
        days = starts.astype("M8[D]").astype(np.int64)
        units = (2 * amounts * (days[1:] - days[:-1]) + PAID_DAYS) // (2 * PAID_DAYS)
    units = np.pad(units, ((0, 0), (0, 1)))
    carried, paid = np.zeros(len(amounts), np.int64), np.zeros(len(amounts), np.int64)
    touches = np.zeros(len(amounts), dtype=bool)
    found: list[tuple[Ints, Ints, Ints, Ints]] = []
    for t in range(len(YEARS)):
        who = np.flatnonzero(units[:, t] > 0)
        first = begins[t] + carried[who]
        last = np.minimum(begins[t + 1] - 1, until[who])
        goes_on = (units[who, t + 1] > 0) & (last == begins[t + 1] - 1)
        rest = units[who, t] - paid[who]
        free = last - first + 1
        n = np.clip(-(-rest // scheme.usual), np.where(scheme.days == "weekdays", 7, 1), free)
        drawn = (rng.random(len(who)) * (free - n + 1)).astype(np.int64)
        a = first + np.where(goes_on, free - n, np.where(touches[who], 0, drawn))
        b = a + n - 1
        each, more = np.divmod(rest, scheme.measured(a, b))
        cut = scheme.ahead(a, more)
        over = rng.integers(1, 3 if unit == "M" else 15, len(who))
        owed = each * scheme.measured(b + 1, b + over)
        over *= goes_on & (rng.random(len(who)) < 0.5) & (2 * owed < units[who, t + 1])
        found.append((who[more > 0], a[more > 0], cut[more > 0] - 1, each[more > 0] + 1))
        found.append((who[each > 0], cut[each > 0], (b + over)[each > 0], each[each > 0]))
        carried[:], paid[:], touches[:] = 0, 0, False
        carried[who], paid[who], touches[who] = over, owed * (over > 0), goes_on
    person, a, b, rate = (np.concatenate(part) for part in zip(*found, strict=True))
    start = a.astype(f"M8[{unit}]").astype("M8[D]")
    after: Days = (b + 1).astype(f"M8[{unit}]").astype("M8[D]")
    if scheme.per == "spell":
        rate = rate * (after - start).astype(np.int64)
    stop = after - np.timedelta64(1, "D")
    spells = pd.DataFrame({"person": person, "start": start, "stop": stop, "amount": rate / 100})
    return spells.sort_values(["person", "start"], ignore_index=True)


def _days(values: Ints) -> Days:
    return values.astype("M8[D]")
