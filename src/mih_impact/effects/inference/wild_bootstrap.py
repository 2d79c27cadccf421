"""`wild_bootstrap`: one effect where clusters are few.

Arrays in, arrays out: everything is linear in a draw's weights, so that a draw costs a row of sums
over clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.terms import Term, term_label
from mih_impact.display.locale import Label, both
from mih_impact.display.numbers import interval, number, percent
from mih_impact.effects.comparison import Comparison
from mih_impact.effects.hidden import contributors
from mih_impact.effects.inference.covariance import cluster_of, require_draws
from mih_impact.effects.inference.effect_test import (
    EffectTest,
    ask_years,
    formatter,
    persons_behind,
    shown_p,
)
from mih_impact.effects.inference.multiplier import multipliers
from mih_impact.effects.question import Question, outcome_asked, require_choice, takes_question
from mih_impact.effects.row_outcomes import RowOutcomes
from mih_impact.errors import EffectsError
from mih_impact.panel.contract import label_of
from mih_impact.panel.cube import Dead

__all__ = [
    "ClusterSums",
    "WildWeights",
    "inverted",
    "p_value",
    "rejected",
    "wild_bootstrap",
    "wild_weights",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

WildWeights = Literal["webb", "rademacher"]

#: Statistics that differ by less, relatively, are the same: signs turned around, not rounding.
SAME = 1e-9
#: How far beyond the estimate an end point is looked for, in standard errors.
FARTHEST = 1e6


@dataclass(frozen=True, eq=False)
class ClusterSums:
    """What the test needs of the data, summed within G clusters.

    Attributes
    ----------
    own, other
        Weighted sums of y less its mean over both sides, of participants and of controls, shape
        (G,).
    share, load
        Sums of the weights of participants and of controls, shape (G,); each adds up to 1.
    """

    own: FloatArray
    other: FloatArray
    share: FloatArray
    load: FloatArray

    @classmethod
    def of(
        cls,
        participants: tuple[FloatArray, FloatArray, IntArray],
        controls: tuple[FloatArray, FloatArray, IntArray],
    ) -> ClusterSums:
        """Sum values, weights (adding up to 1) and clusters of either side."""
        (y_t, w_t, g_t), (y_c, w_c, g_c) = participants, controls
        label, at = np.unique(np.concatenate([g_t, g_c]), return_inverse=True)
        at_t, at_c, G = at[: len(y_t)], at[len(y_t) :], len(label)
        middle = (w_t @ y_t + w_c @ y_c) / 2.0

        def summed(at: IntArray, values: FloatArray) -> FloatArray:
            return np.bincount(at, values, minlength=G).astype(np.float64)

        return cls(
            own=summed(at_t, w_t * (y_t - middle)),
            other=summed(at_c, w_c * (y_c - middle)),
            share=summed(at_t, w_t),
            load=summed(at_c, w_c),
        )

    @property
    def estimate(self) -> float:
        """The difference of the two weighted means."""
        return float(self.own.sum() - self.other.sum())

    @property
    def std_error(self) -> float:
        """The cluster-robust standard error, with the factor G / (G - 1)."""
        G = len(self.own)
        score = self.own - self.share * self.own.sum() - self.other + self.load * self.other.sum()
        return float(np.sqrt(G / (G - 1) * (score**2).sum()))

    def statistics(self, null: float, v: FloatArray) -> FloatArray:
        """Return the t statistic of every draw when the effect is `null`.

        Parameters
        ----------
        null
            The effect that the residuals are made under.
        v
            Weights of the clusters, shape (draws, G).

        Notes
        -----
        With residuals u~ = y - a~ - null d restricted to the null, a draw has
        y* = a~ + null d + v_g u~. Its two means move by sum_g v_g P_g and sum_g v_g Q_g, P and Q
        the clusters' weighted sums of u~ on either side, and a cluster's score is
        v_g (P_g - Q_g) - share_g (sum v P) + load_g (sum v Q).
        """
        G = len(self.own)
        P = self.own - null / 2.0 * self.share
        Q = self.other + null / 2.0 * self.load
        up, down = v @ P, v @ Q
        score = v * (P - Q) - up[:, None] * self.share + down[:, None] * self.load
        error = np.sqrt(G / (G - 1) * (score**2).sum(axis=1))
        moved = up - down
        flat = error <= 1e-12 * np.abs(moved)  # a draw without error is as far out as can be
        return np.asarray(np.where(flat, np.inf, moved / np.where(flat, 1.0, error)))


def wild_weights(
    clusters: int, draws: int, *, kind: WildWeights, seed: int
) -> tuple[FloatArray, bool]:
    """Return weights of shape (draws, clusters), and whether they are all there are.

    All 2^G signs, each once, where these are no more than `draws`; else random ones.
    """
    if kind == "rademacher" and 2.0**clusters <= draws:
        return np.array(list(product([1.0, -1.0], repeat=clusters))), True
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed)))
    return multipliers(rng, (draws, clusters), kind), False


def p_value(sums: ClusterSums, null: float, v: FloatArray, *, complete: bool) -> float:
    """Return the two-sided p-value of `null`.

    Notes
    -----
    The share of draws with |t*| >= |t|. Where all signs are listed the data are one of the draws;
    else they are counted as one: (1 + number) / (1 + draws).
    """
    t = abs((sums.estimate - null) / sums.std_error)
    beyond = int((np.abs(sums.statistics(null, v)) >= t * (1.0 - SAME)).sum())
    return beyond / len(v) if complete else (1 + beyond) / (1 + len(v))


def rejected(p: float, level: float) -> bool:
    """Return whether a p-value is 1 - level or less, as on paper: 1 - 0.9 is 0.1."""
    return p <= 1.0 - level + SAME


def inverted(
    sums: ClusterSums, v: FloatArray, *, complete: bool, level: float
) -> tuple[float, float]:
    """Return the end points of the effects around the estimate that are not rejected.

    Infinite where nothing in that direction is ever rejected, as with a handful of clusters.
    """
    found = []
    for side in (-1.0, 1.0):
        inside, step = 0.0, 1.0
        while step <= FARTHEST and _kept(sums, side * step, v, complete, level):
            inside, step = step, 2.0 * step
        if step > FARTHEST:
            found.append(side * np.inf)
            continue
        while step - inside > 1e-7 * step:
            middle = (inside + step) / 2.0
            if _kept(sums, side * middle, v, complete, level):
                inside = middle
            else:
                step = middle
        found.append(sums.estimate + side * inside * sums.std_error)
    return found[0], found[1]


def _kept(sums: ClusterSums, beyond: float, v: FloatArray, complete: bool, level: float) -> bool:
    """Return whether an effect some standard errors beyond the estimate is not rejected."""
    null = sums.estimate + beyond * sums.std_error
    return not rejected(p_value(sums, null, v, complete=complete), level)


_TITLE = Label(
    nb="Wild bootstrap med få klynger, {outcome}", en="Wild bootstrap with few clusters, {outcome}"
)
_SENTENCE = Label(
    nb="År {year}: effekten er {estimate}, p = {p}, {level} konfidensintervall {interval}. "
    "{clusters} klynger ({cluster}), {treated} av dem med deltakere.",
    en="Year {year}: the effect is {estimate}, p = {p}, {level} confidence interval {interval}. "
    "{clusters} clusters ({cluster}), {treated} of them with participants.",
)
_UNBOUNDED = Label(
    nb=" Så få klynger kan ikke utelukke noen effekt i minst én retning.",
    en=" So few clusters cannot rule out any effect in at least one direction.",
)


# More than ten parameters: single options stand beside the question they can go as.
@named_options
@takes_question("se")
def wild_bootstrap(
    group: ControlGroup,
    *,
    question: Question | None = None,
    outcome: str | None = None,
    year: int = 3,
    cluster: Term,
    draws: int = 999,
    weights: WildWeights = "webb",
    seed: int = 2025,
    base: int = -1,
    dead: Dead = "zero",
    level: float = 0.95,
) -> EffectTest:
    """Test one effect with few clusters, such as counties, by the wild cluster bootstrap-t.

    Parameters
    ----------
    group
        Participants and their controls.
    question
        In place of `outcome`, `year`, `base`, `dead` and `level`; its standard error is not used.
    outcome, year
        The effect: an outcome, by default wage income, or the first where there is none; and a year
        since start.
    cluster
        A column as it stood in the year before start; `covariance.cluster_of` says what counts
        for those who move.
    draws
        Number of draws.
    weights
        "webb": six points, for very few clusters. "rademacher": signs; all 2^G of them, each once,
        where these are no more than `draws`.
    seed
        Seed of the draws.
    base
        The base year relative to start.
    dead
        Income after death or emigration: "zero" or "missing".
    level
        Coverage of the interval.

    Returns
    -------
    EffectTest
        The table has one row: `outcome, year_since_start, estimate, std_error, t, p_value,
        conf_low, conf_high, clusters, clusters_with_participants, n_participants, n_controls,
        draws, complete`; complete where all signs were listed. `passed` is whether an effect of
        zero is not rejected.

    Raises
    ------
    OptionError
        An unknown outcome or option, a question beside an option that is part of it, or with one
        that is not the call's.
    EffectsError
        Participants in one cluster only, or nobody compared.

    Notes
    -----
    The estimate is the coefficient on treatment in a regression of the change on treatment, with
    participants' shares and controls' K as weights, which are taken as fixed. Residuals are
    restricted to the tested effect, clusters' residuals are multiplied by one weight each, and the
    statistic has the cluster-robust standard error with G / (G - 1), which cancels in the p-value
    (Cameron, Gelbach and Miller 2008; Roodman, MacKinnon, Nielsen and Webb 2019). The p-value is
    two-sided and symmetric, (1 + number beyond) / (1 + draws); the interval holds the effects
    around the estimate that are not rejected, by the same draws.

    Where few clusters hold participants the test rejects too seldom (MacKinnon and Webb 2018).
    With G clusters signs give no p-value below 2 / 2^G: the interval then has an infinite end
    point, and the result says so.

    References
    ----------
    Cameron, Gelbach and Miller (2008), Review of Economics and Statistics 90(3). Roodman et al.
    (2019), Fast and wild, Stata Journal 19(1). MacKinnon and Webb (2018), The wild bootstrap for
    few (treated) clusters, Econometrics Journal 21(2).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["benefit_type"], on=["age"], ratio=1)
    >>> found = mih.wild_bootstrap(group, year=2, cluster="county", draws=199)
    >>> bool(found.table["p_value"][0] > 0)
    True
    """
    del question  # it has come as the single options
    require_choice("weights", weights, get_args(WildWeights), call="wild_bootstrap")
    require_draws(draws)
    arguments.level(level)
    arguments.seed(seed)
    what = "Years since start are whole numbers, and one of them is tested"
    year = arguments.whole("year", year, what=what)
    outcome = outcome_asked(group, outcome)
    target, _ = ask_years(group, outcome, [year], base, dead, call="wild_bootstrap")
    compared = RowOutcomes.of(group, target, "person").compared()
    sums, treated = _sums(group, compared, cluster)
    v, complete = wild_weights(len(sums.own), draws, kind=weights, seed=seed)
    low, high = inverted(sums, v, complete=complete, level=level)
    p = p_value(sums, 0.0, v, complete=complete)
    title = _TITLE.format(outcome=label_of(outcome))
    row: dict[str, Any] = {
        "outcome": outcome,
        "year_since_start": year,
        "estimate": sums.estimate,
        "std_error": sums.std_error,
        "t": sums.estimate / sums.std_error,
        "p_value": p,
        "conf_low": low,
        "conf_high": high,
        "clusters": len(sums.own),
        "clusters_with_participants": treated,
        **{name: int(count[0]) for name, count in persons_behind(group, compared).items()},
        "draws": len(v),
        "complete": complete,
    }
    return EffectTest(
        contributors=contributors(compared.giving),
        name="wild_bootstrap",
        passed=not rejected(p, level),
        table=pd.DataFrame([row]),
        sentence=both(lambda: _text(group, row, cluster, level)).texts(),
        title=title.texts(),
        provenance=group.provenance.then(
            "wild_bootstrap",
            {
                "match": group.provenance.options,
                "outcome": outcome,
                "year": year,
                "cluster": str(cluster),
                "draws": draws,
                "weights": weights,
                "base": base,
                "dead": dead,
                "level": level,
            },
            seed=seed,
        ),
    )


def _sums(group: ControlGroup, compared: Comparison, cluster: Term) -> tuple[ClusterSums, int]:
    """Return the sums within clusters, and how many clusters hold participants."""
    label, who = cluster_of(group, cluster), group.risk.person
    own, used = compared.valid[:, 0], compared.load[:, 0] > 0
    where_t = label[who[group.sets.participant[own]]]
    where_c = label[who[compared.control_row[used]]]
    treated = len(np.unique(where_t))
    if treated < 2:
        raise EffectsError(
            "With participants in one cluster only, the effect cannot be told from what else "
            "happened there",
            found=f"{int(own.sum())} participants with the year in the register, in {treated} "
            f"clusters by {cluster}",
            do="cluster by a finer column, or use mih.event_study(group), by person",
        )
    sums = ClusterSums.of(
        (compared.change_t[own, 0], compared.share[own, 0], where_t),
        (compared.change_c[used, 0], compared.load[used, 0], where_c),
    )
    return sums, treated


def _text(group: ControlGroup, row: dict[str, Any], cluster: Term, level: float) -> str:
    """Return the result in words."""
    show = formatter(group, row["outcome"])
    low, high = row["conf_low"], row["conf_high"]
    bounded = bool(np.isfinite([low, high]).all())
    text = _SENTENCE.format(
        year=number(row["year_since_start"]),
        estimate=show(row["estimate"]),
        p=shown_p(row["p_value"], row["draws"]),
        level=percent(level),
        interval=interval(low, high, show) if bounded else number(None),
        clusters=number(row["clusters"]),
        cluster=term_label(cluster),
        treated=number(row["clusters_with_participants"]),
    ).text()
    return text if bounded else text + _UNBOUNDED.text()
