"""Who follows the advice of an error gets on: each error is made, its "Do:" followed, and it works.

A row is what is wrong, a pattern that the advice must have, and what it says to do instead; the
pattern's groups, read from the advice itself, are filled into the places of the last. All three
are code on the small register below, so that a snippet in a message is run as it stands there.
"""

from __future__ import annotations

import functools
import json
import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.study.account import account_of
from mih_impact.study.spec import StudySpec
from mih_impact.study.start import write_template
from mih_impact.study.toml_files import read_programme
from tests.unit import test_wrong_tables as wrong_tables
from tests.unit.edited_sheet import edited_sheet

YEARS = np.arange(2012, 2020)


@functools.cache
def register() -> pd.DataFrame:
    """A hundred and twenty persons in eight years, a fifth of whom start in 2015 or 2016."""
    rng = np.random.default_rng(4)
    n = 120
    start = np.where(np.arange(n) < 24, 2015 + np.arange(n) % 2, np.nan)
    level = rng.uniform(100_000, 400_000, n)
    blocks = [
        pd.DataFrame(
            {
                "person_id": [f"p{i:03d}" for i in range(n)],
                "year": year,
                "wage_income": (level + rng.normal(0, 30_000, n)).clip(0).round(2),
                "start_year": start,
                "birth_year": 1970 + rng.permutation(n) % 20,
                "county": np.array(["A", "B", "C"])[np.arange(n) % 3],
                "education": np.array(["low", "high"])[np.arange(n) % 2],
                "dagpenger": rng.uniform(0, 90_000, n).round(2),
                "hours": rng.uniform(0, 1_700, n).round(1),
                "alone": "x",
                "eligible": True,
            }
        )
        for year in YEARS
    ]
    return pd.concat(blocks, ignore_index=True)


@functools.cache
def read() -> mih.Panel:
    return mih.read_panel(register(), money="fixed")


@functools.cache
def matched(**options: Any) -> mih.ControlGroup:
    return mih.match(read(), on=["age"], **options)


def without(years: tuple[int, ...] = (), starts: tuple[int, ...] = ()) -> mih.Panel:
    """The panel without some years' rows, or without those who start in some years."""
    rows = register()
    kept = ~rows["year"].isin(years) & ~rows["start_year"].isin(starts)
    return mih.read_panel(rows[kept], money="fixed")


def starting(earlier: int) -> mih.Panel:
    """The panel where everybody starts so many years earlier."""
    rows = register()
    return mih.read_panel(rows.assign(start_year=rows["start_year"] - earlier), money="fixed")


def few() -> mih.ControlGroup:
    """A group in which the last year has too few persons to be shown."""
    rows = register()
    starter = rows["start_year"].notna() & (rows["person_id"] > "p003")
    late = (rows["year"] > 2018) & starter
    resident = rows.drop(rows.index[late]).assign(emigration_year=np.nan, death_year=np.nan)
    return mih.match(mih.read_panel(resident, money="fixed"), on=["age"])


def rare() -> mih.EffectSeries:
    """Effects on wages, and on a benefit that three persons have."""
    rows = register()
    benefit = rows["dagpenger"].where(rows["person_id"] < "p003", 0.0)
    panel = mih.read_panel(rows.assign(dagpenger=benefit), price_year=2024)
    return mih.event_study(mih.match(panel, on=["age"]), window=(-3, 3))


def account(effects: mih.EffectSeries, roles: Any = None) -> mih.CostBenefit:
    """The account of effects of three years."""
    assumptions = mih.Assumptions.r109()
    programme = mih.nav.menn_i_helse()
    return mih.cost_benefit(effects, assumptions, programme=programme, horizon=4, roles=roles)


@functools.cache
def planted() -> mih.EffectSeries:
    """A hundred thousand kroner a year, for three years."""
    rows = {"outcome": "wage_income", "year_since_start": range(3), "estimate": 100_000.0}
    return mih.EffectSeries.from_frame(pd.DataFrame(rows), price_year=2024)


@functools.cache
def budgeted(**declared: Any) -> mih.CostBenefit:
    """The account of planted effects, of a programme that may declare other things."""
    programme = replace(mih.nav.menn_i_helse(), **declared)
    return mih.cost_benefit(planted(), mih.Assumptions.r109(), programme=programme, horizon=3)


def path(first: int, name: str = "path") -> mih.PriceIndex:
    """A price path from some year on."""
    index = dict.fromkeys(range(first, 2031), 100.0)
    return mih.PriceIndex.from_mapping(index, name=name, source="the test")


def loaded(result: Any) -> Any:
    """The result as a file gives it back."""
    path = Path(_folder[0]) / "result.zip"
    result.save(path)
    return mih.load(path)


def edited(schema: Any) -> Path:
    """A saved file that says another layout."""
    path = Path(_folder[0]) / "edited.zip"
    matched().balance().save(path)
    with zipfile.ZipFile(path) as held:
        members = {name: held.read(name) for name in held.namelist()}
    tree = json.loads(members["result.json"])
    tree["schema"] = schema
    members["result.json"] = json.dumps(tree).encode()
    with zipfile.ZipFile(path, "w") as held:
        for name, content in members.items():
            held.writestr(name, content)
    return path


_folder: list[Path] = [Path()]

M = "mih.match(panel, on=['age'], {})"
E = "mih.event_study(group, {})"
G = "mih.group_time_effects(panel, outcomes='wage_income', {})"
R = "mih.read_panel(rows, {})"
B = "mih.budget_impact(budgeted(), {})"
V = "mih.municipality_view(budgeted(), {})"


def options(call: str, wrong: str, says: str, right: str) -> tuple[str, str, str]:
    """A row of one call that is first made with wrong options, then with right ones."""
    return call.replace("{}", wrong), says, call.replace("{}", right)


TOLD = {
    # --- reading ---------------------------------------------------------------------------------
    "money": options(R, "money='real'", r"'(fixed)'", "money='{0}'"),
    "currency": options(
        R, "currency='kroner'", r'currency="(NOK)"', "currency='{0}', money='fixed'"
    ),
    "foreign money": options(R, "currency='SEK'", r'(money="fixed")', "currency='SEK', {0}"),
    "period": options(
        R, "money='fixed', period='week'", r'"(year)" or', "money='fixed', period='{0}'"
    ),
    "columns": options(
        R,
        "money='fixed', columns=dict(county='fylke')",
        r"(?s)among: .*(county)",
        "money='fixed', columns=dict(county='{0}')",
    ),
    "recoding a stranger": options(
        R,
        "money='fixed', values=dict(fylke={'A': 'B'})",
        r"our names: .*(county)",
        "money='fixed', values=dict({0}={{'A': 'B'}})",
    ),
    "unit of a stranger": options(
        R,
        "money='fixed', units=dict(hour='hours')",
        r"perhaps (hours)",
        "money='fixed', units=dict({0}='hours')",
    ),
    "unit of the contract": options(
        R,
        "money='fixed', units=dict(wage_income='hours')",
        r"leave (wage_income) out of units=",
        "money='fixed', units={{}}",
    ),
    "two currencies": options(
        R,
        "money='fixed', units=dict(hours='SEK')",
        r'units=(\{"hours": "NOK"\})',
        "money='fixed', units={0}",
    ),
    "no wage": (
        "mih.read_panel(rows.rename(columns=dict(person_id='lopenr')), money='fixed')",
        r"columns=(\{\"person_id\": )",
        "mih.read_panel(rows.rename(columns=dict(person_id='lopenr'))"
        ", money='fixed', columns={0}'lopenr'}})",
    ),
    "a month in a year": (
        "mih.read_panel(rows.assign(month=1), money='fixed')",
        r"or (drop) or rename the column",
        "mih.read_panel(rows.assign(month=1).{0}(columns='month'), money='fixed')",
    ),
    "no file": ("mih.read_panel('nowhere/*.parquet')", r"check the path", "mih.read_panel(rows)"),
    "no source": ("mih.read_panel(3)", r"a pandas, Polars", "mih.read_panel(rows)"),
    "decimal of a frame": options(
        R, "money='fixed', decimal=','", r"leave them out", "money='fixed'"
    ),
    "memory": options(
        R, "money='fixed', memory_limit='much'", r'"(4 GB)"', "money='fixed', memory_limit='{0}'"
    ),
    "names that are numbers": (
        "mih.read_panel(rows.rename(columns={'alone': 7}), money='fixed')",
        r"frame(\.rename\(.*\))",
        "mih.read_panel(rows.rename(columns={{'alone': 7}}){0}, money='fixed')",
    ),
    "an index for other years": (
        "mih.read_panel(rows, index={2012: 1.0, 2013: 1.1}, price_year=2019)",
        r'(money="fixed")',
        "mih.read_panel(rows, {0})",
    ),
    # --- choosing controls -----------------------------------------------------------------------
    "no panel": (
        "mih.match(rows, on=['age'])",
        r"mih\.match\((mih\.read_panel\()frame",
        "mih.match({0}rows), on=['age'])",
    ),
    "method": options(M, "method='nearest'", r"'(propensity)'", "method='{0}'"),
    "method of weights": (
        "mih.weight(panel, on=['age'], method='ebal')",
        r"'(entropy)'",
        "mih.weight(panel, on=['age'], method='{0}')",
    ),
    "a column misspelt": (
        "mih.match(panel, on=['ages'])",
        r"perhaps (age)\b",
        "mih.match(panel, on=['{0}'])",
    ),
    "nothing to match on": ("mih.match(panel)", r"in (on=)", "mih.match(panel, {0}['age'])"),
    "nothing to match exactly on": (
        "mih.match(panel, method='exact')",
        r"in (exact=)",
        "mih.match(panel, method='exact', {0}['county'])",
    ),
    "nothing to weigh on": (
        "mih.weight(panel, on=[])",
        r"in (on=)",
        "mih.weight(panel, {0}['age'])",
    ),
    "lags matched exactly": (
        "mih.match(panel, method='exact', on=[*mih.lag('wage_income', 1)])",
        r"(method='propensity')",
        "mih.match(panel, {0}, on=[*mih.lag('wage_income', 1)])",
    ),
    "a lag without its star": (
        "mih.match(panel, on=['age', mih.lag('wage_income', 1)])",
        r"on=\[\.\.\., (\*.*)\]",
        "mih.match(panel, on=['age', {0}])",
    ),
    "a lag of nought": (
        "mih.lag('wage_income', 0)",
        r"at least (1)",
        "mih.lag('wage_income', {0})",
    ),
    "a lag before the register": (
        "mih.match(panel, on=['age', *mih.lag('wage_income', 4)])",
        r'leave (mih\.lag\("wage_income", 4\)) out',
        "mih.match(panel, on=['age'])",
    ),
    "those with such a lag": (
        "mih.match(panel, on=['age', *mih.lag('wage_income', 4)])",
        r"those who start in (2015) out of the panel",
        "mih.match(without(starts=({0},)), on=['age', *mih.lag('wage_income', 4)])",
    ),
    "a gap before a start": (
        "mih.match(without(years=(2014,)), on=['age'])",
        r"the rows of (2014), or .* in (2015) out",
        "mih.match(without(years=({0},), starts=({1},)), on=['age'])",
    ),
    "the gap filled": (
        "mih.match(without(years=(2015,)), on=['age'])",
        r"bring the rows of (2015)",
        "mih.match(without(), on=['age'])",
    ),
    "nothing varies": (
        "mih.match(panel, on=['alone'])",
        r"leave (it) out of (on)=",
        "mih.match(panel, on=['age'])",
    ),
    "cutpoints of another method": options(
        M, "cutpoints={'age': 3}", r"(method='cem')", "cutpoints={{'age': 3}}, {0}"
    ),
    "cutpoints of another column": options(
        M,
        "method='cem', cutpoints={'alder': 3}",
        r"as they are written",
        "method='cem', cutpoints={{'age': 3}}",
    ),
    "support without a score": (
        "mih.match(panel, method='exact', exact=['county'], common_support=True)",
        r"leave out (common_support)=",
        "mih.match(panel, method='exact', exact=['county'])",
    ),
    "a narrow caliper": (
        "mih.match(panel, on=[*mih.lag('wage_income', 1)], caliper=1e-12)",
        r"widen (caliper=)",
        "mih.match(panel, on=[*mih.lag('wage_income', 1)], {0}0.5)",
    ),
    "an unknown option": options(M, "nearest=1", r"(ratio)", "{0}=1"),
    "trim without a score": (
        "mih.weight(panel, on=['age'], trim=0.9)",
        r"(method='ipw')",
        "mih.weight(panel, on=['age'], trim=0.9, {0})",
    ),
    "moments without balance": (
        "mih.weight(panel, on=['age'], method='ipw', moments=2)",
        r"(method='entropy')",
        "mih.weight(panel, on=['age'], moments=2, {0})",
    ),
    "an expression of no truth": options(
        M,
        "eligible=nw.col('hours')",
        r"(nw\.col\('months_unemployed'\) >= 6)",
        "eligible=nw.col('hours') >= 6",
    ),
    "eligible by another thing": options(
        M, "eligible=3", r'eligible="(eligible)"', "eligible='{0}'"
    ),
    "pairs of weights": ("weighted.pairs()", r"use (to_frame\(\))", "weighted.{0}"),
    # --- effects ---------------------------------------------------------------------------------
    "standard error": options(E, "se='hc1'", r"'(person)'", "se='{0}'"),
    "level": options(E, "level=95", r"(level=0\.95)", "{0}"),
    "outcome": options(E, "outcomes='wage'", r"one of these", "outcomes='wage_income'"),
    "an outcome without a unit": (
        "mih.event_study(mih.match(panel, on=['age'], outcomes=['hours']), outcomes='hours')",
        r'units=(\{"hours": "hours"\})',
        "mih.event_study(mih.match(mih.read_panel(rows, money='fixed', units={0}), on=['age']),"
        " outcomes='hours')",
    ),
    "base": options(E, "base=0", r"(base=-1)", "{0}"),
    "no base": options(E, "base=()", r"(base=-1)", "{0}"),
    "a base before the register": options(E, "base=-4", r"give (base=-3)", "{0}"),
    "those with such a base": (
        "mih.event_study(group, base=-4)",
        r"start in (2015) out of the panel",
        "mih.event_study(mih.match(without(starts=({0},)), on=['age']), base=-4)",
    ),
    "window": options(E, "window=(6, 2)", r"(window=\(-5, 6\))", "{0}"),
    "a window beyond the register": options(E, "window=(8, 9)", r"(window=\(-4, 4\))", "{0}"),
    "a window nobody has": options(
        E,
        "window=(-4, 4), composition='balanced'",
        r"(composition='available')",
        "window=(-4, 4), {0}",
    ),
    "too few clusters": options(
        E, "cluster='county'", r"(mih\.wild_bootstrap\(.*?\)), which", "base=-1) and ({0}"
    ),
    "clusters, by person": options(E, "cluster='county'", r"use (cluster='person')", "{0}"),
    "clusters by name of the key": options(
        E,
        "cluster='person_id'",
        r"use (mih\.event_study\(group, cluster='person'\))",
        "base=-1) and ({0}",
    ),
    "few clusters by person": (
        "mih.wild_bootstrap(group, year=3, cluster='person')",
        r"use (mih\.event_study\(group, cluster='person'\))",
        "{0}",
    ),
    "one cluster": (
        "mih.wild_bootstrap(group, year=3, cluster='alone')",
        r"use (mih\.event_study\(group\))",
        "{0}",
    ),
    "a year beyond the register": (
        "mih.wild_bootstrap(group, year=9, cluster='county')",
        r"(year=4)",
        "mih.wild_bootstrap(group, {0}, cluster='county')",
    ),
    "clusters misspelt": options(E, "clusters='person'", r"here it is (cluster=)", "{0}'person'"),
    "adjusted by nothing": (
        "mih.event_study(mih.match(panel, method='exact', exact=['county']), adjust=True)",
        r"leave out (adjust)=",
        "mih.event_study(mih.match(panel, method='exact', exact=['county']))",
    ),
    "pairs that share": options(E, "se='matched_set'", r"(se='person')", "{0}"),
    "weights not estimated": options(E, "se='estimated_weights'", r"(se='auto')", "{0}"),
    "weights by pairs": (
        "mih.event_study(weighted, se='abadie_imbens')",
        r"(se='auto')",
        "mih.event_study(weighted, {0})",
    ),
    "subgroups of numbers": options(
        E, "by='wage_income'", r"by=(mih\.cut\(\"wage_income\", )\.\.\.", "by={0}[200_000])"
    ),
    "subgroups by two": options(E, "by=['county', 'education']", r"name a column", "by='county'"),
    "a cut the wrong way": ("mih.cut('age', 40, 30)", r"example (mih\.cut\(.*\))", "{0}"),
    "a cut of text": options(E, "by=mih.cut('county', 30)", r"(by='county')", "{0}"),
    "no subgroups to compare": (
        "mih.event_study(group).difference_test()",
        r"(mih\.event_study\(group, by=\"county\"\))",
        "{0}.difference_test()",
    ),
    "no such subgroup": (
        "mih.event_study(group, by='county').subgroup('D')",
        r"one of these",
        "mih.event_study(group, by='county').subgroup('A')",
    ),
    "no such outcome to draw": (
        "mih.event_study(group).plot('wage')",
        r"of",
        "mih.event_study(group).plot('wage_income')",
    ),
    "hidden effects": (
        "mih.event_study(few()).shown().select(['wage_income'], [4])",
        r"as (event_study) returned them",
        "mih.{0}(few()).select(['wage_income'], [4])",
    ),
    "hidden effects saved": (
        "loaded(mih.event_study(few())).select(['wage_income'], [4])",
        r"within (mih\.options\(min_cell=1\))",
        "within({0}, lambda: loaded(mih.event_study(few()))).select(['wage_income'], [4])",
    ),
    "a hidden benefit in an account": (
        "account(loaded(rare()))",
        r"in an account by roles=(\{'dagpenger': None\})",
        "account(loaded(rare()), {0})",
    ),
    "levels of averages": (
        "mih.group_time_effects(panel, outcomes='wage_income').aggregate('event').plot_levels()",
        r"use (mih\.event_study)",
        "{0}(group).plot_levels()",
    ),
    # --- group-time effects ----------------------------------------------------------------------
    "group-time estimator": options(G, "estimator='ols'", r"'(reg)'", "estimator='{0}'"),
    "group-time clusters": options(G, "cluster='county'", r"'(person)'", "cluster='{0}'"),
    "no base year": (
        "mih.group_time_effects(starting(4), outcomes='wage_income')",
        r"bring the rows of (2010), (2011), or",
        "mih.group_time_effects(panel, outcomes='wage_income')",
    ),
    "far anticipation": options(G, "anticipation=4", r"smaller (anticipation=)", "{0}2"),
    "covariates before the register": (
        "mih.group_time_effects(panel, outcomes='wage_income', anticipation=1,"
        " covariates=[*mih.lag('wage_income', 3)])",
        r"those who start in (2015) out of the panel",
        "mih.group_time_effects(without(starts=({0},)), outcomes='wage_income', anticipation=1,"
        " covariates=[*mih.lag('wage_income', 3)])",
    ),
    "a covariate of one value": options(
        G, "covariates=['alone']", r"leave it out of (covariates=)", "{0}()"
    ),
    "averages of a file": (
        "loaded(mih.group_time_effects(panel, outcomes='wage_income')).aggregate()",
        r"with (mih\.group_time_effects) and take (\.aggregate\(\))",
        "loaded({0}(panel, outcomes='wage_income'){1})",
    ),
    # --- checks ----------------------------------------------------------------------------------
    "a placebo start too early": (
        "mih.placebo_start(group, years=3)",
        r"give (years=2)",
        "mih.placebo_start(group, {0})",
    ),
    "those with such a start": (
        "mih.placebo_start(group, years=3)",
        r"those who start in (2015) out of the panel",
        "mih.placebo_start(mih.match(without(starts=({0},)), on=['age']), years=3)",
    ),
    "no year left to test": (
        "mih.placebo_start(group, years=2, gap=2)",
        r"a (gap=) that is shorter",
        "mih.placebo_start(group, years=2, {0}1)",
    ),
    "a placebo that is the base": (
        "mih.placebo_outcomes(group, outcomes=['dagpenger'], year=-1)",
        r"test other (years)",
        "mih.placebo_outcomes(group, outcomes=['dagpenger'], year=1)",
    ),
    "too few draws": (
        "mih.wild_bootstrap(group, year=3, cluster='county', draws=3)",
        r"give (999)",
        "mih.wild_bootstrap(group, year=3, cluster='county', draws={0})",
    ),
    "bounds of pairs that share": (
        "mih.rosenbaum_bounds(group, year=3)",
        r"mih\.match\(panel, (replace=False, scope='global'), \.\.\.\)",
        "mih.rosenbaum_bounds(mih.match(panel, {0}, on=['age'], ratio=1), year=3)",
    ),
    "the E-value of an amount": (
        "mih.e_value(mih.event_study(group), year=3)",
        r"give (group=)",
        "mih.e_value(mih.event_study(group), year=3, {0}group)",
    ),
    "draws of few clusters": (
        "mih.resample(group, cluster='county', draws=20)",
        r"(mih\.wild_bootstrap\(.*?\)), which",
        "{0}",
    ),
    # --- budgets, municipalities, memos ----------------------------------------------------------
    "starters alone": options(B, "starters=500", r"starters=(\{.*?\})", "starters={0}"),
    "no starters": options(B, "starters={}", r"starters=(\{.*?\})", "starters={0}"),
    "a year of text": options(B, "starters={'2026': 5}", r"starters=(\{.*?\})", "starters={0}"),
    "starters below none": options(
        B, "starters={2026: -5}", r"nobody is (0)", "starters={{2026: {0}}}"
    ),
    "start years with gaps": options(
        B,
        "starters={2026: 5, 2028: 5}",
        r"every year from the first to the last; nobody is (0)",
        "starters={{2026: 5, 2027: {0}, 2028: 5}}",
    ),
    "starters called cohorts": options(B, "cohorts=S", r"one of (starters)", "{0}=S"),
    "prices of a far year": options(
        B,
        "starters=S, budget_year=2040",
        r"(price_path=.*\{2024: )\.\.\.(, 2040: )\.\.\.(\}, name='\.\.\.', source='\.\.\.'\))",
        "starters=S, budget_year=2040, {0}100.0{1}140.0{2}",
    ),
    "prices of the account": options(
        B, "starters=S, budget_year=2040", r"leave (budget_year) out", "starters=S"
    ),
    "a path that lacks the account's year": options(
        B,
        "starters=S, budget_year=2026, price_path=path(2025)",
        r"\{(2024): \.\.\., 2026",
        "starters=S, budget_year=2026, price_path=path({0})",
    ),
    "a path that is a mapping": options(
        B,
        "starters=S, budget_year=2025, price_path={2024: 100.0}",
        r"(mih\.PriceIndex\.from_mapping\(\{.*\}), name=",
        "starters=S, budget_year=2025, price_path={0})",
    ),
    "a path that nothing uses": options(
        B,
        "starters=S, price_path=path(2024)",
        r"give (nominal=True)",
        "starters=S, price_path=path(2024), {0}",
    ),
    "current prices of no path": options(
        B,
        "starters=S, nominal=True",
        r"(price_path=.*from_mapping\()\{\.\.\.\}(, name='\.\.\.', source='\.\.\.'\))",
        "starters=S, nominal=True, {0}dict.fromkeys(range(2024, 2031), 100.0){1}",
    ),
    "current prices of nobody": options(
        B,
        "starters=S, nominal=True, price_path=path(2024, name='own index')",
        r"(name='\.\.\.')",
        "starters=S, nominal=True, price_path=path(2024, {0})",
    ),
    "current prices of one year": options(
        B,
        "starters=S, nominal=True, price_path=path(2024), budget_year=2026",
        r"leave one of them out",
        "starters=S, price_path=path(2024), budget_year=2026",
    ),
    "a path that is short": options(
        B,
        "starters=S, nominal=True, price_path=path(2026)",
        r"years (2024) to 2029",
        "starters=S, nominal=True, price_path=path({0})",
    ),
    "elasticity": options(
        B,
        "starters=S, elasticity=2",
        r"(-1) to 1",
        "starters=S, elasticity={0}, reference_cohort=500",
    ),
    "elasticity of no cohort": options(
        B,
        "starters=S, elasticity=-0.1",
        r"give (reference_cohort)",
        "starters=S, elasticity=-0.1, {0}=500",
    ),
    "cover": options(
        B, "starters=S, compensated='state'", r"'(county)'", "starters=S, compensated='{0}'"
    ),
    "draws of a budget": options(B, "starters=S, draws=5", r"(100)", "starters=S, draws={0}"),
    "the budget of effects": (
        "mih.budget_impact(planted(), starters=S)",
        r"what (mih\.cost_benefit) returned",
        "mih.budget_impact({0}(planted(), mih.Assumptions.r109(), programme=programme,"
        " horizon=3), starters=S)",
    ),
    "places called starters": options(V, "starters=3", r"here it is (places=)", "{0}3"),
    "half a place less than none": options(V, "places=0", r"number (above zero)", "places=0.5"),
    "a year of two digits": options(V, "first_year=26", r"(1900) or more", "first_year={0}"),
    "more than all in kind": options(
        V, "paid_in_kind=1.5", r"1\.5 per cent is (0\.015)", "paid_in_kind={0}"
    ),
    "tax in words": options(V, "kept_tax='much'", r"give a number", "kept_tax=0.4"),
    "apprentice pay in per cent": options(
        V, "apprentice_share=50", r"50 per cent is (0\.5)", "apprentice_share={0}"
    ),
    "months of an apprenticeship": options(
        V, "apprentice_months=-3", r"from 0 to (120)", "apprentice_months={0}"
    ),
    "apprentices of a programme without": (
        "mih.municipality_view(budgeted(apprenticeship=None), apprentice_months=12)",
        r"Programme\((apprenticeship=)mih\.Apprenticeship\(\.\.\., (employer='municipality')\)",
        "mih.municipality_view(budgeted({0}replace(own, {1})), apprentice_months=12)",
    ),
    "none, then": (
        "mih.municipality_view(budgeted(apprenticeship=None), apprentice_months=12)",
        r"or (leave these out)",
        "mih.municipality_view(budgeted(apprenticeship=None))",
    ),
    "the employer of apprentices": (
        "replace(own, employer='kommune')",
        r"(municipality)",
        "replace(own, employer='{0}')",
    ),
    "years of an apprenticeship": (
        "replace(own, by_year=[0.5, 0.6])",
        r"(\[0, 0\.45, 0\.55\])",
        "replace(own, by_year={0})",
    ),
    "months that are a number": (
        "replace(own, months=13.5)",
        r"give (mih\.Assumption\('apprentice_months', )\.\.\.(, 'months', .*\))$",
        "replace(own, months={0}13.5{1})",
    ),
    "apprentices of no phase": (
        "replace(own, phase='')",
        r"name=('school')",
        "replace(own, phase={0})",
    ),
    "apprentices of another phase": (
        "replace(programme, apprenticeship=replace(own, phase='learning'))",
        r"(apprenticeship)$",
        "replace(programme, apprenticeship=replace(own, phase='{0}'))",
    ),
    "apprentices that are a word": (
        "replace(programme, apprenticeship=True)",
        r"(mih\.Apprenticeship)\(phase",
        "replace(programme, apprenticeship={0}(**vars(own)))",
    ),
    "headlines": (
        "replace(programme, headlines=['wages'])",
        r"'(wage_bill)'",
        "replace(programme, headlines=['{0}'])",
    ),
    "who is compensated": (
        "replace(programme, compensated='fylke')",
        r"'(county)'",
        "replace(programme, compensated='{0}')",
    ),
    "an end of a decision": (
        "decision.at('mid')",
        r"'(low)'",
        "decision.at('{0}')",
    ),
    "a decision of no name": (
        "replace(decision, name='')",
        r"name=('school')",
        "replace(decision, name={0})",
    ),
    "a base above the cohort": (
        "mih.nav.per_place(budgeted(), bases=[5_000])",
        r"below (700)",
        "mih.nav.per_place(budgeted(), bases=[{0} - 1])",
    ),
    "a memo of effects": (
        "mih.write_memo(planted(), folder / 'memo.html')",
        r"what (mih\.cost_benefit) returned",
        "mih.write_memo({0}(planted(), mih.Assumptions.r109(), programme=programme,"
        " horizon=3), folder / 'memo.html')",
    ),
    "a memo as text": (
        "mih.write_memo(budgeted(), folder / 'memo.txt')",
        r"with (\.html)",
        "mih.write_memo(budgeted(), folder / 'memo{0}')",
    ),
    "a memo in another language": (
        "mih.write_memo(budgeted(), folder / 'memo.html', lang='no')",
        r'"(nb)"',
        "mih.write_memo(budgeted(), folder / 'memo.html', lang='{0}')",
    ),
    "a memo nowhere": (
        "mih.write_memo(budgeted(), None)",
        r'path="(results)/',
        "mih.write_memo(budgeted(), folder / '{0}' / 'memo.html')",
    ),
    "a memo of so many starters": (
        "mih.write_memo(budgeted(), folder / 'memo.html', starters=500)",
        r"starters=(\{.*?\})",
        "mih.write_memo(budgeted(), folder / 'memo.html', starters={0})",
    ),
    "the shipped index, misspelt": (
        "mih.PriceIndex.from_mapping(kpi | {2020: 200.0})",
        r"correct the index of (2020)",
        "mih.PriceIndex.from_mapping(kpi | {{{0}: kpi[{0}]}})",
    ),
    "the shipped index, on another base": (
        "mih.PriceIndex.from_mapping(kpi | {2026: 100.0})",
        r"index=(.*)\.\.\.(.*)\.\.\.(.*)",
        "{0}100.0{1}102.0{2}",
    ),
    # --- the account, display and files ----------------------------------------------------------
    "language": ("mih.options(lang='no')", r'"(nb)"', "within(mih.options(lang='{0}'), int)"),
    "min_cell": (
        "mih.options(min_cell=2.5)",
        r"such as (5)",
        "within(mih.options(min_cell={0}), int)",
    ),
    "a text in one language": ("mih.Label(nb='a', en=None)", r"write (mih\.Label\(.*\))", "{0}"),
    "a unit of no name": ("mih.Unit('')", r'such as "(hours)"', "mih.Unit('{0}')"),
    "no discount ladder": (
        "mih.Discount([(40, 0.04), (30, 0.03), (None, 0.02)])",
        r"as (\(.*\))",
        "mih.Discount({0})",
    ),
    "an older file": ("mih.load(edited(1))", r"again .* and (save) it", "loaded(group.balance())"),
    "a newer file": ("mih.load(edited(99))", r"(save)", "loaded(group.balance())"),
    "a file of no layout": (
        "mih.load(edited(None))",
        r"with (\.save)\(\)",
        "loaded(group.balance())",
    ),
    "a layout of text": ("mih.load(edited('1'))", r"with (\.save)\(\)", "loaded(group.balance())"),
    "no layout there has been": (
        "mih.load(edited(0))",
        r"with (\.save)\(\)",
        "loaded(group.balance())",
    ),
}


def further() -> dict[str, tuple[str, str, str]]:
    """The rows of advice.txt and its like: three lines each, by the first of them."""
    files = sorted(Path(__file__).parent.glob("advice*.txt"))
    texts = [file.read_text(encoding="utf-8").splitlines() for file in files]
    lines = [line.strip() for text in texts for line in text if line and line[0] != "#"]
    return {wrong: (wrong, *rest) for wrong, *rest in zip(*[iter(lines)] * 3, strict=True)}  # type: ignore[misc]


def half(rows: Any) -> Any:
    """A score of one's own."""
    return np.full(len(rows), 0.5)


def alike() -> pd.DataFrame:
    """The rows of one year, with who is treated."""
    rows = register()[register()["year"] == 2018]
    said = rows.assign(t=rows["start_year"].notna())
    return said.drop(columns=["person_id", "year", "start_year", "eligible"])


def persons() -> mih.Table:
    return mih.Table(register()[["person_id"]].drop_duplicates())


def spells(start: tuple[str, str] = ("2014-01-01", "2014-03-01"), **told: Any) -> mih.Spells:
    """Two spells of one person, of which the second is a month long."""
    stop = ["05.02.2014", "06.03.2014"] if "." in start[0] else ["2014-02-15", "2014-03-31"]
    rows = {"person_id": "p001", "start": start, "stop": stop, "dagsats": 500.0, "code": "x"}
    return mih.Spells(pd.DataFrame(rows), **({"to": "aap"} | told if told else {}))


def built(columns: Any = None, *, twice: bool = False, combine: Any = None, **options: Any) -> Any:
    """A panel of one table by year, and of what else is given."""
    rows = pd.concat([register()] * (1 + twice))
    columns = columns or {"year": "year", "wage_income": "wage_income"}
    yearly = [mih.Table(rows, columns=columns, combine=combine)]
    return mih.build_panel(persons(), **({"years": (2012, 2019), "yearly": yearly} | options))


def copied(path: Path, ending: str, encoding: str | None = None) -> Path:
    """A file under the ending of another kind, or in another encoding."""
    content = path.read_bytes()
    copy = path.with_name(f"copy{ending}")
    copy.write_bytes(content.decode("utf-8-sig").encode(encoding) if encoding else content)
    return copy


def cost(**told: Any) -> mih.CostItem:
    """A cost of one's own."""
    label = mih.Label(nb="kurs", en="course")
    given = {"name": "own", "label": label, "amounts": [40_000.0], "payer": "state"}
    return mih.CostItem(**(given | told))


def given(*outcomes: str, unit: str = "NOK") -> mih.EffectSeries:
    """Planted effects on wages and on other outcomes."""
    rows = [
        {"outcome": name, "year_since_start": year, "estimate": 1_000.0, "unit": measured}
        for name, measured in (("wage_income", "NOK"), *((name, unit) for name in outcomes))
        for year in range(3)
    ]
    return mih.EffectSeries.from_frame(pd.DataFrame(rows), price_year=2024)


def bp(**tables: Any) -> Any:
    """A panel of two persons, a and b."""
    persons = mih.Table(pd.DataFrame({"person_id": ["a", "b"]}))
    return mih.build_panel(persons, **({"years": (2019, 2021)} | tables))


def csv(text: str, encoding: str = "utf-8") -> Path:
    """A CSV file."""
    path = Path(tempfile.mkdtemp(dir=_folder[0])) / "rows.csv"
    path.write_bytes((text + "\n").encode(encoding))
    return path


def parts(*years: dict[str, Any]) -> Path:
    """Parquet files of a and b, one a year, with the columns of each."""
    folder = Path(tempfile.mkdtemp(dir=_folder[0]))
    for year, columns in enumerate(years, 2019):
        rows = pd.DataFrame({"person_id": ["a", "b"], "year": year, **columns})
        rows.to_parquet(folder / f"{year}.parquet")
    return folder / "*.parquet"


def together(*files: Path) -> mih.Panel:
    """The panel of some files, read as one source."""
    folder = Path(tempfile.mkdtemp(dir=_folder[0]))
    for n, file in enumerate(files):
        file.rename(folder / f"{n}.csv")
    panel = mih.read_panel(folder / "*.csv", money="fixed")
    panel.require()
    return panel


def tables(text: str) -> Any:
    """The panel that a file of tables tells of."""
    folder = Path(tempfile.mkdtemp(dir=_folder[0]))
    (folder / "tables.toml").write_text(text, encoding="utf-8")
    (folder / "p.csv").write_text("person_id;x\na;1\n", encoding="utf-8")
    (folder / "w.csv").write_text("person_id;year;w;c\na;2020;5;0301\n", encoding="utf-8")
    return mih.build_from_toml(folder / "tables.toml")


def template(name: str, old: str, new: str) -> Path:
    """The file that `mih-impact init` writes, with a text changed."""
    path = written(Path(tempfile.mkdtemp(dir=_folder[0]))) / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def written(folder: Path) -> Path:
    """A folder in which an analysis stands already."""
    if not (folder / "analysis.toml").exists():
        write_template(folder, lang="en")
    return folder


def analysis(old: str, new: str) -> StudySpec:
    """The analysis of the template, with a text changed; its account is made as well."""
    spec = StudySpec.from_toml(template("analysis.toml", old, new))
    short = replace(spec.account, horizon=3)
    account_of(short, planted(), price_year=2024, folder=spec.folder)
    return spec


def wide() -> pd.DataFrame:
    """The wages of the small register with a column for each year."""
    by_year = register().pivot(index="person_id", columns="year", values="wage_income")
    return by_year.add_prefix("lonn_").reset_index()


def within(option: Any, call: Callable[[], Any]) -> Any:
    """Call within display options."""
    with option:
        return call()


def run(code: str) -> Any:
    """Run code on the small register."""
    names: dict[str, Any] = {
        "mih": mih, "nw": nw, "rows": register(), "panel": read(),
        "group": matched(),
        "few": few, "rare": rare, "account": account, "loaded": loaded, "edited": edited,
        "without": without, "within": within, "starting": starting, "planted": planted,
        "budgeted": budgeted, "path": path, "replace": replace, "folder": _folder[0],
        "S": {2026: 500, 2027: 700}, "programme": mih.nav.menn_i_helse(),
        "own": mih.nav.menn_i_helse().apprenticeship,
        "decision": next(iter(mih.nav.decisions().values())),
        "half": half, "alike": alike(), "persons": persons, "spells": spells, "built": built,
        "wide": wide(), "pandas": pd,
        "done": register().assign(done=np.where(register()["hours"] > 800, "yes", "no")),
        "sheet": functools.partial(edited_sheet, budgeted(), _folder[0]), "copied": copied,
        "edited_sheet": edited_sheet, "cost": cost, "given": given, "analysis": analysis,
        "read_programme": lambda *edit: read_programme(template("programme.toml", *edit)),
        "np": np, "F": {"outcome": "wage_income", "year_since_start": range(3), "estimate": 1e5},
        "bp": bp, "csv": csv, "R": together, "parts": parts, "tables": tables, "register": register,
        "fr": wrong_tables.frame, "tab": wrong_tables.rows, "sp": wrong_tables.spells,
        "SPELL": wrong_tables.SPELL, "WAGE": wrong_tables.WAGE, "DAY": wrong_tables.DAY,
        "written": written, "A": mih.Assumptions.r109(), "AB": mih.Label(nb="a", en="b"),
        "write_template": write_template, "pd": pd,
        "kpi": dict(zip(mih.PriceIndex.kpi().years, mih.PriceIndex.kpi().values, strict=True)),
    }  # fmt: skip
    if "weighted" in code:
        names["weighted"] = mih.weight(read(), on=["age"])
    return eval(code, names)


TOLD |= further()


@pytest.mark.filterwarnings("ignore::mih_impact.MihImpactWarning")
@pytest.mark.parametrize("name", TOLD)
def test_who_follows_the_advice_gets_on(name: str, tmp_path: Path) -> None:
    _folder[0] = tmp_path
    wrong, says, instead = TOLD[name]
    with pytest.raises(mih.MihImpactError) as caught:
        run(wrong)
    found = re.search(says, str(caught.value.do))
    assert found, f"{says!r} is not in {caught.value}"
    assert run(instead.format(*found.groups())) is not None
