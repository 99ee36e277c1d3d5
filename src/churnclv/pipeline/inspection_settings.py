"""The configuration of an inspection, apart from the others: it needs few packages, and should begin at once."""

from dataclasses import dataclass, field

from ..data.engine import EngineSettings


@dataclass
class InspectConfig:
    """The configuration of an inspection.

    Attributes:
        path: the file; several between commas, or between blanks.
        save: the name of a file of settings to write, `conf/data/<name>.yaml`; null writes none.
        sheet: of an Excel workbook with several.
        encoding: of a text file.
    """

    path: str = "???"
    save: str | None = None
    sheet: str | None = None
    encoding: str = "auto"
    engine: EngineSettings = field(default_factory=EngineSettings)
