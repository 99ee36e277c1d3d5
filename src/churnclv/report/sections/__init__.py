"""The sections of a report: every module of this package registers one; a user's file may register others."""

from importlib import import_module
from pathlib import Path

from ...progress import Progress
from ..bundle_scores import Champion
from ..customer_base import CustomerBase
from ..report_context import ReportContext, sections_of
from ..section import Missing, Section
from ..settings import ReportSettings
from ..texts.translation import Translation

for _path in sorted(Path(__file__).parent.glob("[!_]*.py")):
    import_module(f".{_path.stem}", __name__)


def render_sections(
    base: CustomerBase, texts: Translation, champion: Champion | None, margin: float, progress: Progress
) -> list[Section]:
    """Return the sections of a log of orders, or of contracts, in reading order.

    Raises:
        InputError: a section of a user's file fails.
    """
    kind = base.shape.value
    if kind == "orders" and not base.buyers:
        return [Section("kpis", (Missing(texts.text("missing.buyers")),))]
    day = texts.text("as_of", day=f"{base.as_of:%Y-%m-%d}")
    context = ReportContext(kind, texts, base.settings, champion, day, margin, base)
    sections = []
    for section in sections_of(kind):
        sections.append(section.render(context))
        progress.log(f"  {section.name}")
    return sections


def render_table_sections(
    champion: Champion | None, settings: ReportSettings, texts: Translation, day: str
) -> list[Section]:
    """Return the sections of a labelled table, which has no time; `day` says so."""
    context = ReportContext("labelled", texts, settings, champion, day)
    return [section.render(context) for section in sections_of("labelled")]
