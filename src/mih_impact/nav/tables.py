"""The tables of the reference case, and published figures beside computed ones."""

from __future__ import annotations

from typing import SupportsFloat

import pandas as pd

from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import Formatter, interval, kroner, number, percent
from mih_impact.display.result import evidence_of
from mih_impact.reporting.export import Table
from mih_impact.study.run import StudyResult
from mih_impact.study.tables import study_tables

__all__ = ["beside_cells", "reference_tables"]

_BESIDE = Label(
    nb="Publiserte tall ved siden av beregnede", en="Published figures beside computed ones"
)
_BESIDE_COLUMNS = (
    Label(nb="Publisert størrelse", en="Published quantity"),
    Label(nb="Publisert", en="Published"),
    Label(nb="Vårt mål", en="Our measure"),
    Label(nb="Beregnet", en="Computed"),
    Label(nb="95\u00a0% KI", en="95% CI"),
    Label(nb="Forhold", en="Relation"),
    Label(nb="Merknad", en="Verdict"),
)
_RELATIONS = {
    "calibrated": Label(nb="kalibrert", en="calibrated"),
    "implied": Label(nb="ikke plantet", en="implied"),
    "not in the register": Label(nb="ikke i registeret", en="not in the register"),
}

#: Published as a sentence: our measure of it has a unit of its own.
_QUALITATIVE: dict[str, Formatter] = {"nav_income_profile": kroner, "nav_benefit_receipt": percent}


def reference_tables(study: StudyResult, published: pd.DataFrame, lang: Lang) -> list[Table]:
    """Return the tables, small cells hidden, with the evidence in the line beneath each."""
    source = evidence_of(study, lang)
    return [
        *study_tables(study, lang),
        Table(
            "published_beside_computed",
            _BESIDE.text(lang),
            published,
            beside_cells(published, lang),
            {},
            source,
        ),
    ]


def beside_cells(frame: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    """Return published beside computed as displayed text, columns named in the language."""
    rows = []
    for row in frame.to_dict("records"):
        show = _QUALITATIVE.get(str(row["id"])) or _formatter(str(row["unit"]))
        low, high = row["conf_low"], row["conf_high"]
        rows.append(
            (
                row[f"quantity_{lang}"],
                show(row["published"], lang=lang),
                row[f"measure_{lang}"],
                show(row["computed"], lang=lang),
                "" if pd.isna(low) else interval(low, high, show, lang),
                _relation(str(row["relation"])).text(lang),
                row[f"verdict_{lang}"],
            )
        )
    return pd.DataFrame(rows, columns=[label.text(lang) for label in _BESIDE_COLUMNS])


def _relation(text: str) -> Label:
    """Return the relation's displayed name; a reservation in brackets stays in the table."""
    return next(label for key, label in _RELATIONS.items() if text.startswith(key))


def _formatter(unit: str) -> Formatter:
    """Return how a published figure of that unit is shown."""
    if unit.startswith("NOK"):
        return kroner
    return {"share": percent, "year": _plain_year}.get(unit, number)


def _plain_year(x: SupportsFloat | None, /, *, lang: Lang | None) -> str:
    """Show a calendar year, which is not grouped."""
    return str(int(float(x))) if x is not None else number(x, lang=lang)
