"""Spells against a slow oracle: one person at a time, a list of days, fractions."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import mih_impact as mih
from mih_impact.registers.fates import FATES

FIRST, LAST = date(2019, 1, 1), date(2020, 12, 31)
ONE = timedelta(days=1)
#: Many persons an example: what fails names them, and making it smaller takes minutes.
PHASES = (Phase.explicit, Phase.generate)
NAMES = ["person_id", "case", "version", "off", "start", "stop", "rate"]


def days_in(period):
    year, month = period if isinstance(period, tuple) else (period, None)
    if month is None:
        return (date(year + 1, 1, 1) - date(year, 1, 1)).days
    return ((date(year, month, 28) + 4 * ONE).replace(day=1) - date(year, month, 1)).days


def paid(day, rate, how):
    """What a day is paid, exactly, in kroner."""
    if how == "weekdays":
        return rate if day.weekday() < 5 else Fraction(0)
    if how == "scaled":
        return rate * 260 / days_in(day.year)
    if how == "month":
        return rate / days_in((day.year, day.month))
    return rate / days_in(day.year) if how == "year" else rate


def counted(rows):
    """The rows that count: the last version of each case, unless it is cancelled."""
    last = {}
    for row in rows:
        if row["case"] not in last or row["version"] > last[row["case"]]["version"]:
            last[row["case"]] = row
    return [row for row in last.values() if not row["off"]]


def day_by_day(rows, *, how, overlap, stops, covers, died):
    """Return what each day is paid (or how many spells it counts), by day."""
    found = {}
    for row in counted(rows):
        is_open = row["stop"] is None or row["stop"].year == 9999
        stop = covers if is_open else row["stop"] - (ONE if stops == "exclusive" else 0 * ONE)
        n = (stop - row["start"]).days + 1
        parts = int(row["rate"] * 1_000_000)
        day = row["start"]
        while day <= stop:
            rate = Fraction(parts, 1_000_000)
            if how == "spell":
                share = parts // n
                rate = Fraction(share if day < stop else parts - share * (n - 1), 1_000_000)
            if FIRST <= day <= min(covers, died):
                key = (row["version"], row["start"], stop)
                found.setdefault(day, []).append((key, rate))
            day += ONE
    choose = {
        "sum": lambda spells: sum(rate for _, rate in spells),
        "highest": lambda spells: max(rate for _, rate in spells),
        "latest": lambda spells: max(spells)[1],
    }
    return {day: paid(day, choose[overlap](spells), how) for day, spells in found.items()}


def in_periods(days, period):
    sums = {}
    for day, kroner in days.items():
        at = day.year if period == "year" else (day.year, day.month)
        sums[at] = sums.get(at, 0) + kroner
    return {at: int(kroner * 100 + Fraction(1, 2)) for at, kroner in sums.items()}  # none negative


dates = st.one_of(
    st.dates(date(2018, 10, 1), date(2021, 2, 1)),
    st.sampled_from([date(2019, 12, 31), date(2020, 1, 1), date(2020, 2, 28), date(2020, 2, 29)]),
)


@st.composite
def persons(draw):
    """Rows of one person: cases with versions, some cancelled, some open."""
    rows = []
    for case in range(draw(st.integers(1, 4))):
        for version in range(1, draw(st.integers(1, 2)) + 1):
            start = draw(dates)
            length = draw(st.one_of(st.none(), st.just("never"), st.integers(1, 500)))
            stop = None if length is None else date(9999, 12, 31)
            if isinstance(length, int):
                stop = start + timedelta(days=length)
            off = draw(st.integers(0, 4)) == 0
            rate = Fraction(draw(st.integers(0, 3_000_000_000)), 1_000_000)
            values = (case, version + 10 * case, int(off), start, stop, rate)
            rows.append(dict(zip(NAMES[1:], values, strict=True)))
    return rows, draw(st.one_of(st.just(date(9999, 12, 31)), dates))


def table_of(people):
    lines = [{"person_id": f"p{i:02}", **row} for i, (rows, _) in enumerate(people) for row in rows]
    table = pd.DataFrame(lines, columns=NAMES)
    table["rate"] = table["rate"].astype(float)
    for end in ("start", "stop"):
        table[end] = [None if day is None else day.isoformat() for day in table[end]]
    return table


def died_of(people):
    ids = [f"p{i:02}" for i in range(len(people))]
    died = [None if day.year == 9999 else day.isoformat() for _, day in people]
    return mih.Table(
        pd.DataFrame({"person_id": ids, "died": died}).astype(object),
        columns={"death_date": "died"},
        dates="dmy",
    )


HOW = {
    "calendar": {"per": "day", "days": "calendar"},
    "weekdays": {"per": "day", "days": "weekdays"},
    "scaled": {"per": "day", "days": mih.scaled(260)},
    "month": {"per": "month"},
    "year": {"per": "year"},
    "spell": {"per": "spell"},
}


@pytest.mark.parametrize("how", HOW)
@settings(max_examples=3, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(
    people=st.lists(persons(), min_size=20, max_size=40),
    overlap=st.sampled_from(["sum", "highest", "latest"]),
    stops=st.sampled_from(["inclusive", "exclusive"]),
    period=st.sampled_from(["year", "month"]),
    covers=st.sampled_from([date(2020, 6, 15), LAST]),
)
def test_amounts_are_those_of_a_list_of_days(how, people, overlap, stops, period, covers):
    options = {"revision": "version", "id": "case", "cancelled": "off", "covers_to": covers}
    spells = mih.Spells(table_of(people), name="spells", to="aap", amount="rate", stops=stops,
                        overlap=overlap, **options, **HOW[how])  # fmt: skip
    ids = [f"p{i:02}" for i in range(len(people))]
    rows = [(p, y) for p in ids for y in (2019, 2020)]
    grid = pd.DataFrame(rows, columns=["person_id", "year"]).assign(education="x")
    names = {"year": "year", "education": "education"}
    panel = mih.build_panel(died_of(people), yearly=[mih.Table(grid, columns=names)],
                            spells=[spells], years=(2019, 2020), period=period)  # fmt: skip
    told = panel.sources()
    assert (told[list(FATES)].sum(axis=1) == told["rows_read"]).all()
    frame = panel.frame.collect("pandas").to_native()
    keys = ["year"] if period == "year" else ["year", "month"]
    found = {}
    for line in frame[["person_id", *keys, "aap"]].itertuples(index=False):
        at = int(line.year) if period == "year" else (int(line.year), int(line.month))
        if line.aap == line.aap:
            found[line.person_id, at] = round(line.aap * 100)
    expected = dict.fromkeys(found, 0)
    for i, (own, died) in enumerate(people):
        days = day_by_day(own, how=how, overlap=overlap, stops=stops, covers=covers, died=died)
        expected |= {(f"p{i:02}", at): ore for at, ore in in_periods(days, period).items()}
    assert found == expected


@settings(max_examples=3, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(people=st.lists(persons(), min_size=20, max_size=40), gap=st.integers(0, 40))
def test_days_and_months_are_those_of_a_set_of_days(people, gap):
    row = (0, 1, 0, date(2020, 2, 28), date(2020, 3, 1), Fraction(0))
    people = [*people, ([dict(zip(NAMES[1:], row, strict=True))], date(9999, 12, 31))]
    options = {"revision": "version", "id": "case", "cancelled": "off"}
    table = table_of(people)
    spells = [
        mih.Spells(table, name=f"{count}{i}", to=f"{count}{i}", count=count, overlap="union",
                   gap=i * gap, **options)
        for count in ("days", "months")
        for i in (0, 1)
    ]  # fmt: skip
    panel = mih.build_panel(died_of(people), spells=spells, years=(2019, 2020),
                            units={"days0": "days"})  # fmt: skip
    frame = panel.frame.collect("pandas").to_native().set_index(["person_id", "year"])
    for i, (own, died) in enumerate(people):
        days = set(day_by_day(own, how="calendar", overlap="sum", stops="inclusive", covers=LAST,
                              died=died))  # fmt: skip
        joined, before = set(days), None
        for day in sorted(days):
            if before is not None and 1 < (day - before).days <= gap + 1:
                joined |= {before + k * ONE for k in range((day - before).days)}
            before = day
        for year in {day.year for day in joined}:
            line = frame.loc[(f"p{i:02}", year)]
            for k, own_days in enumerate((days, joined)):
                here = {day for day in own_days if day.year == year}
                assert line[f"days{k}"] == len(here)
                assert line[f"months{k}"] == len({day.month for day in here})
