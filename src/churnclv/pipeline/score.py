"""Scoring from top to bottom: raw events in, one row of scores per customer out."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..bundle.pyfunc import verify
from ..bundle.scorer import SCORE_COLUMNS
from ..data.engine import EngineSettings, connect
from ..data.inspection.loaded_table import load_table
from ..decision.target_list import TARGET_COLUMNS
from ..errors import require
from ..files import digest
from ..outputs import (
    FolderOutput,
    Output,
    guard,
    has_header,
    holds_parts,
    messages_apart,
    require_apart,
    write_blocks,
    write_csv,
    write_parts,
)
from ..progress import Progress
from ..report.audience_files import audience_output, write_audiences
from ..report.contact_details import read_details
from ..tracking.home import Home
from .lineage import Opened, compare_with_bundle, open_bundle
from .scored_parts import ScoredParts, scored_parts
from .scoring_record import record_scoring
from .settings import ScoreConfig

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

BLOCK_ROWS = 50_000  # customers that are scored at a time


def score(config: ScoreConfig, progress: Progress, write_line: Callable[[str], None]) -> None:
    """Load the bundle, read the events with its mapping, write the scores and the contact list, and record the scoring.

    Parameters
    ----------
    config
        The configuration.
    progress
        Where steps are announced.
    write_line
        Takes a line on each file as it is complete. Where a file goes to standard output, what is printed meanwhile
        goes to standard error.

    Raises
    ------
    InputError
        There is no bundle, the file does not fit it, or an output cannot be written.
    """
    home, outputs = Home.of(config.tracking), name_outputs(config)
    tables = {f"tables.{name}": path for name, path in config.tables.items()}
    reads: dict[str, str | Path | None] = {"input": config.input, "contacts": config.contacts, **tables, **home.kept}
    guard(outputs, reads)
    progress.log(f"Reading {config.input}")
    opened = open_bundle(config, home)
    progress.log(opened.line)
    former = {f"tables.{name}": path for name, path in opened.tables.items() if name not in config.tables}
    require_apart(outputs, {**former, "model": opened.source.folder})  # known only now
    with messages_apart(outputs):
        scored = write_scores(config, opened, outputs, progress, write_line)
    record_scoring(opened, *scored, config.history, home)


def name_outputs(config: ScoreConfig) -> tuple[Output, ...]:
    """Return the outputs: the scores, and the contact list and the audience files if the settings name them."""
    columns, given = SCORE_COLUMNS[:5], config.output
    outputs: list[Output] = [
        FolderOutput("output", given, "scores", holds_parts(*columns))
        if given.endswith("/")
        else Output("output", given, "scores", has_header(*columns))
    ]
    if config.targets is not None:
        outputs.append(Output("targets", config.targets, "a contact list", has_header(*TARGET_COLUMNS[:4])))
    if config.audiences is not None:
        outputs.append(audience_output(config.audiences))
    return tuple(outputs)


def at_horizon(scorer: Any, days: int | None) -> Any:
    """Return the scorer for a horizon; None is the trained one.

    Raises:
        InputError: the bundle's code is of a former version, or its customers have no model that carries scores.
    """
    if days is None:
        return scorer
    able = hasattr(scorer, "at_horizon")
    require(able, "horizon_days: this bundle was written by a former version.", remedy="make export again.")
    return scorer.at_horizon(days)


def write_scores(
    config: ScoreConfig,
    opened: Opened,
    outputs: tuple[Output, ...],
    progress: Progress,
    write_line: Callable[[str], None],
) -> "tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]":
    """Score the customers, write the rows and the contact list, and return feature rows, scores and list.

    Where a command was killed, the same command goes on with the blocks that it had scored.
    """
    scorer, events = at_horizon(opened.scorer, config.horizon_days), opened.events
    for line in events.quality.lines():
        progress.log(line)
    for notice in compare_with_bundle(scorer, events):
        progress.log(notice.line())
    rows = scorer.features(events, config.as_of)
    blocks = []

    def checked_blocks(parts: ScoredParts) -> Iterator["pd.DataFrame"]:
        for block in score_blocks(scorer, rows, config.language, progress, config.curve_days, parts):
            blocks.append(block[list(SCORE_COLUMNS)])
            yield block
        for notice in scorer.notices(events, rows, _below(blocks)):  # before the file is put in place
            progress.log(notice.line())

    with scored_parts(outputs[0], len(rows) > BLOCK_ROWS, lambda: _identify(opened, config)) as parts:
        if isinstance(outputs[0], FolderOutput):
            write_parts(checked_blocks(parts), outputs[0])
        else:
            write_blocks(checked_blocks(parts), outputs[0])
    scores = _below(blocks)
    as_of, days = (scores[name].iloc[0] if len(scores) else None for name in ("as_of", "horizon_days"))
    when = f" as of {as_of}, horizon {days:.0f} days" if as_of is not None else ""
    contacted = scores["action"] == "contact"
    write_line(f"{config.output}: {len(scores):,} customers scored{when}")
    write_line(
        f"{contacted.sum():,} are worth contacting; expected to bring {scores['expected_gain'][contacted].sum():,.2f}"
    )
    listed = None
    for output in outputs[1:]:
        if isinstance(output, FolderOutput):
            written: Any = write_audiences(scores, _contact_details(config, scores), output)
        else:
            listed, written = scorer.targets(rows, config.budget)
            write_csv(listed, output)
        write_line(f"{output.given}: {written}")
    return rows, scores, listed


def _identify(opened: Opened, config: ScoreConfig) -> str:
    """Return what the scores of a feature row depend on besides the row."""
    bundle = opened.source.manifest or verify(opened.source.folder)
    return digest(bundle, SCORE_COLUMNS, config.language, config.horizon_days, config.curve_days)


def _contact_details(config: ScoreConfig, scores: Any) -> Any:
    """Return the contact details of the scored customers, from the table of contacts if the settings name one."""
    contacts = None if config.contacts is None else load_table(connect(EngineSettings()), config.contacts).cells()
    return read_details(contacts, scores["customer_id"], config.phone_country_code)


def score_blocks(
    scorer: Any,
    rows: "pd.DataFrame",
    language: str,
    progress: Progress,
    curve_days: Sequence[int] = (),
    parts: ScoredParts = ScoredParts(),  # noqa: B008 # it is frozen
) -> Iterator["pd.DataFrame"]:
    """Yield the score rows of feature rows, block by block, with the time that is left; each row is scored alone.

    What a model adds to a row, such as its reasons, then needs memory for one block only. A bundle of another version
    has its own code, and the columns that it does not know are empty. `curve_days` adds a churn score for each. Blocks
    among the `parts` are not scored again.

    Raises:
        InputError: there are `curve_days`, and the bundle is of a former version or has no time.
    """
    able = not curve_days or hasattr(scorer, "churn_curve")
    require(able, "curve_days: this bundle was written by a former version.", remedy="make export again.")

    def score_some(some: "pd.DataFrame") -> "pd.DataFrame":
        scores = _with_all_columns(scorer.score(some, language))
        return scores.join(scorer.churn_curve(some, curve_days)) if curve_days else scores

    starts = range(0, max(len(rows), 1), BLOCK_ROWS)
    if len(starts) == 1:
        yield score_some(rows)
        return
    seconds, scored = 0.0, 0
    with progress.steps(f"Scoring {len(rows):,} customers", len(starts)) as advance:
        for finished, start in enumerate(starts, start=1):
            begin, some = progress.seconds, rows.iloc[start : start + BLOCK_ROWS]
            block = parts.load(some)
            is_new = block is None
            if block is None:
                block = score_some(some)
                parts.store(some, block)
            yield block
            if is_new:
                seconds, scored = seconds + progress.seconds - begin, scored + 1
            left = seconds / max(scored, 1) * (len(starts) - finished)
            advance(f"about {left:.0f} s left" if scored else "scored before")


def _with_all_columns(scores: "pd.DataFrame") -> "pd.DataFrame":
    return scores.reindex(columns=list(dict.fromkeys((*SCORE_COLUMNS, *scores.columns))))


def _below(blocks: list["pd.DataFrame"]) -> "pd.DataFrame":
    import pandas as pd

    return pd.concat(blocks, ignore_index=True) if len(blocks) > 1 else blocks[0]
