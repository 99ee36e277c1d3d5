"""The texts of the monitoring page, in English and Italian."""

from string import Formatter

from ..explain.phrases.language import Language, shorten
from ..explain.phrases.phrase import LANGUAGES
from ..report.texts.translation import ORDER, UNKNOWN, Translation
from .finding import Finding

Field = float | int | str | None
_DECIMALS = ".4"  # the style of a figure such as the AUC
_LONGEST_LINE = 300  # characters of a notice
TEXTS: dict[str, tuple[str, str]] = {
    "title": ("Monitoring of {name}, as of {day}", "Monitoraggio di {name}, al {day}"),
    "title.table": ("Monitoring of {name}", "Monitoraggio di {name}"),
    "bundle": (
        "bundle fitted through {through}; {n:customer|customers} scored",
        "modello addestrato fino al {through}; {n:cliente valutato|clienti valutati}",
    ),
    "light.unknown": ("-", "-"),
    "light.ok": ("ok", "ok"),
    "light.watch": ("watch", "guarda"),
    "light.act": ("ACT", "AGIRE"),
    "part.data": (
        "Data: the last {days:day|days} against those before the bundle's fit",
        "Dati: {days:l'ultimo giorno|gli ultimi # giorni} contro quelli prima dell'addestramento",
    ),
    "part.data.table": ("Data", "Dati"),
    "part.drift": (
        "Drift: features and scores against the bundle's profile",
        "Deriva: caratteristiche e punteggi contro il profilo del modello",
    ),
    "part.promises": (
        "Promises: past scores against what happened since",
        "Promesse: i punteggi passati contro ciò che è successo dopo",
    ),
    "part.estimate": ("Today, without labels", "Oggi, senza esiti"),
    "attention": ("{n:line needs|lines need} attention.", "{n:riga richiede|righe richiedono} attenzione."),
    "calm": ("Nothing needs attention.", "Niente richiede attenzione."),
    "next.act": (
        "Next:  mend what changed in the data; if it is right: make retrain",
        "Poi:   correggere ciò che è cambiato nei dati; se è giusto: make retrain",
    ),
    "next.calm": (
        "Next:  make score INPUT=orders.csv OUTPUT=scores.csv",
        "Poi:   make score INPUT=orders.csv OUTPUT=scores.csv",
    ),
    "data.volume": ("{now} events a day, {then} then", "{now} eventi al giorno, allora {then}"),
    "data.volume_unknown": (
        "{now} events a day, {then} then: an extract or too few to compare",
        "{now} eventi al giorno, allora {then}: un estratto o troppo pochi per confrontare",
    ),
    "data.refused": ("{now:%} of the rows refused, {then:%} then", "{now:%} delle righe scartate, allora {then:%}"),
    "data.refused_more": (
        "{now:%} of the rows refused as {name}, {then:%} then",
        "{now:%} delle righe scartate come {name}, allora {then:%}",
    ),
    "data.missing": (
        "no more missing cells in {n:column|columns}",
        "non più celle mancanti in {n:colonna|colonne}",
    ),
    "data.missing_more": (
        "{name}: {now:%} of the cells missing, {then:%} then",
        "{name}: {now:%} delle celle mancanti, allora {then:%}",
    ),
    "data.amounts": (
        "amount: median {now:money}, {then:money} then",
        "importo: mediana {now:money}, allora {then:money}",
    ),
    "data.amounts_differ": (
        "amount: median {now:money}, {then:money} then; check the unit",
        "importo: mediana {now:money}, allora {then:money}; controllare l'unità",
    ),
    "data.no_amounts": ("amount: no order has one", "importo: nessun ordine ne ha uno"),
    "data.values": (
        "{n:value|values} of categories, none new, silent or changed",
        "{n:valore|valori} delle categorie, nessuno nuovo, muto o cambiato",
    ),
    "data.value_new": (
        "{name}: new value {value:quoted}, {now:%} of the customers",
        "{name}: nuovo valore {value:quoted}, {now:%} dei clienti",
    ),
    "data.value_silent": (
        "{name}: {value:quoted} is silent, {then:%} of the customers then",
        "{name}: {value:quoted} è muto, allora {then:%} dei clienti",
    ),
    "data.value_changed": (
        "{name}: {value:quoted} {now:%} of the customers, {then:%} then",
        "{name}: {value:quoted} {now:%} dei clienti, allora {then:%}",
    ),
    "data.no_profile": (
        "the bundle keeps no profile of its log: export it again",
        "il modello non ha un profilo dei suoi dati: esportarlo di nuovo",
    ),
    "data.notice": ("{name}: {text:line}", "{name}: {text:line}"),
    "drift.score": (
        "churn score: PSI {index}, {usual} usual over one horizon",
        "punteggio di abbandono: PSI {index}, di solito {usual} in un orizzonte",
    ),
    "drift.column": (
        "{name}: PSI {index}, {usual} usual; {share:%} of the score",
        "{name}: PSI {index}, di solito {usual}; {share:%} del punteggio",
    ),
    "drift.more": ("and {n:column|columns} more", "e altre {n:colonna|colonne}"),
    "drift.none": (
        "{n:column|columns} as usual; largest PSI {index} ({name})",
        "{n:colonna|colonne} come al solito; PSI massimo {index} ({name})",
    ),
    "drift.weightless": (
        "{n:column|columns} with too little of the score drifted; PSI {index} ({name})",
        "{n:colonna deviata|colonne deviate} con troppo poco del punteggio; PSI {index} ({name})",
    ),
    "drift.few": ("{n:customer|customers}: too few to compare", "{n:cliente|clienti}: troppo pochi per confrontare"),
    "drift.no_bins": (
        "the bundle keeps no bins of its columns: export it again",
        "il modello non ha classi delle sue colonne: esportarlo di nuovo",
    ),
    "promises.none": (
        "no scoring is in the history yet: make score leaves one",
        "nella storia non c'è ancora una valutazione: make score ne lascia una",
    ),
    "promises.no_outcomes": (
        "the table has no outcomes in column {name}",
        "la tabella non ha esiti nella colonna {name}",
    ),
    "promises.few": (
        "{day}: too few outcomes of {n:customer|customers}",
        "{day}: troppo pochi esiti di {n:cliente|clienti}",
    ),
    "promises.figure": (
        "{day}: {figure} {value:.4} [{low:.4}, {high:.4}], promised {promised:.4}",
        "{day}: {figure} {value:.4} [{low:.4}, {high:.4}], promesso {promised:.4}",
    ),
    "promises.kept": (
        "{day}: {n:more figure|more figures} kept; leavers {leavers:±%}, spend {spend:±%}",
        "{day}: {n:altra cifra mantenuta|altre cifre mantenute}; abbandoni {leavers:±%}, spesa {spend:±%}",
    ),
    "promises.kept_churn": (
        "{day}: {n:more figure|more figures} kept; leavers {leavers:±%}",
        "{day}: {n:altra cifra mantenuta|altre cifre mantenute}; abbandoni {leavers:±%}",
    ),
    "promises.listed": (
        "{day}: of the contact list AUC {auc:.4}, leavers {leavers:±%}",
        "{day}: nella lista dei contatti AUC {auc:.4}, abbandoni {leavers:±%}",
    ),
    "promises.pending": ("{day}: {passed:int} of {whole:day|days} passed", "{day}: passati {passed:int} di {whole:giorno|giorni}"),
    "promises.early": (
        "{day}: {passed:int} of {whole:day|days} passed; AUC so far {value:.4} [{low:.4}, {high:.4}]",
        "{day}: passati {passed:int} di {whole:giorno|giorni}; AUC finora {value:.4} [{low:.4}, {high:.4}]",
    ),
    "figure.churn.auc": ("AUC", "AUC"),
    "figure.churn.log_loss": ("log-loss", "log-loss"),
    "figure.churn.bias": ("leavers, bias", "abbandoni, distorsione"),
    "figure.purchases.bias": ("purchases, bias", "acquisti, distorsione"),
    "figure.spend.bias": ("spend, bias", "spesa, distorsione"),
    "figure.spend.coverage": ("intervals of spend", "intervalli di spesa"),
    "estimate.auc": (
        "AUC {value:.4} [{low:.4}, {high:.4}], promised {promised:.4}",
        "AUC {value:.4} [{low:.4}, {high:.4}], promesso {promised:.4}",
    ),
    "estimate.leavers": (
        "{share:%} of {n:customer|customers} expected to leave",
        "{share:%} di {n:cliente|clienti} atteso in abbandono",
    ),
    "estimate.error": (
        "estimates missed by {error:.4} so far (folds, and {n:past scoring|past scorings})",
        "le stime hanno sbagliato di {error:.4} finora (validazione e {n:valutazione passata|valutazioni passate})",
    ),
    "estimate.no_error": (
        "no past estimate to compare: the interval has chance alone",
        "nessuna stima passata da confrontare: l'intervallo ha solo il caso",
    ),
    "estimate.few": ("{n:customer|customers}: too few", "{n:cliente|clienti}: troppo pochi"),
}  # fmt: skip


def say(language: str, key: str, **values: Field) -> str:
    """Return a text in a language, its fields filled in.

    Parameters
    ----------
    language
        `en` or `it`.
    key
        Of `TEXTS`.
    values
        The fields. Numbers have the styles of the report, or `.4` for four decimals; a text from the data is shortened
        to one line, in quotes with the style `quoted`, or to 300 characters with `line`.

    Returns
    -------
    str
        One line.
    """
    words = LANGUAGES[language]
    template = TEXTS[key][ORDER.index(language)]
    return "".join(
        text + ("" if name is None else _write(words, values[name], style or ""))
        for text, name, style, _ in Formatter().parse(template)
    )


def say_finding(language: str, finding: Finding) -> str:
    """Return the text of a finding in a language.

    Parameters
    ----------
    language
        `en` or `it`.
    finding
        The finding; a field `figure` is the name of a figure.

    Returns
    -------
    str
        One line.
    """
    values: dict[str, Field] = {**finding.values}
    if "figure" in values:
        values["figure"] = say(language, f"figure.{values['figure']}")
    return say(language, finding.text, **values)


def _write(language: Language, value: Field, style: str) -> str:
    if value is None or value != value:  # noqa: PLR0124 # NaN
        return UNKNOWN
    if isinstance(value, str) and style == "line":
        return shorten(value, _LONGEST_LINE)
    if isinstance(value, str):
        return language.write(value) if style == "quoted" else shorten(value)
    if style == _DECIMALS:
        return f"{value:.4f}".replace(".", language.point)
    return Translation(language).write(value, style)
