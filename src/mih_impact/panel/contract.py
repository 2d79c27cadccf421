"""The contract: which columns a panel has, and what every cell means.

This one declaration drives the checks at the door, the documentation page, the generator of the
synthetic register, and who pays and taxes which benefit in the account. Nothing else repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mih_impact.display.locale import Label
from mih_impact.panel.derived import derived_of

__all__ = [
    "BENEFITS",
    "CONTRACT",
    "NO_BENEFIT",
    "OUTCOMES",
    "REQUIRED",
    "Column",
    "Scheme",
    "label_of",
]

Dtype = Literal["text", "int", "money", "bool", "category", "number"]
Role = Literal["key", "outcome", "treatment", "eligibility", "fixed", "varying", "exit", "measure"]
AbsentRow = Literal["zero_if_resident", "missing"]

#: Kroner a year beyond which a money cell is taken for a wrong unit (øre, or a sum over years).
ABSURD_MONEY = 100_000_000.0


@dataclass(frozen=True)
class Scheme:
    """What a benefit scheme is to the account.

    Attributes
    ----------
    payer
        The public budget that pays it.
    taxable
        Whether the recipient pays income tax on it.
    """

    payer: Literal["state", "county", "municipality"]
    taxable: bool


@dataclass(frozen=True)
class Column:
    """One column of the contract.

    Attributes
    ----------
    name
        The name the library uses; `read_panel(columns=...)` maps a register's own name to it.
    dtype
        text, int, money (kroner), bool, category or number.
    unit
        What one unit of the value is.
    role
        What the library does with it.
    label
        The displayed name in both languages.
    low, high
        The inclusive range of allowed values; None is no bound.
    constant
        Whether the value may not change within a person.
    absent_row
        What a person-year without a row means for this column.
    zero_means, null_means
        What a zero and a null in a row that exists mean.
    required
        Whether a panel without it cannot be read.
    scheme
        Payer and taxability where the column is a benefit.
    monthly
        Whether only panels by month have it.
    outcome_unit
        What effects on it are measured in, where it is no money and can be an outcome all the same.
    """

    name: str
    dtype: Dtype
    unit: str
    role: Role
    label: Label
    low: float | None = None
    high: float | None = None
    constant: bool = False
    absent_row: AbsentRow = "missing"
    zero_means: str = "not allowed"
    null_means: str = "missing"
    required: bool = False
    scheme: Scheme | None = None
    monthly: bool = False
    outcome_unit: str = ""

    @property
    def rule(self) -> str:
        """The rule in words, for the documentation page and the messages."""
        parts = []
        style = ".0f" if self.dtype == "int" else ",.0f"  # years have no thousands separator
        if self.low is not None and self.high is not None:
            parts.append(f"between {self.low:{style}} and {self.high:{style}}")
        elif self.low is not None:
            parts.append(f"at least {self.low:{style}}")
        elif self.high is not None:
            parts.append(f"at most {self.high:{style}}")
        if self.constant:
            parts.append("the same in all rows of a person")
        if self.role == "key":
            period = "month" if self.monthly else "year"
            parts.append(f"never null; one row per person and {period}")
        return "; ".join(parts) or "none"


def _benefit(name: str, nb: str, en: str, scheme: Scheme) -> Column:
    """Return a benefit column; all schemes share rules and the meaning of empty cells."""
    return Column(
        name,
        "money",
        "NOK per year",
        "outcome",
        Label(nb=nb, en=en),
        low=0.0,
        high=ABSURD_MONEY,
        absent_row="zero_if_resident",
        zero_means="nothing paid in the year",
        null_means="no payment recorded: zero if resident",
        scheme=scheme,
    )


_COLUMNS = (
    Column(
        "person_id",
        "text",
        "identifier",
        "key",
        Label(nb="løpenummer", en="person identifier"),
        required=True,
    ),
    Column(
        "year",
        "int",
        "calendar year",
        "key",
        Label(nb="år", en="year"),
        low=1900,
        high=2100,
        required=True,
    ),
    Column(
        "month",
        "int",
        "month of the year",
        "key",
        Label(nb="måned", en="month"),
        low=1,
        high=12,
        monthly=True,
    ),
    Column(
        "wage_income",
        "money",
        "NOK per year",
        "outcome",
        Label(nb="lønnsinntekt", en="wage income"),
        low=0.0,
        high=ABSURD_MONEY,
        absent_row="zero_if_resident",
        zero_means="no wage in the year",
        null_means="no a-ordningen record: zero if resident",
    ),
    Column(
        "start_year",
        "int",
        "calendar year",
        "treatment",
        Label(nb="oppstartsår", en="start year"),
        low=1900,
        high=2100,
        constant=True,
        null_means="never started",
    ),
    Column(
        "start_month",
        "int",
        "month of the year",
        "treatment",
        Label(nb="oppstartsmåned", en="start month"),
        low=1,
        high=12,
        constant=True,
        null_means="never started",
        monthly=True,
    ),
    Column(
        "measure",
        "category",
        "category",
        "measure",
        Label(nb="tiltak som starter", en="measure that begins"),
        null_means="nothing begins",
    ),
    Column(
        "eligible",
        "bool",
        "true or false",
        "eligibility",
        Label(nb="i målgruppen", en="eligible"),
        zero_means="not in the target group that year",
        null_means="not eligible that year",
    ),
    Column("sex", "category", "category", "fixed", Label(nb="kjønn", en="sex"), constant=True),
    Column(
        "birth_year",
        "int",
        "calendar year",
        "fixed",
        Label(nb="fødselsår", en="year of birth"),
        low=1880,
        high=2100,
        constant=True,
    ),
    Column(
        "death_year",
        "int",
        "calendar year",
        "exit",
        Label(nb="dødsår", en="year of death"),
        low=1900,
        high=2100,
        constant=True,
        null_means="alive at the end of the register",
    ),
    Column(
        "emigration_year",
        "int",
        "calendar year",
        "exit",
        Label(nb="utvandringsår", en="year of emigration"),
        low=1900,
        high=2100,
        constant=True,
        null_means="not emigrated at the end of the register",
    ),
    Column("county", "category", "category", "varying", Label(nb="fylke", en="county")),
    Column(
        "municipality", "category", "category", "varying", Label(nb="kommune", en="municipality")
    ),
    Column("education", "category", "category", "varying", Label(nb="utdanning", en="education")),
    Column(
        "country_group",
        "category",
        "category",
        "fixed",
        Label(nb="landgruppe", en="country group"),
        constant=True,
    ),
    Column(
        "benefit_type",
        "category",
        "category",
        "varying",
        Label(nb="ytelse fra Nav", en="benefit type"),
    ),
    Column(
        "months_unemployed",
        "number",
        "months in the year",
        "varying",
        Label(nb="måneder registrert ledig", en="months registered unemployed"),
        low=0,
        high=12,
        zero_means="not registered unemployed in the year",
        outcome_unit="months",
    ),
    _benefit("dagpenger", "dagpenger", "unemployment benefit (dagpenger)", Scheme("state", True)),
    _benefit(
        "aap",
        "arbeidsavklaringspenger (AAP)",
        "work assessment allowance (AAP)",
        Scheme("state", True),
    ),
    _benefit(
        "tiltakspenger",
        "tiltakspenger",
        "measure allowance (tiltakspenger)",
        Scheme("state", False),
    ),
    _benefit(
        "sosialhjelp",
        "økonomisk sosialhjelp",
        "social assistance (sosialhjelp)",
        Scheme("municipality", False),
    ),
    _benefit("uforetrygd", "uføretrygd", "disability benefit (uføretrygd)", Scheme("state", True)),
    _benefit("sykepenger", "sykepenger", "sickness benefit (sykepenger)", Scheme("state", True)),
)

#: Every column by name, in the order of the documentation page.
CONTRACT: dict[str, Column] = {column.name: column for column in _COLUMNS}

#: The columns a panel cannot do without.
REQUIRED: tuple[str, ...] = tuple(c.name for c in _COLUMNS if c.required)

#: The benefit type of who is paid none.
NO_BENEFIT = "ingen"

#: Money outcomes: wage income and every benefit scheme.
OUTCOMES: tuple[str, ...] = tuple(c.name for c in _COLUMNS if c.role == "outcome")

#: The benefit schemes.
BENEFITS: tuple[str, ...] = tuple(c.name for c in _COLUMNS if c.scheme is not None)


#: The tax on the effect on wages at rates by decile, an outcome that no register has.
TAX_ON_WAGE = "tax_on_wage"


def label_of(name: str) -> Label:
    """Return the displayed name of a column or derived quantity; another column is its own name.

    Examples
    --------
    >>> label_of("wage_income").text("nb")
    'lønnsinntekt'
    >>> label_of("wage_income > 1 G").text("en")
    'share with wage income over 1 G'
    >>> label_of("shoe_size").text("en")
    'shoe_size'
    """
    if name in CONTRACT:
        return CONTRACT[name].label
    if name == TAX_ON_WAGE:
        return Label(nb="skatt på lønn etter desil", en="tax on wages by decile")
    derived = derived_of(name)
    if derived is None:
        return Label(nb=name, en=name)
    source = derived.reckoned_from
    return derived.label if source is None else derived.label.format(column=label_of(source))
