"""How many examples a test of a property tries: an eighth by day, all of them by night (`make test-nightly`)."""

from typing import Any

from hypothesis import settings

DAY, NIGHTLY = "day", "nightly"
settings.register_profile(DAY)
settings.register_profile(NIGHTLY)
_SHARE_BY_DAY, _LEAST = 8, 5
_EACH_BY_DAY = 4


def examples(nightly: int, **chosen: Any) -> settings:
    """Return the settings of a test of so many examples by night; the same examples in every run."""
    number = nightly if _is_night() else max(_LEAST, nightly // _SHARE_BY_DAY)
    return settings(max_examples=number, **{"deadline": None, "derandomize": True, **chosen})


def some(cases: list[Any]) -> list[Any]:
    """Return the cases that a test tries: all of them by night, every fourth by day."""
    return cases if _is_night() else cases[::_EACH_BY_DAY]


def _is_night() -> bool:
    return bool(settings.get_current_profile_name() == NIGHTLY)
