"""The sections of a report: every module of this package registers one; a user's file may register others."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from ...data.settings import CustomerKind, PerKind
from ...progress import Progress
from ..bundle_scores import Champion
from ..customer_base import CustomerBase, cut_customer_base
from ..report_context import ReportContext, wanted_sections
from ..section import Missing, Section
from ..settings import ReportSettings
from ..texts.translation import Translation

for _path in sorted(Path(__file__).parent.glob("[!_]*.py")):
    import_module(f".{_path.stem}", __name__)

_NEEDS_BUYERS: PerKind[bool] = PerKind(True, False, False, False)


def render_sections(
    base: CustomerBase, texts: Translation, champion: Champion | None, margin: float, progress: Progress
) -> list[Section]:
    """Return the sections of a log of orders, or of contracts, in reading order.

    Raises:
        InputError: a section of a user's file fails.
    """
    if _NEEDS_BUYERS[base.shape] and not base.buyers:
        return [Section("kpis", (Missing(texts.text("missing.buyers")),))]
    day = texts.text("as_of", day=f"{base.as_of:%Y-%m-%d}")
    context = ReportContext(base.shape, texts, base.settings, champion, day, margin, base)
    sections = []
    for section in wanted_sections(context):
        sections.append(section.render(context))
        progress.log(f"  {section.name}")
    return sections


@dataclass(frozen=True)
class TableReport:
    """A report on labelled customers, who have no time: churn and value alone."""

    data: Any
    settings: ReportSettings

    @property
    def as_of(self) -> datetime | None:
        """The moment of the report; None without time."""
        return None

    @property
    def day(self) -> str:
        """The day of the report, for its record."""
        return "undated"

    def about(self, texts: Translation, name: str) -> str:
        """Return what the report is about."""
        return texts.text("page.about_table", data=name, customers=float(len(self.data.ids)))

    def notes(self, texts: Translation, champion: Champion | None) -> tuple[str, ...]:
        """Return the page's notes on what was scored."""
        return (texts.text("note.learned_rows"),) if champion is not None else ()

    def render(self, texts: Translation, champion: Champion | None, margin: float, progress: Progress) -> list[Section]:
        """Return the sections."""
        del margin, progress
        context = ReportContext(CustomerKind.labelled, texts, self.settings, champion, texts.text("page.undated"))
        return [section.render(context) for section in wanted_sections(context)]


@dataclass(frozen=True)
class OrderReport:
    """A report on customers without a contract: the sections of their orders."""

    data: Any
    settings: ReportSettings

    @cached_property
    def base(self) -> CustomerBase:
        """The customer base at the moment of the report."""
        return cut_customer_base(self.data, self.settings)

    @property
    def as_of(self) -> datetime | None:
        """The moment of the report."""
        return self.base.as_of

    @property
    def day(self) -> str:
        """The day of the report, for its record."""
        return f"{self.base.as_of:%Y-%m-%d}"

    def about(self, texts: Translation, name: str) -> str:
        """Return what the report is about."""
        base = self.base
        counts = {"customers": float(self.data.quality.customers), "events": float(sum(base.kinds.values()))}
        return texts.text("page.about", data=name, first=f"{base.first:%Y-%m-%d}", as_of=self.day, **counts)

    def notes(self, texts: Translation, champion: Champion | None) -> tuple[str, ...]:
        """Return the page's notes on what was scored."""
        del texts, champion
        return ()

    def render(self, texts: Translation, champion: Champion | None, margin: float, progress: Progress) -> list[Section]:
        """Return the sections."""
        progress.log("Building the sections")
        return render_sections(self.base, texts, champion, margin, progress)


REPORTS: PerKind[type[OrderReport] | type[TableReport]] = PerKind(OrderReport, OrderReport, TableReport, TableReport)
