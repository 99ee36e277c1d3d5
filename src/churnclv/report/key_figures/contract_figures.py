"""Key figures of a log of contracts."""

from ..estimates import Estimate, share
from ..kpi import counted, kpi
from ..survival import ContractPeriods


@kpi(
    label={"en": "Customers under contract", "it": "Clienti sotto contratto"},
    definition={
        "en": "with an open contract at the period's end",
        "it": "con un contratto aperto alla fine del periodo",
    },
    style="int",
    population="under_contract",
    kind="contractual",
    place=10,
)
def under_contract(periods: ContractPeriods, number: int) -> Estimate | None:
    """Return how many customers are under contract at the end."""
    return counted(periods.count("end", number), periods.count("end", number))


@kpi(
    label={"en": "Customers won", "it": "Clienti acquisiti"},
    definition={
        "en": "under contract at the end and not at the start",
        "it": "sotto contratto alla fine e non all'inizio",
    },
    style="int",
    population="under_contract",
    kind="contractual",
    place=20,
)
def won(periods: ContractPeriods, number: int) -> Estimate | None:
    """Return how many came."""
    return counted(periods.count("won", number), periods.count("end", number))


@kpi(
    label={"en": "Customers lost", "it": "Clienti persi"},
    definition={
        "en": "under contract at the start and not at the end",
        "it": "sotto contratto all'inizio e non alla fine",
    },
    style="int",
    population="under_contract",
    kind="contractual",
    place=30,
)
def lost(periods: ContractPeriods, number: int) -> Estimate | None:
    """Return how many left."""
    return counted(periods.count("lost", number), periods.count("start", number))


@kpi(
    label={"en": "Retention rate", "it": "Tasso di fidelizzazione"},
    definition={
        "en": "(customers at the end − those won) / customers at the start",
        "it": "(clienti alla fine − quelli acquisiti) / clienti all'inizio",
    },
    style="%",
    population="under_contract",
    kind="contractual",
    place=40,
)
def contract_retention(periods: ContractPeriods, number: int) -> Estimate | None:
    """Return the share of the customers at the start who are there at the end."""
    return _of_start(periods, "kept", number)


@kpi(
    label={"en": "Churn rate", "it": "Tasso di abbandono"},
    definition={
        "en": "customers lost / customers at the start; 1 − retention rate",
        "it": "clienti persi / clienti all'inizio; 1 − tasso di fidelizzazione",
    },
    style="%",
    population="under_contract",
    kind="contractual",
    place=50,
)
def contract_churn(periods: ContractPeriods, number: int) -> Estimate | None:
    """Return the share of the customers at the start who are not there at the end."""
    return _of_start(periods, "lost", number)


@kpi(
    label={"en": "Monthly revenue", "it": "Fatturato mensile"},
    definition={
        "en": "prices per month of the contracts open at the end",
        "it": "prezzi al mese dei contratti aperti alla fine",
    },
    style="money",
    needs_amount=True,
    population="under_contract",
    kind="contractual",
    place=60,
)
def monthly_revenue(periods: ContractPeriods, number: int) -> Estimate | None:
    """Return the prices per month of all open contracts."""
    return counted(periods.count("monthly", number), periods.count("end", number))


@kpi(
    label={"en": "Per customer and month", "it": "Per cliente al mese"},
    definition={
        "en": "monthly revenue / customers under contract",
        "it": "fatturato mensile / clienti sotto contratto",
    },
    style="money",
    needs_amount=True,
    population="under_contract",
    kind="contractual",
    place=70,
)
def price_per_customer(periods: ContractPeriods, number: int) -> Estimate | None:
    """Return the mean price per month."""
    end = periods.count("end", number)
    return counted(periods.count("monthly", number) / end, end) if end else None


def _of_start(periods: ContractPeriods, count: str, number: int) -> Estimate | None:
    start = periods.count("start", number)
    return share(periods.count(count, number), start) if start else None
