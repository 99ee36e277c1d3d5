"""Score: raw events in, one row of scores per customer out."""

from pathlib import Path

from .config import ScoreConfig, open_door
from .progress import Progress


def main(config: ScoreConfig) -> None:
    """Load the bundle, read the events with its mapping, and write the scores."""
    from .bundle.loading import load_bundle
    from .files import replacing
    from .tracking.home import Home
    from .tracking.registry import locate_bundle

    progress = Progress()
    folder = locate_bundle(Home.at(config.tracking.home), config.model)
    progress.say(f"Loading {folder}")
    scorer = load_bundle(folder)
    events = scorer.read(Path(config.input), config.columns, config.date_format, config.tables, config.as_of)
    for line in events.quality.lines():
        progress.say(line)
    rows = scorer.features(events, config.as_of)
    scores = scorer.score(rows, config.language)
    for notice in scorer.notices(events, rows, scores):
        progress.say(notice.line())
    with replacing(Path(config.output)) as temporary:
        scores.to_csv(temporary, index=False)
    as_of, days = (scores[name].iloc[0] if len(scores) else None for name in ("as_of", "horizon_days"))
    when = f" as of {as_of}, horizon {days:.0f} days" if as_of is not None else ""
    worth = scores["action"] == "contact"
    print(f"{config.output}: {len(scores):,} customers scored{when}")
    print(f"{worth.sum():,} are worth contacting; expected to bring {scores['expected_gain'][worth].sum():,.2f}")
    if config.targets is not None:
        listed, totals = scorer.targets(rows, config.budget)
        with replacing(Path(config.targets)) as temporary:
            listed.to_csv(temporary, index=False)
        print(f"{config.targets}: {totals}")


if __name__ == "__main__":
    open_door("score", main)
