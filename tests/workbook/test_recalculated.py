"""The workbook, reckoned by LibreOffice, is the account: at the base and wherever inputs go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.account.budget.entries import BLOCKS, SAVINGS
from mih_impact.account.budget.result import BLOCK_LABELS
from mih_impact.account.cost_benefit import CostBenefit
from mih_impact.account.roles import GROUP_LABELS
from mih_impact.display.locale import in_language
from mih_impact.reference.discount import Discount
from mih_impact.reporting.workbook.layout import Layout, SourceList
from tests.workbook import cases, compare
from tests.workbook.recalculated import Reckoned, changed, recalculate

STARTERS = {2026: 500.0, 2027: 0.0, 2028: 720.0}
OTHER_STARTERS = {2026: 10.0, 2027: 333.0, 2028: 50.0}
#: The input cells of the cohorts, on the eleventh sheet.
COHORT_CELLS = {str(year): f"sheet11!{cell}5" for year, cell in zip(STARTERS, "EFG", strict=True)}


@dataclass(frozen=True)
class Tried:
    """One copy of a workbook: the account it must agree with, and its rows."""

    case: CostBenefit
    rows: list[compare.Key]


def _edges(case: CostBenefit) -> dict[str, dict[str, float]]:
    """Settings at which rows vanish in the library, and the measures are at their corners."""
    nothing = {
        item.name: 0.0
        for item in case.used_assumptions()
        if item.name not in ("half_life", "age_at_start")
    }
    return {
        "zero": nothing,
        "undefined": {"selection": 1.0, "avoided_measures": 1e6},
        "new_money": {"wage_bill": 1.0, "leisure": 1.0},
        "displaced": {"displacement": 1.0},
        "late": {"wage_bill": 0.5, "discount_rate": 0.2, "cost:school": 1.2e6},
    }


def _timed(case: CostBenefit, timing: str) -> CostBenefit:
    """The account with flows at another time of the year."""
    discount = replace(case.assumptions.discount, timing=timing)
    return replace(case, assumptions=replace(case.assumptions, discount=discount))


@pytest.fixture(scope="module")
def tried(tmp_path_factory) -> tuple[dict[str, Tried], dict[str, Reckoned]]:
    """All copies with the accounts they must agree with, recalculated in one start."""
    folder = tmp_path_factory.mktemp("workbooks")
    sources = folder / "sources"
    found: dict[str, Tried] = {}

    def tell(
        name: str,
        case: CostBenefit,
        settings: dict[str, dict[str, float]],
        accounts: dict[str, tuple[dict[str, object], CostBenefit]] | None = None,
        lang: str = "nb",
        starters: dict[int, float] | None = None,
    ) -> None:
        source = mih.write_workbook(case, sources / f"{name}.xlsx", lang=lang, starters=starters)
        rows = compare.keys(case.with_values(cases.random_setting(case, 0)))
        with in_language(lang):
            names = Layout(case, SourceList()).names
        copies: dict[Path, dict[str, object]] = {folder / f"{name}.xlsx": {}}
        found[name] = Tried(case, rows)
        for label, values in settings.items():
            copies[folder / f"{name}_{label}.xlsx"] = {names[k]: v for k, v in values.items()}
            found[f"{name}_{label}"] = Tried(case.with_values(values), rows)
        for label, (cells, account) in (accounts or {}).items():
            copies[folder / f"{name}_{label}.xlsx"] = cells
            found[f"{name}_{label}"] = Tried(account, rows)
        changed(source, copies, COHORT_CELLS)

    base = cases.menn_i_helse()
    middle = {"når_i_året": "midt i året"}, _timed(base, "middle")
    cohorts = {str(year): n for year, n in OTHER_STARTERS.items()}, base
    tell("base", base, {}, {"middle": middle, "cohorts": cohorts}, starters=STARTERS)
    plain = cases.menn_i_helse(without=("uforetrygd", "sykepenger"))
    drawn = {f"random{k}": cases.random_setting(plain, k) for k in range(12)}
    tell("plain", plain, drawn | _edges(plain))
    long = cases.longer("half_life")
    drawn = {f"random{k}": cases.random_setting(long, k) for k in range(2)}
    to_line = {"persistence_rule": "straight line to nothing"}, replace(long, persistence="linear")
    constant = {"persistence_rule": "constant"}, replace(long, persistence="constant")
    end = {"timing_in_year": "end of the year"}, _timed(long, "end")
    accounts = {"linear": to_line, "constant": constant, "end": end}
    tell("long", long, drawn, accounts, lang="en", starters=STARTERS)
    ladder = cases.longer("linear", 45, covariance=False)
    tell("ladder", ladder, {"random": cases.random_setting(ladder, 5)})
    steps = Discount(((2, 0.05), (5, 0.03), (None, 0.01)), timing="middle")
    own = cases.longer("constant")
    own = replace(own, assumptions=own.assumptions.replace(discount=steps))
    tell("steps", own, {})
    return found, recalculate(folder)


NAMES = [
    "base", "base_middle", "base_cohorts", "plain", *(f"plain_random{k}" for k in range(12)),
    "plain_zero", "plain_undefined", "plain_new_money", "plain_displaced", "plain_late",
    "long", "long_random0", "long_random1", "long_linear", "long_constant", "long_end",
    "ladder", "ladder_random", "steps",
]  # fmt: skip


def test_every_copy_is_recalculated(tried):
    found, books = tried
    assert sorted(found) == sorted(books) == sorted(NAMES)
    npvs = {round(book[0].at(5, 2)) for book in books.values()}
    # Changed cells reach the result; cohorts, and outcomes without an effect, leave it as it is.
    assert len(npvs) == len(NAMES) - 2


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_is_the_accounts(tried, name):
    found, books = tried
    own = found[name]
    compare.compare_ledger(books[name], own.case, own.rows)
    compare.compare_actors(books[name], own.case)
    compare.compare_measures(books[name], own.case)
    if own.case.covariance is not None:
        compare.compare_uncertainty(books[name], own.case)
    assert abs(books[name][0].at(5, 2) - own.case.npv) < compare.NEAR


def test_the_rows_are_those_of_a_ledger_in_which_nothing_is_zero(tried):
    found, _ = tried
    for name in ("plain", "long", "ladder"):
        inside = found[f"{name}_random" + ("0" if name != "ladder" else "")]
        assert compare.keys(inside.case) == inside.rows


def test_all_corners_of_the_measures_are_met(tried):
    found, _ = tried
    marginal = [
        each.case.indicators("en").set_index("indicator").loc["mvpf"] for each in found.values()
    ]
    remarks = {str(row["remark"]).partition(":")[0] for row in marginal}
    assert {"", "infinite", "undefined"} <= remarks
    never = [each.case.break_even("society") for each in found.values()]
    assert None in never
    assert len(set(never)) >= 4


@pytest.mark.parametrize("name", ["base", "long", "base_cohorts"])
def test_cohorts_follow(tried, name):
    found, books = tried
    starters = OTHER_STARTERS if name == "base_cohorts" else STARTERS
    _compare_budget(books[name], found[name].case, starters)


def _compare_budget(book, case: CostBenefit, starters: dict[int, float]) -> None:
    lang = "nb" if "Budsjett" in book.names else "en"
    sheet = book["Budsjett" if lang == "nb" else "Budget impact"]
    impact = mih.budget_impact(case, starters=starters, draws=100)
    years = range(5, 5 + len(impact.years))
    assert [sheet.at(4, column) for column in years] == list(impact.years)
    sums = {
        key: own["amount"].to_numpy() for key, own in impact.by_block().groupby(["block", "actor"])
    }
    line_sums = impact.by_line()
    for block in (*BLOCKS, SAVINGS):
        row = compare.row_of(sheet, BLOCK_LABELS[block].text(lang))
        lines: dict[tuple[str, str], np.ndarray] = {}
        while (label := sheet.at(row + 1, 1)) is not None:
            row += 1
            amounts = np.array([sheet.at(row, column) for column in years], dtype=float)
            if sheet.at(row, 2) is None:
                name = label.partition(", ")[2]
                actor = next(a for a, own in GROUP_LABELS.items() if own.text(lang) == name)
                want = sums.get((block, actor), np.zeros(len(amounts)))
                np.testing.assert_allclose(amounts, want, rtol=0, atol=compare.NEAR)
            else:
                key = (label, sheet.at(row, 3))
                lines[key] = lines.get(key, 0) + amounts
        _compare_lines(lines, line_sums[line_sums["block"] == block], lang)
    _compare_ends(sheet, impact, lang)


def _compare_lines(lines, sums, lang: str) -> None:
    wanted: dict[tuple[str, str], np.ndarray] = {}
    columns = [name for name in sums.columns if str(name).isdigit()]
    for row in sums.to_dict("records"):
        key = (GROUP_LABELS[row["actor"]].text(lang), row[f"label_{lang}"])
        wanted[key] = wanted.get(key, 0) + np.array([row[name] for name in columns])
    assert set(wanted) <= set(lines)
    for key, amounts in lines.items():
        want = wanted.get(key, np.zeros(len(columns)))
        np.testing.assert_allclose(amounts, want, rtol=0, atol=compare.NEAR)


def sums_of(impact: mih.BudgetImpact, block: str, actor: str) -> np.ndarray:
    frame = impact.by_block()
    return frame.loc[(frame["block"] == block) & (frame["actor"] == actor), "amount"].to_numpy()


def _compare_ends(sheet, impact: mih.BudgetImpact, lang: str) -> None:
    """The largest need by budget, and the first year of surplus by block."""
    need = impact.peak_need()
    heading = {
        "nb": "Største behov for bevilgninger i ett år",
        "en": "Largest need for grants in one year",
    }
    row = compare.row_of(sheet, heading[lang])
    for actor, own in need.iterrows():
        row = compare.row_of(sheet, GROUP_LABELS[actor].text(lang), after=row)
        assert abs(sheet.at(row, 2) - own["amount"]) < compare.NEAR
        none = {"nb": "ingen", "en": "none"}[lang]
        assert sheet.at(row, 3) == (own["year"] if own["amount"] > 0 else none)
    for own in impact.first_surplus().to_dict("records"):
        if pd.isna(own["year"]) and not sums_of(impact, own["block"], own["actor"]).any():
            continue  # nothing reaches it, and the sheet has no row
        block, actor = BLOCK_LABELS[own["block"]].text(lang), GROUP_LABELS[own["actor"]].text(lang)
        got = sheet.at(compare.row_of(sheet, f"{block}: {actor}"), 2)
        assert isinstance(got, str) if pd.isna(own["year"]) else got == own["year"]


#: Workbooks as they are written, and accounts at the corners of the measures.
STORED = ["base", "plain", "long", "ladder", "steps", "plain_undefined", "plain_zero", "plain_late"]


@pytest.mark.parametrize("name", STORED)
def test_every_formula_stores_what_reckoning_gives(tried, name, tmp_path):
    """Programs that show a workbook without reckoning show the same as those that do."""
    found, books = tried
    own = found[name]
    lang = "en" if name == "long" else "nb"
    starters = STARTERS if name in ("base", "long") else None
    path = mih.write_workbook(own.case, tmp_path / "a.xlsx", lang=lang, starters=starters)
    stored = openpyxl.load_workbook(path, data_only=True)
    formulas = 0
    for sheet in openpyxl.load_workbook(path).worksheets:
        for cell in (cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"):
            shown = stored[sheet.title][cell.coordinate].value
            reckoned = books[name][sheet.title].at(cell.row, cell.column)
            where = (sheet.title, cell.coordinate, shown, reckoned)
            assert type(shown) in (int, float, str), where
            if isinstance(shown, str):
                assert shown == reckoned, where
            else:
                assert shown == pytest.approx(reckoned, rel=1e-7, abs=1e-6), where
            formulas += 1
    assert formulas > 1000


@pytest.mark.parametrize("name", ["base", "plain", "long", "plain_undefined"])
def test_what_is_stored_is_the_accounts(tried, name, tmp_path):
    """Read without reckoning, as pandas and openpyxl do."""
    found, _ = tried
    own = found[name]
    path = mih.write_workbook(own.case, tmp_path / "a.xlsx", starters=STARTERS)
    stored = Reckoned(path)
    compare.compare_ledger(stored, own.case, own.rows)
    compare.compare_actors(stored, own.case)
    compare.compare_measures(stored, own.case)
    compare.compare_uncertainty(stored, own.case)
    if name in ("base", "long"):
        _compare_budget(stored, own.case, STARTERS)
    front = pd.read_excel(path, sheet_name=0, header=3, usecols="A:B", nrows=10)
    assert front.iloc[:, 1].notna().all()
