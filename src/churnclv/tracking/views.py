"""Saved views: the layout in which MLflow shows an experiment's runs.

MLflow's page of runs keeps named views as tags of the experiment: an envelope with a name and two times, around the
state of the page as JSON. Written here, they appear in its menu "Saved views", each with an address.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .champion_tag import TAG, mark_champions
from .headline import MAIN, WHEN, headline_metrics
from .home import Home
from .sink import client

_TAG = "mlflow.sharedViewState."
_KIND = "mlflow.experimentKind"
_FIXED = {"attributes.`Run Name`": 200, "runDateAndNestInfo": 130, "duration": 80}
_FIRST_TAGS, _LAST_TAGS = (TAG, "overrides"), ("entry", "seal.openings")
_PICTURES = ("calibration", "churn_gain", "profit", "spend_gain", "spend_deciles")
_EVERY_METRIC = "Model metrics"  # MLflow's name of the section it fills by itself
_SHOWN_WIDTH = 220
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
        mode = "CHART" if self.charts else "TABLE"
        query = f"workflowType=machine_learning&compareRunsMode={mode}&viewStateShareKey={self.key}"
        return f"/#/experiments/{experiment}/runs?{query}"

    def envelope(self, milliseconds: int) -> str:
        """Return the value of the view's tag."""
        state = json.dumps(self.state)
        return json.dumps({"name": self.name, "createdAt": milliseconds, "updatedAt": milliseconds, "state": state})


def save_views(home: Home) -> dict[str, dict[str, str]]:
    """Write the views of every experiment that has training runs; return their fragments by experiment and name."""
    mlflow = client(home)
    mark_champions(mlflow)
    fragments = {}
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
        fragments[experiment.name] = {view.name: view.fragment(number) for view in views}
    return fragments


def _run_views(runs: Sequence[Any]) -> Iterator[View]:
    """Yield the table of training runs, best first, and their charts and plots side by side."""
    recorded = {name for run in runs for name in run.data.metrics}
    metrics = [name for name in headline_metrics() if name in recorded]
    columns = [
        *[_column("tags", name) for name in _FIRST_TAGS],
        *[_column("metrics", name) for name in metrics],
        *[_column("tags", name) for name in _LAST_TAGS],
        _column("attributes", "Models"),
    ]
    page = _page("tags.kind = 'train'", MAIN, False, columns)
    yield View("compare", "Training runs, best first", False, page)
    pictures = [
        Section(title, [_picture(f"{when}_{name}") for name in _PICTURES], 1, 400) for when, title in WHEN.items()
    ]
    bars = Section("figures", [_bar(name) for name in metrics], 2, 260)
    yield View("figures", "Training runs, side by side", True, page | _charts(*pictures, bars))


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
        charts = _charts(Section("parameters and errors", [_parallel(params, [*folds, "value"])], 1, 480))
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
    """Return the state of a page of runs: its filter, order and columns."""
    return {
        "searchFilter": wanted,
        "orderByKey": _column("metrics", metric),
        "orderByAsc": ascending,
        "selectedColumns": columns,
        "columnOrder": [*_FIXED, *columns],
        "columnWidths": {**_FIXED, **{name: _width(name) for name in columns}},
        "runsHiddenMode": "SHOW_ALL",
    }


def _width(column: str) -> int:
    """Return pixels for a column's title and the sign of its sorting, or for its cells."""
    return _SHOWN_WIDTH if "overrides" in column else max(90, 6 * len(column.partition(".")[2]) + 12)


@dataclass(frozen=True)
class Section:
    """Charts below one title: the number per row, and their height."""

    title: str
    cards: Sequence[Mapping[str, Any]]
    columns: int
    height_pixels: int

    def cards_as_state(self) -> Iterator[dict[str, Any]]:
        """Yield the charts as MLflow keeps them."""
        common = {"deleted": False, "isGenerated": False, "runsCountToCompare": 100, "metricSectionId": self.title}
        for card in self.cards:
            yield {**common, **card}


def _charts(*sections: Section) -> dict[str, Any]:
    """Return the state of a page of charts: the sections open, and MLflow's own of all metrics closed below."""
    kept = {"isReordered": False, "deleted": False, "isGenerated": False}
    opened = [
        {"uuid": section.title, "name": section.title, "display": True, **kept}
        | {"columns": section.columns, "cardHeight": section.height_pixels}
        for section in sections
    ]
    every = {"uuid": _EVERY_METRIC, "name": _EVERY_METRIC, "display": False, **kept}
    cards = [card for section in sections for card in section.cards_as_state()]
    return {"compareRunCharts": cards, "compareRunSections": [*opened, every], "isAccordionReordered": True}


def _bar(metric: str) -> dict[str, Any]:
    return {"uuid": metric, "type": "BAR", "metricKey": metric, "displayName": metric}


def _picture(name: str) -> dict[str, Any]:
    title = name.partition("_")[2].replace("_", " ")
    return {"uuid": name, "type": "IMAGE", "imageKeys": [name], "step": 0, "showRunParams": False, "displayName": title}


def _parallel(params: list[str], metrics: list[str]) -> dict[str, Any]:
    axes = {"selectedParams": params, "selectedMetrics": metrics, "showAllRuns": True}
    return {"uuid": "parallel", "type": "PARALLEL", **axes}
