"""The one exception that means: the user's input or configuration is at fault."""

from collections.abc import Sequence


class InputError(Exception):
    """A fault in the user's data or configuration, with its remedy.

    Doors print it without a traceback and exit with code 2. They know it by `user_fault`, because a bundle's own copy
    of this class is another class.
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
