"""BG/NBD and MBG/NBD whose purchase rate changes over time: a change of clock, with exact derivatives.

Where the purchase rate is lambda exp(gamma . x(t)), purchases are at random in the time of the clock A(t), the integral
of exp(gamma . x) since the first purchase, and customers leave at purchases, whatever the clock. The
likelihood of a customer is therefore that of the model without covariates for (x, A(t_x), A(T)), times
exp(gamma . x(t_j)) for every repeat purchase, which turns densities by the clock into densities by the calendar.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .covariate_likelihood import Derived, mixture
from .covariate_paths import CovariatePaths
from .maximum_likelihood import Derivatives
from .rfm import Array, Histories
from .stages import count_derivatives, stage_components


@dataclass(frozen=True)
class ClockTimes:
    """The clock at the last purchase and at the cutoff of n customers, with its derivatives by p coefficients.

    Parameters
    ----------
    last, end
        Its times, (n,).
    last_slope, end_slope
        First derivatives, (n, p).
    last_bend, end_bend
        Second derivatives, (n, p, p).
    """

    last: Array
    end: Array
    last_slope: Array
    end_slope: Array
    last_bend: Array
    end_bend: Array


TimesOf = Callable[[Array], ClockTimes]


def times_along(paths: CovariatePaths, coefficients: Array) -> ClockTimes:
    """Return the clock of purchases along paths, all of whose columns move it."""
    sums: list[Array] = []
    for part in (paths.before, paths.silent):
        adds = part.rates(coefficients) * part.length
        slope = np.einsum("nk,nkp->np", adds, part.z)
        sums += [adds.sum(axis=1), slope, np.einsum("nk,nkp,nkq->npq", adds, part.z, part.z)]
    last, silent = sums[:3], sums[3:]
    end = [first + second for first, second in zip(last, silent, strict=True)]
    return ClockTimes(last[0], end[0], last[1], end[1], last[2], end[2])


def clock_likelihood(
    x: Array, counts: Array, times_of: TimesOf, bought: Array, shift: int
) -> Derivatives:  # fmt: skip
    """Return the mean log-likelihood with its derivatives by the logs of r, alpha, a, b and the coefficients.

    Parameters
    ----------
    x, counts
        Repeat purchases of different customers, and how many there are of each, (n,).
    times_of
        The clock for given coefficients.
    bought
        The sum over all customers of the covariates at repeat purchases, (p,).
    shift
        1 where customers may leave after the first purchase too, else 0.
    """
    total = float(counts.sum())

    def derivatives(point: Array) -> tuple[float, Array, Array]:
        times, coefficients = times_of(point[4:]), point[4:]
        own = by_times(Histories(x, times.last, times.end, np.zeros(len(x))), shift, np.exp(point[:4]))
        value = float(counts @ own.value) + float(bought @ coefficients)
        first, second = own.gradient * counts, own.hessian * counts
        slopes = (times.last_slope, times.end_slope)
        gradient = np.r_[first[:4].sum(axis=1), bought + sum(first[4 + i] @ slopes[i] for i in range(2))]
        cross = sum(second[:4, 4 + i] @ slopes[i] for i in range(2))
        bends = sum(
            np.einsum("n,npq->pq", first[4 + i], bend) for i, bend in enumerate((times.last_bend, times.end_bend))
        )
        for i in range(2):
            for j in range(2):
                bends = bends + (slopes[i] * second[4 + i, 4 + j][:, None]).T @ slopes[j]
        hessian = np.block([[second[:4, :4].sum(axis=2), cross], [np.transpose(cross), bends]])
        return value / total, gradient / total, hessian / total

    return derivatives


def by_times(seen: Histories, shift: int, parameters: Array) -> Derived:
    """Return log-likelihoods by the clock, with derivatives by the logs of r, alpha, a, b and by both times.

    Parameters
    ----------
    seen
        Histories in the time of the clock.
    shift
        As for `clock_likelihood`.
    parameters
        r, alpha, a, b.
    """
    x, n = seen.x, len(seen)
    r, alpha, a, b = parameters
    logs = stage_components(x, seen.t_x, seen.T, shift, 1, list(parameters)).T  # alive, left
    may_leave = (x + shift > 0).astype(float)
    later_b = np.where(may_leave > 0, b + x + shift - 1.0, 1.0)
    over = np.column_stack([1.0 / (alpha + seen.T), 1.0 / (alpha + seen.t_x)])
    power, none, alive, left = (r + x)[:, None], np.zeros(n), np.array([1.0, 0.0]), np.array([0.0, 1.0])
    fall, bend = -power * over, power * over**2
    slopes = [np.log(over), fall, np.column_stack([none, may_leave / a]),
              np.column_stack([none, -may_leave / later_b]), fall * left, fall * alive]  # fmt: skip
    curves = {
        (0, 1): -over, (0, 4): -over * left, (0, 5): -over * alive,
        (1, 1): bend, (1, 4): bend * left, (1, 5): bend * alive,
        (2, 2): np.column_stack([none, -may_leave / a**2]), (3, 3): np.column_stack([none, may_leave / later_b**2]),
        (4, 4): bend * left, (5, 5): bend * alive,
    }  # fmt: skip
    bracket = mixture(logs, slopes, curves)
    counted = count_derivatives(seen, shift, 1, np.repeat(parameters[:, None], n, axis=1))
    gradient, hessian = bracket.gradient, bracket.hessian
    gradient[:4] += counted.gradient
    hessian[:4, :4] += counted.hessian
    scale = np.r_[parameters, 1.0, 1.0]
    gradient = gradient * scale[:, None]
    hessian = hessian * scale[:, None, None] * scale[None, :, None]
    places = np.arange(4)
    hessian[places, places] += gradient[:4]
    return Derived(bracket.value + counted.value, gradient, hessian)
