"""Treatments: contacts by past campaigns. Customers who were contacted often, or lately, react less to the next one."""

from typing import Any

from ...data.settings import TREATMENT_KIND
from ...snapshots.history import KEYS, days_ago
from ..family import Column, Need, family
from ..keyed_table import put_beside
from ..phrase_parts import LAST_EN, LAST_IT
from ..settings import FeatureSettings

COLUMNS = (
    Column(
        "treatments",
        "contacts by campaigns",
        "count",
        en=("contacts by campaigns", "{only}{value:no contact|contact|contacts} by campaigns so far{usual}"),
        it=(
            "contatti da campagne",
            "{only}{value:nessun contatto|contatto|contatti} da campagne finora{usual}",
        ),
        topic="campaigns",
    ),
    Column(
        r"treatments_last_(\d+)_days",
        "contacts by campaigns in the window",
        "count",
        en=(
            "contacts by campaigns " + LAST_EN,
            "{only}{value:no contact|contact|contacts} by campaigns " + LAST_EN + "{usual}",
        ),
        it=(
            "contatti da campagne " + LAST_IT,
            "{only}{value:nessun contatto|contatto|contatti} da campagne " + LAST_IT + "{usual}",
        ),
        topic="campaigns",
    ),
    Column(
        "treatment_arms",
        "different arms among them, such as an offer and a letter",
        "count",
        en=(
            "different contacts by campaigns",
            "{value:no kind|kind|kinds} of contact by campaigns so far{usual}",
        ),
        it=(
            "contatti diversi da campagne",
            "{value:nessun tipo|tipo|tipi} di contatto da campagne finora{usual}",
        ),
        topic="campaigns",
    ),
    Column(
        "treatment_cost",
        "what they cost",
        "currency",
        en=("cost of contacts by campaigns", "contacts by campaigns cost {value:money} so far{usual}"),
        it=("costo dei contatti da campagne", "contatti da campagne costati {value:money} finora{usual}"),
        topic="campaigns",
    ),
    Column(
        "days_since_last_treatment",
        "time since the last contact by a campaign",
        "days",
        en=(
            "days since the last contact by a campaign",
            "last contacted by a campaign {value:day|days} ago{usual}",
            "{missing}not contacted by a campaign so far",
        ),
        it=(
            "giorni dall'ultimo contatto da una campagna",
            "ultimo contatto da una campagna {value:giorno|giorni} fa{usual}",
            "{missing}nessun contatto da campagne finora",
        ),
        topic="campaigns",
    ),
    Column(
        "last_treatment",
        "arm of the last contact by a campaign",
        "text",
        en=(
            "last contact by a campaign",
            "last contacted by a campaign with {value:text}",
            "{missing}not contacted by a campaign so far",
        ),
        it=(
            "ultimo contatto da una campagna",
            "ultimo contatto da una campagna con {value:text}",
            "{missing}nessun contatto da campagne finora",
        ),
        topic="campaigns",
    ),
)


@family(columns=COLUMNS, needs=(Need((TREATMENT_KIND,)),), place=125, per_customer=True)
def treatments(history: Any, settings: FeatureSettings) -> Any:
    """Return how often, when and with what each customer was contacted by campaigns before the cutoff.

    Counts, 0 where there is none: `treatments`, in all and per lookback; `treatment_arms`, distinct ones.
    `treatment_cost` is the sum in the log's currency, 0 where nothing was paid. `days_since_last_treatment` and
    `last_treatment`, a text, are null where it never happened; of several arms at one moment the least text counts.
    """
    contacts = history.filter(history.kind == TREATMENT_KIND)
    contacts = contacts.mutate(ago=days_ago(contacts.timestamp, contacts.cutoff))
    recent = {
        f"treatments_last_{days}_days": contacts.ago.count(where=contacts.ago <= days)
        for days in settings.lookback_days
    }
    counts = {"treatments": contacts.ago.count(), **recent, "treatment_arms": contacts.item.nunique()}
    totals = contacts.group_by(KEYS).agg(
        **counts,
        treatment_cost=contacts.amount.sum().cast("float64"),
        days_since_last_treatment=contacts.ago.min(),
    )
    joined = put_beside(history.select(*KEYS).distinct(), totals, _last_arm(contacts))
    return joined.mutate(**{name: joined[name].fill_null(0) for name in (*counts, "treatment_cost")})


def _last_arm(contacts: Any) -> Any:
    """Return the arm of each customer's last contact that names one."""
    named = contacts.filter(contacts.item.notnull())
    named = named.mutate(latest=named.timestamp.max().over(group_by=KEYS))  # a filter by a window is not on all engines
    last = named.filter(named.timestamp == named.latest)
    return last.group_by(KEYS).agg(last_treatment=last.item.min())
