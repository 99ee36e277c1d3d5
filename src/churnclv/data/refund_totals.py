"""Spend: the one definition of a customer's revenue, net of refunds or gross."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..errors import listed
from ..notices import Notice
from .compiled_queries import compiled
from .schema import SALES
from .settings import DataSettings, Refunds
from .source import RawLog

_SPEND_KINDS = {Refunds.net: SALES, Refunds.gross: ("order",)}

_REFUND_TEXTS = (  # pattern of texts for refunds, in the languages of common shop systems
    r"(?i)refund|return|charge.?back|revers|store.?credit|credit.?(note|memo)|cancel|void|storno|gutschrift|r(ü|ue)ck|"
    r"rimbors|reso|retour|annul|avoir|rembours|devoluci|reembols"
)


def counts_as_spend(events: Any, refunds: Refunds) -> Any:
    """Return, as an expression, whether an event's amount is part of spend; the amount of a refund is negative.

    Parameters
    ----------
    events
        A table with the column `kind`.
    refunds
        Whether refunds are subtracted.
    """
    return events.kind.isin(_SPEND_KINDS[refunds])


@dataclass(frozen=True)
class RefundTotals:
    """The exact totals of orders and refunds (0 or above) of a log, and whether refunds are subtracted from spend."""

    ordered: Decimal
    refunded: Decimal
    refunds: Refunds

    @property
    def spend(self) -> Decimal:
        """The spend of all customers: the orders, less the refunds if spend is net."""
        return self.ordered - self.refunded if self.refunds is Refunds.net else self.ordered

    @property
    def sentence(self) -> str:
        """One sentence about how spend and CLV treat refunds."""
        if not self.refunded:
            return "The log has no refunds: spend is what orders cost."
        share = f" ({self.refunded / self.ordered:.1%} of revenue)" if self.ordered else ""
        verb = "are" if self.refunds is Refunds.net else "are not"
        return f"Refunds{share} {verb} taken off spend and CLV (data.refunds={self.refunds.value})."


def total_refunds(events: Any, refunds: Refunds) -> RefundTotals:
    """Return the exact totals of an event table; zero for a log without amounts.

    Parameters
    ----------
    events
        The canonical event table.
    refunds
        Whether refunds are subtracted from spend.
    """
    totals = events.aggregate(
        ordered=events.amount.sum(where=events.kind == "order"),
        refunded=-events.amount.sum(where=events.kind == "refund"),
    )
    sums = totals.to_pyarrow().to_pylist()[0]
    return RefundTotals(sums["ordered"] or Decimal(0), sums["refunded"] or Decimal(0), refunds)


def refunds_set_aside(checked: Any, raw: RawLog, settings: DataSettings) -> tuple[Notice, ...]:
    """Return a notice if rows were set aside for an unknown kind whose text suggests refunds.

    Parameters
    ----------
    checked
        The rows with `row` and `set_aside_for`.
    raw
        The log as text.
    settings
        The settings with the kinds.
    """
    if settings.columns.kind is None or not settings.has_amount:
        return ()
    kinds = _refunds_of_unknown_kind(checked, raw.table).rows()
    if not kinds:
        return ()
    count, names = sum(int(each["rows"]) for each in kinds), listed([each["kind"] for each in kinds])
    message = (
        f"{raw.origin}: {count:,} rows of the kinds {names} are set aside, so that their amounts are not "
        "taken off spend and CLV."
    )
    remedy = "give every kind its meaning, such as data.kinds={sale: order, chargeback: refund}."
    return (Notice("refunds_set_aside", message, remedy),)


@compiled
def _refunds_of_unknown_kind(checked: Any, raw: Any) -> Any:
    aside = checked.filter(checked.set_aside_for == "unknown_kind").select("row")
    refunds = raw.inner_join(aside, "row").filter(lambda table: table.kind.re_search(_REFUND_TEXTS))
    return refunds.group_by("kind").agg(rows=refunds.count()).order_by("kind")
