"""Entries: folders, results by draws, the ranking, and the page that shows it."""

import json
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from churnclv.errors import InputError
from churnclv.evaluation.bootstrap import Sample, score
from churnclv.evaluation.metrics import auc
from churnclv.hackathon.entry_folder import Entry, find_entry, list_entries, start_entry
from churnclv.hackathon.leaderboard_page import write_page, write_table
from churnclv.hackathon.ranking import rank_entries
from churnclv.hackathon.result import Figure, Result, figures_of

PLAN = {"valid": ["1998-01-02"], "sealed": "1998-04-02", "horizon_days": 90}


def figure(value: float, *draws: float) -> Figure:
    return Figure(value, min(draws), max(draws), np.array(draws))


def result(valid: float, test: float | None = None, evaluated: str = "rows", **chosen) -> Result:
    figures = {"valid.churn.auc": figure(valid, valid - 0.01, valid, valid + 0.01)}
    if test is not None:
        figures["test.churn.auc"] = figure(test, test - 0.02, test, test + 0.02)
    return Result(evaluated=evaluated, plan=PLAN, choice="logistic", trials=30, figures=figures, **chosen)


def hand_in(root, **results: Result) -> list[Entry]:
    """Start an entry per name and hand its result in."""
    entries = []
    for name, found in results.items():
        entry = start_entry(root, name.replace("_", "-"))
        entry.hand_in("cdnow", found)
        entries.append(entry)
    return entries


# --- folders ---


def test_a_new_entry_has_what_has_to_be_filled_in(tmp_path):
    entry = start_entry(tmp_path, "overdue-ratio")
    assert "make train EXPERIMENT=overdue-ratio" in entry.delta.read_text()
    story = (entry.folder / "README.md").read_text()
    assert all(word in story for word in ("**Hypothesis.**", "**Tried.**", "**Verdict.**"))
    assert [found.name for found in list_entries(tmp_path)] == ["overdue-ratio"]
    assert find_entry(tmp_path, "overdue-ratio") == entry


@pytest.mark.parametrize("name", ["", "Overdue", "a b", "../up", "a/b", "-a", "a--b", "über"])
def test_a_name_that_cannot_be_a_folders_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="not a name"):
        start_entry(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_an_entry_is_not_written_over(tmp_path):
    start_entry(tmp_path, "mine")
    with pytest.raises(InputError, match="is there already"):
        start_entry(tmp_path, "mine")


def test_an_unknown_entry_is_answered_with_the_known_ones(tmp_path):
    start_entry(tmp_path, "mine")
    with pytest.raises(InputError, match=r"no entry yours.*\n.*entries are: mine"):
        find_entry(tmp_path, "yours")


# --- results ---


def test_a_result_survives_its_file(tmp_path):
    told = result(0.8, 0.9, failed_checks=["C6"], seconds=12.5, openings=2)
    (entry,) = hand_in(tmp_path, mine=told)
    again = entry.results()["cdnow"]
    assert again.as_dict() == told.as_dict()
    assert list(again.figures["test.churn.auc"].draws) == [0.88, 0.9, 0.92]
    assert entry.result_path("cdnow").read_text().count("\n") < 60  # draws are a line, not a page


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"figures": {"a": {"value": 1}}}', "not JSON"])
def test_a_file_that_is_no_result_is_named(tmp_path, content):
    (entry,) = hand_in(tmp_path, mine=result(0.8))
    entry.result_path("cdnow").write_text(content)
    with pytest.raises(InputError, match=r"mine/results/cdnow\.json: is no result"):
        entry.results()


def test_draws_of_two_runs_give_the_paired_interval_of_one():
    random = np.random.default_rng(0)
    truth = (random.random(400) < 0.4).astype(float)
    said = {name: truth * signal + random.normal(size=400) for name, signal in (("mine", 1.5), ("theirs", 1.0))}
    together = score([Sample(truth, said, np.arange(400))], {"auc": auc}, "theirs").differences["mine"]["auc"]
    figures = {
        name: figures_of(
            [("valid.churn", score([Sample(truth, {"it": found}, np.arange(400))], {"auc": auc}, "it"), "it")]
        )
        for name, found in said.items()
    }
    apart = figures["mine"]["valid.churn.auc"].minus(figures["theirs"]["valid.churn.auc"])
    assert [apart.value, apart.low, apart.high] == pytest.approx(
        [together.value, together.low, together.high],
        abs=2e-6,  # results are kept to six decimals
    )


def test_figures_that_were_drawn_otherwise_are_not_subtracted():
    assert figure(0.8, 0.7, 0.9).minus(figure(0.8, 0.7, 0.8, 0.9)) is None


# --- ranking ---


def test_entries_are_ranked_by_validation_and_compared_draw_by_draw(tmp_path):
    entries = hand_in(tmp_path, incumbent=result(0.80, 0.85), better=result(0.83, 0.84), worse=result(0.79))
    (board,) = rank_entries(entries, "churn.auc", "incumbent")
    assert [(row.place, row.entry) for row in board.rows] == [(1, "better"), (2, "incumbent"), (3, "worse")]
    better, incumbent, worse = board.rows
    assert better.valid.value == pytest.approx(0.03)
    assert [better.valid.low, better.valid.high] == pytest.approx([0.03, 0.03])  # all draws are 0.03 apart
    assert better.test.value == pytest.approx(-0.01)
    assert incumbent.valid is None
    assert worse.test is None
    assert not board.apart


def test_less_is_better_where_the_metric_is_an_error(tmp_path):
    def lost(value):
        return Result(evaluated="rows", plan=PLAN, figures={"valid.churn.log_loss": figure(value, value, value)})

    entries = hand_in(tmp_path, incumbent=lost(0.5), better=lost(0.4))
    (board,) = rank_entries(entries, "churn.log_loss", "incumbent")
    assert [row.entry for row in board.rows] == ["better", "incumbent"]


def test_what_is_not_comparable_is_listed_apart_with_the_reason(tmp_path):
    entries = hand_in(
        tmp_path,
        incumbent=result(0.8),
        elsewhere=result(0.99, evaluated="other rows"),
        cheat=replace(result(0.99), disqualified="family peek at 1998-04-02: next_order of 12 customers changes"),
        silent=Result(evaluated="rows", plan=PLAN),
    )
    entries.append(start_entry(tmp_path, "idle"))
    (board,) = rank_entries(entries, "churn.auc", "incumbent")
    assert [row.entry for row in board.rows] == ["incumbent"]
    assert board.apart["cheat"].startswith("DISQUALIFIED: family peek at 1998-04-02")
    assert "evaluated on other rows" in board.apart["elsewhere"]
    assert board.apart["silent"] == "has no figure for churn.auc"
    assert board.apart["idle"] == "has no result yet"


def test_without_the_incumbent_the_most_common_rows_are_ranked(tmp_path):
    entries = hand_in(tmp_path, a=result(0.7), b=result(0.8), c=result(0.9, evaluated="other"))
    (board,) = rank_entries(entries, "churn.auc", "incumbent")
    assert [row.entry for row in board.rows] == ["b", "a"]
    assert all(row.valid is None for row in board.rows)


def test_an_unknown_metric_is_answered_with_the_known_ones(tmp_path):
    with pytest.raises(InputError, match=r"leaderboard\.metric is 'beauty'.*\n.*churn\.auc"):
        rank_entries(hand_in(tmp_path, a=result(0.7)), "beauty", "incumbent")


# --- page and table ---


def test_shuffled_entries_give_the_same_bytes(tmp_path):
    entries = hand_in(
        tmp_path, incumbent=result(0.8, 0.8), tie=result(0.8), worse=result(0.7), cheat=Result(disqualified="x")
    )
    boards = [rank_entries(order, "churn.auc", "incumbent") for order in permutations(entries)]
    assert len({write_page(found) for found in boards}) == 1
    assert len({write_table(found) for found in boards}) == 1


def test_a_second_opening_of_the_seal_shows(tmp_path):
    entries = hand_in(tmp_path, incumbent=result(0.8, 0.8, openings=1), second=result(0.7, 0.9, openings=2))
    page = write_page(rank_entries(entries, "churn.auc", "incumbent"))
    cells = {
        line.split(" | ")[1]: line.split(" | ")
        for line in page.splitlines()
        if line.startswith("| 1 ") or "second]" in line
    }
    place = next(line for line in page.splitlines() if " seal " in line).split(" | ").index("seal")
    assert cells["[second](second/entry.yaml)"][place] == "2"
    assert cells["[incumbent](incumbent/entry.yaml)"][place] == "1"


def test_the_page_shows_differences_whose_interval_leaves_out_zero_in_bold(tmp_path):
    entries = hand_in(tmp_path, incumbent=result(0.80), better=result(0.83))
    assert "**+0.0300 [+0.0300, +0.0300]**" in write_page(rank_entries(entries, "churn.auc", "incumbent"))


def test_text_of_an_entry_is_only_text(tmp_path):
    hostile = replace(result(0.8), choice="a | b <script>alert(1)</script>", disqualified=None)
    page = write_page(rank_entries(hand_in(tmp_path, incumbent=hostile), "churn.auc", "incumbent"))
    assert "<script>" not in page
    assert "a \\| b" in page


def test_the_table_has_every_figure_with_its_interval(tmp_path):
    table = write_table(rank_entries(hand_in(tmp_path, incumbent=result(0.8, 0.9)), "churn.auc", "incumbent"))
    head, row = (line.split(",") for line in table.splitlines())
    cells = dict(zip(head, row, strict=True))
    assert (cells["valid.churn.auc"], cells["valid.churn.auc_low"]) == ("0.8", "0.79")
    assert cells["test.churn.auc_high"] == "0.92"
    assert cells["valid.spend.rmse"] == ""


def test_no_results_are_said_to_be_none():
    assert "No entry has a result yet" in write_page(rank_entries([], "churn.auc", "incumbent"))
    assert json.dumps(write_table([])).count("\\n") == 1
