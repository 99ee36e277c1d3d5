"""The steps of a report: the champion's scores where there is a champion for these data, the page, and its record."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from .config import ReportConfig
from .data.events import Events
from .data.labelled import LabelledTable
from .decision.economics import EconomicsSettings, ValueAtStake
from .errors import InputError
from .insight.champion import Champion
from .insight.page import Page, write_page, write_report, write_tables
from .insight.section import Section
from .insight.words.catalogue import Words
from .progress import Progress
from .tracking import records
from .tracking.home import Home
from .tracking.provenance import code_commit
from .tracking.sink import open_run


@dataclass(frozen=True)
class Found:
    """The champion, or None, and what the page has to say about that."""

    champion: Champion | None
    notes: tuple[str, ...] = ()


def find_champion(
    config: ReportConfig, home: Home, data: Events | LabelledTable, as_of: datetime | None, words: Words
) -> Found:
    """Score the data with the named bundle, or with the champion of the experiment if it was fitted on these data.

    Raises:
        InputError: a bundle was named, and it is not there, is damaged, or does not fit the data.
    """
    from .bundle.loading import load_bundle
    from .tracking.registry import locate_bundle

    name = config.tracking.experiment or config.data.name
    try:
        folder = locate_bundle(home, config.model or f"models:/{name}@champion")
        scorer = load_bundle(folder)
    except InputError:
        if config.model is not None:
            raise
        return Found(None)
    if config.model is None and scorer.contract.data_fingerprint != data.quality.fingerprint:
        return Found(None, (words.say("note.other_champion", name=name),))
    rows = _feature_rows(scorer, data, as_of)
    scores = scorer.score(rows, config.report.language)
    through = scorer.contract.fitted_through
    late = as_of is not None and f"{as_of:%Y-%m-%d}" < through
    notes = (words.say("note.looks_ahead", through=through),) if late else ()
    signs, signs_of = _read_signs(home, scorer.contract.run_id, words.language.name)
    economics, horizon = _own(scorer.contract.economics), scorer.contract.windows.horizon_text
    return Found(Champion(scores, economics, horizon, scorer.folder / "models", rows, through, signs, signs_of), notes)


def _feature_rows(scorer: Any, data: Events | LabelledTable, as_of: datetime | None) -> pd.DataFrame:
    """Return the bundle's feature rows; it runs code of its own, which knows shapes by its own word for them."""
    if isinstance(data, Events):
        rows: pd.DataFrame = scorer.features(replace(data, shape=scorer.contract.data.shape), as_of)
        return rows
    keys = pd.DataFrame({"customer_id": data.ids, "cutoff": pd.NaT, "in_population": True})
    return pd.concat([keys, data.frame.reset_index(drop=True)], axis=1)


def _own(economics: Any) -> EconomicsSettings:
    """Return a bundle's economics as this code's own."""
    return EconomicsSettings(**{**vars(economics), "value_at_stake": ValueAtStake(economics.value_at_stake.value)})


def _read_signs(home: Home, run_id: str, language: str) -> tuple[pd.DataFrame, str]:
    """Return the signs that the champion's run found, in words, and whether they are of leaving or of staying."""
    from .tracking.registry import find_run

    try:
        path = find_run(home, run_id, "", higher_is_better=True).artifacts / "signs.parquet"
    except InputError:  # a bundle from elsewhere
        return pd.DataFrame(), "leaving"
    if not path.is_file():
        return pd.DataFrame(), "leaving"
    signs = pd.read_parquet(path)
    return signs.assign(sign=signs[language]), str(signs["of"].iloc[0]) if len(signs) else "leaving"


def publish(config: ReportConfig, home: Home, page: Page, sections: Sequence[Section], words: Words) -> Path:
    """Write the page and its tables, and return the page's path."""
    path = Path(config.out).expanduser().resolve() if config.out else home.root / "report" / "report.html"
    html = write_page(page, sections, words)
    write_report(path, html)
    write_tables(path.parent / f"{path.stem}_tables", sections)
    return path


def record(config: ReportConfig, home: Home, path: Path, facts: dict[str, Any], progress: Progress) -> str:
    """Log the page to MLflow, which never sees the tables beside it; return the run's id."""
    progress.say(f"Recording it in {home.root}")
    with open_run(home, config.tracking.experiment or config.data.name, f"report {facts['as_of']}") as sink:
        sink.write(records.Tags({"kind": "report", "code.commit": code_commit(), **facts}))
        sink.write(records.Text("report.html", path.read_text(encoding="utf-8")))
        return sink.run_id


def summarise(path: Path, sections: Sequence[Section], words: Words, champion: Champion | None) -> str:
    """Return what was found and written, and what to do next."""
    told = [f"  {words.say(f'{section.name}.title')}: {section.headline}" for section in sections if section.headline]
    tables = sum(len(section.tables) for section in sections)
    missing = "Next:  make train, make export, make report    scores: who is leaving, what is at stake, whom to contact"
    opened = "Next:  open the page in a browser; the contact list lies beside it"
    lines = ["In short" if words.language.name == "en" else "In breve", *told, "",
             f"{path}: {path.stat().st_size:,} bytes, with {tables} tables in {path.stem}_tables/", "",
             missing if champion is None else opened]  # fmt: skip
    return "\n".join(lines)


def facts_of(fingerprint: str, as_of: str, champion: Champion | None, sections: Sequence[Section]) -> dict[str, str]:
    """Return what the run's tags say of the report."""
    told = json.dumps([section.name for section in sections])
    return {"data.fingerprint": fingerprint, "as_of": as_of, "scored": str(champion is not None), "sections": told}
