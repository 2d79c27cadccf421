"""A row of zeros and no row are the same information: the same matches and effects, bit for bit."""

from __future__ import annotations

import pandas as pd
import pytest

import mih_impact as mih
from tests.engines.absent import ELIGIBLE, two_forms
from tests.engines.engines import ENGINES

pytestmark = pytest.mark.filterwarnings("ignore::mih_impact.errors.MihImpactWarning")

ON = ["age", "education", *mih.lag("wage_income", 1)]


def found(source: object, eligible: object, options: dict[str, object]) -> list[pd.DataFrame]:
    """Return who is compared with whom, and the effects."""
    panel = mih.read_panel(source, **options)
    chosen = {"on": ON, "exact": ["county"], "eligible": eligible, "seed": 3}
    tables = []
    for group in (mih.match(panel, **chosen), mih.weight(panel, **chosen, method="ipw")):
        effects = mih.event_study(group, outcomes=["wage_income", "in_work"], window=(-2, 2))
        tables += [group.to_frame(), group.attrition(), effects.to_frame()]
    if panel.period == "year":
        every = {"outcomes": ["wage_income", "dagpenger"], "eligible": eligible}
        effects = mih.group_time_effects(panel, **every, exact="education", controls="not_yet")
        tables += [effects.to_frame(), effects.attrition()]
        effects = mih.group_time_effects(panel, **every, covariates="education", estimator="reg")
        tables.append(effects.to_frame())
    return tables


def assert_same(one: list[pd.DataFrame], other: list[pd.DataFrame]) -> None:
    """Assert that tables are the same bits, and not empty."""
    assert all(left.equals(right) for left, right in zip(one, other, strict=True))
    assert all(len(table) for table in one)


@pytest.fixture(scope="module")
def with_zeros() -> dict[str, list[pd.DataFrame]]:
    full, _, options = two_forms()
    return {name: found(full, ELIGIBLE[name], options) for name in ("amounts", "age")}


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_of_zeros_and_no_rows_give_the_same_in_every_engine(engine, with_zeros, tmp_path):
    full, absent, options = two_forms()
    assert len(absent) < 0.8 * len(full)
    source = ENGINES[engine](absent, tmp_path)
    for name, tables in with_zeros.items():
        assert_same(found(source, ELIGIBLE[name], options), tables)


@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize("name", [name for name in ELIGIBLE if name != "season"])
def test_rows_of_zeros_and_no_rows_give_the_same_whoever_is_eligible(name, seed):
    full, absent, options = two_forms(seed=seed)
    if name == "everybody":
        full, absent = full.drop(columns="eligible"), absent.drop(columns="eligible")
    assert_same(*(found(form, ELIGIBLE[name], options) for form in (full, absent)))


@pytest.mark.parametrize("name", ["column", "amounts", "age", "season"])
def test_months_of_zeros_and_no_months_give_the_same(name, tmp_path):
    full, absent, options = two_forms(years=7, n=110, monthly=True)
    tables = found(full, ELIGIBLE[name], options)
    for engine in ("polars lazy", "parquet"):
        source = ENGINES[engine](absent, tmp_path)
        assert_same(found(source, ELIGIBLE[name], options), tables)


def test_spells_of_residency_say_the_same_as_the_years_of_exit():
    full, absent, options = two_forms(seed=4)
    full["emigration_year"] = absent["emigration_year"] = None
    exits = full.groupby("person_id")["death_year"].max()
    spells = pd.DataFrame({"person_id": exits.index, "from_year": 1900, "to_year": exits.values})
    here = {**options, "resident": spells}
    by_spell = (
        found(form.drop(columns=["death_year", "emigration_year"]), "eligible", here)
        for form in (form[~(form["year"] > form["death_year"])] for form in (full, absent))
    )
    assert_same(*by_spell)
