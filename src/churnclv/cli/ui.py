"""The MLflow UI on this project's runs, on loopback."""

from ..pipeline.settings import UiConfig
from ..progress import Progress
from .app import run_mlflow


def main(config: UiConfig) -> None:
    """Save the views that compare runs, print their addresses, and start MLflow's server."""
    from ..databases import with_password
    from ..tracking.home import Home
    from ..tracking.views import save_views

    home = Home.of(config.tracking).made()
    address, progress = f"http://{config.host}:{config.port}", Progress()
    for experiment, views in save_views(home).items():
        progress.log(f"{experiment}:")
        for name, fragment in views.items():
            progress.log(f"  {name:<36} {address}{fragment}")
    progress.log(f"MLflow on {address} (runs in {home.root}; stop with Ctrl-C)")
    environment = {
        "MLFLOW_BACKEND_STORE_URI": with_password(home.tracking_uri),  # other users see arguments
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # else seven processes for evaluating language models start
    }
    run_mlflow("ui", "--workers", "1", "--host", config.host, "--port", str(config.port), **environment)
