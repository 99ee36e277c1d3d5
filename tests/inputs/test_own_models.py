"""A user's own model is tried before hours are spent on it, and told what is wrong with it."""

import os
import py_compile

import numpy as np
import pandas as pd
import pytest

from churnclv.churn.custom import CustomChurnModel, require_keeps
from churnclv.churn.log_odds import BIAS
from churnclv.churn.settings import ChurnSettings
from churnclv.errors import InputError
from churnclv.files import load_module

GOOD = """
import json
import numpy as np

class Mean:
    def __init__(self):
        self.mean = 0.5
    def fit(self, table, churned):
        self.mean = float(churned.mean())
        return self
    def predict(self, table):
        return np.clip(self.mean + 0.01 * table["a"].fillna(0).to_numpy(), 0, 1)
    def get_params(self):
        return {}
    def save(self, folder):
        (folder / "mean.json").write_text(json.dumps(self.mean))
    @classmethod
    def load(cls, folder):
        model = cls()
        model.mean = json.loads((folder / "mean.json").read_text())
        return model
"""
SPEAKING = (
    GOOD
    + """
    def contributions(self, table):
        margin = np.log(self.predict(table) / (1 - self.predict(table)))
        return {"a": margin - 0.1, "text": 0 * margin, "(bias)": 0.1 + 0 * margin}
"""
)


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    table = pd.DataFrame({"a": random.normal(size=60), "text": pd.Series(random.choice(["x", "y"], 60), dtype="str")})
    table.loc[::7, "a"] = np.nan
    return table, (random.random(60) < 0.3).astype(float)


def written(tmp_path, code: str) -> str:
    path = tmp_path / "model.py"
    path.write_text(code)
    return f"{path}:Mean"


def test_a_model_that_keeps_what_it_learned_is_accepted(tmp_path, rows):
    require_keeps(written(tmp_path, GOOD), *rows)


SAYS = 'np.clip(self.mean + 0.01 * table["a"].fillna(0).to_numpy(), 0, 1)'
WRITES = '(folder / "mean.json").write_text(json.dumps(self.mean))'
PICKLES = '(folder / "extra.bin").write_bytes(__import__("pickle").dumps(self.mean)); '


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("def load(", "def fetch(", "lacks load"),
        (SAYS, "np.full(len(table), 2.0)", r"no chances in 0\.\.1"),
        (SAYS, "np.array([0.5])", r"no chances in 0\.\.1"),
        ("model.mean = json", "unused = json", "predicts differently after save and load"),
        (WRITES, "pass", "FileNotFoundError"),
        ("return self\n", "raise ValueError('no')\n", "cannot be fitted, saved and loaded: ValueError: no"),
        (WRITES, PICKLES + WRITES, r"writes pickle \(extra\.bin\)"),
    ],
)
def test_what_is_wrong_is_said_before_training(tmp_path, rows, old, new, told):
    code = GOOD.replace(old, new)
    assert code != GOOD
    with pytest.raises(InputError, match=told):
        require_keeps(written(tmp_path, code), *rows)


@pytest.mark.parametrize("where", ["nowhere.py:Mean", "model.py:Other", "model", "model.txt:Mean"])
def test_a_class_that_is_not_there_is_an_input_error(tmp_path, where, monkeypatch):
    written(tmp_path, GOOD)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError):
        CustomChurnModel(where)


def test_own_needs_a_class():
    with pytest.raises(InputError, match=r"churn=custom needs churn\.custom"):
        ChurnSettings(name="custom")


@pytest.mark.parametrize("code", [GOOD, SPEAKING], ids=["silent", "speaking"])
def test_contributions_add_up_to_the_margin(tmp_path, rows, code):
    table, churned = rows
    model = CustomChurnModel(written(tmp_path, code)).fit(table, churned)
    added = model.contributions(table)
    assert added.sum(axis=1).to_numpy() == pytest.approx(model.log_odds(table), abs=1e-9)
    assert BIAS in added


def test_a_kept_model_needs_nothing_but_its_folder(tmp_path, rows):
    table, churned = rows
    model = CustomChurnModel(written(tmp_path, GOOD)).fit(table, churned)
    model.save(tmp_path / "kept")
    (tmp_path / "model.py").unlink()
    again = CustomChurnModel.load(tmp_path / "kept")
    assert again.predict(table) == pytest.approx(model.predict(table))
    assert again.features == ["a", "text"]


def test_a_users_file_leaves_no_bytecode_beside_it(tmp_path, monkeypatch):
    """In a bundle or a model's folder bytecode would be a file that nobody wrote there."""
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    (tmp_path / "model.py").write_text(GOOD)
    load_module(tmp_path / "model.py")
    assert [path.name for path in tmp_path.iterdir()] == ["model.py"]


def test_a_users_file_runs_as_it_is_now(tmp_path, monkeypatch):
    """Bytecode of the same length and second would pass for the file's own."""
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    path = tmp_path / "own.py"
    path.write_text("VALUE = 1\n")
    py_compile.compile(str(path))
    before = path.stat()
    path.write_text("VALUE = 2\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert load_module(path).VALUE == 2
