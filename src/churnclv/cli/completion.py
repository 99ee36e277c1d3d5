"""Completion: what the shell offers at the tab key, the commands first, then the settings and choices of one."""

import os
import re
from collections.abc import Iterable

OPTIONS = ("-sc", "--shell-completion")


def choose_command(request: str, commands: Iterable[str]) -> str | None:
    """Return the command whose settings Hydra completes, taken out of the line in the environment, if there is one.

    Where the command itself is being typed, those that fit are printed and None is returned.

    Parameters
    ----------
    request
        `query=<shell>`; or `install=<shell>` and `uninstall=<shell>`, whose script is the same for all commands.
    commands
        The commands.
    """
    names = list(commands)
    if not request.startswith("query="):
        return names[0]
    line = os.environ.get("COMP_LINE", "")
    words = line.split()[1:]
    if len(words) > 1 or (words and line.endswith(" ")):
        os.environ["COMP_LINE"] = re.sub(r"^(\s*\S+)\s+\S+", r"\1", line)  # Hydra knows no commands
        return words[0] if words[0] in names else None
    print(" ".join(name for name in names if name.startswith("".join(words))))
    return None
