"""Former names of settings still work, with a notice that names the present ones."""

import pytest
from pydantic import TypeAdapter

from churnclv.cli.app import train_config
from churnclv.data.settings import CustomerKind
from churnclv.pipeline.renamed_settings import CHOICES, KEYS, rename_arguments, rename_choices
from churnclv.pipeline.settings import TrainConfig


@pytest.mark.parametrize(
    ("former", "present"),
    [(f"{old}=x", f"{new}=x") for old, new in KEYS.items()]
    + [(f"{group}={old}", f"{group}={new}") for group, names in CHOICES.items() for old, new in names.items()]
    + [("+churn.own=a.py:B", "+churn.custom=a.py:B")],
)
def test_a_former_name_is_read_and_the_present_one_named(former, present):
    arguments, (notice,) = rename_arguments([former, "clv=bgnbd"])
    assert arguments == [present, "clv=bgnbd"]
    assert notice.code == "renamed_setting"
    assert notice.remedy == f"write {present}"


def test_present_names_and_values_stay_as_they_are():
    arguments = ["churn=btyd", "churn.custom=own", "data.name=formula", "data.path=churn.own=x.csv"]
    assert rename_arguments(arguments) == (arguments, ())


def test_a_configuration_of_an_earlier_version_is_read():
    values = TrainConfig().as_dict()
    values["churn"] |= {"name": "formula"}
    for former, present in KEYS.items():
        *path, old = former.split(".")
        inner = values
        for part in path:
            inner = inner.get(part, {})
        if (new := present.rpartition(".")[2]) in inner:
            inner[old] = inner.pop(new)
    read = train_config(values)
    assert read.churn.name == "btyd"
    assert read.clv == TrainConfig().clv


def test_choices_of_an_earlier_version_are_read():
    churn = {"weights": {"formula": 0.3, "own": 0.7}, "column": "formula_p_no_purchase", "own": "m.py:C"}
    clv = {"boosting": {"from_formula": True}}
    assert rename_choices({"churn": churn, "clv": clv}) == {
        "churn": {"weights": {"btyd": 0.3, "custom": 0.7}, "column": "btyd_p_no_purchase", "custom": "m.py:C"},
        "clv": {"boosting": {"from_btyd": True}},
    }


@pytest.mark.parametrize(("former", "present"), CHOICES["data.shape"].items())
def test_a_customer_kind_of_an_earlier_version_is_read_in_files_too(former, present):
    """Configuration files, runs and bundles of earlier versions have the former names."""
    values = TrainConfig().as_dict()
    values["data"]["shape"] = former
    values["data"]["columns"] |= {"amount": None, "end": "end"} if former == "contracts" else {}
    assert train_config(values).data.shape.name == present
    assert TypeAdapter(CustomerKind).validate_python(former).name == present
    assert TypeAdapter(CustomerKind).dump_python(CustomerKind[former], mode="json") == present
