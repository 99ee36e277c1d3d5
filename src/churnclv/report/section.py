"""A section of the report: sentences, figures, tables and pictures, in the order in which they are read."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from .estimates import Estimate

if TYPE_CHECKING:
    import pandas as pd

    from .texts.translation import Translation


@dataclass(frozen=True)
class Figure:
    """One number with all it needs to be read: what it is, of when, of whom, of how many.

    Attributes:
        name: its key among the words: `figure.<name>` and `figure.<name>.is`, the definition.
        value: None where it cannot be known.
        style: how it is written, see `Language.write`.
        period: of when, in words.
        population: of whom, in words.
        n: of how many.
        low, high: a 95% interval where it is an estimate.
        before, year_ago: the same in the period before and the year before, None where not known.
        why: why there is no value, in words.
    """

    name: str
    value: float | None
    style: str
    period: str
    population: str
    n: int | None = None
    low: float | None = None
    high: float | None = None
    before: float | None = None
    year_ago: float | None = None
    why: str = ""

    @classmethod
    def of(cls, name: str, found: Estimate, style: str, period: str, population: str) -> "Figure":
        """Return an estimate as a figure."""
        if found.value != found.value:  # NaN
            return cls(name, None, style, period, population, found.n)
        low, high = (None if end != end else end for end in (found.low, found.high))  # noqa: PLR0124 # NaN
        return cls(name, found.value, style, period, population, found.n, low, high)


@dataclass(frozen=True)
class Note:
    """A paragraph."""

    kind: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class Points:
    """Sentences that stand below each other."""

    kind: ClassVar[str] = "points"
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Missing:
    """What cannot be told, why, and what would change that."""

    kind: ClassVar[str] = "missing"
    text: str


@dataclass(frozen=True)
class Tiles:
    """Figures beside each other."""

    kind: ClassVar[str] = "tiles"
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Column:
    """A column of a table: its name in the frame, the way its cells are written, and the columns of its interval.

    `column.<word>` is its heading, and `column.<word>.is` its definition, where it needs one; a word such as
    `figure.revenue` is taken as it stands. A name without words is its own heading.
    """

    name: str
    style: str = ""
    low: str | None = None
    high: str | None = None
    word: str | None = None

    @property
    def key(self) -> str:
        """The key of its words."""
        return self.word or f"column.{self.name}"

    def label(self, words: "Translation") -> str:
        """Return its heading."""
        return words.text(self.key) if words.has(self.key) else self.name


@dataclass(frozen=True)
class Grid:
    """A table that people read: its columns, its rows, and of when and whom it tells."""

    kind: ClassVar[str] = "grid"
    caption: str
    frame: "pd.DataFrame"
    columns: tuple[Column, ...]
    most: int = 15

    @property
    def rows(self) -> "list[dict[Any, Any]]":
        """The rows that the page shows."""
        return self.frame.head(self.most).to_dict("records")

    @property
    def left_out(self) -> int:
        """How many rows it does not show."""
        return max(0, len(self.frame) - self.most)

    def defined(self, words: "Translation") -> list[tuple[str, str]]:
        """Return names and definitions of the columns that need one."""
        keys = [
            key if key.startswith("figure.") else f"column.{key}" for key in (column.key for column in self.columns)
        ]
        return [(words.text(key), words.text(f"{key}.is")) for key in keys if words.has(f"{key}.is")]


@dataclass(frozen=True)
class Picture:
    """A picture as SVG, with what it shows in words for who cannot see it."""

    kind: ClassVar[str] = "picture"
    svg: str
    alt: str
    caption: str


Block = Note | Points | Heading | Missing | Tiles | Grid | Picture


@dataclass(frozen=True)
class Section:
    """A section: its key among the words (`<name>.title`), its headline for the top of the page, and its blocks.

    `tables` and `documents` (JSON) are written beside the report, by file name.
    """

    name: str
    blocks: tuple[Block, ...]
    headline: str | None = None
    tables: "dict[str, pd.DataFrame]" = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
