"""From registers to a panel: time and memory beside the same joins by hand, in the same run.

    python benchmarks/registers_size.py [--persons 100000 1000000] [--by year] [--runs 1]
    python benchmarks/registers_size.py --persons 100000 --pandas    # beside pandas

For every size an extract is made in Parquet (in --data, kept between runs): a row per person, one
per person and year (or month) over 12 years, eight benefit spells a person in no order, two
addresses and one spell of residence. `mih.build_panel(out=...)` makes a panel of it, in a process
of its own, under memory_limit="2 GB". The bound is the same joins as one query written by hand in
DuckDB's SQL, its rows in the same order: it checks nothing, counts nothing, and keeps nothing that
tells where a cell came from. It may take 8 GB (--by-hand), as it runs out of memory with 4 at a
million, and with 8 at five. It runs just before and just after, and its median counts. The peer
(--pandas) is what an analyst writes by hand: spells exploded to days, grouped and merged.

The panels are compared by sums over all of their cells. Ratios and growth are written to
benchmarks/results/registers_size_<by>.json; nothing is asserted here.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from itertools import pairwise
from math import log2
from pathlib import Path
from typing import Any

import duckdb
from size_processes import LAP

from size import CLOCKS, over, process

RESULTS = Path(__file__).parent / "results"
MEMORY = "2 GB"
MOVED = "DATE '2012-01-01' + (hash(i // 2) % 3000)::INTEGER"
#: Tables of the extract: rows a person, whose they are, and what is in them. `i` counts rows, and
#: `h` is as good as random.
TABLES = {
    "persons": (1, "i", "1940 + h % 60 AS birth_year, if(h % 2 = 0, 'K', 'M') AS sex"),
    "income_year": (12, "i // 12", "2009 + i % 12 AS year, (h % 80000000) / 100 AS wage_income"),
    "income_month": (
        144,
        "i // 144",
        "2009 + i % 144 // 12 AS year, i % 12 + 1 AS month, (h % 8000000) / 100 AS wage_income",
    ),
    "spells": (
        8,
        "h % PERSONS",
        "DATE '2008-06-01' + (h // 7 % 4500)::INTEGER AS start, "
        "start + (h // 11 % 400)::INTEGER AS stop, (h // 13 % 200000) / 100 AS rate, "
        "(h // 17 % 50 = 0)::INTEGER AS off",
    ),
    "addresses": (
        2,
        "i // 2",
        f"if(i % 2 = 0, DATE '2005-01-01', {MOVED}) AS start, if(i % 2 = 0, {MOVED} - 1, NULL) "
        "AS stop, printf('%04d', 301 + h % 5000) AS place",
    ),
    "residence": (
        1,
        "i",
        "DATE '2000-01-01' AS start, if(h % 10 = 0, DATE '2021-01-01' + (h % 900)::INTEGER, NULL) "
        "AS stop",
    ),
}

OURS = (
    LAP
    + """
import mih_impact as mih
from mih_impact import build_panel
folder, by, out, memory = sys.argv[1:5]
mih.options(progress=False)
lap("import")
at = {} if by == "year" else {"month": "month"}
income = mih.Table(f"{folder}/income_{by}.parquet",
                   columns={"year": "year", **at, "wage_income": "wage_income"})
panel = build_panel(
    mih.Table(f"{folder}/persons.parquet", columns={"birth_year": "birth_year", "sex": "sex"}),
    **{f"{by}ly": [income]},
    spells=[mih.Spells(f"{folder}/spells.parquet", to="aap", amount="rate", per="day",
                       days=mih.scaled(260), overlap="sum", cancelled="off")],
    status=[mih.Status(f"{folder}/addresses.parquet", to="municipality", value="place",
                       at="last")],
    residence=mih.Spells(f"{folder}/residence.parquet"),
    years=(2009, 2020), period=by, out=out, memory_limit=memory,
)
lap("panel")
told = panel.sources()
lap("sources")
found["peak_gb"] = peak_gb()
found["about"] = {"rows_read": int(told["rows_read"].sum())}
print(json.dumps(found))
"""
)

BOUND = (
    LAP
    + """
import duckdb, tempfile
folder, by, out, memory = sys.argv[1:5]
os.makedirs(out, exist_ok=True)
c = duckdb.connect()
c.execute(f"SET memory_limit = '{memory}'")
c.execute(f"SET temp_directory = '{tempfile.mkdtemp()}'")
c.execute("SET enable_progress_bar = false; SET preserve_insertion_order = false")
lap("import")
low = "greatest(start, DATE '2009-01-01')"
high = "least(coalesce(stop, DATE '2020-12-31'), DATE '2020-12-31')"
if by == "year":
    unit, y, keys, join = "year({0})", "u", "g.u AS year", "i.year = g.u"
    first, last = "make_date(u, 1, 1)", "make_date(u, 12, 31)"
else:
    unit, y = "year({0}) * 12 + month({0}) - 1", "u // 12"
    keys, join = "g.u // 12 AS year, g.u % 12 + 1 AS month", "i.year * 12 + i.month - 1 = g.u"
    first = "make_date(u // 12, u % 12 + 1, 1)"
    last = f"last_day({first})"
cut = f"SELECT *, unnest(range({unit.format(low)}, {unit.format(high)} + 1)) AS u FROM '{folder}"
n = f"least(stop, {last}) - greatest(start, {first}) + 1"
paid = f"sum(rate * 260 * ({n}) / (make_date({y} + 1, 1, 1) - make_date({y}, 1, 1)))"
c.execute(f'''COPY (
WITH g AS (SELECT person_id, u FROM ({cut}/residence.parquet')),
b AS (SELECT person_id, u, round({paid}, 2) AS aap
      FROM ({cut}/spells.parquet' WHERE off = 0) GROUP BY ALL),
a AS (SELECT person_id, u, place FROM ({cut}/addresses.parquet')
      WHERE {last} BETWEEN start AND coalesce(stop, DATE '9999-12-31'))
SELECT g.person_id, {keys}, birth_year, sex, wage_income, coalesce(aap, 0) AS aap,
       place AS municipality
FROM g JOIN '{folder}/persons.parquet' p ON p.person_id = g.person_id
LEFT JOIN '{folder}/income_{by}.parquet' i ON i.person_id = g.person_id AND {join}
LEFT JOIN b ON b.person_id = g.person_id AND b.u = g.u
LEFT JOIN a ON a.person_id = g.person_id AND a.u = g.u
ORDER BY g.person_id, g.u) TO '{out}/panel.parquet' (FORMAT parquet)''')
lap("panel")
found["peak_gb"] = peak_gb()
print(json.dumps(found))
"""
)

#: As an analyst would write it: the days of the spells one by one.
PEER = (
    LAP
    + """
import pandas as pd
folder, by, out, memory = sys.argv[1:5]
os.makedirs(out, exist_ok=True)
lap("import")
read = {n: pd.read_parquet(f"{folder}/{n}.parquet")
        for n in ("persons", f"income_{by}", "spells", "addresses", "residence")}
keys = ["person_id", "year"] if by == "year" else ["person_id", "year", "month"]
first, last = pd.Timestamp("2009-01-01"), pd.Timestamp("2020-12-31")
def exploded(table):
    start = pd.to_datetime(table["start"]).clip(lower=first)
    stop = pd.to_datetime(table["stop"]).fillna(last).clip(upper=last)
    table = table.assign(start=start, stop=stop)[start <= stop]
    table["day"] = [pd.date_range(a, b) for a, b in zip(table["start"], table["stop"])]
    table = table.explode("day", ignore_index=True)
    table["day"] = pd.to_datetime(table["day"])
    table["year"], table["month"] = table["day"].dt.year, table["day"].dt.month
    return table
spells = exploded(read["spells"].query("off == 0"))
length = 365 + spells["day"].dt.is_leap_year
spells["aap"] = spells["rate"] * 260 / length
aap = spells.groupby(keys)["aap"].sum().round(2).reset_index()
del spells
days = pd.date_range(first, last, freq="YE" if by == "year" else "ME")
places = read["addresses"].assign(stop=pd.to_datetime(read["addresses"]["stop"]).fillna(last))
places["day"] = [days[(days >= a) & (days <= b)] for a, b in
                 zip(pd.to_datetime(places["start"]), places["stop"])]
places = places.explode("day", ignore_index=True).dropna(subset=["day"])
places["day"] = pd.to_datetime(places["day"])
places["year"], places["month"] = places["day"].dt.year, places["day"].dt.month
rows = exploded(read["residence"])[keys].drop_duplicates()
rows = rows.merge(read["persons"], on="person_id").merge(read[f"income_{by}"], on=keys, how="left")
rows = rows.merge(aap, on=keys, how="left").fillna({"aap": 0.0})
places = places[[*keys, "place"]].rename(columns={"place": "municipality"})
rows = rows.merge(places, on=keys, how="left")
rows.sort_values(keys).to_parquet(f"{out}/panel.parquet", index=False)
lap("panel")
found["peak_gb"] = peak_gb()
print(json.dumps(found))
"""
)


def extract(folder: Path, persons: int, by: str) -> Path:
    """Return the folder of an extract of this size, made if it is not there."""
    out = folder / f"extract_{persons}"
    out.mkdir(parents=True, exist_ok=True)
    for name, (each, whose, columns) in TABLES.items():
        path = out / f"{name}.parquet"
        if path.is_file() or name == f"income_{'month' if by == 'year' else 'year'}":
            continue
        rows = (
            f"SELECT i, (hash(i + {len(name)}) // 2)::BIGINT AS h FROM range({each * persons}) t(i)"
        )
        key = f"printf('%011d', ({whose.replace('PERSONS', str(persons))}) * 17) AS person_id"
        duckdb.sql(
            f"COPY (SELECT {key}, {columns} FROM ({rows})) TO '{path}.part' (FORMAT parquet)"
        )
        os.replace(f"{path}.part", path)
    return out


def sums(panel: Path) -> dict[str, float]:
    """Return sums over the cells of a panel, which tell two panels apart."""
    cells = (
        "count(*) AS rows, sum(wage_income)::DOUBLE AS wage_income, sum(aap)::DOUBLE AS aap, "
        "sum(municipality::INTEGER * (year - 2000)) AS municipality, sum(birth_year) AS birth_year"
    )
    found = duckdb.sql(f"SELECT {cells} FROM '{panel}/panel.parquet'").fetchall()[0]
    return dict(zip(("rows", "wage_income", "aap", "places", "birth_years"), found, strict=True))


def measured(folder: Path, by: str, runs: int, by_hand: str, *, peer: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        given = (str(folder), by, f"{scratch}/hand", by_hand)
        bounds, ours, peers = in_memory(BOUND, *given), [], []
        for _ in range(runs):
            ours.append(process(OURS, str(folder), by, f"{scratch}/ours", MEMORY))
            bounds += in_memory(BOUND, *given) if bounds else []
        alike = {"ours": sums(Path(scratch, "ours"))}
        if bounds:
            alike["hand"] = sums(Path(scratch, "hand"))
        if peer:
            peers = [process(PEER, str(folder), by, f"{scratch}/pandas", MEMORY)]
            alike["pandas"] = sums(Path(scratch, "pandas"))
    table = {name: middle(ours, name) for name in ("panel", "sources")}
    found = {
        **ours[0]["about"],
        "panels": alike,
        "seconds": table,
        "peak_gb": round(max(one["peak_gb"] for one in ours), 2),
        "memory_by_hand": by_hand if bounds else f"{by_hand}: not enough",
    }
    if bounds:
        found["bound_seconds"] = middle(bounds, "panel")
        found["over_bound"] = over(table["panel"], found["bound_seconds"])
        found["bound_peak_gb"] = round(max(one["peak_gb"] for one in bounds), 2)
    if peers:
        found["peer_seconds"] = middle(peers, "panel")
        found["peer_over_ours"] = over(found["peer_seconds"], table["panel"])
        found["peer_peak_gb"] = round(peers[0]["peak_gb"], 2)
    return found


def in_memory(code: str, *given: str) -> list[dict[str, Any]]:
    """Return what one run found, or nothing if it ran out of memory."""
    try:
        return [process(code, *given)]
    except SystemExit as error:
        if "OutOfMemory" not in str(error):
            raise
        return []


def middle(found: list[dict[str, Any]], stage: str) -> dict[str, float]:
    return {c: round(statistics.median(one[stage][c] for one in found), 3) for c in CLOCKS}


def growth(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what doubling persons multiplies, between sizes: ours, and the bound."""
    steps = []
    for small, large in pairwise(found):
        doublings = log2(large["persons"] / small["persons"])
        step: dict[str, Any] = {"from": small["persons"], "to": large["persons"]}
        for who, read in (("ours", lambda s: s["seconds"]["panel"]), ("bound", _bound)):
            if who == "bound" and "bound_seconds" not in large:
                continue
            times = over(read(large), read(small))
            step[who] = {c: round(times[c] ** (1 / doublings), 2) for c in CLOCKS}
        steps.append(step)
    return steps


def _bound(size: dict[str, Any]) -> dict[str, float]:
    return size["bound_seconds"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, nargs="+", default=[100_000, 1_000_000, 5_000_000])
    parser.add_argument("--by", choices=("year", "month"), default="year")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--pandas", action="store_true", help="beside pandas: small sizes only")
    parser.add_argument("--by-hand", default="8 GB", help="memory of the query by hand")
    there = Path(tempfile.gettempdir()) / "mih_impact_registers"
    parser.add_argument("--data", type=Path, default=there)
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    found = []
    for persons in given.persons:
        folder = extract(given.data, persons, given.by)
        taken = measured(folder, given.by, given.runs, given.by_hand, peer=given.pandas)
        found.append({"persons": persons, **taken})
        print(json.dumps(found[-1], indent=1), flush=True)
    record = {
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
        "cpus": os.cpu_count(),
        "runs": given.runs,
        "load_at_end": [round(x, 1) for x in os.getloadavg()],
        "sizes": found,
        "doubling_persons_multiplies": growth(found),
    }
    name = f"registers_size_{'pandas' if given.pandas else given.by}.json"
    given.results.mkdir(exist_ok=True)
    (given.results / name).write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
