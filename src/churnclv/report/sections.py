"""The story: which sections are told of which shape of data, in the order in which a person reads them."""

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
    base: CustomerBase, words: Translation, champion: Champion | None, margin: float, progress: Progress
) -> list[Section]:
    """Return the sections of a log of orders, or of contracts."""
    chapters = _of_contracts if base.shape is Shape.contracts else _of_orders
    told = []
    for name, tell in chapters(base, words, champion, margin).items():
        told.append(tell())
        progress.log(f"  {name}")
    return told


def _of_orders(base: CustomerBase, words: Translation, champion: Champion | None, margin: float) -> dict[str, Render]:
    if not base.buyers:
        return {"kpis": lambda: Section("kpis", (Missing(words.text("missing.buyers")),))}
    clv = champion.clv if champion is not None else None
    scoring = find_scoring(base, champion)
    return {
        "kpis": partial(render_kpis, base, words, clv),
        "stakes": partial(render_risk, champion, base.settings, words, _day(base, words), pd.DataFrame()),
        "superstars": partial(render_superstars, base, words, scoring),
        "segments": partial(render_segments, base, words, scoring, champion),
        "cohorts": partial(render_cohorts, base, words, scoring, margin),
        "ladder": partial(render_repeat_ladder, base, words),
        "clusters": partial(render_clusters, base, words),
        "funnel": partial(render_funnel, base, words, scoring),
        "whatif": partial(render_what_if, base, words, champion),
    }


def _of_contracts(
    base: CustomerBase, words: Translation, champion: Champion | None, margin: float
) -> dict[str, Render]:
    del margin
    reasons = count_reasons(base.events, base.as_of).execute()
    return {
        "kpis": partial(render_contracts, base, words, champion),
        "stakes": partial(render_risk, champion, base.settings, words, _day(base, words), reasons),
        "stays": partial(render_survival, base, words),
        "whatif": partial(render_what_if, base, words, champion),
    }


def _day(base: CustomerBase, words: Translation) -> str:
    return words.text("as_of", day=f"{base.as_of:%Y-%m-%d}")
