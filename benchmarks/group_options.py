"""Do overall group-time effects, clusters, small-sample corrections and imputation hold 95 %?

    python benchmarks/group_options.py [--seeds 1000]

500 persons over six years, a quarter of whom start in one of three years with an effect of
1 + e / 2 e years after start, 0.3 of a standard deviation from person to person. Seeds 0, 1, ...,
none left out. In the second design persons live in 30 towns of different size, which share
shocks and differ in how many start. Writes benchmarks/results/group_options.json and its section of
docs/monte_carlo.md.
"""

from __future__ import annotations

import argparse
import json
import re
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl

import mih_impact as mih

HERE = Path(__file__).parent
RESULT = HERE / "results" / "group_options.json"
PAGE = HERE.parent / "docs" / "monte_carlo.md"
TITLE = "## Overall effects, clusters, small samples and imputation"
PERSONS, TOWNS, YEARS, STARTS = 500, 30, np.arange(2010, 2016), np.array([2012, 2013, 2014])
#: The mean of e / 2 that each overall effect is of, with start years equally likely.
OVERALL = {"simple": 10 / 9, "dynamic": 3 / 2, "group": 1.0, "calendar": 7 / 8}


def register(seed: int, *, towns: bool) -> tuple[mih.Panel, float]:
    """Return a register, and the mean effect over all treated years of these starters."""
    rng = np.random.default_rng([seed, int(towns)])
    size = 1.0 / np.sqrt(1.0 + np.arange(TOWNS))
    town = rng.choice(TOWNS, PERSONS, p=size / size.sum())
    town[: 2 * TOWNS] = np.tile(np.arange(TOWNS), 2)
    odds = -1.1 + (rng.normal(0, 0.7, TOWNS)[town] if towns else 0.0)
    starts = rng.random(PERSONS) < 1 / (1 + np.exp(-odds))
    start = np.where(starts, rng.choice(STARTS, PERSONS), 0)
    since = np.where(starts[:, None], YEARS - start[:, None], -1)
    effect = (since >= 0) * (1 + since / 2 + rng.normal(0, 0.3, (PERSONS, 1)))
    y = rng.normal(0, 1, (PERSONS, 1)) + rng.normal(0, 0.6, (PERSONS, len(YEARS))).cumsum(axis=1)
    if towns:
        y += rng.normal(0, 0.5, (TOWNS, len(YEARS))).cumsum(axis=1)[town]
    rows = {
        "person_id": np.repeat(np.arange(PERSONS), len(YEARS)),
        "year": np.tile(YEARS, PERSONS),
        "start_year": np.repeat(np.where(starts, start, None), len(YEARS)).astype(float),
        "town": np.repeat(town, len(YEARS)).astype(str),
        "all": "x",
        "y": (y + effect).ravel(),
    }
    frame = pl.DataFrame(rows).with_columns(pl.col("start_year").fill_nan(None))
    panel = mih.read_panel(frame, units={"y": "points"})
    return panel, float(1 + since[since >= 0].mean() / 2)


def one(seed: int) -> list[tuple[str, str, float, float, float, float]]:
    """Return design, row, estimate less truth, standard error, whether held, and a p-value."""
    warnings.simplefilter("ignore")
    mih.options(progress=False)
    found: list[tuple[str, str, float, float, float, float]] = []

    def add(design: str, row: str, series: mih.EffectSeries, truth: float, p: float = 1.0) -> None:
        last = series.frame.iloc[-1]
        held = bool(last["conf_low"] <= truth <= last["conf_high"])
        found.append((design, row, last["estimate"] - truth, last["std_error"], held, p))

    panel, mean = register(seed, towns=False)
    effects = mih.group_time_effects(panel, outcomes="y", base_period="varying")
    p = float(effects.pretrend_test().to_frame()["p_value"].iloc[0])
    for kind, since in OVERALL.items():
        add("persons", f'overall("{kind}")', effects.overall(kind), 1 + since / 2, p)
    event = effects.aggregate("event", window=(-2, 2))
    add("persons", "average of years 0 to 2", event.average(range(3)), 1.5)
    imputed = mih.imputation_effects(panel, outcomes="y", window=(-1, 1))
    p = float(imputed.pretrend_test().to_frame()["p_value"].iloc[0])
    add("persons", "imputation, year 1", imputed, 1.5, p)
    simple = mih.imputation_effects(panel, outcomes="y", window=(0, 3), kind="simple")
    add("persons", "imputation, all years", simple, mean)

    panel, mean = register(seed, towns=True)
    for cluster in ("person", "town"):
        effects = mih.group_time_effects(
            panel, outcomes="y", base_period="varying", cluster=cluster
        )
        p = float(effects.pretrend_test().to_frame()["p_value"].iloc[0])
        truth = 1 + OVERALL["simple"] / 2
        add("towns", f'overall("simple"), by {cluster}', effects.overall("simple"), truth, p)
        if cluster == "town":
            drawn = mih.multiplier_bootstrap(
                effects.overall("simple"), draws=499, kind="webb", seed=seed
            )
            add("towns", 'overall("simple"), by town, drawn', drawn, truth)
        simple = mih.imputation_effects(
            panel, outcomes="y", window=(0, 3), kind="simple", cluster=cluster
        )
        add("towns", f"imputation, all years, by {cluster}", simple, mean)
    group = mih.match(panel, method="exact", exact="all")
    for name in ("none", "CR1", "CR1S", "CR2"):
        effects = mih.event_study(
            group, outcomes="y", window=(-1, 1), se="person", cluster="town", small_sample=name
        )
        add("towns", f'event_study, small_sample="{name}"', effects, 1.5)
    return found


def table(rows: dict[str, dict[str, float]], seeds: int) -> str:
    """Return the section of the page."""
    lines = [
        TITLE,
        "",
        f"Written by `benchmarks/group_options.py` from its record; {seeds:,} registers of "
        f"{PERSONS} persons over six",
        "years, the same in every row; three start years, an effect that grows by half a point a "
        "year. *Rejects* is how often the",
        "pre-trend test does at 5 %, which is right. In *towns* persons live in 30 towns of "
        "different size that share shocks",
        "and differ in how many start; errors by person know nothing of that.",
        "",
        "| design | row | bias | spread | mean error | covers | rejects |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, row in rows.items():
        design, what = name.split("/", 1)
        rejects = "" if row["rejects"] is None else f"{100 * row['rejects']:.1f} %"
        lines.append(
            f"| {design} | {what} | {row['bias']:.3f} | {row['spread']:.3f} | {row['error']:.3f} "
            f"| {100 * row['covers']:.1f} % | {rejects} |"
        )
    lines += [
        "",
        "Intervals of the overall effects and of imputation hold 93 to 94.5 % with some forty "
        "starters a year. With towns those by",
        "person hold 90 to 91 % and those by town 93 to 94 %. The joint test of five group-time "
        "effects rejects too often: 8.7 % by",
        "person, and a quarter by 30 towns, since a chi-squared statistic of many effects wants "
        "many clusters behind each. Its p-values",
        "are to be read with that in mind where start years are small or clusters few.",
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    with ProcessPoolExecutor(asked.workers) as pool:
        found = list(pool.map(one, range(asked.seeds), chunksize=10))
    rows: dict[str, dict[str, float]] = {}
    for k, (design, name, *_) in enumerate(found[0]):
        gap, error, held, p = np.array([each[k][2:] for each in found], dtype=float).T
        rows[f"{design}/{name}"] = {
            "bias": float(gap.mean()), "spread": float(gap.std(ddof=1)),
            "error": float(error.mean()), "covers": float(held.mean()),
            "rejects": float((p < 0.05).mean()) if (p < 1).any() else None,
        }  # fmt: skip
    RESULT.write_text(json.dumps({"seeds": asked.seeds, "rows": rows}, indent=2))
    write(rows, asked.seeds)


def write(rows: dict[str, dict[str, float]], seeds: int) -> None:
    """Put the section into the page, in place of the one before."""
    page = PAGE.read_text(encoding="utf-8")
    before = re.search(rf"{re.escape(TITLE)}\n.*?(?=\n## |\Z)", page, re.DOTALL)
    section = table(rows, seeds)
    page = f"{page.rstrip()}\n\n{section}" if before is None else page.replace(before[0], section)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
