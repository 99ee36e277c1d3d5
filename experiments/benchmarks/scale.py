"""What a log of many orders costs: wall time, processor time and peak memory of whole processes.

`python experiments/benchmarks/scale.py --orders 300000 1000000` draws a log per size, orders by BG/NBD and spend by
Gamma-Gamma, ten orders per customer, in time order. It then reads the log, builds features at 7 cutoffs, trains,
exports and scores, each in a process of its own, and prints one row per step and the growth exponents between sizes.
Beside other work, compare processor seconds: wall time is the machine's.

`--kills 10` scores once more, killed (-9) ten times at random moments, and prints whether the file is that of a scoring
that was not killed, and how many blocks were scored twice.
"""

import argparse
import json
import math
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from churnclv.data.engine import connect
from churnclv.data.events import read_events
from churnclv.features.families import present_families
from churnclv.features.preparation import prepare
from churnclv.files import PROJECT
from churnclv.pipeline.settings import TrainConfig
from churnclv.testing.market import Market, simulate

ORDERS_PER_CUSTOMER = 10
CUTOFFS = 7
BATCH_CUSTOMERS = 20_000
STEPS = ("read", "features", "train", "export", "score")
HORIZON_DAYS = 60


def draw_log(path: Path, orders: int) -> None:
    """Write a log of about so many orders as Parquet: drawn in batches of customers, sorted by the engine."""
    with tempfile.TemporaryDirectory(dir=path.parent) as name:
        for batch in range(math.ceil(orders / ORDERS_PER_CUSTOMER / BATCH_CUSTOMERS)):
            first = batch * BATCH_CUSTOMERS
            customers = min(BATCH_CUSTOMERS, orders // ORDERS_PER_CUSTOMER - first)
            draw_batch(Path(name) / f"{batch:05}.parquet", batch, first, customers)
        engine = duckdb.connect(config={"memory_limit": "1GB", "temp_directory": name})
        drawn = f"FROM read_parquet('{name}/*.parquet') ORDER BY timestamp, customer_id, order_id"
        engine.execute(f"COPY (SELECT * {drawn}) TO '{path}' (FORMAT parquet)")


def draw_batch(path: Path, batch: int, first: int, customers: int) -> None:
    """Write the orders of one batch of customers, whose ids count from `first`."""
    market = Market(customers=customers, r=0.9, alpha=29.5, a=0.5, b=5.0)
    log = simulate(market, seed=batch).log
    number = log["customer_id"].str[1:].astype("int64") + first
    log["customer_id"] = "C" + number.astype(str).str.zfill(9)
    log.insert(1, "order_id", first * 100 + log.index)
    log.to_parquet(path, index=False)


def spent() -> tuple[float, float]:
    """Return the wall clock and this process' processor seconds."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return time.monotonic(), usage.ru_utime + usage.ru_stime


def bench_features(path: Path, home: Path, options: list[str]) -> None:
    """Read a log and build its features at 7 cutoffs; print what reading had cost until then."""
    config = composed(options, path)
    events = read_events(connect(config.engine, home / "spill"), config.data)
    print(json.dumps({"step": "read", "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "at": spent()}))
    cutoffs = [events.end - timedelta(days=HORIZON_DAYS * (CUTOFFS - place)) for place in range(CUTOFFS)]
    features = config.features
    features.families = present_families(events.table, features.families, cutoffs[-1])
    config.windows.horizon_days = HORIZON_DAYS
    cache = home / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    built = prepare(events, cutoffs[:-1], cutoffs[-1], features, config.windows, cache, config.data)
    print(json.dumps({"rows": len(built.training) + len(built.sealed), "columns": len(built.training.names)}))


def composed(options: list[str], path: Path):  # noqa: ANN201 # a configuration
    """Return the configuration of a training with these choices."""
    ConfigStore.instance().store(name="train_schema", node=TrainConfig)
    with hydra.initialize_config_dir(str(PROJECT / "conf"), version_base="1.3"):
        chosen = hydra.compose("train", [*log_options(path), *options])
    return OmegaConf.to_object(chosen)


def log_options(path: Path) -> list[str]:
    """Return the choices that name the log."""
    return ["data=transactions", f"data.path={path}", "data.columns.order_id=order_id"]


def run(command: list[str], home: Path) -> tuple[dict, str]:
    """Run a command to its end; return what it cost, and its output and progress."""
    begin = time.monotonic()
    environment = {**os.environ, "MLRUNS": str(home)}
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    cost = {"wall": time.monotonic() - begin, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss / 2**20}
    if process.returncode:
        print(f"{' '.join(command[2:5])} ended with {process.returncode}:\n{text[-2000:]}", flush=True)
    return cost, text


def bench(
    orders: int, folder: Path, steps: list[str], options: list[str], *, verbose: bool, kills: int
) -> dict[str, dict]:
    """Draw a log, if it is not there, and run the steps; return what each cost."""
    path, python = folder / f"orders-{orders}.parquet", [sys.executable, "-m", "churnclv"]
    if not path.exists():
        draw_log(path, orders)
    choices = [*options, f"windows.horizon_days={HORIZON_DAYS}"]
    costs = {}
    with tempfile.TemporaryDirectory(dir=folder) as name:
        home = Path(name)
        of_step = {
            "train": [*python, "train", *log_options(path), *choices],
            "export": [*python, "export"],
            "score": [*python, "score", f"input={path}", f"output={home / 'scores.csv'}"],
        }
        if {"read", "features"} & set(steps):
            costs |= bench_reading(path, home, options)
        for step in (step for step in steps if step in of_step):
            costs[step], text = run(of_step[step], home)
            if verbose:
                print(text, flush=True)
            show(orders, step, costs[step])
        if kills:
            show_kills(of_step["score"], home, kills, costs["score"]["wall"])
    return costs


def show_kills(command: list[str], home: Path, kills: int, longest: float) -> None:
    """Score in a process that is killed so many times, and print what became of its output and its blocks."""
    whole, killed = (home / f"{name}.csv" for name in ("scores", "killed"))
    words = [word.replace(str(whole), str(killed)) for word in command]
    draw, environment = random.Random(0), {**os.environ, "MLRUNS": str(home)}
    blocks, again, done = {}, 0, 0
    while done < kills:
        process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(draw.uniform(0.3, 1.0) * longest)
        except subprocess.TimeoutExpired:
            process.kill()
            done += 1
        process.wait()
        now = {path.name: path.stat().st_mtime_ns for path in home.glob(".killed.csv*parts/*.parquet")}
        again += sum(blocks.get(name, written) != written for name, written in now.items())
        blocks = now
    subprocess.run(words, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    same = whole.read_bytes() == killed.read_bytes()
    print(f"killed {kills} times: the same file: {same}; blocks scored again: {again}", flush=True)


def bench_reading(path: Path, home: Path, options: list[str]) -> dict[str, dict]:
    """Return what reading alone costs, and reading and features together."""
    begin = time.monotonic()
    both, text = run([sys.executable, __file__, "--reads", str(path), *options], home)
    marks = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    read = next((mark for mark in marks if mark.get("step") == "read"), None)
    costs = {"features": both}
    if read is not None:
        wall, cpu = read["at"]
        costs["read"] = {"wall": wall - begin, "cpu": cpu, "peak": read["peak_kib"] / 2**20}
    for step in ("read", "features"):
        if step in costs:
            show(
                int(path.stem.rpartition("-")[2]), f"{step}{' (with read)' if step == 'features' else ''}", costs[step]
            )
    return costs


def show(orders: int, step: str, cost: dict) -> None:
    """Print one row."""
    print(f"{orders:>11,} {step:22} {cost['wall']:8.1f} s {cost['cpu']:8.1f} cpu s {cost['peak']:7.2f} GiB", flush=True)


def show_exponents(costs: dict[int, dict[str, dict]]) -> None:
    """Print by what power of the number of orders each cost grew from size to size."""
    sizes = sorted(costs)
    for small, large in pairwise(sizes):
        for step in (step for step in costs[small] if step in costs[large]):
            one, other, times = costs[small][step], costs[large][step], math.log(large / small)
            powers = {name: math.log(other[name] / one[name]) / times for name in ("cpu", "peak")}
            print(f"{small:,} to {large:,} {step}: cpu {powers['cpu']:.2f}, peak {powers['peak']:.2f}")


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, nargs="+", default=[300_000, 1_000_000], help="sizes of the logs")
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS), help="default: all")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="keeps the logs")
    parser.add_argument("--kills", type=int, default=0, help="kill a further scoring so many times")
    parser.add_argument("--verbose", action="store_true", help="print the steps' output")
    parser.add_argument("--reads", type=Path, help=argparse.SUPPRESS)
    given, options = parser.parse_known_args()
    if given.reads is not None:
        bench_features(given.reads, Path(os.environ["MLRUNS"]), options)
        return
    given.folder.mkdir(parents=True, exist_ok=True)
    chosen = options or ["tuning.n_trials=2"]
    show_exponents(
        {
            orders: bench(orders, given.folder, given.steps, chosen, verbose=given.verbose, kills=given.kills)
            for orders in given.orders
        }
    )


if __name__ == "__main__":
    main()
