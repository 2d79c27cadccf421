"""Studies that ask whether intervals cover: their rows, their table, their command line."""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from ties import PAGE, put

import mih_impact as mih

RESULTS = Path(__file__).parent / "results"
#: Seeds of a study that is recorded: 0, 1, ..., none left out.
SEEDS = 1000

#: Of each way, and of what is true of it: estimate and standard error.
Found = dict[tuple[str, str], tuple[float, float]]


@dataclass(frozen=True)
class Study:
    """What is simulated, what is true, and how it is told.

    Attributes
    ----------
    name
        Of the record, results/<name>.json.
    one, truth
        What a seed gives by way and estimand, and what is true of an estimand.
    title, introduction, reading
        The section of the page around its table.
    first
        The head of the column of ways.
    persons
        How many are in a sample, where the introduction says so.
    by_estimand
        Whether a row says whose effect it is.
    """

    name: str
    one: Callable[[int], Found]
    truth: Callable[[str], float]
    title: str
    introduction: str
    reading: str
    first: str
    persons: int = 0
    by_estimand: bool = False

    def summary(self, seeds: int) -> list[dict[str, object]]:
        """Return a row for every way and estimand."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mih.MihImpactWarning)  # one person carries much
            found = [self.one(seed) for seed in range(seeds)]
        table: list[dict[str, object]] = []
        for way, estimand in found[0]:
            estimate, error = np.array([each[way, estimand] for each in found]).T
            truth = self.truth(estimand)
            off = estimate - truth
            table.append(
                {
                    "way": way,
                    **({"estimand": estimand} if self.by_estimand else {}),
                    "seeds": seeds,
                    "truth": round(truth, 1),
                    "bias": round(float(off.mean()), 1),
                    "spread": round(float(off.std()), 1),
                    "mean_error": round(float(error.mean()), 1),
                    "coverage": round(float((np.abs(off) <= 1.959964 * error).mean()), 4),
                }
            )
        return table

    def section(self, table: list[dict[str, object]]) -> str:
        """Return the section of the page, amounts in thousands."""
        whose = ["effect on"] if self.by_estimand else []
        numbers = ["truth", "bias", "spread", "mean error", "covers"]
        lines = [[self.first, *whose, *numbers]]
        lines.append(["---"] * (1 + len(whose)) + ["---:"] * len(numbers))
        keys = ("truth", "bias", "spread", "mean_error")
        for row in table:
            money = [f"{float(str(row[key])) / 1000:.1f}" for key in keys]
            share = f"{100 * float(str(row['coverage'])):.1f} %"
            on = [str(row["estimand"]).upper()] if whose else []
            lines.append([str(row["way"]), *on, *money, share])
        rows = "".join("| " + " | ".join(line) + " |\n" for line in lines)
        text = self.introduction.format(seeds=f"{table[0]['seeds']:,}", persons=self.persons)
        return self.title + text + rows + self.reading

    def main(self, about: str | None) -> None:
        """Run the study; one of fewer seeds is printed and not recorded."""
        parser = argparse.ArgumentParser(description=about)
        parser.add_argument("--seeds", type=int, default=SEEDS)
        table = self.summary(parser.parse_args().seeds)
        print(pd.DataFrame(table).to_string())
        if table[0]["seeds"] == SEEDS:
            (RESULTS / f"{self.name}.json").write_text(json.dumps(table, indent=1) + "\n")
            put(PAGE, self.title, self.section(table))
