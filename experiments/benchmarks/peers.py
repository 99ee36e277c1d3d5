"""Peers beside us on labelled tables, in one run: the same rows, the same splits, the same figures.

Telco (`--path`: the public sample of 7,043 customers of a telephone company), 21 stratified 75/25 splits: our default
run, AutoGluon's `good_quality` with its time limit of 120 seconds, XGBoost's defaults, logistic regression; AUC and
log-loss. TV subscriptions (inside `empulse`), 5 splits: our default run, XGBoost's defaults, logistic regression and
empulse's cost-sensitive models; AUC, and EMPC at its default campaign.

AutoGluon and empulse get an environment of their own (`peers.txt`) in `mlruns/cache`. What models said of the test rows
is kept beside it, each file as soon as it is known: a run that was killed goes on, peers are asked once, and we are
asked again whenever our code or `conf/` changed. `--fresh` asks everybody again.

    python experiments/benchmarks/peers.py --path telco.csv
"""

import argparse
import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from peer_answers import (
    ASKED,
    IN_ENVIRONMENT,
    KEPT,
    OF_TABLE,
    OURS,
    TEST_SHARE,
    Answer,
    Table,
    build_environment,
    read_telco,
    read_tv,
    remember,
)

from churnclv.evaluation.bootstrap import Sample, Scores, score
from churnclv.evaluation.maximum_profit import empc, maximum_profit_metric
from churnclv.evaluation.metrics import auc, log_loss, plain
from churnclv.evaluation.profit import Terms
from churnclv.files import write_json

CAMPAIGN = Terms(contact_cost=1.0, incentive_cost=10.0, acceptance_alpha=6.0, acceptance_beta=14.0)  # EMPC's defaults
LEAVER_VALUE = 200.0


def compare_telco(answers: Mapping[int, Mapping[str, Answer]], table: Table) -> dict[str, pd.DataFrame]:
    """Return metric -> figures by split and model, and print them."""
    found = {}
    for name, metric in {"AUC": auc, "log-loss": log_loss}.items():
        rows = {
            seed: {
                model: plain(metric, table.truth(seed), chances)
                for answer in by.values()
                for model, chances in answer.chances.items()
            }
            for seed, by in answers.items()
        }
        found[name] = pd.DataFrame(rows).T
        print_splits(f"{table.name}, {len(table.file):,} rows: {name} on the test quarter", found[name])
    return found


def print_splits(title: str, figures: pd.DataFrame) -> None:
    """Print figures by split, their means, and how far the others are from us with the standard error of that."""
    reference = reference_of(figures)
    apart = figures.drop(columns=reference).sub(figures[reference], axis=0)
    share = 1.0 / len(apart) + TEST_SHARE / (1.0 - TEST_SHARE)  # Nadeau, Bengio (2003): splits share their rows
    told = figures.copy()
    told.loc["mean"], told.loc["sd"] = figures.mean(), figures.std()
    told.loc[f"minus {reference}"] = apart.mean()
    told.loc["standard error"] = apart.std() / np.sqrt(len(apart))
    told.loc["... as rows are shared"] = apart.std() * np.sqrt(share)
    print(f"\n{title}\n{told.to_string(float_format='{:.4f}'.format, na_rep='')}", flush=True)


def reference_of(models: Collection[str]) -> str:
    """Return against whom the others are told."""
    return OURS if OURS in models else "logistic"


def compare_tv(answers: Mapping[int, Mapping[str, Answer]], table: Table) -> dict[str, Scores]:
    """Return the figures of split 0 and of all splits with intervals over customers drawn, and print them."""
    metrics = {"auc": auc, "empc": maximum_profit_metric(empc, LEAVER_VALUE, CAMPAIGN)}
    samples = [sample_of(table, seed, by) for seed, by in answers.items()]
    reference = reference_of(samples[0].predictions)
    found = {}
    for what, evaluated in {"split 0": samples[:1], f"mean of {len(samples)} splits": samples}.items():
        found[what] = score(evaluated, metrics, reference)
        print(f"\n{table.name}, {len(table.file):,} rows, {what} [95% interval]")
        print(f"{'':<12}{'AUC':>26}{'EMPC':>28}{f'AUC minus {reference}':>30}{f'EMPC minus {reference}':>30}")
        for model, figures in found[what].figures.items():
            apart = found[what].differences.get(model, {})
            print(f"{model:<12}{figures['auc']!s:>26}{figures['empc']!s:>28}", end="")
            print(f"{apart.get('auc', '')!s:>30}{apart.get('empc', '')!s:>30}", flush=True)
    return found


def sample_of(table: Table, seed: int, answers: Mapping[str, Answer]) -> Sample:
    """Return a split's test rows as what intervals are found from."""
    said = {str(name): column.to_numpy() for answer in answers.values() for name, column in answer.chances.items()}
    return Sample(table.truth(seed), said, np.flatnonzero(table.tested(seed)))


def print_cost(answers: Mapping[int, Mapping[str, Answer]]) -> None:
    """Print the median seconds of each fit, and the load of the machine beside them."""
    facts = [answer.facts for by in answers.values() for answer in by.values()]
    seconds = pd.DataFrame([fact["seconds"] for fact in facts]).median()
    load = [float(fact[when]) for fact in facts for when in ("load_before", "load_after")]
    told = ", ".join(f"{model} {took:.1f}" for model, took in seconds.items())
    print(f"\nmedian seconds: {told}; load average {min(load)} to {max(load)} on {os.cpu_count()} cores")


def as_plain(found: object) -> object:
    """Return figures as JSON has them."""
    if isinstance(found, pd.DataFrame):
        return found.to_dict(orient="index")
    return {"figures": found.figures, "differences": found.differences} if isinstance(found, Scores) else vars(found)


def compare(tables: Sequence[Table], without: Sequence[str]) -> None:
    """Ask whoever has not answered yet, print the tables and keep them as JSON."""
    everything = {}
    for table in tables:
        asked = [who for who in OF_TABLE[table.name] if who not in without]
        answers = {seed: {who: remember(who, table, seed) for who in asked} for seed in table.seeds}
        found = (compare_tv if len(table.costs.columns) else compare_telco)(answers, table)
        print_cost(answers)
        facts = {seed: {who: answer.facts for who, answer in by.items()} for seed, by in answers.items()}
        everything[table.name] = {"figures": found, "facts": facts}
    plainly = json.loads(json.dumps(everything, default=as_plain))
    write_json(KEPT / "figures.json", plainly)
    print(f"\nwritten to {KEPT / 'figures.json'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--path", type=Path, help="the Telco file; without it only the TV subscriptions are compared")
    parser.add_argument("--splits", type=int, help="only the first splits of each table")
    parser.add_argument("--without", nargs="*", default=[], choices=ASKED, help="whom not to ask")
    parser.add_argument("--fresh", action="store_true", help="forget what was answered before")
    given = parser.parse_args()
    if given.fresh:
        shutil.rmtree(KEPT, ignore_errors=True)
    if not set(IN_ENVIRONMENT) <= set(given.without):
        build_environment()
    chosen = [read_telco(given.path)] if given.path else []
    tables = [replace(table, seeds=table.seeds[: given.splits]) for table in (*chosen, read_tv())]
    compare(tables, given.without)
