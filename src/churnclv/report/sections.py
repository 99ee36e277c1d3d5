"""The sections of a report by shape of data, in reading order."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Any

import pandas as pd

from ..data.settings import PerKind
from ..progress import Progress
from ..snapshots.contract_labels import count_reasons
from .bundle_scores import Champion
from .clusters import render_clusters
from .cohort_section import render_cohorts
from .contract_section import render_contracts, render_survival
from .customer_base import CustomerBase, cut_customer_base
from .funnel import render_funnel
from .kpis import render_kpis
from .repeat_ladder import render_repeat_ladder
from .rfm_scores import find_scoring
from .risk_section import render_risk
from .section import Missing, Section
from .segment_section import render_segments
from .settings import ReportSettings
from .superstar_section import render_superstars
from .texts.translation import Translation
from .what_if import SCENARIOS, simulate_scenarios
from .what_if_contracts import SCENARIOS as OF_CONTRACTS
from .what_if_contracts import simulate_retention
from .what_if_section import render_what_if

Render = Callable[[], Section]
Chapters = Callable[[CustomerBase, Translation, Champion | None, float], dict[str, Render]]


def render_sections(
    base: CustomerBase, texts: Translation, champion: Champion | None, margin: float, progress: Progress
) -> list[Section]:
    """Return the sections of a log of orders, or of contracts."""
    sections = []
    for name, render in _CHAPTERS[base.shape](base, texts, champion, margin).items():
        sections.append(render())
        progress.log(f"  {name}")
    return sections


def _of_orders(base: CustomerBase, texts: Translation, champion: Champion | None, margin: float) -> dict[str, Render]:
    if not base.buyers:
        return {"kpis": lambda: Section("kpis", (Missing(texts.text("missing.buyers")),))}
    clv = champion.clv if champion is not None else None
    scoring = find_scoring(base, champion)
    return {
        "kpis": partial(render_kpis, base, texts, clv),
        "stakes": partial(render_risk, champion, base.settings, texts, _day(base, texts), pd.DataFrame()),
        "superstars": partial(render_superstars, base, texts, scoring),
        "segments": partial(render_segments, base, texts, scoring, champion),
        "cohorts": partial(render_cohorts, base, texts, scoring, margin),
        "ladder": partial(render_repeat_ladder, base, texts),
        "clusters": partial(render_clusters, base, texts),
        "funnel": partial(render_funnel, base, texts, scoring),
        "whatif": partial(render_what_if, base, texts, champion, simulate_scenarios, SCENARIOS),
    }


def _of_contracts(
    base: CustomerBase, texts: Translation, champion: Champion | None, margin: float
) -> dict[str, Render]:
    del margin
    reasons = count_reasons(base.events, base.as_of).execute()
    return {
        "kpis": partial(render_contracts, base, texts, champion),
        "stakes": partial(render_risk, champion, base.settings, texts, _day(base, texts), reasons),
        "stays": partial(render_survival, base, texts),
        "whatif": partial(render_what_if, base, texts, champion, simulate_retention, OF_CONTRACTS),
    }


def _day(base: CustomerBase, texts: Translation) -> str:
    return texts.text("as_of", day=f"{base.as_of:%Y-%m-%d}")


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
        return [render_risk(champion, self.settings, texts, texts.text("page.undated"), pd.DataFrame())]


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


_CHAPTERS: PerKind[Chapters] = PerKind(_of_orders, _of_contracts, _of_orders)
REPORTS: PerKind[type[OrderReport] | type[TableReport]] = PerKind(OrderReport, OrderReport, TableReport)
