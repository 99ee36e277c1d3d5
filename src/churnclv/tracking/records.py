"""The records of a run, written one by one to a sink."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..redaction import redact_values

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure

    from ..bundle.writer import BundleParts


@dataclass(frozen=True)
class Params:
    """Choices, by dotted name."""

    values: Mapping[str, Any]


@dataclass(frozen=True)
class Metrics:
    """Figures, by dotted name such as `valid.churn.auc`."""

    values: Mapping[str, float]


@dataclass(frozen=True)
class Tags:
    """Facts about the run, by dotted name."""

    values: Mapping[str, str]


@dataclass(frozen=True)
class Text:
    """A page at `path` among the artefacts."""

    path: str
    content: str


@dataclass(frozen=True)
class Table:
    """A table at `path` (Parquet) among the artefacts; never with customer ids."""

    path: str
    frame: "pd.DataFrame"


@dataclass(frozen=True)
class Drawing:
    """A figure at `path` among the artefacts."""

    path: str
    figure: "Figure"


@dataclass(frozen=True)
class Folder:
    """A local folder to be kept among the artefacts under `path`."""

    path: str
    source: "Path"


@dataclass(frozen=True)
class Model:
    """The fitted models of the run, its choices by dotted name, and a sentence on them."""

    parts: "BundleParts"
    parameters: Mapping[str, Any]
    description: str


@dataclass(frozen=True)
class Input:
    """The training data set of the run."""

    name: str
    digest: str
    source: str
    profile: Mapping[str, Any]


@dataclass(frozen=True)
class Trial:
    """A finished trial of a study."""

    study: str
    number: int
    state: str
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    started: datetime
    ended: datetime


Record = Params | Metrics | Tags | Text | Table | Drawing | Folder | Model | Input | Trial


def redacted(record: Record) -> Record:
    """Return a record whose texts hold no credentials; tables, drawings and folders carry none of the settings."""
    texts = {name: value for name, value in vars(record).items() if isinstance(value, str | Mapping)}
    return replace(record, **{name: redact_values(value) for name, value in texts.items()})
