"""Churn and value, what-if, contracts: (English, Italian)."""

TEXTS: dict[str, tuple[str, str]] = {
    "level.high": ("high", "alto"),
    "level.middle": ("middle", "medio"),
    "level.low": ("low", "basso"),
    "play.high_high": (
        "Call or write in person, with the best offer",
        "Chiamare o scrivere di persona, con l'offerta migliore",
    ),
    "play.high_middle": (
        "Win back with an offer that costs less than their value",
        "Riconquistare con un'offerta che costi meno di quanto valgono",
    ),
    "play.high_low": (
        "Leave alone, or a message that costs nothing",
        "Lasciar stare, o un messaggio che non costa nulla",
    ),
    "play.middle_high": ("Service first: ask what is missing", "Prima il servizio: chiedere che cosa manca"),
    "play.middle_middle": (
        "Remind of what they bought, without a discount",
        "Ricordare ciò che hanno comprato, senza sconto",
    ),
    "play.middle_low": ("Newsletter only", "Solo newsletter"),
    "play.low_high": (
        "Thank them, early access; an offer only to those on the contact list",
        "Ringraziarli, anteprime; un'offerta solo a chi è nella lista dei contatti",
    ),
    "play.low_middle": ("Offer the next category", "Proporre la categoria successiva"),
    "play.low_low": ("Leave alone", "Lasciar stare"),
    "population.listed": ("customers on the list", "clienti in lista"),
    "stakes.title": ("Churn and value", "Abbandono e valore"),
    "stakes.lead": (
        "{n:int} customers have a churn score: the calibrated probability of leaving within {days:day|days}. What is at stake is that probability times the customer's value if they stay.",
        "{n:int} clienti hanno un punteggio di abbandono: la probabilità calibrata di andarsene entro {days:giorno|giorni}. In gioco c'è quella probabilità per quanto vale il cliente se resta.",
    ),
    "stakes.lead_table": (
        "{n:int} customers have a churn score: the calibrated probability of leaving, as the table counts it. What is at stake is that probability times the customer's value if they stay.",
        "{n:int} clienti hanno un punteggio di abbandono: la probabilità calibrata di andarsene, come la conta la tabella. In gioco c'è quella probabilità per quanto vale il cliente se resta.",
    ),
    "stakes.matrix": ("Who leaves, and their value", "Chi se ne va, e quanto vale"),
    "stakes.by_value": ("value", "valore"),
    "stakes.by_churn": ("churn score", "abbandono"),
    "stakes.bands_of_churn": (
        "Churn is middle from a score of {middle:%} on, and high from {high:%} on.",
        "L'abbandono è medio da un punteggio di {middle:%} in su, e alto da {high:%} in su.",
    ),
    "stakes.bands_of_value": (
        "Value is middle from a CLV of {middle:money} on, and high from {high:money} on.",
        "Il valore è medio da un CLV di {middle:money} in su, e alto da {high:money} in su.",
    ),
    "stakes.thirds_of_churn": (
        "Churn is by thirds of the customers, in the order of their score.",
        "L'abbandono è per terzi dei clienti, in ordine di punteggio.",
    ),
    "stakes.thirds_of_value": (
        "Value is by thirds of the customers, in the order of their CLV.",
        "Il valore è per terzi dei clienti, in ordine di CLV.",
    ),
    "stakes.matrix_is": (
        "Money at stake by churn score and value",
        "Denaro in gioco per punteggio di abbandono e valore",
    ),
    "stakes.matrix_alt": (
        "Three by three map of money at stake; most of it, {money:money}, with customers of {churn:name} churn score and {value:name} value.",
        "Mappa tre per tre del denaro in gioco; il più, {money:money}, con clienti di punteggio {churn:name} e valore {value:name}.",
    ),
    "stakes.cell": ("churn {churn:name}, value {value:name}", "abbandono {churn:name}, valore {value:name}"),
    "stakes.table": (
        "Each group: its size, the money at stake, and the play; the contact list decides customer by customer",
        "Ogni gruppo: quanti sono, il denaro in gioco e la mossa; la lista dei contatti decide cliente per cliente",
    ),
    "stakes.top_reasons": ("Why scores are high", "Perché i punteggi sono alti"),
    "stakes.top_reasons_are": (
        "A customer has up to three reasons and counts in the row of each, so the money of the rows adds up to more than is at stake.",
        "Un cliente ha fino a tre motivi e conta nella riga di ciascuno, quindi la somma delle righe supera quanto è in gioco.",
    ),
    "stakes.top_reasons_table": ("Reasons by the money behind them", "Motivi secondo il denaro che c'è dietro"),
    "stakes.contact": ("Whom to contact", "Chi contattare"),
    "stakes.targets": (
        "{listed:int} of {considered:int} customers are worth contacting, which is expected to cost {cost:money} and to gain {gain:money}. They are in contact_list.csv, best first, with their reasons.",
        "Conviene contattare {listed:int} clienti su {considered:int}; dovrebbe costare {cost:money} e rendere {gain:money}. Sono in contact_list.csv, i migliori per primi, con i loro motivi.",
    ),
    "stakes.budget": (
        "The budget leaves out {left:int} more, who would gain {forgone:money}.",
        "Il budget ne esclude altri {left:int}, che renderebbero {forgone:money}.",
    ),
    "stakes.contacted": ("share of customers contacted, best first", "quota di clienti contattati, i migliori prima"),
    "stakes.profit": ("expected profit", "profitto atteso"),
    "stakes.best": ("{share:%}: {gain:money}", "{share:%}: {gain:money}"),
    "stakes.curve_is": (
        "Expected profit of contacting so many; beyond the dot every further contact costs more than it brings",
        "Profitto atteso contattandone altrettanti; oltre il punto ogni altro contatto costa più di quanto porta",
    ),
    "stakes.curve_alt": (
        "Profit curve; its highest point is {gain:money} at {share:%} of the customers.",
        "Curva del profitto; il punto più alto è {gain:money} al {share:%} dei clienti.",
    ),
    "stakes.warning_no_value": (
        "No customer has both a churn score and a value: the outcome of a campaign cannot be computed.",
        "Nessun cliente ha sia un punteggio di abbandono sia un valore: l'esito di una campagna non si può calcolare.",
    ),
    "stakes.warning_contact_cost": (
        "No contact pays: economics.contact_cost is {contact:money}, and the highest expected gain before it is {before:money}.",
        "Nessun contatto conviene: economics.contact_cost è {contact:money}, e il guadagno atteso più alto al lordo del contatto è {before:money}.",
    ),
    "stakes.warning_incentive_cost": (
        "No contact pays, even free of contact cost: economics.incentive_cost {incentive:money} is too high for the values at stake.",
        "Nessun contatto conviene, nemmeno gratis: economics.incentive_cost {incentive:money} è troppo alto per i valori in gioco.",
    ),
    "stakes.warning_budget": (
        "No customer can be contacted: economics.budget is {budget:money}, and the cheapest contact that pays is expected to cost {least:money}.",
        "Nessun cliente può essere contattato: economics.budget è {budget:money}, e il contatto conveniente meno caro dovrebbe costare {least:money}.",
    ),
    "stakes.warning_everybody": (
        "Every contact pays: check that economics.contact_cost and economics.incentive_cost are in the currency of the values.",
        "Ogni contatto conviene: controllare che economics.contact_cost ed economics.incentive_cost siano nella valuta dei valori.",
    ),
    "stakes.signs_leaving": ("Warning signs", "Segnali di allarme"),
    "stakes.signs_staying": ("Signs of staying", "Segnali di permanenza"),
    "stakes.signs_table_leaving": (
        "Rules found on earlier customers, and how they held on later ones",
        "Regole trovate su clienti precedenti, e quanto hanno tenuto su quelli successivi",
    ),
    "stakes.signs_table_staying": (
        "Rules found on earlier customers, and how they held on later ones; most leave here, so who shows no sign of staying is like most",
        "Regole trovate su clienti precedenti, e quanto hanno tenuto su quelli successivi; qui i più se ne vanno, perciò chi non mostra segnali di permanenza è come i più",
    ),
    "stakes.no_signs": (
        "The champion's run left no signs (signs.parquet) in this home. A new make train writes them.",
        "L'esecuzione del campione non ha lasciato segnali (signs.parquet) in questa cartella. Un nuovo make train li scrive.",
    ),
    "stakes.reasons": ("Why they cancelled, by their own account", "Perché hanno disdetto, secondo loro"),
    "stakes.reasons_table": ("Reasons given for ended contracts", "Motivi indicati per i contratti finiti"),
    "stakes.headline": (
        "{money:money} [{low:money}, {high:money}] is at stake with customers who may leave; contacting {n:int} of them is expected to gain {gain:money}.",
        "Sono in gioco {money:money} [{low:money}, {high:money}] con i clienti che potrebbero andarsene; contattarne {n:int} dovrebbe rendere {gain:money}.",
    ),
    "whatif.title": ("What if", "E se"),
    "whatif.lead": (
        "What small changes would add to what these customers bring within {horizon:int} days, by {draws:int} simulations of the champion's fitted models. The assumption of each change stands beside it. Intervals hold what is uncertain about the parameters of the fitted models, not about trees, and not what a campaign would really achieve.",
        "Che cosa aggiungerebbero piccoli cambiamenti a ciò che questi clienti portano entro {horizon:int} giorni, con {draws:int} simulazioni dei modelli del campione. L'ipotesi di ogni cambiamento le sta accanto. Gli intervalli contengono l'incertezza dei parametri dei modelli, non degli alberi, e non ciò che una campagna otterrebbe davvero.",
    ),
    "whatif.across": ("CLV added", "CLV aggiunto"),
    "whatif.picture": (
        "What each change would add to the CLV of the customer base",
        "Che cosa aggiungerebbe ogni cambiamento al CLV dei clienti",
    ),
    "whatif.alt": ("Bars, one per change: {listed:name}.", "Barre, una per cambiamento: {listed:name}."),
    "whatif.table": ("The changes, and what they add", "I cambiamenti, e che cosa aggiungono"),
    "whatif.no_costs": (
        "−10% of the acquisition cost needs a table of costs that covers the period: report.costs=costs.csv (columns date, cost).",
        "−10% del costo di acquisizione richiede una tabella dei costi che copra il periodo: report.costs=costs.csv (colonne date, cost).",
    ),
    "whatif.cac": (
        "−10% of the acquisition cost saves {saved:money} of the {spent:money} spent in {period:name}; revenue and CLV of these customers stay as they are.",
        "−10% del costo di acquisizione fa risparmiare {saved:money} dei {spent:money} spesi in {period:name}; fatturato e CLV di questi clienti restano come sono.",
    ),
    "whatif.headline": (
        "One point of retention more would add {clv:money} [{low:money}, {high:money}] to the CLV of this base within {horizon:int} days, {share:±%}.",
        "Un punto di fidelizzazione in più aggiungerebbe {clv:money} [{low:money}, {high:money}] al CLV di questi clienti entro {horizon:int} giorni, {share:±%}.",
    ),
    "scenario.one_point": (
        "One point off everyone's churn score",
        "Un punto in meno sul punteggio di abbandono di tutti",
    ),
    "scenario.one_point.short": ("+1 point", "+1 punto"),
    "scenario.one_point_top": (
        "One point off the churn score of Champions",
        "Un punto in meno sul punteggio di abbandono dei Campioni",
    ),
    "scenario.one_point_top.short": ("+1 point, Champions", "+1 punto, Campioni"),
    "scenario.five_points": (
        "Five points off everyone's churn score",
        "Cinque punti in meno sul punteggio di abbandono di tutti",
    ),
    "scenario.five_points.short": ("+5 points", "+5 punti"),
    "scenario.one_rung": (
        "{share:%} of the one-time buyers buy a second time today (that purchase itself not counted; as much as the model sees in those who did)",
        "Il {share:%} di chi ha comprato una volta compra la seconda oggi (quell'acquisto non contato; quanto il modello vede in chi l'ha fatto)",
    ),
    "assumption.staying": (
        "A point of churn score is a point of customers who stay, at no cost. Who stays brings what the models expect of a customer who is still one, times the correction by the trees, from a fifth to five times.",
        "Un punto di punteggio di abbandono è un punto di clienti che restano, senza costi. Chi resta porta quanto i modelli si aspettano da chi è ancora cliente, per la correzione degli alberi, da un quinto a cinque volte.",
    ),
    "assumption.climbing": (
        "Who buys once more today is a customer like those who did so before, and the correction by the trees stays as it is.",
        "Chi compra ancora oggi è un cliente come chi l'ha già fatto, e la correzione degli alberi resta com'è.",
    ),
    "assumption.next_window": (
        "The score of the next window falls, at no cost; later windows follow the fitted survival curve, at today's prices.",
        "Scende il punteggio della prossima finestra, senza costi; le finestre successive seguono la curva di sopravvivenza stimata, ai prezzi di oggi.",
    ),
    "scenario.one_rung.short": ("+1 rung", "+1 gradino"),
    "population.ever_under_contract": (
        "customers who were ever under contract",
        "clienti che sono stati sotto contratto",
    ),
    "population.under_contract": ("customers under contract", "clienti sotto contratto"),
    "picture.end": ("under contract at the end", "sotto contratto alla fine"),
    "picture.won": ("won", "acquisiti"),
    "picture.lost": ("lost", "persi"),
    "picture.customers_open": ("customers", "clienti"),
    "kpis.alt_contracts": (
        "Line chart of customers under contract, won and lost, from {first:name} to {last:name} ({end:int} at the end).",
        "Grafico dei clienti sotto contratto, acquisiti e persi, da {first:name} a {last:name} ({end:int} alla fine).",
    ),
    "subscribers.lead": (
        "{period:name}, beside the period before and the same one a year before. A customer is who has an open contract; a renewal on the day of an end is no loss.",
        "{period:name}, accanto al periodo precedente e allo stesso di un anno prima. Cliente è chi ha un contratto aperto; un rinnovo nel giorno della fine non è una perdita.",
    ),
    "subscribers.picture": (
        "Customers under contract, won and lost, by period",
        "Clienti sotto contratto, acquisiti e persi, per periodo",
    ),
    "subscribers.headline": (
        "In {period:name}, {kept:%} of the {n:int} customers under contract stayed and {lost:%} left.",
        "In {period:name} è rimasto il {kept:%} dei {n:int} clienti sotto contratto; il {lost:%} se n'è andato.",
    ),
    "stays.title": ("How long customers stay", "Quanto restano i clienti"),
    "stays.lead": (
        "Kaplan-Meier over {n:int} stays under contract, of which {ends:int} have ended. Stays that began before ends were recorded are counted from that day on.",
        "Kaplan-Meier su {n:int} permanenze sotto contratto, di cui {ends:int} finite. Quelle iniziate prima che le fini fossero registrate contano da quel giorno.",
    ),
    "stays.no_ends": (
        "No contract ended before the report's day: there is no survival to estimate.",
        "Nessun contratto è finito prima del giorno del rapporto: non c'è una sopravvivenza da stimare.",
    ),
    "stays.all": ("all", "tutti"),
    "stays.age": ("months under contract", "mesi sotto contratto"),
    "stays.share": ("share still under contract", "quota ancora sotto contratto"),
    "stays.picture": (
        "Share still under contract by age, with 95% intervals",
        "Quota ancora sotto contratto per età, con intervalli al 95%",
    ),
    "stays.alt": (
        "Survival curves over {months:int} months; at the end: {listed:name}.",
        "Curve di sopravvivenza su {months:int} mesi; alla fine: {listed:name}.",
    ),
    "stays.by_plan": ("By plan", "Per piano"),
    "stays.table": (
        "Share still under contract after so many months",
        "Quota ancora sotto contratto dopo altrettanti mesi",
    ),
    "stays.headline": (
        "{share:%} [{low:%}, {high:%}] of customers are still under contract after a year.",
        "Dopo un anno è ancora sotto contratto il {share:%} [{low:%}, {high:%}] dei clienti.",
    ),
}
