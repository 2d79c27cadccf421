"""Menn i helse as a programme, what is not priced, its analysis, and the base case."""

from __future__ import annotations

from importlib.resources import files

import pandas as pd

from mih_impact.economics.non_priced.effect import NonPriced
from mih_impact.economics.programme import Programme
from mih_impact.reference.rows import table
from mih_impact.study.non_priced_file import read_non_priced
from mih_impact.study.programme_file import read_programme
from mih_impact.study.spec import StudySpec

__all__ = ["DATA", "analysis", "base_case", "menn_i_helse", "non_priced"]

_HERE = files("mih_impact.nav")
DATA = _HERE / "data"


def menn_i_helse() -> Programme:
    """Return Menn i helse: what a starter costs, and whom.

    Returns
    -------
    Programme
        NOK per starter by year since start, prices of 2024; most items are assumed, with a range.

    Examples
    --------
    >>> programme = menn_i_helse()
    >>> round(programme.to_frame().query("kind == 'real'")["amount"].sum())
    242200
    """
    return read_programme(_HERE / "programme.toml")


def non_priced() -> tuple[NonPriced, ...]:
    """Return what Menn i helse gives and takes that is not given in kroner.

    Returns
    -------
    tuple of NonPriced
        Five effects that the documents name, and three minuses that none of them names. Importance
        and extent are our judgements, all of them.

    Examples
    --------
    >>> {each.name: each.consequence for each in non_priced()}["recruitment"]
    '+/++'
    """
    return read_non_priced(_HERE / "non_priced.toml")


def analysis() -> StudySpec:
    """Return the analysis of the reference case as a frozen specification.

    Examples
    --------
    >>> analysis().controls.options["exact"]
    ('county', 'benefit_type')
    """
    return StudySpec.from_toml(_HERE / "analysis.toml")


def base_case() -> pd.DataFrame:
    """Return the base case: the planted path, NOK thousand per starter, prices of 2024.

    Only the wage effect in year 3 is a published figure; the rest is assumed, as the column
    `status` says.

    Examples
    --------
    >>> float(base_case().set_index("item").loc["wage effect", "t3"])
    200.0
    """
    return table("base_case", DATA)
