"""What few persons have shows nowhere: whatever it is, every card, figure and file is the same."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

import mih_impact as mih
from mih_impact.display.figure import alt_text, figures_for_files, root_figure
from mih_impact.display.result import Displayed
from mih_impact.study.spec import StudySpec
from tests.support import read_frame, small_register

#: The starters of the register, and the least that is shown.
STARTERS, LEAST = 9, 10


STUDY = """
name = "few"
data = { source = "register.parquet" }
controls = { method = "exact", exact = ["county"], on = [] }
effects = { outcomes = ["wage_income", "dagpenger"] }
account = { preset = "r109" }
"""


def register() -> pd.DataFrame:
    frame = small_register(330, starters=60, seed=6)
    of_three = frame["start_year"].isin([2014, 2015, 2016])
    kept = frame.loc[of_three, "person_id"].unique()[:STARTERS]
    frame = frame[frame["start_year"].isna() | frame["person_id"].isin(kept)]
    assert frame.loc[frame["start_year"].notna(), "person_id"].nunique() == STARTERS
    return frame.reset_index(drop=True)


def with_other_amounts(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the register in which the starters earned and received something else."""
    own, other = frame["start_year"].notna(), frame.copy()
    factor = np.random.default_rng(1).uniform(0.5, 2.0, own.sum())
    for name in ("wage_income", "dagpenger", "sosialhjelp"):
        other.loc[own, name] = (other.loc[own, name] * factor).round(2)
    return other


def makers(panel: mih.Panel) -> dict[str, Callable[[], Any]]:
    """Return every call that gives a result of persons, by name."""
    spec = StudySpec.from_text(STUDY, folder=Path())
    cells = mih.match(panel, method="exact", exact="county")
    scored = mih.match(panel, on=["age"], exact="county")
    pairs = mih.match(panel, on=["age"], ratio=1, replace=False, caliper=None)
    weighted = mih.weight(panel, on=["age"])
    effects, by_county = mih.event_study(scored), mih.event_study(cells, by="county")
    by_start = mih.group_time_effects(panel, outcomes="wage_income")
    some = mih.event_study(weighted, outcomes="wage_income", window=(-2, 6))
    case = mih.cost_benefit(effects, mih.Assumptions.r109(), programme=mih.nav.menn_i_helse())
    return {
        "group": lambda: scored,
        "weighted": lambda: weighted,
        "balance": scored.balance,
        "balance by county": lambda: cells.balance(by="county"),
        "overlap": scored.overlap,
        "effects": lambda: effects,
        "effects by county": lambda: by_county,
        "effects of weights": lambda: mih.event_study(weighted),
        "pretrend": effects.pretrend_test,
        "pretrend by county": by_county.pretrend_test,
        "difference": lambda: by_county.difference_test(years=3),
        "by start year": lambda: by_start,
        **{
            f"averaged by {kind}": lambda kind=kind: by_start.aggregate(kind)
            for kind in ("event", "group", "calendar", "simple")
        },
        "pretrend of start years": by_start.pretrend_test,
        "imputation": lambda: mih.imputation_effects(panel, outcomes="wage_income"),
        "quantiles": lambda: mih.quantile_effects(scored, outcome="wage_income", year=3),
        "tax": lambda: mih.tax_by_decile(effects, group=scored, rates=[0.1] * 10, source="x"),
        "multiplier": lambda: mih.multiplier_bootstrap(effects, draws=50),
        "resample": lambda: mih.resample(weighted, draws=20, outcomes="wage_income"),
        "wild": lambda: mih.wild_bootstrap(scored, cluster="education", year=3, draws=99),
        "randomised": lambda: mih.randomisation_test(scored, year=3, draws=50),
        "honest": lambda: mih.honest_bounds(some),
        "power": lambda: mih.pretrend_power(some),
        "placebo start": lambda: mih.placebo_start(scored, years=3, gap=2),
        "placebo outcome": lambda: mih.placebo_outcomes(scored, outcomes="dagpenger", year=3),
        "without each": lambda: mih.leave_one_out(cells, by="county"),
        "curve": lambda: mih.specification_curve(pairs),
        "attrition": lambda: mih.attrition_check(scored),
        "lee": lambda: mih.lee_bounds(scored, year=3, seen="in_work"),
        "e-value": lambda: mih.e_value(effects, year=3, group=scored),
        "rosenbaum": lambda: mih.rosenbaum_bounds(pairs, year=3),
        "case": lambda: case,
        "bridge": case.bridge,
        "scenarios": case.scenarios,
        "sensitivity": case.sensitivity,
        "switching": case.switching_values,
        "shares": case.variance_shares,
        "uncertainty": case.uncertainty,
        "grid": lambda: case.grid({"displacement": [0, 0.1], "leisure": [0, 1]}),
        "objections": case.objections,
        "indicators": case.indicators,
        "beside": case.beside,
        "budget": lambda: mih.budget_impact(case, starters={2026: 500}),
        "municipality": lambda: mih.municipality_view(case, places=10),
        "per place": lambda: mih.nav.per_place(case),
        "explore": lambda: mih.explore(case),
        "memo": lambda: mih.write_memo(case, "unwritten.html"),
        "workbook": lambda: mih.write_workbook(case, "unwritten.xlsx"),
        "page": lambda: mih.write_budget_page(case, "unwritten.html"),
        "study": lambda: mih.run_study(spec, panel=panel, write=False),
    }


#: What is of the programme, of money or of all who are in a register, and of no starter's amounts.
OF_NO_STARTER = {
    "AssumptionSheet", "BuildEstimate", "BuiltPanel", "CheckResult", "Decision", "Funnel", "Panel",
    "PanelReport", "Readings", "Replication",
}  # fmt: skip
#: What is refused before there is a result.
REFUSED = {
    "Bridge", "BudgetImpact", "MunicipalityView", "PerPlace", "Scenarios", "Sensitivity",
    "SensitivityGrid", "SwitchingValues", "Uncertainty", "VarianceShares",
}  # fmt: skip
REFUSED_CALLS = {
    "bridge", "scenarios", "sensitivity", "switching", "shares", "uncertainty", "grid",
    "objections", "indicators", "beside", "budget", "municipality", "per place", "explore", "memo",
    "workbook", "page",
}  # fmt: skip


#: The number of starters, where it is said to be of persons.
COUNTED = rf"\b{STARTERS} (deltakere|participants)|(Deltakere|n_participants\W*) +{STARTERS}\b"


def drawn(ax: Axes) -> list[Any]:
    """Return what a figure says and where it puts its marks."""
    figure = root_figure(ax)
    found: list[Any] = [alt_text(ax)]
    for artist in figure.findobj():
        if isinstance(artist, Text):
            found.append(artist.get_text())
        elif isinstance(artist, Line2D):
            found.append(artist.get_xydata())
        elif isinstance(artist, Patch):
            found.append(artist.get_path().transformed(artist.get_patch_transform()).vertices)
        elif isinstance(artist, Collection):
            found += [path.vertices for path in artist.get_paths()]
            found.append(np.ma.getdata(artist.get_offsets()))
    return [str(one.tolist()) if isinstance(one, np.ndarray) else one for one in found]


def seen(result: Displayed | mih.MihImpactError, folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield everything that a reader of a result is given: card, figures and file, or a message."""
    if isinstance(result, mih.MihImpactError):
        yield "refused", str(result)
        return
    yield "card", result.summary()
    for name in (name for name in dir(result) if name.startswith("plot")):
        try:
            with mih.options(lang="en"), figures_for_files():  # which pyplot does not count
                ax = getattr(result, name)()
        except mih.MihImpactError as error:
            yield name, str(error)
        else:
            yield name, drawn(ax if isinstance(ax, Axes) else ax[0])
    if not hasattr(result, "save"):
        return
    try:
        path = result.save(folder / "result.zip")
    except mih.MihImpactError as error:
        yield "save", str(error)
        return
    with zipfile.ZipFile(path) as file:
        for name in file.namelist():
            text = file.read(name)
            yield name, without_fingerprint(json.loads(text)) if name.endswith("json") else text


def without_fingerprint(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: without_fingerprint(part) for key, part in tree.items() if key != "data"}
    return [without_fingerprint(part) for part in tree] if isinstance(tree, list) else tree


@pytest.fixture(scope="module")
def results() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return every result, or the refusal of it, from the register and from its other amounts."""
    found = []
    with mih.options(min_cell=LEAST, progress=False):
        for frame in (register(), with_other_amounts(register())):
            found.append({})
            for name, make in makers(read_frame(frame)).items():
                try:
                    found[-1][name] = make()
                except mih.MihImpactError as error:
                    found[-1][name] = error
    return found[0], found[1]


@pytest.fixture(scope="module")
def shown(results, tmp_path_factory) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a reader is given of every result, by name and part."""
    folder = tmp_path_factory.mktemp("few")
    with mih.options(min_cell=LEAST):
        one, two = (
            {
                (name, part): given
                for name, result in each.items()
                for part, given in seen(result, folder)
            }
            for each in results
        )
    return one, two


def test_nothing_that_is_shown_hangs_on_what_few_persons_have(shown):
    one, two = shown
    assert one.keys() == two.keys()
    assert not [part for part in one if one[part] != two[part]]


def on_a_benefit(panel: mih.Panel) -> dict[str, Callable[[], Any]]:
    """Return the calls on a benefit that three of many participants have."""
    told = {"outcome": "sosialhjelp", "year": 2}
    both = {"outcomes": ["wage_income", "sosialhjelp"]}
    cells = mih.match(panel, method="exact", exact="county")
    scored = mih.match(panel, on=["age"], exact="county")
    pairs = mih.match(panel, on=["age"], ratio=1, replace=False, caliper=None)
    weighted = mih.weight(panel, on=["age"])
    effects, by_county = (
        mih.event_study(scored, **both),
        mih.event_study(cells, by="county", **both),
    )
    adjusted = mih.group_time_effects(panel, covariates=["age"], **both)
    case = mih.cost_benefit(
        effects, mih.Assumptions.r109(), programme=mih.Programme.none(), horizon=3
    )
    return {
        "effects": lambda: effects,
        "by county": lambda: by_county,
        "of weights": lambda: mih.event_study(weighted, **both),
        "adjusted": lambda: mih.event_study(scored, adjust=True, **both),
        "levels": lambda: mih.event_study(scored, estimator="difference", **both),
        "filled": lambda: mih.event_study(scored, composition="filled", **both),
        "pretrend": lambda: effects.pretrend_test("sosialhjelp"),
        "difference": lambda: by_county.difference_test("sosialhjelp", years=2),
        "by start year": lambda: adjusted,
        "averaged": lambda: adjusted.aggregate("event"),
        "imputed": lambda: mih.imputation_effects(panel, **both),
        "quantiles": lambda: mih.quantile_effects(scored, **told),
        "resampled": lambda: mih.resample(weighted, draws=20, outcomes="sosialhjelp"),
        "wild": lambda: mih.wild_bootstrap(scored, cluster="education", draws=99, **told),
        "randomised": lambda: mih.randomisation_test(scored, draws=20, **told),
        "power": lambda: mih.pretrend_power(effects, outcome="sosialhjelp"),
        "honest": lambda: mih.honest_bounds(effects, outcome="sosialhjelp"),
        "placebo": lambda: mih.placebo_outcomes(scored, outcomes="sosialhjelp", year=2),
        "without each": lambda: mih.leave_one_out(cells, by="county", **told),
        "attrition": lambda: mih.attrition_check(scored, outcome="sosialhjelp"),
        "lee": lambda: mih.lee_bounds(scored, seen="in_work", **told),
        "e-value": lambda: mih.e_value(effects, group=scored, **told),
        "rosenbaum": lambda: mih.rosenbaum_bounds(pairs, statistic="mean", **told),
        "case": lambda: case,
        "questions": case.sensitivity,
    }


def test_nothing_that_is_shown_hangs_on_a_benefit_of_few(tmp_path):
    """Three of eighty have it; whatever they have, all that a reader is given is the same."""
    frame = small_register(330, starters=80, seed=6)
    few = frame.loc[frame["start_year"].notna(), "person_id"].unique()[5:8]
    has = frame["person_id"].isin(few)
    factor = np.random.default_rng(1).uniform(0.5, 2.0, len(frame)).round(2)
    given = []
    for amount in (10_000.0 + frame["year"], 10_000.0 * factor):
        panel = read_frame(frame.assign(sosialhjelp=np.where(has, amount, 0.0)))
        given.append({})
        with mih.options(progress=False):
            for name, make in on_a_benefit(panel).items():
                try:
                    found = make()
                except mih.MihImpactError as error:
                    found = error
                given[-1] |= {(name, part): one for part, one in seen(found, tmp_path)}
    one, two = given
    assert one.keys() == two.keys()
    assert len(one) > 100
    assert not [part for part in one if one[part] != two[part]]


def test_no_card_figure_or_file_counts_the_few_persons(shown):
    texts = {part: given for part, given in shown[0].items() if not isinstance(given, bytes)}
    for part, given in texts.items():
        flat = " ".join(json.dumps(given, ensure_ascii=False).split())
        found = re.search(COUNTED, flat)
        assert found is None, (part, flat[found.start() - 40 : found.end() + 40])


def test_the_amounts_do_show_where_one_person_is_enough():
    with mih.options(min_cell=1):
        one, two = (
            mih.event_study(mih.match(read_frame(frame), method="exact", exact="county"))
            for frame in (register(), with_other_amounts(register()))
        )
        assert one.summary() != two.summary()
        assert drawn(one.plot()) != drawn(two.plot())


def test_what_an_account_of_few_persons_refuses_says_so(results):
    refused = {name for name, found in results[0].items() if not isinstance(found, Displayed)}
    assert refused == REFUSED_CALLS
    for name in refused:
        said = str(results[0][name])
        assert "too few participants for an account" in said
        assert "min_cell=1" in said, "and the way out of it"


def test_every_result_that_a_reader_can_get_is_tried(results):
    tried = {type(found).__name__ for found in results[0].values()} | REFUSED | OF_NO_STARTER
    public = {name for name in mih.__all__ if isinstance(getattr(mih, name), type)}
    assert {name for name in public if issubclass(getattr(mih, name), Displayed)} <= tried


def test_a_step_of_the_attrition_that_leaves_few_is_saved_blank(tmp_path):
    panel = read_frame(small_register(330, starters=60, seed=6))
    spec = StudySpec.from_text(STUDY, folder=Path())
    found = mih.run_study(spec, panel=panel, write=False)
    steps = found.attrition.assign(participants=[60, *[3] * (len(found.attrition) - 1)])
    kept = mih.load(replace(found, attrition=steps).save(tmp_path / "study.zip")).attrition
    assert kept["participants"].isna().tolist() == [False] + [True] * (len(steps) - 1)


@pytest.mark.parametrize("effects", ["window = [0, 3]", 'estimator = "difference"', "base = -2"])
def test_a_study_tells_of_balance_and_of_the_years_before_start(effects):
    panel = read_frame(small_register(330, starters=60, seed=6))
    text = STUDY.replace('outcomes = ["wage', f'{effects}, outcomes = ["wage')
    text = text.replace('"r109"', '"r109", horizon = 3')
    found = mih.run_study(StudySpec.from_text(text, folder=Path()), panel=panel, write=False)
    with mih.options(lang="en"):
        lines = dict(found.card().lines)
        after = found.balance.to_frame()["smd_after"].abs().max()
        assert lines["Largest standardised difference, after matching"] == f"{after:.3f}"
    p = found.effects.pretrend_test().table["p_value"]
    said = lines["Pre-trend test, wage income"]
    assert said.endswith("cannot be tested" if p.isna().all() else f"(p\u00a0=\u00a0{p[0]:.3f})")
