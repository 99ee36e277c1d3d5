"""Contract: how long, on which plan, at which price, and how near to the next renewal."""

from typing import Any

import ibis

from ...snapshots.history import KEYS, days_ago
from ..family import Column, Need, family
from ..keyed_table import put_beside
from ..phrase_parts import LAST_EN, LAST_IT
from ..settings import FeatureSettings

_KINDS = ("contract_start", "contract_end", "plan_change", "payment_failure")
_PRICED = ("contract_start", "plan_change")


COLUMNS = (
    Column(
        "contract_age_days",
        "age of the open contract",
        "days",
        en=(
            "age of the contract in days",
            "contract is {value:age} old{usual}",
            "{missing}no open contract known",
        ),
        it=(
            "età del contratto in giorni",
            "contratto attivo da {value:age}{usual}",
            "{missing}nessun contratto aperto noto",
        ),
        topic="age",
    ),
    Column(
        "customer_age_days",
        "time since the first contract started",
        "days",
        en=("days since the first contract", "customer for {value:age}{usual}"),
        it=("giorni dal primo contratto", "cliente da {value:age}{usual}"),
        topic="age",
    ),
    Column(
        "btyd_p_ends",
        "contracts: probability, by age, that the contract ends within the horizon",
        "0 to 1",
        en=(
            "chance of the contract's end within the horizon, by its age",
            "contract is {contract_age_days:age} old, {value:%} of contracts of that age end soon{usual}",
            "{value:%} of contracts of this age end soon{usual}",
            "{missing}no open contract known",
        ),
        it=(
            "probabilità che il contratto finisca nell'orizzonte, per età",
            "contratto attivo da {contract_age_days:age}, {value:%} dei contratti di quell'età finisce a breve{usual}",
            "{value:%} dei contratti di questa età finisce a breve{usual}",
            "{missing}nessun contratto aperto noto",
        ),
        topic="age",
        warns=False,
    ),
    Column(
        "contracts_before",
        "contracts before the latest",
        "count",
        en=(
            "contracts before this one",
            "{zero}first contract",
            "{value:contract|contracts} before this one{usual}",
        ),
        it=(
            "contratti precedenti",
            "{zero}primo contratto",
            "{value:contratto precedente|contratti precedenti}{usual}",
        ),
        topic="renewal",
    ),
    Column(
        "months_to_renewal",
        "to the next multiple of the term; a month that has begun counts, 0 is the very day",
        "months",
        en=(
            "months to renewal",
            "{zero}renewal due now",
            "renewal in {value:month|months}{usual}",
            "{missing}no renewal date known",
        ),
        it=(
            "mesi al rinnovo",
            "{zero}rinnovo in scadenza ora",
            "rinnovo tra {value:mese|mesi}{usual}",
            "{missing}nessuna data di rinnovo nota",
        ),
        topic="renewal",
    ),
    Column(
        "price",
        "latest price per month",
        "currency",
        en=("price per month", "price of {value:money} per month{usual}", "{missing}no price known"),
        it=("prezzo al mese", "prezzo di {value:money} al mese{usual}", "{missing}nessun prezzo noto"),
        topic="price",
    ),
    Column(
        "price_change_share",
        "latest price over the first price, less 1",
        "ratio",
        en=(
            "change of the price since the start",
            "{zero}same price as at the start",
            "price {above:%} higher than at the start",
            "price {below:%} lower than at the start",
            "{missing}no price known",
        ),
        it=(
            "variazione del prezzo dall'inizio",
            "{zero}stesso prezzo dell'inizio",
            "prezzo più alto dell'inizio: +{above:%}",
            "prezzo più basso dell'inizio: -{below:%}",
            "{missing}nessun prezzo noto",
        ),
        topic="price",
    ),
    Column(
        "price_increases",
        "how often the price rose",
        "count",
        en=(
            "price increases",
            "{value:price never raised|price raised once|price raised # times}{usual}",
            "{missing}no price known",
        ),
        it=(
            "aumenti di prezzo",
            "{value:prezzo mai aumentato|prezzo aumentato una volta|prezzo aumentato # volte}{usual}",
            "{missing}nessun prezzo noto",
        ),
        topic="price",
    ),
    Column(
        "price_decreases",
        "how often the price fell",
        "count",
        en=(
            "price reductions",
            "{value:price never lowered|price lowered once|price lowered # times}{usual}",
            "{missing}no price known",
        ),
        it=(
            "riduzioni di prezzo",
            "{value:prezzo mai ridotto|prezzo ridotto una volta|prezzo ridotto # volte}{usual}",
            "{missing}nessun prezzo noto",
        ),
        topic="price",
    ),
    Column(
        "plan",
        "latest plan",
        "text",
        en=("plan", "plan {value:text}", "{missing}no plan known"),
        it=("piano", "piano {value:text}", "{missing}nessun piano noto"),
        topic="plan",
    ),
    Column(
        "plan_changes",
        "changes of plan",
        "count",
        en=("changes of plan", "{value:plan never changed|plan changed once|plan changed # times}{usual}"),
        it=(
            "cambi di piano",
            "{value:piano mai cambiato|piano cambiato una volta|piano cambiato # volte}{usual}",
        ),
        topic="plan changes",
    ),
    Column(
        "days_since_plan_change",
        "time since the last change of plan",
        "days",
        en=(
            "days since the plan was changed",
            "plan changed {value:day|days} ago{usual}",
            "{missing}no change of plan known",
        ),
        it=(
            "giorni dal cambio di piano",
            "piano cambiato {value:giorno|giorni} fa{usual}",
            "{missing}nessun cambio di piano noto",
        ),
        topic="plan changes",
    ),
    Column(
        "payment_failures",
        "failed payments",
        "count",
        en=(
            "failed payments",
            "{value:no failed payment|failed payment|failed payments} so far{usual}",
        ),
        it=(
            "pagamenti non riusciti",
            "{value:nessun pagamento non riuscito|pagamento non riuscito|pagamenti non riusciti} finora{usual}",
        ),
        topic="payments",
    ),
    Column(
        r"payment_failures_last_(\d+)_days",
        "failed payments in the window",
        "count",
        en=(
            "failed payments " + LAST_EN,
            "{value:no failed payment|failed payment|failed payments} " + LAST_EN + "{usual}",
        ),
        it=(
            "pagamenti non riusciti " + LAST_IT,
            "{value:nessun pagamento non riuscito|pagamento non riuscito|pagamenti non riusciti} "
            + LAST_IT
            + "{usual}",
        ),
        topic="payments",
    ),
    Column(
        "days_since_payment_failure",
        "time since the last failed payment",
        "days",
        en=(
            "days since a payment failed",
            "a payment failed {value:day|days} ago{usual}",
            "{missing}no failed payment known",
        ),
        it=(
            "giorni da un pagamento non riuscito",
            "un pagamento non riuscito {value:giorno|giorni} fa{usual}",
            "{missing}nessun pagamento non riuscito noto",
        ),
        topic="payments",
    ),
)


@family(columns=COLUMNS, needs=(Need(("contract_start",)),), place=130, per_customer=True)
def contract(history: Any, settings: FeatureSettings) -> Any:
    """Return age, renewal, plan and price of the contract that is open at the cutoff, and counts of those before it.

    `contract_age_days` and `months_to_renewal` are of the open contract (the latest, where there are several): null
    where none is open, or its term is not known. A contract renews at multiples of its term; on the very day 0 months
    are left, the day after a whole term; a month that has begun counts. `customer_age_days` is since the first
    start, `contracts_before` counts the starts before the latest one. `price` (per month, in the log's currency) and
    `plan`, a text, are the latest known; `price_change_share` is price / first price - 1; `price_increases` and
    `price_decreases` count changes. `plan_changes` and `payment_failures` are counts, `payment_failures_last_*` per
    lookback, `days_since_*` days before the cutoff (1 = the day before).
    """
    dated = history.filter(history.kind.isin(_KINDS))
    dated = dated.mutate(ago=days_ago(dated.timestamp, dated.cutoff))
    return put_beside(_counts(dated, settings), _current(dated), _prices(dated), _plan(dated))


def _counts(dated: Any, settings: FeatureSettings) -> Any:
    starts, changes = dated.kind == "contract_start", dated.kind == "plan_change"
    failures = dated.kind == "payment_failure"
    recent = {
        f"payment_failures_last_{days}_days": dated.ago.count(where=failures & (dated.ago <= days))
        for days in settings.lookback_days
    }
    return dated.group_by(KEYS).agg(
        customer_age_days=dated.ago.max(where=starts),
        contracts_before=ibis.greatest(dated.ago.count(where=starts) - 1, 0),
        plan_changes=dated.ago.count(where=changes),
        days_since_plan_change=dated.ago.min(where=changes),
        payment_failures=dated.ago.count(where=failures),
        **recent,
        days_since_payment_failure=dated.ago.min(where=failures),
    )


def _current(dated: Any) -> Any:
    """Return age and months to renewal of the open contract."""
    starts = dated.kind == "contract_start"
    contracts = dated.group_by([*KEYS, "order_id"]).agg(
        started=starts.sum(),
        ended=(dated.kind == "contract_end").sum(),
        start=dated.timestamp.max(where=starts),
        term=dated.quantity.max(where=starts),
    )
    still = contracts.filter(contracts.started > contracts.ended)
    current = still.mutate(is_latest=still.start == still.start.max().over(group_by=KEYS))
    one = current.group_by(KEYS).agg(start=current.start.max(), term=current.term.max(where=current.is_latest))
    return one.select(
        *KEYS,
        contract_age_days=days_ago(one.start, one.cutoff),
        months_to_renewal=_months_to_renewal(one.start, one.cutoff, one.term.cast("int64").nullif(0)),
    )


def _months_to_renewal(start: Any, cutoff: Any, term: Any) -> Any:
    """Return months, a begun one as a whole, from the cutoff to the next multiple of the term after the start."""
    months = (cutoff.year() - start.year()).cast("int64") * 12 + (cutoff.month() - start.month()).cast("int64")
    passed = months - (cutoff.day() < start.day()).ifelse(1, 0)
    into_term = passed % term
    is_due = (cutoff.day() == start.day()) & (passed > 0) & (into_term == 0)
    return is_due.ifelse(ibis.literal(0, "int64"), term - into_term)


def _prices(dated: Any) -> Any:
    with_price = dated.filter(dated.kind.isin(_PRICED) & dated.amount.notnull())
    priced = with_price.group_by([*KEYS, "timestamp"]).agg(price=with_price.amount.max())
    by_time = {"group_by": KEYS, "order_by": "timestamp"}
    ordered = priced.mutate(
        former=priced.price.lag().over(**by_time),
        first=priced.timestamp.min().over(group_by=KEYS),
        last=priced.timestamp.max().over(group_by=KEYS),
    )
    summed = ordered.group_by(KEYS).agg(
        price=ordered.price.max(where=ordered.timestamp == ordered["last"]).cast("float64"),
        first_price=ordered.price.max(where=ordered.timestamp == ordered["first"]).cast("float64"),
        price_increases=(ordered.price > ordered.former).sum().fill_null(0),
        price_decreases=(ordered.price < ordered.former).sum().fill_null(0),
    )
    share = summed.price / summed.first_price.nullif(0.0) - 1.0
    return summed.mutate(price_change_share=share).drop("first_price")


def _plan(dated: Any) -> Any:
    """Return the latest plan; of several at one moment the least text counts."""
    with_plan = dated.filter(dated.kind.isin(_PRICED) & dated.item.notnull())
    marked = with_plan.mutate(latest=with_plan.timestamp.max().over(group_by=KEYS))
    latest = marked.filter(marked.timestamp == marked.latest)
    return latest.group_by(KEYS).agg(plan=latest.item.min())
