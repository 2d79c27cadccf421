"""The gallery: every figure of the library, beside the call that draws it."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import NamedTuple

from mih_impact.display.figure import alt_text, figures_for_files, root_figure

SETUP = """\
import mih_impact as mih

mih.options(lang="en", progress=False)
panel = mih.example_panel()
exact = ["county", "benefit_type"]
on = ["age", "education", *mih.lag("wage_income", 1, 2, 3)]
group = mih.match(panel, exact=exact, on=on)
effects = mih.event_study(group)
rules, programme = mih.Assumptions.r109(), mih.nav.menn_i_helse()
case = mih.cost_benefit(effects, rules, programme=programme)
uncertainty = case.uncertainty()
"""


class Figure(NamedTuple):
    """A figure: the method that draws it, what it answers, and the lines that call it."""

    drawn_by: str
    asks: str
    call: str


FIGURES = {
    "Who is compared": (
        Figure("Balance.plot", "Are the groups alike before the start?", "group.balance().plot()"),
        Figure("Overlap.plot", "Are there candidates like them?", "group.overlap().plot()"),
    ),
    "Effects": (
        Figure(
            "EffectSeries.plot_levels",
            "What do participants earn, and what do their controls?",
            'effects.plot_levels("wage_income")',
        ),
        Figure(
            "EffectSeries.plot",
            "What does the programme add, year by year?",
            'effects.plot("wage_income")',
        ),
        Figure(
            "EffectSeries.plot",
            "Who gains more?",
            'by_education = mih.event_study(group, outcomes="wage_income", by="education")\n'
            "by_education.plot(year=3)",
        ),
        Figure(
            "QuantileEffects.plot",
            "Where in the distribution of wages is the difference?",
            "mih.quantile_effects(group).plot()",
        ),
        Figure(
            "GroupTimeEffects.plot",
            "Is it the same for every start year?",
            """\
by_start = mih.group_time_effects(
    panel, outcomes="wage_income", covariates=on, exact=["county"]
)
by_start.plot()""",
        ),
        Figure(
            "EffectSeries.plot",
            "And on average over start years?",
            'by_start.aggregate("group").plot()',
        ),
    ),
    "What could be wrong": (
        Figure(
            "SpecificationCurve.plot",
            "Does the answer hang on the method?",
            """\
ways = {"method": ["propensity", "entropy", "ipw"], "ratio": [1, 5]}
mih.specification_curve(group, ways=ways).plot()""",
        ),
        Figure(
            "HonestBounds.plot",
            "What if trends were not parallel?",
            'wages = mih.event_study(group, outcomes="wage_income")\n'
            "mih.honest_bounds(wages, years=3).plot()",
        ),
        Figure(
            "PlaceboTest.plot",
            "Is there an effect before there can be one?",
            """\
shorter = ["age", "education", *mih.lag("wage_income", 1, 2)]
short = mih.match(panel, exact=exact, on=shorter)
mih.placebo_start(short, years=3, gap=2).plot()""",
        ),
        Figure(
            "LeaveOneOut.plot",
            "Is it one county's doing?",
            'mih.leave_one_out(group, by="county").plot()',
        ),
    ),
    "The account": (
        Figure("CostBenefit.plot", "When is it paid back?", "case.plot()"),
        Figure("CostBenefit.plot_actors", "Who pays, and who gains?", "case.plot_actors()"),
        Figure("CostBenefit.plot_costs", "What does it cost, and whom?", "case.plot_costs()"),
        Figure("Bridge.plot", "Which figure is which?", "case.bridge().plot()"),
        Figure(
            "CostBenefit.plot_residual",
            "What of the years after the account?",
            "case.plot_residual()",
        ),
        Figure("CostBenefit.plot_non_priced", "What has no price?", "case.plot_non_priced()"),
    ),
    "How sure": (
        Figure("Uncertainty.plot", "How sure, and of what?", "uncertainty.plot()"),
        Figure(
            "Uncertainty.plot_acceptability",
            "How likely is a gain, at which cost?",
            "uncertainty.plot_acceptability()",
        ),
        Figure(
            "Uncertainty.plot_break_even",
            "How sure is the year of break-even?",
            "uncertainty.plot_break_even()",
        ),
        Figure("Sensitivity.plot", "What moves the answer?", "case.sensitivity().plot(top=8)"),
        Figure(
            "SensitivityGrid.plot",
            "And two assumptions at a time?",
            """\
settings = {"displacement": [0, 0.1, 0.2, 0.3], "wage_bill": [0, 0.5, 1]}
case.grid(settings).plot(of="public")""",
        ),
        Figure("Scenarios.plot", "What if all goes worse, or better?", "case.scenarios().plot()"),
    ),
    "Budgets": (
        Figure(
            "BudgetImpact.plot",
            "Which budget, in which year?",
            "starters = {2026: 500, 2027: 700, 2028: 700}\n"
            "mih.budget_impact(case, starters=starters).plot()",
        ),
        Figure(
            "MunicipalityView.plot",
            "What does one municipality pay and receive?",
            "mih.municipality_view(case, places=8).plot()",
        ),
    ),
    "The reference case": (
        Figure(
            "Replication.plot", "What does the reference case find?", "mih.reproduce_nav().plot()"
        ),
        Figure(
            "Readings.plot",
            "Which reading of the published figure gives it?",
            "mih.nav.readings().plot()",
        ),
        Figure(
            "PerPlace.plot", "What does a place cost the state?", "mih.nav.per_place(case).plot()"
        ),
        Figure("Funnel.plot", "How many come all the way?", "mih.nav.funnel().plot()"),
    ),
}

_INTRO = """\
# Gallery

Every figure of the library beside the call that draws it, so that you can start from the picture
that you need. All of them take `lang="nb"` for bokmål and `ax=` for axes of your own, and give the
axes back; `ax.figure.savefig("name.svg")` writes the file. Each has a text for readers who do not
see it. Click a figure to see it whole.

**The register is synthetic**: invented people with a planted effect. The figures show what the
calls draw, and nothing about a programme.

All of them go on from these lines:

```python
{setup}```
"""

_GRID = "::::{grid} 1 1 2 2\n:gutter: 4\n:class-container: gallery\n"


def write(out: Path) -> None:
    """Draw every figure into a folder, and write the page that shows them."""
    out.mkdir(exist_ok=True)
    names: dict[str, object] = {}
    page = [_INTRO.format(setup=SETUP)]
    with figures_for_files():
        exec(SETUP, names)
        for section, figures in FIGURES.items():
            page += [
                f"## {section}\n",
                "::::{grid} 1 1 2 2\n:gutter: 4\n:class-container: gallery\n",
            ]
            page += [_card(figure, out, names) for figure in figures]
            page.append("::::\n")
    (out / "index.md").write_text("\n".join(page), encoding="utf-8")


def _card(figure: Figure, out: Path, names: dict[str, object]) -> str:
    *lines, last = figure.call.split("\n")
    exec("\n".join(lines), names)
    drawn = root_figure(eval(last, names))
    stem = re.sub(r"\W+", "_", figure.asks.lower()).strip("_")
    drawn.savefig(out / f"{stem}.png", dpi=130)
    text = escape(" ".join(alt_text(drawn).split()), quote=True)
    return f""":::{{grid-item}}
**{figure.asks}**

```{{image}} {stem}.png
:alt: {text}
:target: ../_images/{stem}.png
```

```python
{figure.call}
```

{{py:meth}}`{figure.drawn_by} <mih_impact.{figure.drawn_by}>`
:::
"""
