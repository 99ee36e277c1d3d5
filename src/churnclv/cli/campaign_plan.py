"""Campaign plan: scores in, a folder with whom to treat and whom to hold out."""

from ..pipeline.settings import CampaignPlanConfig
from ..progress import Progress


def main(config: CampaignPlanConfig) -> None:
    """Plan a campaign and write its folder."""
    from ..pipeline.campaign_plan import write_plan

    print(write_plan(config, Progress()))
