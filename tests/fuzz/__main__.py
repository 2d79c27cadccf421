"""Put made-up inputs to the library and print how they ended: `python -m tests.fuzz --help`."""

from __future__ import annotations

import argparse
import os
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.fuzz.families import FAMILIES
from tests.fuzz.harness import Ending, run, run_one, table

#: Bytes that a process may take: an input that wants more gets an error, not the machine.
MEMORY = 6 << 30


def part_of_all(inputs: int, seed: int, book: Path | None, part: tuple[int, int]) -> list[Ending]:
    """Run one part, with a book of its own."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    own = None if book is None else book.with_name(f"{book.stem}_{part[0]}_{part[1]}.jsonl")
    return list(run(FAMILIES, inputs, seed=seed, book=own, part=part))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=2025)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--book", type=Path, help="keep endings here, and go on from them")
    parser.add_argument("--only", nargs=2, metavar=("FAMILY", "NUMBER"), help="make one again")
    given = parser.parse_args()
    if given.only:
        name, number = given.only
        print(run_one(name, FAMILIES[name][0], int(number), given.seed))
        return 0
    parts = [(k, given.jobs) for k in range(given.jobs)]
    with ProcessPoolExecutor(given.jobs) as pool:
        found = [
            pool.submit(part_of_all, given.inputs, given.seed, given.book, part) for part in parts
        ]
        endings = [ending for each in found for ending in each.result()]
    print(table(endings))
    faults = sum(ending.is_fault for ending in endings)
    print(f"{len(endings) - faults} passed, {faults} failed")
    return int(faults > 0)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("MPLBACKEND", "agg")
    sys.exit(main())
