"""Italian phrases on habits: on which days, at what time, what is bought. `phrase` explains the template fields."""

from .italian_orders import LAST

_SINGLE = "{zero}{single}solo 1 acquisto finora"

HABITS = {
    "weekend_share": (
        "quota di ordini nel fine settimana",
        "{zero}nessun ordine nel fine settimana",
        "{single}{one}l'unico ordine è stato nel fine settimana",
        "{value:%} degli ordini nel fine settimana{usual}",
    ),
    r"weekday_(\w+day)_share": (
        "quota di ordini di {1:part}",
        "{zero}nessun ordine di {1:part}",
        "{single}{one}l'unico ordine è stato di {1:part}",
        "{value:%} degli ordini di {1:part}{usual}",
    ),
    r"hours_(night|morning|afternoon|evening)_share": (
        "quota di ordini {1:part}",
        "{zero}nessun ordine {1:part}",
        "{single}{one}l'unico ordine è stato {1:part}",
        "{value:%} degli ordini {1:part}{usual}",
    ),
    r"month_(\d\d)_share": (
        "quota di ordini nel mese di {1:part}",
        "{zero}nessun ordine nel mese di {1:part}",
        "{single}{one}l'unico ordine è stato nel mese di {1:part}",
        "{value:%} degli ordini nel mese di {1:part}{usual}",
    ),
    "weekday_entropy": (
        "dispersione degli ordini sui giorni della settimana",
        _SINGLE,
        "{zero}tutti gli ordini nello stesso giorno della settimana",
        "ordini sparsi su {value:spread:giorno|giorni} della settimana{usual}",
    ),
    "hours_entropy": (
        "dispersione degli ordini sulle ore del giorno",
        _SINGLE,
        "{zero}tutti gli ordini nella stessa parte del giorno",
        "ordini sparsi su {value:spread:parte|parti} del giorno{usual}",
    ),
    "month_entropy": (
        "dispersione degli ordini sui mesi",
        _SINGLE,
        "{zero}tutti gli ordini nello stesso mese dell'anno",
        "ordini sparsi su {value:spread:mese|mesi} dell'anno{usual}",
    ),
    "items": ("articoli diversi", "{only}{value:articolo|articoli diversi} finora{usual}"),
    r"items_last_(\d+)_days": (
        "articoli diversi " + LAST,
        "{only}{value:nessun articolo|articolo|articoli diversi} " + LAST + "{usual}",
    ),
    "item_variety": ("articoli diversi per riga d'ordine", "{value} articoli diversi per riga d'ordine{usual}"),
    "repeat_item_share": (
        "quota di righe con un articolo già acquistato",
        "{zero}nessun articolo acquistato una seconda volta",
        "{value:%} delle righe d'ordine con un articolo già acquistato{usual}",
    ),
    "categories": ("categorie diverse", "{only}{value:categoria|categorie} finora{usual}"),
    r"categories_last_(\d+)_days": (
        "categorie diverse " + LAST,
        "{only}{value:nessuna categoria|categoria|categorie} " + LAST + "{usual}",
    ),
    "category_entropy": (
        "dispersione degli ordini sulle categorie",
        "{zero}tutti gli ordini in una sola categoria",
        "ordini sparsi su {value:spread:categoria|categorie}{usual}",
    ),
    "top_category_spend_share": (
        "quota di spesa nella categoria principale",
        "{one}tutta la spesa in una sola categoria",
        "{value:%} della spesa nella categoria principale{usual}",
    ),
    r"new_category_share_last_(\d+)_days": (
        "quota di categorie nuove " + LAST,
        "{zero}nessuna categoria nuova " + LAST,
        "{value:%} di categorie nuove " + LAST + "{usual}",
        "{missing}nessun acquisto con categoria " + LAST,
    ),
    "discount_share": (
        "sconti sul prezzo pieno",
        "{zero}nessun acquisto scontato",
        "sconti: {value:%} del prezzo pieno{usual}",
    ),
    "discounted_purchase_share": (
        "quota di acquisti con uno sconto",
        "{zero}nessun acquisto con uno sconto",
        "{value:%} degli acquisti con uno sconto{usual}",
    ),
    "units_per_line": ("pezzi per riga d'ordine", "{only}{value:pezzo|pezzi} per riga d'ordine{usual}"),
    "lines_per_purchase": ("righe per acquisto", "{only}{value:riga|righe} per acquisto{usual}"),
    "return_unit_share": (
        "quota di pezzi resi",
        "{zero}nessun reso",
        "resi: {value:%} dei pezzi{usual}",
    ),
    "return_line_share": (
        "quota di righe rese",
        "{zero}nessun reso",
        "resi: {value:%} delle righe d'ordine{usual}",
    ),
}
