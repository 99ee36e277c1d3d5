"""Column names: which roles the name of a column suggests, in English, Italian, German, French and Spanish.

A name is compared without case, accents, signs and camel case: `Data_Ordine`, `dataOrdine` and `DATA ORDINE` are one.
A whole name of the vocabulary is strong evidence for a role, a part of a longer name is weak evidence.
"""

import re
import unicodedata
from functools import cache

STRONG, WEAK = 1.0, 0.6
_VOCABULARY = {  # role -> names in lower case without accents, a comma between them
    "customer_id": (
        "customer, customer id, customer no, customer nr, customer number, customer code, customer key, cust, cust id, "
        "cust no, client, client id, client no, user, user id, buyer, buyer id, member, member id, account, "
        "account id, contact id, shopper, shopper id, subscriber, subscriber id, person id, household, household key, "
        "patron id, email, e mail, customer email, email address, email billing, billing email, "
        "cliente, id cliente, cliente id, codice cliente, numero cliente, utente, id utente, acquirente, abbonato, "
        "id abbonato, socio, tessera, codice utente, email cliente, "
        "kunde, kd nr, kdnr, kunden id, kundenid, kundennr, kunden nr, kundennummer, kundencode, benutzer, "
        "benutzer id, nutzer, nutzer id, kaufer, mitglied, mitglied id, mitgliedsnummer, abonnent, kontakt id, "
        "id client, client no, numero client, code client, utilisateur, id utilisateur, acheteur, membre, "
        "id membre, abonne, id abonne, adherent, numero adherent, numero de client, identifiant client, "
        "id de cliente, codigo cliente, codigo de cliente, numero de cliente, usuario, id usuario, comprador, miembro, "
        "id miembro, suscriptor, id suscriptor, socio id, correo, correo electronico"
    ),
    "timestamp": (
        "timestamp, date, datetime, date time, time, day, order date, order time, purchase date, invoice date, "
        "transaction date, sale date, event date, event time, event timestamp, created, created at, created on, "
        "created utc, placed at, ordered at, ordered on, order purchase timestamp, bought on, occurred at, "
        "data, data ordine, data acquisto, data fattura, data transazione, data vendita, data evento, data ora, "
        "giorno, creato il, ordinato il, ora evento, "
        "datum, bestelldatum, kaufdatum, rechnungsdatum, auftragsdatum, verkaufsdatum, transaktionsdatum, "
        "buchungsdatum, zeitpunkt, zeitstempel, ereigniszeit, tag, erstellt am, bestellt am, "
        "date commande, date de commande, date achat, date d achat, date facture, date de facture, date facturation, "
        "date transaction, date vente, date de vente, date evenement, horodatage, jour, cree le, commande le, "
        "fecha, fecha pedido, fecha de pedido, fecha compra, fecha de compra, fecha factura, fecha de factura, "
        "fecha transaccion, fecha venta, fecha de venta, fecha evento, fecha y hora, dia, creado el, marca de tiempo"
    ),
    "amount": (
        "amount, total, total amount, order total, order amount, order value, order total amount, revenue, sales, "
        "spend, value, net amount, gross amount, net sales, net revenue, total price, total paid, paid, payment, "
        "amount paid, paid amount, grand total, invoice total, line total, dollar value, sum, turnover, "
        "payment value, sales amount, price usd, transaction amount, purchase amount, "
        "importo, importo totale, totale, totale ordine, valore ordine, importo ordine, ricavo, fatturato, spesa, "
        "valore, pagato, totale riga, importo pagato, importo netto, "
        "betrag, gesamtbetrag, bestellwert, umsatz, summe, gesamtsumme, gesamtpreis, rechnungsbetrag, warenwert, "
        "wert, bezahlt, zeilensumme, nettobetrag, bruttobetrag, auftragswert, "
        "montant, montant total, total commande, montant commande, valeur commande, chiffre d affaires, ca, somme, "
        "depense, valeur, montant paye, total ligne, montant ttc, montant ht, total ttc, "
        "importe, importe total, monto, total pedido, valor pedido, valor del pedido, ingresos, ventas, gasto, valor, "
        "pagado, importe pagado, total linea, total del pedido"
    ),
    "price": (
        "price, unit price, item price, price per unit, price each, sale price, lineitem price, monthly charges, "
        "monthly price, monthly fee, monthly charge, price per month, fee, mrr, "
        "prezzo, prezzo unitario, prezzo articolo, canone, canone mensile, prezzo mensile, tariffa mensile, "
        "preis, einzelpreis, stuckpreis, artikelpreis, monatspreis, monatsgebuhr, monatsbeitrag, preis pro monat, "
        "beitrag, gebuhr, "
        "prix, prix unitaire, prix article, prix mensuel, mensualite, abonnement mensuel, prix par mois, "
        "precio, precio unitario, precio articulo, precio mensual, cuota, cuota mensual, tarifa mensual, precio por mes"
    ),
    "quantity": (
        "quantity, qty, units, quantity ordered, item quantity, number of items, items, pieces, lineitem quantity, "
        "number of units, count, number of cds, "
        "quantita, qta, pezzi, unita, numero pezzi, quantita articoli, "
        "menge, anzahl, stuck, stuckzahl, bestellmenge, anzahl artikel, "
        "quantite, qte, unites, nombre, nombre articles, quantite commandee, "
        "cantidad, uds, ud, unidades, piezas, numero unidades, cantidad pedida"
    ),
    "order_id": (
        "order, order id, order no, order nr, order number, order code, invoice, invoice id, invoice no, "
        "invoice number, transaction id, transaction, transaction no, receipt, receipt no, receipt id, basket id, "
        "basket, sale id, purchase id, name, po number, "
        "ordine, id ordine, numero ordine, codice ordine, n ordine, fattura, numero fattura, scontrino, "
        "id transazione, "
        "bestellung, bestellnummer, bestell nr, bestellnr, bestell id, bestellungs id, auftrag, auftragsnummer, "
        "auftragsnr, rechnung, rechnungsnummer, rechnungsnr, beleg, belegnummer, transaktions id, "
        "commande, id commande, numero commande, n commande, numero de commande, facture, numero facture, "
        "numero de facture, ticket, id transaction, "
        "pedido, id pedido, numero pedido, numero de pedido, n pedido, factura, numero factura, numero de factura, "
        "recibo, id transaccion"
    ),
    "item": (
        "item, item id, item name, product, product id, product name, product code, sku, stock code, article, "
        "article id, article no, lineitem name, lineitem sku, asin, ean, upc, "
        "articolo, id articolo, codice articolo, prodotto, id prodotto, codice prodotto, nome prodotto, nome articolo, "
        "artikel, artikel id, artikelnummer, artikelnr, artikelname, artikelcode, produkt, produkt id, "
        "produktname, produktnummer, produit, id produit, code produit, nom produit, nom du produit, reference, "
        "ref produit, id article, code article, "
        "articulo, id articulo, codigo articulo, producto, id producto, codigo producto, nombre producto, "
        "nombre del producto"
    ),
    "category": (
        "category, item category, product category, category name, department, product type, product group, "
        "product line, genre, main category, "
        "categoria, categoria prodotto, categoria articolo, reparto, gruppo merceologico, "
        "kategorie, produktkategorie, artikelkategorie, warengruppe, abteilung, produktgruppe, "
        "categorie, categorie produit, categorie article, rayon, famille produit, "
        "categoria producto, categoria articulo, departamento, familia"
    ),
    "channel": (
        "channel, sales channel, source, order source, medium, utm source, store, shop, platform, "
        "canale, canale vendita, canale di vendita, fonte, negozio, "
        "kanal, vertriebskanal, verkaufskanal, quelle, filiale, "
        "canal, canal de vente, canal vente, magasin, "
        "canal de venta, canal venta, fuente, tienda"
    ),
    "session_id": (
        "session, session id, visit id, visit, sessione, id sessione, visita, id visita, sitzung, sitzungs id, "
        "besuch, besuchs id, id session, visite, id visite, sesion, id sesion"
    ),
    "kind": (
        "kind, type, event, event name, event type, action, activity, transaction type, order type, status, "
        "order status, financial status, payment status, "
        "tipo, tipo evento, evento, nome evento, azione, attivita, stato, stato ordine, tipo transazione, "
        "art, typ, ereignis, ereignisname, ereignistyp, aktion, aktivitat, bestellstatus, auftragsstatus, "
        "evenement, nom evenement, type evenement, activite, statut, statut commande, "
        "nombre evento, tipo de evento, accion, actividad, estado, estado pedido, estado del pedido"
    ),
    "currency": (
        "currency, currency code, ccy, iso currency, valuta, divisa, codice valuta, wahrung, wahrungscode, devise, "
        "code devise, monnaie, moneda, codigo moneda"
    ),
    "start": (
        "start, start date, started, started at, begin, begin date, begins, from, valid from, since, activation date, "
        "signup date, sign up date, subscribed at, subscription start, contract start, membership start, created utc, "
        "inizio, data inizio, data di inizio, dal, attivazione, data attivazione, inizio contratto, "
        "inizio abbonamento, beginn, beginndatum, startdatum, von, gultig von, seit, vertragsbeginn, abobeginn, "
        "abschlussdatum, debut, date debut, date de debut, du, date activation, debut contrat, debut abonnement, "
        "date souscription, inicio, fecha inicio, fecha de inicio, desde, fecha alta, alta, "
        "fecha activacion, inicio contrato"
    ),
    "end": (
        "end, end date, ended, ended at, ends, until, to, valid to, valid until, cancelled at, canceled at, "
        "cancel date, cancellation date, termination date, churn date, subscription end, contract end, ended at utc, "
        "fine, data fine, data di fine, al, disdetta, data disdetta, scadenza, fine contratto, cessazione, "
        "data cessazione, fine abbonamento, "
        "ende, enddatum, bis, gultig bis, kundigung, kundigungsdatum, vertragsende, aboende, gekundigt am, "
        "fin, date fin, date de fin, au, resiliation, date resiliation, date de resiliation, fin contrat, "
        "fin abonnement, "
        "fecha fin, fecha de fin, hasta, baja, fecha baja, fecha de baja, cancelacion, fecha cancelacion, fin contrato"
    ),
    "plan": (
        "plan, plan name, tariff, tier, subscription type, contract type, package, membership, contract, product plan, "
        "piano, tariffa, pacchetto, tipo contratto, tipo abbonamento, abbonamento, "
        "tarif, paket, vertragsart, abo, abotyp, vertragstyp, "
        "forfait, formule, offre, abonnement, type contrat, type abonnement, "
        "tarifa, paquete, tipo contrato, suscripcion, tipo suscripcion"
    ),
    "reason": (
        "reason, cancel reason, cancellation reason, churn reason, end reason, motivo, motivo disdetta, causale, "
        "grund, kundigungsgrund, motif, motif resiliation, raison, motivo baja, motivo cancelacion, razon"
    ),
    "contract_id": (
        "contract id, contract no, contract number, subscription id, subscription no, policy id, policy number, "
        "id contratto, numero contratto, id abbonamento, polizza, vertrags id, vertragsnummer, vertragsnr, abo id, "
        "abo nummer, policennummer, id contrat, numero contrat, id abonnement, id contrato, numero contrato, "
        "id suscripcion, poliza"
    ),
    "term_months": (
        "term months, term, months, contract months, term in months, durata mesi, mesi, laufzeit, laufzeit monate, "
        "monate, duree mois, mois, duree engagement, meses, duracion meses, plazo meses"
    ),
    "amount_part": "subtotal, sub total, subtotale, zwischensumme, sous total",  # of a total, which may stand beside it
    "plan_type": "type, tipo, typ, art, modalita",
    "target": (
        "churn, churned, is churn, churn label, churn flag, has churned, left, is left, exited, attrition, cancelled, "
        "canceled, label, target, outcome, lost, closed, attrited, churn value, "
        "abbandono, abbandonato, perso, disdetto, uscito, ha disdetto, esito, cessato, etichetta, "
        "abgewandert, gekundigt, abwanderung, verloren, ausgetreten, hat gekundigt, zielwert, "
        "attrition client, resilie, parti, perdu, a resilie, desabonne, etiquette, "
        "abandono, abandonado, perdido, cancelado, baja, se fue, dado de baja, resultado, etiqueta"
    ),
    "split": "split, set, fold, partition, sample, train test, insieme, aufteilung, partition, conjunto, division",
}
_OTHER_MONEY = re.compile(  # amounts that are not what the customer paid
    r"\b(tax|vat|shipping|freight|discount|fee|cost|margin|refunded|tip|points|balance|iva|imposta|spedizione|"
    r"sconto|costo|margine|steuer|mwst|versand\w*|rabatt|kosten|marge|taxe|tva|livraison|remise|cout|impuesto|envio|"
    r"descuento|coste|margen)\b"
)
_NEVER = re.compile(  # names of other things, whatever else is in them
    r"\b(ip|zip|zipcode|postcode|postal|cap|plz|phone|telefono|telefon|telephone|street|city|country|region|state|"
    r"land|pays|pais|paese|stadt|ville|citta|ciudad|birth|birthday|nascita|geburt\w*|naissance|nacimiento|age|gender|"
    r"sesso|geschlecht|sexe|sexo|updated|modified|shipped|delivered|delivery|paid at|fulfilled at|cancelled reason)\b"
)


def plain_name(name: str) -> str:
    """Return a name in lower case, its words apart, without accents and signs."""
    apart = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name).replace("ß", "ss")
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", apart) if not unicodedata.combining(sign))
    return re.sub(r"[^a-z0-9]+", " ", bare.lower()).strip()


@cache
def _names() -> dict[str, frozenset[str]]:
    return {role: frozenset(name.strip() for name in text.split(",")) for role, text in _VOCABULARY.items()}


def name_evidence(name: str, role: str) -> float:
    """Return how strongly the name of a column suggests a role: `STRONG`, `WEAK` or 0.

    A longer name is weak evidence where a name of the vocabulary stands at its start or end, or between its words.
    """
    plain = plain_name(name)
    names = _names()[role]
    if plain in _names().get({"plan": "plan_type", "amount": "amount_part"}.get(role, ""), ()):
        return WEAK
    bare = plain_name(re.sub(r"[(\[][^()\[\]]*[)\]]", " ", name))  # Umsatz (EUR)
    joined = {each.replace(" ", "") for each in names}
    if {plain.replace(" ", ""), bare.replace(" ", "")} & joined:
        return STRONG
    if is_other_thing(name) or (role in ("amount", "price") and _OTHER_MONEY.search(plain)):
        return 0.0
    words = plain.split()
    parts = {" ".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1)} - {plain}
    return WEAK if any(part in names and len(part) > 2 for part in parts) else 0.0  # noqa: PLR2004 # ca, du, al


def is_other_thing(name: str) -> bool:
    """Return whether a name is that of an address, a person, a delivery and the like."""
    return _NEVER.search(plain_name(name)) is not None


def is_other_money(name: str) -> bool:
    """Return whether a name is that of a tax, a discount, a cost or the like."""
    return _OTHER_MONEY.search(plain_name(name)) is not None
