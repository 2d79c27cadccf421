"""The account of a specification: rules, programme, sheet and changes, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mih_impact import arguments
from mih_impact.account.assumptions import Assumptions
from mih_impact.account.cost_benefit import CostBenefit, cost_benefit
from mih_impact.account.programme import Programme
from mih_impact.account.roles import Benefit
from mih_impact.arguments import nearest
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.panel.names import with_nulls
from mih_impact.reference.discount import Discount
from mih_impact.study.toml_files import programme_content, programme_of, read_label, require_keys

if TYPE_CHECKING:
    from mih_impact.account.sheet.sheet import AssumptionSheet

__all__ = ["AccountSpec", "account_of"]

_HORIZON = 7


@dataclass(frozen=True)
class AccountSpec:
    """How effects are valued.

    Attributes
    ----------
    preset
        "r109" (default) or "simplified".
    zone
        Zone of the employer's contribution; "I" if not given.
    assumptions
        Changes by name, any of `case.sheet()`: rates, `cost:<item>`, `reach:<phase>`,
        `age_at_start`. Marked as the analyst's own.
    programme
        The programme file, or its content; without one costs are left out.
    sheet
        An assumptions sheet (.toml, .csv, .xlsx), or its content. Applied before `assumptions`;
        what it says of horizon, persistence, discount and programme need not be said again.
    horizon, persistence
        As in `cost_benefit`; 7 and "none" if not given.
    timing
        When in the year flows fall: "start" (default), "middle" or "end".
    discount
        One rate for ever, or steps: `[{ to = 40, rate = 0.04 }, { rate = 0.03 }]`.
    roles
        What outcomes are to the account, on top of the contract's own; "null" leaves one out, and
        `{ payer = "municipality", taxable = true }` makes one a benefit of your own (`name` and
        `label` as in `Benefit`; the name of the outcome, if not given).
    """

    preset: str | None = None
    zone: str | None = None
    assumptions: dict[str, float] = field(default_factory=dict)
    programme: str | dict[str, Any] | None = None
    sheet: str | dict[str, Any] | None = None
    horizon: int | None = None
    persistence: str | None = None
    timing: str | None = None
    discount: float | tuple[dict[str, Any], ...] | None = None
    roles: dict[str, str | dict[str, Any]] = field(default_factory=dict)

    def frozen(self, folder: Path | Traversable) -> AccountSpec:
        """Return the same with the content of its files in place of their names."""
        programme, sheet = self.programme, self.sheet
        if isinstance(programme, str):
            programme = programme_content(_path(folder, programme))
        if isinstance(sheet, str) and (read := _sheet(self, folder)) is not None:
            from mih_impact.account.sheet.files import toml_content

            sheet = toml_content(read.lines())
        return replace(self, programme=programme, sheet=sheet)


def account_of(
    account: AccountSpec,
    effects: EffectSeries,
    *,
    price_year: int,
    folder: Path | Traversable,
    composed: Sequence[EffectSeries] = (),
) -> CostBenefit:
    """Return the account that a specification asks for.

    Parameters
    ----------
    account
        What is asked for.
    effects
        The effects to value.
    price_year
        Of the panel.
    folder
        Where relative paths start.
    composed
        The same with other start years behind each year.

    Raises
    ------
    AssumptionError
        A preset, zone or name that does not exist, a choice made twice, or a sheet of another
        account.
    """
    sheet = _sheet(account, folder)
    _require_once(account, sheet)
    case = cost_benefit(
        effects,
        _assumptions(account, sheet, price_year),
        programme=_programme(account, sheet, folder),
        horizon=_first(account.horizon, sheet and sheet.horizon, _HORIZON),
        persistence=_first(account.persistence, sheet and sheet.persistence, "none"),
        roles=_roles(account.roles),
        composed=composed,
    )
    case = case if sheet is None else case.with_sheet(sheet)
    if not account.assumptions:
        return case
    arguments.mapping("[account.assumptions]", account.assumptions, "{tax_rate_wage = 0.3}")
    return case.with_values(account.assumptions)


def _roles(given: Any) -> Any:
    """Return roles as `cost_benefit` takes them: a table is a benefit of one's own."""
    if not isinstance(given, Mapping):
        return given
    found = {
        outcome: _benefit(outcome, role) if isinstance(role, Mapping) else role
        for outcome, role in with_nulls(given).items()
    }
    return found or None


def _benefit(outcome: str, given: Mapping[str, Any]) -> Benefit:
    known = ("name", "payer", "taxable", "label")
    require_keys(given, known, f"[account.roles] {outcome}")
    label = read_label(given["label"], "label of a benefit") if "label" in given else None
    taxable = given.get("taxable")
    return Benefit(given.get("name", outcome), given.get("payer", ""), taxable, label)


def _first(*values: Any) -> Any:
    """Return the first that is given."""
    return next(value for value in values if value is not None)


def _path(folder: Path | Traversable, name: str) -> Path:
    return Path(name) if Path(name).is_absolute() else Path(str(folder)) / name


def _sheet(account: AccountSpec, folder: Path | Traversable) -> AssumptionSheet | None:
    if account.sheet is None:
        return None
    from mih_impact.account.sheet.sheet import AssumptionSheet

    if isinstance(account.sheet, str):
        return AssumptionSheet.read(_path(folder, account.sheet))
    return AssumptionSheet.of_content(account.sheet, "[account.sheet]")


def _require_once(account: AccountSpec, sheet: AssumptionSheet | None) -> None:
    """Raise on a choice that the sheet makes too."""
    if sheet is None:
        return
    twice = [name for name in ("timing", "discount") if getattr(account, name) is not None]
    if account.persistence not in (None, sheet.persistence):
        twice.append("persistence")
    if twice:
        raise AssumptionError(
            "[account] makes a choice that its sheet makes too",
            found=", ".join(twice),
            do="change it in the sheet, and leave it out of [account]",
        )


def _assumptions(
    account: AccountSpec, sheet: AssumptionSheet | None, price_year: int
) -> Assumptions:
    """Return the rules that the account starts from, in the panel's prices."""
    preset = _first(account.preset, sheet and sheet.assumptions.preset, "r109")
    presets = {"r109": Assumptions.r109, "simplified": Assumptions.simplified}
    if preset not in presets:
        raise OptionError(
            f"There is no preset {preset!r}",
            found=str(preset),
            do=f"choose one of {', '.join(presets)}{nearest(preset, presets)}",
        )
    if account.zone is not None and preset != "r109":
        raise AssumptionError(
            "The simplified account has no employer's contribution, and no zone",
            found=f"zone {account.zone!r}",
            do="leave the zone out, or use the preset r109",
        )
    found = Assumptions.r109(zone=account.zone) if account.zone else presets[preset]()
    if found.price_year != price_year:
        found = found.replace(price_year=price_year)
    if account.discount is not None or account.timing is not None:
        found = found.replace(discount=_discount(account))
    if sheet is not None and len(sheet.assumptions.discount.ladder) != len(found.discount.ladder):
        found = found.replace(discount=sheet.assumptions.discount)
    return found


def _discount(account: AccountSpec) -> Discount:
    """Return the discount: one rate, or steps."""
    timing: Any = account.timing or "start"
    given = account.discount
    if given is None:
        return Discount(timing=timing)
    if arguments.is_number(given):
        return Discount.flat(float(given), timing=timing)  # type: ignore[arg-type]
    steps = arguments.listed(given) or []
    for step in steps:
        if not isinstance(step, dict) or not arguments.is_number(step.get("rate")):
            steps = []
            break
        require_keys(step, ("to", "rate"), "A step of discount")
    if not steps:
        raise OptionError(
            "discount is one rate, or steps of rates",
            found=arguments.shown(given),
            do="write discount = 0.03, or [{ to = 40, rate = 0.04 }, { rate = 0.03 }]",
        )
    return Discount(tuple((step.get("to"), step["rate"]) for step in steps), timing)


def _programme(
    account: AccountSpec, sheet: AssumptionSheet | None, folder: Path | Traversable
) -> Programme:
    given = account.programme
    if isinstance(given, str):
        path = _path(folder, given)
        return programme_of(programme_content(path), path.name)
    if given is not None:
        return programme_of(given, "[account.programme]")
    return Programme.none() if sheet is None else sheet.programme
