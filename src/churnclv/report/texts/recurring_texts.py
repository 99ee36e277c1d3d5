"""Recurring revenue, causes of ends, and renewals: (English, Italian)."""

TEXTS: dict[str, tuple[str, str]] = {
    "recurring.title": (
        "Recurring revenue",
        "Ricavi ricorrenti",
    ),
    "recurring.lead": (
        "Monthly prices of open contracts at the start of {period:name} and at its end. A customer's whole revenue counts once: new, reactivated, expansion, contraction or churned.",
        "Prezzi mensili dei contratti aperti all'inizio e alla fine di {period:name}. L'intero ricavo di un cliente conta una volta: nuovo, riattivato, espansione, contrazione o perso.",
    ),
    "recurring.headline": (
        "{net:%} of the recurring revenue of customers at the start of {period:name} was left at its end, with what they added; monthly recurring revenue is {end:money}.",
        "Dei ricavi ricorrenti dei clienti all'inizio di {period:name} alla fine restava il {net:%}, con quanto hanno aggiunto; i ricavi ricorrenti mensili sono {end:money}.",
    ),
    "recurring.picture": (
        "Movements of monthly recurring revenue, by period",
        "Movimenti dei ricavi ricorrenti mensili, per periodo",
    ),
    "recurring.alt": (
        "Bars of gains above and losses below zero for {n:int} periods; in the last one {gained:money} gained and {lost:money} lost.",
        "Barre dei guadagni sopra lo zero e delle perdite sotto, per {n:int} periodi; nell'ultimo {gained:money} guadagnati e {lost:money} persi.",
    ),
    "recurring.table": (
        "Movements of monthly recurring revenue",
        "Movimenti dei ricavi ricorrenti mensili",
    ),
    "recurring.up": (
        "currency per month",
        "valuta al mese",
    ),
    "recurring.why": (
        "nobody paid at the start of the period",
        "nessuno pagava all'inizio del periodo",
    ),
    "recurring.payers": ("customers who paid at the start", "clienti che pagavano all'inizio"),
    "recurring.payers_at_end": ("customers who pay at the end", "clienti che pagano alla fine"),
    "figure.mrr": (
        "Monthly recurring revenue (MRR)",
        "Ricavi ricorrenti mensili (MRR)",
    ),
    "figure.mrr.is": (
        "monthly prices of the contracts open at the end",
        "prezzi mensili dei contratti aperti alla fine",
    ),
    "figure.net_retention": (
        "Net revenue retention",
        "Ricavi mantenuti, netti",
    ),
    "figure.net_retention.is": (
        "(start + expansion - contraction - churned) / start",
        "(inizio + espansione - contrazione - persi) / inizio",
    ),
    "figure.gross_retention": (
        "Gross revenue retention",
        "Ricavi mantenuti, lordi",
    ),
    "figure.gross_retention.is": (
        "(start - contraction - churned) / start",
        "(inizio - contrazione - persi) / inizio",
    ),
    "column.mrr_start": (
        "At the start",
        "All'inizio",
    ),
    "column.new": (
        "New",
        "Nuovi",
    ),
    "column.new.is": (
        "revenue at the end of customers who never paid before the period",
        "ricavi alla fine dei clienti che non avevano mai pagato prima del periodo",
    ),
    "column.reactivated": (
        "Reactivated",
        "Riattivati",
    ),
    "column.reactivated.is": (
        "revenue at the end of customers who paid once, but not at the start",
        "ricavi alla fine dei clienti che avevano pagato, ma non all'inizio",
    ),
    "column.expansion": (
        "Expansion",
        "Espansione",
    ),
    "column.expansion.is": (
        "what customers pay more than at the start",
        "quanto i clienti pagano in più che all'inizio",
    ),
    "column.contraction": (
        "Contraction",
        "Contrazione",
    ),
    "column.contraction.is": (
        "what customers pay less than at the start, those who pay nothing aside",
        "quanto i clienti pagano in meno che all'inizio, senza chi non paga più",
    ),
    "column.churned": (
        "Churned",
        "Persi",
    ),
    "column.churned.is": (
        "revenue at the start of customers who pay nothing at the end",
        "ricavi all'inizio dei clienti che alla fine non pagano più",
    ),
    "column.mrr_end": (
        "At the end",
        "Alla fine",
    ),
    "causes.title": ("Left by choice, or not", "Andati per scelta, o no"),
    "causes.lead": (
        "Cumulative incidence (Aalen-Johansen): the share of customers that has left for each cause by an age. These reasons are not the customer's choice: {names:name}. Every other reason is. With the share still under contract, the causes add up to 100%.",
        "Incidenza cumulata (Aalen-Johansen): la quota di clienti andata via per ciascuna causa entro un'età. Questi motivi non sono una scelta del cliente: {names:name}. Ogni altro motivo lo è. Con la quota ancora sotto contratto, le cause sommano al 100%.",
    ),
    "causes.none": (
        "Customers who chose to leave are not set apart from those whose contract ended otherwise, such as by a failed payment. Name the reasons of the latter: report.involuntary_reasons=[...].",
        "Chi ha scelto di andarsene non è distinto da chi ha perso il contratto altrimenti, per esempio per un pagamento non riuscito. Indicare i motivi di questi ultimi: report.involuntary_reasons=[...].",
    ),
    "causes.unseen": (
        "No ended contract has the reason {names:name} of report.involuntary_reasons: it must be written as in the data.",
        "Nessun contratto finito ha il motivo {names:name} di report.involuntary_reasons: va scritto come nei dati.",
    ),
    "causes.voluntary": ("by choice", "per scelta"),
    "causes.involuntary": ("not by choice", "non per scelta"),
    "causes.unstated": ("no reason given", "senza motivo indicato"),
    "causes.share": ("share that has left", "quota andata via"),
    "causes.picture": (
        "Share that has left by age and cause, with 95% intervals",
        "Quota andata via per età e causa, con intervalli al 95%",
    ),
    "causes.alt": (
        "Curves of the share that has left for each cause over {months:int} months; at the end: {listed:name}.",
        "Curve della quota andata via per ciascuna causa in {months:int} mesi; alla fine: {listed:name}.",
    ),
    "causes.table": (
        "Share that has left for each cause after so many months",
        "Quota andata via per ciascuna causa dopo altrettanti mesi",
    ),
    "column.cause": ("Cause", "Causa"),
    "renewals.title": ("Renewals due", "Rinnovi in scadenza"),
    "renewals.lead": (
        "Open contracts whose term ends within so many days from {day:name} on; the longer spans contain the shorter ones. A term ends at whole multiples of its length after the contract's start.",
        "Contratti aperti la cui durata scade entro altrettanti giorni dal {day:name}; i periodi più lunghi contengono i più brevi. Una durata scade a multipli interi della sua lunghezza dall'inizio del contratto.",
    ),
    "renewals.monthly": (
        "{n:open contract has|open contracts have} no term in the data (data.columns.term_months): such a contract is taken as billed monthly, and can end every month.",
        "{n:contratto aperto non ha|contratti aperti non hanno} una durata nei dati (data.columns.term_months): un contratto così si considera fatturato ogni mese, e può finire ogni mese.",
    ),
    "renewals.scores": (
        "The expected loss takes the churn score of the customer, the probability of leaving within {days:day|days}, whatever the day of the renewal.",
        "La perdita attesa usa il punteggio di abbandono del cliente, la probabilità di andarsene entro {days:giorno|giorni}, qualunque sia il giorno del rinnovo.",
    ),
    "renewals.within": ("within {days:int} days", "entro {days:int} giorni"),
    "renewals.by_month": ("billed monthly", "fatturati ogni mese"),
    "renewals.contracts": ("open contracts", "contratti aperti"),
    "renewals.scored": ("open contracts of customers with a score", "contratti aperti di clienti con un punteggio"),
    "renewals.table": ("Contracts by the next renewal", "Contratti per prossimo rinnovo"),
    "renewals.headline": (
        "Contracts due {due:name}: {n:int}, with {revenue:money} per month, of which {loss:money} is expected to be lost.",
        "Contratti in scadenza, {due:name}: {n:int}, con {revenue:money} al mese, di cui {loss:money} si prevede persi.",
    ),
    "figure.renewals": ("Contracts due", "Contratti in scadenza"),
    "figure.renewals.is": ("open contracts whose next renewal is due", "contratti aperti con il rinnovo in scadenza"),
    "figure.renewal_revenue": ("Monthly revenue due", "Fatturato mensile in scadenza"),
    "figure.renewal_revenue.is": ("sum of their prices per month", "somma dei loro prezzi al mese"),
    "figure.renewal_loss": ("Expected loss per month", "Perdita attesa al mese"),
    "figure.renewal_loss.is": (
        "sum of churn score x price per month",
        "somma di punteggio di abbandono x prezzo al mese",
    ),
    "column.due": ("Next renewal", "Prossimo rinnovo"),
}
