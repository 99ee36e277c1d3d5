"""The plan of a campaign: whom to treat within the budget, whom to hold out at random, and what is to be expected.

The hold-out is drawn from those worth a contact, by systematic sampling from a random order within strata of segment
and expected gain: every customer has the same probability of being held out, and the share held out is the same in
every stratum, up to one customer.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import InputError, require
from ..ranges import LARGEST_SEED, Bounds, check_numbers, number
from .arm_limits import NO_LIMITS, ArmLimits, assign_arms
from .contact_gain import ExpectedContacts, MeasuredEffects, expect_contacts
from .economics import EconomicsSettings
from .holdout_power import ExpectedContrast
from .scored_customers import ScoredCustomers
from .target_list import ROUNDING, target_list

PLAN_COLUMNS = (
    "customer_id", "segment", "gain_group", "churn_score", "expected_purchases", "expected_spend",
    "value", "expected_gain", "cost", "treatment", "effect",
)  # fmt: skip
GAIN_GROUPS = ("high", "middle", "low")
_LEAST_LISTED = 4
_MOST_SHARE = 0.5  # of the list that is held out
_HALVINGS = 7
_SHORTER = 0.002  # of the budget, by which a list is shortened until its treated part fits


@dataclass
class DesignSettings:
    """How a hold-out is laid out.

    Attributes
    ----------
    seed
        Of the draw.
    power
        The wanted probability of seeing the effect.
    significance
        The probability of seeing an effect where there is none.
    effect
        The smallest fall of the churn rate that is to be seen, as a share of customers, 0.05 = five in a hundred; null
        = half of what the plan expects, as the acceptance of an offer is an assumption.
    holdout
        Customers to hold out; null = as few as the power allows.
    """

    seed: int = number(0, Bounds(0, LARGEST_SEED))
    power: float = number(0.8, Bounds(0.5, 0.999))
    significance: float = number(0.05, Bounds(0.001, 0.2))
    effect: float | None = number(None, Bounds(0, 1, above=True, hint=" (a share of customers), or null"))
    holdout: int | None = number(None, Bounds(1, 10**9, technical=True))

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_numbers(self, "design")


@dataclass(frozen=True)
class CampaignPlan:
    """A plan: who is treated, who is held out, both in order of id, and the contrast that is expected between them."""

    treated: pd.DataFrame
    held_out: pd.DataFrame
    contrast: ExpectedContrast
    scores: ScoredCustomers
    economics: EconomicsSettings
    design: DesignSettings
    budget: float | None
    effects: MeasuredEffects | None = None
    limits: ArmLimits = NO_LIMITS

    @property
    def power(self) -> float:
        """The probability that the verdict shows the effect, if it is what was expected."""
        return float(self.contrast.power_at(len(self.treated), len(self.held_out)))

    @property
    def detectable(self) -> float:
        """The smallest fall of the churn rate that the verdict shows with the wanted power."""
        return self.contrast.detectable(len(self.treated), len(self.held_out))

    def kept(self) -> float:
        """Return how many of the treated are expected to stay because of the campaign."""
        return float(self.treated["effect"].sum())

    def churn(self) -> tuple[float, float]:
        """Return the expected churn rates of the treated and of the held out."""
        rates = [float(rows["churn_score"].mean()) for rows in (self.treated, self.held_out)]
        return rates[0] - float(self.treated["effect"].mean()), rates[1]

    def money(self, customers: float) -> float:
        """Return the value, in currency, of so many customers who stay; each has the mean value of the treated."""
        return customers * float(self.treated["value"].mean())

    def limit_lines(self) -> list[str]:
        """Return how much of each limit of an arm the treated take."""
        cost, arms = self.treated["cost"], self.treated["treatment"]
        return [
            *(
                f"{arm}: {int((arms == arm).sum()):,} of {most:,.0f} customers"
                for arm, most in self.limits.capacity.items()
            ),
            *(
                f"{arm}: {float(cost[arms == arm].sum()):,.2f} of {most:,.2f} of money"
                for arm, most in self.limits.budgets.items()
            ),
        ]

    def strata(self) -> pd.DataFrame:
        """Return the treated and the held out of each stratum."""
        keys = ["segment", "gain_group"]
        both = pd.concat([self.treated.assign(held_out=0), self.held_out.assign(held_out=1)])
        counts = both.groupby(keys, sort=True)["held_out"].agg(["size", "sum"]).reset_index()
        return counts.rename(columns={"sum": "held_out"}).assign(treated=counts["size"] - counts["sum"])[
            [*keys, "treated", "held_out"]
        ]


def plan_campaign(
    scores: ScoredCustomers,
    economics: EconomicsSettings,
    design: DesignSettings,
    budget: float | None,
    effects: MeasuredEffects | None = None,
    limits: ArmLimits = NO_LIMITS,
) -> CampaignPlan:
    """Return the plan of a campaign.

    Those worth a contact are ranked by gain per cost, as on the contact list, and taken as far as the budget goes: it
    pays for the treated, the held out cost nothing and make room for others. Where arms have limits, who gets which
    one is chosen for the highest total gain.

    Parameters
    ----------
    scores
        Customers with churn score and expected gain.
    economics
        Costs and acceptance; they have to be those of the scores.
    design
        Seed, power and size of the hold-out.
    budget
        The most that the treated are expected to cost, in currency; None = no limit.
    effects
        Of treatments on the chance of staying, measured by an experiment; None assumes the acceptance of an offer.
    limits
        How many customers each arm can contact, and what its contacts may cost.

    Returns
    -------
    CampaignPlan
        The treated, the held out, and what is expected.

    Raises
    ------
    InputError
        Nobody is worth a contact, the budget pays for too few, or the hold-out is too small to show the effect; the
        message has the number that is needed.
    """
    contacts = _Contacts(expect_contacts(scores.rows, economics, effects), budget, limits)
    limits.require_arms(contacts.expected.treatments)
    _require_listed(contacts.listed(), contacts.expected.best(), contacts)
    share = _least_share(contacts, design) if contacts.are_limited else 0.0
    for listed in contacts.lists(share):
        contrast = _expected(listed, design)
        held_out = _draw(listed, _holdout_size(contrast, len(listed), design), design.seed)
        if contacts.are_within(listed[~held_out]):
            break
    treated, left_alone = (listed[rows].reset_index(drop=True) for rows in (~held_out, held_out))
    return CampaignPlan(treated, left_alone, contrast, scores, economics, design, budget, effects, limits)


@dataclass(frozen=True)
class _Contacts:
    """The customers who could be contacted, and what limits how many are."""

    expected: ExpectedContacts
    budget: float | None
    limits: ArmLimits

    @property
    def are_limited(self) -> bool:
        """Whether there is a budget or a limit of an arm."""
        return self.budget is not None or bool(self.limits)

    def are_within(self, treated: pd.DataFrame) -> bool:
        """Return whether customers to be treated keep to the budget and to the limits of the arms."""
        cost = treated["cost"].to_numpy(dtype=float)
        affordable = self.budget is None or float(cost.sum()) <= self.budget * (1.0 + ROUNDING)
        return affordable and self.limits.hold(treated["treatment"].tolist(), cost, ROUNDING)

    def listed(self, share: float = 0.0, part: float = 1.0) -> pd.DataFrame:
        """Return the customers to contact, by id, with their group of expected gain.

        `share` of them is held out, and costs nothing; `part` is that of the limits which is used.
        """
        factor = part / (1.0 - share)
        budget = None if self.budget is None else self.budget * factor
        if self.limits:
            expected = self.expected
            arm = assign_arms(expected.gains, expected.costs, expected.treatments, self.limits.scaled(factor), budget)
            customers = expected.with_arms(arm)
        else:
            customers = self.expected.best()
            ids = target_list(customers, budget)["customer_id"]
            customers = customers[customers["customer_id"].isin(ids)]
        return _grouped(customers.sort_values("customer_id", ignore_index=True))

    def lists(self, share: float) -> Iterator[pd.DataFrame]:
        """Yield lists of customers, longest first, whose treated part, all but a share, is expected to fit the limits.

        Which customers are drawn decides what the treated cost, so that a slightly shorter list may be needed.
        """
        if not self.are_limited:
            yield self.listed()
            return
        for step in range(round(1.0 / _SHORTER)):
            yield self.listed(share, 1.0 - step * _SHORTER)


def _least_share(contacts: _Contacts, design: DesignSettings) -> float:
    """Return the smallest share to hold out that is enough, by halving: it leaves most of the list treated.

    Raises
    ------
    InputError
        Half of the list is not enough.
    """
    low, high = 0.0, _MOST_SHARE
    listed = contacts.listed(high)
    _holdout_size(_expected(listed, design), len(listed), design)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        listed = contacts.listed(middle)
        wanted = design.holdout or _expected(listed, design).least_holdout(len(listed))
        low, high = (low, middle) if wanted and wanted <= middle * len(listed) else (middle, high)
    return high


def _grouped(listed: pd.DataFrame) -> pd.DataFrame:
    """Return listed customers with their third of expected gain, in the columns of a plan."""
    place = np.empty(len(listed), dtype=int)
    place[np.argsort(-listed["expected_gain"].to_numpy(), kind="stable")] = np.arange(len(listed))
    groups = np.array(GAIN_GROUPS)[place * len(GAIN_GROUPS) // max(len(listed), 1)]
    return listed.assign(gain_group=groups)[list(PLAN_COLUMNS)]


def _require_listed(listed: pd.DataFrame, customers: pd.DataFrame, contacts: _Contacts) -> None:
    """Raise `InputError` where there is nobody to draw from."""
    worthwhile = int((customers["expected_gain"] > 0).sum())
    remedy = "the costs in economics decide who is worth a contact; see docs/campaigns.md."
    require(worthwhile > 0, f"nobody of {len(customers):,} customers has an expected gain above zero.", remedy=remedy)
    enough = len(listed) >= _LEAST_LISTED
    few = f"only {len(listed):,} of {worthwhile:,} customers worth a contact can be treated"
    limit = "" if contacts.budget is None else f" with a budget of {contacts.budget:,.2f}"
    limit += " within the limits of the arms" if contacts.limits else ""
    remedy = "raise the limits of the arms." if contacts.limits else "raise the budget."
    require(enough, f"{few}{limit}: too few to hold anybody out.", remedy=remedy)


def _expected(listed: pd.DataFrame, design: DesignSettings) -> ExpectedContrast:
    scores, effects = listed["churn_score"].to_numpy(), listed["effect"].to_numpy()
    return ExpectedContrast.of_scores(scores, effects, design.effect, design.significance, design.power)


def _holdout_size(contrast: ExpectedContrast, customers: int, design: DesignSettings) -> int:
    """Return how many customers to hold out.

    Raises
    ------
    InputError
        Half of the customers would be too few, or the number that is wished is.
    """
    least = contrast.least_holdout(customers)
    fall = f"a fall of the churn rate by {100.0 * contrast.effect:.2f} points with a power of {contrast.power:.0%}"
    if least is None:
        smallest = contrast.detectable(customers / 2.0, customers / 2.0)
        raise InputError(
            f"{customers:,} customers to contact are too few to show {fall}: {contrast.least_customers():,} are "
            "needed, half of them held out.",
            remedy=(
                "raise the budget or the limits, or look for a larger effect alone: "
                f"design.effect={_upwards(smallest)}, or lower design.power."
            ),
        )
    if design.holdout is None:
        return least
    wished = design.holdout
    message = f"design.holdout={wished:,} is too small to show {fall}: {least:,} are needed."
    remedy = f"design.holdout={least} or more, or leave it out."
    require(wished >= least, message, remedy=remedy)
    most = f"design.holdout={wished:,} is more than half of the {customers:,} customers on the list."
    require(wished <= customers // 2, most, remedy=f"design.holdout={least} is enough.")
    return wished


def _upwards(share: float) -> float:
    return float(np.ceil(share * 1e4) / 1e4)


def _draw(listed: pd.DataFrame, size: int, seed: int) -> "pd.Series[bool]":
    """Return who is held out, by systematic sampling from a random order within strata (Cochran 1977, chapter 8)."""
    random = np.random.default_rng(seed)
    shuffled = random.random(len(listed))
    strata = [listed[name].to_numpy() for name in ("gain_group", "segment", "treatment")]
    order = np.lexsort((shuffled, *strata))
    places = ((np.arange(size) + random.random()) * len(listed) / size).astype(int)
    drawn = np.zeros(len(listed), dtype=bool)
    drawn[order[places]] = True
    return pd.Series(drawn, index=listed.index, dtype=bool)
