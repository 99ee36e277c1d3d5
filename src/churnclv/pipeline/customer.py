"""One customer from top to bottom: score, reasons, history by month, and what would change the score."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import ibis
import pandas as pd

from ..bundle.specification import specification_of
from ..data.schema import SALES
from ..errors import require
from ..explain.phrases.language import shorten
from ..progress import Progress
from ..report.customer_page import Change, CustomerView, Month, render_customer
from ..report.periods import Period
from ..report.texts.translation import Translation
from ..snapshots.customer_kinds import kind_of
from ..tracking.home import Home
from .lineage import open_churn_bundle
from .score import score_blocks
from .settings import CustomerConfig

_SHOWN_MONTHS = 12
_SILENCES_DAYS = (30, 60, 90)
_LONGEST_ID = 60


def show_customer(config: CustomerConfig, progress: Progress, write_line: Callable[[str], None]) -> None:
    """Read the events with the bundle, score the customer at several moments, and write the page.

    Parameters
    ----------
    config
        The configuration.
    progress
        Where steps are announced.
    write_line
        Takes the lines of the page.

    Raises
    ------
    InputError
        There is no bundle, the file does not fit it, or it does not have the customer.
    """
    progress.log(f"Reading {config.input}")
    opened = open_churn_bundle(config, Home.of(config.tracking))
    progress.log(opened.line)
    texts = Translation.of(config.language)
    view = _view(opened.scorer, opened.events, config, progress)
    for line in render_customer(view, texts):
        write_line(line)


def _view(scorer: Any, read: Any, config: CustomerConfig, progress: Progress) -> CustomerView:
    if not kind_of(specification_of(scorer).data.shape).has_time:
        rows = scorer.features(read)
        return CustomerView(_score(scorer, rows[rows["customer_id"] == config.id], config, progress), (), ())
    mine = _alone(read, config)
    row = _score(scorer, scorer.features(mine, config.as_of), config, progress)
    moment = pd.Timestamp(row["as_of"]).to_pydatetime()
    progress.log("Scoring earlier months, and what would change the score")
    months = list(_months(scorer, mine, moment, row, config, progress))
    has_score = _filled(row["churn_score"]) is not None
    changes = list(_changes(scorer, mine, moment, config, progress)) if has_score else []
    return CustomerView(row, months, changes)


def _alone(events: Any, config: CustomerConfig) -> Any:
    """Return the events of the customer alone, as a table of the engine."""
    mine = events.table.filter(events.table.customer_id == config.id)
    is_there = int(mine.count().execute()) > 0
    remedy = "give the id as the file writes it; for a column of another name, columns.customer_id=name."
    require(is_there, f"{config.input} has no customer {shorten(config.id, _LONGEST_ID)!r}.", remedy=remedy)
    return _stored(events, mine)


def _stored(events: Any, table: Any) -> Any:
    return replace(events, table=events.connection.create_table(ibis.util.gen_name("customer"), table, temp=True))


def _score(scorer: Any, rows: pd.DataFrame, config: CustomerConfig, progress: Progress) -> dict[str, Any]:
    """Return the score row of the only feature row."""
    remedy = "give a later as_of, or the id as the file writes it."
    require(len(rows) == 1, f"the customer is not there as of {config.as_of or 'the end of the data'}.", remedy=remedy)
    (block,) = score_blocks(scorer, rows, config.language, progress)
    return {str(name): value for name, value in block.iloc[0].items()}


def _months(
    scorer: Any, events: Any, moment: datetime, now: dict[str, Any], config: CustomerConfig, progress: Progress
) -> Iterator[Month]:
    """Yield the latest months: the events of each, the score and the segment at its end; `now` ends the last."""
    counts = _count_months(events, moment)
    last = Period.month.number_of(moment - pd.Timedelta(microseconds=1))
    for number in range(max(min(counts), last - _SHOWN_MONTHS + 1), last + 1):
        end = Period.month.start_of(number + 1)
        row = now if end >= moment else _score(scorer, scorer.features(events, end), config, progress)
        orders, spend, others = counts.get(number, (0, 0.0, 0))
        name = f"{Period.month.start_of(number):%Y-%m}"
        score, segment = _filled(row["churn_score"]), _filled(row["segment"])
        yield Month(name, orders, spend if events.has_amount else None, others, score, segment)


def _count_months(events: Any, moment: datetime) -> dict[int, tuple[int, float, int]]:
    """Return orders, spend less refunds and other events before a moment, by the number of the month."""
    table = _before(events.table, moment)
    is_sale = table.kind.isin(SALES)
    counted = (
        table.group_by(number=Period.month.numbers(table.timestamp))
        .agg(
            orders=(table.kind == "order").sum(),
            spend=table.amount.sum(where=is_sale).fill_null(ibis.literal(0)).cast("float64"),
            others=(~is_sale).sum(),
        )
        .execute()
    )
    return {
        int(number): (int(orders), float(spend), int(others))
        for number, orders, spend, others in counted.itertuples(index=False)
    }


def _changes(
    scorer: Any, events: Any, moment: datetime, config: CustomerConfig, progress: Progress
) -> Iterator[Change]:
    """Yield what another order, and days of silence, would make of the score; orders have neither for contracts."""
    if not kind_of(events.shape).buys:
        return
    table = events.table
    orders = _before(table.filter(table.kind == "order"), moment)
    amount = orders.amount.mean().execute() if events.has_amount else None
    latest = orders.order_by(ibis.desc("timestamp")).limit(1)
    just_now = moment - pd.Timedelta(minutes=1)
    another = latest.mutate(
        timestamp=_instant(just_now).cast(table.timestamp.type()),
        amount=(latest.amount if amount is None else ibis.literal(f"{amount:.4f}")).cast(table.amount.type()),
    )
    bought = _stored(events, ibis.union(table, another))
    key = "customer.if.order_only" if amount is None else "customer.if.order"
    fields = {} if amount is None else {"amount": float(amount)}
    yield Change(key, fields, _score(scorer, scorer.features(bought, moment), config, progress)["churn_score"])
    for days in _SILENCES_DAYS:
        later = _score(scorer, scorer.features(events, moment + pd.Timedelta(days=days)), config, progress)
        if _filled(later["churn_score"]) is not None:  # else out of the population by then
            yield Change("customer.if.silence", {"days": days}, later["churn_score"])


def _before(table: Any, moment: datetime) -> Any:
    return table.filter(table.timestamp < _instant(moment))


def _instant(moment: datetime) -> Any:
    return ibis.timestamp(f"{moment:%Y-%m-%d %H:%M:%S.%f}")


def _filled(cell: Any) -> Any:
    """Return a cell of a score row; None where it is empty."""
    return None if cell is None or cell != cell else cell  # noqa: PLR0124 # NaN
