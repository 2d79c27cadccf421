"""The sheet of discounting: factors as formulas of the rates, for each time of the year."""

from __future__ import annotations

from dataclasses import dataclass

from mih_impact.display.labels import Label
from mih_impact.reference.discount import Discount
from mih_impact.reporting.workbook.pen import FIRST_ROW, Pen, address
from mih_impact.reporting.workbook.plan import FIRST_YEAR, Plan
from mih_impact.reporting.workbook.words import SHEETS, STATUS, TIMING

__all__ = ["write_discounting"]

_TITLE = Label(nb="Diskontering", en="Discounting")
_WHAT = Label(
    nb="Nåverdien i oppstartsåret av én krone i hvert år. År telles fra oppstart.",
    en="The present value, in the start year, of one krone in each year. Years since start.",
)
_HEADINGS = (
    Label(nb="Hva", en="What"),
    Label(nb="Navn i formlene", en="Name in the formulas"),
    None,
)
_RATE = Label(nb="rente i året", en="rate of the year")
_NEXT = Label(nb="rente i året etter", en="rate of the year after")
_ACCOUNT = Label(nb="regnskapets faktor ({timing})", en="factor of the account ({timing})")
_FACTOR = Label(nb="faktor {timing}", en="factor, {timing}")
_CHOSEN = Label(nb="som valgt", en="as chosen")
_LADDER = Label(nb="Rentetrapp", en="Ladder of rates")
_STEPS = (
    Label(nb="Trinn", en="Step"),
    Label(nb="Fra år", en="From year"),
    Label(nb="Til og med år", en="To year"),
    Label(nb="Rente", en="Rate"),
    Label(nb="Status", en="Status"),
    Label(nb="Kilde", en="Source"),
)
_STEP = Label(nb="trinn {n}", en="step {n}")
_OPEN = Label(nb="uten ende", en="no end")
_OFFICIAL = "R-109/2021, 6.2"
_OWN = Label(nb="analytikerens egen rente", en="the analyst's own rate")


@dataclass(frozen=True)
class _Rows:
    """Rows of the sheet."""

    rate: int = FIRST_ROW
    following: int = FIRST_ROW + 1
    start: int = FIRST_ROW + 2
    middle: int = FIRST_ROW + 3
    end: int = FIRST_ROW + 4
    account: int = FIRST_ROW + 5
    ladder: int = FIRST_ROW + 8


def write_discounting(plan: Plan, pen: Pen) -> None:
    """Write rates and factors by year; the rows of factors have names."""
    rows = _Rows()
    pen.head(_TITLE, _WHAT, plan.evidence, _HEADINGS)
    pen.years(FIRST_YEAR, plan.horizon, source=f"'{plan.text(SHEETS['effects'])}'!")
    steps = _write_ladder(plan, pen, rows)
    labels = {
        rows.rate: _RATE,
        rows.following: _NEXT,
        rows.start: _FACTOR.format(timing=TIMING["start"]),
        rows.middle: _FACTOR.format(timing=TIMING["middle"]),
        rows.end: _FACTOR.format(timing=TIMING["end"]),
        rows.account: _ACCOUNT.format(timing=_CHOSEN),
    }
    for row, label in labels.items():
        pen.text(row, 0, label, "total_text" if row == rows.account else "text")
    for row, timing in _named(rows).items():
        name = plan.names[f"factor_{timing}"]
        pen.text(row, 1, name, "name")
        pen.name(name, row, FIRST_YEAR, last=plan.last_year)
    for column in plan.years:
        _write_year(plan, pen, rows, column, steps)
    widest = max(plan.horizon, 3)
    pen.finish((44, 26, 13, *[11] * widest), frozen=(FIRST_ROW, 1))


def _named(rows: _Rows) -> dict[int, str]:
    return {
        rows.start: "start", rows.middle: "middle", rows.end: "end", rows.account: "account",
    }  # fmt: skip


def _write_year(plan: Plan, pen: Pen, rows: _Rows, column: int, steps: str) -> None:
    """Write the rates and factors of one year."""
    discount, t = plan.case.assumptions.discount, column - FIRST_YEAR
    rates = discount.rates(plan.horizon)
    year = address(FIRST_ROW - 1, column, fixed_row=True)
    if t > 0:
        pen.formula(rows.rate, column, f"=LOOKUP({year},{steps})", "percent",
                    value=float(rates[t - 1]))  # fmt: skip
    pen.formula(rows.following, column, f"=LOOKUP({year}+1,{steps})", "percent",
                value=float(rates[t]))  # fmt: skip
    own = {
        timing: float(discount.with_timing(timing).factors(plan.horizon)[t])
        for timing in ("start", "middle", "end")
    }
    before, rate = address(rows.start, column - 1), address(rows.rate, column)
    # A flow of the start year is not discounted.
    first = f"={before}/(1+{rate})" if t > 0 else f"=1/(1+{plan.names['discount_rate']})^{year}"
    start, after = address(rows.start, column), f"(1+{address(rows.following, column)})"
    pen.formula(rows.start, column, first, "factor", value=own["start"])
    pen.formula(rows.middle, column, f"={start}/SQRT{after}", "factor", value=own["middle"])
    pen.formula(rows.end, column, f"={start}/{after}", "factor", value=own["end"])
    timing = plan.names["timing"]
    words = {key: plan.text(TIMING[key]) for key in ("start", "middle")}
    chosen = (
        f'=IF({timing}="{words["start"]}",{start},IF({timing}="{words["middle"]}",'
        f"{address(rows.middle, column)},{address(rows.end, column)}))"
    )
    pen.formula(rows.account, column, chosen, "factor", "total", value=own[discount.timing])


def _write_ladder(plan: Plan, pen: Pen, rows: _Rows) -> str:
    """Write the steps; return where their first years and rates stand, as LOOKUP takes them."""
    discount = plan.case.assumptions.discount
    official = Discount().ladder
    pen.text(rows.ladder - 1, 0, _LADDER, "section")
    for column, heading in enumerate(_STEPS):
        pen.text(rows.ladder, column, heading, "header")
    top = rows.ladder + 1
    for k, (last, rate) in enumerate(discount.ladder):
        row = top + k
        pen.text(row, 0, _STEP.format(n=k + 1))
        if k == 0:
            pen.number(row, 1, 1, "whole", "text")
            pen.formula(row, 3, f"={plan.names['discount_rate']}", "percent", value=rate)
        else:
            before = discount.ladder[k - 1][0]
            assert before is not None, "only the last step is open"
            pen.formula(row, 1, f"={address(row - 1, 2)}+1", "whole", value=before + 1)
            pen.number(row, 3, rate, "percent", "input")
            pen.require(row, 3, {"validate": "decimal", "criteria": ">", "value": -1})
        if last is None:
            pen.text(row, 2, _OPEN)
        else:
            pen.number(row, 2, last, "whole", "input")
            pen.require(row, 2, {"validate": "integer", "criteria": ">", "value": 0})
        known = k < len(official) and (last, rate) == official[k]
        pen.text(row, 4, STATUS["seen" if known else "ASSUMED"])
        pen.text(row, 5, plan.sources.cite(_OFFICIAL if known else plan.text(_OWN)))
    last_row = top + len(discount.ladder) - 1
    ranges = (
        f"{address(top, column, fixed_row=True, fixed_column=True)}:"
        f"{address(last_row, column, fixed_row=True, fixed_column=True)}"
        for column in (1, 3)
    )
    return ",".join(ranges)
