"""Covariates: published estimates on CLVTools' clothes data, and which attributes `auto` takes.

    python experiments/benchmarks/covariates.py published /path/to/apparel
    python experiments/benchmarks/covariates.py choice --markets 20
    python experiments/benchmarks/covariates.py speed --customers 100000
    python experiments/benchmarks/covariates.py coverage --seeds 20
    python experiments/benchmarks/covariates.py dynamic /path/to/apparel
    python experiments/benchmarks/covariates.py promotions --seeds 20 --picture docs/images/promotion.svg
    python experiments/benchmarks/covariates.py season /path/to/online_retail_II.parquet

The folder of `published` holds `apparelTrans.csv` (Id, Date, Price) and `apparelStaticCov.csv` (Id, Gender, Channel),
that of `dynamic` `apparelDynCov.parquet` too (Id, Cov.Date, High.Season, Gender, Channel by week). Its figures are
those of Meierer, Bachmann, Naef, Schilter, Algesheimer, Estimating individual customer lifetime values with R: the
CLVTools package (arXiv 2602.09845, section 6), weeks, estimated on 104 weeks; those of `dynamic` are what CLVTools
0.12.1 gives on the same data, as stored in github.com/neilmurrayee/clvtools, tests/fixtures/dyncov_*.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import churnclv
from churnclv.clv.clv_model import ClvModel
from churnclv.clv.covariate_likelihood import shared_derivatives
from churnclv.clv.covariate_model import CovariateModel
from churnclv.clv.purchase_models import PURCHASE_MODELS
from churnclv.clv.rfm import AGE, T_X, Histories, X, new_customers
from churnclv.snapshots.history import daily_purchases
from churnclv.testing.calendar_market import START, CalendarMarket, calendar_of, simulate_calendar_market
from churnclv.tuning.covariate_choice import choose_covariates
from churnclv.tuning.value_weights import FoldOutcomes

END = pd.Timestamp("2006-12-31")  # of 104 weeks from 2005-01-02
PLAIN = {"r": 1.4490, "alpha": 48.6361, "s": 0.5613, "beta": 46.8844}
PLAIN_LIKELIHOOD = -5848.0978
STATIC = {
    "r": (1.8378, 0.3455), "alpha": (92.9123, 16.9670), "s": (0.5920, 0.2609), "beta": (49.6227, 36.2509),
    "purchase.Gender": (0.2859, 0.1041), "purchase.Channel": (0.6241, 0.1050),
    "dropout.Gender": (-0.6430, 0.2955), "dropout.Channel": (0.7907, 0.3059),
}  # fmt: skip
STATIC_LIKELIHOOD = -5821.0627
RATIO_TEST = 10.942970  # against one coefficient of Gender in both processes
PLAIN_HOLDOUT = {"MAE": 2.039532, "RMSE": 3.329395}
MARKET_DAYS = 700.0
BGNBD_LIKELIHOOD = -5839.8624  # a and b scaled alike, as CLVTools does
DYNAMIC = {
    "r": 1.9777409894, "alpha": 115.1779145506, "s": 2.0127328567, "beta": 158.1817947718,
    "purchase.High.Season": 0.7182712612, "purchase.Gender": 0.2649019376, "purchase.Channel": 0.6137395102,
    "dropout.High.Season": -2.4826722307, "dropout.Gender": -0.5124721778, "dropout.Channel": 0.5057316203,
}  # fmt: skip
DYNAMIC_LIKELIHOOD = -5752.9367202
DYNAMIC_HOLDOUT = {  # P(alive) and expected purchases at these estimates
    "1": (0.96582113645, 4.71523823327), "10": (0.98130869337, 3.08837298480), "100": (0.31412806814, 0.49154553553),
    "104": (0.02309045420, 0.07748340265), "136": (0.98111189821, 6.96904409213), "16": (0.96950450549, 9.79635370360),
    "190": (0.63290750496, 5.49719095521),
}  # fmt: skip
PROMOTION, LEAVING = 0.6, -0.5  # log factors of a promotion in the simulated markets


def read_apparel(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, "pd.Series[float]", float]:
    """Return RFM summary, attributes, purchases in the holdout and its length, in weeks."""
    log = pd.read_csv(folder / "apparelTrans.csv", parse_dates=["Date"]).drop_duplicates(["Id", "Date"])
    attributes = pd.read_csv(folder / "apparelStaticCov.csv").set_index("Id")
    by = log[log["Date"] <= END].groupby("Id")["Date"].agg(["min", "max", "count"])
    weeks = {"recency": by["max"] - by["min"], "T": END - by["min"]}
    rfm = pd.DataFrame({"frequency": by["count"] - 1.0} | {name: span.dt.days / 7 for name, span in weeks.items()})
    later = log[log["Date"] > END].groupby("Id").size().reindex(rfm.index).fillna(0.0)
    return rfm, attributes.loc[rfm.index], later, (log["Date"].max() - END).days / 7


def published(folder: Path) -> None:
    """Print our estimates beside CLVTools' published ones, and the holdout's errors."""
    rfm, attributes, later, weeks = read_apparel(folder)
    plain = churnclv.ParetoNBD().fit(rfm)
    print(f"Pareto/NBD without covariates: log-likelihood {plain.log_likelihood_:.4f}, published {PLAIN_LIKELIHOOD}")
    for name, value in PLAIN.items():
        print(f"  {name:18} {plain.params_[name]:10.4f}  published {value:10.4f}")
    model = churnclv.ParetoNBD().fit(rfm, attributes)
    print(
        f"Pareto/NBD with Gender and Channel: log-likelihood {model.log_likelihood_:.4f}, {STATIC_LIKELIHOOD} published"
    )
    print(f"  at the published estimates ours is {at_published(model):.4f}; our largest derivative is "
          f"{model.certificate_.gradient:.0e}")  # fmt: skip
    for name, (value, error) in STATIC.items():
        ours = f"{model.params_[name]:10.4f} ({model.standard_errors_[name]:.4f})"
        print(f"  {name:18} {ours}  published {value:10.4f} ({error:.4f})")
    equal = {"both": ["Gender"], "purchase": ["Channel"], "dropout": ["Channel"]}
    bound = churnclv.ParetoNBD(covariates=equal).fit(rfm, attributes)
    statistic = 2.0 * (model.log_likelihood_ - bound.log_likelihood_)
    print(f"  against one coefficient of Gender in both: statistic {statistic:.6f}, published {RATIO_TEST}")
    bgnbd = churnclv.BetaGeo(covariates={"purchase": ["Gender", "Channel"], "dropout_a": ["Gender", "Channel"],
                                         "dropout_b": ["Gender", "Channel"]}).fit(rfm, attributes)  # fmt: skip
    print(f"BG/NBD, a and b scaled apart: log-likelihood {bgnbd.log_likelihood_:.4f}; "
          f"alike, which it contains, published {BGNBD_LIKELIHOOD}")  # fmt: skip
    for label, fitted in (("none", plain), ("static", model)):
        error = fitted.expected_purchases(weeks) - later
        print(f"holdout, covariates {label}: MAE {error.abs().mean():.6f}, RMSE {np.sqrt((error**2).mean()):.6f}, "
              f"bias {error.sum() / later.sum():+.1%}")  # fmt: skip
    print(f"published without covariates: MAE {PLAIN_HOLDOUT['MAE']}, RMSE {PLAIN_HOLDOUT['RMSE']}")


def at_published(estimator: churnclv.ParetoNBD) -> float:
    """Return our log-likelihood at CLVTools' estimates."""
    model = estimator.model_
    _, histories = estimator._customers(None, None)  # noqa: SLF001 # the histories of the fit, with covariates
    names = (*model.parameter_names, *model.coefficient_names)
    wanted = np.array([STATIC[name][0] for name in names])
    wanted[:4] = np.log(wanted[:4])
    point = np.linalg.solve(model.to_reference, wanted)
    counts, shifts = np.ones(len(histories)), model._shifts(histories)  # noqa: SLF001 # the likelihood itself
    likelihood = shared_derivatives(model._customer_derivatives, histories, counts, shifts, 4)  # noqa: SLF001
    return likelihood(point)[0] * len(histories)


def draw_market(seed: int, ratio: float, customers: int = 2_000) -> tuple[list[pd.DataFrame], list[FoldOutcomes]]:
    """Return two folds of customers who follow MBG/NBD; the half in group b buys `ratio` times as often."""
    random = np.random.default_rng(seed)
    group = random.choice(["a", "b"], customers)
    rate = random.gamma(0.8, 1.0, customers) / 40.0 * np.where(group == "b", np.sqrt(ratio), 1.0 / np.sqrt(ratio))
    dropout, birth = random.beta(0.9, 3.0, customers), random.uniform(0.0, 365.0, customers)
    who, when = zip(*buy(random, rate, dropout, birth), strict=True)
    log = pd.DataFrame({"customer": np.concatenate(who), "day": np.concatenate(when)})
    rows, outcomes = [], []
    for weight, cutoff in ((0.4, 500.0), (0.6, 600.0)):
        last = log[log["day"] < cutoff].groupby("customer")["day"].agg(["max", "count"])
        ahead = log[(log["day"] >= cutoff) & (log["day"] < cutoff + 90.0)].groupby("customer").size()
        made = ahead.reindex(last.index).fillna(0.0).to_numpy()
        age = birth[last.index]
        columns = {X: last["count"] - 1.0, T_X: last["max"] - age, AGE: cutoff - age, "group": group[last.index]}
        rows.append(pd.DataFrame(columns).reset_index(drop=True))
        outcomes.append(FoldOutcomes(weight, {"purchases": made}, last.index.to_numpy()))
    return rows, outcomes


def buy(
    random: np.random.Generator, rate: np.ndarray, dropout: np.ndarray, birth: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield who buys and when, purchase by purchase, until the end."""
    alive, clock = np.arange(len(rate)), birth.copy()
    while len(alive):
        yield alive, clock[alive]
        alive = alive[random.random(len(alive)) >= dropout[alive]]
        clock[alive] += random.exponential(1.0, len(alive)) / rate[alive]
        alive = alive[clock[alive] < MARKET_DAYS]


def choice(markets: int) -> None:
    """Print in how many simulated markets `auto` takes an attribute, by its true effect."""
    wanted = {"purchase": ["group"], "dropout": ["group"]}
    for ratio in (1.0, 1.5, 2.0):
        taken = 0
        for seed in range(markets):
            taken += choose_covariates(*draw_market(seed, ratio), wanted, 0.001, 90.0)["group"].taken
        print(f"purchase rates {ratio:g} to 1, 2,000 customers: taken in {taken} of {markets} markets", flush=True)


def simulated(name: str, customers: int, seed: int) -> tuple[CovariateModel, Histories]:
    """Return a model of known parameters with five covariates, and the histories of its customers."""
    random = np.random.default_rng(seed)
    numbers = {f"number {place}": random.normal(size=customers) for place in range(3)}
    flags = {f"flag {place}": random.integers(0, 2, customers).astype(float) for place in range(2)}
    attributes = pd.DataFrame(numbers | flags)
    truth = PURCHASE_MODELS[name](covariates=list(attributes)).with_design(attributes)
    parameters = [0.8, 40.0, 0.8, 200.0] if name == "pareto_nbd" else [0.8, 40.0, 1.2, 4.0]
    truth._keep(np.r_[np.log(parameters), np.tile([0.4, -0.3, 0.2, 0.3, 0.0], 2)])  # noqa: SLF001 # the known truth
    seen = truth.sample(truth.encode(new_customers(customers), attributes), 600.0, random)
    return truth, truth.encode(Histories(seen.x, np.round(seen.t_x), seen.T, seen.log_gaps), attributes)


def speed(customers: int) -> None:
    """Print how long fits with five covariates take."""
    for name in ("bgnbd", "mbgnbd", "pareto_nbd"):
        truth, histories = simulated(name, customers, 1)
        started = time.process_time()
        model = truth.unfitted().fit(histories)
        seconds = time.process_time() - started
        print(f"{name}: {customers:,} customers, 5 covariates in both processes: {seconds:.1f} s of processor time, "
              f"converged {model.certificate.converged}", flush=True)  # fmt: skip


def coverage(seeds: int) -> None:
    """Print the bias of coefficients, and how often their 95% intervals hold the truth."""
    for name in ("mbgnbd", "pareto_nbd"):
        errors, spreads = [], []
        for seed in range(seeds):
            truth, histories = simulated(name, 2_000, seed)
            model = truth.unfitted().fit(histories)
            errors.append(model.coefficients - truth.coefficients)
            spreads.append(np.sqrt(np.diag(model.covariance)[4:]))
        inside = np.abs(errors) < 1.959964 * np.array(spreads)
        print(f"{name}: {seeds} seeds of 2,000 customers: mean error {np.mean(errors):+.4f}, intervals of 95% hold "
              f"{inside.mean():.1%} of {inside.size} coefficients", flush=True)  # fmt: skip


def dynamic(folder: Path) -> None:
    """Print our estimates with dynamic covariates beside those of CLVTools, and both holdouts."""
    rfm, _, later, weeks = read_apparel(folder)
    rfm.index = rfm.index.astype(str)
    log = pd.read_csv(folder / "apparelTrans.csv", dtype={"Id": str}).drop_duplicates(["Id", "Date"])
    events = churnclv.read_events(log, columns={"customer_id": "Id", "timestamp": "Date", "amount": "Price"})
    calendar = pd.read_parquet(folder / "apparelDynCov.parquet").rename(
        columns={"Id": "customer_id", "Cov.Date": "date"}
    )
    covariates = churnclv.DynamicCovariates(events, calendar, END + pd.Timedelta(days=1), unit_days=7)
    print(covariates.assumption)
    started = time.perf_counter()
    model = churnclv.ParetoNBD().fit(rfm, dynamic=covariates)
    seconds = time.perf_counter() - started
    largest = model.certificate_.gradient
    print(f"log-likelihood {model.log_likelihood_:.4f}, CLVTools {DYNAMIC_LIKELIHOOD:.4f}; {seconds:.1f} s, largest "
          f"derivative {largest:.0e}, at a bound: {list(model.certificate_.at_bound)}")  # fmt: skip
    for name, value in DYNAMIC.items():
        ours = f"{model.params_[name]:10.4f} ({model.standard_errors_[name]:.4f})"
        print(f"  {name:22} {ours}  CLVTools {value:10.4f}")
    theirs = churnclv.ParetoNBD().fit(rfm, dynamic=covariates)
    place_at(theirs, DYNAMIC)
    _, histories = theirs._customers(None, None)  # noqa: SLF001 # the histories of the fit
    print(f"at their estimates our log-likelihood is {theirs.model_.log_likelihoods(histories).sum():.6f}")
    alive, expected = theirs.p_alive(), theirs.expected_purchases(weeks)
    for customer, (chance, purchases) in DYNAMIC_HOLDOUT.items():
        print(f"  customer {customer:>4}: P(alive) {alive[customer]:.6f}, theirs {chance:.6f}; purchases "
              f"{expected[customer]:.6f}, theirs {purchases:.6f}")  # fmt: skip
    later.index = rfm.index
    for label, fitted in (("ours", model), ("at CLVTools' estimates", theirs)):
        error = fitted.expected_purchases(weeks) - later
        print(f"holdout of {weeks:.1f} weeks, {label}: MAE {error.abs().mean():.6f}, "
              f"RMSE {np.sqrt((error**2).mean()):.6f}, "
              f"bias {error.sum() / later.sum():+.1%}")  # fmt: skip


def place_at(estimator: churnclv.ParetoNBD, wanted: dict[str, float]) -> None:
    """Put a fitted estimator at other estimates, which are named as its `params_`."""
    model = estimator.model_
    point = np.array([wanted[name] for name in estimator.params_])
    point[:4] = np.log(point[:4])
    model._keep(np.linalg.solve(model.to_reference, point))  # noqa: SLF001 # another point


def promoted_market(seed: int, customers: int) -> tuple[churnclv.ParetoNBD, pd.DataFrame]:
    """Return Pareto/NBD fitted on a market whose promotions raise purchases and keep customers, and its log."""
    market = CalendarMarket(customers=customers)
    promoted = (np.arange(market.days) // 14 % 4 == seed % 4).astype(float)
    log = simulate_calendar_market(market, np.exp(PROMOTION * promoted), np.exp(LEAVING * promoted), seed)
    cutoff = START + pd.Timedelta(days=market.days)
    events = churnclv.read_events(log)
    covariates = churnclv.DynamicCovariates(events, calendar_of(market, promotion=promoted), cutoff)
    return churnclv.ParetoNBD().fit(churnclv.summarise_rfm(events, cutoff), dynamic=covariates), log


def promotions(seeds: int, customers: int, picture: Path | None) -> None:
    """Print bias and coverage of a promotion's coefficients in simulated markets, and draw one market."""
    rows = []
    for seed in range(seeds):
        model, log = promoted_market(seed, customers)
        rows.append(model.coefficients().assign(seed=seed))
        if seed == 0 and picture is not None:
            draw_promotions(log, model, picture)
    for process, truth in (("purchase", PROMOTION), ("dropout", LEAVING)):
        table = pd.concat(rows)
        table = table[table["process"] == process]
        inside = (table["low"] <= truth) & (truth <= table["high"])
        error = table["coefficient"] - truth
        print(f"{process}: {seeds} markets of {customers} customers, truth {truth:+.2f}, mean error "
              f"{error.mean():+.4f} (standard error {error.std() / np.sqrt(seeds):.4f}), 95% intervals hold "
              f"{inside.mean():.0%}", flush=True)  # fmt: skip


def draw_promotions(log: pd.DataFrame, model: churnclv.ParetoNBD, picture: Path) -> None:
    """Draw orders by week with the weeks of promotions, and the estimated factor with its interval."""
    market = CalendarMarket()
    promoted = np.arange(market.days) // 14 % 4 == 0
    repeats = log[log.duplicated("customer_id")]
    weekly = (
        repeats.groupby((repeats["timestamp"] - START).dt.days // 7)
        .size()
        .reindex(range(market.days // 7), fill_value=0)
    )
    effect = model.coefficients().query("process == 'purchase'").iloc[0]
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.subplots()
    for week in np.flatnonzero(promoted[3::7][: len(weekly)]):
        axes.axvspan(week - 0.5, week + 0.5, color="#f2c14e", alpha=0.5, lw=0)
    axes.step(weekly.index, weekly, where="mid", color="#1f4e79")
    factors = np.exp(effect[["coefficient", "low", "high"]].astype(float))
    axes.set_title(
        f"A promotion multiplies the purchase rate by {factors.iloc[0]:.2f} [{factors.iloc[1]:.2f}, "
        f"{factors.iloc[2]:.2f}]; true: {np.exp(PROMOTION):.2f}", fontsize=10
    )  # fmt: skip
    axes.set(xlabel="week (yellow: promotion)", ylabel="repeat orders", xlim=(-0.5, len(weekly) - 0.5), ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(picture, metadata={"Date": None})


SEASON_CUTOFFS = ("2011-01-10", "2011-02-10", "2011-03-10", "2011-04-10", "2011-05-10", "2011-06-10", "2011-09-10")
SEASONS = {"none": (False, False), "beside": (True, False), "in the likelihood": (True, True)}


def season(path: Path, test: bool) -> None:  # of the command line
    """Print how far totals are off on Online Retail II without a season, with it beside, and in the likelihood."""
    events = churnclv.read_events(
        path, columns={"customer_id": "Customer ID", "timestamp": "InvoiceDate", "price": "Price",
                       "quantity": "Quantity", "order_id": "Invoice"},
        refund_order_pattern="^C", ignore_columns=["sheet"], max_set_aside_share=0.3, timezone="Europe/London",
    )  # fmt: skip
    for cutoff in SEASON_CUTOFFS[-1:] if test else SEASON_CUTOFFS[:-1]:
        moment = pd.Timestamp(cutoff)
        rows = churnclv.build_features(events, [cutoff], families=["purchase_history", "recency", "money"])
        rows = rows[rows["in_population"]].reset_index(drop=True)
        labels = churnclv.read_labels(events, [cutoff], 90)
        daily = daily_purchases(events.table, moment.to_pydatetime()).execute()
        for name in ("bgnbd", "mbgnbd", "pareto_nbd"):
            line = f"{cutoff} {name:10}"
            for label, (follows, joint) in SEASONS.items():
                model = ClvModel(name=name, base=name, season=follows, season_in_likelihood=joint).fit(
                    rows, daily=daily
                )
                bias = {
                    target: getattr(model, f"expected_{target}")(rows, 90.0).sum()
                    / labels[f"{target}_in_horizon"].sum()
                    - 1.0
                    for target in ("purchases", "spend")
                }
                line += f" | {label}: purchases {bias['purchases']:+.1%}, spend {bias['spend']:+.1%}"
            print(line, flush=True)


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    parts.add_parser("published").add_argument("folder", type=Path)
    parts.add_parser("choice").add_argument("--markets", type=int, default=20)
    parts.add_parser("speed").add_argument("--customers", type=int, default=100_000)
    parts.add_parser("coverage").add_argument("--seeds", type=int, default=20)
    parts.add_parser("dynamic").add_argument("folder", type=Path)
    promoted = parts.add_parser("promotions")
    promoted.add_argument("--seeds", type=int, default=20)
    promoted.add_argument("--customers", type=int, default=1_000)
    promoted.add_argument("--picture", type=Path, default=None)
    seasonal = parts.add_parser("season")
    seasonal.add_argument("path", type=Path)
    seasonal.add_argument("--test", action="store_true", help="the sealed cutoff of 2011-09-10 alone")
    chosen = vars(parser.parse_args())
    named = (published, choice, speed, coverage, dynamic, promotions, season)
    part = {part.__name__: part for part in named}[chosen.pop("part")]
    part(*chosen.values())


if __name__ == "__main__":
    main()
