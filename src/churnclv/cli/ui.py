"""The MLflow UI on this project's runs, on loopback."""

from ..pipeline.settings import UiConfig
from ..progress import Progress
from .app import hand_over


def main(config: UiConfig) -> None:
    """Lay out the runs for comparing, say where, and hand over to MLflow's server."""
    from ..tracking.home import Home
    from ..tracking.views import save_views

    home = Home.at(config.tracking.home)
    address, progress = f"http://{config.host}:{config.port}", Progress()
    for experiment, views in save_views(home).items():
        progress.log(f"{experiment}:")
        for name, fragment in views.items():
            progress.log(f"  {name:<36} {address}{fragment}")
    progress.log(f"MLflow on {address} (runs in {home.root}; stop with Ctrl-C)")
    words = ["ui", "--backend-store-uri", home.tracking_uri, "--workers", "1"]
    no_jobs = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # seven processes that only judge language models
    hand_over(*words, "--host", config.host, "--port", str(config.port), **no_jobs)
