"""The Gamma-Gamma likelihood with exact first and second derivatives.

[1] Fader, Hardie (2013), The Gamma-Gamma model of monetary value. For x purchases of mean m (Eq. 1a):
    L = G(px+q) / (G(px) G(q)) v^q m^(px-1) x^(px) / (v + xm)^(px+q).
"""

import numpy as np
from scipy.special import digamma, gammaln, polygamma

from .maximum_likelihood import in_logs
from .rfm import Array

NAMES = ("p", "q", "v")


def log_likelihood(x: Array, m: Array, n: Array, log_parameters: Array) -> tuple[float, Array, Array]:
    """Return the mean log-likelihood per customer with its gradient and Hessian by the logs of (p, q, v).

    x > 0 purchases of mean m > 0 each, n customers with that history.
    """
    p, q, v = parameters = np.exp(log_parameters)
    px, later = p * x, v + x * m
    log_later, over = np.log(later), 1.0 / later
    value = n @ (
        gammaln(px + q) - gammaln(px) - gammaln(q) + q * np.log(v) + (px - 1) * np.log(m) + px * np.log(x)
        - (px + q) * log_later
    )  # fmt: skip
    psi, psi1 = digamma(px + q), polygamma(1, px + q)
    total = n.sum()
    gradient = np.array([
        n @ (x * (psi - digamma(px) + np.log(m) + np.log(x) - log_later)),
        n @ (psi - log_later) + total * (np.log(v) - digamma(q)),
        total * q / v - n @ ((px + q) * over),
    ])  # fmt: skip
    pp, pq, pv = n @ (x**2 * (psi1 - polygamma(1, px))), n @ (x * psi1), -(n @ (x * over))
    qq, qv = n @ psi1 - total * polygamma(1, q), total / v - n @ over
    vv = -total * q / v**2 + n @ ((px + q) * over**2)
    hessian = np.array([[pp, pq, pv], [pq, qq, qv], [pv, qv, vv]])
    return in_logs(float(value) / total, gradient / total, hessian / total, parameters)
