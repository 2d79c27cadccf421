"""The tables of docs/size.md from the recorded results.

python benchmarks/size_table.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
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
    print("\n".join([*table(), "", *growth()]))
