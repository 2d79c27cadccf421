"""The sentences of the memo, with places for its numbers."""

from __future__ import annotations

from mih_impact.display.labels import Label

TITLE = Label(
    nb="{programme}: hva det gir, hva det koster, og for hvem",
    en="{programme}: what it gives, what it costs, and for whom",
)
SUBTITLE = Label(
    nb="Samfunnsøkonomisk regnskap per deltaker som startet. Faste {year}-priser.",
    en="Cost-benefit account per participant who started. Fixed {year} prices.",
)
SHORT = Label(nb="Kort svar", en="The answer in short")

# The answer in one sentence: for a gain and for a loss, with an interval and without one.
ANSWER = {
    (True, True): Label(
        nb="**Samfunnet tjener {npv} per deltaker over {years} år** (95\u00a0% KI {ci}), og nytten"
        " er større enn kostnadene {when}.",
        en="**Society gains {npv} per participant over {years} years** (95% CI {ci}), and benefits"
        " exceed costs {when}.",
    ),
    (True, False): Label(
        nb="**Samfunnet tjener {npv} per deltaker over {years} år**, og nytten er større enn"
        " kostnadene {when}. Konfidensintervall er ikke tilgjengelig.",
        en="**Society gains {npv} per participant over {years} years**, and benefits exceed costs"
        " {when}. A confidence interval is not available.",
    ),
    (False, True): Label(
        nb="**Samfunnet taper {npv} per deltaker over {years} år** (95\u00a0% KI for virkningen"
        " {ci}).",
        en="**Society loses {npv} per participant over {years} years** (95% CI of the effect"
        " {ci}).",
    ),
    (False, False): Label(
        nb="**Samfunnet taper {npv} per deltaker over {years} år.** Konfidensintervall er ikke"
        " tilgjengelig.",
        en="**Society loses {npv} per participant over {years} years.** A confidence interval is"
        " not available.",
    ),
}
ANSWER_PUBLIC = {
    True: Label(
        nb=" Offentlige budsjetter kommer ut med {public} i pluss per deltaker når stillingene er"
        " budsjettert fra før, og med {new_money} når alle stillingene er nye.",
        en=" Public budgets come out {public} ahead per participant where the posts are budgeted"
        " anyway, and with {new_money} where every post is new.",
    ),
    False: Label(
        nb=" Offentlige budsjetter taper {public} per deltaker når stillingene er budsjettert fra"
        " før; virkningen er {new_money} når alle stillingene er nye.",
        en=" Public budgets lose {public} per participant where the posts are budgeted anyway; the"
        " effect is {new_money} where every post is new.",
    ),
}
FACTS = {
    "npv": Label(nb="netto nåverdi per deltaker", en="net present value per participant"),
    "public": Label(
        nb="virkning på offentlige budsjetter per deltaker", en="effect on public budgets per"
        " participant"
    ),
    "scale": Label(
        nb="av effekten er nok til at regnskapet går i null",
        en="of the effect is enough for the account to break even",
    ),
}  # fmt: skip

QUESTION = Label(nb="Spørsmålet", en="The question")
ASKED = Label(
    nb="Hva får samfunnet igjen for {programme}, hvem betaler, og når kommer pengene tilbake?"
    " Notatet svarer per deltaker som startet, også for dem som falt fra underveis. Effektene er"
    " beregnet mot en kontrollgruppe{effects} og ført i et regnskap etter Finansdepartementets"
    " rundskriv{r109}, som er kuttet etter {years} år.",
    en="What does society get in return for {programme}, who pays, and when does the money come"
    " back? The memo answers per participant who started, drop-outs included. Effects are estimated"
    " against a control group{effects} and kept in an account by the circular of the Norwegian"
    " Ministry of Finance{r109}, cut after {years} years.",
)

ACCOUNT = Label(nb="Regnskapet", en="The account")
WAGE = Label(
    nb="Tre år etter oppstart er lønnsinntekten {wage} høyere enn i kontrollgruppen. ",
    en="Three years after start, wage income is {wage} above the control group's. ",
)
COSTS = Label(
    nb="Tiltaket bruker ressurser for {cost} per deltaker{costs}; kostnadene kan bli {most} før"
    " regnskapet går i null. ",
    en="The programme uses resources worth {cost} per participant{costs}; costs can reach {most}"
    " before the account breaks even. ",
)
NO_COSTS = Label(
    nb="Kostnadene ved tiltaket er **ikke** regnet med. ",
    en="The costs of the programme are **not** included. ",
)
COUNTY = Label(
    nb="Fylkeskommunen kommer ut med {county}, og ingen har vedtatt å kompensere det. ",
    en="The county comes out with {county}, and nobody has decided to compensate it. ",
)
EMPLOYER = Label(
    nb="At arbeidsgiveren går i null, er en forutsetning: produksjonen er verdsatt til det"
    " arbeidskraften koster.",
    en="That the employer nets to zero is an assumption: output is valued at what the labour"
    " costs.",
)
ACTORS_CAPTION = Label(
    nb="Hvem betaler og hvem tjener: nåverdi per deltaker over {years} år, faste {year}-priser",
    en="Who pays and who gains: present value per participant over {years} years, fixed {year}"
    " prices",
)
ACTOR, VALUE, INTERVAL, BREAK_EVEN = (
    Label(nb="Hvem", en="Who"),
    Label(nb="Nåverdi", en="Present value"),
    Label(nb="95\u00a0% KI", en="95% CI"),
    Label(nb="Lønnsomt", en="Breaks even"),
)

DECIDES = Label(nb="Forutsetningene som avgjør", en="The assumptions that decide it")
VIEWS = (
    Label(
        nb="**Hvem betaler stillingene?** Er alle stillingene nye kommunale penger, er netto"
        " nåverdi {society_new} og virkningen på offentlige budsjetter {new_money}.",
        en="**Who pays for the posts?** If every post is new municipal money, net present value is"
        " {society_new} and the effect on public budgets {new_money}.",
    ),
    Label(
        nb="**Fritid.** Er tapt fritid verdt hele nettolønnen, er netto nåverdi {leisure}.",
        en="**Leisure.** If leisure given up is worth the whole net wage, net present value is"
        " {leisure}.",
    ),
)
SWITCH = {
    "selection": Label(
        nb="**Utvelgelse.** Regnskapet går i null hvis {selection} av effekten skyldes at de som"
        " startet, var mer motiverte.",
        en="**Selection.** The account breaks even if {selection} of the effect comes from starters"
        " being more motivated.",
    ),
    "displacement": Label(
        nb="**Fortrengning.** Regnskapet går i null hvis {displacement} av virkningen fortrenger"
        " andre fra arbeid.",
        en="**Displacement.** The account breaks even if {displacement} of the effect pushes others"
        " out of work.",
    ),
}
TORNADO_CAPTION = Label(
    nb="Hver forutsetning alene over sitt eget spenn, og verdien der regnskapet går i null",
    en="Each assumption alone over its own range, and the value at which the account breaks even",
)
TORNADO_HEADER = (
    Label(nb="Forutsetning", en="Assumption"),
    Label(nb="Verdi", en="Value"),
    Label(nb="Spenn", en="Range"),
    Label(nb="NNV ved lav, kr", en="NPV at low, NOK"),
    Label(nb="NNV ved høy, kr", en="NPV at high, NOK"),
    Label(nb="Omslagspunkt", en="Switching value"),
)
NONE = Label(nb="ingen", en="none")

BUDGET = Label(nb="Hvilket budsjett, hvilket år", en="Which budget, which year")
BUDGET_TEXT = Label(
    nb="Tabell {table} viser {cohorts}: bare penger som faktisk betales, {prices}. Behovet for"
    " bevilgninger er størst i {peak_year}, med {peak}. De tre delene skal ikke slås sammen: lavere"
    " ytelser og høyere skatt er følger av tiltaket, ikke inndekning for bevilgningene.",
    en="Table {table} shows {cohorts}: only money that is in fact paid, {prices}. The need for"
    " grants is largest in {peak_year}, at {peak}. The three parts are not to be added together:"
    " lower benefits and higher taxes are consequences of the programme, no cover for the grants.",
)
COHORT = Label(nb="{n} som starter i {year}", en="{n} starters in {year}")
BUDGET_CAPTION = Label(
    nb="Offentlige budsjetter etter år, mill. kr, {prices}",
    en="Public budgets by year, NOK million, {prices}",
)
BLOCK = Label(nb="Del", en="Part")

NON_PRICED = Label(nb="Virkninger uten pris", en="Effects without a price")
NON_PRICED_TEXT = Label(
    nb="Etter pluss-minusmetoden{dfo}, ved siden av regnskapet og aldri lagt til: {effects}."
    " Betydning og omfang er {whose}.",
    en="By the plus-minus method{dfo}, beside the account and never added: {effects}. Importance"
    " and extent are {whose}.",
)
OURS = Label(nb="våre vurderinger", en="our judgements")

CANNOT = Label(nb="Det analysen ikke kan si", en="What the analysis cannot say")
MOTIVATION = Label(
    nb="Ingen registre måler motivasjon, og intervallet omfatter den ikke. Er de som startet, mer"
    " motiverte enn kontrollgruppen, er effekten mindre enn beregnet.",
    en="No register measures motivation, and the interval does not contain it. If starters were"
    " more motivated than controls, the effect is smaller than estimated.",
)
LATER = Label(
    nb=" Virkninger etter år {last} er ikke regnet med.",
    en=" Effects after year {last} are not counted.",
)
CALIBRATED = Label(
    nb=" **{evidence}** At et tall stemmer med det publiserte, bekrefter derfor ingenting.",
    en=" **{evidence}** That a figure agrees with the published one therefore confirms nothing.",
)

# What the numbers are, for the annex.
WHAT = {
    "present_value": Label(
        nb="nåverdi for {who} per deltaker over {years} år, faste {year}-priser",
        en="present value for {who} per participant over {years} years, fixed {year} prices",
    ),
    "when": Label(
        nb="år der samlet nåverdi for {who} blir og holder seg over null",
        en="the year from which cumulative present value for {who} stays above zero",
    ),
    "years": Label(nb="år i regnskapet", en="years of the account"),
    "wage": Label(
        nb="effekt på lønnsinntekt i år tre, gjennomsnitt per deltaker som startet",
        en="effect on wage income in year three, average per participant who started",
    ),
    "cost": Label(
        nb="nåverdi av ressursene tiltaket bruker, per deltaker",
        en="present value of the resources the programme uses, per participant",
    ),
    "most": Label(
        nb="kostnaden per deltaker der netto nåverdi er null",
        en="the cost per participant at which net present value is zero",
    ),
    "scale": Label(
        nb="andelen av alle effekter som gir netto nåverdi lik null",
        en="the share of all effects at which net present value is zero",
    ),
    "changed": Label(
        nb="nåverdi for {who} når {what} er {value}",
        en="present value for {who} where {what} is {value}",
    ),
    "switch": Label(
        nb="verdien av {what} der netto nåverdi er null",
        en="the value of {what} at which net present value is zero",
    ),
    "end": Label(
        nb="netto nåverdi med {what} i enden av spennet",
        en="net present value with {what} at the end of its range",
    ),
    "assumption": Label(nb="{what}: verdi og spenn", en="{what}: value and range"),
    "budget": Label(
        nb="{block}, offentlige budsjetter, etter år", en="{block}, public budgets, by year"
    ),
    "peak": Label(
        nb="største årlige bevilgning, alle offentlige budsjetter",
        en="the largest grants in a year, all public budgets",
    ),
    "starters": Label(nb="antall som starter", en="number of starters"),
}
ALL_CAPTION = Label(
    nb="Alle forutsetninger i regnskapet, med spenn, hvor sikre vi er, og kilde",
    en="Every assumption of the account, with range, how sure we are, and source",
)
ALL_HEADER = (
    Label(nb="Forutsetning", en="Assumption"),
    Label(nb="Verdi", en="Value"),
    Label(nb="Spenn", en="Range"),
    Label(nb="Status", en="Status"),
    Label(nb="Kilde", en="Source"),
)
STATUS = {
    "seen": Label(nb="lest i kilden", en="seen in the source"),
    "derived": Label(nb="utledet", en="derived"),
    "remembered": Label(nb="etter hukommelsen", en="remembered"),
    "ASSUMED": Label(nb="antatt", en="assumed"),
    "not found": Label(nb="ikke funnet", en="not found"),
}

SOURCE_R109 = Label(
    nb="Finansdepartementet: rundskriv R-109/2021, Prinsipper og krav ved utarbeidelse av"
    " samfunnsøkonomiske analyser.",
    en="Norwegian Ministry of Finance: circular R-109/2021 on cost-benefit analysis.",
)
SOURCE_EFFECTS = Label(
    nb="Beregnede effekter per år siden oppstart. {evidence}",
    en="Estimated effects by year since start. {evidence}",
)
SOURCE_COSTS = Label(
    nb="Kostnadene, post for post med kilde: siste tabell i vedlegget. {note}",
    en="The costs, each with its source: the annex's last table. {note}",
)
SOURCE_ASSUMPTIONS = Label(
    nb="Forutsetningene, med verdi, spenn, status og kilde for hver: siste tabell i vedlegget.",
    en="The assumptions, each with value, range, status and source: the annex's last table.",
)
