"""Do intervals hold what they say, whatever way controls are chosen, and what breaks them?

    python benchmarks/monte_carlo.py [--seeds 1000] [--jobs 2] [--part PART]
    python benchmarks/monte_carlo.py --seeds 0      # only write table and page from the record

Registers of 12,000 persons with 400 participants, seeds 0, 1, ..., none left out, written by the
generator with its default planted path; the same seeds in every row. Four parts:

- choices: every way of choosing controls and every kind of standard error, no confounding
- further: an estimated score, start years seen throughout, exact cells, controls that start later
- group_time: the estimators of group-time effects, averaged by year since start, no confounding
- confounding: an unobserved motivation that raises both the chance to start and the wage, by kind
  and strength, with two ways of choosing controls

A row of the table is a way of choosing controls, a kind of standard error and a confounding. The
truth is PATT, the planted path; for the rows named so, SATT, the mean realised effect of these very
starters. Written to benchmarks/results: monte_carlo_<part>.csv.gz, one line per seed and row, and
monte_carlo.json, the table; docs/monte_carlo.md is the page made of it. A run that was stopped goes
on where it left off.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # one process per core does not share its core

import duckdb
import numpy as np
import pandas as pd

import mih_impact as mih
from mih_impact.panel.synthetic.register import register_frame

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs" / "monte_carlo.md"
#: Where sections begin that other commands write.
BELOW = "<!-- Below: written by other commands than monte_carlo.py, each its own section. -->\n"
PERSONS, PARTICIPANTS = 12_000, 400
YEARS = (1, 3, 6)
#: The same lines make the same file.
WRITTEN: dict[str, Any] = {
    "float_format": "%.7g",
    "compression": {"method": "gzip", "mtime": 0},
}
EXACT = ("county", "benefit_type")
ON = ("age", "education", *mih.lag("wage_income", 1, 2, 3))
WAGE = {"outcomes": "wage_income"}
CONFOUNDING = (
    ("level", 1.0),
    ("trend", 0.5),
    ("trend", 1.0),
    ("post_only", 0.5),
    ("post_only", 1.0),
)


def propensity(panel: mih.Panel, **options: Any) -> mih.ControlGroup:
    return mih.match(panel, exact=EXACT, on=ON, **WAGE, **options)


def entropy(panel: mih.Panel) -> mih.ControlGroup:
    return mih.weight(panel, exact=EXACT, on=ON, **WAGE)


def choices(panel: mih.Panel) -> dict[str, mih.EffectSeries]:
    """Return the effects by every way of choosing controls and kind of standard error."""
    nearest, study = propensity(panel), mih.event_study
    coarse = mih.match(panel, exact=EXACT, on=ON[:3], method="cem", **WAGE)
    apart = propensity(panel, replace=False, ratio=1)
    return {
        "propensity 1:5": study(nearest),
        "propensity 1:5, person": study(nearest, se="person"),
        "propensity 1:5, adjusted": study(nearest, adjust=True),
        "propensity 1:5, cohort weighted": study(
            nearest, composition="cohort_weighted", window=(-5, 3)
        ),
        "propensity 1:5, not yet": study(propensity(panel, controls="not_yet")),
        "propensity 1:1 without replacement": study(apart),
        "mahalanobis 1:5": study(propensity(panel, method="mahalanobis")),
        "mahalanobis 1:5, adjusted": study(propensity(panel, method="mahalanobis"), adjust=True),
        "coarsened exact": study(coarse),
        "entropy": study(entropy(panel)),
        "inverse probability": study(mih.weight(panel, exact=EXACT, on=ON, method="ipw", **WAGE)),
    }


def group_time(panel: mih.Panel) -> dict[str, mih.EffectSeries]:
    """Return the averages of group-time effects by every estimator."""
    names = {"dr": "doubly robust", "ipw": "weighting", "reg": "regression"}
    return {
        f"group-time, {name}": mih.group_time_effects(
            panel, exact=EXACT[:1], covariates=ON, estimator=estimator, **WAGE
        ).aggregate("event", window=(-5, 6))
        for estimator, name in names.items()
    }


def confounded(panel: mih.Panel) -> dict[str, mih.EffectSeries]:
    """Return the effects by the two ways of choosing controls that confounding is shown for."""
    return {
        "propensity 1:5": mih.event_study(propensity(panel)),
        "entropy": mih.event_study(entropy(panel)),
    }


def further(panel: mih.Panel) -> dict[str, mih.EffectSeries]:
    """Return the effects by cells, an estimated score, other candidates, and other start years."""
    nearest = propensity(panel)
    later = mih.group_time_effects(
        panel, exact=EXACT[:1], covariates=ON, controls="not_yet", **WAGE
    ).aggregate("event", window=(-5, 6))
    cells = mih.match(panel, exact=[*EXACT, "education"], method="exact", **WAGE)
    return {
        "propensity 1:5, estimated score": mih.event_study(nearest, score_correction=True),
        "propensity 1:5, balanced": mih.event_study(
            nearest, composition="balanced", window=(-5, 3)
        ),
        "exact cells": mih.event_study(cells),
        "group-time, doubly robust, not yet": later,
    }


#: What each part estimates.
PARTS = {
    "choices": choices,
    "further": further,
    "group_time": group_time,
    "confounding": confounded,
}


def one(job: tuple[str, str, float, int]) -> list[dict[str, Any]]:
    """Return a line per way of choosing controls, for one register."""
    part, kind, strength, seed = job
    hidden = mih.Confounding(kind, strength) if strength else None
    frame, known = register_frame(
        participants=PARTICIPANTS, persons=PERSONS, confounding=hidden, seed=seed
    )
    panel = mih.read_panel(duckdb.from_df(frame), price_year=2024)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mih.MihImpactWarning)
        found = PARTS[part](panel)
    truths = {
        name: table.query("outcome == 'wage_income'").set_index("year_since_start")["value"]
        for name, table in (("patt", known.patt), ("satt", known.satt))
    }
    lines = []
    for row, effects in found.items():
        line = {"kind": kind, "strength": strength, "seed": seed, "row": row, "se": effects.se}
        lines.append(line | measured(effects, truths))
    return lines


def measured(effects: mih.EffectSeries, truths: dict[str, pd.Series[float]]) -> dict[str, Any]:
    """Return errors, standard errors, whether the band holds, and the p-value before start."""
    rows = effects.to_frame().set_index("year_since_start")
    line: dict[str, Any] = {"participants": int(rows["n_participants"].max())}
    for year in (year for year in YEARS if year in rows.index):
        line[f"std_error_{year}"] = float(rows.loc[year, "std_error"])
        for name, truth in truths.items():
            line[f"{name}_error_{year}"] = float(rows.loc[year, "estimate"] - truth[year])
    after = rows.loc[[year for year in rows.index if year >= 0]]
    truth = truths["patt"].reindex(after.index)
    line["band_holds"] = bool(((after["band_low"] <= truth) & (truth <= after["band_high"])).all())
    line["pretrend_p"] = float(effects.pretrend_test().table["p_value"].iloc[0])
    return line


def summary(lines: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the table: bias, coverage, their Monte Carlo errors, size or power before start."""
    table = []
    for (kind, strength, row, se), rows in lines.groupby(
        ["kind", "strength", "row", "se"], sort=False
    ):
        found: dict[str, Any] = {
            "confounding": kind,
            "strength": strength,
            "row": row,
            "se": se,
            "n": len(rows),
            "band_coverage": float(rows["band_holds"].mean()),
            "pretrend_rejects": float((rows["pretrend_p"] < 0.05).mean()),
        }
        for year in YEARS:
            if f"patt_error_{year}" not in rows or rows[f"patt_error_{year}"].isna().all():
                continue
            error, spread = rows[f"patt_error_{year}"], rows[f"std_error_{year}"]
            found[f"year_{year}"] = {
                "bias": float(error.mean()),
                "sd": float(error.std()),
                "mean_std_error": float(spread.mean()),
                "coverage_patt": float((np.abs(error / spread) <= 1.959964).mean()),
                "coverage_satt": float(
                    (np.abs(rows[f"satt_error_{year}"] / spread) <= 1.959964).mean()
                ),
            }
        table.append(found)
    return table


def run(part: str, seeds: int, workers: int) -> pd.DataFrame:
    """Run what is not on record yet, and return all lines."""
    path = RESULTS / f"monte_carlo_{part}.csv.gz"
    lines = pd.read_csv(path).to_dict("records") if path.exists() else []
    done = {(line["kind"], float(line["strength"]), int(line["seed"])) for line in lines}
    kinds = CONFOUNDING if part == "confounding" else (("none", 0.0),)
    jobs = [(part, kind, s, seed) for seed in range(seeds) for kind, s in kinds]
    jobs = [job for job in jobs if job[1:] not in done]
    begun = time.perf_counter()
    with ProcessPoolExecutor(workers) as pool:
        for k, found in enumerate(pool.map(one, jobs, chunksize=1), start=1):
            lines += found
            if k % 50 == 0 or k == len(jobs):
                print(f"{k} of {len(jobs)}, {time.perf_counter() - begun:.0f} s", file=sys.stderr)
                pd.DataFrame(lines).to_csv(path, index=False, **WRITTEN)
    return pd.DataFrame(lines)


INTRODUCTION = """\
# Do the intervals hold what they say?

Written by `benchmarks/monte_carlo.py` from its record in `benchmarks/results`; not edited by hand.

Synthetic registers of {persons} persons with {participants} participants, seeds fixed beforehand
(0, 1, ...), none left out, the same in every row. The truth is known: **PATT**, the planted path,
is what default standard errors speak of; **SATT** is the mean realised effect of these starters.
Everything is about wage income three years after start, in thousand NOK. *Band* is the share of
registers in which the simultaneous band holds PATT in all years from 0 on. *Rejects* is the share
in which the pre-trend test rejects at 5 %. With {n} registers the Monte Carlo error of a share near
95 % or 5 % is {error} points. Starters are chosen by what a register shows, in a way that is not
linear in what the rows condition on.

## Ways of choosing controls, no confounding
"""
READING_CLEAN = """
Where theory promises 95 % the intervals hold PATT in 93-96 %; the effect on these very starters,
SATT, they hold more often, since it does not vary with who happened to start. The rows in which
theory promises nothing are there to be seen: *exact cells* know nothing of age or wages before, the
bins of *coarsened exact* leave wages of one and the same bin far apart, *Mahalanobis* distance in
several dimensions finds nobody near enough, which `adjust=True` mends, and a *regression* is
linear where the register is not. The pre-trend test sees the first three, which differ before the
start too, and not the last.
"""
CONFOUNDED = """
## When the motivated select themselves

One standard deviation more of a motivation that no register sees multiplies the chance to start by
e. What it does to wages without the programme depends on the kind: `level`, in every year alike;
`trend`, more every year; `post_only`, for starters from the start year on, so that nothing before
the start shows it. The strength scales it.
"""
READING = """
**What no pre-trend test can see.** The rows `post_only` are the ones to remember: the estimate is
wrong, the interval misses, and the pre-trend test rejects no more often than it does where nothing
is wrong. A pre-trend test that passes says nothing about a confounding that begins when the
programme does; the switching scale of the account and `honest_bounds` are what is left. Against
`trend` it rejects more the stronger the trend is, and still misses most of what biases the
estimate, because the years that were matched on cannot be tested.
"""


def page(table: list[dict[str, Any]]) -> str:
    """Return the page for the docs."""
    n = min(row["n"] for row in table)
    text = INTRODUCTION.format(
        persons=f"{PERSONS:,}", participants=PARTICIPANTS, n=f"{n:,}",
        error=f"{100 * np.sqrt(0.05 * 0.95 / n):.1f}",
    )  # fmt: skip
    clean = [row for row in table if row["confounding"] == "none"]
    hidden = [row for row in table if row["confounding"] != "none"]
    text += "\n" + markdown(clean, ("row",)) + READING_CLEAN
    if hidden:
        bases = [row for row in clean if row["row"] in {row["row"] for row in hidden}]
        ordered = sorted(bases + hidden, key=lambda row: row["row"])
        text += CONFOUNDED + "\n" + markdown(ordered, ("row", "confounding", "strength")) + READING
    return text


def markdown(table: list[dict[str, Any]], keys: tuple[str, ...]) -> str:
    """Return rows as a table: bias, spread, mean standard error, coverage, band, rejection."""
    heads = [*keys, "standard error", "bias", "spread", "mean error", "covers PATT", "covers SATT",
             "band", "rejects"]  # fmt: skip
    lines = [heads, ["---"] * (len(keys) + 1) + ["---:"] * 7]
    for row in table:
        third = row["year_3"]
        money = [f"{third[name] / 1000:.1f}" for name in ("bias", "sd", "mean_std_error")]
        shares = [third["coverage_patt"], third["coverage_satt"], row["band_coverage"],
                  row["pretrend_rejects"]]  # fmt: skip
        cells = [str(row[key]) for key in keys] + [row["se"], *money]
        lines.append(cells + [f"{100 * share:.1f} %" for share in shares])
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--part", choices=list(PARTS), action="append")
    given = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    for part in given.part or PARTS:
        run(part, given.seeds, given.jobs)
    recorded = [RESULTS / f"monte_carlo_{part}.csv.gz" for part in PARTS]
    table = [row for path in recorded if path.exists() for row in summary(pd.read_csv(path))]
    (RESULTS / "monte_carlo.json").write_text(json.dumps(table, indent=2) + "\n")
    _, below, others = PAGE.read_text(encoding="utf-8").partition(BELOW)
    PAGE.write_text(page(table) + "\n" + below + others, encoding="utf-8")
    print(page(table))


if __name__ == "__main__":
    main()
