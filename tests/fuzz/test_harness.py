"""The harness tells faults from typed errors and goes on where it stopped; no input is a fault."""

from __future__ import annotations

import json
import time
import warnings

import pytest

import mih_impact as mih
from tests.fuzz import harness
from tests.fuzz.families import CALLS, FAMILIES
from tests.fuzz.harness import Ending, run, run_one, shares, table


def raising(error: Exception):
    def put() -> object:
        raise error

    return lambda rng: put


def slow(rng):
    return lambda: time.sleep(5)


def test_endings_are_told_apart(monkeypatch):
    monkeypatch.setattr(harness, "LIMIT", 1)
    kinds = {
        "result": lambda rng: lambda: 1,
        "typed": raising(mih.SupportError("Nobody", do="read more")),
        "untyped": raising(KeyError("x")),
        "hang": slow,
    }
    for kind, family in kinds.items():
        ending = run_one("own", family, 0, 1)
        assert ending.kind == kind
        assert ending.is_fault == (kind in ("untyped", "hang"))


def test_an_input_hangs_on_its_family_number_and_seed_alone():
    def family(rng):
        value = rng.random()
        return lambda: (_ for _ in ()).throw(KeyError(value))

    same = [run_one("own", family, 3, 1).message for _ in range(2)]
    assert same[0] == same[1] != run_one("own", family, 4, 1).message
    assert run_one("own", family, 3, 2).message != same[0]
    assert run_one("other", family, 3, 1).message != same[0]


def test_a_run_that_was_broken_off_goes_on(tmp_path):
    made: list[int] = []

    def family(rng):
        made.append(1)
        return lambda: None

    book = tmp_path / "book.jsonl"
    first = run({"own": (family, 1.0)}, 10, seed=1, book=book)
    for _ in range(4):
        next(first)
    first.close()
    assert len(list(run({"own": (family, 1.0)}, 10, seed=1, book=book))) == 10
    assert len(made) == 10
    assert len({json.loads(line)["number"] for line in book.read_text().splitlines()}) == 10


def test_parts_are_the_whole():
    families = {"a": (lambda rng: lambda: None, 2.0), "b": (lambda rng: lambda: None, 1.0)}
    assert shares(families, 100) == {"a": 67, "b": 33}
    parts = [run(families, 30, seed=1, part=(k, 2)) for k in range(2)]
    found = sorted((ending.family, ending.number) for part in parts for ending in part)
    assert found == sorted((name, k) for name, n in shares(families, 30).items() for k in range(n))


def test_the_table_counts_and_names_the_place():
    endings = [
        Ending("a", 0, "result"),
        Ending("a", 1, "typed", "SupportError", "x", "", 0.5),
        Ending("a", 2, "untyped", "KeyError", "'x'", "panel/read.py:7", 0.1),
    ]
    told = table(endings)
    assert "1 x KeyError at panel/read.py:7 (a 2)" in told
    assert told.splitlines()[1].split() == ["a", "3", "1", "1", "1", "0", "0.50"]


def test_calls_are_right_until_something_is_made_odd():
    """A call that is refused as it stands would hide what an odd value does to it."""
    with mih.options(progress=False), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for make in CALLS:
            call, given = make()
            if not any(str(value).startswith("nowhere") for value in given.values()):
                call(**given)


@pytest.mark.parametrize("name", FAMILIES)
def test_no_input_is_a_fault(name):
    """A few of each; `make fuzz` puts many more."""
    endings = list(run({name: (FAMILIES[name][0], 1.0)}, 30, seed=1))
    assert not [ending for ending in endings if ending.is_fault], table(endings)
