"""Renamed settings: the former names of settings and choices, which still work for one version, with a notice."""

from collections.abc import Sequence
from typing import Any

from ..notices import Notice

KEYS = {
    "churn.own": "churn.custom",
    "churn.formula_columns": "churn.btyd_columns",
    "clv.boosting.from_formula": "clv.boosting.from_btyd",
    "tuning.boosting.from_formula": "tuning.boosting.from_btyd",
    "clv.stages": "clv.purchase_parameters.mbgcnbd.stages",
    "clv.opportunity_days": "clv.purchase_parameters.bgbb.opportunity_days",
}
CHOICES = {
    "churn": {"formula": "btyd", "own": "custom"},
    "data.shape": {"orders": "noncontractual", "contracts": "contractual"},
}
_MEMBERS = CHOICES["churn"]


def rename_arguments(arguments: Sequence[str]) -> tuple[list[str], tuple[Notice, ...]]:
    """Return Hydra's overrides (`key=value`) with present names, and a notice for each former one."""
    renamed, notices = [], []
    for argument in arguments:
        key, equals, value = argument.partition("=")
        sign, name = key[: len(key) - len(key.lstrip("+~"))], key.lstrip("+~")
        present = f"{sign}{KEYS.get(name, name)}{equals}{CHOICES.get(name, {}).get(value, value)}"
        renamed.append(present)
        if present != argument:
            message = f"{argument} is the name of an earlier version, and will not be read by the next one."
            notices.append(Notice("renamed_setting", message, f"write {present}"))
    return renamed, tuple(notices)


def rename_values(values: dict[str, Any], keys: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the nested configuration that an earlier version wrote, with present names."""
    for former, present in (KEYS if keys is None else keys).items():
        *path, last = former.split(".")
        inner = values
        for part in path:
            inner = inner.get(part) or {}
        if last in inner:
            *parents, name = present.split(".")
            value, target = inner.pop(last), values
            for part in parents:
                target = target.setdefault(part, {})
            target[name] = value
    churn = values.get("churn") or {}
    if churn.get("name") in _MEMBERS:
        churn["name"] = _MEMBERS[churn["name"]]
    return values


def rename_choices(choices: dict[str, Any]) -> dict[str, Any]:
    """Return the choices that a run of an earlier version wrote, with present names."""
    if "churn" not in choices:  # of an experiment, which earlier versions did not have
        return choices
    churn = choices["churn"]
    churn["weights"] = {_MEMBERS.get(name, name): weight for name, weight in churn["weights"].items()}
    if (churn.get("column") or "").startswith("formula_"):
        churn["column"] = churn["column"].replace("formula_", "btyd_", 1)
    return rename_values(choices, {"churn.own": "churn.custom", "clv.boosting.from_formula": "clv.boosting.from_btyd"})
