"""Extensions: files of the user's that register families, checks, key figures or report sections."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError, require
from ..evaluation import checks
from ..evaluation.check import CHECKS
from ..explain.phrases.phrase import check_phrases
from ..features import families
from ..features.family import FAMILIES
from ..features.settings import FeatureSettings
from ..files import file_digest, load_module, locate
from ..registration import Registry
from ..report import key_figures, sections
from ..report.kpi import KPIS
from ..report.report_context import SECTIONS
from ..report.texts.translation import forget_texts

BUILT_IN = (families, checks, key_figures, sections)  # they are imported first, so their names are taken
_REGISTRIES: tuple[Registry[Any], ...] = (FAMILIES, CHECKS, KPIS, SECTIONS)
_REMEDY = "decorate a function with family, check, kpi or section; docs/extending.md has an example of each."


def load_extensions(files: Sequence[str]) -> None:
    """Run the files, which register what they add; what earlier files added is dropped.

    Raises:
        InputError: a file is missing, fails, registers nothing, takes a name that is taken, leaves a text out in a
            language, or holds a family beside something else.
    """
    for registry in _REGISTRIES:
        registry.forget()
    forget_texts()
    for file in files:
        path = locate(Path(file))
        load_module(path)
        added = {registry.what: registry.of_file(path) for registry in _REGISTRIES}
        require(any(added.values()), f"{file}: registers nothing.", remedy=_REMEDY)
        alone = not added[FAMILIES.what] or not any(names for what, names in added.items() if what != FAMILIES.what)
        remedy = "put each in a file of its own: a bundle carries the file of a family."
        require(alone, f"{file}: holds a feature family beside something else.", remedy=remedy)
        for name in added[FAMILIES.what]:
            _check_columns(file, name)


def _check_columns(file: str, name: str) -> None:
    for column in FAMILIES.added[name].columns or ():
        try:
            check_phrases(column)
        except (ValueError, KeyError, IndexError, RuntimeError) as error:
            message = f"{file}: the phrases of column {column.pattern!r} cannot be read: {error!r}."
            raise InputError(message, remedy="the module explain.phrases.phrase lists the fields.") from error


def add_families(features: FeatureSettings, files: Sequence[str]) -> None:
    """Name the families of extensions in `features.families`, after those that it names already."""
    for file in files:
        named = [f"{file}:{name}" for name in FAMILIES.of_file(locate(Path(file)))]
        features.families += [name for name in named if name not in features.families]


def extension_digests(files: Sequence[str]) -> list[str]:
    """Return the digests of the files: they count as code."""
    return [file_digest(locate(Path(file))) for file in files]
