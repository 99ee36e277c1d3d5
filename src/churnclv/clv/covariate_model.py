"""Purchase models with covariates: attributes move the purchase rate and the dropout, each process by its own set.

[1] Fader, Hardie (2007), Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models.

A positive coefficient of the process `purchase` raises the purchase rate: alpha_i = alpha exp(-coefficient . x). A
positive one of `dropout` makes customers leave sooner: beta_i = beta exp(-coefficient . x) under Pareto/NBD, odds of
leaving at a purchase a_i / b_i = a / b exp(coefficient . x) under BG/NBD ([1], sections 2 and 3). In `both`, one
coefficient moves both processes.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from ..errors import listed, require
from .coefficients import BOTH, DROPOUT, PURCHASE, tabulate
from .covariate_likelihood import Derived, Shift, own_logs, shared_derivatives
from .covariates import Design
from .maximum_likelihood import HIGHEST, LOWEST, Derivatives, Optimum, maximise, penalise
from .purchase_model import PurchaseModel
from .recall import recall_fit
from .rfm import Array, Histories

Covariates = Mapping[str, Sequence[str]] | Sequence[str] | None
MOST_EFFECT = 5.0  # of a coefficient, per standard deviation: a group that never buys would have an infinite one
_COARSE_SEED = 0
_ROWS_PER_CHUNK = 8_192


class CovariateModel(PurchaseModel):
    """A purchase model whose parameters may differ between customers by covariates.

    `parameters` are those of the average customer; `coefficients` are per standard deviation of each column of the
    design, process by process.
    """

    processes: ClassVar[Mapping[str, tuple[float, ...]]]

    def __init__(self, penalty: float = 0.0, covariates: Covariates = None, covariate_penalty: float = 0.0) -> None:
        """Keep the penalties and the covariates.

        Parameters
        ----------
        penalty
            On the squared distance of the log-parameters from plain values, 0 = maximum likelihood.
        covariates
            Names of attributes by process; a list without processes is for purchase and dropout, each with its own
            coefficients.
        covariate_penalty
            On the squared coefficients per standard deviation, against the mean log-likelihood.
        """
        super().__init__(penalty)
        self.covariates = self._by_process(covariates)
        self.covariate_penalty = covariate_penalty
        self.design: Design | None = None
        self.coefficients: Array = np.zeros(0)

    def _by_process(self, covariates: Covariates) -> dict[str, list[str]]:
        if not covariates:
            return {}
        if isinstance(covariates, str) or not isinstance(covariates, Mapping):
            names = [covariates] if isinstance(covariates, str) else list(covariates)
            return {PURCHASE: names, DROPOUT: list(names)}
        unknown = [process for process in covariates if process not in (*self.processes, BOTH)]
        allowed = listed([*self.processes, BOTH])
        require(not unknown, f"covariates name the process {listed(unknown)}.", remedy=f"{self.name} has {allowed}.")
        order = [process for process in (*self.processes, BOTH) if covariates.get(process)]
        return {process: list(covariates[process]) for process in order}  # JSON does not keep the user's order

    def get_params(self) -> dict[str, Any]:
        """Return the hyperparameters."""
        if not self.covariates:
            return super().get_params()
        chosen = {"covariates": self.covariates, "covariate_penalty": self.covariate_penalty}
        return {**super().get_params(), **chosen}

    @property
    def attributes(self) -> list[str]:
        """The names of the covariates, each once."""
        return list(dict.fromkeys(name for names in self.covariates.values() for name in names))

    def prepare(self, rows: pd.DataFrame) -> Self:
        """Learn how the attributes are encoded.

        Raises
        ------
        InputError
            The table has no such attribute.
        """
        return self.with_design(rows)

    def unfitted(self) -> Self:
        """Return an unfitted model with the same choices and the same encoding of attributes."""
        other = type(self)(**self.get_params())
        other.design = self.design
        return other

    def with_design(self, attributes: pd.DataFrame) -> Self:
        """Learn how the attributes of customers are encoded."""
        self.design = Design.learn(attributes, self.attributes) if self.covariates else None
        return self

    def read(self, rows: pd.DataFrame) -> Histories:
        """Return the histories of a feature table with their encoded covariates."""
        return self.encode(super().read(rows), rows)

    def encode(self, histories: Histories, attributes: pd.DataFrame) -> Histories:
        """Return histories with the encoded attributes of the same customers."""
        if self.design is None:
            return histories
        z = self.design.encode(attributes)
        return Histories(histories.x, histories.t_x, histories.T, histories.log_gaps, z)

    def fit(self, histories: Histories) -> Self:
        """Estimate the parameters, and the coefficients where histories have covariates; the fit never fails."""
        self._fit_average(histories)
        return self._fit_coefficients(histories)

    def _fit_average(self, histories: Histories) -> None:
        """Estimate the parameters that all customers would share."""
        super().fit(histories)

    @abstractmethod
    def _customer_derivatives(self, histories: Histories, log_parameters: Array) -> Derived:
        """Return each customer's log-likelihood with its derivatives by its own log-parameters."""

    def _fit_coefficients(self, histories: Histories) -> Self:
        """Estimate parameters and coefficients together; the start is the model without covariates."""
        if self.design is None or not self._covers(histories) or not self.coefficient_names:
            return self
        chosen = {**self._shape(), "design": self.design.as_dict()}
        optimum = recall_fit(self, chosen, histories.arrays, partial(self._maximise_jointly, histories))
        self._keep(optimum.log_parameters)
        self.covariance, self.certificate = optimum.covariance, optimum.certificate
        return self

    def _covers(self, histories: Histories) -> bool:
        """Return whether histories have covariates."""
        return histories.z is not None

    def _maximise_jointly(self, histories: Histories) -> Optimum:
        k, names = len(self.parameter_names), self.coefficient_names
        plain = np.r_[self._plain(max(float(histories.T.mean()), 1.0)), np.zeros(len(names))]
        penalty = np.r_[np.full(k, self.penalty), np.full(len(names), self.covariate_penalty)]
        rows, counts = self._different(histories)
        likelihood = partial(self._joint_likelihood, plain=plain, penalty=penalty)
        coarse = None
        if len(rows) > 2 * self.coarse_customers:
            some = np.random.default_rng(_COARSE_SEED).choice(len(rows), self.coarse_customers, replace=False)
            coarse = likelihood(rows.take(some), counts[some])
        average = np.r_[np.log(self.values), np.zeros(len(names))]
        most = np.full(len(names), MOST_EFFECT)
        limits = np.r_[np.full(k, LOWEST), -most], np.r_[np.full(k, HIGHEST), most]
        named = (*self.parameter_names, *names)
        return maximise(likelihood(rows, counts), [average, plain], named, float(len(histories)), coarse, limits)

    def _different(self, histories: Histories) -> tuple[Histories, Array]:
        """Return different customers, and how many there are of each."""
        return _collapsed(histories)

    def _joint_likelihood(self, rows: Histories, counts: Array, plain: Array, penalty: Array) -> Derivatives:
        each, parameters = self._customer_derivatives, len(self.parameter_names)
        return penalise(shared_derivatives(each, rows, counts, self._shifts(rows), parameters), plain, penalty)

    def _direction(self, process: str) -> Array:
        if process == BOTH:
            return np.asarray(self._direction(PURCHASE) + self._direction(DROPOUT))
        return np.array(self.processes[process])

    def _places(self) -> list[tuple[str, list[int]]]:
        """Return the processes with the places of their columns in the design."""
        if self.design is None:
            return []
        return [(process, self.design.places(names)) for process, names in self.covariates.items()]

    def _shifts(self, histories: Histories) -> list[Shift]:
        z = histories.z
        return [] if z is None else [Shift(self._direction(name), z[:, places]) for name, places in self._places()]

    @property
    def coefficient_names(self) -> tuple[str, ...]:
        """The process and the column of each coefficient."""
        columns = () if self.design is None else self.design.columns
        return tuple(f"{process}.{columns[place].name}" for process, places in self._places() for place in places)

    def _keep(self, point: Array) -> None:
        super()._keep(point[: len(self.parameter_names)])
        self.coefficients = np.array(point[len(self.parameter_names) :])

    @property
    def point(self) -> Array:
        """The logs of the average customer's parameters, then the coefficients."""
        return np.concatenate([super().point, self.coefficients])

    def at(self, point: Array) -> Self:
        """Return the same model at another point."""
        other = super().at(point)
        other.design = self.design
        return other

    def parameters_of(self, histories: Histories) -> tuple[Any, ...]:
        """Return the parameters in the order of their names: a number each, or one per customer, (n,)."""
        if histories.z is None or not len(self.coefficients):
            return super().parameters_of(histories)
        moved = np.any([self._direction(process) != 0 for process, places in self._places() if places], axis=0)
        own = np.exp(own_logs(np.log(self.values), self.coefficients, self._shifts(histories), len(histories)))
        return tuple(own[place] if differs else self.values[place] for place, differs in enumerate(moved))

    def log_likelihoods(self, histories: Histories) -> Array:
        """Return each customer's log-likelihood at the estimate, (n,)."""
        value = np.empty(len(histories))
        for rows in histories.chunks(_ROWS_PER_CHUNK):
            some = histories.take(rows)
            shifts = self._shifts(some) if len(self.coefficients) else []
            logs = own_logs(np.log(self.values), self.coefficients, shifts, len(some))
            value[rows] = self._customer_derivatives(some, logs).value
        return value

    @property
    def to_reference(self) -> Array:
        """The matrix from a point to the one where numbers are 0, categories at their reference, and units as given."""
        k, places = len(self.parameter_names), self._places()
        matrix = np.eye(k + len(self.coefficient_names))
        if self.design is not None and len(matrix) > k:
            columns = [(process, place) for process, some in places for place in some]
            zero = np.array([self.design.at_zero[place] for _, place in columns])
            scales = np.array([self.design.columns[place].scale for _, place in columns])
            matrix[:k, k:] = np.column_stack([self._direction(process) for process, _ in columns]) * zero
            matrix[k:, k:] = np.diag(1.0 / scales)
        return matrix

    def at_reference(self) -> tuple[Array, Array]:
        """Return the logs of the parameters where numbers are 0 and categories at their reference, and the covariance.

        The coefficients follow the parameters, per unit of each covariate, as other software prints them.
        """
        matrix = self.to_reference
        return matrix @ self.point, matrix @ self.covariance @ matrix.T

    def coefficient_table(self) -> pd.DataFrame:
        """Return one row per coefficient, per unit of its covariate; see `coefficients.tabulate`."""
        columns = [] if self.design is None else [(n, self.design.columns[p]) for n, ps in self._places() for p in ps]
        point, covariance = self.at_reference()
        k = len(self.parameter_names)
        return tabulate(columns, point[k:], np.sqrt(np.maximum(np.diag(covariance)[k:], 0.0)))

    def fitted(self) -> dict[str, Any]:
        """Return the fitted parameters, for JSON."""
        if self.design is None:
            return super().fitted()
        coefficients = {"design": self.design.as_dict(), "coefficients": self.coefficients.tolist()}
        return {**super().fitted(), **coefficients}

    def restore(self, stored: dict[str, Any]) -> Self:
        """Take over what `save` wrote."""
        if "design" in stored:
            self.design = Design.from_dict(stored["design"])
            self.coefficients = np.array(stored["coefficients"])
        return super().restore(stored)


def _collapsed(histories: Histories) -> tuple[Histories, Array]:
    """Return the different customers, and how many there are of each; sums of gaps enter by their means."""
    z = np.zeros((len(histories), 0)) if histories.z is None else histories.z
    keys = np.column_stack([histories.x, histories.t_x, histories.T, z])
    _, first, place, counts = np.unique(keys, axis=0, return_index=True, return_inverse=True, return_counts=True)
    rows, n = histories.take(first), counts.astype(float)
    gaps = np.bincount(place.ravel(), histories.log_gaps, len(n)) / n
    return Histories(rows.x, rows.t_x, rows.T, gaps, rows.z), n
