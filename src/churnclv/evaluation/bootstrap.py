"""Bootstrap intervals and paired comparison: customers are drawn, so that one customer's cutoffs stay together."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .metrics import Array, Metric

LEVELS = (2.5, 97.5)  # per cent: the ends of a 95% interval
UNDEFINED = "n/a"
_CELLS_PER_CHUNK = 2_000_000  # small enough to stay in the cache


def write_figure(value: float, form: str = ".4f") -> str:
    """Return a figure as text: `n/a` where it is undefined, and no minus sign where it rounds to zero."""
    if value != value:  # noqa: PLR0124 # NaN
        return UNDEFINED
    text = format(value, form)
    return text if text.strip("+-0.,") else format(0.0, form)


@dataclass(frozen=True)
class Interval:
    """A figure and the 95% percentile interval of its bootstrap."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return the figure with four decimals."""
        return self.write(".4f")

    def write(self, form: str) -> str:
        """Return the figure and its interval, each in a form such as `.4f`."""
        value, low, high = (write_figure(number, form) for number in (self.value, self.low, self.high))
        return value if value == low == high == UNDEFINED else f"{value} [{low}, {high}]"

    def verdict(self, *, higher_is_better: bool = False) -> str:
        """Return whether a difference in a metric is `better` or `worse`; `level` where its interval holds zero.

        A difference without an interval has no verdict.
        """
        if np.isnan(self.low) or np.isnan(self.high):
            return "no interval"
        ahead, behind = (self.low > 0, self.high < 0) if higher_is_better else (self.high < 0, self.low > 0)
        return "better" if ahead else "worse" if behind else "level"

    def negated(self) -> "Interval":
        """Return the figure and its interval with the other sign."""
        return Interval(-self.value, -self.high, -self.low)


@dataclass(frozen=True)
class Sample:
    """Rows evaluated at one cutoff: truth (n,), one prediction (n,) per model, and each row's customer number (n,)."""

    truth: Array
    predictions: Mapping[str, Array]
    customers: NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """Figures by model and metric, and their paired differences (model minus reference) on the same draws.

    `drawn` holds figures in every draw, by model and metric: another run with the same customers, replicates and seed
    has the same draws, so that both can be compared pairwise later.
    """

    figures: dict[str, dict[str, Interval]]
    differences: dict[str, dict[str, Interval]]
    drawn: dict[str, dict[str, Array]] = field(default_factory=dict, compare=False, repr=False)

    def difference(self, model: str, other: str, metric: str) -> Interval:
        """Return the paired difference model minus other; without bounds (NaN) where either was not drawn."""
        value = self.figures[model][metric].value - self.figures[other][metric].value
        draws, others = (self.drawn.get(name, {}).get(metric, np.empty(0)) for name in (model, other))
        if len(draws) != len(others) or not len(draws):
            return Interval(value, np.nan, np.nan)
        return summarise_draws(np.append(value, draws - others))


def score(
    samples: Sequence[Sample],
    metrics: Mapping[str, Metric],
    reference: str,
    *,
    replicates: int = 200,
    seed: int = 0,
    drawn_models: Collection[str] = (),
) -> Scores:
    """Return every metric for every model, averaged over the samples, with intervals.

    A replicate draws as many customers as there are, with replacement, and applies the draw to all samples.
    Where `drawn_models` are named, only they (and the reference) are drawn; the others have figures without intervals.
    Where a metric is undefined on a sample (one class only) the figure is NaN.
    """
    named = {*drawn_models, reference} if drawn_models else set(samples[0].predictions)
    drawn = _replicate(samples, metrics, replicates, seed, named)
    figures = {
        model: {name: summarise_draws(values) for name, values in metric_draws.items()}
        for model, metric_draws in drawn.items()
    }
    differences = {
        model: {name: summarise_draws(values - drawn[reference][name]) for name, values in metric_draws.items()}
        for model, metric_draws in drawn.items()
        if model in named - {reference}
    }
    kept = {model: {name: values[1:] for name, values in metric_draws.items()} for model, metric_draws in drawn.items()}
    return Scores(figures, differences, kept)


def _replicate(
    samples: Sequence[Sample], metrics: Mapping[str, Metric], replicates: int, seed: int, named: Collection[str]
) -> dict[str, dict[str, Array]]:
    """Return per model and metric an array whose first value is the plain figure and whose others are draws."""
    n_customers = 1 + max(int(sample.customers.max()) for sample in samples)
    plain = np.ones((n_customers, 1))
    parts = {model: {name: [] for name in metrics} for model in samples[0].predictions}  # type: ignore[var-annotated]
    with ThreadPoolExecutor() as pool:  # numpy releases the interpreter lock while it computes
        for chunk in (plain, *draw_customers(n_customers, replicates, seed)):
            jobs = [(model, name) for model in parts for name in metrics if chunk is plain or model in named]
            weights = [np.take(chunk.T, sample.customers, axis=1).T for sample in samples]  # each column in one piece
            figures = pool.map(partial(_mean_value, samples, weights, metrics), jobs)
            for (model, name), values in zip(jobs, figures, strict=True):
                parts[model][name].append(values)
    return {model: {name: np.concatenate(chunks) for name, chunks in by.items()} for model, by in parts.items()}


def _mean_value(
    samples: Sequence[Sample], weights: Sequence[Array], metrics: Mapping[str, Metric], job: tuple[str, str]
) -> Array:
    model, name = job
    values = [metrics[name](s.truth, s.predictions[model], w) for s, w in zip(samples, weights, strict=True)]
    return np.asarray(np.mean(values, axis=0))


def draw_customers(n_customers: int, replicates: int, seed: int) -> Iterator[Array]:
    """Yield chunks (n_customers, some replicates) of how often each customer is drawn, each column in one piece."""
    generator = np.random.default_rng(seed)
    per_chunk = min(replicates, max(1, _CELLS_PER_CHUNK // n_customers))
    for first in range(0, replicates, per_chunk):
        count = min(per_chunk, replicates - first)
        draws = generator.integers(n_customers, size=(count, n_customers))
        yield np.stack([np.bincount(draw, minlength=n_customers) for draw in draws]).astype(float).T


def summarise_draws(values: Array) -> Interval:
    """Return the plain figure, which is the first value, and the percentile interval of the others, the draws."""
    drawn = values[1:][np.isfinite(values[1:])]
    low, high = np.percentile(drawn, LEVELS) if len(drawn) else (np.nan, np.nan)
    return Interval(float(values[0]), float(low), float(high))
