"""What pruning saves: the churn study with and without it, same data, folds, seeds and ranges, one after the other.

python experiments/benchmarks/pruning.py [--trials 30] [--seeds 0 1 2] [--data tv_subscriptions cdnow]
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from churnclv.files import PROJECT as ROOT
from churnclv.pipeline.dataset_building import BuiltDataset
from churnclv.pipeline.settings import TrainConfig
from churnclv.pipeline.train import build_dataset
from churnclv.progress import Progress
from churnclv.tracking.home import Home
from churnclv.tuning.churn_study import ChurnEvidence, tune_churn
from churnclv.tuning.study import StudyPlan, TrialRecord


def compose_config(data: str) -> TrainConfig:
    """Return the default configuration for a data set that ships with a dependency."""
    ConfigStore.instance().store(name="train_schema", node=TrainConfig)
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return OmegaConf.to_object(compose("train", [f"data={data}", "churn=xgboost", "churn.class_weight=none"]))


def run(config: TrainConfig, data: BuiltDataset, seed: int, trials: int, *, prune: bool) -> tuple[float, float, int]:
    """Return processor seconds of all trials, the best mean fold log-loss, and how many trials were pruned."""
    tuning = replace(config.tuning, seed=seed, n_trials=trials, prune=prune)
    seen: list[TrialRecord] = []
    clock = [time.process_time()]

    def remember(trial: TrialRecord) -> None:
        seen.append(trial)
        clock.append(time.process_time())

    with tempfile.TemporaryDirectory() as folder:
        plan = StudyPlan("pruning", Path(folder) / "optuna.db", tuning.churn, tuning)
        evidence = ChurnEvidence(data.snapshots.training, data.plan.folds)
        best = tune_churn(evidence, config.churn, plan, remember, Progress()).best
    return clock[-1] - clock[0], float(best.value), sum(trial.state == "PRUNED" for trial in seen)


def main() -> None:
    """Print one row per data set and seed, and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--data", nargs="+", default=["tv_subscriptions", "cdnow"])
    given = parser.parse_args()
    for name in given.data:
        config = compose_config(name)
        with tempfile.TemporaryDirectory() as home:
            data = build_dataset(config, Home.at(home), Progress())
        print(
            f"{name:<18}{'seconds':>10}{'pruned':>10}{'saved':>8}{'log-loss':>11}{'pruned':>11}{'apart':>10}{'stopped':>9}"
        )
        saved, apart = [], []
        for seed in given.seeds:
            full, pruned = (run(config, data, seed, given.trials, prune=prune) for prune in (False, True))
            saved.append(1.0 - pruned[0] / full[0])
            apart.append(pruned[1] - full[1])
            print(
                f"seed {seed:<13}{full[0]:>10.1f}{pruned[0]:>10.1f}{saved[-1]:>8.0%}"
                f"{full[1]:>11.5f}{pruned[1]:>11.5f}{apart[-1]:>+10.5f}{pruned[2]:>9}"
            )
        print(f"{'mean':<38}{np.mean(saved):>8.0%}{'':>22}{np.mean(apart):>+10.5f}")


if __name__ == "__main__":
    main()
