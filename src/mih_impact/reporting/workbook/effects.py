"""The sheet of effects: what is estimated, what comes after it, and what the account counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact.account.assumption import Assumption
from mih_impact.account.parameters import shares_kept
from mih_impact.account.roles import role_label
from mih_impact.account.sheet.lines import SETTINGS
from mih_impact.display.locale import Label
from mih_impact.display.numbers import hidden
from mih_impact.reporting.workbook.layout import FIRST_YEAR, Layout
from mih_impact.reporting.workbook.pages import (
    DISTRIBUTIONS,
    FIRST_ROW,
    PERSISTENCE,
    STATUS,
    TIMING,
    UNITS,
    YES_NO,
    Page,
    address,
)

__all__ = ["VALUE", "EffectCells", "write_assumptions", "write_effects"]

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

    def years(self, row: int, layout: Layout, *, later: bool = False) -> str:
        """Return the cells of a row, of all years or of those after the estimated ones."""
        first = FIRST_YEAR + (layout.estimated if later else 0)
        ends = (address(row, column) for column in (first, layout.last_year))
        return self.sheet + ":".join(ends)


def write_effects(layout: Layout, page: Page, covariance: str | None) -> EffectCells:
    """Write the effects; `covariance` is the sheet of their covariance, if there is one."""
    what = _WHAT.format(year=layout.case.price_year)
    page.head(_TITLE, what, layout.evidence, _HEADINGS)
    page.years(FIRST_YEAR, layout.horizon)
    page.text(FIRST_ROW - 1, layout.total, _PRESENT_VALUE, "header_right")
    for column, role in zip(layout.units, layout.roles, strict=True):
        label = _PER_KRONE.format(what=role_label(role, layout.case.benefits))
        page.text(FIRST_ROW - 1, column, label, "header")
    n = len(layout.roles)
    later = FIRST_ROW + 1 + n + 1
    more = layout.horizon > layout.estimated
    counted = later + (4 if more else 0)
    cells = EffectCells(
        sheet=page.there,
        estimates={role: FIRST_ROW + 1 + k for k, role in enumerate(layout.roles)},
        counted={role: counted + 1 + k for k, role in enumerate(layout.roles)},
        taxable=counted + 1 + n,
        kept=later + 1 if more else None,
        growth=later + 2 if more else None,
    )
    _write_estimates(layout, page, cells)
    if more:
        _write_later(layout, page, later, cells)
    _write_counted(layout, page, counted, cells)
    row = _write_errors(layout, page, cells.taxable + 2, covariance)
    _write_starters(layout, page, row)
    wide = layout.units.stop - FIRST_YEAR
    page.finish((48, 9, 13, *[13] * wide), frozen=(FIRST_ROW, 3), printed=layout.total)
    return cells


def _write_estimates(layout: Layout, page: Page, cells: EffectCells) -> None:
    """Write the estimates, and the formulas of the years after them."""
    page.text(FIRST_ROW, 0, _ESTIMATES, "section")
    path = layout.case.path
    data = layout.case.provenance.data
    source = layout.sources.cite((_SOURCE.format(data=data) if data else _GIVEN).text())
    last = FIRST_YEAR + layout.estimated - 1
    for k, (role, row) in enumerate(cells.estimates.items()):
        page.text(row, 0, role_label(role, layout.case.benefits))
        page.text(row, 1, source)
        for column in layout.years:
            value = float(path[k, column - FIRST_YEAR])
            if column <= last:
                page.number(row, column, value, "kroner")
                continue
            assert cells.kept is not None
            assert cells.growth is not None
            formula = f"={address(row, last, fixed_column=True)}*{address(cells.kept, column)}"
            if role == "wage":
                formula += f"*{address(cells.growth, column)}"
            page.formula(row, column, formula, value=value)
        years = f"{address(row, FIRST_YEAR)}:{address(row, layout.last_year)}"
        value = float(path[k] @ layout.case.discount_factors)
        formula = f"=SUMPRODUCT({years},{layout.names['factor_account']})"
        page.formula(row, layout.total, formula, look="total", value=value)
        for column in layout.units:
            page.number(row, column, float(column - layout.units.start == k), "whole", "small")


def _write_later(layout: Layout, page: Page, row: int, cells: EffectCells) -> None:
    """Write what is left of the last estimated effect, and how wages grow."""
    assert cells.kept is not None
    assert cells.growth is not None
    names, case = layout.names, layout.case
    last = FIRST_YEAR + layout.estimated - 1
    more = layout.horizon - layout.estimated
    kept = shares_kept(case.persistence, more, half_life=case.assumptions.half_life)
    rule, half_life = names["persistence"], names["half_life"]
    words = {key: label.text() for key, label in PERSISTENCE.items()}
    years = address(FIRST_ROW - 1, last, fixed_row=True, fixed_column=True)
    end = address(FIRST_ROW - 1, layout.last_year, fixed_row=True, fixed_column=True)
    page.text(row, 0, _LATER, "section")
    page.text(cells.kept, 0, _KEPT)
    page.text(cells.growth, 0, _GROWTH)
    for k, column in enumerate(range(last + 1, layout.last_year + 1)):
        year = address(FIRST_ROW - 1, column, fixed_row=True)
        since = f"({year}-{years})"
        formula = (
            f'=IF({rule}="{words["constant"]}",1,IF({rule}="{words["half_life"]}",'
            f"0.5^({since}/{half_life}),1-{since}/({end}-{years}+1)))"
        )
        page.formula(cells.kept, column, formula, "factor", value=float(kept[k]))
        grown = float((1 + case.assumptions.real_growth) ** (k + 1))
        formula = f"=(1+{names['real_growth']})^{since}"
        page.formula(cells.growth, column, formula, "factor", value=grown)


def _write_counted(layout: Layout, page: Page, row: int, cells: EffectCells) -> None:
    """Write what the account counts: the estimates without selection, and what of it is taxed."""
    page.text(row, 0, _COUNTED, "section")
    benefits = {benefit.role: benefit for benefit in layout.case.benefits}
    selection = layout.names["selection"]
    known = _counted(layout)
    share = {
        role: layout.case.assumptions.taxable_benefit_share
        if benefit.taxable is None
        else float(benefit.taxable)
        for role, benefit in benefits.items()
    }
    for k, (role, own) in enumerate(cells.counted.items()):
        page.text(own, 0, role_label(role, layout.case.benefits))
        if role in benefits and benefits[role].taxable is None:
            formula = f"={layout.names['taxable_benefit_share']}"
            page.formula(own, 2, formula, "percent", value=share[role])
        elif role in benefits:
            page.number(own, 2, share[role], "percent", "text")
        for column in (*layout.years, *layout.units):
            formula = f"=(1-{selection})*{address(cells.estimates[role], column)}"
            shown, look = ("kroner", "text") if column in layout.years else ("ratio", "small")
            page.formula(own, column, formula, shown, look, value=float(known[column][k]))
    page.text(cells.taxable, 0, _TAXABLE, "total_text")
    rows = [cells.counted[role] for role in benefits]
    for column in (*layout.years, *layout.units):
        terms = [
            f"{address(own, 2, fixed_column=True)}*{address(own, column)}" for own in rows
        ] or ["0"]
        shown = "kroner" if column in layout.years else "ratio"
        value = sum(
            share[role] * float(known[column][layout.roles.index(role)]) for role in benefits
        )
        page.formula(cells.taxable, column, "=" + "+".join(terms), shown, "total", value=value)


def _counted(layout: Layout) -> dict[int, FloatArray]:
    """Return what the account counts of every effect, by column: of a year, or of one krone."""
    ones = np.eye(len(layout.roles))
    effects = np.column_stack([layout.case.path, ones])
    columns = (1 - layout.case.assumptions.selection) * effects.T
    return dict(zip((*layout.years, *layout.units), columns, strict=True))


def _write_errors(layout: Layout, page: Page, row: int, covariance: str | None) -> int:
    """Write standard errors as roots of the variances; return the next row."""
    if covariance is None or layout.case.covariance is None:
        return row
    page.text(row, 0, _ERRORS, "section")
    errors = np.sqrt(np.clip(np.diag(layout.case.covariance), 0.0, None))
    for k, role in enumerate(layout.roles):
        page.text(row + 1 + k, 0, role_label(role, layout.case.benefits))
        for s in range(layout.estimated):
            place = k * layout.estimated + s
            cell = address(FIRST_ROW + place, 2 + place)
            value = float(errors[place])
            page.formula(row + 1 + k, FIRST_YEAR + s, f"=SQRT({covariance}{cell})", value=value)
    return row + len(layout.roles) + 2


def _write_starters(layout: Layout, page: Page, row: int) -> None:
    """Write the participants behind each year; too few are hidden."""
    if not np.isfinite(layout.case.starters).any():
        return
    page.text(row, 0, _STARTERS)
    for s, n in enumerate(layout.case.starters):
        told = hidden(n)
        if told:
            page.text(row, FIRST_YEAR + s, told, "small")
        elif np.isfinite(n):
            page.number(row, FIRST_YEAR + s, float(n), "kroner")


#: Column of the values.
VALUE = 1

_ASSUMPTIONS_TITLE = Label(nb="Forutsetninger", en="Assumptions")
_ASSUMPTIONS_WHAT = Label(
    nb="Gule celler kan endres, og alt annet følger med. Kroner er i faste {year}-priser.",
    en="Yellow cells can be changed, and all else follows. NOK in fixed {year} prices.",
)
_ASSUMPTIONS_HEADINGS = (
    Label(nb="Forutsetning", en="Assumption"),
    Label(nb="Verdi", en="Value"),
    Label(nb="Enhet", en="Unit"),
    Label(nb="Lav", en="Low"),
    Label(nb="Høy", en="High"),
    Label(nb="Fordeling", en="Distribution"),
    Label(nb="Status", en="Status"),
    Label(nb="Kilde", en="Source"),
    Label(nb="Kilde til spennet", en="Source of the range"),
    Label(nb="Navn i formlene", en="Name in the formulas"),
)
_CHOICES = Label(nb="Valg", en="Choices")
_DERIVED = Label(nb="Avledet av forutsetningene", en="Derived from the assumptions")
_LABOUR_COST = Label(
    nb="lønnskostnad per krone lønn: (1 + pensjon) × (1 + avgift)",
    en="labour cost per krone of wage: (1 + pension) × (1 + contribution)",
)
_STATE_SHARE = Label(nb="statens andel av inntektsskatten", en="state's share of income tax")
_WHOLE_TAX = Label(
    nb="skatteandelene summerer seg til høyst én", en="the tax shares sum to at most one"
)
_UNUSED = Label(
    nb="{label} (brukes bare i restverdien, som ikke er i dette regnearket)",
    en="{label} (only for the residual value, which is not in this workbook)",
)
_WRONG = Label(nb="Verdien kan ikke være slik", en="The value cannot be this")
_BOUNDS = Label(nb="Skriv et tall fra {low} til {high}.", en="Write a number from {low} to {high}.")
_LOW = Label(nb="Skriv et tall fra {low} og oppover.", en="Write a number from {low} up.")
_CHOOSE = Label(nb="Velg fra listen.", en="Choose from the list.")

#: How the values of each unit are shown.
_NUMBERS = {
    "share": "percent",
    "per year, real": "percent",
    "NOK per NOK": "ratio",
    "years": "decimal",
}

#: The least step above a bound that is not itself possible.
_ABOVE = 1e-6
_NOT_HERE = "age_at_start"


def write_assumptions(layout: Layout, page: Page) -> None:
    """Write every assumption in use, each in a cell of its own name."""
    what = _ASSUMPTIONS_WHAT.format(year=layout.case.price_year)
    page.head(_ASSUMPTIONS_TITLE, what, layout.evidence, _ASSUMPTIONS_HEADINGS)
    row = FIRST_ROW
    for item in layout.assumptions:
        _write_item(layout, page, row, item)
        row += 1
    row = _write_choices(layout, page, row + 1)
    _write_derived(layout, page, row + 1)
    page.finish((72, 22, 34, 12, 12, 13, 20, 9, 16, 42), frozen=(FIRST_ROW, 2))


def _write_item(layout: Layout, page: Page, row: int, item: Assumption) -> None:
    shown = _NUMBERS.get(item.unit, "kroner")
    unused = item.name == _NOT_HERE
    label = _UNUSED.format(label=item.label) if unused else item.label
    page.text(row, 0, label, "wrapped")
    page.number(row, VALUE, float(item.value), shown, "text" if unused else "input")
    page.text(row, 2, UNITS[item.unit])
    for column, bound in ((3, item.low), (4, item.high)):
        if bound is not None:
            page.number(row, column, float(bound), shown, "text")
    page.text(row, 5, DISTRIBUTIONS[item.distribution])
    page.text(row, 6, STATUS[item.status])
    page.text(row, 7, layout.sources.cite(item.source))
    page.text(row, 8, layout.sources.cite(item.range_source))
    if not unused:
        page.text(row, 9, layout.names[item.name], "name")
        page.require(row, VALUE, _rule(item))
    page.name(layout.names[item.name], row, VALUE)


def _rule(item: Assumption) -> dict[str, Any]:
    """Return what a value can be, by the bounds of its unit."""
    low, high = item.bounds
    if item.unit in ("per year, real", "years"):
        low += _ABOVE
    rule: dict[str, Any] = {"validate": "decimal", "error_title": _WRONG.text()}
    told = {"low": f"{round(low):g}", "high": f"{high:g}"}
    if math.isinf(high):
        return rule | {
            "criteria": ">=", "value": low, "error_message": _LOW.format(**told).text(),
        }  # fmt: skip
    return rule | {
        "criteria": "between", "minimum": low, "maximum": high,
        "error_message": _BOUNDS.format(**told).text(),
    }  # fmt: skip


def _write_choices(layout: Layout, page: Page, row: int) -> int:
    """Write when in the year flows fall, and what becomes of the effects; return the next row."""
    page.text(row, 0, _CHOICES, "section")
    choices: dict[str, tuple[str, tuple[str, ...]]] = {
        "timing": (layout.case.assumptions.discount.timing, ("start", "middle", "end")),
    }
    words = dict(TIMING)
    if layout.horizon > layout.estimated:
        choices["persistence"] = (layout.case.persistence, ("constant", "half_life", "linear"))
        words |= PERSISTENCE
    for name, (chosen, known) in choices.items():
        row += 1
        page.text(row, 0, SETTINGS[f"account:{name}"])
        page.text(row, VALUE, words[chosen], "input")
        page.text(row, 9, layout.names[name], "name")
        page.require(
            row, VALUE,
            {"validate": "list", "source": [words[each].text() for each in known],
             "error_title": _WRONG.text(), "error_message": _CHOOSE.text()},
        )  # fmt: skip
        page.name(layout.names[name], row, VALUE)
    return row + 1


def _write_derived(layout: Layout, page: Page, row: int) -> None:
    """Write what the rules use often, and a check of the tax shares."""
    names, rates = layout.names, layout.case.assumptions
    state = 1 - rates.municipal_tax_share - rates.county_tax_share
    cost = (1 + rates.pension_share) * (1 + rates.employer_contribution)
    shares = f"{names['municipal_tax_share']}-{names['county_tax_share']}"
    page.text(row, 0, _DERIVED, "section")
    for key, label, formula, shown, value in (
        ("labour_cost", _LABOUR_COST,
         f"=(1+{names['pension_share']})*(1+{names['employer_contribution']})", "factor", cost),
        ("state_tax_share", _STATE_SHARE, f"=1-{shares}", "percent", state),
    ):  # fmt: skip
        row += 1
        page.text(row, 0, label)
        page.formula(row, VALUE, formula, shown, value=value)
        page.text(row, 9, names[key], "name")
        page.name(names[key], row, VALUE)
    yes, no = (YES_NO[each].text() for each in (True, False))
    page.text(row + 1, 0, _WHOLE_TAX)
    # Shares that sum to one in decimals may miss it by a rounding.
    formula = f'=IF({names["state_tax_share"]}>=-1E-12,"{yes}","{no}")'
    page.formula(row + 1, VALUE, formula, value=yes)
    page.warn(row + 1, VALUE, yes)
