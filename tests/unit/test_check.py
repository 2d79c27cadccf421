"""Panel.check: every rule alone, all of them at once, and nobody shown."""

from __future__ import annotations

import re
import tracemalloc

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.display.locale import options
from mih_impact.errors import PanelContractError
from mih_impact.panel import engine, row_counts
from mih_impact.panel.check import PanelReport
from mih_impact.panel.read import read_panel
from mih_impact.storage import load, save

NAN = np.nan


def clean(n: int = 6) -> pd.DataFrame:
    """Return a register that breaks no rule."""
    years = range(2015, 2021)
    person = [f"p{i}" for i in range(n)]
    frame = pd.DataFrame([(p, y) for p in person for y in years], columns=["person_id", "year"])
    number = frame["person_id"].str[1:].astype(int)
    frame["wage_income"] = 1000.0 * number + frame["year"]
    frame["start_year"] = np.where(number < 2, 2018.0, NAN)
    frame["eligible"] = frame["year"] == 2017
    frame["sex"] = np.where(number % 2, "m", "f")
    frame["birth_year"] = 1980 + number
    frame["death_year"] = np.where(number == 5, 2020.0, NAN)
    frame["months_unemployed"] = 6.0
    frame["dagpenger"] = 1.0
    return frame


def table(frame: pd.DataFrame, **options) -> dict[tuple[str, str], tuple[str, int]]:
    """Return {(rule, column): (severity, rows)} of a check."""
    report = read_panel(frame, **options).check()
    return {(b.rule, b.column): (b.severity, b.rows) for b in report.breaches}


def test_a_clean_register_passes():
    report = read_panel(clean()).check()
    assert report.passed
    assert report.to_frame().empty
    assert (report.n_rows, report.n_persons, report.years) == (36, 6, (2015, 2020))
    report.raise_if_failed()
    assert "No breach" in report.summary("en")
    assert "Ingen brudd" in report.summary("nb")


def _set(column, value, rows):
    def change(frame):
        frame[column] = frame[column].astype(object if isinstance(value, str) else float)
        frame.loc[rows, column] = value
        return frame

    return change


#: One breach each: how the clean register is spoiled, and what the check must say and nothing else.
ALONE = {
    "null id": (
        lambda f: f.assign(person_id=f["person_id"].mask(f.index == 3)),
        {("null key", "person_id"): ("error", 1)},
    ),
    "null year": (
        lambda f: f.assign(year=f["year"].astype(float).mask(f.index == 3)),
        {("null key", "year"): ("error", 1)},
    ),
    "year not whole": (
        lambda f: f.assign(year=f["year"] + np.where(f.index == 0, 0.5, 0.0)),
        {("conversion", "year"): ("error", 1)},
    ),
    "year out of range": (
        lambda f: f.assign(year=f["year"].mask(f.index < 2, 201)),
        {("out of range", "year"): ("error", 2)},
    ),
    "duplicates": (
        lambda f: pd.concat([f, f.iloc[[7, 7, 8]]]),
        {("duplicate person-years", "person_id, year"): ("error", 3)},
    ),
    "start year changes": (
        _set("start_year", 2019.0, [0]),
        {("changes within person", "start_year"): ("error", 1)},
    ),
    "death year changes": (
        _set("death_year", 2021.0, [35]),
        {("changes within person", "death_year"): ("error", 1)},
    ),
    "sex changes": (
        _set("sex", "x", [0, 6]),
        {("changes within person", "sex"): ("warning", 2)},
    ),
    "negative money": (
        _set("wage_income", -1.0, [4, 5]),
        {("negative money", "wage_income"): ("error", 2)},
    ),
    "absurd money": (
        _set("dagpenger", 2e8, [4]),
        {("absurd money", "dagpenger"): ("error", 1)},
    ),
    "infinite money": (
        _set("dagpenger", np.inf, [4]),
        {("absurd money", "dagpenger"): ("error", 1)},
    ),
    "infinite covariate": (
        lambda f: f.assign(shoe_size=np.where(f.index == 0, -np.inf, 40.0)),
        {("out of range", "shoe_size"): ("error", 1)},
    ),
    "months out of range": (
        _set("months_unemployed", 13.0, [1, 2, 3]),
        {("out of range", "months_unemployed"): ("error", 3)},
    ),
    "birth year out of range": (
        lambda f: f.assign(birth_year=f["birth_year"].mask(f["person_id"] == "p1", 80)),
        {("out of range", "birth_year"): ("error", 6)},
    ),
    "all null": (
        lambda f: f.assign(aap=NAN),
        {("all null", "aap"): ("error", 36)},
    ),
    "nobody dies": (
        lambda f: f.assign(death_year=NAN),
        {("all null", "death_year"): ("warning", 36)},
    ),
    "nobody starts": (
        lambda f: f.assign(start_year=NAN),
        {("all null", "start_year"): ("error", 36)},
    ),
    "all zero": (
        lambda f: f.assign(aap=np.where(f.index < 5, NAN, 0.0)),
        {("all zero", "aap"): ("warning", 31)},
    ),
    "nobody eligible": (
        lambda f: f.assign(eligible=False),
        {("all zero", "eligible"): ("warning", 36)},
    ),
    "rows after death": (
        lambda f: f.assign(death_year=f["death_year"].mask(f["person_id"] == "p5", 2018)),
        {("rows after exit", "death_year"): ("warning", 2)},
    ),
    "rows after emigration": (
        lambda f: f.assign(emigration_year=np.where(f["person_id"] == "p3", 2019, NAN)),
        {("rows after exit", "emigration_year"): ("warning", 1)},
    ),
    "start year outside": (
        lambda f: f.assign(start_year=f["start_year"].mask(f["person_id"] == "p0", 2025)),
        {("start year outside", "start_year"): ("warning", 1)},
    ),
    "start year partly null": (
        _set("start_year", NAN, [0, 1]),
        {("start year partly null", "start_year"): ("warning", 1)},
    ),
    "a year without rows": (
        lambda f: f[f["year"] != 2016],
        {("gap", "year"): ("warning", 0)},
    ),
    "absent rows and no residency": (
        lambda f: f.drop(columns="death_year").drop(index=[0, 8, 9]),
        {("absent rows", "person_id, year"): ("warning", 3)},
    ),
    "eligible neither 0 nor 1": (
        lambda f: f.assign(eligible=f["eligible"].astype(int) + (f.index == 1) * 4),
        {("conversion", "eligible"): ("error", 1)},
    ),
    "misspelt": (
        lambda f: f.rename(columns={"death_year": "deathyear"}).assign(deathyear=2030.0),
        {("misspelt column", "death_year"): ("warning", 0)},
    ),
    "dates": (
        lambda f: f.assign(seen=pd.Timestamp("2020-01-01")),
        {("column left out", "seen"): ("warning", 0)},
    ),
    "no rows": (
        lambda f: f.iloc[:0],
        {("empty", ""): ("error", 0)},
    ),
}


@pytest.mark.parametrize("case", ALONE)
def test_each_rule_alone(case):
    spoil, expected = ALONE[case]
    assert table(spoil(clean()).reset_index(drop=True)) == expected


@pytest.mark.parametrize("case", ALONE)
def test_rows_of_pandas_are_counted_some_at_a_time_as_all_together(case, monkeypatch):
    monkeypatch.setattr("mih_impact.panel.row_counts.PANDAS_ROWS", 7)
    spoil, expected = ALONE[case]
    assert table(spoil(clean()).reset_index(drop=True)) == expected


@pytest.mark.parametrize(("at_a_time", "least", "most"), [(20_000, 0, 4), (10**9, 10, 100)])
def test_columns_are_not_made_for_all_rows_of_pandas_at_once(at_a_time, least, most, monkeypatch):
    monkeypatch.setattr("mih_impact.panel.row_counts.PANDAS_ROWS", at_a_time)
    counts = read_panel(clean(20_000))._counts
    tracemalloc.start()
    row_counts.count_rows(counts.raw, counts.casts, {})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    columns = peak / 8 / (6 * 20_000)
    assert least < columns < most


@pytest.mark.parametrize("code", [np.inf, -np.inf, 1e18])
def test_a_code_that_no_float_holds_is_told(code):
    frame = clean().assign(county=[code, *[15.0] * 35])
    assert table(frame) == {("conversion", "county"): ("error", 1)}


def test_codes_with_decimals_and_codes_that_are_not_named():
    frame = clean().assign(county=[11.5, *[15.0] * 35])
    assert table(frame) == {("conversion", "county"): ("error", 1)}
    frame["county"] = [31, *[3] * 35]
    found = table(frame, values={"county": {3: "Oslo"}})
    assert found == {("conversion", "county"): ("error", 1)}


@pytest.fixture(params=[row_counts._MANY_ROWS, 0])
def many_rows(request, monkeypatch):
    """Of few rows all are counted at once; of many it is asked first whether there is a value."""
    monkeypatch.setattr(row_counts, "_MANY_ROWS", request.param)


def nowhere(frame, **options):
    """Return what is told of columns that are null throughout: (column, severity, rows, what)."""
    report = read_panel(frame, money="fixed", **options).check()
    found = [b for b in report.breaches if b.rule == "nowhere"]
    return [(b.column, b.severity, b.rows, b.what.text("en")) for b in found]


@pytest.mark.usefixtures("many_rows")
def test_a_benefit_that_is_null_for_everybody_in_a_year_is_not_taken_as_nothing_paid():
    frame = clean(20)
    last = frame["year"] == 2020
    undelivered = frame.assign(dagpenger=frame["dagpenger"].mask(last | (frame["year"] == 2016)))
    (found,) = nowhere(undelivered)
    assert found[:3] == ("dagpenger", "error", 40)
    assert "all rows of 2016, 2020 (40 rows)" in found[3]
    with pytest.raises(PanelContractError, match=r"if nothing was paid.* write 0"):
        read_panel(undelivered, money="fixed").cube()
    # As advised: zero where nothing was paid, or the rows left out.
    told = undelivered.assign(dagpenger=undelivered["dagpenger"].fillna(0.0))
    assert read_panel(told, money="fixed").cube().outcome("dagpenger")[0].tolist() == [
        1.0, 0.0, 1.0, 1.0, 1.0, 0.0,
    ]  # fmt: skip
    assert nowhere(undelivered[undelivered["dagpenger"].notna()]) == []
    # Wages and money of one's own are no different.
    wage = frame.assign(wage_income=frame["wage_income"].mask(last))
    assert nowhere(wage)[0][:3] == ("wage_income", "error", 20)
    own = frame.assign(bonus=np.where(last, NAN, 5.0))
    assert nowhere(own, units={"bonus": "NOK"})[0][:3] == ("bonus", "error", 20)
    assert nowhere(own) == []


@pytest.mark.usefixtures("many_rows")
def test_a_rare_benefit_may_be_paid_to_nobody_in_a_year():
    frame = clean(20)
    paid = (frame["person_id"] == "p3") & frame["year"].between(2015, 2018)
    rare = frame.assign(dagpenger=np.where(paid, 5.0, NAN))
    columns = [found[:3] for found in nowhere(rare)]
    assert columns == [("dagpenger", "warning", 40), ("dagpenger", "warning", 8)]


@pytest.mark.usefixtures("many_rows")
def test_a_month_and_a_file_without_a_benefit_are_told_as_well(tmp_path):
    frame = clean(20)
    months = frame.merge(pd.DataFrame({"month": range(1, 13)}), how="cross")
    months["start_month"] = np.where(months["start_year"].notna(), 3.0, NAN)
    gone = (months["year"] == 2019) & (months["month"] == 4)
    (found,) = nowhere(months.assign(dagpenger=months["dagpenger"].mask(gone)), period="month")
    assert found[:3] == ("dagpenger", "error", 20)
    assert "2019-04" in found[3]
    half = frame["person_id"].isin([f"p{i}" for i in range(10)])
    frame[half].to_parquet(tmp_path / "one.parquet")
    frame[~half].assign(dagpenger=NAN).to_parquet(tmp_path / "two.parquet")
    (found,) = nowhere(tmp_path / "*.parquet")
    assert found[:3] == ("dagpenger", "error", 60)
    assert "two.parquet" in found[3]


@pytest.mark.usefixtures("many_rows")
def test_a_benefit_that_only_those_who_start_have_is_told():
    frame = clean(20)
    (found,) = nowhere(frame.assign(dagpenger=frame["dagpenger"].where(frame["start_year"] > 0)))
    assert found[:3] == ("dagpenger", "warning", 108)
    assert "those who never start" in found[3]


def test_many_rows_are_not_grouped_where_each_kind_has_a_value(tmp_path, monkeypatch):
    frame = clean(20)
    frame.loc[frame["person_id"] == "p3", "dagpenger"] = NAN
    for k, part in enumerate((frame.iloc[: len(frame) // 2], frame.iloc[len(frame) // 2 :])):
        part.to_parquet(tmp_path / f"{k}.parquet")
    asked, as_it_is = [], engine.arrays

    def listed(plan):
        asked.append(sorted(plan.collect_schema()))
        return as_it_is(plan)

    monkeypatch.setattr(engine, "arrays", listed)
    monkeypatch.setattr(row_counts, "_MANY_ROWS", 0)
    assert nowhere(tmp_path / "*.parquet") == []
    assert [one for one in asked if len(one) == 1][:3] == [["period"], ["start"], ["file"]]
    assert not any("dagpenger" in one for one in asked)


def test_all_breaches_come_at_once_errors_first():
    frame = clean()
    for spoil in ("negative money", "start year changes", "sex changes", "all null", "dates"):
        frame = ALONE[spoil][0](frame)
    frame = pd.concat([frame, frame.iloc[[9]]])
    report = read_panel(frame).check()
    assert [b.severity for b in report.breaches] == ["error"] * 4 + ["warning"] * 2
    assert {b.rule for b in report.errors} == {
        "negative money", "changes within person", "all null", "duplicate person-years",
    }  # fmt: skip
    with pytest.raises(PanelContractError) as caught:
        report.raise_if_failed()
    for breach in report.errors:
        assert breach.what.en in str(caught.value)
        assert breach.do.en in str(caught.value)


def test_the_index_that_lacks_a_year_names_its_range():
    report = read_panel(clean(), index={2016: 1.0, 2024: 2.0, 2018: 1.1}).check()
    (breach,) = report.errors
    assert breach.rule == "price index"
    assert breach.what.en == (
        "There is no price index for 2015, 2017, 2019, 2020; the index covers 2016–2024"
    )


def test_the_shipped_index_ends_somewhere_and_says_where():
    frame = clean().assign(year=lambda f: f["year"] + 30, death_year=2060.0)
    (breach,) = read_panel(frame.drop(columns="start_year")).check().errors
    assert breach.rule == "price index"
    assert "–2024" in breach.what.nb or "–2025" in breach.what.nb


def test_wages_that_look_like_thousands_are_told_and_nothing_is_changed():
    kroner = clean(50).assign(birth_year=1980)
    kroner["wage_income"] += 300_000.0
    kroner.loc[kroner["person_id"] == "p3", "wage_income"] = 0.0
    thousands = kroner.assign(wage_income=(kroner["wage_income"] / 1000).round())
    told = read_panel(thousands).check()
    [breach] = told.breaches
    assert told.passed
    assert (breach.rule, breach.column, breach.severity) == ("thousands", "wage_income", "warning")
    assert breach.rows == 49 * 6
    # 5 % of 100,853, the average of 2020, which Nav publishes.
    assert "below NOK 5,043 in 294 rows" in breach.what.text("en")
    assert "(G, Nav, 2020)" in breach.what.text("en")
    assert "under 5\u00a0043 kroner i 294 rader" in breach.what.text("nb")
    named = read_panel(
        thousands.rename(columns={"wage_income": "lonn"}), columns={"wage_income": "lonn"}
    )
    assert "multiply lonn by 1000" in named.check().breaches[0].do.text("en")
    assert table(kroner) == {}
    assert table(kroner.assign(wage_income=thousands["wage_income"] * 1000)) == {}, "as advised"
    assert table(kroner.assign(wage_income=0.06 * 100_853)) == {}, "low wages are wages"


def test_wages_in_ore_or_of_a_year_in_each_month_are_told_and_nothing_is_changed():
    kroner = clean(50).assign(birth_year=1980)
    kroner["wage_income"] += 300_000.0
    ore = kroner.assign(wage_income=(kroner["wage_income"] * 100).round())
    [breach] = read_panel(ore).check().breaches
    assert (breach.rule, breach.column, breach.severity) == (
        "large amounts", "wage_income", "warning"
    )  # fmt: skip
    assert "above NOK 3,025,590 in 300 rows, 30 times" in breach.what.text("en")
    assert "divide wage_income by 100" in breach.do.text("en")
    start = np.where(kroner["start_year"] > 0, 1, NAN)
    yearly = read_panel(kroner.assign(month=6, start_month=start), period="month")
    [told] = [each for each in yearly.check().breaches if each.rule == "large amounts"]
    assert "over 100\u00a0853 kroner i måneden i 300 rader" in told.what.text("nb")
    assert "del wage_income på 12 før innlesing" in told.do.text("nb")
    monthly = kroner.assign(
        month=6, start_month=start, wage_income=(kroner["wage_income"] / 12).round(2)
    )
    rules = {rule for rule, _ in table(monthly, period="month")}
    assert "large amounts" not in rules, "as advised"
    assert table(kroner.assign(wage_income=900_000.0)) == {}, "high wages are wages"


CODES = {
    "wages of 7 digits": ("wage_income", 9_999_999, "warning"),
    "wages of 8 digits": ("wage_income", 99_999_999, "warning"),
    "wages, and an error anyway": ("wage_income", 999_999_999, "error"),
    "eights": ("wage_income", 8_888_888, "warning"),
    "a benefit": ("dagpenger", 99_999, "warning"),
    "wages below zero": ("wage_income", -9, "error"),
    "months": ("months_unemployed", 99, "error"),
    "year of birth": ("birth_year", 9999, "error"),
    "hours": ("hours", 999, "warning"),
    "hours below zero": ("hours", -1, "warning"),
}


@pytest.mark.parametrize("case", CODES)
def test_a_value_that_recurs_and_looks_like_a_code_is_told_and_the_advice_works(case):
    column, code, severity = CODES[case]
    frame = clean(n=30).assign(hours=lambda f: (f["year"] + f["wage_income"]) % 90)
    person = frame["person_id"].isin([f"p{i}" for i in range(10, 16)])
    rows = person if column == "birth_year" else person & (frame["year"] == 2016)
    frame[column] = frame[column].where(~rows, code).astype(float)
    (told,) = read_panel(frame).check().breaches
    assert (told.severity, told.rows, told.column) == (severity, int(rows.sum()), column)
    advice = re.search(r"values=(\{.*\}\})", told.do.text("en"))[1]
    assert advice in told.do.text("nb")
    assert f"{{{code}: None}}" in advice
    mended = read_panel(frame, values=eval(advice))
    assert not mended.check().breaches
    same = read_panel(frame.assign(**{column: frame[column].where(~rows)}))
    if column in ("wage_income", "dagpenger"):
        found = [
            mih.event_study(
                mih.match(panel, exact="sex", method="exact"), outcomes=column, window=(-2, 2)
            ).to_frame()
            for panel in (mended, same)
        ]
        assert found[0].equals(found[1])


def test_zero_of_those_who_never_start_is_one_error_and_its_advice_works():
    frame = clean(n=30).assign(start_year=lambda f: f["start_year"].fillna(0.0))
    (told,) = read_panel(frame).check().breaches  # and no warning of years that are not there
    assert (told.rule, told.severity) == ("out of range", "error")
    advice = re.search(r"values=(\{.*\}\})", told.do.text("en"))[1]
    assert eval(advice) == {"start_year": {0: None}}
    assert not read_panel(frame, values=eval(advice)).check().breaches


def test_several_codes_are_told_at_once_also_beside_a_higher_income():
    frame = clean(n=40)
    frame.loc[0, "wage_income"] = 12_345_678.0
    frame.loc[10:20, "wage_income"] = 9_999_999
    frame.loc[30:40, "wage_income"] = 999_999
    (told,) = read_panel(frame).check().breaches
    assert 'values={"wage_income": {999999: None, 9999999: None}}' in told.do.text("en")
    assert told.rows == 22
    assert "zero of a resident" in told.do.text("en")


def test_an_amount_that_many_are_near_is_no_code():
    frame = clean(n=40)
    frame.loc[:59, "wage_income"] = 999_970.0 + np.arange(60)
    frame.loc[60:63, "wage_income"] = 99_999_999.0  # too few
    assert not read_panel(frame).check().breaches


def test_wages_in_another_currency_unit_or_number_are_not_taken_for_thousands():
    thousands = clean(50).assign(birth_year=1980)
    thousands["wage_income"] = 300.0
    assert ("thousands", "wage_income") in table(thousands)
    assert table(thousands, currency="SEK", price_year=2020, money="fixed") == {}
    own = {rule for rule, _ in table(thousands.rename(columns={"wage_income": "my_wage"}))}
    assert "thousands" not in own, "not the contract's"
    assert table(thousands.iloc[:190]) == {}, "a few rows tell nothing"
    monthly = thousands.assign(month=6, start_month=np.where(thousands["start_year"] > 0, 1, NAN))
    found = {rule for rule, _ in table(monthly, period="month")}
    assert "thousands" in found, "against a twelfth of G"
    monthly["wage_income"] = 30_000.0
    assert "thousands" not in {rule for rule, _ in table(monthly, period="month")}


def test_the_share_of_absent_person_years_is_said_in_both_languages():
    frame = clean().drop(columns="death_year").drop(index=[0, 8, 9])
    (breach,) = read_panel(frame).check().warnings
    assert breach.what.en.startswith("8.3% of the person-years")
    assert breach.what.nb.startswith("8,3\u00a0% av personårene")


def test_one_row_each_is_told_and_a_few_persons_are_an_example():
    everybody = clean(60)
    last = everybody[everybody["year"] == everybody["person_id"].str[1:].astype(int) % 6 + 2015]
    (breach,) = (b for b in read_panel(last).check().warnings if b.rule == "one row each")
    assert breach.what.en.startswith("60 persons have one row each")
    assert breach.do.nb == "ta med alle radene til hver person: én per person og år"
    for frame in (last.head(20), everybody):
        assert "one row each" not in read_panel(frame).check().to_frame()["rule"].tolist()


def test_spells_of_residency_silence_it():
    frame = clean().drop(columns="death_year").drop(index=[0, 8, 9])
    spells = pd.DataFrame({"person_id": ["p0"], "from_year": [2000], "to_year": [None]})
    spells["to_year"] = spells["to_year"].astype(float)
    assert read_panel(frame, resident=spells).check().passed
    assert not read_panel(frame, resident=spells).check().breaches


def test_duplicates_are_found_over_more_years_than_one_positional_sum_holds():
    years = range(1920, 2021)
    frame = pd.DataFrame({"person_id": "a", "year": years, "wage_income": 1.0})
    panel = read_panel(frame, money="fixed")
    assert panel.check().passed
    assert panel.cube().row.all()
    twice = pd.concat([frame, frame[frame["year"] == 1999]])
    assert table(twice, money="fixed") == {
        ("duplicate person-years", "person_id, year"): ("error", 1)
    }


@pytest.mark.parametrize("copies", [2, 3, 4, 8, 64])
def test_duplicates_are_found_whatever_they_add_up_to(copies):
    # Copies carry in the positional sum; 64 copies of one year look like one row six years later.
    frame = clean().drop(columns="death_year")
    more = pd.concat([frame, *[frame.iloc[[0]]] * (copies - 1)])
    assert table(more)[("duplicate person-years", "person_id, year")] == ("error", copies - 1)


def test_require_raises_and_the_check_is_made_once():
    panel = read_panel(clean().assign(aap=NAN))
    assert panel.check() is panel.check()
    with pytest.raises(PanelContractError, match="aap is null in all rows"):
        panel.require()
    with pytest.raises(PanelContractError, match="aap is null in all rows"):
        panel.cube()


def test_the_card_speaks_the_language_in_force():
    report = read_panel(clean().assign(aap=NAN)).check()
    with options(lang="en"):
        assert "Check of the panel" in str(report)
        assert report.to_frame()["what"].str.contains("null in all rows").all()
    with options(lang="nb"):
        assert "Kontroll av panelet" in str(report)
        assert "Feil må rettes" in report._repr_html_()


def test_neither_report_nor_error_shows_a_person():
    frame = clean().replace({"person_id": {"p1": "hemmelig"}})
    frame.loc[frame["person_id"] == "hemmelig", "wage_income"] = -1.0
    frame = pd.concat([frame, frame[frame["person_id"] == "hemmelig"]])
    report = read_panel(frame).check()
    with pytest.raises(PanelContractError) as caught:
        report.raise_if_failed()
    shown = report.summary("nb") + report.summary("en") + report._repr_html_() + str(caught.value)
    assert "hemmelig" not in shown + report.to_frame().to_string()


def test_a_report_can_be_saved(tmp_path):
    report = read_panel(clean().assign(aap=NAN)).check()
    again = load(save(report, tmp_path / "check.zip"))
    assert isinstance(again, PanelReport)
    assert again.breaches == report.breaches
    assert again.summary("nb") == report.summary("nb")


def test_a_change_of_sources_and_an_index_that_is_not_measured_are_told():
    rows = {"person_id": ["a", "a"], "wage_income": [1.0, 2.0]}

    def told(*years, **options):
        panel = read_panel(pd.DataFrame({**rows, "year": list(years)}), **options)
        assert str(panel.check()).count("a-ordningen") <= 1
        return [note.text("en") for note in panel.check().notes]

    assert [text[:40] for text in told(2014, 2015, price_year=2022)] == [
        "Wages in Norwegian registers come from a"
    ]
    assert told(2015, 2016, price_year=2022) == told(2013, 2014, price_year=2022) == []
    assert told(2015, 2016) == [
        "The consumer price index of 2024 is reckoned from published growth, not read in the table"
    ]
    index = mih.PriceIndex.kpi(forecast=True)
    assert told(2021, 2022, price_year=2026, index=index) == [
        "The consumer price index of 2026 is a forecast"
    ]
    assert told(2015, 2016, money="fixed") == []


def test_a_synthetic_register_has_no_change_of_sources_and_years_are_joined_as_they_are_read():
    import mih_impact as mih

    notes = mih.example_panel().check().notes
    assert not [note for note in notes if "a-ordningen" in note.nb]
    rows = pd.DataFrame({"person_id": ["a", "a"], "year": [2023, 2024], "wage_income": [1.0, 2.0]})
    (note,) = read_panel(rows).check().notes
    assert "2023 og 2024" in note.nb
    assert "2023 and 2024" in note.en
