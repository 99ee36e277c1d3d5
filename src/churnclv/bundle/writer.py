"""Writing a bundle: models, specification, profile, card and code, sealed by a manifest."""

import shutil
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from .. import __version__
from ..decision.effect_record import EFFECTS
from ..features.families import BUILT_IN
from ..files import file_digest, locate, replacing_folder, write_json, write_text
from ..notices import Notice
from ..outputs import FolderOutput
from ..snapshots.customer_kinds import kind_of
from .fitted_models import FittedModels
from .log_profile import LOG_PROFILE
from .profile_comparison import PROFILE, describe_columns
from .pyfunc import BUNDLE, MANIFEST, DamagedBundleError, verify
from .specification import BundleSpecification, write_specification

PACKAGE = Path(__file__).resolve().parents[1]
ROOMS = ("data", "snapshots", "features", "evaluation", "clv", "churn", "uplift", "explain", "decision", "bundle")
_NEEDS = (
    "duckdb",
    "ibis-framework",
    "mlflow",
    "numpy",
    "openpyxl",
    "pandas",
    "pyarrow",
    "scipy",
    "sqlglot",
    "xgboost",
)


@dataclass(frozen=True)
class BundleParts:
    """The fitted models and their description.

    `trained` is when the run began: the bundle's own date, so that two exports of one run give the same bytes.
    `profile` are the rows that are described, `column_facts` further figures of their columns by name, and
    `log_profile` describes the recent events; both are empty where monitoring is to compare nothing with them.
    `effects` is the record of learned effects, of the run before its refit; empty where none were learned.
    """

    models: FittedModels
    specification: BundleSpecification
    profile: pd.DataFrame
    card: str
    trained: datetime
    notices: tuple[Notice, ...] = ()
    column_facts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    log_profile: Mapping[str, Any] = field(default_factory=dict)
    effects: Mapping[str, Any] = field(default_factory=dict)


def write_bundle(out: Path, parts: BundleParts) -> Path:
    """Write the bundle at `out`, all or nothing, and return the path. No pickle is written."""
    with tempfile.TemporaryDirectory() as name, replacing_folder(out, holds_bundle) as target:
        folder = Path(name) / "bundle"
        specification = _write_parts(folder, parts)
        _copy_code(folder / "code" / "churnclv")
        _save_pyfunc(target, folder, _input_columns(specification, parts.models), "pyfunc.py")
        _describe_model(target, parts, "pyfunc.py")
        files = sorted(path for path in target.rglob("*") if path.is_file())
        listed = {path.relative_to(target).as_posix(): file_digest(path) for path in files}
        write_json(target / MANIFEST, {"files": listed, "churnclv": __version__})
    return out


def write_run_model(out: Path, parts: BundleParts) -> Path:
    """Write the models of a run at `out`, a new folder, as MLflow loads them with the installed package.

    It holds what a bundle holds, without code and manifest.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "bundle"
        specification = _write_parts(folder, parts)
        _save_pyfunc(out, folder, _input_columns(specification, parts.models), "run_script.py")
    _describe_model(out, parts, "run_script.py")
    return out


def _write_parts(folder: Path, parts: BundleParts) -> BundleSpecification:
    """Write specification, models, profile and card, and return the specification as it is written."""
    specification = _without_paths(_copy_custom_families(folder, parts.specification))
    write_specification(folder, replace(specification, versions={**library_pins(), "churnclv": __version__}))
    parts.models.save(folder / "models")
    described = describe_columns(parts.profile)
    facts = {name: {**described[name], **parts.column_facts.get(name, {})} for name in described}
    write_json(folder / PROFILE, facts)
    if parts.log_profile:
        write_json(folder / LOG_PROFILE, parts.log_profile)
    if parts.effects:
        write_json(folder / EFFECTS, dict(parts.effects))
    write_text(folder / "card.md", parts.card)
    return specification


def keep_bundle(folder: Path, name: str, parts: BundleParts) -> Path:
    """Write a bundle below `folder`, under its name and the digest of its manifest, and return the path.

    A bundle of other bytes gets another name: what was registered once is never written over. One of the same bytes is
    kept as it is, and put back if it was damaged since.
    """
    made = write_bundle(folder / f".{name}", parts)
    digest = verify(made)
    kept = folder / f"{name}-{digest[:8]}"
    if _is_whole(kept, digest):
        shutil.rmtree(made)
        return kept
    if kept.is_dir():
        shutil.rmtree(kept)
    made.replace(kept)
    return kept


def _is_whole(kept: Path, digest: str) -> bool:
    try:
        return verify(kept, digest) == digest
    except DamagedBundleError:
        return False


def bundle_output(out: str) -> FolderOutput:
    """Return the folder that an export copies its bundle to."""
    return FolderOutput("out", out, "a bundle of an earlier export", holds_bundle)


def copy_bundle(kept: Path, output: FolderOutput) -> Path:
    """Copy a bundle to a folder of the user's, all or nothing, and return the path.

    Raises:
        InputError: the folder holds anything but a bundle, or cannot be written.
    """
    with output.replacing() as target:
        shutil.copytree(kept, target, dirs_exist_ok=True)
    return output.target


def holds_bundle(folder: Path) -> bool:
    """Whether a folder holds one whole bundle and nothing else."""
    try:
        verify(folder)
    except (DamagedBundleError, OSError):
        return False
    return True


def _copy_custom_families(folder: Path, specification: BundleSpecification) -> BundleSpecification:
    """Copy the files of a user's own families into the bundle and name them there."""
    names = []
    for place, name in enumerate(specification.features.families):
        if name in BUILT_IN:
            names.append(name)
            continue
        path, _, function = name.rpartition(":")
        inside = Path("families") / f"family_{place}.py"
        (folder / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(locate(Path(path)), folder / inside)
        names.append(f"{inside.as_posix()}:{function}")
    return replace(specification, features=replace(specification.features, families=names))


def _without_paths(specification: BundleSpecification) -> BundleSpecification:
    """Return the specification without the paths of the data on this machine."""
    data = specification.data
    tables = {name: replace(table, path=None, table=None) for name, table in data.tables.items()}
    nowhere = replace(data, path=None, table=None, set_aside_path=None, tables=tables)
    stripped = replace(nowhere, covariates={})  # days are in the models
    return replace(specification, data=stripped)


def _describe_model(target: Path, parts: BundleParts, script: str) -> None:
    """Record the run and its time in MLflow's description of the model, and paths relative to the model's folder.

    MLflow loads the artefacts and the script by their paths inside the model.
    """
    from mlflow.models import Model

    model = Model.load(str(target))
    model.model_uuid = parts.specification.run_id
    model.utc_time_created = f"{parts.trained:%Y-%m-%d %H:%M:%S.%f}"
    flavor = model.flavors["python_function"]
    flavor["model_code_path"] = script
    flavor["artifacts"] = {"bundle": {"path": BUNDLE.as_posix(), "uri": BUNDLE.as_posix()}}
    model.save(str(target / "MLmodel"))


def _copy_code(target: Path) -> None:
    """Copy the rooms that scoring needs, and the modules that they import."""
    target.mkdir(parents=True)
    for module in (
        "__init__.py",
        "databases.py",
        "errors.py",
        "files.py",
        "notices.py",
        "outputs.py",
        "ranges.py",
        "registration.py",
        "scratch.py",
        "time_units.py",
    ):
        shutil.copyfile(PACKAGE / module, target / module)
    for room in ROOMS:
        shutil.copytree(
            PACKAGE / room,
            target / room,
            ignore=shutil.ignore_patterns("__pycache__", "writer.py", "loading.py", "serving.py", "run_script.py"),
        )


def _input_columns(specification: BundleSpecification, models: FittedModels) -> dict[str, str]:
    """Return role -> column of the bundle's input; in a table without time every column is its own role."""
    if kind_of(specification.data.shape).has_time:
        return specification.data.mapped()
    customer_id = specification.data.columns.customer_id
    ids = {} if customer_id is None else {"customer_id": customer_id}
    return ids | {name: name for name in models.features}


def _save_pyfunc(target: Path, folder: Path, columns: dict[str, str], script: str) -> None:
    from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR
    from mlflow.models import ModelSignature
    from mlflow.pyfunc import save_model
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import AnyType

    anything: Any = AnyType()  # type: ignore[no-untyped-call] # mlflow's
    signature = ModelSignature(
        inputs=Schema([ColSpec(anything, column, required=False) for column in columns.values()]),
        params=ParamSchema([ParamSpec("as_of", "string", "")]),
    )
    pins = [f"{name}=={version}" for name, version in library_pins().items()]
    MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)  # type: ignore[no-untyped-call] # mlflow's
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the input example is written below: MLflow would run the model to check it
        save_model(
            target,
            python_model=str(PACKAGE / "bundle" / script),
            artifacts={"bundle": str(folder)},
            signature=signature,
            pip_requirements=pins,
        )
    write_json(target / "input_example.json", {"dataframe_records": [_example(columns)], "params": {"as_of": ""}})


def _example(columns: dict[str, str]) -> dict[str, str]:
    values = {
        "customer_id": "C-1",
        "timestamp": "2011-09-01",
        "quantity": "1",
        "amount": "19.99",
        "price": "19.99",
    }
    return {column: values.get(role, "") for role, column in columns.items()}


def library_pins() -> dict[str, str]:
    """Return the exact versions that loading the bundle needs."""
    from importlib.metadata import version

    return {name: version(name) for name in _NEEDS}
