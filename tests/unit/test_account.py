"""The account as a result: typed errors, what the card must say, saving, figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.account.assumptions import Assumptions
from mih_impact.account.cost_benefit import CostBenefit, cost_benefit
from mih_impact.account.cost_item import CostItem
from mih_impact.account.export import base_persistence
from mih_impact.account.ledger import break_even_year
from mih_impact.account.programme import Programme
from mih_impact.account.roles import GROUPS
from mih_impact.display.figure import alt_text, new_axes
from mih_impact.display.locale import Label, options
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import AssumptionError, EffectsError, MihImpactError, OptionError
from mih_impact.storage import load

R109 = Assumptions.r109()
COST = CostItem(
    name="course",
    label=Label(nb="kurs", en="course"),
    amounts=[150_000.0, 10_000.0],
    payer="state",
    status="ASSUMED",
)
PROGRAMME = Programme(name="p", label=Label(nb="kurstiltaket", en="the course"), items=[COST])


def effects(
    years: tuple[int, ...] = tuple(range(7)),
    *,
    correlation: float | None = None,
    price_year: int = 2024,
    unit: str = "NOK",
    **paths: float,
) -> EffectSeries:
    """Return flat effects by outcome; NOK 60,000 on the wage unless told."""
    paths = {"wage_income": 60_000.0, **paths}
    frame = pd.DataFrame(
        [(name, year, value) for name, value in paths.items() for year in years],
        columns=["outcome", "year_since_start", "estimate"],
    )
    covariance = None
    if correlation is not None:
        covariance = np.full((len(frame), len(frame)), correlation) * 8_000.0**2
        np.fill_diagonal(covariance, 8_000.0**2)
    return EffectSeries.from_frame(frame, covariance=covariance, unit=unit, price_year=price_year)


def account(series: EffectSeries | None = None, **more: object) -> CostBenefit:
    given = {"programme": PROGRAMME} | more
    return cost_benefit(series or effects(correlation=0.5), R109, **given)


def unwrapped(text: str) -> str:
    """Return a card's text with plain single spaces, however its lines are broken."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("series", "more", "error", "words"),
    [
        (effects(tuple(range(5))), {}, EffectsError, ["horizon 7", "5, 6", "horizon=5"]),
        (effects((-2, -1)), {}, EffectsError, ["0, 1, 2", "estimate years from 0"]),
        (effects(), {"horizon": 0}, OptionError, ["horizon"]),
        (effects(), {"persistence": "half"}, OptionError, ["persistence", "'half'"]),
        (effects(price_year=2021), {}, AssumptionError, ["2021", "2024", "price_year=2021"]),
        (effects(unit="USD"), {}, AssumptionError, ["USD", "NOK"]),
        (effects(bonus=1.0), {}, AssumptionError, ["bonus", "roles={'bonus': 'benefit:...'}"]),
        (effects(), {"roles": {"wage_incme": "wage"}}, OptionError, ["'wage_income'"]),
        (effects(), {"roles": {"wage_income": "wages"}}, OptionError, ["did you mean 'wage'"]),
        (effects(), {"roles": {"wage_income": None}}, AssumptionError,
         ["lacks the wage", "estimate the effect on wage_income"]),
        (effects(nav=1.0, aap=1.0), {"roles": {"nav": "benefit:aap"}}, AssumptionError,
         ["benefit:aap", "filled twice", "nav, aap"]),
        (effects(nav=1.0, aap=1.0), {"roles": {"nav": "benefit:state"}}, AssumptionError,
         ["total", "parts", "benefit:aap"]),
    ],
)  # fmt: skip
def test_what_cannot_be_accounted_for_is_an_error(
    series: EffectSeries, more: dict[str, object], error: type[MihImpactError], words: list[str]
) -> None:
    with pytest.raises(error) as caught:
        account(series, **more)
    for word in words:
        assert word in str(caught.value)


def test_costs_in_another_currency_are_an_error() -> None:
    item = CostItem(name="course", label=COST.label, amounts=[1.0], payer="state", unit="EUR")
    with pytest.raises(AssumptionError, match="EUR"):
        account(programme=Programme(name="p", label=COST.label, items=[item]))


def test_shares_stay_out_and_a_share_given_a_role_is_an_error() -> None:
    frame = pd.DataFrame(
        {
            "outcome": np.repeat(["wage_income", "in_work"], 7),
            "year_since_start": np.tile(np.arange(7), 2),
            "estimate": np.repeat([60_000.0, 0.2], 7),
            "unit": np.repeat(["NOK", "share"], 7),
        }
    )
    series = EffectSeries.from_frame(frame, price_year=2024)
    assert account(series).npv == pytest.approx(account(effects()).npv)
    with pytest.raises(AssumptionError, match="in_work"):
        account(series, roles={"in_work": "benefit:aap"})


def test_an_outcome_can_be_left_out() -> None:
    left_out = account(effects(bonus=1e6), roles={"bonus": None})
    assert left_out.npv == pytest.approx(account(effects()).npv)


def test_a_programme_in_other_prices_is_converted() -> None:
    older = Programme(name="p", label=PROGRAMME.label, items=[COST.in_prices(2018)])
    assert account(programme=older).npv == pytest.approx(account().npv)
    assert older.items[0].amounts[0] < 140_000


def test_the_interval_uses_the_full_covariance() -> None:
    """Year by year sums: with correlation rho, var(sum) = n s2 (1 + (n - 1) rho)."""
    rates = Assumptions.simplified()
    worth = 1 + rates.tax_financing_cost * rates.tax_rate_wage  # of a krone of wage, to society
    d = rates.discount.factors(7)
    for rho in (0.0, 0.5, 1.0):
        case = cost_benefit(effects(correlation=rho), rates, programme=PROGRAMME)
        variance = (1 - rho) * float(d @ d) + rho * float(d.sum()) ** 2
        assert case.std_error == pytest.approx(worth * 8_000 * np.sqrt(variance))
        low, high = case.interval(0.95)
        assert (high - low) / 2 == pytest.approx(1.959964 * case.std_error, rel=1e-6)
        wide = case.interval(0.99)
        assert wide[0] < low
        assert wide[1] > high


def test_break_even_is_where_it_stays_and_not_where_it_first_is() -> None:
    assert break_even_year(np.array([-1.0, 2.0, -3.0, 4.0, 5.0])) == 3
    assert break_even_year(np.array([-1.0, 2.0, -3.0])) is None
    assert break_even_year(np.array([0.0, 0.0])) == 0
    assert break_even_year(np.array([-1e-12, 1.0]), tolerance=1e-9) == 0


def test_a_cost_within_the_horizon_is_no_part_of_what_comes_after() -> None:
    age = mih.nav.menn_i_helse().age_at_start
    late = replace(COST, amounts={**dict(enumerate(COST.amounts)), 6: 50_000.0})
    plain, more = (
        account(programme=replace(PROGRAMME, items=[cost], age_at_start=age)).residual_value()
        for cost in (COST, late)
    )
    assert plain["present_value"].abs().max() > 0
    pd.testing.assert_frame_equal(plain, more)


def test_what_an_account_says_of_later_years_is_said_where_it_has_such_years() -> None:
    assert base_persistence(account(horizon=7, persistence="linear")) == "none"
    assert base_persistence(account(horizon=9, persistence="linear")) == "linear"


def test_frames_agree_with_one_another() -> None:
    case = account(effects(correlation=0.2, aap=-9_000.0, sosialhjelp=-500.0))
    ledger, actors = case.ledger(), case.by_actor().set_index("actor")
    columns = "year component kind actor amount present_value cash budget_line source"
    assert list(ledger.columns) == columns.split()
    assert list(actors.index) == list(GROUPS)
    sums = ledger.groupby("actor")["present_value"].sum()
    for actor, value in sums.items():
        assert actors.loc[actor, "present_value"] == pytest.approx(value, abs=1e-6)
    assert actors.loc["society", "present_value"] == pytest.approx(case.npv)
    parts = case.by_component()
    assert parts["society"].sum() == pytest.approx(case.npv)
    years = case.by_year()
    society = years[years["actor"] == "society"]
    assert society["present_value"].cumsum().to_list() == pytest.approx(
        society["cumulative"].to_list()
    )
    pd.testing.assert_frame_equal(case.to_frame(), case.by_actor())


def test_every_flow_says_whether_it_is_cash_and_where_it_comes_from() -> None:
    ledger = account(effects(aap=-9_000.0)).ledger()
    assert (ledger.loc[ledger["component"] != "programme:course", "source"] != "").all()
    cash = ledger.groupby("component")["cash"].first()
    assert not cash["production"]
    assert not cash["pension"]
    assert not cash["tax_financing"]
    assert cash["wage"]
    assert cash["income_tax"]
    assert cash["benefit:aap"]


def test_who_asks_for_an_unknown_actor_is_told() -> None:
    with pytest.raises(OptionError, match="did you mean 'municipality'"):
        account().present_value("municipalty")
    with pytest.raises(OptionError, match="level"):
        account().interval(95)


def test_draws_need_a_covariance_and_a_number() -> None:
    with pytest.raises(EffectsError, match="covariance"):
        account(effects()).draws(10, 1)
    with pytest.raises(OptionError, match="at least one"):
        account().draws(0, 1)


def test_other_assumptions_must_be_in_the_same_prices() -> None:
    with pytest.raises(AssumptionError, match="2020"):
        account().with_assumptions(R109.replace(price_year=2020))


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_card_says_what_a_reader_must_know(lang: str) -> None:
    text = unwrapped(account(effects(correlation=0.5, aap=-9_000.0)).summary(lang))
    words = {
        "nb": ["NNV", "95 % konfidensintervall", "Sannsynlighet", "Lønnsomt", "Hvem betaler",
               "staten", "Analyseperioden er 7 år", "bare utvalgsusikkerhet",
               "Oppstartsåret er år 0", "mot kilde: kommunenes andel av inntektsskatten 31",
               "kurs", "Omslagspunkt",
               "faste 2024-priser", "nye kommunale penger", "fritid"],
        "en": ["NPV", "95% confidence interval", "Probability", "Breaks even", "Who pays",
               "the state", "horizon is 7 years", "sampling uncertainty in the effects alone",
               "The start year is year 0",
               "Not checked against a source", "municipalities' share of income tax 31", "course",
               "Switching scale",
               "fixed 2024 prices", "new municipal money", "leisure"],
    }[lang]  # fmt: skip
    for word in words:
        assert word in text, word
    assert "register" not in text.lower()


def test_the_card_says_what_is_left_out() -> None:
    bare = account(effects(), programme=Programme.none())
    assert "Programme costs are NOT included" in bare.summary("en")
    assert "Effects on benefits are NOT included" in bare.summary("en")
    short = account(horizon=1)
    assert "NOK 10,000 of programme costs fall after the last year" in unwrapped(
        short.summary("en")
    )
    assert short.late_costs == 10_000
    assert "Effects on benefits" not in account(effects(aap=1.0)).summary("en")


def test_cards_of_what_turns_and_moves_an_account_show_their_frames() -> None:
    case = account()
    turning = case.switching_values()
    text, rows = unwrapped(turning.summary("en")), turning.to_frame().set_index("assumption")
    assert f"{rows.loc['effect:wage', 'std_errors']:.1f} standard errors" in text
    assert f"NOK 424,700 {rows.loc['cost:course', 'change_per_cent']:.0f}%" in text
    assert f"None of the {rows['switching_value'].isna().sum()} others" in text
    swings = case.sensitivity()
    table = swings.to_frame()
    for name, swing in (("leisure", 0.5), ("displacement", 0.6)):
        table.loc[(table["assumption"] == name) & (table["actor"] == "society"), "swing"] = swing
    text = unwrapped(replace(swings, table=table).summary("en"))
    assert "displacement" in text
    assert "leisure" not in text  # half a krone is nothing


def test_a_note_of_the_programme_is_on_the_card() -> None:
    note = Label(nb="Kostnadene er anslag.", en="Costs are guesses.")
    programme = Programme(name="p", label=PROGRAMME.label, items=[COST], note=note)
    assert "Costs are guesses." in account(programme=programme).summary("en")


def test_the_repr_is_the_card_in_the_language_in_force() -> None:
    case = account()
    with options(lang="en"):
        assert repr(case) == case.summary("en")
        assert "Net present value" in case._repr_html_()


def test_beside_has_a_sentence_for_each_number() -> None:
    for lang in ("nb", "en"):
        frame = account().beside(lang)
        assert len(frame) == 6
        assert frame["sentence"].str.endswith(".").all()
        assert (frame["label"] != "").all()
    never = account(effects(wage_income=0.0)).beside("en").set_index("name")
    assert np.isnan(never.loc["switching_scale_society", "value"])
    assert "No positive scale" in never.loc["switching_scale_society", "sentence"]
    harmful = account(effects(wage_income=-1_000.0)).beside("en").set_index("name")
    assert harmful.loc["switching_scale_society", "value"] < 0
    assert "No positive scale" in harmful.loc["switching_scale_society", "sentence"]
    assert "effect, society none" in unwrapped(account(effects(wage_income=0.0)).summary("en"))


def test_variants_stand_beside_the_headline_where_they_are_asked_for() -> None:
    """The programme asks, or the analyst by a value; for any other programme they are not there."""
    plain = account()
    asked = account(programme=replace(plain.programme, headlines=["wage_bill", "avoided_measures"]))
    set_ = plain.with_values({"wage_bill": 0.5, "avoided_measures": 1_000.0})
    for case, there in ((plain, False), (asked, True), (set_, True)):
        names = set(case.beside()["name"])
        assert ({"society_wage_bill_1", "public_wage_bill_1"} <= names) is there
        assert ("avoided_measures" in set(case.costs()["item"])) is there
        assert ("Controls had what is otherwise offered" in unwrapped(case.summary("en"))) is there
        assert ("every post new" in unwrapped(case.summary("en"))) is there
    assert asked.npv == plain.npv
    with pytest.raises(OptionError, match="headlines='posts'"):
        replace(plain.programme, headlines="posts")


@pytest.mark.parametrize(
    ("cover", "words"),
    [
        (None, "For the county, net present value is NOK"),
        ((), "and no decision on compensation is known."),
        (("county",), "before the state's cover of its outlays, which is decided."),
    ],
)
def test_cover_is_said_as_the_programme_declares_it(cover, words: str) -> None:
    school = replace(COST, name="school", payer="county")
    programme = replace(account().programme, items=[school], compensated=cover)
    text = unwrapped(account(programme=programme).summary("en"))
    assert words in text
    assert ("decision" in text) is (cover == ())
    assert ("cover of its outlays" in text) is (cover == ("county",))
    gaining = unwrapped(account(programme=Programme.none()).summary("en"))
    assert "For the county" not in gaining


def test_a_loaded_account_is_the_saved_one(tmp_path: Path) -> None:
    case = account(effects(correlation=0.5, sosialhjelp=-4_000.0))
    again = load(case.save(tmp_path / "case.zip"))
    assert again.npv == case.npv
    assert again.summary("nb") == case.summary("nb")
    assert again.assumptions == case.assumptions
    assert again.programme == case.programme
    pd.testing.assert_frame_equal(again.ledger(), case.ledger())
    pd.testing.assert_frame_equal(again.draws(5, 1), case.draws(5, 1))


def test_small_cells_are_hidden_on_the_card_and_in_the_file(tmp_path: Path) -> None:
    case = replace(account(), starters=np.array([527.0, 500, 400, 300, 200, 100, 4]))
    assert "527 (year 0) to hidden (fewer than 5) (year 6)" in unwrapped(case.summary("en"))
    saved = load(case.save(tmp_path / "case.zip"))
    assert np.isnan(saved.starters[-1])
    assert saved.starters[0] == 527


def test_arrays_on_the_account_are_read_only() -> None:
    case = account()
    for array in (case.effects, case.covariance, case.starters):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pytest.mark.parametrize("lang", ["nb", "en"])
@pytest.mark.parametrize("correlation", [None, 0.5])
def test_the_figures_draw_and_describe_themselves(lang: str, correlation: float | None) -> None:
    case = account(effects(correlation=correlation))
    given = new_axes()
    assert case.plot(ax=given, lang=lang) is given
    assert {"nb": "samfunnet", "en": "society"}[lang] in alt_text(given)
    assert {"nb": "År siden oppstart", "en": "Years since start"}[lang] == given.get_xlabel()
    assert len(given.collections) == (0 if correlation is None else 1)  # the shaded interval
    bars = case.plot_actors(ax=new_axes(), lang=lang)
    names = [tick.get_text() for tick in bars.get_yticklabels()]
    assert names[-1] == {"nb": "Samfunnet", "en": "Society"}[lang]
    widths = [bar.get_width() for bar in bars.patches]
    assert widths[-1] == pytest.approx(case.npv)
    assert widths[-2] == pytest.approx(case.public)


def test_a_case_that_never_breaks_even_is_drawn_and_said() -> None:
    case = account(effects(wage_income=-1_000.0))
    assert case.break_even_year is None
    assert "not within 7 years" in case.summary("en")
    assert "not within 7 years" in alt_text(case.plot(ax=new_axes(), lang="en"))
    assert case.to_frame()["break_even_year"].isna().sum() >= 2
