"""Simulated customers: purchases at given rates until a death or a dropout, as histories."""

import numpy as np

from .rfm import Array, Histories


def sample_histories(
    rate: Array,
    T: float,
    random: np.random.Generator,
    death: Array | float = np.inf,
    dropout: Array | None = None,
    *,
    shift: int = 0,
    stages: int = 1,
) -> Histories:
    """Return the histories of customers who buy at random.

    Parameters
    ----------
    rate
        Stages per unit of time, (n,).
    T
        Length of the observation from the first purchase.
    random
        The generator.
    death
        When each customer leaves, (n,).
    dropout
        The chance of leaving at each purchase, (n,).
    shift
        1 where customers may leave at the first purchase too.
    stages
        Of each purchase: its gap is Erlang.
    """
    n = len(rate)
    x, clock, log_gaps = np.zeros(n), np.zeros(n), np.zeros(n)
    end = np.minimum(T, np.broadcast_to(death, n))
    alive = np.arange(n)
    if dropout is not None and shift:
        alive = alive[random.random(n) >= dropout]
    while len(alive):
        gap = random.gamma(stages, 1.0, len(alive)) / np.maximum(rate[alive], np.finfo(float).tiny)
        inside = clock[alive] + gap <= end[alive]
        alive, gap = alive[inside], gap[inside]
        x[alive] += 1.0
        clock[alive] += gap
        log_gaps[alive] += np.log(np.maximum(gap, np.finfo(float).tiny))
        if dropout is not None:
            alive = alive[random.random(len(alive)) >= dropout[alive]]
    return Histories(x, clock, np.full(n, T), log_gaps)
