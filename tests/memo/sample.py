"""A memo of two pages in both languages, from literal text: what the writers are tried on.

The numbers are made up for the test; nothing here is a result.
"""

from __future__ import annotations

import numpy as np

from mih_impact.display.labels import Label
from mih_impact.display.style import (
    ACTOR_COLOURS,
    figure_style,
    kroner_axis,
    label_line_ends,
    new_axes,
    set_alt_text,
)
from mih_impact.display.style.palette import GRID
from mih_impact.reporting import document as doc
from mih_impact.reporting.text import Cite, Named, Number, Trace, compose

TRICKY = 'Å & <b> "x" #y [z] $w$ \\n @v {u}'
"""Characters that mean something in HTML, XML or Typst, and must be read as they are."""

_TITLE = Label(
    nb="Menn i helse: hva koster et større opptak, og når kommer pengene igjen?",
    en="Menn i helse: what does a larger intake cost, and when does it pay back?",
)
_SUBTITLE = Label(
    nb="Prøvenotat med oppdiktede tall. Faste 2024-priser.",
    en="Sample memo with made-up numbers. Fixed 2024 prices.",
)
_META = Label(
    nb="Til: Helse- og omsorgsdepartementet|Fra: Analysegruppen|Gjelder: Budsjettforslag 2026",
    en="To: Ministry of Health and Care Services|From: The analysis team|Subject: 2026 budget",
)
_FOOTER = Label(
    nb="Syntetisk register, kalibrert til publiserte tall. Ingen registerdata er brukt.",
    en="Synthetic register, calibrated to published figures. No register data were used.",
)
_SHORT = Label(nb="Kort svar", en="In short")
_ANSWER = Label(
    nb="Å utvide fra 500 til 700 plasser i hvert kull koster {outlay} i offentlige utgifter de tre"
    " første årene. **Samfunnet får igjen {npv} per deltaker over sju år** (95 % KI {ci}), og nytten"
    " er større enn kostnadene fra og med år {break_even}.{ref}",
    en="Going from 500 to 700 places in every cohort costs {outlay} in public money over the first"
    " three years. **Society gains {npv} per participant over seven years** (95% CI {ci}), and the"
    " benefits exceed the costs from year {break_even}.{ref}",
)
_FACTS = (
    Label(nb="netto nåverdi per deltaker over sju år", en="net present value per participant, seven years"),
    Label(nb="år siden oppstart når nytten er større enn kostnadene", en="years since start when benefits exceed costs"),
    Label(nb="av effekten er nok til at regnskapet går i null", en="of the effect is enough for the account to break even"),
)
_QUESTION = (Label(nb="Spørsmålet", en="The question"), Label(
    nb="Departementet vurderer å tilby programmet i alle fylker. Da øker kullet fra om lag 500 til"
    " om lag 700 deltakere.{ks} Dette notatet svarer på tre spørsmål: Hvilket budsjett betaler, i"
    " hvilket år, og hvem tjener på det? Med __deltaker__ mener vi alle som startet, også de som"
    " falt fra underveis.",
    en="The ministry considers offering the programme in every county. The cohort then grows from"
    " about 500 to about 700 participants.{ks} This memo answers three questions: which budget pays,"
    " in which year, and who gains? By __participant__ we mean everyone who started, those who"
    " dropped out included.",
))
_ACCOUNT = (Label(nb="Regnskapet", en="The account"), Label(
    nb="Tre år etter oppstart har deltakerne {wage} mer i lønnsinntekt enn kontrollgruppen.{nav}"
    " Staten betaler i starten og tjener mest siden, fordi skatteinntektene øker og utgiftene til"
    " dagpenger og arbeidsavklaringspenger går ned. Fylkeskommunen sitter igjen med en netto utgift"
    " på {county} per deltaker. Den er ikke kompensert i dagens ordning.",
    en="Three years after the start, participants earn {wage} more than the control group.{nav}"
    " Central government pays at first and gains most later, because tax revenue grows and spending"
    " on unemployment and work assessment benefits falls. The county is left with a net expense of"
    " {county} per participant, which it is not compensated for today.",
))
_TABLE = (
    Label(nb="Hvem betaler og hvem tjener, nåverdi per deltaker, faste 2024-priser",
          en="Who pays and who gains, present value per participant, fixed 2024 prices"),
    Label(nb="Aktør|År 0–1|År 2–6|Sum|95 % KI", en="Actor|Years 0–1|Years 2–6|Total|95% CI"),
    Label(nb="Deltakeren|Staten|Fylkeskommunen|Kommunen|Resten av samfunnet|Samfunnet",
          en="Participant|Central government|County|Municipality|Rest of society|Society"),
    Label(nb="Kilde: regnskapet, etter reglene i R-109/2021. Positive tall er en gevinst for aktøren.",
          en="Source: the account, by the rules of R-109/2021. Positive numbers are gains."),
)  # fmt: skip
_AMOUNTS_NB = (
    "−61 000 kr|546 000 kr|485 000 kr|421 000 til 549 000",
    "−118 000 kr|604 000 kr|486 000 kr|408 000 til 564 000",
    "−97 000 kr|−4 000 kr|−101 000 kr|−104 000 til −98 000",
    "−42 000 kr|133 000 kr|91 000 kr|62 000 til 120 000",
    "−51 000 kr|147 000 kr|96 000 kr|74 000 til 118 000",
    "−369 000 kr|1 426 000 kr|1 057 000 kr|884 000 til 1 230 000",
)
_BUDGET = (Label(nb="Hvilket budsjett, hvilket år", en="Which budget, which year"), Label(
    nb="De tre blokkene i tabell 2 skal ikke trekkes fra hverandre. Anslagsendringer på"
    " regelstyrte ytelser og høyere skatteinntekter er følger av tiltaket. De er ikke inndekning"
    " for bevilgningen.",
    en="The three blocks of table 2 must not be netted. Re-estimates on rule-bound benefits and"
    " higher tax revenue are consequences of the measure. They are not cover for the grant.",
))
_BLOCKS = (
    Label(nb="Budsjettvirkning av 200 flere plasser, millioner kroner, faste 2026-priser",
          en="Budget impact of 200 more places, NOK million, fixed 2026 prices"),
    Label(nb="Blokk|2026|2027|2028|2029|2030", en="Block|2026|2027|2028|2029|2030"),
    Label(nb="Bevilgninger som trengs|Regelstyrte ytelser|Skatter og avgifter",
          en="Grants needed|Rule-bound benefits|Taxes and contributions"),
    Label(nb="Minus er en utgift eller lavere inntekt for det offentlige.",
          en="Minus is an expense or lower revenue for the public sector."),
)  # fmt: skip
_BLOCK_ROWS = ("−21,4|−44,0|−46,2|−46,2|−46,2", "3,1|12,8|24,9|33,0|37,5",
               "−1,2|4,6|19,7|38,1|51,4")  # fmt: skip
_DECIDES = (Label(nb="Forutsetningene som avgjør", en="The assumptions that decide"), (
    Label(nb="**Nye eller budsjetterte stillinger.** Er stillingene nye, må kommunen finne {wage_bill}"
          " per deltaker til lønn. Da blir det offentlige regnskapet negativt.",
          en="**New or budgeted posts.** If the posts are new, the municipality must find {wage_bill}"
          " per participant for wages. The public account then turns negative."),
    Label(nb="**Fortrengning.** Regnskapet går i null når {displaced} av virkningen fortrenger andre.",
          en="**Displacement.** The account breaks even when {displaced} of the effect displaces others."),
    Label(nb="**Motivasjon.** Dersom {selection} av effekten skyldes at de mest motiverte søker, blir"
          " netto nåverdi null.",
          en="**Motivation.** If {selection} of the effect is due to the most motivated applying, the"
          " net present value is zero."),
))  # fmt: skip
_NONPRICED = (Label(nb="Virkninger uten pris", en="Effects without a price"), Label(
    nb="Flere menn i omsorgsyrker, bedre bemanning om sommeren og egen mestring er ikke verdsatt."
    " Vi vurderer betydningen som middels og omfanget som lite. Konsekvensen er liten, men positiv.",
    en="More men in care work, better staffing in summer and a sense of mastery are not valued. We"
    " judge their importance to be medium and their extent small: a small positive consequence.",
))
_CANNOT = Label(nb="Det analysen ikke kan si", en="What the analysis cannot say")
_LIMITS = Label(
    nb="Tallene kommer fra et syntetisk register som er kalibrert til Navs publiserte tall.{nav} Det"
    " bekrefter dem ikke. Ingen registre måler motivasjon, og den påvirker både hvem som søker og"
    " hvordan det går.",
    en="The numbers come from a synthetic register calibrated to Nav's published figures.{nav} It"
    " does not confirm them. No register measures motivation, which affects both who applies and how"
    " they fare.",
)
_SOURCES = (
    ("nav", Label(nb="Nav: Analyse av Menn i helse, 19. juni 2025. Metodedelen var ikke tilgjengelig.",
                  en="Nav: Analysis of Menn i helse, 19 June 2025. Its methods were not available."), ""),
    ("r109", Label(nb="Finansdepartementet: Rundskriv R-109/2021 om samfunnsøkonomiske analyser.",
                   en="Ministry of Finance: Circular R-109/2021 on cost-benefit analysis."),
     "https://www.regjeringen.no/"),
    ("ks", Label(nb="KS: Innspill til statsbudsjettet 2025 om et tilbud i alle fylker.",
                 en="KS: Submission to the 2025 national budget on a programme in every county."), ""),
)  # fmt: skip
_CURVE = (
    Label(nb="Når er nytten større enn kostnadene?", en="When do benefits exceed costs?"),
    Label(nb="Linje: samlet nåverdi per deltaker er −369 tusen kroner etter år 1 og 1,1 mill. kr etter år 6.",
          en="Line: cumulative present value per participant is NOK −369 thousand after year 1 and 1.1 million after year 6."),
    Label(nb="Skravert: 95 % konfidensintervall.", en="Shaded: 95% confidence interval."),
)  # fmt: skip
_WHO = (
    Label(nb="Hvem betaler, hvem tjener?", en="Who pays, who gains?"),
    Label(nb="Søyler: staten og deltakeren tjener mest, fylkeskommunen taper.",
          en="Bars: central government and the participant gain most, the county loses."),
    Label(nb="Nåverdi per deltaker over sju år.", en="Present value per participant over seven years."),
)  # fmt: skip
_PATH = (
    Label(nb="Utgifter og inntekter for det offentlige, 200 flere plasser i hvert kull",
          en="Public expenses and revenue, 200 more places in every cohort"),
    Label(nb="Tre linjer: bevilgningene faller til −46 mill. kr og blir der; ytelser og skatter stiger.",
          en="Three lines: grants fall to NOK −46 million and stay there; benefits and taxes rise."),
    Label(nb="Kilde: regnskapet, rullende kull. Bare kontantstrømmer.",
          en="Source: the account, rolling cohorts. Cash flows only."),
)  # fmt: skip
_LINES = (Label(nb="skatter", en="taxes"), Label(nb="ytelser", en="benefits"), Label(nb="bevilgninger", en="grants"))
_SINCE = Label(nb="År siden oppstart", en="Years since start")
_ACTORS = Label(nb="Deltakeren|Staten|Fylket|Kommunen", en="Participant|State|County|Municipality")

_ROWS = {
    "production": Label(nb="produksjonsverdi", en="production value"),
    "income_tax": Label(nb="inntektsskatt", en="income tax"),
    "benefits": Label(nb="ytelser", en="benefits"),
    "apprentice_grant": Label(nb="lærlingtilskudd", en="apprentice grant"),
}
_ASSUMED = {
    "tax_financing_cost": Label(nb="skattefinansieringskostnad 20 %", en="tax-financing cost 20%"),
    "discount": Label(nb="kalkulasjonsrente 4 %", en="discount rate 4%"),
    "wage_bill": Label(nb="andel nye stillinger 0", en="share of new posts 0"),
}
_TRACED = {
    "outlay": (Label(nb="offentlige utgifter i tre år, 200 plasser", en="public outlays over three years, 200 places"), ("apprentice_grant",), ("discount",), ("ks",)),
    "npv": (Label(nb="netto nåverdi per deltaker", en="net present value per participant"), ("production", "income_tax", "benefits", "apprentice_grant"), ("tax_financing_cost", "discount"), ("r109", "nav")),
    "break_even": (Label(nb="første år samlet nåverdi er positiv", en="first year of positive cumulative value"), ("production", "benefits"), ("discount",), ("r109",)),
    "wage": (Label(nb="effekt på lønnsinntekt, år 3", en="effect on wage income, year 3"), (), (), ("nav",)),
    "county": (Label(nb="fylkeskommunens nåverdi", en="the county's present value"), ("apprentice_grant",), ("discount",), ("r109",)),
    "wage_bill": (Label(nb="lønn til nye stillinger per år", en="wages for new posts per year"), ("production",), ("wage_bill",), ("r109",)),
    "displaced": (Label(nb="omslagspunkt for fortrengning", en="switching value of displacement"), ("production",), ("discount",), ("r109",)),
    "selection": (Label(nb="omslagspunkt for effekten", en="switching scale of the effect"), ("production", "benefits"), ("discount",), ("nav",)),
    "cells": (Label(nb="nåverdi for hver aktør", en="present value of each actor"), ("production", "income_tax", "benefits"), ("tax_financing_cost", "discount"), ("r109",)),
    "budget": (Label(nb="kontantstrøm per budsjettår", en="cash flow by budget year"), ("apprentice_grant", "benefits", "income_tax"), (), ("r109", "ks")),
}  # fmt: skip
_SHOWN = {
    "nb": {"outlay": "111,6 mill. kr", "npv": "1,1 mill. kr", "ci": "0,9 til 1,2 mill. kr", "break_even": "3",
           "wage": "200 000 kr", "county": "101 000 kr", "wage_bill": "612 000 kr", "displaced": "71 %",
           "selection": "68 %", "years": "3 år", "share": "32 %"},
    "en": {"outlay": "NOK 111.6 million", "npv": "NOK 1.1 million", "ci": "0.9 to 1.2 million", "break_even": "3",
           "wage": "NOK 200,000", "county": "NOK 101,000", "wage_bill": "NOK 612,000", "displaced": "71%",
           "selection": "68%", "years": "3 years", "share": "32%"},
}  # fmt: skip


def memo(lang: str, **changes: object) -> doc.Document:
    """Return the sample in a language."""
    numbers = _numbers(lang)
    refs = {key: Cite((key,)) for key, _, _ in _SOURCES}

    def filled(label: Label) -> tuple:
        values = numbers | refs | {"ref": Cite(("r109", "nav"))}
        text = label.text(lang)
        return compose(text, {name: part for name, part in values.items() if f"{{{name}}}" in text})

    def section(pair) -> tuple:
        return doc.Heading(pair[0].text(lang)), doc.Paragraph(filled(pair[1]))

    curve, who, path = figures(lang)
    heading, points = _DECIDES
    blocks = (
        doc.Callout(_SHORT.text(lang), filled(_ANSWER)),
        doc.Facts(tuple(zip((numbers["npv"], numbers["years"], numbers["share"]),
                            (label.text(lang) for label in _FACTS), strict=True))),
        *section(_QUESTION),
        *section(_ACCOUNT),
        doc.Beside((curve, who)),
        _table(_TABLE, _AMOUNTS_NB, "cells", lang, sums=(5,)),
        *section(_BUDGET),
        _table(_BLOCKS, _BLOCK_ROWS, "budget", lang),
        path,
        doc.Heading(heading.text(lang)),
        doc.Bullets(tuple(filled(point) for point in points)),
        *section(_NONPRICED),
        doc.Callout(_CANNOT.text(lang), filled(_LIMITS), tone="caution"),
    )  # fmt: skip
    fields = {
        "title": _TITLE.text(lang),
        "subtitle": _SUBTITLE.text(lang),
        "lang": lang,
        "blocks": blocks,
        "meta": tuple(tuple(pair.split(": ")) for pair in _META.text(lang).split("|")),
        "sources": tuple(doc.Source(key, label.text(lang), url) for key, label, url in _SOURCES),
        "footer": _FOOTER.text(lang),
        "author": "mih_impact",
    }
    return doc.Document(**(fields | changes))


def _trace(name: str, lang: str) -> Trace:
    what, rows, assumed, sources = _TRACED[name]
    return Trace(
        what.text(lang),
        tuple(Named(key, _ROWS[key].text(lang)) for key in rows),
        tuple(Named(key, _ASSUMED[key].text(lang)) for key in assumed),
        sources,
    )


def _numbers(lang: str) -> dict[str, Number]:
    alias = {"ci": "npv", "years": "break_even", "share": "selection"}
    return {
        name: Number(text.replace(" ", "\u00a0"), _trace(alias.get(name, name), lang))
        for name, text in _SHOWN[lang].items()
    }


def _table(words, rows, trace: str, lang: str, sums: tuple[int, ...] = ()) -> doc.Table:
    caption, header, names, note = (label.text(lang) for label in words)
    where = _trace(trace, lang)
    cells = tuple(
        (name, *(Number(_shown(text, lang), where) for text in row.split("|")))
        for name, row in zip(names.split("|"), rows, strict=True)
    )
    return doc.Table(caption, tuple(header.split("|")), cells, note, sums)


def _shown(text: str, lang: str) -> str:
    """Return a Norwegian cell in a language, its spaces not to be broken at."""
    if lang == "en":
        text = text.replace(",", ".").replace(" kr", "").replace(" til ", " to ")
        text = text.replace(" 000", ",000").replace("1 426", "1,426").replace("1 057", "1,057")
        return text.replace("1 230", "1,230")
    return text.replace(" ", "\u00a0").replace("\u00a0til\u00a0", " til ")


def figures(lang: str) -> tuple[doc.Figure, doc.Figure, doc.Figure]:
    """Return three figures in the library's style."""
    return _curve(lang), _who(lang), _path(lang)


def _finish(ax, words, lang: str, width: str) -> doc.Figure:
    title, alt, note = (label.text(lang) for label in words)
    ax.set_title(title)
    set_alt_text(ax, alt)
    return doc.Figure.of(ax, note=note, width=width)


def _curve(lang: str) -> doc.Figure:
    years, value = np.arange(7), 1e3 * np.array([-210, -369, -180, 120, 450, 770, 1057])
    spread = 1e3 * np.array([8, 20, 55, 90, 120, 148, 173])
    with figure_style():
        ax = new_axes(size=doc.HALF)
        ax.axhline(0, color="#222222", linewidth=0.8, label="_zero")
        ax.fill_between(years, value - spread, value + spread, color="#000000", alpha=0.13, linewidth=0)
        ax.plot(years, value, color="#000000", label=Label("samfunnet", "society").text(lang))
        ax.set_xlabel(_SINCE.text(lang))
        kroner_axis(ax, lang, price_year=2024)
        label_line_ends(ax)
    return _finish(ax, _CURVE, lang, "half")


def _who(lang: str) -> doc.Figure:
    names = _ACTORS.text(lang).split("|")
    colours = [ACTOR_COLOURS[key] for key in ("participant", "state", "county", "municipality")]
    with figure_style():
        ax = new_axes(size=doc.HALF)
        ax.barh(names[::-1], [91e3, -101e3, 486e3, 485e3], color=colours[::-1], height=0.6)
        ax.axvline(0, color="#222222", linewidth=0.8)
        ax.grid(axis="x", color=GRID)
        ax.grid(visible=False, axis="y")
        kroner_axis(ax, lang, price_year=2024, axis="x")
    return _finish(ax, _WHO, lang, "half")


def _path(lang: str) -> doc.Figure:
    years = np.arange(2026, 2032)
    paths = ([-1.2, 4.6, 19.7, 38.1, 51.4, 58.0], [3.1, 12.8, 24.9, 33.0, 37.5, 38.2],
             [-21.4, -44.0, -46.2, -46.2, -46.2, -46.2])  # fmt: skip
    with figure_style():
        ax = new_axes(size=doc.FULL)
        ax.axhline(0, color="#222222", linewidth=0.8, label="_zero")
        for path, name, colour in zip(paths, _LINES, ("#0072B2", "#009E73", "#D55E00"), strict=True):
            ax.plot(years, 1e6 * np.array(path), color=colour, label=name.text(lang))
        ax.set_xticks(years)
        kroner_axis(ax, lang, price_year=2026)
        label_line_ends(ax)
    return _finish(ax, _PATH, lang, "full")
