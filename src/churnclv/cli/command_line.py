"""Command line: the options beside the settings are checked before Hydra reads them, so that a mistake is one message.

Hydra's own parser answers an unknown option with its usage, which names none of our commands.
"""

import argparse
import difflib
from typing import NoReturn

from ..errors import InputError

_TAKING_A_VALUE: dict[str, tuple[str, ...]] = {
    "--package": ("-p",),
    "--config-path": ("-cp",),
    "--config-name": ("-cn",),
    "--config-dir": ("-cd",),
    "--experimental-rerun": (),
}
_ALONE: dict[str, tuple[str, ...]] = {
    "--help": ("-h",),
    "--hydra-help": (),
    "--version": (),
    "--resolve": (),
    "--run": ("-r",),
    "--multirun": ("-m",),
    "--shell-completion": ("-sc",),
}
_SHOWN = ("job", "hydra", "all")
_INFORMATION = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")
_USUAL = "--help, --cfg job, --multirun"


class _Parser(argparse.ArgumentParser):
    """A parser of Hydra's options whose mistakes are ours to print."""

    def error(self, message: str) -> NoReturn:
        """Raise the mistake."""
        raise InputError(f"{self.prog}: {message}.", remedy=_remedy(self.prog))


def order_arguments(command: str, argv: list[str]) -> list[str]:
    """Return the arguments with the settings before the options, which may stand between them on the command line.

    Parameters
    ----------
    command
        The command, for messages.
    argv
        The command line after it: settings `key=value`, and Hydra's options such as `--cfg job`.

    Returns
    -------
    The settings, then the options, each in the order of the command line.

    Raises:
        InputError: there is no option of a name, its value is missing or none of those allowed; or a setting has no
            equal sign.
    """
    parser = _parser(command)
    given, unknown = parser.parse_known_intermixed_args(argv)
    if unknown:
        near = difflib.get_close_matches(unknown[0], [*_ALONE, *_TAKING_A_VALUE, "--cfg", "--info"], n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise InputError(f"{command}: there is no option {unknown[0]}.", remedy=hint + _remedy(command))
    options = list(argv)
    for setting in given.overrides:
        if "=" not in setting and not setting.startswith("~"):
            raise InputError(f"{command}: {setting!r} is no setting.", remedy=_remedy(command))
        options.remove(setting)
    return [*given.overrides, *options]


def _parser(command: str) -> argparse.ArgumentParser:
    """Return a parser of the options that Hydra knows."""
    parser = _Parser(prog=command, add_help=False, allow_abbrev=False)
    parser.add_argument("overrides", nargs="*")
    for name, short in _ALONE.items():
        parser.add_argument(name, *short, action="store_true")
    for name, short in _TAKING_A_VALUE.items():
        parser.add_argument(name, *short)
    parser.add_argument("--cfg", "-c", choices=_SHOWN)
    parser.add_argument("--info", "-i", nargs="?", const="all", choices=_INFORMATION)
    return parser


def _remedy(command: str) -> str:
    return f"options are {_USUAL}; settings are key=value. See churnclv {command} --help."
