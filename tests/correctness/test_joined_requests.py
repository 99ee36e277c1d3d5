"""Requests joined into one frame, and apart again, by hand."""

import pandas as pd
import pytest

from churnclv.bundle.joined_requests import join_frames, part_scores


def frame(*ids, column="who"):
    return pd.DataFrame({column: list(ids), "amount": [str(place) for place in range(len(ids))]})


def test_frames_are_one_after_the_other_and_every_frame_has_its_customers():
    events, customers = join_frames([frame("b", "a", "b"), frame("c")], "who")
    assert events["who"].tolist() == ["b", "a", "b", "c"]
    assert events["amount"].tolist() == ["0", "1", "2", "0"]
    assert customers == [{"a", "b"}, {"c"}]


@pytest.mark.parametrize(
    "frames",
    [
        [frame("a"), frame("a", "b")],  # a customer twice
        [frame("a"), frame("b").rename(columns={"amount": "total"})],
        [frame("a"), frame("b")[["amount", "who"]]],
        [frame("a", column="other"), frame("b", column="other")],
        [frame("a"), frame(" b")],
        [frame("a"), frame("")],
        [frame("a"), frame(None)],
        [frame("a"), frame(7)],
    ],
)
def test_frames_that_may_not_be_one_are_refused(frames):
    assert join_frames(frames, "who") is None


def test_scores_go_to_their_frames_in_their_order():
    scores = pd.DataFrame({"customer_id": ["a", "b", "c"], "churn_score": [0.1, 0.2, 0.3]})
    first, second = part_scores(scores, [{"a", "c"}, {"b"}])
    assert first.to_dict("list") == {"customer_id": ["a", "c"], "churn_score": [0.1, 0.3]}
    assert second.to_dict("list") == {"customer_id": ["b"], "churn_score": [0.2]}


@pytest.mark.parametrize("customers", [[{"a"}, {"b"}, {"d"}], [{"a", "b"}], [{"A"}, {"b"}]])
def test_scores_of_other_customers_than_were_sent_go_to_nobody(customers):
    scores = pd.DataFrame({"customer_id": ["a", "b", "c"], "churn_score": [0.1, 0.2, 0.3]})
    assert part_scores(scores, customers) is None
