"""The report: what the numbers mean, in one page that opens anywhere, with the tables behind it."""

from ..pipeline.settings import ReportConfig
from ..progress import Progress


def main(config: ReportConfig) -> None:
    """Read the data, score them with the champion if there is one, and write and record the page."""
    from ..pipeline.extensions import load_extensions
    from ..pipeline.report import report

    load_extensions(config.extensions)
    print(report(config, Progress()))
