"""The help texts promise nothing that is not there, and a mistake on the command line is one message."""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import fields, is_dataclass
from typing import get_type_hints

import pytest
from hydra._internal.utils import get_args_parser  # Hydra's own list of options, which ours has to follow

from churnclv import __main__ as door
from churnclv.cli.command_line import order_arguments
from churnclv.cli.help import HELP, describe, overview
from churnclv.errors import InputError
from churnclv.files import PROJECT
from churnclv.pipeline.settings import SCHEMAS

EXAMPLES = [line for command in HELP.values() for line in command.examples if line.startswith("churnclv ")]


def run_door(*words: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "churnclv", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_every_command_has_a_help_a_schema_a_configuration_and_a_module():
    assert set(HELP) == set(SCHEMAS)
    for name in HELP:
        assert (PROJECT / "conf" / f"{name}.yaml").is_file()
        assert (PROJECT / "src/churnclv/cli" / f"{name.replace('-', '_')}.py").is_file()
        assert re.search(rf"^{name}:.*## ", (PROJECT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", HELP)
def test_a_help_text_has_its_parts_in_80_columns(name):
    text = describe(name)
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith(f"usage: churnclv {name} ")
    assert all(part in text for part in ("examples:", "most used settings:", "exit codes: 0 done; 2 "))
    assert 2 <= len(HELP[name].examples) <= 4


@pytest.mark.parametrize("words", [("--help",), ("train", "--help"), ("score", "input=a.csv", "-h")], ids=" ".join)
def test_help_is_printed_at_once(words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["churnclv", *words])
    door.main()
    printed = capsys.readouterr().out.rstrip("\n")
    assert printed == (overview() if len(words) == 1 else describe(words[0]))
    assert max(map(len, printed.splitlines())) <= 80


def test_help_loads_neither_hydra_nor_pandas():
    code = (
        "import sys; sys.argv = ['churnclv', 'train', '--help']; from churnclv.__main__ import main; main(); "
        "sys.exit(bool({'hydra', 'pandas', 'ibis', 'mlflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip("\n") == describe("train")


def test_help_of_training_lists_every_choice_and_the_default_of_the_horizon():
    words = describe("train").replace(",", "").split()
    for group in ("data", "windows", "churn", "clv"):
        assert {path.stem for path in (PROJECT / "conf" / group).glob("*.yaml")} <= set(words)
    assert "make train DATA=orders.csv" in describe("train")
    assert re.search(r"windows\.horizon_days .*\(90\)", describe("train"))


@pytest.mark.slow
@pytest.mark.parametrize("line", EXAMPLES)
def test_every_example_composes(line, compose_line):
    assert compose_line(shlex.split(line)[1:])


def test_every_setting_of_a_help_text_is_in_the_schema():
    for name, command in HELP.items():
        for key in command.settings:
            kind = SCHEMAS[name]
            for part in key.removesuffix(".<role>").split(".") if key != "experiment" else ():
                assert is_dataclass(kind), key
                assert part in {setting.name for setting in fields(kind)}, key
                kind = get_type_hints(kind)[part]


MISTAKES = {
    ("train", "--nosuch"): "train: there is no option --nosuch.",
    ("train", "--cgf", "job"): "did you mean --cfg?",
    ("score", "input=a.csv", "-x"): "score: there is no option -x.",
    ("train", "--cfg", "nosuch"): "'nosuch' (choose from ",
    ("train", "--cfg"): "--cfg/-c: expected one argument.",
    ("train", "nosuch"): "train: 'nosuch' is no setting.",
    ("train", "data=abc"): "train: there is no data=abc.\n  -> allowed are campaign, cdnow, contacts, experiment, ",
    ("train", "windows.horizon=3"): "train: there is no setting windows.horizon.\n  -> did you mean horizon_days? ",
    ("score", "input=a", "output=b", "inptu=c"): "score: there is no setting inptu.\n  -> did you mean input? ",
    ("train", "+nosuch=1"): "train: there is no setting nosuch, also not with a plus.",
    ("train", "+data.columns.amout=total"): "there is no setting data.columns.amout, also not with a plus.",
    ("score",): "score needs input and output.",
    ("trian",): "there is no command 'trian'.\n  -> did you mean train?",
    ("--nosuch",): "there is no option '--nosuch'.",
}


@pytest.mark.parametrize("words", MISTAKES, ids=" ".join)
def test_a_mistake_is_one_message_that_names_it_and_its_remedy(words, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["churnclv", *words])
    monkeypatch.setenv("MLRUNS", str(tmp_path / "home"))
    with pytest.raises(SystemExit) as end:
        door.main()
    printed = capsys.readouterr()
    assert end.value.code == 2
    assert printed.out == ""
    assert MISTAKES[words] in printed.err
    assert re.fullmatch(r"error: [^\n]+\n  -> [^\n]+\n", printed.err)


def test_an_unknown_option_ends_a_process_with_code_2_and_one_message():
    done = run_door("train", "--nosuch")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: train: there is no option --nosuch.\n  -> ")
    assert "usage" not in done.stderr


def test_the_options_are_those_of_hydra():
    """Each of them is taken, so that none is lost when Hydra adds one."""
    for action in get_args_parser()._actions:
        for option in action.option_strings:
            value = [next(iter(action.choices), "x") if action.choices else "x"] if action.nargs is None else []
            assert order_arguments("train", [option, *value]) == [option, *value]
    with pytest.raises(InputError, match="no option"):
        order_arguments("train", ["--nosuch"])


def test_settings_may_stand_on_both_sides_of_an_option():
    assert order_arguments("train", ["a=1", "--cfg", "job", "b=2"]) == ["a=1", "b=2", "--cfg", "job"]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("churnclv ", list(HELP)),
        ("churnclv re", ["report", "retrain"]),
        ("churnclv nosuch a", []),
        ("churnclv train clv=p", ["clv=pareto_nbd"]),
        ("churnclv export hi", ["higher_is_better="]),
    ],
)
def test_the_tab_key_offers_commands_settings_and_choices(line, offered, monkeypatch, capsys):
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setattr(sys, "argv", ["churnclv", "-sc", "query=bash"])
    door.main()
    assert capsys.readouterr().out.split() == offered


def test_the_line_that_installs_completion_is_a_script_for_the_shell():
    done = run_door("--shell-completion", "install=bash")
    assert done.returncode == 0, done.stderr
    assert subprocess.run(["bash", "-n"], input=done.stdout, text=True, check=False).returncode == 0
