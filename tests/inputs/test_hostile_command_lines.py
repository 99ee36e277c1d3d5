"""Command lines that nobody should write: each composes, or ends with code 2 and one message; no file is touched."""

import contextlib
import io
import re
import sys
import warnings
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, get_origin, get_type_hints

import pytest

from churnclv.cli import app as config
from churnclv.cli.overrides import without_none
from churnclv.pipeline.settings import TrainConfig
from commands import run_command
from examples import some

pytestmark = pytest.mark.slow

BY_TYPE = {  # what is typed for a setting of each type, in turn
    int: ("ninety", "1.5", "[1]", "{a: 1}", "1e3", "", "null", "true", "99999999999999999999", "-1", "1_000", "0x10"),
    float: ("much", "1,5", "[0.5]", "{a: 1}", "", "null", "true", "1e400", "50%", "€5", "1/2", "--1"),
    bool: ("maybe", "2", "[true]", "{a: true}", "", "null", "yes please", "on,off", "0.5", "wahr", "-1", "'true'"),
    str: ("[a, b]", "{a: b}", "${nowhere}", "${oc.env:NOWHERE}", "${", "", "x" * 20_000, "\u202e", "a\nb", "'", "~"),
    Enum: ("nosuch", "1", "[keep]", "{a: keep}", "", "null", "KEEP", "true", "keep,fail", "Keep ", "*", "⚠"),
    list: ("{a: b}", "[", "]", "[[a]]", "[1, [2]]", "${nowhere}", "null", "", "[{a: b}]", "a]", "[a,,b]", "[,]"),
    dict: ("[a]", "{", "}", "text", "{a}", "{a: {b: c}}", "null", "", "{: a}", "{a: b, a: c}", "{1: 2}", "{a: [b]}"),
}  # fmt: skip

HAND_MADE = {
    "train": [
        ["="], ["=x"], ["a"], ["a b"], [""], ["+"], ["++"], ["~"], ["~data"], ["~data.path"], ["+data"], ["data"],
        ["data="], ["data=nosuch"], [f"data={'x' * 5000}"], ["data=[cdnow]"], ["data={a: b}"],
        ["data=cdnow,transactions"], ["+data=cdnow"],
        ["data=../data/cdnow"], ["data=/etc/passwd"], ["data@x=cdnow"], ["data=cdnow", "data=transactions"],
        ["dta=cdnow"],
        ["data.=x"], [".data=x"], ["data..path=x"], ["data.path.x=y"], ["data.columns=x"], ["data.columns=[a, b]"],
        ["data.columns.amount.x=y"], ["data.columns.nosuch=x"], ["data.policy.missing_id=drop"],
        ["data.policy={a: keep}"],
        ["data.path=a.csv"], ["data=transactions", "data.path="], ["data=transactions", "data.path=null"],
        ["data=transactions", "data.path=???"], ["data=transactions", "data.path=a.csv", "data.set_aside_path=a.csv"],
        ["data=labelled", "data.path=t.csv"], ["data=labelled", "data.shape=noncontractual"],
        ["data.shape=contractual"],
        ["data.static.Country=Country"], ["data.static={a: b}", "data.static.a=c"], ["data.static.a.b=c"],
        ["data.tables.x.path=a"], ["+data.tables.x.path=a"], ["+data.tables.x=a"], ["+data.tables.x.y=a"],
        ["+data.tables=x"], ["+data.tables.X Y.path=a"], ["+data.tables.x={path: a"], ["+data.tables..path=a"],
        ["+data.tables.x.attributes=a"], ["+data.tables.x.attributes.A=a"], ["+data.tables.x.columns.nosuch=a"],
        ["+data.tables.x.policy.missing_id=drop"], ["+data.tables.x.kind=a", "+data.tables.x.kinds={a: order}"],
        ["data.covariates.x.path=a"], ["+data.covariates.x.path=a"], ["+data.covariates.x=a"],
        ["+data.covariates.x.y=a"], ["+data.covariates=x"], ["+data.covariates.X Y.path=a"],
        ["+data.covariates.x.value=a"],
        ["+data.covariates.x={path: a, assumed: guess}"], ["data=labelled", "+data.covariates.x.path=a"],
        ["+tuning.churn.x=1"], ["+tuning.churn.x.low=2"], ["+tuning.churn.x.kind=choice"], ["tuning.churn=[]"],
        ["tuning.churn.gamma.low=5", "tuning.churn.gamma.high=1"], ["windows.horizon_days=0"],
        ["windows.horizon_days=-3"],
        ["windows.n_folds=1000000"], ["windows.horizon_days=30", "windows.horizon_days=ninety"], ["windows=nosuch"],
        ["features.families=[]"], ["features.families=[nosuch]"], ["features.families=recency"], ["churn=nosuch"],
        ["churn=[xgboost,logistic]"], ["clv=bgnbd,pareto_nbd"], ["clv=*"], ["tuning.n_trials=0"], ["engine.name=spark"],
        ["engine.threads=0"], ["economics.margin=nan"], ["economics.margin=inf"], ["economics.margin=-1"],
        ["experiment="], ["experiment=nosuch"], ["experiment=../conf"], ["experiment=/"], ["experiment=a/b"],
        ["experiment=rfm-only,nosuch"], ["experiment=[rfm-only]"], ["+experiment=rfm-only"], ["entry=[a]"],
        ["--nosuch"], ["-x"], ["--"], ["---"], ["--multirun=1"], ["--config-name=nosuch"], ["--config-path=/nowhere"],
        ["--cfg"], ["--cfg", "nosuch"], ["--multirun", "clv=nosuch,bgnbd"], ["--multirun", "windows.horizon_days=a,b"],
        ["--multirun", "windows.horizon_days=range(1,"], ["--multirun", "data.path=a.csv,b.csv"],
        ["windows.horizon_days=range(1,5)"], ["windows.horizon_days=choice(30,60)"], ["windows.horizon_days=30,60"],
        ["windows.horizon_days=int(x)"], ["windows.horizon_days=${windows.step_days}"], ["windows.horizon_days=${x"],
        ["windows.horizon_days=${windows.horizon_days}"], ["windows.horizon_days=30 # days"],
        ["windows.horizon_days= 30"],
        ["windows.horizon_days=٣٠"], ["windows.horizon_days=30"], ["windows.horizon_days='30'"],
        ["WINDOWS.horizon_days=30"],
        ["windows.horizon-days=30"], ["windows/horizon_days=30"], ["windows.horizon_days:30"],
        ["windows.horizon_days==30"],
        ["名前=x"], ["\u202edata.path=x"], ["data.path\u00a0=x"], ["x" * 50_000], [f"{'a.' * 2000}b=c"],
        ["data.name=" + "x" * 200_000], ["hydra.nosuch=1"], ["hydra/launcher=nosuch"],
        ["hydra.searchpath=nosuch"], ["+command_line=declared"], ["--package=x"], ["-m"], ["-m", "-m"],
    ],
    "score": [
        [], ["input=a.csv"], ["output=b.csv"], ["input=", "output=b"], ["input=[a]", "output=b", "columns=x"],
        ["input=a", "output=b", "columns.amount=null"], ["input=a", "output=b", "columns.amount="],
        ["input=a", "output=b", "tables=[a]"], ["input=a", "output=b", "budget=much"],
        ["input=a", "output=b", "budget=-1"],
        ["input=a", "output=b", "budget=nan"], ["input=a", "output=b", "language=[en]"], ["input=a", "output=b", "x=y"],
        ["input=a b, c=d.csv", "output=o (1).csv"], ["input=null", "output=null"], ["input={a: b}", "output=~"],
        ["input=a", "output=b", "tracking=nosuch"], ["input=a", "output=b", "tracking.home=[a]"], ["data=cdnow"],
        ["input=a", "output=b", "engine=spark"], ["input=a", "output=b", "engine.name=nosuch"],
        ["input=a", "output=b", "engine.master=local[2]"], ["input=a", "output=b", "engine.name=[spark]"],
        ["input=a", "output=b/", "engine.name=spark", "engine.master=local[2]", "engine.part_customers=0"],
        ["input=a", "output=b/", "engine.name=spark", "engine.part_customers=many"],
    ],
    "campaign-table": [
        [], ["input=a.csv"], ["out=b.csv"], ["input=[a]", "out=b"], ["input=a", "out=b", "contacts.most_days=0"],
        ["input=a", "out=b", "contacts.most_days=many"], ["input=a", "out=b", "contacts.arms=letter"],
        ["input=a", "out=b", "contacts=x"], ["input=a", "out=b", "as_of=[now]"], ["input=a", "out=b", "data=nosuch"],
        ["input=a", "out=b", "windows.horizon_days=0"], ["input=a", "out=b", "features.families=[]"], ["x=y"],
        ["input=a", "out=b", "+data.tables.x={path: a, kind: treatment, columns: {customer_id: c, item: i}}"],
    ],
    "campaign-plan": [
        [], ["scores=a.csv"], ["out=b"], ["scores=a", "out=b", "budget=much"], ["scores=a", "out=b", "budget=-1"],
        ["scores=a", "out=b", "design.power=1"], ["scores=a", "out=b", "design.effect=0"], ["scores=[a]", "out={}"],
        ["scores=a", "out=b", "design.holdout=few"], ["scores=a", "out=b", "design=x"], ["scores=", "out="],
        ["scores=a", "out=b", "economics=nosuch"], ["scores=a", "out=b", "start=[now]"], ["data=cdnow"],
        ["scores=a", "out=b", "capacity=few"], ["scores=a", "out=b", "capacity={call: -1}"],
        ["scores=a", "out=b", "capacity={call: 1.5}"], ["scores=a", "out=b", "arm_budgets={call: much}"],
    ],
    "campaign-judge": [
        [], ["campaign=a"], ["input=b.csv"], ["campaign=[a]", "input=b"], ["campaign=a", "input=b", "cost=-1"],
        ["campaign=a", "input=b", "cost=free"], ["campaign=a", "input=b", "contacted={a: b}"],
        ["campaign=a", "input=b", "data=nosuch"], ["campaign=a", "input=b", "data.columns=x"],
        ["campaign=a", "input=b, c.csv"], ["campaign=", "input="], ["campaign=a", "input=null"], ["x=y"],
    ],
    "inspect": [
        [], ["path="], ["path=[a.csv, b.csv]"], ["path={a: b}"], ["path=a", "save=[x]"], ["path=a", "save=../x"],
        ["path=a", "sheet=[1]"], ["path=a", "engine=nosuch"], ["path=null"], ["data=cdnow"], ["pth=a"],
    ],
    "export": [
        ["run=[a]"], ["force=maybe"], ["higher_is_better=2"], ["metric=[a]"], ["engine=nosuch"],
        ["engine.threads=many"],
        ["nosuch=1"], ["out="], ["reason=it is, well = better (really)"], ["force=true"], ["engine.threads=-1"],
    ],
    "report": [
        ["report.ladder_rungs=many"], ["report.superstar_share=2"], ["report.superstar_share=a"],
        ["report.period=[month]"],
        ["report.nosuch=1"], ["report.plays=call them"], ["+report.plays.high_high=call them, now (today)"],
        ["out=[a]"],
        ["report.involuntary_reasons=unpaid"], ["report.involuntary_reasons={a: b}"],
        ["report.involuntary_reasons=[a,a]"], ["report.involuntary_reasons=['it is, well = unpaid (really)']"],
        ["report.funnel_steps=view"], ["report.funnel_steps={a: b}"], ["data=nosuch"], ["data.path=a.csv"],
        ["report=x"],
        ["report.sample=-1"], ["report.draws=none"], ["report.as_of=[a]"], ["economics.cost=x"], ["model={}"],
    ],
    "entry": [[], ["name="], ["name=[a]"], ["nam=x"], ["name=a b, c"], ["name=null"], ["name=../x"], ["name={a: b}"]],
    "leaderboard": [
        ["metric=[a]"], ["fill=maybe"], ["workers=two"], ["n_trials=0.5"], ["overrides=clv=bgnbd churn.max_rounds=9"],
        ["overrides=[a]"], ["dataset=nosuch"], ["nosuch=1"], ["workers=0"], ["incumbent={a: b}"], ["n_trials="],
    ],
    "rollback": [["model=[a]"], ["modl=x"], ["model=a b = c"], ["tracking=nosuch"], ["tracking.home={a: b}"], ["x"]],
    "customer": [
        [], ["input=a"], ["id=a"], ["input=a", "id="], ["input=a", "id=[a]"], ["input=a", "id={a: b}"],
        ["input=a", "id=null"], ["input=a", "id=a b, c = d"], ["input=a", "id=1", "language=de"],
        ["input=a", "id=1", "as_of=[a]"], ["input=a", "id=1", "output=b"], ["input=null", "id=1"],
    ],
    "monitor": [
        [], ["input="], ["input=[a]"], ["input=a", "language=[en]"], ["input=a", "language=de"], ["input=a", "x=y"],
        ["input=a", "monitoring.false_alarm_share=0"], ["input=a", "monitoring.false_alarm_share=1"],
        ["input=a", "monitoring.false_alarm_share=often"], ["input=a", "as_of=[a]"], ["input=a", "output=b"],
        ["input=a", "columns=x"], ["input=a", "tables=[a]"], ["input={a: b}"], ["input=null"], ["input=a", "model={}"],
    ],
    "retrain": [
        [], ["input=a", "force=maybe"], ["input=a", "max_age_days=0"], ["input=a", "max_age_days=old"], ["force=true"],
        ["input=a", "max_age_days=99999999999999999999"], ["input=a", "reason=x"], ["input=[a]", "force=true"],
    ],
    "forget": [[], ["customers="], ["customers=[a]"], ["customers={a: b}"], ["custmers=a"], ["customers=null"], ["x"]],
    "ui": [["port=http"], ["port=5000.5"], ["port=[5000]"], ["host=[a]"], ["prt=1"], ["port=null"], ["host="],
        ["port="]],
    "serve": [["port=http"], ["port=-1.5"], ["model=[a]"], ["model=models:/a b@c=d"], ["hst=x"], ["port={}"],
        ["host=null"]],
}  # fmt: skip


def leaves(kind: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """Return every setting of a schema that holds a value, with its type."""
    found = []
    for part in fields(kind):
        inner = without_none(get_type_hints(kind)[part.name])
        name = f"{prefix}{part.name}"
        found += leaves(inner, f"{name}.") if is_dataclass(inner) else [(name, inner)]
    return found


def by_type() -> list[list[str]]:
    """Return one command line for each setting of training: a value that its type does not take, in turn."""
    turns: dict[Any, int] = {}
    lines = []
    for name, kind in leaves(TrainConfig):
        group = get_origin(kind) or (Enum if isinstance(kind, type) and issubclass(kind, Enum) else kind)
        if group not in BY_TYPE:
            continue
        turn = turns[group] = turns.get(group, -1) + 1
        lines.append([f"{name}={BY_TYPE[group][turn % len(BY_TYPE[group])]}"])
    return lines


def open_door(door, words, monkeypatch):
    """Return the code, the message and the configurations of one call of a door in this process."""
    composed: list[Any] = []
    monkeypatch.setattr(sys, "argv", [door, *words])
    out, error, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as outside of tests
        try:
            config.run_command(door, composed.append)
        except SystemExit as end:
            code = end.code or 0
    return code, error.getvalue(), composed


def snapshot(folder):
    return {str(path.relative_to(folder)): path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def _messages(text: str) -> int:
    """Count the lines that begin a message: ours, or that of Hydra's own parser, which names the command first."""
    return sum(bool(re.match(r"(\w+: )?error: ", line)) for line in text.splitlines())


@pytest.mark.parametrize("door", [*HAND_MADE, "train by type"])
def test_each_line_composes_or_ends_with_code_2_and_one_message(tmp_path, monkeypatch, door):
    lines = some(by_type()) if door == "train by type" else HAND_MADE[door]
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "a.csv").write_text("customer_id,timestamp,amount\na,2020-01-01,1\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLRUNS", str(tmp_path / "home"))
    monkeypatch.setenv("CHURNCLV_HOME", str(tmp_path / "home"))
    before, wrong = snapshot(folder), []
    for words in lines:
        try:
            code, message, composed = open_door(door.split()[0], words, monkeypatch)
        except BaseException as error:  # noqa: BLE001 # the fault that this test looks for
            wrong.append((words, repr(error)[:300]))
            continue
        one_message = code == 2 and _messages(message) == 1 and "Traceback" not in message and not composed
        if not (one_message or (code == 0 and "error" not in message)):
            wrong.append((words, code, message[:300]))
    assert wrong == []
    assert snapshot(folder) == before


PROCESSES = [
    ("train", "windows.horizon_days=ninety"), ("train", "data=transactions", "data.path=nowhere (1).csv"),
    ("score", "input=nowhere.csv", "output=a.csv", "model=/nowhere"), ("export", "run=nosuch"),
    ("rollback", "model=x y"),
    ("entry", "name=../a"), ("leaderboard", "metric=nosuch"), ("serve", "model=/nowhere"), ("report", "data.path=[a]"),
]  # fmt: skip


@pytest.mark.parametrize("line", PROCESSES, ids=" ".join)
def test_a_process_ends_with_code_2_one_message_and_no_file_touched(tmp_path, line):
    (tmp_path / "a.csv").write_text("customer_id,timestamp,amount\na,2020-01-01,1\n")
    before = snapshot(tmp_path)
    done = run_command(*line, folder=tmp_path, environment={"MLRUNS": str(tmp_path / "home")})
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("error: ") == 1
    assert "Traceback" not in done.stdout + done.stderr
    after = {name: content for name, content in snapshot(tmp_path).items() if not name.startswith("home")}
    assert after == before
