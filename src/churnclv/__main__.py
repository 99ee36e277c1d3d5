"""The command line: `python -m churnclv <command> key=value ...`, or the console script `churnclv`."""

import sys
from importlib import import_module

COMMANDS = {
    "train": "train the churn and CLV models on a log or table, and record the run",
    "ui": "compare the runs in MLflow, on loopback",
    "report": "one page on what the numbers mean, with tables",
    "export": "write the best run as a bundle, and compare it with the champion",
    "rollback": "the champion before the present one serves again",
    "score": "raw events in, one row of scores per customer out",
    "serve": "the same scores over HTTP, on loopback",
    "entry": "start a hackathon entry",
    "leaderboard": "rank the entries",
}


def main() -> None:
    """Run the command that the first argument names; without one, list them."""
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in {"-h", "--help"}:
        print(_usage())
        return
    if name == "--version":
        from . import __version__

        print(f"churnclv {__version__}")
        return
    if name not in COMMANDS:
        print(f"error: unknown command {name!r}.\n\n{_usage()}", file=sys.stderr)
        sys.exit(2)
    from .cli.app import run_command

    del sys.argv[1]
    run_command(name, import_module(f".cli.{name}", __package__).main)


def _usage() -> str:
    lines = [f"  {name:<12} {purpose}" for name, purpose in COMMANDS.items()]
    head = "usage: churnclv <command> [key=value ...]\n\ncommands:"
    return "\n".join([head, *lines, "", "churnclv <command> --help    settings of a command, with examples"])


if __name__ == "__main__":
    main()
