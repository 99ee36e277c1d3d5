"""Registry of churn models: a model registers itself, from its own file, with all that belongs to it."""

from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

    from .log_odds import LogOddsModel
    from .settings import ChurnSettings

LINEAR, TREES, PROBABILISTIC, CUSTOM = "linear", "trees", "probabilistic", "custom"


@dataclass(frozen=True)
class Situation:
    """What decides which parameters of a model are tried.

    Attributes:
        settings: of churn models.
        rows: number of labelled rows.
        seed: of everything random.
        in_time: whether the folds follow each other in time; those of a labelled table do not.
        column: the column of a probability of leaving; None without one.
        horizon_days: length of the label window where rows have purchase histories; None elsewhere.
    """

    settings: "ChurnSettings"
    rows: int
    seed: int = 0
    in_time: bool = True
    column: str | None = None
    horizon_days: float | None = None


class RegisteredModel(Protocol):
    """What a churn model brings, beside `LogOddsModel`'s methods: its family, its search space, and how it is made.

    Attributes:
        name: as `churn=` has it.
        family: members of the same family share its part of the equal weights of an ensemble.
        summary: what it is, in one line, for people.
    """

    name: ClassVar[str]
    family: ClassVar[str]
    summary: ClassVar[str]

    @classmethod
    def candidates(cls, situation: Situation) -> list[dict[str, Any]]:
        """Return the parameters that are tried in turn on the folds, the default first; none if unusable."""

    @classmethod
    def make(cls, parameters: dict[str, Any], threads: int) -> "LogOddsModel":
        """Return an unfitted model with one of the candidates' parameters."""

    @classmethod
    def load(cls, folder: "Path") -> "LogOddsModel":
        """Read what `save` wrote."""


_MODELS: dict[str, Any] = {}
Model = TypeVar("Model", bound=type)


def churn_model(model: Model) -> Model:
    """Register a class as a churn model, under its `name`; for use as a decorator."""
    _MODELS[model.name] = model  # type: ignore[attr-defined] # of `RegisteredModel`
    return model


def churn_models() -> dict[str, Any]:
    """Return all churn models by name: those of the files of this package, and whatever was registered beside them."""
    package = import_module(__package__)
    for module in iter_modules(package.__path__):
        import_module(f"{__package__}.{module.name}")
    return dict(sorted(_MODELS.items()))
