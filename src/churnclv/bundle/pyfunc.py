"""The script by which MLflow loads a bundle. A copy lies in every bundle; it imports nothing of the project.

The bundle carries its own code. It runs under a private name made from its manifest, so that bundles of different
versions live in one process without sharing a module, whether or not the project is installed. The package's code runs
from the bytes that were compared with the manifest; the disk is not read a second time.
"""

import contextlib
import hashlib
import importlib
import importlib.abc
import importlib.util
import io
import json
import os
import re
import stat
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path, PurePosixPath
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException

MANIFEST = "manifest.json"
BUNDLE = Path("artifacts") / "bundle"
_PACKAGE = BUNDLE / "code" / "churnclv"
_SHA256 = 64  # hexadecimal digits
_CACHE = "__pycache__"
_OWN_BYTECODE = re.compile(rf"{_CACHE}/pyfunc\.[\w.-]+\.pyc(\.\d+)?")  # the number is of a file that is not yet whole
_SETTING = re.compile(r"\b(data|features|windows)\.\w+")
_CALLERS_REMEDY = (
    "send each cell as the training file has it, or typed: a date as 2022-06-30, an amount as a number. "
    "What the bundle reads was settled in training."
)


class DamagedBundleError(RuntimeError):
    """The bundle's files are not those that were written; nothing in it was run."""


@dataclass(frozen=True)
class VerifiedBundle:
    """A bundle whose files were compared with its manifest.

    Attributes:
        digest: the manifest's own sha256.
        code: the package's modules by their path inside the package, with the bytes that were compared.
    """

    digest: str
    code: dict[str, bytes]


def verify(root: Path, registered: str | None = None) -> str:
    """Compare every file and folder below `root` with the manifest and return the manifest's own digest.

    `registered` is the digest that a registry recorded; None compares with the manifest alone.

    Raises:
        DamagedBundleError: a file is changed, missing or was not written with the bundle; a link, a device or a folder
            was added; the manifest is no manifest, or another one than was registered.
    """
    return read_verified(root, registered).digest


def read_verified(root: Path, registered: str | None = None) -> VerifiedBundle:
    """Return the bundle that `verify` checks, with its code; it raises the same errors."""
    content = _read_manifest(root)
    digest = hashlib.sha256(content).hexdigest()
    if registered is not None and digest != registered:
        message = f"{root}: is not the bundle that was registered: its manifest is another. Export it again."
        raise DamagedBundleError(message)
    expected = _parse_manifest(root, content)
    folders = {str(parent) for name in expected for parent in PurePosixPath(name).parents} - {"."}
    present = _without_bytecode(dict(_walk(root)))
    directories = {name for name, mode in present.items() if stat.S_ISDIR(mode)}
    files = set(present) - directories - {MANIFEST}
    wrong = [f"{name} (a link or a device)" for name in sorted(files) if not stat.S_ISREG(present[name])]
    wrong = wrong or sorted(files.symmetric_difference(expected)) + sorted(directories.symmetric_difference(folders))
    code = {}
    for name in [] if wrong else sorted(expected):
        content = _read_plainly(root / name)
        if hashlib.sha256(content).hexdigest() != expected[name]:
            wrong.append(name)
        if PurePosixPath(name).is_relative_to(_PACKAGE.as_posix()):
            code[PurePosixPath(name).relative_to(_PACKAGE.as_posix()).as_posix()] = content
    if wrong:
        message = f"{root}: is damaged: {', '.join(wrong[:5])} differ from the manifest. Export it again."
        raise DamagedBundleError(message)
    return VerifiedBundle(digest, code)


def _read_manifest(root: Path) -> bytes:
    try:
        return _read_plainly(root / MANIFEST)
    except OSError:
        message = f"{root}: not a bundle: it has no {MANIFEST}."
        raise DamagedBundleError(message) from None


def _parse_manifest(root: Path, content: bytes) -> dict[str, str]:
    """Return path -> sha256; anything else that JSON can hold is no manifest."""
    try:
        stored = json.loads(content)
    except (ValueError, RecursionError):
        stored = None
    files = stored.get("files") if isinstance(stored, dict) else None
    digests = list(files.values()) if isinstance(files, dict) else [None]
    if not files or not all(isinstance(value, str) and len(value) == _SHA256 for value in digests):
        message = f"{root / MANIFEST}: is damaged. Export the bundle again."
        raise DamagedBundleError(message)
    return dict(files)


def _walk(root: Path, inside: str = "") -> Iterator[tuple[str, int]]:
    """Yield the path and the file mode of everything below a folder; links are not followed."""
    with os.scandir(root / inside) as entries:
        for entry in entries:
            name, mode = f"{inside}{entry.name}", entry.stat(follow_symlinks=False).st_mode
            yield name, mode
            if stat.S_ISDIR(mode):
                yield from _walk(root, f"{name}/")


def _without_bytecode(present: dict[str, int]) -> dict[str, int]:
    """Return files and folders without the bytecode of this file, which Python writes when MLflow imports it.

    Nothing else is run from files: the package's modules are compiled from the bytes that were compared.
    """
    return {
        name: mode
        for name, mode in present.items()
        if not (name == _CACHE and stat.S_ISDIR(mode)) and not (_OWN_BYTECODE.fullmatch(name) and stat.S_ISREG(mode))
    }


def _read_plainly(path: Path) -> bytes:
    """Read a file that is neither a link nor a device; a pipe does not make this wait.

    Raises:
        OSError: it is something else.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        message = f"{path}: not a file"
        raise OSError(message)
    with os.fdopen(handle, "rb") as content:
        return content.read()


def load_scorer(root: Path, registered: str | None = None) -> Any:
    """Verify the bundle, import its code under its private name, and return its scorer."""
    root = root.resolve()
    verified = read_verified(root, registered)
    name = f"churnclv_bundle_{verified.digest[:16]}"
    if name not in sys.modules:
        _import_private(_VerifiedCode(name, root / _PACKAGE, verified.code))
    if "bundle/opening.py" in verified.code:
        return importlib.import_module(f"{name}.bundle.opening").open_scorer(root / BUNDLE)
    module = "scorer" if "bundle/scorer.py" in verified.code else "scoring"  # the names in earlier versions
    return importlib.import_module(f"{name}.bundle.{module}").Scorer(root / BUNDLE)


class _VerifiedCode(importlib.abc.MetaPathFinder, importlib.abc.ExecutionLoader):
    """Finds and loads the modules of one bundle's package in the bytes that were verified, and nowhere else."""

    def __init__(self, name: str, folder: Path, code: dict[str, bytes]) -> None:
        self.name, self.folder = name, folder
        self.places = {self._module(path): path for path in code if path.endswith(".py")}
        self.code = code

    def _module(self, path: str) -> str:
        parts = PurePosixPath(path).with_suffix("").parts
        return ".".join((self.name, *(parts[:-1] if parts[-1] == "__init__" else parts)))

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return a module's specification; a package's search path stays empty, so that no other finder helps out."""
        del path, target
        if fullname not in self.places:
            return None
        spec = importlib.util.spec_from_file_location(fullname, self.get_filename(fullname), loader=self)
        if spec is not None and self.is_package(fullname):
            spec.submodule_search_locations = []
        return spec

    def is_package(self, fullname: str) -> bool:
        """Return whether a module is a package."""
        return PurePosixPath(self.places[fullname]).name == "__init__.py"

    def get_filename(self, fullname: str) -> str:
        """Return where a module's file lies, for `__file__` and tracebacks."""
        return str(self.folder / self.places[fullname])

    def get_source(self, fullname: str) -> str:
        """Return a module's verified source."""
        return self.code[self.places[fullname]].decode("utf-8")


def _import_private(code: _VerifiedCode) -> None:
    """Import the package and all its modules at once, so that none is imported later."""
    if code.name not in code.places:
        message = f"{code.folder}: not a package."
        raise DamagedBundleError(message)
    sys.meta_path.insert(0, code)
    try:
        for module in sorted(code.places):
            if not module.endswith(".pyfunc"):  # this file runs as MLflow's script
                importlib.import_module(module)
    except BaseException:
        for loaded in [key for key in sys.modules if key == code.name or key.startswith(f"{code.name}.")]:
            del sys.modules[loaded]
        raise
    finally:
        sys.meta_path.remove(code)


class RefusedInputError(MlflowException):
    """The caller's input is at fault: MLflow's servers answer 400 with the message, and no stack trace.

    MLflow writes the whole request before the message of what a model raises; this one keeps its first message.
    """

    def __init__(self, message: str) -> None:
        from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

        super().__init__(message, INVALID_PARAMETER_VALUE)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; the message only once."""
        if name != "message" or "message" not in vars(self):
            super().__setattr__(name, value)


def answer(scorer: Any, events: Any, as_of: str | None = None, tables: dict[str, str] | None = None) -> Any:
    """Return the score rows of a frame of raw events, with None where a value is undefined: NaN is no JSON.

    `tables` are the paths of the further tables that the bundle reads, by name.

    Raises:
        RefusedInputError: the events or `as_of` are at fault.
    """
    try:
        scores = scorer.predict(events, as_of or None, **({"tables": tables} if tables else {}))
    except Exception as error:
        if not getattr(error, "user_fault", False):
            raise
        raise RefusedInputError(_for_callers(str(error))) from None
    cells, missing = scores.to_numpy(dtype=object, copy=True), scores.isna().to_numpy()
    cells[missing] = None
    return type(scores)(cells, columns=scores.columns, index=scores.index, dtype=object)


def _for_callers(message: str) -> str:
    """Return the message with a remedy that a caller has: a request cannot give the settings of training."""
    fault, arrow, remedy = message.partition("\n  -> ")
    return f"{fault}{arrow}{_CALLERS_REMEDY}" if _SETTING.search(remedy) else message


with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
    # MLflow warns where type hints are missing, in part past all filters; it would read them as a schema, but the
    # signature describes the input better
    warnings.simplefilter("ignore")

    class BundleModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined] # mlflow loads it lazily
        """Raw events in, one row of scores per customer out."""

        def load_context(self, context: Any) -> None:
            """Load the scorer beside MLflow's copy of this file."""
            self.scorer = load_scorer(Path(context.artifacts["bundle"]).parents[1])

        def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
            """Return the score rows of all customers in a frame of raw events; `params["as_of"]` is a date."""
            del context
            return answer(self.scorer, model_input, (params or {}).get("as_of"))


mlflow.models.set_model(BundleModel())
