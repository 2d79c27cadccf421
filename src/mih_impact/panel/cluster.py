"""A Spark cluster that has gone away: its job is given up, where Spark itself would wait for ever.

A standalone cluster that loses its workers and its master leaves the driver alive: it keeps the job
and waits for executors that nobody is left to start. Other cluster managers stop the session.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import narwhals as nw

from mih_impact.errors import EngineError

__all__ = ["session_gone", "watched"]

#: Seconds between two looks at how many executors there are.
_LOOK = 0.5


def session_gone(frame: nw.LazyFrame[Any]) -> bool:
    """Return whether the frame's Spark session has been stopped: then anything may be raised."""
    if frame.implementation is not nw.Implementation.PYSPARK:
        return False
    return frame.to_native().sparkSession.sparkContext._jsc is None


@contextmanager
def watched(frame: nw.LazyFrame[Any]) -> Iterator[None]:
    """Run a frame's jobs; give them up when their cluster has long had no executor.

    How long is the session's `spark.network.timeout`, after which Spark holds an executor for lost.

    Raises
    ------
    EngineError
        The jobs were given up.
    """
    if session_gone(frame) or not _standalone(frame):
        yield
        return
    context, tag = frame.to_native().sparkSession.sparkContext, f"mih_impact_{uuid4().hex}"
    patience = int(_scala(context).conf().getTimeAsSeconds("spark.network.timeout", "120s"))
    over, given_up = Event(), Event()
    watch = Thread(target=_watch, args=(context, tag, patience, over, given_up), daemon=True)
    context.addJobTag(tag)
    watch.start()
    try:
        yield
    except Exception:
        if not given_up.is_set():
            raise
        raise EngineError(
            "The Spark cluster went away while the source was read, and nothing was kept of what "
            "had been read",
            found=f"no executor for {patience} seconds",
            do="see that the master and the workers run, begin a new session and read again; "
            "a session that may have to wait longer for executors needs a higher "
            "spark.network.timeout",
        ) from None
    finally:
        over.set()
        watch.join()
        if not session_gone(frame):
            context.removeJobTag(tag)


def _standalone(frame: nw.LazyFrame[Any]) -> bool:
    if frame.implementation is not nw.Implementation.PYSPARK:
        return False
    return bool(frame.to_native().sparkSession.sparkContext.master.startswith("spark://"))


def _scala(context: Any) -> Any:
    return context._jsc.sc()


def _watch(context: Any, tag: str, patience: float, over: Event, given_up: Event) -> None:
    """Cancel the jobs of a tag once there has been no executor for as long as patience lasts."""
    last_seen = time.monotonic()
    while not over.wait(_LOOK):
        try:
            # The driver is one of those who report their memory.
            executors = _scala(context).getExecutorMemoryStatus().size() - 1
            if executors:
                last_seen = time.monotonic()
            elif time.monotonic() - last_seen > patience:
                given_up.set()
                context.cancelJobsWithTag(tag)
                return
        except Exception:  # the session was stopped, which the job itself reports
            return
