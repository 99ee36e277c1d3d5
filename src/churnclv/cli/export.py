"""Export: the best run's choices, refitted through the end of the data and written as one bundle."""

import json
from dataclasses import replace
from functools import partial

from ..errors import require, require_name
from ..pipeline.renamed_settings import rename_choices
from ..pipeline.settings import ExportConfig
from ..progress import Progress
from .app import train_config


def main(config: ExportConfig) -> None:
    """Find the run, refit its choices on all labels, write the bundle, and compare it with the champion."""
    from omegaconf import OmegaConf

    from ..bundle.writer import bundle_output, copy_bundle, keep_bundle
    from ..data.paths import input_paths
    from ..outputs import guard
    from ..pipeline.champion_contest import compare_with_champion
    from ..pipeline.lineage import Lineage, find_lineage
    from ..pipeline.refitting import refit
    from ..tracking.home import Home
    from ..tracking.promotion import promote, register, require_comparable
    from ..tracking.registry import ORIGIN_TAG, THROUGH_TAG, find_run, name_bundle, require_artifacts

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
    progress.log(f"Exporting run {run.run_id} of {run.experiment}: {config.metric} = {figure:.4f}")
    trained = replace(train_config(OmegaConf.load(run.artifacts / "config.yaml")), engine=config.engine)
    output = None if config.out is None else bundle_output(config.out)
    guard([] if output is None else [output], {**input_paths(trained.data), **home.kept})
    choices = rename_choices(json.loads((run.artifacts / "choices.json").read_text(encoding="utf-8")))
    parts = refit(trained, choices, run, home, progress, forced=config.force)
    for notice in parts.notices:
        progress.log(notice.line())
    named = config.model is not None
    lineage = Lineage(str(config.model)) if named else find_lineage(trained, run.experiment, parts, home)
    kept = keep_bundle(home.export, f"{run.experiment}-{run.run_id[:8]}", parts)
    out = kept if output is None else copy_bundle(kept, output)
    tags = {ORIGIN_TAG: parts.specification.origin, THROUGH_TAG: parts.specification.fitted_through}
    source = register(home, run, kept, lineage.model, tags)
    compare = partial(compare_with_champion, trained, run, home)
    for notice in lineage.notices:
        progress.log(notice.line())
    progress.log(promote(home, run, source, compare, force=config.force, reason=config.reason))
    model = config.out or name_bundle(home, source)
    shown = "" if model is None else f" MODEL={model}"
    print(f"{out}\n\nNext:  make score INPUT=orders.csv OUTPUT=scores.csv{shown}\n       make serve{shown}")
