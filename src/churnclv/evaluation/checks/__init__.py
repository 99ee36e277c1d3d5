"""The checks of a run: every module of this package registers one; a user's file may register others."""

from importlib import import_module
from pathlib import Path

from ..check import CHECKS, Check, Evidence

for _path in sorted(Path(__file__).parent.glob("[!_]*.py")):  # a bundle's modules are found by no search of packages
    import_module(f".{_path.stem}", __name__)


def run_checks(evidence: Evidence) -> list[Check]:
    """Return how all checks end, in the order of their codes, those of a user's files last."""
    built_in = sorted(CHECKS.built_in.values(), key=lambda check: (len(check.rule.code), check.rule.code))
    return [check.run(evidence) for check in (*built_in, *CHECKS.added.values())]
