"""The texts of the rules: what was found, and what to do, in both languages."""

from __future__ import annotations

from mih_impact.display.locale import Label

ROW, ROWS = Label(nb="rad", en="row"), Label(nb="rader", en="rows")
PERSON, PERSONS = Label(nb="person", en="person"), Label(nb="personer", en="persons")
PERSON_YEARS = Label(nb="personårene", en="person-years")
PERSON_MONTHS = Label(nb="personmånedene", en="person-months")
YEAR, MONTH = Label(nb="år", en="year"), Label(nb="måned", en="month")
FINITE = Label(nb="et endelig tall", en="a finite number")

#: What a value that could not be converted is, by the failure the plan names.
FAILURES: dict[str, Label] = {
    "an identifier that a spreadsheet has shortened": Label(
        nb="en identifikator som et regneark har forkortet (1,23E+10)",
        en="an identifier that a spreadsheet has shortened (1.23E+10)",
    ),
    "in a file that lacks the column": Label(
        nb="i en fil som mangler kolonnen", en="in a file that lacks the column"
    ),
    "a code with decimals, or one too large": Label(
        nb="en kode med desimaler, eller en for stor kode",
        en="a code with decimals, or one too large",
    ),
    "neither 0 nor 1": Label(nb="verken 0 eller 1", en="neither 0 nor 1"),
    "not a whole number": Label(nb="ikke et helt tall", en="not a whole number"),
    "a code that values={...} does not name": Label(
        nb="en kode som values={...} ikke nevner", en="a code that values={...} does not name"
    ),
    "a code that its list does not have, or that became several": Label(
        nb="en kode som listen ikke har, eller som ble til flere",
        en="a code that its list does not have, or that became several",
    ),
    "text that is not a number": Label(
        nb="tekst som ikke er et tall", en="text that is not a number"
    ),
    "text that is not a number as decimal= and thousands= say": Label(
        nb="tekst som ikke er et tall slik decimal= og thousands= sier",
        en="text that is not a number as decimal= and thousands= say",
    ),
    "text that is neither true nor false": Label(
        nb="tekst som verken er sann eller usann", en="text that is neither true nor false"
    ),
    "a date where a whole number is needed": Label(
        nb="en dato der det skal stå et helt tall", en="a date where a whole number is needed"
    ),
}

#: What to do about some of them; others are corrected, or recoded.
REMEDIES: dict[str, Label] = {
    "an identifier that a spreadsheet has shortened": Label(
        nb="hent filen på nytt fra kilden, og la identifikatoren være tekst: sifrene er borte, og "
        "flere personer kan ha blitt én",
        en="take the file from its source again, and keep the identifier as text: digits are lost, "
        "and several persons may have become one",
    ),
    "in a file that lacks the column": Label(
        nb="gi kolonnen samme navn i alle filene; var det ikke noe å skrive, skriv 0 i en "
        "beløpskolonne, og la en annen stå tom",
        en="give the column one name in all the files; where there was nothing to write, write 0 "
        "in a column of money, and leave another empty",
    ),
    "text that is not a number": Label(
        nb="rett verdiene, eller si hvilke som betyr at verdien mangler: "
        "values={{'{column}': {{'..': None}}}}",
        en="correct the values, or say which of them mean that there is none: "
        "values={{'{column}': {{'..': None}}}}",
    ),
    "a code that its list does not have, or that became several": Label(
        nb="si hva koder som ble delt, skal bli, med splits= (for eksempel "
        "splits=\"together\"), og hva andre er: values={{'{column}': liste | {{'kode': None}}}}; "
        "liste.count(kolonne) viser hvor mange det er av hver",
        en="say with splits= what becomes of codes that were divided (such as "
        "splits=\"together\"), and what others are: values={{'{column}': list | {{'code': None}}}};"
        " list.count(column) shows how many there are of each",
    ),
    "not a whole number": Label(nb="rett verdiene", en="correct the values"),
    "text that is not a number as decimal= and thousands= say": Label(
        nb="gi merkene med navn på kolonnene som er skrevet slik, uten {column}: "
        "thousands={{'...': '.'}}; eller rett verdiene",
        en="give the marks by the names of the columns that are written so, without {column}: "
        "thousands={{'...': '.'}}; or correct the values",
    ),
    "a date where a whole number is needed": Label(
        nb="behold bare årstallet: 2020 for «2020-08-19»",
        en='keep the year alone: 2020 of "2020-08-19"',
    ),
}

_TWO_WAYS = Label(
    nb="{column} kan leses på to måter i {rows}: «1{mark}234» er 1234 hvis tegnet skiller tusener, "
    "og én og 234 tusendeler hvis det er desimaltegn",
    en='{column} can be read in two ways in {rows}: "1{mark}234" is 1234 if the mark stands '
    "between thousands, and one and 234 thousandths if it is the decimal mark",
)
_SAY_WHICH = Label(
    nb='si hvilken: thousands={{"{column}": "{mark}"}} eller decimal={{"{column}": "{mark}"}}',
    en='say which: thousands={{"{column}": "{mark}"}} or decimal={{"{column}": "{mark}"}}',
)
TWO_WAYS = (_TWO_WAYS, _SAY_WHICH)
TWO_WAYS_CODE = (
    _TWO_WAYS,
    Label(
        nb=_SAY_WHICH.nb + '; er det koder, codes="{column}"',
        en=_SAY_WHICH.en + '; if they are codes, codes="{column}"',
    ),
)

EMPTY = (
    Label(nb="Registeret har ingen rader", en="The register has no rows"),
    Label(
        nb="kontroller filen, og at et eventuelt utvalg ikke er tomt",
        en="check the file, and that a selection made before reading is not empty",
    ),
)
NULL_KEY = (
    Label(nb="{column} mangler i {rows}", en="{column} is null in {rows}"),
    Label(
        nb="ta ut radene eller finn verdien: en rad må ha person og år",
        en="drop the rows or find the value: a row needs a person and a year",
    ),
)
CONVERSION = (
    Label(
        nb="{column} kan ikke leses i {rows}: {failure}",
        en="{column} cannot be read in {rows}: {failure}",
    ),
    Label(
        nb="rett verdiene, eller oversett koder med values={{'{column}': {{...}}}}",
        en="correct the values, or recode them with values={{'{column}': {{...}}}}",
    ),
)
ALL_NULL = (
    Label(nb="{column} er tom i alle rader ({rows})", en="{column} is null in all rows ({rows})"),
    Label(
        nb="kontroller koblingen som laget kolonnen, eller ta den ut",
        en="check the join that made the column, or drop it",
    ),
)
STARTERS = Label(nb="dem som starter", en="those who start")
NEVER_STARTERS = Label(nb="dem som aldri starter", en="those who never start")
NOWHERE = (
    Label(
        nb="{column} er tom i alle rader for {where} ({rows}), men har beløp ellers; tomme rader "
        "ville regnes som at ingenting ble utbetalt",
        en="{column} is null in all rows of {where} ({rows}), but has amounts elsewhere; null rows "
        "would count as nothing paid",
    ),
    Label(
        nb="er den ikke levert, skaff den, eller ta ut disse radene, eller kolonnen; ble ingenting "
        "utbetalt, som før en ytelse fantes, skriv 0 i disse radene",
        en="if it was not delivered, bring it, or leave out these rows, or the column; if nothing "
        "was paid, as before a benefit existed, write 0 in these rows",
    ),
)
NO_EXITS = (
    Label(
        nb="{column} er tom i alle rader ({rows}): ingen i registeret faller fra slik",
        en="{column} is null in all rows ({rows}): nobody in the register leaves that way",
    ),
    Label(
        nb="kontroller at uttrekket har med hendelsen",
        en="check that the extract carries the event",
    ),
)
ALL_ZERO = (
    Label(
        nb="{column} er 0 i alle rader som har verdi ({rows})",
        en="{column} is zero in all rows that have a value ({rows})",
    ),
    Label(
        nb="ta den ut hvis den ikke gjelder denne gruppen",
        en="drop it if it does not concern this population",
    ),
)
NEGATIVE = (
    Label(nb="{column} er negativ i {rows}", en="{column} is negative in {rows}"),
    Label(
        nb="avgjør hva en negativ korreksjon skal bety (for eksempel 0) før innlesing",
        en="decide what a negative correction should mean (0, for instance) before reading",
    ),
)
ABSURD = (
    Label(
        nb="{column} er over {high} {currency} i {rows}",
        en="{column} is above {currency} {high} in {rows}",
    ),
    Label(
        nb="kontroller enheten: kanskje er det øre, eller en sum over flere år",
        en="check the unit: perhaps it is øre, or a sum over years",
    ),
)
THOUSANDS = (
    Label(
        nb="{column} over null er i gjennomsnitt under {limit} kroner i {rows}, 5\u00a0% av "
        "grunnbeløpet (Nav, {year}): det ser ut som tusener",
        en="{column} above zero is on average below NOK {limit} in {rows}, 5% of the basic amount "
        "(G, Nav, {year}): it looks like thousands",
    ),
    Label(
        nb="er det tusener, gang {source} med 1000 før innlesing; er det kroner, er det greit",
        en="if it is thousands, multiply {source} by 1000 before reading; if it is kroner, it is "
        "fine",
    ),
)
ORE = (
    Label(
        nb="{column} over null er i gjennomsnitt over {limit} kroner i {rows}, 30 ganger "
        "grunnbeløpet (Nav, {year}): det ser ut som øre",
        en="{column} above zero is on average above NOK {limit} in {rows}, 30 times the basic "
        "amount (G, Nav, {year}): it looks like øre",
    ),
    Label(
        nb="er det øre, del {source} på 100 før innlesing; er det kroner, er det greit",
        en="if it is øre, divide {source} by 100 before reading; if it is kroner, it is fine",
    ),
)
A_YEAR_A_MONTH = (
    Label(
        nb="{column} over null er i gjennomsnitt over {limit} kroner i måneden i {rows}, mer enn "
        "grunnbeløpet for et år (Nav, {year}): det ser ut som et års beløp i hver måned",
        en="{column} above zero is on average above NOK {limit} a month in {rows}, more than the "
        "basic amount of a year (G, Nav, {year}): it looks like the amount of a year in each month",
    ),
    Label(
        nb="er det et års beløp, del {source} på 12 før innlesing, er det øre, på 100; er det "
        "kroner i måneden, er det greit",
        en="if it is the amount of a year, divide {source} by 12 before reading, if it is øre, by "
        "100; if it is kroner a month, it is fine",
    ),
)
CODED = (
    Label(
        nb="{column} er {codes} i {rows}: det ser ut som en kode for at verdien mangler",
        en="{column} is {codes} in {rows}: it looks like a code for a missing value",
    ),
    Label(
        nb="er det en kode, gjør den til manglende: {paste}; er det en verdi, er det greit",
        en="if it is a code, make it missing: {paste}; if it is a value, it is fine",
    ),
)
#: Of amounts, what follows.
CODED_MONEY = (
    CODED[0],
    Label(
        nb=CODED[1].nb + "; et beløp som mangler, er 0 for den som er bosatt",
        en=CODED[1].en + "; a missing amount is zero of a resident",
    ),
)
#: Beside what is wrong with such values anyway.
OR_CODED = Label(
    nb="{do}; er {codes} en kode for at verdien mangler: {paste}",
    en="{do}; if {codes} is a code for a missing value: {paste}",
)
_CORRECT = Label(
    nb="rett verdiene eller la dem stå tomme", en="correct the values or leave them null"
)
#: Of what names a row, which cannot be null.
CORRECT_KEY = Label(
    nb="rett verdiene; av en dato beholdes året, og måneden i en egen kolonne",
    en="correct the values; of a date keep the year, and the month in a column of its own",
)
BEYOND = (
    Label(
        nb="{column} er utenfor ±{high} {currency} i {rows}",
        en="{column} is beyond ±{currency} {high} in {rows}",
    ),
    ABSURD[1],
)
ROUNDED = (
    Label(
        nb="{column} er for små tall til å regnes i hundredeler av {currency}: avrunding flytter "
        "beløpene med {share}",
        en="{column} is too small to be kept in hundredths of {currency}: rounding moves the "
        "amounts by {share}",
    ),
    Label(
        nb="er det tusener eller millioner, gang opp til hele {currency} før innlesing; er det "
        "ikke penger, si hva det måles i: {paste}",
        en="if it is thousands or millions, multiply to whole {currency} before reading; if it is "
        "no money, say what it is measured in: {paste}",
    ),
)
BELOW = (
    Label(nb="{column} er under {low} i {rows}", en="{column} is below {low} in {rows}"),
    _CORRECT,
)
ABOVE = (
    Label(nb="{column} er over {high} i {rows}", en="{column} is above {high} in {rows}"),
    _CORRECT,
)
ABOVE_YEARS = (
    ABOVE[0],
    Label(
        nb="la år som ikke finnes, stå tomme: 9999 og lignende betyr ikke aldri her; av en dato "
        "som «20200819» beholdes året",
        en="leave years that are none null: 9999 and the like do not mean never here; of a date "
        'such as "20200819" keep the year',
    ),
)
STRANGERS = (
    Label(
        nb="{table}: {lost} av {read} rader ({share}) har personer som tabellen over personer "
        "ikke har",
        en="{table}: {lost} of {read} rows ({share}) have persons that the table of persons lacks",
    ),
    Label(
        nb="sammenlign de to nøklene, eller oppgi identifiers=; ingenting hvis tabellen dekker "
        "flere enn personene",
        en="compare the two keys, or give identifiers=; nothing if the table covers more people "
        "than the persons",
    ),
)
MISSPELT = (
    Label(
        nb="Registeret har «{source}», men ikke {column}",
        en="The register has '{source}' but no {column}",
    ),
    Label(nb="er det samme kolonne: {paste}", en="if it is the same column: {paste}"),
)
LEFT_OUT = (
    Label(
        nb="{column} er ikke lest inn: typen kan ikke brukes",
        en="{column} was not read: its type cannot be used",
    ),
    Label(
        nb="gjør den om til tall eller tekst hvis den trengs",
        en="convert it to a number or to text if it is needed",
    ),
)
NO_INDEX = (
    Label(
        nb="Det finnes ingen prisindeks for {years}; indeksen dekker {shipped}",
        en="There is no price index for {years}; the index covers {shipped}",
    ),
    Label(
        nb="ta ut årene, eller legg dem til: index={adding}; er beløpene alt i faste priser, "
        'money="fixed"',
        en="leave the years out, or add them: index={adding}; if the money is in fixed prices "
        'already, money="fixed"',
    ),
)
NO_INDEX_OWN = (
    NO_INDEX[0],
    Label(
        nb="ta ut årene, eller gi dem i index= også: den står i stedet for den innebygde indeksen "
        "(år legges til den med mih.PriceIndex.kpi().extended({{år: verdi}}))",
        en="leave the years out, or give them in index= too: it takes the place of the shipped "
        "index (years are added to that with mih.PriceIndex.kpi().extended({{year: value}}))",
    ),
)
AFTER: dict[str, tuple[Label, Label]] = {
    "death_year": (
        Label(
            nb="{rows} etter dødsåret teller ikke",
            en="{rows} after the year of death: not counted",
        ),
        Label(
            nb="ingenting ved etterbetalinger; ellers kontroller dødsåret",
            en="nothing if these are late payments; otherwise check the year of death",
        ),
    ),
    "emigration_year": (
        Label(
            nb="{rows} etter utvandringsåret teller ikke",
            en="{rows} after the year of emigration: not counted",
        ),
        Label(
            nb="har personene flyttet tilbake, gi bostedsperioder: resident=",
            en="if the persons have returned, give spells of residency: resident=",
        ),
    ),
}
COPIES = (
    Label(
        nb="{cells} av {periods} har kopier av én og samme rad ({rows} for mye)",
        en="{cells} of the {periods} have copies of one and the same row ({rows} too many)",
    ),
    Label(
        nb="behold én av hver; kopier skal ikke summeres",
        en="keep one of each; copies are not to be summed",
    ),
)
DIFFERENT = (
    Label(
        nb="{cells} av {periods} har flere rader, og de er ulike ({rows} for mye)",
        en="{cells} of the {periods} have several rows, which differ ({rows} too many)",
    ),
    Label(
        nb="finn ut hva en rad er: summer beløpene hvis radene er deler av ett {period} "
        "(arbeidsforhold, utbetalinger), behold den siste hvis de er rettelser",
        en="find out what a row is: sum the money if the rows are parts of one {period} (jobs, "
        "payments), keep the last if they are corrections",
    ),
)
ACROSS = (
    Label(
        nb="{cells} av {periods} finnes i flere filer ({rows} for mye): {files}",
        en="{cells} of the {periods} are in several files ({rows} too many): {files}",
    ),
    Label(
        nb="les hvert {period} fra én fil; filer med samme rader skal ikke summeres",
        en="read each {period} from one file; files with the same rows are not to be summed",
    ),
)
VERSIONS = (
    ACROSS[0],
    Label(
        nb="filene er versjoner av hverandre: les bare den siste, {last}",
        en="the files are versions of each other: read the last alone, {last}",
    ),
)
START_CHANGES = (
    Label(
        nb="{column} er ulik mellom radene til {persons}",
        en="{column} differs between the rows of {persons}",
    ),
    Label(
        nb="velg ett oppstartsår per person, vanligvis det første",
        en="choose one start year a person, usually the first",
    ),
)
START_MONTH_CHANGES = (
    START_CHANGES[0],
    Label(
        nb="velg én oppstartsmåned per person, vanligvis den første",
        en="choose one start month a person, usually the first",
    ),
)
EXIT_CHANGES = (
    START_CHANGES[0],
    Label(
        nb="velg ett år per person, eller gi bostedsperioder: resident=",
        en="choose one year a person, or give spells of residency: resident=",
    ),
)
FIXED_CHANGES = (
    Label(
        nb="{column} er ulik mellom radene til {persons}; den siste verdien brukes",
        en="{column} differs between the rows of {persons}; the last value is used",
    ),
    Label(nb="rett verdien hvis den er feil", en="correct the value if it is wrong"),
)
PARTLY = (
    Label(
        nb="start_year er tom i noen av radene til {persons}; verdien i de andre gjelder",
        en="start_year is null in some rows of {persons}; the value in the others counts",
    ),
    Label(nb="fyll inn året i alle radene", en="fill in the year in all rows"),
)
HALF = (
    Label(
        nb="bare det ene av start_year og start_month er oppgitt for {persons}",
        en="only one of start_year and start_month is given for {persons}",
    ),
    Label(
        nb="oppgi begge for dem som starter, og ingen av dem for andre",
        en="give both for those who start, and neither for others",
    ),
)
OUTSIDE = (
    Label(
        nb="{persons} med start_year utenfor registerets år ({years})",
        en="{persons} with a start_year outside the years of the register ({years})",
    ),
    Label(
        nb="se om start_year er lest fra riktig kolonne; ta så med flere år, eller ta dem ut: "
        "de får ingen effekt",
        en="see that start_year is read from the right column; then bring more years, or leave "
        "these persons out: they have no effect to measure",
    ),
)
GAP = (
    Label(
        nb="Registeret har ingen rader i {years}: alt mangler for alle da",
        en="The register has no rows in {years}: everything is missing for everybody then",
    ),
    Label(
        nb="ta dem med, eller unngå dem i lag() og basisår",
        en="bring them, or keep lag() and the base year out of them",
    ),
)
WAGE_SOURCES = Label(
    nb="Lønn i norske registre kommer fra og med 2015 fra a-ordningen, før det fra lønns- og "
    "trekkoppgaver: et nivåskifte i 2015 kan skyldes kilden",
    en="Wages in Norwegian registers come from a-ordningen from 2015 on, and from yearly "
    "statements of wages before: a shift of level in 2015 may be the source's",
)
DERIVED_INDEX = Label(
    nb="Konsumprisindeksen for {years} er regnet ut fra publisert vekst, ikke lest i tabellen",
    en="The consumer price index of {years} is reckoned from published growth, not read in the "
    "table",
)
FORECAST_INDEX = Label(
    nb="Konsumprisindeksen for {years} er en prognose",
    en="The consumer price index of {years} is a forecast",
)
VINTAGES = (
    Label(
        nb="{column} har koder som bare gjaldt før {year}, i {old}, ved siden av koder som bare "
        "gjelder fra da, i {rows}: samme sted står med to koder",
        en="{column} has codes that were in use only before {year}, in {old}, beside codes in use "
        "only since, in {rows}: one place stands under two codes",
    ),
    Label(
        nb="gjør dem om til kodene for ett år: {paste}",
        en="make them the codes of one year: {paste}",
    ),
)
STRIPPED = (
    Label(
        nb="{column} ser ut til å ha mistet ledende nuller i {rows}: 301 for 0301",
        en="{column} looks as if leading zeros were lost in {rows}: 301 for 0301",
    ),
    Label(nb="sett dem tilbake: {paste}", en="put them back: {paste}"),
)
NO_PLACE = (
    Label(
        nb="{column} har koder i {rows} som betyr ukjent eller utlandet, og ikke er steder",
        en="{column} has codes in {rows} that mean unknown or abroad, and are no places",
    ),
    Label(nb="gjør dem til manglende: {paste}", en="make them missing: {paste}"),
)
NO_VALUE = (
    Label(
        nb="{column} har koder i {rows} som etter listen betyr at verdien mangler",
        en="{column} has codes in {rows} that by the list mean that there is no value",
    ),
    Label(nb="ingenting: de er manglende nå", en="nothing: they are missing now"),
)
ONE_ROW = (
    Label(
        nb="{persons} har én rad hver: ingen kan følges fra før oppstart til etter",
        en="{persons} have one row each: nobody can be followed from before start until after it",
    ),
    Label(
        nb="ta med alle radene til hver person: én per person og {period}",
        en="bring all rows of each person: one per person and {period}",
    ),
)
ABSENT = (
    Label(
        nb="{share} av {cells} har ingen rad, og bosted er ikke kjent: de regnes som manglende",
        en="{share} of the {cells} have no row and residency is not known: they are missing",
    ),
    Label(
        nb="ta med death_year og emigration_year, eller gi bostedsperioder: resident=",
        en="bring death_year and emigration_year, or give spells of residency: resident=",
    ),
)
