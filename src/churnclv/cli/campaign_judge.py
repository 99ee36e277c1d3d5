"""Campaign verdict: the folder of a campaign and later orders in, what it brought out."""

from ..pipeline.settings import CampaignVerdictConfig
from ..progress import Progress


def main(config: CampaignVerdictConfig) -> None:
    """Compare the treated with the held out, and write and record the verdict."""
    from ..pipeline.campaign_judge import write_verdict

    print(write_verdict(config, Progress()))
