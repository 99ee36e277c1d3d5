"""What MLflow runs to load a bundle. A copy of this file stands in every bundle, and imports nothing of the project.

The bundle carries its own code. It runs under a private name made from its manifest, so that bundles of different
versions live in one process without sharing a module, whether or not the project is installed.
"""

import contextlib
import hashlib
import importlib
import importlib.util
import io
import json
import pkgutil
import sys
import warnings
from pathlib import Path
from typing import Any

import mlflow

MANIFEST = "manifest.json"
_BUNDLE = Path("artifacts") / "bundle"


class DamagedBundleError(RuntimeError):
    """The bundle's files are not those that were written; nothing in it was run."""


def verify(root: Path) -> str:
    """Compare every file below `root` with the manifest and return the manifest's own digest.

    Raises:
        DamagedBundleError: a file is changed, missing or was not written with the bundle.
    """
    manifest = root / MANIFEST
    if not manifest.is_file():
        message = f"{root}: not a bundle: it has no {MANIFEST}."
        raise DamagedBundleError(message)
    try:
        expected = json.loads(manifest.read_text(encoding="utf-8"))["files"]
    except (ValueError, KeyError, TypeError):
        message = f"{manifest}: is damaged."
        raise DamagedBundleError(message) from None
    found = {str(path.relative_to(root).as_posix()) for path in root.rglob("*") if path.is_file()} - {MANIFEST}
    wrong = sorted(found.symmetric_difference(expected)) or sorted(
        name for name in expected if hashlib.sha256((root / name).read_bytes()).hexdigest() != expected[name]
    )
    if wrong:
        message = f"{root}: is damaged: {', '.join(wrong[:5])} differ from the manifest. Export it again."
        raise DamagedBundleError(message)
    return hashlib.sha256(manifest.read_bytes()).hexdigest()


def load_scorer(root: Path) -> Any:
    """Verify the bundle, import its code under its private name, and return its scorer."""
    name = f"churnclv_bundle_{verify(root)[:16]}"
    if name not in sys.modules:
        _import_private(name, root / _BUNDLE / "code" / "churnclv")
    scoring = importlib.import_module(f"{name}.bundle.scoring")
    return scoring.Scorer(root / _BUNDLE)


def _import_private(name: str, package: Path) -> None:
    """Import the package and all its modules at once, writing no bytecode into the bundle."""
    spec = importlib.util.spec_from_file_location(
        name, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    if spec is None or spec.loader is None:
        message = f"{package}: not a package."
        raise DamagedBundleError(message)
    module = importlib.util.module_from_spec(spec)
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        for found in pkgutil.walk_packages([str(package)], f"{name}."):
            if not found.name.endswith(".pyfunc"):  # this file runs as MLflow's script
                importlib.import_module(found.name)
    except BaseException:
        for loaded in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
            del sys.modules[loaded]
        raise
    finally:
        sys.dont_write_bytecode = written


with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
    # MLflow asks for type hints, in part past all filters, and reads them as a schema; the signature says it better
    warnings.simplefilter("ignore")

    class BundleModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined] # mlflow loads it lazily
        """Raw events in, one row of scores per customer out."""

        def load_context(self, context: Any) -> None:
            """Load the scorer beside MLflow's copy of this file."""
            self.scorer = load_scorer(Path(context.artifacts["bundle"]).parents[1])

        def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
            """Return the score rows of all customers in a frame of raw events; `params["as_of"]` is a date."""
            del context
            return self.scorer.predict(model_input, (params or {}).get("as_of") or None)


mlflow.models.set_model(BundleModel())
