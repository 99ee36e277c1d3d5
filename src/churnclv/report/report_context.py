"""A section of the report as it is registered: its name, the kinds of customers it is for, its words, and its place."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..data.settings import CustomerKind
from ..errors import require
from ..registration import LAST_PLACE, Registry, call_registered, origin_of
from .bundle_scores import Champion
from .customer_base import CustomerBase
from .rfm_scores import Scoring, find_scoring
from .section import Section, Tiles, shown_blocks
from .settings import ReportSettings
from .texts.translation import Translation, add_text, has_text

KINDS = tuple(kind.name for kind in CustomerKind)
_ABSOLUTE = ("figure.", "column.")  # texts of any section


@dataclass(frozen=True)
class ReportContext:
    """What a section is made from.

    Attributes:
        kind: how the customers leave.
        texts: the report's texts in its language.
        settings: of the report.
        champion: the scores of the customers; None without a champion for these data.
        day: the day of the report, as a text.
        margin: share of the spend that is margin.
        customers: the events before the report's day; None for a labelled table.
    """

    kind: CustomerKind
    texts: Translation
    settings: ReportSettings
    champion: Champion | None
    day: str
    margin: float = 0.0
    customers: CustomerBase | None = None

    @property
    def base(self) -> CustomerBase:
        """The events before the report's day."""
        if self.customers is None:
            message = "a labelled table has no events"
            raise ValueError(message)
        return self.customers

    @cached_property
    def scoring(self) -> Scoring:
        """The thresholds of the segments, of a log of orders."""
        return find_scoring(self.base, self.champion)


SectionFunction = Callable[[ReportContext], Section]


def _always(context: ReportContext) -> bool:
    """Return that a section is wanted."""
    del context
    return True


@dataclass(frozen=True)
class RegisteredSection:
    """A section's name, function, kinds of customers, place, file, and whether a report has it."""

    name: str
    function: SectionFunction
    kinds: tuple[str, ...]
    place: int
    origin: Path
    wanted: Callable[[ReportContext], bool] = _always

    def render(self, context: ReportContext) -> Section:
        """Return the section.

        Raises:
            InputError: the function of a user's file fails, or returns something else.
        """
        what = f"section {self.name!r}"
        made = call_registered(what, self.origin, self.function, context)
        fits = isinstance(made, Section) and made.name == self.name
        remedy = f"return Section({self.name!r}, blocks, headline, tables)."
        require(fits, f"{self.origin}: {what} returns no section of its name.", remedy=remedy)
        figures = [
            each.name for block in shown_blocks(made.blocks) if isinstance(block, Tiles) for each in block.figures
        ]
        silent = [name for name in figures if not (has_text(f"figure.{name}") and has_text(f"figure.{name}.is"))]
        remedy = "give the section the texts figure.<name> and figure.<name>.is."
        require(not silent, f"{self.origin}: {what} shows figures without a name: {silent}.", remedy=remedy)
        return made  # type: ignore[no-any-return] # required above


SECTIONS: Registry[RegisteredSection] = Registry("section")


def section(
    name: str,
    *,
    kinds: Sequence[str],
    texts: Mapping[str, Mapping[str, str]] | None = None,
    place: int = LAST_PLACE,
    wanted: Callable[[ReportContext], bool] = _always,
) -> Callable[[SectionFunction], SectionFunction]:
    """Register a function of a `ReportContext` as a section of the report.

    Parameters
    ----------
    name
        Its name, and its address on the page.
    kinds
        The kinds of customers whose report has it: `noncontractual`, `contractual`, `labelled`.
    texts
        Its words by language: `title`, and what else it says, which `context.texts.text("<name>.<key>")` gives; keys
        that begin with `figure.` or `column.` name figures and columns.
    place
        Its place among the sections.
    wanted
        Whether a report has it; always, where nothing is given.

    Returns
    -------
    Callable
        The decorator.

    Raises
    ------
    InputError
        The name is taken or malformed, a kind is unknown, or a text is missing.
    """

    def register(function: SectionFunction) -> SectionFunction:
        origin = origin_of(function)
        fits = re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None
        remedy = "small letters, digits and _, such as weekend_buyers."
        require(fits, f"{origin}: {name!r} is no name of a section.", remedy=remedy)
        unknown = [kind for kind in kinds if kind not in KINDS]
        allowed = f"allowed are {', '.join(KINDS)}."
        require(bool(kinds) and not unknown, f"{origin}: section {name!r} is of kinds {list(kinds)}.", remedy=allowed)
        made = RegisteredSection(name, function, tuple(kinds), place, origin, wanted)
        for kind in kinds:
            SECTIONS.add(f"{name} ({kind})", made, origin)
        for key, text in (texts or {}).items():
            add_text(key if key.startswith(_ABSOLUTE) else f"{name}.{key}", text, origin)
        titled = has_text(f"{name}.title")
        remedy = 'texts={"title": {"en": "...", "it": "..."}}'
        require(titled, f"{origin}: section {name!r} has no title.", remedy=remedy)
        return function

    return register


def wanted_sections(context: ReportContext) -> list[RegisteredSection]:
    """Return the sections that a report has, in reading order."""
    return [one for one in sections_of(context.kind) if one.wanted(context)]


def sections_of(kind: CustomerKind) -> list[RegisteredSection]:
    """Return the sections of a kind of customers, in reading order, those of a user's files last."""
    groups = (SECTIONS.built_in, SECTIONS.added)
    return [
        each
        for group in groups
        for each in sorted(
            (one for key, one in group.items() if key.endswith(f"({kind.name})")), key=lambda one: one.place
        )
    ]
