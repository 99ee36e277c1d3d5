"""Churn and value together: the value at risk by group of customers, and the contact list."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd

from ..decision.target_list import TargetTotals, target_list, total_targets
from ..evaluation.metrics import Array
from .bundle_scores import Champion
from .estimates import NORMAL, Estimate

LEVELS = ("high", "middle", "low")
_THIRDS = (1 / 3, 2 / 3)
_REASONS = ("reason_1", "reason_2", "reason_3")
_CURVE_POINTS = 200


@dataclass(frozen=True)
class ValueAtRisk:
    """The scored customers with their value and the value at stake.

    `rows` are the score rows with `value` (if the customer stays), `at_stake` (churn score x value), `cost` (expected,
    of a contact), `churn` and `value_level` (high, middle or low) and `cell`, both joined.
    """

    rows: pd.DataFrame
    champion: Champion

    @property
    def at_stake(self) -> Estimate:
        """The value expected to be lost within the horizon, with a 95% interval over who leaves."""
        p, value = (self.rows[name].to_numpy(dtype=float) for name in ("churn_score", "value"))
        total = float(np.nansum(p * value))
        reach = NORMAL * sqrt(float(np.nansum(p * (1 - p) * value**2)))
        return Estimate(total, max(0.0, total - reach), total + reach, int(np.isfinite(value).sum()))

    @property
    def churners(self) -> Estimate:
        """How many customers are expected to leave within the horizon, with a 95% interval over who leaves."""
        p = self.rows["churn_score"].to_numpy(dtype=float)
        total, reach = float(p.sum()), NORMAL * sqrt(float((p * (1 - p)).sum()))
        return Estimate(total, max(0.0, total - reach), min(float(len(p)), total + reach), len(p))


def compute_value_at_risk(
    champion: Champion, churn_bands: Sequence[float] = (), value_bands: Sequence[float] = ()
) -> ValueAtRisk:
    """Return the scored customers with their value, and their cell of churn by value.

    Bands are two scores, and two amounts of CLV, from which on churn and value are middle, and high; thirds of the
    customers where there are none, since a high score of one business is a low one of another.
    """
    rows = champion.scored
    value = champion.values_if_staying()
    clv, scores = (rows[name].to_numpy(dtype=float) for name in ("clv", "churn_score"))
    worth = clv if np.isfinite(clv).any() else value
    valued = rows.assign(
        value=value,
        at_stake=scores * value,
        cost=champion.campaign.expected_cost(scores),
        churn=name_bands(scores, churn_bands) if churn_bands else name_thirds(scores),
        value_level=name_bands(worth, value_bands) if value_bands else name_thirds(worth),
    )
    return ValueAtRisk(valued.assign(cell=valued["churn"] + "_" + valued["value_level"]), champion)


def name_bands(values: Array, limits: Sequence[float]) -> list[str]:
    """Return `low`, `middle` from the first limit on, or `high` from the second on; an unknown value is low."""
    middle, high = limits
    return ["high" if value >= high else "middle" if value >= middle else "low" for value in values]


def name_thirds(values: Array) -> list[str]:
    """Return `high`, `middle` or `low` by thirds of the ranks; equal values share their mean rank."""
    ranks = pd.Series(values).rank(method="average", na_option="top").to_numpy()
    shares = (ranks - 0.5) / max(len(ranks), 1)
    return ["high" if share > _THIRDS[1] else "middle" if share > _THIRDS[0] else "low" for share in shares]


def churn_matrix(at_risk: ValueAtRisk) -> pd.DataFrame:
    """Return one row per cell of churn by value, the one with most at stake first.

    Columns: `churn`, `value_level`, `cell`, `customers`, `churn_score` and `value` (means), `at_stake` (sum),
    `contacts` with a positive expected gain, and the sum of these gains, `gain`.
    """
    gains = at_risk.rows["expected_gain"].to_numpy(dtype=float)
    rows = at_risk.rows.assign(contacts=gains > 0, gain=np.where(gains > 0, gains, 0.0))
    grouped = rows.groupby(["churn", "value_level", "cell"], as_index=False)
    table = grouped.agg(
        customers=("customer_id", "size"),
        churn_score=("churn_score", "mean"),
        value=("value", "mean"),
        at_stake=("at_stake", "sum"),
        contacts=("contacts", "sum"),
        gain=("gain", "sum"),
    )
    return table.sort_values(["at_stake", "cell"], ascending=[False, True], ignore_index=True)


def rank_reasons(at_risk: ValueAtRisk) -> pd.DataFrame:
    """Return one row per feature that is a reason of some customer, the one with most at stake first.

    Columns: `feature`; `customers` with it among their reasons, and their `share` of the scored ones; `churn_score`
    (mean) and `at_stake` (sum) of these customers; `segment`, the one of theirs with most at stake (None without
    segments). A customer has several reasons, so `at_stake` adds up to more than there is.
    """
    reasons = at_risk.champion.scored_reasons
    cited = reasons.melt(value_name="feature", ignore_index=False)["feature"].dropna()
    if not len(cited):
        return pd.DataFrame(columns=["feature", "customers", "share", "churn_score", "at_stake", "segment"])
    behind = at_risk.rows[["churn_score", "at_stake", "segment"]].join(cited, how="inner")
    table = behind.groupby("feature", as_index=False).agg(
        customers=("at_stake", "size"), churn_score=("churn_score", "mean"), at_stake=("at_stake", "sum")
    )
    of_segment = behind.groupby(["feature", "segment"])["at_stake"].sum().reset_index()
    largest = of_segment.sort_values(["at_stake", "segment"], ascending=[False, True]).drop_duplicates("feature")
    table = table.assign(share=table["customers"] / len(at_risk.rows))
    table = table.merge(largest[["feature", "segment"]], on="feature", how="left")
    return table.sort_values(["at_stake", "feature"], ascending=[False, True], ignore_index=True)


def gain_curve(at_risk: ValueAtRisk) -> tuple[Array, Array]:
    """Return the share of customers contacted, best first, and the expected profit of contacting so many."""
    gains = np.sort(at_risk.rows["expected_gain"].dropna().to_numpy(dtype=float))[::-1]
    total = np.r_[0.0, np.cumsum(gains)]
    reach = np.unique(np.linspace(0, len(gains), min(len(gains), _CURVE_POINTS) + 1).astype(int))
    best = int(np.argmax(total))
    places = np.unique(np.r_[reach, best])
    return places / max(len(gains), 1), total[places]


def contact_list(at_risk: ValueAtRisk, plays: dict[str, str]) -> tuple[pd.DataFrame, TargetTotals]:
    """Return the customers to contact within the budget, best first, with segment, reasons and play; and the totals."""
    rows, budget = at_risk.rows, at_risk.champion.economics.budget
    listed = target_list(rows[["customer_id", "churn_score", "value", "expected_gain", "cost"]], budget)
    details = rows[["customer_id", "segment", "clv", "cell", *_REASONS]]
    table = listed.merge(details, on="customer_id", how="left", validate="one_to_one")
    return table.assign(play=[plays[cell] for cell in table["cell"]]), total_targets(rows, listed, budget)
