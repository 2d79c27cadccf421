"""The tables of docs/size.md from the recorded results.

python benchmarks/size_table.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
#: Cores of the cluster that is assumed.
CORES = 64
HEADER = (
    "persons", "rows", "in the cube", "check", "cube", "match", "effects", "whole", "processor",
    "over all columns", "over outcomes and cells", "check over bound", "peak GB", "peer over ours",
    "peer GB",
)  # fmt: skip


def recorded(by: str) -> dict[str, Any]:
    """Return the recorded results by year or by month."""
    found: dict[str, Any] = json.loads((RESULTS / f"size_{by}.json").read_text(encoding="utf-8"))
    return found


def table() -> list[str]:
    """Return the lines of the table of times: a size each, by year and by month."""
    lines = [_line(HEADER), _line(["---"] * len(HEADER))]
    for by in ("year", "month"):
        lines += [_line(_row(size, by)) for size in recorded(by)["sizes"]]
    return lines


def growth() -> list[str]:
    """Return the lines of the table of what doubling persons multiplies."""
    header = ("from", "to", "wall time", "processor time", "memory")
    lines = [_line(header), _line(["---"] * len(header))]
    for by in ("year", "month"):
        for step in recorded(by)["doubling_persons_multiplies"]:
            ends = (f"{step['from']:,} by {by}", f"{step['to']:,}")
            times = (step["time"]["wall"], step["time"]["cpu"], step["memory"])
            lines.append(_line([*ends, *(f"{x:.2f}" for x in times)]))
    return lines


def cluster() -> list[str]:
    """Return the lines of what larger registers would need, in proportion to the largest measured.

    Passes over rows are divided by cores; what stands on the cube is not.
    """
    header = (
        "register", "rows", "core-seconds over rows", f"seconds on {CORES} cores",
        "seconds above the seam", "memory, GB",
    )  # fmt: skip
    lines = [_line(header), _line(["---"] * len(header))]
    for by in ("year", "month"):
        largest = recorded(by)["sizes"][-1]
        cpu = {stage: clocks["cpu"] for stage, clocks in largest["seconds"].items()}
        for times in (1, 10, 100):
            over = times * (cpu["check"] + cpu["cube"])
            above = times * (cpu["match"] + cpu["effects"] + cpu["account"])
            name = "Norway" if times == 1 else f"{times} times Norway"
            kind = "measured" if times == 1 else "extrapolated"
            lines.append(
                _line(
                    [
                        f"{name} by {by} ({kind})",
                        f"{times * largest['rows']:,}",
                        f"{over:,.0f}",
                        f"{over / CORES:,.1f}",
                        f"{above:,.0f}",
                        f"{times * largest['peak_gb']:,.0f}",
                    ]
                )
            )
    return lines


def _row(size: dict[str, Any], by: str) -> list[str]:
    seconds, over, peer = size["seconds"], size["whole_over_bound"], size.get("peer_over_ours")
    counted = (f"{size['asked']:,} by {by}", f"{size['rows']:,}", f"{size['in_cube']:,}")
    stages = [f"{seconds[s]['wall']:.2f}" for s in ("check", "cube", "match", "effects", "whole")]
    return [
        *counted,
        *stages,
        f"{seconds['whole']['cpu']:.2f}",
        *(_both(over[bound]) for bound in ("all columns", "outcomes and cells")),
        _both(size["check_over_bound"]),
        f"{size['peak_gb']:.2f}",
        "-" if peer is None else _both(peer),
        "-" if peer is None else f"{size['peer_peak_gb']:.2f}",
    ]


def _both(ratio: dict[str, float]) -> str:
    return f"{ratio['wall']:.2f} / {ratio['cpu']:.2f}"


def _line(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print("\n".join([*table(), "", *growth(), "", *cluster()]))
