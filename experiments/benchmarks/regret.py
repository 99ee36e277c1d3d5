"""Regret on simulated markets of many kinds, where the best possible prediction is known.

The markets are dense, sparse, seasonal, growing, dying, with whales, short and irregular. The best prediction knows the
market's parameters but of a customer only the history: it is the posterior mean, found by weighing many simulated rates
and moments of leaving by how likely they make that history. Regret is the expected loss more than that of this
prediction. Rules of choice are fixed here and on folds, never on the arena.

    python experiments/benchmarks/regret.py                        all markets, the default command
    python experiments/benchmarks/regret.py --markets dense whales --seeds 2 --fixed clv=mbgnbd clv=pareto_nbd

`--fixed` gives the single fixed choices beside the default; the last line is the default's mean regret over that of the
best of them.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from arena_cases import ID, LogCase
from arena_ours import Checkout, RefusedError, answer
from peer_answers import ROOT

from churnclv.evaluation.metrics import Array
from churnclv.testing.market import Market, simulate

HORIZON_DAYS = 60
NODES = 4000
AUTO = "default"
_SURE = 1e-9
_DENSE = Market(customers=600, days=480, birth_days=360, r=1.2, alpha=15.0, a=0.6, b=5.0)


@dataclass(frozen=True)
class Kind:
    """A kind of market: its truth, and the day on which everybody predicts."""

    market: Market
    cutoff_day: int = 420

    @property
    def cutoff(self) -> pd.Timestamp:
        """The cutoff as a date."""
        return pd.Timestamp(self.market.start) + pd.Timedelta(days=self.cutoff_day)


KINDS: dict[str, Kind] = {
    "dense": Kind(_DENSE),
    "sparse": Kind(replace(_DENSE, customers=1500, r=0.4, alpha=60.0, a=0.8, b=3.0)),
    "seasonal": Kind(replace(_DENSE, season=0.6, days=900, birth_days=700), 840),
    "growing": Kind(replace(_DENSE, birth_days=415)),  # births until the cutoff
    "dying": Kind(replace(_DENSE, birth_days=60, a=1.5, b=4.0)),  # nobody new, and most have left
    "whales": Kind(replace(_DENSE, q=1.6, v=30.0, r=0.5)),  # spend and rates with heavy tails
    "short": Kind(replace(_DENSE, days=160, birth_days=90), 100),
    "irregular": Kind(replace(_DENSE, pareto=True, a=0.7, b=60.0, r=0.6, alpha=20.0)),
}


def best_prediction(kind: Kind, past: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Return the posterior chance of no purchase, purchases and spend within the horizon, by customer.

    Rates and dropouts are drawn once from their distributions, and weighed for each customer by the likelihood of the
    history x, t_x, T, as in the derivation of BG/NBD (Fader, Hardie, Lee 2005, eq. 1 to 3) or Pareto/NBD (2005 note,
    eq. 1): no integral is in closed form, so that nothing of what is measured is used. Season stretches time.
    """
    market, random = kind.market, np.random.default_rng(seed)
    rate = random.gamma(market.r, 1.0 / market.alpha, NODES)
    dropout = random.gamma(market.a, 1.0 / market.b, NODES) if market.pareto else random.beta(market.a, market.b, NODES)
    ids, x, t_x, age, clock = _histories(kind, past)
    ahead = clock[kind.cutoff_day + HORIZON_DAYS] - clock[kind.cutoff_day]
    out = np.empty((len(x), 2))
    for row in range(len(x)):
        out[row] = _of_customer(market, rate, dropout, x[row], t_x[row], age[row], ahead)
    answer = pd.DataFrame({"churn_score": out[:, 0], "expected_purchases": out[:, 1]}, index=ids)
    return answer.assign(expected_spend=answer["expected_purchases"] * _spend(market, past, answer.index))


def _histories(kind: Kind, past: pd.DataFrame) -> tuple[pd.Index, Array, Array, Array, Array]:
    """Return ids, x, and t_x and T from the first purchase in seasonal time, with the clock of that time by day."""
    market = kind.market
    days = np.arange(market.days + HORIZON_DAYS + 1)
    first_day = pd.Timestamp(market.start).day_of_year
    season = 1.0 + market.season * np.cos(2 * np.pi * (days + first_day - 320) / 365.25)
    clock = np.r_[0.0, np.cumsum((season[1:] + season[:-1]) / 2.0)]
    day = (past["timestamp"] - pd.Timestamp(market.start)).dt.total_seconds() / 86_400
    grouped = pd.DataFrame({ID: past[ID], "at": np.interp(day, days, clock)}).groupby(ID)["at"]
    first, last, count = grouped.min(), grouped.max(), grouped.size()
    now = np.interp(kind.cutoff_day, days, clock)
    return count.index, count.to_numpy() - 1, (last - first).to_numpy(), (now - first).to_numpy(), clock


def _of_customer(
    market: Market, rate: Array, dropout: Array, x: int, t_x: float, age: float, ahead: float
) -> tuple[float, float]:
    """Return the posterior chance of no purchase, and the expected purchases, of one history."""
    seen = x * np.log(rate) - rate * t_x
    silent = -rate * (age - t_x)
    if market.pareto:
        # alive until T, or left at some moment since t_x: integral of dropout exp(-(rate + dropout) s) over the silence
        both = rate + dropout
        alive = np.exp(seen + silent - dropout * age)
        left = np.exp(seen - dropout * t_x) * dropout / both * -np.expm1(-both * (age - t_x))
        stays = -np.expm1(-dropout * ahead) / np.maximum(dropout, 1e-12)
        none = dropout / both + rate / both * np.exp(-both * ahead)
    else:
        alive = np.exp(seen + silent + x * np.log1p(-dropout))
        left = np.exp(seen) * (np.exp((x - 1) * np.log1p(-dropout)) * dropout if x > 0 else 0.0)
        stays = -np.expm1(-rate * dropout * ahead) / np.maximum(rate * dropout, 1e-12)
        none = np.exp(-rate * ahead)
    total = (alive + left).sum()
    return float((left + alive * none).sum() / total), float((alive * rate * stays).sum() / total)


def _spend(market: Market, past: pd.DataFrame, ids: pd.Index) -> Array:
    """Return the posterior mean of spend per purchase: own and overall, weighed (Fader, Hardie 2013, eq. 5)."""
    grouped = past.groupby(ID)["amount"]
    count, total = grouped.size().reindex(ids).to_numpy(), grouped.sum().reindex(ids).to_numpy()
    return np.asarray(market.p * (market.v + total) / (market.p * count + market.q - 1.0))


def regrets(best: pd.DataFrame, answered: pd.DataFrame) -> dict[str, float]:
    """Return what an answer is expected to lose against the best prediction; 0 for the best prediction itself.

    Of chances the expected log-loss more than that of the best (Kullback-Leibler divergence, nats per customer), of
    purchases and spend the mean squared distance from the best, as a share of the variance of the best. No outcome is
    drawn, so that nothing of it is chance.
    """
    rows = answered.reindex(best.index)
    chance, sure = (np.clip(frame["churn_score"].to_numpy(), _SURE, 1.0 - _SURE) for frame in (rows, best))
    divergence = sure * np.log(sure / chance) + (1.0 - sure) * np.log((1.0 - sure) / (1.0 - chance))
    found = {"log-loss": float(divergence.mean())}
    for target in ("expected_purchases", "expected_spend"):
        distance = rows[target].to_numpy() - best[target].to_numpy()
        found[target] = float(np.mean(distance**2) / np.var(best[target].to_numpy()))
    return found


def measure(name: str, seed: int, checkouts: Mapping[str, Checkout]) -> pd.DataFrame:
    """Return the regret by choice and loss on one market; empty cells where a command was refused."""
    kind = KINDS[name]
    log = simulate(kind.market, seed).log
    case = LogCase(name, log.assign(timestamp=log["timestamp"].dt.normalize()), kind.cutoff, HORIZON_DAYS)
    best = best_prediction(kind, log[log["timestamp"] < kind.cutoff])
    rows = {}
    for choice, checkout in checkouts.items():
        print(f"{name}, seed {seed}: {choice} ...", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            given, home = Path(folder) / "case", Path(folder) / "home"
            given.mkdir()
            home.mkdir()
            case.write(given)
            try:
                answered, _ = answer(checkout, given, home)
            except RefusedError as error:
                print(f"{name}, seed {seed}: {choice}: {error}", flush=True)
                continue
        rows[choice] = regrets(best, answered)
    return pd.DataFrame(rows, dtype=float).T


def report(tables: Mapping[tuple[str, int], pd.DataFrame]) -> str:
    """Return regrets by market and choice, and the default's mean over that of the best fixed choice."""
    together = pd.concat(tables, names=["market", "seed", "choice"])
    by_market = together.groupby(["market", "choice"]).mean()
    mean = together.groupby("choice").mean().mean(axis=1)
    fixed = mean.drop(AUTO, errors="ignore")
    lines = [by_market.to_string(float_format="{:.4f}".format), "", "mean regret:", mean.to_string()]
    if AUTO in mean and len(fixed):
        lines.append(f"default / best fixed ({fixed.idxmin()}): {mean[AUTO] / fixed.min():.2f}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> str:
    """Print the regrets of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markets", nargs="+", choices=KINDS, default=list(KINDS), metavar="MARKET")
    parser.add_argument("--seeds", type=int, default=1, help="markets of each kind (default 1)")
    parser.add_argument("--checkout", type=Path, default=ROOT, help="whose commands (default this checkout)")
    parser.add_argument("--fixed", nargs="*", default=[], help="single fixed choices, such as clv=mbgnbd")
    parser.add_argument("--overrides", nargs="*", default=[], help="arguments for every training")
    given = parser.parse_args(arguments)
    folder, shared = given.checkout.resolve(), tuple(given.overrides)
    checkouts = {AUTO: Checkout(folder, shared)}
    checkouts |= {choice: Checkout(folder, (*shared, *choice.split(","))) for choice in given.fixed}
    tables = {(name, seed): measure(name, seed, checkouts) for name in given.markets for seed in range(given.seeds)}
    text = report(tables)
    print(text)
    return text


if __name__ == "__main__":
    main()
    sys.exit(0)
