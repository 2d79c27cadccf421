"""A recalculated workbook against the library, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mih_impact.account.cost_benefit import CostBenefit
from mih_impact.account.roles import GROUP_LABELS, GROUPS
from tests.workbook.recalculated import Reckoned, Sheet

#: A hundredth of a krone.
NEAR = 0.01
FIRST_YEAR = 4
Key = tuple[str, str, str]


def keys(case: CostBenefit) -> list[Key]:
    """Return component, actor and budget line of every entry, in the order of the ledger."""
    frame = case.ledger()
    frame = frame[frame["year"] == 0]
    return list(zip(frame["component"], frame["actor"], frame["budget_line"], strict=True))


def cells(sheet: Sheet, column: int, first: int = 5) -> list[object]:
    """Return the cells of a column down to the first empty one."""
    found = []
    while (value := sheet.at(first + len(found), column)) is not None:
        found.append(value)
    return found


def row_of(sheet: Sheet, label: str, *, after: int = 0) -> int:
    """Return the row of a label in the first column, whatever its first letter's case."""
    for row in range(after + 1, len(sheet.rows) + 1):
        if str(sheet.at(row, 1)).lower() == label.lower():
            return row
    raise AssertionError(f"no row {label!r} in {sheet.title}")


def compare_ledger(book: Reckoned, case: CostBenefit, rows: Sequence[Key]) -> None:
    """Compare every amount and present value; `rows` are the rows of the sheet.

    A row that the library leaves out because it is zero must be zero in the sheet.
    """
    sheet = book[5]
    assert len(cells(sheet, 1)) == len(rows)
    years = case.horizon
    expected: dict[Key, list[np.ndarray]] = {}
    frame = case.ledger()
    amounts = frame["amount"].to_numpy().reshape(-1, years)
    values = frame["present_value"].to_numpy().reshape(-1, years).sum(axis=1, keepdims=True)
    for key, row in zip(keys(case), np.hstack([amounts, values]), strict=True):
        expected.setdefault(key, []).append(row)
    found: dict[Key, list[np.ndarray]] = {}
    for place, key in enumerate(rows):
        got = [sheet.at(5 + place, FIRST_YEAR + t) for t in range(years + 1)]
        found.setdefault(key, []).append(np.array(got, dtype=float))
    assert set(expected) <= set(found)
    for key, own in found.items():
        want = expected.get(key, [np.zeros(years + 1)])
        if len(want) == len(own):
            np.testing.assert_allclose(own, want, rtol=0, atol=NEAR, err_msg=str(key))
        else:  # tax-financing of a time of the year at which nothing falls
            assert key[0] == "tax_financing"
            np.testing.assert_allclose(sum(own), sum(want), rtol=0, atol=NEAR)


def compare_actors(book: Reckoned, case: CostBenefit) -> None:
    """Compare every amount, present value and break-even year of every group."""
    sheet = book[6]
    lang = "nb" if sheet.title == "Aktører" else "en"
    frame = case.by_year().set_index(["actor", "year_since_start"])
    after = 0
    for block in ("cumulative", "amount", "present_value"):
        for group in GROUPS:
            row = row_of(sheet, GROUP_LABELS[group].text(lang), after=after)
            got = [sheet.at(row, FIRST_YEAR + t) for t in range(case.horizon)]
            want = frame.loc[group, block].to_numpy()
            np.testing.assert_allclose(got, want, rtol=0, atol=NEAR, err_msg=f"{block} {group}")
            if block == "cumulative":
                assert abs(sheet.at(row, 2) - case.present_value(group)) < NEAR
                year = sheet.at(row, 3)
                known = case.break_even(group)
                assert year == known or (known is None and isinstance(year, str)), group
        after = row


def compare_measures(book: Reckoned, case: CostBenefit) -> None:
    """Compare measures with their remarks, what stands beside them, and the check."""
    sheet = book[7]
    lang = "nb" if sheet.title == "Målestokker" else "en"
    for row in case.indicators(lang).to_dict("records"):
        got = sheet.at(row_of(sheet, row["label"]), 2)
        if np.isfinite(row["value"]):
            assert abs(got - row["value"]) < NEAR, row["indicator"]
        else:
            assert got == row["remark"], row["indicator"]
    for row in case.beside(lang).to_dict("records"):
        got = sheet.at(row_of(sheet, row["label"]), 2)
        if np.isfinite(row["value"]):
            assert abs(got - row["value"]) < NEAR, row["name"]
        else:
            assert isinstance(got, str), row["name"]
    last = len(sheet.rows)
    assert sheet.at(last, 2) == {"nb": "stemmer", "en": "holds"}[lang]


def compare_uncertainty(book: Reckoned, case: CostBenefit) -> None:
    """Compare standard error, interval and probability of every group."""
    sheet = book[8]
    frame = case.by_actor().set_index("actor")
    names = ["present_value", "std_error", "conf_low", "conf_high", "probability_positive"]
    for place, group in enumerate(GROUPS):
        got = [sheet.at(5 + k, 5 + place) for k in range(len(names))]
        want = frame.loc[group, names].to_numpy(dtype=float)
        np.testing.assert_allclose(got, want, rtol=0, atol=NEAR, err_msg=group)
