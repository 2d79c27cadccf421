"""The process of an analyst whose cluster goes away while the rows leave it.

    python -m tests.spark.analyst FOLDER PORT

Reads FOLDER/rows on the cluster whose master listens on PORT, a few rows at a time; says when the
cube is half read, and then what came of it, as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mih_impact.panel import ops, read_panel
from tests.spark.cluster import Cluster

AT_ONCE = 20
#: How long the library waits for executors, and what would otherwise be as short as that.
PATIENCE = {
    "spark.network.timeout": "5s",
    "spark.network.timeoutInterval": "5s",
    "spark.executor.heartbeatInterval": "1s",
    "spark.storage.blockManagerHeartbeatTimeoutMs": "120s",
    "spark.rpc.askTimeout": "120s",
}


def main() -> None:
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    session = Cluster(folder, port).session(**PATIENCE)
    panel = read_panel(session.read.parquet(str(folder / "rows")))
    panel.check()
    as_it_is, read = ops.chunks, {"parts": 0, "of": 0}

    def few(frame: Any, *, rows: int, **given: Any) -> Iterator[Any]:
        read["of"] = -(-rows // AT_ONCE)
        for chunk in as_it_is(frame, rows=rows, **given, at_once=AT_ONCE):
            read["parts"] += 1
            yield chunk
            if read["parts"] == 1:
                print("half read", flush=True)

    ops.chunks = few
    try:
        panel.cube()
        found = {"error": None, "said": ""}
    except Exception as error:
        found = {"error": type(error).__name__, "said": str(error)}
    held = session.sparkContext._jsc.getPersistentRDDs().size()
    kept = {"cube": panel._last_cube is not None, "in Spark": held}
    session.stop()
    print(json.dumps({**found, **read, "kept": kept}), flush=True)


if __name__ == "__main__":
    main()
