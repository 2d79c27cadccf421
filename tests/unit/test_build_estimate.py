"""What a build is foretold to read and make, beside what it reads and makes."""

from __future__ import annotations

import pandas as pd
import pytest

import mih_impact as mih


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("extract")
    mih.synthetic_delivery(folder, participants=12, persons=300, seed=11)
    return folder


def test_rows_are_foretold_exactly(folder):
    dated = {"key": "bruker_id", "start": "fra_dato", "stop": "til_dato"}
    paid = {**dated, "amount": "dagsats", "per": "day", "days": "calendar", "overlap": "sum"}
    persons = mih.Table(folder / "persons.csv", key="lopenr")
    keys = mih.Table(folder / "key.csv", key="lopenr", columns={"identifier": "bruker_id"})
    income = mih.Table(
        folder / "income_*.parquet",
        versions="latest",
        key="lopenr",
        columns={"year": "aar", "wage_income": "lonn"},
        revision="versjon",
    )
    spells = [
        mih.Spells(folder / "dagpenger_*.parquet", to="dagpenger", versions="latest", **paid),
        mih.Spells(folder / "aap.dta", to="aap", **paid),
        mih.Spells(
            folder / "sosialhjelp.sav",
            to="months_unemployed",
            count="months",
            overlap="union",
            **dated,
        ),
    ]
    frame = mih.Status(
        pd.DataFrame({"lopenr": ["1"], "start": ["2020-01-01"], "stop": [None], "county": ["03"]}),
        key="lopenr",
        to="county",
    )
    tables = (keys, income, *spells, frame)
    estimate = mih.estimate_build(persons, *tables, years=(2009, 2024))
    panel = mih.build_panel(
        persons,
        identifiers=keys,
        yearly=[income],
        spells=spells,
        status=[frame],
        years=(2009, 2024),
    )
    told = panel.sources()
    assert estimate.to_frame()["rows"].tolist() == told["rows_read"].tolist()
    assert estimate.to_frame()["table"].tolist()[:-1] == told["table"].tolist()[:-1]
    assert estimate.rows_read == told["rows_read"].sum() > 5_000
    assert estimate.panel_rows == told["rows_read"][0] * 16
    assert len(panel.frame.collect("pandas").to_native()) <= estimate.panel_rows


def test_everybody_in_every_period_is_the_most_there_can_be():
    persons = mih.Table(pd.DataFrame({"person_id": [1, 2]}))
    here = pd.DataFrame({"person_id": [1, 2], "start": ["2000-01-01"] * 2, "stop": [None] * 2})
    residence = mih.Spells(here)
    given = {"years": (2019, 2020), "period": "month"}
    aap = mih.Spells(here.assign(n=1.0), to="aap", amount="n", per="month")
    estimate = mih.estimate_build(persons, residence, aap, **given)
    panel = mih.build_panel(persons, residence=residence, spells=[aap], **given)
    assert estimate.panel_rows == len(panel.frame.collect("pandas").to_native()) == 48


def test_time_is_a_range_and_disk_is_what_memory_does_not_hold():
    persons = mih.Table(pd.DataFrame({"person_id": range(2_000_000)}))
    small, large = (
        mih.estimate_build(persons, years=(2020, 2020), memory_limit=limit)
        for limit in ("500 MB", "1 GB")
    )
    assert large.disk_bytes == 0
    assert small.disk_bytes == 200 * 2_000_000
    assert 0 < small.seconds[0] < small.seconds[1] < 60
    for lang, word in (("nb", "Rader å lese"), ("en", "Rows to read")):
        assert word in small.summary(lang=lang)


def test_files_that_do_not_say_how_many_rows_they_have_are_named(folder):
    persons, tax = mih.Table(folder / "persons.csv"), mih.Spells(folder / "uforetrygd.xpt")
    estimate = mih.estimate_build(persons, tax, years=(2020, 2020))
    assert estimate.tables[1] == ("uforetrygd.xpt", None)
    assert estimate.rows_read == estimate.persons
    assert "uforetrygd.xpt" in estimate.summary(lang="en")
    with pytest.raises(mih.PanelContractError, match="several versions"):
        mih.estimate_build(mih.Table(folder / "income_*.parquet"), years=(2020, 2020))
