"""Campaign table: a log with past contacts in, a table to learn effects from out; or the customers to score."""

from ..pipeline.settings import CampaignTableConfig
from ..progress import Progress


def main(config: CampaignTableConfig) -> None:
    """Write the table."""
    from ..pipeline.campaign_table import write_contact_table

    print(write_contact_table(config, Progress()))
