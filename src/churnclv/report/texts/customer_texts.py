"""One customer: (English, Italian)."""

TEXTS: dict[str, tuple[str, str]] = {
    "customer.title": ("{id:name}, as of {day:name}", "{id:name}, al {day:name}"),
    "customer.score": ("Churn score", "Punteggio di abbandono"),
    "customer.score.is": (
        "{score:%} within {days:int} days, {band:name} risk",
        "{score:%} entro {days:int} giorni, rischio {band:name}",
    ),
    "customer.score.table": ("{score:%}, {band:name} risk", "{score:%}, rischio {band:name}"),
    "customer.score.none": (
        "none: not in the population of the scores",
        "nessuno: non fa parte della popolazione valutata",
    ),
    "customer.band.low": ("low", "basso"),
    "customer.band.medium": ("medium", "medio"),
    "customer.band.high": ("high", "alto"),
    "customer.reasons": ("Reasons", "Motivi"),
    "customer.action": ("Action", "Azione"),
    "customer.action.contact": ("contact: expected to gain {gain:money}", "contattare: guadagno atteso {gain:money}"),
    "customer.action.no_contact": (
        "do not contact: it would cost more than it brings",
        "non contattare: costerebbe più di quanto rende",
    ),
    "customer.next": ("Next order", "Prossimo ordine"),
    "customer.next.is": (
        "{day:name}, eight in ten between {low:name} and {high:name}",
        "{day:name}, otto su dieci tra {low:name} e {high:name}",
    ),
    "customer.next.none": (
        "none is likelier than one within a year",
        "entro un anno è più probabile che non ce ne siano",
    ),
    "customer.value": ("Value", "Valore"),
    "customer.value.is": (
        "{spent:money} spent so far; {clv:money} [{low:money}, {high:money}] of margin to come",
        "{spent:money} spesi finora; {clv:money} [{low:money}, {high:money}] di margine futuro",
    ),
    "customer.value.to_come": (
        "{clv:money} [{low:money}, {high:money}] of margin to come",
        "{clv:money} [{low:money}, {high:money}] di margine futuro",
    ),
    "customer.segment": ("Segment", "Segmento"),
    "customer.history": ("What happened, by month", "Che cosa è successo, mese per mese"),
    "customer.orders": ("orders", "ordini"),
    "customer.spend": ("spend", "spesa"),
    "customer.events": ("other events", "altri eventi"),
    "customer.score.short": ("score", "punteggio"),
    "customer.then": (
        "Scores and segments are those that today's model gives to what was known at the end of the month.",
        "Punteggi e segmenti sono quelli che il modello di oggi dà a quanto era noto alla fine del mese.",
    ),
    "customer.if": ("What would change the score", "Che cosa cambierebbe il punteggio"),
    "customer.if.order": ("one more order of {amount:money} today", "un altro ordine di {amount:money} oggi"),
    "customer.if.order_only": ("one more order today", "un altro ordine oggi"),
    "customer.if.silence": ("{days:int} days more without an order", "altri {days:int} giorni senza ordini"),
    "customer.if.score": ("{score:%} instead of {now:%}", "{score:%} invece di {now:%}"),
}
