"""What can be chosen about tracking."""

from dataclasses import dataclass


@dataclass
class TrackingSettings:
    """Where runs are kept, under which experiment (null: the data's name), and whether customer ids may go there.

    `repeat` trains again where a finished run of the same data, choices and code is known.
    """

    home: str = "mlruns"
    experiment: str | None = None
    log_customer_ids: bool = False
    repeat: bool = False
