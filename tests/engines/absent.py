"""One register in two forms: with a row of zeros for every resident, and with those rows absent."""

from __future__ import annotations

from collections.abc import Callable

import narwhals as nw
import numpy as np
import pandas as pd

#: Ways of saying who is eligible, the columns of the register being those of `two_forms`.
ELIGIBLE: dict[str, str | nw.Expr | None] = {
    "column": None,
    "amounts": (nw.col("wage_income") < 120_000) & (nw.col("months_unemployed") >= 2),
    "amounts paid": (nw.col("dagpenger") > 0) | nw.col("county").is_in(["Oslo"]),
    "age": (nw.col("year") - nw.col("birth_year") >= 30) & nw.col("eligible"),
    "no amount is null": ~nw.col("wage_income").is_null() & (nw.col("months_unemployed") > 1),
    "not yet in the measure": nw.col("measure").is_null(),
    "everybody": None,
    "season": (nw.col("month") >= 4) & (nw.col("wage_income") < 20_000),
}


def eligible_by_hand(name: str, row: dict[str, object]) -> bool:
    """Return what `ELIGIBLE[name]` says of one row, whose amounts are numbers."""
    answers: dict[str, Callable[[], object]] = {
        "column": lambda: row["eligible"],
        "amounts": lambda: row["wage_income"] < 120_000 and row["months_unemployed"] >= 2,
        "amounts paid": lambda: row["dagpenger"] > 0 or row["county"] == "Oslo",
        "age": lambda: row["year"] - row["birth_year"] >= 30 and row["eligible"],
        "no amount is null": lambda: row["months_unemployed"] > 1,
        "not yet in the measure": lambda: row["measure"] is None,
        "everybody": lambda: True,
        "season": lambda: row["month"] >= 4 and row["wage_income"] < 20_000,
    }
    return bool(answers[name]())


def two_forms(
    *, seed: int = 1, n: int = 160, years: int = 9, monthly: bool = False
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, object]]:
    """Return a register with rows of zeros, the same without them, and how to read either.

    A row of zeros repeats what the person's last row says; nobody has one before the first row.
    People move, study, begin another measure, die and emigrate; some lack a wage or a value.
    """
    rng = np.random.default_rng(seed)
    per_year = 12 if monthly else 1
    periods = years * per_year
    person, t = (x.ravel() for x in np.meshgrid(range(n), range(periods), indexing="ij"))
    size = len(person)
    start = np.full(n, -1)
    start[: n // 5] = rng.integers(3 * per_year, periods - 2 * per_year, n // 5)
    exits = {
        name: np.where(rng.random(n) < 0.15, 2010 + rng.integers(3, years, n), np.nan)
        for name in ("death_year", "emigration_year")
    }
    # Whoever starts is alive and here then.
    for values in exits.values():
        values[: n // 5] = np.maximum(values[: n // 5], 2010 + start[: n // 5] // per_year + 1)
    level = rng.uniform(0, 30_000, n) * 12 / per_year
    shift = np.where(start[person] >= 0, (t >= start[person]) * 5_000.0, 0.0)
    rows = pd.DataFrame(
        {
            "person_id": [f"p{k:03d}" for k in person],
            "year": 2010 + t // per_year,
            "month": t % per_year + 1,
            "wage_income": (rng.random(size) < 0.7) * (level[person] + shift) * rng.random(size),
            "dagpenger": np.where(rng.random(size) < 0.6, 0.0, 7_000.25),
            "measure": np.where(rng.random(size) < 0.03, "course", None),
            "eligible": rng.random(size) < 0.5,
            "months_unemployed": rng.integers(0, 13 if not monthly else 2, size).astype(float)
            * (4.0 if monthly else 1.0),
            "county": rng.choice(["Oslo", "Agder", "Troms"], size),
            "education": rng.choice(["basic", "higher", None], size, p=[0.5, 0.45, 0.05]),
            "birth_year": (1975 + np.arange(n) % 18)[person],
            "start_year": np.where(start >= 0, 2010 + start // per_year, np.nan)[person],
            "start_month": np.where(start >= 0, start % per_year + 1, np.nan)[person],
            **{name: values[person] for name, values in exits.items()},
        }
    )
    rows["wage_income"] = rows["wage_income"].round(2).mask(rng.random(size) < 0.05)
    # Gaps last, as they do; the last person has all rows, so that no period is without one.
    gap = rng.random(size) < 0.15
    gap |= np.where(np.arange(size) % periods > 0, np.roll(gap, 1), False) & (
        rng.random(size) < 0.7
    )
    gap[person == n - 1] = False
    begins = rng.integers(0, 3 * per_year, n)
    rows = rows[(t >= begins[person]) | ((start[person] >= 0) & (t >= begins[person] // 2))]
    gap = gap[rows.index] & rows["person_id"].duplicated().to_numpy()
    # A person's first row is no gap, so the last row that is none is the person's own.
    last = np.maximum.accumulate(np.where(gap, 0, np.arange(len(rows))))
    full = rows.reset_index(drop=True)
    for name in ("eligible", "months_unemployed", "county", "education"):
        full[name] = full[name].to_numpy()[last]
    full.loc[gap, ["wage_income", "dagpenger"]] = 0.0
    full.loc[gap, "measure"] = None
    options: dict[str, object] = {"money": "fixed", "period": "month" if monthly else "year"}
    if not monthly:
        full = full.drop(columns=["month", "start_month"])
    return full, full[~gap].reset_index(drop=True), options
