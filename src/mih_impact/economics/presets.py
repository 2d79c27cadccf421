"""The numbers of the two presets, read from the reference rows where there is one.

Where a row states a range, the range is its own; elsewhere it is ours, and says so. A rule of the
circular and a choice of view (whose money, which perspective) have a range to be looked at in a
sensitivity analysis, and are never drawn: nobody is uncertain about them, people disagree.
"""

from __future__ import annotations

import re

from mih_impact import arguments
from mih_impact.display.labels import Label
from mih_impact.economics.assumption import Assumption
from mih_impact.economics.checks import nearest
from mih_impact.economics.distribution import Distribution
from mih_impact.errors import AssumptionError
from mih_impact.reference.discount import Discount
from mih_impact.reference.rows import find, rows

__all__ = ["LEFT_OUT", "discount_assumption", "preset_items"]

_BLOCKS = "cost_building_blocks"
_OURS = "the range is ours"
_ROWS = "the row of the reference table"

#: What the simplified account leaves out.
LEFT_OUT = ("pension_share", "employer_contribution")

_NO_SOURCE = {"ASSUMED": "ours, without a source", "remembered": "from memory"}


def preset_items(zone: str = "I") -> tuple[Assumption, ...]:
    """Return every assumption of R-109, for employers in one zone of the contribution."""
    return (
        _row("pension_share", _BLOCKS, "pension and social costs share of wage", "share",
             Label(nb="pensjon og sosiale kostnader, andel av lønn",
                   en="pension and social costs, share of wage"), "triangular"),
        _contribution(zone),
        _row("tax_rate_wage", _BLOCKS, "effective tax on the increment, wage", "share",
             Label(nb="effektiv skatt på økt lønn", en="effective tax on added wage"),
             "triangular"),
        _row("tax_rate_benefits", _BLOCKS, "effective tax on taxable benefits", "share",
             Label(nb="effektiv skatt på skattepliktige ytelser",
                   en="effective tax on taxable benefits"), "triangular", ours=(0.10, 0.25)),
        _row("taxable_benefit_share", _BLOCKS, "taxable share of Nav benefits", "share",
             Label(nb="skattepliktig andel av ytelser samlet",
                   en="taxable share of benefits in total"), "triangular", ours=(0.5, 1.0)),
        *_tax_shares(),
        _row("tax_financing_cost", "r109_2021", "tax_financing_cost", "NOK per NOK",
             Label(nb="skattefinansieringskostnad", en="tax-financing cost"), ours=(0.0, 0.4)),
        discount_assumption(Discount().ladder[0][1]),
        *_views(),
        _row("avoided_measures", _BLOCKS, "avoided measures of the controls (Nav)",
             "NOK per starter", Label(nb="sparte andre tiltak", en="other measures avoided"),
             "triangular"),
        *_beyond_the_estimates(),
    )  # fmt: skip


def discount_assumption(rate: float) -> Assumption:
    """Return the discount rate of the ladder's first step; the official one has its source."""
    row = find(rows("r109_2021"), "discount_rate_years_0_40")
    official = rate == row.number
    return Assumption(
        "discount_rate",
        rate,
        "per year, real",
        row.status if official else "ASSUMED",
        row.source if official else "the analyst's own value",
        min(0.02, rate),
        max(0.06, rate),
        Label(nb="kalkulasjonsrente (første trinn)", en="discount rate (first step)"),
        range_source=f"{_OURS}: two points either way",
    )


def _contribution(zone: str) -> Assumption:
    """Return the employer's contribution of one zone; the range is all zones."""
    zones = {row.name: row for row in rows("employer_contribution")}
    if not arguments.is_one_of(zone, zones):
        raise AssumptionError(
            f"There is no zone {zone!r} of the employer's contribution",
            found=", ".join(zones),
            do=f"use one of these{nearest(zone, zones)}",
        )
    row, rates = zones[zone], [each.number for each in zones.values()]
    where = Label(nb="landsgjennomsnitt", en="national average")
    where = where if zone == "average" else Label(nb=f"sone {zone}", en=f"zone {zone}")
    return Assumption(
        "employer_contribution",
        row.number,
        "share",
        row.status,
        row.source,
        min(rates),
        max(rates),
        Label(nb="arbeidsgiveravgift ({z})", en="employer's contribution ({z})").format(z=where),
        range_source="the zones",
    )


def _tax_shares() -> tuple[Assumption, ...]:
    """Return the shares of income tax, of municipalities and of counties taken together.

    They have no range: what is equalised away from one municipality goes to the others and not to
    the state. What one of them keeps is `kept_tax` of `municipality_view`.
    """
    return (
        _row("municipal_tax_share", _BLOCKS, "municipal share of income tax", "share",
             Label(nb="kommunenes andel av inntektsskatten",
                   en="municipalities' share of income tax")),
        _row("county_tax_share", _BLOCKS, "county share of income tax", "share",
             Label(nb="fylkeskommunenes andel av inntektsskatten",
                   en="counties' share of income tax")),
    )  # fmt: skip


def _views() -> tuple[Assumption, ...]:
    """Return the choices of view, from 0 to 1."""
    return (
        _view("wage_bill", "ours: the posts are budgeted anyway",
              Label(nb="andel av stillingene som er nye kommunale penger",
                    en="share of the posts that is new municipal money")),
        _view("displacement", "ours: nobody is pushed out of a post",
              Label(nb="fortrengning", en="displacement")),
        _view("leisure", "ours: job-seekers have a duty to be available for work",
              Label(nb="verdi av fritid, andel av nettolønn",
                    en="value of leisure, share of net wage")),
        _view("selection", "ours: the control group has removed selection on what a register sees",
              Label(nb="andel av effekten som skyldes utvelgelse",
                    en="share of the effect that is selection")),
    )  # fmt: skip


def _beyond_the_estimates() -> tuple[Assumption, ...]:
    """Return what matters only for years after the last estimated one."""
    growth = _row(
        "real_growth", _BLOCKS, "real growth of time values", "per year, real",
        Label(nb="realvekst i timeverdier etter siste anslåtte år",
              en="real growth of time values after the last estimated year"),
        "triangular", ours=(0.0, 0.018),
    )  # fmt: skip
    half_life = Assumption(
        "half_life", 5.0, "years", "ASSUMED", "ours: no study of this programme gives one",
        5.0, 10.0,
        Label(nb="halveringstid for effekten etter siste anslåtte år",
              en="half-life of the effect after the last estimated year"),
        "uniform", range_source=_OURS,
    )  # fmt: skip
    return half_life, growth


def _row(
    name: str,
    table: str,
    row: str,
    unit: str,
    label: Label,
    distribution: Distribution = "fixed",
    *,
    ours: tuple[float, float] | None = None,
) -> Assumption:
    """Return the assumption that a reference row holds, with its own range or ours."""
    found = find(rows(table), row)
    stated = stated_range(found.note)
    low, high = ours if stated is None and ours is not None else stated or (None, None)
    source = found.source or found.note or _NO_SOURCE.get(found.status, "no source")
    whence = "" if low is None else _ROWS if stated else _OURS
    return Assumption(
        name, found.number, unit, found.status, source, low, high, label,
        "fixed" if low is None else distribution, range_source=whence,
    )  # fmt: skip


def _view(name: str, source: str, label: Label) -> Assumption:
    """Return a choice of ours, between 0 and 1."""
    return Assumption(
        name, 0.0, "share", "ASSUMED", source, 0.0, 1.0, label, range_source="all that it can be"
    )


def stated_range(note: str) -> tuple[float, float] | None:
    """Return the range a reference row states in its note ("range 0-60 000: ...").

    Examples
    --------
    >>> stated_range("range 0-60 000: controls also get measures"), stated_range("none")
    ((0.0, 60000.0), None)
    """
    found = re.search(r"range (\d[\d.]*)-(\d[\d.]*(?: \d{3})*)", note)
    return None if found is None else (float(found[1]), float(found[2].replace(" ", "")))
