"""Cadence: a customer's own rhythm. Sixty days without a purchase are unusual for a weekly, not a yearly buyer."""

from typing import Any

from ...snapshots.history import KEYS
from ..family import Column, Move, Need, family
from ..occasions import exact_deviation, exact_mean, occasions
from ..phrase_parts import NO_SECOND_EN, NO_SECOND_IT, ONE_ORDER_EN, ONE_ORDER_IT, SILENT_EN, SILENT_IT
from ..settings import FeatureSettings

COLUMNS = (
    Column(
        "mean_gap_days",
        "mean time between purchases",
        "days",
        en=(
            "mean days between purchases",
            "one purchase every {value:day|days} on average{usual}",
            ONE_ORDER_EN,
            NO_SECOND_EN,
        ),
        it=(
            "giorni medi tra gli acquisti",
            "in media {value:un acquisto al giorno|un acquisto ogni # giorni}{usual}",
            ONE_ORDER_IT,
            NO_SECOND_IT,
        ),
        topic="frequency",
    ),
    Column(
        "shortest_gap_days",
        "shortest time between purchases",
        "days",
        en=(
            "shortest gap between purchases in days",
            "shortest gap between two purchases {value:day|days}{usual}",
            ONE_ORDER_EN,
            NO_SECOND_EN,
        ),
        it=(
            "intervallo più breve tra gli acquisti in giorni",
            "intervallo più breve tra due acquisti {value:giorno|giorni}{usual}",
            ONE_ORDER_IT,
            NO_SECOND_IT,
        ),
        topic="frequency",
    ),
    Column(
        "longest_gap_days",
        "longest time between purchases",
        "days",
        en=(
            "longest gap between purchases in days",
            "longest gap between two purchases {value:day|days}{usual}",
            ONE_ORDER_EN,
            NO_SECOND_EN,
        ),
        it=(
            "intervallo più lungo tra gli acquisti in giorni",
            "intervallo più lungo tra due acquisti {value:giorno|giorni}{usual}",
            ONE_ORDER_IT,
            NO_SECOND_IT,
        ),
        topic="frequency",
    ),
    Column(
        "last_gap_days",
        "time between the last two purchases",
        "days",
        en=(
            "gap between the last two purchases in days",
            "{value:day|days} between the last two purchases{usual}",
            ONE_ORDER_EN,
            NO_SECOND_EN,
        ),
        it=(
            "intervallo tra gli ultimi due acquisti in giorni",
            "{value:giorno|giorni} tra gli ultimi due acquisti{usual}",
            ONE_ORDER_IT,
            NO_SECOND_IT,
        ),
        topic="frequency",
    ),
    Column(
        "gap_deviation_days",
        "standard deviation of the gaps",
        "days",
        en=(
            "deviation of the gaps between purchases in days",
            "{zero}purchases always at equal gaps",
            "gaps between purchases vary by {value:day|days} around a mean of {mean_gap_days}",
            "gaps between purchases vary by {value:day|days}{usual}",
            ONE_ORDER_EN,
            "{missing}no third purchase known",
        ),
        it=(
            "deviazione degli intervalli tra gli acquisti in giorni",
            "{zero}acquisti sempre a intervalli uguali",
            "gli intervalli tra gli acquisti variano di {value:giorno|giorni} attorno a una media di {mean_gap_days}",
            "gli intervalli tra gli acquisti variano di {value:giorno|giorni}{usual}",
            ONE_ORDER_IT,
            "{missing}nessun terzo acquisto noto",
        ),
        topic="regularity",
        warns=False,
        move=Move("gap_deviation_days", None, "frequency"),
    ),
    Column(
        "gap_variation",
        "standard deviation of the gaps over their mean: 0 is regular, about 1 random",
        "ratio",
        en=(
            "variation of the gaps between purchases",
            "{zero}purchases always at equal gaps",
            "gaps between purchases vary by {value:%}{usual}",
            ONE_ORDER_EN,
            "{missing}no third purchase known",
        ),
        it=(
            "variazione degli intervalli tra gli acquisti",
            "{zero}acquisti sempre a intervalli uguali",
            "variazione degli intervalli tra gli acquisti: {value:%}{usual}",
            ONE_ORDER_IT,
            "{missing}nessun terzo acquisto noto",
        ),
        topic="regularity",
        warns=False,
        move=Move("gap_variation", None, "frequency"),
    ),
    Column(
        "overdue_mean_ratio",
        "time since the last purchase over the mean gap; above 1 is longer than usual",
        "ratio",
        en=(
            "days since the last purchase, in usual gaps",
            SILENT_EN + ", {value:x} times the usual gap",
            "silent for {value:x} times the usual gap",
            ONE_ORDER_EN,
            NO_SECOND_EN,
        ),
        it=(
            "giorni dall'ultimo acquisto, in intervalli abituali",
            SILENT_IT + ", {value:x} volte l'intervallo abituale",
            "in silenzio da {value:x} volte l'intervallo abituale",
            ONE_ORDER_IT,
            NO_SECOND_IT,
        ),
        topic="silence",
        move=Move("overdue_mean_ratio", None, "frequency"),
    ),
    Column(
        "overdue_longest_ratio",
        "time since the last purchase over the longest gap",
        "ratio",
        en=(
            "days since the last purchase, in longest gaps",
            SILENT_EN + ", {value:x} times the longest gap so far",
            "silent for {value:x} times the longest gap so far",
            ONE_ORDER_EN,
            NO_SECOND_EN,
        ),
        it=(
            "giorni dall'ultimo acquisto, in intervalli più lunghi",
            SILENT_IT + ", {value:x} volte l'intervallo più lungo finora",
            "in silenzio da {value:x} volte l'intervallo più lungo finora",
            ONE_ORDER_IT,
            NO_SECOND_IT,
        ),
        topic="silence",
        move=Move("overdue_longest_ratio", None, "frequency"),
    ),
)


@family(columns=COLUMNS, needs=(Need(("order",)),), place=40, per_customer=True)
def cadence(history: Any, settings: FeatureSettings) -> Any:
    """Return mean, spread, shortest, longest and last gap between purchases, and the current gap relative to them.

    Units: days; the `overdue_*` are ratios (above 1: longer without a purchase than is usual for this customer),
    `gap_variation` is deviation / mean (0 = like clockwork, about 1 = at random; regularity, Wheat and Morrison 1990).
    Null below two purchases (three for what needs two gaps).
    """
    del settings
    bought = occasions(history)
    gap = bought.days_ago.lag().over(group_by=KEYS, order_by=bought.day) - bought.days_ago
    spaced = bought.mutate(gap_days=gap)
    spaced = spaced.mutate(is_last=spaced.days_ago == spaced.days_ago.min().over(group_by=KEYS))
    summed = spaced.group_by(KEYS).agg(
        n=spaced.gap_days.count(),
        total=spaced.gap_days.sum(),
        squares=(spaced.gap_days * spaced.gap_days).sum(),
        shortest_gap_days=spaced.gap_days.min(),
        longest_gap_days=spaced.gap_days.max(),
        last_gap_days=spaced.gap_days.max(where=spaced.is_last),
        silent_days=spaced.days_ago.min(),
    )
    mean = exact_mean(summed.total, summed.n)
    deviation = exact_deviation(summed.squares, summed.total, summed.n)
    silent = summed.silent_days.cast("float64")
    return summed.select(
        *KEYS,
        "shortest_gap_days",
        "longest_gap_days",
        "last_gap_days",
        mean_gap_days=mean,
        gap_deviation_days=deviation,
        gap_variation=deviation / mean,
        overdue_mean_ratio=silent / mean,
        overdue_longest_ratio=silent / summed.longest_gap_days.cast("float64"),
    )
