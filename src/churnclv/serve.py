"""Serve: the bundle's scores over HTTP, by MLflow's own scoring server, on loopback."""

from .config import ServeConfig, hand_over, open_door
from .progress import Progress


def main(config: ServeConfig) -> None:
    """Check the bundle, then hand over to MLflow's scoring server."""
    from .bundle.loading import load_bundle
    from .tracking.home import Home
    from .tracking.registry import locate_bundle

    home = Home.named(config.tracking.home)
    folder = locate_bundle(home, config.model).resolve()
    load_bundle(folder)
    address = f"{config.host}:{config.port}/invocations"
    example = f"curl -s {address} -H 'Content-Type: application/json' -d @'{folder}/input_example.json'"
    Progress().say(f"Serving {folder}\n  try: {example}")
    words = ["models", "serve", "--model-uri", str(folder), "--env-manager", "local"]
    hand_over(*words, "--host", config.host, "--port", str(config.port), MLFLOW_TRACKING_URI=home.tracking_uri)


if __name__ == "__main__":
    open_door("serve", main)
