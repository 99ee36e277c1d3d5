"""The scoring server under load: how fast it answers, and whether anything makes it fail or grow.

    python experiments/benchmarks/serving.py BUNDLE orders.csv --as-of 1998-07-01

It serves a bundle on a free port, sends it the events of customers of the log (a CSV with a header, as in training),
and prints each figure with the load average of the machine, which it shares with the clients.
"""

import argparse
import http.client
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from churnclv.bundle.loading import load_bundle

PATIENCE_SECONDS = 600.0
CLIENTS, SLOW = 200, 100


@dataclass
class Served:
    """A running server, and the log by customer."""

    port: int
    process: int
    events: dict[str, pd.DataFrame]
    as_of: str

    def body(self, customers: list[str]) -> bytes:
        """Return the events of customers as CSV."""
        return pd.concat([self.events[name] for name in customers]).to_csv(index=False).encode()

    def call(self, body: bytes) -> tuple[int, float]:
        """Send one request; return its status, 0 for a broken connection, and the seconds to its answer."""
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("POST", f"/invocations?as_of={self.as_of}", body, {"Content-Type": "text/csv"})
            answer = connection.getresponse()
            answer.read()
            return answer.status, time.perf_counter() - began
        except OSError:
            return 0, time.perf_counter() - began
        finally:
            connection.close()

    def memory_mib(self) -> float:
        """Return the resident memory of the server."""
        lines = Path(f"/proc/{self.process}/status").read_text().splitlines()
        return float(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024

    def processor_seconds(self) -> float:
        """Return the processor time that the server has used."""
        cells = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(cells[11]) + int(cells[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(bundle: Path, log: Path, as_of: str) -> Iterator[Served]:
    """Serve the bundle until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    column = load_bundle(bundle, code="installed").specification.data.columns.customer_id
    events = {str(name): rows for name, rows in pd.read_csv(log, dtype=str).groupby(column)}
    process = subprocess.Popen([sys.executable, "-m", "churnclv", "serve", f"model={bundle}", f"port={port}"])
    served = Served(port, process.pid, events, as_of)
    try:
        first = [next(iter(events))]
        while served.call(served.body(first))[0] == 0:
            time.sleep(0.5)
        yield served
    finally:
        process.terminate()
        process.wait()


def report(what: str, figure: str) -> None:
    """Print one row of the table."""
    print(f"| {what} | {figure} | {os.getloadavg()[0]:.1f} |", flush=True)


def measure_latency(served: Served, draws: np.random.Generator, requests: int) -> None:
    """One customer at a time, then 1,000 in one request."""
    names, used = list(served.events), served.processor_seconds()
    seconds = [served.call(served.body([str(name)]))[1] for name in draws.choice(names, requests)]
    used = (served.processor_seconds() - used) / requests
    middle, high = np.percentile(seconds, (50, 95))
    report("one customer", f"p50 {middle:.3f} s, p95 {high:.3f} s, processor {used:.3f} s")
    thousand = served.body([str(name) for name in draws.choice(names, min(1000, len(names)), replace=False)])
    before = served.processor_seconds()
    status, wall = served.call(thousand)
    report("1,000 customers", f"{wall:.2f} s, processor {served.processor_seconds() - before:.2f} s, status {status}")


def measure_load(served: Served, draws: np.random.Generator, requests: int) -> None:
    """Many clients at once, and many requests one after the other."""
    bodies = [served.body([str(name)]) for name in draws.choice(list(served.events), CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = Counter(status for status, _ in pool.map(served.call, bodies))
    report(f"{CLIENTS} clients at once, by status", str(dict(statuses)))
    before = served.memory_mib()
    statuses = Counter(served.call(bodies[place % CLIENTS])[0] for place in range(requests))
    report(f"{requests:,} requests", f"{before:.0f} to {served.memory_mib():.0f} MiB, by status {dict(statuses)}")


def measure_slow(served: Served) -> None:
    """Clients that never finish their request, and a good one beside them."""
    slow = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(SLOW)]
    for each in slow:
        each.sendall(b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Le")
    status, seconds = served.call(served.body([next(iter(served.events))]))
    closed = 0
    for each in slow:
        each.settimeout(60.0)
        try:
            closed += each.recv(1) == b""
        except ConnectionError:
            closed += 1
        except TimeoutError:
            pass
        each.close()
    report(f"{SLOW} slow sockets", f"{closed} closed; a good request meanwhile: status {status}, {seconds:.3f} s")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("--as-of", required=True, help="the day of the scores")
    parser.add_argument("--single", type=int, default=100, help="requests of one customer that are timed")
    parser.add_argument("--requests", type=int, default=2000, help="requests during which the server may not grow")
    given = parser.parse_args()
    draws = np.random.default_rng(0)
    with serving(given.bundle, given.log, given.as_of) as served:
        print("| what | figure | load average |\n|---|---|---|")
        measure_latency(served, draws, given.single)
        measure_slow(served)
        measure_load(served, draws, given.requests)


if __name__ == "__main__":
    main()
