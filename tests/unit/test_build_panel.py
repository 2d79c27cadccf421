"""build_panel, rule by rule: rows made by hand, and answers reckoned by hand."""

from __future__ import annotations

import datetime as dt
import re

import narwhals as nw
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.panel.residency import State
from mih_impact.registers.fates import FATES

PERSONS = pd.DataFrame({"person_id": ["a", "b"]})


def frame(rows, *columns):
    return pd.DataFrame(rows, columns=columns)


def build(years=(2019, 2021), persons=None, **tables):
    persons = mih.Table(PERSONS) if persons is None else persons
    if any(table.to == "n" for table in tables.get("spells", ())):
        tables["units"] = {"n": "days"}
    panel = mih.build_panel(persons, years=years, **tables)
    adds_up(panel)
    return panel


def adds_up(panel):
    told = panel.sources()
    assert (told[list(FATES)].sum(axis=1) == told["rows_read"]).all(), told.to_string()
    assert (told[list(FATES)] >= 0).all(axis=None)


def cells(panel, column, person="a"):
    rows = panel.frame.collect("pandas").to_native()
    rows = rows[rows["person_id"] == person]
    keys = ["year", "month"] if panel.period == "month" else ["year"]
    index = [tuple(k) if len(keys) > 1 else k[0] for k in rows[keys].astype(int).to_numpy()]
    return dict(zip(index, rows[column], strict=True))


def fates(panel, table):
    told = panel.sources().set_index("table").loc[table]
    return {fate: int(told[fate]) for fate in FATES if told[fate]}


def spells(rows, **options):
    options = {"to": "aap", **options}
    if "count" not in options:
        options = {"amount": "rate", "per": "day", "days": "calendar", **options}
    columns = ["person_id", "start", "stop", "rate", *options.pop("more", ())]
    table = frame([(*row, 0.0) if len(row) == 3 else row for row in rows], *columns)
    return mih.Spells(table, name="spells", **options)


def test_years_after_what_a_table_covers_are_not_taken_as_nothing_paid():
    persons = frame([(f"p{k}",) for k in range(20)], "person_id")
    told = [(key, "2019-01-01", "2019-12-31", 10.0) for key in persons["person_id"]]
    wages = pd.concat([persons.assign(year=year, wage_income=1e5) for year in (2019, 2020)])
    columns = {"year": "year", "wage_income": "wage_income"}

    def errors(last, **options):
        panel = mih.build_panel(
            mih.Table(persons), years=(2019, last), yearly=[mih.Table(wages, columns=columns)],
            spells=[spells(told, **options)],
        )  # fmt: skip
        return [(b.rule, b.column, b.rows) for b in panel.check().errors]

    assert errors(2020, covers_to="2019-12-31") == [("nowhere", "aap", 20)]
    assert errors(2019, covers_to="2019-12-31") == errors(2020) == []


@pytest.mark.parametrize("kind", ["period", "small", "sparse"])
def test_months_of_types_that_pandas_or_few_bytes_have_are_months(kind):
    rows = frame([("a", 2019, 2, 5.0), ("a", 2020, 12, 7.0)], "person_id", "year", "month", "kr")
    columns = {"year": "year", "month": "month", "wage_income": "kr"}
    if kind == "period":
        months = pd.PeriodIndex(["2019-02", "2020-12"], freq="M")
        rows = rows.drop(columns="year").assign(month=months)
        del columns["year"]
    elif kind == "small":
        rows = rows.astype({"year": "uint16", "month": "uint8"})
    else:
        rows = rows.astype({"kr": pd.SparseDtype("float64", 0.0)})
    rows["span"] = pd.arrays.IntervalArray.from_breaks(range(3))  # nobody asks for it
    panel = build(monthly=[mih.Table(rows, name="m", columns=columns)], period="month")
    assert cells(panel, "wage_income") == {(2019, 2): 5.0, (2020, 12): 7.0}


@pytest.mark.parametrize("file", [False, True])
def test_times_with_a_time_zone_are_days_where_they_are_midnight(file, tmp_path):
    """Midnight in Oslo is 23:00 or 22:00 the day before in UTC, which an engine keeps."""
    days = {"start": pd.Timestamp(2019, 12, 30), "stop": pd.Timestamp(2020, 1, 2)}

    def built(zone):
        rows = frame([("a", *(day.tz_localize(zone) for day in days.values()))], "person_id", *days)
        path = tmp_path / "spells.parquet"
        if file:
            rows.to_parquet(path)
        return build(spells=[mih.Spells(path if file else rows, name="s", to="n", count="days")])

    for zone in (None, "UTC"):
        assert cells(built(zone), "n") == {2019: 2.0, 2020: 2.0}
    for zone in ("Europe/Oslo", "America/New_York"):
        found = r"s has times with a time zone in start.*1 that (is|are) not midnight in UTC"
        with pytest.raises(mih.PanelContractError, match=found):
            built(zone)


@pytest.mark.parametrize("zone", ["Z", "+00:00", "+0000"])
def test_a_text_of_a_time_in_utc_is_a_day_where_it_is_midnight(zone):
    def built(first, last):
        rows = frame([("a", first, last)], "person_id", "start", "stop")
        return build(spells=[mih.Spells(rows, name="s", to="n", count="days")])

    days = {2019: 2.0, 2020: 2.0}
    assert cells(built(f"2019-12-30T00:00:00{zone}", f"2020-01-02 00:00:00.000{zone}"), "n") == days
    assert cells(built("2019-12-30T00:00:00+01:00", "2020-01-02T23:59:00"), "n") == days
    with pytest.raises(mih.PanelContractError, match=r"in start that are no date.*the day where"):
        built(f"2019-12-29T23:00:00{zone}", f"2020-01-01T23:00:00{zone}")


def test_a_table_of_which_many_rows_have_no_person_is_warned_of():
    def found(strangers, known):
        who = ["a"] * known + [f"other{i}" for i in range(strangers)]
        rows = [(person, f"2020-01-{1 + i:02d}") for i, person in enumerate(who)]
        spells_ = frame([(p, d, d, 1.0) for p, d in rows], "person_id", "start", "stop", "rate")
        options = {"to": "aap", "amount": "rate", "per": "day", "days": "calendar"}
        panel = build(spells=[mih.Spells(spells_, name="aap.dta", **options)])
        report = panel.check()
        assert not report.errors
        return [b for b in report.warnings if b.rule == "rows without a person"]

    [warning] = found(10, 10)
    assert warning.rows == 10
    assert "10 of 20 rows" in warning.what.text("en")
    assert "identifiers=" in warning.do.text("nb")
    assert found(1, 20) == []  # a few are normal


def test_copies_are_told_before_adding_up_is_advised():
    def error(*wages):
        rows = frame([("a", 2020, wage) for wage in wages], "person_id", "year", "wage_income")
        table = mih.Table(rows, columns={"year": "year", "wage_income": "wage_income"})
        with pytest.raises(mih.PanelContractError) as caught:
            build(yearly=[table])
        return str(caught.value)

    assert "with 3 rows, 1 of them copies of another" in error(100.0, 100.0, 50.0)
    assert "whether the copies are to be left out" in error(100.0, 100.0)
    assert "copies" not in error(100.0, 50.0)


# --- days, months and amounts ---------------------------------------------------------------------


def test_a_spell_over_new_year_is_apportioned_by_day():
    panel = build(spells=[spells([("a", "2019-12-22", "2020-01-10", 1000.0)])])
    assert cells(panel, "aap") == {2019: 10_000.0, 2020: 10_000.0}


def test_leap_years_have_366_days():
    panel = build(spells=[spells([("a", "2019-01-01", "2020-12-31")], to="n", count="days")])
    assert cells(panel, "n") == {2019: 365, 2020: 366}
    panel = build(spells=[spells([("a", "2020-02-28", "2020-03-01", 10.0)])], period="month")
    assert cells(panel, "aap") == {(2020, 2): 20.0, (2020, 3): 10.0}


def test_an_exclusive_stop_is_the_day_after():
    rows = [("a", "2019-12-31", "2020-01-02", 100.0), ("a", "2020-05-05", "2020-05-05", 100.0)]
    panel = build(spells=[spells(rows, stops="exclusive")])
    assert cells(panel, "aap") == {2019: 100.0, 2020: 100.0}
    assert fates(panel, "spells") == {"used": 1, "empty": 1}


def test_weekdays_are_monday_to_friday():
    # 27 December 2019 is a Friday, 6 January 2020 a Monday.
    rows = [("a", "2019-12-27", "2020-01-06", 100.0)]
    panel = build(spells=[spells(rows, days="weekdays")])
    assert cells(panel, "aap") == {2019: 300.0, 2020: 400.0}


def test_scaled_days_make_a_whole_year_of_any_length():
    rows = [("a", "2019-01-01", "2020-12-31", 1000.0), ("b", "2019-01-01", "2019-01-10", 1000.0)]
    panel = build(spells=[spells(rows, days=mih.scaled(260))])
    assert cells(panel, "aap") == {2019: 260_000.0, 2020: 260_000.0}
    assert cells(panel, "aap", "b") == {2019: 7123.29}  # 1000 * 10 * 260 / 365 = 7123.2877


def test_a_month_and_a_year_are_apportioned_by_their_own_days():
    rows = [("a", "2020-02-15", "2020-03-31", 2900.0)]  # 15 of 29 days, and all of March
    panel = build(spells=[spells(rows, per="month", days=None)])
    assert cells(panel, "aap") == {2020: 1500.0 + 2900.0}
    rows = [("a", "2019-12-31", "2020-01-01", 36_600.0)]
    panel = build(spells=[spells(rows, per="year", days=None)])
    assert cells(panel, "aap") == {2019: 100.27, 2020: 100.0}  # 36600 / 365 = 100.274


def test_the_remainder_of_a_total_is_its_last_days():
    # 0.0001 kr is 100 parts of 1e-4 øre, 33 a day and 34 on the last; 1000 kr over 3 days
    rows = [("a", "2019-12-30", "2020-01-01", 1000.0)]
    panel = build(spells=[spells(rows, per="spell", days=None)])
    assert cells(panel, "aap") == {2019: 666.67, 2020: 333.33}
    rows = [("a", "2019-12-30", "2020-01-01", 0.000005)]  # 5 parts: 1, 1 and 3
    panel = build(spells=[spells(rows, per="spell", days=None)], period="month")
    assert cells(panel, "aap") == {(2019, 12): 0.0, (2020, 1): 0.0}
    rows = [("a", "2019-12-30", "2020-01-01", 0.01)]  # 10 000 parts: 3333, 3333 and 3334
    panel = build(spells=[spells(rows, per="spell", days=None)])
    assert cells(panel, "aap") == {2019: 0.01, 2020: 0.0}


def test_amounts_are_rounded_once_a_person_and_period():
    # Ten days of 0.004 kr are 4 øre; each alone would round to nothing.
    rows = [("a", f"2019-03-{d:02}", f"2019-03-{d:02}", 0.004) for d in range(1, 11)]
    assert cells(build(spells=[spells(rows)]), "aap") == {2019: 0.04}
    assert cells(build(spells=[spells([("a", "2019-03-01", "2019-03-01", 0.005)])]), "aap") == {
        2019: 0.01
    }


def test_months_count_with_one_day_or_more():
    rows = [("a", "2019-11-30", "2020-01-01"), ("a", "2020-01-05", "2020-01-06")]
    panel = build(spells=[spells(rows, to="months_unemployed", count="months")])
    assert cells(panel, "months_unemployed") == {2019: 2, 2020: 1}


# --- overlaps -------------------------------------------------------------------------------------

OVERLAPPING = [
    ("a", "2020-01-01", "2020-01-10", 100.0, 2),
    ("a", "2020-01-06", "2020-01-15", 300.0, 1),
    ("a", "2020-01-08", "2020-01-09", 200.0, 3),
]


@pytest.mark.parametrize(
    ("overlap", "kroner", "told"),
    [
        ("sum", 10 * 100 + 10 * 300 + 2 * 200, {"used": 3}),
        ("highest", 5 * 100 + 10 * 300, {"used": 2, "overlapped": 1}),
        # by revision: the third on 8-9, the first on the rest of 1-10, the second on 11-15
        ("latest", 8 * 100 + 5 * 300 + 2 * 200, {"used": 3}),
    ],
)
def test_overlapping_amounts_follow_the_rule(overlap, kroner, told):
    panel = build(spells=[spells(OVERLAPPING, overlap=overlap, revision="v", more=["v"])])
    assert cells(panel, "aap") == {2020: kroner}
    assert fates(panel, "spells") == told


def test_overlapping_days_count_once_or_for_each():
    rows = [row[:3] for row in OVERLAPPING]
    for overlap, days in (("union", 15), ("sum", 22)):
        panel = build(spells=[spells(rows, to="n", count="days", overlap=overlap)])
        assert cells(panel, "n") == {2020: days}


def test_spells_at_most_a_gap_apart_are_one():
    rows = [("a", "2020-01-01", "2020-01-10"), ("a", "2020-01-14", "2020-01-20")]
    for gap, days in ((2, 17), (3, 20)):
        panel = build(spells=[spells(rows, to="n", count="days", gap=gap)])
        assert cells(panel, "n") == {2020: days}


def test_overlaps_without_a_rule_are_an_error():
    with pytest.raises(mih.PanelContractError, match=r"overlap\. Found: 2 spells .*overlap="):
        build(spells=[spells(OVERLAPPING, more=["v"])])


# --- versions, cancelled rows, open ends ----------------------------------------------------------


def test_the_latest_version_wins_and_cancelled_rows_are_gone():
    rows = [
        ("a", "2020-01-01", "2020-01-31", 100.0, 1, "0"),
        ("a", "2020-01-01", "2020-01-10", 100.0, 2, "0"),
        ("a", "2020-03-01", "2020-03-31", 100.0, 1, "0"),
        ("a", "2020-03-01", "2020-03-31", 100.0, 2, "J"),
        ("b", "2020-05-01", "2020-05-02", 100.0, 1, "nei"),
        ("b", "2020-05-01", "2020-05-02", 100.0, 1, "nei"),
    ]
    table = spells(rows, revision="v", cancelled="off", more=["v", "off"])
    panel = build(spells=[table])
    assert cells(panel, "aap") == {2020: 1000.0}
    assert cells(panel, "aap", "b") == {2020: 200.0}
    assert fates(panel, "spells") == {"used": 2, "revised": 2, "cancelled": 1, "merged": 1}


def test_versions_that_differ_without_a_higher_number_need_an_id():
    rows = [
        ("a", "2020-01-01", "2020-01-02", 1.0, 1, 7),
        ("a", "2020-01-01", "2020-01-04", 1.0, 1, 8),
    ]
    with pytest.raises(mih.PanelContractError, match=r"one version that differ.*2 rows.*id="):
        build(spells=[spells(rows, revision="v", overlap="sum", more=["v", "case"])])
    panel = build(spells=[spells(rows, revision="v", id="case", overlap="sum", more=["v", "case"])])
    assert cells(panel, "aap") == {2020: 6.0}


@pytest.mark.parametrize("never", [None, "9999-12-31", "2099-01-01", dt.date(9999, 12, 31)])
def test_open_ends_are_cut_at_the_last_day_the_table_covers(never):
    rows = [("a", "2020-12-30", never, 10.0)]
    table = spells(rows, open_ends=["2099-01-01"], covers_to="2021-01-02")
    assert cells(build(spells=[table]), "aap") == {2020: 20.0, 2021: 20.0}


def test_after_what_a_table_covers_nothing_is_known():
    wages = mih.Table(
        frame([("a", y, 1.0) for y in (2019, 2020, 2021)], "person_id", "year", "wage_income"),
        columns={"year": "year", "wage_income": "wage_income"},
    )
    table = spells([("a", "2019-05-01", "2019-05-01", 10.0)], covers_to="2020-06-30")
    found = cells(build(yearly=[wages], spells=[table]), "aap")
    assert (found[2019], found[2020]) == (10.0, 0.0)
    assert pd.isna(found[2021])


def test_spells_outside_the_panel_and_after_death_are_counted():
    persons = mih.Table(
        frame([("a", "2020-01-10"), ("b", None)], "person_id", "died"),
        columns={"death_date": "died"},
    )
    rows = [
        ("a", "2018-12-01", "2019-01-02", 10.0),  # two days within
        ("a", "2018-01-01", "2018-12-31", 10.0),
        ("a", "2020-01-09", "2020-01-20", 10.0),  # two days alive
        ("a", "2020-01-11", "2020-02-20", 10.0),
        ("b", "2022-01-01", None, 10.0),
        ("c", "2020-01-01", "2020-01-02", 10.0),
    ]
    panel = build(persons=persons, spells=[spells(rows)])
    assert cells(panel, "aap") == {2019: 20.0, 2020: 20.0}
    assert cells(panel, "death_year") == {2019: 2020, 2020: 2020}
    assert fates(panel, "spells") == {
        "used": 2,
        "outside": 2,
        "after_death": 1,
        "without_person": 1,
    }
    assert fates(panel, "persons") == {"used": 1, "outside": 1}


def test_stop_before_start_is_an_error_unless_the_row_does_not_count():
    rows = [("a", "2020-01-05", "2020-01-04", 10.0, 1), ("a", "2020-02-01", "2020-02-01", 10.0, 0)]
    with pytest.raises(
        mih.PanelContractError,
        match=r"stop before they start\. Found: 1 of 2 rows\. Do: .*cancelled=",
    ):
        build(spells=[spells(rows, more=["off"])])
    panel = build(spells=[spells(rows, cancelled="off", more=["off"])])
    assert cells(panel, "aap") == {2020: 10.0}


# --- status, residence, starts, identifiers -------------------------------------------------------

ADDRESSES = [
    ("a", "2018-05-01", "2020-06-30", "0301"),
    ("a", "2020-07-01", None, "1103"),
    ("b", "2019-12-31", "2020-01-01", "5001"),
]


def addresses(**options):
    table = frame(ADDRESSES, "person_id", "start", "stop", "place")
    return mih.Status(table, to="municipality", value="place", name="addresses", **options)


def with_wage(*people):
    rows = [(p, y, 1.0) for p in people for y in (2019, 2020, 2021)]
    return mih.Table(
        frame(rows, "person_id", "year", "wage_income"),
        columns={"year": "year", "wage_income": "wage_income"},
        name="wages",
    )


@pytest.mark.parametrize(
    ("at", "a", "b"),
    [
        ("31.12", ["0301", "1103", "1103"], ["5001", None, None]),
        ("first", ["0301", "0301", "1103"], [None, "5001", None]),
        ("01.07", ["0301", "1103", "1103"], [None, None, None]),
        # 2020 is a leap year: 182 days in the first half, 184 in the second
        ("longest", ["0301", "1103", "1103"], ["5001", "5001", None]),
    ],
)
def test_a_status_is_that_of_a_date_or_of_most_days(at, a, b):
    panel = build(yearly=[with_wage("a", "b")], status=[addresses(at=at)])
    for person, places in (("a", a), ("b", b)):
        found = cells(panel, "municipality", person)
        assert [None if pd.isna(found[y]) else found[y] for y in (2019, 2020, 2021)] == places
    assert fates(panel, "addresses") == {"used": 3}


def test_of_two_addresses_at_once_the_latest_holds_or_none():
    rows = [("a", "2019-01-01", None, "x"), ("a", "2020-06-01", None, "y")]
    table = frame(rows, "person_id", "start", "stop", "place")
    options = {"to": "municipality", "value": "place", "name": "addresses"}
    with pytest.raises(mih.PanelContractError, match=r"overlap.*1 spell"):
        build(yearly=[with_wage("a")], status=[mih.Status(table, **options)])
    panel = build(yearly=[with_wage("a")], status=[mih.Status(table, overlap="latest", **options)])
    assert list(cells(panel, "municipality").values()) == ["x", "y", "y"]


def test_residents_have_a_row_in_each_period_and_others_are_abroad():
    rows = [("a", "2018-01-01", "2019-03-01"), ("a", "2021-12-31", None), ("b", "2020-01-01", None)]
    residence = mih.Spells(frame(rows, "person_id", "start", "stop"), name="residence")
    panel = build(residence=residence, spells=[spells([("a", "2019-01-01", "2019-01-02", 50.0)])])
    assert cells(panel, "aap") == {2019: 100.0, 2021: 0.0}
    assert cells(panel, "aap", "b") == {2020: 0.0, 2021: 0.0}
    assert fates(panel, "residence") == {"used": 3}
    state = panel.cube(columns=["aap"]).state
    assert state.tolist() == [
        [State.OBSERVED, State.EMIGRATED, State.OBSERVED],
        [State.UNKNOWN, State.OBSERVED, State.OBSERVED],
    ]


MEASURES = [
    # person, start, stop, measure, status
    ("a", "2019-03-01", "2019-04-01", "OPPL", "done"),
    ("a", "2020-02-01", "2020-06-01", "AFL", "done"),
    ("a", "2020-06-02", "2020-09-01", "AFL", "done"),
    ("a", "2021-02-01", "2021-06-01", "AFL", "done"),
    ("a", "2019-01-01", "2019-06-01", "AFL", "waiting"),
    ("b", "2019-01-01", None, "AFL", "mistake"),
    ("b", "2020-01-01", None, "OPPL", "done"),
]


def measures(**options):
    options = {
        "where": {"measure": ["AFL"], "status": ["done"]},
        "exclude": {"status": ["waiting", "mistake"]},
        "measure": "measure",
        "name": "measures",
        **options,
    }
    return mih.Starts(frame(MEASURES, "person_id", "start", "stop", "measure", "status"), **options)


def test_the_first_start_in_the_named_measure_counts():
    panel = build(yearly=[with_wage("a", "b")], starts=measures(earlier="participations"))
    assert cells(panel, "start_year") == {2019: 2020, 2020: 2020, 2021: 2020}
    assert all(pd.isna(v) for v in cells(panel, "start_year", "b").values())
    assert list(cells(panel, "participations").values()) == [1, 3, 4]
    assert list(cells(panel, "participations", "b").values()) == [0, 1, 1]
    assert fates(panel, "measures") == {"used": 1, "later": 2, "other_measure": 2, "excluded": 2}


def test_rows_that_are_starts_whatever_their_status_says_are_warned_of():
    persons = {"yearly": [with_wage("a", "b")]}
    for forgotten, named in (
        ({"where": {"measure": ["AFL"]}, "exclude": {}}, "whatever stands in status"),
        ({"where": {}, "exclude": {}, "measure": None}, "whatever stands in measure, status"),
    ):
        with pytest.warns(mih.MihImpactWarning, match=named) as told:
            build(**persons, starts=measures(**forgotten))
        assert "exclude={'" in str(told[0].message)
    build(**persons, starts=measures())  # a warning would be an error
    rows = frame([("a", "2020-01-01", None)], "person_id", "start", "stop")
    build(**persons, starts=mih.Starts(rows))


def test_participations_a_gap_apart_are_one_and_months_are_dates():
    panel = build(
        starts=measures(earlier="participations", gap=0 + 1),
        spells=[spells([("a", "2020-02-01", "2020-02-02", 1.0)])],
        period="month",
    )
    assert cells(panel, "start_month") == {(2019, 3): 2, (2020, 2): 2, (2021, 2): 2}
    assert cells(panel, "participations") == {(2019, 3): 1, (2020, 2): 2, (2021, 2): 3}
    assert fates(panel, "measures") == {
        "used": 1,
        "merged": 1,
        "later": 1,
        "other_measure": 2,
        "excluded": 2,
    }


def test_a_status_that_nobody_named_is_an_error():
    with pytest.raises(
        mih.PanelContractError, match=r"status that are named neither.*Found: 1 row with 1 such"
    ):
        build(yearly=[with_wage("a")], starts=measures(exclude={"status": ["waiting"]}))


def test_several_identifiers_lead_to_one_person_while_they_are_valid():
    key = frame(
        [("a", "f1", None, "2019-12-31"), ("a", "f2", "2020-01-01", None),
         ("b", "f1", "2020-01-01", None)],
        "person_id", "fnr", "from", "to",
    )  # fmt: skip
    table = mih.Table(
        key, columns={"identifier": "fnr"}, valid_from="from", valid_to="to", name="key"
    )
    days = [("f1", "2019-05-05", 1.0), ("f2", "2020-05-05", 2.0), ("f1", "2020-05-05", 4.0),
            ("a", "2020-06-05", 8.0)]  # fmt: skip
    rows = [(who, day, day, rate) for who, day, rate in days]
    panel = build(identifiers=table, spells=[spells(rows)])
    assert cells(panel, "aap") == {2019: 1.0, 2020: 10.0}
    assert cells(panel, "aap", "b") == {2020: 4.0}
    shared = mih.Table(key, columns={"identifier": "fnr"}, name="key")
    with pytest.raises(mih.PanelContractError, match=r"two persons at once\. Found: 1 identifiers"):
        build(identifiers=shared, spells=[spells(rows)])


# --- tables of rows -------------------------------------------------------------------------------


def test_rows_of_a_month_are_added_up_in_ore():
    rows = [("a", 202001, 0.1), ("a", 202002, 0.2), ("a", 202002, -0.05), ("a", 201812, 9.0)]
    months = frame(rows, "person_id", "kalmnd", "lonn")
    columns = {"month": "kalmnd", "wage_income": "lonn"}
    table = mih.Table(months, columns=columns, combine="sum", name="ameld")
    panel = build(monthly=[table])
    assert cells(panel, "wage_income") == {2020: 0.25}
    assert fates(panel, "ameld") == {"used": 1, "merged": 2, "outside": 1}
    panel = build(monthly=[table], period="month")
    assert cells(panel, "wage_income") == {(2020, 1): 0.1, (2020, 2): 0.15}
    with pytest.raises(mih.PanelContractError, match=r"several rows.*Found: 1 such, with 3 rows"):
        build(monthly=[mih.Table(months, columns=columns)])


@pytest.mark.parametrize("month", ["maaned", "Month", "mnd"])
def test_a_table_by_year_that_holds_a_month_is_told_of_monthly(month, tmp_path):
    rows = [("a", 2020, 1, 1.0), ("a", 2020, 2, 2.0)]
    wages = frame(rows, "person_id", "aar", month, "lonn")
    wages.to_csv(tmp_path / "wages.csv", sep=";", index=False)
    columns = {"year": "aar", "wage_income": "lonn"}
    for source in (wages, tmp_path / "wages.csv"):
        with pytest.raises(mih.PanelContractError) as said:
            build(yearly=[mih.Table(source, columns=columns)])
        assert f'monthly=[...] with columns={{"month": "{month}", ...}}' in str(said.value)
    advised = mih.Table(wages, columns={**columns, "month": month}, combine="sum")
    assert cells(build(monthly=[advised]), "wage_income") == {2020: 3.0}
    with pytest.raises(mih.PanelContractError) as said:
        build(yearly=[mih.Table(wages.drop(columns=month), columns=columns)])
    assert "monthly" not in str(said.value)


def test_a_frame_that_is_not_wrapped_and_a_table_in_no_list_are_refused():
    table = mih.Table(frame([("a", 2020, 1.0)], "person_id", "year", "wage_income"))
    for option, wrong in {
        "yearly": [table.source],
        "monthly": {"wages": table},
        "spells": table,
        "status": "file.csv",
        "persons": table.source,
    }.items():
        with pytest.raises(mih.OptionError, match=f"^{option}= takes"):
            mih.build_panel(**{"persons": mih.Table(PERSONS), "years": (2019, 2021), option: wrong})


def test_what_is_of_a_year_holds_in_each_of_its_months():
    table = mih.Table(
        frame([("a", 2020, "3")], "person_id", "year", "level"),
        columns={"year": "year", "education": "level"},
    )
    wages = frame([("a", 2020, m, 1.0) for m in (1, 2)], "person_id", "year", "month", "w")
    monthly = mih.Table(wages, columns={"year": "year", "month": "month", "wage_income": "w"})
    panel = build(yearly=[table], monthly=[monthly], period="month")
    found = cells(panel, "education")
    assert len(found) == 12
    assert set(found.values()) == {"3"}
    with pytest.raises(mih.PanelContractError, match="amounts of a year"):
        build(yearly=[with_wage("a")], period="month")


def test_csv_and_parquet_are_read_alike(tmp_path):
    csv = tmp_path / "aap.csv"
    csv.write_text("lopenr;fra;til;sats\n007;31.12.2019;01.01.2020;1 000,50\n", encoding="cp1252")
    persons = mih.Table(frame([("007",)], "lopenr"), key="lopenr")
    table = {"key": "lopenr", "start": "fra", "stop": "til", "to": "aap", "amount": "sats",
             "per": "day", "days": "calendar"}  # fmt: skip
    panel = build(persons=persons, spells=[mih.Spells(csv, **table)])
    assert cells(panel, "aap", "007") == {2019: 1000.5, 2020: 1000.5}
    row = ("007", dt.date(2019, 12, 31), dt.date(2020, 1, 1), 1000.5)
    frame([row], "lopenr", "fra", "til", "sats").to_parquet(tmp_path / "aap.parquet")
    panel = build(persons=persons, spells=[mih.Spells(tmp_path / "*.parquet", **table)])
    assert cells(panel, "aap", "007") == {2019: 1000.5, 2020: 1000.5}


def test_a_table_may_be_written_in_two_ways_said_by_column(tmp_path):
    path = tmp_path / "income.csv"
    path.write_text("person_id;year;lonn;part\na;2020;301.708;1.250\na;2021;45.000;2.500\n")
    columns = {"year": "year", "wage_income": "lonn", "part": "part"}
    options = {"thousands": {"wage_income": "."}, "decimal": {"part": "."}}
    panel = build(yearly=[mih.Table(path, columns=columns, **options)])
    assert cells(panel, "wage_income") == {2020: 301_708, 2021: 45_000}
    assert cells(panel, "part") == {2020: 1.25, 2021: 2.5}
    with pytest.raises(mih.PanelContractError, match=r"Found: lonn\. Do: use our names: .*wage"):
        build(yearly=[mih.Table(path, columns=columns, thousands={"lonn": "."})])


@pytest.mark.parametrize("kind", ["parquet", "dta"])
def test_a_column_that_a_file_of_a_table_lacks_is_an_error(kind, tmp_path):
    for year, name in ((2019, "lonn"), (2020, "loenn")):
        part = frame([("a", year, 5.0)], "person_id", "year", name)
        if kind == "parquet":
            part.to_parquet(tmp_path / f"{year}.parquet")
        else:
            part.to_stata(tmp_path / f"{year}.dta", write_index=False)
    table = mih.Table(tmp_path / f"*.{kind}", columns={"year": "year", "wage_income": "lonn"})
    with pytest.raises(mih.PanelContractError, match=r"lack a column of the others.*lonn, 1 row"):
        build(yearly=[table])


def test_the_folder_of_a_panel_is_read_again(tmp_path):
    rows = [("a", "2019-01-01", "2020-03-01")]
    residence = mih.Spells(frame(rows, "person_id", "start", "stop"), name="residence")
    panel = build(yearly=[with_wage("a")], residence=residence, out=tmp_path / "panel")
    again = mih.read_panel(tmp_path / "panel" / "*.parquet")
    expected = panel.frame.collect("pandas").to_native()
    pd.testing.assert_frame_equal(again.frame.collect("pandas").to_native(), expected)
    kept = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert kept == {"panel/panel.parquet", "panel/residence/residence.parquet"}
    build(yearly=[with_wage("a")], out=tmp_path / "panel")
    assert not (tmp_path / "panel" / "residence" / "residence.parquet").exists()


TOML = """
[tables]
years = [2019, 2020]
[tables.persons]
source = "persons.csv"
columns = { birth_year = "born" }
[[tables.spells]]
source = "aap_*.csv"
to = "aap"
amount = "rate"
per = "day"
days = { scaled = 260 }
"""


def test_a_file_tells_of_the_tables(tmp_path, capsys):
    from mih_impact.cli import main

    (tmp_path / "persons.csv").write_text("person_id;born\n001;1980\n")
    rows = "person_id;start;stop;rate\n001;2019-01-01;2020-12-31;1000\n"
    (tmp_path / "aap_1.csv").write_text(rows)
    (tmp_path / "tables.toml").write_text(TOML)
    command = ["build", str(tmp_path / "tables.toml"), "--out", str(tmp_path / "panel")]
    assert main(command) == 0
    assert "leste rader" in capsys.readouterr().out
    panel = mih.read_panel(tmp_path / "panel" / "panel.parquet")
    assert cells(panel, "aap", "001") == {2019: 260_000.0, 2020: 260_000.0}
    (tmp_path / "tables.toml").write_text(TOML + "perr = 1\n")
    assert main(command) == 2
    assert "none of its options. Found: perr" in capsys.readouterr().err
    (tmp_path / "tables.toml").write_text(TOML.partition("days")[0])
    assert main(command) == 2
    assert "days = { scaled = 260 }" in capsys.readouterr().err


def test_of_versions_of_a_file_the_latest_or_none(tmp_path):
    for stem, rate in (("p2019-01-01_p2019-12-31_v1", 1), ("p2019-01-01_p2020-12-31_v2", 2)):
        (tmp_path / f"aap_{stem}.csv").write_text(
            f"person_id;start;stop;rate\na;2019-05-05;2019-05-05;{rate}\n"
        )
    table = {"to": "aap", "amount": "rate", "per": "day", "days": "calendar"}
    with pytest.raises(mih.PanelContractError, match=r"several versions.*versions=.latest."):
        build(spells=[mih.Spells(tmp_path / "aap_*.csv", **table)])
    panel = build(spells=[mih.Spells(tmp_path / "aap_*.csv", versions="latest", **table)])
    assert cells(panel, "aap") == {2019: 2.0}


def test_files_of_microdata_no_have_no_header(tmp_path):
    (tmp_path / "sex.csv").write_text("1;K;;;\n2;M;;;\n")
    (tmp_path / "place.csv").write_text("1;0301;2018-01-01;;\n2;1103;2019-06-01;2020-02-01;\n")
    (tmp_path / "benefit.csv").write_text("1;1000;2019-01-01;2019-12-31;\n")
    form = {"form": "microdata.no", "key": "unit_id"}
    panel = build(
        persons=mih.Table(tmp_path / "sex.csv", columns={"sex": "value"}, **form),
        spells=[
            mih.Spells(tmp_path / "benefit.csv", to="aap", amount="value", per="spell", **form)
        ],
        status=[mih.Status(tmp_path / "place.csv", to="municipality", value="value", **form)],
    )
    assert cells(panel, "aap", "1") == {2019: 1000.0, 2020: 0.0, 2021: 0.0}
    assert cells(panel, "municipality", "1") == {2019: "0301", 2020: "0301", 2021: "0301"}
    assert cells(panel, "municipality", "2") == {2019: "1103"}
    days = pd.DataFrame({"unit_id": [1], "value": [5.0], "start_epoch_days": [18355],
                         "stop_epoch_days": [18355]})  # fmt: skip
    days.to_parquet(tmp_path / "days.parquet")
    table = mih.Spells(tmp_path / "days.parquet", to="aap", amount="value", per="spell", **form)
    panel = build(
        persons=mih.Table(tmp_path / "sex.csv", columns={"sex": "value"}, **form), spells=[table]
    )
    assert cells(panel, "aap", "1") == {2020: 5.0}


# --- wrong tables ---------------------------------------------------------------------------------


def test_a_missing_key_and_a_person_twice_are_errors():
    with pytest.raises(
        mih.PanelContractError, match=r"lacks the columns lopenr.*Found: .*person_id"
    ):
        build(persons=mih.Table(PERSONS, key="lopenr"))
    twice = frame([("a",), ("a",), ("b",), (None,)], "person_id")
    with pytest.raises(mih.PanelContractError, match="1 person twice or more, 1 row without"):
        build(persons=mih.Table(twice))


@pytest.mark.parametrize(
    ("texts", "what", "do"),
    [
        (["01/02/2020", "03/04/2020"], "read in two ways.*2 dates", "dmy"),
        (["01.02.2020", "03.04.2020"], "read in two ways", "dmy"),
        (["13/02/2020", "02/13/2020"], "mixes the order.*1 dates with the day first", "2024-12-31"),
        (["2020-02-30", "2020-02-03"], "no date.*1 row", "2024-12-31"),
        (["13.02.20", "2020-02-03"], "no date.*1 row", "2024-12-31"),
    ],
)
def test_dates_are_read_in_one_way_or_not_at_all(texts, what, do):
    with pytest.raises(mih.PanelContractError, match=f"{what}.*Do: .*{do}"):
        build(spells=[spells([("a", text, None, 1.0) for text in texts], overlap="sum")])


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("03.04.2020", {"dates": "dmy"}),
        ("04/03/2020", {"dates": "mdy"}),
        ("20200403", {}),
        (20200403, {}),
        ("03APR2020", {}),
        ("2020-04-03 00:00:00", {}),
        (18355, {"dates": "days"}),
        (pd.Timestamp("2020-04-03"), {}),
    ],
)
def test_one_day_in_many_spellings(text, options):
    panel = build(spells=[spells([("a", text, text, 1.0)], **options)], period="month")
    assert cells(panel, "aap") == {(2020, 4): 1.0}


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"days": None}, 'per="day" needs the days'),
        ({"per": None, "days": None}, "An amount needs the period that it is for, in spells"),
        ({"overlap": "union"}, "which amount holds"),
        ({"stops": "open"}, "has no stops="),
        ({"covers_to": "31.12.2020"}, "covers_to= is a day"),
        ({"gap": 3}, "no amount between spells"),
    ],
)
def test_rules_that_contradict_are_refused_when_they_are_declared(options, match):
    with pytest.raises((mih.PanelContractError, mih.OptionError), match=match):
        spells([("a", "2020-01-01", "2020-01-02", 1.0)], **options)


def test_no_error_shows_a_person():
    secret = "12345678901"
    persons = mih.Table(frame([(secret,), (secret,)], "person_id"))
    with pytest.raises(mih.PanelContractError) as raised:
        build(persons=persons)
    assert secret not in str(raised.value)
    starts = mih.Starts(
        frame([("a", "2020-01-01", None, secret)], "person_id", "start", "stop", "status"),
        exclude={"status": ["x"]},
    )
    with pytest.raises(mih.PanelContractError) as raised:
        build(starts=starts)
    assert secret not in str(raised.value)


# --- where it came from ---------------------------------------------------------------------------


def test_a_cell_is_explained_by_its_rows():
    rows = [("a", "2019-12-22", "2020-01-10", 1000.0), ("a", "2021-01-01", "2021-01-01", 5.0)]
    panel = build(yearly=[with_wage("a")], spells=[spells(rows)], starts=measures())
    told = panel.explain("a", 2019, "aap")
    assert told["table"].tolist() == ["spells", "panel"]
    assert told["days"].tolist()[0] == 10
    assert float(told["value"].iloc[-1]) == 10_000.0
    assert panel.explain("a", 2020, "wage_income")["fate"].tolist() == ["used", "cell"]
    assert len(panel.explain("a", 2020, "start_year")) == 6
    with pytest.raises(mih.PanelContractError, match="no such row") as raised:
        panel.explain("z-secret", 2019, "aap")
    assert "secret" not in str(raised.value)
    with pytest.raises(mih.PanelContractError, match="no column"):
        panel.explain("a", 2019, "rate")


@pytest.mark.parametrize("period", ["year", "month"])
@pytest.mark.parametrize("overlap", ["sum", "highest", "latest"])
def test_the_kroner_of_the_rows_add_up_to_the_cell(overlap, period):
    given = {"overlap": overlap, "revision": "v", "more": ["v"], "days": mih.scaled(260)}
    panel = build(spells=[spells(OVERLAPPING, **given)], period=period)
    month = {"month": 1} if period == "month" else {}
    told = panel.explain("a", 2020, "aap", **month)
    rows, cell = told.iloc[:-1], told.iloc[-1]
    assert rows["kroner"].sum() == pytest.approx(cell["kroner"], abs=0.005)
    assert cell["kroner"] == cell["value"]
    # of the third, which lies within the others, on 8 and 9 January: none, or 2 days of 260 / 366
    third = {"sum": 400.0, "highest": 0.0, "latest": 400.0}[overlap] * 260 / 366
    assert rows["kroner"].iloc[2] == pytest.approx(third)


def test_a_benefit_type_is_explained_by_the_rows_of_all_schemes():
    told = schemes(benefit_type="year").explain("a", 2020, "benefit_type")
    assert told["table"].tolist() == ["spells", "spells", "panel"]
    assert told["kroner"].tolist()[:2] == [3100.0, 3660.0]
    assert told["value"].iloc[-1] == "aap"


# --- what is derived ------------------------------------------------------------------------------


def test_codes_become_what_they_stand_for():
    persons = mih.Table(
        frame([("a", 1, 1980), ("b", 2, 9999)], "person_id", "k", "born"),
        columns={"sex": "k", "birth_year": "born"},
        values={"sex": {1: "mann", 2: "kvinne"}, "birth_year": {9999: None}},
    )
    homes = frame([("a", "101", "2019-01-01", None), ("b", "3001", "2020-01-01", "2020-12-31")],
                  "person_id", "nr", "start", "stop")  # fmt: skip
    home = mih.Status(
        homes, value="nr", to="municipality", values={"municipality": mih.codes.municipality(2024)}
    )
    panel = build(persons=persons, status=[home], spells=[spells([("a", "2019-01-01", None)])])
    assert cells(panel, "municipality") == {2019: "3101", 2020: "3101", 2021: "3101"}
    assert cells(panel, "municipality", "b") == {2020: "3101"}
    assert cells(panel, "sex", "b") == {2020: "kvinne"}
    assert cells(panel, "birth_year") == {2019: 1980, 2020: 1980, 2021: 1980}
    assert pd.isna(cells(panel, "birth_year", "b")[2020])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"sex": {1: "mann"}}, "1 code in 1 row"),
        ({"gender": {1: "mann"}}, "columns that the table does not make. Found: gender"),
        ({"birth_year": {1: "x", 2: 1980}}, "no whole number. Found: 1 row"),
    ],
)
def test_a_code_without_an_answer_is_an_error(values, said):
    table = frame([("a", 1, 1), ("b", 2, 2)], "person_id", "k", "y")
    persons = mih.Table(table, columns={"sex": "k", "birth_year": "y"}, values=values)
    with pytest.raises(mih.PanelContractError, match=said):
        build(persons=persons, spells=[spells([("a", "2019-01-01", None)])])


def test_a_code_that_was_divided_needs_a_rule():
    homes = frame([("a", "1507", "2020-01-01", None)] * 1, "person_id", "nr", "start", "stop")

    def home(**rule):
        recoding = mih.codes.municipality(2024, **rule)
        return mih.Status(homes, value="nr", to="municipality", values={"municipality": recoding})

    paid = spells([("a", "2019-01-01", None, 1.0)])
    with pytest.raises(mih.PanelContractError, match="1507 became 1508 and 1580; 1 row"):
        build(status=[home()], spells=[paid])
    panel = build(status=[home(splits={"1507": "1508"})], spells=[paid], rows="events")
    assert {cells(panel, "municipality")[year] for year in (2020, 2021)} == {"1508"}


def test_rows_are_of_events_alone_where_that_is_asked_for():
    home = mih.Status(
        frame([("a", "0301", "2019-01-01", None)], "person_id", "nr", "start", "stop"),
        value="nr",
        to="municipality",
    )
    lives = mih.Spells(frame([("a", "2019-01-01", None)], "person_id", "start", "stop"))
    paid = spells([("a", "2020-03-01", "2020-03-31", 100.0)])
    given = {"status": [home], "residence": lives, "spells": [paid]}
    assert list(cells(build(**given), "aap")) == [2019, 2020, 2021]
    assert cells(build(**given, rows="events"), "municipality") == {2020: "0301"}
    with pytest.raises(mih.MihImpactError, match="rows"):
        build(**given, rows="resident")


def test_who_leaves_and_is_not_dead_has_emigrated():
    persons = mih.Table(
        frame([("a", None), ("b", "2020-06-30"), ("c", None)], "person_id", "died"),
        columns={"death_date": "died"},
    )
    rows = [("a", "2019-01-01", "2020-05-05"), ("b", "2019-01-01", "2020-06-30"),
            ("c", "2019-01-01", "2019-05-05"), ("c", "2020-01-01", None)]  # fmt: skip
    lives = mih.Spells(frame(rows, "person_id", "start", "stop"))
    panel = build(persons=persons, residence=lives, spells=[spells([("a", "2019-01-01", None)])])
    left = {who: set(map(str, cells(panel, "emigration_year", who).values())) for who in "abc"}
    assert left == {"a": {"2020"}, "b": {"<NA>"}, "c": {"<NA>"}}


BENEFITS = [
    ("a", "2019-01-01", "2019-06-30", 300.0, "dagpenger"),
    ("a", "2019-12-01", "2020-01-31", 100.0, "aap"),
    ("a", "2020-01-01", "2020-12-31", 10.0, "sykepenger"),
    ("b", "2020-12-31", "2020-12-31", 10.0, "sykepenger"),
]


def schemes(period="year", **options):
    tables = [
        spells([row[:4] for row in BENEFITS if row[4] == to], to=to)
        for to in ("dagpenger", "aap", "sykepenger")
    ]
    lives = mih.Spells(frame([(p, "2019-01-01", None) for p in "ab"], "person_id", "start", "stop"))
    return build(spells=tables, residence=lives, period=period, **options)


def test_the_benefit_type_is_what_pays_most_in_the_year_or_in_december():
    panel = schemes(benefit_type="year")
    assert cells(panel, "benefit_type") == {2019: "dagpenger", 2020: "aap", 2021: "ingen"}
    assert cells(panel, "benefit_type", "b") == {2019: "ingen", 2020: "sykepenger", 2021: "ingen"}
    panel = schemes(benefit_type="december")
    assert cells(panel, "benefit_type") == {2019: "aap", 2020: "sykepenger", 2021: "ingen"}
    panel = schemes(benefit_type="december", period="month")
    found = cells(panel, "benefit_type")
    assert [found[2019, m] for m in (6, 7, 12)] == ["dagpenger", "ingen", "aap"]
    assert "benefit_type" not in schemes().columns


def test_december_is_not_known_of_a_table_by_year():
    paid = frame([("a", 2019, 10.0)], "person_id", "y", "aap")
    table = mih.Table(paid, columns={"year": "y", "aap": "aap"})
    with pytest.raises(mih.PanelContractError, match="aap without months"):
        build(yearly=[table], benefit_type="december")
    monthly = frame([("a", 201912, 10.0), ("a", 201911, 90.0)], "person_id", "m", "aap")
    table = mih.Table(monthly, columns={"month": "m", "aap": "aap"}, combine="sum")
    other = spells([("a", "2019-12-01", "2019-12-31", 1.0)], to="dagpenger")
    panel = build(monthly=[table], spells=[other], benefit_type="december")
    assert cells(panel, "benefit_type") == {2019: "dagpenger"}


def test_wages_by_year_and_by_month_are_one_column_where_they_do_not_meet():
    yearly = mih.Table(
        frame([("a", 2019, 100.0)], "person_id", "y", "w"),
        columns={"year": "y", "wage_income": "w"},
    )
    rows = [("a", 202001, 40.0), ("a", 202002, 50.0)]

    def monthly(rows):
        table = frame(rows, "person_id", "m", "w")
        return mih.Table(table, columns={"month": "m", "wage_income": "w"}, combine="sum")

    panel = build(yearly=[yearly], monthly=[monthly(rows)])
    assert cells(panel, "wage_income") == {2019: 100.0, 2020: 90.0}
    with pytest.raises(mih.PanelContractError, match=r"wage_income of the same persons.*1 such"):
        build(yearly=[yearly], monthly=[monthly([*rows, ("a", 201912, 1.0)])])


def test_the_measure_that_begins_is_a_column():
    rows = [("a", "AFL", "2020-05-01"), ("a", "AFT", "2020-02-01"), ("a", "AFT", "2019-02-01"),
            ("b", "AFT", "2021-07-01")]  # fmt: skip
    table = frame(rows, "person_id", "tiltak", "start")
    starts = mih.Starts(table, stop=None, measure="tiltak", where={"tiltak": ["AFL"]})
    paid = spells([(p, "2019-01-01", None, 1.0) for p in "ab"])
    panel = build(starts=starts, spells=[paid])
    found = cells(panel, "measure")
    assert (found[2019], found[2020], pd.isna(found[2021])) == ("AFT", "AFL", True)
    assert cells(panel, "measure", "b")[2021] == "AFT"
    assert sorted(panel.measures) == ["AFL", "AFT"]


def test_eligible_is_an_expression_on_the_panel():
    persons = mih.Table(
        frame([("a", "mann"), ("b", None)], "person_id", "sex"), columns={"sex": "sex"}
    )
    paid = spells([(p, "2019-01-01", None, 1.0) for p in "ab"])
    panel = build(persons=persons, spells=[paid], eligible=nw.col("sex") == "mann")
    assert set(cells(panel, "eligible").values()) == {True}
    assert set(cells(panel, "eligible", "b").values()) == {False}
    with pytest.raises(mih.PanelContractError, match="eligible= is an expression"):
        build(spells=[paid], eligible="mann")


def test_what_became_of_the_rows_fits_a_screen_and_tells_all_of_it():
    rows = [("a", f"{2000 + k}-03-01", f"{2000 + k}-04-01", 100.0) for k in range(30)]
    rows += [("z", "2019-01-01", None, 1.0), ("a", "2020-03-05", "2020-03-09", 50.0)]
    table = frame(rows, "person_id", "start", "stop", "rate")
    named = mih.Spells(table, name="a name that is longer than a third of a screen", to="aap",
                       amount="rate", per="day", days="calendar", overlap="highest")  # fmt: skip
    told = build(spells=[named]).sources()
    with mih.options(lang="en"):
        text = repr(told)
    for shown in (text, repr(told)):
        assert max(map(len, shown.splitlines())) < 80
    for fate in FATES:
        n = int(told[fate].iloc[1])
        assert (f"{fate} {n:,}" in text) == (n > 0 or fate in ("used", "outside")), fate
    assert repr(told).startswith("tabell ")
    assert not re.search("|".join(FATES), repr(told))
    assert f"brukt {told['used'].iloc[1]}" in repr(told)
    assert type(told[["table", "used"]]) is pd.DataFrame
    assert "table" in told.head(1).to_string()


def test_a_gap_joins_spells_of_one_status_and_no_others():
    rows = [("a", "2019-01-01", "2019-12-25", "03"), ("a", "2020-01-10", "2020-12-31", "03"),
            ("a", "2021-01-05", None, "11"), ("b", "2019-01-01", "2019-12-20", "03"),
            ("b", "2019-12-25", "2020-01-02", "11"), ("b", "2020-01-04", None, "03")]  # fmt: skip
    homes = frame(rows, "person_id", "start", "stop", "county")
    wages = frame([(p, y, 1.0) for p in "ab" for y in (2019, 2020, 2021)], "person_id", "year", "w")
    yearly = [mih.Table(wages, columns={"year": "year", "wage_income": "w"})]
    for overlap in (None, "latest"):
        status = mih.Status(homes, to="county", at="31.12", gap=15, overlap=overlap)
        panel = build(yearly=yearly, status=[status])
        assert cells(panel, "county") == {2019: "03", 2020: "03", 2021: "11"}
        assert cells(panel, "county", "b") == {2019: "11", 2020: "03", 2021: "03"}


def test_numbers_in_text_are_whole_or_an_error():
    wages = frame([("a", "2019", "2.5", 1.0)], "person_id", "year", "month", "w")
    columns = {"year": "year", "month": "month", "wage_income": "w"}
    with pytest.raises(mih.PanelContractError, match="values in month that are no month"):
        build(monthly=[mih.Table(wages, columns=columns)], period="month")
    born = mih.Table(frame([("a", "1980.5")], "person_id", "born"), columns={"birth_year": "born"})
    with pytest.raises(mih.PanelContractError, match="values in born that are no whole number"):
        build(persons=born)


def test_a_date_with_a_name_of_a_month_has_its_whole_year():
    with pytest.raises(mih.PanelContractError, match="values in start that are no date"):
        build(spells=[spells([("a", "31DEC19", "31JAN20", 1.0)])])


def test_a_cell_of_an_amount_a_month_is_explained():
    rows = [("a", "2020-02-15", "2020-03-31", 2900.0)]
    panel = build(spells=[spells(rows, per="month", days=None)])
    told = panel.explain("a", 2020, "aap")
    assert told["kroner"].tolist() == [4400.0, 4400.0]
    assert told["days"].tolist()[0] == 46
