"""The folder of MLflow's database and of all other files that runs keep."""

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ..databases import open_address
from ..errors import InputError
from .settings import TrackingSettings

_SQLITE_ENDS = ("-journal", "-wal", "-shm")  # of files that SQLite keeps beside a database


@dataclass(frozen=True)
class Home:
    """The folders and databases below `mlruns/` (or `MLRUNS`).

    `server` is the address of the server that has MLflow's database in place of a file here.
    """

    root: Path
    server: str | None = None

    @classmethod
    def of(cls, settings: TrackingSettings) -> "Home":
        """Return the home that the settings name, whether or not it is there."""
        return replace(cls.named(settings.home), server=settings.uri)

    @classmethod
    def named(cls, folder: str) -> "Home":
        """Return the home at `folder`, whether or not it is there."""
        return cls(Path(os.path.expanduser(folder)).resolve())  # noqa: PTH111 # Path raises for a name such as ~runs

    @classmethod
    def at(cls, folder: str) -> "Home":
        """Return the home at `folder`, made if missing.

        Raises:
            InputError: the folder cannot be written.
        """
        return cls.named(folder).made()

    def made(self) -> "Home":
        """Return this home, its folder made if missing.

        Raises:
            InputError: the folder cannot be written.
        """
        root = self.root
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{root}: cannot be made ({error.strerror}).", remedy="set MLRUNS=a/folder/of/yours"
            ) from None
        if not os.access(root, os.W_OK):
            raise InputError(f"{root}: cannot be written.", remedy="set MLRUNS=a/folder/of/yours")
        return self

    @property
    def database(self) -> Path:
        """MLflow's database."""
        return self.root / "mlflow.db"

    @cached_property
    def tracking_uri(self) -> str:
        """Where MLflow finds its database.

        Raises:
            InputError: the server of `tracking.uri` cannot be used.
        """
        return f"sqlite:///{self.database}" if self.server is None else open_address("tracking.uri", self.server)

    @property
    def has_records(self) -> bool:
        """Whether MLflow has a database."""
        return self.server is not None or self.database.exists()

    @property
    def studies(self) -> Path:
        """Optuna's database."""
        return self.root / "optuna.db"

    @property
    def artifacts(self) -> Path:
        """Figures, tables and texts of runs."""
        return self.root / "artifacts"

    @property
    def cache(self) -> Path:
        """Feature tables by content, and the engine's spilled data."""
        return self.root / "cache"

    @property
    def export(self) -> Path:
        """Bundles."""
        return self.root / "export"

    @property
    def report(self) -> Path:
        """The report, where no other place is named for it."""
        return self.root / "report" / "report.html"

    @property
    def kept(self) -> dict[str, Path]:
        """The paths that runs keep and no output of a command may replace, by their name in messages."""
        folders = (self.artifacts, self.cache, self.export, self.seals, self.locks, self.scorings)
        files = [Path(f"{path}{end}") for path in (self.database, self.studies) for end in ("", *_SQLITE_ENDS)]
        return {f"tracking.home ({path.name})": path for path in (*files, *folders)}

    @property
    def locks(self) -> Path:
        """Locks of studies."""
        return self.root / "locks"

    @property
    def scorings(self) -> Path:
        """The history of scorings, with customer ids."""
        return self.root / "scorings"

    @property
    def seals(self) -> Path:
        """The ledger of opened seals."""
        return self.root / "seals"
