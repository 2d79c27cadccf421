"""Lee bounds: what leaving can have done to the effect on those who would be seen anyhow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.group import ControlGroup
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import interval, number, percent
from mih_impact.display.provenance import Provenance
from mih_impact.effects.asked import Asked, Estimator, read_question, require_choice
from mih_impact.effects.comparison import event_values
from mih_impact.effects.influence import Influence
from mih_impact.effects.sensitivity.pooled import Pooled
from mih_impact.effects.sensitivity.result import SensitivityCheck, amount
from mih_impact.effects.sensitivity.trimming import Trimmed, combine, imbens_manski, trim
from mih_impact.errors import EffectsError
from mih_impact.panel.contract import label_of, unit_of
from mih_impact.panel.cube import Dead

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


def lee_bounds(
    group: ControlGroup,
    *,
    outcome: str = "wage_income",
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
        The outcome.
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
    asked = read_question(group, outcome, estimator, base, (year, year), "available", dead)
    require_choice("seen", seen, get_args(Seen))
    require_choice("monotone", monotone, get_args(Monotone))
    if not 0 < level < 1:
        raise EffectsError("A level is between 0 and 1", found=f"{level}", do="give 0.95")
    columns = _require_exact(group, (within,) if isinstance(within, str) else tuple(within))
    sample = _Sample.of(group, asked, seen)
    more = sample.more if monotone == "auto" else monotone == "more"
    rows = [_row(sample, np.zeros(len(sample.y), dtype=np.int64), _WHOLE, more, level)]
    if columns:
        rows.append(_row(sample, _cells(group, sample, columns), ", ".join(columns), more, level))
    table = pd.DataFrame(rows)
    table.insert(0, "outcome", outcome)
    table.insert(1, "year_since_start", year)
    unit = unit_of(outcome, currency=group.risk.cube.currency)
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


@dataclass(frozen=True, eq=False)
class _Sample:
    """Everybody who could have been seen: their outcome, whether it is, side, weight, person."""

    rows: NDArray[np.int64]
    y: FloatArray
    seen: BoolArray
    treated: BoolArray
    weight: FloatArray
    person: NDArray[np.int64]

    @classmethod
    def of(cls, group: ControlGroup, asked: Asked, seen: Seen) -> _Sample:
        """Read changes in the year, of those with a base and a year within the register."""
        pooled, cube = Pooled.of(group), group.risk.cube
        who, start = pooled.person, group.risk.start_year[pooled.rows]
        change = asked.levels_and_changes(group, pooled.rows)[1][:, 0]
        able = np.isin(start + asked.years[0], cube.years[cube.year_observed])
        for b in asked.bases:
            before = event_values(cube, asked.outcomes, who, start, [b], dead=asked.dead)
            able &= np.isfinite(before[:, 0, 0])
        there = np.isfinite(change)
        if seen == "in_work":
            work = event_values(cube, ["in_work"], who, start, asked.years, dead=asked.dead)
            there &= work[:, 0, 0] == 1.0
        sample = cls(
            pooled.rows[able],
            np.where(there, change, 0.0)[able],
            there[able],
            pooled.treated[able],
            pooled.weight[able],
            who[able],
        )
        sample.require_seen(asked.years[0])
        return sample

    def shares(self) -> tuple[float, float]:
        """Return the share seen among participants and among controls."""
        own, other = (
            float(self.weight[side] @ self.seen[side] / self.weight[side].sum())
            for side in (self.treated, ~self.treated)
        )
        return own, other

    @property
    def more(self) -> bool:
        """Whether participants are seen at least as often as controls."""
        own, other = self.shares()
        return own >= other

    def require_seen(self, year: int) -> None:
        """Raise where nobody of a side is seen."""
        sides = [int((self.seen & side).sum()) for side in (self.treated, ~self.treated)]
        if not all(sides):
            raise EffectsError(
                f"A side has nobody with an outcome in year {year}",
                found=f"{sides[0]} participants and {sides[1]} control rows",
                do="choose another year or outcome",
            )


def _row(
    sample: _Sample, cell: NDArray[np.int64], name: str, more: bool, level: float
) -> dict[str, Any]:
    """Return a row of the table: bounds within cells, put together."""
    members = sample.treated / sample.treated.sum()
    found, cut = [], np.zeros((len(cell), 2), dtype=bool)
    for x in np.unique(cell[sample.treated]).tolist():
        here = np.flatnonzero(cell == x)
        inside = np.where(cell == x, members, 0.0)
        trimmed = _trim_cell(sample, here, more)
        if trimmed is not None:
            found.append((inside, float(inside.sum()), _spread(trimmed, here, len(cell))))
            cut[here] = trimmed.cut
    bounds, influence, share = combine(found, members)
    clustered = Influence(influence, sample.person).clustered(sample.person)
    error = np.sqrt(np.diag(clustered.covariance))
    low, high = imbens_manski(bounds, error, level)
    own, other = sample.shares()
    counts = [
        len(np.unique(sample.person[sample.seen & side]))
        for side in (sample.treated, ~sample.treated)
    ]
    unseen = [
        len(np.unique(sample.person[~sample.seen & side]))
        for side in (sample.treated, ~sample.treated)
    ]
    trimmed_persons = min(len(np.unique(sample.person[end])) for end in cut.T)
    w = sample.weight * sample.seen
    means = [w[s] @ sample.y[s] / w[s].sum() for s in (sample.treated, ~sample.treated)]
    return {
        "within": name,
        "lower": bounds[0],
        "upper": bounds[1],
        "std_error_lower": error[0],
        "std_error_upper": error[1],
        "conf_low": low,
        "conf_high": high,
        "untrimmed": means[0] - means[1],
        "seen_participants": own,
        "seen_controls": other,
        "share_trimmed": share,
        "trimmed": "participants" if more else "controls",
        "n_participants": counts[0],
        "n_controls": counts[1],
        "n_trimmed": trimmed_persons,
        "cells": len(found),
        # The mean with and without a few tells what these few have, and a share how few are gone.
        "persons": float(min(n for n in (*counts, *unseen, trimmed_persons) if n)),
    }


def _trim_cell(sample: _Sample, here: NDArray[np.int64], more: bool) -> Trimmed | None:
    """Return the bounds of one cell; None where nobody is always seen."""
    seen, treated = sample.seen[here], sample.treated[here]
    own, other = bool((seen & treated).any()), bool((seen & ~treated).any())
    if not (other if more else own):
        return None
    if not (own and other):
        raise EffectsError(
            "A cell has one side that is seen and another that is not",
            found=f"{int(treated.sum())} participants, {int((~treated).sum())} control rows",
            do="leave out within=, or name fewer columns",
        )
    return trim(sample.y[here], seen, treated, sample.weight[here], more=more)


def _spread(trimmed: Trimmed, here: NDArray[np.int64], size: int) -> Trimmed:
    """Return a cell's influence as rows of the whole sample."""
    influence, always = np.zeros((size, 2)), np.zeros(size)
    influence[here], always[here] = trimmed.influence, trimmed.always[1]
    return Trimmed(
        trimmed.bounds, influence, (trimmed.always[0], always), trimmed.cut, trimmed.share
    )


def _cells(group: ControlGroup, sample: _Sample, columns: tuple[str, ...]) -> NDArray[np.int64]:
    """Give each combination of values a number, shape (rows of the sample,)."""
    cell = np.zeros(len(sample.rows), dtype=np.int64)
    for column in columns:
        if column == "start_year":
            values: NDArray[Any] = group.risk.start_year[sample.rows]
        else:
            values = group.read(column, sample.rows)
        code = pd.factorize(values)[0]
        cell = np.unique(cell * (code.max() + 2) + code + 1, return_inverse=True)[1]
    return cell


def _names(columns: tuple[str, ...]) -> Label:
    """Return the displayed names of some columns."""
    labels = [label_of(column) for column in columns]
    return Label(nb=", ".join(x.nb for x in labels), en=", ".join(x.en for x in labels))


def _require_exact(group: ControlGroup, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns, or raise on one in whose cells controls do not stand for participants."""
    exact = (*group.exact, "start_year")
    unknown = [column for column in columns if column not in exact]
    if unknown:
        raise EffectsError(
            f"Not matched on exactly: {', '.join(unknown)}",
            found=f"exact={list(group.exact)}",
            do="name columns of exact=, or start_year: there controls weigh as the participants do",
        )
    return columns


def _sentence(
    row: dict[str, Any], seen: Seen, more: bool, level: float, unit: str, lang: Lang
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
