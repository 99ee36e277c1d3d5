"""The documents promise nothing that is not there: commands, targets, settings, links and pictures are real."""

import inspect
import os
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

import churnclv
from churnclv.cli.help import HELP
from churnclv.clv.purchase_models import PURCHASE_MODELS
from churnclv.data.faults import BY_NAME
from churnclv.data.spark_session import ScoringEngineSettings
from churnclv.evaluation.checks import CHECKS
from churnclv.features.families import described_columns
from churnclv.files import PROJECT as ROOT
from churnclv.pipeline.extensions import load_extensions
from churnclv.pipeline.settings import SCHEMAS, TrainConfig
from churnclv.ranges import Bounds

DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.glob("**/*.md")])
MAKEFILE = (ROOT / "Makefile").read_text()


FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(make \S+|churnclv|python -m churnclv) \S")  # `make score` alone is a name, not a line
APART = {
    "setup": "makes the environment that runs this test",
    "lock": "asks the package index",
    "test": "is this suite",
    "test-all": "is this suite",
    "test-nightly": "is this suite with more examples",
    "lint": "is a step of .ci/run",
    "docs-setup": "installs the packages of the documentation; a step of .ci/run",
    "docs": "is a step of .ci/run, which installs what it needs",
    "bench": "takes an hour",
    "clean": "removes the environment that runs this test",
    "help": "has a test of its own",
}  # targets that are no command of churnclv: the documents name them, and nothing composes them


def commands() -> list[str]:
    """Return every command line of the documents: the lines of shell blocks, and those within sentences."""
    lines = []
    for page in PAGES:
        for language, block in FENCE.findall(page.read_text()):
            lines += block.splitlines() if language == "sh" else []
        within = re.findall(r"`([^`\n]+)`", FENCE.sub("", page.read_text()))
        lines += [code for code in within if COMMAND.match(code) and not re.search(r"<\w+>|\.\.\.|=$", code)]
    return sorted({line for line in lines if line.strip()})


def expand_target(target: str, *variables: str) -> list[str]:
    """Return the arguments that a make target gives to churnclv."""
    recipe = ["make", "--silent", "--old-file=setup", target, *variables, r"RUN_PYTHON=printf '%s\0'"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(recipe, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60)
    module, *arguments = done.stdout.split("\0")[1:-1]
    assert module == "churnclv"
    return arguments


@pytest.mark.slow
@pytest.mark.parametrize("line", commands())
def test_every_command_composes_or_is_named_apart(line, compose_line):
    """It goes through the Makefile and the shell, then through Hydra and every check of the settings."""
    words = shlex.split(line, comments=True)
    if words[0] == "eval":
        assert "--shell-completion install=bash" in line  # tests/runs/test_help.py runs it
        return
    if words[0] == "make":
        assert words[1] in APART or words[1] in HELP, words[1]
        words = expand_target(*words[1:]) if words[1] in HELP else []
    else:
        words = words[1:] if words[0] == "churnclv" else words[3:]
    if words and "--help" not in words:
        assert compose_line(words)


def test_every_target_of_the_makefile_is_a_command_or_named_apart():
    targets = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    assert targets == set(HELP) | set(APART)
    assert {
        name for page in PAGES for name in re.findall(r"\bmake ([a-z-]+)(?=`| [A-Z]+=)", page.read_text())
    } <= targets
    printed = subprocess.run(["make", "--silent", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in printed.splitlines()} == targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_commands_code_or_output(page):
    """A command in a block without a language would be tested by nothing."""
    for language, block in FENCE.findall(page.read_text()):
        assert language in {"sh", "python", "py", "yaml", "text", ""}, language
        if language in {"text", ""}:
            assert not re.search(r"^(\$ )?(make|churnclv|python3?|pip|curl|export|eval) ", block, re.MULTILINE), block
        if language == "py":
            compile(block, page.name, "exec")  # needs a bundle: tests/runs/test_bundle.py does the same with one
        if language == "yaml":
            assert yaml.safe_load(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_is_there(page):
    for target, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]+))?\)", page.read_text()):
        if not target.startswith("http"):
            other = page.parent / target if target else page
            assert other.is_file(), target
            assert not anchor or anchor in anchors(other), f"{target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """Return the addresses of a page's headings, as the site and GitHub make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_site_menu():
    menu = re.findall(r"[\w/]+\.md", (DOCS / "mkdocs.yml").read_text())
    assert sorted(menu) == sorted(str(page.relative_to(DOCS)) for page in PAGES if page.name != "README.md")


def test_every_setting_named_in_the_documents_exists():
    known = set()

    def walk(values, prefix=""):
        for name, value in values.items():
            known.add(prefix + name)
            if isinstance(value, dict):
                walk(value, f"{prefix}{name}.")

    walk(TrainConfig().as_dict())
    walk(asdict(ScoringEngineSettings()), "engine.")
    for model, kind in PURCHASE_MODELS.items():
        known.update(f"clv.purchase_parameters.{model}.{name}" for name in kind.hyperparameters)
    rooms = "data|windows|features|churn|clv|tuning|economics|engine|tracking"
    for page in PAGES:
        for name in re.findall(rf"\b((?:{rooms})\.[a-z_]+(?:\.[a-z_]+)*)=", page.read_text()):
            declared = name.startswith(
                ("data.tables.", "data.covariates.", "data.static.", "tuning.churn.")
            )  # under names of the user's choice
            assert name in known or declared or name == "data.policy", name


def test_every_target_of_the_makefile_is_explained_by_help():
    targets = re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE)
    assert set(targets) == set(explained)


def test_no_index_address_and_no_path_of_a_machine_is_committed():
    locks = (ROOT / "requirements.lock", DOCS / "requirements.lock")
    for path in (*locks, ROOT / "pyproject.toml", *PAGES):
        assert not re.search(r"https?://\S*(simple|pypi)|--(extra-)?index-url|--find-links", path.read_text()), path
    version = r"[A-Za-z0-9._-]+==\S+.*|    --hash=sha256:[0-9a-f]{64}( \\)?"
    assert all(re.fullmatch(version, line) for path in locks for line in path.read_text().splitlines())


def test_the_site_is_built_by_the_versions_that_are_named():
    pins = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["docs"]
    locked = {line.split()[0] for line in (DOCS / "requirements.lock").read_text().splitlines() if line[0] != " "}
    assert set(pins) <= locked


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


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```python" in page.read_text()], ids=lambda page: page.name
)
def test_every_python_example_runs(page, capsys):
    namespace = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        exec(compile(block, page.name, "exec"), namespace)  # noqa: S102 # the page's own examples
    load_extensions([])  # what the examples have registered
    capsys.readouterr()


def table_rows(page: str) -> list[list[str]]:
    """Return the cells of all table rows of a page that begin with a name in code."""
    lines = (DOCS / page).read_text().splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| `")]


def test_every_feature_column_has_its_row():
    rows = {cells[0].strip(" |`"): [cell.strip(" |") for cell in cells[1:]] for cells in table_rows("features.md")}
    parts = {
        r"weekday_(\w+day)": "weekday_<weekday>",
        r"hours_(night|morning|afternoon|evening)": "hours_<part>",
        r"(\d\d)": "<month>",
        r"(\d+)": "<days>",
        r"(\w+)": "<name>",
    }
    described = {}
    for column in described_columns():
        name = column.pattern
        for group, written in parts.items():
            name = name.replace(group, written)
        described[name] = [column.meaning, column.unit]
    assert rows == described


def settings_of(settings: Any, prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    """Yield name, default and range of every setting of a command."""
    for field in fields(settings):
        name, value, bounds = prefix + field.name, getattr(settings, field.name), field.metadata.get("bounds")
        if is_dataclass(value) and name != "data.policy":
            yield from settings_of(value, f"{name}.")
        else:
            yield name, value, bounds.text(float("nan")).replace(bounds.hint, "") if isinstance(bounds, Bounds) else ""


def as_written(value: Any) -> str:
    """Return a default as YAML writes it on one line."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, list):
        return f"[{', '.join(map(as_written, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {as_written(part)}' for name, part in value.items())}}}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value) or '""'


ELSEWHERE = ("data.spelling", "entry")  # written by a run, not chosen
IN_WORDS = (
    "data.missing_tokens", "data.tables", "data.policy", "tracking.home",
    "tuning.churn", "tuning.clv", "tuning.boosting",
)  # fmt: skip


# Null in the schema, which reads the stored choices of runs of earlier versions; `conf/` gives new runs another value.
CHOSEN_IN_CONF = {
    f"tuning.{name}": as_written(yaml.safe_load((ROOT / "conf" / "tuning" / "default.yaml").read_text())[name])
    for name in ("max_customers", "max_search_rows")
}


def test_every_setting_has_its_row_with_default_and_range():
    page = (DOCS / "configuration.md").read_text()
    sections = {part.partition("\n")[0]: part.splitlines() for part in re.split(r"^## ", page, flags=re.MULTILINE)}
    titles = {"train": "Training", "ui": "UI"}
    titles |= {
        "campaign-plan": "Campaign plan",
        "campaign-judge": "Campaign verdict",
        "campaign-table": "Campaign table",
    }
    for command, schema in SCHEMAS.items():
        section, config = titles.get(command, command.capitalize()), schema()
        shared = () if section == "Training" else ("tracking.", "engine.", "economics.")
        shared = ("tracking.", "economics.") if section == "Score" else shared  # its engine has settings of its own
        shared += ("data.",) if section in {"Report", "Campaign verdict"} else ()
        shared += ("data.", "windows.", "features.") if section == "Campaign table" else ()
        wanted = {
            name: (as_written(value), bounds)
            for name, value, bounds in settings_of(config)
            if not name.startswith(shared) and not (section == "Training" and name in ELSEWHERE)
        }
        rows = [line.strip("|").split("|") for line in sections[section] if re.match(r"\| `", line)]
        written = {row[0].strip(" `"): (row[1].strip(" `"), row[2].strip()) for row in rows}
        ranges = {name for name in written if re.match(r"tuning\.\w+\.", name)}
        assert set(written) - ranges == set(wanted), section
        for name, (default, bounds) in wanted.items():
            shown = written[name][0] if name in IN_WORDS else CHOSEN_IN_CONF.get(name, default)
            assert written[name] == (shown, bounds), name


def test_every_purchase_model_has_its_row_and_its_hyperparameters():
    rows = table_rows("clv.md")
    for name, model in PURCHASE_MODELS.items():
        assert [f"`{name}`", model.assumption, model.source] in rows, name
        for key, one in model.hyperparameters.items():
            cells = [f"`{name}`", f"`{key}`", f"{one.default}", one.bounds.text(float("nan")), one.meaning]
            assert cells in rows, key


def test_every_search_range_has_its_row():
    searched = yaml.safe_load((ROOT / "conf/tuning/default.yaml").read_text())
    written = {cells[0].strip(" |`"): cells for cells in table_rows("configuration.md")}
    for side in ("churn", "clv", "boosting"):
        for name, found in searched[side].items():
            cells = written.pop(f"tuning.{side}.{name}")
            ends = [] if "choices" in found else [f"{found[end]:g}" for end in ("low", "high")]
            assert cells[2:4] == ends or cells[2] == f"choices: {', '.join(map(as_written, found['choices']))}", name
    assert not [name for name in written if re.match(r"tuning\.\w+\.", name)]


def test_every_group_and_choice_of_the_configuration_is_named():
    cells = {row[0].strip(" |`"): row[1] for row in table_rows("configuration.md") if len(row) == 3}
    for folder in (path for path in (ROOT / "conf").iterdir() if path.is_dir()):
        assert set(re.findall(r"`(\w+)`", cells[folder.name])) == {file.stem for file in folder.glob("*.yaml")}


def test_every_fault_has_its_row_with_its_policy():
    rows = {cells[0].strip(" |`"): cells[-1].strip("` |") for cells in table_rows("your_data.md")}
    policies = {name: policy.name for name, policy in vars(TrainConfig().data.policy).items()}
    assert set(BY_NAME) == set(policies)
    assert {name: rows.get(name) for name in policies} == policies


def test_every_check_has_its_section():
    sections = re.split(r"^## ", (DOCS / "checks.md").read_text(), flags=re.MULTILINE)[1:]
    wanted = []
    for rule in (check.rule for check in CHECKS.built_in.values()):
        parts = {"Severity": rule.severity.value, "What": rule.what, "Why": rule.why, "Remedy": rule.remedy}
        text = "\n\n".join(f"**{name}.** {part}" for name, part in parts.items())
        wanted.append(f"{rule.code}: {rule.claim}\n\n{text}")
    assert sorted(" ".join(section.split()) for section in sections) == sorted(
        " ".join(text.split()) for text in wanted
    )


def test_every_notice_has_its_row():
    sources = "".join(path.read_text() for path in (ROOT / "src/churnclv").rglob("*.py"))
    codes = set(re.findall(r'\bNotice\(\s*"([a-z_]+)"', sources))
    assert codes <= {cells[0].strip(" |`") for cells in table_rows("notices.md")}


def test_every_public_name_and_method_is_listed():
    page = (DOCS / "python_api.md").read_text()
    for name in churnclv.__all__:
        assert re.search(rf"`{name}\(", page), name
        public = getattr(churnclv, name)
        for method, function in inspect.getmembers(public, inspect.isfunction) if inspect.isclass(public) else ():
            ours = function.__module__.startswith("churnclv") and not method.startswith("_")
            assert not ours or f"`{method}(" in page or f"`{name}.{method}(" in page, f"{name}.{method}"
