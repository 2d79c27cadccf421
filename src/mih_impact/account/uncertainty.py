"""Uncertainty of the account: sampling, assumptions, and both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.account.indicators import programme_costs
from mih_impact.account.ledger import (
    MOST_DRAWS,
    FloatArray,
    Ledger,
    break_even_years,
    discounted,
    draw_effects,
)
from mih_impact.account.parameters import Setting
from mih_impact.account.roles import GROUP_LABELS, GROUPS, hundreds
from mih_impact.account.tables import require_enough
from mih_impact.account.values import AccountValues, basis_of
from mih_impact.arguments import named_options
from mih_impact.display.locale import Label, Lang, both, in_language
from mih_impact.display.numbers import interval, number, percent
from mih_impact.display.result import Card, Provenance, Result
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import AssumptionError, EffectsError, OptionError
from mih_impact.reference.discount import Timing

if TYPE_CHECKING:
    from matplotlib.axes import Axes


__all__ = [
    "SOURCES",
    "EffectDraws",
    "Uncertainty",
    "drawn_effects",
    "drawn_values",
    "given_effects",
    "uncertainty_of",
]


SOURCES = ("sampling", "assumptions", "total")

SOURCE_LABELS = {
    "sampling": Label(nb="utvalgsusikkerhet", en="sampling"),
    "assumptions": Label(nb="forutsetninger", en="assumptions"),
    "total": Label(nb="samlet", en="total"),
}
_TITLE = Label(nb="Usikkerhet i regnskapet", en="Uncertainty of the account")
_WHO = Label(nb="For", en="For")
_SOURCE = Label(nb="Usikkerhet", en="Uncertainty")
_MEAN = Label(nb="Gjennomsnitt", en="Mean")
_INTERVAL = Label(nb="{level}-intervall", en="{level} interval")
_GAIN = Label(nb="Sannsynlighet for gevinst", en="Probability of a gain")
_NOTE = Label(
    nb="{n} trekninger, de samme for alle aktører. Utvalgsusikkerheten er trukket med full"
    " kovarians over år og utfall; forutsetningene fra sine spenn, uavhengig av hverandre. Regler"
    " og valg av perspektiv trekkes ikke.",
    en="{n} draws, the same for every actor. Sampling is drawn with the full covariance over years"
    " and outcomes; assumptions from their ranges, independently of each other. Rules and choices"
    " of view are not drawn.",
)
_RESAMPLED = Label(
    nb="{n} trekninger av personer, med hele analysen gjort om igjen; forutsetningene fra sine"
    " spenn, uavhengig av hverandre. Regler og valg av perspektiv trekkes ikke.",
    en="{n} draws of persons, with the whole analysis done again; assumptions from their ranges,"
    " independently of each other. Rules and choices of view are not drawn.",
)
_ONLY = Label(
    nb="Effektene har ingen kovarians: samlet usikkerhet er ikke tilgjengelig.",
    en="The effects have no covariance: total uncertainty is not available.",
)
_NOT_IN = Label(
    nb="Skjev utvelgelse, for eksempel på motivasjon, er ikke med.",
    en="Selection, for instance on motivation, is not included.",
)
_SHOWN = ("society", "state", "municipality")


@dataclass(frozen=True, eq=False, repr=False)
class Uncertainty(Result):
    """Draws of the whole account; made by `CostBenefit.uncertainty`.

    Attributes
    ----------
    draws
        Present values by source ("sampling", "assumptions", "total"), each of shape (n, G) over
        `GROUPS`; a source that is not available is not there.
    break_even
        Break-even year of every draw of the total (of the assumptions, without a covariance), shape
        (n, G); the horizon means never.
    programme
        What the programme's resources cost each group in those draws, tax-financing included,
        shape (n, G); grants are no part of it.
    cost
        Present value of the programme's real cost at the base values, NOK per starter.
    std_errors
        Exact standard errors of sampling, shape (G,); NaN without a covariance.
    horizon, price_year, seed
        Of the account, and of the draws.
    kind
        "normal" (draws from the covariance), "resampled" (draws of persons), or "none".
    basis
        Whose account it is, by which rules, how long.
    provenance
        Versions, options, seed and fingerprint of the data.
    """

    draws: dict[str, FloatArray]
    break_even: NDArray[np.int64]
    programme: FloatArray
    cost: float
    std_errors: FloatArray
    horizon: int
    price_year: int
    seed: int
    kind: str
    basis: Label
    provenance: Provenance

    @property
    def n(self) -> int:
        """Number of draws."""
        return len(self.break_even)

    @named_options
    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return a row per group and source.

        Parameters
        ----------
        level
            Coverage of the intervals, percentiles of the draws.

        Returns
        -------
        DataFrame
            `actor, source, mean, std_dev, std_error_exact` (sampling only), `conf_low, conf_high,
            probability_positive`; NOK per starter. A source that is not available is missing.
        """
        arguments.level(level)
        tail = (1 - level) / 2
        rows = []
        for source in SOURCES:
            found = self.draws.get(source)
            values = np.full((1, len(GROUPS)), np.nan) if found is None else found
            low, high = np.quantile(values, [tail, 1 - tail], axis=0)
            positive = np.where(np.isnan(values), np.nan, values > 0).mean(axis=0)
            exact = self.std_errors if source == "sampling" else np.full(len(GROUPS), np.nan)
            rows.append(
                pd.DataFrame(
                    {
                        "actor": GROUPS, "source": source, "mean": values.mean(axis=0),
                        "std_dev": values.std(axis=0), "std_error_exact": exact, "conf_low": low,
                        "conf_high": high, "probability_positive": positive,
                    }
                )
            )  # fmt: skip
        order = {group: place for place, group in enumerate(GROUPS)}
        frame = pd.concat(rows, ignore_index=True)
        return frame.sort_values("actor", key=lambda c: c.map(order), kind="stable").reset_index(
            drop=True
        )

    def break_even_frame(self) -> pd.DataFrame:
        """Return the distribution of break-even.

        Returns
        -------
        DataFrame
            `actor, year_since_start` (missing: never within the horizon), `probability`.
        """
        years = np.arange(self.horizon + 1)
        shares = (self.break_even[:, :, None] == years).mean(axis=0)  # (G, T + 1)
        return pd.DataFrame(
            {
                "actor": np.repeat(GROUPS, len(years)),
                "year_since_start": pd.array(
                    [*years[:-1].tolist(), None] * len(GROUPS), dtype="Int64"
                ),
                "probability": shares.ravel(),
            }
        )

    def acceptability(self, costs: Sequence[float] | None = None) -> pd.DataFrame:
        """Return the probability of a gain against what the programme costs per participant.

        Parameters
        ----------
        costs
            Present values of the programme's real cost, NOK per starter; None looks from nothing to
            six times the base value. The resources that it uses are scaled alike; its grants, and
            who pays, are as they are.

        Returns
        -------
        DataFrame
            `actor, cost_per_participant, probability_positive`.

        Raises
        ------
        AssumptionError
            The programme has no costs to scale, or a cost is negative.
        """
        if self.cost <= 0:
            raise AssumptionError(
                "There are no costs to set the probability against",
                found=f"a programme that costs {self.cost + 0.0:g}",
                do="give cost_benefit a programme with costs",
            )
        given = np.linspace(0, 6, 61) * self.cost if costs is None else costs
        what = "Costs per participant are numbers from 0 on"
        wanted = arguments.numbers("costs", given, what, example="[0, 250000]", low=0.0)
        values = self._last
        rows = []
        for cost in wanted:
            moved = values + (cost / self.cost - 1) * self.programme
            rows.append((moved > 0).mean(axis=0))
        return pd.DataFrame(
            {
                "actor": np.tile(GROUPS, len(wanted)),
                "cost_per_participant": np.repeat(wanted, len(GROUPS)),
                "probability_positive": np.concatenate(rows),
            }
        )

    @property
    def _last(self) -> FloatArray:
        """The draws of all there is."""
        return self.draws.get("total", self.draws["assumptions"])

    def plot(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the intervals of sampling, assumptions and both for everybody who counts."""
        from mih_impact.account.figures.uncertainty import plot_intervals

        with in_language(lang):
            return plot_intervals(self, ax=ax)

    def plot_acceptability(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the probability of a gain against the cost per participant."""
        from mih_impact.account.figures.uncertainty import plot_acceptability

        with in_language(lang):
            return plot_acceptability(self, ax=ax)

    def plot_break_even(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the distribution of break-even."""
        from mih_impact.account.figures.uncertainty import plot_break_even

        with in_language(lang):
            return plot_break_even(self, ax=ax)

    def _card(self) -> Card:
        frame = self.to_frame()
        rows = frame[frame["actor"].isin(_SHOWN) & frame["mean"].notna()].to_dict("records")
        cells = [
            (
                GROUP_LABELS[str(row["actor"])].text(),
                SOURCE_LABELS[str(row["source"])].text(),
                hundreds(row["mean"]),
                interval(row["conf_low"], row["conf_high"], hundreds),
                percent(row["probability_positive"], 0),
            )
            for place in (_SHOWN.index(group) for group in _SHOWN)
            for row in rows
            if row["actor"] == _SHOWN[place]
        ]
        level = percent(0.95, 0)
        names = (_WHO, _SOURCE, _MEAN, _INTERVAL.format(level=level), _GAIN)
        how = _RESAMPLED if self.kind == "resampled" else _NOTE
        notes = [how.format(n=both(lambda: number(self.n)))]
        notes += [_ONLY] if self.kind == "none" else []
        table = pd.DataFrame(cells, columns=[name.text() for name in names])
        texts = tuple(note.text() for note in (*notes, _NOT_IN))
        return Card(_TITLE.text(), table=table, notes=texts)


class EffectDraws(Protocol):
    """Effects estimated again on draws of persons, such as `mih.resample` gives."""

    @property
    def effects(self) -> EffectSeries:
        """The effects that were drawn again."""

    @property
    def draws(self) -> FloatArray:
        """Estimates of every draw, shape (n, K * L), in the order of the effects' covariance."""


def drawn_effects(case: AccountValues, n: int, seed: int) -> FloatArray | None:
    """Return draws of the effects from their full covariance, (n, R, S); None without one."""
    if case.covariance is None:
        return None
    return draw_effects(case.effects, case.covariance, n, seed)


def given_effects(case: AccountValues, draws: EffectDraws) -> FloatArray:
    """Return the draws of a resampling for the effects of the account, shape (n, R, S).

    Raises
    ------
    EffectsError
        The draws are of other outcomes or years, or some of them are missing.
    """
    if not isinstance(getattr(draws, "effects", None), EffectSeries):
        raise OptionError(
            "resampled takes effects that mih.resample returned",
            found=f"a {type(draws).__name__}",
            do="draw them first: case.uncertainty(resampled=mih.resample(group))",
        )
    series, years = draws.effects, range(case.effects.shape[1])
    point, _ = series.select(case.outcomes, tuple(years))  # raises on what is not there
    if not np.allclose(point, case.effects, rtol=1e-9, atol=1e-6):
        raise EffectsError(
            "The draws are of other effects than the account's",
            found="estimates that differ",
            do="resample the same group with the same options as event_study had",
        )
    rows = [series.outcomes.index(name) for name in case.outcomes]
    columns = [series.event_years.index(year) for year in years]
    places = np.array([[k * len(series.event_years) + e for e in columns] for k in rows])
    found = np.asarray(draws.draws, dtype=np.float64)[:, places]
    if np.isnan(found).any():
        raise EffectsError(
            "Some draws have no estimate in the years of the account",
            found=f"{int(np.isnan(found).any(axis=(1, 2)).sum())} of {len(found)} draws",
            do="resample again: saved draws have their small cells blanked",
        )
    return found


def drawn_values(case: AccountValues, n: int, seed: int) -> dict[str, FloatArray]:
    """Return n values of every assumption that varies.

    Each is drawn from a generator of its own name, so that its draws do not depend on which
    others vary.
    """
    values = {
        item.name: item.drawn(np.random.default_rng([seed, crc32(item.name.encode())]).random(n))
        for item in case.used_assumptions()
        if item.is_drawn
    }
    shares = [
        values.get(name, np.full(1, getattr(case.assumptions, name)))
        for name in ("municipal_tax_share", "county_tax_share")
    ]
    if (shares[0] + shares[1]).max() > 1:
        raise AssumptionError(
            "The ranges of the tax shares let municipality and county get more than all of the tax",
            found=f"up to {(shares[0] + shares[1]).max():g}",
            do="give municipal_tax_share and county_tax_share ranges whose high ends sum to 1",
        )
    return values


def uncertainty_of(
    case: AccountValues, n: int, seed: int, resampled: EffectDraws | None
) -> Uncertainty:
    """Draw effects and assumptions, apart and together; see `CostBenefit.uncertainty`."""
    require_enough(case)
    arguments.whole("n", n, low=100, high=MOST_DRAWS)
    arguments.seed(seed)
    effects = drawn_effects(case, n, seed) if resampled is None else given_effects(case, resampled)
    n = n if effects is None else len(effects)
    values = drawn_values(case, n, seed)
    model, setting = case.model, case.model.setting(values)
    ledger = model.ledger(values)  # one ledger for all that is drawn
    factors = model.factors(ledger, setting)

    def flows(paths: FloatArray) -> FloatArray:
        return discounted(ledger, model.path(paths, values), factors)

    def totals(flows: FloatArray) -> FloatArray:
        return np.array(np.broadcast_to(flows.sum(axis=-1), (n, len(GROUPS))))

    draws = {}
    alone = flows(case.effects)
    last = alone if effects is None else flows(effects)
    if effects is not None:
        draws["sampling"] = case.model.accumulated.totals(effects)
        draws["total"] = totals(last)
    draws["assumptions"] = totals(alone)
    cumulative = np.broadcast_to(np.cumsum(last, axis=-1), (n, len(GROUPS), case.horizon))
    errors = case._std_errors
    kind = "resampled" if resampled is not None else "none" if effects is None else "normal"
    return Uncertainty(
        draws=draws,
        break_even=break_even_years(cumulative, tolerance=case.tolerance),
        programme=np.array(np.broadcast_to(_programme(ledger, setting, factors), (n, len(GROUPS)))),
        cost=programme_costs(case)[1],
        std_errors=np.full(len(GROUPS), np.nan) if errors is None else errors[:, -1].copy(),
        horizon=case.horizon,
        price_year=case.price_year,
        seed=seed,
        kind=kind,
        basis=basis_of(case),
        provenance=replace(case.provenance, call="uncertainty", seed=seed),
    )


def _programme(
    ledger: Ledger, setting: Setting, factors: Mapping[Timing | None, FloatArray]
) -> FloatArray:
    """Return what the programme's resources cost each group, tax-financing included, (..., G).

    Its grants are no part of it: a dearer programme does not get larger ones.
    """
    lines = tuple(
        line
        for line in ledger.lines
        if line.kind == "real" and line.component.startswith("programme:")
    )
    if not lines:
        return np.zeros(len(GROUPS))
    costs = Ledger(lines, ledger.roles)
    nothing = np.zeros((len(ledger.roles), ledger.n_years))
    value = discounted(costs, nothing, factors).sum(axis=-1)
    financed = setting["tax_financing_cost"] * value[..., GROUPS.index("public")]
    bearing = np.isin(GROUPS, ("rest_of_society", "society")).astype(np.float64)
    return np.asarray(value + np.asarray(financed)[..., None] * bearing)
