"""LeaveOneOut: an effect without each level in turn, in a table, in words and as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.covariates import Term, term_label
from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import count, interval, number, percent, year_range
from mih_impact.display.result import evidence_of
from mih_impact.display.small_cells import is_small, naming_limit, with_complement
from mih_impact.display.unit import AnyUnit, amount
from mih_impact.effects.forest import Rows, forest
from mih_impact.effects.robustness.counted import CountedCheck
from mih_impact.panel.contract import label_of
from mih_impact.storage import saveable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LeaveOneOut", "effect_on", "title", "verdict", "words"]

_TITLE = Label(
    nb="Én utelatt om gangen ({by}): {effect}", en="One left out at a time ({by}): {effect}"
)
_EFFECT = Label(nb="effekt på {outcome}, år {years}", en="effect on {outcome}, year {years}")
_MEAN = Label(
    nb="effekt på {outcome}, gjennomsnitt av år {years}",
    en="effect on {outcome}, average of years {years}",
)
_START_YEAR = Label(nb="oppstartsår", en="start year")
_RANGE = Label(
    nb="Med alle er effekten {full}. Med én utelatt er den fra {low} (uten {lowest}) til {high} "
    "(uten {highest}).",
    en="With everybody the effect is {full}. With one left out it is from {low} (without {lowest}) "
    "to {high} (without {highest}).",
)
_ONE = Label(
    nb="Med alle er effekten {full}. Uten {lowest} er den {low}.",
    en="With everybody the effect is {full}. Without {lowest} it is {low}.",
)
_NONE = Label(
    nb="Ingen effekt kan beregnes når én er utelatt.",
    en="No effect can be estimated with one left out.",
)
_NO_WHOLE = Label(
    nb="Det er ingenting å sammenligne med: effekten for alle kan ikke beregnes, eller den er "
    "skjult fordi den gjelder få personer.",
    en="There is nothing to compare with: everybody's effect cannot be estimated, or is hidden "
    "because few persons are concerned.",
)
_SAME = Label(
    nb="De som vises, har samme fortegn og ligger innenfor konfidensintervallet for alle.",
    en="Those shown have the same sign and lie within everybody's confidence interval.",
)
_NO_INTERVAL = Label(
    nb="De som vises, har samme fortegn; effekten for alle har ikke noe konfidensintervall.",
    en="Those shown have the same sign; everybody's effect has no confidence interval.",
)
_TURNED = Label(nb="Fortegnet snur uten {names}.", en="The sign turns without {names}.")
_OUTSIDE = Label(
    nb="Uten {names} ligger effekten utenfor konfidensintervallet for alle.",
    en="Without {names} the effect lies outside everybody's confidence interval.",
)
_MISSING = Label(
    nb="Uten {names} kan den ikke beregnes, eller den er skjult fordi det gjelder få personer.",
    en="Without {names} it cannot be estimated, or is hidden because few persons are concerned.",
)
_VERDICT = Label(nb="Resultat", en="Result")
_VERDICTS = {
    True: Label(nb="henger ikke på én alene", en="does not hang on any one"),
    False: Label(nb="henger på hvem som er med", en="hangs on who is in"),
    None: Label(nb="kan ikke sies", en="cannot be told"),
}
_EVERYBODY = Label(nb="alle", en="everybody")
_WITHOUT = Label(nb="uten {name}", en="without {name}")
_COLUMNS = {
    "who": Label(nb="Hvem", en="Who"),
    "n": Label(nb="Deltakere", en="Participants"),
    "estimate": Label(nb="Effekt", en="Effect"),
    "interval": Label(nb="{level} konfidensintervall", en="{level} confidence interval"),
    "difference": Label(nb="Forskjell fra alle", en="Difference from everybody"),
}
_WHAT = Label(nb="effekt", en="effect")
_NOTE = Label(
    nb="Strek: {level} konfidensintervall. Felt: intervallet for alle.",
    en="Bars: {level} confidence interval. Shade: everybody's interval.",
)


@saveable("LeaveOneOut")
@dataclass(frozen=True, eq=False, repr=False)
class LeaveOneOut(CountedCheck):
    """An effect without each level of a column in turn.

    Made by `leave_one_out`, which says what the table has.

    Attributes
    ----------
    by
        The column.
    outcome, years
        The effect: an outcome, and the year since start or those it is the mean of.
    unit
        Unit of the effect: a currency, "share" or another.
    price_year
        The year whose prices money is in.
    level
        Coverage of the intervals.
    """

    built_on_persons: ClassVar[tuple[str, ...]] = (*CountedCheck.built_on_persons, "difference")

    by: str
    outcome: str
    years: tuple[int, ...]
    unit: AnyUnit
    price_year: int
    level: float

    @property
    def hidden(self) -> NDArray[np.bool_]:
        """Which rows are hidden, shape (rows,).

        Those of few persons, with the level or without, and further levels: everybody's effect is
        the mean over levels, so that one hidden level is what the others leave.
        """
        small = super().hidden
        n = self.table["n_participants"].to_numpy(dtype=np.float64)
        small |= is_small(n[0] - n)
        if not small[0]:
            small[1:] = with_complement(small[1:], self.table["n_left_out"].iloc[1:])
        return small

    def verdict(self, table: pd.DataFrame) -> bool | None:
        """Return the verdict on a table."""
        return verdict(table)

    def words(self, table: pd.DataFrame) -> dict[str, str]:
        """Return the verdict in words, as a table tells it."""
        return words(table, self.unit)

    def card_table(self, lang: Lang) -> pd.DataFrame:
        """Return everybody and each level left out, as displayed."""
        show = amount(self.unit)
        rows = self.table.to_dict("records")
        cells = {
            "who": self._names(lang),
            "n": [count(row["n_participants"], lang) for row in rows],
            "estimate": [show(row["estimate"], lang=lang) for row in rows],
            "interval": [interval(row["conf_low"], row["conf_high"], show, lang) for row in rows],
            "difference": [
                show(row["difference"] if row["left_out"] else None, lang=lang) for row in rows
            ],
        }
        cover = percent(self.level, lang=lang)
        return pd.DataFrame(
            {_COLUMNS[k].format(level=cover).text(lang): v for k, v in cells.items()}
        )

    def plot(self, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw everybody's effect and that without each level, with intervals."""
        shown = self.shown()

        def drawn(lang: Lang) -> Rows:
            table = shown.table
            note = _NOTE.format(level=percent(self.level, lang=lang)).text(lang)
            said = shown.sentence[lang]
            full = table.iloc[0]
            return Rows(
                names=self._names(lang),
                estimate=table["estimate"].to_numpy(),
                low=table["conf_low"].to_numpy(),
                high=table["conf_high"].to_numpy(),
                unit=self.unit,
                price_year=self.price_year,
                what=_WHAT.text(lang),
                title=self.title[lang],
                source=" ".join(filter(None, [note, said, evidence_of(self, lang)])),
                alt=f"{self.title[lang]}. {said}",
                band=(full["conf_low"], full["conf_high"]),
                first=1,
            )

        return forest(drawn, ax=ax, lang=lang)

    def _names(self, lang: Lang) -> list[str]:
        return [
            _WITHOUT.format(name=name).text(lang) if name else _EVERYBODY.text(lang)
            for name in self.table["left_out"]
        ]

    def _card(self, lang: Lang) -> Card:
        said = _VERDICTS[self.shown().passed].text(lang)
        return replace(super()._card(lang), lines=((_VERDICT.text(lang), said),))


def effect_on(outcome: str, years: Sequence[int]) -> Label:
    """Return in words which effect it is."""
    if len(years) == 1:
        year = Label(*(number(years[0], lang=lang) for lang in ("nb", "en")))
        return _EFFECT.format(outcome=label_of(outcome), years=year)
    run = years[0] >= 0 and len(years) == years[-1] - years[0] + 1
    each = (", ".join(number(e, lang=lang) for e in years) for lang in ("nb", "en"))
    text = year_range(years[0], years[-1]) if run else Label(*each)
    return _MEAN.format(outcome=label_of(outcome), years=text)


def title(by: Term, outcome: str, years: Sequence[int]) -> dict[str, str]:
    """Return what was left out, and of which effect."""
    column = (
        _START_YEAR
        if by == "start_year"
        else Label(nb=term_label(by, "nb"), en=term_label(by, "en"))
    )
    label = _TITLE.format(by=column, effect=effect_on(outcome, years))
    return {"nb": label.nb, "en": label.en}


def verdict(table: pd.DataFrame) -> bool | None:
    """Return whether all estimates have the sign of the first, and lie within its interval.

    None where the first or its interval is missing, or all others are.
    """
    full, rest = table.iloc[0], table.iloc[1:].dropna(subset=["estimate"])
    if not len(rest) or np.isnan(full["conf_low"]):
        return None
    same = np.sign(rest["estimate"]) == np.sign(full["estimate"])
    return bool((same & rest["estimate"].between(full["conf_low"], full["conf_high"])).all())


def words(table: pd.DataFrame, unit: AnyUnit) -> dict[str, str]:
    """Return in words how far the effect moves, in both languages."""
    return {"nb": _words(table, unit, "nb"), "en": _words(table, unit, "en")}


def _words(table: pd.DataFrame, unit: AnyUnit, lang: Lang) -> str:
    show = amount(unit)
    full, rest = table.iloc[0], table.iloc[1:]
    seen = rest.dropna(subset=["estimate"])
    missing = rest.loc[rest["estimate"].isna(), "left_out"].tolist()
    unsaid = [naming_limit(_MISSING.format(names=", ".join(missing)))[lang]] if missing else []
    if np.isnan(full["estimate"]):
        return naming_limit(_NO_WHOLE)[lang]
    if not len(seen):
        return " ".join([_NONE.text(lang), *unsaid])
    estimate = seen["estimate"].to_numpy()
    least, most = seen.iloc[int(estimate.argmin())], seen.iloc[int(estimate.argmax())]
    first = (
        (_RANGE if len(seen) > 1 else _ONE)
        .format(
            full=show(full["estimate"], lang=lang),
            low=show(least["estimate"], lang=lang),
            lowest=least["left_out"],
            high=show(most["estimate"], lang=lang),
            highest=most["left_out"],
        )
        .text(lang)
    )
    turned = seen[np.sign(seen["estimate"]) != np.sign(full["estimate"])]
    bounded = bool(np.isfinite(full["conf_low"]))
    outside = seen[~seen["estimate"].between(full["conf_low"], full["conf_high"]) & bounded]
    found = [
        label.format(names=", ".join(rows["left_out"])).text(lang)
        for label, rows in ((_TURNED, turned), (_OUTSIDE, outside))
        if len(rows)
    ]
    return " ".join([first, *(found or [(_SAME if bounded else _NO_INTERVAL).text(lang)]), *unsaid])
