"""What runs made-up inputs and tells how each ended.

Every input is made from its family, its number and the seed alone, so that one that fails can be
made again, and a run that was broken off goes on where it stopped. An input ends well in a result
or in one of the library's typed errors; anything else is a fault, and so is one that takes long.
"""

from __future__ import annotations

import json
import signal
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

import mih_impact as mih

#: Seconds that an input may take.
LIMIT = 20

#: Makes an input from a generator, and returns what puts it to the library.
Family = Callable[[np.random.Generator], Callable[[], object]]


class TookTooLong(BaseException):
    """An input was still at work after `LIMIT`; no `except Exception` may swallow it."""


@dataclass(frozen=True)
class Ending:
    """How an input ended.

    Attributes
    ----------
    family, number
        Which input it was.
    kind
        "result", "typed", "untyped" or "hang".
    error
        Class of the error, if there was one.
    message
        What it said.
    where
        The innermost line of the library.
    seconds
        How long it took.
    """

    family: str
    number: int
    kind: str
    error: str = ""
    message: str = ""
    where: str = ""
    seconds: float = 0.0

    @property
    def is_fault(self) -> bool:
        return self.kind in ("untyped", "hang")


def run_one(name: str, family: Family, number: int, seed: int) -> Ending:
    """Make one input and put it to the library."""
    rng = np.random.default_rng([seed, crc32(name.encode()), number])
    started = time.perf_counter()
    kind, error, where = "result", None, ""
    try:
        with warnings.catch_warnings(), mih.options(progress=False), _limited():
            warnings.simplefilter("ignore")
            family(rng)()
    except mih.MihImpactError as typed:
        kind, error = "typed", typed
    except TookTooLong as late:
        kind, error = "hang", late
    except Exception as other:
        kind, error = "untyped", other
    if kind in ("untyped", "hang"):
        where = _where(error)
    return Ending(
        name,
        number,
        kind,
        type(error).__name__ if error else "",
        str(error)[:300] if error else "",
        where,
        round(time.perf_counter() - started, 3),
    )


@contextmanager
def _limited() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGALRM, stop)
    # Again every second: what is raised while Python tidies up is lost.
    signal.setitimer(signal.ITIMER_REAL, LIMIT, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _where(error: BaseException) -> str:
    own = [f for f in traceback.extract_tb(error.__traceback__) if "mih_impact" in f.filename]
    if not own:
        return "outside"
    return f"{own[-1].filename.rpartition('mih_impact/')[2]}:{own[-1].lineno}"


def shares(families: Mapping[str, tuple[Family, float]], inputs: int) -> dict[str, int]:
    """Return how many inputs each family has; shares add up to all."""
    weights = np.array([weight for _, weight in families.values()])
    last = np.round(np.cumsum(weights) / weights.sum() * inputs).astype(int)
    return dict(zip(families, np.diff(last, prepend=0).tolist(), strict=True))


def run(
    families: Mapping[str, tuple[Family, float]],
    inputs: int,
    *,
    seed: int,
    book: Path | None = None,
    part: tuple[int, int] = (0, 1),
) -> Iterator[Ending]:
    """Run all inputs, or every n-th of them, and yield how each ended.

    Parameters
    ----------
    families
        What makes inputs, with its share of them.
    inputs
        How many in all.
    seed
        Of all of them.
    book
        A file with a line for each ending; those that are in it are not run again.
    part
        Which of how many parts of the inputs to run.
    """
    done = _read(book)
    with _appending(book) as write:
        for name, many in shares(families, inputs).items():
            for number in range(part[0], many, part[1]):
                ending = done.get((name, number))
                if ending is None:
                    ending = run_one(name, families[name][0], number, seed)
                    write(ending)
                yield ending


def _read(book: Path | None) -> dict[tuple[str, int], Ending]:
    if book is None or not book.exists():
        return {}
    endings = (Ending(**json.loads(line)) for line in book.read_text().splitlines())
    return {(ending.family, ending.number): ending for ending in endings}


@contextmanager
def _appending(book: Path | None) -> Iterator[Callable[[Ending], None]]:
    if book is None:
        yield lambda ending: None
        return
    with book.open("a") as file:
        yield lambda ending: print(json.dumps(asdict(ending)), file=file, flush=True)


def table(endings: list[Ending]) -> str:
    """Return the counts by family, and the faults, one line for each place."""
    names = list(dict.fromkeys(ending.family for ending in endings))
    rows = [
        f"{'family':<14}{'inputs':>9}{'result':>9}{'typed':>9}{'untyped':>9}{'hang':>6}{'s':>9}"
    ]
    for name in [*names, "all"]:
        own = [ending for ending in endings if name in (ending.family, "all")]
        kinds = Counter(ending.kind for ending in own)
        longest = max((ending.seconds for ending in own), default=0.0)
        rows.append(
            f"{name:<14}{len(own):>9}{kinds['result']:>9}{kinds['typed']:>9}"
            f"{kinds['untyped']:>9}{kinds['hang']:>6}{longest:>9.2f}"
        )
    faults: dict[tuple[str, str, str], list[Ending]] = {}
    for ending in endings:
        if ending.is_fault:
            faults.setdefault((ending.error, ending.where, ending.family), []).append(ending)
    for (error, where, family), own in sorted(faults.items(), key=lambda each: -len(each[1])):
        numbers = ", ".join(str(ending.number) for ending in own[:3])
        rows.append(f"{len(own)} x {error} at {where} ({family} {numbers}): {own[0].message[:120]}")
    return "\n".join(rows)
