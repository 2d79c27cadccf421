"""A synthetic register with a known effect: no real person, calibrated to published headlines.

Register data cannot be shipped. This module writes people as registers see them and returns what is
true about them. The modules beside it follow the order of events: people, their histories without
the programme, who starts, what the programme does, the rows.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.arguments import named_options
from mih_impact.display.locale import Label
from mih_impact.errors import OptionError
from mih_impact.panel.contract import BENEFITS, CONTRACT
from mih_impact.panel.names import read_evidence
from mih_impact.panel.panel import Panel
from mih_impact.panel.read import read_panel
from mih_impact.panel.sources import evidence_clause
from mih_impact.panel.synthetic import PRICE_YEAR, REGISTER
from mih_impact.panel.synthetic.effects import (
    EffectPaths,
    Planted,
    SyntheticTruth,
    plant,
    planted_path,
    truth_of,
)
from mih_impact.panel.synthetic.people import (
    BENEFIT_TYPES,
    CLIENTS,
    COUNTIES,
    COUNTRY_GROUPS,
    EDUCATION,
    MUNICIPALITIES_PER_COUNTY,
    YEARS,
    Floats,
    Histories,
    People,
    Population,
    draw_histories,
    draw_people,
    largest_benefit,
)
from mih_impact.panel.synthetic.start import (
    START_YEARS,
    Confounding,
    Starters,
    choose_starters,
    eligible,
    start_factor,
    wage_factor,
)
from mih_impact.reference.prices import PriceIndex
from mih_impact.reference.rows import rows
from mih_impact.storage import write_whole

__all__ = [
    "FILE_TYPE",
    "README",
    "TRUTH",
    "Confounding",
    "SyntheticRegister",
    "SyntheticTruth",
    "data_dictionary",
    "register_frame",
    "register_rows",
    "synthetic_register",
    "write_files",
    "write_register",
]

SEXES = ("mann", "kvinne")
MUNICIPALITIES = tuple(
    f"Kommune {county.removeprefix('Fylke ').replace('Andre fylker', 'X')}{number}"
    for county in COUNTIES
    for number in range(1, MUNICIPALITIES_PER_COUNTY + 1)
)
#: From this year wages come from a-ordningen, which has no record of a person without a wage.
_NO_RECORD_FROM = 2015
#: Who completes has an upper secondary education from this year since start.
_CERTIFICATE_AFTER = 3


def register_rows(
    people: People,
    histories: Histories,
    starters: Starters,
    planted: Planted,
    to_price_year: Floats,
    *,
    others: int,
    first_year: int = int(YEARS[0]),
) -> pd.DataFrame:
    """Return the register: a row per person-year with a wage, a benefit or a registered month.

    Parameters
    ----------
    people, histories, starters, planted
        What happens to everybody, and to the participants with the programme.
    to_price_year
        Kroner of the price year for one krone of each register year, (n_years,).
    others
        How many persons beside the participants the register holds. Who never has a row is in no
        register, so somewhat more are invented than are kept.
    first_year
        Earlier rows are left out; who has no other row counts among `others` all the same.

    Returns
    -------
    pandas.DataFrame
        The columns of the contract in its order, persons by identifier, years ascending.
    """
    nominal = {
        name: np.rint(_with_programme(name, histories, starters, planted) / to_price_year)
        for name in planted.outcomes
    }
    wage, benefits = nominal["wage_income"], {name: nominal[name] for name in BENEFITS}
    event = YEARS - starters.start_year[:, None]
    start_year = np.zeros(len(people.birth_year), dtype=np.int64)
    start_year[starters.index] = starters.start_year
    months = histories.months.copy()
    months[starters.index] *= ~planted.left
    education = people.education.copy()
    certified = planted.completes[:, None] & (event >= _CERTIFICATE_AFTER)
    education[starters.index] = np.maximum(education[starters.index], certified.astype(np.int8))
    kind = histories.kind.copy()
    kind[starters.index] = largest_benefit({n: b[starters.index] for n, b in benefits.items()})
    started = (start_year[:, None] > 0) & (start_year[:, None] <= YEARS)

    seen = (wage > 0) | (months > 0)
    for amount in benefits.values():
        seen |= amount > 0
    seen[np.flatnonzero(seen.any(axis=1) & (start_year == 0))[others:]] = False
    identifiers = _identifiers(seen)
    seen[:, first_year > YEARS] = False
    person, t = np.nonzero(seen)
    wage[(wage == 0) & (_NO_RECORD_FROM <= YEARS)] = np.nan

    columns: dict[str, Any] = {
        "person_id": identifiers[person],
        "year": YEARS[t],
        "start_year": _nullable(start_year, person),
        "eligible": (eligible(people, histories) & ~started)[seen],
        "sex": _category(people.female[person].astype(np.int8), SEXES),
        "birth_year": people.birth_year[person],
        "death_year": _nullable(people.death_year, person),
        "emigration_year": _nullable(people.emigration_year, person),
        "county": _category(people.county[seen], COUNTIES),
        "municipality": _category(people.place[seen], MUNICIPALITIES),
        "education": _category(education[seen], EDUCATION),
        "country_group": _category(people.country[person], COUNTRY_GROUPS),
        "benefit_type": _category(kind[seen], BENEFIT_TYPES),
        "months_unemployed": months[seen].astype(np.int64),
    }
    columns |= {name: amount[seen] for name, amount in nominal.items()}
    return pd.DataFrame({name: columns[name] for name in CONTRACT if name in columns}, copy=False)


def _with_programme(
    name: str, histories: Histories, starters: Starters, planted: Planted
) -> Floats:
    """Return an outcome as it happened: with the programme for those who started."""
    without = histories.wage if name == "wage_income" else histories.benefits[name]
    happened = without.copy()
    happened[starters.index] = planted.outcomes[name]
    return happened


def _identifiers(seen: NDArray[np.bool_]) -> pd.api.extensions.ExtensionArray:
    """Return text identifiers, numbered among those who have a row."""
    number = np.cumsum(seen.any(axis=1)).astype(np.str_)
    return pd.array(np.char.add("p", np.char.zfill(number, 6)), dtype="str")


def _nullable(values: NDArray[np.int64], person: NDArray[np.int64]) -> pd.arrays.IntegerArray:
    """Return a whole-number column where 0 is null."""
    taken = values[person]
    return pd.arrays.IntegerArray(taken, taken == 0)


def _category(codes: NDArray[np.int8], names: Sequence[str]) -> pd.api.extensions.ExtensionArray:
    """Return a text column from codes."""
    return pd.array(list(names), dtype="str").take(codes.astype(np.int64))


TRUTH, README = "truth.json", "README.md"

#: What no card, table or figure made from this register may leave unsaid.
EVIDENCE = Label(
    nb="Syntetisk register, kalibrert til publiserte tall: ingen virkelige personer.",
    en="Synthetic register, calibrated to published figures: no real persons.",
)

_MAKE = "mih-impact synthesize --out data/synthetic"

#: Types in the file; kroner are whole.
FILE_TYPE = {"int": "SMALLINT", "number": "TINYINT", "money": "INTEGER", "bool": "BOOLEAN"}

_INTRO = """\
# A synthetic register

**SYNTHETIC. No row describes a real person, and nothing here was estimated from register data.**
The register was made by a program and calibrated to published headlines, so that the library has
something to be run on and tested against. Its effects are planted: finding them again confirms
the arithmetic and nothing about any real programme.

Made by `{make}` (seed {seed}, not searched for). The same command
gives the same files.

| file | what it is |
| --- | --- |
| `register.parquet` | {rows:,} person-years of {persons:,} invented persons, {first}-{last} |
| `truth.json` | planted expected effects (`patt`), mean realised effects of the starters (`satt`) |

The truth is in kroner per starter, drop-outs included and the dead and emigrated at zero, in prices
of {price_year}, by outcome and year since start, over the starters whose year is in the register.

{participants} persons have a `start_year` ({starts}). Of the planted path only the wage effect of
year 3 is a published figure; the rest is assumed. The counties and municipalities are invented:
which four counties took part is not stated in the source, and `Andre fylker` stands for the rest
of the country. The register over-represents men in contact with Nav. A person-year has a row if it
has a wage, a benefit or a registered month. In such a row a year without a wage says 0 up to 2014,
and from 2015 the wage is null, as a-ordningen has no record of it. Money is in whole nominal
kroner. In the year of death or emigration a person has half a year's income.

`eligible` is true for men of 19-55 who live in one of the four counties at the end of the year,
received dagpenger, aap, tiltakspenger or sosialhjelp or were registered unemployed in it, and have
not started.

## Columns

An empty cell of this table: does not occur, or goes without saying.

| column | type | unit | English | bokmål | rule | no row | zero | null | values |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def write_files(out: Path, frame: pd.DataFrame, truth: SyntheticTruth) -> tuple[Path, ...]:
    """Write rows, truth and data dictionary to a folder, each file whole or not at all."""
    effects = truth.to_frame()
    about = {
        "synthetic": "No real person; calibrated to published headlines. Effects are planted.",
        "command": _MAKE,
        "seed": truth.seed,
        "unit": f"NOK per starter, prices of {truth.price_year}; the dead and emigrated are zero",
        "effects": json.loads(effects.round(2).to_json(orient="records")),
    }
    text = json.dumps(about, ensure_ascii=False, indent=1) + "\n"
    contents = {
        REGISTER: _parquet(frame),
        TRUTH: text.encode(),
        README: data_dictionary(frame, truth).encode(),
    }
    return tuple(write_whole(out / name, data) for name, data in contents.items())


def _parquet(frame: pd.DataFrame) -> bytes:
    """Return the rows as Parquet from DuckDB: small types, zstd, one thread for equal files."""
    import duckdb

    types = ((name, FILE_TYPE.get(CONTRACT[name].dtype, "VARCHAR")) for name in frame.columns)
    casts = ", ".join(
        f"CASE WHEN isnan({name}) THEN NULL ELSE {name} END::{dtype} AS {name}"
        if frame[name].dtype == "float64"
        else f"{name}::{dtype} AS {name}"
        for name, dtype in types
    )
    told = evidence_clause(read_evidence(EVIDENCE))
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(config={"threads": 1}) as connection,
    ):
        path = Path(folder) / REGISTER
        connection.register("rows", frame)
        connection.execute(
            f"COPY (SELECT {casts} FROM rows) TO ? "
            "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 19, ROW_GROUP_SIZE 200000"
            f"{told})",
            [str(path)],
        )
        return path.read_bytes()


def data_dictionary(frame: pd.DataFrame, truth: SyntheticTruth) -> str:
    """Return the README of the folder; the table of columns is the contract's own words."""
    starters = frame.dropna(subset=["start_year"])
    intro = _INTRO.format(
        make=_MAKE,
        seed=truth.seed,
        rows=len(frame),
        persons=frame["person_id"].nunique(),
        first=frame["year"].min(),
        last=frame["year"].max(),
        price_year=truth.price_year,
        participants=starters["person_id"].nunique(),
        starts=f"{starters['start_year'].min()}-{starters['start_year'].max()}",
    )
    return intro + "".join(_row(name, frame) for name in frame.columns)


def _row(name: str, frame: pd.DataFrame) -> str:
    column = CONTRACT[name]
    values = ""
    if column.dtype == "category":
        found = sorted(frame[name].unique())
        values = ", ".join(found if len(found) <= 8 else [*found[:2], "...", found[-1]])
    cells = (
        f"`{name}`",
        column.dtype,
        column.unit,
        column.label.en,
        column.label.nb,
        column.rule,
        column.absent_row.replace("_", " ") if column.role == "outcome" else "",
        column.zero_means if column.dtype in ("money", "number") else "",
        column.null_means if frame[name].isna().any() else "",
        values,
    )
    return "| " + " | ".join(cells) + " |\n"


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
        raise OptionError(
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


#: The last year of wage growth that the register was calibrated on: what is published later does
#: not change it.
CALIBRATED = 2022


def _real_wage(to_price_year: Floats) -> Floats:
    """Return the real wage level of each register year, 1 in the last.

    Annual wage growth where the reference has it; elsewhere wages follow prices.
    """
    published = [row for row in rows("wage_growth") if (row.year or 0) <= CALIBRATED]
    growth = {row.year: row.number / 100.0 for row in published}
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
