"""Serve: the bundle's scores over HTTP, by MLflow's own scoring server, on loopback."""

import os
import sys

from .config import ServeConfig, open_door
from .progress import Progress


def main(config: ServeConfig) -> None:
    """Check the bundle, then hand over to MLflow's scoring server."""
    from .bundle.loading import load_bundle
    from .tracking.home import Home
    from .tracking.registry import locate_bundle

    home = Home.at(config.tracking.home)
    folder = locate_bundle(home, config.model).resolve()
    load_bundle(folder)
    address = f"{config.host}:{config.port}/invocations"
    example = f"curl -s {address} -H 'Content-Type: application/json' -d @'{folder}/input_example.json'"
    Progress().say(f"Serving {folder}\n  try: {example}")
    words = [
        sys.executable,
        "-m",
        "mlflow",
        "models",
        "serve",
        "--model-uri",
        str(folder),
        "--env-manager",
        "local",
    ]
    words += ["--host", config.host, "--port", str(config.port)]
    os.environ["MLFLOW_TRACKING_URI"] = home.tracking_uri
    os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
    os.execv(sys.executable, words)  # noqa: S606 # our own interpreter


if __name__ == "__main__":
    open_door("serve", main)
