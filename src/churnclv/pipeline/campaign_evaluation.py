"""The profit of a retention campaign by a run's scores: customers are chosen on validation and evaluated later."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..evaluation.bootstrap import Interval, score, write_figure
from ..evaluation.maximum_profit import empb, empc
from ..evaluation.profit import BestFraction, Terms, best_fraction, profit_beyond
from ..tracking import records
from ..tracking.records import Record
from ..tuning.churn_comparison import SCORE, ChurnComparison


@dataclass(frozen=True)
class CampaignPlan:
    """The share and threshold of the highest profit on validation, EMPC and EMPB, and the sealed test.

    Attributes:
        best: share of customers to contact, the least expected gain of a contacted one, profit (currency per customer).
        maximum: EMPC and EMPB by when (`valid`, `test`), currency per customer; upper bounds, see `maximum_profit`.
        sealed: profit per customer on the sealed test at validation's threshold; None before it is opened.
    """

    best: BestFraction
    maximum: dict[str, tuple[float, float]]
    sealed: Interval | None = None

    def lines(self) -> list[str]:
        """Return the plan as lines of text."""
        share, earned = self.best.share, self.best.profit
        text = f"contact {share.value:.1%} [{share.low:.1%}, {share.high:.1%}] of customers"
        if np.isinf(self.best.threshold):
            text = "contact nobody: no share earns anything"
        else:
            text += f", whose expected gain is {self.best.threshold:.2f} or more"
        lines = [f"  most profit on validation: {text}; it earns {earned} per customer there"]
        if self.sealed is not None:
            lines.append(f"  the same threshold behind the seal earns {self.sealed} per customer")
        pairs = ", ".join(f"{when} {write_figure(c)} and {write_figure(b)}" for when, (c, b) in self.maximum.items())
        return [*lines, f"  EMPC and EMPB per customer (best share in hindsight): {pairs}"]

    def records(self, when: str) -> Iterator[Record]:
        """Yield the figures of validation (`valid`) or of the sealed test (`test`)."""
        if self.sealed is None:
            best = self.best.share
            numbers = {"best_share": best.value, "best_share_low": best.low, "best_share_high": best.high}
        else:
            numbers = {"profit_at_best_share": self.sealed.value}
        numbers |= dict(zip(("empc", "empb"), self.maximum[when], strict=True))
        yield records.Metrics({f"{when}.churn.{name}": value for name, value in numbers.items()})


def plan_campaign(comparison: ChurnComparison, terms: Terms, seed: int) -> CampaignPlan:
    """Choose share and threshold on the validation rows of all folds."""
    gains, expected, customers = (
        np.concatenate(parts)
        for parts in zip(
            *((sample.truth, sample.predictions[SCORE], sample.customers) for sample in comparison.campaigns),
            strict=True,
        )
    )
    best = best_fraction(gains, expected, customers, seed=seed)
    return CampaignPlan(best, {"valid": _maximum(comparison, terms)})


def evaluate_sealed_campaign(plan: CampaignPlan, comparison: ChurnComparison, terms: Terms, seed: int) -> CampaignPlan:
    """Return the plan with the profit on the sealed test of contacting customers at validation's threshold."""
    metrics = {"profit": profit_beyond(plan.best.threshold)}
    scores = score(comparison.campaigns, metrics, SCORE, seed=seed, drawn_models=(SCORE,))
    maximum = {**plan.maximum, "test": _maximum(comparison, terms)}
    return CampaignPlan(plan.best, maximum, scores.figures[SCORE]["profit"])


def _maximum(comparison: ChurnComparison, terms: Terms) -> tuple[float, float]:
    """Return EMPC and EMPB, means over the cutoffs; customers of unknown value are left out."""
    profits = []
    for sample, values in zip(comparison.samples, comparison.values, strict=True):
        finite = np.isfinite(values)
        data = (sample.truth[finite], sample.predictions[SCORE][finite], values[finite], terms)
        profits.append([measure(*data).profit for measure in (empc, empb)])
    mean_empc, mean_empb = np.mean(profits, axis=0)
    return float(mean_empc), float(mean_empb)
