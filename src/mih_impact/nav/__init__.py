"""The reference case: Nav's analysis of Menn i helse. The only floor that names a programme."""

from __future__ import annotations

from mih_impact.nav.case import analysis, base_case, decisions, menn_i_helse, non_priced, per_place
from mih_impact.nav.readings import readings
from mih_impact.nav.recruitment import funnel

__all__ = [
    "analysis",
    "base_case",
    "decisions",
    "funnel",
    "menn_i_helse",
    "non_priced",
    "per_place",
    "readings",
]
