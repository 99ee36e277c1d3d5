"""Simulated data with known truth, and suites of tests that a custom model or feature family inherits.

The suites need pytest, the simulators do not.
"""

import sys
from importlib import import_module
from typing import Any

_SUITES = {
    "ChurnModelSuite": "churn_model_suite",
    "FeatureFamilySuite": "feature_family_suite",
    "PurchaseModelSuite": "purchase_model_suite",
}
__all__ = list(_SUITES)


def __getattr__(name: str) -> Any:
    """Import a suite when it is first used: the simulators work without pytest."""
    if name not in _SUITES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        import pytest
    except ModuleNotFoundError:
        message = f"churnclv.testing.{name} needs pytest, which is not installed.\n  -> pip install pytest"
        raise ModuleNotFoundError(message, name="pytest") from None
    module = f"{__name__}.{_SUITES[name]}"
    if module not in sys.modules:
        pytest.register_assert_rewrite(module)  # a failure then shows the values
    return getattr(import_module(module), name)
