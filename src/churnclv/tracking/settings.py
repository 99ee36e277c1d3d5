"""What can be chosen about tracking."""

from dataclasses import dataclass


@dataclass
class TrackingSettings:
    """Where runs are kept, under which experiment (null: the data's name), and whether customer ids may go there."""

    home: str = "mlruns"
    experiment: str | None = None
    log_customer_ids: bool = False
