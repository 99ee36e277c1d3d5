"""The suites that ship with the package: the author of an entry inherits them, as the documents show."""

import re
import subprocess
import sys

import pytest

from churnclv.bundle.writer import ROOMS
from churnclv.files import PROJECT

PAGE = (PROJECT / "docs" / "hackathon.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
MODEL = """
import json
import numpy as np

class Steady:
    def fit(self, table, churned):
        left = churned.sum()
        self.mean = float(np.log((left + 1e-9) / (len(churned) - left + 1e-9)))
        self.slope = float(0 < left < len(churned) and len(np.unique(self.silent(table))) > 1)
        return self
    def silent(self, table):
        known = table["silent"].where(np.isfinite(table["silent"]))
        return np.clip(known.fillna(0.0).to_numpy(), -3, 3)
    def predict(self, table):
        return 1 / (1 + np.exp(-np.clip(self.mean + self.slope * self.silent(table), -13, 13)))
    def get_params(self):
        return {}
    def save(self, folder):
        (folder / "line.json").write_text(json.dumps([self.mean, self.slope]))
    @classmethod
    def load(cls, folder):
        model = cls()
        model.mean, model.slope = json.loads((folder / "line.json").read_text())
        return model
"""
FAMILY = """
def spent(history, settings):
    orders = history.filter(history.kind == "order")
    return orders.group_by(["customer_id", "cutoff"]).agg(spent_ever=orders.amount.sum().cast("float64"))
"""
FAULTS = {
    "in company": ("fillna(0.0)", "fillna(known.mean())", "test_a_row_is_scored_by_itself"),
    "forgetful": ("json.loads((folder", "0.0, json.loads((folder", "test_a_loaded_model_is_the_saved_one_to_the_bit"),
    "at random": ("self.slope *", "np.random.rand() *", "test_the_same_rows_give_the_same_model"),
}


def run_suites(folder, *words):
    """Run pytest in a folder, in a process that knows nothing of this one."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_entry.py", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture
def entry(tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "features.py").write_text(FAMILY)
    (tmp_path / "test_entry.py").write_text(EXAMPLE)
    return tmp_path


@pytest.mark.slow
def test_the_example_of_the_documents_passes(entry):
    done = run_suites(entry)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d\d passed", done.stdout)


@pytest.mark.slow
def test_a_model_at_fault_fails_the_test_that_names_it_and_shows_the_values(entry):
    assert all(old in MODEL for old, _, _ in FAULTS.values())
    models = {name.title().replace(" ", ""): MODEL.replace(old, new) for name, (old, new, _) in FAULTS.items()}
    lines = ["from churnclv.testing import ChurnModelSuite"]
    for name, code in models.items():
        (entry / f"{name}.py").write_text(code)
        lines.append(f'class Test{name}(ChurnModelSuite):\n    where = "{name}.py:Steady"')
    (entry / "test_entry.py").write_text("\n\n".join(lines))
    done = run_suites(entry, "-k", " or ".join(test for _, _, test in FAULTS.values()))
    for name, (_, _, test) in zip(models, FAULTS.values(), strict=True):
        assert f"FAILED test_entry.py::Test{name}::{test}" in done.stdout
    assert "where" in done.stdout  # asserts are rewritten


@pytest.mark.slow
def test_a_family_that_sees_the_future_fails(entry):
    later = "events = history.op().parent.to_expr()"
    (entry / "features.py").write_text(
        f"def spent(history, settings):\n    {later}\n"
        "    return events.group_by(['customer_id', 'cutoff']).agg(ever=events.kind.count())\n"
    )
    done = run_suites(entry, "-k", "test_it_sees_nothing_but_the_history")
    assert done.returncode == 1
    assert "TestFamily::test_it_sees_nothing_but_the_history" in done.stdout


WITHOUT_PYTEST = """
import sys
sys.modules["pytest"] = None
import churnclv, churnclv.testing
from churnclv.testing.market import Market, simulate
assert len(simulate(Market(customers=5), 1).log)
try:
    from churnclv.testing import ChurnModelSuite
except ModuleNotFoundError as error:
    print(error)
"""


def test_without_pytest_the_simulators_work_and_a_suite_says_what_it_needs():
    done = subprocess.run([sys.executable, "-c", WITHOUT_PYTEST], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "churnclv.testing.ChurnModelSuite needs pytest, which is not installed.\n  -> pip install pytest\n"
    )


def test_a_bundle_does_not_carry_the_suites():
    assert "testing" not in ROOMS
