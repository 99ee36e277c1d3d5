"""Regular buyers: counts whose gaps are Erlang with k stages, until a customer leaves after a purchase.

[1] Platzer, Reutterer (2016), Ticking away the moments: timing regularity helps to better predict customer activity,
    Marketing Science 35(5). [2] Chatfield, Goodhardt (1973), A consumer purchasing model with Erlang inter-purchase
    times, Journal of the American Statistical Association 68. [3] Fader, Hardie, Lee (2005), Marketing Science 24(2).

Every purchase takes k stages, each at a Gamma(r, alpha) rate; after it the customer leaves with a Beta(a, b) chance
(with shift 1 after the first purchase too: MBG/CNBD-k). With one stage this is BG/NBD or MBG/NBD. A customer who is
alive has completed j < k stages since the last purchase, so that
    L = gaps^(k-1) / G(k)^x  G(r+kx)/G(r) alpha^r  B(a, b+x+s)/B(a, b)
        [ sum_j (T-t_x)^j/j! G(r+kx+j)/G(r+kx) (alpha+T)^-(r+kx+j) + d a/(b+x+s-1) (alpha+t_x)^-(r+kx) ].
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import gammaln

from ...ranges import Bounds
from .. import closed_forms
from ..covariate_likelihood import Derived
from ..covariate_model import CovariateModel, Covariates
from ..maximum_likelihood import Derivatives, in_logs
from ..purchase_model import Hyperparameter, PurchaseModel, State, spread
from ..rfm import Array, Histories
from ..sampling import sample_histories
from ..stages import stage_components, stage_derivatives, stage_shares, stage_weights
from .beta_geometric import NAMES, PROCESSES, CountedHistories, by_count, count_histories

MOST_STAGES = 8
_LEAST_WAIT = 1e-300
_NEGLIGIBLE = 1e-14  # small losses of many purchases add up


def log_likelihood(
    data: CountedHistories, log_gaps: float, shift: int, k: int, log_parameters: Array
) -> tuple[float, Array, Array]:
    """Return the mean log-likelihood per customer with its gradient and Hessian by the logs of (r, alpha, a, b).

    `log_gaps` is the sum of the logs of all gaps of all customers.
    """
    parameters = np.exp(log_parameters)
    value, gradient, hessian = by_count(data, shift, parameters, k)
    value += (k - 1) * log_gaps - float(data.n_x @ data.x) * float(gammaln(k))
    zeros = np.zeros(len(data.T0))
    first = _stages_or_left(zeros, zeros, data.T0, data.n0, shift, k, parameters)
    again = _stages_or_left(data.x[data.place], data.t_x, data.T, data.n, shift, k, parameters)
    for part in (first, again):
        value, gradient, hessian = value + part[0], gradient + part[1], hessian + part[2]
    n = data.customers
    return in_logs(value / n, gradient / n, hessian / n, parameters)


def _stages_or_left(
    x: Array, t_x: Array, T: Array, n: Array, shift: int, k: int, parameters: Array
) -> tuple[float, Array, Array]:
    """Return the log of the bracket with its derivatives: means and covariances of the slopes over the terms."""
    r, alpha, a, b = parameters
    total, share = stage_shares(stage_components(x, t_x, T, shift, k, list(parameters)))
    base, later_b = r + k * x, np.maximum(b + x + shift - 1.0, _LEAST_WAIT)
    mean, second, hessian, rising, bent = np.zeros((4, len(x))), np.zeros((4, 4)), np.zeros((4, 4)), 0.0, 0.0
    for j in range(k + 1):
        left = j == k
        power, over = (base, 1.0 / (alpha + t_x)) if left else (base + j, 1.0 / (alpha + T))
        slope = np.zeros((4, len(x)))
        slope[0] = np.log(over) + (0.0 if left else rising)
        slope[1] = -power * over
        weight = n * share[j]
        hessian[0, 0] += 0.0 if left else -float(np.sum(weight * bent))
        hessian[0, 1] -= weight @ over
        hessian[1, 1] += weight @ (power * over**2)
        if left:
            slope[2], slope[3] = 1.0 / a, -1.0 / later_b
            hessian[2, 2] -= weight.sum() / a**2
            hessian[3, 3] += weight[weight > 0] @ (1.0 / later_b[weight > 0] ** 2)
            slope[:, weight == 0] = 0.0
        mean += slope * share[j]
        second += (slope * weight) @ slope.T
        rising, bent = rising + 1.0 / (base + j), bent + 1.0 / (base + j) ** 2
    hessian[1, 0] = hessian[0, 1]
    hessian += second - (mean * n) @ mean.T
    return float(n @ total), mean @ n, hessian


class CondensedModel(CovariateModel):
    """MBG/CNBD-k of Platzer and Reutterer (2016): like MBG/NBD, but gaps between purchases are Erlang with k stages.

    `stages` = 0 takes the k with the greatest likelihood.
    """

    name = "mbgcnbd"
    assumption = "the same as `mbgnbd` for regular buyers: gaps have k stages; with one stage it is `mbgnbd`"
    source = "Platzer, Reutterer 2016"
    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = {
        "stages": Hyperparameter(
            0,
            Bounds(0, MOST_STAGES),
            "regularity of the gaps, 1 is random; 0 takes the most likely",
            {"kind": "choice", "choices": [0, 1, 2, 3, 4, 6]},
        )
    }
    shift: ClassVar[int] = 1
    parameter_names = NAMES
    moves = ((-1.5, -1.0, -1.0, 0.5), (0.5, 1.0, -2.0, 1.5))

    processes = PROCESSES

    def __init__(
        self, penalty: float = 0.0, stages: int = 0, covariates: Covariates = None, covariate_penalty: float = 0.0
    ) -> None:
        """Keep the penalties, the number of stages and the covariates."""
        super().__init__(penalty, covariates, covariate_penalty)
        self.stages = stages
        self.k = max(stages, 1)

    def get_params(self) -> dict[str, Any]:
        """Return the hyperparameters."""
        return {**super().get_params(), "stages": self.stages}

    def fit(self, histories: Histories) -> Self:
        """Estimate the parameters for k stages, or for each k until the likelihood falls; then the coefficients."""
        self.k = max(self.stages, 1)
        self._fit_average(histories)
        while not self.stages and self.k < MOST_STAGES:
            further = type(self)(self.penalty, self.k + 1).fit(histories)
            if _log_likelihood(self) >= _log_likelihood(further):
                break
            self.k, self.parameters = further.k, further.parameters
            self.covariance, self.certificate = further.covariance, further.certificate
        return self._fit_coefficients(histories)

    def fitted(self) -> dict[str, Any]:
        """Return the fitted parameters, for JSON."""
        return {**super().fitted(), "stages": self.k}

    def _shape(self) -> dict[str, Any]:
        return {**super().get_params(), "stages": self.k}

    def restore(self, stored: dict[str, Any]) -> Self:
        """Take over what `save` wrote."""
        self.k = stored["stages"]
        return super().restore(stored)

    def _plain(self, mean_age_days: float) -> Array:
        return np.log([1.0, mean_age_days / self.k, 1.0, 2.0])

    def _likelihood(self, histories: Histories) -> Derivatives:
        counted = count_histories(histories.x, histories.t_x, histories.T)
        return partial(log_likelihood, counted, float(histories.log_gaps.sum()), self.shift, self.k)

    def _customer_derivatives(self, histories: Histories, log_parameters: Array) -> Derived:
        return stage_derivatives(histories, self.shift, self.k, log_parameters)

    def _stages(self, histories: Histories) -> Array:
        return stage_weights(histories, self.shift, self.k, self.parameters_of(histories))

    def p_alive(self, histories: Histories) -> Array:
        """Return the probability of still being a customer at the cutoff."""
        return np.asarray(sum(self._stages(histories)))

    def expected_purchases(self, histories: Histories, days: Any) -> Array:
        """Return expected purchases within `days` from the cutoff: for one stage in closed form."""
        if self.k > 1:
            return super().expected_purchases(histories, days)
        t = spread(days, histories)
        return closed_forms.expected_purchases(
            t, histories.x, histories.t_x, histories.T, self.shift, *self.parameters_of(histories)
        )

    def p_alive_later(self, histories: Histories, days: Any) -> Array:
        """Return the probability of still being a customer `days` after the cutoff.

        Who makes the n-th next purchase leaves after it with the chance a / (a + b' + n - 1).
        """
        _, _, a, b = self.parameters_of(histories)
        later_b = b + histories.x + self.shift
        alive = self.p_alive(histories)
        for n, reach in enumerate(self.exceedance(histories, days, _NEGLIGIBLE), 1):
            alive = alive - reach * a / (a + later_b + n - 1.0)
        return np.clip(alive, 0.0, 1.0)

    def sample(self, customers: Histories, T: float, random: np.random.Generator) -> Histories:
        """Return simulated histories of new customers, observed for T from their first purchase."""
        r, alpha, a, b = self.parameters_of(customers)
        rate, dropout = random.gamma(r, 1.0, len(customers)) / alpha, random.beta(a, b, len(customers))
        return sample_histories(rate, T, random, dropout=dropout, shift=self.shift, stages=self.k)

    def _ahead(self, histories: Histories, t: Array) -> State:
        r, alpha, a, b = self.parameters_of(histories)
        return (
            self._stages(histories),
            r + self.k * histories.x,
            t / (alpha + histories.T + t),
            np.broadcast_to(a, len(histories)),
            b + histories.x + self.shift,
        )

    def _step(self, n: int, state: State) -> tuple[Array, State]:
        return closed_forms.p_at_least(n, *state), state


def _log_likelihood(model: PurchaseModel) -> float:
    return model.certificate.log_likelihood if model.certificate else -np.inf
