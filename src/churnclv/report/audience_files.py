"""Audience files: by segment and action, the customers in the formats that marketing tools import, and a workbook."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd

from ..decision.scored_customers import TREATMENT
from ..files import read_json, write_json
from ..outputs import FolderOutput
from .audience_formats import FORMATS, defuse
from .estimates import is_unknown

_INDEX, _WORKBOOK = "audiences.json", "audiences.xlsx"
_NO_SEGMENT, _NO_ACTION = "no segment", "no score"
_LONGEST_SHEET = 31  # characters, of Excel
_MOST_SHEET_ROWS = 1_048_575  # of Excel, beside the header


@dataclass(frozen=True)
class AudienceTotals:
    """What was written: audiences, customers in them, and how many of these have an e-mail address or a phone."""

    audiences: int
    customers: int
    reachable: int

    def __str__(self) -> str:
        """Return the totals as a sentence."""
        return (
            f"{self.audiences:,} audiences, {self.customers:,} customers, {self.reachable:,} with an address or a phone"
        )


def audience_output(folder: str) -> FolderOutput:
    """Return the folder of audience files as an output; an earlier one is replaced if nothing else is in it."""
    return FolderOutput("audiences", folder, "audience files of an earlier run", holds_audiences)


def holds_audiences(folder: Path) -> bool:
    """Return whether a folder holds the files that its index names, and no others."""
    try:
        named = set(read_json(folder / _INDEX)["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    return present <= named | {_INDEX}


def write_audiences(scores: pd.DataFrame, details: pd.DataFrame, output: FolderOutput) -> AudienceTotals:
    """Write the audiences, one folder per segment, action and treatment, with a file per format, and a workbook of all.

    Parameters
    ----------
    scores
        Score rows.
    details
        The contact details of the same customers, in the same order, as `read_details` returns them.
    output
        The folder, which is put in place as a whole.

    Returns
    -------
    AudienceTotals
    """
    rows = pd.concat(
        [scores.reset_index(drop=True), details.drop(columns="customer_id").reset_index(drop=True)], axis=1
    )
    segments = rows["segment"].fillna(_NO_SEGMENT).astype(str)
    actions = rows["action"].fillna(_NO_ACTION).astype(str)
    arms = rows[TREATMENT].fillna("").astype(str) if TREATMENT in rows else actions.map(lambda _: "")
    named = [segments.rename("of_segment"), actions.rename("of_action"), arms.rename("of_arm")]
    audiences = rows.groupby(named, sort=True)
    with output.replacing() as folder:
        files, places = [], set[str]()
        for (segment, action, arm), members in audiences:
            parts = [_slug(str(part)) for part in (segment, action, arm) if part]
            place = next(name for name in _numbered("-".join(parts)) if name not in places)
            places.add(place)
            (folder / place).mkdir()
            for one in FORMATS.values():
                one.table(members).to_csv(folder / place / one.file, index=False)
                files.append(f"{place}/{one.file}")
        _write_workbook(rows, segments, folder / _WORKBOOK)
        write_json(folder / _INDEX, {"files": sorted([*files, _WORKBOOK])})
    reachable = int(((rows["email"] != "") | (rows["phone"] != "")).sum())
    return AudienceTotals(audiences.ngroups, len(rows), reachable)


def _numbered(name: str) -> Iterator[str]:
    """Yield a name, and names with a number: different treatments may have one name in plain letters."""
    yield name
    yield from (f"{name}_{number}" for number in count(2))


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "other"


def _write_workbook(rows: pd.DataFrame, segments: "pd.Series[str]", path: Path) -> None:
    """Write a sheet per segment; texts are texts for Excel too, whatever they begin with."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    for segment, members in rows.groupby(segments, sort=True):
        table = defuse(FORMATS["plain"].table(members.head(_MOST_SHEET_ROWS)))
        sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\']", " ", str(segment))[:_LONGEST_SHEET])
        sheet.append(list(table.columns))
        for values in table.itertuples(index=False):
            sheet.append([_cell(WriteOnlyCell, sheet, value) for value in values])
    if not book.worksheets:
        book.create_sheet(_NO_SEGMENT)
    book.save(path)


def _cell(kind: Any, sheet: Any, value: Any) -> Any:
    if is_unknown(value):
        return None
    if not isinstance(value, str):
        return value
    cell = kind(sheet, value=re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", value))
    cell.data_type = "s"
    return cell
