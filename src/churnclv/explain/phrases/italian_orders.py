"""Italian phrases on orders: when, how many, how much, how evenly. `phrase` explains the template fields."""

ONE_ORDER = "{missing}solo {purchases:acquisto|acquisti} finora"
NO_SECOND = "{missing}nessun secondo acquisto noto"
LAST = "{1:nell'ultimo giorno|negli ultimi # giorni}"
BEFORE = "{1:nel giorno precedente|nei # giorni precedenti}"
_SILENT = "ultimo ordine {days_since_last_purchase:giorno|giorni} fa"
_SINGLE_SPEND = "{single}l'unico acquisto è stato di {value:money}{usual}"

ORDERS = {
    "days_since_last_purchase": (
        "giorni dall'ultimo acquisto",
        "ultimo ordine {value:giorno|giorni} fa, {overdue_mean_ratio:x} volte l'intervallo abituale",
        "ultimo ordine {value:giorno|giorni} fa{usual}",
        "{missing}nessun ordine noto",
    ),
    "days_since_first_purchase": ("giorni dal primo acquisto", "cliente da {value:age}{usual}"),
    "days_since_purchase_before_last": (
        "giorni dal penultimo acquisto",
        "ultimi due ordini {days_since_last_purchase} e {value:giorno|giorni} fa",
        "penultimo ordine {value:giorno|giorni} fa{usual}",
        ONE_ORDER,
        NO_SECOND,
    ),
    "days_since_last_refund": (
        "giorni dall'ultimo rimborso",
        "ultimo rimborso {value:giorno|giorni} fa{usual}",
        "{missing}nessun rimborso noto",
    ),
    "purchases": ("acquisti", "{only}{value:nessun acquisto|acquisto|acquisti} finora{usual}"),
    r"purchases_last_(\d+)_days": (
        "acquisti " + LAST,
        "{value:nessun acquisto|acquisto|acquisti} " + LAST + ", {purchases_before:nessuno|#|#} " + BEFORE,
        "{only}{value:nessun acquisto|acquisto|acquisti} " + LAST + "{usual}",
    ),
    "purchases_per_day": (
        "acquisti al giorno",
        "{purchases:acquisto|acquisti} in {days_since_first_purchase:giorno|giorni} da cliente",
        "{purchase_every_days:un acquisto al giorno|un acquisto ogni # giorni}",
        "{value} acquisti al giorno{usual}",
    ),
    r"spend_last_(\d+)_days": (
        "spesa " + LAST,
        "{zero}nessuna spesa " + LAST,
        "spesi {value:money} " + LAST + ", {spend_less:%} in meno che " + BEFORE,
        "spesi {value:money} " + LAST + ", {spend_more:%} in più che " + BEFORE,
        "spesi {value:money} " + LAST + "{usual}",
    ),
    "spend": ("spesa totale", _SINGLE_SPEND, "spesi {value:money} in tutto{usual}"),
    "mean_spend": ("spesa media per acquisto", _SINGLE_SPEND, "spesa media di {value:money} per acquisto{usual}"),
    "largest_spend": ("acquisto più grande", _SINGLE_SPEND, "acquisto più grande {value:money}{usual}"),
    "smallest_spend": ("acquisto più piccolo", _SINGLE_SPEND, "acquisto più piccolo {value:money}{usual}"),
    "last_spend": ("spesa dell'ultimo acquisto", _SINGLE_SPEND, "ultimo acquisto {value:money}{usual}"),
    "spend_deviation": (
        "deviazione della spesa per acquisto",
        "{zero}acquisti tutti dello stesso importo",
        "gli acquisti variano di {value:money} attorno a una media di {mean_spend:money}",
        "gli acquisti variano di {value:money}{usual}",
        ONE_ORDER,
        NO_SECOND,
    ),
    "last_spend_ratio": (
        "ultimo acquisto rispetto alla media",
        "{single}l'unico acquisto è stato di {last_spend:money}",
        "{one}ultimo acquisto pari alla media del cliente",
        "ultimo acquisto di {last_spend:money}, {value:%} della media del cliente",
        "ultimo acquisto: {value:%} della media del cliente{usual}",
    ),
    "refund_share": ("rimborsi sulla spesa", "{zero}nessun rimborso finora", "rimborsi: {value:%} della spesa{usual}"),
    "units_per_purchase": ("pezzi per acquisto", "{only}{value:pezzo|pezzi} per acquisto{usual}"),
    "mean_gap_days": (
        "giorni medi tra gli acquisti",
        "in media {value:un acquisto al giorno|un acquisto ogni # giorni}{usual}",
        ONE_ORDER,
        NO_SECOND,
    ),
    "shortest_gap_days": (
        "intervallo più breve tra gli acquisti in giorni",
        "intervallo più breve tra due acquisti {value:giorno|giorni}{usual}",
        ONE_ORDER,
        NO_SECOND,
    ),
    "longest_gap_days": (
        "intervallo più lungo tra gli acquisti in giorni",
        "intervallo più lungo tra due acquisti {value:giorno|giorni}{usual}",
        ONE_ORDER,
        NO_SECOND,
    ),
    "last_gap_days": (
        "intervallo tra gli ultimi due acquisti in giorni",
        "{value:giorno|giorni} tra gli ultimi due acquisti{usual}",
        ONE_ORDER,
        NO_SECOND,
    ),
    "gap_deviation_days": (
        "deviazione degli intervalli tra gli acquisti in giorni",
        "{zero}acquisti sempre a intervalli uguali",
        "gli intervalli tra gli acquisti variano di {value:giorno|giorni} attorno a una media di {mean_gap_days}",
        "gli intervalli tra gli acquisti variano di {value:giorno|giorni}{usual}",
        ONE_ORDER,
        "{missing}nessun terzo acquisto noto",
    ),
    "gap_variation": (
        "variazione degli intervalli tra gli acquisti",
        "{zero}acquisti sempre a intervalli uguali",
        "variazione degli intervalli tra gli acquisti: {value:%}{usual}",
        ONE_ORDER,
        "{missing}nessun terzo acquisto noto",
    ),
    "overdue_mean_ratio": (
        "giorni dall'ultimo acquisto, in intervalli abituali",
        _SILENT + ", {value:x} volte l'intervallo abituale",
        "in silenzio da {value:x} volte l'intervallo abituale",
        ONE_ORDER,
        NO_SECOND,
    ),
    "overdue_longest_ratio": (
        "giorni dall'ultimo acquisto, in intervalli più lunghi",
        _SILENT + ", {value:x} volte l'intervallo più lungo finora",
        "in silenzio da {value:x} volte l'intervallo più lungo finora",
        ONE_ORDER,
        NO_SECOND,
    ),
    r"purchase_change_(\d+)_days": (
        "acquisti " + LAST + " meno quelli " + BEFORE,
        "{purchases_last_@_days:nessun acquisto|acquisto|acquisti} " + LAST + ", "
        "{purchases_before:nessuno|#|#} " + BEFORE,
        "{below:acquisto|acquisti} in meno " + LAST + " che " + BEFORE,
        "{above:acquisto|acquisti} in più " + LAST + " che " + BEFORE,
        "{zero}tanti acquisti " + LAST + " quanti " + BEFORE,
    ),
    r"decayed_purchases_(\d+)_days": (
        "acquisti recenti, dimezzati ogni {1:giorno|# giorni}",
        _SILENT + ", {overdue_mean_ratio:x} volte l'intervallo abituale",
        _SILENT + "{usual}",
        "gli acquisti passati contano {value}, dimezzati ogni {1:giorno|# giorni}{usual}",
    ),
    r"decayed_spend_(\d+)_days": (
        "spesa recente, dimezzata ogni {1:giorno|# giorni}",
        "spesi {spend:money} in {purchases:acquisto|acquisti}, l'ultimo {days_since_last_purchase:giorno|giorni} fa",
        "la spesa passata conta {value:money}, dimezzata ogni {1:giorno|# giorni}{usual}",
    ),
    "repeat_purchases": (
        "acquisti ripetuti",
        "{only}{value:nessun acquisto ripetuto|acquisto ripetuto|acquisti ripetuti} finora{usual}",
    ),
    "last_purchase_age_days": (
        "giorni dal primo all'ultimo acquisto",
        "{zero}nessun acquisto dopo il primo giorno",
        "primo e ultimo acquisto a {value:giorno|giorni} di distanza{usual}",
    ),
    "age_days": ("giorni dal primo acquisto", "cliente da {value:age}{usual}"),
    "mean_repeat_spend": (
        "spesa per acquisto ripetuto",
        "{zero}nessuna spesa in acquisti ripetuti",
        "spesa media di {value:money} per acquisto ripetuto{usual}",
    ),
    "log_gap_days_sum": (
        "intervalli tra gli acquisti, somma dei logaritmi",
        "{purchases:acquisto|acquisti}, il primo e l'ultimo a {last_purchase_age_days:giorno|giorni} di distanza",
        "i logaritmi degli intervalli tra gli acquisti sommano a {value}{usual}",
    ),
    "btyd_p_alive": (
        "probabilità di essere ancora attivo",
        _SILENT + ", {value:%} di probabilità che sia ancora attivo",
        "dagli acquisti passati, {only}{value:%} di probabilità che sia ancora attivo{usual}",
    ),
    "btyd_p_no_purchase": (
        "probabilità di nessun acquisto nell'orizzonte",
        _SILENT + ", {value:%} di probabilità che non ne seguano altri a breve",
        "dagli acquisti passati, {value:%} di probabilità che non ne seguano a breve{usual}",
    ),
    "btyd_purchases": (
        "acquisti attesi",
        _SILENT + ", a breve {only}{value:atteso|attesi}",
        "dagli acquisti passati, a breve {only}{value:acquisto atteso|acquisti attesi}{usual}",
    ),
    "btyd_spend": ("spesa attesa", "dagli acquisti passati, spesa attesa di {value:money}{usual}"),
    "btyd_spend_per_purchase": (
        "spesa attesa per acquisto",
        "dagli acquisti passati, attesi {value:money} per acquisto{usual}",
    ),
}
