"""Customer: one customer's score, reasons, history, and what would change the score."""

from ..pipeline.settings import CustomerConfig
from ..progress import Progress


def main(config: CustomerConfig) -> None:
    """Print the page on the customer."""
    from ..pipeline.customer import show_customer

    show_customer(config, Progress(), print)
