"""Names and definitions of figures: (English, Italian)."""

TEXTS: dict[str, tuple[str, str]] = {
    "figure.new_customers": ("New customers", "Nuovi clienti"),
    "figure.new_customers.is": ("whose first order lies in the period", "il cui primo ordine cade nel periodo"),
    "figure.customers": ("Customers", "Clienti"),
    "figure.customers.is": ("who ordered in the period", "che hanno ordinato nel periodo"),
    "figure.contact_growth": ("Growth of the contact base", "Crescita dei contatti"),
    "figure.contact_growth.is": (
        "change in the number of customers seen in any event so far who have not unsubscribed",
        "variazione del numero di clienti visti finora in un evento qualsiasi e non disiscritti",
    ),
    "figure.cac": ("Acquisition cost (CAC)", "Costo di acquisizione (CAC)"),
    "figure.cac.is": ("acquisition spend / new customers", "spesa di acquisizione / nuovi clienti"),
    "figure.retention_rate": ("Retention rate", "Tasso di fidelizzazione"),
    "figure.retention_rate.is": (
        "(customers at the end − those won in the period) / customers at the start; a customer of a period is who "
        "ordered in it, and those won are new or came back after a period without an order",
        "(clienti alla fine − quelli acquisiti nel periodo) / clienti all'inizio; cliente di un periodo è chi vi ha "
        "ordinato, acquisiti sono i nuovi e chi torna dopo un periodo senza ordini",
    ),
    "figure.churn_rate": ("Churn rate", "Tasso di abbandono"),
    "figure.churn_rate.is": (
        "customers lost in the period / customers at the start; 1 − retention rate",
        "clienti persi nel periodo / clienti all'inizio; 1 − tasso di fidelizzazione",
    ),
    "figure.repeat_rate": ("Repeat purchase rate", "Tasso di riacquisto"),
    "figure.repeat_rate.is": (
        "share of the period's customers with more than one order in it",
        "quota dei clienti del periodo con più di un ordine nel periodo",
    ),
    "figure.aov": ("Average order value (AOV)", "Valore medio dell'ordine (AOV)"),
    "figure.aov.is": ("revenue / orders", "fatturato / ordini"),
    "figure.units_per_order": ("Units per order", "Pezzi per ordine"),
    "figure.units_per_order.is": ("units sold / orders", "pezzi venduti / ordini"),
    "figure.revenue": ("Revenue", "Fatturato"),
    "figure.revenue.is": (
        "orders less refunds, as dated (unless data.refunds=gross)",
        "ordini meno rimborsi, alla loro data (salvo data.refunds=gross)",
    ),
    "figure.clv": ("CLV", "CLV"),
    "figure.clv.is": (
        "mean discounted expected margin of the coming year per customer, by the champion",
        "margine atteso scontato dell'anno a venire, medio per cliente, secondo il campione",
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
    "figure.value_low": ("Of the low-value half", "Della metà di basso valore"),
    "figure.value_low.is": ("the same, customers at or below the median", "lo stesso, clienti fino alla mediana"),
    "figure.base_revenue": ("Revenue to come", "Fatturato a venire"),
    "figure.base_revenue.is": (
        "expected of today's customers over the horizon of the CLV, nothing changed",
        "atteso dai clienti di oggi sull'orizzonte del CLV, senza cambiamenti",
    ),
    "figure.base_clv": ("CLV of the base", "CLV di tutti i clienti"),
    "figure.base_clv.is": (
        "the same as discounted margin, by the BTYD models alone",
        "lo stesso come margine scontato, secondo i soli modelli BTYD",
    ),
    "figure.under_contract": ("Customers under contract", "Clienti sotto contratto"),
    "figure.under_contract.is": (
        "with an open contract at the period's end",
        "con un contratto aperto alla fine del periodo",
    ),
    "figure.won": ("Customers won", "Clienti acquisiti"),
    "figure.won.is": ("under contract at the end and not at the start", "sotto contratto alla fine e non all'inizio"),
    "figure.lost": ("Customers lost", "Clienti persi"),
    "figure.lost.is": ("under contract at the start and not at the end", "sotto contratto all'inizio e non alla fine"),
    "figure.contract_retention": ("Retention rate", "Tasso di fidelizzazione"),
    "figure.contract_retention.is": (
        "(customers at the end − those won) / customers at the start",
        "(clienti alla fine − quelli acquisiti) / clienti all'inizio",
    ),
    "figure.contract_churn": ("Churn rate", "Tasso di abbandono"),
    "figure.contract_churn.is": (
        "customers lost / customers at the start; 1 − retention rate",
        "clienti persi / clienti all'inizio; 1 − tasso di fidelizzazione",
    ),
    "figure.monthly_revenue": ("Monthly revenue", "Fatturato mensile"),
    "figure.monthly_revenue.is": (
        "prices per month of the contracts open at the end",
        "prezzi al mese dei contratti aperti alla fine",
    ),
    "figure.price_per_customer": ("Per customer and month", "Per cliente al mese"),
    "figure.price_per_customer.is": (
        "monthly revenue / customers under contract",
        "fatturato mensile / clienti sotto contratto",
    ),
}
