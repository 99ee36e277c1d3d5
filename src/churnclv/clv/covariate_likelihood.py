"""Likelihoods whose parameters differ between customers: from each customer's derivatives to those of what they share.

A coefficient moves log-parameters along the direction of its process: a customer with covariates z has the
log-parameters theta + sum over processes of direction * (z . coefficients). The derivatives follow by the chain rule.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .maximum_likelihood import Derivatives
from .rfm import Array, Histories

_ROWS_PER_CHUNK = 8_192  # a chunk's derivatives fit into the cache
_MOST_LOG = 100.0  # of one customer's parameters: beyond, squares overflow


@dataclass(frozen=True)
class Derived:
    """Log-likelihoods of customers, (n,), with gradients, (k, n), and Hessians, (k, k, n)."""

    value: Array
    gradient: Array
    hessian: Array


CustomerDerivatives = Callable[[Histories, Array], Derived]


@dataclass(frozen=True)
class Shift:
    """The covariates of one process, (n, columns), and the direction in which they move log-parameters, (k,)."""

    direction: Array
    columns: Array

    def of(self, coefficients: Array) -> Array:
        """Return by how much each customer's log-parameters move, (k, n)."""
        return np.outer(self.direction, self.columns @ coefficients)


def own_logs(log_parameters: Array, coefficients: Array, shifts: Sequence[Shift], customers: int) -> Array:
    """Return each customer's log-parameters, (k, n).

    Parameters
    ----------
    log_parameters
        Of the average customer, (k,).
    coefficients
        Of all processes, one process after the other.
    shifts
        The processes.
    customers
        The number of customers, n.
    """
    logs, first = np.repeat(log_parameters[:, None], customers, axis=1), 0
    for shift in shifts:
        last = first + shift.columns.shape[1]
        logs = logs + shift.of(coefficients[first:last])
        first = last
    return np.clip(logs, -_MOST_LOG, _MOST_LOG)


def mixture(logs: Array, slopes: Sequence[Array], curves: Mapping[tuple[int, int], Array]) -> Derived:
    """Return the log of a sum of components with its derivatives, which are means and covariances over components.

    Parameters
    ----------
    logs
        Of the components, (n, components).
    slopes
        The first derivatives of these logs, k of shape (n, components).
    curves
        Their second derivatives, where they are not 0, by the places of both parameters.
    """
    top = logs.max(axis=1, keepdims=True)
    parts = np.exp(logs - top)
    total = parts.sum(axis=1, keepdims=True)
    share, k = parts / total, len(slopes)
    weighted = [share * slope for slope in slopes]
    mean = np.stack([part.sum(axis=1) for part in weighted])
    hessian = np.empty((k, k, len(logs)))
    for i in range(k):
        for j in range(i + 1):
            second = (weighted[i] * slopes[j]).sum(axis=1) - mean[i] * mean[j]
            curve = curves.get((j, i))
            hessian[i, j] = hessian[j, i] = second if curve is None else second + (share * curve).sum(axis=1)
    return Derived((top + np.log(total))[:, 0], mean, hessian)


def each_in_logs(derived: Derived, parameters: Array) -> Derived:
    """Turn derivatives by parameters, (k, n), into derivatives by their logs."""
    gradient = parameters * derived.gradient
    hessian = parameters[:, None] * parameters[None, :] * derived.hessian
    places = np.arange(len(parameters))
    hessian[places, places] += gradient
    return Derived(derived.value, gradient, hessian)


def shared_derivatives(
    each: CustomerDerivatives, histories: Histories, counts: Array, shifts: Sequence[Shift], parameters: int
) -> Derivatives:
    """Return the mean log-likelihood with its derivatives by the shared log-parameters and the coefficients.

    Parameters
    ----------
    each
        The log-likelihood of each customer with its derivatives by the customer's own log-parameters.
    histories, counts
        Different customers, and how many there are of each.
    shifts
        The processes.
    parameters
        The number of shared parameters, which a point begins with; the coefficients follow.
    """
    total = float(counts.sum())

    def derivatives(point: Array) -> tuple[float, Array, Array]:
        value, gradient, hessian = 0.0, np.zeros(len(point)), np.zeros((len(point), len(point)))
        for rows in histories.chunks(_ROWS_PER_CHUNK):
            moved = [Shift(shift.direction, shift.columns[rows]) for shift in shifts]
            some, n = histories.take(rows), counts[rows]
            derived = each(some, own_logs(point[:parameters], point[parameters:], moved, len(some)))
            value += float(n @ derived.value)
            part = _chain(derived, n, moved)
            gradient, hessian = gradient + part[0], hessian + part[1]
        return value / total, gradient / total, hessian / total

    return derivatives


def _chain(derived: Derived, n: Array, shifts: Sequence[Shift]) -> tuple[Array, Array]:
    """Return the gradient and the Hessian by the shared log-parameters and the coefficients, over customers."""
    along = [shift.direction @ derived.gradient for shift in shifts]
    gradient = [derived.gradient @ n, *((n * a) @ shift.columns for a, shift in zip(along, shifts, strict=True))]
    bent = [np.einsum("ijn,j->in", derived.hessian, shift.direction) for shift in shifts]
    rows = [[derived.hessian @ n, *((n * b) @ shift.columns for b, shift in zip(bent, shifts, strict=True))]]
    for place, (b, shift) in enumerate(zip(bent, shifts, strict=True)):
        cross = [shift.columns.T @ ((n * (other.direction @ b))[:, None] * other.columns) for other in shifts]
        rows.append([rows[0][place + 1].T, *cross])
    return np.concatenate(gradient), np.block(rows)
