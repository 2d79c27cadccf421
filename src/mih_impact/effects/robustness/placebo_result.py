"""PlaceboTest: what was found where nothing can be, in a table, in words and as a figure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import interval, number, p_value, percent
from mih_impact.display.result import evidence_of
from mih_impact.display.small_cells import naming_limit
from mih_impact.display.unit import amount
from mih_impact.effects.forest import Rows, forest
from mih_impact.effects.robustness.counted import CountedCheck, p_text
from mih_impact.panel.contract import label_of
from mih_impact.storage import saveable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PlaceboTest", "placebo_title", "placebo_words"]

START = "placebo_start"

_START_TITLE = Label(
    nb="Placebotest, oppstart {years} år for tidlig: {outcome}",
    en="Placebo test, start {years} years too early: {outcome}",
)
_START_TITLE_ONE = Label(
    nb="Placebotest, oppstart ett år for tidlig: {outcome}",
    en="Placebo test, start one year too early: {outcome}",
)
_OUTCOMES_TITLE = Label(
    nb="Placebotest av utfall som tiltaket ikke kan ha endret",
    en="Placebo test of outcomes that the programme cannot have changed",
)
_YEAR = Label(nb="år {year}: {estimate}", en="year {year}: {estimate}")
_JOINT = Label(nb="Samlet {p}.", en="Joint {p}.")
_NO_JOINT = Label(
    nb="Samlet test finnes ikke: for få personer, eller et utfall som ikke varierer eller følger "
    "av de andre.",
    en="There is no joint test: too few persons, or an outcome that does not vary or follows from "
    "the others.",
)
_BEFORE = Label(
    nb="Placeboeffekt før den egentlige oppstarten: {years}.",
    en="Placebo effect before the true start: {years}.",
)
_BALANCED = Label(
    nb="Kontrollgruppen selv er matchet på år {years}: det som skiller der, er den valgt for å "
    "utligne.",
    en="The control group itself is matched on year {years}: what differs there it is chosen to "
    "even out.",
)
_SMALLEST = Label(
    nb="Minste p for ett utfall, justert for at {n} er testet (Holm): {outcome}, {p}.",
    en="Least p of an outcome, adjusted for {n} being tested (Holm): {outcome}, {p}.",
)
_POWER = Label(
    nb="Testen finner bare forskjeller som er store nok til å ses med disse standardfeilene.",
    en="The test only finds differences large enough to be seen with these standard errors.",
)
_HIDDEN = Label(
    nb="Noen rader er skjult: for få personer.", en="Some rows are hidden: too few persons."
)
_COLUMNS = {
    "year": Label(nb="År før oppstart", en="Year before start"),
    "outcome": Label(nb="Utfall", en="Outcome"),
    "since": Label(nb="År", en="Year"),
    "estimate": Label(nb="Placeboeffekt", en="Placebo effect"),
    "interval": Label(nb="{level} konfidensintervall", en="{level} confidence interval"),
    "p": Label(nb="p", en="p"),
    "holm": Label(nb="p (Holm)", en="p (Holm)"),
}
_IN_ERRORS = Label(
    nb="placeboeffekt, antall standardfeil", en="placebo effect, number of standard errors"
)
_EFFECT = Label(nb="placeboeffekt", en="placebo effect")
_BEFORE_START = Label(nb="{n} år før oppstart", en="{n} years before start")
_ONE_BEFORE_START = Label(nb="1 år før oppstart", en="1 year before start")
_IN_YEAR = Label(nb="{outcome}, år {year}", en="{outcome}, year {year}")
_NOTE = Label(nb="Strek: {level} konfidensintervall.", en="Bars: {level} confidence interval.")


@saveable("PlaceboTest")
@dataclass(frozen=True, eq=False, repr=False)
class PlaceboTest(CountedCheck):
    """What was found where the programme can have done nothing.

    Made by `placebo_start` and `placebo_outcomes`, which say what the table has.

    Attributes
    ----------
    price_year
        The year whose prices money is in.
    alpha
        Probability of a false alarm of the joint test; intervals cover the rest.
    """

    built_on_persons: ClassVar[tuple[str, ...]] = (
        *CountedCheck.built_on_persons,
        "p_outcome",
        "p_holm",
    )

    price_year: int
    alpha: float

    def shown(self) -> PlaceboTest:
        """Return the test as it is displayed and saved: rows of few persons blanked.

        The joint test rests on every row, and there is none, nor a verdict, where one is hidden.
        """
        if not self.hidden.any():
            return self
        joint = dict.fromkeys(("statistic", "df", "p_joint"), np.nan)
        return super(PlaceboTest, replace(self, table=self.table.assign(**joint))).shown()

    def verdict(self, table: pd.DataFrame) -> bool | None:
        """Return None: a test of which a part is hidden says nothing."""
        del table
        return None

    def words(self, table: pd.DataFrame) -> dict[str, str]:
        """Return the verdict in words, as a table tells it."""
        return placebo_words(self.name, table, self.alpha)

    def card_table(self, lang: Lang) -> pd.DataFrame:
        """Return the tested years or outcomes as displayed."""
        rows = self.table.to_dict("records")
        cover = percent(1.0 - self.alpha, lang=lang)
        shown = {
            "estimate": [amount(row["unit"])(row["estimate"], lang=lang) for row in rows],
            "interval": [
                interval(row["conf_low"], row["conf_high"], amount(row["unit"]), lang)
                for row in rows
            ],
            "p": [p_value(row["p_value"], lang) for row in rows],
        }
        if self.name == START:
            first = {"year": [number(row["year_since_start"], lang=lang) for row in rows]}
        else:
            first = {
                "outcome": [label_of(row["outcome"]).text(lang) for row in rows],
                "since": [number(row["year_since_start"], lang=lang) for row in rows],
            }
            shown["holm"] = [p_value(row["p_holm"], lang) for row in rows]
        named = {_COLUMNS[name].format(level=cover).text(lang): v for name, v in first.items()}
        named |= {_COLUMNS[name].format(level=cover).text(lang): v for name, v in shown.items()}
        return pd.DataFrame(named)

    def plot(self, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw each placebo effect with its interval; in standard errors where units differ."""
        table = self.shown().table
        units = table["unit"].unique()
        scale = np.ones(len(table)) if len(units) == 1 else table["std_error"].to_numpy()

        def drawn(lang: Lang) -> Rows:
            note = _NOTE.format(level=percent(1.0 - self.alpha, lang=lang)).text(lang)
            words = self.shown().sentence[lang]
            return Rows(
                names=self._names(lang),
                estimate=table["estimate"].to_numpy() / scale,
                low=table["conf_low"].to_numpy() / scale,
                high=table["conf_high"].to_numpy() / scale,
                unit=str(units[0]) if len(units) == 1 else "",
                price_year=self.price_year,
                what=(_EFFECT if len(units) == 1 else _IN_ERRORS).text(lang),
                title=self.title[lang],
                source=" ".join(filter(None, [note, words, evidence_of(self, lang)])),
                alt=f"{self.title[lang]}. {words}",
            )

        return forest(drawn, ax=ax, lang=lang)

    def _names(self, lang: Lang) -> list[str]:
        """Return what each row is of."""
        rows = self.table.to_dict("records")
        if self.name == START:
            return [
                (_ONE_BEFORE_START if row["year_since_start"] == -1 else _BEFORE_START)
                .format(n=number(-row["year_since_start"], lang=lang))
                .text(lang)
                for row in rows
            ]
        if self.table["year_since_start"].nunique() == 1:
            return [label_of(row["outcome"]).text(lang) for row in rows]
        return [
            _IN_YEAR.format(
                outcome=label_of(row["outcome"]), year=number(row["year_since_start"], lang=lang)
            ).text(lang)
            for row in rows
        ]


def placebo_title(name: str, table: pd.DataFrame) -> dict[str, str]:
    """Return what was tested."""
    if name != START:
        return {"nb": _OUTCOMES_TITLE.nb, "en": _OUTCOMES_TITLE.en}
    early = int((table["year_since_placebo"] - table["year_since_start"]).iloc[0])
    title = (_START_TITLE_ONE if early == 1 else _START_TITLE).format(
        years=str(early), outcome=label_of(table["outcome"].iloc[0])
    )
    return {"nb": title.nb, "en": title.en}


def placebo_words(name: str, table: pd.DataFrame, alpha: float) -> dict[str, str]:
    """Return the verdict in words, in both languages."""
    told = _start_words if name == START else _outcome_words
    return {"nb": told(table, alpha, "nb"), "en": told(table, alpha, "en")}


def _start_words(table: pd.DataFrame, alpha: float, lang: Lang) -> str:
    years = ", ".join(
        _YEAR.format(
            year=number(row["year_since_start"], lang=lang),
            estimate=amount(row["unit"])(row["estimate"], lang=lang),
        ).text(lang)
        for row in table.to_dict("records")
    )
    parts = [_BEFORE.format(years=years).text(lang), _joint_words(table, lang)]
    balanced = table.loc[table["balanced_in_group"], "year_since_start"]
    if table["p_joint"].iloc[0] < alpha and len(balanced):
        which = ", ".join(number(year, lang=lang) for year in balanced)
        parts.append(_BALANCED.format(years=which).text(lang))
    return " ".join([*parts, *_closing(table, lang)])


def _outcome_words(table: pd.DataFrame, alpha: float, lang: Lang) -> str:
    del alpha
    parts = [_joint_words(table, lang)]
    seen = table[table["estimate"].notna() & table["p_holm"].notna()]
    if len(seen):
        least = seen.iloc[int(seen["p_holm"].to_numpy().argmin())]
        parts.append(
            _SMALLEST.format(
                n=number(seen["outcome"].nunique(), lang=lang),
                p=p_text(least["p_holm"], lang),
                outcome=label_of(least["outcome"]),
            ).text(lang)
        )
    return " ".join([*parts, *_closing(table, lang)])


def _joint_words(table: pd.DataFrame, lang: Lang) -> str:
    p = table["p_joint"].iloc[0]
    return (_JOINT.format(p=p_text(p, lang)) if p == p else _NO_JOINT).text(lang)


def _closing(table: pd.DataFrame, lang: Lang) -> list[str]:
    """Return what is true of every placebo: it sees what is large; and that rows are hidden."""
    hidden = [naming_limit(_HIDDEN)[lang]] if table["estimate"].isna().any() else []
    return [_POWER.text(lang), *hidden]
