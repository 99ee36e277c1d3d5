"""What differs between customer kinds in scoring: how data are read, feature rows, notices and the card's sentences."""

from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

import pandas as pd

from ..data.events import Events, read_events
from ..data.labelled_table import LabelledTable, read_labelled
from ..data.parsing import bound
from ..data.settings import CustomerKind, DataSettings, PerKind
from ..decision.gain_concentration import concentrated_gain
from ..errors import require
from ..features.families.attributes import attributes, read_attributes
from ..features.feature_table import TableDefinition, build_features
from ..notices import Notice
from ..snapshots.history import cut_history
from .expected_totals import SummedTotals, expected_totals, references, sum_totals, totals_notices
from .scoring_moment import holds_everybody, moment_notices
from .specification import BundleSpecification
from .valuation import ContractValuation, NoValuation, OrderValuation, Valuation

Read = TypeVar("Read", Events, LabelledTable)
Valued = TypeVar("Valued", bound=Valuation)


class RowModel(Protocol):
    """A fitted model of rows of features."""

    def typed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Convert the text columns to numbers that the model was trained on as numbers."""


class ScoredKind(ABC, Generic[Read, Valued]):
    """What differs between customer kinds in scoring; `Read` is what reading gives, `Valued` the valuation.

    `estimate` is what a customer of the population gets. `needs_day` is whether all rows together decide on the end of
    the data, so that a log read in parts needs the day of scoring.
    """

    estimate: str = "a churn score"
    needs_day: bool = False

    @abstractmethod
    def read(
        self,
        engine: Any,
        settings: DataSettings,
        frame: pd.DataFrame | None,
        specification: BundleSpecification,
        as_of: str | None,
        *,
        is_whole: bool = True,
    ) -> Read:
        """Read a file, or a frame in its place; `as_of` is the day of scoring, None for the end of the data.

        With `is_whole` false it is a part of a log, see `data.events.read_events`.
        """

    @abstractmethod
    def features(
        self,
        data: Read,
        as_of: str | datetime | None,
        specification: BundleSpecification,
        model: RowModel,
        families: list[str],
    ) -> pd.DataFrame:
        """Return one feature row per customer."""

    def attribute_notices(
        self, data: Read, rows: pd.DataFrame, specification: BundleSpecification
    ) -> tuple[Notice, ...]:
        """Return notices on attributes whose cells are no numbers."""
        del data, rows, specification
        return ()

    def score_notices(
        self,
        data: Read,
        rows: pd.DataFrame,
        scores: pd.DataFrame,
        specification: BundleSpecification,
        valuation: Valued,
    ) -> tuple[Notice, ...]:
        """Return notices on the moment, the totals and concentrated gains."""
        del data, rows, scores, specification, valuation
        return ()

    def sum_totals(
        self, data: Read, rows: pd.DataFrame, moment: datetime, specification: BundleSpecification, valuation: Valued
    ) -> SummedTotals | None:
        """Return the totals of the customers of a part of a log; None where the kind has no expected purchases."""
        del data, rows, moment, specification, valuation
        return None

    @abstractmethod
    def purpose(self, specification: BundleSpecification) -> str:
        """Return the meaning of the scores, as a sentence."""

    @abstractmethod
    def population(self, specification: BundleSpecification) -> str:
        """Return who gets a churn score."""

    @property
    @abstractmethod
    def caution(self) -> str:
        """A caution against misreading."""

    def causality(self, specification: BundleSpecification) -> str:
        """Return whether the scores are about causes."""
        del specification
        return (
            "The scores estimate what is likely, not its causes. Nothing here shows that contacting a customer helps."
        )


class ScoredTable(ScoredKind[LabelledTable, NoValuation]):
    """Labelled customers: a table without time, spend and value."""

    def read(
        self,
        engine: Any,
        settings: DataSettings,
        frame: pd.DataFrame | None,
        specification: BundleSpecification,
        as_of: str | None,
        *,
        is_whole: bool = True,
    ) -> LabelledTable:
        """Read a file, or a frame in its place; `as_of` is the day of scoring, None for the end of the data."""
        del as_of, is_whole
        readings = specification.readings
        return read_labelled(engine, settings, frame, for_scoring=True, readings=readings)

    def features(
        self,
        data: LabelledTable,
        as_of: str | datetime | None,
        specification: BundleSpecification,
        model: RowModel,
        families: list[str],
    ) -> pd.DataFrame:
        """Return one feature row per customer."""
        del as_of, specification, families
        keys = pd.DataFrame({"customer_id": data.ids, "cutoff": pd.NaT, "in_population": True})
        return pd.concat([keys, model.typed(data.frame)], axis=1)

    def purpose(self, specification: BundleSpecification) -> str:
        """Return the meaning of the scores, as a sentence."""
        return (
            f"Probability of the outcome in column {specification.data.target!r}. The table has no time and no amounts."
        )

    def population(self, specification: BundleSpecification) -> str:
        """Return who gets a churn score."""
        del specification
        return "every row"

    @property
    def caution(self) -> str:
        """A caution against misreading."""
        return "The horizon is the one of the table's outcome; the model has no other."


class ScoredExperiment(ScoredTable):
    """Customers of an experiment: a table without time, whose treatments and outcomes scoring does not read."""

    estimate = "an effect"

    def purpose(self, specification: BundleSpecification) -> str:
        """Return the meaning of the scores, as a sentence."""
        data = specification.data
        return f"Effects of each treatment in column {data.treatment!r}, against {data.control!r}, on {data.outcome!r}."

    def population(self, specification: BundleSpecification) -> str:
        """Return who gets an effect."""
        return "every row" if specification.data.randomised else "rows with a counterpart in every arm"

    @property
    def caution(self) -> str:
        """A caution against misreading."""
        return "An interval is that of the mean effect on customers with the same prediction, not of one customer."

    def causality(self, specification: BundleSpecification) -> str:
        """Return whether the scores are about causes."""
        if specification.data.randomised:
            return "Effects are of treatments that were given at random, on customers like those of the experiment."
        return "Effects are adjusted for what was recorded: what was not may explain them. See the run's summary."


class _ScoredEvents(ScoredKind[Events, Valued]):
    """Customers with dated events."""

    def read(
        self,
        engine: Any,
        settings: DataSettings,
        frame: pd.DataFrame | None,
        specification: BundleSpecification,
        as_of: str | None,
        *,
        is_whole: bool = True,
    ) -> Events:
        """Read a file, or a frame in its place; without `as_of`, it is observed as long as the bundle's data."""
        since = None if as_of is not None else specification.fitted_until
        given = as_of is not None
        return read_events(engine, settings, frame, observed_since=since, span_is_given=given, is_whole=is_whole)

    def features(
        self,
        data: Events,
        as_of: str | datetime | None,
        specification: BundleSpecification,
        model: RowModel,
        families: list[str],
    ) -> pd.DataFrame:
        """Return one feature row per customer with an event before `as_of`."""
        del model
        moment = as_of if isinstance(as_of, datetime) else bound(as_of, data.end, "as_of")
        earlier = data.start < moment
        require(earlier, f"no event lies before as_of={moment:%Y-%m-%d}.", remedy="give a later date.")
        settings = replace(specification.features, families=families)
        definition = TableDefinition((moment,), settings, specification.windows, data.shape, data.refunds)
        frame = build_features(data.table, data.quality.fingerprint, definition)
        return read_attributes(data, frame, specification.data, specification.readings).frame

    def attribute_notices(
        self, data: Events, rows: pd.DataFrame, specification: BundleSpecification
    ) -> tuple[Notice, ...]:
        """Return notices on attributes whose cells are no numbers."""
        readings = specification.readings
        if not readings or not len(rows):
            return ()
        history = cut_history(data.table, (rows["cutoff"].iloc[0].to_pydatetime(),))
        frame = attributes(history, specification.features).execute()
        return read_attributes(data, frame, specification.data, readings).notices

    def score_notices(
        self,
        data: Events,
        rows: pd.DataFrame,
        scores: pd.DataFrame,
        specification: BundleSpecification,
        valuation: Valued,
    ) -> tuple[Notice, ...]:
        """Return notices on the moment, the totals and concentrated gains."""
        if not len(rows):
            return ()
        moment = rows["cutoff"].iloc[0].to_pydatetime()
        timing = moment_notices(specification, data, moment)
        totals = self._totals_notices(data, rows, moment, specification, valuation)
        return (*timing, *totals, *concentrated_gain(scores))

    def _totals_notices(
        self,
        events: Events,
        rows: pd.DataFrame,
        moment: datetime,
        specification: BundleSpecification,
        valuation: Valued,
    ) -> tuple[Notice, ...]:
        """Compare expected totals with the actual ones, where the kind has expected purchases."""
        del events, rows, moment, specification, valuation
        return ()


class ScoredOrders(_ScoredEvents[OrderValuation]):
    """Customers without a contract."""

    def _totals_notices(
        self,
        events: Events,
        rows: pd.DataFrame,
        moment: datetime,
        specification: BundleSpecification,
        valuation: OrderValuation,
    ) -> tuple[Notice, ...]:
        """Compare the expected totals of all customers with the actual ones, where the file holds the whole log."""
        if not holds_everybody(specification, events):
            return ()
        eligible, windows = rows[rows["in_population"].astype(bool)], specification.windows
        expected = expected_totals(valuation.clv, eligible, windows.horizon_days, has_amount=events.has_amount)
        happened = references(events, moment, windows, valuation.clv, len(eligible))
        return totals_notices(expected, happened, windows.horizon_days)

    def sum_totals(
        self,
        data: Events,
        rows: pd.DataFrame,
        moment: datetime,
        specification: BundleSpecification,
        valuation: OrderValuation,
    ) -> SummedTotals | None:
        """Return the totals of the customers of a part of a log."""
        eligible = rows[rows["in_population"].astype(bool)]
        return sum_totals(valuation.clv, data, eligible, moment, specification.windows)

    def purpose(self, specification: BundleSpecification) -> str:
        """Return the meaning of the scores, as a sentence."""
        spend = ", and expected purchases."
        if specification.data.has_amount:
            spend = f", expected purchases and spend in that time, and {_value(specification)}."
        return f"Probability of no purchase within {specification.windows.horizon_text}{spend}"

    def population(self, specification: BundleSpecification) -> str:
        """Return who gets a churn score."""
        windows = specification.windows
        last = f", the last within {windows.active_days} days" if windows.active_days else " at any time before"
        return f"at least {windows.min_purchases} purchase(s){last} `as_of`"

    @property
    def caution(self) -> str:
        """A caution against misreading."""
        return "`p_alive` is not a churn score: BG/NBD gives 1 to everybody who bought once."


class ScoredContracts(_ScoredEvents[ContractValuation]):
    """Customers under contract."""

    needs_day = True

    def read(
        self,
        engine: Any,
        settings: DataSettings,
        frame: pd.DataFrame | None,
        specification: BundleSpecification,
        as_of: str | None,
        *,
        is_whole: bool = True,
    ) -> Events:
        """Read a file, or a frame in its place; ends of contracts from `as_of` on are plans, and hidden."""
        observed = replace(settings, observed_until=as_of)
        return super().read(engine, observed, frame, specification, as_of, is_whole=is_whole)

    def purpose(self, specification: BundleSpecification) -> str:
        """Return the meaning of the scores, as a sentence."""
        value = f", and {_value(specification)}." if specification.data.has_amount else "."
        return f"Probability that the contract ends within {specification.windows.horizon_text}{value}"

    def population(self, specification: BundleSpecification) -> str:
        """Return who gets a churn score."""
        del specification
        return "customers under contract at `as_of`"

    @property
    def caution(self) -> str:
        """A caution against misreading."""
        return "Contract ends dated `as_of` or later are hidden from the features: they are plans."


def _value(specification: BundleSpecification) -> str:
    economics = specification.economics
    return (
        f"CLV over {economics.clv_horizon_days} days (margin {economics.margin:g}, discounted at "
        f"{economics.annual_discount_rate:g} a year)"
    )


SCORED_KINDS: PerKind[ScoredKind[Any, Any]] = PerKind(
    ScoredOrders(), ScoredContracts(), ScoredTable(), ScoredExperiment()
)


def scored_kind(shape: CustomerKind) -> ScoredKind[Any, Any]:
    """Return what differs for a customer kind in scoring."""
    return SCORED_KINDS[shape]
