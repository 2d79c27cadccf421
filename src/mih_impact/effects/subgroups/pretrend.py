"""The pre-trend test of all participants and of each subgroup with its own controls."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mih_impact.controls.subgroups.split import ALL, Split
from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.small_cells import hidden_note
from mih_impact.effects.checks.result import CheckResult
from mih_impact.effects.joint import holm
from mih_impact.effects.sensitivity.result import p_equals
from mih_impact.effects.subgroups.hidden import hidden_cells
from mih_impact.storage import save, saveable

if TYPE_CHECKING:
    from mih_impact.effects.series import EffectSeries

__all__ = ["SubgroupPretrend", "pretrend_by_subgroup"]

_EACH = Label(nb="{name}: p {p}", en="{name}: p {p}")
_ALIKE = Label(
    nb="I ingen av gruppene ({by}) er det påvist en forskjell før oppstart. Etter Holms justering: "
    "{each}.",
    en="In none of the groups ({by}) was a difference before start found. After Holm's adjustment: "
    "{each}.",
)
_APART = Label(
    nb="Før oppstart skiller deltakerne i {which} seg fra sine egne kontroller. Etter Holms "
    "justering: {each}.",
    en="Before start the participants of {which} differ from controls of their own. After Holm's "
    "adjustment: {each}.",
)
_NONE = Label(
    nb="Ingen av gruppene ({by}) har nok deltakere til en egen test.",
    en="None of the groups ({by}) has enough participants for a test of its own.",
)


@saveable("SubgroupPretrend")
@dataclass(frozen=True, eq=False, repr=False)
class SubgroupPretrend(CheckResult):
    """The pre-trend test of all and of each subgroup; made by `pretrend_test`.

    Attributes
    ----------
    table
        A row per subgroup and tested year; `p_holm` is over the subgroups.
    split
        What the subgroups are.
    alpha
        Probability of a false alarm, of all participants and of any subgroup.
    of_all
        What the test of all participants says, in both languages.
    family
        Counts of all subgroups, on which it depends what is hidden; in memory only, never saved.
    """

    split: Split
    alpha: float
    of_all: dict[str, str]
    family: pd.DataFrame | None = field(default=None, metadata={"saved": False})

    def shown(self) -> SubgroupPretrend:
        """Return the test as it is displayed and saved: without tests of hidden subgroups."""
        if self.family is None:
            return self
        hidden = self.family.loc[
            hidden_cells(self.family).estimates, ["subgroup", "year_since_start"]
        ]
        cell = pd.MultiIndex.from_frame(self.table[["subgroup", "year_since_start"]])
        rows = cell.isin(pd.MultiIndex.from_frame(hidden))
        whole = self.table["subgroup"].isin(self.table.loc[rows, "subgroup"])
        table = self.table.copy()
        table.loc[rows, ["estimate", "std_error"]] = np.nan
        table.loc[whole, ["statistic", "p_value", "p_holm"]] = np.nan
        return _worded(replace(self, table=table, family=None))

    def save(self, path: str | Path) -> Path:
        """Save the test as displayed; `load` gives it back."""
        return save(self.shown(), path)

    def _card(self, lang: Lang) -> Card:
        shown = self.shown()
        card = CheckResult._card(shown, lang)
        hidden = shown.table["estimate"].isna().any()
        return replace(card, notes=(*card.notes, *([hidden_note(lang)] if hidden else [])))


def pretrend_by_subgroup(
    effects: EffectSeries, outcome: str, whole: CheckResult, tests: dict[str, pd.DataFrame], *,
    alpha: float,
) -> SubgroupPretrend:  # fmt: skip
    """Put the tests of the subgroups beside that of all.

    Parameters
    ----------
    effects
        Effects by subgroup.
    outcome
        The outcome.
    whole
        The test of all participants.
    tests
        The table of each subgroup's test.
    alpha
        Probability of a false alarm.
    """
    assert effects.split is not None
    own = holm(np.array([_p(table) for table in tests.values()]))
    parts = [whole.table.assign(subgroup=ALL, p_holm=whole.table["p_value"])]
    parts += [
        table.assign(subgroup=name, p_holm=p)
        for (name, table), p in zip(tests.items(), own.tolist(), strict=True)
    ]
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "subgroup", table.pop("subgroup"))
    found = SubgroupPretrend(
        name=whole.name,
        passed=whole.passed,
        table=table,
        sentence=whole.sentence,
        title=whole.title,
        provenance=whole.provenance,
        split=effects.split,
        alpha=alpha,
        of_all=whole.sentence,
        family=effects.frame[effects.frame["outcome"] == outcome],
    )
    return _worded(found)


def _p(table: pd.DataFrame) -> float:
    return float(table["p_value"].iloc[0]) if len(table) else float("nan")


def _worded(test: SubgroupPretrend) -> SubgroupPretrend:
    """Return the test with the verdict, and the sentence, that its table bears out."""
    p = test.table.groupby("subgroup", sort=False)["p_holm"].first().dropna()
    if ALL not in p:  # no year is left to test
        return test
    own = p.drop(ALL)
    apart = own.index[own < test.alpha]

    def text(lang: Lang) -> str:
        names = test.split.names
        each = "; ".join(
            _EACH.format(name=names[str(name)], p=p_equals(value, lang)).text(lang)
            for name, value in own.items()
        )
        said = _NONE if own.empty else _APART if len(apart) else _ALIKE
        which = ", ".join(names[name].text(lang) for name in apart)
        own_said = said.format(by=test.split.label, each=each, which=which).text(lang)
        return f"{test.of_all[lang]} {own_said}"

    return replace(
        test,
        passed=bool(p[ALL] >= test.alpha and not len(apart)),
        sentence={"nb": text("nb"), "en": text("en")},
    )
