"""A case, its pages in both languages, and a browser that reads them as their readers do."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

import mih_impact as mih
from mih_impact.panel.synthetic.register import EVIDENCE
from tests.page.browser import Browser, missing

SPLIT = {"dagpenger": 0.30, "aap": 0.45, "tiltakspenger": 0.25}


def planted_case() -> mih.CostBenefit:
    """The planted path of the reference case with a full covariance, and what its data are."""
    import pandas as pd

    rows = mih.nav.base_case().set_index("item")[[f"t{t}" for t in range(7)]] * 1_000.0
    paths = {
        "wage_income": rows.loc["wage effect"],
        **{name: share * rows.loc["Nav benefits effect"] for name, share in SPLIT.items()},
        "sosialhjelp": rows.loc["social assistance effect"],
    }
    frame = pd.DataFrame(
        [(name, t, value) for name, path in paths.items() for t, value in enumerate(path)],
        columns=["outcome", "year_since_start", "estimate"],
    )
    root = np.random.default_rng(5).normal(0, 7_000, (len(frame), len(frame)))
    effects = mih.EffectSeries.from_frame(
        frame, covariance=root @ root.T / len(frame), price_year=2024
    )
    case = mih.cost_benefit(effects, mih.Assumptions.r109(), programme=mih.nav.menn_i_helse())
    evidence = {"nb": EVIDENCE.nb, "en": EVIDENCE.en}
    return replace(case, provenance=replace(case.provenance, evidence=evidence))


@pytest.fixture(scope="session")
def case() -> mih.CostBenefit:
    return planted_case()


@pytest.fixture(scope="session")
def pages(case, tmp_path_factory):
    """The page in each language, as addresses."""
    folder = tmp_path_factory.mktemp("page")
    return {
        lang: mih.write_budget_page(case, folder / f"{lang}.html", lang=lang).as_uri()
        for lang in ("nb", "en")
    }


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Chromium without a window; skipped with its reason where it is not installed."""
    why = missing()
    if why:
        pytest.skip(why)
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.quit()


@pytest.fixture
def pdf_pages():
    """Count the pages of a PDF with another program."""
    if shutil.which("pdfinfo") is None:
        pytest.skip("the pages of a PDF are counted by pdfinfo: apt-get install poppler-utils")

    def counted(path) -> int:
        told = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
        return int(told.split("Pages:")[1].split()[0])

    return counted
