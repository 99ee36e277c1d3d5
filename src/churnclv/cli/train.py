"""Train: raw data in; a churn model, a CLV model and a recorded run with their figures out."""

from ..pipeline.settings import TrainConfig
from ..progress import Progress
from .app import command_overrides


def main(config: TrainConfig) -> None:
    """Read the data, build features, tune and evaluate the models, and print the summary."""
    from ..pipeline.extensions import add_families, load_extensions
    from ..pipeline.train import train

    load_extensions(config.extensions)
    add_families(config.features, config.extensions)
    print(train(config, command_overrides(), Progress()).text, end="")
