"""What Italian says of contracts. The fields are explained in `catalogue`."""

from .italian_orders import LAST

CONTRACTS = {
    "contract_age_days": (
        "età del contratto in giorni",
        "contratto attivo da {value:age}{usual}",
        "{missing}nessun contratto aperto noto",
    ),
    "customer_age_days": ("giorni dal primo contratto", "cliente da {value:age}{usual}"),
    "btyd_p_ends": (
        "probabilità che il contratto finisca nell'orizzonte, per età",
        "contratto attivo da {contract_age_days:age}, {value:%} dei contratti di quell'età finisce a breve{usual}",
        "{value:%} dei contratti di questa età finisce a breve{usual}",
        "{missing}nessun contratto aperto noto",
    ),
    "contracts_before": (
        "contratti precedenti",
        "{zero}primo contratto",
        "{value:contratto precedente|contratti precedenti}{usual}",
    ),
    "months_to_renewal": (
        "mesi al rinnovo",
        "{zero}rinnovo in scadenza ora",
        "rinnovo tra {value:mese|mesi}{usual}",
        "{missing}nessuna data di rinnovo nota",
    ),
    "price": ("prezzo al mese", "prezzo di {value:money} al mese{usual}", "{missing}nessun prezzo noto"),
    "price_change_share": (
        "variazione del prezzo dall'inizio",
        "{zero}stesso prezzo dell'inizio",
        "prezzo più alto dell'inizio: +{above:%}",
        "prezzo più basso dell'inizio: -{below:%}",
        "{missing}nessun prezzo noto",
    ),
    "price_increases": (
        "aumenti di prezzo",
        "{value:prezzo mai aumentato|prezzo aumentato una volta|prezzo aumentato # volte}{usual}",
        "{missing}nessun prezzo noto",
    ),
    "price_decreases": (
        "riduzioni di prezzo",
        "{value:prezzo mai ridotto|prezzo ridotto una volta|prezzo ridotto # volte}{usual}",
        "{missing}nessun prezzo noto",
    ),
    "plan": ("piano", "piano {value:text}", "{missing}nessun piano noto"),
    "plan_changes": (
        "cambi di piano",
        "{value:piano mai cambiato|piano cambiato una volta|piano cambiato # volte}{usual}",
    ),
    "days_since_plan_change": (
        "giorni dal cambio di piano",
        "piano cambiato {value:giorno|giorni} fa{usual}",
        "{missing}nessun cambio di piano noto",
    ),
    "payment_failures": (
        "pagamenti non riusciti",
        "{value:nessun pagamento non riuscito|pagamento non riuscito|pagamenti non riusciti} finora{usual}",
    ),
    r"payment_failures_last_(\d+)_days": (
        "pagamenti non riusciti " + LAST,
        "{value:nessun pagamento non riuscito|pagamento non riuscito|pagamenti non riusciti} " + LAST + "{usual}",
    ),
    "days_since_payment_failure": (
        "giorni da un pagamento non riuscito",
        "un pagamento non riuscito {value:giorno|giorni} fa{usual}",
        "{missing}nessun pagamento non riuscito noto",
    ),
}
