"""Robust maximum likelihood: damped Newton steps on log-parameters, and a certificate of the optimum."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from .rfm import Array

Evaluation = tuple[float, Array, Array]
Derivatives = Callable[[Array], Evaluation]
Limits = tuple[float | Array, float | Array]

LOWEST, HIGHEST = np.log(1e-6), np.log(1e6)  # a parameter at a bound: this part of the model is not needed
_MOST_STEPS = 100
_SMALL_GRADIENT = 1e-6  # per customer, in log-parameters
_AGREE = 1e-6  # of the log-likelihood, relative
_DIFFERENCE = 1e-4  # of log-parameters: errors of 1e-8 in gradients, about 1e-7 in Hessians
_LEAST_DAMPING, _MOST_DAMPING = 1e-9, 1e9


@dataclass(frozen=True)
class Certificate:
    """The evidence that a point is an optimum.

    Attributes:
        log_likelihood: of all customers, without penalty.
        gradient: largest derivative by a free log-parameter, per customer.
        curved: whether the Hessian is negative definite in the free log-parameters.
        agreement: share of the starts that ended at this optimum.
        at_bound: parameters at a bound.
        steps: Newton steps from the best start.
    """

    log_likelihood: float
    gradient: float
    curved: bool
    agreement: float
    at_bound: tuple[str, ...]
    steps: int

    @property
    def converged(self) -> bool:
        """Whether the point is a maximum, inside or at the edge."""
        return self.gradient < _SMALL_GRADIENT and self.curved

    def as_dict(self) -> dict[str, object]:
        """Return the certificate for JSON."""
        return {**asdict(self), "at_bound": list(self.at_bound), "converged": self.converged}


@dataclass(frozen=True)
class Optimum:
    """A maximum in log-parameters, the inverse of its negative Hessian (0 where at a bound), and its certificate."""

    log_parameters: Array
    covariance: Array
    certificate: Certificate


def climb(derivatives: Derivatives, start: Array, limits: Limits = (LOWEST, HIGHEST)) -> tuple[Array, int, Evaluation]:
    """Return the end point of damped Newton steps from `start`, their number, and value and derivatives there.

    `derivatives` gives value, gradient and Hessian of the mean log-likelihood at log-parameters. A step that does not
    improve is damped (Levenberg, Marquardt) until it does; parameters stay within the limits.
    """
    point, damping = np.clip(start, *limits), 1e-3
    value, gradient, hessian = evaluation = derivatives(point)
    for step in range(_MOST_STEPS):
        free = _free(point, gradient, limits)
        if not free.any() or np.abs(gradient[free]).max() < _SMALL_GRADIENT / 100:
            return point, step, evaluation
        while damping < _MOST_DAMPING:
            candidate = point + _newton_step(gradient, hessian, free, damping)
            tried = derivatives(np.clip(candidate, *limits))
            if np.isfinite(tried[0]) and tried[0] > value:
                break
            damping *= 10.0
        else:
            return point, step, evaluation
        point, damping = np.clip(candidate, *limits), max(damping / 10.0, _LEAST_DAMPING)
        value, gradient, hessian = evaluation = tried
    return point, _MOST_STEPS, evaluation


def _free(point: Array, gradient: Array, limits: Limits) -> NDArray[np.bool_]:
    """Return which parameters are not held at a bound."""
    lowest, highest = limits
    bounded = ((point <= lowest) & (gradient < 0)) | ((point >= highest) & (gradient > 0))
    return np.asarray(~bounded)


def _newton_step(gradient: Array, hessian: Array, free: NDArray[np.bool_], damping: float) -> Array:
    """Return an uphill step in the free parameters: the Hessian's eigenvalues are made negative, then damped."""
    values, vectors = np.linalg.eigh(hessian[np.ix_(free, free)])
    scale = np.maximum(np.abs(values), 1e-12) + damping
    step = np.zeros_like(gradient)
    step[free] = vectors @ ((vectors.T @ gradient[free]) / scale)
    longest = np.abs(step).max()
    return step if longest <= 2.0 else step * (2.0 / longest)  # noqa: PLR2004 # a factor of e squared in one step at most


def maximise(
    derivatives: Derivatives,
    starts: Sequence[Array],
    names: Sequence[str],
    customers: float,
    coarse: Derivatives | None = None,
    limits: Limits = (LOWEST, HIGHEST),
) -> Optimum:
    """Climb from every start and certify the best end.

    Where `coarse` (the same likelihood on a sample of customers) is given, the starts climb there, and only the best
    end climbs on the full data. `limits` bound all log-parameters, or each.
    """
    ends = [climb(coarse or derivatives, start, limits) for start in starts]
    values = np.array([evaluation[0] for _, _, evaluation in ends])
    best = int(np.nanargmax(values))
    agreement = float(np.mean(values >= values[best] - _AGREE * abs(values[best])))
    point, steps, evaluation = ends[best]
    if coarse is not None:
        point, more, evaluation = climb(derivatives, point, limits)
        steps += more
    free = _free(point, evaluation[1], limits)
    return _certify(evaluation, point, free, names, customers, (agreement, steps))


def _certify(
    evaluation: Evaluation,
    point: Array,
    free: NDArray[np.bool_],
    names: Sequence[str],
    customers: float,
    climbed: tuple[float, int],
) -> Optimum:
    value, gradient, hessian = evaluation
    inner = -hessian[np.ix_(free, free)]
    curved = bool(np.linalg.eigvalsh(inner).min() > 0) if free.any() else True
    covariance = np.zeros_like(hessian)
    if free.any():
        covariance[np.ix_(free, free)] = np.linalg.pinv(inner, hermitian=True) / customers
    edge = tuple(name for name, inside in zip(names, free, strict=True) if not inside)
    largest = float(np.abs(gradient[free]).max()) if free.any() else 0.0
    certificate = Certificate(value * customers, largest, curved, climbed[0], edge, climbed[1])
    return Optimum(point, covariance, certificate)


def in_logs(value: float, gradient: Array, hessian: Array, parameters: Array) -> tuple[float, Array, Array]:
    """Turn derivatives by parameters into derivatives by their logs (chain rule)."""
    scaled = np.outer(parameters, parameters) * hessian + np.diag(parameters * gradient)
    return value, parameters * gradient, scaled


def penalise(derivatives: Derivatives, plain: Array, penalty: float | Array) -> Derivatives:
    """Return the derivatives less `penalty` (or one each) times the squared distances of log-parameters from plain."""

    def penalised(point: Array) -> tuple[float, Array, Array]:
        value, gradient, hessian = derivatives(point)
        away = point - plain
        curve = 2.0 * np.diag(np.broadcast_to(penalty, len(away)))
        return value - float((penalty * away) @ away), gradient - curve @ away, hessian - curve

    return penalised


def by_differences(value: Callable[[Array], float]) -> Derivatives:
    """Return a value with its gradient and Hessian by central differences in the log-parameters."""

    def differentiated(point: Array) -> tuple[float, Array, Array]:
        k, moves, here = len(point), _DIFFERENCE * np.eye(len(point)), value(point)
        up, down = (np.array([value(point + sign * move) for move in moves]) for sign in (1.0, -1.0))
        hessian = np.diag((up + down - 2.0 * here) / _DIFFERENCE**2)
        for i in range(k):
            for j in range(i):
                corners = value(point + moves[i] + moves[j]) + value(point - moves[i] - moves[j])
                both = corners - up[i] - down[i] - up[j] - down[j] + 2.0 * here
                hessian[i, j] = hessian[j, i] = both / (2.0 * _DIFFERENCE**2)
        return here, (up - down) / (2.0 * _DIFFERENCE), hessian

    return differentiated
