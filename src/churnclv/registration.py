"""Registries: what registers itself by name, from the package's own files and from files that a user names."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from .errors import InputError, require

_PACKAGE = Path(__file__).resolve().parent
LANGUAGES = {"en": "English", "it": "Italian"}
LAST_PLACE = 1000  # of what a user adds: after all that is built in

Item = TypeVar("Item")


@dataclass
class Registry(Generic[Item]):
    """Things of one kind by name.

    Attributes:
        what: the kind, for messages, such as `check`.
        built_in: those of the package.
        added: those of files outside the package.
        origins: the file of each of `added`.
        version: how often `added` changed, for whoever keeps what follows from it.
    """

    what: str
    built_in: dict[str, Item] = field(default_factory=dict)
    added: dict[str, Item] = field(default_factory=dict)
    origins: dict[str, Path] = field(default_factory=dict)
    version: int = 0

    def add(self, name: str, item: Item, origin: Path) -> None:
        """Register a thing; the same file may register it again.

        Raises:
            InputError: another file has registered one of this name.
        """
        if _is_inside(origin):
            twice = name in self.built_in
            require(not twice, f"{origin}: the {self.what} {name!r} exists twice.", remedy="give one another name.")
            self.built_in[name] = item
            return
        former = self.origins.get(name, origin)
        taken = "churnclv" if name in self.built_in else "" if _same(former, origin) else str(former)
        message = f"{origin}: the {self.what} {name!r} is one of {taken} already."
        require(not taken, message, remedy="give it a name of its own.")
        self.added[name], self.origins[name] = item, origin
        self.version += 1

    def forget(self) -> None:
        """Drop what files outside the package have registered."""
        self.added.clear()
        self.origins.clear()
        self.version += 1

    def items(self) -> dict[str, Item]:
        """Return all by name, the built-in ones first."""
        return self.built_in | self.added

    def of_file(self, path: Path) -> list[str]:
        """Return the names that a file has registered."""
        return [name for name, origin in self.origins.items() if origin == path.resolve()]


def origin_of(function: Callable[..., Any]) -> Path:
    """Return the file that defines a function."""
    return Path(inspect.unwrap(function).__code__.co_filename).resolve()


def require_languages(origin: Path, what: str, texts: dict[str, Any]) -> None:
    """Raise `InputError` where a text is missing in a language: `texts` are by language."""
    missing = [f"{name} ({code})" for code, name in LANGUAGES.items() if not texts.get(code)]
    remedy = f"give it in each of {', '.join(LANGUAGES)}."
    require(not missing, f"{origin}: {what} has no text in {', '.join(missing)}.", remedy=remedy)


def call_registered(what: str, origin: Path, function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a registered function gives; an error inside a user's file is the user's to mend.

    Raises:
        InputError: a function from outside the package fails.
    """
    if _is_inside(origin):
        return function(*arguments)
    try:
        return function(*arguments)
    except InputError:
        raise
    except Exception as error:  # a user's file may raise anything
        message = f"{origin}: {what} fails: {type(error).__name__}: {error}"
        raise InputError(message, remedy="mend the file.") from error


def _is_inside(origin: Path) -> bool:
    return origin.is_relative_to(_PACKAGE)


def _same(one: Path, other: Path) -> bool:
    """Return whether two files are one, or copies: a bundle may be loaded from two places."""
    return one == other or (one.is_file() and other.is_file() and one.read_bytes() == other.read_bytes())
