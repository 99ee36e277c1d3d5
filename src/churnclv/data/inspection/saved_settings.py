"""Saved settings: a file of `conf/data/` that reads the inspected files, under a name of the user's choice."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import require
from ...files import PROJECT
from ...outputs import Output

_MARK = "# Written by churnclv inspect."
_PLACE = Path("conf") / "data"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def settings_output(name: str) -> Output:
    """Return the file of settings as an output: in the checkout, or below the folder that the user calls from.

    Commands that are called from that folder find it, beside those of the checkout.

    Raises:
        InputError: the name cannot be one, or belongs to a file that the project brings.
    """
    plain = _NAME.fullmatch(name) is not None and len(name) <= 60  # noqa: PLR2004 # a file's name
    require(plain, f"save={name!r}: not a name.", remedy="letters, digits, _ and -, such as save=myshop.")
    here = Path.cwd().resolve()
    inside = here == PROJECT or PROJECT in here.parents
    path = (PROJECT if inside else here) / _PLACE / f"{name}.yaml"
    brought = PROJECT / _PLACE / f"{name}.yaml"
    taken = brought != path and brought.exists()
    require(not taken, f"save={name}: {brought} has that name.", remedy="take another name.")
    return Output("save", str(path), "settings that inspect wrote", is_saved, streams=False)


def is_saved(path: Path) -> bool:
    """Return whether a file is of this kind, so that it may be replaced."""
    with path.open("rb") as content:
        return content.read(len(_MARK)) == _MARK.encode()


def write_settings(document: Mapping[str, Any], output: Output, command: str) -> None:
    """Write the settings as YAML.

    Parameters
    ----------
    document
        The settings, nested.
    output
        The file.
    command
        The command that trains on them, for its second line.
    """
    import yaml

    text = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True)
    with output.writing() as stream:
        stream.write(f"{_MARK}\n# {command}\n{text}".encode())
