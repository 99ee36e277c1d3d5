"""Export: the best run's choices, refitted through the end of the data and written as one bundle."""

import json
from dataclasses import replace
from pathlib import Path

from .config import ExportConfig, TrainConfig, open_door
from .errors import require
from .progress import Progress


def main(config: ExportConfig) -> None:
    """Find the run, refit its choices on everything known, write the bundle and let it try for champion."""
    from omegaconf import OmegaConf

    from .bundle.writer import write_bundle
    from .refitting import refit
    from .tracking.home import Home
    from .tracking.registry import find_run, promote, register

    progress = Progress()
    home = Home.at(config.tracking.home)
    run = find_run(home, config.run, config.metric, higher_is_better=config.higher_is_better)
    if config.force:
        require(
            bool(config.reason.strip()),
            "force=true needs a reason.",
            remedy="reason='why it replaces the champion'",
        )
    progress.say(
        f"Exporting run {run.run_id} of {run.experiment}: "
        f"{config.metric} = {run.metrics.get(config.metric, float('nan')):.4f}"
    )
    chosen = OmegaConf.to_container(OmegaConf.load(run.artifacts / "config.yaml"))
    trained = TrainConfig.from_dict(chosen)  # type: ignore[arg-type] # a mapping was written
    choices = json.loads((run.artifacts / "choices.json").read_text(encoding="utf-8"))
    parts = refit(replace(trained, engine=config.engine), choices, run, home, progress)
    out = Path(config.out) if config.out else home.export / f"{run.experiment}-{run.run_id[:8]}"
    write_bundle(out.resolve(), parts)
    progress.say(promote(home, run, register(home, run, out), force=config.force, reason=config.reason))
    shown = "" if config.out is None else f" MODEL={out}"
    print(f"{out}\n\nNext:  make score INPUT=orders.csv OUTPUT=scores.csv{shown}\n       make serve{shown}")


if __name__ == "__main__":
    open_door("export", main)
