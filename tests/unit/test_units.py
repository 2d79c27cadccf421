"""Units of outcomes: what is declared, what is refused, and how amounts of each are shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.display.locale import both
from mih_impact.display.numbers import interval
from mih_impact.display.tables import text_cells
from mih_impact.display.unit import amount, difference
from mih_impact.reporting.export import effects_table
from mih_impact.study.run import study_tables
from mih_impact.study.spec import StudySpec
from tests.support import small_register

NBSP = "\u00a0"


def register(**columns: object) -> pd.DataFrame:
    """Return a small register with hours worked, a logarithm, a pension, and no wage."""
    frame = small_register(n=240, starters=40)
    hours = frame["wage_income"] / 300.0
    frame = frame.assign(
        hours=hours,
        lemp=np.log(1.0 + hours),
        pension=(frame["wage_income"] / 7.0).round(2),
        **columns,
    )
    return frame.drop(columns=["wage_income", "dagpenger", "sosialhjelp"])


UNITS = {"hours": "hours", "lemp": "log points", "pension": "NOK"}


@pytest.fixture(scope="module")
def panel() -> mih.Panel:
    return mih.read_panel(register(), units=UNITS)


@pytest.fixture(scope="module")
def group(panel) -> mih.ControlGroup:
    return mih.match(panel, exact="county", on=["age", *mih.lag("hours", 1)], ratio=1)


@pytest.fixture(scope="module")
def effects(group) -> mih.EffectSeries:
    return mih.event_study(group, window=(-4, 3))


# --- what is an outcome ---------------------------------------------------------------------------


def test_what_is_declared_is_an_outcome_and_person_year_and_one_outcome_are_enough(panel, effects):
    assert panel.outcomes == effects.outcomes == ("hours", "lemp", "pension")
    assert panel.units == effects.units == UNITS
    rows = effects.to_frame().drop_duplicates("outcome").set_index("outcome")["unit"]
    assert rows.to_dict() == UNITS
    least = pd.DataFrame({"person_id": ["a"], "year": [2020], "on_leave": [True]})
    assert mih.read_panel(least).units == {"on_leave": "share"}
    with pytest.raises(mih.PanelContractError, match="no outcome"):
        mih.read_panel(least.drop(columns="on_leave"))


CALLS = {
    "match": lambda p: mih.match(p, exact="county", on="age", outcomes="hours"),
    "weight": lambda p: mih.weight(p, on="age", outcomes=["hours"]),
    "event_study": lambda p: mih.event_study(
        mih.match(p, exact="county", on=["age", "hours"], ratio=1), outcomes="hours", window=(-1, 1)
    ),
    "group_time_effects": lambda p: mih.group_time_effects(p, outcomes="hours"),
    "placebo_outcomes": lambda p: mih.placebo_outcomes(
        mih.match(p, exact="county", on="age"), outcomes="hours", year=1
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_number_nobody_has_declared_is_no_outcome_anywhere_and_the_line_to_paste_works(call):
    frame = register()
    with pytest.raises(mih.MihImpactError, match="says what hours is measured in") as caught:
        CALLS[call](mih.read_panel(frame, units={"pension": "NOK"}))
    paste = {"hours": "hours"}
    assert f"units={paste}".replace("'", '"') in str(caught.value)
    assert CALLS[call](mih.read_panel(frame, units={"pension": "NOK"} | paste)) is not None


REFUSED = {
    "no mapping": ("hours", {}, "units is a mapping"),
    "no such column": ({"hour": "hours"}, {}, "perhaps hours"),
    "text": ({"trade": "hours"}, {}, "trade is .* where trade needs numbers"),
    "codes": ({"hours": "hours"}, {"codes": ["hours"]}, "or has as codes"),
    "no unit": ({"hours": None}, {}, "A unit is a name"),
    "empty": ({"hours": " "}, {}, "A unit has a name"),
    "money by another name": ({"hours": "kroner"}, {}, 'write "NOK"'),
    "small letters": ({"hours": "eur"}, {}, 'write "EUR"'),
    "two currencies": ({"hours": "EUR"}, {}, "one currency"),
    "the contract's own": ({"birth_year": "hours"}, {}, "The contract says what birth_year"),
    "no currency": ({"hours": "hours"}, {"currency": "kr"}, "ISO code"),
    "months of nobody knows": ({"hours": "visits"}, {"period": "month"}, r"mih\.Unit\(\"visits\""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_unit_is_refused(case):
    units, options, message = REFUSED[case]
    frame = register().assign(month=1, start_month=1, trade="smith")
    if options.get("period") != "month":
        frame = frame.drop(columns=["month", "start_month"])
    with pytest.raises((mih.PanelContractError, mih.OptionError), match=message):
        mih.read_panel(frame, units=units, **options)


def test_a_unit_of_ones_own_says_how_months_combine_and_money_is_always_a_sum():
    assert mih.Unit("visits", months="last").combined == "last"
    assert mih.Unit("NOK").combined == "sum"
    for wrong in (
        lambda: mih.Unit("visits", months="median"),
        lambda: mih.Unit("NOK", months="mean"),
        lambda: mih.Unit("visits", label="besøk"),
        lambda: mih.Unit(3),
        lambda: mih.Unit("x" * 41),
    ):
        with pytest.raises(mih.OptionError):
            wrong()


def test_months_unemployed_is_an_outcome_in_months_that_prices_do_not_move():
    frame = register(months_unemployed=6.0)
    after = frame["year"] >= frame["start_year"]
    frame.loc[after, "months_unemployed"] -= 2.0
    panel = mih.read_panel(frame, units=UNITS)
    assert "months_unemployed" not in panel.outcomes  # a characteristic, unless it is named
    found = mih.group_time_effects(panel, outcomes="months_unemployed").aggregate("simple")
    assert found.units == {"months_unemployed": "months"}
    np.testing.assert_allclose(found.estimate, -2.0, atol=1e-12)


# --- how it is read -------------------------------------------------------------------------------


def rows(**columns: object) -> pd.DataFrame:
    """Return a person in 2018-2020 who dies in 2019."""
    years = [2018, 2019, 2020]
    frame = pd.DataFrame({"person_id": "a", "year": years, "wage_income": 1.0, **columns})
    return frame.assign(death_year=2019.0, start_year=2019.0)


def test_the_dead_have_no_hours_no_logarithm_and_no_place_on_a_scale():
    frame = rows(hours=[7.5] * 3, lemp=[2.0] * 3, health=[4.0] * 3)
    scale = mih.Unit("points", months="mean", has_zero=False)
    units = {"hours": "hours", "lemp": "log points", "health": scale}
    cube = mih.read_panel(frame, money="fixed", units=units).cube()
    np.testing.assert_array_equal(cube.outcome("hours"), [[7.5, 7.5, 0.0]])
    np.testing.assert_array_equal(cube.outcome("lemp"), [[2.0, 2.0, np.nan]])
    np.testing.assert_array_equal(cube.outcome("health"), [[4.0, 4.0, np.nan]])
    np.testing.assert_array_equal(cube.outcome("hours", dead="missing"), [[7.5, 7.5, np.nan]])


def test_a_lag_of_a_declared_column_is_that_very_year_and_is_not_carried():
    frame = rows(hours=[5.0, np.nan, 9.0]).assign(death_year=np.nan)
    declared = mih.read_panel(frame, units={"hours": "hours"}).cube()
    assert declared.is_outcome("hours")
    assert np.isnan(declared.lagged("hours", 2020, 1))
    assert declared.lagged("hours", 2020, 2) == [5.0]


def test_outcomes_that_are_no_money_are_doubles_in_the_smaller_cube_too():
    frame = rows(hours=[1.0 / 3.0] * 3)
    for precision in ("float64", "float32"):
        panel = mih.read_panel(frame, units={"hours": "hours"}, precision=precision)
        assert panel.cube().outcome("hours")[0, 0] == 1.0 / 3.0


def test_a_csv_column_with_a_unit_is_a_number_also_where_it_looks_like_codes(tmp_path):
    path = tmp_path / "register.csv"
    path.write_text("person_id;year;days\na;2020;007\nb;2020;012\n", encoding="utf-8")
    panel = mih.read_panel(path, units={"days": "days"}, money="fixed")
    assert panel.cube().outcome("days").ravel().tolist() == [7.0, 12.0]


@pytest.mark.parametrize(
    ("scale", "passed"), [(1.0, True), (1e-2, True), (1e-3, False), (1e-6, False)]
)
def test_money_that_oere_do_not_hold_is_refused_however_many_rows(scale, passed):
    wages = np.tile([412_345.0, 98_765.0, 0.0, 250_001.0], 5_000) * scale
    frame = pd.DataFrame({"person_id": np.arange(len(wages)), "year": 2020, "wage_income": wages})
    report = mih.read_panel(frame, money="fixed").check()
    assert report.passed is passed
    if not passed:
        [breach] = report.errors
        assert breach.rule == "lost in rounding"
        paste = 'columns={"my_wage_income": "wage_income"}, units={"my_wage_income": "log points"}'
        assert paste in breach.do.text("en")
        own = mih.read_panel(
            frame,
            money="fixed",
            columns={"my_wage_income": "wage_income"},
            units={"my_wage_income": "log points"},
        )
        assert own.check().passed
        whole = frame.assign(wage_income=frame["wage_income"] / scale)
        assert mih.read_panel(whole, money="fixed").check().passed


# --- how it is shown ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "value", "nb", "en"),
    [
        ("hours", 10.0, "10,0 timer", "10.0 hours"),
        ("hours", 1234.5, "1 235 timer", "1,235 hours"),
        ("log points", 0.034, "0,034 logpoeng", "0.034 log points"),
        ("log points", -0.00214, "\u22120,0021 logpoeng", "\u22120.0021 log points"),
        ("months", -4.0, "\u22124,00 måneder", "\u22124.00 months"),
        ("visits", 0.0, "0 visits", "0 visits"),
        ("hours", float("nan"), "–", "–"),
        ("share", 0.034, "3,4 %", "3.4%"),
        ("NOK", 10.0, "10 kr", "NOK 10"),
        (mih.Unit("fte", label=mih.Label(nb="årsverk", en="FTE")), 0.5, "0,50 årsverk", "0.50 FTE"),
    ],
)
def test_an_amount_is_shown_in_its_unit(unit, value, nb, en):
    said = both(lambda: amount(unit)(value).replace(NBSP, " "))
    assert said == mih.Label(nb, en)


@pytest.mark.parametrize("unit", ["share", "percent"])
def test_a_difference_between_shares_is_percentage_points(unit):
    scale = 0.01 if unit == "share" else 1.0
    said = both(lambda: difference(unit)(-2.7 * scale).replace(NBSP, " "))
    at = {"share": "2,7", "percent": "2,70"}[unit]
    assert said.nb == f"\u2212{at} prosentpoeng"
    assert said.en == f"\u2212{at.replace(',', '.')} percentage points"
    assert difference("hours")(3) == amount("hours")(3)


@pytest.mark.parametrize(("lang", "points"), [("nb", "prosentpoeng"), ("en", "percentage points")])
def test_effects_on_shares_are_in_percentage_points_and_means_in_per_cent(lang, points):
    frame = small_register(n=600, starters=160)  # of 40, too few change
    panel = mih.read_panel(frame)
    group = mih.match(panel, exact="county", on=["age"], ratio=1, outcomes="in_work")
    effects = mih.event_study(group, outcomes="in_work", window=(-3, 3))
    found = [
        effects.summary(lang=lang),
        effects.plot(lang=lang).yaxis.get_label_text(),
        mih.leave_one_out(group, outcome="in_work", year=2).summary(lang=lang),
        mih.placebo_start(group, outcome="in_work", years=1).summary(lang=lang),
    ]
    assert all(points in text for text in found)
    axis = effects.plot_levels(lang=lang).yaxis
    assert points not in axis.get_label_text()
    assert "%" in axis.get_major_formatter()(0.5, None)


@pytest.mark.parametrize(("lang", "points"), [("nb", "prosentpoeng"), ("en", "percentage points")])
def test_tables_say_percentage_points_once(lang, points):
    """Above the column where it holds nothing else, and short where it does."""
    frame = small_register(n=600, starters=160)
    group = mih.match(mih.read_panel(frame), exact="county", on=["age"], outcomes="in_work")
    left = mih.leave_one_out(group, outcome="in_work", year=2)
    with mih.options(lang=lang):
        header, rows = text_cells(left.card().table)
        assert any(f"({points})" in name for name in header)
        assert not any(points in cell for row in rows for cell in row)
        effects = mih.event_study(group, outcomes=["in_work", "wage_income"], window=(-2, 2))
        table = effects_table("effects", effects, "")
        header, rows = text_cells(table.cells, table.formats)
        effect = header.index({"nb": "Effekt", "en": "Effect"}[lang])
        cells = {row[0]: row[effect] for row in rows}
        assert [cell.endswith(f"{NBSP}pp") for cell in cells.values()] == [True, False]
        assert f"pp: {points}" in table.caption
        alone = effects_table("effects", mih.event_study(group, outcomes="in_work"), "")
        header, rows = text_cells(alone.cells, alone.formats)
        assert f"({points})" in header[effect]
        assert "pp:" not in alone.caption
        ends = interval(-0.012, 0.031, difference("share"))
    at = {"nb": "\u22121,2 til 3,1", "en": "\u22121.2 to 3.1"}[lang]
    assert ends == f"{at}{NBSP}{points}"


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_cards_and_figures_name_the_unit_and_never_kroner(effects, group, panel, lang):
    hours = mih.event_study(group, outcomes=["hours", "lemp"], window=(-4, 3))
    text = hours.summary(lang=lang)
    assert {"nb": "timer", "en": "hours"}[lang] in text
    assert {"nb": "logpoeng", "en": "log points"}[lang] in text
    assert {"nb": "Døde og utvandrede er ikke med for lemp", "en": "left out of lemp"}[lang] in (
        " ".join(text.split())
    )
    shown = [text, hours.plot(lang=lang).yaxis.get_label_text()]
    shown.append(hours.plot_levels("lemp", lang=lang).yaxis.get_label_text())
    for found in (
        mih.honest_bounds(hours, outcome="lemp", M=[0.01]),
        mih.pretrend_power(hours),
        mih.e_value(hours, year=2, group=group),
        mih.lee_bounds(group, year=2),
        mih.leave_one_out(group, year=2),
        mih.placebo_start(group, years=3),
        mih.specification_curve(group, year=2, ways={"estimator": ["did", "difference"]}),
        mih.randomisation_test(group, year=2, draws=99),
        mih.group_time_effects(panel, outcomes="lemp"),
    ):
        shown.append(found.summary(lang=lang))
        if hasattr(found, "plot"):
            axes = found.plot(lang=lang)
            shown += [axes.yaxis.get_label_text(), axes.xaxis.get_label_text()]
    for one in shown:
        assert "NOK" not in one
        assert f"{NBSP}kr" not in one


def test_a_unit_with_a_label_goes_with_the_effects_to_the_file_and_back(tmp_path):
    fte = mih.Unit("fte", label=mih.Label(nb="årsverk", en="full-time equivalents"))
    panel = mih.read_panel(register(), units={"hours": fte})
    effects = mih.group_time_effects(panel, outcomes="hours").aggregate("event")
    assert set(effects.to_frame()["unit"]) == {"fte"}
    again = mih.load(effects.save(tmp_path / "effects.zip"))
    assert again.units == effects.units == {"hours": fte}
    assert again.summary(lang="nb") == effects.summary(lang="nb")
    assert "årsverk" in again.summary(lang="nb")


# --- what goes by wage income otherwise -----------------------------------------------------------


def test_where_no_outcome_is_named_it_is_the_wage_or_the_first(effects, group):
    assert "hours" in effects.pretrend_test().title["en"]
    assert mih.honest_bounds(effects).outcome == "hours"
    assert mih.leave_one_out(group, year=2).outcome == "hours"
    assert mih.placebo_start(group, years=3).table["outcome"].tolist() == ["hours"] * 3
    assert "hours" in effects.plot(lang="en").get_title(loc="left")
    wage = effects_of("hours", "wage_income")
    assert "wage income" in wage.plot(lang="en").get_title(loc="left")
    with pytest.raises(mih.OptionError, match="wage_income"):
        mih.event_study(group, outcomes="wage_income")
    with pytest.raises(mih.PanelContractError, match="in_work is reckoned from wage_income"):
        mih.event_study(group, outcomes="in_work")
    with pytest.raises(mih.PanelContractError, match="in_work is reckoned from wage_income"):
        mih.lee_bounds(group, year=2, seen="in_work")


def effects_of(*outcomes: str) -> mih.EffectSeries:
    frame = pd.DataFrame(
        [(name, year, 1.0) for name in outcomes for year in range(7)],
        columns=["outcome", "year_since_start", "estimate"],
    )
    units = {"hours": "hours", "lemp": "log points"}
    frame["unit"] = [units.get(name, "NOK") for name in frame["outcome"]]
    return mih.EffectSeries.from_frame(frame, price_year=2024)


def account(series: mih.EffectSeries, **options: object) -> mih.CostBenefit:
    none = mih.Programme.none()
    return mih.cost_benefit(series, mih.Assumptions.r109(), programme=none, **options)


def test_the_account_takes_money_alone_and_says_what_it_lacks():
    assert account(effects_of("hours", "wage_income", "lemp")).outcomes == ("wage_income",)
    with pytest.raises(mih.AssumptionError, match="lacks the wage"):
        account(effects_of("hours", "lemp"))
    for role in ("wage", "benefit:aap"):
        with pytest.raises(mih.AssumptionError, match="'hours' is no money") as caught:
            account(effects_of("hours", "wage_income"), roles={"hours": role})
    assert "roles={'hours': None}" in str(caught.value)
    assert account(effects_of("hours", "wage_income"), roles={"hours": None}).outcomes
    pay = account(effects_of("pay", "hours"), roles={"pay": "wage"})
    assert pay.outcomes == ("pay",)


def test_an_analysis_file_has_units(tmp_path):
    register().to_csv(tmp_path / "register.csv", index=False)
    text = """
    [data]
    source = "register.csv"
    columns = { wage_income = "pension" }
    units = { lemp = "log points", hours = { name = "fte", months = "mean" } }
    [controls]
    method = "exact"
    exact = "county"
    [effects]
    window = [-1, 6]
    """
    spec = StudySpec.from_text(text, folder=tmp_path)
    assert StudySpec.from_text(spec.to_toml(), folder=tmp_path) == spec
    study = mih.run_study(spec, write=False)
    assert study.effects.units == {
        "wage_income": "NOK",
        "hours": mih.Unit("fte", months="mean"),
        "lemp": "log points",
    }
    assert study.case.outcomes == ("wage_income",)
    [table] = [each for each in study_tables(study) if each.name == "table2_effects"]
    assert table.cells["Effekt"].str.contains("logpoeng").any()


def test_where_there_is_no_money_no_price_index_is_needed():
    frame = register()
    later = frame.assign(year=frame["year"] + 50, start_year=frame["start_year"] + 50)
    panel = mih.read_panel(later.drop(columns="pension"), units={"hours": "hours"})
    assert panel.check().passed
    assert mih.group_time_effects(panel, outcomes="hours").years[-1] == 2074
    with pytest.raises(mih.PanelContractError, match="no price index"):
        mih.read_panel(later, units={"pension": "NOK"}).require()
