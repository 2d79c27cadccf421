"""Lee bounds: what leaving can have done to the effect on those who would be seen anyhow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.group import ControlGroup
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import interval, number, percent
from mih_impact.display.provenance import Provenance
from mih_impact.display.unit import AnyUnit, amount
from mih_impact.effects.asked import Estimator, read_question, require_choice
from mih_impact.effects.influence import Influence
from mih_impact.effects.sensitivity.lee_sample import Sample, cells_of, require_exact
from mih_impact.effects.sensitivity.result import SensitivityCheck
from mih_impact.effects.sensitivity.trimming import Trimmed, combine, imbens_manski, trim
from mih_impact.effects.taken import outcome_asked
from mih_impact.errors import EffectsError
from mih_impact.panel.contract import label_of
from mih_impact.panel.cube import Dead
from mih_impact.signatures import named_options

__all__ = ["lee_bounds"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

Monotone = Literal["auto", "more", "less"]
Seen = Literal["register", "in_work"]

_TITLE = Label(nb="Lee-grenser, {outcome}, år {year}", en="Lee bounds, {outcome}, year {year}")
_BOUNDS = Label(
    nb="Blant dem som ville vært {seen} uansett, ligger effekten mellom {low} og {high} "
    "({level} KI {interval}). {participants} av deltakerne og {controls} av kontrollgruppen er "
    "{seen}.",
    en="Among those who would be {seen} either way the effect lies between {low} and {high} "
    "({level} CI {interval}). {participants} of the participants and {controls} of the control "
    "group are {seen}.",
)
_ASSUMED = {
    True: Label(
        nb=" Det forutsetter at ingen går ut på grunn av tiltaket.",
        en=" This takes it that nobody leaves because of the programme.",
    ),
    False: Label(
        nb=" Det forutsetter at ingen blir på grunn av tiltaket.",
        en=" This takes it that nobody stays because of the programme.",
    ),
}
_SEEN = {
    "register": Label(nb="å se i registeret", en="seen in the register"),
    "in_work": Label(nb="i arbeid", en="in work"),
}
_SHOWS = {
    "within": (Label(nb="Innenfor", en="Within"), "text"),
    "lower": (Label(nb="Nedre grense", en="Lower bound"), "amount"),
    "upper": (Label(nb="Øvre grense", en="Upper bound"), "amount"),
    "conf_low": (Label(nb="Intervall fra", en="Interval from"), "amount"),
    "conf_high": (Label(nb="Intervall til", en="Interval to"), "amount"),
    "untrimmed": (Label(nb="Uten trimming", en="Untrimmed"), "amount"),
    "share_trimmed": (Label(nb="Trimmet", en="Trimmed"), "percent"),
}
_WHOLE = "all"
_WORDS = {_WHOLE: Label(nb="alle samlet", en="all together")}


@named_options
def lee_bounds(
    group: ControlGroup,
    *,
    outcome: str | None = None,
    year: int,
    seen: Seen = "register",
    monotone: Monotone = "auto",
    within: str | Sequence[str] = (),
    estimator: Estimator = "did",
    base: int | Sequence[int] = -1,
    dead: Dead = "missing",
    level: float = 0.95,
) -> SensitivityCheck:
    """Bound the effect on those who would be seen with the programme and without it.

    Parameters
    ----------
    group
        Participants and their controls.
    outcome
        The outcome; by default wage income, or the first where there is none.
    year
        The year since start.
    seen
        Who has an outcome. "register": whoever is seen in that year. "in_work": of them, those with
        wage income, so that the effect is on what they earn.
    monotone
        "more": nobody leaves because of the programme, so participants are seen at least as often.
        "less": nobody stays because of it. "auto" takes what the shares say.
    within
        Columns of the group's `exact`, or "start_year": trim within their cells, which narrows the
        bounds where leaving depends on them.
    estimator, base
        What is compared, as in `event_study`: changes from the base year, or levels. Persons
        without a base year take no part.
    dead
        "missing": the dead and emigrated are not seen. "zero": their income is.
    level
        Coverage of the interval.

    Returns
    -------
    SensitivityCheck
        A row for all together and, with `within`, one for its cells: `outcome, year_since_start,
        within, lower, upper, std_error_lower, std_error_upper, conf_low, conf_high, untrimmed,
        seen_participants, seen_controls, share_trimmed, trimmed, n_participants, n_controls,
        n_trimmed, cells`. `n_` counts persons seen. `passed` is None: bounds set no standard.

    Raises
    ------
    EffectsError
        An unknown outcome or option, a column of `within` that is not matched on exactly, a year
        nobody is seen in, or a cell in which nobody of a side is seen.

    Notes
    -----
    See `trimming.trim`. Participants weigh 1 and controls what the group gives them; quantiles and
    means are weighted. Comparisons within cells are averaged by the participants always seen there.
    A cell whose shares go the other way is not trimmed.

    Standard errors come from persons' influence, weights taken as fixed: with equal weights they
    are Lee's (his proposition 3). The interval is that of Imbens and Manski (2004) and covers the
    effect, not the whole of the bounds.

    References
    ----------
    Lee (2009), Training, wages, and sample selection: estimating sharp bounds on treatment effects,
    Review of Economic Studies 76(3). Imbens and Manski (2004), Confidence intervals for partially
    identified parameters, Econometrica 72(6).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> found = mih.lee_bounds(group, year=3, seen="in_work").table
    >>> bool(found["lower"][0] <= found["untrimmed"][0] <= found["upper"][0])
    True
    """
    year = arguments.whole("year", year, error=EffectsError)
    outcome = arguments.name("outcome", outcome_asked(group, outcome), error=EffectsError)
    asked = read_question(
        group, outcome, estimator, base, (year, year), "available", dead, call="lee_bounds"
    )
    require_choice("seen", seen, get_args(Seen), call="lee_bounds")
    require_choice("monotone", monotone, get_args(Monotone), call="lee_bounds")
    arguments.level(level, error=EffectsError)
    columns = require_exact(group, arguments.names("within", within, error=EffectsError))
    sample = Sample.of(group, asked, in_work=seen == "in_work")
    more = sample.more if monotone == "auto" else monotone == "more"
    rows = [_row(sample, np.zeros(len(sample.y), dtype=np.int64), _WHOLE, more, level)]
    if columns:
        rows.append(_row(sample, cells_of(group, sample, columns), ", ".join(columns), more, level))
    table = pd.DataFrame(rows)
    table.insert(0, "outcome", outcome)
    table.insert(1, "year_since_start", year)
    unit = group.risk.cube.unit_of(outcome)
    title = _TITLE.format(outcome=label_of(outcome), year=number(year, lang="nb"))
    return SensitivityCheck(
        name="lee_bounds",
        passed=None,
        table=table,
        sentence={
            lang: _sentence(rows[-1], seen, more, level, unit, lang) for lang in ("nb", "en")
        },
        title={"nb": title.nb, "en": title.en},
        provenance=Provenance.of(
            "lee_bounds",
            {
                "match": group.provenance.options,
                "outcome": outcome,
                "year": year,
                "seen": seen,
                "monotone": "more" if more else "less",
                "within": list(columns),
                "estimator": estimator,
                "base": list(asked.bases),
                "dead": dead,
                "level": level,
            },
            data=group.risk.cube.fingerprint,
            evidence=group.provenance.evidence,
        ),
        keys=("outcome", "year_since_start", "within"),
        shows=_SHOWS,
        words=_WORDS | {", ".join(columns): _names(columns)},
        unit=unit,
        card_rows=tuple(range(len(table))),
        persons=float(table["persons"].iloc[-1]),
    )


def _row(
    sample: Sample, cell: NDArray[np.int64], name: str, more: bool, level: float
) -> dict[str, Any]:
    """Return a row of the table: bounds within cells, put together."""
    members = sample.treated / sample.treated.sum()
    parts: list[tuple[FloatArray, Trimmed]] = []
    for x in np.unique(cell[sample.treated]).tolist():
        trimmed = _trim_cell(sample, cell == x, more)
        if trimmed is not None:
            parts.append((np.where(cell == x, members, 0.0), trimmed))
    bounds, influence, share = combine(parts, members)
    clustered = Influence(influence, sample.person).clustered(sample.person)
    error = np.sqrt(np.diag(clustered.covariance))
    low, high = imbens_manski(bounds, error, level)
    cut = np.any([trimmed.cut for _, trimmed in parts], axis=0)
    n_trimmed = min(len(np.unique(sample.person[end])) for end in cut.T)
    seen, gone = sample.count(sample.seen), sample.count(~sample.seen)
    own, other = sample.shares
    return {
        "within": name,
        "lower": bounds[0],
        "upper": bounds[1],
        "std_error_lower": error[0],
        "std_error_upper": error[1],
        "conf_low": low,
        "conf_high": high,
        "untrimmed": sample.untrimmed,
        "seen_participants": own,
        "seen_controls": other,
        "share_trimmed": share,
        "trimmed": "participants" if more else "controls",
        "n_participants": seen[0],
        "n_controls": seen[1],
        "n_trimmed": n_trimmed,
        "cells": len(parts),
        # The mean with and without a few tells what these few have, and a share how few are gone.
        "persons": float(min(n for n in (*seen, *gone, n_trimmed) if n)),
    }


def _trim_cell(sample: Sample, here: BoolArray, more: bool) -> Trimmed | None:
    """Return the bounds of one cell; None where nobody of the side seen less often is seen."""
    sides = (sample.treated & here, ~sample.treated & here)
    own, other = (bool((sample.seen & side).any()) for side in sides)
    if not (own and other):
        if sides[1].any() and not (other if more else own):
            return None
        raise EffectsError(
            "A cell has one side that is seen and another that is not",
            found=f"{int(sides[0].sum())} participants, {int(sides[1].sum())} control rows",
            do="leave out within=, or name fewer columns",
        )
    weight = np.where(here, sample.weight, 0.0)
    return trim(sample.y, sample.seen, sample.treated, weight, more=more)


def _names(columns: tuple[str, ...]) -> Label:
    """Return the displayed names of some columns."""
    labels = [label_of(column) for column in columns]
    return Label(nb=", ".join(x.nb for x in labels), en=", ".join(x.en for x in labels))


def _sentence(
    row: dict[str, Any], seen: Seen, more: bool, level: float, unit: AnyUnit, lang: Lang
) -> str:
    """Return the bounds in words."""
    show = amount(unit)
    text = _BOUNDS.format(
        seen=_SEEN[seen],
        low=show(row["lower"], lang=lang),
        high=show(row["upper"], lang=lang),
        level=percent(level, lang=lang),
        interval=interval(row["conf_low"], row["conf_high"], show, lang),
        participants=percent(row["seen_participants"], 1, lang),
        controls=percent(row["seen_controls"], 1, lang),
    ).text(lang)
    return text + _ASSUMED[more].text(lang)
