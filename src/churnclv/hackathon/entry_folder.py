"""An entry's folder in `experiments/`: its configuration, its own code, its README, and the results it handed in."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import is_name, require
from ..files import PROJECT, read_json, write_json, write_text
from ..outputs import FolderOutput
from .result import Result

EXPERIMENTS = os.environ.get("CHURNCLV_EXPERIMENTS", str(PROJECT / "experiments"))
_DELTA, _README, _RESULTS = "entry.yaml", "README.md", "results"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CONFIG = """\
# @package _global_
# What this entry changes, with the names of `conf/`: `override /group: name` selects a group, values are set below.
# make train EXPERIMENT={name}
defaults: []
#  - override /churn: logistic

# features:
#   families: [recency, frequency, money, experiments/{name}/features.py:example]
# churn:
#   custom: experiments/{name}/model.py:Example
"""
_README_TEXT = """\
# {name}

**Hypothesis.** What should be better, for whom, and why.

**Tried.** What `entry.yaml` and the code beside it change.

**Verdict.** Open.
"""


@dataclass(frozen=True)
class Entry:
    """One hackathon submission."""

    folder: Path

    @property
    def name(self) -> str:
        """The entry's name, which is its folder's."""
        return self.folder.name

    @property
    def delta(self) -> Path:
        """The file with the configuration that the entry changes."""
        return self.folder / _DELTA

    def result_path(self, dataset: str) -> Path:
        """Return where the result on a data set is kept."""
        return self.folder / _RESULTS / f"{dataset}.json"

    def hand_in(self, dataset: str, result: Result) -> Path:
        """Keep a result and return where."""
        path = self.result_path(dataset)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, result.as_dict())
        return path

    def results(self) -> dict[str, Result]:
        """Return the results by data set.

        Raises:
            InputError: a file is not a result.
        """
        files = sorted((self.folder / _RESULTS).glob("*.json"))
        return {path.stem: Result.from_dict(_read(path), str(path)) for path in files}


def _read(path: Path) -> object:
    try:
        return read_json(path)
    except ValueError:
        return None


def start_entry(root: Path, name: str) -> Entry:
    """Make the folder of a new entry, with files to fill in.

    Raises:
        InputError: the name is not a valid folder name, or is taken.
    """
    valid = _NAME.fullmatch(name) is not None
    require(valid, f"NAME={name}: not a name.", remedy="small letters, digits and hyphens, such as overdue-ratio.")
    entry = Entry(root / name)
    require(not os.path.lexists(entry.folder), f"{entry.folder}: is there already.", remedy="take another name.")
    with FolderOutput("name", str(entry.folder), "an entry", lambda _: False).replacing() as folder:
        write_text(folder / _DELTA, _CONFIG.format(name=name))
        write_text(folder / _README, _README_TEXT.format(name=name))
    return entry


def find_entry(root: Path, name: str) -> Entry:
    """Return the entry of that name.

    Raises:
        InputError: there is none, or the name would lead to another folder.
    """
    entry = Entry(root / name)
    others = ", ".join(other.name for other in list_entries(root)) or "none yet"
    remedy = f"entries are: {others}. make entry NAME={name} starts one."
    require(is_name(name) and entry.delta.is_file(), f"no entry {name} in {root}.", remedy=remedy)
    return entry


def list_entries(root: Path) -> list[Entry]:
    """Return all entries, by name."""
    return [Entry(path.parent) for path in sorted(root.glob(f"*/{_DELTA}")) if is_name(path.parent.name)]
