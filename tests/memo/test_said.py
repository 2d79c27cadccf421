"""What the memo says: every number is added up again from its trace, every sentence is true."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.resources import files
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

import mih_impact as mih
from mih_impact.account.roles import ACTORS, PUBLIC, amount_of, break_even_text
from mih_impact.display.locale import Label, in_language
from mih_impact.display.numbers import number
from mih_impact.reference.rows import source_in
from mih_impact.reporting import document as doc
from mih_impact.reporting.blocks import Number, plain, walk
from mih_impact.reporting.memo import content
from mih_impact.reporting.memo import content as paragraphs
from mih_impact.reporting.memo.content import memo_of
from mih_impact.reporting.memo.numbers import Numbers
from mih_impact.study.start import write_template
from mih_impact.study.toml_files import read_programme
from tests.accounts import Drawn, covariance_of, drawn
from tests.golden.test_base_case import planted_effects, planted_rows
from tests.memo.test_memo import CASE, EVIDENCE, account
from tests.shown import shown_in

STARTERS = {2026: 500, 2027: 700}
LABEL = Label(nb="kurs", en="course")


def numbers_of(made: Numbers, impact: mih.BudgetImpact) -> list[Number]:
    """Return the numbers of all that the memo says, in reading order."""
    told = [
        paragraphs.answer(made), *(shown for shown, _ in paragraphs.facts(made)),
        paragraphs.asked(made), paragraphs.account(made), paragraphs.budgets(made),
        *paragraphs.views(made), paragraphs.limits(made, budgets=True),
    ]  # fmt: skip
    tables = (content._actors(made), content._assumptions(made), content._blocks(made, impact))
    told += [cell for table in tables for row in table.rows for cell in row]
    return [part for text in told for part in walk(text) if isinstance(part, Number)]


def values(text: str) -> list[float]:
    """Return the numbers of an English text."""
    found = re.findall(r"−?\d[\d,]*(?:\.\d+)?", text)
    return [float(each.replace("−", "-").replace(",", "")) for each in found]


def members(group: str) -> tuple[str, ...]:
    return {"public": PUBLIC, "society": ACTORS}.get(group, (group,))


class Again:
    """Adds numbers up again, from the ledger as it stands and the rows that a trace names."""

    def __init__(self, case: mih.CostBenefit, impact: mih.BudgetImpact) -> None:
        self.case, self.impact = case, impact
        self.ledger = case.ledger()

    def check(self, shown: Number) -> None:
        name, *of = shown.trace.key.split(":")
        rows = [row.key for row in shown.trace.rows]
        getattr(self, f"is_{name}")(shown.text, rows, *of)

    def summed(self, rows: list[str], group: str, ledger: pd.DataFrame | None = None) -> float:
        table = self.ledger if ledger is None else ledger
        own = table["component"].isin(rows) & table["actor"].isin(members(group))
        return float(table.loc[own, "present_value"].sum())

    def near(self, found: float, wanted: float, rows: list[str]) -> None:
        """Compare with what is rounded to hundreds, rows under half a krone left out."""
        assert found == pytest.approx(wanted, abs=51 + len(self.ledger)), rows

    def is_present_value(self, text, rows, group) -> None:
        (found,), wanted = values(text), self.summed(rows, group)
        assert (found == 0) or (np.sign(found) == np.sign(wanted)) or found > 0
        self.near(abs(found), abs(wanted), rows)

    def is_changed(self, text, rows, group, name, value) -> None:
        other = self.case.with_values({name: float(value)})
        self.near(values(text)[0], self.summed(rows, group, other.ledger()), rows)

    def is_interval(self, text, rows, group) -> None:
        """The middle is the rows' sum; the width the gradient's, found by a krone more of each."""
        low, high = values(text)
        self.near((low + high) / 2, self.summed(rows, group), rows)
        effects, base = self.case.effects, self.case.present_value(group)
        more = (effects + np.eye(effects.size)[k].reshape(effects.shape)
                for k in range(effects.size))  # fmt: skip
        moved = np.array([replace(self.case, effects=each).present_value(group) for each in more])
        error = np.sqrt((moved - base) @ self.case.covariance @ (moved - base))
        reach = NormalDist().inv_cdf(0.975) * error
        assert (high - low) / 2 == pytest.approx(reach, rel=1e-4, abs=101)

    def is_total(self, text, rows, group) -> None:
        frame = self.case.uncertainty().to_frame().set_index(["actor", "source"])
        ends = frame.loc[(group, "total"), ["conf_low", "conf_high"]]
        assert values(text) == pytest.approx(ends.tolist(), abs=50.001)

    def is_when(self, text, rows, group) -> None:
        own = self.ledger["component"].isin(rows) & self.ledger["actor"].isin(members(group))
        yearly = self.ledger[own].groupby("year")["present_value"].sum()
        path = yearly.reindex(range(self.case.horizon)).fillna(0.0).cumsum().to_numpy()
        slack = 1.0 + len(self.ledger) + 1e-9 * np.abs(path).max(initial=0.0)
        sure = [t for t in range(len(path)) if (path[t:] > slack).all()]
        maybe = [t for t in range(len(path)) if (path[t:] > -slack).all()]
        least, most = min(maybe, default=None), min(sure, default=None)
        horizon = self.case.horizon
        years = [*range(0 if least is None else least, horizon if most is None else most + 1)]
        said = [break_even_text(t, horizon, counted=c) for t in years for c in (True, False)]
        said += [break_even_text(None, horizon)] if most is None else []
        assert text in said

    def is_years(self, text, rows) -> None:
        assert text == str(self.case.horizon)

    def is_price_year(self, text, rows) -> None:
        assert text == str(self.case.price_year)

    def is_year(self, text, rows) -> None:
        assert 0 <= int(text) < self.case.horizon

    def is_age(self, text, rows) -> None:
        last = self.case.residual_value()["last_year"].max()
        assert int(text) == round(self.case.programme.age_at_start.value + last + 1)

    def is_prices(self, text, rows) -> None:
        assert text == self.impact.prices.en

    def is_behind(self, text, rows) -> None:
        assert values(text)[0] in self.case.starters

    def is_wage(self, text, rows) -> None:
        wages = self.case.effects[self.case.roles.index("wage")]
        assert np.isclose(np.abs(wages), values(text)[0], atol=50.001).any()

    def real(self) -> float:
        table = self.ledger
        own = table["component"].str.startswith("programme:") & (table["kind"] == "real")
        return -float(table.loc[own, "present_value"].sum())

    def is_cost(self, text, rows) -> None:
        assert values(text)[0] == pytest.approx(self.real(), abs=50.001)

    def is_most(self, text, rows) -> None:
        scale = values(text)[0] / self.real()
        real = [item for item in self.case.programme.items if item.kind == "real"]
        npv = self.case.with_values({f"cost:{i.name}": scale * i.total for i in real}).npv
        assert npv == pytest.approx(0.0, abs=51 * (1 + self.case.assumptions.tax_financing_cost))

    def is_scale(self, text, rows) -> None:
        step = 0.006 if "%" in text else 0.06
        at = values(text)[0] / (100 if "%" in text else 1)
        ends = [replace(self.case, effects=self.case.effects * (at + s)).npv for s in (-step, step)]
        assert ends[0] * ends[1] <= 0

    def is_in_kind(self, text, rows) -> None:
        kind = self.ledger[~self.ledger["cash"]]
        self.near(values(text)[0], -self.summed(rows, "public", kind), rows)

    def is_cash(self, text, rows) -> None:
        self.near(values(text)[0], self.summed(rows, "public", self.ledger[self.ledger["cash"]]),
                  rows)  # fmt: skip

    def is_residual(self, text, rows) -> None:
        frame = self.case.residual_value().set_index(["decay", "actor"])
        wanted = frame.loc[("half_life_5", "society"), "present_value"]
        assert values(text)[0] == pytest.approx(wanted, abs=50.001)

    def is_municipal(self, text, rows) -> None:
        view = mih.municipality_view(self.case, places=1, draws=100)
        wanted = view.to_frame().query("component == 'net'")["amount"].sum()
        assert values(text)[0] == pytest.approx(wanted, abs=50.001)

    def is_step(self, text, rows, name) -> None:
        """Each step by its own sum; that they lead from one end to the other is tested there."""
        view = mih.municipality_view(self.case, places=1, draws=100)
        wanted = view.from_account().set_index("step")["amount"][name]
        assert values(text)[0] == pytest.approx(wanted, abs=50.001)

    def is_balance(self, text, rows) -> None:
        (found,) = self.case.before
        known = [found.rows, found.apart, 0.1, found.largest]
        assert text == "none" or np.isclose(known, values(text)[0], atol=0.0051).any()

    def is_pretrend(self, text, rows) -> None:
        (found,) = self.case.before
        known = [max(found.p_value, 0.001)] if text.startswith("p") else list(found.years)
        assert values(text) == pytest.approx(known, abs=0.00051)

    def item(self, name: str) -> mih.Assumption:
        return next(each for each in self.case.used_assumptions() if each.name == name)

    def is_assumption(self, text, rows, group, *name) -> None:
        item = self.item(":".join(name))
        whole = amount_of(item.value, item.unit)
        assert text == whole or text == content._range(item)

    def is_end(self, text, rows, group, *name) -> None:
        item = self.item(":".join(name))
        ends = [self.case.with_values({item.name: end}).npv for end in (item.low, item.high)]
        assert np.isclose(ends, values(text)[0], atol=50.001).any()

    def is_objection(self, text, rows, name, number) -> None:
        """The account under other effects, or by hand from the programme's own numbers."""
        found = values(text)[0]
        if name == "start_years" and number != "base":
            each = next(one for one in self.case.composed if number.endswith(one.composition))
            other = replace(self.case, effects=each.effects, covariance=each.covariance)
            wanted = other.std_error if number.startswith("error") else other.npv
        elif name == "start_years":
            wanted = self.case.npv
        else:
            time = self.case.programme.unpaid_time.in_prices(self.case.price_year)
            years = self.case.programme.time_given(self.case.horizon)
            net = time.wage * (1 - self.case.assumptions.tax_rate_wage)
            worth = net * float(years @ self.case.discount_factors)
            circular = self.case.with_values({"leisure": 1.0}).npv
            wanted = {
                "wage": time.wage, "time": worth, "with_time": circular - worth,
                "years_given": years.sum(),
            }[number]  # fmt: skip
        assert found == pytest.approx(wanted, abs=0.0051 if number == "years_given" else 50.001)

    def is_switch(self, text, rows, group, *name) -> None:
        """The present value changes sign there."""
        if text == "none":
            return
        item = self.item(":".join(name))
        (at,), low, high = values(text), *item.bounds
        percent = "%" in text
        step = 0.006 if percent else 51 if "NOK" in text else 0.06
        at = at / 100 if percent else at
        ends = [self.case.with_values({item.name: float(np.clip(at + s, low, high))})
                for s in (-step, step)]  # fmt: skip
        before, after = (each.present_value(group) for each in ends)
        assert before * after <= 1e-6 * max(abs(before), abs(after), 1.0) ** 2

    def is_budget(self, text, rows, block) -> None:
        """A number of one of the years: rows of the ledger in cash, cohort upon cohort."""
        assert np.isclose(self.yearly(rows) / 1e6, values(text)[0], atol=0.0501).any()

    def yearly(self, rows: list[str]) -> np.ndarray:
        table = self.ledger
        own = table["component"].isin(rows) & table["cash"] & table["actor"].isin(PUBLIC)
        flow = table[own].groupby("year")["amount"].sum().reindex(range(self.case.horizon))
        sums = np.zeros(self.case.horizon + len(STARTERS) - 1)
        for start, n in enumerate(STARTERS.values()):
            for year, amount in enumerate(flow.fillna(0.0)):
                sums[start + year] += n * amount
        return sums


def add_up_again(case: mih.CostBenefit) -> None:
    """Check every number of the memo, and that each block of budgets has its own rows."""
    made, impact = Numbers(case), mih.budget_impact(case, starters=STARTERS, draws=100)
    again = Again(case, impact)
    with in_language("en"):
        for shown in numbers_of(made, impact):
            again.check(shown)
        rows_of_blocks = content._blocks(made, impact).rows
    for row in rows_of_blocks:
        shown = [values(cell.text)[0] for cell in row[1:]]
        rows = [named.key for named in row[1].trace.rows]
        assert shown == pytest.approx((again.yearly(rows) / 1e6).tolist(), abs=0.0501)


@pytest.mark.parametrize("name", ["gain", "loss", "no covariance"])
def test_every_number_is_added_up_again_from_its_trace(name: str) -> None:
    cases = {"gain": CASE, "loss": account(0.1), "no covariance": account(known=False)}
    add_up_again(cases[name])


@settings(max_examples=6, deadline=None, phases=[Phase.generate], derandomize=True)
@given(drawn(), st.integers(0, 1000))
def test_so_is_every_number_of_other_programmes(given: Drawn, seed: int) -> None:
    case = given.case(covariance_of(given.path, seed) if seed % 3 else None)
    asked = replace(case.programme, headlines=["wage_bill"] if seed % 2 else [])
    add_up_again(replace(case, programme=asked))


def test_each_block_of_budgets_names_its_own_rows() -> None:
    impact = mih.budget_impact(CASE, starters=STARTERS, draws=100)
    with in_language("en"):
        table = content._blocks(Numbers(CASE), impact)
    rows = {row[0]: {named.key for named in row[1].trace.rows} for row in table.rows}
    assert rows["Grants needed"] == {"programme:coordination", "programme:school"}
    assert all(name.startswith("benefit:") for name in rows["Re-estimates of rule-bound benefits"])
    assert rows["Taxes and contributions"] == {"income_tax", "contribution"}
    saved = CASE.with_values({"avoided_measures": 30_000.0})
    impact = mih.budget_impact(saved, starters=STARTERS, draws=100)
    with in_language("en"):
        table = content._blocks(Numbers(saved), impact)
    assert [row[0] for row in table.rows][-1] == "Grants saved on other measures"


# -- sentences on other programmes ---------------------------------------------------------------


def said(case: mih.CostBenefit, lang: str = "en") -> str:
    """Return all the paragraphs of the memo, on one line."""
    made = Numbers(case)
    with in_language(lang):
        told = (paragraphs.answer(made), paragraphs.account(made), paragraphs.budgets(made),
                *paragraphs.views(made), paragraphs.limits(made, budgets=True))  # fmt: skip
        facts = " ".join(f"{shown.text} {label}" for shown, label in paragraphs.facts(made))
    return f"{' '.join(map(plain, told))} {facts}".replace("\u00a0", " ")


def published(estimate: float = 100_000.0, years: int = 3, **items: object) -> mih.CostBenefit:
    """Return an account of published effects on wages, of a programme that a county pays."""
    frame = pd.DataFrame(
        {"outcome": "wage_income", "year_since_start": range(years), "estimate": estimate}
    )
    cost = {"name": "c", "label": LABEL, "amounts": [50_000.0], "payer": "county"} | items
    facts = {name: cost.pop(name) for name in ("headlines", "compensated") if name in cost}
    programme = mih.Programme(name="x", label=LABEL, items=[mih.CostItem(**cost)], **facts)
    effects = mih.EffectSeries.from_frame(frame, price_year=2024)
    return mih.cost_benefit(effects, mih.Assumptions.r109(), programme=programme, horizon=years)


def test_the_reference_memo_says_what_its_numbers_hold() -> None:
    starters = np.linspace(522, 302, 7).round()
    text = said(replace(CASE, starters=starters))
    assert "exceed costs from year 3, the fourth year" in text
    for words in (
        "with sampling uncertainty alone, and NOK", "where assumptions vary too",
        "estimate of year 0 rests on 522 participants, that of year 6 on 302",
        "net of NOK 90,300 for what is given in kind", "Residual value after year 6 is not added",
        "no decision on compensation is known", "Time in the programme itself is priced in neither",
        "NOK 77,700 per participant in the account, while its own cash changes by NOK −",
        "per place",
        "apprentice pay with pension and contribution NOK −230,800",
        "budgets break even where", "otherwise have been filled by others",
    ):  # fmt: skip
        assert words in text, words


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_another_programme_is_not_told_the_reference_cases_story(lang: str) -> None:
    """No county, no apprentices, no benefits, no covariance: nothing of them is said."""
    text = said(published(payer="state"), lang).lower()
    absent = {
        "nb": ["fylkeskommunen", "lærling", "stillingene er nye", "stillingene er budsjettert",
               "kompens", "bare utvalgsusikkerhet", "betales ut", "bygger på"],
        "en": ["county", "apprentic", "posts are budgeted", "every post is new", "compensat",
               "sampling uncertainty alone", "in kind", "rests on"],
    }[lang]  # fmt: skip
    for word in absent:
        assert word not in text, word
    assert {"nb": "ikke tilgjengelig", "en": "not available"}[lang] in text
    for year in ("2014", "menn", "men in"):
        assert year not in text


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_no_fact_of_the_reference_case_is_in_the_memo_of_another_programme(lang: str) -> None:
    """The programme that `init` writes, on the same data: neither its text nor its annex."""
    folder = files("mih_impact.study") / "templates" / lang
    document = memo_of(account(programme=read_programme(folder / "programme.toml")), lang, STARTERS)
    annex = [plain(cell) for table in document.appendix for row in table.rows for cell in row]
    text = " ".join([*document.text(), *annex]).replace(document.footer, "").lower()
    menn_i_helse = mih.nav.menn_i_helse()
    facts = [menn_i_helse.label, menn_i_helse.note, menn_i_helse.published]
    facts += [each.label for each in (*menn_i_helse.items, *menn_i_helse.phases)]
    told = {each.text(lang) for each in facts if each is not None}
    told |= {source_in(each.source, lang) for each in menn_i_helse.items}
    words = {
        "nb": ("publisert", "tidobl", "helse", "lærling", "vår", " vi ", "kull 2025", "fagbrev"),
        "en": ("published", "tenfold", "health", "apprentic", " ours", " we ", " our ", "craft"),
    }[lang]
    for fact in (*told, *words):
        assert fact.lower() not in text, fact


def test_cover_is_told_as_declared_and_not_else() -> None:
    for cover, words in {
        None: "For the county, net present value is NOK −45,200. The employer",
        (): "NOK −45,200, and no decision on compensation is known.",
        ("county",): "NOK −45,200 before the state's cover of its outlays, which is decided.",
    }.items():
        text = said(published(compensated=cover))
        assert words in text
        assert "nobody has decided" not in text


@pytest.mark.parametrize(
    ("item", "said_nb", "said_en"),
    [
        ({"receiver": "participant"}, "overføringer: kurs", "transfers: course"),
        ({"amounts": [0.0], "low": 0.0, "high": 9_000.0}, "satt til 0: kurs", "set to 0: course"),
        ({"amounts": {30: 50_000.0}}, "etter siste år: kurs", "after the last year: course"),
    ],
)
def test_costs_that_are_given_are_not_said_to_be_left_out(item: dict, said_nb: str, said_en: str):
    case = published(**item)
    assert f"The programme uses no resources in the account ({said_en})." in said(case)
    assert f"Tiltaket bruker ingen ressurser i regnskapet ({said_nb})." in said(case, "nb")
    assert "not included" not in said(case)


def test_time_in_the_programme_is_of_its_own_phases() -> None:
    phase = mih.Phase(name="bench", label=Label(nb="verksted", en="workshop"), reach=0.5)
    time = mih.UnpaidTime(years={"bench": [0.5]}, wage=400_000.0, price_year=2024)
    programme = replace(published().programme, phases=(phase,), unpaid_time=time)
    case = account(programme=programme)
    assert "The participant's time in workshop, taken as 0.25 full-time years" in said(case)
    assert "Deltakerens tid i verksted, antatt 0,25 årsverk" in said(case, "nb")
    assert "practice and school, taken as" in said(CASE)


def test_a_loss_is_not_laid_to_motivation() -> None:
    """Were starters more motivated, the loss would be larger: at no share does it break even."""
    harmful = said(published(-100_000.0, amounts=[0.0]))
    assert "being more motivated" not in harmful
    assert "pushes others out of work" not in harmful
    assert "of the effect comes from starters being more motivated" in said(published())


def test_a_losing_account_is_told_as_one() -> None:
    """No room for costs where there is none; and what would have been enough."""
    dear = said(published(amounts=[400_000.0]))
    assert "Society loses" in dear
    assert "can reach" not in dear
    cost, most = values(dear[dear.index("uses resources") : dear.index(" For the county")])
    assert most < cost
    assert "would have broken even had they cost" in dear
    assert "is enough for the account" not in dear
    assert "times the estimated effect would be needed" in dear
    harmful = said(published(-100_000.0))
    assert "would lose even had they been free" in harmful
    assert "NOK 100,000 below the control group's" in harmful
    assert "Public budgets lose" in harmful
    nothing = said(published(amounts=[0.0]))
    assert "costs of the programme are **not** included".replace("*", "") in nothing


def test_what_is_shown_as_zero_is_neither_gained_nor_lost() -> None:
    """No effect, and a programme that the participant pays: free, it would have broken even."""
    none = said(published(0.0, payer="participant"))
    assert "wage income is the same as the control group's" in none
    assert "Public budgets break even." in none
    assert "Society loses NOK 50,000" in none
    assert "would have broken even had they been free" in none
    assert "gain NOK 0" not in none
    null = said(published(0.0, amounts=[0.0]), "nb")
    assert "Regnskapet for samfunnet går i null over 3 år." in null
    assert "tjener" not in null
    assert "taper" not in null


@pytest.mark.parametrize(("lang", "words"), [("nb", "2026 og 2027"), ("en", "2026 and 2027")])
def test_years_that_need_the_same_grants_are_named_together(lang: str, words: str) -> None:
    """One payment at the start, and cohorts of one size: the need is the same in both years."""
    impact = mih.budget_impact(published(), starters={2026: 500, 2027: 500}, draws=100)
    with in_language(lang):
        blocks = content._budget(Numbers(published()), impact)
    told = " ".join(plain(block.text) for block in blocks if isinstance(block, doc.Paragraph))
    assert words in told.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("lang", "words"),
    [("nb", ("offentlige budsjetter samlet", "mellom budsjettene er ikke medregnet")),
     ("en", ("public budgets as a whole", "grants between budgets are not counted"))],
)  # fmt: skip
def test_the_need_for_grants_is_said_to_be_that_of_all_budgets(lang: str, words: tuple) -> None:
    """The state pays the municipality: the state alone needs more than all budgets together."""
    items = (
        mih.CostItem(name="grant", label=LABEL, amounts=[60_000.0], payer="state",
                     receiver="municipality"),
        mih.CostItem(name="place", label=LABEL, amounts=[50_000.0], payer="state"),
    )  # fmt: skip
    case = published()
    case = replace(case, programme=replace(case.programme, items=items))
    impact = mih.budget_impact(case, starters={2026: 100}, draws=100)
    need = impact.peak_need()["amount"]
    assert need["state"] > need["public"] > 0
    with in_language(lang):
        blocks = content._budget(Numbers(case), impact)
    told = " ".join(plain(block.text) for block in blocks if isinstance(block, doc.Paragraph))
    for part in words:
        assert part in told.replace("\u00a0", " ")


def test_grants_do_not_move_with_what_the_programme_costs() -> None:
    """A grant to an employer is financed by taxes whatever the resources cost."""
    grant = mih.CostItem(name="grant", label=LABEL, amounts=[200_000.0], payer="state",
                         receiver="employer")  # fmt: skip
    case = published()
    case = replace(case, programme=replace(case.programme, items=[*case.programme.items, grant]))
    most = paragraphs.most(case, 50_000.0)
    assert case.with_values({"cost:c": most}).npv == pytest.approx(0.0, abs=1e-6)
    odds = case.uncertainty(n=100).acceptability([0.0, most - 1.0, most + 1.0])
    held = case.uncertainty(n=100)
    assert np.allclose(held.programme[:, list(ACTORS).index("employer")], 0.0)
    assert set(odds["cost_per_participant"]) == {0.0, most - 1.0, most + 1.0}


def test_posts_are_told_as_they_are_set() -> None:
    base = published(headlines=["wage_bill"])
    assert "budgeted anyway; if all are new, it is NOK" in said(base)
    some = said(base.with_values({"wage_bill": 0.25}))
    assert "where 25% of the posts is new municipal money" in some
    every = said(base.with_values({"wage_bill": 1.0}))
    assert "where every post is new municipal money." in every
    assert "budgeted anyway" not in some + every


def test_break_even_is_counted_from_the_start_year() -> None:
    case = planted_case()
    path = case.by_year().query("actor == 'society'").set_index("year_since_start")["cumulative"]
    assert path[2] < 0 <= path[3]  # three years passed, and four
    assert break_even_text(3, 7, counted=True) == "fra og med år 3, det fjerde året"
    with in_language("en"):
        assert break_even_text(0, 7, counted=True) == "from the start"
        assert break_even_text(10, 20, counted=True) == "from year 10, the 11th year"
    assert "year 3, the fourth year" in " ".join(case.summary("en").split())


def planted_case() -> mih.CostBenefit:
    return mih.cost_benefit(
        planted_effects(planted_rows()), mih.Assumptions.r109(), programme=mih.nav.menn_i_helse()
    )


def test_a_few_persons_are_not_told(monkeypatch) -> None:
    few = replace(CASE, starters=np.array([40.0, 30, 20, 10, 8, 6, 3]))
    assert "3 behind" not in said(few)
    assert shown_in("en", number, 40, 0) in said(few)


# -- what is uncertain, and what is made up --------------------------------------------------------

_SIGN = {
    "sampling": {
        "nb": "Intervallet omfatter null: det er usikkert om samfunnet tjener eller taper.",
        "en": "The interval includes zero: whether society gains or loses is uncertain.",
    },
    "total": {
        "nb": "Med usikre forutsetninger omfatter intervallet null: det er usikkert om samfunnet",
        "en": "With uncertain assumptions the interval includes zero: whether society gains",
    },
}
_PUBLIC_TOO = {"nb": "Om de tjener eller taper, er usikkert.",
               "en": "Whether they gain or lose is uncertain."}  # fmt: skip


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_answer_says_where_the_sign_is_uncertain(lang: str) -> None:
    wide, narrow = account(0.1), account(0.1)
    wide = replace(wide, covariance=400.0 * wide.covariance)
    narrow = replace(narrow, covariance=1e-9 * narrow.covariance)
    seen = set()
    for case in (CASE, wide, narrow, replace(narrow, covariance=None), account(0.4)):
        made = Numbers(case)
        with in_language(lang):
            told = plain(paragraphs.answer(made)).replace("\u00a0", " ")
        bounds = {"sampling": case.interval()}
        if bounds["sampling"] is not None:
            frame = case.uncertainty().to_frame().set_index(["actor", "source"])
            low_high = frame.loc[("society", "total"), ["conf_low", "conf_high"]]
            bounds["total"] = tuple(low_high)
        holding = [name for name, ends in bounds.items() if ends and ends[0] <= 0 <= ends[1]]
        for name, text in _SIGN.items():
            assert (text[lang] in told) == (holding[:1] == [name]), (name, bounds)
        ends = case.interval(of="public")
        if ends is not None and ends[0] <= 0 <= ends[1]:
            assert _PUBLIC_TOO[lang] in told
        seen |= {*holding[:1], len(holding) > 0}
    assert {"sampling", True, False} <= seen


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_answer_says_that_costs_are_those_of_the_example(lang: str, tmp_path) -> None:
    write_template(tmp_path, lang=lang)
    example = read_programme(tmp_path / "programme.toml")
    own = replace(example.items[0], source="our accounts 2024")
    made_up = {"nb": "Kostnadene er oppdiktet, som eksempel.",
               "en": "The costs are made up, as an example."}  # fmt: skip
    some = {"nb": "Noen av kostnadene er oppdiktet, som eksempel.",
            "en": "Some of the costs are made up, as an example."}  # fmt: skip
    for items, told in (
        (example.items, made_up[lang]),
        ((own, *example.items[1:]), some[lang]),
        ((own,), None),
    ):
        case = replace(CASE, programme=replace(example, items=items))
        title = content.memo_of(case, lang).blocks[0].title
        assert ("oppdiktet" in title or "made up" in title) == (told is not None)
        assert told is None or f". {told}" in title
        assert title.endswith(EVIDENCE[lang])


# -- how alike participants and controls were before start -----------------------------------------


@pytest.fixture(scope="module")
def compared() -> dict[str, tuple[mih.ControlGroup, mih.EffectSeries]]:
    """Controls by wages before start; by age alone; and no year before start that is estimated."""
    panel = mih.example_panel()
    wages = [*mih.lag("wage_income", 1, 2, 3)]
    alike = mih.match(panel, exact=["county"], on=["age", *wages], ratio=1)
    unlike = mih.match(
        panel, on=["age", "benefit_type"], ratio=1, caliper=5.0, method="mahalanobis"
    )
    window = {"passed": (-5, 3), "rejected": (-5, 3), "untested": (-1, 3)}
    groups = {"passed": alike, "rejected": unlike, "untested": alike}
    return {name: (group, mih.event_study(group, outcomes="wage_income", window=window[name]))
            for name, group in groups.items()}  # fmt: skip


def valued(effects: mih.EffectSeries) -> mih.CostBenefit:
    rules = {"programme": mih.Programme.none(), "horizon": 4}
    return mih.cost_benefit(effects, mih.Assumptions.r109(), **rules)


SAID_BEFORE = {
    "passed": {"nb": "er det ikke påvist noen forskjell i lønn (p = {p})",
               "en": "no difference in wages was found (p = {p})"},
    "rejected": {"nb": "var lønnen forskjellig (p {p}): noe av effekten kan være en forskjell",
                 "en": "wages differed (p {p}): part of the effect may be a difference"},
    "untested": {"nb": "Ingen år før oppstart kan brukes til å teste",
                 "en": "No year before start can be used to test"},
}  # fmt: skip


@pytest.mark.parametrize("name", SAID_BEFORE)
def test_how_alike_they_were_before_start_is_said(compared, name: str, tmp_path) -> None:
    """The differences counted in the table of the balance, and Wald's test by hand from SciPy."""
    group, effects = compared[name]
    case = valued(effects)
    size = group.balance().to_frame()["smd_after"].abs()
    leads = [year for year in effects.event_years if year < -1 and
             not effects.frame.set_index("year_since_start")["matched_on"][year]]  # fmt: skip
    b = effects.params["wage_income"][leads].to_numpy()
    V = effects.covariance.loc["wage_income", "wage_income"].loc[leads, leads].to_numpy()
    p = chi2.sf(b @ np.linalg.solve(V, b), len(leads)) if leads else None
    assert {"passed": 0.05, "rejected": 0, "untested": 0}[name] <= (p or 0)
    again = mih.load(case.save(tmp_path / "case.zip"))
    for lang in ("nb", "en"):
        told, over = said(case, lang), int((size > 0.1).sum())
        apart = over or {"nb": "ingen", "en": "none"}[lang]
        largest = shown_in(lang, number, size.max(), 2)
        assert f"{apart} {'av' if lang == 'nb' else 'of'} {len(size)} " in told
        assert f": {largest})" in told
        shown = "" if p is None else "< " + shown_in(lang, number, 0.001, 3) if p < 0.001 else (
            shown_in(lang, number, p, 3))  # fmt: skip
        assert SAID_BEFORE[name][lang].format(p=shown) in told
        for other in SAID_BEFORE.keys() - {name}:
            assert SAID_BEFORE[other][lang].split(" (p")[0] not in told
        assert said(again, lang) == told


def test_a_balance_is_told_of_the_participants_that_it_is_of(compared) -> None:
    """Not beside the effects on some of them, nor where none is known."""
    group, _ = compared["passed"]
    some = mih.event_study(group, outcomes="wage_income", window=(-5, 3), by="county")
    whole, county = valued(some), valued(some.subgroup(some.subgroups[1]))
    assert "characteristics differ" in said(whole)
    assert "characteristics differ" not in said(county)
    assert "p =" in said(county)
    assert "No year before start can be used" in said(CASE)
    assert "before start" not in said(replace(CASE, before=()))
