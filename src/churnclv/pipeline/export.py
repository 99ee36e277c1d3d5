"""An export from top to bottom: the best run's choices, refitted through the end of the data, become a bundle."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..bundle.writer import bundle_output, copy_bundle, keep_bundle
from ..data.paths import input_paths
from ..errors import require, require_name
from ..outputs import guard
from ..progress import Progress
from ..snapshots.customer_kinds import kind_of
from ..tracking.home import Home
from ..tracking.promotion import promote, register, require_comparable
from ..tracking.registry import ORIGIN_TAG, THROUGH_TAG, RunFacts, find_run, name_bundle, require_artifacts
from .champion_contest import compare_with_champion
from .lineage import Lineage, find_lineage
from .refitting import refit
from .renamed_settings import rename_choices
from .settings import ExportConfig, TrainConfig


def export(config: ExportConfig, read_config: Callable[[Path], TrainConfig], progress: Progress) -> str:
    """Refit a run's choices on all labels, write the bundle, register it, and compare it with the champion.

    Parameters
    ----------
    config
        The configuration.
    read_config
        Reads the training configuration that a run has kept as YAML.
    progress
        Where steps are announced.

    Returns
    -------
    str
        The path of the bundle, and the next commands.

    Raises
    ------
    InputError
        There is no such run, its data have changed, or the refitted models are implausible.
    """
    home = Home.of(config.tracking).made()
    run = choose_run(config, home)
    metric = config.metric or run.compared_by[0]
    figure = run.metrics.get(metric, float("nan"))
    progress.log(f"Exporting run {run.run_id} of {run.experiment}: {metric} = {figure:.4f}")
    trained = replace(read_config(run.artifacts / "config.yaml"), engine=config.engine)
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
    rows = "orders.csv" if kind_of(trained.data.shape).has_time else "customers.csv"
    return f"{out}\n\nNext:  make score INPUT={rows} OUTPUT=scores.csv{shown}\n       make serve{shown}"


def choose_run(config: ExportConfig, home: Home) -> RunFacts:
    """Return the run to export: the named one, or the best of its metric.

    Raises:
        InputError: there is none, its artefacts are gone, or it is not comparable with the others.
    """
    run = find_run(home, config.run, config.metric, higher_is_better=config.higher_is_better)
    if config.force:
        remedy = "reason='why it replaces the champion'"
        require(bool(config.reason.strip()), "force=true needs a reason.", remedy=remedy)
    require_name(f"the experiment of run {run.run_id}", run.experiment)
    require_artifacts(run, ("config.yaml", "choices.json"))
    require_comparable(home, run, force=config.force)
    return run
