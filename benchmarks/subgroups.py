"""Do subgroups have their own effect, and do their intervals hold it, whatever splits them?

    nice -n 10 python benchmarks/subgroups.py [--seeds 1000] [--jobs 1] [--part PART]
    python benchmarks/subgroups.py --seeds 0      # only write the tables from the record

Three ways of choosing controls (propensity matching 1:5, entropy balancing, inverse probability),
and subgroups by a column in exact=, by one in on=, by one in neither, and in the small registers by
bands of a number in on=.
Seeds 0, 1, ..., fixed beforehand and none left out. Two parts:

- model: small registers in which the logit and the linear trend are right, in all and within every
  subgroup. Every column that splits moves the trend, and all but the one in neither the chance to
  start. The effect is 50,000 in the mean, with a spread between persons.
- shipped: registers of the shipped generator, in which no model is right. The truth is PATT, which
  is the planted path whoever starts, so that it is that of every subgroup.

Written to benchmarks/results: subgroups_<part>.csv.gz, a line per seed, way, split and subgroup;
and subgroups.json, the table, which docs/monte_carlo.md shows. A run that was stopped goes on where
it left off.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # one process per core does not share its core

import duckdb
import numpy as np
import pandas as pd
from ties import PAGE, put

import mih_impact as mih
from mih_impact.panel.synthetic.register import register_frame

RESULTS = Path(__file__).parent / "results"
#: The same lines make the same file.
WRITTEN: dict[str, Any] = {
    "float_format": "%.7g",
    "compression": {"method": "gzip", "mtime": 0},
}
EFFECT, SPREAD = 50_000.0, 40_000.0
PERSONS, YEARS = 1_600, np.arange(2012, 2017)
SHIPPED_PERSONS, SHIPPED_PARTICIPANTS = 10_000, 800
#: Four start years, and the years they look back on: a third of the rows.
FIRST_START, FIRST_YEAR = 2018, 2014
WAYS = ("matching", "entropy", "ipw")


def simulated(seed: int) -> pd.DataFrame:
    """Return a register in which the model is right within every subgroup."""
    rng = np.random.default_rng(seed)
    county, school, branch = rng.integers(0, 2, (3, PERSONS))
    x = rng.normal(size=PERSONS)
    index = -2.0 + 0.5 * x + 0.5 * county + 0.5 * school
    starts = rng.random(PERSONS) < 1.0 / (1.0 + np.exp(-index))
    start = np.where(starts, rng.choice([2014, 2015], PERSONS), 0)
    slope = 8_000.0 * x + 10_000.0 * county + 10_000.0 * school + 15_000.0 * branch
    own = EFFECT + SPREAD * rng.normal(size=PERSONS)
    rows = []
    for year in YEARS:
        wage = (
            400_000.0 + 30_000.0 * x + slope * (year - YEARS[0]) + own * (starts & (year >= start))
        )
        rows.append(
            pd.DataFrame(
                {
                    "person_id": np.arange(PERSONS),
                    "year": year,
                    "wage_income": (wage + rng.normal(0.0, 30_000.0, PERSONS)).round(2),
                    "start_year": np.where(starts, start, np.nan),
                    "county": np.where(county == 1, "A", "B"),
                    "school": np.where(school == 1, "more", "less"),
                    "branch": np.where(branch == 1, "care", "trade"),
                    "x": x,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def model(seed: int) -> Iterator[dict[str, Any]]:
    """Yield the lines of one small register: the effect in the year after the start year."""
    frame = simulated(seed)
    panel = mih.read_panel(duckdb.from_df(frame), money="fixed", price_year=2024)
    splits = {
        "exact": "county", "on": "school", "neither": "branch", "bands": mih.cut("x", 0.0),
    }  # fmt: skip
    for way, group in groups(panel, ["county"], ["x", "school"]):
        yield from lines(group, way, splits, window=(-2, 1), truth=EFFECT)


def shipped(seed: int) -> Iterator[dict[str, Any]]:
    """Yield the lines of one register of the shipped generator: the effect three years on."""
    frame, known = register_frame(
        participants=SHIPPED_PARTICIPANTS,
        persons=SHIPPED_PERSONS,
        seed=seed,
        first_start=FIRST_START,
    )
    frame = frame[frame["year"] >= FIRST_YEAR].reset_index(drop=True)
    # Two groups of countries: some start year has nobody from the smaller ones.
    frame["born"] = np.where(frame.pop("country_group") == "Norge", "Norge", "utlandet")
    panel = mih.read_panel(duckdb.from_df(frame), price_year=2024)
    patt = known.patt.query("outcome == 'wage_income' and year_since_start == 3")["value"].item()
    splits = {
        "exact": "county", "on": "education", "neither": "born",
    }  # fmt: skip
    on = ["age", "education", *mih.lag("wage_income", 1, 2, 3)]
    for way, group in groups(panel, ["county", "benefit_type"], on):
        yield from lines(group, way, splits, window=(-1, 3), truth=patt)


PARTS = {"model": model, "shipped": shipped}


def groups(
    panel: mih.Panel, exact: list[str], on: list[Any]
) -> Iterator[tuple[str, mih.ControlGroup]]:
    """Yield the control group by every way of choosing controls."""
    asked: dict[str, Any] = {"exact": exact, "on": on, "outcomes": "wage_income"}
    yield "matching", mih.match(panel, **asked)
    yield "entropy", mih.weight(panel, **asked)
    yield "ipw", mih.weight(panel, method="ipw", **asked)


def lines(
    group: mih.ControlGroup,
    way: str,
    splits: dict[str, Any],
    *,
    window: tuple[int, int],
    truth: float,
) -> Iterator[dict[str, Any]]:
    """Yield a line for all, once, for each subgroup, and for each difference from the first."""
    for kind, by in splits.items():
        effects = mih.event_study(group, outcomes="wage_income", by=by, window=window)
        rows = effects.to_frame().query("year_since_start == @window[1]").set_index("subgroup")
        p = pretrend_p(effects) if window[0] < -1 else {}
        for name, row in rows.iterrows():
            if name == "all" and kind != "exact":
                continue
            yield {
                "way": way, "split": "none" if name == "all" else kind, "subgroup": name,
                "error": row["estimate"] - truth, "std_error": row["std_error"],
                "participants": row["n_participants"], "pretrend_p": p.get(name, np.nan),
            }  # fmt: skip
        test = effects.difference_test(years=window[1])
        for _, pair in test.table.iterrows():
            if pair["subgroup"] == effects.subgroups[1]:
                yield {
                    "way": way, "split": kind, "subgroup": f"{pair['subgroup']} - {pair['versus']}",
                    "error": pair["difference"], "std_error": pair["std_error"],
                    "participants": pair["n_participants"], "pretrend_p": test.p_value_before,
                }  # fmt: skip


def pretrend_p(effects: mih.EffectSeries) -> dict[str, float]:
    """Return the p-value of the year before start of every subgroup."""
    return effects.pretrend_test().table.groupby("subgroup")["p_value"].first().to_dict()


def one(job: tuple[str, int]) -> list[dict[str, Any]]:
    """Return the lines of one register."""
    part, seed = job
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mih.MihImpactWarning)
        return [{"seed": seed, **line} for line in PARTS[part](seed)]


def run(part: str, seeds: int, workers: int) -> None:
    """Run what is not on record yet."""
    path = RESULTS / f"subgroups_{part}.csv.gz"
    found = pd.read_csv(path).to_dict("records") if path.exists() else []
    done = {int(line["seed"]) for line in found}
    jobs = [(part, seed) for seed in range(seeds) if seed not in done]
    begun = time.perf_counter()
    with ProcessPoolExecutor(workers) as pool:
        for k, more in enumerate(pool.map(one, jobs, chunksize=1), start=1):
            found += more
            if k % 25 == 0 or k == len(jobs):
                print(f"{part}: {k} of {len(jobs)}, {time.perf_counter() - begun:.0f} s",
                      file=sys.stderr)  # fmt: skip
                pd.DataFrame(found).to_csv(path, index=False, **WRITTEN)


def summary(part: str, found: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a row per way and split: bias, coverage, and how often the leads reject.

    A row is of all its subgroups: bias is the largest of any subgroup in standard errors, coverage
    the mean over them, with that of the subgroup in which it is farthest from 95 %.
    """
    table = []
    difference = found["subgroup"].astype(str).str.contains(" - ", regex=False)
    for (way, split, of_difference), rows in found.groupby(
        ["way", "split", difference.rename("difference")], sort=False
    ):
        each = rows.assign(z=rows["error"] / rows["std_error"]).dropna(subset="z")
        by = each.groupby("subgroup")
        bias = by["error"].mean() / by["std_error"].mean()
        covers = by["z"].apply(lambda z: float((z.abs() <= 1.959964).mean()))
        table.append(
            {
                "part": part, "way": way, "split": split, "difference": bool(of_difference),
                "seeds": int(found["seed"].nunique()), "subgroups": len(bias),
                "without_estimate": int(len(rows) - len(each)),
                "participants": float(each["participants"].mean()),
                "largest_bias": float(bias.loc[bias.abs().idxmax()]),
                "error_over_spread": float((by["std_error"].mean() / by["error"].std()).mean()),
                "coverage": float((each["z"].abs() <= 1.959964).mean()),
                "farthest_coverage": float(covers.loc[(covers - 0.95).abs().idxmax()]),
                "pretrend_rejects": float((each["pretrend_p"] < 0.05).mean()),
            }
        )  # fmt: skip
    return table


TITLE = "## Subgroups\n"
SECTION = """\
## Subgroups

Written by `benchmarks/subgroups.py` from its record; not edited by hand. Subgroups by a column in
`exact=`, in `on=`, in *neither*, and by bands of a number in `on=`; {seeds} registers each, the
same in every row. *Bias* is that of the subgroup with the largest, in its standard errors; *error*
the mean standard error over the spread of the estimates; *covers* the share of intervals of all
subgroups that hold their effect, and beside it that of the subgroup farthest from 95 %; *rejects*
how often the pre-trend test of a subgroup does. *Difference* is between the first subgroup and
another: how often its interval holds zero, which is right.

Small registers in which the model is right ({persons} persons, about {starters} participants):

{model}
The shipped generator, in which no model is right ({shipped_persons} persons and
{shipped_starters} participants, start years from {first}), three years after start:

{shipped}"""


def section(table: list[dict[str, Any]]) -> str:
    """Return the section of the page."""
    whole = next(row for row in table if row["part"] == "model" and row["split"] == "none")
    parts = {part: markdown([row for row in table if row["part"] == part]) for part in PARTS}
    return SECTION.format(
        seeds=f"{min(row['seeds'] for row in table):,}", persons=f"{PERSONS:,}",
        starters=round(whole["participants"]), shipped_persons=f"{SHIPPED_PERSONS:,}",
        shipped_starters=SHIPPED_PARTICIPANTS, first=FIRST_START, **parts,
    )  # fmt: skip


def markdown(table: list[dict[str, Any]]) -> str:
    """Return the rows of one part as a table."""
    heads = ["way", "split by", "subgroups", "bias", "error", "covers", "farthest", "rejects",
             "difference"]  # fmt: skip
    lines = [heads, ["---", "---"] + ["---:"] * 7]
    zero = {(row["way"], row["split"]): row["coverage"] for row in table if row["difference"]}
    for row in (row for row in table if not row["difference"]):
        key = (row["way"], row["split"])
        shares = [row["coverage"], row["farthest_coverage"], row["pretrend_rejects"], zero.get(key)]
        cells = [row["way"], "(all)" if row["split"] == "none" else row["split"],
                 str(row["subgroups"]), f"{row['largest_bias']:.2f}",
                 f"{row['error_over_spread']:.2f}"]  # fmt: skip
        lines.append(cells + [f"{100 * share:.1f} %" if share else "" for share in shares])
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--part", choices=list(PARTS), action="append")
    given = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    for part in given.part or PARTS:
        run(part, given.seeds, given.jobs)
    paths = {part: RESULTS / f"subgroups_{part}.csv.gz" for part in PARTS}
    table = [
        row for part, path in paths.items() if path.exists()
        for row in summary(part, pd.read_csv(path))
    ]  # fmt: skip
    (RESULTS / "subgroups.json").write_text(json.dumps(table, indent=2) + "\n")
    if {row["part"] for row in table} == set(PARTS):
        put(PAGE, TITLE, section(table))
    print(pd.DataFrame(table).to_string())


if __name__ == "__main__":
    main()
