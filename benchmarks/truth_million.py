"""The mean effect over a million simulated starters, beside the planted one.

    python benchmarks/truth_million.py [--starters 1000000]

The generator makes the planted averages exact by construction; this checks it. Registers ten times
the default size keep the default's chance to start. Their seeds begin at 1,000,000, away from those
of the coverage study (0-1999) and of the shipped register (2025). The dead and emigrated count as
zero, and the starters of a year since start are those whose year is in the register. Standard
errors are over registers. Written to benchmarks/results/truth_million.csv.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

RESULTS = Path(__file__).parent / "results"
SCALE, FIRST_SEED = 10, 1_000_000
PARTICIPANTS, PERSONS = 527, 40_000


def main() -> None:
    from mih_impact.panel.synthetic.register import register_frame

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starters", type=int, default=1_000_000)
    given = parser.parse_args()
    registers = int(np.ceil(given.starters / (SCALE * PARTICIPANTS)))
    begun = time.perf_counter()
    truths = []
    for k in range(registers):
        _, truth = register_frame(
            participants=SCALE * PARTICIPANTS, persons=SCALE * PERSONS, seed=FIRST_SEED + k
        )
        truths.append(truth.to_frame().assign(register=k))
        if (k + 1) % 10 == 0:
            print(f"{k + 1} of {registers}, {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    found = summary(pd.concat(truths))
    RESULTS.mkdir(exist_ok=True)
    found.to_csv(RESULTS / "truth_million.csv", index=False)
    print(found.to_string(index=False))


def summary(truths: pd.DataFrame) -> pd.DataFrame:
    """Return planted and mean realised effect by outcome and year, with the Monte Carlo error."""
    cells = truths.groupby(["outcome", "year_since_start"], sort=False)
    found = cells.agg(planted=("patt", "first"), mean=("satt", "mean"), sd=("satt", "std"))
    found["starters"] = cells["n_starters"].sum()
    found["monte_carlo_error"] = found.pop("sd") / np.sqrt(truths["register"].nunique())
    return found.reset_index().round(2)


if __name__ == "__main__":
    main()
