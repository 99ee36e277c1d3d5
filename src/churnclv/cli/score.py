"""Score: raw events in, one row of scores per customer out."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..pipeline.settings import ScoreConfig
from ..progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from ..outputs import Output
    from ..pipeline.lineage import Opened


def main(config: ScoreConfig) -> None:
    """Load the bundle, read the events with its mapping, and write the scores."""
    from ..outputs import guard, messages_apart
    from ..pipeline.lineage import open_bundle
    from ..tracking.home import Home

    progress, home, outputs = Progress(), Home.named(config.tracking.home), name_outputs(config)
    tables = {f"tables.{name}": path for name, path in config.tables.items()}
    reads: dict[str, str | Path | None] = {"input": config.input, **tables, **home.kept}
    guard(outputs, reads)
    progress.log(f"Reading {config.input}")
    opened = open_bundle(config, home)
    progress.log(opened.line)
    former = {f"tables.{name}": path for name, path in opened.tables.items()}
    guard(outputs, former | reads | {"model": opened.source.folder})
    with messages_apart(outputs):
        _score(config, opened, outputs, progress)


def name_outputs(config: ScoreConfig) -> "tuple[Output, ...]":
    """Return the output files: the scores, and the contact list if the settings name one."""
    from ..bundle.scorer import SCORE_COLUMNS
    from ..decision.target_list import TARGET_COLUMNS
    from ..outputs import Output, has_header

    scores = Output("output", config.output, "scores", has_header(*SCORE_COLUMNS[:5]))
    if config.targets is None:
        return (scores,)
    return scores, Output("targets", config.targets, "a contact list", has_header(*TARGET_COLUMNS[:4]))


def _score(config: ScoreConfig, opened: "Opened", outputs: "tuple[Output, ...]", progress: Progress) -> None:
    from ..outputs import write_csv
    from ..pipeline.lineage import compare_with_bundle

    scorer, events = opened.scorer, opened.events
    for line in events.quality.lines():
        progress.log(line)
    for notice in compare_with_bundle(scorer, events):
        progress.log(notice.line())
    rows = scorer.features(events, config.as_of)
    scores = scorer.score(rows, config.language)
    for notice in scorer.notices(events, rows, scores):
        progress.log(notice.line())
    write_csv(scores, outputs[0])
    as_of, days = (scores[name].iloc[0] if len(scores) else None for name in ("as_of", "horizon_days"))
    when = f" as of {as_of}, horizon {days:.0f} days" if as_of is not None else ""
    contacted = scores["action"] == "contact"
    print(f"{config.output}: {len(scores):,} customers scored{when}")
    print(
        f"{contacted.sum():,} are worth contacting; expected to bring {scores['expected_gain'][contacted].sum():,.2f}"
    )
    for output in outputs[1:]:
        listed, totals = scorer.targets(rows, config.budget)
        write_csv(listed, output)
        print(f"{output.given}: {totals}")
