"""Retrain: a challenger where the rule calls for one, promoted where it is better."""

from ..pipeline.settings import RetrainConfig
from ..progress import Progress
from .export import read_config


def main(config: RetrainConfig) -> None:
    """Monitor, decide, train on the file, and compare with the champion."""
    from ..pipeline.retrain import retrain

    retrain(config, read_config, Progress(), print)
