"""English: number marks, translated parts of column names, and the phrase of a column that nobody describes."""

from .language import Language

_NAME_PARTS = {
    "monday": "Monday", "tuesday": "Tuesday", "wednesday": "Wednesday", "thursday": "Thursday", "friday": "Friday",
    "saturday": "Saturday", "sunday": "Sunday",
    "night": "at night", "morning": "in the morning", "afternoon": "in the afternoon", "evening": "in the evening",
    "01": "January", "02": "February", "03": "March", "04": "April", "05": "May", "06": "June", "07": "July",
    "08": "August", "09": "September", "10": "October", "11": "November", "12": "December",
}  # fmt: skip
_UNDESCRIBED = ("{name:name}", "{name:name} is {value:text}{usual}", "{missing}no {name:name} known")

ENGLISH = Language(
    name="en",
    point=".",
    comma=",",
    quotes=("“", "”"),
    only="only ",
    usual=" (typical customer: {})",
    both=" and ",
    unknown="{}: not known",
    ages=(("day", "days"), ("month", "months"), ("year", "years")),
    name_parts=_NAME_PARTS,
    undescribed=_UNDESCRIBED,
)
