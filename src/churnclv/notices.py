"""Notices: doubts about data or a result, with a remedy. Certain faults raise `InputError` instead."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """A doubt that does not stop a command. Commands print it, records keep it.

    Parameters
    ----------
    code
        A stable name in snake case, such as `inclusive_ends`; the documentation has a line for each.
    message
        The observation, with its figures and the column or table it is about.
    remedy
        What to do about it: a setting as it is typed, or a command.
    """

    code: str
    message: str
    remedy: str

    def line(self) -> str:
        """Return the notice as text for a terminal, a page or a log."""
        return f"WARNING {self.code}: {self.message}\n  -> {self.remedy}"
