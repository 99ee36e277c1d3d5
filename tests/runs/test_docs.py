"""The documents promise nothing that is not there: commands, targets, settings, links and pictures are real."""

import re
import shlex
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from churnclv.cli.app import take_overrides
from churnclv.files import PROJECT as ROOT
from churnclv.pipeline.settings import ReportConfig, TrainConfig

VARIABLES = {
    "DATA", "EXPERIMENT", "NAME", "ARGS", "RUN", "OUT", "PORT",
    "INPUT", "OUTPUT", "AS_OF", "MODEL", "TARGETS", "BUDGET",
}  # fmt: skip
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
MAKEFILE = (ROOT / "Makefile").read_text()


def commands() -> list[str]:
    found = []
    for page in PAGES:
        for block in re.findall(r"```\n(.*?)```", page.read_text(), re.DOTALL):
            found += [line.split("#")[0].strip() for line in block.splitlines() if line.startswith("make ")]
        found += re.findall(r"`(make [a-z-]+[^`]*)`", page.read_text())
    return sorted(set(found))


@pytest.mark.parametrize("command", commands())
def test_every_command_has_its_target_and_settings_that_compose(command):
    target, *words = shlex.split(command)[1:]
    assert re.search(rf"^{target}:.*##", MAKEFILE, re.MULTILINE), target
    given = dict(word.partition("=")[::2] for word in words)
    assert set(given) <= VARIABLES
    overrides = shlex.split(given.get("ARGS", ""))
    if "DATA" in given:
        overrides += ["data=transactions", f"data.path={given['DATA']}"]
    schemas = {"train": TrainConfig, "report": ReportConfig}
    if target in schemas:
        ConfigStore.instance().store(name=f"{target}_schema", node=schemas[target])
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            OmegaConf.to_object(compose(target, take_overrides(overrides, schemas[target])))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_is_there(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).is_file(), target


def test_every_setting_named_in_the_documents_exists():
    known = set()

    def walk(values, prefix=""):
        for name, value in values.items():
            known.add(prefix + name)
            if isinstance(value, dict):
                walk(value, f"{prefix}{name}.")

    walk(TrainConfig().as_dict())
    rooms = "data|windows|features|churn|clv|tuning|economics|engine|tracking"
    for page in PAGES:
        for name in re.findall(rf"\b((?:{rooms})\.[a-z_]+(?:\.[a-z_]+)*)=", page.read_text()):
            declared = name.startswith(
                ("data.tables.", "data.static.", "tuning.churn.")
            )  # under names of the user's choice
            assert name in known or declared or name == "data.policy", name


def test_every_target_of_the_makefile_is_explained_by_help():
    targets = re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE)
    assert set(targets) == set(explained)


def test_no_index_address_and_no_path_of_a_machine_is_committed():
    for path in (ROOT / "requirements.lock", ROOT / "pyproject.toml", *PAGES):
        assert not re.search(r"https?://\S*(simple|pypi)|--(extra-)?index-url|--find-links", path.read_text()), path
    lock = (ROOT / "requirements.lock").read_text().splitlines()
    version = r"[A-Za-z0-9._-]+==\S+.*|    --hash=sha256:[0-9a-f]{64}( \\)?"
    assert all(re.fullmatch(version, line) for line in lock)


def test_the_configuration_files_say_what_the_code_says():
    ConfigStore.instance().store(name="train_schema", node=TrainConfig)
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        composed = OmegaConf.to_object(compose("train", ["data=transactions", "data.path=x", "tracking.home=mlruns"]))
    plain = TrainConfig()
    assert composed.windows == plain.windows
    assert composed.features == plain.features
    assert composed.economics == plain.economics
    assert composed.churn == plain.churn
    assert composed.clv == plain.clv
    assert Path(ROOT / "conf" / "train.yaml").is_file()


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```python" in page.read_text()], ids=lambda page: page.name
)
def test_every_python_example_runs(page, capsys):
    namespace = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        exec(compile(block, page.name, "exec"), namespace)  # noqa: S102 # the page's own examples
    capsys.readouterr()
