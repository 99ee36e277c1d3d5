"""The share of their spend that customers keep: an empirical-Bayes estimate from the returns before the cutoff.

The purchase and spend models are models of orders; the share kept is a factor on them. Where a log has no refunds the
factor is exactly 1.

A customer made x + 1 purchases and returned the share R / B of what they cost, in k returns. Over all customers a
return takes the share f = sum (x + 1) R / B / sum k of a purchase, at most 1. A purchase then stands for 1 / f parcels,
each of which comes back with the customer's probability theta ~ Beta(a, b) or is kept. Of n = (x + 1) / f parcels
s = n R / B came back: a customer's share is of money, and its weight is the number of purchases, so that a large order
carries no more evidence than a small one. Without delays the posterior mean is (a + s) / (a + b + n), as in the
beta-binomial model [1].

Returns take time. With delays that are exponential with mean d, the return of the last purchase, made t days before
the cutoff, would be booked by now with chance F = 1 - exp(-t / d). Let u = min(1 / f, n - s) be the parcels of the last
purchase of which no return is booked. Their likelihood is (1 - F) + F (1 - theta)^u, so that the posterior is a mixture
of two betas: of the parcels as no evidence (a return is still to come, or not), and as kept:

    Beta(a + s, b + n - s - u)  with weight  (1 - F) B(a + s, b + n - s - u),
    Beta(a + s, b + n - s)      with weight       F  B(a + s, b + n - s),

B being the beta function. Earlier purchases are taken to be settled.

a and b come from the moments of the shares r = s / w of due parcels w = n - u (1 - F) [2]: p = sum s / sum w is the
"Cape Cod" estimate of reserving, returns over parcels due; and with N = sum w over m customers

    E[sum w (r - p)^2] = p (1 - p) ((1 - rho) (m - 1) + rho (N - sum w^2 / N)),    rho = 1 / (a + b + 1).

[1] Skellam (1948), A probability distribution derived from the binomial distribution by regarding the probability of
    success as variable between the sets of trials, Journal of the Royal Statistical Society B 10(2).
[2] Kleinman (1973), Proportions with extraneous variance: single and independent samples, Journal of the American
    Statistical Association 68(341).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from scipy.special import betaln

from .rfm import Array, read_histories

SETTLED, RETURNED, RETURNS, DELAYS = "settled_spend", "returned_spend", "returns", "return_delay_days"
_LEAST_CORRELATION, _MOST_CORRELATION = 1e-3, 0.95
_UNKNOWN_CORRELATION = 0.5  # the population's share has the weight of one parcel
_LEAST_SIZE = 0.02  # of a return, in purchases
_LEAST_DELAY_DAYS = 0.5
_LEAST_DUE = 1e-9


@dataclass(frozen=True)
class _Evidence:
    """Parcels n, returned ones s, open ones u of the last purchase, and the probability F that it is settled."""

    n: Array
    s: Array
    u: Array
    F: Array

    @property
    def due(self) -> Array:
        """Parcels whose returns would be booked by now."""
        return self.n - self.u * (1.0 - self.F)


class RefundModel:
    """The share of spend that customers keep.

    Attributes:
        share: the population's share p of parcels that come back; 0 where nothing ever came back.
        strength: a + b, the weight of the population's share in parcels.
        delay_days: the mean delay d of returns.
        size: the share f of a purchase that a return takes, above 0 to 1.
    """

    def __init__(
        self, share: float = 0.0, strength: float = 1.0, delay_days: float = _LEAST_DELAY_DAYS, size: float = 1.0
    ) -> None:
        """Keep the parameters; by default nothing comes back."""
        self.share, self.strength, self.delay_days, self.size = share, strength, delay_days, size

    def fit(self, rows: pd.DataFrame) -> Self:
        """Estimate the parameters from the refund history of a feature table at one cutoff; return the fitted model.

        Parameters
        ----------
        rows
            One row per customer, with the purchase history and the refund history; without the latter, nothing comes
            back.
        """
        self.share, self.delay_days, self.size = 0.0, _LEAST_DELAY_DAYS, 1.0
        if not (_column(rows, RETURNED) > 0).any():
            return self
        returns = max(_column(rows, RETURNS).sum(), 1.0)
        self.delay_days = max(float(_column(rows, DELAYS).sum() / returns), _LEAST_DELAY_DAYS)
        self.size = float(np.clip(self._evidence(rows).s.sum() / returns, _LEAST_SIZE, 1.0))
        evidence = self._evidence(rows)
        is_due = evidence.due > _LEAST_DUE
        due, returned = evidence.due[is_due], evidence.s[is_due]
        total = due.sum()
        self.share = float(np.clip(returned.sum() / total, 0.0, 1.0)) if total else 0.0
        self.strength = 1.0 / _correlation(returned, due, self.share) - 1.0
        return self

    def kept_share(self, rows: pd.DataFrame) -> Array:
        """Return the share of future spend that each customer is expected to keep, 0 to 1, shape (n,).

        It is exactly 1 where nothing ever came back, and exactly 0 where everything did.

        Parameters
        ----------
        rows
            Rows of a feature table; a customer without a refund history is new.
        """
        if self.share in (0.0, 1.0):
            return np.full(len(rows), 1.0 - self.share)
        evidence = self._evidence(rows)
        a, b = self.share * self.strength, (1.0 - self.share) * self.strength
        kept = np.maximum(evidence.n - evidence.s, 0.0)
        open_, settled = np.maximum(kept - evidence.u, 0.0), kept
        with np.errstate(divide="ignore"):  # the log of probability 0 is minus infinity, and its weight 0
            logs = np.stack(
                [
                    np.log1p(-evidence.F) + betaln(a + evidence.s, b + open_),
                    np.log(evidence.F) + betaln(a + evidence.s, b + settled),
                ]
            )
        weights = np.exp(logs - logs.max(axis=0))
        means = np.stack([(b + left) / (a + b + evidence.s + left) for left in (open_, settled)])
        return np.asarray((weights * means).sum(axis=0) / weights.sum(axis=0))

    def _evidence(self, rows: pd.DataFrame) -> _Evidence:
        histories = read_histories(rows)
        n, settled = (histories.x + 1.0) / self.size, _column(rows, SETTLED)
        s = n * returned_share(rows)
        days_since = np.where(settled > 0, np.maximum(histories.T - histories.t_x, 0.0), 0.0)
        return _Evidence(n, s, np.minimum(1.0 / self.size, n - s), -np.expm1(-days_since / self.delay_days))

    def as_dict(self) -> dict[str, float]:
        """Return the parameters for JSON."""
        names = ("share", "strength", "delay_days", "size")
        return {name: getattr(self, name) for name in names}


def returned_share(rows: pd.DataFrame) -> Array:
    """Return what share of their spend customers returned before the cutoff, 0 to 1, shape (n,); 0 without spend.

    Parameters
    ----------
    rows
        Rows of a feature table.
    """
    settled, returned = _column(rows, SETTLED), _column(rows, RETURNED)
    return np.asarray(np.where(settled > 0, np.minimum(returned, settled) / np.where(settled > 0, settled, 1.0), 0.0))


def _column(rows: pd.DataFrame, name: str) -> Array:
    """Return a column of the refund history; zeros where a frame has none."""
    if name not in rows:
        return np.zeros(len(rows))
    return np.asarray(np.nan_to_num(rows[name].to_numpy(dtype=float)))


def _correlation(returned: Array, due: Array, share: float) -> float:
    """Return rho, how alike the parcels of one customer are in coming back: 0 by chance alone, 1 always or never."""
    total = due.sum()
    apart = total - (due**2).sum() / total - (len(due) - 1.0) if total else 0.0
    if not 0.0 < share < 1.0 or apart <= _LEAST_DUE:
        return _UNKNOWN_CORRELATION
    spread = (due * (returned / due - share) ** 2).sum() / (share * (1.0 - share))
    return float(np.clip((spread - (len(due) - 1.0)) / apart, _LEAST_CORRELATION, _MOST_CORRELATION))
