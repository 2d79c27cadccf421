"""Quantile effects on those treated: how the distribution of an outcome is moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.group import ControlGroup
from mih_impact.display.figure import PARTICIPANT, label_ticks, unit_axis
from mih_impact.display.layout import figure, finish
from mih_impact.display.locale import Label, Lang, in_language
from mih_impact.display.numbers import count, interval, percent
from mih_impact.display.result import Card, Provenance, Result, hide_small
from mih_impact.display.unit import AnyUnit, difference, is_money
from mih_impact.effects.event_study import resolved_se
from mih_impact.effects.hidden import contributors
from mih_impact.effects.influence import BAND_DRAWS, sup_t
from mih_impact.effects.question import StandardError, outcome_asked, read_target, require_choice
from mih_impact.effects.row_outcomes import RowOutcomes
from mih_impact.errors import OptionError
from mih_impact.panel.contract import label_of
from mih_impact.panel.cube import Dead

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["QuantileEffects", "density", "quantile_effects", "weighted_quantile"]

FloatArray = NDArray[np.float64]

#: The deciles.
DECILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
#: A value that this share of a group has is a mass point, where a quantile has no density.
MASS = 0.02
#: Fewer than this do not make one, however much they weigh.
MANY = 5
#: What displayed money is rounded to: a quantile is the income of somebody.
_COARSE = 1_000.0


@dataclass(frozen=True, eq=False, repr=False)
class QuantileEffects(Result):
    """Differences between quantiles of participants and their controls; see `quantile_effects`.

    Attributes
    ----------
    table
        See `to_frame`.
    covariance
        Of the estimates, shape (T, T); NaN where there is no standard error.
    outcome, unit, price_year
        What is compared, what it is measured in, and the year of its prices.
    year
        The year since start.
    level
        Coverage of intervals and of the band.
    se
        The standard error.
    provenance
        Versions, options and fingerprint of the data.
    contributors
        On how many persons' amounts the levels rest; in memory only, never saved.
    """

    table: pd.DataFrame
    covariance: FloatArray
    outcome: str
    unit: AnyUnit
    price_year: int
    year: int
    level: float
    se: str
    provenance: Provenance
    contributors: FloatArray | None = field(default=None, metadata={"saved": False})

    def to_frame(self) -> pd.DataFrame:
        """Return one row per quantile.

        Returns
        -------
        DataFrame
            `quantile, estimate, std_error, conf_low, conf_high, band_low, band_high,
            participant_quantile, control_quantile, n_participants, n_controls, fewest` (the fewest
            persons of a group on one side of the quantile), `reason` ("mass_point": many have just
            this value, so that there is no standard error).
        """
        return self.table.copy()

    def shown(self) -> QuantileEffects:
        """Return the effects as displayed and saved: no quantile is the income of one person.

        Quantiles with too few persons on one side are hidden, and money is rounded to a thousand.
        """
        values = [name for name in self.table.columns if name in _HIDDEN]
        table = hide_small(self.table, {"fewest": values})
        if self.thin.any():
            table[values] = np.nan
        coarse = _COARSE if is_money(self.unit) else 0.01
        table[values] = (table[values].astype(float) / coarse).round() * coarse
        kept = table["estimate"].notna().to_numpy()
        matrix = np.where(kept[:, None] & kept, self.covariance, np.nan)
        return replace(self, table=table, covariance=matrix)

    def plot(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the effect by quantile, with intervals and the band over quantiles."""
        with in_language(lang):
            return plot_quantiles(self, ax=ax)

    def _card(self) -> Card:
        frame, show = self.shown().table, difference(self.unit)
        rows = [
            [
                percent(row["quantile"]),
                show(row["participant_quantile"]),
                show(row["control_quantile"]),
                show(row["estimate"]),
                interval(row["conf_low"], row["conf_high"], show),
            ]
            for row in frame.to_dict("records")
        ]
        level = percent(self.level)
        header = [_QUANTILE, _PARTICIPANTS, _CONTROLS, _EFFECT, _INTERVAL.format(level=level)]
        notes = [_WHAT_IT_IS, _LEVELS]
        if (frame["reason"] == "mass_point").any():
            notes.append(_MASS_POINT)
        if is_money(self.unit):
            notes.append(_ROUNDED)
        return Card(
            self._title.text(),
            lines=(
                (_PARTICIPANTS.text(), count(frame["n_participants"].iloc[0])),
                (_CONTROLS.text(), count(frame["n_controls"].iloc[0])),
            ),
            table=pd.DataFrame(rows, columns=[each.text() for each in header]),
            notes=tuple(note.text() for note in notes),
        )

    @property
    def _title(self) -> Label:
        return _TITLE.format(outcome=label_of(self.outcome), year=str(self.year))


_HIDDEN = (
    "estimate", "std_error", "conf_low", "conf_high", "band_low", "band_high",
    "participant_quantile", "control_quantile",
)  # fmt: skip


@named_options
def quantile_effects(
    group: ControlGroup,
    *,
    outcome: str | None = None,
    year: int = 3,
    quantiles: float | Sequence[float] = DECILES,
    dead: Dead = "zero",
    se: StandardError = "auto",
    level: float = 0.95,
    seed: int = 2025,
) -> QuantileEffects:
    """Estimate quantile effects on those treated: differences between two distributions.

    Parameters
    ----------
    group
        Participants and their controls, matched or weighted.
    outcome
        A column with a unit; by default wage income. A share has no quantiles worth the name.
    year
        The year since start.
    quantiles
        One or several, between 0 and 1.
    dead
        Income after death or emigration: "zero" or "missing".
    se
        As in `event_study`.
    level
        Coverage of intervals and of the simultaneous band over the quantiles.
    seed
        Seed of the draws behind the band.

    Returns
    -------
    QuantileEffects

    Raises
    ------
    OptionError
        A quantile that is none, or another option that cannot be.
    EffectsError
        What `event_study` refuses of the group, the outcome and the year.

    Notes
    -----
    The effect at tau is q1 - q0: q1 the tau-quantile of the participants' outcome in that year, q0
    that of their controls with their weights K, the smallest value at which the weighted
    distribution function reaches tau (Firpo 2007, for the treated). It is a difference between two
    distributions, and the effect on persons at that place only if nobody changes place. Levels are
    compared and not changes: what is not alike before start is not taken out.

    To first order q1 - q0 is off by the mean over participants of (tau - 1[y <= q1]) / f1(q1) less
    the weighted mean over controls of (tau - 1[y <= q0]) / f0(q0). These stand in place of the
    outcome in the standard errors of `event_study` (matching with replacement, matched sets,
    weights that were estimated), which gives the covariance over quantiles and the band. The
    densities are Gaussian kernel estimates with the weights and Silverman's bandwidth
    0.9 min(sd, IQR / 1.34) n^(-1/5), n the effective number of persons. At a mass point, such as a
    wage of zero, there is no density, and no standard error.

    References
    ----------
    Firpo (2007), Efficient semiparametric estimation of quantile treatment effects, Econometrica
    75(1). Silverman (1986), Density estimation, section 3.4.2.

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=5)
    >>> effects = quantile_effects(group, quantiles=[0.5, 0.9])
    >>> bool((effects.to_frame()["estimate"] > 0).all())
    True
    """
    name = outcome_asked(group, outcome)
    arguments.whole("year", year)
    arguments.level(level)
    arguments.seed(seed)
    taus = _quantiles(quantiles)
    target = read_target(
        group, [name], "difference", -1, (year, year), "available", dead, call="quantile_effects"
    )
    require_choice("se", se, get_args(StandardError), call="quantile_effects")
    kind = resolved_se(se, [group])
    rows = RowOutcomes.of(group, target, kind)
    seen = rows.levels[:, 0]
    compared = rows.compared()
    sides = [
        _Side.of(compared.change_t[:, 0], compared.share[:, 0], taus),
        _Side.of(compared.change_c[:, 0], compared.load[:, 0], taus),
    ]
    values = sides[1].linear(seen, taus)
    values[rows.treated] = sides[0].linear(seen[rows.treated], taus)
    _, influence = replace(rows, levels=values, changes=values).effect(
        np.ones(group.n_participants, dtype=bool)
    )
    matrix = influence.covariance
    at_mass = sides[0].at_mass | sides[1].at_mass
    matrix[at_mass], matrix[:, at_mass] = np.nan, np.nan
    table = _table(taus, sides, matrix, at_mass, level=level, seed=seed)
    used = compared.load[:, 0] > 0
    table["n_participants"] = int(compared.n[0])
    persons = group.risk.person[compared.control_row]
    table["n_controls"] = len(np.unique(persons[used]))
    below = [_on_a_side(side, who) for side, who in zip(sides, (None, persons), strict=True)]
    table["fewest"] = np.minimum(*below)
    table["reason"] = np.where(at_mass, "mass_point", "")
    asked = {"match": group.provenance.options, "outcome": name, "year": year, "dead": dead,
             "quantiles": taus.tolist(), "se": kind, "level": level}  # fmt: skip
    cube = group.risk.cube
    return QuantileEffects(
        table=table,
        covariance=matrix,
        outcome=name,
        unit=cube.unit_of(name),
        price_year=cube.price_year,
        year=year,
        level=level,
        se=kind,
        contributors=contributors(compared.giving),
        provenance=group.provenance.then("quantile_effects", asked, seed=seed),
    )  # fmt: skip


def _quantiles(given: Any) -> FloatArray:
    what = "Quantiles are numbers between 0 and 1"
    example = "[0.1, 0.5, 0.9]"
    found = arguments.numbers("quantiles", given, what, example=example, low=0.0)
    if found[0] <= 0 or found[-1] >= 1:
        raise OptionError(
            what, found=f"quantiles={arguments.shown(given)}", do="give [0.1, 0.5, 0.9]"
        )
    return np.array(found)


@dataclass(frozen=True, eq=False)
class _Side:
    """The distribution of one group: values with their weights, quantiles, and densities there."""

    values: FloatArray
    weight: FloatArray
    quantile: FloatArray
    density: FloatArray
    at_mass: NDArray[np.bool_]

    @classmethod
    def of(cls, values: FloatArray, weight: FloatArray, taus: FloatArray) -> _Side:
        kept = weight > 0
        at = weighted_quantile(values[kept], weight[kept], taus)
        found, massive = density(values[kept], weight[kept], at)
        return cls(np.where(kept, values, np.nan), weight, at, found, massive)

    def linear(self, values: FloatArray, taus: FloatArray) -> FloatArray:
        """Return (tau - 1[y <= q]) / f(q) of some values, shape (n, T); NaN where not seen."""
        below = values[:, None] <= self.quantile
        spread = np.where(self.at_mass, 0.0, 1.0 / np.where(self.at_mass, 1.0, self.density))
        return np.where(np.isnan(values)[:, None], np.nan, (taus - below) * spread)


def weighted_quantile(values: FloatArray, weight: FloatArray, taus: FloatArray) -> FloatArray:
    """Return the smallest values at which the weighted distribution function reaches each tau.

    Parameters
    ----------
    values, weight
        Shape (n,); weights above zero, of any sum.
    taus
        Shape (T,), between 0 and 1.

    Returns
    -------
    ndarray, shape (T,)

    Examples
    --------
    >>> y, w = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0])
    >>> weighted_quantile(y, w, np.array([0.25, 0.5]))
    array([1., 2.])
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    # Sums of many weights are rounded: what is reached but for that is reached.
    place = np.searchsorted(reached, taus * reached[-1] * (1 - 1e-12))
    return np.asarray(values[order][np.minimum(place, len(values) - 1)])


def density(
    values: FloatArray, weight: FloatArray, at: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the weighted kernel density at some values, and which of these are mass points.

    Mass points have no density, and are left out of that of the rest.
    """
    share = weight / weight.sum()
    distinct, place = np.unique(values, return_inverse=True)
    massive = (np.bincount(place, weights=share) > MASS) & (np.bincount(place) >= MANY)
    at_mass = np.isin(at, distinct[massive])
    smooth = ~massive[place]
    y, w = values[smooth], share[smooth]
    if len(np.unique(y)) < 2:
        return np.ones(len(at)), np.ones(len(at), dtype=bool)
    own = w / w.sum()
    mean = own @ y
    low, high = weighted_quantile(y, own, np.array([0.25, 0.75]))
    spreads = [float(np.sqrt(own @ (y - mean) ** 2)), float(high - low) / 1.34]
    width = 0.9 * min(s for s in spreads if s > 0) * (own @ own) ** 0.2
    found = np.exp(-0.5 * ((at[:, None] - y) / width) ** 2) @ w / (width * np.sqrt(2 * np.pi))
    return found, at_mass | (found <= 0)


def _on_a_side(side: _Side, persons: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Return the fewest persons at or on one side of each quantile, shape (T,)."""
    who = np.arange(len(side.values)) if persons is None else persons
    seen = np.isfinite(side.values)
    return np.array([
        min(len(np.unique(who[seen & (side.values <= q)])),
            len(np.unique(who[seen & (side.values >= q)])))
        for q in side.quantile
    ])  # fmt: skip


def _table(
    taus: FloatArray, sides: Sequence[_Side], matrix: FloatArray, at_mass: NDArray[np.bool_],
    *, level: float, seed: int,
) -> pd.DataFrame:  # fmt: skip
    estimate, error = sides[0].quantile - sides[1].quantile, np.sqrt(np.diag(matrix))
    normal = np.random.default_rng(seed).standard_normal((BAND_DRAWS, len(taus)))
    critical = sup_t(matrix[np.ix_(~at_mass, ~at_mass)], normal, level=level)
    reach, band = ndtri(0.5 + level / 2) * error, critical * error
    return pd.DataFrame(
        {
            "quantile": taus, "estimate": estimate, "std_error": error,
            "conf_low": estimate - reach, "conf_high": estimate + reach,
            "band_low": estimate - band, "band_high": estimate + band,
            "participant_quantile": sides[0].quantile, "control_quantile": sides[1].quantile,
        }
    )  # fmt: skip


_TITLE = Label(
    nb="Kvantileffekter på deltakerne: {outcome}, år {year}",
    en="Quantile effects on those treated: {outcome}, year {year}",
)
_QUANTILE = Label(nb="Kvantil", en="Quantile")
_PARTICIPANTS = Label(nb="Deltakere", en="Participants")
_CONTROLS = Label(nb="Kontroller", en="Controls")
_EFFECT = Label(nb="Effekt", en="Effect")
_INTERVAL = Label(nb="{level} KI", en="{level} CI")
_WHAT_IT_IS = Label(
    nb="Forskjellen mellom to fordelinger. Den er effekten på personer på dette stedet i"
    " fordelingen bare hvis ingen bytter plass.",
    en="The difference between two distributions. It is the effect on persons at that place in the"
    " distribution only if nobody changes place.",
)
_LEVELS = Label(
    nb="Nivåer er sammenlignet, ikke endringer: det som var ulikt før oppstart, er ikke trukket"
    " fra.",
    en="Levels are compared, not changes: what differed before start is not taken out.",
)
_MASS_POINT = Label(
    nb="Uten intervall: mange har akkurat dette beløpet, for eksempel null, og da finnes ingen"
    " standardfeil.",
    en="Without an interval: many have just this amount, such as zero, and then there is no"
    " standard error.",
)
_ROUNDED = Label(
    nb="Beløp er avrundet til hele tusen, for et kvantil er inntekten til en person.",
    en="Amounts are rounded to whole thousands, because a quantile is the income of somebody.",
)
_AXIS = Label(nb="Forskjell fra kontrollgruppen", en="Difference from the control group")
_SHADE = Label(
    nb="Strek: {level} konfidensintervall. Felt: simultant bånd for alle kvantilene.",
    en="Bars: {level} confidence interval. Shade: simultaneous band over all quantiles.",
)


def plot_quantiles(effects: QuantileEffects, *, ax: Axes | None = None) -> Axes:
    """Draw effects by quantile; see `QuantileEffects.plot`."""
    rows = effects.shown().table
    place, level = rows["quantile"].to_numpy(), percent(effects.level)
    with figure(ax) as ax:
        ax.axhline(0, color="#222222", linewidth=0.9)
        ax.fill_between(
            place, rows["band_low"].astype(float), rows["band_high"].astype(float),
            color=PARTICIPANT, alpha=0.13, linewidth=0,
        )  # fmt: skip
        ax.plot(place, rows["estimate"].astype(float), color=PARTICIPANT, marker="o")
        ax.vlines(place, rows["conf_low"], rows["conf_high"], color=PARTICIPANT, linewidth=1.8)
        label_ticks(ax.xaxis, percent)
        ax.set_xlabel(_QUANTILE.text())
        unit_axis(ax, unit=effects.unit, price_year=effects.price_year, what=_AXIS.text())
        title = effects._title.text()
        said = "; ".join(
            f"{percent(row['quantile'])}: {difference(effects.unit)(row['estimate'])}"
            for row in rows.to_dict("records")
        )
        finish(
            ax, title=title, source=[_SHADE.format(level=level), _WHAT_IT_IS], of=effects,
            alt=f"{title}: {said}.")  # fmt: skip
    return ax
