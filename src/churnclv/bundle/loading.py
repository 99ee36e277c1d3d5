"""Loading a bundle from a path, whichever version wrote it."""

from pathlib import Path
from typing import Any

from ..errors import InputError, require
from .pyfunc import DamagedBundleError, load_scorer


def load_bundle(path: Path) -> Any:
    """Return the bundle's own `Scorer`; its code is checked against the manifest before any of it runs.

    Raises:
        InputError: there is no bundle, or it is damaged.
    """
    require(path.is_dir(), f"{path}: no such bundle.", remedy="make export writes one.")
    try:
        return load_scorer(path)
    except DamagedBundleError as error:
        raise InputError(str(error)) from None
