"""Learners of effects on a real experiment: Hillstrom's e-mails, each arm against none, visits and spend.

The file is not part of the project: `--path hillstrom.csv` names it (64,000 customers; columns segment, visit, spend
and eight features). All effects are cross-fitted on fixed folds. `auto` weighs its learners within the training rows of
each fold, so that its figures are as honest as those of the others. Rankings are compared on the same bootstrap draws;
policies are evaluated by doubly robust scores, with the costs of `COSTS`. `--peers` adds causalml and scikit-uplift, on
the same folds, in an environment of their own, which is made once.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from peer_answers import HERE, PASSIVE, build_environment, call

from churnclv.evaluation.bootstrap import Interval
from churnclv.evaluation.policy_value import evaluate_policies, treat_all, treat_none, treat_top
from churnclv.evaluation.treatment_effects import Responses, arm_scores, mean_interval
from churnclv.evaluation.uplift_evaluation import UpliftFigures, evaluate_rankings
from churnclv.uplift.cross_fitting import cross_fit_outcomes, draw_folds
from churnclv.uplift.effect_selection import FOLDS, Candidate, all_candidates, cross_fit_effects
from churnclv.uplift.uplift_model import UpliftModel

FEATURES = ["recency", "history", "mens", "womens", "zip_code", "newbie", "channel", "history_segment"]
ARMS = {"womens": "Womens E-Mail", "mens": "Mens E-Mail"}
OUTCOMES = ("visit", "spend")
CONTROL = "No E-Mail"
REFERENCE = Candidate("t_learner", "linear")
AUTO, LIKELY = "auto", "ranking by the expected outcome without contact"
COSTS = {"visit": 0.04, "spend": 0.2}  # of a contact, in the unit of the outcome
SHARE = 0.5  # of customers contacted by the policies that rank


def read_experiment(path: Path, arm: str, outcome: str) -> tuple[pd.DataFrame, Responses]:
    """Return features and responses of one arm and control."""
    table = pd.read_csv(path)
    table = table[table["segment"].isin([ARMS[arm], CONTROL])].reset_index(drop=True)
    treated = (table["segment"] == ARMS[arm]).to_numpy().astype(np.int64)
    return table[FEATURES], Responses.randomised(table[outcome].to_numpy(dtype=float), treated)


def cross_fit_auto(features: pd.DataFrame, responses: Responses, seed: int) -> tuple[np.ndarray, list[str]]:
    """Return the effects of the whole procedure, weighing included, and what each fold has chosen."""
    fold, effects, chosen = draw_folds(responses, FOLDS, seed), np.empty(len(responses)), []
    for held in range(FOLDS):
        inside = fold == held
        model = UpliftModel(seed=seed).fit(features[~inside], responses.take(~inside))
        effects[inside] = model.effects(features[inside])[:, 0]
        chosen.append(model.selections["treatment"].chosen)
    return effects, chosen


def ask_peers(
    features: pd.DataFrame, responses: Responses, python: Path, seed: int
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Return the peers' effects on our folds, and their seconds."""
    fold = draw_folds(responses, FOLDS, seed)
    with tempfile.TemporaryDirectory() as name:
        table, effects = Path(name) / "table.parquet", Path(name) / "effects.parquet"
        features.assign(arm=responses.arm, outcome=responses.outcome, fold=fold).to_parquet(table)
        printed = call([str(python), str(HERE / "uplift_peers.py"), str(table), "--out", str(effects)], PASSIVE)
        answered = pd.read_parquet(effects)
    return {name: answered[name].to_numpy() for name in answered}, json.loads(printed.splitlines()[-1])


def compare(
    features: pd.DataFrame, responses: Responses, outcome: str, *, seed: int, with_auto: bool, peers: Path | None
) -> None:
    """Print all figures of one arm and outcome; `peers` is the interpreter of their environment."""
    expected = cross_fit_outcomes(features, responses, seed=seed)
    rankings, seconds = {}, {}
    for candidate in all_candidates():
        start = time.perf_counter()
        rankings[str(candidate)] = cross_fit_effects(features, responses, candidate, seed=seed)
        seconds[str(candidate)] = time.perf_counter() - start
    if peers is not None:
        answered, spent = ask_peers(features, responses, peers, seed)
        rankings, seconds = rankings | answered, seconds | spent
    rankings[LIKELY] = expected[:, 0]
    if with_auto:
        start = time.perf_counter()
        rankings[AUTO], chosen = cross_fit_auto(features, responses, seed)
        seconds[AUTO] = time.perf_counter() - start
        print(f"auto chose in its folds: {'; '.join(chosen)}")
    scores = arm_scores(responses, expected)
    print(f"average effect {mean_interval(scores[:, 1] - scores[:, 0]).write('.4f')}")
    print_rankings(evaluate_rankings(responses, rankings, str(REFERENCE), expected, seed=seed), seconds)
    print_policies(rankings, scores, outcome)


def print_rankings(figures: UpliftFigures, seconds: dict[str, float]) -> None:
    """Print a row per ranking: areas x 1000, the difference to the reference, RATE and its p-value."""
    print("ranking | area x 1000 | less logistic T | Qini x 1000 | AUTOC | p | RATE Qini x 1000 | top tenth | s")
    for name, curves in figures.curves.figures.items():
        rates, apart = figures.rates.figures[name], figures.curves.differences.get(name, {}).get("uplift_area")
        cells = [
            name,
            thousandfold(curves["uplift_area"]),
            thousandfold(apart) if apart else "",
            thousandfold(curves["qini_area"]),
            rates["rate_autoc"].write(".4f"),
            f"{figures.p_values[name]['rate_autoc']:.1e}",
            thousandfold(rates["rate_qini"]),
            curves["uplift_at_10"].write(".3f"),
            f"{seconds.get(name, 0.0):.0f}",
        ]
        print(" | ".join(cells), flush=True)


def print_policies(rankings: dict[str, np.ndarray], scores: np.ndarray, outcome: str) -> None:
    """Print values per customer, net of the cost of contacts, and gains over contacting everybody."""
    cost, n = COSTS[outcome], len(scores)
    policies = {"all": treat_all(n), "none": treat_none(n)}
    for name, ranking in rankings.items():
        if name != LIKELY:
            policies[f"{name}: effect above the cost"] = (ranking > cost).astype(np.int64)
        policies[f"{name}: best half"] = treat_top(ranking, SHARE)
    print(f"policy, a contact costs {cost} | net value x 1000 | gain over all x 1000 | treated")
    for name, found in evaluate_policies(scores, policies, "all", cost).items():
        print(f"{name} | {thousandfold(found.value)} | {thousandfold(found.gain)} | {found.treated:.0%}", flush=True)


def thousandfold(figure: Interval) -> str:
    """Return a figure with its interval, times a thousand."""
    return Interval(1e3 * figure.value, 1e3 * figure.low, 1e3 * figure.high).write(".2f")


def main() -> None:
    """Read the arguments and print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="hillstrom.csv")
    parser.add_argument("--arm", choices=ARMS, help="one arm alone")
    parser.add_argument("--outcome", choices=OUTCOMES, help="one outcome alone")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without-auto", action="store_true", help="leave out the weighing within folds (most time)")
    parser.add_argument("--peers", action="store_true", help="beside causalml and scikit-uplift")
    given = parser.parse_args()
    peers = build_environment("uplift") / "bin" / "python" if given.peers else None
    for arm in [given.arm] if given.arm else ARMS:
        for outcome in [given.outcome] if given.outcome else OUTCOMES:
            features, responses = read_experiment(given.path, arm, outcome)
            print(f"\n## {arm}, {outcome}: {len(responses):,} customers", flush=True)
            with_auto = not given.without_auto
            compare(features, responses, outcome, seed=given.seed, with_auto=with_auto, peers=peers)


if __name__ == "__main__":
    main()
