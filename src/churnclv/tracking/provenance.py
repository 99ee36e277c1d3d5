"""Provenance: which code, on which versions, made a run."""

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..files import digest, file_digest

PACKAGE = Path(__file__).resolve().parents[1]
_LIBRARIES = (
    "duckdb",
    "ibis-framework",
    "lifetimes",
    "mlflow",
    "numpy",
    "optuna",
    "pandas",
    "scikit-learn",
    "scipy",
    "xgboost",
)


def code_digest() -> str:
    """Return 16 hexadecimal digits for the content of the package's code."""
    files = sorted(PACKAGE.rglob("*.py"))
    return digest([(str(path.relative_to(PACKAGE)), file_digest(path)) for path in files])


def code_commit() -> str:
    """Return the commit the code stands at, '+' where it was changed since, 'unknown' outside a checkout."""
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        return commit + ("+" if _git("status", "--porcelain", "--", str(PACKAGE)) else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def library_versions() -> dict[str, str]:
    """Return the installed version of each library a result depends on."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _git(*words: str) -> str:
    command = ["git", "-C", str(PACKAGE), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 # fixed words
    return done.stdout.strip()
