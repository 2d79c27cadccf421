"""Do intervals hold what they say, whatever way controls are chosen, and what breaks them?

    python benchmarks/monte_carlo.py [--seeds 1000] [--jobs 2] [--part choices|confounding]

Registers of 12,000 persons with 400 participants, seeds 0, 1, ..., none left out, written by the
generator with its default planted path; the same seeds in every row. Two parts:

- choices: every way of choosing controls and every kind of standard error, no confounding
- confounding: an unobserved motivation that raises both the chance to start and the wage, by kind
  and strength, with two ways of choosing controls

A row of the table is a way of choosing controls, a kind of standard error and a confounding. The
truth is PATT, the planted path; for the rows named so, SATT, the mean realised effect of these very
starters. Written to benchmarks/results: monte_carlo_<part>.csv, one line per seed and row, and
monte_carlo.json, the table. A run that was stopped goes on where it left off.
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
PERSONS, PARTICIPANTS = 12_000, 400
YEARS = (1, 3, 6)
EXACT = ("county", "benefit_type")
ON = ("age", "education", *mih.lag("wage_income", 1, 2, 3))
WAGE = {"outcomes": "wage_income"}
CONFOUNDING = (
    ("level", 1.0),
    ("trend", 0.5),
    ("trend", 1.0),
    ("trend", 2.0),
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
    groups = mih.group_time_effects(panel, exact=EXACT[:1], covariates=ON, estimator="dr", **WAGE)
    found = {
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
        "group-time, doubly robust": groups.aggregate("event"),
    }
    return found


def confounded(panel: mih.Panel) -> dict[str, mih.EffectSeries]:
    """Return the effects by the two ways of choosing controls that confounding is shown for."""
    return {
        "propensity 1:5": mih.event_study(propensity(panel)),
        "entropy": mih.event_study(entropy(panel)),
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
        found = choices(panel) if part == "choices" else confounded(panel)
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
    path = RESULTS / f"monte_carlo_{part}.csv"
    lines = pd.read_csv(path).to_dict("records") if path.exists() else []
    done = {(line["kind"], float(line["strength"]), int(line["seed"])) for line in lines}
    kinds = (("none", 0.0),) if part == "choices" else CONFOUNDING
    jobs = [(part, kind, s, seed) for seed in range(seeds) for kind, s in kinds]
    jobs = [job for job in jobs if job[1:] not in done]
    begun = time.perf_counter()
    with ProcessPoolExecutor(workers) as pool:
        for k, found in enumerate(pool.map(one, jobs, chunksize=1), start=1):
            lines += found
            if k % 50 == 0 or k == len(jobs):
                print(f"{k} of {len(jobs)}, {time.perf_counter() - begun:.0f} s", file=sys.stderr)
                pd.DataFrame(lines).to_csv(path, index=False)
    return pd.DataFrame(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--part", choices=("choices", "confounding"), action="append")
    given = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    parts = given.part or ["choices", "confounding"]
    table = [row for part in parts for row in summary(run(part, given.seeds, given.jobs))]
    (RESULTS / "monte_carlo.json").write_text(json.dumps(table, indent=2) + "\n")
    print(pd.json_normalize(table).to_string())


if __name__ == "__main__":
    main()
