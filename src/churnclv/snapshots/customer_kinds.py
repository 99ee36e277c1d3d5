"""What differs between customer kinds in time, population and labels: one class per kind."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ..data.events import Events
from ..data.settings import CustomerKind, PerKind, Refunds
from ..errors import require
from ..notices import Notice
from .contract_labels import leaving_labels, require_recorded_ends, restart_notices
from .history import buyers, under_contract
from .labels import purchase_labels
from .settings import WindowSettings


class Kind:
    """What differs between customer kinds, with what most of them have as the default.

    Attributes:
        has_time: whether the data have dates, cutoffs and horizons.
        labels: the columns of the labels.
        value_families: the feature families that value models need, whatever the settings name.
        buys: whether customers buy again and again, so that they have a pace and refunds.
        more_with_time: the outcome of which a longer horizon has more; empty without time.
        label_remedy: what to check where all labels are the same; empty where another horizon may help.
        leaves: whether customers leave, so that they have a churn score.
        metric: by which `make export` compares runs.
        higher_is_better: of that metric.
    """

    leaves: bool = True
    metric: str = "valid.churn.auc"
    higher_is_better: bool = True
    has_time: bool = True
    labels: tuple[str, ...] = ("churned",)
    value_families: tuple[str, ...] = ()
    buys: bool = False
    more_with_time: str = ""
    label_remedy: str = ""

    def members(self, history: Any, windows: WindowSettings) -> Any:
        """Return one row per (customer, cutoff) with an event before the cutoff, and `in_population`."""
        return buyers(history, windows)

    def label_windows(
        self, events: Any, population: Any, cutoffs: Sequence[datetime], windows: WindowSettings, refunds: Refunds
    ) -> Any:
        """Return one row per member of the population with its labels, ordered by customer and cutoff."""
        remedy = "windows.grace_days=0; it is for contracts (data.shape=contractual)."
        require(windows.grace_days == 0, f"windows.grace_days is {windows.grace_days}.", remedy=remedy)
        return purchase_labels(events, population, cutoffs, windows, refunds)

    def check_plan(self, windows: WindowSettings, families: Sequence[str]) -> None:
        """Check that the windows and the feature families fit the kind.

        Raises:
            InputError: they do not.
        """
        del families
        remedy = "take windows.horizon_days and windows.step_days."
        require(not windows.in_months, "windows in months are for contracts.", remedy=remedy)

    def require_labels(self, events: Events, cutoffs: Sequence[datetime], windows: WindowSettings) -> None:
        """Raise `InputError` for cutoffs whose labels were not recorded."""

    def label_notices(self, events: Any, windows: WindowSettings) -> tuple[Notice, ...]:
        """Return notices about how the events that make the labels are recorded."""
        del events, windows
        return ()


class Labelled(Kind):
    """Labelled customers: a table with one row each and a known outcome, without time."""

    has_time = False


class Experiment(Kind):
    """Customers of an experiment: a table with one row each, a treatment and an outcome, without time and churn."""

    leaves = False
    metric = "valid.effects.loss"
    higher_is_better = False
    has_time = False
    labels = ("outcome", "arm")


class Noncontractual(Kind):
    """Customers without a contract, who leave silently: no purchase within the horizon."""

    labels = ("churned", "purchases", "spend", "order_spend")
    value_families = ("purchase_history",)
    buys = True
    more_with_time = "stayed"


class Contractual(Kind):
    """Customers under contract, who cancel: the contract ends within the horizon."""

    more_with_time = "left"
    label_remedy = "check data.columns.end, data.open_tokens and windows.grace_days."

    def members(self, history: Any, windows: WindowSettings) -> Any:
        """Return one row per (customer, cutoff) with a contract, and whether one is open at the cutoff."""
        plain = windows.active_days is None and windows.min_purchases == 1
        remedy = (
            "windows.active_days=null windows.min_purchases=1: the population is the customers with an open contract."
        )
        require(plain, "windows.active_days and min_purchases are about purchases, not contracts.", remedy=remedy)
        return under_contract(history)

    def label_windows(
        self, events: Any, population: Any, cutoffs: Sequence[datetime], windows: WindowSettings, refunds: Refunds
    ) -> Any:
        """Return one row per member of the population with `churned`, ordered by customer and cutoff."""
        del refunds
        return leaving_labels(events, population, cutoffs, windows)

    def check_plan(self, windows: WindowSettings, families: Sequence[str]) -> None:
        """Check that the feature families have those of contracts; windows may be in months.

        Raises:
            InputError: they do not.
        """
        del windows
        remedy = "put it among them: ages and prices of contracts are its columns."
        require("contract" in families, "features.families lacks contract.", remedy=remedy)

    def require_labels(self, events: Events, cutoffs: Sequence[datetime], windows: WindowSettings) -> None:
        """Raise `InputError` for cutoffs before the first recorded end of a contract."""
        require_recorded_ends(events.table, cutoffs, events.end, windows)

    def label_notices(self, events: Any, windows: WindowSettings) -> tuple[Notice, ...]:
        """Return a notice where ends look inclusive."""
        return restart_notices(events, windows)


CUSTOMER_KINDS: PerKind[Kind] = PerKind(Noncontractual(), Contractual(), Labelled(), Experiment())


def kind_of(shape: CustomerKind) -> Kind:
    """Return what differs for a customer kind in time, population and labels."""
    return CUSTOMER_KINDS[shape]


def members(history: Any, settings: WindowSettings, shape: CustomerKind = CustomerKind.noncontractual) -> Any:
    """Return one row per (customer, cutoff) with an event before the cutoff, and `in_population`.

    Customers have orders or contracts; those with other events only are left out.
    """
    return kind_of(shape).members(history, settings)


def label_windows(
    events: Any,
    population: Any,
    cutoffs: Sequence[datetime],
    windows: WindowSettings,
    shape: CustomerKind = CustomerKind.noncontractual,
    refunds: Refunds = Refunds.net,
) -> Any:
    """Return one row per member of the population with its labels, ordered by customer and cutoff."""
    return kind_of(shape).label_windows(events, population, cutoffs, windows, refunds)
