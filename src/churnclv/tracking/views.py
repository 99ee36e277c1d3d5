"""Saved views: how MLflow lays out an experiment's runs when a person opens them.

MLflow's page of runs keeps named views as tags of the experiment: an envelope with a name and two times, around the
state of the page as JSON. Written here, they stand in its menu "Saved views" and have an address of their own.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .champion import TAG, mark_champions
from .headline import MAIN, headline_metrics
from .home import Home
from .sink import client

_TAG = "mlflow.sharedViewState."
_KIND = "mlflow.experimentKind"
_COLUMN_WIDTH = 120
_TAGS = ("entry", "seal.openings", TAG)
_PICTURES = ("calibration", "churn_gain", "profit", "spend_gain", "spend_deciles")
_MOST_RUNS = 1000


@dataclass(frozen=True)
class View:
    """A view: its key in addresses, its name in the menu, whether it shows charts, and the state of the page."""

    key: str
    name: str
    charts: bool
    state: Mapping[str, Any]

    def fragment(self, experiment: str) -> str:
        """Return the part of the view's address after the server's."""
        mode = "compareRunsMode=CHART&" if self.charts else ""
        return f"/#/experiments/{experiment}/runs?{mode}viewStateShareKey={self.key}"

    def envelope(self, milliseconds: int) -> str:
        """Return the value of the view's tag."""
        state = json.dumps(self.state)
        return json.dumps({"name": self.name, "createdAt": milliseconds, "updatedAt": milliseconds, "state": state})


def save_views(home: Home) -> dict[str, dict[str, str]]:
    """Write the views of every experiment that has training runs; return their fragments by experiment and name."""
    mlflow = client(home)
    mark_champions(mlflow)
    found = {}
    for experiment in mlflow.search_experiments():
        number = experiment.experiment_id
        runs = mlflow.search_runs([number], "tags.kind = 'train'", max_results=_MOST_RUNS)
        if not runs:
            continue
        views = [*_run_views(runs), *_trial_views(mlflow, number)]
        wanted = {_TAG + view.key: view.envelope(experiment.creation_time) for view in views}
        wanted[_KIND] = "custom_model_development"  # not a page of traces
        for key, value in wanted.items():
            if experiment.tags.get(key) != value:
                mlflow.set_experiment_tag(number, key, value)
        found[experiment.name] = {view.name: view.fragment(number) for view in views}
    return found


def _run_views(runs: Sequence[Any]) -> Iterator[View]:
    """Yield the table of training runs, best first, and their charts and pictures side by side."""
    known = {name for run in runs for name in run.data.metrics}
    metrics = [name for name in headline_metrics() if name in known]
    page = _page("tags.kind = 'train'", MAIN, False, [_column("metrics", name) for name in metrics])
    page["selectedColumns"] += [_column("attributes", "Models"), *[_column("tags", name) for name in _TAGS]]
    yield View("compare", "Training runs, best first", False, page)
    figures = {"Main figures": [_bar(name) for name in metrics]}
    for when, title in (("valid", "Validation"), ("test", "Sealed test")):
        figures[f"Pictures, {title.lower()}"] = [_picture(f"{when}_{name}") for name in _PICTURES]
    yield View("figures", "Training runs, figures side by side", True, page | _charts(figures))


def _trial_views(mlflow: Any, experiment: str) -> Iterator[View]:
    """Yield the trials of the latest study of each kind, best first, in parallel coordinates."""
    latest: dict[str, str] = {}
    for study in mlflow.search_runs([experiment], "tags.kind = 'study'", max_results=_MOST_RUNS):
        latest.setdefault(study.data.tags["study"], study.info.run_id)
    for name, study_id in sorted(latest.items()):
        trials = f"tags.`mlflow.parentRunId` = '{study_id}'"
        runs = mlflow.search_runs([experiment], trials, max_results=_MOST_RUNS)
        params = sorted({name for run in runs for name, value in run.data.params.items() if _is_number(value)})
        folds = sorted({name for run in runs for name in run.data.metrics if name.startswith("fold_")})
        columns = [_column("metrics", name) for name in ("value", *folds, "seconds")]
        page = _page(trials, "value", True, [*columns, *[_column("params", name) for name in params]])
        charts = _charts({"Parameters, error on each fold, mean error": [_parallel(params, [*folds, "value"])]})
        yield View(f"trials-{name}", f"Trials of the latest {name} study", True, page | charts)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _column(kind: str, name: str) -> str:
    return f"{kind}.`{name}`"


def _page(wanted: str, metric: str, ascending: bool, columns: list[str]) -> dict[str, Any]:
    """Return the state of a page of runs: what is searched, how it is sorted, and which columns are shown."""
    return {
        "searchFilter": wanted,
        "orderByKey": _column("metrics", metric),
        "orderByAsc": ascending,
        "selectedColumns": columns,
        "columnWidths": dict.fromkeys(columns, _COLUMN_WIDTH),
        "runsHiddenMode": "SHOW_ALL",
    }


def _charts(sections: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Return the state of a page of charts: the sections open, and MLflow's own of all metrics closed below."""
    own = {"deleted": False, "isGenerated": False, "runsCountToCompare": 100}
    cards = [{**own, **card, "metricSectionId": title} for title, found in sections.items() for card in found]
    titles = {**dict.fromkeys(sections, True), "Model metrics": False}
    kept = {"isReordered": False, "deleted": False, "isGenerated": False}
    opened = [{"uuid": title, "name": title, "display": shown, **kept} for title, shown in titles.items()]
    return {"compareRunCharts": cards, "compareRunSections": opened, "hideEmptyCharts": True}


def _bar(metric: str) -> dict[str, Any]:
    return {"uuid": metric, "type": "BAR", "metricKey": metric, "displayName": metric}


def _picture(name: str) -> dict[str, Any]:
    title = name.partition("_")[2].replace("_", " ")
    return {"uuid": name, "type": "IMAGE", "imageKeys": [name], "step": 0, "displayName": title}


def _parallel(params: list[str], metrics: list[str]) -> dict[str, Any]:
    axes = {"selectedParams": params, "selectedMetrics": metrics, "showAllRuns": True}
    return {"uuid": "parallel", "type": "PARALLEL", **axes}
