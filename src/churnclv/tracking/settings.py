"""The settings of tracking."""

from dataclasses import dataclass

from ..databases import is_server
from ..errors import require, require_name


@dataclass
class TrackingSettings:
    """Where runs are kept, under which experiment (null: the data's name), and whether customer ids may go there.

    `uri` is the address of a PostgreSQL server for MLflow's records; null = SQLite in `home`, which has the runs' files
    in any case. `repeat` trains again where a finished run of the same data, choices and code exists.
    """

    home: str = "mlruns"
    uri: str | None = None
    experiment: str | None = None
    repeat: bool = False

    def __post_init__(self) -> None:
        """Check the address, and the name, which becomes a folder and a registered model."""
        fits = self.uri is None or is_server(self.uri)
        remedy = "postgresql://user@host/runs, the password in PGPASSFILE; or null for SQLite in tracking.home."
        require(fits, f"tracking.uri is {self.uri!r}, which is no address of a PostgreSQL server.", remedy=remedy)
        if self.experiment is not None:
            require_name("tracking.experiment", self.experiment)
