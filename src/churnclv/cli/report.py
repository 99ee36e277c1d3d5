"""The report: what the numbers mean, in one page that opens anywhere, with the tables behind it."""

from pathlib import Path

from ..pipeline.settings import ReportConfig
from ..progress import Progress


def main(config: ReportConfig) -> None:
    """Read the data, score them with the champion if there is one, and write and record the page."""
    from ..pipeline.extensions import load_extensions
    from ..pipeline.reporting import build_report, guard_outputs, publish, read_data, record, summarise
    from ..report.acquisition_costs import read_costs
    from ..report.texts.translation import Translation
    from ..tracking.home import Home
    from ..tracking.sink import restore_experiment

    progress = Progress()
    load_extensions(config.extensions)
    home, translation = Home.at(config.tracking.home), Translation.of(config.report.language)
    guard_outputs(config, home)
    if config.report.costs is not None:
        read_costs(Path(config.report.costs), config.report.period)
    for notice in restore_experiment(home, config.tracking.experiment or config.data.name):
        progress.log(notice.line())
    progress.log(f"Reading {config.data.name}")
    data = read_data(config, home)
    for line in data.quality.lines():
        progress.log(line)
    report = build_report(config, home, data, translation, progress)
    path = publish(config, home, report, translation)
    progress.log(f"Recording it in {home.root}")
    record(config, home, path, report, data.quality.fingerprint)
    print(summarise(path, report, translation))
