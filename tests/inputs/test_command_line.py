"""The command line: the user's mistakes end with code 2 and one readable message, never with a traceback."""

import re
from datetime import datetime

import pytest

from churnclv.snapshots.cutoff_plan import make_plan
from churnclv.snapshots.settings import WindowSettings
from commands import run_command

pytestmark = pytest.mark.slow

ORDERS = "customer_id,timestamp,amount\na,2020-01-01,1\nb,2020-01-02,2\n"


@pytest.fixture
def train(tmp_path):
    """Return a function that calls the train door from `tmp_path` and gives its message back."""

    def train(*words, code=2):
        home = {"MLRUNS": str(tmp_path / "mlruns"), "MLFLOW_DISABLE_TELEMETRY": "true"}
        done = run_command("train", *words, folder=tmp_path, environment=home)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert not (tmp_path / "mlruns" / "mlflow.db").exists(), "a run was started"
        return done.stderr[done.stderr.index("error: ") :]

    return train


MISTAKES = {
    "no log named": (["data=transactions"], ["data.path is not set.", "  -> make train DATA=orders.csv"]),
    "no such file": (
        ["data=transactions", "data.path=nowhere.csv"],
        ["nowhere.csv: no such file.", "  -> check data.path; it is relative to the folder you call from."],
    ),
    "an own log beside the embedded one": (
        ["data.path=orders.csv"],
        ["data.builtin=cdnow and data.path=orders.csv name two logs.", "  -> data=transactions data.path=..."],
    ),
    "unknown key": (
        ["data.pth=x"],
        ["there is no setting data.pth.", "allowed are name, shape, path, table, builtin", "  -> did you mean path?"],
    ),
    "unknown group": (["dta=cdnow"], ["dta", "  -> "]),
    "unknown choice": (
        ["data=nosuch"],
        [
            "there is no data=nosuch.",
            "  -> allowed are campaign, cdnow, contacts, experiment, labelled, online_retail, ",
        ],
    ),
    "out of range": (["windows.horizon_days=-3"], ["windows.horizon_days is -3, allowed is 1 or more."]),
    "share out of range": (
        ["data.max_set_aside_share=2"],
        ["data.max_set_aside_share is 2.0, allowed is 0 to 1.", "  -> "],
    ),
    "wrong type": (
        ["windows.horizon_days=ninety"],
        ["Value 'ninety' of type 'str' could not be converted to Integer", "windows.horizon_days", "  -> "],
    ),
    "unknown policy": (
        ["data.policy.missing_id=drop"],
        ["Invalid value 'drop', expected one of [keep, set_aside, fail]", "data.policy.missing_id", "  -> "],
    ),
    "unknown fault": (
        ["data.policy.mising_id=keep"],
        [
            "there is no setting data.policy.mising_id.",
            "allowed are malformed_row, missing_id",
            "  -> did you mean missing_id?",
        ],
    ),
    "a password in an address": (
        ["data=transactions", "data.path=orders.csv", "tuning.storage=postgresql://x:secretpw@127.0.0.1:1/db"],
        ["tuning.storage is 'postgresql://x:***@127.0.0.1:1/db': it carries a credential", "  -> ", "PGPASSFILE"],
    ),
    "broken grammar": (["windows.horizon_days=[a"], ["no viable alternative at input '[a'", "  -> "]),
    "too many rows set aside": (
        ["data=transactions", "data.path=faulty.csv"],
        [
            "faulty.csv: 1 of 2 rows would be set aside, more than data.max_set_aside_share = 0.05:",
            "faulty.csv: row 3, column 'customer_id': names no customer (missing_id: 1 rows).",
            "  -> mend the file, change data.policy.<fault>, or allow more with data.max_set_aside_share.",
        ],
    ),
}


@pytest.mark.parametrize(("words", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_answered_with_code_2_and_a_remedy(tmp_path, train, words, said):
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "faulty.csv").write_text(ORDERS.replace("b,", ","))
    message = train(*words)
    for part in said:
        assert part in message


NAMES = [
    "orders.csv",
    "my orders, of = 2020; $HOME (1).csv",
    'it\'s "mine".csv',
    "a=b/c,d.csv",
    "{x} [y].csv",
    r"back\\slash.csv",
    r"back\\'slash quote.csv",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_path_is_only_text_and_a_bad_header_names_it(tmp_path, train, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(ORDERS.replace("amount", "total", 1))
    assert train("data=transactions", f"data.path={name}") == (
        f"error: {name}: row 1: no column 'amount' (data.columns.amount).\n"
        "  -> the columns are customer_id, timestamp, total; map them, for example data.columns.amount=...\n"
    )


def test_a_plan_that_does_not_fit_says_what_would(train):
    message = train("windows.horizon_days=400", "windows.adapt=false")
    assert "The plan does not fit the data: 546 days from 1997-01-01 to 1998-07-01" in message
    remedy = message.splitlines()[-1]
    assert remedy.startswith("  -> what would fit: ")
    plans = remedy.removeprefix("  -> what would fit: ").split("; or ")
    for plan in plans:
        fitting = {name: int(days) for name, days in re.findall(r"windows\.(\w+)=(\d+)", plan)}
        chosen = WindowSettings(**{"horizon_days": 400, **fitting})
        assert make_plan(datetime(1997, 1, 1), datetime(1998, 7, 1), chosen).sealed < datetime(1998, 7, 1)


def test_a_log_too_short_for_any_plan_says_so(tmp_path, train):
    (tmp_path / "orders.csv").write_text(ORDERS)
    message = train("data=transactions", "data.path=orders.csv")
    assert "The plan does not fit the data: 2 days from 2020-01-01 to 2020-01-03" in message
    assert re.fullmatch(r"  -> no \w+ fits: a longer log.*", message.splitlines()[-1])
