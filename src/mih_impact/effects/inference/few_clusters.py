"""`wild_bootstrap`: one effect where clusters are few."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pandas as pd

from mih_impact import arguments
from mih_impact.controls.covariates import Term, term_label
from mih_impact.controls.group import ControlGroup
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import interval, number, percent
from mih_impact.display.provenance import Provenance
from mih_impact.effects.asked import require_choice
from mih_impact.effects.comparison import Comparison
from mih_impact.effects.inference.clusters import cluster_of
from mih_impact.effects.inference.redone import require_draws
from mih_impact.effects.inference.tested import (
    EffectTest,
    ask_years,
    formatter,
    persons_behind,
    shown_p,
)
from mih_impact.effects.inference.wild import (
    ClusterSums,
    WildWeights,
    inverted,
    p_value,
    rejected,
    wild_weights,
)
from mih_impact.effects.measured import Measured
from mih_impact.effects.taken import outcome_asked
from mih_impact.errors import EffectsError
from mih_impact.panel.contract import label_of
from mih_impact.panel.cube import Dead
from mih_impact.signatures import named_options

__all__ = ["wild_bootstrap"]

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


@named_options
def wild_bootstrap(
    group: ControlGroup,
    *,
    outcome: str | None = None,
    year: int,
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
    outcome, year
        The effect: an outcome, by default wage income, or the first where there is none; and a year
        since start.
    cluster
        A column as it stood in the year before start; see `clusters.cluster_of` for those who move.
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
    EffectsError
        An unknown outcome or option, participants in one cluster only, or nobody compared.

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
    With G clusters signs give no p-value below 2 / 2^G: an infinite end point is then what can be
    known, and is said.

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
    require_choice("weights", weights, get_args(WildWeights), call="wild_bootstrap")
    require_draws(draws)
    arguments.level(level, error=EffectsError)
    arguments.seed(seed, error=EffectsError)
    what = "Years since start are whole numbers, and one of them is tested"
    year = arguments.whole("year", year, what=what, error=EffectsError)
    outcome = outcome_asked(group, outcome)
    asked, _ = ask_years(group, outcome, [year], base, dead, call="wild_bootstrap")
    everyone = np.ones(group.n_participants, dtype=bool)
    compared, _ = Measured.of(group, asked, "person", adjust=False).effect(everyone)
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
        name="wild_bootstrap",
        passed=not rejected(p, level),
        table=pd.DataFrame([row]),
        sentence={lang: _text(group, row, cluster, level, lang) for lang in get_args(Lang)},
        title={"nb": title.nb, "en": title.en},
        provenance=Provenance.of(
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
            data=group.risk.cube.fingerprint,
            evidence=group.provenance.evidence,
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
            "Participants of one cluster cannot tell an effect from what happened there",
            found=f"{int(own.sum())} participants with the year in the register, in {treated} "
            f"clusters by {cluster}",
            do="cluster by a finer column, or use mih.event_study(group), by person",
        )
    sums = ClusterSums.of(
        (compared.change_t[own, 0], compared.share[own, 0], where_t),
        (compared.change_c[used, 0], compared.load[used, 0], where_c),
    )
    return sums, treated


def _text(group: ControlGroup, row: dict[str, Any], cluster: Term, level: float, lang: Lang) -> str:
    """Return the result in words."""
    show = formatter(group, row["outcome"])
    low, high = row["conf_low"], row["conf_high"]
    bounded = bool(np.isfinite([low, high]).all())
    text = _SENTENCE.format(
        year=number(row["year_since_start"], lang=lang),
        estimate=show(row["estimate"], lang=lang),
        p=shown_p(row["p_value"], row["draws"], lang),
        level=percent(level, lang=lang),
        interval=interval(low, high, show, lang) if bounded else number(None, lang=lang),
        clusters=number(row["clusters"], lang=lang),
        cluster=term_label(cluster, lang),
        treated=number(row["clusters_with_participants"], lang=lang),
    ).text(lang)
    return text if bounded else text + _UNBOUNDED.text(lang)
