"""What customers do: the best ones, clusters, funnel, messages: (English, Italian)."""

TEXTS: dict[str, tuple[str, str]] = {
    "yes": ("yes", "sì"),
    "no": ("no", "no"),
    "hour": ("hour of the day", "ora del giorno"),
    "lens.buy": ("what they buy", "che cosa comprano"),
    "lens.do": ("what they do on the way", "che cosa fanno lungo la strada"),
    "lens.begin": ("how they began", "come hanno cominciato"),
    "lens.when": ("when they buy", "quando comprano"),
    "lens.bring": ("whom they bring", "chi portano"),
    "trait.bought": ("“{name:name}” among the lines of their orders", "«{name:name}» tra le righe dei loro ordini"),
    "trait.kinds_item": ("different products per purchase", "prodotti diversi per acquisto"),
    "trait.kinds_category": ("different categories per purchase", "categorie diverse per acquisto"),
    "trait.basket": (
        "spend per purchase (part of what makes value)",
        "spesa per acquisto (parte di ciò che fa il valore)",
    ),
    "trait.units": ("units per purchase", "pezzi per acquisto"),
    "trait.did": ("did “{name:name}”", "hanno fatto «{name:name}»"),
    "trait.actions": ("actions", "azioni"),
    "trait.opened": ("opened a message", "hanno aperto un messaggio"),
    "trait.clicked": ("clicked in a message", "hanno cliccato in un messaggio"),
    "trait.weekend": ("orders at the weekend", "ordini nel fine settimana"),
    "trait.morning": ("orders in the morning (5 to 12)", "ordini di mattina (5-12)"),
    "trait.afternoon": ("orders in the afternoon (12 to 18)", "ordini di pomeriggio (12-18)"),
    "trait.evening": ("orders in the evening (18 to 24)", "ordini di sera (18-24)"),
    "trait.invites": ("invitations sent", "inviti mandati"),
    "trait.was_invited": ("were invited by a customer", "sono stati invitati da un cliente"),
    "trait.returned": ("bought again", "hanno ricomprato"),
    "trait.refunded": ("got money back", "hanno avuto un rimborso"),
    "superstars.title": (
        "Superstars: what the best customers do differently",
        "Superstar: che cosa fanno di diverso i clienti migliori",
    ),
    "superstars.lead": (
        "Superstars are the customers in the top {share:%} by spend of the {days:int} days before {day:name} who are Champions or Loyal: high value, and still coming back. Beside them stand all buyers, and the half with the lowest spend. What follows is seen with high value; it need not cause it.",
        "Le superstar sono i clienti nel primo {share:%} per spesa dei {days:int} giorni prima del {day:name} che sono Campioni o Fedeli: alto valore, e tornano ancora. Accanto a loro tutti gli acquirenti, e la metà con la spesa più bassa. Ciò che segue si vede insieme all'alto valore; non ne è per forza la causa.",
    ),
    "superstars.few": (
        "Only {n:customer stands|customers stand} out by value: ten on each side are needed for a comparison.",
        "Si {n:distingue # cliente|distinguono # clienti} per valore: ne servono dieci per parte per un confronto.",
    ),
    "superstars.period": ("{days:int} days before {day:name}", "{days:int} giorni prima del {day:name}"),
    "superstars.points": (" points", " punti"),
    "superstars.by_value_alone": (
        "Too few of them are Champions or Loyal, so value alone makes a superstar here.",
        "Troppo pochi di loro sono Campioni o Fedeli, perciò qui il solo valore fa una superstar.",
    ),
    "superstars.sentence": (
        "{trait:name}: {high:name} for superstars, {all:name} for all, {low:name} for the low-value half; {difference:name}{unit:name} [{start:name}, {end:name}] against the rest.",
        "{trait:name}: {high:name} per le superstar, {all:name} per tutti, {low:name} per la metà di basso valore; {difference:name}{unit:name} [{start:name}, {end:name}] rispetto agli altri.",
    ),
    "superstars.alike": (
        "No trait that the log tells sets superstars apart beyond chance.",
        "Nessun tratto che il registro racconta distingue le superstar oltre il caso.",
    ),
    "superstars.silent": (
        "The log has no events for these lenses: {lenses:name}. Tables of actions, messages or referrals can be added (data.tables).",
        "Il registro non ha eventi per queste lenti: {lenses:name}. Si possono aggiungere tabelle di azioni, messaggi o inviti (data.tables).",
    ),
    "superstars.no_hours": (
        "The orders have dates without times: hours of the day cannot be told.",
        "Gli ordini hanno date senza ore: le ore del giorno non si possono dire.",
    ),
    "superstars.hours": (
        "When superstars order: share of their orders by weekday and hour",
        "Quando ordinano le superstar: quota dei loro ordini per giorno e ora",
    ),
    "superstars.hours_alt": (
        "Heatmap of superstars' orders by weekday and hour; the busiest hour is {day:name} at {hour:int}.",
        "Mappa degli ordini delle superstar per giorno e ora; l'ora più intensa è {day:name} alle {hour:int}.",
    ),
    "superstars.table": (
        "All traits, by lens; largest effects first",
        "Tutti i tratti, per lente; prima gli effetti maggiori",
    ),
    "superstars.early": ("What shows in the first {days:int} days", "Che cosa si vede nei primi {days:int} giorni"),
    "superstars.early_lead": (
        "{n:int} customers were won long enough ago to know what became of them. {high:int} of them were in the top share by spend of the {followed:int} days after their first {days:int}; only what they did in these first days is looked at.",
        "{n:int} clienti sono stati acquisiti abbastanza tempo fa da sapere che ne è stato. {high:int} di loro erano nella quota più alta per spesa dei {followed:int} giorni dopo i loro primi {days:int}; si guarda solo ciò che hanno fatto in quei primi giorni.",
    ),
    "superstars.early_table": (
        "Traits of the first days, of later superstars and of others",
        "Tratti dei primi giorni, di chi è poi diventato superstar e degli altri",
    ),
    "superstars.no_early": (
        "Too few customers were won long enough ago to know what became of them.",
        "Troppo pochi clienti sono stati acquisiti abbastanza tempo fa da sapere che ne è stato.",
    ),
    "superstars.headline": (
        "{n:int} superstars, {of:%} of the buyers, bring {share:%} of the spend.",
        "{n:int} superstar, il {of:%} degli acquirenti, portano il {share:%} della spesa.",
    ),
    "segment.never": ("Never bought", "Mai comprato"),
    "funnel.title": ("The funnel", "Il percorso d'acquisto"),
    "funnel.order": ("order", "ordine"),
    "funnel.no_actions": (
        "The log has no actions beside orders: there is no path to an order to show. Add a table of actions (data.tables).",
        "Il registro non ha azioni oltre agli ordini: non c'è un percorso verso l'ordine da mostrare. Aggiungere una tabella di azioni (data.tables).",
    ),
    "funnel.nobody": (
        "Nobody took the first step, “{step:name}”. The names in report.funnel_steps are those of actions, and order.",
        "Nessuno ha fatto il primo passo, «{step:name}». I nomi in report.funnel_steps sono quelli delle azioni, e order.",
    ),
    "funnel.lead": (
        "Customers who took each step at or after the step before, from the first event until {day:name}.",
        "Clienti che hanno fatto ogni passo insieme o dopo il precedente, dal primo evento fino al {day:name}.",
    ),
    "funnel.mined": (
        "The steps were found in the log: its most frequent actions in the order in which customers first take them. Set report.funnel_steps for your own.",
        "I passi sono stati trovati nel registro: le azioni più frequenti nell'ordine in cui i clienti le fanno la prima volta. Per i propri: report.funnel_steps.",
    ),
    "funnel.chosen": ("The steps are those of report.funnel_steps.", "I passi sono quelli di report.funnel_steps."),
    "funnel.across": ("customers", "clienti"),
    "funnel.picture": ("Customers who reached each step in order", "Clienti arrivati a ogni passo nell'ordine"),
    "funnel.alt": ("Bars, one per step: {listed:name}.", "Barre, una per passo: {listed:name}."),
    "funnel.table": ("Step by step", "Passo per passo"),
    "funnel.by_segment": ("By segment", "Per segmento"),
    "funnel.segments_table": (
        "Share of those at the step before who took each step, by segment",
        "Quota di chi era al passo precedente che ha fatto ogni passo, per segmento",
    ),
    "funnel.headline": (
        "Of {n:int} customers at the first step {end:%} reach “{last:name}”; the narrowest step is “{step:name}”, which {chance:%} [{low:%}, {high:%}] take.",
        "Di {n:int} clienti al primo passo il {end:%} arriva a «{last:name}»; il passo più stretto è «{step:name}», che fa il {chance:%} [{low:%}, {high:%}].",
    ),
    "messages.title": ("Campaigns and channels", "Campagne e canali"),
    "messages.none": (
        "The log has no messages: open, click-through, conversion and unsubscribe rates need events of the kinds send, open, click and unsubscribe (data.tables).",
        "Il registro non ha messaggi: i tassi di apertura, clic, conversione e disiscrizione richiedono eventi dei tipi send, open, click e unsubscribe (data.tables).",
    ),
    "messages.none_in": ("No message was sent in {period:name}.", "Nessun messaggio è stato inviato in {period:name}."),
    "messages.table": (
        "Messages first sent in {period:name}, per customer; conversion within {days:int} days",
        "Messaggi inviati la prima volta in {period:name}, per cliente; conversione entro {days:int} giorni",
    ),
}
