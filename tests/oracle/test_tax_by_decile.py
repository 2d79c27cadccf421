"""Tax on the gain by decile of the controls' income: slow loops, known answers, account, words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.account.export import export_account
from mih_impact.account.ledger import draw_effects
from mih_impact.account.roles import ACTORS, PUBLIC, hundreds
from mih_impact.effects.hidden import is_thin
from mih_impact.errors import AssumptionError, EffectsError, OptionError
from tests.shown import shown_in

RULES = mih.Assumptions.r109()
RATES = [0.1, 0.1, 0.15, 0.2, 0.22, 0.25, 0.25, 0.3, 0.35, 0.45]
SOURCE = "made up for a test"
STARTERS, CANDIDATES = 150, 600


def register(seed: int = 4, gain: float = 60_000.0) -> pd.DataFrame:
    """People with one level of wages each, a year without work now and then, and two starts."""
    rng = np.random.default_rng(seed)
    n = STARTERS + CANDIDATES
    start = np.where(np.arange(n) < STARTERS, 2016.0 + np.arange(n) % 2, np.nan)
    level, cell = rng.lognormal(12.0, 0.5, n), np.array(list("abc"))[rng.integers(0, 3, n)]
    years = []
    for year in range(2014, 2020):
        wage = level * rng.lognormal(0.0, 0.2, n) * (rng.random(n) > 0.25)
        wage = np.round(wage + gain * (year >= start), 2)
        years.append(pd.DataFrame({
            "person_id": np.arange(n), "year": year, "start_year": start, "cell": cell,
            "dagpenger": np.round(rng.random(n) * 1e4, 2), "wage_income": wage,
        }))  # fmt: skip
    return pd.concat(years, ignore_index=True)


def choose(rows: pd.DataFrame, **options: object) -> mih.ControlGroup:
    panel = mih.read_panel(rows, money="fixed", price_year=2024)
    return mih.match(panel, exact=["cell"], on=[mih.lag("wage_income", 1)[0]], **options)


def study(group: mih.ControlGroup, **options: object) -> mih.EffectSeries:
    return mih.event_study(group, outcomes=["wage_income", "dagpenger"], window=(-1, 3), **options)


def by_decile(effects, group, rates=RATES) -> mih.EffectSeries:
    return mih.tax_by_decile(effects, group=group, rates=rates, source=SOURCE)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return register()


@pytest.fixture(scope="module")
def group(rows) -> mih.ControlGroup:
    return choose(rows, ratio=3)


@pytest.fixture(scope="module")
def effects(group) -> mih.EffectSeries:
    return study(group)


@pytest.fixture(scope="module")
def taxed(effects, group) -> mih.EffectSeries:
    return by_decile(effects, group)


@pytest.fixture(scope="module")
def account(taxed) -> mih.CostBenefit:
    return mih.cost_benefit(taxed, RULES, programme=mih.nav.menn_i_helse(), horizon=4)


def ranked_tax(incomes: list[float], weights: list[float]) -> float:
    """Let everybody be taxed at the mean rate of the ranks that he fills, person by person."""
    total, below, tax = sum(weights), 0.0, 0.0
    for income, weight in sorted(zip(incomes, weights, strict=True)):
        above = below + weight / total
        for k, rate in enumerate(RATES):
            tax += income * rate * max(0.0, min(above, (k + 1) / 10) - max(below, k / 10))
        below = above
    return tax


def slow_tax(rows: pd.DataFrame, people: pd.DataFrame, year: int, base: int | None) -> float:
    """The tax on the change of participants by rank less that of their controls."""
    wages = rows.set_index(["person_id", "year"])["wage_income"].to_dict()
    of: dict[str, list[tuple[float, float, float]]] = {"participant": [], "control": []}
    for person, role, start, weight in people.to_numpy().tolist():
        now = wages.get((int(person), start + year))
        before = 0.0 if base is None else wages[int(person), start + base]
        if now is not None:
            of[role].append((now, before, weight))
    gain = 0.0
    for role, sign in (("participant", 1), ("control", -1)):
        now, before, weight = map(list, zip(*of[role], strict=True))
        gain += sign * (ranked_tax(now, weight) - ranked_tax(before, weight))
    return gain


def people_of(group: mih.ControlGroup) -> pd.DataFrame:
    return group.to_frame()[["person_id", "role", "start_year", "weight"]]


@pytest.mark.parametrize("estimator", ["did", "difference"])
def test_every_person_by_a_slow_loop(rows, group, estimator) -> None:
    found = by_decile(study(group, estimator=estimator), group).params["tax_on_wage"]
    for year in (0, 2, 3):  # year 3 is seen for the first start year alone
        base = -1 if estimator == "did" else None
        by_hand = slow_tax(rows, people_of(group), year, base)
        assert found[year] == pytest.approx(by_hand, rel=1e-9, abs=1e-6)


def test_weights_of_any_kind_by_the_same_loop(rows) -> None:
    panel = mih.read_panel(rows, money="fixed", price_year=2024)
    group = mih.weight(panel, exact=["cell"], on=mih.lag("wage_income", 1))
    found = by_decile(study(group), group)
    by_hand = slow_tax(rows, people_of(group), 1, -1)
    assert found.params["tax_on_wage", 1] == pytest.approx(by_hand, rel=1e-9)
    assert found.std_errors["tax_on_wage", 1] > 0


@pytest.mark.parametrize("method", ["with replacement", "without"])
def test_ten_equal_rates_are_the_one_rate(rows, group, effects, method) -> None:
    if method == "without":
        group = choose(rows, ratio=1, replace=False)
        effects = study(group)
    one = by_decile(effects, group, [0.24] * 10)
    wage = effects.params["wage_income"].to_numpy()
    np.testing.assert_allclose(one.params["tax_on_wage"], 0.24 * wage, rtol=1e-13, atol=1e-9)
    flat = mih.cost_benefit(effects, RULES, programme=mih.nav.menn_i_helse(), horizon=4)
    other = mih.cost_benefit(one, RULES, programme=mih.nav.menn_i_helse(), horizon=4)
    pd.testing.assert_frame_equal(flat.by_actor(), other.by_actor(), rtol=1e-11)
    pd.testing.assert_frame_equal(flat.by_year(), other.by_year(), rtol=1e-9, atol=1e-6)
    share = {"leisure": 0.7, "displacement": 0.2, "wage_bill": 0.3, "selection": 0.1}
    moved = flat.with_values(share), other.with_values(share)
    assert moved[0].npv == pytest.approx(moved[1].npv, rel=1e-12)
    assert moved[0].present_value("displaced") == pytest.approx(
        moved[1].present_value("displaced"), rel=1e-12
    )
    longer = {"programme": mih.Programme.none(), "horizon": 9, "persistence": "half_life"}
    assert mih.cost_benefit(one, RULES, **longer).npv == pytest.approx(
        mih.cost_benefit(effects, RULES, **longer).npv, rel=1e-12
    )


def test_the_same_gain_for_all_is_taxed_at_the_mean_of_the_rates() -> None:
    """Everybody is matched to a twin, and earns 10,000 more: no decile has more than another."""
    twins = register(gain=0.0).query("person_id < 150 and year != 2019").copy()
    others = twins.assign(person_id=twins["person_id"] + 1000, start_year=np.nan)
    others["cell"] = twins["cell"] = twins["person_id"].astype(str)
    twins.loc[twins["year"] >= twins["start_year"], "wage_income"] += 10_000
    group = mih.match(
        mih.read_panel(pd.concat([twins, others]), money="fixed", price_year=2024),
        exact=["cell"], on=[], method="exact",
    )  # fmt: skip
    found = by_decile(study(group, se="person"), group).params
    assert found["wage_income", 1] == pytest.approx(10_000)
    assert found["tax_on_wage", 1] == pytest.approx(10_000 * np.mean(RATES))


def test_without_an_effect_there_is_no_tax() -> None:
    """A participant's own controls would give one: those low by chance have large gaps."""
    rows = register(7, gain=0.0)
    group = choose(rows, ratio=1)
    found = by_decile(study(group), group)
    estimate, error = (table["tax_on_wage", 2] for table in (found.params, found.std_errors))
    assert abs(estimate) < 2 * error
    wages = rows.set_index(["person_id", "year"])["wage_income"]
    pairs = group.pairs().query("start_year == 2016")
    own, other = (
        wages.loc[[(int(who), 2018) for who in pairs[name]]].to_numpy()
        for name in ("participant_id", "control_id")
    )
    rate = np.array(RATES)[(other.argsort().argsort() * 10) // len(other)]
    assert np.mean(rate * (own - other)) - np.mean(rate) * np.mean(own - other) < -2 * error


def test_the_standard_error_is_that_of_a_jackknife(rows) -> None:
    """Sets of two, left out one after the other; with the covariance of tax and wage."""
    group = choose(rows.query("person_id < 70 or person_id >= 150"), ratio=1, replace=False)
    found = by_decile(study(group, estimator="difference"), group)
    people = group.to_frame()
    sets = [own[["person_id", "role", "start_year", "weight"]]
            for _, own in people.groupby("match_id")]  # fmt: skip
    wages = rows.set_index(["person_id", "year"])["wage_income"]
    left = []
    for k in range(len(sets)):
        kept = pd.concat(sets[:k] + sets[k + 1 :])
        now = wages.loc[[(int(p), s + 1) for p, s in zip(kept["person_id"], kept["start_year"],
                                                       strict=True)]].to_numpy()  # fmt: skip
        starts = (kept["role"] == "participant").to_numpy()
        left.append((
            ranked_tax(now[starts].tolist(), [1.0] * starts.sum())
            - ranked_tax(now[~starts].tolist(), [1.0] * (~starts).sum()),
            now[starts].mean() - now[~starts].mean(),
        ))  # fmt: skip
    n = len(left)
    jackknife = (n - 1) ** 2 / n * np.cov(np.array(left).T)
    names = [("tax_on_wage", 1), ("wage_income", 1)]
    own = found.cov.loc[names, names].to_numpy()
    np.testing.assert_allclose(own, jackknife, rtol=0.03)


def test_three_routes_agree_and_the_effective_rate_gives_the_same_account(account, effects) -> None:
    frame = account.ledger()
    each = frame.groupby("actor")["present_value"].sum()
    public = sum(each.get(name, 0.0) for name in PUBLIC)
    private = sum(each.get(name, 0.0) for name in ACTORS if name not in PUBLIC)
    real = frame.loc[frame["kind"] == "real", "present_value"].sum()
    assert account.npv == pytest.approx(private + public, rel=1e-12)
    assert account.npv == pytest.approx(real, rel=1e-12)
    assert account.public == pytest.approx(public, rel=1e-12)
    tax = frame.query("component == 'income_tax' and actor == 'participant'").set_index("year")
    wages, taxes = account.effects[0], account.effects[-1]
    benefit = 0.17 * account.effects[1]
    np.testing.assert_allclose(
        tax.groupby("year")["amount"].sum(), -(taxes + benefit), rtol=1e-9, atol=1e-6
    )
    rate = (taxes @ account.discount_factors) / (wages @ account.discount_factors)
    flat = mih.cost_benefit(
        effects, RULES.replace(tax_rate_wage=rate), programme=account.programme, horizon=4
    )
    np.testing.assert_allclose(
        flat.by_actor()["present_value"], account.by_actor()["present_value"], rtol=1e-9, atol=1e-6
    )


def test_the_variance_holds_the_tax(account) -> None:
    drawn = draw_effects(account.effects, account.covariance, 20_000, 1)
    values = account.model.accumulated.totals(drawn)[:, -1]
    assert account.std_error == pytest.approx(values.std(), rel=0.02)


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_card_and_memo_tell_of_it(account, lang, tmp_path) -> None:
    part = account.objections(lang).query("name == 'tax_by_decile'")
    found = dict(zip(part["number"], part["value"], strict=True))
    (sentence,) = set(part["sentence"])
    flat = mih.cost_benefit(account_effects(account), RULES, programme=account.programme, horizon=4)
    assert found["society_flat"] == pytest.approx(flat.npv, rel=1e-12)
    assert found["public_flat"] == pytest.approx(flat.public, rel=1e-12)
    assert (found["base"], found["public"]) == (account.npv, account.public)
    assert (found["share_lowest"], found["share_highest"]) == (0.1, 0.45)
    for name in ("society_flat", "base", "public_flat", "public"):
        assert shown_in(lang, hundreds, found[name]) in sentence
    assert SOURCE in sentence
    assert set(part["status"]) == {{"nb": "oppgitte satser", "en": "rates given"}[lang]}
    assert " ".join(sentence.split()) in " ".join(account.summary(lang).split())
    page = mih.write_memo(account, tmp_path / "memo.html", lang=lang).read_text(encoding="utf-8")
    assert SOURCE in page
    assert shown_in(lang, hundreds, found["society_flat"]) in page


def account_effects(account: mih.CostBenefit) -> mih.EffectSeries:
    """The effects of an account without the tax, as if they had been published."""
    rows = [(name, year, value) for name, path in zip(account.outcomes[:-1], account.effects[:-1],
                                                      strict=True)
            for year, value in enumerate(path)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["outcome", "year_since_start", "estimate"])
    return mih.EffectSeries.from_frame(frame, price_year=2024)


def test_higher_rates_at_the_bottom_move_the_account(effects, group, account) -> None:
    other = mih.cost_benefit(
        by_decile(effects, group, [0.6] * 3 + RATES[3:]), RULES, programme=account.programme,
        horizon=4,
    )  # fmt: skip
    assert other.public > account.public
    assert other.present_value("participant") < account.present_value("participant")
    before, after = (
        case.objections("en").query("number == 'share_tax'")["value"].iloc[0]
        for case in (account, other)
    )
    assert after > before


def test_saved_and_exported_it_is_the_same_account(account, taxed, tmp_path) -> None:
    taxed.save(tmp_path / "effects.zip")
    read = mih.load(tmp_path / "effects.zip")
    other = mih.cost_benefit(read, RULES, programme=account.programme, horizon=4)
    pd.testing.assert_frame_equal(other.by_actor(), account.by_actor())
    account.save(tmp_path / "case.zip")
    again = mih.load(tmp_path / "case.zip")
    pd.testing.assert_frame_equal(again.objections(), account.objections())
    assert export_account(account)["grows"][-1] is True  # as wages do after the last year


def test_the_one_rate_is_no_assumption_of_it(account) -> None:
    assert "tax_rate_wage" not in {item.name for item in account.used_assumptions()}
    for ask in (
        lambda: account.with_values({"tax_rate_wage": 0.3}),
        lambda: account.grid({"tax_rate_wage": [0.2, 0.3], "leisure": [0, 1]}),
    ):
        with pytest.raises(AssumptionError, match="tax is by decile"):
            ask()


def test_the_workbook_says_what_to_do_and_doing_it_works(account, effects, taxed, tmp_path) -> None:
    with pytest.raises(AssumptionError, match="one rate of tax"):
        mih.write_workbook(account, tmp_path / "account.xlsx")
    rate = account.objections("en").query("number == 'share_tax'")["value"].iloc[0]
    flat = mih.cost_benefit(
        taxed, RULES.replace(tax_rate_wage=rate), programme=account.programme, horizon=4,
        roles={"tax_on_wage": None},
    )  # fmt: skip
    assert flat.npv == pytest.approx(account.npv, rel=1e-12)
    assert mih.write_workbook(flat, tmp_path / "account.xlsx").exists()


def test_what_a_tenth_of_few_earns_is_hidden() -> None:
    """With a rate on the top tenth alone, the tax is what a few persons earn."""
    rows = register().query("person_id < 30 or person_id >= 150")
    group = choose(rows, ratio=1)
    effects = study(group)
    top = by_decile(effects, group, [0.0] * 9 + [1.0])
    assert np.isnan(top.shown().params["tax_on_wage", 1])
    assert is_thin(top.contributions)[-3]
    one = by_decile(effects, group, [0.3] * 10).shown().params
    assert one["tax_on_wage", 1] == pytest.approx(0.3 * one["wage_income", 1])


def test_what_is_not_known_is_refused(effects, group, taxed, rows, tmp_path) -> None:
    effects.save(tmp_path / "effects.zip")
    published = account_like(effects)
    other = choose(rows, ratio=1)
    for given, of in (
        (mih.load(tmp_path / "effects.zip"), group),
        (published, group),
        (effects, other),
        (study(group, adjust=True), group),
        (study(group, small_sample="CR1", se="person"), group),
        (study(group, composition="filled"), group),
        (effects.average([1, 2]), group),
    ):
        with pytest.raises(EffectsError, match="incomes of those who are compared") as caught:
            by_decile(given, of)
        assert "tax_rate_wage" in str(caught.value)
    with pytest.raises(OptionError, match="once"):
        by_decile(taxed, group)
    for rates in ([0.2] * 9, [0.2] * 9 + [1.2], 0.2, ["a"] * 10):
        with pytest.raises(OptionError, match="ten shares"):
            by_decile(effects, group, rates)
    with pytest.raises(OptionError, match="source"):
        mih.tax_by_decile(effects, group=group, rates=RATES, source="")
    for composition in ("balanced", "cohort_weighted"):
        by_decile(study(group, composition=composition), group)


def account_like(effects: mih.EffectSeries) -> mih.EffectSeries:
    frame = effects.to_frame()[["outcome", "year_since_start", "estimate"]]
    return mih.EffectSeries.from_frame(frame, price_year=2024)


def test_a_published_tax_is_not_taken_for_one_by_decile(taxed) -> None:
    with pytest.raises(AssumptionError, match="does not say that it is tax by decile"):
        mih.cost_benefit(account_like(taxed), RULES, programme=mih.Programme.none(), horizon=4)
