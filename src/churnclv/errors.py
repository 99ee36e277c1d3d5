"""The exception for faults in the user's input or configuration."""

import re
from collections.abc import Sequence

LONGEST_NAME = 100


class InputError(Exception):
    """A fault in the user's data or configuration, with its remedy.

    Commands print it without a traceback and exit with code 2. They recognise it by `user_fault`, because a bundle's
    own copy of this class is another class.
    """

    user_fault = True

    def __init__(self, what: str, *, remedy: str = "") -> None:
        """State what is wrong (file, column, row, rule) and how to mend it."""
        super().__init__(f"{what}\n  -> {remedy}" if remedy else what)


def require(holds: bool, what: str, *, remedy: str = "") -> None:
    """Raise `InputError` unless `holds`."""
    if not holds:
        raise InputError(what, remedy=remedy)


def listed(names: Sequence[str], most: int = 12) -> str:
    """Return names as one readable line, cut after `most`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def is_name(text: str) -> bool:
    """Return whether a text can name a folder, an experiment and a registered model alike.

    Names become parts of paths below the home of the runs, so nothing in them may lead out of it.
    """
    return re.fullmatch(r"[\w-](?:[\w .-]*[\w-])?", text) is not None and len(text) <= LONGEST_NAME


def require_name(setting: str, name: str) -> None:
    """Raise `InputError` unless `name` can be one, as `is_name` has it."""
    remedy = f"letters, digits, space and . _ - only, up to {LONGEST_NAME}; neither a dot nor a space at either end."
    require(is_name(name), f"{setting} is {name!r}, which cannot name a folder or a model.", remedy=remedy)
