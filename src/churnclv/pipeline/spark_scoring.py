"""Scoring on Spark: the rows of a log are gathered by customer, and each task scores some customers with the bundle."""

import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

from ..bundle.loading import load_bundle
from ..data.spark_rows import list_files, read_rows
from ..data.spark_session import open_session
from ..databases import is_address
from ..errors import InputError, require
from ..outputs import PARQUET, FolderOutput, Output, guard
from ..progress import Progress
from ..tracking.home import Home
from ..tracking.registry import BundleSource, locate_bundle
from .lineage import notices_of_overlap
from .score import at_horizon, name_outputs
from .settings import ScoreConfig
from .spark_parts import PART, RESULT, PartWork, place_rows, score_part

_ONE_MACHINE = "leave it out, or score on one machine: engine.name=duckdb."


def score_on_spark(config: ScoreConfig, progress: Progress, write_line: Callable[[str], None]) -> None:
    """Score a log on Spark, and put the folder of scores in place after the checks of the whole log.

    Parameters
    ----------
    config
        The configuration, whose engine is Spark.
    progress
        Where steps are announced.
    write_line
        Takes a line on the scores.

    Raises
    ------
    InputError
        Spark does not do what is configured or cannot be started, there is no bundle, or the log does not fit it.
    """
    _require_possible(config)
    home, (output,) = Home.of(config.tracking), name_outputs(config)
    guard((output,), {"input": config.input, **home.kept})
    source = locate_bundle(home, config.model)
    guard((output,), {"model": source.folder})
    log = _open_log(config, source)
    files = list_files(config.input)
    shape = log.shape(files)
    progress.log(f"Scoring with {source} on Spark")
    session = open_session(config.engine.master)
    frame = read_rows(session, files, len(shape.header), shape.separator, shape.encoding)
    customers = _count_values(frame, f"c{shape.id_place}")
    work = _describe_work(config, source, shape, max(1, ceil(customers / config.engine.part_customers)))
    placed = _place(frame, work)
    try:
        for line in SparkScoring(log, log.settings(files[0]), placed, work, progress).write(output):
            write_line(line)
    finally:
        placed.unpersist()  # Spark would take these rows for those of the next log of that name
    progress.log("Scorings on Spark are not in the history: make monitor does not see them.")


def _open_log(config: ScoreConfig, source: BundleSource) -> Any:
    """Return the bundle as one that scores in parts, in the code of the bundle.

    Raises:
        InputError: it cannot.
    """
    scorer = at_horizon(load_bundle(source.folder, registered=source.manifest), config.horizon_days)
    remedy = "make export again, of a log of orders or contracts."
    require(hasattr(scorer, "parts"), "engine.name=spark: this bundle cannot score in parts.", remedy=remedy)
    return scorer.parts(_reading(config))


def _reading(config: ScoreConfig) -> dict[str, Any]:
    """Return the fields of the bundle's `FileReading`."""
    formats = {"date_format": config.date_format, "reading": config.data.chosen()}
    return {"columns": dict(config.columns), "as_of": config.as_of, **formats}


def _describe_work(config: ScoreConfig, source: BundleSource, shape: Any, parts: int) -> PartWork:
    """Return what the tasks have in common; the files that they write are UTF-8, whatever the log is."""
    how = _reading(config)
    how["reading"].pop("encoding", None)
    return PartWork(
        bundle=str(source.folder.resolve()),
        manifest=source.manifest,
        input=config.input,
        header=shape.header,
        separator=shape.separator,
        id_place=shape.id_place,
        how=how,
        parts=parts,
        horizon_days=config.horizon_days,
        language=config.language,
        curve_days=list(config.curve_days),
    )


def _require_possible(config: ScoreConfig) -> None:
    """Raise `InputError` for what scoring on Spark does not do."""
    for name in ("targets", "audiences"):
        given = getattr(config, name)
        require(given is None, f"{name}={given}: is not written on Spark.", remedy=_ONE_MACHINE)
    require(not config.tables, "tables: further tables are not read on Spark.", remedy=_ONE_MACHINE)
    address = is_address(config.input)
    require(not address, "input: Spark reads Parquet and CSV files, no server.", remedy="export the table as Parquet.")
    remedy = "name a folder, with a slash at its end: output=scores/."
    require(config.output.endswith("/"), f"output={config.output}: Spark writes a folder of parts.", remedy=remedy)


def _count_values(frame: Any, column: str) -> int:
    """Return the number of different values in a column."""
    from pyspark.sql.functions import count_distinct

    return int(frame.agg(count_distinct(frame[column])).first()[0])


def _place(frame: Any, work: PartWork) -> Any:
    """Return the rows with the number of their part, each part in one task."""
    from pyspark import StorageLevel

    schema = ", ".join([*(f"{name} {kind}" for name, kind in frame.dtypes), f"{PART} bigint"])
    placed = frame.mapInArrow(lambda batches: place_rows(work, batches), schema)
    return placed.repartition(work.parts, PART).persist(StorageLevel.DISK_ONLY)


@dataclass(frozen=True)
class SparkScoring:
    """A log on Spark that is scored with a bundle.

    Attributes:
        log: the bundle's `LogParts`.
        settings: by which the log is read.
        placed: its rows, with the number of their part.
        work: what the tasks have in common.
        progress: where steps are announced.
    """

    log: Any
    settings: Any
    placed: Any
    work: PartWork
    progress: Progress

    def write(self, output: Output) -> Iterator[str]:
        """Score all parts, put the folder in place if the log passes its checks, and yield lines on the scores."""
        if not isinstance(output, FolderOutput):
            raise TypeError(output)
        end, notices = None, []
        if self.work.how["as_of"] is None:
            self.progress.log(f"Reading {self.work.input} in {self.work.parts} parts, for its last day")
            read = self._run(self.work)
            whole = self._join(*read)
            notices, end = [*self.log.check_days(read[0], whole, self.settings)], whole.end
        self.progress.log(f"Scoring {self.work.input} in {self.work.parts} parts")
        with output.replacing() as folder:
            facts, malformed = self._run(replace(self.work, end=end, folder=str(folder)))
            whole = self._join(facts, malformed)
            earlier = any(part.scored for part in facts)
            require(earlier, f"no event lies before as_of={self.work.how['as_of']}.", remedy="give a later date.")
            self._announce(facts, whole, notices)
            _remove_others(folder)
        yield from _totals(facts, output)

    def _run(self, work: PartWork) -> tuple[list[Any], int]:
        """Return the facts of each part, by its number, and the number of rows in no part.

        Raises:
            InputError: of the first part with a fault.
        """
        results = self.placed.groupBy(PART).applyInArrow(lambda table: score_part(work, table), RESULT).toArrow()
        rows = sorted(results.to_pylist(), key=lambda row: row[PART])
        for fault in (row["fault"] for row in rows if row["fault"] is not None):
            raise InputError(fault)
        facts = [pickle.loads(row["facts"]) for row in rows if row["facts"]]  # noqa: S301 # our tasks made them
        return facts, sum(row["malformed"] for row in rows)

    def _join(self, facts: list[Any], malformed: int) -> Any:
        return self.log.join(facts, self.settings, self.work.input, malformed)

    def _announce(self, facts: list[Any], whole: Any, notices: Iterable[Any]) -> None:
        """Print what was read and set aside, and the notices on the log and its scores."""
        for line in whole.quality.lines():
            self.progress.log(line)
        overlap = notices_of_overlap(self.log.scorer, self.log.overlap(facts))
        for notice in (*notices, *overlap, *self.log.notices(facts, whole)):
            self.progress.log(notice.line())


def _remove_others(folder: Path) -> None:
    """Remove what a task that was stopped has left beside the parts of the scores."""
    for path in folder.iterdir():
        if path.suffix != PARQUET or not path.name.startswith("part-"):
            path.unlink()


def _totals(facts: list[Any], output: FolderOutput) -> Iterator[str]:
    """Yield lines on the number of scores, and on the customers who are worth contacting."""
    scored = [part for part in facts if part.scored]
    first, contacted = scored[0], sum(part.gains.customers for part in scored)
    gain = sum(part.gains.total for part in scored)
    when = f" as of {first.as_of}, horizon {first.horizon_days:.0f} days"
    yield f"{output.given}: {sum(part.scored for part in scored):,} customers scored{when}"
    yield f"{contacted:,} are worth contacting; expected to bring {gain:,.2f}"
