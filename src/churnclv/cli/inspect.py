"""Inspect: what files are, how they are read, and what can be learned from them."""

from ..pipeline.inspection_settings import InspectConfig
from ..progress import Progress


def main(config: InspectConfig) -> None:
    """Look at the files, print what they are and the command that trains, and save the settings if asked to."""
    from ..pipeline.inspect import inspect

    inspect(config, Progress(), print)
