"""How many customers a churn model needs: held-out log-loss and AUC against the number of customers learned from.

`python experiments/benchmarks/sample_size.py --orders 1000000` draws a log as `scale.py` does, with ten orders per
customer, and builds features at four cutoffs. A fifth of the customers is held out. Logistic regression and boosted
trees are fitted on ever more of the others, at the first three cutoffs, and predict the held-out customers at the last
one. Each size is drawn several times; the spread is that of the draws. Where the curve is flat, more customers than
`tuning.max_customers` would not help.
"""

import argparse
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np
from scale import HORIZON_DAYS, composed, draw_log

from churnclv.churn.boosted import BoostedChurnModel
from churnclv.churn.log_odds import expit
from churnclv.churn.logistic import LogisticChurnModel
from churnclv.data.engine import connect
from churnclv.data.events import read_events
from churnclv.evaluation.metrics import auc, log_loss, plain
from churnclv.features.dataset import Dataset
from churnclv.features.families import present_families
from churnclv.features.preparation import prepare

CUTOFFS = 4
HELD_OUT = 5  # one customer in so many
DRAWS = 2
TREES = {"max_depth": 4, "learning_rate": 0.1, "min_child_weight": 50, "subsample": 0.8, "colsample_bytree": 0.5}
ROUNDS = 150


def build(path: Path, folder: Path) -> Dataset:
    """Return the labelled rows of the log at four cutoffs."""
    config = composed([f"windows.horizon_days={HORIZON_DAYS}"], path)
    events = read_events(connect(config.engine, folder), config.data)
    cutoffs = [events.end - timedelta(days=HORIZON_DAYS * (CUTOFFS - place)) for place in range(CUTOFFS)]
    config.features.families = present_families(events.table, config.features.families, cutoffs[-1])
    return prepare(events, cutoffs, events.end, config.features, config.windows, folder).training


def evaluate(rows: Dataset, learned: np.ndarray, held_out: np.ndarray) -> dict[str, tuple[float, float]]:
    """Return log-loss and AUC of each model on the held-out rows."""
    train, truth = rows.X.iloc[learned], rows.churned[held_out]
    models = {"logistic": LogisticChurnModel(), "trees": BoostedChurnModel(TREES, ROUNDS, threads=1)}
    figures = {}
    for name, model in models.items():
        chances = expit(model.fit(train, rows.churned[learned]).log_odds(rows.X.iloc[held_out]))
        figures[name] = (plain(log_loss, truth, chances), plain(auc, truth, chances))
    return figures


def curve(rows: Dataset, sizes: list[int]) -> None:
    """Print the figures of each number of customers."""
    last = rows.parts.max()
    customers = int(rows.customers.max()) + 1
    at_last = (rows.parts == last).to_numpy()
    held_out = np.flatnonzero(at_last & (rows.customers % HELD_OUT == 0))
    others = np.flatnonzero(np.arange(customers) % HELD_OUT)
    print(f"{customers:,} customers, {len(held_out):,} held-out rows, {len(rows.names)} columns", flush=True)
    for size in (size for size in sizes if size <= len(others)):
        drawn = [np.random.default_rng(seed).permutation(others)[:size] for seed in range(DRAWS)]
        learned = [np.flatnonzero(~at_last & np.isin(rows.customers, chosen)) for chosen in drawn]
        each = [evaluate(rows, places, held_out) for places in learned]
        for name in each[0]:
            losses, areas = (np.array([figures[name][place] for figures in each]) for place in (0, 1))
            print(
                f"{size:>9,} {name:9} log-loss {losses.mean():.5f} ± {losses.std():.5f}, AUC {areas.mean():.4f}"
                f" ± {areas.std():.4f}",
                flush=True,
            )


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=1_000_000, help="size of the log")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="keeps the log")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 3000, 10_000, 30_000, 80_000, 250_000])
    given = parser.parse_args()
    path = given.folder / f"orders-{given.orders}.parquet"
    if not path.exists():
        draw_log(path, given.orders)
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        curve(build(path, Path(name)), given.sizes)


if __name__ == "__main__":
    main()
