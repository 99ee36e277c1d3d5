"""The purchase models by name: every file of this folder that defines one registers it, with all that belongs to it.

A model of the user's own is a file of the same form anywhere else, named as `path/to/file.py:Class`. It imports the
interface as the files here do (`from ..purchase_model import PurchaseModel`), because it also runs inside a bundle,
whose copy of this package has another name.
"""

import inspect
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from ...errors import InputError, require
from ...files import file_digest, load_module, locate, read_json
from ..purchase_model import CODE_FILE, PurchaseModel

_ABSOLUTE_IMPORT = re.compile(r"^\s*(from|import)\s+churnclv\b", re.MULTILINE)
_OWN_IMPORT = "from ..purchase_model import PurchaseModel"


def _defined_models(module: ModuleType) -> list[type[PurchaseModel]]:
    """Return the purchase models that a module defines, in the order of their names."""
    kinds = [kind for kind in vars(module).values() if inspect.isclass(kind) and kind.__module__ == module.__name__]
    return [kind for kind in kinds if issubclass(kind, PurchaseModel) and "name" in vars(kind)]


def _discover() -> dict[str, type[PurchaseModel]]:
    """Return the models of this folder's files: a bundle's importer knows its modules, but cannot list them."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__init__")
    models = [kind for name in names for kind in _defined_models(import_module(f".{name}", __name__))]
    return {kind.name: kind for kind in models}


PURCHASE_MODELS: dict[str, type[PurchaseModel]] = _discover()


def is_custom(name: str) -> bool:
    """Return whether a name is `path/to/file.py:Class`."""
    return ".py:" in name


def label_of(name: str) -> str:
    """Return the name of a model in tables and metrics: a built-in name, or the class of a custom one."""
    return name.rpartition(":")[2] if is_custom(name) else name


def custom_files(names: list[str]) -> list[Path]:
    """Return the files of the models that are not built in, each once."""
    return list(dict.fromkeys(locate(Path(name.rpartition(":")[0])) for name in names if is_custom(name)))


def find_purchase_model(name: str, setting: str = "clv.name") -> type[PurchaseModel]:
    """Return the class of a purchase model: a built-in name, or `path/to/file.py:Class`.

    Raises:
        InputError: no such model, file or class, or the class is no purchase model.
    """
    if name in PURCHASE_MODELS:
        return PURCHASE_MODELS[name]
    remedy = f"allowed are {', '.join(PURCHASE_MODELS)}, or path/to/file.py:Class."
    require(is_custom(name), f"{setting} is {name!r}.", remedy=remedy)
    path, _, kind = name.rpartition(":")
    file = locate(Path(path))
    require(file.is_file(), f"{setting}: {path}: no such Python file.", remedy=remedy)
    return _load_class(file, kind, file_digest(file))


@cache
def _load_class(file: Path, name: str, content: str) -> type[PurchaseModel]:
    del content  # part of the key: a changed file is loaded again
    absolute = _ABSOLUTE_IMPORT.search(file.read_text(encoding="utf-8"))
    require(not absolute, f"{file}: imports churnclv by its name, which a bundle's copy lacks.", remedy=_OWN_IMPORT)
    kind = getattr(load_module(file, __name__), name, None)
    valid = inspect.isclass(kind) and issubclass(kind, PurchaseModel)
    require(valid, f"{file} has no purchase model {name!r}.", remedy=f"a subclass: {_OWN_IMPORT}.")
    missing = sorted(getattr(kind, "__abstractmethods__", ()))
    missing += [name for name in ("parameter_names", "moves") if not hasattr(kind, name)]
    require(not missing, f"{file}: {name} lacks {', '.join(missing)}.", remedy="see clv/purchase_model.py.")
    kind.name, kind.code = name, file  # type: ignore[union-attr] # a class, by the check above
    return kind  # type: ignore[return-value] # the same


def make_purchases(name: str, penalty: float, parameters: dict[str, Any]) -> PurchaseModel:
    """Return an unfitted purchase model with its penalty and its own hyperparameters."""
    return find_purchase_model(name)(penalty, **parameters)


def load_purchases(folder: Path) -> PurchaseModel:
    """Read what a purchase model's `save` wrote; a custom model's code lies beside it.

    Raises:
        InputError: the model is none of the installed ones.
    """
    stored = read_json(folder / "purchases.json")
    name = stored["name"]
    custom = folder / CODE_FILE
    try:
        kind = find_purchase_model(f"{custom}:{name}" if custom.is_file() else name)
    except InputError as error:
        message = f"{folder}: holds a purchase model that cannot be read: {error}"
        raise InputError(message, remedy="make train and make export write it again.") from None
    return kind(**stored["choices"]).restore(stored)
