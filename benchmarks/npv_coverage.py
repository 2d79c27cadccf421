"""Does the interval of the net present value hold what it says?

    python benchmarks/npv_coverage.py [--seeds 1000] [--jobs 2]

For each seed 0, 1, ..., none left out, the synthetic register of that seed is written, controls are
matched, the effects on wage income and all benefit schemes are estimated and the account is kept,
all by the public calls and the options of the reference case. The truth is the account of the
planted path (PATT). Beside the interval with the full covariance over years and outcomes stands the
one that a reader would get who knew the standard errors alone: the diagonal. Written to
benchmarks/results: npv_coverage.csv, one row per seed, and npv_coverage.json, the summary.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # one process per core does not share its core

import numpy as np
import pandas as pd

RESULTS = Path(__file__).parent / "results"
GROUPS = ("society", "public", "participant")
Z = 1.959964


def one(seed: int) -> dict[str, float]:
    """Return present values, both standard errors and the truth of one seed."""
    import duckdb

    import mih_impact as mih
    from mih_impact.panel.contract import BENEFITS
    from mih_impact.panel.synthetic.register import register_frame

    outcomes = ["wage_income", *BENEFITS]
    frame, known = register_frame(seed=seed)
    panel = mih.read_panel(duckdb.from_df(frame), price_year=2024)
    group = mih.match(
        panel,
        exact=["county", "benefit_type"],
        on=["age", "education", *mih.lag("wage_income", 1, 2, 3)],
        outcomes=outcomes,
    )
    effects = mih.event_study(group, outcomes=outcomes, window=(-5, 6))
    rules, programme = mih.Assumptions.r109(), mih.nav.menn_i_helse()
    case = mih.cost_benefit(effects, rules, programme=programme)
    planted = known.patt[known.patt["outcome"].isin(outcomes)]
    planted = planted.rename(columns={"value": "estimate"})[
        ["outcome", "year_since_start", "estimate"]
    ]
    true = mih.cost_benefit(
        mih.EffectSeries.from_frame(planted, price_year=2024), rules, programme=programme
    )
    assert case.covariance is not None
    diagonal = replace(case, covariance=np.diag(np.diag(case.covariance)))
    full, alone = (c.by_actor().set_index("actor") for c in (case, diagonal))
    row: dict[str, float] = {"seed": seed, "matched": group.n_participants}
    for of in GROUPS:
        row[f"value_{of}"] = case.present_value(of)
        row[f"truth_{of}"] = true.present_value(of)
        row[f"std_error_{of}"] = float(full.loc[of, "std_error"])
        row[f"diagonal_error_{of}"] = float(alone.loc[of, "std_error"])
    return row


def summary(rows: pd.DataFrame) -> dict[str, object]:
    """Return coverage by both intervals for each group, with its Monte Carlo error."""
    found: dict[str, object] = {
        "seeds": f"{int(rows['seed'].min())}-{int(rows['seed'].max())}",
        "n": len(rows),
    }
    for of in GROUPS:
        error = rows[f"value_{of}"] - rows[f"truth_{of}"]
        covers = {
            kind: np.abs(error) <= Z * rows[f"{kind}_{of}"]
            for kind in ("std_error", "diagonal_error")
        }
        found[of] = {
            "truth": float(rows[f"truth_{of}"].iloc[0]),
            "coverage": float(covers["std_error"].mean()),
            "coverage_monte_carlo_error": float(covers["std_error"].std() / np.sqrt(len(rows))),
            "coverage_diagonal": float(covers["diagonal_error"].mean()),
            "mean_error": float(error.mean()),
            "sd_of_values": float(error.std()),
            "mean_std_error": float(rows[f"std_error_{of}"].mean()),
            "mean_diagonal_error": float(rows[f"diagonal_error_{of}"].mean()),
        }
    return found


def table(found: dict[str, object]) -> str:
    """Return the summary as the table of docs/account.md."""
    names = {"society": "society", "public": "public budgets", "participant": "the participant"}
    head = (
        "| value for | truth | mean | spread | mean error | covers"
        " | diagonal: mean error | covers |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    )
    rows = []
    for of, name in names.items():
        row = found[of]
        assert isinstance(row, dict)
        thousand = [
            row["truth"],
            row["truth"] + row["mean_error"],
            row["sd_of_values"],
            row["mean_std_error"],
        ]
        first = " | ".join(f"{value / 1000:,.1f}" for value in thousand)
        rows.append(
            f"| {name} | {first} | {100 * row['coverage']:.1f} % |"
            f" {row['mean_diagonal_error'] / 1000:,.1f} | {100 * row['coverage_diagonal']:.1f} % |"
        )
    return "\n".join((*head, *rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--name", default="npv_coverage")
    given = parser.parse_args()
    begun = time.perf_counter()
    RESULTS.mkdir(exist_ok=True)
    seeds = range(given.first, given.first + given.seeds)
    rows = []
    with ProcessPoolExecutor(given.jobs) as pool:
        for k, row in enumerate(pool.map(one, seeds, chunksize=1), start=1):
            rows.append(row)
            if k % 50 == 0:
                print(f"{k} of {len(seeds)}, {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    frame = pd.DataFrame(rows)
    frame.to_csv(RESULTS / f"{given.name}.csv", index=False)
    found = summary(frame)
    (RESULTS / f"{given.name}.json").write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))
    print(table(found))


if __name__ == "__main__":
    main()
