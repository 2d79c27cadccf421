"""The sheets of uncertainty: weights and covariance, and the standard error that follows live."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mih_impact.display.labels import Label
from mih_impact.economics.actors import GROUP_LABELS, GROUPS
from mih_impact.economics.labels import role_label
from mih_impact.economics.tables import actor_frame
from mih_impact.reporting.workbook.actors import ActorCells
from mih_impact.reporting.workbook.effects import EffectCells
from mih_impact.reporting.workbook.pen import FIRST_ROW, Pen, address
from mih_impact.reporting.workbook.plan import Plan

__all__ = ["UncertaintyCells", "write_covariance", "write_uncertainty"]

FloatArray = NDArray[np.float64]

_TITLE = Label(nb="Usikkerhet", en="Uncertainty")
_WHAT = Label(
    nb="Standardfeilen er √(c′Σc): c er hva én krone effekt er verdt, Σ står i arket {covariance}."
    " Tilfeldig usikkerhet i effektene, ikke skjev utvelgelse.",
    en="The standard error is √(c′Σc): c is what one krone of effect is worth, Σ is in the sheet"
    " {covariance}. Sampling uncertainty in the effects, not selection.",
)
_HEADINGS = (
    Label(nb="Utfall", en="Outcome"),
    Label(nb="År siden oppstart", en="Years since start"),
    Label(nb="Effekt", en="Effect"),
    Label(nb="Nåverdi av én krone", en="Present value of one krone"),
)
_ROWS = {
    "present_value": Label(nb="nåverdi", en="present value"),
    "std_error": Label(nb="standardfeil", en="standard error"),
    "conf_low": Label(nb="konfidensintervall, nedre grense", en="confidence interval, lower end"),
    "conf_high": Label(nb="konfidensintervall, øvre grense", en="confidence interval, upper end"),
    "probability_positive": Label(nb="sannsynlighet for pluss", en="probability of a gain"),
}
_LEVEL = Label(nb="dekning av konfidensintervallet", en="coverage of the confidence interval")
_WEIGHTS = Label(
    nb="Vekter: nåverdi per krone effekt, etter aktør",
    en="Weights: present value per krone of effect, by actor",
)
_COVARIANCE = Label(nb="Kovarians", en="Covariance")
_SIGMA = Label(
    nb="Kovariansen mellom de anslåtte effektene, kroner i andre potens.",
    en="Covariance of the estimated effects, NOK squared.",
)
_OF = Label(nb="{what}, år {year}", en="{what}, year {year}")

_LEVEL_ROW = FIRST_ROW + len(_ROWS) + 1
_FIRST_WEIGHT = _LEVEL_ROW + 3
_FIRST_GROUP = len(_HEADINGS)


@dataclass(frozen=True)
class UncertaintyCells:
    """Where standard errors and intervals stand."""

    sheet: str

    def at(self, row: str, group: str) -> str:
        """Return the cell of one of the rows for one group, as other sheets write it."""
        place = FIRST_ROW + list(_ROWS).index(row)
        return self.sheet + address(place, _FIRST_GROUP + GROUPS.index(group))


def write_covariance(plan: Plan, pen: Pen) -> None:
    """Write the covariance of the estimated effects, as it is."""
    assert plan.case.covariance is not None
    pen.head(_COVARIANCE, _SIGMA, plan.evidence, _HEADINGS[:2])
    for place, (role, year) in enumerate(_effects(plan)):
        label = role_label(role, plan.case.benefits)
        pen.text(FIRST_ROW + place, 0, label)
        pen.number(FIRST_ROW + place, 1, year, "whole", "text")
        heading = _OF.format(what=label, year=year)
        pen.text(FIRST_ROW - 1, 2 + place, heading, "header")
        for other, value in enumerate(plan.case.covariance[place]):
            pen.number(FIRST_ROW + place, 2 + other, float(value), "kroner")
    pen.finish((32, 12, 16), frozen=(FIRST_ROW, 2))


def write_uncertainty(
    plan: Plan, pen: Pen, actors: ActorCells, effects: EffectCells, covariance: Label
) -> UncertaintyCells:
    """Write weights of every group, and from them standard errors, intervals, probabilities."""
    pen.head(_TITLE, _WHAT.format(covariance=covariance), plan.evidence, _HEADINGS)
    for k, group in enumerate(GROUPS):
        pen.text(FIRST_ROW - 1, _FIRST_GROUP + k, GROUP_LABELS[group], "header")
    _write_results(plan, pen, actors, f"'{plan.text(covariance)}'!")
    pen.text(_FIRST_WEIGHT - 1, 0, _WEIGHTS, "section")
    worth = _worths(plan)
    each = plan.case._books.ledger().group_coefficients
    for place, (role, year) in enumerate(_effects(plan)):
        row, r = _FIRST_WEIGHT + place, plan.roles.index(role)
        pen.text(row, 0, role_label(role, plan.case.benefits))
        pen.number(row, 1, year, "whole", "text")
        column = plan.years.start + year
        value = float(plan.case.effects[r, year])
        pen.formula(row, 2, f"={effects.at(effects.estimates[role], column)}", value=value)
        pen.formula(row, 3, _worth(plan, effects, role, year), "factor", value=worth[r, year])
        unit = plan.units.start + r
        for k, group in enumerate(GROUPS):
            formula = f"={address(row, 3, fixed_column=True)}*{actors.amount_at(group, unit)}"
            value = float(worth[r, year] * each[k, r])
            pen.formula(row, _FIRST_GROUP + k, formula, "factor", value=value)
    pen.finish((36, 12, 13, 13, *[15] * len(GROUPS)), frozen=(FIRST_ROW, 1))
    return UncertaintyCells(pen.there)


def _effects(plan: Plan) -> list[tuple[str, int]]:
    """Return the estimated effects in the order of their covariance."""
    return [(role, year) for role in plan.roles for year in range(plan.estimated)]


def _worths(plan: Plan) -> FloatArray:
    """Return the present value of one krone of every effect, shape (roles, estimated years)."""
    ones = np.eye(plan.estimated)[:, None, :].repeat(len(plan.roles), axis=1)
    return (plan.case._books.path(ones) @ plan.case.discount_factors).T


def _worth(plan: Plan, effects: EffectCells, role: str, year: int) -> str:
    """Return the present value of one krone of effect, with the later years it reaches."""
    factors = plan.names["factor_account"]
    own = f"=INDEX({factors},{year + 1})"
    if year < plan.estimated - 1 or effects.kept is None or effects.growth is None:
        return own
    later = f"INDEX({factors},{plan.estimated + 1}):INDEX({factors},{plan.horizon})"
    rows = [effects.kept, *([effects.growth] if role == "wage" else [])]
    ranges = ",".join(effects.years(row, plan, later=True) for row in rows)
    return f"{own}+SUMPRODUCT({ranges},{later})"


def _write_results(plan: Plan, pen: Pen, actors: ActorCells, covariance: str) -> None:
    """Write what follows from the weights, a column for each group."""
    size = len(_effects(plan))
    corners = (
        address(row, column, fixed_row=True, fixed_column=True)
        for row, column in ((FIRST_ROW, 2), (FIRST_ROW + size - 1, 1 + size))
    )
    sigma = covariance + ":".join(corners)
    level = address(_LEVEL_ROW, 1, fixed_row=True, fixed_column=True)
    pen.text(_LEVEL_ROW, 0, _LEVEL)
    pen.number(_LEVEL_ROW, 1, 0.95, "percent", "input")
    pen.require(
        _LEVEL_ROW, 1,
        {"validate": "decimal", "criteria": "between", "minimum": 0.01, "maximum": 0.999},
    )  # fmt: skip
    frame = actor_frame(plan.case).set_index("actor")
    rows = {name: FIRST_ROW + k for k, name in enumerate(_ROWS)}
    for name, label in _ROWS.items():
        pen.text(rows[name], 0, label, "total_text")
    for k, group in enumerate(GROUPS):
        column = _FIRST_GROUP + k
        ends = (
            address(row, column, fixed_row=True)
            for row in (_FIRST_WEIGHT, _FIRST_WEIGHT + size - 1)
        )
        c = ":".join(ends)
        value, error = (address(rows[name], column) for name in ("present_value", "std_error"))
        reach = f"NORMSINV(0.5+{level}/2)*{error}"
        formulas = {
            "present_value": f"={actors.value(group)}",
            "std_error": f"=SQRT(MAX(0,SUMPRODUCT(MMULT({sigma},{c}),{c})))",
            "conf_low": f"={value}-{reach}",
            "conf_high": f"={value}+{reach}",
            "probability_positive": f"=IF({error}=0,IF({value}>0,1,0),NORMSDIST({value}/{error}))",
        }
        for name, formula in formulas.items():
            shown = "percent" if name == "probability_positive" else "kroner"
            known = float(frame[name][group]) + 0.0
            pen.formula(rows[name], column, formula, shown, "total", value=known)
