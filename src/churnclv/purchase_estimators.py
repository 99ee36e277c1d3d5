"""The purchase models of the public API: fitted on an RFM summary, with or without covariates of the customers.

Without a summary, predictions are for the customers that the model was fitted on.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from scipy.special import chdtrc
from sklearn.base import BaseEstimator

from .clv.covariate_model import CovariateModel, Covariates
from .clv.dynamic_models import DynamicBetaGeoModel, DynamicModifiedBetaGeoModel, DynamicParetoModel, PathModel
from .clv.next_purchase import chance_of_never, days_to_next_purchase, days_until_gone
from .clv.purchase_model import PurchaseModel
from .clv.purchase_models.beta_geometric import BetaGeoModel, ModifiedBetaGeoModel
from .clv.purchase_models.condensed_nbd import CondensedModel
from .clv.purchase_models.gompertz_nbd import GompertzModel
from .clv.purchase_models.nbd import NbdModel
from .clv.purchase_models.pareto_nbd import ParetoModel
from .clv.rfm import AGE, MEAN_SPEND, T_X, Array, Histories, X, new_customers
from .dynamic_covariates import DynamicCovariates
from .errors import listed, require
from .progress import Progress

Dynamic = DynamicCovariates | None
RFM_COLUMNS = {"frequency": X, "recency": T_X, "T": AGE, "monetary_value": MEAN_SPEND}
"""The names of `lifetimes`, and the columns of the feature table that hold the same."""


@dataclass(frozen=True)
class LikelihoodRatio:
    """The likelihood-ratio test of a model against one with fewer parameters.

    Parameters
    ----------
    statistic
        Twice the difference of the log-likelihoods.
    degrees
        How many parameters more the larger model has.
    p_value
        Of the smaller model being the true one.
    """

    statistic: float
    degrees: int
    p_value: float


class PurchaseEstimator(BaseEstimator):  # type: ignore[misc] # scikit-learn is untyped
    """What all models of purchases share: fitted on an RFM summary, asked about any RFM summary.

    Parameters
    ----------
    penalty
        Weight of the squared distance of the log-parameters from plain values; 0 is maximum likelihood.

    Attributes
    ----------
    params_
        The estimated parameters by the names of the paper; with covariates, where numbers are 0 and categories at
        their reference, and then the coefficients.
    standard_errors_
        Of `params_`; 0 where a parameter ended at its bound.
    log_likelihood_
        The log-likelihood at the estimate.
    aic_, bic_
        Information criteria at the estimate.
    certificate_
        Evidence that the estimate is an optimum: gradient, curvature, parameters at the edge.
    fitted_on_
        The summary, the attributes, and the covariates over time of the fit.
    """

    _model: ClassVar[type[PurchaseModel]]
    model_: PurchaseModel
    params_: dict[str, float]

    def __init__(self, penalty: float = 0.0) -> None:
        """Keep the penalty."""
        self.penalty = penalty

    def _make(self, X: pd.DataFrame | None, dynamic: Dynamic = None) -> PurchaseModel:
        require(
            X is None and dynamic is None,
            f"{type(self).__name__} has no covariates.",
            remedy="take ParetoNBD or BetaGeo.",
        )
        return self._model(**self.get_params())

    def fit(self, rfm: pd.DataFrame, X: pd.DataFrame | None = None, dynamic: Dynamic = None) -> Self:
        """Estimate the parameters by (penalised) maximum likelihood.

        Parameters
        ----------
        rfm
            One row per customer with `frequency`, `recency` and `T`.
        X
            Attributes of the same customers, for models with covariates; see `CovariateEstimator`.
        dynamic
            Covariates that change over time, for `BetaGeo`, `ModifiedBetaGeo` and `ParetoNBD`.

        Raises
        ------
        InputError
            A column is missing, a row is impossible (negative, or `recency` after `T`), or a customer has no
            attributes.
        """
        self.fitted_on_ = (rfm, X, dynamic)
        self.model_ = self._make(X, dynamic)
        self._estimate(self.model_, rfm, X, dynamic)
        self.params_, self.standard_errors_ = self._estimates(self.model_)
        self.certificate_ = self.model_.certificate
        self.log_likelihood_ = self.certificate_.log_likelihood if self.certificate_ else np.nan
        self.aic_ = 2.0 * len(self.params_) - 2.0 * self.log_likelihood_
        self.bic_ = np.log(len(rfm)) * len(self.params_) - 2.0 * self.log_likelihood_
        return self

    def _estimates(self, model: PurchaseModel) -> tuple[dict[str, float], dict[str, float]]:
        """Return the parameters and coefficients of a fitted model, and their standard errors."""
        names, point, covariance = self._at_reference(model)
        parameters = len(model.parameter_names)
        values = np.r_[np.exp(point[:parameters]), point[parameters:]]
        scale = np.r_[values[:parameters], np.ones(len(point) - parameters)]
        errors = scale * np.sqrt(np.maximum(np.diag(covariance), 0.0))
        return tuple(dict(zip(names, each.tolist(), strict=True)) for each in (values, errors))  # type: ignore[return-value] # two

    def _estimate(
        self, model: PurchaseModel, rfm: pd.DataFrame, X: pd.DataFrame | None, dynamic: Dynamic = None
    ) -> None:
        del X, dynamic
        model.fit(read_rfm(rfm))

    def _at_reference(self, model: PurchaseModel) -> tuple[tuple[str, ...], Array, Array]:
        """Return the names, the point and the covariance that are reported."""
        return model.parameter_names, model.point, model.covariance

    def _unfitted(self) -> PurchaseModel:
        return self._make(None)

    def _customers(self, rfm: Any, X: pd.DataFrame | None, dynamic: Dynamic = None) -> tuple[pd.DataFrame, Histories]:
        """Return an RFM summary and its histories; without one, those of the fit."""
        if rfm is None:
            rfm, fitted_X, fitted_dynamic = self.fitted_on_
            X, dynamic = fitted_X if X is None else X, fitted_dynamic if dynamic is None else dynamic
        return rfm, self._encode(read_rfm(rfm), rfm, X, dynamic)

    def _encode(
        self, histories: Histories, rfm: pd.DataFrame, X: pd.DataFrame | None, dynamic: Dynamic = None
    ) -> Histories:
        del rfm, X, dynamic
        return histories

    def expected_purchases(
        self, rfm: Any = None, t: Any = None, X: pd.DataFrame | None = None, dynamic: Dynamic = None
    ) -> "pd.Series[float]":
        """Return the expected purchases of each customer in (T, T + t].

        Parameters
        ----------
        rfm
            The customers; left out, as in `expected_purchases(90)`, those of the fit.
        t
            A number, or one per customer.
        X
            Attributes of the customers, for a model with covariates.
        dynamic
            Covariates of the customers that change over time, for a model that has them.
        """
        rfm, t = _shifted(rfm, t)
        table, histories = self._customers(rfm, X, dynamic)
        return series_of(self.model_.expected_purchases(histories, t), table, "expected_purchases")

    def p_alive(self, rfm: Any = None, X: pd.DataFrame | None = None, dynamic: Dynamic = None) -> "pd.Series[float]":
        """Return each customer's probability of being a customer at T; not a churn score for one-time buyers."""
        table, histories = self._customers(rfm, X, dynamic)
        return series_of(self.model_.p_alive(histories), table, "p_alive")

    def expected_probability_no_purchase(
        self, rfm: Any = None, t: Any = None, X: pd.DataFrame | None = None, dynamic: Dynamic = None
    ) -> "pd.Series[float]":
        """Return each customer's probability of no purchase in (T, T + t]: the churn score of these models."""
        rfm, t = _shifted(rfm, t)
        table, histories = self._customers(rfm, X, dynamic)
        return series_of(self.model_.p_no_purchase(histories, t), table, "p_no_purchase")

    def probability_at_least(
        self, rfm: Any = None, t: Any = None, n: int = 1, X: pd.DataFrame | None = None, dynamic: Dynamic = None
    ) -> "pd.Series[float]":
        """Return each customer's probability of `n` (1 or more) purchases at least in (T, T + t]."""
        rfm, t = _shifted(rfm, t)
        table, histories = self._customers(rfm, X, dynamic)
        return series_of(self.model_.p_at_least(histories, t, n), table, f"p_at_least_{n}")

    def expected_next_order(
        self, rfm: Any = None, level: float = 0.5, X: pd.DataFrame | None = None, dynamic: Dynamic = None
    ) -> "pd.Series[float]":
        """Return the time after T by which each customer has bought again with probability `level`.

        It is infinite for a customer whose chance of ever buying again is smaller. The unit is that of the summary.
        """
        require(0.0 < level < 1.0, f"level is {level}.", remedy="give a number between 0 and 1.")
        table, histories = self._customers(rfm, X, dynamic)
        return series_of(days_to_next_purchase(self.model_, histories, level), table, "expected_next_order")

    def probability_never(
        self, rfm: Any = None, X: pd.DataFrame | None = None, dynamic: Dynamic = None
    ) -> "pd.Series[float]":
        """Return each customer's probability of never buying again."""
        table, histories = self._customers(rfm, X, dynamic)
        return series_of(chance_of_never(self.model_, histories), table, "probability_never")

    def time_until_gone(
        self, rfm: Any = None, certainty: float = 0.95, X: pd.DataFrame | None = None, dynamic: Dynamic = None
    ) -> "pd.Series[float]":
        """Return how long each customer has to stay silent after T to have left with this certainty."""
        require(0.0 < certainty < 1.0, f"certainty is {certainty}.", remedy="give a number between 0 and 1.")
        table, histories = self._customers(rfm, X, dynamic)
        return series_of(days_until_gone(self.model_, histories, certainty), table, "time_until_gone")

    def expected_purchases_new_customer(self, t: Any) -> Array:
        """Return the expected repeat purchases of a new customer within `t` of the first one, shape of `t`."""
        return self.model_.new_customer_purchases(t)

    def new_customer(self, t: float, X: pd.DataFrame | None = None) -> Any:
        """Return the expected repeat purchases within `t` of the first purchase.

        Parameters
        ----------
        t
            A time.
        X
            Attributes, one row per new customer; without them, the average customer's number is returned.
        """
        if X is None:
            return float(self.model_.new_customer_purchases(t)[0])
        histories = self._encode(new_customers(len(X)), X, X)
        return series_of(self.model_.expected_purchases(histories, t), X, "expected_purchases")

    def predict(self, rfm: pd.DataFrame, t: Any = 1.0) -> Array:
        """Return expected purchases in (T, T + t], shape (n,)."""
        return np.asarray(self.expected_purchases(rfm, t))

    def likelihood_ratio_test(self, other: "PurchaseEstimator") -> LikelihoodRatio:
        """Return the test of this model against a smaller one, or the other way round, on the same customers.

        Parameters
        ----------
        other
            A fitted model of the same class whose covariates are some of this model's, or all and more.

        Raises
        ------
        InputError
            The models are not nested, were fitted on other customers, or have a penalty.
        """
        small, large = sorted((self, other), key=lambda model: len(model.params_))
        same = type(self) is type(other) and set(small.params_) < set(large.params_)
        same = same and getattr(small.model_, "k", 1) == getattr(large.model_, "k", 1)
        require(same, "the models are not nested.", remedy="one class, and the covariates of one among the other's.")
        ours, theirs = (read_rfm(model.fitted_on_[0]) for model in (small, large))
        equal = len(ours) == len(theirs) and all(
            np.array_equal(getattr(ours, name), getattr(theirs, name)) for name in ("x", "t_x", "T")
        )
        require(equal, "the models were fitted on different customers.", remedy="fit both on the same summary.")
        free = not any(model.penalty or getattr(model, "covariate_penalty", 0.0) for model in (small, large))
        require(free, "a penalised fit has no likelihood-ratio test.", remedy="fit both with penalty=0.")
        statistic = max(2.0 * (large.log_likelihood_ - small.log_likelihood_), 0.0)
        degrees = len(large.params_) - len(small.params_)
        return LikelihoodRatio(statistic, degrees, float(chdtrc(degrees, statistic)))

    def bootstrap(self, draws: int = 200, seed: int = 0) -> pd.DataFrame:
        """Return `params_` of the model fitted again on resampled customers, one row per draw.

        Parameters
        ----------
        draws
            How often customers are drawn with replacement.
        seed
            Of the draws; the same seed gives the same rows.
        """
        require(draws > 0, f"draws is {draws}.", remedy="give 1 or more.")
        _, histories = self._customers(None, None)
        random, rows = np.random.default_rng(seed), []
        with Progress().steps(f"Bootstrap of {type(self).__name__}", draws) as advance:
            for _ in range(draws):
                drawn = random.integers(0, len(histories), len(histories))
                rows.append(self._estimates(self._unfitted().fit(histories.take(drawn)))[0])
                advance("")
        return pd.DataFrame(rows)

    def sample(
        self, customers: int = 1000, T: float = 365.0, X: pd.DataFrame | None = None, seed: int = 0
    ) -> pd.DataFrame:
        """Return the RFM summary of simulated customers, observed for T from their first purchase.

        Parameters
        ----------
        customers
            How many; with `X`, its rows are the customers.
        T
            Length of the observation, in the unit of the fit.
        X
            Attributes of the customers, for a model with covariates; without them all are average.
        seed
            Of the draws; the same seed gives the same rows.
        """
        n = customers if X is None else len(X)
        fresh = new_customers(n) if X is None else self._encode(new_customers(n), X, X)
        drawn = self.model_.sample(fresh, T, np.random.default_rng(seed))
        columns = {"frequency": drawn.x, "recency": drawn.t_x, "T": drawn.T, "log_gaps": drawn.log_gaps}
        return pd.DataFrame(columns, index=None if X is None else X.index)


class CovariateEstimator(PurchaseEstimator):
    """What models with covariates share: attributes of customers move the purchase rate and the dropout.

    Parameters
    ----------
    penalty
        Weight of the squared distance of the log-parameters from plain values; 0 is maximum likelihood.
    covariates
        Columns of `X`: a list moves both processes, each with its own coefficients; a dict names the columns of each
        process, `purchase`, `dropout`, or `both` for one coefficient in both. None takes all columns of `X`.
    covariate_penalty
        Weight of the squared coefficients per standard deviation of their covariates.
    """

    model_: CovariateModel
    _dynamic_model: ClassVar[type[PathModel]]

    def __init__(
        self, penalty: float = 0.0, covariates: Covariates = None, covariate_penalty: float = 0.0
    ) -> None:  # fmt: skip
        """Keep the choices."""
        super().__init__(penalty)
        self.covariates = covariates
        self.covariate_penalty = covariate_penalty

    def _make(self, X: pd.DataFrame | None, dynamic: Dynamic = None) -> PurchaseModel:
        chosen = self.get_params()
        given = X is not None or dynamic is not None
        require(given or not chosen["covariates"], "covariates need X.", remedy="fit(rfm, X).")
        if given and chosen["covariates"] is None:
            names = [] if X is None else [str(name) for name in X.columns]
            chosen["covariates"] = [*names, *([] if dynamic is None else dynamic.calendar.names)]
        if dynamic is None:
            return self._model(**chosen)
        message = f"{type(self).__name__} has no covariates that change over time."
        require(hasattr(self, "_dynamic_model"), message, remedy="take ParetoNBD, BetaGeo or ModifiedBetaGeo.")
        return self._dynamic_model(**chosen)

    def _estimate(
        self, model: PurchaseModel, rfm: pd.DataFrame, X: pd.DataFrame | None, dynamic: Dynamic = None
    ) -> None:
        histories, attributes = read_rfm(rfm), None if X is None else _attributes_of(rfm, X)
        if isinstance(model, PathModel) and dynamic is not None:
            model.design = dynamic.learn(model.attributes, attributes)
            histories = replace(histories, paths=dynamic.encode(model.design, rfm, attributes))
        elif attributes is not None and isinstance(model, CovariateModel):
            histories = model.with_design(attributes).encode(histories, attributes)
        model.fit(histories)

    def _at_reference(self, model: PurchaseModel) -> tuple[tuple[str, ...], Array, Array]:
        if not isinstance(model, CovariateModel):
            return super()._at_reference(model)
        return (*model.parameter_names, *model.coefficient_names), *model.at_reference()

    def _unfitted(self) -> PurchaseModel:
        return self.model_.unfitted()

    def _encode(
        self, histories: Histories, rfm: pd.DataFrame, X: pd.DataFrame | None, dynamic: Dynamic = None
    ) -> Histories:
        if isinstance(self.model_, PathModel) and self.model_.design is not None:
            remedy = "give dynamic=DynamicCovariates(...) of these customers."
            require(dynamic is not None, "the model has covariates that change over time.", remedy=remedy)
            attributes = None if X is None else _attributes_of(rfm, X)
            return replace(histories, paths=dynamic.encode(self.model_.design, rfm, attributes))  # type: ignore[union-attr] # checked
        if X is None:
            needed = self.model_.design is not None
            require(not needed, "the model has covariates.", remedy=f"give X with {listed(self.model_.attributes)}.")
            return histories
        return self.model_.encode(histories, _attributes_of(rfm, X))

    def coefficients(self) -> pd.DataFrame:
        """Return one row per coefficient, with its standard error, interval, p-value and a sentence."""
        return self.model_.coefficient_table()


class BetaGeo(CovariateEstimator):
    """BG/NBD of Fader, Hardie and Lee (2005): customers may leave after a repeat purchase."""

    _model = BetaGeoModel
    _dynamic_model = DynamicBetaGeoModel


class ModifiedBetaGeo(CovariateEstimator):
    """MBG/NBD of Batislam, Denizel and Filiztekin (2007): customers may also leave after the first purchase."""

    _model = ModifiedBetaGeoModel
    _dynamic_model = DynamicModifiedBetaGeoModel


class ParetoNBD(CovariateEstimator):
    """Pareto/NBD of Schmittlein, Morrison and Colombo (1987): customers may leave at any time."""

    _model = ParetoModel
    _dynamic_model = DynamicParetoModel


class GompertzNBD(PurchaseEstimator):
    """GGom/NBD of Bemmaor and Glady (2012): the chance of leaving may grow with age."""

    _model = GompertzModel


class NBD(PurchaseEstimator):
    """NBD of Ehrenberg (1959): nobody leaves. The yardstick of what dropout adds."""

    _model = NbdModel


class CondensedBetaGeo(CovariateEstimator):
    """MBG/CNBD-k of Platzer and Reutterer (2016): MBG/NBD with regular purchases (Erlang-k gaps).

    Parameters
    ----------
    stages
        k; 0 chooses it by likelihood. `rfm` then needs `log_gaps`, the sum of the logs of the times between purchases,
        which `summarise_rfm` gives.
    penalty, covariates, covariate_penalty
        As for the other models.
    """

    _model = CondensedModel

    def __init__(
        self, stages: int = 0, penalty: float = 0.0, covariates: Covariates = None, covariate_penalty: float = 0.0
    ) -> None:
        """Keep the choices."""
        super().__init__(penalty, covariates, covariate_penalty)
        self.stages = stages


def _shifted(rfm: Any, t: Any) -> tuple[Any, Any]:
    """Return the customers and the time; a single argument is the time."""
    if t is None:
        rfm, t = None, rfm
    require(t is not None, "the time t is missing.", remedy="expected_purchases(90), or expected_purchases(rfm, 90).")
    return rfm, t


def _attributes_of(rfm: pd.DataFrame, X: pd.DataFrame) -> pd.DataFrame:
    """Return the attributes in the order of the customers: by the index where it is the same, else by place."""
    if X.index.equals(rfm.index):
        return X
    if X.index.is_unique and rfm.index.isin(X.index).all():
        return X.loc[rfm.index]
    lacking = int((~rfm.index.isin(X.index)).sum())
    message = f"X has no row for {lacking} of {len(rfm)} customers, by its index."
    require(X.index.is_unique, "X has several rows for one customer.", remedy="give one row per customer.")
    require(not lacking, message, remedy="index it as the summary.")
    return X


def read_rfm(rfm: pd.DataFrame) -> Histories:
    """Return the histories of an RFM summary.

    Raises
    ------
    InputError
        A column is missing, or a row is impossible.
    """
    x, t_x, age = (column_of(rfm, name) for name in ("frequency", "recency", "T"))
    negative = ((x < 0) | (t_x < 0) | (age < 0)).any()
    require(not negative, "frequency, recency and T have to be 0 or more.", remedy="check the rows.")
    late = np.flatnonzero(t_x > age)
    where = f"row {late[0] + 1}: recency {t_x[late[0]]:g} lies after T {age[late[0]]:g}." if len(late) else ""
    require(not len(late), where, remedy="both count from the customer's first purchase.")
    gaps = rfm["log_gaps"].to_numpy(dtype=float) if "log_gaps" in rfm else np.zeros(len(x))
    return Histories(x, t_x, age, gaps)


def column_of(rfm: pd.DataFrame, name: str) -> Array:
    """Return a column of an RFM summary as finite numbers.

    Raises
    ------
    InputError
        The column is missing, or a cell is no finite number.
    """
    require(name in rfm, f"the RFM summary has no column {name!r}.", remedy=f"it needs {', '.join(RFM_COLUMNS)}.")
    cells = rfm[name].to_numpy(dtype=float)
    bad = np.flatnonzero(~np.isfinite(cells))
    require(not len(bad), f"column {name!r}, row {bad[0] + 1 if len(bad) else 0}: is not a finite number.")
    return cells


def series_of(values: Array, rfm: pd.DataFrame, name: str) -> "pd.Series[float]":
    """Return one value per row of a table."""
    return pd.Series(values, index=rfm.index, name=name)
