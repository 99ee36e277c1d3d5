"""Export: the best run's choices, refitted through the end of the data and written as one bundle."""

from pathlib import Path

from ..pipeline.settings import ExportConfig, TrainConfig
from ..progress import Progress
from .app import train_config


def main(config: ExportConfig) -> None:
    """Find the run, refit its choices on all labels, write the bundle, and compare it with the champion."""
    from ..pipeline.export import export

    print(export(config, read_config, Progress()))


def read_config(path: Path) -> TrainConfig:
    """Return the training configuration that a run has kept."""
    from omegaconf import OmegaConf

    return train_config(OmegaConf.load(path))
