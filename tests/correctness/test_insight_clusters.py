"""Clusters on customers whose kinds are known, and on customers who are of no kind."""

import numpy as np
import pandas as pd

from churnclv.report.section import Missing
from churnclv.report.sections.clusters import describe, find_clusters, name_clusters, render_clusters, sample_behaviour
from churnclv.report.texts.translation import Translation

ENGLISH = Translation.of("en")


def people(*kinds, seed=0):
    """Return rows of customers: (how many, silent days, purchases, basket, spend a year) per kind, with some spread."""
    generator, rows = np.random.default_rng(seed), []
    for n, silent, purchases, basket, spend in kinds:
        noise = generator.lognormal(0.0, 0.15, (n, 4))
        rows.append(pd.DataFrame({
            "silent": silent * noise[:, 0], "purchases": purchases * noise[:, 1], "basket": basket * noise[:, 2],
            "units": np.nan, "tenure": 300.0 * noise[:, 3], "per_month": purchases * noise[:, 1] / 10.0,
            "spend_a_year": float(spend), "recent": silent < 90,
        }))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


KINDS = people((80, 5, 20, 50, 1000), (120, 200, 2, 40, 60), (100, 10, 3, 300, 400))


def test_known_kinds_are_found_again_and_ordered_by_spend():
    found = find_clusters(KINDS, 6, 0)
    assert found.choices.loc[found.choices["chosen"], "k"].tolist() == [3]
    assert found.is_stable
    assert found.rows["cluster"].tolist() == [0] * 80 + [2] * 120 + [1] * 100
    table = describe(found, name_clusters(found, ENGLISH))
    assert table["customers"].tolist() == [80, 100, 120]
    assert table["recent"].tolist() == [1.0, 1.0, 0.0]


def test_names_say_what_sets_clusters_apart():
    first, second, third = name_clusters(find_clusters(KINDS, 6, 0), ENGLISH)
    assert "many purchases" in first or "buy often" in first
    assert "large baskets" in second
    assert "long silent" in third


def test_customers_of_no_kind_or_too_few_of_them_have_no_clusters(look):
    alike = KINDS.assign(silent=5.0, purchases=1.0, basket=10.0, tenure=9.0, per_month=1.0)
    assert find_clusters(alike, 6, 0) is None
    assert find_clusters(KINDS.head(50), 6, 0) is None
    base = look(pd.DataFrame({"customer_id": ["ann"], "timestamp": ["2024-01-05"], "amount": ["10"]}))
    assert [type(block) for block in render_clusters(base, ENGLISH).blocks] == [Missing]


def test_the_sample_is_bounded_and_its_measures_are_by_hand(look):
    rows = [(f"c{n:03}", "2024-01-01", "10") for n in range(150)] + [("c007", "2024-01-31", "30")]
    log = pd.DataFrame(rows, columns=["customer_id", "timestamp", "amount"])
    assert len(sample_behaviour(look(log, sample=100))) == 100
    found = sample_behaviour(look(log, as_of="2024-03-01")).iloc[7]
    # 31 January to 29 February: 29 days silent; known for 60 days with 1 January; 2 purchases of 40 in all
    assert found[["silent", "purchases", "basket", "tenure", "spend_a_year"]].tolist() == [29, 2, 20, 60, 40]
    assert found["per_month"] == 30.4375 * 2 / 60
