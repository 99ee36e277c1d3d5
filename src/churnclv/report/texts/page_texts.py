"""Texts of the page and of the section on key figures: (English, Italian)."""

TEXTS: dict[str, tuple[str, str]] = {
    "page.title": ("Customer report", "Rapporto sui clienti"),
    "page.about": (
        "{data:name}: {customers:int} customers and {events:int} events from {first:name} until {as_of:name}, that day "
        "not included. Nothing from that day on was looked at.",
        "{data:name}: {customers:int} clienti e {events:int} eventi dal {first:name} fino al {as_of:name} escluso. "
        "Nulla da quel giorno in poi è stato guardato.",
    ),
    "page.about_table": (
        "{data:name}: a table of {customers:int} customers with a known outcome. It has no dates, so sections that need dates are left out.",
        "{data:name}: una tabella di {customers:int} clienti con un esito noto. Non ha date, perciò le sezioni che richiedono date mancano.",
    ),
    "page.undated": ("The table as it was read", "La tabella com'è stata letta"),
    "note.learned_rows": (
        "The champion was fitted on rows of this table: on these its scores are more certain than on new customers.",
        "Il campione è stato stimato su righe di questa stessa tabella: su di esse i suoi punteggi sono più sicuri che su clienti nuovi.",
    ),
    "page.summary": ("In short", "In breve"),
    "page.contents": ("Contents", "Contenuto"),
    "page.made": (
        "Figures that were counted in full stand alone. Estimates, and shares read as chances, carry a 95% interval in "
        "brackets. “Seen with” never means “caused by”.",
        "Le cifre contate per intero stanno da sole. Le stime, e le quote lette come probabilità, portano fra parentesi "
        "un intervallo al 95%. «Si vede insieme a» non significa mai «è causato da».",
    ),
    "page.left_out": ("{n:further row|further rows} in the file.", "{n:altra riga|altre righe} nel file."),
    "page.definitions": ("What the columns mean", "Che cosa significano le colonne"),
    "page.before": ("before", "prima"),
    "page.year_ago": ("a year before", "un anno prima"),
    "page.files": ("Tables beside this page", "Tabelle accanto a questa pagina"),
    "page.files_are": (
        "Each as CSV (text that a spreadsheet would take for a formula begins with an apostrophe) and as Parquet. "
        "Those with customer ids stay on this computer.",
        "Ciascuna in CSV (il testo che un foglio di calcolo prenderebbe per una formula comincia con un apostrofo) e in "
        "Parquet. Quelle con gli identificativi dei clienti restano su questo computer.",
    ),
    "page.with_ids": ("with customer ids", "con gli identificativi dei clienti"),
    "switch.period": ("Period", "Periodo"),
    "switch.segment": ("Segment", "Segmento"),
    "period.week": ("Week", "Settimana"),
    "period.month": ("Month", "Mese"),
    "period.quarter": ("Quarter", "Trimestre"),
    "period.year": ("Year", "Anno"),
    "page.theme": ("Light or dark", "Chiaro o scuro"),
    "page.sort": ("Sort by this column", "Ordina secondo questa colonna"),
    "page.filter": ("Show rows with …", "Mostra le righe con …"),
    "page.rows": ("{n:int} rows", "{n:int} righe"),
    "page.interval": ("95% interval", "intervallo al 95%"),
    "as_of": ("As of {day:name}", "Al {day:name}"),
    "span": ("{first:name} to {last:name}", "dal {first:name} al {last:name}"),
    "missing.amounts": (
        "The log has no amounts: revenue, order value and everything in money are left out. "
        "Map the column: data.columns.amount=...",
        "Il registro non ha importi: fatturato, valore degli ordini e tutto ciò che è in denaro mancano. "
        "Indicare la colonna: data.columns.amount=...",
    ),
    "missing.one_period": (
        "The log covers one period only: there is no line to draw. A shorter report.period (week) may have more.",
        "Il registro copre un solo periodo: non c'è una linea da disegnare. Un report.period più breve (week) può "
        "averne di più.",
    ),
    "missing.scores": (
        "This needs the scores of a champion for these data, and there is none. Run: make train, then make export, "
        "then make report.",
        "Qui servono i punteggi di un modello campione per questi dati, e non ce n'è. Eseguire: make train, poi make "
        "export, poi make report.",
    ),
    "missing.buyers": (
        "Nobody bought before the report's day: there is nothing to show.",
        "Nessuno ha comprato prima del giorno del rapporto: non c'è nulla da mostrare.",
    ),
    "note.other_champion": (
        "The champion {name:name} was fitted on other data than these, so its scores are not shown. If it is meant: "
        "model=models:/{name:name}@champion",
        "Il campione {name:name} è stato stimato su dati diversi da questi, perciò i suoi punteggi non compaiono. Se è "
        "quello voluto: model=models:/{name:name}@champion",
    ),
    "note.looks_ahead": (
        "The champion learned from everything before {through:name}, later than this report's day: its scores use "
        "data that did not exist then.",
        "Il campione ha imparato da tutto ciò che precede il {through:name}, dopo il giorno di questo rapporto: i suoi "
        "punteggi usano dati che allora non esistevano.",
    ),
    "kpis.title": ("Key figures", "Indicatori chiave"),
    "kpis.lead": (
        "{period:name}, beside the period before and the same one a year before.",
        "{period:name}, accanto al periodo precedente e allo stesso periodo di un anno prima.",
    ),
    "kpis.partial": (
        "No whole period is over yet: {period:name} is still running, and its figures are not final.",
        "Nessun periodo intero è concluso: {period:name} è in corso, e le sue cifre non sono definitive.",
    ),
    "kpis.table": ("Period by period", "Periodo per periodo"),
    "kpis.picture": ("Customers who ordered, by period", "Clienti che hanno ordinato, per periodo"),
    "kpis.alt": (
        "Line chart of customers who ordered, new ones and those kept, from {first:name} ({start:int}) to {last:name} "
        "({end:int}).",
        "Grafico dei clienti che hanno ordinato, dei nuovi e dei mantenuti, da {first:name} ({start:int}) a {last:name} "
        "({end:int}).",
    ),
    "kpis.headline": (
        "In {period:name}, {kept:%} of the {n:int} customers of the period before ordered again and {lost:%} did not.",
        "In {period:name} ha ordinato di nuovo il {kept:%} dei {n:int} clienti del periodo precedente; il {lost:%} no.",
    ),
    "kpis.headline_revenue": (
        "Revenue was {revenue:money}, {change:±%} on the period before.",
        "Il fatturato è stato {revenue:money}, {change:±%} sul periodo precedente.",
    ),
    "picture.customers": ("customers who ordered", "clienti che hanno ordinato"),
    "picture.new": ("new", "nuovi"),
    "picture.kept": ("kept", "mantenuti"),
    "population.customers_of_period": ("customers who ordered in it", "clienti che vi hanno ordinato"),
    "population.customers_before": ("customers of the period before", "clienti del periodo precedente"),
    "population.new_customers": ("new customers", "nuovi clienti"),
    "population.contacts": ("contacts at the start", "contatti all'inizio"),
    "population.orders": ("orders", "ordini"),
    "population.scored": ("customers with a score", "clienti con un punteggio"),
    "population.buyers": ("customers who ever bought", "clienti che hanno comprato almeno una volta"),
    "why.no_start": ("not known for this period", "non noto per questo periodo"),
    "why.scores": (
        "needs a champion: make train, make export", "serve un campione: make train, make export"),
}  # fmt: skip
