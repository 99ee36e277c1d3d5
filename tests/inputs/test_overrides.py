"""Values on the command line: text stays as it is typed; Hydra's own lists, dictionaries and sweeps keep working."""

import re
import shutil
import subprocess

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from churnclv.cli.app import take_overrides
from churnclv.cli.overrides import write_overrides
from churnclv.data.settings import Policy
from churnclv.files import PROJECT as ROOT
from churnclv.pipeline.settings import ScoreConfig, TrainConfig

CUSTOM = ("data=transactions", "data.path=orders.csv")
SCHEMAS = {"train": TrainConfig, "score": ScoreConfig}
NAMES = [
    "Price (USD)", "Umsatz €", "net=gross", "Amount [EUR]", "total{x}", "Total, incl. tax", "50% @ 2 | #3", "true",
    "False", "NULL", "Null", "none", "nan", "007", "1.0", "1e5", "0x1F", "-5", "it's", 'the "best"', "'", '"', "a'b\"c",
    "back\\slash", "ends with \\", "\\'", "ends with \\'", "$HOME", "a:b", "a: b", "{a: b", "[a", "a]", "(", "~", "+",
    "*", "?", "名前", "Preis\u00a0netto", "é", "\N{MONEY BAG}", "x" * 5000, "choice(a,b)", "int(3)", "glob(*)",
    "range(1,5)", "a,b", "@", "!", "^", "&", ";", "`", "<>",
]  # fmt: skip


def composed(words, door="train"):
    """Return the configuration that a door composes from words, checked as it is before work starts."""
    ConfigStore.instance().store(name=f"{door}_schema", node=SCHEMAS[door])
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return OmegaConf.to_object(compose(door, take_overrides(list(words), SCHEMAS[door])))


def test_every_name_is_itself_as_a_column_a_list_item_an_entry_and_an_outcome():
    words = [f"data.static.a{place}={name}" for place, name in enumerate(NAMES)]
    plain = [name for name in NAMES if not re.search(r"[\[\]{}(),'\"]", name)]
    words += [f"data.exclude=[{', '.join(plain)}]", f"data.columns.amount={NAMES[0]}", f"data.positive={NAMES[7]}"]
    data = composed([*CUSTOM, *words]).data
    assert list(data.static.values()) == NAMES
    assert data.exclude == plain
    assert (data.columns.amount, data.positive) == ("Price (USD)", "true")


def test_in_a_list_quotes_and_brackets_keep_commas():
    words = ["""data.exclude=["a, b",'c, d',Price (USD, net),[e, f],null, true]""", "data.open_tokens=[NULL]"]
    data = composed([*CUSTOM, *words]).data
    assert data.exclude == ["a, b", "c, d", "Price (USD, net)", "[e, f]", "null", "true"]
    assert data.open_tokens == ["NULL"]


def test_a_text_for_a_list_is_a_list_of_it():
    data = composed([*CUSTOM, "data.exclude=Price (USD)", "data.ignore_columns=a,b", "data.missing_tokens=[]"]).data
    assert (data.exclude, data.ignore_columns, data.missing_tokens) == (["Price (USD)"], ["a", "b"], [])


def test_what_is_quoted_for_hydra_stays_so_and_null_is_null():
    words = ["data.columns.amount=null", "data.columns.item='null'", 'data.columns.order_id="Order, No"']
    columns = composed([*CUSTOM, *words]).data.columns
    assert (columns.amount, columns.item, columns.order_id) == (None, "null", "Order, No")


def test_entries_of_dictionaries_need_no_plus_and_keep_their_names():
    words = ["data.kinds={Page View: action, Sale (web): order, a=b: refund}", "data.static.land=Country (ISO)"]
    data = composed([*CUSTOM, *words]).data
    assert data.kinds == {"Page View": "action", "Sale (web)": "order", "a=b": "refund"}
    assert data.static == {"land": "Country (ISO)"}
    score = composed(["input=a, b.csv", "output=o.csv", "columns.amount=Price (USD)", "tables.people=p q.csv"], "score")
    assert (score.input, score.columns, score.tables) == (
        "a, b.csv", {"amount": "Price (USD)"}, {"people": "p q.csv"}
    )  # fmt: skip


TABLES = [
    [
        "+data.tables.people.path=my people.csv", "+data.tables.people.columns.customer_id=Kunde [Nr]",
        "+data.tables.people.attributes.country=Country (ISO)", "+data.tables.people.separator=;",
        "+data.tables.people.policy.missing_id=fail",
    ],
    [
        (
            "+data.tables.people={path: my people.csv, columns: {customer_id: Kunde [Nr]}, "
            "attributes: {country: Country (ISO)}, separator: ;, policy: {missing_id: fail}}"
        ),
    ],
    [
        (
            "+data.tables={people: {path: my people.csv, columns: {customer_id: Kunde [Nr]}, "
            "attributes: {country: Country (ISO)}, separator: ';', policy: {missing_id: fail}}}"
        ),
    ],
]  # fmt: skip


@pytest.mark.parametrize("words", TABLES, ids=["by keys", "as a dictionary", "all tables"])
def test_a_further_table_is_declared_on_the_command_line(words):
    table = composed([*CUSTOM, *words]).data.tables["people"]
    assert (table.path, table.columns, table.attributes) == (
        "my people.csv", {"customer_id": "Kunde [Nr]"}, {"country": "Country (ISO)"}
    )  # fmt: skip
    assert (table.separator, table.policy) == (";", {"missing_id": Policy.fail})


def test_an_entry_that_a_file_declares_is_changed_and_others_stay():
    paths = [f"data.tables.{name}.path={name}.csv" for name in ("personal", "internet", "phone")]
    tables = composed(["data=telco_contracts", "data.path=c.csv", *paths, "+data.tables.more.path=m.csv",
                       "+data.tables.more.attributes.x=X"]).data.tables  # fmt: skip
    assert list(tables) == ["personal", "internet", "phone", "more"]
    assert tables["phone"].path == "phone.csv"
    assert tables["phone"].columns == {"customer_id": "customerID"}


def test_a_search_range_is_declared_on_the_command_line():
    ranges = composed(["+tuning.churn.subsample={low: 0.5, high: 0.9}", "tuning.churn.gamma.high=2"]).tuning.churn
    assert (ranges["subsample"].low, ranges["subsample"].high, ranges["gamma"].high) == (0.5, 0.9, 2.0)


def test_what_is_no_text_stays_for_hydra():
    words = ["-m", "--cfg", "job", "windows.horizon_days=30,60", "churn=xgboost", "~entry", "hydra.verbose=true", "x"]
    assert write_overrides(words, TrainConfig).arguments == words
    sweep = "tracking.experiment=a,b"
    assert write_overrides(["-m", sweep, "data.path=a b,c.csv"], TrainConfig).arguments[1:] == [
        sweep, "data.path='a b,c.csv'",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Price (USD)", "Umsatz €", "Total, incl. tax", "a=b {c} [d] | # %", "true"])
def test_make_hands_a_quoted_value_on_as_it_is(tmp_path, name):
    if not shutil.which("make"):
        pytest.skip("no make")
    recipe = "SHELL := /bin/bash\nshow:\n\t@printf '%s\\n' $${DATA:+\"data.path=$$DATA\"} $(ARGS)\n"
    (tmp_path / "Makefile").write_text(recipe)
    command = ["make", "-s", "show", "DATA=orders.csv", f"ARGS='data.columns.amount={name}' data.positive=1"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.splitlines()
    assert shown == ["data.path=orders.csv", f"data.columns.amount={name}", "data.positive=1"]
    assert composed(["data=transactions", *shown]).data.columns.amount == name


def test_names_of_entries_may_be_numbers_and_other_words_of_yaml():
    words = ["economics.arm_costs={1: 0.1, 2: 5, true: 2, Mens E-Mail: 3}", "data.kinds={0: order, null: refund}"]
    config = composed([*CUSTOM, *words])
    assert config.economics.arm_costs == {"1": 0.1, "2": 5.0, "true": 2.0, "Mens E-Mail": 3.0}
    assert config.data.kinds == {"0": "order", "null": "refund"}
