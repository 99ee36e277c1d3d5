"""The main job: raw data become a churn model, a value model and a run that says how good they are."""

from .config import TrainConfig, open_door
from .progress import Progress


def main(config: TrainConfig) -> None:
    """Read, cut, build features, tune the models, judge them, and say what was found."""
    from .checking import check_run
    from .entering import RESULT, SUMMARY, hand_in, repeat_result, try_own_code
    from .gathering import gather
    from .run import Run, name_run, title_run
    from .tracking.home import Home
    from .tracking.registry import find_twin
    from .tracking.sink import open_run, restore_experiment
    from .training import Training
    from .valuing import value_side

    progress = Progress()
    home = Home.at(config.tracking.home)
    experiment = config.tracking.experiment or config.data.name
    for notice in restore_experiment(home, experiment):
        progress.say(notice.line())
    data = gather(config, home, progress)
    try_own_code(config, data)
    twin = None if config.tracking.repeat else find_twin(home, name_run(config, data).run, (RESULT, SUMMARY))
    if twin is not None:
        print(repeat_result(config, twin))
        return
    progress.say(f"Starting a run in {home.root}")
    with open_run(home, experiment, title_run(config)) as sink:
        run = Run(config, data, home, sink, progress, experiment)
        run.describe()
        values = value_side(run)
        values.tune()
        training = Training(run, values)
        churn = training.tune_churn()
        valid = training.validate(churn)
        checks = check_run(run, training.data, churn, valid)
        model = training.refit(churn)
        test = training.open_seal(model, churn)
        result = training.conclude(churn, checks, valid, test)
        summary = training.summarise(churn, checks, valid, test)
    print(summary)
    print(hand_in(config, result), end="")


if __name__ == "__main__":
    open_door("train", main)
