"""A report from top to bottom: the champion's scores if these data have a champion, the page, and its record."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from ..bundle.specification import specification_of
from ..data.events import Events
from ..data.labelled_table import LabelledTable
from ..data.paths import input_paths, set_aside_outputs
from ..decision.economics import EconomicsSettings, ValueAtStake
from ..errors import InputError
from ..outputs import guard
from ..progress import Progress
from ..report.acquisition_costs import read_costs
from ..report.bundle_scores import Champion
from ..report.page import Page, page_outputs, write_page, write_report, write_tables
from ..report.section import Section
from ..report.sections import REPORTS
from ..report.texts.translation import Translation
from ..tracking import records
from ..tracking.home import Home
from ..tracking.provenance import code_commit
from ..tracking.sink import open_run, restore_experiment
from .kind_steps import steps_of
from .settings import ReportConfig


def report(config: ReportConfig, progress: Progress) -> str:
    """Read the data, score them with the champion if there is one, and write and record the page.

    Returns
    -------
    str
        The headlines, what was written, and what to do next.

    Raises
    ------
    InputError
        The data or the configuration are at fault.
    """
    home, translation = Home.of(config.tracking).made(), Translation.of(config.report.language)
    guard_outputs(config, home)
    if config.report.costs is not None:
        read_costs(Path(config.report.costs), config.report.period)
    for notice in restore_experiment(home, config.tracking.experiment or config.data.name):
        progress.log(notice.line())
    progress.log(f"Reading {config.data.name}")
    data = steps_of(config.data.shape).read(config.data, config.engine, home)
    for line in data.quality.lines():
        progress.log(line)
    built = build_report(config, home, data, translation, progress)
    path = publish(config, home, built, translation)
    progress.log(f"Recording it in {home.root}")
    record(config, home, path, built, data.quality.fingerprint)
    return summarise(path, built, translation)


@dataclass(frozen=True)
class ChampionScores:
    """The champion, or None, and the page's notes about it."""

    champion: Champion | None
    notes: tuple[str, ...] = ()


def find_champion(
    config: ReportConfig, home: Home, data: Events | LabelledTable, as_of: datetime | None, translation: Translation
) -> ChampionScores:
    """Score the data with the named bundle, or with the experiment's champion that was fitted on these data.

    Raises:
        InputError: the bundle is not there, is damaged, is not the one that was registered, or does not fit the data.
    """
    from ..bundle.loading import load_bundle
    from ..tracking.registry import fitted_on, has_champion, locate_bundle

    name = config.tracking.experiment or config.data.name
    if config.model is not None:
        source = locate_bundle(home, config.model)
    elif (champion := fitted_on(home, name, data.quality.fingerprint)) is not None:
        source = champion
    else:
        notes = (translation.text("note.other_champion", name=name),) if has_champion(home, name) else ()
        return ChampionScores(None, notes)
    scorer = load_bundle(source.folder, registered=source.manifest)
    rows = steps_of(config.data.shape).feature_rows(scorer, data, as_of)
    language = config.report.language
    able = hasattr(scorer, "score_and_cite")  # bundles of former versions are not
    scores, reasons = scorer.score_and_cite(rows, language) if able else (scorer.score(rows, language), pd.DataFrame())
    through = specification_of(scorer).fitted_through
    late = as_of is not None and f"{as_of:%Y-%m-%d}" < through
    notes = (translation.text("note.looks_ahead", through=through),) if late else ()
    signs, signs_of = _read_signs(home, specification_of(scorer).run_id, translation.language.name)
    economics = _convert(specification_of(scorer).economics)
    models = scorer.folder / "models"
    return ChampionScores(Champion(scores, economics, models, rows, through, signs, signs_of, reasons), notes)


def _convert(economics: Any) -> EconomicsSettings:
    """Return the economics of a bundle's code as this code's class."""
    return EconomicsSettings(**{**vars(economics), "value_at_stake": ValueAtStake(economics.value_at_stake.value)})


def _read_signs(home: Home, run_id: str, language: str) -> tuple[pd.DataFrame, str]:
    """Return the risk rules of the champion's run as text, and whether they are of leaving or of staying."""
    from ..tracking.registry import find_run

    try:
        path = find_run(home, run_id, "", higher_is_better=True).artifacts / "signs.parquet"
    except InputError:  # a bundle from elsewhere
        return pd.DataFrame(), "leaving"
    if not path.is_file():
        return pd.DataFrame(), "leaving"
    signs = pd.read_parquet(path)
    return signs.assign(sign=signs[language]), str(signs["of"].iloc[0]) if len(signs) else "leaving"


@dataclass(frozen=True)
class Report:
    """A report: the page's title and notes, its sections, the champion that scored the customers, and its day."""

    page: Page
    sections: list[Section]
    champion: Champion | None
    day: str


def build_report(
    config: ReportConfig, home: Home, data: Events | LabelledTable, translation: Translation, progress: Progress
) -> Report:
    """Score the customers with the champion, if these data have one, and build the sections of their kind."""
    progress.log("Scoring with the champion, if there is one for these data")
    content = REPORTS[config.data.shape](data, config.report)
    scores = find_champion(config, home, data, content.as_of, translation)
    sections = content.render(translation, scores.champion, config.economics.margin, progress)
    notes = (*scores.notes, *content.notes(translation, scores.champion))
    page = Page(translation.text("page.title"), content.about(translation, config.data.name), notes)
    return Report(page, sections, scores.champion, content.day)


def guard_outputs(config: ReportConfig, home: Home) -> None:
    """Check, before any work, that the page and the rows set aside can be written and would destroy no file.

    Raises:
        InputError: as `guard`.
    """
    model = None if config.model is None or config.model.startswith("models:") else config.model
    chosen = {"report.costs": config.report.costs, "report.thresholds": config.report.thresholds, "model": model}
    chosen |= {"report.effects": config.report.effects}
    chosen |= {f"report.campaigns ({folder})": folder for folder in config.report.campaigns}
    outputs = (*page_outputs(home.report if config.out is None else config.out), *set_aside_outputs(config.data))
    guard(outputs, {**input_paths(config.data), **chosen, **home.kept})


def publish(config: ReportConfig, home: Home, report: Report, translation: Translation) -> Path:
    """Write the page and its tables, and return the page's path."""
    page, tables = page_outputs(home.report if config.out is None else config.out)
    with page.faults():
        write_report(page.target, write_page(report.page, report.sections, translation))
    with tables.faults():
        write_tables(tables.target, report.sections)
    return page.target


def record(config: ReportConfig, home: Home, path: Path, report: Report, fingerprint: str) -> str:
    """Log the page to MLflow, without the tables beside it; return the run's id."""
    tags = {"kind": "report", "as_of": report.day, "data.fingerprint": fingerprint, "code.commit": code_commit()}
    sections = json.dumps([section.name for section in report.sections])
    with open_run(home, config.tracking.experiment or config.data.name, f"report {report.day}") as sink:
        sink.write(records.Tags(tags | {"scored": str(report.champion is not None), "sections": sections}))
        sink.write(records.Text("report.html", path.read_text(encoding="utf-8")))
        return sink.run_id


def summarise(path: Path, report: Report, translation: Translation) -> str:
    """Return the headlines, what was written, and what to do next."""
    headlines = [
        f"  {translation.text(f'{part.name}.title')}: {part.headline}" for part in report.sections if part.headline
    ]
    tables = sum(len(part.tables) for part in report.sections)
    written = f"{path}: {path.stat().st_size:,} bytes; {tables} tables in {path.stem}_tables/"
    lines = [translation.text("page.summary"), *headlines, "", written, ""]
    if report.champion is None:
        return "\n".join([*lines, "Next:  make train, make export, then make report again, with scores"])
    return "\n".join([*lines, f"Next:  open {path.name} in a browser; contact_list.csv lists whom to contact"])
