"""A feature family: its expressions, what events it needs, and what its columns mean, with phrases in each language."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple

import ibis

from ..errors import require
from ..registration import LAST_PLACE, Registry, origin_of, require_languages
from .settings import FeatureSettings

_FREE = ("only", "usual")  # fields that a language may leave out


@dataclass(frozen=True)
class Need:
    """Events that a family uses: of one of the kinds, with one of the columns filled where any is named."""

    kinds: tuple[str, ...]
    columns: tuple[str, ...] = ()

    def holds(self, events: Any) -> Any:
        """Return, per event, whether it is one of them."""
        filled = [events[column].notnull() for column in self.columns]
        return events.kind.isin(self.kinds) & (ibis.or_(*filled) if filled else ibis.literal(True))


class Move(NamedTuple):
    """Where a column belongs for customers whose `witness` column is missing (`when` None) or equals `when`.

    `@` in a witness is the first group of the column's pattern.
    """

    witness: str
    when: float | None
    topic: str


@dataclass(frozen=True)
class Column:
    r"""A feature column, or several whose names differ in a part, with what people read about it.

    Attributes:
        pattern: its name; a regular expression where a part differs, such as `purchases_last_(\d+)_days`.
        meaning: what it is, for the page on features.
        unit: such as days, count, currency, ratio, `0 to 1`, text.
        en, it: its label, then the templates of its phrase, richest first; `explain.phrases.phrase` has the fields.
        topic: columns of one topic give one reason; `{}` is the pattern's first group; empty = a topic of its own.
        warns: whether a threshold on it means something to its reader, so that risk rules may use it.
        move: the topic to which it belongs for some customers.
    """

    pattern: str
    meaning: str
    unit: str
    en: tuple[str, ...] = ()
    it: tuple[str, ...] = ()
    topic: str = ""
    warns: bool = True
    move: Move | None = None

    @property
    def texts(self) -> dict[str, tuple[str, ...]]:
        """Label and templates by language."""
        return {"en": self.en, "it": self.it}


FamilyFunction = Callable[[Any, FeatureSettings], Any]


@dataclass(frozen=True)
class Family:
    """A registered family; calling it gives its table.

    Attributes:
        name: the function's name.
        function: cut history and settings -> table keyed by customer and cutoff.
        needs: any one of several; a family without any needs no events.
        columns: None where the data name them.
        place: its place among the families; where families have one, their phrases do.
        origin: its file.
        per_customer: whether its columns depend on the customer's events alone, so that parts of them are enough.
    """

    name: str
    function: FamilyFunction
    needs: tuple[Need, ...]
    columns: tuple[Column, ...] | None
    place: int
    origin: Path
    per_customer: bool = False

    def __call__(self, history: Any, settings: FeatureSettings) -> Any:
        """Return the table of the family's columns."""
        return self.function(history, settings)

    def undescribed(self, names: list[str]) -> list[str]:
        """Return those of the columns' names that no pattern of the family matches."""
        patterns = None if self.columns is None else [column.pattern for column in self.columns]
        return [name for name in names if patterns and not any(re.fullmatch(each, name) for each in patterns)]


FAMILIES: Registry[Family] = Registry("feature family")


def is_per_customer(function: FamilyFunction) -> bool:
    """Return whether a family declares that it looks at no customer but its own; a plain function declares nothing."""
    return isinstance(function, Family) and function.per_customer


def family(
    *,
    columns: tuple[Column, ...] | None,
    needs: tuple[Need, ...] = (),
    place: int = LAST_PLACE,
    per_customer: bool = False,
) -> Callable[[FamilyFunction], Family]:
    """Register a function as a feature family.

    Parameters
    ----------
    columns
        What its columns mean; None where the data name them.
    needs
        Without events that one of these describes, the family is left out; empty = it never is.
    place
        Its place among the families.
    per_customer
        Whether its columns depend on the customer's own events alone. Then a large log is computed in parts of its
        customers; otherwise the family gets the history of all customers at once.

    Returns
    -------
    Callable
        The decorator.

    Raises
    ------
    InputError
        The family's name is taken, a column is described elsewhere, or has no text in a language.
    """

    def register(function: FamilyFunction) -> Family:
        made = Family(function.__name__, function, tuple(needs), columns, place, origin_of(function), per_customer)
        for column in columns or ():
            _check_column(made, column)
        FAMILIES.add(made.name, made, made.origin)
        return made

    return register


def _check_column(owner: Family, column: Column) -> None:
    what = f"column {column.pattern!r} of family {owner.name!r}"
    require_languages(owner.origin, what, column.texts)
    english, italian = (list(map(_fields, texts)) for texts in column.texts.values())
    remedy = "give both languages the same templates in the same order."
    require(english == italian, f"{owner.origin}: {what} has other fields in Italian than in English.", remedy=remedy)
    for other in FAMILIES.items().values():
        taken = other.name != owner.name and column.pattern in {each.pattern for each in other.columns or ()}
        message = f"{owner.origin}: {what} is a column of family {other.name!r} already."
        require(not taken, message, remedy="give it a name of its own.")


def _fields(template: str) -> list[str]:
    return sorted(field for _, field, _, _ in Formatter().parse(template) if field is not None and field not in _FREE)
