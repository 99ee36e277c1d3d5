"""What a contact is expected to change and to bring, customer by customer: by an assumed acceptance, or as measured."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import listed, require
from ..evaluation.metrics import Array
from ..files import file_digest
from ..outputs import read_head
from .arm_limits import NOBODY
from .campaign import CONTACT, Campaign
from .economics import EconomicsSettings
from .scored_customers import TREATMENT, ScoredCustomers, name_rows, read_numbers

_PREFIX, _ENDS = "effect_", ("_low", "_high")
_REMEDY = (
    "name the file that `make score INPUT=scores.csv MODEL=...` wrote with the bundle of an experiment on staying."
)


@dataclass(frozen=True)
class MeasuredEffects:
    """Effects of treatments on the chance of staying, as an experiment's bundle predicts them.

    Attributes
    ----------
    by_customer
        One column per treatment, by customer id; NaN where no effect is known.
    digest
        The sha256 of the file.
    """

    by_customer: pd.DataFrame
    digest: str

    @property
    def treatments(self) -> list[str]:
        """The names of the treatments."""
        return list(self.by_customer.columns)


def read_effects(path: Path, scores: ScoredCustomers) -> MeasuredEffects:
    """Read the effects of treatments on customers with scores.

    Raises
    ------
    InputError
        The file is missing or holds no effects, a number is none or no difference of two shares, a customer is in it
        twice, or none of the scored customers is; the message names the file, the column and the row.
    """
    require(path.is_file(), f"effects={path}: no such file.", remedy=_REMEDY)
    head = read_head(path)
    names = [name for name in head if name.startswith(_PREFIX) and not name.endswith(_ENDS)]
    require(TREATMENT in head and bool(names), f"{path}: holds no effects of treatments.", remedy=_REMEDY)
    table = pd.read_csv(path, dtype=str, usecols=["customer_id", *names], keep_default_na=False, encoding="utf-8-sig")
    twice = table["customer_id"].duplicated(keep=False)
    message = f"{path}: {name_rows(twice)}: a customer_id is there twice."
    require(not twice.any(), message, remedy="one row per customer.")
    for name in names:
        table[name] = read_numbers(path, table[name])
        wide = table[name].abs() > 1.0
        message = f"{path}: {name_rows(wide)}: {name} is beyond 1, so it is no change of the chance of staying."
        require(not wide.any(), message, remedy="train the experiment on who stayed: data.outcome of two values.")
    effects = table.set_index("customer_id").rename(columns=lambda name: name.removeprefix(_PREFIX))
    known = effects.dropna(how="all").index.isin(scores.rows["customer_id"])
    require(bool(known.any()), f"{path}: none of its customers has a score.", remedy="score the file of scores itself.")
    return MeasuredEffects(effects, file_digest(path))


@dataclass(frozen=True)
class ExpectedContacts:
    """What each treatment is expected to bring for each customer.

    Attributes
    ----------
    rows
        The customers with `value`, of one who stays, in currency.
    treatments
        The names of the treatments.
    effects
        On the chance of staying, shape (n, k); NaN where it is not known.
    costs
        Contact, and the offer that is taken by all who stay, in currency, shape (n, k).
    gains
        Effect times value less cost, in currency, shape (n, k).
    """

    rows: pd.DataFrame
    treatments: tuple[str, ...]
    effects: Array
    costs: Array
    gains: Array

    def best(self) -> pd.DataFrame:
        """Return the customers with the treatment of the highest gain; without a known effect one is left out."""
        known = np.isfinite(self.gains).any(axis=1)
        place = np.where(np.isfinite(self.gains), self.gains, -np.inf).argmax(axis=1)
        return self.with_arms(np.where(known, place, NOBODY))

    def with_arms(self, arm: NDArray[np.int64]) -> pd.DataFrame:
        """Return who has a treatment, by its place (n,), with `treatment`, `effect`, `cost` and `expected_gain`."""
        who = np.flatnonzero(arm != NOBODY)
        names = np.array(self.treatments, dtype=object)[arm[who]]
        figures = {"effect": self.effects, "cost": self.costs, "expected_gain": self.gains}
        chosen = {name: figure[who, arm[who]] for name, figure in figures.items()}
        return self.rows.iloc[who].assign(treatment=names, **chosen).reset_index(drop=True)


def expect_contacts(
    rows: pd.DataFrame, economics: EconomicsSettings, effects: MeasuredEffects | None
) -> ExpectedContacts:
    """Return what each treatment is expected to change, to cost and to bring.

    Parameters
    ----------
    rows
        Columns customer_id, churn_score and expected_gain, the last one by the assumed acceptance of these economics.
    economics
        Costs and acceptance.
    effects
        Of treatments on the chance of staying; None assumes that `contact` keeps the accepting share of leavers.
    """
    score = rows["churn_score"].to_numpy(dtype=float)
    valued = rows.assign(value=implied_value(rows, economics))
    if effects is None:
        acceptance = Campaign(economics).terms.mean_acceptance
        cost = Campaign(economics).expected_cost(score)
        gain = rows["expected_gain"].to_numpy(dtype=float)
        return ExpectedContacts(valued, (CONTACT,), (score * acceptance)[:, None], cost[:, None], gain[:, None])
    unknown = [name for name in economics.arm_costs if name not in effects.treatments]
    remedy = f"the treatments are {listed([repr(name) for name in effects.treatments])}."
    require(not unknown, f"economics.arm_costs names {listed(unknown)}.", remedy=remedy)
    changes = effects.by_customer.reindex(rows["customer_id"]).to_numpy(dtype=float)
    contact = np.array([economics.arm_costs.get(name, economics.contact_cost) for name in effects.treatments])
    staying = np.clip(1.0 - score[:, None] + changes, 0.0, 1.0)
    costs = contact + staying * economics.incentive_cost
    gains = changes * valued["value"].to_numpy(dtype=float)[:, None] - costs
    return ExpectedContacts(valued, tuple(effects.treatments), changes, costs, gains)


def implied_value(rows: pd.DataFrame, economics: EconomicsSettings) -> Array:
    """Return the value of a customer who stays, which the expected gain by the assumed acceptance implies, (n,)."""
    score, gain = rows["churn_score"].to_numpy(dtype=float), rows["expected_gain"].to_numpy(dtype=float)
    accepting = score * Campaign(economics).terms.mean_acceptance
    before = gain + economics.contact_cost + (1.0 - score) * economics.incentive_cost
    value = np.divide(before, accepting, out=np.zeros(len(rows)), where=accepting > 0) + economics.incentive_cost
    return np.asarray(value)
