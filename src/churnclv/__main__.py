"""The command line: `python -m churnclv <command> key=value ...`, or the console script `churnclv`."""

import difflib
import gc
import sys
from importlib import import_module

from .cli.completion import OPTIONS, choose_command
from .cli.help import HELP, describe, overview

_SHORT = ("inspect",)  # commands that end before the garbage collector, which takes a tenth of their time, finds any


def main() -> None:
    """Run the command that the first argument names; without one, list them."""
    name, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("--help", [])
    if name in OPTIONS:
        command = choose_command(arguments[0] if arguments else "", HELP)
        if command is not None:
            _run(command, sys.argv[1:])
    elif name in {"-h", "--help"}:
        print(overview())
    elif name == "--version":
        from . import __version__

        print(f"churnclv {__version__}")
    elif name not in HELP:
        near = difflib.get_close_matches(name, HELP, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        what = "option" if name.startswith("-") else "command"
        print(f"error: there is no {what} {name!r}.\n  -> {hint}commands are {', '.join(HELP)}.", file=sys.stderr)
        sys.exit(2)
    elif {"-h", "--help"} & set(arguments):
        print(describe(name))
    else:
        _run(name, arguments)


def _run(command: str, arguments: list[str]) -> None:
    if command in _SHORT:
        gc.disable()
    from .cli.app import run_command

    sys.argv[1:] = arguments
    run_command(command, import_module(f".cli.{command.replace('-', '_')}", __package__).main)


if __name__ == "__main__":
    main()
