"""Do the intervals and bands of quantile effects hold the truth? Registers with a known one.

    python benchmarks/quantile_coverage.py [--seeds 1000]

Four cells with other shares among participants and candidates; wages are log-normal within each, so
that the quantiles of participants, with the programme and without, are roots of a mixture. Each
seed is one register; none is left out. Results: benchmarks/results/quantile_coverage.csv.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import norm

import mih_impact as mih

RESULT = Path(__file__).parent / "results" / "quantile_coverage.csv"
PAGE = Path(__file__).parents[1] / "docs" / "monte_carlo.md"
HEADING = "## Quantile effects on those treated"
SECTION = """
`benchmarks/quantile_coverage.py`: registers of 300 participants and 1,200 candidates, {n} seeds
(0, 1, ...), none left out. Four cells with other shares among participants and candidates; wages
are log-normal within each, so that the truth is found by root finding. In thousand NOK. *Band* is
the share in which the simultaneous band holds the truth at all five quantiles.

| row | quantile | truth | bias | spread | mean error | covers | band |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{rows}

The density is a kernel estimate with one bandwidth: where the log-normal distribution is steep it
is too low and the error too large, and in the thin upper tail the other way round.
"""
TAUS = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
COLUMNS = ("estimate", "std_error", "conf_low", "conf_high", "band_low", "band_high")
STARTERS, CANDIDATES = 300, 1_200
SHARE_T, SHARE_C = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.1, 0.2, 0.3, 0.4])
WITHOUT, WITH = (12.0 + 0.2 * np.arange(4), 0.5), (12.3 + 0.15 * np.arange(4), 0.6)


def truth() -> np.ndarray:
    """Return the quantile effects on participants, by root finding."""

    def quantile(tau: float, how: tuple[np.ndarray, float]) -> float:
        mean, spread = how
        return float(np.exp(brentq(
            lambda y: SHARE_T @ norm.cdf((y - mean) / spread) - tau, 8.0, 17.0
        )))  # fmt: skip

    return np.array([quantile(tau, WITH) - quantile(tau, WITHOUT) for tau in TAUS])


def register(seed: int) -> pd.DataFrame:
    """Return one register: everybody in the year before start and in the start year."""
    rng = np.random.default_rng(seed)
    started = np.arange(STARTERS + CANDIDATES) < STARTERS
    cell = np.where(started, rng.choice(4, len(started), p=SHARE_T),
                    rng.choice(4, len(started), p=SHARE_C))  # fmt: skip
    noise = rng.standard_normal(len(started))
    (mean_1, spread_1), (mean_0, spread_0) = WITH, WITHOUT
    wage = np.exp(np.where(started, mean_1[cell] + spread_1 * noise,
                           mean_0[cell] + spread_0 * noise))  # fmt: skip
    one = {"person_id": np.arange(len(started)), "cell": np.array(list("abcd"))[cell],
           "start_year": np.where(started, 2018.0, np.nan)}  # fmt: skip
    years = [{**one, "year": 2017, "wage_income": 100_000.0},
             {**one, "year": 2018, "wage_income": wage}]  # fmt: skip
    return pd.concat(map(pd.DataFrame, years))


def estimates(seed: int) -> dict[str, mih.QuantileEffects]:
    """Return the effects of one register by matching in cells and by weights."""
    panel = mih.read_panel(register(seed), money="fixed", price_year=2018)
    groups = {
        "cells": mih.match(panel, exact=["cell"], on=[], method="exact"),
        "entropy": mih.weight(panel, on=["cell"]),
    }
    return {
        name: mih.quantile_effects(group, year=0, quantiles=TAUS.tolist())
        for name, group in groups.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=1_000)
    seeds, true, found = range(parser.parse_args().seeds), truth(), {}
    for seed in seeds:
        for name, effects in estimates(seed).items():
            found.setdefault(name, []).append(effects.to_frame())
    rows = []
    for name, tables in found.items():
        value, error, low, high, b_low, b_high = (
            np.array([table[column] for table in tables])
            for column in (
                "estimate",
                "std_error",
                "conf_low",
                "conf_high",
                "band_low",
                "band_high",
            )
        )
        band = ((b_low <= true) & (true <= b_high)).all(axis=1).mean()
        for k, tau in enumerate(TAUS):
            covers = ((low[:, k] <= true[k]) & (true[k] <= high[:, k])).mean()
            rows.append(
                {"method": name, "quantile": tau, "seeds": len(seeds), "truth": true[k],
                 "bias": value[:, k].mean() - true[k], "spread": value[:, k].std(ddof=1),
                 "mean_error": error[:, k].mean(), "covers": covers, "band_covers": band}
            )  # fmt: skip
    table = pd.DataFrame(rows)
    print(table.round(3).to_string(index=False))
    if len(seeds) >= 1_000:
        table.to_csv(RESULT, index=False, float_format="%.6g")
        write_section(table)


def write_section(table: pd.DataFrame) -> None:
    """Write the study's section of the page, in place of the one that is there."""
    before, _, after = PAGE.read_text(encoding="utf-8").partition(HEADING)
    _, mark, rest = after.partition("\n## ")
    lines = [
        f"| {row['method']} | {row['quantile']:g} | {row['truth'] / 1000:.1f} |"
        f" {row['bias'] / 1000:.1f} | {row['spread'] / 1000:.1f} |"
        f" {row['mean_error'] / 1000:.1f} | {row['covers']:.1%} | {row['band_covers']:.1%} |"
        for row in table.to_dict("records")
    ]
    text = SECTION.format(n=table["seeds"].iloc[0], rows="\n".join(lines).replace("%", " %"))
    PAGE.write_text(
        f"{before.rstrip()}\n\n{HEADING}\n{text}{mark}{rest}".rstrip() + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
