"""Estimates: shares and means with their 95% intervals, from sums alone."""

from dataclasses import dataclass
from math import nan, sqrt
from typing import Any

NORMAL = 1.959963984540054  # standard deviations that hold 95% of a normal distribution


@dataclass(frozen=True)
class Estimate:
    """An estimate, its 95% interval, and the number of cases it is computed from."""

    value: float
    low: float
    high: float
    n: int


def is_unknown(value: Any) -> bool:
    """Return whether a value is missing: None or NaN."""
    return value is None or bool(value != value)  # noqa: PLR0124 # NaN


def share(count: float, n: float) -> Estimate:
    """Return count / n with Wilson's interval (1927, JASA 22(158)); all NaN where n is 0."""
    if n <= 0:
        return Estimate(nan, nan, nan, 0)
    p, z2 = count / n, NORMAL**2
    middle, reach = p + z2 / (2 * n), NORMAL * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    low, high = (middle - reach) / (1 + z2 / n), (middle + reach) / (1 + z2 / n)
    return Estimate(p, max(0.0, min(low, p)), min(1.0, max(high, p)), int(n))


def exact(value: Any) -> Any:
    """Return a column of floats as decimals of nine places: their sums do not depend on the order of rows."""
    return value.cast("float64").cast("decimal(38, 9)")


def mean(total: float, squares: float, n: float) -> Estimate:
    """Return the mean of n values from their sum and sum of squares; the interval is NaN below two values."""
    if n <= 0:
        return Estimate(nan, nan, nan, 0)
    value = total / n
    if n < 2:  # noqa: PLR2004 # one value has no spread
        return Estimate(value, nan, nan, int(n))
    variance = max(0.0, (squares - n * value * value) / (n - 1))
    reach = NORMAL * sqrt(variance / n)
    return Estimate(value, value - reach, value + reach, int(n))
