"""What the budget page says, in bokmål and English."""

from __future__ import annotations

import re
from typing import Any

from mih_impact.account.card import EMPLOYER
from mih_impact.account.roles import STATUS_LABELS, amount_of
from mih_impact.display.locale import Label, capital
from mih_impact.display.numbers import number
from mih_impact.reference.rows import source_in

__all__ = [
    "FIELDSETS",
    "LIMITS",
    "LOSING",
    "OUTLAYS",
    "PAGE",
    "PAIRS",
    "SCRIPT",
    "STATUSES",
    "about",
    "shown",
    "source_label",
]

#: The texts that stand in the page, by the place they fill.
PAGE = {
    "title": Label(
        nb="{programme}: hva det koster, hva det gir, og for hvem",
        en="{programme}: what it costs, what it gives, and to whom",
    ),
    "lead": Label(
        nb="Flytt på forutsetningene og se hva svaret blir. Alt regnes ut i denne filen. Ingenting"
        " hentes eller sendes over nettet.",
        en="Move the assumptions and see what the answer becomes. Everything is computed in this"
        " file. Nothing is fetched or sent over the network.",
    ),
    "needs_script": Label(
        nb="Siden regner i nettleseren og trenger JavaScript. Åpne filen i en vanlig nettleser.",
        en="The page reckons in the browser and needs JavaScript. Open the file in an ordinary"
        " browser.",
    ),
    "strip": Label(nb="Resultatet", en="The result"),
    "npv": Label(nb="Netto nåverdi per deltaker", en="Net present value per participant"),
    "in_account": Label(nb="I regnskapet: {n}", en="In the account: {n}"),
    "cohort": Label(nb="For et kull på {n}", en="For a cohort of {n}"),
    "break_even": Label(nb="Lønnsomt", en="Breaks even"),
    "probability": Label(nb="Sannsynlighet for gevinst", en="Probability of a gain"),
    "public": Label(nb="Offentlige budsjetter per deltaker", en="Public budgets per participant"),
    "settings": Label(nb="Forutsetninger", en="Assumptions"),
    "reset": Label(nb="Tilbake til regnskapet", en="Back to the account"),
    "print": Label(nb="Skriv ut", en="Print"),
    "address": Label(
        nb="Prikken viser hva som er flyttet. Valgene ligger i adressen øverst i nettleseren:"
        " kopier den for å sende dem videre sammen med filen.",
        en="The dot marks what has been moved. Your choices are in the address at the top of the"
        " browser: copy it to pass them on together with the file.",
    ),
    "bars_title": Label(nb="Hvem betaler, hvem tjener", en="Who pays, who gains"),
    "bars_caption": Label(
        nb="Nåverdi per deltaker som startet, faste {year}-priser; pluss er gevinst.{whiskers}",
        en="Present value per participant who started, fixed {year} prices; plus is a gain."
        "{whiskers}",
    ),
    "whiskers": Label(
        nb=" Strek: 95\u00a0% konfidensintervall, bare utvalgsusikkerhet.",
        en=" Line: 95% confidence interval, sampling alone.",
    ),
    "group": Label(nb="Gruppe", en="Group"),
    "value": Label(nb="Nåverdi, kr", en="Present value, NOK"),
    "interval": Label(nb="95\u00a0% KI", en="95% CI"),
    "interval_head": Label(nb="95\u00a0% KI, kr", en="95% CI, NOK"),
    "paths_title": Label(
        nb="Når er nytten større enn kostnadene?", en="When do benefits exceed costs?"
    ),
    "paths_caption": Label(
        nb="Samlet nåverdi per deltaker til og med hvert år, 1\u00a0000 kroner, faste"
        " {year}-priser. Prikk: lønnsomt.{band}",
        en="Cumulative present value per participant up to and including each year, NOK thousand,"
        " fixed {year} prices. Dot: breaks even.{band}",
    ),
    "band": Label(
        nb=" Skravert: 95\u00a0% konfidensintervall for samfunnet, bare utvalgsusikkerhet.",
        en=" Shaded: 95% confidence interval for society, sampling alone.",
    ),
    "cash_title": Label(
        nb="Penger inn og ut av offentlige budsjetter", en="Cash in and out of public budgets"
    ),
    "cash_caption": Label(
        nb="Ett kull på {n}, {unit}, faste {year}-priser, år siden oppstart. Minus er mindre penger"
        " på budsjettet.",
        en="One cohort of {n}, {unit}, fixed {year} prices, years since start. Minus is less money"
        " in the budget.",
    ),
    "year": Label(nb="År", en="Year"),
    "cash_note": Label(
        nb="Bare penger som faktisk betales, uten rente. De tre delene skal ikke slås sammen:"
        " lavere ytelser og høyere skatt er følger av tiltaket, ikke inndekning for bevilgningene.",
        en="Only money that is in fact paid, undiscounted. The three parts are not to be added"
        " together: lower benefits and higher taxes are consequences of the programme and do not"
        " cover the grants.",
    ),
    "limits_title": Label(nb="Det siden ikke kan si", en="What the page cannot say"),
    "rest_title": Label(nb="De andre forutsetningene", en="The other assumptions"),
    "rest_value": Label(nb="Verdi", en="Value"),
    "rest_status": Label(nb="Hvor sikkert", en="How sure"),
    "rest_name": Label(nb="Forutsetning", en="Assumption"),
    "footer": Label(
        nb="Regnskapet følger {rules}. Laget med mih_impact {version}. Datagrunnlag {data}.",
        en="The account follows {rules}. Made with mih_impact {version}. Data {data}.",
    ),
    "base": Label(nb="I regnskapet: {value}.", en="In the account: {value}."),
    "per_krone": Label(nb="per krone", en="per krone"),
    "own": Label(nb="(i regnskapet {value})", en="(in the account {value})"),
    "opens": Label(
        nb="Siden åpner på {value}; regnskapet er per deltaker.",
        en="The page opens at {value}; the account is per participant.",
    ),
    "own_opens": Label(nb="(siden åpner på {value})", en="(the page opens at {value})"),
    "unused": Label(nb="Ikke brukt i regnskapet.", en="Not used in the account."),
    "own_unused": Label(nb="(ikke i regnskapet)", en="(not in the account)"),
    "persistence": Label(
        nb="effekten etter de anslåtte årene", en="the effect after the estimated years"
    ),
    "persistence_about": Label(
        nb="Effektene er anslått for år 0–{last}. Ingen har anslått årene etter. Antatt: et valg"
        " leseren kan prøve.",
        en="Effects are estimated for years 0–{last}. Nobody has estimated the years after."
        " Assumed: a choice for the reader to try.",
    ),
}

#: The groups of sliders, with the names of those in each.
FIELDSETS = (
    (
        Label(nb="Kullet og kostnadene", en="The cohort and the costs"),
        ("starters", "programme_cost", "tax_financing_cost", "discount_rate"),
    ),
    (
        Label(nb="Hva som regnes som gevinst", en="What counts as a gain"),
        ("wage_bill", "leisure", "displacement", "selection"),
    ),
    (
        Label(nb="Etter de anslåtte årene", en="After the estimated years"),
        ("persistence", "years_more", "half_life"),
    ),
)

#: What a local budget is called in the chart where it loses, by what is known of cover.
LOSING = {
    "no decision": Label(nb="{who}, ikke kompensert", en="{who}, not compensated"),
    "decided": Label(nb="{who}, før dekning fra staten", en="{who}, before cover from the state"),
}

#: What is said of what a local budget pays for a cohort, by what is known of cover.
OUTLAYS = {
    "unsaid": Label(
        nb="Utgiftene til {who} er {amount} for kullet.",
        en="The outlays of {who} are {amount} for the cohort.",
    ),
    "no decision": Label(
        nb="Utgiftene til {who} er {amount} for kullet. Det er ikke kjent noe vedtak om å"
        " kompensere dem.",
        en="The outlays of {who} are {amount} for the cohort. No decision to compensate them is"
        " known.",
    ),
    "decided": Label(
        nb="Utgiftene til {who} er {amount} for kullet. Staten dekker dem, slik det er vedtatt.",
        en="The outlays of {who} are {amount} for the cohort. The state covers them, as decided.",
    ),
}

#: The sentences under "What the page cannot say".
LIMITS = {
    "motivation": Label(
        nb="De som starter, kan være mer motiverte enn dem de sammenlignes med. Intervall og"
        " sannsynlighet viser bare utvalgsusikkerhet i effektene og sier ingenting om slik"
        " utvelgelse. Prøv «andel av effekten som skyldes utvelgelse».",
        en="Those who start may be more motivated than those they are compared with. Interval and"
        " probability cover sampling uncertainty in the effects alone and say nothing of such"
        " selection. Try “share of the effect that is selection”.",
    ),
    "employer": EMPLOYER,
    "cut": Label(
        nb="Analyseperioden er {years} år, med mindre du lar effekten vare lenger.",
        en="The horizon is {years} years, unless you let the effect last longer.",
    ),
    "no_interval": Label(
        nb="Effektene har ingen kovarians, så konfidensintervall og sannsynlighet er ikke"
        " tilgjengelige.",
        en="The effects have no covariance, so interval and probability are not available.",
    ),
    "cost": Label(
        nb="Flytter du tiltakskostnaden, endres alle ressursene tiltaket bruker, i samme forhold."
        " Tilskudd er som de er.",
        en="Moving the programme cost changes all the resources that the programme uses in the same"
        " proportion. Grants stay as they are.",
    ),
}

#: The two ends of an interval and how a probability near 0 or 1 is written, for the script.
PAIRS = {
    "kroner_ends": {
        "low": Label(nb="{n}", en="NOK\u00a0{n}"),
        "high": Label(nb="{n}\u00a0kr", en="{n}"),
    },
    "millions_ends": {
        "low": Label(nb="{n}", en="NOK\u00a0{n}"),
        "high": Label(nb="{n}\u00a0mill.\u00a0kr", en="{n}\u00a0million"),
    },
    "in_signs": {
        "above": Label(nb=">\u00a0{p}", en=">\u00a0{p}"),
        "below": Label(nb="<\u00a0{p}", en="<\u00a0{p}"),
    },
    "in_words": {
        "above": Label(nb="over {p}", en="over {p}"),
        "below": Label(nb="under {p}", en="under {p}"),
    },
}

#: The texts that the script fills.
SCRIPT = {
    "kroner": Label(nb="{n}\u00a0kr", en="NOK\u00a0{n}"),
    "millions": Label(nb="{n}\u00a0mill.\u00a0kr", en="NOK\u00a0{n}\u00a0million"),
    "percent": Label(nb="{n}\u00a0%", en="{n}%"),
    "interval": Label(nb="{low} til {high}", en="{low} to {high}"),
    "not_available": Label(nb="ikke tilgjengelig", en="not available"),
    "by_assumption": Label(nb="null, en forutsetning", en="zero, an assumption"),
    "no_finding": Label(nb="en forutsetning, ikke et funn", en="an assumption, no finding"),
    "axis": Label(nb="1\u00a0000 kroner per deltaker", en="NOK thousand per participant"),
    "years": Label(nb="år siden oppstart", en="years since start"),
    "after": Label(nb="ikke anslått", en="not estimated"),
    "bars_title": PAGE["bars_title"],
    "in_millions": Label(nb="mill. kroner", en="NOK million"),
    "in_thousands": Label(nb="1\u00a0000 kroner", en="NOK thousand"),
    "paths_alt": Label(
        nb="Linjer: samlet nåverdi for samfunnet er {low} på det laveste og {last} til slutt,"
        " lønnsomt {when}. Offentlige budsjetter ender på {public}.",
        en="Lines: cumulative present value for society is {low} at its lowest and {last} at the"
        " end; breaks even: {when}. Public budgets end at {public}.",
    ),
    "society_gains": Label(
        nb="Samfunnet tjener {amount} per deltaker over {years} år.",
        en="Society gains {amount} per participant over {years} years.",
    ),
    "society_loses": Label(
        nb="Samfunnet taper {amount} per deltaker over {years} år.",
        en="Society loses {amount} per participant over {years} years.",
    ),
    "said_interval": Label(
        nb="Utvalgsusikkerheten i effektene gir et 95\u00a0% konfidensintervall fra {low}"
        " til {high} og en sannsynlighet for gevinst på {p}.",
        en="Sampling uncertainty in the effects gives a 95% confidence interval from {low} to"
        " {high} and a probability of a gain of {p}.",
    ),
    "said_cohort": Label(
        nb="For et kull på {n} er netto nåverdi {amount}.",
        en="For a cohort of {n}, net present value is {amount}.",
    ),
    "said_break_even": Label(
        nb="Tiltaket er lønnsomt for samfunnet {when}.",
        en="For society the programme breaks even {when}.",
    ),
    "said_never": Label(
        nb="Tiltaket er ikke lønnsomt for samfunnet innen {years} år.",
        en="For society the programme does not break even within {years} years.",
    ),
    "public_gains": Label(
        nb="Offentlige budsjetter tjener {amount} per deltaker.",
        en="Public budgets gain {amount} per participant.",
    ),
    "public_loses": Label(
        nb="Offentlige budsjetter taper {amount} per deltaker.",
        en="Public budgets lose {amount} per participant.",
    ),
    "said_selection": Label(
        nb="Netto nåverdi blir null om {share} av effekten skyldes utvelgelse.",
        en="Net present value is zero if {share} of the effect is selection.",
    ),
    "said_no_selection": Label(
        nb="Ingen andel utvelgelse gjør netto nåverdi til null.",
        en="No share of selection makes net present value zero.",
    ),
    "unknown": Label(
        nb="Adressen har verdier som ikke finnes på denne siden, og som ikke er brukt: {names}.",
        en="The address has values that this page does not have; they were not used: {names}.",
    ),
}


STATUSES = {
    status: Label(nb=capital(label.nb), en=capital(label.en))
    for status, label in STATUS_LABELS.items()
} | {"choice": Label(nb="Et valg", en="A choice")}

_NOK = Label(nb="{n}\u00a0kr", en="NOK\u00a0{n}")
_ABOUT = Label(
    nb="Spenn {low} til {high}{whence}. {status}: {source}.",
    en="Range {low} to {high}{whence}. {status}: {source}.",
)
#: What the status, which stands before a source here, says already.
_ASSUMED = re.compile(r"^(?:assumed in|forutsatt i) mih_impact[:,] ")
_DOCUMENT = re.compile(r"R-109/2021[0-9., ]*")


def source_label(source: str, *, after_status: bool = True) -> Label | None:
    """Return a source in both languages; None if it is a text of the analyst's, in one.

    After a status it does not say once more who assumed it.

    Examples
    --------
    >>> source_label("assumed in mih_impact: nobody is pushed out of a post").nb
    'ingen blir fortrengt fra en stilling'
    >>> source_label("R-109/2021, 7.1").nb, source_label("a report of my own")
    ('R-109/2021, 7.1', None)
    """
    parts = source.split("; ")
    translated = [source_in(part, "nb") for part in parts]
    for part, own in zip(parts, translated, strict=True):
        if part == own and not _DOCUMENT.fullmatch(part):
            return None
    nb, en = "; ".join(translated), "; ".join(parts)
    if after_status:
        nb, en = (
            "; ".join(_ASSUMED.sub("", each) for each in texts) for texts in (translated, parts)
        )
    return Label(nb=nb, en=en)


def shown(value: float, unit: str) -> str:
    """Return the value of a slider as it is shown.

    Examples
    --------
    >>> shown(500.0, "persons"), shown(0.04, "per year, real") == "4\u00a0%"
    ('500', True)
    """
    if unit == "persons":
        return number(value, 0 if float(value).is_integer() else 1)
    if unit == "NOK per NOK":
        return _NOK.text().format(n=number(value, 2))
    return amount_of(value, unit)


def about(slider: dict[str, Any]) -> tuple[str, str | None]:
    """Return what a slider rests on, in a sentence; and its source, where only in one language."""
    unit = slider["unit"]
    source = source_label(slider["source"])
    whence = source_label(slider["range_source"], after_status=False)
    text = _ABOUT.text().format(
        low=shown(slider["low"], unit),
        high=shown(slider["high"], unit),
        whence="" if whence is None else f" ({whence.text()})",
        status=STATUSES[slider["status"]].text(),
        source="" if source is None else source.text(),
    )
    return (text, None) if source else (text.removesuffix(": ."), slider["source"])
