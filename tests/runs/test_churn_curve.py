"""The churn curve by the command: further columns, and the scores as without them."""

import pandas as pd
import pytest

pytestmark = pytest.mark.slow


def test_the_command_adds_a_column_for_each_day_and_leaves_the_scores_alone(exported, scored):
    shop, _ = exported
    shop.run("score", f"input={shop.log}", "output=curve.csv", "curve_days=[30,90,365]", "history.record=false")
    curve = pd.read_csv(shop.folder / "curve.csv", dtype={"customer_id": str})
    names = [f"churn_score_{days}_days" for days in (30, 90, 365)]
    assert list(curve.columns) == [*scored.columns, *names]
    pd.testing.assert_frame_equal(curve[scored.columns], scored)
    inside = curve["in_population"]
    assert inside.any()
    assert curve.loc[inside, names[1]].tolist() == pytest.approx(curve.loc[inside, "churn_score"].tolist(), abs=1e-12)
    assert (curve.loc[inside, names[0]] >= curve.loc[inside, names[1]]).all()
    assert (curve.loc[inside, names[1]] >= curve.loc[inside, names[2]]).all()
    assert curve.loc[~inside, names].isna().all(axis=None)
