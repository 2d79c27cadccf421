"""Every source that the library ships can be read in bokmål."""

from __future__ import annotations

import re

import pytest

from mih_impact.account.assumptions import Assumptions
from mih_impact.account.parameters import all_assumptions
from mih_impact.nav.case import menn_i_helse
from mih_impact.reference.budget_lines import budget_lines
from mih_impact.reference.rows import source_in

#: Words that give an English sentence away.
ENGLISH = re.compile(
    r"\b(the|of|and|by|from|with|is|are|was|not|no|ours|range|figure|share|all|half|in the|memory"
    r"|assumed|average|note|notice)\b"
)


def shipped() -> set[str]:
    programme = menn_i_helse()
    zones = [Assumptions.r109(zone="average"), Assumptions.simplified(), Assumptions.r109()]
    items = [item for rules in zones for item in all_assumptions(rules, programme)]
    changed = Assumptions.r109().replace(pension_share=0.3)["pension_share"]
    texts = {text for item in (*items, changed) for text in (item.source, item.range_source)}
    return {text for text in texts | {line.source for line in budget_lines()} if text}


@pytest.mark.parametrize("source", sorted(shipped()))
def test_a_shipped_source_has_no_english_left(source: str) -> None:
    assert source_in(source, "en") == source
    assert not ENGLISH.search(source_in(source, "nb").lower()), source_in(source, "nb")


def test_several_sources_are_read_one_by_one() -> None:
    joined = "R-109/2021, 6.1.4; assumed in mih_impact: nobody is pushed out of a post"
    assert (
        source_in(joined, "nb")
        == "R-109/2021, 6.1.4; forutsatt i mih_impact: ingen blir fortrengt fra en stilling"
    )
    assert source_in("somebody's report", "nb") == "somebody's report"
