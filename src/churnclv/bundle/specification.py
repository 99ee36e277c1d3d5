"""The specification of a bundle: its training settings, stored as JSON and read back as the rooms' own types."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ..data.readings import ColumnReading
from ..data.settings import DataSettings
from ..data.sketch import EventSketch
from ..decision.economics import EconomicsSettings
from ..errors import InputError
from ..features.families import BUILT_IN
from ..features.settings import FeatureSettings
from ..files import read_json, write_json
from ..snapshots.customer_kinds import kind_of
from ..snapshots.settings import WindowSettings

FORMAT = 1
_FILE = "contract.json"  # the name in bundles of all versions


@dataclass
class BundleSpecification:
    """Settings and provenance of a bundle, which is fitted on everything before the day `fitted_through`.

    `origin` is the name of the data's file without its folder. `sketch` distinguishes its log from another shop's; a
    labelled table has none. No path is kept.
    `readings` give the way to read the columns of a labelled table, or attributes of customers.
    `customers` is the number of customers in that log; None in a bundle of an earlier version.
    """

    data: DataSettings
    windows: WindowSettings
    features: FeatureSettings
    economics: EconomicsSettings
    fitted_through: str
    data_fingerprint: str
    run_id: str
    versions: dict[str, str] = field(default_factory=dict)
    readings: dict[str, ColumnReading] = field(default_factory=dict)
    format: int = FORMAT
    origin: str = ""
    sketch: EventSketch | None = None
    customers: int | None = None

    @property
    def fitted_until(self) -> datetime | None:
        """The day before which all data was used for the fit; None for a labelled table, which has no time."""
        return datetime.fromisoformat(self.fitted_through) if kind_of(self.data.shape).has_time else None

    def custom_families(self, folder: Path) -> list[str]:
        """Return the families, with the paths of a user's own files inside the bundle."""
        return [name if name in BUILT_IN else str(folder / name) for name in self.features.families]


def specification_of(scorer: Any) -> Any:
    """Return the specification of a loaded scorer, whose code may be of a version that named it `contract`."""
    return getattr(scorer, "specification", None) or scorer.contract


def write_specification(folder: Path, specification: BundleSpecification) -> None:
    """Write the specification as JSON."""
    from pydantic import TypeAdapter

    write_json(folder / _FILE, TypeAdapter(BundleSpecification).dump_python(specification, mode="json"))


def read_specification(folder: Path) -> BundleSpecification:
    """Read a specification.

    Raises:
        InputError: it was written by a later version.
    """
    from pydantic import TypeAdapter

    stored = read_json(folder / _FILE)
    if stored.get("format") != FORMAT:
        raise InputError(
            f"{folder}: bundle format {stored.get('format')}, this code reads {FORMAT}.",
            remedy="export it again.",
        )
    return TypeAdapter(BundleSpecification).validate_python(stored)
