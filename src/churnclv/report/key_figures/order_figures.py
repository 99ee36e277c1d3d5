"""Key figures of a log of orders."""

import numpy as np

from ..estimates import Estimate, share
from ..kpi import counted, kpi
from ..order_periods import OrderPeriods

_NOBODY_BEFORE = {"en": "nobody ordered in the period before", "it": "nessuno ha ordinato nel periodo precedente"}


@kpi(
    label={"en": "New customers", "it": "Nuovi clienti"},
    definition={"en": "whose first order lies in the period", "it": "il cui primo ordine cade nel periodo"},
    style="int",
    table_place=20,
    place=10,
)
def new_customers(periods: OrderPeriods, number: int) -> Estimate | None:
    """Return how many customers of the period are new."""
    return counted(periods.count("new", number), periods.count("customers", number))


@kpi(
    label={"en": "Customers", "it": "Clienti"},
    definition={"en": "who ordered in the period", "it": "che hanno ordinato nel periodo"},
    style="int",
    table_place=10,
    place=20,
)
def customers(periods: OrderPeriods, number: int) -> Estimate | None:
    """Return how many customers ordered."""
    return counted(periods.count("customers", number), periods.count("customers", number))


@kpi(
    label={"en": "Growth of the contact base", "it": "Crescita dei contatti"},
    definition={
        "en": "change in the number of customers seen in any event so far who have not unsubscribed",
        "it": "variazione del numero di clienti visti finora in un evento qualsiasi e non disiscritti",
    },
    style="±%",
    population="contacts",
    missing={"en": "no contacts before it", "it": "nessun contatto prima"},
    place=30,
)
def contact_growth(periods: OrderPeriods, number: int) -> Estimate | None:
    """Return the change of the number of contacts."""
    if number - 1 not in periods.contacts.index or periods.contacts[number - 1] <= 0:
        return None
    before = periods.contacts[number - 1]
    return counted(periods.contacts[number] / before - 1.0, before)


@kpi(
    label={"en": "Acquisition cost (CAC)", "it": "Costo di acquisizione (CAC)"},
    definition={"en": "acquisition spend / new customers", "it": "spesa di acquisizione / nuovi clienti"},
    style="money",
    population="new_customers",
    missing={
        "en": "needs a table of costs: report.costs=costs.csv (columns date, cost)",
        "it": "serve una tabella dei costi: report.costs=costs.csv (colonne date, cost)",
    },
    place=40,
)
def cac(periods: OrderPeriods, number: int) -> Estimate | None:
    """Return the acquisition costs of the period per new customer."""
    new = periods.count("new", number)
    if periods.costs is None or number not in periods.costs or not new > 0:
        return None
    return counted(periods.costs[number] / new, new)


@kpi(
    label={"en": "Retention rate", "it": "Tasso di fidelizzazione"},
    definition={
        "en": "(customers at the end − those won in the period) / customers at the start; a customer of a period is "
        "who ordered in it, and those won are new or came back after a period without an order",
        "it": "(clienti alla fine − quelli acquisiti nel periodo) / clienti all'inizio; cliente di un periodo è chi vi "
        "ha ordinato, acquisiti sono i nuovi e chi torna dopo un periodo senza ordini",
    },
    style="%",
    population="customers_before",
    missing=_NOBODY_BEFORE,
    table_place=30,
    place=50,
)
def retention_rate(periods: OrderPeriods, number: int) -> Estimate | None:
    """Return the share of the customers of the period before who ordered in this one."""
    return _share(periods.count("kept", number), periods.count("customers", number - 1))


@kpi(
    label={"en": "Churn rate", "it": "Tasso di abbandono"},
    definition={
        "en": "customers lost in the period / customers at the start; 1 − retention rate",
        "it": "clienti persi nel periodo / clienti all'inizio; 1 − tasso di fidelizzazione",
    },
    style="%",
    population="customers_before",
    missing=_NOBODY_BEFORE,
    place=60,
)
def churn_rate(periods: OrderPeriods, number: int) -> Estimate | None:
    """Return the share of the customers of the period before who did not order in this one."""
    start = periods.count("customers", number - 1)
    return _share(start - periods.count("kept", number), start)


@kpi(
    label={"en": "Repeat purchase rate", "it": "Tasso di riacquisto"},
    definition={
        "en": "share of the period's customers with more than one order in it",
        "it": "quota dei clienti del periodo con più di un ordine nel periodo",
    },
    style="%",
    table_place=40,
    place=70,
)
def repeat_rate(periods: OrderPeriods, number: int) -> Estimate | None:
    """Return the share of customers with more than one order."""
    return _share(periods.count("repeat", number), periods.count("customers", number))


@kpi(
    label={"en": "Average order value (AOV)", "it": "Valore medio dell'ordine (AOV)"},
    definition={"en": "revenue / orders", "it": "fatturato / ordini"},
    style="money",
    population="orders",
    needs_amount=True,
    missing={"en": "no orders in this period", "it": "nessun ordine in questo periodo"},
    table_place=50,
    place=80,
)
def aov(periods: OrderPeriods, number: int) -> Estimate | None:
    """Return the revenue per order."""
    return _per_order(periods, number, "spend")


@kpi(
    label={"en": "Units per order", "it": "Pezzi per ordine"},
    definition={"en": "units sold / orders", "it": "pezzi venduti / ordini"},
    population="orders",
    missing={"en": "the log has no quantities", "it": "il registro non ha quantità"},
    place=90,
)
def units_per_order(periods: OrderPeriods, number: int) -> Estimate | None:
    """Return the units per order."""
    return _per_order(periods, number, "units")


@kpi(
    label={"en": "Revenue", "it": "Fatturato"},
    definition={
        "en": "orders less refunds, as dated (unless data.refunds=gross)",
        "it": "ordini meno rimborsi, alla loro data (salvo data.refunds=gross)",
    },
    style="money",
    population="orders",
    needs_amount=True,
    table_place=60,
    place=100,
)
def revenue(periods: OrderPeriods, number: int) -> Estimate | None:
    """Return the spend of all customers."""
    return counted(periods.count("spend", number), periods.count("orders", number))


def _share(count: float, n: float) -> Estimate | None:
    return share(count, n) if n > 0 else None


def _per_order(periods: OrderPeriods, number: int, total: str) -> Estimate | None:
    orders, amount = periods.count("orders", number), periods.count(total, number)
    return counted(amount / orders, orders) if orders > 0 and np.isfinite(amount) else None
