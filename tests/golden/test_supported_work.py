"""The second reference: from the men of Supported Work to an account in dollars of 1976.

Everything expected here is reckoned from the microdata and the cited lines alone, without the
library: means of two groups, a price index that statsmodels ships, and sums.
"""

from __future__ import annotations

import re
from pathlib import Path

import causaldata
import numpy as np
import pytest
from statsmodels.datasets import macrodata

import mih_impact as mih
from tests.unit.test_code_blocks import blocks, run_python

PAGE = Path(__file__).parents[2] / "docs" / "supported_work.md"
RATE = 0.05
#: Net cost to others, wages in the programme, earnings elsewhere, taxes, welfare lost, other
#: training not run, pay in other training lost: dollars of 1976 per participant, 27 months.
#:
#: Source: Kemper, Long and Thornton (1984), A benefit-cost analysis of the Supported Work
#: experiment, table 8.5, page 256, as cited in the replication files `NSW_Ex_Addict.do`,
#: `NSW_Ex_Offender.do` and `NSW_Youth.do` of Hendren and Sprung-Keyser (2020), A unified welfare
#: analysis of government policies, Quarterly Journal of Economics 135(3).
LINES = {
    "ex-addicts": (4413, 2558, -153, 293, 530, 85, 13),
    "ex-offenders": (4153, 2489, 304, 553, 219, 168, 32),
    "youth": (4193, 2577, -3, 301, 474, 83, 4),
}


@pytest.fixture(scope="module")
def session() -> dict[str, object]:
    """Run the page, and return what it has made."""
    names: dict[str, object] = {}
    with mih.options(progress=False):  # the page asks for English, and others do not
        for block in blocks(PAGE.read_text(encoding="utf-8")):
            if block.kind == "python" and "breaks_even" not in block.code:
                run_python(re.sub(r"^print\(.*\)$", "", block.code, flags=re.M), names)
    return names


def test_the_page_has_the_lines_as_cited(session):
    for group, cited in LINES.items():
        assert session["published"].loc[group].tolist() == list(cited)


def test_effect_by_two_means(session):
    """Published for this sample: 1,794 dollars (Dehejia and Wahba 1999)."""
    men = causaldata.nsw_mixtape.load_pandas().data
    treated, controls = (men.loc[men.treat == k, "re78"].to_numpy() for k in (1, 0))
    found = session["effect"].to_frame().iloc[0]
    assert found["estimate"] == pytest.approx(treated.mean() - controls.mean())
    assert round(found["estimate"]) == 1794
    variance = treated.var(ddof=1) / treated.size + controls.var(ddof=1) / controls.size
    assert found["std_error"] == pytest.approx(np.sqrt(variance), rel=0.01)
    cpi = macrodata.load_pandas().data
    moved = cpi[cpi.year == 1976].cpi.mean() / cpi[cpi.year == 1982].cpi.mean()
    assert session["earned"] == pytest.approx(moved * found["estimate"])


@pytest.mark.parametrize("group", LINES)
def test_account_by_hand(session, group):
    """Both accounts of the page: their earnings in year 0, ours in year 2, all else alike."""
    cost, wages, elsewhere, tax, welfare, training, pay = LINES[group]
    rate = tax / (wages + elsewhere)
    ours = session["rows"][group]
    earned = session["earned"] / (1 + RATE) ** 2
    assert ours["participant, ours"] == pytest.approx(
        wages + earned - rate * (wages + earned) - welfare - pay
    )
    assert ours["others, ours"] == pytest.approx(
        rate * (wages + earned) + welfare + pay + training - cost
    )
    assert ours["society, ours"] == pytest.approx(earned + wages + training - cost)
    reach = 1.959964 * session["error"] / (1 + RATE) ** 2
    assert ours["society, to"] == pytest.approx(ours["society, ours"] + reach, rel=1e-6)
    theirs, on_wages = session["account"](
        session["published"].loc[group], session["frame"].head(1).assign(estimate=elsewhere)
    )
    assert theirs.present_value("participant") - on_wages == pytest.approx(
        wages + elsewhere - tax - welfare - pay
    )
