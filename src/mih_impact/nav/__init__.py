"""The reference case: Nav's analysis of Menn i helse. The only floor that names a programme."""

from __future__ import annotations

from mih_impact.nav.case import analysis, base_case, menn_i_helse, non_priced

__all__ = ["analysis", "base_case", "menn_i_helse", "non_priced"]
