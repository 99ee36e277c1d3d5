"""Provenance of a run: the version of the code and of its libraries."""

import getpass
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..files import digest, file_digest

UNKNOWN = "unknown"
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
    """Return the commit of the code, with '+' where the code was changed since, 'unknown' outside a checkout."""
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        return commit + ("+" if _git("status", "--porcelain", "--", str(PACKAGE)) else "")
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN


def library_versions() -> dict[str, str]:
    """Return the installed version of each library a result depends on."""
    versions = {}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def login_name() -> str:
    """Return the user's login name, as MLflow records it."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container's user may have no name
        return UNKNOWN


def source_tags(command: str, commit: str) -> dict[str, str]:
    """Return MLflow's tags of what made a run: the command, and the code's commit where there is one; no path."""
    tags = {"mlflow.source.name": f"churnclv {command}", "mlflow.source.type": "LOCAL"}
    return tags if commit == UNKNOWN else {**tags, "mlflow.source.git.commit": commit}


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(PACKAGE), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 # fixed arguments
    return done.stdout.strip()
