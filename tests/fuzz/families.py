"""What is made up: values where words and numbers are expected, tables, files, texts.

A family takes a generator and returns what puts one input to the library.
"""

from __future__ import annotations

import datetime
import functools
import inspect
import io
import tempfile
import zipfile
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import mih_impact as mih
from tests.fuzz.harness import Family

Call = tuple[Callable[..., Any], dict[str, Any]]
GRID = {"displacement": [0.0, 0.2], "tax_rate_wage": [0.2, 0.3]}

# --- odd values ----------------------------------------------------------------------------------


class Odd:
    """An object that is like nothing."""

    def __repr__(self) -> str:
        return "Odd()"


#: Values of every kind, each made anew so that no input changes another's.
ODD: tuple[Callable[[], Any], ...] = (
    lambda: None, lambda: float("nan"), lambda: float("inf"), lambda: -float("inf"),
    lambda: pd.NA, lambda: pd.NaT, lambda: True, lambda: False, lambda: 0, lambda: 1, lambda: -1,
    lambda: 2, lambda: 7, lambda: 1.5, lambda: 0.05, lambda: 0.95, lambda: -0.5, lambda: 10**6,
    lambda: 10**9, lambda: 10**30, lambda: -(10**12), lambda: 1e308, lambda: 1e-308,
    lambda: np.float64("nan"), lambda: np.int64(3), lambda: np.float32(0.5), lambda: np.bool_(True),
    lambda: np.str_("age"), lambda: Decimal("1.5"), lambda: Fraction(1, 3), lambda: 1 + 2j,
    lambda: "", lambda: " ", lambda: "x", lambda: "age", lambda: "wage_income", lambda: "county",
    lambda: "person_id", lambda: "æøå", lambda: "=1+1", lambda: "nb", lambda: "NaN", lambda: "5",
    lambda: "a\x07b", lambda: "x" * 10_000, lambda: b"age", lambda: [], lambda: [None],
    lambda: ["age"], lambda: ["age", "age"], lambda: [1, 2, 3], lambda: [0.1, "x"], lambda: [[]],
    lambda: (), lambda: (-1, 2), lambda: (2, -1), lambda: (0,), lambda: (1, 10**9), lambda: {},
    lambda: {"age": 1}, lambda: {2026: 5}, lambda: {"x": None}, lambda: {None: "x"},
    lambda: {1: {2: 3}}, lambda: set(), lambda: {"age"}, lambda: range(3), lambda: range(0),
    lambda: slice(0, 2), lambda: ..., lambda: int, lambda: len, lambda: Odd(), lambda: iter([1]),
    lambda: np.array([]), lambda: np.array([1.0, 2.0]), lambda: np.array(["age", "x"]),
    lambda: np.array(3.0), lambda: np.eye(3), lambda: np.array([None, "x"], dtype=object),
    lambda: pd.Series([1, 2]), lambda: pd.Series(dtype=float), lambda: pd.DataFrame(),
    lambda: pd.DataFrame({"x": [1]}), lambda: datetime.date(2020, 1, 1), lambda: Path("nowhere"),
    lambda: datetime.datetime(2020, 1, 1), lambda: pd.Timestamp("2020-01-01"),
    lambda: mih.lag("wage_income", 1), lambda: mih.Label(nb="a", en="b"),
)  # fmt: skip


def odd(rng: np.random.Generator) -> Any:
    """Return an odd value, now and then within a list, a tuple or a mapping."""
    value = ODD[rng.integers(len(ODD))]()
    wrapped = rng.random()
    if wrapped < 0.05:
        return [value, ODD[rng.integers(len(ODD))]()]
    if wrapped < 0.08:
        return (value,)
    if wrapped < 0.11:
        return {"wage_income": value}
    return value


def pick(rng: np.random.Generator, *options: Any) -> Any:
    return options[rng.integers(len(options))]


# --- a small register, and what is made from it --------------------------------------------------


@functools.cache
def register() -> pd.DataFrame:
    """Sixty persons in eight years, twelve of whom start."""
    rng = np.random.default_rng(1)
    n, years = 60, np.arange(2012, 2020)
    start = np.where(np.arange(n) < 12, 2015 + np.arange(n) % 2, np.nan)
    blocks = [
        pd.DataFrame(
            {
                "person_id": [f"p{i:02d}" for i in range(n)],
                "year": year,
                "wage_income": rng.uniform(0, 400_000, n).round(2),
                "start_year": start,
                "birth_year": 1970 + np.arange(n) % 20,
                "county": np.array(["A", "B"])[np.arange(n) % 2],
                "education": np.array(["low", "mid", "high"])[np.arange(n) % 3],
                "dagpenger": rng.uniform(0, 90_000, n).round(2) * (rng.random(n) < 0.4),
                "eligible": True,
            }
        )
        for year in years
    ]
    return pd.concat(blocks, ignore_index=True)


@functools.cache
def panel(measure: str | None = None) -> mih.Panel:
    frame = register()
    if measure is not None:
        starts = frame["year"] == frame["start_year"]
        frame = frame.drop(columns="start_year").assign(measure=np.where(starts, measure, None))
    return mih.read_panel(frame, money="fixed")


@functools.cache
def group(kind: str = "match") -> mih.ControlGroup:
    if kind == "weight":
        return mih.weight(panel(), on=["age"], method="ipw")
    once = {"ratio": 1, "replace": False} if kind == "pairs" else {"ratio": 2}
    return mih.match(panel(), on=["age"], exact=["county"], caliper=None, **once)


@functools.cache
def effects(by: str | None = None) -> mih.EffectSeries:
    return mih.event_study(group(), window=(-3, 3), by=by)


@functools.cache
def group_time() -> mih.GroupTimeEffects:
    return mih.group_time_effects(panel(), outcomes="wage_income")


@functools.cache
def programme() -> mih.Programme:
    text = mih.Label(nb="kurs", en="course")
    item = mih.CostItem(name="c", label=text, amounts=[50_000.0], payer="county", low=1, high=9e4)
    return mih.Programme(name="own", label=text, items=[item])


@functools.cache
def case() -> mih.CostBenefit:
    return mih.cost_benefit(effects(), mih.Assumptions.r109(), programme=programme(), horizon=4)


# --- arguments -----------------------------------------------------------------------------------


def _calls() -> tuple[Callable[[], Call], ...]:
    text = mih.Label(nb="a", en="b")
    assumption = {
        "name": "x", "value": 1.0, "unit": "share", "status": "seen", "source": "s", "low": 0.0,
        "high": 1.0, "label": text,
    }  # fmt: skip
    frame = pd.DataFrame(
        {"outcome": "wage_income", "year_since_start": range(3), "estimate": 1_000.0}
    )
    return (
        lambda: (mih.read_panel, {"source": register(), "money": "fixed"}),
        lambda: (mih.read_cross_section, {
            "frame": pd.DataFrame({"d": [1, 0] * 20, "y": range(40)}), "treated": "d",
            "outcome": "y"}),
        lambda: (mih.match, {"panel": panel(), "on": ["age"], "caliper": None}),
        lambda: (mih.match, {"panel": panel(), "on": [], "exact": ["county"], "method": "exact"}),
        lambda: (mih.weight, {"panel": panel(), "on": ["age"]}),
        lambda: (mih.event_study, {"group": group(), "window": (-2, 2)}),
        lambda: (mih.event_study, {"group": group("weight"), "outcomes": "wage_income"}),
        lambda: (mih.group_time_effects, {"panel": panel(), "outcomes": "wage_income"}),
        lambda: (mih.imputation_effects, {"panel": panel(), "outcomes": "wage_income"}),
        lambda: (group_time().overall, {"kind": "dynamic"}),
        lambda: (group_time().pretrend_test, {}),
        lambda: (effects().average, {"years": [0, 1]}),
        lambda: (group_time().aggregate, {"kind": "event"}),
        lambda: (mih.cost_benefit, {
            "effects": effects(), "assumptions": mih.Assumptions.r109(), "programme": programme(),
            "horizon": 4}),
        lambda: (mih.budget_impact, {"case": case(), "starters": {2026: 5}, "draws": 100}),
        lambda: (mih.municipality_view, {"case": case(), "places": 3}),
        lambda: (mih.honest_bounds, {"effects": effects(), "years": 0}),
        lambda: (mih.pretrend_power, {"effects": effects()}),
        lambda: (mih.placebo_start, {"group": group(), "years": 1}),
        lambda: (mih.placebo_outcomes, {"group": group(), "outcomes": ["dagpenger"]}),
        lambda: (mih.leave_one_out, {"group": group(), "by": "county", "year": 1}),
        lambda: (mih.attrition_check, {"group": group(), "window": (-1, 1)}),
        lambda: (mih.lee_bounds, {"group": group(), "year": 1}),
        lambda: (mih.rosenbaum_bounds, {"group": group("pairs"), "year": 1}),
        lambda: (mih.e_value, {"effects": effects(), "group": group(), "year": 1}),
        lambda: (mih.multiplier_bootstrap, {"effects": effects(), "draws": 99}),
        lambda: (mih.wild_bootstrap, {
            "group": group(), "year": 1, "cluster": "county", "draws": 99}),
        lambda: (mih.randomisation_test, {"group": group(), "year": 1, "draws": 20}),
        lambda: (mih.resample, {"group": group(), "draws": 20, "outcomes": "wage_income"}),
        lambda: (mih.specification_curve, {"group": group(), "year": 1}),
        lambda: (lambda column, year: mih.lag(column, year), {"column": "age", "year": 1}),
        lambda: (lambda column, at: mih.cut(column, at), {"column": "age", "at": 40}),
        lambda: (mih.completers, {"column": "eligible"}),
        lambda: (mih.options, {"lang": "nb"}),
        lambda: (mih.load, {"path": "nowhere.zip"}),
        lambda: (mih.write_memo, {"case": case(), "path": "nowhere/a.txt"}),
        lambda: (mih.write_workbook, {"case": case(), "path": "nowhere/a.txt"}),
        lambda: (mih.write_budget_page, {"case": case(), "path": "nowhere/a.txt"}),
        lambda: (mih.run_study, {"spec": "nowhere.toml"}),
        lambda: (mih.EffectSeries.from_frame, {"frame": frame, "price_year": 2024}),
        lambda: (panel().cube, {}),
        lambda: (panel("afl").for_measure, {"measure": "afl"}),
        lambda: (panel().estimate_size, {}),
        lambda: (panel().eligibility, {}),
        lambda: (mih.match(panel("afl"), on=["age"], measure="afl").other_measures, {}),
        lambda: (effects().pretrend_test, {}),
        lambda: (effects("education").difference_test, {}),
        lambda: (effects().subgroup, {"name": "all"}),
        lambda: (effects().select, {"outcomes": ["wage_income"], "years": [0, 1]}),
        lambda: (effects().summary, {}),
        lambda: (case().interval, {}),
        lambda: (case().with_values, {"values": {"displacement": 0.1}}),
        lambda: (case().grid, {"over": GRID}),
        lambda: (case().scenarios, {}),
        lambda: (case().switching_values, {}),
        lambda: (case().uncertainty, {"n": 100}),
        lambda: (case().variance_shares, {"n": 100}),
        lambda: (case().present_value, {"of": "society"}),
        lambda: (case().break_even, {"of": "society"}),
        lambda: (case().with_sheet, {"sheet": "nowhere.csv"}),
        lambda: (mih.Assumptions.r109, {}),
        lambda: (mih.Assumptions.r109().replace, {"displacement": 0.1}),
        lambda: (mih.Assumption, dict(assumption)),
        lambda: (mih.Label, {"nb": "a", "en": "b"}),
        lambda: (mih.Discount, {}),
        lambda: (mih.Discount().factors, {"n": 5}),
        lambda: (mih.Discount.flat, {"rate": 0.04}),
        lambda: (mih.PriceIndex.from_mapping, {"index": {2020: 100.0, 2021: 103.0}}),
        lambda: (mih.PriceIndex.kpi().factor, {"year": 2020, "price_year": 2024}),
        lambda: (mih.CostItem, {
            "name": "c", "label": text, "amounts": [1.0, 2.0], "payer": "state"}),
        lambda: (mih.Phase, {"name": "p", "label": text, "reach": 0.5}),
        lambda: (mih.Benefit, {"name": "b", "payer": "state", "taxable": True}),
        lambda: (mih.Programme, {"name": "own", "label": text}),
        lambda: (mih.Scenario, {"name": "s", "label": text, "values": {"displacement": 0.1}}),
        lambda: (mih.NonPriced, {
            "name": "n", "label": text, "whom": text, "importance": "large", "extent": "none",
            "reason": text, "status": "seen", "source": text}),
        lambda: (mih.Decision, {
            "name": "d", "label": text, "starters": {2026: 7}, "source": text}),
    )  # fmt: skip


def _further() -> tuple[Callable[[], Call], ...]:
    """Calls on tables of registers, derived outcomes, and what stands beside an account."""
    spells = pd.DataFrame(
        {"person_id": ["p01", "p02"], "start": ["2015-01-01"] * 2, "stop": ["2016-01-01"] * 2}
    )
    people = mih.Table(pd.DataFrame({"person_id": ["p01", "p02"], "birth_year": [1980, 1990]}))
    text = mih.Label(nb="a", en="b")
    known = {"status": "seen", "source": "s", "low": None, "high": None, "label": text}
    term = functools.partial(mih.Assumption, value=0.5, unit="share", **known)
    return (
        lambda: (mih.build_panel, {"persons": people, "years": (2014, 2016), "spells": [
            mih.Spells(spells, to="sick", name="sick", count="days")],
            "yearly": [mih.Table(
                register(), columns={"year": "year", "wage_income": "wage_income"})]}),
        lambda: (mih.estimate_build, {"persons": people, "years": (2014, 2016)}),
        lambda: (mih.Table, {"source": spells}),
        lambda: (mih.Spells, {"source": spells, "to": "sick"}),
        lambda: (mih.Status, {"source": spells, "to": "sick"}),
        lambda: (mih.Starts, {"source": spells}),
        lambda: (mih.quantile_effects, {"group": group(), "year": 1}),
        lambda: (mih.tax_by_decile, {
            "effects": effects(), "group": group(), "rates": [0.3] * 10, "source": "s"}),
        lambda: (mih.publication_table, {"result": group().balance()}),
        lambda: (mih.above, {"column": "wage_income", "g": 1}),
        lambda: (mih.in_g, {"column": "wage_income"}),
        lambda: (mih.stable, {"column": "wage_income"}),
        lambda: (mih.scaled, {"days": 260}),
        lambda: (mih.Question, {"outcome": "wage_income"}),
        lambda: (mih.Unit, {"name": "hours"}),
        lambda: (mih.Confounding, {"kind": "level"}),
        lambda: (mih.UnpaidTime, {"years": {"a": [0.5]}, "wage": 1e5, "price_year": 2024}),
        lambda: (mih.Apprenticeship, {
            "phase": "apprentice", "employer": "municipality", "by_year": [0.5, 0.5],
            "months": term(name="apprentice_months", unit="months"),
            "share": term(name="apprentice_share"),
            "skilled_wage": term(name="skilled_wage", unit="NOK per year", value=5e5)}),
    )  # fmt: skip


@functools.cache
def objects() -> tuple[Any, ...]:
    """What the methods are called on."""
    return (
        panel(), panel().check(), group(), group("weight"), group().balance(), group().overlap(),
        effects(), group_time(), case(), programme(), *programme().items,
        *mih.nav.decisions().values(),
        case().uncertainty(n=100), case().scenarios(), case().grid(over=GRID),
        case().sensitivity(), mih.Assumptions.r109(), mih.PriceIndex.kpi(), mih.Discount(),
        mih.budget_impact(case(), starters={2026: 5}, draws=100), case().bridge(),
        mih.honest_bounds(effects(), years=0), mih.placebo_start(group(), years=1),
        mih.leave_one_out(group(), by="county", year=1), mih.quantile_effects(group(), year=1),
        mih.attrition_check(group(), window=(-1, 1)), mih.Label(nb="a", en="b"),
    )  # fmt: skip


#: Methods and arguments by which files are written.
WRITES = {"out", "replay", "save", "to_csv", "to_html", "to_latex", "to_parquet", "write"}
#: Methods that only the library calls, with tables and rows of its own.
INNER = {"card_table", "read", "verdict", "words"}


def methods(rng: np.random.Generator) -> Callable[[], object]:
    """A method of a result with one or two arguments, and all that it needs, odd."""
    whose = pick(rng, *objects())
    names = [n for n in dir(type(whose)) if not n.startswith("_") and n not in WRITES | INNER]
    call = getattr(whose, pick(rng, *[n for n in names if callable(getattr(type(whose), n, None))]))
    try:
        signature = inspect.signature(call).parameters.values()
    except ValueError:
        return lambda: None
    first = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    known = [each for each in signature if each.kind in (*first, inspect.Parameter.KEYWORD_ONLY)]
    needed = [each.name for each in known if each.default is each.empty]
    free = [each.name for each in known if each.default is not each.empty]
    more = rng.choice(free, size=min(len(free), int(rng.integers(1, 3))), replace=False)
    given = {str(name): odd(rng) for name in (*needed, *more)}
    return lambda: call(**given)


CALLS = (*_calls(), *_further())


def arguments(rng: np.random.Generator) -> Callable[[], object]:
    """A public call with one or two arguments that are not what they should be."""
    try:
        call, given = CALLS[rng.integers(len(CALLS))]()
        signature = inspect.signature(call).parameters.values()
    except (ValueError, TypeError):  # what has no signature has no arguments to be wrong
        return lambda: None
    given = dict(given)
    names = [
        each.name for each in signature if each.kind is not each.VAR_POSITIONAL
        and each.name not in WRITES
    ]  # fmt: skip
    if not names:
        return lambda: call(odd(rng), odd(rng))
    for name in rng.choice(names, size=min(len(names), int(rng.integers(1, 3))), replace=False):
        given[str(name)] = odd(rng)
    return lambda: call(**given)


# --- accounts ------------------------------------------------------------------------------------


def account(rng: np.random.Generator) -> Callable[[], object]:
    """An account of a made-up programme, sound or not, and what is asked of it."""
    text = mih.Label(nb="a", en="b")

    def money() -> Any:
        return pick(rng, 0.0, 1.0, -5.0, 1e5, 1e12, float("nan"), rng.uniform(0, 2e5), "5", None)

    def actor() -> Any:
        return pick(rng, "state", "county", "municipality", "employer", "users", "nobody", None)

    items = [
        {
            "name": pick(rng, f"c{k}", "c", ""),
            "label": text,
            "amounts": pick(rng, [money()], [money(), money()], {int(rng.integers(-1, 40)): 5.0}),
            "payer": actor() or "state",
            "receiver": pick(rng, None, None, actor()),
            "reach": pick(rng, 1.0, 0.5, 0.0, 2.0, float("nan")),
            "timing": pick(rng, None, "start", "end", "noon"),
            "low": pick(rng, None, None, 0.0, money()),
            "high": pick(rng, None, None, 1e6, money()),
        }
        for k in range(rng.integers(0, 4))
    ]
    horizon = pick(rng, 1, 3, 7, 40, 0, -1, 2.5, 10**9, None, "7", 500)
    years = int(rng.integers(1, 8))
    path = rng.normal(0, 10.0 ** rng.integers(0, 7), years)
    covariance = pick(rng, None, np.eye(years), np.zeros((years, years)), 1e20 * np.eye(years))
    persistence = pick(rng, "none", "constant", "half_life", "linear", "for ever")
    ask = pick(
        rng, "summary", "ledger", "indicators", "beside", "bridge", "sensitivity", "scenarios",
        "switching_values", "by_year", "costs", "by_budget", "residual_value", "non_priced",
    )  # fmt: skip

    def put() -> object:
        frame = pd.DataFrame(
            {"outcome": "wage_income", "year_since_start": range(years), "estimate": path}
        )
        series = mih.EffectSeries.from_frame(frame, covariance=covariance, price_year=2024)
        own = mih.Programme(name="own", label=text, items=[mih.CostItem(**item) for item in items])
        found = mih.cost_benefit(
            series, mih.Assumptions.r109(), programme=own, horizon=horizon, persistence=persistence
        )
        return getattr(found, ask)()

    return put


def series(rng: np.random.Generator) -> Callable[[], object]:
    """Effects from a table in which some cells are not what they should be."""
    n = int(rng.integers(0, 6))
    frame = pd.DataFrame(
        {
            "outcome": pd.Series(["wage_income"] * n, dtype=object),
            "year_since_start": pd.Series(range(n), dtype=object),
            "estimate": pd.Series(rng.normal(0, 1e4, n), dtype=object),
        }
    )
    for _ in range(rng.integers(0, 3)):
        if n:
            frame.iat[int(rng.integers(n)), int(rng.integers(3))] = odd(rng)
    if rng.random() < 0.3:
        frame["unit"] = [pick(rng, "NOK", "share", None, 5, "hours") for _ in range(n)]
    if rng.random() < 0.1:
        frame = frame.drop(columns=str(rng.choice(frame.columns)))
    root = rng.normal(size=(n, n))
    covariance = pick(
        rng, None, root @ root.T, root, -np.eye(n), np.full((n, n), np.nan), np.eye(n + 1),
        pd.DataFrame(np.eye(n)), odd(rng),
    )  # fmt: skip
    price_year = pick(rng, 2024, 2024, 2015, 1700, odd(rng))
    ask = pick(rng, "summary", "to_frame", "pretrend_test", "plot", "account")

    def put() -> object:
        found = mih.EffectSeries.from_frame(frame, covariance=covariance, price_year=price_year)
        if ask == "account":
            return mih.cost_benefit(
                found, mih.Assumptions.simplified(), programme=programme(), horizon=n
            )
        result = getattr(found, ask)()
        if ask == "plot":
            import matplotlib.pyplot as plt

            plt.close("all")
        return result

    return put


# --- registers -----------------------------------------------------------------------------------

_DTYPES = (
    "Int64", "float64", "Float64", "object", "string", "category", "bool", "boolean", "int8",
    "UInt8", "float32", "datetime64[ns]", "timedelta64[ns]",
)  # fmt: skip


def frames(rng: np.random.Generator) -> Callable[[], object]:
    """A register with a column or some cells changed, read, checked and matched."""
    frame = register()[register()["year"] < 2018].copy()
    for _ in range(rng.integers(1, 4)):
        _change(frame, rng)
    if rng.random() < 0.1:
        frame = frame.iloc[: int(rng.integers(0, 3))]
    money = pick(rng, "fixed", "fixed", "nominal")
    as_what = pick(rng, "pandas", "pandas", "polars", "arrow")
    further = rng.random() < 0.3

    def put() -> object:
        own: Any = frame
        if as_what != "pandas":
            try:
                own = _converted(frame, as_what)
            except Exception:  # what another library cannot hold is no input
                return None
        found = mih.read_panel(own, money=money)
        report = found.check()
        report.summary()
        if further and report.passed:
            return mih.event_study(
                mih.match(found, on=["age"], exact=["county"], caliper=None), window=(-1, 1)
            ).summary()
        return report

    return put


def _converted(frame: pd.DataFrame, kind: str) -> Any:
    if kind == "arrow":
        import pyarrow as pa

        return pa.Table.from_pandas(frame, preserve_index=False)
    import polars as pl

    return pl.from_pandas(frame)


def _change(frame: pd.DataFrame, rng: np.random.Generator) -> None:
    """Change a frame in place: a type, all cells, one cell, a name, or rows."""
    column = str(rng.choice(frame.columns))
    how = rng.integers(6)
    rows = len(frame)
    if how == 0:
        frame[column] = pd.array([pd.NA] * rows, dtype=pick(rng, "Int64", "Float64", "string"))
    elif how == 1:
        try:
            frame[column] = frame[column].astype(pick(rng, *_DTYPES))
        except (TypeError, ValueError, OverflowError):
            frame[column] = None
    elif how == 2:
        frame[column] = frame[column].astype(object)
        frame.iat[int(rng.integers(rows)), frame.columns.get_loc(column)] = odd(rng)
    elif how == 3:
        name = pick(rng, "x", "Year", "wage", " ", "sex", "municipality", "month", "death_year")
        frame.rename(columns={column: name}, inplace=True)
    elif how == 4:
        values = (0, -1, 9999, 1e18, "2016", "0301", None, float("inf"), 2016.5)
        frame[pick(rng, "death_year", "emigration_year", column)] = pick(rng, *values)
    else:
        half = rows // 2
        twice = [*range(half, 2 * half), *range(half, rows)]
        for place in range(frame.shape[1]):  # two columns may have one name
            frame.isetitem(place, frame.iloc[:, place].iloc[twice].array)


# --- files ---------------------------------------------------------------------------------------


@functools.cache
def csv_bytes() -> bytes:
    frame = register()[register()["year"].between(2014, 2016)]
    return frame.to_csv(index=False, sep=";").encode()


def csv_file(rng: np.random.Generator) -> Callable[[], object]:
    """A CSV file with its text, line ends, encoding or bytes changed."""
    raw = csv_bytes()
    for _ in range(rng.integers(1, 4)):
        raw = _changed_csv(raw, rng)
    return _reads(raw, pick(rng, "r.csv", "r.csv", "r.csv", "r.txt", "r.parquet"))


def _changed_csv(raw: bytes, rng: np.random.Generator) -> bytes:
    lines = raw.split(b"\n")
    place = int(rng.integers(len(raw) + 1))
    row = int(rng.integers(len(lines)))
    how = rng.integers(12)
    if how == 0:
        return raw[:place]
    if how == 1:
        return raw[:place] + bytes(rng.integers(1, 256, 3).tolist()) + raw[place:]
    if how == 2:
        return raw.replace(b"\n", pick(rng, b"\r", b"\r\n", b"\n\n", b" \n"))
    if how == 3:
        return raw.replace(b";", pick(rng, b",", b"\t", b"|", b";;", b" "))
    if how == 4:
        return raw.replace(b".", pick(rng, b",", b"", b" ", b"'"))
    if how == 5:
        return b"\n".join([*lines[:row], pick(rng, b"", b";", b'"', b"a;b", b"x"), *lines[row:]])
    if how == 6:
        return b"\n".join(lines[1:])
    if how == 7:
        return lines[0] + pick(rng, b"", b"\n", b"\r", b"\n\n")
    if how == 8:
        return raw.decode("latin-1").encode(pick(rng, "utf-16", "utf-8-sig", "utf-32", "cp037"))
    if how == 9:
        return raw.replace(b"wage_income", pick(rng, b"lonn", b"year", b"", b'"wage"', b"Wage"))
    if how == 10:
        return b"\n".join([*lines[: row + 1], *lines[row:]])
    return raw.replace(b"2015", pick(rng, b"NA", b"2015.5", b"9999", b"", b"-1", b"1e400"))


@functools.cache
def good_files() -> dict[str, bytes]:
    """Files as the library or others write them, by suffix."""
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        register().to_parquet(where / "r.parquet")
        effects().save(where / "e.zip")
        case().save(where / "c.zip")
        for suffix in ("csv", "xlsx", "toml"):
            case().sheet().write(where / f"s.{suffix}")
        return {path.name: path.read_bytes() for path in sorted(where.iterdir())}


def files(rng: np.random.Generator) -> Callable[[], object]:
    """A file cut short, emptied, or with another's name or content."""
    name = pick(rng, *good_files())
    raw = good_files()[name]
    how = rng.integers(4)
    if how == 0:
        raw = raw[: int(rng.integers(len(raw)))]
    elif how == 1:
        raw = pick(rng, b"", b"PK\x03\x04", b"PAR1", b"\x00" * 100, b"name = 3\n", b"<html></html>")
    elif how == 2:
        raw = good_files()[pick(rng, *good_files())]
    elif name.endswith(("zip", "xlsx")):
        raw = _without_a_member(raw, rng)
    else:
        raw = raw + b"\x00\x01"
    return _reads(raw, name)


def _without_a_member(raw: bytes, rng: np.random.Generator) -> bytes:
    """Return an archive in which one file is missing, empty or something else."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as source, zipfile.ZipFile(written, "w") as target:
        chosen = pick(rng, *source.namelist())
        how = rng.integers(3)
        for name in source.namelist():
            if name != chosen:
                target.writestr(name, source.read(name))
            elif how:
                target.writestr(name, b"" if how == 1 else b"[1, 2, 3]")
    return written.getvalue()


def _reads(raw: bytes, name: str) -> Callable[[], object]:
    def put() -> object:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(raw)
            if name.startswith("r."):
                return mih.read_panel(path, money="fixed").check().summary()
            if name.endswith("zip"):
                return mih.load(path).summary()
            return case().with_sheet(path).npv

    return put


# --- texts of files ------------------------------------------------------------------------------

_PROGRAMME = {
    "name": "own",
    "label": {"nb": "a", "en": "b"},
    "price_year": 2024,
    "phase": [{"name": "p", "label": "p", "reach": 0.5, "status": "seen"}],
    "item": [
        {
            "name": "c", "label": "c", "phase": "p", "per_starter": [1.0, 2.0], "payer": "state",
            "cash": True, "status": "seen",
        }
    ],
    "effect": [
        {
            "name": "n", "label": "a", "whom": "b", "reason": "c", "source": "d",
            "importance": "large", "extent": "none", "status": "seen",
        }
    ],
}  # fmt: skip


def _toml(value: Any) -> str:
    """Return a value as TOML, or a text that is none."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return (
            '"' + "".join(each for each in value if each.isprintable() and each not in '"\\') + '"'
        )
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {_toml(each)}' for key, each in value.items()) + "}"
    return str(value)


def programme_file(rng: np.random.Generator) -> Callable[[], object]:
    """A programme in which one or two values are of another type, missing, or new."""
    from mih_impact.study.toml_files import programme_of

    content: dict[str, Any] = _copy(_PROGRAMME)
    for _ in range(rng.integers(1, 3)):
        table: Any = content
        while isinstance(table, dict) and table:
            key = pick(rng, *table)
            inner = table[key]
            if isinstance(inner, list) and inner and isinstance(inner[0], dict):
                inner = inner[0]
            if isinstance(inner, dict) and rng.random() < 0.8:
                table = inner
                continue
            if rng.random() < 0.2:
                del table[key]
            else:
                table[pick(rng, key, key, key, "new")] = _plain(rng)
            break
    return lambda: programme_of(content, "p.toml").to_frame()


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(each) for key, each in value.items()}
    return [_copy(each) for each in value] if isinstance(value, list) else value


def _plain(rng: np.random.Generator) -> Any:
    """Return a value that a TOML file can hold."""
    return pick(
        rng, "", "x", "state", 0, -1, 7, 2.5, 1e300, 10**12, float("nan"), float("inf"), True, [],
        ["x"], [1, 2], [[1]], {}, {"nb": "a"}, {"a": {"b": 1}}, [{}], [{"name": "x"}], "a\x07b",
        datetime.date(2020, 1, 1), datetime.time(12, 0),
    )  # fmt: skip


@functools.cache
def analysis_text() -> str:
    return mih.nav.analysis().to_toml()


def analysis_file(rng: np.random.Generator) -> Callable[[], object]:
    """An analysis with some lines changed, doubled or gone; it is read, and not run."""
    from mih_impact.study.spec import StudySpec

    lines = analysis_text().splitlines()
    for _ in range(rng.integers(1, 4)):
        row = int(rng.integers(len(lines)))
        key, equals, _ = lines[row].partition(" = ")
        how = rng.integers(5)
        if how == 0:
            del lines[row]
        elif how == 1:
            lines.insert(row, pick(rng, "[x]", "y = 1", "= 3", "[data]", "]", lines[row]))
        elif equals:
            lines[row] = f"{key} = {_toml(_plain(rng))}"
    return lambda: StudySpec.from_text("\n".join(lines)).to_toml()


#: Every family with its share of the inputs: the quick ones have more.
FAMILIES: dict[str, tuple[Family, float]] = {
    "arguments": (arguments, 40),
    "methods": (methods, 10),
    "account": (account, 16),
    "series": (series, 16),
    "programme": (programme_file, 10),
    "analysis": (analysis_file, 6),
    "csv": (csv_file, 5),
    "frames": (frames, 4),
    "files": (files, 3),
}
