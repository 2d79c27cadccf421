"""`resample`: the whole pipeline on persons drawn again, or its linear form where it must be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.terms import Term
from mih_impact.display.locale import Label
from mih_impact.display.numbers import number
from mih_impact.display.result import Card, NoContributors, Provenance, Result
from mih_impact.effects.event_study import event_study
from mih_impact.effects.inference.covariance import (
    FEWEST,
    cluster_of,
    clustered,
    require_draws,
    with_drawn_errors,
)
from mih_impact.effects.inference.multiplier import linear_form, multiplier_draws
from mih_impact.effects.question import (
    Composition,
    Estimator,
    Question,
    TargetEffects,
    read_target,
    require_choice,
    takes_question,
)
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import EffectsError, OptionError, SupportError, warn
from mih_impact.panel.contract import label_of
from mih_impact.panel.cube import Dead
from mih_impact.study.draws import Draws, Rematched, Urns, one_by_one, rematched
from mih_impact.study.reweighted import Reweighted

__all__ = ["Resampled", "resample"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_METHODS = {
    "naive": Label(
        nb="Standardfeil fra {draws} trekninger av {what}, der kontroller, vekter og effekter er "
        "funnet på nytt i hver.",
        en="Standard errors from {draws} draws of {what}, with controls, weights and effects found "
        "anew in each.",
    ),
    "otsu_rai": Label(
        nb="Standardfeil fra {draws} trekninger der matchene ligger fast (Otsu og Rai 2017).",
        en="Standard errors from {draws} draws with the matches kept (Otsu and Rai 2017).",
    ),
}
_PERSONS = Label(nb="personer", en="persons")
_CLUSTERS = Label(nb="hele klynger ({cluster})", en="whole clusters ({cluster})")
_FAILED = Label(
    nb="{failed} trekninger ga ingen beregning og er utelatt.",
    en="{failed} draws gave no estimate and are left out.",
)


@dataclass(frozen=True, eq=False, repr=False)
class Resampled(Result):
    """Effects estimated again on draws of persons.

    Attributes
    ----------
    effects
        The estimates, with the covariance and the bands of the draws; goes wherever effects go.
    draws
        The estimates of every draw, shape (draws, C), in the order of `effects.covariance`; NaN
        where there is no estimate.
    method
        "naive" or "otsu_rai".
    failed
        Draws that could not be estimated and are not among `draws`.
    level
        Coverage of the percentile intervals.
    """

    contributors = NoContributors("its effects hide what is of few")

    effects: EffectSeries
    draws: FloatArray
    method: str
    failed: int
    level: float

    @property
    def provenance(self) -> Provenance:
        """Versions, options, seed and fingerprint of the data; those of the effects."""
        return self.effects.provenance

    @classmethod
    def of(
        cls, effects: EffectSeries, draws: FloatArray, *, method: str, failed: int, level: float
    ) -> Resampled:
        """Freeze the draws beside their effects."""
        draws.setflags(write=False)
        return cls(effects, draws, method, failed, level)

    def to_frame(self) -> pd.DataFrame:
        """Return the table of effects with `percentile_low` and `percentile_high`.

        The percentiles of the draws: what the intervals would be without normality. The base year
        has none.
        """
        frame = self.effects.to_frame()
        tail = (1.0 - self.level) / 2.0
        low, high = np.quantile(self.draws, [tail, 1.0 - tail], axis=0)
        without = frame["std_error"].isna()
        return frame.assign(
            percentile_low=np.where(without, np.nan, low),
            percentile_high=np.where(without, np.nan, high),
        )

    def shown(self) -> Resampled:
        """Return the result as it is displayed, exported and saved: small cells blanked."""
        effects = self.effects.shown()
        hidden = np.isnan(effects.estimate).ravel()
        return replace(self, effects=effects, draws=np.where(hidden, np.nan, self.draws))

    def _card(self) -> Card:
        card = self.effects._card()
        cluster = str(self.provenance.options.get("cluster", "person"))
        what = _PERSONS if cluster == "person" else _CLUSTERS.format(cluster=label_of(cluster))
        drawn = number(len(self.draws))
        note = _METHODS[self.method].format(draws=drawn, what=what).text()
        if self.failed:
            note += " " + _FAILED.format(failed=number(self.failed)).text()
        return replace(card, notes=(*card.notes, note))


Method = Literal["auto", "naive", "otsu_rai"]
Blocks = Literal["sides", "start_year"]


# More than ten parameters: single options stand beside the question they can go as.
@named_options
@takes_question("se")
def resample(
    group: ControlGroup,
    *,
    question: Question | None = None,
    outcomes: str | Sequence[str] | None = None,
    estimator: Estimator = "did",
    base: int | Sequence[int] = -1,
    window: tuple[int, int] = (-5, 6),
    composition: Composition = "available",
    dead: Dead = "zero",
    adjust: bool = False,
    method: Method = "auto",
    draws: int = 999,
    blocks: Blocks = "sides",
    cluster: Term = "person",
    workers: int = 1,
    level: float = 0.95,
    seed: int = 2025,
) -> Resampled:
    """Estimate the effects again and again on persons drawn from the panel.

    Parameters
    ----------
    group
        Participants and their controls.
    question
        In place of `outcomes`, `window` and the other options that are part of it; its standard
        error is that of the draws.
    outcomes, estimator, base, window, composition, dead, adjust
        As in `event_study`; adjust is for matching.
    method
        "naive": persons are drawn with replacement, and score, weights or matches, and effects are
        estimated anew. "otsu_rai": the matches stay, and what each person adds to the estimates is
        weighted at random. "auto": naive where the estimate is smooth (weights, cells), otsu_rai
        for nearest neighbours.
    draws
        Number of draws.
    blocks
        "sides": participants are drawn among participants, and others among others, so that the
        mix of start years varies as it does among persons. "start_year": participants are drawn
        among those who start in the same year, and the mix is taken as given.
    cluster
        Draw whole clusters by a column as it stood in the year before start; a cluster that is
        drawn twice counts twice. At least 20 of them.
    workers
        Threads. They change no number: every draw has a generator of its own.
    level
        Coverage of intervals and bands.
    seed
        Seed of the draws.

    Returns
    -------
    Resampled
        The effects with the covariance of the draws, the draws, and percentile intervals.

    Raises
    ------
    OptionError
        A question beside an option that is part of it, or with one that is not the call's.
    EffectsError
        As `event_study`; a method that does not go with the group; fewer than 20 clusters; or more
        than 5 % of the draws without estimates.

    Warns
    -----
    MihImpactWarning
        The naive bootstrap of nearest neighbours was asked for; or some draws had no estimate.

    Notes
    -----
    A person is drawn with all its years and roles: who serves several start years does so as often
    as drawn. Nobody's rows are copied for weights; in matching a person who is drawn twice is two
    candidates. The risk sets' exact cells and eligibility go with the person.

    With a fixed number of nearest neighbours the naive bootstrap is inconsistent (Abadie and Imbens
    2008), because a participant drawn twice finds the same controls. Otsu and Rai's draws are
    sum_i v_i psi_i, psi_i as in `linear_form`, v_i Mammen's two points.

    References
    ----------
    Abadie and Imbens (2008), On the failure of the bootstrap for matching estimators, Econometrica
    76(6). Otsu and Rai (2017), Bootstrap inference of matching estimators for average treatment
    effects, JASA 112(520).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> drawn = mih.resample(group, outcomes="wage_income", window=(-1, 1), draws=50)
    >>> drawn.effects.se, drawn.draws.shape
    ('resampled (otsu_rai)', (50, 3))
    """
    del question  # it has come as the single options
    target = read_target(
        group, outcomes, estimator, base, window, composition, dead, call="resample"
    )
    arguments.flag("adjust", adjust)
    require_draws(draws)
    arguments.level(level)
    arguments.seed(seed)
    arguments.whole("workers", workers, low=1, what="Workers are threads")
    kind = _resolve(group, method, blocks, adjust=adjust)
    effects = event_study(
        group,
        outcomes=outcomes,
        estimator=estimator,
        base=base,
        window=window,
        composition=composition,
        dead=dead,
        adjust=adjust,
        se="person",
        level=level,
        seed=seed,
    )
    point = effects.estimate.ravel()
    if kind == "otsu_rai":
        _refuse_blocks(blocks)
        influence = linear_form(group, target, adjust=adjust)
        if not arguments.is_one_of(cluster, ["person"]):
            influence = clustered(group, influence, cluster)
        errors = multiplier_draws(influence.rows, draws, seed=seed, kind="mammen")
        found = Draws(np.where(np.isnan(point), np.nan, point + errors), 0)
    else:
        urns = _urns(group, blocks, cluster)
        estimate, together = _pipeline(group, target, adjust)
        found = Draws.of(
            estimate,
            urns,
            draws=draws,
            seed=seed,
            workers=workers,
            together=together,
            wanted=~np.isnan(point),
        )
    _warn_of_failures(found, draws)
    options = {
        **effects.provenance.options,
        "method": kind,
        "draws": draws,
        "blocks": blocks,
        "cluster": str(cluster),
    }
    provenance = effects.provenance.then("resample", options, seed=seed)
    series = _with_draws(effects, found.estimates, kind, level, provenance)
    return Resampled.of(series, found.estimates, method=kind, failed=found.failed, level=level)


def _with_draws(
    effects: EffectSeries, draws: FloatArray, kind: str, level: float, provenance: Provenance
) -> EffectSeries:
    """Return the effects with the covariance of the draws about their mean."""
    centred = np.where(np.isnan(effects.estimate).ravel(), 0.0, draws)
    centred = centred - centred.mean(axis=0)
    return with_drawn_errors(
        effects,
        centred * np.sqrt(len(draws) / (len(draws) - 1)),
        se=f"resampled ({kind})",
        level=level,
        provenance=provenance,
        influence=None,
    )


def _resolve(group: ControlGroup, method: Method, blocks: Blocks, *, adjust: bool) -> str:
    """Return the method "auto" means, or raise on one that does not go with the group."""
    require_choice("method", method, get_args(Method), call="resample")
    require_choice("blocks", blocks, get_args(Blocks), call="resample")
    if adjust and group.model is not None:
        raise OptionError(
            "Adjusted effects on weights are not resampled",
            found="adjust=True",
            do="leave it out, or use event_study's own standard errors",
        )
    if group.score is not None and not group.score.models:
        raise EffectsError(
            "A score of your own is not estimated again on draws of persons",
            found="score= of match or weight",
            do="use event_study's own standard errors, which take it as given",
        )
    nearest = group.score is not None or group.whitened is not None
    nearest &= group.model is None
    if method == "otsu_rai" and not nearest:
        raise OptionError(
            "Otsu and Rai's bootstrap is for nearest neighbours",
            found=f"controls chosen by method={group.method!r}",
            do="use method='auto'",
        )
    if method == "naive" and nearest:
        warn(
            "The naive bootstrap is not valid for nearest neighbours (Abadie and Imbens 2008): its "
            "standard errors can be too small or too large in any sample. method='otsu_rai' is."
        )
    if method != "auto":
        return method
    return "otsu_rai" if nearest else "naive"


def _refuse_blocks(blocks: Blocks) -> None:
    """Raise where blocks are asked for and nothing is drawn in blocks."""
    if blocks != "sides":
        raise OptionError(
            "Otsu and Rai's bootstrap weighs persons, and draws from no blocks",
            found=f"blocks={blocks!r}",
            do="leave out blocks=",
        )


def _pipeline(
    group: ControlGroup, target: TargetEffects, adjust: bool
) -> tuple[Callable[[IntArray], list[FloatArray | SupportError]], int]:
    """Return what is done with some draws of persons, and with how many at a time."""
    if group.model is None and (adjust or group.risk.cube.PER_YEAR > 1):
        return one_by_one(partial(rematched, group, target, adjust)), 1
    again = (Rematched if group.model is None else Reweighted).of(group, target)
    return again.estimate, again.together


def _urns(group: ControlGroup, blocks: Blocks, cluster: Term) -> Urns:
    """Return what is drawn: persons of a side or start year, or clusters.

    For matching persons outside the risk sets come along, since cells are made anew; they have no
    cluster there, and stay out.
    """
    cube = group.risk.cube
    if not arguments.is_one_of(cluster, ["person"]):
        unit = cluster_of(group, cluster)
        many = int(unit.max()) + 1
        if many < FEWEST:
            raise EffectsError(
                f"Too few clusters to draw by {cluster}",
                found=f"{many} clusters, and at least {FEWEST} are needed",
                do=f"use mih.wild_bootstrap(group, year=3, cluster={str(cluster)!r}), which is "
                "made for few, or draw persons: cluster='person'",
            )
        return Urns(unit, np.zeros(many, dtype=np.int64))
    start = cube.start_year
    return Urns(
        np.arange(cube.n_persons),
        np.asarray(start if blocks == "start_year" else (start > 0).astype(np.int64)),
    )


def _warn_of_failures(found: Draws, draws: int) -> None:
    if found.failed:
        warn(
            f"{found.failed} of {draws} draws of persons have no estimate and are left out, which "
            "makes standard errors a little too small."
        )
