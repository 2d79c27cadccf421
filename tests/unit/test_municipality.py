"""The municipality's view against a hand calculation, and bad input."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.account.cost_item import CostItem
from mih_impact.account.roles import hundreds
from mih_impact.display.figure import alt_text
from mih_impact.display.locale import Label
from mih_impact.errors import OptionError
from mih_impact.reference.rows import find, rows
from tests.golden.test_base_case import planted_effects, planted_rows
from tests.support import texts_fit


@pytest.fixture(scope="module")
def case() -> mih.CostBenefit:
    return mih.cost_benefit(
        planted_effects(planted_rows()),
        mih.Assumptions.r109(),
        programme=mih.nav.menn_i_helse(),
    )


@pytest.fixture(scope="module")
def unsure() -> mih.CostBenefit:
    frame = pd.DataFrame(
        {
            "outcome": np.repeat(["wage_income", "sosialhjelp"], 7),
            "year_since_start": np.tile(np.arange(7), 2),
            "estimate": np.repeat([150_000.0, -8_000.0], 7),
        }
    )
    effects = mih.EffectSeries.from_frame(frame, covariance=1e7 * np.eye(14), price_year=2024)
    return mih.cost_benefit(
        effects, mih.Assumptions.r109(), programme=mih.nav.menn_i_helse(), horizon=7
    )


def amounts(view: mih.MunicipalityView, component: str) -> list[float]:
    frame = view.to_frame()
    return frame[frame["component"] == component]["amount"].tolist()


def read(view: mih.MunicipalityView, lang: str = "nb") -> str:
    """Return the card on one line."""
    return " ".join(view.summary(lang).split())


# The hand calculation, per place, NOK in 2024 prices, year by year since start.
#
# Skilled start wage 415,300 (May 2023), consumer prices 129.6 -> 133.6.
WAGE = 415_300 * 133.6 / 129.6
# An apprentice is paid half of it, for 13.5 months (the middle of 12 to 15); 75 of 100 starters
# become apprentices; the years are those of the grant: 27 of 60 in year 1, 33 of 60 in year 2.
STAY = 0.75 * 0.5 * WAGE * 13.5 / 12
PAY = [0, -STAY * 27 / 60, -STAY * 33 / 60, 0, 0, 0, 0]
# Pension 12 per cent, and the contribution of 14.1 per cent on both.
ON_COSTS = [pay * (1.12 * 1.141 - 1) for pay in PAY]
GRANT = [0, 27_000, 33_000, 0, 0, 0, 0]
# Planted effects: wages, Nav benefits (75 per cent taxable), social assistance.
WAGES = [0, 50_000, 130_000, 200_000, 250_000, 265_000, 265_000]
NAV = [25_000, 35_000, -15_000, -60_000, -70_000, -70_000, -65_000]
SOCIAL = [0, -3_000, -6_000, -8_000, -8_000, -8_000, -8_000]
# Tax 24 per cent of wages and 17 of taxable benefits; 31 per cent the municipality's; 40 kept.
TAX = [0.4 * 0.31 * (0.24 * wage + 0.17 * 0.75 * nav) for wage, nav in zip(WAGES, NAV, strict=True)]
SAVED = [-amount for amount in SOCIAL]
NET = [sum(each) for each in zip(PAY, ON_COSTS, GRANT, TAX, SAVED, strict=True)]


def test_eight_places_by_hand(case) -> None:
    view = mih.municipality_view(case)
    for component, per_place in {
        "apprentice_pay": PAY, "apprentice_on_costs": ON_COSTS, "grant": GRANT, "tax_kept": TAX,
        "benefits": SAVED, "in_kind": [0] * 7, "programme": [0] * 7, "net": NET,
    }.items():  # fmt: skip
        wanted = [8 * amount for amount in per_place]
        assert amounts(view, component) == pytest.approx(wanted, abs=0.01), component
    totals = view.totals().set_index("component")["amount"]
    assert totals["net"] == pytest.approx(8 * sum(NET), abs=0.01)
    assert view.reach == 0.75
    assert totals["apprentice_pay"] == pytest.approx(-8 * STAY, abs=0.01)
    assert view.years == (0, 1, 2, 3, 4, 5, 6)


def test_cohorts_roll_over_calendar_years(case) -> None:
    view = mih.municipality_view(case, places=10, first_year=2026, cohorts=3)
    wanted = np.zeros(9)
    for start in range(3):
        for year, amount in enumerate(NET):
            wanted[start + year] += 10 * amount
    assert view.years == tuple(range(2026, 2035))
    assert amounts(view, "net") == pytest.approx(wanted.tolist(), abs=0.01)


def test_what_is_in_kind_is_there_as_far_as_it_is_paid(case) -> None:
    """In kind in the account: 24 thousand of practice; 27 and 33 of apprentices."""
    view = mih.municipality_view(case, places=1, paid_in_kind=0.25)
    wanted = [-6_000, -6_750, -8_250, 0, 0, 0, 0]
    assert amounts(view, "in_kind") == pytest.approx(wanted)
    assert "25 % av det kommunen gir" in read(view)
    assert "er ikke med: 84 000 kr per plass" in read(mih.municipality_view(case))


def test_what_the_analyst_knows_better_goes_in_and_is_marked_hers(case) -> None:
    view = mih.municipality_view(
        case, places=1, kept_tax=1.0, apprentice_share=0.6, apprentice_months=12,
        skilled_wage=450_000,
    )  # fmt: skip
    assert amounts(view, "tax_kept") == pytest.approx([tax / 0.4 for tax in TAX])
    assert sum(amounts(view, "apprentice_pay")) == pytest.approx(-0.75 * 0.6 * 450_000)
    frame = view.assumptions_frame("en").set_index("name")
    changed = ["kept_tax", "apprentice_share", "apprentice_months", "skilled_wage"]
    assert (frame.loc[changed, "status"] == "ASSUMED").all()
    base = mih.municipality_view(case).assumptions_frame("nb").set_index("name")
    assert base["status"].to_dict() == {
        "paid_in_kind": "ASSUMED", "kept_tax": "remembered", "apprentice_share": "ASSUMED",
        "apprentice_months": "derived", "skilled_wage": "derived",
    }  # fmt: skip
    assert base.loc["kept_tax", ["low", "high"]].tolist() == [0.2, 1.0]
    assert base.loc["apprentice_months", ["low", "high"]].tolist() == [12, 15]
    assert base.loc["skilled_wage", "value"] == pytest.approx(WAGE)


def test_the_recruited_worker_stands_beside_and_is_not_added(case) -> None:
    view = mih.municipality_view(case)
    beside = view.beside().set_index("who")
    assert beside.loc["worker", "output"] == pytest.approx(WAGE * 1.12 * 1.141)
    assert beside.loc["apprentice", "output"] == pytest.approx(
        0.5 * WAGE * 13.5 / 12 * 1.12 * 1.141
    )
    assert (beside["net"] == 0).all()
    assert (beside["labour_cost"] == -beside["output"]).all()
    assert (beside["status"] == "ASSUMED").all()
    assert set(view.to_frame()["component"]).isdisjoint({"worker", "apprentice", "output"})
    # Production and the wages of those who finish move nothing: only the tax on them does.
    new = case.with_values({"wage_bill": 1.0})
    assert amounts(mih.municipality_view(new), "net") == pytest.approx(amounts(view, "net"))


def test_the_view_agrees_with_the_account_where_they_speak_of_the_same(case) -> None:
    """Without equalisation and apprentices it is the municipality's cash of the account."""
    view = mih.municipality_view(case, places=1, kept_tax=1.0, apprentice_share=0.0)
    ledger = case.ledger()
    own = ledger[ledger["cash"] & (ledger["actor"] == "municipality")]
    wanted = own.groupby("year")["amount"].sum().reindex(range(7)).fillna(0.0)
    assert amounts(view, "net") == pytest.approx(wanted.tolist())


def test_displacement_and_selection_reach_the_municipality(case) -> None:
    less = case.with_values({"displacement": 0.2, "selection": 0.5})
    view = mih.municipality_view(less, places=1)
    assert amounts(view, "tax_kept") == pytest.approx([0.8 * 0.5 * tax for tax in TAX])
    assert amounts(view, "benefits") == pytest.approx([0.8 * 0.5 * saved for saved in SAVED])
    assert amounts(view, "apprentice_pay") == pytest.approx(PAY)


def test_intervals_need_a_covariance(case, unsure) -> None:
    without = mih.municipality_view(case)
    assert without.to_frame()[["conf_low", "conf_high"]].isna().all().all()
    assert "Intervaller er ikke tilgjengelige" in without.summary("nb")
    view = mih.municipality_view(unsure, draws=400)
    net = view.to_frame().query("component == 'net'")
    assert (net["conf_low"] < net["conf_high"]).all()
    totals = view.totals().set_index("component")
    assert totals.loc["net", "conf_low"] < totals.loc["net", "amount"]
    again = mih.municipality_view(unsure, draws=400)
    pd.testing.assert_frame_equal(view.to_frame(), again.to_frame())


def test_equalisation_is_drawn_once(unsure) -> None:
    """What one municipality keeps is drawn; the share of all of them has no range of its own."""
    item = unsure.assumptions["municipal_tax_share"]
    assert (item.low, item.high, item.is_drawn) == (None, None, False)
    assert not unsure.assumptions["county_tax_share"].is_drawn
    free = mih.municipality_view(unsure, draws=400)
    held = unsure.assumptions.vary("municipal_tax_share", low=0.30, high=0.32,
                                   distribution="uniform")  # fmt: skip
    own = mih.municipality_view(replace(unsure, assumptions=held), draws=400)
    one, other = (view.totals().set_index("component").loc["tax_kept"] for view in (free, own))
    assert one["conf_low"] != other["conf_low"]  # a range of the analyst's own is drawn


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"places": 0}, "places is a finite number above zero"),
        ({"places": -8}, "places=-8"),
        ({"places": float("nan")}, "places=nan"),
        ({"places": "åtte"}, "places='åtte'"),
        ({"cohorts": 0}, "cohorts is a whole number, 1"),
        ({"cohorts": 10**9}, "cohorts is a whole number, 100 at most"),
        ({"first_year": 2026.5}, "first_year is a whole number"),
        ({"first_year": 26}, "first_year=26"),
        ({"kept_tax": 40}, "kept_tax has a value it cannot have"),
        ({"kept_tax": None}, "kept_tax"),
        ({"paid_in_kind": -0.1}, "paid_in_kind has a value it cannot have"),
        ({"apprentice_share": "half"}, "apprentice_share is a finite number"),
        ({"apprentice_months": -1}, "apprentice_months has a value it cannot have"),
        ({"skilled_wage": float("inf")}, "skilled_wage is a finite number"),
        ({"draws": 10}, "draws is a whole number, 100 or more"),
        ({"seed": None}, "seed is a whole number"),
    ],
)
def test_bad_input_is_refused(case, options, words) -> None:
    with pytest.raises(OptionError) as caught:
        mih.municipality_view(case, **options)
    assert words in str(caught.value)
    assert caught.value.found
    assert caught.value.do


def funded(**more: object) -> mih.Programme:
    """Return a programme that a municipality is paid to run, and that has no apprentices."""
    text = Label(nb="tilskudd", en="grant")
    grant = CostItem(name="grant", label=text, amounts=[60_000.0], payer="state",
                     receiver="municipality")  # fmt: skip
    rooms = CostItem(name="rooms", label=text, amounts=[20_000.0], payer="municipality", cash=False)
    return mih.Programme(name="own", label=text, items=[grant, rooms], **more)


def test_a_programme_without_apprentices_pays_none(case) -> None:
    """A transfer to the municipality is a transfer, and nobody becomes an apprentice by it."""
    view = mih.municipality_view(replace(case, programme=funded()), places=1)
    assert amounts(view, "grant") == pytest.approx([60_000, *[0] * 6])
    for component in ("apprentice_pay", "apprentice_on_costs"):
        assert amounts(view, component) == [0] * 7
    assert amounts(view, "tax_kept") == pytest.approx(TAX)
    assert (view.reach, view.apprenticeship, len(view.beside())) == (0.0, None, 0)
    assert list(view.assumptions_frame()["name"]) == ["paid_in_kind", "kept_tax"]
    for lang, words in {"nb": ("lærling", "fagarbeider"), "en": ("apprentic", "skilled")}.items():
        assert not any(word in read(view, lang).lower() for word in words)
    bare = mih.municipality_view(replace(case, programme=mih.Programme.none()), places=1)
    assert amounts(bare, "net") == pytest.approx(
        [tax + saved for tax, saved in zip(TAX, SAVED, strict=True)]
    )


def test_cover_that_is_decided_is_said_to_be_left_out(case) -> None:
    told = "It is decided that the state covers the municipality's outlays. The cover is left out"
    assert told not in read(mih.municipality_view(case), "en")
    for compensated, said in ((("municipality",), True), (("county",), False), (None, False)):
        programme = replace(case.programme, compensated=compensated)
        view = mih.municipality_view(replace(case, programme=programme))
        assert (told in read(view, "en")) == said


def test_terms_of_apprentices_need_apprentices(case) -> None:
    with pytest.raises(OptionError, match="no apprentices whom the municipality") as caught:
        mih.municipality_view(replace(case, programme=funded()), apprentice_share=0.6)
    assert "apprentice_share=0.6" in str(caught.value)
    with pytest.raises(OptionError, match="takes an account"):
        mih.municipality_view("case")


def test_who_pays_apprentices_is_declared(case) -> None:
    """Paid by a private employer they are no outlay of the municipality's; the spread is theirs."""
    own = case.programme.apprenticeship
    private = replace(case.programme, apprenticeship=replace(own, employer="employer"))
    view = mih.municipality_view(replace(case, programme=private), places=1)
    assert amounts(view, "apprentice_pay") == [0] * 7
    late = replace(case.programme, apprenticeship=replace(own, by_year=[0, 0, 0.5, 0.5]))
    view = mih.municipality_view(replace(case, programme=late), places=1)
    assert amounts(view, "apprentice_pay") == pytest.approx([0, 0, -STAY / 2, -STAY / 2, 0, 0, 0])


def test_the_account_is_walked_to_the_cash(case) -> None:
    """Present value, then what is not discounted, not paid, equalised away, and paid as wages."""
    view = mih.municipality_view(case, places=8, first_year=2026, cohorts=3)
    steps = view.from_account().set_index("step")["amount"]
    assert steps["account"] == pytest.approx(case.present_value("municipality"))
    assert steps["in_kind"] == pytest.approx(84_000)
    assert steps["equalised"] == pytest.approx(-1.5 * sum(TAX))  # 60 of 100, and 40 are kept
    assert steps["apprentices"] == pytest.approx(sum(PAY) + sum(ON_COSTS))
    assert steps["net"] == pytest.approx(sum(NET))
    assert steps.iloc[:-1].sum() == pytest.approx(steps["net"])
    start, net = (hundreds(steps[name]).replace("\u00a0", " ") for name in ("account", "net"))
    assert f"netto nåverdi {start} per deltaker i regnskapet" in read(view)
    assert f"mens kommunekassen får {net} per plass" in read(view)


def test_what_the_reference_case_declares_is_in_the_reference_rows() -> None:
    own = mih.nav.menn_i_helse().apprenticeship
    blocks = rows("cost_building_blocks")
    length = find(blocks, "apprenticeship length")
    assert f"{own.months.low:g}-{own.months.high:g}" == length.value
    assert own.months.value == (own.months.low + own.months.high) / 2
    (wage,) = (row for row in blocks if row.name.startswith("skilled start wage, municipal"))
    assert (own.skilled_wage.value, own.price_year) == (wage.number, wage.year)
    assert wage.source in own.skilled_wage.source
    grant = next(each for each in mih.nav.menn_i_helse().items if each.name == "apprentice_grant")
    assert own.by_year == pytest.approx(grant.profile)


def test_a_saved_view_comes_back(tmp_path, unsure) -> None:
    view = mih.municipality_view(unsure, draws=200, first_year=2026, cohorts=2)
    back = mih.load(view.save(tmp_path / "view.zip"))
    for call in ("to_frame", "totals", "beside", "assumptions_frame"):
        pd.testing.assert_frame_equal(getattr(back, call)(), getattr(view, call)())
    for lang in ("nb", "en"):
        assert back.summary(lang) == view.summary(lang)


@pytest.mark.parametrize(
    ("lang", "words", "foreign"),
    [
        (
            "nb",
            ["Lærlinglønn", "ikke kontrollert mot kilde", "ledig stilling"],
            r"\b(the|and|of|net|tax)\b",
        ),
        (
            "en",
            ["Apprentice pay", "not checked against a source", "vacancy"],
            r"\b(og|ikke|kommunen|som|skatt)\b",
        ),
    ],
)
def test_the_card_is_in_one_language(case, lang, words, foreign) -> None:
    text = mih.municipality_view(case, paid_in_kind=0.1).summary(lang)
    own = text.replace("Menn i helse", "").replace("(Men in Health Care)", "")
    for word in words:
        assert word in own.replace("\n", " ")
    assert not re.search(foreign, own, re.IGNORECASE)


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_figure_stacks_the_components_to_the_net(case, lang) -> None:
    view = mih.municipality_view(case, paid_in_kind=0.5, first_year=2026, cohorts=2)
    ax = view.plot(lang=lang)
    stacked = dict.fromkeys(view.years, 0.0)
    for bar in ax.patches:
        stacked[round(bar.get_x() + bar.get_width() / 2)] += bar.get_height()
    assert list(stacked.values()) == pytest.approx(amounts(view, "net"))
    assert len(alt_text(ax)) > 80
    texts_fit(ax)
    texts_fit(mih.municipality_view(case).plot(lang=lang))
