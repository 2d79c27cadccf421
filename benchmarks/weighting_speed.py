"""How long entropy balancing takes beside the package empirical-calibration, and how exact it is.

    python benchmarks/weighting_speed.py [--runs 7] [--peer /path/to/python]

From arrays to weights: 527 participants, 50,000 or 500,000 candidates, 13 moments (age, three wages
that follow one another, indicators of education, county and benefit), all in standard deviations.
Both tools run in turn, each in a process of its own with one call to warm up and one that is timed,
so that what else the machine does falls on both; with one BLAS thread each, since on a busy machine
threads that wait for one another would count most against the peer. `--peer` is a Python with
empirical-calibration (this one by default); if it is not there it is left out and said so. Medians,
ranges and the largest gap between weighted means and the participants' go to
benchmarks/results/weighting_speed.json; nothing is asserted here.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results"
PARTICIPANTS = 527
SIZES = (50_000, 500_000)

BOTH = """
import sys, time, numpy as np
data = np.load(sys.argv[1])
candidates, participants = data["candidates"], data["participants"]
for _ in range(2):
    begun = time.perf_counter()
    weight = run(candidates, participants)
    seconds = time.perf_counter() - begun
print(seconds, np.abs(weight @ candidates - participants.mean(axis=0)).max())
"""
OURS = """
import numpy as np
from mih_impact.controls.entropy import entropy_weights
def run(candidates, participants):
    names = [str(k) for k in range(candidates.shape[1])]
    return entropy_weights(candidates - participants.mean(axis=0), names=names).weight
"""
PEER = """
from empirical_calibration import Objective, calibrate
def run(candidates, participants):
    weight, success = calibrate(candidates, participants, objective=Objective.ENTROPY)
    assert success
    return weight
"""


def people(rng: np.random.Generator, n: int, shift: float) -> np.ndarray:
    """Return made-up covariates, shape (n, 13)."""
    age = rng.normal(38 - 4 * shift, 9, n)
    level = rng.normal(230 - 60 * shift, 90, n)
    wages = [np.maximum(level + rng.normal(-30 * shift * k, 40, n), 0) for k in range(3)]
    shares = [(0.5, 0.3, 0.2), (0.4, 0.3, 0.2, 0.1), (0.3, 0.25, 0.2, 0.15, 0.1)]
    groups = [rng.choice(len(s), n, p=_tilted(s, shift)) for s in shares]
    indicators = [group == k for group in groups for k in range(1, group.max() + 1)]
    return np.column_stack([age, *wages, *indicators]).astype(float)


def _tilted(shares: tuple[float, ...], shift: float) -> np.ndarray:
    tilted = np.array(shares) * np.exp(-0.4 * shift * np.arange(len(shares)))
    return tilted / tilted.sum()


def write_people(path: Path, candidates: int) -> None:
    """Write candidates and participants in standard deviations of the candidates."""
    rng = np.random.default_rng(candidates)
    others, own = people(rng, candidates, 0.0), people(rng, PARTICIPANTS, 1.0)
    spread = others.std(axis=0)
    centre = others.mean(axis=0)
    np.savez(path, candidates=(others - centre) / spread, participants=(own - centre) / spread)


def once(python: str, code: str, path: Path) -> tuple[float, float] | None:
    """Return the seconds of a warm call and the gap it leaves; None if the tool is not there."""
    done = subprocess.run(
        [python, "-c", code + BOTH, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    if done.returncode:
        print(done.stderr[-300:], file=sys.stderr)
        return None
    seconds, gap = done.stdout.split()[-2:]
    return float(seconds), float(gap)


def summary(found: list[tuple[float, float]]) -> dict[str, float]:
    """Return range and median of the seconds, and the largest gap."""
    seconds = [one[0] for one in found]
    return {
        "min": round(min(seconds), 4),
        "median": round(statistics.median(seconds), 4),
        "max": round(max(seconds), 4),
        "gap": float(f"{max(one[1] for one in found):.2g}"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--peer", default=sys.executable)
    arguments = parser.parse_args()
    table: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        for candidates in SIZES:
            path = Path(folder) / "people.npz"
            write_people(path, candidates)
            ours, peer = [], []
            for _ in range(arguments.runs):
                ours.append(once(sys.executable, OURS, path))
                peer.append(once(arguments.peer, PEER, path))
            row: dict[str, object] = {"ours": summary([one for one in ours if one])}
            if all(peer):
                row["empirical_calibration"] = summary([one for one in peer if one])
                row["peer_over_ours"] = round(
                    row["empirical_calibration"]["median"] / row["ours"]["median"],  # type: ignore[index]
                    1,
                )
            else:
                row["empirical_calibration"] = "not installed, or it did not converge"
            table[str(candidates)] = row
    record = {
        "runs": arguments.runs,
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "participants": PARTICIPANTS,
        "moments": 13,
        "seconds_by_candidates": table,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "weighting_speed.json").write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
