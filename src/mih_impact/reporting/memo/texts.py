"""The sentences of the memo, with places for its numbers."""

from __future__ import annotations

from mih_impact.display.locale import Label

TITLE = Label(
    nb="{programme}: hva det gir, hva det koster, og for hvem",
    en="{programme}: what it gives, what it costs, and for whom",
)
SUBTITLE = Label(
    nb="Samfunnsøkonomisk regnskap per deltaker som startet. Faste {year}-priser.",
    en="Cost-benefit account per participant who started. Fixed {year} prices.",
)
SHORT = Label(nb="Kort svar", en="The answer in short")

# The answer in one sentence: for a gain, a loss and neither, with an interval and without one.
ANSWER = {
    ("gain", True): Label(
        nb="**Samfunnet tjener {npv} per deltaker over {years} år**, og samlet nytte er større enn"
        " kostnadene {when}. 95\u00a0% konfidensintervall er {ci} når bare utvalgsusikkerhet er"
        " regnet med, og {total} når også forutsetningene varierer.",
        en="**Society gains {npv} per participant over {years} years**, and accumulated benefits"
        " exceed costs {when}. The 95% confidence interval is {ci} with sampling uncertainty alone,"
        " and {total} where assumptions vary too.",
    ),
    ("gain", False): Label(
        nb="**Samfunnet tjener {npv} per deltaker over {years} år**, og samlet nytte er større enn"
        " kostnadene {when}. Konfidensintervall er ikke tilgjengelig.",
        en="**Society gains {npv} per participant over {years} years**, and accumulated benefits"
        " exceed costs {when}. A confidence interval is not available.",
    ),
    ("loss", True): Label(
        nb="**Samfunnet taper {npv} per deltaker over {years} år.** 95\u00a0%"
        " konfidensintervall for virkningen er {ci} når bare utvalgsusikkerhet er regnet med, og"
        " {total} når også forutsetningene varierer.",
        en="**Society loses {npv} per participant over {years} years.** The 95% confidence interval"
        " of the effect is {ci} with sampling uncertainty alone, and {total} where assumptions vary"
        " too.",
    ),
    ("loss", False): Label(
        nb="**Samfunnet taper {npv} per deltaker over {years} år.** Konfidensintervall er ikke"
        " tilgjengelig.",
        en="**Society loses {npv} per participant over {years} years.** A confidence interval is"
        " not available.",
    ),
    ("zero", True): Label(
        nb="**Regnskapet for samfunnet går i null over {years} år.** 95\u00a0%"
        " konfidensintervall for virkningen er {ci} når bare utvalgsusikkerhet er regnet med, og"
        " {total} når også forutsetningene varierer.",
        en="**The account of society breaks even over {years} years.** The 95% confidence interval"
        " of the effect is {ci} with sampling uncertainty alone, and {total} where assumptions vary"
        " too.",
    ),
    ("zero", False): Label(
        nb="**Regnskapet for samfunnet går i null over {years} år.** Konfidensintervall er ikke"
        " tilgjengelig.",
        en="**The account of society breaks even over {years} years.** A confidence interval is"
        " not available.",
    ),
}
# Where an interval that is shown holds zero: that of sampling, or only the one with assumptions.
UNSURE = {
    "sampling": Label(
        nb=" Intervallet omfatter null: det er usikkert om samfunnet tjener eller taper.",
        en=" The interval includes zero: whether society gains or loses is uncertain.",
    ),
    "total": Label(
        nb=" Med usikre forutsetninger omfatter intervallet null: det er usikkert om samfunnet"
        " tjener eller taper.",
        en=" With uncertain assumptions the interval includes zero: whether society gains or loses"
        " is uncertain.",
    ),
}
UNSURE_PUBLIC = Label(
    nb=" Om de tjener eller taper, er usikkert.", en=" Whether they gain or lose is uncertain."
)
ANSWER_PUBLIC = {
    "gain": Label(
        nb=" Offentlige budsjetter tjener {public} per deltaker{posts}.",
        en=" Public budgets gain {public} per participant{posts}.",
    ),
    "loss": Label(
        nb=" Offentlige budsjetter taper {public} per deltaker{posts}.",
        en=" Public budgets lose {public} per participant{posts}.",
    ),
    "zero": Label(
        nb=" Offentlige budsjetter går i null{posts}.", en=" Public budgets break even{posts}."
    ),
}
# What is said of the posts where the programme or the analyst asks who pays for them.
POSTS = {
    "none new": Label(
        nb=" når stillingene er budsjettert fra før; er alle nye, er virkningen {new_money}",
        en=" where the posts are budgeted anyway; if all are new, it is {new_money}",
    ),
    "some new": Label(
        nb=" når {share} av stillingene er nye kommunale penger; er alle det, er virkningen"
        " {new_money}",
        en=" where {share} of the posts is new municipal money; where all are, the effect is"
        " {new_money}",
    ),
    "all new": Label(
        nb=" når alle stillingene er nye kommunale penger",
        en=" where every post is new municipal money",
    ),
}
FACTS = {
    "npv": Label(nb="netto nåverdi per deltaker", en="net present value per participant"),
    "public": Label(
        nb="virkning på offentlige budsjetter per deltaker", en="effect on public budgets per"
        " participant"
    ),
    "scale": Label(
        nb="av den beregnede effekten er nok til at regnskapet går i null",
        en="of the estimated effect is enough for the account to break even",
    ),
    "times": Label(
        nb="ganger den beregnede effekten måtte til for at regnskapet skulle gå i null",
        en="times the estimated effect would be needed for the account to break even",
    ),
}  # fmt: skip

QUESTION = Label(nb="Spørsmålet", en="The question")
ASKED = Label(
    nb="Hva får samfunnet igjen for {programme}, hvem betaler, og når kommer pengene tilbake?"
    " Notatet svarer per deltaker som startet, også for dem som falt fra underveis. Effektene er"
    " forskjellen fra en kontrollgruppe{effects} og ført i et regnskap etter Finansdepartementets"
    " rundskriv{r109}, med en analyseperiode på {years} år.",
    en="What does society get in return for {programme}, who pays, and when does the money come"
    " back? The memo answers per participant who started, drop-outs included. Effects are"
    " differences from a control group{effects}, entered in an account by the circular of the"
    " Norwegian Ministry of Finance{r109} with a horizon of {years} years.",
)

ACCOUNT = Label(nb="Regnskapet", en="The account")
WAGE = {
    "gain": Label(
        nb="I år {year} etter oppstart er lønnsinntekten {wage} høyere enn i kontrollgruppen. ",
        en="In year {year} after start, wage income is {wage} above the control group's. ",
    ),
    "loss": Label(
        nb="I år {year} etter oppstart er lønnsinntekten {wage} lavere enn i kontrollgruppen. ",
        en="In year {year} after start, wage income is {wage} below the control group's. ",
    ),
    "zero": Label(
        nb="I år {year} etter oppstart er lønnsinntekten den samme som i kontrollgruppen. ",
        en="In year {year} after start, wage income is the same as the control group's. ",
    ),
}
# How alike participants and controls were: the balance, and the years that nobody matched on, by
# whether the test of them passed.
BALANCE = Label(
    nb="Etter {how} skiller {apart} av {rows} kjennetegn seg med mer enn {limit} standardavvik"
    " (størst: {largest}). ",
    en="After {how}, {apart} of {rows} characteristics differ by more than {limit} standard"
    " deviations (largest: {largest}). ",
)
PRETREND = {
    True: Label(
        nb="I årene før oppstart som det ikke er matchet på ({years}), er det ikke påvist noen"
        " forskjell i lønn ({p}). ",
        en="In years before start not matched on ({years}), no difference in wages was found"
        " ({p}). ",
    ),
    False: Label(
        nb="I årene før oppstart som det ikke er matchet på ({years}), var lønnen forskjellig"
        " ({p}): noe av effekten kan være en forskjell som var der fra før. ",
        en="In years before start not matched on ({years}), wages differed ({p}): part of the"
        " effect may be a difference that was there before. ",
    ),
    None: Label(
        nb="Ingen år før oppstart kan brukes til å teste om lønnen utviklet seg likt. ",
        en="No year before start can be used to test whether wages moved alike. ",
    ),
}
# What the resources cost, and at what cost the account would break even: above, below, nowhere.
COSTS = {
    "room": Label(
        nb="Tiltaket bruker ressurser for {cost} per deltaker{costs}; kostnadene kan bli {most} før"
        " regnskapet går i null. ",
        en="Resources worth {cost} per participant are used{costs}; costs can reach {most} before"
        " the gain is gone. ",
    ),
    "too dear": Label(
        nb="Tiltaket bruker ressurser for {cost} per deltaker{costs}; regnskapet hadde gått i null"
        " om de kostet {most}. ",
        en="The programme uses resources worth {cost} per participant{costs}; the account would"
        " have broken even had they cost {most}. ",
    ),
    "if free": Label(
        nb="Tiltaket bruker ressurser for {cost} per deltaker{costs}; regnskapet hadde gått i null"
        " om de var gratis. ",
        en="The programme uses resources worth {cost} per participant{costs}; the account would"
        " have broken even had they been free. ",
    ),
    "never": Label(
        nb="Tiltaket bruker ressurser for {cost} per deltaker{costs}; regnskapet går i minus om de"
        " så var gratis. ",
        en="The programme uses resources worth {cost} per participant{costs}; the account would"
        " lose even had they been free. ",
    ),
}
NO_COSTS = Label(
    nb="Kostnadene ved tiltaket er **ikke** regnet med. ",
    en="The costs of the programme are **not** included. ",
)
ACTORS_CAPTION = Label(
    nb="Hvem betaler og hvem tjener: nåverdi i kroner per deltaker over {years} år, faste"
    " {year}-priser",
    en="Who pays and who gains: present value in NOK per participant over {years} years, fixed"
    " {year} prices",
)
ACTOR, VALUE, INTERVAL, TOTAL, BREAK_EVEN = (
    Label(nb="Hvem", en="Who"),
    Label(nb="Nåverdi", en="Present value"),
    Label(nb="95\u00a0% KI, utvalg", en="95% CI, sampling"),
    Label(nb="… og forutsetninger", en="… and assumptions"),
    Label(nb="Lønnsomt", en="Breaks even"),
)

DECIDES = Label(nb="Forutsetningene som avgjør", en="The assumptions that decide it")
POSTS_VIEW = Label(
    nb="**Hvem betaler stillingene?** Er alle stillingene nye kommunale penger, er netto nåverdi"
    " {society_new} og virkningen på offentlige budsjetter {new_money}{turn}.",
    en="**Who pays for the posts?** If every post is new municipal money, net present value is"
    " {society_new} and the effect on public budgets {new_money}{turn}.",
)
POSTS_TURN = Label(
    nb="; budsjettene går i null når {share} av stillingene er nye",
    en="; budgets break even where {share} of the posts is new",
)
LEISURE_VIEW = Label(
    nb="**Fritid.** Rundskrivet verdsetter tapt fritid til nettolønn. Da er netto nåverdi"
    " {leisure}, mot {base} her. Tiden i selve tiltaket er heller ikke da priset.",
    en="**Leisure.** The circular values leisure given up at the net wage. Net present value is"
    " then {leisure}, against {base} here. Time in the programme itself is priced in neither.",
)
SELECTION_VIEW = Label(
    nb="**Utvelgelse.** Regnskapet går i null hvis {selection} av effekten skyldes at de som"
    " startet, var mer motiverte.",
    en="**Selection.** The account breaks even if {selection} of the effect comes from starters"
    " being more motivated.",
)
DISPLACEMENT_VIEW = Label(
    nb="**Fortrengning.** Var alle stillingene ellers fylt av andre, er netto nåverdi {all}{turn}.",
    en="**Displacement.** If all the posts would otherwise have been filled by others, net present"
    " value is {all}{turn}.",
)
DISPLACEMENT_TURN = Label(
    nb="; regnskapet går i null hvis {share} av virkningen fortrenger andre fra arbeid",
    en="; the account breaks even if {share} of the effect pushes others out of work",
)
TORNADO_CAPTION = Label(
    nb="Usikre forutsetninger som flytter netto nåverdi (NNV) mest, og kalkulasjonsrenten",
    en="The uncertain assumptions that move net present value (NPV) most, and the discount rate",
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
    nb="Tabell {table} gjelder et eksempel, {cohorts}: bare penger som faktisk betales, {prices}."
    " {need}Delene skal ikke slås sammen: lavere ytelser og høyere skatt er følger av tiltaket,"
    " ikke inndekning for bevilgningene.",
    en="Table {table} is for an example, {cohorts}: only money in fact paid, {prices}. {need}"
    "The parts are not to be added together: lower benefits and higher taxes cover no grants.",
)
BUDGET_NEED = Label(
    nb="For offentlige budsjetter samlet er behovet for bevilgninger størst i {peak_year}, med"
    " {peak}; tilskudd mellom budsjettene er ikke medregnet. ",
    en="For public budgets as a whole, grants needed are largest in {peak_year}, at {peak};"
    " grants between budgets are not counted. ",
)
AND = Label(nb="{before} og {last}", en="{before} and {last}")
COHORT = Label(nb="{n} som starter i {year}", en="{n} starters in {year}")
COHORT_AFTER = Label(nb="{n} i {year}", en="{n} in {year}")
BUDGET_CAPTION = Label(
    nb="Offentlige budsjetter etter år, mill. kr, {prices}",
    en="Public budgets by year, NOK million, {prices}",
)
BLOCK = Label(nb="Del", en="Part")

NON_PRICED = Label(nb="Virkninger uten pris", en="Effects without a price")
NON_PRICED_TEXT = Label(
    nb="Etter pluss-minusmetoden{dfo}, utenfor regnskapet: {effects}."
    " Betydning og omfang er skjønn.",
    en="By the plus-minus method{dfo}, outside the account: {effects}. Importance and extent are"
    " judgements.",
)

CANNOT = Label(nb="Det analysen ikke kan si", en="What the analysis cannot say")
MOTIVATION = Label(
    nb="Ingen registre måler motivasjon, og ingen av intervallene omfatter den. Er de som startet,"
    " mer motiverte enn kontrollgruppen, er effekten mindre enn beregnet.",
    en="No register measures motivation, and none of the intervals contains it. If starters were"
    " more motivated than controls, the effect is smaller than estimated.",
)
#: What the intervals of the figures hold, with a figure of budgets and without one.
FIGURES = {
    True: Label(
        nb=" Intervallene i de to første figurene viser bare utvalgsusikkerhet; i den siste"
        " varierer også forutsetningene.",
        en=" Intervals in the first two figures show sampling uncertainty alone; in the last one,"
        " assumptions vary too.",
    ),
    False: Label(
        nb=" Intervallene i de to første figurene viser bare utvalgsusikkerhet.",
        en=" Intervals in the first two figures show sampling uncertainty alone.",
    ),
}
LATER = Label(
    nb=" Virkninger etter år {last} er ikke regnet med.",
    en=" Effects after year {last} are not counted.",
)
EVIDENCE = Label(nb=" **{evidence}** {published}", en=" **{evidence}** {published}")

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
    "price_year": Label(nb="året kronene er fra", en="the year whose kroner they are"),
    "table": Label(nb="nummeret på tabellen", en="the number of the table"),
    "prices": Label(nb="hvilke kroner", en="which kroner"),
    "interval": Label(
        nb="95\u00a0% konfidensintervall for nåverdien for {who}, utvalgsusikkerhet alene",
        en="95% confidence interval of the present value for {who}, sampling uncertainty alone",
    ),
    "total": Label(
        nb="95\u00a0% intervall for nåverdien for {who}, utvalg og forutsetninger trukket sammen",
        en="95% interval of the present value for {who}, sampling and assumptions drawn together",
    ),
    "in_kind": Label(
        nb="nåverdi av offentlig innsats som ikke betales ut, per deltaker",
        en="present value of what public budgets give in kind, per participant",
    ),
    "cash": Label(
        nb="nåverdi for offentlige budsjetter når bare betalinger regnes med, per deltaker",
        en="present value for public budgets in cash alone, per participant",
    ),
    "behind": Label(
        nb="deltakere bak anslaget for et år", en="participants behind the estimate of a year"
    ),
    "year": Label(nb="år siden oppstart", en="years since start"),
    "residual": Label(
        nb="restverdi etter regnskapets siste år når effekten halveres hvert femte år til 67 år",
        en="residual value after the account's last year if the effect halves every five years"
        " until 67",
    ),
    "age": Label(
        nb="alderen som virkningene følges til", en="the age that effects are followed to"
    ),
    "municipal": Label(
        nb="kommunens kasse per plass, alle år, ikke diskontert",
        en="the municipality's cash per place, all years, not discounted",
    ),
    "step": Label(
        nb="fra kommunen i regnskapet til kommunens kasse: {what}",
        en="from the municipality in the account to its cash: {what}",
    ),
    "balance": Label(
        nb="standardiserte forskjeller før oppstart, etter at kontrollene er valgt",
        en="standardised differences before start, after controls are chosen",
    ),
    "pretrend": Label(
        nb="test av forskjellen i lønnsinntekt før oppstart",
        en="test of the difference in wage income before start",
    ),
    "wage": Label(
        nb="effekt på lønnsinntekt det året, gjennomsnitt per deltaker som startet",
        en="effect on wage income in that year, average per participant who started",
    ),
    "cost": Label(
        nb="nåverdi av ressursene tiltaket bruker, per deltaker",
        en="present value of the resources the programme uses, per participant",
    ),
    "most": Label(
        nb="nåverdien av ressursene per deltaker der netto nåverdi er null, tilskudd som de er",
        en="the present value of resources per participant at which net present value is zero,"
        " grants as they are",
    ),
    "scale": Label(
        nb="andelen av alle effekter som gir netto nåverdi lik null",
        en="the share of all effects at which net present value is zero",
    ),
    "changed": Label(
        nb="nåverdi for {who} når {what} er {value}",
        en="present value for {who} where {what} is {value}",
    ),
    "objection": Label(nb="{number}: {status}", en="{number}: {status}"),
    "switch": Label(
        nb="verdien av {what} der nåverdien for {who} er null",
        en="the value of {what} at which the present value for {who} is zero",
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
    nb="Alle forutsetninger i regnskapet, med spenn, status og kilde",
    en="Every assumption of the account, with range, status and source",
)
ALL_HEADER = (
    Label(nb="Forutsetning", en="Assumption"),
    Label(nb="Verdi", en="Value"),
    Label(nb="Spenn", en="Range"),
    Label(nb="Status", en="Status"),
    Label(nb="Kilde", en="Source"),
)

SOURCE_R109 = Label(
    nb="Finansdepartementet: rundskriv R-109/2021, Prinsipper og krav ved utarbeidelse av"
    " samfunnsøkonomiske analyser.",
    en="Norwegian Ministry of Finance: circular R-109/2021 on cost-benefit analysis.",
)
SOURCE_EFFECTS = {
    True: Label(
        nb="Beregnede effekter per år siden oppstart. {evidence}",
        en="Estimated effects by year since start. {evidence}",
    ),
    False: Label(
        nb="Effekter per år siden oppstart, slik de er oppgitt. {evidence}",
        en="Effects by year since start, as they were given. {evidence}",
    ),
}
SOURCE_COSTS = Label(
    nb="Kostnadene, post for post med kilde: siste tabell i vedlegget. {note}",
    en="The costs, each with its source: the annex's last table. {note}",
)
SOURCE_ASSUMPTIONS = Label(
    nb="Forutsetningene, med verdi, spenn, status og kilde for hver: siste tabell i vedlegget.",
    en="The assumptions, each with value, range, status and source: the annex's last table.",
)

#: What the numbers of the objections that the memo tells are, by their names there.
OBJECTED: dict[str, Label] = {
    "base": Label(nb="netto nåverdi i regnskapet", en="net present value of the account"),
    "public": Label(nb="offentlige budsjetter i regnskapet", en="public budgets of the account"),
    "years_given": Label(
        nb="årsverk deltakeren gir i tiltaket",
        en="full-time years that the participant gives in the programme",
    ),
    "wage": Label(
        nb="årslønnen før skatt som deltakerens tid er verdsatt etter",
        en="the yearly wage before tax that the participant's time is valued by",
    ),
    "time": Label(
        nb="verdien av deltakerens tid i tiltaket",
        en="value of the participant's time in the programme",
    ),
    "with_time": Label(
        nb="netto nåverdi når både tapt fritid og tid i tiltaket er priset",
        en="net present value with leisure given up and time in the programme both priced",
    ),
    "balanced": Label(
        nb="netto nåverdi med de samme deltakerne bak alle år",
        en="net present value with the same participants in all years",
    ),
    "error_balanced": Label(
        nb="standardfeilen til netto nåverdi med de samme deltakerne bak alle år",
        en="standard error of net present value with the same participants in all years",
    ),
    "filled": Label(
        nb="netto nåverdi når år som mangler, er fylt ut fra årene før",
        en="net present value with missing years filled from those before them",
    ),
    "error_filled": Label(
        nb="standardfeilen til netto nåverdi når år som mangler, er fylt ut",
        en="standard error of net present value with missing years filled",
    ),
    "share_lowest": Label(nb="laveste skattesats", en="lowest tax rate"),
    "share_highest": Label(nb="høyeste skattesats", en="highest tax rate"),
    "share_tax": Label(nb="skatt, andel av lønnsøkningen", en="tax, share of the gain in wages"),
    "share_flat": Label(nb="skattesatsen når den er én", en="the tax rate where it is one"),
    "society_flat": Label(
        nb="netto nåverdi med én skattesats", en="net present value at one tax rate"
    ),
    "public_flat": Label(
        nb="offentlige budsjetter med én skattesats", en="public budgets at one tax rate"
    ),
}
