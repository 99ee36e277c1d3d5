"""Scores that are written block by block are those written at once: CSV to the byte, Parquet to the value."""

import io
import multiprocessing
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from churnclv.bundle.scorer import SCORE_COLUMNS
from churnclv.errors import InputError
from churnclv.files import resumable_folder
from churnclv.notices import Notice
from churnclv.outputs import Output, guard, has_header, read_head, write_blocks
from churnclv.pipeline import score as scoring
from churnclv.pipeline.settings import ScoreConfig
from churnclv.progress import Progress

ROWS = 1050


class RowScorer:
    """Scores each row from its own number; the first rows have no text, as one-time buyers have no reason.

    `journal` gets the first number of each block that was scored; the process is killed where it comes to `dies_at`.
    """

    def __init__(self, fails_at=None, journal=None, dies_at=None):
        self.fails_at, self.sizes, self.journal, self.dies_at = fails_at, [], journal, dies_at

    def features(self, events, _):
        return pd.DataFrame({"number": np.arange(events.customers)})

    def score(self, rows, _):
        self.sizes.append(len(rows))
        number = rows["number"].reset_index(drop=True)
        if self.dies_at is not None and self.dies_at in set(number):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.journal is not None:
            with self.journal.open("a") as lines:
                lines.write(f"{number[0]}\n")
        if self.fails_at is not None and self.fails_at in set(number):
            message = "a row cannot be scored"
            raise ValueError(message)
        columns = dict.fromkeys(SCORE_COLUMNS, np.nan)
        columns |= {"customer_id": "C" + number.astype(str), "as_of": "2011-01-01", "horizon_days": 30}
        columns |= {"in_population": number % 7 > 0, "churn_score": number / 3.0, "expected_gain": number * 0.1}
        texts = pd.Series([None] * len(number), dtype=object).where(number < 400, 'says "no", often')
        columns |= {"reason_1": texts, "action": "contact", "segment": texts}
        return pd.DataFrame(columns, index=number.index)[list(SCORE_COLUMNS)]

    def notices(self, _events, _rows, scores):
        if self.dies_at == ROWS:  # the last step before the output is put in place
            os.kill(os.getpid(), signal.SIGKILL)
        return (Notice("of_all_rows", f"{len(scores)} scores, {scores['expected_gain'].sum():.1f} gain", "none."),)


def _write(path, monkeypatch, block, *, scorer=None, customers=ROWS, **chosen):
    monkeypatch.setattr(scoring, "BLOCK_ROWS", block)
    monkeypatch.setattr(scoring, "compare_with_bundle", lambda *_: ())
    config = ScoreConfig(input="orders.csv", output=str(path), **chosen)
    outputs = scoring.name_outputs(config)
    guard(outputs, {})
    events = SimpleNamespace(quality=SimpleNamespace(lines=list), customers=customers)
    source = SimpleNamespace(manifest="a bundle", folder=None)
    opened, log, lines = SimpleNamespace(scorer=scorer or RowScorer(), events=events, source=source), io.StringIO(), []
    scoring.write_scores(config, opened, outputs, Progress(log), lines.append)
    return log.getvalue(), lines


@pytest.mark.parametrize("name", ["scores.csv", "scores.csv.gz", "scores.csv.zip", "scores.csv.xz"])
def test_blocks_of_csv_are_the_whole_table(tmp_path, monkeypatch, name):
    _, lines = _write(tmp_path / "whole.csv", monkeypatch, ROWS)
    log, of_blocks = _write(tmp_path / name, monkeypatch, 100)
    packing = None if name.endswith("csv") else "infer"
    with pd.io.common.get_handle(tmp_path / name, "rb", compression=packing, is_text=False) as handles:
        assert handles.handle.read() == (tmp_path / "whole.csv").read_bytes()
    assert of_blocks[1:] == lines[1:]
    assert "1050 scores, 55072.5 gain" in log
    assert "Scoring 1,050 customers: 11 of 11  about 0 s left" in log


def test_blocks_of_parquet_have_the_values_and_types_of_the_whole(tmp_path, monkeypatch):
    _write(tmp_path / "whole.csv", monkeypatch, ROWS)
    _write(tmp_path / "scores.parquet", monkeypatch, 100)
    written = pd.read_parquet(tmp_path / "scores.parquet")
    whole = RowScorer().score(pd.DataFrame({"number": np.arange(ROWS)}), "en")
    assert list(written.columns) == list(SCORE_COLUMNS)
    pd.testing.assert_frame_equal(written, whole.astype(written.dtypes.to_dict()), check_exact=True)
    assert written["reason_1"].isna().sum() == 400


def test_a_former_parquet_file_of_scores_is_replaced_and_another_is_not(tmp_path, monkeypatch):
    path = tmp_path / "scores.parquet"
    _write(path, monkeypatch, 100)
    _write(path, monkeypatch, 100, customers=5)
    assert len(pd.read_parquet(path)) == 5
    pd.DataFrame({"mine": [1]}).to_parquet(path)
    with pytest.raises(Exception, match="does not hold scores of an earlier run"):
        _write(path, monkeypatch, 100)
    assert read_head(path) == ["mine"]
    path.write_bytes(b"PAR1 is not enough")
    assert not has_header("customer_id")(path)


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet"])
def test_a_failure_in_a_later_block_leaves_the_former_file(tmp_path, monkeypatch, name):
    path = tmp_path / name
    _write(path, monkeypatch, 100, customers=5)
    former = path.read_bytes()
    with pytest.raises(ValueError, match="cannot be scored"):
        _write(path, monkeypatch, 100, scorer=RowScorer(fails_at=905))
    assert path.read_bytes() == former
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_no_customer_gives_the_header_alone(tmp_path, monkeypatch):
    scorer = RowScorer()
    _write(tmp_path / "scores.csv", monkeypatch, 100, scorer=scorer, customers=0)
    assert (tmp_path / "scores.csv").read_text() == ",".join(SCORE_COLUMNS) + "\n"
    assert scorer.sizes == [0]


def test_blocks_are_scored_as_they_are_written(tmp_path):
    scored = []

    def blocks():
        for number in range(3):
            scored.append(number)
            yield pd.DataFrame({"number": [number]})

    write_blocks(blocks(), Output("output", str(tmp_path / "numbers.csv"), "numbers", has_header("number")))
    assert (tmp_path / "numbers.csv").read_text() == "number\n0\n1\n2\n"
    assert scored == [0, 1, 2]


def _killed(path, monkeypatch, journal, dies_at, **chosen):
    """Score in a process of its own that is killed on its way."""
    scorer = RowScorer(journal=journal, dies_at=dies_at)
    arguments = {"target": _write, "args": (path, monkeypatch, 100), "kwargs": {"scorer": scorer, **chosen}}
    process = multiprocessing.get_context("fork").Process(**arguments)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet", "scores/"])
def test_a_scoring_that_is_killed_ten_times_scores_no_block_twice(tmp_path, monkeypatch, name):
    whole = f"{tmp_path}/whole-{name}"
    _write(whole, monkeypatch, 100)
    journal, path = tmp_path / "journal", f"{tmp_path}/{name}"
    for dies_at in (0, 150, 150, 320, 470, 520, 700, 990, 1049, ROWS):
        _killed(path, monkeypatch, journal, dies_at)
    assert not os.path.lexists(path)
    log, lines = _write(path, monkeypatch, 100, scorer=RowScorer(journal=journal))
    assert [int(line) for line in journal.read_text().split()] == list(range(0, ROWS, 100))
    assert "1050 scores, 55072.5 gain" in log
    assert "Scoring 1,050 customers: 11 of 11  scored before" in log
    assert lines[0] == f"{path}: 1,050 customers scored as of 2011-01-01, horizon 30 days"
    files = [(each / part.name for part in sorted(Path(whole).iterdir())) if name == "scores/" else [each]
             for each in (Path(path), Path(whole))]  # fmt: skip
    assert [one.read_bytes() for one in files[0]] == [other.read_bytes() for other in files[1]]
    assert {each.name for each in tmp_path.iterdir()} == {"journal", f"whole-{name}".rstrip("/"), name.rstrip("/")}


def test_blocks_of_other_rows_and_settings_are_not_taken(tmp_path, monkeypatch):
    journal, path = tmp_path / "journal", tmp_path / "scores.csv"
    _killed(path, monkeypatch, journal, 320)
    _killed(path, monkeypatch, journal, 320, language="it")
    _write(path, monkeypatch, 90, scorer=RowScorer(journal=journal))
    begins = [int(line) for line in journal.read_text().split()]
    assert begins == [0, 100, 200, 0, 100, 200, *range(0, ROWS, 90)]


def test_a_folder_gets_a_file_per_block_and_another_folder_stays(tmp_path, monkeypatch):
    folder = f"{tmp_path}/scores/"
    _write(folder, monkeypatch, 500)
    _write(folder, monkeypatch, 400)
    assert [path.name for path in sorted(Path(folder).iterdir())] == [f"part-0000{place}.parquet" for place in range(3)]
    _write(tmp_path / "whole.parquet", monkeypatch, 400)
    pd.testing.assert_frame_equal(pd.read_parquet(folder), pd.read_parquet(tmp_path / "whole.parquet"))
    (Path(folder) / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="this folder holds files that are not scores"):
        _write(folder, monkeypatch, 400)


def test_two_commands_that_score_into_one_file_do_not_share_blocks(tmp_path):
    with resumable_folder(tmp_path / "scores.csv") as first, resumable_folder(tmp_path / "scores.csv") as second:
        assert first.is_dir()
        assert second is None
    assert list(tmp_path.iterdir()) == []
