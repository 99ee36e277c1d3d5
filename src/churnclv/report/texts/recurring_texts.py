"""Recurring revenue: (English, Italian)."""

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
}
