"""A synthetic register with a known effect: no real person, calibrated to published headlines.

Register data cannot be shipped. This module writes people as registers see them and returns what is
true about them. The modules beside it follow the order of events: people, their histories without
the programme, who starts, what the programme does, the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mih_impact.errors import AssumptionError, StorageError
from mih_impact.panel.panel import Panel
from mih_impact.panel.read import read_panel
from mih_impact.panel.synthetic.effects import SyntheticTruth, plant, truth_of
from mih_impact.panel.synthetic.files import EVIDENCE, REGISTER, write_files
from mih_impact.panel.synthetic.histories import draw_histories
from mih_impact.panel.synthetic.paths import EffectPaths, planted_path
from mih_impact.panel.synthetic.people import CLIENTS, YEARS, Floats, Population, draw_people
from mih_impact.panel.synthetic.rows import register_rows
from mih_impact.panel.synthetic.start import (
    START_YEARS,
    Confounding,
    choose_starters,
    start_factor,
    wage_factor,
)
from mih_impact.reference.prices import PriceIndex
from mih_impact.reference.rows import rows
from mih_impact.signatures import named_options

__all__ = [
    "Confounding",
    "SyntheticRegister",
    "SyntheticTruth",
    "example_panel",
    "register_frame",
    "synthetic_register",
    "write_register",
]

#: Planted effects are in kroner of this year.
PRICE_YEAR = 2024


@dataclass(frozen=True, eq=False)
class SyntheticRegister:
    """A synthetic register as a panel, with what is true about it.

    Attributes
    ----------
    panel
        The register behind the contract, nominal kroner.
    truth
        Expected and realised effects.
    """

    panel: Panel
    truth: SyntheticTruth


@named_options
def synthetic_register(
    *,
    participants: int = 527,
    persons: int = 40_000,
    effects: EffectPaths | None = None,
    confounding: Confounding | None = None,
    seed: int = 2025,
) -> SyntheticRegister:
    """Write a register of invented people, some of whom start in a programme of known effect.

    Parameters
    ----------
    participants
        Number of starters, exactly; start years 2014-2021.
    persons
        Number of others, exactly.
    effects
        Average effect by outcome and year since start 0, 1, ..., in kroner of 2024 per starter with
        drop-outs and the dead in: a mapping from outcome to a sequence, or a frame with outcome,
        year_since_start, value. Outcomes that are not named have none, the last value holds on.
        None is the reference case.
    confounding
        A motivation that no register shows; None is none.
    seed
        The same seed gives the same register; people and their histories do not depend on
        `effects`.

    Returns
    -------
    SyntheticRegister

    Raises
    ------
    AssumptionError
        Too few persons to choose from, an unknown outcome, or a loss that is larger than what
        starters have without the programme.

    Notes
    -----
    Starters are chosen among those eligible the year before, with a chance that depends on observed
    history through broken lines, an indicator and an interaction. The planted averages hold exactly
    in expectation for any setting; `mih_impact.panel.synthetic.effects.plant` says how.

    Examples
    --------
    >>> register = synthetic_register(participants=50, persons=2_000, seed=1)
    >>> register.truth.patt.query("outcome == 'wage_income' and year_since_start == 3").value.item()
    200000.0
    """
    frame, truth = register_frame(
        participants=participants,
        persons=persons,
        effects=effects,
        confounding=confounding,
        seed=seed,
    )
    panel = read_panel(frame, price_year=PRICE_YEAR, evidence=EVIDENCE)
    return SyntheticRegister(panel, truth)


def register_frame(
    *,
    participants: int = 527,
    persons: int = 40_000,
    effects: EffectPaths | None = None,
    confounding: Confounding | None = None,
    seed: int | np.random.SeedSequence = 2025,
    population: Population = CLIENTS,
    first_start: int = int(START_YEARS[0]),
    first_year: int = int(YEARS[0]),
) -> tuple[pd.DataFrame, SyntheticTruth]:
    """Return the rows of `synthetic_register` as a pandas frame, and the truth."""
    if participants < 1 or persons < 0:
        raise AssumptionError(
            "A register needs at least one participant and no negative number of others",
            found=f"participants={participants}, persons={persons}",
        )
    paths = planted_path(effects)
    to_price_year = PriceIndex.kpi().factors(YEARS, PRICE_YEAR)
    sequence = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    who, lives, start, impact, unseen = map(np.random.default_rng, sequence.spawn(5))
    n = participants + persons + persons // 50 + 20  # a few never have a row
    people = draw_people(who, n, population)
    motivation = unseen.standard_normal(n)
    histories = draw_histories(
        lives, people, _real_wage(to_price_year), wage_factor(confounding, motivation)
    )
    starters = choose_starters(
        start,
        participants,
        people,
        histories,
        None if confounding is None else motivation,
        first_start=first_start,
    )
    planted = plant(
        impact, people, histories, starters, paths, start_factor(confounding, motivation)
    )
    frame = register_rows(
        people, histories, starters, planted, to_price_year, others=persons, first_year=first_year
    )
    root = int(sequence.entropy)  # type: ignore[arg-type]
    return frame, truth_of(paths, starters, planted, price_year=PRICE_YEAR, seed=root)


def _real_wage(to_price_year: Floats) -> Floats:
    """Return the real wage level of each register year, 1 in the last.

    Annual wage growth where the reference has it; elsewhere wages follow prices.
    """
    growth = {row.year: row.number / 100.0 for row in rows("wage_growth")}
    prices = to_price_year[:-1] / to_price_year[1:]
    steps = [
        1.0 + growth[year] if year in growth else price
        for year, price in zip(YEARS[1:].tolist(), prices, strict=True)
    ]
    nominal = np.cumprod([1.0, *steps])
    real: Floats = nominal * to_price_year / nominal[-1]
    return real


def write_register(out: str | Path, *, seed: int = 2025) -> tuple[Path, ...]:
    """Write the default register to a folder: rows, truth and data dictionary.

    Parameters
    ----------
    out
        The folder; made if it is not there.
    seed
        The seed of the register.

    Returns
    -------
    tuple of Path
        The files written: register.parquet, truth.json, README.md.
    """
    frame, truth = register_frame(seed=seed)
    return write_files(Path(out), frame, truth)


@named_options
def example_panel(*, price_year: int = PRICE_YEAR) -> Panel:
    """Read the synthetic register that is shipped with the library (seed 2025).

    Parameters
    ----------
    price_year
        Year whose prices results are in.

    Returns
    -------
    Panel

    Raises
    ------
    StorageError
        If the file is not there, which means that the installation is broken.

    Examples
    --------
    >>> panel = example_panel()
    >>> panel.first_year, panel.last_year
    (2009, 2024)
    """
    here = Path(__file__).resolve()
    # In the wheel the file lies inside the package, in a checkout beside the source.
    places = (here.parents[2] / "_synthetic", here.parents[4] / "data" / "synthetic")
    for folder in places:
        if (folder / REGISTER).is_file():
            return read_panel(folder / REGISTER, price_year=price_year)
    raise StorageError(
        "The synthetic register that comes with the library is not there",
        found=f"no {REGISTER} in the package or in data/synthetic",
        do="Install the library again, or write it with mih-impact synthesize --out data/synthetic",
    )
