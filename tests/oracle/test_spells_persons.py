"""Two thousand made-up persons with every rule at once, each reckoned by himself, day by day.

Their tables come as frames or, in every other world, as Parquet in two files each.

Everything is whole numbers of 1e-4 øre until the one rounding at the end; days are in a list.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from itertools import pairwise

import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.registers.fates import FATES

FIRST, LAST, FAR = date(2019, 1, 1), date(2020, 12, 31), date(9999, 12, 31)
ONE = timedelta(days=1)
PARTS, ORE = 1_000_000, 10_000
EDGES = [date(2018, 12, 31), date(2019, 12, 31), date(2020, 1, 1), date(2020, 2, 28),
         date(2020, 2, 29), date(2020, 3, 1), date(2019, 4, 30), LAST]  # fmt: skip
#: What is paid, for what, by column.
HOW = {
    "dagpenger": {"per": "day", "days": "calendar"},
    "tiltakspenger": {"per": "day", "days": "weekdays"},
    "aap": {"per": "day", "days": mih.scaled(260)},
    "sykepenger": {"per": "month"},
    "uforetrygd": {"per": "year"},
    "sosialhjelp": {"per": "spell"},
}
CASES = ["person_id", "case", "version", "off", "start", "stop", "rate"]
RULES = ["sum", "highest", "latest"]


def days_of(first, last):
    return [first + k * ONE for k in range((last - first).days + 1)]


def period_of(day, by):
    return day.year if by == "year" else (day.year, day.month)


def length(by, year, month=1):
    first = date(year, month, 1)
    after = date(year + (by == "year" or month == 12), 1 if by == "year" else month % 12 + 1, 1)
    return (after - first).days


ALL = days_of(FIRST, LAST)


# --- made-up persons ------------------------------------------------------------------------------


def a_day(rng):
    return rng.choice(EDGES) if rng.random() < 0.3 else date(2018, 10, 1) + rng.randrange(850) * ONE


def a_stop(rng, start, *, exclusive):
    kind = rng.random()
    if kind < 0.2:
        return rng.choice([None, FAR, date(2099, 1, 1)])
    n = rng.choice([0, 1, 2, 30, rng.randrange(500)])
    return start + (n if exclusive else max(n - 1, 0)) * ONE


def a_person(rng, *, exclusive):
    """Rows of one person: cases with versions, addresses, residence, participation and wages."""
    cases = []
    for case in range(rng.randint(0, 4)):
        for version in range(1, rng.randint(1, 2) + 1):
            start = a_day(rng)
            off, rate = int(rng.random() < 0.2), rng.randrange(3_000 * PARTS)
            stop = a_stop(rng, start, exclusive=exclusive)
            cases.append((case, version + 10 * case, off, start, stop, rate))
    spells = {}
    for name, most in (("places", 3), ("stays", 2), ("measures", 4)):
        starts = [a_day(rng) for _ in range(rng.randint(0, most))]
        spells[name] = [(start, a_stop(rng, start, exclusive=False)) for start in starts]
    places = [(*spell, rng.choice(["0301", "1103", "5001"])) for spell in spells["places"]]
    measures = [
        (*spell, rng.choice(["AFL", "AFL", "OPPL"]), rng.choice(["done", "done", "waiting"]))
        for spell in spells["measures"]
    ]
    wages = [
        (k, v, rng.choice([201812, 201901, 202001, 202012]), rng.randint(-PARTS, 10**11))
        for k in range(rng.randint(0, 4))
        for v in range(1, rng.randint(1, 2) + 1)
    ]
    died = a_day(rng) if rng.random() < 0.2 else None
    return {"cases": cases, "places": places, "stays": spells["stays"], "measures": measures,
            "wages": wages, "died": died}  # fmt: skip


def table(people, name, columns):
    lines = [(f"p{i:04}", *row) for i, one in enumerate(people) for row in one[name]]
    frame = pd.DataFrame(lines, columns=["person_id", *columns])
    for end in {"start", "stop"} & {*columns}:
        frame[end] = [None if day is None else day.isoformat() for day in frame[end]]
    for kroner in {"rate", "wage"} & {*columns}:
        frame[kroner] = frame[kroner] / PARTS
    return frame


# --- one at a time --------------------------------------------------------------------------------


def is_open(stop):
    return stop is None or stop in (FAR, date(2099, 1, 1))


def last_versions(rows):
    """The rows of the last version of each line."""
    newest = {}
    for row in rows:
        if row[0] not in newest or row[1] > newest[row[0]][1]:
            newest[row[0]] = row
    return [*newest.values()]


def paid_by_day(one, rule, *, to, exclusive, covers):
    """What is paid on each day, by the rule where there are several, in parts of the day's rate."""
    found = {}
    alive = min(covers, one["died"] or FAR)
    for _, version, off, start, stop, rate in last_versions(one["cases"]):
        if off:
            continue
        end = covers if is_open(stop) else stop - exclusive * ONE
        n = (end - start).days + 1
        for day in days_of(max(start, FIRST), min(end, alive)):
            each = rate
            if to == "sosialhjelp":
                each = rate // n if day < end else rate - rate // n * (n - 1)
            found.setdefault(day, []).append((version, each))
    choose = {
        "sum": lambda spells: sum(rate for _, rate in spells),
        "highest": lambda spells: max(rate for _, rate in spells),
        "latest": lambda spells: max(spells)[1],
    }
    return {day: choose[rule](spells) for day, spells in found.items()}


def weight(to, day):
    """What a day's rate is worth: a numerator and a denominator."""
    if to == "tiltakspenger":
        return int(day.weekday() < 5), 1
    if to == "aap":
        return 260, length("year", day.year)
    if to == "sykepenger":
        return 1, length("month", day.year, day.month)
    return (1, length("year", day.year)) if to == "uforetrygd" else (1, 1)


def in_ore(sums):
    """Whole øre, half away from zero, of sums by denominator."""
    common = 1
    for per in sums:
        common *= per
    parts = sum(n * (common // per) for per, n in sums.items())
    half = (2 * abs(parts) + ORE * common) // (2 * ORE * common)
    return half if parts >= 0 else -half


def money(one, rule, by, **options):
    sums = {}
    for day, rate in paid_by_day(one, rule, **options).items():
        times, per = weight(options["to"], day)
        here = sums.setdefault(period_of(day, by), {})
        here[per] = here.get(per, 0) + rate * times
    return {at: in_ore(parts) for at, parts in sums.items()}


def counted(one, by, *, gap, exclusive, covers):
    """How many days, each once, spells at most a gap apart being one."""
    days = sorted(paid_by_day(one, "sum", to="dagpenger", exclusive=exclusive, covers=covers))
    joined = {*days}
    for before, day in pairwise(days):
        if (day - before).days - 1 <= gap:
            joined |= {*days_of(before, day)}
    found = {}
    for day in joined:
        found[period_of(day, by)] = found.get(period_of(day, by), 0) + 1
    return found


def places(one, by, at):
    """Where a person lives at a day of the period, or for most of it; the latest to begin holds."""
    alive, here = min(LAST, one["died"] or FAR), {}
    for row, (start, stop, place) in enumerate(one["places"]):
        end = LAST if is_open(stop) else stop
        for day in days_of(max(start, FIRST), min(end, alive)):
            key = (start, end, place, -row)
            here[day] = max(here.get(day, key), key)
    found, times = {}, {}
    for day, (_, _, place, _) in sorted(here.items()):
        period = period_of(day, by)
        first = period_of(day - ONE, by) != period
        last = period_of(day + ONE, by) != period
        if {"first": first, "last": last, "31.12": last, "01.07": day.month == 7 and day.day == 1,
            "longest": False}[at]:  # fmt: skip
            found[period] = place
        n, _ = times.setdefault(period, {}).get(place, (0, day))
        times[period][place] = (n + 1, day)
    if at == "longest":
        return {p: max(of, key=lambda place: of[place]) for p, of in times.items()}
    return found


def residence(one, by):
    alive, periods, ends = min(LAST, one["died"] or FAR), set(), []
    for start, stop in one["stays"]:
        days = days_of(max(start, FIRST), min(LAST if is_open(stop) else stop, alive))
        periods |= {period_of(day, by) for day in days}
        ends += days[-1:]
    left = ends and max(ends) < alive
    return periods, max(ends).year if left else None


def participation(one, by, gap):
    """The first start in the named measure, all that have begun, and what begins in a period."""
    reach, begun = {}, []
    rows = sorted(enumerate(one["measures"]), key=lambda line: (line[1][0], end_of(line[1], one)))
    for row, (start, stop, measure, status) in rows:
        if status == "waiting" or start > min(LAST, one["died"] or FAR):
            continue
        end = end_of((start, stop), one)
        if not gap or measure not in reach or start > reach[measure] + (1 + gap) * ONE:
            begun.append((start, row, measure))
        reach[measure] = max(reach.get(measure, end), end)
    mine = [(start, row) for start, row, measure in begun if measure == "AFL"]
    names = {}
    for start, _, measure in sorted(begun, key=lambda b: (b[2] != "AFL", b[0], b[1])):
        if start >= FIRST:
            names.setdefault(period_of(start, by), measure)
    return min(mine)[0] if mine else None, [start for start, _, _ in begun], names


def end_of(spell, one):
    return min(LAST if is_open(spell[1]) else spell[1], LAST, one["died"] or FAR)


def wages(one, by):
    sums = {}
    for _, _, month, parts in last_versions(one["wages"]):
        at = month // 100 if by == "year" else (month // 100, month % 100)
        if month > 201900:
            sums[at] = sums.get(at, 0) + parts
    return {at: in_ore({1: parts}) for at, parts in sums.items()}


def expected(one, by, *, rules, exclusive, covers, gap, at):
    """The rows of one person: a dict of columns by period."""
    options = {"exclusive": exclusive, "covers": covers}
    amounts = {to: money(one, rule, by, to=to, **options) for to, rule in rules.items()}
    days = counted(one, by, gap=gap, **options)
    lives, pay = places(one, by, at), wages(one, by)
    stays, left = residence(one, by)
    first, begun, names = participation(one, by, gap)
    rows = {*stays, *pay, *lives, *names, *days, *(p for of in amounts.values() for p in of)}
    if first is not None and first >= FIRST:
        rows.add(period_of(first, by))
    found = {}
    for p in rows:
        starts = date(p, 1, 1) if by == "year" else date(*p, 1)
        known = starts <= covers
        line = {to: of.get(p, 0) if known else None for to, of in amounts.items()}
        line |= {"n": days.get(p, 0) if known else None, "municipality": lives.get(p)}
        line |= {"wage_income": pay.get(p), "measure": names.get(p), "emigration_year": left}
        line["start_year"] = first.year if first else None
        line["earlier"] = sum(period_of(start, by) <= p for start in begun)
        found[p] = line
    return found


# --- all together ---------------------------------------------------------------------------------

#: Period, exclusive stops, what the benefits cover, gap, and when a status is taken.
WORLDS = [
    ("year", False, LAST, 0, "31.12"),
    ("year", True, date(2020, 6, 15), 7, "longest"),
    ("month", False, LAST, 30, "last"),
    ("month", True, date(2019, 12, 31), 0, "longest"),
    ("year", True, date(2019, 7, 1), 2, "01.07"),
]


@pytest.mark.parametrize("world", range(len(WORLDS)))
def test_every_rule_for_four_hundred_persons_at_a_time(world, tmp_path):
    by, exclusive, covers, gap, at = WORLDS[world]
    rng = random.Random(world)
    people = [a_person(rng, exclusive=exclusive) for _ in range(400)]
    rules = {to: RULES[(k + world) % 3] for k, to in enumerate(HOW)}
    panel = built(people, by, rules, exclusive, covers, gap, at, tmp_path if world % 2 else None)
    told = panel.sources()
    assert (told[list(FATES)].sum(axis=1) == told["rows_read"]).all()
    assert (told[list(FATES)] >= 0).all(axis=None)
    frame = panel.frame.collect("pandas").to_native()
    found = {}
    for line in frame.to_dict("records"):
        period = int(line["year"]) if by == "year" else (int(line["year"]), int(line["month"]))
        line = {name: None if pd.isna(value) else value for name, value in line.items()}
        line |= {to: None if line[to] is None else round(line[to] * 100)
                 for to in (*HOW, "wage_income")}  # fmt: skip
        found[line["person_id"], period] = line
    wanted = {}
    options = {"rules": rules, "exclusive": exclusive, "covers": covers, "gap": gap, "at": at}
    for i, one in enumerate(people):
        rows = expected(one, by, **options)
        wanted |= {(f"p{i:04}", period): line for period, line in rows.items()}
    assert found.keys() == wanted.keys()
    for key, line in wanted.items():
        assert {name: found[key][name] for name in line} == line, key


def in_files(frame, folder, name):
    """The frame, or where there is a folder for it the two files that it is in."""
    if folder is None:
        return frame
    for k, part in enumerate((frame.iloc[: len(frame) // 3], frame.iloc[len(frame) // 3 :])):
        part.to_parquet(folder / f"{name}_{k}.parquet")
    return folder / f"{name}_*.parquet"


def built(people, by, rules, exclusive, covers, gap, at, folder):
    died = [None if one["died"] is None else one["died"].isoformat() for one in people]
    persons = pd.DataFrame({"person_id": [f"p{i:04}" for i in range(len(people))], "died": died})
    columns = {"death_date": "died"}
    cases = in_files(table(people, "cases", CASES[1:]), folder, "cases")
    benefits = {
        "revision": "version",
        "id": "case",
        "cancelled": "off",
        "covers_to": covers,
        "stops": "exclusive" if exclusive else "inclusive",
        "open_ends": ["2099-01-01"],
    }
    spells = [
        mih.Spells(cases, name=to, to=to, amount="rate", overlap=rules[to], **benefits, **how)
        for to, how in HOW.items()
    ]
    spells.append(
        mih.Spells(cases, name="n", to="n", count="days", overlap="union", gap=gap, **benefits)
    )
    open_ends = {"open_ends": ["2099-01-01"]}
    lives = in_files(table(people, "places", ["start", "stop", "place"]), folder, "lives")
    measures = table(people, "measures", ["start", "stop", "tiltak", "status"])
    measures = in_files(measures, folder, "measures")
    pay = table(people, "wages", ["line", "v", "month", "wage"])
    return mih.build_panel(
        mih.Table(persons.astype(object), columns=columns),
        monthly=[mih.Table(in_files(pay, folder, "wages"), name="wages",
                           columns={"month": "month", "wage_income": "wage"}, revision="v",
                           id="line", combine="sum")],
        spells=spells,
        status=[mih.Status(lives, to="municipality", value="place", at=at, overlap="latest",
                           **open_ends)],
        residence=mih.Spells(table(people, "stays", ["start", "stop"]), **open_ends),
        starts=mih.Starts(measures, measure="tiltak", earlier="earlier", gap=gap,
                          where={"tiltak": ["AFL"], "status": ["done"]},
                          exclude={"status": ["waiting"]}, **open_ends),
        years=(2019, 2020), period=by, units={"n": "days"},
    )  # fmt: skip
