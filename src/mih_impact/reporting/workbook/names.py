"""Defined names: what the cells of the workbook call an assumption, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mih_impact.display.labels import Label, Lang
from mih_impact.economics.assumption import Assumption

__all__ = ["DERIVED", "defined_names"]

#: Short names of the rates; a cost and a reach are called after their labels.
_RATES: Mapping[str, Label] = {
    "pension_share": Label(nb="pensjonsandel", en="pension_share"),
    "employer_contribution": Label(nb="arbeidsgiveravgift", en="employer_contribution"),
    "tax_rate_wage": Label(nb="skattesats_lønn", en="tax_rate_wage"),
    "tax_rate_benefits": Label(nb="skattesats_ytelser", en="tax_rate_benefits"),
    "taxable_benefit_share": Label(nb="skattepliktig_andel", en="taxable_share"),
    "municipal_tax_share": Label(nb="skatteandel_kommune", en="tax_share_municipality"),
    "county_tax_share": Label(nb="skatteandel_fylke", en="tax_share_county"),
    "tax_financing_cost": Label(nb="skattefinansieringskostnad", en="tax_financing_cost"),
    "discount_rate": Label(nb="kalkulasjonsrente", en="discount_rate"),
    "wage_bill": Label(nb="nye_lønnsmidler", en="new_wage_money"),
    "displacement": Label(nb="fortrengning", en="displacement"),
    "leisure": Label(nb="verdi_av_fritid", en="value_of_leisure"),
    "selection": Label(nb="utvelgelse", en="selection_share"),
    "avoided_measures": Label(nb="sparte_tiltak", en="avoided_measures"),
    "half_life": Label(nb="halveringstid", en="half_life"),
    "real_growth": Label(nb="realvekst", en="real_growth"),
    "age_at_start": Label(nb="alder_ved_oppstart", en="age_at_start"),
}

#: What the rules use often enough to have a name of its own.
DERIVED: Mapping[str, Label] = {
    "labour_cost": Label(nb="lønnskostnad_per_lønnskrone", en="labour_cost_per_wage_krone"),
    "state_tax_share": Label(nb="skatteandel_stat", en="tax_share_state"),
    "timing": Label(nb="når_i_året", en="timing_in_year"),
    "persistence": Label(nb="varighet_etter_anslag", en="persistence_rule"),
    "factor_account": Label(nb="diskonteringsfaktor", en="discount_factor"),
    "factor_start": Label(nb="faktor_årets_begynnelse", en="factor_start_of_year"),
    "factor_middle": Label(nb="faktor_midt_i_året", en="factor_middle_of_year"),
    "factor_end": Label(nb="faktor_årets_slutt", en="factor_end_of_year"),
    "rounding": Label(nb="avrunding", en="rounding"),
}

_PREFIXES = {
    "cost": Label(nb="kostnad", en="cost"),
    "reach": Label(nb="andel", en="reach"),
}

#: Characters of a name; Excel allows more than anybody wants to read.
_LONGEST = 40


def defined_names(
    items: Iterable[Assumption], labels: Mapping[str, Label], lang: Lang
) -> dict[str, str]:
    """Return a defined name for every assumption and for what is derived from them.

    Parameters
    ----------
    items
        The assumptions.
    labels
        What the costs and the phases are called, by the names of their assumptions.
    lang
        Language of the names.

    Returns
    -------
    dict
        Name in the workbook by name in the library; no two are the same.
    """
    names = {key: label.text(lang) for key, label in DERIVED.items()}
    for item in items:
        names[item.name] = _unused(_called(item, labels, lang), names.values())
    return names


def _called(item: Assumption, labels: Mapping[str, Label], lang: Lang) -> str:
    if item.name in _RATES:
        return _RATES[item.name].text(lang)
    prefix = _PREFIXES.get(item.name.partition(":")[0])
    called = _slug(labels.get(item.name, item.label).text(lang))
    return called if prefix is None else f"{prefix.text(lang)}_{called}"[:_LONGEST].rstrip("_")


def _slug(text: str) -> str:
    r"""Return a text as a name: letters, digits and underscores, not like a cell's address.

    Examples
    --------
    >>> _slug("=veiledning i praksis, 12 uker"), _slug("ABC1"), _slug("")
    ('veiledning_i_praksis_12_uker', 'x_ABC1', 'x_')
    """
    slug = re.sub(r"\W+", "_", text).strip("_")
    # Excel reads short words with digits as addresses (ABC1, R1C1), and no name starts with one.
    return slug if re.match(r"[^\W\d]{4}", slug) else f"x_{slug}"


def _unused(name: str, taken: Iterable[str]) -> str:
    """Return the name, numbered if another has it; Excel does not tell capitals from others."""
    used = {each.lower() for each in taken}
    number = 2
    unused = name
    while unused.lower() in used:
        unused, number = f"{name}_{number}", number + 1
    return unused
