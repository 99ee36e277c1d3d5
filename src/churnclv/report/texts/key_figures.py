"""Names and definitions of figures: (English, Italian)."""

TEXTS: dict[str, tuple[str, str]] = {
    "figure.clv": ("CLV", "CLV"),
    "figure.clv.is": (
        "mean discounted expected margin of the coming year per customer, by the champion",
        "margine atteso scontato dell'anno a venire, medio per cliente, secondo il campione",
    ),
    "figure.segment_start": ("In the segment at the start", "Nel segmento all'inizio"),
    "figure.segment_start.is": (
        "customers in the segment at the period's start",
        "clienti nel segmento all'inizio del periodo",
    ),
    "figure.segment_customers": ("Of them, ordered", "Di loro, hanno ordinato"),
    "figure.segment_customers.is": ("who ordered in the period", "che hanno ordinato nel periodo"),
    "figure.segment_revenue": ("Their revenue", "Il loro fatturato"),
    "figure.segment_revenue.is": (
        "orders less refunds in the period (unless data.refunds=gross)",
        "ordini meno rimborsi nel periodo (salvo data.refunds=gross)",
    ),
    "figure.segment_churn": ("Their churn rate", "Il loro tasso di abbandono"),
    "figure.segment_churn.is": (
        "share of those who ordered in the period before and did not in this one",
        "quota di chi ha ordinato nel periodo precedente e non in questo",
    ),
    "figure.segment_now": ("In the segment now", "Nel segmento ora"),
    "figure.segment_now.is": (
        "customers in the segment on the report's day",
        "clienti nel segmento nel giorno del rapporto",
    ),
    "figure.segment_score": ("Mean churn score", "Punteggio di abbandono medio"),
    "figure.segment_score.is": (
        "calibrated probability of leaving within the horizon",
        "probabilità calibrata di andarsene entro l'orizzonte",
    ),
    "figure.segment_leavers": ("Of them, expected to leave", "Di loro, dovrebbero andarsene"),
    "figure.segment_leavers.is": (
        "sum of their churn scores; the interval is over who leaves",
        "somma dei loro punteggi di abbandono; l'intervallo è su chi se ne va",
    ),
    "figure.segment_at_stake": ("At stake with them", "In gioco con loro"),
    "figure.segment_at_stake.is": (
        "sum of churn score x value if they stay; the interval is over who leaves",
        "somma di punteggio di abbandono x valore se restano; l'intervallo è su chi se ne va",
    ),
    "figure.segment_clv": ("Their CLV", "Il loro CLV"),
    "figure.segment_clv.is": (
        "mean discounted expected margin of the coming year",
        "margine atteso scontato dell'anno a venire, in media",
    ),
    "figure.third_early": ("First third", "Primo terzo"),
    "figure.third_early.is": (
        "share ordering in a mean period of the curve's first third",
        "quota che ordina in un periodo medio del primo terzo della curva",
    ),
    "figure.third_middle": ("Middle third", "Terzo centrale"),
    "figure.third_middle.is": ("the same, middle third", "lo stesso, terzo centrale"),
    "figure.third_late": ("Last third", "Ultimo terzo"),
    "figure.third_late.is": ("the same, last third", "lo stesso, ultimo terzo"),
    "figure.third_change": ("Last less middle", "Ultimo meno centrale"),
    "figure.third_change.is": (
        "difference in points, on the same customers",
        "differenza in punti, sugli stessi clienti",
    ),
    "figure.expected_churners": ("Expected to leave", "Dovrebbero andarsene"),
    "figure.expected_churners.is": (
        "sum of the churn scores; the interval is over who leaves",
        "somma dei punteggi di abbandono; l'intervallo è su chi se ne va",
    ),
    "figure.at_stake": ("Money at stake", "Denaro in gioco"),
    "figure.at_stake.is": (
        "sum of churn score x discounted margin of the coming year if the customer stays; the interval is over who leaves",
        "somma di punteggio di abbandono x margine scontato dell'anno a venire se il cliente resta; l'intervallo è su chi se ne va",
    ),
    "figure.contacts": ("Worth contacting", "Da contattare"),
    "figure.contacts.is": (
        "expected gain of a contact above its cost, within the budget",
        "guadagno atteso di un contatto oltre il costo, entro il budget",
    ),
    "figure.contact_gain": ("Gain of contacting them", "Guadagno contattandoli"),
    "figure.contact_gain.is": (
        "expected, after costs, by the economics of the configuration",
        "atteso, al netto dei costi, secondo l'economia configurata",
    ),
    "figure.contact_cost": ("Cost of contacting them", "Costo per contattarli"),
    "figure.contact_cost.is": ("expected: contacts, and offers taken", "atteso: contatti, e offerte accettate"),
    "figure.value_high": ("A superstar's spend", "Spesa di una superstar"),
    "figure.value_high.is": (
        "mean spend (orders, where there are no amounts)",
        "spesa media (ordini, dove non ci sono importi)",
    ),
    "figure.value_all": ("Of all buyers", "Di tutti gli acquirenti"),
    "figure.value_all.is": ("the same, all who ever bought", "lo stesso, tutti quelli che hanno comprato"),
    "figure.paid_high": ("A superstar's payments", "Pagamenti di una superstar"),
    "figure.paid_high.is": (
        "mean paid (months under contract, where there are no prices)",
        "media pagata (mesi sotto contratto, dove non ci sono prezzi)",
    ),
    "figure.paid_all": ("Of all subscribers", "Di tutti gli abbonati"),
    "figure.paid_all.is": ("the same, all who were ever under contract", "lo stesso, chi è stato sotto contratto"),
    "figure.paid_low": ("Of the low-value half", "Della metà di basso valore"),
    "figure.paid_low.is": ("the same, customers at or below the median", "lo stesso, clienti fino alla mediana"),
    "figure.value_low": ("Of the low-value half", "Della metà di basso valore"),
    "figure.value_low.is": ("the same, customers at or below the median", "lo stesso, clienti fino alla mediana"),
    "figure.base_revenue": ("Revenue to come", "Fatturato a venire"),
    "figure.base_revenue.is": (
        "expected of today's customers over the horizon of the CLV, nothing changed",
        "atteso dai clienti di oggi sull'orizzonte del CLV, senza cambiamenti",
    ),
    "figure.base_clv": ("CLV of the base", "CLV di tutti i clienti"),
    "figure.base_clv.is": (
        "the same as discounted margin",
        "lo stesso come margine scontato",
    ),
}
