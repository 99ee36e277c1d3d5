"""Score: raw events in, one row of scores per customer out."""

from ..pipeline.settings import ScoreConfig
from ..progress import Progress


def main(config: ScoreConfig) -> None:
    """Load the bundle, read the events with its mapping, and write the scores."""
    if config.engine.is_spark:
        from ..pipeline.spark_scoring import score_on_spark

        score_on_spark(config, Progress(), print)
        return
    from ..pipeline.score import score

    score(config, Progress(), print)
