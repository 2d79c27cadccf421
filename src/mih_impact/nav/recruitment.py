"""The funnel: what the sources count, what is assumed after it, and where 92 % belongs."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mih_impact import arguments
from mih_impact.account.programme import Programme
from mih_impact.account.roles import STATUS_LABELS
from mih_impact.display.figure import CONTROL, PARTICIPANT
from mih_impact.display.layout import figure, finish
from mih_impact.display.locale import Label, Lang, both, capital, in_language, language
from mih_impact.display.numbers import NOT_AVAILABLE, interval, number, percent
from mih_impact.display.result import Card, NoContributors, Result
from mih_impact.nav.case import menn_i_helse
from mih_impact.nav.published import QUANTITIES, published

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Funnel", "funnel", "persons_text", "plot_funnel"]

#: Counted stages of each cohort, in order.
_COUNTED = {
    2019: ("funnel_2019_applied", "funnel_2019_selected"),
    2025: ("funnel_2025_info", "funnel_2025_interview", "funnel_2025_start"),
}
#: The cohort whose starters the programme's phases are followed for.
_FOLLOWED = 2025

#: Shares of the sources that are often read as the effect: of whom, and in what.
_SHARES = {
    "ks_job_share": (
        Label(nb="dem som har tatt fagbrev", en="those with a craft certificate"),
        Label(
            nb="relevant jobb de kan leve av, ingen ytelse fra Nav",
            en="a relevant job they can live on, no benefit from Nav",
        ),
    ),
    "finsam_job_share": (
        Label(nb="deltakerne", en="the participants"),
        Label(nb="arbeid i helsevesenet", en="work in health care"),
    ),
    "finsam_off_benefit": (
        Label(nb="ikke sagt («9 av 10»)", en='not said ("9 in 10")'),
        Label(nb="trenger ikke offentlig forsørgelse", en="no longer in need of public support"),
    ),
}


@dataclass(frozen=True, eq=False, repr=False)
class Funnel(Result):
    """From information meeting to apprenticeship; made by `nav.funnel()`.

    Attributes
    ----------
    table
        The stages, in order within each cohort: `cohort, stage, label_nb, label_en, persons, low,
        high` (the range where it is assumed; `persons` is NaN where nobody has counted or assumed
        them), `share_of_previous` (within what is counted), `share_of_start, status, relation,
        source, note`.
    shares
        See `job_shares`.
    craft_certificates
        Craft certificates taken in 2025: the difference between two cumulative counts.
    programme
        The displayed name of the programme.
    """

    contributors = NoContributors("published figures are nobody's amounts")

    table: pd.DataFrame
    shares: pd.DataFrame
    craft_certificates: float
    programme: Label

    def job_shares(self) -> pd.DataFrame:
        """Return the 92 per cent and related shares, each with what it is a share of.

        Returns
        -------
        DataFrame
            `id, value, of_nb, of_en, in_nb, in_en, status, relation, source, note`. None of them is
            an effect: none has a control group, and none is of those who start.
        """
        return self.shares.copy()

    def plot(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the funnel: what is counted as full bars, what is assumed hatched."""
        with in_language(lang):
            return plot_funnel(self, ax=ax)

    def _card(self) -> Card:
        rows = [
            [
                str(row["cohort"]),
                capital(row[f"label_{language()}"]),
                persons_text(row),
                interval(row["low"], row["high"], number),
                percent(row["share_of_previous"], 0),
                STATUS_LABELS[row["status"]].text(),
            ]
            for row in self.table.to_dict("records")
        ]
        header = [each.text() for each in (_COHORT, _STAGE, _PERSONS, _RANGE, _PREVIOUS, _KIND)]
        certificates = _FAGBREV.format(n=f"{self.craft_certificates:g}")
        notes = (_START_IS, *_job_notes(self.shares), certificates, _AFTER, _LATER)
        return Card(
            _TITLE.format(programme=self.programme).text(),
            table=pd.DataFrame(rows, columns=header),
            notes=tuple(note.text() for note in notes),
        )


def funnel(*, programme: Programme | None = None) -> Funnel:
    """Return the way in to Menn i helse: counted to the start, assumed after it.

    Parameters
    ----------
    programme
        Whose phases are followed after the start; None is `nav.menn_i_helse()`.

    Returns
    -------
    Funnel

    Raises
    ------
    OptionError
        Something else than a programme.

    Notes
    -----
    In 2025: 1,900 at information meetings, just over 1,100 interviewed, over 500 started. In 2019:
    815 applied, 327 had been selected so far. How many of those who start get to school and to
    apprenticeship no source says: the reach of the programme's phases is ours. Here a start is the
    first day of the twelve weeks of practice, drop-outs included.

    Examples
    --------
    >>> stages = funnel().to_frame().set_index("stage")
    >>> float(stages.loc["phase:school", "persons"]), stages.loc["phase:school", "status"]
    (425.0, 'ASSUMED')
    """
    given = menn_i_helse() if programme is None else programme
    arguments.instance(
        "funnel", given, Programme, "a programme", "give mih.nav.menn_i_helse()",
    )  # fmt: skip
    known = published().set_index("id")
    rows = [row for cohort in _COUNTED for row in _counted(cohort, known)]
    start = _value(known, _COUNTED[_FOLLOWED][-1])
    rows += [*_assumed(given, start), _craft_certificate()]
    return Funnel(
        table=pd.DataFrame(rows, columns=_COLUMNS),
        shares=pd.DataFrame([_share(name, known) for name in _SHARES]),
        craft_certificates=_value(known, "fagbrev_2025") - _value(known, "fagbrev_2024"),
        programme=given.label,
    )


_COLUMNS = [
    "cohort", "stage", "label_nb", "label_en", "persons", "low", "high", "share_of_previous",
    "share_of_start", "status", "relation", "source", "note",
]  # fmt: skip


def _value(known: pd.DataFrame, name: str) -> float:
    return float(known["value"].to_dict()[name])


def _counted(cohort: int, known: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the stages that the sources count in one cohort."""
    rows, before = [], np.nan
    for stage in _COUNTED[cohort]:
        row, label, persons = known.loc[stage], QUANTITIES[stage], _value(known, stage)
        rows.append(
            {
                "cohort": cohort, "stage": stage, "label_nb": label.nb, "label_en": label.en,
                "persons": persons, "low": np.nan, "high": np.nan,
                "share_of_previous": persons / before, "share_of_start": np.nan,
                "status": row["status"], "relation": row["relation"], "source": row["source"],
                "note": row["note"],
            }
        )  # fmt: skip
        before = persons
    return rows


def _assumed(programme: Programme, start: float) -> list[dict[str, Any]]:
    """Return the phases, each with as many as its reach gives of those who start."""
    return [
        {
            "cohort": _FOLLOWED, "stage": f"phase:{phase.name}", "label_nb": phase.label.nb,
            "label_en": phase.label.en, "persons": start * phase.reach,
            "low": np.nan if phase.low is None else start * phase.low,
            "high": np.nan if phase.high is None else start * phase.high,
            "share_of_previous": np.nan, "share_of_start": phase.reach,
            "status": "derived" if phase.status == "seen" else phase.status,
            "relation": "not in the register", "source": phase.source, "note": phase.range_source,
        }
        for phase in programme.phases
    ]  # fmt: skip


def _craft_certificate() -> dict[str, Any]:
    """Return the last stage, which nobody has counted by cohort."""
    label = Label(nb="fagbrev", en="craft certificate")
    nothing = dict.fromkeys(
        ("persons", "low", "high", "share_of_previous", "share_of_start"), np.nan
    )
    return {
        "cohort": _FOLLOWED, "stage": "craft_certificate", "label_nb": label.nb,
        "label_en": label.en, **nothing, "status": "not found", "relation": "not in the register",
        "source": "", "note": "no source counts it by cohort",
    }  # fmt: skip


def _share(name: str, known: pd.DataFrame) -> dict[str, Any]:
    (whom, what), row = _SHARES[name], known.loc[name]
    return {
        "id": name, "value": _value(known, name), "of_nb": whom.nb, "of_en": whom.en,
        "in_nb": what.nb, "in_en": what.en, "status": row["status"], "relation": row["relation"],
        "source": row["source"], "note": row["note"],
    }  # fmt: skip


_TITLE = Label(
    nb="Veien inn: {programme}, det som er talt og det som er antatt",
    en="The way in: {programme}, what is counted and what is assumed",
)
_COHORT = Label(nb="Kull", en="Cohort")
_STAGE = Label(nb="Trinn", en="Stage")
_PERSONS = Label(nb="Personer", en="Persons")
_RANGE = Label(nb="Spenn", en="Range")
_PREVIOUS = Label(nb="Av forrige trinn", en="Of the stage before")
_KIND = Label(nb="Tallet er", en="The number is")
_OVER = Label(nb="over {n}", en="over {n}")
_START_IS = Label(
    nb="Oppstart er her første dag i de tolv ukene med praksis, og alle som begynner, teller med,"
    " også de som slutter. Kildene er ikke enige: notatet fra KS/Menn i helse 2025 og kunngjøringen"
    " fra Halden 2022 kaller dem i praksis helserekrutter, mens Finsam 2019 legger kontrakten etter"
    " praksisen. Hva Nav regner som oppstart i sin analyse, er ikke oppgitt.",
    en="A start is here the first day of the twelve weeks of practice, and everyone who begins"
    " counts, drop-outs too. The sources do not agree: the KS/Menn i helse note 2025 and the Halden"
    " notice 2022 call those in practice recruits already, while Finsam 2019 puts the contract"
    " after the practice. What Nav counts as a start in its analysis is not stated.",
)
_JOBS = Label(
    nb="{share} hører til etter fagbrevet, og har to definisjoner i kildene: av {of_a} ({in_a}), og"
    " av {of_b} ({in_b}).",
    en="{share} belongs after the craft certificate, and has two definitions in the sources: of"
    " {of_a} ({in_a}), and of {of_b} ({in_b}).",
)
_NOT_EFFECT = Label(
    nb="{share} er ikke effekten: andelen gjelder ikke alle som startet, og den sier ikke hvor"
    " mange som ville vært i jobb uten tiltaket. Effekten er et gjennomsnitt over alle som startet,"
    " målt mot en kontrollgruppe.",
    en="{share} is not the effect: it is not a share of all who started, and it does not say how"
    " many would have had a job without the programme. The effect is an average over all who"
    " started, measured against a control group.",
)
_FAGBREV = Label(
    nb="Fra over 1\u00a0400 til over 1\u00a0700 fagbrev i alt er om lag {n} på ett år"
    " (2025). Hvilke kull de startet i, og hvor store de var, står ikke i kildene. Andelen som"
    " fullfører, kan derfor ikke regnes ut.",
    en="From over 1,400 to over 1,700 craft certificates in all is about {n} in one year (2025)."
    " Which cohorts they started in, and how large those were, is not in the sources. The share who"
    " complete can therefore not be worked out.",
)
_AFTER = Label(
    nb="Det som kommer etter oppstart, er antakelser om hvor mange av de 500 som når fram."
    " Tallene er fra dokumentene; ingen av dem er hentet fra et register.",
    en="What comes after the start is an assumption of how many of the 500 get that far. The"
    " numbers are those of the documents; none is from a register.",
)
_LATER = Label(
    nb="De to kullene kan ikke sammenlignes: i 2019 er det søkere og «hittil valgt ut», i 2025"
    " møtedeltakere og oppstart.",
    en='The two cohorts cannot be compared: in 2019 it is applicants and "selected so far", in 2025'
    " those at meetings and those who start.",
)


def _job_notes(shares: pd.DataFrame) -> tuple[Label, Label]:
    """Return where 92 per cent belongs, and why it is not the effect."""
    known = {row["id"]: row for row in shares.to_dict("records")}
    a, b = known["ks_job_share"], known["finsam_job_share"]
    share = both(lambda: percent(a["value"], 0))
    parts = {
        f"{key}_{which}": Label(nb=row[f"{key}_nb"], en=row[f"{key}_en"])
        for which, row in (("a", a), ("b", b))
        for key in ("of", "in")
    }
    return _JOBS.format(share=share, **parts), _NOT_EFFECT.format(share=share)


def persons_text(row: dict[Any, Any]) -> str:
    """Return a count as the source has it: some are "over" a round number."""
    if np.isnan(row["persons"]):
        return NOT_AVAILABLE
    text = number(row["persons"], 0)
    return _OVER.format(n=text).text() if "over" in str(row["note"]).split() else text


_FIGURE_TITLE = Label(
    nb="Fra informasjonsmøte til lærling", en="From information meeting to apprentice"
)
_OF_COHORT = Label(nb="{label} (kull\u00a0{cohort})", en="{label} (cohort\u00a0{cohort})")
_ASSUMED = Label(nb="{n} (antatt)", en="{n} (assumed)")
_SOURCE = Label(
    nb="Fylt: talt i kildene (KS/Menn i helse 2025, Finsam 2019), flere av dem runde tall."
    " Skravert: antakelsen om hvor mange av dem som startet, som når fram; strek: spennet."
    " 92\u00a0% i jobb gjelder dem som har fagbrev, og er ikke effekten.",
    en="Filled: counted in the sources (KS/Menn i helse 2025, Finsam 2019), several of them round"
    " numbers. Hatched: the assumption of how many of those who started get there; line: the range."
    " 92% in work is of those with a craft certificate, and is not the effect.",
)

#: Letters of a stage on one line.
_WIDTH = 32


def plot_funnel(result: Funnel, *, ax: Axes | None = None) -> Axes:
    """Draw the stages of each cohort beneath each other, the latest cohort first."""
    frame = result.table[result.table["persons"].notna()]
    frame = frame.sort_values("cohort", ascending=False, kind="stable").reset_index(drop=True)
    later = frame["cohort"].ne(frame["cohort"].iloc[0]).to_numpy()
    persons, places = frame["persons"].to_numpy(), np.arange(len(frame)) + 0.7 * later
    assumed = frame["status"].isin(["ASSUMED", "remembered"]).to_numpy()
    names = [textwrap.fill(capital(_stage(row)), _WIDTH) for row in frame.to_dict("records")]
    with figure(ax, size=(7.2, 2.0 + 0.42 * len(frame))) as ax:
        ax.grid(visible=False)
        ax.spines["bottom"].set_visible(False)
        ax.set_xticks([])
        for chosen, hatch, face in ((~assumed, "", PARTICIPANT), (assumed, "////", "white")):
            colours = np.where(later[chosen], CONTROL, PARTICIPANT).tolist()
            ax.barh(
                places[chosen], persons[chosen], height=0.66, hatch=hatch, linewidth=1.0,
                color=colours if face != "white" else face, edgecolor=colours,
            )  # fmt: skip
        low, high = frame["low"].to_numpy(), frame["high"].to_numpy()
        moved = np.isfinite(low) & (high > low)
        ax.hlines(places[moved], low[moved], high[moved], color="#222222", linewidth=1.6)
        ends = np.fmax(persons, high)
        texts = []
        rows = frame.to_dict("records")
        for place, row, end, own in zip(places, rows, ends, assumed, strict=True):
            shown = persons_text(row)
            texts.append(_ASSUMED.format(n=shown).text() if own else shown)
            ax.annotate(
                texts[-1], xy=(end, place), xytext=(6, 0), textcoords="offset points", ha="left",
                va="center", fontsize=9, color="#222222",
            )  # fmt: skip
        ax.set_xlim(0, 1.18 * persons.max())
        ax.set_yticks(places, names)
        ax.invert_yaxis()
        said = "; ".join(
            f"{name}: {text}" for name, text in zip(names, texts, strict=True)
        ).replace("\n", " ")
        alt = f"{_FIGURE_TITLE.text()}. {said}."
        finish(ax, title=_FIGURE_TITLE, source=[_SOURCE], alt=alt, names="rows", pad=10)
    return ax


def _stage(row: dict[Any, Any]) -> str:
    label = row[f"label_{language()}"]
    return _OF_COHORT.format(label=label, cohort=row["cohort"]).text()
