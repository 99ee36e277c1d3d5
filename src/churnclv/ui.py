"""The MLflow UI on this project's runs, on loopback."""

from .config import ServeConfig, hand_over, open_door
from .progress import Progress


def main(config: ServeConfig) -> None:
    """Hand over to MLflow's server, on the home's database and artefacts."""
    from .tracking.home import Home

    home = Home.at(config.tracking.home)
    Progress().say(f"MLflow on http://{config.host}:{config.port} (runs in {home.root}; stop with Ctrl-C)")
    words = ["ui", "--backend-store-uri", home.tracking_uri, "--workers", "1"]
    hand_over(*words, "--host", config.host, "--port", str(config.port))


if __name__ == "__main__":
    open_door("ui", main)
