"""A section of the report: sentences, figures, tables and pictures, in the order in which they are read."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from .estimates import Estimate, is_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from .texts.translation import Translation


@dataclass(frozen=True)
class Figure:
    """One number with its context: its definition, period, population and number of cases.

    Attributes:
        name: the key of its texts: `figure.<name>` and `figure.<name>.is`, the definition.
        value: None where the data do not give it.
        style: how it is written, see `Language.write`.
        period: the period, as a text.
        population: the population, as a text.
        n: the number of cases.
        low, high: a 95% interval where it is an estimate.
        before, year_ago: the same in the period before and the year before, None where missing.
        why: the reason for a missing value, as a text.
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
    def of(cls, name: str, estimate: Estimate, style: str, period: str, population: str) -> "Figure":
        """Return an estimate as a figure."""
        if is_unknown(estimate.value):
            return cls(name, None, style, period, population, estimate.n)
        low, high = (None if is_unknown(end) else end for end in (estimate.low, estimate.high))
        return cls(name, estimate.value, style, period, population, estimate.n, low, high)


@dataclass(frozen=True)
class Note:
    """A paragraph."""

    kind: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    kind: ClassVar[str] = "points"
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Missing:
    """A notice on something missing: what it is, why, and how to provide it."""

    kind: ClassVar[str] = "missing"
    text: str


@dataclass(frozen=True)
class Tiles:
    """A row of figures."""

    kind: ClassVar[str] = "tiles"
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Column:
    """A column of a table: its name in the frame, the way its cells are written, and the columns of its interval.

    The text `column.<name>` is its heading, and `column.<name>.is` its definition, where it needs one. A `label_key`
    such as `figure.revenue` replaces `column.<name>`. A column without a text has its name as heading.
    """

    name: str
    style: str = ""
    low: str | None = None
    high: str | None = None
    label_key: str | None = None

    @property
    def key(self) -> str:
        """The key of its texts."""
        return self.label_key or f"column.{self.name}"

    def label(self, texts: "Translation") -> str:
        """Return its heading."""
        return texts.text(self.key) if texts.has(self.key) else self.name


@dataclass(frozen=True)
class Grid:
    """A table for readers: its caption (with period and population), its rows and its columns."""

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

    def defined(self, texts: "Translation") -> list[tuple[str, str]]:
        """Return names and definitions of the columns that need one."""
        keys = [
            key if key.startswith("figure.") else f"column.{key}" for key in (column.key for column in self.columns)
        ]
        return [(texts.text(key), texts.text(f"{key}.is")) for key in keys if texts.has(f"{key}.is")]


@dataclass(frozen=True)
class Value:
    """A value that a picture shows: its name (empty where the mark's is enough), the value, its style, its interval."""

    name: str
    value: float
    style: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Mark:
    """A part of a picture whose values the page shows to who points at it.

    Attributes:
        name: of the part, such as a period.
        values: what it shows.
        left, top, width, height: its place in percent of the picture.
    """

    name: str
    values: tuple[Value, ...]
    left: float
    top: float
    width: float
    height: float

    @property
    def side(self) -> str:
        """Where its text has room, as names of classes of the page."""
        across = "to-left" if self.left + self.width / 2 > 50 else ""  # noqa: PLR2004 # the middle
        up = "tall" if self.height > 50 else "upward" if self.top + self.height / 2 > 50 else ""  # noqa: PLR2004 # the same
        return f"{across} {up}".strip()


@dataclass(frozen=True)
class Picture:
    """A picture as SVG, with a text alternative and a caption, and the values of its parts."""

    kind: ClassVar[str] = "picture"
    svg: str
    alt: str
    caption: str
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Switch:
    """Blocks of several options, of which the page shows one: the default, until the reader chooses another.

    Attributes:
        name: `period` or `segment`; the text `switch.<name>` names the choice. Switches of one name change together.
        default: the option that is shown first.
        labels: option -> its name, in the order in which they are offered.
        options: option -> its blocks.
    """

    kind: ClassVar[str] = "switch"
    name: str
    default: str
    labels: "Mapping[str, str]"
    options: "Mapping[str, tuple[Block, ...]]"


Block = Note | Points | Heading | Missing | Tiles | Grid | Picture | Switch


def shown_blocks(blocks: tuple[Block, ...], chosen: str | None = None) -> list[Block]:
    """Return the blocks without switches: of each switch those of the chosen option, or of its default."""
    shown: list[Block] = []
    for block in blocks:
        if isinstance(block, Switch):
            option = chosen if chosen is not None and chosen in block.options else block.default
            shown += shown_blocks(block.options[option], chosen)
        else:
            shown.append(block)
    return shown


@dataclass(frozen=True)
class Section:
    """A section: its name (`<name>.title` is its title), its headline for the top of the page, and its blocks.

    `tables` and `documents` (JSON) are written beside the report, by file name. `highlights` are names of its figures
    that the top of the page shows, too, where they have a value. `headlines` are those of other periods than the
    report's, by option of its switch of periods.
    """

    name: str
    blocks: tuple[Block, ...]
    headline: str | None = None
    tables: "dict[str, pd.DataFrame]" = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
    highlights: tuple[str, ...] = ()
    headlines: "Mapping[str, str | None]" = field(default_factory=dict)

    @property
    def highlighted(self) -> list[Figure]:
        """Return the figures for the top of the page."""
        return self.highlighted_of(None)

    def highlighted_of(self, period: str | None) -> list[Figure]:
        """Return the figures for the top of the page in a period that the reader may choose; None is the report's."""
        blocks = shown_blocks(self.blocks, period)
        figures = [figure for block in blocks if isinstance(block, Tiles) for figure in block.figures]
        named = {figure.name: figure for figure in figures if figure.value is not None}
        return [named[name] for name in self.highlights if name in named]

    def headline_of(self, period: str | None) -> str | None:
        """Return the headline in a period that the reader may choose; None is the report's."""
        return self.headline if period is None else self.headlines.get(period, self.headline)
