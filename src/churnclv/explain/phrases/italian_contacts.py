"""Italian phrases on visits, messages and referrals. `phrase` explains the template fields."""

from .italian_orders import BEFORE, LAST

_INVITED = "{invited_customers:nessuno invitato|persona invitata|persone invitate}"

CONTACTS = {
    "actions": ("azioni", "{only}{value:nessuna azione|azione|azioni} finora{usual}"),
    r"actions_last_(\d+)_days": (
        "azioni " + LAST,
        "{only}{value:nessuna azione|azione|azioni} " + LAST + "{usual}",
    ),
    r"action_change_(\d+)_days": (
        "azioni " + LAST + " meno quelle " + BEFORE,
        "{actions_last_@_days:nessuna azione|azione|azioni} " + LAST + ", {actions_before:nessuna|#|#} " + BEFORE,
        "{below:azione|azioni} in meno " + LAST + " che " + BEFORE,
        "{above:azione|azioni} in più " + LAST + " che " + BEFORE,
        "{zero}tante azioni " + LAST + " quante " + BEFORE,
    ),
    "sessions": ("sessioni", "{only}{value:nessuna sessione|sessione|sessioni} finora{usual}"),
    "action_names": ("azioni diverse", "{only}{value:nessuna azione|tipo di azione|azioni diverse} finora{usual}"),
    "actions_since_last_order": (
        "azioni dall'ultimo ordine",
        "{value:nessuna azione|azione|azioni} dall'ultimo ordine{usual}",
    ),
    "days_since_last_action": (
        "giorni dall'ultima azione",
        "ultima attività {value:giorno|giorni} fa{usual}",
        "{missing}nessuna azione nota",
    ),
    "days_from_last_action_to_last_order": (
        "giorni dall'ultima azione all'ultimo ordine",
        "ultima azione {below:giorno|giorni} dopo l'ultimo ordine",
        "ultimo ordine {above:giorno|giorni} dopo l'ultima azione",
        "{zero}ultima azione nel giorno dell'ultimo ordine",
        "{missing}nessuna azione con ordine nota",
    ),
    "actions_per_session": (
        "azioni per sessione",
        "{value:azione|azioni} per sessione{usual}",
        "{missing}nessuna azione nota",
    ),
    "last_session_action_share": (
        "quota di azioni nell'ultima sessione",
        "{one}tutte le azioni in una sola sessione",
        "{value:%} delle azioni nell'ultima sessione{usual}",
        "{missing}nessuna azione nota",
    ),
    "action_entropy": (
        "dispersione delle azioni sui tipi",
        "{zero}sempre lo stesso tipo di azione",
        "azioni sparse su {value:spread:tipo|tipi}{usual}",
        "{missing}nessuna azione nota",
    ),
    r"actions_named_(\w+)": (
        "volte di {1}",
        "{zero}mai {1}",
        "{only}{value:volta|volte} {1}{usual}",
    ),
    r"days_since_action_(\w+)": (
        "giorni dall'ultima azione {1}",
        "ultima azione {1} {value:giorno|giorni} fa{usual}",
        "{missing}mai {1}",
    ),
    r"sessions_with_(\w+)_share": (
        "quota di sessioni con {1}",
        "{zero}nessuna sessione con {1}",
        "{value:%} delle sessioni con {1}{usual}",
        "{missing}nessuna sessione nota",
    ),
    r"last_action_is_(\w+)": (
        "l'ultima azione è {1}",
        "{zero}l'ultima azione non è stata {1}",
        "{one}l'ultima azione è stata {1}",
    ),
    "sends": (
        "messaggi inviati",
        "{only}{value:nessun messaggio inviato|messaggio inviato|messaggi inviati} finora{usual}",
    ),
    "opens": (
        "messaggi aperti",
        "{only}{value:nessun messaggio aperto|messaggio aperto|messaggi aperti} finora{usual}",
    ),
    "clicks": ("clic nei messaggi", "{only}{value:nessun clic|clic|clic} nei messaggi finora{usual}"),
    r"sends_last_(\d+)_days": (
        "messaggi inviati " + LAST,
        "{only}{value:nessun messaggio inviato|messaggio inviato|messaggi inviati} " + LAST + "{usual}",
    ),
    r"opens_last_(\d+)_days": (
        "messaggi aperti " + LAST,
        "{sends_last_@_days:nessun messaggio inviato|messaggio inviato|messaggi inviati} " + LAST + ", "
        "{value:nessuno aperto|# aperto|# aperti}",
        "{only}{value:nessun messaggio aperto|messaggio aperto|messaggi aperti} " + LAST + "{usual}",
    ),
    r"clicks_last_(\d+)_days": (
        "clic nei messaggi " + LAST,
        "{only}{value:nessun clic|clic|clic} nei messaggi " + LAST + "{usual}",
    ),
    r"unsubscribes_last_(\d+)_days": (
        "disiscrizioni " + LAST,
        "{zero}nessuna disiscrizione " + LAST,
        "disiscrizione {days_since_last_unsubscribe:giorno|giorni} fa",
        "disiscrizione " + LAST,
    ),
    "unsubscribed": (
        "disiscrizione dai messaggi",
        "{zero}nessuna disiscrizione dai messaggi",
        "disiscrizione dai messaggi {days_since_last_unsubscribe:giorno|giorni} fa",
        "{one}disiscrizione dai messaggi",
    ),
    "days_since_last_open": (
        "giorni dall'ultimo messaggio aperto",
        "ultimo messaggio aperto {value:giorno|giorni} fa{usual}",
        "{missing}nessun messaggio aperto finora",
    ),
    "days_since_last_click": (
        "giorni dall'ultimo clic in un messaggio",
        "ultimo clic in un messaggio {value:giorno|giorni} fa{usual}",
        "{missing}nessun clic in un messaggio finora",
    ),
    "days_since_last_unsubscribe": (
        "giorni dalla disiscrizione",
        "disiscrizione dai messaggi {value:giorno|giorni} fa",
        "{missing}nessuna disiscrizione dai messaggi",
    ),
    "open_rate": (
        "messaggi aperti sui messaggi inviati",
        "{sends:messaggio inviato|messaggi inviati}, {opens:nessuno aperto|# aperto|# aperti}",
        "messaggi aperti: {value:%} degli inviati{usual}",
        "{missing}nessun messaggio inviato finora",
    ),
    "click_rate": (
        "clic sui messaggi aperti",
        "{opens:messaggio aperto|messaggi aperti}, {clicks:nessun clic|clic|clic}",
        "{value} clic per messaggio aperto{usual}",
        "{missing}nessun messaggio aperto finora",
    ),
    r"open_rate_change_(\d+)_days": (
        "quota di messaggi aperti " + LAST + " meno quella " + BEFORE,
        "quota di messaggi aperti più bassa di {below:points} punti " + LAST + " che " + BEFORE,
        "quota di messaggi aperti più alta di {above:points} punti " + LAST + " che " + BEFORE,
        "{zero}messaggi aperti " + LAST + " quanto " + BEFORE,
        "{missing}nessun messaggio inviato per il confronto " + LAST + " e " + BEFORE,
    ),
    r"sends_by_(\w+)": (
        "messaggi inviati tramite {1}",
        "{only}{value:nessun messaggio inviato|messaggio inviato|messaggi inviati} tramite {1} finora{usual}",
    ),
    r"opens_by_(\w+)": (
        "messaggi aperti tramite {1}",
        "{only}{value:nessun messaggio aperto|messaggio aperto|messaggi aperti} tramite {1} finora{usual}",
    ),
    r"clicks_by_(\w+)": (
        "clic nei messaggi tramite {1}",
        "{only}{value:nessun clic|clic|clic} nei messaggi tramite {1} finora{usual}",
    ),
    r"open_rate_by_(\w+)": (
        "messaggi aperti sui messaggi inviati, tramite {1}",
        "messaggi tramite {1} aperti: {value:%} degli inviati{usual}",
        "{missing}nessun messaggio inviato tramite {1} finora",
    ),
    r"click_rate_by_(\w+)": (
        "clic sui messaggi aperti, tramite {1}",
        "{value} clic per messaggio aperto tramite {1}{usual}",
        "{missing}nessun messaggio aperto tramite {1} finora",
    ),
    "invitations": ("inviti fatti", "{only}{value:nessun invito fatto|invito fatto|inviti fatti} finora{usual}"),
    "invited_customers": (
        "persone invitate",
        "{only}{value:nessuno invitato|persona invitata|persone invitate} finora{usual}",
    ),
    "invited_buyers": (
        "persone invitate che hanno acquistato",
        _INVITED + ", {value:nessun acquirente|acquirente|acquirenti}",
        "{only}{value:nessun acquirente invitato|acquirente invitato|acquirenti invitati}{usual}",
    ),
    "was_invited": (
        "invitato da un cliente",
        "{zero}non invitato da un altro cliente",
        "{one}invitato da un altro cliente",
    ),
    "days_since_last_invitation": (
        "giorni dall'ultimo invito fatto",
        "ultimo invito fatto {value:giorno|giorni} fa{usual}",
        "{missing}nessuno invitato finora",
    ),
    "days_since_invited": (
        "giorni dall'invito di un cliente",
        "invitato da un altro cliente {value:giorno|giorni} fa{usual}",
        "{missing}non invitato da un altro cliente",
    ),
}
