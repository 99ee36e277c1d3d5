"""Loading a bundle of any version from a path, with its own code or with the installed code."""

from pathlib import Path
from typing import Any

from ..churn.churn_models import churn_models
from ..churn.custom import CustomChurnModel
from ..clv.purchase_model import CODE_FILE
from ..errors import InputError, require
from ..features.families import BUILT_IN
from ..files import read_json
from .pyfunc import BUNDLE, DamagedBundleError, load_scorer, verify

CODES = ("bundle", "installed")


def load_bundle(path: Path, code: str = "bundle", registered: str | None = None) -> Any:
    """Return a bundle's scorer, after its files were compared with its manifest.

    A bundle is a program: with `code="bundle"` its own code runs, in this process and with this user's rights. The
    manifest detects damage; whoever can write the bundle can write the manifest as well.

    Parameters
    ----------
    path
        The bundle's folder.
    code
        `bundle` runs the code that lies in the bundle, which gives the scores of the version that wrote it.
        `installed` runs none of it: the installed package reads the bundle's JSON and XGBoost files.
    registered
        The sha256 of the manifest that a registry recorded; None compares the files with the manifest alone.

    Returns:
    -------
    The scorer: `read(events)`, `features(events, as_of)`, `score(rows)`, `predict(events, as_of)`, `targets(rows)`.

    Raises:
    ------
    InputError
        There is no bundle, it is damaged, it is not the registered one, or the installed code cannot read it.
    """
    require(code in CODES, f"code={code!r}: allowed are {', '.join(CODES)}.")
    require(path.is_dir(), f"{path}: no such bundle.", remedy="make export writes one.")
    try:
        if code == "bundle":
            return load_scorer(path, registered)
        verify(path, registered)
    except DamagedBundleError as error:
        raise InputError(str(error)) from None
    return _load_installed(path.resolve() / BUNDLE)


def _load_installed(folder: Path) -> Any:
    """Return the installed package's scorer of a bundle that needs no code of its own."""
    from .opening import open_scorer
    from .specification import read_specification

    specification = read_specification(folder)
    custom = [name for name in specification.features.families if name not in BUILT_IN]
    churn = folder / "models" / "churn.json"
    members = read_json(churn).get("weights", {}) if churn.is_file() else {}
    custom += [name for name in members if name == CustomChurnModel.name or name not in churn_models()]
    custom += [read_json(path.parent / "purchases.json")["name"] for path in (folder / "models").rglob(CODE_FILE)]
    remedy = 'code="bundle" runs it, if you trust who wrote it.'
    require(not custom, f"{folder.parents[1]}: needs code of its own: {', '.join(custom)}.", remedy=remedy)
    return open_scorer(folder)
