"""The sections of a report by shape of data, in reading order."""

from collections.abc import Callable
from functools import partial

import pandas as pd

from ..data.settings import Shape
from ..progress import Progress
from ..snapshots.contract_labels import count_reasons
from .bundle_scores import Champion
from .clusters import render_clusters
from .cohort_section import render_cohorts
from .contract_section import render_contracts, render_survival
from .customer_base import CustomerBase
from .funnel import render_funnel
from .kpis import render_kpis
from .repeat_ladder import render_repeat_ladder
from .rfm_scores import find_scoring
from .risk_section import render_risk
from .section import Missing, Section
from .segment_section import render_segments
from .superstar_section import render_superstars
from .texts.translation import Translation
from .what_if_section import render_what_if

Render = Callable[[], Section]


def render_sections(
    base: CustomerBase, texts: Translation, champion: Champion | None, margin: float, progress: Progress
) -> list[Section]:
    """Return the sections of a log of orders, or of contracts."""
    chapters = _of_contracts if base.shape is Shape.contracts else _of_orders
    sections = []
    for name, render in chapters(base, texts, champion, margin).items():
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
        "whatif": partial(render_what_if, base, texts, champion),
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
        "whatif": partial(render_what_if, base, texts, champion),
    }


def _day(base: CustomerBase, texts: Translation) -> str:
    return texts.text("as_of", day=f"{base.as_of:%Y-%m-%d}")
