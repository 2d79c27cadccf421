"""Small registers for tests: known structure, no claim to look like people."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from matplotlib.axes import Axes

import mih_impact as mih
from mih_impact.display.figure import root_figure
from tests.figures import assert_texts_filled

YEARS = np.arange(2009, 2025)
#: Start years of which two are within reach of each other.
STARTS = (2015, 2017, 2020)


def small_register(
    n: int = 900,
    *,
    starters: int = 90,
    seed: int = 1,
    effect: float = 100_000.0,
    missing: float = 0.0,
    ties: bool = False,
) -> pd.DataFrame:
    """Return a register in which starters differ by age and wage, in kroner of the year.

    missing: share of person-years without a row (with no word on residency).
    ties: ages and wages take few values, so that many candidates are equally near.
    """
    rng = np.random.default_rng(seed)
    birth = rng.integers(1965, 1990, n)
    county = rng.choice(["A", "B"], n)
    education = rng.choice(["basic", "secondary", "higher"], n, p=[0.5, 0.3, 0.2])
    level = np.clip(rng.normal(230_000, 90_000, n), 20_000, None)
    if ties:
        birth, level = rng.choice([1970, 1975], n), rng.choice([200_000.0, 250_000.0], n)
    index = -0.04 * (birth - 1977) - level / 150_000 + rng.logistic(size=n)
    start = np.zeros(n, dtype=int)
    start[np.argsort(-index)[:starters]] = rng.integers(2014, 2022, starters)
    blocks = []
    for year in YEARS:
        noise = np.zeros(n) if ties else rng.normal(0, 40_000, n)
        wage = np.clip(level * 1.02 ** (year - 2009) + noise, 0, None)
        wage = np.where(rng.random(n) < (0.0 if ties else 0.15), 0.0, wage)
        since = np.where(start > 0, year - start, -1)
        wage = wage + effect * np.clip(since, 0, 3) / 3
        benefit = np.clip(120_000 - 0.3 * wage, 0, None)
        blocks.append(
            pd.DataFrame(
                {
                    "person_id": np.arange(n),
                    "year": year,
                    "wage_income": wage.round(2),
                    "start_year": np.where(start > 0, start, np.nan),
                    "birth_year": birth,
                    "county": county,
                    "education": education,
                    "dagpenger": benefit.round(2),
                    "sosialhjelp": (benefit / 10).round(2),
                }
            )
        )
    frame = pd.concat(blocks, ignore_index=True)
    if missing:
        frame = frame[rng.random(len(frame)) >= missing].reset_index(drop=True)
    return frame


def with_three_start_years(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the register with everybody who starts in one of `STARTS`."""
    later = frame["start_year"].map(lambda c: c if np.isnan(c) else STARTS[int(c) % 3])
    return frame.assign(start_year=later)


def read_frame(frame: pd.DataFrame | pl.DataFrame, **options: object) -> mih.Panel:
    """Read a frame by polars: the same panel bit for bit as from pandas, in half the time."""
    rows = pl.from_pandas(frame) if isinstance(frame, pd.DataFrame) else frame
    return mih.read_panel(rows, **options)


def read_numbers(frame: pd.DataFrame, **options: Any) -> mih.Panel:
    """Read a frame whose outcomes are plain numbers; who never starts has start_year 0 or NaN."""
    start = frame["start_year"].astype(float)
    units = {name: "points" for name in ("outcome", "second") if name in frame}
    return mih.read_panel(frame.assign(start_year=start.where(start > 0)), units=units, **options)


def texts_fit(ax: Axes) -> None:
    """Raise where texts of a figure overlap each other or leave the page."""
    figure = root_figure(ax)
    figure.draw_without_rendering()
    assert_texts_filled(ax)
    texts = [ax.xaxis.label, ax.yaxis.label, ax.title, ax._left_title, *ax.texts]
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        ticks = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
        texts += [label for place, label in ticks if low <= place <= high]
    if ax.get_legend() is not None:
        texts += ax.get_legend().get_texts()
    texts = [text for text in texts if text.get_text()]
    boxes = [text.get_window_extent() for text in texts]
    page = figure.bbox
    for k, box in enumerate(boxes):
        assert page.x0 <= box.x0 <= box.x1 <= page.x1, texts[k].get_text()
        assert page.y0 <= box.y0 <= box.y1 <= page.y1, texts[k].get_text()
        over = [texts[k + 1 + j] for j, other in enumerate(boxes[k + 1 :]) if box.overlaps(other)]
        assert not over, (texts[k].get_text(), over[0].get_text())
