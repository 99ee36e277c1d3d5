"""Phrases: texts that describe a customer's feature value with that customer's numbers.

A feature family describes its columns by patterns of their names; the first that matches the whole name is used. Each
language has a label, then templates, richest first. The first template whose fields all have a value is used. Fields:

    {value}          the feature's value; with a style after a colon, see `Language.write`
    {other_column}   another value of the same customer; `@` stands for the pattern's first group, `@@` for its double
    {1}, {2}         the pattern's groups; {name} the whole name as it was written
    {zero} {one} {missing} {single}   write nothing, and hold where the value is 0, is 1, is missing, and where there
                     was a single purchase
    {only} {usual}   always hold: `only ` where the number that follows is low, and the typical customer's number
                     where that differs from the customer's number, which stands before it
    {below} {above}  how far the value lies below or above zero
    and what is derived from other columns, in DERIVED
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from string import Formatter

from ...errors import require
from ...features.families import Described, described_columns, find_column
from ...features.family import Column
from .english import ENGLISH
from .italian import ITALIAN
from .language import AGE, Language, bare_style, plain_text

LANGUAGES: dict[str, Language] = {language.name: language for language in (ENGLISH, ITALIAN)}

Value = float | str | None
Row = Mapping[str, Value]


def _share_below(now: float, both: float) -> Value:
    """Return by what share a window's sum is below that of the window before it; None where it is not below."""
    before = both - now
    return 1.0 - now / before if before > now >= 0 else None


def _share_above(now: float, both: float) -> Value:
    before = both - now
    return now / before - 1.0 if now > before > 0 else None


# field -> the columns it comes from, and how; `@` as in templates
DERIVED: dict[str, tuple[tuple[str, ...], Callable[..., Value]]] = {
    "single": (("purchases",), lambda purchases: "" if purchases == 1 else None),
    "purchases_before": (("purchases_last_@_days", "purchase_change_@_days"), lambda now, change: now - change),
    "actions_before": (("actions_last_@_days", "action_change_@_days"), lambda now, change: now - change),
    "spend_less": (("spend_last_@_days", "spend_last_@@_days"), _share_below),
    "spend_more": (("spend_last_@_days", "spend_last_@@_days"), _share_above),
    "purchase_every_days": (("purchases_per_day",), lambda rate: 1.0 / rate if rate > 0 else None),
}
_OF_NUMBER: dict[str, Callable[[float], Value]] = {
    "zero": lambda value: "" if value == 0 else None,
    "one": lambda value: "" if value == 1 else None,
    "below": lambda value: -value if value < 0 else None,
    "above": lambda value: value if value > 0 else None,
}
_CONDITIONS = ("zero", "one", "single", "missing")
_ALWAYS = ("only", "usual")
_NO_NUMBER = ("", "1", "2", "name", *_CONDITIONS, *_ALWAYS)
_OF_TEXT = ("text", "name")  # styles


@dataclass(frozen=True)
class Piece:
    """A stretch of a template: literal text, then a field in a style (None at the end).

    `of` is the field whose number an `only` or `usual` belongs to.
    """

    text: str
    field: str | None
    style: str
    of: str | None = None


@dataclass(frozen=True)
class Phrase:
    """The label and the templates of one column in one language.

    `needs` are the other columns that its templates cite. `rank` is the column's place among all that are described;
    `groups` are the parts of its name that its pattern leaves open.
    """

    column: str
    language: Language
    groups: tuple[str, ...]
    title: tuple[Piece, ...]
    templates: tuple[tuple[Piece, ...], ...]
    needs: tuple[str, ...]
    style: str
    rank: int

    @property
    def label(self) -> str:
        """The column's readable name, such as `purchases in the last 90 days`."""
        return "".join(str(self._fill(piece, {}, {})) for piece in self.title)

    def text(self, row: Row, typical: Row) -> str:
        """Return the richest text for which the customer has all values.

        `row` holds the values of the column and of those columns of `needs` that exist, None where missing; `typical`
        holds the typical customer's values.
        """
        for template in self.templates:
            texts = [self._fill(piece, row, typical) for piece in template]
            if None not in texts:
                return "".join(map(str, texts))
        if row.get(self.column) is None:
            return self.language.unknown.format(self.label)
        return _describe(None, self.column, self.language.name).text(row, typical)

    def write(self, value: float | str) -> str:
        """Return a value of this column in the style that its texts use."""
        return self.language.write(value, self.style)

    def _fill(self, piece: Piece, row: Row, typical: Row) -> str | None:
        """Return a piece as text; None where its field has no value or its condition does not hold."""
        if piece.field is None:
            return piece.text
        if piece.field in _ALWAYS:
            column = self.column if piece.of in ("value", None) else piece.of
            return piece.text + self._compare(piece, row.get(column), typical.get(column))
        if piece.field.isdigit():
            return piece.text + self._cite_group(plain_text(self.groups[int(piece.field) - 1]), piece.style)
        value = self._find(piece.field, row)
        if value is None or piece.field in _CONDITIONS:
            return None if value is None else piece.text
        if isinstance(value, str) and piece.style not in _OF_TEXT:
            return None  # a text of the user under the name of a number
        return piece.text + self.language.write(value, piece.style)

    def _find(self, field: str, row: Row) -> Value:
        value = row.get(self.column)
        if field == "value":
            return value
        if field == "missing":
            return "" if value is None else None
        if field == "name":
            return plain_text(self.column)
        if field in _OF_NUMBER:
            return _OF_NUMBER[field](value) if isinstance(value, float | int) else None
        if field in DERIVED:
            return self._derive(field, row)
        return row.get(field)

    def _cite_group(self, group: str, style: str) -> str:
        """Return a part of the column's name, as a number where it counts nouns."""
        return self.language.write(float(group) if "|" in style else group, style)

    def _derive(self, field: str, row: Row) -> Value:
        columns, rule = DERIVED[field]
        values = [row.get(fill_window(column, self.groups)) for column in columns]
        return rule(*values) if all(isinstance(part, float | int) for part in values) else None

    def _compare(self, piece: Piece, value: Value, usual: Value) -> str:
        """Return the text before a low number, or the text with the typical customer's number after a number."""
        if value is None or isinstance(value, str):
            return ""
        if piece.field == "only":
            low = value <= 1 or (isinstance(usual, float | int) and value < usual)
            return self.language.only if low and value != 0 else ""
        if usual is None or isinstance(usual, str):
            return ""
        written, typical = self.language.write(value, piece.style), self.language.write(usual, piece.style)
        return "" if written == typical else self.language.usual.format(typical)


def find_phrase(column: str, language: str) -> Phrase:
    """Return the phrase of a column; a column that no family describes gets `<name> is <value>`.

    Raises:
        InputError: there is no such language.
    """
    allowed = f"allowed are {', '.join(LANGUAGES)}."
    require(language in LANGUAGES, f"no phrases in the language {language!r}.", remedy=allowed)
    return _describe(find_column(column), column, language)


def check_phrases(described: Column) -> None:
    """Fill the phrases of a column in every language with a number; what cannot be read raises."""
    groups = ("1",) * re.compile(described.pattern).groups
    for language in LANGUAGES:
        phrase = _describe(Described(described, groups, 0), described.pattern, language)
        phrase.text({described.pattern: 1.0, **dict.fromkeys(phrase.needs, 1.0)}, {})
        if not phrase.label.strip():
            raise ValueError(language)


@lru_cache(maxsize=4096)
def _describe(described: Described | None, column: str, language: str) -> Phrase:
    chosen = LANGUAGES[language]
    texts = chosen.undescribed if described is None else described.column.texts[chosen.name]
    groups = () if described is None else described.groups
    rank = len(described_columns()) if described is None else described.rank
    title, *templates = (_parse(fill_window(text, groups)) for text in texts)
    pieces = [piece for template in templates for piece in template]
    style = next((bare_style(piece.style) for piece in pieces if piece.field == "value"), "").replace(AGE, "")
    return Phrase(column, chosen, groups, title, tuple(templates), _needs(pieces, groups), style, rank)


def fill_window(text: str, groups: tuple[str, ...]) -> str:
    """Put a pattern's first group in the place of `@`, and its double in that of `@@`, where it is a number."""
    if "@" not in text or not groups or not groups[0].isdigit():
        return text
    return text.replace("@@", str(2 * int(groups[0]))).replace("@", groups[0])


def _parse(template: str) -> tuple[Piece, ...]:
    pieces = [Piece(text, field, style or "") for text, field, style, _ in Formatter().parse(template)]
    return tuple(_bind(piece, pieces[:place], pieces[place + 1 :]) for place, piece in enumerate(pieces))


def _bind(piece: Piece, before: list[Piece], after: list[Piece]) -> Piece:
    """Return an `only` or `usual` with the number it belongs to, and that number's style."""
    if piece.field not in _ALWAYS:
        return piece
    near = after if piece.field == "only" else before[::-1]
    number = next(other for other in near if (other.field or "") not in _NO_NUMBER)
    return replace(piece, style=bare_style(number.style), of=number.field)


def _needs(pieces: list[Piece], groups: tuple[str, ...]) -> tuple[str, ...]:
    """Return the other columns that the pieces cite."""
    builtin = ("value", "missing", "name", *_OF_NUMBER, *_ALWAYS)
    needed: list[str] = []
    for field in [piece.field for piece in pieces if piece.field is not None]:
        if field in DERIVED:
            needed += [fill_window(column, groups) for column in DERIVED[field][0]]
        elif field not in builtin and not field.isdigit():
            needed.append(field)
    return tuple(dict.fromkeys(needed))
