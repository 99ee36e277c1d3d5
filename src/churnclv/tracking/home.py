"""MLflow's home on disk, and everything else that runs leave behind."""

import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError


@dataclass(frozen=True)
class Home:
    """The folders and databases below `mlruns/` (or `MLRUNS`)."""

    root: Path

    @classmethod
    def at(cls, folder: str) -> "Home":
        """Return the home at `folder`, made if missing.

        Raises:
            InputError: the folder cannot be written.
        """
        root = Path(folder).expanduser().resolve()
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{root}: cannot be made ({error.strerror}).", remedy="set MLRUNS=a/folder/of/yours"
            ) from None
        if not os.access(root, os.W_OK):
            raise InputError(f"{root}: cannot be written.", remedy="set MLRUNS=a/folder/of/yours")
        return cls(root)

    @property
    def database(self) -> Path:
        """MLflow's database."""
        return self.root / "mlflow.db"

    @property
    def tracking_uri(self) -> str:
        """Where MLflow finds its database."""
        return f"sqlite:///{self.database}"

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
        """Feature tables by content, and what the engine spills."""
        return self.root / "cache"

    @property
    def export(self) -> Path:
        """Bundles."""
        return self.root / "export"

    @property
    def seals(self) -> Path:
        """The ledger of opened seals."""
        return self.root / "seals"
