"""The story: which sections are told of which shape of data, in the order in which a person reads them."""

from collections.abc import Callable
from functools import partial

import pandas as pd

from ..data.settings import Shape
from ..progress import Progress
from ..snapshots.contract_labels import count_reasons
from .bundle_scores import Champion
from .clusters import tell_clusters
from .cohort_section import tell_cohorts
from .contract_section import tell_stays, tell_subscribers
from .customer_base import CustomerBase
from .funnel import tell_funnel
from .kpis import tell_kpis
from .repeat_ladder import tell_ladder
from .rfm_scores import find_scoring
from .risk_section import tell_stakes
from .section import Missing, Section
from .segment_section import tell_segments
from .superstar_section import tell_superstars
from .texts.translation import Words
from .what_if_section import tell_outlook

Tell = Callable[[], Section]


def tell_story(
    base: CustomerBase, words: Words, champion: Champion | None, margin: float, progress: Progress
) -> list[Section]:
    """Return the sections of a log of orders, or of contracts."""
    chapters = _of_contracts if base.shape is Shape.contracts else _of_orders
    told = []
    for name, tell in chapters(base, words, champion, margin).items():
        told.append(tell())
        progress.say(f"  {name}")
    return told


def _of_orders(base: CustomerBase, words: Words, champion: Champion | None, margin: float) -> dict[str, Tell]:
    if not base.buyers:
        return {"kpis": lambda: Section("kpis", (Missing(words.say("missing.buyers")),))}
    clv = champion.clv if champion is not None else None
    scoring = find_scoring(base, champion)
    return {
        "kpis": partial(tell_kpis, base, words, clv),
        "stakes": partial(tell_stakes, champion, base.settings, words, _day(base, words), pd.DataFrame()),
        "superstars": partial(tell_superstars, base, words, scoring),
        "segments": partial(tell_segments, base, words, scoring, champion),
        "cohorts": partial(tell_cohorts, base, words, scoring, margin),
        "ladder": partial(tell_ladder, base, words),
        "clusters": partial(tell_clusters, base, words),
        "funnel": partial(tell_funnel, base, words, scoring),
        "whatif": partial(tell_outlook, base, words, champion),
    }


def _of_contracts(base: CustomerBase, words: Words, champion: Champion | None, margin: float) -> dict[str, Tell]:
    del margin
    reasons = count_reasons(base.events, base.as_of).execute()
    return {
        "kpis": partial(tell_subscribers, base, words, champion),
        "stakes": partial(tell_stakes, champion, base.settings, words, _day(base, words), reasons),
        "stays": partial(tell_stays, base, words),
        "whatif": partial(tell_outlook, base, words, champion),
    }


def _day(base: CustomerBase, words: Words) -> str:
    return words.say("as_of", day=f"{base.as_of:%Y-%m-%d}")
