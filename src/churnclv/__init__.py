"""Which customers are leaving, what each one is worth, and what to do about it."""

from typing import Any

__version__ = "0.1.0"
__all__ = [
    "NBD",
    "BetaGeo",
    "BoostedChurn",
    "CondensedBetaGeo",
    "DynamicCovariates",
    "GammaGamma",
    "GompertzNBD",
    "LogisticChurn",
    "ModifiedBetaGeo",
    "ParetoNBD",
    "build_features",
    "load_bundle",
    "read_events",
    "read_labels",
    "summarise_rfm",
]


def __getattr__(name: str) -> Any:
    """Import the public API when it is first used: commands and bundles start without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
