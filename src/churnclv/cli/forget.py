"""Forget: customers are removed from the history of scorings, the caches and the report's tables."""

from pathlib import Path

from ..pipeline.settings import ForgetConfig

_MODELS = """\
Models stay: their numbers were learned from all customers together, and they
hold no id. To learn without these customers, remove them from the log, then
make train and make export. Files that you named yourself, such as scores and
contact lists outside of the runs' folder, are yours to delete."""


def main(config: ForgetConfig) -> None:
    """Read the ids, remove them, and print how much went."""
    from ..monitoring.erasure import erase_customers, read_customers
    from ..tracking.home import Home

    home = Home.of(config.tracking)
    customers = read_customers(Path(config.customers).expanduser())
    gone = erase_customers(home, customers)
    print(f"{home.root}: {len(customers):,} customers forgotten")
    print(f"  {gone.scorings:,} rows of the history of scorings")
    print(f"  {gone.caches:,} cached feature tables, which are made again when needed")
    print(f"  {gone.tables:,} rows of the report's tables")
    print(_MODELS)
