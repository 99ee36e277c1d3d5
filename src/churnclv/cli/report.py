"""The report: what the numbers mean, in one page that opens anywhere, with the tables behind it."""

from pathlib import Path

from ..pipeline.settings import ReportConfig
from ..progress import Progress


def main(config: ReportConfig) -> None:
    """Read the data, ask the champion if there is one, tell the story, and write it down."""
    from ..pipeline.reporting import guard_outputs, publish, read_data, record, summarise, tell
    from ..report.acquisition_costs import read_costs
    from ..report.texts.translation import Translation
    from ..tracking.home import Home
    from ..tracking.sink import restore_experiment

    progress = Progress()
    home, texts = Home.at(config.tracking.home), Translation.of(config.report.language)
    guard_outputs(config, home)
    if config.report.costs is not None:
        read_costs(Path(config.report.costs), config.report.period)
    for notice in restore_experiment(home, config.tracking.experiment or config.data.name):
        progress.log(notice.line())
    progress.log(f"Reading {config.data.name}")
    data = read_data(config, home)
    for line in data.quality.lines():
        progress.log(line)
    report = tell(config, home, data, texts, progress)
    path = publish(config, home, report, texts)
    progress.log(f"Recording it in {home.root}")
    record(config, home, path, report, data.quality.fingerprint)
    print(summarise(path, report, texts))
