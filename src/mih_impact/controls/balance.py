"""Balance: how alike participants and controls were before start, before and after matching."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.covariates import Term, term_label
from mih_impact.controls.group import ControlGroup
from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import number
from mih_impact.display.options import current
from mih_impact.display.provenance import Provenance
from mih_impact.display.result import Result
from mih_impact.display.small_cells import with_complement
from mih_impact.storage import save, saveable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Balance", "balance"]

FloatArray = NDArray[np.float64]

#: A standardised difference beyond this is called imbalance (Stuart, Lee and Leacy 2013).
TOLERATED = 0.1

_TITLE = Label(nb="Balanse før og etter {how}", en="Balance before and after {how}")
#: How controls were chosen, by the call that chose them.
_HOW = {
    "match": Label(nb="matching", en="matching"),
    "weight": Label(nb="vekting", en="weighting"),
}
_LARGEST = Label(
    nb="Største standardiserte forskjell, {side}", en="Largest standardised difference, {side}"
)
_BEFORE = Label(nb="før", en="before")
_AFTER = Label(nb="etter", en="after")
_OVER = Label(
    nb="Kjennetegn med forskjell over {limit} etter {how}",
    en="Covariates that differ by more than {limit} after {how}",
)
_EFFECTIVE = Label(nb="Effektiv utvalgsstørrelse, kontroller", en="Effective sample size, controls")


@saveable("Balance")
@dataclass(frozen=True, eq=False, repr=False)
class Balance(Result):
    """Standardised differences and variance ratios, before and after matching.

    Attributes
    ----------
    frame
        A row per covariate; see `to_frame`.
    start_years
        A row per start year and covariate; see `by_start_year`.
    effective_controls
        Kish's effective number of control persons.
    n_participants, n_controls
        Matched participants, distinct control persons.
    provenance
        Versions, options, seed and fingerprint of the data.
    """

    frame: pd.DataFrame
    start_years: pd.DataFrame
    effective_controls: float
    n_participants: int
    n_controls: int
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return means, standardised differences and variance ratios, a row per covariate."""
        return self.frame.copy()

    def by_start_year(self) -> pd.DataFrame:
        """Return the same by start year, with the matched participants behind each row.

        The yardstick is that of all start years, so that small years are not judged by their own.
        """
        return self.start_years.copy()

    @property
    def how(self) -> Label:
        """What the participants and controls went through: matching or weighting."""
        return _HOW.get(self.provenance.call, _HOW["match"])

    @property
    def worst(self) -> float:
        """The largest standardised difference after matching, in absolute value."""
        return float(self.frame["smd_after"].abs().max())

    def plot(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the love plot: absolute standardised differences before and after."""
        from mih_impact.controls.figures import love_plot

        return love_plot(self, ax=ax, lang=lang)

    def save(self, path: str | Path) -> Path:
        """Save the tables as displayed; `load` gives them back."""
        return save(self.shown(), path)

    def shown(self) -> Balance:
        """Return the tables as they are saved: start years of few matched participants blanked.

        And of one more, since the means of all together would else give theirs away.
        """
        table = self.start_years
        n = table.groupby("start_year")["n_participants"].first()
        few = (n < current().min_cell).to_numpy()  # of nobody matched, there are means before
        if not few.any():
            return self
        years = n.index[with_complement(few, n)]
        built = table.columns.drop(["start_year", "covariate", "label_nb", "label_en"])
        shown = table.astype(dict.fromkeys(built, np.float64))
        shown.loc[table["start_year"].isin(years), built] = np.nan
        return replace(self, start_years=shown)

    def _card(self, lang: Lang) -> Card:
        def largest(side: str) -> str:
            value = float(self.frame[f"smd_{side}"].abs().max())
            return number(value, decimals=3, lang=lang)

        over = int((self.frame["smd_after"].abs() > TOLERATED).sum())
        limit = number(TOLERATED, decimals=1, lang=lang)
        lines = (
            (_LARGEST.format(side=_BEFORE.text(lang)).text(lang), largest("before")),
            (_LARGEST.format(side=_AFTER.text(lang)).text(lang), largest("after")),
            (_OVER.format(limit=limit, how=self.how).text(lang), number(over, lang=lang)),
            (_EFFECTIVE.text(lang), number(self.effective_controls, lang=lang)),
        )
        return Card(title=_TITLE.format(how=self.how).text(lang), lines=lines)


def balance(group: ControlGroup) -> Balance:
    """Compare participants with candidates (before) and with their controls (after).

    Parameters
    ----------
    group
        The control group.

    Returns
    -------
    Balance

    Notes
    -----
    The standardised difference is the difference of means over the standard deviation of the
    participants before matching, the same before and after, so that matching cannot improve it by
    changing the yardstick. Before: all rows of the risk sets, each with weight 1. After: matched
    participants and the weights of their controls. The variance ratio is participants over
    controls, weighted with divisor W - sum(w^2)/W; it is not given for indicators. A covariate
    that does not vary among participants has no standardised difference unless the means agree.

    References
    ----------
    Stuart, Lee and Leacy (2013), Prognostic score-based balance measures, J Clin Epidemiol 66.
    """
    risk = group.risk
    after = group.row_weight
    years = []
    for c in risk.start_years.tolist():
        here = risk.start_year == c
        table = _table(group, after, here)
        table.insert(0, "start_year", c)
        table.insert(4, "n_participants", int((here & risk.treated & (after > 0)).sum()))
        years.append(table)
    return Balance(
        frame=_table(group, after, np.ones(len(after), dtype=bool)),
        start_years=pd.concat(years, ignore_index=True),
        effective_controls=group.effective_controls,
        n_participants=group.n_participants,
        n_controls=group.n_controls,
        provenance=group.provenance,
    )


def _table(group: ControlGroup, after: FloatArray, rows: NDArray[np.bool_]) -> pd.DataFrame:
    """Compare the sides among some rows of the risk sets, a row per covariate."""
    risk = group.risk
    treated = risk.treated[rows]
    table = []
    for design in (risk.design, risk.exact_design):
        for k, name in enumerate(design.names):
            x = design.column(k)
            yardstick = float(np.sqrt(_moments(x[risk.treated], np.ones(risk.treated.sum()))[1]))
            label = _label(design.terms[k], name)
            found = _compare(x[rows], treated, after[rows], yardstick)
            table.append({"covariate": name, "label_nb": label.nb, "label_en": label.en, **found})
    return pd.DataFrame(table)


def _label(term: Term, name: str) -> Label:
    """Return the displayed name of a column of the design: the term, and the category if one."""
    category = f": {name.split('=', 1)[1]}" if "=" in name else ""
    return Label(nb=term_label(term, "nb") + category, en=term_label(term, "en") + category)


def _moments(x: FloatArray, weight: FloatArray) -> tuple[float, float]:
    """Return the weighted mean and variance; frequency weights of 1 give the usual ones."""
    total = float(weight.sum())
    if total <= 0:
        return float("nan"), float("nan")
    mean = float(weight @ x) / total
    divisor = total - float(weight @ weight) / total
    variance = float(weight @ (x - mean) ** 2) / divisor if divisor > 0 else float("nan")
    return mean, variance


def _compare(
    x: FloatArray, treated: NDArray[np.bool_], after: FloatArray, yardstick: float
) -> dict[str, float]:
    """Return means, standardised differences and variance ratios of one covariate."""
    indicator = bool(np.isin(x, (0.0, 1.0)).all())
    row: dict[str, float] = {}
    for side, weight in (("before", np.ones(len(x))), ("after", after)):
        mean_t, var_t = _moments(x[treated], weight[treated])
        mean_c, var_c = _moments(x[~treated], weight[~treated])
        gap = mean_t - mean_c
        row[f"participants_{side}"] = mean_t
        row[f"controls_{side}"] = mean_c
        row[f"smd_{side}"] = gap / yardstick if yardstick > 0 else (0.0 if gap == 0 else np.nan)
        ratio = var_t / var_c if not indicator and var_c > 0 else float("nan")
        row[f"variance_ratio_{side}"] = ratio
    return row
