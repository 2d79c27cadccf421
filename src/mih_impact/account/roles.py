"""The words of the account: actors, what each outcome is to the account, and what they are called.

Every krone in the ledger leaves or reaches one of these. Public budgets are the sum of three of
them, society the sum of all: neither is an actor, both are views.

Payer and taxability of a benefit are read from the panel contract; nothing here repeats them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, SupportsFloat, TypeVar

from mih_impact import arguments
from mih_impact.arguments import nearest
from mih_impact.display.locale import Label
from mih_impact.display.numbers import NOT_AVAILABLE, kroner, number, ordinal, percent
from mih_impact.display.unit import is_money
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.panel.contract import BENEFITS, CONTRACT, TAX_ON_WAGE, label_of

if TYPE_CHECKING:
    from mih_impact.effects.series import EffectSeries

__all__ = [
    "ACTORS",
    "GROUPS",
    "GROUP_LABELS",
    "PUBLIC",
    "ROLES",
    "STATE_BENEFITS",
    "Actor",
    "Benefit",
    "benefit_of",
    "break_even_text",
    "require_group",
    "require_members",
    "require_named",
    "roles_of",
]

Actor = Literal[
    "participant",
    "displaced",
    "users",
    "employer",
    "state",
    "county",
    "municipality",
    "rest_of_society",
]

_FROM_YEAR = Label(nb="fra og med år {year}", en="from year {year}")
_COUNTED = Label(nb="{when}, det {ordinal} året", en="{when}, the {ordinal} year")
_AT_ONCE = Label(nb="fra start", en="from the start")
_NEVER = Label(nb="ikke innen {years} år", en="not within {years} years")

#: The actors, in the order of every table.
ACTORS: tuple[str, ...] = (
    "participant",
    "displaced",
    "users",
    "employer",
    "state",
    "county",
    "municipality",
    "rest_of_society",
)

#: The actors whose sum is the public budgets.
PUBLIC: tuple[str, ...] = ("state", "county", "municipality")

#: The actors and the two sums over them.
GROUPS: tuple[str, ...] = (*ACTORS, "public", "society")

GROUP_LABELS: dict[str, Label] = {
    "participant": Label(nb="deltakeren", en="the participant"),
    "displaced": Label(nb="de fortrengte", en="the displaced"),
    "users": Label(nb="brukerne av tjenestene", en="users of the services"),
    "employer": Label(nb="arbeidsgiveren", en="the employer"),
    "state": Label(nb="staten", en="the state"),
    "county": Label(nb="fylkeskommunen", en="the county"),
    "municipality": Label(nb="kommunen", en="the municipality"),
    "rest_of_society": Label(
        nb="resten av samfunnet (skattefinansiering)", en="rest of society (tax-financing)"
    ),
    "public": Label(nb="offentlige budsjetter", en="public budgets"),
    "society": Label(nb="samfunnet", en="society"),
}


PRODUCTION = Label(nb="produksjonsverdi", en="production value")
WAGE = Label(nb="lønn", en="wage")
PENSION = Label(nb="pensjon og sosiale kostnader", en="pension and social costs")
CONTRIBUTION = Label(nb="arbeidsgiveravgift", en="employer's contribution")
WAGE_BILL = Label(nb="nye kommunale lønnsmidler", en="new municipal wage money")
INCOME_TAX = Label(nb="inntektsskatt", en="income tax")
LEISURE = Label(nb="tapt fritid", en="leisure given up")
AVOIDED_MEASURES = Label(nb="sparte andre tiltak", en="other measures avoided")
_YEARS = Label(nb="{n} år", en="{n} years")
_ERRORS = Label(nb="{n} standardfeil", en="{n} std. errors")
_MONTHS = Label(nb="{n} måneder", en="{n} months")
TAX_FINANCING = Label(nb="skattefinansieringskostnad", en="tax-financing cost")
STATE_BENEFITS_LABEL = Label(nb="statlige ytelser samlet", en="state benefits in total")

#: How sure we are of a number, in words.
STATUS_LABELS = {
    "seen": Label(nb="lest i kilden", en="read in the source"),
    "derived": Label(nb="utledet", en="derived"),
    "remembered": Label(nb="ikke kontrollert mot kilde", en="not checked against a source"),
    "ASSUMED": Label(nb="antatt", en="assumed"),
    "not found": Label(nb="ikke funnet", en="not found"),
}


def role_label(role: str, benefits: Sequence[Benefit]) -> Label:
    """Return the displayed name of what an outcome is to the account."""
    if role == TAX:
        return label_of(TAX_ON_WAGE)
    return next((each.displayed for each in benefits if each.role == role), WAGE)


def displaced(label: Label) -> Label:
    """Return the label of a flow's mirror among the displaced."""
    return Label(nb=f"fortrengning: {label.nb}", en=f"displacement: {label.en}")


def amount_of(value: float | None, unit: str) -> str:
    """Show the value of an assumption in its unit.

    Examples
    --------
    >>> amount_of(1.5, "months")
    '1,5 måneder'
    """
    if value is None or math.isnan(value):
        return NOT_AVAILABLE
    if unit in ("share", "per year, real"):
        return percent(value, 0 if round(100 * value, 6).is_integer() else 1)
    if unit.startswith("NOK per ") and unit != "NOK per NOK":
        return hundreds(value)
    if unit == "months":
        return _MONTHS.format(n=number(value, 0 if float(value).is_integer() else 1)).text()
    if unit == "years":
        return _YEARS.format(n=number(value, 0 if float(value).is_integer() else 1)).text()
    if unit == "standard errors":
        return _ERRORS.format(n=number(value, 2)).text()
    return number(value, 2)


def break_even_text(year: int | None, horizon: int, *, counted: bool = False) -> str:
    """Return a break-even year in words.

    Parameters
    ----------
    year
        Years since start, from 0; None is never.
    horizon
        Years of the account.
    counted
        Whether to say which of the years it is, counted from the first.

    Examples
    --------
    >>> break_even_text(3, 7), break_even_text(3, 7, counted=True)
    ('fra og med år 3', 'fra og med år 3, det fjerde året')
    """
    if year is None:
        return _NEVER.format(years=horizon).text()
    if year == 0:
        return _AT_ONCE.text()
    when = _FROM_YEAR.format(year=year)
    return (_COUNTED.format(when=when, ordinal=ordinal(year + 1)) if counted else when).text()


def hundreds(x: SupportsFloat | None) -> str:
    """Show kroner to the nearest hundred: the account claims no more.

    Examples
    --------
    >>> hundreds(1_094_375) == "1\u00a0094\u00a0400\u00a0kr"
    True
    """
    return kroner(None if x is None else round(float(x), -2))


_T = TypeVar("_T")

#: Characters of a displayed name: a line and a half of a memo.
LONGEST_NAME = 150


def require_group(name: str) -> int:
    """Return the position of an actor or a sum of them among `GROUPS`."""
    if not isinstance(name, str) or name not in GROUPS:
        raise OptionError(
            f"The account has no actor {arguments.shown(name)}",
            found=", ".join(GROUPS),
            do=f"use one of these{nearest(name, GROUPS)}",
        )
    return GROUPS.index(name)


def require_named(what: str, name: Any, *texts: Any) -> None:
    """Raise unless a part of an account has a name, and each displayed text is in two languages.

    The first text is what the part is called; others may be sentences.
    """
    if not isinstance(name, str) or not name.strip():
        raise OptionError(
            f"{what} has no name",
            found=f"name={arguments.shown(name)}",
            do="give it a short name in English, such as name='school'",
        )
    for text in texts:
        if not isinstance(text, Label):
            raise OptionError(
                f"{what} {name!r} has a displayed text that is not in two languages",
                found=arguments.shown(text),
                do="write mih.Label(nb='...', en='...')",
            )
    longest = max((len(text) for label in texts[:1] for text in (label.nb, label.en)), default=0)
    if longest > LONGEST_NAME:
        raise AssumptionError(
            f"{what} {name!r} has a displayed name that no table or figure has room for",
            found=f"{longest} characters",
            do=f"give it a name of at most {LONGEST_NAME} characters",
        )


def require_members(what: str, given: Any, kind: type[_T], example: str) -> tuple[_T, ...]:
    """Return a list of parts as a tuple, or raise saying what they are."""
    listed = arguments.listed(given)
    other = [each for each in listed or () if not isinstance(each, kind)]
    if listed is None or other:
        raise OptionError(
            f"{what} are a list of {kind.__name__}",
            found=arguments.shown(other[0] if other else given),
            do=f"write {example}",
        )
    return tuple(listed)


#: All benefits that the state pays, in one outcome; taxed by `Assumptions.taxable_benefit_share`.
STATE_BENEFITS = "benefit:state"

_PREFIX = "benefit:"

#: The tax on the wage at rates by decile, in place of one rate; see `tax_by_decile`.
TAX = "tax:wage"

#: Who can pay a benefit: not those who receive it.
_PAYERS = tuple(actor for actor in ACTORS if actor not in ("participant", "displaced"))

#: What an outcome can be to the account.
ROLES: tuple[str, ...] = ("wage", *(_PREFIX + name for name in BENEFITS), STATE_BENEFITS)

_DEFAULT: dict[str, str] = {
    "wage_income": "wage", TAX_ON_WAGE: TAX, **{name: _PREFIX + name for name in BENEFITS},
}  # fmt: skip


@dataclass(frozen=True)
class Benefit:
    """A benefit as the account sees it.

    Parameters
    ----------
    name
        Short name; the role of its outcome is `benefit:<name>`.
    payer
        The actor that pays it.
    taxable
        Whether the recipient pays income tax on it. None only for all state benefits in one sum, of
        which `Assumptions.taxable_benefit_share` is taxed.
    label
        The displayed name; None is the name itself.

    Raises
    ------
    OptionError
        No payer, or one that is no actor or receives benefits itself.
    AssumptionError
        Not said whether it is taxed.

    Examples
    --------
    >>> Benefit("kvalifiseringsstonad", payer="municipality", taxable=True).role
    'benefit:kvalifiseringsstonad'
    """

    name: str
    payer: str = ""
    taxable: bool | None = None
    label: Label | None = None

    def __post_init__(self) -> None:
        require_named("The benefit", self.name, *(() if self.label is None else (self.label,)))
        arguments.choice(f"The benefit {self.name!r}", "payer", self.payer, _PAYERS)
        if not isinstance(self.taxable, bool) and self.role != STATE_BENEFITS:
            raise AssumptionError(
                f"Nothing says whether the benefit {self.name!r} is taxed",
                found=f"taxable={self.taxable!r}",
                do="give taxable=True or taxable=False",
            )
        if self.label is None:
            object.__setattr__(self, "label", Label(nb=self.name, en=self.name))

    @property
    def role(self) -> str:
        """What its outcome is to the account."""
        return _PREFIX + self.name

    @property
    def budget_line(self) -> str:
        """The line of the budget it is charged to."""
        return "state benefits" if self.role == STATE_BENEFITS else self.name

    @property
    def displayed(self) -> Label:
        """The displayed name."""
        assert self.label is not None
        return self.label


def benefit_of(role: str) -> Benefit | None:
    """Return the contract's benefit that a role stands for, or None.

    Examples
    --------
    >>> benefit_of("benefit:sosialhjelp").payer
    'municipality'
    """
    name = role.removeprefix(_PREFIX)
    if role == STATE_BENEFITS:
        return Benefit(name, "state", None, STATE_BENEFITS_LABEL)
    scheme = CONTRACT[name].scheme if name in CONTRACT else None
    if scheme is None or name == role:
        return None
    return Benefit(name, scheme.payer, scheme.taxable, CONTRACT[name].label)


def roles_of(
    effects: EffectSeries, roles: Mapping[str, str | Benefit | None] | None = None
) -> tuple[dict[str, str], tuple[Benefit, ...]]:
    """Return the role of every outcome that enters the account, and what its benefits are.

    Parameters
    ----------
    effects
        The estimated effects.
    roles
        Roles by outcome, on top of the contract's own (`wage_income` is the wage, each scheme its
        benefit): a role by name, a `Benefit` of your own, or None to leave an outcome out.

    Returns
    -------
    tuple
        Outcome to role, in the order of `effects.outcomes`, and the benefits among them. Outcomes
        that are not measured in a currency stay out.

    Raises
    ------
    AssumptionError
        A name that is no outcome, a role that does not exist or is given to what is no money, money
        without a role, two outcomes in one role, a total beside its parts, or no wage.
    """
    example = '{"nav": "benefit:state", "bonus": None}'
    roles = {} if roles is None else arguments.mapping("roles", roles, example)
    own = {each.role: each for each in roles.values() if isinstance(each, Benefit)}
    given = {
        outcome: role.role if isinstance(role, Benefit) else role for outcome, role in roles.items()
    }
    _require_known(effects, given, (*ROLES, *own))
    entered: dict[str, str] = {}
    unmapped: list[str] = []
    for outcome in effects.outcomes:
        role = given.get(outcome, _DEFAULT.get(outcome))
        if outcome in given and role is None:
            continue
        if outcome not in given and role is None and not is_money(effects.units[outcome]):
            continue
        if role is None:
            unmapped.append(outcome)
        else:
            entered[outcome] = role
    _require_money(effects, entered)
    found = (own.get(role) or benefit_of(role) for role in entered.values())
    benefits = tuple(each for each in found if each is not None)
    _require_mapped(unmapped)
    _require_disjoint(entered, benefits, effects.outcomes)
    return entered, benefits


def _require_known(
    effects: EffectSeries, given: Mapping[str, str | None], known: tuple[str, ...]
) -> None:
    for outcome, role in given.items():
        if outcome not in effects.outcomes:
            raise OptionError(
                f"roles names {outcome!r}, which is no outcome of the effects",
                found=", ".join(effects.outcomes),
                do=f"use the outcomes' own names{nearest(outcome, effects.outcomes)}",
            )
        if role is not None and not arguments.is_one_of(role, known):
            raise OptionError(
                f"The outcome {outcome!r} is given a role that does not exist",
                found=repr(role),
                do=f"use one of {', '.join(known)}, a mih.Benefit of your own with payer and"
                f" taxability, or None to leave it out{nearest(role, known)}",
            )


def _require_money(effects: EffectSeries, entered: Mapping[str, str]) -> None:
    """Raise where an outcome with a role is measured in something else than money."""
    for outcome, role in entered.items():
        unit = effects.units[outcome]
        if not is_money(unit):
            raise AssumptionError(
                f"The outcome {outcome!r} is no money and cannot enter the account",
                found=f"measured in {unit}, with the role {role!r}",
                do=f"leave it out of roles, or out of the account: roles={{{outcome!r}: None}}",
            )


def _require_mapped(unmapped: list[str]) -> None:
    if unmapped:
        raise AssumptionError(
            "Some outcomes in money have no role in the account",
            found=", ".join(unmapped),
            do=f"give each a role, roles={{{unmapped[0]!r}: 'benefit:...'}}, or leave it out,"
            f" roles={{{unmapped[0]!r}: None}}; a total must not stand beside its parts",
        )


def _require_disjoint(
    entered: Mapping[str, str], benefits: tuple[Benefit, ...], outcomes: tuple[str, ...]
) -> None:
    """Raise where the same krone would be counted twice, or the wage not at all."""
    found = list(entered.values())
    for role in dict.fromkeys(found):
        if found.count(role) > 1:
            sources = [outcome for outcome, own in entered.items() if own == role]
            raise AssumptionError(
                f"The role {role!r} is filled twice",
                found=", ".join(sources),
                do="keep one of them and give the others the role None",
            )
    if STATE_BENEFITS in found:
        parts = [each.role for each in benefits if _is_part_of_state_benefits(each)]
        if parts:
            raise AssumptionError(
                "A total stands beside its parts: the parts would be counted twice",
                found=f"{STATE_BENEFITS} beside {', '.join(parts)}",
                do="give either the total or its parts the role None",
            )
    if "wage" not in found:
        raise AssumptionError(
            "The account lacks the wage: without it there is no production, tax or contribution",
            found=f"outcomes {', '.join(outcomes)}; in the account {', '.join(entered) or 'none'}",
            do="estimate the effect on wage_income as well, or name the outcome in money that is "
            "the wage, roles={'...': 'wage'}",
        )


def _is_part_of_state_benefits(benefit: Benefit) -> bool:
    return benefit.role != STATE_BENEFITS and benefit.payer == "state"
