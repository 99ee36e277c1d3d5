"""Faults of experiment tables: each message names file, column, rule and remedy; a named part of it the row."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churnclv.data.experiment_table import read_experiment
from churnclv.data.labelled_table import read_labelled
from churnclv.data.settings import Columns, CustomerKind, DataSettings
from churnclv.errors import InputError
from churnclv.snapshots.settings import WindowSettings
from churnclv.snapshots.splits import TEST, split_experiment

EXPERIMENT = DataSettings(
    shape=CustomerKind.experiment,
    columns=Columns("id", None, None),
    treatment="arm",
    control="none",
    outcome="spend",
)
PLAIN = "id,age,arm,spend\nb,30,offer,2.5\na,20,none,0\nc,41,letter,1\n"


@pytest.fixture
def read(write, connection):
    def read(content, **chosen):
        return read_experiment(connection, replace(EXPERIMENT, path=str(write(content, "table.csv")), **chosen))

    return read


@pytest.fixture
def refuse(read, tmp_path):
    def refuse(content, **chosen):
        with pytest.raises(InputError) as caught:
            read(content, **chosen)
        return str(caught.value).replace(str(tmp_path / "table.csv"), "table")

    return refuse


def test_arms_outcomes_and_features_are_those_of_the_file_in_order_of_the_ids(read):
    table = read(PLAIN)
    assert table.table.ids.tolist() == ["a", "b", "c"]
    assert table.arms == ("letter", "offer")
    assert table.arm.tolist() == [0, 2, 1]
    assert table.outcome.tolist() == [0.0, 2.5, 1.0]
    assert table.table.frame.columns.tolist() == ["age"]
    assert table.propensities is None


def test_a_blank_treatment_is_the_control_group_only_where_that_is_called_nothing(read, refuse):
    blank = PLAIN.replace("none", "")
    assert read(blank).arm.tolist() == [0, 2, 1]
    assert refuse(blank, control="letter") == (
        "table: column 'arm' is blank in 1 row: row 3.\n  -> write the control group's name, or leave such rows out."
    )


def test_a_control_group_that_is_written_has_no_blanks_beside_it(refuse):
    assert refuse(f"{PLAIN}d,50,,3\n") == (
        "table: column 'arm' is blank in 1 of the rows, and says none in 1.\n"
        "  -> write none where nothing was sent, and leave out rows whose treatment was lost."
    )


@pytest.mark.parametrize("end", ["_low", "_high"])
def test_treatments_whose_effects_would_share_a_column_are_refused(refuse, end):
    assert refuse(PLAIN.replace("letter", f"offer{end}")) == (
        "table: column 'arm': the effects of 'offer' and the same name with _low or _high would have columns of one "
        "name in the scores.\n  -> rename one of them in the export."
    )


def test_without_ids_rows_are_numbered_as_in_the_file(read):
    table = read(PLAIN.replace("id,", "age_group,"), columns=Columns(None, None, None), exclude=["age_group"])
    assert table.table.ids.tolist() == ["2", "3", "4"]


def test_two_texts_are_an_outcome_if_one_of_them_is_named(read, refuse):
    texts = PLAIN.replace("2.5", "yes").replace(",0\n", ",no\n").replace(",1\n", ",no\n")
    assert read(texts, positive="yes").outcome.tolist() == [0.0, 1.0, 0.0]
    assert "is no number in 3 rows: rows 2, 3, 4.\n  -> name the text that counts as 1" in refuse(texts)
    assert "holds 'no', 'yes', but not data.positive=maybe" in refuse(texts, positive="maybe")


@pytest.mark.parametrize(
    ("content", "chosen", "message"),
    [
        (PLAIN, {"treatment": "group"}, "table: row 1: no column 'group' (data.treatment)."),
        (PLAIN, {"outcome": "visit"}, "table: row 1: no column 'visit' (data.outcome)."),
        (
            PLAIN.replace("none", "left"),
            {"control": "nobody"},
            "holds 'left', 'letter', 'offer', but not data.control=nobody.",
        ),
        (PLAIN.replace("offer", "none").replace("letter", "none"), {}, "holds one value, 'none': an effect needs"),
        (PLAIN.replace("2.5", "0").replace(",1\n", ",0\n"), {}, "column 'spend' holds one value, '0'"),
        (PLAIN.replace("2.5", "much"), {}, "column 'spend' is no number in 1 row: row 2."),
        (PLAIN, {"after_treatment": ["clicks"]}, "data.after_treatment names 'clicks', which table does not have."),
        (PLAIN, {"propensities": {"fax": "age"}}, "data.propensities names fax.\n  -> the treatments are"),
        (PLAIN, {"propensities": {"offer": "age"}}, "data.propensities lacks letter."),
    ],
)
def test_a_fault_is_named(refuse, content, chosen, message):
    assert message in refuse(content, **chosen)


def test_what_an_experiment_needs_is_asked_for_before_the_file_is_read():
    for name in ("treatment", "control", "outcome"):
        with pytest.raises(InputError, match=f"data.{name} is not set."):
            replace(EXPERIMENT, **{name: None})
    with pytest.raises(InputError, match="propensities names the control group, 'none'"):
        replace(EXPERIMENT, propensities={"none": "p"})


def test_probabilities_are_read_and_those_that_are_none_are_refused_by_row(read, refuse):
    columns = {"offer": "p_offer", "letter": "p_letter"}
    chosen = "id,age,arm,spend,p_offer,p_letter\na,20,none,0,0.2,0.3\nb,30,offer,2,0.25,0.25\nc,41,letter,1,0.1,0.4\n"
    table = read(chosen, propensities=columns)
    assert table.propensities == pytest.approx(np.array([[0.5, 0.3, 0.2], [0.5, 0.25, 0.25], [0.5, 0.4, 0.1]]))
    assert table.table.frame.columns.tolist() == ["age"]
    message = refuse(chosen.replace("0.1,0.4", "0.6,0.4"), propensities=columns)
    assert "leaves an arm without a probability above 0 and below 1 in 1 row: row 4." in message


def test_an_outcome_before_its_treatment_is_refused_by_row(read, refuse):
    dated = (
        "id,age,arm,spend,sent,bought\n"
        "a,20,none,0,2024-03-01,\n"
        "b,30,offer,2,2024-03-01,2024-03-04\n"
        "c,41,letter,1,2024-03-01,2024-02-27\n"
    )
    names = {"treated_on": "sent", "outcome_on": "bought"}
    assert refuse(dated, **names) == (
        "table: column 'bought' lies before the treatment, column 'sent' in 1 row: row 4.\n  -> an effect comes after "
        "its cause: leave such rows out, or count outcomes from the treatment on."
    )
    assert read(dated.replace("2024-02-27", "2024-03-01"), **names).table.frame.columns.tolist() == ["age"]


def test_dates_of_treatment_and_outcome_are_each_read_in_their_own_order_of_day_and_month(read, refuse):
    dated = (
        "id,age,arm,spend,sent,bought\n"
        "a,20,none,0,31/01/2024,\n"
        "b,30,offer,2,03/02/2024,02/13/2024\n"
        "c,41,letter,1,03/02/2024,02/04/2024\n"
    )
    names = {"treated_on": "sent", "outcome_on": "bought"}
    assert read(dated, **names).table.frame.columns.tolist() == ["age"]
    assert "in 1 row: row 4." in refuse(dated.replace("02/04/2024", "02/02/2024"), **names)


def test_scoring_reads_neither_treatment_nor_outcome(write, connection):
    settings = replace(EXPERIMENT, path=str(write("id,age\nz,50\n", "later.csv")))
    table = read_labelled(connection, settings, for_scoring=True)
    assert table.frame.columns.tolist() == ["age"]
    both = replace(EXPERIMENT, path=str(write(PLAIN, "both.csv")))
    assert read_labelled(connection, both, for_scoring=True).frame.columns.tolist() == ["age"]


def test_the_sealed_part_has_its_share_of_every_arm_and_outcome():
    random = np.random.default_rng(0)
    arm = random.integers(0, 3, 1200)
    outcome = (random.random(1200) < 0.2).astype(float)
    plan = split_experiment(arm, outcome, None, WindowSettings(), 0)
    sealed = plan.parts == TEST
    shares = pd.crosstab([arm, outcome], sealed, normalize="index")[True]
    assert shares.between(0.24, 0.26).all()
    assert plan.lines() == [
        "900 rows to learn from",
        "sealed test: 300 rows, 25% drawn by arm and outcome, rows in order of their ids",
    ]
    given = np.where(np.arange(1200) % 2 == 0, "train", "test")
    assert (split_experiment(arm, outcome, given, WindowSettings(), 0).parts == TEST).sum() == 600
    with pytest.raises(InputError, match="the smallest group has 3 customers; at least 50"):
        split_experiment(np.repeat([0, 1], [60, 3]), np.zeros(63), None, WindowSettings(), 0)
    with pytest.raises(InputError, match="the test part has 0 customers of an arm"):
        split_experiment(np.repeat([0, 1], [60, 60]), np.zeros(120), np.repeat(["train"], 120), WindowSettings(), 0)
