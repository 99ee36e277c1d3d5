"""Score: raw events in, one row of scores per customer out."""

from pathlib import Path

from .config import ScoreConfig, open_door
from .progress import Progress


def main(config: ScoreConfig) -> None:
    """Load the bundle, read the events with its mapping, and write the scores."""
    from .files import replacing
    from .lineage import compare_with_bundle, open_bundle
    from .tracking.home import Home

    progress = Progress()
    progress.say(f"Reading {config.input}")
    opened = open_bundle(config, Home.at(config.tracking.home))
    scorer, events = opened.scorer, opened.events
    progress.say(opened.line)
    for line in events.quality.lines():
        progress.say(line)
    for notice in compare_with_bundle(scorer, events):
        progress.say(notice.line())
    rows = scorer.features(events, config.as_of)
    scores = scorer.score(rows, config.language)
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
