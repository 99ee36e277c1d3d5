"""The main job: a raw log becomes a churn model, a CLV model and a run that says how good they are."""

from .config import TrainConfig, open_door
from .progress import Progress


def main(config: TrainConfig) -> None:
    """Read, cut, build features, tune both models, judge them, and say what was found."""
    from .data.engine import connect
    from .data.events import read_events
    from .features.preparation import prepare
    from .snapshots.plan import make_plan
    from .tracking.home import Home
    from .tracking.sink import open_run
    from .training import Training

    progress = Progress()
    home = Home.at(config.tracking.home)
    progress.say(f"Reading {config.data.name}")
    events = read_events(connect(config.engine, home.cache / "spill"), config.data)
    plan = make_plan(events.start, events.end, config.windows)
    progress.say(f"Building features at {len(plan.everything)} cutoffs for {events.quality.customers:,} customers")
    snapshots = prepare(events, plan.cutoffs, plan.sealed, config.features, config.windows, home.cache)
    experiment = config.tracking.experiment or config.data.name
    progress.say(f"Starting a run in {home.root}")
    with open_run(home, experiment, f"train {plan.sealed:%Y-%m-%d}") as sink:
        training = Training(config, events, plan, snapshots, home, sink, progress, experiment)
        training.describe()
        clv = training.tune_clv()
        churn = training.tune_churn()
        valid = training.validate(churn, clv)
        fitted = training.refit(churn, clv)
        test = training.open_seal(fitted, valid)
        summary = training.summarise(churn, clv, valid, test)
    print(summary)


if __name__ == "__main__":
    open_door("train", main)
