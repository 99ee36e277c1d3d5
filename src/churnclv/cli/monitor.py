"""Monitor: what changed since the bundle was fitted, and whether past scores came true."""

import sys

from ..pipeline.settings import MonitorConfig
from ..progress import Progress

ATTENTION = 3  # the exit code where a line of the page needs attention


def main(config: MonitorConfig) -> None:
    """Print the page; end with code 3 where it calls for attention."""
    from ..pipeline.monitor import monitor

    if monitor(config, Progress(), print):
        sys.stdout.flush()
        sys.exit(ATTENTION)
