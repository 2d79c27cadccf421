"""Wrong input to the account gets a typed error that says what, what was found, and what to do.

Every public class and method of the account is given what it cannot take: values out of bounds,
parts that do not go together, and wrong types. Nothing else than a `MihImpactError` may come out,
and nothing may be taken in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.errors import MihImpactError

LABEL = mih.Label(nb="kurs", en="course")
R109 = mih.Assumptions.r109()
NAN, INF = float("nan"), float("inf")


def effects(*, price_year: int = 2024, unit: str = "NOK", **paths: float) -> mih.EffectSeries:
    paths = {"wage_income": 60_000.0, **paths}
    frame = pd.DataFrame(
        [(name, year, value) for name, value in paths.items() for year in range(7)],
        columns=["outcome", "year_since_start", "estimate"],
    )
    sigma = np.eye(len(frame)) * 8_000.0**2
    return mih.EffectSeries.from_frame(frame, covariance=sigma, unit=unit, price_year=price_year)


def assumption(**changes: Any) -> mih.Assumption:
    given = {"name": "x", "value": 0.5, "unit": "share", "status": "ASSUMED", "source": "",
             "low": None, "high": None, "label": LABEL}  # fmt: skip
    return mih.Assumption(**(given | changes))


def item(**changes: Any) -> mih.CostItem:
    given = {"name": "course", "label": LABEL, "amounts": [100.0, 50.0], "payer": "state"}
    return mih.CostItem(**(given | changes))


def phase(**changes: Any) -> mih.Phase:
    return mih.Phase(**({"name": "school", "label": LABEL} | changes))


def programme(**changes: Any) -> mih.Programme:
    return mih.Programme(**({"name": "p", "label": LABEL} | changes))


def scenario(**changes: Any) -> mih.Scenario:
    return mih.Scenario(**({"name": "s", "label": LABEL} | changes))


PROGRAMME = programme(
    phases=[phase(reach=0.8)],
    items=[item(amounts=[150_000.0, 10_000.0], phase="school", low=1e5, high=2e5),
           item(name="part", reach=0.5)],
)  # fmt: skip


def account(series: Any = None, rates: Any = R109, **changes: Any) -> mih.CostBenefit:
    given = {"programme": PROGRAMME} | changes
    return mih.cost_benefit(effects() if series is None else series, rates, **given)


CASE = account()
DRAWS = CASE.uncertainty(n=100)
SHARES = {"municipal_tax_share": 0.9, "county_tax_share": 0.2}
FREE_SHARES = R109.vary("municipal_tax_share", low=0, high=1)

Call = Callable[[], object]
ASSUMPTIONS: dict[str, tuple[Call, str]] = {
    "value of text": (lambda: assumption(value="0.5"), "x has a value"),
    "value of nothing": (lambda: assumption(value=None), "None"),
    "value above 1": (lambda: assumption(value=24), "24 per cent is 0.24"),
    "value not a number": (lambda: assumption(value=NAN), "nan"),
    "unit unknown": (lambda: assumption(unit="kroner"), "no unit="),
    "unit a list": (lambda: assumption(unit=["share"]), "no unit="),
    "low a text": (lambda: assumption(low="0", high=1.0), "no number"),
    "low a truth": (lambda: assumption(low=False, high=1.0), "no number"),
    "low not a number": (lambda: assumption(low=NAN, high=1.0), "no number"),
    "one end": (lambda: assumption(low=0.1), "one end only"),
    "range without value": (lambda: assumption(low=0.6, high=0.7), "does not hold its value"),
    "range out of bounds": (lambda: assumption(low=-1.0, high=1.0), "can be"),
    "distribution unknown": (lambda: assumption(distribution="beta"), "triangular"),
    "distribution a list": (lambda: assumption(distribution=["fixed"]), "has no distribution="),
    "triangle without range": (lambda: assumption(distribution="triangular"), "no range"),
    "points without discrete": (lambda: assumption(points=((0.0, 1.0),)), "discrete"),
    "points flat": (lambda: assumption(distribution="discrete", points=(1, 2)), "pairs"),
    "points a text": (lambda: assumption(distribution="discrete", points="ab"), "pairs"),
    "points nothing": (lambda: assumption(points=None), "pairs"),
    "weights not a number": (
        lambda: assumption(distribution="discrete", points=((0.2, NAN), (0.3, 1.0))), "pairs",
    ),
    "weights off": (
        lambda: assumption(distribution="discrete", points=((0.2, 0.5), (0.3, 0.6))), "sum to 1.1",
    ),
    "weights negative": (
        lambda: assumption(distribution="discrete", points=((0.2, -0.5), (0.3, 1.5))), "from 0 on",
    ),
    "status unknown": (lambda: assumption(status="sure"), "ASSUMED"),
    "label a text": (lambda: assumption(label="x"), "two languages"),
    "name a number": (lambda: assumption(name=5), "no name"),
    "source nothing": (lambda: assumption(source=None), "no text"),
    "vary unknown": (lambda: R109.vary("leisre", low=0, high=1), "did you mean 'leisure'"),
    "vary a number": (lambda: R109.vary(5), "no assumption 5"),
    "vary text": (lambda: R109.vary("leisure", low="0", high=1), "low='0'"),
    "vary word": (lambda: R109.vary("leisure", low="a", high=1), "finite number"),
    "vary past its value": (lambda: R109.vary("pension_share", low=0.5), "does not hold"),
    "vary without range": (
        lambda: mih.Assumptions.simplified().vary("pension_share"), "low=..., high=...",
    ),
    "vary points flat": (
        lambda: R109.vary("leisure", distribution="discrete", points=[1, 2]), "pairs",
    ),
    "vary points outside": (
        lambda: R109.vary("leisure", distribution="discrete", points=((0, 0.5), (2, 0.5))),
        "values outside 0 to 1",
    ),
    "vary source": (lambda: R109.vary("leisure", source=5), "no text"),
    "replace unknown": (lambda: R109.replace(leisre=1), "did you mean 'leisure'"),
    "replace a rate of -1": (lambda: R109.replace(discount_rate=-1.0), "above -1"),
    "replace a rate below -1": (lambda: R109.replace(discount_rate=-2.0), "above -1"),
    "replace by a rate": (lambda: R109.replace(discount=0.04), "Discount.flat"),
    "replace twice": (
        lambda: R109.replace(discount=mih.Discount.flat(0.03), discount_rate=0.04), "given twice",
    ),
    "replace nothing": (lambda: R109.replace(leisure=None), "None"),
    "replace shares": (lambda: R109.replace(**SHARES), "0.9 and 0.2"),
    "replace the year by a text": (lambda: R109.replace(price_year="2024"), "whole number"),
    "a year without index": (lambda: R109.replace(price_year=1066), "2009-2025"),
    "zone unknown": (lambda: mih.Assumptions.r109(zone="VI"), "zone='VI'"),
    "zone a list": (lambda: mih.Assumptions.r109(zone=["I"]), "zone"),
    "rate of -1": (lambda: mih.Discount.flat(-1.0), "above -1"),
    "rate in per cent": (lambda: mih.Discount.flat(4), "0.04"),
    "later rate in per cent": (lambda: mih.Discount([(40, 0.04), (None, 3)]), "at most 1"),
    "rate of text": (lambda: mih.Discount.flat("a"), "last year and a rate"),
    "rate not a number": (lambda: mih.Discount.flat(NAN), "above -1"),
    "ladder a number": (lambda: mih.Discount(ladder=5), "Found: 5"),
    "ladder without end": (lambda: mih.Discount(ladder=((40, 0.04),)), "end open"),
    "ladder of texts": (lambda: mih.Discount(ladder=(("40", 0.04), (None, 0.03))), "'40'"),
    "ladder of half years": (lambda: mih.Discount(ladder=((40.5, 0.04), (None, 0.03))), "40.5"),
    "timing unknown": (lambda: mih.Discount(timing="mid"), "middle"),
}  # fmt: skip

COSTS: dict[str, tuple[Call, str]] = {
    "negative": (lambda: item(amounts=[-1.0]), "negative"),
    "infinite": (lambda: item(amounts=[INF]), "not a number"),
    "a text": (lambda: item(amounts="abc"), "'abc'"),
    "a list of texts": (lambda: item(amounts=["5"]), "'5'"),
    "a number": (lambda: item(amounts=5), "Found: 5"),
    "nothing": (lambda: item(amounts=None), "None"),
    "truths": (lambda: item(amounts=[True]), "True"),
    "two dimensions": (lambda: item(amounts=np.ones((2, 2))), "positive numbers by year"),
    "a table": (lambda: item(amounts=pd.DataFrame({"a": [1.0]})), "not years since start"),
    "years of text": (lambda: item(amounts={"0": 5.0}), "start year, which is 0"),
    "years before": (lambda: item(amounts={-1: 5.0}), "start year, which is 0"),
    "years of truth": (lambda: item(amounts={True: 5.0}), "True"),
    "values of text": (lambda: item(amounts={0: "a"}), "'a'"),
    "payer unknown": (lambda: item(payer="munisipality"), "did you mean 'municipality'"),
    "payer nothing": (lambda: item(payer=None, receiver="state"), "has no payer="),
    "payer nobody": (lambda: item(payer=None), "has no payer="),
    "payer a list": (lambda: item(payer=["state"]), "has no payer="),
    "receiver unknown": (lambda: item(receiver="nobody"), "'nobody'"),
    "receiver the payer": (lambda: item(receiver="state"), "to itself"),
    "reach per cent": (lambda: item(reach=85), "from 0 to 1"),
    "reach a text": (lambda: item(reach="0.5"), "'0.5'"),
    "reach a truth": (lambda: item(reach=True), "True"),
    "reach not a number": (lambda: item(reach=NAN), "nan"),
    "cash a word": (lambda: item(cash="yes"), "cash is True or False"),
    "price year a text": (lambda: item(price_year="2024"), "price_year"),
    "price year a fraction": (lambda: item(price_year=2024.5), "whole number"),
    "timing unknown": (lambda: item(timing="mid"), "middle"),
    "label a text": (lambda: item(label="kurs"), "two languages"),
    "name empty": (lambda: item(name=""), "no name"),
    "name a number": (lambda: item(name=5), "no name"),
    "phase a number": (lambda: item(phase=5), "phase"),
    "unit a number": (lambda: item(unit=5), "unit"),
    "status unknown": (lambda: item(status="sure"), "ASSUMED"),
    "one end": (lambda: item(low=5.0), "one end only"),
    "range without the sum": (lambda: item(low=200.0, high=300.0), "150"),
    "range of text": (lambda: item(low="0", high=500.0), "no number"),
    "range and no year": (lambda: item(amounts=[], low=0.0, high=5.0), "no year"),
    "phase per cent": (lambda: phase(reach=85), "85 per cent is 0.85"),
    "phase reach a text": (lambda: phase(reach="a"), "'a'"),
    "phase label a text": (lambda: phase(label="skole"), "two languages"),
    "phase when a text": (lambda: phase(when="høsten"), "two languages"),
    "phase without name": (lambda: phase(name=" "), "no name"),
    "phase range": (lambda: phase(reach=0.5, low=0.6, high=0.8), "reach:school"),
    "phase without range": (lambda: phase(distribution="triangular"), "no range"),
    "items of mappings": (lambda: programme(items=[{"name": "a"}]), "list of CostItem"),
    "items one item": (lambda: programme(items=item()), "a CostItem"),
    "items a text": (lambda: programme(items="abc"), "list of CostItem"),
    "phases of texts": (lambda: programme(phases=["school"]), "list of Phase"),
    "phases one phase": (lambda: programme(phases=phase()), "list of Phase"),
    "age a number": (lambda: programme(age_at_start=40), "Found: 40"),
    "age of another name": (
        lambda: programme(age_at_start=assumption(name="age", unit="years", value=40.0)), "'age'",
    ),
    "age in shares": (
        lambda: programme(age_at_start=assumption(name="age_at_start")), "in share",
    ),
    "note a text": (lambda: programme(note="x"), "two languages"),
    "programme label a text": (lambda: programme(label="x"), "two languages"),
    "programme without name": (lambda: programme(name=None), "no name"),
    "no such phase": (
        lambda: programme(phases=[phase()], items=[item(phase="scool")]), "did you mean 'school'",
    ),
    "reach twice": (
        lambda: programme(phases=[phase(reach=0.8)], items=[item(phase="school", reach=0.5)]),
        "0.5, phase 'school' 0.8",
    ),
    "one name, two reaches": (
        lambda: programme(phases=[phase(reach=0.8)], items=[item(name="school")]), "reach:school",
    ),
    "two items": (lambda: programme(items=[item(), item()]), "several cost items"),
    "two phases": (lambda: programme(phases=[phase(), phase()]), "several phases"),
    "two currencies": (
        lambda: programme(items=[item(), item(name="b", unit="EUR")]), "EUR, NOK",
    ),
    "prices of a text": (lambda: PROGRAMME.in_prices("2020"), "whole number"),
    "prices without index": (lambda: PROGRAMME.in_prices(1800), "2009-2025"),
}  # fmt: skip

ACCOUNTS: dict[str, tuple[Call, str]] = {
    "benefit without payer": (lambda: mih.Benefit("x"), "has no payer="),
    "benefit untold": (lambda: mih.Benefit("x", "state"), "taxable=True or taxable=False"),
    "benefit taxed 1": (lambda: mih.Benefit("x", "state", 1), "taxable=1"),
    "benefit of an unknown actor": (lambda: mih.Benefit("x", "stat", True), "did you mean 'state'"),
    "benefit paid by who gets it": (lambda: mih.Benefit("x", "participant", True), "has no payer="),
    "benefit paid by the displaced": (lambda: mih.Benefit("x", "displaced", True), "has no payer="),
    "benefit of a number": (lambda: mih.Benefit(5, "state", True), "no name"),
    "benefit without name": (lambda: mih.Benefit("", "state", True), "no name"),
    "benefit label a text": (lambda: mih.Benefit("x", "state", True, "y"), "two languages"),
    "effects a number": (lambda: account(5), "event_study"),
    "assumptions a mapping": (lambda: account(rates={"a": 1}), "Assumptions.r109()"),
    "programme nothing": (lambda: account(programme=None), "Programme.none()"),
    "horizon a text": (lambda: account(horizon="7"), "whole number"),
    "horizon a truth": (lambda: account(horizon=True), "whole number"),
    "horizon nothing": (lambda: account(horizon=0), "horizon"),
    "horizon beyond the effects": (lambda: account(horizon=8), "persistence='constant'"),
    "horizon beyond, none": (lambda: account(horizon=9, persistence="none"), "no effects in 7, 8"),
    "persistence unknown": (lambda: account(persistence="half"), "'half_life'"),
    "composed a number": (lambda: account(composed=1.0), "composed= is a list of effects"),
    "persistence nothing": (lambda: account(persistence=None), "None"),
    "roles a list": (lambda: account(roles=["wage"]), "roles is a mapping"),
    "role a number": (lambda: account(effects(nav=1.0), roles={"nav": 5}), "does not exist"),
    "role a class": (lambda: account(effects(nav=1.0), roles={"nav": mih.Benefit}), "not exist"),
    "role of nothing": (lambda: account(roles={5: "wage"}), "no outcome"),
    "role unmapped": (lambda: account(effects(nav=1.0)), "roles={'nav': 'benefit:...'}"),
    "total beside its parts": (
        lambda: account(effects(nav=1.0, aap=1.0), roles={"nav": "benefit:state"}), "counted twice",
    ),
    "total beside one's own part": (
        lambda: account(
            effects(nav=1.0, own=1.0),
            roles={"nav": "benefit:state", "own": mih.Benefit("own", "state", True)},
        ),
        "benefit:own",
    ),
    "price years mixed": (lambda: account(effects(price_year=2020)), "price_year=2020"),
    "currency": (lambda: account(effects(unit="EUR")), "EUR"),
    "other assumptions": (lambda: CASE.with_assumptions({"a": 1}), "a dict"),
    "no assumptions": (lambda: CASE.with_assumptions(None), "None"),
    "other prices": (lambda: CASE.with_assumptions(R109.replace(price_year=2020)), "2020"),
    "values a list": (lambda: CASE.with_values([1]), "values is a mapping"),
    "value of no name": (lambda: CASE.with_values({"cost:cours": 1}), "'cost:course'"),
    "value of a number": (lambda: CASE.with_values({5: 1}), "no assumption 5"),
    "value a text": (lambda: CASE.with_values({"leisure": "1"}), "'1'"),
    "value nothing": (lambda: CASE.with_values({"leisure": None}), "None"),
    "value many": (lambda: CASE.with_values({"leisure": np.array([0, 1.0])}), "ndarray"),
    "value below 0": (lambda: CASE.with_values({"cost:course": -1.0}), "from 0"),
    "value a reach": (lambda: CASE.with_values({"reach:school": 1.5}), "from 0 to 1"),
    "value of shares": (lambda: CASE.with_values({"municipal_tax_share": 0.99}), "0.99 and 0.07"),
    "actor unknown": (lambda: CASE.present_value("municipalty"), "did you mean 'municipality'"),
    "actor of break-even": (lambda: CASE.break_even("x"), "no actor 'x'"),
    "actor of a scale": (lambda: CASE.switching_scale(5), "no actor 5"),
    "level per cent": (lambda: CASE.interval(95), "level=0.95"),
    "level a text": (lambda: CASE.interval("a"), "'a'"),
    "level nothing": (lambda: CASE.interval(None), "None"),
    "level not a number": (lambda: CASE.interval(NAN), "between 0.5 and 1"),
    "draws a text": (lambda: CASE.draws("5", 1), "n='5'"),
    "draws a truth": (lambda: CASE.draws(True, 1), "whole number"),
    "draws none": (lambda: CASE.draws(0, 1), "at least one"),
    "draws of a half": (lambda: CASE.draws(5.5, 1), "5.5"),
    "seed below 0": (lambda: CASE.draws(5, -1), "seed"),
    "seed a text": (lambda: CASE.draws(5, "a"), "seed"),
    "no age": (lambda: CASE.residual_value(), "age_at_start"),
}  # fmt: skip

WHAT_IF: dict[str, tuple[Call, str]] = {
    "grid of a list": (lambda: CASE.grid(["a", "b"]), "over is a mapping"),
    "grid of one": (lambda: CASE.grid({"leisure": [0, 1]}), "over two"),
    "grid of three": (
        lambda: CASE.grid({"leisure": [0], "displacement": [0], "selection": [0]}), "over two",
    ),
    "grid of no name": (lambda: CASE.grid({"leisre": [0], "selection": [0]}), "'leisure'"),
    "grid of a number": (lambda: CASE.grid({5: [0], "selection": [0]}), "no assumption 5"),
    "grid of texts": (lambda: CASE.grid({"leisure": ["a"], "selection": [0]}), "['a']"),
    "grid of a text": (lambda: CASE.grid({"leisure": "01", "selection": [0]}), "'01'"),
    "grid of nothing": (lambda: CASE.grid({"leisure": [], "selection": [0]}), "leisure=[]"),
    "grid out of bounds": (lambda: CASE.grid({"leisure": [2], "selection": [0]}), "from 0 to 1"),
    "grid of too large shares": (
        lambda: CASE.grid({name: [share] for name, share in SHARES.items()}), "sum to 1.1",
    ),
    "grid for nobody": (lambda: CASE.grid({"leisure": [0], "selection": [0]}).pivot("soc"), "soc"),
    "tornado of too large shares": (
        lambda: CASE.with_assumptions(FREE_SHARES).sensitivity(), "sum to 1.07",
    ),
    "draws of too large shares": (
        lambda: CASE.with_assumptions(FREE_SHARES).uncertainty(n=100), "all of the tax",
    ),
    "tornado for nobody": (lambda: CASE.sensitivity().of("soc"), "no actor 'soc'"),
    "scenario of a number": (lambda: scenario(name=5), "no name"),
    "scenario without name": (lambda: scenario(name=""), "no name"),
    "scenario label a text": (lambda: scenario(label="x"), "two languages"),
    "scenario values a list": (lambda: scenario(values=[1]), "values is a mapping"),
    "scenario values nothing": (lambda: scenario(values=None), "values is a mapping"),
    "scenario persistence": (lambda: scenario(persistence="halflife"), "'halflife'"),
    "scenario horizon a text": (lambda: scenario(horizon="7"), "horizon='7'"),
    "scenario horizon nothing": (lambda: scenario(horizon=0), "1 or more"),
    "scenario horizon a half": (lambda: scenario(horizon=7.5), "7.5"),
    "scenarios a text": (lambda: CASE.scenarios("dear"), "list of mih.Scenario"),
    "scenarios one alone": (lambda: CASE.scenarios(scenario()), "list of mih.Scenario"),
    "scenarios twice": (lambda: CASE.scenarios([scenario(), scenario()]), "one name"),
    "scenarios of a taken name": (lambda: CASE.scenarios([scenario(name="base")]), "Found: base"),
    "scenario of no name": (
        lambda: CASE.scenarios([scenario(values={"cost:cours": 5})]), "'cost:course'",
    ),
    "scenario of a text": (
        lambda: CASE.scenarios([scenario(values={"tax_rate_wage": "a"})]), "tax_rate_wage",
    ),
    "scenario too long": (lambda: CASE.scenarios([scenario(horizon=10)]), "effects of 7 years"),
    "scenario too short": (lambda: CASE.scenarios([scenario(horizon=3)]), "horizon=3"),
    "switching for nobody": (lambda: CASE.switching_values("soc"), "no actor 'soc'"),
    "switching for a list": (lambda: CASE.switching_values(["society"]), "no actor"),
    "shares of few draws": (lambda: CASE.variance_shares(n=5), "100 or more"),
    "shares of text": (lambda: CASE.variance_shares(n="500"), "n='500'"),
    "shares of a seed": (lambda: CASE.variance_shares(n=100, seed=-3), "seed=-3"),
    "shares for nobody": (lambda: CASE.variance_shares(n=100).of("soc"), "no actor 'soc'"),
    "few draws": (lambda: CASE.uncertainty(n=5), "100 or more"),
    "draws of text": (lambda: CASE.uncertainty(n="100"), "n='100'"),
    "draws of a fraction": (lambda: CASE.uncertainty(n=100.5), "100.5"),
    "draws of a seed": (lambda: CASE.uncertainty(n=100, seed=-1), "seed=-1"),
    "draws of no seed": (lambda: CASE.uncertainty(n=100, seed=None), "seed=None"),
    "resampled a text": (lambda: CASE.uncertainty(resampled="x"), "mih.resample"),
    "resampled an array": (lambda: CASE.uncertainty(resampled=np.ones((100, 7))), "mih.resample"),
    "cost below 0": (lambda: DRAWS.acceptability([-1]), "numbers from 0 on"),
    "cost a text": (lambda: DRAWS.acceptability("a"), "'a'"),
    "costs none": (lambda: DRAWS.acceptability([]), "[]"),
    "costs a mapping": (lambda: DRAWS.acceptability({5: 1}), "a dict"),
    "cost not a number": (lambda: DRAWS.acceptability([NAN]), "nan"),
    "cost infinite": (lambda: DRAWS.acceptability([INF]), "inf"),
    "no costs to set against": (
        lambda: account(programme=mih.Programme.none()).uncertainty(n=100).acceptability(),
        "costs 0",
    ),
    "level per cent": (lambda: DRAWS.to_frame(95), "level=0.95"),
    "level a text": (lambda: DRAWS.to_frame("a"), "'a'"),
    "level nothing": (lambda: DRAWS.to_frame(None), "None"),
    "level 0": (lambda: DRAWS.to_frame(0), "between 0.5 and 1"),
    "level a truth": (lambda: DRAWS.to_frame(True), "True"),
}  # fmt: skip

EVERY = {
    f"{where}: {what}": case
    for where, cases in (
        ("assumption", ASSUMPTIONS), ("cost", COSTS), ("account", ACCOUNTS), ("what if", WHAT_IF),
    )
    for what, case in cases.items()
}  # fmt: skip


@pytest.mark.parametrize(("call", "word"), EVERY.values(), ids=EVERY.keys())
def test_what_is_wrong_is_told(call: Call, word: str) -> None:
    with pytest.raises(MihImpactError) as caught:
        call()
    error = caught.value
    assert error.what
    assert error.do, f"it does not say what to do: {error}"
    assert error.found or "itself" in error.what, f"it does not say what was found: {error}"
    assert word in str(error), str(error)


def test_no_message_shows_what_a_table_holds() -> None:
    """A series or table in the wrong place is named by its type or shape, never by its values."""
    secret = pd.Series([123_456.0, -1.0], index=[0, 1])
    for call in (lambda: CASE.with_values(secret), lambda: CASE.grid(secret)):
        with pytest.raises(MihImpactError) as caught:
            call()
        assert "123" not in str(caught.value)


def test_what_is_right_in_an_unusual_way_is_taken() -> None:
    """NumPy's numbers are numbers, a series goes by its index, one cost is a list of one."""
    assert CASE.with_values({"leisure": np.int64(1)}).npv == CASE.with_values({"leisure": 1.0}).npv
    assert item(amounts={np.int64(2): 5.0}).amounts == (0.0, 0.0, 5.0)
    assert item(amounts=pd.Series([5.0, 6.0], index=[3, 1])).amounts == (0.0, 6.0, 0.0, 5.0)
    assert item(amounts=np.array([5.0, 6.0])).amounts == (5.0, 6.0)
    one = DRAWS.acceptability(200_000)
    assert one.equals(DRAWS.acceptability([200_000]))
    assert item(amounts=[]).amounts == ()


def test_a_switching_value_of_one_tax_share_leaves_room_for_the_other() -> None:
    """The municipality alone cannot have more than what the county leaves of the tax."""
    rates = R109.replace(county_tax_share=0.4, municipal_tax_share=0.0)
    for group in ("municipality", "state"):
        frame = account(rates=rates).switching_values(group).to_frame().set_index("assumption")
        found = frame.loc["municipal_tax_share", "switching_value"]
        assert np.isnan(found) or 0 <= found <= 0.6


def test_the_nearest_switching_value_is_the_nearest() -> None:
    """Flows that cross zero at two rates: of -100, 230, -132 they are 10 and 20 per cent.

    The textbook's example of a project with two internal rates of return: 230/1.1 - 132/1.21 = 100
    and 230/1.2 - 132/1.44 = 100.
    """
    frame = pd.DataFrame(
        {"outcome": "wage_income", "year_since_start": range(3), "estimate": [-100.0, 230, -132]}
    )
    bare = mih.Assumptions.simplified().replace(tax_rate_wage=0.0, tax_financing_cost=0.0)
    for base, nearest in ((0.05, 0.1), (0.14, 0.1), (0.16, 0.2), (0.3, 0.2), (0.1, 0.1)):
        case = mih.cost_benefit(
            mih.EffectSeries.from_frame(frame, price_year=2024),
            bare.replace(discount=mih.Discount.flat(base)),
            programme=mih.Programme.none(),
            horizon=3,
        )
        values = case.switching_values().to_frame().set_index("assumption")
        assert values.loc["discount_rate", "switching_value"] == pytest.approx(nearest, abs=1e-9)
        assert values.loc["discount_rate", "method"] == "root finding"


def test_where_nothing_flows_no_rate_moves_anything() -> None:
    frame = CASE.switching_values("employer").to_frame().set_index("assumption")
    assert frame["switching_value"].isna().all()
    assert set(frame["reason"]) == {"does not move this present value"}


def test_an_account_of_a_century_has_switching_values() -> None:
    """Rates near -1 over so many years leave the range of numbers; they are passed over."""
    rates = R109.replace(discount=mih.Discount.flat(0.04))
    frame = account(rates=rates, horizon=140, persistence="constant").switching_values().to_frame()
    assert frame["method"].isin(["closed form", "root finding"]).all()
