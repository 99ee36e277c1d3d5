"""Italian: number marks, translated parts of column names, and the phrase of a column that nobody describes."""

from .language import Language

_NAME_PARTS = {
    "monday": "lunedì", "tuesday": "martedì", "wednesday": "mercoledì", "thursday": "giovedì", "friday": "venerdì",
    "saturday": "sabato", "sunday": "domenica",
    "night": "di notte", "morning": "di mattina", "afternoon": "di pomeriggio", "evening": "di sera",
    "01": "gennaio", "02": "febbraio", "03": "marzo", "04": "aprile", "05": "maggio", "06": "giugno", "07": "luglio",
    "08": "agosto", "09": "settembre", "10": "ottobre", "11": "novembre", "12": "dicembre",
}  # fmt: skip
_UNDESCRIBED = ("{name:name}", "{name:name} è {value:text}{usual}", "{missing}nessun dato su {name:name}")

ITALIAN = Language(
    name="it",
    point=",",
    comma=".",
    quotes=("«", "»"),
    only="solo ",
    usual=" (cliente tipico: {})",
    both=" e ",
    unknown="{}: dato mancante",
    ages=(("giorno", "giorni"), ("mese", "mesi"), ("anno", "anni")),
    name_parts=_NAME_PARTS,
    undescribed=_UNDESCRIBED,
)
