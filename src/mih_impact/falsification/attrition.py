"""Who leaves: shares not seen by year since start, and whether those who leave are alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.terms import Term, as_terms, lag, term_label
from mih_impact.display.locale import Label, both
from mih_impact.display.numbers import number, p_equals, percent
from mih_impact.effects.check_result import SensitivityCheck
from mih_impact.effects.hidden import contributions, contributors
from mih_impact.effects.question import outcome_asked, read_target
from mih_impact.errors import OptionError
from mih_impact.panel.contract import label_of
from mih_impact.panel.cube import Dead
from mih_impact.panel.residency import State

__all__ = ["Contrast", "Pooled", "attrition_check"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pooled:
    """Participants with weight 1 and controls with theirs, all sets together.

    Attributes
    ----------
    rows
        Rows of the risk set, participants first, shape (r,).
    treated
        Whether the row is a participant, shape (r,).
    weight
        Weight of the row, shape (r,); over the register as a whole both sides add up to the same.
    person
        Position in the cube, shape (r,).
    """

    rows: IntArray
    treated: BoolArray
    weight: FloatArray
    person: IntArray

    @classmethod
    def of(cls, group: ControlGroup) -> Pooled:
        """Read the rows and weights of a control group."""
        own, control = group.sets.participant, np.unique(group.sets.control)
        rows = np.concatenate([own, control])
        weight = group.row_weight[rows]
        treated = np.arange(len(rows)) < len(own)
        return cls(rows, treated, weight, group.risk.person[rows])

    def count(self, which: BoolArray) -> tuple[int, int]:
        """Return the distinct persons among some rows, as participants and as controls."""
        sides = (which & self.treated, which & ~self.treated & (self.weight > 0))
        first, second = (len(np.unique(self.person[side])) for side in sides)
        return first, second

    def contrast(self, values: FloatArray, included: BoolArray) -> Contrast:
        """Compare the means of some rows, several columns at once; NaN where a side has none.

        Parameters
        ----------
        values, included
            Shape (r, C).

        Notes
        -----
        The covariance is that of no difference between the sides: variances and covariances of the
        values are pooled over both, each side by its effective number of persons, about their
        common mean. Where few have left one side, its own variance would say that this is certain.
        A person's weights are added up, so that a control used again counts as one person. Columns
        c and d have the covariance Omega_cd sum_p s_pc s_pd, s the persons' weights in the
        difference, Omega over the rows that are in both.
        """
        included = included & (self.weight > 0)[:, None]
        x = np.where(included, values, 0.0)
        people, place = np.unique(self.person, return_inverse=True)
        signed = np.zeros((len(people), values.shape[1]))
        means, share = [], np.zeros(len(self.rows))
        for side, sign in ((self.treated, 1.0), (~self.treated, -1.0)):
            w = np.where(included & side[:, None], self.weight[:, None], 0.0)
            total = w.sum(axis=0)
            w /= np.where(total > 0, total, 1.0)
            means.append(np.where(total > 0, (w * x).sum(axis=0), np.nan))
            np.add.at(signed, place, sign * w)
            own = np.bincount(place, weights=np.where(side, self.weight, 0.0))
            share += np.where(side, self.weight, 0.0) * own.sum() / (own**2).sum()
        g = np.where(included, share[:, None], 0.0)
        common = (g * x).sum(axis=0) / np.maximum(g.sum(axis=0), 1e-300)
        residual = np.where(included, x - common, 0.0)
        both = (included * share[:, None]).T @ included
        omega = (residual * share[:, None]).T @ residual / np.where(both > 0, both, 1.0)
        covariance = omega * (signed.T @ signed)
        missing = np.isnan(means[0] - means[1])
        covariance[missing], covariance[:, missing] = np.nan, np.nan
        return Contrast(means[0], means[1], means[0] - means[1], covariance)


@dataclass(frozen=True, eq=False)
class Contrast:
    """Means of participants and controls, C columns, with the covariance of their differences."""

    participants: FloatArray
    controls: FloatArray
    difference: FloatArray
    covariance: FloatArray

    @property
    def std_error(self) -> FloatArray:
        """Standard errors of the differences, shape (C,)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    def joint_test(self, columns: IntArray) -> tuple[float, int, float]:
        """Return the Wald statistic of some differences being zero, its df and p-value.

        Notes
        -----
        Directions without variance take no part: the generalised inverse is of the correlation,
        and the degrees of freedom are its rank. NaN where there is none.
        """
        kept = columns[self.std_error[columns] > 0]
        if not len(kept):
            return float("nan"), 0, float("nan")
        error = self.std_error[kept]
        value, vector = np.linalg.eigh(self.covariance[np.ix_(kept, kept)] / np.outer(error, error))
        there = value > 1e-8 * value[-1]
        z = vector[:, there].T @ (self.difference[kept] / error)
        statistic, df = float((z**2 / value[there]).sum()), int(there.sum())
        return statistic, df, float(chdtrc(df, statistic))


_KEYS = ["test", "item", "among", "year_since_start"]
_KEYS += ["n_participants", "n_controls", "unit", "persons"]
#: Fewest persons who leave, or stay, of whom a test is made.
FEWEST = 5
#: Every way not to be seen, and all of them together.
ANY = "any"
_GONE = {"dead": State.DEAD, "emigrated": State.EMIGRATED, "not_in_register": State.UNKNOWN}
#: Only where comparisons end with another measure.
_ENDED = {"other_measure": State.CENSORED}

_TITLE = Label(nb="Bortfall, {outcome}", en="Attrition, {outcome}")
_LEFT = Label(
    nb="{years} år etter oppstart ses ikke {participants} av deltakerne og {controls} av "
    "kontrollgruppen.",
    en="{years} years after start {participants} of the participants and {controls} of the control "
    "group are not seen.",
)
_RATES = Label(
    nb=" Test av at andelene er like i alle år som registeret har: p {p}.",
    en=" Test that the shares are equal in every year of the register: p {p}.",
)
_ALIKE = Label(
    nb=" Test av at de som går ut, og de som blir, var like i de to gruppene før oppstart: p {p}.",
    en=" Test that those who leave, and those who stay, were alike in both groups before start: "
    "p {p}.",
)
_FEW = Label(nb=" For få går ut til at det kan testes.", en=" Too few leave for it to be tested.")
_NOBODY = Label(
    nb="Alle ses i alle år som registeret har.",
    en="Everybody is seen in every year that the register has.",
)
_SHOWS = {
    "item": (Label(nb="Gjelder", en="What"), "text"),
    "among": (Label(nb="Blant", en="Among"), "text"),
    "year_since_start": (Label(nb="År", en="Year"), "count"),
    "participants": (Label(nb="Deltakere", en="Participants"), "level"),
    "controls": (Label(nb="Kontrollgruppe", en="Control group"), "level"),
    "difference": (Label(nb="Forskjell", en="Difference"), "amount"),
    "std_error": (Label(nb="Standardfeil", en="Standard error"), "amount"),
    "p_value": (Label(nb="p", en="p"), "p"),
}
_WORDS = {
    ANY: Label(nb="ses ikke", en="not seen"),
    "dead": Label(nb="døde", en="dead"),
    "emigrated": Label(nb="utvandret", en="emigrated"),
    "not_in_register": Label(nb="ikke i registeret", en="not in the register"),
    "other_measure": Label(nb="startet i et annet tiltak", en="began another measure"),
    "null": Label(nb="uten verdi", en="without a value"),
    "all": Label(nb="alle", en="all"),
    "left": Label(nb="går ut", en="leave"),
    "stayed": Label(nb="blir", en="stay"),
}


@named_options
def attrition_check(
    group: ControlGroup,
    *,
    outcome: str | None = None,
    window: tuple[int, int] = (0, 6),
    baseline: Term | Sequence[Term] | None = None,
    dead: Dead = "missing",
    alpha: float = 0.05,
) -> SensitivityCheck:
    """Compare who leaves among participants and among their controls.

    Parameters
    ----------
    group
        Participants and their controls.
    outcome
        The outcome that is not seen of those who leave; by default wage income, or the first where
        there is none.
    window
        First and last year since start; years after the register's end count for nobody.
    baseline
        What those who leave are compared by: columns of numbers as of the year before start, and
        lags. By default the outcome the year before start.
    dead
        "missing": the dead and emigrated have left. "zero": their income is zero, and only those
        without a value have left, as in `event_study`.
    alpha
        Probability of a false alarm.

    Returns
    -------
    SensitivityCheck
        Rows "left" have the share of participants and of controls (weighted) who are not seen, by
        year and state ("any", dead, emigrated, not_in_register, other_measure where that ends the
        comparison, null); rows "baseline" the means
        before start of those who leave, and of those who stay. Columns: `test, item, among,
        year_since_start, participants, controls, difference, std_error, p_value, n_participants,
        n_controls, unit, statistic, df, p_joint`. `n_` counts those who have left, or stayed.
        `passed` is whether neither joint test rejects at alpha / 2; True where everybody is seen,
        None where fewer than five leave.

    Raises
    ------
    OptionError
        An unknown outcome or option, or a baseline that is no number.
    EffectsError
        A window that no start year covers.

    Notes
    -----
    Shares are pooled means: participants weigh 1 and controls what the group gives them. Standard
    errors and tests are those of no difference, weights taken as fixed, see `Pooled.contrast`. Two
    Wald tests: that the shares "any" are equal in every year in which at least five have left; and
    that means before start are equal among those who leave, and among those who stay (Ghanem,
    Hirshleifer and Ortiz-Becerra 2023), where leaving is not being seen in the last year
    the register could show, if at least five leave either side. Directions without variance take no
    part; `df` counts the others.

    Equal shares do not make leaving harmless: `lee_bounds` says what it can do to an effect.

    References
    ----------
    Ghanem, Hirshleifer and Ortiz-Becerra (2023), Testing attrition bias in field experiments,
    Journal of Human Resources.

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> found = mih.attrition_check(group, window=(0, 3))
    >>> found.table["item"].unique().tolist()
    ['any', 'dead', 'emigrated', 'not_in_register', 'null', 'wage_income[-1]']
    """
    outcome = arguments.name("outcome", outcome_asked(group, outcome))
    target = read_target(
        group, outcome, "difference", -1, window, "available", dead, call="attrition_check"
    )
    arguments.alpha(alpha)
    pooled = Pooled.of(group)
    left, within = _left(group, pooled.rows, target.outcomes[0], target.years, dead)
    rates = _rates(pooled, left, within, target.years)
    start = _baseline(pooled, left[ANY], within, _terms(outcome, baseline), group)
    table = pd.concat([rates, start], ignore_index=True)
    joint = {"left": rates["p_joint"].iloc[0], "baseline": start["p_joint"].iloc[0]}
    at_last = _last_year(table)
    title = _TITLE.format(outcome=label_of(outcome))
    return SensitivityCheck(
        contributors=None,  # `persons` of a row tells who gives to it
        name="attrition",
        passed=_verdict(table, list(joint.values()), alpha),
        table=table,
        sentence=both(lambda: _sentence(table, at_last, joint)).texts(),
        title=title.texts(),
        provenance=group.provenance.then(
            "attrition_check",
            {
                "match": group.provenance.options,
                "outcome": outcome,
                "window": [target.years[0], target.years[-1]],
                "baseline": [str(term) for term in _terms(outcome, baseline)],
                "dead": dead,
                "alpha": alpha,
            },
        ),
        keys=("test", "item", "among", "year_since_start"),
        shows=_SHOWS,
        words=_WORDS | {str(t): _label(t) for t in _terms(outcome, baseline)},
        unit="share",
        card_rows=tuple(np.flatnonzero((table["item"] == ANY) | (table["test"] == "baseline"))),
        persons=float(at_last["persons"]),
    )


def _left(
    group: ControlGroup, rows: IntArray, outcome: str, years: tuple[int, ...], dead: Dead
) -> tuple[dict[str, BoolArray], BoolArray]:
    """Return who is not seen, by state, and whose year lies in the register, shape (rows, E)."""
    cube, who, start = group.risk.cube, group.risk.person[rows], group.risk.start[rows]
    within = cube.seen(start, years)
    state = cube.why_unseen(who, start, years)
    seen = np.isfinite(cube.since_start(outcome, who, start, years, dead=dead))
    gone = within & ~seen
    ways = _GONE if cube.others is None else _GONE | _ENDED
    left = {ANY: gone} | {name: gone & (state == code) for name, code in ways.items()}
    left["null"] = gone & ~np.isin(state, list(ways.values()))
    return left, within


def _rates(
    pooled: Pooled, left: dict[str, BoolArray], within: BoolArray, years: tuple[int, ...]
) -> pd.DataFrame:
    """Return a row per year and state, with the joint test of all years."""
    keys, columns, table = list(left), [], []
    for e, year in enumerate(years):
        counts = {name: pooled.count(gone[:, e]) for name, gone in left.items()}
        fewest = min([n for name in left if name != ANY for n in counts[name] if n], default=0)
        for name in keys:
            own = min([n for n in counts[name] if n], default=0)
            columns.append((left[name][:, e].astype(np.float64), within[:, e]))
            # A single hidden state could be told from the others.
            persons = own if name == ANY else fewest
            table.append(("left", name, "all", float(year), *counts[name], "share", float(persons)))
    frame = pd.DataFrame(table, columns=_KEYS)
    enough = (frame["n_participants"] + frame["n_controls"] >= FEWEST) & (frame["item"] == ANY)
    return _compared(frame, pooled, columns, enough)


def _baseline(
    pooled: Pooled, gone: BoolArray, within: BoolArray, terms: Sequence[Term], group: ControlGroup
) -> pd.DataFrame:
    """Return the means before start of those who leave and those who stay, with the joint test."""
    last = within.shape[1] - 1 - np.argmax(within[:, ::-1], axis=1)
    has_left = gone[np.arange(len(gone)), last] & within.any(axis=1)
    among = {"left": has_left, "stayed": within.any(axis=1) & ~has_left}
    columns, table = [], []
    for term in terms:
        values, unit = _numbers(group, term, pooled.rows), _unit(term, group)
        for name, included in among.items():
            known = included & np.isfinite(values)
            counts = pooled.count(known)
            columns.append((values, known))
            persons = float(min([n for n in counts if n], default=0))
            persons = min(persons, _giving(pooled, values, among.values()) or persons)
            table.append(("baseline", str(term), name, np.nan, *counts, unit, persons))
    frame = pd.DataFrame(table, columns=_KEYS)
    enough = frame[["n_participants", "n_controls"]].min(axis=1) >= FEWEST
    if not (enough & (frame["among"] == "left")).any():  # those who stay are not of interest alone
        enough &= False
    return _compared(frame, pooled, columns, enough)


def _giving(pooled: Pooled, values: FloatArray, among: Iterable[BoolArray]) -> float:
    """Return the fewest persons with an amount among any, since all together give one away."""
    y = np.where(np.isfinite(values), values, 0.0)[:, None]
    weight = np.where(np.isfinite(values), pooled.weight, 0.0)[:, None]
    found = [
        contributors(
            contributions(
                [weight * (own & side)[:, None] for side in (pooled.treated, ~pooled.treated)],
                (y, y),
                (pooled.person, pooled.person),
            )
        )[0]
        for own in among
    ]
    return float(min([n for n in found if n], default=0.0))


def _compared(
    frame: pd.DataFrame,
    pooled: Pooled,
    columns: list[tuple[FloatArray, BoolArray]],
    tested: pd.Series[bool],
) -> pd.DataFrame:
    """Add the means of both sides, their differences and p-values, and the joint test of some."""
    values, included = (np.stack(part, axis=1) for part in zip(*columns, strict=True))
    found = pooled.contrast(values, included)
    error = found.std_error
    joint = found.joint_test(np.flatnonzero(tested))
    frame = frame.assign(
        participants=found.participants,
        controls=found.controls,
        difference=found.difference,
        std_error=error,
        p_value=2.0 * ndtr(-np.abs(found.difference / np.where(error > 0, error, np.nan))),
        **dict(zip(("statistic", "df", "p_joint"), joint, strict=True)),
    )
    means = ["participants", "controls", "difference", "std_error", "p_value"]
    return frame[[*_KEYS[:4], *means, *_KEYS[4:], "statistic", "df", "p_joint"]]


def _terms(outcome: str, baseline: Term | Sequence[Term] | None) -> tuple[Term, ...]:
    """Return what those who leave are compared by."""
    if baseline is None:
        return lag(outcome, 1)
    terms = as_terms(baseline, "baseline")
    if not terms:
        raise OptionError(
            "Those who leave are compared by nothing",
            found=f"baseline={arguments.shown(baseline)}",
            do="name columns of numbers in baseline=, or leave it out",
        )
    return terms


def _numbers(group: ControlGroup, term: Term, rows: IntArray) -> FloatArray:
    """Return a term as numbers before start, shape (rows,)."""
    values: NDArray[Any] = group.read(term, rows)
    if values.dtype == object:
        raise OptionError(
            f"{term} is no number, so those who leave have no mean of it",
            found="a category",
            do="name columns of numbers in baseline=",
        )
    return values.astype(np.float64)


def _unit(term: Term, group: ControlGroup) -> str:
    """Return the name of the unit of a term, "" where it has none."""
    column, cube = str(getattr(term, "column", term)), group.risk.cube
    known = cube.is_outcome(column) or column in cube.units
    return str(cube.unit_of(column)) if known else ""


def _label(term: Term) -> Label:
    return both(lambda: term_label(term))


def _verdict(table: pd.DataFrame, p: list[float], alpha: float) -> bool | None:
    """Return whether no test rejects; two tests share alpha."""
    tested = [value for value in p if value == value]
    if tested:
        return bool(min(tested) >= alpha / len(tested))
    gone = table.loc[table["test"] == "left", ["n_participants", "n_controls"]]
    return True if not gone.to_numpy().any() else None


def _last_year(table: pd.DataFrame) -> pd.Series[Any]:
    """Return the row of all who are not seen in the last year that the register has."""
    rows = table[table["item"] == ANY]
    there = rows.dropna(subset=["participants", "controls"])
    return (there if len(there) else rows).iloc[-1]


def _sentence(table: pd.DataFrame, row: pd.Series[Any], joint: dict[str, float]) -> str:
    """Return the shares of the last year and both tests in words."""
    if not table.loc[table["test"] == "left", ["n_participants", "n_controls"]].to_numpy().any():
        return _NOBODY.text()
    text = _LEFT.format(
        years=number(row["year_since_start"]),
        participants=percent(row["participants"], 1),
        controls=percent(row["controls"], 1),
    ).text()
    tests = ((_RATES, joint["left"]), (_ALIKE, joint["baseline"]))
    made = [label.format(p=p_equals(p)).text() for label, p in tests if p == p]
    return text + ("".join(made) or _FEW.text())
