"""Language: how numbers, nouns and texts from the data are written in one language."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, floor, log10

from ...time_units import DAYS_PER_MONTH, DAYS_PER_YEAR

SPREAD, AGE = "spread:", "age"
_UNITS_FROM_DAYS, _UNIT_DAYS = (61.0, 731.0), (1.0, DAYS_PER_MONTH, DAYS_PER_YEAR)  # days, then months, then years
_LONGEST_TEXT = 40  # characters of a text value from the data that a phrase cites
_MOST_DECIMALS = 6
_MOST_NATS = 30.0  # a column of the user may have the name of an entropy and hold other values
_GROUPED_FROM = 10_000.0  # a smaller number with four digits may be a year


@dataclass(frozen=True)
class Language:
    """The number marks and translated parts of column names of one language.

    Attributes:
        name: its code, such as `en`.
        point, comma: the decimal mark and the mark between thousands.
        quotes: the marks around a text value from the data.
        only: the text before a number that is low.
        usual: the text with the typical customer's number, `{}`, after the customer's number.
        both: the text between the two conditions of a risk rule.
        unknown: the text for a missing value; `{}` is the column's label.
        ages: singular and plural of day, month and year.
        name_parts: part of a column's name, such as `monday`, -> its translation.
        undescribed: of a column that no family describes, the label, then the templates for its value, richest first.
    """

    name: str
    point: str
    comma: str
    quotes: tuple[str, str]
    only: str
    usual: str
    both: str
    unknown: str
    ages: tuple[tuple[str, str], tuple[str, str], tuple[str, str]]
    name_parts: Mapping[str, str] = field(repr=False)
    undescribed: tuple[str, ...] = field(repr=False)

    def write(self, value: float | str, style: str = "") -> str:
        """Write a value in a style.

        Styles: none (two or three digits), `text` (or a number to two decimals), `money` (always two decimals), `%` (a
        share), `points` (the same without the sign), `x` (times), `age` (of days), `part` (a part of a column's name,
        translated), `name` (text as it is), and nouns: `day|days`, or with a text for zero `no day|day|days`, or with
        `#` for the number where it does not stand in front: `in a day|in # days`. `spread:` before a style writes an
        entropy in nats as the number of equal shares that would have it.
        """
        if style in ("name", "part"):
            return self.name_parts.get(str(value), str(value)) if style == "part" else str(value)
        if isinstance(value, str):
            return f"{self.quotes[0]}{shorten(value)}{self.quotes[1]}"
        if style.startswith(SPREAD):
            return self.write(round(exp(min(value, _MOST_NATS)), 1), style.removeprefix(SPREAD))
        if "|" in style:
            return self._count(value, style.split("|"))
        if style in (AGE, "%", "points"):
            return self._age(value) if style == AGE else self._share(value, style.replace("points", ""))
        size = abs(value)
        decimals = {"money": 2, "text": 2 if size >= 1 else None, "x": 1 if 0.1 <= size < 10 else None}.get(style)  # noqa: PLR2004 # readable
        return self._number(value, decimals, keep_zeros=style == "money")

    def _count(self, value: float, nouns: list[str]) -> str:
        number = self._number(value)
        if len(nouns) > 2 and value == 0:  # noqa: PLR2004 # zero, one, many
            return nouns[0]
        noun = nouns[-2] if number == "1" else nouns[-1]
        return noun.replace("#", number) if "#" in "".join(nouns) else f"{number} {noun}"

    def _age(self, days: float) -> str:
        """Write an age in days, months or years, depending on its size."""
        unit = sum(days >= start for start in _UNITS_FROM_DAYS)
        number = round(days / _UNIT_DAYS[unit], unit // 2)  # 2.5 years, but whole months
        return self._count(number, list(self.ages[unit]))

    def _share(self, value: float, sign: str) -> str:
        hundredths = value * 100.0
        whole = self._number(hundredths, 0)
        away = abs(hundredths - float(whole)) if whole in ("0", "100") else 0.0  # 0.4% is not none, and 99.6% not all
        return f"{self._number(hundredths, _decimals(away)) if away else whole}{sign}"

    def _number(self, value: float, decimals: int | None = None, *, keep_zeros: bool = False) -> str:
        places = _decimals(value) if decimals is None else decimals
        text = f"{abs(value):,.{places}f}" if abs(value) >= _GROUPED_FROM else f"{abs(value):.{places}f}"
        whole, _, fraction = text.partition(".")
        fraction = fraction if keep_zeros else fraction.rstrip("0")
        text = whole.replace(",", self.comma) + (self.point + fraction if fraction else "")
        return f"-{text}" if value < 0 and text.strip(f"0{self.point}") else text


def _decimals(value: float) -> int:
    """Return as many decimals as show two digits or three: 274, 31.5, 2.61, 0.12, 0.0047."""
    size = abs(value)
    if size == 0 or size >= 100:  # noqa: PLR2004 # whole numbers are precise enough
        return 0
    place = floor(log10(size))
    return min(2 - place if place >= 0 else 1 - place, _MOST_DECIMALS)


def bare_style(style: str) -> str:
    """Return a style without its nouns."""
    return (SPREAD if style.startswith(SPREAD) else "") if "|" in style else style


def plain_text(text: str) -> str:
    """Return a text from the data on one line, without control characters."""
    spaced = "".join(" " if letter.isspace() else letter for letter in text)
    shown = "".join(letter for letter in spaced if unicodedata.category(letter) not in _CONTROL_CATEGORIES)
    return " ".join(shown.split())


def shorten(text: str, most: int = _LONGEST_TEXT) -> str:
    """Return a text from the data on one line, cut where it is long."""
    shown = plain_text(text)
    return shown if len(shown) <= most else shown[: most - 1].rstrip() + "…"


_CONTROL_CATEGORIES = (
    "Cc",
    "Cf",
    "Cs",
    "Co",
    "Cn",
    "Zl",
    "Zp",
)  # controls, directions, half letters, private and unassigned
