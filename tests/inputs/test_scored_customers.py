"""Files that are no scores of one day: each is refused with the file, the column and the row."""

import pytest

from churnclv.decision.scored_customers import read_scores
from churnclv.errors import InputError

HEAD = "customer_id,as_of,horizon_days,in_population,churn_score,expected_gain,segment"
GOOD = ["a,2024-01-01,90,True,0.5,3.5,New", "b,2024-01-01,90,True,0.2,-1,"]
FAULTS = {
    "nothing": ([""], r"scores.csv: has no column customer_id, as_of"),
    "a header": ([HEAD], "has a header but no rows"),
    "twice": ([HEAD, *GOOD, GOOD[0]], "rows 2, 4: a customer_id is there twice"),
    "no id": ([HEAD, ",2024-01-01,90,True,0.5,3,New"], "row 2: customer_id is empty"),
    "a text": ([HEAD, GOOD[0], "c,2024-01-01,90,True,half,3,New"], "row 3: churn_score is no number"),
    "infinite": ([HEAD, "c,2024-01-01,90,True,0.5,inf,New"], "row 2: expected_gain is no number"),
    "above one": ([HEAD, "c,2024-01-01,90,True,50,3,New"], "row 2: churn_score is not in 0 to 1"),
    "no scores": ([HEAD, "c,2024-01-01,90,False,,,New"], "no row has a churn_score and an expected_gain"),
    "two days": ([HEAD, *GOOD, "c,2024-02-01,90,True,0.5,3,New"], "as_of is 2024-01-01, 2024-02-01"),
    "no day": ([HEAD, "c,,90,True,0.5,3,New"], "as_of is empty"),
    "no date": ([HEAD, "c,soon,90,True,0.5,3,New"], "as_of is 'soon', which is no date"),
    "two horizons": ([HEAD, *GOOD, "c,2024-01-01,30,True,0.5,3,New"], "horizon_days is 30, 90"),
    "effects": ([f"{HEAD},effect_offer,best_arm", f"{GOOD[0]},0.1,offer"], "holds the effects of an experiment's"),
    "no horizon": ([HEAD, "c,2024-01-01,,True,0.5,3,New"], "horizon_days is empty"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_at_fault_is_refused_by_name(name, tmp_path):
    lines, message = FAULTS[name]
    (tmp_path / "scores.csv").write_text("\n".join(lines))
    with pytest.raises(InputError, match=message):
        read_scores(tmp_path / "scores.csv")


def test_a_missing_file_is_refused_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(InputError, match=r"no such file of scores\.\n  -> make score"):
        read_scores(tmp_path / "scores.csv")


def test_customers_without_a_score_are_left_out_and_counted(tmp_path):
    lines = [HEAD, *GOOD, "007,2024-01-01,90,False,,,"]
    (tmp_path / "scores.csv").write_text("\n".join(lines))
    scores = read_scores(tmp_path / "scores.csv")
    assert (scores.left_out, scores.horizon_days, f"{scores.as_of:%Y-%m-%d}") == (1, 90, "2024-01-01")
    assert scores.rows["segment"].tolist() == ["New", "all"]
    assert scores.rows["expected_spend"].tolist() == [0.0, 0.0]
