"""Event values: the canonical kind of the texts in a column of kinds, in English, Italian, German, French and Spanish."""

import re

from ..schema import KINDS
from .column_names import plain_name

_PATTERNS = (  # canonical kind, pattern of the plain text; None is a row that is set aside
    (None, r"cancel\w*|void\w*|fail\w*|expired|draft|annullat\w*|storniert|storno|annul\w*|anulad\w*|fehlgeschlagen|abgebrochen"),
    ("refund", r"refund\w*|return\w*|chargeback|credit note|reso|resi|rimbors\w*|retoure\w*|ruckgabe|erstatt\w*|gutschrift|"
               r"rembours\w*|retour\w*|devoluci\w*|devuelt\w*|reembols\w*"),
    ("order", r"order\w*|purchas\w*|sale|sales|transaction\w*|invoice|paid|complete[d]?|processing|shipped|delivered|fulfilled|"
              r"checkout complete\w*|bought|payment|partially refunded|partially paid|authorized|pending|on hold|"
              r"acquist\w*|ordine|vendit\w*|pagat\w*|completat\w*|spedit\w*|"
              r"kauf\w*|bestell\w*|verkauf\w*|bezahlt|abgeschlossen|versandt|geliefert|"
              r"achat\w*|commande\w*|vente\w*|paye\w*|termine\w*|expedie\w*|livre\w*|"
              r"compra\w*|pedido\w*|venta\w*|pagad\w*|completad\w*|enviad\w*|entregad\w*"),
    ("send", r"email sent|sent|send|delivered email|inviata|gesendet|envoye|enviado"),
    ("open", r"email open\w*|open|opened"),
    ("click", r"email click\w*"),
    ("unsubscribe", r"unsubscribe\w*|disiscri\w*|abgemeldet|desabonn\w*|desuscri\w*"),
)  # fmt: skip
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
    if "send" not in kinds.values():  # opens and clicks of messages need messages; else they are actions
        kinds = {text: kind for text, kind in kinds.items() if kind not in _OF_MESSAGES or len(kinds) == len(texts)}
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
    return next((kind for kind, pattern in _PATTERNS if re.fullmatch(pattern, plain)), None)
