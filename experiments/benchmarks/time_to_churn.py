"""Time to churn: whole curves of survival, ours and others', of contracts that run at a cutoff and are then followed.

    python experiments/benchmarks/time_to_churn.py simulated   # subscriptions with known truth
    python experiments/benchmarks/time_to_churn.py FOLDER      # the Telco contracts: four months of recorded ends

Everybody is fitted on what was known before the cutoff. Predicted is the chance that a contract of its age still runs
after each month ahead. `sbg` and `age_hazard` see ages alone, as Kaplan and Meier do; `churn_score` is the curve of the
bundle that `make train` and `make export` make by default; `cox` is lifelines' proportional hazards on the same
attributes, with contracts that enter the record late. The figures are the project's; scikit-survival has to agree.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from peer_answers import HERE, PASSIVE, build_environment, call
from survival_metrics import FollowedContracts, calibration_by_decile, concordance, integrated_brier_score

from churnclv.bundle.loading import load_bundle
from churnclv.clv.age_hazard import AgeHazardModel
from churnclv.clv.shifted_beta_geometric import ShiftedBetaGeometricModel
from churnclv.evaluation.metrics import Array
from churnclv.files import write_json
from churnclv.report.survival import estimate_survival
from churnclv.time_units import DAYS_PER_MONTH

CUTOFF = pd.Timestamp("2022-01-01")
SHOWN_MONTHS = (3, 6, 12, 24)
_BIRTH_MONTHS, _AHEAD_MONTHS, _FOLLOWED_MONTHS = 48, 24, 26
_JUMPS = (11, 23)  # the last months of the first and of the second year
_PLANS = {"basic": (10.0, 1.6), "plus": (25.0, 0.6)}  # price, odds
_LOST_SHARE = 0.3
_LONGEST_MONTHS = 400
_AGREES = 1e-6


@dataclass(frozen=True)
class Case:
    """Contracts around a cutoff; ages and durations are in months.

    Attributes:
        name: of the case.
        record: before the cutoff, one row per contract: age `entered`, age `lasted`, `ended`, and numeric attributes.
        running: contracts at the cutoff: `age`, and the same attributes.
        seen: what happened to these.
        moments: months ahead.
        known: survival curves of these that need no fit, such as the truth.
    """

    name: str
    record: pd.DataFrame
    running: pd.DataFrame
    seen: FollowedContracts
    moments: Array
    known: Mapping[str, Array]


def simulate(jump: float, seed: int, contracts: int = 6000) -> tuple[Case, pd.DataFrame]:
    """Return a market of subscriptions, with odds of ending `jump` times as high at 12 and 24 months; and its table.

    Odds are Beta-distributed between customers, and differ between two plans.
    """
    random = np.random.default_rng(seed)
    plan = random.choice(list(_PLANS), contracts)
    price, odds = (np.array([_PLANS[name][place] for name in plan]) for place in (0, 1))
    own = random.beta(1.0, 15.0, contracts)
    factors = np.ones(_BIRTH_MONTHS + _FOLLOWED_MONTHS + 1)
    factors[list(_JUMPS)] = jump
    ahead = (odds * own / (1.0 - own))[:, None] * factors
    hazards = ahead / (1.0 + ahead)
    left = random.random(hazards.shape) < hazards
    month = np.where(left.any(axis=1), left.argmax(axis=1), _LONGEST_MONTHS)
    life = month + random.random(contracts)
    age = random.uniform(0.0, _BIRTH_MONTHS, contracts)  # at the cutoff, of those that have not ended
    sight = np.where(random.random(contracts) < _LOST_SHARE, random.uniform(0.0, 1.0, contracts), 1.0)
    case = _simulated_case(f"jump of {jump:g}", life, age, sight * _FOLLOWED_MONTHS, pd.DataFrame({"price": price}))
    log_stays = np.column_stack([np.zeros(contracts), np.cumsum(np.log1p(-hazards), axis=1)])
    running = life > age
    truth = _conditional(log_stays[running], age[running], case.moments)
    table = _table(life, age, price, plan)
    return Case(**{**vars(case), "known": {"truth": truth}}), table


def _simulated_case(name: str, life: Array, age: Array, sight: Array, attributes: pd.DataFrame) -> Case:
    record = attributes.assign(entered=0.0, lasted=np.minimum(life, age), ended=life <= age)
    running = life > age
    left, sight = (life - age)[running], sight[running]
    seen = FollowedContracts(np.minimum(left, sight), left <= sight)
    moments = np.arange(1.0, _AHEAD_MONTHS + 1.0)
    return Case(name, record, attributes[running].assign(age=age[running]), seen, moments, {})


def _table(life: Array, age: Array, price: Array, plan: Any) -> pd.DataFrame:
    """Return the contracts as a company would export them at the cutoff: no end is known that comes after it."""
    start = CUTOFF - pd.to_timedelta(age * DAYS_PER_MONTH, unit="D")
    end = start + pd.to_timedelta(np.minimum(life, age + 1.0) * DAYS_PER_MONTH, unit="D")
    ids = [f"C{number:05}" for number in range(len(life))]
    table = pd.DataFrame({"customer_id": ids, "start": start, "end": end, "price": price, "plan": plan})
    return table.assign(end=table["end"].where(life <= age)).astype(
        {"end": "datetime64[us]", "start": "datetime64[us]"}
    )


def read_telco(folder: Path) -> Case:
    """Return the Telco contracts at 2019-11-01: one month of ends is known by then, three follow.

    Contracts end on firsts of months. An end stands for the month that begins with it: it is placed in its middle.
    """
    table = pd.read_csv(folder / "contract.csv", dtype=str, keep_default_na=False)
    begin, end = (_month_number(table[name]) for name in ("BeginDate", "EndDate"))
    since, cutoff = 2019 * 12 + 9, 2019 * 12 + 10
    terms = {"One year": table["Type"] == "One year", "Two year": table["Type"] == "Two year"}
    paid = {"paperless": table["PaperlessBilling"] == "Yes", "check": table["PaymentMethod"] == "Electronic check"}
    attributes = pd.DataFrame({**terms, **paid}).astype(float)
    attributes["price"] = table["MonthlyCharges"].astype(float)
    begun = (begin < cutoff).to_numpy()
    gone = (end < cutoff).to_numpy()
    entered, lasted = np.maximum(since - begin, 0.0), np.where(gone, end + 0.5, cutoff) - begin
    record = attributes.assign(entered=entered, lasted=lasted, ended=gone)[begun]
    running = begun & ~gone
    ended = (end < _LONGEST_MONTHS * 100).to_numpy()[running]
    days = np.where(ended, (end - cutoff)[running] + 0.5, 3.5)
    ages = attributes[running].assign(age=(cutoff - begin)[running])
    return Case("telco", record, ages, FollowedContracts(days, ended), np.array([1.0, 2.0, 3.0]), {})


def _month_number(texts: "pd.Series[str]") -> "pd.Series[float]":
    dates = pd.to_datetime(texts.where(texts != "No"))
    return (dates.dt.year * 12.0 + dates.dt.month - 1.0).fillna(_LONGEST_MONTHS * 1000.0)


def _conditional(log_survival: Array, age: Array, moments: Array) -> Array:
    """Return S(age + moment) / S(age), (n, k), from log S at whole months, (n, months) or (months,), linear between."""
    rows = np.broadcast_to(log_survival, (len(age), log_survival.shape[-1]))
    months = np.arange(rows.shape[1])
    return np.array([
        np.exp(np.interp(own + moments, months, curve) - np.interp(own, months, curve))
        for own, curve in zip(age, rows, strict=True)
    ])  # fmt: skip


def predict_all(case: Case, peers: Path) -> dict[str, Array]:
    """Return the survival of the running contracts by each model without a bundle, (n, k)."""
    record, age = case.record, case.running["age"].to_numpy()
    reach = int(age.max() + case.moments[-1]) + 2
    stays = record.assign(n=1, ended=record["ended"].astype(int))
    curve = estimate_survival(stays)
    share = np.r_[1.0, curve.share]
    at = share[np.searchsorted(curve.days, age[:, None] + np.r_[0.0, case.moments], side="right")]
    seen = np.divide(at[:, 1:], at[:, :1], out=np.zeros((len(age), len(case.moments))), where=at[:, :1] > 0)
    entered, whole = np.ceil(record["entered"].to_numpy()), np.floor(record["lasted"].to_numpy())
    ended = record["ended"].to_numpy()
    whole_months = whole + ended > entered
    entered, whole, ended = entered[whole_months], whole[whole_months], ended[whole_months]
    sbg = ShiftedBetaGeometricModel().fit(entered, whole, ended)
    hazard = AgeHazardModel(DAYS_PER_MONTH).fit(*_single_months(entered, whole, ended))
    print(f"{case.name}: factor by age {'taken' if hazard.gain.is_taken else 'not taken'}, {hazard.gain.sentence}")
    by_age = {"sbg": sbg.survival(np.arange(reach)), "age_hazard": hazard.survival(reach - 1)}
    ours = {name: _conditional(np.log(values), age, case.moments) for name, values in by_age.items()}
    return {**case.known, "kaplan_meier": seen, **ours, "cox": _cox(case, peers)}


def _single_months(entered: Array, whole: Array, ended: Any) -> tuple[Array, Any]:
    """Return a row per contract and month in which it was seen: the age at its start, and whether it ended in it."""
    lengths = (whole - entered + ended).astype(int)
    contract = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(contract)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return entered[contract] + place, ended[contract] & (place == lengths[contract] - 1)


def _cox(case: Case, peers: Path) -> Array:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        case.record.to_csv(folder / "record.csv", index=False)
        case.running.to_csv(folder / "running.csv", index=False)
        write_json(folder / "moments.json", case.moments.tolist())
        _call_peer(peers, "cox", folder)
        return pd.read_csv(folder / "cox.csv").to_numpy()


def _call_peer(peers: Path, what: str, folder: Path) -> None:
    call([str(peers / "bin" / "python"), str(HERE / "time_to_churn_peers.py"), what, str(folder)], PASSIVE)


def curve_of_bundle(table: pd.DataFrame, moments: Array) -> Array:
    """Train and export by default on a table of contracts, and return the bundle's survival at the cutoff, (n, k)."""
    with tempfile.TemporaryDirectory() as name:
        path, home = Path(name) / "contracts.csv", Path(name) / "mlruns"
        table.to_csv(path, index=False)
        command, environment = [sys.executable, "-m", "churnclv"], {**PASSIVE, "MLRUNS": str(home)}
        until = f"data.observed_until={CUTOFF:%Y-%m-%d}"
        words = ["data=subscriptions", "windows=monthly", f"data.path={path}", "data.columns.plan=plan", until]
        subprocess.run([*command, "train", *words, "tuning.n_trials=5"], env=environment, check=True)
        bundle = Path(call([*command, "export"], environment).splitlines()[0])
        scorer: Any = load_bundle(bundle)
        rows = scorer.features(scorer.read(path), CUTOFF.to_pydatetime())
        days = np.round(moments * DAYS_PER_MONTH).astype(int).tolist()
        curve = scorer.churn_curve(rows, days).set_index(rows["customer_id"])
    return 1.0 - curve.loc[table["customer_id"][table["end"].isna()]].to_numpy()


def measure(case: Case, survival: Mapping[str, Array], peers: Path) -> pd.DataFrame:
    """Return the figures of each model, and end where scikit-survival has others."""
    figures: dict[str, dict[str, float]] = {}
    for name, curves in survival.items():
        ibs = integrated_brier_score(case.seen, curves, case.moments)
        uno = concordance(case.seen, 1.0 - curves[:, -1], case.moments[-1])
        figures[name] = {"IBS": ibs, "Uno's C": uno}
        for month in SHOWN_MONTHS:
            place = np.flatnonzero(case.moments == month)
            if len(place):
                table = calibration_by_decile(case.seen, curves[:, place[0]], month)
                figures[name][f"{month} months"] = float((table["predicted"] - table["seen"]).abs().mean())
    _agree(case, survival, figures, peers)
    return pd.DataFrame(figures).T


def _agree(case: Case, survival: Mapping[str, Array], figures: dict[str, dict[str, float]], peers: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pd.DataFrame({"days": case.seen.days, "ended": case.seen.ended}).to_csv(folder / "seen.csv", index=False)
        write_json(folder / "moments.json", case.moments.tolist())
        for model, curves in survival.items():
            columns = [str(moment) for moment in case.moments]
            pd.DataFrame(curves, columns=columns).to_csv(folder / f"model-{model}.csv", index=False)
        _call_peer(peers, "metrics", folder)
        theirs = json.loads((folder / "metrics.json").read_text())
    ours = {model: [row["IBS"], row["Uno's C"]] for model, row in figures.items()}
    apart = max(abs(a - b) for model, both in theirs.items() for a, b in zip(both, ours[model], strict=True))
    print(f"{case.name}: figures differ from scikit-survival's by {apart:.1e} at most")
    if not apart <= _AGREES:
        sys.exit(f"{case.name}: ours {ours}, scikit-survival's {theirs}")


def main() -> None:
    """Print a table per case; the figures of months are mean gaps between predicted and seen over deciles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="simulated, or the folder of the Telco contracts")
    parser.add_argument("--without-bundle", action="store_true", help="leave out the curve of the churn score")
    given = parser.parse_args()
    peers = build_environment("time_to_churn")
    if given.source != "simulated":
        case = read_telco(Path(given.source))
        _print(case, measure(case, predict_all(case, peers), peers))
        return
    for jump in (4.0, 1.0):
        case, table = simulate(jump, seed=1)
        survival = predict_all(case, peers)
        if not given.without_bundle:
            survival["churn_score"] = curve_of_bundle(table, case.moments)
        _print(case, measure(case, survival, peers))


def _print(case: Case, figures: pd.DataFrame) -> None:
    counted = f"{len(case.seen.days):,} contracts, {int(case.seen.ended.sum()):,} ends"
    print(f"\n{case.name}, {counted}\n{figures.to_string(float_format='{:.4f}'.format)}\n", flush=True)


if __name__ == "__main__":
    main()
