"""Translation: the report's texts in one language, with numbers in the format of that language."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from ...errors import require
from ...explain.phrases.language import Language
from ...explain.phrases.phrase import LANGUAGES
from ...registration import Registry, require_languages
from ..estimates import is_unknown
from ..periods import Period
from . import behaviour, columns, movement
from . import customer_texts as customer
from . import key_figures as figures
from . import money_texts as money
from . import page_texts as page
from . import recurring_texts as recurring

ORDER = ("en", "it")  # of the texts in the modules of this package
TEXTS: dict[str, tuple[str, str]] = {
    **page.TEXTS, **figures.TEXTS, **columns.TEXTS, **movement.TEXTS, **behaviour.TEXTS, **money.TEXTS,
    **recurring.TEXTS, **customer.TEXTS,
}  # fmt: skip
_ADDED: Registry[tuple[str, str]] = Registry("text of the report", built_in=TEXTS)
_PERIODS = {"week": ("week of {}", "settimana del {}"), "quarter": ("Q{} {}", "{}º trimestre {}")}
UNKNOWN = "–"
_WHOLE_FROM = 1000.0  # currency: larger amounts have no decimals
_MONTHS = tuple(f"{month:02}" for month in range(1, 13))

Field = float | int | str | None


def add_text(key: str, text: Mapping[str, str], origin: Path) -> None:
    """Add a text of the report in every language; its fields are those of `Translation`.

    Raises:
        InputError: a text of this key is there, it lacks a language, or its fields differ between languages.
    """
    require_languages(origin, f"text {key!r}", dict(text))
    english, italian = (text[language] for language in ORDER)
    same = _fields(english) == _fields(italian)
    require(same, f"{origin}: text {key!r} has other fields in Italian than in English.", remedy="use the same ones.")
    _ADDED.add(key, (english, italian), origin)


def _fields(template: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(template) if name)


def has_text(key: str) -> bool:
    """Whether there is a text of this key."""
    return key in TEXTS or key in _ADDED.added


def forget_texts() -> None:
    """Drop the texts that files outside the package have added."""
    _ADDED.forget()


@dataclass(frozen=True)
class Translation:
    """The report's texts in one language.

    A text's fields are written in the styles of `Language.write`: `{n:customer|customers}`, `{segment:name}`; but a
    share (`%`, or `points` without the sign) always with one decimal, money without decimals from a thousand on, `int` whole, and with `±` before a style
    a number above zero has a plus sign.
    """

    language: Language

    @classmethod
    def of(cls, name: str) -> "Translation":
        """Return the texts of a language, `en` or `it`."""
        return cls(LANGUAGES[name])

    def has(self, key: str) -> bool:
        """Whether there is a text of this name."""
        return has_text(key)

    def text(self, key: str, **values: Field) -> str:
        """Return a text with its fields filled in."""
        template = (TEXTS.get(key) or _ADDED.added[key])[ORDER.index(self.language.name)]
        pieces = Formatter().parse(template)
        return "".join(
            text + ("" if name is None else self.write(values[name], style or "")) for text, name, style, _ in pieces
        )

    def write(self, value: Field, style: str = "") -> str:
        """Write a number, or a text as it is; a dash where there is none."""
        if is_unknown(value):
            return UNKNOWN
        if isinstance(value, str):
            return self.language.write(value, "name")
        number = float(value)  # type: ignore[arg-type] # not None, by the first check
        if style.startswith("±"):
            return ("+" if number > 0 else "") + self.write(number, style[1:])
        if style in ("%", "points"):
            return self._grouped(100.0 * number, 1) + style.replace("points", "")
        if style in ("int", "money"):
            return self._grouped(number, 0 if style == "int" or abs(number) >= _WHOLE_FROM else 2)
        return self.language.write(number, style)

    def _grouped(self, value: float, decimals: int) -> str:
        whole, _, fraction = f"{value:,.{decimals}f}".partition(".")
        text = whole.replace(",", self.language.comma) + (self.language.point + fraction if fraction else "")
        return text if text.strip("-0.,") else text.removeprefix("-")

    def segment(self, name: str) -> str:
        """Return the name of a segment; a name without a translation stays as it is."""
        return self.text(f"segment.{name}") if self.has(f"segment.{name}") else name

    def period(self, period: Period, number: int) -> str:
        """Return the name of a period."""
        place = ORDER.index(self.language.name)
        months = tuple(self.language.name_parts[month] for month in _MONTHS)
        return period.name_of(number, months, {name: texts[place] for name, texts in _PERIODS.items()})

    def play(self, cell: str, chosen: Mapping[str, str]) -> str:
        """Return what to do with a cell of churn by value: the user's text, or else the report's."""
        return chosen.get(cell) or self.text(f"play.{cell}")
