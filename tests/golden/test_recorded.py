"""Every number that the two commands print is the one that was recorded, to its last digit.

The record says nothing of what is right: other tests do. It says that a change which is meant to
move no number moves none.
"""

from __future__ import annotations

import pytest

from tests.golden.recorded import LANGS, all_numbers, recorded

#: What a computer adds in another order may differ in: the last bits of full precision.
BITS = 1e-11


def same(ours: object, theirs: object) -> bool:
    """Equal: to the letter what a reader sees, up to the order of summation what a file holds."""
    if isinstance(ours, str) or isinstance(theirs, str):
        return ours == theirs
    return abs(ours - theirs) <= BITS * max(abs(ours), abs(theirs), 1.0)


@pytest.mark.parametrize("lang", LANGS)
def test_every_number_is_the_recorded_one(lang):
    ours, theirs = all_numbers(lang), recorded()[lang]
    assert list(ours) == list(theirs)
    for name, values in theirs.items():
        assert len(ours[name]) == len(values), name
        differ = [(a, b) for a, b in zip(ours[name], values, strict=True) if not same(a, b)]
        assert not differ, f"{name}: {len(differ)} differ, first {differ[:3]}"


def test_a_number_that_moved_is_seen():
    assert not same("197 396", "197 397")
    assert not same(1.0, 1.0 + 1e-9)
    assert same(0.1 + 0.2, 0.3)
