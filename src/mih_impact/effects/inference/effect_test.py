"""EffectTest: a check of effects year by year, hidden where too few persons stand behind one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.group import ControlGroup
from mih_impact.display.locale import language
from mih_impact.display.numbers import Formatter, number
from mih_impact.display.result import Card, is_small, naming_limit
from mih_impact.display.unit import difference
from mih_impact.effects.check_result import HIDDEN, CheckResult
from mih_impact.effects.comparison import Comparison
from mih_impact.effects.question import TargetEffects, read_target, read_years
from mih_impact.errors import OptionError
from mih_impact.panel.cube import Dead

__all__ = ["EffectTest", "ask_years", "formatter", "persons_behind", "shown_p"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class EffectTest(CheckResult):
    """A test of effects, with a row of the table for each year since start.

    Made by `wild_bootstrap` and `randomisation_test`. `n_participants` and `n_controls` of the
    table are the persons behind each row; where these are too few, what is displayed and saved has
    neither the numbers of that row nor the sentence and the verdict.
    """

    def shown(self) -> EffectTest:
        """Return the test as it is displayed and saved."""
        small = is_small(self.table["n_participants"]) | is_small(self.table["n_controls"])
        small = np.asarray(small | self.thin)
        if not small.any():
            return self
        table = self.table.copy()
        for name in table.columns.difference(["outcome", "year_since_start", "draws"]):
            table[name] = table[name].astype(np.float64).mask(small)
        return replace(self, table=table, sentence=naming_limit(HIDDEN), passed=None)

    def _card(self) -> Card:
        lang = language()
        shown = self.shown()
        return Card(
            title=self.title[lang],
            lines=super()._card().lines if shown is self else (),
            notes=(shown.sentence[lang],),
        )


def ask_years(
    group: ControlGroup,
    outcome: str,
    year: int | Sequence[int],
    base: int,
    dead: Dead,
    *,
    call: str,
) -> tuple[TargetEffects, list[int]]:
    """Return the question about one outcome and the years to test, ascending.

    Raises
    ------
    EffectsError
        As `event_study`; more than one outcome; years that are none; or the base year, which has no
        effect to test.
    """
    if not isinstance(outcome, str):
        raise OptionError(
            "One outcome is tested", found=arguments.shown(outcome), do="name one column"
        )
    years = list(read_years(year))
    window = (years[0], years[-1])
    target = read_target(group, outcome, "did", base, window, "available", dead, call=call)
    if len(target.bases) == 1 and target.bases[0] in years:
        raise OptionError(
            "The base year has no effect to test", found=f"year {base}", do="name other years"
        )
    return target, years


def persons_behind(group: ControlGroup, compared: Comparison) -> dict[str, IntArray]:
    """Return participants and distinct control persons behind each estimate, shape (KE,)."""
    who, used = group.risk.person[compared.control_row], compared.load > 0
    controls = [len(np.unique(who[column])) for column in used.T]
    return {"n_participants": compared.n, "n_controls": np.array(controls, dtype=np.int64)}


def shown_p(p: float, draws: int) -> str:
    """Return a p-value with as many decimals as its draws can tell."""
    return number(p, max(3, len(str(draws))))


def formatter(group: ControlGroup, outcome: str) -> Formatter:
    """Return what shows an effect on an outcome."""
    return difference(group.risk.cube.unit_of(outcome))
