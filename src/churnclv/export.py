"""Export: the best run's choices, refitted through the end of the data and written as one bundle."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

from .config import ExportConfig, TrainConfig, open_door
from .errors import require, require_name
from .progress import Progress


def main(config: ExportConfig) -> None:
    """Find the run, refit its choices on everything known, write the bundle and let it try for champion."""
    from omegaconf import OmegaConf

    from .bundle.writer import copy_bundle, keep_bundle
    from .meeting import meet_champion
    from .refitting import refit
    from .tracking.home import Home
    from .tracking.promotion import promote, register, require_comparable
    from .tracking.registry import find_run, require_artifacts

    progress = Progress()
    home = Home.at(config.tracking.home)
    run = find_run(home, config.run, config.metric, higher_is_better=config.higher_is_better)
    if config.force:
        remedy = "reason='why it replaces the champion'"
        require(bool(config.reason.strip()), "force=true needs a reason.", remedy=remedy)
    require_name(f"the experiment of run {run.run_id}", run.experiment)
    require_artifacts(run, ("config.yaml", "choices.json"))
    require_comparable(home, run, force=config.force)
    figure = run.metrics.get(config.metric, float("nan"))
    progress.say(f"Exporting run {run.run_id} of {run.experiment}: {config.metric} = {figure:.4f}")
    chosen = OmegaConf.to_container(OmegaConf.load(run.artifacts / "config.yaml"))
    trained = replace(TrainConfig.from_dict(chosen), engine=config.engine)  # type: ignore[arg-type] # a mapping was written
    choices = json.loads((run.artifacts / "choices.json").read_text(encoding="utf-8"))
    kept = keep_bundle(home.export, f"{run.experiment}-{run.run_id[:8]}", refit(trained, choices, run, home, progress))
    out = kept if config.out is None else copy_bundle(kept, Path(config.out).resolve())
    meet = partial(meet_champion, trained, run, home)
    progress.say(promote(home, run, register(home, run, kept), meet, force=config.force, reason=config.reason))
    shown = "" if config.out is None else f" MODEL={config.out}"
    print(f"{out}\n\nNext:  make score INPUT=orders.csv OUTPUT=scores.csv{shown}\n       make serve{shown}")


if __name__ == "__main__":
    open_door("export", main)
