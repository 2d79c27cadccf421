"""The sheet of effects: what is estimated, what comes after it, and what the account counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mih_impact.display.labels import Label
from mih_impact.display.numbers import hidden
from mih_impact.economics.labels import role_label
from mih_impact.economics.persistence import shares_kept
from mih_impact.reporting.workbook.pen import FIRST_ROW, Pen, address
from mih_impact.reporting.workbook.plan import FIRST_YEAR, Plan
from mih_impact.reporting.workbook.words import PERSISTENCE

__all__ = ["EffectCells", "write_effects"]

FloatArray = NDArray[np.float64]

_TITLE = Label(nb="Effekter", en="Effects")
_WHAT = Label(
    nb="Kroner per deltaker som startet og år, faste {year}-priser. Grønne celler er anslag.",
    en="NOK per starter and year, fixed {year} prices. Green cells are estimates.",
)
_HEADINGS = (
    Label(nb="Hva", en="What"),
    Label(nb="Kilde", en="Source"),
    Label(nb="Andel som er skattepliktig", en="Taxable share"),
)
_ESTIMATES = Label(nb="Anslåtte effekter", en="Estimated effects")
_LATER = Label(nb="Etter siste anslåtte år", en="After the last estimated year")
_KEPT = Label(nb="andel av siste effekt som er igjen", en="share of the last effect that is left")
_GROWTH = Label(nb="realvekst i lønn siden da", en="real growth of wages since then")
_COUNTED = Label(
    nb="Regnet med: effekt som tiltaket gir, uten utvelgelse",
    en="Counted: the effect that the programme causes, without selection",
)
_TAXABLE = Label(nb="skattepliktige ytelser samlet", en="taxable benefits in total")
_ERRORS = Label(nb="Standardfeil", en="Standard errors")
_STARTERS = Label(nb="Deltakere bak lønnseffekten", en="Participants behind the wage effect")
_PRESENT_VALUE = Label(nb="Nåverdi", en="Present value")
_PER_KRONE = Label(nb="per krone: {what}", en="per krone: {what}")
_SOURCE = Label(
    nb="anslått i biblioteket; data med fingeravtrykk {data}",
    en="estimated by the library; data with fingerprint {data}",
)
_GIVEN = Label(nb="gitt som tall til biblioteket", en="given to the library as numbers")


@dataclass(frozen=True)
class EffectCells:
    """Where the effects stand.

    Attributes
    ----------
    sheet
        What stands before a cell in other sheets.
    estimates, counted
        Rows by role: as estimated, and as the account counts them.
    taxable
        Row of the taxable benefits in total.
    kept, growth
        Rows of what is left of the last effect, and how it grows; None if all is estimated.
    """

    sheet: str
    estimates: dict[str, int]
    counted: dict[str, int]
    taxable: int
    kept: int | None
    growth: int | None

    def at(self, row: int, column: int) -> str:
        """Return a cell as other sheets write it."""
        return self.sheet + address(row, column)

    def years(self, row: int, plan: Plan, *, later: bool = False) -> str:
        """Return the cells of a row, of all years or of those after the estimated ones."""
        first = FIRST_YEAR + (plan.estimated if later else 0)
        ends = (address(row, column) for column in (first, plan.last_year))
        return self.sheet + ":".join(ends)


def write_effects(plan: Plan, pen: Pen, covariance: str | None) -> EffectCells:
    """Write the effects; `covariance` is the sheet of their covariance, if there is one."""
    what = _WHAT.format(year=plan.case.price_year)
    pen.head(_TITLE, what, plan.evidence, _HEADINGS)
    pen.years(FIRST_YEAR, plan.horizon)
    pen.text(FIRST_ROW - 1, plan.total, _PRESENT_VALUE, "header_right")
    for column, role in zip(plan.units, plan.roles, strict=True):
        label = _PER_KRONE.format(what=role_label(role, plan.case.benefits))
        pen.text(FIRST_ROW - 1, column, label, "header")
    n = len(plan.roles)
    later = FIRST_ROW + 1 + n + 1
    more = plan.horizon > plan.estimated
    counted = later + (4 if more else 0)
    cells = EffectCells(
        sheet=pen.there,
        estimates={role: FIRST_ROW + 1 + k for k, role in enumerate(plan.roles)},
        counted={role: counted + 1 + k for k, role in enumerate(plan.roles)},
        taxable=counted + 1 + n,
        kept=later + 1 if more else None,
        growth=later + 2 if more else None,
    )
    _write_estimates(plan, pen, cells)
    if more:
        _write_later(plan, pen, later, cells)
    _write_counted(plan, pen, counted, cells)
    row = _write_errors(plan, pen, cells.taxable + 2, covariance)
    _write_starters(plan, pen, row)
    wide = plan.units.stop - FIRST_YEAR
    pen.finish((48, 9, 13, *[13] * wide), frozen=(FIRST_ROW, 3), printed=plan.total)
    return cells


def _write_estimates(plan: Plan, pen: Pen, cells: EffectCells) -> None:
    """Write the estimates, and the formulas of the years after them."""
    pen.text(FIRST_ROW, 0, _ESTIMATES, "section")
    path = plan.case.path
    data = plan.case.provenance.data
    source = plan.sources.cite(plan.text(_SOURCE.format(data=data) if data else _GIVEN))
    last = FIRST_YEAR + plan.estimated - 1
    for k, (role, row) in enumerate(cells.estimates.items()):
        pen.text(row, 0, role_label(role, plan.case.benefits))
        pen.text(row, 1, source)
        for column in plan.years:
            value = float(path[k, column - FIRST_YEAR])
            if column <= last:
                pen.number(row, column, value, "kroner")
                continue
            assert cells.kept is not None
            assert cells.growth is not None
            formula = f"={address(row, last, fixed_column=True)}*{address(cells.kept, column)}"
            if role == "wage":
                formula += f"*{address(cells.growth, column)}"
            pen.formula(row, column, formula, value=value)
        years = f"{address(row, FIRST_YEAR)}:{address(row, plan.last_year)}"
        value = float(path[k] @ plan.case.discount_factors)
        formula = f"=SUMPRODUCT({years},{plan.names['factor_account']})"
        pen.formula(row, plan.total, formula, look="total", value=value)
        for column in plan.units:
            pen.number(row, column, float(column - plan.units.start == k), "whole", "small")


def _write_later(plan: Plan, pen: Pen, row: int, cells: EffectCells) -> None:
    """Write what is left of the last estimated effect, and how wages grow."""
    assert cells.kept is not None
    assert cells.growth is not None
    names, case = plan.names, plan.case
    last = FIRST_YEAR + plan.estimated - 1
    more = plan.horizon - plan.estimated
    kept = shares_kept(case.persistence, more, half_life=case.assumptions.half_life)
    rule, half_life = names["persistence"], names["half_life"]
    words = {key: plan.text(label) for key, label in PERSISTENCE.items()}
    years = address(FIRST_ROW - 1, last, fixed_row=True, fixed_column=True)
    end = address(FIRST_ROW - 1, plan.last_year, fixed_row=True, fixed_column=True)
    pen.text(row, 0, _LATER, "section")
    pen.text(cells.kept, 0, _KEPT)
    pen.text(cells.growth, 0, _GROWTH)
    for k, column in enumerate(range(last + 1, plan.last_year + 1)):
        year = address(FIRST_ROW - 1, column, fixed_row=True)
        since = f"({year}-{years})"
        formula = (
            f'=IF({rule}="{words["constant"]}",1,IF({rule}="{words["half_life"]}",'
            f"0.5^({since}/{half_life}),1-{since}/({end}-{years}+1)))"
        )
        pen.formula(cells.kept, column, formula, "factor", value=float(kept[k]))
        grown = float((1 + case.assumptions.real_growth) ** (k + 1))
        formula = f"=(1+{names['real_growth']})^{since}"
        pen.formula(cells.growth, column, formula, "factor", value=grown)


def _write_counted(plan: Plan, pen: Pen, row: int, cells: EffectCells) -> None:
    """Write what the account counts: the estimates without selection, and what of it is taxed."""
    pen.text(row, 0, _COUNTED, "section")
    benefits = {benefit.role: benefit for benefit in plan.case.benefits}
    selection = plan.names["selection"]
    known = _counted(plan)
    share = {
        role: plan.case.assumptions.taxable_benefit_share
        if benefit.taxable is None
        else float(benefit.taxable)
        for role, benefit in benefits.items()
    }
    for k, (role, own) in enumerate(cells.counted.items()):
        pen.text(own, 0, role_label(role, plan.case.benefits))
        if role in benefits and benefits[role].taxable is None:
            formula = f"={plan.names['taxable_benefit_share']}"
            pen.formula(own, 2, formula, "percent", value=share[role])
        elif role in benefits:
            pen.number(own, 2, share[role], "percent", "text")
        for column in (*plan.years, *plan.units):
            formula = f"=(1-{selection})*{address(cells.estimates[role], column)}"
            shown, look = ("kroner", "text") if column in plan.years else ("ratio", "small")
            pen.formula(own, column, formula, shown, look, value=float(known[column][k]))
    pen.text(cells.taxable, 0, _TAXABLE, "total_text")
    rows = [cells.counted[role] for role in benefits]
    for column in (*plan.years, *plan.units):
        terms = [
            f"{address(own, 2, fixed_column=True)}*{address(own, column)}" for own in rows
        ] or ["0"]
        shown = "kroner" if column in plan.years else "ratio"
        value = sum(share[role] * float(known[column][plan.roles.index(role)]) for role in benefits)
        pen.formula(cells.taxable, column, "=" + "+".join(terms), shown, "total", value=value)


def _counted(plan: Plan) -> dict[int, FloatArray]:
    """Return what the account counts of every effect, by column: of a year, or of one krone."""
    ones = np.eye(len(plan.roles))
    effects = np.column_stack([plan.case.path, ones])
    columns = (1 - plan.case.assumptions.selection) * effects.T
    return dict(zip((*plan.years, *plan.units), columns, strict=True))


def _write_errors(plan: Plan, pen: Pen, row: int, covariance: str | None) -> int:
    """Write standard errors as roots of the variances; return the next row."""
    if covariance is None or plan.case.covariance is None:
        return row
    pen.text(row, 0, _ERRORS, "section")
    errors = np.sqrt(np.clip(np.diag(plan.case.covariance), 0.0, None))
    for k, role in enumerate(plan.roles):
        pen.text(row + 1 + k, 0, role_label(role, plan.case.benefits))
        for s in range(plan.estimated):
            place = k * plan.estimated + s
            cell = address(FIRST_ROW + place, 2 + place)
            value = float(errors[place])
            pen.formula(row + 1 + k, FIRST_YEAR + s, f"=SQRT({covariance}{cell})", value=value)
    return row + len(plan.roles) + 2


def _write_starters(plan: Plan, pen: Pen, row: int) -> None:
    """Write the participants behind each year; too few are hidden."""
    if not np.isfinite(plan.case.starters).any():
        return
    pen.text(row, 0, _STARTERS)
    for s, n in enumerate(plan.case.starters):
        told = hidden(n, plan.lang)
        if told:
            pen.text(row, FIRST_YEAR + s, told, "small")
        elif np.isfinite(n):
            pen.number(row, FIRST_YEAR + s, float(n), "kroner")
