"""The accounts and settings that the workbook is proved on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

import mih_impact as mih
from mih_impact.account.cost_benefit import CostBenefit
from mih_impact.account.cost_item import CostItem
from mih_impact.account.programme import Phase, Programme
from mih_impact.account.roles import Benefit
from mih_impact.display.locale import Label
from mih_impact.effects.series import EffectSeries
from tests.golden.test_base_case import planted_effects, planted_rows

#: What spreadsheets would run if a text that begins with one of these were a formula.
DANGEROUS = ("=1+1", "+2", "-3", "@SUM(A1)", '=HYPERLINK("http://x")')

EVIDENCE = {"nb": "Syntetisk register: ingen personer.", "en": "Synthetic register: no persons."}


def _covariance(n: int, seed: int) -> np.ndarray:
    root = np.random.default_rng(seed).normal(size=(n, n))
    return 1e6 * (root @ root.T / n + np.eye(n))


def _series(paths: dict[str, np.ndarray], seed: int | None) -> EffectSeries:
    years = len(next(iter(paths.values())))
    frame = pd.concat(
        pd.DataFrame({"outcome": name, "year_since_start": range(years), "estimate": path})
        for name, path in paths.items()
    )
    covariance = None if seed is None else _covariance(len(frame), seed)
    return EffectSeries.from_frame(frame, covariance=covariance, price_year=2024)


def _with_evidence(case: CostBenefit) -> CostBenefit:
    return replace(case, provenance=replace(case.provenance, evidence=EVIDENCE))


def menn_i_helse(without: tuple[str, ...] = ()) -> CostBenefit:
    """The reference case, planted path and an invented covariance, without some outcomes."""
    planted = planted_effects(planted_rows()).to_frame()
    paths = {
        str(name): own["estimate"].to_numpy()
        for name, own in planted.groupby("outcome", sort=False)
        if name not in without
    }
    case = mih.cost_benefit(
        _series(paths, seed=1), mih.Assumptions.r109(), programme=mih.nav.menn_i_helse()
    )
    return _with_evidence(case)


def text(nb: str, en: str | None = None) -> Label:
    return Label(nb=nb, en=en or nb)


def _odd_programme() -> Programme:
    """Costs in the middle and at the end of the year, with labels that look like formulas."""
    share = {"distribution": "triangular", "low": 0.1, "high": 0.9}
    return Programme(
        name="odd",
        label=text(DANGEROUS[0]),
        headlines=("wage_bill",),
        phases=(
            Phase(name="school", label=text(DANGEROUS[1]), reach=0.8, **share),
            Phase(name="work", label=text(DANGEROUS[2]), reach=0.6),
        ),
        items=(
            CostItem(name="place", label=text(DANGEROUS[3]), amounts=[50_000.0, 9_000.0],
                     payer="county", phase="school", timing="middle"),
            CostItem(name="unknown", label=text("ukjent", "unknown"), amounts=[0.0, 0.0],
                     payer="municipality", phase="work", low=0.0, high=20_000.0,
                     source=DANGEROUS[4]),
            CostItem(name="grant", label=text("tilskudd", "grant"), amounts=[0.0, 30_000.0],
                     payer="county", receiver="municipality", phase="work", timing="end"),
            CostItem(name="late", label=text("sent", "late"), amounts={2: 9_000.0, 20: 1_000.0},
                     payer="state", reach=0.9),
            CostItem(name="own", label=text("egne utlegg", "own outlay"), amounts=[4_000.0],
                     payer="participant"),
            CostItem(name="own2", label=text("egne utlegg", "own outlay"), amounts=[1_000.0],
                     payer="users", cash=False),
        ),
    )  # fmt: skip


def longer(persistence: str, horizon: int = 12, *, covariance: bool = True) -> CostBenefit:
    """Three estimated years and more after them; benefits of the analyst's own."""
    paths = {
        "wage_income": np.array([-20_000.0, 60_000.0, 110_000.0]),
        "benefits": np.array([10_000.0, -30_000.0, -35_000.0]),
        "sosialhjelp": np.array([0.0, -5_000.0, -6_000.0]),
        "stonad": np.array([4_000.0, 3_000.0, -2_000.0]),
    }
    case = mih.cost_benefit(
        _series(paths, seed=2 if covariance else None),
        mih.Assumptions.r109(zone="IVa"),
        programme=_odd_programme(),
        horizon=horizon,
        persistence=persistence,
        roles={
            "benefits": "benefit:state",
            "stonad": Benefit("stonad", payer="municipality", taxable=True,
                              label=text("kvalifiseringsstønad", "qualification benefit")),
        },
    )  # fmt: skip
    return _with_evidence(case)


def random_setting(case: CostBenefit, seed: int) -> dict[str, float]:
    """Every assumption somewhere inside its bounds, so that no row of the ledger is empty."""
    rng = np.random.default_rng(seed)
    low = {"share": 0.03, "NOK per NOK": 0.03, "per year, real": -0.02, "years": 1.0}
    high = {"share": 0.48, "NOK per NOK": 0.9, "per year, real": 0.12, "years": 14.0}
    return {
        item.name: float(rng.uniform(low.get(item.unit, 10.0), high.get(item.unit, 150_000.0)))
        for item in case.used_assumptions()
        if item.name != "age_at_start"
    }
