"""What a bundle says beside its scores: the churn curve, and the features behind the reasons."""

import pandas as pd
import pytest

from churnclv.bundle.loading import load_bundle

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


def test_each_reason_has_the_feature_that_it_cites(exported, scored):
    shop, bundle = exported
    scorer = load_bundle(bundle)
    rows = scorer.features(scorer.read(shop.log))
    again, behind = scorer.score_and_cite(rows)
    pd.testing.assert_frame_equal(again, scorer.score(rows))
    columns = ["reason_1", "reason_2", "reason_3"]
    scores = scored.set_index("customer_id").loc[rows["customer_id"], columns].reset_index(drop=True)
    assert (behind.notna() == scores.notna()).all(axis=None)
    assert behind.notna().any(axis=None)
    pairs = pd.DataFrame({"feature": behind.melt()["value"], "text": scores.melt()["value"]}).dropna()
    assert set(pairs["feature"]) <= set(rows.columns) | set(scorer.model_rows(rows).columns)
    assert pairs.groupby("text")["feature"].nunique().max() == 1  # no text stands for two features
