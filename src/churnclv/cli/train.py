"""Train: raw data in; a churn model, a CLV model and a recorded run with their figures out."""

from ..pipeline.settings import TrainConfig
from ..progress import Progress
from .app import command_overrides


def main(config: TrainConfig) -> None:
    """Read the data, build features, tune and evaluate the models, and print the summary."""
    from ..data.paths import input_paths, set_aside_outputs
    from ..outputs import guard
    from ..pipeline.dataset_building import build_dataset
    from ..pipeline.entry_result import RESULT, SUMMARY, check_custom_code, hand_in, repeat_result
    from ..pipeline.extensions import add_families, load_extensions
    from ..pipeline.run import Run, name_run, title_run
    from ..pipeline.run_checks import check_run
    from ..pipeline.training import Training
    from ..pipeline.values import make_value_models
    from ..tracking.home import Home
    from ..tracking.registry import find_twin
    from ..tracking.sink import open_run, restore_experiment

    progress, overrides = Progress(), command_overrides()
    load_extensions(config.extensions)
    add_families(config.features, config.extensions)
    home = Home.at(config.tracking.home)
    guard(set_aside_outputs(config.data), {**input_paths(config.data), **home.kept})
    experiment = config.tracking.experiment or config.data.name
    for notice in restore_experiment(home, experiment):
        progress.log(notice.line())
    data = build_dataset(config, home, progress)
    check_custom_code(config, data)
    twin = None if config.tracking.repeat else find_twin(home, name_run(config, data).run, (RESULT, SUMMARY))
    if twin is not None:
        print(repeat_result(config, twin))
        return
    progress.log(f"Starting a run in {home.root}")
    with open_run(home, experiment, title_run(config, overrides)) as sink:
        run = Run(config, data, home, sink, progress, experiment, overrides)
        run.describe()
        values = make_value_models(run)
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
