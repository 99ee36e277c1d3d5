"""The CLV model: purchases times spend, the correction by other models, the season, and the discounted margin."""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..evaluation.reliability import logit
from ..features.dataset import Dataset
from ..features.model_columns import CANDIDATE_PREFIX
from ..files import read_json, write_json
from ..notices import Notice
from ..time_units import DAYS_PER_YEAR
from .cohort import Cohort, take_cohort
from .combination import combine, total_factor
from .covariate_calendar import Calendar
from .covariate_model import CovariateModel
from .day_effects import DayEffects
from .expected_total import ExpectedTotal
from .gamma_gamma import GammaGammaModel
from .hybrid import (
    BTYD_COLUMNS,
    SEASON_SHIFT,
    TARGETS,
    LearnedPart,
    Past,
    predict_at_each_cutoff,
)
from .next_order import NextOrder, expect_next_order
from .predictive import NOMINAL, Interval, Levels, PredictionRequest, Predictive, Ranks
from .purchase_model import PurchaseModel
from .purchase_models import label_of, load_purchases, make_purchases
from .refund_model import RefundModel
from .rfm import AGE, MEAN_SPEND, Array, Histories, X, read_histories
from .season import Season, day_numbers
from .settings import COMBINED, LEARNED, BoostingSettings

_STEP_DAYS = 30.0
_ENDLESS_DAYS = 36_500.0
_FINE_STEPS, _STEPS_GROW = 36, 1.1
_TINY = 1e-12
_FORMER_PARAMETERS = {"mbgcnbd": "stages", "bgbb": "opportunity_days"}  # as an earlier version kept them
_MEMBERS, _PLAIN_TIME = "members", "plain_time"  # the folders of a combination's models, and of those for columns
_MOST_SPEED_UP = 5.0  # bound on the factor on time by which trees correct the BTYD model; P(alive) is not corrected


@dataclass(frozen=True)
class ClvChoice:
    """The hyperparameters of a CLV model.

    Attributes:
        name: a model of purchases (built in, or `path/to/file.py:Class`), `boosted`, `hybrid`, `ridge`, or `combined`.
        base: the model of purchases that the learned and combined ones stand on: it gives every probability, P(alive),
            and the shape over time.
        purchase_penalty, spend_penalty: on the parameters of the BTYD and Gamma-Gamma models.
        cohort_days: both are estimated on customers first seen within so many days before the cutoff, or on all
            customers where these are too few; 0 = all.
        purchase_parameters: hyperparameters that the model of purchases has for itself.
        season: whether expectations follow the season.
        season_in_likelihood: whether it is estimated together with the purchases, whose histories are then in its time.
        calendar: whether declared covariates of days are estimated with the season.
        boosting, seed: of the trees, where there are any.
        levels: quantiles of purchases and spend at which intervals end.
        members: of a combination, by label; all models of purchases among the candidates belong to it.
        weights: of the members, by target and label.
        totals: the factor on the total, by target.
        total_share: of the way of the total to that of the models of purchases, in logs; the rest is the members'.
        horizon_days: within which the members' expectations are combined.
    """

    name: str = "bgnbd"
    base: str = "pareto_nbd"
    purchase_penalty: float = 0.0
    spend_penalty: float = 0.0
    cohort_days: int = 0
    purchase_parameters: dict[str, Any] = field(default_factory=dict)
    season: bool = False
    season_in_likelihood: bool = False
    calendar: bool = False
    boosting: BoostingSettings = field(default_factory=BoostingSettings)
    seed: int = 0
    levels: dict[str, Levels] = field(default_factory=lambda: {"purchases": NOMINAL, "spend": NOMINAL})
    members: dict[str, "ClvChoice"] = field(default_factory=dict)
    weights: dict[str, dict[str, float]] = field(default_factory=dict)
    totals: dict[str, float] = field(default_factory=dict)
    total_share: float = 0.0
    horizon_days: float = 0.0

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "ClvChoice":
        """Read what `asdict` wrote; an earlier version had the hyperparameters of single models beside the others."""
        stored = dict(stored)
        former = {name: stored.pop(name) for name in ("stages", "opportunity_days") if name in stored}
        name = stored["base"] if stored["name"] in (*LEARNED, COMBINED) else stored["name"]
        own = {key: value for key, value in former.items() if key == _FORMER_PARAMETERS.get(name)}
        stored = {"purchase_parameters": own, **stored}
        levels = {target: (low, high) for target, (low, high) in stored["levels"].items()}
        members = {label: cls.from_dict(member) for label, member in stored.get("members", {}).items()}
        boosting = BoostingSettings(**stored["boosting"])
        return cls(**{**stored, "boosting": boosting, "levels": levels, "members": members})

    @property
    def btyd(self) -> str:
        """The model of purchases."""
        return self.base if self.name in (*LEARNED, COMBINED) else self.name

    @property
    def plain(self) -> "ClvChoice":
        """The model of purchases alone."""
        carrier = self.members.get(label_of(self.btyd), self)
        parameters = carrier.purchase_parameters
        return ClvChoice(
            self.btyd, self.btyd, carrier.purchase_penalty, carrier.spend_penalty, carrier.cohort_days, parameters,
            self.season, self.season_in_likelihood, self.calendar, seed=self.seed, levels=self.levels,
        )  # fmt: skip

    @property
    def in_plain_time(self) -> "ClvChoice":
        """The same without a season."""
        return replace(self, season=False, season_in_likelihood=False, calendar=False)

    @property
    def label(self) -> str:
        """The name in tables and metrics."""
        return label_of(self.name)


class ClvModel:
    """A purchase model times Gamma-Gamma for spend times the share kept, fitted on histories before one cutoff.

    Purchases, spend and what is learned are models of orders as placed; `refunds` is the last factor, the share kept.
    A combination's expectation within `choice.horizon_days` is the weighted geometric mean of its members', times the
    level of the total. It is expressed as a factor on the expectation of the base, whose time shape gives any other
    horizon, and whose distributions, stretched by that factor, give the intervals.
    Methods take rows of a feature table and `days` from their cutoff, and return shape (n,).
    """

    def __init__(self, choice: ClvChoice | None = None, purchases: PurchaseModel | None = None, **changes: Any) -> None:
        """Keep what was chosen, and the purchase model where there is one already."""
        self.choice = choice or ClvChoice(**changes)
        plain = self.choice.plain
        self.purchases = purchases or make_purchases(plain.name, plain.purchase_penalty, plain.purchase_parameters)
        self.spend = GammaGammaModel(self.choice.spend_penalty)
        self.refunds = RefundModel()
        self.season = Season()
        self.learned: LearnedPart | None = None
        self.members: dict[str, ClvModel] = {}
        self.total_factors: dict[str, float] = {}  # of a combination, by target, where the models of purchases share
        self.cohort: Cohort | None = None
        self.in_plain_time: ClvModel | None = None  # gives the columns where the season is in the likelihood
        self._latest: _Latest | None = None  # kept where several questions are put about the same rows

    def get_params(self) -> dict[str, Any]:
        """Return the hyperparameters, for JSON."""
        return asdict(self.choice)

    @property
    def features(self) -> list[str]:
        """Names of the training columns of the trees and of covariates, beside the purchase history."""
        amounts = self.learned.amounts.values() if self.learned is not None else ()
        own = [name for amount in amounts for name in amount.features if name not in BTYD_COLUMNS]
        own += self.purchases.attributes
        return list(dict.fromkeys([*own, *(name for member in self.members.values() for name in member.features)]))

    def coefficient_table(self) -> pd.DataFrame:
        """Return the coefficients of each model of purchases, with its label as `model`, and those of calendars."""
        models = {label: member.purchases for label, member in self.members.items()}
        models = models or {label_of(self.choice.btyd): self.purchases}
        tables = [
            model.coefficient_table().assign(model=label)
            for label, model in models.items()
            if label == label_of(model.name) and isinstance(model, CovariateModel) and model.covariates
        ]
        effects = self.season.calendar
        tables += [] if effects is None else [effects.table().assign(model="all")]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    def notices(self) -> tuple[Notice, ...]:
        """Return what is doubtful about the fit."""
        return () if self.cohort is None else self.cohort.notices()

    def clone(self) -> "ClvModel":
        """Return an unfitted model with the same choices."""
        return ClvModel(self.choice)

    def fit(
        self,
        rows: pd.DataFrame,
        past: Past | None = None,
        daily: pd.DataFrame | None = None,
        calendars: Sequence[Calendar] = (),
    ) -> "ClvModel":
        """Fit the BTYD model on histories at one cutoff, the season on the days before it, and then the trees.

        `past` holds the rows at earlier cutoffs whose labels are complete by this one; only trees need them.
        `calendars` of covariates move purchases where the choice says so.
        """
        if self.choice.members:
            return self.combine(_fit_members(self.choice, rows, past, daily, calendars), rows)
        usable, self.cohort = take_cohort(rows, self.choice.cohort_days)
        if self.choice.season_in_likelihood and daily is not None:
            of_days = calendars if self.choice.calendar else ()
            self.season = Season.learn_jointly(daily, read_histories(usable), rows["cutoff"].iloc[0], of_days)
            self.in_plain_time = ClvModel(self.choice.plain.in_plain_time).fit(rows)
        self.purchases.prepare(usable).fit(self._histories(usable))
        self.spend.fit(usable)
        self.refunds.fit(rows)
        beside = self.choice.season and not self.choice.season_in_likelihood
        if beside and daily is not None:
            self.season = Season.learn(daily, self.purchases, rows["cutoff"].iloc[0])
        return self.teach(past) if self.choice.name in LEARNED else self

    def combine(self, members: "dict[str, ClvModel]", rows: pd.DataFrame) -> "ClvModel":
        """Take over the members, fitted on rows at one cutoff, and the purchase and spend models of the base."""
        self.members = members
        if self.choice.total_share:
            self.total_factors = {target: self._find_total_factor(rows, target) for target in self.choice.weights}
        return self.on_top_of(members[label_of(self.choice.base)])

    def _find_total_factor(self, rows: pd.DataFrame, target: str) -> float:
        """Return what moves the combined total towards that of the models of purchases."""
        purchases = [label for label, member in self.choice.members.items() if member.name not in LEARNED]
        weights, days = self.choice.weights[target], self.choice.horizon_days
        names = dict.fromkeys([*weights, *purchases])
        ordered = {name: self.members[name].expected_orders(rows, target, days) for name in names}
        return total_factor(ordered, weights, purchases, self.choice.total_share)

    def teach(self, past: Past | None, targets: tuple[str, ...] = TARGETS) -> "ClvModel":
        """Fit what is learned; the BTYD model is not refitted."""
        if past is None:
            message = f"{self.choice.name} learns from labels at earlier cutoffs, and there are none"
            raise ValueError(message)
        length = self.season.length(day_numbers(past.data.features["cutoff"]), past.horizon_days)
        part = LearnedPart(self.choice.name, self.choice.boosting, self.choice.seed)
        self.learned = part.fit(past, length / past.horizon_days, targets)
        return self

    def on_top_of(self, fitted: "ClvModel") -> "ClvModel":
        """Take over the purchase and spend models, refunds and season of a fitted model."""
        self.purchases, self.spend, self.season = fitted.purchases, fitted.spend, fitted.season
        self.cohort, self.refunds, self.in_plain_time = fitted.cohort, fitted.refunds, fitted.in_plain_time
        return self

    def at(self, levels: dict[str, Levels]) -> "ClvModel":
        """Return the fitted model with intervals that end at other levels."""
        model = ClvModel(replace(self.choice, levels=levels), self.purchases).on_top_of(self)
        model.learned, model.members, model.total_factors = self.learned, self.members, self.total_factors
        return model

    def keeping(self) -> "ClvModel":
        """Return the fitted model, which expects something of the same rows only once, however often it is asked."""
        model = copy(self)
        model._latest = _Latest()  # noqa: SLF001 # of the same class
        model.members = {label: member.keeping() for label, member in self.members.items()}
        return model

    def expected_purchases(self, rows: pd.DataFrame, days: float, start_days: float = 0.0) -> Array:
        """Return expected purchases between `start_days` and `days` after the cutoff: counts."""
        return self._expected(rows, "purchases").between(start_days, days)

    def total_purchases(self, rows: pd.DataFrame, ends_days: Array) -> Array:
        """Return the expected purchases of all rows together until each of several ends, shape (len(ends_days),)."""
        expected = self._expected(rows, "purchases")  # what is learned, and each member, is asked once
        return np.array([expected.until(end).sum() for end in ends_days])

    def expected_spend(self, rows: pd.DataFrame, days: float, start_days: float = 0.0) -> Array:
        """Return expected spend, net of refunds, between `start_days` and `days` after the cutoff, in currency."""
        return self._expected(rows, "spend").between(start_days, days)

    def p_no_purchase(self, rows: pd.DataFrame, days: float) -> Array:
        """Return the probability of no purchase within `days`, by the BTYD model."""
        return self.purchases.p_no_purchase(self._histories(rows), self._length(rows, days))

    def next_order(self, rows: pd.DataFrame, within_days: float) -> NextOrder:
        """Return when the next order is expected, if there is one within a limit.

        The BTYD model's probability of no purchase is inverted. Time is corrected by the season, and by what is learned
        or combined, as it is for the intervals of purchases: more expected purchases are earlier ones.
        """
        histories, start = self._histories(rows), self._starts(rows)
        speed_up = self._request(rows, within_days).days / self._length(rows, within_days)

        def p_no_purchase(days: Array) -> Array:
            return self.purchases.p_no_purchase(histories, self.season.length(start, days) * speed_up)

        return expect_next_order(p_no_purchase, len(rows), within_days)

    def p_alive(self, rows: pd.DataFrame, days: float = 0.0) -> Array:
        """Return the probability of still being a customer `days` after the cutoff, by the BTYD model.

        Under BG/NBD it is 1 for everyone without a repeat purchase, so it is not a churn score.
        """
        histories = self._histories(rows)
        if not days:
            return self.purchases.p_alive(histories)
        return self.purchases.p_alive_later(histories, self._length(rows, days))

    def discounted_value(self, rows: pd.DataFrame, days: float | None, margin: float, annual_rate: float) -> Array:
        """Return the CLV: expected margin over `days`, discounted to the cutoff, in the log's currency.

        Spend is expected per step of 30 days and discounted at the middle of the step at
        (1 + annual_rate) ** (-days / 365.25). `days` = None is the infinite horizon: a hundred years, in growing steps.

        Raises:
            ValueError: the horizon is infinite and there is no discount, so that the value need not be finite.
        """
        if days is None and annual_rate <= 0:
            message = "an infinite horizon needs an annual_rate above 0"
            raise ValueError(message)
        spend, value, before, start = self._expected(rows, "spend"), np.zeros(len(rows)), np.zeros(len(rows)), 0.0
        for end in _steps(days):
            until = spend.until(end)
            value += (until - before) * (1.0 + annual_rate) ** (-(start + end) / 2.0 / DAYS_PER_YEAR)
            before, start = until, end
        return margin * value

    def new_customer_value(self, days: float | None, margin: float, annual_rate: float, cutoff: pd.Timestamp) -> float:
        """Return the CLV of a customer at the first purchase, which is not counted itself, in the log's currency.

        Computed by the BTYD model alone: a new customer has no behaviour yet for the trees.
        """
        row = pd.DataFrame({name: [0.0] for name in (X, "last_purchase_age_days", AGE, MEAN_SPEND)}).assign(
            cutoff=cutoff
        )
        return float(self.btyd_alone().discounted_value(row, days, margin, annual_rate)[0])

    def btyd_alone(self) -> "ClvModel":
        """Return the fitted model without what was learned on top of its purchase and spend models."""
        return ClvModel(self.choice.plain, self.purchases).on_top_of(self)

    def intervals(self, rows: pd.DataFrame, days: float) -> dict[str, Interval]:
        """Return prediction intervals of purchases and spend within `days`, over outcomes and parameters."""
        return self._predictive().intervals(self._request(rows, days), self.choice.levels)

    def _predictive(self) -> Predictive:
        """Return the predictive distributions, whose parameter points are placed once where questions are kept."""
        if self._latest is None:
            return Predictive(self.purchases, self.spend)
        if self._latest.predictive is None:
            self._latest.predictive = Predictive(self.purchases, self.spend)
        return self._latest.predictive

    def value_interval(self, rows: pd.DataFrame, days: float, margin: float, annual_rate: float) -> Interval:
        """Return the interval of the CLV: that of spend, times each customer's margin and mean discount."""
        expected = np.maximum(self.expected_spend(rows, days), _TINY)
        value_per_spend = np.minimum(self.discounted_value(rows, days, margin, annual_rate) / expected, margin)
        spend = self.intervals(rows, days)["spend"]
        return Interval(spend.low * value_per_spend, spend.high * value_per_spend)

    def ranks(self, rows: pd.DataFrame, days: float, labels: pd.DataFrame) -> Ranks:
        """Return where purchases and spend lie in their distributions: P(less) and P(no more)."""
        return Predictive(self.purchases, self.spend).ranks(self._request(rows, days), *_outcomes(labels))

    def intervals_and_ranks(
        self, rows: pd.DataFrame, days: float, labels: pd.DataFrame
    ) -> tuple[dict[str, Interval], Ranks]:
        """Return both, from distributions that are computed once."""
        request, levels = self._request(rows, days), self.choice.levels
        return Predictive(self.purchases, self.spend).intervals_and_ranks(request, levels, *_outcomes(labels))

    def expected_frequencies(self, rows: pd.DataFrame, days: float, most: int) -> Array:
        """Return how many of these customers are expected to make 0, 1, ... purchases, shape (most + 1,)."""
        return Predictive(self.purchases, self.spend).frequencies(self._request(rows, days), most)

    def _request(self, rows: pd.DataFrame, days: float) -> PredictionRequest:
        """Return the input of the predictive distributions for these rows.

        The correction of purchases scales time, within bounds; the rest of the correction of spend scales the spend
        per purchase, as does the expected share kept.
        """
        length, cost = self._length(rows, days), np.ones(len(rows))
        if self.learned is not None or self.members:
            of_purchases, of_spend = (self._expected(rows, target).correction for target in TARGETS)
            speed_up = np.clip(of_purchases, 1.0 / _MOST_SPEED_UP, _MOST_SPEED_UP)
            length, cost = length * speed_up, np.maximum(of_spend / speed_up, _TINY)
        cost = cost * self.refunds.kept_share(rows)
        return PredictionRequest(self._histories(rows), rows[MEAN_SPEND].to_numpy(dtype=float), length, cost)

    def btyd_columns(self, rows: pd.DataFrame, days: float) -> pd.DataFrame:
        """Return the BTYD model's expectations of orders in an average season, as feature columns for trees."""
        if self.in_plain_time is not None:  # as at the earlier cutoffs that the trees learned from
            return self.in_plain_time.btyd_columns(rows, days)
        histories = self._histories(rows)
        purchases = self.purchases.expected_purchases(histories, days)
        each = self.spend.expected_spend_per_purchase(rows)
        columns = (
            purchases,
            purchases * each,
            each,
            self.purchases.p_alive(histories),
            self.purchases.p_no_purchase(histories, days),
        )
        return pd.DataFrame(dict(zip(BTYD_COLUMNS, columns, strict=True)), index=rows.index)

    def season_shift(self, rows: pd.DataFrame, days: float) -> Array:
        """Return the shift of the log-odds of no purchase within `days` that the season causes, (n,)."""
        histories = self._histories(rows)
        average = self.purchases.p_no_purchase(histories, days)
        seasonal = self.purchases.p_no_purchase(histories, self._length(rows, days))
        return logit(seasonal) - logit(average)

    def candidate_columns(self, rows: pd.DataFrame, days: float) -> pd.DataFrame:
        """Return the probability of no purchase in an average season by every purchase model of the combination."""
        models = {
            label: member.in_plain_time or member
            for label, member in self.members.items()
            if member.choice.name not in LEARNED
        }
        chances = {
            f"{CANDIDATE_PREFIX}{label}": model.purchases.p_no_purchase(model._histories(rows), days)  # noqa: SLF001 # same class
            for label, model in models.items()
        }
        return pd.DataFrame(chances, index=rows.index)

    def columns(self, rows: pd.DataFrame, days: float) -> pd.DataFrame:
        """Return the BTYD models' expectations and the seasonal shift, as columns for churn models."""
        shift = {SEASON_SHIFT: self.season_shift(rows, days)}
        return pd.concat([self.btyd_columns(rows, days), self.candidate_columns(rows, days)], axis=1).assign(**shift)

    @property
    def computed_columns(self) -> tuple[str, ...]:
        """Names of the columns that `columns` returns."""
        labels = [label for label, member in self.choice.members.items() if member.name not in LEARNED]
        return (*BTYD_COLUMNS, *(f"{CANDIDATE_PREFIX}{label}" for label in labels), SEASON_SHIFT)

    def expected_orders(self, rows: pd.DataFrame, target: str, days: float) -> Array:
        """Return expected purchases, or the expected spend before refunds, within `days` from the cutoff, (n,)."""
        return replace(self._expected(rows, target), kept=1.0).until(days)

    def _length(self, rows: pd.DataFrame, days: float) -> Array:
        """Return the seasonal length of `days` from each row's cutoff."""
        return self.season.length(self._starts(rows), days)

    def _starts(self, rows: pd.DataFrame) -> Array:
        """Return the day numbers of the cutoffs, which rows need not have where there is no season."""
        return day_numbers(rows["cutoff"]) if self.season.moves else np.zeros(len(rows))

    def _expected(self, rows: pd.DataFrame, target: str) -> "ExpectedTotal":
        if self._latest is None:
            return self._expect(rows, target)
        expected = self._latest.of(rows).expected
        if target not in expected:
            expected[target] = self._expect(rows, target)
        return expected[target]

    def _histories(self, rows: pd.DataFrame) -> Histories:
        """Return the purchase histories of rows, once where questions are kept."""
        if self._latest is None:
            return self._read_histories(rows)
        latest = self._latest.of(rows)
        if latest.histories is None:
            latest.histories = self._read_histories(rows)
        return latest.histories

    def _read_histories(self, rows: pd.DataFrame) -> Histories:
        """Return the purchase histories, in seasonal time where the season is in the likelihood."""
        histories = self.purchases.read(rows)
        moved = self.choice.season_in_likelihood and self.season.moves
        return self.season.move(histories, self._starts(rows)) if moved else histories

    def _kept_btyd_columns(self, rows: pd.DataFrame, days: float) -> pd.DataFrame:
        """Return `btyd_columns`, once for purchases and spend where questions are kept."""
        if self._latest is None:
            return self.btyd_columns(rows, days)
        btyd = self._latest.of(rows).btyd
        if days not in btyd:
            btyd[days] = self.btyd_columns(rows, days)
        return btyd[days]

    def _expect(self, rows: pd.DataFrame, target: str) -> "ExpectedTotal":
        is_spend = target == "spend"
        each = self.spend.expected_spend_per_purchase(rows) if is_spend else np.ones(len(rows))
        kept = self.refunds.kept_share(rows) if is_spend else 1.0
        btyd = ExpectedTotal(self.purchases, self.season, self._starts(rows), self._histories(rows), each)
        if self.members:
            weights, days = self.choice.weights[target], self.choice.horizon_days
            ordered = {name: self.members[name].expected_orders(rows, target, days) for name in weights}
            floored = replace(btyd, least_per_day=_TINY)
            factor = self.choice.totals.get(target, 1.0) * self.total_factors.get(target, 1.0)
            combined = factor * combine(ordered, weights)
            return replace(floored, correction=combined / floored.until(days), kept=kept)
        if self.learned is None or target not in self.learned.amounts:
            return replace(btyd, kept=kept)
        horizon = self.learned.horizon_days
        learned = self.learned.predict(rows, self._kept_btyd_columns(rows, horizon), target)
        seasonal = learned * self._length(rows, horizon) / horizon
        floored = replace(btyd, least_per_day=_TINY)
        return replace(floored, correction=np.maximum(seasonal, 0.0) / floored.until(horizon), kept=kept)

    def save(self, folder: Path) -> None:
        """Write all parts into `folder`: JSON, and trees in XGBoost's format."""
        cohort = {} if self.cohort is None else {"cohort": self.cohort.as_dict()}
        season, refunds = list(self.season.coefficients), self.refunds.as_dict()
        stored = {"choice": self.get_params(), "season": season, "refunds": refunds}
        stored["total_factors"] = self.total_factors
        if self.season.calendar is not None:
            stored["calendar"] = self.season.calendar.as_dict()
        write_json(folder / "clv.json", stored | cohort)
        self.purchases.save(folder)
        self.spend.save(folder)
        if self.learned is not None:
            self.learned.save(folder)
        parts = {f"{_MEMBERS}/{label}": member for label, member in self.members.items()}
        parts |= {} if self.in_plain_time is None else {_PLAIN_TIME: self.in_plain_time}
        for name, part in parts.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            part.save(folder / name)

    @classmethod
    def load(cls, folder: Path) -> "ClvModel":
        """Read what `save` wrote."""
        stored = read_json(folder / "clv.json")
        model = cls(ClvChoice.from_dict(stored["choice"]), load_purchases(folder))
        effects = DayEffects.from_dict(stored["calendar"]) if "calendar" in stored else None
        model.season, model.refunds = Season(tuple(stored["season"]), effects), RefundModel(**stored["refunds"])
        model.cohort = Cohort(**stored["cohort"]) if "cohort" in stored else None
        model.spend, model.total_factors = GammaGammaModel.load(folder), stored.get("total_factors", {})
        if model.choice.name in LEARNED:
            model.learned = LearnedPart.load(folder, model.choice.name, model.choice.boosting, model.choice.seed)
        model.members = {label: cls.load(folder / _MEMBERS / label) for label in model.choice.members}
        model.in_plain_time = cls.load(folder / _PLAIN_TIME) if (folder / _PLAIN_TIME).is_dir() else None
        return model


def _outcomes(labels: pd.DataFrame) -> list[Array]:
    return [labels[target].to_numpy(dtype=float) for target in TARGETS]


def _fit_members(
    choice: ClvChoice,
    rows: pd.DataFrame,
    past: Past | None,
    daily: pd.DataFrame | None,
    calendars: Sequence[Calendar],
) -> dict[str, ClvModel]:
    """Return the members of a combination: the models of purchases, and what is learned on top of the base."""
    plain = {label: member for label, member in choice.members.items() if member.name not in LEARNED}
    fitted = {label: ClvModel(member).fit(rows, daily=daily, calendars=calendars) for label, member in plain.items()}
    base = fitted[label_of(choice.base)]
    for label, member in choice.members.items():
        if member.name in LEARNED:
            fitted[label] = ClvModel(member, base.purchases).on_top_of(base).teach(past)
    return fitted


def gather_past(data: Dataset, choice: ClvChoice, horizon_days: float) -> Past:
    """Return labelled rows, and for trees the BTYD columns at every cutoff, each from histories before it."""
    needed = choice.name in LEARNED or choice.members
    btyd = predict_past(data, choice, horizon_days) if needed else None
    return Past(data, horizon_days, btyd)


def predict_past(data: Dataset, choice: ClvChoice, horizon_days: float) -> pd.DataFrame:
    """Return the BTYD columns of all labelled rows, at each cutoff from models fitted on histories before it.

    Those of a combination have the probability of no purchase by each of its models of purchases beside them.
    """
    base = choice.plain.in_plain_time
    models = {label: member.in_plain_time for label, member in choice.members.items()}
    others = {label: member for label, member in models.items() if member.name not in LEARNED}

    def predict_rows(rows: pd.DataFrame) -> pd.DataFrame:
        members = {label: ClvModel(member).fit(rows) for label, member in others.items()}
        model = members.get(label_of(base.name)) or ClvModel(base).fit(rows)
        columns = model.btyd_columns(rows, horizon_days)
        model.members = members
        return pd.concat([columns, model.candidate_columns(rows, horizon_days)], axis=1)

    return predict_at_each_cutoff(data, predict_rows)


@dataclass
class _Latest:
    """The rows of the latest question, their histories, expectations by target, and BTYD columns by horizon."""

    rows: pd.DataFrame | None = None
    histories: Histories | None = None
    expected: dict[str, ExpectedTotal] = field(default_factory=dict)
    btyd: dict[float, pd.DataFrame] = field(default_factory=dict)
    predictive: Predictive | None = None

    def of(self, rows: pd.DataFrame) -> "_Latest":
        """Return what is kept of these rows: nothing where the latest question was about others."""
        if self.rows is not rows:
            self.rows, self.histories, self.expected, self.btyd = rows, None, {}, {}
        return self


def _steps(days: float | None) -> Iterator[float]:
    """Yield the ends of the steps at which value is discounted."""
    end, step, last = 0.0, _STEP_DAYS, _ENDLESS_DAYS if days is None else days
    while end < last:
        end = min(end + step, last)
        yield end
        if days is None and end > _FINE_STEPS * _STEP_DAYS:
            step *= _STEPS_GROW
