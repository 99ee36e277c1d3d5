"""The record of learned effects: what a run has found on its sealed test, kept beside it and in its bundle."""

from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Any

from ..errors import require
from ..evaluation.bootstrap import Interval
from ..evaluation.effect_evaluation import ArmFigures, EffectFigures
from ..files import read_json

EFFECTS = "effects.json"
_KIND = "churnclv effects"


def describe_effects(
    figures: EffectFigures, choices: Mapping[str, str], outcome: str, *, binary: bool, randomised: bool
) -> dict[str, Any]:
    """Return what a run has found on its sealed test, as plain values; what is undefined is None.

    Parameters
    ----------
    figures
        Of the sealed test.
    choices
        Treatment -> the learner that was chosen.
    outcome
        The name of the outcome.
    binary
        Whether it has two values.
    randomised
        Whether chance decided who got what.
    """
    return {
        "kind": _KIND,
        "outcome": outcome,
        "binary": binary,
        "randomised": randomised,
        "customers": figures.customers,
        "arms": {name: {"chosen": choices[name], **_describe_arm(arm)} for name, arm in figures.arms.items()},
        "policies": {
            name: {
                "treated": policy.treated,
                "gain": _describe(policy.gain),
                "less": _describe(figures.over[name]) if name in figures.over else None,
            }
            for name, policy in figures.policies.items()
        },
    }


def _describe_arm(arm: ArmFigures) -> dict[str, Any]:
    groups = [{"customers": one.customers, "predicted": one.predicted, **asdict(one.effect)} for one in arm.groups]
    p_value = arm.p_value if isfinite(arm.p_value) else None
    return {
        "average": _describe(arm.average),
        "autoc": _describe(arm.autoc),
        "p_value": p_value,
        "groups": groups,  # by predicted effect, the highest first
    }


def _describe(figure: Interval) -> dict[str, float] | None:
    return asdict(figure) if isfinite(figure.value) else None


def read_effect_record(folder: Path) -> dict[str, Any]:
    """Return the record in the folder of a bundle, or of a run's artefacts.

    Raises
    ------
    InputError
        There is none.
    """
    remedy = "name the folder of a bundle that `make export` wrote from an experiment whose sealed test was opened."
    require(folder.is_dir(), f"report.effects={folder}: no such folder.", remedy=remedy)
    record = next(
        (read for path in sorted(folder.rglob(EFFECTS)) if (read := read_json(path)).get("kind") == _KIND), None
    )
    require(record is not None, f"report.effects={folder}: holds no record of learned effects.", remedy=remedy)
    return dict(record or {})
