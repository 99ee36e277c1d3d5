"""Event values: the canonical kind of the texts in a column of kinds, in five languages."""

import re

from ..schema import KINDS
from .column_names import plain_name

_CANCELLED = (
    "cancel*, void*, fail*, expired, draft, annullat*, storniert, storno, annul*, anulad*, fehlgeschlagen, abgebrochen"
)
_REFUNDS = (
    "refund*, return*, chargeback, credit note, reso, resi, rimbors*, retoure*, ruckgabe, erstatt*, gutschrift, "
    "rembours*, retour*, devoluci*, devuelt*, reembols*"
)
_ORDERS = (
    "order*, purchas*, sale, sales, transaction*, invoice, paid, complete, completed, processing, shipped, delivered, "
    "fulfilled, checkout complete*, bought, payment, partially refunded, partially paid, authorized, pending, on hold, "
    "acquist*, ordine*, vendit*, pagat*, completat*, spedit*, kauf*, bestell*, verkauf*, bezahlt, abgeschlossen, "
    "versandt, geliefert, achat*, commande*, vente*, paye*, termine*, expedie*, livre*, compra*, pedido*, venta*, "
    "pagad*, completad*, enviad*, entregad*"
)
_VALUES = {  # canonical kind -> texts in lower case without accents, a star for any end; the first that fits is taken
    "": _CANCELLED,  # set aside
    "refund": _REFUNDS,
    "order": _ORDERS,
    "send": "email sent, sent, send, delivered email, inviata, gesendet, envoye",
    "open": "email open*, open, opened",
    "click": "email click*, click, clicked",
    "unsubscribe": "unsubscribe*, disiscri*, abgemeldet, desabonn*, desuscri*",
}
_PATTERNS = {
    kind: re.compile("|".join(text.strip().replace("*", r"\w*") for text in texts.split(",")))
    for kind, texts in _VALUES.items()
}
_OF_MESSAGES = ("open", "click", "unsubscribe")
_STATUS = re.compile(r"status|stato|statut|estado|state")


def kinds_of(texts: list[str], column: str) -> tuple[dict[str, str], str | None] | None:
    """Return the canonical kind of each text, and that of all others; None where no text is an order.

    In a column of statuses an unknown text is set aside; in a column of events it is an action.

    Parameters
    ----------
    texts
        The values of the column.
    column
        Its name.
    """
    kinds = {text: kind for text in texts if (kind := _kind_of(text)) is not None}
    if "order" not in kinds.values():
        return None
    if "send" not in kinds.values() and not set(texts) <= set(KINDS):  # without messages, a click is an action
        kinds = {text: kind for text, kind in kinds.items() if kind not in _OF_MESSAGES}
    is_status = _STATUS.search(plain_name(column)) is not None
    plain = {text: kind for text, kind in kinds.items() if text in KINDS}
    others = [text for text in texts if text not in kinds]
    if len(plain) == len(texts):
        return {}, None
    return kinds, "action" if others and not is_status else None


def _kind_of(text: str) -> str | None:
    if text in KINDS:
        return text
    plain = plain_name(text)
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.fullmatch(plain)), None) or None
