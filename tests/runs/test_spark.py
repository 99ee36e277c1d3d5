"""Scores on Spark are those of one machine, and the whole log is checked, not each part of it."""

import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from churnclv.data.settings import Reading
from churnclv.data.spark_session import ScoringEngineSettings
from churnclv.monitoring.settings import HistorySettings
from churnclv.pipeline.score import score
from churnclv.pipeline.settings import ScoreConfig
from churnclv.pipeline.spark_scoring import score_on_spark
from churnclv.progress import Progress
from churnclv.tracking.settings import TrackingSettings

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("spark")]
HERE = ScoringEngineSettings()
SPARK = ScoringEngineSettings(name="spark", master="local[2]", part_customers=150)


def run(engine, folder, log, home, **chosen):
    """Score a log by an engine; return the scores in order of id, their files, and what was printed."""
    printed, lines, output = io.StringIO(), [], folder / f"scores {engine.name}"
    config = ScoreConfig(
        input=str(log),
        output=f"{output}/",
        tracking=TrackingSettings(home=str(home)),
        history=HistorySettings(record=False),
        engine=engine,
        **chosen,
    )
    (score_on_spark if engine.is_spark else score)(config, Progress(printed), lines.append)
    files = sorted(output.glob("part-*.parquet"))
    scores = pd.concat(map(pd.read_parquet, files)).sort_values("customer_id", ignore_index=True)
    ends = [line.rpartition("/: ")[2] for line in lines]
    return SimpleNamespace(scores=scores, files=files, printed=printed.getvalue(), lines=ends)


def refused(match):
    """Expect a fault of the input; a bundle's code has its own class of the error."""
    return pytest.raises(Exception, match=match, check=lambda error: error.user_fault)


@pytest.fixture(scope="module")
def faulty(shop) -> pd.DataFrame:
    """The shop's log with a later last day, a repeated row, padded and missing ids, amounts and dates that are none."""
    log = pd.read_csv(shop.log, dtype=str)
    log.loc[::50, "customer_id"] = "  " + log.loc[::50, "customer_id"] + " "
    log.loc[7::300, "customer_id"] = None
    log.loc[11::400, "amount"] = "n/a"
    log.loc[13::500, "timestamp"] = "someday"
    log.loc[20, "timestamp"] = "2012-01-11 12:00:00"
    return pd.concat([log, log.iloc[[20]]], ignore_index=True)


def counted(printed):
    """Return the printed lines on rows, without the time before each."""
    return [line.partition("] ")[2] for line in printed.splitlines() if " rows" in line and "WARNING" not in line]


def test_a_text_file_is_scored_as_of_the_last_day_of_the_whole_log(exported, faulty, tmp_path):
    shop, log = exported[0], tmp_path / "orders [1], 2010=2011.csv"
    lines = faulty.to_csv(index=False).splitlines()
    log.write_text("\n".join([*lines[:50], "one cell too many,2011-01-01,5,6", *lines[50:]]) + "\n")
    here, there = (run(engine, tmp_path, log, shop.home, curve_days=[30]) for engine in (HERE, SPARK))
    pd.testing.assert_frame_equal(there.scores, here.scores, check_exact=True)
    assert len(there.files) == 3
    assert set(there.scores["as_of"]) == {"2012-01-12"}
    assert there.lines == here.lines
    assert counted(there.printed) == counted(here.printed)
    assert sum("set aside for it" in line for line in counted(there.printed)) == 5
    ids = {name.strip() for name in faulty["customer_id"].dropna()}
    assert not ids & set(there.printed.replace("'", " ").split())


def test_a_folder_of_parquet_is_scored_as_of_a_given_day(exported, faulty, tmp_path):
    shop, log, whole = exported[0], tmp_path / "log", tmp_path / "orders.parquet"
    log.mkdir()
    typed = faulty.assign(
        amount=pd.to_numeric(faulty["amount"], errors="coerce"),
        lines=pd.array([1, None, 3], "Int64")[np.arange(len(faulty)) % 3],
    )
    typed.to_parquet(whole)
    for number in range(3):
        typed.iloc[number::3].to_parquet(log / f"{number}.parquet")
    there, here = (
        run(*each, shop.home, as_of="2011-03-01") for each in ((SPARK, tmp_path, log), (HERE, tmp_path, whole))
    )
    pd.testing.assert_frame_equal(there.scores, here.scores, check_exact=True)
    assert set(there.scores["as_of"]) == {"2011-03-01"}
    assert counted(there.printed) == counted(here.printed)
    with refused("no event lies before as_of=2009-01-01"):
        run(SPARK, tmp_path, log, shop.home, as_of="2009-01-01")
    faulty.drop(columns="amount").to_parquet(log / "other.parquet")
    with refused(r"other\.parquet: has other columns than 0\.parquet"):
        run(SPARK, tmp_path, log, shop.home)


def test_faults_are_counted_over_all_parts_before_the_output_is_put_in_place(exported, tmp_path):
    shop, log = exported[0], tmp_path / "orders.csv"
    events = pd.read_csv(shop.log, dtype=str)
    crowded = events[events["customer_id"] == events["customer_id"].mode()[0]]
    blank = crowded.iloc[[0] * 400].assign(amount=[f"none {number}" for number in range(400)])
    pd.concat([events, blank]).to_csv(log, index=False)  # 14% of all rows, a third of those in one part
    share = {"data": Reading(max_set_aside_share=0.2)}
    scored = run(SPARK, tmp_path, log, shop.home, as_of="2011-12-22", **share)
    assert "400 set aside" in scored.printed
    former = {path.name: path.read_bytes() for path in scored.files}
    with refused(r"400 of 2,783 rows would be set aside, more than data\.max_set_aside_share = 0\.1") as fault:
        run(SPARK, tmp_path, log, shop.home, as_of="2011-12-22", data=Reading(max_set_aside_share=0.1))
    assert "orders.csv: column 'amount': " in str(fault.value)
    assert {path.name: path.read_bytes() for path in scored.files} == former


def test_a_quote_that_is_not_closed_is_no_row_of_another_width(exported, tmp_path):
    shop, log = exported[0], tmp_path / "orders.csv"
    lines = shop.log.read_text().splitlines()
    log.write_text("\n".join([*lines[:5], '"C1,2011-01-01,5', *lines[5:]]) + "\n")
    with refused("a quote is opened and not closed"):
        run(SPARK, tmp_path, log, shop.home, as_of="2011-12-22")


def test_the_command_scores_on_spark(exported):
    shop = exported[0]
    engine = ["engine.name=spark", "engine.master=local[2]", "as_of=2011-12-22"]
    done = shop.run("score", f"input={shop.log}", "output=on spark/", *engine)
    assert "400 customers scored as of 2011-12-22" in done.stdout
    assert "not in the history" in done.stderr
    for word in ("targets=contact.csv", "horizon_days=0"):
        failed = shop.run("score", f"input={shop.log}", "output=other/", *engine, word, check=False)
        assert failed.returncode == 2
        assert word.partition("=")[0] in failed.stderr
        assert "Traceback" not in failed.stderr
