"""Balance: how alike participants and controls were before start, before and after matching."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.balance_amounts import (
    blanked,
    contributors_of,
    hidden_rows,
    without,
)
from mih_impact.controls.comparison import Comparison
from mih_impact.controls.subgroups import By, Parts, Split, own_groups, split
from mih_impact.controls.terms import Lag, Term, term_label
from mih_impact.display.figure import (
    CONTROL,
    PARTICIPANT,
    axes,
    figure_style,
    label_ticks,
    set_alt_text,
    source_line,
)
from mih_impact.display.layout import align_with_names
from mih_impact.display.locale import Label, Lang, both, capital, in_language, language
from mih_impact.display.numbers import hidden_too, number
from mih_impact.display.result import (
    Card,
    Provenance,
    Result,
    evidence_of,
    hidden_note,
    is_small,
    of_few,
    require_many,
)
from mih_impact.errors import OptionError, SupportError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["HOW", "TOLERATED", "Balance", "balance"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: What differs by less than this share of the largest value does not differ: it is rounding.
ROUNDING = 1e-9
#: A standardised difference beyond this is called imbalance (Stuart, Lee and Leacy 2013).
TOLERATED = 0.1

_TITLE = Label(nb="Balanse før og etter {how}", en="Balance before and after {how}")
#: How controls were chosen, by the call that chose them.
HOW = {
    "match": Label(nb="matching", en="matching"),
    "weight": Label(nb="vekting", en="weighting"),
}
_LARGEST = Label(
    nb="Største standardiserte forskjell, {side}", en="Largest standardised difference, {side}"
)
_BEFORE = Label(nb="før", en="before")
_AFTER = Label(nb="etter", en="after")
_OVER = Label(
    nb="Rader med forskjell over {limit} etter {how}",
    en="Rows that differ by more than {limit} after {how}",
)
_NO_YARDSTICK = Label(
    nb="I {n} av radene er alle deltakerne like, og kontrollene avviker. Forskjellen måles i "
    "deltakernes standardavvik, som der er null, og er derfor uendelig.",
    en="In {n} of the rows all participants are alike and the controls differ from them. The "
    "difference is measured in the participants' standard deviation, which is zero there, and so "
    "is infinite.",
)
_PARTICIPANTS = Label(nb="Deltakere", en="Participants")
#: The row of the score, of which every subgroup has its own.
_OWN = "propensity_score"
_SCORE = Label(nb="tilbøyelighet til å delta (log-odds)", en="propensity score (log odds)")
_EFFECTIVE = Label(nb="Effektiv utvalgsstørrelse, kontroller", en="Effective sample size, controls")


@dataclass(frozen=True, eq=False, repr=False)
class Balance(Result):
    """Standardised differences and variance ratios, before and after matching.

    Attributes
    ----------
    frame
        A row per covariate, or value of a category; see `to_frame`.
    start_years
        The same rows for each start year; see `by_start_year`.
    effective_controls
        Kish's effective number of control persons.
    n_participants, n_controls
        Matched participants, distinct control persons; NaN of a saved table where they are few.
    provenance
        Versions, options, seed and fingerprint of the data.
    subgroups
        The same rows for each subgroup and its own controls; see `by_subgroup`.
    split
        What the subgroups are; None where none were asked for.
    contributors, of_parts
        On how many persons' amounts the means of each row of `frame` rest, and those of each row of
        `start_years` and `subgroups`; in memory only, never saved.
    """

    frame: pd.DataFrame
    start_years: pd.DataFrame
    effective_controls: float
    n_participants: float
    n_controls: float
    provenance: Provenance
    subgroups: pd.DataFrame | None = None
    split: Split | None = None
    contributors: FloatArray | None = field(default=None, metadata={"saved": False})
    of_parts: tuple[FloatArray, ...] = field(default=(), metadata={"saved": False})

    def to_frame(self) -> pd.DataFrame:
        """Return means, standardised differences and variance ratios.

        Returns
        -------
        pandas.DataFrame
            `covariate, label_nb, label_en`, and before and after matching `participants, controls,
            smd, variance_ratio`: a row for the log odds of starting where there is a score
            (`propensity_score`), one for each number, and one for every value of a category.
        """
        return self.frame.copy()

    def by_start_year(self) -> pd.DataFrame:
        """Return the table of `to_frame` by start year, with the matched participants of each row.

        The yardstick is that of all start years, so that small years are not judged by their own.
        """
        return self.start_years.copy()

    def by_subgroup(self) -> pd.DataFrame:
        """Return the same within each subgroup, its participants beside controls of its own.

        Returns
        -------
        pandas.DataFrame
            `subgroup`, the columns of `to_frame`, and `n_participants`, `effective_controls` and
            `reason`: why a subgroup has no controls of its own, and then no further numbers. The
            yardstick is that of all participants, but for the score, which is the subgroup's own.

        Raises
        ------
        OptionError
            Balance was not asked for by subgroup.
        """
        if self.subgroups is None:
            raise OptionError(
                "This balance is of all participants together",
                found="balance() without by=",
                do='split them: group.balance(by="county")',
            )
        return self.subgroups.copy()

    @property
    def how(self) -> Label:
        """What the participants and controls went through: matching or weighting."""
        return HOW.get(self.provenance.call, HOW["match"])

    @property
    def worst(self) -> float:
        """The largest standardised difference after matching, in absolute value."""
        return float(self.frame["smd_after"].abs().max())

    def plot(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the love plot: absolute standardised differences before and after."""
        with in_language(lang):
            return love_plot(self, ax=ax)

    def shown(self) -> Balance:
        """Return the tables as shown and saved: parts of few matched participants blanked.

        And of one more, since the means of all together would else give theirs away. So are rows
        that rest on the amounts of too few; see `hidden_rows`.
        """
        frame, start_years, parts = self.frame, self.start_years, self.subgroups
        if self.contributors is not None:
            rows = hidden_rows(frame, self.contributors)
            of_all = frozenset(frame.loc[rows, "covariate"].astype(str))
            frame = without(frame, rows)
            rows = hidden_rows(start_years, self.of_parts[0], "start_year", of_all)
            start_years = without(start_years, rows)
            if parts is not None:
                rows = hidden_rows(parts, self.of_parts[1], "subgroup", of_all)
                parts = without(parts, rows)
        start_years = blanked(start_years, "start_year", self.n_participants)
        if parts is not None:
            parts = blanked(parts, "subgroup", self.n_participants)
        if self._of_few:
            frame = without(frame, np.ones(len(frame), dtype=bool))
        n, m = (np.nan if is_small(k) else k for k in (self.n_participants, self.n_controls))
        return replace(
            self, frame=frame, start_years=start_years, subgroups=parts, n_participants=n,
            n_controls=m)  # fmt: skip

    @property
    def _of_few(self) -> bool:
        """Whether too few participants or controls are compared for their means to be shown."""
        return of_few(self.n_participants, self.n_controls)

    @property
    def largest_after(self) -> tuple[str, str]:
        """The line of a card with the largest difference after matching, hidden where few are."""
        name = _LARGEST.format(side=_AFTER_HOW.format(how=self.how))
        return name.text(), self._largest("after")

    def _largest(self, side: str) -> str:
        if self._of_few:
            return hidden_too(min(self.n_participants, self.n_controls))
        frame = self.shown().frame
        if frame["participants_before"].isna().all():
            return hidden_too(None)
        return number(float(frame[f"smd_{side}"].abs().max()), decimals=3)

    def _card(self) -> Card:
        shown = self.shown()
        if self._of_few:
            line = (_LARGEST.format(side=_AFTER.text()).text(), self._largest("after"))
            return Card(title=_TITLE.format(how=self.how).text(), lines=(line,))
        after = shown.frame["smd_after"].abs()
        few = shown.frame["participants_before"].isna()
        over, endless = int((after > TOLERATED).sum()), int(np.isinf(after).sum())
        limit = number(TOLERATED, decimals=1)
        lines = (
            (_LARGEST.format(side=_BEFORE.text()).text(), self._largest("before")),
            (_LARGEST.format(side=_AFTER.text()).text(), self._largest("after")),
            (_OVER.format(limit=limit, how=self.how).text(), number(over)),
            (_EFFECTIVE.text(), number(self.effective_controls)),
        )
        note = _NO_YARDSTICK.format(n=number(endless)).text()
        title = _TITLE.format(how=self.how).text()
        return Card(
            title=title,
            lines=lines,
            table=shown._by_subgroup(),
            notes=(*([note] if endless else []), *([hidden_note()] if few.any() else [])),
        )

    def _by_subgroup(self) -> pd.DataFrame | None:
        """Return participants, controls and the largest difference of each subgroup, as text."""
        if self.subgroups is None or self.split is None:
            return None
        seen = self.subgroups
        rows, names = seen.groupby("subgroup", sort=False), self.split.names
        largest = seen["smd_after"].abs().groupby(seen["subgroup"], sort=False).max()
        cells = {
            _PARTICIPANTS: [number(n) for n in rows["n_participants"].first()],
            _EFFECTIVE: [number(n) for n in rows["effective_controls"].first()],
            _LARGEST.format(side=_AFTER): [number(x, decimals=3) for x in largest],
        }
        table = pd.DataFrame({head.text(): column for head, column in cells.items()})
        head = capital(self.split.label.text())
        table.insert(0, head, [names[name].text() for name in largest.index])
        return table


def balance(group: Comparison, by: By | tuple[Lag] | None = None) -> Balance:
    """Compare participants with candidates (before) and with their controls (after).

    Parameters
    ----------
    group
        The control group.
    by
        What to split participants by, as in `event_study`: each subgroup beside the controls that
        it is compared with there, which are its own.

    Returns
    -------
    Balance

    Raises
    ------
    EffectsError
        A split that `event_study` would refuse.

    Notes
    -----
    The standardised difference is the difference of means over the standard deviation of the
    participants before matching, the same before and after, so that matching cannot improve it by
    changing the yardstick. Before: all rows of the risk sets, each with weight 1, or with its
    design weight, as in cobalt with `s.weights`, where the panel has such. After: matched
    participants and the weights of their controls. The variance ratio is participants over
    controls, weighted with divisor W - sum(w^2)/W; it is not given for indicators. Where the
    participants are all alike and the candidates differ from them, the difference is infinite, and
    counts as one; where the means agree it is 0.

    Rows are those of R's cobalt with `binary="std"` and `s.d.denom="treated"`: the score first, as
    `distance` there (on the log odds, which is what is matched on), and every value of a category,
    the one that the score leaves out among them, since it can be the one that differs most.

    References
    ----------
    Stuart, Lee and Leacy (2013), Prognostic score-based balance measures, J Clin Epidemiol 66.
    """
    risk = group.risk
    after = group.row_weight
    start_years = risk.start_years.tolist()
    years = [_Part.of(risk.start_year == c, group) for c in start_years]
    whole = _Part.of(np.ones(len(after), dtype=bool), group)
    parts = None if by is None else split(group, by)
    overall, *tables = _tables(group, [whole, *years])
    for c, part, table in zip(start_years, years, tables, strict=True):
        table.insert(0, "start_year", c)
        table.insert(4, "n_participants", int((part.after[0].weight > 0).sum()))
    by_start_year = pd.concat(tables, ignore_index=True)
    subgroups = None if parts is None else _within(group, parts)
    told = [by_start_year, *([] if subgroups is None else [subgroups])]
    contributors, *of_parts = (
        table.pop("contributors").fillna(0.0).to_numpy() for table in [overall, *told]
    )
    return Balance(
        frame=overall,
        start_years=by_start_year,
        effective_controls=group.effective_controls,
        n_participants=group.n_participants,
        n_controls=group.n_controls,
        provenance=group.provenance,
        subgroups=subgroups,
        split=None if parts is None else parts.split,
        contributors=contributors,
        of_parts=tuple(of_parts),
    )


def _within(group: Comparison, parts: Parts) -> pd.DataFrame:
    """Compare participants and controls of each subgroup, by the yardsticks of all."""
    spread = {name: _spread(group, x) for name, _, x in _columns(group) if name != _OWN}
    matched, tables = group.risk.person[group.sets.participant], []
    for k, (name, own) in enumerate(zip(parts.names, own_groups(group, parts), strict=True)):
        if isinstance(own, SupportError):
            n = int((parts.own[matched] == k).sum())
            table = pd.DataFrame({"covariate": [None], "n_participants": n, "reason": own.what})
            table["contributors"] = 0.0
        else:
            everyone = np.ones(len(own.risk.person), dtype=bool)
            [table] = _tables(own, [_Part.of(everyone, own)], spread)
            table["n_participants"] = own.n_participants
            table["effective_controls"], table["reason"] = own.effective_controls, ""
        table.insert(0, "subgroup", name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


@dataclass(frozen=True, eq=False)
class _Side:
    """Rows of participants, or of controls: which they are, what they weigh, and whose they are."""

    rows: IntArray
    weight: FloatArray
    person: IntArray

    @classmethod
    def of(cls, rows: NDArray[np.bool_], weight: FloatArray, person: IntArray) -> _Side:
        at = np.flatnonzero(rows)
        return cls(at, weight[at], person[at])


@dataclass(frozen=True, eq=False)
class _Part:
    """Some rows of the risk sets by side: all of them before, and those with weight after."""

    before: tuple[_Side, ...]
    after: tuple[_Side, ...]
    starts: int

    @classmethod
    def of(cls, rows: NDArray[np.bool_], group: Comparison) -> _Part:
        risk, after = group.risk, group.row_weight
        sides = rows & risk.treated, rows & ~risk.treated
        return cls(
            before=tuple(_Side.of(side, risk.weights, risk.person) for side in sides),
            after=tuple(_Side.of(side & (after != 0), after, risk.person) for side in sides),
            starts=len(np.unique(risk.start_year[rows])),
        )


def _tables(
    group: Comparison, parts: Sequence[_Part], spread: Mapping[str, float] | None = None
) -> list[pd.DataFrame]:
    """Compare the sides within each part of the risk sets, a row per covariate.

    The yardstick is the participants' standard deviation, or what `spread` has for a name.
    """
    tables: list[list[dict[str, Any]]] = [[] for _ in parts]
    for name, label, x in _columns(group):
        yardstick = (spread or {}).get(name, _spread(group, x))
        about = {"covariate": name, "label_nb": label.nb, "label_en": label.en}
        for table, part in zip(tables, parts, strict=True):
            table.append({**about, **_compare(x, part, yardstick)})
    return [pd.DataFrame(table) for table in tables]


def _spread(group: Comparison, x: FloatArray) -> float:
    """Return the standard deviation of a column among those who start."""
    treated = group.risk.treated
    return float(np.sqrt(_moments(x[treated], group.risk.weights[treated])[1]))


def _columns(group: Comparison) -> Iterator[tuple[str, Label, FloatArray]]:
    """Yield name, label and values of what is compared, shape (m,) each."""
    if group.score is not None:
        yield _OWN, _SCORE, group.score.index
    for design in (group.risk.design.with_every_value(), group.risk.exact_design):
        for k, (name, term) in enumerate(zip(design.names, design.terms, strict=True)):
            yield name, _label(term, name), design.column(k)


def _label(term: Term, name: str) -> Label:
    """Return the displayed name of a column of the design: the term, and the category if one."""
    category = f": {name.split('=', 1)[1]}" if "=" in name else ""
    return both(lambda: term_label(term) + category)


def _moments(x: FloatArray, weight: FloatArray) -> tuple[float, float]:
    """Return the weighted mean and variance; frequency weights of 1 give the usual ones."""
    total = float(weight.sum())
    if total <= 0:
        return float("nan"), float("nan")
    mean = float(weight @ x) / total
    divisor = total - float(weight @ weight) / total
    variance = float(weight @ (x - mean) ** 2) / divisor if divisor > 0 else float("nan")
    return mean, variance


def _compare(x: FloatArray, part: _Part, yardstick: float) -> dict[str, float]:
    """Return means, standardised differences and variance ratios of one covariate."""
    values = [x[side.rows] for side in part.before]
    indicator = all(bool(((each == 0.0) | (each == 1.0)).all()) for each in values)
    rounding = ROUNDING * float(max(np.abs(each).max(initial=0.0) for each in values))
    row: dict[str, float] = {}
    behind = []
    for side, pair in (("before", part.before), ("after", part.after)):
        values = values if side == "before" else [x[each.rows] for each in pair]
        told = list(zip(values, pair, strict=True))
        (mean_t, var_t), (mean_c, var_c) = (_moments(y, each.weight) for y, each in told)
        row[f"participants_{side}"] = mean_t
        row[f"controls_{side}"] = mean_c
        row[f"smd_{side}"] = _standardised(mean_t - mean_c, yardstick, rounding)
        ratio = var_t / var_c if not indicator and var_c > 0 else float("nan")
        row[f"variance_ratio_{side}"] = ratio
        behind += [
            contributors_of(y, each.weight, each.person, part.starts, indicator=indicator)
            for y, each in told
        ]
    row["contributors"] = min((n for n in behind if n), default=0.0)
    return row


def _standardised(gap: float, yardstick: float, rounding: float) -> float:
    """Return a difference in standard deviations: infinite where there are none to speak of."""
    if yardstick > rounding:
        return gap / yardstick
    if np.isnan(gap):
        return gap
    return 0.0 if abs(gap) <= rounding else float(np.copysign(np.inf, gap))


_ALIKE = Label(
    nb="Deltakere og kontroller ligner hverandre etter {how}",
    en="Participants and controls are alike after {how}",
)
_BALANCE_OF_BOTH = Label(
    nb="Balanse mellom deltakere og kontroller", en="Balance of participants and controls"
)
_AXIS = Label(
    nb="absolutt standardisert forskjell (standardavvik blant deltakerne)",
    en="absolute standardised difference (participants' standard deviations)",
)
_BEFORE_HOW = Label(nb="før {how}", en="before {how}")
_AFTER_HOW = Label(nb="etter {how}", en="after {how}")
_ALT = Label(
    nb="Standardiserte forskjeller for {n} kjennetegn: størst {before} før og {after} etter {how}.",
    en="Standardised differences of {n} covariates: at most {before} before and {after} after "
    "{how}.",
)
_NOTE = Label(
    nb="Før: alle kandidater. Etter: {participants} deltakere og {controls} kontrollpersoner. "
    "Stiplet linje: {limit}.",
    en="Before: all candidates. After: {participants} participants and {controls} control persons. "
    "Dashed line: {limit}.",
)
_ARROWS = Label(
    nb="Pil: alle deltakerne er like og de andre avviker; forskjellen er uendelig.",
    en="Arrow: all participants are alike and the others differ; the difference is infinite.",
)


def love_plot(balance: Balance, *, ax: Axes | None = None) -> Axes:
    """Draw absolute standardised differences before and after matching.

    Parameters
    ----------
    balance
        The balance table.
    ax
        Axes to draw on; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    SupportError
        Fewer than `options(min_cell=)` participants or controls.
    """
    shown = balance.shown().frame
    frame = shown[shown["participants_before"].notna()]
    behind = np.inf if len(frame) else 1
    require_many("the love plot", balance.n_participants, balance.n_controls, behind)
    size = np.column_stack([frame["smd_before"].abs(), frame["smd_after"].abs()])
    endless = np.isinf(size)
    # What is infinite stands at the edge, as an arrow that points beyond it.
    edge = 1.15 * max(float(size[~endless].max(initial=0.0)), TOLERATED)
    before, after = np.where(endless, edge, size).T
    order = np.argsort(before, kind="stable")
    place = np.arange(len(frame))
    with figure_style():
        ax = axes(ax, size=(7.2, 1.6 + 0.24 * len(frame)))
        ax.grid(axis="y", visible=False)
        ax.grid(axis="x", color="#DDDDDD", linewidth=0.8)
        ax.hlines(place, after[order], before[order], color="#DDDDDD", linewidth=1.2, zorder=1)
        hollow: dict[str, Any] = {"facecolors": "white", "edgecolors": CONTROL, "linewidths": 1.4}
        sides = ((before, 26, hollow, _BEFORE_HOW), (after, 30, {"color": PARTICIPANT}, _AFTER_HOW))
        for k, (x, area, colours, side) in enumerate(sides):
            label, beyond = side.format(how=balance.how).text(), endless[order, k]
            there, z = ~beyond, 2 + k
            ax.scatter(x[order][there], place[there], s=area, label=label, zorder=z, **colours)
            ax.scatter(x[order][beyond], place[beyond], s=area, marker=">", zorder=z, **colours)
        ax.axvline(TOLERATED, color=CONTROL, linewidth=1, linestyle=(0, (4, 3)))
        ax.set_yticks(place, frame[f"label_{language()}"].to_numpy()[order])
        ax.set_ylim(-0.7, len(frame) - 0.3)
        ax.set_xlim(left=-0.02 * np.nanmax(before))
        places = _decimals(ax)
        label_ticks(ax.xaxis, partial(number, decimals=places))
        ax.set_xlabel(_AXIS.text(), loc="right")
        title = _ALIKE if np.nanmax(size[:, 1]) <= TOLERATED else _BALANCE_OF_BOTH
        above = _corner_is_taken(np.column_stack([before, after])[order])
        if above:
            ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2, ncols=2)
        else:
            ax.legend(loc="lower right")
        ax.set_title(title.format(how=balance.how).text(), loc="left", pad=30 if above else 12)
        note = _NOTE.format(
            participants=number(balance.n_participants),
            controls=number(balance.n_controls),
            limit=number(TOLERATED, decimals=1),
        )
        said = [note.text(), _ARROWS.text() if endless.any() else ""]
        said.append(hidden_note() if len(frame) < len(shown) else "")
        source_line(ax, " ".join(filter(None, [*said, evidence_of(balance)])))
        align_with_names(ax)
        alt = _ALT.format(
            how=balance.how,
            n=len(frame),
            before=number(np.nanmax(size[:, 0]), decimals=2),
            after=number(np.nanmax(size[:, 1]), decimals=2),
        )
        set_alt_text(ax, alt.text())
    return ax


def _decimals(ax: Axes) -> int:
    """Return the decimals, one at least, with which ticks of the horizontal axis are told apart."""
    ticks = ax.get_xticks()
    step = float(np.diff(ticks).min()) if len(ticks) > 1 else 1.0
    return next((d for d in range(1, 6) if abs(round(step, d) - step) < 1e-9), 6)


def _corner_is_taken(x: FloatArray) -> bool:
    """Return whether markers of the lowest rows reach where a legend would stand; (rows, 2)."""
    return bool(np.nanmax(x[:3]) > 0.6 * np.nanmax(x))
