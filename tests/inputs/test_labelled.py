"""Faults of labelled tables: each told with file, column, row, rule and remedy; odd names and texts pass unharmed."""

import gzip
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churnclv.churn.boosted import BoostedChurnModel
from churnclv.churn.log_odds import BIAS
from churnclv.churn.logistic import LogisticChurnModel
from churnclv.data.labelled_table import read_labelled
from churnclv.data.settings import Columns, CustomerKind, DataSettings, Policies, Policy
from churnclv.data.source import read_columns
from churnclv.errors import InputError
from churnclv.snapshots.settings import WindowSettings
from churnclv.snapshots.splits import split_rows

LABELLED = DataSettings(shape=CustomerKind.labelled, columns=Columns("id", None, None), target="Churn", positive="Yes")
PLAIN = "id,age,Churn\n1,20,Yes\n2,30,No\n"


@pytest.fixture
def read(write, connection):
    """Return a function that reads a table (text, bytes, or a frame) with the settings given."""

    def read(content, *, frame=None, for_scoring=False, **chosen):
        path = None if content is None else str(write(content, "table.csv"))
        return read_labelled(connection, replace(LABELLED, path=path, **chosen), frame, for_scoring=for_scoring)

    return read


@pytest.fixture
def refuse(read, tmp_path):
    """Return a function that reads a table which is at fault, and gives the message back, its file as `table`."""

    def refuse(content, **chosen):
        with pytest.raises(InputError) as caught:
            read(content, **chosen)
        return str(caught.value).replace(str(tmp_path / "table.csv"), "table")

    return refuse


def found(table):
    """Return the faults as name -> (rows, set aside, first row)."""
    return {count.fault: (count.rows, count.set_aside, count.first_row) for count in table.quality.faults if count.rows}


# --- the file and its columns ---

COLUMNS_ARE = "\n  -> the columns are id, age, Churn."
TAKEN = "table: row 1: the name {0} is taken by the project.\n  -> rename it, or leave it out: data.exclude=[{0}]"


@pytest.mark.parametrize(
    ("content", "chosen", "message"),
    [
        (PLAIN, {"target": "Left"}, "table: row 1: no column 'Left' (data.target)." + COLUMNS_ARE),
        (PLAIN, {"split": "part"}, "table: row 1: no column 'part' (data.split)." + COLUMNS_ARE),
        (
            PLAIN,
            {"columns": Columns("customer", None, None), "target": "Left"},
            "table: row 1: no column 'customer' (data.columns.customer_id), 'Left' (data.target)." + COLUMNS_ARE,
        ),
        (PLAIN, {"target": None}, "data.target is not set.\n  -> name the column of outcomes: data.target=Churn"),
        (
            PLAIN,
            {"exclude": ["cost", "age", "gain"]},
            "data.exclude names 'cost', 'gain', which table does not have." + COLUMNS_ARE,
        ),
        ("id,cutoff,Churn\n1,5,Yes\n", {}, TAKEN.format("cutoff")),
        ("id,in_population,Churn\n1,5,Yes\n", {}, TAKEN.format("in_population")),
        ("id,customer_id,Churn\n1,5,Yes\n", {}, TAKEN.format("customer_id")),
        (f"id,{BIAS},Churn\n1,5,Yes\n", {}, TAKEN.format(BIAS)),
        (
            "id,Churn\n1,Yes\n2,No\n",
            {},
            "table: no column is left to learn from.\n  -> it has ids and outcomes alone.",
        ),
        (
            "id,a,b,Churn\n1,5,,Yes\n2,5,,No\n",
            {},
            (
                "table: no column is left to learn from.\n  -> 'a': it has the same value everywhere; "
                "'b': it has no value at all."
            ),
        ),
        ("\n" + PLAIN, {}, "table: row 1 is blank.\n  -> export the table again; the first row names the columns."),
        ("id,age,age,Churn\n1,2,3,Yes\n", {}, "table: row 1: more than one column is named age.\n  -> rename one."),
        (",,id,Churn\n0,0,1,Yes\n", {}, "table: row 1: more than one column is named (no name).\n  -> rename one."),
        ("id,age,Churn\n", {}, "table: has a header but no rows.\n  -> export the log again."),
    ],
)
def test_a_fault_of_the_columns_is_told_with_its_remedy(refuse, content, chosen, message):
    assert refuse(content, **chosen) == message


def test_a_taken_name_that_is_excluded_or_has_a_role_does_no_harm(read):
    content = "customer_id,cutoff,in_population,age,Churn\n1,5,a,20,Yes\n2,6,b,30,No\n"
    columns, exclude = Columns("customer_id", None, None), ["cutoff", "in_population"]
    assert list(read(content, columns=columns, exclude=exclude).frame.columns) == ["age"]


def test_the_message_does_not_drown_in_long_names(refuse):
    message = refuse(f"idd,{'v' * 5000},Churn\n1,2,Yes\n")
    assert message == (
        f"table: row 1: no column 'id' (data.columns.customer_id).\n  -> the columns are idd, {'v' * 60}, Churn."
    )


def test_a_file_that_is_not_there_is_named(connection):
    with pytest.raises(InputError, match=r"^none\.csv: no such file\.\n  -> check data\.path"):
        read_labelled(connection, replace(LABELLED, path="none.csv"))


def test_a_frame_is_called_what_it_is(read):
    with pytest.raises(InputError, match=r"^the table given: row 1: no column 'id' \(data\.columns\.customer_id\)"):
        read(None, frame=pd.DataFrame({"age": [1]}), for_scoring=True)


PACKED = gzip.compress(("id,age,Churn\n" + "1,20,Yes\n2,30,No\n" * 300).encode())


@pytest.mark.parametrize(
    "content",
    [PACKED[:4], PACKED[:30], PACKED[:-6], PACKED[:12] + b"\xff\xff" + PACKED[14:], PACKED[:-8] + b"\0" * 8],
    ids=["head", "start", "end", "middle", "sum"],
)
def test_a_damaged_gzip_file_is_told(refuse, content):
    message = refuse(content)
    assert message.startswith("table: is a damaged gzip file (")
    assert message.endswith(").\n  -> pack or copy it again.")


def test_a_gzip_file_of_nothing_is_told(refuse):
    assert refuse(gzip.compress(b"")).startswith("table: row 1 is blank.")


def test_the_encoding_of_a_packed_file_is_found(read):
    table = read(gzip.compress("id,città,Churn\n1,Forlì,Yes\n2,Roma,No\n".encode("utf-16")))
    assert table.frame["città"].tolist() == ["Forlì", "Roma"]


def test_a_header_longer_than_one_cell_may_be_is_read_whole(write):
    names = ["id", *[f"a_column_with_a_rather_long_name_{place}" for place in range(4500)], "Churn"]  # 170,000 signs
    for separator in (",", ";"):
        path = write(separator.join(names) + "\n" + separator.join(["1"] * 4502) + "\n", "wide.csv")
        assert read_columns(replace(LABELLED, path=str(path))) == names


# --- outcomes ---


@pytest.mark.parametrize(
    ("outcomes", "positive", "message"),
    [
        (
            "No No No",
            "Yes",
            (
                "table: column 'Churn' holds one value, 'No': an outcome has two.\n"
                "  -> a table of customers who left and customers who stayed is needed."
            ),
        ),
        (
            "No Yes Maybe",
            "Yes",
            (
                "table: column 'Churn' holds 3 values: 'Maybe', 'No', 'Yes'; an outcome has two.\n"
                "  -> map them to two in the export; rows without an outcome are left blank."
            ),
        ),
        (
            "1 2 3 4 5 6 7 8",
            "1",
            (
                "table: column 'Churn' holds 8 values: '1', '2', '3', '4', '5', '6' and 2 more; an outcome has two.\n"
                "  -> map them to two in the export; rows without an outcome are left blank."
            ),
        ),
        (
            "No Yes No",
            None,
            "table: column 'Churn' holds 'No', 'Yes'; data.positive is not set.\n  -> name who left: data.positive=Yes",
        ),
        (
            "No Yes No",
            "yes",
            "table: column 'Churn' holds 'No', 'Yes', but not data.positive=yes.\n  -> name one of them.",
        ),
        ("0 1 0", "2", "table: column 'Churn' holds '0', '1', but not data.positive=2.\n  -> name one of them."),
    ],
)
def test_outcomes_that_are_not_two_are_told(refuse, outcomes, positive, message):
    rows = "".join(f"{place},{place * 7},{word}\n" for place, word in enumerate(outcomes.split()))
    assert refuse("id,age,Churn\n" + rows, positive=positive) == message


@pytest.mark.parametrize(
    ("outcomes", "positive"),
    [
        ("1 0 0 1", "1"),
        ("1.0 0.0 0.0 1.0", "1"),
        ("1 0 0 1", "1.0"),
        ("1.0 0 0.0 1", "1"),
        ("01 0 0 1.", "1"),
        ("True False False True", "true"),
        ("TRUE false False true", "True"),
        ("Yes No No Yes", "Yes"),
        (" Yes No No Yes", "Yes "),
        ("left stayed stayed left", "left"),
    ],
)
def test_one_outcome_may_be_written_in_several_ways(read, outcomes, positive):
    rows = "".join(f"{place},{place * 7},{word}\n" for place, word in enumerate(outcomes.split(" ")[-4:]))
    assert read("id,age,Churn\n" + rows, positive=positive).outcomes.tolist() == [1.0, 0.0, 0.0, 1.0]


def test_a_frame_of_numbers_or_truths_has_the_same_outcomes(read):
    frame = pd.DataFrame({"id": [1, 2, 3], "age": [5, 6, 7]})
    for left, positive in (([1, 0, 1], "1"), ([1.0, 0.0, 1.0], "1"), ([True, False, True], "True")):
        assert read(None, frame=frame.assign(Churn=left), positive=positive).outcomes.tolist() == [1.0, 0.0, 1.0]


# --- rows ---

FAULTY = """id,age,part,Churn
a,1,train,Yes
b,2,train
,3,train,No

c,4,train,
a,5,train,No
,6,train,nan
d,7,train,No,more
e, 8 ,train,No
e,9,train,
"""
COUNTED = {
    "malformed_row": (2, 2, 3),
    "missing_id": (2, 2, 4),
    "missing_label": (3, 2, 6),  # one of them has no id either
    "repeated_id": (1, 1, 7),  # a row without an outcome is no earlier row
}


def test_every_row_is_accounted_for(read):
    table = read(FAULTY, max_set_aside_share=1.0)
    assert found(table) == COUNTED
    assert (table.quality.rows_read, table.quality.rows_kept, table.quality.rows_set_aside) == (9, 2, 7)
    assert table.ids.tolist() == ["a", "e"]
    assert table.frame["age"].tolist() == [1.0, 8.0]
    assert table.quality.lines()[0] == "9 rows read = 2 kept + 7 set aside"
    assert "          3 rows: each has no outcome [2 set aside for it]" in table.quality.lines()


def test_too_many_rows_set_aside_stop_the_reading(refuse):
    assert refuse(FAULTY, max_set_aside_share=0.7) == (
        "table: 7 of 9 rows would be set aside, more than data.max_set_aside_share = 0.7:\n"
        "table: row 3: has more or fewer cells than the header (malformed_row: 2 rows). "
        "quote cells that hold the separator.\n"
        "table: row 4, column 'id': names no customer (missing_id: 2 rows). "
        "fill the id, or set data.columns.customer_id.\n"
        "table: row 6, column 'Churn': has no outcome (missing_label: 3 rows). "
        "leave such rows out: they are for scoring, not for learning.\n"
        "table: row 7, column 'id': has the id of an earlier row (repeated_id: 1 rows). "
        "a labelled table has one row per customer.\n"
        "  -> mend the file, change data.policy.<fault>, or allow more with data.max_set_aside_share."
    )


def test_a_table_without_a_usable_row_is_told(refuse):
    message = refuse("id,age,Churn\n,1,Yes\nb,2,\n", max_set_aside_share=1.0)
    assert message.startswith("table: no row is left after the policies:\ntable: row 2, column 'id': names no customer")


@pytest.mark.parametrize(
    ("fault", "where"),
    [("missing_id", "row 4, column 'id'"), ("missing_label", "row 6, column 'Churn'"), ("repeated_id", "row 7")],
)
def test_a_fault_may_fail_or_be_set_aside_but_not_be_kept(refuse, fault, where):
    failed = refuse(FAULTY, max_set_aside_share=1.0, policy=Policies(**{fault: Policy.fail}))
    assert failed.startswith(f"table: {where}")
    assert f"({fault}: " in failed
    kept = refuse(FAULTY, max_set_aside_share=1.0, policy=Policies(**{fault: Policy.keep}))
    assert kept == f"data.policy.{fault}=keep: such a row cannot be learned from.\n  -> set_aside or fail."


def test_a_malformed_row_cannot_be_kept():
    with pytest.raises(InputError, match=r"malformed_row=keep: a row of another width has no columns to keep"):
        replace(LABELLED, policy=Policies(malformed_row=Policy.keep))


# --- splits ---


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train Test  TRAIN test", None),
        (
            "train test valid holdout",
            "data.split: the column holds 'holdout', 'valid'.\n  -> write train or test.",
        ),
        ("train test - test", "data.split: the column holds blanks.\n  -> write train or test."),
        (
            "train train train train",
            (
                "the test part has 0 who left and 0 who stayed; at least 2 of each are needed.\n"
                "  -> a larger table, or another split."
            ),
        ),
        (
            "test test test test",
            (
                "the part to learn from has 0 who left and 0 who stayed; at least 2 of each are needed.\n"
                "  -> a larger table, or another split."
            ),
        ),
    ],
)
def test_a_split_column_says_train_or_test(read, words, message):
    cells = ["" if word == "-" else word for word in words.split() * 4]
    rows = "".join(f"{n:02},{n * 7},{cell},{'Yes' if n % 8 < 4 else 'No'}\n" for n, cell in enumerate(cells))
    table = read("id,age,part,Churn\n" + rows, split="part")
    if message is None:
        plan = split_rows(table.outcomes, table.split, WindowSettings(), 0)
        assert (plan.parts == plan.sealed).tolist() == [False, True] * 8
        assert list(table.frame.columns) == ["age"]
        return
    with pytest.raises(InputError) as caught:
        split_rows(table.outcomes, table.split, WindowSettings(), 0)
    assert str(caught.value) == message


def test_a_part_with_one_outcome_is_told():
    given = np.array(["train"] * 10 + ["test"] * 5)
    churned = np.r_[np.tile([1.0, 0.0], 5), np.ones(5)]
    with pytest.raises(InputError, match=r"^the test part has 5 who left and 0 who stayed; at least 2"):
        split_rows(churned, given, WindowSettings(), 0)
    with pytest.raises(InputError, match=r"^the part to learn from has 5 who left and 1 who stayed; at least 2"):
        split_rows(np.r_[np.zeros(1), np.ones(5), np.tile([1.0, 0.0], 4)], np.array(["train"] * 6 + ["test"] * 8),
                   WindowSettings(), 0)  # fmt: skip


@pytest.mark.parametrize("left", [0, 1, 3])
def test_fewer_than_four_of_an_outcome_cannot_be_drawn(left):
    churned = np.r_[np.ones(left), np.zeros(50)]
    message = f"the table has {left} who left and 50 who stayed; at least 4 of each are needed."
    for outcomes in (churned, 1.0 - churned):
        with pytest.raises(InputError, match=re.escape(message) if outcomes is churned else "at least 4 of each"):
            split_rows(outcomes, None, WindowSettings(), 0)


# --- scoring ---


@pytest.mark.parametrize(
    "outcomes", [["", "", ""], ["No", "No", "No"], ["a", "b", "c"], None], ids=["blank", "one", "three", "none"]
)
def test_scoring_looks_at_no_outcome(read, outcomes):
    frame = pd.DataFrame({"id": ["c", "a", "b"], "age": ["1", "x", ""], "part": ["", "train", "what"]})
    frame = frame if outcomes is None else frame.assign(Churn=outcomes)
    table = read(frame.to_csv(index=False), for_scoring=True, split="part", positive=None)
    assert table.churned is None
    assert table.split is None
    assert table.ids.tolist() == ["a", "b", "c"]
    assert list(table.frame.columns) == ["age"]
    assert table.frame["age"].tolist() == ["x", None, "1"]
    with pytest.raises(ValueError, match="a table read for scoring has no outcomes"):
        _ = table.outcomes


def test_scoring_leaves_out_what_could_not_be_learned_from(read):
    table = read("id,cutoff,cost,age\na,1,2,3\n", for_scoring=True, exclude=["cost", "gain"])
    assert list(table.frame.columns) == ["age"]


def test_scoring_sets_aside_rows_without_id_and_further_rows_of_a_customer(read, refuse):
    content = "id,age\na,1\n,2\na,3\nb,4\n"
    table = read(content, for_scoring=True, max_set_aside_share=0.5)
    assert found(table) == {"missing_id": (1, 1, 3), "repeated_id": (1, 1, 4)}
    assert table.frame["age"].tolist() == ["1", "4"]
    assert "2 of 4 rows would be set aside" in refuse(content, for_scoring=True)


# --- odd names and texts ---

NAMES = {
    "script": "<script>alert(1)</script>",
    "brackets": "a[b]<c",
    "btyd": '=HYPERLINK("http://x")',
    "long": "long " * 400 + "name",
    "unicode": "età_der_Kündigung_顧客🙂",
    "newline": "two\nlines",
    "quote": 'it\'s "quoted", with; marks|',
    "case": "A[B]<C",
    "self": "self",
    "blank": "",
    "number": "0",
}
TEXTS = [
    "<script>",
    "a[b]",
    "=HYPERLINK(1)",
    "x" * 3000,
    "Übergröße 🙂",
    "two\nlines",
    'a "b", c',
    "'; DROP TABLE x",
    "",
]
MODELS = [lambda: BoostedChurnModel({"max_depth": 3}, 8, threads=1), LogisticChurnModel]


def hostile_frame(rows=360):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"id": [f"c{n:04}" for n in range(rows)]})
    left = random.random(rows) < 0.4
    for place, name in enumerate(NAMES.values()):
        texts = random.choice(TEXTS, rows)
        frame[name] = texts if place % 2 else np.round(random.normal(size=rows) + left, 3)
    return frame.assign(Churn=np.where(left, "Yes", "No"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, connection):
    """The hostile frame, and the table that reading it from a CSV file gives."""
    path = tmp_path_factory.mktemp("hostile") / "hostile.csv"
    frame = hostile_frame()
    frame.to_csv(path, index=False)
    return frame, read_labelled(connection, replace(LABELLED, path=str(path)))


def test_odd_names_and_texts_are_read_as_they_are(hostile):
    frame, table = hostile
    assert list(table.frame.columns) == list(NAMES.values())
    for place, name in enumerate(NAMES.values()):
        expected = [None if cell == "" else cell for cell in frame[name]]
        assert [None if cell is None else cell for cell in table.frame[name]] == expected, name
        assert pd.api.types.is_numeric_dtype(table.frame[name]) == (place % 2 == 0)


def test_odd_names_come_from_parquet_and_frames_too(hostile, connection, tmp_path):
    frame, table = hostile
    frame.to_parquet(tmp_path / "hostile.parquet")
    packed = read_labelled(connection, replace(LABELLED, path=str(tmp_path / "hostile.parquet")))
    given = read_labelled(connection, LABELLED, frame)
    for other in (packed, given):
        pd.testing.assert_frame_equal(other.frame, table.frame)


@pytest.mark.parametrize("make", MODELS, ids=["boosted", "logistic"])
def test_odd_names_and_texts_go_through_fit_contributions_saving_and_loading(hostile, tmp_path, make):
    _, table = hostile
    model = make().fit(table.frame, table.outcomes)
    model.save(tmp_path)
    loaded = type(model).load(tmp_path)
    assert model.features == loaded.features == list(NAMES.values())
    assert loaded.log_odds(table.frame).tolist() == model.log_odds(table.frame).tolist()
    added = loaded.contributions(table.frame)
    assert list(added.columns) == [*NAMES.values(), BIAS]
    assert added.sum(axis=1).to_numpy() == pytest.approx(model.log_odds(table.frame), abs=1e-5)


def test_a_column_of_a_frame_may_turn_from_numbers_to_words_at_its_end(read):
    cells = pd.Series([1] * 2999 + ["x"], dtype=object)
    frame = pd.DataFrame({"id": range(3000), "age": cells, "paid": pd.Series([0.5] * 2999 + [True], dtype=object)})
    table = read(None, frame=frame, for_scoring=True)
    assert table.frame["age"].value_counts().to_dict() == {"1": 2999, "x": 1}
    assert table.frame["paid"].value_counts().to_dict() == {"0.5": 2999, "true": 1}


@pytest.mark.parametrize("name", ["row", "content", "index", "level_0", "static_c0", "target", "split", "customer"])
def test_ids_and_columns_may_have_the_names_of_our_own_columns(read, name):
    columns = ["row", "content", "index", "level_0", "static_c0", "target", "split", "customer"]
    lines = [f"{','.join(f'{row * 8 + place}.5' for place in range(8))},{row % 2}" for row in range(9)]
    content = "\n".join([f"{','.join(columns)},left", *lines, ""])
    table = read(content, columns=Columns(name, None, None), target="left", positive="1")
    assert sorted(table.ids) == sorted(f"{row * 8 + columns.index(name)}.5" for row in range(9))
    assert table.churned.sum() == 4
    assert sorted(table.frame) == sorted(column for column in columns if column != name)
