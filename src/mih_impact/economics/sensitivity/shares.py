"""Which uncertainty is to blame: contributions to the variance that add up to all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import percent
from mih_impact.display.provenance import Provenance
from mih_impact.economics.actors import GROUP_LABELS, GROUPS
from mih_impact.economics.checks import require_group
from mih_impact.economics.evaluate import MOST_DRAWS
from mih_impact.economics.labels import hundreds, role_label
from mih_impact.economics.saved import SavedResult
from mih_impact.economics.uncertainty.draws import drawn_effects, drawn_values
from mih_impact.errors import AssumptionError
from mih_impact.storage import saveable

if TYPE_CHECKING:
    from mih_impact.economics.values import AccountValues

__all__ = ["VarianceShares", "variance_shares_of"]

FloatArray = NDArray[np.float64]

_TITLE = Label(nb="Hvor usikkerheten kommer fra: {who}", en="Where uncertainty comes from: {who}")
_SOURCE = Label(nb="Kilde", en="Source")
_SHARE = Label(nb="Andel av variansen", en="Share of variance")
_SD = Label(nb="Standardavvik alene", en="Standard deviation alone")
_EFFECT = Label(nb="effekten på {what}", en="the effect on {what}")
_TOGETHER = Label(nb="samspill", en="interactions")
_NOTE = Label(
    nb="Andelene summerer seg til hele variansen. En negativ andel demper: den trekker motsatt vei"
    " av resten.",
    en="The shares add up to the whole variance. A negative share dampens: it pulls against the"
    " rest.",
)


@saveable("VarianceShares")
@dataclass(frozen=True, eq=False, repr=False)
class VarianceShares(SavedResult):
    """Contributions to the variance of present values; made by `CostBenefit.variance_shares`.

    Attributes
    ----------
    table
        See `to_frame`.
    draws, seed
        Number of draws behind them, and their seed.
    provenance
        Versions, options and fingerprint of the data.
    """

    table: pd.DataFrame
    draws: int
    seed: int
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return a row per source and group.

        Returns
        -------
        DataFrame
            `source` (`effect:<role>`, an assumption, or `interactions`), `label_nb, label_en,
            actor, contribution` (to the variance, adding up to it), `share, std_dev_alone`.
        """
        return self.table.copy()

    def of(self, actor: str = "society") -> pd.DataFrame:
        """Return the rows of one group, the largest share first."""
        require_group(actor)
        rows = self.table[self.table["actor"] == actor]
        order = rows["share"].abs().sort_values(ascending=False, kind="stable").index
        return rows.loc[order].reset_index(drop=True)

    def _card(self, lang: Lang) -> Card:
        rows = self.of()
        rows = rows[rows["share"].abs() >= 0.001]
        table = pd.DataFrame(
            {
                _SOURCE.text(lang): rows[f"label_{lang}"],
                _SHARE.text(lang): [percent(share, 1, lang) for share in rows["share"]],
                _SD.text(lang): [hundreds(sd, lang) for sd in rows["std_dev_alone"]],
            }
        ).reset_index(drop=True)
        title = _TITLE.format(who=GROUP_LABELS["society"]).text(lang)
        return Card(title, table=table, notes=(_NOTE.text(lang),))


def variance_shares_of(case: AccountValues, n: int, seed: int) -> VarianceShares:
    """Take the variance of present values apart; see `CostBenefit.variance_shares`.

    Notes
    -----
    f_k is the present value with source k alone drawn and the others at their base values, Y that
    with all of them drawn on the same seeds. The contribution of k is Cov(f_k, Y); what is left of
    Var(Y), Cov(Y - sum of f_k, Y), is their interactions. So they add up by construction. Where the
    account is a sum of its sources, interactions are 0 and contributions are the usual ones.
    """
    arguments.whole("n", n, low=100, high=MOST_DRAWS, error=AssumptionError)
    arguments.seed(seed, error=AssumptionError)
    books = case._books
    values = drawn_values(case, n, seed)
    effects = drawn_effects(case, n, seed)

    def run(paths: FloatArray, changes: dict[str, FloatArray]) -> FloatArray:
        total = books.discounted(paths, changes).sum(axis=-1)
        return np.broadcast_to(total, (n, len(GROUPS)))

    whole = run(case.effects if effects is None else effects, values)
    alone: list[tuple[str, Label, FloatArray]] = []
    for row, role in enumerate(case.roles if effects is not None else ()):
        assert effects is not None
        paths = np.broadcast_to(case.effects, effects.shape).copy()
        paths[:, row] = effects[:, row]
        label = _EFFECT.format(what=role_label(role, case.benefits))
        alone.append((f"effect:{role}", label, run(paths, {})))
    for item in case.used_assumptions():
        if item.name in values:
            found = run(case.effects, {item.name: values[item.name]})
            alone.append((item.name, item.label, found))
    left = whole - sum((found for *_, found in alone), np.zeros_like(whole))
    rows = [_rows(name, label, found, whole) for name, label, found in alone] + [
        _rows("interactions", _TOGETHER, left, whole)
    ]
    frame = pd.concat(rows, ignore_index=True)
    return VarianceShares(frame, n, seed, case.provenance)


def _rows(name: str, label: Label, found: FloatArray, whole: FloatArray) -> pd.DataFrame:
    """Return the rows of one source, a row per group."""
    centred = whole - whole.mean(axis=0)
    contribution = (found * centred).mean(axis=0)
    variance = (centred**2).mean(axis=0)
    # A group that nothing moves has no variance, and nothing has a share of it.
    moved = variance > 1e-18 * np.maximum((whole**2).max(axis=0), 1.0)
    share = np.divide(contribution, variance, out=np.full(len(GROUPS), np.nan), where=moved)
    return pd.DataFrame(
        {
            "source": name, "label_nb": label.nb, "label_en": label.en, "actor": GROUPS,
            "contribution": contribution, "share": share, "std_dev_alone": found.std(axis=0),
        }
    )  # fmt: skip
