"""Names and definitions of the columns of tables: (English, Italian)."""

TEXTS: dict[str, tuple[str, str]] = {
    "column.period": ("Period", "Periodo"),
    "column.segment": ("Segment", "Segmento"),
    "column.from": ("From", "Da"),
    "column.customers": ("Customers", "Clienti"),
    "column.share": ("Share", "Quota"),
    "column.share.is": ("of the customers in this table", "dei clienti di questa tabella"),
    "column.spend": ("Spend", "Spesa"),
    "column.spend.is": (
        "what their orders cost; refunds not taken off",
        "quanto sono costati i loro ordini; rimborsi non detratti",
    ),
    "column.spend_share": ("Share of spend", "Quota della spesa"),
    "column.aov": ("Order value", "Valore dell'ordine"),
    "column.aov.is": ("spend / orders", "spesa / ordini"),
    "column.units_per_order": ("Units per order", "Pezzi per ordine"),
    "column.churn_score": ("Churn score", "Punteggio di abbandono"),
    "column.churn_score.is": (
        "mean calibrated probability of leaving within the horizon, with its 95% interval",
        "probabilità calibrata media di andarsene entro l'orizzonte, con il suo intervallo al 95%",
    ),
    "column.clv": ("CLV", "CLV"),
    "column.clv.is": (
        "mean discounted expected margin of the coming year, with its 95% interval over customers",
        "margine atteso scontato medio dell'anno a venire, con il suo intervallo al 95% sui clienti",
    ),
    "column.cohort": ("Won in", "Acquisiti in"),
    "column.revenue": ("Revenue", "Fatturato"),
    "column.revenue.is": ("orders less refunds so far", "ordini meno rimborsi finora"),
    "column.margin_0": ("Age 0", "Età 0"),
    "column.margin_0.is": (
        "margin per customer won, to the end of that age",
        "margine per cliente acquisito, fino alla fine di quell'età",
    ),
    "column.margin_1": ("1", "1"),
    "column.margin_3": ("3", "3"),
    "column.margin_6": ("6", "6"),
    "column.margin_12": ("12", "12"),
    "column.rung": ("Rung", "Gradino"),
    "column.reached": ("Reached it", "Arrivati"),
    "column.judged": ("Judged", "Giudicati"),
    "column.judged.is": (
        "those of them whose whole window after it has passed",
        "quelli la cui finestra successiva è passata per intero",
    ),
    "column.chance": ("Bought again", "Hanno ricomprato"),
    "column.chance.is": (
        "share of those judged, with its 95% interval",
        "quota dei giudicati, con il suo intervallo al 95%",
    ),
    "column.median_days": ("Median days", "Giorni, mediana"),
    "column.median_days.is": (
        "until the next purchase, of those who made it in the window",
        "fino all'acquisto successivo, di chi l'ha fatto nella finestra",
    ),
    "column.later_spend": ("Spend after it", "Spesa successiva"),
    "column.later_spend.is": (
        "mean spend in the window after this purchase, with its 95% interval",
        "spesa media nella finestra dopo questo acquisto, con il suo intervallo al 95%",
    ),
    "column.step": ("Worth of the next rung", "Valore del gradino successivo"),
    "column.step.is": (
        "spend after the next rung less spend after this one, with its 95% interval; seen with, not caused by",
        "spesa dopo il gradino successivo meno spesa dopo questo, con il suo intervallo al 95%; si vede insieme, non ne è causata",
    ),
}
