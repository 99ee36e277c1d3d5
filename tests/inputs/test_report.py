"""Files that a report is given: each fault is answered with file, row, column and remedy."""

import pytest

from churnclv.errors import InputError
from churnclv.report.acquisition_costs import read_costs
from churnclv.report.periods import Period
from churnclv.report.rfm_scores import find_scoring
from churnclv.report.settings import ReportSettings


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("day,cost\n2024-01-01,5\n", "no column date"),
        ("date,cost\n2024-01-01,5\n01/02/2024,5\n", "row 3, column 'date': '01/02/2024' is not a date"),
        ("date,cost\n2024-01-01,five\n", "row 2, column 'cost': 'five' is not an amount"),
        ("date,cost\n2024-01-01,\n", "row 2, column 'cost'"),
    ],
)
def test_costs_at_fault_are_refused(write, text, said):
    path = write(text, "costs.csv")
    with pytest.raises(InputError) as caught:
        read_costs(path, Period.month)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["{}", "not json", '{"silent_days": ["x"], "purchases": [], "spend": []}', "[1]"])
def test_thresholds_that_are_none_are_refused(write, look, text):
    import pandas as pd

    path = write(text, "segments.json")
    base = look(
        pd.DataFrame({"customer_id": ["a"], "timestamp": ["2024-01-01"], "amount": ["1"]}), thresholds=str(path)
    )
    with pytest.raises(InputError, match="holds no thresholds"):
        find_scoring(base, None)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"funnel_steps": ["look", "look"]}, "names a step twice"),
        ({"involuntary_reasons": ["unpaid", " "]}, "report.involuntary_reasons holds an empty reason"),
        ({"involuntary_reasons": ["unpaid", "unpaid"]}, "names a reason twice: unpaid, unpaid"),
        ({"ladder_days": 0}, "report.ladder_days is 0"),
        ({"draws": 0}, "report.draws is 0"),
        ({"most_clusters": 1}, "report.most_clusters is 1"),
        ({"sample": 9}, "report.sample is 9"),
        ({"plays": {"high": "call"}}, "report.plays names the cells"),
    ],
)
def test_settings_out_of_range_are_refused(chosen, said):
    with pytest.raises(InputError) as caught:
        ReportSettings(**chosen)
    assert said in str(caught.value)
