"""The MLflow UI on this project's runs, on loopback."""

import os
import sys

from .config import ServeConfig, open_door
from .progress import Progress


def main(config: ServeConfig) -> None:
    """Hand over to MLflow's server, on the home's database and artefacts."""
    from .tracking.home import Home

    home = Home.at(config.tracking.home)
    Progress().say(f"MLflow on http://{config.host}:{config.port} (runs in {home.root}; stop with Ctrl-C)")
    words = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", home.tracking_uri, "--workers", "1"]
    words += ["--host", config.host, "--port", str(config.port)]
    os.execv(sys.executable, words)  # noqa: S606 # our own interpreter


if __name__ == "__main__":
    open_door("ui", main)
