"""The figure of averages that do not go by years since start: by start year, by year, overall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import percent
from mih_impact.display.result import evidence_of
from mih_impact.effects.figures import interval_level
from mih_impact.effects.forest import Rows, forest
from mih_impact.errors import EffectsError
from mih_impact.panel.contract import label_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.effects.series import EffectSeries

__all__ = ["plot_averages"]

_TITLES = {
    "group": Label(
        nb="Effekt på {outcome} etter oppstartsår", en="Effect on {outcome} by start year"
    ),
    "calendar": Label(
        nb="Effekt på {outcome} per kalenderår", en="Effect on {outcome} by calendar year"
    ),
    "overall": Label(nb="Samlet effekt på {outcome}", en="Overall effect on {outcome}"),
}
_DIFFERENCE = Label(nb="forskjell fra kontrollgruppen", en="difference from the control group")
_NOTE = Label(nb="Strek: {level} konfidensintervall.", en="Bars: {level} confidence interval.")
_ALL = Label(nb="alle", en="all")


def plot_averages(
    effects: EffectSeries, outcome: str, *, ax: Axes | None = None, lang: Lang | None = None
) -> Axes:
    """Draw the estimate at each level with its interval, beneath each other.

    Parameters
    ----------
    effects
        Averages by start year, by calendar year, or overall.
    outcome
        The outcome.
    ax, lang
        Axes to draw on, and language; new ones and the option in force if None.

    Raises
    ------
    EffectsError
        An unknown outcome.
    """
    if outcome not in effects.outcomes:
        raise EffectsError(
            f"No effects of {outcome!r}",
            found=f"outcomes {', '.join(effects.outcomes)}",
            do="name one of these",
        )
    shown = effects.shown().frame
    frame = shown[(shown["outcome"] == outcome) & (shown["subgroup"] == effects.subgroups[0])]

    def rows(lang: Lang) -> Rows:
        title = _TITLES[effects.term].format(outcome=label_of(outcome)).text(lang)
        level = percent(interval_level(effects), lang=lang)
        note = _NOTE.format(level=level).text(lang)
        overall = effects.term == "overall"
        return Rows(
            names=[_ALL.text(lang) if overall else str(int(year)) for year in frame["level"]],
            estimate=frame["estimate"].to_numpy(dtype=float),
            low=frame["conf_low"].to_numpy(dtype=float),
            high=frame["conf_high"].to_numpy(dtype=float),
            unit=effects.units[outcome],
            price_year=effects.price_year,
            what=_DIFFERENCE.text(lang),
            title=title,
            source=" ".join(filter(None, [note, evidence_of(effects, lang)])),
            alt=f"{title}.",
        )

    return forest(rows, ax=ax, lang=lang)
