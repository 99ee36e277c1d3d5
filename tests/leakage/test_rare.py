"""Texts of few customers: counted by customers, not by rows, and in nothing that is fitted."""

import numpy as np
import pandas as pd

from churnclv.explain.reasons import Reasons
from churnclv.explain.risk_rule_search import list_conditions
from churnclv.features.category_encoding import Encoding
from churnclv.features.rare_categories import RARE, frequent_values, mask_rare

NOTE = "Rossi Mario, via Roma 1"


def rows_of(texts, rows_each=6):
    """Return rows of customers, each with one text at several cutoffs."""
    frame = pd.DataFrame({"customer_id": [f"c{n:03}" for n in range(len(texts))], "note": texts})
    return frame.loc[np.repeat(frame.index, rows_each)].reset_index(drop=True).assign(n=1.0)


def test_a_value_is_counted_by_customers():
    rows = rows_of([NOTE, *["four"] * 4, *["five"] * 5, None])
    frequent = frequent_values(rows)
    assert frequent == {"note": frozenset({"five"})}
    masked = mask_rare(rows, frequent)
    counts = masked["note"].value_counts(dropna=False)
    assert (counts[RARE], counts["five"], masked["note"].isna().sum()) == (30, 30, 6)
    assert masked["n"].tolist() == rows["n"].tolist()
    assert list(masked.columns) == list(rows.columns)


def test_a_rare_value_scores_as_an_unseen_one():
    rows = rows_of([NOTE, *["a"] * 5, *["b"] * 6])
    masked = mask_rare(rows, frequent_values(rows))
    encoding = Encoding.learn(masked[["note"]])
    assert encoding.categories == {"note": ("b", "a")}
    asked = pd.DataFrame({"note": [NOTE, RARE, "never seen", "a", None]})
    np.testing.assert_array_equal(encoding.apply(asked)[:, 0], [2, 2, 2, 1, np.nan])


def test_reasons_and_signs_do_not_hold_the_mark():
    rows = rows_of([*[f"n{n}" for n in range(20)], *["a"] * 5])
    masked = mask_rare(rows, frequent_values(rows))[["note"]]
    assert Reasons.learn(masked).typical == {"note": "a"}
    assert [condition.value for condition in list_conditions(masked)] == ["a"]


def test_the_sealed_rows_are_masked_by_what_the_learned_ones_share():
    learned, sealed = rows_of(["a"] * 5), rows_of(["z"] * 9 + ["a"])
    assert set(mask_rare(sealed, frequent_values(learned))["note"]) == {"a", RARE}
