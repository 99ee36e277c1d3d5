"""Segments, cohorts and the ladder: (English, Italian)."""

TEXTS: dict[str, tuple[str, str]] = {
    "segment.Champions": ("Champions", "Campioni"),
    "segment.Loyal": ("Loyal", "Fedeli"),
    "segment.Potential Loyalist": ("Potential Loyalist", "Potenziali fedeli"),
    "segment.New": ("New", "Nuovi"),
    "segment.Promising": ("Promising", "Promettenti"),
    "segment.Need Attention": ("Need Attention", "Da seguire"),
    "segment.About to Sleep": ("About to Sleep", "In assopimento"),
    "segment.At Risk": ("At Risk", "A rischio"),
    "segment.Can't Lose": ("Can't Lose", "Da non perdere"),
    "segment.Hibernating": ("Hibernating", "In letargo"),
    "segment.Not yet": ("Not yet a customer", "Non ancora clienti"),
    "segments.title": ("Segments and their movement", "Segmenti e movimento"),
    "segments.lead": (
        "{n:int} customers who ever bought, as of {day:name}: a score from 1 to 5 for how lately they bought, for how often and for how much, and ten segments by the first two scores.",
        "{n:int} clienti che hanno comprato almeno una volta, al {day:name}: un punteggio da 1 a 5 per quanto di recente, quanto spesso e quanto hanno comprato, e dieci segmenti secondo i primi due punteggi.",
    ),
    "segments.recency": (
        "Recency falls from 5 to 1 beyond {limits:name} days without a purchase.",
        "La recenza scende da 5 a 1 oltre {limits:name} giorni senza acquisti.",
    ),
    "segments.frequency": (
        "Frequency rises from 1 to 5 above {limits:name} days with a purchase.",
        "La frequenza sale da 1 a 5 oltre {limits:name} giorni con un acquisto.",
    ),
    "segments.spend": (
        "Spend rises from 1 to 5 above {limits:name} in all.",
        "La spesa sale da 1 a 5 oltre {limits:name} in tutto.",
    ),
    "segments.one": (
        "All customers are in one segment, {name:name}: they differ too little to form others.",
        "Tutti i clienti sono in un solo segmento, {name:name}: sono troppo simili per distinguerli.",
    ),
    "segments.table": (
        "Segments as of {day:name}; spend, order value and units of the last {days:int} days",
        "Segmenti al {day:name}; spesa, valore dell'ordine e pezzi degli ultimi {days:int} giorni",
    ),
    "segments.figures": ("One segment in figures", "Un segmento in cifre"),
    "segments.figures_are": (
        "What a segment did in a period counts by the segment at the period's start, so that the period itself moves nobody; what is at stake counts by the segment on {day:name}. The segments add up to all customers.",
        "Ciò che un segmento ha fatto in un periodo conta secondo il segmento all'inizio del periodo, così che il periodo stesso non sposta nessuno; ciò che è in gioco conta secondo il segmento al {day:name}. I segmenti sommati danno tutti i clienti.",
    ),
    "segments.all": ("All customers", "Tutti i clienti"),
    "segments.nobody": ("none of them ordered in {period:name}", "nessuno di loro ha ordinato in {period:name}"),
    "segments.no_score": ("none of them has a score", "nessuno di loro ha un punteggio"),
    "population.of_segment": ("customers of the segment", "clienti del segmento"),
    "population.segment_before": (
        "customers of the segment who ordered in the period before",
        "clienti del segmento che hanno ordinato nel periodo precedente",
    ),
    "segments.movement": ("Who moved in {period:name}", "Chi si è mosso in {period:name}"),
    "segments.stayed": (
        "{stayed:%} of the {n:int} customers from before stayed in their segment.",
        "Il {stayed:%} dei {n:int} clienti di prima è rimasto nel suo segmento.",
    ),
    "segments.move": (
        "{n:int} went from {before:name} to {after:name}: {share:%} of the {size:int} who were there.",
        "{n:int} sono passati da {before:name} a {after:name}: il {share:%} dei {size:int} che vi erano.",
    ),
    "segments.flow": (
        "Where customers stood at the start of the period, and where at its end; a band is as wide as its number",
        "Dove stavano i clienti all'inizio del periodo e dove alla fine; una fascia è larga quanto il suo numero",
    ),
    "segments.flow_alt": (
        "Flow picture of customers between segments from {start:name} to {end:name}; the table below has its numbers.",
        "Flusso dei clienti tra i segmenti dal {start:name} al {end:name}; la tabella qui sotto ne ha i numeri.",
    ),
    "segments.matrix": ("From (rows) to (columns), customers", "Da (righe) a (colonne), clienti"),
    "segments.share": ("share of customers", "quota dei clienti"),
    "segments.mix": (
        "The mix of segments at each period's end",
        "La composizione dei segmenti alla fine di ogni periodo",
    ),
    "segments.mix_alt": (
        "Stacked shares of the segments from {first:name} to {last:name}; numbers in segment_mix.csv.",
        "Quote dei segmenti sovrapposte da {first:name} a {last:name}; i numeri sono in segment_mix.csv.",
    ),
    "segments.too_young": (
        "{name:name}: {end:customer|customers}. The segment begins after {days:int} days without a purchase, and at the end of {first:name} the log was younger than that: it grew from nobody because the log grew older.",
        "{name:name}: {end:cliente|clienti}. Il segmento comincia dopo {days:int} giorni senza acquisti, e alla fine di {first:name} il registro era più giovane: è cresciuto da zero perché il registro è invecchiato.",
    ),
    "segments.grew": (
        "{name:name} grew from {start:int} (end of {first:name}) to {end:int} (end of {last:name}).",
        "{name:name}: in crescita da {start:int} (fine di {first:name}) a {end:int} (fine di {last:name}).",
    ),
    "segments.shrank": (
        "{name:name} shrank from {start:int} (end of {first:name}) to {end:int} (end of {last:name}).",
        "{name:name}: in calo da {start:int} (fine di {first:name}) a {end:int} (fine di {last:name}).",
    ),
    "segments.kept": (
        "{name:name} numbered {end:int} both at the end of {first:name} and of {last:name}.",
        "{name:name}: {end:int} sia alla fine di {first:name} sia di {last:name}.",
    ),
    "segments.headline": (
        "{name:name} went from {start:int} to {end:int} customers in {period:name}.",
        "{name:name}: da {start:int} a {end:int} clienti in {period:name}.",
    ),
    "population.common_cohorts": ("customers of these cohorts", "clienti di queste coorti"),
    "cohorts.title": ("Cohorts and retention", "Coorti e fidelizzazione"),
    "cohorts.lead_month": (
        "{n:int} customers by the month of their first order, {first:name} to {last:name}; whole months only.",
        "{n:int} clienti per mese del primo ordine, da {first:name} a {last:name}; solo mesi interi.",
    ),
    "cohorts.lead_week": (
        "{n:int} customers by the week of their first order, {first:name} to {last:name}; whole weeks only, because the log is short.",
        "{n:int} clienti per settimana del primo ordine, da {first:name} a {last:name}; solo settimane intere, perché il registro è breve.",
    ),
    "cohorts.ages_month": ("months after the first order's month", "mesi dopo quello del primo ordine"),
    "cohorts.ages_week": ("weeks after the first order's week", "settimane dopo quella del primo ordine"),
    "cohorts.heat": ("Share of each cohort that ordered, by age", "Quota di ogni coorte che ha ordinato, per età"),
    "cohorts.heat_alt": (
        "Heatmap of the share that ordered by cohort ({rows:int} rows) and age; darker is more.",
        "Mappa della quota che ha ordinato per coorte ({rows:int} righe) ed età; più scuro è di più.",
    ),
    "cohorts.curve": ("Does the curve fall, flatten or smile?", "La curva scende, si appiattisce o risale?"),
    "cohorts.short": (
        "Cohorts with half of all customers have only {ages:period|periods} behind them; six are needed to describe the shape of a curve.",
        "Le coorti con metà dei clienti hanno alle spalle solo {ages:periodo|periodi}; ne servono sei per descrivere la forma di una curva.",
    ),
    "cohorts.few": (
        "Only {n:customer|customers} have {ages:int} periods behind them: too few to describe the shape of a curve.",
        "Solo {n:cliente|clienti} hanno {ages:int} periodi alle spalle: troppo pochi per descrivere la forma di una curva.",
    ),
    "cohorts.share": ("share who ordered", "quota che ha ordinato"),
    "cohorts.curve_is": (
        "Share of the {n:int} customers of cohorts with at least {ages:int} periods behind them who ordered in each, with 95% intervals",
        "Quota dei {n:int} clienti delle coorti con almeno {ages:int} periodi alle spalle che ha ordinato in ciascuno, con intervalli al 95%",
    ),
    "cohorts.curve_alt": (
        "Retention curve over {ages:int} periods, from {first:%} to {last:%}.",
        "Curva di fidelizzazione su {ages:int} periodi, da {first:%} a {last:%}.",
    ),
    "cohorts.falls": (
        "The retention curve still falls: from {middle:%} ordering in a period of its middle third to {late:%} in the last.",
        "La curva di fidelizzazione scende ancora: dal {middle:%} che ordina in un periodo del terzo centrale al {late:%} nell'ultimo.",
    ),
    "cohorts.flattens": (
        "The retention curve has flattened: {middle:%} order in a period of its middle third and {late:%} in the last.",
        "La curva di fidelizzazione si è appiattita: ordina il {middle:%} in un periodo del terzo centrale e il {late:%} nell'ultimo.",
    ),
    "cohorts.smiles": (
        "The retention curve smiles: it rises from {middle:%} ordering in a period of its middle third to {late:%} in the last.",
        "La curva di fidelizzazione risale: dal {middle:%} che ordina in un periodo del terzo centrale al {late:%} nell'ultimo.",
    ),
    "cohorts.by_segment": ("By segment", "Per segmento"),
    "cohorts.no_segments": (
        "The log is too short, or too small, to follow segments from an earlier day.",
        "Il registro è troppo breve, o troppo piccolo, per seguire i segmenti da un giorno precedente.",
    ),
    "cohorts.since": ("30-day steps since then", "passi di 30 giorni da allora"),
    "cohorts.segments_are": (
        "Segments as they were on {day:name}, followed from that day on: share who ordered in each 30 days, with 95% intervals",
        "Segmenti com'erano il {day:name}, seguiti da quel giorno: quota che ha ordinato in ogni 30 giorni, con intervalli al 95%",
    ),
    "cohorts.segments_alt": (
        "Retention curves by segment; at the end: {listed:name}.",
        "Curve di fidelizzazione per segmento; alla fine: {listed:name}.",
    ),
    "cohorts.margin": ("What cohorts have brought", "Che cosa hanno portato le coorti"),
    "cohorts.margin_is": (
        "Margin so far per customer won, by age (cumulative CLV, not discounted)",
        "Margine finora per cliente acquisito, per età (CLV cumulato, non scontato)",
    ),
    "ladder.title": ("The repeat ladder", "La scala dei riacquisti"),
    "ladder.lead": (
        "Of the customers who made an n-th purchase, how many made the next one within {days:int} days? Days with an order count as one purchase each. Only purchases at least that many days ago are evaluated.",
        "Dei clienti che hanno fatto l'n-esimo acquisto, quanti hanno fatto il successivo entro {days:int} giorni? Ogni giorno con un ordine conta come un acquisto. Si giudicano solo gli acquisti dopo i quali tutti questi giorni sono passati.",
    ),
    "ladder.short": (
        "No purchase lies {days:int} days back yet: the ladder cannot be evaluated. Lower report.ladder_days.",
        "Nessun acquisto risale ancora a {days:int} giorni fa: la scala non si può giudicare. Abbassare report.ladder_days.",
    ),
    "ladder.nobody": (
        "None of the {n:int} customers who could be evaluated bought again within {days:int} days: there is no ladder to show.",
        "Nessuno dei {n:int} clienti giudicabili ha ricomprato entro {days:int} giorni: non c'è una scala da mostrare.",
    ),
    "ladder.rung": ("after purchase {rung:int}", "dopo l'acquisto {rung:int}"),
    "ladder.across": (
        "chance of the next one within {days:int} days",
        "probabilità del successivo entro {days:int} giorni",
    ),
    "ladder.picture": (
        "Chance of a next purchase within {days:int} days, with 95% intervals",
        "Probabilità di un acquisto successivo entro {days:int} giorni, con intervalli al 95%",
    ),
    "ladder.alt": ("Bars, one per rung: {listed:name}.", "Barre, una per gradino: {listed:name}."),
    "ladder.table": (
        "The ladder, from purchases up to {days:int} days before {day:name}",
        "La scala, dagli acquisti fino a {days:int} giorni prima del {day:name}",
    ),
    "ladder.headline": (
        "{chance:%} [{low:%}, {high:%}] of first-time buyers buy again within {days:int} days, half of those within {median:int}.",
        "Il {chance:%} [{low:%}, {high:%}] di chi compra per la prima volta ricompra entro {days:int} giorni, metà di questi entro {median:int}.",
    ),
    "ladder.headline_next": (
        "After a second purchase it is {chance:%}.",
        "Dopo un secondo acquisto è il {chance:%}.",
    ),
}
